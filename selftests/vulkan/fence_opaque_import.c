// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: fences imported from OPAQUE_FD
 *
 * Catches a shim whose temporary import overwrites the permanent payload, is not
 * undone by a reset, or resets the imported payload too; whose permanent import
 * is a copy; that takes the fd it refuses, or leaks the one it takes; that loses
 * the fence's state where an import fails; that waits for the payload a fence had
 * before.
 */
#include <unistd.h>

#include "fixture.h"

#define TEMPORARY	VK_FENCE_IMPORT_TEMPORARY_BIT

/* A syncobj of the test's own, and a way to hand it out. */
struct own {
	int device;
	uint32_t syncobj;
};

static struct own own_make(void)
{
	struct own own = { .device = device_open() };

	own.syncobj = syncobj_create(own.device);
	return own;
}

static int own_fd(const struct own *own)
{
	int fd;

	must(figment_syncobj_export(own->device, own->syncobj, &fd));
	return fd;
}

TEST_F(vk, permanent_is_the_payload_itself)
{
	struct vk *vk = &self->vk;
	VkFence fence = vk_fence(vk, VK_FENCE_CREATE_SIGNALED_BIT, 0);
	struct own own = own_make();

	ASSERT_EQ(VK_SUCCESS, vk_fence_import(vk, fence, OPAQUE_FENCE, 0, own_fd(&own)));
	EXPECT_TRUE(vk_fence_pending(vk, fence));
	must(figment_syncobj_signal(own.device, own.syncobj, 0));
	EXPECT_EQ(VK_SUCCESS, vk_fence_wait(vk, fence));
	ASSERT_EQ(VK_SUCCESS, vkResetFences(vk->device, 1, &fence));
	EXPECT_NE(0, syncobj_state(own.device, own.syncobj, 0));
	EXPECT_EQ(VK_NOT_READY, vkGetFenceStatus(vk->device, fence));
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, VK_NOTHING, NULL, VK_NOTHING, fence));
	EXPECT_EQ(0, syncobj_settle(own.device, own.syncobj, 0));
	ASSERT_EQ(VK_SUCCESS, vkQueueWaitIdle(vk->queue));
	vkDestroyFence(vk->device, fence, NULL);
	/* It is not the fence's alone. */
	EXPECT_EQ(0, syncobj_state(own.device, own.syncobj, 0));
	close(own.device);
}

TEST_F(vk, temporary_is_undone_by_reset)
{
	struct vk *vk = &self->vk;
	VkFence fence = vk_fence(vk, VK_FENCE_CREATE_SIGNALED_BIT, OPAQUE_FENCE);
	struct own own = own_make();
	uint32_t permanent = syncobj_of(own.device, vk_fence_fd(vk, fence, OPAQUE_FENCE));

	ASSERT_EQ(VK_SUCCESS, vk_fence_import(vk, fence, OPAQUE_FENCE, TEMPORARY, own_fd(&own)));
	EXPECT_TRUE(vk_fence_pending(vk, fence));
	EXPECT_EQ(0, syncobj_state(own.device, permanent, 0));
	must(figment_syncobj_signal(own.device, own.syncobj, 0));
	EXPECT_EQ(VK_SUCCESS, vk_fence_wait(vk, fence));

	/* What is reset is what has been restored. */
	ASSERT_EQ(VK_SUCCESS, vkResetFences(vk->device, 1, &fence));
	EXPECT_EQ(0, syncobj_state(own.device, own.syncobj, 0));
	EXPECT_NE(0, syncobj_state(own.device, permanent, 0));
	EXPECT_EQ(VK_NOT_READY, vkGetFenceStatus(vk->device, fence));
	must(figment_syncobj_signal(own.device, permanent, 0));
	EXPECT_EQ(VK_SUCCESS, vkGetFenceStatus(vk->device, fence));
	vkDestroyFence(vk->device, fence, NULL);
	close(own.device);
}

TEST_F(vk, submit_signals_the_temporary_payload)
{
	struct vk *vk = &self->vk;
	VkFence fence = vk_fence(vk, 0, OPAQUE_FENCE);
	struct own own = own_make();
	uint32_t permanent = syncobj_of(own.device, vk_fence_fd(vk, fence, OPAQUE_FENCE));

	ASSERT_EQ(VK_SUCCESS, vk_fence_import(vk, fence, OPAQUE_FENCE, TEMPORARY, own_fd(&own)));
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, VK_NOTHING, NULL, VK_NOTHING, fence));
	EXPECT_EQ(VK_SUCCESS, vk_fence_wait(vk, fence));
	EXPECT_EQ(0, syncobj_settle(own.device, own.syncobj, 0));
	EXPECT_NE(0, syncobj_state(own.device, permanent, 0));
	ASSERT_EQ(VK_SUCCESS, vkResetFences(vk->device, 1, &fence));
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, VK_NOTHING, NULL, VK_NOTHING, fence));
	EXPECT_EQ(0, syncobj_settle(own.device, permanent, 0));
	ASSERT_EQ(VK_SUCCESS, vkQueueWaitIdle(vk->queue));
	vkDestroyFence(vk->device, fence, NULL);
	close(own.device);
}

TEST_F(vk, the_last_import_counts)
{
	struct vk *vk = &self->vk;
	VkFence fence = vk_fence(vk, 0, 0);
	struct own first = own_make(), second = own_make();

	ASSERT_EQ(VK_SUCCESS,
		  vk_fence_import(vk, fence, OPAQUE_FENCE, TEMPORARY, own_fd(&first)));
	ASSERT_EQ(VK_SUCCESS,
		  vk_fence_import(vk, fence, OPAQUE_FENCE, TEMPORARY, own_fd(&second)));
	must(figment_syncobj_signal(first.device, first.syncobj, 0));
	EXPECT_TRUE(vk_fence_pending(vk, fence));
	must(figment_syncobj_signal(second.device, second.syncobj, 0));
	EXPECT_EQ(VK_SUCCESS, vk_fence_wait(vk, fence));
	/* A permanent one is the payload beneath. */
	ASSERT_EQ(VK_SUCCESS, vk_fence_import(vk, fence, OPAQUE_FENCE, 0, own_fd(&first)));
	ASSERT_EQ(VK_SUCCESS, vkResetFences(vk->device, 1, &fence));
	EXPECT_NE(0, syncobj_state(first.device, first.syncobj, 0));
	vkDestroyFence(vk->device, fence, NULL);
	close(first.device);
	close(second.device);
}

TEST_F(vk, follows_what_the_syncobj_becomes)
{
	struct vk *vk = &self->vk;
	VkFence fence = vk_fence(vk, 0, 0);
	struct own own = own_make();
	struct held held;

	held_make(&held);
	ASSERT_EQ(VK_SUCCESS, vk_fence_import(vk, fence, OPAQUE_FENCE, 0, own_fd(&own)));
	must(figment_syncobj_import_file(own.device, own.syncobj, held.file));
	EXPECT_TRUE(vk_fence_pending(vk, fence));
	held_release(&held, 0);
	EXPECT_EQ(VK_SUCCESS, vk_fence_wait(vk, fence));
	vkDestroyFence(vk->device, fence, NULL);
	close(held.file);
	held_close(&held);
	close(own.device);
}

TEST_F(vk, takes_the_fd)
{
	struct vk *vk = &self->vk;
	struct own own = own_make();
	int before = count_fds();

	for (int flags = 0; flags <= TEMPORARY; flags += TEMPORARY) {
		VkFence fence = vk_fence(vk, 0, 0);
		int fd = own_fd(&own);

		ASSERT_EQ(VK_SUCCESS, vk_fence_import(vk, fence, OPAQUE_FENCE, flags, fd));
		vkDestroyFence(vk->device, fence, NULL);
		EXPECT_FALSE(fd_is_open(fd));
		EXPECT_EQ(before, count_fds());
	}
	close(own.device);
}

TEST_F(vk, refuses_what_is_not_a_syncobj)
{
	struct vk *vk = &self->vk;
	VkFence fence = vk_fence(vk, VK_FENCE_CREATE_SIGNALED_BIT, 0);

	vk->quiet = true;
	for (int kind = 0; kind < WRONG_FDS; kind++) {
		int fd = wrong_fd(kind);

		if (kind == WRONG_SYNCOBJ)
			continue;
		for (int flags = 0; flags <= TEMPORARY; flags += TEMPORARY)
			EXPECT_EQ(VK_ERROR_INVALID_EXTERNAL_HANDLE,
				  vk_fence_import(vk, fence, OPAQUE_FENCE, flags, fd))
				TH_LOG("imported %s", wrong_name(kind));
		EXPECT_EQ(kind != WRONG_CLOSED, fd_is_open(fd))
			TH_LOG("closed %s", wrong_name(kind));
		EXPECT_EQ(VK_SUCCESS, vkGetFenceStatus(vk->device, fence))
			TH_LOG("not signalled any more after %s", wrong_name(kind));
		close(fd);
	}
	/* Only for SYNC_FD that means a fence that has signalled. */
	EXPECT_EQ(VK_ERROR_INVALID_EXTERNAL_HANDLE,
		  vk_fence_import(vk, fence, OPAQUE_FENCE, TEMPORARY, -1));
	vkDestroyFence(vk->device, fence, NULL);
}

VK_HARNESS_MAIN()

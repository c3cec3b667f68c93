// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: fences imported from SYNC_FD
 *
 * Catches a shim to which an imported sync_file, or any that is not its own,
 * counts as signalled; that does not know -1; that overwrites the permanent
 * payload or does not restore it; that takes what is no sync_file, and the fd
 * with it; that forgets imported fences when it waits for several; that waits for
 * ever for a fence that failed.
 */
#include <unistd.h>

#include "fixture.h"
#include "foreign.h"

#define TEMPORARY	VK_FENCE_IMPORT_TEMPORARY_BIT

static VkResult import(struct vk *vk, VkFence fence, int file)
{
	return vk_fence_import(vk, fence, SYNC_FENCE, TEMPORARY, file);
}

TEST_F(vk, follows_a_foreign_fence)
{
	struct vk *vk = &self->vk;
	VkFence fence = vk_fence(vk, 0, 0);
	struct held held;

	held_make(&held);
	ASSERT_EQ(VK_SUCCESS, import(vk, fence, held.file));
	EXPECT_TRUE(vk_fence_pending(vk, fence));
	held_release(&held, 0);
	EXPECT_EQ(VK_SUCCESS, vk_fence_wait(vk, fence));
	EXPECT_EQ(VK_SUCCESS, vkGetFenceStatus(vk->device, fence));
	vkDestroyFence(vk->device, fence, NULL);
	held_close(&held);
}

/* Of another driver, where there is one. */
TEST_F(vk, follows_vgems_fence)
{
	struct vk *vk = &self->vk;
	VkFence fence = vk_fence(vk, 0, 0);
	struct foreign foreign;
	uint32_t number;
	int file;

	if (foreign_create(FOREIGN_VGEM, PAGE, &foreign))
		SKIP(return, "no vgem here");
	number = vgem_attach(&foreign, true);
	must(figment_dmabuf_export_fence(foreign.dmabuf, true, &file));
	ASSERT_EQ(VK_SUCCESS, import(vk, fence, file));
	EXPECT_TRUE(vk_fence_pending(vk, fence));
	vgem_signal(&foreign, number);
	EXPECT_EQ(VK_SUCCESS, vk_fence_wait(vk, fence));
	vkDestroyFence(vk->device, fence, NULL);
	foreign_destroy(&foreign);
}

TEST_F(vk, minus_one_has_signalled)
{
	struct vk *vk = &self->vk;
	VkFence fence = vk_fence(vk, 0, 0);

	ASSERT_EQ(VK_SUCCESS, import(vk, fence, -1));
	EXPECT_EQ(VK_SUCCESS, vkGetFenceStatus(vk->device, fence));
	EXPECT_EQ(VK_SUCCESS, vkWaitForFences(vk->device, 1, &fence, VK_TRUE, 0));
	ASSERT_EQ(VK_SUCCESS, vkResetFences(vk->device, 1, &fence));
	EXPECT_EQ(VK_NOT_READY, vkGetFenceStatus(vk->device, fence));
	vkDestroyFence(vk->device, fence, NULL);
}

TEST_F(vk, a_file_that_has_signalled)
{
	struct vk *vk = &self->vk;
	VkFence fence = vk_fence(vk, 0, 0);

	ASSERT_EQ(VK_SUCCESS, import(vk, fence, wrong_fd(WRONG_SYNC_FILE)));
	EXPECT_EQ(VK_SUCCESS, vkGetFenceStatus(vk->device, fence));
	vkDestroyFence(vk->device, fence, NULL);
}

TEST_F(vk, is_undone_by_reset)
{
	struct vk *vk = &self->vk;
	VkFence fence = vk_fence(vk, 0, OPAQUE_FENCE);
	int device = device_open();
	uint32_t permanent = syncobj_of(device, vk_fence_fd(vk, fence, OPAQUE_FENCE));
	struct held held;

	held_make(&held);
	ASSERT_EQ(VK_SUCCESS, import(vk, fence, held.file));
	/* Whoever else has the permanent payload sees none of it. */
	EXPECT_EQ(-EINVAL, syncobj_state(device, permanent, 0));
	must(figment_syncobj_signal(device, permanent, 0));
	EXPECT_EQ(VK_NOT_READY, vkGetFenceStatus(vk->device, fence));
	ASSERT_EQ(VK_SUCCESS, vkResetFences(vk->device, 1, &fence));
	EXPECT_NE(0, syncobj_state(device, permanent, 0));
	held_release(&held, 0);
	EXPECT_TRUE(vk_fence_pending(vk, fence));
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, VK_NOTHING, NULL, VK_NOTHING, fence));
	EXPECT_EQ(0, syncobj_settle(device, permanent, 0));
	ASSERT_EQ(VK_SUCCESS, vkQueueWaitIdle(vk->queue));
	vkDestroyFence(vk->device, fence, NULL);
	held_close(&held);
	close(device);
}

TEST_F(vk, among_several)
{
	struct vk *vk = &self->vk;
	VkFence fences[3];
	struct held held;

	for (int i = 0; i < 3; i++)
		fences[i] = vk_fence(vk, i ? VK_FENCE_CREATE_SIGNALED_BIT : 0, 0);
	held_make(&held);
	ASSERT_EQ(VK_SUCCESS, import(vk, fences[0], held.file));
	EXPECT_EQ(VK_SUCCESS, vkWaitForFences(vk->device, 3, fences, VK_FALSE, LONG_NS));
	EXPECT_EQ(VK_TIMEOUT, vkWaitForFences(vk->device, 3, fences, VK_TRUE, MOMENT_NS));
	EXPECT_EQ(VK_TIMEOUT, vkWaitForFences(vk->device, 3, fences, VK_TRUE, 0));
	EXPECT_EQ(VK_TIMEOUT, vkWaitForFences(vk->device, 1, fences, VK_FALSE, MOMENT_NS));
	held_release(&held, 0);
	EXPECT_EQ(VK_SUCCESS, vkWaitForFences(vk->device, 3, fences, VK_TRUE, UINT64_MAX));
	for (int i = 0; i < 3; i++)
		vkDestroyFence(vk->device, fences[i], NULL);
	held_close(&held);
}

TEST_F(vk, a_fence_that_fails_ends_the_wait)
{
	struct vk *vk = &self->vk;
	VkFence fence = vk_fence(vk, 0, 0);
	struct held held;

	held_make(&held);
	ASSERT_EQ(VK_SUCCESS, import(vk, fence, held.file));
	held_release(&held, -EIO);
	EXPECT_NE(VK_TIMEOUT, vk_fence_wait(vk, fence));
	EXPECT_NE(VK_NOT_READY, vkGetFenceStatus(vk->device, fence));
	vkDestroyFence(vk->device, fence, NULL);
	/* It was somebody else's; this device has lost nothing. */
	fence = vk_fence(vk, 0, 0);
	EXPECT_EQ(VK_SUCCESS, vk_submit(vk, VK_NOTHING, NULL, VK_NOTHING, fence));
	EXPECT_EQ(VK_SUCCESS, vk_fence_wait(vk, fence));
	vkDestroyFence(vk->device, fence, NULL);
	held_close(&held);
}

TEST_F(vk, takes_the_fd)
{
	struct vk *vk = &self->vk;
	VkFence fence = vk_fence(vk, 0, 0);
	int before = count_fds(), fd = wrong_fd(WRONG_SYNC_FILE);

	ASSERT_EQ(VK_SUCCESS, import(vk, fence, fd));
	/* The second import ends the first. */
	ASSERT_EQ(VK_SUCCESS, import(vk, fence, wrong_fd(WRONG_SYNC_FILE)));
	vkDestroyFence(vk->device, fence, NULL);
	EXPECT_EQ(before, count_fds());
}

TEST_F(vk, refuses_what_is_not_a_sync_file)
{
	struct vk *vk = &self->vk;
	VkFence fence = vk_fence(vk, VK_FENCE_CREATE_SIGNALED_BIT, 0);

	vk->quiet = true;
	for (int kind = 0; kind < WRONG_FDS; kind++) {
		int fd = wrong_fd(kind);

		if (kind == WRONG_SYNC_FILE)
			continue;
		EXPECT_EQ(VK_ERROR_INVALID_EXTERNAL_HANDLE, import(vk, fence, fd))
			TH_LOG("imported %s", wrong_name(kind));
		EXPECT_EQ(kind != WRONG_CLOSED, fd_is_open(fd))
			TH_LOG("closed %s", wrong_name(kind));
		EXPECT_EQ(VK_SUCCESS, vkGetFenceStatus(vk->device, fence));
		close(fd);
	}
	EXPECT_EQ(VK_ERROR_INVALID_EXTERNAL_HANDLE, import(vk, fence, -2));
	vkDestroyFence(vk->device, fence, NULL);
}

VK_HARNESS_MAIN()

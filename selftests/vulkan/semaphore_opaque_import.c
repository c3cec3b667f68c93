// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: binary semaphores imported from OPAQUE_FD
 *
 * Catches a shim whose import is a copy; whose temporary import overwrites the
 * permanent payload, or is used for more than the one wait; that waits for what
 * the semaphore was before, or leaves a signal in it that was waited for; that
 * takes the fd it refuses, or leaks the one it takes, or loses the payload there;
 * that relies on what another can reset.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "fixture.h"

#define TEMPORARY	VK_SEMAPHORE_IMPORT_TEMPORARY_BIT

FIXTURE(import) {
	struct vk vk;
	VkFence fence;
	int device;
	uint32_t syncobj;	/* the test's own, to import */
	struct held held;	/* what it may be made to wait for */
};

FIXTURE_SETUP(import)
{
	vk_open(&self->vk);
	self->fence = vk_fence(&self->vk, 0, 0);
	self->device = device_open();
	self->syncobj = syncobj_create(self->device);
	held_make(&self->held);
}

FIXTURE_TEARDOWN(import)
{
	if (_metadata->exit_code)
		return;
	vkDestroyFence(self->vk.device, self->fence, NULL);
	close(self->held.file);
	held_close(&self->held);
	close(self->device);
	EXPECT_EQ(0, vk_close(&self->vk));
}

static int own_fd(FIXTURE_DATA(import) *self)
{
	int fd;

	must(figment_syncobj_export(self->device, self->syncobj, &fd));
	return fd;
}

/* Submit a wait for it (signalling another), with the fence, which is then reset. */
static VkResult wait_for(FIXTURE_DATA(import) *self, VkSemaphore sem, bool held)
{
	struct vk *vk = &self->vk;

	VK(vk_submit(vk, vk_binary(sem), NULL, VK_NOTHING, self->fence));
	if (held) {
		must_be(vk_fence_pending(vk, self->fence));
		held_release(&self->held, 0);
	}
	VK(vk_fence_wait(vk, self->fence));
	return vkResetFences(vk->device, 1, &self->fence);
}

TEST_F(import, permanent_is_the_payload_itself)
{
	struct vk *vk = &self->vk;
	VkSemaphore sem = vk_semaphore(vk, 0);

	ASSERT_EQ(VK_SUCCESS, vk_semaphore_import(vk, sem, OPAQUE_SEM, 0, own_fd(self)));
	must(figment_syncobj_import_file(self->device, self->syncobj, self->held.file));
	ASSERT_EQ(VK_SUCCESS, wait_for(self, sem, true));
	EXPECT_NE(0, syncobj_state(self->device, self->syncobj, 0));

	/* It can be signalled and waited for as any other. */
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, VK_NOTHING, NULL, vk_binary(sem), 0));
	EXPECT_EQ(0, syncobj_settle(self->device, self->syncobj, 0));
	ASSERT_EQ(VK_SUCCESS, wait_for(self, sem, false));
	EXPECT_NE(0, syncobj_state(self->device, self->syncobj, 0));

	must(figment_syncobj_signal(self->device, self->syncobj, 0));
	ASSERT_EQ(VK_SUCCESS, wait_for(self, sem, false));
	vkDestroySemaphore(vk->device, sem, NULL);
}

TEST_F(import, temporary_is_for_one_wait)
{
	struct vk *vk = &self->vk;
	VkSemaphore sem = vk_semaphore(vk, OPAQUE_SEM);
	uint32_t permanent = syncobj_of(self->device, vk_semaphore_fd(vk, sem, OPAQUE_SEM));

	must(figment_syncobj_import_file(self->device, self->syncobj, self->held.file));
	ASSERT_EQ(VK_SUCCESS, vk_semaphore_import(vk, sem, OPAQUE_SEM, TEMPORARY, own_fd(self)));
	EXPECT_EQ(-EINVAL, syncobj_state(self->device, permanent, 0));
	ASSERT_EQ(VK_SUCCESS, wait_for(self, sem, true));
	EXPECT_EQ(-EINVAL, syncobj_state(self->device, permanent, 0));

	/* The next signal and wait are the permanent payload's. */
	must(figment_syncobj_reset(self->device, self->syncobj));
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, VK_NOTHING, NULL, vk_binary(sem), 0));
	EXPECT_EQ(0, syncobj_settle(self->device, permanent, 0));
	EXPECT_EQ(-EINVAL, syncobj_state(self->device, self->syncobj, 0));
	ASSERT_EQ(VK_SUCCESS, wait_for(self, sem, false));
	vkDestroySemaphore(vk->device, sem, NULL);
}

TEST_F(import, temporary_over_a_signal_keeps_it)
{
	struct vk *vk = &self->vk;
	VkSemaphore sem = vk_semaphore(vk, 0);

	/* The permanent payload is signalled; the temporary one is waited for first. */
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, VK_NOTHING, NULL, vk_binary(sem), 0));
	ASSERT_EQ(VK_SUCCESS, vkQueueWaitIdle(vk->queue));
	must(figment_syncobj_import_file(self->device, self->syncobj, self->held.file));
	ASSERT_EQ(VK_SUCCESS, vk_semaphore_import(vk, sem, OPAQUE_SEM, TEMPORARY, own_fd(self)));
	ASSERT_EQ(VK_SUCCESS, wait_for(self, sem, true));
	ASSERT_EQ(VK_SUCCESS, wait_for(self, sem, false));
	vkDestroySemaphore(vk->device, sem, NULL);
}

TEST_F(import, the_last_import_counts)
{
	struct vk *vk = &self->vk;
	VkSemaphore sem = vk_semaphore(vk, 0);
	uint32_t signalled;
	int fd;

	must(figment_syncobj_create(self->device, true, &signalled));
	must(figment_syncobj_export(self->device, signalled, &fd));
	must(figment_syncobj_import_file(self->device, self->syncobj, self->held.file));
	ASSERT_EQ(VK_SUCCESS, vk_semaphore_import(vk, sem, OPAQUE_SEM, TEMPORARY, fd));
	ASSERT_EQ(VK_SUCCESS, vk_semaphore_import(vk, sem, OPAQUE_SEM, TEMPORARY, own_fd(self)));
	ASSERT_EQ(VK_SUCCESS, wait_for(self, sem, true));
	EXPECT_EQ(0, syncobj_state(self->device, signalled, 0));
	vkDestroySemaphore(vk->device, sem, NULL);
}

TEST_F(import, both_kinds_of_submit_wait)
{
	VkPipelineStageFlags stage = VK_PIPELINE_STAGE_ALL_COMMANDS_BIT;
	struct vk *vk = &self->vk;
	VkSemaphore sem = vk_semaphore(vk, 0);
	VkSubmitInfo info = {
		.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
		.waitSemaphoreCount = 1,
		.pWaitSemaphores = &sem,
		.pWaitDstStageMask = &stage,
	};

	must(figment_syncobj_import_file(self->device, self->syncobj, self->held.file));
	ASSERT_EQ(VK_SUCCESS, vk_semaphore_import(vk, sem, OPAQUE_SEM, 0, own_fd(self)));
	ASSERT_EQ(VK_SUCCESS, vkQueueSubmit(vk->queue, 1, &info, self->fence));
	EXPECT_TRUE(vk_fence_pending(vk, self->fence));
	held_release(&self->held, 0);
	EXPECT_EQ(VK_SUCCESS, vk_fence_wait(vk, self->fence));
	EXPECT_NE(0, syncobj_state(self->device, self->syncobj, 0));
	vkDestroySemaphore(vk->device, sem, NULL);
}

/* A wait unsignals what it waits for, which the exporter has too. */
TEST_F(import, a_wait_unsignals_the_shared_payload)
{
	struct vk *vk = &self->vk;
	VkSemaphore sem = vk_semaphore(vk, 0);

	for (int temporary = 0; temporary < 2; temporary++) {
		must(figment_syncobj_signal(self->device, self->syncobj, 0));
		ASSERT_EQ(VK_SUCCESS, vk_semaphore_import(vk, sem, OPAQUE_SEM,
							  temporary ? TEMPORARY : 0, own_fd(self)));
		ASSERT_EQ(VK_SUCCESS, wait_for(self, sem, false));
		VK(vkQueueWaitIdle(vk->queue));
		EXPECT_NE(0, syncobj_state(self->device, self->syncobj, 0))
			TH_LOG("temporary %d", temporary);
	}
	vkDestroySemaphore(vk->device, sem, NULL);
}

struct fickle {
	int device;
	uint32_t syncobj;
	atomic_bool stop;
};

static void *take_back(void *arg)
{
	struct fickle *fickle = arg;

	while (!fickle->stop) {
		must(figment_syncobj_signal(fickle->device, fickle->syncobj, 0));
		must(figment_syncobj_reset(fickle->device, fickle->syncobj));
	}
	must(figment_syncobj_signal(fickle->device, fickle->syncobj, 0));
	return NULL;
}

/* Who has a payload too can reset it at any time, which is not to cost us the device. */
TEST_F(import, a_signal_that_is_taken_back)
{
	struct fickle fickle = { .device = self->device, .syncobj = self->syncobj };
	struct vk *vk = &self->vk;
	VkSemaphore sem = vk_semaphore(vk, 0);
	pthread_t thread;

	ASSERT_EQ(VK_SUCCESS, vk_semaphore_import(vk, sem, OPAQUE_SEM, 0, own_fd(self)));
	vk->quiet = true;
	must_be(!pthread_create(&thread, NULL, take_back, &fickle));
	for (int i = 0; i < 200; i++)
		ASSERT_EQ(VK_SUCCESS, wait_for(self, sem, false));
	fickle.stop = true;
	must_be(!pthread_join(thread, NULL));
	VK(vkQueueWaitIdle(vk->queue));
	vk->quiet = false;
	vkDestroySemaphore(vk->device, sem, NULL);
}

/*
 * Two semaphores are one payload; what waits for the one signals the other, and is held
 * until there is something to wait for. Neither signal is lost, and both are waited for.
 */
TEST_F(import, a_held_wait_and_signal_of_one_payload)
{
	struct vk *vk = &self->vk;
	VkSemaphore a = vk_semaphore(vk, 0), b = vk_semaphore(vk, 0);
	VkSemaphore gate = vk_timeline(vk, 0, 0);
	VkFence fence = vk_fence(vk, 0, 0);

	ASSERT_EQ(VK_SUCCESS, vk_semaphore_import(vk, a, OPAQUE_SEM, 0, own_fd(self)));
	ASSERT_EQ(VK_SUCCESS, vk_semaphore_import(vk, b, OPAQUE_SEM, 0, own_fd(self)));
	/* The validation layer does not see that both are one. */
	vk->quiet = true;
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, vk_point(gate, 1), NULL, vk_binary(a), 0));
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, vk_binary(b), NULL, vk_binary(a), 0));
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, vk_binary(a), NULL, VK_NOTHING, fence));
	EXPECT_TRUE(vk_fence_pending(vk, fence));
	vk_signal(vk, gate, 1);
	EXPECT_EQ(VK_SUCCESS, vk_fence_wait(vk, fence));
	EXPECT_EQ(-EINVAL, syncobj_state(self->device, self->syncobj, 0));

	/* And by one name. */
	VK(vkResetFences(vk->device, 1, &fence));
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, vk_point(gate, 2), NULL, vk_binary(a), 0));
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, vk_binary(a), NULL, vk_binary(a), 0));
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, vk_binary(b), NULL, VK_NOTHING, fence));
	vk_signal(vk, gate, 2);
	EXPECT_EQ(VK_SUCCESS, vk_fence_wait(vk, fence));
	EXPECT_EQ(-EINVAL, syncobj_state(self->device, self->syncobj, 0));
	VK(vkQueueWaitIdle(vk->queue));
	vk->quiet = false;
	vkDestroySemaphore(vk->device, a, NULL);
	vkDestroySemaphore(vk->device, b, NULL);
	vkDestroySemaphore(vk->device, gate, NULL);
	vkDestroyFence(vk->device, fence, NULL);
}

TEST_F(import, refuses_a_timelines_payload)
{
	struct vk *vk = &self->vk;
	VkSemaphore sem = vk_semaphore(vk, 0), timeline = vk_timeline(vk, 3, OPAQUE_SEM);
	int fd = vk_semaphore_fd(vk, timeline, OPAQUE_SEM);

	vk->quiet = true;
	EXPECT_EQ(VK_ERROR_INVALID_EXTERNAL_HANDLE,
		  vk_semaphore_import(vk, sem, OPAQUE_SEM, 0, fd));
	EXPECT_EQ(VK_ERROR_INVALID_EXTERNAL_HANDLE,
		  vk_semaphore_import(vk, sem, OPAQUE_SEM, TEMPORARY, fd));
	EXPECT_EQ(VK_ERROR_INVALID_EXTERNAL_HANDLE,
		  vk_fence_import(vk, self->fence, OPAQUE_FENCE, 0, fd));
	EXPECT_TRUE(fd_is_open(fd));
	close(fd);
	/* And the other way round; the payload it had is still the timeline's. */
	must(figment_syncobj_signal(self->device, self->syncobj, 0));
	fd = own_fd(self);
	EXPECT_EQ(VK_ERROR_INVALID_EXTERNAL_HANDLE,
		  vk_semaphore_import(vk, timeline, OPAQUE_SEM, 0, fd));
	EXPECT_TRUE(fd_is_open(fd));
	close(fd);
	EXPECT_EQ(3, vk_counter(vk, timeline));
	vkDestroySemaphore(vk->device, sem, NULL);
	vkDestroySemaphore(vk->device, timeline, NULL);
}

TEST_F(import, takes_the_fd)
{
	struct vk *vk = &self->vk;
	int before = count_fds();

	for (int flags = 0; flags <= TEMPORARY; flags += TEMPORARY) {
		VkSemaphore sem = vk_semaphore(vk, 0);
		int fd = own_fd(self);

		ASSERT_EQ(VK_SUCCESS, vk_semaphore_import(vk, sem, OPAQUE_SEM, flags, fd));
		vkDestroySemaphore(vk->device, sem, NULL);
		EXPECT_FALSE(fd_is_open(fd));
		EXPECT_EQ(before, count_fds());
	}
}

TEST_F(import, refuses_what_is_not_a_syncobj)
{
	struct vk *vk = &self->vk;
	VkSemaphore sem = vk_semaphore(vk, 0);

	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, VK_NOTHING, NULL, vk_binary(sem), 0));
	ASSERT_EQ(VK_SUCCESS, vkQueueWaitIdle(vk->queue));
	vk->quiet = true;
	for (int kind = 0; kind < WRONG_FDS; kind++) {
		int fd = wrong_fd(kind);

		if (kind == WRONG_SYNCOBJ)
			continue;
		for (int flags = 0; flags <= TEMPORARY; flags += TEMPORARY)
			EXPECT_EQ(VK_ERROR_INVALID_EXTERNAL_HANDLE,
				  vk_semaphore_import(vk, sem, OPAQUE_SEM, flags, fd))
				TH_LOG("imported %s", wrong_name(kind));
		EXPECT_EQ(kind != WRONG_CLOSED, fd_is_open(fd))
			TH_LOG("closed %s", wrong_name(kind));
		close(fd);
	}
	EXPECT_EQ(VK_ERROR_INVALID_EXTERNAL_HANDLE,
		  vk_semaphore_import(vk, sem, OPAQUE_SEM, TEMPORARY, -1));
	vk->quiet = false;
	/* The signal that was in it is still there. */
	ASSERT_EQ(VK_SUCCESS, wait_for(self, sem, false));
	vkDestroySemaphore(vk->device, sem, NULL);
}

VK_HARNESS_MAIN()

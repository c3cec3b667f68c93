// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: a process that has no more fds, of the 1024 it may have
 *
 * Catches a shim that needs an fd for what is not about fds; that loses a payload
 * because there was none to hand it out by, or leaks those it got before it failed;
 * that calls a device lost for it.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "fixture.h"

#define LIMIT	1024
#define SIZE	PAGE
/* More than there can be fds. */
#define MANY	(LIMIT + 200)
/* The kernel's own limit, of a client's. */
#define QUEUES	256

static int used[LIMIT], used_count;

/* From here on there are no more, but for @spare. */
static void use_up(int spare)
{
	struct rlimit limit;
	int fd;

	must_call(getrlimit(RLIMIT_NOFILE, &limit));
	limit.rlim_cur = LIMIT;
	must_call(setrlimit(RLIMIT_NOFILE, &limit));
	for (used_count = 0; (fd = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0;)
		used[used_count++] = fd;
	while (spare--)
		close(used[--used_count]);
}

static void give_back(void)
{
	while (used_count)
		close(used[--used_count]);
}

TEST_F(vk, exports_fail_and_change_nothing)
{
	struct vk *vk = &self->vk;
	VkFence fence = vk_fence(vk, 0, SYNC_FENCE | OPAQUE_FENCE);
	VkSemaphore sem = vk_semaphore(vk, SYNC_SEM | OPAQUE_SEM);
	VkFenceGetFdInfoKHR fence_info = {
		.sType = VK_STRUCTURE_TYPE_FENCE_GET_FD_INFO_KHR,
		.fence = fence,
	};
	VkSemaphoreGetFdInfoKHR sem_info = {
		.sType = VK_STRUCTURE_TYPE_SEMAPHORE_GET_FD_INFO_KHR,
		.semaphore = sem,
	};
	VkMemoryGetFdInfoKHR memory_info = {
		.sType = VK_STRUCTURE_TYPE_MEMORY_GET_FD_INFO_KHR,
		.handleType = OPAQUE_MEMORY,
	};
	struct held held;
	VkSemaphore wait = vk_held(vk, &held);
	struct vk_buffer buf;
	int fd = -7, file;

	vk_buffer(vk, &buf, SIZE, OPAQUE_MEMORY);
	memory_info.memory = buf.memory;
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, vk_binary(wait), NULL, vk_binary(sem), fence));
	use_up(0);
	for (int type = OPAQUE_FENCE; type; type = type == OPAQUE_FENCE ? SYNC_FENCE : 0) {
		fence_info.handleType = type;
		EXPECT_EQ(VK_ERROR_TOO_MANY_OBJECTS,
			  vk->GetFenceFdKHR(vk->device, &fence_info, &fd));
	}
	for (int type = OPAQUE_SEM; type; type = type == OPAQUE_SEM ? SYNC_SEM : 0) {
		sem_info.handleType = type;
		EXPECT_EQ(VK_ERROR_TOO_MANY_OBJECTS,
			  vk->GetSemaphoreFdKHR(vk->device, &sem_info, &fd));
	}
	EXPECT_EQ(VK_ERROR_TOO_MANY_OBJECTS,
		  vk->GetMemoryFdKHR(vk->device, &memory_info, &fd));
	EXPECT_EQ(-7, fd);
	give_back();

	/* The payloads are still there, and pending. The layer takes the calls for done. */
	vk->quiet = true;
	file = vk_semaphore_fd(vk, sem, SYNC_SEM);
	vk->quiet = false;
	EXPECT_TRUE(stays_pending(file));
	EXPECT_EQ(VK_NOT_READY, vkGetFenceStatus(vk->device, fence));
	held_release(&held, 0);
	EXPECT_EQ(VK_SUCCESS, vk_fence_wait(vk, fence));
	EXPECT_EQ(1, settle(file));
	close(file);
	VK(vkQueueWaitIdle(vk->queue));
	vkDestroyFence(vk->device, fence, NULL);
	vkDestroySemaphore(vk->device, sem, NULL);
	vkDestroySemaphore(vk->device, wait, NULL);
	vk_buffer_free(vk, &buf);
	held_close(&held);
}

TEST_F(vk, held_exports_fail_and_change_nothing)
{
	struct vk *vk = &self->vk;
	VkFence fence = vk_fence(vk, 0, SYNC_FENCE);
	VkSemaphore gate = vk_timeline(vk, 0, 0);
	VkFenceGetFdInfoKHR info = {
		.sType = VK_STRUCTURE_TYPE_FENCE_GET_FD_INFO_KHR,
		.fence = fence,
		.handleType = SYNC_FENCE,
	};
	int fd = -7;

	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, vk_point(gate, 1), NULL, VK_NOTHING, fence));
	for (int spare = 0; spare < 2; spare++) {
		use_up(spare);
		EXPECT_EQ(VK_ERROR_TOO_MANY_OBJECTS, vk->GetFenceFdKHR(vk->device, &info, &fd));
		EXPECT_EQ(-7, fd);
		give_back();
	}
	vk_signal(vk, gate, 1);
	EXPECT_EQ(VK_SUCCESS, vk_fence_wait(vk, fence));
	VK(vkQueueWaitIdle(vk->queue));
	vkDestroyFence(vk->device, fence, NULL);
	vkDestroySemaphore(vk->device, gate, NULL);
}

/* What is in somebody's hands already tells how it ended, though there are no fds then. */
TEST_F(vk, held_exports_keep_their_word)
{
	struct vk *vk = &self->vk;
	VkFence fence = vk_fence(vk, 0, SYNC_FENCE);
	VkSemaphore gate = vk_timeline(vk, 0, 0);
	int file;

	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, vk_point(gate, 1), NULL, VK_NOTHING, fence));
	/* As in fence_syncfd_export, the layer does not know of it. */
	vk->quiet = true;
	file = vk_fence_fd(vk, fence, SYNC_FENCE);
	vk->quiet = false;
	EXPECT_TRUE(stays_pending(file));
	use_up(0);
	vk_signal(vk, gate, 1);
	EXPECT_EQ(1, settle(file));
	give_back();
	close(file);
	VK(vkQueueWaitIdle(vk->queue));
	vkDestroyFence(vk->device, fence, NULL);
	vkDestroySemaphore(vk->device, gate, NULL);
}

/* Each takes a queue of the kernel's, of which a client has so many. */
TEST_F(vk, held_exports_without_number)
{
	struct vk *vk = &self->vk;
	VkSemaphore gate = vk_timeline(vk, 0, 0);
	VkFence fences[QUEUES + 1];
	int files[QUEUES + 1], count = 0;
	VkResult result = VK_SUCCESS;
	uint64_t since = now_ns();
	bool late;

	vk->quiet = true;
	for (int i = 0; i <= QUEUES; i++) {
		VkFenceGetFdInfoKHR info = {
			.sType = VK_STRUCTURE_TYPE_FENCE_GET_FD_INFO_KHR,
			.handleType = SYNC_FENCE,
		};

		fences[i] = vk_fence(vk, 0, SYNC_FENCE);
		info.fence = fences[i];
		ASSERT_EQ(VK_SUCCESS, vk_submit(vk, vk_point(gate, 1), NULL, VK_NOTHING,
						fences[i]));
		if (!result)
			result = vk->GetFenceFdKHR(vk->device, &info, &files[count]);
		count += !result;
	}
	EXPECT_EQ(VK_ERROR_TOO_MANY_OBJECTS, result);
	EXPECT_LT(QUEUES / 2, count);
	/* On a slow machine the watchdog may have ended the first of them. */
	late = now_ns() - since > 8000000000ull;
	vk_signal(vk, gate, 1);
	VK(vkQueueWaitIdle(vk->queue));
	for (int i = 0; i < count; i++) {
		int status = settle(files[i]);

		EXPECT_TRUE(status == 1 || (late && status == -ETIMEDOUT));
		close(files[i]);
	}
	for (int i = 0; i <= QUEUES; i++)
		vkDestroyFence(vk->device, fences[i], NULL);
	vkDestroySemaphore(vk->device, gate, NULL);
}

/* What has nothing to do with fds works without. */
TEST_F(vk, work_goes_on)
{
	struct vk *vk = &self->vk;
	VkFence fence = vk_fence(vk, 0, 0), taken = vk_fence(vk, 0, 0);
	VkSemaphore sem, timeline;
	struct vk_buffer buf;
	int syncobj = wrong_fd(WRONG_SYNCOBJ), file = wrong_fd(WRONG_SYNC_FILE);

	use_up(0);
	sem = vk_semaphore(vk, 0);
	timeline = vk_timeline(vk, 0, 0);
	vk_buffer(vk, &buf, SIZE, OPAQUE_MEMORY);
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, VK_NOTHING, vk_fill(vk, buf.buffer, SIZE, 0xf00d),
					vk_binary(sem), 0));
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, vk_binary(sem), NULL, VK_NOTHING, fence));
	EXPECT_EQ(VK_SUCCESS, vk_fence_wait(vk, fence));
	EXPECT_TRUE(words_are(buf.map, SIZE, 0xf00d));
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, vk_point(timeline, 1),
					vk_fill(vk, buf.buffer, SIZE, 0xbeef),
					vk_point(timeline, 2), 0));
	EXPECT_EQ(VK_TIMEOUT, vk_wait(vk, timeline, 2, MOMENT_NS));
	vk_signal(vk, timeline, 1);
	EXPECT_EQ(VK_SUCCESS, vk_wait(vk, timeline, 2, LONG_NS));
	EXPECT_TRUE(words_are(buf.map, SIZE, 0xbeef));
	/* An import gives an fd back, rather than to need another. */
	EXPECT_EQ(VK_SUCCESS, vk_fence_import(vk, taken, OPAQUE_FENCE, 0, syncobj));
	EXPECT_EQ(VK_SUCCESS, vk_fence_import(vk, taken, SYNC_FENCE,
					      VK_FENCE_IMPORT_TEMPORARY_BIT, file));
	EXPECT_EQ(VK_SUCCESS, vkGetFenceStatus(vk->device, taken));
	give_back();
	VK(vkQueueWaitIdle(vk->queue));
	vkDestroyFence(vk->device, fence, NULL);
	vkDestroyFence(vk->device, taken, NULL);
	vkDestroySemaphore(vk->device, sem, NULL);
	vkDestroySemaphore(vk->device, timeline, NULL);
	vk_buffer_free(vk, &buf);
}

/* What one submit waits for and signals anew: the signal stays. */
TEST_F(vk, waited_for_and_signalled_at_once)
{
	struct vk *vk = &self->vk;
	VkSemaphore sem = vk_semaphore(vk, OPAQUE_SEM);
	VkFence fence = vk_fence(vk, 0, 0);

	close(vk_semaphore_fd(vk, sem, OPAQUE_SEM));
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, VK_NOTHING, NULL, vk_binary(sem), 0));
	use_up(0);
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, vk_binary(sem), NULL, vk_binary(sem), 0));
	give_back();
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, vk_binary(sem), NULL, VK_NOTHING, fence));
	ASSERT_EQ(VK_SUCCESS, vk_fence_wait(vk, fence));
	VK(vkQueueWaitIdle(vk->queue));
	vkDestroySemaphore(vk->device, sem, NULL);
	vkDestroyFence(vk->device, fence, NULL);
}

/* More semaphores than fds, all shared, signalled and waited for by one submit. */
TEST_F(vk, more_semaphores_than_fds)
{
	static VkSemaphore sems[MANY];
	static VkPipelineStageFlags stages[MANY];
	struct vk *vk = &self->vk;
	VkFence fence = vk_fence(vk, 0, 0);
	VkSubmitInfo signal = {
		.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
		.signalSemaphoreCount = MANY,
		.pSignalSemaphores = sems,
	};
	VkSubmitInfo wait = {
		.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
		.waitSemaphoreCount = MANY,
		.pWaitSemaphores = sems,
		.pWaitDstStageMask = stages,
	};
	int before = count_fds();

	use_up(20);
	for (int i = 0; i < MANY; i++) {
		sems[i] = vk_semaphore(vk, OPAQUE_SEM);
		close(vk_semaphore_fd(vk, sems[i], OPAQUE_SEM));
		stages[i] = VK_PIPELINE_STAGE_ALL_COMMANDS_BIT;
	}
	for (int round = 0; round < 2; round++) {
		ASSERT_EQ(VK_SUCCESS, vkQueueSubmit(vk->queue, 1, &signal, VK_NULL_HANDLE));
		ASSERT_EQ(VK_SUCCESS, vkQueueSubmit(vk->queue, 1, &wait, fence));
		EXPECT_EQ(VK_SUCCESS, vk_fence_wait(vk, fence));
		VK(vkResetFences(vk->device, 1, &fence));
	}
	give_back();
	VK(vkQueueWaitIdle(vk->queue));
	EXPECT_EQ(before, count_fds());
	for (int i = 0; i < MANY; i++)
		vkDestroySemaphore(vk->device, sems[i], NULL);
	vkDestroyFence(vk->device, fence, NULL);
}

VK_HARNESS_MAIN()

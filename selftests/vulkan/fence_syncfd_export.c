// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: fences exported as SYNC_FD
 *
 * Catches a shim whose export waits, or gives -1 or a signalled file while the
 * work is not done; that leaves the fence as it was, though copy transference
 * resets it; that forgets to restore a payload that was imported; whose file is
 * signalled before the bytes are there, carries an error, or dies with the fence.
 */
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include "fixture.h"

#define SIZE	(4 * PAGE)

TEST_F(vk, is_pending_until_the_work_is_done)
{
	struct vk *vk = &self->vk;
	VkFence fence = vk_fence(vk, 0, SYNC_FENCE);
	struct held held;
	VkSemaphore sem = vk_held(vk, &held);
	struct vk_buffer buf;
	int file;

	vk_buffer(vk, &buf, SIZE, 0);
	words_set(buf.map, SIZE, 0);
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, vk_binary(sem),
					vk_fill(vk, buf.buffer, SIZE, 0xaaaa), VK_NOTHING, fence));
	/* Whoever waits in here waits for ever: only what is below lets go. */
	file = vk_fence_fd(vk, fence, SYNC_FENCE);
	ASSERT_LE(0, file);
	EXPECT_TRUE(stays_pending(file));
	EXPECT_TRUE(words_are(buf.map, SIZE, 0));
	held_release(&held, 0);
	EXPECT_EQ(1, settle(file));
	EXPECT_TRUE(words_are(buf.map, SIZE, 0xaaaa));
	VK(vkQueueWaitIdle(vk->queue));
	close(file);
	vkDestroyFence(vk->device, fence, NULL);
	vkDestroySemaphore(vk->device, sem, NULL);
	vk_buffer_free(vk, &buf);
	held_close(&held);
}

struct opener {
	struct vk *vk;
	VkSemaphore gate;
};

static void *open_later(void *arg)
{
	struct opener *opener = arg;

	moment();
	vk_signal(opener->vk, opener->gate, 1);
	return NULL;
}

/* There can be no file before what the work waits for is there; but then there is. */
TEST_F(vk, waits_for_what_is_not_submitted_yet)
{
	struct vk *vk = &self->vk;
	VkFence fence = vk_fence(vk, 0, SYNC_FENCE);
	struct opener opener = { vk, vk_timeline(vk, 0, 0) };
	pthread_t thread;
	int file;

	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, vk_point(opener.gate, 1), NULL, VK_NOTHING, fence));
	must_be(!pthread_create(&thread, NULL, open_later, &opener));
	file = vk_fence_fd(vk, fence, SYNC_FENCE);
	must_be(!pthread_join(thread, NULL));
	EXPECT_TRUE(file == -1 || settle(file) == 1);
	if (file >= 0)
		close(file);
	VK(vkQueueWaitIdle(vk->queue));
	vkDestroyFence(vk->device, fence, NULL);
	vkDestroySemaphore(vk->device, opener.gate, NULL);
}

TEST_F(vk, resets_the_fence)
{
	struct vk *vk = &self->vk;
	VkFence fence = vk_fence(vk, 0, SYNC_FENCE);
	struct held held;
	VkSemaphore sem = vk_held(vk, &held);
	int first, second;

	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, vk_binary(sem), NULL, VK_NOTHING, fence));
	first = vk_fence_fd(vk, fence, SYNC_FENCE);
	EXPECT_EQ(VK_NOT_READY, vkGetFenceStatus(vk->device, fence));
	held_release(&held, 0);
	EXPECT_EQ(1, settle(first));
	ASSERT_EQ(VK_SUCCESS, vkQueueWaitIdle(vk->queue));
	/* The file has the payload; the fence has none that could signal. */
	EXPECT_TRUE(vk_fence_pending(vk, fence));

	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, VK_NOTHING, NULL, VK_NOTHING, fence));
	second = vk_fence_fd(vk, fence, SYNC_FENCE);
	EXPECT_TRUE(second == -1 || settle(second) == 1);
	EXPECT_EQ(VK_NOT_READY, vkGetFenceStatus(vk->device, fence));
	ASSERT_EQ(VK_SUCCESS, vkQueueWaitIdle(vk->queue));
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, VK_NOTHING, NULL, VK_NOTHING, fence));
	EXPECT_EQ(VK_SUCCESS, vk_fence_wait(vk, fence));
	close(first);
	if (second >= 0)
		close(second);
	vkDestroyFence(vk->device, fence, NULL);
	vkDestroySemaphore(vk->device, sem, NULL);
	held_close(&held);
}

TEST_F(vk, of_a_signalled_fence)
{
	struct vk *vk = &self->vk;
	VkFence fence = vk_fence(vk, VK_FENCE_CREATE_SIGNALED_BIT, SYNC_FENCE);
	int file = vk_fence_fd(vk, fence, SYNC_FENCE);

	EXPECT_TRUE(file == -1 || settle(file) == 1);
	EXPECT_EQ(VK_NOT_READY, vkGetFenceStatus(vk->device, fence));
	if (file >= 0)
		close(file);
	vkDestroyFence(vk->device, fence, NULL);
}

TEST_F(vk, of_an_imported_payload)
{
	struct vk *vk = &self->vk;
	VkFence fence = vk_fence(vk, 0, SYNC_FENCE);
	struct held held;
	int file;

	held_make(&held);
	ASSERT_EQ(VK_SUCCESS, vk_fence_import(vk, fence, SYNC_FENCE,
					      VK_FENCE_IMPORT_TEMPORARY_BIT, held.file));
	EXPECT_EQ(VK_NOT_READY, vkGetFenceStatus(vk->device, fence));
	/* The validation layer does not count a signal that was imported. */
	vk->quiet = true;
	file = vk_fence_fd(vk, fence, SYNC_FENCE);
	vk->quiet = false;
	EXPECT_TRUE(stays_pending(file));
	/* The permanent payload is back, and can be used. */
	EXPECT_EQ(VK_NOT_READY, vkGetFenceStatus(vk->device, fence));
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, VK_NOTHING, NULL, VK_NOTHING, fence));
	EXPECT_EQ(VK_SUCCESS, vk_fence_wait(vk, fence));
	EXPECT_TRUE(pending(file));
	held_release(&held, 0);
	EXPECT_EQ(1, settle(file));
	close(file);
	held_close(&held);
	vkDestroyFence(vk->device, fence, NULL);
}

/* A process without Vulkan: the file says when the bytes are there. */
static void poller(int sock)
{
	int dmabuf = recv_fd(sock), file = recv_fd(sock), device = device_open();
	uint32_t handle;
	void *map;

	must(figment_bo_import(device, dmabuf, &handle));
	must(figment_bo_map(device, handle, NULL, &map));
	must_be(stays_pending(file));
	must_be(words_are(map, SIZE, 0));
	send_word(sock, 0);
	must_be(wait_poll(file, POLLIN, LONG_MS) & POLLIN);
	must_be(words_are(map, SIZE, 0xbbbb));
}

TEST_F(vk, tells_another_process)
{
	struct child peer = peer_start("poller");
	struct vk *vk = &self->vk;
	VkFence fence = vk_fence(vk, 0, SYNC_FENCE);
	struct held held;
	VkSemaphore sem = vk_held(vk, &held);
	struct vk_buffer buf;

	vk_buffer(vk, &buf, SIZE, DMA_BUF_MEMORY);
	give_fd(peer.sock, vk_memory_fd(vk, buf.memory, DMA_BUF_MEMORY));
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, vk_binary(sem),
					vk_fill(vk, buf.buffer, SIZE, 0xbbbb), VK_NOTHING, fence));
	give_fd(peer.sock, vk_fence_fd(vk, fence, SYNC_FENCE));
	ASSERT_EQ(0, recv_word(peer.sock));
	held_release(&held, 0);
	EXPECT_EQ(0, child_join(&peer));
	ASSERT_EQ(VK_SUCCESS, vkQueueWaitIdle(vk->queue));
	vkDestroyFence(vk->device, fence, NULL);
	vkDestroySemaphore(vk->device, sem, NULL);
	vk_buffer_free(vk, &buf);
	held_close(&held);
}

TEST_F(vk, outlives_the_fence_and_the_device)
{
	struct vk *vk = &self->vk, second = *vk;
	VkFence fence;
	int file;

	vk_device(&second);
	fence = vk_fence(&second, 0, SYNC_FENCE);
	ASSERT_EQ(VK_SUCCESS, vk_submit(&second, VK_NOTHING, NULL, VK_NOTHING, fence));
	file = vk_fence_fd(&second, fence, SYNC_FENCE);
	ASSERT_EQ(VK_SUCCESS, vkQueueWaitIdle(second.queue));
	vkDestroyFence(second.device, fence, NULL);
	vk_device_close(&second);
	if (file >= 0) {
		EXPECT_EQ(1, settle(file));
		close(file);
	}
}

VK_HARNESS_MAIN({ "poller", poller },)

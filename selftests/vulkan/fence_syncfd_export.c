// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: fences exported as SYNC_FD
 *
 * Catches a shim whose export waits, or gives -1 or a signalled file while the
 * work is not done; that leaves the fence as it was, though copy transference
 * resets it; that forgets to restore a payload that was imported; whose file is
 * signalled before the bytes are there, carries an error, or dies with the fence;
 * that waits, or gives up, where the submit itself waits for what is to come.
 */
#include <poll.h>
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

/*
 * The submit waits for a point that only this thread signals, after the export. The
 * validation layer takes an export for the end of all work, and the point that is
 * waited for as signalled: it does not listen from there.
 */
static int export_held(struct vk *vk, VkFence fence)
{
	vk->quiet = true;
	return vk_fence_fd(vk, fence, SYNC_FENCE);
}

TEST_F(vk, of_a_submit_that_is_held)
{
	struct vk *vk = &self->vk;
	VkFence fence = vk_fence(vk, 0, SYNC_FENCE);
	VkSemaphore gate = vk_timeline(vk, 0, 0);
	struct vk_buffer buf;
	int file, before = count_fds();

	vk_buffer(vk, &buf, SIZE, 0);
	words_set(buf.map, SIZE, 0);
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, vk_point(gate, 1),
					vk_fill(vk, buf.buffer, SIZE, 0xabab), VK_NOTHING, fence));
	file = export_held(vk, fence);
	ASSERT_LE(0, file);
	EXPECT_TRUE(stays_pending(file));
	/* As the file has the payload, the fence is as after a reset. */
	EXPECT_EQ(VK_NOT_READY, vkGetFenceStatus(vk->device, fence));
	vk_signal(vk, gate, 1);
	EXPECT_EQ(1, settle(file));
	EXPECT_TRUE(words_are(buf.map, SIZE, 0xabab));
	VK(vkQueueWaitIdle(vk->queue));
	EXPECT_TRUE(vk_fence_pending(vk, fence));
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, VK_NOTHING, NULL, VK_NOTHING, fence));
	EXPECT_EQ(VK_SUCCESS, vk_fence_wait(vk, fence));
	close(file);

	/* Twice, so that what the first left is cleared away. */
	VK(vkResetFences(vk->device, 1, &fence));
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, vk_point(gate, 2), NULL, VK_NOTHING, fence));
	file = export_held(vk, fence);
	EXPECT_TRUE(pending(file));
	vk_signal(vk, gate, 2);
	EXPECT_EQ(1, settle(file));
	close(file);
	VK(vkQueueWaitIdle(vk->queue));
	vkDestroyFence(vk->device, fence, NULL);
	vkDestroySemaphore(vk->device, gate, NULL);
	vk_buffer_free(vk, &buf);
	/* What was needed for that goes a moment after. */
	moment();
	EXPECT_EQ(before, count_fds());
}

/* Two are held, behind one another; each file is of its own submit. */
TEST_F(vk, of_two_submits_that_are_held)
{
	struct vk *vk = &self->vk;
	VkFence fences[2] = { vk_fence(vk, 0, SYNC_FENCE), vk_fence(vk, 0, SYNC_FENCE) };
	VkSemaphore gate = vk_timeline(vk, 0, 0);
	int files[2];

	for (int i = 0; i < 2; i++)
		ASSERT_EQ(VK_SUCCESS,
			  vk_submit(vk, vk_point(gate, i + 1), NULL, VK_NOTHING, fences[i]));
	for (int i = 1; i >= 0; i--)
		files[i] = export_held(vk, fences[i]);
	vk_signal(vk, gate, 1);
	EXPECT_EQ(1, settle(files[0]));
	EXPECT_TRUE(stays_pending(files[1]));
	vk_signal(vk, gate, 2);
	EXPECT_EQ(1, settle(files[1]));
	VK(vkQueueWaitIdle(vk->queue));
	for (int i = 0; i < 2; i++) {
		close(files[i]);
		vkDestroyFence(vk->device, fences[i], NULL);
	}
	vkDestroySemaphore(vk->device, gate, NULL);
}

/* Another process will signal it, as soon as it is let. */
static void late_signaller(int sock)
{
	VkSemaphore gate;
	VkFence fence;
	struct vk vk;

	vk_open(&vk);
	gate = vk_timeline(&vk, 0, 0);
	fence = vk_fence(&vk, 0, OPAQUE_FENCE);
	VK(vk_submit(&vk, vk_point(gate, 1), NULL, VK_NOTHING, fence));
	give_fd(sock, vk_fence_fd(&vk, fence, OPAQUE_FENCE));
	recv_word(sock);
	vk.quiet = true;
	vk_signal(&vk, gate, 1);
	VK(vkQueueWaitIdle(vk.queue));
	vkDestroyFence(vk.device, fence, NULL);
	vkDestroySemaphore(vk.device, gate, NULL);
	must_be(!vk_close(&vk));
}

TEST_F(vk, of_a_submit_that_another_process_holds)
{
	struct child peer = peer_start("late_signaller");
	struct vk *vk = &self->vk;
	VkFence fence = vk_fence(vk, 0, SYNC_FENCE);
	int file;

	ASSERT_EQ(VK_SUCCESS, vk_fence_import(vk, fence, OPAQUE_FENCE, 0, recv_fd(peer.sock)));
	/* The validation layer does not know of the other process's submit. */
	vk->quiet = true;
	file = vk_fence_fd(vk, fence, SYNC_FENCE);
	vk->quiet = false;
	EXPECT_TRUE(stays_pending(file));
	send_word(peer.sock, 0);
	EXPECT_EQ(1, settle(file));
	EXPECT_EQ(0, child_join(&peer));
	EXPECT_TRUE(vk_fence_pending(vk, fence));
	close(file);
	vkDestroyFence(vk->device, fence, NULL);
}

/* Nothing waits for what nobody is to signal. */
TEST_F(vk, of_nothing_is_refused)
{
	struct vk *vk = &self->vk;
	VkFence fence = vk_fence(vk, 0, SYNC_FENCE);
	VkFenceGetFdInfoKHR info = {
		.sType = VK_STRUCTURE_TYPE_FENCE_GET_FD_INFO_KHR,
		.fence = fence,
		.handleType = SYNC_FENCE,
	};
	int fd = -2, before = count_fds();

	vk->quiet = true;
	EXPECT_GT(0, vk->GetFenceFdKHR(vk->device, &info, &fd));
	EXPECT_EQ(before, count_fds());
	/* It is as good as ever. */
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, VK_NOTHING, NULL, VK_NOTHING, fence));
	EXPECT_EQ(VK_SUCCESS, vk_fence_wait(vk, fence));
	vkDestroyFence(vk->device, fence, NULL);
}

/* A process that ends with such a file out leaves nobody waiting. */
static void leaver(int sock)
{
	VkSemaphore gate;
	VkFence fence;
	struct vk vk;

	vk_open(&vk);
	gate = vk_timeline(&vk, 0, 0);
	fence = vk_fence(&vk, 0, SYNC_FENCE);
	VK(vk_submit(&vk, vk_point(gate, 1), NULL, VK_NOTHING, fence));
	give_fd(sock, vk_fence_fd(&vk, fence, SYNC_FENCE));
	recv_word(sock);
}

TEST_F(vk, of_a_held_submit_ends_with_its_process)
{
	struct child peer = peer_start("leaver");
	int file = recv_fd(peer.sock);

	EXPECT_TRUE(stays_pending(file));
	child_kill(&peer);
	EXPECT_GT(0, settle(file));
	close(file);
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

/* What a fence exports whose payload is somebody else's, imported. */
static int export_imported(struct vk *vk, VkFence fence, struct held *held)
{
	int file;

	held_make(held);
	VK(vk_fence_import(vk, fence, SYNC_FENCE, VK_FENCE_IMPORT_TEMPORARY_BIT, held->file));
	must_be(vkGetFenceStatus(vk->device, fence) == VK_NOT_READY);
	/* The validation layer does not count a signal that was imported. */
	vk->quiet = true;
	file = vk_fence_fd(vk, fence, SYNC_FENCE);
	vk->quiet = false;
	return file;
}

TEST_F(vk, of_an_imported_payload)
{
	struct vk *vk = &self->vk;
	VkFence fence = vk_fence(vk, 0, SYNC_FENCE);
	struct held held;
	int file;

	file = export_imported(vk, fence, &held);
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

/* What comes back is the permanent payload as it was, here signalled. */
TEST_F(vk, of_an_imported_payload_over_a_signal)
{
	struct vk *vk = &self->vk;
	VkFence fence = vk_fence(vk, VK_FENCE_CREATE_SIGNALED_BIT, SYNC_FENCE);
	struct held held;
	int file;

	file = export_imported(vk, fence, &held);
	EXPECT_TRUE(pending(file));
	EXPECT_EQ(VK_SUCCESS, vkGetFenceStatus(vk->device, fence));
	held_release(&held, 0);
	EXPECT_EQ(1, settle(file));
	close(file);
	vkDestroyFence(vk->device, fence, NULL);
	held_close(&held);
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

VK_HARNESS_MAIN({ "poller", poller }, { "late_signaller", late_signaller },
		{ "leaver", leaver },)

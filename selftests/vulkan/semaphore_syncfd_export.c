// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: binary semaphores exported as SYNC_FD
 *
 * Catches a shim whose export waits, or gives -1 or a signalled file, before the
 * rendering ends; that leaves the signal in the semaphore, though copy
 * transference resets it; whose file another process's GPU work does not wait
 * for; that does not restore a payload that was imported.
 */
#include <unistd.h>

#include "fixture.h"

#define SIZE	(4 * PAGE)

TEST_F(vk, is_pending_until_rendering_ends)
{
	struct vk *vk = &self->vk;
	VkSemaphore sem = vk_semaphore(vk, SYNC_SEM);
	struct held held;
	VkSemaphore wait = vk_held(vk, &held);
	struct vk_buffer buf;
	int file;

	vk_buffer(vk, &buf, SIZE, 0);
	words_set(buf.map, SIZE, 0);
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, vk_binary(wait),
					vk_fill(vk, buf.buffer, SIZE, 1), vk_binary(sem), 0));
	file = vk_semaphore_fd(vk, sem, SYNC_SEM);
	ASSERT_LE(0, file);
	EXPECT_TRUE(stays_pending(file));
	EXPECT_TRUE(words_are(buf.map, SIZE, 0));
	held_release(&held, 0);
	EXPECT_EQ(1, settle(file));
	EXPECT_TRUE(words_are(buf.map, SIZE, 1));
	ASSERT_EQ(VK_SUCCESS, vkQueueWaitIdle(vk->queue));
	close(file);
	vkDestroySemaphore(vk->device, sem, NULL);
	vkDestroySemaphore(vk->device, wait, NULL);
	vk_buffer_free(vk, &buf);
	held_close(&held);
}

TEST_F(vk, resets_the_semaphore)
{
	struct vk *vk = &self->vk;
	VkSemaphore sem = vk_semaphore(vk, SYNC_SEM | OPAQUE_SEM);
	VkFence fence = vk_fence(vk, 0, 0);
	int device = device_open(), first, second;
	uint32_t payload = syncobj_of(device, vk_semaphore_fd(vk, sem, OPAQUE_SEM));
	struct held held;
	VkSemaphore wait = vk_held(vk, &held);

	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, vk_binary(wait), NULL, vk_binary(sem), 0));
	EXPECT_EQ(-ETIME, syncobj_state(device, payload, 0));
	first = vk_semaphore_fd(vk, sem, SYNC_SEM);
	EXPECT_EQ(-EINVAL, syncobj_state(device, payload, 0));
	/* It has no signal any more, so it can be given one at once; and another file. */
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, VK_NOTHING, NULL, vk_binary(sem), 0));
	second = vk_semaphore_fd(vk, sem, SYNC_SEM);
	EXPECT_TRUE(pending(first));
	/* A later submit of the same queue does not overtake. */
	EXPECT_TRUE(stays_pending(second));
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, VK_NOTHING, NULL, vk_binary(sem), 0));
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, vk_binary(sem), NULL, VK_NOTHING, fence));
	EXPECT_TRUE(vk_fence_pending(vk, fence));
	held_release(&held, 0);
	EXPECT_EQ(VK_SUCCESS, vk_fence_wait(vk, fence));
	EXPECT_EQ(1, settle(first));
	EXPECT_EQ(1, settle(second));
	close(first);
	close(second);
	close(device);
	vkDestroyFence(vk->device, fence, NULL);
	vkDestroySemaphore(vk->device, sem, NULL);
	vkDestroySemaphore(vk->device, wait, NULL);
	held_close(&held);
}

TEST_F(vk, of_a_signalled_semaphore)
{
	struct vk *vk = &self->vk;
	VkSemaphore sem = vk_semaphore(vk, SYNC_SEM);

	/* The validation layer forgets that an export takes a signal that is there already. */
	vk->quiet = true;
	for (int round = 0; round < 3; round++) {
		int file;

		ASSERT_EQ(VK_SUCCESS, vk_submit(vk, VK_NOTHING, NULL, vk_binary(sem), 0));
		ASSERT_EQ(VK_SUCCESS, vkQueueWaitIdle(vk->queue));
		file = vk_semaphore_fd(vk, sem, SYNC_SEM);
		EXPECT_TRUE(file == -1 || settle(file) == 1);
		if (file >= 0)
			close(file);
	}
	vkDestroySemaphore(vk->device, sem, NULL);
}

TEST_F(vk, of_an_imported_payload)
{
	struct vk *vk = &self->vk;
	VkSemaphore sem = vk_semaphore(vk, SYNC_SEM);
	VkFence fence = vk_fence(vk, 0, 0);
	struct held held;
	int file;

	held_make(&held);
	ASSERT_EQ(VK_SUCCESS, vk_semaphore_import(vk, sem, SYNC_SEM,
						  VK_SEMAPHORE_IMPORT_TEMPORARY_BIT, held.file));
	/* The validation layer does not count a signal that was imported. */
	vk->quiet = true;
	file = vk_semaphore_fd(vk, sem, SYNC_SEM);
	vk->quiet = false;
	EXPECT_TRUE(stays_pending(file));
	/* The permanent payload is back, and unsignalled. */
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, VK_NOTHING, NULL, vk_binary(sem), 0));
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, vk_binary(sem), NULL, VK_NOTHING, fence));
	EXPECT_EQ(VK_SUCCESS, vk_fence_wait(vk, fence));
	EXPECT_TRUE(pending(file));
	held_release(&held, 0);
	EXPECT_EQ(1, settle(file));
	close(file);
	held_close(&held);
	vkDestroyFence(vk->device, fence, NULL);
	vkDestroySemaphore(vk->device, sem, NULL);
}

/* Copies on its own GPU when the file signals, and answers with a file of that. */
static void copier(int sock)
{
	struct vk_buffer from, to;
	VkSemaphore wait, signal;
	struct vk vk;

	vk_open(&vk);
	VK(vk_buffer_import(&vk, &from, SIZE, DMA_BUF_MEMORY, recv_fd(sock)));
	VK(vk_buffer_import(&vk, &to, SIZE, DMA_BUF_MEMORY, recv_fd(sock)));
	wait = vk_semaphore(&vk, 0);
	signal = vk_semaphore(&vk, SYNC_SEM);
	VK(vk_semaphore_import(&vk, wait, SYNC_SEM, VK_SEMAPHORE_IMPORT_TEMPORARY_BIT,
			       recv_fd(sock)));
	VK(vk_submit(&vk, vk_binary(wait), vk_copy(&vk, from.buffer, to.buffer, SIZE),
		     vk_binary(signal), 0));
	give_fd(sock, vk_semaphore_fd(&vk, signal, SYNC_SEM));
	VK(vkQueueWaitIdle(vk.queue));
	vkDestroySemaphore(vk.device, wait, NULL);
	vkDestroySemaphore(vk.device, signal, NULL);
	vk_buffer_free(&vk, &from);
	vk_buffer_free(&vk, &to);
	must_be(!vk_close(&vk));
}

TEST_F(vk, chain_through_another_process)
{
	struct child peer = peer_start("copier");
	struct vk *vk = &self->vk;
	VkSemaphore sem = vk_semaphore(vk, SYNC_SEM);
	VkFence fence = vk_fence(vk, 0, 0);
	struct vk_buffer from, to;
	struct held held;
	VkSemaphore wait = vk_held(vk, &held);
	int file;

	vk_buffer(vk, &from, SIZE, DMA_BUF_MEMORY);
	vk_buffer(vk, &to, SIZE, DMA_BUF_MEMORY);
	words_set(from.map, SIZE, 0);
	words_set(to.map, SIZE, 0);
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, vk_binary(wait),
					vk_fill(vk, from.buffer, SIZE, 0x71), vk_binary(sem), 0));
	give_fd(peer.sock, vk_memory_fd(vk, from.memory, DMA_BUF_MEMORY));
	give_fd(peer.sock, vk_memory_fd(vk, to.memory, DMA_BUF_MEMORY));
	give_fd(peer.sock, vk_semaphore_fd(vk, sem, SYNC_SEM));
	/* All is submitted, here and there; nothing has run. */
	file = recv_fd(peer.sock);
	EXPECT_TRUE(stays_pending(file));
	EXPECT_TRUE(words_are(to.map, SIZE, 0));
	ASSERT_EQ(VK_SUCCESS, vk_fence_import(vk, fence, SYNC_FENCE,
					      VK_FENCE_IMPORT_TEMPORARY_BIT, file));
	held_release(&held, 0);
	EXPECT_EQ(VK_SUCCESS, vk_fence_wait(vk, fence));
	EXPECT_TRUE(words_are(to.map, SIZE, 0x71));
	EXPECT_EQ(0, child_join(&peer));
	ASSERT_EQ(VK_SUCCESS, vkQueueWaitIdle(vk->queue));
	vkDestroyFence(vk->device, fence, NULL);
	vkDestroySemaphore(vk->device, sem, NULL);
	vkDestroySemaphore(vk->device, wait, NULL);
	vk_buffer_free(vk, &from);
	vk_buffer_free(vk, &to);
	held_close(&held);
}

/*
 * To export what a held submit signals is misuse, as what that waits for must have
 * been submitted too. Yet it neither hangs nor says that it is done.
 */
TEST_F(vk, of_a_submit_that_is_held)
{
	struct vk *vk = &self->vk;
	VkSemaphore sem = vk_semaphore(vk, SYNC_SEM), gate = vk_timeline(vk, 0, 0);
	VkFence fence = vk_fence(vk, 0, 0);
	int file;

	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, vk_point(gate, 1), NULL, vk_binary(sem), 0));
	vk->quiet = true;
	file = vk_semaphore_fd(vk, sem, SYNC_SEM);
	vk->quiet = false;
	EXPECT_TRUE(stays_pending(file));
	vk_signal(vk, gate, 1);
	EXPECT_EQ(1, settle(file));
	close(file);
	VK(vkQueueWaitIdle(vk->queue));
	/* It was reset, so it can be signalled and waited for again. */
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, VK_NOTHING, NULL, vk_binary(sem), 0));
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, vk_binary(sem), NULL, VK_NOTHING, fence));
	EXPECT_EQ(VK_SUCCESS, vk_fence_wait(vk, fence));
	vkDestroyFence(vk->device, fence, NULL);
	vkDestroySemaphore(vk->device, sem, NULL);
	vkDestroySemaphore(vk->device, gate, NULL);
}

/* Signalled, waited for and signalled again, all of it held: the file is the latter's. */
TEST_F(vk, of_the_last_of_held_submits)
{
	struct vk *vk = &self->vk;
	VkSemaphore sem = vk_semaphore(vk, SYNC_SEM | OPAQUE_SEM), gate = vk_timeline(vk, 0, 0);
	int file;

	/* As above. Shared, it is one payload for all of them. */
	vk->quiet = true;
	close(vk_semaphore_fd(vk, sem, OPAQUE_SEM));
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, vk_point(gate, 1), NULL, vk_binary(sem), 0));
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, vk_binary(sem), NULL, VK_NOTHING, 0));
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, vk_point(gate, 2), NULL, vk_binary(sem), 0));
	file = vk_semaphore_fd(vk, sem, SYNC_SEM);
	vk_signal(vk, gate, 1);
	EXPECT_TRUE(stays_pending(file));
	vk_signal(vk, gate, 2);
	EXPECT_EQ(1, settle(file));
	close(file);
	VK(vkQueueWaitIdle(vk->queue));
	vkDestroySemaphore(vk->device, sem, NULL);
	vkDestroySemaphore(vk->device, gate, NULL);
}

/* The first signal has come, and what waits for it is held; the file is of the second. */
TEST_F(vk, of_a_held_submit_after_another)
{
	struct vk *vk = &self->vk;
	VkSemaphore sem = vk_semaphore(vk, SYNC_SEM | OPAQUE_SEM), gate = vk_timeline(vk, 0, 0);
	VkFence first = vk_fence(vk, 0, 0);
	int file;

	vk->quiet = true;
	close(vk_semaphore_fd(vk, sem, OPAQUE_SEM));
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, vk_point(gate, 1), NULL, vk_binary(sem), first));
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, vk_point(gate, 2), NULL, VK_NOTHING, 0));
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, vk_binary(sem), NULL, VK_NOTHING, 0));
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, VK_NOTHING, NULL, vk_binary(sem), 0));
	vk_signal(vk, gate, 1);
	ASSERT_EQ(VK_SUCCESS, vk_fence_wait(vk, first));
	file = vk_semaphore_fd(vk, sem, SYNC_SEM);
	EXPECT_TRUE(stays_pending(file));
	vk_signal(vk, gate, 2);
	EXPECT_EQ(1, settle(file));
	close(file);
	VK(vkQueueWaitIdle(vk->queue));
	vkDestroyFence(vk->device, first, NULL);
	vkDestroySemaphore(vk->device, sem, NULL);
	vkDestroySemaphore(vk->device, gate, NULL);
}

VK_HARNESS_MAIN({ "copier", copier },)

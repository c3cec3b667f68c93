// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: binary semaphores exported as OPAQUE_FD
 *
 * Catches a shim whose fd is of a copy, so that the other process's wait does not
 * wait, or never ends, or does not take the signal from this one; whose fd is no
 * drm_syncobj, for clients take it for one; that runs what waits before what it
 * waits for; that cannot be used in both directions again and again.
 */
#include <fcntl.h>
#include <unistd.h>

#include "fixture.h"

#define SIZE	(4 * PAGE)
#define ROUNDS	5

/* Waits for the semaphore on its own queue, copies, and signals the other one. */
static void partner(int sock)
{
	VkSemaphore ping, pong;
	struct vk_buffer from, to;
	VkFence fence;
	struct vk vk;

	vk_open(&vk);
	ping = vk_semaphore(&vk, 0);
	pong = vk_semaphore(&vk, 0);
	VK(vk_semaphore_import(&vk, ping, OPAQUE_SEM, 0, recv_fd(sock)));
	VK(vk_semaphore_import(&vk, pong, OPAQUE_SEM, 0, recv_fd(sock)));
	VK(vk_buffer_import(&vk, &from, SIZE, OPAQUE_MEMORY, recv_fd(sock)));
	VK(vk_buffer_import(&vk, &to, SIZE, OPAQUE_MEMORY, recv_fd(sock)));
	fence = vk_fence(&vk, 0, 0);
	while (!recv_word(sock)) {
		VK(vk_submit(&vk, vk_binary(ping), vk_copy(&vk, from.buffer, to.buffer, SIZE),
			     vk_binary(pong), fence));
		must_be(vkGetFenceStatus(vk.device, fence) == VK_NOT_READY);
		send_word(sock, 0);
		must_be(recv_word(sock) == 0);
		VK(vk_fence_wait(&vk, fence));
		VK(vkResetFences(vk.device, 1, &fence));
		send_word(sock, 0);
	}
	vkDestroyFence(vk.device, fence, NULL);
	vkDestroySemaphore(vk.device, ping, NULL);
	vkDestroySemaphore(vk.device, pong, NULL);
	vk_buffer_free(&vk, &from);
	vk_buffer_free(&vk, &to);
	must_be(!vk_close(&vk));
}

TEST_F(vk, ping_pong_between_processes)
{
	struct child peer = peer_start("partner");
	struct vk *vk = &self->vk;
	VkSemaphore ping = vk_semaphore(vk, OPAQUE_SEM), pong = vk_semaphore(vk, OPAQUE_SEM);
	VkSemaphore gate = vk_timeline(vk, 0, 0);
	VkFence fence = vk_fence(vk, 0, 0);
	struct vk_buffer from, to, copy;

	vk_buffer(vk, &from, SIZE, OPAQUE_MEMORY);
	vk_buffer(vk, &to, SIZE, OPAQUE_MEMORY);
	vk_buffer(vk, &copy, SIZE, 0);
	words_set(from.map, SIZE, 0);
	give_fd(peer.sock, vk_semaphore_fd(vk, ping, OPAQUE_SEM));
	give_fd(peer.sock, vk_semaphore_fd(vk, pong, OPAQUE_SEM));
	give_fd(peer.sock, vk_memory_fd(vk, from.memory, OPAQUE_MEMORY));
	give_fd(peer.sock, vk_memory_fd(vk, to.memory, OPAQUE_MEMORY));

	for (uint32_t round = 1; round <= ROUNDS; round++) {
		ASSERT_EQ(VK_SUCCESS,
			  vk_submit(vk, vk_point(gate, round),
				    vk_fill(vk, from.buffer, SIZE, round), vk_binary(ping), 0));
		send_word(peer.sock, 0);
		ASSERT_EQ(0, recv_word(peer.sock));
		ASSERT_EQ(VK_SUCCESS,
			  vk_submit(vk, vk_binary(pong), vk_copy(vk, to.buffer, copy.buffer, SIZE),
				    VK_NOTHING, fence));
		EXPECT_EQ(VK_NOT_READY, vkGetFenceStatus(vk->device, fence));
		EXPECT_TRUE(words_are(from.map, SIZE, round - 1));
		vk_signal(vk, gate, round);
		ASSERT_EQ(VK_SUCCESS, vk_fence_wait(vk, fence));
		EXPECT_TRUE(words_are(copy.map, SIZE, round)) TH_LOG("round %u", round);
		ASSERT_EQ(VK_SUCCESS, vkResetFences(vk->device, 1, &fence));
		send_word(peer.sock, 0);
		ASSERT_EQ(0, recv_word(peer.sock));
	}
	send_word(peer.sock, 1);
	EXPECT_EQ(0, child_join(&peer));
	vkDestroyFence(vk->device, fence, NULL);
	vkDestroySemaphore(vk->device, ping, NULL);
	vkDestroySemaphore(vk->device, pong, NULL);
	vkDestroySemaphore(vk->device, gate, NULL);
	vk_buffer_free(vk, &from);
	vk_buffer_free(vk, &to);
	vk_buffer_free(vk, &copy);
}

TEST_F(vk, is_a_syncobj)
{
	struct vk *vk = &self->vk;
	VkSemaphore sem = vk_semaphore(vk, OPAQUE_SEM);
	VkFence fence = vk_fence(vk, 0, 0);
	int device = device_open(), file;
	uint32_t syncobj = syncobj_of(device, vk_semaphore_fd(vk, sem, OPAQUE_SEM));
	struct held held;
	VkSemaphore wait = vk_held(vk, &held);

	EXPECT_EQ(-EINVAL, syncobj_state(device, syncobj, 0));
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, vk_binary(wait), NULL, vk_binary(sem), 0));
	EXPECT_EQ(-ETIME, syncobj_state(device, syncobj, 0));
	must(figment_syncobj_export_file(device, syncobj, &file));
	EXPECT_TRUE(stays_pending(file));
	held_release(&held, 0);
	EXPECT_EQ(1, settle(file));
	EXPECT_EQ(0, syncobj_state(device, syncobj, 0));

	/* A wait takes the signal out of it. */
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, vk_binary(sem), NULL, VK_NOTHING, fence));
	EXPECT_EQ(VK_SUCCESS, vk_fence_wait(vk, fence));
	EXPECT_NE(0, syncobj_state(device, syncobj, 0));
	close(file);
	close(device);
	vkDestroyFence(vk->device, fence, NULL);
	vkDestroySemaphore(vk->device, sem, NULL);
	vkDestroySemaphore(vk->device, wait, NULL);
	held_close(&held);
}

TEST_F(vk, a_syncobjs_signal_is_waited_for)
{
	struct vk *vk = &self->vk;
	VkSemaphore sem = vk_semaphore(vk, OPAQUE_SEM);
	VkFence fence = vk_fence(vk, 0, 0);
	int device = device_open();
	uint32_t syncobj = syncobj_of(device, vk_semaphore_fd(vk, sem, OPAQUE_SEM));
	struct held held;

	held_make(&held);
	must(figment_syncobj_import_file(device, syncobj, held.file));
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, vk_binary(sem), NULL, VK_NOTHING, fence));
	EXPECT_TRUE(vk_fence_pending(vk, fence));
	held_release(&held, 0);
	EXPECT_EQ(VK_SUCCESS, vk_fence_wait(vk, fence));
	close(held.file);
	close(device);
	held_close(&held);
	vkDestroyFence(vk->device, fence, NULL);
	vkDestroySemaphore(vk->device, sem, NULL);
}

TEST_F(vk, exports_are_one_payload)
{
	struct vk *vk = &self->vk;
	VkSemaphore sem = vk_semaphore(vk, OPAQUE_SEM), other = vk_semaphore(vk, 0);
	VkFence fence = vk_fence(vk, 0, 0);
	int device = device_open(), before = count_fds();
	int a = vk_semaphore_fd(vk, sem, OPAQUE_SEM), b = vk_semaphore_fd(vk, sem, OPAQUE_SEM);
	uint32_t syncobj;

	EXPECT_NE(a, b);
	EXPECT_EQ(FD_CLOEXEC, fcntl(a, F_GETFD));
	syncobj = syncobj_of(device, a);
	ASSERT_EQ(VK_SUCCESS, vk_semaphore_import(vk, other, OPAQUE_SEM, 0, b));
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, VK_NOTHING, NULL, vk_binary(sem), 0));
	EXPECT_EQ(0, syncobj_settle(device, syncobj, 0));
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, vk_binary(other), NULL, VK_NOTHING, fence));
	EXPECT_EQ(VK_SUCCESS, vk_fence_wait(vk, fence));
	EXPECT_NE(0, syncobj_state(device, syncobj, 0));
	EXPECT_EQ(before, count_fds());
	close(device);
	vkDestroyFence(vk->device, fence, NULL);
	vkDestroySemaphore(vk->device, sem, NULL);
	vkDestroySemaphore(vk->device, other, NULL);
}

TEST_F(vk, outlives_the_semaphore)
{
	struct vk *vk = &self->vk;
	VkSemaphore sem = vk_semaphore(vk, OPAQUE_SEM);
	VkFence fence = vk_fence(vk, 0, 0);
	int fd;

	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, VK_NOTHING, NULL, vk_binary(sem), 0));
	fd = vk_semaphore_fd(vk, sem, OPAQUE_SEM);
	ASSERT_EQ(VK_SUCCESS, vkQueueWaitIdle(vk->queue));
	vkDestroySemaphore(vk->device, sem, NULL);
	sem = vk_semaphore(vk, 0);
	ASSERT_EQ(VK_SUCCESS, vk_semaphore_import(vk, sem, OPAQUE_SEM, 0, fd));
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, vk_binary(sem), NULL, VK_NOTHING, fence));
	EXPECT_EQ(VK_SUCCESS, vk_fence_wait(vk, fence));
	vkDestroyFence(vk->device, fence, NULL);
	vkDestroySemaphore(vk->device, sem, NULL);
}

VK_HARNESS_MAIN({ "partner", partner },)

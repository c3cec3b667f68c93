// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: fences exported as OPAQUE_FD
 *
 * Catches a shim whose fd is a snapshot of the fence, or of a copy of it: that
 * does not follow what is submitted or reset afterwards, or what another process
 * does; whose fd is no drm_syncobj; that says signalled before the work is done;
 * whose export waits, or changes the fence; that dies with the fence.
 */
#include <fcntl.h>
#include <unistd.h>

#include "fixture.h"

enum step { PENDING, SIGNALLED, WAIT, RESET, SUBMIT, DONE };

/* Has the fence as its own, and does as it is told. */
static void watcher(int sock)
{
	VkFence fence;
	struct vk vk;

	vk_open(&vk);
	fence = vk_fence(&vk, 0, 0);
	VK(vk_fence_import(&vk, fence, OPAQUE_FENCE, 0, recv_fd(sock)));
	for (;;) {
		enum step step = recv_word(sock);

		switch (step) {
		case PENDING:
			must_be(vk_fence_pending(&vk, fence));
			break;
		case SIGNALLED:
			VK(vkGetFenceStatus(vk.device, fence));
			break;
		case WAIT:
			send_word(sock, step);
			VK(vk_fence_wait(&vk, fence));
			break;
		case RESET:
			VK(vkResetFences(vk.device, 1, &fence));
			break;
		case SUBMIT:
			VK(vk_submit(&vk, VK_NOTHING, NULL, VK_NOTHING, fence));
			VK(vkQueueWaitIdle(vk.queue));
			break;
		case DONE:
			vkDestroyFence(vk.device, fence, NULL);
			must_be(!vk_close(&vk));
			return;
		}
		send_word(sock, step);
	}
}

static void tell(struct child *peer, enum step step)
{
	send_word(peer->sock, step);
	must_be(recv_word(peer->sock) == step);
}

static struct child watch(struct vk *vk, VkFence fence)
{
	struct child peer = peer_start("watcher");
	int fd = vk_fence_fd(vk, fence, OPAQUE_FENCE);

	give_fd(peer.sock, fd);
	return peer;
}

static int leave(struct child *peer)
{
	send_word(peer->sock, DONE);
	return child_join(peer);
}

TEST_F(vk, another_process_sees_the_work_end)
{
	struct vk *vk = &self->vk;
	VkFence fence = vk_fence(vk, 0, OPAQUE_FENCE);
	struct held held;
	VkSemaphore sem = vk_held(vk, &held);
	struct child peer;

	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, vk_binary(sem), NULL, VK_NOTHING, fence));
	peer = watch(vk, fence);
	tell(&peer, PENDING);
	EXPECT_EQ(VK_NOT_READY, vkGetFenceStatus(vk->device, fence));
	/* It waits before it is let go. */
	tell(&peer, WAIT);
	EXPECT_TRUE(vk_fence_pending(vk, fence));
	held_release(&held, 0);
	ASSERT_EQ(WAIT, recv_word(peer.sock));
	tell(&peer, SIGNALLED);
	EXPECT_EQ(VK_SUCCESS, vk_fence_wait(vk, fence));
	EXPECT_EQ(0, leave(&peer));
	vkDestroyFence(vk->device, fence, NULL);
	vkDestroySemaphore(vk->device, sem, NULL);
	held_close(&held);
}

TEST_F(vk, exported_before_the_submit)
{
	struct vk *vk = &self->vk;
	VkFence fence = vk_fence(vk, 0, OPAQUE_FENCE);
	struct child peer = watch(vk, fence);

	tell(&peer, PENDING);
	tell(&peer, WAIT);
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, VK_NOTHING, NULL, VK_NOTHING, fence));
	ASSERT_EQ(WAIT, recv_word(peer.sock));
	EXPECT_EQ(VK_SUCCESS, vk_fence_wait(vk, fence));
	EXPECT_EQ(0, leave(&peer));
	vkDestroyFence(vk->device, fence, NULL);
}

TEST_F(vk, state_is_one_both_ways)
{
	struct vk *vk = &self->vk;
	VkFence fence = vk_fence(vk, VK_FENCE_CREATE_SIGNALED_BIT, OPAQUE_FENCE);
	struct child peer = watch(vk, fence);

	tell(&peer, SIGNALLED);
	ASSERT_EQ(VK_SUCCESS, vkResetFences(vk->device, 1, &fence));
	tell(&peer, PENDING);
	tell(&peer, SUBMIT);
	EXPECT_EQ(VK_SUCCESS, vk_fence_wait(vk, fence));
	EXPECT_EQ(VK_SUCCESS, vkGetFenceStatus(vk->device, fence));
	tell(&peer, RESET);
	EXPECT_EQ(VK_NOT_READY, vkGetFenceStatus(vk->device, fence));
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, VK_NOTHING, NULL, VK_NOTHING, fence));
	EXPECT_EQ(VK_SUCCESS, vk_fence_wait(vk, fence));
	tell(&peer, SIGNALLED);
	EXPECT_EQ(0, leave(&peer));
	vkDestroyFence(vk->device, fence, NULL);
}

TEST_F(vk, is_a_syncobj)
{
	struct vk *vk = &self->vk;
	VkFence fence = vk_fence(vk, 0, OPAQUE_FENCE);
	int device = device_open();
	struct held held;
	VkSemaphore sem = vk_held(vk, &held);
	uint32_t syncobj = syncobj_of(device, vk_fence_fd(vk, fence, OPAQUE_FENCE));
	int file;

	EXPECT_NE(0, syncobj_state(device, syncobj, 0));
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, vk_binary(sem), NULL, VK_NOTHING, fence));
	EXPECT_EQ(-ETIME, syncobj_state(device, syncobj, 0));
	ASSERT_EQ(0, figment_syncobj_export_file(device, syncobj, &file));
	EXPECT_TRUE(stays_pending(file));
	held_release(&held, 0);
	EXPECT_EQ(1, settle(file));
	EXPECT_EQ(0, syncobj_state(device, syncobj, 0));
	EXPECT_EQ(VK_SUCCESS, vk_fence_wait(vk, fence));

	/* And what is done to the syncobj is done to the fence. */
	ASSERT_EQ(0, figment_syncobj_reset(device, syncobj));
	EXPECT_EQ(VK_NOT_READY, vkGetFenceStatus(vk->device, fence));
	ASSERT_EQ(0, figment_syncobj_signal(device, syncobj, 0));
	EXPECT_EQ(VK_SUCCESS, vkGetFenceStatus(vk->device, fence));
	close(file);
	close(device);
	vkDestroyFence(vk->device, fence, NULL);
	vkDestroySemaphore(vk->device, sem, NULL);
	held_close(&held);
}

TEST_F(vk, export_changes_nothing)
{
	struct vk *vk = &self->vk;
	VkFence fence = vk_fence(vk, VK_FENCE_CREATE_SIGNALED_BIT, OPAQUE_FENCE);
	int before = count_fds(), a, b;

	a = vk_fence_fd(vk, fence, OPAQUE_FENCE);
	b = vk_fence_fd(vk, fence, OPAQUE_FENCE);
	EXPECT_NE(a, b);
	EXPECT_EQ(FD_CLOEXEC, fcntl(a, F_GETFD));
	EXPECT_EQ(VK_SUCCESS, vkGetFenceStatus(vk->device, fence));
	ASSERT_EQ(VK_SUCCESS, vkResetFences(vk->device, 1, &fence));
	close(vk_fence_fd(vk, fence, OPAQUE_FENCE));
	EXPECT_EQ(VK_NOT_READY, vkGetFenceStatus(vk->device, fence));
	close(a);
	close(b);
	EXPECT_EQ(before, count_fds());
	vkDestroyFence(vk->device, fence, NULL);
}

TEST_F(vk, outlives_the_fence)
{
	struct vk *vk = &self->vk;
	VkFence fence = vk_fence(vk, VK_FENCE_CREATE_SIGNALED_BIT, OPAQUE_FENCE);
	int fd = vk_fence_fd(vk, fence, OPAQUE_FENCE);

	vkDestroyFence(vk->device, fence, NULL);
	fence = vk_fence(vk, 0, 0);
	ASSERT_EQ(VK_SUCCESS, vk_fence_import(vk, fence, OPAQUE_FENCE, 0, fd));
	EXPECT_EQ(VK_SUCCESS, vkGetFenceStatus(vk->device, fence));
	vkDestroyFence(vk->device, fence, NULL);
}

VK_HARNESS_MAIN({ "watcher", watcher },)

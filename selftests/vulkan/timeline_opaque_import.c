// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: timeline semaphores imported from OPAQUE_FD
 *
 * Catches a shim whose import is a copy or keeps the old value; that cannot wait
 * for a point that has no fence yet, for one of several semaphores, or for
 * points that another client signals through the kernel; that takes the fd it
 * refuses, or leaks the one it takes.
 */
#include <unistd.h>

#include "fixture.h"

FIXTURE(import) {
	struct vk vk;
	VkSemaphore sem;
	int device;
	uint32_t syncobj;	/* the test's own, which the semaphore is */
};

FIXTURE_SETUP(import)
{
	int fd;

	vk_open(&self->vk);
	self->device = device_open();
	self->syncobj = syncobj_create(self->device);
	must(figment_syncobj_signal(self->device, self->syncobj, 10));
	must(figment_syncobj_export(self->device, self->syncobj, &fd));
	self->sem = vk_timeline(&self->vk, 3, 0);
	VK(vk_semaphore_import(&self->vk, self->sem, OPAQUE_SEM, 0, fd));
}

FIXTURE_TEARDOWN(import)
{
	if (_metadata->exit_code)
		return;
	vkDestroySemaphore(self->vk.device, self->sem, NULL);
	close(self->device);
	EXPECT_EQ(0, vk_close(&self->vk));
}

TEST_F(import, is_the_payload_itself)
{
	struct vk *vk = &self->vk;
	uint64_t value;

	EXPECT_EQ(10, vk_counter(vk, self->sem));
	EXPECT_EQ(VK_SUCCESS, vk_wait(vk, self->sem, 10, 0));
	EXPECT_EQ(VK_TIMEOUT, vk_wait(vk, self->sem, 11, 0));
	vk_signal(vk, self->sem, 12);
	must(figment_syncobj_query(self->device, self->syncobj, &value));
	EXPECT_EQ(12, value);
	must(figment_syncobj_signal(self->device, self->syncobj, 20));
	EXPECT_EQ(20, vk_counter(vk, self->sem));
}

TEST_F(import, gpu_waits_for_a_clients_point)
{
	struct vk *vk = &self->vk;
	VkFence fence = vk_fence(vk, 0, 0);
	uint32_t binary = syncobj_create(self->device);
	struct held held;

	held_make(&held);
	must(figment_syncobj_import_file(self->device, binary, held.file));
	/* Submitted before there is anything at that point, then with a fence that pends. */
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, vk_point(self->sem, 30), NULL,
					vk_point(self->sem, 31), fence));
	EXPECT_TRUE(vk_fence_pending(vk, fence));
	must(figment_syncobj_transfer(self->device, self->syncobj, 30, binary, 0));
	EXPECT_TRUE(vk_fence_pending(vk, fence));
	EXPECT_EQ(10, vk_counter(vk, self->sem));
	held_release(&held, 0);
	EXPECT_EQ(VK_SUCCESS, vk_fence_wait(vk, fence));
	EXPECT_EQ(0, syncobj_settle(self->device, self->syncobj, 31));
	EXPECT_EQ(31, vk_counter(vk, self->sem));
	ASSERT_EQ(VK_SUCCESS, vkQueueWaitIdle(vk->queue));
	close(held.file);
	held_close(&held);
	vkDestroyFence(vk->device, fence, NULL);
}

/* Waits on the host for a point, and for either of two. */
static void waiter(int sock)
{
	VkSemaphore sems[2];
	uint64_t values[2] = { 100, 50 };
	VkSemaphoreWaitInfo any = {
		.sType = VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO,
		.flags = VK_SEMAPHORE_WAIT_ANY_BIT,
		.semaphoreCount = 2,
		.pSemaphores = sems,
		.pValues = values,
	};
	VkSemaphoreWaitInfo all = any;
	struct vk vk;

	vk_open(&vk);
	sems[0] = vk_timeline(&vk, 0, 0);
	sems[1] = vk_timeline(&vk, 0, 0);
	VK(vk_semaphore_import(&vk, sems[1], OPAQUE_SEM, 0, recv_fd(sock)));
	all.flags = 0;
	must_be(vkWaitSemaphores(vk.device, &any, MOMENT_NS) == VK_TIMEOUT);
	send_word(sock, 0);
	VK(vkWaitSemaphores(vk.device, &any, LONG_NS));
	must_be(vk_counter(&vk, sems[1]) == 50);
	must_be(vkWaitSemaphores(vk.device, &all, MOMENT_NS) == VK_TIMEOUT);
	vk_signal(&vk, sems[0], 100);
	VK(vkWaitSemaphores(vk.device, &all, UINT64_MAX));
	vkDestroySemaphore(vk.device, sems[0], NULL);
	vkDestroySemaphore(vk.device, sems[1], NULL);
	must_be(!vk_close(&vk));
}

TEST_F(import, waits_for_any_and_for_all)
{
	struct child peer = peer_start("waiter");
	int fd;

	must(figment_syncobj_export(self->device, self->syncobj, &fd));
	give_fd(peer.sock, fd);
	ASSERT_EQ(0, recv_word(peer.sock));
	vk_signal(&self->vk, self->sem, 50);
	EXPECT_EQ(0, child_join(&peer));
}

TEST_F(import, takes_the_fd)
{
	struct vk *vk = &self->vk;
	VkSemaphore sem = vk_timeline(vk, 0, 0);
	int before = count_fds(), fd;

	must(figment_syncobj_export(self->device, self->syncobj, &fd));
	ASSERT_EQ(VK_SUCCESS, vk_semaphore_import(vk, sem, OPAQUE_SEM, 0, fd));
	vkDestroySemaphore(vk->device, sem, NULL);
	EXPECT_FALSE(fd_is_open(fd));
	EXPECT_EQ(before, count_fds());
	/* It was one of two that the payload has here. */
	EXPECT_EQ(10, vk_counter(vk, self->sem));
}

TEST_F(import, refuses_what_is_not_a_syncobj)
{
	struct vk *vk = &self->vk;

	vk->quiet = true;
	for (int kind = 0; kind < WRONG_FDS; kind++) {
		int fd = wrong_fd(kind);

		if (kind == WRONG_SYNCOBJ)
			continue;
		EXPECT_EQ(VK_ERROR_INVALID_EXTERNAL_HANDLE,
			  vk_semaphore_import(vk, self->sem, OPAQUE_SEM, 0, fd))
			TH_LOG("imported %s", wrong_name(kind));
		EXPECT_EQ(kind != WRONG_CLOSED, fd_is_open(fd))
			TH_LOG("closed %s", wrong_name(kind));
		close(fd);
	}
	EXPECT_EQ(10, vk_counter(vk, self->sem));
}

VK_HARNESS_MAIN({ "waiter", waiter },)

// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: timeline semaphores exported as OPAQUE_FD
 *
 * Catches a shim whose fd is of a copy of the value; whose waits know of this
 * process's signals only, the host's or the GPU's, or need the signal to be
 * submitted before the wait; that counts a point as reached when it is submitted;
 * whose fd is no drm_syncobj with points; that loses the initial value.
 */
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "fixture.h"

enum step { VALUE, WAIT, SIGNAL, SUBMIT_WAIT, SUBMIT_SIGNAL, IDLE, DONE };

/* Each step is a word and a value; the answer is a word. */
static void partner(int sock)
{
	VkSemaphore sem;
	struct vk vk;

	vk_open(&vk);
	sem = vk_timeline(&vk, 0, 0);
	VK(vk_semaphore_import(&vk, sem, OPAQUE_SEM, 0, recv_fd(sock)));
	for (;;) {
		enum step step = recv_word(sock);
		uint64_t value = recv_word(sock), answer = 0;

		switch (step) {
		case VALUE:
			answer = vk_counter(&vk, sem);
			break;
		case WAIT:
			/* Once to say that it is about to, and once when it has. */
			must_be(vk_wait(&vk, sem, value, MOMENT_NS) == VK_TIMEOUT);
			send_word(sock, 0);
			VK(vk_wait(&vk, sem, value, LONG_NS));
			break;
		case SIGNAL:
			vk_signal(&vk, sem, value);
			break;
		case SUBMIT_WAIT:
			VK(vk_submit(&vk, vk_point(sem, value), NULL, VK_NOTHING, 0));
			break;
		case SUBMIT_SIGNAL:
			/*
			 * The validation layer compares it, too late, with what others
			 * have signalled upon it.
			 */
			vk.quiet = true;
			VK(vk_submit(&vk, VK_NOTHING, NULL, vk_point(sem, value), 0));
			break;
		case IDLE:
			VK(vkQueueWaitIdle(vk.queue));
			break;
		case DONE:
			vkDestroySemaphore(vk.device, sem, NULL);
			must_be(!vk_close(&vk));
			return;
		}
		send_word(sock, answer);
	}
}

static void step(struct child *peer, enum step step, uint64_t value)
{
	send_word(peer->sock, step);
	send_word(peer->sock, value);
}

static uint64_t ask(struct child *peer, enum step what, uint64_t value)
{
	step(peer, what, value);
	return recv_word(peer->sock);
}

static struct child join(struct vk *vk, VkSemaphore sem)
{
	struct child peer = peer_start("partner");
	int fd = vk_semaphore_fd(vk, sem, OPAQUE_SEM);

	give_fd(peer.sock, fd);
	return peer;
}

static int leave(struct child *peer)
{
	step(peer, DONE, 0);
	return child_join(peer);
}

TEST_F(vk, host_signal_frees_a_wait_elsewhere)
{
	struct vk *vk = &self->vk;
	VkSemaphore sem = vk_timeline(vk, 7, OPAQUE_SEM);
	struct child peer = join(vk, sem);

	EXPECT_EQ(7, ask(&peer, VALUE, 0));
	EXPECT_EQ(0, ask(&peer, WAIT, 9));
	vk_signal(vk, sem, 8);
	EXPECT_EQ(8, vk_counter(vk, sem));
	EXPECT_EQ(VK_TIMEOUT, vk_wait(vk, sem, 9, 0));
	EXPECT_TRUE(!wait_poll(peer.sock, POLLIN, MOMENT_MS));
	/* A value beyond the awaited one will do. */
	vk_signal(vk, sem, 10);
	EXPECT_EQ(0, recv_word(peer.sock));
	EXPECT_EQ(10, ask(&peer, VALUE, 0));
	EXPECT_EQ(0, ask(&peer, SIGNAL, 11));
	EXPECT_EQ(11, vk_counter(vk, sem));
	EXPECT_EQ(VK_SUCCESS, vk_wait(vk, sem, 11, 0));
	EXPECT_EQ(0, leave(&peer));
	vkDestroySemaphore(vk->device, sem, NULL);
}

TEST_F(vk, gpu_signal_is_seen_elsewhere)
{
	struct vk *vk = &self->vk;
	VkSemaphore sem = vk_timeline(vk, 0, OPAQUE_SEM);
	struct child peer = join(vk, sem);
	struct held held;
	VkSemaphore wait = vk_held(vk, &held);

	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, vk_binary(wait), NULL, vk_point(sem, 3), 0));
	/* That it is on its way is not that it is there. */
	EXPECT_EQ(0, ask(&peer, VALUE, 0));
	EXPECT_EQ(0, vk_counter(vk, sem));
	EXPECT_EQ(0, ask(&peer, WAIT, 3));
	held_release(&held, 0);
	EXPECT_EQ(0, recv_word(peer.sock));
	EXPECT_EQ(3, ask(&peer, VALUE, 0));
	EXPECT_EQ(VK_SUCCESS, vk_wait(vk, sem, 3, LONG_NS));
	EXPECT_EQ(3, vk_counter(vk, sem));
	EXPECT_EQ(0, leave(&peer));
	ASSERT_EQ(VK_SUCCESS, vkQueueWaitIdle(vk->queue));
	vkDestroySemaphore(vk->device, sem, NULL);
	vkDestroySemaphore(vk->device, wait, NULL);
	held_close(&held);
}

TEST_F(vk, gpus_wait_before_the_signal)
{
	struct vk *vk = &self->vk;
	VkSemaphore sem = vk_timeline(vk, 0, OPAQUE_SEM);
	VkFence fence = vk_fence(vk, 0, 0);
	struct child peer = join(vk, sem);

	/* Here waits for there, there for here; all in one semaphore's points. */
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, vk_point(sem, 2), NULL, vk_point(sem, 3), fence));
	EXPECT_EQ(0, ask(&peer, SUBMIT_WAIT, 1));
	EXPECT_EQ(0, ask(&peer, SUBMIT_SIGNAL, 2));
	EXPECT_TRUE(vk_fence_pending(vk, fence));
	EXPECT_EQ(0, ask(&peer, VALUE, 0));
	vk_signal(vk, sem, 1);
	EXPECT_EQ(VK_SUCCESS, vk_fence_wait(vk, fence));
	EXPECT_EQ(3, ask(&peer, VALUE, 0));
	EXPECT_EQ(3, vk_counter(vk, sem));
	EXPECT_EQ(0, ask(&peer, IDLE, 0));
	EXPECT_EQ(0, leave(&peer));
	vkDestroyFence(vk->device, fence, NULL);
	vkDestroySemaphore(vk->device, sem, NULL);
}

TEST_F(vk, gpu_waits_for_another_hosts_signal)
{
	struct vk *vk = &self->vk;
	VkSemaphore sem = vk_timeline(vk, 0, OPAQUE_SEM);
	VkFence fence = vk_fence(vk, 0, 0);
	struct child peer = join(vk, sem);

	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, vk_point(sem, 5), NULL, VK_NOTHING, fence));
	EXPECT_EQ(0, ask(&peer, SIGNAL, 4));
	EXPECT_TRUE(vk_fence_pending(vk, fence));
	EXPECT_EQ(0, ask(&peer, SIGNAL, 5));
	EXPECT_EQ(VK_SUCCESS, vk_fence_wait(vk, fence));
	EXPECT_EQ(0, leave(&peer));
	ASSERT_EQ(VK_SUCCESS, vkQueueWaitIdle(vk->queue));
	vkDestroyFence(vk->device, fence, NULL);
	vkDestroySemaphore(vk->device, sem, NULL);
}

struct waiter {
	struct vk *vk;
	VkSemaphore sem;
	VkResult result;
};

static void *wait_for_five(void *arg)
{
	struct waiter *waiter = arg;

	waiter->result = vk_wait(waiter->vk, waiter->sem, 5, LONG_NS);
	return NULL;
}

/* The host may signal less than what is pending, and no value is ever taken back. */
TEST_F(vk, host_signals_below_what_is_pending)
{
	struct vk *vk = &self->vk;
	VkSemaphore sem = vk_timeline(vk, 4, 0);
	VkFence fence = vk_fence(vk, 0, 0);
	struct waiter waiter = { .vk = vk, .sem = sem };
	struct held held;
	VkSemaphore wait = vk_held(vk, &held);
	pthread_t thread;

	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, vk_binary(wait), NULL, vk_point(sem, 10), 0));
	must_be(!pthread_create(&thread, NULL, wait_for_five, &waiter));
	EXPECT_EQ(4, vk_counter(vk, sem));
	usleep(MOMENT_MS * 1000);
	vk_signal(vk, sem, 5);
	EXPECT_EQ(5, vk_counter(vk, sem));
	EXPECT_EQ(VK_SUCCESS, vk_wait(vk, sem, 4, 0));
	EXPECT_EQ(VK_SUCCESS, vk_wait(vk, sem, 5, 0));
	EXPECT_EQ(VK_TIMEOUT, vk_wait(vk, sem, 6, MOMENT_NS));
	must_be(!pthread_join(thread, NULL));
	EXPECT_EQ(VK_SUCCESS, waiter.result);
	EXPECT_EQ(5, vk_counter(vk, sem));
	held_release(&held, 0);
	EXPECT_EQ(VK_SUCCESS, vk_wait(vk, sem, 10, LONG_NS));
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, vk_point(sem, 5), NULL, vk_point(sem, 11), fence));
	EXPECT_EQ(VK_SUCCESS, vk_fence_wait(vk, fence));
	EXPECT_EQ(11, vk_counter(vk, sem));
	VK(vkQueueWaitIdle(vk->queue));
	vkDestroyFence(vk->device, fence, NULL);
	vkDestroySemaphore(vk->device, sem, NULL);
	vkDestroySemaphore(vk->device, wait, NULL);
	held_close(&held);
}

/* As compositors use it: by its points, and an eventfd. */
TEST_F(vk, is_a_syncobj_with_points)
{
	struct vk *vk = &self->vk;
	VkSemaphore sem = vk_timeline(vk, 4, OPAQUE_SEM);
	int device = device_open(), event = must_call(eventfd(0, EFD_CLOEXEC));
	uint32_t syncobj = syncobj_of(device, vk_semaphore_fd(vk, sem, OPAQUE_SEM));
	struct held held;
	VkSemaphore wait = vk_held(vk, &held);
	uint64_t value;

	must(figment_syncobj_query(device, syncobj, &value));
	EXPECT_EQ(4, value);
	EXPECT_EQ(0, syncobj_state(device, syncobj, 4));
	EXPECT_EQ(-EINVAL, syncobj_state(device, syncobj, 6));
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, vk_binary(wait), NULL, vk_point(sem, 6), 0));
	EXPECT_EQ(-ETIME, syncobj_state(device, syncobj, 6));
	if (figment_syncobj_eventfd(device, syncobj, 6, event, false)) {
		close(event);
		event = -1;	/* A kernel before 6.6. */
	} else {
		EXPECT_FALSE(can_poll(event, POLLIN));
	}
	held_release(&held, 0);
	EXPECT_EQ(0, syncobj_settle(device, syncobj, 6));
	EXPECT_EQ(6, vk_counter(vk, sem));
	if (event >= 0) {
		EXPECT_NE(0, wait_poll(event, POLLIN, LONG_MS) & POLLIN);
		close(event);
	}

	must(figment_syncobj_signal(device, syncobj, 8));
	EXPECT_EQ(8, vk_counter(vk, sem));
	EXPECT_EQ(VK_SUCCESS, vk_wait(vk, sem, 8, 0));
	close(device);
	ASSERT_EQ(VK_SUCCESS, vkQueueWaitIdle(vk->queue));
	vkDestroySemaphore(vk->device, sem, NULL);
	vkDestroySemaphore(vk->device, wait, NULL);
	held_close(&held);
}

TEST_F(vk, outlives_the_semaphore)
{
	struct vk *vk = &self->vk;
	VkSemaphore sem = vk_timeline(vk, 2, OPAQUE_SEM);
	int fd;

	vk_signal(vk, sem, 5);
	fd = vk_semaphore_fd(vk, sem, OPAQUE_SEM);
	vkDestroySemaphore(vk->device, sem, NULL);
	sem = vk_timeline(vk, 0, 0);
	ASSERT_EQ(VK_SUCCESS, vk_semaphore_import(vk, sem, OPAQUE_SEM, 0, fd));
	EXPECT_EQ(5, vk_counter(vk, sem));
	vkDestroySemaphore(vk->device, sem, NULL);
}

VK_HARNESS_MAIN({ "partner", partner },)

// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: faults that FIGMENT_FAULT injects
 *
 * Each program that suffers is a peer, as any Vulkan program might be: it knows
 * nothing of it.
 *
 * Catches a shim that does not hand faults on to its queues, or counts their jobs
 * otherwise; that takes a failed job for done, or waits for one that hangs for
 * ever; that is idle before its fences are; whose device fails and takes others'
 * along; that leaves out one of FIGMENT_FAULT's words.
 */
#include <errno.h>
#include <unistd.h>

#include "fixture.h"

#define SIZE		(2 * PAGE)
#define DELAY_NS	400000000ull

static int run_with(char *fault, const char *role)
{
	struct child peer = peer_start_env(role, (char *[]){ fault, NULL });

	return child_join(&peer);
}

/* Fences are late; but what was done was done before, and idle means signalled. */
static void late(int sock)
{
	VkSemaphore sem;
	uint64_t since;
	VkFence fence;
	struct vk vk;
	int file;

	vk_open(&vk);
	fence = vk_fence(&vk, 0, 0);
	sem = vk_semaphore(&vk, SYNC_SEM);
	since = now_ns();
	VK(vk_submit(&vk, VK_NOTHING, NULL, vk_binary(sem), fence));
	file = vk_semaphore_fd(&vk, sem, SYNC_SEM);
	must_be(pending(file));
	must_be(vkGetFenceStatus(vk.device, fence) == VK_NOT_READY);
	must_be(settle(file) == 1);
	must_be(now_ns() - since >= DELAY_NS);
	VK(vk_fence_wait(&vk, fence));
	VK(vkResetFences(vk.device, 1, &fence));
	since = now_ns();
	VK(vk_submit(&vk, VK_NOTHING, NULL, VK_NOTHING, fence));
	VK(vkQueueWaitIdle(vk.queue));
	must_be(now_ns() - since >= DELAY_NS);
	VK(vkGetFenceStatus(vk.device, fence));
	VK(vkResetFences(vk.device, 1, &fence));
	VK(vk_submit(&vk, VK_NOTHING, NULL, VK_NOTHING, fence));
	VK(vkDeviceWaitIdle(vk.device));
	VK(vkGetFenceStatus(vk.device, fence));
	close(file);
	vkDestroyFence(vk.device, fence, NULL);
	vkDestroySemaphore(vk.device, sem, NULL);
	must_be(!vk_close(&vk));
}

TEST(delay)
{
	EXPECT_EQ(0, run_with("FIGMENT_FAULT=delay=400ms", "late"));
	EXPECT_EQ(0, run_with("FIGMENT_FAULT=delay=400000us,jitter=50ms,seed=7", "late"));
}

/*
 * What the kernel draws for a queue's first job: of jitter=2400ms it is, before and
 * after running together, 4.695 s with seed 12, and 0.440 s without a seed.
 */
#define DRAWN_NS	4690000000ull

static void drawn(int sock)
{
	uint64_t since;
	VkFence fence;
	struct vk vk;

	vk_open(&vk);
	fence = vk_fence(&vk, 0, 0);
	since = now_ns();
	VK(vk_submit(&vk, VK_NOTHING, NULL, VK_NOTHING, fence));
	VK(vk_fence_wait(&vk, fence));
	must_be(now_ns() - since >= DRAWN_NS);
	vkDestroyFence(vk.device, fence, NULL);
	must_be(!vk_close(&vk));
}

TEST(jitter_is_as_its_seed_has_it)
{
	EXPECT_EQ(0, run_with("FIGMENT_FAULT=jitter=2400ms,seed=12", "drawn"));
}

/* Begins late. */
static void late_start(int sock)
{
	struct vk_buffer buf;
	uint64_t since;
	struct vk vk;

	vk_open(&vk);
	vk_buffer(&vk, &buf, SIZE, 0);
	words_set(buf.map, SIZE, 0);
	since = now_ns();
	VK(vk_submit(&vk, VK_NOTHING, vk_fill(&vk, buf.buffer, SIZE, 1), VK_NOTHING, 0));
	moment();
	must_be(now_ns() - since >= DELAY_NS || words_are(buf.map, SIZE, 0));
	VK(vkQueueWaitIdle(vk.queue));
	must_be(now_ns() - since >= DELAY_NS);
	must_be(words_are(buf.map, SIZE, 1));
	vk_buffer_free(&vk, &buf);
	must_be(!vk_close(&vk));
}

TEST(delay_run)
{
	EXPECT_EQ(0, run_with("FIGMENT_FAULT=delay-run=400ms", "late_start"));
}

/* Of three submits the second fails, and with it the device, but no other. */
static void failing(int sock)
{
	VkFence fences[3];
	struct vk vk, other;
	VkSemaphore sem;
	int file;

	vk_open(&vk);
	other = vk;
	vk_device(&other);
	sem = vk_semaphore(&vk, SYNC_SEM);
	for (int i = 0; i < 3; i++)
		fences[i] = vk_fence(&vk, 0, 0);
	VK(vk_submit(&vk, VK_NOTHING, NULL, VK_NOTHING, fences[0]));
	VK(vk_fence_wait(&vk, fences[0]));
	VK(vk_submit(&vk, VK_NOTHING, NULL, vk_binary(sem), fences[1]));
	file = vk_semaphore_fd(&vk, sem, SYNC_SEM);
	must_be(vk_fence_wait(&vk, fences[1]) == VK_ERROR_DEVICE_LOST);
	must_be(settle(file) == -(int)recv_word(sock));
	close(file);
	must_be(vk_submit(&vk, VK_NOTHING, NULL, VK_NOTHING, fences[2]) == VK_ERROR_DEVICE_LOST);
	must_be(vkQueueWaitIdle(vk.queue) == VK_ERROR_DEVICE_LOST);
	for (int i = 0; i < 3; i++)
		vkDestroyFence(vk.device, fences[i], NULL);
	vkDestroySemaphore(vk.device, sem, NULL);
	vkDestroyCommandPool(vk.device, vk.pool, NULL);
	vkDestroyDevice(vk.device, NULL);

	/* Its first is as good as the other's was. */
	fences[0] = vk_fence(&other, 0, 0);
	VK(vk_submit(&other, VK_NOTHING, NULL, VK_NOTHING, fences[0]));
	VK(vk_fence_wait(&other, fences[0]));
	vkDestroyFence(other.device, fences[0], NULL);
	vk_close(&other);
}

static int run_failing(char *fault, int error)
{
	struct child peer = peer_start_env("failing", (char *[]){ fault, NULL });

	send_word(peer.sock, error);
	return child_join(&peer);
}

TEST(fail)
{
	EXPECT_EQ(0, run_failing("FIGMENT_FAULT=fail=2", EIO));
	EXPECT_EQ(0, run_failing("FIGMENT_FAULT=fail=2,error=28", ENOSPC));
}

/* The second submit never ends; the watchdog does. */
static void hanging(int sock)
{
	VkFence fence;
	struct vk vk;
	uint64_t since;

	vk_open(&vk);
	fence = vk_fence(&vk, 0, 0);
	VK(vk_submit(&vk, VK_NOTHING, NULL, VK_NOTHING, 0));
	VK(vkQueueWaitIdle(vk.queue));
	since = now_ns();
	VK(vk_submit(&vk, VK_NOTHING, NULL, VK_NOTHING, fence));
	must_be(vkWaitForFences(vk.device, 1, &fence, VK_TRUE, UINT64_MAX) ==
		VK_ERROR_DEVICE_LOST);
	/* Ten seconds, unless the operator says otherwise. */
	must_be(now_ns() - since >= 900000000ull);
	must_be(vkDeviceWaitIdle(vk.device) == VK_ERROR_DEVICE_LOST);
	vkDestroyFence(vk.device, fence, NULL);
	vkDestroyCommandPool(vk.device, vk.pool, NULL);
	vkDestroyDevice(vk.device, NULL);
	vk.device = NULL;
	vk_close(&vk);
}

/*
 * A fence is exported from a submit that is held and stays so: the file's end is the
 * watchdog's, as of anything that waits for a program; the device's is not.
 */
static void forgotten(int sock)
{
	VkSemaphore gate;
	VkFence fence;
	struct vk vk;
	int file;

	vk_open(&vk);
	fence = vk_fence(&vk, 0, SYNC_FENCE);
	gate = vk_timeline(&vk, 0, 0);
	VK(vk_submit(&vk, vk_point(gate, 1), NULL, VK_NOTHING, fence));
	/* The validation layer takes an export for the end of the work. */
	vk.quiet = true;
	file = vk_fence_fd(&vk, fence, SYNC_FENCE);
	must_be(stays_pending(file));
	must_be(settle(file) == -ETIMEDOUT);
	close(file);
	vk_signal(&vk, gate, 1);
	VK(vkQueueWaitIdle(vk.queue));
	vkDestroyFence(vk.device, fence, NULL);
	vkDestroySemaphore(vk.device, gate, NULL);
	must_be(!vk_close(&vk));
}

TEST(what_the_watchdog_ends)
{
	if (is_root())
		module_reload("job_timeout_ms=2000");
	EXPECT_EQ(0, run_with("FIGMENT_FAULT=hang=2", "hanging"));
	EXPECT_EQ(0, run_with("FIGMENT_FAULT=", "forgotten"));
}

int main(int argc, char **argv)
{
	static const struct role roles[] = {
		{ "late", late }, { "drawn", drawn }, { "late_start", late_start },
		{ "failing", failing },
		{ "hanging", hanging }, { "forgotten", forgotten }, { 0 }
	};

	peer_main(roles, argc, argv);
	require_device();
	if (is_root())
		module_restore_at_exit();
	vk_prepare();
	return test_harness_run(argc, argv);
}

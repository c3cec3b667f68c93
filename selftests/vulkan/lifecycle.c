// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: what stays behind, and what happens when a process goes
 *
 * Catches a shim that leaks fds, handles or threads, when things go well or when
 * they fail; whose work is waited for for ever when the process that should do it
 * is gone; that lets one process's end disturb another; that goes on in a forked
 * child with queues whose threads are not there, or lets the child end the
 * parent's.
 */
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fixture.h"

#define SIZE	(4 * PAGE)
/* However often somebody wants to have it; selftests/run -t says how long it may take. */
#define A_DAY	86400

/* How often: $FIGMENT_CYCLES, of which 100000 makes a million imports of what follows. */
static int cycles(void)
{
	const char *wanted = getenv("FIGMENT_CYCLES");

	return wanted ? atoi(wanted) : 100;
}

/*
 * The next handles of each open file of a render node. A handle is the lowest number
 * that is free, so if as many are in use they are the same.
 */
static uint64_t next_handles(void)
{
	uint64_t sum = 0;

	for (int fd = 0; fd < 1024; fd++) {
		uint32_t bo, syncobj;

		if (!figment_is_figment(fd) || figment_bo_create(fd, PAGE, &bo))
			continue;
		must(figment_syncobj_create(fd, false, &syncobj));
		sum += bo + ((uint64_t)syncobj << 32);
		must(figment_syncobj_destroy(fd, syncobj));
		must(figment_bo_close(fd, bo));
	}
	return sum;
}

/* Once to let what is made on first use be made, then often, and nothing is left. */
#define EXPECT_FLAT(cycle) do { \
	uint64_t _handles; \
	int _before; \
\
	cycle; \
	moment(); \
	_before = count_fds(); \
	_handles = next_handles(); \
	for (int _i = 0; _i < cycles(); _i++) \
		cycle; \
	moment(); \
	EXPECT_EQ(_before, count_fds()) \
		TH_LOG("fds: %s", #cycle); \
	EXPECT_EQ(_handles, next_handles()) \
		TH_LOG("handles: %s", #cycle); \
} while (0)

static void cycle_memory(struct vk *vk, VkExternalMemoryHandleTypeFlagBits type, bool import)
{
	struct vk_buffer buf, other;
	int fd;

	vk_buffer(vk, &buf, SIZE, type);
	fd = vk_memory_fd(vk, buf.memory, type);
	if (import) {
		VK(vk_buffer_import(vk, &other, SIZE, type, fd));
		vk_buffer_free(vk, &buf);
		vk_buffer_free(vk, &other);
	} else {
		close(fd);
		vk_buffer_free(vk, &buf);
	}
}

TEST_F_TIMEOUT(vk, memory_leaves_nothing, A_DAY)
{
	struct vk *vk = &self->vk;
	int device = device_open();
	uint64_t used = device_param(device, DRM_FIGMENT_PARAM_MEMORY_USED);

	EXPECT_FLAT(cycle_memory(vk, OPAQUE_MEMORY, false));
	EXPECT_FLAT(cycle_memory(vk, DMA_BUF_MEMORY, false));
	EXPECT_FLAT(cycle_memory(vk, OPAQUE_MEMORY, true));
	EXPECT_FLAT(cycle_memory(vk, DMA_BUF_MEMORY, true));
	for (uint64_t until = now_ns() + LONG_NS; now_ns() < until; moment()) {
		if (device_param(device, DRM_FIGMENT_PARAM_MEMORY_USED) == used)
			break;
	}
	EXPECT_EQ(used, device_param(device, DRM_FIGMENT_PARAM_MEMORY_USED));
	close(device);
}

static void cycle_fence(struct vk *vk, VkExternalFenceHandleTypeFlagBits type,
			VkFenceImportFlags flags)
{
	VkFence fence = vk_fence(vk, VK_FENCE_CREATE_SIGNALED_BIT, type), other = vk_fence(vk, 0, 0);

	VK(vk_fence_import(vk, other, type, flags, vk_fence_fd(vk, fence, type)));
	VK(vkGetFenceStatus(vk->device, other));
	if (flags)
		VK(vkResetFences(vk->device, 1, &other));
	vkDestroyFence(vk->device, fence, NULL);
	vkDestroyFence(vk->device, other, NULL);
}

TEST_F_TIMEOUT(vk, fences_leave_nothing, A_DAY)
{
	struct vk *vk = &self->vk;

	EXPECT_FLAT(cycle_fence(vk, OPAQUE_FENCE, 0));
	EXPECT_FLAT(cycle_fence(vk, OPAQUE_FENCE, VK_FENCE_IMPORT_TEMPORARY_BIT));
	EXPECT_FLAT(cycle_fence(vk, SYNC_FENCE, VK_FENCE_IMPORT_TEMPORARY_BIT));
}

static void cycle_semaphore(struct vk *vk, VkExternalSemaphoreHandleTypeFlagBits type,
			    VkSemaphoreImportFlags flags)
{
	VkSemaphore sem = vk_semaphore(vk, type), other = vk_semaphore(vk, 0);

	VK(vk_submit(vk, VK_NOTHING, NULL, vk_binary(sem), 0));
	VK(vk_semaphore_import(vk, other, type, flags, vk_semaphore_fd(vk, sem, type)));
	VK(vk_submit(vk, vk_binary(other), NULL, VK_NOTHING, 0));
	VK(vkQueueWaitIdle(vk->queue));
	vkDestroySemaphore(vk->device, sem, NULL);
	vkDestroySemaphore(vk->device, other, NULL);
}

static void cycle_timeline(struct vk *vk)
{
	VkSemaphore sem = vk_timeline(vk, 1, OPAQUE_SEM), other = vk_timeline(vk, 0, 0);

	VK(vk_semaphore_import(vk, other, OPAQUE_SEM, 0, vk_semaphore_fd(vk, sem, OPAQUE_SEM)));
	vk_signal(vk, sem, 2);
	VK(vk_wait(vk, other, 2, 0));
	vkDestroySemaphore(vk->device, sem, NULL);
	vkDestroySemaphore(vk->device, other, NULL);
}

/* An export of what is held needs a queue and a thread for a while. */
static void cycle_held(struct vk *vk)
{
	VkSemaphore gate = vk_timeline(vk, 0, 0);
	VkFence fence = vk_fence(vk, 0, SYNC_FENCE);
	int file;

	VK(vk_submit(vk, vk_point(gate, 1), NULL, VK_NOTHING, fence));
	/* The validation layer takes an export for the end of the work. */
	vk->quiet = true;
	file = vk_fence_fd(vk, fence, SYNC_FENCE);
	vk_signal(vk, gate, 1);
	must_be(settle(file) == 1);
	close(file);
	VK(vkQueueWaitIdle(vk->queue));
	vkDestroyFence(vk->device, fence, NULL);
	vkDestroySemaphore(vk->device, gate, NULL);
}

TEST_F_TIMEOUT(vk, semaphores_leave_nothing, A_DAY)
{
	struct vk *vk = &self->vk;

	EXPECT_FLAT(cycle_semaphore(vk, OPAQUE_SEM, 0));
	EXPECT_FLAT(cycle_semaphore(vk, OPAQUE_SEM, VK_SEMAPHORE_IMPORT_TEMPORARY_BIT));
	EXPECT_FLAT(cycle_semaphore(vk, SYNC_SEM, VK_SEMAPHORE_IMPORT_TEMPORARY_BIT));
	EXPECT_FLAT(cycle_timeline(vk));
	EXPECT_FLAT(cycle_held(vk));
}

static void cycle_failures(struct vk *vk, VkFence fence, VkSemaphore sem, int fd)
{
	VkDeviceMemory memory;

	must_be(vk_allocate(vk, SIZE, 0, OPAQUE_MEMORY, fd, &memory));
	must_be(vk_allocate(vk, SIZE, 0, DMA_BUF_MEMORY, fd, &memory));
	must_be(vk_fence_import(vk, fence, OPAQUE_FENCE, 0, fd));
	must_be(vk_fence_import(vk, fence, SYNC_FENCE, VK_FENCE_IMPORT_TEMPORARY_BIT, fd));
	must_be(vk_semaphore_import(vk, sem, OPAQUE_SEM, 0, fd));
	must_be(vk_semaphore_import(vk, sem, SYNC_SEM, VK_SEMAPHORE_IMPORT_TEMPORARY_BIT, fd));
	must_be(fd_is_open(fd));
}

TEST_F_TIMEOUT(vk, failures_leave_nothing, A_DAY)
{
	struct vk *vk = &self->vk;
	VkFence fence = vk_fence(vk, 0, 0);
	VkSemaphore sem = vk_semaphore(vk, 0);
	int fd = wrong_fd(WRONG_EVENTFD);

	vk->quiet = true;
	EXPECT_FLAT(cycle_failures(vk, fence, sem, fd));
	close(fd);
	vkDestroyFence(vk->device, fence, NULL);
	vkDestroySemaphore(vk->device, sem, NULL);
}

/* In pages. A thread that has ended but was not joined leaves its stack, which is large. */
static long address_space(void)
{
	FILE *file = fopen("/proc/self/statm", "re");
	long pages;

	must_be(file);
	must_be(fscanf(file, "%ld", &pages) == 1);
	fclose(file);
	return pages;
}

TEST_F(vk, devices_leave_no_threads)
{
	const long stack = (8 << 20) / PAGE;
	struct vk *vk = &self->vk;
	int threads = 0, fds = 0;
	long pages = 0;

	/* Nor shall a thread get an arena of malloc's, for which as much is set aside. */
	mallopt(M_ARENA_MAX, 1);
	for (int i = 0; i < 6; i++) {
		struct vk second = *vk;
		VkSemaphore gate;

		vk_device(&second);
		EXPECT_LT(threads, count_threads());
		/* The one that holds back submits, too. */
		gate = vk_timeline(&second, 0, 0);
		VK(vk_submit(&second, vk_point(gate, 1), NULL, VK_NOTHING, 0));
		vk_signal(&second, gate, 1);
		VK(vkQueueWaitIdle(second.queue));
		vkDestroySemaphore(second.device, gate, NULL);
		vk_device_close(&second);
		if (i) {
			EXPECT_EQ(threads, count_threads());
			EXPECT_EQ(fds, count_fds());
		}
		threads = count_threads();
		fds = count_fds();
		if (i == 1)
			pages = address_space();
	}
	EXPECT_GT(pages + 4 * stack, address_space());
}

TEST_F(vk, instances_leave_nothing)
{
	int threads = 0, fds = 0;

	EXPECT_EQ(0, vk_close(&self->vk));
	for (int i = 0; i < 4; i++) {
		vk_open(&self->vk);
		vk_close(&self->vk);
		if (i) {
			EXPECT_EQ(threads, count_threads());
			EXPECT_EQ(fds, count_fds());
		}
		threads = count_threads();
		fds = count_fds();
	}
	vk_open(&self->vk);
}

/* Waits for what never comes, until it is killed. */
static void waiter(int sock)
{
	VkSemaphore sem;
	VkFence fence;
	struct vk vk;

	vk_open(&vk);
	fence = vk_fence(&vk, 0, 0);
	sem = vk_semaphore(&vk, 0);
	VK(vk_fence_import(&vk, fence, OPAQUE_FENCE, 0, recv_fd(sock)));
	VK(vk_semaphore_import(&vk, sem, SYNC_SEM, VK_SEMAPHORE_IMPORT_TEMPORARY_BIT,
			       recv_fd(sock)));
	VK(vk_submit(&vk, vk_binary(sem), NULL, VK_NOTHING, 0));
	send_word(sock, 0);
	vk_fence_wait(&vk, fence);
	must_be(!"reached");
}

TEST_F(vk, importer_is_killed_in_its_wait)
{
	struct child peer = peer_start("waiter");
	struct vk *vk = &self->vk;
	VkFence fence = vk_fence(vk, 0, OPAQUE_FENCE);
	VkSemaphore sem = vk_semaphore(vk, SYNC_SEM);
	struct held held;
	VkSemaphore wait = vk_held(vk, &held);

	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, vk_binary(wait), NULL, vk_binary(sem), fence));
	give_fd(peer.sock, vk_fence_fd(vk, fence, OPAQUE_FENCE));
	give_fd(peer.sock, vk_semaphore_fd(vk, sem, SYNC_SEM));
	ASSERT_EQ(0, recv_word(peer.sock));
	moment();
	child_kill(&peer);
	EXPECT_TRUE(vk_fence_pending(vk, fence));
	held_release(&held, 0);
	EXPECT_EQ(VK_SUCCESS, vk_fence_wait(vk, fence));
	VK(vkQueueWaitIdle(vk->queue));
	vkDestroyFence(vk->device, fence, NULL);
	vkDestroySemaphore(vk->device, sem, NULL);
	vkDestroySemaphore(vk->device, wait, NULL);
	held_close(&held);
}

/* Submits work that nobody lets go, and sends all that stands for its end. */
static void executor(int sock)
{
	struct vk vk;
	VkSemaphore file, opaque, timeline;
	VkFence fence;

	vk_open(&vk);
	file = vk_semaphore(&vk, SYNC_SEM);
	opaque = vk_semaphore(&vk, OPAQUE_SEM);
	timeline = vk_timeline(&vk, 0, OPAQUE_SEM);
	fence = vk_fence(&vk, 0, OPAQUE_FENCE);
	/* The kernel has it: it waits for a held file, not for a point to come. */
	VK(vk_semaphore_import(&vk, opaque, SYNC_SEM, VK_SEMAPHORE_IMPORT_TEMPORARY_BIT,
			       recv_fd(sock)));
	VK(vk_submit(&vk, vk_binary(opaque), NULL, vk_binary(file), 0));
	VK(vk_submit(&vk, VK_NOTHING, NULL, vk_point(timeline, 1), 0));
	VK(vk_submit(&vk, VK_NOTHING, NULL, vk_binary(opaque), fence));
	give_fd(sock, vk_semaphore_fd(&vk, file, SYNC_SEM));
	give_fd(sock, vk_semaphore_fd(&vk, timeline, OPAQUE_SEM));
	give_fd(sock, vk_semaphore_fd(&vk, opaque, OPAQUE_SEM));
	give_fd(sock, vk_fence_fd(&vk, fence, OPAQUE_FENCE));
	if (recv_word(sock))
		exit(0);
	pause();
}

static void lose_executor(struct __test_metadata *_metadata, struct vk *vk, bool by_force)
{
	struct child peer = peer_start("executor");
	VkFence theirs = vk_fence(vk, 0, 0), ours = vk_fence(vk, 0, 0);
	VkSemaphore timeline = vk_timeline(vk, 0, 0), opaque = vk_semaphore(vk, 0);
	struct held held;
	uint64_t since;
	int file;

	held_make(&held);
	send_fd(peer.sock, held.file);
	file = recv_fd(peer.sock);
	VK(vk_semaphore_import(vk, timeline, OPAQUE_SEM, 0, recv_fd(peer.sock)));
	VK(vk_semaphore_import(vk, opaque, OPAQUE_SEM, 0, recv_fd(peer.sock)));
	VK(vk_fence_import(vk, theirs, OPAQUE_FENCE, 0, recv_fd(peer.sock)));
	EXPECT_TRUE(stays_pending(file));
	EXPECT_EQ(VK_TIMEOUT, vk_wait(vk, timeline, 1, 0));
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, vk_binary(opaque), NULL, VK_NOTHING, ours));
	EXPECT_TRUE(vk_fence_pending(vk, ours));
	EXPECT_EQ(VK_NOT_READY, vkGetFenceStatus(vk->device, theirs));

	send_word(peer.sock, !by_force);
	since = now_ns();
	if (by_force) {
		child_kill(&peer);
	} else {
		EXPECT_EQ(0, child_join(&peer));
	}
	/* All ends, with an error where one can be told, long before any watchdog. */
	EXPECT_GT(0, settle(file));
	EXPECT_NE(VK_TIMEOUT, vk_wait(vk, timeline, 1, LONG_NS));
	EXPECT_NE(VK_TIMEOUT, vk_fence_wait(vk, theirs));
	EXPECT_NE(VK_TIMEOUT, vk_fence_wait(vk, ours));
	EXPECT_GT(8000000000ull, now_ns() - since);
	close(file);
	held_release(&held, 0);
	close(held.file);
	held_close(&held);

	/* It was the other's device, not this one, that was lost. */
	VK(vkQueueWaitIdle(vk->queue));
	VK(vkResetFences(vk->device, 1, &ours));
	EXPECT_EQ(VK_SUCCESS, vk_submit(vk, VK_NOTHING, NULL, VK_NOTHING, ours));
	EXPECT_EQ(VK_SUCCESS, vk_fence_wait(vk, ours));
	vkDestroyFence(vk->device, theirs, NULL);
	vkDestroyFence(vk->device, ours, NULL);
	vkDestroySemaphore(vk->device, timeline, NULL);
	vkDestroySemaphore(vk->device, opaque, NULL);
}

TEST_F(vk, executor_is_killed)
{
	lose_executor(_metadata, &self->vk, true);
}

TEST_F(vk, executor_exits_without_a_word)
{
	lose_executor(_metadata, &self->vk, false);
}

/* Signals what it sends, and is gone before anybody looks. */
static void signaller(int sock)
{
	VkSemaphore sem, timeline;
	VkFence fence;
	struct vk vk;

	vk_open(&vk);
	sem = vk_semaphore(&vk, OPAQUE_SEM);
	timeline = vk_timeline(&vk, 5, OPAQUE_SEM);
	fence = vk_fence(&vk, 0, OPAQUE_FENCE);
	VK(vk_submit(&vk, VK_NOTHING, NULL, vk_binary(sem), fence));
	VK(vk_submit(&vk, VK_NOTHING, NULL, vk_point(timeline, 6), 0));
	give_fd(sock, vk_semaphore_fd(&vk, sem, OPAQUE_SEM));
	give_fd(sock, vk_semaphore_fd(&vk, timeline, OPAQUE_SEM));
	give_fd(sock, vk_fence_fd(&vk, fence, OPAQUE_FENCE));
	VK(vkQueueWaitIdle(vk.queue));
	vkDestroyFence(vk.device, fence, NULL);
	vkDestroySemaphore(vk.device, sem, NULL);
	vkDestroySemaphore(vk.device, timeline, NULL);
	must_be(!vk_close(&vk));
}

TEST_F(vk, signals_outlive_the_signaller)
{
	struct child peer = peer_start("signaller");
	struct vk *vk = &self->vk;
	VkSemaphore sem = vk_semaphore(vk, 0), timeline = vk_timeline(vk, 0, 0);
	VkFence fence = vk_fence(vk, 0, 0), ours = vk_fence(vk, 0, 0);
	int fds[3];

	for (int i = 0; i < 3; i++)
		fds[i] = recv_fd(peer.sock);
	ASSERT_EQ(0, child_join(&peer));
	ASSERT_EQ(VK_SUCCESS, vk_semaphore_import(vk, sem, OPAQUE_SEM, 0, fds[0]));
	ASSERT_EQ(VK_SUCCESS, vk_semaphore_import(vk, timeline, OPAQUE_SEM, 0, fds[1]));
	ASSERT_EQ(VK_SUCCESS, vk_fence_import(vk, fence, OPAQUE_FENCE, 0, fds[2]));
	EXPECT_EQ(VK_SUCCESS, vkGetFenceStatus(vk->device, fence));
	EXPECT_EQ(6, vk_counter(vk, timeline));
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, vk_binary(sem), NULL, VK_NOTHING, ours));
	EXPECT_EQ(VK_SUCCESS, vk_fence_wait(vk, ours));
	VK(vkQueueWaitIdle(vk->queue));
	vkDestroyFence(vk->device, fence, NULL);
	vkDestroyFence(vk->device, ours, NULL);
	vkDestroySemaphore(vk->device, sem, NULL);
	vkDestroySemaphore(vk->device, timeline, NULL);
}

/* In the child no call waits for a thread that is not there, or ends the parent's work. */
TEST_F(vk, a_forks_child_has_lost_the_device)
{
	struct vk *vk = &self->vk;
	VkFence fence = vk_fence(vk, 0, 0), other = vk_fence(vk, 0, 0);
	struct held held;
	VkSemaphore sem = vk_held(vk, &held);
	struct vk_buffer buf;
	int status;
	pid_t pid;

	if (getenv("VK_INSTANCE_LAYERS"))
		SKIP(return, "layers need not survive a fork");
	vk_buffer(vk, &buf, SIZE, OPAQUE_MEMORY);
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, vk_binary(sem), vk_fill(vk, buf.buffer, SIZE, 1),
					VK_NOTHING, fence));
	pid = must_call(fork());
	if (!pid) {
		bool lost = vk_submit(vk, VK_NOTHING, NULL, VK_NOTHING, other) ==
				    VK_ERROR_DEVICE_LOST &&
			    vk_fence_wait(vk, fence) == VK_ERROR_DEVICE_LOST &&
			    vkQueueWaitIdle(vk->queue) == VK_ERROR_DEVICE_LOST &&
			    vkDeviceWaitIdle(vk->device) == VK_ERROR_DEVICE_LOST;

		/* Nor do these, which would be for ever. */
		alarm(LONG_MS / 1000);
		vkDestroyDevice(vk->device, NULL);
		vkDestroyInstance(vk->instance, NULL);
		_exit(!lost);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_TRUE(vk_fence_pending(vk, fence));
	held_release(&held, 0);
	EXPECT_EQ(VK_SUCCESS, vk_fence_wait(vk, fence));
	EXPECT_TRUE(words_are(buf.map, SIZE, 1));
	vkDestroyFence(vk->device, fence, NULL);
	vkDestroyFence(vk->device, other, NULL);
	vkDestroySemaphore(vk->device, sem, NULL);
	vk_buffer_free(vk, &buf);
	held_close(&held);
}

VK_HARNESS_MAIN({ "waiter", waiter }, { "executor", executor }, { "signaller", signaller },)

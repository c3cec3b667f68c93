// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: many threads, one device
 *
 * What Vulkan says an application need not synchronise, it does not: objects of one
 * device made, shared, waited for and destroyed by many threads at once, while
 * others submit to its queue (under a lock, as they must) and make and destroy
 * devices of their own.
 *
 * Catches a shim whose table, buffer counts or queues break under that; best where
 * it is built with SANITIZE=thread, to which it need not break to be caught.
 */
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "fixture.h"

#define THREADS	6
#define ROUNDS	12
#define SIZE	PAGE

struct worker {
	struct vk vk;
	pthread_mutex_t *queue_lock;
	VkSemaphore timeline;
	uint32_t number;
	int shared;		/* a dma-buf that all import */
	pthread_t thread;
};

static VkResult locked_submit(struct worker *w, struct vk_at wait, VkCommandBuffer cmd,
			      struct vk_at signal, VkFence fence)
{
	VkResult result;

	pthread_mutex_lock(w->queue_lock);
	result = vk_submit(&w->vk, wait, cmd, signal, fence);
	pthread_mutex_unlock(w->queue_lock);
	return result;
}

static void share_memory(struct worker *w, uint32_t round)
{
	uint32_t word = w->number << 16 | round;
	struct vk_buffer a, b, common;
	struct vk *vk = &w->vk;
	VkCommandBuffer cmd;
	VkFence fence = vk_fence(vk, 0, OPAQUE_FENCE);

	vk_buffer(vk, &a, SIZE, OPAQUE_MEMORY | DMA_BUF_MEMORY);
	VK(vk_buffer_import(vk, &b, SIZE, OPAQUE_MEMORY,
			    vk_memory_fd(vk, a.memory, OPAQUE_MEMORY)));
	/* The same buffer in every thread, whose handle is one. */
	VK(vk_buffer_import(vk, &common, SIZE, DMA_BUF_MEMORY, must_call(dup(w->shared))));
	cmd = vk_fill(vk, a.buffer, SIZE, word);
	VK(locked_submit(w, VK_NOTHING, cmd, VK_NOTHING, fence));
	VK(vk_fence_wait(vk, fence));
	must_be(words_are(b.map, SIZE, word));
	must_be(*(uint32_t *)common.map == 0x600d);
	vkFreeCommandBuffers(vk->device, vk->pool, 1, &cmd);
	vk_buffer_free(vk, &a);
	vk_buffer_free(vk, &common);
	vk_buffer_free(vk, &b);
	vkDestroyFence(vk->device, fence, NULL);
}

static void share_sync(struct worker *w)
{
	struct vk *vk = &w->vk;
	VkSemaphore out = vk_semaphore(vk, SYNC_SEM), in = vk_semaphore(vk, OPAQUE_SEM);
	VkSemaphore timeline = vk_timeline(vk, 0, OPAQUE_SEM), twin = vk_timeline(vk, 0, 0);
	VkFence fence = vk_fence(vk, 0, SYNC_FENCE), other = vk_fence(vk, 0, 0);

	VK(vk_semaphore_import(vk, twin, OPAQUE_SEM, 0,
			       vk_semaphore_fd(vk, timeline, OPAQUE_SEM)));
	/* Held until the other handle's signal. */
	VK(locked_submit(w, vk_point(timeline, 1), NULL, vk_point(timeline, 2), fence));
	VK(vk_fence_import(vk, other, SYNC_FENCE, VK_FENCE_IMPORT_TEMPORARY_BIT,
			   vk_fence_fd(vk, fence, SYNC_FENCE)));
	vk_signal(vk, twin, 1);
	VK(vk_wait(vk, twin, 2, LONG_NS));
	VK(vk_fence_wait(vk, other));
	VK(locked_submit(w, VK_NOTHING, NULL, vk_binary(out), VK_NULL_HANDLE));
	VK(vk_semaphore_import(vk, in, SYNC_SEM, VK_SEMAPHORE_IMPORT_TEMPORARY_BIT,
			       vk_semaphore_fd(vk, out, SYNC_SEM)));
	VK(locked_submit(w, vk_binary(in), NULL, VK_NOTHING, fence));
	VK(vk_fence_wait(vk, fence));
	vkDestroySemaphore(vk->device, out, NULL);
	vkDestroySemaphore(vk->device, in, NULL);
	vkDestroySemaphore(vk->device, timeline, NULL);
	vkDestroySemaphore(vk->device, twin, NULL);
	vkDestroyFence(vk->device, fence, NULL);
	vkDestroyFence(vk->device, other, NULL);
}

static void *work(void *arg)
{
	struct worker *w = arg;

	for (uint32_t round = 0; round < ROUNDS; round++) {
		share_memory(w, round);
		share_sync(w);
	}
	return NULL;
}

static void *make_devices(void *arg)
{
	struct worker *w = arg;

	for (int i = 0; i < 3; i++) {
		struct vk own = w->vk;
		struct vk_buffer buf;

		vk_device(&own);
		VK(vk_buffer_import(&own, &buf, SIZE, DMA_BUF_MEMORY,
				    must_call(dup(w->shared))));
		vk_run(&own, VK_NULL_HANDLE);
		vk_buffer_free(&own, &buf);
		vk_device_close(&own);
	}
	return NULL;
}

TEST_F(vk, share_and_submit)
{
	VkCommandPoolCreateInfo pool = { .sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO };
	pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static struct worker workers[THREADS + 1];
	struct vk *vk = &self->vk;
	struct vk_buffer common;

	/* The validation layer takes an export for the end of the work. */
	vk->quiet = true;
	vk_buffer(vk, &common, SIZE, DMA_BUF_MEMORY);
	words_set(common.map, SIZE, 0x600d);
	for (int i = 0; i <= THREADS; i++) {
		struct worker *w = &workers[i];

		*w = (struct worker){ .vk = *vk, .queue_lock = &lock, .number = i + 1 };
		w->shared = vk_memory_fd(vk, common.memory, DMA_BUF_MEMORY);
		VK(vkCreateCommandPool(vk->device, &pool, NULL, &w->vk.pool));
		must_be(!pthread_create(&w->thread, NULL, i == THREADS ? make_devices : work, w));
	}
	for (int i = 0; i <= THREADS; i++) {
		must_be(!pthread_join(workers[i].thread, NULL));
		vkDestroyCommandPool(vk->device, workers[i].vk.pool, NULL);
		close(workers[i].shared);
	}
	EXPECT_EQ(VK_SUCCESS, vkQueueWaitIdle(vk->queue));
	EXPECT_TRUE(words_are(common.map, SIZE, 0x600d));
	vk_buffer_free(vk, &common);
}

static void *wait_for_point(void *arg)
{
	struct worker *w = arg;

	VK(vk_wait(&w->vk, w->timeline, w->number, LONG_NS));
	return NULL;
}

/* One timeline, a waiter for each of its points, and whoever reads it meanwhile. */
TEST_F(vk, wait_for_one_timeline)
{
	struct vk *vk = &self->vk;
	VkSemaphore timeline = vk_timeline(vk, 0, 0);
	static struct worker workers[THREADS];

	for (int i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){ .vk = *vk, .number = i + 1, .timeline = timeline };
		must_be(!pthread_create(&workers[i].thread, NULL, wait_for_point, &workers[i]));
	}
	for (int i = 0; i < THREADS; i++) {
		EXPECT_EQ(i, vk_counter(vk, timeline));
		vk_signal(vk, timeline, i + 1);
		must_be(!pthread_join(workers[i].thread, NULL));
	}
	vkDestroySemaphore(vk->device, timeline, NULL);
}

VK_HARNESS_MAIN()

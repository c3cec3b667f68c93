// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: submits
 *
 * Catches a shim whose vkQueueSubmit waits, or that needs what a submit waits for
 * to be submitted before it; that reorders batches, forgets one, or reads the
 * application's arrays after the call; that signals a fence before all batches, or
 * never where there is none; that has a query of another submit wait for a closed
 * gate; whose queue is of no use after what it was made to wait for failed.
 */
#include <pthread.h>
#include <unistd.h>

#include "fixture.h"

#define SIZE	(2 * PAGE)

/* What takes long enough to be seen while it is not done. */
#define LARGE	(32 << 20)

/* Each is a word of one buffer, which a batch of its own writes. */
static VkCommandBuffer write_word(struct vk *vk, VkBuffer buffer, uint32_t index, uint32_t word)
{
	VkCommandBuffer cmd = vk_begin(vk);

	vkCmdFillBuffer(cmd, buffer, index * 4, 4, word);
	return vk_end(cmd);
}

FIXTURE(gate) {
	struct vk vk;
	VkSemaphore gate;	/* a timeline, which nobody has signalled */
	VkFence fence;
	struct vk_buffer buf;	/* all zero */
};

FIXTURE_SETUP(gate)
{
	struct vk *vk = &self->vk;

	vk_open(vk);
	self->gate = vk_timeline(vk, 0, 0);
	self->fence = vk_fence(vk, 0, 0);
	vk_buffer(vk, &self->buf, SIZE, 0);
	words_set(self->buf.map, SIZE, 0);
}

FIXTURE_TEARDOWN(gate)
{
	struct vk *vk = &self->vk;

	if (_metadata->exit_code)
		return;
	VK(vkDeviceWaitIdle(vk->device));
	vkDestroySemaphore(vk->device, self->gate, NULL);
	vkDestroyFence(vk->device, self->fence, NULL);
	vk_buffer_free(vk, &self->buf);
	EXPECT_EQ(0, vk_close(vk));
}

TEST_F(gate, submit_returns_at_once)
{
	struct vk *vk = &self->vk;
	VkTimelineSemaphoreSubmitInfo values = {
		.sType = VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO,
		.waitSemaphoreValueCount = 1,
		.pWaitSemaphoreValues = (uint64_t[]){ 1 },
	};
	VkPipelineStageFlags stage = VK_PIPELINE_STAGE_TRANSFER_BIT;
	VkCommandBuffer cmd = vk_fill(vk, self->buf.buffer, SIZE, 1);
	VkSubmitInfo info = {
		.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
		.pNext = &values,
		.waitSemaphoreCount = 1,
		.pWaitSemaphores = &self->gate,
		.pWaitDstStageMask = &stage,
		.commandBufferCount = 1,
		.pCommandBuffers = &cmd,
	};

	/* Both kinds; nobody but this thread could open the gate. */
	ASSERT_EQ(VK_SUCCESS, vkQueueSubmit(vk->queue, 1, &info, VK_NULL_HANDLE));
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, vk_point(self->gate, 2),
					vk_fill(vk, self->buf.buffer, SIZE / 2, 2), VK_NOTHING,
					self->fence));
	EXPECT_TRUE(vk_fence_pending(vk, self->fence));
	EXPECT_TRUE(words_are(self->buf.map, SIZE, 0));
	vk_signal(vk, self->gate, 1);
	EXPECT_TRUE(vk_fence_pending(vk, self->fence));
	vk_signal(vk, self->gate, 2);
	EXPECT_EQ(VK_SUCCESS, vk_fence_wait(vk, self->fence));
	EXPECT_TRUE(words_are(self->buf.map, SIZE / 2, 2));
	EXPECT_TRUE(words_are((char *)self->buf.map + SIZE / 2, SIZE / 2, 1));
}

/* What was passed in belongs to the application when the call returns. */
TEST_F(gate, nothing_is_read_later)
{
	struct vk *vk = &self->vk;
	VkSemaphore done = vk_timeline(vk, 0, 0);
	struct {
		VkSemaphoreSubmitInfo wait, signal;
		VkCommandBufferSubmitInfo cmd;
		VkSubmitInfo2 submit;
	} *info = calloc(1, sizeof(*info));

	must_be(info);
	info->wait = (VkSemaphoreSubmitInfo){
		.sType = VK_STRUCTURE_TYPE_SEMAPHORE_SUBMIT_INFO,
		.semaphore = self->gate, .value = 1,
		.stageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
	};
	info->signal = info->wait;
	info->signal.semaphore = done;
	info->signal.value = 77;
	info->cmd = (VkCommandBufferSubmitInfo){
		.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_SUBMIT_INFO,
		.commandBuffer = vk_fill(vk, self->buf.buffer, SIZE, 3),
	};
	info->submit = (VkSubmitInfo2){
		.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO_2,
		.waitSemaphoreInfoCount = 1, .pWaitSemaphoreInfos = &info->wait,
		.commandBufferInfoCount = 1, .pCommandBufferInfos = &info->cmd,
		.signalSemaphoreInfoCount = 1, .pSignalSemaphoreInfos = &info->signal,
	};
	ASSERT_EQ(VK_SUCCESS, vkQueueSubmit2(vk->queue, 1, &info->submit, self->fence));
	memset(info, 0xff, sizeof(*info));
	free(info);
	vk_signal(vk, self->gate, 1);
	EXPECT_EQ(VK_SUCCESS, vk_fence_wait(vk, self->fence));
	EXPECT_TRUE(words_are(self->buf.map, SIZE, 3));
	EXPECT_EQ(77, vk_counter(vk, done));
	vkDestroySemaphore(vk->device, done, NULL);
}

#define BATCHES	8

TEST_F(gate, batches_run_in_order)
{
	struct vk *vk = &self->vk;
	VkSubmitInfo2 infos[BATCHES] = { 0 };
	VkSemaphoreSubmitInfo waits[BATCHES] = { 0 }, signals[BATCHES] = { 0 };
	VkCommandBufferSubmitInfo cmds[2 * BATCHES] = { 0 };
	VkSemaphore steps = vk_timeline(vk, 0, 0);
	uint32_t *word = self->buf.map;

	/* Each waits for a gate of its own, and writes what the next overwrites. */
	for (int i = 0; i < BATCHES; i++) {
		waits[i] = (VkSemaphoreSubmitInfo){
			.sType = VK_STRUCTURE_TYPE_SEMAPHORE_SUBMIT_INFO,
			.semaphore = self->gate, .value = i + 1,
			.stageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
		};
		signals[i] = waits[i];
		signals[i].semaphore = steps;
		for (int k = 0; k < 2; k++)
			cmds[2 * i + k] = (VkCommandBufferSubmitInfo){
				.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_SUBMIT_INFO,
				.commandBuffer = write_word(vk, self->buf.buffer, 0,
							    2 * i + k + 1),
			};
		infos[i] = (VkSubmitInfo2){
			.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO_2,
			.waitSemaphoreInfoCount = 1, .pWaitSemaphoreInfos = &waits[i],
			.commandBufferInfoCount = 2, .pCommandBufferInfos = &cmds[2 * i],
			.signalSemaphoreInfoCount = 1, .pSignalSemaphoreInfos = &signals[i],
		};
	}
	ASSERT_EQ(VK_SUCCESS, vkQueueSubmit2(vk->queue, BATCHES, infos, self->fence));
	for (int i = 0; i < BATCHES; i++) {
		EXPECT_EQ(VK_NOT_READY, vkGetFenceStatus(vk->device, self->fence));
		EXPECT_EQ(i, vk_counter(vk, steps));
		vk_signal(vk, self->gate, i + 1);
		ASSERT_EQ(VK_SUCCESS, vk_wait(vk, steps, i + 1, LONG_NS));
		EXPECT_EQ(2 * i + 2, *word);
	}
	EXPECT_EQ(VK_SUCCESS, vk_fence_wait(vk, self->fence));
	vkDestroySemaphore(vk->device, steps, NULL);
}

/* A group of one device: its masks are ones. */
TEST_F(gate, device_masks)
{
	struct vk *vk = &self->vk;
	VkCommandBuffer cmd = write_word(vk, self->buf.buffer, 3, 0x33);
	VkSemaphore sem = vk_semaphore(vk, 0);
	VkPipelineStageFlags stage = VK_PIPELINE_STAGE_ALL_COMMANDS_BIT;
	uint32_t index = 0, mask = 1;
	VkDeviceGroupSubmitInfo group = {
		.sType = VK_STRUCTURE_TYPE_DEVICE_GROUP_SUBMIT_INFO,
		.waitSemaphoreCount = 1,
		.pWaitSemaphoreDeviceIndices = &index,
		.commandBufferCount = 1,
		.pCommandBufferDeviceMasks = &mask,
	};
	VkSubmitInfo info = {
		.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
		.pNext = &group,
		.waitSemaphoreCount = 1,
		.pWaitSemaphores = &sem,
		.pWaitDstStageMask = &stage,
		.commandBufferCount = 1,
		.pCommandBuffers = &cmd,
	};

	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, vk_point(self->gate, 1), NULL, VK_NOTHING, 0));
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, VK_NOTHING, NULL, vk_binary(sem), 0));
	/* That it waits for what is held is the layer's objection. */
	vk->quiet = true;
	ASSERT_EQ(VK_SUCCESS, vkQueueSubmit(vk->queue, 1, &info, self->fence));
	vk->quiet = false;
	EXPECT_TRUE(vk_fence_pending(vk, self->fence));
	EXPECT_TRUE(words_are(self->buf.map, SIZE, 0));
	vk_signal(vk, self->gate, 1);
	EXPECT_EQ(VK_SUCCESS, vk_fence_wait(vk, self->fence));
	EXPECT_EQ(0x33, ((uint32_t *)self->buf.map)[3]);
	VK(vkQueueWaitIdle(vk->queue));
	vkDestroySemaphore(vk->device, sem, NULL);
}

TEST_F(gate, empty_submits)
{
	struct vk *vk = &self->vk;
	VkFence second = vk_fence(vk, 0, 0);
	VkSubmitInfo none = { .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO };

	ASSERT_EQ(VK_SUCCESS, vkQueueSubmit(vk->queue, 0, NULL, VK_NULL_HANDLE));
	ASSERT_EQ(VK_SUCCESS, vkQueueSubmit2(vk->queue, 0, NULL, self->fence));
	EXPECT_EQ(VK_SUCCESS, vk_fence_wait(vk, self->fence));
	ASSERT_EQ(VK_SUCCESS, vkQueueSubmit(vk->queue, 1, &none, second));
	EXPECT_EQ(VK_SUCCESS, vk_fence_wait(vk, second));
	VK(vkResetFences(vk->device, 1, &second));
	VK(vkResetFences(vk->device, 1, &self->fence));

	/* A fence is of all that was submitted before it. */
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, vk_point(self->gate, 1),
					vk_fill(vk, self->buf.buffer, SIZE, 4), VK_NOTHING, 0));
	ASSERT_EQ(VK_SUCCESS, vkQueueSubmit(vk->queue, 0, NULL, self->fence));
	ASSERT_EQ(VK_SUCCESS, vkQueueSubmit2(vk->queue, 0, NULL, second));
	EXPECT_TRUE(vk_fence_pending(vk, self->fence));
	EXPECT_TRUE(vk_fence_pending(vk, second));
	vk_signal(vk, self->gate, 1);
	EXPECT_EQ(VK_SUCCESS, vk_fence_wait(vk, second));
	EXPECT_EQ(VK_SUCCESS, vkGetFenceStatus(vk->device, self->fence));
	EXPECT_TRUE(words_are(self->buf.map, SIZE, 4));
	vkDestroyFence(vk->device, second, NULL);
}

/* The queue cannot bind, which the layer objects to; but what binds nothing is a submit. */
TEST_F(gate, a_bind_of_nothing_waits_and_signals)
{
	struct vk *vk = &self->vk;
	uint64_t one = 1, two = 2;
	VkTimelineSemaphoreSubmitInfo values = {
		.sType = VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO,
		.waitSemaphoreValueCount = 1,
		.pWaitSemaphoreValues = &one,
		.signalSemaphoreValueCount = 1,
		.pSignalSemaphoreValues = &two,
	};
	VkSparseMemoryBind bind = { .size = SIZE };
	VkSparseBufferMemoryBindInfo binds = { self->buf.buffer, 1, &bind };
	VkBindSparseInfo infos[2] = {
		{
			.sType = VK_STRUCTURE_TYPE_BIND_SPARSE_INFO,
			.pNext = &values,
			.waitSemaphoreCount = 1,
			.pWaitSemaphores = &self->gate,
			.signalSemaphoreCount = 1,
			.pSignalSemaphores = &self->gate,
		}, {
			.sType = VK_STRUCTURE_TYPE_BIND_SPARSE_INFO,
		},
	};

	vk->quiet = true;
	infos[1].bufferBindCount = 1;
	infos[1].pBufferBinds = &binds;
	EXPECT_EQ(VK_ERROR_UNKNOWN, vkQueueBindSparse(vk->queue, 2, infos, self->fence));
	infos[1].bufferBindCount = 0;
	ASSERT_EQ(VK_SUCCESS, vkQueueBindSparse(vk->queue, 2, infos, self->fence));
	vk->quiet = false;
	EXPECT_TRUE(vk_fence_pending(vk, self->fence));
	vk_signal(vk, self->gate, 1);
	EXPECT_EQ(VK_SUCCESS, vk_fence_wait(vk, self->fence));
	EXPECT_EQ(2, vk_counter(vk, self->gate));
}

/* Work that begins and then waits for the host, as Khronos' tests have what they export. */
TEST_F(gate, files_of_work_that_waits_for_an_event)
{
	VkEventCreateInfo info = { .sType = VK_STRUCTURE_TYPE_EVENT_CREATE_INFO };
	struct vk *vk = &self->vk;
	VkSemaphore sem = vk_semaphore(vk, SYNC_SEM);
	VkFence fence = vk_fence(vk, 0, SYNC_FENCE);
	VkEvent event;

	VK(vkCreateEvent(vk->device, &info, NULL, &event));
	for (int i = 0; i < 10; i++) {
		VkCommandBuffer cmd = vk_begin(vk);
		int files[2];

		VK(vkResetEvent(vk->device, event));
		vkCmdWaitEvents(cmd, 1, &event, VK_PIPELINE_STAGE_HOST_BIT,
				VK_PIPELINE_STAGE_ALL_COMMANDS_BIT, 0, NULL, 0, NULL, 0, NULL);
		ASSERT_EQ(VK_SUCCESS,
			  vk_submit(vk, VK_NOTHING, vk_end(cmd), vk_binary(sem), fence));
		files[0] = vk_semaphore_fd(vk, sem, SYNC_SEM);
		files[1] = vk_fence_fd(vk, fence, SYNC_FENCE);
		EXPECT_TRUE(pending(files[0]));
		EXPECT_TRUE(pending(files[1]));
		VK(vkSetEvent(vk->device, event));
		for (int k = 0; k < 2; k++) {
			EXPECT_EQ(1, settle(files[k]));
			close(files[k]);
		}
		VK(vkQueueWaitIdle(vk->queue));
	}
	vkDestroyEvent(vk->device, event, NULL);
	vkDestroySemaphore(vk->device, sem, NULL);
	vkDestroyFence(vk->device, fence, NULL);
}

TEST_F(gate, idle_is_when_all_is_done)
{
	struct vk *vk = &self->vk;
	struct held held;
	VkSemaphore sem = vk_held(vk, &held);

	ASSERT_EQ(VK_SUCCESS, vkQueueWaitIdle(vk->queue));
	for (uint32_t i = 0; i < 20; i++)
		ASSERT_EQ(VK_SUCCESS,
			  vk_submit(vk, i ? VK_NOTHING : vk_binary(sem),
				    write_word(vk, self->buf.buffer, i, i + 1), VK_NOTHING, 0));
	EXPECT_TRUE(words_are(self->buf.map, SIZE, 0));
	held_release(&held, 0);
	ASSERT_EQ(VK_SUCCESS, vkQueueWaitIdle(vk->queue));
	for (uint32_t i = 0; i < 20; i++)
		EXPECT_EQ(i + 1, ((uint32_t *)self->buf.map)[i]);
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, VK_NOTHING, vk_fill(vk, self->buf.buffer, SIZE, 5),
					VK_NOTHING, 0));
	ASSERT_EQ(VK_SUCCESS, vkDeviceWaitIdle(vk->device));
	EXPECT_TRUE(words_are(self->buf.map, SIZE, 5));
	vkDestroySemaphore(vk->device, sem, NULL);
	held_close(&held);
}

static void *open_later(void *gate)
{
	FIXTURE_DATA(gate) *self = gate;

	moment();
	vk_signal(&self->vk, self->gate, 1);
	return NULL;
}

/* Nor is it while a submit is held that waits for another thread's signal. */
TEST_F(gate, idle_is_not_while_a_submit_is_held)
{
	struct vk *vk = &self->vk;
	pthread_t thread;

	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, vk_point(self->gate, 1),
					vk_fill(vk, self->buf.buffer, SIZE, 0x77), VK_NOTHING,
					self->fence));
	must_be(!pthread_create(&thread, NULL, open_later, self));
	EXPECT_EQ(VK_SUCCESS, vkQueueWaitIdle(vk->queue));
	EXPECT_TRUE(words_are(self->buf.map, SIZE, 0x77));
	EXPECT_EQ(VK_SUCCESS, vkGetFenceStatus(vk->device, self->fence));
	must_be(!pthread_join(thread, NULL));
}

TEST_F(gate, many_waits_in_one_submit)
{
	struct vk *vk = &self->vk;
	struct held held[3];
	VkSemaphoreSubmitInfo waits[5];
	VkSubmitInfo2 info = {
		.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO_2,
		.waitSemaphoreInfoCount = ARRAY_SIZE(waits),
		.pWaitSemaphoreInfos = waits,
	};

	for (size_t i = 0; i < ARRAY_SIZE(waits); i++) {
		waits[i] = (VkSemaphoreSubmitInfo){
			.sType = VK_STRUCTURE_TYPE_SEMAPHORE_SUBMIT_INFO,
			.semaphore = i < 3 ? vk_held(vk, &held[i]) : i == 3 ? self->gate :
				     vk_semaphore(vk, 0),
			.value = 1,
			.stageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
		};
	}
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, VK_NOTHING, NULL, vk_binary(waits[4].semaphore), 0));
	ASSERT_EQ(VK_SUCCESS, vkQueueSubmit2(vk->queue, 1, &info, self->fence));
	for (int i = 2; i >= 0; i--) {
		EXPECT_TRUE(vk_fence_pending(vk, self->fence));
		held_release(&held[i], 0);
	}
	EXPECT_TRUE(vk_fence_pending(vk, self->fence));
	vk_signal(vk, self->gate, 1);
	EXPECT_EQ(VK_SUCCESS, vk_fence_wait(vk, self->fence));
	VK(vkQueueWaitIdle(vk->queue));
	for (size_t i = 0; i < ARRAY_SIZE(waits); i++) {
		if (waits[i].semaphore != self->gate)
			vkDestroySemaphore(vk->device, waits[i].semaphore, NULL);
	}
	for (int i = 0; i < 3; i++)
		held_close(&held[i]);
}

/* One signals, the next waits and signals; all behind what the first waits for. */
static void submit_row(struct vk *vk, VkBuffer buffer, struct vk_at first, VkSemaphore sems[2],
		       VkFence fence)
{
	for (uint32_t i = 0; i < 10; i++)
		VK(vk_submit(vk, i ? vk_binary(sems[i % 2]) : first,
			     write_word(vk, buffer, i, i + 1), vk_binary(sems[(i + 1) % 2]), 0));
	VK(vk_submit(vk, vk_binary(sems[0]), NULL, VK_NOTHING, fence));
}

static bool row_is_written(struct vk *vk, const struct vk_buffer *buf, VkFence fence)
{
	bool all = vk_fence_wait(vk, fence) == VK_SUCCESS;

	for (uint32_t i = 0; i < 10; i++)
		all &= ((uint32_t *)buf->map)[i] == i + 1;
	return all && vkQueueWaitIdle(vk->queue) == VK_SUCCESS;
}

TEST_F(gate, binary_semaphores_in_a_row)
{
	struct vk *vk = &self->vk;
	VkSemaphore sems[2] = { vk_semaphore(vk, 0), vk_semaphore(vk, 0) };
	struct held held;
	VkSemaphore sem = vk_held(vk, &held);

	submit_row(vk, self->buf.buffer, vk_binary(sem), sems, self->fence);
	EXPECT_TRUE(vk_fence_pending(vk, self->fence));
	held_release(&held, 0);
	EXPECT_TRUE(row_is_written(vk, &self->buf, self->fence));
	vkDestroySemaphore(vk->device, sems[0], NULL);
	vkDestroySemaphore(vk->device, sems[1], NULL);
	vkDestroySemaphore(vk->device, sem, NULL);
	held_close(&held);
}

/* Vulkan does not allow this, but drivers without fences of the kernel's do. */
TEST_F(gate, binary_semaphores_behind_a_point_to_come)
{
	struct vk *vk = &self->vk;
	VkSemaphore sems[2] = { vk_semaphore(vk, 0), vk_semaphore(vk, 0) };

	vk->quiet = true;
	submit_row(vk, self->buf.buffer, vk_point(self->gate, 1), sems, self->fence);
	EXPECT_TRUE(vk_fence_pending(vk, self->fence));
	vk_signal(vk, self->gate, 1);
	EXPECT_TRUE(row_is_written(vk, &self->buf, self->fence));
	vkDestroySemaphore(vk->device, sems[0], NULL);
	vkDestroySemaphore(vk->device, sems[1], NULL);
}

TEST_F(gate, done_is_when_the_last_byte_is_there)
{
	struct vk *vk = &self->vk;
	struct vk_buffer large;
	volatile uint32_t *last;

	vk_buffer(vk, &large, LARGE, 0);
	last = (uint32_t *)((char *)large.map + LARGE) - 1;
	for (uint32_t i = 1; i <= 6; i++) {
		*last = 0;
		ASSERT_EQ(VK_SUCCESS, vk_submit(vk, VK_NOTHING, vk_fill(vk, large.buffer, LARGE, i),
						VK_NOTHING, self->fence));
		ASSERT_EQ(VK_SUCCESS, vk_fence_wait(vk, self->fence));
		ASSERT_EQ(i, *last);
		VK(vkResetFences(vk->device, 1, &self->fence));
	}
	VK(vkQueueWaitIdle(vk->queue));
	vk_buffer_free(vk, &large);
}

/* What an idle queue was to signal has been, at once and always. */
TEST_F(gate, idle_is_when_all_is_signalled)
{
	struct vk *vk = &self->vk;
	VkSemaphore done = vk_timeline(vk, 0, 0);

	for (uint32_t i = 1; i <= 60; i++) {
		VkCommandBuffer cmd = i % 3 ? write_word(vk, self->buf.buffer, 0, i) : NULL;
		VkCommandBuffer second = i % 2 ? write_word(vk, self->buf.buffer, 1, i) : NULL;

		ASSERT_EQ(VK_SUCCESS, vk_submit(vk, VK_NOTHING, cmd, vk_point(done, 2 * i), 0));
		ASSERT_EQ(VK_SUCCESS, vk_submit(vk, VK_NOTHING, second, vk_point(done, 2 * i + 1),
						self->fence));
		ASSERT_EQ(VK_SUCCESS, i % 5 ? vkQueueWaitIdle(vk->queue) :
					      vkDeviceWaitIdle(vk->device));
		ASSERT_EQ(VK_SUCCESS, vkGetFenceStatus(vk->device, self->fence));
		ASSERT_EQ(2 * i + 1, vk_counter(vk, done));
		ASSERT_EQ(VK_SUCCESS, vkResetFences(vk->device, 1, &self->fence));
	}
	vkDestroySemaphore(vk->device, done, NULL);
}

static VkQueryPool make_queries(struct vk *vk, uint32_t count)
{
	VkQueryPoolCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO,
		.queryType = VK_QUERY_TYPE_TIMESTAMP,
		.queryCount = count,
	};
	VkQueryPool pool;

	VK(vkCreateQueryPool(vk->device, &info, NULL, &pool));
	vkResetQueryPool(vk->device, pool, 0, count);
	return pool;
}

TEST_F(gate, query_results_do_not_wait)
{
	struct vk *vk = &self->vk;
	VkQueryPool pool = make_queries(vk, 2);
	VkCommandBuffer cmd = vk_begin(vk);
	uint64_t results[4] = { 11, 22, 33, 44 };

	vkCmdWriteTimestamp2(cmd, VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT, pool, 0);
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, vk_point(self->gate, 1), vk_end(cmd), VK_NOTHING, 0));
	EXPECT_EQ(VK_NOT_READY,
		  vkGetQueryPoolResults(vk->device, pool, 0, 1, 8, results, 8,
					VK_QUERY_RESULT_64_BIT));
	EXPECT_EQ(VK_NOT_READY,
		  vkGetQueryPoolResults(vk->device, pool, 0, 2, 32, results, 16,
					VK_QUERY_RESULT_64_BIT |
					VK_QUERY_RESULT_WITH_AVAILABILITY_BIT));
	EXPECT_EQ(0, results[1]);
	EXPECT_EQ(0, results[3]);
	vk_signal(vk, self->gate, 1);
	EXPECT_EQ(VK_SUCCESS,
		  vkGetQueryPoolResults(vk->device, pool, 0, 1, 16, results, 16,
					VK_QUERY_RESULT_64_BIT | VK_QUERY_RESULT_WAIT_BIT |
					VK_QUERY_RESULT_WITH_AVAILABILITY_BIT));
	EXPECT_NE(0, results[0]);
	EXPECT_NE(0, results[1]);
	VK(vkQueueWaitIdle(vk->queue));
	vkDestroyQueryPool(vk->device, pool, NULL);
}

TEST_F(gate, queue_is_of_use_after_a_failed_wait)
{
	struct vk *vk = &self->vk;
	struct held held;
	VkSemaphore sem = vk_held(vk, &held);

	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, vk_binary(sem), vk_fill(vk, self->buf.buffer, SIZE, 6),
					VK_NOTHING, self->fence));
	/* Somebody else's failure, which a GPU would not hear of. */
	held_release(&held, -EIO);
	EXPECT_EQ(VK_SUCCESS, vk_fence_wait(vk, self->fence));
	EXPECT_TRUE(words_are(self->buf.map, SIZE, 6));
	VK(vkResetFences(vk->device, 1, &self->fence));
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, VK_NOTHING, vk_fill(vk, self->buf.buffer, SIZE, 7),
					VK_NOTHING, self->fence));
	EXPECT_EQ(VK_SUCCESS, vk_fence_wait(vk, self->fence));
	EXPECT_TRUE(words_are(self->buf.map, SIZE, 7));
	vkDestroySemaphore(vk->device, sem, NULL);
	held_close(&held);
}

TEST_F(gate, many_submits)
{
	struct vk *vk = &self->vk;
	VkSemaphore done = vk_timeline(vk, 0, 0);

	for (uint32_t i = 1; i <= 500; i++)
		ASSERT_EQ(VK_SUCCESS, vk_submit(vk, VK_NOTHING, NULL, vk_point(done, i), 0));
	EXPECT_EQ(VK_SUCCESS, vk_wait(vk, done, 500, LONG_NS));
	EXPECT_EQ(500, vk_counter(vk, done));
	VK(vkQueueWaitIdle(vk->queue));
	vkDestroySemaphore(vk->device, done, NULL);
}

VK_HARNESS_MAIN()

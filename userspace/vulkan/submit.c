// SPDX-License-Identifier: MIT
/**
 * DOC: vkQueueSubmit
 *
 * Each batch becomes a job, a copy of what the batch says: what it waits for and
 * signals, as syncobjs, and its command buffers. Both forms of the call end in the
 * same few functions. Of the chains, what lavapipe could use is copied too: device
 * masks and whether it is protected.
 *
 * A wait for a binary semaphore takes its payload, at once and before the kernel
 * is asked for anything. For what is signalled next, be it by another queue or
 * another process, must neither be waited for by this job nor be lost to a reset
 * that comes too late. What is taken is the whole syncobj, for which the semaphore
 * gets another, whether it has a fence yet or its signaller is itself held (hold.c).
 * It is given back if the submit fails.
 *
 * A payload that others have too cannot be taken. Its fence is, by a syncobj of the
 * job's; if it has none yet, the job is held until that can be done.
 *
 * If a batch fails that is not the first, those before it are under way and cannot
 * be called back. Vulkan has a result for that: the device is lost.
 */
#include <stdlib.h>
#include <string.h>

#include "shim.h"

static struct job *job_alloc(uint32_t waits, uint32_t signals, uint32_t commands)
{
	struct job *job = calloc(1, sizeof(*job));

	if (!job)
		return NULL;
	job->waits = calloc(waits, sizeof(*job->waits));
	job->origins = calloc(waits, sizeof(*job->origins));
	job->signals = calloc(signals, sizeof(*job->signals));
	job->owned = calloc(signals, sizeof(*job->owned));
	job->commands = calloc(commands, sizeof(*job->commands));
	if ((waits && (!job->waits || !job->origins)) ||
	    (signals && (!job->signals || !job->owned)) ||
	    (commands && !job->commands)) {
		job_free(NULL, job);
		return NULL;
	}
	return job;
}

/* Let go of what the waits were taken as: they are submitted, or never will be. */
void job_release_waits(struct device *dev, struct job *job)
{
	for (uint32_t i = 0; i < job->wait_count; i++) {
		const struct job_origin *origin = &job->origins[i];

		if (origin->kind == WAIT_TAKEN || origin->kind == WAIT_MOVED)
			figment_syncobj_destroy(dev->fd, job->waits[i].handle);
		if (origin->kind != WAIT_TAKEN && origin->temporary)
			figment_syncobj_destroy(dev->fd, origin->temporary);
	}
	job->wait_count = 0;
}

/* Give back what the waits took, as though the job had never been. */
static void job_return_waits(struct device *dev, struct job *job)
{
	while (job->wait_count) {
		struct drm_figment_sync *sync = &job->waits[--job->wait_count];
		struct job_origin *origin = &job->origins[job->wait_count];
		struct payload *payload = &origin->semaphore->payload;

		if (origin->kind == WAIT_TAKEN && !origin->temporary) {
			figment_syncobj_destroy(dev->fd, payload->permanent);
			payload->permanent = sync->handle;
		}
		if (origin->temporary) {
			payload->temporary = origin->temporary;
			payload->temporary_shared = origin->kind != WAIT_TAKEN;
		}
		if (origin->kind == WAIT_MOVED) {
			syncobj_copy(dev, payload_now(payload), sync->handle);
			figment_syncobj_destroy(dev->fd, sync->handle);
		}
	}
}

void job_free(struct device *dev, struct job *job)
{
	job_release_waits(dev, job);
	for (uint32_t i = 0; i < job->signal_count; i++) {
		if (job->owned[i])
			figment_syncobj_destroy(dev->fd, job->owned[i]);
	}
	free(job->waits);
	free(job->origins);
	free(job->signals);
	free(job->owned);
	free(job->commands);
	free(job);
}

/* Whether the syncobj of a semaphore's payload is the job's now. */
static bool take_payload(struct device *dev, struct payload *payload)
{
	uint32_t other;

	if (payload_is_shared(payload))
		return false;
	if (payload->temporary)
		return true;
	if (figment_syncobj_create(dev->fd, false, &other))
		return false;
	payload->permanent = other;
	return true;
}

static void job_wait_binary(struct device *dev, struct drm_figment_sync *sync,
			    struct job_origin *origin, struct payload *payload)
{
	uint32_t own;

	origin->temporary = payload->temporary;
	sync->type = DRM_FIGMENT_SYNC_BINARY;
	sync->handle = payload_now(payload);
	if (take_payload(dev, payload)) {
		origin->kind = WAIT_TAKEN;
	} else if (!syncobj_move(dev, sync->handle, &own)) {
		sync->handle = own;
		origin->kind = WAIT_MOVED;
	} else {
		origin->kind = WAIT_UNSUBMITTED;
	}
	payload->temporary = 0;
	payload->temporary_shared = false;
}

static void job_wait(struct device *dev, struct job *job, VkSemaphore handle, uint64_t value)
{
	struct semaphore *semaphore = semaphore_of(handle);
	struct drm_figment_sync *sync = &job->waits[job->wait_count];
	struct job_origin *origin = &job->origins[job->wait_count];

	origin->semaphore = semaphore;
	if (!semaphore->timeline) {
		job_wait_binary(dev, sync, origin, &semaphore->payload);
	} else {
		if (value <= semaphore->reached)
			return;
		sync->type = DRM_FIGMENT_SYNC_TIMELINE;
		sync->handle = semaphore->payload.permanent;
		sync->point = value;
		origin->kind = WAIT_BORROWED;
	}
	job->wait_count++;
}

static void job_signal_syncobj(struct job *job, uint32_t syncobj, uint64_t point)
{
	job->signals[job->signal_count++] = (struct drm_figment_sync){
		.type = point ? DRM_FIGMENT_SYNC_TIMELINE : DRM_FIGMENT_SYNC_BINARY,
		.handle = syncobj,
		.point = point,
	};
}

static void job_signal(struct job *job, VkSemaphore handle, uint64_t value)
{
	struct semaphore *semaphore = semaphore_of(handle);

	job_signal_syncobj(job, payload_now(&semaphore->payload), semaphore->timeline ? value : 0);
}

static void job_command(struct job *job, VkCommandBuffer commands, uint32_t device_mask)
{
	job->commands[job->command_count++] = (VkCommandBufferSubmitInfo){
		.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_SUBMIT_INFO,
		.commandBuffer = commands,
		.deviceMask = device_mask,
	};
}

static struct job *job_of_1(struct device *dev, const VkSubmitInfo *info, bool fence)
{
	const VkTimelineSemaphoreSubmitInfo *values =
		chain_find(info->pNext, VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO);
	const VkDeviceGroupSubmitInfo *group =
		chain_find(info->pNext, VK_STRUCTURE_TYPE_DEVICE_GROUP_SUBMIT_INFO);
	const VkProtectedSubmitInfo *protected =
		chain_find(info->pNext, VK_STRUCTURE_TYPE_PROTECTED_SUBMIT_INFO);
	struct job *job = job_alloc(info->waitSemaphoreCount,
				    info->signalSemaphoreCount + fence, info->commandBufferCount);

	if (!job)
		return NULL;
	/* The values may be fewer, where the rest are binary. */
	for (uint32_t i = 0; i < info->waitSemaphoreCount; i++)
		job_wait(dev, job, info->pWaitSemaphores[i],
			 values && i < values->waitSemaphoreValueCount ?
			 values->pWaitSemaphoreValues[i] : 0);
	for (uint32_t i = 0; i < info->signalSemaphoreCount; i++)
		job_signal(job, info->pSignalSemaphores[i],
			   values && i < values->signalSemaphoreValueCount ?
			   values->pSignalSemaphoreValues[i] : 0);
	for (uint32_t i = 0; i < info->commandBufferCount; i++)
		job_command(job, info->pCommandBuffers[i],
			    group && i < group->commandBufferCount ?
			    group->pCommandBufferDeviceMasks[i] : 0);
	if (protected && protected->protectedSubmit)
		job->flags = VK_SUBMIT_PROTECTED_BIT;
	return job;
}

static struct job *job_of_2(struct device *dev, const VkSubmitInfo2 *info, bool fence)
{
	struct job *job = job_alloc(info->waitSemaphoreInfoCount,
				    info->signalSemaphoreInfoCount + fence,
				    info->commandBufferInfoCount);

	if (!job)
		return NULL;
	for (uint32_t i = 0; i < info->waitSemaphoreInfoCount; i++)
		job_wait(dev, job, info->pWaitSemaphoreInfos[i].semaphore,
			 info->pWaitSemaphoreInfos[i].value);
	for (uint32_t i = 0; i < info->signalSemaphoreInfoCount; i++)
		job_signal(job, info->pSignalSemaphoreInfos[i].semaphore,
			   info->pSignalSemaphoreInfos[i].value);
	for (uint32_t i = 0; i < info->commandBufferInfoCount; i++)
		job_command(job, info->pCommandBufferInfos[i].commandBuffer,
			    info->pCommandBufferInfos[i].deviceMask);
	job->flags = info->flags;
	return job;
}

/* The job is the queue's, or gone. */
static VkResult submit_job(struct queue *queue, struct job *job)
{
	struct device *dev = queue->dev;
	int ret = queue_add(queue, job);

	if (!ret)
		return VK_SUCCESS;
	job_return_waits(dev, job);
	job_free(dev, job);
	return shim_result(ret);
}

static VkResult submit_batch(struct queue *queue, struct job *job, struct fence *fence)
{
	if (!job)
		return VK_ERROR_OUT_OF_HOST_MEMORY;
	if (fence)
		job_signal_syncobj(job, payload_now(&fence->payload), 0);
	return submit_job(queue, job);
}

/* Whether nobody can tell if the batch was ever done. A job that is to fail counts. */
static bool is_nothing(const VkSubmitInfo *info, const VkSubmitInfo2 *info2)
{
	if (environment_has_faults())
		return false;
	return info ? !info->waitSemaphoreCount && !info->commandBufferCount &&
		      !info->signalSemaphoreCount :
		      !info2->waitSemaphoreInfoCount && !info2->commandBufferInfoCount &&
		      !info2->signalSemaphoreInfoCount;
}

/* Exactly one of the arrays is there, unless there are no batches. */
static VkResult submit(struct queue *queue, uint32_t count, const VkSubmitInfo *infos,
		       const VkSubmitInfo2 *infos2, VkFence fence_handle)
{
	struct fence *fence = fence_of(fence_handle);
	struct device *dev = queue->dev;
	VkResult result = VK_SUCCESS;

	if (device_is_lost(dev))
		return device_lost(dev);
	if (!count && fence)
		return submit_batch(queue, job_alloc(0, 1, 0), fence);
	for (uint32_t i = 0; !result && i < count; i++) {
		const VkSubmitInfo *info = infos ? &infos[i] : NULL;
		const VkSubmitInfo2 *info2 = infos ? NULL : &infos2[i];
		struct fence *last = i == count - 1 ? fence : NULL;

		if (!last && is_nothing(info, info2))
			continue;
		result = submit_batch(queue, info ? job_of_1(dev, info, last) :
						    job_of_2(dev, info2, last), last);
		if (result && i)
			result = VK_ERROR_DEVICE_LOST;
	}
	if (result == VK_ERROR_DEVICE_LOST) {
		device_lose(dev);
		return device_lost(dev);
	}
	return result;
}

VkResult figment_vkQueueSubmit(VkQueue handle, uint32_t count, const VkSubmitInfo *infos,
			       VkFence fence)
{
	return submit(queue_of(handle), count, infos, NULL, fence);
}

VkResult figment_vkQueueSubmit2(VkQueue handle, uint32_t count, const VkSubmitInfo2 *infos,
				VkFence fence)
{
	return submit(queue_of(handle), count, NULL, infos, fence);
}

/**
 * queue_submit_empty() - have a syncobj signalled when some semaphores are
 * @queue: and all that was submitted to it is complete
 * @wait_count: how many semaphores, all binary
 * @waits: the semaphores
 * @syncobj: what to signal
 */
VkResult queue_submit_empty(struct queue *queue, uint32_t wait_count, const VkSemaphore *waits,
			    uint32_t syncobj)
{
	struct job *job = job_alloc(wait_count, 1, 0);

	if (!job)
		return VK_ERROR_OUT_OF_HOST_MEMORY;
	for (uint32_t i = 0; i < wait_count; i++)
		job_wait(queue->dev, job, waits[i], 0);
	job_signal_syncobj(job, syncobj, 0);
	return submit_job(queue, job);
}

/* No queue binds anything, as no memory can be bound so; what is left waits and signals. */
VkResult figment_vkQueueBindSparse(VkQueue handle, uint32_t count, const VkBindSparseInfo *infos,
				   VkFence fence)
{
	VkSubmitInfo *batches = calloc(count, sizeof(*batches));
	VkResult result = VK_SUCCESS;

	if (count && !batches)
		return VK_ERROR_OUT_OF_HOST_MEMORY;
	for (uint32_t i = 0; i < count; i++) {
		const VkBindSparseInfo *info = &infos[i];

		if (info->bufferBindCount || info->imageOpaqueBindCount || info->imageBindCount)
			result = VK_ERROR_UNKNOWN;
		/* The values of timelines are in the same chain. */
		batches[i] = (VkSubmitInfo){
			.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
			.pNext = info->pNext,
			.waitSemaphoreCount = info->waitSemaphoreCount,
			.pWaitSemaphores = info->pWaitSemaphores,
			.signalSemaphoreCount = info->signalSemaphoreCount,
			.pSignalSemaphores = info->pSignalSemaphores,
		};
	}
	if (!result)
		result = submit(queue_of(handle), count, batches, NULL, fence);
	free(batches);
	return result;
}

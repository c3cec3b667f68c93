// SPDX-License-Identifier: MIT
/**
 * DOC: presenting
 *
 * A swapchain is either figment's (swapchain.c) or lavapipe's, which presents by
 * copying, after it has waited for the queue itself. lavapipe's fences and semaphores
 * know nothing of the shim's payloads, so it is given none: an acquired image is ready
 * when lavapipe returns it, upon which the shim signals; and a present first waits,
 * here, for all that it has to wait for, as lavapipe would in its place.
 */
#include <drm.h>
#include <errno.h>
#include <stdlib.h>

#include "swapchain.h"

static VkResult signal_acquired(struct device *dev, VkSemaphore semaphore, VkFence fence)
{
	int ret = 0;

	if (semaphore)
		ret = figment_syncobj_signal(dev->fd,
					     payload_now(&semaphore_of(semaphore)->payload), 0);
	if (!ret && fence)
		ret = figment_syncobj_signal(dev->fd, payload_now(&fence_of(fence)->payload), 0);
	return shim_result(ret);
}

static bool acquired(VkResult result)
{
	return result == VK_SUCCESS || result == VK_SUBOPTIMAL_KHR;
}

VkResult figment_vkCreateSwapchainKHR(VkDevice handle, const VkSwapchainCreateInfoKHR *app_info,
				      const VkAllocationCallbacks *alloc, VkSwapchainKHR *out)
{
	VkSwapchainCreateInfoKHR info = *app_info;
	struct device *dev = device_of(handle);
	VkResult result = swapchain_create(dev, app_info, out);
	struct swapchain *old;

	if (!result || result == VK_ERROR_OUT_OF_HOST_MEMORY)
		return result;
	old = swapchain_of(info.oldSwapchain);
	if (old) {
		swapchain_retire(old);
		info.oldSwapchain = VK_NULL_HANDLE;
	}
	result = dev->lvp.CreateSwapchainKHR(handle, &info, alloc, out);
	if (!result && !headless_created(dev, info.surface, *out)) {
		dev->lvp.DestroySwapchainKHR(handle, *out, alloc);
		result = VK_ERROR_OUT_OF_HOST_MEMORY;
	}
	return result;
}

void figment_vkDestroySwapchainKHR(VkDevice handle, VkSwapchainKHR object,
				   const VkAllocationCallbacks *alloc)
{
	struct swapchain *chain = swapchain_of(object);

	if (chain) {
		swapchain_destroy(chain);
		return;
	}
	headless_destroyed(object);
	device_of(handle)->lvp.DestroySwapchainKHR(handle, object, alloc);
}

VkResult figment_vkGetSwapchainImagesKHR(VkDevice handle, VkSwapchainKHR object, uint32_t *count,
					 VkImage *out)
{
	struct swapchain *chain = swapchain_of(object);

	if (chain)
		return swapchain_images(chain, count, out);
	return device_of(handle)->lvp.GetSwapchainImagesKHR(handle, object, count, out);
}

VkResult figment_vkReleaseSwapchainImagesEXT(VkDevice handle,
					     const VkReleaseSwapchainImagesInfoEXT *info)
{
	struct swapchain *chain = swapchain_of(info->swapchain);
	VkResult result;

	if (chain) {
		swapchain_release(chain, info->imageIndexCount, info->pImageIndices);
		return VK_SUCCESS;
	}
	if (headless_release(info, &result))
		return result;
	return device_of(handle)->lvp.ReleaseSwapchainImagesEXT(handle, info);
}

/* A virtual GPU's colours are what they are. */
void figment_vkSetHdrMetadataEXT(VkDevice handle, uint32_t count, const VkSwapchainKHR *chains,
				 const VkHdrMetadataEXT *metadata)
{
	for (uint32_t i = 0; i < count; i++) {
		if (!swapchain_of(chains[i]))
			device_of(handle)->lvp.SetHdrMetadataEXT(handle, 1, &chains[i],
								 &metadata[i]);
	}
}

/**
 * wsi_image_info() - what an image is that is to alias one of a swapchain's
 * @info: as the application creates it
 *
 * Return: what to create, which is @info unless the swapchain is figment's.
 */
const VkImageCreateInfo *wsi_image_info(const VkImageCreateInfo *info)
{
	const VkImageSwapchainCreateInfoKHR *of =
		chain_find(info->pNext, VK_STRUCTURE_TYPE_IMAGE_SWAPCHAIN_CREATE_INFO_KHR);
	struct swapchain *chain = of ? swapchain_of(of->swapchain) : NULL;

	return chain ? swapchain_image_info(chain) : info;
}

/* To be bound to what is a swapchain's of figment's means to be bound to its memory. */
static void bind_to_ours(VkBindImageMemoryInfo *info, struct swapchain *chain, uint32_t index)
{
	const VkBindMemoryStatus *status =
		chain_find(info->pNext, VK_STRUCTURE_TYPE_BIND_MEMORY_STATUS);

	info->pNext = NULL;
	info->memory = swapchain_memory(chain, index);
	info->memoryOffset = 0;
	if (status)
		*status->pResult = VK_SUCCESS;
}

/*
 * As far as an application knows an image of lavapipe's own swapchains has no memory,
 * and so the bind has none. lavapipe 25 passes over what has none, without a word of
 * its status; then it gets some to look at, which it does not use. 26 would use it.
 */
static VkResult bind_to_theirs(struct device *dev, const VkBindImageMemoryInfo *app_info,
			       const VkBindImageMemorySwapchainInfoKHR *app_to)
{
	const VkBindMemoryStatus *app_status =
		chain_find(app_info->pNext, VK_STRUCTURE_TYPE_BIND_MEMORY_STATUS);
	const VkMemoryAllocateInfo least = {
		.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
		.allocationSize = 1,
	};
	VkResult result, bound = VK_RESULT_MAX_ENUM;
	VkBindMemoryStatus status = {
		.sType = VK_STRUCTURE_TYPE_BIND_MEMORY_STATUS,
		.pResult = &bound,
	};
	const VkBindImageMemorySwapchainInfoKHR to = {
		.sType = VK_STRUCTURE_TYPE_BIND_IMAGE_MEMORY_SWAPCHAIN_INFO_KHR,
		.pNext = &status,
		.swapchain = app_to->swapchain,
		.imageIndex = app_to->imageIndex,
	};
	VkBindImageMemoryInfo info = {
		.sType = VK_STRUCTURE_TYPE_BIND_IMAGE_MEMORY_INFO,
		.pNext = &to,
		.image = app_info->image,
	};

	result = dev->lvp.BindImageMemory2(dev->handle, 1, &info);
	if (!result && bound == VK_RESULT_MAX_ENUM) {
		result = dev->lvp.AllocateMemory(dev->handle, &least, NULL, &info.memory);
		if (!result)
			result = dev->lvp.BindImageMemory2(dev->handle, 1, &info);
		dev->lvp.FreeMemory(dev->handle, info.memory, NULL);
	}
	if (app_status)
		*app_status->pResult = result;
	return result;
}

VkResult figment_vkBindImageMemory2(VkDevice handle, uint32_t count,
				    const VkBindImageMemoryInfo *app_infos)
{
	struct device *dev = device_of(handle);
	VkBindImageMemoryInfo *infos = calloc(count, sizeof(*infos));
	VkResult result = VK_SUCCESS, one;
	uint32_t n = 0;

	if (!infos)
		return VK_ERROR_OUT_OF_HOST_MEMORY;
	for (uint32_t i = 0; i < count; i++) {
		const VkBindImageMemorySwapchainInfoKHR *to =
			chain_find(app_infos[i].pNext,
				   VK_STRUCTURE_TYPE_BIND_IMAGE_MEMORY_SWAPCHAIN_INFO_KHR);
		struct swapchain *chain = to ? swapchain_of(to->swapchain) : NULL;

		if (to && to->swapchain && !chain) {
			one = bind_to_theirs(dev, &app_infos[i], to);
			if (one)
				result = one;
			continue;
		}
		infos[n] = app_infos[i];
		if (chain)
			bind_to_ours(&infos[n], chain, to->imageIndex);
		n++;
	}
	one = dev->lvp.BindImageMemory2(handle, n, infos);
	free(infos);
	return one ? one : result;
}

static VkResult acquire(struct swapchain *chain, uint64_t timeout, VkSemaphore semaphore,
			VkFence fence, uint32_t *index)
{
	uint32_t payloads[2], n = 0;

	if (semaphore)
		payloads[n++] = payload_now(&semaphore_of(semaphore)->payload);
	if (fence)
		payloads[n++] = payload_now(&fence_of(fence)->payload);
	return swapchain_acquire(chain, timeout, n, payloads, index);
}

VkResult figment_vkAcquireNextImageKHR(VkDevice handle, VkSwapchainKHR swapchain, uint64_t timeout,
				       VkSemaphore semaphore, VkFence fence, uint32_t *index)
{
	struct device *dev = device_of(handle);
	VkResult result, signalled;

	if (device_is_lost(dev))
		return device_lost(dev);
	if (swapchain_of(swapchain))
		return acquire(swapchain_of(swapchain), timeout, semaphore, fence, index);
	result = dev->lvp.AcquireNextImageKHR(handle, swapchain, timeout, VK_NULL_HANDLE,
					      VK_NULL_HANDLE, index);
	if (!acquired(result))
		return result;
	signalled = signal_acquired(dev, semaphore, fence);
	return signalled ? signalled : result;
}

VkResult figment_vkAcquireNextImage2KHR(VkDevice handle, const VkAcquireNextImageInfoKHR *app_info,
					uint32_t *index)
{
	VkAcquireNextImageInfoKHR info = *app_info;
	struct device *dev = device_of(handle);
	VkResult result, signalled;

	if (device_is_lost(dev))
		return device_lost(dev);
	if (swapchain_of(info.swapchain))
		return acquire(swapchain_of(info.swapchain), info.timeout, info.semaphore,
			       info.fence, index);
	info.semaphore = VK_NULL_HANDLE;
	info.fence = VK_NULL_HANDLE;
	result = dev->lvp.AcquireNextImage2KHR(handle, &info, index);
	if (!acquired(result))
		return result;
	signalled = signal_acquired(dev, app_info->semaphore, app_info->fence);
	return signalled ? signalled : result;
}

/* Has @syncobj signalled when all is rendered that a present waits for. */
static VkResult when_rendered(struct queue *queue, const VkPresentInfoKHR *info, uint32_t *syncobj)
{
	struct device *dev = queue->dev;
	VkResult result;

	if (figment_syncobj_create(dev->fd, false, syncobj))
		return VK_ERROR_OUT_OF_HOST_MEMORY;
	result = queue_submit_empty(queue, info->waitSemaphoreCount, info->pWaitSemaphores,
				    *syncobj);
	if (result)
		figment_syncobj_destroy(dev->fd, *syncobj);
	return result;
}

/* A job that is held (hold.c) has no fence to hand on yet. */
static VkResult wait_for_fence(struct device *dev, uint32_t syncobj)
{
	const uint32_t flags = DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT |
			       DRM_SYNCOBJ_WAIT_FLAGS_WAIT_AVAILABLE;
	int ret;

	do {
		if (device_is_lost(dev))
			return device_lost(dev);
		ret = figment_syncobj_wait(dev->fd, &syncobj, NULL, 1, clock_now() + 500000000ll,
					   flags, NULL);
	} while (ret == -ETIME);
	return shim_result(ret);
}

/* All of lavapipe's, and all but the fences. */
static VkResult present_theirs(struct queue *queue, const VkPresentInfoKHR *app_info)
{
	static const struct chain_known known[] = {
		{ VK_STRUCTURE_TYPE_PRESENT_REGIONS_KHR, sizeof(VkPresentRegionsKHR) },
		{ VK_STRUCTURE_TYPE_DEVICE_GROUP_PRESENT_INFO_KHR,
		  sizeof(VkDeviceGroupPresentInfoKHR) },
		{ VK_STRUCTURE_TYPE_DISPLAY_PRESENT_INFO_KHR, sizeof(VkDisplayPresentInfoKHR) },
		{ VK_STRUCTURE_TYPE_PRESENT_ID_KHR, sizeof(VkPresentIdKHR) },
		{ VK_STRUCTURE_TYPE_PRESENT_TIMES_INFO_GOOGLE, sizeof(VkPresentTimesInfoGOOGLE) },
		{ VK_STRUCTURE_TYPE_SWAPCHAIN_PRESENT_MODE_INFO_EXT,
		  sizeof(VkSwapchainPresentModeInfoEXT) },
	};
	VkPresentInfoKHR info = *app_info;
	struct chain_copy copy;

	info.pNext = chain_copy_known(&copy, app_info->pNext, known, ARRAY_SIZE(known), NULL);
	info.waitSemaphoreCount = 0;
	info.pWaitSemaphores = NULL;
	return queue->dev->lvp.QueuePresentKHR(queue->handle, &info);
}

static VkResult present_ours(struct swapchain *chain, const VkPresentInfoKHR *info, uint32_t i,
			     uint32_t rendered)
{
	const VkPresentRegionsKHR *regions =
		chain_find(info->pNext, VK_STRUCTURE_TYPE_PRESENT_REGIONS_KHR);
	const VkSwapchainPresentModeInfoEXT *modes =
		chain_find(info->pNext, VK_STRUCTURE_TYPE_SWAPCHAIN_PRESENT_MODE_INFO_EXT);

	return swapchain_present(chain, info->pImageIndices[i], rendered,
				 regions && regions->pRegions ? &regions->pRegions[i] : NULL,
				 modes ? &modes->pPresentModes[i] : NULL);
}

static bool is_worse(VkResult a, VkResult b)
{
	return b == VK_SUCCESS || (b == VK_SUBOPTIMAL_KHR && a < 0);
}

/* One by one, as there is one of figment's among them. */
static VkResult present_each(struct queue *queue, const VkPresentInfoKHR *info, uint32_t rendered)
{
	VkResult worst = wait_for_fence(queue->dev, rendered);

	if (worst)
		return worst;
	for (uint32_t i = 0; i < info->swapchainCount; i++) {
		struct swapchain *chain = swapchain_of(info->pSwapchains[i]);
		VkPresentInfoKHR one = {
			.sType = VK_STRUCTURE_TYPE_PRESENT_INFO_KHR,
			.swapchainCount = 1,
			.pSwapchains = &info->pSwapchains[i],
			.pImageIndices = &info->pImageIndices[i],
		};
		VkResult result;

		if (chain) {
			result = present_ours(chain, info, i, rendered);
		} else {
			result = sync_wait(queue->dev, &rendered, NULL, 1, true, UINT64_MAX);
			if (!result)
				result = queue->dev->lvp.QueuePresentKHR(queue->handle, &one);
		}
		if (info->pResults)
			info->pResults[i] = result;
		if (result && is_worse(result, worst))
			worst = result;
	}
	return worst;
}

VkResult figment_vkQueuePresentKHR(VkQueue handle, const VkPresentInfoKHR *info)
{
	const VkSwapchainPresentFenceInfoEXT *fences =
		chain_find(info->pNext, VK_STRUCTURE_TYPE_SWAPCHAIN_PRESENT_FENCE_INFO_EXT);
	struct queue *queue = queue_of(handle);
	struct device *dev = queue->dev;
	uint32_t rendered = 0;
	bool ours = false;
	VkResult result;

	for (uint32_t i = 0; i < info->swapchainCount; i++)
		ours |= swapchain_of(info->pSwapchains[i]) != NULL;
	if (device_is_lost(dev))
		result = device_lost(dev);
	else
		result = when_rendered(queue, info, &rendered);
	if (!result && !ours)
		result = sync_wait(dev, &rendered, NULL, 1, true, UINT64_MAX);
	if (result) {
		for (uint32_t i = 0; info->pResults && i < info->swapchainCount; i++)
			info->pResults[i] = result;
		goto out;
	}
	result = ours ? present_each(queue, info, rendered) : present_theirs(queue, info);
	/* They are signalled even if there is nothing left to present to. */
	for (uint32_t i = 0; fences && fences->pFences && i < fences->swapchainCount; i++) {
		if (fences->pFences[i])
			syncobj_copy(dev, payload_now(&fence_of(fences->pFences[i])->payload),
				     rendered);
	}
out:
	if (rendered)
		figment_syncobj_destroy(dev->fd, rendered);
	return result;
}

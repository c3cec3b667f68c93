// SPDX-License-Identifier: MIT
/**
 * DOC: swapchains
 *
 * They are lavapipe's, which presents by copying, after it has waited for the
 * queue itself. Its fences and semaphores know nothing of the shim's payloads, so
 * it is given none: an acquired image is ready when lavapipe returns it, upon
 * which the shim signals; and a present first waits, here, for all that it has to
 * wait for, as lavapipe would in its place.
 */
#include "shim.h"

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

VkResult figment_vkAcquireNextImageKHR(VkDevice handle, VkSwapchainKHR swapchain, uint64_t timeout,
				       VkSemaphore semaphore, VkFence fence, uint32_t *index)
{
	struct device *dev = device_of(handle);
	VkResult result, signalled;

	if (device_is_lost(dev))
		return device_lost(dev);
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
	info.semaphore = VK_NULL_HANDLE;
	info.fence = VK_NULL_HANDLE;
	result = dev->lvp.AcquireNextImage2KHR(handle, &info, index);
	if (!acquired(result))
		return result;
	signalled = signal_acquired(dev, app_info->semaphore, app_info->fence);
	return signalled ? signalled : result;
}

static VkResult wait_for_rendering(struct queue *queue, const VkPresentInfoKHR *info)
{
	struct device *dev = queue->dev;
	uint32_t syncobj;
	VkResult result;

	if (figment_syncobj_create(dev->fd, false, &syncobj))
		return VK_ERROR_OUT_OF_HOST_MEMORY;
	result = queue_submit_empty(queue, info->waitSemaphoreCount, info->pWaitSemaphores,
				    syncobj);
	if (!result)
		result = sync_wait(dev, &syncobj, NULL, 1, true, UINT64_MAX);
	figment_syncobj_destroy(dev->fd, syncobj);
	return result;
}

/* All but the fences. */
static VkResult present(struct queue *queue, const VkPresentInfoKHR *app_info)
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
	VkResult result;

	info.pNext = chain_copy_known(&copy, app_info->pNext, known, ARRAY_SIZE(known), NULL);
	info.waitSemaphoreCount = 0;
	info.pWaitSemaphores = NULL;
	pthread_mutex_lock(&queue->icd_lock);
	result = queue->dev->lvp.QueuePresentKHR(queue->handle, &info);
	pthread_mutex_unlock(&queue->icd_lock);
	return result;
}

VkResult figment_vkQueuePresentKHR(VkQueue handle, const VkPresentInfoKHR *info)
{
	const VkSwapchainPresentFenceInfoEXT *fences =
		chain_find(info->pNext, VK_STRUCTURE_TYPE_SWAPCHAIN_PRESENT_FENCE_INFO_EXT);
	struct queue *queue = queue_of(handle);
	struct device *dev = queue->dev;
	VkResult result;

	if (device_is_lost(dev))
		result = device_lost(dev);
	else
		result = wait_for_rendering(queue, info);
	if (result) {
		for (uint32_t i = 0; info->pResults && i < info->swapchainCount; i++)
			info->pResults[i] = result;
		return result;
	}
	/* The fences are signalled even if there is nothing left to present to. */
	result = present(queue, info);
	for (uint32_t i = 0; fences && fences->pFences && i < fences->swapchainCount; i++) {
		if (fences->pFences[i])
			signal_acquired(dev, VK_NULL_HANDLE, fences->pFences[i]);
	}
	return result;
}

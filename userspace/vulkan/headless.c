// SPDX-License-Identifier: MIT
/**
 * DOC: headless surfaces
 *
 * They and their swapchains are lavapipe's (wsi.c), which in version 25 left out what
 * VK_EXT_surface_maintenance1 and VK_EXT_swapchain_maintenance1 brought: a query goes
 * unanswered, and vkReleaseSwapchainImagesEXT is a call of nothing. Both are made good
 * here. Version 26 would give the same answers, so that nobody has to ask which it is.
 */
#include "shim.h"

static bool is_headless(VkSurfaceKHR handle)
{
	const VkIcdSurfaceBase *surface = (const VkIcdSurfaceBase *)(uintptr_t)handle;

	return surface && surface->platform == VK_ICD_WSI_PLATFORM_HEADLESS;
}

/* What a swapchain's images are released by, if it is headless. */
static struct queue *releasing_queue(VkSwapchainKHR handle)
{
	return handle ? table_find(TABLE_HEADLESS, HANDLE(handle)) : NULL;
}

/**
 * headless_created() - take note of one of lavapipe's swapchains, if it is headless
 * @dev: the device
 * @surface: what it was made for
 * @handle: the swapchain
 *
 * Return: false if there is no memory.
 */
bool headless_created(struct device *dev, VkSurfaceKHR surface, VkSwapchainKHR handle)
{
	return !is_headless(surface) || !dev->queue_count ||
	       table_insert(TABLE_HEADLESS, HANDLE(handle), dev->queues[0]);
}

/** headless_destroyed() - forget a swapchain that may be headless */
void headless_destroyed(VkSwapchainKHR handle)
{
	if (handle)
		table_remove(TABLE_HEADLESS, HANDLE(handle));
}

/**
 * headless_release() - give images back unpresented
 * @info: as the application has it
 * @result: out, if the swapchain is headless
 *
 * To present an image to nobody does no more than set it free, which is what is
 * wanted. It waits until lavapipe's queue is done with all that it has, and so is not
 * begun on a lost device, of which nothing can be acquired any more.
 *
 * Return: whether the swapchain is headless.
 */
bool headless_release(const VkReleaseSwapchainImagesInfoEXT *info, VkResult *result)
{
	struct queue *queue = releasing_queue(info->swapchain);

	if (!queue)
		return false;
	*result = VK_SUCCESS;
	for (uint32_t i = 0; i < info->imageIndexCount && !*result; i++) {
		const VkPresentInfoKHR present = {
			.sType = VK_STRUCTURE_TYPE_PRESENT_INFO_KHR,
			.swapchainCount = 1,
			.pSwapchains = &info->swapchain,
			.pImageIndices = &info->pImageIndices[i],
		};

		if (device_is_lost(queue->dev))
			break;
		*result = queue->dev->lvp.QueuePresentKHR(queue->handle, &present);
	}
	return true;
}

/* A present mode goes with itself and no other. */
static void fill_compatible(VkSurfacePresentModeCompatibilityEXT *out,
			    const VkSurfacePresentModeEXT *asked)
{
	uint32_t n = asked ? 1 : 0;

	if (out->pPresentModes && out->presentModeCount < n)
		n = out->presentModeCount;
	if (out->pPresentModes && n)
		out->pPresentModes[0] = asked->presentMode;
	out->presentModeCount = n;
}

/* Nothing is scaled. */
static void fill_scaling(VkSurfacePresentScalingCapabilitiesEXT *out,
			 const VkSurfaceCapabilitiesKHR *caps)
{
	out->supportedPresentScaling = 0;
	out->supportedPresentGravityX = 0;
	out->supportedPresentGravityY = 0;
	out->minScaledImageExtent = caps->minImageExtent;
	out->maxScaledImageExtent = caps->maxImageExtent;
}

VkResult
figment_vkGetPhysicalDeviceSurfaceCapabilities2KHR(VkPhysicalDevice handle,
						   const VkPhysicalDeviceSurfaceInfo2KHR *info,
						   VkSurfaceCapabilities2KHR *caps)
{
	const VkSurfacePresentModeEXT *mode =
		chain_find(info->pNext, VK_STRUCTURE_TYPE_SURFACE_PRESENT_MODE_EXT);
	struct instance *instance = physical_device_of(handle)->instance;
	VkResult result =
		instance->lvp.GetPhysicalDeviceSurfaceCapabilities2KHR(handle, info, caps);

	if (result || !is_headless(info->surface))
		return result;
	for_each_struct(s, caps->pNext) {
		if (s->sType == VK_STRUCTURE_TYPE_SURFACE_PRESENT_MODE_COMPATIBILITY_EXT)
			fill_compatible((void *)s, mode);
		if (s->sType == VK_STRUCTURE_TYPE_SURFACE_PRESENT_SCALING_CAPABILITIES_EXT)
			fill_scaling((void *)s, &caps->surfaceCapabilities);
	}
	return VK_SUCCESS;
}

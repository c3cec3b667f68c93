// SPDX-License-Identifier: MIT
/**
 * DOC: VkPipelineCache
 *
 * A cache's data begins with what device it is for, and there lavapipe names itself;
 * an application that compares it with the device's properties would throw away all
 * that it has stored, or think that the device is another. So the header is figment's.
 *
 * lavapipe keeps nothing in its caches, and so does not look at what it is given to
 * begin with: vkCreatePipelineCache can be its own.
 */
#include "shim.h"

VkResult figment_vkGetPipelineCacheData(VkDevice handle, VkPipelineCache cache, size_t *size,
					void *data)
{
	struct device *dev = device_of(handle);
	VkPipelineCacheHeaderVersionOne *header = data;
	VkPhysicalDeviceProperties p;
	VkResult result;
	size_t whole;

	result = dev->lvp.GetPipelineCacheData(handle, cache, &whole, NULL);
	if (result || !data) {
		*size = whole;
		return result;
	}
	/* lavapipe leaves the size as it is where there is more room than it needs. */
	if (*size > whole)
		*size = whole;
	result = dev->lvp.GetPipelineCacheData(handle, cache, size, data);
	if (result < 0 || *size < sizeof(*header))
		return result;
	figment_vkGetPhysicalDeviceProperties(dev->pdev->handle, &p);
	header->vendorID = p.vendorID;
	header->deviceID = p.deviceID;
	return result;
}

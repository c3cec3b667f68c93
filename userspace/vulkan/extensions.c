// SPDX-License-Identifier: MIT
/**
 * DOC: device extensions
 *
 * Those offered are lavapipe's, and those that figment adds, less what the
 * operator hides and what lavapipe offers but a figment device cannot keep.
 */
#include <stdlib.h>
#include <string.h>

#include "shim.h"

/* What has to be there for an extension to make sense. */
enum need {
	NEED_NOTHING,
	NEED_FD_MEMORY,
	NEED_DMA_BUF,
	NEED_HOST_MEMORY,
	NEED_MODIFIERS,
	NEED_TIMELINE,
	NEED_FENCE_FD,
	NEED_SEMAPHORE_FD,
};

/* Those that the shim knows: it adds those with a version. */
static const struct known {
	const char *name;
	uint32_t version;
	enum need need;
} known[] = {
	{ VK_KHR_EXTERNAL_MEMORY_FD_EXTENSION_NAME, 1, NEED_FD_MEMORY },
	{ VK_EXT_EXTERNAL_MEMORY_DMA_BUF_EXTENSION_NAME, 1, NEED_DMA_BUF },
	{ VK_EXT_IMAGE_DRM_FORMAT_MODIFIER_EXTENSION_NAME, 2, NEED_MODIFIERS },
	{ VK_EXT_QUEUE_FAMILY_FOREIGN_EXTENSION_NAME, 1, NEED_NOTHING },
	{ VK_KHR_EXTERNAL_SEMAPHORE_FD_EXTENSION_NAME, 1, NEED_SEMAPHORE_FD },
	{ VK_KHR_EXTERNAL_FENCE_FD_EXTENSION_NAME, 1, NEED_FENCE_FD },
	{ VK_EXT_PHYSICAL_DEVICE_DRM_EXTENSION_NAME, 1, NEED_NOTHING },
	{ VK_EXT_GLOBAL_PRIORITY_EXTENSION_NAME, 2, NEED_NOTHING },
	{ VK_KHR_TIMELINE_SEMAPHORE_EXTENSION_NAME, 0, NEED_TIMELINE },
	{ VK_KHR_SYNCHRONIZATION_2_EXTENSION_NAME, 0, NEED_NOTHING },
	{ VK_EXT_EXTERNAL_MEMORY_HOST_EXTENSION_NAME, 0, NEED_HOST_MEMORY },
};

/* What lavapipe offers where it finds udmabuf, and the shim has no buffers for. */
static const char ahb[] = "VK_ANDROID_external_memory_android_hardware_buffer";

static bool has_any(const struct physical_device *pdev, VkExternalMemoryHandleTypeFlags types)
{
	for (; types; types &= types - 1) {
		if (external_memory(pdev, types & -types).externalMemoryFeatures)
			return true;
	}
	return false;
}

static bool is_met(const struct physical_device *pdev, enum need need)
{
	switch (need) {
	case NEED_FD_MEMORY:
		return has_any(pdev, EXTERNAL_FD_MEMORY);
	case NEED_DMA_BUF:
		return has_any(pdev, VK_EXTERNAL_MEMORY_HANDLE_TYPE_DMA_BUF_BIT_EXT);
	case NEED_HOST_MEMORY:
		return has_any(pdev, EXTERNAL_HOST_MEMORY);
	case NEED_MODIFIERS:
		return !(pdev->hide & DRM_FIGMENT_HIDE_MODIFIERS);
	case NEED_TIMELINE:
		return !(pdev->hide & DRM_FIGMENT_HIDE_TIMELINE);
	case NEED_FENCE_FD:
		return external_fences(pdev);
	case NEED_SEMAPHORE_FD:
		return external_semaphores(pdev, false);
	default:
		return true;
	}
}

/* The bit of one of the above in &device.extensions, -1 if it is none of them. */
int extension_bit(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (!strcmp(known[i].name, name))
			return i;
	}
	return -1;
}

bool extension_is_ours(const char *name)
{
	int bit = extension_bit(name);

	return bit >= 0 && known[bit].version;
}

/* Whether one that lavapipe has, or that is the shim's, is not to be seen. */
bool extension_is_hidden(const struct physical_device *pdev, const char *name)
{
	int bit = extension_bit(name);

	return !strcmp(name, ahb) || environment_hides(name) ||
	       (bit >= 0 && !is_met(pdev, known[bit].need));
}

bool extension_in(const VkExtensionProperties *list, uint32_t count, const char *name)
{
	for (uint32_t i = 0; i < count; i++) {
		if (!strcmp(list[i].extensionName, name))
			return true;
	}
	return false;
}

/**
 * extensions_of_lavapipe() - the extensions that lavapipe itself has
 * @pdev: the device
 * @count: how many there are
 * @spare: how many elements more to allocate
 *
 * Return: a list to free(), NULL if there is no memory.
 */
VkExtensionProperties *extensions_of_lavapipe(const struct physical_device *pdev,
					      uint32_t *count, uint32_t spare)
{
	__typeof__(pdev->instance->lvp.EnumerateDeviceExtensionProperties) enumerate =
		pdev->instance->lvp.EnumerateDeviceExtensionProperties;
	VkExtensionProperties *list;

	if (enumerate(pdev->handle, NULL, count, NULL))
		return NULL;
	list = calloc(*count + spare, sizeof(*list));
	if (list && enumerate(pdev->handle, NULL, count, list)) {
		free(list);
		list = NULL;
	}
	return list;
}

VkResult figment_vkEnumerateDeviceExtensionProperties(VkPhysicalDevice handle, const char *layer,
						      uint32_t *out_count,
						      VkExtensionProperties *out)
{
	struct physical_device *pdev = physical_device_of(handle);
	VkExtensionProperties *list;
	uint32_t count, n = 0, given = 0;

	if (layer)
		return VK_ERROR_LAYER_NOT_PRESENT;
	list = extensions_of_lavapipe(pdev, &count, ARRAY_SIZE(known));
	if (!list)
		return VK_ERROR_OUT_OF_HOST_MEMORY;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (!known[i].version || extension_in(list, count, known[i].name))
			continue;
		strcpy(list[count].extensionName, known[i].name);
		list[count++].specVersion = known[i].version;
	}
	for (uint32_t i = 0; i < count; i++) {
		if (extension_is_hidden(pdev, list[i].extensionName))
			continue;
		if (out && given < *out_count)
			out[given++] = list[i];
		n++;
	}
	free(list);
	*out_count = out ? given : n;
	return out && given < n ? VK_INCOMPLETE : VK_SUCCESS;
}

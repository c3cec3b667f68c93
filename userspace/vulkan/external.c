// SPDX-License-Identifier: MIT
/**
 * DOC: which handles can be shared
 *
 * The one place that knows, so that all queries agree.
 *
 * Memory's OPAQUE_FD and DMA_BUF are both a PRIME fd. An OPAQUE_FD is taken back
 * only if it is of a buffer of the very device, so memory that came in as a
 * DMA_BUF, which may be anybody's, does not go out as one. Host pointers come in
 * and never go out. Fences' and semaphores' OPAQUE_FD is a drm_syncobj's, which
 * compositors and Mesa's WSI rely on; a timeline has no single fence and so no
 * SYNC_FD. Everything else has no features at all.
 */
#include "shim.h"

static bool is_hidden(const struct physical_device *pdev, VkExternalMemoryHandleTypeFlagBits type)
{
	switch ((int)type) {
	case VK_EXTERNAL_MEMORY_HANDLE_TYPE_OPAQUE_FD_BIT:
		return pdev->hide & HIDE_MEMORY_OPAQUE_FD;
	case VK_EXTERNAL_MEMORY_HANDLE_TYPE_DMA_BUF_BIT_EXT:
		return pdev->hide & HIDE_MEMORY_DMA_BUF;
	case VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT:
		return pdev->hide & HIDE_MEMORY_HOST_ALLOCATION;
	case VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_MAPPED_FOREIGN_MEMORY_BIT_EXT:
		return pdev->hide & HIDE_MEMORY_HOST_MAPPED;
	default:
		return false;
	}
}

/* The types of fd that memory has. */
static VkExternalMemoryHandleTypeFlags fd_types(const struct physical_device *pdev)
{
	return (is_hidden(pdev, VK_EXTERNAL_MEMORY_HANDLE_TYPE_OPAQUE_FD_BIT) ? 0 :
		VK_EXTERNAL_MEMORY_HANDLE_TYPE_OPAQUE_FD_BIT) |
	       (is_hidden(pdev, VK_EXTERNAL_MEMORY_HANDLE_TYPE_DMA_BUF_BIT_EXT) ? 0 :
		VK_EXTERNAL_MEMORY_HANDLE_TYPE_DMA_BUF_BIT_EXT);
}

VkExternalMemoryProperties external_memory(const struct physical_device *pdev,
					   VkExternalMemoryHandleTypeFlagBits type)
{
	/* A type is compatible with itself, says the specification, supported or not. */
	VkExternalMemoryProperties p = { .compatibleHandleTypes = type };
	bool in = !(pdev->hide & DRM_FIGMENT_HIDE_PRIME_IMPORT);
	bool out = !(pdev->hide & DRM_FIGMENT_HIDE_PRIME_EXPORT);

	if (is_hidden(pdev, type))
		return p;
	switch (type) {
	case VK_EXTERNAL_MEMORY_HANDLE_TYPE_OPAQUE_FD_BIT:
	case VK_EXTERNAL_MEMORY_HANDLE_TYPE_DMA_BUF_BIT_EXT:
		if (in)
			p.externalMemoryFeatures |= VK_EXTERNAL_MEMORY_FEATURE_IMPORTABLE_BIT;
		if (out)
			p.externalMemoryFeatures |= VK_EXTERNAL_MEMORY_FEATURE_EXPORTABLE_BIT;
		if (in && out)
			p.exportFromImportedHandleTypes =
				type == VK_EXTERNAL_MEMORY_HANDLE_TYPE_DMA_BUF_BIT_EXT ?
				type : fd_types(pdev);
		if (in || out)
			p.compatibleHandleTypes = fd_types(pdev);
		break;
	case VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT:
	case VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_MAPPED_FOREIGN_MEMORY_BIT_EXT:
		p.externalMemoryFeatures = VK_EXTERNAL_MEMORY_FEATURE_IMPORTABLE_BIT;
		p.compatibleHandleTypes = type;
		break;
	default:
		break;
	}
	return p;
}

/** external_memory_refused() - whether any of some types cannot be shared at all */
bool external_memory_refused(const struct physical_device *pdev,
			     VkExternalMemoryHandleTypeFlags types)
{
	for (; types; types &= types - 1) {
		if (!external_memory(pdev, types & -types).externalMemoryFeatures)
			return true;
	}
	return false;
}

/** external_fences() - the types that a fence goes out and comes in as */
VkExternalFenceHandleTypeFlags external_fences(const struct physical_device *pdev)
{
	return (pdev->hide & HIDE_FENCE_OPAQUE_FD ? 0 :
		VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_FD_BIT) |
	       (pdev->hide & HIDE_FENCE_SYNC_FD ? 0 : VK_EXTERNAL_FENCE_HANDLE_TYPE_SYNC_FD_BIT);
}

/** external_semaphores() - likewise for a semaphore */
VkExternalSemaphoreHandleTypeFlags external_semaphores(const struct physical_device *pdev,
						       bool timeline)
{
	VkExternalSemaphoreHandleTypeFlags types = 0;

	if (timeline && (pdev->hide & DRM_FIGMENT_HIDE_TIMELINE))
		return 0;
	if (!(pdev->hide & HIDE_SEMAPHORE_OPAQUE_FD))
		types |= VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_OPAQUE_FD_BIT;
	if (!timeline && !(pdev->hide & HIDE_SEMAPHORE_SYNC_FD))
		types |= VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_SYNC_FD_BIT;
	return types;
}

void figment_vkGetPhysicalDeviceExternalBufferProperties(
	VkPhysicalDevice handle, const VkPhysicalDeviceExternalBufferInfo *info,
	VkExternalBufferProperties *out)
{
	out->externalMemoryProperties = external_memory(physical_device_of(handle),
							info->handleType);
	if (info->flags & SPARSE_BUFFER_FLAGS)
		out->externalMemoryProperties = (VkExternalMemoryProperties){
			.compatibleHandleTypes = info->handleType,
		};
}

void figment_vkGetPhysicalDeviceExternalFenceProperties(
	VkPhysicalDevice handle, const VkPhysicalDeviceExternalFenceInfo *info,
	VkExternalFenceProperties *out)
{
	VkExternalFenceHandleTypeFlags types = external_fences(physical_device_of(handle));
	bool known = info->handleType & types;

	out->exportFromImportedHandleTypes = known ? types : 0;
	out->compatibleHandleTypes = known ? types : 0;
	out->externalFenceFeatures = known ? VK_EXTERNAL_FENCE_FEATURE_EXPORTABLE_BIT |
					     VK_EXTERNAL_FENCE_FEATURE_IMPORTABLE_BIT : 0;
}

void figment_vkGetPhysicalDeviceExternalSemaphoreProperties(
	VkPhysicalDevice handle, const VkPhysicalDeviceExternalSemaphoreInfo *info,
	VkExternalSemaphoreProperties *out)
{
	const VkSemaphoreTypeCreateInfo *type =
		chain_find(info->pNext, VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO);
	bool timeline = type && type->semaphoreType == VK_SEMAPHORE_TYPE_TIMELINE;
	VkExternalSemaphoreHandleTypeFlags types =
		external_semaphores(physical_device_of(handle), timeline);
	bool known = info->handleType & types;

	out->exportFromImportedHandleTypes = known ? types : 0;
	out->compatibleHandleTypes = known ? types : 0;
	out->externalSemaphoreFeatures = known ? VK_EXTERNAL_SEMAPHORE_FEATURE_EXPORTABLE_BIT |
						 VK_EXTERNAL_SEMAPHORE_FEATURE_IMPORTABLE_BIT : 0;
}

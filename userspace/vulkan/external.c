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

VkExternalMemoryProperties external_memory(const struct physical_device *pdev,
					   VkExternalMemoryHandleTypeFlagBits type)
{
	/* A type is compatible with itself, says the specification, supported or not. */
	VkExternalMemoryProperties p = { .compatibleHandleTypes = type };
	bool in = !(pdev->hide & DRM_FIGMENT_HIDE_PRIME_IMPORT);
	bool out = !(pdev->hide & DRM_FIGMENT_HIDE_PRIME_EXPORT);

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
				type : EXTERNAL_FD_MEMORY;
		if (in || out)
			p.compatibleHandleTypes = EXTERNAL_FD_MEMORY;
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
	const VkExternalFenceHandleTypeFlags both = VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_FD_BIT |
						    VK_EXTERNAL_FENCE_HANDLE_TYPE_SYNC_FD_BIT;
	bool known = info->handleType & both;

	out->exportFromImportedHandleTypes = known ? both : 0;
	out->compatibleHandleTypes = known ? both : 0;
	out->externalFenceFeatures = known ? VK_EXTERNAL_FENCE_FEATURE_EXPORTABLE_BIT |
					     VK_EXTERNAL_FENCE_FEATURE_IMPORTABLE_BIT : 0;
}

void figment_vkGetPhysicalDeviceExternalSemaphoreProperties(
	VkPhysicalDevice handle, const VkPhysicalDeviceExternalSemaphoreInfo *info,
	VkExternalSemaphoreProperties *out)
{
	const struct physical_device *pdev = physical_device_of(handle);
	const VkSemaphoreTypeCreateInfo *type =
		chain_find(info->pNext, VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO);
	VkExternalSemaphoreHandleTypeFlags types =
		VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_OPAQUE_FD_BIT |
		VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_SYNC_FD_BIT;
	bool known;

	if (type && type->semaphoreType == VK_SEMAPHORE_TYPE_TIMELINE)
		types = pdev->hide & DRM_FIGMENT_HIDE_TIMELINE ? 0 :
			VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_OPAQUE_FD_BIT;
	known = info->handleType & types;
	out->exportFromImportedHandleTypes = known ? types : 0;
	out->compatibleHandleTypes = known ? types : 0;
	out->externalSemaphoreFeatures = known ? VK_EXTERNAL_SEMAPHORE_FEATURE_EXPORTABLE_BIT |
						 VK_EXTERNAL_SEMAPHORE_FEATURE_IMPORTABLE_BIT : 0;
}

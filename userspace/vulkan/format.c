// SPDX-License-Identifier: MIT
/**
 * DOC: formats, and the one modifier
 *
 * LINEAR is all there is, and a format has it if lavapipe does anything with
 * linear images of it and one plane describes it: then what a modifier's image
 * can do is what a linear one can. lavapipe's own answers about modifiers are
 * kept out of the way, as they depend on the presence of udmabuf, which figment
 * does not need.
 */
#include <string.h>

#include "shim.h"

/**
 * format_texel_size() - bytes of a texel
 *
 * Return: 0 for formats that have no modifier: those of several planes, depth and
 * stencil, and those whose texels come in blocks.
 */
uint32_t format_texel_size(VkFormat format)
{
	static const struct {
		VkFormat first, last;
		uint32_t size;
	} ranges[] = {
		{ VK_FORMAT_R4G4_UNORM_PACK8, VK_FORMAT_R4G4_UNORM_PACK8, 1 },
		{ VK_FORMAT_R4G4B4A4_UNORM_PACK16, VK_FORMAT_A1R5G5B5_UNORM_PACK16, 2 },
		{ VK_FORMAT_R8_UNORM, VK_FORMAT_R8_SRGB, 1 },
		{ VK_FORMAT_R8G8_UNORM, VK_FORMAT_R8G8_SRGB, 2 },
		{ VK_FORMAT_R8G8B8_UNORM, VK_FORMAT_B8G8R8_SRGB, 3 },
		{ VK_FORMAT_R8G8B8A8_UNORM, VK_FORMAT_A2B10G10R10_SINT_PACK32, 4 },
		{ VK_FORMAT_R16_UNORM, VK_FORMAT_R16_SFLOAT, 2 },
		{ VK_FORMAT_R16G16_UNORM, VK_FORMAT_R16G16_SFLOAT, 4 },
		{ VK_FORMAT_R16G16B16_UNORM, VK_FORMAT_R16G16B16_SFLOAT, 6 },
		{ VK_FORMAT_R16G16B16A16_UNORM, VK_FORMAT_R16G16B16A16_SFLOAT, 8 },
		{ VK_FORMAT_R32_UINT, VK_FORMAT_R32_SFLOAT, 4 },
		{ VK_FORMAT_R32G32_UINT, VK_FORMAT_R32G32_SFLOAT, 8 },
		{ VK_FORMAT_R32G32B32_UINT, VK_FORMAT_R32G32B32_SFLOAT, 12 },
		{ VK_FORMAT_R32G32B32A32_UINT, VK_FORMAT_R32G32B32A32_SFLOAT, 16 },
		{ VK_FORMAT_B10G11R11_UFLOAT_PACK32, VK_FORMAT_E5B9G9R9_UFLOAT_PACK32, 4 },
		{ VK_FORMAT_R10X6_UNORM_PACK16, VK_FORMAT_R10X6_UNORM_PACK16, 2 },
		{ VK_FORMAT_R10X6G10X6_UNORM_2PACK16, VK_FORMAT_R10X6G10X6_UNORM_2PACK16, 4 },
		{ VK_FORMAT_R12X4_UNORM_PACK16, VK_FORMAT_R12X4_UNORM_PACK16, 2 },
		{ VK_FORMAT_R12X4G12X4_UNORM_2PACK16, VK_FORMAT_R12X4G12X4_UNORM_2PACK16, 4 },
		{ VK_FORMAT_A4R4G4B4_UNORM_PACK16, VK_FORMAT_A4B4G4R4_UNORM_PACK16, 2 },
		{ VK_FORMAT_A1B5G5R5_UNORM_PACK16_KHR, VK_FORMAT_A1B5G5R5_UNORM_PACK16_KHR, 2 },
		{ VK_FORMAT_A8_UNORM_KHR, VK_FORMAT_A8_UNORM_KHR, 1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
		if (format >= ranges[i].first && format <= ranges[i].last)
			return ranges[i].size;
	}
	return 0;
}

static bool has_modifiers(const struct physical_device *pdev)
{
	return !(pdev->hide & DRM_FIGMENT_HIDE_MODIFIERS);
}

/* Where an application wants a list, and how much room it has for it. */
struct modifier_list {
	VkDrmFormatModifierPropertiesListEXT *list;
	VkDrmFormatModifierPropertiesEXT *room;
	VkDrmFormatModifierPropertiesList2EXT *list2;
	VkDrmFormatModifierProperties2EXT *room2;
	uint32_t capacity, capacity2;
};

/* lavapipe fills the lists it knows without regard to their size: give it none. */
static struct modifier_list take_lists(void *chain)
{
	struct modifier_list l = {
		.list = chain_find(chain,
				   VK_STRUCTURE_TYPE_DRM_FORMAT_MODIFIER_PROPERTIES_LIST_EXT),
		.list2 = chain_find(chain,
				    VK_STRUCTURE_TYPE_DRM_FORMAT_MODIFIER_PROPERTIES_LIST_2_EXT),
	};

	if (l.list) {
		l.room = l.list->pDrmFormatModifierProperties;
		l.capacity = l.list->drmFormatModifierCount;
		l.list->pDrmFormatModifierProperties = NULL;
	}
	if (l.list2) {
		l.room2 = l.list2->pDrmFormatModifierProperties;
		l.capacity2 = l.list2->drmFormatModifierCount;
		l.list2->pDrmFormatModifierProperties = NULL;
	}
	return l;
}

/* Both are filled as every array of Vulkan's is: counted first, then given. */
static void give_list(const struct modifier_list *l, VkFormatFeatureFlags features)
{
	l->list->pDrmFormatModifierProperties = l->room;
	l->list->drmFormatModifierCount = features && (!l->room || l->capacity);
	if (!l->room || !l->list->drmFormatModifierCount)
		return;
	l->room[0] = (VkDrmFormatModifierPropertiesEXT){
		.drmFormatModifier = DRM_FORMAT_MODIFIER_LINEAR,
		.drmFormatModifierPlaneCount = 1,
		.drmFormatModifierTilingFeatures = features,
	};
}

static void give_list2(const struct modifier_list *l, VkFormatFeatureFlags2 features)
{
	l->list2->pDrmFormatModifierProperties = l->room2;
	l->list2->drmFormatModifierCount = features && (!l->room2 || l->capacity2);
	if (!l->room2 || !l->list2->drmFormatModifierCount)
		return;
	l->room2[0] = (VkDrmFormatModifierProperties2EXT){
		.drmFormatModifier = DRM_FORMAT_MODIFIER_LINEAR,
		.drmFormatModifierPlaneCount = 1,
		.drmFormatModifierTilingFeatures = features,
	};
}

void figment_vkGetPhysicalDeviceFormatProperties2(VkPhysicalDevice handle, VkFormat format,
						  VkFormatProperties2 *out)
{
	struct physical_device *pdev = physical_device_of(handle);
	bool modifiers = has_modifiers(pdev) && format_texel_size(format);
	const struct modifier_list l = take_lists(out->pNext);

	pdev->instance->lvp.GetPhysicalDeviceFormatProperties2(handle, format, out);
	if (l.list)
		give_list(&l, modifiers ? out->formatProperties.linearTilingFeatures : 0);
	if (l.list2) {
		VkFormatProperties3 features3 = { .sType = VK_STRUCTURE_TYPE_FORMAT_PROPERTIES_3 };
		VkFormatProperties2 own = {
			.sType = VK_STRUCTURE_TYPE_FORMAT_PROPERTIES_2,
			.pNext = &features3,
		};

		pdev->instance->lvp.GetPhysicalDeviceFormatProperties2(handle, format, &own);
		give_list2(&l, modifiers ? features3.linearTilingFeatures : 0);
	}
}

/* Whether an image is to be used as its format, with the modifier, cannot be. */
static bool usage_is_refused(const struct physical_device *pdev,
			     const VkPhysicalDeviceImageFormatInfo2 *info)
{
	static const struct {
		VkImageUsageFlags usage;
		VkFormatFeatureFlags feature;
	} needs[] = {
		{ VK_IMAGE_USAGE_TRANSFER_SRC_BIT, VK_FORMAT_FEATURE_TRANSFER_SRC_BIT },
		{ VK_IMAGE_USAGE_TRANSFER_DST_BIT, VK_FORMAT_FEATURE_TRANSFER_DST_BIT },
		{ VK_IMAGE_USAGE_SAMPLED_BIT, VK_FORMAT_FEATURE_SAMPLED_IMAGE_BIT },
		{ VK_IMAGE_USAGE_STORAGE_BIT, VK_FORMAT_FEATURE_STORAGE_IMAGE_BIT },
		{ VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT, VK_FORMAT_FEATURE_COLOR_ATTACHMENT_BIT },
		{ VK_IMAGE_USAGE_DEPTH_STENCIL_ATTACHMENT_BIT,
		  VK_FORMAT_FEATURE_DEPTH_STENCIL_ATTACHMENT_BIT },
	};
	VkFormatProperties2 p = { .sType = VK_STRUCTURE_TYPE_FORMAT_PROPERTIES_2 };

	/* Then it is views' formats that count. */
	if (info->flags & VK_IMAGE_CREATE_EXTENDED_USAGE_BIT)
		return false;
	pdev->instance->lvp.GetPhysicalDeviceFormatProperties2(pdev->handle, info->format, &p);
	for (size_t i = 0; i < ARRAY_SIZE(needs); i++) {
		if ((info->usage & needs[i].usage) &&
		    !(p.formatProperties.linearTilingFeatures & needs[i].feature))
			return true;
	}
	return !p.formatProperties.linearTilingFeatures;
}

static bool image_is_refused(const struct physical_device *pdev,
			     const VkPhysicalDeviceImageFormatInfo2 *info,
			     const VkPhysicalDeviceExternalImageFormatInfo *external)
{
	const VkPhysicalDeviceImageDrmFormatModifierInfoEXT *modifier = chain_find(info->pNext,
		VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_IMAGE_DRM_FORMAT_MODIFIER_INFO_EXT);

	if (info->flags & SPARSE_IMAGE_FLAGS)
		return true;
	if (external && external->handleType &&
	    !external_memory(pdev, external->handleType).externalMemoryFeatures)
		return true;
	if (info->tiling != VK_IMAGE_TILING_DRM_FORMAT_MODIFIER_EXT)
		return false;
	return !has_modifiers(pdev) || !modifier ||
	       modifier->drmFormatModifier != DRM_FORMAT_MODIFIER_LINEAR ||
	       info->type != VK_IMAGE_TYPE_2D || !format_texel_size(info->format) ||
	       (info->flags & VK_IMAGE_CREATE_CUBE_COMPATIBLE_BIT) ||
	       usage_is_refused(pdev, info);
}

VkResult figment_vkGetPhysicalDeviceImageFormatProperties2(
	VkPhysicalDevice handle, const VkPhysicalDeviceImageFormatInfo2 *info,
	VkImageFormatProperties2 *out)
{
	struct physical_device *pdev = physical_device_of(handle);
	const VkPhysicalDeviceExternalImageFormatInfo *external =
		chain_find(info->pNext,
			   VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_IMAGE_FORMAT_INFO);
	VkExternalImageFormatProperties *external_out =
		chain_find(out->pNext, VK_STRUCTURE_TYPE_EXTERNAL_IMAGE_FORMAT_PROPERTIES);
	VkPhysicalDeviceImageFormatInfo2 linear = *info;
	VkResult result = VK_ERROR_FORMAT_NOT_SUPPORTED;

	if (external_out)
		memset(&external_out->externalMemoryProperties, 0,
		       sizeof(external_out->externalMemoryProperties));
	memset(&out->imageFormatProperties, 0, sizeof(out->imageFormatProperties));
	if (image_is_refused(pdev, info, external))
		return result;

	if (info->tiling == VK_IMAGE_TILING_DRM_FORMAT_MODIFIER_EXT)
		linear.tiling = VK_IMAGE_TILING_LINEAR;
	result = pdev->instance->lvp.GetPhysicalDeviceImageFormatProperties2(handle, &linear, out);
	if (result)
		return result;

	if (info->tiling == VK_IMAGE_TILING_DRM_FORMAT_MODIFIER_EXT) {
		out->imageFormatProperties.maxMipLevels = 1;
		out->imageFormatProperties.maxArrayLayers = 1;
		out->imageFormatProperties.sampleCounts = VK_SAMPLE_COUNT_1_BIT;
	}
	if (out->imageFormatProperties.maxResourceSize > LVP_MAX_RESOURCE)
		out->imageFormatProperties.maxResourceSize = LVP_MAX_RESOURCE;
	if (external_out && external && external->handleType)
		external_out->externalMemoryProperties = external_memory(pdev,
									 external->handleType);
	return VK_SUCCESS;
}

VkResult figment_vkGetPhysicalDeviceImageFormatProperties(
	VkPhysicalDevice handle, VkFormat format, VkImageType type, VkImageTiling tiling,
	VkImageUsageFlags usage, VkImageCreateFlags flags, VkImageFormatProperties *out)
{
	const VkPhysicalDeviceImageFormatInfo2 info = {
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_IMAGE_FORMAT_INFO_2,
		.format = format,
		.type = type,
		.tiling = tiling,
		.usage = usage,
		.flags = flags,
	};
	VkImageFormatProperties2 out2 = {
		.sType = VK_STRUCTURE_TYPE_IMAGE_FORMAT_PROPERTIES_2,
	};
	VkResult result = figment_vkGetPhysicalDeviceImageFormatProperties2(handle, &info, &out2);

	*out = out2.imageFormatProperties;
	return result;
}

/* Nothing can be sparse. */
void figment_vkGetPhysicalDeviceSparseImageFormatProperties(
	VkPhysicalDevice handle, VkFormat format, VkImageType type, VkSampleCountFlagBits samples,
	VkImageUsageFlags usage, VkImageTiling tiling, uint32_t *count,
	VkSparseImageFormatProperties *out)
{
	*count = 0;
}

void figment_vkGetPhysicalDeviceSparseImageFormatProperties2(
	VkPhysicalDevice handle, const VkPhysicalDeviceSparseImageFormatInfo2 *info,
	uint32_t *count, VkSparseImageFormatProperties2 *out)
{
	*count = 0;
}

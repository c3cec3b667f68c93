// SPDX-License-Identifier: MIT
/**
 * DOC: images and buffers
 *
 * lavapipe makes them; the shim looks after those whose layout the application
 * gives (a modifier with explicit layout), as it does when it imports another's.
 *
 * llvmpipe renders blocks of 4x4 pixels, with loads and stores that are aligned
 * up to 16 bytes, and so asks for memory, and writes, up to three rows beyond such
 * an image's end. Another's buffer has no such rows. Therefore the shim demands
 * memory for the rows there are, maps every buffer with room behind it
 * (memory.c), and refuses layouts in which a block would reach into the next row,
 * or its loads would fault. Images that are only read have no such trouble.
 *
 * lavapipe also forgets the explicit offset wherever it speaks of a size or a
 * layout, and only minds it when it binds; and computes such an image's size in 32
 * bits. lavapipe 25.0 tells where a plane is only of an image that is bound, and
 * nothing about dedicated memory of what is still to be created.
 */
#include <stdlib.h>

#include "shim.h"

struct image {
	bool planes;		/* may have several, in one memory; and none of these: */
	bool external;
	uint64_t offset, size;	/* of the pixels in the memory */
};

/* Whether lavapipe renders into it. Copies, and stores of a shader, are exact. */
#define RENDERED_USAGE \
	(VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT)
#define RENDER_BLOCK 4
#define RENDER_ALIGN 16

/* The explicit layout that an image is to be created with, NULL if it has none. */
static const VkImageDrmFormatModifierExplicitCreateInfoEXT *
explicit_layout(const VkImageCreateInfo *info)
{
	if (info->tiling != VK_IMAGE_TILING_DRM_FORMAT_MODIFIER_EXT)
		return NULL;
	return chain_find(info->pNext,
			  VK_STRUCTURE_TYPE_IMAGE_DRM_FORMAT_MODIFIER_EXPLICIT_CREATE_INFO_EXT);
}

static bool layout_is_valid(const VkImageCreateInfo *info,
			    const VkImageDrmFormatModifierExplicitCreateInfoEXT *modifier)
{
	const VkSubresourceLayout *layout = modifier->pPlaneLayouts;
	uint32_t texel = format_texel_size(info->format);
	uint64_t width = info->extent.width, align = texel & -texel;

	if (modifier->drmFormatModifier != DRM_FORMAT_MODIFIER_LINEAR ||
	    modifier->drmFormatModifierPlaneCount != 1 || !texel)
		return false;
	if (info->imageType != VK_IMAGE_TYPE_2D || info->extent.depth != 1 ||
	    info->mipLevels != 1 || info->arrayLayers != 1 ||
	    info->samples != VK_SAMPLE_COUNT_1_BIT)
		return false;
	if (info->usage & RENDERED_USAGE) {
		width = ALIGN_UP(width, RENDER_BLOCK);
		align = RENDER_ALIGN;
	}
	/* The other pitches are of layers and slices, of which there is one. */
	return layout->rowPitch >= width * texel && layout->rowPitch <= MEMORY_MAX_PITCH &&
	       layout->offset <= INT64_MAX && !((layout->rowPitch | layout->offset) % align);
}

static bool list_has_linear(const VkImageCreateInfo *info)
{
	const VkImageDrmFormatModifierListCreateInfoEXT *list =
		chain_find(info->pNext,
			   VK_STRUCTURE_TYPE_IMAGE_DRM_FORMAT_MODIFIER_LIST_CREATE_INFO_EXT);

	for (uint32_t i = 0; list && i < list->drmFormatModifierCount; i++) {
		if (list->pDrmFormatModifiers[i] == DRM_FORMAT_MODIFIER_LINEAR)
			return true;
	}
	return false;
}

static bool has_planes(const VkImageCreateInfo *info)
{
	return info->tiling == VK_IMAGE_TILING_LINEAR &&
	       !(info->flags & VK_IMAGE_CREATE_DISJOINT_BIT);
}

static void describe(struct image *image, const VkImageCreateInfo *info,
		     const VkImageDrmFormatModifierExplicitCreateInfoEXT *modifier)
{
	const VkExternalMemoryImageCreateInfo *external =
		chain_find(info->pNext, VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_IMAGE_CREATE_INFO);
	const VkSubresourceLayout *layout = modifier->pPlaneLayouts;

	image->planes = false;
	image->offset = layout->offset;
	image->size = layout->rowPitch * (info->extent.height - 1) +
		      (uint64_t)info->extent.width * format_texel_size(info->format);
	image->external = external && (external->handleTypes & EXTERNAL_FD_MEMORY);
}

VkResult figment_vkCreateBuffer(VkDevice handle, const VkBufferCreateInfo *info,
				const VkAllocationCallbacks *alloc, VkBuffer *out)
{
	const VkExternalMemoryBufferCreateInfo *external =
		chain_find(info->pNext, VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_BUFFER_CREATE_INFO);
	struct device *dev = device_of(handle);

	if (info->flags & SPARSE_BUFFER_FLAGS)
		return VK_ERROR_FEATURE_NOT_PRESENT;
	if (external && external_memory_refused(dev->pdev, external->handleTypes))
		return VK_ERROR_INVALID_EXTERNAL_HANDLE;
	return dev->lvp.CreateBuffer(handle, info, alloc, out);
}

VkResult figment_vkCreateImage(VkDevice handle, const VkImageCreateInfo *app_info,
			       const VkAllocationCallbacks *alloc, VkImage *out)
{
	const VkImageCreateInfo *info = wsi_image_info(app_info);
	const VkImageDrmFormatModifierExplicitCreateInfoEXT *modifier = explicit_layout(info);
	const VkExternalMemoryImageCreateInfo *external =
		chain_find(info->pNext, VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_IMAGE_CREATE_INFO);
	struct device *dev = device_of(handle);
	struct image *image;
	VkResult result;

	if (info->flags & SPARSE_IMAGE_FLAGS)
		return VK_ERROR_FEATURE_NOT_PRESENT;
	if (external && external_memory_refused(dev->pdev, external->handleTypes))
		return VK_ERROR_INVALID_EXTERNAL_HANDLE;
	if (!modifier && info->tiling == VK_IMAGE_TILING_DRM_FORMAT_MODIFIER_EXT &&
	    (!list_has_linear(info) || !format_texel_size(info->format)))
		return VK_ERROR_UNKNOWN;
	if (!modifier && !has_planes(info))
		return dev->lvp.CreateImage(handle, info, alloc, out);
	if (modifier && !layout_is_valid(info, modifier))
		return VK_ERROR_INVALID_DRM_FORMAT_MODIFIER_PLANE_LAYOUT_EXT;
	if (modifier && modifier->pPlaneLayouts->rowPitch *
			ALIGN_UP(info->extent.height, RENDER_BLOCK) > LVP_MAX_RESOURCE)
		return VK_ERROR_OUT_OF_DEVICE_MEMORY;

	image = calloc(1, sizeof(*image));
	if (!image)
		return VK_ERROR_OUT_OF_HOST_MEMORY;
	if (modifier)
		describe(image, info, modifier);
	else
		image->planes = true;
	result = dev->lvp.CreateImage(handle, info, alloc, out);
	if (!result && !table_insert(TABLE_IMAGE, HANDLE(*out), image)) {
		dev->lvp.DestroyImage(handle, *out, alloc);
		result = VK_ERROR_OUT_OF_HOST_MEMORY;
	}
	if (result)
		free(image);
	return result;
}

void figment_vkDestroyImage(VkDevice handle, VkImage image, const VkAllocationCallbacks *alloc)
{
	free(table_remove(TABLE_IMAGE, HANDLE(image)));
	device_of(handle)->lvp.DestroyImage(handle, image, alloc);
}

static void fix_requirements(const struct image *image, VkMemoryRequirements *out)
{
	if (!image || image->planes)
		return;
	/* lavapipe's size holds where the memory cannot be somebody else's. */
	if (image->external)
		out->size = image->size;
	out->size += image->offset;
}

static void fix_layout(const struct image *image, VkSubresourceLayout *out)
{
	if (!image || image->planes)
		return;
	out->offset = image->offset;
	out->size = image->size;
}

static bool is_later_plane(VkImageAspectFlags aspect)
{
	return aspect == VK_IMAGE_ASPECT_PLANE_1_BIT || aspect == VK_IMAGE_ASPECT_PLANE_2_BIT;
}

/* A plane's offset, of the size of those @before it; a bound image's has it in it. */
static void fix_offset(VkSubresourceLayout *out, VkDeviceSize before)
{
	if (out->offset < before)
		out->offset += before;
}

static void fix_plane(VkDevice handle, VkImage image, VkImageAspectFlags aspect,
		      VkSubresourceLayout *out)
{
	const struct image *known = table_find(TABLE_IMAGE, HANDLE(image));
	VkDeviceSize before = 0;

	if (!known || !known->planes || !is_later_plane(aspect))
		return;
	for (VkImageAspectFlags a = VK_IMAGE_ASPECT_PLANE_0_BIT; a < aspect; a <<= 1) {
		const VkImageSubresource plane = { .aspectMask = a };
		VkSubresourceLayout layout;

		device_of(handle)->lvp.GetImageSubresourceLayout(handle, image, &plane, &layout);
		before += layout.size;
	}
	fix_offset(out, before);
}

void figment_vkGetImageMemoryRequirements(VkDevice handle, VkImage image,
					  VkMemoryRequirements *out)
{
	device_of(handle)->lvp.GetImageMemoryRequirements(handle, image, out);
	fix_requirements(table_find(TABLE_IMAGE, HANDLE(image)), out);
}

void figment_vkGetImageMemoryRequirements2(VkDevice handle,
					   const VkImageMemoryRequirementsInfo2 *info,
					   VkMemoryRequirements2 *out)
{
	device_of(handle)->lvp.GetImageMemoryRequirements2(handle, info, out);
	fix_requirements(table_find(TABLE_IMAGE, HANDLE(info->image)), &out->memoryRequirements);
}

static void deny_dedicated(VkMemoryRequirements2 *out)
{
	VkMemoryDedicatedRequirements *dedicated =
		chain_find(out->pNext, VK_STRUCTURE_TYPE_MEMORY_DEDICATED_REQUIREMENTS);

	if (dedicated) {
		dedicated->prefersDedicatedAllocation = VK_FALSE;
		dedicated->requiresDedicatedAllocation = VK_FALSE;
	}
}

void figment_vkGetDeviceBufferMemoryRequirements(VkDevice handle,
						 const VkDeviceBufferMemoryRequirements *info,
						 VkMemoryRequirements2 *out)
{
	deny_dedicated(out);
	device_of(handle)->lvp.GetDeviceBufferMemoryRequirements(handle, info, out);
}

void figment_vkGetDeviceImageMemoryRequirements(VkDevice handle,
						const VkDeviceImageMemoryRequirements *info,
						VkMemoryRequirements2 *out)
{
	const VkImageDrmFormatModifierExplicitCreateInfoEXT *modifier =
		explicit_layout(info->pCreateInfo);
	struct image image;

	deny_dedicated(out);
	device_of(handle)->lvp.GetDeviceImageMemoryRequirements(handle, info, out);
	if (modifier) {
		describe(&image, info->pCreateInfo, modifier);
		fix_requirements(&image, &out->memoryRequirements);
	}
}

void figment_vkGetImageSubresourceLayout(VkDevice handle, VkImage image,
					 const VkImageSubresource *subresource,
					 VkSubresourceLayout *out)
{
	device_of(handle)->lvp.GetImageSubresourceLayout(handle, image, subresource, out);
	fix_layout(table_find(TABLE_IMAGE, HANDLE(image)), out);
	fix_plane(handle, image, subresource->aspectMask, out);
}

void figment_vkGetImageSubresourceLayout2(VkDevice handle, VkImage image,
					  const VkImageSubresource2 *subresource,
					  VkSubresourceLayout2 *out)
{
	struct device *dev = device_of(handle);

	if (dev->lvp.GetImageSubresourceLayout2)
		dev->lvp.GetImageSubresourceLayout2(handle, image, subresource, out);
	else
		dev->lvp.GetImageSubresourceLayout2EXT(handle, image, subresource, out);
	fix_layout(table_find(TABLE_IMAGE, HANDLE(image)), &out->subresourceLayout);
	fix_plane(handle, image, subresource->imageSubresource.aspectMask,
		  &out->subresourceLayout);
}

void figment_vkGetDeviceImageSubresourceLayout(VkDevice handle,
					       const VkDeviceImageSubresourceInfo *info,
					       VkSubresourceLayout2 *out)
{
	const VkImageDrmFormatModifierExplicitCreateInfoEXT *modifier =
		explicit_layout(info->pCreateInfo);
	VkImageAspectFlags aspect = info->pSubresource->imageSubresource.aspectMask;
	struct device *dev = device_of(handle);
	VkDeviceSize before = 0;
	struct image image;

	dev->lvp.GetDeviceImageSubresourceLayout(handle, info, out);
	if (modifier) {
		describe(&image, info->pCreateInfo, modifier);
		fix_layout(&image, &out->subresourceLayout);
	}
	if (!has_planes(info->pCreateInfo) || !is_later_plane(aspect))
		return;
	for (VkImageAspectFlags a = VK_IMAGE_ASPECT_PLANE_0_BIT; a < aspect; a <<= 1) {
		const VkImageSubresource2 plane = {
			.sType = VK_STRUCTURE_TYPE_IMAGE_SUBRESOURCE_2_KHR,
			.imageSubresource.aspectMask = a,
		};
		VkDeviceImageSubresourceInfo one = *info;
		VkSubresourceLayout2 layout = { .sType = VK_STRUCTURE_TYPE_SUBRESOURCE_LAYOUT_2_KHR };

		one.pSubresource = &plane;
		dev->lvp.GetDeviceImageSubresourceLayout(handle, &one, &layout);
		before += layout.subresourceLayout.size;
	}
	fix_offset(&out->subresourceLayout, before);
}

VkResult figment_vkGetImageDrmFormatModifierPropertiesEXT(
	VkDevice handle, VkImage image, VkImageDrmFormatModifierPropertiesEXT *out)
{
	out->drmFormatModifier = DRM_FORMAT_MODIFIER_LINEAR;
	return VK_SUCCESS;
}

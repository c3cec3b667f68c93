// SPDX-License-Identifier: MIT
/**
 * DOC: images as dma-bufs, semaphores as SYNC_FDs
 *
 * Both sides name the image's modifier, the producer out of a list of one
 * (LINEAR, which is what the strip's copy engine can address), the consumer
 * with the explicit layout it was sent. Memory is dedicated to its image, as
 * some drivers demand of shared images and none minds.
 */
#include <drm_fourcc.h>
#include <unistd.h>

#include "common.h"
#include "vk.h"

static const VkExternalMemoryImageCreateInfo external_image = {
	.sType = VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_IMAGE_CREATE_INFO,
	.handleTypes = VK_EXTERNAL_MEMORY_HANDLE_TYPE_DMA_BUF_BIT_EXT,
};

void vk_share_check(const struct vk *vk, VkImageUsageFlags usage,
		    VkExternalMemoryFeatureFlags memory, VkExternalSemaphoreFeatureFlags semaphore)
{
	const VkPhysicalDeviceImageDrmFormatModifierInfoEXT modifier = {
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_IMAGE_DRM_FORMAT_MODIFIER_INFO_EXT,
		.drmFormatModifier = DRM_FORMAT_MOD_LINEAR,
	};
	const VkPhysicalDeviceExternalImageFormatInfo external = {
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_IMAGE_FORMAT_INFO,
		.pNext = &modifier,
		.handleType = VK_EXTERNAL_MEMORY_HANDLE_TYPE_DMA_BUF_BIT_EXT,
	};
	const VkPhysicalDeviceImageFormatInfo2 info = {
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_IMAGE_FORMAT_INFO_2,
		.pNext = &external,
		.format = FRAME_FORMAT,
		.type = VK_IMAGE_TYPE_2D,
		.tiling = VK_IMAGE_TILING_DRM_FORMAT_MODIFIER_EXT,
		.usage = usage,
	};
	VkExternalImageFormatProperties external_props = {
		.sType = VK_STRUCTURE_TYPE_EXTERNAL_IMAGE_FORMAT_PROPERTIES,
	};
	VkImageFormatProperties2 props = {
		.sType = VK_STRUCTURE_TYPE_IMAGE_FORMAT_PROPERTIES_2,
		.pNext = &external_props,
	};
	const VkPhysicalDeviceExternalSemaphoreInfo semaphore_info = {
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_SEMAPHORE_INFO,
		.handleType = VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_SYNC_FD_BIT,
	};
	VkExternalSemaphoreProperties semaphore_props = {
		.sType = VK_STRUCTURE_TYPE_EXTERNAL_SEMAPHORE_PROPERTIES,
	};

	VK(vkGetPhysicalDeviceImageFormatProperties2(vk->physical, &info, &props));
	if (memory & ~external_props.externalMemoryProperties.externalMemoryFeatures)
		die("images of modifier LINEAR have the dma-buf features 0x%x, not 0x%x",
		    external_props.externalMemoryProperties.externalMemoryFeatures, memory);
	vkGetPhysicalDeviceExternalSemaphoreProperties(vk->physical, &semaphore_info,
						       &semaphore_props);
	if (semaphore & ~semaphore_props.externalSemaphoreFeatures)
		die("semaphores have the SYNC_FD features 0x%x, not 0x%x",
		    semaphore_props.externalSemaphoreFeatures, semaphore);
}

static VkImage create_image(const struct vk *vk, VkImageUsageFlags usage, const void *next)
{
	const VkImageCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
		.pNext = next,
		.imageType = VK_IMAGE_TYPE_2D,
		.format = FRAME_FORMAT,
		.extent = { FRAME_WIDTH, FRAME_HEIGHT, 1 },
		.mipLevels = 1,
		.arrayLayers = 1,
		.samples = VK_SAMPLE_COUNT_1_BIT,
		.tiling = VK_IMAGE_TILING_DRM_FORMAT_MODIFIER_EXT,
		.usage = usage,
		.initialLayout = VK_IMAGE_LAYOUT_UNDEFINED,
	};
	VkImage image;

	VK(vkCreateImage(vk->device, &info, NULL, &image));
	return image;
}

int vk_export_image(const struct vk *vk, struct vk_image *img, VkImageUsageFlags usage,
		    struct buffer_layout *layout, uint64_t *modifier)
{
	const uint64_t linear = DRM_FORMAT_MOD_LINEAR;
	const VkImageDrmFormatModifierListCreateInfoEXT list = {
		.sType = VK_STRUCTURE_TYPE_IMAGE_DRM_FORMAT_MODIFIER_LIST_CREATE_INFO_EXT,
		.pNext = &external_image,
		.drmFormatModifierCount = 1,
		.pDrmFormatModifiers = &linear,
	};
	VkMemoryDedicatedAllocateInfo dedicated = {
		.sType = VK_STRUCTURE_TYPE_MEMORY_DEDICATED_ALLOCATE_INFO,
	};
	const VkExportMemoryAllocateInfo export = {
		.sType = VK_STRUCTURE_TYPE_EXPORT_MEMORY_ALLOCATE_INFO,
		.pNext = &dedicated,
		.handleTypes = VK_EXTERNAL_MEMORY_HANDLE_TYPE_DMA_BUF_BIT_EXT,
	};
	VkMemoryAllocateInfo alloc = {
		.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
		.pNext = &export,
	};
	VkImageDrmFormatModifierPropertiesEXT modifier_props = {
		.sType = VK_STRUCTURE_TYPE_IMAGE_DRM_FORMAT_MODIFIER_PROPERTIES_EXT,
	};
	VkMemoryGetFdInfoKHR get_fd = {
		.sType = VK_STRUCTURE_TYPE_MEMORY_GET_FD_INFO_KHR,
		.handleType = VK_EXTERNAL_MEMORY_HANDLE_TYPE_DMA_BUF_BIT_EXT,
	};
	const VkImageSubresource plane = { VK_IMAGE_ASPECT_MEMORY_PLANE_0_BIT_EXT, 0, 0 };
	VkSubresourceLayout sub;
	VkMemoryRequirements reqs;
	int fd;

	*img = (struct vk_image){ .image = create_image(vk, usage, &list) };
	vkGetImageMemoryRequirements(vk->device, img->image, &reqs);
	dedicated.image = img->image;
	alloc.allocationSize = reqs.size;
	alloc.memoryTypeIndex = vk_memory_type(vk, reqs.memoryTypeBits,
					       VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT |
					       VK_MEMORY_PROPERTY_HOST_COHERENT_BIT);
	VK(vkAllocateMemory(vk->device, &alloc, NULL, &img->memory));
	VK(vkBindImageMemory(vk->device, img->image, img->memory, 0));
	img->size = reqs.size;

	VK(vk->get_modifier(vk->device, img->image, &modifier_props));
	*modifier = modifier_props.drmFormatModifier;
	vkGetImageSubresourceLayout(vk->device, img->image, &plane, &sub);
	get_fd.memory = img->memory;
	VK(vk->get_memory_fd(vk->device, &get_fd, &fd));

	layout->size = OK(lseek(fd, 0, SEEK_END));
	layout->offset = sub.offset;
	layout->row_pitch = sub.rowPitch;
	layout->inode = dmabuf_inode(fd);
	return fd;
}

void vk_import_image(const struct vk *vk, struct vk_image *img, VkImageUsageFlags usage,
		     const struct message *setup, int buffer, int dmabuf)
{
	const VkSubresourceLayout plane = {
		.offset = setup->layout[buffer].offset,
		.rowPitch = setup->layout[buffer].row_pitch,
	};
	const VkImageDrmFormatModifierExplicitCreateInfoEXT explicit = {
		.sType = VK_STRUCTURE_TYPE_IMAGE_DRM_FORMAT_MODIFIER_EXPLICIT_CREATE_INFO_EXT,
		.pNext = &external_image,
		.drmFormatModifier = setup->modifier,
		.drmFormatModifierPlaneCount = 1,
		.pPlaneLayouts = &plane,
	};
	VkMemoryDedicatedAllocateInfo dedicated = {
		.sType = VK_STRUCTURE_TYPE_MEMORY_DEDICATED_ALLOCATE_INFO,
	};
	VkImportMemoryFdInfoKHR import = {
		.sType = VK_STRUCTURE_TYPE_IMPORT_MEMORY_FD_INFO_KHR,
		.pNext = &dedicated,
		.handleType = VK_EXTERNAL_MEMORY_HANDLE_TYPE_DMA_BUF_BIT_EXT,
	};
	VkMemoryAllocateInfo alloc = {
		.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
		.pNext = &import,
	};
	VkMemoryFdPropertiesKHR fd_props = {
		.sType = VK_STRUCTURE_TYPE_MEMORY_FD_PROPERTIES_KHR,
	};
	VkMemoryRequirements reqs;

	if (setup->fourcc != FRAME_FOURCC)
		die("SETUP: the format 0x%x is not the one expected", setup->fourcc);
	*img = (struct vk_image){ .image = create_image(vk, usage, &explicit) };
	vkGetImageMemoryRequirements(vk->device, img->image, &reqs);
	VK(vk->get_memory_fd_properties(vk->device, import.handleType, dmabuf, &fd_props));
	if (reqs.size > setup->layout[buffer].size)
		die("SETUP: buffer %d has %llu bytes, an image needs %llu", buffer,
		    (unsigned long long)setup->layout[buffer].size,
		    (unsigned long long)reqs.size);
	dedicated.image = img->image;
	alloc.allocationSize = img->size = reqs.size;
	alloc.memoryTypeIndex = vk_memory_type(vk, reqs.memoryTypeBits & fd_props.memoryTypeBits,
					       VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT |
					       VK_MEMORY_PROPERTY_HOST_COHERENT_BIT);
	/* Vulkan takes the fd over, and only the caller's copy outlives the memory. */
	import.fd = OK(dup(dmabuf));
	VK(vkAllocateMemory(vk->device, &alloc, NULL, &img->memory));
	VK(vkBindImageMemory(vk->device, img->image, img->memory, 0));
}

VkSemaphore vk_semaphore(const struct vk *vk, bool exportable)
{
	const VkExportSemaphoreCreateInfo export = {
		.sType = VK_STRUCTURE_TYPE_EXPORT_SEMAPHORE_CREATE_INFO,
		.handleTypes = VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_SYNC_FD_BIT,
	};
	const VkSemaphoreCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO,
		.pNext = exportable ? &export : NULL,
	};
	VkSemaphore semaphore;

	VK(vkCreateSemaphore(vk->device, &info, NULL, &semaphore));
	return semaphore;
}

int vk_export_semaphore(const struct vk *vk, VkSemaphore semaphore)
{
	const VkSemaphoreGetFdInfoKHR info = {
		.sType = VK_STRUCTURE_TYPE_SEMAPHORE_GET_FD_INFO_KHR,
		.semaphore = semaphore,
		.handleType = VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_SYNC_FD_BIT,
	};
	int fd;

	VK(vk->get_semaphore_fd(vk->device, &info, &fd));
	return fd;
}

void vk_import_semaphore(const struct vk *vk, VkSemaphore semaphore, int fd)
{
	const VkImportSemaphoreFdInfoKHR info = {
		.sType = VK_STRUCTURE_TYPE_IMPORT_SEMAPHORE_FD_INFO_KHR,
		.semaphore = semaphore,
		.flags = VK_SEMAPHORE_IMPORT_TEMPORARY_BIT,
		.handleType = VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_SYNC_FD_BIT,
		.fd = fd,
	};

	VK(vk->import_semaphore_fd(vk->device, &info));
}

// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: devices, and a picture
 *
 * The picture is a ground and tiles on it, each an image scaled with a filter, which
 * lavapipe draws as it draws triangles with a texture. It takes no shaders of ours,
 * and as long as one wants it to, by its size and the number of tiles.
 *
 * All images are in the layout GENERAL, so that one command buffer can be submitted
 * again and again.
 */
#include "picture.h"

#define FORMAT	VK_FORMAT_B8G8R8A8_UNORM
#define USAGE	(VK_IMAGE_USAGE_TRANSFER_SRC_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT | \
		 VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT)

static const VkImageSubresourceRange all = { VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1 };
static const VkImageSubresourceLayers layer = { VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1 };

static void share_device(struct vk *vk)
{
	static const char *const extensions[] = {
		VK_KHR_EXTERNAL_MEMORY_FD_EXTENSION_NAME,
		VK_KHR_EXTERNAL_SEMAPHORE_FD_EXTENSION_NAME,
		VK_EXT_EXTERNAL_MEMORY_DMA_BUF_EXTENSION_NAME,
	};
	VkPhysicalDeviceSynchronization2Features sync = {
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SYNCHRONIZATION_2_FEATURES,
		.synchronization2 = VK_TRUE,
	};

	VK(vk_device_with(vk, &sync, extensions, sizeof(extensions) / sizeof(extensions[0])));
	must_be(vk->GetMemoryFdKHR && vk->GetSemaphoreFdKHR && vk->ImportSemaphoreFdKHR);
}

void vulkan_open(struct vk *vk, bool figment, bool share)
{
	VkPhysicalDevice devices[VK_MAX_DEVICES];

	vk_prepare();
	vk_instance(vk);
	must_be(vk_find(vk->instance, figment, devices) > 0);
	vk->physical = devices[0];
	if (share)
		share_device(vk);
	else
		vk_plain_device(vk);
}

static VkImage create_image(struct vk *vk, uint32_t width, uint32_t height,
			    VkImageTiling tiling, const void *next)
{
	VkImageCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
		.pNext = next,
		.imageType = VK_IMAGE_TYPE_2D,
		.format = FORMAT,
		.extent = { width, height, 1 },
		.mipLevels = 1,
		.arrayLayers = 1,
		.samples = VK_SAMPLE_COUNT_1_BIT,
		.tiling = tiling,
		.usage = USAGE,
	};
	VkImage image;

	VK(vkCreateImage(vk->device, &info, NULL, &image));
	return image;
}

static void place(struct vk *vk, VkImage image, VkExternalMemoryHandleTypeFlags exports, int fd,
		  VkDeviceMemory *memory)
{
	VkMemoryRequirements reqs;
	VkCommandBuffer cmd = vk_begin(vk);

	vkGetImageMemoryRequirements(vk->device, image, &reqs);
	VK(vk_allocate(vk, reqs.size, exports, fd < 0 ? 0 : DMA_BUF_MEMORY, fd, memory));
	VK(vkBindImageMemory(vk->device, image, *memory, 0));
	vk_move(cmd, image, VK_IMAGE_LAYOUT_UNDEFINED, VK_IMAGE_LAYOUT_GENERAL,
		VK_QUEUE_FAMILY_IGNORED, VK_QUEUE_FAMILY_IGNORED);
	vk_run(vk, vk_end(cmd));
}

VkImage vulkan_image(struct vk *vk, uint32_t width, uint32_t height, VkImageTiling tiling,
		     VkDeviceMemory *memory)
{
	VkImage image = create_image(vk, width, height, tiling, NULL);

	place(vk, image, 0, -1, memory);
	return image;
}

VkImage vulkan_shared_image(struct vk *vk, uint32_t width, uint32_t height, int fd,
			    VkDeviceMemory *memory)
{
	VkExternalMemoryImageCreateInfo external = {
		.sType = VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_IMAGE_CREATE_INFO,
		.handleTypes = DMA_BUF_MEMORY,
	};
	VkImage image = create_image(vk, width, height, VK_IMAGE_TILING_LINEAR, &external);

	place(vk, image, fd < 0 ? DMA_BUF_MEMORY : 0, fd, memory);
	return image;
}

static void barrier(VkCommandBuffer cmd, VkImage image)
{
	vk_move(cmd, image, VK_IMAGE_LAYOUT_GENERAL, VK_IMAGE_LAYOUT_GENERAL,
		VK_QUEUE_FAMILY_IGNORED, VK_QUEUE_FAMILY_IGNORED);
}

void vulkan_blit(VkCommandBuffer cmd, VkImage from, VkExtent2D size, VkImage to,
		 VkOffset2D at, VkExtent2D to_size)
{
	VkImageBlit region = {
		.srcSubresource = layer,
		.srcOffsets[1] = { size.width, size.height, 1 },
		.dstSubresource = layer,
		.dstOffsets = {
			{ at.x, at.y, 0 },
			{ at.x + to_size.width, at.y + to_size.height, 1 },
		},
	};

	vkCmdBlitImage(cmd, from, VK_IMAGE_LAYOUT_GENERAL, to, VK_IMAGE_LAYOUT_GENERAL, 1,
		       &region, VK_FILTER_LINEAR);
}

void vulkan_draw(VkCommandBuffer cmd, VkImage image, uint32_t width, uint32_t height,
		 VkImage tile, uint32_t tiles)
{
	const VkClearColorValue ground = { .float32 = { 0.1, 0.2, 0.3, 1 } };
	const VkExtent2D size = { TILE, TILE };

	vkCmdClearColorImage(cmd, image, VK_IMAGE_LAYOUT_GENERAL, &ground, 1, &all);
	barrier(cmd, image);
	for (uint32_t i = 0; i < tiles; i++) {
		VkOffset2D at = { i % 2 * width / 2, i / 2 % 2 * height / 2 };

		vulkan_blit(cmd, tile, size, image, at, (VkExtent2D){ width / 2, height / 2 });
	}
}

VkImage vulkan_tile(struct vk *vk)
{
	const VkClearColorValue colour = { .float32 = { 0.9, 0.7, 0.2, 1 } };
	VkDeviceMemory memory;
	VkImage image = vulkan_image(vk, TILE, TILE, VK_IMAGE_TILING_OPTIMAL, &memory);
	VkCommandBuffer cmd = vk_begin(vk);

	vkCmdClearColorImage(cmd, image, VK_IMAGE_LAYOUT_GENERAL, &colour, 1, &all);
	vk_run(vk, vk_end(cmd));
	return image;
}

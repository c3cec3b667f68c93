// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: memory imported from the host
 *
 * Catches a shim in whose way lavapipe's HOST_ALLOCATION no longer works, or that
 * takes such memory for a buffer of its own and frees it; that copies it; that
 * knows no HOST_MAPPED_FOREIGN_MEMORY, as a dma-buf that is mapped already.
 */
#include <stdlib.h>
#include <sys/mman.h>

#include "fixture.h"

#define SIZE	(4 * PAGE)

static void use(struct __test_metadata *_metadata, struct vk *vk, void *at,
		VkExternalMemoryHandleTypeFlagBits type)
{
	VkMemoryHostPointerPropertiesEXT p = {
		.sType = VK_STRUCTURE_TYPE_MEMORY_HOST_POINTER_PROPERTIES_EXT,
	};
	VkExternalMemoryBufferCreateInfo external = {
		.sType = VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_BUFFER_CREATE_INFO,
		.handleTypes = type,
	};
	VkBufferCreateInfo create = {
		.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
		.pNext = &external,
		.size = SIZE,
		.usage = VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT,
	};
	VkDeviceMemory memory;
	struct vk_buffer copy;
	VkBuffer buffer;

	ASSERT_EQ(VK_SUCCESS,
		  vk->GetMemoryHostPointerPropertiesEXT(vk->device, type, at, &p));
	ASSERT_TRUE(p.memoryTypeBits & 1u << vk_memory_type(vk, ~0u));
	VK(vkCreateBuffer(vk->device, &create, NULL, &buffer));
	ASSERT_EQ(VK_SUCCESS, vk_host_import(vk, type, at, SIZE, &memory));
	VK(vkBindBufferMemory(vk->device, buffer, memory, 0));
	vk_buffer(vk, &copy, SIZE, 0);

	words_set(at, SIZE, 0x1111);
	vk_run(vk, vk_copy(vk, buffer, copy.buffer, SIZE));
	EXPECT_TRUE(words_are(copy.map, SIZE, 0x1111));
	vk_run(vk, vk_fill(vk, buffer, SIZE, 0x2222));
	EXPECT_TRUE(words_are(at, SIZE, 0x2222));
	vkDestroyBuffer(vk->device, buffer, NULL);
	vkFreeMemory(vk->device, memory, NULL);
	vk_buffer_free(vk, &copy);
	/* It was never Vulkan's to unmap. */
	EXPECT_TRUE(words_are(at, SIZE, 0x2222));
}

/* A linear image in the host's memory: what is drawn is there, where its layout says. */
TEST_F(vk, an_image_in_it)
{
	VkExternalMemoryImageCreateInfo external = {
		.sType = VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_IMAGE_CREATE_INFO,
		.handleTypes = VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT,
	};
	VkImageCreateInfo create = {
		.sType = VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
		.pNext = &external,
		.imageType = VK_IMAGE_TYPE_2D,
		.format = VK_FORMAT_R8G8B8A8_UNORM,
		.extent = { 16, 16, 1 },
		.mipLevels = 1,
		.arrayLayers = 1,
		.samples = VK_SAMPLE_COUNT_1_BIT,
		.tiling = VK_IMAGE_TILING_LINEAR,
		.usage = VK_IMAGE_USAGE_TRANSFER_DST_BIT,
	};
	VkImageSubresource which = { VK_IMAGE_ASPECT_COLOR_BIT, 0, 0 };
	VkImageSubresourceRange all = { VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1 };
	VkClearColorValue colour = { .float32 = { 1, 0, 1, 0 } };
	uint8_t *at = aligned_alloc(PAGE, SIZE);
	struct vk *vk = &self->vk;
	VkMemoryRequirements need;
	VkSubresourceLayout layout;
	VkDeviceMemory memory;
	VkCommandBuffer cmd;
	VkImage image;

	ASSERT_NE(NULL, at);
	words_set(at, SIZE, 0x12121212);
	VK(vkCreateImage(vk->device, &create, NULL, &image));
	vkGetImageMemoryRequirements(vk->device, image, &need);
	/* At an offset: what is in front of it and behind it stays. */
	ASSERT_LE(PAGE + need.size, SIZE - PAGE);
	VK(vk_host_import(vk, external.handleTypes, at, SIZE, &memory));
	VK(vkBindImageMemory(vk->device, image, memory, PAGE));
	vkGetImageSubresourceLayout(vk->device, image, &which, &layout);
	cmd = vk_begin(vk);
	vk_move(cmd, image, VK_IMAGE_LAYOUT_UNDEFINED, VK_IMAGE_LAYOUT_GENERAL,
		VK_QUEUE_FAMILY_IGNORED, VK_QUEUE_FAMILY_IGNORED);
	vkCmdClearColorImage(cmd, image, VK_IMAGE_LAYOUT_GENERAL, &colour, 1, &all);
	vk_run(vk, vk_end(cmd));
	for (int y = 0; y < 16; y++)
		EXPECT_TRUE(words_are(at + PAGE + layout.offset + y * layout.rowPitch, 16 * 4,
				      0x00ff00ff));
	EXPECT_TRUE(words_are(at, PAGE, 0x12121212));
	EXPECT_TRUE(words_are(at + SIZE - PAGE, PAGE, 0x12121212));
	vkDestroyImage(vk->device, image, NULL);
	vkFreeMemory(vk->device, memory, NULL);
	free(at);
}

/* Neither part of a page can be imported, nor what nobody could export again. */
TEST_F(vk, what_cannot_be_imported)
{
	uint8_t *at = aligned_alloc(PAGE, SIZE);
	VkImportMemoryHostPointerInfoEXT import = {
		.sType = VK_STRUCTURE_TYPE_IMPORT_MEMORY_HOST_POINTER_INFO_EXT,
		.handleType = VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT,
	};
	VkExportMemoryAllocateInfo export = {
		.sType = VK_STRUCTURE_TYPE_EXPORT_MEMORY_ALLOCATE_INFO,
		.handleTypes = OPAQUE_MEMORY,
	};
	VkMemoryAllocateInfo info = {
		.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
		.pNext = &import,
		.memoryTypeIndex = vk_memory_type(&self->vk, ~0u),
	};
	VkMemoryHostPointerPropertiesEXT p = {
		.sType = VK_STRUCTURE_TYPE_MEMORY_HOST_POINTER_PROPERTIES_EXT,
	};
	struct vk *vk = &self->vk;
	VkDeviceMemory memory;

	vk->quiet = true;
	import.pHostPointer = at + 64;
	info.allocationSize = PAGE;
	EXPECT_EQ(VK_ERROR_INVALID_EXTERNAL_HANDLE,
		  vkAllocateMemory(vk->device, &info, NULL, &memory));
	EXPECT_EQ(VK_ERROR_INVALID_EXTERNAL_HANDLE,
		  vk->GetMemoryHostPointerPropertiesEXT(vk->device, import.handleType, at + 64, &p));
	import.pHostPointer = at;
	info.allocationSize = PAGE + 64;
	EXPECT_EQ(VK_ERROR_INVALID_EXTERNAL_HANDLE,
		  vkAllocateMemory(vk->device, &info, NULL, &memory));
	import.pNext = &export;
	info.allocationSize = PAGE;
	EXPECT_EQ(VK_ERROR_INVALID_EXTERNAL_HANDLE,
		  vkAllocateMemory(vk->device, &info, NULL, &memory));
	free(at);
}

TEST_F(vk, allocation)
{
	void *at = aligned_alloc(PAGE, SIZE);

	ASSERT_NE(NULL, at);
	use(_metadata, &self->vk, at, VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT);
	free(at);
}

TEST_F(vk, mapped_foreign_memory)
{
	int device = device_open();
	struct buffer buf = buffer_create(device, SIZE);

	use(_metadata, &self->vk, buf.map,
	    VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_MAPPED_FOREIGN_MEMORY_BIT_EXT);
	buffer_destroy(device, &buf);
}

VK_HARNESS_MAIN()

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
	VkImportMemoryHostPointerInfoEXT import = {
		.sType = VK_STRUCTURE_TYPE_IMPORT_MEMORY_HOST_POINTER_INFO_EXT,
		.handleType = type,
		.pHostPointer = at,
	};
	VkMemoryAllocateInfo info = {
		.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
		.pNext = &import,
		.allocationSize = SIZE,
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
	ASSERT_NE(0, p.memoryTypeBits);
	info.memoryTypeIndex = vk_memory_type(vk, p.memoryTypeBits);
	VK(vkCreateBuffer(vk->device, &create, NULL, &buffer));
	ASSERT_EQ(VK_SUCCESS, vkAllocateMemory(vk->device, &info, NULL, &memory));
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

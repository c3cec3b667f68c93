// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: buffers, and memory that is shared
 */
#include <string.h>

#include "kselftest.h"

#include "vk.h"

uint32_t vk_memory_type(struct vk *vk, uint32_t bits)
{
	const VkMemoryPropertyFlags want = VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT |
					   VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
	VkPhysicalDeviceMemoryProperties p;

	vkGetPhysicalDeviceMemoryProperties(vk->physical, &p);
	for (uint32_t i = 0; i < p.memoryTypeCount; i++) {
		if (bits >> i & 1 && (p.memoryTypes[i].propertyFlags & want) == want)
			return i;
	}
	must_be(!"a memory type that the CPU sees");
	return 0;
}

VkResult vk_allocate(struct vk *vk, VkDeviceSize size, VkExternalMemoryHandleTypeFlags exports,
		     VkExternalMemoryHandleTypeFlagBits type, int fd, VkDeviceMemory *memory)
{
	VkImportMemoryFdInfoKHR import = {
		.sType = VK_STRUCTURE_TYPE_IMPORT_MEMORY_FD_INFO_KHR,
		.handleType = type,
		.fd = fd,
	};
	VkExportMemoryAllocateInfo export = {
		.sType = VK_STRUCTURE_TYPE_EXPORT_MEMORY_ALLOCATE_INFO,
		.pNext = type ? &import : NULL,
		.handleTypes = exports,
	};
	VkMemoryAllocateInfo info = {
		.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
		.pNext = exports ? &export : export.pNext,
		.allocationSize = size,
		.memoryTypeIndex = vk_memory_type(vk, ~0u),
	};

	return vkAllocateMemory(vk->device, &info, NULL, memory);
}

static VkResult make_buffer(struct vk *vk, struct vk_buffer *buf, VkDeviceSize size,
			    VkExternalMemoryHandleTypeFlags exports,
			    VkExternalMemoryHandleTypeFlagBits type, int fd)
{
	VkExternalMemoryBufferCreateInfo external = {
		.sType = VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_BUFFER_CREATE_INFO,
		.handleTypes = exports | type,
	};
	VkBufferCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
		.pNext = external.handleTypes ? &external : NULL,
		.size = size,
		.usage = VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT,
	};
	VkMemoryRequirements need;
	VkResult result;

	VK(vkCreateBuffer(vk->device, &info, NULL, &buf->buffer));
	vkGetBufferMemoryRequirements(vk->device, buf->buffer, &need);
	buf->size = need.size;
	result = vk_allocate(vk, need.size, exports, type, fd, &buf->memory);
	if (result) {
		vkDestroyBuffer(vk->device, buf->buffer, NULL);
		return result;
	}
	VK(vkBindBufferMemory(vk->device, buf->buffer, buf->memory, 0));
	VK(vkMapMemory(vk->device, buf->memory, 0, VK_WHOLE_SIZE, 0, &buf->map));
	return VK_SUCCESS;
}

void vk_buffer(struct vk *vk, struct vk_buffer *buf, VkDeviceSize size,
	       VkExternalMemoryHandleTypeFlags types)
{
	VK(make_buffer(vk, buf, size, types, 0, -1));
}

VkResult vk_buffer_import(struct vk *vk, struct vk_buffer *buf, VkDeviceSize size,
			  VkExternalMemoryHandleTypeFlagBits type, int fd)
{
	return make_buffer(vk, buf, size, 0, type, fd);
}

void vk_buffer_free(struct vk *vk, struct vk_buffer *buf)
{
	vkDestroyBuffer(vk->device, buf->buffer, NULL);
	vkFreeMemory(vk->device, buf->memory, NULL);
}

VkResult vk_host_import(struct vk *vk, VkExternalMemoryHandleTypeFlagBits type, void *at,
			VkDeviceSize size, VkDeviceMemory *memory)
{
	VkImportMemoryHostPointerInfoEXT import = {
		.sType = VK_STRUCTURE_TYPE_IMPORT_MEMORY_HOST_POINTER_INFO_EXT,
		.handleType = type,
		.pHostPointer = at,
	};
	VkMemoryAllocateInfo info = {
		.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
		.pNext = &import,
		.allocationSize = size,
		.memoryTypeIndex = vk_memory_type(vk, ~0u),
	};

	return vkAllocateMemory(vk->device, &info, NULL, memory);
}

int vk_memory_fd(struct vk *vk, VkDeviceMemory memory, VkExternalMemoryHandleTypeFlagBits type)
{
	VkMemoryGetFdInfoKHR info = {
		.sType = VK_STRUCTURE_TYPE_MEMORY_GET_FD_INFO_KHR,
		.memory = memory,
		.handleType = type,
	};
	int fd = -1;

	VK(vk->GetMemoryFdKHR(vk->device, &info, &fd));
	must_be(fd >= 0);
	return fd;
}

bool words_are(const void *at, size_t size, uint32_t word)
{
	const volatile uint32_t *p = at;

	for (size_t i = 0; i < size / sizeof(word); i++) {
		if (p[i] != word)
			return false;
	}
	return true;
}

void words_set(void *at, size_t size, uint32_t word)
{
	volatile uint32_t *p = at;

	for (size_t i = 0; i < size / sizeof(word); i++)
		p[i] = word;
}

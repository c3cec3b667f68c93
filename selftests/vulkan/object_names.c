// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: names, tags and private data of what the shim knows of
 *
 * Catches a shim that makes up handles: lavapipe takes any handle it is given a
 * name or private data for as a pointer to an object of its own.
 */
#include <string.h>
#include <unistd.h>

#include "fixture.h"

/* Names, tags and private data, set and read back. */
static void label(struct __test_metadata *_metadata, struct vk *vk, VkObjectType type,
		  uint64_t handle, VkPrivateDataSlot slot)
{
	VkDebugUtilsObjectNameInfoEXT name = {
		.sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_OBJECT_NAME_INFO_EXT,
		.objectType = type,
		.objectHandle = handle,
		.pObjectName = "a name",
	};
	VkDebugUtilsObjectTagInfoEXT tag = {
		.sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_OBJECT_TAG_INFO_EXT,
		.objectType = type,
		.objectHandle = handle,
		.tagName = 1,
		.tagSize = 3,
		.pTag = "tag",
	};
	uint64_t data = 0;

	ASSERT_NE(0, handle);
	EXPECT_EQ(VK_SUCCESS, vk->SetDebugUtilsObjectNameEXT(vk->device, &name));
	name.pObjectName = "another name, which is longer than the first one was";
	EXPECT_EQ(VK_SUCCESS, vk->SetDebugUtilsObjectNameEXT(vk->device, &name));
	EXPECT_EQ(VK_SUCCESS, vk->SetDebugUtilsObjectTagEXT(vk->device, &tag));
	vkGetPrivateData(vk->device, type, handle, slot, &data);
	EXPECT_EQ(0, data);
	EXPECT_EQ(VK_SUCCESS, vkSetPrivateData(vk->device, type, handle, slot, ~handle));
	vkGetPrivateData(vk->device, type, handle, slot, &data);
	EXPECT_EQ(~handle, data);
	name.pObjectName = NULL;
	EXPECT_EQ(VK_SUCCESS, vk->SetDebugUtilsObjectNameEXT(vk->device, &name));
}

#define handle_of(object)	((uint64_t)(uintptr_t)(object))

static VkPrivateDataSlot make_slot(struct vk *vk)
{
	VkPrivateDataSlotCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_PRIVATE_DATA_SLOT_CREATE_INFO,
	};
	VkPrivateDataSlot slot;

	VK(vkCreatePrivateDataSlot(vk->device, &info, NULL, &slot));
	return slot;
}

TEST_F(vk, fences)
{
	struct vk *vk = &self->vk;
	VkPrivateDataSlot slot = make_slot(vk);
	VkFence fences[] = {
		vk_fence(vk, 0, 0), vk_fence(vk, 0, OPAQUE_FENCE), vk_fence(vk, 0, SYNC_FENCE),
		vk_fence(vk, 0, 0),
	};

	VK(vk_fence_import(vk, fences[3], SYNC_FENCE, VK_FENCE_IMPORT_TEMPORARY_BIT, -1));
	for (size_t i = 0; i < ARRAY_SIZE(fences); i++) {
		label(_metadata, vk, VK_OBJECT_TYPE_FENCE, handle_of(fences[i]), slot);
		vkDestroyFence(vk->device, fences[i], NULL);
	}
	vkDestroyPrivateDataSlot(vk->device, slot, NULL);
}

TEST_F(vk, semaphores)
{
	struct vk *vk = &self->vk;
	VkPrivateDataSlot slot = make_slot(vk);
	VkSemaphore sems[] = {
		vk_semaphore(vk, 0), vk_semaphore(vk, OPAQUE_SEM), vk_semaphore(vk, SYNC_SEM),
		vk_timeline(vk, 1, 0), vk_timeline(vk, 1, OPAQUE_SEM), vk_semaphore(vk, 0),
	};

	VK(vk_semaphore_import(vk, sems[5], SYNC_SEM, VK_SEMAPHORE_IMPORT_TEMPORARY_BIT, -1));
	for (size_t i = 0; i < ARRAY_SIZE(sems); i++) {
		label(_metadata, vk, VK_OBJECT_TYPE_SEMAPHORE, handle_of(sems[i]), slot);
		vkDestroySemaphore(vk->device, sems[i], NULL);
	}
	vkDestroyPrivateDataSlot(vk->device, slot, NULL);
}

TEST_F(vk, memory)
{
	struct vk *vk = &self->vk;
	VkPrivateDataSlot slot = make_slot(vk);
	struct vk_buffer bufs[4];

	vk_buffer(vk, &bufs[0], PAGE, 0);
	vk_buffer(vk, &bufs[1], PAGE, OPAQUE_MEMORY);
	vk_buffer(vk, &bufs[2], PAGE, DMA_BUF_MEMORY);
	VK(vk_buffer_import(vk, &bufs[3], PAGE, DMA_BUF_MEMORY,
			    vk_memory_fd(vk, bufs[2].memory, DMA_BUF_MEMORY)));
	for (size_t i = 0; i < ARRAY_SIZE(bufs); i++) {
		label(_metadata, vk, VK_OBJECT_TYPE_DEVICE_MEMORY, handle_of(bufs[i].memory), slot);
		label(_metadata, vk, VK_OBJECT_TYPE_BUFFER, handle_of(bufs[i].buffer), slot);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bufs); i++)
		vk_buffer_free(vk, &bufs[i]);
	vkDestroyPrivateDataSlot(vk->device, slot, NULL);
}

TEST_F(vk, dispatchable_ones)
{
	struct vk *vk = &self->vk;
	VkPrivateDataSlot slot = make_slot(vk);
	VkCommandBuffer cmd = vk_end(vk_begin(vk));

	label(_metadata, vk, VK_OBJECT_TYPE_QUEUE, handle_of(vk->queue), slot);
	label(_metadata, vk, VK_OBJECT_TYPE_COMMAND_BUFFER, handle_of(cmd), slot);
	label(_metadata, vk, VK_OBJECT_TYPE_DEVICE, handle_of(vk->device), slot);
	vkDestroyPrivateDataSlot(vk->device, slot, NULL);
}

VK_HARNESS_MAIN()

// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: every handle type there is, and those there may be, in every query and call
 *
 * identity.c asks what buffers, fences and semaphores are said to be shared as, and
 * tries imports; here are images, the objects, and the fds.
 *
 * Catches a shim that leaves images to lavapipe, which has all of them; that makes
 * objects to be shared as what they cannot be; that gives an fd for a type that was
 * not asked for, or for any.
 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fixture.h"

#define HOST_MEMORY	(VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT | \
			 VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_MAPPED_FOREIGN_MEMORY_BIT_EXT)
#define FD_MEMORY	((uint32_t)(OPAQUE_MEMORY | DMA_BUF_MEMORY))

#define for_each_bit(bit) for (uint32_t bit = 1; bit; bit <<= 1)

static VkResult ask_image(struct vk *vk, VkFormat format, VkImageTiling tiling, uint32_t type,
			  VkExternalMemoryProperties *p)
{
	VkPhysicalDeviceImageDrmFormatModifierInfoEXT modifier = {
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_IMAGE_DRM_FORMAT_MODIFIER_INFO_EXT,
		.sharingMode = VK_SHARING_MODE_EXCLUSIVE,
	};
	VkPhysicalDeviceExternalImageFormatInfo external = {
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_IMAGE_FORMAT_INFO,
		.pNext = tiling == VK_IMAGE_TILING_DRM_FORMAT_MODIFIER_EXT ? &modifier : NULL,
		.handleType = type,
	};
	VkPhysicalDeviceImageFormatInfo2 info = {
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_IMAGE_FORMAT_INFO_2,
		.pNext = &external,
		.format = format,
		.type = VK_IMAGE_TYPE_2D,
		.tiling = tiling,
		.usage = VK_IMAGE_USAGE_TRANSFER_SRC_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT,
	};
	VkExternalImageFormatProperties out = {
		.sType = VK_STRUCTURE_TYPE_EXTERNAL_IMAGE_FORMAT_PROPERTIES,
		.externalMemoryProperties = { ~0u, ~0u, ~0u },
	};
	VkImageFormatProperties2 out2 = {
		.sType = VK_STRUCTURE_TYPE_IMAGE_FORMAT_PROPERTIES_2,
		.pNext = &out,
	};
	VkResult result = vkGetPhysicalDeviceImageFormatProperties2(vk->physical, &info, &out2);

	*p = out.externalMemoryProperties;
	return result;
}

static void images(struct __test_metadata *_metadata, struct vk *vk, VkFormat format,
		   VkImageTiling tiling)
{
	uint32_t wrong = 0;

	for_each_bit(bit) {
		VkExternalMemoryProperties p;
		VkResult result = ask_image(vk, format, tiling, bit, &p);

		if (!(bit & (FD_MEMORY | HOST_MEMORY))) {
			wrong |= result == VK_ERROR_FORMAT_NOT_SUPPORTED ? 0 : bit;
			continue;
		}
		if (result != VK_SUCCESS) {
			wrong |= bit;
		} else if (bit & FD_MEMORY) {
			wrong |= p.externalMemoryFeatures ==
				 (VK_EXTERNAL_MEMORY_FEATURE_EXPORTABLE_BIT |
				  VK_EXTERNAL_MEMORY_FEATURE_IMPORTABLE_BIT) &&
				 (p.compatibleHandleTypes & bit) &&
				 !(p.compatibleHandleTypes & ~FD_MEMORY) &&
				 (p.exportFromImportedHandleTypes & bit) ? 0 : bit;
		} else {
			wrong |= p.externalMemoryFeatures ==
				 VK_EXTERNAL_MEMORY_FEATURE_IMPORTABLE_BIT &&
				 (p.compatibleHandleTypes & bit) &&
				 !(p.compatibleHandleTypes & FD_MEMORY) &&
				 !p.exportFromImportedHandleTypes ? 0 : bit;
		}
	}
	EXPECT_EQ(0, wrong)
		TH_LOG("format %d, tiling %d", format, tiling);
}

TEST_F(vk, images_are_answered_for)
{
	static const VkFormat formats[] = {
		VK_FORMAT_R8G8B8A8_UNORM, VK_FORMAT_B8G8R8A8_SRGB, VK_FORMAT_R8_UNORM,
		VK_FORMAT_R16G16B16A16_SFLOAT,
	};
	static const VkImageTiling tilings[] = {
		VK_IMAGE_TILING_OPTIMAL, VK_IMAGE_TILING_LINEAR,
		VK_IMAGE_TILING_DRM_FORMAT_MODIFIER_EXT,
	};

	self->vk.quiet = true;
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		for (size_t k = 0; k < ARRAY_SIZE(tilings); k++)
			images(_metadata, &self->vk, formats[i], tilings[k]);
	}
}

/* A format that cannot be used so is not with a handle type either. */
TEST_F(vk, impossible_images_stay_impossible)
{
	VkExternalMemoryProperties p;

	self->vk.quiet = true;
	for_each_bit(bit) {
		EXPECT_EQ(VK_ERROR_FORMAT_NOT_SUPPORTED,
			  ask_image(&self->vk, VK_FORMAT_G8_B8R8_2PLANE_420_UNORM,
				    VK_IMAGE_TILING_DRM_FORMAT_MODIFIER_EXT, bit, &p));
		EXPECT_EQ(0, p.externalMemoryFeatures);
	}
}

static VkResult make_buffer(struct vk *vk, uint32_t types, VkBuffer *buffer)
{
	VkExternalMemoryBufferCreateInfo external = {
		.sType = VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_BUFFER_CREATE_INFO,
		.handleTypes = types,
	};
	VkBufferCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
		.pNext = &external,
		.size = PAGE,
		.usage = VK_BUFFER_USAGE_TRANSFER_DST_BIT,
	};

	return vkCreateBuffer(vk->device, &info, NULL, buffer);
}

static VkResult make_image(struct vk *vk, uint32_t types, VkImage *image)
{
	VkExternalMemoryImageCreateInfo external = {
		.sType = VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_IMAGE_CREATE_INFO,
		.handleTypes = types,
	};
	VkImageCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
		.pNext = &external,
		.imageType = VK_IMAGE_TYPE_2D,
		.format = VK_FORMAT_R8G8B8A8_UNORM,
		.extent = { 16, 16, 1 },
		.mipLevels = 1,
		.arrayLayers = 1,
		.samples = VK_SAMPLE_COUNT_1_BIT,
		.usage = VK_IMAGE_USAGE_TRANSFER_DST_BIT,
	};

	return vkCreateImage(vk->device, &info, NULL, image);
}

TEST_F(vk, buffers_and_images_of_others_are_not_made)
{
	struct vk *vk = &self->vk;
	uint32_t buffers = 0, images = 0;

	vk->quiet = true;
	for_each_bit(bit) {
		VkBuffer buffer;
		VkImage image;

		/* Nor along with one that there is. */
		if (!make_buffer(vk, bit | OPAQUE_MEMORY, &buffer)) {
			buffers |= bit;
			vkDestroyBuffer(vk->device, buffer, NULL);
		}
		if (!make_image(vk, bit | OPAQUE_MEMORY, &image)) {
			images |= bit;
			vkDestroyImage(vk->device, image, NULL);
		}
	}
	EXPECT_EQ(FD_MEMORY | HOST_MEMORY, buffers);
	EXPECT_EQ(FD_MEMORY | HOST_MEMORY, images);
}

TEST_F(vk, memory_goes_out_as_what_it_was_made_for)
{
	struct vk *vk = &self->vk;
	uint32_t made = 0;
	int before = count_fds();

	vk->quiet = true;
	for_each_bit(bit) {
		VkDeviceMemory memory;
		uint32_t given = 0;

		if (vk_allocate(vk, PAGE, bit, 0, -1, &memory))
			continue;
		made |= bit;
		for_each_bit(type) {
			VkMemoryGetFdInfoKHR info = {
				.sType = VK_STRUCTURE_TYPE_MEMORY_GET_FD_INFO_KHR,
				.memory = memory,
				.handleType = type,
			};
			int fd = -1;

			if (!vk->GetMemoryFdKHR(vk->device, &info, &fd)) {
				given |= type;
				close(fd);
			}
		}
		EXPECT_EQ(bit, given);
		vkFreeMemory(vk->device, memory, NULL);
	}
	EXPECT_EQ(FD_MEMORY, made);
	EXPECT_EQ(before, count_fds());
}

TEST_F(vk, memory_of_nothing_has_no_fd)
{
	struct vk *vk = &self->vk;
	VkDeviceMemory memory;

	vk->quiet = true;
	ASSERT_EQ(VK_SUCCESS, vk_allocate(vk, PAGE, 0, 0, -1, &memory));
	for_each_bit(type) {
		VkMemoryGetFdInfoKHR info = {
			.sType = VK_STRUCTURE_TYPE_MEMORY_GET_FD_INFO_KHR,
			.memory = memory,
			.handleType = type,
		};
		int fd = -1;

		EXPECT_GT(0, vk->GetMemoryFdKHR(vk->device, &info, &fd));
		EXPECT_EQ(-1, fd);
	}
	vkFreeMemory(vk->device, memory, NULL);
}

TEST_F(vk, properties_are_of_dma_bufs_alone)
{
	struct vk *vk = &self->vk;
	int fd = wrong_fd(WRONG_DMA_BUF);
	uint32_t known = 0;

	vk->quiet = true;
	for_each_bit(bit) {
		VkMemoryFdPropertiesKHR p = {
			.sType = VK_STRUCTURE_TYPE_MEMORY_FD_PROPERTIES_KHR,
		};
		VkResult result = vk->GetMemoryFdPropertiesKHR(vk->device, bit, fd, &p);

		if (!result)
			known |= bit;
		else
			EXPECT_EQ(VK_ERROR_INVALID_EXTERNAL_HANDLE, result);
		EXPECT_EQ(!result, !!p.memoryTypeBits);
	}
	EXPECT_EQ((uint32_t)DMA_BUF_MEMORY, known);
	EXPECT_TRUE(fd_is_open(fd));
	close(fd);
}

TEST_F(vk, pointers_are_the_hosts_alone)
{
	struct vk *vk = &self->vk;
	void *at = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint32_t known = 0, taken = 0;

	ASSERT_NE(MAP_FAILED, at);
	vk->quiet = true;
	for_each_bit(bit) {
		VkMemoryHostPointerPropertiesEXT p = {
			.sType = VK_STRUCTURE_TYPE_MEMORY_HOST_POINTER_PROPERTIES_EXT,
		};
		VkDeviceMemory memory;
		VkResult result;

		result = vk->GetMemoryHostPointerPropertiesEXT(vk->device, bit, at, &p);
		if (!result)
			known |= bit;
		else
			EXPECT_EQ(VK_ERROR_INVALID_EXTERNAL_HANDLE, result);
		result = vk_host_import(vk, bit, at, PAGE, &memory);
		if (!result) {
			taken |= bit;
			vkFreeMemory(vk->device, memory, NULL);
		} else {
			EXPECT_EQ(VK_ERROR_INVALID_EXTERNAL_HANDLE, result);
		}
	}
	EXPECT_EQ((uint32_t)HOST_MEMORY, known);
	EXPECT_EQ((uint32_t)HOST_MEMORY, taken);
	munmap(at, PAGE);
}

static VkResult make_fence(struct vk *vk, uint32_t types, VkFence *fence)
{
	VkExportFenceCreateInfo exports = {
		.sType = VK_STRUCTURE_TYPE_EXPORT_FENCE_CREATE_INFO,
		.handleTypes = types,
	};
	VkFenceCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO,
		.pNext = &exports,
		.flags = VK_FENCE_CREATE_SIGNALED_BIT,
	};

	return vkCreateFence(vk->device, &info, NULL, fence);
}

TEST_F(vk, fences_go_out_as_what_there_is)
{
	struct vk *vk = &self->vk;
	VkFence fence = vk_fence(vk, VK_FENCE_CREATE_SIGNALED_BIT, OPAQUE_FENCE | SYNC_FENCE);
	uint32_t made = 0, given = 0;
	int before = count_fds();

	vk->quiet = true;
	for_each_bit(bit) {
		VkFenceGetFdInfoKHR info = {
			.sType = VK_STRUCTURE_TYPE_FENCE_GET_FD_INFO_KHR,
			.fence = fence,
			.handleType = bit,
		};
		VkFence other;
		int fd = -1;

		if (!make_fence(vk, bit, &other)) {
			made |= bit;
			vkDestroyFence(vk->device, other, NULL);
		}
		if (!vk->GetFenceFdKHR(vk->device, &info, &fd)) {
			given |= bit;
			close(fd);
		}
	}
	EXPECT_EQ((uint32_t)(OPAQUE_FENCE | SYNC_FENCE), made);
	EXPECT_EQ((uint32_t)(OPAQUE_FENCE | SYNC_FENCE), given);
	EXPECT_EQ(before, count_fds());
	vkDestroyFence(vk->device, fence, NULL);
}

static VkResult make_semaphore(struct vk *vk, VkSemaphoreType kind, uint32_t types,
			       VkSemaphore *sem)
{
	VkExportSemaphoreCreateInfo exports = {
		.sType = VK_STRUCTURE_TYPE_EXPORT_SEMAPHORE_CREATE_INFO,
		.handleTypes = types,
	};
	VkSemaphoreTypeCreateInfo type = {
		.sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
		.pNext = &exports,
		.semaphoreType = kind,
	};
	VkSemaphoreCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO,
		.pNext = &type,
	};

	return vkCreateSemaphore(vk->device, &info, NULL, sem);
}

static void semaphores(struct __test_metadata *_metadata, struct vk *vk, VkSemaphoreType kind,
		       uint32_t want)
{
	uint32_t made = 0, given = 0;
	int before = count_fds();

	vk->quiet = true;
	for_each_bit(bit) {
		VkSemaphoreGetFdInfoKHR info = {
			.sType = VK_STRUCTURE_TYPE_SEMAPHORE_GET_FD_INFO_KHR,
			.handleType = bit,
		};
		VkSemaphore sem;
		int fd = -1;

		if (!make_semaphore(vk, kind, bit, &sem)) {
			made |= bit;
			vkDestroySemaphore(vk->device, sem, NULL);
		}
		VK(make_semaphore(vk, kind, OPAQUE_SEM, &info.semaphore));
		if (kind == VK_SEMAPHORE_TYPE_BINARY)
			VK(vk_submit(vk, VK_NOTHING, NULL, vk_binary(info.semaphore), 0));
		if (!vk->GetSemaphoreFdKHR(vk->device, &info, &fd)) {
			given |= bit;
			close(fd);
		}
		VK(vkQueueWaitIdle(vk->queue));
		vkDestroySemaphore(vk->device, info.semaphore, NULL);
	}
	EXPECT_EQ(want, made);
	EXPECT_EQ(want, given);
	EXPECT_EQ(before, count_fds());
}

TEST_F(vk, semaphores_go_out_as_what_there_is)
{
	semaphores(_metadata, &self->vk, VK_SEMAPHORE_TYPE_BINARY, OPAQUE_SEM | SYNC_SEM);
	semaphores(_metadata, &self->vk, VK_SEMAPHORE_TYPE_TIMELINE, OPAQUE_SEM);
}

VK_HARNESS_MAIN()

/* SPDX-License-Identifier: MIT */
#ifndef DEMO_VK_H
#define DEMO_VK_H

/**
 * DOC: as much Vulkan as the demo needs, and its sharing
 *
 * vk.c opens figment's device and makes images, buffers, barriers and submits;
 * vk_share.c does what this demo is about: it exports and imports images as
 * dma-bufs and semaphores as SYNC_FDs.
 */

#include <stdbool.h>
#include <stddef.h>
#include <vulkan/vulkan.h>

#include "share.h"

/** VK() - a call that must succeed */
#define VK(call) vk_check((call), #call)

void vk_check(VkResult result, const char *call);
const char *vk_result(VkResult result);

/* The format of frames and sheet, in Vulkan's and DRM's words. */
#define FRAME_FORMAT	VK_FORMAT_B8G8R8A8_UNORM
#define FRAME_FOURCC	DRM_FORMAT_ARGB8888

struct vk {
	VkInstance instance;
	VkDebugUtilsMessengerEXT messenger;
	VkPhysicalDevice physical;
	VkPhysicalDeviceMemoryProperties memory;
	VkDevice device;
	VkQueue queue;
	uint32_t family;
	VkCommandPool pool;
	unsigned int messages;		/* what the validation layer had to say */
	PFN_vkDestroyDebugUtilsMessengerEXT destroy_messenger;
	PFN_vkGetMemoryFdKHR get_memory_fd;
	PFN_vkGetMemoryFdPropertiesKHR get_memory_fd_properties;
	PFN_vkGetImageDrmFormatModifierPropertiesEXT get_modifier;
	PFN_vkGetSemaphoreFdKHR get_semaphore_fd;
	PFN_vkImportSemaphoreFdKHR import_semaphore_fd;
};

struct vk_image {
	VkImage image;
	VkDeviceMemory memory;
	VkImageView view;
	VkDeviceSize size;		/* of the memory */
};

struct vk_buffer {
	VkBuffer buffer;
	VkDeviceMemory memory;
	void *map;
};

/**
 * vk_open() - open figment's device
 * @vk: filled
 * @sharing: whether the extensions for sharing are needed
 *
 * With $VALIDATE=1 under the validation layer, including synchronisation
 * validation, which counts its messages in @vk->messages. With $ANY_DEVICE=1 on
 * the first Vulkan device there is, on which a reference can be made as well.
 */
void vk_open(struct vk *vk, bool sharing);
/** vk_close() - destroy everything that vk_open() made */
void vk_close(struct vk *vk);

/** vk_memory_type() - a memory type of @bits with all of @flags */
uint32_t vk_memory_type(const struct vk *vk, uint32_t bits, VkMemoryPropertyFlags flags);
/** vk_image() - make a 2-D image of one level in ordinary memory */
void vk_image(const struct vk *vk, struct vk_image *img, VkFormat format,
	      uint32_t width, uint32_t height, VkImageUsageFlags usage,
	      VkImageAspectFlags aspect);
void vk_image_view(const struct vk *vk, struct vk_image *img, VkFormat format,
		   VkImageAspectFlags aspect);
void vk_image_destroy(const struct vk *vk, struct vk_image *img);
/** vk_buffer() - make a mapped, coherent buffer; filled with @data if given */
void vk_buffer(const struct vk *vk, struct vk_buffer *buf, VkDeviceSize size,
	       VkBufferUsageFlags usage, const void *data);
void vk_buffer_destroy(const struct vk *vk, struct vk_buffer *buf);

/** vk_begin() - allocate a command buffer, to be recorded and submitted once */
VkCommandBuffer vk_begin(const struct vk *vk);

/* One side of a barrier: what is done with the image there, and who owns it. */
struct vk_side {
	VkPipelineStageFlags2 stage;
	VkAccessFlags2 access;
	VkImageLayout layout;
	uint32_t family;
};

/** vk_barrier() - an image barrier; families are given only for transfers of ownership */
void vk_barrier(VkCommandBuffer cmd, VkImage image, VkImageAspectFlags aspect,
		struct vk_side from, struct vk_side to);

/**
 * vk_submit() - end a command buffer and submit it
 * @vk: the device
 * @cmd: the command buffer
 * @waits: semaphores to wait for
 * @count: how many
 * @stage: where they are waited for
 * @signal: a semaphore to signal, or VK_NULL_HANDLE
 * @fence: likewise
 */
void vk_submit(const struct vk *vk, VkCommandBuffer cmd, const VkSemaphore *waits,
	       uint32_t count, VkPipelineStageFlags2 stage, VkSemaphore signal, VkFence fence);

VkFence vk_fence(const struct vk *vk);
/** vk_wait() - wait for a fence, but not for ever */
void vk_wait(const struct vk *vk, VkFence fence);

/**
 * vk_share_check() - die unless images and semaphores can be shared as they have to be
 * @vk: the device
 * @usage: what the images are to be used for
 * @features: whether they are to be exported or imported
 */
void vk_share_check(const struct vk *vk, VkImageUsageFlags usage,
		    VkExternalMemoryFeatureFlags memory, VkExternalSemaphoreFeatureFlags semaphore);
/**
 * vk_export_image() - make a frame's image whose memory can be exported
 * @vk: the device
 * @img: filled
 * @usage: the image's usage
 * @layout: filled: where the pixels are in the dma-buf
 * @modifier: filled: the image's DRM format modifier
 *
 * Return: a dma-buf of its memory.
 */
int vk_export_image(const struct vk *vk, struct vk_image *img, VkImageUsageFlags usage,
		    struct buffer_layout *layout, uint64_t *modifier);
/** vk_import_image() - make an image of a dma-buf, which stays the caller's */
void vk_import_image(const struct vk *vk, struct vk_image *img, VkImageUsageFlags usage,
		     const struct message *setup, int buffer, int dmabuf);

VkSemaphore vk_semaphore(const struct vk *vk, bool exportable);
/** vk_export_semaphore() - take the pending signal out of a semaphore, as a SYNC_FD */
int vk_export_semaphore(const struct vk *vk, VkSemaphore semaphore);
/** vk_import_semaphore() - have the next wait wait for a SYNC_FD, which it takes over */
void vk_import_semaphore(const struct vk *vk, VkSemaphore semaphore, int fd);

#endif

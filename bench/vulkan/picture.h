/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef FIGMENT_BENCH_PICTURE_H
#define FIGMENT_BENCH_PICTURE_H

/**
 * DOC: Vulkan, on figment and on lavapipe alone
 *
 * Both are in the same process, behind the same loader, and get the same calls.
 * The loader's own share is therefore in both figures.
 */

#include "bench.h"
#include "vk.h"

/** vulkan_open() - make a device, figment's or lavapipe's, that can share if it has to */
void vulkan_open(struct vk *vk, bool figment, bool share);

/** vulkan_image() - an image that is drawn and read; memory like every application's */
VkImage vulkan_image(struct vk *vk, uint32_t width, uint32_t height, VkImageTiling tiling,
		     VkDeviceMemory *memory);
/** vulkan_shared_image() - the same in memory to be exported, or of @fd, which it takes */
VkImage vulkan_shared_image(struct vk *vk, uint32_t width, uint32_t height, int fd,
			    VkDeviceMemory *memory);
/** vulkan_draw() - record the drawing of a picture: a ground, and @tiles scaled tiles */
void vulkan_draw(VkCommandBuffer cmd, VkImage image, uint32_t width, uint32_t height,
		 VkImage tile, uint32_t tiles);
/** vulkan_blit() - record that @from is scaled to fill part of @to */
void vulkan_blit(VkCommandBuffer cmd, VkImage from, VkExtent2D size, VkImage to,
		 VkOffset2D at, VkExtent2D to_size);
/** vulkan_tile() - what pictures are drawn with */
VkImage vulkan_tile(struct vk *vk);

#define TILE	64u

void bench_frame_times(void);
void bench_submits(void);
void bench_handoff(void);

#endif

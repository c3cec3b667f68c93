// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: swapchains, of every kind of surface
 *
 * Catches a shim that hands lavapipe's swapchains its own fences and semaphores,
 * which they signal in a way it does not see, or that waits for them in a way it
 * does not; that presents before the rendering is done, or what was imported has
 * signalled; that leaves a signal in a semaphore that a present waited for; whose
 * present fences are never signalled; that leaves a newer name of one of its functions
 * to lavapipe, which would take figment's swapchain for one of its own.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fixture.h"
#include "vk_surface.h"

#define FRAMES	6

FIXTURE(chain) {
	struct vk vk;
	struct vk_surface surface;
	VkSwapchainKHR swapchain;
	VkImage images[8];
	VkFormat format;
	VkSemaphore acquired, rendered;
	VkFence fence;
};

FIXTURE_VARIANT(chain) {
	enum surface_kind kind;
	VkPresentModeKHR mode;
};

FIXTURE_VARIANT_ADD(chain, headless) { SURFACE_HEADLESS, VK_PRESENT_MODE_FIFO_KHR };
FIXTURE_VARIANT_ADD(chain, xcb) { SURFACE_XCB, VK_PRESENT_MODE_FIFO_KHR };
FIXTURE_VARIANT_ADD(chain, xcb_mailbox) { SURFACE_XCB, VK_PRESENT_MODE_MAILBOX_KHR };
/* Without a role there is no frame to wait for the end of, so no FIFO. */
FIXTURE_VARIANT_ADD(chain, wayland) { SURFACE_WAYLAND, VK_PRESENT_MODE_MAILBOX_KHR };

static bool has_mode(struct vk *vk, VkSurfaceKHR surface, VkPresentModeKHR mode)
{
	VkPresentModeKHR modes[8];
	uint32_t count = ARRAY_SIZE(modes);

	VK(vkGetPhysicalDeviceSurfacePresentModesKHR(vk->physical, surface, &count, modes));
	for (uint32_t i = 0; i < count; i++) {
		if (modes[i] == mode)
			return true;
	}
	return false;
}

static VkSwapchainKHR make_swapchain(struct vk *vk, VkSurfaceKHR surface, VkPresentModeKHR mode,
				     VkFormat *format)
{
	VkSurfaceFormatKHR formats[16];
	uint32_t count = ARRAY_SIZE(formats);
	VkSurfaceCapabilitiesKHR caps;
	VkSwapchainCreateInfoKHR info = {
		.sType = VK_STRUCTURE_TYPE_SWAPCHAIN_CREATE_INFO_KHR,
		.surface = surface,
		.imageExtent = { SURFACE_SIZE, SURFACE_SIZE },
		.imageArrayLayers = 1,
		.imageUsage = VK_IMAGE_USAGE_TRANSFER_SRC_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT,
		.preTransform = VK_SURFACE_TRANSFORM_IDENTITY_BIT_KHR,
		.compositeAlpha = VK_COMPOSITE_ALPHA_OPAQUE_BIT_KHR,
		.presentMode = mode,
	};
	VkSwapchainKHR swapchain;
	VkResult result;
	VkBool32 can;

	VK(vkGetPhysicalDeviceSurfaceSupportKHR(vk->physical, 0, surface, &can));
	must_be(can);
	VK(vkGetPhysicalDeviceSurfaceCapabilitiesKHR(vk->physical, surface, &caps));
	result = vkGetPhysicalDeviceSurfaceFormatsKHR(vk->physical, surface, &count, formats);
	must_be((result == VK_SUCCESS || result == VK_INCOMPLETE) && count);
	info.minImageCount = caps.minImageCount < 4 ? 4 : caps.minImageCount;
	info.imageFormat = formats[0].format;
	info.imageColorSpace = formats[0].colorSpace;
	for (uint32_t i = 0; i < count; i++) {
		if (formats[i].format == VK_FORMAT_B8G8R8A8_UNORM) {
			info.imageFormat = formats[i].format;
			info.imageColorSpace = formats[i].colorSpace;
		}
	}
	*format = info.imageFormat;
	if (!(caps.supportedCompositeAlpha & info.compositeAlpha))
		info.compositeAlpha = VK_COMPOSITE_ALPHA_INHERIT_BIT_KHR;
	VK(vkCreateSwapchainKHR(vk->device, &info, NULL, &swapchain));
	return swapchain;
}

FIXTURE_SETUP(chain)
{
	struct vk *vk = &self->vk;
	uint32_t count = ARRAY_SIZE(self->images);
	const char *reason;

	vk_open(vk);
	reason = vk_surface(vk, variant->kind, &self->surface);
	if (reason)
		SKIP(return, "%s", reason);
	if (!has_mode(vk, self->surface.surface, variant->mode))
		SKIP(return, "lavapipe has no such present mode here");
	self->swapchain = make_swapchain(vk, self->surface.surface, variant->mode, &self->format);
	VK(vkGetSwapchainImagesKHR(vk->device, self->swapchain, &count, self->images));
	self->acquired = vk_semaphore(vk, SYNC_SEM);
	self->rendered = vk_semaphore(vk, 0);
	self->fence = vk_fence(vk, 0, 0);
}

FIXTURE_TEARDOWN(chain)
{
	struct vk *vk = &self->vk;

	if (_metadata->exit_code || !self->swapchain)
		return;
	VK(vkDeviceWaitIdle(vk->device));
	vkDestroyFence(vk->device, self->fence, NULL);
	vkDestroySemaphore(vk->device, self->acquired, NULL);
	vkDestroySemaphore(vk->device, self->rendered, NULL);
	vkDestroySwapchainKHR(vk->device, self->swapchain, NULL);
	vk_surface_close(vk, &self->surface);
	EXPECT_EQ(0, vk_close(vk));
}

/* Make an image all of one colour (0xrrggbb), and ready to be presented. */
static VkCommandBuffer draw(struct vk *vk, VkImage image, uint32_t rgb)
{
	VkImageSubresourceRange all = { VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1 };
	VkClearColorValue colour = { .float32 = { (rgb >> 16 & 255) / 255.0f,
						  (rgb >> 8 & 255) / 255.0f,
						  (rgb & 255) / 255.0f, 1 } };
	VkCommandBuffer cmd = vk_begin(vk);

	vk_move(cmd, image, VK_IMAGE_LAYOUT_UNDEFINED, VK_IMAGE_LAYOUT_GENERAL,
		VK_QUEUE_FAMILY_IGNORED, VK_QUEUE_FAMILY_IGNORED);
	vkCmdClearColorImage(cmd, image, VK_IMAGE_LAYOUT_GENERAL, &colour, 1, &all);
	vk_move(cmd, image, VK_IMAGE_LAYOUT_GENERAL, VK_IMAGE_LAYOUT_PRESENT_SRC_KHR,
		VK_QUEUE_FAMILY_IGNORED, VK_QUEUE_FAMILY_IGNORED);
	VK(vkEndCommandBuffer(cmd));
	return cmd;
}

/* What an image that is ready to be presented has in its corner. */
static uint32_t corner(struct vk *vk, VkImage image)
{
	VkBufferImageCopy one = {
		.imageSubresource = { VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1 },
		.imageExtent = { 1, 1, 1 },
	};
	VkCommandBuffer cmd = vk_begin(vk);
	struct vk_buffer buf;
	uint32_t pixel;

	vk_buffer(vk, &buf, sizeof(pixel), 0);
	vk_move(cmd, image, VK_IMAGE_LAYOUT_PRESENT_SRC_KHR, VK_IMAGE_LAYOUT_GENERAL,
		VK_QUEUE_FAMILY_IGNORED, VK_QUEUE_FAMILY_IGNORED);
	vkCmdCopyImageToBuffer(cmd, image, VK_IMAGE_LAYOUT_GENERAL, buf.buffer, 1, &one);
	vk_move(cmd, image, VK_IMAGE_LAYOUT_GENERAL, VK_IMAGE_LAYOUT_PRESENT_SRC_KHR,
		VK_QUEUE_FAMILY_IGNORED, VK_QUEUE_FAMILY_IGNORED);
	vk_run(vk, vk_end(cmd));
	memcpy(&pixel, buf.map, sizeof(pixel));
	vk_buffer_free(vk, &buf);
	return pixel & 0xffffff;
}

/* What the window shows is what was presented, in time; where that can be seen. */
static bool shows(FIXTURE_DATA(chain) *self, uint32_t rgb)
{
	uint32_t pixel;

	if (!vk_surface_pixel(&self->surface, &pixel))
		return true;
	for (uint64_t until = now_ns() + LONG_NS; pixel != rgb && now_ns() < until; moment())
		vk_surface_pixel(&self->surface, &pixel);
	return pixel == rgb;
}

static VkResult present(FIXTURE_DATA(chain) *self, uint32_t index, const void *chain)
{
	VkPresentInfoKHR info = {
		.sType = VK_STRUCTURE_TYPE_PRESENT_INFO_KHR,
		.pNext = chain,
		.waitSemaphoreCount = 1,
		.pWaitSemaphores = &self->rendered,
		.swapchainCount = 1,
		.pSwapchains = &self->swapchain,
		.pImageIndices = &index,
	};

	return vkQueuePresentKHR(self->vk.queue, &info);
}

static uint32_t acquire(FIXTURE_DATA(chain) *self)
{
	uint32_t index;

	VK(vkAcquireNextImageKHR(self->vk.device, self->swapchain, LONG_NS, self->acquired,
				 VK_NULL_HANDLE, &index));
	return index;
}

TEST_F(chain, frames)
{
	struct vk *vk = &self->vk;

	for (int frame = 0; frame < FRAMES; frame++) {
		uint32_t index = acquire(self), rgb = 0x102030 + frame * 0x202020;

		ASSERT_EQ(VK_SUCCESS, vk_submit(vk, vk_binary(self->acquired),
						draw(vk, self->images[index], rgb),
						vk_binary(self->rendered), self->fence));
		ASSERT_EQ(VK_SUCCESS, present(self, index, NULL));
		ASSERT_EQ(VK_SUCCESS, vk_fence_wait(vk, self->fence));
		ASSERT_EQ(VK_SUCCESS, vkResetFences(vk->device, 1, &self->fence));
		EXPECT_TRUE(shows(self, rgb));
	}
}

TEST_F(chain, acquire_signals_fences_and_files)
{
	VkAcquireNextImageInfoKHR info = {
		.sType = VK_STRUCTURE_TYPE_ACQUIRE_NEXT_IMAGE_INFO_KHR,
		.swapchain = self->swapchain,
		.timeout = LONG_NS,
		.semaphore = self->acquired,
		.fence = self->fence,
		.deviceMask = 1,
	};
	struct vk *vk = &self->vk;
	uint32_t index;
	int file;

	ASSERT_EQ(VK_SUCCESS, vkAcquireNextImage2KHR(vk->device, &info, &index));
	EXPECT_EQ(VK_SUCCESS, vk_fence_wait(vk, self->fence));
	file = vk_semaphore_fd(vk, self->acquired, SYNC_SEM);
	EXPECT_TRUE(file == -1 || settle(file) == 1);
	if (file >= 0)
		close(file);
	VK(vkResetFences(vk->device, 1, &self->fence));
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, VK_NOTHING, draw(vk, self->images[index], 0),
					vk_binary(self->rendered), self->fence));
	EXPECT_EQ(VK_SUCCESS, present(self, index, NULL));
	EXPECT_EQ(VK_SUCCESS, vk_fence_wait(vk, self->fence));
}

static void *release_later(void *held)
{
	moment();
	held_release(held, 0);
	return NULL;
}

TEST_F(chain, present_comes_after_rendering)
{
	struct vk *vk = &self->vk;
	struct held held;
	VkSemaphore wait = vk_held(vk, &held);
	uint32_t index = acquire(self);
	pthread_t thread;

	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, vk_binary(self->acquired), NULL, VK_NOTHING, 0));
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, vk_binary(wait),
					draw(vk, self->images[index], 0xabcdef),
					vk_binary(self->rendered), self->fence));
	must_be(!pthread_create(&thread, NULL, release_later, &held));
	EXPECT_EQ(VK_SUCCESS, present(self, index, NULL));
	/* lavapipe presents by copying, so it cannot but have waited. */
	EXPECT_EQ(VK_SUCCESS, vkGetFenceStatus(vk->device, self->fence));
	EXPECT_TRUE(shows(self, 0xabcdef));
	must_be(!pthread_join(thread, NULL));
	VK(vkQueueWaitIdle(vk->queue));
	vkDestroySemaphore(vk->device, wait, NULL);
	held_close(&held);
}

/* A present may wait for what came as a file; it is used up by that. */
TEST_F(chain, present_waits_for_an_imported_file)
{
	struct vk *vk = &self->vk;
	uint32_t index = acquire(self);
	struct held held;
	pthread_t thread;
	uint64_t since;

	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, vk_binary(self->acquired),
					draw(vk, self->images[index], 0x123456), VK_NOTHING,
					self->fence));
	ASSERT_EQ(VK_SUCCESS, vk_fence_wait(vk, self->fence));
	held_make(&held);
	ASSERT_EQ(VK_SUCCESS, vk_semaphore_import(vk, self->rendered, SYNC_SEM,
						  VK_SEMAPHORE_IMPORT_TEMPORARY_BIT, held.file));
	since = now_ns();
	must_be(!pthread_create(&thread, NULL, release_later, &held));
	EXPECT_EQ(VK_SUCCESS, present(self, index, NULL));
	EXPECT_LE(MOMENT_NS, now_ns() - since);
	must_be(!pthread_join(thread, NULL));
	EXPECT_TRUE(shows(self, 0x123456));
	/* Its own payload is back, unsignalled: the next frame signals it. */
	index = acquire(self);
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, vk_binary(self->acquired),
					draw(vk, self->images[index], 0x654321),
					vk_binary(self->rendered), VK_NULL_HANDLE));
	EXPECT_EQ(VK_SUCCESS, present(self, index, NULL));
	EXPECT_TRUE(shows(self, 0x654321));
	held_close(&held);
}

TEST_F(chain, present_fences_are_signalled)
{
	struct vk *vk = &self->vk;
	VkFence fence = vk_fence(vk, 0, SYNC_FENCE);
	VkSwapchainPresentFenceInfoEXT info = {
		.sType = VK_STRUCTURE_TYPE_SWAPCHAIN_PRESENT_FENCE_INFO_EXT,
		.swapchainCount = 1,
		.pFences = &fence,
	};

	if (!vk->swapchain_maintenance)
		SKIP(vkDestroyFence(vk->device, fence, NULL); return,
		     "this lavapipe has no VK_EXT_swapchain_maintenance1");
	for (int frame = 0; frame < FRAMES; frame++) {
		uint32_t index = acquire(self);
		int file;

		ASSERT_EQ(VK_SUCCESS, vk_submit(vk, vk_binary(self->acquired),
						draw(vk, self->images[index], frame),
						vk_binary(self->rendered), VK_NULL_HANDLE));
		EXPECT_EQ(VK_NOT_READY, vkGetFenceStatus(vk->device, fence));
		ASSERT_EQ(VK_SUCCESS, present(self, index, &info));
		/* By turns as a fence and as a file. */
		if (frame % 2) {
			EXPECT_EQ(VK_SUCCESS, vk_fence_wait(vk, fence));
			VK(vkResetFences(vk->device, 1, &fence));
			continue;
		}
		file = vk_fence_fd(vk, fence, SYNC_FENCE);
		EXPECT_TRUE(file == -1 || settle(file) == 1);
		if (file >= 0)
			close(file);
	}
	VK(vkQueueWaitIdle(vk->queue));
	vkDestroyFence(vk->device, fence, NULL);
}

/* By one of the function's two names. */
static void give_back(struct __test_metadata *_metadata, FIXTURE_DATA(chain) *self,
		      const char *name)
{
	struct vk *vk = &self->vk;
	PFN_vkReleaseSwapchainImagesEXT release = (PFN_vkReleaseSwapchainImagesEXT)
		vkGetDeviceProcAddr(vk->device, name);

	ASSERT_NE(NULL, release);
	for (int i = 0; i < 2 * (int)ARRAY_SIZE(self->images); i++) {
		uint32_t index = acquire(self);
		VkReleaseSwapchainImagesInfoEXT info = {
			.sType = VK_STRUCTURE_TYPE_RELEASE_SWAPCHAIN_IMAGES_INFO_EXT,
			.swapchain = self->swapchain,
			.imageIndexCount = 1,
			.pImageIndices = &index,
		};

		VK(vk_submit(vk, vk_binary(self->acquired), NULL, VK_NOTHING, self->fence));
		VK(vk_fence_wait(vk, self->fence));
		VK(vkResetFences(vk->device, 1, &self->fence));
		ASSERT_EQ(VK_SUCCESS, release(vk->device, &info));
	}
}

TEST_F(chain, images_are_given_back_unpresented)
{
	if (!self->vk.swapchain_maintenance && !self->vk.swapchain_maintenance_khr)
		SKIP(return, "this lavapipe has no swapchain_maintenance1");
	if (self->vk.swapchain_maintenance)
		give_back(_metadata, self, "vkReleaseSwapchainImagesEXT");
	if (self->vk.swapchain_maintenance_khr)
		give_back(_metadata, self, "vkReleaseSwapchainImagesKHR");
}

/* What a surface can do in a present mode is all answered, over what was there before. */
TEST_F(chain, what_a_present_mode_can_is_known)
{
	struct vk *vk = &self->vk;
	VkSurfacePresentModeEXT mode = {
		.sType = VK_STRUCTURE_TYPE_SURFACE_PRESENT_MODE_EXT,
		.presentMode = variant->mode,
	};
	VkPhysicalDeviceSurfaceInfo2KHR info = {
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SURFACE_INFO_2_KHR,
		.pNext = &mode,
		.surface = self->surface.surface,
	};
	VkPresentModeKHR modes[8] = { VK_PRESENT_MODE_MAX_ENUM_KHR };
	VkSurfacePresentModeCompatibilityEXT compatible = {
		.sType = VK_STRUCTURE_TYPE_SURFACE_PRESENT_MODE_COMPATIBILITY_EXT,
		.presentModeCount = 99,
	};
	VkSurfacePresentScalingCapabilitiesEXT scaling = {
		.sType = VK_STRUCTURE_TYPE_SURFACE_PRESENT_SCALING_CAPABILITIES_EXT,
		.pNext = &compatible,
		.supportedPresentScaling = ~0u,
		.supportedPresentGravityX = ~0u,
		.supportedPresentGravityY = ~0u,
	};
	VkSurfaceCapabilities2KHR caps = {
		.sType = VK_STRUCTURE_TYPE_SURFACE_CAPABILITIES_2_KHR,
		.pNext = &scaling,
	};
	VkExtent2D *least = &caps.surfaceCapabilities.minImageExtent;
	VkExtent2D *most = &caps.surfaceCapabilities.maxImageExtent;
	bool itself = false;
	uint32_t count;

	if (!vk->swapchain_maintenance && !vk->swapchain_maintenance_khr)
		SKIP(return, "this lavapipe has no swapchain_maintenance1");
	VK(vkGetPhysicalDeviceSurfaceCapabilities2KHR(vk->physical, &info, &caps));
	count = compatible.presentModeCount;
	EXPECT_LE(1, count);
	ASSERT_GE(ARRAY_SIZE(modes), count);
	EXPECT_EQ(0, scaling.supportedPresentScaling);
	EXPECT_EQ(0, scaling.supportedPresentGravityX);
	EXPECT_EQ(0, scaling.supportedPresentGravityY);
	EXPECT_EQ(least->width, scaling.minScaledImageExtent.width);
	EXPECT_EQ(least->height, scaling.minScaledImageExtent.height);
	EXPECT_EQ(most->width, scaling.maxScaledImageExtent.width);
	EXPECT_EQ(most->height, scaling.maxScaledImageExtent.height);

	compatible.presentModeCount = ARRAY_SIZE(modes);
	compatible.pPresentModes = modes;
	VK(vkGetPhysicalDeviceSurfaceCapabilities2KHR(vk->physical, &info, &caps));
	EXPECT_EQ(count, compatible.presentModeCount);
	for (uint32_t i = 0; i < count; i++)
		itself |= modes[i] == variant->mode;
	EXPECT_TRUE(itself);
}

/* What takes a fence, a semaphore or a swapchain is figment's, by all of its names. */
TEST_F(vk, nothing_of_figments_is_handed_to_lavapipe)
{
	static const char *const names[] = {
		"vkQueueSubmit", "vkQueueBindSparse", "vkCreateFence", "vkDestroyFence",
		"vkResetFences", "vkGetFenceStatus", "vkWaitForFences", "vkGetFenceFd",
		"vkImportFenceFd", "vkCreateSemaphore", "vkDestroySemaphore",
		"vkGetSemaphoreCounterValue", "vkWaitSemaphores", "vkSignalSemaphore",
		"vkGetSemaphoreFd", "vkImportSemaphoreFd", "vkCreateSwapchain",
		"vkDestroySwapchain", "vkGetSwapchainImages", "vkReleaseSwapchainImages",
		"vkSetHdrMetadata", "vkAcquireNextImage", "vkQueuePresent",
	};
	static const char *const endings[] = { "", "2", "KHR", "2KHR", "EXT", "2EXT" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		for (size_t k = 0; k < ARRAY_SIZE(endings); k++) {
			char name[64];
			Dl_info in;
			void *at;

			snprintf(name, sizeof(name), "%s%s", names[i], endings[k]);
			at = (void *)vkGetDeviceProcAddr(self->vk.device, name);
			if (!at)
				continue;
			ASSERT_NE(0, dladdr(at, &in));
			EXPECT_EQ(NULL, strstr(in.dli_fname, "libvulkan_lvp"))
				TH_LOG("%s is lavapipe's", name);
		}
	}
}

/* What is drawn into an image that is bound to the swapchain's is in the swapchain's. */
TEST_F(chain, an_image_bound_to_one_of_the_swapchain_is_that_one)
{
	VkImageSwapchainCreateInfoKHR of = {
		.sType = VK_STRUCTURE_TYPE_IMAGE_SWAPCHAIN_CREATE_INFO_KHR,
		.swapchain = self->swapchain,
	};
	VkImageCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
		.pNext = &of,
		.imageType = VK_IMAGE_TYPE_2D,
		.format = self->format,
		.extent = { SURFACE_SIZE, SURFACE_SIZE, 1 },
		.mipLevels = 1,
		.arrayLayers = 1,
		.samples = VK_SAMPLE_COUNT_1_BIT,
		.usage = VK_IMAGE_USAGE_TRANSFER_SRC_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT,
	};
	VkResult bound = VK_RESULT_MAX_ENUM;
	VkBindMemoryStatus status = {
		.sType = VK_STRUCTURE_TYPE_BIND_MEMORY_STATUS,
		.pResult = &bound,
	};
	VkBindImageMemorySwapchainInfoKHR to = {
		.sType = VK_STRUCTURE_TYPE_BIND_IMAGE_MEMORY_SWAPCHAIN_INFO_KHR,
		.pNext = &status,
		.swapchain = self->swapchain,
	};
	VkBindImageMemoryInfo bind = {
		.sType = VK_STRUCTURE_TYPE_BIND_IMAGE_MEMORY_INFO,
		.pNext = &to,
	};
	struct vk *vk = &self->vk;

	to.imageIndex = acquire(self);
	VK(vkCreateImage(vk->device, &info, NULL, &bind.image));
	ASSERT_EQ(VK_SUCCESS, vkBindImageMemory2(vk->device, 1, &bind));
	EXPECT_EQ(VK_SUCCESS, bound);
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, vk_binary(self->acquired),
					draw(vk, bind.image, 0xfedcba),
					vk_binary(self->rendered), self->fence));
	EXPECT_EQ(VK_SUCCESS, vk_fence_wait(vk, self->fence));
	if (self->format == VK_FORMAT_B8G8R8A8_UNORM) {
		EXPECT_EQ(0xfedcba, corner(vk, self->images[to.imageIndex]));
	}
	EXPECT_EQ(VK_SUCCESS, present(self, to.imageIndex, NULL));
	EXPECT_TRUE(shows(self, 0xfedcba));
	VK(vkQueueWaitIdle(vk->queue));
	vkDestroyImage(vk->device, bind.image, NULL);
}

VK_HARNESS_MAIN()

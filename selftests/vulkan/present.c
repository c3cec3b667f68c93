// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: swapchains
 *
 * Catches a shim that hands lavapipe's swapchains its own fences and semaphores,
 * which they signal in a way it does not see, or that waits for them in a way it
 * does not; that presents before the rendering is done; that leaves a signal in a
 * semaphore that a present waited for.
 */
#include <pthread.h>
#include <unistd.h>

#include "fixture.h"

#define FRAMES	4

FIXTURE(chain) {
	struct vk vk;
	VkSurfaceKHR surface;
	VkSwapchainKHR swapchain;
	VkImage images[8];
	VkSemaphore acquired, rendered;
	VkFence fence;
};

static VkSwapchainKHR make_swapchain(struct vk *vk, VkSurfaceKHR surface)
{
	VkSurfaceFormatKHR formats[16];
	uint32_t count = ARRAY_SIZE(formats);
	VkSurfaceCapabilitiesKHR caps;
	VkSwapchainCreateInfoKHR info = {
		.sType = VK_STRUCTURE_TYPE_SWAPCHAIN_CREATE_INFO_KHR,
		.surface = surface,
		.imageExtent = { 64, 64 },
		.imageArrayLayers = 1,
		.imageUsage = VK_IMAGE_USAGE_TRANSFER_DST_BIT,
		.preTransform = VK_SURFACE_TRANSFORM_IDENTITY_BIT_KHR,
		.compositeAlpha = VK_COMPOSITE_ALPHA_OPAQUE_BIT_KHR,
		.presentMode = VK_PRESENT_MODE_FIFO_KHR,
	};
	VkSwapchainKHR swapchain;
	VkResult result;
	VkBool32 can;

	VK(vkGetPhysicalDeviceSurfaceSupportKHR(vk->physical, 0, surface, &can));
	must_be(can);
	VK(vkGetPhysicalDeviceSurfaceCapabilitiesKHR(vk->physical, surface, &caps));
	result = vkGetPhysicalDeviceSurfaceFormatsKHR(vk->physical, surface, &count, formats);
	must_be((result == VK_SUCCESS || result == VK_INCOMPLETE) && count);
	info.minImageCount = caps.minImageCount;
	info.imageFormat = formats[0].format;
	info.imageColorSpace = formats[0].colorSpace;
	if (!(caps.supportedCompositeAlpha & info.compositeAlpha))
		info.compositeAlpha = VK_COMPOSITE_ALPHA_INHERIT_BIT_KHR;
	VK(vkCreateSwapchainKHR(vk->device, &info, NULL, &swapchain));
	return swapchain;
}

FIXTURE_SETUP(chain)
{
	VkHeadlessSurfaceCreateInfoEXT info = {
		.sType = VK_STRUCTURE_TYPE_HEADLESS_SURFACE_CREATE_INFO_EXT,
	};
	struct vk *vk = &self->vk;
	PFN_vkCreateHeadlessSurfaceEXT create;
	uint32_t count = ARRAY_SIZE(self->images);

	vk_open(vk);
	create = (PFN_vkCreateHeadlessSurfaceEXT)
		vkGetInstanceProcAddr(vk->instance, "vkCreateHeadlessSurfaceEXT");
	VK(create(vk->instance, &info, NULL, &self->surface));
	self->swapchain = make_swapchain(vk, self->surface);
	VK(vkGetSwapchainImagesKHR(vk->device, self->swapchain, &count, self->images));
	self->acquired = vk_semaphore(vk, SYNC_SEM);
	self->rendered = vk_semaphore(vk, 0);
	self->fence = vk_fence(vk, 0, 0);
}

FIXTURE_TEARDOWN(chain)
{
	struct vk *vk = &self->vk;

	if (_metadata->exit_code)
		return;
	VK(vkDeviceWaitIdle(vk->device));
	vkDestroyFence(vk->device, self->fence, NULL);
	vkDestroySemaphore(vk->device, self->acquired, NULL);
	vkDestroySemaphore(vk->device, self->rendered, NULL);
	vkDestroySwapchainKHR(vk->device, self->swapchain, NULL);
	vkDestroySurfaceKHR(vk->instance, self->surface, NULL);
	EXPECT_EQ(0, vk_close(vk));
}

/* Make an image black, and ready to be presented. */
static VkCommandBuffer draw(struct vk *vk, VkImage image)
{
	VkImageSubresourceRange all = { VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1 };
	VkClearColorValue black = { 0 };
	VkCommandBuffer cmd = vk_begin(vk);

	vk_move(cmd, image, VK_IMAGE_LAYOUT_UNDEFINED, VK_IMAGE_LAYOUT_GENERAL,
		VK_QUEUE_FAMILY_IGNORED, VK_QUEUE_FAMILY_IGNORED);
	vkCmdClearColorImage(cmd, image, VK_IMAGE_LAYOUT_GENERAL, &black, 1, &all);
	vk_move(cmd, image, VK_IMAGE_LAYOUT_GENERAL, VK_IMAGE_LAYOUT_PRESENT_SRC_KHR,
		VK_QUEUE_FAMILY_IGNORED, VK_QUEUE_FAMILY_IGNORED);
	VK(vkEndCommandBuffer(cmd));
	return cmd;
}

static VkResult present(FIXTURE_DATA(chain) *self, uint32_t index)
{
	VkPresentInfoKHR info = {
		.sType = VK_STRUCTURE_TYPE_PRESENT_INFO_KHR,
		.waitSemaphoreCount = 1,
		.pWaitSemaphores = &self->rendered,
		.swapchainCount = 1,
		.pSwapchains = &self->swapchain,
		.pImageIndices = &index,
	};

	return vkQueuePresentKHR(self->vk.queue, &info);
}

TEST_F(chain, frames)
{
	struct vk *vk = &self->vk;

	for (int frame = 0; frame < FRAMES; frame++) {
		uint32_t index;

		ASSERT_EQ(VK_SUCCESS, vkAcquireNextImageKHR(vk->device, self->swapchain, LONG_NS,
							    self->acquired, VK_NULL_HANDLE, &index));
		ASSERT_EQ(VK_SUCCESS, vk_submit(vk, vk_binary(self->acquired),
						draw(vk, self->images[index]),
						vk_binary(self->rendered), self->fence));
		ASSERT_EQ(VK_SUCCESS, present(self, index));
		ASSERT_EQ(VK_SUCCESS, vk_fence_wait(vk, self->fence));
		ASSERT_EQ(VK_SUCCESS, vkResetFences(vk->device, 1, &self->fence));
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
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, VK_NOTHING, draw(vk, self->images[index]),
					vk_binary(self->rendered), self->fence));
	EXPECT_EQ(VK_SUCCESS, present(self, index));
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
	pthread_t thread;
	uint32_t index;

	ASSERT_EQ(VK_SUCCESS, vkAcquireNextImageKHR(vk->device, self->swapchain, LONG_NS,
						    self->acquired, VK_NULL_HANDLE, &index));
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, vk_binary(self->acquired), NULL, VK_NOTHING, 0));
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, vk_binary(wait), draw(vk, self->images[index]),
					vk_binary(self->rendered), self->fence));
	must_be(!pthread_create(&thread, NULL, release_later, &held));
	EXPECT_EQ(VK_SUCCESS, present(self, index));
	/* lavapipe presents by copying, so it cannot but have waited. */
	EXPECT_EQ(VK_SUCCESS, vkGetFenceStatus(vk->device, self->fence));
	must_be(!pthread_join(thread, NULL));
	VK(vkQueueWaitIdle(vk->queue));
	vkDestroySemaphore(vk->device, wait, NULL);
	held_close(&held);
}

VK_HARNESS_MAIN()

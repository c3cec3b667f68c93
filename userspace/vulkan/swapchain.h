/* SPDX-License-Identifier: MIT */
#ifndef FIGMENT_SWAPCHAIN_H
#define FIGMENT_SWAPCHAIN_H

#include "shim.h"

struct swapchain;

#ifdef FIGMENT_WAYLAND
struct swapchain *swapchain_of(VkSwapchainKHR handle);
VkResult swapchain_create(struct device *dev, const VkSwapchainCreateInfoKHR *info,
			  VkSwapchainKHR *out);
void swapchain_destroy(struct swapchain *chain);
void swapchain_retire(struct swapchain *chain);
VkResult swapchain_images(struct swapchain *chain, uint32_t *count, VkImage *out);
VkResult swapchain_acquire(struct swapchain *chain, uint64_t timeout_ns, uint32_t payload_count,
			   const uint32_t *payloads, uint32_t *index);
VkResult swapchain_present(struct swapchain *chain, uint32_t index, uint32_t rendered,
			   const VkPresentRegionKHR *region, const VkPresentModeKHR *mode);
void swapchain_release(struct swapchain *chain, uint32_t count, const uint32_t *indices);
const VkImageCreateInfo *swapchain_image_info(struct swapchain *chain);
VkDeviceMemory swapchain_memory(struct swapchain *chain, uint32_t index);
#else
/* Without Wayland's headers all swapchains are lavapipe's. */
static inline struct swapchain *swapchain_of(VkSwapchainKHR handle)
{
	return NULL;
}

static inline void swapchain_destroy(struct swapchain *chain) { }
static inline void swapchain_retire(struct swapchain *chain) { }
static inline void swapchain_release(struct swapchain *chain, uint32_t count,
				     const uint32_t *indices) { }

static inline VkResult swapchain_images(struct swapchain *chain, uint32_t *count, VkImage *out)
{
	return VK_ERROR_UNKNOWN;
}

static inline const VkImageCreateInfo *swapchain_image_info(struct swapchain *chain)
{
	return NULL;
}

static inline VkDeviceMemory swapchain_memory(struct swapchain *chain, uint32_t index)
{
	return VK_NULL_HANDLE;
}

static inline VkResult swapchain_acquire(struct swapchain *chain, uint64_t timeout_ns,
					 uint32_t payload_count, const uint32_t *payloads,
					 uint32_t *index)
{
	return VK_ERROR_UNKNOWN;
}

static inline VkResult swapchain_present(struct swapchain *chain, uint32_t index,
					 uint32_t rendered, const VkPresentRegionKHR *region,
					 const VkPresentModeKHR *mode)
{
	return VK_ERROR_UNKNOWN;
}

static inline VkResult swapchain_create(struct device *dev, const VkSwapchainCreateInfoKHR *info,
					VkSwapchainKHR *out)
{
	return VK_ERROR_FORMAT_NOT_SUPPORTED;
}
#endif

#endif

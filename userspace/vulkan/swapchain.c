// SPDX-License-Identifier: MIT
/**
 * DOC: swapchains whose images are figment's
 *
 * On a Wayland surface, if the compositor renders on the same device, a swapchain's
 * images are dma-bufs that the compositor takes as they are. Nobody waits for
 * rendering on a CPU: what an image is waited for with goes to the compositor, and
 * what it is released with comes back to the application's semaphore.
 *
 * With linux-drm-syncobj-v1 both are points of two timelines: a present makes the
 * acquire point out of a job that waits for the application's semaphores; an acquire
 * waits until some release point has a fence, signalled or not, and hands that on.
 * Without it they are the dma-buf's own fences, and an image is free when the
 * compositor says so.
 *
 * FIFO waits, in vkQueuePresentKHR, until the compositor wants the frame after the
 * one before. MAILBOX never waits: the compositor drops what it did not show.
 *
 * A swapchain's handle is that of a fence of lavapipe's which is used for nothing else:
 * debug names and private data go to lavapipe, which expects an object of its own.
 *
 * Everything else, and whatever fails to be made this way, is lavapipe's (wsi.c).
 */
#define VK_USE_PLATFORM_WAYLAND_KHR
#include <drm.h>
#include <drm_fourcc.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "swapchain.h"
#include "wayland.h"

#define SLICE_MS 50
#define MAX_IMAGES 16

struct swapchain_image {
	VkImage handle;
	VkDeviceMemory memory;
	int dmabuf;
	struct wl_buffer *buffer;
	enum { IMAGE_FREE, IMAGE_ACQUIRED, IMAGE_PRESENTED } state;
	uint64_t point;		/* of both timelines, when it was presented */
	bool released;		/* by an event: where there are no points */
};

struct swapchain {
	struct device *dev;
	VkFence handle;
	struct wayland_window window;
	VkImageCreateInfo info;
	VkExternalMemoryImageCreateInfo external;
	VkImageDrmFormatModifierListCreateInfoEXT modifiers;
	VkImageFormatListCreateInfo views;
	VkFormat *view_formats;
	VkPresentModeKHR mode;
	uint32_t acquire, release;	/* timelines */
	uint64_t point;
	bool retired, lost;
	uint32_t count;
	struct swapchain_image images[MAX_IMAGES];
};

static const uint64_t linear[] = { DRM_FORMAT_MODIFIER_LINEAR };

/* A format without alpha is the same bytes, of which the compositor ignores some. */
static const struct {
	VkFormat format;
	uint32_t opaque, alpha;
} formats[] = {
	{ VK_FORMAT_B8G8R8A8_UNORM, DRM_FORMAT_XRGB8888, DRM_FORMAT_ARGB8888 },
	{ VK_FORMAT_B8G8R8A8_SRGB, DRM_FORMAT_XRGB8888, DRM_FORMAT_ARGB8888 },
	{ VK_FORMAT_R8G8B8A8_UNORM, DRM_FORMAT_XBGR8888, DRM_FORMAT_ABGR8888 },
	{ VK_FORMAT_R8G8B8A8_SRGB, DRM_FORMAT_XBGR8888, DRM_FORMAT_ABGR8888 },
	{ VK_FORMAT_A2R10G10B10_UNORM_PACK32, DRM_FORMAT_XRGB2101010, DRM_FORMAT_ARGB2101010 },
	{ VK_FORMAT_A2B10G10R10_UNORM_PACK32, DRM_FORMAT_XBGR2101010, DRM_FORMAT_ABGR2101010 },
	{ VK_FORMAT_R16G16B16A16_SFLOAT, DRM_FORMAT_XBGR16161616F, DRM_FORMAT_ABGR16161616F },
	{ VK_FORMAT_R5G6B5_UNORM_PACK16, DRM_FORMAT_RGB565, DRM_FORMAT_RGB565 },
};

struct swapchain *swapchain_of(VkSwapchainKHR handle)
{
	return handle ? table_find(TABLE_SWAPCHAIN, HANDLE(handle)) : NULL;
}

static uint32_t fourcc_of(const VkSwapchainCreateInfoKHR *info)
{
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		if (formats[i].format == info->imageFormat)
			return info->compositeAlpha == VK_COMPOSITE_ALPHA_OPAQUE_BIT_KHR ?
			       formats[i].opaque : formats[i].alpha;
	}
	return 0;
}

/* What takes a swapchain and is not here must not be what an application may call. */
static bool application_may_want_more(struct device *dev)
{
	static const char *const names[] = {
		"vkWaitForPresentKHR", "vkWaitForPresent2KHR", "vkGetSwapchainStatusKHR",
		"vkGetPastPresentationTimingEXT", "vkGetPastPresentationTimingGOOGLE",
		"vkGetSwapchainCounterEXT", "vkSetLocalDimmingAMD", "vkSetLatencySleepModeNV",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (dev->pdev->instance->lvp.GetDeviceProcAddr(dev->handle, names[i]))
			return true;
	}
	return false;
}

/* Those of which nothing has to be done. */
#define HARMLESS_FLAGS \
	(VK_SWAPCHAIN_CREATE_MUTABLE_FORMAT_BIT_KHR | \
	 VK_SWAPCHAIN_CREATE_DEFERRED_MEMORY_ALLOCATION_BIT_EXT)

static bool is_ours_to_make(struct device *dev, const VkSwapchainCreateInfoKHR *info)
{
	const VkIcdSurfaceBase *surface = (const VkIcdSurfaceBase *)(uintptr_t)info->surface;

	return surface && surface->platform == VK_ICD_WSI_PLATFORM_WAYLAND &&
	       !(info->flags & ~HARMLESS_FLAGS) &&
	       (info->imageColorSpace == VK_COLOR_SPACE_SRGB_NONLINEAR_KHR ||
		info->imageColorSpace == VK_COLOR_SPACE_PASS_THROUGH_EXT) &&
	       info->imageArrayLayers == 1 &&
	       info->preTransform == VK_SURFACE_TRANSFORM_IDENTITY_BIT_KHR &&
	       fourcc_of(info) && dev->timeline &&
	       !(dev->pdev->hide & (DRM_FIGMENT_HIDE_PRIME_EXPORT | DRM_FIGMENT_HIDE_MODIFIERS)) &&
	       !application_may_want_more(dev);
}

static VkResult describe_images(struct swapchain *chain, const VkSwapchainCreateInfoKHR *info)
{
	const VkImageFormatListCreateInfo *views =
		chain_find(info->pNext, VK_STRUCTURE_TYPE_IMAGE_FORMAT_LIST_CREATE_INFO);

	chain->external = (VkExternalMemoryImageCreateInfo){
		.sType = VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_IMAGE_CREATE_INFO,
		.handleTypes = VK_EXTERNAL_MEMORY_HANDLE_TYPE_DMA_BUF_BIT_EXT,
	};
	chain->modifiers = (VkImageDrmFormatModifierListCreateInfoEXT){
		.sType = VK_STRUCTURE_TYPE_IMAGE_DRM_FORMAT_MODIFIER_LIST_CREATE_INFO_EXT,
		.pNext = &chain->external,
		.drmFormatModifierCount = 1,
		.pDrmFormatModifiers = linear,
	};
	chain->info = (VkImageCreateInfo){
		.sType = VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
		.pNext = &chain->modifiers,
		.imageType = VK_IMAGE_TYPE_2D,
		.format = info->imageFormat,
		.extent = { info->imageExtent.width, info->imageExtent.height, 1 },
		.mipLevels = 1,
		.arrayLayers = 1,
		.samples = VK_SAMPLE_COUNT_1_BIT,
		.tiling = VK_IMAGE_TILING_DRM_FORMAT_MODIFIER_EXT,
		.usage = info->imageUsage,
		.sharingMode = VK_SHARING_MODE_EXCLUSIVE,
	};
	if (!(info->flags & VK_SWAPCHAIN_CREATE_MUTABLE_FORMAT_BIT_KHR))
		return VK_SUCCESS;
	chain->info.flags = VK_IMAGE_CREATE_MUTABLE_FORMAT_BIT |
			    VK_IMAGE_CREATE_EXTENDED_USAGE_BIT;
	if (!views || !views->viewFormatCount)
		return VK_SUCCESS;
	chain->view_formats = calloc(views->viewFormatCount, sizeof(*chain->view_formats));
	if (!chain->view_formats)
		return VK_ERROR_OUT_OF_HOST_MEMORY;
	memcpy(chain->view_formats, views->pViewFormats,
	       views->viewFormatCount * sizeof(*chain->view_formats));
	chain->views = (VkImageFormatListCreateInfo){
		.sType = VK_STRUCTURE_TYPE_IMAGE_FORMAT_LIST_CREATE_INFO,
		.viewFormatCount = views->viewFormatCount,
		.pViewFormats = chain->view_formats,
	};
	chain->external.pNext = &chain->views;
	return VK_SUCCESS;
}

static VkResult make_memory(struct swapchain *chain, struct swapchain_image *image)
{
	const VkMemoryDedicatedAllocateInfo dedicated = {
		.sType = VK_STRUCTURE_TYPE_MEMORY_DEDICATED_ALLOCATE_INFO,
		.image = image->handle,
	};
	const VkExportMemoryAllocateInfo export = {
		.sType = VK_STRUCTURE_TYPE_EXPORT_MEMORY_ALLOCATE_INFO,
		.pNext = &dedicated,
		.handleTypes = chain->external.handleTypes,
	};
	VkMemoryAllocateInfo allocate = {
		.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
		.pNext = &export,
	};
	VkMemoryGetFdInfoKHR get = {
		.sType = VK_STRUCTURE_TYPE_MEMORY_GET_FD_INFO_KHR,
		.handleType = VK_EXTERNAL_MEMORY_HANDLE_TYPE_DMA_BUF_BIT_EXT,
	};
	struct device *dev = chain->dev;
	VkMemoryRequirements needs;
	VkResult result;

	figment_vkGetImageMemoryRequirements(dev->handle, image->handle, &needs);
	allocate.allocationSize = needs.size;
	result = figment_vkAllocateMemory(dev->handle, &allocate, NULL, &image->memory);
	if (result)
		return result;
	get.memory = image->memory;
	result = figment_vkGetMemoryFdKHR(dev->handle, &get, &image->dmabuf);
	if (!result)
		result = dev->lvp.BindImageMemory(dev->handle, image->handle, image->memory, 0);
	return result;
}

static VkResult make_image(struct swapchain *chain, struct swapchain_image *image, uint32_t fourcc)
{
	const VkImageSubresource plane = { .aspectMask = VK_IMAGE_ASPECT_MEMORY_PLANE_0_BIT_EXT };
	struct device *dev = chain->dev;
	VkSubresourceLayout layout;
	VkResult result;

	result = figment_vkCreateImage(dev->handle, &chain->info, NULL, &image->handle);
	if (!result)
		result = make_memory(chain, image);
	if (result)
		return result;
	figment_vkGetImageSubresourceLayout(dev->handle, image->handle, &plane, &layout);
	image->buffer = wayland_buffer(&chain->window, image->dmabuf, chain->info.extent.width,
				       chain->info.extent.height, layout.offset, layout.rowPitch,
				       fourcc, &image->released);
	return image->buffer ? VK_SUCCESS : VK_ERROR_OUT_OF_HOST_MEMORY;
}

static int make_timelines(struct swapchain *chain)
{
	int fds[2] = { -1, -1 }, fd = chain->dev->fd;
	int ret = figment_syncobj_create(fd, false, &chain->acquire);

	if (!ret)
		ret = figment_syncobj_create(fd, false, &chain->release);
	if (!ret)
		ret = figment_syncobj_export(fd, chain->acquire, &fds[0]);
	if (!ret)
		ret = figment_syncobj_export(fd, chain->release, &fds[1]);
	if (!ret)
		wayland_sync(&chain->window, fds[0], fds[1]);
	for (int i = 0; i < 2; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
	}
	return ret;
}

static VkResult fill(struct swapchain *chain, const VkSwapchainCreateInfoKHR *info)
{
	uint32_t fourcc = fourcc_of(info);
	VkResult result = describe_images(chain, info);

	for (uint32_t i = 0; !result && i < chain->count; i++)
		result = make_image(chain, &chain->images[i], fourcc);
	/* A surface has points from one swapchain only. */
	if (!result && chain->window.syncobjs) {
		struct swapchain *old = swapchain_of(info->oldSwapchain);

		if (old)
			swapchain_retire(old);
		result = shim_result(make_timelines(chain));
	}
	return result;
}

/**
 * swapchain_create() - make one of figment's images, if that can be
 * @dev: the device
 * @info: as the application has it
 * @out: the swapchain
 *
 * Return: VK_ERROR_FORMAT_NOT_SUPPORTED if it is for lavapipe to make.
 */
VkResult swapchain_create(struct device *dev, const VkSwapchainCreateInfoKHR *info,
			  VkSwapchainKHR *out)
{
	const VkIcdSurfaceWayland *surface = (const VkIcdSurfaceWayland *)(uintptr_t)info->surface;
	const VkFenceCreateInfo plain = { .sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO };
	const struct figment_node *node = &dev->pdev->node;
	struct swapchain *chain;
	VkResult result;

	if (!is_ours_to_make(dev, info) || info->minImageCount > MAX_IMAGES)
		return VK_ERROR_FORMAT_NOT_SUPPORTED;
	chain = calloc(1, sizeof(*chain));
	if (!chain)
		return VK_ERROR_OUT_OF_HOST_MEMORY;
	chain->dev = dev;
	chain->mode = info->presentMode;
	chain->count = info->minImageCount < 3 ? 3 : info->minImageCount;
	for (uint32_t i = 0; i < MAX_IMAGES; i++)
		chain->images[i].dmabuf = -1;
	if (wayland_open(&chain->window, surface->display, surface->surface)) {
		free(chain);
		return VK_ERROR_FORMAT_NOT_SUPPORTED;
	}
	if (!wayland_is_on(&chain->window, makedev(node->render_major, node->render_minor),
			   makedev(node->primary_major, node->primary_minor)) ||
	    !wayland_takes(&chain->window, fourcc_of(info)))
		result = VK_ERROR_FORMAT_NOT_SUPPORTED;
	else
		result = fill(chain, info);
	if (!result)
		result = dev->lvp.CreateFence(dev->handle, &plain, NULL, &chain->handle);
	if (!result && !table_insert(TABLE_SWAPCHAIN, HANDLE(chain->handle), chain))
		result = VK_ERROR_OUT_OF_HOST_MEMORY;
	if (result)
		swapchain_destroy(chain);
	else
		*out = (VkSwapchainKHR)(uintptr_t)chain->handle;
	return result;
}

/* The application has waited for what it presented. */
void swapchain_destroy(struct swapchain *chain)
{
	struct device *dev = chain->dev;

	if (chain->handle)
		table_remove(TABLE_SWAPCHAIN, HANDLE(chain->handle));
	/* A fork's child has neither the file nor the compositor's ear. */
	if (device_is_parents(dev))
		return;
	if (chain->handle)
		dev->lvp.DestroyFence(dev->handle, chain->handle, NULL);
	for (uint32_t i = 0; i < chain->count; i++) {
		struct swapchain_image *image = &chain->images[i];

		if (image->buffer)
			wl_buffer_destroy(image->buffer);
		if (image->handle)
			figment_vkDestroyImage(dev->handle, image->handle, NULL);
		if (image->memory)
			figment_vkFreeMemory(dev->handle, image->memory, NULL);
		if (image->dmabuf >= 0)
			close(image->dmabuf);
	}
	wayland_close(&chain->window);
	if (chain->acquire)
		figment_syncobj_destroy(dev->fd, chain->acquire);
	if (chain->release)
		figment_syncobj_destroy(dev->fd, chain->release);
	free(chain->view_formats);
	free(chain);
}

/* Another one has taken its surface over. */
void swapchain_retire(struct swapchain *chain)
{
	chain->retired = true;
	wayland_retire(&chain->window);
}

VkResult swapchain_images(struct swapchain *chain, uint32_t *count, VkImage *out)
{
	uint32_t n = chain->count;

	if (out && *count < n)
		n = *count;
	for (uint32_t i = 0; out && i < n; i++)
		out[i] = chain->images[i].handle;
	*count = n;
	return n < chain->count ? VK_INCOMPLETE : VK_SUCCESS;
}

const VkImageCreateInfo *swapchain_image_info(struct swapchain *chain)
{
	return &chain->info;
}

VkDeviceMemory swapchain_memory(struct swapchain *chain, uint32_t index)
{
	return chain->images[index].memory;
}

/* The image that was presented longest ago and is released or about to be; -ETIME, -EPIPE. */
static int find_released(struct swapchain *chain, int64_t slice)
{
	const uint32_t flags = DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT |
			       DRM_SYNCOBJ_WAIT_FLAGS_WAIT_AVAILABLE;
	uint32_t handles[MAX_IMAGES], of[MAX_IMAGES], n = 0, first = 0;
	uint64_t points[MAX_IMAGES];
	int ret;

	for (uint32_t i = 0; i < chain->count; i++) {
		const struct swapchain_image *image = &chain->images[i];

		if (image->state == IMAGE_FREE)
			return i;
		if (image->state != IMAGE_PRESENTED)
			continue;
		if (!chain->release) {
			if (image->released)
				return i;
			continue;
		}
		handles[n] = chain->release;
		points[n] = image->point;
		of[n++] = i;
	}
	if (!n)
		return -ETIME;
	ret = figment_syncobj_wait(chain->dev->fd, handles, points, n, slice, flags, &first);
	return ret ? ret : (int)of[first];
}

static int wait_released(struct swapchain *chain, uint64_t timeout_ns)
{
	int64_t now = clock_now(), deadline;
	int ret;

	deadline = timeout_ns > (uint64_t)(INT64_MAX - now) ? INT64_MAX : now + (int64_t)timeout_ns;
	for (;;) {
		int64_t slice = now + SLICE_MS * 1000000ll;

		if (wayland_dispatch(&chain->window, 0))
			return -EPIPE;
		ret = find_released(chain, slice < deadline ? slice : deadline);
		now = clock_now();
		if (ret != -ETIME || now >= deadline)
			return ret;
		if (device_is_lost(chain->dev))
			return -ENODEV;
		/* Where there was no point to wait for it is an event that tells. */
		if (now < slice && wayland_dispatch(&chain->window, deadline - now > slice - now ?
						    SLICE_MS : (deadline - now) / 1000000))
			return -EPIPE;
		now = clock_now();
	}
}

/* What the compositor still reads it with, for the application to wait for. */
static int hand_on(struct swapchain *chain, struct swapchain_image *image, uint32_t payload)
{
	int fd = chain->dev->fd, file, ret;

	if (image->state == IMAGE_FREE)
		return figment_syncobj_signal(fd, payload, 0);
	if (chain->release)
		return figment_syncobj_transfer(fd, payload, 0, chain->release, image->point);
	ret = figment_dmabuf_export_fence(image->dmabuf, true, &file);
	if (ret)
		return ret;
	ret = figment_syncobj_import_file(fd, payload, file);
	close(file);
	return ret;
}

/**
 * swapchain_acquire() - an image to render to
 * @chain: the swapchain
 * @timeout_ns: how long to wait for one
 * @payload_count: how many syncobjs
 * @payloads: what is to be signalled when it may be rendered to
 * @index: out, the image
 */
VkResult swapchain_acquire(struct swapchain *chain, uint64_t timeout_ns, uint32_t payload_count,
			   const uint32_t *payloads, uint32_t *index)
{
	struct swapchain_image *image;
	int ret;

	if (chain->retired)
		return VK_ERROR_OUT_OF_DATE_KHR;
	if (chain->lost)
		return VK_ERROR_SURFACE_LOST_KHR;
	ret = wait_released(chain, timeout_ns);
	if (ret == -ETIME)
		return timeout_ns ? VK_TIMEOUT : VK_NOT_READY;
	if (ret == -EPIPE) {
		chain->lost = true;
		return VK_ERROR_SURFACE_LOST_KHR;
	}
	if (ret < 0)
		return device_is_lost(chain->dev) ? device_lost(chain->dev) : shim_result(ret);
	image = &chain->images[ret];
	*index = ret;
	ret = 0;
	for (uint32_t i = 0; !ret && i < payload_count; i++)
		ret = hand_on(chain, image, payloads[i]);
	if (!ret)
		image->state = IMAGE_ACQUIRED;
	return shim_result(ret);
}

/* Not before the compositor wants another frame, if the mode is so. */
static bool wait_turn(struct swapchain *chain)
{
	while (chain->mode == VK_PRESENT_MODE_FIFO_KHR && chain->window.frame &&
	       !device_is_lost(chain->dev)) {
		if (wayland_dispatch(&chain->window, SLICE_MS))
			return false;
	}
	return !wayland_dispatch(&chain->window, 0);
}

/* @rendered's fence becomes the acquire point, or the dma-buf's own. */
static int publish(struct swapchain *chain, struct swapchain_image *image, uint32_t rendered)
{
	int fd = chain->dev->fd, file, ret;

	if (chain->acquire)
		return figment_syncobj_transfer(fd, chain->acquire, image->point, rendered, 0);
	ret = figment_syncobj_export_file(fd, rendered, &file);
	if (ret)
		return ret;
	ret = figment_dmabuf_import_fence(image->dmabuf, true, file);
	close(file);
	return ret;
}

/**
 * swapchain_present() - hand an image over
 * @chain: the swapchain
 * @index: the image
 * @rendered: a syncobj that has the fence of all that the present has to wait for
 * @region: what has changed, or NULL
 * @mode: the mode from now on, or NULL
 */
VkResult swapchain_present(struct swapchain *chain, uint32_t index, uint32_t rendered,
			   const VkPresentRegionKHR *region, const VkPresentModeKHR *mode)
{
	struct swapchain_image *image = &chain->images[index];
	struct wayland_rect damage[16];
	uint32_t n = region ? region->rectangleCount : 0;
	int ret;

	if (mode)
		chain->mode = *mode;
	if (chain->retired) {
		image->state = IMAGE_FREE;
		return VK_ERROR_OUT_OF_DATE_KHR;
	}
	if (chain->lost || !wait_turn(chain)) {
		chain->lost = true;
		return VK_ERROR_SURFACE_LOST_KHR;
	}
	if (n > ARRAY_SIZE(damage))
		n = 0;
	for (uint32_t i = 0; i < n; i++) {
		const VkRectLayerKHR *rect = &region->pRectangles[i];

		damage[i] = (struct wayland_rect){ rect->offset.x, rect->offset.y,
						   rect->extent.width, rect->extent.height };
	}
	image->point = ++chain->point;
	image->released = false;
	ret = publish(chain, image, rendered);
	if (ret)
		return shim_result(ret);
	image->state = IMAGE_PRESENTED;
	if (wayland_present(&chain->window, image->buffer, damage, n, image->point)) {
		chain->lost = true;
		return VK_ERROR_SURFACE_LOST_KHR;
	}
	return VK_SUCCESS;
}

/* Acquired, and given back without having been rendered to. */
void swapchain_release(struct swapchain *chain, uint32_t count, const uint32_t *indices)
{
	for (uint32_t i = 0; i < count; i++)
		chain->images[indices[i]].state = IMAGE_FREE;
}

// SPDX-License-Identifier: MIT
/**
 * DOC: Vulkan, opened on figment
 *
 * The device is recognised as a compositor does it: by the render node that
 * VK_EXT_physical_device_drm names. Validation is switched on through the API
 * and not by the loader's variables, so that its messages arrive here and can
 * be counted; anything it has to say is a failure.
 */
#include <stdlib.h>
#include <string.h>

#include "common.h"
#include "figment.h"
#include "vk.h"

#define LAYER	"VK_LAYER_KHRONOS_validation"

const char *vk_result(VkResult result)
{
	switch (result) {
#define NAME(r) case r: return #r
	NAME(VK_SUCCESS);
	NAME(VK_NOT_READY);
	NAME(VK_TIMEOUT);
	NAME(VK_INCOMPLETE);
	NAME(VK_ERROR_OUT_OF_HOST_MEMORY);
	NAME(VK_ERROR_OUT_OF_DEVICE_MEMORY);
	NAME(VK_ERROR_INITIALIZATION_FAILED);
	NAME(VK_ERROR_DEVICE_LOST);
	NAME(VK_ERROR_MEMORY_MAP_FAILED);
	NAME(VK_ERROR_LAYER_NOT_PRESENT);
	NAME(VK_ERROR_EXTENSION_NOT_PRESENT);
	NAME(VK_ERROR_FEATURE_NOT_PRESENT);
	NAME(VK_ERROR_INCOMPATIBLE_DRIVER);
	NAME(VK_ERROR_TOO_MANY_OBJECTS);
	NAME(VK_ERROR_FORMAT_NOT_SUPPORTED);
	NAME(VK_ERROR_INVALID_EXTERNAL_HANDLE);
	NAME(VK_ERROR_INVALID_DRM_FORMAT_MODIFIER_PLANE_LAYOUT_EXT);
#undef NAME
	default:
		return "an unexpected VkResult";
	}
}

void vk_check(VkResult result, const char *call)
{
	if (result)
		die("%.*s: %s (%d)", (int)strcspn(call, "("), call, vk_result(result), result);
}

static VkBool32 VKAPI_CALL heard(VkDebugUtilsMessageSeverityFlagBitsEXT severity,
				 VkDebugUtilsMessageTypeFlagsEXT types,
				 const VkDebugUtilsMessengerCallbackDataEXT *data, void *user)
{
	struct vk *vk = user;

	vk->messages++;
	fprintf(stderr, "validation: %s\n", data->pMessage);
	return VK_FALSE;
}

static bool env_is_set(const char *name)
{
	const char *env = getenv(name);

	return env && *env && strcmp(env, "0");
}

static void open_instance(struct vk *vk)
{
	const VkDebugUtilsMessengerCreateInfoEXT messenger = {
		.sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT,
		.messageSeverity = VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT |
				   VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT,
		.messageType = VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT |
			       VK_DEBUG_UTILS_MESSAGE_TYPE_PERFORMANCE_BIT_EXT,
		.pfnUserCallback = heard,
		.pUserData = vk,
	};
	const VkValidationFeatureEnableEXT sync =
		VK_VALIDATION_FEATURE_ENABLE_SYNCHRONIZATION_VALIDATION_EXT;
	/* Since replaced by VK_EXT_layer_settings, but every version of the layer has it. */
	const VkValidationFeaturesEXT features = {
		.sType = VK_STRUCTURE_TYPE_VALIDATION_FEATURES_EXT,
		.pNext = &messenger,
		.enabledValidationFeatureCount = 1,
		.pEnabledValidationFeatures = &sync,
	};
	const char *const layers[] = { LAYER };
	const char *const extensions[] = {
		VK_EXT_DEBUG_UTILS_EXTENSION_NAME, VK_EXT_VALIDATION_FEATURES_EXTENSION_NAME,
	};
	bool validate = env_is_set("VALIDATE");
	const VkInstanceCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
		.pNext = validate ? &features : NULL,
		.pApplicationInfo = &(VkApplicationInfo){
			.sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
			.pApplicationName = "figment demo",
			.apiVersion = VK_API_VERSION_1_3,
		},
		.enabledLayerCount = validate,
		.ppEnabledLayerNames = layers,
		.enabledExtensionCount = validate ? 2 : 0,
		.ppEnabledExtensionNames = extensions,
	};
	PFN_vkCreateDebugUtilsMessengerEXT create;

	VK(vkCreateInstance(&info, NULL, &vk->instance));
	if (!validate)
		return;
	create = (void *)vkGetInstanceProcAddr(vk->instance, "vkCreateDebugUtilsMessengerEXT");
	vk->destroy_messenger =
		(void *)vkGetInstanceProcAddr(vk->instance, "vkDestroyDebugUtilsMessengerEXT");
	VK(create(vk->instance, &messenger, NULL, &vk->messenger));
}

static bool has_extension(VkPhysicalDevice physical, const char *name)
{
	VkExtensionProperties *props;
	uint32_t count = 0;
	bool has = false;

	VK(vkEnumerateDeviceExtensionProperties(physical, NULL, &count, NULL));
	props = xalloc(sizeof(*props) * (count + 1));
	VK(vkEnumerateDeviceExtensionProperties(physical, NULL, &count, props));
	for (uint32_t i = 0; i < count && !has; i++)
		has = !strcmp(props[i].extensionName, name);
	free(props);
	return has;
}

/* Whether a physical device is the one behind figment's render node. */
static bool is_node(VkPhysicalDevice physical, const struct figment_node *node)
{
	VkPhysicalDeviceDrmPropertiesEXT drm = {
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRM_PROPERTIES_EXT,
	};
	VkPhysicalDeviceProperties2 props = {
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2,
		.pNext = &drm,
	};

	if (!has_extension(physical, VK_EXT_PHYSICAL_DEVICE_DRM_EXTENSION_NAME))
		return false;
	vkGetPhysicalDeviceProperties2(physical, &props);
	return drm.hasRender && drm.renderMajor == node->render_major &&
	       drm.renderMinor == node->render_minor &&
	       props.properties.deviceType == VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU;
}

static void find_physical(struct vk *vk)
{
	VkPhysicalDevice devices[16];
	uint32_t count = 16;
	struct figment_node nodes[FIGMENT_MAX_DEVICES], *node = NULL;
	int n;

	VK(vkEnumeratePhysicalDevices(vk->instance, &count, devices));
	if (env_is_set("ANY_DEVICE")) {
		if (!count)
			die("there is no Vulkan device");
		vk->physical = devices[0];
		return;
	}
	n = check_errno(figment_enumerate(nodes, FIGMENT_MAX_DEVICES), "figment_enumerate");
	for (int i = 0; i < n; i++) {
		if (nodes[i].index == demo_device())
			node = &nodes[i];
	}
	if (!node)
		die("there is no figment device %u: is the module loaded?", demo_device());
	for (uint32_t i = 0; i < count; i++) {
		if (is_node(devices[i], node)) {
			vk->physical = devices[i];
			return;
		}
	}
	die("none of %u Vulkan devices is a virtual GPU behind %s", count, node->render);
}

/* A family with graphics, which can then transfer too. */
static uint32_t find_family(VkPhysicalDevice physical)
{
	VkQueueFamilyProperties families[16];
	uint32_t count = 16;

	vkGetPhysicalDeviceQueueFamilyProperties(physical, &count, families);
	for (uint32_t i = 0; i < count; i++) {
		if (families[i].queueFlags & VK_QUEUE_GRAPHICS_BIT)
			return i;
	}
	die("the device has no graphics queue");
}

static PFN_vkVoidFunction entry(const struct vk *vk, const char *name)
{
	PFN_vkVoidFunction pfn = vkGetDeviceProcAddr(vk->device, name);

	if (!pfn)
		die("vkGetDeviceProcAddr(%s): NULL", name);
	return pfn;
}

static void open_device(struct vk *vk, bool sharing)
{
	static const char *const extensions[] = {
		VK_KHR_EXTERNAL_MEMORY_FD_EXTENSION_NAME,
		VK_KHR_EXTERNAL_SEMAPHORE_FD_EXTENSION_NAME,
		VK_EXT_EXTERNAL_MEMORY_DMA_BUF_EXTENSION_NAME,
		VK_EXT_IMAGE_DRM_FORMAT_MODIFIER_EXTENSION_NAME,
		VK_EXT_QUEUE_FAMILY_FOREIGN_EXTENSION_NAME,
	};
	const uint32_t count = sizeof(extensions) / sizeof(extensions[0]);
	const float priority = 1;
	const VkDeviceQueueCreateInfo queue = {
		.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
		.queueFamilyIndex = vk->family,
		.queueCount = 1,
		.pQueuePriorities = &priority,
	};
	VkPhysicalDeviceVulkan13Features features = {
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES,
		.synchronization2 = VK_TRUE,
		.dynamicRendering = VK_TRUE,
	};
	const VkDeviceCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
		.pNext = &features,
		.queueCreateInfoCount = 1,
		.pQueueCreateInfos = &queue,
		.enabledExtensionCount = sharing ? count : 0,
		.ppEnabledExtensionNames = extensions,
	};

	for (uint32_t i = 0; sharing && i < count; i++) {
		if (!has_extension(vk->physical, extensions[i]))
			die("the device has no %s", extensions[i]);
	}
	VK(vkCreateDevice(vk->physical, &info, NULL, &vk->device));
	if (!sharing)
		return;
	vk->get_memory_fd = (void *)entry(vk, "vkGetMemoryFdKHR");
	vk->get_memory_fd_properties = (void *)entry(vk, "vkGetMemoryFdPropertiesKHR");
	vk->get_modifier = (void *)entry(vk, "vkGetImageDrmFormatModifierPropertiesEXT");
	vk->get_semaphore_fd = (void *)entry(vk, "vkGetSemaphoreFdKHR");
	vk->import_semaphore_fd = (void *)entry(vk, "vkImportSemaphoreFdKHR");
}

void vk_open(struct vk *vk, bool sharing)
{
	VkCommandPoolCreateInfo pool = {
		.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
		.flags = VK_COMMAND_POOL_CREATE_TRANSIENT_BIT,
	};

	memset(vk, 0, sizeof(*vk));
	open_instance(vk);
	find_physical(vk);
	vk->family = find_family(vk->physical);
	vkGetPhysicalDeviceMemoryProperties(vk->physical, &vk->memory);
	open_device(vk, sharing);
	vkGetDeviceQueue(vk->device, vk->family, 0, &vk->queue);
	pool.queueFamilyIndex = vk->family;
	VK(vkCreateCommandPool(vk->device, &pool, NULL, &vk->pool));
}

void vk_close(struct vk *vk)
{
	vkDestroyCommandPool(vk->device, vk->pool, NULL);
	vkDestroyDevice(vk->device, NULL);
	if (vk->messenger)
		vk->destroy_messenger(vk->instance, vk->messenger, NULL);
	vkDestroyInstance(vk->instance, NULL);
}

uint32_t vk_memory_type(const struct vk *vk, uint32_t bits, VkMemoryPropertyFlags flags)
{
	for (uint32_t i = 0; i < vk->memory.memoryTypeCount; i++) {
		if ((bits & (1u << i)) &&
		    (vk->memory.memoryTypes[i].propertyFlags & flags) == flags)
			return i;
	}
	die("no memory type of 0x%x has the flags 0x%x", bits, flags);
}

void vk_image_view(const struct vk *vk, struct vk_image *img, VkFormat format,
		   VkImageAspectFlags aspect)
{
	const VkImageViewCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_IMAGE_VIEW_CREATE_INFO,
		.image = img->image,
		.viewType = VK_IMAGE_VIEW_TYPE_2D,
		.format = format,
		.subresourceRange = { aspect, 0, 1, 0, 1 },
	};

	VK(vkCreateImageView(vk->device, &info, NULL, &img->view));
}

void vk_image(const struct vk *vk, struct vk_image *img, VkFormat format,
	      uint32_t width, uint32_t height, VkImageUsageFlags usage,
	      VkImageAspectFlags aspect)
{
	const VkImageCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
		.imageType = VK_IMAGE_TYPE_2D,
		.format = format,
		.extent = { width, height, 1 },
		.mipLevels = 1,
		.arrayLayers = 1,
		.samples = VK_SAMPLE_COUNT_1_BIT,
		.tiling = VK_IMAGE_TILING_OPTIMAL,
		.usage = usage,
		.initialLayout = VK_IMAGE_LAYOUT_UNDEFINED,
	};
	VkMemoryAllocateInfo alloc = { .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO };
	VkMemoryRequirements reqs;

	*img = (struct vk_image){ 0 };
	VK(vkCreateImage(vk->device, &info, NULL, &img->image));
	vkGetImageMemoryRequirements(vk->device, img->image, &reqs);
	alloc.allocationSize = img->size = reqs.size;
	alloc.memoryTypeIndex = vk_memory_type(vk, reqs.memoryTypeBits, 0);
	VK(vkAllocateMemory(vk->device, &alloc, NULL, &img->memory));
	VK(vkBindImageMemory(vk->device, img->image, img->memory, 0));
	if (usage & (VK_IMAGE_USAGE_SAMPLED_BIT | VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT |
		     VK_IMAGE_USAGE_DEPTH_STENCIL_ATTACHMENT_BIT))
		vk_image_view(vk, img, format, aspect);
}

void vk_image_destroy(const struct vk *vk, struct vk_image *img)
{
	vkDestroyImageView(vk->device, img->view, NULL);
	vkDestroyImage(vk->device, img->image, NULL);
	vkFreeMemory(vk->device, img->memory, NULL);
}

void vk_buffer(const struct vk *vk, struct vk_buffer *buf, VkDeviceSize size,
	       VkBufferUsageFlags usage, const void *data)
{
	const VkBufferCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
		.size = size,
		.usage = usage,
	};
	VkMemoryAllocateInfo alloc = { .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO };
	VkMemoryRequirements reqs;

	VK(vkCreateBuffer(vk->device, &info, NULL, &buf->buffer));
	vkGetBufferMemoryRequirements(vk->device, buf->buffer, &reqs);
	alloc.allocationSize = reqs.size;
	alloc.memoryTypeIndex = vk_memory_type(vk, reqs.memoryTypeBits,
					       VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT |
					       VK_MEMORY_PROPERTY_HOST_COHERENT_BIT);
	VK(vkAllocateMemory(vk->device, &alloc, NULL, &buf->memory));
	VK(vkBindBufferMemory(vk->device, buf->buffer, buf->memory, 0));
	VK(vkMapMemory(vk->device, buf->memory, 0, VK_WHOLE_SIZE, 0, &buf->map));
	if (data)
		memcpy(buf->map, data, size);
}

void vk_buffer_destroy(const struct vk *vk, struct vk_buffer *buf)
{
	vkDestroyBuffer(vk->device, buf->buffer, NULL);
	vkFreeMemory(vk->device, buf->memory, NULL);
}

VkCommandBuffer vk_begin(const struct vk *vk)
{
	const VkCommandBufferAllocateInfo alloc = {
		.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
		.commandPool = vk->pool,
		.level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
		.commandBufferCount = 1,
	};
	const VkCommandBufferBeginInfo begin = {
		.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
		.flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT,
	};
	VkCommandBuffer cmd;

	VK(vkAllocateCommandBuffers(vk->device, &alloc, &cmd));
	VK(vkBeginCommandBuffer(cmd, &begin));
	return cmd;
}

void vk_barrier(VkCommandBuffer cmd, VkImage image, VkImageAspectFlags aspect,
		struct vk_side from, struct vk_side to)
{
	const VkImageMemoryBarrier2 barrier = {
		.sType = VK_STRUCTURE_TYPE_IMAGE_MEMORY_BARRIER_2,
		.srcStageMask = from.stage,
		.srcAccessMask = from.access,
		.dstStageMask = to.stage,
		.dstAccessMask = to.access,
		.oldLayout = from.layout,
		.newLayout = to.layout,
		.srcQueueFamilyIndex = from.family,
		.dstQueueFamilyIndex = to.family,
		.image = image,
		.subresourceRange = { aspect, 0, 1, 0, 1 },
	};
	const VkDependencyInfo info = {
		.sType = VK_STRUCTURE_TYPE_DEPENDENCY_INFO,
		.imageMemoryBarrierCount = 1,
		.pImageMemoryBarriers = &barrier,
	};

	vkCmdPipelineBarrier2(cmd, &info);
}

void vk_submit(const struct vk *vk, VkCommandBuffer cmd, const VkSemaphore *waits,
	       uint32_t count, VkPipelineStageFlags2 stage, VkSemaphore signal, VkFence fence)
{
	const VkCommandBufferSubmitInfo cmd_info = {
		.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_SUBMIT_INFO,
		.commandBuffer = cmd,
	};
	const VkSemaphoreSubmitInfo signal_info = {
		.sType = VK_STRUCTURE_TYPE_SEMAPHORE_SUBMIT_INFO,
		.semaphore = signal,
		.stageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
	};
	VkSemaphoreSubmitInfo wait_infos[PEERS];
	const VkSubmitInfo2 submit = {
		.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO_2,
		.waitSemaphoreInfoCount = count,
		.pWaitSemaphoreInfos = wait_infos,
		.commandBufferInfoCount = 1,
		.pCommandBufferInfos = &cmd_info,
		.signalSemaphoreInfoCount = signal != VK_NULL_HANDLE,
		.pSignalSemaphoreInfos = &signal_info,
	};

	for (uint32_t i = 0; i < count; i++) {
		wait_infos[i] = (VkSemaphoreSubmitInfo){
			.sType = VK_STRUCTURE_TYPE_SEMAPHORE_SUBMIT_INFO,
			.semaphore = waits[i],
			.stageMask = stage,
		};
	}
	VK(vkEndCommandBuffer(cmd));
	VK(vkQueueSubmit2(vk->queue, 1, &submit, fence));
}

VkFence vk_fence(const struct vk *vk)
{
	const VkFenceCreateInfo info = { .sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO };
	VkFence fence;

	VK(vkCreateFence(vk->device, &info, NULL, &fence));
	return fence;
}

void vk_wait(const struct vk *vk, VkFence fence)
{
	VK(vkWaitForFences(vk->device, 1, &fence, VK_TRUE, DEMO_PATIENCE_MS * 1000000ull));
}

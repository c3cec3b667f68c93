// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: finding figment's Vulkan device, and submitting to it
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kselftest.h"

#include "vk.h"

/*
 * Of SANITIZE=thread: what is not built with it cannot be seen to synchronise. A race
 * ends a test with a status of its own.
 */
const char *__tsan_default_suppressions(void);
const char *__tsan_default_suppressions(void)
{
	return "called_from_lib:libvulkan_lvp.so\n"
	       "called_from_lib:libLLVM\n"
	       "called_from_lib:libvulkan.so\n"
	       "race:libvulkan_lvp.so\n"
	       "race:libvulkan.so\n";
}

void vk_result(VkResult result, const char *what, const char *file, int line)
{
	if (result == VK_SUCCESS)
		return;
	fprintf(stderr, "# %s:%d: %s: VkResult %d\n", file, line, what, result);
	_exit(KSFT_FAIL);
}

/*
 * A matter of time alone. Of all the drivers there may be, the loader is told to
 * load those that are wanted here, unless somebody has chosen already.
 */
void vk_prepare(void)
{
	setenv("VK_LOADER_DRIVERS_SELECT", "*figment*,*lvp*", 0);
	dlopen("libvulkan_lvp.so", RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
}

bool vk_is_figment(VkPhysicalDevice physical)
{
	VkPhysicalDeviceDriverProperties driver = {
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRIVER_PROPERTIES,
	};
	VkPhysicalDeviceProperties2 p = {
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2,
		.pNext = &driver,
	};

	vkGetPhysicalDeviceProperties2(physical, &p);
	return !strcmp(driver.driverName, "figment");
}

uint32_t vk_find(VkInstance instance, bool figment, VkPhysicalDevice found[VK_MAX_DEVICES])
{
	VkPhysicalDevice devices[VK_MAX_DEVICES];
	uint32_t count = VK_MAX_DEVICES, n = 0;

	VK(vkEnumeratePhysicalDevices(instance, &count, devices));
	for (uint32_t i = 0; i < count; i++) {
		if (vk_is_figment(devices[i]) == figment)
			found[n++] = devices[i];
	}
	return n;
}

static VKAPI_ATTR VkBool32 VKAPI_CALL
message(VkDebugUtilsMessageSeverityFlagBitsEXT severity, VkDebugUtilsMessageTypeFlagsEXT types,
	const VkDebugUtilsMessengerCallbackDataEXT *data, void *arg)
{
	struct vk *vk = arg;

	if (vk->quiet)
		return VK_FALSE;
	vk->messages++;
	fprintf(stderr, "# validation: %s: %s\n",
		data->pMessageIdName ? data->pMessageIdName : "?", data->pMessage);
	return VK_FALSE;
}

static void listen(struct vk *vk)
{
	VkDebugUtilsMessengerCreateInfoEXT info = {
		.sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT,
		.messageSeverity = VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT |
				   VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT,
		.messageType = VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT,
		.pfnUserCallback = message,
		.pUserData = vk,
	};

#define LOAD(name) \
	vk->name = (PFN_vk##name)vkGetInstanceProcAddr(vk->instance, "vk" #name); \
	must_be(vk->name);
	VK_INSTANCE_CALLS(LOAD)
#undef LOAD
	VK(vk->CreateDebugUtilsMessengerEXT(vk->instance, &info, NULL, &vk->messenger));
}

static bool has(const VkExtensionProperties *list, uint32_t count, const char *name)
{
	for (uint32_t i = 0; i < count; i++) {
		if (!strcmp(list[i].extensionName, name))
			return true;
	}
	return false;
}

/* Those of some extensions that there are, behind those that there have to be. */
static void add_instance_extensions(const char **names, uint32_t *count)
{
	static const char *const wanted[] = {
		"VK_KHR_xcb_surface", "VK_KHR_wayland_surface",
		VK_KHR_GET_SURFACE_CAPABILITIES_2_EXTENSION_NAME,
		VK_EXT_SURFACE_MAINTENANCE_1_EXTENSION_NAME, "VK_KHR_surface_maintenance1",
	};
	VkExtensionProperties list[128];
	uint32_t n = ARRAY_SIZE(list);

	VK(vkEnumerateInstanceExtensionProperties(NULL, &n, list));
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		if (has(list, n, wanted[i]))
			names[(*count)++] = wanted[i];
	}
}

void vk_instance(struct vk *vk)
{
	const char *extensions[8] = {
		VK_EXT_DEBUG_UTILS_EXTENSION_NAME,
		VK_KHR_SURFACE_EXTENSION_NAME,
		VK_EXT_HEADLESS_SURFACE_EXTENSION_NAME,
	};
	VkApplicationInfo app = {
		.sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
		.pApplicationName = "figment selftests",
		.apiVersion = VK_API_VERSION_1_3,
	};
	VkInstanceCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
		.pApplicationInfo = &app,
		.enabledExtensionCount = 3,
		.ppEnabledExtensionNames = extensions,
	};
	VkPhysicalDevice devices[VK_MAX_DEVICES];

	memset(vk, 0, sizeof(*vk));
	add_instance_extensions(extensions, &info.enabledExtensionCount);
	VK(vkCreateInstance(&info, NULL, &vk->instance));
	listen(vk);
	must_be(vk_find(vk->instance, true, devices) > 0);
	vk->physical = devices[0];
}

VkResult vk_create_device(VkPhysicalDevice physical, VkDeviceCreateInfo info,
			  const VkAllocationCallbacks *callbacks, VkDevice *device)
{
	float priority = 1;
	VkDeviceQueueCreateInfo queue = {
		.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
		.queueCount = 1,
		.pQueuePriorities = &priority,
	};

	info.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO;
	info.queueCreateInfoCount = 1;
	info.pQueueCreateInfos = &queue;
	return vkCreateDevice(physical, &info, callbacks, device);
}

VkResult vk_device_with(struct vk *vk, const void *features, const char *const *extensions,
			uint32_t count)
{
	VkDeviceCreateInfo info = {
		.pNext = features,
		.enabledExtensionCount = count,
		.ppEnabledExtensionNames = extensions,
	};
	VkCommandPoolCreateInfo pool = {
		.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
	};
	VkResult result = vk_create_device(vk->physical, info, NULL, &vk->device);

	if (result)
		return result;
	vkGetDeviceQueue(vk->device, 0, 0, &vk->queue);
	VK(vkCreateCommandPool(vk->device, &pool, NULL, &vk->pool));
#define LOAD(name) \
	vk->name = (PFN_vk##name)vkGetDeviceProcAddr(vk->device, "vk" #name);
	VK_DEVICE_CALLS(LOAD)
#undef LOAD
	return VK_SUCCESS;
}

static void make_device(struct vk *vk, const char *const *extensions, uint32_t count)
{
	VkPhysicalDeviceVulkan13Features v13 = {
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES,
		.synchronization2 = VK_TRUE,
		.dynamicRendering = VK_TRUE,
		.privateData = VK_TRUE,
	};
	VkPhysicalDeviceSwapchainMaintenance1FeaturesEXT maintenance = {
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SWAPCHAIN_MAINTENANCE_1_FEATURES_EXT,
		.swapchainMaintenance1 = VK_TRUE,
	};
	VkPhysicalDeviceVulkan12Features v12 = {
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES,
		.pNext = &v13,
		.timelineSemaphore = VK_TRUE,
		.hostQueryReset = VK_TRUE,
	};

	if (vk->swapchain_maintenance || vk->swapchain_maintenance_khr)
		v13.pNext = &maintenance;
	VK(vk_device_with(vk, &v12, extensions, count));
}

void vk_device(struct vk *vk)
{
	const char *extensions[] = {
		VK_KHR_EXTERNAL_MEMORY_FD_EXTENSION_NAME,
		VK_KHR_EXTERNAL_FENCE_FD_EXTENSION_NAME,
		VK_KHR_EXTERNAL_SEMAPHORE_FD_EXTENSION_NAME,
		VK_EXT_EXTERNAL_MEMORY_DMA_BUF_EXTENSION_NAME,
		VK_EXT_EXTERNAL_MEMORY_HOST_EXTENSION_NAME,
		VK_EXT_IMAGE_DRM_FORMAT_MODIFIER_EXTENSION_NAME,
		VK_EXT_QUEUE_FAMILY_FOREIGN_EXTENSION_NAME,
		VK_EXT_PHYSICAL_DEVICE_DRM_EXTENSION_NAME,
		VK_KHR_SWAPCHAIN_EXTENSION_NAME,
		NULL, NULL	/* for the two names of swapchain_maintenance1 */
	};
	static const char khr[] = "VK_KHR_swapchain_maintenance1";
	uint32_t n = ARRAY_SIZE(extensions) - 2;
	static VkExtensionProperties list[512];
	uint32_t count = ARRAY_SIZE(list);

	VK(vkEnumerateDeviceExtensionProperties(vk->physical, NULL, &count, list));
	vk->swapchain_maintenance = has(list, count,
					VK_EXT_SWAPCHAIN_MAINTENANCE_1_EXTENSION_NAME);
	vk->swapchain_maintenance_khr = has(list, count, khr);
	if (vk->swapchain_maintenance)
		extensions[n++] = VK_EXT_SWAPCHAIN_MAINTENANCE_1_EXTENSION_NAME;
	if (vk->swapchain_maintenance_khr)
		extensions[n++] = khr;
	make_device(vk, extensions, n);
#define CHECK(name) \
	must_be(vk->name);
	VK_DEVICE_CALLS(CHECK)
#undef CHECK
}

void vk_plain_device(struct vk *vk)
{
	vk->swapchain_maintenance = false;
	vk->swapchain_maintenance_khr = false;
	make_device(vk, NULL, 0);
}

void vk_device_close(struct vk *vk)
{
	VK(vkDeviceWaitIdle(vk->device));
	vkDestroyCommandPool(vk->device, vk->pool, NULL);
	vkDestroyDevice(vk->device, NULL);
	vk->device = NULL;
}

void vk_open(struct vk *vk)
{
	vk_instance(vk);
	vk_device(vk);
}

unsigned int vk_close(struct vk *vk)
{
	if (vk->device)
		vk_device_close(vk);
	vk->DestroyDebugUtilsMessengerEXT(vk->instance, vk->messenger, NULL);
	vkDestroyInstance(vk->instance, NULL);
	return vk->messages;
}

VkCommandBuffer vk_begin(struct vk *vk)
{
	VkCommandBufferAllocateInfo info = {
		.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
		.commandPool = vk->pool,
		.commandBufferCount = 1,
	};
	VkCommandBufferBeginInfo begin = {
		.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
	};
	VkCommandBuffer cmd;

	VK(vkAllocateCommandBuffers(vk->device, &info, &cmd));
	VK(vkBeginCommandBuffer(cmd, &begin));
	return cmd;
}

/* Everything before is seen by everything after, on the host as well. */
static void barrier(VkCommandBuffer cmd)
{
	VkMemoryBarrier2 all = {
		.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER_2,
		.srcStageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
		.srcAccessMask = VK_ACCESS_2_MEMORY_WRITE_BIT,
		.dstStageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT |
				VK_PIPELINE_STAGE_2_HOST_BIT,
		.dstAccessMask = VK_ACCESS_2_MEMORY_READ_BIT | VK_ACCESS_2_MEMORY_WRITE_BIT,
	};
	VkDependencyInfo info = {
		.sType = VK_STRUCTURE_TYPE_DEPENDENCY_INFO,
		.memoryBarrierCount = 1,
		.pMemoryBarriers = &all,
	};

	vkCmdPipelineBarrier2(cmd, &info);
}

VkCommandBuffer vk_end(VkCommandBuffer cmd)
{
	barrier(cmd);
	VK(vkEndCommandBuffer(cmd));
	return cmd;
}

VkCommandBuffer vk_fill(struct vk *vk, VkBuffer buffer, VkDeviceSize size, uint32_t word)
{
	VkCommandBuffer cmd = vk_begin(vk);

	vkCmdFillBuffer(cmd, buffer, 0, size, word);
	return vk_end(cmd);
}

VkCommandBuffer vk_copy(struct vk *vk, VkBuffer from, VkBuffer to, VkDeviceSize size)
{
	VkCommandBuffer cmd = vk_begin(vk);
	VkBufferCopy region = { .size = size };

	barrier(cmd);
	vkCmdCopyBuffer(cmd, from, to, 1, &region);
	return vk_end(cmd);
}

void vk_move(VkCommandBuffer cmd, VkImage image, VkImageLayout from, VkImageLayout to,
	     uint32_t from_family, uint32_t to_family)
{
	VkImageMemoryBarrier barrier = {
		.sType = VK_STRUCTURE_TYPE_IMAGE_MEMORY_BARRIER,
		.srcAccessMask = VK_ACCESS_MEMORY_WRITE_BIT,
		.dstAccessMask = VK_ACCESS_MEMORY_READ_BIT | VK_ACCESS_MEMORY_WRITE_BIT,
		.oldLayout = from,
		.newLayout = to,
		.srcQueueFamilyIndex = from_family,
		.dstQueueFamilyIndex = to_family,
		.image = image,
		.subresourceRange = { VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1 },
	};

	vkCmdPipelineBarrier(cmd, VK_PIPELINE_STAGE_ALL_COMMANDS_BIT,
			     VK_PIPELINE_STAGE_ALL_COMMANDS_BIT, 0, 0, NULL, 0, NULL, 1, &barrier);
}

VkResult vk_submit(struct vk *vk, struct vk_at wait, VkCommandBuffer cmd,
		   struct vk_at signal, VkFence fence)
{
	VkSemaphoreSubmitInfo waits = {
		.sType = VK_STRUCTURE_TYPE_SEMAPHORE_SUBMIT_INFO,
		.semaphore = wait.semaphore,
		.value = wait.value,
		.stageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
	};
	VkSemaphoreSubmitInfo signals = {
		.sType = VK_STRUCTURE_TYPE_SEMAPHORE_SUBMIT_INFO,
		.semaphore = signal.semaphore,
		.value = signal.value,
		.stageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
	};
	VkCommandBufferSubmitInfo commands = {
		.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_SUBMIT_INFO,
		.commandBuffer = cmd,
	};
	VkSubmitInfo2 info = {
		.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO_2,
		.waitSemaphoreInfoCount = !!wait.semaphore,
		.pWaitSemaphoreInfos = &waits,
		.commandBufferInfoCount = !!cmd,
		.pCommandBufferInfos = &commands,
		.signalSemaphoreInfoCount = !!signal.semaphore,
		.pSignalSemaphoreInfos = &signals,
	};

	return vkQueueSubmit2(vk->queue, 1, &info, fence);
}

void vk_run(struct vk *vk, VkCommandBuffer cmd)
{
	VK(vk_submit(vk, VK_NOTHING, cmd, VK_NOTHING, VK_NULL_HANDLE));
	VK(vkQueueWaitIdle(vk->queue));
}

// SPDX-License-Identifier: MIT
/**
 * DOC: VkInstance
 *
 * Handles are lavapipe's, and a lavapipe instance has one physical device: so
 * there is one for each figment device. The first is the application's
 * VkInstance; the others serve nothing but to have their physical devices, which
 * work with the first's functions, since those find their way by the handle.
 *
 * Creating an instance does not fail for want of lavapipe or a figment device: an
 * application has other drivers. It then has no physical devices, and a line on
 * stderr tells why.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shim.h"

static void say_no_node(void)
{
	shim_say("no device: no render node of its own can be opened; is the module loaded "
		 "(modprobe figment), and may this user open /dev/dri/renderD*?");
}

VkResult figment_vkEnumerateInstanceVersion(uint32_t *version)
{
	const struct lavapipe *lvp = lavapipe_get();
	PFN_vkEnumerateInstanceVersion theirs = lvp ? (PFN_vkEnumerateInstanceVersion)
		lvp->get_proc(NULL, "vkEnumerateInstanceVersion") : NULL;

	*version = VK_API_VERSION_1_1;
	return theirs ? theirs(version) : VK_SUCCESS;
}

VkResult figment_vkEnumerateInstanceExtensionProperties(const char *layer, uint32_t *count,
							VkExtensionProperties *properties)
{
	const struct lavapipe *lvp = lavapipe_get();
	PFN_vkEnumerateInstanceExtensionProperties theirs = lvp ?
		(PFN_vkEnumerateInstanceExtensionProperties)
		lvp->get_proc(NULL, "vkEnumerateInstanceExtensionProperties") : NULL;

	if (theirs)
		return theirs(layer, count, properties);
	*count = 0;
	return layer ? VK_ERROR_LAYER_NOT_PRESENT : VK_SUCCESS;
}

/* The shim calls functions that an application of version 1.0 may not have asked for. */
static VkResult create_lavapipe(const VkInstanceCreateInfo *app_info,
				const VkAllocationCallbacks *alloc, VkInstance *handle)
{
	static const char needed[] = VK_KHR_GET_PHYSICAL_DEVICE_PROPERTIES_2_EXTENSION_NAME;
	PFN_vkCreateInstance create = (PFN_vkCreateInstance)
		lavapipe_get()->get_proc(NULL, "vkCreateInstance");
	uint32_t count = app_info->enabledExtensionCount;
	VkInstanceCreateInfo info = *app_info;
	bool missing = true;
	const char **names;
	VkResult result;

	names = calloc(count + 1, sizeof(*names));
	if (!names)
		return VK_ERROR_OUT_OF_HOST_MEMORY;
	for (uint32_t i = 0; i < count; i++) {
		names[i] = app_info->ppEnabledExtensionNames[i];
		missing &= !!strcmp(names[i], needed);
	}
	if (missing)
		names[count++] = needed;
	info.enabledExtensionCount = count;
	info.ppEnabledExtensionNames = names;
	result = create(&info, alloc, handle);
	free(names);
	return result;
}

static bool load_calls(struct instance *instance)
{
	PFN_vk_icdGetInstanceProcAddr get = lavapipe_get()->get_proc;
	VkInstance handle = instance->handle;

#define LOAD(name, other) \
	instance->lvp.name = (PFN_vk##name)get(handle, "vk" #name); \
	if (!instance->lvp.name) \
		instance->lvp.name = (PFN_vk##name)get(handle, "vk" #other);
#define CHECK(name, other) \
	if (!instance->lvp.name) \
		return false;
	LVP_INSTANCE_CALLS(LOAD)
	LVP_OPTIONAL_INSTANCE_CALLS(LOAD)
	LVP_INSTANCE_CALLS(CHECK)
#undef LOAD
#undef CHECK
	return true;
}

static uint64_t what_is_hidden(const struct figment_node *node)
{
	int fd = figment_open(node->index);
	uint64_t hide = 0;

	if (fd >= 0) {
		figment_get_param(fd, DRM_FIGMENT_PARAM_HIDE, &hide);
		close(fd);
	}
	return hide;
}

static VkResult create_devices(struct instance *instance, const VkInstanceCreateInfo *info)
{
	struct figment_node nodes[FIGMENT_MAX_DEVICES];
	int count = environment_get()->wrong ? 0 : figment_enumerate(nodes, FIGMENT_MAX_DEVICES);
	VkResult result;

	for (int i = 0; i < count; i++) {
		struct physical_device *pdev = &instance->devices[i];

		pdev->instance = instance;
		pdev->node = nodes[i];
		pdev->hide = what_is_hidden(&nodes[i]) | environment_get()->hide;
		pdev->lvp_instance = instance->handle;
		if (i) {
			result = create_lavapipe(info, NULL, &pdev->lvp_instance);
			if (result)
				return result;
		}
		instance->device_count++;
	}
	return VK_SUCCESS;
}

static void forget(struct instance *instance)
{
	for (uint32_t i = 0; i < instance->device_count; i++)
		table_remove(TABLE_PHYSICAL_DEVICE, HANDLE(instance->devices[i].handle));
}

static void destroy(struct instance *instance, const VkAllocationCallbacks *alloc)
{
	forget(instance);
	for (uint32_t i = 1; i < instance->device_count; i++)
		instance->lvp.DestroyInstance(instance->devices[i].lvp_instance, NULL);
	if (instance->lvp.DestroyInstance)
		instance->lvp.DestroyInstance(instance->handle, alloc);
	pthread_mutex_destroy(&instance->lock);
	free(instance);
}

VkResult figment_vkCreateInstance(const VkInstanceCreateInfo *info,
				  const VkAllocationCallbacks *alloc, VkInstance *out)
{
	struct instance *instance = calloc(1, sizeof(*instance));
	VkResult result = VK_SUCCESS;

	if (!instance)
		return VK_ERROR_OUT_OF_HOST_MEMORY;
	instance->generation = fork_generation();
	pthread_mutex_init(&instance->lock, NULL);
	if (lavapipe_get()) {
		result = create_lavapipe(info, alloc, &instance->handle);
		if (result) {
			pthread_mutex_destroy(&instance->lock);
			free(instance);
			return result;
		}
		if (load_calls(instance))
			result = create_devices(instance, info);
		else
			result = VK_ERROR_INCOMPATIBLE_DRIVER;
	} else {
		set_loader_magic_value(instance);
		instance->handle = (VkInstance)instance;
	}
	if (!result && !table_insert(TABLE_INSTANCE, HANDLE(instance->handle), instance))
		result = VK_ERROR_OUT_OF_HOST_MEMORY;
	if (result) {
		destroy(instance, alloc);
		return result;
	}
	*out = instance->handle;
	return VK_SUCCESS;
}

void figment_vkDestroyInstance(VkInstance handle, const VkAllocationCallbacks *alloc)
{
	struct instance *instance = table_remove(TABLE_INSTANCE, HANDLE(handle));

	if (!instance)
		return;
	/* lavapipe would join threads that a fork's child does not have. */
	if (instance->generation != fork_generation())
		forget(instance);
	else
		destroy(instance, alloc);
}

/* lavapipe makes its physical device when first asked; only then it costs time. */
static VkResult find_physical_devices(struct instance *instance)
{
	VkResult result = VK_SUCCESS;

	pthread_mutex_lock(&instance->lock);
	for (uint32_t i = 0; !result && i < instance->device_count; i++) {
		struct physical_device *pdev = &instance->devices[i];
		VkPhysicalDevice handle;
		uint32_t one = 1;

		if (pdev->handle)
			continue;
		result = instance->lvp.EnumeratePhysicalDevices(pdev->lvp_instance, &one, &handle);
		if (result == VK_INCOMPLETE)
			result = VK_SUCCESS;
		if (!result && !one)
			result = VK_ERROR_INITIALIZATION_FAILED;
		if (!result && !table_insert(TABLE_PHYSICAL_DEVICE, HANDLE(handle), pdev))
			result = VK_ERROR_OUT_OF_HOST_MEMORY;
		if (!result) {
			pdev->handle = handle;
			physical_device_identify(pdev);
		}
	}
	pthread_mutex_unlock(&instance->lock);

	if (!instance->device_count && instance->lvp.DestroyInstance && !environment_get()->wrong) {
		static pthread_once_t once = PTHREAD_ONCE_INIT;

		pthread_once(&once, say_no_node);
	}
	return result;
}

VkResult figment_vkEnumeratePhysicalDevices(VkInstance handle, uint32_t *count,
					    VkPhysicalDevice *out)
{
	struct instance *instance = instance_of(handle);
	VkResult result = find_physical_devices(instance);
	uint32_t n = instance->device_count;

	if (result)
		return result;
	if (out && *count < n) {
		n = *count;
		result = VK_INCOMPLETE;
	}
	for (uint32_t i = 0; out && i < n; i++)
		out[i] = instance->devices[i].handle;
	*count = n;
	return result;
}

VkResult figment_vkEnumeratePhysicalDeviceGroups(VkInstance handle, uint32_t *count,
						 VkPhysicalDeviceGroupProperties *out)
{
	struct instance *instance = instance_of(handle);
	VkResult result = find_physical_devices(instance);
	uint32_t n = instance->device_count;

	if (result)
		return result;
	if (out && *count < n) {
		n = *count;
		result = VK_INCOMPLETE;
	}
	for (uint32_t i = 0; out && i < n; i++) {
		out[i].physicalDeviceCount = 1;
		memset(out[i].physicalDevices, 0, sizeof(out[i].physicalDevices));
		out[i].physicalDevices[0] = instance->devices[i].handle;
		out[i].subsetAllocation = VK_FALSE;
	}
	*count = n;
	return result;
}

// SPDX-License-Identifier: MIT
/**
 * DOC: VkDevice
 *
 * A VkDevice is lavapipe's, and an open file of the render node of its own: its
 * buffers, syncobjs and queues are nobody else's, and go with it.
 *
 * It is lost when one of its queues is (the watchdog, an unplugged device) or
 * lavapipe fails. Nothing else is: other devices of the same process carry on.
 * After a fork it is lost to the child (fork.c), where it is only forgotten.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shim.h"

/* How long a lost device may take to stop before an application hears of it. */
#define STOP_NS 2000000000ll

/* What the shim uses of lavapipe, whether the application does or not. */
static const char *const needed[] = {
	VK_KHR_TIMELINE_SEMAPHORE_EXTENSION_NAME,
	VK_KHR_SYNCHRONIZATION_2_EXTENSION_NAME,
	VK_EXT_EXTERNAL_MEMORY_HOST_EXTENSION_NAME,
};

/**
 * device_check_lost() - whether a device is lost, asking the kernel
 * @dev: the device
 *
 * A queue's end completes its jobs, so that what waited for them goes on before
 * the run thread hears of it.
 */
bool device_check_lost(struct device *dev)
{
	for (uint32_t i = 0; !device_is_lost(dev) && i < dev->queue_count; i++) {
		struct drm_figment_queue_query query;

		if (figment_queue_query(dev->fd, dev->queues[i]->id, &query) ||
		    (query.state & DRM_FIGMENT_QUEUE_LOST))
			device_lose(dev);
	}
	return device_is_lost(dev);
}

/** device_mark_lost() - have a device be lost to whoever asks, before it stops */
void device_mark_lost(struct device *dev)
{
	int64_t none = 0;

	atomic_compare_exchange_strong(&dev->stop_deadline, &none, clock_now() + STOP_NS);
	atomic_store(&dev->lost, true);
}

void device_lose(struct device *dev)
{
	device_mark_lost(dev);
	if (atomic_exchange(&dev->stopped, true))
		return;
	for (uint32_t i = 0; i < dev->queue_count; i++)
		queue_lose(dev->queues[i]);
}

/**
 * device_lost() - tell an application that its device is lost
 * @dev: the device
 *
 * It will destroy what it has, some of which lavapipe may be using: so give that
 * a moment to come to an end. It cannot be stopped, and one that does not end by
 * itself is not waited for until the device is destroyed.
 */
VkResult device_lost(struct device *dev)
{
	for (uint32_t i = 0; !device_is_parents(dev) && i < dev->queue_count; i++)
		queue_wait_stopped(dev->queues[i], atomic_load(&dev->stop_deadline));
	return VK_ERROR_DEVICE_LOST;
}

static bool load_calls(struct device *dev)
{
	PFN_vkGetDeviceProcAddr get = dev->pdev->instance->lvp.GetDeviceProcAddr;

#define LOAD(name, other) \
	dev->lvp.name = (PFN_vk##name)get(dev->handle, "vk" #name); \
	if (!dev->lvp.name) \
		dev->lvp.name = (PFN_vk##name)get(dev->handle, "vk" #other);
#define CHECK(name, other) \
	if (!dev->lvp.name) \
		return false;
	LVP_DEVICE_CALLS(LOAD)
	LVP_OPTIONAL_DEVICE_CALLS(LOAD)
	LVP_DEVICE_CALLS(CHECK)
#undef LOAD
#undef CHECK
	return true;
}

/* @names has room for the application's extensions and those needed. */
static VkResult choose_extensions(const struct physical_device *pdev,
				  const VkDeviceCreateInfo *app_info, const char **names,
				  uint32_t *count, uint64_t *enabled)
{
	uint32_t known_count, n = app_info->enabledExtensionCount;
	VkResult result = VK_SUCCESS;
	VkExtensionProperties *known;

	known = extensions_of_lavapipe(pdev, &known_count, 0);
	if (!known)
		return VK_ERROR_OUT_OF_HOST_MEMORY;
	*count = 0;
	*enabled = 0;
	for (uint32_t i = 0; i < n + ARRAY_SIZE(needed); i++) {
		const char *name = i < n ? app_info->ppEnabledExtensionNames[i] : needed[i - n];
		bool again = false;

		if (i < n) {
			if (extension_is_hidden(pdev, name)) {
				result = VK_ERROR_EXTENSION_NOT_PRESENT;
				break;
			}
			if (extension_bit(name) >= 0)
				*enabled |= 1ull << extension_bit(name);
			/* An extension that only the shim has is nothing to lavapipe. */
			if (extension_is_ours(name) && !extension_in(known, known_count, name))
				continue;
		}
		for (uint32_t j = 0; j < *count; j++)
			again |= !strcmp(names[j], name);
		if (!again)
			names[(*count)++] = name;
	}
	free(known);
	return result;
}

static VkResult create_lavapipe(struct device *dev, const VkDeviceCreateInfo *app_info,
				const VkAllocationCallbacks *alloc)
{
	struct physical_device *pdev = dev->pdev;
	VkDeviceCreateInfo info = *app_info;
	const char **names;
	VkResult result;

	names = calloc(info.enabledExtensionCount + ARRAY_SIZE(needed), sizeof(*names));
	if (!names)
		return VK_ERROR_OUT_OF_HOST_MEMORY;
	result = choose_extensions(pdev, app_info, names, &info.enabledExtensionCount,
				   &dev->extensions);
	if (!result) {
		info.ppEnabledExtensionNames = names;
		result = pdev->instance->lvp.CreateDevice(pdev->handle, &info, alloc,
							  &dev->handle);
	}
	free(names);
	return result;
}

static uint32_t priority_of(const VkDeviceQueueCreateInfo *info)
{
	const VkDeviceQueueGlobalPriorityCreateInfo *priority =
		chain_find(info->pNext,
			   VK_STRUCTURE_TYPE_DEVICE_QUEUE_GLOBAL_PRIORITY_CREATE_INFO);

	if (!priority || priority->globalPriority == VK_QUEUE_GLOBAL_PRIORITY_MEDIUM)
		return DRM_FIGMENT_PRIORITY_NORMAL;
	return priority->globalPriority < VK_QUEUE_GLOBAL_PRIORITY_MEDIUM ?
	       DRM_FIGMENT_PRIORITY_LOW : DRM_FIGMENT_PRIORITY_HIGH;
}

static VkQueue lavapipe_queue(struct device *dev, const VkDeviceQueueCreateInfo *info,
			      uint32_t index)
{
	const VkDeviceQueueInfo2 info2 = {
		.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_INFO_2,
		.flags = info->flags,
		.queueFamilyIndex = info->queueFamilyIndex,
		.queueIndex = index,
	};
	VkQueue queue = VK_NULL_HANDLE;

	if (info->flags && dev->lvp.GetDeviceQueue2)
		dev->lvp.GetDeviceQueue2(dev->handle, &info2, &queue);
	else
		dev->lvp.GetDeviceQueue(dev->handle, info->queueFamilyIndex, index, &queue);
	return queue;
}

static VkResult create_queues(struct device *dev, const VkDeviceCreateInfo *info)
{
	for (uint32_t i = 0; i < info->queueCreateInfoCount; i++) {
		const VkDeviceQueueCreateInfo *q = &info->pQueueCreateInfos[i];

		for (uint32_t j = 0; j < q->queueCount; j++) {
			VkQueue handle = lavapipe_queue(dev, q, j);
			VkResult result = VK_ERROR_INITIALIZATION_FAILED;

			if (handle)
				result = queue_create(dev, handle, priority_of(q),
						      &dev->queues[dev->queue_count]);
			if (result)
				return result;
			dev->queue_count++;
		}
	}
	return VK_SUCCESS;
}

static struct device *alloc_device(struct physical_device *pdev, const VkDeviceCreateInfo *info)
{
	uint32_t queues = 0;
	struct device *dev;

	for (uint32_t i = 0; i < info->queueCreateInfoCount; i++)
		queues += info->pQueueCreateInfos[i].queueCount;
	dev = calloc(1, sizeof(*dev) + queues * sizeof(dev->queues[0]));
	if (!dev)
		return NULL;
	dev->pdev = pdev;
	dev->generation = fork_generation();
	dev->timeline = !(pdev->hide & DRM_FIGMENT_HIDE_TIMELINE);
	pthread_mutex_init(&dev->bo_lock, NULL);
	pthread_mutex_init(&dev->relay_lock, NULL);
	return dev;
}

/* In reverse of how it was made, however far that went. */
static void destroy(struct device *dev, const VkAllocationCallbacks *alloc)
{
	relay_end_all(dev);
	for (uint32_t i = 0; i < dev->queue_count; i++)
		queue_lose(dev->queues[i]);
	for (uint32_t i = 0; i < dev->queue_count; i++)
		queue_join(dev->queues[i]);
	for (uint32_t i = 0; i < dev->queue_count; i++)
		queue_free(dev->queues[i]);
	if (dev->handle)
		dev->lvp.DestroyDevice(dev->handle, alloc);
	close(dev->fd);
	pthread_mutex_destroy(&dev->bo_lock);
	pthread_mutex_destroy(&dev->relay_lock);
	free(dev->bo_uses);
	free(dev);
}

VkResult figment_vkCreateDevice(VkPhysicalDevice handle, const VkDeviceCreateInfo *info,
				const VkAllocationCallbacks *alloc, VkDevice *out)
{
	struct physical_device *pdev = physical_device_of(handle);
	uint64_t timeout_ms = 0;
	struct device *dev;
	VkResult result;

	if (pdev->instance->generation != fork_generation())
		return VK_ERROR_INITIALIZATION_FAILED;
	if (features_refused(pdev, info))
		return VK_ERROR_FEATURE_NOT_PRESENT;
	dev = alloc_device(pdev, info);
	if (!dev)
		return VK_ERROR_OUT_OF_HOST_MEMORY;
	dev->fd = figment_open(pdev->node.index);
	if (dev->fd < 0) {
		result = VK_ERROR_INITIALIZATION_FAILED;
		goto err_free;
	}
	figment_get_param(dev->fd, DRM_FIGMENT_PARAM_JOB_TIMEOUT_MS, &timeout_ms);
	dev->job_timeout_ns = (int64_t)timeout_ms * 1000000;
	result = create_lavapipe(dev, info, alloc);
	if (result)
		goto err_close;
	/* lavapipe cannot even be asked to destroy it, if that is what is missing. */
	if (!load_calls(dev)) {
		result = VK_ERROR_INITIALIZATION_FAILED;
		if (!dev->lvp.DestroyDevice)
			dev->handle = VK_NULL_HANDLE;
		goto err_destroy;
	}
	result = create_queues(dev, info);
	if (!result && !table_insert(TABLE_DEVICE, HANDLE(dev->handle), dev))
		result = VK_ERROR_OUT_OF_HOST_MEMORY;
	if (result)
		goto err_destroy;
	*out = dev->handle;
	return VK_SUCCESS;

err_destroy:
	destroy(dev, alloc);
	return result;
err_close:
	close(dev->fd);
err_free:
	pthread_mutex_destroy(&dev->bo_lock);
	pthread_mutex_destroy(&dev->relay_lock);
	free(dev);
	return result;
}

void figment_vkDestroyDevice(VkDevice handle, const VkAllocationCallbacks *alloc)
{
	struct device *dev = table_remove(TABLE_DEVICE, HANDLE(handle));

	/* A fork's child has neither the threads to join nor a file to close. */
	if (dev && !device_is_parents(dev))
		destroy(dev, alloc);
}

VkResult figment_vkDeviceWaitIdle(VkDevice handle)
{
	struct device *dev = device_of(handle);
	VkResult result;

	for (uint32_t i = 0; !device_is_lost(dev) && i < dev->queue_count; i++)
		queue_wait_idle(dev->queues[i]);
	if (device_check_lost(dev))
		return device_lost(dev);
	/* What its own WSI does. */
	result = dev->lvp.DeviceWaitIdle(handle);
	if (result == VK_ERROR_DEVICE_LOST)
		device_lose(dev);
	return result;
}

// SPDX-License-Identifier: MIT
/**
 * DOC: VkSemaphore
 *
 * A syncobj under lavapipe's handle, as for fences. A timeline's points are the
 * syncobj's; its value zero is none, since that is how the kernel writes a binary
 * payload, and a wait for it is over before it begins.
 *
 * The kernel's timelines only grow at their end: a point below one that is still
 * pending would take that one's place, and the counter back to zero until then. Vulkan
 * allows to signal such a value; so it is kept beside the syncobj. Others that have the
 * payload see it when the pending one is there, which they would anyway.
 */
#include <drm.h>
#include <stdlib.h>

#include "shim.h"

static int payload_create(struct device *dev, const VkSemaphoreTypeCreateInfo *type,
			  struct semaphore *semaphore)
{
	uint32_t *syncobj = &semaphore->payload.permanent;
	int ret = figment_syncobj_create(dev->fd, false, syncobj);

	semaphore->timeline = type && type->semaphoreType == VK_SEMAPHORE_TYPE_TIMELINE;
	if (ret || !semaphore->timeline || !type->initialValue)
		return ret;
	ret = figment_syncobj_signal(dev->fd, *syncobj, type->initialValue);
	if (ret)
		figment_syncobj_destroy(dev->fd, *syncobj);
	return ret;
}

VkResult figment_vkCreateSemaphore(VkDevice handle, const VkSemaphoreCreateInfo *info,
				   const VkAllocationCallbacks *alloc, VkSemaphore *out)
{
	const VkSemaphoreCreateInfo plain = { .sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO };
	const VkSemaphoreTypeCreateInfo *type =
		chain_find(info->pNext, VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO);
	const VkExportSemaphoreCreateInfo *export =
		chain_find(info->pNext, VK_STRUCTURE_TYPE_EXPORT_SEMAPHORE_CREATE_INFO);
	bool timeline = type && type->semaphoreType == VK_SEMAPHORE_TYPE_TIMELINE;
	struct device *dev = device_of(handle);
	struct semaphore *semaphore;
	VkResult result;

	if (device_is_parents(dev))
		return VK_ERROR_OUT_OF_HOST_MEMORY;
	if (export && (export->handleTypes & ~external_semaphores(dev->pdev, timeline)))
		return VK_ERROR_INVALID_EXTERNAL_HANDLE;
	semaphore = calloc(1, sizeof(*semaphore));
	if (!semaphore)
		return VK_ERROR_OUT_OF_HOST_MEMORY;
	if (payload_create(dev, type, semaphore)) {
		result = VK_ERROR_OUT_OF_HOST_MEMORY;
		goto err_free;
	}
	result = dev->lvp.CreateSemaphore(handle, &plain, alloc, out);
	if (result)
		goto err_payload;
	if (!table_insert(TABLE_SEMAPHORE, HANDLE(*out), semaphore)) {
		result = VK_ERROR_OUT_OF_HOST_MEMORY;
		goto err_semaphore;
	}
	return VK_SUCCESS;

err_semaphore:
	dev->lvp.DestroySemaphore(handle, *out, alloc);
err_payload:
	payload_destroy(dev, &semaphore->payload);
err_free:
	free(semaphore);
	return result;
}

void figment_vkDestroySemaphore(VkDevice handle, VkSemaphore object,
				const VkAllocationCallbacks *alloc)
{
	struct semaphore *semaphore = table_remove(TABLE_SEMAPHORE, HANDLE(object));
	struct device *dev = device_of(handle);

	if (semaphore) {
		payload_destroy(dev, &semaphore->payload);
		free(semaphore);
	}
	dev->lvp.DestroySemaphore(handle, object, alloc);
}

VkResult figment_vkGetSemaphoreCounterValue(VkDevice handle, VkSemaphore object, uint64_t *value)
{
	struct device *dev = device_of(handle);

	struct semaphore *semaphore = semaphore_of(object);
	VkResult result;

	if (device_is_lost(dev))
		return device_lost(dev);
	result = shim_result(figment_syncobj_query(dev->fd, semaphore->payload.permanent, value));
	if (!result && *value < semaphore->reached)
		*value = semaphore->reached;
	return result;
}

VkResult figment_vkSignalSemaphore(VkDevice handle, const VkSemaphoreSignalInfo *info)
{
	struct semaphore *semaphore = semaphore_of(info->semaphore);
	uint32_t syncobj = semaphore->payload.permanent;
	struct device *dev = device_of(handle);
	uint64_t pending;

	if (device_is_lost(dev))
		return device_lost(dev);
	if (!figment_syncobj_query_submitted(dev->fd, syncobj, &pending) &&
	    pending >= info->value) {
		semaphore->reached = info->value;
		return VK_SUCCESS;
	}
	return shim_result(figment_syncobj_signal(dev->fd, syncobj, info->value));
}

/* What is still to be waited for, of which there is at least one unless it is @over. */
static uint32_t unreached(const VkSemaphoreWaitInfo *info, uint32_t *syncobjs, uint64_t *points,
			  bool *over)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < info->semaphoreCount; i++) {
		struct semaphore *semaphore = semaphore_of(info->pSemaphores[i]);

		if (info->pValues[i] <= semaphore->reached) {
			*over |= info->flags & VK_SEMAPHORE_WAIT_ANY_BIT;
			continue;
		}
		syncobjs[count] = semaphore->payload.permanent;
		points[count++] = info->pValues[i];
	}
	*over |= !count;
	return count;
}

VkResult figment_vkWaitSemaphores(VkDevice handle, const VkSemaphoreWaitInfo *info,
				  uint64_t timeout)
{
	bool all = !(info->flags & VK_SEMAPHORE_WAIT_ANY_BIT), over = false;
	struct device *dev = device_of(handle);
	VkResult result = VK_SUCCESS;
	uint32_t count, *syncobjs;
	uint64_t *points;

	syncobjs = calloc(info->semaphoreCount, sizeof(*syncobjs));
	points = calloc(info->semaphoreCount, sizeof(*points));
	if (!syncobjs || !points) {
		result = VK_ERROR_OUT_OF_HOST_MEMORY;
		goto out;
	}
	/* Another thread may reach a value that the kernel does not tell this one of. */
	do {
		uint64_t slice = timeout < SYNC_SLICE_NS ? timeout : SYNC_SLICE_NS;

		count = unreached(info, syncobjs, points, &over);
		if (over) {
			result = VK_SUCCESS;
			break;
		}
		result = sync_wait(dev, syncobjs, points, count, all, slice);
		timeout -= timeout == UINT64_MAX ? 0 : slice;
	} while (result == VK_TIMEOUT && timeout);
out:
	free(syncobjs);
	free(points);
	return result;
}

VkResult figment_vkGetSemaphoreFdKHR(VkDevice handle, const VkSemaphoreGetFdInfoKHR *info, int *fd)
{
	struct semaphore *semaphore = semaphore_of(info->semaphore);
	struct device *dev = device_of(handle);

	switch (info->handleType & external_semaphores(dev->pdev, semaphore->timeline)) {
	case VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_OPAQUE_FD_BIT:
		return payload_export(dev, &semaphore->payload, fd);
	case VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_SYNC_FD_BIT:
		return payload_export_file(dev, &semaphore->payload, fd);
	default:
		return VK_ERROR_UNKNOWN;
	}
}

VkResult figment_vkImportSemaphoreFdKHR(VkDevice handle, const VkImportSemaphoreFdInfoKHR *info)
{
	struct semaphore *semaphore = semaphore_of(info->semaphore);
	bool temporary = info->flags & VK_SEMAPHORE_IMPORT_TEMPORARY_BIT;
	struct device *dev = device_of(handle);
	VkResult result;

	/* A timeline has no payload but its permanent one. */
	if (semaphore->timeline && temporary)
		return VK_ERROR_INVALID_EXTERNAL_HANDLE;
	switch (info->handleType & external_semaphores(dev->pdev, semaphore->timeline)) {
	case VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_OPAQUE_FD_BIT:
		result = payload_import(dev, &semaphore->payload, info->fd,
					semaphore->timeline ? PAYLOAD_TIMELINE : PAYLOAD_BINARY,
					temporary);
		if (!result)
			semaphore->reached = 0;
		return result;
	case VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_SYNC_FD_BIT:
		return payload_import(dev, &semaphore->payload, info->fd, PAYLOAD_FILE, true);
	default:
		return VK_ERROR_INVALID_EXTERNAL_HANDLE;
	}
}

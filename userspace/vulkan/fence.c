// SPDX-License-Identifier: MIT
/**
 * DOC: VkFence
 *
 * A syncobj under lavapipe's handle. lavapipe's fence is never given to it to
 * signal or wait for: it is there to be named, tagged and destroyed.
 */
#include <errno.h>
#include <stdlib.h>

#include "shim.h"

VkResult figment_vkCreateFence(VkDevice handle, const VkFenceCreateInfo *info,
			       const VkAllocationCallbacks *alloc, VkFence *out)
{
	const VkFenceCreateInfo plain = { .sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO };
	const VkExportFenceCreateInfo *export =
		chain_find(info->pNext, VK_STRUCTURE_TYPE_EXPORT_FENCE_CREATE_INFO);
	struct device *dev = device_of(handle);
	struct fence *fence;
	VkResult result;
	int ret;

	if (device_is_parents(dev))
		return VK_ERROR_OUT_OF_HOST_MEMORY;
	if (export && (export->handleTypes & ~external_fences(dev->pdev)))
		return VK_ERROR_INVALID_EXTERNAL_HANDLE;
	fence = calloc(1, sizeof(*fence));
	if (!fence)
		return VK_ERROR_OUT_OF_HOST_MEMORY;
	ret = figment_syncobj_create(dev->fd, info->flags & VK_FENCE_CREATE_SIGNALED_BIT,
				     &fence->payload.permanent);
	if (ret) {
		result = VK_ERROR_OUT_OF_HOST_MEMORY;
		goto err_free;
	}
	result = dev->lvp.CreateFence(handle, &plain, alloc, out);
	if (result)
		goto err_payload;
	if (!table_insert(TABLE_FENCE, HANDLE(*out), fence)) {
		result = VK_ERROR_OUT_OF_HOST_MEMORY;
		goto err_fence;
	}
	return VK_SUCCESS;

err_fence:
	dev->lvp.DestroyFence(handle, *out, alloc);
err_payload:
	payload_destroy(dev, &fence->payload);
err_free:
	free(fence);
	return result;
}

void figment_vkDestroyFence(VkDevice handle, VkFence object, const VkAllocationCallbacks *alloc)
{
	struct fence *fence = table_remove(TABLE_FENCE, HANDLE(object));
	struct device *dev = device_of(handle);

	if (fence) {
		payload_destroy(dev, &fence->payload);
		free(fence);
	}
	dev->lvp.DestroyFence(handle, object, alloc);
}

VkResult figment_vkResetFences(VkDevice handle, uint32_t count, const VkFence *fences)
{
	struct device *dev = device_of(handle);

	if (device_is_parents(dev))
		return VK_ERROR_OUT_OF_DEVICE_MEMORY;
	for (uint32_t i = 0; i < count; i++) {
		struct payload *payload = &fence_of(fences[i])->payload;
		int ret;

		payload_restore(dev, payload);
		ret = figment_syncobj_reset(dev->fd, payload->permanent);
		if (ret)
			return shim_result(ret);
	}
	return VK_SUCCESS;
}

VkResult figment_vkGetFenceStatus(VkDevice handle, VkFence object)
{
	struct device *dev = device_of(handle);
	uint32_t syncobj = payload_now(&fence_of(object)->payload);
	VkResult result = sync_wait(dev, &syncobj, NULL, 1, true, 0);

	return result == VK_TIMEOUT ? VK_NOT_READY : result;
}

VkResult figment_vkWaitForFences(VkDevice handle, uint32_t count, const VkFence *fences,
				 VkBool32 all, uint64_t timeout)
{
	struct device *dev = device_of(handle);
	uint32_t few[8], *syncobjs = few;
	VkResult result;

	if (count > ARRAY_SIZE(few)) {
		syncobjs = calloc(count, sizeof(*syncobjs));
		if (!syncobjs)
			return VK_ERROR_OUT_OF_HOST_MEMORY;
	}
	for (uint32_t i = 0; i < count; i++)
		syncobjs[i] = payload_now(&fence_of(fences[i])->payload);
	result = sync_wait(dev, syncobjs, NULL, count, all, timeout);
	if (syncobjs != few)
		free(syncobjs);
	return result;
}

VkResult figment_vkGetFenceFdKHR(VkDevice handle, const VkFenceGetFdInfoKHR *info, int *fd)
{
	struct payload *payload = &fence_of(info->fence)->payload;
	struct device *dev = device_of(handle);

	switch (info->handleType & external_fences(dev->pdev)) {
	case VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_FD_BIT:
		return payload_export(dev, payload, fd);
	case VK_EXTERNAL_FENCE_HANDLE_TYPE_SYNC_FD_BIT:
		return payload_export_file(dev, payload, fd);
	default:
		return VK_ERROR_UNKNOWN;
	}
}

VkResult figment_vkImportFenceFdKHR(VkDevice handle, const VkImportFenceFdInfoKHR *info)
{
	struct payload *payload = &fence_of(info->fence)->payload;
	bool temporary = info->flags & VK_FENCE_IMPORT_TEMPORARY_BIT;
	struct device *dev = device_of(handle);

	switch (info->handleType & external_fences(dev->pdev)) {
	case VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_FD_BIT:
		return payload_import(dev, payload, info->fd, PAYLOAD_BINARY, temporary);
	case VK_EXTERNAL_FENCE_HANDLE_TYPE_SYNC_FD_BIT:
		return payload_import(dev, payload, info->fd, PAYLOAD_FILE, true);
	default:
		return VK_ERROR_INVALID_EXTERNAL_HANDLE;
	}
}

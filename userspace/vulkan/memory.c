// SPDX-License-Identifier: MIT
/**
 * DOC: VkDeviceMemory
 *
 * Memory that can be shared is a figment buffer, mapped into the process and
 * given to lavapipe as a host pointer. All other memory is lavapipe's and unknown
 * here.
 *
 * Every buffer is mapped at the head of a larger anonymous mapping, for what
 * llvmpipe touches behind an image's last row (image.c). The pages behind cost
 * nothing until then and hold nothing of interest. lavapipe's own memory is made
 * larger likewise, as such an image may be bound to its end, too.
 *
 * An opaque handle is the dma-buf of such a buffer too. What makes it one is the
 * buffer's metadata, which its exporter writes: which driver it was, and what it
 * allocated. So an import tells it from a dma-buf of anybody's and from an export of
 * another build, whose images may be laid out differently, and that the size and
 * the memory type are the exporter's. That the device is the same is the kernel's
 * to say: another's buffer is a foreign one to it.
 *
 * A GEM handle is not counted: importing the same buffer twice gives the same
 * handle, which one close ends. So the device counts how often it is in use, and
 * the import and the count happen under one lock, lest another thread closes the
 * handle in between.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "shim.h"

#define PAGE 4096
#define SLACK (4 * MEMORY_MAX_PITCH)

struct memory {
	uint32_t bo;
	void *map;
	size_t map_size;
	VkExternalMemoryHandleTypeFlags exportable;
};

/* What an opaque handle's metadata has. */
struct tag {
	char magic[8];
	uint8_t driver[VK_UUID_SIZE];
	uint64_t size;
	uint32_t type, zero;
};

static struct tag make_tag(const struct device *dev, const VkMemoryAllocateInfo *info)
{
	struct tag tag = {
		.size = info->allocationSize,
		.type = info->memoryTypeIndex,
	};

	memcpy(tag.magic, "VkMemory", sizeof(tag.magic));
	memcpy(tag.driver, dev->pdev->identity.driver_uuid, VK_UUID_SIZE);
	return tag;
}

/* Called with bo_lock held. */
static int bo_use(struct device *dev, uint32_t bo)
{
	if (bo >= dev->bo_count) {
		uint32_t count = ALIGN_UP(bo + 1, 64);
		uint32_t *uses = realloc(dev->bo_uses, count * sizeof(*uses));

		if (!uses)
			return -ENOMEM;
		memset(uses + dev->bo_count, 0, (count - dev->bo_count) * sizeof(*uses));
		dev->bo_uses = uses;
		dev->bo_count = count;
	}
	dev->bo_uses[bo]++;
	return 0;
}

static void bo_put(struct device *dev, uint32_t bo)
{
	if (device_is_parents(dev))
		return;
	pthread_mutex_lock(&dev->bo_lock);
	if (!--dev->bo_uses[bo])
		figment_bo_close(dev->fd, bo);
	pthread_mutex_unlock(&dev->bo_lock);
}

/* A new buffer's handle is new too, so that it may be closed if it is not counted. */
static int bo_create(struct device *dev, uint64_t size, uint32_t *bo)
{
	int ret = figment_bo_create(dev->fd, size, bo);

	if (ret)
		return ret;
	pthread_mutex_lock(&dev->bo_lock);
	ret = bo_use(dev, *bo);
	if (ret)
		figment_bo_close(dev->fd, *bo);
	pthread_mutex_unlock(&dev->bo_lock);
	return ret;
}

static int bo_import(struct device *dev, int fd, uint32_t *bo)
{
	int ret;

	pthread_mutex_lock(&dev->bo_lock);
	ret = figment_bo_import(dev->fd, fd, bo);
	if (!ret) {
		ret = bo_use(dev, *bo);
		/* There was no room to count it, so it is not one that was counted. */
		if (ret)
			figment_bo_close(dev->fd, *bo);
	}
	pthread_mutex_unlock(&dev->bo_lock);
	return ret;
}

static int map(struct device *dev, struct memory *memory, uint64_t size)
{
	void *head;
	int ret;

	memory->map_size = ALIGN_UP(size, PAGE) + SLACK;
	memory->map = mmap(NULL, memory->map_size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory->map == MAP_FAILED)
		return -ENOMEM;
	ret = figment_bo_map(dev->fd, memory->bo, memory->map, &head);
	if (ret)
		munmap(memory->map, memory->map_size);
	return ret;
}

/*
 * What lavapipe may still need to know of the application's chain; an import of no type
 * is none, but it would take it for one. Without @map the memory is lavapipe's own.
 */
static VkResult give_to_lavapipe(struct device *dev, const VkMemoryAllocateInfo *app_info,
				 const VkAllocationCallbacks *alloc, void *map,
				 VkDeviceMemory *out)
{
	static const struct chain_known known[] = {
		{ VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_FLAGS_INFO, sizeof(VkMemoryAllocateFlagsInfo) },
		{ VK_STRUCTURE_TYPE_MEMORY_DEDICATED_ALLOCATE_INFO,
		  sizeof(VkMemoryDedicatedAllocateInfo) },
		{ VK_STRUCTURE_TYPE_MEMORY_PRIORITY_ALLOCATE_INFO_EXT,
		  sizeof(VkMemoryPriorityAllocateInfoEXT) },
		{ VK_STRUCTURE_TYPE_MEMORY_OPAQUE_CAPTURE_ADDRESS_ALLOCATE_INFO,
		  sizeof(VkMemoryOpaqueCaptureAddressAllocateInfo) },
	};
	const VkImportMemoryHostPointerInfoEXT pointer = {
		.sType = VK_STRUCTURE_TYPE_IMPORT_MEMORY_HOST_POINTER_INFO_EXT,
		.handleType = VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT,
		.pHostPointer = map,
	};
	VkMemoryAllocateInfo info = *app_info;
	struct chain_copy copy;

	if (!map && info.allocationSize <= LVP_MAX_RESOURCE - SLACK)
		info.allocationSize += SLACK;
	info.pNext = chain_copy_known(&copy, app_info->pNext, known, ARRAY_SIZE(known),
				      map ? &pointer : NULL);
	return dev->lvp.AllocateMemory(dev->handle, &info, alloc, out);
}

/* The buffer is the memory's from here on, whether this succeeds or not. */
static VkResult wrap(struct device *dev, const VkMemoryAllocateInfo *info,
		     const VkAllocationCallbacks *alloc, uint32_t bo, uint64_t size,
		     VkExternalMemoryHandleTypeFlags exportable, VkDeviceMemory *out)
{
	struct memory *memory = calloc(1, sizeof(*memory));
	VkResult result = VK_ERROR_OUT_OF_HOST_MEMORY;
	int ret;

	if (!memory)
		goto err_bo;
	memory->bo = bo;
	memory->exportable = exportable;
	ret = map(dev, memory, size);
	/* Somebody else's need not be there to be mapped. */
	if (ret && ret != -ENOMEM)
		result = VK_ERROR_INVALID_EXTERNAL_HANDLE;
	if (ret)
		goto err_free;
	result = give_to_lavapipe(dev, info, alloc, memory->map, out);
	if (result)
		goto err_map;
	if (!table_insert(TABLE_MEMORY, HANDLE(*out), memory)) {
		dev->lvp.FreeMemory(dev->handle, *out, alloc);
		result = VK_ERROR_OUT_OF_HOST_MEMORY;
		goto err_map;
	}
	return VK_SUCCESS;

err_map:
	munmap(memory->map, memory->map_size);
err_free:
	free(memory);
err_bo:
	bo_put(dev, bo);
	return result;
}

static VkResult allocate(struct device *dev, const VkMemoryAllocateInfo *info,
			 const VkAllocationCallbacks *alloc,
			 VkExternalMemoryHandleTypeFlags exportable, VkDeviceMemory *out)
{
	const struct tag tag = make_tag(dev, info);
	VkResult result;
	uint32_t bo;
	int ret = bo_create(dev, info->allocationSize, &bo);

	if (!ret && (exportable & VK_EXTERNAL_MEMORY_HANDLE_TYPE_OPAQUE_FD_BIT)) {
		ret = figment_bo_set_metadata(dev->fd, bo, &tag, sizeof(tag));
		if (ret)
			bo_put(dev, bo);
	}
	if (ret)
		return ret == -ENOMEM || ret == -EINVAL ? VK_ERROR_OUT_OF_DEVICE_MEMORY :
							  shim_result(ret);
	result = wrap(dev, info, alloc, bo, info->allocationSize, exportable, out);
	return result == VK_ERROR_INVALID_EXTERNAL_HANDLE ? VK_ERROR_OUT_OF_DEVICE_MEMORY : result;
}

/* A dma-buf may be larger than what is allocated of it, an opaque handle may not. */
static bool is_right(struct device *dev, uint32_t bo, const VkMemoryAllocateInfo *info,
		     const struct drm_figment_gem_info *bo_info, bool opaque)
{
	const struct tag want = make_tag(dev, info);
	struct tag tag;

	if (!info->allocationSize || info->allocationSize > INT64_MAX ||
	    info->memoryTypeIndex >= dev->pdev->memory_types)
		return false;
	if (opaque)
		return !figment_bo_get_metadata(dev->fd, bo, &tag, sizeof(tag)) &&
		       !memcmp(&tag, &want, sizeof(tag));
	return ALIGN_UP(info->allocationSize, PAGE) <= ALIGN_UP(bo_info->size, PAGE);
}

static VkResult import(struct device *dev, const VkMemoryAllocateInfo *info,
		       const VkAllocationCallbacks *alloc, const VkImportMemoryFdInfoKHR *from,
		       VkExternalMemoryHandleTypeFlags exportable, VkDeviceMemory *out)
{
	bool opaque = from->handleType == VK_EXTERNAL_MEMORY_HANDLE_TYPE_OPAQUE_FD_BIT;
	VkExternalMemoryProperties can = external_memory(dev->pdev, from->handleType);
	struct drm_figment_gem_info bo_info;
	VkResult result;
	uint32_t bo;
	int ret;

	if (!(from->handleType & EXTERNAL_FD_MEMORY) || from->fd < 0 ||
	    !(can.externalMemoryFeatures & VK_EXTERNAL_MEMORY_FEATURE_IMPORTABLE_BIT))
		return VK_ERROR_INVALID_EXTERNAL_HANDLE;
	/*
	 * zink asks for every type there is, of whatever it imports. A type that does
	 * not go out again is refused when somebody asks for a handle of it.
	 */
	exportable &= can.exportFromImportedHandleTypes;
	ret = bo_import(dev, from->fd, &bo);
	if (ret)
		return ret == -ENOMEM ? VK_ERROR_OUT_OF_HOST_MEMORY :
					VK_ERROR_INVALID_EXTERNAL_HANDLE;
	if (figment_bo_info(dev->fd, bo, &bo_info) ||
	    !is_right(dev, bo, info, &bo_info, opaque)) {
		bo_put(dev, bo);
		return VK_ERROR_INVALID_EXTERNAL_HANDLE;
	}
	result = wrap(dev, info, alloc, bo, bo_info.size, exportable, out);
	if (!result)
		close(from->fd);
	return result;
}

static bool can_export(const struct physical_device *pdev, VkExternalMemoryHandleTypeFlags types)
{
	for (; types; types &= types - 1) {
		if (!(external_memory(pdev, types & -types).externalMemoryFeatures &
		      VK_EXTERNAL_MEMORY_FEATURE_EXPORTABLE_BIT))
			return false;
	}
	return true;
}

VkResult figment_vkAllocateMemory(VkDevice handle, const VkMemoryAllocateInfo *info,
				  const VkAllocationCallbacks *alloc, VkDeviceMemory *out)
{
	const VkExportMemoryAllocateInfo *export =
		chain_find(info->pNext, VK_STRUCTURE_TYPE_EXPORT_MEMORY_ALLOCATE_INFO);
	const VkImportMemoryFdInfoKHR *fd =
		chain_find(info->pNext, VK_STRUCTURE_TYPE_IMPORT_MEMORY_FD_INFO_KHR);
	const VkImportMemoryHostPointerInfoEXT *pointer =
		chain_find(info->pNext, VK_STRUCTURE_TYPE_IMPORT_MEMORY_HOST_POINTER_INFO_EXT);
	VkExternalMemoryHandleTypeFlags exportable = export ? export->handleTypes : 0;
	struct device *dev = device_of(handle);

	if (device_is_parents(dev))
		return VK_ERROR_OUT_OF_DEVICE_MEMORY;
	if (!can_export(dev->pdev, exportable))
		return VK_ERROR_INVALID_EXTERNAL_HANDLE;
	if (fd && fd->handleType)
		return import(dev, info, alloc, fd, exportable, out);
	if (pointer && pointer->handleType) {
		if (exportable || !(pointer->handleType & EXTERNAL_HOST_MEMORY) ||
		    external_memory_refused(dev->pdev, pointer->handleType) ||
		    !pointer->pHostPointer || (uintptr_t)pointer->pHostPointer % PAGE ||
		    info->allocationSize % PAGE)
			return VK_ERROR_INVALID_EXTERNAL_HANDLE;
		return give_to_lavapipe(dev, info, alloc, pointer->pHostPointer, out);
	}
	if (exportable)
		return allocate(dev, info, alloc, exportable, out);
	return give_to_lavapipe(dev, info, alloc, NULL, out);
}

void figment_vkFreeMemory(VkDevice handle, VkDeviceMemory object,
			  const VkAllocationCallbacks *alloc)
{
	struct memory *memory = table_remove(TABLE_MEMORY, HANDLE(object));
	struct device *dev = device_of(handle);

	dev->lvp.FreeMemory(handle, object, alloc);
	if (memory) {
		munmap(memory->map, memory->map_size);
		bo_put(dev, memory->bo);
		free(memory);
	}
}

VkResult figment_vkGetMemoryFdKHR(VkDevice handle, const VkMemoryGetFdInfoKHR *info, int *fd)
{
	struct memory *memory = table_find(TABLE_MEMORY, HANDLE(info->memory));
	struct device *dev = device_of(handle);

	if (!memory || !(memory->exportable & info->handleType) || device_is_parents(dev))
		return VK_ERROR_UNKNOWN;
	return shim_result(figment_bo_export(dev->fd, memory->bo, fd));
}

VkResult figment_vkGetMemoryFdPropertiesKHR(VkDevice handle,
					    VkExternalMemoryHandleTypeFlagBits type, int fd,
					    VkMemoryFdPropertiesKHR *out)
{
	struct device *dev = device_of(handle);

	if (type != VK_EXTERNAL_MEMORY_HANDLE_TYPE_DMA_BUF_BIT_EXT ||
	    !(external_memory(dev->pdev, type).externalMemoryFeatures &
	      VK_EXTERNAL_MEMORY_FEATURE_IMPORTABLE_BIT) || figment_dmabuf_size(fd) < 0)
		return VK_ERROR_INVALID_EXTERNAL_HANDLE;
	/* All of lavapipe's types, which is one, are the same memory. */
	out->memoryTypeBits = (1u << dev->pdev->memory_types) - 1;
	return VK_SUCCESS;
}

VkResult figment_vkGetMemoryHostPointerPropertiesEXT(VkDevice handle,
						     VkExternalMemoryHandleTypeFlagBits type,
						     const void *pointer,
						     VkMemoryHostPointerPropertiesEXT *out)
{
	struct device *dev = device_of(handle);

	if (!(type & EXTERNAL_HOST_MEMORY) || external_memory_refused(dev->pdev, type) ||
	    (uintptr_t)pointer % PAGE)
		return VK_ERROR_INVALID_EXTERNAL_HANDLE;
	out->memoryTypeBits = (1u << dev->pdev->memory_types) - 1;
	return VK_SUCCESS;
}

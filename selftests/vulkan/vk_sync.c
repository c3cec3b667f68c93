// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: fences and semaphores, and what is not one
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kselftest.h"

#include "vk.h"

VkFence vk_fence(struct vk *vk, VkFenceCreateFlags flags, VkExternalFenceHandleTypeFlags types)
{
	VkExportFenceCreateInfo exports = {
		.sType = VK_STRUCTURE_TYPE_EXPORT_FENCE_CREATE_INFO,
		.handleTypes = types,
	};
	VkFenceCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO,
		.pNext = types ? &exports : NULL,
		.flags = flags,
	};
	VkFence fence;

	VK(vkCreateFence(vk->device, &info, NULL, &fence));
	return fence;
}

int vk_fence_fd(struct vk *vk, VkFence fence, VkExternalFenceHandleTypeFlagBits type)
{
	VkFenceGetFdInfoKHR info = {
		.sType = VK_STRUCTURE_TYPE_FENCE_GET_FD_INFO_KHR,
		.fence = fence,
		.handleType = type,
	};
	int fd = -2;

	VK(vk->GetFenceFdKHR(vk->device, &info, &fd));
	must_be(fd >= (type == SYNC_FENCE ? -1 : 0));
	return fd;
}

VkResult vk_fence_import(struct vk *vk, VkFence fence, VkExternalFenceHandleTypeFlagBits type,
			 VkFenceImportFlags flags, int fd)
{
	VkImportFenceFdInfoKHR info = {
		.sType = VK_STRUCTURE_TYPE_IMPORT_FENCE_FD_INFO_KHR,
		.fence = fence,
		.flags = flags,
		.handleType = type,
		.fd = fd,
	};

	return vk->ImportFenceFdKHR(vk->device, &info);
}

VkResult vk_fence_wait(struct vk *vk, VkFence fence)
{
	return vkWaitForFences(vk->device, 1, &fence, VK_TRUE, LONG_NS);
}

bool vk_fence_pending(struct vk *vk, VkFence fence)
{
	return vkGetFenceStatus(vk->device, fence) == VK_NOT_READY &&
	       vkWaitForFences(vk->device, 1, &fence, VK_TRUE, MOMENT_NS) == VK_TIMEOUT;
}

static VkSemaphore semaphore(struct vk *vk, VkSemaphoreType type, uint64_t value,
			     VkExternalSemaphoreHandleTypeFlags types)
{
	VkExportSemaphoreCreateInfo exports = {
		.sType = VK_STRUCTURE_TYPE_EXPORT_SEMAPHORE_CREATE_INFO,
		.handleTypes = types,
	};
	VkSemaphoreTypeCreateInfo kind = {
		.sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
		.pNext = types ? &exports : NULL,
		.semaphoreType = type,
		.initialValue = value,
	};
	VkSemaphoreCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO,
		.pNext = &kind,
	};
	VkSemaphore sem;

	VK(vkCreateSemaphore(vk->device, &info, NULL, &sem));
	return sem;
}

VkSemaphore vk_semaphore(struct vk *vk, VkExternalSemaphoreHandleTypeFlags types)
{
	return semaphore(vk, VK_SEMAPHORE_TYPE_BINARY, 0, types);
}

VkSemaphore vk_timeline(struct vk *vk, uint64_t value, VkExternalSemaphoreHandleTypeFlags types)
{
	return semaphore(vk, VK_SEMAPHORE_TYPE_TIMELINE, value, types);
}

int vk_semaphore_fd(struct vk *vk, VkSemaphore sem, VkExternalSemaphoreHandleTypeFlagBits type)
{
	VkSemaphoreGetFdInfoKHR info = {
		.sType = VK_STRUCTURE_TYPE_SEMAPHORE_GET_FD_INFO_KHR,
		.semaphore = sem,
		.handleType = type,
	};
	int fd = -2;

	VK(vk->GetSemaphoreFdKHR(vk->device, &info, &fd));
	must_be(fd >= (type == SYNC_SEM ? -1 : 0));
	return fd;
}

VkResult vk_semaphore_import(struct vk *vk, VkSemaphore sem,
			     VkExternalSemaphoreHandleTypeFlagBits type,
			     VkSemaphoreImportFlags flags, int fd)
{
	VkImportSemaphoreFdInfoKHR info = {
		.sType = VK_STRUCTURE_TYPE_IMPORT_SEMAPHORE_FD_INFO_KHR,
		.semaphore = sem,
		.flags = flags,
		.handleType = type,
		.fd = fd,
	};

	return vk->ImportSemaphoreFdKHR(vk->device, &info);
}

uint64_t vk_counter(struct vk *vk, VkSemaphore sem)
{
	uint64_t value;

	VK(vkGetSemaphoreCounterValue(vk->device, sem, &value));
	return value;
}

void vk_signal(struct vk *vk, VkSemaphore sem, uint64_t value)
{
	VkSemaphoreSignalInfo info = {
		.sType = VK_STRUCTURE_TYPE_SEMAPHORE_SIGNAL_INFO,
		.semaphore = sem,
		.value = value,
	};

	VK(vkSignalSemaphore(vk->device, &info));
}

VkResult vk_wait(struct vk *vk, VkSemaphore sem, uint64_t value, uint64_t timeout_ns)
{
	VkSemaphoreWaitInfo info = {
		.sType = VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO,
		.semaphoreCount = 1,
		.pSemaphores = &sem,
		.pValues = &value,
	};

	return vkWaitSemaphores(vk->device, &info, timeout_ns);
}

void held_make(struct held *held)
{
	held->device = device_open();
	held->host = host_queue(held->device);
	held->file = host_pending(held->device, &held->host, NULL);
}

void held_release(struct held *held, int status)
{
	host_done(held->host.fd, status);
}

void held_close(struct held *held)
{
	close(held->host.fd);
	close(held->device);
}

VkSemaphore vk_held(struct vk *vk, struct held *held)
{
	VkSemaphore sem = vk_semaphore(vk, 0);

	held_make(held);
	VK(vk_semaphore_import(vk, sem, SYNC_SEM, VK_SEMAPHORE_IMPORT_TEMPORARY_BIT,
			       held->file));
	held->file = -1;
	return sem;
}

uint32_t syncobj_of(int device, int fd)
{
	uint32_t handle;

	must(figment_syncobj_import(device, fd, &handle));
	close(fd);
	return handle;
}

static int wrong_dma_buf(int device)
{
	uint32_t handle;
	int fd;

	must(figment_bo_create(device, PAGE, &handle));
	must(figment_bo_export(device, handle, &fd));
	return fd;
}

static int wrong_sync(int device, bool file)
{
	uint32_t handle;
	int fd;

	must(figment_syncobj_create(device, true, &handle));
	must(file ? figment_syncobj_export_file(device, handle, &fd)
		  : figment_syncobj_export(device, handle, &fd));
	return fd;
}

static const char *const wrong_names[WRONG_FDS] = {
	[WRONG_CLOSED] = "a closed fd",
	[WRONG_NULL] = "/dev/null",
	[WRONG_EVENTFD] = "an eventfd",
	[WRONG_MEMFD] = "a memfd",
	[WRONG_NODE] = "a render node",
	[WRONG_DMA_BUF] = "a dma-buf",
	[WRONG_SYNC_FILE] = "a sync_file",
	[WRONG_SYNCOBJ] = "a syncobj",
};

const char *wrong_name(enum wrong_fd kind)
{
	return wrong_names[kind];
}

int wrong_fd(enum wrong_fd kind)
{
	int device = device_open(), fd = -1;

	switch (kind) {
	case WRONG_CLOSED:
		/* A number that no process has, as nobody may have that many. */
		fd = 0x3fffffff;
		break;
	case WRONG_NULL:
		fd = must_call(open("/dev/null", O_RDWR | O_CLOEXEC));
		break;
	case WRONG_EVENTFD:
		fd = must_call(eventfd(0, EFD_CLOEXEC));
		break;
	case WRONG_MEMFD:
		fd = must_call(memfd_create("selftest", MFD_CLOEXEC));
		must_call(ftruncate(fd, 1 << 20));
		break;
	case WRONG_NODE:
		fd = must_call(dup(device));
		break;
	case WRONG_DMA_BUF:
		fd = wrong_dma_buf(device);
		break;
	case WRONG_SYNC_FILE:
	case WRONG_SYNCOBJ:
		fd = wrong_sync(device, kind == WRONG_SYNC_FILE);
		break;
	default:
		must_be(!"a kind of fd");
	}
	close(device);
	return fd;
}

bool fd_is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

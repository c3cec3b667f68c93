// SPDX-License-Identifier: MIT
/**
 * DOC: buffers and dma-bufs
 *
 * GEM handles are per open file and not counted: importing a buffer twice gives
 * the same handle, and closing it once ends it. Who imports what may already be
 * known must count for itself, as the Vulkan shim does.
 */
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <string.h>
#include <unistd.h>

#include "private.h"

int figment_bo_create(int fd, uint64_t size, uint32_t *handle)
{
	struct drm_figment_gem_create args = { .size = size };
	int ret = figment_ioctl(fd, DRM_IOCTL_FIGMENT_GEM_CREATE, &args);

	if (!ret)
		*handle = args.handle;
	return ret;
}

int figment_bo_close(int fd, uint32_t handle)
{
	return figment_result(drmCloseBufferHandle(fd, handle));
}

int figment_bo_info(int fd, uint32_t handle, struct drm_figment_gem_info *info)
{
	*info = (struct drm_figment_gem_info){ .handle = handle };
	return figment_ioctl(fd, DRM_IOCTL_FIGMENT_GEM_INFO, info);
}

int figment_bo_map(int fd, uint32_t handle, void *addr, void **map)
{
	struct drm_figment_gem_info info;
	int ret = figment_bo_info(fd, handle, &info);

	if (ret)
		return ret;
	*map = mmap(addr, info.size, PROT_READ | PROT_WRITE,
		    MAP_SHARED | (addr ? MAP_FIXED : 0), fd, info.mmap_offset);
	return *map == MAP_FAILED ? -errno : 0;
}

int figment_bo_export(int fd, uint32_t handle, int *dmabuf)
{
	return figment_result(drmPrimeHandleToFD(fd, handle, DRM_CLOEXEC | DRM_RDWR, dmabuf));
}

int figment_bo_import(int fd, int dmabuf, uint32_t *handle)
{
	return figment_result(drmPrimeFDToHandle(fd, dmabuf, handle));
}

int figment_bo_label(int fd, uint32_t handle, const char *label)
{
	struct drm_figment_gem_label args = { .handle = handle };

	if (strlen(label) >= sizeof(args.label))
		return -EINVAL;
	strcpy(args.label, label);
	return figment_ioctl(fd, DRM_IOCTL_FIGMENT_GEM_LABEL, &args);
}

int figment_bo_set_metadata(int fd, uint32_t handle, const void *data, size_t size)
{
	struct drm_figment_gem_metadata args = {
		.handle = handle,
		.flags = DRM_FIGMENT_METADATA_SET,
	};

	if (size > sizeof(args.data))
		return -EINVAL;
	memcpy(args.data, data, size);
	return figment_ioctl(fd, DRM_IOCTL_FIGMENT_GEM_METADATA, &args);
}

int figment_bo_get_metadata(int fd, uint32_t handle, void *data, size_t size)
{
	struct drm_figment_gem_metadata args = { .handle = handle };
	int ret;

	if (size > sizeof(args.data))
		return -EINVAL;
	ret = figment_ioctl(fd, DRM_IOCTL_FIGMENT_GEM_METADATA, &args);
	if (!ret)
		memcpy(data, args.data, size);
	return ret;
}

int figment_bo_userptr(int fd, void *addr, uint64_t size, uint32_t *handle)
{
	struct drm_figment_gem_userptr args = { .addr = (uintptr_t)addr, .size = size };
	int ret = figment_ioctl(fd, DRM_IOCTL_FIGMENT_GEM_USERPTR, &args);

	if (!ret)
		*handle = args.handle;
	return ret;
}

int figment_dmabuf_export_fence(int dmabuf, bool write, int *sync_file)
{
	struct dma_buf_export_sync_file args = {
		.flags = write ? DMA_BUF_SYNC_RW : DMA_BUF_SYNC_READ,
		.fd = -1,
	};
	int ret = figment_ioctl(dmabuf, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &args);

	if (!ret)
		*sync_file = args.fd;
	return ret;
}

int figment_dmabuf_import_fence(int dmabuf, bool write, int sync_file)
{
	struct dma_buf_import_sync_file args = {
		.flags = write ? DMA_BUF_SYNC_RW : DMA_BUF_SYNC_READ,
		.fd = sync_file,
	};

	return figment_ioctl(dmabuf, DMA_BUF_IOCTL_IMPORT_SYNC_FILE, &args);
}

int64_t figment_dmabuf_size(int dmabuf)
{
	struct dma_buf_export_sync_file args = { .flags = 0, .fd = -1 };
	off_t size;

	/*
	 * Only a dma-buf answers this request at all, and it answers flags of
	 * zero with EINVAL, before it makes anything.
	 */
	if (!ioctl(dmabuf, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &args) || errno != EINVAL)
		return errno == EBADF ? -EBADF : -EINVAL;
	size = lseek(dmabuf, 0, SEEK_END);
	return size < 0 ? -errno : size;
}

// SPDX-License-Identifier: MIT
/**
 * DOC: buffers, by GBM
 *
 * One that is created is one figment buffer, with the planes one after the other. One
 * that is imported has a buffer for each plane that came with an fd of its own, which
 * may be the same one again. Rows are 64 bytes apart or a multiple, and their number
 * is a multiple of four, as lavapipe wants of what it renders to.
 *
 * A mapping waits for the buffer's fences, as it would for a GPU.
 */
#include <drm_fourcc.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "backend.h"

#define ALIGN_UP(x, a) (((x) + (a) - 1) / (a) * (a))
#define MAX_PITCH (512 * 1024)

#define KNOWN_USAGE \
	(GBM_BO_USE_SCANOUT | GBM_BO_USE_CURSOR | GBM_BO_USE_RENDERING | GBM_BO_USE_WRITE | \
	 GBM_BO_USE_LINEAR | GBM_BO_USE_FRONT_RENDERING)

struct plane {
	uint32_t handle, pitch, offset;
};

struct bo {
	struct gbm_bo base;
	unsigned int count;
	struct plane planes[MAX_PLANES];
};

struct mapping {
	void *address;
	size_t size;
};

static struct bo *bo_of(struct gbm_bo *bo)
{
	return (struct bo *)bo;
}

static struct device *device_of(struct gbm_bo *bo)
{
	return (struct device *)bo->gbm;
}

static void *fail(int err)
{
	errno = err < 0 ? -err : err;
	return NULL;
}

static void bo_destroy(struct gbm_bo *base)
{
	struct bo *bo = bo_of(base);

	for (unsigned int i = 0; i < bo->count; i++)
		device_unuse(device_of(base), bo->planes[i].handle);
	free(bo);
}

static struct bo *bo_alloc(struct gbm_device *gbm, uint32_t width, uint32_t height,
			   uint32_t fourcc)
{
	struct bo *bo = calloc(1, sizeof(*bo));

	if (!bo)
		return NULL;
	bo->base.gbm = gbm;
	bo->base.v0.width = width;
	bo->base.v0.height = height;
	bo->base.v0.format = fourcc;
	return bo;
}

static void bo_publish(struct bo *bo)
{
	bo->base.v0.stride = bo->planes[0].pitch;
	bo->base.v0.handle.u32 = bo->planes[0].handle;
}

static bool takes_linear(const uint64_t *modifiers, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		if (modifiers[i] == DRM_FORMAT_MOD_LINEAR || modifiers[i] == DRM_FORMAT_MOD_INVALID)
			return true;
	}
	return !count;
}

/* Where each plane is; the size of all. */
static uint64_t lay_out(struct bo *bo, const struct format *format)
{
	uint64_t size = 0;

	for (unsigned int i = 0; i < format->count; i++) {
		const struct format_plane *plane = &format->planes[i];
		uint64_t columns = (bo->base.v0.width + plane->hsub - 1) / plane->hsub;
		uint64_t rows = (bo->base.v0.height + plane->vsub - 1) / plane->vsub;
		uint64_t pitch = ALIGN_UP(columns * plane->bytes, 64);

		if (pitch > MAX_PITCH || size > UINT32_MAX)
			return 0;
		bo->planes[i].pitch = pitch;
		bo->planes[i].offset = size;
		size += pitch * ALIGN_UP(rows, 4);
	}
	return size;
}

struct gbm_bo *figment_bo_gbm_create(struct gbm_device *gbm, uint32_t width, uint32_t height,
				     uint32_t fourcc, uint32_t usage, const uint64_t *modifiers,
				     unsigned int count)
{
	const struct format *format = format_find(fourcc);
	struct bo *bo;
	uint32_t handle;
	uint64_t size;
	int ret;

	if (!format || !width || !height || (usage & ~KNOWN_USAGE) ||
	    !takes_linear(modifiers, count))
		return fail(EINVAL);
	bo = bo_alloc(gbm, width, height, format->fourcc);
	if (!bo)
		return NULL;
	size = lay_out(bo, format);
	ret = size ? figment_bo_create(gbm->v0.fd, size, &handle) : -EINVAL;
	if (ret) {
		free(bo);
		return fail(ret);
	}
	for (; !ret && bo->count < format->count; bo->count += !ret) {
		ret = device_use((struct device *)gbm, handle);
		bo->planes[bo->count].handle = handle;
	}
	if (ret) {
		if (!bo->count)
			figment_bo_close(gbm->v0.fd, handle);
		bo_destroy(&bo->base);
		return fail(ret);
	}
	bo_publish(bo);
	return &bo->base;
}

/* Whether the plane is within its buffer. */
static bool fits(const struct bo *bo, const struct format *format, unsigned int i, uint64_t size)
{
	const struct format_plane *plane = &format->planes[i];
	uint64_t columns = (bo->base.v0.width + plane->hsub - 1) / plane->hsub;
	uint64_t rows = (bo->base.v0.height + plane->vsub - 1) / plane->vsub;
	uint64_t row = columns * plane->bytes;

	return bo->planes[i].pitch >= row &&
	       bo->planes[i].offset + (rows - 1) * bo->planes[i].pitch + row <= size;
}

static struct gbm_bo *import(struct gbm_device *gbm, const struct gbm_import_fd_modifier_data *data)
{
	const struct format *format = format_find(data->format);
	struct bo *bo;

	if (!format || !data->width || !data->height || data->num_fds != format->count ||
	    (data->modifier != DRM_FORMAT_MOD_LINEAR && data->modifier != DRM_FORMAT_MOD_INVALID))
		return fail(EINVAL);
	bo = bo_alloc(gbm, data->width, data->height, format->fourcc);
	if (!bo)
		return NULL;
	for (unsigned int i = 0; i < format->count; i++) {
		struct drm_figment_gem_info info;
		uint32_t handle;
		int ret = -EINVAL;

		if (data->strides[i] > 0 && data->offsets[i] >= 0)
			ret = figment_bo_import(gbm->v0.fd, data->fds[i], &handle);
		if (!ret) {
			ret = device_use((struct device *)gbm, handle);
			if (ret)
				figment_bo_close(gbm->v0.fd, handle);
		}
		if (ret) {
			bo_destroy(&bo->base);
			return fail(ret);
		}
		bo->planes[i] = (struct plane){ handle, data->strides[i], data->offsets[i] };
		bo->count++;
		ret = figment_bo_info(gbm->v0.fd, handle, &info);
		if (ret || !fits(bo, format, i, info.size)) {
			bo_destroy(&bo->base);
			return fail(ret ? ret : EINVAL);
		}
	}
	bo_publish(bo);
	return &bo->base;
}

struct gbm_bo *figment_bo_gbm_import(struct gbm_device *gbm, uint32_t type, void *buffer,
				     uint32_t usage)
{
	const struct gbm_import_fd_data *one = buffer;

	if (usage & ~KNOWN_USAGE)
		return fail(EINVAL);
	switch (type) {
	case GBM_BO_IMPORT_FD: {
		const struct gbm_import_fd_modifier_data data = {
			.width = one->width,
			.height = one->height,
			.format = one->format,
			.num_fds = 1,
			.fds = { one->fd },
			.strides = { one->stride },
			.modifier = DRM_FORMAT_MOD_LINEAR,
		};

		return import(gbm, &data);
	}
	case GBM_BO_IMPORT_FD_MODIFIER:
		return import(gbm, buffer);
	default:
		return fail(ENOSYS);
	}
}

/* Until whoever writes, or for a writer whoever uses it at all, is done. */
static int wait_idle(struct gbm_bo *base, bool write)
{
	struct pollfd fd = { .events = write ? POLLOUT : POLLIN };
	int ret = figment_bo_export(base->gbm->v0.fd, bo_of(base)->planes[0].handle, &fd.fd);

	if (ret)
		return ret;
	do {
		ret = poll(&fd, 1, -1);
	} while (ret < 0 && errno == EINTR);
	ret = ret < 0 ? -errno : 0;
	close(fd.fd);
	return ret;
}

static void *bo_map(struct gbm_bo *base, uint32_t x, uint32_t y, uint32_t width, uint32_t height,
		    uint32_t flags, uint32_t *stride, void **map_data)
{
	const struct format *format = format_find(base->v0.format);
	struct drm_figment_gem_info info;
	struct bo *bo = bo_of(base);
	struct mapping *mapping;
	int ret;

	if (!width || !height || x + width > base->v0.width || y + height > base->v0.height ||
	    !(flags & GBM_BO_TRANSFER_READ_WRITE) || format->count > 1 ||
	    x % format->planes[0].hsub)
		return fail(EINVAL);
	mapping = calloc(1, sizeof(*mapping));
	if (!mapping)
		return NULL;
	ret = wait_idle(base, flags & GBM_BO_TRANSFER_WRITE);
	if (!ret)
		ret = figment_bo_info(base->gbm->v0.fd, bo->planes[0].handle, &info);
	if (!ret)
		ret = figment_bo_map(base->gbm->v0.fd, bo->planes[0].handle, NULL,
				     &mapping->address);
	if (ret) {
		free(mapping);
		return fail(ret);
	}
	mapping->size = info.size;
	*map_data = mapping;
	*stride = bo->planes[0].pitch;
	return (char *)mapping->address + bo->planes[0].offset +
	       (size_t)y * bo->planes[0].pitch +
	       (size_t)(x / format->planes[0].hsub) * format->planes[0].bytes;
}

static void bo_unmap(struct gbm_bo *base, void *map_data)
{
	struct mapping *mapping = map_data;

	munmap(mapping->address, mapping->size);
	free(mapping);
}

static int bo_write(struct gbm_bo *base, const void *buf, size_t size)
{
	uint32_t stride;
	void *map_data, *to;

	if (size > (size_t)bo_of(base)->planes[0].pitch * base->v0.height) {
		errno = EINVAL;
		return -1;
	}
	to = bo_map(base, 0, 0, base->v0.width, base->v0.height, GBM_BO_TRANSFER_WRITE, &stride,
		    &map_data);
	if (!to)
		return -1;
	memcpy(to, buf, size);
	bo_unmap(base, map_data);
	return 0;
}

static int bo_get_plane_fd(struct gbm_bo *base, int plane)
{
	struct bo *bo = bo_of(base);
	int fd, ret = -EINVAL;

	if (plane >= 0 && plane < (int)bo->count)
		ret = figment_bo_export(base->gbm->v0.fd, bo->planes[plane].handle, &fd);
	if (ret) {
		errno = -ret;
		return -1;
	}
	return fd;
}

static int bo_get_fd(struct gbm_bo *base)
{
	return bo_get_plane_fd(base, 0);
}

static int bo_get_planes(struct gbm_bo *base)
{
	return bo_of(base)->count;
}

static union gbm_bo_handle bo_get_handle(struct gbm_bo *base, int plane)
{
	struct bo *bo = bo_of(base);
	union gbm_bo_handle handle = { .s32 = -1 };

	if (plane >= 0 && plane < (int)bo->count)
		handle.u64 = bo->planes[plane].handle;
	else
		errno = EINVAL;
	return handle;
}

static uint32_t bo_get_stride(struct gbm_bo *base, int plane)
{
	struct bo *bo = bo_of(base);

	return plane >= 0 && plane < (int)bo->count ? bo->planes[plane].pitch : 0;
}

static uint32_t bo_get_offset(struct gbm_bo *base, int plane)
{
	struct bo *bo = bo_of(base);

	return plane >= 0 && plane < (int)bo->count ? bo->planes[plane].offset : 0;
}

static uint64_t bo_get_modifier(struct gbm_bo *base)
{
	return DRM_FORMAT_MOD_LINEAR;
}

void bo_set_calls(struct gbm_device_v0 *calls)
{
	calls->bo_create = figment_bo_gbm_create;
	calls->bo_import = figment_bo_gbm_import;
	calls->bo_map = bo_map;
	calls->bo_unmap = bo_unmap;
	calls->bo_write = bo_write;
	calls->bo_get_fd = bo_get_fd;
	calls->bo_get_planes = bo_get_planes;
	calls->bo_get_handle = bo_get_handle;
	calls->bo_get_plane_fd = bo_get_plane_fd;
	calls->bo_get_stride = bo_get_stride;
	calls->bo_get_offset = bo_get_offset;
	calls->bo_get_modifier = bo_get_modifier;
	calls->bo_destroy = bo_destroy;
}

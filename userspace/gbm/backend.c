// SPDX-License-Identifier: MIT
/**
 * DOC: the GBM device
 *
 * libgbm calls what is in a device's table without looking, so that everything is in
 * it, the surfaces too, which there are none of: they are EGL's.
 */
#include <drm_fourcc.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "backend.h"

const struct gbm_core *figment_gbm_core;

static struct device *device_of(struct gbm_device *gbm)
{
	return (struct device *)gbm;
}

/**
 * device_use() - count a plane that uses a handle
 * @dev: the device
 * @handle: the handle, which one close would end for all who imported it
 */
int device_use(struct device *dev, uint32_t handle)
{
	int ret = 0;

	pthread_mutex_lock(&dev->lock);
	if (handle >= dev->use_count) {
		uint32_t count = (handle + 64) & ~63u;
		uint32_t *uses = realloc(dev->uses, count * sizeof(*uses));

		if (uses) {
			memset(uses + dev->use_count, 0, (count - dev->use_count) * sizeof(*uses));
			dev->uses = uses;
			dev->use_count = count;
		} else {
			ret = -ENOMEM;
		}
	}
	if (!ret)
		dev->uses[handle]++;
	pthread_mutex_unlock(&dev->lock);
	return ret;
}

void device_unuse(struct device *dev, uint32_t handle)
{
	pthread_mutex_lock(&dev->lock);
	if (!--dev->uses[handle])
		figment_bo_close(dev->base.v0.fd, handle);
	pthread_mutex_unlock(&dev->lock);
}

static void device_destroy(struct gbm_device *gbm)
{
	struct device *dev = device_of(gbm);

	pthread_mutex_destroy(&dev->lock);
	free(dev->uses);
	free(dev);
}

static int is_format_supported(struct gbm_device *gbm, uint32_t fourcc, uint32_t usage)
{
	return format_find(fourcc) && !(usage & GBM_BO_USE_PROTECTED);
}

static int plane_count(struct gbm_device *gbm, uint32_t fourcc, uint64_t modifier)
{
	const struct format *format = format_find(fourcc);

	if (!format || modifier != DRM_FORMAT_MOD_LINEAR) {
		errno = EINVAL;
		return -1;
	}
	return format->count;
}

static struct gbm_surface *surface_create(struct gbm_device *gbm, uint32_t width, uint32_t height,
					  uint32_t format, uint32_t flags,
					  const uint64_t *modifiers, const unsigned int count)
{
	errno = ENOSYS;
	return NULL;
}

static struct gbm_bo *surface_lock_front_buffer(struct gbm_surface *surface)
{
	errno = ENOSYS;
	return NULL;
}

static void surface_release_buffer(struct gbm_surface *surface, struct gbm_bo *bo)
{
}

static int surface_has_free_buffers(struct gbm_surface *surface)
{
	return 0;
}

static void surface_destroy(struct gbm_surface *surface)
{
}

static const struct gbm_backend backend;

static struct gbm_device *create_device(int fd, uint32_t version)
{
	struct device *dev;

	if (!figment_is_figment(fd)) {
		errno = ENODEV;
		return NULL;
	}
	dev = calloc(1, sizeof(*dev));
	if (!dev)
		return NULL;
	pthread_mutex_init(&dev->lock, NULL);
	dev->base.v0 = (struct gbm_device_v0){
		.backend_version = version,
		.fd = fd,
		.name = "figment",
		.destroy = device_destroy,
		.is_format_supported = is_format_supported,
		.get_format_modifier_plane_count = plane_count,
		.surface_create = surface_create,
		.surface_lock_front_buffer = surface_lock_front_buffer,
		.surface_release_buffer = surface_release_buffer,
		.surface_has_free_buffers = surface_has_free_buffers,
		.surface_destroy = surface_destroy,
	};
	bo_set_calls(&dev->base.v0);
	return &dev->base;
}

static const struct gbm_backend backend = {
	.v0 = {
		.backend_version = GBM_BACKEND_ABI_VERSION,
		.backend_name = "figment",
		.create_device = create_device,
	},
};

const struct gbm_backend *gbmint_get_backend(const struct gbm_core *core);

__attribute__((visibility("default")))
const struct gbm_backend *gbmint_get_backend(const struct gbm_core *core)
{
	figment_gbm_core = core;
	return &backend;
}

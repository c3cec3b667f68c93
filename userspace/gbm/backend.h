/* SPDX-License-Identifier: MIT */
#ifndef FIGMENT_GBM_BACKEND_H
#define FIGMENT_GBM_BACKEND_H

/**
 * DOC: figment's GBM backend
 *
 * libgbm looks for a backend that has the kernel driver's name, figment_gbm.so,
 * before it takes Mesa's. This one allocates figment's buffers by itself, where no
 * OpenGL is wanted: Vulkan-only stacks, which then load no Mesa for GBM at all. Mesa's
 * EGL works on Mesa's own GBM devices only, so that where this is installed EGL on GBM
 * fails; hence it is opt-in, by GBM_BACKENDS_PATH (userspace.mk).
 *
 * Everything is LINEAR. backend.c is the device, formats.c what can be allocated,
 * bo.c the buffers.
 */

#include <gbm_backend_abi.h>
#include <pthread.h>
#include <stdbool.h>

#include "../libfigment/figment.h"

#define MAX_PLANES 4

struct format_plane {
	unsigned int bytes;	/* of a texel, */
	unsigned int hsub, vsub;	/* which stands for so many pixels */
};

struct format {
	uint32_t fourcc;
	unsigned int count;
	struct format_plane planes[3];
};

const struct format *format_find(uint32_t fourcc);

struct device {
	struct gbm_device base;
	/* How many planes use each GEM handle, as importing gives the same one again. */
	pthread_mutex_t lock;
	uint32_t *uses;
	uint32_t use_count;
	/*
	 * Mesa's EGL looks at a field of its own device behind the base, before it sees
	 * that the device is not its own. It is to find zeros.
	 */
	char behind[4096];
};

extern const struct gbm_core *figment_gbm_core;

int device_use(struct device *dev, uint32_t handle);
void device_unuse(struct device *dev, uint32_t handle);

struct gbm_bo *figment_bo_gbm_create(struct gbm_device *gbm, uint32_t width, uint32_t height,
				     uint32_t fourcc, uint32_t usage, const uint64_t *modifiers,
				     unsigned int count);
struct gbm_bo *figment_bo_gbm_import(struct gbm_device *gbm, uint32_t type, void *buffer,
				     uint32_t usage);
void bo_set_calls(struct gbm_device_v0 *calls);

#endif

// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: the least an ioctl costs
 *
 * DRM core has an ioctl that does nothing, DRM_IOCTL_BLOCK, a relic of old locks;
 * like figment's cheapest it copies a few bytes in and out. libfigment is left out
 * on purpose: both are the same system call with the same drmIoctl() around it.
 */
#include <unistd.h>
#include <xf86drm.h>

#include "bench.h"

static int device;

static uint64_t get_param(void *ctx, uint64_t n)
{
	struct drm_figment_get_param args = { .param = DRM_FIGMENT_PARAM_COPY_RINGS };
	uint64_t start = now_ns();

	while (n--)
		must_call(drmIoctl(device, DRM_IOCTL_FIGMENT_GET_PARAM, &args));
	return now_ns() - start;
}

static uint64_t empty(void *ctx, uint64_t n)
{
	return peer_empty_ioctls(n);
}

void bench_ioctls(void)
{
	device = device_open();
	bench_compare(&(struct bench_row){
		.name = "cheapest ioctl / empty DRM ioctl",
		.target = 1.1,
		.figment = get_param,
		.peer = empty,
	});
	close(device);
}

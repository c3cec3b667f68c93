// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: what figment's objects take of the kernel's memory
 *
 * Many are made, so many that the room which slabs had is nothing beside them, and
 * what the kernel says it has given to slabs, stacks, per-CPU memory and vmalloc is
 * divided by their number. Buffers are not touched, so that their own pages are not
 * in it; a fence is one with its sync_file.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <xf86drm.h>
#include <drm/vgem_drm.h>

#include "bench.h"

#define BUFFERS	4096
#define FENCES	4096
#define CLIENTS	16
#define QUEUES	250	/* of each */

static double meminfo(void)
{
	static const char *const kinds[] = { "Slab:", "KernelStack:", "VmallocUsed:", "Percpu:" };
	FILE *file = fopen("/proc/meminfo", "r");
	unsigned long kib;
	double sum = 0;
	char kind[64];

	must_be(file);
	while (fscanf(file, "%63s %lu%*[^\n]", kind, &kib) == 2) {
		for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
			if (!strcmp(kind, kinds[i]))
				sum += kib * 1024.0;
		}
	}
	fclose(file);
	return sum;
}

/* What workers and RCU are about to free is not in use: wait until they are done. */
static double kernel_bytes(void)
{
	double sum = meminfo(), last;

	do {
		last = sum;
		sleep(1);
		sum = meminfo();
	} while (sum < last - 65536 || sum > last + 65536);
	return sum;
}

static void figment_buffers(void)
{
	int device = device_open();
	double before = kernel_bytes();
	uint32_t handle;

	for (int i = 0; i < BUFFERS; i++)
		must(figment_bo_create(device, PAGE, &handle));
	bench_sample("figment", (kernel_bytes() - before) / BUFFERS);
	close(device);
}

static void vgem_buffers(void)
{
	static uint32_t handles[BUFFERS];
	double before = kernel_bytes();

	for (int i = 0; i < BUFFERS; i++)
		handles[i] = peer_vgem_create(1 << 20);
	bench_sample("peer", (kernel_bytes() - before) / BUFFERS);
	for (int i = 0; i < BUFFERS; i++)
		peer_vgem_close(handles[i]);
}

static void figment_fences(void)
{
	static int files[FENCES];
	int device = device_open();
	struct host host = host_queue(device);
	double before = kernel_bytes();

	for (int i = 0; i < FENCES; i++)
		files[i] = host_pending(device, &host, NULL);
	bench_sample("figment", (kernel_bytes() - before) / FENCES);
	must(figment_queue_destroy(device, host.queue));
	for (int i = 0; i < FENCES; i++)
		close(files[i]);
	close(host.fd);
	close(device);
}

static void vgem_fences(void)
{
	static int files[FENCES];
	static uint32_t fences[FENCES];
	uint32_t handle = peer_vgem_create(1 << 20);
	double before;
	int dmabuf;

	must(drmPrimeHandleToFD(peer_vgem(), handle, DRM_CLOEXEC | DRM_RDWR, &dmabuf));
	before = kernel_bytes();
	for (int i = 0; i < FENCES; i++) {
		struct drm_vgem_fence_attach attach = {
			.handle = handle, .flags = VGEM_FENCE_WRITE,
		};

		must_call(drmIoctl(peer_vgem(), DRM_IOCTL_VGEM_FENCE_ATTACH, &attach));
		must(figment_dmabuf_export_fence(dmabuf, false, &files[i]));
		fences[i] = attach.out_fence;
		/* It takes one at a time. */
		must_call(drmIoctl(peer_vgem(), DRM_IOCTL_VGEM_FENCE_SIGNAL,
				   &(struct drm_vgem_fence_signal){ .fence = fences[i] }));
	}
	bench_sample("peer", (kernel_bytes() - before) / FENCES);
	for (int i = 0; i < FENCES; i++)
		close(files[i]);
	close(dmabuf);
	peer_vgem_close(handle);
}

static void figment_queues(uint32_t engine, const char *name)
{
	static int fds[CLIENTS * QUEUES];
	int devices[CLIENTS];
	double before;
	uint32_t queue;

	for (int i = 0; i < CLIENTS; i++)
		devices[i] = device_open();
	bench_row_begin(name, "bytes", 0);
	before = kernel_bytes();
	for (int i = 0; i < CLIENTS * QUEUES; i++)
		must(figment_queue_create(devices[i / QUEUES], engine,
					  DRM_FIGMENT_PRIORITY_NORMAL, 0, &queue, &fds[i]));
	bench_sample("figment", (kernel_bytes() - before) / (CLIENTS * QUEUES));
	for (int i = 0; i < CLIENTS * QUEUES; i++)
		close(fds[i]);
	for (int i = 0; i < CLIENTS; i++)
		close(devices[i]);
}

static void module_size(const char *side, const char *path)
{
	FILE *file = fopen(path, "r");
	double bytes;

	must_be(file && fscanf(file, "%lf", &bytes) == 1);
	fclose(file);
	bench_sample(side, bytes);
}

void bench_memory(void)
{
	struct rlimit limit = { FENCES + 1024, FENCES + 1024 };

	must_call(setrlimit(RLIMIT_NOFILE, &limit));
	peer_vgem();
	bench_row_begin("kernel memory of a buffer, without its pages / vgem", "bytes", 0);
	figment_buffers();
	vgem_buffers();
	bench_row_begin("kernel memory of a pending fence and its sync_file / vgem, signalled",
			"bytes", 0);
	figment_fences();
	vgem_fences();
	figment_queues(DRM_FIGMENT_ENGINE_COPY, "kernel memory of a copy queue");
	figment_queues(DRM_FIGMENT_ENGINE_HOST, "kernel memory of a host queue, and its fd");
	bench_row_begin("module size / vgem", "bytes", 0);
	module_size("figment", "/sys/module/figment/coresize");
	module_size("peer", "/sys/module/vgem/coresize");
}

// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: buffers: their life, and how long it takes to have one
 *
 * A life is: create, export as a dma-buf, import that into another client, close
 * all three. vgem's is the same but for the ioctl that creates.
 *
 * An allocation is ready to map when there is a dma-buf whose mmap() cannot fail
 * for want of it. udmabuf and dma-heap have its pages by then; figment, like vgem
 * and like memfd itself, gets a page when it is first touched. So that nobody can
 * say that work was only put off, the same is measured with every page touched.
 */
#include <fcntl.h>
#include <linux/dma-heap.h>
#include <linux/udmabuf.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xf86drm.h>

#include "bench.h"

struct life {
	uint64_t size;
	int device, other, vgem_other;
};

static uint64_t figment_life(void *ctx, uint64_t n)
{
	const struct life *life = ctx;
	uint64_t start = now_ns();

	while (n--) {
		uint32_t handle, imported;
		int dmabuf;

		must(figment_bo_create(life->device, life->size, &handle));
		must(figment_bo_export(life->device, handle, &dmabuf));
		must(figment_bo_import(life->other, dmabuf, &imported));
		must_call(close(dmabuf));
		must(figment_bo_close(life->other, imported));
		must(figment_bo_close(life->device, handle));
	}
	return now_ns() - start;
}

static uint64_t vgem_life(void *ctx, uint64_t n)
{
	const struct life *life = ctx;
	uint64_t start = now_ns();

	while (n--) {
		uint32_t handle = peer_vgem_create(life->size), imported;
		int dmabuf;

		must(drmPrimeHandleToFD(peer_vgem(), handle, DRM_CLOEXEC | DRM_RDWR, &dmabuf));
		must(drmPrimeFDToHandle(life->vgem_other, dmabuf, &imported));
		must_call(close(dmabuf));
		must(drmCloseBufferHandle(life->vgem_other, imported));
		peer_vgem_close(handle);
	}
	return now_ns() - start;
}

void bench_buffers(void)
{
	static const uint64_t sizes[] = { 4096, 65536, 1 << 20, 8 << 20, 64 << 20 };
	char *node = drmGetDeviceNameFromFd2(peer_vgem());
	struct life life = {
		.device = device_open(),
		.other = device_open(),
		.vgem_other = must_call(open(node, O_RDWR | O_CLOEXEC)),
	};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		life.size = sizes[i];
		bench_compare(&(struct bench_row){
			.name = bench_name("buffer create, export, import, close, %s / vgem",
					   bench_size(life.size)),
			.target = 1.0,
			.figment = figment_life,
			.peer = vgem_life,
			.ctx = &life,
		});
	}
	close(life.device);
	close(life.other);
	close(life.vgem_other);
}

/* Allocation */

#define MOST 64

struct allocation {
	uint64_t size;
	bool touch;
	int device;
	int opened;
	int dmabufs[MOST];
	uint32_t handles[MOST];
};

static int figment_allocate(struct allocation *a, uint64_t i)
{
	int dmabuf;

	must(figment_bo_create(a->device, a->size, &a->handles[i]));
	must(figment_bo_export(a->device, a->handles[i], &dmabuf));
	return dmabuf;
}

static void figment_release(struct allocation *a, uint64_t i)
{
	must(figment_bo_close(a->device, a->handles[i]));
}

static int udmabuf_allocate(struct allocation *a, uint64_t i)
{
	struct udmabuf_create args = { .flags = UDMABUF_FLAGS_CLOEXEC, .size = a->size };
	int dmabuf;

	args.memfd = must_call(memfd_create("bench", MFD_ALLOW_SEALING | MFD_CLOEXEC));
	must_call(ftruncate(args.memfd, a->size));
	must_call(fcntl(args.memfd, F_ADD_SEALS, F_SEAL_SHRINK));
	dmabuf = must_call(ioctl(a->opened, UDMABUF_CREATE, &args));
	close(args.memfd);
	return dmabuf;
}

static int heap_allocate(struct allocation *a, uint64_t i)
{
	struct dma_heap_allocation_data args = { .len = a->size, .fd_flags = O_RDWR | O_CLOEXEC };

	must_call(ioctl(a->opened, DMA_HEAP_IOCTL_ALLOC, &args));
	return args.fd;
}

static void touch(int dmabuf, uint64_t size)
{
	char *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, dmabuf, 0);

	must_be(map != MAP_FAILED);
	for (uint64_t at = 0; at < size; at += PAGE)
		map[at] = 1;
	must_call(munmap(map, size));
}

static uint64_t allocate(struct allocation *a, uint64_t n,
			 int (*make)(struct allocation *a, uint64_t i),
			 void (*end)(struct allocation *a, uint64_t i))
{
	uint64_t start = now_ns(), ns;

	for (uint64_t i = 0; i < n; i++) {
		a->dmabufs[i] = make(a, i);
		if (a->touch)
			touch(a->dmabufs[i], a->size);
	}
	ns = now_ns() - start;
	for (uint64_t i = 0; i < n; i++) {
		close(a->dmabufs[i]);
		if (end)
			end(a, i);
	}
	return ns;
}

static uint64_t figment_allocation(void *ctx, uint64_t n)
{
	return allocate(ctx, n, figment_allocate, figment_release);
}

static uint64_t udmabuf_allocation(void *ctx, uint64_t n)
{
	return allocate(ctx, n, udmabuf_allocate, NULL);
}

static uint64_t heap_allocation(void *ctx, uint64_t n)
{
	return allocate(ctx, n, heap_allocate, NULL);
}

static void against(struct allocation *a, const char *peer, const char *path, bench_fn fn)
{
	const char *name = bench_name("%s shareable allocation%s / %s", bench_size(a->size),
				      a->touch ? ", every page touched" : "", peer);

	a->opened = open(path, O_RDWR | O_CLOEXEC);
	if (a->opened < 0) {
		bench_skip(name, bench_name("no %s", path));
		return;
	}
	bench_compare(&(struct bench_row){
		.name = name,
		.target = a->touch ? 0 : 0.5,
		.figment = figment_allocation,
		.peer = fn,
		.ctx = a,
		.max = a->size > 1 << 20 ? 2 : MOST,
	});
	close(a->opened);
}

void bench_allocation(void)
{
	struct allocation a = { .device = device_open() };

	for (int i = 0; i < 4; i++) {
		a.size = i % 2 ? 64 << 20 : 1 << 20;
		a.touch = i / 2;
		against(&a, "udmabuf of a memfd", "/dev/udmabuf", udmabuf_allocation);
		against(&a, "dma-heap", "/dev/dma_heap/system", heap_allocation);
	}
	close(a.device);
}

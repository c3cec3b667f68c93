// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: what figment's selftests share: dma-bufs and fences of others
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-heap.h>
#include <linux/udmabuf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xf86drm.h>
#include <drm/vgem_drm.h>

#include "foreign.h"
#include "helpers.h"

static int vgem_find(void)
{
	for (int minor = 0; minor < 64; minor++) {
		drmVersionPtr version;
		char path[32];
		bool is;
		int fd;

		snprintf(path, sizeof(path), "/dev/dri/card%d", minor);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			continue;
		version = drmGetVersion(fd);
		is = version && !strcmp(version->name, "vgem");
		drmFreeVersion(version);
		if (is)
			return fd;
		close(fd);
	}
	return -ENOENT;
}

int vgem_open(void)
{
	int fd = vgem_find();

	if (fd < 0 && is_root() &&
	    !system("modprobe -q vgem && udevadm settle --timeout=20 2>/dev/null"))
		fd = vgem_find();
	return fd;
}

static int create_udmabuf(size_t size)
{
	struct udmabuf_create args = { .flags = UDMABUF_FLAGS_CLOEXEC, .size = size };
	int device = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);
	int dmabuf;

	if (device < 0)
		return -errno;
	args.memfd = must_call(memfd_create("figment", MFD_ALLOW_SEALING | MFD_CLOEXEC));
	must_call(ftruncate(args.memfd, size));
	must_call(fcntl(args.memfd, F_ADD_SEALS, F_SEAL_SHRINK));
	dmabuf = must_call(ioctl(device, UDMABUF_CREATE, &args));
	close(args.memfd);
	close(device);
	return dmabuf;
}

static int create_heap(size_t size)
{
	struct dma_heap_allocation_data args = { .len = size, .fd_flags = O_RDWR | O_CLOEXEC };
	int device = open("/dev/dma_heap/system", O_RDWR | O_CLOEXEC);

	if (device < 0)
		return -errno;
	must_call(ioctl(device, DMA_HEAP_IOCTL_ALLOC, &args));
	close(device);
	return args.fd;
}

static int create_vgem(size_t size, struct foreign *foreign)
{
	struct drm_mode_create_dumb args = { .width = size / 4, .height = 1, .bpp = 32 };
	int dmabuf;

	foreign->vgem = vgem_open();
	if (foreign->vgem < 0)
		return foreign->vgem;
	must_call(drmIoctl(foreign->vgem, DRM_IOCTL_MODE_CREATE_DUMB, &args));
	foreign->handle = args.handle;
	must(drmPrimeHandleToFD(foreign->vgem, args.handle, DRM_CLOEXEC | DRM_RDWR, &dmabuf));
	return dmabuf;
}

int foreign_create(enum foreign_kind kind, size_t size, struct foreign *foreign)
{
	*foreign = (struct foreign){ .size = size, .vgem = -1 };
	switch (kind) {
	case FOREIGN_UDMABUF:
		foreign->dmabuf = create_udmabuf(size);
		break;
	case FOREIGN_HEAP:
		foreign->dmabuf = create_heap(size);
		break;
	case FOREIGN_VGEM:
		foreign->dmabuf = create_vgem(size, foreign);
		break;
	}
	if (foreign->dmabuf < 0)
		return foreign->dmabuf;
	foreign->map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED,
			    foreign->dmabuf, 0);
	must_be(foreign->map != MAP_FAILED);
	return 0;
}

void foreign_destroy(struct foreign *foreign)
{
	munmap(foreign->map, foreign->size);
	close(foreign->dmabuf);
	if (foreign->vgem >= 0)
		close(foreign->vgem);
}

uint32_t vgem_attach(const struct foreign *foreign, bool write)
{
	struct drm_vgem_fence_attach args = {
		.handle = foreign->handle,
		.flags = write ? VGEM_FENCE_WRITE : 0,
	};

	must_call(drmIoctl(foreign->vgem, DRM_IOCTL_VGEM_FENCE_ATTACH, &args));
	return args.out_fence;
}

void vgem_signal(const struct foreign *foreign, uint32_t fence)
{
	struct drm_vgem_fence_signal args = { .fence = fence };

	must_call(drmIoctl(foreign->vgem, DRM_IOCTL_VGEM_FENCE_SIGNAL, &args));
}

/* sw_sync's interface is in no header of userspace's. */
struct sw_sync_create {
	uint32_t value;
	char name[32];
	int32_t fence;
};

#define SW_SYNC_CREATE	_IOWR('W', 0, struct sw_sync_create)
#define SW_SYNC_INC	_IOW('W', 1, uint32_t)

int sw_sync_open(void)
{
	int fd = open("/sys/kernel/debug/sync/sw_sync", O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int sw_sync_fence(int timeline, uint32_t value)
{
	struct sw_sync_create args = { .value = value, .name = "selftest" };

	must_call(ioctl(timeline, SW_SYNC_CREATE, &args));
	return args.fence;
}

void sw_sync_advance(int timeline, uint32_t by)
{
	must_call(ioctl(timeline, SW_SYNC_INC, &by));
}

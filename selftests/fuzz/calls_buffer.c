// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: calls: devices, buffers, dma-bufs
 */
#include <drm.h>
#include <drm_mode.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/dma-heap.h>
#include <linux/udmabuf.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "execute.h"
#include "helpers.h"
#include "system.h"

static long put_fd(struct thread *t, uint64_t ref, int fd)
{
	if (fd < 0)
		return -errno;
	slot_put(t, ref, fd);
	return 0;
}

enum { NODE_VGEM = 4, NUM_NODES };

static int open_node(unsigned int which)
{
	static const struct {
		const char *device, *node;
	} nodes[NUM_NODES] = {
		{ "figment0", "renderD" }, { "figment1", "renderD" }, { "figment0", "card" },
		{ "figment1", "card" }, { "vgem", "card" },
	};
	static int known[NUM_NODES] = { -1, -1, -1, -1, -1 };

	return node_open(nodes[which].device, nodes[which].node, &known[which]);
}

CALL_OF(open)
{
	return put_fd(t, a[0], open_node(a[1] % NUM_NODES));
}

CALL_OF(close)
{
	int fd = kind_is_fd(REF_KIND(a[0])) ? slot_take(t, a[0]) : -1;

	return result_of(close(fd));
}

CALL_OF(dup)
{
	if (!kind_is_fd(REF_KIND(a[0])))
		return -EBADF;
	return put_fd(t, REF(REF_KIND(a[0]), a[1] % SLOTS),
		      fcntl(slot_fd(t, a[0]), F_DUPFD_CLOEXEC, t->machine->first_fd));
}

CALL_OF(get_param)
{
	struct drm_figment_get_param args = { .param = a[1], .pad = a[2] };

	return do_ioctl(a[0], DRM_IOCTL_FIGMENT_GET_PARAM, &args);
}

CALL_OF(gem_create)
{
	struct drm_figment_gem_create args = { .size = a[2], .flags = a[3] };
	long ret = do_ioctl(a[0], DRM_IOCTL_FIGMENT_GEM_CREATE, &args);

	if (!ret)
		slot_put(t, a[1], args.handle);
	return ret;
}

CALL_OF(gem_info)
{
	struct drm_figment_gem_info args = { .handle = a[1] };

	return do_ioctl(a[0], DRM_IOCTL_FIGMENT_GEM_INFO, &args);
}

CALL_OF(gem_label)
{
	static const char labels[][DRM_FIGMENT_LABEL_SIZE + 1] = {
		"a label", "", "not\nprintable", "\xe4",
		"as many characters as there can be without a NUL: 56...!",
	};
	struct drm_figment_gem_label args = { .handle = a[1], .flags = a[3] };

	memcpy(args.label, labels[a[2] % 5], sizeof(args.label));
	return do_ioctl(a[0], DRM_IOCTL_FIGMENT_GEM_LABEL, &args);
}

CALL_OF(gem_metadata)
{
	struct drm_figment_gem_metadata args = { .handle = a[1], .flags = a[2], .data = "fuzz" };

	return do_ioctl(a[0], DRM_IOCTL_FIGMENT_GEM_METADATA, &args);
}

CALL_OF(gem_userptr)
{
	struct drm_figment_gem_userptr args = {
		.addr = a[2] + a[3], .size = a[4], .flags = a[5],
	};
	long ret = do_ioctl(a[0], DRM_IOCTL_FIGMENT_GEM_USERPTR, &args);

	if (!ret)
		slot_put(t, a[1], args.handle);
	return ret;
}

CALL_OF(gem_close)
{
	struct drm_gem_close args = { .handle = a[1] };

	return do_ioctl(a[0], DRM_IOCTL_GEM_CLOSE, &args);
}

CALL_OF(dumb_create)
{
	struct drm_mode_create_dumb args = { .width = a[2], .height = a[3], .bpp = a[4] };
	long ret = do_ioctl(a[0], DRM_IOCTL_MODE_CREATE_DUMB, &args);

	if (!ret)
		slot_put(t, a[1], args.handle);
	return ret;
}

CALL_OF(prime_export)
{
	struct drm_prime_handle args = { .handle = a[1], .flags = a[3], .fd = -1 };
	long ret = do_ioctl(a[0], DRM_IOCTL_PRIME_HANDLE_TO_FD, &args);

	return ret ?: put_fd(t, a[2], args.fd);
}

CALL_OF(prime_import)
{
	struct drm_prime_handle args = { .fd = a[1] };
	long ret = do_ioctl(a[0], DRM_IOCTL_PRIME_FD_TO_HANDLE, &args);

	if (!ret)
		slot_put(t, a[2], args.handle);
	return ret;
}

/* Any step of these may be made to fail. */

static int create_udmabuf(uint64_t size)
{
	struct udmabuf_create args = { .flags = UDMABUF_FLAGS_CLOEXEC, .size = size };
	int device = open("/dev/udmabuf", O_RDWR | O_CLOEXEC), dmabuf = -1, error;

	args.memfd = memfd_create("fuzz", MFD_ALLOW_SEALING | MFD_CLOEXEC);
	if (device >= 0 && !ftruncate(args.memfd, size) &&
	    !fcntl(args.memfd, F_ADD_SEALS, F_SEAL_SHRINK))
		dmabuf = ioctl(device, UDMABUF_CREATE, &args);
	error = errno;
	close(args.memfd);
	close(device);
	errno = error;
	return dmabuf;
}

static int create_heap(uint64_t size)
{
	struct dma_heap_allocation_data args = { .len = size, .fd_flags = O_RDWR | O_CLOEXEC };
	int device = open("/dev/dma_heap/system", O_RDWR | O_CLOEXEC), ret, error;

	ret = ioctl(device, DMA_HEAP_IOCTL_ALLOC, &args);
	error = errno;
	close(device);
	errno = error;
	return ret ? -1 : (int)args.fd;
}

static int create_vgem(uint64_t size)
{
	struct drm_mode_create_dumb dumb = { .width = size / 4, .height = 1, .bpp = 32 };
	struct drm_prime_handle args = { .flags = O_RDWR | O_CLOEXEC, .fd = -1 };
	int device = open_node(NODE_VGEM), ret, error;

	ret = ioctl(device, DRM_IOCTL_MODE_CREATE_DUMB, &dumb);
	args.handle = dumb.handle;
	if (!ret)
		ret = ioctl(device, DRM_IOCTL_PRIME_HANDLE_TO_FD, &args);
	error = errno;
	close(device);
	errno = error;
	return ret ? -1 : args.fd;
}

CALL_OF(foreign)
{
	switch (a[1] % 3) {
	case 0:
		return put_fd(t, a[0], create_udmabuf(a[2]));
	case 1:
		return put_fd(t, a[0], create_heap(a[2] % (2 << 20)));
	default:
		return put_fd(t, a[0], create_vgem(a[2] % (2 << 20)));
	}
}

CALL_OF(dma_sync)
{
	struct dma_buf_sync args = { .flags = a[1] };

	return do_ioctl(a[0], DMA_BUF_IOCTL_SYNC, &args);
}

/* Not in every machine's headers. */
struct dma_buf_fence {
	uint32_t flags;
	int32_t fd;
};

CALL_OF(dma_export_fence)
{
	struct dma_buf_fence args = { .flags = a[2], .fd = -1 };
	long ret = do_ioctl(a[0], _IOWR(DMA_BUF_BASE, 2, struct dma_buf_fence), &args);

	return ret ?: put_fd(t, a[1], args.fd);
}

CALL_OF(dma_import_fence)
{
	struct dma_buf_fence args = { .flags = a[2], .fd = a[1] };

	return do_ioctl(a[0], _IOW(DMA_BUF_BASE, 3, struct dma_buf_fence), &args);
}

/* Memory: mappings have their places, so that nothing else comes to be there. */

static long do_mmap(struct thread *t, uint64_t ref, uint64_t size, uint64_t prot, uint64_t flags,
		    int fd, uint64_t offset)
{
	void *map;

	if (size > WINDOW_SIZE)
		size = WINDOW_SIZE;
	map = mmap(window(t->machine, REF_SLOT(ref)), size, prot & 7,
		   (flags & (MAP_SHARED | MAP_PRIVATE | MAP_ANONYMOUS)) | MAP_FIXED, fd, offset);
	if (map == MAP_FAILED)
		return -errno;
	slot_put(t, ref, 1);
	return 0;
}

CALL_OF(mmap_bo)
{
	struct drm_figment_gem_info args = { .handle = a[1] };
	long ret = do_ioctl(a[0], DRM_IOCTL_FIGMENT_GEM_INFO, &args);

	return ret ?: do_mmap(t, a[2], a[3], a[4], a[5], a[0], args.mmap_offset + a[6]);
}

CALL_OF(mmap_fd)
{
	return do_mmap(t, a[1], a[2], a[3], a[4], slot_fd(t, a[0]), a[5]);
}

CALL_OF(mmap_anon)
{
	return do_mmap(t, a[0], a[1], a[2], MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static uint64_t within(uint64_t offset, uint64_t size)
{
	return size < WINDOW_SIZE - offset ? size : WINDOW_SIZE - offset;
}

CALL_OF(munmap)
{
	uint64_t offset = a[1] % WINDOW_SIZE & ~4095ul;
	void *map = mmap((void *)(uintptr_t)(a[0] + offset), within(offset, a[2]), PROT_NONE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);

	return map == MAP_FAILED ? -errno : 0;
}

CALL_OF(mprotect)
{
	return result_of(mprotect((void *)(uintptr_t)a[0], within(0, a[1]), a[2] & 3));
}

CALL_OF(madvise)
{
	return result_of(madvise((void *)(uintptr_t)a[0], within(0, a[1]), a[2]));
}

CALL_OF(touch)
{
	volatile uint8_t *at = (uint8_t *)(uintptr_t)a[0] + a[1] % WINDOW_SIZE;
	long ret = 0;

	if (sigsetjmp(t->jump, 1)) {
		ret = -EFAULT;
	} else {
		t->touching = 1;
		if (a[2])
			*at = a[1];
		else
			(void)*at;
	}
	t->touching = 0;
	return ret;
}

/* Everything else */

CALL_OF(raw_ioctl)
{
	const uint64_t some[] = {
		0, 0, 0, 1, 2, 3, 4096, ~0ull, 1ull << 32, (uintptr_t)t->pending->spread,
		(uintptr_t)t->pending->spread + t->read_only,
	};
	size_t size = a[2] < SPREAD_SIZE ? a[2] : SPREAD_SIZE;
	uint64_t *words = (void *)(t->pending->spread + SPREAD_SIZE - (size + 7) / 8 * 8);
	uint64_t seed = a[3];

	for (size_t i = 0; i < (size + 7) / 8; i++)
		words[i] = some[random_below(&seed, ARRAY_SIZE(some))];
	return do_ioctl(slot_fd(t, a[0]), _IOC(a[4] & 3, 'd', a[1] & 0xff, size & 0x3fff), words);
}

CALL_OF(fdinfo)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", slot_fd(t, a[0]));
	return file_read(path);
}

CALL_OF(debugfs_read)
{
	static const char *const files[] = {
		"figment_queues", "figment_memory", "figment_clients", "figment_fault",
	};

	return debugfs_file_read("figment0", files[a[0] % ARRAY_SIZE(files)]);
}

CALL_OF(debugfs_fault)
{
	static const char *const faults[] = {
		"run=1000000 jitter=1000000 seed=1", "signal=2000000", "fail=2 error=-5", "hang=3",
		"\n", "run=60000000001", "error=-5", "nonsense", "run=1 run=",
	};

	t->machine->faulted = true;
	return debugfs_file_write("figment0", "figment_fault", faults[a[0] % 9]);
}

CALL_OF(unbind)
{
	t->machine->rebound = true;
	return driver_write("unbind", "figment1");
}

CALL_OF(bind)
{
	t->machine->rebound = true;
	return driver_write("bind", "figment1");
}

void device_restore(struct machine *m)
{
	if (atomic_exchange(&m->faulted, false))
		debugfs_file_write("figment0", "figment_fault", "\n");
	if (atomic_exchange(&m->rebound, false))
		driver_write("bind", "figment1");
}

/* Other processes */

CALL_OF(give)
{
	if (!kind_is_fd(REF_KIND(a[0])))
		return -EBADF;
	return fd_send(t->machine->shared->pool[0], slot_fd(t, a[0]), REF_KIND(a[0]),
		       MSG_DONTWAIT);
}

CALL_OF(take)
{
	unsigned char kind;
	int fd = fd_recv(t->machine->shared->pool[1], &kind, MSG_DONTWAIT);

	if (fd < 0)
		return fd;
	slot_put(t, REF(kind, a[0] % SLOTS), fd);
	return 0;
}

CALL_OF(die)
{
	atomic_fetch_add(&t->machine->shared->stats.deaths, 1);
	kill(getpid(), SIGKILL);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: calls: syncobjs, sync_files, eventfds, poll
 */
#include <drm.h>
#include <errno.h>
#include <linux/sync_file.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "execute.h"

/* Not in every machine's headers. */
#ifndef SYNC_IOC_SET_DEADLINE
struct sync_set_deadline {
	__u64 deadline_ns;
	__u64 pad;
};

#define SYNC_IOC_SET_DEADLINE	_IOW(SYNC_IOC_MAGIC, 5, struct sync_set_deadline)
#endif

static int64_t deadline(uint64_t ms)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ms ? ts.tv_sec * 1000000000ll + ts.tv_nsec + (int64_t)(ms * 1000000) : 0;
}

CALL_OF(syncobj_create)
{
	struct drm_syncobj_create args = { .flags = a[2] };
	long ret = do_ioctl(a[0], DRM_IOCTL_SYNCOBJ_CREATE, &args);

	if (!ret)
		slot_put(t, a[1], args.handle);
	return ret;
}

CALL_OF(syncobj_destroy)
{
	struct drm_syncobj_destroy args = { .handle = a[1], .pad = a[2] };

	return do_ioctl(a[0], DRM_IOCTL_SYNCOBJ_DESTROY, &args);
}

CALL_OF(syncobj_wait)
{
	uint32_t handles[2] = { a[1], a[2] };
	struct drm_syncobj_wait args = {
		.handles = (uintptr_t)handles,
		.timeout_nsec = deadline(a[5]),
		.count_handles = a[3] % 3,
		.flags = a[4],
	};

	return do_ioctl(a[0], DRM_IOCTL_SYNCOBJ_WAIT, &args);
}

CALL_OF(timeline_wait)
{
	uint32_t handles[2] = { a[1], a[3] };
	uint64_t points[2] = { a[2], a[4] };
	struct drm_syncobj_timeline_wait args = {
		.handles = (uintptr_t)handles,
		.points = (uintptr_t)points,
		.timeout_nsec = deadline(a[7]),
		.count_handles = a[5] % 3,
		.flags = a[6],
	};

	return do_ioctl(a[0], DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT, &args);
}

static long array_ioctl(unsigned long request, const uint64_t *a)
{
	uint32_t handle = a[1];
	struct drm_syncobj_array args = {
		.handles = (uintptr_t)&handle,
		.count_handles = a[2] & 1,
	};

	return do_ioctl(a[0], request, &args);
}

CALL_OF(syncobj_signal)
{
	return array_ioctl(DRM_IOCTL_SYNCOBJ_SIGNAL, a);
}

CALL_OF(syncobj_reset)
{
	return array_ioctl(DRM_IOCTL_SYNCOBJ_RESET, a);
}

static long timeline_ioctl(unsigned long request, int fd, uint32_t handle, uint64_t point,
			   uint32_t flags)
{
	struct drm_syncobj_timeline_array args = {
		.handles = (uintptr_t)&handle,
		.points = (uintptr_t)&point,
		.count_handles = 1,
		.flags = flags,
	};

	return do_ioctl(fd, request, &args);
}

CALL_OF(timeline_signal)
{
	return timeline_ioctl(DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL, a[0], a[1], a[2], a[3]);
}

CALL_OF(syncobj_query)
{
	return timeline_ioctl(DRM_IOCTL_SYNCOBJ_QUERY, a[0], a[1], 0, a[2]);
}

CALL_OF(syncobj_transfer)
{
	struct drm_syncobj_transfer args = {
		.dst_handle = a[1], .dst_point = a[2], .src_handle = a[3], .src_point = a[4],
		.flags = a[5],
	};

	return do_ioctl(a[0], DRM_IOCTL_SYNCOBJ_TRANSFER, &args);
}

/* Newer kernels' has a point at its end, which is left out where it is zero. */
struct syncobj_fd {
	uint32_t handle, flags;
	int32_t fd;
	uint32_t pad;
	uint64_t point;
};

static long handle_ioctl(int fd, unsigned int nr, struct syncobj_fd *args)
{
	size_t size = args->point ? sizeof(*args) : offsetof(struct syncobj_fd, point);

	return do_ioctl(fd, _IOC(_IOC_READ | _IOC_WRITE, DRM_IOCTL_BASE, nr, size), args);
}

CALL_OF(syncobj_export)
{
	struct syncobj_fd args = { .handle = a[1], .flags = a[4], .fd = -1, .point = a[5] };
	long ret = handle_ioctl(a[0], _IOC_NR(DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD), &args);

	if (!ret)
		slot_put(t, a[4] & DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE ? a[3] : a[2],
			 args.fd);
	return ret;
}

CALL_OF(syncobj_import)
{
	bool file = a[4] & DRM_SYNCOBJ_FD_TO_HANDLE_FLAGS_IMPORT_SYNC_FILE;
	struct syncobj_fd args = {
		.handle = file ? a[2] : 0, .flags = a[4], .fd = slot_fd(t, a[3]), .point = a[5],
	};
	long ret = handle_ioctl(a[0], _IOC_NR(DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE), &args);

	if (!ret && !file)
		slot_put(t, a[1], args.handle);
	return ret;
}

CALL_OF(syncobj_eventfd)
{
	struct {
		uint32_t handle, flags;
		uint64_t point;
		int32_t fd;
		uint32_t pad;
	} args = { .handle = a[1], .flags = a[4], .point = a[2], .fd = a[3] };

	return do_ioctl(a[0], DRM_IOWR(0xcf, args), &args);
}

CALL_OF(eventfd)
{
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	slot_put(t, a[0], fd);
	return 0;
}

CALL_OF(event_read)
{
	uint64_t count;

	return result_of(read(a[0], &count, sizeof(count)));
}

CALL_OF(sync_merge)
{
	struct sync_merge_data args = { .name = "fuzz", .fd2 = a[1] };
	long ret = do_ioctl(a[0], SYNC_IOC_MERGE, &args);

	if (!ret)
		slot_put(t, a[2], args.fence);
	return ret;
}

CALL_OF(sync_info)
{
	struct sync_fence_info fences[16];
	struct sync_file_info args = {
		.num_fences = a[1],
		.sync_fence_info = (uintptr_t)fences,
	};

	/* There may be more than there is room for. */
	if (a[1] > 16)
		args.sync_fence_info = 0;
	return do_ioctl(a[0], SYNC_IOC_FILE_INFO, &args);
}

CALL_OF(sync_deadline)
{
	struct sync_set_deadline args = { .deadline_ns = a[1] };

	return do_ioctl(a[0], SYNC_IOC_SET_DEADLINE, &args);
}

CALL_OF(poll)
{
	struct pollfd p = { .fd = slot_fd(t, a[0]), .events = a[1] };

	return result_of(poll(&p, 1, a[2] % 64));
}

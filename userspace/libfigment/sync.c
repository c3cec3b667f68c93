// SPDX-License-Identifier: MIT
/**
 * DOC: syncobjs and sync_files
 *
 * libdrm's calls where it has them. A wait goes through the timeline ioctl
 * whenever points or WAIT_AVAILABLE are asked for, which the binary one refuses.
 */
#include <linux/sync_file.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>

#include "private.h"

int figment_syncobj_create(int fd, bool signalled, uint32_t *handle)
{
	return figment_result(drmSyncobjCreate(fd, signalled ? DRM_SYNCOBJ_CREATE_SIGNALED : 0,
					       handle));
}

int figment_syncobj_destroy(int fd, uint32_t handle)
{
	return figment_result(drmSyncobjDestroy(fd, handle));
}

int figment_syncobj_export(int fd, uint32_t handle, int *syncobj_fd)
{
	return figment_result(drmSyncobjHandleToFD(fd, handle, syncobj_fd));
}

int figment_syncobj_import(int fd, int syncobj_fd, uint32_t *handle)
{
	return figment_result(drmSyncobjFDToHandle(fd, syncobj_fd, handle));
}

int figment_syncobj_export_file(int fd, uint32_t handle, int *sync_file)
{
	return figment_result(drmSyncobjExportSyncFile(fd, handle, sync_file));
}

int figment_syncobj_import_file(int fd, uint32_t handle, int sync_file)
{
	return figment_result(drmSyncobjImportSyncFile(fd, handle, sync_file));
}

int figment_syncobj_reset(int fd, uint32_t handle)
{
	return figment_result(drmSyncobjReset(fd, &handle, 1));
}

int figment_syncobj_signal(int fd, uint32_t handle, uint64_t point)
{
	return figment_result(point ? drmSyncobjTimelineSignal(fd, &handle, &point, 1)
				    : drmSyncobjSignal(fd, &handle, 1));
}

int figment_syncobj_query(int fd, uint32_t handle, uint64_t *point)
{
	return figment_result(drmSyncobjQuery(fd, &handle, point, 1));
}

int figment_syncobj_query_submitted(int fd, uint32_t handle, uint64_t *point)
{
	return figment_result(drmSyncobjQuery2(fd, &handle, point, 1,
					       DRM_SYNCOBJ_QUERY_FLAGS_LAST_SUBMITTED));
}

int figment_syncobj_transfer(int fd, uint32_t dst, uint64_t dst_point,
			     uint32_t src, uint64_t src_point)
{
	return figment_result(drmSyncobjTransfer(fd, dst, dst_point, src, src_point, 0));
}

int figment_syncobj_wait(int fd, const uint32_t *handles, const uint64_t *points,
			 uint32_t count, int64_t deadline, uint32_t flags, uint32_t *first)
{
	struct drm_syncobj_timeline_wait points_args = {
		.handles = (uintptr_t)handles,
		.points = (uintptr_t)points,
		.timeout_nsec = deadline,
		.count_handles = count,
		.flags = flags,
	};
	struct drm_syncobj_wait args = {
		.handles = (uintptr_t)handles,
		.timeout_nsec = deadline,
		.count_handles = count,
		.flags = flags,
	};
	bool timeline = points || (flags & DRM_SYNCOBJ_WAIT_FLAGS_WAIT_AVAILABLE);
	int ret = timeline ? figment_ioctl(fd, DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT, &points_args) :
			     figment_ioctl(fd, DRM_IOCTL_SYNCOBJ_WAIT, &args);

	if (!ret && first)
		*first = timeline ? points_args.first_signaled : args.first_signaled;
	return ret;
}

/* Headers of before 6.6, as Debian 12's, do not have it; a newer kernel does. */
#ifndef DRM_IOCTL_SYNCOBJ_EVENTFD
struct drm_syncobj_eventfd {
	__u32 handle;
	__u32 flags;
	__u64 point;
	__s32 fd;
	__u32 pad;
};

#define DRM_IOCTL_SYNCOBJ_EVENTFD DRM_IOWR(0xCF, struct drm_syncobj_eventfd)
#endif

int figment_syncobj_eventfd(int fd, uint32_t handle, uint64_t point, int event_fd,
			    bool available)
{
	struct drm_syncobj_eventfd args = {
		.handle = handle,
		.flags = available ? DRM_SYNCOBJ_WAIT_FLAGS_WAIT_AVAILABLE : 0,
		.point = point,
		.fd = event_fd,
	};

	return figment_ioctl(fd, DRM_IOCTL_SYNCOBJ_EVENTFD, &args);
}

static int file_info(int sync_file, struct sync_file_info *info)
{
	memset(info, 0, sizeof(*info));
	return ioctl(sync_file, SYNC_IOC_FILE_INFO, info) ? -errno : 0;
}

int figment_sync_file_status(int sync_file)
{
	struct sync_file_info info;
	int ret = file_info(sync_file, &info);

	return ret ? ret : info.status;
}

bool figment_is_sync_file(int fd)
{
	struct sync_file_info info;

	return !file_info(fd, &info);
}

int figment_sync_file_merge(int a, int b, int *merged)
{
	struct sync_merge_data args = { .name = "figment", .fd2 = b };

	if (ioctl(a, SYNC_IOC_MERGE, &args))
		return -errno;
	*merged = args.fence;
	return 0;
}

int figment_sync_file_wait(int sync_file, int timeout_ms)
{
	struct pollfd p = { .fd = sync_file, .events = POLLIN };
	int ret;

	do {
		ret = poll(&p, 1, timeout_ms);
	} while (ret < 0 && (errno == EINTR || errno == EAGAIN));
	if (ret < 0)
		return -errno;
	if (!ret)
		return -ETIME;
	return p.revents & (POLLERR | POLLNVAL) ? -EINVAL : 0;
}

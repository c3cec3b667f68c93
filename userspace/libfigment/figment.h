/* SPDX-License-Identifier: MIT */
#ifndef FIGMENT_H
#define FIGMENT_H

/**
 * DOC: libfigment
 *
 * A thin C API over figment's uapi and over those of DRM's own ioctls (PRIME,
 * drm_syncobj, sync_file) that figment's clients need beside it. It keeps no
 * state: a device is its render node's fd, a buffer its GEM handle, a queue its
 * id, so that a caller may mix these calls with libdrm's.
 *
 * Unless said otherwise a function returns 0 or a negative errno, restarts
 * itself after a signal, and is as thread-safe as the kernel. Fds that it makes
 * are O_CLOEXEC and the caller's to close; fds that it is given stay the
 * caller's. Errors are those documented in figment_drm.h.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "figment_drm.h"

#ifdef __cplusplus
extern "C" {
#endif

#define FIGMENT_MAX_DEVICES	8

/**
 * struct figment_node - where one figment device is found
 * @index: which of the module's devices, from 0
 * @name: its platform device's name, such as "figment0"
 * @render: path of the render node
 * @primary: path of the primary node
 * @render_major: device numbers of the nodes
 * @render_minor: .
 * @primary_major: .
 * @primary_minor: .
 */
struct figment_node {
	uint32_t index;
	char name[32];
	char render[64];
	char primary[64];
	uint32_t render_major, render_minor;
	uint32_t primary_major, primary_minor;
};

/**
 * figment_enumerate() - find the machine's figment devices
 * @nodes: filled, ordered by index
 * @max: how many fit
 *
 * Return: how many there are (may be more than @max), or a negative errno. A
 * node that this process may not open does not count.
 */
int figment_enumerate(struct figment_node *nodes, int max);

/**
 * figment_open() - open a device's render node
 * @index: which device
 *
 * Return: an fd, or -ENODEV where there is none.
 */
int figment_open(uint32_t index);

/** figment_is_figment() - whether an fd is a DRM node of figment's */
bool figment_is_figment(int fd);

int figment_get_param(int fd, uint32_t param, uint64_t *value);

/* Buffers */

/**
 * figment_bo_create() - make a buffer
 * @fd: the device
 * @size: in bytes, rounded up to pages
 * @handle: its GEM handle, to close with figment_bo_close()
 */
int figment_bo_create(int fd, uint64_t size, uint32_t *handle);
int figment_bo_close(int fd, uint32_t handle);
int figment_bo_info(int fd, uint32_t handle, struct drm_figment_gem_info *info);

/**
 * figment_bo_map() - map a buffer for reading and writing
 * @fd: the device
 * @handle: the buffer
 * @addr: NULL, or where in the caller's own reservation it has to be (MAP_FIXED)
 * @map: its address, for munmap() of the buffer's size
 */
int figment_bo_map(int fd, uint32_t handle, void *addr, void **map);

/** figment_bo_export() - make a dma-buf fd of a buffer, mappable for writing */
int figment_bo_export(int fd, uint32_t handle, int *dmabuf);

/**
 * figment_bo_import() - take a dma-buf in
 * @fd: the device
 * @dmabuf: any dma-buf on the system
 * @handle: its GEM handle; the one it already has if the client knows the buffer
 */
int figment_bo_import(int fd, int dmabuf, uint32_t *handle);

/** figment_bo_label() - name a buffer, for people; "" takes the name away */
int figment_bo_label(int fd, uint32_t handle, const char *label);

/**
 * figment_bo_set_metadata() - leave a word for whom a buffer is given to
 * @fd: the device
 * @handle: the buffer, which must be the device's own
 * @data: at most DRM_FIGMENT_METADATA_SIZE bytes; zeroes follow
 * @size: how many
 *
 * It can be set once: -EBUSY if it was.
 */
int figment_bo_set_metadata(int fd, uint32_t handle, const void *data, size_t size);

/** figment_bo_get_metadata() - read the first @size bytes; zeroes if there is none */
int figment_bo_get_metadata(int fd, uint32_t handle, void *data, size_t size);

/**
 * figment_bo_userptr() - make a buffer of the caller's own memory
 * @fd: the device
 * @addr: where it starts, page-aligned
 * @size: bytes, whole pages
 * @handle: its GEM handle; the pages stay pinned until it is closed
 */
int figment_bo_userptr(int fd, void *addr, uint64_t size, uint32_t *handle);

/* dma-bufs: implicit synchronisation */

/** figment_dmabuf_export_fence() - a sync_file of who writes (or, @write, uses) it */
int figment_dmabuf_export_fence(int dmabuf, bool write, int *sync_file);
/** figment_dmabuf_import_fence() - add a sync_file as a reader's or @write(r)'s */
int figment_dmabuf_import_fence(int dmabuf, bool write, int sync_file);
/** figment_dmabuf_size() - a dma-buf's size, or a negative errno if it is none */
int64_t figment_dmabuf_size(int dmabuf);

/* Queues */

/**
 * figment_queue_create() - make a queue
 * @fd: the device
 * @engine: DRM_FIGMENT_ENGINE_*
 * @priority: DRM_FIGMENT_PRIORITY_*
 * @flags: DRM_FIGMENT_QUEUE_*
 * @queue: its id
 * @queue_fd: a host queue's executor fd; may be NULL for a copy queue
 */
int figment_queue_create(int fd, uint32_t engine, uint32_t priority, uint32_t flags,
			 uint32_t *queue, int *queue_fd);
int figment_queue_destroy(int fd, uint32_t queue);
int figment_queue_query(int fd, uint32_t queue, struct drm_figment_queue_query *query);

/**
 * figment_queue_fault() - have a queue's next jobs be late, hang or fail
 * @fd: the device
 * @fault: which queue, and what; all zeroes but the queue ends it
 */
int figment_queue_fault(int fd, const struct drm_figment_queue_fault *fault);

/**
 * figment_submit() - submit jobs, all or nothing
 * @fd: the device
 * @jobs: the jobs; their out fields are filled in
 * @count: how many
 */
int figment_submit(int fd, struct drm_figment_job *jobs, uint32_t count);

/** FIGMENT_ARRAY() - a &struct drm_figment_array of @n elements at @p */
#define FIGMENT_ARRAY(p, n) \
	((struct drm_figment_array){ \
		.ptr = (n) ? (uint64_t)(uintptr_t)(p) : 0, \
		.count = (n), \
		.stride = (n) ? sizeof(*(p)) : 0, \
	})

/**
 * figment_host_read() - take runnable jobs off a host queue
 * @queue_fd: the queue's executor fd
 * @jobs: filled
 * @max: how many fit
 *
 * Return: how many were taken; 0 if the queue is lost; -EAGAIN if nothing is
 * runnable and the fd does not block.
 */
int figment_host_read(int queue_fd, struct drm_figment_host_job *jobs, uint32_t max);

/** figment_host_complete() - complete a job with 0 or a negative errno */
int figment_host_complete(int queue_fd, uint64_t seqno, int status);

/* drm_syncobj. Deadlines are absolute, CLOCK_MONOTONIC, ns; INT64_MAX is for ever. */

int figment_syncobj_create(int fd, bool signalled, uint32_t *handle);
int figment_syncobj_destroy(int fd, uint32_t handle);
/** figment_syncobj_export() - an fd of the syncobj itself (reference) */
int figment_syncobj_export(int fd, uint32_t handle, int *syncobj_fd);
int figment_syncobj_import(int fd, int syncobj_fd, uint32_t *handle);
/** figment_syncobj_export_file() - a sync_file of the fence it has; -EINVAL if none */
int figment_syncobj_export_file(int fd, uint32_t handle, int *sync_file);
/** figment_syncobj_import_file() - replace its fence with a sync_file's */
int figment_syncobj_import_file(int fd, uint32_t handle, int sync_file);
int figment_syncobj_reset(int fd, uint32_t handle);
/** figment_syncobj_signal() - give it a signalled fence, or @point if not zero */
int figment_syncobj_signal(int fd, uint32_t handle, uint64_t point);
/** figment_syncobj_query() - a timeline's value: its latest signalled point */
int figment_syncobj_query(int fd, uint32_t handle, uint64_t *point);
/** figment_syncobj_query_submitted() - its latest point that has a fence; 0 if it has none */
int figment_syncobj_query_submitted(int fd, uint32_t handle, uint64_t *point);
/** figment_syncobj_transfer() - make @dst (@dst_point) what @src (@src_point) is */
int figment_syncobj_transfer(int fd, uint32_t dst, uint64_t dst_point,
			     uint32_t src, uint64_t src_point);

/**
 * figment_syncobj_wait() - wait for syncobjs or their points
 * @fd: the device
 * @handles: the syncobjs
 * @points: their points, zero for a binary one; NULL if all are binary
 * @count: how many
 * @deadline: until when, ns of CLOCK_MONOTONIC; 0 to look only
 * @flags: DRM_SYNCOBJ_WAIT_FLAGS_WAIT_ALL, _WAIT_FOR_SUBMIT, _WAIT_AVAILABLE
 * @first: if not NULL, and not waiting for all, which one it was
 *
 * Return: 0, -ETIME at the deadline, -EINVAL if one has no fence and
 * WAIT_FOR_SUBMIT is not given.
 */
int figment_syncobj_wait(int fd, const uint32_t *handles, const uint64_t *points,
			 uint32_t count, int64_t deadline, uint32_t flags, uint32_t *first);

/** figment_syncobj_eventfd() - have an eventfd signalled when @point is (or has a fence) */
int figment_syncobj_eventfd(int fd, uint32_t handle, uint64_t point, int event_fd,
			    bool available);

/* sync_file */

/**
 * figment_sync_file_status() - 1 signalled, 0 pending, or the error it carries;
 * -EBADF/-ENOTTY/-EINVAL if none: see figment_is_sync_file()
 */
int figment_sync_file_status(int sync_file);
bool figment_is_sync_file(int fd);
/** figment_sync_file_merge() - a new sync_file that signals when both have */
int figment_sync_file_merge(int a, int b, int *merged);
/** figment_sync_file_wait() - wait; -ETIME after @timeout_ms (-1 is for ever) */
int figment_sync_file_wait(int sync_file, int timeout_ms);

#ifdef __cplusplus
}
#endif

#endif

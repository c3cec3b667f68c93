/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef FIGMENT_COMPAT_H
#define FIGMENT_COMPAT_H

/**
 * DOC: kernels
 *
 * The one place that knows of differences between the kernels figment builds
 * for: 6.1, 6.12 and 7.x. FIGMENT_HAVE_* come from Kbuild, which greps the
 * headers of the very kernel that is built for: Debian's stable kernels take
 * API changes in mid-series, so a version number says little. Three macros that
 * never went into a stable series go by version all the same.
 *
 * What has one spelling that is right everywhere is not here. So drm_sched's
 * time-out is not either: it is never used, as figment_queue.c argues.
 */

#include <linux/hrtimer.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/version.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_gem_shmem_helper.h>
#include <drm/gpu_scheduler.h>

/* A token before 6.13, a string since. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
#define FIGMENT_IMPORT_NS_DMA_BUF MODULE_IMPORT_NS("DMA_BUF")
#else
#define FIGMENT_IMPORT_NS_DMA_BUF MODULE_IMPORT_NS(DMA_BUF)
#endif

/* The second argument is gone since 6.10. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0)
#define figment_assign_str(dst, src) __assign_str(dst)
#else
#define figment_assign_str(dst, src) __assign_str(dst, src)
#endif

/* Returns nothing since 6.11. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 11, 0)
#define FIGMENT_PLATFORM_REMOVE(fn) .remove = (fn)
#else
#define FIGMENT_PLATFORM_REMOVE(fn) .remove_new = (fn)
#endif

/* drm_driver */

#ifdef FIGMENT_HAVE_DRIVER_DATE
#define FIGMENT_DRIVER_DATE .date = "20261121",
#else
#define FIGMENT_DRIVER_DATE
#endif

/* Up to 6.5 dma-bufs cannot be mapped without this, later there is no such thing. */
#ifdef FIGMENT_HAVE_PRIME_MMAP
#define FIGMENT_DRIVER_PRIME_MMAP .gem_prime_mmap = drm_gem_prime_mmap,
#else
#define FIGMENT_DRIVER_PRIME_MMAP
#endif

#ifdef FIGMENT_HAVE_SHOW_FDINFO
#define FIGMENT_FOPS_FDINFO .show_fdinfo = drm_show_fdinfo,
#define FIGMENT_DRIVER_FDINFO(fn) .show_fdinfo = (fn),
#define FIGMENT_DEFINE_FDINFO(fn)

static inline u64 figment_client_id(struct drm_file *file)
{
	return file->client_id;
}
#else
#include <linux/seq_file.h>

/* Each driver counts for itself there, from 1; tools may take these for 32 bits. */
static inline u64 figment_client_id(struct drm_file *file)
{
	static atomic64_t last = ATOMIC64_INIT(BIT(30));

	return atomic64_inc_return(&last);
}

/* Up to 6.4 a driver prints everything, and to the file's operation itself. */
#define FIGMENT_FOPS_FDINFO .show_fdinfo = figment_fop_show_fdinfo,
#define FIGMENT_DRIVER_FDINFO(fn)
#define FIGMENT_DEFINE_FDINFO(fn) \
static void figment_fop_show_fdinfo(struct seq_file *m, struct file *f) \
{ \
	struct drm_printer p = drm_seq_file_printer(m); \
	struct drm_file *file = f->private_data; \
	struct figment_client *client = file->driver_priv; \
	\
	drm_printf(&p, "drm-driver:\t%s\n", file->minor->dev->driver->name); \
	drm_printf(&p, "drm-client-id:\t%llu\n", client->id); \
	fn(&p, file); \
}
#endif

/* What the DRM core cannot tell of a buffer, and up to 6.4 does not ask. */
#ifdef FIGMENT_HAVE_GEM_STATUS
#define FIGMENT_GEM_STATUS(fn) .status = (fn),
#else
#define FIGMENT_GEM_STATUS(fn)
enum drm_gem_object_status {
	DRM_GEM_OBJECT_RESIDENT = BIT(0),
};
#endif
enum drm_gem_object_status figment_gem_status(struct drm_gem_object *obj);

/* Who has no drm_show_fdinfo() prints the generic keys and the sizes itself. */
#ifdef FIGMENT_HAVE_MEMORY_STATS
static inline void figment_show_memory(struct drm_printer *p, struct drm_file *file)
{
	drm_show_memory_stats(p, file);
}
#else
static inline void figment_show_memory(struct drm_printer *p, struct drm_file *file)
{
	u64 total = 0, shared = 0, active = 0, resident = 0;
	struct drm_gem_object *obj;
	int id;

	spin_lock(&file->table_lock);
	idr_for_each_entry(&file->object_idr, obj, id) {
		total += obj->size;
		if (obj->handle_count > 1 || obj->dma_buf)
			shared += obj->size;
		if (!dma_resv_test_signaled(obj->resv, dma_resv_usage_rw(true)))
			active += obj->size;
		if (figment_gem_status(obj) & DRM_GEM_OBJECT_RESIDENT)
			resident += obj->size;
	}
	spin_unlock(&file->table_lock);
	drm_printf(p, "drm-total-memory:\t%llu KiB\n", total >> 10);
	drm_printf(p, "drm-shared-memory:\t%llu KiB\n", shared >> 10);
	drm_printf(p, "drm-active-memory:\t%llu KiB\n", active >> 10);
	drm_printf(p, "drm-resident-memory:\t%llu KiB\n", resident >> 10);
	/* No buffer is ever purgeable. */
	drm_printf(p, "drm-purgeable-memory:\t0\n");
}
#endif

#ifndef FIGMENT_HAVE_LIST_COUNT_NODES
#define list_count_nodes figment_list_count_nodes
static inline size_t figment_list_count_nodes(struct list_head *head)
{
	struct list_head *pos;
	size_t count = 0;

	list_for_each(pos, head)
		count++;
	return count;
}
#endif

/* Since 6.15 a device can say that something was lost, and since 6.17 to whom. */
static inline void figment_wedged_event(struct drm_device *drm, pid_t pid, const char *comm)
{
#if defined(FIGMENT_HAVE_WEDGED_TASK)
	struct drm_wedge_task_info task = { .pid = pid };

	strscpy(task.comm, comm, sizeof(task.comm));
	drm_dev_wedged_event(drm, DRM_WEDGE_RECOVERY_NONE, &task);
#elif defined(FIGMENT_HAVE_WEDGED_EVENT)
	drm_dev_wedged_event(drm, DRM_WEDGE_RECOVERY_NONE);
#endif
}

/* GEM: map into the kernel, with the reservation lock not held by the caller. */
static inline int figment_gem_vmap(struct drm_gem_object *obj, struct iosys_map *map)
{
#if defined(FIGMENT_HAVE_GEM_VMAP)
	return drm_gem_vmap(obj, map);
#elif defined(FIGMENT_HAVE_GEM_VMAP_UNLOCKED)
	return drm_gem_vmap_unlocked(obj, map);
#else
	return obj->funcs->vmap(obj, map);
#endif
}

static inline void figment_gem_vunmap(struct drm_gem_object *obj, struct iosys_map *map)
{
#if defined(FIGMENT_HAVE_GEM_VMAP)
	drm_gem_vunmap(obj, map);
#elif defined(FIGMENT_HAVE_GEM_VMAP_UNLOCKED)
	drm_gem_vunmap_unlocked(obj, map);
#else
	obj->funcs->vunmap(obj, map);
#endif
}

static inline void figment_vma_dont_expand(struct vm_area_struct *vma)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
	vm_flags_set(vma, VM_DONTEXPAND);
#else
	vma->vm_flags |= VM_DONTEXPAND;
#endif
}

#ifdef FIGMENT_HAVE_HRTIMER_SETUP
#define figment_hrtimer_setup(timer, fn) \
	hrtimer_setup(timer, fn, CLOCK_MONOTONIC, HRTIMER_MODE_REL)
#else
static inline void figment_hrtimer_setup(struct hrtimer *timer,
					 enum hrtimer_restart (*fn)(struct hrtimer *))
{
	hrtimer_init(timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	timer->function = fn;
}
#endif

/* The scheduler: a thread of its own before there were workqueues in it. */

static inline int figment_sched_init(struct drm_gpu_scheduler *sched,
				     const struct drm_sched_backend_ops *ops,
				     struct workqueue_struct *wq, unsigned int depth,
				     const char *name, struct device *dev)
{
#ifdef FIGMENT_HAVE_SCHED_INIT_ARGS
	const struct drm_sched_init_args args = {
		.ops = ops,
#ifdef FIGMENT_HAVE_SCHED_SUBMIT_WQ
		.submit_wq = wq,
#endif
#ifdef FIGMENT_HAVE_SCHED_NUM_RQS
		.num_rqs = DRM_SCHED_PRIORITY_COUNT,
#endif
		.credit_limit = depth,
		.timeout = MAX_SCHEDULE_TIMEOUT,
		.name = name,
		.dev = dev,
	};

	return drm_sched_init(sched, &args);
#elif defined(FIGMENT_HAVE_SCHED_CREDITS)
	return drm_sched_init(sched, ops, wq, DRM_SCHED_PRIORITY_COUNT, depth, 0,
			      MAX_SCHEDULE_TIMEOUT, NULL, NULL, name, dev);
#else
	return drm_sched_init(sched, ops, depth, 0, MAX_SCHEDULE_TIMEOUT, NULL, NULL,
			      name, dev);
#endif
}

static inline void figment_sched_stop(struct drm_gpu_scheduler *sched)
{
#ifdef FIGMENT_HAVE_SCHED_CREDITS
	drm_sched_wqueue_stop(sched);
#endif
}

static inline int figment_sched_job_init(struct drm_sched_job *job,
					 struct drm_sched_entity *entity, void *owner,
					 u64 client_id)
{
#if defined(FIGMENT_HAVE_SCHED_CLIENT_ID)
	return drm_sched_job_init(job, entity, 1, owner, client_id);
#elif defined(FIGMENT_HAVE_SCHED_CREDITS)
	return drm_sched_job_init(job, entity, 1, owner);
#else
	return drm_sched_job_init(job, entity, owner);
#endif
}

#ifdef FIGMENT_HAVE_SCHED_PREPARE_JOB
#define FIGMENT_SCHED_PREPARE(fn) .prepare_job = (fn)
#else
#define FIGMENT_SCHED_PREPARE(fn) .dependency = (fn)
#endif

#endif

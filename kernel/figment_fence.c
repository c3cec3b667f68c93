// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: fences
 *
 * Two fences belong to a job, as everywhere in drm_sched: the scheduler's
 * finished fence, which is what others get to see, and the hardware fence here,
 * which the engine signals. The latter is allocated in the submit, so that
 * running a job allocates nothing.
 *
 * It has a second duty. A finished fence may be held, as a sync_file, by anybody
 * for ever, and can be asked for its timeline's name, which it reads from its
 * scheduler, which goes with the queue. But a finished fence holds its hardware
 * fence (its parent) until it is released itself; so the hardware fence holds the
 * scheduler's memory, and the module whose code releases it. Every job gets one,
 * since every job is run, if only to be cancelled.
 */
#include <linux/module.h>
#include <linux/slab.h>

#include "figment_compat.h"
#include "figment_drv.h"

/* How many of a queue's jobs may be runnable at once. */
#define FIGMENT_QUEUE_DEPTH	256

static const char *figment_fence_driver_name(struct dma_fence *fence)
{
	return "figment";
}

static const char *figment_fence_timeline_name(struct dma_fence *fence)
{
	return "hardware";
}

static void figment_sched_release(struct kref *ref)
{
	kfree(container_of(ref, struct figment_sched, ref));
}

void figment_sched_put(struct figment_sched *sched)
{
	kref_put(&sched->ref, figment_sched_release);
}

static void figment_fence_free_rcu(struct rcu_head *rcu)
{
	struct dma_fence *base = container_of(rcu, struct dma_fence, rcu);
	struct figment_fence *fence = container_of(base, struct figment_fence, base);

	figment_sched_put(fence->sched);
	kfree(fence);
	/* Module removal waits for this callback to return with rcu_barrier(). */
	module_put(THIS_MODULE);
}

/* May be called in any context. */
static void figment_fence_release(struct dma_fence *base)
{
	call_rcu(&base->rcu, figment_fence_free_rcu);
}

static const struct dma_fence_ops figment_fence_ops = {
	.get_driver_name = figment_fence_driver_name,
	.get_timeline_name = figment_fence_timeline_name,
	.release = figment_fence_release,
};

/**
 * figment_fence_alloc - allocate a hardware fence
 *
 * It is no fence yet: figment_fence_arm() makes it one, or figment_fence_free()
 * ends it.
 */
struct figment_fence *figment_fence_alloc(void)
{
	struct figment_fence *fence = kzalloc(sizeof(*fence), GFP_KERNEL_ACCOUNT);

	if (fence)
		spin_lock_init(&fence->lock);
	return fence;
}

void figment_fence_free(struct figment_fence *fence)
{
	kfree(fence);
}

/**
 * figment_fence_arm - make a hardware fence one; cannot fail
 * @fence: from figment_fence_alloc()
 * @sched: the scheduler of its job
 * @context: its queue's
 * @seqno: its job's number
 */
void figment_fence_arm(struct figment_fence *fence, struct figment_sched *sched,
		       u64 context, u64 seqno)
{
	kref_get(&sched->ref);
	fence->sched = sched;
	/* The caller is within an ioctl of this module, which it therefore holds. */
	__module_get(THIS_MODULE);
	dma_fence_init(&fence->base, &figment_fence_ops, &fence->lock, context, seqno);
}

/**
 * figment_sched_create - make a scheduler in memory that outlives it
 * @fdev: the device
 * @name: a string that lives as long as the module
 */
struct figment_sched *figment_sched_create(struct figment_device *fdev, const char *name)
{
	struct figment_sched *sched = kzalloc(sizeof(*sched), GFP_KERNEL_ACCOUNT);
	int ret;

	if (!sched)
		return ERR_PTR(-ENOMEM);
	kref_init(&sched->ref);
	ret = figment_sched_init(&sched->base, &figment_sched_ops, figment_sched_wq,
				 FIGMENT_QUEUE_DEPTH, name, fdev->drm.dev);
	if (ret) {
		kfree(sched);
		return ERR_PTR(ret);
	}
	return sched;
}

/**
 * figment_sched_destroy - end a scheduler that has no entities and no jobs
 * @sched: the scheduler; its memory stays while fences name it
 */
void figment_sched_destroy(struct figment_sched *sched)
{
	drm_sched_fini(&sched->base);
	figment_sched_put(sched);
}

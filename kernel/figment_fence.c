// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: fences
 *
 * A job's fence is what the engine signals, and what others get to see. It is
 * allocated in the submit, so that running a job allocates nothing. The scheduler
 * has fences of its own for jobs that come its way; these nobody else sees.
 *
 * As a sync_file it may be held by anybody for ever. So it names neither job nor
 * queue, and it holds the module, whose code tells its name and releases it.
 */
#include <linux/module.h>
#include <linux/slab.h>

#include "figment_compat.h"
#include "figment_drv.h"

static const char *figment_fence_driver_name(struct dma_fence *fence)
{
	return "figment";
}

static const char *figment_fence_timeline_name(struct dma_fence *fence)
{
	return container_of(fence, struct figment_fence, base)->engine == FIGMENT_HOST ?
		"figment-host" : "figment-copy";
}

static void figment_fence_free_rcu(struct rcu_head *rcu)
{
	struct dma_fence *base = container_of(rcu, struct dma_fence, rcu);
	struct figment_fence *fence = container_of(base, struct figment_fence, base);

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
 * figment_fence_alloc - allocate a job's fence
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
 * figment_fence_arm - make it one; cannot fail
 * @fence: from figment_fence_alloc()
 * @engine: what its job is executed by
 * @context: its queue's
 * @seqno: its job's number
 */
void figment_fence_arm(struct figment_fence *fence, enum figment_engine engine,
		       u64 context, u64 seqno)
{
	fence->engine = engine;
	/* The caller is within an ioctl of this module, which it therefore holds. */
	__module_get(THIS_MODULE);
	dma_fence_init(&fence->base, &figment_fence_ops, &fence->lock, context, seqno);
}

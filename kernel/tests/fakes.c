// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: what the tested files call of others
 *
 * To link. A test that gets here by mistake fails where it looks at the result;
 * what a test wants to know of these calls is counted in figment_test_calls.
 */
#include <linux/module.h>

#include "figment_compat.h"
#include "figment_ring.h"
#include "fakes.h"

struct figment_test_calls figment_test_calls;

struct workqueue_struct *figment_wq;
struct workqueue_struct *figment_sched_wq;
const struct drm_sched_backend_ops figment_sched_ops;

struct figment_client *figment_client_get(struct figment_client *client)
{
	return client;
}

void figment_client_put(struct figment_client *client)
{
}

int figment_gem_vmap_bo(struct figment_bo *bo)
{
	figment_test_calls.vmaps++;
	return 0;
}

void figment_gem_publish(struct drm_gem_object *obj)
{
}

void figment_gem_free(struct drm_gem_object *obj)
{
}

int figment_gem_open(struct drm_gem_object *obj, struct drm_file *file)
{
	return -ENXIO;
}

void figment_gem_close(struct drm_gem_object *obj, struct drm_file *file)
{
}

enum drm_gem_object_status figment_gem_status(struct drm_gem_object *obj)
{
	return 0;
}

int figment_ring_look(struct figment_turn *turn, struct figment_job *job)
{
	figment_test_calls.looks++;
	turn->left = figment_test_calls.chunk;
	return figment_test_calls.look_result;
}

void figment_ring_init_queue(struct figment_queue *queue)
{
}

void figment_ring_lose_locked(struct figment_queue *queue)
{
	figment_test_calls.ring_losses++;
}

void figment_host_init_queue(struct figment_queue *queue)
{
}

void figment_host_fini_queue(struct figment_queue *queue)
{
}

void figment_host_lose_locked(struct figment_queue *queue, int error)
{
	figment_test_calls.host_losses++;
}

struct file *figment_host_open(struct figment_queue *queue, u32 flags)
{
	return ERR_PTR(-ENXIO);
}

void figment_dump_locked(struct figment_job *job)
{
}

unsigned int figment_job_timeout_ms(void)
{
	return 10000;
}

void figment_job_done_locked(struct figment_job *job, int error)
{
}

/* Counts fences, and marks jobs, in the job itself. */
int figment_job_add_dep(struct figment_job *job, struct dma_fence *fence, u32 from, u32 signal)
{
	if (fence)
		job->num_deps++;
	else
		job->user_data |= BIT_ULL(from);
	dma_fence_put(fence);
	return 0;
}

MODULE_DESCRIPTION("KUnit tests of figment");
MODULE_LICENSE("GPL");
FIGMENT_IMPORT_NS_DMA_BUF;

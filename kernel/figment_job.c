// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: jobs
 *
 * A job's life: figment_submit.c makes it, arms it and pushes it to its queue's
 * entity; the scheduler asks it here for what it waits for, runs it when that
 * has signalled, and frees it when it is done; the engine executes it in between.
 *
 * What it waits for is kept here and not in the scheduler's own list for three
 * reasons. A job may wait for another of the same submit, whose fence does not
 * exist before it is armed, and after that nothing may fail. A submit with 4,096
 * waits should not search a list 4,096 times. And a cancelled job should signal
 * at once, while the scheduler would first wait for what its own list has.
 *
 * A job is freed by a worker: putting a buffer takes its reservation lock, and
 * free_job shares an ordered workqueue with run_job, which nobody who holds a
 * reservation lock and waits for a fence may be made to wait for.
 */
#include <linux/slab.h>

#include "figment_compat.h"
#include "figment_drv.h"
#include "figment_trace.h"

static void figment_job_free_all(struct work_struct *work);

static LLIST_HEAD(figment_dead_jobs);
static DECLARE_WORK(figment_dead_work, figment_job_free_all);

static void figment_job_free(struct figment_job *job)
{
	u32 i;

	figment_fault_release(job);
	for (i = 0; i < job->num_refs; i++)
		drm_gem_object_put(&job->refs[i].bo->base.base);
	for (i = 0; i < job->num_deps; i++)
		dma_fence_put(job->deps[i].fence);
	kvfree(job->refs);
	kvfree(job->deps);
	kvfree(job->cmds);
	atomic_dec(&job->queue->client->jobs);
	figment_queue_put(job->queue);
	kfree(job);
}

static void figment_job_free_all(struct work_struct *work)
{
	struct llist_node *list = llist_del_all(&figment_dead_jobs);
	struct figment_job *job, *next;

	llist_for_each_entry_safe(job, next, list, free) {
		figment_job_free(job);
		cond_resched();
	}
}

static void figment_job_release(struct kref *ref)
{
	struct figment_job *job = container_of(ref, struct figment_job, ref);

	if (llist_add(&job->free, &figment_dead_jobs))
		queue_work(figment_wq, &figment_dead_work);
}

void figment_job_get(struct figment_job *job)
{
	kref_get(&job->ref);
}

void figment_job_put(struct figment_job *job)
{
	kref_put(&job->ref, figment_job_release);
}

/**
 * figment_job_create - make a job for a queue
 * @queue: the queue, of which the job takes a reference of its own
 *
 * Return: the job, which figment_job_abandon() ends unless it gets armed, or
 * -EBUSY if the client has too many, or -ENOMEM.
 */
struct figment_job *figment_job_create(struct figment_queue *queue)
{
	struct figment_client *client = queue->client;
	struct figment_job *job;
	int ret = -ENOMEM;

	if (atomic_inc_return(&client->jobs) > FIGMENT_MAX_CLIENT_JOBS) {
		ret = -EBUSY;
		goto err_count;
	}
	job = kzalloc(sizeof(*job), GFP_KERNEL_ACCOUNT);
	if (!job)
		goto err_count;
	job->fence = figment_fence_alloc();
	if (!job->fence)
		goto err_job;
	ret = figment_sched_job_init(&job->base, &queue->entity, client, client->id);
	if (ret)
		goto err_fence;

	kref_init(&job->ref);
	INIT_LIST_HEAD(&job->link);
	INIT_LIST_HEAD(&job->unread);
	figment_queue_get(queue);
	job->queue = queue;
	return job;

err_fence:
	figment_fence_free(job->fence);
err_job:
	kfree(job);
err_count:
	atomic_dec(&client->jobs);
	return ERR_PTR(ret);
}

/**
 * figment_job_abandon - end a job that has not been armed
 * @job: the job
 */
void figment_job_abandon(struct figment_job *job)
{
	drm_sched_job_cleanup(&job->base);
	figment_fence_free(job->fence);
	figment_job_put(job);
}

/**
 * figment_job_add_dep - have a job wait
 * @job: the job, not armed
 * @fence: what for; the reference is taken over, also on failure
 * @from: if @fence is NULL, what for: that job of the same submit
 */
int figment_job_add_dep(struct figment_job *job, struct dma_fence *fence, u32 from)
{
	if (fence && dma_fence_is_signaled(fence)) {
		dma_fence_put(fence);
		return 0;
	}
	if (job->num_deps == job->max_deps) {
		u32 max = max(4u, job->max_deps * 2);
		struct figment_dep *deps = kvmalloc_array(max, sizeof(*deps),
							  GFP_KERNEL_ACCOUNT);

		if (!deps) {
			dma_fence_put(fence);
			return -ENOMEM;
		}
		if (job->num_deps)
			memcpy(deps, job->deps, job->num_deps * sizeof(*deps));
		kvfree(job->deps);
		job->deps = deps;
		job->max_deps = max;
	}
	job->deps[job->num_deps++] = (struct figment_dep){ .fence = fence, .job = from };
	return 0;
}

/* Called again and again until it returns NULL: then the job may run. */
static struct dma_fence *figment_job_prepare(struct drm_sched_job *base,
					     struct drm_sched_entity *entity)
{
	struct figment_job *job = to_figment_job(base);

	/* One of a lost queue waits no longer: run_job completes it. */
	if (READ_ONCE(job->queue->error))
		return NULL;
	while (job->next_dep < job->num_deps) {
		struct dma_fence *fence = job->deps[job->next_dep].fence;

		job->deps[job->next_dep++].fence = NULL;
		if (!dma_fence_is_signaled(fence))
			return fence;
		dma_fence_put(fence);
	}
	return figment_fault_delay(job);
}

static struct dma_fence *figment_job_run(struct drm_sched_job *base)
{
	struct figment_job *job = to_figment_job(base);
	struct figment_queue *queue = job->queue;
	struct dma_fence *fence;
	bool cookie = dma_fence_begin_signalling();

	job->taken = true;
	spin_lock(&queue->lock);
	if (queue->error) {
		fence = ERR_PTR(figment_queue_cancelled(queue));
	} else {
		fence = dma_fence_get(&job->fence->base);
		figment_job_get(job);
		job->run_time = ktime_get();
		list_add_tail(&job->link, &queue->running);
		trace_figment_job_run(job);
		if (queue->engine == FIGMENT_HOST)
			figment_host_run_locked(job);
	}
	spin_unlock(&queue->lock);

	if (!IS_ERR(fence)) {
		if (queue->engine == FIGMENT_COPY)
			figment_copy_run(job);
		else
			wake_up_interruptible(&queue->wait);
	}
	dma_fence_end_signalling(cookie);
	return fence;
}

/**
 * figment_job_done_locked - a job has been executed: signal its fences
 * @job: the job, first in its queue's running, whose reference is dropped
 * @error: a negative errno or 0
 */
void figment_job_done_locked(struct figment_job *job, int error)
{
	struct figment_queue *queue = job->queue;
	ktime_t now = ktime_get();
	ktime_t since = max(job->run_time, queue->last_done);

	lockdep_assert_held(&queue->lock);
	list_del_init(&job->link);
	list_del_init(&job->unread);
	queue->completed = job->seqno;
	queue->last_done = now;
	atomic64_add(ktime_to_ns(ktime_sub(now, since)),
		     &queue->client->busy_ns[queue->engine]);
	trace_figment_job_done(job, error);
	if (error) {
		/* 6.1's scheduler does not hand the error on, so do both. */
		dma_fence_set_error(&job->base.s_fence->finished, error);
		dma_fence_set_error(&job->fence->base, error);
	}
	dma_fence_signal(&job->fence->base);
	figment_job_put(job);
}

static void figment_job_free_sched(struct drm_sched_job *base)
{
	struct figment_job *job = to_figment_job(base);
	struct dma_fence *hw = &job->fence->base;

	/* Never ran: have it keep the scheduler as others do (figment_fence.c). */
	if (!base->s_fence->parent)
		base->s_fence->parent = dma_fence_get(hw);
	/* A killed job still counts in its ring's load, by which rings are chosen. */
	if (!job->taken)
		atomic_dec(base->sched->score);
	drm_sched_job_cleanup(base);
	dma_fence_put(hw);
	figment_job_put(job);
}

const struct drm_sched_backend_ops figment_sched_ops = {
	FIGMENT_SCHED_PREPARE(figment_job_prepare),
	.run_job = figment_job_run,
	.free_job = figment_job_free_sched,
};

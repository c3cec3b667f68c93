// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: jobs
 *
 * A job's life: figment_submit.c makes it, arms it and starts it. One that waits for
 * nothing, not even for earlier ones of its queue, is run at once. Any other is pushed
 * to its queue's entity; the scheduler asks it here what it waits for, runs it when that
 * has signalled, and frees it when it is done. The engine executes it in between.
 *
 * Thus drm_sched, which has a worker do all it does, costs no hand-off to another
 * thread where there is nothing to schedule. Who takes the short way is decided in the
 * submit, while things may still fail: nobody but a submit pushes jobs, and one at a
 * time, so a queue that then has none left with the scheduler has none when the job
 * is started.
 *
 * What the scheduler gets to wait for is one fence of the job's own, ready, which
 * is signalled once everything the job waits for is, or as soon as its queue is
 * lost. So a cancelled job takes the way of all jobs, through run_job, rather than
 * the one the scheduler has for entities that are killed, which differs from
 * kernel to kernel, races with the entity's worker in some and leaks in others. A
 * job may also wait for another of the same submit, whose fence does not exist
 * before it is armed, when nothing may fail any more; and a submit with 4,096
 * waits does not search a list 4,096 times.
 *
 * A job with buffers is freed by a worker: putting one takes its reservation lock,
 * which nobody on the way to signalling a fence, as who completes a job is, may wait
 * for. So is one that has anything else which takes more than freeing memory.
 */
#include <linux/slab.h>
#include <linux/sort.h>

#include "figment_compat.h"
#include "figment_drv.h"
#include "figment_trace.h"

static void figment_job_free_all(struct work_struct *work);

static LLIST_HEAD(figment_dead_jobs);
static DECLARE_WORK(figment_dead_work, figment_job_free_all);

/* In any context. The caller holds the job's queue, or none of its locks. */
static void figment_job_free(struct figment_job *job)
{
	struct figment_fence *fence = job->fence;

	atomic_dec(&job->queue->client->jobs);
	atomic64_sub(job->bytes, &job->queue->client->job_bytes);
	figment_queue_put(job->queue);
	/* Its ready fence may be looked at for a while. */
	if (job->scheduled)
		kfree_rcu(job, rcu);
	else
		kfree(job);
	/* Last, as it may be what holds this code. */
	if (fence)
		dma_fence_put(&fence->base);
}

static void figment_job_fini(struct figment_job *job)
{
	u32 i;

	for (i = 0; i < job->num_deps; i++) {
		if (job->awaited)
			dma_fence_remove_callback(job->deps[i].fence, &job->deps[i].cb);
		dma_fence_put(job->deps[i].fence);
	}
	/* Of those callbacks, the last one may have started it. */
	if (job->scheduled)
		hrtimer_cancel(&job->timer);
	for (i = 0; i < job->num_refs; i++)
		drm_gem_object_put(&job->refs[i].bo->base.base);
	kvfree(job->refs);
	kvfree(job->deps);
	kvfree(job->cmds);
}

static void figment_job_free_all(struct work_struct *work)
{
	struct llist_node *list = llist_del_all(&figment_dead_jobs);
	struct figment_job *job, *next;

	llist_for_each_entry_safe(job, next, list, free) {
		figment_job_fini(job);
		figment_job_free(job);
		cond_resched();
	}
}

static void figment_job_release(struct kref *ref)
{
	struct figment_job *job = container_of(ref, struct figment_job, ref);

	if (!job->scheduled && !job->refs && !job->deps && !job->cmds)
		figment_job_free(job);
	else if (llist_add(&job->free, &figment_dead_jobs))
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

static const char *figment_ready_driver_name(struct dma_fence *fence)
{
	return "figment";
}

static const char *figment_ready_timeline_name(struct dma_fence *fence)
{
	return "ready";
}

static void figment_ready_release(struct dma_fence *fence)
{
	figment_job_put(container_of(fence, struct figment_job, ready));
}

/* None but the scheduler ever gets to see one. */
static const struct dma_fence_ops figment_ready_ops = {
	.get_driver_name = figment_ready_driver_name,
	.get_timeline_name = figment_ready_timeline_name,
	.release = figment_ready_release,
};

static enum hrtimer_restart figment_job_delayed(struct hrtimer *timer)
{
	dma_fence_signal(&container_of(timer, struct figment_job, timer)->ready);
	return HRTIMER_NORESTART;
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

	kref_init(&job->ref);
	INIT_LIST_HEAD(&job->link);
	INIT_LIST_HEAD(&job->unread);
	figment_queue_get(queue);
	job->queue = queue;
	return job;

err_job:
	kfree(job);
err_count:
	atomic_dec(&client->jobs);
	return ERR_PTR(ret);
}

/**
 * figment_job_charge - count what a job keeps for as long as it exists
 * @job: the job
 * @bytes: how much more
 *
 * A job may be a thousand times as large as another, so that a number of jobs is no
 * bound on memory. Return: 0, or -EBUSY if the client's jobs have too much.
 */
int figment_job_charge(struct figment_job *job, u64 bytes)
{
	struct figment_client *client = job->queue->client;

	if (atomic64_add_return(bytes, &client->job_bytes) > FIGMENT_MAX_CLIENT_BYTES) {
		atomic64_sub(bytes, &client->job_bytes);
		return -EBUSY;
	}
	job->bytes += bytes;
	return 0;
}

/**
 * figment_job_abandon - end a job that has not been armed
 * @job: the job
 */
void figment_job_abandon(struct figment_job *job)
{
	if (job->scheduled) {
		drm_sched_job_cleanup(&job->base);
		atomic_dec(&job->queue->scheduled);
	}
	figment_fence_free(job->fence);
	job->fence = NULL;
	figment_job_put(job);
}

/**
 * figment_job_route - decide whether a job takes the way through the scheduler
 * @job: the job, with all that it waits for, under its client's submit_lock
 *
 * Jobs of one queue are to be routed in order. May sleep.
 */
int figment_job_route(struct figment_job *job)
{
	struct figment_queue *queue = job->queue;
	struct figment_client *client = queue->client;
	int ret;

	if (!job->num_deps && !queue->fault.active && !atomic_read(&queue->scheduled) &&
	    READ_ONCE(queue->num_running) < FIGMENT_QUEUE_DEPTH)
		return 0;
	ret = figment_sched_job_init(&job->base, &queue->entity, client, client->id);
	if (ret)
		return ret;
	spin_lock_init(&job->ready_lock);
	figment_hrtimer_setup(&job->timer, figment_job_delayed);
	job->scheduled = true;
	atomic_inc(&queue->scheduled);
	return 0;
}

/**
 * figment_job_arm - give a job its fences; cannot fail
 * @job: the job, numbered and routed
 */
void figment_job_arm(struct figment_job *job)
{
	struct figment_queue *queue = job->queue;

	figment_fence_arm(job->fence, queue->engine, queue->fence_context, job->seqno);
	if (!job->scheduled)
		return;
	drm_sched_job_arm(&job->base);
	/* One for the scheduler, one for this fence. */
	figment_job_get(job);
	dma_fence_init(&job->ready, &figment_ready_ops, &job->ready_lock,
		       queue->fence_context + 1, job->seqno);
}

/* A fence of its own queue, whose jobs are executed one after the other. */
static bool figment_job_follows(const struct figment_job *job, const struct dma_fence *fence)
{
	return figment_queue_in_order(job->queue) &&
	       fence->context == job->queue->fence_context;
}

/* Of those that are alike in this the last is enough: a context's fences are in order. */
static u64 figment_dep_key(const struct figment_dep *dep)
{
	return dep->fence ? dep->fence->context : (u64)dep->from << 32 | dep->signal;
}

static bool figment_dep_alike(const struct figment_dep *x, const struct figment_dep *y)
{
	return !x->fence == !y->fence && figment_dep_key(x) == figment_dep_key(y);
}

static int figment_dep_cmp(const void *a, const void *b)
{
	const struct figment_dep *x = a, *y = b;

	if (!x->fence != !y->fence)
		return x->fence ? 1 : -1;
	if (!figment_dep_alike(x, y))
		return figment_dep_key(x) > figment_dep_key(y) ? 1 : -1;
	if (x->fence == y->fence)
		return 0;
	return dma_fence_is_later(x->fence, y->fence) ? 1 : -1;
}

static void figment_job_merge_deps(struct figment_job *job)
{
	u32 i, kept = 0;

	if (job->num_deps)
		sort(job->deps, job->num_deps, sizeof(*job->deps), figment_dep_cmp, NULL);
	for (i = 0; i < job->num_deps; i++) {
		if (i + 1 < job->num_deps && figment_dep_alike(&job->deps[i], &job->deps[i + 1]))
			dma_fence_put(job->deps[i].fence);
		else
			job->deps[kept++] = job->deps[i];
	}
	job->num_deps = kept;
}

/*
 * Thousands of buffers that thousands of queues read have millions of fences, but
 * these have thousands of contexts, which is what there comes to be room for.
 */
static int figment_job_make_room(struct figment_job *job)
{
	u32 max = max(4u, job->max_deps * 2);
	struct figment_dep *deps;
	int ret;

	if (job->num_deps < job->max_deps)
		return 0;
	figment_job_merge_deps(job);
	if (job->num_deps < job->max_deps / 2)
		return 0;
	ret = figment_job_charge(job, (u64)(max - job->max_deps) * sizeof(*deps));
	if (ret)
		return ret;
	deps = kvmalloc_array(max, sizeof(*deps), GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!deps)
		return -ENOMEM;
	if (job->num_deps)
		memcpy(deps, job->deps, job->num_deps * sizeof(*deps));
	kvfree(job->deps);
	job->deps = deps;
	job->max_deps = max;
	return 0;
}

/**
 * figment_job_add_dep - have a job wait
 * @job: the job, not armed
 * @fence: what for; the reference is taken over, also on failure
 * @from: if @fence is NULL, what for: that job of the same submit
 * @signal: and if not 0, the timeline point that this signal of its is for
 */
int figment_job_add_dep(struct figment_job *job, struct dma_fence *fence, u32 from, u32 signal)
{
	const struct figment_dep *last = job->num_deps ? &job->deps[job->num_deps - 1] : NULL;
	int ret;

	/* Buffers that are used together have their fences in common. */
	if ((last && last->fence == fence && last->from == from && last->signal == signal) ||
	    (fence && (dma_fence_is_signaled(fence) || figment_job_follows(job, fence)))) {
		dma_fence_put(fence);
		return 0;
	}
	ret = figment_job_make_room(job);
	if (ret) {
		dma_fence_put(fence);
		return ret;
	}
	job->deps[job->num_deps++] = (struct figment_dep){
		.fence = fence,
		.from = from,
		.signal = signal,
	};
	return 0;
}

/* One thing less to wait for. Runs within fences' callbacks: takes no queue's lock. */
static void figment_job_less(struct figment_job *job)
{
	if (!atomic_dec_and_test(&job->num_waiting))
		return;
	if (job->fault.run_ns)
		hrtimer_start(&job->timer, ns_to_ktime(job->fault.run_ns), HRTIMER_MODE_REL);
	else
		dma_fence_signal(&job->ready);
}

static void figment_job_dep_signalled(struct dma_fence *fence, struct dma_fence_cb *cb)
{
	figment_job_less(container_of(cb, struct figment_dep, cb)->job);
}

static void figment_job_await(struct figment_job *job)
{
	u32 i;

	job->awaited = true;
	atomic_set(&job->num_waiting, 1);
	for (i = 0; i < job->num_deps; i++) {
		struct figment_dep *dep = &job->deps[i];

		dep->job = job;
		atomic_inc(&job->num_waiting);
		if (dma_fence_add_callback(dep->fence, &dep->cb, figment_job_dep_signalled))
			atomic_dec(&job->num_waiting);
	}
	figment_job_less(job);
}

/* Called for a queue's next job until it returns NULL: then the job is run. */
static struct dma_fence *figment_job_prepare(struct drm_sched_job *base,
					     struct drm_sched_entity *entity)
{
	struct figment_job *job = to_figment_job(base);
	struct figment_queue *queue = job->queue;
	bool lost;

	if (!job->num_deps && !job->fault.run_ns)
		return NULL;
	spin_lock(&queue->lock);
	lost = queue->error;
	queue->waiting = job;
	spin_unlock(&queue->lock);
	if (!lost && !job->awaited)
		figment_job_await(job);
	if (lost || dma_fence_is_signaled(&job->ready))
		return NULL;
	return dma_fence_get(&job->ready);
}

/*
 * The engine gets the job, and a reference. Return: whether the caller, who offers to
 * execute what is small, got the turn.
 */
static bool figment_job_run_locked(struct figment_job *job, bool offer)
{
	struct figment_queue *queue = job->queue;
	bool first = list_empty(&queue->running), turn = false;

	lockdep_assert_held(&queue->lock);
	job->run_time = ktime_get();
	list_add_tail(&job->link, &queue->running);
	queue->num_running++;
	trace_figment_job_run(job);
	/* Behind one that a ring has yet to let go of, it is cancelled with that. */
	if (queue->error && first)
		figment_job_done_locked(job, figment_queue_cancelled(queue));
	else if (queue->engine == FIGMENT_HOST)
		figment_host_run_locked(job);
	else
		turn = figment_ring_run_locked(job, offer);
	return turn;
}

/* From the scheduler's worker. */
static struct dma_fence *figment_job_run(struct drm_sched_job *base)
{
	struct figment_job *job = to_figment_job(base);
	struct figment_queue *queue = job->queue;
	bool cookie = dma_fence_begin_signalling();
	bool turn;

	/* The scheduler's. */
	dma_fence_get(&job->fence->base);
	figment_job_get(job);

	spin_lock(&queue->lock);
	queue->waiting = NULL;
	turn = figment_job_run_locked(job, true);
	/* Later ones need not come this way. */
	atomic_dec(&queue->scheduled);
	spin_unlock(&queue->lock);
	if (turn)
		figment_ring_turn(queue, FIGMENT_SMALL);

	dma_fence_end_signalling(cookie);
	return &job->fence->base;
}

/**
 * figment_job_start - run a job, or hand it to the scheduler; cannot fail
 * @job: the job, armed, whose queue the caller holds; it may be gone afterwards
 *
 * The engine's own thread executes it. A submit that did so would be faster for what
 * is small, and no test of whoever forgets to wait for it.
 */
void figment_job_start(struct figment_job *job)
{
	struct figment_queue *queue = job->queue;

	if (job->scheduled) {
		drm_sched_entity_push_job(&job->base);
		return;
	}
	spin_lock(&queue->lock);
	figment_job_run_locked(job, false);
	spin_unlock(&queue->lock);
}

/**
 * figment_job_done_locked - a job has been executed: signal its fence
 * @job: the job, first in its queue's running, whose reference is dropped
 * @error: a negative errno or 0
 *
 * The caller holds the queue, which the job may have been the last to do.
 */
void figment_job_done_locked(struct figment_job *job, int error)
{
	struct figment_queue *queue = job->queue;

	lockdep_assert_held(&queue->lock);
	list_del_init(&job->link);
	list_del_init(&job->unread);
	queue->num_running--;
	queue->completed = job->seqno;
	/* A ring counts for itself what time it gives to whom. */
	if (queue->engine == FIGMENT_HOST) {
		ktime_t since = max(job->run_time, queue->last_done);

		queue->last_done = ktime_get();
		atomic64_add(ktime_to_ns(ktime_sub(queue->last_done, since)),
			     &queue->client->busy_ns[FIGMENT_HOST]);
	}
	trace_figment_job_done(job, error);
	if (error)
		dma_fence_set_error(&job->fence->base, error);
	dma_fence_signal(&job->fence->base);
	figment_job_put(job);
}

/* In process context: what holds no buffers needs no other worker. */
static void figment_job_release_sched(struct kref *ref)
{
	struct figment_job *job = container_of(ref, struct figment_job, ref);

	if (job->num_refs) {
		figment_job_release(ref);
		return;
	}
	figment_job_fini(job);
	figment_job_free(job);
}

static void figment_job_free_sched(struct drm_sched_job *base)
{
	struct figment_job *job = to_figment_job(base);

	drm_sched_job_cleanup(base);
	dma_fence_put(&job->ready);
	kref_put(&job->ref, figment_job_release_sched);
}

const struct drm_sched_backend_ops figment_sched_ops = {
	FIGMENT_SCHED_PREPARE(figment_job_prepare),
	.run_job = figment_job_run,
	.free_job = figment_job_free_sched,
};

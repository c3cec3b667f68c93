// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: the copy engine's rings
 *
 * N threads, and the queues that have something for them to do. A queue gets a
 * turn: a ring executes its jobs, in order, until a slice of time is over and
 * others wait, and then it queues up again. So a long job, which stops between
 * two chunks and goes on where it was, delays nobody by more than a slice, and
 * any ring serves any queue.
 *
 * A job that is small, and before which its queue has nothing left to do, is not
 * worth waking a ring for if it is the scheduler's worker that has just found it
 * runnable: that executes it itself, as a ring would, and what else is in the queue
 * by then as far as that is small together.
 *
 * Whose turn it is, is decided by when it is due: a moment after the queue came,
 * which is later for a low priority and now for a high one. A higher priority
 * goes first, but starves nobody, since with every slice the others' turns come
 * nearer.
 *
 * A queue whose job pauses (a DELAY, an injected delay, a hang) leaves its ring,
 * and a timer brings it back. A job may take so long, pauses included but not the
 * turns of others, and then loses its queue.
 *
 * Who has the turn of a queue may touch its running jobs: its ring, its timer, or
 * whoever took it off the list. figment_ring_lose_locked() takes it from the
 * latter two; a ring notices by itself.
 */
#include <linux/kthread.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include "figment_compat.h"
#include "figment_ring.h"

#define FIGMENT_SLICE_NS	(5 * NSEC_PER_MSEC)

/* How long after it came a queue's turn is due. */
static const u64 figment_ring_slack_ns[FIGMENT_NUM_PRIORITIES] = {
	[DRM_FIGMENT_PRIORITY_LOW] = 200 * NSEC_PER_MSEC,
	[DRM_FIGMENT_PRIORITY_NORMAL] = 20 * NSEC_PER_MSEC,
	[DRM_FIGMENT_PRIORITY_HIGH] = 0,
};

/* Whoever calls this has the queue's turn. May be called in an interrupt. */
static void figment_ring_push(struct figment_queue *queue)
{
	struct figment_device *fdev = queue->fdev;
	unsigned long flags;

	spin_lock_irqsave(&fdev->ring_lock, flags);
	queue->turn_due = ktime_add_ns(ktime_get(), figment_ring_slack_ns[queue->priority]);
	list_add_tail(&queue->turn_link, &fdev->ring_ready[queue->priority]);
	spin_unlock_irqrestore(&fdev->ring_lock, flags);
	wake_up(&fdev->ring_wait);
}

/* Each list is in the order of when its queues are due. */
static struct figment_queue *figment_ring_pop(struct figment_device *fdev)
{
	struct figment_queue *best = NULL;
	int i;

	spin_lock_irq(&fdev->ring_lock);
	for (i = FIGMENT_NUM_PRIORITIES - 1; i >= 0; i--) {
		struct figment_queue *queue =
			list_first_entry_or_null(&fdev->ring_ready[i], struct figment_queue,
						 turn_link);

		if (queue && (!best || ktime_before(queue->turn_due, best->turn_due)))
			best = queue;
	}
	if (best)
		list_del_init(&best->turn_link);
	spin_unlock_irq(&fdev->ring_lock);
	return best;
}

/* Takes a queue's turn back, unless a ring has it. */
static bool figment_ring_take(struct figment_queue *queue)
{
	struct figment_device *fdev = queue->fdev;
	/*
	 * Waits for its callback, which takes none but the ring's lock: it may have just
	 * put the queue on the list, and a ring have started the timer again since.
	 */
	bool stopped = hrtimer_cancel(&queue->timer);
	bool taken;

	spin_lock_irq(&fdev->ring_lock);
	taken = !list_empty(&queue->turn_link);
	list_del_init(&queue->turn_link);
	spin_unlock_irq(&fdev->ring_lock);
	return taken || stopped;
}

static bool figment_ring_contended(struct figment_device *fdev)
{
	int i;

	for (i = 0; i < FIGMENT_NUM_PRIORITIES; i++) {
		if (!list_empty(&fdev->ring_ready[i]))
			return true;
	}
	return false;
}

/* The time since the last look was this job's. */
static void figment_ring_charge(struct figment_turn *turn, struct figment_job *job)
{
	ktime_t now = ktime_get();
	s64 ns = ktime_to_ns(ktime_sub(now, turn->looked));

	turn->looked = now;
	job->budget_ns -= ns;
	atomic64_add(ns, &job->queue->client->busy_ns[FIGMENT_COPY]);
}

/**
 * figment_ring_look - between two chunks: should this go on?
 * @turn: the turn
 * @job: the job
 *
 * Return: 0 to go on, FIGMENT_YIELD to go on in another turn, or the negative errno
 * the job fails with.
 */
int figment_ring_look(struct figment_turn *turn, struct figment_job *job)
{
	cond_resched();
	figment_ring_charge(turn, job);
	turn->left = FIGMENT_CHUNK;
	if (READ_ONCE(job->queue->error))
		return figment_queue_cancelled(job->queue);
	if (job->budget_ns <= 0) {
		/* Whoever sees the fence's error is to find the queue lost already. */
		figment_queue_lose(job->queue, -ETIMEDOUT, true);
		return -ETIMEDOUT;
	}
	if (ktime_before(turn->looked, turn->end))
		return 0;
	if (figment_ring_contended(job->queue->fdev))
		return FIGMENT_YIELD;
	turn->end = ktime_add_ns(turn->looked, FIGMENT_SLICE_NS);
	return 0;
}

static void figment_ring_cancel_locked(struct figment_queue *queue)
{
	struct figment_job *job, *next;

	list_for_each_entry_safe(job, next, &queue->running, link)
		figment_job_done_locked(job, figment_queue_cancelled(queue));
	queue->turn = false;
}

/* The queue leaves the ring until its job goes on, or has used up its time. */
static void figment_ring_pause_locked(struct figment_job *job)
{
	/* The last chunk before the pause may have taken more than there was. */
	u64 left = max_t(s64, job->budget_ns, 0);
	u64 ns = min(job->pause_ns, left);

	job->budget_ns -= ns;
	hrtimer_start(&job->queue->timer, ns_to_ktime(ns), HRTIMER_MODE_REL);
}

static int figment_ring_execute(struct figment_turn *turn, struct figment_job *job)
{
	int ret = figment_ring_look(turn, job);

	if (!ret)
		ret = figment_copy_execute(job, turn);
	figment_ring_charge(turn, job);
	return ret;
}

static bool figment_ring_has_room_locked(struct figment_queue *queue, struct figment_turn *turn)
{
	return !list_empty(&queue->running) &&
	       list_first_entry(&queue->running, struct figment_job, link)->weight <= turn->room;
}

/* Executes the queue's first job. Return: whether the turn goes on. */
static bool figment_ring_one_locked(struct figment_queue *queue, struct figment_turn *turn)
{
	struct figment_job *job = list_first_entry(&queue->running, struct figment_job, link);
	int ret;

	spin_unlock(&queue->lock);
	ret = figment_ring_execute(turn, job);
	spin_lock(&queue->lock);
	if (ret <= 0) {
		turn->room -= job->weight;
		figment_job_done_locked(job, ret);
		return ktime_before(turn->looked, turn->end) ||
		       !figment_ring_contended(queue->fdev);
	}
	if (ret == FIGMENT_PAUSE && !queue->error)
		figment_ring_pause_locked(job);
	turn->paused = ret == FIGMENT_PAUSE;
	return false;
}

/**
 * figment_ring_turn - execute a queue's jobs for a while
 * @queue: the queue, whose turn the caller has
 * @room: what they may weigh; a ring does the rest
 */
void figment_ring_turn(struct figment_queue *queue, u64 room)
{
	struct figment_turn turn = { .looked = ktime_get(), .room = room };
	bool cookie = dma_fence_begin_signalling();

	turn.end = ktime_add_ns(turn.looked, FIGMENT_SLICE_NS);
	/* A job is running, or there would be no turn: it keeps the queue so far. */
	figment_queue_get(queue);
	spin_lock(&queue->lock);
	while (!queue->error && figment_ring_has_room_locked(queue, &turn) &&
	       figment_ring_one_locked(queue, &turn))
		;
	if (queue->error)
		figment_ring_cancel_locked(queue);
	else if (list_empty(&queue->running))
		queue->turn = false;
	else if (!turn.paused)
		figment_ring_push(queue);
	spin_unlock(&queue->lock);
	dma_fence_end_signalling(cookie);
	figment_queue_put(queue);
}

static int figment_ring_thread(void *data)
{
	struct figment_device *fdev = data;
	struct figment_queue *queue;

	while (!kthread_should_stop()) {
		queue = NULL;
		wait_event_idle_exclusive(fdev->ring_wait,
					  (queue = figment_ring_pop(fdev)) ||
					  kthread_should_stop());
		if (!queue)
			continue;
		/* What was to wake another ring may have found this one, still waking up. */
		if (figment_ring_contended(fdev))
			wake_up(&fdev->ring_wait);
		figment_ring_turn(queue, U64_MAX);
	}
	return 0;
}

static enum hrtimer_restart figment_ring_resume(struct hrtimer *timer)
{
	figment_ring_push(container_of(timer, struct figment_queue, timer));
	return HRTIMER_NORESTART;
}

/**
 * figment_ring_run_locked - a job is runnable
 * @job: the job, last in its queue's running
 * @offer: the caller may sleep, once it holds no lock, and would execute small ones
 *
 * Return: whether the caller has got the queue's turn, and has to call
 * figment_ring_turn().
 */
bool figment_ring_run_locked(struct figment_job *job, bool offer)
{
	struct figment_queue *queue = job->queue;

	lockdep_assert_held(&queue->lock);
	job->budget_ns = (s64)figment_job_timeout_ms() * NSEC_PER_MSEC;
	if (queue->turn)
		return false;
	queue->turn = true;
	if (offer && job->weight <= FIGMENT_SMALL)
		return true;
	figment_ring_push(queue);
	return false;
}

/* The queue is lost: complete what is running, unless a ring is going to. */
void figment_ring_lose_locked(struct figment_queue *queue)
{
	lockdep_assert_held(&queue->lock);
	if (queue->turn && figment_ring_take(queue))
		figment_ring_cancel_locked(queue);
}

void figment_ring_init_queue(struct figment_queue *queue)
{
	INIT_LIST_HEAD(&queue->turn_link);
	figment_hrtimer_setup(&queue->timer, figment_ring_resume);
}

/**
 * figment_ring_init - make the rings
 * @fdev: the device
 * @rings: how many, 1 to FIGMENT_MAX_RINGS
 *
 * On failure figment_ring_fini() ends those that were made.
 */
int figment_ring_init(struct figment_device *fdev, unsigned int rings)
{
	struct task_struct *task;
	unsigned int i;

	for (i = 0; i < rings; i++) {
		task = kthread_run(figment_ring_thread, fdev, "figment%u-copy%u",
				   fdev->index, i);
		if (IS_ERR(task))
			return PTR_ERR(task);
		fdev->rings[fdev->num_rings++] = task;
	}
	return 0;
}

/* There are no queues left, and so no jobs. */
void figment_ring_fini(struct figment_device *fdev)
{
	while (fdev->num_rings)
		kthread_stop(fdev->rings[--fdev->num_rings]);
}

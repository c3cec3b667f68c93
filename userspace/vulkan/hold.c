// SPDX-License-Identifier: MIT
/**
 * DOC: jobs that wait for what nobody has submitted yet
 *
 * Vulkan lets a submit wait for a timeline's point before there is anything to
 * signal it, and vkQueueSubmit must not wait for that. The kernel wants a fence for
 * each wait. Between the two stands a thread, made when it is first needed, which
 * holds such a job until the fences are there, and with it all that is submitted
 * to the same queue after it, to keep their order.
 *
 * What a held job signals has no fence either, so others that wait for it, here or
 * in another process, see it as not submitted yet. If the queue is lost it is
 * signalled for good, since nobody else would.
 */
#include <drm.h>
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "shim.h"

/*
 * Without timelines, the kernel cannot be asked to wait for a fence to be there,
 * only for it to signal. That is later, but the job could not run before then.
 */
static uint32_t available(const struct device *dev)
{
	return DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT |
	       (dev->timeline ? DRM_SYNCOBJ_WAIT_FLAGS_WAIT_AVAILABLE : 0);
}

static bool has_fence(struct device *dev, const struct drm_figment_sync *sync)
{
	const uint64_t point = sync->point;

	/* Without WAIT_FOR_SUBMIT a missing fence is an error rather than a reason to wait. */
	return figment_syncobj_wait(dev->fd, &sync->handle, point ? &point : NULL, 1, 0, 0,
				    NULL) != -EINVAL;
}

bool hold_is_needed(struct device *dev, const struct job *job)
{
	for (uint32_t i = 0; i < job->wait_count; i++) {
		if (job->origins[i].kind == WAIT_UNSUBMITTED ||
		    (job->origins[i].kind != WAIT_MOVED && !has_fence(dev, &job->waits[i])))
			return true;
	}
	return false;
}

/**
 * hold_is_needed_after_all() - whether a job was submitted in vain
 * @job: the job, which need not have been held
 * @ret: what came of it
 *
 * What it waits for had a fence, but whoever else has that timeline can reset it at
 * any time. It is then waited for as though it had never been there. Nor is a job an
 * error that the kernel has no room for, since there is as soon as others are done.
 */
bool hold_is_needed_after_all(const struct job *job, int ret)
{
	for (uint32_t i = 0; ret == -EINVAL && i < job->wait_count; i++) {
		if (job->origins[i].kind == WAIT_BORROWED)
			return true;
	}
	return ret == -EBUSY;
}

static bool has_stopped(struct queue *queue)
{
	bool stop;

	pthread_mutex_lock(&queue->lock);
	stop = queue->stop;
	pthread_mutex_unlock(&queue->lock);
	return stop;
}

/*
 * Until a wait has a fence, or the queue stops. Of an unplugged device neither is told
 * to who waits already, so this is cut into slices.
 */
static int wait_for_fence(struct queue *queue, const struct drm_figment_sync *sync)
{
	const uint32_t syncobjs[2] = { sync->handle, queue->kick };
	const uint64_t points[2] = { sync->point, 0 };
	struct device *dev = queue->dev;
	int ret;

	do {
		ret = figment_syncobj_wait(dev->fd, syncobjs, dev->timeline ? points : NULL, 2,
					   clock_now() + SYNC_SLICE_NS, available(dev), NULL);
	} while (ret == -ETIME && !has_stopped(queue));
	return ret;
}

/*
 * Of a payload that others have too the fence is taken before the job is submitted: its
 * signals may be of that payload, by whatever name, or lead to one of somebody else's.
 */
static int wait_for_fences(struct queue *queue, struct job *job)
{
	for (uint32_t i = 0; i < job->wait_count; i++) {
		struct drm_figment_sync *sync = &job->waits[i];
		uint32_t own;
		int ret;

		do {
			ret = wait_for_fence(queue, sync);
			if (ret || has_stopped(queue))
				return ret;
			if (job->origins[i].kind != WAIT_UNSUBMITTED)
				break;
			ret = syncobj_move(queue->dev, sync->handle, &own);
		} while (ret == -EINVAL);
		if (ret)
			return ret;
		if (job->origins[i].kind == WAIT_UNSUBMITTED) {
			sync->handle = own;
			job->origins[i].kind = WAIT_MOVED;
		}
	}
	return 0;
}

/* Until some job is done, or for a moment: there is not always one of this queue's. */
static void wait_for_room(struct queue *queue)
{
	const int64_t at = clock_now() + 10000000;
	const struct timespec until = { at / 1000000000, at % 1000000000 };

	pthread_cond_timedwait(&queue->changed, &queue->lock, &until);
}

static void signal_all(struct device *dev, const struct job *job)
{
	for (uint32_t i = 0; i < job->signal_count; i++)
		figment_syncobj_signal(dev->fd, job->signals[i].handle, job->signals[i].point);
}

static void *hold(void *arg)
{
	struct queue *queue = arg;
	struct device *dev = queue->dev;
	struct job *job, *next;
	int ret = 0;

	pthread_mutex_lock(&queue->lock);
	while (!queue->stop && !ret) {
		job = queue->held.first;
		if (!job) {
			pthread_cond_wait(&queue->hold_more, &queue->lock);
			continue;
		}
		/* It stays first, so that what comes after it is held too. */
		pthread_mutex_unlock(&queue->lock);
		ret = wait_for_fences(queue, job);
		pthread_mutex_lock(&queue->lock);
		if (queue->stop || ret)
			break;
		next = job->next;
		ret = queue_submit_locked(queue, job);
		if (hold_is_needed_after_all(job, ret)) {
			if (ret == -EBUSY)
				wait_for_room(queue);
			ret = 0;
			continue;
		}
		queue->held.first = next;
		if (ret) {
			signal_all(dev, job);
			queue_forget_locked(queue, job);
		}
	}
	pthread_mutex_unlock(&queue->lock);
	if (ret)
		device_lose(dev);

	pthread_mutex_lock(&queue->lock);
	while ((job = job_list_pop(&queue->held))) {
		signal_all(dev, job);
		queue_forget_locked(queue, job);
	}
	pthread_mutex_unlock(&queue->lock);
	return NULL;
}

/* The last of a queue's held jobs that signals a syncobj, and which signal that is. */
static struct job *last_signaller_locked(struct queue *queue, uint32_t syncobj, uint32_t *which)
{
	struct job *last = NULL;

	for (struct job *job = queue->held.first; job; job = job->next) {
		for (uint32_t i = 0; i < job->signal_count; i++) {
			if (!job->signals[i].point && job->signals[i].handle == syncobj) {
				last = job;
				*which = i;
			}
		}
	}
	return last;
}

/**
 * hold_redirect() - take a signal that is still held away from a syncobj
 * @dev: the device
 * @syncobj: what a held job is to signal
 * @instead: what it signals now, and owns; 0 to see only whether there is one
 *
 * Return: whether there is such a job
 */
bool hold_redirect(struct device *dev, uint32_t syncobj, uint32_t instead)
{
	struct job *job = NULL;

	for (uint32_t i = 0; !job && i < dev->queue_count; i++) {
		uint32_t which;

		pthread_mutex_lock(&dev->queues[i]->lock);
		job = last_signaller_locked(dev->queues[i], syncobj, &which);
		if (job && instead) {
			job->signals[which].handle = instead;
			job->owned[which] = instead;
		}
		pthread_mutex_unlock(&dev->queues[i]->lock);
	}
	return job;
}

static int start(struct queue *queue)
{
	int ret = figment_syncobj_create(queue->dev->fd, false, &queue->kick);

	if (ret)
		return ret;
	ret = thread_start(&queue->hold_thread, "figment:hold", hold, queue);
	if (ret)
		figment_syncobj_destroy(queue->dev->fd, queue->kick);
	else
		queue->has_hold_thread = true;
	return ret;
}

/* Called with the queue's lock held. */
int hold_locked(struct queue *queue, struct job *job)
{
	int ret = queue->has_hold_thread ? 0 : start(queue);

	if (ret)
		return ret;
	job_list_add(&queue->held, job);
	pthread_cond_signal(&queue->hold_more);
	return 0;
}

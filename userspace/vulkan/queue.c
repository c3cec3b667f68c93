// SPDX-License-Identifier: MIT
/**
 * DOC: VkQueue
 *
 * lavapipe's VkQueue and one of the kernel's host queues. A job goes from list to
 * list:
 *
 *	vkQueueSubmit ──► held ──► submitted ──► running ──► complete
 *	         └────────────────────┘
 *
 * It is held while it waits for what nobody has submitted yet (hold.c). The kernel
 * then waits for all it waits for. When it is runnable, lavapipe gets it, and when
 * lavapipe is done with it, it is completed (executor.c), upon which the kernel
 * signals its fences. The kernel keeps the order, and bounds how long a job may
 * run.
 *
 * lavapipe gets a job only when it can run. So nothing in lavapipe ever waits for
 * another queue or process, its own ways of waiting for all it was given do not
 * hang, and when a queue is lost, what has not begun is never executed.
 *
 * A queue that is lost stops: its lists are emptied by the threads that move them
 * on, which then end, and are joined when it is destroyed.
 */
#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "shim.h"

void job_list_add(struct job_list *list, struct job *job)
{
	job->next = NULL;
	if (list->first)
		list->last->next = job;
	else
		list->first = job;
	list->last = job;
}

struct job *job_list_pop(struct job_list *list)
{
	struct job *job = list->first;

	if (job)
		list->first = job->next;
	return job;
}

/* Under the lock, so that the executor does not meet a job it does not know. */
int queue_submit_locked(struct queue *queue, struct job *job)
{
	struct drm_figment_job args = {
		.queue = queue->id,
		.waits = FIGMENT_ARRAY(job->waits, job->wait_count),
		.signals = FIGMENT_ARRAY(job->signals, job->signal_count),
	};
	int ret = figment_submit(queue->dev->fd, &args, 1);

	if (ret)
		return ret;
	job->seqno = args.seqno;
	queue->latest = args.seqno;
	job_release_waits(queue->dev, job);
	job_list_add(&queue->submitted, job);
	return 0;
}

/**
 * queue_add() - submit a job, or hold it
 * @queue: the queue
 * @job: the job, the queue's if this succeeds
 */
int queue_add(struct queue *queue, struct job *job)
{
	int ret;

	pthread_mutex_lock(&queue->lock);
	if (queue->stop)
		ret = -ECANCELED;
	else if (queue->held.first || hold_is_needed(queue->dev, job))
		ret = hold_locked(queue, job);
	else
		ret = queue_submit_locked(queue, job);
	if (hold_is_needed_after_all(job, ret))
		ret = hold_locked(queue, job);
	if (!ret)
		queue->outstanding++;
	pthread_mutex_unlock(&queue->lock);
	return ret;
}

/* A job is complete, or never will be; it is on no list. */
void queue_forget_locked(struct queue *queue, struct job *job)
{
	queue->outstanding--;
	queue->finished++;
	pthread_cond_broadcast(&queue->changed);
	job_free(queue->dev, job);
}

/* Where faults are injected the kernel may keep a completed job's fences back. */
static void wait_for_kernel(struct queue *queue, uint64_t seqno)
{
	const struct timespec a_little = { .tv_nsec = 500000 };
	struct drm_figment_queue_query query;

	while (!figment_queue_query(queue->dev->fd, queue->id, &query) &&
	       !(query.state & DRM_FIGMENT_QUEUE_LOST) && query.completed < seqno)
		nanosleep(&a_little, NULL);
}

/* Until all is complete that was submitted, or the device is lost. */
void queue_wait_idle(struct queue *queue)
{
	uint64_t seqno;

	pthread_mutex_lock(&queue->lock);
	while (queue->outstanding && !queue->stop)
		pthread_cond_wait(&queue->changed, &queue->lock);
	seqno = queue->stop ? 0 : queue->latest;
	pthread_mutex_unlock(&queue->lock);
	if (seqno)
		wait_for_kernel(queue, seqno);
}

/* Until lavapipe has nothing of a lost queue in hand, or the deadline. */
void queue_wait_stopped(struct queue *queue, int64_t deadline)
{
	const struct timespec until = { deadline / 1000000000, deadline % 1000000000 };
	int ret = 0;

	pthread_mutex_lock(&queue->lock);
	while (queue->outstanding && !ret)
		ret = pthread_cond_timedwait(&queue->changed, &queue->lock, &until);
	pthread_mutex_unlock(&queue->lock);
}

/**
 * queue_lose() - stop a queue, if it has not stopped yet
 * @queue: its threads end, once lavapipe is done with what it has in hand
 *
 * Its end in the kernel completes its jobs there, and ends the run thread's read.
 */
void queue_lose(struct queue *queue)
{
	bool first;

	pthread_mutex_lock(&queue->lock);
	first = !queue->stop;
	queue->stop = true;
	pthread_cond_broadcast(&queue->changed);
	pthread_cond_broadcast(&queue->run_more);
	pthread_cond_broadcast(&queue->hold_more);
	if (queue->has_hold_thread)
		figment_syncobj_signal(queue->dev->fd, queue->kick, 0);
	pthread_mutex_unlock(&queue->lock);
	if (first)
		figment_queue_destroy(queue->dev->fd, queue->id);
}

/* After queue_lose(). An application waits for its work; else it is waited for here. */
void queue_join(struct queue *queue)
{
	pthread_join(queue->run_thread, NULL);
	pthread_join(queue->done_thread, NULL);
	if (queue->has_hold_thread)
		pthread_join(queue->hold_thread, NULL);
}

static void init_locks(struct queue *queue)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&queue->changed, &attr);
	pthread_cond_init(&queue->run_more, &attr);
	pthread_cond_init(&queue->hold_more, &attr);
	pthread_condattr_destroy(&attr);
	pthread_mutex_init(&queue->lock, NULL);
	pthread_mutex_init(&queue->icd_lock, NULL);
}

static void fini_locks(struct queue *queue)
{
	pthread_cond_destroy(&queue->changed);
	pthread_cond_destroy(&queue->run_more);
	pthread_cond_destroy(&queue->hold_more);
	pthread_mutex_destroy(&queue->lock);
	pthread_mutex_destroy(&queue->icd_lock);
}

static VkResult create_done(struct device *dev, VkSemaphore *done)
{
	const VkSemaphoreTypeCreateInfo type = {
		.sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
		.semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE,
	};
	const VkSemaphoreCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO,
		.pNext = &type,
	};

	return dev->lvp.CreateSemaphore(dev->handle, &info, NULL, done);
}

static int set_faults(struct queue *queue)
{
	struct drm_figment_queue_fault fault = environment_get()->fault;

	if (!environment_has_faults())
		return 0;
	fault.queue = queue->id;
	queue->fails = fault.fail_nth;
	return figment_queue_fault(queue->dev->fd, &fault);
}

VkResult queue_create(struct device *dev, VkQueue handle, uint32_t priority, struct queue **out)
{
	struct queue *queue = calloc(1, sizeof(*queue));
	VkResult result;
	int ret;

	if (!queue)
		return VK_ERROR_OUT_OF_HOST_MEMORY;
	queue->dev = dev;
	queue->handle = handle;
	init_locks(queue);
	result = create_done(dev, &queue->done);
	if (result)
		goto err_free;
	ret = figment_queue_create(dev->fd, DRM_FIGMENT_ENGINE_HOST, priority, 0,
				   &queue->id, &queue->fd);
	if (ret) {
		result = ret == -EACCES ? VK_ERROR_NOT_PERMITTED_KHR :
					  VK_ERROR_INITIALIZATION_FAILED;
		goto err_done;
	}
	ret = set_faults(queue);
	if (ret) {
		result = VK_ERROR_INITIALIZATION_FAILED;
		goto err_queue;
	}
	if (executor_start(queue)) {
		result = VK_ERROR_OUT_OF_HOST_MEMORY;
		goto err_queue;
	}
	if (!table_insert(TABLE_QUEUE, HANDLE(handle), queue)) {
		queue_lose(queue);
		queue_join(queue);
		queue_free(queue);
		return VK_ERROR_OUT_OF_HOST_MEMORY;
	}
	*out = queue;
	return VK_SUCCESS;

err_queue:
	figment_queue_destroy(dev->fd, queue->id);
	close(queue->fd);
err_done:
	dev->lvp.DestroySemaphore(dev->handle, queue->done, NULL);
err_free:
	fini_locks(queue);
	free(queue);
	return result;
}

/* After queue_join() of all queues, as their threads may lose each other's. */
void queue_free(struct queue *queue)
{
	struct device *dev = queue->dev;

	table_remove(TABLE_QUEUE, HANDLE(queue->handle));
	if (queue->has_hold_thread)
		figment_syncobj_destroy(dev->fd, queue->kick);
	close(queue->fd);
	dev->lvp.DestroySemaphore(dev->handle, queue->done, NULL);
	fini_locks(queue);
	free(queue);
}

VkResult figment_vkQueueWaitIdle(VkQueue handle)
{
	struct queue *queue = queue_of(handle);
	struct device *dev = queue->dev;

	if (!device_is_lost(dev))
		queue_wait_idle(queue);
	return device_check_lost(dev) ? device_lost(dev) : VK_SUCCESS;
}

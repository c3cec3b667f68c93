// SPDX-License-Identifier: MIT
/**
 * DOC: the executor
 *
 * Two threads for each queue. One reads runnable jobs from the kernel and gives
 * them to lavapipe; the other waits until lavapipe is done with them and completes
 * them. They are two because both block, the one in read(), the other in lavapipe,
 * and because lavapipe begins the next job while the last is being rasterized. A
 * job without command buffers has nothing to be done for, so the first completes
 * it itself; its fences still signal in their turn, for which the kernel cares.
 *
 * What lavapipe has begun cannot be stopped. If the kernel's watchdog ends the
 * queue meanwhile, the device is lost at once, and the second thread goes on
 * waiting for lavapipe, so that whoever destroys the device can.
 */
#include <errno.h>
#include <signal.h>

#include "shim.h"

/* How often lavapipe is asked whether it has lost its device, rather than to tell. */
#define DONE_TIMEOUT_NS 1000000000ull

/* Signals are the application's. */
int thread_start(pthread_t *thread, const char *name, void *(*fn)(void *), void *arg)
{
	sigset_t all, old;
	int ret;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	ret = pthread_create(thread, NULL, fn, arg);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (!ret)
		pthread_setname_np(*thread, name);
	return -ret;
}

/*
 * With an error the device is lost. It is so before anybody who waits can go on, so
 * that nobody takes the job for done; and stops after it, so that its fences say why.
 */
static void complete(struct queue *queue, struct job *job, int status)
{
	bool failed = status || job->seqno == queue->fails;

	if (failed)
		device_mark_lost(queue->dev);
	/* A lost queue takes nothing more, and has completed everything itself. */
	figment_host_complete(queue->fd, job->seqno, status);
	pthread_mutex_lock(&queue->lock);
	queue_forget_locked(queue, job);
	pthread_mutex_unlock(&queue->lock);
	if (failed)
		device_lose(queue->dev);
}

static VkResult give_to_lavapipe(struct queue *queue, const struct job *job)
{
	const VkSemaphoreSubmitInfo done = {
		.sType = VK_STRUCTURE_TYPE_SEMAPHORE_SUBMIT_INFO,
		.semaphore = queue->done,
		.value = job->seqno,
		.stageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
	};
	const VkSubmitInfo2 info = {
		.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO_2,
		.flags = job->flags,
		.commandBufferInfoCount = job->command_count,
		.pCommandBufferInfos = job->commands,
		.signalSemaphoreInfoCount = 1,
		.pSignalSemaphoreInfos = &done,
	};
	VkResult result;

	pthread_mutex_lock(&queue->icd_lock);
	result = queue->dev->lvp.QueueSubmit2(queue->handle, 1, &info, VK_NULL_HANDLE);
	pthread_mutex_unlock(&queue->icd_lock);
	return result;
}

static void run_next(struct queue *queue)
{
	struct job *job;

	pthread_mutex_lock(&queue->lock);
	job = job_list_pop(&queue->submitted);
	pthread_mutex_unlock(&queue->lock);

	if (!job->command_count) {
		complete(queue, job, 0);
	} else if (give_to_lavapipe(queue, job)) {
		complete(queue, job, -EIO);
	} else {
		pthread_mutex_lock(&queue->lock);
		job_list_add(&queue->running, job);
		pthread_cond_signal(&queue->run_more);
		pthread_mutex_unlock(&queue->lock);
	}
}

/* Jobs become runnable in the order in which they were submitted. */
static void *run(void *arg)
{
	struct drm_figment_host_job ready[16];
	struct queue *queue = arg;
	struct job *job;
	int count;

	do {
		count = figment_host_read(queue->fd, ready, ARRAY_SIZE(ready));
		for (int i = 0; i < count; i++)
			run_next(queue);
	} while (count > 0);

	/* Its own end is no loss; device_lose() asks no more of a queue that stops. */
	pthread_mutex_lock(&queue->lock);
	if (!queue->stop) {
		pthread_mutex_unlock(&queue->lock);
		device_lose(queue->dev);
		pthread_mutex_lock(&queue->lock);
	}
	while ((job = job_list_pop(&queue->submitted)))
		queue_forget_locked(queue, job);
	pthread_mutex_unlock(&queue->lock);
	return NULL;
}

static VkResult wait_for_lavapipe(struct queue *queue, uint64_t seqno)
{
	const VkSemaphoreWaitInfo info = {
		.sType = VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO,
		.semaphoreCount = 1,
		.pSemaphores = &queue->done,
		.pValues = &seqno,
	};
	struct device *dev = queue->dev;
	VkResult result;

	do {
		result = dev->lvp.WaitSemaphores(dev->handle, &info, DONE_TIMEOUT_NS);
	} while (result == VK_TIMEOUT);
	return result;
}

static void *finish(void *arg)
{
	struct queue *queue = arg;
	struct job *job;

	pthread_mutex_lock(&queue->lock);
	for (;;) {
		VkResult result;

		while (!queue->running.first && !queue->stop)
			pthread_cond_wait(&queue->run_more, &queue->lock);
		job = job_list_pop(&queue->running);
		if (!job)
			break;
		pthread_mutex_unlock(&queue->lock);
		result = wait_for_lavapipe(queue, job->seqno);
		complete(queue, job, result ? -EIO : 0);
		pthread_mutex_lock(&queue->lock);
	}
	pthread_mutex_unlock(&queue->lock);
	return NULL;
}

int executor_start(struct queue *queue)
{
	int ret = thread_start(&queue->run_thread, "figment:run", run, queue);

	if (ret)
		return ret;
	ret = thread_start(&queue->done_thread, "figment:done", finish, queue);
	if (ret) {
		queue_lose(queue);
		pthread_join(queue->run_thread, NULL);
	}
	return ret;
}

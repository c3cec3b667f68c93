// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: the host engine
 *
 * A host job is executed by a program: it becomes runnable when what it waits
 * for has signalled, an executor reads it from the queue's fd, does the work and
 * writes back how it went. The fd can be polled, so that an executor fits any
 * event loop, and can be sent to another process.
 *
 * A fence that depends on userspace is what upstream refuses to GPUs, because
 * memory reclaim may come to wait for it. figment takes the exception that vgem
 * and sw_sync take, for the same purpose: tests. It keeps it harmless: a watchdog
 * bounds each job from when it could be executed, and so do the executor's
 * death and the queue's end; none of these needs memory, a sleep, or userspace.
 *
 * Jobs complete in the queue's order, whatever order they are written in, since
 * the fences of one context must.
 */
#include <linux/anon_inodes.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/uaccess.h>

#include "figment_compat.h"
#include "figment_drv.h"

/* The job is in the queue's running already. */
void figment_host_run_locked(struct figment_job *job)
{
	struct figment_queue *queue = job->queue;

	lockdep_assert_held(&queue->lock);
	list_add_tail(&job->unread, &queue->unread);
	/* If it is pending, it will look again by itself. */
	queue_delayed_work(figment_watchdog_wq, &queue->watchdog,
			   msecs_to_jiffies(figment_job_timeout_ms()));
	wake_up_interruptible(&queue->wait);
}

/* Complete all that is with the executor; the first one may be to blame. */
void figment_host_lose_locked(struct figment_queue *queue, int error)
{
	struct figment_job *job, *next;

	lockdep_assert_held(&queue->lock);
	list_for_each_entry_safe(job, next, &queue->running, link) {
		figment_job_done_locked(job, error);
		error = figment_queue_cancelled(queue);
	}
}

/*
 * Rather than being moved with each job, the watchdog looks after a time-out
 * how long the first one has had, and comes back if that was less.
 */
static void figment_host_watchdog(struct work_struct *work)
{
	struct figment_queue *queue = container_of(work, struct figment_queue, watchdog.work);
	s64 timeout = figment_job_timeout_ms();
	struct figment_job *job;
	bool cookie = dma_fence_begin_signalling();
	s64 age = 0;

	spin_lock(&queue->lock);
	job = list_first_entry_or_null(&queue->running, struct figment_job, link);
	if (job)
		age = ktime_ms_delta(ktime_get(), max(job->run_time, queue->last_done));
	if (job && age >= timeout)
		figment_queue_lose_locked(queue, -ETIMEDOUT, true);
	else if (job)
		queue_delayed_work(figment_watchdog_wq, &queue->watchdog,
				   msecs_to_jiffies(timeout - age) + 1);
	spin_unlock(&queue->lock);
	dma_fence_end_signalling(cookie);
}

/* Signal those that are done, up to one that is not, is held back, or hangs. */
static void figment_host_signal_locked(struct figment_queue *queue)
{
	struct figment_job *job, *next;

	lockdep_assert_held(&queue->lock);
	list_for_each_entry_safe(job, next, &queue->running, link) {
		if (!job->done || job->fault.hang)
			break;
		if (job->due && ktime_before(ktime_get(), job->due)) {
			hrtimer_start(&queue->timer, job->due, HRTIMER_MODE_ABS);
			break;
		}
		figment_job_done_locked(job, job->status);
	}
}

static enum hrtimer_restart figment_host_held(struct hrtimer *timer)
{
	struct figment_queue *queue = container_of(timer, struct figment_queue, timer);

	queue_work(figment_watchdog_wq, &queue->held_work);
	return HRTIMER_NORESTART;
}

static void figment_host_held_work(struct work_struct *work)
{
	struct figment_queue *queue = container_of(work, struct figment_queue, held_work);
	bool cookie = dma_fence_begin_signalling();

	spin_lock(&queue->lock);
	figment_host_signal_locked(queue);
	spin_unlock(&queue->lock);
	dma_fence_end_signalling(cookie);
}

static struct figment_job *figment_host_next(struct figment_queue *queue)
{
	struct figment_job *job;

	spin_lock(&queue->lock);
	job = list_first_entry_or_null(&queue->unread, struct figment_job, unread);
	if (job)
		figment_job_get(job);
	spin_unlock(&queue->lock);
	return job;
}

/* A job counts as read once the executor has it: a fault leaves it unread. */
static int figment_host_read_one(struct figment_queue *queue, struct figment_job *job,
				 char __user *buf)
{
	struct drm_figment_host_job event = {
		.seqno = job->seqno,
		.user_data = job->user_data,
	};

	if (copy_to_user(buf, &event, sizeof(event)))
		return -EFAULT;
	spin_lock(&queue->lock);
	list_del_init(&job->unread);
	job->read = true;
	spin_unlock(&queue->lock);
	return 0;
}

/* What there is to be read, as much as fits; two readers do not get the same. */
static ssize_t figment_host_read_some(struct figment_queue *queue, char __user *buf,
				      size_t size)
{
	const size_t one = sizeof(struct drm_figment_host_job);
	struct figment_job *job;
	ssize_t done = 0;
	int ret = 0;

	if (mutex_lock_interruptible(&queue->read_lock))
		return -ERESTARTSYS;
	while (size - done >= one && (job = figment_host_next(queue))) {
		ret = figment_host_read_one(queue, job, buf + done);
		figment_job_put(job);
		if (ret)
			break;
		done += one;
	}
	mutex_unlock(&queue->read_lock);
	return done ?: ret;
}

static ssize_t figment_host_read(struct file *file, char __user *buf, size_t size, loff_t *pos)
{
	struct figment_queue *queue = file->private_data;
	ssize_t ret;

	if (size < sizeof(struct drm_figment_host_job))
		return -EINVAL;
	for (;;) {
		ret = figment_host_read_some(queue, buf, size);
		if (ret || READ_ONCE(queue->error))
			return ret;
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		ret = wait_event_interruptible(queue->wait,
					       READ_ONCE(queue->error) ||
					       !list_empty_careful(&queue->unread));
		if (ret)
			return ret;
	}
}

static int figment_host_complete(struct figment_queue *queue,
				 const struct drm_figment_host_done *done)
{
	struct figment_job *job;
	int ret = -ENOENT;
	bool cookie;

	if (done->pad || done->status > 0 || done->status < -MAX_ERRNO)
		return -EINVAL;

	cookie = dma_fence_begin_signalling();
	spin_lock(&queue->lock);
	if (queue->error)
		ret = -ECANCELED;
	list_for_each_entry(job, &queue->running, link) {
		if (job->seqno == done->seqno && job->read && !job->done) {
			job->done = true;
			job->status = job->fault.error ?: done->status;
			if (job->fault.signal_ns)
				job->due = ktime_add_ns(ktime_get(), job->fault.signal_ns);
			ret = 0;
			break;
		}
	}
	if (!ret)
		figment_host_signal_locked(queue);
	spin_unlock(&queue->lock);
	dma_fence_end_signalling(cookie);
	return ret;
}

static ssize_t figment_host_write(struct file *file, const char __user *buf, size_t size,
				  loff_t *pos)
{
	struct figment_queue *queue = file->private_data;
	struct drm_figment_host_done done;
	size_t taken = 0;
	int ret = 0;

	if (!size || size % sizeof(done))
		return -EINVAL;
	for (; taken < size; taken += sizeof(done)) {
		if (copy_from_user(&done, buf + taken, sizeof(done)))
			ret = -EFAULT;
		else
			ret = figment_host_complete(queue, &done);
		if (ret)
			break;
	}
	return taken ?: ret;
}

static __poll_t figment_host_poll(struct file *file, poll_table *table)
{
	struct figment_queue *queue = file->private_data;
	__poll_t mask = EPOLLOUT | EPOLLWRNORM;

	poll_wait(file, &queue->wait, table);
	if (!list_empty_careful(&queue->unread))
		mask |= EPOLLIN | EPOLLRDNORM;
	if (READ_ONCE(queue->error))
		mask |= EPOLLIN | EPOLLRDNORM | EPOLLHUP;
	return mask;
}

/* The last copy of the fd is closed: nobody is left to execute anything. */
static int figment_host_release(struct inode *inode, struct file *file)
{
	struct figment_queue *queue = file->private_data;

	figment_queue_lose(queue, -ECANCELED, !list_empty_careful(&queue->running));
	figment_queue_put(queue);
	return 0;
}

static const struct file_operations figment_host_fops = {
	.owner = THIS_MODULE,
	.read = figment_host_read,
	.write = figment_host_write,
	.poll = figment_host_poll,
	.release = figment_host_release,
	.llseek = noop_llseek,
};

void figment_host_init_queue(struct figment_queue *queue)
{
	INIT_DELAYED_WORK(&queue->watchdog, figment_host_watchdog);
	INIT_WORK(&queue->held_work, figment_host_held_work);
	figment_hrtimer_setup(&queue->timer, figment_host_held);
}

/* No jobs are left, so nothing starts any of these again. */
void figment_host_fini_queue(struct figment_queue *queue)
{
	cancel_delayed_work_sync(&queue->watchdog);
	cancel_work_sync(&queue->held_work);
}

/**
 * figment_host_open - make the file of a host queue's executor
 * @queue: the queue, of which the file takes a reference of its own
 * @flags: DRM_FIGMENT_QUEUE_*
 */
struct file *figment_host_open(struct figment_queue *queue, u32 flags)
{
	int mode = O_RDWR | (flags & DRM_FIGMENT_QUEUE_NONBLOCK ? O_NONBLOCK : 0);
	struct file *file = anon_inode_getfile("[figment-queue]", &figment_host_fops,
					       queue, mode);

	if (!IS_ERR(file))
		figment_queue_get(queue);
	return file;
}

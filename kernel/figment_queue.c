// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: queues
 *
 * A queue is a drm_sched entity with a scheduler of its own, as queues that
 * firmware schedules have elsewhere, an engine, and a state. The scheduler keeps
 * jobs that wait in order and waits for what they wait for; who gets a copy ring when
 * is decided after that, among queues that have something to do (figment_ring.c).
 * So an executor that hangs, or a thousand jobs that wait, are in nobody's way.
 *
 * A queue is alive until it is lost: by a job that timed out, an executor that
 * died, its end, or the device's. It never comes back. figment_queue_lose()
 * completes what is with the engine and says that the next job is ready; run_job
 * then cancels that and all that follow.
 *
 * drm_sched has a time-out too. It is not used: it is restarted by each job that
 * starts, so that a client could put the end of a hung job off for as long as it
 * likes, and it wants schedulers stopped and started again, which was done
 * differently in each kernel. Here a hung job costs its queue and nothing else,
 * and the engines bound it: figment_ring.c between two chunks, figment_host.c
 * with a watchdog.
 */
#include <linux/capability.h>
#include <linux/file.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>

#include "figment_compat.h"
#include "figment_drv.h"

/* All devices', until nothing of this module runs for them any more. */
static atomic_t figment_queues = ATOMIC_INIT(0);

struct figment_queue *figment_queue_find(struct figment_client *client, u32 id)
{
	struct figment_queue *queue;

	xa_lock(&client->queues);
	queue = xa_load(&client->queues, id);
	if (queue)
		kref_get(&queue->ref);
	xa_unlock(&client->queues);
	return queue;
}

void figment_queue_get(struct figment_queue *queue)
{
	kref_get(&queue->ref);
}

static void figment_queue_free_work(struct work_struct *work)
{
	struct figment_queue *queue = container_of(work, struct figment_queue, free_work);
	struct figment_device *fdev = queue->fdev;

	mutex_lock(&fdev->lock);
	list_del(&queue->link);
	fdev->num_queues--;
	mutex_unlock(&fdev->lock);

	/* No jobs are left, so nothing starts any of these again. */
	hrtimer_cancel(&queue->timer);
	if (queue->engine == FIGMENT_HOST)
		figment_host_fini_queue(queue);
	drm_sched_entity_fini(&queue->entity);
	/*
	 * The scheduler's worker that freed the last job may be about to have itself
	 * started again, behind the stop in fini; behind a second one it cannot.
	 */
	figment_sched_stop(&queue->sched);
	drm_sched_fini(&queue->sched);
	figment_client_put(queue->client);
	mutex_destroy(&queue->read_lock);
	kfree(queue);
	drm_dev_put(&fdev->drm);
	if (atomic_dec_and_test(&figment_queues))
		wake_up_var(&figment_queues);
}

/**
 * figment_queue_wait_for_all - wait until the last queue is being freed
 *
 * Before the worker that does it is ended: a ring that has completed a queue's last
 * job, which held this code until then, may have yet to put the queue. Nobody has any
 * file of the driver's open, so all queues are about to end.
 */
void figment_queue_wait_for_all(void)
{
	wait_var_event(&figment_queues, !atomic_read(&figment_queues));
}

static void figment_queue_release(struct kref *ref)
{
	struct figment_queue *queue = container_of(ref, struct figment_queue, ref);

	queue_work(figment_wq, &queue->free_work);
}

void figment_queue_put(struct figment_queue *queue)
{
	kref_put(&queue->ref, figment_queue_release);
}

/**
 * figment_queue_lose_locked - lose a queue; does nothing to one that is lost
 * @queue: the queue
 * @error: why
 * @guilty: whether a job of its own or its executor is to blame
 *
 * Neither sleeps nor allocates: it is how fences get signalled when all else
 * fails.
 */
void figment_queue_lose_locked(struct figment_queue *queue, int error, bool guilty)
{
	lockdep_assert_held(&queue->lock);
	if (queue->error)
		return;
	WRITE_ONCE(queue->error, error);
	queue->guilty = guilty;
	if (guilty)
		drm_dbg(&queue->fdev->drm, "client %llu: queue %u lost: %d\n",
			queue->client->id, queue->id, error);
	if (error == -ETIMEDOUT && !list_empty(&queue->running))
		figment_dump_locked(list_first_entry(&queue->running, struct figment_job, link));
	if (queue->engine == FIGMENT_HOST)
		figment_host_lose_locked(queue, error);
	else
		figment_ring_lose_locked(queue);
	if (queue->waiting)
		dma_fence_signal(&queue->waiting->ready);
	wake_up_all(&queue->wait);
}

void figment_queue_lose(struct figment_queue *queue, int error, bool guilty)
{
	bool cookie = dma_fence_begin_signalling();

	spin_lock(&queue->lock);
	figment_queue_lose_locked(queue, error, guilty);
	spin_unlock(&queue->lock);
	dma_fence_end_signalling(cookie);
}

static void figment_queue_close(struct figment_queue *queue)
{
	figment_queue_lose(queue, -ECANCELED, false);
	figment_queue_put(queue);
}

void figment_queue_close_all(struct figment_client *client)
{
	struct figment_queue *queue;
	unsigned long id;

	xa_for_each(&client->queues, id, queue) {
		xa_erase(&client->queues, id);
		figment_queue_close(queue);
	}
}

/**
 * figment_queue_unplug_all - lose all queues of a device that was unplugged
 * @fdev: the device; no new queues can appear
 */
void figment_queue_unplug_all(struct figment_device *fdev)
{
	struct figment_queue *queue;

	mutex_lock(&fdev->lock);
	list_for_each_entry(queue, &fdev->queues, link)
		figment_queue_lose(queue, -ENODEV, false);
	mutex_unlock(&fdev->lock);
}

/* Each is a scheduler, on some kernels a thread: there are to be only so many. */
static bool figment_queue_count(struct figment_device *fdev)
{
	bool room;

	mutex_lock(&fdev->lock);
	room = fdev->num_queues < FIGMENT_MAX_DEVICE_QUEUES;
	fdev->num_queues += room;
	mutex_unlock(&fdev->lock);
	return room;
}

static void figment_queue_uncount(struct figment_device *fdev)
{
	mutex_lock(&fdev->lock);
	fdev->num_queues--;
	mutex_unlock(&fdev->lock);
}

static struct figment_queue *figment_queue_alloc(struct figment_device *fdev,
						 struct figment_client *client,
						 u32 engine, u32 priority)
{
	struct drm_gpu_scheduler *list;
	struct figment_queue *queue;
	int ret;

	/* Some that have ended may have yet to be freed. */
	if (!figment_queue_count(fdev)) {
		flush_workqueue(figment_wq);
		if (!figment_queue_count(fdev))
			return ERR_PTR(-ENOSPC);
	}
	ret = -ENOMEM;
	queue = kzalloc(sizeof(*queue), GFP_KERNEL_ACCOUNT);
	if (!queue)
		goto err_count;
	ret = figment_sched_init(&queue->sched, &figment_sched_ops, figment_sched_wq,
				 FIGMENT_QUEUE_DEPTH, engine == FIGMENT_HOST ?
				 "figment-host" : "figment-copy", fdev->drm.dev);
	if (ret)
		goto err_queue;
	list = &queue->sched;
	ret = drm_sched_entity_init(&queue->entity, DRM_SCHED_PRIORITY_NORMAL, &list, 1, NULL);
	if (ret)
		goto err_sched;

	kref_init(&queue->ref);
	queue->fdev = fdev;
	drm_dev_get(&fdev->drm);
	queue->client = figment_client_get(client);
	queue->engine = engine;
	queue->priority = priority;
	queue->fence_context = dma_fence_context_alloc(2);
	spin_lock_init(&queue->lock);
	INIT_LIST_HEAD(&queue->running);
	INIT_LIST_HEAD(&queue->unread);
	init_waitqueue_head(&queue->wait);
	mutex_init(&queue->read_lock);
	if (engine == FIGMENT_HOST)
		figment_host_init_queue(queue);
	else
		figment_ring_init_queue(queue);
	INIT_WORK(&queue->free_work, figment_queue_free_work);
	atomic_inc(&figment_queues);

	mutex_lock(&fdev->lock);
	figment_fault_set(&queue->fault, &fdev->fault);
	list_add_tail(&queue->link, &fdev->queues);
	mutex_unlock(&fdev->lock);
	return queue;

err_sched:
	drm_sched_fini(&queue->sched);
err_queue:
	kfree(queue);
err_count:
	figment_queue_uncount(fdev);
	return ERR_PTR(ret);
}

static int figment_queue_create(struct figment_device *fdev, struct figment_client *client,
				struct drm_figment_queue_create *args)
{
	struct figment_queue *queue;
	struct file *file = NULL;
	int fd = -1;
	int ret;

	queue = figment_queue_alloc(fdev, client, args->engine, args->priority);
	if (IS_ERR(queue))
		return PTR_ERR(queue);
	if (args->engine == FIGMENT_HOST) {
		fd = get_unused_fd_flags(O_CLOEXEC);
		if (fd < 0) {
			ret = fd;
			goto err_queue;
		}
		file = figment_host_open(queue, args->flags);
		if (IS_ERR(file)) {
			ret = PTR_ERR(file);
			goto err_fd;
		}
	}
	/* As soon as it is in the table, anybody may end it. */
	xa_lock(&client->queues);
	ret = __xa_alloc(&client->queues, &queue->id, queue,
			 XA_LIMIT(1, FIGMENT_MAX_QUEUES), GFP_KERNEL_ACCOUNT);
	if (!ret)
		args->queue = queue->id;
	xa_unlock(&client->queues);
	if (ret) {
		if (ret == -EBUSY)
			ret = -ENOSPC;
		goto err_file;
	}
	args->fd = fd;
	if (file)
		fd_install(fd, file);
	return 0;

err_file:
	if (file)
		fput(file);
err_fd:
	if (fd >= 0)
		put_unused_fd(fd);
err_queue:
	figment_queue_put(queue);
	return ret;
}

int figment_ioctl_queue_create(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_figment_queue_create *args = data;
	u32 flags = 0;
	int idx, ret;

	if (args->engine >= FIGMENT_NUM_ENGINES || args->pad)
		return -EINVAL;
	if (args->engine == FIGMENT_HOST)
		flags = DRM_FIGMENT_QUEUE_NONBLOCK;
	if ((args->flags & ~flags) || args->priority > DRM_FIGMENT_PRIORITY_HIGH)
		return -EINVAL;
	if (args->priority == DRM_FIGMENT_PRIORITY_HIGH && !capable(CAP_SYS_NICE))
		return -EACCES;

	if (!drm_dev_enter(drm, &idx))
		return -ENODEV;
	ret = figment_queue_create(to_figment_device(drm), file->driver_priv, args);
	drm_dev_exit(idx);
	return ret;
}

int figment_ioctl_queue_destroy(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct figment_client *client = file->driver_priv;
	struct drm_figment_queue_destroy *args = data;
	struct figment_queue *queue;

	if (args->pad)
		return -EINVAL;
	queue = xa_erase(&client->queues, args->queue);
	if (!queue)
		return -ENOENT;
	figment_queue_close(queue);
	return 0;
}

int figment_ioctl_queue_query(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct figment_client *client = file->driver_priv;
	struct drm_figment_queue_query *args = data;
	struct figment_queue *queue;
	int ret;

	if (args->pad)
		return -EINVAL;
	queue = figment_queue_find(client, args->queue);
	if (!queue)
		return -ENOENT;

	ret = mutex_lock_interruptible(&client->submit_lock);
	if (ret)
		goto out;
	args->submitted = queue->seqno;
	mutex_unlock(&client->submit_lock);

	spin_lock(&queue->lock);
	args->state = queue->error ? DRM_FIGMENT_QUEUE_LOST : 0;
	if (queue->guilty)
		args->state |= DRM_FIGMENT_QUEUE_GUILTY;
	args->error = queue->error;
	args->completed = queue->completed;
	spin_unlock(&queue->lock);
out:
	figment_queue_put(queue);
	return ret;
}

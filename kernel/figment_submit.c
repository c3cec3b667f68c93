// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: SUBMIT
 *
 * A submit is made in two halves. The first copies, checks, looks up and
 * allocates; whatever fails there is undone and nobody has seen a thing. The
 * second arms, publishes and starts each job, and has nothing in it that can
 * fail. Between them stand the locks, taken in this order: the client's
 * submit_lock, so that arming and starting are one for each of its queues, and
 * the reservation objects of all buffers. Jobs that are started may be done, and
 * gone, before those behind them are: the submit holds what it goes on using.
 *
 * What userspace is told (sequence numbers, fds of new sync_files) is written
 * just before the second half, when it is known but can still be taken back.
 *
 * Nothing here is between drm_dev_enter() and drm_dev_exit(): removing a device
 * waits for what is, and a submit waits for its caller's memory, which may be a
 * file that nobody serves. Nor need it be, since removal loses all queues, and a
 * lost queue takes no jobs, or cancels those that it has taken.
 */
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <drm/drm_gem.h>

#include "figment_submit.h"
#include "figment_trace.h"

static void figment_array_free(void *array, const void *one)
{
	if (array != one)
		kvfree(array);
}

/*
 * Copies an array of userspace's in, whose elements may be shorter or longer
 * than here. Returns NULL for an empty one, and for one of one element, as most
 * are, the place that the caller may have for that.
 */
static void *figment_array_in(const struct drm_figment_array *array, size_t size, u32 max,
			      void *one)
{
	const char __user *from = u64_to_user_ptr(array->ptr);
	char *to;
	u32 i;
	int ret = 0;

	if (!array->count)
		return array->ptr || array->stride ? ERR_PTR(-EINVAL) : NULL;
	if (!array->stride || array->stride % 8 || array->stride > PAGE_SIZE)
		return ERR_PTR(-EINVAL);
	if (array->count > max)
		return ERR_PTR(-E2BIG);

	to = array->count == 1 && one ? one :
		kvmalloc_array(array->count, size, GFP_KERNEL_ACCOUNT);
	if (!to)
		return ERR_PTR(-ENOMEM);
	if (array->stride == size) {
		ret = copy_from_user(to, from, array->count * size) ? -EFAULT : 0;
	} else {
		for (i = 0; i < array->count && !ret; i++)
			ret = copy_struct_from_user(to + i * size, size,
						    from + (u64)i * array->stride,
						    array->stride);
	}
	if (ret) {
		figment_array_free(to, one);
		return ERR_PTR(ret);
	}
	return to;
}

static int figment_submit_bos(struct figment_submit *submit, struct figment_job *job,
			      const struct drm_figment_array *array)
{
	const u32 known = DRM_FIGMENT_BO_READ | DRM_FIGMENT_BO_WRITE | DRM_FIGMENT_BO_EXPLICIT;
	struct drm_figment_bo *bos, one;
	int ret;
	u32 i;

	bos = figment_array_in(array, sizeof(*bos), DRM_FIGMENT_MAX_REFS - submit->num_bos, &one);
	if (IS_ERR_OR_NULL(bos))
		return PTR_ERR(bos);
	submit->num_bos += array->count;
	ret = figment_job_charge(job, (u64)array->count * sizeof(*job->refs));
	if (!ret) {
		job->refs = kvcalloc(array->count, sizeof(*job->refs), GFP_KERNEL_ACCOUNT);
		ret = job->refs ? 0 : -ENOMEM;
	}

	for (i = 0; i < array->count && !ret; i++) {
		struct drm_gem_object *obj;

		if ((bos[i].flags & ~known) ||
		    !(bos[i].flags & (DRM_FIGMENT_BO_READ | DRM_FIGMENT_BO_WRITE))) {
			ret = -EINVAL;
			break;
		}
		obj = drm_gem_object_lookup(submit->file, bos[i].handle);
		if (!obj) {
			ret = -ENOENT;
			break;
		}
		job->refs[i].bo = to_figment_bo(obj);
		job->refs[i].flags = bos[i].flags;
		job->num_refs++;
	}
	figment_array_free(bos, &one);
	return ret;
}

static int figment_submit_waits(struct figment_submit *submit, struct figment_job *job,
				const struct drm_figment_array *array)
{
	struct drm_figment_sync *syncs, one;
	int ret = 0;
	u32 i;

	syncs = figment_array_in(array, sizeof(*syncs),
				 DRM_FIGMENT_MAX_REFS - submit->num_syncs, &one);
	if (IS_ERR_OR_NULL(syncs))
		return PTR_ERR(syncs);
	submit->num_syncs += array->count;
	for (i = 0; i < array->count && !ret; i++) {
		ret = figment_wait_add(submit, job, &syncs[i]);
		if (!ret)
			ret = figment_submit_pause();
	}
	figment_array_free(syncs, &one);
	return ret;
}

static int figment_submit_signals(struct figment_submit *submit, u32 index,
				  const struct drm_figment_array *array)
{
	struct figment_submit_job *sj = &submit->jobs[index];
	struct drm_figment_sync *syncs;
	int ret = 0;
	u32 i;

	syncs = figment_array_in(array, sizeof(*syncs),
				 DRM_FIGMENT_MAX_REFS - submit->num_syncs, &sj->one_sync);
	if (IS_ERR_OR_NULL(syncs))
		return PTR_ERR(syncs);
	submit->num_syncs += array->count;
	sj->syncs = syncs;
	sj->uapi_signals = *array;
	sj->signals = array->count == 1 ? &sj->one_signal :
		kvcalloc(array->count, sizeof(*sj->signals), GFP_KERNEL_ACCOUNT);
	if (!sj->signals)
		return -ENOMEM;
	for (i = 0; i < array->count && !ret; i++) {
		sj->num_signals++;
		ret = figment_signal_prepare(submit, &sj->signals[i], index, &syncs[i]);
		if (!ret && syncs[i].type == DRM_FIGMENT_SYNC_TIMELINE)
			ret = figment_job_charge(sj->job, FIGMENT_POINT_BYTES);
	}
	for (i = 0; i < array->count && !ret; i++)
		figment_signal_announce(submit, &sj->signals[i]);
	return ret;
}

static int figment_submit_cmds(struct figment_submit *submit, struct figment_job *job,
			       const struct drm_figment_array *array)
{
	struct drm_figment_cmd *cmds;
	int ret;

	cmds = figment_array_in(array, sizeof(*cmds), DRM_FIGMENT_MAX_CMDS - submit->num_cmds,
				NULL);
	if (IS_ERR(cmds))
		return PTR_ERR(cmds);
	submit->num_cmds += array->count;
	job->cmds = cmds;
	job->num_cmds = array->count;
	ret = figment_job_charge(job, (u64)array->count * sizeof(*cmds));
	return ret ?: figment_copy_check(job);
}

static int figment_submit_job(struct figment_submit *submit, u32 index,
			      const struct drm_figment_job *args)
{
	struct figment_queue *queue;
	struct figment_job *job;
	bool copy;
	int ret;

	if (args->flags)
		return -EINVAL;
	queue = figment_queue_find(submit->client, args->queue);
	if (!queue)
		return -ENOENT;
	copy = queue->engine == FIGMENT_COPY;
	submit->jobs[index].queue = queue;
	submit->num_jobs++;
	job = figment_job_create(queue);
	if (IS_ERR(job))
		return PTR_ERR(job);
	submit->jobs[index].job = job;

	if (copy ? args->user_data : args->cmds.count || args->cmds.ptr || args->cmds.stride)
		return -EINVAL;
	job->user_data = args->user_data;
	ret = figment_submit_bos(submit, job, &args->bos);
	if (!ret)
		ret = figment_submit_waits(submit, job, &args->waits);
	if (!ret)
		ret = figment_submit_signals(submit, index, &args->signals);
	if (!ret && copy)
		ret = figment_submit_cmds(submit, job, &args->cmds);
	return ret;
}

/* Number the jobs, once no other submit of the client can come between. */
static int figment_submit_number(struct figment_submit *submit)
{
	u32 i;

	for (i = 0; i < submit->num_jobs; i++) {
		struct figment_queue *queue = submit->jobs[i].job->queue;

		if (READ_ONCE(queue->error))
			return figment_queue_cancelled(queue);
	}
	for (i = 0; i < submit->num_jobs; i++) {
		struct figment_job *job = submit->jobs[i].job;

		job->seqno = ++job->queue->seqno;
	}
	return 0;
}

static void figment_submit_unnumber(struct figment_submit *submit)
{
	u32 i;

	for (i = 0; i < submit->num_jobs; i++)
		if (submit->jobs[i].job->seqno)
			submit->jobs[i].queue->seqno--;
}

/*
 * What is new: the jobs' numbers, and the fds of sync_files. If it is @refused after
 * all, there are no such fds, so that whoever was interrupted can submit the same again.
 */
static int figment_submit_tell(struct figment_submit *submit,
			       const struct drm_figment_array *jobs, bool refused)
{
	u32 i, j;

	for (i = 0; i < submit->num_jobs; i++) {
		struct figment_submit_job *sj = &submit->jobs[i];
		u64 at = jobs->ptr + (u64)i * jobs->stride;

		at += offsetof(struct drm_figment_job, seqno);
		if (!refused && put_user(sj->job->seqno, (u64 __user *)u64_to_user_ptr(at)))
			return -EFAULT;
		for (j = 0; j < sj->num_signals; j++) {
			if (sj->syncs[j].type != DRM_FIGMENT_SYNC_FILE)
				continue;
			at = sj->uapi_signals.ptr + (u64)j * sj->uapi_signals.stride;
			at += offsetof(struct drm_figment_sync, fd);
			if (put_user(refused ? -1 : sj->syncs[j].fd,
				     (s32 __user *)u64_to_user_ptr(at)))
				return -EFAULT;
		}
	}
	return 0;
}

/* What an earlier job of the submit signals, and a later one waits for. */
static struct dma_fence *figment_submit_fence(const struct figment_submit *submit,
					      const struct figment_dep *dep)
{
	const struct figment_submit_job *sj = &submit->jobs[dep->from];

	if (dep->signal && sj->signals[dep->signal - 1].fence)
		return dma_fence_get(sj->signals[dep->signal - 1].fence);
	return dma_fence_get(sj->fence);
}

/* The second half: nothing in here fails, allocates or waits. */
static void figment_submit_commit(struct figment_submit *submit)
{
	bool cookie = dma_fence_begin_signalling();
	u32 i, j;

	for (i = 0; i < submit->num_jobs; i++) {
		struct figment_submit_job *sj = &submit->jobs[i];
		struct figment_job *job = sj->job;

		figment_fault_draw(job);
		figment_job_arm(job);
		sj->fence = dma_fence_get(&job->fence->base);

		for (j = 0; j < job->num_deps; j++) {
			struct figment_dep *dep = &job->deps[j];

			if (!dep->fence)
				dep->fence = figment_submit_fence(submit, dep);
		}
		figment_resv_commit(submit, sj);
		for (j = 0; j < sj->num_signals; j++) {
			figment_signal_commit(&sj->signals[j], sj->fence);
			cond_resched();
		}
		figment_trace_submit(job);
		/* From here on it may be done and gone at any time. */
		sj->job = NULL;
		figment_job_start(job);
	}
	dma_fence_end_signalling(cookie);
}

static int figment_submit_jobs(struct figment_submit *submit,
			       const struct drm_figment_array *array)
{
	u32 i;
	int ret;

	ret = figment_resv_collect(submit);
	if (ret)
		return ret;
	ret = figment_submit_number(submit);
	if (!ret)
		ret = figment_submit_tell(submit, array, false);
	if (ret)
		goto err_tell;
	ret = figment_resv_lock(submit);
	if (ret)
		goto err_tell;
	for (i = 0; i < submit->num_jobs && !ret; i++)
		ret = figment_job_route(submit->jobs[i].job);
	if (ret)
		goto err_resv;
	figment_submit_commit(submit);
	figment_resv_unlock(submit);
	return 0;

err_resv:
	figment_resv_unlock(submit);
err_tell:
	figment_submit_tell(submit, array, true);
	figment_submit_unnumber(submit);
	return ret;
}

static void figment_submit_release(struct figment_submit *submit, bool committed)
{
	u32 i, j;

	figment_resv_release(submit);
	for (i = 0; i < submit->num_jobs; i++) {
		struct figment_submit_job *sj = &submit->jobs[i];

		for (j = 0; j < sj->num_signals; j++)
			figment_signal_release(&sj->signals[j], committed);
		figment_array_free(sj->signals, &sj->one_signal);
		figment_array_free(sj->syncs, &sj->one_sync);
		dma_fence_put(sj->fence);
		if (sj->job)
			figment_job_abandon(sj->job);
		figment_queue_put(sj->queue);
	}
	kvfree(submit->signals);
	figment_array_free(submit->jobs, &submit->one_job);
}

/* Tables of what there is much of; a lone job has none before it to wait for. */
static int figment_submit_alloc(struct figment_submit *submit, u32 jobs)
{
	if (jobs == 1) {
		submit->jobs = &submit->one_job;
		return 0;
	}
	submit->jobs = kvcalloc(jobs, sizeof(*submit->jobs), GFP_KERNEL_ACCOUNT);
	if (!submit->jobs)
		return -ENOMEM;
	submit->signals = kvcalloc(1 << FIGMENT_SIGNAL_HASH_BITS, sizeof(*submit->signals),
				   GFP_KERNEL_ACCOUNT);
	return submit->signals ? 0 : -ENOMEM;
}

int figment_ioctl_submit(struct drm_device *drm, void *data, struct drm_file *file)
{
	const struct drm_figment_submit *args = data;
	struct figment_submit submit = {
		.fdev = to_figment_device(drm),
		.file = file,
		.client = file->driver_priv,
	};
	struct drm_figment_job *jobs, one;
	u32 i;
	int ret;

	if (args->flags || args->pad || !args->jobs.count)
		return -EINVAL;
	/* It is written to, at an offset that every version has had. */
	if (args->jobs.stride < sizeof(*jobs))
		return -EINVAL;
	jobs = figment_array_in(&args->jobs, sizeof(*jobs), DRM_FIGMENT_MAX_JOBS, &one);
	if (IS_ERR(jobs))
		return PTR_ERR(jobs);
	ret = figment_submit_alloc(&submit, args->jobs.count);

	/* Taken here already: what a wait finds must still be so when it is used. */
	if (!ret)
		ret = mutex_lock_interruptible(&submit.client->submit_lock);
	if (!ret) {
		for (i = 0; i < args->jobs.count && !ret; i++) {
			ret = figment_submit_job(&submit, i, &jobs[i]);
			if (!ret)
				ret = figment_submit_pause();
		}
		if (!ret)
			ret = figment_submit_jobs(&submit, &args->jobs);
		mutex_unlock(&submit.client->submit_lock);
	}

	figment_submit_release(&submit, !ret);
	figment_array_free(jobs, &one);
	return ret;
}

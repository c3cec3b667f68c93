// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: waits and signals
 *
 * What a job waits for becomes a dependency; what it signals is prepared, with
 * everything that may fail, so that figment_signal_commit() cannot.
 *
 * The jobs of one submit behave as though submitted one after another, so a wait
 * may be for a syncobj that an earlier job of the same submit signals. Prepared
 * signals are therefore looked up by syncobj, latest first. A timeline's point stands
 * for all before it, which may be anybody's, and still pending: who waits for one is
 * given the timeline's own node, as soon as there is one.
 */
#include <linux/dma-fence-chain.h>
#include <linux/file.h>
#include <linux/hash.h>
#include <linux/sync_file.h>

#include <drm/drm_syncobj.h>

#include "figment_submit.h"

static int figment_sync_check(const struct figment_submit *submit,
			      const struct drm_figment_sync *sync, s32 fd)
{
	switch (sync->type) {
	case DRM_FIGMENT_SYNC_BINARY:
		return sync->flags || sync->fd || sync->point ? -EINVAL : 0;
	case DRM_FIGMENT_SYNC_TIMELINE:
		if (submit->fdev->hide & DRM_FIGMENT_HIDE_TIMELINE)
			return -EOPNOTSUPP;
		return sync->flags || sync->fd || !sync->point ? -EINVAL : 0;
	case DRM_FIGMENT_SYNC_FILE:
		if (sync->flags || sync->handle || sync->point)
			return -EINVAL;
		/* A wait may have any fd, a signal must have none. */
		return fd == -1 && sync->fd != -1 ? -EINVAL : 0;
	default:
		return -EINVAL;
	}
}

static struct hlist_head *figment_signal_bucket(struct figment_submit *submit,
						struct drm_syncobj *syncobj)
{
	return &submit->signals[hash_ptr(syncobj, FIGMENT_SIGNAL_HASH_BITS)];
}

/*
 * The job of this submit whose signal a wait is for: the latest for a binary
 * syncobj, the one with the smallest sufficient point for a timeline.
 */
static struct figment_signal *
figment_signal_find(struct figment_submit *submit, struct drm_syncobj *syncobj, u64 point)
{
	struct figment_signal *signal, *best = NULL;

	if (!submit->signals)
		return NULL;
	hlist_for_each_entry(signal, figment_signal_bucket(submit, syncobj), node) {
		if (signal->syncobj != syncobj)
			continue;
		if (!point)
			return signal;
		if (signal->point >= point && (!best || signal->point <= best->point))
			best = signal;
	}
	return best;
}

static int figment_wait_syncobj(struct figment_submit *submit, struct figment_job *job,
				const struct drm_figment_sync *sync)
{
	struct figment_signal *signal;
	struct drm_syncobj *syncobj;
	struct dma_fence *fence;
	u32 number = 0;
	int ret;

	syncobj = drm_syncobj_find(submit->file, sync->handle);
	if (!syncobj)
		return -ENOENT;
	signal = figment_signal_find(submit, syncobj, sync->point);
	drm_syncobj_put(syncobj);

	/* A point that existed before stays what it was, a binary fence does not. */
	if (!signal || sync->point) {
		ret = drm_syncobj_find_fence(submit->file, sync->handle, sync->point, 0, &fence);
		if (!ret)
			return figment_job_add_dep(job, fence, 0, 0);
		if (!signal)
			return ret;
	}
	if (signal->point) {
		signal->awaited = true;
		number = 1 + (signal - submit->jobs[signal->job].signals);
	}
	return figment_submit_add_dep(submit, job, signal->job, number);
}

/**
 * figment_wait_add - have a job wait
 * @submit: the submit, with the signals of the jobs before
 * @job: the job
 * @sync: what for, as userspace gave it
 */
int figment_wait_add(struct figment_submit *submit, struct figment_job *job,
		     const struct drm_figment_sync *sync)
{
	struct dma_fence *fence;
	int ret = figment_sync_check(submit, sync, 0);

	if (ret)
		return ret;
	if (sync->type != DRM_FIGMENT_SYNC_FILE)
		return figment_wait_syncobj(submit, job, sync);
	fence = sync_file_get_fence(sync->fd);
	return fence ? figment_job_add_dep(job, fence, 0, 0) : -EINVAL;
}

/*
 * The job has no fence yet, and making a sync_file can fail. So it is made now,
 * of a fence that anybody can have; as long as it has no fd nobody else can see
 * it, and its fence can be exchanged.
 */
static int figment_signal_prepare_file(struct figment_signal *signal)
{
	struct dma_fence *signalled = dma_fence_get_stub();

	signal->fd = get_unused_fd_flags(O_CLOEXEC);
	if (signal->fd >= 0)
		signal->file = sync_file_create(signalled);
	dma_fence_put(signalled);
	if (signal->fd < 0)
		return signal->fd;
	return signal->file ? 0 : -ENOMEM;
}

/**
 * figment_signal_prepare - do all of a signal that may fail
 * @submit: the submit
 * @signal: where to
 * @job: number of the job that signals
 * @sync: as userspace gave it; a sync_file's fd is put in
 *
 * figment_signal_release() is to be called also if this fails.
 */
int figment_signal_prepare(struct figment_submit *submit, struct figment_signal *signal,
			   u32 job, struct drm_figment_sync *sync)
{
	int ret = figment_sync_check(submit, sync, -1);

	signal->fd = -1;
	signal->job = job;
	if (ret)
		return ret;
	if (sync->type == DRM_FIGMENT_SYNC_FILE) {
		ret = figment_signal_prepare_file(signal);
		sync->fd = signal->fd;
		return ret;
	}

	signal->syncobj = drm_syncobj_find(submit->file, sync->handle);
	if (!signal->syncobj)
		return -ENOENT;
	signal->point = sync->point;
	if (sync->type == DRM_FIGMENT_SYNC_TIMELINE) {
		signal->chain = dma_fence_chain_alloc();
		if (!signal->chain)
			return -ENOMEM;
	}
	return 0;
}

/* To be found by the waits of later jobs, not by those of its own. */
void figment_signal_announce(struct figment_submit *submit, struct figment_signal *signal)
{
	if (signal->syncobj && submit->signals)
		hlist_add_head(&signal->node, figment_signal_bucket(submit, signal->syncobj));
}

/* Somebody may have taken the point back already, or it may be signalled: then NULL. */
static struct dma_fence *figment_signal_point(const struct figment_signal *signal)
{
	struct dma_fence *fence = drm_syncobj_fence_get(signal->syncobj);

	if (fence && dma_fence_chain_find_seqno(&fence, signal->point)) {
		dma_fence_put(fence);
		return NULL;
	}
	return fence;
}

/**
 * figment_signal_commit - give a job's fence to what it signals; cannot fail
 * @signal: from figment_signal_prepare()
 * @fence: its fence
 */
void figment_signal_commit(struct figment_signal *signal, struct dma_fence *fence)
{
	if (signal->file) {
		dma_fence_put(signal->file->fence);
		signal->file->fence = dma_fence_get(fence);
	} else if (signal->chain) {
		drm_syncobj_add_point(signal->syncobj, signal->chain, fence, signal->point);
		signal->chain = NULL;
		if (signal->awaited)
			signal->fence = figment_signal_point(signal);
	} else {
		drm_syncobj_replace_fence(signal->syncobj, fence);
	}
}

/**
 * figment_signal_release - end a signal
 * @signal: committed or not
 * @install: whether it was: then its sync_file becomes the caller's
 */
void figment_signal_release(struct figment_signal *signal, bool install)
{
	if (signal->file && install) {
		fd_install(signal->fd, signal->file->file);
	} else {
		if (signal->file)
			fput(signal->file->file);
		if (signal->fd >= 0)
			put_unused_fd(signal->fd);
	}
	dma_fence_chain_free(signal->chain);
	dma_fence_put(signal->fence);
	if (signal->syncobj)
		drm_syncobj_put(signal->syncobj);
}

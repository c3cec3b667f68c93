// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: implicit synchronisation of a submit
 *
 * A submit locks the reservation objects of all its jobs' buffers together, once
 * each, though several jobs, and several buffers, may share one. With them
 * locked, each job gets what was in them before as dependencies, a reader the
 * writers and a writer everything, and what earlier jobs of the same submit did:
 * for that, each object keeps its latest writer in the submit and the readers
 * since, so that the work grows with the number of uses and not their square.
 */
#include <linux/hash.h>
#include <linux/log2.h>
#include <linux/slab.h>

#include <drm/drm_gem.h>

#include "figment_submit.h"

static struct hlist_head *figment_resv_bucket(struct figment_submit *submit,
					      struct dma_resv *resv)
{
	return &submit->resvs[hash_ptr(resv, submit->resv_bits)];
}

static struct figment_resv *figment_resv_find(struct figment_submit *submit,
					      struct dma_resv *resv)
{
	struct figment_resv *entry;

	hlist_for_each_entry(entry, figment_resv_bucket(submit, resv), node) {
		if (entry->resv == resv)
			return entry;
	}
	return NULL;
}

/* A job may list a buffer once; two of its buffers may share an object. */
static int figment_resv_note(struct figment_submit *submit, struct drm_gem_object *obj,
			     u32 job)
{
	struct figment_resv *entry = figment_resv_find(submit, obj->resv);

	if (!entry) {
		entry = &submit->entries[submit->num_objs];
		entry->resv = obj->resv;
		entry->writer = -1;
		/* Its job may be done, and have put it, before it is unlocked. */
		drm_gem_object_get(obj);
		submit->objs[submit->num_objs++] = obj;
		hlist_add_head(&entry->node, figment_resv_bucket(submit, obj->resv));
	} else if (entry->job == job && entry->obj == obj) {
		return -EEXIST;
	}
	entry->job = job;
	entry->obj = obj;
	entry->refs++;
	return 0;
}

/**
 * figment_resv_collect - find the reservation objects of a submit's buffers
 * @submit: the submit, with the buffers of all its jobs
 *
 * figment_resv_release() is to be called also if this fails.
 */
int figment_resv_collect(struct figment_submit *submit)
{
	u32 i, j;
	int ret;

	if (!submit->num_bos)
		return 0;
	submit->objs = kvcalloc(submit->num_bos, sizeof(*submit->objs), GFP_KERNEL_ACCOUNT);
	submit->entries = kvcalloc(submit->num_bos, sizeof(*submit->entries),
				   GFP_KERNEL_ACCOUNT);
	submit->uses = kvcalloc(submit->num_bos + 1, sizeof(*submit->uses), GFP_KERNEL_ACCOUNT);
	submit->resv_bits = order_base_2(submit->num_bos) ?: 1;
	submit->resvs = kvcalloc(1u << submit->resv_bits, sizeof(*submit->resvs),
				 GFP_KERNEL_ACCOUNT);
	if (!submit->objs || !submit->entries || !submit->uses || !submit->resvs)
		return -ENOMEM;

	for (i = 0; i < submit->num_jobs; i++) {
		struct figment_job *job = submit->jobs[i].job;

		for (j = 0; j < job->num_refs; j++) {
			ret = figment_resv_note(submit, &job->refs[j].bo->base.base, i);
			if (ret)
				return ret;
		}
	}
	return 0;
}

/* What was there before the submit. */
static int figment_resv_add_old(struct figment_job *job, struct dma_resv *resv,
				enum dma_resv_usage usage)
{
	struct dma_resv_iter iter;
	struct dma_fence *fence;
	int ret;

	dma_resv_for_each_fence(&iter, resv, usage, fence) {
		ret = figment_job_add_dep(job, dma_fence_get(fence), 0, 0);
		if (ret)
			return ret;
	}
	return 0;
}

static int figment_resv_add_job(struct figment_submit *submit, u32 job, u32 from)
{
	return job == from ? 0 : figment_submit_add_dep(submit, submit->jobs[job].job, from, 0);
}

/* What earlier jobs of the submit did, and what this one does. */
static int figment_resv_add_new(struct figment_submit *submit, struct figment_resv *entry,
				u32 job, bool write)
{
	u32 use;
	int ret = 0;

	if (entry->writer >= 0)
		ret = figment_resv_add_job(submit, job, entry->writer);
	if (!write) {
		use = ++submit->num_uses;
		submit->uses[use] = (struct figment_use){
			.next = entry->first_reader,
			.job = job,
		};
		entry->first_reader = use;
		return ret;
	}
	for (use = entry->first_reader; use && !ret; use = submit->uses[use].next)
		ret = figment_resv_add_job(submit, job, submit->uses[use].job);
	entry->first_reader = 0;
	entry->writer = job;
	return ret;
}

static int figment_resv_add_deps(struct figment_submit *submit, u32 index)
{
	struct figment_job *job = submit->jobs[index].job;
	u32 i;
	int ret;

	for (i = 0; i < job->num_refs; i++) {
		struct dma_resv *resv = job->refs[i].bo->base.base.resv;
		bool write = job->refs[i].flags & DRM_FIGMENT_BO_WRITE;
		bool explicit = job->refs[i].flags & DRM_FIGMENT_BO_EXPLICIT;

		/* An exporter's kernel may still be moving it: all have to wait for that. */
		ret = figment_resv_add_old(job, resv, explicit ? DMA_RESV_USAGE_KERNEL :
								 dma_resv_usage_rw(write));
		if (!ret && !explicit)
			ret = figment_resv_add_new(submit, figment_resv_find(submit, resv),
						   index, write);
		if (!ret)
			ret = figment_submit_pause();
		if (ret)
			return ret;
	}
	return 0;
}

/**
 * figment_resv_lock - lock, make room for fences, and have the jobs wait
 * @submit: the submit, collected
 *
 * On success figment_resv_unlock() unlocks; on failure nothing is locked.
 */
int figment_resv_lock(struct figment_submit *submit)
{
	u32 i;
	int ret;

	if (!submit->num_objs)
		return 0;
	ret = drm_gem_lock_reservations(submit->objs, submit->num_objs, &submit->ticket);
	if (ret)
		return ret;
	for (i = 0; i < submit->num_objs && !ret; i++)
		ret = dma_resv_reserve_fences(submit->entries[i].resv, submit->entries[i].refs);
	for (i = 0; i < submit->num_jobs && !ret; i++)
		ret = figment_resv_add_deps(submit, i);
	if (ret)
		figment_resv_unlock(submit);
	return ret;
}

/**
 * figment_resv_commit - put a job's fence into its buffers; cannot fail
 * @submit: the submit, locked
 * @sj: the job, armed
 */
void figment_resv_commit(struct figment_submit *submit, struct figment_submit_job *sj)
{
	struct figment_job *job = sj->job;
	u32 i;

	for (i = 0; i < job->num_refs; i++) {
		enum dma_resv_usage usage = DMA_RESV_USAGE_READ;

		if (job->refs[i].flags & DRM_FIGMENT_BO_EXPLICIT)
			usage = DMA_RESV_USAGE_BOOKKEEP;
		else if (job->refs[i].flags & DRM_FIGMENT_BO_WRITE)
			usage = DMA_RESV_USAGE_WRITE;
		dma_resv_add_fence(job->refs[i].bo->base.base.resv, sj->fence, usage);
	}
}

void figment_resv_unlock(struct figment_submit *submit)
{
	if (submit->num_objs)
		drm_gem_unlock_reservations(submit->objs, submit->num_objs, &submit->ticket);
}

void figment_resv_release(struct figment_submit *submit)
{
	u32 i;

	for (i = 0; i < submit->num_objs; i++)
		drm_gem_object_put(submit->objs[i]);
	kvfree(submit->objs);
	kvfree(submit->entries);
	kvfree(submit->uses);
	kvfree(submit->resvs);
}

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef FIGMENT_SUBMIT_H
#define FIGMENT_SUBMIT_H

#include <linux/dma-resv.h>
#include <linux/list.h>
#include <linux/sched/signal.h>

#include "figment_drv.h"

struct drm_syncobj;
struct dma_fence_chain;
struct sync_file;

#define FIGMENT_SIGNAL_HASH_BITS	8

/**
 * struct figment_signal - what a job is going to signal
 * @node: among those of the same submit, by @syncobj
 * @job: number of the job in the submit
 * @syncobj: a syncobj, referenced
 * @point: its point, or 0
 * @chain: the timeline's new node
 * @file: or a sync_file
 * @fd: and the fd it is going to have
 * @awaited: a later job of the submit waits for @point
 * @fence: which this is then, once it is signalled by @job; NULL if @job's will do
 */
struct figment_signal {
	struct hlist_node node;
	u32 job;
	struct drm_syncobj *syncobj;
	u64 point;
	struct dma_fence_chain *chain;
	struct sync_file *file;
	int fd;
	bool awaited;
	struct dma_fence *fence;
};

/**
 * struct figment_submit_job - a job of a submit
 * @queue: its queue, referenced
 * @job: the job, until it is started
 * @fence: its fence, once it is armed
 * @syncs: its signals as userspace gave them
 * @uapi_signals: where
 * @signals: they, prepared
 * @num_signals: how many
 * @one_sync: place for @syncs, if it is one
 * @one_signal: place for @signals, likewise
 */
struct figment_submit_job {
	struct figment_queue *queue;
	struct figment_job *job;
	struct dma_fence *fence;
	struct drm_figment_sync *syncs;
	struct drm_figment_array uapi_signals;
	struct figment_signal *signals;
	u32 num_signals;
	struct drm_figment_sync one_sync;
	struct figment_signal one_signal;
};

/**
 * struct figment_resv - a reservation object that a submit uses
 * @node: among them, by @resv
 * @resv: the object
 * @refs: how many of the submit's jobs use it
 * @job: number of the latest that does
 * @obj: with this buffer
 * @writer: number of the latest that writes it, -1 for none
 * @first_reader: index of the first use since then
 */
struct figment_resv {
	struct hlist_node node;
	struct dma_resv *resv;
	u32 refs;
	u32 job;
	struct drm_gem_object *obj;
	s32 writer;
	u32 first_reader;
};

/**
 * struct figment_use - one job's use of one reservation object, in order
 * @next: the next use of the same one since its latest writer, or 0
 * @job: number of the job
 */
struct figment_use {
	u32 next;
	u32 job;
};

/**
 * struct figment_submit - a submit in the making
 * @fdev: the device
 * @file: the client's open file
 * @client: the client
 * @jobs: its jobs
 * @one_job: place for them, if it is one
 * @num_jobs: how many
 * @num_bos: buffer references of all jobs
 * @num_syncs: waits and signals of all jobs
 * @num_cmds: commands of all jobs
 * @signals: signals of the jobs so far, by syncobj, if there are several jobs
 * @resvs: reservation objects, by address
 * @resv_bits: of their hash
 * @objs: a buffer of each of them
 * @entries: they
 * @uses: uses of them; the first is not used
 * @num_objs: how many
 * @num_uses: how many
 * @ticket: for locking them
 */
struct figment_submit {
	struct figment_device *fdev;
	struct drm_file *file;
	struct figment_client *client;
	struct figment_submit_job *jobs;
	struct figment_submit_job one_job;
	u32 num_jobs;
	u32 num_bos;
	u32 num_syncs;
	u32 num_cmds;
	struct hlist_head *signals;
	struct hlist_head *resvs;
	u32 resv_bits;
	struct drm_gem_object **objs;
	struct figment_resv *entries;
	struct figment_use *uses;
	u32 num_objs;
	u32 num_uses;
	struct ww_acquire_ctx ticket;
};

/*
 * What a pending point counts in its client's bytes: less for its memory than for the
 * walk along all of them that every further point of the same timeline takes.
 */
#define FIGMENT_POINT_BYTES	SZ_1K

/*
 * Between two steps of what may be thousands. Only death interrupts: whoever is
 * interrupted more often than a large submit takes would never get it done.
 */
static inline int figment_submit_pause(void)
{
	cond_resched();
	return fatal_signal_pending(current) ? -EINTR : 0;
}

/* Have a job wait for an earlier one of the same submit, or a point that it signals. */
static inline int figment_submit_add_dep(struct figment_submit *submit,
					 struct figment_job *job, u32 from, u32 signal)
{
	if (!signal && submit->jobs[from].job->queue == job->queue &&
	    figment_queue_in_order(job->queue))
		return 0;
	return figment_job_add_dep(job, NULL, from, signal);
}

/* figment_sync.c */
int figment_wait_add(struct figment_submit *submit, struct figment_job *job,
		     const struct drm_figment_sync *sync);
int figment_signal_prepare(struct figment_submit *submit, struct figment_signal *signal,
			   u32 job, struct drm_figment_sync *sync);
void figment_signal_announce(struct figment_submit *submit, struct figment_signal *signal);
void figment_signal_commit(struct figment_signal *signal, struct dma_fence *fence);
void figment_signal_release(struct figment_signal *signal, bool install);

/* figment_resv.c */
int figment_resv_collect(struct figment_submit *submit);
int figment_resv_lock(struct figment_submit *submit);
void figment_resv_commit(struct figment_submit *submit, struct figment_submit_job *sj);
void figment_resv_unlock(struct figment_submit *submit);
void figment_resv_release(struct figment_submit *submit);

#endif

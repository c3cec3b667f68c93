// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: what is left of a hung job
 *
 * Whoever's job took too long wants to know which, and what it was doing. So its
 * queue, buffers, commands and how far it got become a devcoredump, which root
 * reads in /sys/class/devcoredump, and a wedged event tells whoever listens, where
 * the kernel has such. The device needs no help: the queue is all that was lost.
 *
 * A dump needs memory, which those who find a job hung cannot ask for: they keep
 * the job, and a worker writes it down. No buffer's contents are in it.
 */
#include <linux/devcoredump.h>
#include <linux/ratelimit.h>
#include <linux/vmalloc.h>

#include "figment_compat.h"
#include "figment_drv.h"

#define FIGMENT_DUMP_SIZE	SZ_64K
/* Of a job's thousands of buffers and commands. */
#define FIGMENT_DUMP_MAX	200

static void figment_dump_refs(struct drm_printer *p, struct figment_job *job)
{
	u32 i;

	drm_printf(p, "buffers: %u\n", job->num_refs);
	mutex_lock(&job->queue->fdev->lock);
	for (i = 0; i < min(job->num_refs, FIGMENT_DUMP_MAX); i++) {
		struct figment_ref *ref = &job->refs[i];

		drm_printf(p, " [%u] size=%zu%s%s%s label=%s\n", i, ref->bo->base.base.size,
			   ref->flags & DRM_FIGMENT_BO_READ ? " read" : "",
			   ref->flags & DRM_FIGMENT_BO_WRITE ? " write" : "",
			   ref->flags & DRM_FIGMENT_BO_EXPLICIT ? " explicit" : "",
			   ref->bo->label);
	}
	mutex_unlock(&job->queue->fdev->lock);
}

/* The one it is at, and some before and after. */
static void figment_dump_cmds(struct drm_printer *p, struct figment_job *job)
{
	u32 first = job->at.cmd > FIGMENT_DUMP_MAX / 2 ? job->at.cmd - FIGMENT_DUMP_MAX / 2 : 0;
	u32 i;

	drm_printf(p, "commands: %u, at %u row %u byte %llu%s\n", job->num_cmds, job->at.cmd,
		   job->at.row, job->at.byte, job->pausing ? ", paused" : "");
	for (i = first; i < min(job->num_cmds, first + FIGMENT_DUMP_MAX); i++) {
		const struct drm_figment_cmd *cmd = &job->cmds[i];

		drm_printf(p, " [%u] op=%u src=%u+%llu dst=%u+%llu size=%llu value=%#llx", i,
			   cmd->op, cmd->src, cmd->src_offset, cmd->dst, cmd->dst_offset,
			   cmd->size, cmd->value);
		drm_printf(p, " rows=%u elem=%u pitches=%u,%u\n", cmd->rows, cmd->elem,
			   cmd->src_pitch, cmd->dst_pitch);
	}
}

static void figment_dump_job(struct drm_printer *p, struct figment_job *job)
{
	struct figment_queue *queue = job->queue;
	struct figment_client *client = queue->client;

	drm_printf(p, "driver: figment\ndevice: %u\n", queue->fdev->index);
	drm_printf(p, "now: %llu ns (CLOCK_MONOTONIC)\n", ktime_get_ns());
	/* A line is a record, and a program calls itself what it likes. */
	drm_printf(p, "client: %llu pid %d comm %*pE\n", client->id, client->pid,
		   (int)strlen(client->comm), client->comm);
	drm_printf(p, "queue: %u engine %s priority %u\n", queue->id,
		   queue->engine == FIGMENT_HOST ? "host" : "copy", queue->priority);
	drm_printf(p, "job: %llu user_data %#llx\n", job->seqno, job->user_data);
	drm_printf(p, "fence: context %llu seqno %llu\n", queue->fence_context, job->seqno);
	drm_printf(p, "runnable since: %lld ns\n", ktime_to_ns(job->run_time));
	if (queue->engine == FIGMENT_HOST)
		drm_printf(p, "executor: %s\n", job->done ? "done, held back" :
						job->read ? "has read it" : "has not read it");
	drm_printf(p, "injected: run %llu ns, signal %llu ns, error %d%s\n", job->fault.run_ns,
		   job->fault.signal_ns, job->fault.error, job->fault.hang ? ", hang" : "");
	figment_dump_refs(p, job);
	if (queue->engine == FIGMENT_COPY)
		figment_dump_cmds(p, job);
}

static void figment_dump_write(struct figment_job *job)
{
	struct figment_device *fdev = job->queue->fdev;
	char *text = vzalloc(FIGMENT_DUMP_SIZE);
	struct drm_print_iterator iter = { .data = text, .remain = FIGMENT_DUMP_SIZE };
	struct drm_printer p = drm_coredump_printer(&iter);

	if (!text)
		return;
	figment_dump_job(&p, job);
	dev_coredumpv(fdev->drm.dev, text, FIGMENT_DUMP_SIZE - iter.remain, GFP_KERNEL);
}

static void figment_dump_work(struct work_struct *work)
{
	/* Hung jobs are as many as clients want. */
	static DEFINE_RATELIMIT_STATE(limit, 10 * HZ, 10);
	struct figment_queue *queue = container_of(work, struct figment_queue, dump_work);
	struct figment_job *job = queue->hung;
	int idx;

	if (__ratelimit(&limit) && drm_dev_enter(&queue->fdev->drm, &idx)) {
		figment_dump_write(job);
		figment_wedged_event(&queue->fdev->drm, queue->client->pid,
				     queue->client->comm);
		drm_dev_exit(idx);
	}
	/* And with it, perhaps, the queue. */
	figment_job_put(job);
}

/**
 * figment_dump_locked - have a hung job written down
 * @job: the job, whose queue is being lost
 */
void figment_dump_locked(struct figment_job *job)
{
	struct figment_queue *queue = job->queue;

	lockdep_assert_held(&queue->lock);
	figment_job_get(job);
	queue->hung = job;
	INIT_WORK(&queue->dump_work, figment_dump_work);
	queue_work(figment_wq, &queue->dump_work);
}

// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: the copy engine
 *
 * N rings, each a scheduler and a thread, so that clients' copies run beside each
 * other. Commands are checked in the submit, against the buffers the job holds,
 * and buffers are mapped then: all that is left to a ring is to move bytes, in
 * chunks, between which it lets others run and looks whether the job is still
 * wanted. A job that takes too long loses its queue.
 *
 * It makes no dma_buf_begin_cpu_access() calls on foreign buffers: those may
 * wait for fences and take reservation locks, which nothing on the way to
 * signalling a fence may do. figment runs where the CPU's caches are coherent
 * with all that shares memory with it.
 */
#include <linux/math64.h>
#include <linux/overflow.h>
#include <linux/slab.h>

#include "figment_drv.h"
#include "figment_trace.h"

#define FIGMENT_COPY_CHUNK	SZ_256K
#define FIGMENT_COPY_DEPTH	4
#define FIGMENT_MAX_DELAY_NS	(60ull * NSEC_PER_SEC)

/**
 * struct figment_copy_run - a job being executed
 * @job: the job
 * @deadline: when it must be complete
 * @left: bytes until the next look
 */
struct figment_copy_run {
	struct figment_job *job;
	ktime_t deadline;
	size_t left;
};

/* Checking */

/* @bytes from @offset of buffer @index, which is used as @flag says */
static int figment_copy_check_range(struct figment_job *job, u32 index, u32 flag,
				    u64 offset, u64 bytes)
{
	u64 end;

	if (index >= job->num_refs)
		return -ERANGE;
	if (!(job->refs[index].flags & flag))
		return -EACCES;
	if (check_add_overflow(offset, bytes, &end) ||
	    end > job->refs[index].bo->base.base.size)
		return -ERANGE;
	return 0;
}

/* From the first byte of the first row to the last of the last. */
static int figment_copy_extent(const struct drm_figment_cmd *cmd, u32 pitch, u64 *bytes)
{
	return check_add_overflow((u64)(cmd->rows - 1) * pitch, cmd->size, bytes) ? -ERANGE : 0;
}

static int figment_copy_check_2d(struct figment_job *job, const struct drm_figment_cmd *cmd)
{
	u64 src, dst;
	int ret;

	if (!cmd->rows || !cmd->size || cmd->value || cmd->elem)
		return -EINVAL;
	if (cmd->rows > 1 && cmd->dst_pitch < cmd->size)
		return -EINVAL;
	ret = figment_copy_extent(cmd, cmd->src_pitch, &src);
	if (!ret)
		ret = figment_copy_extent(cmd, cmd->dst_pitch, &dst);
	if (!ret)
		ret = figment_copy_check_range(job, cmd->src, DRM_FIGMENT_BO_READ,
					       cmd->src_offset, src);
	if (!ret)
		ret = figment_copy_check_range(job, cmd->dst, DRM_FIGMENT_BO_WRITE,
					       cmd->dst_offset, dst);
	return ret;
}

static int figment_copy_check_fill(struct figment_job *job, const struct drm_figment_cmd *cmd)
{
	if (cmd->elem != 1 && cmd->elem != 2 && cmd->elem != 4 && cmd->elem != 8)
		return -EINVAL;
	if (!cmd->size || (cmd->size | cmd->dst_offset) & (cmd->elem - 1))
		return -EINVAL;
	if (cmd->elem < 8 && cmd->value >> (8 * cmd->elem))
		return -EINVAL;
	return figment_copy_check_range(job, cmd->dst, DRM_FIGMENT_BO_WRITE,
					cmd->dst_offset, cmd->size);
}

static int figment_copy_check_store(struct figment_job *job, const struct drm_figment_cmd *cmd)
{
	if (cmd->size || cmd->elem || cmd->dst_offset & 7)
		return -EINVAL;
	return figment_copy_check_range(job, cmd->dst, DRM_FIGMENT_BO_WRITE,
					cmd->dst_offset, sizeof(u64));
}

static int figment_copy_check_cmd(struct figment_job *job, const struct drm_figment_cmd *cmd)
{
	bool src = cmd->src || cmd->src_offset;
	bool dst = cmd->dst || cmd->dst_offset;
	bool two = cmd->rows || cmd->src_pitch || cmd->dst_pitch;
	int ret;

	if (cmd->flags)
		return -EINVAL;
	switch (cmd->op) {
	case DRM_FIGMENT_CMD_NOP:
		return src || dst || two || cmd->size || cmd->value || cmd->elem ? -EINVAL : 0;
	case DRM_FIGMENT_CMD_COPY:
		if (two || !cmd->size || cmd->value || cmd->elem)
			return -EINVAL;
		ret = figment_copy_check_range(job, cmd->src, DRM_FIGMENT_BO_READ,
					       cmd->src_offset, cmd->size);
		return ret ?: figment_copy_check_range(job, cmd->dst, DRM_FIGMENT_BO_WRITE,
						       cmd->dst_offset, cmd->size);
	case DRM_FIGMENT_CMD_COPY_2D:
		return figment_copy_check_2d(job, cmd);
	case DRM_FIGMENT_CMD_FILL:
		return src || two ? -EINVAL : figment_copy_check_fill(job, cmd);
	case DRM_FIGMENT_CMD_WRITE64:
		return src || two ? -EINVAL : figment_copy_check_store(job, cmd);
	case DRM_FIGMENT_CMD_TIMESTAMP:
		return src || two || cmd->value ? -EINVAL : figment_copy_check_store(job, cmd);
	case DRM_FIGMENT_CMD_DELAY:
		if (src || dst || two || cmd->size || cmd->elem ||
		    cmd->value > FIGMENT_MAX_DELAY_NS)
			return -EINVAL;
		return 0;
	default:
		return -EINVAL;
	}
}

/**
 * figment_copy_check - check a job's commands and map the buffers they use
 * @job: the job, with its buffers
 */
int figment_copy_check(struct figment_job *job)
{
	u32 i;
	int ret;

	for (i = 0; i < job->num_cmds; i++) {
		ret = figment_copy_check_cmd(job, &job->cmds[i]);
		if (ret)
			return ret;
		cond_resched();
	}
	for (i = 0; job->num_cmds && i < job->num_refs; i++) {
		ret = figment_gem_vmap_bo(job->refs[i].bo);
		if (ret)
			return ret;
	}
	return 0;
}

/* Executing */

static void *figment_copy_addr(struct figment_job *job, u32 index, u64 offset)
{
	return job->refs[index].bo->map.vaddr + offset;
}

/* Why to stop, or 0. */
static int figment_copy_look(struct figment_copy_run *run)
{
	struct figment_queue *queue = run->job->queue;

	cond_resched();
	if (READ_ONCE(queue->error))
		return figment_queue_cancelled(queue);
	if (ktime_after(ktime_get(), run->deadline))
		return -ETIMEDOUT;
	run->left = FIGMENT_COPY_CHUNK;
	return 0;
}

/* Account for a step of @bytes, and look now and then. */
static int figment_copy_step(struct figment_copy_run *run, size_t bytes)
{
	/* A row of few bytes costs more than they do. */
	bytes = max_t(size_t, bytes, 64);
	if (run->left > bytes) {
		run->left -= bytes;
		return 0;
	}
	return figment_copy_look(run);
}

static int figment_copy_bytes(struct figment_copy_run *run, void *dst, const void *src,
			      u64 size)
{
	int ret = 0;

	while (size && !ret) {
		size_t n = min_t(u64, size, FIGMENT_COPY_CHUNK);

		memmove(dst, src, n);
		dst += n;
		src += n;
		size -= n;
		ret = figment_copy_step(run, n);
	}
	return ret;
}

static int figment_copy_2d(struct figment_copy_run *run, const struct drm_figment_cmd *cmd,
			   void *dst, const void *src)
{
	u32 row;
	int ret = 0;

	for (row = 0; row < cmd->rows && !ret; row++) {
		/* What most decimation is made of: single pixels. */
		if (cmd->size == sizeof(u32)) {
			memcpy(dst, src, sizeof(u32));
			ret = figment_copy_step(run, sizeof(u32));
		} else {
			ret = figment_copy_bytes(run, dst, src, cmd->size);
		}
		dst += cmd->dst_pitch;
		src += cmd->src_pitch;
	}
	return ret;
}

static int figment_copy_fill(struct figment_copy_run *run, const struct drm_figment_cmd *cmd,
			     void *dst)
{
	u64 left = cmd->size;
	int ret = 0;

	while (left && !ret) {
		size_t n = min_t(u64, left, FIGMENT_COPY_CHUNK);

		switch (cmd->elem) {
		case 1:
			memset(dst, cmd->value, n);
			break;
		case 2:
			memset16(dst, cmd->value, n / 2);
			break;
		case 4:
			memset32(dst, cmd->value, n / 4);
			break;
		case 8:
			memset64(dst, cmd->value, n / 8);
			break;
		}
		dst += n;
		left -= n;
		ret = figment_copy_step(run, n);
	}
	return ret;
}

/* @ns: KTIME_MAX for ever */
static int figment_copy_delay(struct figment_copy_run *run, u64 ns)
{
	struct figment_queue *queue = run->job->queue;
	ktime_t now = ktime_get();
	ktime_t left = min(ns_to_ktime(ns), ktime_sub(run->deadline, now));

	/* Kernel threads get no signals: this ends in time, or with the queue. */
	wait_event_interruptible_hrtimeout(queue->wait, READ_ONCE(queue->error), left);
	if (READ_ONCE(queue->error))
		return figment_queue_cancelled(queue);
	return left < ns_to_ktime(ns) ? -ETIMEDOUT : 0;
}

static int figment_copy_execute(struct figment_copy_run *run, const struct drm_figment_cmd *cmd)
{
	struct figment_job *job = run->job;

	switch (cmd->op) {
	case DRM_FIGMENT_CMD_COPY:
		return figment_copy_bytes(run, figment_copy_addr(job, cmd->dst, cmd->dst_offset),
					  figment_copy_addr(job, cmd->src, cmd->src_offset),
					  cmd->size);
	case DRM_FIGMENT_CMD_COPY_2D:
		return figment_copy_2d(run, cmd,
				       figment_copy_addr(job, cmd->dst, cmd->dst_offset),
				       figment_copy_addr(job, cmd->src, cmd->src_offset));
	case DRM_FIGMENT_CMD_FILL:
		return figment_copy_fill(run, cmd,
					 figment_copy_addr(job, cmd->dst, cmd->dst_offset));
	case DRM_FIGMENT_CMD_WRITE64:
		WRITE_ONCE(*(u64 *)figment_copy_addr(job, cmd->dst, cmd->dst_offset),
			   cmd->value);
		break;
	case DRM_FIGMENT_CMD_TIMESTAMP:
		WRITE_ONCE(*(u64 *)figment_copy_addr(job, cmd->dst, cmd->dst_offset),
			   ktime_get_ns());
		break;
	case DRM_FIGMENT_CMD_DELAY:
		return figment_copy_delay(run, cmd->value);
	}
	return figment_copy_step(run, 0);
}

static void figment_copy_work(struct kthread_work *work)
{
	struct figment_job *job = container_of(work, struct figment_job, work);
	struct figment_queue *queue = job->queue;
	struct figment_copy_run run = {
		.job = job,
		.deadline = ktime_add_ms(ktime_get(), figment_job_timeout_ms()),
	};
	bool cookie = dma_fence_begin_signalling();
	int error;
	u32 i;

	/* The job, and with it the queue, may be gone once it is done. */
	figment_queue_get(queue);
	error = figment_copy_look(&run);
	if (!error)
		error = job->fault.error;
	for (i = 0; i < job->num_cmds && !error; i++)
		error = figment_copy_execute(&run, &job->cmds[i]);
	if (!error && job->fault.signal_ns)
		error = figment_copy_delay(&run, job->fault.signal_ns);
	if (!error && job->fault.hang)
		error = figment_copy_delay(&run, KTIME_MAX);

	/* Whoever sees the fence's error is to find the queue lost already. */
	if (error == -ETIMEDOUT)
		figment_queue_lose(queue, error, true);
	spin_lock(&queue->lock);
	figment_job_done_locked(job, error);
	spin_unlock(&queue->lock);
	dma_fence_end_signalling(cookie);
	figment_queue_put(queue);
}

/**
 * figment_copy_run - hand a runnable job to the ring its scheduler belongs to
 * @job: the job
 */
void figment_copy_run(struct figment_job *job)
{
	struct figment_sched *ring = container_of(job->base.sched, struct figment_sched, base);

	kthread_init_work(&job->work, figment_copy_work);
	kthread_queue_work(ring->worker, &job->work);
}

/* Setting up */

static const char * const figment_ring_names[FIGMENT_MAX_RINGS] = {
	"figment-copy0", "figment-copy1", "figment-copy2", "figment-copy3",
	"figment-copy4", "figment-copy5", "figment-copy6", "figment-copy7",
	"figment-copy8", "figment-copy9", "figment-copy10", "figment-copy11",
	"figment-copy12", "figment-copy13", "figment-copy14", "figment-copy15",
};

/**
 * figment_copy_init - make the copy rings
 * @fdev: the device
 * @rings: how many, 1 to FIGMENT_MAX_RINGS
 *
 * On failure figment_copy_fini() ends those that were made.
 */
int figment_copy_init(struct figment_device *fdev, unsigned int rings)
{
	unsigned int i;

	for (i = 0; i < rings; i++) {
		struct figment_sched *ring;
		struct kthread_worker *worker;

		ring = figment_sched_create(fdev, figment_ring_names[i], FIGMENT_COPY_DEPTH);
		if (IS_ERR(ring))
			return PTR_ERR(ring);
		worker = kthread_create_worker(0, "figment%u-copy%u", fdev->index, i);
		if (IS_ERR(worker)) {
			figment_sched_destroy(ring);
			return PTR_ERR(worker);
		}
		/* Newer kernels make a worker that has yet to be woken. */
		wake_up_process(worker->task);
		ring->worker = worker;
		fdev->rings[i] = ring;
		fdev->ring_list[i] = &ring->base;
		fdev->num_rings++;
	}
	return 0;
}

/* There are no queues left, and so no jobs. */
void figment_copy_fini(struct figment_device *fdev)
{
	while (fdev->num_rings) {
		struct figment_sched *ring = fdev->rings[--fdev->num_rings];

		kthread_destroy_worker(ring->worker);
		figment_sched_destroy(ring);
	}
}

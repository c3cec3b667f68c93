// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: calls: queues, submits, executors
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "execute.h"

#define WILD	0x00007ffffffe0000ull

CALL_OF(queue_create)
{
	struct drm_figment_queue_create args = {
		.engine = a[3], .priority = a[4], .flags = a[5], .pad = a[6],
	};
	long ret;

	/* Readers that block are welcome, as they are interrupted. */
	ret = do_ioctl(a[0], DRM_IOCTL_FIGMENT_QUEUE_CREATE, &args);
	if (ret)
		return ret;
	slot_put(t, a[1], args.queue);
	if (args.fd >= 0)
		slot_put(t, a[2], args.fd);
	return 0;
}

CALL_OF(queue_destroy)
{
	struct drm_figment_queue_destroy args = { .queue = a[1], .pad = a[2] };

	return do_ioctl(a[0], DRM_IOCTL_FIGMENT_QUEUE_DESTROY, &args);
}

CALL_OF(queue_query)
{
	struct drm_figment_queue_query args = { .queue = a[1], .pad = a[2] };

	return do_ioctl(a[0], DRM_IOCTL_FIGMENT_QUEUE_QUERY, &args);
}

CALL_OF(queue_fault)
{
	struct drm_figment_queue_fault args = {
		.queue = a[1], .delay_run_ns = a[2], .delay_signal_ns = a[3],
		.jitter_ns = a[4], .seed = a[5], .hang_nth = a[6], .fail_nth = a[7],
		.error = a[8], .flags = a[9], .pad = a[10],
	};

	return do_ioctl(a[0], DRM_IOCTL_FIGMENT_QUEUE_FAULT, &args);
}

/* The submit in the making. Its arrays hold an index where a pointer will be. */

CALL_OF(job)
{
	struct pending *p = t->pending;
	struct drm_figment_job *job = &p->jobs[p->num_jobs];

	if (p->num_jobs == PENDING_JOBS)
		return -ENOSPC;
	p->repeat[p->num_jobs++] = a[1] > WIDE_JOBS ? WIDE_JOBS : a[1];
	job->queue = a[0];
	job->user_data = a[2];
	job->flags = a[3];
	job->bos.ptr = p->num_bos;
	job->waits.ptr = p->num_waits;
	job->signals.ptr = p->num_signals;
	job->cmds.ptr = p->num_cmds;
	return 0;
}

static struct drm_figment_job *latest_job(struct pending *p)
{
	return p->num_jobs ? &p->jobs[p->num_jobs - 1] : NULL;
}

CALL_OF(use)
{
	struct pending *p = t->pending;

	if (!p->num_jobs || p->num_bos == PENDING_REFS)
		return -ENOSPC;
	p->bos[p->num_bos++] = (struct drm_figment_bo){ .handle = a[0], .flags = a[1] };
	latest_job(p)->bos.count++;
	return 0;
}

CALL_OF(wait)
{
	struct pending *p = t->pending;

	if (!p->num_jobs || p->num_waits == PENDING_REFS)
		return -ENOSPC;
	/* What its type has no use for is left out, as a program would. */
	p->waits[p->num_waits++] = (struct drm_figment_sync){
		.type = a[0],
		.flags = a[4],
		.handle = a[0] == DRM_FIGMENT_SYNC_FILE ? 0 : a[1],
		.fd = a[0] == DRM_FIGMENT_SYNC_FILE ? a[2] : 0,
		.point = a[0] == DRM_FIGMENT_SYNC_TIMELINE ? a[3] : 0,
	};
	latest_job(p)->waits.count++;
	return 0;
}

CALL_OF(signal)
{
	struct pending *p = t->pending;

	if (!p->num_jobs || p->num_signals == PENDING_REFS)
		return -ENOSPC;
	p->outs[p->num_signals] = a[0] == DRM_FIGMENT_SYNC_FILE ? a[2] : 0;
	p->signals[p->num_signals++] = (struct drm_figment_sync){
		.type = a[0],
		.flags = a[5],
		.handle = a[0] == DRM_FIGMENT_SYNC_FILE ? 0 : a[1],
		.fd = a[0] == DRM_FIGMENT_SYNC_FILE ? (int)a[4] - 1 : a[4],
		.point = a[0] == DRM_FIGMENT_SYNC_TIMELINE ? a[3] : 0,
	};
	latest_job(p)->signals.count++;
	return 0;
}

CALL_OF(cmd)
{
	struct pending *p = t->pending;

	if (!p->num_jobs || p->num_cmds == PENDING_REFS)
		return -ENOSPC;
	p->cmds[p->num_cmds++] = (struct drm_figment_cmd){
		.op = a[0], .src = a[1], .dst = a[2], .src_offset = a[3], .dst_offset = a[4],
		.size = a[5], .value = a[6], .rows = a[7], .elem = a[8], .src_pitch = a[9],
		.dst_pitch = a[10], .flags = a[11],
	};
	latest_job(p)->cmds.count++;
	return 0;
}

CALL_OF(shape)
{
	struct pending *p = t->pending;
	struct shape shape = {
		.mode = a[1] % NUM_SHAPES,
		.count = a[2] == ~0u ? 0 : a[2],
		.stride = a[3],
	};

	if (a[0] % NUM_ARRAYS == ARRAY_JOBS)
		p->outer = shape;
	else if (p->num_jobs)
		p->shapes[p->num_jobs - 1][a[0] % NUM_ARRAYS] = shape;
	return 0;
}

/* A copy of an array whose elements have another size than here. */
static void *spread(struct pending *p, const uint8_t *from, uint32_t count, uint32_t size,
		    uint32_t stride, bool dirty)
{
	uint8_t *to = p->spread + p->spread_used;

	if (p->spread_used + (uint64_t)count * stride > SPREAD_SIZE)
		return NULL;
	p->spread_used += (count * stride + 7) & ~7u;
	for (uint32_t i = 0; i < count; i++) {
		memset(to + i * stride, dirty, stride);
		memcpy(to + i * stride, from + i * size, size < stride ? size : stride);
	}
	return to;
}

/* A description of @count elements of @size at @from, odd in the way that is asked for. */
static struct drm_figment_array describe(struct thread *t, const struct shape *shape,
					 void *from, uint32_t count, uint32_t size)
{
	struct pending *p = t->pending;
	struct drm_figment_array array = {
		.ptr = count ? (uintptr_t)from : 0, .count = count, .stride = count ? size : 0,
	};
	void *to;

	switch (count ? shape->mode : SHAPE_PLAIN) {
	case SHAPE_NULL:
		array.ptr = 0;
		break;
	case SHAPE_WILD:
		array.ptr = WILD;
		break;
	case SHAPE_READ_ONLY:
		array.ptr += t->read_only;
		break;
	case SHAPE_SKEWED:
		array.ptr += 4;
		break;
	case SHAPE_CUT:
		/* The last element is where there is no memory. */
		array.ptr = (uintptr_t)(p + 1) - (count - 1) * size;
		memcpy((void *)(uintptr_t)array.ptr, from, (count - 1) * size);
		break;
	case SHAPE_WIDE:
	case SHAPE_DIRTY:
	case SHAPE_NARROW:
		array.stride = shape->mode == SHAPE_NARROW ? size - 8 : size + 16;
		to = spread(p, from, count, size, array.stride, shape->mode == SHAPE_DIRTY);
		if (to)
			array.ptr = (uintptr_t)to;
		break;
	}
	if (shape->count)
		array.count = shape->count;
	if (shape->stride)
		array.stride = shape->stride;
	return array;
}

static uint32_t lay_out(struct thread *t)
{
	struct pending *p = t->pending;
	uint32_t n = 0;

	p->spread_used = 0;
	for (uint32_t i = 0; i < p->num_jobs; i++) {
		struct drm_figment_job job = p->jobs[i];
		const struct shape *shapes = p->shapes[i];

		job.bos = describe(t, &shapes[ARRAY_BOS], p->bos + job.bos.ptr, job.bos.count,
				   sizeof(p->bos[0]));
		job.waits = describe(t, &shapes[ARRAY_WAITS], p->waits + job.waits.ptr,
				     job.waits.count, sizeof(p->waits[0]));
		job.signals = describe(t, &shapes[ARRAY_SIGNALS], p->signals + job.signals.ptr,
				       job.signals.count, sizeof(p->signals[0]));
		job.cmds = describe(t, &shapes[ARRAY_CMDS], p->cmds + job.cmds.ptr,
				    job.cmds.count, sizeof(p->cmds[0]));
		for (uint32_t j = 0; j < p->repeat[i] && n < WIDE_JOBS; j++)
			p->wide[n++] = job;
	}
	return n;
}

CALL_OF(submit)
{
	struct pending *p = t->pending;
	struct drm_figment_submit args = { .flags = a[1], .pad = a[2] };
	uint32_t n = lay_out(t);
	long ret;

	args.jobs = describe(t, &p->outer, p->wide, n, sizeof(p->wide[0]));
	ret = do_ioctl(a[0], DRM_IOCTL_FIGMENT_SUBMIT, &args);
	for (uint32_t i = 0; i < p->num_signals && !ret; i++)
		if (p->outs[i] && p->signals[i].fd >= t->machine->first_fd)
			slot_put(t, p->outs[i], p->signals[i].fd);
	memset(p, 0, offsetof(struct pending, wide));
	return ret;
}

/* Executors */

/* Where to read to or write from; SHAPE_READ_ONLY only matters to reads. */
static void *io_buffer(struct thread *t, uint64_t mode, size_t size)
{
	switch (mode) {
	case 1:
		return NULL;
	case 2:
		return t->pending->spread + t->read_only;
	case 3:
		return t->pending->spread + SPREAD_SIZE - size / 2;
	default:
		return t->pending->spread;
	}
}

CALL_OF(host_read)
{
	size_t size = a[1] < SPREAD_SIZE ? a[1] : SPREAD_SIZE;

	return result_of(read(a[0], io_buffer(t, a[2], size), size));
}

CALL_OF(host_write)
{
	struct drm_figment_host_done done[8] = { 0 };
	size_t count = a[3] < 8 ? a[3] : 8;
	void *from;

	for (size_t i = 0; i < count; i++)
		done[i] = (struct drm_figment_host_done){
			.seqno = a[1] + i, .status = a[2], .pad = a[5],
		};
	from = io_buffer(t, a[4], count * sizeof(done[0]));
	if (!a[4])
		memcpy(from, done, sizeof(done));
	/* The last element is halfway behind the end. */
	if (a[4] == 3 && count)
		memcpy(from, done, count * sizeof(done[0]) / 2);
	return result_of(write(a[0], from, count * sizeof(done[0])));
}

/* SPDX-License-Identifier: GPL-2.0-only */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM figment

#if !defined(FIGMENT_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define FIGMENT_TRACE_H

/**
 * DOC: tracepoints
 *
 * figment_job_submit	a client has submitted a job; emitted in the client
 * figment_job_wait	something that job waits for, one event each
 * figment_job_run	all that has signalled; the engine has the job
 * figment_job_done	it has been executed, and its fence is about to signal
 *
 * A job is told by the context and number of its fence, which is what
 * others see of it. They join these events to one another, to the dep_ fields of
 * those who wait, and to the scheduler's and dma_fence's own.
 */

#include <linux/tracepoint.h>

#include "figment_drv.h"

DECLARE_EVENT_CLASS(figment_job,
	TP_PROTO(struct figment_job *job),
	TP_ARGS(job),
	TP_STRUCT__entry(
		__field(u32, dev)
		__field(u32, queue)
		__field(u32, engine)
		__field(u64, seqno)
		__field(u64, user_data)
		__field(u64, context)
		__field(u64, fence)
	),
	TP_fast_assign(
		__entry->dev = job->queue->fdev->index;
		__entry->queue = job->queue->id;
		__entry->engine = job->queue->engine;
		__entry->seqno = job->seqno;
		__entry->user_data = job->user_data;
		__entry->context = job->fence->base.context;
		__entry->fence = job->fence->base.seqno;
	),
	TP_printk("dev=%u queue=%u engine=%u seqno=%llu user_data=%llu context=%llu fence=%llu",
		  __entry->dev, __entry->queue, __entry->engine, __entry->seqno,
		  __entry->user_data, __entry->context, __entry->fence)
);

DEFINE_EVENT(figment_job, figment_job_submit,
	TP_PROTO(struct figment_job *job),
	TP_ARGS(job)
);

DEFINE_EVENT(figment_job, figment_job_run,
	TP_PROTO(struct figment_job *job),
	TP_ARGS(job)
);

TRACE_EVENT(figment_job_wait,
	TP_PROTO(struct figment_job *job, struct dma_fence *dep),
	TP_ARGS(job, dep),
	TP_STRUCT__entry(
		__field(u64, context)
		__field(u64, fence)
		__field(u64, dep_context)
		__field(u64, dep_fence)
	),
	TP_fast_assign(
		__entry->context = job->fence->base.context;
		__entry->fence = job->fence->base.seqno;
		__entry->dep_context = dep->context;
		__entry->dep_fence = dep->seqno;
	),
	TP_printk("context=%llu fence=%llu dep_context=%llu dep_fence=%llu",
		  __entry->context, __entry->fence, __entry->dep_context, __entry->dep_fence)
);

TRACE_EVENT(figment_job_done,
	TP_PROTO(struct figment_job *job, int error),
	TP_ARGS(job, error),
	TP_STRUCT__entry(
		__field(u32, dev)
		__field(u32, queue)
		__field(u32, engine)
		__field(int, error)
		__field(u64, seqno)
		__field(u64, context)
		__field(u64, fence)
	),
	TP_fast_assign(
		__entry->dev = job->queue->fdev->index;
		__entry->queue = job->queue->id;
		__entry->engine = job->queue->engine;
		__entry->error = error;
		__entry->seqno = job->seqno;
		__entry->context = job->fence->base.context;
		__entry->fence = job->fence->base.seqno;
	),
	TP_printk("dev=%u queue=%u engine=%u seqno=%llu context=%llu fence=%llu error=%d",
		  __entry->dev, __entry->queue, __entry->engine, __entry->seqno,
		  __entry->context, __entry->fence, __entry->error)
);

void figment_trace_submit(struct figment_job *job);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE figment_trace
#include <trace/define_trace.h>

// SPDX-License-Identifier: GPL-2.0-only
#include <linux/dma-fence-unwrap.h>

#define CREATE_TRACE_POINTS
#include "figment_trace.h"

/**
 * figment_trace_submit - trace a job and what it waits for
 * @job: the job, armed and not pushed
 *
 * Chains and arrays are taken apart: what frees the job is the fences in them.
 */
void figment_trace_submit(struct figment_job *job)
{
	struct dma_fence_unwrap iter;
	struct dma_fence *fence;
	u32 i;

	trace_figment_job_submit(job);
	if (!trace_figment_job_wait_enabled())
		return;
	for (i = 0; i < job->num_deps; i++) {
		dma_fence_unwrap_for_each(fence, &iter, job->deps[i].fence)
			trace_figment_job_wait(job, fence);
	}
}

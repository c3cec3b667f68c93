// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: the subjects of figment-bench, in the order they are measured
 */
#include "bench.h"

const struct bench_subject bench_subjects[] = {
	{ "ioctls", bench_ioctls },
	{ "buffers", bench_buffers },
	{ "allocation", bench_allocation },
	{ "fences", bench_fences },
	{ "jobs", bench_jobs },
	{ "copies", bench_copies },
	{ "engines", bench_engines },
	{ "memory", bench_memory },
	{ "scaling", bench_scaling },
	{ 0 }
};

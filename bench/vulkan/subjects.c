// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: the subjects of figment-bench-vulkan
 *
 * Those of two processes come first: they fork while there is no Vulkan yet.
 */
#include "picture.h"

const struct bench_subject bench_subjects[] = {
	{ "handoff", bench_handoff },
	{ "frames", bench_frame_times },
	{ "submits", bench_submits },
	{ 0 }
};

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef FIGMENT_TEST_FAKES_H
#define FIGMENT_TEST_FAKES_H

/**
 * struct figment_test_calls - what was called, and what it is to answer
 * @vmaps: buffers to be mapped
 * @looks: looks of a job being executed
 * @chunk: bytes until the next one
 * @look_result: what a look says
 * @ring_losses: copy queues lost
 * @host_losses: host queues lost
 */
extern struct figment_test_calls {
	int vmaps;
	int looks;
	size_t chunk;
	int look_result;
	int ring_losses;
	int host_losses;
} figment_test_calls;

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef FIGMENT_BENCH_H
#define FIGMENT_BENCH_H

/**
 * DOC: how figment is measured
 *
 * A row compares two ways to do the same work, figment's and a peer's. They are run
 * in alternation, a few milliseconds each, so that whatever else the machine does
 * meets both; what is kept of a row is every sample, and report.py takes medians.
 *
 * A subject is a file with one or more rows. It checks what it measures: a step
 * that fails ends the program (must(), of the selftests' helpers), so that there is
 * no figure of work that was not done.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "figment.h"
#include "helpers.h"

/**
 * bench_fn - does the work
 * @ctx: the row's
 * @n: how many times
 *
 * Return: how many ns that took, without what came before and after it.
 */
typedef uint64_t (*bench_fn)(void *ctx, uint64_t n);

/**
 * struct bench_row - what is compared
 * @name: the work, and against what
 * @target: the ratio to reach, 0 if it is only stated
 * @figment: figment's way
 * @peer: the peer's
 * @ctx: given to both
 * @max: how many times at most in a sample; 0 for no limit
 * @rate: the row is how many a second, rather than how long one takes
 * @per: how many pieces of work each time is, 0 for 1; the row is of one
 */
struct bench_row {
	const char *name;
	double target;
	bench_fn figment, peer;
	void *ctx;
	uint64_t max;
	uint64_t per;
	bool rate;
};

/** bench_compare() - run both in alternation and print the samples */
void bench_compare(const struct bench_row *row);
/** bench_name() - a row's name, made as by printf(); good until the program ends */
const char *bench_name(const char *format, ...) __attribute__((format(printf, 1, 2)));
/** bench_row_begin() - a row whose samples the subject takes by itself */
void bench_row_begin(const char *name, const char *unit, double target);
void bench_sample(const char *side, double value);
/** bench_rounds() - how many samples a row gets */
unsigned int bench_rounds(void);
/** bench_quick() - whether every instruction counts: fewer sizes, nothing parallel */
bool bench_quick(void);
/** bench_skip() - a row that this machine cannot have, and why */
void bench_skip(const char *name, const char *why);
/** bench_point() - a point of a plot */
void bench_point(const char *plot, const char *series, double x, double y);
/** bench_size() - a size for people; good until the program ends */
const char *bench_size(uint64_t bytes);

/**
 * struct bench_subject - what a program measures; the last one has no name
 * @name: to ask for it
 * @run: measures it
 */
struct bench_subject {
	const char *name;
	void (*run)(void);
};

extern const struct bench_subject bench_subjects[];

/* The subjects of figment-bench; those of figment-bench-vulkan are in vulkan/ */
void bench_ioctls(void);
void bench_buffers(void);
void bench_allocation(void);
void bench_fences(void);
void bench_jobs(void);
void bench_copies(void);
void bench_engines(void);
void bench_memory(void);
void bench_scaling(void);

/* peers.c: what figment is measured against */

/** peer_vgem() - the primary node of vgem's, opened once */
int peer_vgem(void);
uint32_t peer_vgem_create(uint64_t size);
void peer_vgem_close(uint32_t handle);

/** peer_empty_ioctls() - @n ioctls of DRM's that do nothing, in ns */
uint64_t peer_empty_ioctls(uint64_t n);

/** peer_wake_start() - have a second thread that answers wake-ups */
void peer_wake_start(void);
/** peer_wake() - @n round trips between the threads, in ns */
uint64_t peer_wake(uint64_t n);

#endif

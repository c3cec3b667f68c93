/* SPDX-License-Identifier: MIT */
#ifndef FIGMENT_TIMELINE_H
#define FIGMENT_TIMELINE_H

/**
 * DOC: jobs over time, out of a trace
 *
 * timeline.c reads the text of a tracefs trace file in which figment's events
 * were recorded, and makes jobs of them; timeline-svg.c draws those. A job is
 * identified as the kernel does it, by the context and the number of its
 * finished fence, which are also what other jobs name when they wait for it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* When a moment has not been seen. */
#define TIMELINE_NEVER	(-1.0)

#define TIMELINE_OWNER	16	/* a comm, with its NUL */

struct timeline_fence {
	uint64_t context, number;
};

/**
 * struct timeline_job - a job
 * @fence: its finished fence
 * @lane: index of its queue
 * @seqno: its number in its queue
 * @submit: when it was submitted, seconds
 * @run: when all it waits for had signalled
 * @start: when it began to be executed: after @run, and after the job before it
 * @done: when it was complete
 * @error: 0 or the negative errno its fence carries
 * @waits: what it waits for
 * @wait_count: how many
 * @frame: number to show on it, or -1
 * @row: where in its lane it is drawn
 */
struct timeline_job {
	struct timeline_fence fence;
	unsigned int lane;
	uint64_t seqno;
	double submit, run, start, done;
	int error;
	struct timeline_fence *waits;
	unsigned int wait_count;
	int frame;
	unsigned int row;
};

/**
 * struct timeline_lane - a queue
 * @context: fence context of its jobs
 * @owner: name of the process that submits to it
 * @pid: and its number, as there may be several of a name
 * @dev: device
 * @queue: id, within its client
 * @engine: 0 is copy, 1 is host
 * @last_done: when its latest job was complete
 */
struct timeline_lane {
	uint64_t context;
	char owner[TIMELINE_OWNER];
	int pid;
	unsigned int dev, queue, engine;
	double last_done;
};

struct timeline {
	struct timeline_job *jobs;
	size_t job_count, job_room;
	struct timeline_lane *lanes;
	size_t lane_count, lane_room;
	unsigned long submits, waits, runs, dones;
};

/** timeline_read() - read a trace; returns 0 or a negative errno */
int timeline_read(struct timeline *t, FILE *trace);
void timeline_free(struct timeline *t);

/** timeline_find() - the job with a fence, or NULL */
struct timeline_job *timeline_find(const struct timeline *t, struct timeline_fence fence);

/** timeline_complete() - whether all moments of a job have been seen */
bool timeline_complete(const struct timeline_job *job);

/**
 * timeline_number() - number @count jobs of an owner, from seqno @first; returns how
 * many it found
 */
unsigned int timeline_number(struct timeline *t, const char *owner, uint64_t first,
			     unsigned int count);

/** timeline_early() - count the jobs that ran before something they wait for was done */
unsigned int timeline_early(const struct timeline *t);

/**
 * timeline_svg() - draw the numbered jobs, or all if none is numbered
 * @t: the jobs
 * @out: the file
 * @title: heading
 * @subtitle: line below it
 *
 * Return: 0, or a negative errno; -ENODATA if there is nothing to draw.
 */
int timeline_svg(struct timeline *t, FILE *out, const char *title, const char *subtitle);

#endif

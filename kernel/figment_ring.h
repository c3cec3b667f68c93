/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef FIGMENT_RING_H
#define FIGMENT_RING_H

#include "figment_drv.h"

/* Bytes between two looks. */
#define FIGMENT_CHUNK	SZ_256K

/* What a job that is not complete says, beside 0 and negative errnos. */
#define FIGMENT_YIELD	1
#define FIGMENT_PAUSE	2

/**
 * struct figment_turn - a ring's time for a queue
 * @looked: when figment_ring_look() last looked
 * @end: when it is over, if others wait
 * @left: bytes until the next look
 * @room: what the jobs that follow may weigh
 * @paused: it is over because the job pauses
 */
struct figment_turn {
	ktime_t looked;
	ktime_t end;
	size_t left;
	u64 room;
	bool paused;
};

int figment_ring_look(struct figment_turn *turn, struct figment_job *job);

#endif

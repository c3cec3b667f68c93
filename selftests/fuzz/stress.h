/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef FIGMENT_STRESS_H
#define FIGMENT_STRESS_H

/**
 * DOC: what the stress test's processes share
 */

#include <stdatomic.h>
#include <stdint.h>

/* A wait may be for a chain of jobs, of which some take their full time. */
#define BOUND_MS	90000

/**
 * struct stress - counted by all clients
 * @stop: an end to it
 * @pool: a socket through which clients give each other fds
 * @jobs: submitted
 * @refused: not submitted, as their queue was lost
 * @odd: not submitted for any other reason
 * @odd_error: the latest
 * @executed: completed by an executor
 * @waits: that returned
 * @lost: that did not, though the fence had signalled
 * @hung: that did not, and nor had the fence
 * @given: fds
 * @taken: likewise
 * @checked: copies with the right bytes
 * @wrong: with others
 * @kills: clients that were killed
 */
struct stress {
	atomic_bool stop;
	int pool[2];
	atomic_ulong jobs, refused, odd, executed, waits, lost, hung;
	atomic_ulong given, taken, checked, wrong, kills;
	atomic_int odd_error;
};

extern struct stress *all;

/** client_run() - be a client, until all stop; does not return */
void client_run(uint64_t seed);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SELFTESTS_VULKAN_PEER_H
#define SELFTESTS_VULKAN_PEER_H

/**
 * DOC: the other process
 *
 * A test's peer is this same program, executed anew with a role's name, so that
 * nothing of the test's own Vulkan reaches it but through the socket between
 * them. A role is a list of steps; it sends and receives words and fds
 * (helpers.h), and ends the process with KSFT_FAIL where a step goes wrong.
 */

#include "helpers.h"

struct role {
	const char *name;
	void (*run)(int sock);
};

/** peer_start() - execute a peer in a role */
struct child peer_start(const char *role);
/** peer_start_env() - likewise with more (or other) variables, a list of NAME=VALUE */
struct child peer_start_env(const char *role, char *const *env);

/** give_fd() - send an fd and close it */
void give_fd(int sock, int fd);
/** count_threads() - the process's threads, once their number stays the same */
int count_threads(void);

/** peer_main() - run as a peer, if started as one; returns if not */
void peer_main(const struct role *roles, int argc, char **argv);

#endif

// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: starting a peer, and being one
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "peer.h"

#define PEER_SOCK	3
#define PEER_ARG	"--peer"

extern char **environ;

static int count_entries(char *const *list)
{
	int n = 0;

	while (list && list[n])
		n++;
	return n;
}

struct child peer_start_env(const char *role, char *const *env)
{
	char *argv[] = { "/proc/self/exe", PEER_ARG, (char *)role, NULL };
	int more = count_entries(env), old = count_entries(environ), pair[2];
	char **all = calloc(more + old + 1, sizeof(*all));
	posix_spawn_file_actions_t actions;
	struct child peer;

	/* getenv() takes the first of two. */
	must_be(all);
	for (int i = 0; i < more; i++)
		all[i] = env[i];
	for (int i = 0; i < old; i++)
		all[more + i] = environ[i];

	must_call(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair));
	/* Not to be the fd that it is to become: dup2() would leave it close-on-exec. */
	if (pair[1] == PEER_SOCK)
		pair[1] = must_call(fcntl(pair[1], F_DUPFD_CLOEXEC, PEER_SOCK + 1));
	must_be(!posix_spawn_file_actions_init(&actions));
	must_be(!posix_spawn_file_actions_adddup2(&actions, pair[1], PEER_SOCK));
	must_be(!posix_spawn_file_actions_addclosefrom_np(&actions, PEER_SOCK + 1));
	must_be(!posix_spawn(&peer.pid, argv[0], &actions, NULL, argv, all));
	posix_spawn_file_actions_destroy(&actions);
	free(all);
	close(pair[1]);
	peer.sock = pair[0];
	return peer;
}

struct child peer_start(const char *role)
{
	return peer_start_env(role, NULL);
}

void give_fd(int sock, int fd)
{
	send_fd(sock, fd);
	close(fd);
}

static int count_threads_now(void)
{
	char line[128];
	int n = 0;
	FILE *status = fopen("/proc/self/status", "re");

	must_be(status);
	while (fgets(line, sizeof(line), status)) {
		if (sscanf(line, "Threads: %d", &n) == 1)
			break;
	}
	fclose(status);
	return n;
}

int count_threads(void)
{
	int n = count_threads_now(), same = 0;

	/* The kernel counts a thread a little longer than pthread_join() waits for it. */
	while (same < 3) {
		int now;

		moment();
		now = count_threads_now();
		same = now == n ? same + 1 : 0;
		n = now;
	}
	return n;
}

void peer_main(const struct role *roles, int argc, char **argv)
{
	if (argc != 3 || strcmp(argv[1], PEER_ARG))
		return;
	must_call(prctl(PR_SET_PDEATHSIG, SIGKILL));
	for (; roles->name; roles++) {
		if (!strcmp(roles->name, argv[2])) {
			roles->run(PEER_SOCK);
			exit(0);
		}
	}
	must_be(!"a role of that name");
}

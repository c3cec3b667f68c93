// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: what figment's selftests share: other processes, and the module
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "helpers.h"

/* Other processes */

struct child child_start(void (*run)(int sock))
{
	pid_t parent = getpid();
	struct child child;
	int pair[2];

	must_call(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair));
	fflush(NULL);
	child.pid = must_call(fork());
	if (child.pid) {
		close(pair[1]);
		child.sock = pair[0];
		return child;
	}

	must_call(prctl(PR_SET_PDEATHSIG, SIGKILL));
	must_be(getppid() == parent);
	must_call(dup2(pair[1], 3));
	must_call(close_range(4, ~0u, 0));
	run(3);
	_exit(0);
}

int child_join(struct child *child)
{
	int status;

	close(child->sock);
	must_call(waitpid(child->pid, &status, 0));
	return status;
}

void child_kill(struct child *child)
{
	must_call(kill(child->pid, SIGKILL));
	child_join(child);
}

void send_word(int sock, uint64_t word)
{
	must_be(must_call(send(sock, &word, sizeof(word), MSG_NOSIGNAL)) == sizeof(word));
}

uint64_t recv_word(int sock)
{
	uint64_t word;

	must_be(must_call(recv(sock, &word, sizeof(word), 0)) == sizeof(word));
	return word;
}

union rights {
	struct cmsghdr header;
	char space[CMSG_SPACE(sizeof(int))];
};

int fd_send(int sock, int fd, unsigned char byte, int flags)
{
	union rights rights = {
		.header = {
			.cmsg_len = CMSG_LEN(sizeof(int)),
			.cmsg_level = SOL_SOCKET,
			.cmsg_type = SCM_RIGHTS,
		},
	};
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &rights,
		.msg_controllen = sizeof(rights),
	};

	memcpy(CMSG_DATA(&rights.header), &fd, sizeof(fd));
	return sendmsg(sock, &msg, flags | MSG_NOSIGNAL) == 1 ? 0 : -errno;
}

int fd_recv(int sock, unsigned char *byte, int flags)
{
	union rights rights;
	struct iovec iov = { .iov_base = byte, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &rights,
		.msg_controllen = sizeof(rights),
	};
	ssize_t got = recvmsg(sock, &msg, flags | MSG_CMSG_CLOEXEC);
	int fd;

	if (got != 1)
		return got ? -errno : -EPIPE;
	/* The fd itself may have been one too many. */
	if (msg.msg_controllen < CMSG_LEN(sizeof(int)) || rights.header.cmsg_type != SCM_RIGHTS)
		return -EMFILE;
	memcpy(&fd, CMSG_DATA(&rights.header), sizeof(fd));
	return fd;
}

void send_fd(int sock, int fd)
{
	must(fd_send(sock, fd, 0, 0));
}

int recv_fd(int sock)
{
	unsigned char byte;

	return must(fd_recv(sock, &byte, 0));
}

/* The module */

bool is_root(void)
{
	return !geteuid();
}

static int shell(const char *format, const char *arg)
{
	char command[256];
	int status;

	must_be(snprintf(command, sizeof(command), format, arg) < (int)sizeof(command));
	status = must_call(system(command));
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Devices are usable when udev is done with them, where there is udev. */
int module_load(const char *params)
{
	int ret = shell("modprobe figment %s 2>/dev/null", params);

	return ret ? ret : shell("udevadm settle --timeout=%s 2>/dev/null || :", "20");
}

int module_unload(void)
{
	return shell("modprobe -r %s 2>/dev/null", "figment");
}

bool module_unloads(void)
{
	uint64_t until = now_ns() + 3 * LONG_MS * 1000000ull;

	while (module_unload()) {
		if (now_ns() > until)
			return false;
		moment();
	}
	return true;
}

void module_reload(const char *params)
{
	must_be(module_unloads());
	must_be(!module_load(params));
}

static pid_t restorer;

static void module_restore(void)
{
	if (getpid() != restorer)
		return;
	if (!module_unloads() || module_load(""))
		fprintf(stderr, "# the module could not be reloaded\n");
}

void module_restore_at_exit(void)
{
	restorer = getpid();
	atexit(module_restore);
}

int driver_tell(const char *what, const char *device)
{
	char path[64];
	int fd, ret;

	snprintf(path, sizeof(path), DRIVER_DIR "%s", what);
	fd = must_call(open(path, O_WRONLY | O_CLOEXEC));
	ret = errno_result(write(fd, device, strlen(device)));
	close(fd);
	return ret < 0 ? ret : system("udevadm settle --timeout=20 2>/dev/null || :");
}

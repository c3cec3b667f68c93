// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: what figment's selftests share: a client for tools, and running those
 */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "helpers.h"
#include "workload.h"

static void workload_round(int fd, const uint32_t *queues, uint32_t first, uint32_t second)
{
	struct job jobs[3] = { { .queue = queues[0] }, { .queue = queues[1] },
			       { .queue = queues[2] } };

	job_signals(&jobs[0], first, 0);
	job_waits(&jobs[1], first, 0);
	job_signals(&jobs[1], second, 0);
	job_waits(&jobs[2], second, 0);
	must(submit_jobs(fd, jobs, 3));
}

void workload(void)
{
	int fd = device_open();
	uint32_t first = syncobj_create(fd), second = syncobj_create(fd);
	struct host host = host_queue(fd);
	const uint32_t queues[3] = { copy_queue(fd), copy_queue(fd), host.queue };

	must_call(prctl(PR_SET_NAME, WORKLOAD_NAME));
	for (int i = 0; i < WORKLOAD_ROUNDS; i++)
		workload_round(fd, queues, first, second);
	for (int i = 0; i < WORKLOAD_ROUNDS; i++)
		host_done(host.fd, i == WORKLOAD_ROUNDS - 1 ? -EIO : 0);
	close(host.fd);
	close(fd);
}

const char *workload_command(void)
{
	static char command[300];
	ssize_t length = must_call(readlink("/proc/self/exe", command, 256));

	strcpy(command + length, " workload");
	return command;
}

char *output_of(int *status, const char *format, ...)
{
	size_t room = 1 << 20, size = 0, n;
	char *output = malloc(room);
	char command[1024];
	va_list args;
	FILE *pipe;

	va_start(args, format);
	n = vsnprintf(command, sizeof(command) - 8, format, args);
	va_end(args);
	must_be(output && n < sizeof(command) - 8);
	strcat(command, " 2>&1");
	pipe = popen(command, "re");
	must_be(pipe);
	while ((n = fread(output + size, 1, room - size - 1, pipe))) {
		size += n;
		if (size == room - 1) {
			room *= 2;
			output = realloc(output, room);
			must_be(output);
		}
	}
	output[size] = 0;
	*status = pclose(pipe);
	*status = WIFEXITED(*status) ? WEXITSTATUS(*status) : 128 + WTERMSIG(*status);
	return output;
}

bool has_tool(const char *name)
{
	char command[64];

	snprintf(command, sizeof(command), "command -v %s >/dev/null", name);
	return !system(command);
}

#define CPUS	"/sys/devices/system/cpu/cpu[1-9]*/online"

static pid_t one_cpu_of;

static void all_cpus(void)
{
	if (getpid() == one_cpu_of)
		must_be(!system("for f in " CPUS "; do [ ! -e $f ] || echo 1 >$f; done"));
}

/* Whoever ends a test that takes too long, too, leaves the others their CPUs. */
static void ended(int sig)
{
	exit(128 + sig);
}

void one_cpu(void)
{
	one_cpu_of = getpid();
	atexit(all_cpus);
	signal(SIGTERM, ended);
	must_be(!system("for f in " CPUS "; do [ ! -e $f ] || echo 0 >$f || exit; done"));
}

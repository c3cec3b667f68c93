// SPDX-License-Identifier: MIT
/**
 * DOC: figment trace
 *
 * Records figment's tracepoints in a tracefs instance of its own, so that whoever
 * else traces is not disturbed, while a command runs, for some seconds, or until
 * it is interrupted; then draws them (timeline-svg.c) and writes them for Perfetto
 * (perfetto.c).
 */
#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "perfetto.h"
#include "timeline.h"
#include "tool.h"

#define TRACEFS "/sys/kernel/tracing"
#define BUFFER_KB "8192"

static char instance[64];

static int set(const char *name, const char *value)
{
	char path[160];
	FILE *file;
	int ret;

	snprintf(path, sizeof(path), "%s/%s", instance, name);
	file = fopen(path, "w");
	if (!file)
		return -errno;
	ret = fputs(value, file) < 0 ? -EIO : 0;
	if (fclose(file) && !ret)
		ret = -errno;
	return ret;
}

static int start(void)
{
	int ret;

	snprintf(instance, sizeof(instance), TRACEFS "/instances/figment-%d", (int)getpid());
	if (mkdir(instance, 0700)) {
		ret = errno;
		*instance = 0;
		return tool_fail("tracefs: %s%s", strerror(ret),
				 ret == EACCES || ret == ENOENT ?
				 " (tracing is root's, and needs " TRACEFS " mounted)" : "");
	}
	ret = set("trace_clock", "mono");
	if (!ret)
		ret = set("buffer_size_kb", BUFFER_KB);
	if (!ret)
		ret = set("events/figment/enable", "1");
	return ret ? tool_fail("tracepoints: %s%s", strerror(-ret),
			       ret == -ENOENT ? " (is the module loaded?)" : "") : 0;
}

static void stop(void)
{
	if (*instance) {
		set("events/figment/enable", "0");
		rmdir(instance);
	}
}

static void interrupted(int sig)
{
}

/* Returns the command's exit status, as a shell has it; 0 without a command. */
static int record(char **argv, unsigned int seconds)
{
	const struct sigaction act = { .sa_handler = interrupted };
	int status = 0;
	pid_t pid;

	/* Ctrl-C ends what is recorded, not the recording of it. */
	sigaction(SIGINT, &act, NULL);
	sigaction(SIGTERM, &act, NULL);
	if (!*argv) {
		if (seconds)
			sleep(seconds);
		else
			pause();
		return 0;
	}
	pid = fork();
	if (!pid) {
		execvp(*argv, argv);
		tool_fail("%s: %s", *argv, strerror(errno));
		_exit(127);
	}
	if (pid < 0)
		return tool_fail("fork: %s", strerror(errno));
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* What the kernel had no room for is not in the picture, and nobody else says so. */
static void warn_of_losses(void)
{
	unsigned long long lost = 0, n;
	char path[160], line[80];
	glob_t cpus;

	snprintf(path, sizeof(path), "%s/per_cpu/cpu*/stats", instance);
	if (glob(path, 0, NULL, &cpus))
		return;
	for (size_t i = 0; i < cpus.gl_pathc; i++) {
		FILE *file = fopen(cpus.gl_pathv[i], "r");

		while (file && fgets(line, sizeof(line), file))
			if (sscanf(line, "overrun: %llu", &n) == 1 ||
			    sscanf(line, "commit overrun: %llu", &n) == 1)
				lost += n;
		if (file)
			fclose(file);
	}
	globfree(&cpus);
	if (lost)
		tool_fail("%llu events are lost, as more came than the kernel's buffer (" BUFFER_KB
			  " KiB a CPU) holds: the beginning is missing", lost);
}

static int read_trace(struct timeline *t)
{
	char path[160];
	FILE *file;
	int ret;

	set("tracing_on", "0");
	warn_of_losses();
	snprintf(path, sizeof(path), "%s/trace", instance);
	file = fopen(path, "r");
	if (!file)
		return -errno;
	ret = timeline_read(t, file);
	fclose(file);
	return ret;
}

static int write_file(struct timeline *t, const char *path, bool svg)
{
	char subtitle[96];
	FILE *file = fopen(path, "w");
	int ret;

	if (!file)
		return tool_fail("%s: %s", path, strerror(errno));
	snprintf(subtitle, sizeof(subtitle), "%zu jobs on %zu queues", t->job_count,
		 t->lane_count);
	ret = svg ? timeline_svg(t, file, "figment: who ran when, and who waited for whom",
				 subtitle) :
		    perfetto_write(t, file);
	if (fclose(file) && !ret)
		ret = -errno;
	if (ret)
		return tool_fail("%s: %s", path, strerror(-ret));
	printf("%s: %s\n", path, subtitle);
	return 0;
}

int tool_trace(int argc, char **argv)
{
	const char *svg = NULL, *json = NULL;
	uint32_t seconds = 0;
	struct timeline t;
	int c, ret, status = 0;

	while ((c = getopt(argc, argv, "+o:p:s:")) != -1) {
		if (c == 'o')
			svg = optarg;
		else if (c == 'p')
			json = optarg;
		else if (c != 's' || tool_number(c, optarg, 1, INT_MAX, &seconds))
			return 2;
	}
	if (seconds && argv[optind]) {
		tool_fail("it is some seconds or a command");
		return 2;
	}
	if (!svg && !json)
		svg = "figment.svg";

	ret = start();
	if (!ret) {
		status = record(argv + optind, seconds);
		ret = read_trace(&t);
		if (ret) {
			ret = tool_fail("reading the trace: %s", strerror(-ret));
		} else if (!t.job_count) {
			ret = tool_fail("nothing was submitted meanwhile");
			timeline_free(&t);
		} else {
			if (svg)
				ret = write_file(&t, svg, true);
			if (json && !ret)
				ret = write_file(&t, json, false);
			timeline_free(&t);
		}
	}
	stop();
	return status ? status : ret;
}

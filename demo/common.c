// SPDX-License-Identifier: MIT
/**
 * DOC: dying, reporting
 *
 * A report is written beside its final name and renamed when complete, so that
 * whoever reads it need not ask whether its writer got to the end.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "common.h"

static const char *process = "demo";
static FILE *report_file;
static char report_path[PATH_MAX - 8];

void demo_start(const char *name)
{
	process = name;
	prctl(PR_SET_NAME, name);
	setvbuf(stdout, NULL, _IOLBF, 0);
}

void die(const char *fmt, ...)
{
	va_list args;

	fflush(stdout);
	fprintf(stderr, "%s: ", process);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	/* Not exit(): a driver's threads may still be at work, on what it would tear down. */
	_exit(EXIT_FAILURE);
}

int check_errno(int ret, const char *call)
{
	if (ret < 0)
		die("%s: %s", call, strerror(ret == -1 && errno ? errno : -ret));
	return ret;
}

uint32_t demo_device(void)
{
	const char *env = getenv("FIGMENT_DEVICE");

	return env ? strtoul(env, NULL, 10) : 0;
}

bool fd_pending(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return fd >= 0 && !poll(&p, 1, 0);
}

void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

void *xalloc(size_t size)
{
	void *p = calloc(1, size);

	if (!p)
		die("no memory for %zu bytes", size);
	return p;
}

uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

static void temporary_name(char *path, size_t size)
{
	snprintf(path, size, "%s.new", report_path);
}

void report_open(const char *dir)
{
	char path[PATH_MAX];

	snprintf(report_path, sizeof(report_path), "%s/%s.report", dir, process);
	temporary_name(path, sizeof(path));
	report_file = fopen(path, "w");
	if (!report_file)
		die("fopen(%s): %s", path, strerror(errno));
}

void report(const char *key, unsigned long long value)
{
	fprintf(report_file, "%s_%s=%llu\n", process, key, value);
}

void report_close(void)
{
	char path[PATH_MAX];

	temporary_name(path, sizeof(path));
	if (fclose(report_file) || rename(path, report_path))
		die("writing %s: %s", report_path, strerror(errno));
}

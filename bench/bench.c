// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: the harness
 *
 *	figment-bench [-r ROUNDS] [-t MS] [-q] [-o WORDS] [-s figment|peer] [SUBJECT...]
 *
 * With -o, only rows whose name has these words; with -s, only one side of them, for
 * a profiler to look at.
 *
 * Prints one fact a line, tab-separated, for report.py:
 *
 *	row     NAME UNIT TARGET
 *	sample  figment|peer VALUE	of the row above
 *	skip    NAME WHY
 *	point   PLOT SERIES X Y
 *
 * How many times work is done for one sample is found by doing it ever more often
 * until that takes MS; a sample is then MS long or more, which also warms up. The
 * order within a round changes from round to round, since who comes second finds
 * the caches as the first one left them.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

static unsigned int rounds = 21;
static uint64_t sample_ns = 8000000;
static bool quick;
static const char *only = "", *only_side;

unsigned int bench_rounds(void)
{
	return rounds;
}

bool bench_quick(void)
{
	return quick;
}

void bench_row_begin(const char *name, const char *unit, double target)
{
	printf("row\t%s\t%s\t%g\n", name, unit, target);
	fflush(stdout);
}

void bench_sample(const char *side, double value)
{
	printf("sample\t%s\t%.6g\n", side, value);
	fflush(stdout);
}

void bench_skip(const char *name, const char *why)
{
	printf("skip\t%s\t%s\n", name, why);
}

void bench_point(const char *plot, const char *series, double x, double y)
{
	printf("point\t%s\t%s\t%g\t%.6g\n", plot, series, x, y);
	fflush(stdout);
}

const char *bench_name(const char *format, ...)
{
	va_list args;
	char *name;

	va_start(args, format);
	must_be(vasprintf(&name, format, args) >= 0);
	va_end(args);
	return name;
}

const char *bench_size(uint64_t bytes)
{
	return bytes < 1 << 20 ? bench_name("%llu KiB", (unsigned long long)bytes >> 10) :
				 bench_name("%llu MiB", (unsigned long long)bytes >> 20);
}

static uint64_t calibrate(const struct bench_row *row, bench_fn fn)
{
	uint64_t max = row->max ?: UINT64_MAX / 2, n = 1;

	/* The first time, things are loaded and grown. */
	fn(row->ctx, 1);
	while (fn(row->ctx, n) < sample_ns && n < max)
		n = n * 2 < max ? n * 2 : max;
	return n;
}

static void take(const struct bench_row *row, bool figment, uint64_t n)
{
	const char *name = figment ? "figment" : "peer";
	uint64_t ns;

	if (only_side && strcmp(only_side, name))
		return;
	ns = (figment ? row->figment : row->peer)(row->ctx, n);
	bench_sample(name,
		     row->rate ? 1e9 * n / ns : ns / 1e3 / n / (row->per ?: 1));
}

void bench_compare(const struct bench_row *row)
{
	uint64_t figment, peer;

	if (!strstr(row->name, only))
		return;
	figment = calibrate(row, row->figment);
	peer = calibrate(row, row->peer);
	bench_row_begin(row->name, row->rate ? "1/s" : "us", row->target);
	for (unsigned int i = 0; i < rounds; i++) {
		take(row, i % 2, i % 2 ? figment : peer);
		take(row, !(i % 2), i % 2 ? peer : figment);
	}
}

static bool wanted(const char *name, char *const *names)
{
	if (!*names)
		return true;
	while (*names && strcmp(*names, name))
		names++;
	return *names;
}

int main(int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "r:t:qo:s:")) != -1) {
		switch (option) {
		case 'r':
			rounds = strtoul(optarg, NULL, 0);
			break;
		case 't':
			sample_ns = strtoul(optarg, NULL, 0) * 1000000ull;
			break;
		case 'o':
			only = optarg;
			break;
		case 's':
			only_side = optarg;
			break;
		case 'q':
			quick = true;
			break;
		default:
			return 2;
		}
	}
	for (const struct bench_subject *subject = bench_subjects; subject->name; subject++) {
		uint64_t start = now_ns();

		if (!wanted(subject->name, argv + optind))
			continue;
		subject->run();
		fflush(stdout);
		fprintf(stderr, "bench: %s took %llu ms\n", subject->name,
			(unsigned long long)(now_ns() - start) / 1000000);
	}
	return 0;
}

// SPDX-License-Identifier: MIT
/**
 * DOC: figment - look at virtual GPUs, trace them, have them fail
 */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "figment.h"
#include "tool.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "info", tool_info },
	{ "trace", tool_trace },
	{ "fault", tool_fault },
};

static const char usage[] =
	"usage: figment info\n"
	"       figment trace [-o FILE.svg] [-p FILE.json] [-s SECONDS | COMMAND [ARGUMENT...]]\n"
	"       figment fault [-d DEVICE] [show | off | WORD=VALUE...]\n"
	"\n"
	"info   devices, and who uses them: queues, buffers, memory (all of it for root)\n"
	"trace  record a command, or some seconds, or until Ctrl-C, as a picture of\n"
	"       who waited for whom and as a file that Perfetto opens\n"
	"fault  have the queues made from now on suffer: run=, signal= and jitter= are\n"
	"       delays (10ms, 500us, 2s), seed= is the jitter's, hang=N and fail=N choose\n"
	"       a queue's Nth job, error= is what that fails with (EIO, or a number)\n";

int tool_fail(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fputs("figment: ", stderr);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
	va_end(args);
	return 1;
}

int tool_number(char option, const char *text, uint32_t min, uint32_t max, uint32_t *value)
{
	unsigned long long number;
	char *end;

	/* strtoull() alone would take " 1", "+1" and "-1". */
	errno = 0;
	number = strtoull(text, &end, 0);
	if (!isdigit((unsigned char)*text) || *end || errno || number < min || number > max) {
		tool_fail("-%c %s: it takes a number from %u to %u", option, text, min, max);
		return 2;
	}
	*value = number;
	return 0;
}

FILE *tool_debugfs(uint32_t index, const char *name, const char *mode)
{
	struct figment_node nodes[FIGMENT_MAX_DEVICES];
	int n = figment_enumerate(nodes, FIGMENT_MAX_DEVICES);
	char path[128];

	for (int i = 0; i < n; i++) {
		if (nodes[i].index != index)
			continue;
		/* The directory has the primary node's number on every kernel. */
		snprintf(path, sizeof(path), "/sys/kernel/debug/dri/%u/%s",
			 nodes[i].primary_minor, name);
		return fopen(path, mode);
	}
	errno = n < 0 ? -n : ENODEV;
	return NULL;
}

int main(int argc, char **argv)
{
	if (argc < 2 || !strcmp(argv[1], "-h") || !strcmp(argv[1], "--help")) {
		fputs(usage, argc < 2 ? stderr : stdout);
		return argc < 2 ? 2 : 0;
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (!strcmp(argv[1], commands[i].name))
			return commands[i].run(argc - 1, argv + 1);
	}
	tool_fail("there is no command %s", argv[1]);
	fputs(usage, stderr);
	return 2;
}

// SPDX-License-Identifier: MIT
/**
 * DOC: figment fault
 *
 * Writes a device's figment_fault in debugfs, which concerns all queues that are
 * made from then on, whoever makes them; hence it is root's. A program that wants
 * its own queues to suffer uses figment_queue_fault() instead.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "figment.h"
#include "tool.h"

/* What strerrorname_np() knows, the other way round. */
static int errno_by_name(const char *name)
{
	for (int e = 1; e < 4096; e++) {
		const char *known = strerrorname_np(e);

		if (known && !strcmp(known, name))
			return e;
	}
	return 0;
}

/* "10ms" in nanoseconds; a bare number is nanoseconds. */
static int parse_time(const char *text, uint64_t *ns)
{
	static const struct {
		const char *unit;
		double ns;
	} units[] = { { "", 1 }, { "ns", 1 }, { "us", 1e3 }, { "ms", 1e6 }, { "s", 1e9 } };
	char *end;
	double value = strtod(text, &end);

	if (end == text || value < 0)
		return -1;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (!strcmp(end, units[i].unit)) {
			*ns = (uint64_t)(value * units[i].ns);
			return 0;
		}
	}
	return -1;
}

static int parse_error(const char *text, long *error)
{
	char *end;

	*error = errno_by_name(text);
	if (!*error) {
		*error = labs(strtol(text, &end, 0));
		if (end == text || *end)
			return -1;
	}
	*error = -*error;
	return 0;
}

/* One word of ours into one of the kernel's. */
static int word(const char *text, FILE *out)
{
	const char *value = strchr(text, '=');
	size_t length = value ? (size_t)(value - text) : 0;
	uint64_t ns;
	long error;

	if (!value)
		return tool_fail("%s is no WORD=VALUE", text);
	value++;
	if ((length == 3 && !strncmp(text, "run", 3)) ||
	    (length == 6 && (!strncmp(text, "signal", 6) || !strncmp(text, "jitter", 6)))) {
		if (parse_time(value, &ns))
			return tool_fail("%s: a time is a number and ns, us, ms or s", text);
		fprintf(out, "%.*s=%llu ", (int)length, text, (unsigned long long)ns);
	} else if (length == 5 && !strncmp(text, "error", 5)) {
		if (parse_error(value, &error))
			return tool_fail("%s: there is no such errno", text);
		fprintf(out, "error=%ld ", error);
	} else {
		fprintf(out, "%s ", text);
	}
	return 0;
}

static int show(FILE *file)
{
	char line[512];

	while (fgets(line, sizeof(line), file))
		fputs(line, stdout);
	fclose(file);
	return 0;
}

int tool_fault(int argc, char **argv)
{
	const char *mode;
	uint32_t index = 0;
	FILE *file;
	int c, ret = 0;

	while ((c = getopt(argc, argv, "+d:")) != -1) {
		if (c != 'd' || tool_number(c, optarg, 0, FIGMENT_MAX_DEVICES - 1, &index))
			return 2;
	}
	argv += optind;
	mode = !*argv || !strcmp(*argv, "show") ? "r" : "w";
	if (*argv && argv[1] && (*mode == 'r' || !strcmp(*argv, "off")))
		return tool_fail("%s stands alone", *argv);
	file = tool_debugfs(index, "figment_fault", mode);
	if (!file)
		return tool_fail("device %u's faults: %s%s", index, strerror(errno),
				 errno == EACCES ? " (they are root's)" : "");
	if (*mode == 'r')
		return show(file);

	if (strcmp(*argv, "off")) {
		for (; *argv && !ret; argv++)
			ret = word(*argv, file);
	} else {
		fputc('\n', file);
	}
	if (ret) {
		/* What is in the buffer must not get out. */
		close(fileno(file));
		return ret;
	}
	if (fclose(file))
		return tool_fail("the kernel refuses that: %s", strerror(errno));
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: the KUnit tests of the driver's logic (kernel/tests)
 *
 * Loads the module that they are, where there is one for this kernel, and gives
 * each of their cases as one of its own. Catches what the cases themselves say they
 * do, a suite that is not run, and one that dies half way.
 */
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "kselftest.h"

#include "helpers.h"
#include "workload.h"

#define RESULTS	"/sys/kernel/debug/kunit/"

static const char *const suites[] = {
	"figment_copy", "figment_fault", "figment_hide", "figment_import", "figment_queue",
	"figment_resv", "figment_ring", "figment_sync",
};

struct result {
	bool ok, skipped;
	char name[160];
};

static struct result results[1024];
static unsigned int count;

/* @within: the case that it is a parameter of, or nothing */
static void add(bool ok, bool skipped, const char *suite, const char *within,
		const char *name)
{
	struct result *result = &results[count++];

	must_be(count <= ARRAY_SIZE(results));
	result->ok = ok;
	result->skipped = skipped;
	snprintf(result->name, sizeof(result->name), "%s: %.60s%s%.60s", suite, within,
		 *within ? ": " : "", name);
}

/*
 * A suite's KTAP: results of subtests are indented by four more, and followed by
 * their own of all of them, which is no case.
 */
static void read_suite(const char *suite)
{
	char path[96], line[512], within[128] = "", name[128];
	bool ended = false;
	FILE *file;

	snprintf(path, sizeof(path), RESULTS "%s/results", suite);
	file = fopen(path, "r");
	while (file && fgets(line, sizeof(line), file)) {
		const char *text = line + strspn(line, " ");
		bool ok = strncmp(text, "not ", 4);

		line[strcspn(line, "\n")] = 0;
		if (text - line == 8 && sscanf(text, "# Subtest: %127s", within) == 1)
			continue;
		if (sscanf(text, ok ? "ok %*u %127[^\n]" : "not ok %*u %127[^\n]", name) != 1) {
			/* What a case that failed says. */
			if (text - line >= 4 && *text == '#')
				ksft_print_msg("%s\n", text + 1);
			continue;
		}
		if (text == line)
			ended = true;
		else if (text - line == 8)
			add(ok, strstr(text, "# SKIP"), suite, within, name);
		else if (strcmp(name, within))
			add(ok, strstr(text, "# SKIP"), suite, "", name);
	}
	if (file)
		fclose(file);
	add(ended, false, suite, "", "ran to its end");
}

static void module_path(char *path, size_t size)
{
	static char self[256];
	struct utsname kernel;

	must_be(must_call(readlink("/proc/self/exe", self, sizeof(self) - 1)) > 0);
	must_call(uname(&kernel));
	snprintf(path, size, "%s/../kunit/%s/figment_kunit.ko", dirname(self), kernel.release);
}

int main(void)
{
	char path[512], *output;
	int status;

	require_device();
	ksft_print_header();
	if (!is_root())
		ksft_exit_skip("loading modules needs root\n");
	module_path(path, sizeof(path));
	free(output_of(&status, "modprobe -n kunit"));
	if (status)
		ksft_exit_skip("this kernel has no KUnit\n");

	output = output_of(&status, "modprobe kunit && insmod %s", path);
	if (status)
		ksft_exit_fail_msg("%s\n", output);
	for (size_t i = 0; i < ARRAY_SIZE(suites); i++)
		read_suite(suites[i]);
	output_of(&status, "rmmod figment_kunit && modprobe -r kunit");
	add(!status, false, "figment_kunit", "", "can be unloaded");

	ksft_set_plan(count);
	for (unsigned int i = 0; i < count; i++) {
		if (results[i].skipped)
			ksft_test_result_skip("%s\n", results[i].name);
		else
			ksft_test_result(results[i].ok, "%s\n", results[i].name);
	}
	ksft_finished();
}

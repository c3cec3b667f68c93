/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef FIGMENT_SELFTESTS_WORKLOAD_H
#define FIGMENT_SELFTESTS_WORKLOAD_H

/**
 * DOC: a client for tools to look at
 *
 * It does the same each time: in each of WORKLOAD_ROUNDS one SUBMIT of three jobs,
 * on a copy queue, on a second one, and on a host queue, each of which waits for
 * the one before; then it executes the host jobs, the last of which fails.
 */

#include <stdbool.h>

#define WORKLOAD_ROUNDS	5
#define WORKLOAD_JOBS	(3 * WORKLOAD_ROUNDS)
#define WORKLOAD_WAITS	(2 * WORKLOAD_ROUNDS)
#define WORKLOAD_NAME	"figworkload"

/** workload() - do it; the process is then called WORKLOAD_NAME */
void workload(void);

/**
 * FIGMENT_TOOL_MAIN - the harness's main, for programs that with "workload" as
 * their argument are that client, for a tool to run
 */
#define FIGMENT_TOOL_MAIN \
	int main(int argc, char **argv) \
	{ \
		if (argc == 2 && !strcmp(argv[1], "workload")) { \
			workload(); \
			return 0; \
		} \
		require_device(); \
		if (!is_root()) \
			ksft_exit_skip("tracing and debugfs are root's\n"); \
		if (getenv("FIGMENT_ONE_CPU")) \
			one_cpu(); \
		return test_harness_run(argc, argv); \
	}

/**
 * one_cpu() - have the machine do with one CPU until this program ends
 *
 * Switching tracepoints on changes the kernel's code, which an emulator with a thread
 * for each CPU may get wrong (an Oops at a nop). run-in-vm asks for it.
 */
void one_cpu(void);

/** workload_command() - this program's own path, and the argument */
const char *workload_command(void);

/**
 * output_of() - run a shell command to its end
 * @status: its exit status
 * @format: the command
 *
 * Return: what it wrote to stdout and stderr, in memory that is the caller's.
 */
char *output_of(int *status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** has_tool() - whether there is such a program in the PATH */
bool has_tool(const char *name);

#endif

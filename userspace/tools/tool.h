/* SPDX-License-Identifier: MIT */
#ifndef FIGMENT_TOOL_H
#define FIGMENT_TOOL_H

/**
 * DOC: the `figment` command
 *
 * One program, a file for each of its commands. They return an exit status and
 * say what is wrong on stderr themselves.
 */

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

int tool_info(int argc, char **argv);
int tool_fault(int argc, char **argv);
int tool_trace(int argc, char **argv);

/* Says "figment: ..." on stderr; returns 1, for a command to return. */
int tool_fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * Reads the argument of an option, a number from @min to @max. Returns 0, or 2 for a
 * command to return, having said what is wrong.
 */
int tool_number(char option, const char *text, uint32_t min, uint32_t max, uint32_t *value);

/* Prints which processes have fds of dma-bufs, given by their inodes. */
void tool_dmabufs(const unsigned long *inodes, size_t count);

/* Opens a file of a device's in debugfs. */
FILE *tool_debugfs(uint32_t index, const char *name, const char *mode);

#endif

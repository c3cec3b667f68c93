/* SPDX-License-Identifier: MIT */
#ifndef DEMO_COMMON_H
#define DEMO_COMMON_H

/**
 * DOC: what every program of the demo does alike
 *
 * A program of the demo either succeeds or dies with one line that names the
 * call and its result: there is nothing sensible to do about half a picture,
 * and its peers notice the closed socket. So nothing here returns errors.
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Longer than a software-emulated guest takes to start a Vulkan device. */
#define DEMO_PATIENCE_MS	45000

/** demo_start() - name the process, as it appears in messages and in the trace */
void demo_start(const char *name);

/** die() - say what went wrong, and exit with status 1 */
void die(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

/** check_errno() - die unless @ret, a negative errno or a result, is good */
int check_errno(int ret, const char *call);
#define OK(call) check_errno((call), #call)

/** demo_device() - which figment device to use: $FIGMENT_DEVICE, or the first */
uint32_t demo_device(void);

/** fd_pending() - whether a sync_file has not signalled yet; -1 never is */
bool fd_pending(int fd);

/** close_fd() - close an fd if there is one */
void close_fd(int fd);

void *xalloc(size_t size);

uint64_t now_ns(void);

/**
 * report_open() - start the file in which this process reports its measures
 * @dir: where; the file is DIR/NAME.report
 *
 * It holds lines of NAME_KEY=NUMBER, which a shell reads with ".".
 */
void report_open(const char *dir);
void report(const char *key, unsigned long long value);
/** report_close() - finish it; a report that is not closed was never made */
void report_close(void);

#endif

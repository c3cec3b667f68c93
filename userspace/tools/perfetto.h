/* SPDX-License-Identifier: MIT */
#ifndef FIGMENT_PERFETTO_H
#define FIGMENT_PERFETTO_H

#include <stdio.h>

#include "timeline.h"

/**
 * perfetto_write() - write jobs in the Trace Event format, which Perfetto opens
 * @t: the jobs
 * @out: the file
 *
 * Return: 0, or a negative errno; -ENODATA if no job was seen to its end.
 */
int perfetto_write(const struct timeline *t, FILE *out);

#endif

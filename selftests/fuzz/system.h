/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef FIGMENT_FUZZ_SYSTEM_H
#define FIGMENT_FUZZ_SYSTEM_H

/**
 * DOC: what calls find in the system around figment
 *
 * Every function here may be called while the kernel fails allocations on
 * purpose, and from several threads. They set errno, or return it negated.
 */

/**
 * node_open() - open a device's node
 * @device: its name
 * @node: "renderD" or "card"
 * @known: the minor it had the last time, -1 for none
 *
 * Return: an fd, or -1 and errno.
 */
int node_open(const char *device, const char *node, int *known);
/** file_read() - read all of a file; 0 or a negative errno */
long file_read(const char *path);
long file_write(const char *path, const char *text);
long debugfs_file_read(const char *device, const char *file);
long debugfs_file_write(const char *device, const char *file, const char *text);
/** driver_write() - write a device's name into a file of figment's driver */
long driver_write(const char *file, const char *device);

#endif

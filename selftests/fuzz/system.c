// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: what calls find in the system around figment
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"
#include "system.h"

/* The minor of a device's node, as it is now: it changes when the device is bound again. */
static int node_minor(const char *device, const char *node)
{
	static const char *const buses[] = {
		"/sys/bus/platform/devices", "/sys/devices/faux", "/sys/devices/platform",
	};
	char path[96];
	int minor = -1;

	for (size_t i = 0; i < ARRAY_SIZE(buses) && minor < 0; i++) {
		struct dirent *entry;
		DIR *dir;

		snprintf(path, sizeof(path), "%s/%s/drm", buses[i], device);
		dir = opendir(path);
		while (dir && (entry = readdir(dir)))
			if (!strncmp(entry->d_name, node, strlen(node)))
				sscanf(entry->d_name + strlen(node), "%d", &minor);
		if (dir)
			closedir(dir);
	}
	return minor;
}

int node_open(const char *device, const char *node, int *known)
{
	char path[48];
	int fd = -1;

	/* Looking takes several times as long as opening. */
	for (int i = 0; i < 2 && fd < 0; i++) {
		if (i || *known < 0)
			*known = node_minor(device, node);
		if (*known < 0) {
			errno = ENODEV;
			return -1;
		}
		snprintf(path, sizeof(path), "/dev/dri/%s%d", node, *known);
		fd = open(path, O_RDWR | O_CLOEXEC);
	}
	return fd;
}

static long result(long ret)
{
	return ret < 0 ? -errno : ret;
}

long file_read(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char buf[512];
	long ret;

	if (fd < 0)
		return -errno;
	do {
		ret = result(read(fd, buf, sizeof(buf)));
	} while (ret > 0);
	close(fd);
	return ret;
}

long file_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	long ret;

	if (fd < 0)
		return -errno;
	ret = result(write(fd, text, strlen(text)));
	close(fd);
	return ret < 0 ? ret : 0;
}

static void debugfs_path(const char *device, const char *file, char *path, size_t size)
{
	snprintf(path, size, "/sys/kernel/debug/dri/%d/%s", node_minor(device, "card"), file);
}

long debugfs_file_read(const char *device, const char *file)
{
	char path[96];

	debugfs_path(device, file, path, sizeof(path));
	return file_read(path);
}

long debugfs_file_write(const char *device, const char *file, const char *text)
{
	char path[96];

	debugfs_path(device, file, path, sizeof(path));
	return file_write(path, text);
}

long driver_write(const char *file, const char *device)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/bus/platform/drivers/figment/%s", file);
	return file_write(path, device);
}

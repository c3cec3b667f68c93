// SPDX-License-Identifier: MIT
/**
 * DOC: finding and asking figment devices
 *
 * Devices are found as every DRM client finds them, through libdrm, so that what
 * libdrm cannot see is not claimed either. A device is recognised by its
 * driver's name and not by a path.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <xf86drm.h>

#include "private.h"

bool figment_is_figment(int fd)
{
	drmVersionPtr version = drmGetVersion(fd);
	bool is = version && !strcmp(version->name, "figment");

	drmFreeVersion(version);
	return is;
}

int figment_get_param(int fd, uint32_t param, uint64_t *value)
{
	struct drm_figment_get_param args = { .param = param };
	int ret = figment_ioctl(fd, DRM_IOCTL_FIGMENT_GET_PARAM, &args);

	if (!ret)
		*value = args.value;
	return ret;
}

static int node_numbers(const char *path, uint32_t *maj, uint32_t *min)
{
	struct stat st;

	if (stat(path, &st))
		return -errno;
	*maj = major(st.st_rdev);
	*min = minor(st.st_rdev);
	return 0;
}

/* What does not fit is cut off. */
static void copy_name(char *to, size_t size, const char *from)
{
	size_t n = strnlen(from, size - 1);

	memcpy(to, from, n);
	to[n] = 0;
}

/* Returns 1 if the device is one of figment's and may be used, 0 if not. */
static int probe(const drmDevice *dev, struct figment_node *node)
{
	uint64_t index;
	int fd, ok;

	if (!(dev->available_nodes & (1 << DRM_NODE_RENDER)) ||
	    !(dev->available_nodes & (1 << DRM_NODE_PRIMARY)))
		return 0;

	fd = open(dev->nodes[DRM_NODE_RENDER], O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return 0;
	ok = figment_is_figment(fd) &&
	     !figment_get_param(fd, DRM_FIGMENT_PARAM_INDEX, &index);
	close(fd);
	if (!ok)
		return 0;

	memset(node, 0, sizeof(*node));
	node->index = index;
	copy_name(node->render, sizeof(node->render), dev->nodes[DRM_NODE_RENDER]);
	copy_name(node->primary, sizeof(node->primary), dev->nodes[DRM_NODE_PRIMARY]);
	if (dev->bustype == DRM_BUS_PLATFORM)
		copy_name(node->name, sizeof(node->name), dev->businfo.platform->fullname);
	return !node_numbers(node->render, &node->render_major, &node->render_minor) &&
	       !node_numbers(node->primary, &node->primary_major, &node->primary_minor);
}

static int by_index(const void *a, const void *b)
{
	const struct figment_node *x = a, *y = b;

	return (x->index > y->index) - (x->index < y->index);
}

int figment_enumerate(struct figment_node *nodes, int max)
{
	struct figment_node found[FIGMENT_MAX_DEVICES];
	drmDevicePtr *devices;
	int count, n = 0;

	count = drmGetDevices2(0, NULL, 0);
	/* Without any DRM device there is no /dev/dri. */
	if (count <= 0)
		return count == -ENOENT ? 0 : count;
	devices = calloc(count, sizeof(*devices));
	if (!devices)
		return -ENOMEM;
	count = drmGetDevices2(0, devices, count);
	if (count > 0) {
		for (int i = 0; i < count && n < FIGMENT_MAX_DEVICES; i++)
			n += probe(devices[i], &found[n]);
		drmFreeDevices(devices, count);
	} else {
		n = count;
	}
	free(devices);
	if (n <= 0)
		return n;

	qsort(found, n, sizeof(found[0]), by_index);
	memcpy(nodes, found, sizeof(found[0]) * (n < max ? n : max));
	return n;
}

int figment_open(uint32_t index)
{
	struct figment_node nodes[FIGMENT_MAX_DEVICES];
	int n = figment_enumerate(nodes, FIGMENT_MAX_DEVICES);

	for (int i = 0; i < n; i++) {
		if (nodes[i].index == index) {
			int fd = open(nodes[i].render, O_RDWR | O_CLOEXEC);

			return fd < 0 ? -errno : fd;
		}
	}
	return n < 0 ? n : -ENODEV;
}

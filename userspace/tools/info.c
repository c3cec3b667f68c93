// SPDX-License-Identifier: MIT
/**
 * DOC: figment info
 *
 * What anybody may know of the devices comes through their render nodes; who has
 * which queues and buffers comes from debugfs, and is root's. The tables are the
 * kernel's: dmabuf there is an inode, whose fds dmabufs.c looks for.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "figment.h"
#include "tool.h"

static const struct {
	uint32_t param;
	const char *name;
	const char *unit;
	unsigned int shift;
} params[] = {
	{ DRM_FIGMENT_PARAM_COPY_RINGS, "copy rings", "", 0 },
	{ DRM_FIGMENT_PARAM_JOB_TIMEOUT_MS, "job time-out", " ms", 0 },
	{ DRM_FIGMENT_PARAM_MEMORY_USED, "memory used", " KiB", 10 },
	{ DRM_FIGMENT_PARAM_MEMORY_LIMIT, "memory limit", " KiB", 10 },
};

static const struct {
	uint32_t flag;
	const char *name;
} hidden[] = {
	{ DRM_FIGMENT_HIDE_TIMELINE, "timeline" },
	{ DRM_FIGMENT_HIDE_PRIME_IMPORT, "prime-import" },
	{ DRM_FIGMENT_HIDE_PRIME_EXPORT, "prime-export" },
	{ DRM_FIGMENT_HIDE_MODIFIERS, "modifiers" },
};

static int info_params(int fd)
{
	uint64_t value;

	for (size_t i = 0; i < sizeof(params) / sizeof(params[0]); i++) {
		int ret = figment_get_param(fd, params[i].param, &value);

		if (ret)
			return tool_fail("%s: %s", params[i].name, strerror(-ret));
		printf("  %-14s %llu%s\n", params[i].name,
		       (unsigned long long)(value >> params[i].shift), params[i].unit);
	}
	if (figment_get_param(fd, DRM_FIGMENT_PARAM_HIDE, &value) || !value)
		return 0;
	printf("  %-14s", "hidden");
	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		if (value & hidden[i].flag)
			printf(" %s", hidden[i].name);
	putchar('\n');
	return 0;
}

static void info_debugfs(uint32_t index, const char *title, const char *name)
{
	FILE *file = tool_debugfs(index, name, "r");
	char *line = NULL;
	size_t size = 0;

	if (!file)
		return;
	printf("  %s\n", title);
	while (getline(&line, &size, file) > 0)
		printf("    %s", line);
	free(line);
	fclose(file);
}

/* The dma-bufs there are of its buffers, which its table has in a column. */
static int info_dmabufs(uint32_t index)
{
	FILE *file = tool_debugfs(index, "figment_memory", "r");
	unsigned long inode, *inodes = NULL, *grown;
	char *line = NULL;
	size_t size = 0, count = 0;
	int ret = 0;

	if (!file)
		return 0;
	while (!ret && getline(&line, &size, file) > 0) {
		if (sscanf(line, "%*u %*u %*u %*s %*s %lu", &inode) != 1 || !inode)
			continue;
		grown = reallocarray(inodes, count + 1, sizeof(*inodes));
		if (grown) {
			inodes = grown;
			inodes[count++] = inode;
		} else {
			ret = tool_fail("%m");
		}
	}
	free(line);
	fclose(file);
	if (!ret)
		tool_dmabufs(inodes, count);
	free(inodes);
	return ret;
}

int tool_info(int argc, char **argv)
{
	struct figment_node nodes[FIGMENT_MAX_DEVICES];
	int n = figment_enumerate(nodes, FIGMENT_MAX_DEVICES);

	if (argc > 1)
		return tool_fail("info takes no arguments");
	if (n < 0)
		return tool_fail("looking for devices: %s", strerror(-n));
	if (!n)
		return tool_fail("there is no device (is the module loaded, and may you open its render node?)");

	for (int i = 0; i < n; i++) {
		int fd = open(nodes[i].render, O_RDWR | O_CLOEXEC);
		int ret;

		printf("%s %s %s\n", nodes[i].name, nodes[i].render, nodes[i].primary);
		if (fd < 0)
			return tool_fail("%s: %m", nodes[i].render);
		ret = info_params(fd);
		close(fd);
		if (ret)
			return ret;
		info_debugfs(nodes[i].index, "clients", "figment_clients");
		info_debugfs(nodes[i].index, "queues", "figment_queues");
		info_debugfs(nodes[i].index, "buffers", "figment_memory");
		ret = info_dmabufs(nodes[i].index);
		if (ret)
			return ret;
	}
	return 0;
}

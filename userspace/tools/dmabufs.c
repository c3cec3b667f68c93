// SPDX-License-Identifier: MIT
/**
 * DOC: who has a dma-buf's fd
 *
 * The kernel knows who has handles of a buffer, and not who has an fd of its
 * dma-buf. /proc does: each fd has an fdinfo, with the inode, which for a dma-buf
 * is its own. A mapping or an attachment keeps a dma-buf too and is not seen here;
 * /sys/kernel/debug/dma_buf/bufinfo has the latter.
 */
#include <ctype.h>
#include <dirent.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"

/* The inode of the dma-buf that an fdinfo is of, 0 if it is of something else. */
static unsigned long dmabuf_inode(const char *path)
{
	FILE *file = fopen(path, "r");
	unsigned long inode = 0;
	bool is = false;
	char line[256];

	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file)) {
		if (!strncmp(line, "ino:", 4))
			inode = strtoul(line + 4, NULL, 10);
		is |= !strncmp(line, "exp_name:", 9);
	}
	fclose(file);
	return is ? inode : 0;
}

static void read_comm(const char *pid, char *comm, size_t size)
{
	char path[PATH_MAX];
	FILE *file;

	*comm = 0;
	snprintf(path, sizeof(path), "/proc/%s/comm", pid);
	file = fopen(path, "r");
	if (!file)
		return;
	if (!fgets(comm, size, file))
		*comm = 0;
	fclose(file);
	comm[strcspn(comm, "\n")] = 0;
	/* It goes to a terminal, and may be anything. */
	for (; *comm; comm++)
		if (!isprint((unsigned char)*comm))
			*comm = '?';
}

static void of_process(const char *pid, const unsigned long *inodes, size_t count)
{
	char path[PATH_MAX], comm[64];
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%s/fdinfo", pid);
	dir = opendir(path);
	if (!dir)
		return;
	read_comm(pid, comm, sizeof(comm));
	while ((entry = readdir(dir))) {
		unsigned long inode;

		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/fdinfo/%s", pid, entry->d_name);
		inode = dmabuf_inode(path);
		for (size_t i = 0; i < count; i++)
			if (inode && inodes[i] == inode)
				printf("    %lu %s %s %s\n", inode, pid, entry->d_name, comm);
	}
	closedir(dir);
}

void tool_dmabufs(const unsigned long *inodes, size_t count)
{
	struct dirent *entry;
	DIR *dir = count ? opendir("/proc") : NULL;

	if (!dir)
		return;
	printf("  dma-bufs\n    dmabuf pid fd comm\n");
	while ((entry = readdir(dir)))
		if (isdigit((unsigned char)entry->d_name[0]))
			of_process(entry->d_name, inodes, count);
	closedir(dir);
}

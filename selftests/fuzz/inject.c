// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: failures on purpose
 *
 * The kernel's fault injection fails slab and page allocations and copies from
 * and to userspace. A thread's fail-nth has the n-th of these in the next system
 * call fail, and only that; its make-it-fail, set around a call, has each of them
 * fail now and then. Neither needs the other, and nobody else in the system
 * suffers.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"

#define DEBUGFS "/sys/kernel/debug/"

static bool put(const char *dir, const char *file, const char *value)
{
	char path[128];
	int fd, ret;

	snprintf(path, sizeof(path), DEBUGFS "%s/%s", dir, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ret = write(fd, value, strlen(value));
	close(fd);
	return ret > 0;
}

const char *inject_setup(void)
{
	static const char *const kinds[] = { "failslab", "fail_page_alloc", "fail_usercopy" };
	static char words[64];

	for (int i = 0; i < 3; i++) {
		/* Of these there are two that the third does not have. */
		put(kinds[i], "ignore-gfp-wait", "N");
		put(kinds[i], "ignore-gfp-highmem", "N");
		put(kinds[i], "min-order", "0");
		put(kinds[i], "verbose", "0");
		put(kinds[i], "interval", "1");
		put(kinds[i], "times", "-1");
		put(kinds[i], "space", "0");
		/* First who, then how often, lest everybody suffers in between. */
		if (!put(kinds[i], "task-filter", "Y") || !put(kinds[i], "probability", "4"))
			continue;
		strcat(words, *words ? ", " : "");
		strcat(words, kinds[i]);
	}
	return words;
}

void inject_open(struct inject *inject)
{
	inject->nth_fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	inject->storm_fd = open("/proc/thread-self/make-it-fail", O_RDWR | O_CLOEXEC);
}

void inject_arm(const struct inject *inject, unsigned int nth)
{
	char text[8];

	if (nth == NTH_STORM) {
		if (inject->storm_fd >= 0 && pwrite(inject->storm_fd, "1", 1, 0) != 1)
			abort();
		return;
	}
	if (inject->nth_fd < 0)
		return;
	snprintf(text, sizeof(text), "%u", nth);
	if (pwrite(inject->nth_fd, text, strlen(text), 0) < 0)
		abort();
}

bool inject_disarm(const struct inject *inject, unsigned int nth)
{
	char text[16] = "";
	bool happened;

	if (nth == NTH_STORM) {
		/* This very write may fail. */
		while (inject->storm_fd >= 0 && pwrite(inject->storm_fd, "0", 1, 0) != 1)
			continue;
		return true;
	}
	if (inject->nth_fd < 0)
		return false;
	/* If it did not happen, it may happen to this. */
	happened = pread(inject->nth_fd, text, sizeof(text) - 1, 0) > 0 && text[0] == '0';
	while (pwrite(inject->nth_fd, "0", 1, 0) != 1)
		continue;
	return happened;
}

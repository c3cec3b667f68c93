// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: what the kernel has to say, and what it still has when all is over
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"

#define MAX_PATTERNS	64

static struct {
	regex_t regex;
	bool exempt;
} patterns[MAX_PATTERNS];
static int num_patterns;
static int kmsg = -1;

bool watch_start(const char *path)
{
	FILE *from = fopen(path, "r");
	char line[256];

	if (!from)
		return false;
	while (num_patterns < MAX_PATTERNS && fgets(line, sizeof(line), from)) {
		line[strcspn(line, "\n")] = '\0';
		if (!*line || *line == '#')
			continue;
		patterns[num_patterns].exempt = *line == '!';
		if (!regcomp(&patterns[num_patterns].regex, line + (*line == '!'),
			     REG_EXTENDED | REG_NOSUB))
			num_patterns++;
	}
	fclose(from);
	kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (kmsg < 0)
		return false;
	lseek(kmsg, 0, SEEK_END);
	return num_patterns > 0;
}

static bool is_trouble(const char *text)
{
	bool found = false;

	for (int i = 0; i < num_patterns; i++) {
		if (regexec(&patterns[i].regex, text, 0, NULL, 0))
			continue;
		if (patterns[i].exempt)
			return false;
		found = true;
	}
	return found;
}

bool watch_log(FILE *to)
{
	bool found = false;
	char record[1024], *text;
	int patience = 20, lines = 0;
	ssize_t n;

	/* Once there is something, what comes after it is of interest, too. */
	while (lines < 100) {
		n = read(kmsg, record, sizeof(record) - 1);
		if (n < 0 && errno == EPIPE)
			continue;
		if (n <= 0) {
			if (!found || !patience--)
				break;
			usleep(100000);
			continue;
		}
		record[n] = '\0';
		text = strchr(record, ';');
		text = text ? text + 1 : record;
		text[strcspn(text, "\n")] = '\0';
		found = found || is_trouble(text);
		if (found && lines++ < 100)
			fprintf(to, "# kernel: %s\n", text);
	}
	return found;
}

/* What a device's debugfs files say is there. */
static const char *device_leaks(const char *dir)
{
	static char words[512];
	char path[384], line[160];
	long long used;
	FILE *from;

	snprintf(path, sizeof(path), "%s/figment_memory", dir);
	from = fopen(path, "r");
	if (!from)
		return NULL;
	*words = '\0';
	if (!fgets(line, sizeof(line), from) || sscanf(line, "limit %*u used %lld", &used) != 1)
		snprintf(words, sizeof(words), "%s says nothing", path);
	else if (used)
		snprintf(words, sizeof(words), "%lld bytes", used);
	else if (fgets(line, sizeof(line), from) && fgets(line, sizeof(line), from))
		snprintf(words, sizeof(words), "a buffer: %s", line);
	fclose(from);
	if (*words)
		return words;

	snprintf(path, sizeof(path), "%s/figment_queues", dir);
	from = fopen(path, "r");
	if (!from || !fgets(line, sizeof(line), from))
		snprintf(words, sizeof(words), "%s says nothing", path);
	else if (fgets(line, sizeof(line), from))
		snprintf(words, sizeof(words), "a queue: %s", line);
	if (from)
		fclose(from);
	return *words ? words : NULL;
}

static const char *all_leaks(void)
{
	DIR *dir = opendir("/sys/kernel/debug/dri");
	const char *words = NULL;
	struct dirent *entry;
	char path[320];

	if (!dir)
		return "there is no debugfs to look at";
	while (!words && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/sys/kernel/debug/dri/%s", entry->d_name);
		words = device_leaks(path);
	}
	closedir(dir);
	return words;
}

const char *watch_leaks(void)
{
	const char *words = NULL;

	/* What workers and grace periods still hold goes by itself. */
	for (int i = 0; i < 300; i++) {
		words = all_leaks();
		if (!words)
			return NULL;
		usleep(100000);
	}
	return words;
}

static void show_file(FILE *to, const char *path, const char *name)
{
	FILE *from = fopen(path, "r");
	char line[160];

	while (from && fgets(line, sizeof(line), from))
		fprintf(to, "#   %s: %.*s\n", name, (int)strcspn(line, "\n"), line);
	if (from)
		fclose(from);
}

void watch_stacks(FILE *to, pid_t pid)
{
	char path[320];
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task/%s/stack", pid, entry->d_name);
		show_file(to, path, entry->d_name);
	}
	if (dir)
		closedir(dir);
}

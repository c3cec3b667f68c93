// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: fdinfo, as drm-usage-stats has it
 *
 * Catches keys that the kernel's Documentation/gpu/drm-usage-stats.rst does not
 * know, or whose values are not as it says; sizes that are not those of the
 * buffers; time that engines were busy for somebody else, or that is lost; and two
 * files that a tool would take for one, or one that it would take for two.
 */
#include <ctype.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "kselftest_harness.h"

#include "helpers.h"

#define MAX_KEYS	64
#define LINE		256

/**
 * struct info - an fdinfo
 * @keys: its keys
 * @values: and their values, without what is between them
 * @count: how many
 */
struct info {
	char keys[MAX_KEYS][LINE];
	char values[MAX_KEYS][LINE];
	int count;
};

static struct info *info_read(int fd)
{
	struct info *info = calloc(1, sizeof(*info));
	char path[64], line[LINE];
	FILE *file;

	must_be(info);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fopen(path, "r");
	must_be(file);
	while (fgets(line, sizeof(line), file)) {
		char *colon = strchr(line, ':'), *value = colon ? colon + 1 : NULL;

		must_be(colon && info->count < MAX_KEYS);
		*colon = 0;
		value += strspn(value, " \t");
		value[strcspn(value, "\n")] = 0;
		strcpy(info->keys[info->count], line);
		strcpy(info->values[info->count++], value);
	}
	fclose(file);
	return info;
}

/* Its value, or NULL. */
static const char *info_get(const struct info *info, const char *key)
{
	for (int i = 0; i < info->count; i++)
		if (!strcmp(info->keys[i], key))
			return info->values[i];
	return NULL;
}

/* Digits, and @units, one of a list with blanks between them, or none. */
static bool is_number(const char *value, const char *units)
{
	size_t digits = strspn(value, "0123456789"), length;

	if (!digits || (value[0] == '0' && digits > 1))
		return false;
	value += digits;
	if (!*value)
		return !*units || *units == '|';
	length = strlen(++value);
	return value[-1] == ' ' && length && strstr(units, value) && !strchr(value, '|');
}

/* A size in bytes, or the number a key has; -1 if there is no such key. */
static int64_t info_number(const struct info *info, const char *key)
{
	const char *value = info_get(info, key);
	char *unit;
	int64_t number;

	if (!value)
		return -1;
	number = strtoull(value, &unit, 10);
	return number << (!strcmp(unit, " KiB") ? 10 : !strcmp(unit, " MiB") ? 20 : 0);
}

static int64_t number_of(int fd, const char *key)
{
	struct info *info = info_read(fd);
	int64_t number = info_number(info, key);

	free(info);
	return number;
}

FIXTURE(fdinfo) {
	int fd;
};

FIXTURE_SETUP(fdinfo)
{
	self->fd = device_open();
}

FIXTURE_TEARDOWN(fdinfo)
{
	close(self->fd);
}

/* What the document allows: a key, or what it begins with, and its units. */
static const struct {
	const char *key;
	bool prefix;
	const char *units;
} standard[] = {
	{ "drm-client-id", false, "" },
	{ "drm-engine-capacity-", true, "" },
	{ "drm-engine-", true, "ns" },
	{ "drm-memory-", true, "|KiB|MiB" },
	{ "drm-total-", true, "|KiB|MiB" },
	{ "drm-shared-", true, "|KiB|MiB" },
	{ "drm-active-", true, "|KiB|MiB" },
	{ "drm-resident-", true, "|KiB|MiB" },
	{ "drm-purgeable-", true, "|KiB|MiB" },
};

static bool is_standard(const char *key, const char *value)
{
	for (size_t i = 0; i < ARRAY_SIZE(standard); i++) {
		size_t length = strlen(standard[i].key);

		if (strncmp(key, standard[i].key, length) ||
		    standard[i].prefix != !!key[length])
			continue;
		return is_number(value, standard[i].units);
	}
	return !strcmp(key, "drm-driver") && !strcmp(value, "figment");
}

/* A driver's own keys have its name in front; others are the VFS's, of one word. */
static bool is_known(const char *key, const char *value)
{
	if (!strncmp(key, "drm-", 4))
		return is_standard(key, value);
	return !strncmp(key, "figment-", 8) || !strchr(key, '-');
}

TEST_F(fdinfo, keys_and_values)
{
	struct buffer buf = buffer_create(self->fd, 3 * PAGE);
	struct info *info;

	must(figment_bo_label(self->fd, buf.handle, "three pages: 3"));
	info = info_read(self->fd);
	for (int i = 0; i < info->count; i++) {
		const char *key = info->keys[i];

		EXPECT_TRUE(is_known(key, info->values[i])) {
			TH_LOG("%s: %s", key, info->values[i]);
		}
		for (int j = 0; j < i; j++)
			EXPECT_STRNE(info->keys[j], key);
	}
	EXPECT_NE(NULL, info_get(info, "drm-driver"));
	EXPECT_NE(NULL, info_get(info, "drm-client-id"));
	EXPECT_EQ(NULL, info_get(info, "drm-pdev"));
	EXPECT_NE(NULL, info_get(info, "drm-engine-copy"));
	EXPECT_NE(NULL, info_get(info, "drm-engine-host"));
	EXPECT_NE(NULL, info_get(info, "drm-total-memory"));
	EXPECT_NE(NULL, info_get(info, "drm-shared-memory"));
	EXPECT_NE(NULL, info_get(info, "drm-resident-memory"));
	/* New kernels leave out what is nothing: then these are -1. */
	EXPECT_GE(0, info_number(info, "drm-purgeable-memory"));
	EXPECT_EQ(device_param(self->fd, DRM_FIGMENT_PARAM_COPY_RINGS),
		  info_number(info, "drm-engine-capacity-copy"));
	/* As many queues as a client can have. */
	EXPECT_EQ(256, info_number(info, "drm-engine-capacity-host"));
	free(info);
}

TEST_F(fdinfo, an_id_is_an_open_file)
{
	int again = dup(self->fd), other = device_open();
	struct figment_node node;
	int primary;

	must(figment_enumerate(&node, 1));
	primary = must_call(open(node.primary, O_RDWR | O_CLOEXEC));
	EXPECT_LT(0, number_of(self->fd, "drm-client-id"));
	EXPECT_EQ(number_of(self->fd, "drm-client-id"), number_of(again, "drm-client-id"));
	EXPECT_NE(number_of(self->fd, "drm-client-id"), number_of(other, "drm-client-id"));
	EXPECT_NE(number_of(self->fd, "drm-client-id"), number_of(primary, "drm-client-id"));
	EXPECT_NE(number_of(other, "drm-client-id"), number_of(primary, "drm-client-id"));
}

TEST_F(fdinfo, sizes)
{
	int other = device_open();
	struct buffer a, b;
	uint32_t untouched, imported;
	int dmabuf;

	EXPECT_EQ(0, number_of(self->fd, "drm-total-memory"));
	a = buffer_create(self->fd, 3 * PAGE);
	b = buffer_create(self->fd, 1 << 20);
	must(figment_bo_create(self->fd, 5 * PAGE, &untouched));
	EXPECT_EQ(8 * PAGE + (1 << 20), number_of(self->fd, "drm-total-memory"));
	EXPECT_EQ(0, number_of(self->fd, "drm-shared-memory"));
	EXPECT_GE(0, number_of(self->fd, "drm-active-memory"));
	EXPECT_EQ(0, number_of(other, "drm-total-memory"));

	/* What nobody has used has no pages yet. */
	memset(a.map, 1, a.size);
	memset(b.map, 1, b.size);
	EXPECT_EQ(3 * PAGE + (1 << 20), number_of(self->fd, "drm-resident-memory"));

	dmabuf = buffer_export(self->fd, &a);
	must(figment_bo_import(other, dmabuf, &imported));
	EXPECT_EQ(3 * PAGE, number_of(self->fd, "drm-shared-memory"));
	EXPECT_EQ(3 * PAGE, number_of(other, "drm-shared-memory"));
	EXPECT_EQ(3 * PAGE, number_of(other, "drm-total-memory"));
	EXPECT_EQ(8 * PAGE + (1 << 20), number_of(self->fd, "drm-total-memory"));

	close(dmabuf);
	buffer_destroy(self->fd, &b);
	must(figment_bo_close(other, imported));
	EXPECT_EQ(8 * PAGE, number_of(self->fd, "drm-total-memory"));
	EXPECT_EQ(0, number_of(other, "drm-total-memory"));
}

TEST_F(fdinfo, foreign_and_user_memory)
{
	void *memory = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint32_t handle;

	must(figment_bo_userptr(self->fd, memory, 2 * PAGE, &handle));
	EXPECT_EQ(2 * PAGE, number_of(self->fd, "drm-total-memory"));
	EXPECT_EQ(2 * PAGE, number_of(self->fd, "drm-resident-memory"));
	must(figment_bo_close(self->fd, handle));
	EXPECT_EQ(0, number_of(self->fd, "drm-total-memory"));
}

TEST_F(fdinfo, active_is_what_jobs_use)
{
	struct host host = host_queue(self->fd);
	struct buffer a = buffer_create(self->fd, PAGE), b = buffer_create(self->fd, 4 * PAGE);
	struct job job = { .queue = host.queue };
	int file;

	job_uses(&job, a.handle, DRM_FIGMENT_BO_READ);
	job_uses(&job, b.handle, DRM_FIGMENT_BO_WRITE);
	file = submit_file(self->fd, &job);
	EXPECT_EQ(5 * PAGE, number_of(self->fd, "drm-active-memory"));
	host_done(host.fd, 0);
	ASSERT_EQ(1, settle(file));
	EXPECT_GE(0, number_of(self->fd, "drm-active-memory"));
}

/* Waits until a key is at least so much; what it then is. */
static int64_t wait_for(int fd, const char *key, int64_t least)
{
	uint64_t until = now_ns() + LONG_MS * 1000000ull;
	int64_t is;

	while ((is = number_of(fd, key)) < least && now_ns() < until)
		moment();
	return is;
}

/* What a job did between two timestamps of its own, and no pause. */
TEST_F(fdinfo, copy_time)
{
	struct buffer big = buffer_create(self->fd, 64u << 20);
	struct buffer times = buffer_create(self->fd, PAGE);
	const int64_t *time = (const void *)times.map;
	struct job job = { .queue = copy_queue(self->fd) };
	int64_t last = 0, worked = 0, start = now_ns();
	int other = device_open();

	EXPECT_EQ(0, number_of(self->fd, "drm-engine-copy"));
	job_uses(&job, times.handle, DRM_FIGMENT_BO_WRITE);
	job_uses(&job, big.handle, DRM_FIGMENT_BO_WRITE);
	job_does(&job, (struct drm_figment_cmd){ .op = DRM_FIGMENT_CMD_TIMESTAMP });
	for (int i = 0; i < 4; i++)
		job_does(&job, (struct drm_figment_cmd){
			.op = DRM_FIGMENT_CMD_FILL, .dst = 1, .elem = 1, .size = big.size });
	job_does(&job, (struct drm_figment_cmd){
		.op = DRM_FIGMENT_CMD_TIMESTAMP, .dst_offset = 8 });
	job_does(&job, (struct drm_figment_cmd){
		.op = DRM_FIGMENT_CMD_DELAY, .value = 2000000000 });
	for (int i = 0; i < 3; i++) {
		struct job again = job;
		int64_t is;

		ASSERT_EQ(1, settle(submit_file(self->fd, &again)));
		is = number_of(self->fd, "drm-engine-copy");
		EXPECT_LT(last, is);
		last = is;
		worked += time[1] - time[0];
	}
	EXPECT_LE(worked, last);
	EXPECT_GT((int64_t)now_ns() - start - 3 * 2000000000ll, last);
	EXPECT_EQ(0, number_of(self->fd, "drm-engine-host"));
	EXPECT_EQ(0, number_of(other, "drm-engine-copy"));
}

TEST_F(fdinfo, host_time)
{
	struct host host = host_queue(self->fd);
	int64_t busy, waited = now_ns();
	uint64_t seqno;
	int gate, file;
	struct job job = { .queue = copy_queue(self->fd) };

	/* The copy job that waits for it is not what keeps an engine busy. */
	gate = host_pending(self->fd, &host, NULL);
	job_waits_file(&job, gate);
	file = submit_file(self->fd, &job);
	/* It is the engine's from when it is runnable. */
	seqno = host_take(host.fd).seqno;
	usleep(200000);
	must(figment_host_complete(host.fd, seqno, 0));
	ASSERT_EQ(1, settle(file));
	busy = wait_for(self->fd, "drm-engine-host", 200000000);
	waited = now_ns() - waited;
	EXPECT_LE(200000000, busy);
	EXPECT_GE(waited, busy);
	EXPECT_GT(150000000, number_of(self->fd, "drm-engine-copy"));
}

TEST_F(fdinfo, survives_an_unplugged_file)
{
	struct info *info;

	if (!is_root())
		SKIP(return, "unbinding needs root");
	must_be(!system("echo figment0 >/sys/bus/platform/drivers/figment/unbind"));
	/* There is little to say, but saying it does no harm. */
	info = info_read(self->fd);
	EXPECT_EQ(NULL, info_get(info, "drm-pdev"));
	free(info);
	must_be(!system("echo figment0 >/sys/bus/platform/drivers/figment/bind; "
			"udevadm settle --timeout=20 2>/dev/null || :"));
	close(self->fd);
	self->fd = device_open();
	EXPECT_EQ(0, number_of(self->fd, "drm-total-memory"));
}

FIGMENT_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: hide=, a capability at a time
 *
 * Catches a word that hides nothing, or in DRM_CAP_* only and not in the ioctls, or
 * for 64-bit programs only; one that hides what it does not name, so that a client
 * has nothing to fall back to; and words that are taken as they come. What a
 * capability looks like when it is missing is what the DRM core does for drivers
 * that never had it: EOPNOTSUPP for timelines, ENOSYS for PRIME.
 */
#include <fcntl.h>
#include <sys/eventfd.h>
#include <xf86drm.h>

#include "kselftest_harness.h"

#include "foreign.h"
#include "helpers.h"

#define HIDE_ALL	(DRM_FIGMENT_HIDE_TIMELINE | DRM_FIGMENT_HIDE_PRIME_IMPORT | \
			 DRM_FIGMENT_HIDE_PRIME_EXPORT | DRM_FIGMENT_HIDE_MODIFIERS)

FIXTURE(hide) {
	int fd;
};

FIXTURE_VARIANT(hide) {
	const char *words;
	uint32_t flags;
};

#define HIDE(name, w, f) \
	FIXTURE_VARIANT_ADD(hide, name) { .words = (w), .flags = (f) }

HIDE(nothing, "hide=", 0);
HIDE(timeline, "hide=timeline", DRM_FIGMENT_HIDE_TIMELINE);
HIDE(prime_import, "hide=prime-import", DRM_FIGMENT_HIDE_PRIME_IMPORT);
HIDE(prime_export, "hide=prime-export", DRM_FIGMENT_HIDE_PRIME_EXPORT);
HIDE(modifiers, "hide=modifiers", DRM_FIGMENT_HIDE_MODIFIERS);
HIDE(two, "hide=prime-export,timeline", DRM_FIGMENT_HIDE_PRIME_EXPORT | DRM_FIGMENT_HIDE_TIMELINE);
HIDE(one_twice, "hide=timeline,timeline,", DRM_FIGMENT_HIDE_TIMELINE);
HIDE(all, "hide=modifiers,prime-import,prime-export,timeline", HIDE_ALL);

/* Whether the module was loaded with just these: reloading it takes its time. */
static bool is_loaded_with(const char *words)
{
	char now[80] = "hide=";
	FILE *file = fopen("/sys/module/figment/parameters/hide", "r");

	must_be(!file || fgets(now + 5, sizeof(now) - 5, file));
	if (!file)
		return false;
	fclose(file);
	now[strcspn(now, "\n")] = 0;
	return !strcmp(now, words);
}

FIXTURE_SETUP(hide)
{
	if (!is_loaded_with(variant->words))
		module_reload(variant->words);
	self->fd = device_open();
}

FIXTURE_TEARDOWN(hide)
{
	close(self->fd);
}

/* -1 if there is no answer */
static int64_t cap(int fd, uint64_t which)
{
	uint64_t value;

	return drmGetCap(fd, which, &value) ? -1 : (int64_t)value;
}

TEST_F(hide, is_told)
{
	uint64_t prime = DRM_PRIME_CAP_IMPORT | DRM_PRIME_CAP_EXPORT;

	if (variant->flags & DRM_FIGMENT_HIDE_PRIME_IMPORT)
		prime &= ~DRM_PRIME_CAP_IMPORT;
	if (variant->flags & DRM_FIGMENT_HIDE_PRIME_EXPORT)
		prime &= ~DRM_PRIME_CAP_EXPORT;
	EXPECT_EQ(variant->flags, device_param(self->fd, DRM_FIGMENT_PARAM_HIDE));
	EXPECT_EQ(prime, cap(self->fd, DRM_CAP_PRIME));
	EXPECT_EQ(!(variant->flags & DRM_FIGMENT_HIDE_TIMELINE),
		  cap(self->fd, DRM_CAP_SYNCOBJ_TIMELINE));
	/* What is between the core's answers and userspace changes no other. */
	EXPECT_EQ(1, cap(self->fd, DRM_CAP_SYNCOBJ));
	EXPECT_EQ(1, cap(self->fd, DRM_CAP_TIMESTAMP_MONOTONIC));
	EXPECT_EQ(-1, cap(self->fd, 0x7777));
}

TEST_F(hide, bad_capability_requests)
{
	struct drm_get_cap args = { .capability = 0x7777 };

	EXPECT_EQ(-EFAULT, raw_ioctl(self->fd, DRM_IOCTL_GET_CAP, NULL));
	/* What a driver that drives no display is asked about one. */
	EXPECT_EQ(-EOPNOTSUPP, raw_ioctl(self->fd, DRM_IOCTL_GET_CAP, &args));
}

TEST_F(hide, timelines)
{
	bool hidden = variant->flags & DRM_FIGMENT_HIDE_TIMELINE;
	const int want = hidden ? -EOPNOTSUPP : 0;
	uint32_t syncobj = syncobj_create(self->fd);
	uint32_t other = syncobj_create(self->fd);
	uint32_t copy = copy_queue(self->fd);
	struct job job = { .queue = copy };
	int event = must_call(eventfd(0, EFD_CLOEXEC));
	uint64_t point = 0;
	int ret;

	EXPECT_EQ(want, figment_syncobj_signal(self->fd, syncobj, 3));
	EXPECT_EQ(want, figment_syncobj_query(self->fd, syncobj, &point));
	EXPECT_EQ(hidden ? 0 : 3, point);
	EXPECT_EQ(want, syncobj_state(self->fd, syncobj, 3));
	EXPECT_EQ(want, figment_syncobj_transfer(self->fd, other, 0, syncobj, 3));
	/* Kernels before 6.6 have no such ioctl. */
	ret = figment_syncobj_eventfd(self->fd, syncobj, 3, event, false);
	EXPECT_TRUE(ret == want || ret == -EINVAL || ret == -ENOTTY) {
		TH_LOG("eventfd: %d", ret);
	}

	job_signals(&job, syncobj, 4);
	EXPECT_EQ(want, submit_job(self->fd, &job));
	job = (struct job){ .queue = copy };
	job_waits(&job, syncobj, 4);
	EXPECT_EQ(want, submit_job(self->fd, &job));
	EXPECT_EQ(hidden ? 0 : 2, queue_query(self->fd, copy).submitted);
}

TEST_F(hide, exports)
{
	bool hidden = variant->flags & DRM_FIGMENT_HIDE_PRIME_EXPORT;
	struct buffer buf = buffer_create(self->fd, PAGE);
	int fds = count_fds(), dmabuf = -1;

	if (hidden) {
		EXPECT_EQ(-ENOSYS, figment_bo_export(self->fd, buf.handle, &dmabuf));
		EXPECT_EQ(-ENOSYS, figment_bo_export(self->fd, 999, &dmabuf));
		EXPECT_EQ(fds, count_fds());
		return;
	}
	ASSERT_EQ(0, figment_bo_export(self->fd, buf.handle, &dmabuf));
	EXPECT_EQ(PAGE, figment_dmabuf_size(dmabuf));
}

TEST_F(hide, imports)
{
	bool hidden = variant->flags & DRM_FIGMENT_HIDE_PRIME_IMPORT;
	struct buffer own = buffer_create(self->fd, PAGE);
	struct job job = { 0 };
	struct foreign foreign;
	uint32_t handle = 0;

	if (foreign_create(FOREIGN_UDMABUF, PAGE, &foreign) &&
	    foreign_create(FOREIGN_HEAP, PAGE, &foreign))
		SKIP(return, "this kernel has neither udmabuf nor a dma-heap");
	if (hidden) {
		EXPECT_EQ(-ENOSYS, figment_bo_import(self->fd, foreign.dmabuf, &handle));
		EXPECT_EQ(-ENOSYS, figment_bo_import(self->fd, STDIN_FILENO, &handle));
		EXPECT_EQ(0, handle);
	} else {
		ASSERT_EQ(0, figment_bo_import(self->fd, foreign.dmabuf, &handle));
		fill_random(foreign.map, PAGE, 5);
		job.queue = copy_queue(self->fd);
		job_copies(&job, handle, own.handle, PAGE);
		ASSERT_EQ(1, settle(submit_file(self->fd, &job)));
		EXPECT_EQ(0, memcmp(foreign.map, own.map, PAGE));
	}
	foreign_destroy(&foreign);
}

/* What a client falls back to: binary syncobjs, sync_files, both engines. */
TEST_F(hide, the_rest_works)
{
	struct buffer from = buffer_create(self->fd, PAGE), to = buffer_create(self->fd, PAGE);
	uint32_t syncobj = syncobj_create(self->fd), again;
	struct host host = host_queue(self->fd);
	struct job copy = { .queue = copy_queue(self->fd) };
	struct job work = { .queue = host.queue };
	int fd, file;

	fill_random(from.map, PAGE, 6);
	job_signals(&work, syncobj, 0);
	must(submit_job(self->fd, &work));
	job_copies(&copy, from.handle, to.handle, PAGE);
	job_waits(&copy, syncobj, 0);
	file = submit_file(self->fd, &copy);
	EXPECT_TRUE(stays_pending(file));
	EXPECT_EQ(0, figment_syncobj_export(self->fd, syncobj, &fd));
	EXPECT_EQ(0, figment_syncobj_import(self->fd, fd, &again));
	host_done(host.fd, 0);
	EXPECT_EQ(0, syncobj_settle(self->fd, again, 0));
	ASSERT_EQ(1, settle(file));
	EXPECT_EQ(0, memcmp(from.map, to.map, PAGE));
}

/* Every device of the module hides the same. */
TEST(hidden_on_all_devices)
{
	module_reload("devices=3 hide=prime-import,timeline");
	for (int i = 0; i < 3; i++) {
		int fd = must(figment_open(i));

		EXPECT_EQ(DRM_FIGMENT_HIDE_TIMELINE | DRM_FIGMENT_HIDE_PRIME_IMPORT,
			  device_param(fd, DRM_FIGMENT_PARAM_HIDE));
		EXPECT_EQ(DRM_PRIME_CAP_EXPORT, cap(fd, DRM_CAP_PRIME));
		EXPECT_EQ(0, cap(fd, DRM_CAP_SYNCOBJ_TIMELINE));
		close(fd);
	}
}

TEST(unknown_words_are_refused)
{
	static const char *const wrong[] = {
		"hide=everything", "hide=timelines", "hide=time", "hide=TIMELINE", "hide=1",
		"hide=timeline,prime", "hide=prime-import,,timeline", "hide=,", "hide=-",
		"hide=timeline;modifiers",
	};

	must_be(module_unloads());
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		char params[64];

		snprintf(params, sizeof(params), "'%s'", wrong[i]);
		EXPECT_NE(0, module_load(params)) {
			TH_LOG("%s", wrong[i]);
			must_be(module_unloads());
		}
		EXPECT_NE(0, access("/sys/module/figment", F_OK));
	}
	must_be(!module_load(""));
}

FIGMENT_RELOAD_MAIN

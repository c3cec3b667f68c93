// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: KUnit: arguments of waits and signals
 */
#include <kunit/test.h>

#include "../figment_sync.c"

#define BINARY		DRM_FIGMENT_SYNC_BINARY
#define TIMELINE	DRM_FIGMENT_SYNC_TIMELINE
#define FILE		DRM_FIGMENT_SYNC_FILE

/* What each is as a wait and as a signal; the timeline also where it is hidden. */
static const struct sync_case {
	const char *name;
	struct drm_figment_sync sync;
	int wait, signal, hidden;
} sync_cases[] = {
	{ "binary", { .type = BINARY, .handle = 3 } },
	{ "binary with a point", { .type = BINARY, .handle = 3, .point = 1 },
	  -EINVAL, -EINVAL, -EINVAL },
	{ "binary with an fd", { .type = BINARY, .handle = 3, .fd = -1 },
	  -EINVAL, -EINVAL, -EINVAL },
	{ "binary with a flag", { .type = BINARY, .handle = 3, .flags = 1 },
	  -EINVAL, -EINVAL, -EINVAL },
	{ "timeline", { .type = TIMELINE, .handle = 3, .point = 1 }, 0, 0, -EOPNOTSUPP },
	{ "timeline, the last point", { .type = TIMELINE, .handle = 3, .point = U64_MAX },
	  0, 0, -EOPNOTSUPP },
	{ "timeline without a point", { .type = TIMELINE, .handle = 3 },
	  -EINVAL, -EINVAL, -EOPNOTSUPP },
	{ "timeline with an fd", { .type = TIMELINE, .handle = 3, .point = 1, .fd = 1 },
	  -EINVAL, -EINVAL, -EOPNOTSUPP },
	{ "timeline with a flag", { .type = TIMELINE, .handle = 3, .point = 1, .flags = 1 },
	  -EINVAL, -EINVAL, -EOPNOTSUPP },
	{ "a sync_file's fd", { .type = FILE, .fd = 5 }, 0, -EINVAL, 0 },
	{ "no fd yet", { .type = FILE, .fd = -1 }, 0, 0, 0 },
	{ "another negative fd", { .type = FILE, .fd = -2 }, 0, -EINVAL, 0 },
	{ "sync_file with a handle", { .type = FILE, .fd = -1, .handle = 1 },
	  -EINVAL, -EINVAL, -EINVAL },
	{ "sync_file with a point", { .type = FILE, .fd = -1, .point = 1 },
	  -EINVAL, -EINVAL, -EINVAL },
	{ "sync_file with a flag", { .type = FILE, .fd = -1, .flags = 1u << 31 },
	  -EINVAL, -EINVAL, -EINVAL },
	{ "no such type", { .type = 3 }, -EINVAL, -EINVAL, -EINVAL },
	{ "the last type", { .type = U32_MAX }, -EINVAL, -EINVAL, -EINVAL },
};

static void sync_case_name(const struct sync_case *c, char *name)
{
	strscpy(name, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(sync, sync_cases, sync_case_name);

static struct figment_submit *some_submit(struct kunit *test)
{
	struct figment_submit *submit = kunit_kzalloc(test, sizeof(*submit), GFP_KERNEL);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, submit);
	submit->fdev = kunit_kzalloc(test, sizeof(*submit->fdev), GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, submit->fdev);
	submit->signals = kunit_kcalloc(test, 1 << FIGMENT_SIGNAL_HASH_BITS,
					sizeof(*submit->signals), GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, submit->signals);
	return submit;
}

static void sync_arguments(struct kunit *test)
{
	const struct sync_case *c = test->param_value;
	struct figment_submit *submit = some_submit(test);

	KUNIT_EXPECT_EQ(test, c->wait, figment_sync_check(submit, &c->sync, 0));
	KUNIT_EXPECT_EQ(test, c->signal, figment_sync_check(submit, &c->sync, -1));
	submit->fdev->hide = DRM_FIGMENT_HIDE_TIMELINE;
	KUNIT_EXPECT_EQ(test, c->hidden, figment_sync_check(submit, &c->sync, 0));
}

/* Signals of jobs 0 to 4, of two syncobjs; which of them a wait is for. */
static void sync_finds_signals(struct kunit *test)
{
	struct figment_submit *submit = some_submit(test);
	struct drm_syncobj *a = (void *)0x1000, *b = (void *)0x2000;
	struct figment_signal signals[] = {
		{ .syncobj = a, .job = 0, .point = 10 },
		{ .syncobj = b, .job = 1 },
		{ .syncobj = a, .job = 2, .point = 20 },
		{ .syncobj = b, .job = 3 },
		{ .syncobj = a, .job = 4, .point = 15 },
	};
	size_t i;

	KUNIT_EXPECT_NULL(test, figment_signal_find(submit, a, 1));
	for (i = 0; i < ARRAY_SIZE(signals); i++)
		figment_signal_announce(submit, &signals[i]);
	/* A binary one's is the latest, a point's the smallest that is enough. */
	KUNIT_EXPECT_PTR_EQ(test, &signals[3], figment_signal_find(submit, b, 0));
	KUNIT_EXPECT_PTR_EQ(test, &signals[0], figment_signal_find(submit, a, 1));
	KUNIT_EXPECT_PTR_EQ(test, &signals[0], figment_signal_find(submit, a, 10));
	KUNIT_EXPECT_PTR_EQ(test, &signals[4], figment_signal_find(submit, a, 11));
	KUNIT_EXPECT_PTR_EQ(test, &signals[4], figment_signal_find(submit, a, 15));
	KUNIT_EXPECT_PTR_EQ(test, &signals[2], figment_signal_find(submit, a, 16));
	KUNIT_EXPECT_NULL(test, figment_signal_find(submit, a, 21));
}

static struct kunit_case sync_suite_cases[] = {
	KUNIT_CASE_PARAM(sync_arguments, sync_gen_params),
	KUNIT_CASE(sync_finds_signals),
	{ }
};

static struct kunit_suite sync_suite = {
	.name = "figment_sync",
	.test_cases = sync_suite_cases,
};

kunit_test_suite(sync_suite);

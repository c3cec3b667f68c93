// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: KUnit: whom implicit sync has jobs wait for
 *
 * What the jobs of a submit do with one buffer, each on a queue of its own, and what
 * was in its reservation object before. Which of them a job waits for is in its
 * user_data, a bit each, and how many fences from before in its num_deps (fakes.c).
 */
#include <kunit/test.h>

#include "../figment_resv.c"

#define R	DRM_FIGMENT_BO_READ
#define W	DRM_FIGMENT_BO_WRITE
#define E	DRM_FIGMENT_BO_EXPLICIT

#define MAX_JOBS	5

static struct figment_submit *some_submit(struct kunit *test, const u32 *flags)
{
	struct figment_submit *submit = kunit_kzalloc(test, sizeof(*submit), GFP_KERNEL);
	struct figment_bo *bo = kunit_kzalloc(test, sizeof(*bo), GFP_KERNEL);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, submit);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, bo);
	submit->jobs = kunit_kzalloc(test, MAX_JOBS * sizeof(*submit->jobs), GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, submit->jobs);
	kref_init(&bo->base.base.refcount);
	dma_resv_init(&bo->base.base._resv);
	bo->base.base.resv = &bo->base.base._resv;

	for (; submit->num_jobs < MAX_JOBS && flags[submit->num_jobs]; submit->num_jobs++) {
		struct figment_job *job = kunit_kzalloc(test, sizeof(*job), GFP_KERNEL);

		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, job);
		job->queue = kunit_kzalloc(test, sizeof(*job->queue), GFP_KERNEL);
		job->refs = kunit_kzalloc(test, 2 * sizeof(*job->refs), GFP_KERNEL);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, job->queue);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, job->refs);
		job->refs[0] = (struct figment_ref){ bo, flags[submit->num_jobs] };
		job->num_refs = 1;
		submit->jobs[submit->num_jobs].job = job;
		submit->num_bos++;
	}
	return submit;
}

static struct dma_resv *its_resv(struct figment_submit *submit)
{
	return submit->jobs[0].job->refs[0].bo->base.base.resv;
}

static void resolve(struct kunit *test, struct figment_submit *submit)
{
	KUNIT_ASSERT_EQ(test, 0, figment_resv_collect(submit));
	KUNIT_EXPECT_EQ(test, 1, submit->num_objs);
	KUNIT_EXPECT_EQ(test, 0, figment_resv_lock(submit));
	figment_resv_unlock(submit);
	figment_resv_release(submit);
	dma_resv_fini(its_resv(submit));
}

/* The last job waits for these. */
static const struct within_case {
	const char *name;
	u32 flags[MAX_JOBS];
	u64 waits;
} within_cases[] = {
	{ "one alone", { W }, 0 },
	{ "readers", { R, R, R }, 0 },
	{ "a writer for a reader", { R, W }, 0x1 },
	{ "a reader for a writer", { W, R }, 0x1 },
	{ "a writer for a writer", { W, W }, 0x1 },
	{ "who does both", { R, R | W }, 0x1 },
	{ "for who does both", { R | W, R }, 0x1 },
	{ "a writer for all readers", { R, R, R, R, W }, 0xf },
	{ "a reader for the last writer", { W, R, W, R }, 0x4 },
	{ "a writer for readers since", { R, W, R, R, W }, 0xe },
	{ "explicitly for none", { W, W | E }, 0 },
	{ "for none that is explicit", { W | E, W }, 0 },
	{ "past an explicit one", { W, W | E, R }, 0x1 },
};

static void within_case_name(const struct within_case *c, char *name)
{
	strscpy(name, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(within, within_cases, within_case_name);

static void resv_within(struct kunit *test)
{
	const struct within_case *c = test->param_value;
	struct figment_submit *submit = some_submit(test, c->flags);

	resolve(test, submit);
	KUNIT_EXPECT_EQ(test, c->waits, submit->jobs[submit->num_jobs - 1].job->user_data);
}

static void resv_own_queue(struct kunit *test)
{
	const u32 flags[MAX_JOBS] = { W, W, W };
	struct figment_submit *submit = some_submit(test, flags);

	submit->jobs[2].job->queue = submit->jobs[0].job->queue;
	submit->jobs[1].job->queue = submit->jobs[0].job->queue;
	resolve(test, submit);
	KUNIT_EXPECT_EQ(test, 0, submit->jobs[1].job->user_data);
	KUNIT_EXPECT_EQ(test, 0, submit->jobs[2].job->user_data);

	/* An executor may take both before it has done one. */
	submit = some_submit(test, flags);
	submit->jobs[0].job->queue->engine = FIGMENT_HOST;
	submit->jobs[1].job->queue = submit->jobs[0].job->queue;
	submit->jobs[2].job->queue = submit->jobs[0].job->queue;
	resolve(test, submit);
	KUNIT_EXPECT_EQ(test, 0x1, submit->jobs[1].job->user_data);
	KUNIT_EXPECT_EQ(test, 0x2, submit->jobs[2].job->user_data);
}

static void resv_twice(struct kunit *test)
{
	const u32 flags[MAX_JOBS] = { R, R };
	struct figment_submit *submit = some_submit(test, flags);
	struct figment_job *job = submit->jobs[1].job;

	job->refs[1] = job->refs[0];
	job->num_refs++;
	submit->num_bos++;
	KUNIT_EXPECT_EQ(test, -EEXIST, figment_resv_collect(submit));
	figment_resv_release(submit);
	dma_resv_fini(its_resv(submit));
}

static const char *fence_name(struct dma_fence *fence)
{
	return "test";
}

static const struct dma_fence_ops fence_ops = {
	.get_driver_name = fence_name,
	.get_timeline_name = fence_name,
};

static DEFINE_SPINLOCK(fence_lock);

/* One pending fence of each usage. */
static void use(struct kunit *test, struct dma_resv *resv)
{
	enum dma_resv_usage usage;

	dma_resv_lock(resv, NULL);
	KUNIT_EXPECT_EQ(test, 0, dma_resv_reserve_fences(resv, DMA_RESV_USAGE_BOOKKEEP + 1));
	for (usage = DMA_RESV_USAGE_KERNEL; usage <= DMA_RESV_USAGE_BOOKKEEP; usage++) {
		struct dma_fence *fence = kzalloc(sizeof(*fence), GFP_KERNEL);

		KUNIT_EXPECT_NOT_NULL(test, fence);
		if (!fence)
			break;
		dma_fence_init(fence, &fence_ops, &fence_lock, dma_fence_context_alloc(1), 1);
		dma_resv_add_fence(resv, fence, usage);
		dma_fence_put(fence);
	}
	dma_resv_unlock(resv);
}

static const struct before_case {
	const char *name;
	u32 flags;
	u32 waits;
} before_cases[] = {
	{ "a reader for the kernel and writers", R, 2 },
	{ "a writer for readers too", W, 3 },
	{ "who does both likewise", R | W, 3 },
	{ "explicitly for the kernel alone", W | E, 1 },
	{ "an explicit reader likewise", R | E, 1 },
};

static void before_case_name(const struct before_case *c, char *name)
{
	strscpy(name, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(before, before_cases, before_case_name);

static void resv_before(struct kunit *test)
{
	const struct before_case *c = test->param_value;
	const u32 flags[MAX_JOBS] = { c->flags };
	struct figment_submit *submit = some_submit(test, flags);

	use(test, its_resv(submit));
	resolve(test, submit);
	KUNIT_EXPECT_EQ(test, c->waits, submit->jobs[0].job->num_deps);
	KUNIT_EXPECT_EQ(test, 0, submit->jobs[0].job->user_data);
}

static struct kunit_case resv_suite_cases[] = {
	KUNIT_CASE_PARAM(resv_within, within_gen_params),
	KUNIT_CASE(resv_own_queue),
	KUNIT_CASE(resv_twice),
	KUNIT_CASE_PARAM(resv_before, before_gen_params),
	{ }
};

static struct kunit_suite resv_suite = {
	.name = "figment_resv",
	.test_cases = resv_suite_cases,
};

kunit_test_suite(resv_suite);

// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: KUnit: rings: whose turn it is, when it is over, and how long a pause lasts
 */
#include <kunit/test.h>

/* Those that other tests have fakes of. */
#define figment_ring_look		tested_ring_look
#define figment_ring_init_queue		tested_ring_init_queue
#define figment_ring_lose_locked	tested_ring_lose_locked
#include "../figment_ring.c"

#include "fakes.h"

#define LOW	DRM_FIGMENT_PRIORITY_LOW
#define NORMAL	DRM_FIGMENT_PRIORITY_NORMAL
#define HIGH	DRM_FIGMENT_PRIORITY_HIGH

#define LONG	(10 * (s64)NSEC_PER_SEC)

static struct figment_device *some_device(struct kunit *test)
{
	struct figment_device *fdev = kunit_kzalloc(test, sizeof(*fdev), GFP_KERNEL);
	int i;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, fdev);
	init_waitqueue_head(&fdev->ring_wait);
	spin_lock_init(&fdev->ring_lock);
	for (i = 0; i < FIGMENT_NUM_PRIORITIES; i++)
		INIT_LIST_HEAD(&fdev->ring_ready[i]);
	return fdev;
}

static struct figment_queue *some_queue(struct kunit *test, struct figment_device *fdev)
{
	struct figment_queue *queue = kunit_kzalloc(test, sizeof(*queue), GFP_KERNEL);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, queue);
	queue->client = kunit_kzalloc(test, sizeof(*queue->client), GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, queue->client);
	queue->fdev = fdev;
	spin_lock_init(&queue->lock);
	init_waitqueue_head(&queue->wait);
	INIT_LIST_HEAD(&queue->running);
	tested_ring_init_queue(queue);
	return queue;
}

static struct figment_job *some_job(struct kunit *test)
{
	struct figment_job *job = kunit_kzalloc(test, sizeof(*job), GFP_KERNEL);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, job);
	job->queue = some_queue(test, some_device(test));
	job->budget_ns = LONG;
	return job;
}

static void ring_goes_by_what_is_due(struct kunit *test)
{
	static const struct {
		u32 priority;
		u64 due;
	} ready[] = {
		/* Each priority's in the order in which they came, which is that of due. */
		{ LOW, 100 }, { LOW, 300 }, { NORMAL, 50 }, { NORMAL, 100 }, { HIGH, 70 },
		{ HIGH, 100 },
	};
	/* Of two that are due, the higher; but none waits for ever for a higher one. */
	static const unsigned int order[] = { 2, 4, 5, 3, 0, 1 };
	struct figment_device *fdev = some_device(test);
	struct figment_queue *queues[ARRAY_SIZE(ready)];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ready); i++) {
		queues[i] = some_queue(test, fdev);
		queues[i]->turn_due = ready[i].due;
		list_add_tail(&queues[i]->turn_link, &fdev->ring_ready[ready[i].priority]);
	}
	for (i = 0; i < ARRAY_SIZE(order); i++) {
		KUNIT_EXPECT_TRUE(test, figment_ring_contended(fdev));
		KUNIT_EXPECT_PTR_EQ(test, queues[order[i]], figment_ring_pop(fdev));
	}
	KUNIT_EXPECT_FALSE(test, figment_ring_contended(fdev));
	KUNIT_EXPECT_NULL(test, figment_ring_pop(fdev));
}

static void ring_slack(struct kunit *test)
{
	struct figment_device *fdev = some_device(test);
	struct figment_queue *low = some_queue(test, fdev), *high = some_queue(test, fdev);
	ktime_t before = ktime_get();

	low->priority = LOW;
	high->priority = HIGH;
	figment_ring_push(low);
	figment_ring_push(high);
	KUNIT_EXPECT_GE(test, ktime_sub(low->turn_due, before), 200 * NSEC_PER_MSEC);
	KUNIT_EXPECT_LE(test, high->turn_due, ktime_get());
	KUNIT_EXPECT_PTR_EQ(test, high, figment_ring_pop(fdev));
	KUNIT_EXPECT_PTR_EQ(test, low, figment_ring_pop(fdev));
}

static void ring_turn_is_taken_back(struct kunit *test)
{
	struct figment_queue *queue = some_queue(test, some_device(test));

	/* A ring has it. */
	KUNIT_EXPECT_FALSE(test, figment_ring_take(queue));
	figment_ring_push(queue);
	KUNIT_EXPECT_TRUE(test, figment_ring_take(queue));
	KUNIT_EXPECT_NULL(test, figment_ring_pop(queue->fdev));
	hrtimer_start(&queue->timer, ns_to_ktime(LONG), HRTIMER_MODE_REL);
	KUNIT_EXPECT_TRUE(test, figment_ring_take(queue));
	KUNIT_EXPECT_FALSE(test, figment_ring_take(queue));
}

static const struct pause_case {
	const char *name;
	s64 budget;
	u64 pause;
	s64 lasts;
} pause_cases[] = {
	{ "as long as it is", 2 * LONG, LONG, LONG },
	{ "as long as there is time", LONG, 2 * LONG, LONG },
	{ "for ever", LONG, U64_MAX, LONG },
	{ "not at all, with no time left", 0, LONG, 0 },
	{ "not at all, with less than none", -5, LONG, 0 },
	{ "nor for ever", -5, U64_MAX, 0 },
};

static void pause_case_name(const struct pause_case *c, char *name)
{
	strscpy(name, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(pause, pause_cases, pause_case_name);

static void ring_pause(struct kunit *test)
{
	const struct pause_case *c = test->param_value;
	struct figment_job *job = some_job(test);
	ktime_t before = ktime_get(), expires;

	job->budget_ns = c->budget;
	job->pause_ns = c->pause;
	figment_ring_pause_locked(job);
	expires = hrtimer_get_expires(&job->queue->timer);
	KUNIT_EXPECT_GE(test, expires, before + c->lasts);
	KUNIT_EXPECT_LE(test, expires, ktime_get() + c->lasts);
	KUNIT_EXPECT_EQ(test, job->budget_ns, c->budget - c->lasts);
	hrtimer_cancel(&job->queue->timer);
}

static void ring_looks(struct kunit *test)
{
	struct figment_job *job = some_job(test);
	struct figment_queue *other = some_queue(test, job->queue->fdev);
	struct figment_turn turn = { .looked = ktime_get() };

	/* Its slice is over, but nobody waits: it gets another. */
	KUNIT_EXPECT_EQ(test, 0, tested_ring_look(&turn, job));
	KUNIT_EXPECT_EQ(test, FIGMENT_CHUNK, turn.left);
	KUNIT_EXPECT_EQ(test, FIGMENT_SLICE_NS, turn.end - turn.looked);
	KUNIT_EXPECT_LE(test, job->budget_ns, LONG);
	KUNIT_EXPECT_EQ(test, LONG - job->budget_ns,
			atomic64_read(&job->queue->client->busy_ns[FIGMENT_COPY]));
	figment_ring_push(other);
	turn.end = ktime_get() + LONG;
	KUNIT_EXPECT_EQ(test, 0, tested_ring_look(&turn, job));
	turn.end = turn.looked;
	KUNIT_EXPECT_EQ(test, FIGMENT_YIELD, tested_ring_look(&turn, job));
}

static void ring_look_ends_it(struct kunit *test)
{
	struct figment_job *job = some_job(test);
	struct figment_turn turn = { .looked = ktime_get() };

	job->budget_ns = 0;
	KUNIT_EXPECT_EQ(test, -ETIMEDOUT, tested_ring_look(&turn, job));
	KUNIT_EXPECT_EQ(test, -ETIMEDOUT, job->queue->error);
	KUNIT_EXPECT_TRUE(test, job->queue->guilty);
	/* What comes after it has not lost the queue. */
	KUNIT_EXPECT_EQ(test, -ECANCELED, tested_ring_look(&turn, job));
	job->queue->error = -ENODEV;
	KUNIT_EXPECT_EQ(test, -ENODEV, tested_ring_look(&turn, job));
}

static struct kunit_case ring_suite_cases[] = {
	KUNIT_CASE(ring_goes_by_what_is_due),
	KUNIT_CASE(ring_slack),
	KUNIT_CASE(ring_turn_is_taken_back),
	KUNIT_CASE_PARAM(ring_pause, pause_gen_params),
	KUNIT_CASE(ring_looks),
	KUNIT_CASE(ring_look_ends_it),
	{ }
};

static struct kunit_suite ring_suite = {
	.name = "figment_ring",
	.test_cases = ring_suite_cases,
};

kunit_test_suite(ring_suite);

// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: KUnit: a queue's state
 */
#include <kunit/test.h>

#include "../figment_queue.c"

#include "fakes.h"

/* As much of a queue as its state needs. */
static struct figment_queue *some_queue(struct kunit *test, enum figment_engine engine)
{
	struct figment_queue *queue = kunit_kzalloc(test, sizeof(*queue), GFP_KERNEL);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, queue);
	queue->client = kunit_kzalloc(test, sizeof(*queue->client), GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, queue->client);
	queue->fdev = kunit_kzalloc(test, sizeof(*queue->fdev), GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, queue->fdev);
	kref_init(&queue->ref);
	queue->engine = engine;
	spin_lock_init(&queue->lock);
	init_waitqueue_head(&queue->wait);
	xa_init_flags(&queue->client->queues, XA_FLAGS_ALLOC1);
	mutex_init(&queue->client->submit_lock);
	return queue;
}

static void queue_is_lost_once(struct kunit *test)
{
	struct figment_queue *queue = some_queue(test, FIGMENT_HOST);

	figment_test_calls = (struct figment_test_calls){ };
	figment_queue_lose(queue, -ETIMEDOUT, true);
	KUNIT_EXPECT_EQ(test, -ETIMEDOUT, queue->error);
	KUNIT_EXPECT_TRUE(test, queue->guilty);
	KUNIT_EXPECT_EQ(test, 1, figment_test_calls.host_losses);
	KUNIT_EXPECT_EQ(test, 0, figment_test_calls.ring_losses);
	/* What comes later changes nothing: the first reason is the reason. */
	figment_queue_lose(queue, -ENODEV, false);
	KUNIT_EXPECT_EQ(test, -ETIMEDOUT, queue->error);
	KUNIT_EXPECT_TRUE(test, queue->guilty);
	KUNIT_EXPECT_EQ(test, 1, figment_test_calls.host_losses);
}

static void queue_of_a_ring(struct kunit *test)
{
	struct figment_queue *queue = some_queue(test, FIGMENT_COPY);

	figment_test_calls = (struct figment_test_calls){ };
	figment_queue_lose(queue, -ECANCELED, false);
	KUNIT_EXPECT_FALSE(test, queue->guilty);
	KUNIT_EXPECT_EQ(test, 1, figment_test_calls.ring_losses);
	KUNIT_EXPECT_EQ(test, 0, figment_test_calls.host_losses);
}

static void queue_says_how_jobs_end(struct kunit *test)
{
	struct figment_queue *queue = some_queue(test, FIGMENT_COPY);

	queue->error = -ENODEV;
	KUNIT_EXPECT_EQ(test, -ENODEV, figment_queue_cancelled(queue));
	queue->error = -ETIMEDOUT;
	KUNIT_EXPECT_EQ(test, -ECANCELED, figment_queue_cancelled(queue));
	queue->error = -ECANCELED;
	KUNIT_EXPECT_EQ(test, -ECANCELED, figment_queue_cancelled(queue));
}

static int query(struct figment_queue *queue, struct drm_figment_queue_query *args)
{
	struct drm_file file = { .driver_priv = queue->client };

	return figment_ioctl_queue_query(&queue->fdev->drm, args, &file);
}

static void queue_answers(struct kunit *test)
{
	struct figment_queue *queue = some_queue(test, FIGMENT_COPY);
	struct drm_figment_queue_query args = { .queue = 1 };

	KUNIT_EXPECT_EQ(test, -ENOENT, query(queue, &args));
	KUNIT_ASSERT_EQ(test, 0, xa_alloc(&queue->client->queues, &queue->id, queue,
					  XA_LIMIT(1, FIGMENT_MAX_QUEUES), GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, 1, queue->id);
	queue->seqno = 9;
	queue->completed = 7;
	KUNIT_EXPECT_EQ(test, 0, query(queue, &args));
	KUNIT_EXPECT_EQ(test, 0, args.state);
	KUNIT_EXPECT_EQ(test, 9, args.submitted);
	KUNIT_EXPECT_EQ(test, 7, args.completed);
	figment_queue_lose(queue, -ETIMEDOUT, true);
	KUNIT_EXPECT_EQ(test, 0, query(queue, &args));
	KUNIT_EXPECT_EQ(test, DRM_FIGMENT_QUEUE_LOST | DRM_FIGMENT_QUEUE_GUILTY, args.state);
	KUNIT_EXPECT_EQ(test, -ETIMEDOUT, args.error);
	args.pad = 1;
	KUNIT_EXPECT_EQ(test, -EINVAL, query(queue, &args));
	/* Whoever looked has let go of it. */
	KUNIT_EXPECT_EQ(test, 1, kref_read(&queue->ref));
	xa_destroy(&queue->client->queues);
}

static const struct create_case {
	const char *name;
	struct drm_figment_queue_create args;
} create_cases[] = {
	{ "an unknown engine", { .engine = 2 } },
	{ "the last engine", { .engine = U32_MAX } },
	{ "an unknown priority", { .priority = 3 } },
	{ "padding", { .pad = 1 } },
	{ "a copy queue that does not block", { .flags = DRM_FIGMENT_QUEUE_NONBLOCK } },
	{ "an unknown flag", { .engine = 1, .flags = 2 } },
	{ "the last flag", { .engine = 1, .flags = 1u << 31 } },
};

static void create_case_name(const struct create_case *c, char *name)
{
	strscpy(name, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(create, create_cases, create_case_name);

static void queue_create_arguments(struct kunit *test)
{
	const struct create_case *c = test->param_value;
	struct figment_queue *queue = some_queue(test, FIGMENT_COPY);
	struct drm_file file = { .driver_priv = queue->client };
	struct drm_figment_queue_create args = c->args;

	KUNIT_EXPECT_EQ(test, -EINVAL,
			figment_ioctl_queue_create(&queue->fdev->drm, &args, &file));
	KUNIT_EXPECT_TRUE(test, xa_empty(&queue->client->queues));
}

static struct kunit_case queue_suite_cases[] = {
	KUNIT_CASE(queue_is_lost_once),
	KUNIT_CASE(queue_of_a_ring),
	KUNIT_CASE(queue_says_how_jobs_end),
	KUNIT_CASE(queue_answers),
	KUNIT_CASE_PARAM(queue_create_arguments, create_gen_params),
	{ }
};

static struct kunit_suite queue_suite = {
	.name = "figment_queue",
	.test_cases = queue_suite_cases,
};

kunit_test_suite(queue_suite);

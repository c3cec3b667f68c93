// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: KUnit: faults: their words, what is drawn
 */
#include <kunit/test.h>

#include "../figment_fault.c"

static const struct fault_case {
	const char *text;
	int ret;
	struct figment_fault_args args;
} fault_cases[] = {
	{ "", 0, { } },
	{ "\n", 0, { } },
	{ "run=1", 0, { .delay_run_ns = 1 } },
	{ "signal=0x10", 0, { .delay_signal_ns = 16 } },
	{ "run=60000000000", 0, { .delay_run_ns = 60000000000ull } },
	{ "jitter=5 seed=18446744073709551615", 0, { .jitter_ns = 5, .seed = ~0ull } },
	{ "hang=3", 0, { .hang_nth = 3 } },
	{ "fail=1 error=-5\n", 0, { .fail_nth = 1, .error = -EIO } },
	{ "error=-4095 fail=2", 0, { .fail_nth = 2, .error = -4095 } },
	{ "  run=1   signal=2\t\n", 0, { .delay_run_ns = 1, .delay_signal_ns = 2 } },
	{ "run=1 run=2", 0, { .delay_run_ns = 2 } },
	{ "run", -EINVAL },
	{ "run=", -EINVAL },
	{ "run=x", -EINVAL },
	{ "run=1x", -EINVAL },
	{ "run=-1", -EINVAL },
	{ "=1", -EINVAL },
	{ "walk=1", -EINVAL },
	{ "run =1", -EINVAL },
	{ "run=18446744073709551616", -ERANGE },
	{ "run=60000000001", -ERANGE },
	{ "signal=60000000001", -ERANGE },
	{ "jitter=60000000001", -ERANGE },
	{ "fail=1", -EINVAL },
	{ "fail=1 error=0", -EINVAL },
	{ "fail=1 error=5", -EINVAL },
	{ "fail=1 error=-4096", -EINVAL },
	{ "error=-5", -EINVAL },
};

static void fault_case_name(const struct fault_case *c, char *name)
{
	size_t i;

	strscpy(name, c->text, KUNIT_PARAM_DESC_SIZE);
	for (i = 0; name[i]; i++)
		if (name[i] == '\n' || name[i] == '\t')
			name[i] = '.';
	if (!i)
		strscpy(name, "nothing", KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(fault, fault_cases, fault_case_name);

static void fault_parse(struct kunit *test)
{
	const struct fault_case *c = test->param_value;
	char *text = kunit_kzalloc(test, strlen(c->text) + 1, GFP_KERNEL);
	struct figment_fault_args args = { };

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, text);
	strscpy(text, c->text, strlen(c->text) + 1);
	KUNIT_EXPECT_EQ(test, c->ret, figment_fault_parse(text, &args));
	if (c->ret)
		return;
	KUNIT_EXPECT_EQ(test, c->args.delay_run_ns, args.delay_run_ns);
	KUNIT_EXPECT_EQ(test, c->args.delay_signal_ns, args.delay_signal_ns);
	KUNIT_EXPECT_EQ(test, c->args.jitter_ns, args.jitter_ns);
	KUNIT_EXPECT_EQ(test, c->args.seed, args.seed);
	KUNIT_EXPECT_EQ(test, c->args.hang_nth, args.hang_nth);
	KUNIT_EXPECT_EQ(test, c->args.fail_nth, args.fail_nth);
	KUNIT_EXPECT_EQ(test, c->args.error, args.error);
}

/* What a queue's next job draws. */
static struct figment_job *draw(struct kunit *test, struct figment_queue *queue)
{
	struct figment_job *job = kunit_kzalloc(test, sizeof(*job), GFP_KERNEL);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, job);
	job->queue = queue;
	figment_fault_draw(job);
	return job;
}

static struct figment_queue *faulty(struct kunit *test, struct figment_fault_args args)
{
	struct figment_queue *queue = kunit_kzalloc(test, sizeof(*queue), GFP_KERNEL);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, queue);
	figment_fault_set(&queue->fault, &args);
	return queue;
}

static void fault_counts(struct kunit *test)
{
	struct figment_queue *queue = faulty(test, (struct figment_fault_args){
		.hang_nth = 3, .fail_nth = 2, .error = -EIO });
	int i;

	for (i = 1; i <= 6; i++) {
		struct figment_job *job = draw(test, queue);

		KUNIT_EXPECT_EQ(test, job->fault.hang, i == 3);
		KUNIT_EXPECT_EQ(test, job->fault.error, i == 2 ? -EIO : 0);
		KUNIT_EXPECT_EQ(test, job->fault.run_ns, 0);
		KUNIT_EXPECT_EQ(test, job->fault.signal_ns, 0);
	}
	/* Set anew, it counts anew. */
	figment_fault_set(&queue->fault, &(struct figment_fault_args){ .hang_nth = 1 });
	KUNIT_EXPECT_TRUE(test, draw(test, queue)->fault.hang);
	KUNIT_EXPECT_FALSE(test, draw(test, queue)->fault.hang);
}

static void fault_jitter(struct kunit *test)
{
	const struct figment_fault_args args = {
		.delay_run_ns = 1000, .delay_signal_ns = 50, .jitter_ns = 9, .seed = 77 };
	struct figment_queue *a = faulty(test, args), *b = faulty(test, args);
	unsigned int seen = 0;
	int i;

	for (i = 0; i < 400; i++) {
		struct figment_job *x = draw(test, a), *y = draw(test, b);

		KUNIT_EXPECT_EQ(test, x->fault.run_ns, y->fault.run_ns);
		KUNIT_EXPECT_EQ(test, x->fault.signal_ns, y->fault.signal_ns);
		KUNIT_ASSERT_GE(test, x->fault.run_ns, 1000);
		KUNIT_ASSERT_LE(test, x->fault.run_ns, 1009);
		KUNIT_EXPECT_GE(test, x->fault.signal_ns, 50);
		KUNIT_EXPECT_LE(test, x->fault.signal_ns, 59);
		seen |= 1 << (x->fault.run_ns - 1000);
	}
	KUNIT_EXPECT_EQ(test, seen, 0x3ff);
}

static void fault_none(struct kunit *test)
{
	struct figment_queue *queue = faulty(test, (struct figment_fault_args){ .seed = 5 });
	struct figment_job *job = draw(test, queue);

	KUNIT_EXPECT_FALSE(test, queue->fault.active);
	KUNIT_EXPECT_FALSE(test, job->fault.hang);
	KUNIT_EXPECT_EQ(test, job->fault.run_ns, 0);
	KUNIT_EXPECT_EQ(test, job->fault.signal_ns, 0);
	KUNIT_EXPECT_EQ(test, job->fault.error, 0);
}

static struct kunit_case fault_suite_cases[] = {
	KUNIT_CASE_PARAM(fault_parse, fault_gen_params),
	KUNIT_CASE(fault_counts),
	KUNIT_CASE(fault_jitter),
	KUNIT_CASE(fault_none),
	{ }
};

static struct kunit_suite fault_suite = {
	.name = "figment_fault",
	.test_cases = fault_suite_cases,
};

kunit_test_suite(fault_suite);

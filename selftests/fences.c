// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: fences: sync_files, syncobjs, and what waits for them
 *
 * Host jobs that the test itself executes make fences that are pending until it
 * says so. Catches a driver whose fences are signalled too early, not at all, or
 * without their error; that loses a wait of a SUBMIT, or takes one for another;
 * whose timelines go backwards; or whose jobs of one SUBMIT do not see what those
 * before them signal.
 */
#include <linux/sync_file.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>

#include "kselftest_harness.h"

#include "helpers.h"

FIXTURE(fences) {
	int fd;
	struct host a, b;
};

FIXTURE_SETUP(fences)
{
	self->fd = device_open();
	self->a = host_queue(self->fd);
	self->b = host_queue(self->fd);
}

FIXTURE_TEARDOWN(fences)
{
	close(self->a.fd);
	close(self->b.fd);
	close(self->fd);
}

static uint64_t timeline_value(int fd, uint32_t timeline)
{
	uint64_t value;

	must(figment_syncobj_query(fd, timeline, &value));
	return value;
}

TEST_F(fences, pending_until_done)
{
	int file = host_pending(self->fd, &self->a, NULL);

	EXPECT_TRUE(stays_pending(file));
	host_take(self->a.fd);
	EXPECT_TRUE(stays_pending(file));
	must(figment_host_complete(self->a.fd, 1, 0));
	EXPECT_EQ(1, settle(file));
	/* And so it stays. */
	EXPECT_TRUE(can_poll(file, POLLIN));
	EXPECT_EQ(1, figment_sync_file_status(file));
}

TEST_F(fences, carry_their_error)
{
	static const int errors[] = { -EIO, -1, -4095, -ETIMEDOUT, -ENOSPC };

	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		int file = host_pending(self->fd, &self->a, NULL);

		host_done(self->a.fd, errors[i]);
		EXPECT_EQ(errors[i], settle(file));
	}
	/* That is the job's failure, not the queue's. */
	EXPECT_EQ(0, queue_query(self->fd, self->a.queue).state);
}

TEST_F(fences, say_when)
{
	struct sync_fence_info fence = { 0 };
	struct sync_file_info info = { .num_fences = 1, .sync_fence_info = (uintptr_t)&fence };
	int file = host_pending(self->fd, &self->a, NULL);
	uint64_t before = now_ns();

	host_done(self->a.fd, 0);
	EXPECT_EQ(1, settle(file));
	ASSERT_EQ(0, raw_ioctl(file, SYNC_IOC_FILE_INFO, &info));
	EXPECT_EQ(1, info.num_fences);
	EXPECT_EQ(1, fence.status);
	EXPECT_LE(before, fence.timestamp_ns);
	EXPECT_GE(now_ns(), fence.timestamp_ns);
}

TEST_F(fences, a_poll_is_woken)
{
	int file = host_pending(self->fd, &self->a, NULL);
	struct pollfd fds[2] = {
		{ .fd = self->a.fd, .events = POLLIN }, { .fd = file, .events = POLLIN } };

	/* The executor's fd first, then the fence: one thread, no hand-over. */
	ASSERT_EQ(1, poll(fds, 2, LONG_MS));
	EXPECT_EQ(POLLIN, fds[0].revents);
	host_done(self->a.fd, 0);
	EXPECT_EQ(POLLIN, wait_poll(file, POLLIN, LONG_MS));
}

TEST_F(fences, binary_syncobj)
{
	uint32_t syncobj = syncobj_create(self->fd);

	EXPECT_EQ(-EINVAL, syncobj_state(self->fd, syncobj, 0));
	/* Twice: the second fence replaces the first. */
	for (int i = 0; i < 2; i++) {
		struct job job = { .queue = self->a.queue };

		job_signals(&job, syncobj, 0);
		ASSERT_EQ(0, submit_job(self->fd, &job));
		EXPECT_EQ(-ETIME, syncobj_state(self->fd, syncobj, 0));
		host_done(self->a.fd, 0);
		EXPECT_EQ(0, syncobj_settle(self->fd, syncobj, 0));
	}
}

TEST_F(fences, the_same_fence_everywhere)
{
	struct job job = { .queue = self->a.queue };
	uint32_t binary = syncobj_create(self->fd), timeline = syncobj_create(self->fd);
	const int *one, *two;

	job_signals(&job, binary, 0);
	one = job_signals_file(&job);
	job_signals(&job, timeline, 3);
	two = job_signals_file(&job);
	ASSERT_EQ(0, submit_job(self->fd, &job));
	EXPECT_NE(*one, *two);
	EXPECT_TRUE(pending(*one));
	EXPECT_EQ(0, timeline_value(self->fd, timeline));
	host_done(self->a.fd, -EPROTO);
	EXPECT_EQ(-EPROTO, settle(*one));
	EXPECT_EQ(-EPROTO, settle(*two));
	EXPECT_EQ(0, syncobj_settle(self->fd, binary, 0));
	EXPECT_EQ(0, syncobj_settle(self->fd, timeline, 3));
}

TEST_F(fences, timeline_goes_up)
{
	uint32_t timeline = syncobj_create(self->fd);
	const uint64_t points[] = { 5, 6, 1ull << 40 };

	for (size_t i = 0; i < ARRAY_SIZE(points); i++) {
		struct job job = { .queue = self->a.queue };

		job_signals(&job, timeline, points[i]);
		must(submit_job(self->fd, &job));
	}
	EXPECT_EQ(0, timeline_value(self->fd, timeline));
	for (size_t i = 0; i < ARRAY_SIZE(points); i++) {
		EXPECT_EQ(-ETIME, syncobj_state(self->fd, timeline, points[i]));
		host_done(self->a.fd, 0);
		EXPECT_EQ(0, syncobj_settle(self->fd, timeline, points[i]));
		EXPECT_EQ(points[i], timeline_value(self->fd, timeline));
	}
}

TEST_F(fences, timeline_of_two_queues)
{
	uint32_t timeline = syncobj_create(self->fd);
	struct job five = { .queue = self->a.queue }, ten = { .queue = self->b.queue };

	job_signals(&five, timeline, 5);
	job_signals(&ten, timeline, 10);
	must(submit_job(self->fd, &five));
	must(submit_job(self->fd, &ten));
	host_done(self->b.fd, 0);
	moment();
	/* A point is reached when those before it are. */
	EXPECT_EQ(-ETIME, syncobj_state(self->fd, timeline, 10));
	EXPECT_EQ(0, timeline_value(self->fd, timeline));
	host_done(self->a.fd, 0);
	EXPECT_EQ(0, syncobj_settle(self->fd, timeline, 10));
	EXPECT_EQ(10, timeline_value(self->fd, timeline));
}

TEST_F(fences, a_job_waits_for_each_kind)
{
	uint32_t binary = syncobj_create(self->fd), timeline = syncobj_create(self->fd);
	int mine, theirs = host_pending(self->fd, &self->a, NULL);
	struct job first = { .queue = self->a.queue }, second = { .queue = self->a.queue };
	struct job waiter = { .queue = self->b.queue };

	job_signals(&first, binary, 0);
	must(submit_job(self->fd, &first));
	job_signals(&second, timeline, 7);
	must(submit_job(self->fd, &second));
	job_waits(&waiter, timeline, 6);
	job_waits(&waiter, binary, 0);
	job_waits_file(&waiter, theirs);
	job_waits_file(&waiter, theirs);
	mine = submit_file(self->fd, &waiter);

	for (int i = 0; i < 3; i++) {
		EXPECT_TRUE(host_idle(self->b.fd));
		host_done(self->a.fd, 0);
	}
	host_done(self->b.fd, 0);
	EXPECT_EQ(1, settle(mine));
}

TEST_F(fences, what_has_signalled_is_not_waited_for)
{
	uint32_t timeline = syncobj_create(self->fd), binary;
	struct job job = { .queue = self->a.queue };
	int file = host_pending(self->fd, &self->b, NULL);

	host_done(self->b.fd, 0);
	ASSERT_EQ(1, settle(file));
	must(figment_syncobj_create(self->fd, true, &binary));
	must(figment_syncobj_signal(self->fd, timeline, 9));
	job_waits(&job, timeline, 9);
	job_waits(&job, timeline, 2);
	job_waits(&job, binary, 0);
	job_waits_file(&job, file);
	must(submit_job(self->fd, &job));
	EXPECT_EQ(1, host_take(self->a.fd).seqno);
}

TEST_F(fences, a_failed_fence_is_waited_for_no_longer)
{
	struct job job = { .queue = self->b.queue };
	int file;

	job_waits_file(&job, host_pending(self->fd, &self->a, NULL));
	file = submit_file(self->fd, &job);
	EXPECT_TRUE(host_idle(self->b.fd));
	host_done(self->a.fd, -EIO);
	host_done(self->b.fd, 0);
	EXPECT_EQ(1, settle(file));
}

TEST_F(fences, the_wait_keeps_the_fence_it_found)
{
	uint32_t binary = syncobj_create(self->fd);
	struct job signaller = { .queue = self->a.queue }, waiter = { .queue = self->b.queue };

	job_signals(&signaller, binary, 0);
	must(submit_job(self->fd, &signaller));
	job_waits(&waiter, binary, 0);
	must(submit_job(self->fd, &waiter));
	/* Whatever becomes of the syncobj. */
	must(figment_syncobj_signal(self->fd, binary, 0));
	must(figment_syncobj_destroy(self->fd, binary));
	EXPECT_TRUE(host_idle(self->b.fd));
	host_done(self->a.fd, 0);
	EXPECT_EQ(1, host_take(self->b.fd).seqno);
}

TEST_F(fences, sync_files_go_through_syncobjs)
{
	uint32_t syncobj = syncobj_create(self->fd), timeline = syncobj_create(self->fd);
	int file = host_pending(self->fd, &self->a, NULL), out;

	must(figment_syncobj_import_file(self->fd, syncobj, file));
	close(file);
	EXPECT_EQ(-ETIME, syncobj_state(self->fd, syncobj, 0));
	must(figment_syncobj_transfer(self->fd, timeline, 4, syncobj, 0));
	must(figment_syncobj_export_file(self->fd, syncobj, &out));
	must(figment_syncobj_reset(self->fd, syncobj));
	EXPECT_TRUE(pending(out));
	EXPECT_EQ(-ETIME, syncobj_state(self->fd, timeline, 4));
	host_done(self->a.fd, 0);
	EXPECT_EQ(1, settle(out));
	EXPECT_EQ(0, syncobj_settle(self->fd, timeline, 4));
}

TEST_F(fences, merged)
{
	int one = host_pending(self->fd, &self->a, NULL);
	int two = host_pending(self->fd, &self->b, NULL);
	struct job waiter = { .queue = copy_queue(self->fd) };
	int both, after;

	must(figment_sync_file_merge(one, two, &both));
	close(one);
	close(two);
	job_waits_file(&waiter, both);
	after = submit_file(self->fd, &waiter);
	EXPECT_TRUE(pending(both));
	host_done(self->b.fd, 0);
	EXPECT_TRUE(stays_pending(both));
	EXPECT_TRUE(pending(after));
	host_done(self->a.fd, 0);
	EXPECT_EQ(1, settle(both));
	EXPECT_EQ(1, settle(after));
}

TEST_F(fences, merged_error)
{
	int one = host_pending(self->fd, &self->a, NULL);
	int two = host_pending(self->fd, &self->b, NULL);
	int both;

	must(figment_sync_file_merge(one, two, &both));
	host_done(self->a.fd, -ENXIO);
	host_done(self->b.fd, 0);
	EXPECT_EQ(-ENXIO, settle(one));
	EXPECT_EQ(-ENXIO, settle(both));
	EXPECT_EQ(1, settle(two));
}

struct wait_thread {
	int fd;
	uint32_t syncobj;
	uint64_t point;
	uint32_t flags;
	int result;
};

static void *wait_thread(void *arg)
{
	struct wait_thread *w = arg;

	w->result = figment_syncobj_wait(w->fd, &w->syncobj, w->point ? &w->point : NULL, 1,
					 now_ns() + LONG_MS * 1000000ll, w->flags, NULL);
	return NULL;
}

TEST_F(fences, somebody_waits_before_the_submit)
{
	uint32_t timeline = syncobj_create(self->fd);
	struct wait_thread available = { self->fd, timeline, 2,
		DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT | DRM_SYNCOBJ_WAIT_FLAGS_WAIT_AVAILABLE, 1 };
	struct wait_thread signalled = { self->fd, timeline, 2,
		DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT, 1 };
	struct job early = { .queue = self->b.queue }, job = { .queue = self->a.queue };
	pthread_t threads[2];

	must_be(!pthread_create(&threads[0], NULL, wait_thread, &available));
	must_be(!pthread_create(&threads[1], NULL, wait_thread, &signalled));
	job_waits(&early, timeline, 2);
	EXPECT_EQ(-EINVAL, submit_job(self->fd, &early));
	moment();
	job_signals(&job, timeline, 2);
	must(submit_job(self->fd, &job));
	pthread_join(threads[0], NULL);
	EXPECT_EQ(0, available.result);
	/* Which is what a job may wait for now, though it is pending. */
	EXPECT_EQ(0, submit_job(self->fd, &early));
	EXPECT_EQ(1, signalled.result);
	host_done(self->a.fd, 0);
	pthread_join(threads[1], NULL);
	EXPECT_EQ(0, signalled.result);
	host_done(self->b.fd, 0);
}

TEST_F(fences, eventfd)
{
	uint32_t timeline = syncobj_create(self->fd);
	struct job job = { .queue = self->a.queue };
	int available = eventfd(0, EFD_NONBLOCK), signalled = eventfd(0, EFD_NONBLOCK);

	if (figment_syncobj_eventfd(self->fd, timeline, 3, available, true))
		SKIP(return, "this kernel has no SYNCOBJ_EVENTFD");
	must(figment_syncobj_eventfd(self->fd, timeline, 3, signalled, false));
	EXPECT_FALSE(can_poll(available, POLLIN));
	job_signals(&job, timeline, 3);
	must(submit_job(self->fd, &job));
	EXPECT_EQ(POLLIN, wait_poll(available, POLLIN, LONG_MS));
	EXPECT_FALSE(can_poll(signalled, POLLIN));
	host_done(self->a.fd, 0);
	EXPECT_EQ(POLLIN, wait_poll(signalled, POLLIN, LONG_MS));
}

TEST_F(fences, the_latest_signal_of_the_same_submit)
{
	uint32_t syncobj = syncobj_create(self->fd);
	struct job jobs[3] = { { .queue = self->a.queue }, { .queue = self->a.queue },
			       { .queue = self->b.queue } };

	/* Neither the fence it has, nor the first job's. */
	must(figment_syncobj_signal(self->fd, syncobj, 0));
	job_signals(&jobs[0], syncobj, 0);
	job_signals(&jobs[1], syncobj, 0);
	job_waits(&jobs[2], syncobj, 0);
	ASSERT_EQ(0, submit_jobs(self->fd, jobs, 3));
	EXPECT_TRUE(host_idle(self->b.fd));
	host_done(self->a.fd, 0);
	EXPECT_TRUE(host_idle(self->b.fd));
	host_done(self->a.fd, 0);
	EXPECT_EQ(1, host_take(self->b.fd).seqno);
}

/* A point stands for those before it, whoever is to signal them. */
TEST_F(fences, points_before_that_of_the_same_submit)
{
	uint32_t syncobj = syncobj_create(self->fd);
	struct host c = host_queue(self->fd);
	struct job before = { .queue = c.queue };
	struct job jobs[3] = { { .queue = self->a.queue }, { .queue = self->a.queue },
			       { .queue = self->b.queue } };

	job_signals(&before, syncobj, 1);
	ASSERT_EQ(0, submit_job(self->fd, &before));
	job_signals(&jobs[0], syncobj, 2);
	job_signals(&jobs[1], syncobj, 3);
	job_waits(&jobs[2], syncobj, 3);
	ASSERT_EQ(0, submit_jobs(self->fd, jobs, 3));
	host_done(self->a.fd, 0);
	host_done(self->a.fd, 0);
	EXPECT_TRUE(host_idle(self->b.fd));
	host_done(c.fd, 0);
	EXPECT_EQ(1, host_take(self->b.fd).seqno);
}

/* Nor does it matter that they are of the copy queue that waits. */
TEST_F(fences, points_before_that_of_the_same_copy_queue)
{
	uint32_t syncobj = syncobj_create(self->fd), copy = copy_queue(self->fd);
	struct job before = { .queue = self->a.queue };
	struct job jobs[2] = { { .queue = copy }, { .queue = copy } };
	const int *file = job_signals_file(&jobs[1]);

	job_signals(&before, syncobj, 1);
	ASSERT_EQ(0, submit_job(self->fd, &before));
	job_signals(&jobs[0], syncobj, 2);
	job_waits(&jobs[1], syncobj, 2);
	ASSERT_EQ(0, submit_jobs(self->fd, jobs, 2));
	EXPECT_TRUE(stays_pending(*file));
	host_done(self->a.fd, 0);
	EXPECT_EQ(1, settle(*file));
	close(*file);
}

/* Within one SUBMIT: a job on queue a signals, one on queue b waits. */

FIXTURE(within) {
	int fd;
	struct host a, b;
	uint32_t syncobj;
};

FIXTURE_VARIANT(within) {
	uint64_t signal, wait;
};

FIXTURE_VARIANT_ADD(within, binary) { 0, 0 };
FIXTURE_VARIANT_ADD(within, point) { 5, 5 };
FIXTURE_VARIANT_ADD(within, earlier_point) { 5, 3 };

FIXTURE_SETUP(within)
{
	self->fd = device_open();
	self->a = host_queue(self->fd);
	self->b = host_queue(self->fd);
	self->syncobj = syncobj_create(self->fd);
}

FIXTURE_TEARDOWN(within)
{
	close(self->fd);
}

TEST_F(within, other_queue)
{
	struct job jobs[2] = { { .queue = self->a.queue }, { .queue = self->b.queue } };

	job_signals(&jobs[0], self->syncobj, variant->signal);
	job_waits(&jobs[1], self->syncobj, variant->wait);
	ASSERT_EQ(0, submit_jobs(self->fd, jobs, 2));
	EXPECT_TRUE(host_idle(self->b.fd));
	host_done(self->a.fd, 0);
	EXPECT_EQ(1, host_take(self->b.fd).seqno);
}

TEST_F(within, same_queue)
{
	struct job jobs[2] = { { .queue = self->a.queue }, { .queue = self->a.queue } };

	job_signals(&jobs[0], self->syncobj, variant->signal);
	job_waits(&jobs[1], self->syncobj, variant->wait);
	ASSERT_EQ(0, submit_jobs(self->fd, jobs, 2));
	/* The executor, which may do in any order what it has read, gets one. */
	EXPECT_EQ(1, host_take(self->a.fd).seqno);
	EXPECT_TRUE(host_idle(self->a.fd));
	EXPECT_EQ(0, figment_host_complete(self->a.fd, 1, 0));
	host_done(self->a.fd, 0);
	EXPECT_EQ(0, syncobj_settle(self->fd, self->syncobj, variant->signal));
}

TEST_F(within, not_an_earlier_one)
{
	struct job jobs[2] = { { .queue = self->b.queue }, { .queue = self->a.queue } };

	/* The other way round there is nothing to wait for yet. */
	job_waits(&jobs[0], self->syncobj, variant->wait);
	job_signals(&jobs[1], self->syncobj, variant->signal);
	EXPECT_EQ(-EINVAL, submit_jobs(self->fd, jobs, 2));
}

TEST_F(within, never_its_own)
{
	uint64_t next = variant->signal ? variant->signal + 1 : 0;
	struct job job = { .queue = self->a.queue };

	/* What it waits for is what was there. */
	must(figment_syncobj_signal(self->fd, self->syncobj, variant->wait));
	job_waits(&job, self->syncobj, variant->wait);
	job_signals(&job, self->syncobj, next);
	ASSERT_EQ(0, submit_job(self->fd, &job));
	host_done(self->a.fd, 0);
	EXPECT_EQ(0, syncobj_settle(self->fd, self->syncobj, next));
}

TEST_F(within, a_chain_through_many_queues)
{
	struct job jobs[20] = { 0 };
	struct host hosts[20];

	for (int i = 0; i < 20; i++) {
		hosts[i] = host_queue(self->fd);
		jobs[i].queue = hosts[i].queue;
		if (i)
			job_waits(&jobs[i], self->syncobj, variant->signal ? i : 0);
		job_signals(&jobs[i], self->syncobj, variant->signal ? i + 1 : 0);
	}
	ASSERT_EQ(0, submit_jobs(self->fd, jobs, 20));
	for (int i = 0; i < 20; i++) {
		if (i < 19)
			EXPECT_FALSE(can_poll(hosts[i + 1].fd, POLLIN));
		host_done(hosts[i].fd, 0);
	}
	EXPECT_EQ(0, syncobj_settle(self->fd, self->syncobj, variant->signal ? 20 : 0));
}

FIGMENT_HARNESS_MAIN

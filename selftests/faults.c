// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: injected faults
 *
 * Catches a driver that takes a fault and does nothing of it, that delays the
 * wrong end of a job, counts the Nth wrongly, has another queue suffer, draws other
 * delays from the same seed, lets a hung job hang for ever, or forgets to end it.
 */
#include "kselftest_harness.h"

#include "helpers.h"

#define MS		1000000ull
#define DELAY_MS	400

FIXTURE(faults) {
	int fd;
	struct host host;
	uint32_t copy;
};

FIXTURE_SETUP(faults)
{
	self->fd = device_open();
	self->host = host_queue(self->fd);
	self->copy = copy_queue(self->fd);
}

FIXTURE_TEARDOWN(faults)
{
	close(self->host.fd);
	close(self->fd);
}

static void fault(int fd, struct drm_figment_queue_fault fault)
{
	must(figment_queue_fault(fd, &fault));
}

static int copy_nop(int fd, uint32_t queue)
{
	struct job job = { .queue = queue };

	return submit_file(fd, &job);
}

/* How long one takes, which must end without an error. */
static uint64_t time_of_nop(int fd, uint32_t queue)
{
	uint64_t start = now_ns();

	must_be(settle(copy_nop(fd, queue)) == 1);
	return now_ns() - start;
}

TEST_F(faults, delay_before_run)
{
	int file;

	fault(self->fd, (struct drm_figment_queue_fault){
		.queue = self->host.queue, .delay_run_ns = DELAY_MS * MS });
	file = host_pending(self->fd, &self->host, NULL);
	EXPECT_TRUE(host_idle(self->host.fd));
	host_done(self->host.fd, 0);
	EXPECT_EQ(1, settle(file));

	/* The copy engine's clients cannot see when a job ran, but when it ended. */
	fault(self->fd, (struct drm_figment_queue_fault){
		.queue = self->copy, .delay_run_ns = DELAY_MS * MS });
	EXPECT_LE(DELAY_MS * MS, time_of_nop(self->fd, self->copy));
}

TEST_F(faults, delay_before_signal)
{
	uint64_t start;
	int first, second;

	fault(self->fd, (struct drm_figment_queue_fault){
		.queue = self->host.queue, .delay_signal_ns = DELAY_MS * MS });
	first = host_pending(self->fd, &self->host, NULL);
	fault(self->fd, (struct drm_figment_queue_fault){ .queue = self->host.queue });
	second = host_pending(self->fd, &self->host, NULL);
	start = now_ns();
	host_done(self->host.fd, 0);
	host_done(self->host.fd, 0);
	EXPECT_TRUE(pending(first));
	/* It was not delayed itself, but comes after one that is. */
	EXPECT_TRUE(pending(second));
	EXPECT_EQ(1, settle(first));
	EXPECT_LE(DELAY_MS * MS, now_ns() - start);
	EXPECT_EQ(1, settle(second));
}

TEST_F(faults, other_queues_do_not_suffer)
{
	struct host other = host_queue(self->fd);
	int file;

	fault(self->fd, (struct drm_figment_queue_fault){
		.queue = self->host.queue, .delay_run_ns = 5000 * MS, .fail_nth = 1,
		.error = -EIO });
	file = host_pending(self->fd, &other, NULL);
	host_done(other.fd, 0);
	EXPECT_EQ(1, settle(file));
}

TEST_F(faults, fail_the_second)
{
	struct buffer buf = buffer_create(self->fd, PAGE);
	struct job jobs[3] = { };
	int files[3];

	fault(self->fd, (struct drm_figment_queue_fault){
		.queue = self->copy, .fail_nth = 2, .error = -ENOSPC });
	for (int i = 0; i < 3; i++) {
		jobs[i].queue = self->copy;
		job_uses(&jobs[i], buf.handle, DRM_FIGMENT_BO_WRITE);
		job_does(&jobs[i], (struct drm_figment_cmd){
			.op = DRM_FIGMENT_CMD_WRITE64, .dst_offset = 8 * i, .value = i + 1 });
		files[i] = submit_file(self->fd, &jobs[i]);
	}
	EXPECT_EQ(1, settle(files[0]));
	EXPECT_EQ(-ENOSPC, settle(files[1]));
	EXPECT_EQ(1, settle(files[2]));
	EXPECT_EQ(1, ((uint64_t *)buf.map)[0]);
	EXPECT_EQ(0, ((uint64_t *)buf.map)[1]);
	EXPECT_EQ(3, ((uint64_t *)buf.map)[2]);
	/* A failed job is no reason to lose the queue. */
	EXPECT_EQ(0, queue_query(self->fd, self->copy).state);
}

TEST_F(faults, fail_a_host_job)
{
	int file;

	fault(self->fd, (struct drm_figment_queue_fault){
		.queue = self->host.queue, .fail_nth = 1, .error = -EILSEQ });
	file = host_pending(self->fd, &self->host, NULL);
	host_done(self->host.fd, 0);
	EXPECT_EQ(-EILSEQ, settle(file));
}

/* One draw of eight delays, in order, as the host queue's executor sees them. */
static void draw(int fd, uint64_t seed, uint64_t *at)
{
	struct host host = host_queue(fd);
	uint64_t last;

	fault(fd, (struct drm_figment_queue_fault){
		.queue = host.queue, .jitter_ns = 300 * MS, .seed = seed });
	for (int i = 0; i < 8; i++) {
		int file = host_pending(fd, &host, NULL);

		last = now_ns();
		must_be(wait_poll(host.fd, POLLIN, LONG_MS) & POLLIN);
		at[i] = now_ns() - last;
		host_done(host.fd, 0);
		must_be(settle(file) == 1);
		close(file);
	}
	must(figment_queue_destroy(fd, host.queue));
	close(host.fd);
}

/* A busy machine adds to what was drawn, never the other way: the least of some. */
static void draw_least(int fd, uint64_t seed, uint64_t least[8])
{
	uint64_t times[8];

	draw(fd, seed, least);
	for (int n = 0; n < 2; n++) {
		draw(fd, seed, times);
		for (int i = 0; i < 8; i++)
			least[i] = times[i] < least[i] ? times[i] : least[i];
	}
}

/* To its executor it is a job like any other, which is completed once. */
TEST_F(faults, hang_a_host_job)
{
	uint64_t seqno;
	int file;

	fault(self->fd, (struct drm_figment_queue_fault){
		.queue = self->host.queue, .hang_nth = 1 });
	file = host_pending(self->fd, &self->host, &seqno);
	host_done(self->host.fd, 0);
	EXPECT_EQ(-ENOENT, figment_host_complete(self->host.fd, seqno, 0));
	EXPECT_TRUE(stays_pending(file));
	must(figment_queue_destroy(self->fd, self->host.queue));
	EXPECT_EQ(-ECANCELED, settle(file));
}

TEST_F(faults, jitter_repeats)
{
	uint64_t a[8], b[8], c[8], same = 0, different = 0;

	draw_least(self->fd, 1, a);
	draw_least(self->fd, 1, b);
	draw_least(self->fd, 2, c);
	for (int i = 0; i < 8; i++) {
		uint64_t d = a[i] > b[i] ? a[i] - b[i] : b[i] - a[i];
		uint64_t e = a[i] > c[i] ? a[i] - c[i] : c[i] - a[i];

		EXPECT_GE(300 * MS + 5000 * MS, a[i]);
		same += d < 40 * MS;
		different += e >= 40 * MS;
	}
	/* Still some may be late; unrelated draws would agree in one of four. */
	EXPECT_LE(6, same);
	EXPECT_LE(3, different);
}

TEST_F(faults, bad_arguments)
{
	const struct {
		struct drm_figment_queue_fault fault;
		int error;
	} bad[] = {
		{ { .queue = 4711 }, -ENOENT },
		{ { .queue = self->copy, .flags = 1 }, -EINVAL },
		{ { .queue = self->copy, .pad = 1 }, -EINVAL },
		{ { .queue = self->copy, .delay_run_ns = 60001 * MS }, -ERANGE },
		{ { .queue = self->copy, .delay_signal_ns = UINT64_MAX }, -ERANGE },
		{ { .queue = self->copy, .jitter_ns = 60001 * MS }, -ERANGE },
		{ { .queue = self->copy, .fail_nth = 1 }, -EINVAL },
		{ { .queue = self->copy, .fail_nth = 1, .error = 5 }, -EINVAL },
		{ { .queue = self->copy, .fail_nth = 1, .error = -4096 }, -EINVAL },
		{ { .queue = self->copy, .error = -5 }, -EINVAL },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		EXPECT_EQ(bad[i].error, figment_queue_fault(self->fd, &bad[i].fault));
	/* Nothing of it was taken. */
	EXPECT_EQ(1, settle(copy_nop(self->fd, self->copy)));
}

/* A client whose delayed job is killed leaves nothing that must run out first. */
TEST_F(faults, killed_in_a_delay)
{
	int file;

	fault(self->fd, (struct drm_figment_queue_fault){
		.queue = self->copy, .delay_run_ns = 60000 * MS });
	file = copy_nop(self->fd, self->copy);
	EXPECT_TRUE(pending(file));
	must(figment_queue_destroy(self->fd, self->copy));
	EXPECT_EQ(-ECANCELED, settle(file));
}

FIXTURE(short_time) {
	int fd;
	struct host host;
	uint32_t copy;
};

FIXTURE_SETUP(short_time)
{
	module_reload("job_timeout_ms=500");
	self->fd = device_open();
	self->host = host_queue(self->fd);
	self->copy = copy_queue(self->fd);
}

FIXTURE_TEARDOWN(short_time)
{
}

TEST_F(short_time, hang_the_second)
{
	int first, second;

	fault(self->fd, (struct drm_figment_queue_fault){
		.queue = self->copy, .hang_nth = 2 });
	first = copy_nop(self->fd, self->copy);
	second = copy_nop(self->fd, self->copy);
	EXPECT_EQ(1, settle(first));
	EXPECT_EQ(-ETIMEDOUT, settle(second));
	EXPECT_EQ(DRM_FIGMENT_QUEUE_LOST | DRM_FIGMENT_QUEUE_GUILTY,
		  queue_query(self->fd, self->copy).state);

	fault(self->fd, (struct drm_figment_queue_fault){
		.queue = self->host.queue, .hang_nth = 1 });
	first = host_pending(self->fd, &self->host, NULL);
	host_done(self->host.fd, 0);
	EXPECT_TRUE(stays_pending(first));
	EXPECT_EQ(-ETIMEDOUT, settle(first));
}

FIGMENT_RELOAD_MAIN

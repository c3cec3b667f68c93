// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: jobs that take too long
 *
 * With the module loaded so that little time is given. Catches an engine that
 * lets a job hang for ever, or starts its clock when the job is submitted rather
 * than when it could run, or for a queue rather than for each job; a time-out
 * that costs the innocent their jobs; and one that leaves no trace of itself.
 */
#include "kselftest_harness.h"

#include "helpers.h"

#define SHORT_MS	1000
#define MS		1000000ull

FIXTURE(timeouts) {
	int fd;
	struct host host;
	uint32_t copy;
	struct host bystander;
};

FIXTURE_VARIANT(timeouts) {
	const char *params;
};

FIXTURE_VARIANT_ADD(timeouts, of_a_second) { "job_timeout_ms=1000" };

FIXTURE_SETUP(timeouts)
{
	int other;

	module_reload(variant->params);
	self->fd = device_open();
	self->host = host_queue(self->fd);
	self->copy = copy_queue(self->fd);
	other = device_open();
	self->bystander = host_queue(other);
	must_be(device_param(other, DRM_FIGMENT_PARAM_JOB_TIMEOUT_MS) == SHORT_MS);
}

/* Another client, and another queue of the same one, go on. */
FIXTURE_TEARDOWN(timeouts)
{
	uint32_t queue = copy_queue(self->fd);
	struct job job = { .queue = queue };

	EXPECT_EQ(1, settle(submit_file(self->fd, &job)));
	EXPECT_FALSE(wait_poll(self->bystander.fd, POLLHUP, 0));
}

static int delay(int fd, uint32_t queue, uint64_t ms)
{
	struct job job = { .queue = queue };

	job_does(&job, (struct drm_figment_cmd){
		.op = DRM_FIGMENT_CMD_DELAY, .value = ms * MS });
	return submit_file(fd, &job);
}

#define EXPECT_GUILTY(id) do { \
	struct drm_figment_queue_query query_ = queue_query(self->fd, id); \
	struct job job_ = { 0 }; \
	job_.queue = id; \
	EXPECT_EQ(DRM_FIGMENT_QUEUE_LOST | DRM_FIGMENT_QUEUE_GUILTY, query_.state); \
	EXPECT_EQ(-ETIMEDOUT, query_.error); \
	EXPECT_EQ(-ECANCELED, submit_job(self->fd, &job_)); \
} while (0)

/* A queue is lost a moment after its job has signalled. */
static void await_loss(int fd, uint32_t queue)
{
	uint64_t until = now_ns() + LONG_MS * MS;

	while (!queue_query(fd, queue).state && now_ns() < until)
		moment();
}

TEST_F(timeouts, long_delay)
{
	int late = delay(self->fd, self->copy, 30000);
	int behind = delay(self->fd, self->copy, 0);
	uint32_t other = copy_queue(self->fd);
	int beside = delay(self->fd, other, 0);

	EXPECT_TRUE(pending(late));
	EXPECT_EQ(-ETIMEDOUT, settle(late));
	EXPECT_EQ(-ECANCELED, settle(behind));
	EXPECT_EQ(1, settle(beside));
	await_loss(self->fd, self->copy);
	EXPECT_GUILTY(self->copy);
	EXPECT_EQ(0, queue_query(self->fd, other).state);
}

TEST_F(timeouts, too_much_to_copy)
{
	const uint64_t size = 64 << 20;
	struct buffer from = buffer_create(self->fd, size), to = buffer_create(self->fd, size);
	struct drm_figment_cmd *cmds = calloc(4096, sizeof(*cmds));
	struct drm_figment_bo bos[2] = { { from.handle, DRM_FIGMENT_BO_READ },
					 { to.handle, DRM_FIGMENT_BO_WRITE } };
	struct drm_figment_sync signal = { .type = DRM_FIGMENT_SYNC_FILE, .fd = -1 };
	struct drm_figment_job job = {
		.queue = self->copy,
		.bos = FIGMENT_ARRAY(bos, 2),
		.signals = FIGMENT_ARRAY(&signal, 1),
		.cmds = FIGMENT_ARRAY(cmds, 4096),
	};

	/* A quarter of a terabyte. */
	for (int i = 0; i < 4096; i++)
		cmds[i] = (struct drm_figment_cmd){
			.op = DRM_FIGMENT_CMD_COPY, .dst = 1, .size = size };
	must(figment_submit(self->fd, &job, 1));
	EXPECT_EQ(-ETIMEDOUT, settle(signal.fd));
	await_loss(self->fd, self->copy);
	EXPECT_GUILTY(self->copy);
}

TEST_F(timeouts, many_short_jobs_are_not_one_long)
{
	int file = -1;

	for (int i = 0; i < 15; i++)
		file = delay(self->fd, self->copy, 100);
	EXPECT_EQ(1, settle(file));
	EXPECT_EQ(0, queue_query(self->fd, self->copy).state);
}

TEST_F(timeouts, executor_does_nothing)
{
	int read_one = host_pending(self->fd, &self->host, NULL);
	int behind = host_pending(self->fd, &self->host, NULL);
	struct drm_figment_host_job got;

	host_take(self->host.fd);
	EXPECT_EQ(-ETIMEDOUT, settle(read_one));
	EXPECT_EQ(-ECANCELED, settle(behind));
	EXPECT_EQ(0, figment_host_read(self->host.fd, &got, 1));
	EXPECT_EQ(-ECANCELED, figment_host_complete(self->host.fd, 1, 0));
	EXPECT_EQ(POLLHUP, wait_poll(self->host.fd, POLLHUP, LONG_MS) & POLLHUP);
	EXPECT_GUILTY(self->host.queue);
}

TEST_F(timeouts, nobody_reads)
{
	EXPECT_EQ(-ETIMEDOUT, settle(host_pending(self->fd, &self->host, NULL)));
	EXPECT_GUILTY(self->host.queue);
}

TEST_F(timeouts, waiting_does_not_count)
{
	struct job job = { .queue = self->host.queue };
	int last = -1, file;

	/* Four times as long as a job may run. */
	for (int i = 0; i < 10; i++)
		last = delay(self->fd, self->copy, SHORT_MS * 2 / 5);
	job_waits_file(&job, last);
	file = submit_file(self->fd, &job);
	EXPECT_EQ(1, settle(last));
	host_done(self->host.fd, 0);
	EXPECT_EQ(1, settle(file));
	EXPECT_EQ(0, queue_query(self->fd, self->host.queue).state);
}

TEST_F(timeouts, waiters_of_a_late_job_go_on)
{
	struct buffer buf = buffer_create(self->fd, PAGE);
	struct job writer = { .queue = self->host.queue }, reader = { .queue = self->copy };
	struct buffer out = buffer_create(self->fd, PAGE);
	int dmabuf = buffer_export(self->fd, &buf), file;

	buf.map[0] = 8;
	job_uses(&writer, buf.handle, DRM_FIGMENT_BO_WRITE);
	must(submit_job(self->fd, &writer));
	job_copies(&reader, buf.handle, out.handle, PAGE);
	file = submit_file(self->fd, &reader);
	EXPECT_FALSE(dmabuf_idle(dmabuf, false));
	EXPECT_EQ(1, settle(file));
	EXPECT_EQ(8, out.map[0]);
	EXPECT_TRUE(dmabuf_idle(dmabuf, true));
}

TEST_F(timeouts, an_idle_queue_does_not_time_out)
{
	int file = host_pending(self->fd, &self->host, NULL);

	host_done(self->host.fd, 0);
	EXPECT_EQ(1, settle(file));
	usleep(3 * SHORT_MS * 1000);
	EXPECT_EQ(0, queue_query(self->fd, self->host.queue).state);
	file = host_pending(self->fd, &self->host, NULL);
	host_done(self->host.fd, 0);
	EXPECT_EQ(1, settle(file));
}

/* Bounds of a second on either side: with more time to a job. */

TEST(each_job_has_its_own_time)
{
	struct host host;
	int files[3], fd;

	module_reload("job_timeout_ms=3000");
	fd = device_open();
	host = host_queue(fd);
	for (int i = 0; i < 3; i++)
		files[i] = host_pending(fd, &host, NULL);
	/* All are runnable from the start; together they take twice as long. */
	for (int i = 0; i < 3; i++) {
		usleep(2000000);
		host_done(host.fd, 0);
	}
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(1, settle(files[i]));
	EXPECT_EQ(0, queue_query(fd, host.queue).state);
	/* The one after them has no more than that either. */
	EXPECT_EQ(-ETIMEDOUT, settle(host_pending(fd, &host, NULL)));
	close(fd);
}

FIGMENT_RELOAD_MAIN

// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: the host engine's fd: read, write and poll
 *
 * Catches an fd that shows jobs before they may run, hands one out twice or drops
 * one, signals fences out of order, takes a completion for a job that nobody was
 * given, loses jobs over a fault, blocks where it must not, or does not where it
 * must.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>

#include "kselftest_harness.h"

#include "helpers.h"

FIXTURE(host) {
	int fd;
	struct host host;
};

FIXTURE_SETUP(host)
{
	self->fd = device_open();
	self->host = host_queue(self->fd);
}

FIXTURE_TEARDOWN(host)
{
	close(self->host.fd);
	close(self->fd);
}

static ssize_t host_read(int fd, void *to, size_t size)
{
	return errno_result(read(fd, to, size));
}

static ssize_t host_write(int fd, const void *from, size_t size)
{
	return errno_result(write(fd, from, size));
}

static void submit_many(FIXTURE_DATA(host) *self, int *files, int count)
{
	for (int i = 0; i < count; i++)
		files[i] = host_pending(self->fd, &self->host, NULL);
}

TEST_F(host, gives_what_was_submitted)
{
	struct drm_figment_host_job got[4];

	for (int i = 0; i < 3; i++) {
		struct job job = { .queue = self->host.queue,
				   .user_data = 0xdead0000beef0000 + i };

		must(submit_job(self->fd, &job));
		EXPECT_EQ(i + 1, job.seqno);
	}
	/* All three, in whatever portions, in order. */
	for (int n = 0; n < 3;) {
		ssize_t size;

		ASSERT_TRUE(wait_poll(self->host.fd, POLLIN, LONG_MS));
		size = host_read(self->host.fd, &got[n], sizeof(got) - n * sizeof(got[0]));
		ASSERT_LT(0, size);
		EXPECT_EQ(0, size % sizeof(got[0]));
		n += size / sizeof(got[0]);
	}
	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(i + 1, got[i].seqno);
		EXPECT_EQ(0xdead0000beef0000 + i, got[i].user_data);
	}
	/* And each once. */
	EXPECT_EQ(-EAGAIN, host_read(self->host.fd, got, sizeof(got)));
}

TEST_F(host, counts)
{
	int files[3];

	submit_many(self, files, 3);
	EXPECT_EQ(3, queue_query(self->fd, self->host.queue).submitted);
	EXPECT_EQ(0, queue_query(self->fd, self->host.queue).completed);
	host_done(self->host.fd, 0);
	EXPECT_EQ(1, settle(files[0]));
	EXPECT_EQ(1, queue_query(self->fd, self->host.queue).completed);
	EXPECT_TRUE(pending(files[1]));
}

TEST_F(host, completed_out_of_order)
{
	int files[3];

	submit_many(self, files, 3);
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(i + 1, host_take(self->host.fd).seqno);
	EXPECT_EQ(0, figment_host_complete(self->host.fd, 3, 0));
	EXPECT_EQ(0, figment_host_complete(self->host.fd, 2, -EIO));
	EXPECT_TRUE(stays_pending(files[2]));
	EXPECT_TRUE(pending(files[1]));
	EXPECT_EQ(0, queue_query(self->fd, self->host.queue).completed);
	EXPECT_EQ(0, figment_host_complete(self->host.fd, 1, 0));
	EXPECT_EQ(1, settle(files[0]));
	EXPECT_EQ(-EIO, settle(files[1]));
	EXPECT_EQ(1, settle(files[2]));
	EXPECT_EQ(3, queue_query(self->fd, self->host.queue).completed);
}

TEST_F(host, what_waits_is_not_shown)
{
	struct host gate = host_queue(self->fd);
	struct job job = { .queue = self->host.queue };

	job_waits_file(&job, host_pending(self->fd, &gate, NULL));
	must(submit_job(self->fd, &job));
	EXPECT_TRUE(host_idle(self->host.fd));
	EXPECT_EQ(-EAGAIN, figment_host_read(self->host.fd,
					     &(struct drm_figment_host_job){ 0 }, 1));
	/* Nor what comes after it, though it waits for nothing. */
	host_pending(self->fd, &self->host, NULL);
	EXPECT_TRUE(host_idle(self->host.fd));
	host_done(gate.fd, 0);
	EXPECT_EQ(1, host_take(self->host.fd).seqno);
	EXPECT_EQ(2, host_take(self->host.fd).seqno);
}

TEST_F(host, read_sizes)
{
	struct drm_figment_host_job got[3];
	int files[3];

	EXPECT_EQ(-EINVAL, host_read(self->host.fd, got, 0));
	EXPECT_EQ(-EINVAL, host_read(self->host.fd, got, 15));
	EXPECT_EQ(-EAGAIN, host_read(self->host.fd, got, 16));
	submit_many(self, files, 3);
	ASSERT_TRUE(wait_poll(self->host.fd, POLLIN, LONG_MS));
	EXPECT_EQ(-EINVAL, host_read(self->host.fd, got, 15));
	moment();
	/* Whole jobs only. */
	EXPECT_EQ(32, host_read(self->host.fd, got, 47));
	EXPECT_EQ(16, host_read(self->host.fd, got, 17));
	EXPECT_EQ(3, got[0].seqno);
}

TEST_F(host, write_sizes)
{
	struct drm_figment_host_done done[2] = { { .seqno = 1 }, { .seqno = 2 } };
	int file = host_pending(self->fd, &self->host, NULL);
	static const size_t sizes[] = { 0, 1, 8, 15, 17, 31 };

	host_take(self->host.fd);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		EXPECT_EQ(-EINVAL, host_write(self->host.fd, done, sizes[i]));
	EXPECT_TRUE(stays_pending(file));
	EXPECT_EQ(16, host_write(self->host.fd, done, 16));
	EXPECT_EQ(1, settle(file));
}

TEST_F(host, bad_completions)
{
	static const struct drm_figment_host_done bad[] = {
		{ .seqno = 1, .status = 1 }, { .seqno = 1, .status = EIO },
		{ .seqno = 1, .status = -4096 }, { .seqno = 1, .status = INT32_MIN },
		{ .seqno = 1, .pad = 1 },
	};
	static const uint64_t none[] = { 0, 2, 3, ~0ull };
	int files[2];

	submit_many(self, files, 2);
	host_take(self->host.fd);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		EXPECT_EQ(-EINVAL, host_write(self->host.fd, &bad[i], sizeof(bad[i])));
	/* The second has not been read; others there are none. */
	for (size_t i = 0; i < ARRAY_SIZE(none); i++)
		EXPECT_EQ(-ENOENT, figment_host_complete(self->host.fd, none[i], 0));
	EXPECT_TRUE(stays_pending(files[0]));
	EXPECT_TRUE(pending(files[1]));
	EXPECT_EQ(0, figment_host_complete(self->host.fd, 1, 0));
	EXPECT_EQ(-ENOENT, figment_host_complete(self->host.fd, 1, 0));
	EXPECT_EQ(1, settle(files[0]));
	EXPECT_EQ(2, host_take(self->host.fd).seqno);
	EXPECT_EQ(0, figment_host_complete(self->host.fd, 2, 0));
}

TEST_F(host, completed_twice_before_its_turn)
{
	int files[2];

	submit_many(self, files, 2);
	host_take(self->host.fd);
	host_take(self->host.fd);
	EXPECT_EQ(0, figment_host_complete(self->host.fd, 2, -EIO));
	EXPECT_EQ(-ENOENT, figment_host_complete(self->host.fd, 2, 0));
	EXPECT_EQ(0, figment_host_complete(self->host.fd, 1, 0));
	EXPECT_EQ(-EIO, settle(files[1]));
}

TEST_F(host, write_stops_at_the_first_bad_one)
{
	struct drm_figment_host_done done[4] = {
		{ .seqno = 1 }, { .seqno = 2, .status = -EDOM }, { .seqno = 3, .pad = 1 },
		{ .seqno = 4 },
	};
	int files[4];

	submit_many(self, files, 4);
	for (int i = 0; i < 4; i++)
		host_take(self->host.fd);
	EXPECT_EQ(32, host_write(self->host.fd, done, sizeof(done)));
	EXPECT_EQ(1, settle(files[0]));
	EXPECT_EQ(-EDOM, settle(files[1]));
	EXPECT_TRUE(stays_pending(files[2]));
	EXPECT_TRUE(pending(files[3]));
	EXPECT_EQ(-EINVAL, host_write(self->host.fd, &done[2], sizeof(done[2])));
	done[2].pad = 0;
	EXPECT_EQ(32, host_write(self->host.fd, &done[2], 2 * sizeof(done[2])));
	EXPECT_EQ(1, settle(files[3]));
}

TEST_F(host, a_fault_leaves_jobs_unread)
{
	char *hole = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct drm_figment_host_job *first = (void *)(hole + PAGE - sizeof(*first));
	int files[3];

	munmap(hole + PAGE, PAGE);
	submit_many(self, files, 3);
	ASSERT_TRUE(wait_poll(self->host.fd, POLLIN, LONG_MS));
	moment();
	EXPECT_EQ(-EFAULT, host_read(self->host.fd, hole + PAGE, 48));
	EXPECT_EQ(-EFAULT, host_read(self->host.fd, hole + PAGE - 8, 48));
	EXPECT_TRUE(can_poll(self->host.fd, POLLIN));
	EXPECT_EQ(-ENOENT, figment_host_complete(self->host.fd, 1, 0));
	/* What fits before the hole is read, and no more. */
	EXPECT_EQ(16, host_read(self->host.fd, first, 48));
	EXPECT_EQ(1, first->seqno);
	EXPECT_EQ(2, host_take(self->host.fd).seqno);
	EXPECT_EQ(3, host_take(self->host.fd).seqno);
	EXPECT_EQ(-EFAULT, host_write(self->host.fd, hole + PAGE, 16));
	EXPECT_TRUE(stays_pending(files[0]));
}

TEST_F(host, polls)
{
	int file;

	EXPECT_EQ(POLLOUT, wait_poll(self->host.fd, POLLIN | POLLOUT, 0));
	file = host_pending(self->fd, &self->host, NULL);
	EXPECT_TRUE(wait_poll(self->host.fd, POLLIN, LONG_MS) == POLLIN);
	host_done(self->host.fd, 0);
	EXPECT_EQ(1, settle(file));
	EXPECT_EQ(0, wait_poll(self->host.fd, POLLIN, 0));
	must(figment_queue_destroy(self->fd, self->host.queue));
	EXPECT_EQ(POLLIN | POLLHUP, wait_poll(self->host.fd, POLLIN, LONG_MS));
}

TEST_F(host, a_lost_queue_reads_as_ended)
{
	struct drm_figment_host_done done = { .seqno = 1 };
	struct drm_figment_host_job got;

	host_pending(self->fd, &self->host, NULL);
	host_take(self->host.fd);
	must(figment_queue_destroy(self->fd, self->host.queue));
	EXPECT_EQ(0, host_read(self->host.fd, &got, sizeof(got)));
	EXPECT_EQ(-EINVAL, host_read(self->host.fd, &got, 1));
	EXPECT_EQ(-ECANCELED, host_write(self->host.fd, &done, sizeof(done)));
	done.pad = 1;
	EXPECT_EQ(-EINVAL, host_write(self->host.fd, &done, sizeof(done)));
}

struct reader {
	pthread_t id;
	volatile pid_t tid;
	int fd;
	volatile int result;
	struct drm_figment_host_job job;
};

static void *reader(void *arg)
{
	struct reader *r = arg;

	r->tid = gettid();
	r->result = figment_host_read(r->fd, &r->job, 1);
	return NULL;
}

/* Until it sleeps, which it does nowhere but in its read. */
static void reader_sleeps(const struct reader *r)
{
	char path[64], state = 0;

	while (!r->tid)
		moment();
	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", r->tid);
	while (state != 'S') {
		FILE *file = fopen(path, "re");

		must_be(file && fscanf(file, "%*d (%*[^)]) %c", &state) == 1);
		fclose(file);
		moment();
	}
}

static struct host blocking_queue(int fd)
{
	struct host host;

	must(figment_queue_create(fd, DRM_FIGMENT_ENGINE_HOST, DRM_FIGMENT_PRIORITY_NORMAL,
				  0, &host.queue, &host.fd));
	return host;
}

TEST_F(host, reading_blocks)
{
	struct host host = blocking_queue(self->fd);
	struct reader r = { .fd = host.fd, .result = -1 };
	struct job job = { .queue = host.queue, .user_data = 5 };

	must_be(!pthread_create(&r.id, NULL, reader, &r));
	moment();
	EXPECT_EQ(-1, r.result);
	must(submit_job(self->fd, &job));
	pthread_join(r.id, NULL);
	EXPECT_EQ(1, r.result);
	EXPECT_EQ(5, r.job.user_data);
}

/* Who does not want to wait does not wait for one who does either. */
TEST_F(host, a_blocked_reader_blocks_no_other)
{
	struct host host = blocking_queue(self->fd);
	struct reader r = { .fd = host.fd, .result = -1 };
	struct drm_figment_host_job got;

	must_be(!pthread_create(&r.id, NULL, reader, &r));
	reader_sleeps(&r);
	EXPECT_EQ(-1, r.result);
	must_call(fcntl(host.fd, F_SETFL, O_NONBLOCK));
	EXPECT_EQ(-EAGAIN, host_read(host.fd, &got, sizeof(got)));
	EXPECT_EQ(-1, r.result);
	host_pending(self->fd, &host, NULL);
	pthread_join(r.id, NULL);
	EXPECT_EQ(1, r.result);
}

TEST_F(host, a_blocked_reader_is_woken_by_the_end)
{
	for (int how = 0; how < 2; how++) {
		int other = device_open();
		struct host host = blocking_queue(other);
		struct reader r = { .fd = host.fd, .result = -1 };

		must_be(!pthread_create(&r.id, NULL, reader, &r));
		moment();
		EXPECT_EQ(-1, r.result);
		if (how)
			must_call(close(other));
		else
			must(figment_queue_destroy(other, host.queue));
		pthread_join(r.id, NULL);
		EXPECT_EQ(0, r.result);
	}
}

TEST_F(host, two_readers_share)
{
	struct host host = blocking_queue(self->fd);
	struct reader r[2] = { { .fd = host.fd, .result = -1 }, { .fd = host.fd, .result = -1 } };
	struct job jobs[2] = { { .queue = host.queue }, { .queue = host.queue } };

	for (int i = 0; i < 2; i++)
		must_be(!pthread_create(&r[i].id, NULL, reader, &r[i]));
	moment();
	must(submit_jobs(self->fd, jobs, 2));
	for (int i = 0; i < 2; i++) {
		pthread_join(r[i].id, NULL);
		EXPECT_EQ(1, r[i].result);
	}
	EXPECT_EQ(3, r[0].job.seqno + r[1].job.seqno);
}

TEST_F(host, more_than_fit_at_once)
{
	const int count = 2000;
	struct job *jobs = calloc(1000, sizeof(*jobs));
	struct drm_figment_host_job got[64];
	uint64_t next = 1;

	for (int i = 0; i < 1000; i++)
		jobs[i] = (struct job){ .queue = self->host.queue, .user_data = i };
	must(submit_jobs(self->fd, jobs, 1000));
	must(submit_jobs(self->fd, jobs, 1000));
	while (next <= count) {
		int n;

		ASSERT_TRUE(wait_poll(self->host.fd, POLLIN, LONG_MS));
		n = figment_host_read(self->host.fd, got, 64);
		ASSERT_LT(0, n);
		for (int i = 0; i < n; i++, next++) {
			ASSERT_EQ(next, got[i].seqno);
			ASSERT_EQ((next - 1) % 1000, got[i].user_data);
		}
		/* Backwards, so that all wait for the last write. */
		while (n--)
			ASSERT_EQ(0, figment_host_complete(self->host.fd, got[n].seqno, 0));
	}
	EXPECT_EQ(count, queue_query(self->fd, self->host.queue).completed);
}

static void executor(int sock)
{
	int fd = recv_fd(sock);
	struct drm_figment_host_job job;

	while (wait_poll(fd, POLLIN, LONG_MS) && figment_host_read(fd, &job, 1) == 1)
		must(figment_host_complete(fd, job.seqno, -(int)job.user_data));
}

TEST_F(host, executed_by_another_process)
{
	struct child child = child_start(executor);

	send_fd(child.sock, self->host.fd);
	close(self->host.fd);
	for (int i = 0; i < 5; i++) {
		struct job job = { .queue = self->host.queue, .user_data = i };

		EXPECT_EQ(i ? -i : 1, settle(submit_file(self->fd, &job)));
	}
	must(figment_queue_destroy(self->fd, self->host.queue));
	EXPECT_EQ(0, child_join(&child));
	self->host.fd = -1;
}

TEST_F(host, any_copy_of_the_fd_executes)
{
	int copy = must_call(dup(self->host.fd));
	int file = host_pending(self->fd, &self->host, NULL);

	host_take(self->host.fd);
	close(self->host.fd);
	EXPECT_TRUE(stays_pending(file));
	EXPECT_EQ(0, queue_query(self->fd, self->host.queue).state);
	EXPECT_EQ(0, figment_host_complete(copy, 1, 0));
	EXPECT_EQ(1, settle(file));
	self->host.fd = copy;
}

FIGMENT_HARNESS_MAIN

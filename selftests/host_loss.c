// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: the end of a host queue, whichever way it comes
 *
 * Catches a driver that leaves somebody waiting when an executor, a client or a
 * queue goes with jobs outstanding; that first waits for what those jobs waited
 * for; that tears others down too, blames the innocent, or frees what is still
 * used: everything here also has to leave the kernel's log empty.
 */
#include <pthread.h>
#include <signal.h>

#include "kselftest_harness.h"

#include "helpers.h"

/* "At once", though on a slow machine. */
#define AT_ONCE_NS	2000000000

FIXTURE(loss) {
	int fd;
	struct host host;
	int gate_fd;
	struct host gate;	/* what some jobs wait for, for as long as the test */
	struct host bystander;
	int bystander_file;
};

FIXTURE_SETUP(loss)
{
	self->fd = device_open();
	self->host = host_queue(self->fd);
	self->gate_fd = device_open();
	self->gate = host_queue(self->gate_fd);
	self->bystander = host_queue(self->fd);
	self->bystander_file = host_pending(self->fd, &self->bystander, NULL);
}

/* Whatever was lost, a queue of the same client goes on. */
FIXTURE_TEARDOWN(loss)
{
	if (self->bystander.fd >= 0) {
		EXPECT_TRUE(pending(self->bystander_file));
		host_done(self->bystander.fd, 0);
		EXPECT_EQ(1, settle(self->bystander_file));
		EXPECT_EQ(0, queue_query(self->fd, self->bystander.queue).state);
	}
}

/* Four jobs: being executed, read by nobody, waiting, and behind that one. */
struct jobs {
	int files[4];
	struct buffer buf;
	int dmabuf;
	int after;	/* of a copy job that waits for the last */
};

static struct jobs outstanding(FIXTURE_DATA(loss) *self)
{
	struct job waits = { .queue = self->host.queue }, last = waits;
	struct job after = { .queue = copy_queue(self->fd) };
	struct jobs jobs;

	jobs.buf = buffer_create(self->fd, PAGE);
	jobs.dmabuf = buffer_export(self->fd, &jobs.buf);
	jobs.files[0] = host_pending(self->fd, &self->host, NULL);
	host_take(self->host.fd);
	jobs.files[1] = host_pending(self->fd, &self->host, NULL);
	must_be(wait_poll(self->host.fd, POLLIN, LONG_MS));
	job_waits_file(&waits, host_pending(self->gate_fd, &self->gate, NULL));
	jobs.files[2] = submit_file(self->fd, &waits);
	job_uses(&last, jobs.buf.handle, DRM_FIGMENT_BO_WRITE);
	jobs.files[3] = submit_file(self->fd, &last);
	job_waits_file(&after, jobs.files[3]);
	jobs.after = submit_file(self->fd, &after);
	for (int i = 0; i < 4; i++)
		must_be(pending(jobs.files[i]));
	must_be(!dmabuf_idle(jobs.dmabuf, false));
	return jobs;
}

#define EXPECT_ALL_LOST(jobs) do { \
	EXPECT_EQ(-ECANCELED, settle((jobs)->files[0])); \
	EXPECT_EQ(-ECANCELED, settle((jobs)->files[1])); \
	EXPECT_EQ(-ECANCELED, settle((jobs)->files[2])); \
	EXPECT_EQ(-ECANCELED, settle((jobs)->files[3])); \
	EXPECT_EQ(1, settle((jobs)->after)); \
	EXPECT_TRUE(wait_poll((jobs)->dmabuf, POLLOUT, LONG_MS) & POLLOUT); \
} while (0)

TEST_F(loss, executor_closes_its_fd)
{
	struct jobs jobs = outstanding(self);
	struct drm_figment_queue_query query;
	uint64_t start = now_ns();
	struct job job = { .queue = self->host.queue };

	close(self->host.fd);
	EXPECT_ALL_LOST(&jobs);
	EXPECT_GT(AT_ONCE_NS, now_ns() - start);
	query = queue_query(self->fd, self->host.queue);
	EXPECT_EQ(DRM_FIGMENT_QUEUE_LOST | DRM_FIGMENT_QUEUE_GUILTY, query.state);
	EXPECT_EQ(-ECANCELED, query.error);
	EXPECT_EQ(4, query.submitted);
	EXPECT_EQ(-ECANCELED, submit_job(self->fd, &job));
	EXPECT_EQ(4, queue_query(self->fd, self->host.queue).submitted);
	/* The id is still taken, until it is given back. */
	EXPECT_EQ(0, figment_queue_destroy(self->fd, self->host.queue));
}

TEST_F(loss, what_was_waited_for_comes_too_late)
{
	struct jobs jobs = outstanding(self);

	close(self->host.fd);
	EXPECT_ALL_LOST(&jobs);
	host_done(self->gate.fd, 0);
	moment();
	EXPECT_EQ(-ECANCELED, settle(jobs.files[2]));
	EXPECT_EQ(4, queue_query(self->fd, self->host.queue).submitted);
}

TEST_F(loss, an_idle_executor_leaves)
{
	struct job job = { .queue = self->host.queue };

	close(self->host.fd);
	EXPECT_EQ(DRM_FIGMENT_QUEUE_LOST, queue_query(self->fd, self->host.queue).state);
	EXPECT_EQ(-ECANCELED, submit_job(self->fd, &job));
}

static void sits_on_jobs(int sock)
{
	int fd = recv_fd(sock);

	send_word(sock, host_take(fd).seqno);
	pause();
}

TEST_F(loss, executor_is_killed)
{
	struct child child = child_start(sits_on_jobs);
	int first = host_pending(self->fd, &self->host, NULL);
	struct jobs jobs;
	int copy = must_call(dup(self->host.fd));

	send_fd(child.sock, self->host.fd);
	EXPECT_EQ(1, recv_word(child.sock));
	jobs = outstanding(self);
	close(self->host.fd);
	close(copy);
	EXPECT_TRUE(stays_pending(first));
	child_kill(&child);
	EXPECT_EQ(-ECANCELED, settle(first));
	EXPECT_ALL_LOST(&jobs);
	EXPECT_EQ(DRM_FIGMENT_QUEUE_LOST | DRM_FIGMENT_QUEUE_GUILTY,
		  queue_query(self->fd, self->host.queue).state);
}

TEST_F(loss, queue_is_destroyed)
{
	struct jobs jobs = outstanding(self);
	struct drm_figment_queue_query query;
	uint64_t start = now_ns();

	EXPECT_EQ(0, figment_queue_destroy(self->fd, self->host.queue));
	EXPECT_ALL_LOST(&jobs);
	EXPECT_GT(AT_ONCE_NS, now_ns() - start);
	EXPECT_EQ(-ENOENT, figment_queue_query(self->fd, self->host.queue, &query));
	EXPECT_EQ(-ECANCELED, figment_host_complete(self->host.fd, 1, 0));
	EXPECT_EQ(POLLIN | POLLHUP, wait_poll(self->host.fd, POLLIN, LONG_MS));
	close(self->host.fd);
}

TEST_F(loss, copy_queue_is_destroyed)
{
	uint32_t queue = copy_queue(self->fd);
	struct buffer buf = buffer_create(self->fd, PAGE);
	struct job waits = { .queue = queue }, last = { .queue = queue };
	uint64_t start = now_ns();
	int files[2];

	job_waits_file(&waits, host_pending(self->gate_fd, &self->gate, NULL));
	files[0] = submit_file(self->fd, &waits);
	job_writes(&last, buf.handle, 0, 1);
	files[1] = submit_file(self->fd, &last);
	EXPECT_EQ(0, figment_queue_destroy(self->fd, queue));
	EXPECT_EQ(-ECANCELED, settle(files[0]));
	EXPECT_EQ(-ECANCELED, settle(files[1]));
	EXPECT_GT(AT_ONCE_NS, now_ns() - start);
	host_done(self->gate.fd, 0);
	moment();
	/* It was cancelled, so it is not done later either. */
	EXPECT_EQ(0, buf.map[0]);
}

TEST_F(loss, client_closes_the_device)
{
	struct jobs jobs;
	struct drm_figment_host_job got;
	uint64_t start;

	host_done(self->bystander.fd, 0);
	EXPECT_EQ(1, settle(self->bystander_file));
	close(self->bystander.fd);
	self->bystander.fd = -1;

	jobs = outstanding(self);
	/* Its mapping does not keep the file alive that much. */
	munmap(jobs.buf.map, jobs.buf.size);
	start = now_ns();
	close(self->fd);
	for (int i = 0; i < 4; i++)
		EXPECT_EQ(-ECANCELED, settle(jobs.files[i]));
	/* Its queue is another: that may have got to run it. */
	EXPECT_NE(0, settle(jobs.after));
	EXPECT_TRUE(wait_poll(jobs.dmabuf, POLLOUT, LONG_MS) & POLLOUT);
	EXPECT_GT(AT_ONCE_NS, now_ns() - start);
	EXPECT_EQ(0, figment_host_read(self->host.fd, &got, 1));
}

/* A client whose jobs somebody else executes, or not. */
static void client(int sock)
{
	int fd = device_open();
	struct host host = host_queue(fd);
	struct job waits = { .queue = host.queue };

	job_waits_file(&waits, recv_fd(sock));
	send_fd(sock, host_pending(fd, &host, NULL));
	send_fd(sock, submit_file(fd, &waits));
	send_fd(sock, host.fd);
	close(host.fd);
	recv_word(sock);
	pause();
}

TEST_F(loss, client_is_killed_not_its_executor)
{
	struct child child = child_start(client);
	struct drm_figment_host_job got;
	int files[2], executor;

	send_fd(child.sock, host_pending(self->gate_fd, &self->gate, NULL));
	files[0] = recv_fd(child.sock);
	files[1] = recv_fd(child.sock);
	executor = recv_fd(child.sock);
	EXPECT_EQ(1, host_take(executor).seqno);
	send_word(child.sock, 0);
	EXPECT_TRUE(stays_pending(files[0]));
	child_kill(&child);
	EXPECT_EQ(-ECANCELED, settle(files[0]));
	EXPECT_EQ(-ECANCELED, settle(files[1]));
	EXPECT_EQ(0, figment_host_read(executor, &got, 1));
	EXPECT_EQ(POLLHUP, wait_poll(executor, POLLHUP, LONG_MS) & POLLHUP);
	EXPECT_EQ(-ECANCELED, figment_host_complete(executor, 1, 0));
	close(executor);
	host_done(self->gate.fd, 0);
}

TEST_F(loss, others_that_waited_go_on)
{
	struct job job = { .queue = self->gate.queue };
	int other = device_open(), file;
	struct host host = host_queue(other);

	job.queue = host.queue;
	job_waits_file(&job, host_pending(self->fd, &self->host, NULL));
	file = submit_file(other, &job);
	EXPECT_TRUE(host_idle(host.fd));
	must(figment_queue_destroy(self->fd, self->host.queue));
	host_done(host.fd, 0);
	EXPECT_EQ(1, settle(file));
}

TEST_F(loss, over_and_over)
{
	int gate = host_pending(self->gate_fd, &self->gate, NULL);
	int fds = count_fds();

	for (int i = 0; i < 200; i++) {
		struct host host = host_queue(self->fd);
		struct job job = { .queue = host.queue };
		int files[2];

		files[0] = host_pending(self->fd, &host, NULL);
		job_waits_file(&job, gate);
		files[1] = submit_file(self->fd, &job);
		if (i % 2)
			close(host.fd);
		must(figment_queue_destroy(self->fd, host.queue));
		ASSERT_EQ(-ECANCELED, settle(files[0]));
		ASSERT_EQ(-ECANCELED, settle(files[1]));
		if (!(i % 2))
			close(host.fd);
		close(files[0]);
		close(files[1]);
	}
	EXPECT_EQ(fds, count_fds());
}

/* Ends copy queues while their jobs start; the rings are everybody's. */
static void *ends_copy_queues(void *arg)
{
	int fd = device_open();

	for (int i = 0; i < 300; i++) {
		struct job jobs[16] = { 0 };
		uint32_t queue = copy_queue(fd);

		for (int j = 0; j < 16; j++)
			jobs[j].queue = queue;
		must(submit_jobs(fd, jobs, 16));
		if (i % 3)
			usleep(i % 50);
		must(figment_queue_destroy(fd, queue));
	}
	close(fd);
	return NULL;
}

TEST_F(loss, copy_queues_end_while_their_jobs_start)
{
	struct job job = { .queue = copy_queue(self->fd) };
	pthread_t threads[3];

	for (int i = 0; i < 3; i++)
		must_be(!pthread_create(&threads[i], NULL, ends_copy_queues, NULL));
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	EXPECT_EQ(1, settle(submit_file(self->fd, &job)));
}

static void submits_for_ever(int sock)
{
	int fd = device_open();
	struct host host = host_queue(fd);
	uint32_t queue = copy_queue(fd);
	struct buffer buf = buffer_create(fd, PAGE);

	send_word(sock, 1);
	for (;;) {
		struct job job = { .queue = queue };
		struct drm_figment_host_job got;

		job_waits_file(&job, host_pending(fd, &host, NULL));
		job_writes(&job, buf.handle, 0, 1);
		close(submit_file(fd, &job));
		close(job.waits[0].fd);
		if (figment_host_read(host.fd, &got, 1) == 1)
			must(figment_host_complete(host.fd, got.seqno, 0));
	}
}

TEST_F(loss, killed_at_any_point)
{
	for (int i = 0; i < 20; i++) {
		struct child child = child_start(submits_for_ever);

		EXPECT_EQ(1, recv_word(child.sock));
		usleep(3000 * i);
		child_kill(&child);
	}
}

FIGMENT_HARNESS_MAIN

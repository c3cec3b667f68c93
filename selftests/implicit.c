// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: implicit synchronisation, as the rest of the system sees it
 *
 * Through poll() on dma-bufs, DMA_BUF_IOCTL_SYNC and the exchange of sync_files,
 * and between jobs. Catches a driver that forgets to put its fences into buffers
 * or puts them there as another kind, makes readers wait for readers, lets a
 * writer overtake a reader, waits where EXPLICIT says not to, ignores fences that
 * others put there, or orders the jobs of one SUBMIT only when they share a queue.
 */
#include <linux/dma-buf.h>
#include <pthread.h>
#include <sys/ioctl.h>

#include "kselftest_harness.h"

#include "helpers.h"

#define READ	DRM_FIGMENT_BO_READ
#define WRITE	DRM_FIGMENT_BO_WRITE
#define BOTH	(READ | WRITE)
#define EXPLICIT DRM_FIGMENT_BO_EXPLICIT

FIXTURE(implicit) {
	int fd;
	struct host a, b;
	struct buffer buf;
	int dmabuf;
};

FIXTURE_SETUP(implicit)
{
	self->fd = device_open();
	self->a = host_queue(self->fd);
	self->b = host_queue(self->fd);
	self->buf = buffer_create(self->fd, PAGE);
	self->dmabuf = buffer_export(self->fd, &self->buf);
}

FIXTURE_TEARDOWN(implicit)
{
	close(self->a.fd);
	close(self->b.fd);
	close(self->dmabuf);
	close(self->fd);
}

/* A host job that uses the buffer. */
static void use(FIXTURE_DATA(implicit) *self, const struct host *host, uint32_t flags)
{
	struct job job = { .queue = host->queue };

	job_uses(&job, self->buf.handle, flags);
	must(submit_job(self->fd, &job));
}

static bool becomes_idle(int dmabuf)
{
	return wait_poll(dmabuf, POLLOUT, LONG_MS) & POLLOUT;
}

TEST_F(implicit, poll)
{
	static const struct {
		uint32_t flags;
		bool in, out;
	} uses[] = {
		{ READ, true, false }, { WRITE, false, false }, { BOTH, false, false },
		{ READ | EXPLICIT, true, true }, { WRITE | EXPLICIT, true, true },
		{ BOTH | EXPLICIT, true, true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(uses); i++) {
		EXPECT_TRUE(dmabuf_idle(self->dmabuf, true));
		use(self, &self->a, uses[i].flags);
		EXPECT_EQ(uses[i].in, dmabuf_idle(self->dmabuf, false));
		EXPECT_EQ(uses[i].out, dmabuf_idle(self->dmabuf, true)) {
			TH_LOG("use %zu", i);
		}
		host_done(self->a.fd, 0);
		EXPECT_TRUE(becomes_idle(self->dmabuf));
		EXPECT_TRUE(dmabuf_idle(self->dmabuf, false));
	}
}

TEST_F(implicit, a_poller_is_woken)
{
	use(self, &self->a, WRITE);
	EXPECT_EQ(0, wait_poll(self->dmabuf, POLLIN, MOMENT_MS));
	host_done(self->a.fd, 0);
	EXPECT_EQ(POLLIN, wait_poll(self->dmabuf, POLLIN, LONG_MS));
}

TEST_F(implicit, a_failed_writer_is_done_too)
{
	use(self, &self->a, WRITE);
	host_done(self->a.fd, -EIO);
	EXPECT_TRUE(becomes_idle(self->dmabuf));
}

TEST_F(implicit, between_jobs)
{
	static const struct {
		uint32_t first, second;
		bool waits;
	} pairs[] = {
		{ READ, READ, false }, { READ, WRITE, true }, { READ, BOTH, true },
		{ WRITE, READ, true }, { WRITE, WRITE, true }, { BOTH, READ, true },
		{ WRITE, READ | EXPLICIT, false }, { WRITE, WRITE | EXPLICIT, false },
		{ READ, WRITE | EXPLICIT, false }, { WRITE | EXPLICIT, READ, false },
		{ WRITE | EXPLICIT, WRITE, false }, { READ | EXPLICIT, WRITE, false },
	};

	for (int together = 0; together < 2; together++) {
		for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
			struct job jobs[2] = { { .queue = self->a.queue },
					       { .queue = self->b.queue } };

			job_uses(&jobs[0], self->buf.handle, pairs[i].first);
			job_uses(&jobs[1], self->buf.handle, pairs[i].second);
			if (together) {
				must(submit_jobs(self->fd, jobs, 2));
			} else {
				must(submit_job(self->fd, &jobs[0]));
				must(submit_job(self->fd, &jobs[1]));
			}
			if (pairs[i].waits) {
				EXPECT_TRUE(host_idle(self->b.fd)) {
					TH_LOG("pair %zu, together %d", i, together);
				}
				host_done(self->a.fd, 0);
				host_done(self->b.fd, 0);
			} else {
				EXPECT_TRUE(wait_poll(self->b.fd, POLLIN, LONG_MS)) {
					TH_LOG("pair %zu, together %d", i, together);
				}
				host_done(self->b.fd, 0);
				host_done(self->a.fd, 0);
			}
			EXPECT_TRUE(becomes_idle(self->dmabuf));
		}
	}
}

TEST_F(implicit, a_writer_waits_for_all_readers)
{
	struct host readers[5];
	struct job jobs[6] = { 0 };

	/* Two of them earlier, three in the writer's submit. */
	for (int i = 0; i < 6; i++) {
		if (i < 5)
			readers[i] = host_queue(self->fd);
		jobs[i].queue = i < 5 ? readers[i].queue : self->b.queue;
		job_uses(&jobs[i], self->buf.handle, i < 5 ? READ : WRITE);
	}
	must(submit_job(self->fd, &jobs[0]));
	must(submit_job(self->fd, &jobs[1]));
	must(submit_jobs(self->fd, &jobs[2], 4));
	for (int i = 4; i >= 0; i--) {
		EXPECT_TRUE(host_idle(self->b.fd)) {
			TH_LOG("%d readers left", i + 1);
		}
		host_done(readers[i].fd, 0);
	}
	host_done(self->b.fd, 0);
}

TEST_F(implicit, readers_after_a_writer)
{
	struct host late = host_queue(self->fd);
	struct job jobs[3] = { { .queue = self->a.queue }, { .queue = self->b.queue },
			       { .queue = late.queue } };

	job_uses(&jobs[0], self->buf.handle, WRITE);
	job_uses(&jobs[1], self->buf.handle, READ);
	job_uses(&jobs[2], self->buf.handle, READ);
	must(submit_jobs(self->fd, jobs, 3));
	EXPECT_TRUE(host_idle(self->b.fd));
	EXPECT_TRUE(host_idle(late.fd));
	host_done(self->a.fd, 0);
	/* Both of them, and neither for the other. */
	EXPECT_EQ(1, host_take(late.fd).seqno);
	EXPECT_EQ(1, host_take(self->b.fd).seqno);
}

TEST_F(implicit, each_buffer_for_itself)
{
	struct buffer other = buffer_create(self->fd, PAGE);
	struct job job = { .queue = self->b.queue };

	use(self, &self->a, WRITE);
	job_uses(&job, other.handle, WRITE);
	must(submit_job(self->fd, &job));
	EXPECT_EQ(1, host_take(self->b.fd).seqno);
	EXPECT_FALSE(dmabuf_idle(buffer_export(self->fd, &other), false));
	must(figment_host_complete(self->b.fd, 1, 0));
	EXPECT_FALSE(dmabuf_idle(self->dmabuf, false));
}

TEST_F(implicit, bytes_follow)
{
	struct job writer = { .queue = copy_queue(self->fd) };
	struct job reader = { .queue = copy_queue(self->fd) };
	struct buffer out = buffer_create(self->fd, PAGE);
	int file;

	use(self, &self->a, WRITE);
	job_does(&writer, (struct drm_figment_cmd){
		.op = DRM_FIGMENT_CMD_DELAY, .value = 100000000 });
	job_writes(&writer, self->buf.handle, 0, 4711);
	job_copies(&reader, self->buf.handle, out.handle, PAGE);
	must(submit_job(self->fd, &writer));
	file = submit_file(self->fd, &reader);
	EXPECT_TRUE(stays_pending(file));
	self->buf.map[PAGE - 1] = 77;
	EXPECT_EQ(0, self->buf.map[0]);
	host_done(self->a.fd, 0);
	ASSERT_EQ(1, settle(file));
	EXPECT_EQ(4711, *(uint64_t *)out.map);
	EXPECT_EQ(77, out.map[PAGE - 1]);
}

struct sync_thread {
	pthread_t id;
	int dmabuf;
	uint64_t flags;
	volatile int result;
};

static void *sync_thread(void *arg)
{
	struct sync_thread *t = arg;
	struct dma_buf_sync sync = { .flags = DMA_BUF_SYNC_START | t->flags };

	t->result = raw_ioctl(t->dmabuf, DMA_BUF_IOCTL_SYNC, &sync);
	return NULL;
}

TEST_F(implicit, cpu_access_waits)
{
	static const struct {
		uint32_t use;
		uint64_t access;
		bool waits;
	} cases[] = {
		{ WRITE, DMA_BUF_SYNC_READ, true }, { WRITE, DMA_BUF_SYNC_WRITE, true },
		{ WRITE, DMA_BUF_SYNC_RW, true }, { READ, DMA_BUF_SYNC_READ, false },
		{ READ, DMA_BUF_SYNC_WRITE, true }, { READ, DMA_BUF_SYNC_RW, true },
		{ WRITE | EXPLICIT, DMA_BUF_SYNC_RW, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct sync_thread t = {
			.dmabuf = self->dmabuf, .flags = cases[i].access, .result = 1 };

		use(self, &self->a, cases[i].use);
		must_be(!pthread_create(&t.id, NULL, sync_thread, &t));
		if (cases[i].waits) {
			moment();
			EXPECT_EQ(1, t.result) {
				TH_LOG("case %zu", i);
			}
			host_done(self->a.fd, 0);
			pthread_join(t.id, NULL);
		} else {
			pthread_join(t.id, NULL);
			EXPECT_FALSE(queue_query(self->fd, self->a.queue).completed > i);
			host_done(self->a.fd, 0);
		}
		EXPECT_EQ(0, t.result);
	}
}

TEST_F(implicit, exported_fences)
{
	static const struct {
		uint32_t use;
		int readers, all;	/* 1 signalled, 0 pending */
	} cases[] = {
		{ READ, 1, 0 }, { WRITE, 0, 0 }, { BOTH, 0, 0 },
		{ READ | EXPLICIT, 1, 1 }, { WRITE | EXPLICIT, 1, 1 },
	};
	int of_writers, of_all;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		use(self, &self->a, cases[i].use);
		ASSERT_EQ(0, figment_dmabuf_export_fence(self->dmabuf, false, &of_writers));
		ASSERT_EQ(0, figment_dmabuf_export_fence(self->dmabuf, true, &of_all));
		EXPECT_EQ(cases[i].readers, figment_sync_file_status(of_writers));
		EXPECT_EQ(cases[i].all, figment_sync_file_status(of_all));
		host_done(self->a.fd, 0);
		EXPECT_EQ(1, settle(of_writers));
		EXPECT_EQ(1, settle(of_all));
		close(of_writers);
		close(of_all);
	}
}

TEST_F(implicit, exported_errors)
{
	int file;

	use(self, &self->a, WRITE);
	must(figment_dmabuf_export_fence(self->dmabuf, false, &file));
	host_done(self->a.fd, -ENOSPC);
	EXPECT_EQ(-ENOSPC, settle(file));
}

TEST_F(implicit, imported_fences)
{
	static const struct {
		bool write;
		uint32_t use;
		bool waits;
	} cases[] = {
		{ true, READ, true }, { true, WRITE, true }, { false, READ, false },
		{ false, WRITE, true }, { true, WRITE | EXPLICIT, false },
		{ false, WRITE | EXPLICIT, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int fence = host_pending(self->fd, &self->a, NULL);

		ASSERT_EQ(0, figment_dmabuf_import_fence(self->dmabuf, cases[i].write, fence));
		EXPECT_EQ(!cases[i].write, dmabuf_idle(self->dmabuf, false));
		EXPECT_FALSE(dmabuf_idle(self->dmabuf, true));
		use(self, &self->b, cases[i].use);
		if (cases[i].waits) {
			EXPECT_TRUE(host_idle(self->b.fd)) {
				TH_LOG("case %zu", i);
			}
			host_done(self->a.fd, 0);
			host_done(self->b.fd, 0);
		} else {
			EXPECT_TRUE(wait_poll(self->b.fd, POLLIN, LONG_MS)) {
				TH_LOG("case %zu", i);
			}
			host_done(self->b.fd, 0);
			host_done(self->a.fd, 0);
		}
		EXPECT_TRUE(becomes_idle(self->dmabuf));
		close(fence);
	}
}

TEST_F(implicit, imported_fence_delays_a_copy)
{
	struct job copy = { .queue = copy_queue(self->fd) };
	struct buffer out = buffer_create(self->fd, PAGE);
	int fence = host_pending(self->fd, &self->a, NULL), file;

	must(figment_dmabuf_import_fence(self->dmabuf, true, fence));
	job_copies(&copy, self->buf.handle, out.handle, PAGE);
	file = submit_file(self->fd, &copy);
	EXPECT_TRUE(stays_pending(file));
	fill_random(self->buf.map, PAGE, 5);
	host_done(self->a.fd, 0);
	ASSERT_EQ(1, settle(file));
	EXPECT_EQ(0, memcmp(self->buf.map, out.map, PAGE));
}

TEST_F(implicit, what_is_no_sync_file_is_not_imported)
{
	EXPECT_GT(0, figment_dmabuf_import_fence(self->dmabuf, true, self->a.fd));
	EXPECT_GT(0, figment_dmabuf_import_fence(self->dmabuf, true, self->dmabuf));
	EXPECT_TRUE(dmabuf_idle(self->dmabuf, true));
}

/* Writes to the buffer it is sent, when it is told to. */
static void writer(int sock)
{
	int fd = device_open();
	struct host host = host_queue(fd);
	struct job job = { .queue = host.queue };
	uint32_t handle;
	void *map;

	must(figment_bo_import(fd, recv_fd(sock), &handle));
	must(figment_bo_map(fd, handle, NULL, &map));
	job_uses(&job, handle, WRITE);
	must(submit_job(fd, &job));
	send_word(sock, host_take(host.fd).seqno);
	recv_word(sock);
	*(uint64_t *)map = 0xfeed;
	must(figment_host_complete(host.fd, 1, 0));
	recv_word(sock);
}

TEST_F(implicit, between_processes)
{
	struct child child = child_start(writer);
	struct job copy = { .queue = copy_queue(self->fd) };
	struct buffer out = buffer_create(self->fd, PAGE);
	int file;

	send_fd(child.sock, self->dmabuf);
	EXPECT_EQ(1, recv_word(child.sock));
	EXPECT_FALSE(dmabuf_idle(self->dmabuf, false));
	job_copies(&copy, self->buf.handle, out.handle, PAGE);
	file = submit_file(self->fd, &copy);
	EXPECT_TRUE(stays_pending(file));
	send_word(child.sock, 1);
	ASSERT_EQ(1, settle(file));
	EXPECT_EQ(0xfeed, *(uint64_t *)out.map);
	send_word(child.sock, 1);
	EXPECT_EQ(0, child_join(&child));
}

TEST_F(implicit, a_killed_writer_is_waited_for_no_longer)
{
	struct child child = child_start(writer);

	send_fd(child.sock, self->dmabuf);
	EXPECT_EQ(1, recv_word(child.sock));
	use(self, &self->b, READ);
	EXPECT_TRUE(host_idle(self->b.fd));
	child_kill(&child);
	EXPECT_EQ(1, host_take(self->b.fd).seqno);
}

/* More fences than there is room for at first, and most of them come before others. */
TEST_F(implicit, a_writer_waits_for_the_last_of_many_readers)
{
	struct buffer bufs[JOB_ROOM];
	struct host hosts[24];
	struct job write = { .queue = copy_queue(self->fd) };
	int file;

	for (int i = 0; i < JOB_ROOM; i++)
		bufs[i] = buffer_create(self->fd, PAGE);
	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
		hosts[i] = host_queue(self->fd);
		/* Each buffer another fence of the same queue. */
		for (int j = 0; j < JOB_ROOM; j++) {
			struct job read = { .queue = hosts[i].queue };

			job_uses(&read, bufs[(i + j) % JOB_ROOM].handle, READ);
			must(submit_job(self->fd, &read));
		}
	}
	for (int i = 0; i < JOB_ROOM; i++)
		job_uses(&write, bufs[i].handle, WRITE);
	file = submit_file(self->fd, &write);
	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
		/* All but the last one's last. */
		for (int j = 0; j < JOB_ROOM - (i == ARRAY_SIZE(hosts) - 1); j++)
			host_done(hosts[i].fd, 0);
		if (i == ARRAY_SIZE(hosts) / 2)
			EXPECT_TRUE(pending(file));
	}
	EXPECT_TRUE(stays_pending(file));
	host_done(hosts[ARRAY_SIZE(hosts) - 1].fd, 0);
	EXPECT_EQ(1, settle(file));
	close(file);
}

FIGMENT_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: as much as SUBMIT takes, and no more
 *
 * Catches a driver that cannot do what its limits promise, does it in a time that
 * grows with the square, loses count of a client's jobs so that it refuses too
 * early or never, or only counts them, so that a few large ones take all memory;
 * makes one client pay for another, does not let go of who is killed in a large
 * submit, or leaks when fds run out.
 */
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "kselftest_harness.h"

#include "helpers.h"

FIXTURE(limits) {
	int fd;
	struct host host;
};

FIXTURE_SETUP(limits)
{
	struct rlimit files = { 8192, 8192 };

	setrlimit(RLIMIT_NOFILE, &files);
	self->fd = device_open();
	self->host = host_queue(self->fd);
}

FIXTURE_TEARDOWN(limits)
{
	close(self->host.fd);
	close(self->fd);
}

static void *array(size_t count, size_t size)
{
	void *p = calloc(count, size);

	must_be(p);
	return p;
}

/* A job that signals a sync_file, which is returned once it is submitted. */
static int submit_one(int fd, struct drm_figment_job job)
{
	struct drm_figment_sync signal = { .type = DRM_FIGMENT_SYNC_FILE, .fd = -1 };

	job.signals = FIGMENT_ARRAY(&signal, 1);
	must(figment_submit(fd, &job, 1));
	return signal.fd;
}

TEST_F(limits, jobs)
{
	const int count = DRM_FIGMENT_MAX_JOBS;
	struct drm_figment_job *jobs = array(count, sizeof(*jobs));
	struct drm_figment_cmd *cmds = array(count, sizeof(*cmds));
	struct buffer buf = buffer_create(self->fd, PAGE * 2);
	struct drm_figment_bo bo = { buf.handle, DRM_FIGMENT_BO_WRITE };
	uint32_t queues[8], timeline = syncobj_create(self->fd);
	struct drm_figment_sync signal = {
		.type = DRM_FIGMENT_SYNC_TIMELINE, .handle = timeline, .point = 1 };

	for (int i = 0; i < 8; i++)
		queues[i] = copy_queue(self->fd);
	for (int i = 0; i < count; i++) {
		cmds[i] = (struct drm_figment_cmd){ .op = DRM_FIGMENT_CMD_WRITE64,
			.dst_offset = i == count - 1 ? 0 : 8 * i, .value = i };
		jobs[i] = (struct drm_figment_job){ .queue = queues[i % 8],
			.bos = FIGMENT_ARRAY(&bo, 1), .cmds = FIGMENT_ARRAY(&cmds[i], 1) };
	}
	jobs[count - 1].signals = FIGMENT_ARRAY(&signal, 1);
	ASSERT_EQ(0, figment_submit(self->fd, jobs, count));
	ASSERT_EQ(0, syncobj_settle(self->fd, timeline, 1));
	/* Each waits for the one before, so the last one overwrites the first. */
	for (int i = 0; i < count - 1; i++)
		ASSERT_EQ(i ? i : count - 1, ((uint64_t *)buf.map)[i]);
	for (int i = 0; i < count; i++)
		ASSERT_EQ(i / 8 + 1, jobs[i].seqno);
}

TEST_F(limits, bos)
{
	/* Lockdep counts a task's locks of one class in 11 bits. */
	const int count = access("/proc/lockdep", F_OK) ? DRM_FIGMENT_MAX_REFS : 2000;
	struct drm_figment_bo *bos = array(count, sizeof(*bos));
	struct drm_figment_job job = { .queue = self->host.queue };
	int file, dmabuf;

	for (int i = 0; i < count; i++) {
		must(figment_bo_create(self->fd, PAGE, &bos[i].handle));
		bos[i].flags = i & 1 ? DRM_FIGMENT_BO_READ : DRM_FIGMENT_BO_WRITE;
	}
	must(figment_bo_export(self->fd, bos[(count - 2) & ~1].handle, &dmabuf));
	job.bos = FIGMENT_ARRAY(bos, count);
	file = submit_one(self->fd, job);
	EXPECT_FALSE(dmabuf_idle(dmabuf, false));
	host_done(self->host.fd, 0);
	EXPECT_EQ(1, settle(file));
	EXPECT_TRUE(dmabuf_idle(dmabuf, true));
	/* The last one is as good as the first: twice is twice. */
	bos[0].handle = bos[count - 1].handle;
	EXPECT_EQ(-EEXIST, figment_submit(self->fd, &job, 1));
}

TEST_F(limits, waits)
{
	const int count = DRM_FIGMENT_MAX_REFS - 1;
	struct drm_figment_sync *waits = array(count, sizeof(*waits));
	struct host gate = host_queue(self->fd);
	struct drm_figment_job job = { .queue = self->host.queue };
	int file;

	for (int i = 0; i < count; i++) {
		struct job before = { .queue = gate.queue };

		waits[i].handle = syncobj_create(self->fd);
		job_signals(&before, waits[i].handle, 0);
		must(submit_job(self->fd, &before));
	}
	job.waits = FIGMENT_ARRAY(waits, count);
	file = submit_one(self->fd, job);
	for (int i = 0; i < count; i++)
		host_done(gate.fd, 0);
	EXPECT_EQ(1, host_take(self->host.fd).seqno);
	EXPECT_EQ(0, figment_host_complete(self->host.fd, 1, 0));
	EXPECT_EQ(1, settle(file));
}

TEST_F(limits, signals)
{
	const int count = DRM_FIGMENT_MAX_REFS;
	struct drm_figment_sync *signals = array(count, sizeof(*signals));
	struct drm_figment_job job = { .queue = self->host.queue };
	uint32_t timeline = syncobj_create(self->fd);
	uint64_t value;

	/* A sync_file, a syncobj, a point; and so on. */
	for (int i = 0; i < count; i++) {
		signals[i].type = i % 3;
		if (i % 3 == DRM_FIGMENT_SYNC_BINARY)
			signals[i].handle = syncobj_create(self->fd);
		if (i % 3 == DRM_FIGMENT_SYNC_TIMELINE) {
			signals[i].handle = timeline;
			signals[i].point = i;
		}
		if (i % 3 == DRM_FIGMENT_SYNC_FILE)
			signals[i].fd = -1;
	}
	job.signals = FIGMENT_ARRAY(signals, count);
	must(figment_submit(self->fd, &job, 1));
	for (int i = 0; i < count; i++) {
		if (i % 3 == DRM_FIGMENT_SYNC_BINARY)
			ASSERT_EQ(-ETIME, syncobj_state(self->fd, signals[i].handle, 0));
		if (i % 3 == DRM_FIGMENT_SYNC_FILE)
			ASSERT_TRUE(pending(signals[i].fd));
	}
	host_done(self->host.fd, 0);
	for (int i = 0; i < count; i++) {
		if (i % 3 == DRM_FIGMENT_SYNC_BINARY)
			ASSERT_EQ(0, syncobj_settle(self->fd, signals[i].handle, 0));
		if (i % 3 == DRM_FIGMENT_SYNC_FILE)
			ASSERT_EQ(1, settle(signals[i].fd));
	}
	must(figment_syncobj_query(self->fd, timeline, &value));
	EXPECT_EQ(4093, value);
}

TEST_F(limits, cmds)
{
	const int count = DRM_FIGMENT_MAX_CMDS;
	struct drm_figment_cmd *cmds = array(count, sizeof(*cmds));
	struct buffer buf = buffer_create(self->fd, 8 * count);
	struct drm_figment_bo bo = { buf.handle, DRM_FIGMENT_BO_WRITE };
	struct drm_figment_job job = {
		.queue = copy_queue(self->fd),
		.bos = FIGMENT_ARRAY(&bo, 1),
		.cmds = FIGMENT_ARRAY(cmds, count),
	};

	for (int i = 0; i < count; i++)
		cmds[i] = (struct drm_figment_cmd){
			.op = DRM_FIGMENT_CMD_WRITE64, .dst_offset = 8 * i, .value = ~i };
	ASSERT_EQ(1, settle(submit_one(self->fd, job)));
	for (int i = 0; i < count; i++)
		ASSERT_EQ((uint64_t)~i, ((uint64_t *)buf.map)[i]);
}

#define JOBS	DRM_FIGMENT_MAX_JOBS
#define BOS	(DRM_FIGMENT_MAX_REFS / JOBS)
#define CMDS	(DRM_FIGMENT_MAX_CMDS / JOBS)

/* What job @i of all of them leaves in the word @k of its buffer. */
static uint64_t word_of(int i, int k)
{
	return i * CMDS + k + 1;
}

/*
 * All limits in one SUBMIT. Each job waits for the one before, twice, and signals
 * twice; it writes its own buffer, into which it copies a word of the next job's, and
 * lists two more.
 */
TEST_F(limits, everything_at_once)
{
	struct drm_figment_job *jobs = array(JOBS, sizeof(*jobs));
	struct drm_figment_bo *bos = array(JOBS * BOS, sizeof(*bos));
	struct drm_figment_cmd *cmds = array(JOBS * CMDS, sizeof(*cmds));
	struct drm_figment_sync *syncs = array(JOBS * 4, sizeof(*syncs));
	struct buffer *bufs = array(JOBS, sizeof(*bufs));
	struct job gate = { .queue = self->host.queue };
	uint32_t queues[8], timeline = syncobj_create(self->fd);
	uint32_t binary = syncobj_create(self->fd);

	for (int i = 0; i < 8; i++)
		queues[i] = copy_queue(self->fd);
	job_signals(&gate, binary, 0);
	job_signals(&gate, timeline, 1);
	must(submit_job(self->fd, &gate));
	for (int i = 0; i < JOBS; i++)
		bufs[i] = buffer_create(self->fd, PAGE);
	for (int i = 0; i < JOBS; i++) {
		struct drm_figment_cmd *cmd = &cmds[i * CMDS];
		struct drm_figment_sync *sync = &syncs[i * 4];

		for (int k = 0; k < CMDS - 1; k++)
			cmd[k] = (struct drm_figment_cmd){ .op = DRM_FIGMENT_CMD_WRITE64,
				.dst_offset = 8 * k, .value = word_of(i, k) };
		cmd[CMDS - 1] = (struct drm_figment_cmd){ .op = DRM_FIGMENT_CMD_COPY,
			.src = 1, .dst_offset = 8 * (CMDS - 1), .size = 8 };
		for (int b = 0; b < BOS; b++)
			bos[i * BOS + b] = (struct drm_figment_bo){
				.handle = bufs[(i + b) % JOBS].handle,
				.flags = b ? DRM_FIGMENT_BO_READ : DRM_FIGMENT_BO_WRITE };
		sync[0].handle = sync[2].handle = binary;
		sync[1].handle = sync[3].handle = timeline;
		sync[1].type = sync[3].type = DRM_FIGMENT_SYNC_TIMELINE;
		sync[1].point = i + 1;
		sync[3].point = i + 2;
		jobs[i] = (struct drm_figment_job){ .queue = queues[i % 8],
			.bos = FIGMENT_ARRAY(&bos[i * BOS], BOS),
			.waits = FIGMENT_ARRAY(sync, 2),
			.signals = FIGMENT_ARRAY(sync + 2, 2),
			.cmds = FIGMENT_ARRAY(cmd, CMDS) };
	}
	ASSERT_EQ(0, figment_submit(self->fd, jobs, JOBS));
	EXPECT_EQ(-ETIME, syncobj_state(self->fd, timeline, 1));
	EXPECT_TRUE(all_bytes(bufs[0].map, 0, PAGE));
	host_done(self->host.fd, 0);
	ASSERT_EQ(0, syncobj_settle(self->fd, timeline, JOBS + 1));
	ASSERT_EQ(0, syncobj_settle(self->fd, binary, 0));
	for (int i = 0; i < JOBS; i++) {
		const uint64_t *words = (const void *)bufs[i].map;

		for (int k = 0; k < CMDS - 1; k++)
			ASSERT_EQ(word_of(i, k), words[k]);
		/* The next one's was not written yet; the first one's was. */
		ASSERT_EQ(i == JOBS - 1 ? word_of(0, 0) : 0, words[CMDS - 1]);
		ASSERT_EQ(i / 8 + 1, jobs[i].seqno);
	}
}

TEST_F(limits, fds_run_out)
{
	struct rlimit files = { 64, 8192 };
	struct drm_figment_sync signals[128];
	struct drm_figment_job job = { .queue = self->host.queue };
	struct drm_figment_queue_create create = { .engine = DRM_FIGMENT_ENGINE_HOST };
	int fds = count_fds(), taken = 0;

	for (int i = 0; i < 128; i++)
		signals[i] = (struct drm_figment_sync){ .type = DRM_FIGMENT_SYNC_FILE, .fd = -1 };
	must_call(setrlimit(RLIMIT_NOFILE, &files));
	job.signals = FIGMENT_ARRAY(signals, 128);
	for (int i = 0; i < 20; i++)
		EXPECT_EQ(-EMFILE, figment_submit(self->fd, &job, 1));
	EXPECT_EQ(fds, count_fds());
	EXPECT_EQ(0, queue_query(self->fd, self->host.queue).submitted);
	EXPECT_TRUE(host_idle(self->host.fd));

	while (taken < 64 && dup(self->fd) >= 0)
		taken++;
	EXPECT_EQ(-EMFILE, raw_ioctl(self->fd, DRM_IOCTL_FIGMENT_QUEUE_CREATE, &create));
	files.rlim_cur = 8192;
	must_call(setrlimit(RLIMIT_NOFILE, &files));
	EXPECT_EQ(0, raw_ioctl(self->fd, DRM_IOCTL_FIGMENT_QUEUE_CREATE, &create));
	EXPECT_EQ(2, create.queue);
}

#define ALL_JOBS	65536

static int submit_some(int fd, struct drm_figment_job *jobs, uint32_t queue, int count)
{
	for (int i = 0; i < count; i++)
		jobs[i] = (struct drm_figment_job){ .queue = queue };
	return figment_submit(fd, jobs, count);
}

TEST_F(limits, outstanding_jobs)
{
	struct drm_figment_job *jobs = array(DRM_FIGMENT_MAX_JOBS, sizeof(*jobs));
	struct host gate = host_queue(self->fd);
	int other = device_open(), ret = -EBUSY;
	struct job waits = { .queue = self->host.queue }, easy = { .queue = copy_queue(other) };
	uint64_t until;

	/* They all are behind one that waits; the gate's job is one too. */
	job_waits_file(&waits, host_pending(self->fd, &gate, NULL));
	must(submit_job(self->fd, &waits));
	for (int left = ALL_JOBS - 2; left;) {
		int n = left < DRM_FIGMENT_MAX_JOBS ? left : DRM_FIGMENT_MAX_JOBS;

		ASSERT_EQ(0, submit_some(self->fd, jobs, self->host.queue, n));
		left -= n;
	}
	EXPECT_EQ(ALL_JOBS - 1, queue_query(self->fd, self->host.queue).submitted);
	EXPECT_EQ(-EBUSY, submit_some(self->fd, jobs, self->host.queue, 1));
	EXPECT_EQ(-EBUSY, submit_some(self->fd, jobs, gate.queue, 100));
	EXPECT_EQ(ALL_JOBS - 1, queue_query(self->fd, self->host.queue).submitted);
	EXPECT_EQ(1, settle(submit_file(other, &easy)));

	/* When they are gone, there is room again. */
	EXPECT_EQ(0, figment_queue_destroy(self->fd, self->host.queue));
	for (until = now_ns() + LONG_MS * 1000000ull; ret == -EBUSY && now_ns() < until; moment())
		ret = submit_some(self->fd, jobs, gate.queue, DRM_FIGMENT_MAX_JOBS);
	EXPECT_EQ(0, ret);
}

/* They are not many, but it is much that they keep. */
TEST_F(limits, large_jobs)
{
	const int count = DRM_FIGMENT_MAX_CMDS;
	struct drm_figment_cmd *cmds = array(count, sizeof(*cmds));
	struct buffer buf = buffer_create(self->fd, PAGE);
	struct drm_figment_bo bo = { buf.handle, DRM_FIGMENT_BO_WRITE };
	struct drm_figment_sync gate = { .type = DRM_FIGMENT_SYNC_FILE };
	struct drm_figment_job small, job = {
		.queue = copy_queue(self->fd),
		.bos = FIGMENT_ARRAY(&bo, 1),
		.cmds = FIGMENT_ARRAY(cmds, count),
		.waits = FIGMENT_ARRAY(&gate, 1),
	};
	int made = 0, ret, other = device_open();
	struct job easy = { .queue = copy_queue(other) };
	uint64_t until;

	for (int i = 0; i < count; i++)
		cmds[i] = (struct drm_figment_cmd){ .op = DRM_FIGMENT_CMD_WRITE64, .value = i };
	gate.fd = host_pending(self->fd, &self->host, NULL);
	while (made < 100 && !(ret = figment_submit(self->fd, &job, 1)))
		made++;
	EXPECT_EQ(-EBUSY, ret);
	EXPECT_LT(8, made);
	EXPECT_EQ(made, queue_query(self->fd, job.queue).submitted);
	/* There is some left for a small one, and another client has its own. */
	EXPECT_EQ(0, submit_some(self->fd, &small, job.queue, 1));
	EXPECT_EQ(1, settle(submit_file(other, &easy)));

	host_done(self->host.fd, 0);
	ret = -EBUSY;
	for (until = now_ns() + LONG_MS * 1000000ull; ret == -EBUSY && now_ns() < until; moment())
		ret = figment_submit(self->fd, &job, 1);
	EXPECT_EQ(0, ret);
}

#define SLOW_NS		500000000ull
/* So that a kernel that checks itself has them all before the first is overdue. */
#define POINTS		2048

/* How long a job with so many waits, each for the oldest of many points, takes to submit. */
static uint64_t submit_time(int fd, struct drm_figment_job *job, struct drm_figment_sync *waits,
			    int count)
{
	uint64_t since = now_ns();

	job->waits = FIGMENT_ARRAY(waits, count);
	must(figment_submit(fd, job, 1));
	return now_ns() - since;
}

TEST_F(limits, who_is_killed_in_a_large_submit_has_submitted_nothing)
{
	const int most = DRM_FIGMENT_MAX_REFS;
	struct drm_figment_sync *syncs = array(most, sizeof(*syncs));
	struct host gate = host_queue(self->fd);
	struct drm_figment_job job = { .queue = gate.queue };
	uint32_t timeline = syncobj_create(self->fd);
	uint64_t took = 0, submitted;
	int count = 32;
	pid_t child;

	for (int i = 0; i < most; i++)
		syncs[i] = (struct drm_figment_sync){ .type = DRM_FIGMENT_SYNC_TIMELINE,
						      .handle = timeline, .point = i + 1 };
	must(figment_submit(self->fd, &job, 1));
	job.signals = FIGMENT_ARRAY(syncs, POINTS);
	must(figment_submit(self->fd, &job, 1));

	job = (struct drm_figment_job){ .queue = self->host.queue };
	for (int i = 0; i < most; i++)
		syncs[i].point = 1;
	while (took < SLOW_NS && count < most)
		took = submit_time(self->fd, &job, syncs, count *= 2);
	if (took < SLOW_NS)
		SKIP(return, "this machine is too fast to kill anybody half way");

	/* The second one's time begins here. */
	host_done(gate.fd, 0);
	submitted = queue_query(self->fd, self->host.queue).submitted;
	child = must_call(fork());
	if (!child)
		_exit(-figment_submit(self->fd, &job, 1));
	usleep(took / 4000);
	must_call(kill(child, SIGKILL));
	must_call(waitpid(child, NULL, 0));
	EXPECT_EQ(-ETIME, syncobj_state(self->fd, timeline, 1));
	EXPECT_EQ(submitted, queue_query(self->fd, self->host.queue).submitted);
	host_done(gate.fd, 0);
	EXPECT_EQ(0, syncobj_settle(self->fd, timeline, POINTS));
}

static int try_queue(int fd)
{
	uint32_t queue;

	return figment_queue_create(fd, DRM_FIGMENT_ENGINE_COPY, DRM_FIGMENT_PRIORITY_NORMAL,
				    0, &queue, NULL);
}

/*
 * Clients that make as many as each may cannot make more than there may be. Some of
 * the 4,096 may still be those of the tests before.
 */
TEST_F(limits, queues_of_a_device)
{
	int fds[17], fd = device_open(), made = 0, ret = 0;
	uint64_t until;

	for (int i = 0; i < 17; i++)
		fds[i] = device_open();
	while (made < 17 * 256 && !(ret = try_queue(fds[made / 256])))
		made++;
	EXPECT_EQ(-ENOSPC, ret);
	EXPECT_GE(4095, made);
	EXPECT_LE(3500, made);
	EXPECT_EQ(-ENOSPC, try_queue(fd));
	for (int i = 0; i < 17; i++)
		close(fds[i]);
	until = now_ns() + LONG_MS * 1000000ull;
	while (try_queue(fd) && now_ns() < until)
		moment();
	EXPECT_EQ(0, try_queue(fd));
	close(fd);
}

FIGMENT_HARNESS_MAIN

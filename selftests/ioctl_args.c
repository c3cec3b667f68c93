// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: arguments of the ioctls other than SUBMIT, and accepted shapes of SUBMIT's
 *
 * Catches a driver that lets padding or unknown flags through, so that they can
 * never get a meaning; that gives out fds or queues on the way to a refusal; that
 * lets anybody have high priority; that looks at a queue which another thread has
 * ended already; or that does not take the structures of older and newer programs,
 * which differ in length.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>

#include "kselftest_harness.h"

#include "helpers.h"
#include "uapi_layout.h"

FIXTURE(args) {
	int fd;
};

FIXTURE_SETUP(args)
{
	self->fd = device_open();
}

FIXTURE_TEARDOWN(args)
{
	close(self->fd);
}

static int create(int fd, struct drm_figment_queue_create args)
{
	int ret = raw_ioctl(fd, DRM_IOCTL_FIGMENT_QUEUE_CREATE, &args);

	return ret ? ret : (int)args.queue;
}

TEST_F(args, queues_that_cannot_be)
{
	static const struct drm_figment_queue_create wrong[] = {
		{ .engine = 2 }, { .engine = ~0u },
		{ .priority = 3 }, { .priority = ~0u },
		{ .engine = 1, .priority = 3 },
		{ .pad = 1 }, { .engine = 1, .pad = 1 },
		{ .flags = DRM_FIGMENT_QUEUE_NONBLOCK }, { .flags = 1u << 31 },
		{ .engine = 1, .flags = 2 }, { .engine = 1, .flags = 1u << 31 },
		{ .engine = 1, .flags = 3 },
	};
	int fds = count_fds();

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		EXPECT_EQ(-EINVAL, create(self->fd, wrong[i])) {
			TH_LOG("queue %zu", i);
		}
	}
	EXPECT_EQ(fds, count_fds());
	/* None of them took an id. */
	EXPECT_EQ(1, create(self->fd, (struct drm_figment_queue_create){ .engine = 0 }));
}

TEST_F(args, queues_have_the_fds_they_say)
{
	struct drm_figment_queue_create args = { .engine = DRM_FIGMENT_ENGINE_COPY, .fd = 5 };
	int fds = count_fds();

	ASSERT_EQ(0, raw_ioctl(self->fd, DRM_IOCTL_FIGMENT_QUEUE_CREATE, &args));
	EXPECT_EQ(-1, args.fd);
	EXPECT_EQ(fds, count_fds());

	args = (struct drm_figment_queue_create){ .engine = DRM_FIGMENT_ENGINE_HOST };
	ASSERT_EQ(0, raw_ioctl(self->fd, DRM_IOCTL_FIGMENT_QUEUE_CREATE, &args));
	EXPECT_EQ(FD_CLOEXEC, fcntl(args.fd, F_GETFD));
	EXPECT_EQ(O_RDWR, fcntl(args.fd, F_GETFL) & (O_ACCMODE | O_NONBLOCK));

	args.flags = DRM_FIGMENT_QUEUE_NONBLOCK;
	ASSERT_EQ(0, raw_ioctl(self->fd, DRM_IOCTL_FIGMENT_QUEUE_CREATE, &args));
	EXPECT_EQ(FD_CLOEXEC, fcntl(args.fd, F_GETFD));
	EXPECT_EQ(O_RDWR | O_NONBLOCK, fcntl(args.fd, F_GETFL) & (O_ACCMODE | O_NONBLOCK));
	EXPECT_EQ(fds + 2, count_fds());
}

TEST_F(args, a_client_has_256_queues)
{
	int fds = count_fds();
	int other = device_open();

	for (int i = 0; i < 256; i++)
		ASSERT_LT(0, create(self->fd, (struct drm_figment_queue_create){ .engine = 0 }));
	EXPECT_EQ(-ENOSPC, create(self->fd, (struct drm_figment_queue_create){ .engine = 0 }));
	EXPECT_EQ(-ENOSPC, create(self->fd, (struct drm_figment_queue_create){ .engine = 1 }));
	EXPECT_EQ(fds + 1, count_fds());
	/* It is not everybody's limit, and there is room when one goes. */
	EXPECT_LT(0, create(other, (struct drm_figment_queue_create){ .engine = 0 }));
	ASSERT_EQ(0, figment_queue_destroy(self->fd, 100));
	EXPECT_EQ(100, create(self->fd, (struct drm_figment_queue_create){ .engine = 0 }));
}

/* Ids are small numbers: another thread need not be told them to end a queue. */
struct ender {
	int fd;
	bool stop;
	unsigned int ended;
};

static void *end_queues(void *data)
{
	struct ender *ender = data;

	while (!__atomic_load_n(&ender->stop, __ATOMIC_RELAXED))
		for (uint32_t id = 1; id < 4; id++)
			ender->ended += !figment_queue_destroy(ender->fd, id);
	return NULL;
}

TEST_F(args, queues_end_while_they_are_made)
{
	struct ender ender = { .fd = self->fd };
	unsigned int made = 0;
	pthread_t thread;

	must_be(!pthread_create(&thread, NULL, end_queues, &ender));
	while (made < 2000) {
		int id = create(self->fd, (struct drm_figment_queue_create){ .engine = 0 });

		if (id == -ENOSPC) {
			/* Where there is one CPU, it is the other's turn. */
			sched_yield();
			continue;
		}
		EXPECT_LT(0, id);
		if (id <= 0)
			break;
		made++;
	}
	__atomic_store_n(&ender.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	EXPECT_LT(0, ender.ended);
	EXPECT_GE(made, ender.ended);
}

TEST_F(args, priorities)
{
	struct job job = { 0 };

	for (uint32_t priority = 0; priority < 3; priority++) {
		int queue = create(self->fd, (struct drm_figment_queue_create){
			.engine = 0, .priority = priority });

		if (queue == -EACCES && !is_root())
			SKIP(return, "high priority needs CAP_SYS_NICE");
		ASSERT_LT(0, queue);
		job = (struct job){ .queue = queue };
		EXPECT_EQ(1, settle(submit_file(self->fd, &job)));
	}
}

static void unprivileged(int sock)
{
	int fd = device_open();

	must_call(setresuid(65534, 65534, 65534));
	send_word(sock, -create(fd, (struct drm_figment_queue_create){ .priority = 2 }));
	send_word(sock, -create(fd, (struct drm_figment_queue_create){
		.engine = 1, .priority = 2 }));
	send_word(sock, create(fd, (struct drm_figment_queue_create){ .priority = 1 }));
	send_word(sock, create(fd, (struct drm_figment_queue_create){ .priority = 0 }));
}

TEST_F(args, high_priority_is_a_privilege)
{
	struct child child;

	if (!is_root())
		SKIP(return, "dropping privileges needs some");
	child = child_start(unprivileged);
	EXPECT_EQ(EACCES, recv_word(child.sock));
	EXPECT_EQ(EACCES, recv_word(child.sock));
	EXPECT_EQ(1, recv_word(child.sock));
	EXPECT_EQ(2, recv_word(child.sock));
	EXPECT_EQ(0, child_join(&child));
}

TEST_F(args, queues_that_are_not_there)
{
	struct drm_figment_queue_query query;
	uint32_t queue = copy_queue(self->fd);
	int other = device_open();
	static const uint32_t none[] = { 0, 77, 257, ~0u };

	for (size_t i = 0; i < ARRAY_SIZE(none); i++) {
		EXPECT_EQ(-ENOENT, figment_queue_query(self->fd, none[i], &query));
		EXPECT_EQ(-ENOENT, figment_queue_destroy(self->fd, none[i]));
	}
	EXPECT_EQ(-ENOENT, figment_queue_query(other, queue, &query));
	EXPECT_EQ(-ENOENT, figment_queue_destroy(other, queue));
	EXPECT_EQ(0, figment_queue_query(self->fd, queue, &query));
	EXPECT_EQ(0, figment_queue_destroy(self->fd, queue));
	EXPECT_EQ(-ENOENT, figment_queue_query(self->fd, queue, &query));
	EXPECT_EQ(-ENOENT, figment_queue_destroy(self->fd, queue));
}

TEST_F(args, padding_is_refused)
{
	uint32_t queue = copy_queue(self->fd);
	struct drm_figment_queue_destroy destroy = { .queue = queue, .pad = 1 };
	struct drm_figment_queue_query query = { .queue = queue, .pad = 1 };

	EXPECT_EQ(-EINVAL, raw_ioctl(self->fd, DRM_IOCTL_FIGMENT_QUEUE_DESTROY, &destroy));
	EXPECT_EQ(-EINVAL, raw_ioctl(self->fd, DRM_IOCTL_FIGMENT_QUEUE_QUERY, &query));
	query = queue_query(self->fd, queue);
	EXPECT_EQ(0, query.state);
	EXPECT_EQ(0, query.error);
	EXPECT_EQ(0, query.submitted);
	EXPECT_EQ(0, query.completed);
}

TEST_F(args, bad_addresses)
{
	static const unsigned long requests[] = {
		DRM_IOCTL_FIGMENT_GET_PARAM, DRM_IOCTL_FIGMENT_GEM_CREATE,
		DRM_IOCTL_FIGMENT_GEM_INFO, DRM_IOCTL_FIGMENT_QUEUE_CREATE,
		DRM_IOCTL_FIGMENT_QUEUE_DESTROY, DRM_IOCTL_FIGMENT_QUEUE_QUERY,
		DRM_IOCTL_FIGMENT_SUBMIT, DRM_IOCTL_FIGMENT_QUEUE_FAULT,
		DRM_IOCTL_FIGMENT_GEM_LABEL, DRM_IOCTL_FIGMENT_GEM_USERPTR,
		DRM_IOCTL_FIGMENT_GEM_METADATA,
	};
	char *hole = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, hole);
	munmap(hole + PAGE, PAGE);
	for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
		EXPECT_EQ(-EFAULT, raw_ioctl(self->fd, requests[i], NULL));
		EXPECT_EQ(-EFAULT, raw_ioctl(self->fd, requests[i], hole + PAGE));
		EXPECT_EQ(-EFAULT, raw_ioctl(self->fd, requests[i], hole + PAGE - 4));
		EXPECT_EQ(-EFAULT, raw_ioctl(self->fd, requests[i],
					     (void *)(uintptr_t)0xffff888000001000ull));
	}
}

TEST_F(args, ioctls_that_do_not_exist)
{
	uint64_t space[32] = { 0 };

	for (unsigned int nr = DRM_FIGMENT_GEM_METADATA + 1; nr < 0x60; nr++) {
		EXPECT_EQ(-EINVAL, raw_ioctl(self->fd, DRM_IOWR(DRM_COMMAND_BASE + nr,
								struct drm_figment_submit),
					     space)) {
			TH_LOG("number %u", nr);
		}
	}
}

TEST_F(args, a_shorter_structure_is_followed_by_zeroes)
{
	uint32_t queue = copy_queue(self->fd);
	uint32_t destroy[2] = { queue, 1234 };

	EXPECT_EQ(0, raw_ioctl(self->fd, DRM_IOW(DRM_COMMAND_BASE + DRM_FIGMENT_QUEUE_DESTROY,
						 uint32_t), destroy));
	EXPECT_EQ(-ENOENT, figment_queue_destroy(self->fd, queue));
}

/* What the kernel does not know yet is behind what it knows, and nobody's. */
TEST_F(args, a_longer_structure_keeps_its_end)
{
	struct {
		struct drm_figment_gem_create args;
		uint64_t more[3];
	} longer = { .args.size = PAGE, .more = { 1, 2, 3 } };

	ASSERT_EQ(0, raw_ioctl(self->fd, DRM_IOWR(DRM_COMMAND_BASE + DRM_FIGMENT_GEM_CREATE,
						  typeof(longer)), &longer));
	EXPECT_NE(0, longer.args.handle);
	EXPECT_EQ(1, longer.more[0]);
	EXPECT_EQ(3, longer.more[2]);
}

TEST_F(args, labels_that_are_none)
{
	struct buffer buf = buffer_create(self->fd, PAGE);
	static const struct {
		uint32_t handle, flags;
		const char *label;
		int error;
	} wrong[] = {
		{ 0, 0, "x", -ENOENT }, { 999, 0, "x", -ENOENT }, { ~0u, 0, "x", -ENOENT },
		{ 1, 1, "x", -EINVAL }, { 1, 1u << 31, "x", -EINVAL },
		{ 1, 0, "two\nlines", -EINVAL }, { 1, 0, "\t", -EINVAL },
		{ 1, 0, "\033[2J", -EINVAL }, { 1, 0, "\x7f", -EINVAL },
		{ 1, 0, "\xc3\xa9", -EINVAL }, { 1, 0, "\xff", -EINVAL },
	};
	struct drm_figment_gem_label args;

	must_be(buf.handle == 1);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		args = (struct drm_figment_gem_label){
			.handle = wrong[i].handle, .flags = wrong[i].flags };
		strcpy(args.label, wrong[i].label);
		EXPECT_EQ(wrong[i].error,
			  raw_ioctl(self->fd, DRM_IOCTL_FIGMENT_GEM_LABEL, &args)) {
			TH_LOG("label %zu", i);
		}
	}
	args = (struct drm_figment_gem_label){ .handle = 1 };
	memset(args.label, 'x', sizeof(args.label));
	EXPECT_EQ(-EINVAL, raw_ioctl(self->fd, DRM_IOCTL_FIGMENT_GEM_LABEL, &args));
	/* The longest there is. */
	args.label[sizeof(args.label) - 1] = 0;
	EXPECT_EQ(0, raw_ioctl(self->fd, DRM_IOCTL_FIGMENT_GEM_LABEL, &args));
}

/* Numbers that mean something in one file mean nothing in another. */
TEST_F(args, what_is_anothers_is_not_there)
{
	struct buffer buf = buffer_create(self->fd, PAGE);
	uint32_t queue = copy_queue(self->fd), syncobj = syncobj_create(self->fd);
	int other = device_open();
	struct drm_figment_queue_fault fault = { .queue = queue, .hang_nth = 1 };
	struct job job = { .queue = queue };

	EXPECT_EQ(-ENOENT, submit_job(other, &job));
	EXPECT_EQ(-ENOENT, figment_queue_fault(other, &fault));
	EXPECT_EQ(-ENOENT, figment_bo_label(other, buf.handle, "mine"));
	job.queue = copy_queue(other);
	job_writes(&job, buf.handle, 0, 1);
	EXPECT_EQ(-ENOENT, submit_job(other, &job));
	job = (struct job){ .queue = job.queue };
	job_waits(&job, syncobj, 0);
	EXPECT_EQ(-ENOENT, submit_job(other, &job));
	job = (struct job){ .queue = job.queue };
	job_signals(&job, syncobj, 0);
	EXPECT_EQ(-ENOENT, submit_job(other, &job));
	/* And what was asked of them has not happened to them. */
	job = (struct job){ .queue = queue };
	EXPECT_EQ(1, settle(submit_file(self->fd, &job)));
	EXPECT_EQ(0, buf.map[0]);
	EXPECT_EQ(-EINVAL, syncobj_state(self->fd, syncobj, 0));
	close(other);
}

TEST_F(args, the_primary_node_does_too)
{
	struct job job = { 0 };
	struct figment_node node;
	struct buffer buf;
	int fd;

	must(figment_enumerate(&node, 1));
	fd = must_call(open(node.primary, O_RDWR | O_CLOEXEC));
	buf = buffer_create(fd, PAGE);
	job.queue = copy_queue(fd);
	job_writes(&job, buf.handle, 0, 31);
	EXPECT_EQ(1, settle(submit_file(fd, &job)));
	EXPECT_EQ(31, buf.map[0]);
}

/*
 * A submit of one job whose arrays have elements of the given sizes. It waits for
 * a syncobj, signals a sync_file, and writes.
 */
struct shape {
	uint32_t jobs, bos, syncs, cmds;
};

static int submit_shape(int fd, const struct shape *shape, uint32_t queue,
			const struct drm_figment_bo *bo, const struct drm_figment_sync *wait,
			const struct drm_figment_cmd *cmd, int *file, uint64_t *seqno)
{
	struct {
		uint64_t jobs[PAGE / 8], bos[PAGE / 8], waits[PAGE / 8], signals[PAGE / 8];
		uint64_t cmds[PAGE / 8];
	} *space = calloc(1, sizeof(*space));
	const struct drm_figment_sync signal = { .type = DRM_FIGMENT_SYNC_FILE, .fd = -1 };
	struct drm_figment_job *job = (void *)space->jobs;
	struct drm_figment_submit submit = {
		.jobs = { (uintptr_t)job, 1, shape->jobs },
	};
	int ret;

	must_be(space);
	memcpy(space->bos, bo, sizeof(*bo));
	memcpy(space->waits, wait, sizeof(*wait) < shape->syncs ? sizeof(*wait) : shape->syncs);
	memcpy(space->signals, &signal, sizeof(signal));
	memcpy(space->cmds, cmd, sizeof(*cmd) < shape->cmds ? sizeof(*cmd) : shape->cmds);
	*job = (struct drm_figment_job){
		.queue = queue,
		.bos = { (uintptr_t)space->bos, 1, shape->bos },
		.waits = { (uintptr_t)space->waits, 1, shape->syncs },
		.signals = { (uintptr_t)space->signals, 1, shape->syncs },
		.cmds = { (uintptr_t)space->cmds, 1, shape->cmds },
	};
	ret = raw_ioctl(fd, DRM_IOCTL_FIGMENT_SUBMIT, &submit);
	*file = ((struct drm_figment_sync *)space->signals)->fd;
	*seqno = job->seqno;
	free(space);
	return ret;
}

TEST_F(args, elements_of_other_lengths)
{
	static const struct shape shapes[] = {
		{ sizeof(struct drm_figment_job), 8, 24, 64 },
		{ sizeof(struct drm_figment_job) + 8, 16, 32, 72 },
		{ PAGE, PAGE, PAGE, PAGE },
		/* The fields of a binary syncobj, and of WRITE64, are the first ones. */
		{ sizeof(struct drm_figment_job), 8, 16, 56 },
	};
	struct buffer buf = buffer_create(self->fd, PAGE);
	struct drm_figment_bo bo = { buf.handle, DRM_FIGMENT_BO_WRITE };
	uint32_t queue = copy_queue(self->fd);
	struct drm_figment_sync wait = { 0 };

	must(figment_syncobj_create(self->fd, true, &wait.handle));
	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++) {
		struct drm_figment_cmd cmd = {
			.op = DRM_FIGMENT_CMD_WRITE64, .value = 100 + i };
		uint64_t seqno;
		int file;

		ASSERT_EQ(0, submit_shape(self->fd, &shapes[i], queue, &bo, &wait, &cmd,
					  &file, &seqno)) {
			TH_LOG("shape %zu", i);
		}
		EXPECT_EQ(i + 1, seqno);
		EXPECT_EQ(1, settle(file));
		EXPECT_EQ(100 + i, buf.map[0]);
	}
}

TEST_F(args, arrays_are_walked_by_their_stride)
{
	struct buffer buf = buffer_create(self->fd, PAGE);
	struct drm_figment_bo bo = { buf.handle, DRM_FIGMENT_BO_WRITE };
	struct { struct drm_figment_cmd cmd; uint64_t more[2]; } cmds[10] = { 0 };
	struct { struct drm_figment_job job; uint64_t more; } jobs[3] = { 0 };
	struct { struct drm_figment_sync sync; uint64_t more[3]; } signals[3][2] = { 0 };
	struct drm_figment_submit submit = { .jobs = FIGMENT_ARRAY(jobs, 3) };
	static const uint32_t counts[] = { 4, 4, 2 };

	for (int i = 0; i < 10; i++)
		cmds[i].cmd = (struct drm_figment_cmd){
			.op = DRM_FIGMENT_CMD_WRITE64, .dst_offset = 8 * i, .value = i + 1 };
	for (int i = 0; i < 3; i++) {
		for (int j = 0; j < 2; j++)
			signals[i][j].sync = (struct drm_figment_sync){
				.type = DRM_FIGMENT_SYNC_FILE, .fd = -1 };
		jobs[i].job = (struct drm_figment_job){
			.queue = i ? jobs[0].job.queue : copy_queue(self->fd),
			.bos = FIGMENT_ARRAY(&bo, 1),
			.signals = FIGMENT_ARRAY(signals[i], 2),
			.cmds = FIGMENT_ARRAY(&cmds[4 * i], counts[i]),
		};
	}
	ASSERT_EQ(0, raw_ioctl(self->fd, DRM_IOCTL_FIGMENT_SUBMIT, &submit));
	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(i + 1, jobs[i].job.seqno);
		EXPECT_NE(signals[i][0].sync.fd, signals[i][1].sync.fd);
		EXPECT_EQ(FD_CLOEXEC, fcntl(signals[i][1].sync.fd, F_GETFD));
		EXPECT_EQ(1, settle(signals[i][0].sync.fd));
		EXPECT_EQ(1, settle(signals[i][1].sync.fd));
	}
	for (int i = 0; i < 10; i++)
		EXPECT_EQ(i + 1, ((uint64_t *)buf.map)[i]);
}

FIGMENT_HARNESS_MAIN

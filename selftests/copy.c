// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: the copy engine
 *
 * Catches an engine that moves other bytes than it was told, one too many or too
 * few, takes a pitch for another, executes commands or jobs out of order, tells
 * the wrong time or none, waits too little, is stopped by large copies, or lets
 * one client's delay hold up everybody.
 */
#include "kselftest_harness.h"

#include "helpers.h"

#define SIZE	(64ull * PAGE)

FIXTURE(copy) {
	int fd;
	uint32_t queue;
	struct buffer a, b;
	uint8_t *want;
};

FIXTURE_SETUP(copy)
{
	self->fd = device_open();
	self->queue = copy_queue(self->fd);
	self->a = buffer_create(self->fd, SIZE);
	self->b = buffer_create(self->fd, SIZE);
	self->want = malloc(SIZE);
	fill_random(self->a.map, SIZE, 1);
	fill_random(self->b.map, SIZE, 2);
	memcpy(self->want, self->b.map, SIZE);
}

FIXTURE_TEARDOWN(copy)
{
	free(self->want);
	close(self->fd);
}

/* A job that reads a (0) and writes b (1). */
static struct job a_to_b(FIXTURE_DATA(copy) *self)
{
	struct job job = { .queue = self->queue };

	job_uses(&job, self->a.handle, DRM_FIGMENT_BO_READ);
	job_uses(&job, self->b.handle, DRM_FIGMENT_BO_READ | DRM_FIGMENT_BO_WRITE);
	return job;
}

static int run(FIXTURE_DATA(copy) *self, struct drm_figment_cmd cmd)
{
	struct job job = a_to_b(self);

	job_does(&job, cmd);
	return settle(submit_file(self->fd, &job));
}

TEST_F(copy, bytes_from_anywhere_to_anywhere)
{
	static const uint64_t spans[][3] = {
		/* from, to, how many */
		{ 0, 0, 1 }, { 1, 0, 1 }, { 0, 1, 1 }, { 3, 5, 7 }, { 0, 0, PAGE },
		{ 1, 2, PAGE }, { PAGE - 1, 17, PAGE + 2 }, { SIZE - 1, SIZE - 1, 1 },
		{ 0, SIZE - 9, 9 }, { 13, 7, 32 * PAGE + 11 }, { 0, 0, SIZE },
	};

	for (size_t i = 0; i < ARRAY_SIZE(spans); i++) {
		uint64_t from = spans[i][0], to = spans[i][1], size = spans[i][2];

		ASSERT_EQ(1, run(self, (struct drm_figment_cmd){
			.op = DRM_FIGMENT_CMD_COPY, .src = 0, .dst = 1,
			.src_offset = from, .dst_offset = to, .size = size }));
		memcpy(self->want + to, self->a.map + from, size);
		ASSERT_EQ(0, memcmp(self->want, self->b.map, SIZE)) {
			TH_LOG("copy %zu", i);
		}
	}
}

TEST_F(copy, within_one_buffer)
{
	ASSERT_EQ(1, run(self, (struct drm_figment_cmd){
		.op = DRM_FIGMENT_CMD_COPY, .src = 1, .dst = 1,
		.src_offset = 10, .dst_offset = 10 + PAGE, .size = PAGE }));
	memcpy(self->want + 10 + PAGE, self->want + 10, PAGE);
	EXPECT_EQ(0, memcmp(self->want, self->b.map, SIZE));
}

TEST_F(copy, overlap_stays_in_the_destination)
{
	ASSERT_EQ(1, run(self, (struct drm_figment_cmd){
		.op = DRM_FIGMENT_CMD_COPY, .src = 1, .dst = 1,
		.src_offset = PAGE, .dst_offset = PAGE + 100, .size = 3 * PAGE }));
	EXPECT_EQ(0, memcmp(self->want, self->b.map, PAGE + 100));
	EXPECT_EQ(0, memcmp(self->want + 4 * PAGE + 100, self->b.map + 4 * PAGE + 100,
			    SIZE - 4 * PAGE - 100));
}

static void model_2d(uint8_t *dst, const uint8_t *src, const struct drm_figment_cmd *cmd)
{
	for (uint64_t row = 0; row < cmd->rows; row++)
		memcpy(dst + cmd->dst_offset + row * cmd->dst_pitch,
		       src + cmd->src_offset + row * cmd->src_pitch, cmd->size);
}

TEST_F(copy, two_dimensions)
{
	static const struct drm_figment_cmd cmds[] = {
		/* a rectangle into a picture of another width */
		{ .size = 40, .rows = 30, .src_pitch = 256, .dst_pitch = 100,
		  .src_offset = 12, .dst_offset = 3 },
		/* one row, whose pitches do not matter */
		{ .size = 333, .rows = 1, .src_pitch = 0, .dst_pitch = 0 },
		{ .size = 333, .rows = 1, .src_pitch = 7, .dst_pitch = 7 },
		/* every fourth pixel; bytes; half-words */
		{ .size = 4, .rows = 500, .src_pitch = 16, .dst_pitch = 4 },
		{ .size = 1, .rows = 999, .src_pitch = 3, .dst_pitch = 2 },
		{ .size = 2, .rows = 999, .src_pitch = 5, .dst_pitch = 4 },
		/* one row again and again, and rows that overlap in the source */
		{ .size = 64, .rows = 100, .src_pitch = 0, .dst_pitch = 64 },
		{ .size = 64, .rows = 100, .src_pitch = 1, .dst_pitch = 80 },
		/* without gaps; up to the last byte */
		{ .size = PAGE, .rows = 16, .src_pitch = PAGE, .dst_pitch = PAGE },
		{ .size = 100, .rows = 2, .src_pitch = SIZE - 100, .dst_pitch = SIZE - 100 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cmds); i++) {
		struct drm_figment_cmd cmd = cmds[i];

		cmd.op = DRM_FIGMENT_CMD_COPY_2D;
		cmd.dst = 1;
		ASSERT_EQ(1, run(self, cmd));
		model_2d(self->want, self->a.map, &cmd);
		ASSERT_EQ(0, memcmp(self->want, self->b.map, SIZE)) {
			TH_LOG("copy %zu", i);
		}
	}
}

TEST_F(copy, fills)
{
	static const uint64_t values[] = { [1] = 0x5a, [2] = 0x1234, [4] = 0x89abcdef,
					   [8] = 0x0123456789abcdef };

	for (uint32_t elem = 1; elem <= 8; elem *= 2) {
		uint64_t at = 24 * elem, size = PAGE + 3 * elem;

		ASSERT_EQ(1, run(self, (struct drm_figment_cmd){
			.op = DRM_FIGMENT_CMD_FILL, .dst = 1, .dst_offset = at,
			.size = size, .elem = elem, .value = values[elem] }));
		for (uint64_t i = 0; i < size; i += elem)
			memcpy(self->want + at + i, &values[elem], elem);
		ASSERT_EQ(0, memcmp(self->want, self->b.map, SIZE)) {
			TH_LOG("elements of %u", elem);
		}
	}
}

TEST_F(copy, writes)
{
	struct job job = a_to_b(self);

	for (int i = 0; i < 3; i++)
		job_does(&job, (struct drm_figment_cmd){
			.op = DRM_FIGMENT_CMD_WRITE64, .dst = 1,
			.dst_offset = i == 2 ? SIZE - 8 : 8 * i, .value = ~0ull - i });
	ASSERT_EQ(1, settle(submit_file(self->fd, &job)));
	for (int i = 0; i < 3; i++)
		((uint64_t *)self->want)[i == 2 ? SIZE / 8 - 1 : i] = ~0ull - i;
	EXPECT_EQ(0, memcmp(self->want, self->b.map, SIZE));
}

TEST_F(copy, tells_the_time_and_waits)
{
	const uint64_t delay = 50000000;
	uint64_t *stamps = (uint64_t *)self->b.map;
	struct job job = a_to_b(self);
	uint64_t before, after;

	for (int i = 0; i < 3; i++) {
		job_does(&job, (struct drm_figment_cmd){
			.op = DRM_FIGMENT_CMD_TIMESTAMP, .dst = 1, .dst_offset = 8 * i });
		job_does(&job, (struct drm_figment_cmd){ .op = DRM_FIGMENT_CMD_NOP });
		if (!i)
			job_does(&job, (struct drm_figment_cmd){
				.op = DRM_FIGMENT_CMD_DELAY, .value = delay });
	}
	before = now_ns();
	ASSERT_EQ(1, settle(submit_file(self->fd, &job)));
	after = now_ns();
	EXPECT_LE(before, stamps[0]);
	EXPECT_LE(stamps[0] + delay, stamps[1]);
	EXPECT_LE(stamps[1], stamps[2]);
	EXPECT_LE(stamps[2], after);
	EXPECT_EQ(0, memcmp(self->want + 24, self->b.map + 24, SIZE - 24));
}

TEST_F(copy, commands_are_in_order)
{
	struct job job = a_to_b(self);

	/* Each overwrites what the one before did, or moves it on. */
	job_does(&job, (struct drm_figment_cmd){ .op = DRM_FIGMENT_CMD_FILL, .dst = 1,
			.size = SIZE, .elem = 1, .value = 0x11 });
	job_does(&job, (struct drm_figment_cmd){ .op = DRM_FIGMENT_CMD_WRITE64, .dst = 1,
			.value = 0x2222222222222222 });
	job_does(&job, (struct drm_figment_cmd){ .op = DRM_FIGMENT_CMD_COPY, .src = 1, .dst = 1,
			.dst_offset = 100, .size = 8 });
	job_does(&job, (struct drm_figment_cmd){ .op = DRM_FIGMENT_CMD_WRITE64, .dst = 1,
			.value = 0x3333333333333333 });
	ASSERT_EQ(1, settle(submit_file(self->fd, &job)));
	memset(self->want, 0x11, SIZE);
	memset(self->want, 0x33, 8);
	memset(self->want + 100, 0x22, 8);
	EXPECT_EQ(0, memcmp(self->want, self->b.map, SIZE));
}

TEST_F(copy, jobs_of_a_queue_are_in_order)
{
	uint64_t *cell = (uint64_t *)self->b.map;
	int files[20];

	cell[0] = 0;
	/* Explicit, so that nothing but the queue orders them. */
	for (int i = 0; i < 20; i++) {
		struct job job = { .queue = self->queue };

		job_uses(&job, self->b.handle, DRM_FIGMENT_BO_READ | DRM_FIGMENT_BO_WRITE |
			 DRM_FIGMENT_BO_EXPLICIT);
		if (i % 4 == 0)
			job_does(&job, (struct drm_figment_cmd){
				.op = DRM_FIGMENT_CMD_DELAY, .value = 5000000 });
		job_does(&job, (struct drm_figment_cmd){ .op = DRM_FIGMENT_CMD_COPY,
				.dst_offset = 8 * (i + 1), .size = 8 });
		job_does(&job, (struct drm_figment_cmd){ .op = DRM_FIGMENT_CMD_WRITE64,
				.value = i + 1 });
		files[i] = submit_file(self->fd, &job);
		EXPECT_EQ(i + 1, job.seqno);
	}
	ASSERT_EQ(1, settle(files[19]));
	for (int i = 0; i < 20; i++) {
		EXPECT_EQ(1, figment_sync_file_status(files[i]));
		EXPECT_EQ(i, cell[i + 1]);
	}
	EXPECT_EQ(20, queue_query(self->fd, self->queue).completed);
	EXPECT_EQ(20, queue_query(self->fd, self->queue).submitted);
}

TEST_F(copy, nothing_to_do_is_done)
{
	struct job job = { .queue = self->queue };
	struct job uses = a_to_b(self);

	EXPECT_EQ(1, settle(submit_file(self->fd, &job)));
	EXPECT_EQ(1, settle(submit_file(self->fd, &uses)));
	EXPECT_EQ(0, memcmp(self->want, self->b.map, SIZE));
}

TEST_F(copy, sixty_four_megabytes)
{
	const uint64_t size = 64 << 20;
	struct buffer from = buffer_create(self->fd, size);
	struct buffer to = buffer_create(self->fd, size + PAGE);
	struct job job = { .queue = self->queue };

	fill_random(from.map, 1 << 20, 77);
	for (uint64_t at = 1 << 20; at < size; at += 1 << 20) {
		memcpy(from.map + at, from.map, 1 << 20);
		*(uint64_t *)(from.map + at + 4321 * 8) = at;
	}
	job_copies(&job, from.handle, to.handle, size);
	job.cmds[0].dst_offset = 5;
	ASSERT_EQ(1, settle(submit_file(self->fd, &job)));
	EXPECT_EQ(0, memcmp(from.map, to.map + 5, size));
	EXPECT_TRUE(all_bytes(to.map, 0, 5));
	EXPECT_TRUE(all_bytes(to.map + 5 + size, 0, PAGE - 5));
}

TEST_F(copy, one_delay_does_not_hold_up_others)
{
	struct job slow = { .queue = self->queue };
	struct job quick = { 0 };
	int other = device_open();
	int slow_file, quick_file;

	if (device_param(self->fd, DRM_FIGMENT_PARAM_COPY_RINGS) < 2)
		SKIP(return, "there is only one ring");
	job_does(&slow, (struct drm_figment_cmd){
		.op = DRM_FIGMENT_CMD_DELAY, .value = 3000000000 });
	slow_file = submit_file(self->fd, &slow);
	quick.queue = copy_queue(other);
	quick_file = submit_file(other, &quick);
	EXPECT_EQ(1, settle(quick_file));
	EXPECT_TRUE(pending(slow_file));
	EXPECT_EQ(1, settle(slow_file));
}

TEST_F(copy, destroying_its_queue_ends_a_delay)
{
	struct job slow = { .queue = self->queue };
	uint64_t start = now_ns();
	int file;

	job_does(&slow, (struct drm_figment_cmd){
		.op = DRM_FIGMENT_CMD_DELAY, .value = 8000000000 });
	file = submit_file(self->fd, &slow);
	EXPECT_TRUE(stays_pending(file));
	EXPECT_EQ(0, figment_queue_destroy(self->fd, self->queue));
	EXPECT_EQ(-ECANCELED, settle(file));
	EXPECT_GT(6000000000, now_ns() - start);
}

FIGMENT_HARNESS_MAIN

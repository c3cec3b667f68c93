// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: how clients share the copy engine
 *
 * With one ring, so that whatever is in the way is in everybody's way. Catches
 * jobs that keep a ring while they do nothing, or until they are complete however
 * long that takes; a job that does not go on where it stopped; priorities that
 * change nothing, or starve; and queues whose end waits for a ring.
 *
 * A job that is small needs no ring, so what shows that there is one is bigger.
 */
#include "kselftest_harness.h"

#include "helpers.h"

#define MS	1000000ull
#define BIG	(32ull << 20)
#define SHORT	(1ull << 20)
#define LONGS	6

FIXTURE(rings) {
	int fd, other;
	struct buffer big;
	int longs[LONGS];
};

FIXTURE_VARIANT(rings) {
	const char *params;
};

FIXTURE_VARIANT_ADD(rings, one) { "copy_rings=1 job_timeout_ms=9000" };

FIXTURE_SETUP(rings)
{
	module_reload(variant->params);
	self->fd = device_open();
	self->other = device_open();
	must_be(device_param(self->fd, DRM_FIGMENT_PARAM_COPY_RINGS) == 1);
	self->big = buffer_create(self->fd, BIG);
}

FIXTURE_TEARDOWN(rings)
{
}

static uint32_t queue_of(int fd, uint32_t priority)
{
	uint32_t queue;

	must(figment_queue_create(fd, DRM_FIGMENT_ENGINE_COPY, priority, 0, &queue, NULL));
	return queue;
}

/* A job that has a ring work for a while: half a gigabyte, if nothing ends it. */
static struct job long_job(uint32_t queue, const struct buffer *big, uint32_t fills)
{
	struct job job = { .queue = queue };

	job_uses(&job, big->handle, DRM_FIGMENT_BO_WRITE | DRM_FIGMENT_BO_EXPLICIT);
	while (fills--)
		job_does(&job, (struct drm_figment_cmd){
			.op = DRM_FIGMENT_CMD_FILL, .dst = 0, .elem = 1, .size = BIG });
	return job;
}

/* Queues, half of them preferred, whose jobs keep one ring busy for seconds. */
static void keep_busy(FIXTURE_DATA(rings) *self)
{
	for (int i = 0; i < LONGS; i++) {
		uint32_t queue = queue_of(self->fd, i % 2 ? DRM_FIGMENT_PRIORITY_HIGH :
							    DRM_FIGMENT_PRIORITY_NORMAL);

		for (int j = 0; j < 8; j++) {
			struct job job = long_job(queue, &self->big, JOB_ROOM);

			self->longs[i] = submit_file(self->fd, &job);
		}
	}
}

#define EXPECT_BUSY(self) do { \
	for (int i_ = 0; i_ < LONGS; i_++) \
		EXPECT_TRUE(pending((self)->longs[i_])); \
} while (0)

static int nop(int fd, uint32_t queue)
{
	struct job job = { .queue = queue };

	return submit_file(fd, &job);
}

/* A job that has a ring work, but not for long. */
static int short_job(FIXTURE_DATA(rings) *self, uint32_t queue)
{
	struct buffer buf = buffer_create(self->other, SHORT);
	struct job job = { .queue = queue };

	job_uses(&job, buf.handle, DRM_FIGMENT_BO_WRITE);
	job_does(&job, (struct drm_figment_cmd){
		.op = DRM_FIGMENT_CMD_FILL, .dst = 0, .elem = 1, .size = SHORT });
	return submit_file(self->other, &job);
}

TEST_F(rings, a_delay_is_in_nobodys_way)
{
	struct job job = { .queue = copy_queue(self->fd) };
	int late;

	job_does(&job, (struct drm_figment_cmd){
		.op = DRM_FIGMENT_CMD_DELAY, .value = 8000 * MS });
	late = submit_file(self->fd, &job);
	EXPECT_TRUE(stays_pending(late));
	EXPECT_EQ(1, settle(nop(self->fd, copy_queue(self->fd))));
	EXPECT_EQ(1, settle(short_job(self, copy_queue(self->other))));
	EXPECT_TRUE(pending(late));
	EXPECT_EQ(1, settle(late));
}

TEST_F(rings, a_hung_job_is_in_nobodys_way)
{
	struct drm_figment_queue_fault fault = { .hang_nth = 1 };
	int hung;

	fault.queue = copy_queue(self->fd);
	must(figment_queue_fault(self->fd, &fault));
	hung = nop(self->fd, fault.queue);
	EXPECT_TRUE(stays_pending(hung));
	EXPECT_EQ(1, settle(short_job(self, copy_queue(self->other))));
	EXPECT_TRUE(pending(hung));
	EXPECT_EQ(-ETIMEDOUT, settle(hung));
}

TEST_F(rings, long_jobs_let_others_go_on)
{
	uint32_t low = queue_of(self->other, DRM_FIGMENT_PRIORITY_LOW);
	uint32_t normal = copy_queue(self->other);

	keep_busy(self);
	EXPECT_EQ(1, settle(short_job(self, normal)));
	/* Even one that has time. */
	EXPECT_EQ(1, settle(short_job(self, low)));
	EXPECT_BUSY(self);
}

/* Equal jobs, all there before any can be complete: a ring that pays no heed would
 * have them complete in the order they came.
 */
TEST_F(rings, a_higher_priority_is_served_first)
{
	static const uint32_t priorities[] = {
		DRM_FIGMENT_PRIORITY_LOW, DRM_FIGMENT_PRIORITY_NORMAL,
		DRM_FIGMENT_PRIORITY_HIGH };
	struct buffer times = buffer_create(self->other, PAGE);
	struct buffer big = buffer_create(self->other, BIG);
	const uint64_t *time = (const void *)times.map;
	uint32_t queues[3];
	int files[3];

	for (int i = 0; i < 3; i++)
		queues[i] = queue_of(self->other, priorities[i]);
	for (int i = 0; i < 3; i++) {
		struct job job = long_job(queues[i], &big, JOB_ROOM - 1);

		job_uses(&job, times.handle, DRM_FIGMENT_BO_WRITE | DRM_FIGMENT_BO_EXPLICIT);
		job_does(&job, (struct drm_figment_cmd){
			.op = DRM_FIGMENT_CMD_TIMESTAMP, .dst = 1, .dst_offset = i * 8 });
		files[i] = submit_file(self->other, &job);
	}
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(1, settle(files[i]));
	EXPECT_LT(time[2], time[1]);
	EXPECT_LT(time[1], time[0]);
}

TEST_F(rings, a_queue_ends_without_a_ring)
{
	uint32_t queue = copy_queue(self->other);
	struct buffer big = buffer_create(self->other, BIG);
	int files[20];

	keep_busy(self);
	for (int i = 0; i < 20; i++) {
		struct job job = long_job(queue, &big, JOB_ROOM);

		files[i] = submit_file(self->other, &job);
	}
	must(figment_queue_destroy(self->other, queue));
	for (int i = 0; i < 20; i++)
		EXPECT_EQ(-ECANCELED, settle(files[i]));
	EXPECT_BUSY(self);
}

/* Each is interrupted many times, in the middle of rows, fills and copies. */
TEST_F(rings, an_interrupted_job_goes_on_where_it_was)
{
	const uint32_t rows = 3000, pitch = 4099, width = 3001;
	struct buffer src = buffer_create(self->other, BIG);
	struct buffer dst[3];
	struct job jobs[3] = { 0 };
	uint32_t wrong = 0;

	fill_random(src.map, BIG, 7);
	for (int i = 0; i < 3; i++) {
		dst[i] = buffer_create(self->other, BIG);
		jobs[i].queue = copy_queue(self->other);
		job_uses(&jobs[i], src.handle, DRM_FIGMENT_BO_READ);
		job_uses(&jobs[i], dst[i].handle, DRM_FIGMENT_BO_WRITE);
	}
	for (int i = 0; i < JOB_ROOM - 1; i++) {
		job_does(&jobs[0], (struct drm_figment_cmd){
			.op = DRM_FIGMENT_CMD_COPY, .dst = 1, .dst_offset = i, .size = BIG - 16 });
		job_does(&jobs[1], (struct drm_figment_cmd){
			.op = DRM_FIGMENT_CMD_COPY_2D, .dst = 1, .dst_offset = i, .size = width,
			.rows = rows, .src_pitch = pitch, .dst_pitch = pitch + 1 });
		job_does(&jobs[2], (struct drm_figment_cmd){
			.op = DRM_FIGMENT_CMD_FILL, .dst = 1, .dst_offset = i * 8, .elem = 8,
			.size = BIG - 128, .value = 0x0102030405060708ull * (i + 1) });
	}
	keep_busy(self);
	must(submit_jobs(self->other, jobs, 3));
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(1, settle(nop(self->other, jobs[i].queue)));

	EXPECT_EQ(0, memcmp(dst[0].map + JOB_ROOM - 2, src.map, BIG - 16));
	for (uint32_t row = 0; row < rows; row++)
		wrong += !!memcmp(dst[1].map + JOB_ROOM - 2 + row * (pitch + 1),
				  src.map + row * pitch, width);
	EXPECT_EQ(0, wrong);
	wrong = 0;
	for (uint64_t i = 0; i < (BIG - 128) / 8; i++)
		wrong += ((uint64_t *)dst[2].map)[JOB_ROOM - 2 + i] !=
			 0x0102030405060708ull * (JOB_ROOM - 1);
	EXPECT_EQ(0, wrong);
}

FIGMENT_RELOAD_MAIN

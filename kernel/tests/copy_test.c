// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: KUnit: copy commands: what is refused, and what is done in pieces
 */
#include <kunit/test.h>
#include <linux/prandom.h>

#include "../figment_copy.c"

#include "fakes.h"

#define SIZE	16384ull
#define LAST	U64_MAX

/* Buffers of a job: one it reads, one it writes, one it does both with. */
enum { RD, WR, RDWR, NUM_BOS };

static struct figment_job *some_job(struct kunit *test)
{
	static const u32 flags[NUM_BOS] = {
		DRM_FIGMENT_BO_READ, DRM_FIGMENT_BO_WRITE,
		DRM_FIGMENT_BO_READ | DRM_FIGMENT_BO_WRITE,
	};
	struct figment_job *job = kunit_kzalloc(test, sizeof(*job), GFP_KERNEL);
	u32 i;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, job);
	job->refs = kunit_kzalloc(test, NUM_BOS * sizeof(*job->refs), GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, job->refs);
	job->num_refs = NUM_BOS;
	for (i = 0; i < NUM_BOS; i++) {
		struct figment_bo *bo = kunit_kzalloc(test, sizeof(*bo), GFP_KERNEL);
		void *bytes = kunit_kzalloc(test, SIZE, GFP_KERNEL);

		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, bo);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, bytes);
		bo->base.base.size = SIZE;
		iosys_map_set_vaddr(&bo->map, bytes);
		job->refs[i] = (struct figment_ref){ .bo = bo, .flags = flags[i] };
	}
	return job;
}

#define CMD(o, ...)	{ .op = DRM_FIGMENT_CMD_##o, __VA_ARGS__ }
#define COPY(...)	CMD(COPY, .src = RD, .dst = WR, __VA_ARGS__)
#define ROWS(n, s, from, to, ...) \
	CMD(COPY_2D, .src = RD, .dst = WR, .rows = (n), .size = (s), \
	    .src_pitch = (from), .dst_pitch = (to), __VA_ARGS__)
#define FILL(e, s, ...)	CMD(FILL, .dst = WR, .elem = (e), .size = (s), __VA_ARGS__)
#define WRITE64(...)	CMD(WRITE64, .dst = WR, __VA_ARGS__)

static const struct cmd_case {
	const char *name;
	struct drm_figment_cmd cmd;
	int ret;
} cmd_cases[] = {
	{ "nop", CMD(NOP) },
	{ "nop with a value", CMD(NOP, .value = 1), -EINVAL },
	{ "an unknown op", { .op = 7 }, -EINVAL },
	{ "the last op", { .op = U32_MAX }, -EINVAL },
	{ "a flag", CMD(NOP, .flags = 1), -EINVAL },

	{ "copy all", COPY(.size = SIZE) },
	{ "copy the last byte", COPY(.size = 1, .src_offset = SIZE - 1, .dst_offset = SIZE - 1) },
	{ "copy within one", CMD(COPY, .src = RDWR, .dst = RDWR, .size = 1, .dst_offset = 1) },
	{ "copy nothing", COPY(.size = 0), -EINVAL },
	{ "copy a byte more", COPY(.size = SIZE + 1), -ERANGE },
	{ "copy from a byte on", COPY(.size = SIZE, .src_offset = 1), -ERANGE },
	{ "copy to a byte on", COPY(.size = SIZE, .dst_offset = 1), -ERANGE },
	{ "copy from the end", COPY(.size = 1, .src_offset = SIZE), -ERANGE },
	{ "copy, src wraps to 0", COPY(.size = 1, .src_offset = LAST), -ERANGE },
	{ "copy, dst wraps to 0", COPY(.size = 1, .dst_offset = LAST), -ERANGE },
	{ "copy, src wraps into it", COPY(.size = 64, .src_offset = LAST - 31), -ERANGE },
	{ "copy, the largest size", COPY(.size = LAST), -ERANGE },
	{ "copy, size wraps into it", COPY(.size = LAST - 15, .dst_offset = 32), -ERANGE },
	{ "copy from what is not there", CMD(COPY, .src = NUM_BOS, .dst = WR, .size = 1),
	  -ERANGE },
	{ "copy to what is not there", CMD(COPY, .src = RD, .dst = U32_MAX, .size = 1),
	  -ERANGE },
	{ "copy from what is written", CMD(COPY, .src = WR, .dst = WR, .size = 1),
	  -EACCES },
	{ "copy to what is read", CMD(COPY, .src = RD, .dst = RD, .size = 1), -EACCES },
	{ "copy with a row", COPY(.size = 1, .rows = 1), -EINVAL },

	{ "rows to the end", ROWS(4, 64, 128, SIZE / 4, .dst_offset = SIZE / 4 - 64) },
	{ "a byte over the end", ROWS(4, 64, 128, SIZE / 4, .dst_offset = SIZE / 4 - 63), -ERANGE },
	{ "rows from the end", ROWS(2, 1, SIZE - 1, 1) },
	{ "rows from over it", ROWS(2, 1, SIZE, 1), -ERANGE },
	{ "one row, any pitch", ROWS(1, 64, U32_MAX, U32_MAX) },
	{ "one row, no pitch", ROWS(1, 64, 0, 0) },
	{ "the same row again", ROWS(4, 64, 0, 64) },
	{ "rows onto each other", ROWS(2, 64, 64, 63), -EINVAL },
	{ "no rows", ROWS(0, 64, 64, 64), -EINVAL },
	{ "empty rows", ROWS(2, 0, 64, 64), -EINVAL },
	{ "most rows, largest pitch", ROWS(U32_MAX, 1, U32_MAX, U32_MAX), -ERANGE },
	{ "an extent that wraps", ROWS(U32_MAX, LAST, U32_MAX, 0), -EINVAL },
	{ "one row, size wraps", ROWS(1, LAST, 0, 0, .src_offset = 1), -ERANGE },
	{ "rows*pitch of 32 bits", ROWS(0x10001, 1, 0, 0x10000), -ERANGE },
	{ "rows, offset wraps", ROWS(2, 1, 1, 1, .dst_offset = LAST - 1), -ERANGE },
	{ "rows, extent wraps", ROWS(2, LAST - 5, 16, 0), -EINVAL },

	{ "fill all by 1", FILL(1, SIZE, .value = 0xff) },
	{ "fill all by 8", FILL(8, SIZE, .value = LAST) },
	{ "fill the last 2", FILL(2, 2, .dst_offset = SIZE - 2, .value = 0xffff) },
	{ "fill by 3", FILL(3, 3), -EINVAL },
	{ "fill by 0", FILL(0, 4), -EINVAL },
	{ "fill by 16", FILL(16, 16), -EINVAL },
	{ "fill half of one", FILL(4, 6), -EINVAL },
	{ "fill from half of one", FILL(4, 4, .dst_offset = 2), -EINVAL },
	{ "fill nothing", FILL(4, 0), -EINVAL },
	{ "fill with too much, 1", FILL(1, 1, .value = 0x100), -EINVAL },
	{ "fill with too much, 4", FILL(4, 4, .value = 1ull << 32), -EINVAL },
	{ "fill over the end", FILL(8, 16, .dst_offset = SIZE - 8), -ERANGE },
	{ "fill that wraps", FILL(8, 16, .dst_offset = LAST - 7), -ERANGE },
	{ "fill what is read", CMD(FILL, .dst = RD, .elem = 1, .size = 1), -EACCES },
	{ "fill with a source", FILL(1, 1, .src = 1), -EINVAL },

	{ "write the last", WRITE64(.dst_offset = SIZE - 8, .value = LAST) },
	{ "write at the end", WRITE64(.dst_offset = SIZE), -ERANGE },
	{ "write half over it", WRITE64(.dst_offset = SIZE - 4), -EINVAL },
	{ "write that wraps", WRITE64(.dst_offset = LAST - 7), -ERANGE },
	{ "write with a size", WRITE64(.size = 8), -EINVAL },
	{ "time", CMD(TIMESTAMP, .dst = RDWR, .dst_offset = 8) },
	{ "time with a value", CMD(TIMESTAMP, .dst = RDWR, .value = 1), -EINVAL },
	{ "the longest delay", CMD(DELAY, .value = 60000000000ull) },
	{ "a longer one", CMD(DELAY, .value = 60000000001ull), -EINVAL },
	{ "a delay of a buffer", CMD(DELAY, .value = 1, .dst = 1), -EINVAL },
};

static void cmd_case_name(const struct cmd_case *c, char *name)
{
	strscpy(name, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(cmd, cmd_cases, cmd_case_name);

static void copy_arguments(struct kunit *test)
{
	const struct cmd_case *c = test->param_value;

	KUNIT_EXPECT_EQ(test, c->ret, figment_copy_check_cmd(some_job(test), &c->cmd));
}

/* A number that is small, about a power of two, or about the largest. */
static u64 any_number(struct rnd_state *random, unsigned int bits)
{
	u64 word = (u64)prandom_u32_state(random) << 32 | prandom_u32_state(random);
	u64 near = word & 3 ? 1ull << (word >> 8) % bits : 0;

	return (near - 2 + (word >> 32) % 5) & GENMASK_ULL(bits - 1, 0);
}

/* Whether @rows rows of @size, @pitch apart, end in a buffer: without any trick. */
static bool fits(const struct drm_figment_cmd *cmd, u32 pitch, u64 offset)
{
	unsigned __int128 end = (unsigned __int128)(cmd->rows - 1) * pitch + cmd->size + offset;

	return end <= SIZE;
}

static void copy_extents(struct kunit *test)
{
	struct figment_job *job = some_job(test);
	unsigned int accepted = 0, refused = 0, i;
	struct rnd_state random;

	prandom_seed_state(&random, 1);
	for (i = 0; i < 200000; i++) {
		struct drm_figment_cmd cmd = {
			.op = DRM_FIGMENT_CMD_COPY_2D, .src = RD, .dst = WR,
			.rows = any_number(&random, 32), .size = any_number(&random, 64),
			.src_pitch = any_number(&random, 32), .dst_pitch = any_number(&random, 32),
			.src_offset = any_number(&random, 64),
			.dst_offset = any_number(&random, 64),
		};
		bool shape, want;
		int ret;

		/* Many are to be near what fits. */
		if (i & 1) {
			cmd.rows %= 300;
			cmd.size %= 300;
			cmd.src_pitch %= 300;
			cmd.dst_pitch %= 300;
			cmd.src_offset %= SIZE + 2;
			cmd.dst_offset %= SIZE + 2;
		}
		shape = cmd.rows && cmd.size && (cmd.rows == 1 || cmd.dst_pitch >= cmd.size);
		want = shape && fits(&cmd, cmd.src_pitch, cmd.src_offset) &&
		       fits(&cmd, cmd.dst_pitch, cmd.dst_offset);
		ret = figment_copy_check_cmd(job, &cmd);
		KUNIT_ASSERT_EQ_MSG(test, ret, want ? 0 : shape ? -ERANGE : -EINVAL,
				    "%u rows of %llu, pitches %u %u, offsets %llu %llu",
				    cmd.rows, cmd.size, cmd.src_pitch, cmd.dst_pitch,
				    cmd.src_offset, cmd.dst_offset);
		accepted += want;
		refused += !want;
	}
	/* It says something of both. */
	KUNIT_EXPECT_GT(test, accepted, 1000);
	KUNIT_EXPECT_GT(test, refused, 1000);
}

static void copy_maps_what_commands_use(struct kunit *test)
{
	struct drm_figment_cmd cmd = CMD(NOP);
	struct figment_job *job = some_job(test);

	figment_test_calls = (struct figment_test_calls){ };
	KUNIT_EXPECT_EQ(test, 0, figment_copy_check(job));
	KUNIT_EXPECT_EQ(test, 0, figment_test_calls.vmaps);
	job->cmds = &cmd;
	job->num_cmds = 1;
	KUNIT_EXPECT_EQ(test, 0, figment_copy_check(job));
	KUNIT_EXPECT_EQ(test, NUM_BOS, figment_test_calls.vmaps);
	cmd.flags = 1;
	KUNIT_EXPECT_EQ(test, -EINVAL, figment_copy_check(job));
	KUNIT_EXPECT_EQ(test, NUM_BOS, figment_test_calls.vmaps);
}

/* Executing, with a look each @chunk bytes that sends it away each time. */

static const struct drm_figment_cmd work[] = {
	COPY(.size = 5000, .src_offset = 3, .dst_offset = 17),
	ROWS(20, 33, 40, 64, .src_offset = 5, .dst_offset = 6000),
	ROWS(50, 4, 16, 8, .src_offset = 1, .dst_offset = 9000),
	FILL(2, 600, .dst_offset = 12000, .value = 0x1234),
	FILL(8, 64, .dst_offset = 13000, .value = 0x0102030405060708ull),
	WRITE64(.dst_offset = 14000, .value = 99),
	CMD(NOP),
};

static void work_plainly(u8 *dst, const u8 *src)
{
	size_t i;

	for (i = 0; i < 5000; i++)
		dst[17 + i] = src[3 + i];
	for (i = 0; i < 20; i++)
		memcpy(dst + 6000 + i * 64, src + 5 + i * 40, 33);
	for (i = 0; i < 50; i++)
		memcpy(dst + 9000 + i * 8, src + 1 + i * 16, 4);
	for (i = 0; i < 600; i += 2)
		*(u16 *)(dst + 12000 + i) = 0x1234;
	for (i = 0; i < 64; i += 8)
		*(u64 *)(dst + 13000 + i) = 0x0102030405060708ull;
	*(u64 *)(dst + 14000) = 99;
}

static void copy_in_pieces(struct kunit *test)
{
	static const size_t chunks[] = { 1, 7, 64, 100, 4096, FIGMENT_CHUNK };
	u8 *want = kunit_kzalloc(test, SIZE, GFP_KERNEL);
	size_t i, turns;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, want);
	for (i = 0; i < ARRAY_SIZE(chunks); i++) {
		struct figment_job *job = some_job(test);
		u8 *src = job->refs[RD].bo->map.vaddr, *dst = job->refs[WR].bo->map.vaddr;
		struct rnd_state random;
		int ret;

		prandom_seed_state(&random, i);
		prandom_bytes_state(&random, src, SIZE);
		prandom_bytes_state(&random, dst, SIZE);
		memcpy(want, dst, SIZE);
		work_plainly(want, src);
		job->cmds = (struct drm_figment_cmd *)work;
		job->num_cmds = ARRAY_SIZE(work);
		KUNIT_ASSERT_EQ(test, 0, figment_copy_check(job));

		figment_test_calls = (struct figment_test_calls){
			.chunk = chunks[i], .look_result = FIGMENT_YIELD };
		for (turns = 0; turns < SIZE; turns++) {
			struct figment_turn turn = { .left = chunks[i] };

			ret = figment_copy_execute(job, &turn);
			if (ret != FIGMENT_YIELD)
				break;
		}
		KUNIT_EXPECT_EQ(test, 0, ret);
		KUNIT_EXPECT_EQ(test, turns, figment_test_calls.looks);
		KUNIT_EXPECT_TRUE(test, chunks[i] < 4096 ? turns > 1 : turns < 4);
		KUNIT_EXPECT_EQ(test, 0, memcmp(want, dst, SIZE));
	}
}

static void copy_ends_when_unwanted(struct kunit *test)
{
	struct figment_job *job = some_job(test);
	struct figment_turn turn = { };

	job->cmds = (struct drm_figment_cmd *)work;
	job->num_cmds = ARRAY_SIZE(work);
	figment_test_calls = (struct figment_test_calls){ .look_result = -ECANCELED };
	KUNIT_EXPECT_EQ(test, -ECANCELED, figment_copy_execute(job, &turn));
	KUNIT_EXPECT_EQ(test, 0, memchr_inv(job->refs[WR].bo->map.vaddr, 0, SIZE) ? 1 : 0);
	job->fault.error = -EIO;
	KUNIT_EXPECT_EQ(test, -EIO, figment_copy_execute(job, &turn));
}

static void copy_pauses(struct kunit *test)
{
	struct drm_figment_cmd delay = CMD(DELAY, .value = 500);
	struct figment_job *job = some_job(test);
	struct figment_turn turn = { .left = 4096 };

	job->cmds = &delay;
	job->num_cmds = 1;
	job->fault.signal_ns = 70;
	KUNIT_EXPECT_EQ(test, FIGMENT_PAUSE, figment_copy_execute(job, &turn));
	KUNIT_EXPECT_EQ(test, 500, job->pause_ns);
	/* After it, the fault's. */
	KUNIT_EXPECT_EQ(test, FIGMENT_PAUSE, figment_copy_execute(job, &turn));
	KUNIT_EXPECT_EQ(test, 70, job->pause_ns);
	KUNIT_EXPECT_EQ(test, 0, figment_copy_execute(job, &turn));
}

static struct kunit_case copy_suite_cases[] = {
	KUNIT_CASE_PARAM(copy_arguments, cmd_gen_params),
	KUNIT_CASE(copy_extents),
	KUNIT_CASE(copy_maps_what_commands_use),
	KUNIT_CASE(copy_in_pieces),
	KUNIT_CASE(copy_ends_when_unwanted),
	KUNIT_CASE(copy_pauses),
	{ }
};

static struct kunit_suite copy_suite = {
	.name = "figment_copy",
	.test_cases = copy_suite_cases,
};

kunit_test_suite(copy_suite);

// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: random commands of the copy engine, against a model
 *
 * Jobs of random commands on three buffers, spread over two queues that only the
 * buffers' implicit synchronisation orders; the same commands one after another
 * by the CPU. FIGMENT_SEED repeats a run.
 *
 * Catches whatever the tests with chosen values did not think of: a combination
 * of sizes, pitches and offsets that goes wrong, and writes that are not ordered.
 */
#include "kselftest_harness.h"

#include "helpers.h"

#define SIZE		(8ull * PAGE)
#define BUFFERS		3
#define JOBS		400
#define CHECK_EVERY	50

struct state {
	int fd;
	uint32_t queues[2];
	struct buffer bufs[BUFFERS];
	uint8_t *model[BUFFERS];
	uint64_t seed;
};

static uint64_t below(struct state *s, uint64_t limit)
{
	return next_random(&s->seed) % limit;
}

static struct drm_figment_cmd random_copy(struct state *s)
{
	struct drm_figment_cmd cmd = {
		.op = DRM_FIGMENT_CMD_COPY,
		.src = below(s, BUFFERS), .dst = below(s, BUFFERS),
		.size = 1 + below(s, SIZE / 2 - 1),
	};

	/* In one buffer, from one half to the other. */
	cmd.src_offset = below(s, SIZE / 2 - cmd.size + 1);
	cmd.dst_offset = SIZE / 2 + below(s, SIZE / 2 - cmd.size + 1);
	return cmd;
}

static struct drm_figment_cmd random_2d(struct state *s)
{
	struct drm_figment_cmd cmd = {
		.op = DRM_FIGMENT_CMD_COPY_2D,
		.src = below(s, BUFFERS),
		.size = 1 + below(s, 200),
		.rows = 1 + below(s, 60),
	};

	cmd.dst = (cmd.src + 1 + below(s, BUFFERS - 1)) % BUFFERS;
	if (below(s, 3) == 0)
		cmd.size = 4;
	cmd.src_pitch = below(s, 400);
	cmd.dst_pitch = cmd.size + below(s, 200);
	cmd.src_offset = below(s, SIZE - (cmd.rows - 1) * cmd.src_pitch - cmd.size + 1);
	cmd.dst_offset = below(s, SIZE - (cmd.rows - 1) * cmd.dst_pitch - cmd.size + 1);
	return cmd;
}

static struct drm_figment_cmd random_fill(struct state *s)
{
	uint32_t elem = 1u << below(s, 4);
	struct drm_figment_cmd cmd = {
		.op = DRM_FIGMENT_CMD_FILL,
		.dst = below(s, BUFFERS),
		.size = elem * (1 + below(s, 500)),
		.elem = elem,
		.value = next_random(&s->seed) >> (64 - 8 * elem),
	};

	cmd.dst_offset = elem * below(s, (SIZE - cmd.size) / elem + 1);
	return cmd;
}

static struct drm_figment_cmd random_write(struct state *s)
{
	return (struct drm_figment_cmd){
		.op = DRM_FIGMENT_CMD_WRITE64,
		.dst = below(s, BUFFERS),
		.dst_offset = 8 * below(s, SIZE / 8),
		.value = next_random(&s->seed),
	};
}

static void model(struct state *s, const struct drm_figment_cmd *cmd)
{
	uint8_t *dst = s->model[cmd->dst] + cmd->dst_offset;
	uint8_t *src = s->model[cmd->src] + cmd->src_offset;

	switch (cmd->op) {
	case DRM_FIGMENT_CMD_COPY:
		memcpy(dst, src, cmd->size);
		break;
	case DRM_FIGMENT_CMD_COPY_2D:
		for (uint32_t row = 0; row < cmd->rows; row++)
			memcpy(dst + row * cmd->dst_pitch, src + row * cmd->src_pitch,
			       cmd->size);
		break;
	case DRM_FIGMENT_CMD_FILL:
		for (uint64_t at = 0; at < cmd->size; at += cmd->elem)
			memcpy(dst + at, &cmd->value, cmd->elem);
		break;
	case DRM_FIGMENT_CMD_WRITE64:
		memcpy(dst, &cmd->value, 8);
		break;
	}
}

/* The job lists only what its commands use, in the order of the buffers. */
static int submit_random(struct state *s)
{
	struct drm_figment_cmd (*const make[])(struct state *) = {
		random_copy, random_2d, random_fill, random_write,
	};
	struct job job = { .queue = s->queues[below(s, 2)] };
	uint32_t flags[BUFFERS] = { 0 }, index[BUFFERS] = { 0 };
	uint32_t count = 1 + below(s, 8);

	while (job.num_cmds < count) {
		struct drm_figment_cmd cmd = make[below(s, ARRAY_SIZE(make))](s);

		model(s, &cmd);
		flags[cmd.dst] |= DRM_FIGMENT_BO_WRITE;
		if (cmd.op == DRM_FIGMENT_CMD_COPY || cmd.op == DRM_FIGMENT_CMD_COPY_2D)
			flags[cmd.src] |= DRM_FIGMENT_BO_READ;
		job_does(&job, cmd);
	}
	for (uint32_t i = 0; i < BUFFERS; i++) {
		index[i] = job.num_bos;
		if (flags[i])
			job_uses(&job, s->bufs[i].handle, flags[i]);
	}
	for (uint32_t i = 0; i < count; i++) {
		struct drm_figment_cmd *cmd = &job.cmds[i];

		cmd->dst = index[cmd->dst];
		if (cmd->op == DRM_FIGMENT_CMD_COPY || cmd->op == DRM_FIGMENT_CMD_COPY_2D)
			cmd->src = index[cmd->src];
	}
	return submit_file(s->fd, &job);
}

FIXTURE(random) {
	struct state s;
};

FIXTURE_VARIANT(random) {
	uint64_t seed;
};

FIXTURE_VARIANT_ADD(random, a) { .seed = 1 };
FIXTURE_VARIANT_ADD(random, b) { .seed = 20260101 };
FIXTURE_VARIANT_ADD(random, c) { .seed = 0xf19e };

FIXTURE_SETUP(random)
{
	struct state *s = &self->s;
	const char *seed = getenv("FIGMENT_SEED");

	s->seed = seed ? strtoull(seed, NULL, 0) : variant->seed;
	TH_LOG("FIGMENT_SEED=%llu", (unsigned long long)s->seed);
	s->fd = device_open();
	s->queues[0] = copy_queue(s->fd);
	s->queues[1] = copy_queue(s->fd);
	for (int i = 0; i < BUFFERS; i++) {
		s->bufs[i] = buffer_create(s->fd, SIZE);
		s->model[i] = malloc(SIZE);
		fill_random(s->bufs[i].map, SIZE, s->seed + i);
		memcpy(s->model[i], s->bufs[i].map, SIZE);
	}
}

FIXTURE_TEARDOWN(random)
{
	close(self->s.fd);
	for (int i = 0; i < BUFFERS; i++)
		free(self->s.model[i]);
}

TEST_F(random, commands)
{
	struct state *s = &self->s;
	int files[CHECK_EVERY];

	for (int n = 0; n < JOBS; n += CHECK_EVERY) {
		for (int i = 0; i < CHECK_EVERY; i++)
			files[i] = submit_random(s);
		for (int i = 0; i < CHECK_EVERY; i++) {
			ASSERT_EQ(1, settle(files[i]));
			close(files[i]);
		}
		for (int i = 0; i < BUFFERS; i++) {
			ASSERT_EQ(0, memcmp(s->model[i], s->bufs[i].map, SIZE)) {
				TH_LOG("buffer %d, jobs %d to %d", i, n, n + CHECK_EVERY);
			}
		}
	}
}

FIGMENT_HARNESS_MAIN

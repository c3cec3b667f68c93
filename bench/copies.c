// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: the copy engine against memcpy()
 *
 * Both copy between the same pages: the engine by a job, userspace through its
 * mappings of the same two buffers. One job is timed from submit to the return of
 * the wait, so that what it costs to get there and back is in it, which a small
 * copy feels; and a stream, one job of as many commands as make up 64 MiB, is the
 * engine alone. 2-D is half of each row of 4 KiB.
 *
 * Engines side by side are jobs on as many queues as there are CPUs, one each, all
 * started at once, against a single one: nine tenths of N times the rate is 1 / 0.9
 * of the time. Each has its own part of the buffers, for CPUs that write to the same
 * place wait for each other.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

#define ROW		4096u
#define STREAM		(64u << 20)
#define MOST_QUEUES	16

struct copies {
	int device;
	uint32_t queues[MOST_QUEUES], syncobjs[MOST_QUEUES];
	uint32_t num_queues;
	struct buffer src, dst;
	uint64_t size;
	bool two, stream;
	struct drm_figment_cmd *cmds;
	uint32_t num_cmds;
};

static struct drm_figment_cmd command(const struct copies *c, uint64_t offset)
{
	struct drm_figment_cmd cmd = {
		.op = c->two ? DRM_FIGMENT_CMD_COPY_2D : DRM_FIGMENT_CMD_COPY,
		.src = 0,
		.dst = 1,
		.src_offset = offset,
		.dst_offset = offset,
		.size = c->two ? ROW / 2 : c->size,
	};

	if (c->two) {
		cmd.rows = c->size / ROW;
		cmd.src_pitch = ROW;
		cmd.dst_pitch = ROW;
	}
	return cmd;
}

static void start_job(const struct copies *c, uint32_t i)
{
	struct drm_figment_sync signal = { .handle = c->syncobjs[i] };
	struct drm_figment_bo bos[] = {
		{ c->src.handle, DRM_FIGMENT_BO_READ | DRM_FIGMENT_BO_EXPLICIT },
		{ c->dst.handle, DRM_FIGMENT_BO_WRITE | DRM_FIGMENT_BO_EXPLICIT },
	};
	struct drm_figment_job job = {
		.queue = c->queues[i],
		.bos = FIGMENT_ARRAY(bos, 2),
		.signals = FIGMENT_ARRAY(&signal, 1),
		.cmds = FIGMENT_ARRAY(c->cmds + i * c->num_cmds, c->num_cmds),
	};

	must(figment_submit(c->device, &job, 1));
}

static void end_jobs(const struct copies *c, uint32_t count)
{
	must(figment_syncobj_wait(c->device, c->syncobjs, NULL, count, INT64_MAX,
				  DRM_SYNCOBJ_WAIT_FLAGS_WAIT_ALL, NULL));
}

static uint64_t engine(void *ctx, uint64_t n)
{
	struct copies *c = ctx;
	uint64_t start = now_ns();

	while (n--) {
		start_job(c, 0);
		end_jobs(c, 1);
	}
	return now_ns() - start;
}

static void by_hand(const struct copies *c, uint64_t offset)
{
	uint8_t *dst = c->dst.map + offset;
	const uint8_t *src = c->src.map + offset;

	if (!c->two) {
		memcpy(dst, src, c->size);
		return;
	}
	for (uint64_t at = 0; at < c->size; at += ROW)
		memcpy(dst + at, src + at, ROW / 2);
}

static uint64_t userspace(void *ctx, uint64_t n)
{
	struct copies *c = ctx;
	uint64_t start = now_ns();

	while (n--) {
		for (uint32_t i = 0; i < c->num_cmds; i++)
			by_hand(c, i * c->size);
	}
	return now_ns() - start;
}

static void make_commands(struct copies *c)
{
	uint32_t count;

	c->num_cmds = c->stream ? STREAM / c->size / c->num_queues : 1;
	count = c->num_cmds * c->num_queues;
	c->cmds = calloc(count, sizeof(*c->cmds));
	must_be(c->cmds);
	for (uint32_t i = 0; i < count; i++)
		c->cmds[i] = command(c, i * c->size);
}

/* Figures of a copy that copies something else are worth nothing. */
static void check(struct copies *c)
{
	uint64_t bytes = c->num_cmds * c->size;

	memset(c->dst.map, 0, bytes);
	start_job(c, 0);
	end_jobs(c, 1);
	for (uint64_t at = 0; at < bytes; at += ROW) {
		must_be(!memcmp(c->dst.map + at, c->src.map + at, c->two ? ROW / 2 : ROW));
		if (c->two)
			must_be(all_bytes(c->dst.map + at + ROW / 2, 0, ROW / 2));
	}
}

static void compare(struct copies *c, uint64_t size, bool two, bool stream)
{
	c->size = size;
	c->two = two;
	c->stream = stream;
	make_commands(c);
	check(c);
	bench_compare(&(struct bench_row){
		.name = bench_name("copy%s %s, %s / memcpy", two ? " 2-D" : "", bench_size(size),
				   stream ? "64 MiB of them in one job" : "one job, with submit and wait"),
		.target = 1.05,
		.figment = engine,
		.peer = userspace,
		.ctx = c,
	});
	free(c->cmds);
}

static void copies_open(struct copies *c, uint64_t size, uint32_t queues)
{
	c->device = device_open();
	c->num_queues = queues;
	for (uint32_t i = 0; i < queues; i++) {
		c->queues[i] = copy_queue(c->device);
		c->syncobjs[i] = syncobj_create(c->device);
	}
	c->src = buffer_create(c->device, size);
	c->dst = buffer_create(c->device, size);
	fill_random(c->src.map, size, 1);
	memset(c->dst.map, 0, size);
}

static void copies_close(struct copies *c)
{
	buffer_destroy(c->device, &c->src);
	buffer_destroy(c->device, &c->dst);
	close(c->device);
}

void bench_copies(void)
{
	static const uint64_t sizes[] = { 64 << 10, 1 << 20, 16 << 20, 256 << 20 };
	size_t count = bench_quick() ? 3 : 4;
	struct copies c = { 0 };

	copies_open(&c, bench_quick() ? STREAM : 256 << 20, 1);
	for (int two = 0; two < 2; two++) {
		for (size_t i = 0; i < count; i++)
			compare(&c, sizes[i], two, false);
		for (size_t i = 0; i < 2; i++)
			compare(&c, sizes[i], two, true);
	}
	copies_close(&c);
}

static uint64_t side_by_side(struct copies *c, uint32_t count, uint64_t n)
{
	uint64_t start = now_ns();

	while (n--) {
		for (uint32_t i = 0; i < count; i++)
			start_job(c, i);
		end_jobs(c, count);
	}
	return now_ns() - start;
}

static uint64_t all_engines(void *ctx, uint64_t n)
{
	struct copies *c = ctx;

	return side_by_side(c, c->num_queues, n);
}

static uint64_t one_engine(void *ctx, uint64_t n)
{
	return side_by_side(ctx, 1, n);
}

void bench_engines(void)
{
	uint32_t cpus = must_call(sysconf(_SC_NPROCESSORS_ONLN));
	struct copies c = { .size = 1 << 20, .stream = true };
	uint64_t rings;

	if (cpus < 2) {
		bench_skip("engines in parallel", "there is one CPU");
		return;
	}
	copies_open(&c, STREAM, cpus < MOST_QUEUES ? cpus : MOST_QUEUES);
	rings = device_param(c.device, DRM_FIGMENT_PARAM_COPY_RINGS);
	must_be(rings >= c.num_queues);
	make_commands(&c);
	bench_compare(&(struct bench_row){
		.name = bench_name("%u engines in parallel, a job each / one engine, one job",
				   c.num_queues),
		.target = 1 / 0.9,
		.figment = all_engines,
		.peer = one_engine,
		.ctx = &c,
	});
	free(c.cmds);
	copies_close(&c);
}

// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: what figment's driver adds to lavapipe where nothing is shared
 *
 * The same pictures and the same submits on both devices, from submit to the return
 * of the wait for their fence; and how long vkQueueSubmit keeps its caller, while
 * there is drawing to do.
 */
#include <time.h>

#include "picture.h"

/* What a program may have outstanding: figment keeps it, and lavapipe keeps up. */
#define BURST	100

struct side {
	struct vk vk;
	VkImage tile;
	VkFence fence;
	VkCommandBuffer picture;
};

static struct side sides[2];	/* the peer's, and figment's */
static uint32_t submits;	/* before the one with the fence */
static bool empty;

static void open_sides(void)
{
	if (sides[0].fence)
		return;
	for (int i = 0; i < 2; i++) {
		vulkan_open(&sides[i].vk, i, false);
		sides[i].tile = vulkan_tile(&sides[i].vk);
		sides[i].fence = vk_fence(&sides[i].vk, 0, 0);
	}
}

static void record(uint32_t width, uint32_t height)
{
	for (int i = 0; i < 2; i++) {
		struct side *s = &sides[i];
		VkDeviceMemory memory;
		VkImage image = vulkan_image(&s->vk, width, height, VK_IMAGE_TILING_OPTIMAL,
					     &memory);

		s->picture = vk_begin(&s->vk);
		vulkan_draw(s->picture, image, width, height, s->tile, 4);
		vk_end(s->picture);
	}
}

static void finish(struct side *s)
{
	VK(vk_fence_wait(&s->vk, s->fence));
	VK(vkResetFences(s->vk.device, 1, &s->fence));
}

static void submit(struct side *s, VkFence fence)
{
	VK(vk_submit(&s->vk, VK_NOTHING, empty ? VK_NULL_HANDLE : s->picture, VK_NOTHING, fence));
}

static uint64_t run(struct side *s, uint64_t n)
{
	uint64_t start = now_ns();

	while (n--) {
		for (uint32_t i = 0; i < submits; i++)
			submit(s, VK_NULL_HANDLE);
		submit(s, s->fence);
		finish(s);
	}
	return now_ns() - start;
}

static uint64_t run_peer(void *ctx, uint64_t n)
{
	return run(&sides[0], n);
}

static uint64_t run_figment(void *ctx, uint64_t n)
{
	return run(&sides[1], n);
}

/*
 * Where one CPU counts, whoever a submit has woken may draw before it returns: that
 * is the CPU's being one and no blocking.
 */
static uint64_t caller_ns(void)
{
	struct timespec now;

	must_call(clock_gettime(bench_quick() ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &now));
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

/* The calls alone; what they ask for is waited for between the bursts. */
static uint64_t block(struct side *s, uint64_t n)
{
	uint64_t ns = 0;

	while (n--) {
		uint64_t start = caller_ns();

		for (int i = 1; i < BURST; i++)
			submit(s, VK_NULL_HANDLE);
		submit(s, s->fence);
		ns += caller_ns() - start;
		finish(s);
	}
	return ns;
}

static uint64_t block_peer(void *ctx, uint64_t n)
{
	return block(&sides[0], n);
}

static uint64_t block_figment(void *ctx, uint64_t n)
{
	return block(&sides[1], n);
}

void bench_frame_times(void)
{
	static const struct { const char *name; uint32_t width, height; } frames[] = {
		{ "small", 64, 64 }, { "medium", 320, 240 }, { "large", 1280, 720 },
	};

	open_sides();
	submits = 0;
	empty = false;
	for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
		record(frames[i].width, frames[i].height);
		bench_compare(&(struct bench_row){
			.name = bench_name("frame time, %s (%ux%u) / lavapipe", frames[i].name,
					   frames[i].width, frames[i].height),
			.target = 1.02,
			.figment = run_figment,
			.peer = run_peer,
		});
	}
}

void bench_submits(void)
{
	open_sides();
	record(16, 16);
	submits = BURST - 1;
	bench_compare(&(struct bench_row){
		.name = bench_name("%u small submits (16x16), each / lavapipe", BURST),
		.target = 1.02,
		.figment = run_figment,
		.peer = run_peer,
		.per = BURST,
	});
	bench_compare(&(struct bench_row){
		.name = "time vkQueueSubmit blocks the caller / lavapipe",
		.target = 1.0,
		.figment = block_figment,
		.peer = block_peer,
		.per = BURST,
		/* Of the waits between, nothing is counted. */
		.max = 4,
	});
	submits = 999;
	empty = true;
	bench_compare(&(struct bench_row){
		.name = "1,000 empty submits, each / lavapipe",
		.target = 1.10,
		.figment = run_figment,
		.peer = run_peer,
		.per = 1000,
	});
}

// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: what an operation costs when there is much of something
 *
 * Each plot is the cost of one operation over how many buffers, pending jobs,
 * queues, clients or buffers in a submit there are; each point is the median of
 * a few samples. What is there stays there as the number grows.
 */
#include <stdlib.h>
#include <unistd.h>

#include "bench.h"

#define SAMPLES	7

static int compare_ns(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The median of an operation's time, in us, each sample of @n operations. */
static double cost(bench_fn fn, void *ctx, uint64_t n)
{
	double us[SAMPLES];

	fn(ctx, n);
	for (int i = 0; i < SAMPLES; i++)
		us[i] = fn(ctx, n) / 1e3 / n;
	qsort(us, SAMPLES, sizeof(us[0]), compare_ns);
	return us[SAMPLES / 2];
}

struct scene {
	int device, device_count;
	int devices[64];
	uint32_t queues[256], queue_count;
	uint32_t syncobjs[64];
	struct host host;
	struct drm_figment_bo *bos;
	uint32_t num_bos;
};

/* Buffers */

static uint64_t figment_buffer(void *ctx, uint64_t n)
{
	struct scene *s = ctx;
	uint64_t start = now_ns();
	uint32_t handle;

	while (n--) {
		must(figment_bo_create(s->device, PAGE, &handle));
		must(figment_bo_close(s->device, handle));
	}
	return now_ns() - start;
}

static uint64_t vgem_buffer(void *ctx, uint64_t n)
{
	uint64_t start = now_ns();

	while (n--)
		peer_vgem_close(peer_vgem_create(1 << 20));
	return now_ns() - start;
}

static void scale_buffers(void)
{
	struct scene s = { .device = device_open() };
	uint32_t *vgem = calloc(10000, sizeof(*vgem)), handle;
	int have = 0;

	for (int count = 1; count <= 10000; count *= 10) {
		for (; have < count; have++) {
			must(figment_bo_create(s.device, PAGE, &handle));
			vgem[have] = peer_vgem_create(1 << 20);
		}
		bench_point("buffers", "figment: create, close", count,
			    cost(figment_buffer, &s, 100));
		bench_point("buffers", "vgem: create, close", count, cost(vgem_buffer, &s, 100));
	}
	while (have--)
		peer_vgem_close(vgem[have]);
	free(vgem);
	close(s.device);
}

/* Pending jobs */

static uint64_t submit_pending(void *ctx, uint64_t n)
{
	struct scene *s = ctx;
	struct drm_figment_job job = { .queue = s->host.queue };
	uint64_t start = now_ns();

	while (n--)
		must(figment_submit(s->device, &job, 1));
	return now_ns() - start;
}

static uint64_t complete_pending(struct scene *s, uint64_t n)
{
	struct drm_figment_host_job event;
	uint64_t start = now_ns();

	while (n--) {
		wait_poll(s->host.fd, POLLIN, LONG_MS);
		must_be(must(figment_host_read(s->host.fd, &event, 1)) == 1);
		must(figment_host_complete(s->host.fd, event.seqno, 0));
	}
	return now_ns() - start;
}

static void scale_jobs(void)
{
	struct scene s = { .device = device_open() };
	uint64_t few = 16, per_point = few * (SAMPLES + 1);

	s.host = host_queue(s.device);
	for (uint64_t count = 1; count <= 10000; count *= 10) {
		submit_pending(&s, count);
		bench_point("jobs", "submit one more", count, cost(submit_pending, &s, few));
		bench_point("jobs", "execute and complete one", count,
			    complete_pending(&s, count + per_point) / 1e3 / (count + per_point));
	}
	must(figment_queue_destroy(s.device, s.host.queue));
	close(s.host.fd);
	close(s.device);
}

/* Queues and clients */

/* An empty job on each queue in turn, waited for. */
static uint64_t take_turns(void *ctx, uint64_t n)
{
	struct scene *s = ctx;
	uint64_t start = now_ns();

	for (uint64_t i = 0; i < n; i++) {
		uint32_t client = i % s->device_count;
		struct drm_figment_sync signal = { .handle = s->syncobjs[client] };
		struct drm_figment_job job = {
			.queue = s->queues[i % s->queue_count],
			.signals = FIGMENT_ARRAY(&signal, 1),
		};

		must(figment_submit(s->devices[client], &job, 1));
		must(figment_syncobj_wait(s->devices[client], &s->syncobjs[client], NULL, 1,
					  INT64_MAX, 0, NULL));
	}
	return now_ns() - start;
}

static void scale_queues(void)
{
	struct scene s = { .device_count = 1 };

	s.devices[0] = device_open();
	s.syncobjs[0] = syncobj_create(s.devices[0]);
	for (uint32_t count = 1; count <= 256; count *= 4) {
		while (s.queue_count < count)
			s.queues[s.queue_count++] = copy_queue(s.devices[0]);
		bench_point("queues", "empty job on each in turn", count,
			    cost(take_turns, &s, 256));
	}
	close(s.devices[0]);
}

static void scale_clients(void)
{
	struct scene s = { 0 };

	for (int count = 1; count <= 64; count *= 4) {
		while (s.device_count < count) {
			int device = device_open();

			s.queues[s.device_count] = copy_queue(device);
			s.syncobjs[s.device_count] = syncobj_create(device);
			s.devices[s.device_count++] = device;
		}
		s.queue_count = count;
		bench_point("clients", "empty job of each in turn", count,
			    cost(take_turns, &s, 256));
	}
	while (s.device_count--)
		close(s.devices[s.device_count]);
}

/* Buffers in one submit */

static uint64_t submit_buffers(void *ctx, uint64_t n)
{
	struct scene *s = ctx;
	struct drm_figment_sync signal = { .handle = s->syncobjs[0] };
	struct drm_figment_job job = {
		.queue = s->queues[0],
		.bos = FIGMENT_ARRAY(s->bos, s->num_bos),
		.signals = FIGMENT_ARRAY(&signal, 1),
	};
	uint64_t start = now_ns();

	while (n--) {
		must(figment_submit(s->device, &job, 1));
		must(figment_syncobj_wait(s->device, s->syncobjs, NULL, 1, INT64_MAX, 0, NULL));
	}
	return now_ns() - start;
}

static void scale_submit(void)
{
	struct scene s = { .device = device_open() };

	s.queues[0] = copy_queue(s.device);
	s.syncobjs[0] = syncobj_create(s.device);
	s.bos = calloc(DRM_FIGMENT_MAX_REFS, sizeof(*s.bos));
	must_be(s.bos);
	for (uint32_t count = 1; count <= DRM_FIGMENT_MAX_REFS; count *= 4) {
		for (; s.num_bos < count; s.num_bos++) {
			s.bos[s.num_bos].flags = DRM_FIGMENT_BO_WRITE;
			must(figment_bo_create(s.device, PAGE, &s.bos[s.num_bos].handle));
		}
		bench_point("submit", "submit, wait: each buffer", count,
			    cost(submit_buffers, &s, count < 256 ? 64 : 4) / count);
	}
	free(s.bos);
	close(s.device);
}

void bench_scaling(void)
{
	scale_buffers();
	scale_jobs();
	scale_queues();
	scale_clients();
	scale_submit();
}

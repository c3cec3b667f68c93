// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: what a job costs that does nothing
 *
 * From submit to the return of a wait for its syncobj, a copy job and a host job,
 * against as many wake-up round trips between threads as such hand-offs need; and
 * a thousand at once, until the last is complete, against as many empty ioctls.
 */
#include <pthread.h>
#include <unistd.h>

#include "bench.h"

struct jobs {
	int device;
	uint32_t copy, syncobj;
	struct host host;
};

static void run_to_end(struct jobs *j, struct drm_figment_job *jobs, uint32_t count)
{
	must(figment_submit(j->device, jobs, count));
	must(figment_syncobj_wait(j->device, &j->syncobj, NULL, 1, INT64_MAX, 0, NULL));
}

static uint64_t run_jobs(struct jobs *j, uint32_t queue, uint64_t n)
{
	struct drm_figment_sync signal = { .handle = j->syncobj };
	struct drm_figment_job job = { .queue = queue, .signals = FIGMENT_ARRAY(&signal, 1) };
	uint64_t start = now_ns();

	while (n--)
		run_to_end(j, &job, 1);
	return now_ns() - start;
}

static uint64_t copy_jobs(void *ctx, uint64_t n)
{
	struct jobs *j = ctx;

	return run_jobs(j, j->copy, n);
}

static uint64_t host_jobs(void *ctx, uint64_t n)
{
	struct jobs *j = ctx;

	return run_jobs(j, j->host.queue, n);
}

static void *execute(void *arg)
{
	struct drm_figment_host_job event;
	const struct jobs *j = arg;

	while (figment_host_read(j->host.fd, &event, 1) == 1)
		must(figment_host_complete(j->host.fd, event.seqno, 0));
	return NULL;
}

static uint64_t wake_once(void *ctx, uint64_t n)
{
	return peer_wake(n);
}

static uint64_t wake_twice(void *ctx, uint64_t n)
{
	return peer_wake(2 * n);
}

static uint64_t batches(void *ctx, uint64_t n)
{
	static struct drm_figment_job args[DRM_FIGMENT_MAX_JOBS];
	struct jobs *j = ctx;
	struct drm_figment_sync signal = { .handle = j->syncobj };
	uint64_t start = now_ns();

	for (int i = 0; i < DRM_FIGMENT_MAX_JOBS; i++)
		args[i] = (struct drm_figment_job){ .queue = j->copy };
	args[DRM_FIGMENT_MAX_JOBS - 1].signals = FIGMENT_ARRAY(&signal, 1);
	while (n--)
		run_to_end(j, args, DRM_FIGMENT_MAX_JOBS);
	return now_ns() - start;
}

static uint64_t empty_ioctls(void *ctx, uint64_t n)
{
	return peer_empty_ioctls(n * DRM_FIGMENT_MAX_JOBS);
}

void bench_jobs(void)
{
	struct jobs j = { .device = device_open() };
	pthread_t executor;

	j.copy = copy_queue(j.device);
	j.syncobj = syncobj_create(j.device);
	must(figment_queue_create(j.device, DRM_FIGMENT_ENGINE_HOST,
				  DRM_FIGMENT_PRIORITY_NORMAL, 0, &j.host.queue, &j.host.fd));
	must(-pthread_create(&executor, NULL, execute, &j));
	peer_wake_start();

	bench_compare(&(struct bench_row){
		.name = "empty copy job: submit, wait / a wake-up round trip",
		.target = 1.5,
		.figment = copy_jobs,
		.peer = wake_once,
		.ctx = &j,
	});
	bench_compare(&(struct bench_row){
		.name = "empty host job: submit, execute, wait / two wake-up round trips",
		.target = 1.5,
		.figment = host_jobs,
		.peer = wake_twice,
		.ctx = &j,
	});
	bench_compare(&(struct bench_row){
		.name = "1,024 empty jobs in one submit, each / an empty ioctl",
		.target = 3,
		.figment = batches,
		.peer = empty_ioctls,
		.ctx = &j,
		.per = DRM_FIGMENT_MAX_JOBS,
	});
	must(figment_queue_destroy(j.device, j.host.queue));
	must(-pthread_join(executor, NULL));
	close(j.host.fd);
	close(j.device);
}

// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: what figment's selftests share: devices, buffers, jobs, fences
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "kselftest.h"

#include "helpers.h"

long errno_result(long result)
{
	return result == -1 ? -errno : result;
}

long must_result(long result, const char *what, const char *file, int line)
{
	if (result >= 0)
		return result;
	fprintf(stderr, "# %s:%d: %s: %ld (%s)\n", file, line, what, result,
		strerror(-result));
	_exit(KSFT_FAIL);
}

void must_hold(bool condition, const char *what, const char *file, int line)
{
	if (condition)
		return;
	fprintf(stderr, "# %s:%d: not so: %s\n", file, line, what);
	_exit(KSFT_FAIL);
}

/* Devices and files */

void require_device(void)
{
	int fd = figment_open(0);

	if (fd < 0) {
		ksft_print_header();
		ksft_exit_skip("no figment device: %s\n", strerror(-fd));
	}
	close(fd);
}

int device_open(void)
{
	return must(figment_open(0));
}

uint64_t device_param(int fd, uint32_t which)
{
	uint64_t value;

	must(figment_get_param(fd, which, &value));
	return value;
}

int count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0, fd;

	must_be(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	/* One that is reserved but not installed is in no directory, only busy. */
	for (fd = 0; fd < 256; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			continue;
		if (dup2(STDIN_FILENO, fd) >= 0)
			close(fd);
		else
			n += errno == EBUSY;
	}
	return n;
}

int wait_poll(int fd, short events, int timeout_ms)
{
	struct pollfd p = { .fd = fd, .events = events };
	int ret;

	do {
		ret = poll(&p, 1, timeout_ms);
	} while (ret < 0 && errno == EINTR);
	must_call(ret);
	return ret ? p.revents : 0;
}

bool can_poll(int fd, short events)
{
	return wait_poll(fd, events, 0) & events;
}

void moment(void)
{
	usleep(MOMENT_MS * 1000);
}

uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

int raw_ioctl(int fd, unsigned long request, void *arg)
{
	return errno_result(ioctl(fd, request, arg));
}

/* Buffers */

struct buffer buffer_create(int fd, uint64_t size)
{
	struct drm_figment_gem_info info;
	struct buffer buf;
	void *map;

	must(figment_bo_create(fd, size, &buf.handle));
	must(figment_bo_info(fd, buf.handle, &info));
	must(figment_bo_map(fd, buf.handle, NULL, &map));
	buf.size = info.size;
	buf.map = map;
	return buf;
}

void buffer_destroy(int fd, struct buffer *buf)
{
	must_call(munmap(buf->map, buf->size));
	must(figment_bo_close(fd, buf->handle));
}

int buffer_export(int fd, const struct buffer *buf)
{
	int dmabuf;

	must(figment_bo_export(fd, buf->handle, &dmabuf));
	return dmabuf;
}

/* Every seed gives other bytes; the same one always the same. */
uint64_t next_random(uint64_t *seed)
{
	uint64_t z = *seed += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

void fill_random(void *to, size_t size, uint64_t seed)
{
	uint8_t *at = to;

	while (size) {
		uint64_t word = next_random(&seed);
		size_t n = size < sizeof(word) ? size : sizeof(word);

		memcpy(at, &word, n);
		at += n;
		size -= n;
	}
}

bool all_bytes(const void *from, uint8_t value, size_t size)
{
	const uint8_t *p = from;

	return !size || (p[0] == value && !memcmp(p, p + 1, size - 1));
}

/* Jobs */

void job_uses(struct job *job, uint32_t handle, uint32_t flags)
{
	must_be(job->num_bos < JOB_ROOM);
	job->bos[job->num_bos++] = (struct drm_figment_bo){ .handle = handle, .flags = flags };
}

static struct drm_figment_sync syncobj_sync(uint32_t syncobj, uint64_t point)
{
	return (struct drm_figment_sync){
		.type = point ? DRM_FIGMENT_SYNC_TIMELINE : DRM_FIGMENT_SYNC_BINARY,
		.handle = syncobj,
		.point = point,
	};
}

static struct drm_figment_sync file_sync(int sync_file)
{
	return (struct drm_figment_sync){ .type = DRM_FIGMENT_SYNC_FILE, .fd = sync_file };
}

void job_waits(struct job *job, uint32_t syncobj, uint64_t point)
{
	must_be(job->num_waits < JOB_ROOM);
	job->waits[job->num_waits++] = syncobj_sync(syncobj, point);
}

void job_waits_file(struct job *job, int sync_file)
{
	must_be(job->num_waits < JOB_ROOM);
	job->waits[job->num_waits++] = file_sync(sync_file);
}

void job_signals(struct job *job, uint32_t syncobj, uint64_t point)
{
	must_be(job->num_signals < JOB_ROOM);
	job->signals[job->num_signals++] = syncobj_sync(syncobj, point);
}

const int *job_signals_file(struct job *job)
{
	must_be(job->num_signals < JOB_ROOM);
	job->signals[job->num_signals] = file_sync(-1);
	return &job->signals[job->num_signals++].fd;
}

void job_does(struct job *job, struct drm_figment_cmd cmd)
{
	must_be(job->num_cmds < JOB_ROOM);
	job->cmds[job->num_cmds++] = cmd;
}

void job_writes(struct job *job, uint32_t handle, uint32_t flags, uint64_t value)
{
	job_does(job, (struct drm_figment_cmd){
		.op = DRM_FIGMENT_CMD_WRITE64,
		.dst = job->num_bos,
		.value = value,
	});
	job_uses(job, handle, DRM_FIGMENT_BO_WRITE | flags);
}

void job_copies(struct job *job, uint32_t src, uint32_t dst, uint64_t size)
{
	job_does(job, (struct drm_figment_cmd){
		.op = DRM_FIGMENT_CMD_COPY,
		.src = job->num_bos,
		.dst = job->num_bos + 1,
		.size = size,
	});
	job_uses(job, src, DRM_FIGMENT_BO_READ);
	job_uses(job, dst, DRM_FIGMENT_BO_WRITE);
}

int submit_jobs(int fd, struct job *jobs, uint32_t count)
{
	struct drm_figment_job *args = calloc(count, sizeof(*args));
	uint32_t i;
	int ret;

	must_be(args);
	for (i = 0; i < count; i++)
		args[i] = (struct drm_figment_job){
			.queue = jobs[i].queue,
			.user_data = jobs[i].user_data,
			.bos = FIGMENT_ARRAY(jobs[i].bos, jobs[i].num_bos),
			.waits = FIGMENT_ARRAY(jobs[i].waits, jobs[i].num_waits),
			.signals = FIGMENT_ARRAY(jobs[i].signals, jobs[i].num_signals),
			.cmds = FIGMENT_ARRAY(jobs[i].cmds, jobs[i].num_cmds),
		};
	ret = figment_submit(fd, args, count);
	for (i = 0; i < count; i++)
		jobs[i].seqno = args[i].seqno;
	free(args);
	return ret;
}

int submit_job(int fd, struct job *job)
{
	return submit_jobs(fd, job, 1);
}

int submit_file(int fd, struct job *job)
{
	const int *file = job_signals_file(job);

	must(submit_job(fd, job));
	return *file;
}

/* Queues and executors */

uint32_t copy_queue(int fd)
{
	uint32_t queue;

	must(figment_queue_create(fd, DRM_FIGMENT_ENGINE_COPY, DRM_FIGMENT_PRIORITY_NORMAL,
				  0, &queue, NULL));
	return queue;
}

struct host host_queue(int fd)
{
	struct host host;

	must(figment_queue_create(fd, DRM_FIGMENT_ENGINE_HOST, DRM_FIGMENT_PRIORITY_NORMAL,
				  DRM_FIGMENT_QUEUE_NONBLOCK, &host.queue, &host.fd));
	return host;
}

struct drm_figment_queue_query queue_query(int fd, uint32_t queue)
{
	struct drm_figment_queue_query query;

	must(figment_queue_query(fd, queue, &query));
	return query;
}

int host_pending(int fd, const struct host *host, uint64_t *seqno)
{
	struct job job = { .queue = host->queue };
	int file = submit_file(fd, &job);

	if (seqno)
		*seqno = job.seqno;
	return file;
}

struct drm_figment_host_job host_take(int host_fd)
{
	struct drm_figment_host_job job;

	must_be(wait_poll(host_fd, POLLIN, LONG_MS) & POLLIN);
	must_be(must(figment_host_read(host_fd, &job, 1)) == 1);
	return job;
}

bool host_idle(int host_fd)
{
	return !wait_poll(host_fd, POLLIN, MOMENT_MS);
}

void host_done(int host_fd, int status)
{
	must(figment_host_complete(host_fd, host_take(host_fd).seqno, status));
}

/* Fences */

bool pending(int sync_file)
{
	return !must(figment_sync_file_status(sync_file)) && !can_poll(sync_file, POLLIN);
}

bool stays_pending(int sync_file)
{
	moment();
	return pending(sync_file);
}

int settle(int sync_file)
{
	if (figment_sync_file_wait(sync_file, LONG_MS))
		return 0;
	return figment_sync_file_status(sync_file);
}

uint32_t syncobj_create(int fd)
{
	uint32_t syncobj;

	must(figment_syncobj_create(fd, false, &syncobj));
	return syncobj;
}

int syncobj_settle(int fd, uint32_t syncobj, uint64_t point)
{
	return figment_syncobj_wait(fd, &syncobj, point ? &point : NULL, 1,
				    now_ns() + LONG_MS * 1000000ll,
				    DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT, NULL);
}

int syncobj_state(int fd, uint32_t syncobj, uint64_t point)
{
	return figment_syncobj_wait(fd, &syncobj, point ? &point : NULL, 1, 0, 0, NULL);
}

bool dmabuf_idle(int dmabuf, bool write)
{
	return can_poll(dmabuf, write ? POLLOUT : POLLIN);
}

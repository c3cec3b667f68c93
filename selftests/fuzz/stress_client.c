// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: one of the stress test's clients
 *
 * It does one thing after another, as its seed has it, with what it has and what
 * others gave it, while its second thread waits. How many of its jobs may be
 * outstanding is bounded, so that no chain of them gets so long that waiting for
 * it, at a time-out for each job that hangs, takes longer than a wait may.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <signal.h>
#include <unistd.h>

#include "helpers.h"
#include "stress.h"
#include "system.h"

#define HELD		6
#define OUTSTANDING	12
#define SIZE		(4 * PAGE)

/**
 * struct client - what a client has
 * @fd: the device
 * @seed: of what it does
 * @copy: copy queues
 * @hosts: host queues, each with an executor's fd
 * @executors: executors' fds, own and others'; -1 for none
 * @buffers: its own
 * @shared: buffers that were somebody's
 * @syncobjs: own and others'
 * @files: sync_files, own and others'
 * @recent: of its latest jobs; the next one comes when the oldest is complete
 * @next: the oldest
 * @late: jobs that were read and will be completed later, of @late_fds
 */
struct client {
	int fd;
	uint64_t seed;
	uint32_t copy[2];
	struct host hosts[2];
	int executors[HELD];
	struct buffer buffers[3];
	uint32_t shared[HELD];
	uint32_t syncobjs[HELD];
	int files[HELD];
	int recent[OUTSTANDING];
	unsigned int next;
	int late_fds[HELD];
	uint64_t late[HELD];
	/* The waiter's: a sync_file to wait for, or a point of a syncobj */
	pthread_mutex_t lock;
	int wait_file;
	uint32_t wait_syncobj;
	uint64_t wait_point;
};

static unsigned int draw(struct client *c, unsigned int limit)
{
	return next_random(&c->seed) % limit;
}

static void replace_fd(int *slot, int fd)
{
	int old = *slot;

	*slot = fd;
	if (old >= 0)
		close(old);
}

/* The waiter */

static bool file_returns(int file)
{
	if (!figment_sync_file_wait(file, BOUND_MS))
		return true;
	atomic_fetch_add(figment_sync_file_status(file) ? &all->lost : &all->hung, 1);
	return false;
}

static bool point_returns(int fd, uint32_t syncobj, uint64_t point)
{
	int64_t until = now_ns() + BOUND_MS * 1000000ll;
	int ret = figment_syncobj_wait(fd, &syncobj, &point, 1, until, 0, NULL);

	if (ret != -ETIME)
		return true;
	ret = figment_syncobj_wait(fd, &syncobj, &point, 1, 0, 0, NULL);
	atomic_fetch_add(ret ? &all->hung : &all->lost, 1);
	return false;
}

static void *waiter(void *data)
{
	struct client *c = data;

	for (;;) {
		uint32_t syncobj;
		uint64_t point;
		int file;

		pthread_mutex_lock(&c->lock);
		file = c->wait_file;
		syncobj = c->wait_syncobj;
		point = c->wait_point;
		c->wait_file = -1;
		c->wait_syncobj = 0;
		pthread_mutex_unlock(&c->lock);
		if (file >= 0) {
			if (file_returns(file))
				atomic_fetch_add(&all->waits, 1);
			close(file);
		}
		if (syncobj && point_returns(c->fd, syncobj, point))
			atomic_fetch_add(&all->waits, 1);
		if (file < 0 && !syncobj) {
			if (all->stop)
				return NULL;
			usleep(1000);
		}
	}
}

static void have_waited(struct client *c, int file, uint32_t syncobj, uint64_t point)
{
	pthread_mutex_lock(&c->lock);
	if (file >= 0 && c->wait_file < 0)
		c->wait_file = fcntl(file, F_DUPFD_CLOEXEC, 0);
	if (syncobj && !c->wait_syncobj) {
		c->wait_syncobj = syncobj;
		c->wait_point = point;
	}
	pthread_mutex_unlock(&c->lock);
}

/* Submitting */

static void add_buffers(struct client *c, struct job *job)
{
	uint32_t own = c->buffers[draw(c, 2)].handle, other = c->shared[draw(c, HELD)];
	uint32_t flags = draw(c, 8) ? 0 : DRM_FIGMENT_BO_EXPLICIT;

	job_uses(job, own, flags | (draw(c, 2) ? DRM_FIGMENT_BO_READ : DRM_FIGMENT_BO_WRITE |
				    DRM_FIGMENT_BO_READ));
	if (other && other != own && draw(c, 2))
		job_uses(job, other, flags | DRM_FIGMENT_BO_READ | DRM_FIGMENT_BO_WRITE);
}

static void add_waits(struct client *c, struct job *job)
{
	int file = c->files[draw(c, HELD)];
	uint32_t syncobj = c->syncobjs[draw(c, HELD)];
	uint64_t point;

	if (file >= 0 && draw(c, 2))
		job_waits_file(job, file);
	/* There may be nothing to wait for yet, in a syncobj that is new. */
	if (syncobj && draw(c, 2) && !figment_syncobj_query(c->fd, syncobj, &point) && point)
		job_waits(job, syncobj, point);
}

static void add_commands(struct client *c, struct job *job)
{
	unsigned int last = job->num_bos - 1;

	if (job->bos[last].flags & DRM_FIGMENT_BO_WRITE)
		job_does(job, (struct drm_figment_cmd){
			.op = DRM_FIGMENT_CMD_FILL, .dst = last, .size = PAGE, .elem = 8,
			.value = next_random(&c->seed) });
	if (!draw(c, 8))
		job_does(job, (struct drm_figment_cmd){
			.op = DRM_FIGMENT_CMD_DELAY, .value = 1000000 * draw(c, 20) });
}

/* A queue that was lost is replaced by a new one. */
static void renew(struct client *c, uint32_t queue)
{
	for (int i = 0; i < 2; i++) {
		if (c->copy[i] == queue) {
			figment_queue_destroy(c->fd, queue);
			c->copy[i] = copy_queue(c->fd);
		} else if (c->hosts[i].queue == queue) {
			figment_queue_destroy(c->fd, queue);
			close(c->hosts[i].fd);
			c->hosts[i] = host_queue(c->fd);
		}
	}
}

static void submit(struct client *c)
{
	int *oldest = &c->recent[c->next % OUTSTANDING];
	bool host = draw(c, 2);
	struct job job = { .queue = host ? c->hosts[draw(c, 2)].queue : c->copy[draw(c, 2)] };
	uint32_t syncobj = c->syncobjs[draw(c, HELD)];
	const int *file = job_signals_file(&job);
	/* Points have to grow, whoever adds them. */
	uint64_t point = now_ns();
	int ret;

	if (*oldest >= 0 && !figment_sync_file_status(*oldest))
		return;
	add_buffers(c, &job);
	add_waits(c, &job);
	if (!host)
		add_commands(c, &job);
	if (syncobj)
		job_signals(&job, syncobj, point);
	ret = submit_job(c->fd, &job);
	if (ret == -ECANCELED) {
		renew(c, job.queue);
		atomic_fetch_add(&all->refused, 1);
		return;
	}
	if (ret) {
		atomic_fetch_add(&all->odd, 1);
		all->odd_error = ret;
		return;
	}
	atomic_fetch_add(&all->jobs, 1);
	c->next++;
	replace_fd(oldest, fcntl(*file, F_DUPFD_CLOEXEC, 0));
	replace_fd(&c->files[draw(c, HELD)], *file);
	have_waited(c, draw(c, 2) ? *file : -1, syncobj, point);
}

/* A fill and a copy in a queue and buffers of nobody else's: are they what they say? */
static void check(struct client *c)
{
	uint64_t value = next_random(&c->seed);
	struct buffer from = buffer_create(c->fd, SIZE), *to = &c->buffers[2];
	uint32_t queue = copy_queue(c->fd);
	struct job jobs[2] = { { .queue = queue }, { .queue = queue } };
	const uint64_t *got = (void *)to->map;
	bool same = true;
	const int *file;

	job_does(&jobs[0], (struct drm_figment_cmd){
		.op = DRM_FIGMENT_CMD_FILL, .size = SIZE, .elem = 8, .value = value });
	job_uses(&jobs[0], from.handle, DRM_FIGMENT_BO_WRITE);
	job_copies(&jobs[1], from.handle, to->handle, SIZE);
	file = job_signals_file(&jobs[1]);
	must(submit_jobs(c->fd, jobs, 2));
	if (file_returns(*file) && figment_sync_file_status(*file) == 1) {
		for (unsigned int i = 0; i < SIZE / 8; i++)
			same = same && got[i] == value;
		atomic_fetch_add(same ? &all->checked : &all->wrong, 1);
	}
	atomic_fetch_add(&all->jobs, 2);
	close(*file);
	must(figment_queue_destroy(c->fd, queue));
	buffer_destroy(c->fd, &from);
}

/* Executing */

static void execute_one(struct client *c, int fd, uint64_t seqno)
{
	unsigned int i;

	switch (draw(c, 64)) {
	case 0:
		/* Never: its queue will be lost. */
		return;
	case 1 ... 6:
		i = draw(c, HELD);
		if (c->late_fds[i] < 0) {
			c->late_fds[i] = fcntl(fd, F_DUPFD_CLOEXEC, 0);
			c->late[i] = seqno;
			return;
		}
		break;
	}
	/* Somebody else may have it by now, or the queue may be lost. */
	figment_host_complete(fd, seqno, draw(c, 8) ? 0 : -EIO);
	atomic_fetch_add(&all->executed, 1);
}

static bool execute_all(struct client *c, int fd)
{
	struct drm_figment_host_job jobs[4];
	int n = figment_host_read(fd, jobs, 4);

	for (int i = 0; i < n; i++)
		execute_one(c, fd, jobs[i].seqno);
	return n != 0;
}

static void execute(struct client *c)
{
	for (int i = 0; i < 2; i++)
		execute_all(c, c->hosts[i].fd);
	for (int i = 0; i < HELD; i++)
		if (c->executors[i] >= 0 && !execute_all(c, c->executors[i]))
			replace_fd(&c->executors[i], -1);
	for (int i = 0; i < HELD; i++)
		if (c->late_fds[i] >= 0 && !draw(c, 4)) {
			figment_host_complete(c->late_fds[i], c->late[i], 0);
			replace_fd(&c->late_fds[i], -1);
		}
}

static void suffer(struct client *c)
{
	struct drm_figment_queue_fault fault = {
		.queue = draw(c, 2) ? c->copy[draw(c, 2)] : c->hosts[draw(c, 2)].queue,
		.seed = draw(c, 100),
	};

	switch (draw(c, 6)) {
	case 0:
		fault.delay_run_ns = 1000000 * draw(c, 30);
		break;
	case 1:
		fault.delay_signal_ns = 1000000 * draw(c, 30);
		break;
	case 2:
		fault.jitter_ns = 1000000 * draw(c, 10);
		break;
	case 3:
		fault.fail_nth = 1 + draw(c, 8);
		fault.error = -EIO;
		break;
	case 4:
		fault.hang_nth = 1 + draw(c, 32);
		break;
	}
	must(figment_queue_fault(c->fd, &fault));
}

/* Sharing */

enum gift { GIFT_DMABUF, GIFT_SYNCOBJ, GIFT_FILE, GIFT_EXECUTOR, NUM_GIFTS };

static void give(struct client *c)
{
	enum gift kind = draw(c, NUM_GIFTS);
	uint32_t syncobj;
	int fd = -1;

	switch (kind) {
	case GIFT_DMABUF:
		fd = buffer_export(c->fd, &c->buffers[draw(c, 2)]);
		break;
	case GIFT_SYNCOBJ:
		syncobj = c->syncobjs[draw(c, HELD)];
		if (syncobj)
			must(figment_syncobj_export(c->fd, syncobj, &fd));
		break;
	case GIFT_FILE:
		fd = fcntl(c->files[draw(c, HELD)], F_DUPFD_CLOEXEC, 0);
		break;
	default:
		fd = fcntl(c->hosts[draw(c, 2)].fd, F_DUPFD_CLOEXEC, 0);
		break;
	}
	if (fd < 0)
		return;
	if (!fd_send(all->pool[0], fd, kind, MSG_DONTWAIT))
		atomic_fetch_add(&all->given, 1);
	close(fd);
}

static void take_buffer(struct client *c, int dmabuf)
{
	uint32_t handle, *slot = &c->shared[draw(c, HELD)];

	must(figment_bo_import(c->fd, dmabuf, &handle));
	/* One of its own comes back as what it is, and what it has twice is one. */
	for (int i = 0; i < 3; i++)
		if (handle == c->buffers[i].handle)
			return;
	for (int i = 0; i < HELD; i++)
		if (handle == c->shared[i])
			return;
	if (*slot)
		must(figment_bo_close(c->fd, *slot));
	*slot = handle;
	if (!draw(c, 4)) {
		int file;

		/* Somebody's, and to be waited for as it is. */
		must(figment_dmabuf_export_fence(dmabuf, true, &file));
		replace_fd(&c->files[draw(c, HELD)], file);
		have_waited(c, file, 0, 0);
	}
}

static void take(struct client *c)
{
	uint32_t handle, *slot;
	unsigned char kind;
	int fd = fd_recv(all->pool[1], &kind, MSG_DONTWAIT);

	if (fd < 0)
		return;
	atomic_fetch_add(&all->taken, 1);
	switch (kind) {
	case GIFT_DMABUF:
		take_buffer(c, fd);
		close(fd);
		break;
	case GIFT_SYNCOBJ:
		must(figment_syncobj_import(c->fd, fd, &handle));
		close(fd);
		slot = &c->syncobjs[draw(c, HELD)];
		/* The waiter may be waiting for the one that goes: that has to work. */
		if (*slot)
			must(figment_syncobj_destroy(c->fd, *slot));
		*slot = handle;
		break;
	case GIFT_FILE:
		replace_fd(&c->files[draw(c, HELD)], fd);
		have_waited(c, fd, 0, 0);
		break;
	case GIFT_EXECUTOR:
		replace_fd(&c->executors[draw(c, HELD)], fd);
		break;
	}
}

/* Clients */

static void client_open(struct client *c)
{
	c->fd = device_open();
	for (int i = 0; i < 2; i++) {
		c->copy[i] = copy_queue(c->fd);
		c->hosts[i] = host_queue(c->fd);
	}
	for (int i = 0; i < 3; i++)
		c->buffers[i] = buffer_create(c->fd, SIZE);
	c->syncobjs[0] = syncobj_create(c->fd);
	c->syncobjs[1] = syncobj_create(c->fd);
	memset(c->executors, -1, sizeof(c->executors));
	memset(c->files, -1, sizeof(c->files));
	memset(c->late_fds, -1, sizeof(c->late_fds));
	memset(c->recent, -1, sizeof(c->recent));
	c->wait_file = -1;
	pthread_mutex_init(&c->lock, NULL);
}

static void step(struct client *c)
{
	switch (draw(c, 32)) {
	case 0 ... 11:
		submit(c);
		break;
	case 12 ... 19:
		execute(c);
		break;
	case 20 ... 22:
		give(c);
		break;
	case 23 ... 26:
		take(c);
		break;
	case 27:
		check(c);
		break;
	case 28:
		suffer(c);
		break;
	case 29:
		replace_fd(&c->files[draw(c, HELD)], -1);
		break;
	case 30:
		/* Rarely, as one that hangs takes its time to be lost. */
		if (!draw(c, 100))
			renew(c, draw(c, 2) ? c->copy[draw(c, 2)] : c->hosts[draw(c, 2)].queue);
		break;
	default:
		usleep(1000 * draw(c, 5));
	}
}

void client_run(uint64_t seed)
{
	struct client c = { .seed = seed };
	pthread_t thread;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	client_open(&c);
	must(-pthread_create(&thread, NULL, waiter, &c));
	while (!all->stop)
		step(&c);
	/* Its own jobs are executed to the end, so that whoever waits sees it. */
	for (int i = 0; i < 200; i++) {
		execute(&c);
		usleep(2000);
	}
	pthread_join(thread, NULL);
	_exit(0);
}

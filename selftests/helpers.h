/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef FIGMENT_SELFTESTS_HELPERS_H
#define FIGMENT_SELFTESTS_HELPERS_H

/**
 * DOC: what figment's selftests share
 *
 * Steps that a test needs but does not test go through must(), which ends the
 * process with a line that says where. What a test is about is asserted with the
 * harness, in the test.
 *
 * A state is looked at in one of four ways: pending() (now), stays_pending()
 * (after a moment in which something wrong would have happened), settle() (wait,
 * as long as it takes on any machine, and say how it ended), and host_idle().
 */

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "figment.h"

/* Longer than anything takes on a slow machine: to get here is a failure. */
#define LONG_MS		20000
/* In which what must not happen would have happened. */
#define MOMENT_MS	60
/* What a test may take; the harness's own 30 s a busy machine may need for one. */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT	120

#define PAGE		4096u

/**
 * must() - a step that has to work for the test to make sense
 * @expr: an expression whose negative value is an errno
 */
#define must(expr)	must_result((expr), #expr, __FILE__, __LINE__)
/** must_call() - likewise for what returns -1 and sets errno */
#define must_call(expr)	must_result(errno_result(expr), #expr, __FILE__, __LINE__)
/** must_be() - likewise, for a condition */
#define must_be(expr)	must_hold((expr), #expr, __FILE__, __LINE__)

long must_result(long result, const char *what, const char *file, int line);
void must_hold(bool condition, const char *what, const char *file, int line);
long errno_result(long result);

/* Devices and files */

/** require_device() - ends the program as skipped where there is no figment */
void require_device(void);
int device_open(void);
uint64_t device_param(int fd, uint32_t which);
/** count_fds() - how many fds there are, those included that are only reserved */
int count_fds(void);
/** can_poll() - whether poll() on an fd gives one of @events right now */
bool can_poll(int fd, short events);
/** wait_poll() - wait for one of @events; the revents, 0 at the time-out */
int wait_poll(int fd, short events, int timeout_ms);
void moment(void);
uint64_t now_ns(void);
/** raw_ioctl() - an ioctl that is not restarted; 0 or a negative errno */
int raw_ioctl(int fd, unsigned long request, void *arg);

/* Buffers: created, mapped and all zero */

struct buffer {
	uint32_t handle;
	uint64_t size;
	uint8_t *map;
};

struct buffer buffer_create(int fd, uint64_t size);
void buffer_destroy(int fd, struct buffer *buf);
int buffer_export(int fd, const struct buffer *buf);
/** fill_random() - bytes that a seed determines */
void fill_random(void *to, size_t size, uint64_t seed);
uint64_t next_random(uint64_t *seed);
/** all_bytes() - whether all of @size bytes are @value */
bool all_bytes(const void *from, uint8_t value, size_t size);

/* Jobs */

#define JOB_ROOM	16

/**
 * struct job - a job in the making
 * @queue: where it goes
 * @user_data: a host job's
 * @seqno: once submitted
 * @bos: its buffers, @num_bos of them; and so on
 */
struct job {
	uint32_t queue;
	uint64_t user_data;
	uint64_t seqno;
	struct drm_figment_bo bos[JOB_ROOM];
	struct drm_figment_sync waits[JOB_ROOM];
	struct drm_figment_sync signals[JOB_ROOM];
	struct drm_figment_cmd cmds[JOB_ROOM];
	uint32_t num_bos, num_waits, num_signals, num_cmds;
};

void job_uses(struct job *job, uint32_t handle, uint32_t flags);
/* A @point of zero is a binary syncobj. */
void job_waits(struct job *job, uint32_t syncobj, uint64_t point);
void job_waits_file(struct job *job, int sync_file);
void job_signals(struct job *job, uint32_t syncobj, uint64_t point);
/** job_signals_file() - Return: where its fd will be once the job is submitted */
const int *job_signals_file(struct job *job);
void job_does(struct job *job, struct drm_figment_cmd cmd);
/** job_writes() - have a copy job write @value to the start of a buffer */
void job_writes(struct job *job, uint32_t handle, uint32_t flags, uint64_t value);
/** job_copies() - have a copy job copy @size bytes */
void job_copies(struct job *job, uint32_t src, uint32_t dst, uint64_t size);
int submit_jobs(int fd, struct job *jobs, uint32_t count);
int submit_job(int fd, struct job *job);
/** submit_file() - submit a job that must be taken; a sync_file of its end */
int submit_file(int fd, struct job *job);

/* Queues and executors */

struct host {
	uint32_t queue;
	int fd;
};

uint32_t copy_queue(int fd);
/** host_queue() - a host queue whose fd does not block */
struct host host_queue(int fd);
struct drm_figment_queue_query queue_query(int fd, uint32_t queue);
/** host_pending() - submit a host job; a sync_file of it, and its number */
int host_pending(int fd, const struct host *host, uint64_t *seqno);
/** host_take() - wait for a job and read it */
struct drm_figment_host_job host_take(int host_fd);
/** host_idle() - whether, a moment from now, there is nothing to read */
bool host_idle(int host_fd);
/** host_done() - wait for a job, read it and complete it */
void host_done(int host_fd, int status);

/* Fences */

bool pending(int sync_file);
bool stays_pending(int sync_file);
/** settle() - how it ended: 1, or the negative errno it carries; 0 is not at all */
int settle(int sync_file);
uint32_t syncobj_create(int fd);
/** syncobj_settle() - likewise of a syncobj, or its point: 0, or -ETIME */
int syncobj_settle(int fd, uint32_t syncobj, uint64_t point);
/** syncobj_state() - 0 signalled, -ETIME pending, -EINVAL has no fence (point) */
int syncobj_state(int fd, uint32_t syncobj, uint64_t point);
/** dmabuf_idle() - what poll() says: nobody writes, or (@write) uses it */
bool dmabuf_idle(int dmabuf, bool write);

/* Other processes */

struct child {
	pid_t pid;
	int sock;
};

/**
 * child_start() - fork a process that has no fd but stdio's and a socket
 * @run: what it does; it may use must()
 *
 * It dies with its parent.
 */
struct child child_start(void (*run)(int sock));
/** child_join() - wait for its end; 0 if it was content */
int child_join(struct child *child);
void child_kill(struct child *child);
void send_word(int sock, uint64_t word);
uint64_t recv_word(int sock);
/** fd_send() - send an fd and a byte; 0 or a negative errno */
int fd_send(int sock, int fd, unsigned char byte, int flags);
/** fd_recv() - receive both; the fd or a negative errno */
int fd_recv(int sock, unsigned char *byte, int flags);
void send_fd(int sock, int fd);
int recv_fd(int sock);

/* The module */

/** is_root() - whether the module may be loaded and unloaded */
bool is_root(void);
/** module_load() - Return: modprobe's exit status */
int module_load(const char *params);
int module_unload(void);
/** module_unloads() - unload, when what workers and grace periods still hold is gone */
bool module_unloads(void);
/** module_reload() - unload, which must work, and load with these parameters */
void module_reload(const char *params);
#define DRIVER_DIR	"/sys/bus/platform/drivers/figment/"

/** driver_tell() - "bind" or "unbind" a device; 0 or a negative errno */
int driver_tell(const char *what, const char *device);
/** module_restore_at_exit() - leave the module as modprobe.d wants it */
void module_restore_at_exit(void);

/** FIGMENT_HARNESS_MAIN - the harness's main, for programs that need a device */
#define FIGMENT_HARNESS_MAIN \
	int main(int argc, char **argv) \
	{ \
		require_device(); \
		return test_harness_run(argc, argv); \
	}

/** FIGMENT_RELOAD_MAIN - likewise, for those that load the module differently */
#define FIGMENT_RELOAD_MAIN \
	int main(int argc, char **argv) \
	{ \
		require_device(); \
		if (!is_root()) \
			ksft_exit_skip("loading modules needs root\n"); \
		module_restore_at_exit(); \
		return test_harness_run(argc, argv); \
	}

#endif

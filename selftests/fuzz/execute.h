/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef FIGMENT_FUZZ_EXECUTE_H
#define FIGMENT_FUZZ_EXECUTE_H

/**
 * DOC: what calls have to do with
 *
 * A machine is a worker's state while it runs a program: the slots, and the
 * threads that make calls. Slots are filled and emptied by whole exchanges, so
 * that threads may fight for them, and each fd is closed once.
 */

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>

#include "fuzz.h"

#define WINDOW_SIZE	(4ul << 20)
#define PENDING_JOBS	24
#define PENDING_REFS	96
#define WIDE_JOBS	1100
#define SPREAD_SIZE	(64u << 10)

/* The arrays of a submit, as shape() names them. */
enum array { ARRAY_JOBS, ARRAY_BOS, ARRAY_WAITS, ARRAY_SIGNALS, ARRAY_CMDS, NUM_ARRAYS };

/**
 * struct shape - what is to be odd about an array
 * @mode: SHAPE_*
 * @count: number of elements to claim, 0 for the truth
 * @stride: likewise
 */
struct shape {
	uint8_t mode;
	uint32_t count;
	uint32_t stride;
};

enum shape_mode {
	SHAPE_PLAIN, SHAPE_NULL, SHAPE_WILD, SHAPE_READ_ONLY, SHAPE_SKEWED, SHAPE_CUT,
	SHAPE_WIDE, SHAPE_DIRTY, SHAPE_NARROW, NUM_SHAPES
};

/**
 * struct pending - a submit in the making
 * @num_jobs: of @jobs, whose arrays hold indices until it is submitted
 * @repeat: how often each is submitted
 * @shapes: what is odd about each one's arrays
 * @outer: about the array of jobs
 * @bos: buffers of all jobs, and so on; @num_bos of them
 * @outs: the slots that get the signals' sync_files
 * @wide: the jobs as they are submitted
 * @spread: arrays whose elements have another size
 */
struct pending {
	uint32_t num_jobs, num_bos, num_waits, num_signals, num_cmds;
	uint32_t repeat[PENDING_JOBS];
	struct shape shapes[PENDING_JOBS][NUM_ARRAYS];
	struct shape outer;
	struct drm_figment_job jobs[PENDING_JOBS];
	struct drm_figment_bo bos[PENDING_REFS];
	struct drm_figment_sync waits[PENDING_REFS];
	struct drm_figment_sync signals[PENDING_REFS];
	struct drm_figment_cmd cmds[PENDING_REFS];
	uint64_t outs[PENDING_REFS];
	struct drm_figment_job wide[WIDE_JOBS];
	uint64_t spread_used;
	/* The last, and at the end of writable memory. */
	uint8_t spread[SPREAD_SIZE];
};

/**
 * struct thread - one that makes calls
 * @machine: whose
 * @kcov: its coverage, if @guided
 * @inject: its failures
 * @trace: what it has reached in this program
 * @pending: its submit in the making
 * @read_only: how far from there the same memory can be read, but not written
 * @jump: out of a memory access that faults, while @touching
 * @id: a helper's thread
 * @go: tells it that there is a @call to make
 * @done: it has, and with this @result
 * @busy: between the two
 */
struct thread {
	struct machine *machine;
	struct kcov kcov;
	bool guided;
	struct inject inject;
	struct trace trace;
	struct pending *pending;
	ptrdiff_t read_only;
	sigjmp_buf jump;
	volatile sig_atomic_t touching;
	pthread_t id;
	sem_t go, done;
	bool busy;
	struct call call;
	long result;
};

/**
 * struct machine - what runs programs
 * @shared: the run
 * @slots: what calls made; an fd, a handle, an id, or whether there is a mapping
 * @windows: where mappings are, a window for each slot
 * @first_fd: this one and all above are the program's
 * @rebound: the program has bound or unbound the second device
 * @faulted: it has set the devices' faults
 * @injected: a call of the first thread's that was to fail has had its failure
 * @worked: a bit for each of the program's calls that the first thread made, without
 *	an error
 * @threads: the first makes calls, the others those that are asynchronous
 */
struct machine {
	struct shared *shared;
	atomic_llong slots[NUM_KINDS][SLOTS];
	uint8_t *windows;
	int first_fd;
	atomic_bool rebound, faulted;
	bool injected;
	uint64_t worked;
	struct thread threads[1 + HELPERS];
};

void machine_init(struct machine *m, struct shared *shared);
/** machine_run() - run a program; with @log say what each call returned */
void machine_run(struct machine *m, const struct program *program, FILE *log);
/** slot_put() - what a call made is now in a slot; what was there ends */
void slot_put(struct thread *t, uint64_t ref, int64_t value);
/** slot_take() - empty a slot; what was in it, or -1 */
int64_t slot_take(struct thread *t, uint64_t ref);
/** slot_fd() - the fd that a reference to any kind of it is to; -1 for none */
int slot_fd(struct thread *t, uint64_t ref);
uint8_t *window(struct machine *m, unsigned int slot);
/** device_restore() - undo what the program did to devices as a whole */
void device_restore(struct machine *m);

static inline long result_of(long ret)
{
	return ret < 0 ? -errno : ret;
}

static inline long do_ioctl(int fd, unsigned long request, void *arg)
{
	return result_of(ioctl(fd, request, arg));
}

#define CALL_OF(name) long call_##name(struct thread *t, const uint64_t *a)

/* calls_buffer.c */
CALL_OF(open); CALL_OF(close); CALL_OF(dup); CALL_OF(get_param); CALL_OF(gem_create);
CALL_OF(gem_info); CALL_OF(gem_label); CALL_OF(gem_metadata);
CALL_OF(gem_userptr); CALL_OF(gem_close);
CALL_OF(dumb_create); CALL_OF(prime_export); CALL_OF(prime_import); CALL_OF(foreign);
CALL_OF(dma_sync); CALL_OF(dma_export_fence); CALL_OF(dma_import_fence);
CALL_OF(mmap_bo); CALL_OF(mmap_fd); CALL_OF(mmap_anon); CALL_OF(munmap); CALL_OF(mprotect);
CALL_OF(madvise); CALL_OF(touch);
CALL_OF(raw_ioctl); CALL_OF(fdinfo); CALL_OF(debugfs_read); CALL_OF(debugfs_fault);
CALL_OF(unbind); CALL_OF(bind); CALL_OF(give); CALL_OF(take); CALL_OF(die);

/* calls_sync.c */
CALL_OF(syncobj_create); CALL_OF(syncobj_destroy); CALL_OF(syncobj_wait);
CALL_OF(timeline_wait); CALL_OF(syncobj_signal); CALL_OF(syncobj_reset);
CALL_OF(timeline_signal); CALL_OF(syncobj_query); CALL_OF(syncobj_transfer);
CALL_OF(syncobj_export); CALL_OF(syncobj_import); CALL_OF(syncobj_eventfd);
CALL_OF(eventfd); CALL_OF(event_read); CALL_OF(sync_merge); CALL_OF(sync_info);
CALL_OF(sync_deadline); CALL_OF(poll);

/* calls_queue.c */
CALL_OF(queue_create); CALL_OF(queue_destroy); CALL_OF(queue_query); CALL_OF(queue_fault);
CALL_OF(job); CALL_OF(use); CALL_OF(wait); CALL_OF(signal); CALL_OF(cmd); CALL_OF(shape);
CALL_OF(submit); CALL_OF(host_read); CALL_OF(host_write);

#endif

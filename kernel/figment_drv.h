/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef FIGMENT_DRV_H
#define FIGMENT_DRV_H

#include <linux/dma-fence.h>
#include <linux/hrtimer.h>
#include <linux/iosys-map.h>
#include <linux/kref.h>
#include <linux/llist.h>
#include <linux/mutex.h>
#include <linux/prandom.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include <drm/drm_device.h>
#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_gem_shmem_helper.h>
#include <drm/drm_print.h>
#include <drm/gpu_scheduler.h>

#include "figment_drm.h"

/**
 * DOC: who holds what
 *
 * open file -> client -> queues
 *	A &struct figment_client is what one open file has. It outlives the file
 *	for as long as its jobs need it.
 *
 * queue -> client, device
 *	A &struct figment_queue is referenced by the client's table, by its
 *	executor's fd and by every job. The last reference hands it to a worker,
 *	because ending a scheduler sleeps and a job may be put anywhere.
 *
 * job -> queue, buffers, fence
 *	A &struct figment_job is referenced by the scheduler, if it comes its way,
 *	from arming to free_job, and by the engine while it executes.
 *
 * fence -> module
 *	This code stays until the last fence is gone that userspace still holds:
 *	see figment_fence.c.
 */

#define FIGMENT_MAX_DEVICES	8
#define FIGMENT_MAX_RINGS	16
#define FIGMENT_MAX_QUEUES	256
#define FIGMENT_MAX_DEVICE_QUEUES	4096
#define FIGMENT_MAX_CLIENT_JOBS	65536
#define FIGMENT_MAX_CLIENT_BYTES	SZ_64M
#define FIGMENT_NUM_PRIORITIES	(DRM_FIGMENT_PRIORITY_HIGH + 1)

/* How many of a queue's jobs may be runnable for more to be made so at once. */
#define FIGMENT_QUEUE_DEPTH	256

/* Bytes that are copied in about the time it takes to wake a ring. */
#define FIGMENT_SMALL	SZ_64K

enum figment_engine {
	FIGMENT_COPY = DRM_FIGMENT_ENGINE_COPY,
	FIGMENT_HOST = DRM_FIGMENT_ENGINE_HOST,
	FIGMENT_NUM_ENGINES
};

/**
 * struct figment_fault_args - what is to happen to jobs
 * @delay_run_ns: they become runnable so much later
 * @delay_signal_ns: they signal so much later
 * @jitter_ns: up to so much more, both times
 * @seed: of the jitter
 * @hang_nth: the one that is never done, counted from 1; 0 for none
 * @fail_nth: the one that fails
 * @error: with this errno
 */
struct figment_fault_args {
	u64 delay_run_ns;
	u64 delay_signal_ns;
	u64 jitter_ns;
	u64 seed;
	u64 hang_nth;
	u64 fail_nth;
	int error;
};

/**
 * struct figment_fault - injection into a queue; under its client's submit_lock
 * @active: there is some
 * @args: what
 * @count: jobs since it was set
 * @random: where the jitter comes from
 */
struct figment_fault {
	bool active;
	struct figment_fault_args args;
	u64 count;
	struct rnd_state random;
};

/**
 * struct figment_device - one virtual GPU
 * @drm: the DRM device
 * @index: which of the module's devices
 * @num_rings: copy rings
 * @rings: their threads
 * @ring_wait: where they wait
 * @ring_lock: protects @ring_ready; taken in interrupts
 * @ring_ready: copy queues that wait for a ring, by priority
 * @memory_limit: bytes of buffers, at most; zero is no limit
 * @memory_used: bytes of the device's own buffers
 * @hide: what the operator has hidden, DRM_FIGMENT_HIDE_*
 * @lock: protects @queues, @num_queues, @bos and @fault
 * @fault: what new queues' jobs suffer
 * @queues: all queues that have not been freed
 * @num_queues: how many
 * @bos: all buffers
 */
struct figment_device {
	struct drm_device drm;
	unsigned int index;
	unsigned int num_rings;
	struct task_struct *rings[FIGMENT_MAX_RINGS];
	wait_queue_head_t ring_wait;
	spinlock_t ring_lock; /* for ring_ready */
	struct list_head ring_ready[FIGMENT_NUM_PRIORITIES];
	u64 memory_limit;
	atomic64_t memory_used;
	u32 hide;
	struct mutex lock; /* for queues, bos, fault */
	struct figment_fault_args fault;
	struct list_head queues;
	u32 num_queues;
	struct list_head bos;
};

static inline struct figment_device *to_figment_device(struct drm_device *drm)
{
	return container_of(drm, struct figment_device, drm);
}

/**
 * struct figment_client - what one open file has
 * @ref: the open file's and its queues'
 * @id: as fdinfo shows it
 * @pid: who opened it, for people
 * @comm: and what that is called
 * @num_bos: buffers it has handles of; under the device's lock
 * @bo_bytes: their size; likewise
 * @queues: by id
 * @submit_lock: from resolving a submit's dependencies until its jobs are pushed
 * @jobs: jobs that exist
 * @job_bytes: what they keep: figment_job_charge()
 * @busy_ns: time its jobs have kept each engine busy
 */
struct figment_client {
	struct kref ref;
	u64 id;
	pid_t pid;
	char comm[TASK_COMM_LEN];
	u32 num_bos;
	u64 bo_bytes;
	struct xarray queues;
	struct mutex submit_lock; /* from dependencies to pushing */
	atomic_t jobs;
	atomic64_t job_bytes;
	atomic64_t busy_ns[FIGMENT_NUM_ENGINES];
};

/**
 * struct figment_holder - a client that has handles of a buffer
 * @link: in the buffer's list
 * @client: the client, which is there for as long as it has handles
 * @handles: how many
 */
struct figment_holder {
	struct list_head link;
	struct figment_client *client;
	u32 handles;
};

/**
 * struct figment_bo - a buffer
 * @base: the shmem object, or the import of a foreign dma-buf
 * @link: in the device's list
 * @holders: clients that have handles of it; under the device's lock
 * @holder: the first of them, as most buffers have but one
 * @dmabuf: inode of its latest dma-buf, or of the one it was imported from; or 0
 * @charged: what it counts in the device's memory, bytes
 * @vmap_lock: protects @map
 * @map: the kernel's mapping, from the first job that uses it until the end
 * @label: its name, for people; under the device's lock
 * @metadata: what its maker says of it, if @has_metadata; under the device's lock
 * @has_metadata: it has been set
 * @user_pages: a userptr's pages, pinned
 * @num_user_pages: how many; 0 if it is none
 * @user_mm: whose they are
 * @user_client: id of the client that made it
 */
struct figment_bo {
	struct drm_gem_shmem_object base;
	struct list_head link;
	struct list_head holders;
	struct figment_holder holder;
	unsigned long dmabuf;
	u64 charged;
	struct mutex vmap_lock; /* for map */
	struct iosys_map map;
	char label[DRM_FIGMENT_LABEL_SIZE];
	u8 metadata[DRM_FIGMENT_METADATA_SIZE];
	bool has_metadata;
	struct page **user_pages;
	unsigned long num_user_pages;
	struct mm_struct *user_mm;
	u64 user_client;
};

static inline struct figment_bo *to_figment_bo(struct drm_gem_object *obj)
{
	return container_of(to_drm_gem_shmem_obj(obj), struct figment_bo, base);
}

/**
 * struct figment_fence - what a job's execution signals
 * @base: the fence
 * @lock: its lock
 * @engine: what its job is executed by
 */
struct figment_fence {
	struct dma_fence base;
	spinlock_t lock; /* the fence's */
	enum figment_engine engine;
};

/**
 * struct figment_queue - a queue
 * @ref: the client's, the executor's and the jobs'
 * @fdev: the device, referenced
 * @client: its client, referenced
 * @link: in the device's list
 * @id: in the client's table
 * @engine: which engine
 * @priority: DRM_FIGMENT_PRIORITY_*
 * @entity: where jobs wait that cannot be run at once
 * @sched: its scheduler
 * @scheduled: how many of them it has not run
 * @fence_context: of its jobs' fences; the next one is of their ready fences
 * @seqno: number of the latest job; protected by the client's submit_lock
 * @fault: what its jobs suffer; protected likewise
 * @lock: protects the fields that follow
 * @error: why it was lost, or 0
 * @guilty: by a fault of its own
 * @completed: number of the latest completed job
 * @last_done: when that was
 * @waiting: the job whose ready fence the scheduler waits for, if any
 * @running: jobs that are runnable or being executed, in order
 * @num_running: how many
 * @unread: those no executor has read yet, in order
 * @turn: a copy queue waits for a ring, has one, or has @timer started
 * @turn_link: in the device's ring_ready; protected by its ring_lock
 * @turn_due: when it should have had its turn; protected likewise
 * @wait: woken when a job becomes runnable, and when the queue is lost
 * @read_lock: one executor reads at a time
 * @watchdog: bounds the first of @running
 * @timer: when the first of @running goes on, or may signal
 * @held_work: has it do so
 * @hung: the job that took too long
 * @dump_work: writes down which that was
 * @free_work: frees it
 */
struct figment_queue {
	struct kref ref;
	struct figment_device *fdev;
	struct figment_client *client;
	struct list_head link;
	u32 id;
	enum figment_engine engine;
	u32 priority;
	struct drm_sched_entity entity;
	struct drm_gpu_scheduler sched;
	atomic_t scheduled;
	u64 fence_context;
	u64 seqno;
	struct figment_fault fault;

	spinlock_t lock; /* for what follows, up to turn */
	int error;
	bool guilty;
	u64 completed;
	ktime_t last_done;
	struct figment_job *waiting;
	struct list_head running;
	u32 num_running;
	struct list_head unread;
	bool turn;

	struct list_head turn_link;
	ktime_t turn_due;

	wait_queue_head_t wait;
	struct mutex read_lock; /* one reader at a time */
	struct delayed_work watchdog;
	struct hrtimer timer;
	struct work_struct held_work;
	struct figment_job *hung;
	struct work_struct dump_work;
	struct work_struct free_work;
};

/**
 * struct figment_dep - what a job waits for
 * @fence: the fence, or NULL while
 * @from: it is that of this job of the same submit, which is not armed yet, or
 * @signal: if not 0, that of the timeline point which is this signal of that job's
 * @job: who waits
 * @cb: in the fence's callbacks, once @job is its queue's next
 */
struct figment_dep {
	struct dma_fence *fence;
	u32 from;
	u32 signal;
	struct figment_job *job;
	struct dma_fence_cb cb;
};

/**
 * struct figment_ref - a buffer that a job uses
 * @bo: the buffer, referenced
 * @flags: DRM_FIGMENT_BO_*
 */
struct figment_ref {
	struct figment_bo *bo;
	u32 flags;
};

/**
 * struct figment_job - a job
 * @base: the scheduler's view, if @scheduled
 * @queue: its queue, referenced
 * @fence: its fence
 * @seqno: its number in its queue
 * @user_data: a host job's
 * @refs: buffers
 * @cmds: a copy job's commands, checked
 * @num_refs: how many buffers
 * @num_cmds: how many commands
 * @weight: what they cost, in bytes to copy
 * @bytes: what it counts in its client's @job_bytes
 * @ref: the scheduler's, the ready fence's, and the engine's while it executes
 * @scheduled: it takes the way through the scheduler
 * @awaited: it is its queue's next, and has callbacks in @deps
 * @deps: what it waits for
 * @num_deps: how many
 * @max_deps: room in @deps
 * @ready: what the scheduler waits for: signalled when @deps are, or the queue is lost
 * @ready_lock: its lock
 * @num_waiting: of @deps, and one while they get their callbacks
 * @timer: delays @ready
 * @run_time: when it became runnable
 * @link: in the queue's running
 * @unread: in the queue's unread
 * @read: an executor has it
 * @pausing: a ring is to go on with it later
 * @done: an executor has completed it, with
 * @status: this
 * @due: when it may signal
 * @at: how far a ring has got: the command, its row, the bytes of that
 * @budget_ns: what it may still take
 * @pause_ns: how long it pauses
 * @fault: what it suffers: a delay before it runs, and before it signals, not
 *	being done ever, failing
 * @free: in the list of jobs to free
 * @rcu: frees it
 */
struct figment_job {
	struct drm_sched_job base;
	struct figment_queue *queue;
	struct figment_fence *fence;
	u64 seqno;
	u64 user_data;
	struct figment_ref *refs;
	struct drm_figment_cmd *cmds;
	u32 num_refs;
	u32 num_cmds;
	u64 weight;
	u64 bytes;
	struct kref ref;
	bool scheduled;

	bool awaited;
	struct figment_dep *deps;
	u32 num_deps;
	u32 max_deps;
	struct dma_fence ready;
	spinlock_t ready_lock; /* the fence's */
	atomic_t num_waiting;
	struct hrtimer timer;

	ktime_t run_time;
	struct list_head link;
	struct list_head unread;
	bool read;
	bool done;
	bool pausing;
	int status;
	ktime_t due;
	struct {
		u64 byte;
		u32 cmd;
		u32 row;
	} at;
	s64 budget_ns;
	u64 pause_ns;
	struct {
		u64 run_ns;
		u64 signal_ns;
		bool hang;
		int error;
	} fault;

	union {
		struct llist_node free;
		struct rcu_head rcu;
	};
};

static inline struct figment_job *to_figment_job(struct drm_sched_job *job)
{
	return container_of(job, struct figment_job, base);
}

/* figment_drv.c */
extern struct workqueue_struct *figment_wq;
extern struct workqueue_struct *figment_watchdog_wq;
extern struct workqueue_struct *figment_sched_wq;
unsigned int figment_job_timeout_ms(void);
struct figment_client *figment_client_get(struct figment_client *client);
void figment_client_put(struct figment_client *client);

/* figment_gem.c */
struct drm_gem_object *figment_gem_create_object(struct drm_device *drm, size_t size);
int figment_gem_dumb_create(struct drm_file *file, struct drm_device *drm,
			    struct drm_mode_create_dumb *args);
int figment_gem_vmap_bo(struct figment_bo *bo);
void figment_gem_publish(struct drm_gem_object *obj);
void figment_gem_end(struct figment_bo *bo);
void figment_gem_free(struct drm_gem_object *obj);
int figment_gem_open(struct drm_gem_object *obj, struct drm_file *file);
void figment_gem_close(struct drm_gem_object *obj, struct drm_file *file);
void figment_gem_show(struct drm_printer *p, struct drm_file *file);
int figment_ioctl_gem_label(struct drm_device *drm, void *data, struct drm_file *file);
int figment_ioctl_gem_metadata(struct drm_device *drm, void *data, struct drm_file *file);
int figment_ioctl_gem_create(struct drm_device *drm, void *data, struct drm_file *file);
int figment_ioctl_gem_info(struct drm_device *drm, void *data, struct drm_file *file);

/* figment_import.c */
struct drm_gem_object *figment_import(struct drm_device *drm, struct dma_buf *buf);

/* figment_userptr.c */
int figment_ioctl_gem_userptr(struct drm_device *drm, void *data, struct drm_file *file);

/* figment_fence.c */
struct figment_fence *figment_fence_alloc(void);
void figment_fence_free(struct figment_fence *fence);
void figment_fence_arm(struct figment_fence *fence, enum figment_engine engine,
		       u64 context, u64 seqno);

/* figment_job.c */
extern const struct drm_sched_backend_ops figment_sched_ops;
struct figment_job *figment_job_create(struct figment_queue *queue);
int figment_job_charge(struct figment_job *job, u64 bytes);
void figment_job_abandon(struct figment_job *job);
int figment_job_route(struct figment_job *job);
void figment_job_arm(struct figment_job *job);
void figment_job_start(struct figment_job *job);
void figment_job_get(struct figment_job *job);
void figment_job_put(struct figment_job *job);
int figment_job_add_dep(struct figment_job *job, struct dma_fence *fence, u32 from, u32 signal);
void figment_job_done_locked(struct figment_job *job, int error);

/* figment_queue.c */

/* What jobs of a lost queue complete with, when they did not lose it. */
static inline int figment_queue_cancelled(const struct figment_queue *queue)
{
	return queue->error == -ENODEV ? -ENODEV : -ECANCELED;
}

/*
 * Whether a job of a queue need not wait for those before it: a ring executes them in
 * order, while an executor may do what it has read in any.
 */
static inline bool figment_queue_in_order(const struct figment_queue *queue)
{
	return queue->engine == FIGMENT_COPY;
}

struct figment_queue *figment_queue_find(struct figment_client *client, u32 id);
void figment_queue_get(struct figment_queue *queue);
void figment_queue_put(struct figment_queue *queue);
void figment_queue_lose_locked(struct figment_queue *queue, int error, bool guilty);
void figment_queue_lose(struct figment_queue *queue, int error, bool guilty);
void figment_queue_close_all(struct figment_client *client);
void figment_queue_unplug_all(struct figment_device *fdev);
void figment_queue_wait_for_all(void);
int figment_ioctl_queue_create(struct drm_device *drm, void *data, struct drm_file *file);
int figment_ioctl_queue_destroy(struct drm_device *drm, void *data, struct drm_file *file);
int figment_ioctl_queue_query(struct drm_device *drm, void *data, struct drm_file *file);

/* figment_copy.c */
struct figment_turn;

int figment_copy_check(struct figment_job *job);
int figment_copy_execute(struct figment_job *job, struct figment_turn *turn);

/* figment_ring.c */
bool figment_ring_run_locked(struct figment_job *job, bool offer);
void figment_ring_turn(struct figment_queue *queue, u64 room);
void figment_ring_lose_locked(struct figment_queue *queue);
void figment_ring_init_queue(struct figment_queue *queue);
int figment_ring_init(struct figment_device *fdev, unsigned int rings);
void figment_ring_fini(struct figment_device *fdev);

/* figment_host.c */
struct file *figment_host_open(struct figment_queue *queue, u32 flags);
void figment_host_run_locked(struct figment_job *job);
void figment_host_lose_locked(struct figment_queue *queue, int error);
void figment_host_init_queue(struct figment_queue *queue);
void figment_host_fini_queue(struct figment_queue *queue);

/* figment_dump.c */
void figment_dump_locked(struct figment_job *job);

/* figment_fault.c */
void figment_fault_draw(struct figment_job *job);
void figment_fault_set(struct figment_fault *fault, const struct figment_fault_args *args);
void figment_fault_debugfs(struct figment_device *fdev, struct dentry *root);
int figment_ioctl_queue_fault(struct drm_device *drm, void *data, struct drm_file *file);

/* figment_submit.c */
int figment_ioctl_submit(struct drm_device *drm, void *data, struct drm_file *file);

/* figment_hide.c */
int figment_hide_parse(const char *text, u32 *hide);
void figment_hide_apply(struct figment_device *fdev);
int figment_hide_handle_to_fd(struct drm_device *drm, struct drm_file *file, u32 handle,
			      u32 flags, int *fd);
int figment_hide_fd_to_handle(struct drm_device *drm, struct drm_file *file, int fd,
			      u32 *handle);
void figment_hide_init(struct file_operations *fops);

/* figment_debugfs.c */
void figment_debugfs_init(struct drm_minor *minor);

#endif

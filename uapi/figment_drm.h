/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR MIT */
#ifndef _UAPI_FIGMENT_DRM_H_
#define _UAPI_FIGMENT_DRM_H_

#include "drm.h"

#if defined(__cplusplus)
extern "C" {
#endif

/**
 * DOC: figment uapi
 *
 * figment is a virtual GPU. Its contract with userspace is small: buffers,
 * queues, one SUBMIT, and a file descriptor per host queue. Sharing and
 * synchronisation are DRM's own: PRIME, drm_syncobj, sync_file.
 *
 * Rules that hold for every structure here:
 *
 * - Only fixed-size types, naturally aligned, the same for 32- and 64-bit
 *   callers.
 * - Padding and unused fields must be zero, unknown flags are refused; both
 *   give -EINVAL. What is new will come as new fields at the end of a
 *   structure, where zero means the old behaviour.
 * - Arrays are a &struct drm_figment_array, which names the size of an element,
 *   so that elements can grow too.
 *
 * Errors that any ioctl may give: -EFAULT (a pointer is bad), -ENOMEM, -EINTR
 * (restart it), -ENODEV (the device was unplugged).
 */

/**
 * DOC: ioctls
 *
 * DRM_IOCTL_FIGMENT_* are the ioctls of the numbers DRM_FIGMENT_*, which count from
 * DRM_COMMAND_BASE; each takes a structure. All are allowed on render nodes.
 */

/**
 * DRM_FIGMENT_GET_PARAM - &struct drm_figment_get_param: ask the device about itself.
 */
#define DRM_FIGMENT_GET_PARAM		0x00
/**
 * DRM_FIGMENT_GEM_CREATE - &struct drm_figment_gem_create: make a buffer.
 */
#define DRM_FIGMENT_GEM_CREATE		0x01
/**
 * DRM_FIGMENT_GEM_INFO - &struct drm_figment_gem_info: what a handle stands for.
 */
#define DRM_FIGMENT_GEM_INFO		0x02
/**
 * DRM_FIGMENT_QUEUE_CREATE - &struct drm_figment_queue_create: make a queue.
 */
#define DRM_FIGMENT_QUEUE_CREATE	0x03
/**
 * DRM_FIGMENT_QUEUE_DESTROY - &struct drm_figment_queue_destroy: end a queue.
 */
#define DRM_FIGMENT_QUEUE_DESTROY	0x04
/**
 * DRM_FIGMENT_QUEUE_QUERY - &struct drm_figment_queue_query: how a queue is doing.
 */
#define DRM_FIGMENT_QUEUE_QUERY		0x05
/**
 * DRM_FIGMENT_SUBMIT - &struct drm_figment_submit: submit jobs.
 */
#define DRM_FIGMENT_SUBMIT		0x06
/**
 * DRM_FIGMENT_QUEUE_FAULT - &struct drm_figment_queue_fault: have a queue's next jobs suffer.
 */
#define DRM_FIGMENT_QUEUE_FAULT		0x07
/**
 * DRM_FIGMENT_GEM_LABEL - &struct drm_figment_gem_label: name a buffer.
 */
#define DRM_FIGMENT_GEM_LABEL		0x08
/**
 * DRM_FIGMENT_GEM_USERPTR - &struct drm_figment_gem_userptr: one of a program's memory.
 */
#define DRM_FIGMENT_GEM_USERPTR		0x09
/**
 * DRM_FIGMENT_GEM_METADATA - &struct drm_figment_gem_metadata: what its maker says of it.
 */
#define DRM_FIGMENT_GEM_METADATA	0x0a

/**
 * DRM_FIGMENT_PARAM_ABI - the uapi's revision, which grows when something is added: 1 is
 * the first, 2 came with DRM_FIGMENT_GEM_METADATA.
 */
#define DRM_FIGMENT_PARAM_ABI			0
/**
 * DRM_FIGMENT_PARAM_INDEX - which of the module's devices this is, from 0.
 */
#define DRM_FIGMENT_PARAM_INDEX			1
/**
 * DRM_FIGMENT_PARAM_COPY_RINGS - copy-engine rings that run in parallel.
 */
#define DRM_FIGMENT_PARAM_COPY_RINGS		2
/**
 * DRM_FIGMENT_PARAM_JOB_TIMEOUT_MS - how long a job may run.
 */
#define DRM_FIGMENT_PARAM_JOB_TIMEOUT_MS	3
/**
 * DRM_FIGMENT_PARAM_MEMORY_LIMIT - bytes all buffers may take; 0 is no limit.
 */
#define DRM_FIGMENT_PARAM_MEMORY_LIMIT		4
/**
 * DRM_FIGMENT_PARAM_MEMORY_USED - bytes the device's own buffers take now.
 */
#define DRM_FIGMENT_PARAM_MEMORY_USED		5
/**
 * DRM_FIGMENT_PARAM_HIDE - what the operator has hidden, DRM_FIGMENT_HIDE_*.
 */
#define DRM_FIGMENT_PARAM_HIDE			6

/**
 * DRM_FIGMENT_HIDE_TIMELINE - timeline syncobjs: DRM_CAP_SYNCOBJ_TIMELINE is 0, and a
 * SUBMIT that names a point -EOPNOTSUPP.
 */
#define DRM_FIGMENT_HIDE_TIMELINE		(1 << 0)
/**
 * DRM_FIGMENT_HIDE_PRIME_IMPORT - importing dma-bufs: DRM_CAP_PRIME lacks it, and
 * the ioctl is -ENOSYS.
 */
#define DRM_FIGMENT_HIDE_PRIME_IMPORT		(1 << 1)
/**
 * DRM_FIGMENT_HIDE_PRIME_EXPORT - exporting buffers, likewise.
 */
#define DRM_FIGMENT_HIDE_PRIME_EXPORT		(1 << 2)
/**
 * DRM_FIGMENT_HIDE_MODIFIERS - advice to userspace, the kernel has no modifiers.
 */
#define DRM_FIGMENT_HIDE_MODIFIERS		(1 << 3)

/**
 * struct drm_figment_get_param - ask the device about itself
 * @param: in, one of DRM_FIGMENT_PARAM_*; -EINVAL if it is not known
 * @pad: must be zero
 * @value: out, the answer
 */
struct drm_figment_get_param {
	__u32 param;
	__u32 pad;
	__u64 value;
};

/**
 * struct drm_figment_array - an array in the caller's memory
 * @ptr: address of the first element; must be zero when @count is
 * @count: number of elements
 * @stride: size of an element in bytes, as the caller's header has it; a
 *	multiple of 8. A larger element than the kernel's must have zeroes in
 *	what the kernel does not know (-E2BIG if not), a smaller one is taken as
 *	followed by zeroes. Must be zero when @count is.
 */
struct drm_figment_array {
	__u64 ptr;
	__u32 count;
	__u32 stride;
};

/**
 * struct drm_figment_gem_create - make a buffer
 * @size: in, bytes, 1 to 2^40; rounded up to whole pages. Out: the size it got.
 * @flags: must be zero
 * @handle: out, its GEM handle
 *
 * The pages are zeroed, cached by the CPU, and allocated on first use. -ENOMEM
 * when the device's memory limit would be passed.
 */
struct drm_figment_gem_create {
	__u64 size;
	__u32 flags;
	__u32 handle;
};

/**
 * DRM_FIGMENT_GEM_IMPORTED - the buffer is a foreign dma-buf.
 */
#define DRM_FIGMENT_GEM_IMPORTED	(1 << 0)
/**
 * DRM_FIGMENT_GEM_USER - the buffer is the program's own memory.
 */
#define DRM_FIGMENT_GEM_USER		(1 << 1)

/**
 * struct drm_figment_gem_info - what a handle stands for, and where to mmap it
 * @handle: in; -ENOENT if there is no such handle
 * @flags: out, DRM_FIGMENT_GEM_*
 * @size: out, bytes
 * @mmap_offset: out, to give to mmap() on the device's file; 0 for the program's
 *	own memory, which it has already
 */
struct drm_figment_gem_info {
	__u32 handle;
	__u32 flags;
	__u64 size;
	__u64 mmap_offset;
};

/**
 * DRM_FIGMENT_LABEL_SIZE - bytes of a label, with its NUL.
 */
#define DRM_FIGMENT_LABEL_SIZE	56

/**
 * struct drm_figment_gem_label - name a buffer, for people
 * @handle: the buffer; -ENOENT if there is no such handle
 * @flags: must be zero
 * @label: printable ASCII, with a NUL at the end; empty takes it away
 *
 * It is shown in the file's fdinfo and in the device's debugfs.
 */
struct drm_figment_gem_label {
	__u32 handle;
	__u32 flags;
	char label[DRM_FIGMENT_LABEL_SIZE];
};

/**
 * struct drm_figment_gem_userptr - make a buffer of the program's own memory
 * @addr: where it starts, a multiple of the page size
 * @size: bytes, a multiple of the page size, at most 2^36
 * @flags: must be zero
 * @handle: out, its GEM handle
 *
 * The pages must be writable and no file's (-EFAULT), are pinned until the buffer's
 * end and count against RLIMIT_MEMLOCK (-ENOMEM). Such a buffer can be used by jobs,
 * but neither exported (-EPERM), nor mapped, nor opened by others by a name (-EPERM).
 */
struct drm_figment_gem_userptr {
	__u64 addr;
	__u64 size;
	__u32 flags;
	__u32 handle;
};

/**
 * DRM_FIGMENT_METADATA_SET - set it; without, get it.
 */
#define DRM_FIGMENT_METADATA_SET	(1 << 0)
/**
 * DRM_FIGMENT_METADATA_SIZE - bytes of metadata.
 */
#define DRM_FIGMENT_METADATA_SIZE	64

/**
 * struct drm_figment_gem_metadata - what a buffer's maker tells whom it is given to
 * @handle: the buffer; -ENOENT if there is no such handle
 * @flags: DRM_FIGMENT_METADATA_*
 * @data: in or out; all zeroes if nobody set it
 *
 * It is the buffer's, not the handle's, so every client of the device that has the
 * buffer gets the same. The kernel does not look at it. It is set once, by whom is
 * first, and stays (-EBUSY); a foreign dma-buf has none (-EPERM).
 */
struct drm_figment_gem_metadata {
	__u32 handle;
	__u32 flags;
	__u8 data[DRM_FIGMENT_METADATA_SIZE];
};

/**
 * DRM_FIGMENT_ENGINE_COPY - jobs are commands that the kernel executes.
 */
#define DRM_FIGMENT_ENGINE_COPY		0
/**
 * DRM_FIGMENT_ENGINE_HOST - jobs are executed by a program, over the queue's fd.
 */
#define DRM_FIGMENT_ENGINE_HOST		1

/**
 * DRM_FIGMENT_PRIORITY_LOW - its turns at a copy ring come late, but they come.
 */
#define DRM_FIGMENT_PRIORITY_LOW	0
/**
 * DRM_FIGMENT_PRIORITY_NORMAL - what most use; its turns come soon.
 */
#define DRM_FIGMENT_PRIORITY_NORMAL	1
/**
 * DRM_FIGMENT_PRIORITY_HIGH - needs CAP_SYS_NICE, -EACCES without.
 */
#define DRM_FIGMENT_PRIORITY_HIGH	2

/**
 * DRM_FIGMENT_QUEUE_NONBLOCK - the host queue's fd is made with O_NONBLOCK.
 */
#define DRM_FIGMENT_QUEUE_NONBLOCK	(1 << 0)

/**
 * struct drm_figment_queue_create - make a queue
 * @engine: in, DRM_FIGMENT_ENGINE_*
 * @priority: in, DRM_FIGMENT_PRIORITY_*; of a host queue it is checked, and does
 *	nothing: who is executed next is its executor's affair
 * @flags: in, DRM_FIGMENT_QUEUE_*; must be zero for a copy queue
 * @queue: out, its id, within this open file
 * @fd: out, a host queue's executor fd (O_CLOEXEC), -1 for a copy queue
 * @pad: must be zero
 *
 * Jobs of one queue start in order and complete in order: a job may rely on the
 * effects of those before it in its queue. Jobs of two queues are ordered only
 * by what they wait for. A client has at most 256 queues, a device
 * 4,096 (-ENOSPC).
 *
 * An executor, which may be another process that was sent the fd, does so:
 *
 * - poll() it: POLLIN says that a job is runnable, that is, all it waits for has
 *   signalled; POLLHUP that the queue is lost or gone.
 * - read() it into an array of &struct drm_figment_host_job. Reading blocks
 *   while nothing is runnable, unless O_NONBLOCK is set (-EAGAIN); a lost queue
 *   reads as end of file. A buffer too small for one element is -EINVAL.
 * - write() an array of &struct drm_figment_host_done to complete jobs that were
 *   read, in any order; their fences signal in the queue's order. write() stops
 *   at the first bad element and returns what it took, or, if that was the first,
 *   -EINVAL (a bad size, status or pad), -ENOENT (no such job is being executed)
 *   or -ECANCELED (the queue is lost).
 *
 * The watchdog gives each job the device's time-out from when it was runnable
 * and those before it were complete. When it expires the queue is lost, as it is
 * when the last copy of the fd is closed.
 *
 * A queue is lost for good: it takes no more jobs, and those outstanding complete
 * with an error at once. That is -ETIMEDOUT for the job that took too long,
 * -ENODEV for all when the device is unplugged, otherwise -ECANCELED.
 */
struct drm_figment_queue_create {
	__u32 engine;
	__u32 priority;
	__u32 flags;
	__u32 queue;
	__s32 fd;
	__u32 pad;
};

/**
 * struct drm_figment_host_job - a runnable job, as read() of a host queue gives it
 * @seqno: its number in its queue
 * @user_data: what its submitter set
 */
struct drm_figment_host_job {
	__u64 seqno;
	__u64 user_data;
};

/**
 * struct drm_figment_host_done - a finished job, as write() to a host queue takes it
 * @seqno: its number in its queue
 * @status: 0, or the negative errno (-4095 to -1) its fence is to carry
 * @pad: must be zero
 */
struct drm_figment_host_done {
	__u64 seqno;
	__s32 status;
	__u32 pad;
};

/**
 * struct drm_figment_queue_destroy - end a queue
 * @queue: its id; -ENOENT if there is none
 * @pad: must be zero
 *
 * Jobs that are not complete are cancelled, as when a queue is lost.
 */
struct drm_figment_queue_destroy {
	__u32 queue;
	__u32 pad;
};

/**
 * DRM_FIGMENT_QUEUE_LOST - takes no more jobs; outstanding ones were completed.
 */
#define DRM_FIGMENT_QUEUE_LOST		(1 << 0)
/**
 * DRM_FIGMENT_QUEUE_GUILTY - it was lost by what one of its own jobs did.
 */
#define DRM_FIGMENT_QUEUE_GUILTY	(1 << 1)

/**
 * struct drm_figment_queue_query - how a queue is doing
 * @queue: in, its id; -ENOENT if there is none
 * @state: out, DRM_FIGMENT_QUEUE_*
 * @error: out, why it was lost (negative errno), or 0
 * @pad: must be zero
 * @submitted: out, number of its latest job
 * @completed: out, number of the latest job that completed
 */
struct drm_figment_queue_query {
	__u32 queue;
	__u32 state;
	__s32 error;
	__u32 pad;
	__u64 submitted;
	__u64 completed;
};

/**
 * DRM_FIGMENT_BO_READ - the job reads it, and so waits for its writers.
 */
#define DRM_FIGMENT_BO_READ		(1 << 0)
/**
 * DRM_FIGMENT_BO_WRITE - the job writes it, and so waits for readers and writers.
 */
#define DRM_FIGMENT_BO_WRITE		(1 << 1)
/**
 * DRM_FIGMENT_BO_EXPLICIT - no implicit sync: wait for none, be waited for by none,
 * but for what an exporter's kernel does to the buffer itself, such as moving it.
 */
#define DRM_FIGMENT_BO_EXPLICIT		(1 << 2)

/**
 * struct drm_figment_bo - a buffer that a job uses
 * @handle: its GEM handle, -ENOENT if there is none; the same buffer twice in
 *	one job is -EEXIST
 * @flags: DRM_FIGMENT_BO_*; READ or WRITE or both
 */
struct drm_figment_bo {
	__u32 handle;
	__u32 flags;
};

/**
 * DRM_FIGMENT_SYNC_BINARY - a drm_syncobj.
 */
#define DRM_FIGMENT_SYNC_BINARY		0
/**
 * DRM_FIGMENT_SYNC_TIMELINE - a point of a timeline drm_syncobj.
 */
#define DRM_FIGMENT_SYNC_TIMELINE	1
/**
 * DRM_FIGMENT_SYNC_FILE - a sync_file's fd.
 */
#define DRM_FIGMENT_SYNC_FILE		2

/**
 * struct drm_figment_sync - something to wait for or to signal
 * @type: DRM_FIGMENT_SYNC_*
 * @flags: must be zero
 * @handle: the syncobj's handle, -ENOENT if there is none; zero for a sync_file
 * @fd: a sync_file: to wait for, in, the fd, which stays the caller's (-EINVAL
 *	if it is none); to signal, must be -1, and out is a new fd (O_CLOEXEC),
 *	or -1 again if the SUBMIT fails. Zero for a syncobj.
 * @point: the timeline's point, not zero; zero for the other types
 *
 * A wait for a syncobj, or a point, that has no fence yet is -EINVAL: submit
 * its signaller first, or wait for it with DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT and
 * WAIT_AVAILABLE. What an earlier job of the same SUBMIT signals has one. If such
 * jobs signal points of one timeline out of order, or one point twice, a wait is for
 * the one with the smallest point that is enough, and of these the first.
 */
struct drm_figment_sync {
	__u32 type;
	__u32 flags;
	__u32 handle;
	__s32 fd;
	__u64 point;
};

/**
 * DRM_FIGMENT_CMD_NOP - does nothing.
 */
#define DRM_FIGMENT_CMD_NOP		0
/**
 * DRM_FIGMENT_CMD_COPY - @size bytes from @src + @src_offset to @dst + @dst_offset.
 */
#define DRM_FIGMENT_CMD_COPY		1
/**
 * DRM_FIGMENT_CMD_COPY_2D - @rows rows of @size bytes, apart by the pitches.
 */
#define DRM_FIGMENT_CMD_COPY_2D		2
/**
 * DRM_FIGMENT_CMD_FILL - @size bytes with the low @elem bytes of @value, repeated.
 */
#define DRM_FIGMENT_CMD_FILL		3
/**
 * DRM_FIGMENT_CMD_WRITE64 - @value to @dst + @dst_offset, a multiple of 8, in one store.
 */
#define DRM_FIGMENT_CMD_WRITE64		4
/**
 * DRM_FIGMENT_CMD_TIMESTAMP - CLOCK_MONOTONIC in ns to @dst + @dst_offset, likewise.
 */
#define DRM_FIGMENT_CMD_TIMESTAMP	5
/**
 * DRM_FIGMENT_CMD_DELAY - @value ns, at most 60 s, during which nothing happens.
 */
#define DRM_FIGMENT_CMD_DELAY		6

/**
 * struct drm_figment_cmd - a command of the copy engine
 * @op: DRM_FIGMENT_CMD_*
 * @flags: must be zero
 * @src: index of the source in the job's buffers
 * @dst: index of the destination in the job's buffers, listed as written
 * @src_offset: bytes from the source's start
 * @dst_offset: bytes from the destination's start
 * @size: bytes; for COPY_2D those of one row
 * @value: what FILL and WRITE64 store, how long DELAY waits
 * @rows: COPY_2D: number of rows
 * @elem: FILL: 1, 2, 4 or 8, of which @size and @dst_offset are multiples
 * @src_pitch: COPY_2D: bytes from a source row's start to the next's
 * @dst_pitch: COPY_2D: likewise of the destination, at least @size if @rows > 1
 *
 * Fields that an op does not name must be zero. Commands of a job are executed
 * in order. Ranges must lie within the buffers (-ERANGE), and those of one COPY
 * or COPY_2D within one buffer must not overlap: what that gives is undefined,
 * though never outside the destination. A source row may be shorter than it is
 * far from the next (a pitch smaller or larger than @size), so that one command
 * can repeat a row or take every n-th pixel.
 */
struct drm_figment_cmd {
	__u32 op;
	__u32 flags;
	__u32 src;
	__u32 dst;
	__u64 src_offset;
	__u64 dst_offset;
	__u64 size;
	__u64 value;
	__u32 rows;
	__u32 elem;
	__u32 src_pitch;
	__u32 dst_pitch;
};

/**
 * struct drm_figment_job - one job of a SUBMIT
 * @queue: in, the queue it goes to, -ENOENT if there is none
 * @flags: must be zero
 * @user_data: in, a host job's, handed to its executor; zero for a copy job
 * @seqno: out, its number in its queue, counted from 1
 * @bos: in, the buffers it uses, &struct drm_figment_bo
 * @waits: in, what it waits for, &struct drm_figment_sync
 * @signals: in, what it signals when complete, &struct drm_figment_sync
 * @cmds: in, a copy job's commands, &struct drm_figment_cmd; none for a host job
 */
struct drm_figment_job {
	__u32 queue;
	__u32 flags;
	__u64 user_data;
	__u64 seqno;
	struct drm_figment_array bos;
	struct drm_figment_array waits;
	struct drm_figment_array signals;
	struct drm_figment_array cmds;
};

/**
 * DRM_FIGMENT_MAX_JOBS - jobs in one SUBMIT.
 */
#define DRM_FIGMENT_MAX_JOBS		1024
/**
 * DRM_FIGMENT_MAX_REFS - buffers, and likewise waits and signals, in one SUBMIT.
 */
#define DRM_FIGMENT_MAX_REFS		4096
/**
 * DRM_FIGMENT_MAX_CMDS - commands in one SUBMIT.
 */
#define DRM_FIGMENT_MAX_CMDS		65536

/**
 * struct drm_figment_submit - submit jobs
 * @jobs: &struct drm_figment_job, at least one
 * @flags: must be zero
 * @pad: must be zero
 *
 * Does as though each job had been submitted by itself, in order, but all or
 * nothing: on an error no fence, syncobj or buffer has changed, and no fd was
 * made (out fields may have been written). It does not wait for what the jobs
 * wait for.
 *
 * Errors: -EINVAL (flags, padding, a type, op, stride or count), -E2BIG (more
 * than DRM_FIGMENT_MAX_*), -ENOENT (a handle or queue), -EEXIST (a buffer listed
 * twice), -ERANGE (a command outside its buffer, or an index outside the list),
 * -EACCES (a command writes a buffer not listed as written, or reads one not
 * listed as read), -EOPNOTSUPP (a foreign buffer that the CPU cannot reach is in
 * the list of a job with commands, even if none of these uses it; a timeline where
 * the operator has hidden them), -EMFILE (fds), -EBUSY (65,536 jobs of this client
 * are outstanding, or what they keep is 64 MiB), -ECANCELED (the queue is lost).
 */
struct drm_figment_submit {
	struct drm_figment_array jobs;
	__u32 flags;
	__u32 pad;
};

/**
 * struct drm_figment_queue_fault - have a queue's next jobs suffer
 * @queue: in, its id; -ENOENT if there is none
 * @flags: must be zero
 * @delay_run_ns: jobs become runnable so much after what they wait for
 * @delay_signal_ns: fences signal so much after the job was done
 * @jitter_ns: each delay is longer by 0 to so much, evenly spread
 * @seed: of the jitter: the same seed gives the same delays
 * @hang_nth: the job, counted from the next as 1, that is never done; 0 for none
 * @fail_nth: the job that fails, likewise
 * @error: the negative errno it fails with; zero if @fail_nth is
 * @pad: must be zero
 *
 * Replaces what was set before; all zeroes ends it. Jobs that are submitted
 * already are not concerned. Delays and jitter are 60 s at most each (-ERANGE).
 * Time-outs count as ever: a hung job, or one held back for longer, is -ETIMEDOUT
 * and its queue lost. A failing copy job executes nothing; a failing host job is
 * executed, and its status replaced.
 */
struct drm_figment_queue_fault {
	__u32 queue;
	__u32 flags;
	__u64 delay_run_ns;
	__u64 delay_signal_ns;
	__u64 jitter_ns;
	__u64 seed;
	__u64 hang_nth;
	__u64 fail_nth;
	__s32 error;
	__u32 pad;
};

#define DRM_IOCTL_FIGMENT_GET_PARAM \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_FIGMENT_GET_PARAM, struct drm_figment_get_param)
#define DRM_IOCTL_FIGMENT_GEM_CREATE \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_FIGMENT_GEM_CREATE, struct drm_figment_gem_create)
#define DRM_IOCTL_FIGMENT_GEM_INFO \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_FIGMENT_GEM_INFO, struct drm_figment_gem_info)
#define DRM_IOCTL_FIGMENT_QUEUE_CREATE \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_FIGMENT_QUEUE_CREATE, struct drm_figment_queue_create)
#define DRM_IOCTL_FIGMENT_QUEUE_DESTROY \
	DRM_IOW(DRM_COMMAND_BASE + DRM_FIGMENT_QUEUE_DESTROY, struct drm_figment_queue_destroy)
#define DRM_IOCTL_FIGMENT_QUEUE_QUERY \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_FIGMENT_QUEUE_QUERY, struct drm_figment_queue_query)
#define DRM_IOCTL_FIGMENT_SUBMIT \
	DRM_IOW(DRM_COMMAND_BASE + DRM_FIGMENT_SUBMIT, struct drm_figment_submit)
#define DRM_IOCTL_FIGMENT_GEM_LABEL \
	DRM_IOW(DRM_COMMAND_BASE + DRM_FIGMENT_GEM_LABEL, struct drm_figment_gem_label)
#define DRM_IOCTL_FIGMENT_GEM_USERPTR \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_FIGMENT_GEM_USERPTR, struct drm_figment_gem_userptr)
#define DRM_IOCTL_FIGMENT_GEM_METADATA \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_FIGMENT_GEM_METADATA, struct drm_figment_gem_metadata)
#define DRM_IOCTL_FIGMENT_QUEUE_FAULT \
	DRM_IOW(DRM_COMMAND_BASE + DRM_FIGMENT_QUEUE_FAULT, struct drm_figment_queue_fault)

#if defined(__cplusplus)
}
#endif

#endif

// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: every argument of SUBMIT, refused when it is wrong
 *
 * Two jobs are submitted that wait for a fence which stays pending. The first is
 * always right; a table says what is made wrong in the second, or in the array of
 * both, and which errno that has to give. After each refusal nothing of what the
 * two would have changed may have changed: no fence in any buffer, syncobj or
 * timeline, no new fd, no job, no memory, no number used up.
 *
 * Catches a driver that misses a check, checks after it has begun to publish,
 * forgets to undo something, or trips over an address. The same jobs unspoilt
 * are submitted in the end and have to be taken, so that it also catches one
 * that refuses everything.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kselftest.h"

#include "helpers.h"

/* Where the handles of a fresh file begin; open_world() makes sure. */
enum { SRC = 1, DST, CLOSED_BO };
enum { COPYQ = 1, HOSTQ, LOSTQ, GONEQ };
enum { BINARY = 1, TIMELINE, EMPTY, GONE_SYNCOBJ };
#define UNSPOILT	7	/* the timeline's value */
#define BO_SIZE		(4ull * PAGE)
/* An fd that is none. */
#define BAD_FD		9999

/* What userspace hands over, in memory at a fixed address: so can be in a table. */
struct request {
	struct drm_figment_submit submit;
	struct drm_figment_job jobs[2];
	struct drm_figment_bo bos[2][3];
	struct drm_figment_sync waits[2][4];
	struct drm_figment_sync signals[2][4];
	struct drm_figment_cmd cmds[2][4];
	uint64_t room[600];
};

#define REQUEST		((struct request *)0x10000000)
/* A page that may only be read, and one that is not there. */
#define READONLY	0x20000000ull
#define UNMAPPED	0x30000000ull
#define KERNEL		0xffff888000001000ull
#define WRAPS		(~0ull - 0xff)
#define ADDRESS(field)	((uint64_t)(uintptr_t)&REQUEST->field)

struct change {
	size_t at;
	size_t size;
	uint64_t value;
};

#define SET(field, v)	{ offsetof(struct request, field), \
			  sizeof(((struct request *)0)->field), (uint64_t)(v) }
#define ARRAY(field, p, n, s) \
	SET(field.ptr, p), SET(field.count, n), SET(field.stride, s)
#define NONE(field)	ARRAY(field, 0, 0, 0)

struct refusal {
	const char *name;
	int error;
	struct change changes[10];
};

/* Everything an array can be wrong in. */
#define ARRAY_REFUSALS(name, field, size, null_error) \
	{ name ": NULL", null_error, { SET(field.ptr, 0) } }, \
	{ name ": unmapped", EFAULT, { SET(field.ptr, UNMAPPED) } }, \
	{ name ": a kernel address", EFAULT, { SET(field.ptr, KERNEL) } }, \
	{ name ": wraps", EFAULT, { SET(field.ptr, WRAPS) } }, \
	{ name ": ends outside", EFAULT, { SET(field.ptr, UNMAPPED - 8) } }, \
	{ name ": stride 0", EINVAL, { SET(field.stride, 0) } }, \
	{ name ": stride 4", EINVAL, { SET(field.stride, 4) } }, \
	{ name ": stride 7", EINVAL, { SET(field.stride, 7) } }, \
	{ name ": stride unaligned", EINVAL, { SET(field.stride, (size) + 4) } }, \
	{ name ": stride beyond a page", EINVAL, { SET(field.stride, PAGE + 8) } }, \
	{ name ": stride the largest", EINVAL, { SET(field.stride, ~7u) } }, \
	{ name ": count too large", E2BIG, { SET(field.count, 100000) } }, \
	{ name ": count the largest", E2BIG, { SET(field.count, ~0u) } }

/* What only an array that may be empty can be wrong in, besides. */
#define EMPTY_REFUSALS(name, field, size) \
	{ name ": empty with an address", EINVAL, { SET(field.count, 0), SET(field.stride, 0) } }, \
	{ name ": empty with a stride", EINVAL, { SET(field.count, 0), SET(field.ptr, 0) } }, \
	{ name ": an unknown field is not zero", E2BIG, { \
		ARRAY(field, ADDRESS(room), 1, (size) + 8), \
		SET(room[(size) / 8], 1) } }, \
	{ name ": an unknown byte is not zero", E2BIG, { \
		ARRAY(field, ADDRESS(room), 1, PAGE), \
		SET(room[PAGE / 8 - 1], 1ull << 63) } }

#define FLAG_REFUSALS(name, field, error, known) \
	{ name ": an unknown flag", error, { SET(field, (known) | 1u << 31) } }, \
	{ name ": the next flag", error, { SET(field, (known) | ((known) + 1)) } }

/* A command in place of the last one; ten changes are enough for any. */
#define CMD(...)	{ __VA_ARGS__ }
#define C(field, v)	SET(cmds[1][3].field, v)
#define IS(o)		C(op, DRM_FIGMENT_CMD_##o)

static const struct refusal refusals[] = {
	/* The submit itself */
	FLAG_REFUSALS("flags", submit.flags, EINVAL, 0),
	{ "pad", EINVAL, { SET(submit.pad, 1) } },
	{ "no jobs", EINVAL, { NONE(submit.jobs) } },
	ARRAY_REFUSALS("jobs", submit.jobs, sizeof(struct drm_figment_job), EFAULT),
	{ "jobs: one more than the limit", E2BIG, {
		SET(submit.jobs.count, DRM_FIGMENT_MAX_JOBS + 1) } },
	{ "jobs: shorter than any version's", EINVAL, { SET(submit.jobs.stride, 80) } },
	{ "jobs: an unknown field is not zero", E2BIG, {
		ARRAY(submit.jobs, ADDRESS(room), 1, sizeof(struct drm_figment_job) + 8),
		SET(room[sizeof(struct drm_figment_job) / 8], 1) } },
	{ "jobs: in memory that cannot be written", EFAULT, {
		ARRAY(submit.jobs, READONLY, 1, sizeof(struct drm_figment_job)) } },

	/* A job */
	FLAG_REFUSALS("job flags", jobs[1].flags, EINVAL, 0),
	{ "job of no queue", ENOENT, { SET(jobs[1].queue, 0) } },
	{ "job of an unknown queue", ENOENT, { SET(jobs[1].queue, 200) } },
	{ "job of a queue beyond all", ENOENT, { SET(jobs[1].queue, ~0u) } },
	{ "job of a destroyed queue", ENOENT, { SET(jobs[1].queue, GONEQ) } },
	{ "job of a lost queue", ECANCELED, { SET(jobs[1].queue, LOSTQ), NONE(jobs[1].cmds) } },
	{ "copy job with user data", EINVAL, { SET(jobs[1].user_data, 1) } },
	{ "host job with commands", EINVAL, { SET(jobs[1].queue, HOSTQ) } },
	{ "host job with a command array's stride", EINVAL, {
		SET(jobs[1].queue, HOSTQ), SET(jobs[1].cmds.count, 0),
		SET(jobs[1].cmds.ptr, 0) } },

	/* Buffers */
	ARRAY_REFUSALS("bos", jobs[1].bos, sizeof(struct drm_figment_bo), EFAULT),
	EMPTY_REFUSALS("bos", jobs[1].bos, sizeof(struct drm_figment_bo)),
	{ "bos: over the limit", E2BIG, {
		SET(jobs[1].bos.count, DRM_FIGMENT_MAX_REFS + 1) } },
	{ "bos: over the limit with those of the job before", E2BIG, {
		SET(jobs[1].bos.count, DRM_FIGMENT_MAX_REFS - 1) } },
	FLAG_REFUSALS("bo flags", bos[1][1].flags, EINVAL, 7),
	{ "bo without access", EINVAL, { SET(bos[1][1].flags, 0) } },
	{ "bo only explicit", EINVAL, { SET(bos[1][1].flags, DRM_FIGMENT_BO_EXPLICIT) } },
	{ "bo 0", ENOENT, { SET(bos[1][1].handle, 0) } },
	{ "bo unknown", ENOENT, { SET(bos[1][1].handle, 777) } },
	{ "bo the largest", ENOENT, { SET(bos[1][1].handle, ~0u) } },
	{ "bo closed", ENOENT, { SET(bos[1][1].handle, CLOSED_BO) } },
	{ "bo twice", EEXIST, { SET(bos[1][1].handle, SRC) } },
	{ "bo twice, explicitly", EEXIST, {
		SET(bos[1][1].handle, SRC), SET(bos[1][1].flags, 6) } },

	/* Waits */
	ARRAY_REFUSALS("waits", jobs[1].waits, sizeof(struct drm_figment_sync), EFAULT),
	EMPTY_REFUSALS("waits", jobs[1].waits, sizeof(struct drm_figment_sync)),
	{ "waits: over the limit", E2BIG, {
		SET(jobs[1].waits.count, DRM_FIGMENT_MAX_REFS + 1) } },
	{ "waits: over the limit with the job before", E2BIG, {
		SET(jobs[1].waits.count, DRM_FIGMENT_MAX_REFS - 2) } },
	{ "wait of an unknown type", EINVAL, { SET(waits[1][1].type, 3) } },
	{ "wait of the largest type", EINVAL, { SET(waits[1][1].type, ~0u) } },
	FLAG_REFUSALS("wait flags, binary", waits[1][1].flags, EINVAL, 0),
	FLAG_REFUSALS("wait flags, timeline", waits[1][2].flags, EINVAL, 0),
	FLAG_REFUSALS("wait flags, sync_file", waits[1][0].flags, EINVAL, 0),
	{ "wait binary: no handle", ENOENT, { SET(waits[1][1].handle, 0) } },
	{ "wait binary: unknown handle", ENOENT, { SET(waits[1][1].handle, 999) } },
	{ "wait binary: destroyed", ENOENT, { SET(waits[1][1].handle, GONE_SYNCOBJ) } },
	{ "wait binary: an fd", EINVAL, { SET(waits[1][1].fd, 1) } },
	{ "wait binary: fd -1", EINVAL, { SET(waits[1][1].fd, -1) } },
	{ "wait binary: a point", EINVAL, { SET(waits[1][1].point, 1) } },
	{ "wait binary: no fence yet", EINVAL, { SET(waits[1][1].handle, EMPTY) } },
	{ "wait timeline: no handle", ENOENT, { SET(waits[1][2].handle, 0) } },
	{ "wait timeline: unknown handle", ENOENT, { SET(waits[1][2].handle, 999) } },
	{ "wait timeline: an fd", EINVAL, { SET(waits[1][2].fd, 1) } },
	{ "wait timeline: point 0", EINVAL, { SET(waits[1][2].point, 0) } },
	{ "wait timeline: a point nobody signals", EINVAL, { SET(waits[1][2].point, 1000) } },
	{ "wait timeline: the largest point", EINVAL, { SET(waits[1][2].point, ~0ull) } },
	{ "wait timeline: what it signals itself", EINVAL, { SET(waits[1][2].point, 9) } },
	{ "wait sync_file: a handle", EINVAL, { SET(waits[1][0].handle, 1) } },
	{ "wait sync_file: a point", EINVAL, { SET(waits[1][0].point, 1) } },
	{ "wait sync_file: fd -1", EINVAL, { SET(waits[1][0].fd, -1) } },
	{ "wait sync_file: no such fd", EINVAL, { SET(waits[1][0].fd, BAD_FD) } },
	{ "wait sync_file: another file", EINVAL, { SET(waits[1][0].fd, STDOUT_FILENO) } },

	/* Signals */
	ARRAY_REFUSALS("signals", jobs[1].signals, sizeof(struct drm_figment_sync), EFAULT),
	EMPTY_REFUSALS("signals", jobs[1].signals, sizeof(struct drm_figment_sync)),
	{ "signals: over the limit", E2BIG, {
		SET(jobs[1].signals.count, DRM_FIGMENT_MAX_REFS + 1) } },
	{ "signals: over the limit with the waits", E2BIG, {
		SET(jobs[1].signals.count, DRM_FIGMENT_MAX_REFS - 8) } },
	{ "signals: fds in memory that cannot be written", EFAULT, {
		ARRAY(jobs[1].signals, READONLY + 1024, 1, sizeof(struct drm_figment_sync)) } },
	{ "signal of an unknown type", EINVAL, { SET(signals[1][1].type, 3) } },
	FLAG_REFUSALS("signal flags, binary", signals[1][1].flags, EINVAL, 0),
	FLAG_REFUSALS("signal flags, timeline", signals[1][2].flags, EINVAL, 0),
	FLAG_REFUSALS("signal flags, sync_file", signals[1][0].flags, EINVAL, 0),
	{ "signal binary: no handle", ENOENT, { SET(signals[1][1].handle, 0) } },
	{ "signal binary: unknown handle", ENOENT, { SET(signals[1][1].handle, 999) } },
	{ "signal binary: destroyed", ENOENT, { SET(signals[1][1].handle, GONE_SYNCOBJ) } },
	{ "signal binary: an fd", EINVAL, { SET(signals[1][1].fd, 1) } },
	{ "signal binary: fd -1", EINVAL, { SET(signals[1][1].fd, -1) } },
	{ "signal binary: a point", EINVAL, { SET(signals[1][1].point, 1) } },
	{ "signal timeline: no handle", ENOENT, { SET(signals[1][2].handle, 0) } },
	{ "signal timeline: an fd", EINVAL, { SET(signals[1][2].fd, -1) } },
	{ "signal timeline: point 0", EINVAL, { SET(signals[1][2].point, 0) } },
	{ "signal sync_file: a handle", EINVAL, { SET(signals[1][0].handle, 1) } },
	{ "signal sync_file: a point", EINVAL, { SET(signals[1][0].point, 1) } },
	{ "signal sync_file: fd 0", EINVAL, { SET(signals[1][0].fd, 0) } },
	{ "signal sync_file: an fd", EINVAL, { SET(signals[1][0].fd, BAD_FD) } },
	{ "signal sync_file: another negative fd", EINVAL, { SET(signals[1][0].fd, -2) } },

	/* Commands */
	ARRAY_REFUSALS("cmds", jobs[1].cmds, sizeof(struct drm_figment_cmd), EFAULT),
	EMPTY_REFUSALS("cmds", jobs[1].cmds, sizeof(struct drm_figment_cmd)),
	{ "cmds: over the limit", E2BIG, {
		SET(jobs[1].cmds.count, DRM_FIGMENT_MAX_CMDS + 1) } },
	{ "cmds: over the limit with the job before", E2BIG, {
		SET(jobs[1].cmds.count, DRM_FIGMENT_MAX_CMDS) } },
	{ "cmd unknown", EINVAL, CMD(C(op, 7)) },
	{ "cmd the largest", EINVAL, CMD(C(op, ~0u)) },
	FLAG_REFUSALS("cmd flags", cmds[1][3].flags, EINVAL, 0),

	{ "nop: src", EINVAL, CMD(IS(NOP), C(src, 1)) },
	{ "nop: dst", EINVAL, CMD(IS(NOP), C(dst, 1)) },
	{ "nop: src_offset", EINVAL, CMD(IS(NOP), C(src_offset, 1)) },
	{ "nop: dst_offset", EINVAL, CMD(IS(NOP), C(dst_offset, 1)) },
	{ "nop: size", EINVAL, CMD(IS(NOP), C(size, 1)) },
	{ "nop: value", EINVAL, CMD(IS(NOP), C(value, 1)) },
	{ "nop: rows", EINVAL, CMD(IS(NOP), C(rows, 1)) },
	{ "nop: elem", EINVAL, CMD(IS(NOP), C(elem, 1)) },
	{ "nop: src_pitch", EINVAL, CMD(IS(NOP), C(src_pitch, 1)) },
	{ "nop: dst_pitch", EINVAL, CMD(IS(NOP), C(dst_pitch, 1)) },

#define COPY(...) CMD(IS(COPY), C(dst, 1), C(size, 64), __VA_ARGS__)
	{ "copy: nothing", EINVAL, COPY(C(size, 0)) },
	{ "copy: value", EINVAL, COPY(C(value, 1)) },
	{ "copy: rows", EINVAL, COPY(C(rows, 1)) },
	{ "copy: elem", EINVAL, COPY(C(elem, 1)) },
	{ "copy: src_pitch", EINVAL, COPY(C(src_pitch, 1)) },
	{ "copy: dst_pitch", EINVAL, COPY(C(dst_pitch, 1)) },
	{ "copy: src not in the list", ERANGE, COPY(C(src, 2)) },
	{ "copy: dst not in the list", ERANGE, COPY(C(dst, 2)) },
	{ "copy: src beyond all", ERANGE, COPY(C(src, ~0u)) },
	{ "copy: dst beyond all", ERANGE, COPY(C(dst, ~0u)) },
	{ "copy: to what is not written", EACCES, COPY(C(dst, 0)) },
	{ "copy: from what is not read", EACCES, COPY(C(src, 1)) },
	{ "copy: larger than the source", ERANGE, COPY(C(size, BO_SIZE + 1)) },
	{ "copy: over the source's end", ERANGE, COPY(C(src_offset, BO_SIZE - 63)) },
	{ "copy: over the destination's end", ERANGE, COPY(C(dst_offset, BO_SIZE - 63)) },
	{ "copy: from the end", ERANGE, COPY(C(src_offset, BO_SIZE)) },
	{ "copy: src_offset wraps", ERANGE, COPY(C(src_offset, ~0ull - 31)) },
	{ "copy: dst_offset wraps", ERANGE, COPY(C(dst_offset, ~0ull - 31)) },
	{ "copy: src_offset the largest", ERANGE, COPY(C(src_offset, ~0ull)) },
	{ "copy: size wraps", ERANGE, COPY(C(size, ~0ull - 15), C(src_offset, 32)) },
	{ "copy: size the largest", ERANGE, COPY(C(size, ~0ull)) },

#define COPY_2D(...) CMD(IS(COPY_2D), C(dst, 1), C(size, 64), C(rows, 4), C(src_pitch, 64), \
			 C(dst_pitch, 128), __VA_ARGS__)
	{ "2d: no rows", EINVAL, COPY_2D(C(rows, 0)) },
	{ "2d: empty rows", EINVAL, COPY_2D(C(size, 0)) },
	{ "2d: value", EINVAL, COPY_2D(C(value, 1)) },
	{ "2d: elem", EINVAL, COPY_2D(C(elem, 1)) },
	{ "2d: rows over each other", EINVAL, COPY_2D(C(dst_pitch, 63)) },
	{ "2d: rows on each other", EINVAL, COPY_2D(C(dst_pitch, 0)) },
	{ "2d: src not in the list", ERANGE, COPY_2D(C(src, 2)) },
	{ "2d: dst not in the list", ERANGE, COPY_2D(C(dst, 2)) },
	{ "2d: to what is not written", EACCES, COPY_2D(C(dst, 0)) },
	{ "2d: from what is not read", EACCES, COPY_2D(C(src, 1)) },
	{ "2d: last source row outside", ERANGE, COPY_2D(C(src_pitch, BO_SIZE / 3)) },
	{ "2d: last row outside", ERANGE, COPY_2D(C(dst_pitch, BO_SIZE / 3)) },
	{ "2d: one row too many", ERANGE, COPY_2D(C(rows, BO_SIZE / 128 + 1)) },
	{ "2d: pitches the largest", ERANGE, COPY_2D(C(src_pitch, ~0u)) },
	{ "2d: rows and pitch the largest", ERANGE, COPY_2D(C(rows, ~0u), C(dst_pitch, ~0u)) },
	{ "2d: rows * pitch wraps 32 bits", ERANGE, COPY_2D(C(rows, 0x10001),
							    C(dst_pitch, 0x10000)) },
	{ "2d: size wraps", ERANGE, COPY_2D(C(size, ~0ull - 63), C(rows, 1)) },
	{ "2d: src_offset wraps", ERANGE, COPY_2D(C(src_offset, ~0ull - 31)) },
	{ "2d: dst_offset wraps", ERANGE, COPY_2D(C(dst_offset, ~0ull - 31)) },

#define FILL(...) CMD(IS(FILL), C(dst, 1), C(size, 64), C(elem, 4), __VA_ARGS__)
	{ "fill: nothing", EINVAL, FILL(C(size, 0)) },
	{ "fill: src", EINVAL, FILL(C(src, 1)) },
	{ "fill: src_offset", EINVAL, FILL(C(src_offset, 8)) },
	{ "fill: rows", EINVAL, FILL(C(rows, 1)) },
	{ "fill: src_pitch", EINVAL, FILL(C(src_pitch, 1)) },
	{ "fill: dst_pitch", EINVAL, FILL(C(dst_pitch, 1)) },
	{ "fill: elem 0", EINVAL, FILL(C(elem, 0)) },
	{ "fill: elem 3", EINVAL, FILL(C(elem, 3)) },
	{ "fill: elem 16", EINVAL, FILL(C(elem, 16)) },
	{ "fill: size no multiple", EINVAL, FILL(C(size, 62)) },
	{ "fill: offset no multiple", EINVAL, FILL(C(dst_offset, 2)) },
	{ "fill: not in the list", ERANGE, FILL(C(dst, 2)) },
	{ "fill: what is not written", EACCES, FILL(C(dst, 0)) },
	{ "fill: over the end", ERANGE, FILL(C(dst_offset, BO_SIZE - 60)) },
	{ "fill: wraps", ERANGE, FILL(C(dst_offset, ~0ull - 31)) },
	{ "fill: size the largest", ERANGE, FILL(C(size, ~0ull - 3)) },

#define WRITE64(...) CMD(IS(WRITE64), C(dst, 1), C(value, 1), __VA_ARGS__)
	{ "write: src", EINVAL, WRITE64(C(src, 1)) },
	{ "write: src_offset", EINVAL, WRITE64(C(src_offset, 8)) },
	{ "write: size", EINVAL, WRITE64(C(size, 8)) },
	{ "write: elem", EINVAL, WRITE64(C(elem, 8)) },
	{ "write: rows", EINVAL, WRITE64(C(rows, 1)) },
	{ "write: dst_pitch", EINVAL, WRITE64(C(dst_pitch, 1)) },
	{ "write: unaligned", EINVAL, WRITE64(C(dst_offset, 4)) },
	{ "write: not in the list", ERANGE, WRITE64(C(dst, 2)) },
	{ "write: what is not written", EACCES, WRITE64(C(dst, 0)) },
	{ "write: at the end", ERANGE, WRITE64(C(dst_offset, BO_SIZE)) },
	{ "write: wraps", ERANGE, WRITE64(C(dst_offset, ~7ull)) },

#define TIMESTAMP(...) CMD(IS(TIMESTAMP), C(dst, 1), __VA_ARGS__)
	{ "timestamp: value", EINVAL, TIMESTAMP(C(value, 1)) },
	{ "timestamp: size", EINVAL, TIMESTAMP(C(size, 8)) },
	{ "timestamp: src", EINVAL, TIMESTAMP(C(src, 1)) },
	{ "timestamp: unaligned", EINVAL, TIMESTAMP(C(dst_offset, 1)) },
	{ "timestamp: what is not written", EACCES, TIMESTAMP(C(dst, 0)) },
	{ "timestamp: at the end", ERANGE, TIMESTAMP(C(dst_offset, BO_SIZE)) },

#define DELAY(...) CMD(IS(DELAY), __VA_ARGS__)
	{ "delay: longer than a minute", EINVAL, DELAY(C(value, 60000000001ull)) },
	{ "delay: the longest", EINVAL, DELAY(C(value, ~0ull)) },
	{ "delay: dst", EINVAL, DELAY(C(dst, 1)) },
	{ "delay: src", EINVAL, DELAY(C(src, 1)) },
	{ "delay: size", EINVAL, DELAY(C(size, 1)) },
	{ "delay: elem", EINVAL, DELAY(C(elem, 1)) },
	{ "delay: rows", EINVAL, DELAY(C(rows, 1)) },
};

/* What must be as it was, besides what cannot be told without waiting. */
struct world {
	int fd;
	int gate;
	struct host host;
	struct host lost;
	struct buffer src, dst;
	int src_dmabuf, dst_dmabuf;
	int fds;
	uint64_t memory;
};

static void open_world(struct world *w)
{
	uint32_t id, gone;

	w->fd = device_open();
	w->src = buffer_create(w->fd, BO_SIZE);
	w->dst = buffer_create(w->fd, BO_SIZE);
	must(figment_bo_create(w->fd, PAGE, &id));
	must(figment_bo_close(w->fd, id));
	must_be(w->src.handle == SRC && w->dst.handle == DST && id == CLOSED_BO);
	w->src_dmabuf = buffer_export(w->fd, &w->src);
	w->dst_dmabuf = buffer_export(w->fd, &w->dst);

	must_be(copy_queue(w->fd) == COPYQ);
	w->host = host_queue(w->fd);
	w->lost = host_queue(w->fd);
	close(w->lost.fd);
	gone = copy_queue(w->fd);
	must(figment_queue_destroy(w->fd, gone));
	must_be(w->host.queue == HOSTQ && w->lost.queue == LOSTQ && gone == GONEQ);

	must(figment_syncobj_create(w->fd, true, &id));
	must_be(id == BINARY);
	must_be(syncobj_create(w->fd) == TIMELINE);
	must(figment_syncobj_signal(w->fd, TIMELINE, UNSPOILT));
	must_be(syncobj_create(w->fd) == EMPTY);
	must_be(syncobj_create(w->fd) == GONE_SYNCOBJ);
	must(figment_syncobj_destroy(w->fd, GONE_SYNCOBJ));

	w->gate = host_pending(w->fd, &w->host, NULL);
	host_take(w->host.fd);
	must_be(mmap(REQUEST, sizeof(*REQUEST), PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == REQUEST);
	must_be(mmap((void *)READONLY, PAGE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) ==
		(void *)READONLY);
	/* An address that ends just before the page that is not there. */
	must_be(mmap((void *)(UNMAPPED - PAGE), PAGE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) ==
		(void *)(UNMAPPED - PAGE));
	w->fds = count_fds();
	w->memory = device_param(w->fd, DRM_FIGMENT_PARAM_MEMORY_USED);
}

static void right_job(struct request *r, int n, int gate)
{
	struct drm_figment_job *job = &r->jobs[n];

	r->bos[n][0] = (struct drm_figment_bo){ SRC, DRM_FIGMENT_BO_READ };
	r->bos[n][1] = (struct drm_figment_bo){ DST, DRM_FIGMENT_BO_WRITE };
	r->waits[n][0] = (struct drm_figment_sync){ .type = DRM_FIGMENT_SYNC_FILE, .fd = gate };
	r->waits[n][1] = (struct drm_figment_sync){ .handle = BINARY };
	r->waits[n][2] = (struct drm_figment_sync){
		.type = DRM_FIGMENT_SYNC_TIMELINE, .handle = TIMELINE, .point = UNSPOILT };
	r->signals[n][0] = (struct drm_figment_sync){ .type = DRM_FIGMENT_SYNC_FILE, .fd = -1 };
	r->signals[n][1] = (struct drm_figment_sync){ .handle = n ? EMPTY : BINARY };
	r->signals[n][2] = (struct drm_figment_sync){
		.type = DRM_FIGMENT_SYNC_TIMELINE, .handle = TIMELINE, .point = 8 + n };
	for (int i = 0; i < 3; i++)
		r->cmds[n][i] = (struct drm_figment_cmd){
			.op = DRM_FIGMENT_CMD_WRITE64, .dst = 1, .dst_offset = 8 * i, .value = ~0ull };
	*job = (struct drm_figment_job){
		.queue = COPYQ,
		.bos = FIGMENT_ARRAY(r->bos[n], 2),
		.waits = FIGMENT_ARRAY(r->waits[n], 3),
		.signals = FIGMENT_ARRAY(r->signals[n], 3),
		.cmds = FIGMENT_ARRAY(r->cmds[n], 4),
	};
}

static void right_request(struct world *w)
{
	struct request *r = REQUEST;

	memset(r, 0, sizeof(*r));
	right_job(r, 0, w->gate);
	right_job(r, 1, w->gate);
	r->submit.jobs = FIGMENT_ARRAY(r->jobs, 2);

	must_call(mprotect((void *)READONLY, PAGE, PROT_READ | PROT_WRITE));
	memset((void *)READONLY, 0, PAGE);
	memcpy((void *)READONLY, &r->jobs[0], sizeof(r->jobs[0]));
	memcpy((void *)(READONLY + 1024), &r->signals[1][0], sizeof(r->signals[1][0]));
	must_call(mprotect((void *)READONLY, PAGE, PROT_READ));
}

/* What is not as it was, or NULL. */
static const char *changed(struct world *w)
{
	uint32_t empty = EMPTY, timeline = TIMELINE;
	uint64_t point;

	if (count_fds() != w->fds)
		return "an fd was made or lost";
	if (queue_query(w->fd, COPYQ).submitted)
		return "the copy queue has a job";
	if (queue_query(w->fd, HOSTQ).submitted != 1)
		return "the host queue has a job";
	if (syncobj_state(w->fd, BINARY, 0))
		return "the binary syncobj has another fence";
	if (figment_syncobj_wait(w->fd, &empty, NULL, 1, 0, 0, NULL) != -EINVAL)
		return "the empty syncobj has a fence";
	must(figment_syncobj_query(w->fd, TIMELINE, &point));
	if (point != UNSPOILT)
		return "the timeline moved";
	point = UNSPOILT + 1;
	if (figment_syncobj_wait(w->fd, &timeline, &point, 1, 0,
				 DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT |
				 DRM_SYNCOBJ_WAIT_FLAGS_WAIT_AVAILABLE, NULL) != -ETIME)
		return "the timeline has a new point";
	if (!dmabuf_idle(w->src_dmabuf, true) || !dmabuf_idle(w->dst_dmabuf, true))
		return "a buffer has a fence";
	if (device_param(w->fd, DRM_FIGMENT_PARAM_MEMORY_USED) != w->memory)
		return "memory was taken";
	if (can_poll(w->host.fd, POLLIN))
		return "a job became runnable";
	return NULL;
}

static void refuse(struct world *w, const struct refusal *refusal)
{
	const char *what;
	int ret, fd;

	right_request(w);
	for (size_t i = 0; i < ARRAY_SIZE(refusal->changes); i++) {
		const struct change *c = &refusal->changes[i];

		/* All are little-endian machines that this is for. */
		memcpy((char *)REQUEST + c->at, &c->value, c->size);
	}
	fd = REQUEST->signals[0][0].fd;
	ret = raw_ioctl(w->fd, DRM_IOCTL_FIGMENT_SUBMIT, &REQUEST->submit);
	what = changed(w);
	/* Then the same cannot be submitted again, as after an interrupt. */
	if (REQUEST->signals[0][0].fd != fd)
		what = "there is an fd of nothing";
	if (ret != -refusal->error)
		ksft_print_msg("%s: gave %d (%s), not %d\n", refusal->name, ret,
			       strerror(-ret), -refusal->error);
	if (what)
		ksft_print_msg("%s: %s\n", refusal->name, what);
	ksft_test_result(ret == -refusal->error && !what, "%s\n", refusal->name);
}

/* The ioctl's own argument. */
static void refuse_pointers(struct world *w)
{
	static const uint64_t pointers[] = { 0, UNMAPPED, KERNEL, UNMAPPED - 8, ~0ull };
	bool ok = true;

	right_request(w);
	for (size_t i = 0; i < ARRAY_SIZE(pointers); i++)
		ok &= raw_ioctl(w->fd, DRM_IOCTL_FIGMENT_SUBMIT,
				(void *)(uintptr_t)pointers[i]) == -EFAULT;
	ksft_test_result(ok && !changed(w), "the submit: bad addresses\n");
}

/* Each wrong in one thing only: right again, they have to be taken. */
static void accept_unspoilt(struct world *w)
{
	struct request *r = REQUEST;
	bool ok;

	right_request(w);
	ok = !raw_ioctl(w->fd, DRM_IOCTL_FIGMENT_SUBMIT, &r->submit);
	ksft_test_result(ok && r->jobs[0].seqno == 1 && r->jobs[1].seqno == 2,
			 "unspoilt jobs are taken\n");
	ksft_test_result(ok && pending(r->signals[1][0].fd) && !w->dst.map[0] &&
			 changed(w), "and nothing of the refused ones has run\n");
	must(figment_host_complete(w->host.fd, 1, 0));
	ksft_test_result(ok && settle(r->signals[1][0].fd) == 1 &&
			 all_bytes(w->dst.map, 0xff, 24) &&
			 all_bytes(w->dst.map + 24, 0, BO_SIZE - 24) &&
			 queue_query(w->fd, COPYQ).completed == 2,
			 "and they run when they may\n");
}

int main(void)
{
	struct world w;

	require_device();
	ksft_print_header();
	open_world(&w);
	ksft_set_plan(ARRAY_SIZE(refusals) + 4);
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++)
		refuse(&w, &refusals[i]);
	refuse_pointers(&w);
	accept_unspoilt(&w);
	ksft_finished();
}

// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: the calls a program is made of
 *
 * What each is given, and what is worth trying there. The values are those at
 * which something changes: limits and one beyond, unknown bits, and a few that
 * are fine, since a program that is refused at its first call finds little.
 */
#include <linux/dma-buf.h>
#include <poll.h>
#include <sys/mman.h>

#include "execute.h"

const char kind_letters[] = "-dbqhsyfmep";

#define LIST(...)	(const uint64_t[]){ __VA_ARGS__ }, \
			ARRAY_SIZE(((const uint64_t[]){ __VA_ARGS__ }))
#define INT(n, ...)	{ .name = n, .type = ARG_INT, 0, LIST(__VA_ARGS__) }
#define FLAGS(n, ...)	{ .name = n, .type = ARG_FLAGS, 0, LIST(__VA_ARGS__) }
#define ZERO(n)		{ .name = n, .type = ARG_ZERO, 0, LIST(1, 2, 1ull << 31) }
#define IN(k, n)	{ .name = n, .type = ARG_IN, .kind = k }
#define OUT(k, n)	{ .name = n, .type = ARG_OUT, .kind = k }
#define ANY_FD(n)	{ .name = n, .type = ARG_FD }

#define SIZES		4096, 4096, 8192, 65536, 65536, 1, 4097, 0, 1 << 20, 9 << 20, 17 << 20, \
			1ull << 40, (1ull << 40) + 1, ~0ull, 1ull << 63
#define OFFSETS		0, 0, 0, 8, 64, 4096, 4095, 4088, 65536, 1, 1ull << 32, ~0ull, -4096ull
#define LENGTHS		8, 64, 4096, 4096, 1, 7, 65536, 262144, 0, 1 << 20, ~0ull, 1ull << 32
#define POINTS		1, 2, 3, 5, 8, 0, 1000, 1ull << 32, ~0ull
#define NANOSECONDS	0, 0, 1, 1000, 100000, 1000000, 20000000, 60000000000ull, \
			60000000001ull, ~0ull
#define MILLISECONDS	0, 0, 1, 5, 20
#define COUNTS		0, 0, 1, 2, 3, 64, 256, 1024, 1025, 4096, 4097, 65536, 65537, ~0u

const struct call_desc calls[] = {
	/* Devices and buffers */
	{ "open", call_open, 6, 0, {
		OUT(DEVICE, "dev"), INT("which", 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 2, 3, 4) } },
	{ "close", call_close, 14, 0, { ANY_FD("fd") } },
	{ "dup", call_dup, 4, 0, { ANY_FD("fd"), INT("slot", 0, 1, 2, 3, 4, 5, 6, 7) } },
	{ "get_param", call_get_param, 2, 0, {
		IN(DEVICE, "dev"), INT("param", 0, 1, 2, 3, 4, 5, 6, 7, ~0u), ZERO("pad") } },
	{ "gem_create", call_gem_create, 12, 0, {
		IN(DEVICE, "dev"), OUT(BUFFER, "bo"), INT("size", SIZES), ZERO("flags") } },
	{ "gem_info", call_gem_info, 4, 0, { IN(DEVICE, "dev"), IN(BUFFER, "bo") } },
	{ "gem_label", call_gem_label, 4, 0, {
		IN(DEVICE, "dev"), IN(BUFFER, "bo"), INT("label", 0, 1, 2, 3, 4), ZERO("flags") } },
	{ "gem_metadata", call_gem_metadata, 3, 0, {
		IN(DEVICE, "dev"), IN(BUFFER, "bo"), INT("flags", 0, 1, 1, 2) } },
	{ "gem_userptr", call_gem_userptr, 6, 0, {
		IN(DEVICE, "dev"), OUT(BUFFER, "bo"), IN(MAPPING, "map"),
		INT("offset", 0, 0, 0, 4096, 8192, 1, ~0ull << 12, 1ull << 47),
		INT("size", 4096, 4096, 8192, 65536, 1 << 20, 0, 1, 1ull << 36, 1ull << 37,
		    ~4095ull),
		ZERO("flags") } },
	{ "gem_close", call_gem_close, 8, 0, { IN(DEVICE, "dev"), IN(BUFFER, "bo") } },
	{ "dumb_create", call_dumb_create, 2, 0, {
		IN(DEVICE, "dev"), OUT(BUFFER, "bo"), INT("width", 16, 64, 0, 1, ~0u, 1 << 20),
		INT("height", 16, 64, 0, 1, ~0u, 1 << 20), INT("bpp", 32, 8, 1, 0, 64, ~0u) } },
	{ "prime_export", call_prime_export, 8, 0, {
		IN(DEVICE, "dev"), IN(BUFFER, "bo"), OUT(DMABUF, "dmabuf"),
		FLAGS("flags", 02000000, 2, 2, 2, 4) } },
	{ "prime_import", call_prime_import, 8, 0, {
		IN(DEVICE, "dev"), IN(DMABUF, "dmabuf"), OUT(BUFFER, "bo") } },
	{ "foreign", call_foreign, 5, 0, {
		OUT(DMABUF, "dmabuf"), INT("which", 0, 1, 2),
		INT("size", 4096, 8192, 65536, 1 << 20) } },
	{ "dma_sync", call_dma_sync, 4, CALL_BLOCKS, {
		IN(DMABUF, "dmabuf"), FLAGS("flags", 1, 2, 4, 4, 8) } },
	{ "dma_export_fence", call_dma_export_fence, 6, 0, {
		IN(DMABUF, "dmabuf"), OUT(SYNC_FILE, "file"), FLAGS("flags", 1, 2, 3, 0, 4) } },
	{ "dma_import_fence", call_dma_import_fence, 6, 0, {
		IN(DMABUF, "dmabuf"), IN(SYNC_FILE, "file"), FLAGS("flags", 1, 2, 3, 0, 4) } },

	/* Memory */
	{ "mmap_bo", call_mmap_bo, 6, 0, {
		IN(DEVICE, "dev"), IN(BUFFER, "bo"), OUT(MAPPING, "map"),
		INT("size", 4096, 8192, 65536, 1 << 20, 1), FLAGS("prot", 1, 2, 3, 4),
		INT("flags", MAP_SHARED, MAP_SHARED, MAP_SHARED, MAP_PRIVATE),
		INT("shift", 0, 0, 0, 4096, 1ull << 32) } },
	{ "mmap_fd", call_mmap_fd, 5, 0, {
		ANY_FD("fd"), OUT(MAPPING, "map"), INT("size", 4096, 8192, 65536, 1 << 20, 1),
		FLAGS("prot", 1, 2, 3, 4),
		INT("flags", MAP_SHARED, MAP_SHARED, MAP_SHARED, MAP_PRIVATE),
		INT("offset", 0, 0, 0, 4096, 1ull << 32) } },
	{ "mmap_anon", call_mmap_anon, 4, 0, {
		OUT(MAPPING, "map"), INT("size", 4096, 65536, 1 << 20),
		FLAGS("prot", 1, 3, 3, 3) } },
	{ "munmap", call_munmap, 3, 0, {
		IN(MAPPING, "map"), INT("offset", 0, 0, 4096),
		INT("size", 4096, 65536, 4 << 20) } },
	{ "mprotect", call_mprotect, 2, 0, {
		IN(MAPPING, "map"), INT("size", 4096, 65536), FLAGS("prot", 0, 1, 2) } },
	{ "madvise", call_madvise, 2, 0, {
		IN(MAPPING, "map"), INT("size", 4096, 65536, 1 << 20),
		INT("advice", MADV_DONTNEED, MADV_REMOVE, MADV_WILLNEED, MADV_DONTFORK,
		    MADV_COLD, MADV_PAGEOUT, MADV_POPULATE_WRITE) } },
	{ "touch", call_touch, 6, 0, {
		IN(MAPPING, "map"), INT("offset", 0, 0, 1, 4095, 4096, 65535, 1 << 20),
		INT("write", 0, 1) } },

	/* Queues, and the submit in the making */
	{ "queue_create", call_queue_create, 12, 0, {
		IN(DEVICE, "dev"), OUT(QUEUE, "queue"), OUT(HOST, "host"),
		INT("engine", 0, 0, 1, 1, 1, 2, ~0u), INT("priority", 0, 1, 1, 2, 3, ~0u),
		FLAGS("flags", 0, 1, 1, 2), ZERO("pad") } },
	{ "queue_destroy", call_queue_destroy, 4, 0, {
		IN(DEVICE, "dev"), IN(QUEUE, "queue"), ZERO("pad") } },
	{ "queue_query", call_queue_query, 3, 0, {
		IN(DEVICE, "dev"), IN(QUEUE, "queue"), ZERO("pad") } },
	{ "queue_fault", call_queue_fault, 5, 0, {
		IN(DEVICE, "dev"), IN(QUEUE, "queue"), INT("run", NANOSECONDS),
		INT("signal", NANOSECONDS), INT("jitter", NANOSECONDS), INT("seed", 0, 1, ~0ull),
		INT("hang", 0, 0, 1, 2, 3, ~0ull), INT("fail", 0, 0, 1, 2, 3, ~0ull),
		INT("error", -5, -5, -110, 0, 0, 1, -4095, -4096, 1u << 31), ZERO("flags"),
		ZERO("pad") } },
	{ "job", call_job, 18, CALL_BUILDS, {
		IN(QUEUE, "queue"), INT("repeat", 1, 1, 1, 1, 2, 8, 300, 1023, 1024, 1025),
		INT("user_data", 0, 0, 0, 1, ~0ull), ZERO("flags") } },
	{ "use", call_use, 16, CALL_BUILDS, {
		IN(BUFFER, "bo"), FLAGS("flags", 1, 2, 2, 3, 4, 8) } },
	{ "wait", call_wait, 12, CALL_BUILDS, {
		INT("type", 0, 1, 2, 2, 3), IN(SYNCOBJ, "syncobj"), IN(SYNC_FILE, "file"),
		INT("point", POINTS), ZERO("flags") } },
	{ "signal", call_signal, 12, CALL_BUILDS, {
		INT("type", 0, 1, 2, 2, 3), IN(SYNCOBJ, "syncobj"), OUT(SYNC_FILE, "file"),
		INT("point", POINTS), INT("fd", 0, 0, 0, 0, 1, 2), ZERO("flags") } },
	{ "cmd", call_cmd, 16, CALL_BUILDS, {
		INT("op", 0, 1, 1, 2, 2, 3, 3, 4, 5, 6, 6, 7), INT("src", 0, 0, 1, 2, ~0u),
		INT("dst", 0, 0, 1, 2, ~0u), INT("src_offset", OFFSETS),
		INT("dst_offset", OFFSETS), INT("size", LENGTHS),
		INT("value", 0, 1, 255, 1000, 50000, 1000000, 100000000, 60000000000ull,
		    60000000001ull, ~0ull),
		INT("rows", 0, 1, 2, 16, 64, 1 << 20, ~0u), INT("elem", 0, 1, 2, 4, 8, 3, 16),
		INT("src_pitch", 0, 64, 4096, 1, ~0u), INT("dst_pitch", 0, 64, 4096, 1, ~0u),
		ZERO("flags") } },
	{ "shape", call_shape, 3, CALL_BUILDS, {
		INT("array", 0, 1, 2, 3, 4), INT("mode", 0, 1, 2, 3, 4, 5, 6, 7, 8),
		INT("count", COUNTS),
		INT("stride", 0, 0, 0, 8, 16, 24, 64, 72, 4096, 4104, 7, ~0u) } },
	{ "submit", call_submit, 22, 0, { IN(DEVICE, "dev"), ZERO("flags"), ZERO("pad") } },
	{ "host_read", call_host_read, 8, CALL_BLOCKS, {
		IN(HOST, "host"), INT("size", 16, 16, 64, 1024, 0, 15, 17, 1 << 20),
		INT("mode", 0, 0, 0, 0, 1, 2, 3) } },
	{ "host_write", call_host_write, 10, 0, {
		IN(HOST, "host"), INT("seqno", 1, 1, 2, 2, 3, 4, 5, 6, 7, 8, 9, 0, ~0ull),
		INT("status", 0, 0, 0, -5, -4095, -4096, 1), INT("count", 1, 1, 1, 2, 4, 0),
		INT("mode", 0, 0, 0, 0, 0, 1, 2, 3), ZERO("pad") } },

	/* syncobjs and sync_files */
	{ "syncobj_create", call_syncobj_create, 8, 0, {
		IN(DEVICE, "dev"), OUT(SYNCOBJ, "syncobj"), INT("flags", 0, 0, 0, 1, 2) } },
	{ "syncobj_destroy", call_syncobj_destroy, 3, 0, {
		IN(DEVICE, "dev"), IN(SYNCOBJ, "syncobj"), ZERO("pad") } },
	{ "syncobj_wait", call_syncobj_wait, 5, CALL_BLOCKS, {
		IN(DEVICE, "dev"), IN(SYNCOBJ, "syncobj"), IN(SYNCOBJ, "other"),
		INT("count", 1, 1, 2, 2, 0), FLAGS("flags", 1, 2, 2, 4, 8, 16),
		INT("ms", MILLISECONDS) } },
	{ "timeline_wait", call_timeline_wait, 6, CALL_BLOCKS, {
		IN(DEVICE, "dev"), IN(SYNCOBJ, "syncobj"), INT("point", POINTS),
		IN(SYNCOBJ, "other"), INT("other_point", POINTS), INT("count", 1, 1, 2, 2, 0),
		FLAGS("flags", 1, 2, 2, 4, 8, 16), INT("ms", MILLISECONDS) } },
	{ "syncobj_signal", call_syncobj_signal, 4, 0, {
		IN(DEVICE, "dev"), IN(SYNCOBJ, "syncobj"), INT("count", 1, 1, 1, 0) } },
	{ "syncobj_reset", call_syncobj_reset, 3, 0, {
		IN(DEVICE, "dev"), IN(SYNCOBJ, "syncobj"), INT("count", 1, 1, 1, 0) } },
	{ "timeline_signal", call_timeline_signal, 4, 0, {
		IN(DEVICE, "dev"), IN(SYNCOBJ, "syncobj"), INT("point", POINTS), ZERO("flags") } },
	{ "syncobj_query", call_syncobj_query, 2, 0, {
		IN(DEVICE, "dev"), IN(SYNCOBJ, "syncobj"), FLAGS("flags", 0, 1, 2) } },
	{ "syncobj_transfer", call_syncobj_transfer, 4, CALL_BLOCKS, {
		IN(DEVICE, "dev"), IN(SYNCOBJ, "to"), INT("to_point", POINTS),
		IN(SYNCOBJ, "from"), INT("from_point", POINTS), FLAGS("flags", 0, 2, 2, 4) } },
	{ "syncobj_export", call_syncobj_export, 5, 0, {
		IN(DEVICE, "dev"), IN(SYNCOBJ, "syncobj"), OUT(SYNCOBJ_FD, "fd"),
		OUT(SYNC_FILE, "file"), INT("flags", 0, 0, 1, 1, 2),
		INT("point", 0, 0, 0, 1, 2) } },
	{ "syncobj_import", call_syncobj_import, 5, 0, {
		IN(DEVICE, "dev"), OUT(SYNCOBJ, "out"), IN(SYNCOBJ, "syncobj"), ANY_FD("fd"),
		INT("flags", 0, 0, 1, 1, 2), INT("point", 0, 0, 0, 1, 2) } },
	{ "syncobj_eventfd", call_syncobj_eventfd, 3, 0, {
		IN(DEVICE, "dev"), IN(SYNCOBJ, "syncobj"), INT("point", POINTS),
		IN(EVENT, "event"), FLAGS("flags", 0, 4, 2) } },
	{ "eventfd", call_eventfd, 2, 0, { OUT(EVENT, "event") } },
	{ "event_read", call_event_read, 1, 0, { IN(EVENT, "event") } },
	{ "sync_merge", call_sync_merge, 6, 0, {
		IN(SYNC_FILE, "a"), IN(SYNC_FILE, "b"), OUT(SYNC_FILE, "file") } },
	{ "sync_info", call_sync_info, 5, 0, {
		IN(SYNC_FILE, "file"), INT("count", 0, 1, 2, 16, 1 << 20) } },
	{ "sync_deadline", call_sync_deadline, 2, 0, {
		IN(SYNC_FILE, "file"), INT("ns", 0, 1, ~0ull) } },
	{ "poll", call_poll, 6, CALL_BLOCKS, {
		ANY_FD("fd"), FLAGS("events", POLLIN, POLLOUT, POLLPRI),
		INT("ms", MILLISECONDS) } },

	/* Everything else */
	{ "raw_ioctl", call_raw_ioctl, 4, CALL_BLOCKS, {
		ANY_FD("fd"), INT("nr", 0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49,
				  0x4a, 0x4b, 0x4c, 0x09, 0x0c, 0x2d, 0x2e, 0xbf, 0xc3, 0xca, 0xcd),
		INT("size", 0, 8, 16, 24, 64, 72, 256, 4096),
		INT("seed", 0, 1, 2, 3, 4, 5, 6, 7), INT("direction", 3, 3, 3, 1, 2, 0) } },
	{ "fdinfo", call_fdinfo, 2, 0, { ANY_FD("fd") } },
	{ "debugfs_read", call_debugfs_read, 2, 0, { INT("which", 0, 1, 2, 3) } },
	{ "debugfs_fault", call_debugfs_fault, 1, 0, { INT("which", 0, 1, 2, 3, 4, 5, 6, 7, 8) } },
	{ "unbind", call_unbind, 1, 0, { ZERO("pad") } },
	{ "bind", call_bind, 1, 0, { ZERO("pad") } },
	{ "give", call_give, 3, 0, { ANY_FD("fd") } },
	{ "take", call_take, 3, 0, { INT("slot", 0, 1, 2, 3, 4, 5, 6, 7) } },
	{ "die", call_die, 1, 0, { ZERO("pad") } },
};

const unsigned int num_calls = ARRAY_SIZE(calls);

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef FIGMENT_SELFTESTS_UAPI_LAYOUT_H
#define FIGMENT_SELFTESTS_UAPI_LAYOUT_H

/**
 * DOC: the uapi's layout, in numbers
 *
 * Where each field is, how long each structure, and each request's number. They
 * are constants and not a comparison of two builds, so that a build for 32 bits, one
 * for 64, and one of next year's header are all held to the same: what differs
 * does not compile. A structure may grow (its last number, and its request's);
 * nothing else here may ever change.
 */

#include <stddef.h>

#include "figment_drm.h"

#define SIZE(name, bytes) \
	_Static_assert(sizeof(struct drm_figment_##name) == (bytes), #name)
#define FIELD(name, field, at, bytes) \
	_Static_assert(offsetof(struct drm_figment_##name, field) == (at) && \
		       sizeof(((struct drm_figment_##name *)0)->field) == (bytes), \
		       #name "." #field)
#define REQUEST(name, number) \
	_Static_assert(DRM_IOCTL_FIGMENT_##name == (number), #name)

SIZE(get_param, 16);
FIELD(get_param, param, 0, 4);
FIELD(get_param, pad, 4, 4);
FIELD(get_param, value, 8, 8);

SIZE(array, 16);
FIELD(array, ptr, 0, 8);
FIELD(array, count, 8, 4);
FIELD(array, stride, 12, 4);

SIZE(gem_create, 16);
FIELD(gem_create, size, 0, 8);
FIELD(gem_create, flags, 8, 4);
FIELD(gem_create, handle, 12, 4);

SIZE(gem_info, 24);
FIELD(gem_info, handle, 0, 4);
FIELD(gem_info, flags, 4, 4);
FIELD(gem_info, size, 8, 8);
FIELD(gem_info, mmap_offset, 16, 8);

SIZE(gem_label, 64);
FIELD(gem_label, handle, 0, 4);
FIELD(gem_label, flags, 4, 4);
FIELD(gem_label, label, 8, 56);

SIZE(gem_userptr, 24);
FIELD(gem_userptr, addr, 0, 8);
FIELD(gem_userptr, size, 8, 8);
FIELD(gem_userptr, flags, 16, 4);
FIELD(gem_userptr, handle, 20, 4);

SIZE(queue_create, 24);
FIELD(queue_create, engine, 0, 4);
FIELD(queue_create, priority, 4, 4);
FIELD(queue_create, flags, 8, 4);
FIELD(queue_create, queue, 12, 4);
FIELD(queue_create, fd, 16, 4);
FIELD(queue_create, pad, 20, 4);

SIZE(host_job, 16);
FIELD(host_job, seqno, 0, 8);
FIELD(host_job, user_data, 8, 8);

SIZE(host_done, 16);
FIELD(host_done, seqno, 0, 8);
FIELD(host_done, status, 8, 4);
FIELD(host_done, pad, 12, 4);

SIZE(queue_destroy, 8);
FIELD(queue_destroy, queue, 0, 4);
FIELD(queue_destroy, pad, 4, 4);

SIZE(queue_query, 32);
FIELD(queue_query, queue, 0, 4);
FIELD(queue_query, state, 4, 4);
FIELD(queue_query, error, 8, 4);
FIELD(queue_query, pad, 12, 4);
FIELD(queue_query, submitted, 16, 8);
FIELD(queue_query, completed, 24, 8);

SIZE(bo, 8);
FIELD(bo, handle, 0, 4);
FIELD(bo, flags, 4, 4);

SIZE(sync, 24);
FIELD(sync, type, 0, 4);
FIELD(sync, flags, 4, 4);
FIELD(sync, handle, 8, 4);
FIELD(sync, fd, 12, 4);
FIELD(sync, point, 16, 8);

SIZE(cmd, 64);
FIELD(cmd, op, 0, 4);
FIELD(cmd, flags, 4, 4);
FIELD(cmd, src, 8, 4);
FIELD(cmd, dst, 12, 4);
FIELD(cmd, src_offset, 16, 8);
FIELD(cmd, dst_offset, 24, 8);
FIELD(cmd, size, 32, 8);
FIELD(cmd, value, 40, 8);
FIELD(cmd, rows, 48, 4);
FIELD(cmd, elem, 52, 4);
FIELD(cmd, src_pitch, 56, 4);
FIELD(cmd, dst_pitch, 60, 4);

SIZE(job, 88);
FIELD(job, queue, 0, 4);
FIELD(job, flags, 4, 4);
FIELD(job, user_data, 8, 8);
FIELD(job, seqno, 16, 8);
FIELD(job, bos, 24, 16);
FIELD(job, waits, 40, 16);
FIELD(job, signals, 56, 16);
FIELD(job, cmds, 72, 16);

SIZE(submit, 24);
FIELD(submit, jobs, 0, 16);
FIELD(submit, flags, 16, 4);
FIELD(submit, pad, 20, 4);

SIZE(queue_fault, 64);
FIELD(queue_fault, queue, 0, 4);
FIELD(queue_fault, flags, 4, 4);
FIELD(queue_fault, delay_run_ns, 8, 8);
FIELD(queue_fault, delay_signal_ns, 16, 8);
FIELD(queue_fault, jitter_ns, 24, 8);
FIELD(queue_fault, seed, 32, 8);
FIELD(queue_fault, hang_nth, 40, 8);
FIELD(queue_fault, fail_nth, 48, 8);
FIELD(queue_fault, error, 56, 4);
FIELD(queue_fault, pad, 60, 4);

SIZE(gem_metadata, 72);
FIELD(gem_metadata, handle, 0, 4);
FIELD(gem_metadata, flags, 4, 4);
FIELD(gem_metadata, data, 8, 64);

REQUEST(GET_PARAM, 0xc0106440);
REQUEST(GEM_CREATE, 0xc0106441);
REQUEST(GEM_INFO, 0xc0186442);
REQUEST(QUEUE_CREATE, 0xc0186443);
REQUEST(QUEUE_DESTROY, 0x40086444);
REQUEST(QUEUE_QUERY, 0xc0206445);
REQUEST(SUBMIT, 0x40186446);
REQUEST(GEM_LABEL, 0x40406448);
REQUEST(GEM_USERPTR, 0xc0186449);
REQUEST(GEM_METADATA, 0xc048644a);
REQUEST(QUEUE_FAULT, 0x40406447);

#undef SIZE
#undef FIELD
#undef REQUEST

#endif

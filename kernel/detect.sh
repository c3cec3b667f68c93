#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# DOC: detect.sh INCLUDE - prints -DFIGMENT_HAVE_* for what a kernel's headers have
#
# Asks the headers and not the version: stable kernels take API changes in
# mid-series. kernel/figment_compat.h is what uses the answers.

include=$1

have()
{
	grep -qE "$2" "$include/$1" 2>/dev/null && printf -- '-DFIGMENT_HAVE_%s ' "$3"
}

have drm/drm_drv.h 'char \*date;' DRIVER_DATE
have drm/drm_drv.h '\(\*gem_prime_mmap\)' PRIME_MMAP
have drm/drm_drv.h '\(\*show_fdinfo\)' SHOW_FDINFO
have drm/drm_drv.h 'drm_dev_wedged_event\(' WEDGED_EVENT
have drm/drm_device.h 'struct drm_wedge_task_info \{' WEDGED_TASK
have drm/drm_file.h 'drm_show_memory_stats\(' MEMORY_STATS
have drm/drm_gem.h '\(\*status\)' GEM_STATUS
have drm/drm_gem.h 'int drm_gem_vmap\(' GEM_VMAP
have drm/drm_gem.h 'int drm_gem_vmap_unlocked\(' GEM_VMAP_UNLOCKED
have drm/gpu_scheduler.h 'struct drm_sched_init_args' SCHED_INIT_ARGS
sed -n '/^struct drm_sched_init_args {/,/^};/p' "$include/drm/gpu_scheduler.h" |
	grep -q num_rqs && printf -- '-DFIGMENT_HAVE_SCHED_NUM_RQS '
have drm/gpu_scheduler.h 'u32[[:space:]]+credits,' SCHED_CREDITS
have drm/gpu_scheduler.h '^[[:space:]]+u64 drm_client_id\)' SCHED_CLIENT_ID
have drm/gpu_scheduler.h '\(\*prepare_job\)' SCHED_PREPARE_JOB
have drm/gpu_scheduler.h 'workqueue_struct[[:space:]]+\*submit_wq;' SCHED_SUBMIT_WQ
have linux/hrtimer.h 'hrtimer_setup\(' HRTIMER_SETUP
have linux/list.h 'list_count_nodes\(' LIST_COUNT_NODES
exit 0

// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: what figment is measured against
 *
 * Besides vgem, a wake-up round trip: a thread wakes another by a futex and sleeps,
 * the other wakes it and sleeps. It is the least that any hand-off to another
 * thread and back can cost, as nothing is handed over.
 */
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <xf86drm.h>

#include "bench.h"
#include "foreign.h"

int peer_vgem(void)
{
	static int fd = -1;

	if (fd < 0)
		fd = must(vgem_open());
	return fd;
}

uint32_t peer_vgem_create(uint64_t size)
{
	struct drm_mode_create_dumb args = {
		.width = size / 4096, .height = 1024, .bpp = 32,
	};

	must_call(drmIoctl(peer_vgem(), DRM_IOCTL_MODE_CREATE_DUMB, &args));
	return args.handle;
}

void peer_vgem_close(uint32_t handle)
{
	must(drmCloseBufferHandle(peer_vgem(), handle));
}

uint64_t peer_empty_ioctls(uint64_t n)
{
	struct drm_block args = { 0 };
	uint64_t start = now_ns();

	while (n--)
		must_call(drmIoctl(peer_vgem(), DRM_IOCTL_BLOCK, &args));
	return now_ns() - start;
}

static _Atomic uint32_t ping, pong;

static void futex_sleep(_Atomic uint32_t *word, uint32_t value)
{
	while (atomic_load(word) == value)
		syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

static void futex_step(_Atomic uint32_t *word)
{
	atomic_fetch_add(word, 1);
	syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void *answer(void *arg)
{
	for (uint32_t seen = 0;; seen++) {
		futex_sleep(&ping, seen);
		futex_step(&pong);
	}
	return NULL;
}

void peer_wake_start(void)
{
	static pthread_t thread;

	if (!thread)
		must(-pthread_create(&thread, NULL, answer, NULL));
}

uint64_t peer_wake(uint64_t n)
{
	uint64_t start = now_ns();

	while (n--) {
		uint32_t seen = atomic_load(&pong);

		futex_step(&ping);
		futex_sleep(&pong, seen);
	}
	return now_ns() - start;
}

// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: loading and unloading, a hundred times (25 where the kernel checks itself)
 *
 * Each time there is work in between, and something is still going on when the
 * module is to go: a job that nobody executes or that a ring is at, a dma-buf or a
 * sync_file in another process, a client that was just killed. What refers to figment's code keeps it
 * (EWOULDBLOCK); as soon as that is gone the module goes, and comes back as new.
 *
 * Catches what a single reload does not: a name, a minor, a workqueue or a page
 * that stays behind each time, and unloading that mostly wins a race. lifetime.c
 * has what keeps the module, one at a time.
 *
 * modprobe and udev would take most of the time, so the module is unpacked once,
 * and loaded and unloaded by the system calls themselves; and udev is held still,
 * since for a device that is gone already it would load the module again.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "kselftest_harness.h"

#include "helpers.h"

#define CYCLES		100
/* Where lockdep goes through all it knows each time. */
#define DEBUG_CYCLES	25

static bool is_loaded(void)
{
	return !access("/sys/module/figment", F_OK);
}

/* The module's file, unpacked. */
static int module_open(void)
{
	int fd = must_call(memfd_create("figment.ko", 0));
	char command[128];

	snprintf(command, sizeof(command),
		 "f=$(modinfo -n figment) && case $f in *.xz) xz -dc $f ;; *.zst) zstd -dqc $f ;; *) cat $f ;; esac >/proc/%d/fd/%d",
		 getpid(), fd);
	must_be(!system(command));
	return fd;
}

static void udev(const char *what)
{
	char command[96];

	snprintf(command, sizeof(command), "udevadm control --%s-exec-queue 2>/dev/null", what);
	if (system(command))
		fprintf(stderr, "# there is no udev\n");
}

static int load(int module, unsigned int cycle)
{
	char params[64];

	snprintf(params, sizeof(params), "devices=%u copy_rings=%u job_timeout_ms=20000",
		 1 + cycle % 3, 1 + cycle % 2);
	return errno_result(syscall(SYS_finit_module, module, params, 0));
}

static int unload(void)
{
	return errno_result(syscall(SYS_delete_module, "figment", O_NONBLOCK));
}

/* What a worker, a grace period or a dying process still holds goes by itself. */
static bool unloads(void)
{
	for (int i = 0; i < 2000; i++) {
		if (!unload())
			return true;
		usleep(5000);
	}
	return false;
}

/* Another process, which keeps what it is sent until it is told to let go. */
static void keeper(int sock)
{
	for (;;) {
		int fd = recv_fd(sock);
		uint8_t *map = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);

		/* A sync_file cannot be mapped, a dma-buf must not change. */
		send_word(sock, map == MAP_FAILED ? 0 : map[0]);
		recv_word(sock);
		if (map != MAP_FAILED)
			munmap(map, PAGE);
		close(fd);
		send_word(sock, 0);
	}
}

/* One that is killed with everything going on. */
static void victim(int sock)
{
	int fd = device_open();
	struct buffer buf = buffer_create(fd, 16 * PAGE);
	struct host host = host_queue(fd);
	struct job job = { .queue = copy_queue(fd) };

	host_pending(fd, &host, NULL);
	job_does(&job, (struct drm_figment_cmd){
		.op = DRM_FIGMENT_CMD_DELAY, .value = 15000000000 });
	job_writes(&job, buf.handle, 0, 1);
	must(submit_job(fd, &job));
	send_word(sock, 0);
	pause();
}

FIXTURE(reload) {
	int module;
	struct child keeper;
};

FIXTURE_SETUP(reload)
{
	int patience = 12;

	self->module = module_open();
	/* Tens of thousands of jobs that a test before this left take a slow kernel a while. */
	while (is_loaded() && !unloads())
		must_be(patience--);
	udev("stop");
	self->keeper = child_start(keeper);
}

FIXTURE_TEARDOWN(reload)
{
	child_kill(&self->keeper);
	close(self->module);
	udev("start");
	if (!is_loaded())
		must_be(!module_load(""));
}

static void work(struct __test_metadata *_metadata, int fd, struct buffer *buf,
		 unsigned int cycle)
{
	struct job job = { .queue = copy_queue(fd) };

	ASSERT_TRUE(all_bytes(buf->map, 0, buf->size));
	job_does(&job, (struct drm_figment_cmd){
		.op = DRM_FIGMENT_CMD_FILL, .size = PAGE, .elem = 1, .value = cycle + 1 });
	job_uses(&job, buf->handle, DRM_FIGMENT_BO_WRITE);
	ASSERT_EQ(1, settle(submit_file(fd, &job)));
	close(job.signals[0].fd);
	ASSERT_TRUE(all_bytes(buf->map, cycle + 1, PAGE));
}

/* A sync_file of a job that nobody executes, whose executor then goes. */
static int pending_file(int fd)
{
	struct host host = host_queue(fd);
	int file = host_pending(fd, &host, NULL);

	must_be(pending(file));
	close(host.fd);
	return file;
}

/* A ring is at it when its queue ends, and lets go of that some time later. */
static void keep_a_ring(int fd)
{
	struct buffer buf = buffer_create(fd, 16 << 20);
	struct job job = { .queue = copy_queue(fd) };

	job_uses(&job, buf.handle, DRM_FIGMENT_BO_WRITE);
	for (int i = 0; i < JOB_ROOM; i++)
		job_does(&job, (struct drm_figment_cmd){
			.op = DRM_FIGMENT_CMD_FILL, .size = buf.size, .elem = 1 });
	must(submit_job(fd, &job));
	usleep(5000);
	buffer_destroy(fd, &buf);
}

static void cycle(struct __test_metadata *_metadata, FIXTURE_DATA(reload) *self, unsigned int n)
{
	int fd = device_open(), kept = -1, what = n % 5;
	struct buffer buf = buffer_create(fd, PAGE);
	struct child child;

	work(_metadata, fd, &buf, n);
	switch (what) {
	case 1:
		kept = buffer_export(fd, &buf);
		break;
	case 2:
		kept = pending_file(fd);
		break;
	case 3:
		child = child_start(victim);
		recv_word(child.sock);
		kill(child.pid, SIGKILL);
		break;
	case 4:
		keep_a_ring(fd);
		break;
	}
	ASSERT_EQ(-EWOULDBLOCK, unload());
	if (kept >= 0) {
		send_fd(self->keeper.sock, kept);
		close(kept);
		ASSERT_EQ(what == 1 ? n + 1 : 0, recv_word(self->keeper.sock));
	}
	buffer_destroy(fd, &buf);
	close(fd);
	if (what == 1)
		ASSERT_EQ(-EWOULDBLOCK, unload());
	if (kept >= 0) {
		send_word(self->keeper.sock, 0);
		recv_word(self->keeper.sock);
	}
	ASSERT_TRUE(unloads());
	ASSERT_FALSE(is_loaded());
	if (what == 3)
		child_join(&child);
}

TEST_F_TIMEOUT(reload, many_times, 900)
{
	unsigned int cycles = access("/proc/lockdep", F_OK) ? CYCLES : DEBUG_CYCLES;

	for (unsigned int n = 0; n < cycles; n++) {
		ASSERT_EQ(0, load(self->module, n)) {
			TH_LOG("after %u times", n);
		}
		cycle(_metadata, self, n);
	}
	TH_LOG("%u times", cycles);
}

FIGMENT_RELOAD_MAIN

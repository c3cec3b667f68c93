// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: unplugging, with others
 *
 * What lifetime.c does to a client alone, with everybody else who can have a part of
 * it: drivers that hold figment's dma-bufs or whose dma-bufs figment holds, fences
 * across both, executors and waiters that block in other processes, syncobjs that
 * two processes have, submits that wait for their own memory.
 *
 * Catches a device whose removal waits for any of them, leaves one of them waiting,
 * takes memory away that is not its own, or what is used after it is gone; and a
 * module that cannot be unloaded when the last of them has let go, or can before.
 */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <xf86drm.h>

#include "kselftest_harness.h"

#include "foreign.h"
#include "helpers.h"

#define DRIVER	"/sys/bus/platform/drivers/figment/"
#define SIZE	(3 * PAGE)

static void tell_driver(const char *what)
{
	char command[160];

	snprintf(command, sizeof(command), "echo figment0 >" DRIVER "%s && "
		 "{ udevadm settle --timeout=20 2>/dev/null || :; }", what);
	must_be(!system(command));
}

static bool is_bound(void)
{
	return !access(DRIVER "figment0", F_OK);
}

static sigjmp_buf fault;

static void on_fault(int sig)
{
	siglongjmp(fault, sig);
}

/* What a byte is, or the negative signal that looking gave. */
static int look(const volatile uint8_t *at)
{
	int got = sigsetjmp(fault, 1);

	return got ? -got : *at;
}

/* Either it is still there, or it is gone; but it is nothing else's. */
static bool still_or_gone(const uint8_t *at, uint8_t was)
{
	int byte;

	signal(SIGBUS, on_fault);
	byte = look(at);
	return byte == was || byte == -SIGBUS;
}

/* Foreign dma-bufs in figment */

FIXTURE(foreign) {
	int fd;
	struct foreign foreign;
	uint32_t handle;
};

FIXTURE_VARIANT(foreign) {
	enum foreign_kind kind;
};

FIXTURE_VARIANT_ADD(foreign, udmabuf) { .kind = FOREIGN_UDMABUF };
FIXTURE_VARIANT_ADD(foreign, heap) { .kind = FOREIGN_HEAP };
FIXTURE_VARIANT_ADD(foreign, vgem) { .kind = FOREIGN_VGEM };

FIXTURE_SETUP(foreign)
{
	int ret = foreign_create(variant->kind, SIZE, &self->foreign);

	if (ret)
		SKIP(return, "this kernel has none: %s", strerror(-ret));
	self->fd = device_open();
	must(figment_bo_import(self->fd, self->foreign.dmabuf, &self->handle));
}

FIXTURE_TEARDOWN(foreign)
{
	foreign_destroy(&self->foreign);
	close(self->fd);
	if (!is_bound())
		tell_driver("bind");
	must_be(module_unloads());
	must_be(!module_load(""));
}

TEST_F(foreign, keeps_its_memory)
{
	struct job job = { .queue = copy_queue(self->fd) };
	uint8_t want[SIZE];
	void *map;
	int file;

	must(figment_bo_map(self->fd, self->handle, NULL, &map));
	fill_random(self->foreign.map, SIZE, 1);
	fill_random(want, SIZE, 1);
	job_writes(&job, self->handle, 0, 0x77);
	file = submit_file(self->fd, &job);
	must_be(settle(file) == 1);
	close(file);
	memcpy(want, self->foreign.map, sizeof(uint64_t));
	tell_driver("unbind");
	EXPECT_EQ(0x77, self->foreign.map[0]);
	EXPECT_EQ(0, memcmp(want, self->foreign.map, SIZE));
	memset(self->foreign.map, 0x33, SIZE);
	EXPECT_TRUE(still_or_gone(map, 0x33));
	EXPECT_TRUE(all_bytes(self->foreign.map, 0x33, SIZE));
	munmap(map, SIZE);
}

/* Jobs that write it are outstanding: who waits for its fences is let go. */
TEST_F(foreign, its_fences_signal)
{
	struct host host = host_queue(self->fd);
	struct job job = { .queue = host.queue };
	int other = copy_queue(self->fd), file, fence;

	job_uses(&job, self->handle, DRM_FIGMENT_BO_WRITE);
	file = submit_file(self->fd, &job);
	job = (struct job){ .queue = other };
	job_writes(&job, self->handle, 0, 0x55);
	must(submit_job(self->fd, &job));
	EXPECT_FALSE(dmabuf_idle(self->foreign.dmabuf, true));
	must(figment_dmabuf_export_fence(self->foreign.dmabuf, true, &fence));
	EXPECT_TRUE(stays_pending(fence));
	tell_driver("unbind");
	EXPECT_EQ(-ENODEV, settle(file));
	/* Of two; the second one's job may have run, or not. */
	EXPECT_NE(0, settle(fence));
	EXPECT_TRUE(wait_poll(self->foreign.dmabuf, POLLOUT, LONG_MS) & POLLOUT);
	close(host.fd);
	close(file);
	close(fence);
}

TEST_F(foreign, the_import_is_closed_after_it)
{
	tell_driver("unbind");
	/* A handle cannot be closed by ioctl any more, but with its file. */
	EXPECT_EQ(-ENODEV, figment_bo_close(self->fd, self->handle));
	close(self->fd);
	memset(self->foreign.map, 0x44, SIZE);
	EXPECT_TRUE(all_bytes(self->foreign.map, 0x44, SIZE));
	tell_driver("bind");
	self->fd = device_open();
	EXPECT_EQ(0, figment_bo_import(self->fd, self->foreign.dmabuf, &self->handle));
}

/* figment's dma-bufs in others, and fences both ways */

FIXTURE(vgem) {
	int fd, dmabuf;
	struct foreign view;
	struct buffer buf;
};

FIXTURE_SETUP(vgem)
{
	self->view.vgem = vgem_open();
	if (self->view.vgem < 0)
		SKIP(return, "this kernel has no vgem");
	self->fd = device_open();
	self->buf = buffer_create(self->fd, SIZE);
	memset(self->buf.map, 0x66, SIZE);
	self->dmabuf = buffer_export(self->fd, &self->buf);
	must(drmPrimeFDToHandle(self->view.vgem, self->dmabuf, &self->view.handle));
}

FIXTURE_TEARDOWN(vgem)
{
	close(self->view.vgem);
	close(self->fd);
	if (!is_bound())
		tell_driver("bind");
	munmap(self->buf.map, SIZE);
	close(self->dmabuf);
	must_be(module_unloads());
	must_be(!module_load(""));
}

TEST_F(vgem, holds_a_buffer)
{
	uint8_t *map;
	int again;

	close(self->dmabuf);
	tell_driver("unbind");
	/* It has the dma-buf still, and gives it to whoever asks. */
	ASSERT_EQ(0, drmPrimeHandleToFD(self->view.vgem, self->view.handle,
					DRM_CLOEXEC | DRM_RDWR, &again));
	EXPECT_EQ(SIZE, figment_dmabuf_size(again));
	map = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, again, 0);
	if (map != MAP_FAILED) {
		EXPECT_TRUE(still_or_gone(map, 0x66));
		munmap(map, SIZE);
	}
	EXPECT_TRUE(still_or_gone(self->buf.map, 0x66));

	/* As long as it does the module stays, and not for longer. */
	close(self->fd);
	munmap(self->buf.map, SIZE);
	close(again);
	EXPECT_NE(0, module_unload());
	must(drmCloseBufferHandle(self->view.vgem, self->view.handle));
	EXPECT_TRUE(module_unloads());
	must_be(!module_load(""));
	self->fd = device_open();
	self->buf = buffer_create(self->fd, SIZE);
	self->dmabuf = buffer_export(self->fd, &self->buf);
}

TEST_F(vgem, holds_it_past_a_new_device)
{
	uint32_t handle;

	tell_driver("unbind");
	tell_driver("bind");
	close(self->fd);
	self->fd = device_open();
	/* What the device before exported is a stranger to the one of now. */
	if (!figment_bo_import(self->fd, self->dmabuf, &handle)) {
		struct drm_figment_gem_info info;

		must(figment_bo_info(self->fd, handle, &info));
		EXPECT_EQ(DRM_FIGMENT_GEM_IMPORTED, info.flags);
	}
}

/* A job waits for a fence that is vgem's to signal, and that outlives the job. */
TEST_F(vgem, its_fence_is_pending)
{
	struct job job = { .queue = copy_queue(self->fd) };
	uint32_t fence = vgem_attach(&self->view, true);
	int file;

	job_writes(&job, self->buf.handle, 0, 1);
	file = submit_file(self->fd, &job);
	EXPECT_TRUE(stays_pending(file));
	tell_driver("unbind");
	EXPECT_EQ(-ENODEV, settle(file));
	EXPECT_FALSE(dmabuf_idle(self->dmabuf, true));
	vgem_signal(&self->view, fence);
	EXPECT_TRUE(wait_poll(self->dmabuf, POLLOUT, LONG_MS) & POLLOUT);
	close(file);
}

/* And the other way round: vgem is asked to add a fence to one that figment ends. */
TEST_F(vgem, figments_fence_is_pending)
{
	struct host host = host_queue(self->fd);
	struct job job = { .queue = host.queue };
	int fence;

	job_uses(&job, self->buf.handle, DRM_FIGMENT_BO_WRITE);
	must(submit_job(self->fd, &job));
	EXPECT_FALSE(dmabuf_idle(self->dmabuf, false));
	must(figment_dmabuf_export_fence(self->dmabuf, true, &fence));
	tell_driver("unbind");
	EXPECT_EQ(-ENODEV, settle(fence));
	EXPECT_TRUE(wait_poll(self->dmabuf, POLLOUT, LONG_MS) & POLLOUT);
	/* There is nothing left in vgem's way. */
	vgem_signal(&self->view, vgem_attach(&self->view, true));
	close(host.fd);
	close(fence);
}

/* Other processes, which block meanwhile */

FIXTURE(others) {
	int fd;
	struct host host;
	struct buffer buf;
	uint32_t syncobj;
	struct child child;
};

FIXTURE_SETUP(others)
{
	self->fd = device_open();
	self->host = host_queue(self->fd);
	self->buf = buffer_create(self->fd, SIZE);
	memset(self->buf.map, 0x66, SIZE);
	self->syncobj = syncobj_create(self->fd);
}

FIXTURE_TEARDOWN(others)
{
	EXPECT_EQ(0, child_join(&self->child));
	munmap(self->buf.map, SIZE);
	close(self->host.fd);
	close(self->fd);
	if (!is_bound())
		tell_driver("bind");
	must_be(module_unloads());
	must_be(!module_load(""));
}

static void poll_for_ever(int sock)
{
	int fd = recv_fd(sock);

	send_word(sock, 1);
	send_word(sock, wait_poll(fd, POLLIN, -1));
}

TEST_F(others, an_executor_polls)
{
	self->child = child_start(poll_for_ever);
	send_fd(self->child.sock, self->host.fd);
	recv_word(self->child.sock);
	moment();
	tell_driver("unbind");
	EXPECT_TRUE(recv_word(self->child.sock) & POLLHUP);
}

static void read_for_ever(int sock)
{
	struct drm_figment_host_job job;
	int fd = recv_fd(sock);

	send_word(sock, 1);
	send_word(sock, 100 + figment_host_read(fd, &job, 1));
}

TEST_F(others, an_executor_reads)
{
	uint32_t queue;
	int fd;

	must(figment_queue_create(self->fd, DRM_FIGMENT_ENGINE_HOST,
				  DRM_FIGMENT_PRIORITY_NORMAL, 0, &queue, &fd));
	self->child = child_start(read_for_ever);
	send_fd(self->child.sock, fd);
	recv_word(self->child.sock);
	moment();
	tell_driver("unbind");
	EXPECT_EQ(100, recv_word(self->child.sock));
	close(fd);
}

/* Its jobs are in memory that the kernel has to be given. */
static void submit_what_is_not_there(int sock)
{
	int uffd = must_call(syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK));
	struct uffdio_api api = { .api = UFFD_API };
	void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);
	struct uffdio_register missing = {
		.range = { (uintptr_t)page, PAGE }, .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct drm_figment_submit submit = {
		.jobs = { (uintptr_t)page, 1, sizeof(struct drm_figment_job) } };
	int fd = device_open();

	must_call(ioctl(uffd, UFFDIO_API, &api));
	must_call(ioctl(uffd, UFFDIO_REGISTER, &missing));
	send_fd(sock, uffd);
	send_word(sock, (uintptr_t)page);
	send_word(sock, copy_queue(fd));
	send_word(sock, -raw_ioctl(fd, DRM_IOCTL_FIGMENT_SUBMIT, &submit));
}

TEST_F(others, a_submit_waits_for_its_memory)
{
	struct drm_figment_job job = { 0 };
	uint8_t page[PAGE] = { 0 };
	struct uffdio_copy copy = { .src = (uintptr_t)page, .len = PAGE };
	int uffd;

	self->child = child_start(submit_what_is_not_there);
	uffd = recv_fd(self->child.sock);
	copy.dst = recv_word(self->child.sock);
	job.queue = recv_word(self->child.sock);
	memcpy(page, &job, sizeof(job));
	ASSERT_TRUE(wait_poll(uffd, POLLIN, LONG_MS) & POLLIN);
	tell_driver("unbind");
	/* It goes on when it can, and is told. */
	must_call(ioctl(uffd, UFFDIO_COPY, &copy));
	EXPECT_EQ(ENODEV, recv_word(self->child.sock));
	close(uffd);
}

static void wait_for_file(int sock)
{
	int file = recv_fd(sock);

	send_word(sock, 1);
	must(figment_sync_file_wait(file, -1));
	send_word(sock, -figment_sync_file_status(file));
}

TEST_F(others, somebody_waits_for_a_sync_file)
{
	int file = host_pending(self->fd, &self->host, NULL);

	self->child = child_start(wait_for_file);
	send_fd(self->child.sock, file);
	recv_word(self->child.sock);
	moment();
	tell_driver("unbind");
	EXPECT_EQ(ENODEV, recv_word(self->child.sock));
	close(file);
}

/* It has the device open as well, and a syncobj that is the first one's too. */
static void wait_for_syncobj(int sock)
{
	int fd = device_open(), shared = recv_fd(sock);
	uint32_t syncobj, own;
	int event;

	must(figment_syncobj_import(fd, shared, &syncobj));
	send_word(sock, 1);
	event = figment_syncobj_wait(fd, &syncobj, NULL, 1, INT64_MAX,
				     DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT, NULL);
	send_word(sock, -event);
	/* The next thing it asks of the device is refused. */
	send_word(sock, -figment_syncobj_create(fd, false, &own));
}

TEST_F(others, somebody_waits_for_a_shared_syncobj)
{
	struct job job = { .queue = self->host.queue };
	int shared;

	job_signals(&job, self->syncobj, 0);
	must(submit_job(self->fd, &job));
	must(figment_syncobj_export(self->fd, self->syncobj, &shared));
	self->child = child_start(wait_for_syncobj);
	send_fd(self->child.sock, shared);
	recv_word(self->child.sock);
	moment();
	tell_driver("unbind");
	EXPECT_EQ(0, recv_word(self->child.sock));
	EXPECT_EQ(ENODEV, recv_word(self->child.sock));
	close(shared);
}

/* A client of its own, whose job waits for the first one's syncobj. */
static void job_waits_for_shared(int sock)
{
	int fd = device_open(), shared = recv_fd(sock), file;
	struct job job = { .queue = copy_queue(fd) };
	uint32_t syncobj;

	must(figment_syncobj_import(fd, shared, &syncobj));
	job_waits(&job, syncobj, 0);
	file = submit_file(fd, &job);
	must_be(stays_pending(file));
	send_word(sock, 1);
	must(figment_sync_file_wait(file, LONG_MS));
	send_word(sock, figment_sync_file_status(file) != 0);
}

TEST_F(others, a_job_waits_for_a_shared_syncobj)
{
	struct job job = { .queue = self->host.queue };
	int shared;

	job_signals(&job, self->syncobj, 0);
	must(submit_job(self->fd, &job));
	must(figment_syncobj_export(self->fd, self->syncobj, &shared));
	self->child = child_start(job_waits_for_shared);
	send_fd(self->child.sock, shared);
	recv_word(self->child.sock);
	tell_driver("unbind");
	EXPECT_EQ(1, recv_word(self->child.sock));
	close(shared);
}

/* A mapping of a dma-buf, in a process that has nothing else of the device. */
static void map_and_look(int sock)
{
	int dmabuf = recv_fd(sock);
	uint8_t *map = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, dmabuf, 0);

	must_be(map != MAP_FAILED && map[PAGE] == 0x66);
	close(dmabuf);
	send_word(sock, 1);
	recv_word(sock);
	/* A page it has seen, and one it has not. */
	send_word(sock, still_or_gone(map + PAGE, 0x66));
	send_word(sock, still_or_gone(map + 2 * PAGE, 0x66));
	recv_word(sock);
}

TEST_F(others, somebody_has_it_mapped)
{
	int dmabuf = buffer_export(self->fd, &self->buf);

	self->child = child_start(map_and_look);
	send_fd(self->child.sock, dmabuf);
	close(dmabuf);
	recv_word(self->child.sock);
	tell_driver("unbind");
	send_word(self->child.sock, 1);
	EXPECT_EQ(1, recv_word(self->child.sock));
	EXPECT_EQ(1, recv_word(self->child.sock));
	/* It is what keeps the module. */
	munmap(self->buf.map, SIZE);
	close(self->host.fd);
	close(self->fd);
	EXPECT_NE(0, module_unload());
	send_word(self->child.sock, 1);
	self->fd = -1;
	self->host.fd = -1;
	self->buf.map = MAP_FAILED;
}

/* A process that dies while the device goes. */
static void hold_all(int sock)
{
	int fd = device_open();
	struct host host = host_queue(fd);
	struct buffer buf = buffer_create(fd, SIZE);
	struct job job = { .queue = host.queue };

	job_uses(&job, buf.handle, DRM_FIGMENT_BO_WRITE);
	must(submit_job(fd, &job));
	send_fd(sock, buffer_export(fd, &buf));
	pause();
}

TEST_F(others, one_is_killed_meanwhile)
{
	struct child victim = child_start(hold_all);
	int dmabuf = recv_fd(victim.sock), fence;

	must(figment_dmabuf_export_fence(dmabuf, true, &fence));
	EXPECT_TRUE(stays_pending(fence));
	self->child = child_start(poll_for_ever);
	send_fd(self->child.sock, self->host.fd);
	recv_word(self->child.sock);
	must_call(kill(victim.pid, SIGKILL));
	tell_driver("unbind");
	EXPECT_GT(0, settle(fence));
	EXPECT_TRUE(recv_word(self->child.sock) & POLLHUP);
	child_join(&victim);
	close(dmabuf);
	close(fence);
}

FIGMENT_RELOAD_MAIN

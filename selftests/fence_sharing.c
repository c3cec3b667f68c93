// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: fences across processes, and with other drivers
 *
 * Catches fences that stop working when what made them is gone, whose names are
 * read from freed memory, that nobody else can wait for, or that leave others
 * waiting for ever when the process that was to signal them is killed.
 */
#include <linux/sync_file.h>
#include <sys/ioctl.h>

#include "kselftest_harness.h"

#include "foreign.h"
#include "helpers.h"

FIXTURE(sharing) {
	int fd;
	struct host host;
};

FIXTURE_SETUP(sharing)
{
	self->fd = device_open();
	self->host = host_queue(self->fd);
}

FIXTURE_TEARDOWN(sharing)
{
	close(self->host.fd);
	close(self->fd);
}

/* Makes a pending fence, gives it away, and ends it when told how. */
static void signaller(int sock)
{
	int fd = device_open();
	struct host host = host_queue(fd);
	struct job job = { .queue = host.queue };
	uint32_t syncobj = syncobj_create(fd);
	int syncobj_fd, file;

	job_signals(&job, syncobj, 0);
	file = submit_file(fd, &job);
	must(figment_syncobj_export(fd, syncobj, &syncobj_fd));
	send_fd(sock, file);
	send_fd(sock, syncobj_fd);
	host_done(host.fd, -(int)recv_word(sock));
	recv_word(sock);
}

TEST_F(sharing, to_another_process)
{
	struct child child = child_start(signaller);
	int file = recv_fd(child.sock), syncobj_fd = recv_fd(child.sock), exported;
	struct job job = { .queue = self->host.queue };
	uint32_t syncobj;

	must(figment_syncobj_import(self->fd, syncobj_fd, &syncobj));
	close(syncobj_fd);
	EXPECT_TRUE(pending(file));
	EXPECT_EQ(-ETIME, syncobj_state(self->fd, syncobj, 0));
	job_waits(&job, syncobj, 0);
	job_waits_file(&job, file);
	must(submit_job(self->fd, &job));
	EXPECT_TRUE(host_idle(self->host.fd));

	send_word(child.sock, EPROTO);
	EXPECT_EQ(-EPROTO, settle(file));
	EXPECT_EQ(0, syncobj_settle(self->fd, syncobj, 0));
	must(figment_syncobj_export_file(self->fd, syncobj, &exported));
	EXPECT_EQ(-EPROTO, figment_sync_file_status(exported));
	EXPECT_EQ(1, host_take(self->host.fd).seqno);
	send_word(child.sock, 0);
	EXPECT_EQ(0, child_join(&child));
}

TEST_F(sharing, from_a_process_that_is_killed)
{
	struct child child = child_start(signaller);
	int file = recv_fd(child.sock), syncobj_fd = recv_fd(child.sock);
	struct job job = { .queue = self->host.queue };
	uint32_t syncobj;

	must(figment_syncobj_import(self->fd, syncobj_fd, &syncobj));
	job_waits(&job, syncobj, 0);
	must(submit_job(self->fd, &job));
	EXPECT_TRUE(pending(file));
	child_kill(&child);
	EXPECT_EQ(-ECANCELED, settle(file));
	EXPECT_EQ(0, syncobj_settle(self->fd, syncobj, 0));
	EXPECT_EQ(1, host_take(self->host.fd).seqno);
}

TEST_F(sharing, a_syncobj_is_one_object)
{
	uint32_t syncobj = syncobj_create(self->fd), there;
	struct job job = { 0 };
	struct host host;
	int other = device_open(), fd;

	must(figment_syncobj_export(self->fd, syncobj, &fd));
	must(figment_syncobj_import(other, fd, &there));
	host = host_queue(other);
	job.queue = host.queue;
	job_signals(&job, there, 0);
	EXPECT_EQ(-EINVAL, syncobj_state(self->fd, syncobj, 0));
	must(submit_job(other, &job));
	EXPECT_EQ(-ETIME, syncobj_state(self->fd, syncobj, 0));
	host_done(host.fd, 0);
	EXPECT_EQ(0, syncobj_settle(self->fd, syncobj, 0));
}

TEST_F(sharing, any_copy_of_a_sync_file)
{
	int file = host_pending(self->fd, &self->host, NULL);
	int copy = must_call(dup(file)), third = must_call(dup2(file, 200));
	struct job job = { .queue = copy_queue(self->fd) };
	int after;

	close(file);
	EXPECT_TRUE(pending(copy));
	job_waits_file(&job, third);
	after = submit_file(self->fd, &job);
	close(third);
	EXPECT_TRUE(stays_pending(after));
	host_done(self->host.fd, 0);
	EXPECT_EQ(1, settle(copy));
	EXPECT_EQ(1, settle(after));
}

static bool has_names(int file, int status)
{
	struct sync_fence_info fence = { 0 };
	struct sync_file_info info = { .num_fences = 1, .sync_fence_info = (uintptr_t)&fence };

	must(raw_ioctl(file, SYNC_IOC_FILE_INFO, &info));
	return info.num_fences == 1 && fence.status == status &&
	       fence.driver_name[0] && fence.obj_name[0] &&
	       memchr(fence.driver_name, 0, sizeof(fence.driver_name)) &&
	       memchr(fence.obj_name, 0, sizeof(fence.obj_name));
}

TEST_F(sharing, names_outlive_everything)
{
	int files[4], other = device_open();
	struct host host = host_queue(other);
	struct job waits = { .queue = host.queue }, copy = { .queue = copy_queue(other) };

	files[0] = host_pending(other, &host, NULL);
	host_done(host.fd, 0);
	files[1] = host_pending(other, &host, NULL);
	host_take(host.fd);
	job_waits_file(&waits, host_pending(self->fd, &self->host, NULL));
	files[2] = submit_file(other, &waits);
	files[3] = submit_file(other, &copy);
	EXPECT_EQ(1, settle(files[3]));
	EXPECT_TRUE(has_names(files[0], 1));
	EXPECT_TRUE(has_names(files[1], 0));

	must(figment_queue_destroy(other, host.queue));
	close(host.fd);
	close(other);
	EXPECT_EQ(-ECANCELED, settle(files[1]));
	EXPECT_EQ(-ECANCELED, settle(files[2]));
	/* Give what is freed by workers, after grace periods, time to be gone. */
	for (int i = 0; i < 20; i++)
		moment();
	EXPECT_TRUE(has_names(files[0], 1));
	EXPECT_TRUE(has_names(files[1], -ECANCELED));
	EXPECT_TRUE(has_names(files[2], settle(files[2])));
	EXPECT_TRUE(has_names(files[3], 1));
}

TEST_F(sharing, names_outlive_their_process)
{
	struct child child = child_start(signaller);
	int file = recv_fd(child.sock);

	EXPECT_TRUE(has_names(file, 0));
	child_kill(&child);
	EXPECT_EQ(-ECANCELED, settle(file));
	for (int i = 0; i < 20; i++)
		moment();
	EXPECT_TRUE(has_names(file, settle(file)));
}

TEST_F(sharing, a_foreign_fence_is_waited_for)
{
	struct job host_job = { .queue = self->host.queue };
	struct job copy_job = { .queue = copy_queue(self->fd) };
	struct foreign foreign;
	uint32_t fence;
	int file, after;

	if (foreign_create(FOREIGN_VGEM, PAGE, &foreign))
		SKIP(return, "this kernel has no vgem");
	fence = vgem_attach(&foreign, true);
	must(figment_dmabuf_export_fence(foreign.dmabuf, false, &file));
	EXPECT_TRUE(pending(file));
	job_waits_file(&host_job, file);
	job_waits_file(&copy_job, file);
	must(submit_job(self->fd, &host_job));
	after = submit_file(self->fd, &copy_job);
	EXPECT_TRUE(host_idle(self->host.fd));
	EXPECT_TRUE(pending(after));
	vgem_signal(&foreign, fence);
	EXPECT_EQ(1, host_take(self->host.fd).seqno);
	EXPECT_EQ(1, settle(after));
}

TEST_F(sharing, figments_fence_on_a_foreign_buffer)
{
	int file = host_pending(self->fd, &self->host, NULL);
	struct foreign foreign;

	if (foreign_create(FOREIGN_VGEM, PAGE, &foreign))
		SKIP(return, "this kernel has no vgem");
	must(figment_dmabuf_import_fence(foreign.dmabuf, true, file));
	EXPECT_FALSE(dmabuf_idle(foreign.dmabuf, false));
	host_done(self->host.fd, 0);
	EXPECT_EQ(1, settle(file));
	EXPECT_TRUE(dmabuf_idle(foreign.dmabuf, true));
}

FIGMENT_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: loading, unloading, unbinding
 *
 * Catches a module that unloads under somebody's feet, or never; a device whose
 * removal leaves somebody waiting, or hangs in wait for them; whose fences,
 * mappings or files lead into what was freed; that cannot come back; a udev rule
 * that is not for every device; and module parameters that are taken as they come.
 */
#include <fcntl.h>
#include <grp.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "kselftest_harness.h"

#include "helpers.h"

static bool is_loaded(void)
{
	return !access("/sys/module/figment", F_OK);
}

/* One thing at a time keeps the module, and its going lets the module go. */
FIXTURE(used) {
	int fd;
};

FIXTURE_SETUP(used)
{
	if (!is_loaded())
		must_be(!module_load(""));
	self->fd = device_open();
}

FIXTURE_TEARDOWN(used)
{
	if (!is_loaded())
		must_be(!module_load(""));
}

#define EXPECT_KEEPS(fd) do { \
	EXPECT_NE(0, module_unload()); \
	EXPECT_TRUE(is_loaded()); \
	close(fd); \
	EXPECT_TRUE(module_unloads()); \
	EXPECT_FALSE(is_loaded()); \
} while (0)

TEST_F(used, by_an_open_file)
{
	EXPECT_KEEPS(self->fd);
}

TEST_F(used, by_a_mapping)
{
	struct buffer buf = buffer_create(self->fd, PAGE);

	close(self->fd);
	EXPECT_NE(0, module_unload());
	EXPECT_TRUE(all_bytes(buf.map, 0, PAGE));
	munmap(buf.map, PAGE);
	EXPECT_TRUE(module_unloads());
}

TEST_F(used, by_a_dma_buf)
{
	struct buffer buf = buffer_create(self->fd, PAGE);
	int dmabuf = buffer_export(self->fd, &buf);

	munmap(buf.map, PAGE);
	close(self->fd);
	EXPECT_KEEPS(dmabuf);
}

TEST_F(used, by_an_executor)
{
	struct host host = host_queue(self->fd);

	close(self->fd);
	EXPECT_KEEPS(host.fd);
}

TEST_F(used, by_a_signalled_sync_file)
{
	struct job job = { .queue = copy_queue(self->fd) };
	int file = submit_file(self->fd, &job);

	EXPECT_EQ(1, settle(file));
	close(self->fd);
	/* Newer kernels' fences need nobody any more once they have signalled. */
	if (!module_unload()) {
		EXPECT_EQ(1, figment_sync_file_status(file));
		close(file);
		return;
	}
	EXPECT_EQ(1, figment_sync_file_status(file));
	EXPECT_KEEPS(file);
}

TEST_F(used, by_a_cancelled_sync_file)
{
	int other = device_open();
	struct host host = host_queue(other);
	struct job job = { .queue = copy_queue(self->fd) };
	int file;

	job_waits_file(&job, host_pending(other, &host, NULL));
	file = submit_file(self->fd, &job);
	close(job.waits[0].fd);
	close(self->fd);
	EXPECT_EQ(-ECANCELED, settle(file));
	close(host.fd);
	close(other);
	if (module_unload())
		EXPECT_KEEPS(file);
}

TEST_F(used, by_nobody)
{
	for (int i = 0; i < 3; i++) {
		struct host host = host_queue(self->fd);
		struct buffer buf = buffer_create(self->fd, PAGE);
		struct job job = { .queue = copy_queue(self->fd) };

		job_writes(&job, buf.handle, 0, 1);
		EXPECT_EQ(1, settle(submit_file(self->fd, &job)));
		close(job.signals[0].fd);
		munmap(buf.map, PAGE);
		close(host.fd);
		close(self->fd);
		EXPECT_TRUE(module_unloads());
		must_be(!module_load(""));
		self->fd = device_open();
	}
}

/* Unbinding, with everything a client can have. */

FIXTURE(unbound) {
	int fd, dmabuf, files[4];
	struct host host;
	struct buffer buf;
	uint32_t copy, syncobj;
};

static sigjmp_buf fault;

static void on_fault(int signal)
{
	siglongjmp(fault, signal);
}

FIXTURE_SETUP(unbound)
{
	struct job job = { 0 };

	if (!is_loaded())
		must_be(!module_load(""));
	self->fd = device_open();
	self->host = host_queue(self->fd);
	self->copy = copy_queue(self->fd);
	self->buf = buffer_create(self->fd, PAGE);
	self->dmabuf = buffer_export(self->fd, &self->buf);
	self->syncobj = syncobj_create(self->fd);
	memset(self->buf.map, 0x66, PAGE);

	/* Read, unread, waiting, and a copy that takes long. */
	job.queue = self->host.queue;
	job_signals(&job, self->syncobj, 0);
	self->files[0] = submit_file(self->fd, &job);
	host_take(self->host.fd);
	job = (struct job){ .queue = self->host.queue };
	job_uses(&job, self->buf.handle, DRM_FIGMENT_BO_WRITE);
	self->files[1] = submit_file(self->fd, &job);
	job = (struct job){ .queue = copy_queue(self->fd) };
	job_waits_file(&job, self->files[0]);
	self->files[2] = submit_file(self->fd, &job);
	job = (struct job){ .queue = self->copy };
	job_does(&job, (struct drm_figment_cmd){
		.op = DRM_FIGMENT_CMD_DELAY, .value = 9000000000 });
	self->files[3] = submit_file(self->fd, &job);
	moment();
	must(driver_tell("unbind", "figment0"));
}

FIXTURE_TEARDOWN(unbound)
{
	if (access(DRIVER_DIR "figment0", F_OK))
		must(driver_tell("bind", "figment0"));
	self->fd = device_open();
	must_be(device_param(self->fd, DRM_FIGMENT_PARAM_INDEX) == 0);
	close(self->fd);
}

TEST_F(unbound, fences_signal)
{
	struct drm_figment_host_job got;

	EXPECT_EQ(-ENODEV, settle(self->files[0]));
	EXPECT_EQ(-ENODEV, settle(self->files[1]));
	/* One that waited for what has just failed may have run, or not. */
	EXPECT_NE(0, settle(self->files[2]));
	EXPECT_EQ(-ENODEV, settle(self->files[3]));
	EXPECT_EQ(POLLHUP, wait_poll(self->host.fd, POLLHUP, LONG_MS) & POLLHUP);
	EXPECT_EQ(0, figment_host_read(self->host.fd, &got, 1));
	EXPECT_EQ(-ECANCELED, figment_host_complete(self->host.fd, 1, 0));
	EXPECT_TRUE(wait_poll(self->dmabuf, POLLOUT, LONG_MS) & POLLOUT);
}

TEST_F(unbound, ioctls_fail)
{
	struct drm_figment_queue_query query;
	struct drm_figment_gem_info info;
	struct job job = { .queue = self->copy };
	uint64_t value;
	uint32_t id;

	EXPECT_EQ(-ENODEV, submit_job(self->fd, &job));
	EXPECT_EQ(-ENODEV, figment_bo_create(self->fd, PAGE, &id));
	EXPECT_EQ(-ENODEV, figment_bo_info(self->fd, self->buf.handle, &info));
	EXPECT_EQ(-ENODEV, figment_queue_create(self->fd, 0, 0, 0, &id, NULL));
	EXPECT_EQ(-ENODEV, figment_queue_query(self->fd, self->copy, &query));
	EXPECT_EQ(-ENODEV, figment_queue_destroy(self->fd, self->copy));
	EXPECT_EQ(-ENODEV, figment_get_param(self->fd, 0, &value));
	EXPECT_EQ(-ENODEV, figment_syncobj_create(self->fd, false, &id));
	EXPECT_EQ(-ENODEV, figment_bo_import(self->fd, self->dmabuf, &id));
	EXPECT_EQ(-ENODEV, figment_open(0));
}

/* What a byte is, or the negative signal that looking gave. */
static int look(const volatile uint8_t *at)
{
	int got = sigsetjmp(fault, 1);

	return got ? -got : *at;
}

TEST_F(unbound, mappings_do_not_hang)
{
	uint8_t *map;
	int byte;

	signal(SIGBUS, on_fault);
	byte = look(self->buf.map);
	EXPECT_TRUE(byte == 0x66 || byte == 0 || byte == -SIGBUS) {
		TH_LOG("the buffer's reads %d", byte);
	}
	map = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, self->dmabuf, 0);
	if (map == MAP_FAILED)
		return;
	byte = look(map);
	EXPECT_TRUE(byte == 0x66 || byte == 0 || byte == -SIGBUS) {
		TH_LOG("the dma-buf's reads %d", byte);
	}
}

TEST_F(unbound, can_be_bound_again)
{
	struct job job = { 0 };
	struct buffer buf;
	int fd;

	ASSERT_EQ(0, driver_tell("bind", "figment0"));
	fd = device_open();
	buf = buffer_create(fd, PAGE);
	job.queue = copy_queue(fd);
	job_writes(&job, buf.handle, 0, 17);
	EXPECT_EQ(1, settle(submit_file(fd, &job)));
	EXPECT_EQ(17, buf.map[0]);
	/* What was before stays dead beside it. */
	job.queue = self->copy;
	EXPECT_EQ(-ENODEV, submit_job(self->fd, &job));
	EXPECT_EQ(-ENODEV, settle(self->files[0]));
}

/* A platform device that has no driver, and has nothing to do with figment. */
static bool find_stranger(char *name, size_t size)
{
	FILE *found = popen("cd /sys/bus/platform/devices && for d in *; do "
			    "case $d in figment* | *' '*) continue ;; esac; "
			    "[ -e $d/driver ] || [ ! -w $d/driver_override ] || "
			    "{ echo $d; break; }; done", "re");
	bool any;

	must_be(found);
	any = fgets(name, size, found);
	pclose(found);
	name[strcspn(name, "\n")] = 0;
	return any;
}

static void override_driver(const char *device, const char *driver)
{
	char command[512];

	snprintf(command, sizeof(command),
		 "echo %s >/sys/bus/platform/devices/%s/driver_override", driver, device);
	must_be(!system(command));
}

TEST_F(unbound, is_no_driver_of_others)
{
	char stranger[200] = "";

	if (!find_stranger(stranger, sizeof(stranger)))
		SKIP(return, "all platform devices have drivers");
	override_driver(stranger, "figment");
	EXPECT_EQ(-ENODEV, driver_tell("bind", stranger));
	override_driver(stranger, "");
}

TEST_F_TIMEOUT(unbound, over_and_over, 300)
{
	for (int i = 0; i < 5; i++) {
		int fd;

		ASSERT_EQ(0, driver_tell("bind", "figment0"));
		fd = device_open();
		host_queue(fd);
		copy_queue(fd);
		buffer_create(fd, PAGE);
		ASSERT_EQ(0, driver_tell("unbind", "figment0"));
	}
}

TEST_F(unbound, then_unloaded)
{
	close(self->dmabuf);
	for (int i = 0; i < 4; i++)
		close(self->files[i]);
	close(self->host.fd);
	munmap(self->buf.map, PAGE);
	close(self->fd);
	EXPECT_TRUE(module_unloads());
	must_be(!module_load(""));
}

/* Module parameters */

TEST(eight_devices)
{
	struct figment_node nodes[FIGMENT_MAX_DEVICES];

	module_reload("devices=8");
	ASSERT_EQ(8, figment_enumerate(nodes, FIGMENT_MAX_DEVICES));
	for (int i = 0; i < 8; i++) {
		struct job job = { 0 };
		struct buffer buf;
		int fd = figment_open(i);

		ASSERT_LE(0, fd);
		EXPECT_EQ(i, nodes[i].index);
		EXPECT_EQ(i, device_param(fd, DRM_FIGMENT_PARAM_INDEX));
		for (int j = 0; j < i; j++) {
			EXPECT_STRNE(nodes[j].render, nodes[i].render);
			EXPECT_STRNE(nodes[j].primary, nodes[i].primary);
			EXPECT_STRNE(nodes[j].name, nodes[i].name);
			EXPECT_NE(nodes[j].render_minor, nodes[i].render_minor);
		}
		buf = buffer_create(fd, PAGE);
		job.queue = copy_queue(fd);
		job_writes(&job, buf.handle, 0, i + 1);
		EXPECT_EQ(1, settle(submit_file(fd, &job)));
		EXPECT_EQ(i + 1, buf.map[0]);
		EXPECT_EQ(PAGE, device_param(fd, DRM_FIGMENT_PARAM_MEMORY_USED));
		close(job.signals[0].fd);
		munmap(buf.map, PAGE);
		close(fd);
	}
	EXPECT_EQ(-ENODEV, figment_open(8));
}

static bool is_missing(const char *path)
{
	struct stat st;

	return lstat(path, &st) && errno == ENOENT;
}

/* What figment.rules has udev do. */
TEST(nodes_have_their_group_and_name)
{
	struct figment_node nodes[FIGMENT_MAX_DEVICES];
	const struct group *group = getgrnam("render");
	char link[64];

	if (access("/run/udev/control", F_OK) || !group)
		SKIP(return, "there is no udev, or no group render");
	module_reload("devices=3");
	ASSERT_EQ(3, figment_enumerate(nodes, FIGMENT_MAX_DEVICES));
	for (int i = 0; i < 3; i++) {
		struct stat st;

		snprintf(link, sizeof(link), "/dev/dri/figment%d", i);
		ASSERT_EQ(0, lstat(link, &st));
		EXPECT_TRUE(S_ISLNK(st.st_mode));
		ASSERT_EQ(0, stat(link, &st));
		EXPECT_TRUE(S_ISCHR(st.st_mode));
		EXPECT_EQ(makedev(nodes[i].render_major, nodes[i].render_minor), st.st_rdev);
		EXPECT_EQ(group->gr_gid, st.st_gid);
		EXPECT_EQ(0, st.st_uid);
		EXPECT_EQ(0660, st.st_mode & 07777);
	}
	module_reload("devices=1");
	EXPECT_FALSE(is_missing("/dev/dri/figment0"));
	EXPECT_TRUE(is_missing("/dev/dri/figment1"));
	EXPECT_TRUE(is_missing("/dev/dri/figment2"));
}

TEST(a_second_figment_is_a_stranger)
{
	struct host host;
	struct job copy = { 0 }, write = { 0 };
	struct drm_figment_gem_info info;
	struct buffer from, to;
	uint32_t handle;
	int here, there, file;

	module_reload("devices=2");
	here = must(figment_open(0));
	there = must(figment_open(1));
	from = buffer_create(here, 2 * PAGE);
	to = buffer_create(there, 2 * PAGE);
	fill_random(from.map, 2 * PAGE, 3);
	ASSERT_EQ(0, figment_bo_import(there, buffer_export(here, &from), &handle));
	must(figment_bo_info(there, handle, &info));
	EXPECT_EQ(DRM_FIGMENT_GEM_IMPORTED, info.flags);

	/* The first one's writer is waited for by the second one's reader. */
	host = host_queue(here);
	write.queue = host.queue;
	job_uses(&write, from.handle, DRM_FIGMENT_BO_WRITE);
	must(submit_job(here, &write));
	copy.queue = copy_queue(there);
	job_copies(&copy, handle, to.handle, 2 * PAGE);
	file = submit_file(there, &copy);
	EXPECT_TRUE(stays_pending(file));
	host_done(host.fd, 0);
	ASSERT_EQ(1, settle(file));
	EXPECT_EQ(0, memcmp(from.map, to.map, 2 * PAGE));
}

TEST(parameters_take_effect)
{
	int fd;

	module_reload("copy_rings=3 memory_mb=8 job_timeout_ms=1234");
	fd = device_open();
	EXPECT_EQ(3, device_param(fd, DRM_FIGMENT_PARAM_COPY_RINGS));
	EXPECT_EQ(8 << 20, device_param(fd, DRM_FIGMENT_PARAM_MEMORY_LIMIT));
	EXPECT_EQ(1234, device_param(fd, DRM_FIGMENT_PARAM_JOB_TIMEOUT_MS));
	for (int i = 0; i < 3; i++) {
		struct buffer buf = buffer_create(fd, 4 << 20), more = buffer_create(fd, 4 << 20);
		uint32_t handle;

		memset(buf.map, 1, buf.size);
		memset(more.map, 1, more.size);
		EXPECT_EQ(-ENOMEM, figment_bo_create(fd, 1, &handle));
		buffer_destroy(fd, &buf);
		buffer_destroy(fd, &more);
	}
	EXPECT_EQ(0, device_param(fd, DRM_FIGMENT_PARAM_MEMORY_USED));
	close(fd);
}

/* Whether the kernel's log has a line with all of these since a mark. */
static bool log_says(const char *mark, const char *what)
{
	int size = must_call(klogctl(10, NULL, 0));
	char *log = calloc(1, size + 1), *from, *at;
	bool found;

	must_call(klogctl(3, log, size));
	from = strstr(log, mark);
	at = from ? strstr(from, what) : NULL;
	found = at && strstr(from, "figment");
	free(log);
	return found;
}

TEST(wrong_parameters_are_refused)
{
	static const char *const wrong[][2] = {
		{ "devices=0", "devices=0" }, { "devices=9", "devices=9" },
		{ "devices=4294967295", "devices=4294967295" },
		{ "copy_rings=17", "copy_rings=17" },
		{ "job_timeout_ms=0", "job_timeout_ms=0" },
		{ "job_timeout_ms=9", "job_timeout_ms=9" },
		{ "job_timeout_ms=600001", "job_timeout_ms=600001" },
		{ "memory_mb=4294967295", "memory_mb=4294967295" },
	};

	must_be(module_unloads());
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		char mark[64];
		int kmsg = must_call(open("/dev/kmsg", O_WRONLY | O_CLOEXEC));

		snprintf(mark, sizeof(mark), "figment selftest mark %d.%zu", getpid(), i);
		must_call(write(kmsg, mark, strlen(mark)));
		close(kmsg);
		EXPECT_NE(0, module_load(wrong[i][0])) {
			TH_LOG("%s", wrong[i][0]);
		}
		EXPECT_FALSE(is_loaded());
		EXPECT_TRUE(log_says(mark, wrong[i][1])) {
			TH_LOG("%s: the log does not say why", wrong[i][0]);
		}
	}
	/* What is no number at all the kernel refuses itself. */
	EXPECT_NE(0, module_load("devices=many"));
	EXPECT_FALSE(is_loaded());
	must_be(!module_load(""));
}

FIGMENT_RELOAD_MAIN

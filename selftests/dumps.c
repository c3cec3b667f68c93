// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: what is left of a hung job
 *
 * Catches a driver that lets a job hang and leaves nothing, names another job,
 * queue or command than the one that hung, shows what is in buffers, lets a program
 * write lines of its own, or writes a dump of a job that merely failed.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "helpers.h"

#define DUMPS	"/sys/class/devcoredump"
#define SECRET	"what is in a buffer"

/* Reads the oldest dump, waiting for one if @wait; false if there is none. */
static bool dump_read(char *text, size_t size, char *path, bool wait)
{
	uint64_t until = now_ns() + LONG_MS * 1000000ull;

	do {
		DIR *dir = opendir(DUMPS);
		struct dirent *entry;
		ssize_t got, done = 0;
		int fd = -1;

		while (dir && fd < 0 && (entry = readdir(dir))) {
			if (strncmp(entry->d_name, "devcd", 5))
				continue;
			sprintf(path, DUMPS "/%.64s/data", entry->d_name);
			fd = open(path, O_RDONLY);
		}
		if (dir)
			closedir(dir);
		if (fd >= 0) {
			while ((got = read(fd, text + done, size - 1 - done)) > 0)
				done += got;
			text[done] = '\0';
			close(fd);
			return true;
		}
		if (wait)
			moment();
	} while (wait && now_ns() < until);
	return false;
}

static void dump_forget(const char *path)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0)
		return;
	/* It may be on its way out already. */
	must_be(write(fd, "1", 1) == 1 || errno == ENODEV);
	close(fd);
}

FIXTURE(dumps) {
	int fd, events;
	struct buffer buf;
	char path[256];
	char *text;
};

FIXTURE_VARIANT(dumps) {
	const char *params;
};

FIXTURE_VARIANT_ADD(dumps, one) { "job_timeout_ms=500" };

FIXTURE_SETUP(dumps)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = 1 };

	if (access(DUMPS, F_OK))
		SKIP(return, "this kernel has no devcoredump");
	module_reload(variant->params);
	self->text = malloc(1 << 17);
	while (dump_read(self->text, 1 << 17, self->path, false))
		dump_forget(self->path);
	self->events = must_call(socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC,
					NETLINK_KOBJECT_UEVENT));
	must_call(bind(self->events, (void *)&address, sizeof(address)));
	self->fd = device_open();
	self->buf = buffer_create(self->fd, 3 * PAGE);
	must(figment_bo_label(self->fd, self->buf.handle, "the culprit's"));
	strcpy((char *)self->buf.map, SECRET);
}

FIXTURE_TEARDOWN(dumps)
{
	free(self->text);
	close(self->fd);
	close(self->events);
}

#define EXPECT_SAYS(...) do { \
	char line_[256]; \
	snprintf(line_, sizeof(line_), __VA_ARGS__); \
	EXPECT_NE(NULL, strstr(self->text, line_)) \
		TH_LOG("no '%s' in:\n%s", line_, self->text); \
} while (0)

TEST_F(dumps, of_a_copy_job)
{
	struct job job = { .queue = copy_queue(self->fd) };
	struct job before = { .queue = job.queue };

	must(submit_job(self->fd, &before));
	job_uses(&job, self->buf.handle, DRM_FIGMENT_BO_READ | DRM_FIGMENT_BO_WRITE);
	job_does(&job, (struct drm_figment_cmd){
		.op = DRM_FIGMENT_CMD_WRITE64, .dst = 0, .dst_offset = PAGE, .value = 0xabcd });
	job_does(&job, (struct drm_figment_cmd){
		.op = DRM_FIGMENT_CMD_DELAY, .value = 50000000000ull });
	ASSERT_EQ(-ETIMEDOUT, settle(submit_file(self->fd, &job)));

	ASSERT_TRUE(dump_read(self->text, 1 << 17, self->path, true));
	EXPECT_SAYS("driver: figment\ndevice: 0\n");
	EXPECT_SAYS("pid %d comm dumps\n", getpid());
	EXPECT_SAYS("queue: %u engine copy priority 1\n", job.queue);
	EXPECT_SAYS("job: 2 user_data 0x0\n");
	EXPECT_SAYS("buffers: 1\n [0] size=%u read write label=the culprit's\n", 3 * PAGE);
	EXPECT_SAYS("commands: 2, at 1 row 0 byte 0");
	EXPECT_SAYS(" [0] op=4 src=0+0 dst=0+%u size=0 value=0xabcd", PAGE);
	EXPECT_SAYS(" [1] op=6 ");
	EXPECT_EQ(NULL, strstr(self->text, SECRET));
	dump_forget(self->path);
}

TEST_F(dumps, of_a_host_job)
{
	struct host host = host_queue(self->fd);
	struct job job = { .queue = host.queue, .user_data = 0xfeed };
	int file, behind;

	file = submit_file(self->fd, &job);
	behind = host_pending(self->fd, &host, NULL);
	host_take(host.fd);
	ASSERT_EQ(-ETIMEDOUT, settle(file));
	EXPECT_EQ(-ECANCELED, settle(behind));

	ASSERT_TRUE(dump_read(self->text, 1 << 17, self->path, true));
	EXPECT_SAYS("queue: %u engine host", host.queue);
	EXPECT_SAYS("job: 1 user_data 0xfeed\n");
	EXPECT_SAYS("executor: has read it\n");
	dump_forget(self->path);
}

TEST_F(dumps, a_name_is_no_line)
{
	struct host host;

	close(self->fd);
	must_call(prctl(PR_SET_NAME, "x\njob: 7"));
	self->fd = device_open();
	must_call(prctl(PR_SET_NAME, "dumps"));
	host = host_queue(self->fd);
	ASSERT_EQ(-ETIMEDOUT, settle(host_pending(self->fd, &host, NULL)));

	ASSERT_TRUE(dump_read(self->text, 1 << 17, self->path, true));
	EXPECT_SAYS("comm x\\njob: 7\nqueue: ");
	dump_forget(self->path);
}

TEST_F(dumps, of_what_failed_none)
{
	struct host host = host_queue(self->fd);
	int file = host_pending(self->fd, &host, NULL);

	host_done(host.fd, -EIO);
	EXPECT_EQ(-EIO, settle(file));
	file = host_pending(self->fd, &host, NULL);
	close(host.fd);
	EXPECT_EQ(-ECANCELED, settle(file));
	moment();
	EXPECT_FALSE(dump_read(self->text, 1 << 17, self->path, false));
}

/* Since 6.15. */
static bool kernel_has_wedged_event(void)
{
	struct utsname name;
	int major, minor;

	uname(&name);
	return sscanf(name.release, "%d.%d", &major, &minor) == 2 &&
	       (major > 6 || (major == 6 && minor >= 15));
}

TEST_F(dumps, an_event_tells)
{
	struct host host = host_queue(self->fd);
	uint64_t until = now_ns() + LONG_MS * 1000000ull;
	char event[4096];
	bool told = false;
	ssize_t got;

	if (!kernel_has_wedged_event())
		SKIP(return, "this kernel has no wedged event");
	ASSERT_EQ(-ETIMEDOUT, settle(host_pending(self->fd, &host, NULL)));
	while (!told && now_ns() < until) {
		wait_poll(self->events, POLLIN, 100);
		got = recv(self->events, event, sizeof(event), 0);
		for (char *word = event; got > 0 && word < event + got; word += strlen(word) + 1)
			told |= !strcmp(word, "WEDGED=none");
	}
	EXPECT_TRUE(told);
	if (dump_read(self->text, 1 << 17, self->path, true))
		dump_forget(self->path);
}

FIGMENT_RELOAD_MAIN

// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: the figment command: info, trace, fault
 *
 * Catches a command that says what is not so: clients, queues and buffers that it
 * leaves out or gives to somebody else, a picture or a trace that is not well
 * formed or lacks jobs, faults that do not arrive, or that stay; and one that takes
 * wrong arguments, or ends with 0 when it could not do what it was told.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "kselftest_harness.h"

#include "helpers.h"
#include "workload.h"

/* With what the columns of debugfs are made of. */
#define HOLDER_NAME	"who: a,b\\c"
#define HOLDER_SHOWN	"who\\072\\040a\\054b\\134c"

FIXTURE(tool) {
	char directory[32];
	int fd;
};

FIXTURE_SETUP(tool)
{
	if (!has_tool("figment"))
		SKIP(return, "the figment command is not installed");
	strcpy(self->directory, "/tmp/figment-XXXXXX");
	must_be(mkdtemp(self->directory));
	self->fd = device_open();
}

FIXTURE_TEARDOWN(tool)
{
	char command[64];

	close(self->fd);
	snprintf(command, sizeof(command), "rm -rf %s; figment fault off", self->directory);
	must_be(!system(command));
}

/* Runs a command that has to end with @want; its output, which is kept. */
#define RUN(want, ...) ({ \
	int status_; \
	char *output_ = output_of(&status_, __VA_ARGS__); \
	EXPECT_EQ(want, status_) { \
		TH_LOG("%s", output_); \
	} \
	output_; \
})

TEST_F(tool, arguments)
{
	static const char *const no_numbers[] = {
		"x", "", " ", "0x", "1x", "1 2", "-1", "+1", " 1", "1.5", "99999999999",
		"18446744073709551617",
	};

	EXPECT_NE(NULL, strstr(RUN(2, "figment"), "usage:"));
	EXPECT_NE(NULL, strstr(RUN(0, "figment --help"), "usage:"));
	EXPECT_NE(NULL, strstr(RUN(2, "figment infos"), "infos"));
	RUN(1, "figment info everything");
	RUN(2, "figment trace -x");
	RUN(2, "figment fault -x");
	RUN(1, "figment fault -d 7 show");
	RUN(1, "figment fault -d 7 run=1ms");
	for (size_t i = 0; i < ARRAY_SIZE(no_numbers); i++) {
		RUN(2, "figment fault -d '%s' run=1ms", no_numbers[i]);
		RUN(2, "timeout 20 figment trace -s '%s' -o %s/x.svg", no_numbers[i],
		    self->directory);
	}
	EXPECT_STREQ("run=0 signal=0 jitter=0 seed=0 hang=0 fail=0 error=0\n",
		     RUN(0, "figment fault"));
	EXPECT_NE(NULL, strstr(RUN(2, "figment fault -d x show"), "-d x"));
	RUN(2, "figment fault -d 8 show");
	RUN(2, "timeout 20 figment trace -s 0 -o %s/x.svg", self->directory);
	RUN(2, "figment trace -s 1 -o %s/x.svg %s", self->directory, workload_command());
	RUN(1, "figment trace -o /nowhere/x.svg %s", workload_command());
}

/* info */

/* A line that has all of the words, or NULL. */
static char *line_with(const char *text, const char *first, const char *second,
		       const char *third)
{
	const char *end;

	for (; *text; text = end + 1) {
		static char line[1024];

		end = strchrnul(text, '\n');
		must_be(end - text < (ptrdiff_t)sizeof(line));
		memcpy(line, text, end - text);
		line[end - text] = 0;
		if (strstr(line, first) && strstr(line, second) && strstr(line, third))
			return line;
		if (!*end)
			break;
	}
	return NULL;
}

static int64_t client_id(int fd)
{
	char path[64], line[128];
	long long id = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fopen(path, "r");
	must_be(file);
	while (fgets(line, sizeof(line), file))
		sscanf(line, "drm-client-id: %lld", &id);
	fclose(file);
	return id;
}

TEST_F(tool, info_of_devices)
{
	char *output = RUN(0, "figment info"), value[64];
	struct figment_node node;

	must(figment_enumerate(&node, 1));
	EXPECT_NE(NULL, line_with(output, node.name, node.render, node.primary));
	snprintf(value, sizeof(value), " %llu",
		 (unsigned long long)device_param(self->fd, DRM_FIGMENT_PARAM_COPY_RINGS));
	EXPECT_NE(NULL, line_with(output, "copy rings", value, ""));
	snprintf(value, sizeof(value), " %llu KiB", (unsigned long long)
		 device_param(self->fd, DRM_FIGMENT_PARAM_MEMORY_LIMIT) >> 10);
	EXPECT_NE(NULL, line_with(output, "memory limit", value, ""));
	EXPECT_EQ(NULL, strstr(output, "hidden"));
}

TEST_F(tool, info_of_queues)
{
	uint32_t copy = copy_queue(self->fd);
	struct host host = host_queue(self->fd);
	long long id = client_id(self->fd);
	char line[64], *output;

	host_pending(self->fd, &host, NULL);
	host_take(host.fd);
	output = RUN(0, "figment info");
	snprintf(line, sizeof(line), " %lld %d %u copy alive 0 0 0", id, getpid(), copy);
	EXPECT_NE(NULL, strstr(output, line)) {
		TH_LOG("no%s in\n%s", line, output);
	}
	snprintf(line, sizeof(line), " %lld %d %u host alive 0 0 1", id, getpid(), host.queue);
	EXPECT_NE(NULL, strstr(output, line));
	close(host.fd);
	output = RUN(0, "figment info");
	snprintf(line, sizeof(line), " %lld %d %u host guilty", id, getpid(), host.queue);
	EXPECT_NE(NULL, strstr(output, line)) {
		TH_LOG("no%s in\n%s", line, output);
	}
}

#define MANY	3000

/* What comes and goes while the list is printed, and is often the last of it. */
static void come_and_go(int sock)
{
	int fd = device_open();

	send_word(sock, 0);
	for (;;) {
		uint32_t handles[16];

		for (size_t i = 0; i < ARRAY_SIZE(handles); i++)
			must(figment_bo_create(fd, PAGE, &handles[i]));
		for (size_t i = 0; i < ARRAY_SIZE(handles); i++)
			must(figment_bo_close(fd, handles[i]));
	}
}

TEST_F(tool, info_of_many_buffers)
{
	struct child child = child_start(come_and_go);
	char label[DRM_FIGMENT_LABEL_SIZE];
	char *output, *at;
	int next = 0;

	recv_word(child.sock);
	for (int i = 0; i < MANY; i++) {
		uint32_t handle;

		must(figment_bo_create(self->fd, PAGE, &handle));
		snprintf(label, sizeof(label), "one of many: %d;", i);
		must(figment_bo_label(self->fd, handle, label));
	}
	/* Each is there once, in the order they were made in. */
	output = RUN(0, "figment info");
	for (at = output; (at = strstr(at, "one of many: ")); at++) {
		snprintf(label, sizeof(label), "one of many: %d;", next++);
		ASSERT_EQ(0, strncmp(at, label, strlen(label))) {
			TH_LOG("no %s at %.40s", label, at);
		}
	}
	EXPECT_EQ(MANY, next);
	child_kill(&child);
}

static void hold(int sock)
{
	int fd = device_open();
	int dmabuf = recv_fd(sock);
	uint32_t handle, own;

	must_call(prctl(PR_SET_NAME, HOLDER_NAME));
	close(fd);
	fd = device_open();
	must(figment_bo_import(fd, dmabuf, &handle));
	must(figment_bo_create(fd, 7 * PAGE, &own));
	close(dmabuf);
	send_word(sock, client_id(fd));
	recv_word(sock);
}

TEST_F(tool, info_of_who_holds_what)
{
	struct buffer buf = buffer_create(self->fd, 3 * PAGE);
	long long id = client_id(self->fd), other;
	int dmabuf = buffer_export(self->fd, &buf);
	char mine[64], theirs[64], inode[32], *output;
	struct child child;
	struct stat st;

	must(figment_bo_label(self->fd, buf.handle, "held by two"));
	must_call(prctl(PR_SET_NAME, "first"));
	must_call(fstat(dmabuf, &st));
	child = child_start(hold);
	send_fd(child.sock, dmabuf);
	other = recv_word(child.sock);

	/* Each has its name of when it opened the device. */
	snprintf(mine, sizeof(mine), "%lld:%d:", id, getpid());
	snprintf(theirs, sizeof(theirs), "%lld:%d:" HOLDER_SHOWN, other, child.pid);
	snprintf(inode, sizeof(inode), " %lu ", (unsigned long)st.st_ino);
	output = RUN(0, "figment info");
	EXPECT_NE(NULL, line_with(output, "held by two", mine, theirs)) {
		TH_LOG("no %s and %s in\n%s", mine, theirs, output);
	}
	EXPECT_NE(NULL, line_with(output, "held by two", inode, "12288 12288 2 own"));
	EXPECT_EQ(NULL, line_with(output, "28672", mine, ""));
	EXPECT_NE(NULL, line_with(output, "28672 28672 1 own no 0 ", theirs, ""));
	/* Totals, and who has the dma-buf's fd. */
	snprintf(theirs, sizeof(theirs), " %lld %d 2 40960 0 " HOLDER_SHOWN, other, child.pid);
	EXPECT_NE(NULL, line_with(output, theirs, "", ""));
	snprintf(mine, sizeof(mine), "%lu %d ", (unsigned long)st.st_ino, getpid());
	EXPECT_NE(NULL, line_with(output, mine, "first", "")) {
		TH_LOG("no %s in\n%s", mine, output);
	}

	/* Both go, and then the dma-buf alone is what holds it. */
	child_kill(&child);
	output = RUN(0, "figment info");
	EXPECT_EQ(NULL, strstr(output, HOLDER_SHOWN));
	EXPECT_EQ(NULL, strstr(output, "28672"));
	buffer_destroy(self->fd, &buf);
	output = RUN(0, "figment info");
	EXPECT_NE(NULL, line_with(output, "12288 12288 0 own", inode, " - held by two"));
	EXPECT_NE(NULL, line_with(output, mine, "first", ""));
	close(dmabuf);
	output = RUN(0, "figment info");
	EXPECT_EQ(NULL, strstr(output, "held by two"));
}

TEST_F(tool, info_counts_a_client_once)
{
	struct buffer buf = buffer_create(self->fd, 5 * PAGE);
	struct drm_gem_open open_args = { 0 };
	struct drm_gem_flink flink = { 0 };
	struct figment_node node;
	char line[64];
	int primary;

	/* Two handles of one buffer in one file, as names of old give them. */
	must(figment_enumerate(&node, 1));
	primary = must_call(open(node.primary, O_RDWR | O_CLOEXEC));
	buffer_destroy(self->fd, &buf);
	buf = buffer_create(primary, 5 * PAGE);
	flink.handle = buf.handle;
	must(raw_ioctl(primary, DRM_IOCTL_GEM_FLINK, &flink));
	open_args.name = flink.name;
	must(raw_ioctl(primary, DRM_IOCTL_GEM_OPEN, &open_args));
	ASSERT_NE(buf.handle, open_args.handle);
	snprintf(line, sizeof(line), " %lld %d 1 20480 ", (long long)client_id(primary), getpid());
	EXPECT_NE(NULL, strstr(RUN(0, "figment info"), line));
	must(figment_bo_close(primary, buf.handle));
	EXPECT_NE(NULL, strstr(RUN(0, "figment info"), line));
	must(figment_bo_close(primary, open_args.handle));
	snprintf(line, sizeof(line), " %lld %d 0 0 ", (long long)client_id(primary), getpid());
	EXPECT_NE(NULL, strstr(RUN(0, "figment info"), line));
}

/* trace */

static bool traces_remain(void)
{
	return !system("ls /sys/kernel/tracing/instances | grep -q figment");
}

TEST_F(tool, trace_of_a_command)
{
	char *output;

	RUN(0, "figment trace -o %s/x.svg -p %s/x.json %s", self->directory, self->directory,
	    workload_command());
	EXPECT_FALSE(traces_remain());
	if (!has_tool("python3"))
		SKIP(return, "there is no python3 to look at what was written");
	output = RUN(0, "python3 trace_check.py perfetto %s/x.json %d %d", self->directory,
		     WORKLOAD_JOBS, WORKLOAD_WAITS);
	EXPECT_NE(NULL, strstr(output, "errors [-5]"));
	EXPECT_NE(NULL, strstr(output, WORKLOAD_NAME));
	EXPECT_NE(NULL, strstr(output, "copy queue"));
	EXPECT_NE(NULL, strstr(output, "host queue"));
	output = RUN(0, "python3 trace_check.py svg %s/x.svg %d", self->directory,
		     WORKLOAD_JOBS);
	EXPECT_NE(NULL, strstr(output, "errors 1"));
}

TEST_F(tool, trace_ends_as_its_command_does)
{
	RUN(3, "figment trace -o %s/x.svg sh -c '%s; exit 3'", self->directory,
	    workload_command());
	RUN(127, "figment trace -o %s/x.svg no-such-command", self->directory);
	RUN(1, "figment trace -o %s/x.svg true", self->directory);
	EXPECT_FALSE(traces_remain());
}

TEST_F(tool, trace_of_some_seconds)
{
	RUN(0, "figment trace -s 3 -p %s/x.json & sleep 1; %s; wait $!", self->directory,
	    workload_command());
	EXPECT_FALSE(traces_remain());
	if (!has_tool("python3"))
		SKIP(return, "there is no python3 to look at what was written");
	RUN(0, "python3 trace_check.py perfetto %s/x.json %d %d", self->directory,
	    WORKLOAD_JOBS, WORKLOAD_WAITS);
}

TEST_F(tool, trace_until_ctrl_c)
{
	RUN(0, "figment trace -o %s/x.svg & sleep 2; %s; kill -INT $!; wait $!",
	    self->directory, workload_command());
	EXPECT_FALSE(traces_remain());
}

TEST_F(tool, trace_that_lost_events_says_so)
{
	const char *svg = self->directory;
	char *output;

	output = RUN(0, "figment trace -o %s/x.svg %s", svg, workload_command());
	EXPECT_EQ(NULL, strstr(output, "lost"));
	/* The command that is traced makes the buffer as small as it can be. */
	output = RUN(0, "figment trace -o %s/x.svg sh -c '"
		     "echo 1 >/sys/kernel/tracing/instances/figment-$PPID/buffer_size_kb && "
		     "for i in $(seq 20); do %s; done'", svg, workload_command());
	EXPECT_NE(NULL, strstr(output, "events are lost")) {
		TH_LOG("%s", output);
	}
	EXPECT_FALSE(traces_remain());
}

/* fault */

static int first_job(int fd)
{
	struct job job = { .queue = copy_queue(fd) };

	return settle(submit_file(fd, &job));
}

TEST_F(tool, faults_are_shown)
{
	char *output;

	RUN(0, "figment fault run=1.5ms signal=20us jitter=2s seed=0x10 hang=7 fail=3 error=EIO");
	output = RUN(0, "figment fault");
	EXPECT_STREQ("run=1500000 signal=20000 jitter=2000000000 seed=16 hang=7 fail=3 error=-5\n",
		     output);
	EXPECT_STREQ(output, RUN(0, "figment fault show"));
	RUN(0, "figment fault -d 0 fail=1 error=110");
	EXPECT_STREQ("run=0 signal=0 jitter=0 seed=0 hang=0 fail=1 error=-110\n",
		     RUN(0, "figment fault"));
	RUN(0, "figment fault off");
	EXPECT_STREQ("run=0 signal=0 jitter=0 seed=0 hang=0 fail=0 error=0\n",
		     RUN(0, "figment fault"));
}

TEST_F(tool, wrong_faults_are_refused)
{
	static const char *const wrong[] = {
		"run", "run=", "run=10", "run=1h", "run=-1ms", "run=61s", "signal=61s",
		"jitter=61s", "fail=1", "error=EIO", "fail=1 error=EWHAT", "fail=1 error=99999",
		"hang=many", "walk=1ms", "fail=1 error=0", "show run=1ms",
	};
	const char *was;

	RUN(0, "figment fault hang=5");
	was = RUN(0, "figment fault");
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		/* A number alone is nanoseconds, and right. */
		RUN(strcmp(wrong[i], "run=10") ? 1 : 0, "figment fault %s", wrong[i]);
		if (!strcmp(wrong[i], "run=10"))
			RUN(0, "figment fault hang=5");
		EXPECT_STREQ(was, RUN(0, "figment fault")) {
			TH_LOG("after %s", wrong[i]);
		}
	}
}

TEST_F(tool, faults_concern_new_queues)
{
	struct job before = { .queue = copy_queue(self->fd) };
	uint64_t start;

	RUN(0, "figment fault fail=1 error=ENOSPC");
	EXPECT_EQ(-ENOSPC, first_job(self->fd));
	EXPECT_EQ(1, settle(submit_file(self->fd, &before)));
	RUN(0, "figment fault run=300ms");
	start = now_ns();
	EXPECT_EQ(1, first_job(self->fd));
	EXPECT_LE(300000000, now_ns() - start);
	RUN(0, "figment fault off");
	EXPECT_EQ(1, first_job(self->fd));
}

FIGMENT_TOOL_MAIN

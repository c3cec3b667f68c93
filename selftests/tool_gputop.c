// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: figment's fdinfo, read by gputop
 *
 * gputop (of intel-gpu-tools) knows no driver: what it shows it has from fdinfo
 * alone, as drm-usage-stats lets it. Catches what fdinfo.c would take for right
 * because it was written by the same people: keys that a tool does not recognise,
 * engines it does not show, percentages that a capacity that is missing spoils.
 */
#include <stdlib.h>
#include <sys/prctl.h>

#include "kselftest_harness.h"

#include "helpers.h"
#include "workload.h"

#define BUSY_NAME	"figbusy"
#define IDLE_NAME	"figidle"
#define BUSY_SIZE	(64u << 20)

/* Keeps one copy ring busy, and a host queue too. */
static void busy(int sock)
{
	int fd = device_open();
	struct buffer buf = buffer_create(fd, BUSY_SIZE);
	struct host host = host_queue(fd);
	uint32_t copy = copy_queue(fd);
	int before = -1;

	must_call(prctl(PR_SET_NAME, BUSY_NAME));
	memset(buf.map, 1, buf.size);
	send_word(sock, 1);
	for (;;) {
		struct job job = { .queue = copy };
		int file, host_file = host_pending(fd, &host, NULL);

		job_uses(&job, buf.handle, DRM_FIGMENT_BO_WRITE);
		for (int i = 0; i < 4; i++)
			job_does(&job, (struct drm_figment_cmd){
				.op = DRM_FIGMENT_CMD_FILL, .elem = 1, .size = BUSY_SIZE });
		file = submit_file(fd, &job);
		/* There is always one more, so that the ring never waits. */
		if (before >= 0) {
			must_be(settle(before) == 1);
			close(before);
		}
		before = file;
		host_done(host.fd, 0);
		close(host_file);
	}
}

static void idle(int sock)
{
	int fd = device_open();
	struct buffer buf = buffer_create(fd, PAGE);

	must_call(prctl(PR_SET_NAME, IDLE_NAME));
	buf.map[0] = 1;
	send_word(sock, 1);
	recv_word(sock);
	close(fd);
}

FIXTURE(gputop) {
	struct child busy, idle;
	char *output;
};

FIXTURE_SETUP(gputop)
{
	int status;

	if (!has_tool("gputop"))
		SKIP(return, "there is no gputop (intel-gpu-tools)");
	self->busy = child_start(busy);
	self->idle = child_start(idle);
	recv_word(self->busy.sock);
	recv_word(self->idle.sock);
	/* It prints as much as the terminal has room for, and has to have one. */
	self->output = output_of(&status, "script -qec 'stty rows 60 cols 200; "
				 "timeout 60 gputop -d 2 -n 4' /dev/null </dev/null");
	must_be(!status);
}

FIXTURE_TEARDOWN(gputop)
{
	child_kill(&self->busy);
	child_kill(&self->idle);
	free(self->output);
}

/* The line with a word that was printed last, or NULL; ends @text there. */
static char *last_line(char *text, const char *word)
{
	char *line = NULL, *at, *end;

	for (at = text; (at = strstr(at, word)); at++)
		line = at;
	if (!line)
		return NULL;
	end = line + strcspn(line, "\r\n");
	*end = 0;
	while (line > text && line[-1] != '\n')
		line--;
	return line;
}

/* The percentages of a line; how many. */
static int percentages(const char *line, double *percent, int max)
{
	const char *at, *sign;
	int n = 0;

	for (at = line; n < max && (sign = strchr(at, '%')); at = sign + 1) {
		while (sign > at && strchr("0123456789. ", sign[-1]))
			sign--;
		percent[n++] = strtod(sign, NULL);
		sign = strchr(sign, '%');
	}
	return n;
}

TEST_F(gputop, shows_figment)
{
	int fd = device_open(), rings = device_param(fd, DRM_FIGMENT_PARAM_COPY_RINGS);
	char *line, pid[16], output[strlen(self->output) + 1];
	double percent[4];

	/* Its heading has the engines' names. */
	strcpy(output, self->output);
	line = last_line(output, "NAME");
	ASSERT_NE(NULL, line) {
		TH_LOG("%s", self->output);
	}
	EXPECT_NE(NULL, strstr(line, "MEM"));
	EXPECT_NE(NULL, strstr(line, "copy"));
	EXPECT_NE(NULL, strstr(line, "host"));

	strcpy(output, self->output);
	line = last_line(output, BUSY_NAME);
	ASSERT_NE(NULL, line) {
		TH_LOG("%s", self->output);
	}
	TH_LOG("%s", line);
	snprintf(pid, sizeof(pid), "%d ", self->busy.pid);
	EXPECT_NE(NULL, strstr(line, pid));
	EXPECT_NE(NULL, strstr(line, "64M "));
	ASSERT_EQ(2, percentages(line, percent, 4));
	/* Of as many rings as there are, it is one, as much as the machine has for it. */
	EXPECT_LT(1, percent[0]);
	EXPECT_GE(rings == 1 ? 100 : 120, percent[0]);
	/* And of 256 host queues, one. */
	EXPECT_LT(0, percent[1]);
	EXPECT_GE(1, percent[1]);

	strcpy(output, self->output);
	line = last_line(output, IDLE_NAME);
	if (line) {
		ASSERT_EQ(2, percentages(line, percent, 4));
		EXPECT_EQ(0, percent[0]);
		EXPECT_EQ(0, percent[1]);
	}
	close(fd);
}

FIGMENT_TOOL_MAIN

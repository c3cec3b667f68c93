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
	self->output = output_of(&status, "TERM=dumb COLUMNS=160 timeout 60 gputop -d 2 -n 3");
	must_be(!status);
}

FIXTURE_TEARDOWN(gputop)
{
	child_kill(&self->busy);
	child_kill(&self->idle);
	free(self->output);
}

TEST_F(gputop, shows_figment)
{
	EXPECT_NE(NULL, strstr(self->output, BUSY_NAME)) {
		TH_LOG("%s", self->output);
	}
}

FIGMENT_TOOL_MAIN

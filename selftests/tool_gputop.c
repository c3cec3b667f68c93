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

/* Keeps one copy ring busy, and a host queue half of the time. */
static void busy(int sock)
{
	int fd = device_open();
	struct buffer buf = buffer_create(fd, BUSY_SIZE);
	struct host host = host_queue(fd);
	struct job copy = { .queue = copy_queue(fd) };
	int last = -1;

	must_call(prctl(PR_SET_NAME, BUSY_NAME));
	memset(buf.map, 1, buf.size);
	job_does(&copy, (struct drm_figment_cmd){ .op = DRM_FIGMENT_CMD_DELAY,
						  .value = 20000000 });
	send_word(sock, 1);
	for (;;) {
		struct job next = copy;
		int file = submit_file(fd, &next);

		host_pending(fd, &host, NULL);
		host_take(host.fd);
		usleep(10000);
		must(figment_host_complete(host.fd, queue_query(fd, host.queue).submitted, 0));
		/* There is always one more, so that the ring never waits. */
		if (last >= 0) {
			must_be(settle(last) == 1);
			close(last);
		}
		last = file;
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

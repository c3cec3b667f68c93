// SPDX-License-Identifier: MIT
/**
 * DOC: the demo's timeline
 *
 *	figment-timeline DIR
 *
 * Reads DIR/trace.txt, writes DIR/timeline.svg, and reports what the kernel saw:
 * that all events of all frames are there, that no job ran before what it waits
 * for, and how many jobs of each engine each process submitted, as a copy by the
 * kernel would be one of those.
 *
 * A process's frames are the jobs after its first, which sets it up.
 */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "common.h"
#include "layout.h"
#include "timeline.h"

static const char *const owners[] = { "producer", "consumer", "strip" };

#define OWNERS		(sizeof(owners) / sizeof(owners[0]))
#define FIRST_FRAME	2

static FILE *open_in(const char *dir, const char *name, const char *mode)
{
	char path[PATH_MAX];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, mode);
	if (!file)
		die("fopen(%s): %s", path, strerror(errno));
	return file;
}

static unsigned int jobs_of(const struct timeline *t, const char *owner, unsigned int engine)
{
	unsigned int n = 0;

	for (size_t i = 0; i < t->job_count; i++) {
		const struct timeline_lane *lane = &t->lanes[t->jobs[i].lane];

		n += !strcmp(lane->owner, owner) && lane->engine == engine;
	}
	return n;
}

int main(int argc, char **argv)
{
	unsigned int frames = 0, failed = 0, ahead = 0;
	double first_done = TIMELINE_NEVER;
	struct timeline t;
	char subtitle[160];
	FILE *file;

	demo_start("timeline");
	if (argc != 2)
		die("usage: %s DIR", argv[0]);
	file = open_in(argv[1], "trace.txt", "r");
	check_errno(timeline_read(&t, file), "timeline_read");
	fclose(file);
	for (size_t i = 0; i < OWNERS; i++)
		timeline_number(&t, owners[i], FIRST_FRAME, FRAMES);

	for (size_t i = 0; i < t.job_count; i++) {
		const struct timeline_job *job = &t.jobs[i];

		frames += job->frame >= 0 && timeline_complete(job);
		failed += job->error != 0;
		if (!job->frame && !strcmp(t.lanes[job->lane].owner, owners[0]))
			first_done = job->done;
	}
	for (size_t i = 0; i < t.job_count; i++)
		ahead += t.jobs[i].frame >= 0 && t.jobs[i].submit < first_done;

	snprintf(subtitle, sizeof(subtitle),
		 "%d frames through %d shared buffers; %u of the %zu jobs were submitted before "
		 "the first frame was rendered", FRAMES, BUFFERS, ahead, OWNERS * FRAMES);
	file = open_in(argv[1], "timeline.svg", "w");
	check_errno(timeline_svg(&t, file, "figment: who ran when, and who waited for whom",
				 subtitle), "timeline_svg");
	if (fclose(file))
		die("writing timeline.svg: %s", strerror(errno));

	report_open(argv[1]);
	report("submits", t.submits);
	report("waits", t.waits);
	report("runs", t.runs);
	report("dones", t.dones);
	report("frame_jobs", frames);
	report("failed", failed);
	report("early", timeline_early(&t));
	report("ahead", ahead);
	for (size_t i = 0; i < OWNERS; i++) {
		char key[48];

		snprintf(key, sizeof(key), "%s_copy_jobs", owners[i]);
		report(key, jobs_of(&t, owners[i], 0));
		snprintf(key, sizeof(key), "%s_host_jobs", owners[i]);
		report(key, jobs_of(&t, owners[i], 1));
	}
	report_close();
	timeline_free(&t);
	return 0;
}

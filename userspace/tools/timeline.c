// SPDX-License-Identifier: MIT
/**
 * DOC: reading figment's events from the text of a trace
 *
 * The text, and not the binary ring, since it is what every way of recording
 * can give (cat, trace-cmd report, a bug report), and fields are looked up by
 * name, so that events may gain some. Lines of other events are passed over. A
 * trace can begin or end amid a job; what was not seen stays TIMELINE_NEVER.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "timeline.h"

/* One event: what is in front of its name, and its fields. */
struct event {
	char comm[TIMELINE_OWNER];
	int pid;
	double time;
	const char *fields;
};

static bool field(const struct event *ev, const char *name, long long *value)
{
	size_t len = strlen(name);
	const char *p = ev->fields;

	while ((p = strstr(p, name))) {
		/* A whole word: "fence" is not the end of "dep_fence". */
		if (p[-1] == ' ' && p[len] == '=') {
			*value = strtoll(p + len + 1, NULL, 0);
			return true;
		}
		p += len;
	}
	return false;
}

/*
 * "   comm-123     [001] .....  1234.567890: figment_job_run: dev=0 ..."
 * A comm may hold blanks and dashes, so its end is found from the right.
 */
static bool parse_head(struct event *ev, const char *line, const char *name)
{
	const char *cpu = strstr(line, " ["), *end, *dash, *time;
	size_t len;

	while (cpu && !(isdigit((unsigned char)cpu[2]) && cpu < name))
		cpu = cpu < name ? strstr(cpu + 1, " [") : NULL;
	if (!cpu)
		return false;
	for (end = cpu; end > line && end[-1] == ' '; end--)
		;
	/* "(  123)", the thread group, if it was asked for */
	if (end > line && end[-1] == ')') {
		while (end > line && *end != '(')
			end--;
		while (end > line && end[-1] == ' ')
			end--;
	}
	for (dash = end; dash > line && isdigit((unsigned char)dash[-1]); dash--)
		;
	if (dash == line || dash[-1] != '-')
		return false;
	ev->pid = atoi(dash);
	dash--;
	while (line < dash && *line == ' ')
		line++;
	len = dash - line;
	if (len >= sizeof(ev->comm))
		len = sizeof(ev->comm) - 1;
	memcpy(ev->comm, line, len);
	ev->comm[len] = 0;

	/* name points at ": figment_job_..."; the time is the word before it */
	for (time = name; time > cpu && time[-1] != ' '; time--)
		;
	ev->time = strtod(time, NULL);
	return ev->time > 0;
}

static void *grow(void *array, size_t count, size_t *room, size_t size)
{
	if (count < *room)
		return array;
	*room = *room ? *room * 2 : 64;
	return realloc(array, *room * size);
}

struct timeline_job *timeline_find(const struct timeline *t, struct timeline_fence fence)
{
	/* The latest are looked for most. */
	for (size_t i = t->job_count; i--;) {
		struct timeline_job *job = &t->jobs[i];

		if (job->fence.context == fence.context && job->fence.number == fence.number)
			return job;
	}
	return NULL;
}

static int find_lane(struct timeline *t, const struct event *ev, uint64_t context)
{
	struct timeline_lane *lane, *lanes;
	long long dev = 0, queue = 0, engine = 0;

	for (size_t i = 0; i < t->lane_count; i++) {
		if (t->lanes[i].context == context)
			return i;
	}
	lanes = grow(t->lanes, t->lane_count, &t->lane_room, sizeof(*lanes));
	if (!lanes)
		return -ENOMEM;
	t->lanes = lanes;
	lane = &lanes[t->lane_count];
	field(ev, "dev", &dev);
	field(ev, "queue", &queue);
	field(ev, "engine", &engine);
	*lane = (struct timeline_lane){
		.context = context, .pid = ev->pid,
		.dev = dev, .queue = queue, .engine = engine, .last_done = TIMELINE_NEVER,
	};
	memcpy(lane->owner, ev->comm, sizeof(lane->owner));
	return t->lane_count++;
}

static int on_submit(struct timeline *t, const struct event *ev, struct timeline_fence fence)
{
	struct timeline_job *job, *jobs;
	long long seqno = 0;
	int lane = find_lane(t, ev, fence.context);

	if (lane < 0)
		return lane;
	jobs = grow(t->jobs, t->job_count, &t->job_room, sizeof(*jobs));
	if (!jobs)
		return -ENOMEM;
	t->jobs = jobs;
	field(ev, "seqno", &seqno);
	job = &jobs[t->job_count++];
	*job = (struct timeline_job){
		.fence = fence, .lane = lane, .seqno = seqno, .submit = ev->time,
		.run = TIMELINE_NEVER, .start = TIMELINE_NEVER, .done = TIMELINE_NEVER,
		.frame = -1,
	};
	t->submits++;
	return 0;
}

static int on_wait(struct timeline *t, const struct event *ev, struct timeline_job *job)
{
	long long context, number;
	struct timeline_fence *waits;

	if (!field(ev, "dep_context", &context) || !field(ev, "dep_fence", &number))
		return -EINVAL;
	waits = realloc(job->waits, (job->wait_count + 1) * sizeof(*waits));
	if (!waits)
		return -ENOMEM;
	job->waits = waits;
	waits[job->wait_count++] = (struct timeline_fence){ context, number };
	t->waits++;
	return 0;
}

static void on_done(struct timeline *t, const struct event *ev, struct timeline_job *job)
{
	struct timeline_lane *lane = &t->lanes[job->lane];
	long long error = 0;

	field(ev, "error", &error);
	job->error = error;
	job->done = ev->time;
	/* A queue executes one job at a time, though several may be ready. */
	job->start = job->run > lane->last_done ? job->run : lane->last_done;
	lane->last_done = ev->time;
	t->dones++;
}

static int take_line(struct timeline *t, const char *line)
{
	static const char prefix[] = ": figment_job_";
	const char *name = strstr(line, prefix);
	struct timeline_job *job;
	long long context, number;
	struct event ev;

	if (!name || !parse_head(&ev, line, name))
		return 0;
	name += sizeof(prefix) - 1;
	ev.fields = strchr(name, ':');
	if (!ev.fields)
		return 0;
	ev.fields++;
	if (!field(&ev, "context", &context) || !field(&ev, "fence", &number))
		return -EINVAL;
	if (!strncmp(name, "submit:", 7))
		return on_submit(t, &ev, (struct timeline_fence){ context, number });

	job = timeline_find(t, (struct timeline_fence){ context, number });
	if (!job)
		return 0;	/* submitted before the trace began */
	if (!strncmp(name, "wait:", 5))
		return on_wait(t, &ev, job);
	if (!strncmp(name, "run:", 4)) {
		job->run = ev.time;
		t->runs++;
	} else if (!strncmp(name, "done:", 5)) {
		on_done(t, &ev, job);
	}
	return 0;
}

int timeline_read(struct timeline *t, FILE *trace)
{
	char *line = NULL;
	size_t size = 0;
	int ret = 0;

	*t = (struct timeline){ 0 };
	while (!ret && getline(&line, &size, trace) >= 0)
		ret = take_line(t, line);
	if (!ret && ferror(trace))
		ret = -EIO;
	free(line);
	if (ret)
		timeline_free(t);
	return ret;
}

void timeline_free(struct timeline *t)
{
	for (size_t i = 0; i < t->job_count; i++)
		free(t->jobs[i].waits);
	free(t->jobs);
	free(t->lanes);
	*t = (struct timeline){ 0 };
}

bool timeline_complete(const struct timeline_job *job)
{
	return job->submit >= 0 && job->run >= 0 && job->done >= 0;
}

unsigned int timeline_number(struct timeline *t, const char *owner, uint64_t first,
			     unsigned int count)
{
	unsigned int found = 0;

	for (size_t i = 0; i < t->job_count; i++) {
		struct timeline_job *job = &t->jobs[i];

		if (strcmp(t->lanes[job->lane].owner, owner) || job->seqno < first ||
		    job->seqno - first >= count)
			continue;
		job->frame = job->seqno - first;
		found++;
	}
	return found;
}

unsigned int timeline_early(const struct timeline *t)
{
	unsigned int early = 0;

	for (size_t i = 0; i < t->job_count; i++) {
		const struct timeline_job *job = &t->jobs[i];

		for (unsigned int j = 0; j < job->wait_count; j++) {
			const struct timeline_job *dep = timeline_find(t, job->waits[j]);

			early += dep && job->run >= 0 &&
				 (dep->done < 0 || dep->done > job->run);
		}
	}
	return early;
}

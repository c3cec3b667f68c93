// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: figment's tracepoints, recorded by trace-cmd and by perf
 *
 * Catches an event that no tool can record or print (whose format names what the
 * tool cannot evaluate), that is missing for some jobs or comes twice, whose fields
 * do not tell one job from another, or whose times contradict what happened.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "kselftest_harness.h"

#include "helpers.h"
#include "workload.h"

enum event_kind { SUBMIT, WAIT, RUN, DONE, KINDS };

static const char *const kinds[KINDS] = { "submit", "wait", "run", "done" };

/**
 * struct event - a line of what a tool printed
 * @kind: which event
 * @time: in seconds
 * @context: the job's finished fence
 * @fence: and its number
 */
struct event {
	enum event_kind kind;
	double time;
	uint64_t context, fence, dep_context, dep_fence, seqno;
	uint32_t dev, queue, engine;
	int error;
};

#define MAX_EVENTS	256

struct record {
	struct event events[MAX_EVENTS];
	int count;
	int of[KINDS];
	int not_by_name;
};

/* " name=value" of a line; false if it has none */
static bool field(const char *line, const char *name, int64_t *value)
{
	char key[24];
	const char *at;
	char *end;

	snprintf(key, sizeof(key), " %s=", name);
	at = strstr(line, key);
	if (!at)
		return false;
	*value = strtoll(at + strlen(key), &end, 0);
	return end != at + strlen(key) && (!*end || *end == ' ');
}

static uint64_t must_field(const char *line, const char *name)
{
	int64_t value = 0;

	if (!field(line, name, &value))
		fprintf(stderr, "# %s\n", line);
	must_be(field(line, name, &value));
	return value;
}

/* "comm pid [cpu] 12.345: figment_job_...: fields", perf's with "figment:" before. */
static bool parse(struct record *record, const char *line)
{
	struct event *ev = &record->events[record->count];
	const char *name = strstr(line, "figment_job_"), *time;

	if (!name)
		return false;
	must_be(record->count < MAX_EVENTS);
	memset(ev, 0, sizeof(*ev));
	for (ev->kind = 0; ev->kind < KINDS; ev->kind++) {
		size_t length = strlen(kinds[ev->kind]);

		if (!strncmp(name + 12, kinds[ev->kind], length) && name[12 + length] == ':')
			break;
	}
	must_be(ev->kind < KINDS);
	/* The word before the event's: what is before that may have blanks. */
	for (time = name; time > line && time[-1] != ' '; time--)
		;
	while (time > line && time[-1] == ' ')
		time--;
	while (time > line && time[-1] != ' ')
		time--;
	ev->time = strtod(time, NULL);
	must_be(ev->time > 0);

	ev->context = must_field(name, "context");
	ev->fence = must_field(name, "fence");
	if (ev->kind == WAIT) {
		ev->dep_context = must_field(name, "dep_context");
		ev->dep_fence = must_field(name, "dep_fence");
	} else {
		ev->dev = must_field(name, "dev");
		ev->queue = must_field(name, "queue");
		ev->engine = must_field(name, "engine");
		ev->seqno = must_field(name, "seqno");
	}
	if (ev->kind == DONE)
		ev->error = must_field(name, "error");
	record->not_by_name += ev->kind == SUBMIT && !strstr(line, WORKLOAD_NAME);
	record->of[ev->kind]++;
	record->count++;
	return true;
}

static const struct event *find(const struct record *record, enum event_kind kind,
				uint64_t context, uint64_t fence)
{
	const struct event *found = NULL;

	for (int i = 0; i < record->count; i++) {
		const struct event *ev = &record->events[i];

		if (ev->kind != kind || ev->context != context || ev->fence != fence)
			continue;
		/* None is told twice. */
		must_be(!found);
		found = ev;
	}
	return found;
}

FIXTURE(recorded) {
	char directory[32];
	struct record *record;
};

FIXTURE_VARIANT(recorded) {
	const char *tool, *record, *report;
};

FIXTURE_VARIANT_ADD(recorded, trace_cmd) {
	.tool = "trace-cmd",
	.record = "trace-cmd record -q -C mono -e figment -o %s/it %s",
	.report = "trace-cmd report -i %s/it",
};

FIXTURE_VARIANT_ADD(recorded, perf) {
	.tool = "perf",
	.record = "perf record -q -a -e 'figment:*' -o %s/it -- %s",
	.report = "perf script -F comm,pid,cpu,time,event,trace -i %s/it",
};

FIXTURE_SETUP(recorded)
{
	char *output, *line, *rest;
	int status;

	if (!has_tool(variant->tool))
		SKIP(return, "there is no %s", variant->tool);
	strcpy(self->directory, "/tmp/figment-XXXXXX");
	must_be(mkdtemp(self->directory));
	self->record = calloc(1, sizeof(*self->record));
	must_be(self->record);

	output = output_of(&status, variant->record, self->directory, workload_command());
	if (status)
		fprintf(stderr, "# %s\n", output);
	must_be(!status);
	free(output);
	output = output_of(&status, variant->report, self->directory);
	must_be(!status);
	for (line = strtok_r(output, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		parse(self->record, line);
	free(output);
}

FIXTURE_TEARDOWN(recorded)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf %s", self->directory);
	must_be(!system(command));
}

TEST_F(recorded, each_job_once)
{
	const struct record *record = self->record;
	int errors = 0;

	EXPECT_EQ(WORKLOAD_JOBS, record->of[SUBMIT]);
	EXPECT_EQ(WORKLOAD_WAITS, record->of[WAIT]);
	EXPECT_EQ(WORKLOAD_JOBS, record->of[RUN]);
	EXPECT_EQ(WORKLOAD_JOBS, record->of[DONE]);
	/* A submit is told by who submitted. */
	EXPECT_EQ(0, record->not_by_name);
	for (int i = 0; i < record->count; i++) {
		const struct event *submit = &record->events[i], *run, *done;

		if (submit->kind != SUBMIT)
			continue;
		run = find(record, RUN, submit->context, submit->fence);
		done = find(record, DONE, submit->context, submit->fence);
		ASSERT_NE(NULL, find(record, SUBMIT, submit->context, submit->fence));
		ASSERT_NE(NULL, run);
		ASSERT_NE(NULL, done);
		EXPECT_LE(submit->time, run->time);
		EXPECT_LE(run->time, done->time);
		EXPECT_EQ(0, submit->dev);
		EXPECT_EQ(submit->queue, done->queue);
		EXPECT_EQ(submit->engine, run->engine);
		EXPECT_EQ(submit->seqno, done->seqno);
		EXPECT_LE(1, submit->seqno);
		EXPECT_GE(WORKLOAD_ROUNDS, submit->seqno);
		if (done->error) {
			EXPECT_EQ(-EIO, done->error);
			EXPECT_EQ(DRM_FIGMENT_ENGINE_HOST, done->engine);
			EXPECT_EQ(WORKLOAD_ROUNDS, done->seqno);
			errors++;
		}
	}
	EXPECT_EQ(1, errors);
}

TEST_F(recorded, waits_name_jobs)
{
	const struct record *record = self->record;

	for (int i = 0; i < record->count; i++) {
		const struct event *wait = &record->events[i], *first, *then;

		if (wait->kind != WAIT)
			continue;
		ASSERT_NE(NULL, find(record, SUBMIT, wait->dep_context, wait->dep_fence));
		first = find(record, DONE, wait->dep_context, wait->dep_fence);
		then = find(record, RUN, wait->context, wait->fence);
		ASSERT_NE(NULL, first);
		ASSERT_NE(NULL, then);
		EXPECT_LE(first->time, then->time);
		EXPECT_NE(first->queue, then->queue);
		EXPECT_EQ(first->seqno, then->seqno);
	}
}

FIGMENT_TOOL_MAIN

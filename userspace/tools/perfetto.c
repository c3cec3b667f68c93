// SPDX-License-Identifier: MIT
/**
 * DOC: a trace for Perfetto
 *
 * The JSON of the Trace Event format. A process is a process, each of its queues a
 * thread of it. A job is two slices, from submit to run and from start to done,
 * and a flow leads from the end of what freed it to its start. Slices of waiting
 * overlap one another, so they are asynchronous ones.
 */
#include <errno.h>
#include <math.h>

#include "perfetto.h"

static const char *const engines[] = { "copy", "host" };

static void names(const struct timeline_lane *lane, unsigned int tid, FILE *out)
{
	/* A comm has no quotes or backslashes that matter to us but may have any. */
	char owner[TIMELINE_OWNER];
	size_t i;

	for (i = 0; lane->owner[i] && i < sizeof(owner) - 1; i++) {
		unsigned char c = lane->owner[i];

		owner[i] = c < ' ' || c > '~' || c == '"' || c == '\\' ? '_' : c;
	}
	owner[i] = 0;
	fprintf(out, "{\"ph\":\"M\",\"name\":\"process_name\",\"pid\":%d,"
		"\"args\":{\"name\":\"%s\"}},\n", lane->pid, owner);
	fprintf(out, "{\"ph\":\"M\",\"name\":\"thread_name\",\"pid\":%d,\"tid\":%u,"
		"\"args\":{\"name\":\"figment%u %s queue %u\"}},\n", lane->pid, tid, lane->dev,
		engines[lane->engine != 0], lane->queue);
}

static void slices(const struct timeline *t, size_t index, FILE *out)
{
	const struct timeline_job *job = &t->jobs[index];
	int pid = t->lanes[job->lane].pid;

	fprintf(out, "{\"ph\":\"b\",\"cat\":\"wait\",\"name\":\"job %llu waits\",\"id\":%zu,"
		"\"pid\":%d,\"tid\":%u,\"ts\":%.3f},\n",
		(unsigned long long)job->seqno, index, pid, job->lane + 1, job->submit * 1e6);
	fprintf(out, "{\"ph\":\"e\",\"cat\":\"wait\",\"name\":\"job %llu waits\",\"id\":%zu,"
		"\"pid\":%d,\"tid\":%u,\"ts\":%.3f},\n",
		(unsigned long long)job->seqno, index, pid, job->lane + 1, job->run * 1e6);
	fprintf(out, "{\"ph\":\"X\",\"cat\":\"job\",\"name\":\"job %llu\",\"pid\":%d,\"tid\":%u,"
		"\"ts\":%.3f,\"dur\":%.3f,\"args\":{\"context\":%llu,\"fence\":%llu,"
		"\"error\":%d}},\n",
		(unsigned long long)job->seqno, pid, job->lane + 1, job->start * 1e6,
		(job->done - job->start) * 1e6, (unsigned long long)job->fence.context,
		(unsigned long long)job->fence.number, job->error);
}

/* Just inside of a slice, which is what a flow binds to, however short that is. */
static double inside(const struct timeline_job *job, bool end)
{
	double start = job->start * 1e6, done = job->done * 1e6;

	return end ? fmax(start, done - 0.001) : fmin(done, start + 0.001);
}

static void flows(const struct timeline *t, size_t index, unsigned long *id, FILE *out)
{
	const struct timeline_job *job = &t->jobs[index];

	for (unsigned int i = 0; i < job->wait_count; i++) {
		const struct timeline_job *from = timeline_find(t, job->waits[i]);

		if (!from || !timeline_complete(from))
			continue;
		++*id;
		fprintf(out, "{\"ph\":\"s\",\"cat\":\"fence\",\"name\":\"fence\",\"id\":%lu,"
			"\"pid\":%d,\"tid\":%u,\"ts\":%.3f},\n", *id, t->lanes[from->lane].pid,
			from->lane + 1, inside(from, true));
		fprintf(out, "{\"ph\":\"f\",\"bp\":\"e\",\"cat\":\"fence\",\"name\":\"fence\","
			"\"id\":%lu,\"pid\":%d,\"tid\":%u,\"ts\":%.3f},\n", *id,
			t->lanes[job->lane].pid, job->lane + 1, inside(job, false));
	}
}

int perfetto_write(const struct timeline *t, FILE *out)
{
	unsigned long flow = 0;
	size_t written = 0;

	fputs("{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n", out);
	for (size_t i = 0; i < t->lane_count; i++)
		names(&t->lanes[i], i + 1, out);
	for (size_t i = 0; i < t->job_count; i++) {
		if (!timeline_complete(&t->jobs[i]))
			continue;
		slices(t, i, out);
		flows(t, i, &flow, out);
		written++;
	}
	/* The format lets no comma end the list. */
	fputs("{\"ph\":\"M\",\"name\":\"process_sort_index\",\"pid\":0,"
	      "\"args\":{\"sort_index\":0}}\n]}\n", out);
	if (ferror(out))
		return -EIO;
	return written ? 0 : -ENODATA;
}

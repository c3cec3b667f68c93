// SPDX-License-Identifier: MIT
/**
 * DOC: drawing jobs over time
 *
 * A lane for each queue, a row for each job that is outstanding at a time, so
 * that work queued far ahead shows as a staircase. A bar has up to three parts:
 * waiting for fences (pale), ready but behind the job before it (hatched in the
 * same colour), executed (solid). From the end of each job, a curve leads to
 * the beginning of those that waited for it: drawn full if it was the last one
 * to come, and so freed the job, and thin if it was not. Which is all there is
 * to know about who waited for whom.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "timeline.h"

#define WIDTH		1240
#define LEFT		150
#define RIGHT		36
#define TOP		112
#define ROW		17
#define BAR		12
#define LANE_GAP	26
#define BOTTOM		58
#define OWN_ROWS	16
#define MAX_ROWS	64

/* Of lanes, by turns; dark enough for white text. */
static const char *const colours[] = {
	"#cf5a24", "#17748a", "#6c4aa3", "#3f7d3a", "#b0355d", "#7a6420",
};

struct chart {
	struct timeline *t;
	FILE *out;
	bool numbered;		/* draw only jobs that have a frame's number */
	double begin, end;	/* seconds */
	unsigned int *rows;	/* of each lane; 0 is not drawn */
	unsigned int *tops;	/* y of each lane */
	unsigned int *order;	/* lanes, from top to bottom */
	unsigned int lanes;
	unsigned int height;
};

static bool drawn(const struct chart *c, const struct timeline_job *job)
{
	return timeline_complete(job) && (!c->numbered || job->frame >= 0);
}

static double x_of(const struct chart *c, double time)
{
	return LEFT + (time - c->begin) / (c->end - c->begin) * (WIDTH - LEFT - RIGHT);
}

static double y_of(const struct chart *c, const struct timeline_job *job)
{
	return c->tops[job->lane] + job->row * ROW + ROW / 2.0;
}

static double ms(const struct chart *c, double time)
{
	return (time - c->begin) * 1000;
}

static const char *colour_of(const struct chart *c, unsigned int lane)
{
	unsigned int place = 0;

	while (place < c->lanes && c->order[place] != lane)
		place++;
	return colours[place % (sizeof(colours) / sizeof(colours[0]))];
}

static void put_text(FILE *out, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '&':
			fputs("&amp;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		default:
			/* XML has no way to say control characters. */
			if ((unsigned char)*text >= ' ')
				fputc(*text, out);
		}
	}
}

/*
 * Each job gets a row of its own, until there are many: then those further down
 * share the rows in which nothing is left outstanding.
 */
static int lay_out(struct chart *c)
{
	struct timeline *t = c->t;
	double (*busy)[MAX_ROWS] = calloc(t->lane_count + 1, sizeof(*busy));
	unsigned int y = TOP, place;

	if (!busy)
		return -ENOMEM;
	c->begin = INFINITY;
	c->end = 0;
	for (size_t i = 0; i < t->job_count; i++) {
		struct timeline_job *job = &t->jobs[i];
		unsigned int row = c->rows[job->lane] < OWN_ROWS ? c->rows[job->lane] : 0;

		if (!drawn(c, job))
			continue;
		while (row < MAX_ROWS - 1 && busy[job->lane][row] > job->submit)
			row++;
		busy[job->lane][row] = job->done;
		job->row = row;
		if (!c->rows[job->lane]) {
			/* By their first submit, but host queues above copy queues. */
			for (place = c->lanes++; place && t->lanes[job->lane].engine >
			     t->lanes[c->order[place - 1]].engine; place--)
				c->order[place] = c->order[place - 1];
			c->order[place] = job->lane;
		}
		if (c->rows[job->lane] < row + 1)
			c->rows[job->lane] = row + 1;
		if (c->begin > job->submit)
			c->begin = job->submit;
		if (c->end < job->done)
			c->end = job->done;
	}
	free(busy);
	if (!c->lanes)
		return -ENODATA;
	if (c->end <= c->begin)
		c->end = c->begin + 1e-6;
	for (unsigned int i = 0; i < c->lanes; i++) {
		unsigned int lane = c->order[i];

		/* Room for the two lines of its name. */
		if (c->rows[lane] < 2)
			c->rows[lane] = 2;
		c->tops[lane] = y;
		y += c->rows[lane] * ROW + LANE_GAP;
	}
	c->height = y - LANE_GAP + BOTTOM;
	return 0;
}

static void put_head(struct chart *c, const char *title, const char *subtitle)
{
	FILE *out = c->out;

	fprintf(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%u\" "
		"viewBox=\"0 0 %d %u\" font-family=\"'DejaVu Sans', Verdana, Helvetica, sans-serif\" "
		"font-size=\"11\" fill=\"#23262b\">\n",
		WIDTH, c->height, WIDTH, c->height);
	fprintf(out, "<title>");
	put_text(out, title);
	fprintf(out, "</title>\n<defs>\n");
	for (unsigned int i = 0; i < c->lanes; i++)
		fprintf(out, "<pattern id=\"ready%u\" width=\"5\" height=\"5\" "
			"patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">"
			"<rect width=\"5\" height=\"5\" fill=\"%s\" fill-opacity=\".2\"/>"
			"<rect width=\"2\" height=\"5\" fill=\"%s\" fill-opacity=\".55\"/></pattern>\n",
			c->order[i], colour_of(c, c->order[i]), colour_of(c, c->order[i]));
	fprintf(out, "</defs>\n<rect width=\"100%%\" height=\"100%%\" fill=\"#fcfbf8\"/>\n"
		"<text x=\"24\" y=\"36\" font-size=\"20\" font-weight=\"bold\">");
	put_text(out, title);
	fprintf(out, "</text>\n<text x=\"24\" y=\"58\" font-size=\"12.5\" fill=\"#5b6068\">");
	put_text(out, subtitle);
	fprintf(out, "</text>\n");
}

static void put_legend(struct chart *c)
{
	static const char *const words[] = {
		"waits for fences", "ready, behind the one before", "executed",
	};
	const char *colour = colour_of(c, c->order[0]);
	unsigned int x = 24;

	for (int i = 0; i < 3; i++) {
		fprintf(c->out, "<rect x=\"%u\" y=\"74\" width=\"26\" height=\"%d\" rx=\"2\" ",
			x, BAR);
		if (i == 1)
			fprintf(c->out, "fill=\"url(#ready%u)\"/>", c->order[0]);
		else
			fprintf(c->out, "fill=\"%s\" fill-opacity=\"%s\"/>", colour, i ? "1" : ".2");
		fprintf(c->out, "<text x=\"%u\" y=\"84\">%s</text>\n", x + 32, words[i]);
		x += 54 + 6.1 * strlen(words[i]);
	}
	fprintf(c->out, "<path d=\"M%u 85C%u 85 %u 75 %u 75\" fill=\"none\" stroke=\"%s\" "
		"stroke-width=\"1.5\"/><text x=\"%u\" y=\"84\">signal that freed a job</text>\n",
		x, x + 13, x + 13, x + 26, colour, x + 32);
	x += 198;
	fprintf(c->out, "<path d=\"M%u 85C%u 85 %u 75 %u 75\" fill=\"none\" stroke=\"%s\" "
		"stroke-width=\".8\" stroke-opacity=\".6\" stroke-dasharray=\"3 2\"/>"
		"<text x=\"%u\" y=\"84\">one that came sooner</text>\n",
		x, x + 13, x + 13, x + 26, colour, x + 32);
	if (c->numbered)
		fprintf(c->out, "<text x=\"%d\" y=\"84\" text-anchor=\"end\" fill=\"#5b6068\">"
			"numbers are frames</text>\n", WIDTH - RIGHT);
}

/* 1, 2 or 5 times a power of ten, so that there are about ten of them. */
static double tick_step(double range)
{
	double power = pow(10, floor(log10(range / 10))), n = range / 10 / power;

	return power * (n <= 1 ? 1 : n <= 2 ? 2 : n <= 5 ? 5 : 10);
}

static void put_axis(struct chart *c)
{
	double range = ms(c, c->end), step = tick_step(range);
	double bottom = c->height - BOTTOM + 8;
	int digits = step < 1 ? (int)ceil(-log10(step)) : 0;

	for (int i = 0; i * step <= range; i++) {
		double x = x_of(c, c->begin + i * step / 1000);

		fprintf(c->out, "<path d=\"M%.1f %dV%.1f\" stroke=\"#dcd9d0\"/>"
			"<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\" fill=\"#5b6068\">%.*f</text>\n",
			x, TOP - 10, bottom, x, bottom + 16, digits, i * step);
	}
	fprintf(c->out, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\" fill=\"#5b6068\">"
		"milliseconds since the first submit</text>\n", WIDTH - RIGHT, bottom + 34);
}

static void put_lane(struct chart *c, unsigned int index)
{
	static const char *const engines[] = { "copy queue", "host queue" };
	const struct timeline_lane *lane = &c->t->lanes[index];
	unsigned int y = c->tops[index], height = c->rows[index] * ROW;

	fprintf(c->out, "<rect x=\"%d\" y=\"%u\" width=\"%d\" height=\"%u\" rx=\"4\" "
		"fill=\"%s\" fill-opacity=\".045\"/>\n", LEFT - 8, y - 4,
		WIDTH - LEFT - RIGHT + 16, height + 8, colour_of(c, index));
	fprintf(c->out, "<text x=\"24\" y=\"%u\" font-size=\"14\" font-weight=\"bold\" fill=\"%s\">",
		y + 12, colour_of(c, index));
	put_text(c->out, lane->owner);
	fprintf(c->out, "</text><text x=\"24\" y=\"%u\" fill=\"#5b6068\">%s %u</text>\n",
		y + 28, lane->engine < 2 ? engines[lane->engine] : "queue", lane->queue);
}

static void put_part(struct chart *c, const struct timeline_job *job, double from, double to,
		     const char *fill, const char *opacity)
{
	double x = x_of(c, from), width = x_of(c, to) - x;

	if (width <= 0)
		return;
	fprintf(c->out, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%d\" "
		"fill=\"%s\" fill-opacity=\"%s\"/>", x, y_of(c, job) - BAR / 2.0, width, BAR,
		fill, opacity);
}

static void put_job(struct chart *c, const struct timeline_job *job)
{
	const struct timeline_lane *lane = &c->t->lanes[job->lane];
	const char *colour = job->error ? "#c00000" : colour_of(c, job->lane);
	double start = x_of(c, job->start), end = x_of(c, job->done);
	char ready[32];

	snprintf(ready, sizeof(ready), "url(#ready%u)", job->lane);
	fprintf(c->out, "<g><title>");
	put_text(c->out, lane->owner);
	if (job->frame >= 0)
		fprintf(c->out, ", frame %d", job->frame);
	fprintf(c->out, " (job %llu): submitted %.3f ms, ready %.3f, started %.3f, done %.3f",
		(unsigned long long)job->seqno, ms(c, job->submit), ms(c, job->run),
		ms(c, job->start), ms(c, job->done));
	if (job->error)
		fprintf(c->out, ", error %d", job->error);
	fprintf(c->out, "</title>");
	put_part(c, job, job->submit, job->run, colour, ".2");
	put_part(c, job, job->run, job->start, ready, "1");
	/* However short, it shows. */
	fprintf(c->out, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%d\" rx=\"1.5\" "
		"fill=\"%s\"/>", start, y_of(c, job) - BAR / 2.0,
		end - start > 1.5 ? end - start : 1.5, BAR, colour);
	if (job->frame >= 0) {
		bool inside = end - start > 17;

		fprintf(c->out, "<text x=\"%.1f\" y=\"%.1f\" font-size=\"9.5\" font-weight=\"bold\" "
			"text-anchor=\"%s\" fill=\"%s\">%d</text>",
			inside ? (start + end) / 2 : end + 4, y_of(c, job) + 3.5,
			inside ? "middle" : "start", inside ? "#fff" : colour, job->frame);
	}
	fprintf(c->out, "</g>\n");
}

static void put_waits(struct chart *c, const struct timeline_job *job)
{
	const struct timeline_job *last = NULL;

	for (unsigned int i = 0; i < job->wait_count; i++) {
		const struct timeline_job *dep = timeline_find(c->t, job->waits[i]);

		if (dep && drawn(c, dep) && (!last || dep->done > last->done))
			last = dep;
	}
	for (unsigned int i = 0; i < job->wait_count; i++) {
		const struct timeline_job *dep = timeline_find(c->t, job->waits[i]);
		double x1, y1, x2, y2, bend;

		if (!dep || !drawn(c, dep))
			continue;
		x1 = x_of(c, dep->done);
		y1 = y_of(c, dep);
		x2 = x_of(c, job->run);
		y2 = y_of(c, job);
		bend = fabs(x2 - x1) / 2 > 16 ? fabs(x2 - x1) / 2 : 16;
		fprintf(c->out, "<path d=\"M%.1f %.1fC%.1f %.1f %.1f %.1f %.1f %.1f\" fill=\"none\" "
			"stroke=\"%s\" %s/>", x1, y1, x1 + bend, y1, x2 - bend, y2, x2, y2,
			colour_of(c, dep->lane), dep == last ?
			"stroke-width=\"1.5\" stroke-opacity=\".8\"" :
			"stroke-width=\".8\" stroke-opacity=\".6\" stroke-dasharray=\"3 2\"");
		if (dep == last)
			fprintf(c->out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"2.2\" fill=\"%s\"/>",
				x2, y2, colour_of(c, dep->lane));
		fputc('\n', c->out);
	}
}

static void put_chart(struct chart *c, const char *title, const char *subtitle)
{
	const struct timeline *t = c->t;

	put_head(c, title, subtitle);
	put_legend(c);
	put_axis(c);
	for (unsigned int i = 0; i < c->lanes; i++)
		put_lane(c, c->order[i]);
	for (size_t i = 0; i < t->job_count; i++) {
		if (drawn(c, &t->jobs[i]))
			put_job(c, &t->jobs[i]);
	}
	for (size_t i = 0; i < t->job_count; i++) {
		if (drawn(c, &t->jobs[i]))
			put_waits(c, &t->jobs[i]);
	}
	fprintf(c->out, "</svg>\n");
}

int timeline_svg(struct timeline *t, FILE *out, const char *title, const char *subtitle)
{
	struct chart c = { .t = t, .out = out };
	int ret = -ENOMEM;

	for (size_t i = 0; i < t->job_count; i++)
		c.numbered |= t->jobs[i].frame >= 0;
	c.rows = calloc(t->lane_count + 1, sizeof(*c.rows));
	c.tops = calloc(t->lane_count + 1, sizeof(*c.tops));
	c.order = calloc(t->lane_count + 1, sizeof(*c.order));
	if (c.rows && c.tops && c.order)
		ret = lay_out(&c);
	if (!ret) {
		put_chart(&c, title, subtitle);
		if (fflush(out) || ferror(out))
			ret = -EIO;
	}
	free(c.rows);
	free(c.tops);
	free(c.order);
	return ret;
}

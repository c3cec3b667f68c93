// SPDX-License-Identifier: MIT
/**
 * DOC: is what was shared what was rendered?
 *
 *	figment-compare DIR
 *
 * Compares the consumer's sheet with the reference, pixel by pixel, and the film
 * strip with one that is computed here from the reference; then joins sheet and
 * strip to frames.png. Differences are counted and not only noticed, as one
 * pixel and a skewed picture are different bugs.
 */
#include "common.h"
#include "picture.h"

static unsigned int different(const struct picture *a, const struct picture *b, struct rect r)
{
	unsigned int n = 0;

	for (unsigned int y = r.y; y < r.y + r.height; y++) {
		for (unsigned int x = r.x; x < r.x + r.width; x++)
			n += a->pixels[y * a->width + x] != b->pixels[y * b->width + x];
	}
	return n;
}

static void load(struct picture *pic, const char *dir, const char *name,
		 unsigned int width, unsigned int height)
{
	picture_load(pic, dir, name);
	if (pic->width != width || pic->height != height)
		die("%s/%s is %ux%u and not %ux%u", dir, name, pic->width, pic->height,
		    width, height);
}

/* The strip as it should be, one pixel of nine of each frame of the reference. */
static void expect_strip(struct picture *pic, const struct picture *reference)
{
	picture_create(pic, STRIP_WIDTH, STRIP_HEIGHT);
	picture_fill(pic, (struct rect){ 0, 0, STRIP_WIDTH, STRIP_HEIGHT }, FILM_COLOUR);
	for (unsigned int i = 0; i < HOLES; i++)
		picture_fill(pic, strip_hole(i), HOLE_COLOUR);
	for (unsigned int i = 0; i < FRAMES; i++) {
		struct rect from = sheet_cell(i), to = strip_cell(i);

		for (unsigned int y = 0; y < to.height; y++) {
			for (unsigned int x = 0; x < to.width; x++)
				pic->pixels[(to.y + y) * STRIP_WIDTH + to.x + x] =
					reference->pixels[(from.y + y * STRIP_STEP) * SHEET_WIDTH +
							  from.x + x * STRIP_STEP];
		}
	}
}

static void join(const struct picture *sheet, const struct picture *strip, const char *dir)
{
	const struct rect upper = { 0, 0, SHEET_WIDTH, SHEET_HEIGHT };
	const struct rect lower = { 0, SHEET_HEIGHT, STRIP_WIDTH, STRIP_HEIGHT };
	struct picture both;

	picture_create(&both, SHEET_WIDTH, SHEET_HEIGHT + STRIP_HEIGHT);
	picture_put(&both, upper, sheet->pixels, SHEET_WIDTH * 4);
	picture_put(&both, lower, strip->pixels, STRIP_PITCH);
	picture_save(&both, dir, "frames.png");
	picture_destroy(&both);
}

int main(int argc, char **argv)
{
	const struct rect strip_all = { 0, 0, STRIP_WIDTH, STRIP_HEIGHT };
	const struct rect sheet_all = { 0, 0, SHEET_WIDTH, SHEET_HEIGHT };
	struct picture sheet, reference, strip, expected;
	unsigned int frames = 0, distinct = 0;

	demo_start("compare");
	if (argc != 2)
		die("usage: %s DIR", argv[0]);
	load(&reference, argv[1], "reference.png", SHEET_WIDTH, SHEET_HEIGHT);
	load(&sheet, argv[1], "sheet.png", SHEET_WIDTH, SHEET_HEIGHT);
	load(&strip, argv[1], "strip.png", STRIP_WIDTH, STRIP_HEIGHT);
	expect_strip(&expected, &reference);
	join(&sheet, &strip, argv[1]);

	for (unsigned int i = 0; i < FRAMES; i++) {
		frames += !different(&sheet, &reference, sheet_cell(i));
		/* A film that stands still would hide frames mixed up. */
		distinct += !i || picture_crc(&sheet, sheet_cell(i)) !=
				  picture_crc(&sheet, sheet_cell(i - 1));
	}
	report_open(argv[1]);
	report("frames", FRAMES);
	report("equal_frames", frames);
	report("distinct_frames", distinct);
	report("sheet_pixels", different(&sheet, &reference, sheet_all));
	report("strip_pixels", different(&strip, &expected, strip_all));
	report("crc_first", picture_crc(&sheet, sheet_cell(0)));
	report("crc_last", picture_crc(&sheet, sheet_cell(FRAMES - 1)));
	report("reference_crc_first", picture_crc(&reference, sheet_cell(0)));
	report("reference_crc_last", picture_crc(&reference, sheet_cell(FRAMES - 1)));
	report_close();

	picture_destroy(&expected);
	picture_destroy(&strip);
	picture_destroy(&sheet);
	picture_destroy(&reference);
	return 0;
}

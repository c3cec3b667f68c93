// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: figment-pixels, what is to be seen in a rectangle of a PNG
 *
 *	figment-pixels FILE all|COUNT WxH+X+Y RRGGBB[~TOLERANCE]
 *
 * Succeeds if all pixels, or at least COUNT, have the colour, each channel within
 * the tolerance. Otherwise it says how many had, and what the first other one was.
 */
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned char *load(const char *file, png_image *image)
{
	unsigned char *pixels;

	memset(image, 0, sizeof(*image));
	image->version = PNG_IMAGE_VERSION;
	if (!png_image_begin_read_from_file(image, file)) {
		fprintf(stderr, "%s: %s\n", file, image->message);
		return NULL;
	}
	image->format = PNG_FORMAT_RGB;
	pixels = malloc(PNG_IMAGE_SIZE(*image));
	if (!pixels || !png_image_finish_read(image, NULL, pixels, 0, NULL)) {
		fprintf(stderr, "%s: %s\n", file, image->message);
		free(pixels);
		return NULL;
	}
	return pixels;
}

static int has_colour(const unsigned char *pixel, unsigned int colour, int tolerance)
{
	for (int i = 0; i < 3; i++) {
		if (abs(pixel[i] - (int)(colour >> (16 - 8 * i) & 0xff)) > tolerance)
			return 0;
	}
	return 1;
}

int main(int argc, char **argv)
{
	unsigned int width, height, left, top, colour, tolerance = 0;
	unsigned long wanted, count = 0;
	int other_x = -1, other_y = -1;
	unsigned char *pixels, *other = NULL;
	png_image image;

	if (argc != 5 || sscanf(argv[3], "%ux%u+%u+%u", &width, &height, &left, &top) != 4 ||
	    sscanf(argv[4], "%x~%u", &colour, &tolerance) < 1) {
		fprintf(stderr, "usage: %s FILE all|COUNT WxH+X+Y RRGGBB[~TOLERANCE]\n", argv[0]);
		return 2;
	}
	pixels = load(argv[1], &image);
	if (!pixels)
		return 1;
	if (!width || !height || left + width > image.width || top + height > image.height) {
		fprintf(stderr, "%s is %ux%u, which %s is not within\n", argv[1], image.width,
			image.height, argv[3]);
		free(pixels);
		return 1;
	}
	wanted = strcmp(argv[2], "all") ? strtoul(argv[2], NULL, 0) : (unsigned long)width * height;

	for (unsigned int y = top; y < top + height; y++) {
		for (unsigned int x = left; x < left + width; x++) {
			unsigned char *pixel = pixels + 3ul * (y * image.width + x);

			if (has_colour(pixel, colour, tolerance)) {
				count++;
			} else if (!other) {
				other = pixel;
				other_x = x;
				other_y = y;
			}
		}
	}
	if (count < wanted) {
		fprintf(stderr, "%s: %lu pixels of %s are %s, not %lu", argv[1], count, argv[3],
			argv[4], wanted);
		if (other)
			fprintf(stderr, "; (%d, %d) is %02x%02x%02x", other_x, other_y, other[0],
				other[1], other[2]);
		fputc('\n', stderr);
	}
	free(pixels);
	return count < wanted;
}

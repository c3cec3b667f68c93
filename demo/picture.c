// SPDX-License-Identifier: MIT
/**
 * DOC: pictures, by libpng's simplified interface
 *
 * Written with the fast settings: a guest under emulation would otherwise spend
 * longer on compression than on rendering.
 */
#include <limits.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "common.h"
#include "picture.h"

void picture_create(struct picture *pic, unsigned int width, unsigned int height)
{
	*pic = (struct picture){ width, height, xalloc((size_t)width * height * 4) };
}

void picture_fill(struct picture *pic, struct rect r, uint32_t colour)
{
	for (unsigned int y = r.y; y < r.y + r.height; y++) {
		for (unsigned int x = r.x; x < r.x + r.width; x++)
			pic->pixels[y * pic->width + x] = colour;
	}
}

void picture_put(struct picture *pic, struct rect r, const void *rows, size_t pitch)
{
	for (unsigned int y = 0; y < r.height; y++)
		memcpy(pic->pixels + (r.y + y) * pic->width + r.x,
		       (const char *)rows + y * pitch, r.width * 4);
}

static void make_path(char *path, size_t size, const char *dir, const char *name)
{
	if (snprintf(path, size, "%s/%s", dir, name) >= (int)size)
		die("the path is too long: %s/%s", dir, name);
}

void picture_load(struct picture *pic, const char *dir, const char *name)
{
	png_image png = { .version = PNG_IMAGE_VERSION };
	char path[PATH_MAX];

	make_path(path, sizeof(path), dir, name);
	if (!png_image_begin_read_from_file(&png, path))
		die("reading %s: %s", path, png.message);
	png.format = PNG_FORMAT_BGRA;
	picture_create(pic, png.width, png.height);
	if (!png_image_finish_read(&png, NULL, pic->pixels, 0, NULL))
		die("reading %s: %s", path, png.message);
}

void picture_save(const struct picture *pic, const char *dir, const char *name)
{
	png_image png = {
		.version = PNG_IMAGE_VERSION,
		.width = pic->width,
		.height = pic->height,
		.format = PNG_FORMAT_BGRA,
		.flags = PNG_IMAGE_FLAG_FAST,
	};
	char path[PATH_MAX];

	make_path(path, sizeof(path), dir, name);
	if (!png_image_write_to_file(&png, path, 0, pic->pixels, 0, NULL))
		die("writing %s: %s", path, png.message);
}

void picture_destroy(struct picture *pic)
{
	free(pic->pixels);
}

uint32_t rows_crc(const void *rows, size_t pitch, unsigned int width, unsigned int height)
{
	uLong crc = crc32(0, NULL, 0);

	for (unsigned int y = 0; y < height; y++)
		crc = crc32(crc, (const Bytef *)rows + y * pitch, width * 4);
	return crc;
}

uint32_t picture_crc(const struct picture *pic, struct rect r)
{
	return rows_crc(pic->pixels + r.y * pic->width + r.x, pic->width * 4, r.width, r.height);
}

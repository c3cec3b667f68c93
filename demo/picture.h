/* SPDX-License-Identifier: MIT */
#ifndef DEMO_PICTURE_H
#define DEMO_PICTURE_H

/**
 * DOC: pictures in memory and as PNG files
 *
 * Pixels are 32-bit words in memory order B, G, R, A, as frames are: what is
 * compared is what was shared.
 */

#include <stddef.h>
#include <stdint.h>

#include "layout.h"

struct picture {
	unsigned int width, height;
	uint32_t *pixels;
};

void picture_create(struct picture *pic, unsigned int width, unsigned int height);
void picture_fill(struct picture *pic, struct rect r, uint32_t colour);
/** picture_put() - copy rows, @pitch bytes apart, into a rectangle */
void picture_put(struct picture *pic, struct rect r, const void *rows, size_t pitch);
void picture_load(struct picture *pic, const char *dir, const char *name);
void picture_save(const struct picture *pic, const char *dir, const char *name);
void picture_destroy(struct picture *pic);

/** rows_crc() - CRC32 of a rectangle's pixels, row after row without what is between */
uint32_t rows_crc(const void *rows, size_t pitch, unsigned int width, unsigned int height);
uint32_t picture_crc(const struct picture *pic, struct rect r);

#endif

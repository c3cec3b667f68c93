/* SPDX-License-Identifier: MIT */
#ifndef DEMO_LAYOUT_H
#define DEMO_LAYOUT_H

/**
 * DOC: where things are in the two pictures
 *
 * The frames are 264 pixels wide, so that a row of them is no multiple of a
 * cache line and the row pitch is not the width: whoever ignores the layout
 * that came with the buffer makes a skewed picture. A cell of the contact sheet
 * has the frame's own size, so that the sheet can be compared bit by bit. The
 * film strip takes every third pixel of every third row; the gaps are such that
 * both pictures get the same width and can stand below each other.
 */

#include <stdint.h>

#define FRAME_WIDTH	264
#define FRAME_HEIGHT	198
#define FRAMES		12
#define BUFFERS		3

#define SHEET_COLUMNS	4
#define SHEET_GAP	13
#define SHEET_WIDTH	(SHEET_COLUMNS * (FRAME_WIDTH + SHEET_GAP) + SHEET_GAP)
#define SHEET_HEIGHT	(FRAMES / SHEET_COLUMNS * (FRAME_HEIGHT + SHEET_GAP) + SHEET_GAP)

#define STRIP_STEP	3
#define STRIP_GAP	5
#define STRIP_EDGE	19
#define THUMB_WIDTH	(FRAME_WIDTH / STRIP_STEP)
#define THUMB_HEIGHT	(FRAME_HEIGHT / STRIP_STEP)
#define STRIP_WIDTH	(FRAMES * (THUMB_WIDTH + STRIP_GAP) + STRIP_GAP)
#define STRIP_HEIGHT	(THUMB_HEIGHT + 2 * STRIP_EDGE)
#define STRIP_PITCH	(STRIP_WIDTH * 4)

_Static_assert(FRAMES % SHEET_COLUMNS == 0, "the sheet is full");
_Static_assert(FRAME_WIDTH % STRIP_STEP == 0 && FRAME_HEIGHT % STRIP_STEP == 0,
	       "the strip ends with a whole pixel");
_Static_assert(SHEET_WIDTH == STRIP_WIDTH, "the pictures have one width");

/* Colours as they lie in memory: B8G8R8A8, little endian. */
#define SHEET_COLOUR	0xff14161bu
#define FILM_COLOUR	0xff0b0a09u
#define HOLE_COLOUR	0xffe9e4d8u

struct rect {
	unsigned int x, y, width, height;
};

static inline struct rect sheet_cell(unsigned int frame)
{
	return (struct rect){
		SHEET_GAP + frame % SHEET_COLUMNS * (FRAME_WIDTH + SHEET_GAP),
		SHEET_GAP + frame / SHEET_COLUMNS * (FRAME_HEIGHT + SHEET_GAP),
		FRAME_WIDTH, FRAME_HEIGHT,
	};
}

static inline struct rect strip_cell(unsigned int frame)
{
	return (struct rect){
		STRIP_GAP + frame * (THUMB_WIDTH + STRIP_GAP), STRIP_EDGE,
		THUMB_WIDTH, THUMB_HEIGHT,
	};
}

/* The film's perforation: so many holes along each edge. */
#define HOLE_PITCH	31
#define HOLES		(STRIP_WIDTH / HOLE_PITCH * 2)

static inline struct rect strip_hole(unsigned int n)
{
	return (struct rect){
		n / 2 * HOLE_PITCH + HOLE_PITCH / 2 - 5,
		n % 2 ? STRIP_HEIGHT - 14 : 6,
		12, 8,
	};
}

#endif

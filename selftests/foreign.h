/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef FIGMENT_SELFTESTS_FOREIGN_H
#define FIGMENT_SELFTESTS_FOREIGN_H

/**
 * DOC: dma-bufs and fences that are not figment's
 *
 * From whatever this machine's kernel has: udmabuf, dma-heap, vgem.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum foreign_kind { FOREIGN_UDMABUF, FOREIGN_HEAP, FOREIGN_VGEM };

/**
 * struct foreign - a foreign dma-buf
 * @dmabuf: it
 * @size: its size
 * @map: its memory
 * @vgem: vgem's file, or -1
 * @handle: vgem's handle of it
 */
struct foreign {
	int dmabuf;
	size_t size;
	uint8_t *map;
	int vgem;
	uint32_t handle;
};

/** foreign_create() - Return: 0, or a negative errno if the machine has none */
int foreign_create(enum foreign_kind kind, size_t size, struct foreign *foreign);
void foreign_destroy(struct foreign *foreign);

/** vgem_open() - Return: the primary node of vgem's, or a negative errno */
int vgem_open(void);
/** vgem_attach() - make a pending fence on a buffer of vgem's; its number */
uint32_t vgem_attach(const struct foreign *foreign, bool write);
void vgem_signal(const struct foreign *foreign, uint32_t fence);

/** sw_sync_open() - a timeline of sw_sync's, or a negative errno where there is none */
int sw_sync_open(void);
/** sw_sync_fence() - a sync_file that signals when the timeline is at @value */
int sw_sync_fence(int timeline, uint32_t value);
void sw_sync_advance(int timeline, uint32_t by);

#endif

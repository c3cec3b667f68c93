// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: figment-gbm, what GBM's clients do with buffers, and what comes of it
 *
 *	figment-gbm NODE BACKEND CASE
 *
 * Whatever backend libgbm takes must be BACKEND. Succeeds if the case does, and says
 * what did not.
 */
#include <drm_fourcc.h>
#include <errno.h>
#include <fcntl.h>
#include <gbm.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define WIDTH 100
#define HEIGHT 37

#define CHECK(what) \
	do { \
		if (!(what)) { \
			fprintf(stderr, "%s:%d: not so: %s (errno %d)\n", __FILE__, __LINE__, \
				#what, errno); \
			exit(1); \
		} \
	} while (0)

static struct gbm_device *gbm;

static uint32_t texel(uint32_t x, uint32_t y)
{
	return 0xff000000 | y << 12 | x;
}

static void paint(struct gbm_bo *bo)
{
	uint32_t stride;
	void *data = NULL;
	char *map = gbm_bo_map(bo, 0, 0, WIDTH, HEIGHT, GBM_BO_TRANSFER_WRITE, &stride, &data);

	CHECK(map);
	for (uint32_t y = 0; y < HEIGHT; y++) {
		for (uint32_t x = 0; x < WIDTH; x++)
			((uint32_t *)(map + y * stride))[x] = texel(x, y);
	}
	gbm_bo_unmap(bo, data);
}

/* A part of it, whose first texel is what the map points to. */
static void look(struct gbm_bo *bo)
{
	uint32_t stride;
	void *data = NULL;
	char *map = gbm_bo_map(bo, 7, 5, WIDTH - 7, HEIGHT - 5, GBM_BO_TRANSFER_READ, &stride,
			       &data);

	CHECK(map);
	for (uint32_t y = 5; y < HEIGHT; y++) {
		for (uint32_t x = 7; x < WIDTH; x++)
			CHECK(((uint32_t *)(map + (y - 5) * stride))[x - 7] == texel(x, y));
	}
	gbm_bo_unmap(bo, data);
}

static struct gbm_bo *create(uint32_t format)
{
	struct gbm_bo *bo = gbm_bo_create(gbm, WIDTH, HEIGHT, format,
					  GBM_BO_USE_RENDERING | GBM_BO_USE_LINEAR);

	CHECK(bo);
	return bo;
}

static void case_create(void)
{
	const uint64_t linear[] = { I915_FORMAT_MOD_X_TILED, DRM_FORMAT_MOD_LINEAR };
	struct gbm_bo *bo = create(GBM_FORMAT_XRGB8888);

	CHECK(gbm_bo_get_width(bo) == WIDTH && gbm_bo_get_height(bo) == HEIGHT);
	CHECK(gbm_bo_get_format(bo) == GBM_FORMAT_XRGB8888);
	CHECK(gbm_bo_get_stride(bo) >= WIDTH * 4 && gbm_bo_get_offset(bo, 0) == 0);
	CHECK(gbm_bo_get_plane_count(bo) == 1 && gbm_bo_get_handle(bo).u32);
	paint(bo);
	look(bo);
	gbm_bo_destroy(bo);
	bo = gbm_bo_create_with_modifiers2(gbm, WIDTH, HEIGHT, GBM_FORMAT_ARGB8888, linear, 2,
					   GBM_BO_USE_RENDERING);
	CHECK(bo && gbm_bo_get_modifier(bo) == DRM_FORMAT_MOD_LINEAR);
	gbm_bo_destroy(bo);
	CHECK(!gbm_bo_create_with_modifiers2(gbm, WIDTH, HEIGHT, GBM_FORMAT_ARGB8888, linear, 1,
					     GBM_BO_USE_RENDERING));
}

/* Mesa's backend makes a dumb buffer of it, which a render node has none of. */
static void case_write(void)
{
	static uint32_t cursor[64 * 64];
	struct gbm_bo *bo = gbm_bo_create(gbm, 64, 64, GBM_FORMAT_ARGB8888,
					  GBM_BO_USE_CURSOR | GBM_BO_USE_WRITE);

	CHECK(bo);
	CHECK(!gbm_bo_write(bo, cursor, sizeof(cursor)));
	CHECK(gbm_bo_write(bo, cursor, SIZE_MAX) < 0);
	gbm_bo_destroy(bo);
}

/* Those that wlroots and GStreamer ask for, each with room for all its planes. */
static void case_formats(void)
{
	static const struct {
		uint32_t format;
		int planes;
		uint64_t bytes;
	} formats[] = {
		{ GBM_FORMAT_R8, 1, WIDTH * HEIGHT }, { GBM_FORMAT_GR88, 1, WIDTH * HEIGHT * 2 },
		{ GBM_FORMAT_RGB565, 1, WIDTH * HEIGHT * 2 },
		{ GBM_FORMAT_RGB888, 1, WIDTH * HEIGHT * 3 },
		{ GBM_FORMAT_XRGB8888, 1, WIDTH * HEIGHT * 4 },
		{ GBM_FORMAT_ABGR8888, 1, WIDTH * HEIGHT * 4 },
		{ GBM_FORMAT_XBGR2101010, 1, WIDTH * HEIGHT * 4 },
		{ GBM_FORMAT_ABGR16161616F, 1, WIDTH * HEIGHT * 8 },
		{ GBM_FORMAT_YUYV, 1, WIDTH * HEIGHT * 2 },
		{ GBM_FORMAT_NV12, 2, WIDTH * HEIGHT * 3 / 2 },
		{ DRM_FORMAT_P010, 2, WIDTH * HEIGHT * 3 },
		{ GBM_FORMAT_YUV420, 3, WIDTH * HEIGHT * 3 / 2 },
		{ GBM_FORMAT_YUV444, 3, WIDTH * HEIGHT * 3 },
	};

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		uint32_t format = formats[i].format;
		struct gbm_bo *bo;
		uint64_t end = 0;
		int fd;

		CHECK(gbm_device_is_format_supported(gbm, format, GBM_BO_USE_RENDERING));
		CHECK(gbm_device_get_format_modifier_plane_count(gbm, format,
			DRM_FORMAT_MOD_LINEAR) == formats[i].planes);
		bo = create(format);
		CHECK(gbm_bo_get_plane_count(bo) == formats[i].planes);
		for (int plane = 0; plane < formats[i].planes; plane++) {
			CHECK(gbm_bo_get_stride_for_plane(bo, plane));
			CHECK(gbm_bo_get_offset(bo, plane) >= end);
			end = gbm_bo_get_offset(bo, plane) + 1;
		}
		fd = gbm_bo_get_fd(bo);
		CHECK(fd >= 0 && lseek(fd, 0, SEEK_END) >= (off_t)formats[i].bytes);
		close(fd);
		gbm_bo_destroy(bo);
	}
	CHECK(!gbm_device_is_format_supported(gbm, 0x31323334, GBM_BO_USE_RENDERING));
	CHECK(gbm_device_get_format_modifier_plane_count(gbm, GBM_FORMAT_XRGB8888,
							 I915_FORMAT_MOD_X_TILED) < 0);
}

static void case_import(void)
{
	struct gbm_bo *bo = create(GBM_FORMAT_XRGB8888), *again, *other;
	struct gbm_import_fd_modifier_data planes = {
		.width = WIDTH,
		.height = HEIGHT,
		.format = GBM_FORMAT_XRGB8888,
		.num_fds = 1,
		.modifier = DRM_FORMAT_MOD_LINEAR,
	};
	struct gbm_import_fd_data one = {
		.width = WIDTH,
		.height = HEIGHT,
		.format = GBM_FORMAT_XRGB8888,
	};

	one.fd = gbm_bo_get_fd(bo);
	one.stride = gbm_bo_get_stride(bo);
	planes.fds[0] = gbm_bo_get_fd_for_plane(bo, 0);
	planes.strides[0] = one.stride;
	CHECK(one.fd >= 0 && planes.fds[0] >= 0 && gbm_bo_get_fd_for_plane(bo, 1) < 0);
	paint(bo);
	again = gbm_bo_import(gbm, GBM_BO_IMPORT_FD, &one, GBM_BO_USE_RENDERING);
	other = gbm_bo_import(gbm, GBM_BO_IMPORT_FD_MODIFIER, &planes, GBM_BO_USE_RENDERING);
	CHECK(again && other);
	/* They share a GEM handle; each may go first. */
	gbm_bo_destroy(bo);
	look(again);
	gbm_bo_destroy(again);
	look(other);
	gbm_bo_destroy(other);

	one.height = 10 * HEIGHT;
	CHECK(!gbm_bo_import(gbm, GBM_BO_IMPORT_FD, &one, GBM_BO_USE_RENDERING));
	planes.modifier = I915_FORMAT_MOD_X_TILED;
	CHECK(!gbm_bo_import(gbm, GBM_BO_IMPORT_FD_MODIFIER, &planes, GBM_BO_USE_RENDERING));
	planes.modifier = DRM_FORMAT_MOD_LINEAR;
	planes.fds[0] = STDERR_FILENO;
	CHECK(!gbm_bo_import(gbm, GBM_BO_IMPORT_FD_MODIFIER, &planes, GBM_BO_USE_RENDERING));
	close(one.fd);
}

int main(int argc, char **argv)
{
	int fd = argc == 4 ? open(argv[1], O_RDWR | O_CLOEXEC) : -1;

	CHECK(fd >= 0);
	gbm = gbm_create_device(fd);
	CHECK(gbm);
	if (strcmp(gbm_device_get_backend_name(gbm), argv[2])) {
		fprintf(stderr, "the backend is %s\n", gbm_device_get_backend_name(gbm));
		return 1;
	}
	if (!strcmp(argv[3], "create"))
		case_create();
	else if (!strcmp(argv[3], "write"))
		case_write();
	else if (!strcmp(argv[3], "formats"))
		case_formats();
	else if (!strcmp(argv[3], "import"))
		case_import();
	else
		return 2;
	gbm_device_destroy(gbm);
	return 0;
}

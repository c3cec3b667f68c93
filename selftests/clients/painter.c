// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: figment-painter, a Wayland client that can forget to wait
 *
 *	figment-painter explicit|implicit|none WxH RRGGBB...
 *
 * Paints a frame for each colour with figment's copy engine, into one of three
 * dma-bufs, and commits it at once, while the job may not even have begun. How the
 * compositor learns when the frame is there is the first argument: by acquire points
 * of linux-drm-syncobj-v1, by the dma-buf's own fences, or not at all, which is the
 * mistake a GPU that is always fast hides. Buffers are magenta until they are painted.
 *
 * After the last colour it stays. It says "painted N" when the compositor has asked
 * for the frame after that one.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wayland-client.h>

#include "figment.h"
#include "linux-dmabuf-v1.h"
#include "linux-drm-syncobj-v1.h"
#include "xdg-shell.h"

#define BUFFERS 3
#define UNPAINTED 0xffff00ff
#define XRGB8888 0x34325258

struct buffer {
	uint32_t bo;
	struct wl_buffer *wl;
	uint64_t release;	/* the point that says that it is free again, if any */
	bool busy;
};

static struct wl_display *display;
static struct wl_compositor *compositor;
static struct xdg_wm_base *wm;
static struct zwp_linux_dmabuf_v1 *dmabuf;
static struct wp_linux_drm_syncobj_manager_v1 *syncobjs;

static struct wl_surface *surface;
static struct wp_linux_drm_syncobj_surface_v1 *sync_surface;
static struct wp_linux_drm_syncobj_timeline_v1 *timelines[2];
static uint32_t acquire, release_;	/* syncobjs of the two */

static int fd;
static uint32_t queue, width, height, pitch;
static struct buffer buffers[BUFFERS];
static bool configured, frame_done;

static void die(const char *what, int err)
{
	fprintf(stderr, "figment-painter: %s: %s\n", what, strerror(err < 0 ? -err : err));
	exit(1);
}

static void global(void *data, struct wl_registry *registry, uint32_t name,
		   const char *interface, uint32_t version)
{
	if (!strcmp(interface, wl_compositor_interface.name))
		compositor = wl_registry_bind(registry, name, &wl_compositor_interface, 4);
	else if (!strcmp(interface, xdg_wm_base_interface.name))
		wm = wl_registry_bind(registry, name, &xdg_wm_base_interface, 1);
	else if (!strcmp(interface, zwp_linux_dmabuf_v1_interface.name) && version >= 3)
		dmabuf = wl_registry_bind(registry, name, &zwp_linux_dmabuf_v1_interface, 3);
	else if (!strcmp(interface, wp_linux_drm_syncobj_manager_v1_interface.name))
		syncobjs = wl_registry_bind(registry, name,
					    &wp_linux_drm_syncobj_manager_v1_interface, 1);
}

static void global_remove(void *data, struct wl_registry *registry, uint32_t name)
{
}

static const struct wl_registry_listener registry_listener = { global, global_remove };

static void ping(void *data, struct xdg_wm_base *base, uint32_t serial)
{
	xdg_wm_base_pong(base, serial);
}

static const struct xdg_wm_base_listener wm_listener = { ping };

static void configure(void *data, struct xdg_surface *xdg, uint32_t serial)
{
	xdg_surface_ack_configure(xdg, serial);
	configured = true;
}

static const struct xdg_surface_listener xdg_listener = { configure };

static void toplevel_configure(void *data, struct xdg_toplevel *toplevel, int32_t w, int32_t h,
			       struct wl_array *states)
{
}

static void toplevel_close(void *data, struct xdg_toplevel *toplevel)
{
	exit(0);
}

static const struct xdg_toplevel_listener toplevel_listener = {
	.configure = toplevel_configure,
	.close = toplevel_close,
};

static void release(void *data, struct wl_buffer *wl)
{
	((struct buffer *)data)->busy = false;
}

static const struct wl_buffer_listener buffer_listener = { release };

static void frame(void *data, struct wl_callback *callback, uint32_t time)
{
	wl_callback_destroy(callback);
	frame_done = true;
}

static const struct wl_callback_listener frame_listener = { frame };

static void dispatch_until(bool *flag)
{
	while (!*flag) {
		if (wl_display_dispatch(display) < 0)
			die("the compositor", errno);
	}
}

static void make_buffer(struct buffer *buffer)
{
	struct zwp_linux_buffer_params_v1 *params;
	uint64_t size = (uint64_t)pitch * height;
	uint32_t *pixels;
	void *map;
	int dmabuf_fd, ret = figment_bo_create(fd, size, &buffer->bo);

	if (!ret)
		ret = figment_bo_map(fd, buffer->bo, NULL, &map);
	if (!ret)
		ret = figment_bo_export(fd, buffer->bo, &dmabuf_fd);
	if (ret)
		die("a buffer", ret);
	pixels = map;
	for (uint64_t i = 0; i < size / 4; i++)
		pixels[i] = UNPAINTED;
	params = zwp_linux_dmabuf_v1_create_params(dmabuf);
	zwp_linux_buffer_params_v1_add(params, dmabuf_fd, 0, 0, pitch, 0, 0);
	buffer->wl = zwp_linux_buffer_params_v1_create_immed(params, width, height, XRGB8888, 0);
	wl_buffer_add_listener(buffer->wl, &buffer_listener, buffer);
	zwp_linux_buffer_params_v1_destroy(params);
	close(dmabuf_fd);
}

static uint32_t make_timeline(struct wp_linux_drm_syncobj_timeline_v1 **timeline)
{
	uint32_t handle;
	int sync_fd, ret = figment_syncobj_create(fd, false, &handle);

	if (!ret)
		ret = figment_syncobj_export(fd, handle, &sync_fd);
	if (ret)
		die("a timeline", ret);
	*timeline = wp_linux_drm_syncobj_manager_v1_import_timeline(syncobjs, sync_fd);
	close(sync_fd);
	return handle;
}

static void wait_released(struct buffer *buffer)
{
	int ret;

	if (buffer->release) {
		ret = figment_syncobj_wait(fd, &release_, &buffer->release, 1, INT64_MAX,
					   DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT, NULL);
		if (ret)
			die("waiting for a release point", ret);
		return;
	}
	while (buffer->busy) {
		if (wl_display_dispatch(display) < 0)
			die("the compositor", errno);
	}
}

/* @point is the acquire point, 0 for none. */
static void paint(struct buffer *buffer, uint32_t colour, bool implicit, uint64_t point)
{
	struct drm_figment_bo bo = {
		.handle = buffer->bo,
		.flags = DRM_FIGMENT_BO_WRITE | (implicit ? 0 : DRM_FIGMENT_BO_EXPLICIT),
	};
	struct drm_figment_cmd fill = {
		.op = DRM_FIGMENT_CMD_FILL,
		.size = (uint64_t)pitch * height,
		.value = 0xff000000 | colour,
		.elem = 4,
	};
	struct drm_figment_sync signal = {
		.type = DRM_FIGMENT_SYNC_TIMELINE,
		.handle = acquire,
		.point = point,
	};
	struct drm_figment_job job = {
		.queue = queue,
		.bos = FIGMENT_ARRAY(&bo, 1),
		.cmds = FIGMENT_ARRAY(&fill, 1),
		.signals = FIGMENT_ARRAY(&signal, point ? 1 : 0),
	};
	int ret = figment_submit(fd, &job, 1);

	if (ret)
		die("submitting", ret);
}

static void show(struct buffer *buffer, uint64_t point)
{
	wl_callback_add_listener(wl_surface_frame(surface), &frame_listener, NULL);
	wl_surface_attach(surface, buffer->wl, 0, 0);
	wl_surface_damage_buffer(surface, 0, 0, width, height);
	if (point) {
		wp_linux_drm_syncobj_surface_v1_set_acquire_point(sync_surface, timelines[0],
								  point >> 32, point);
		wp_linux_drm_syncobj_surface_v1_set_release_point(sync_surface, timelines[1],
								  point >> 32, point);
		buffer->release = point;
	}
	buffer->busy = true;
	frame_done = false;
	wl_surface_commit(surface);
}

static void open_window(bool explicit)
{
	struct xdg_surface *xdg;
	struct xdg_toplevel *toplevel;

	surface = wl_compositor_create_surface(compositor);
	xdg_wm_base_add_listener(wm, &wm_listener, NULL);
	xdg = xdg_wm_base_get_xdg_surface(wm, surface);
	xdg_surface_add_listener(xdg, &xdg_listener, NULL);
	toplevel = xdg_surface_get_toplevel(xdg);
	xdg_toplevel_add_listener(toplevel, &toplevel_listener, NULL);
	xdg_toplevel_set_title(toplevel, "figment-painter");
	xdg_toplevel_set_app_id(toplevel, "figment-painter");
	if (explicit) {
		sync_surface = wp_linux_drm_syncobj_manager_v1_get_surface(syncobjs, surface);
		acquire = make_timeline(&timelines[0]);
		release_ = make_timeline(&timelines[1]);
	}
	wl_surface_commit(surface);
	dispatch_until(&configured);
}

int main(int argc, char **argv)
{
	bool explicit, implicit, forever = false;
	int ret;

	if (argc < 4 || sscanf(argv[2], "%ux%u", &width, &height) != 2 || !width || !height) {
		fprintf(stderr, "usage: %s explicit|implicit|none WxH RRGGBB...\n", argv[0]);
		return 2;
	}
	explicit = !strcmp(argv[1], "explicit");
	implicit = !strcmp(argv[1], "implicit");
	pitch = (width * 4 + 63) & ~63u;

	fd = figment_open(0);
	if (fd < 0)
		die("figment", fd);
	ret = figment_queue_create(fd, DRM_FIGMENT_ENGINE_COPY, DRM_FIGMENT_PRIORITY_NORMAL, 0,
				   &queue, NULL);
	if (ret)
		die("a queue", ret);
	display = wl_display_connect(NULL);
	if (!display)
		die("no compositor", errno);
	wl_registry_add_listener(wl_display_get_registry(display), &registry_listener, NULL);
	wl_display_roundtrip(display);
	if (!compositor || !wm || !dmabuf || (explicit && !syncobjs)) {
		fprintf(stderr, "figment-painter: the compositor lacks a protocol\n");
		return 1;
	}
	open_window(explicit);
	for (int i = 0; i < BUFFERS; i++)
		make_buffer(&buffers[i]);

	for (int i = 0; argv[3 + i]; i++) {
		struct buffer *buffer = &buffers[i % BUFFERS];
		uint64_t point = explicit ? i + 1 : 0;

		wait_released(buffer);
		paint(buffer, strtoul(argv[3 + i], NULL, 16), implicit, point);
		show(buffer, point);
		dispatch_until(&frame_done);
		printf("painted %d\n", i + 1);
		fflush(stdout);
	}
	dispatch_until(&forever);
	return 0;
}

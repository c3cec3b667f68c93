// SPDX-License-Identifier: MIT
/**
 * DOC: a swapchain's side of Wayland
 *
 * The application owns the display and the surface; everything else here is the
 * swapchain's, on an event queue of its own, so that it neither takes the
 * application's events nor waits for the application to take its.
 *
 * There is no waiting without an end: whoever waits for the compositor does it in
 * slices, between which a connection that is gone is noticed.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "linux-dmabuf-v1.h"
#include "linux-drm-syncobj-v1.h"
#include "wayland.h"

#define LINEAR 0

static void on_global(void *data, struct wl_registry *registry, uint32_t name,
		      const char *interface, uint32_t version)
{
	struct wayland_window *window = data;

	if (!strcmp(interface, zwp_linux_dmabuf_v1_interface.name) && version >= 4)
		window->dmabuf = wl_registry_bind(registry, name,
						  &zwp_linux_dmabuf_v1_interface, 4);
	else if (!strcmp(interface, wp_linux_drm_syncobj_manager_v1_interface.name))
		window->syncobjs = wl_registry_bind(registry, name,
			&wp_linux_drm_syncobj_manager_v1_interface, 1);
}

static void on_global_remove(void *data, struct wl_registry *registry, uint32_t name)
{
}

static const struct wl_registry_listener registry_listener = {
	.global = on_global,
	.global_remove = on_global_remove,
};

static void on_feedback_done(void *data, struct zwp_linux_dmabuf_feedback_v1 *feedback)
{
	((struct wayland_window *)data)->feedback_done = true;
}

/* All tranches' formats; which of them are for scan-out does not matter here. */
static void on_format_table(void *data, struct zwp_linux_dmabuf_feedback_v1 *feedback, int32_t fd,
			    uint32_t size)
{
	struct entry {
		uint32_t format, pad;
		uint64_t modifier;
	} *table = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	struct wayland_window *window = data;
	uint32_t count = size / sizeof(*table);

	close(fd);
	if (table == MAP_FAILED)
		return;
	free(window->formats);
	window->format_count = 0;
	window->formats = calloc(count, sizeof(*window->formats));
	for (uint32_t i = 0; window->formats && i < count; i++) {
		if (table[i].modifier == LINEAR)
			window->formats[window->format_count++] = table[i].format;
	}
	munmap(table, size);
}

static void on_main_device(void *data, struct zwp_linux_dmabuf_feedback_v1 *feedback,
			   struct wl_array *device)
{
	struct wayland_window *window = data;

	if (device->size == sizeof(window->main_device))
		memcpy(&window->main_device, device->data, sizeof(window->main_device));
}

static void on_tranche(void *data, struct zwp_linux_dmabuf_feedback_v1 *feedback)
{
}

static void on_tranche_array(void *data, struct zwp_linux_dmabuf_feedback_v1 *feedback,
			     struct wl_array *array)
{
}

static void on_tranche_flags(void *data, struct zwp_linux_dmabuf_feedback_v1 *feedback,
			     uint32_t flags)
{
}

static const struct zwp_linux_dmabuf_feedback_v1_listener feedback_listener = {
	.done = on_feedback_done,
	.format_table = on_format_table,
	.main_device = on_main_device,
	.tranche_done = on_tranche,
	.tranche_target_device = on_tranche_array,
	.tranche_formats = on_tranche_array,
	.tranche_flags = on_tranche_flags,
};

static int ask(struct wayland_window *window)
{
	struct zwp_linux_dmabuf_feedback_v1 *feedback;
	struct wl_display *display = wl_proxy_create_wrapper(window->display);
	struct wl_registry *registry;
	int ret;

	if (!display)
		return -ENOMEM;
	wl_proxy_set_queue((struct wl_proxy *)display, window->queue);
	registry = wl_display_get_registry(display);
	wl_proxy_wrapper_destroy(display);
	wl_registry_add_listener(registry, &registry_listener, window);
	ret = wl_display_roundtrip_queue(window->display, window->queue);
	wl_registry_destroy(registry);
	if (ret < 0 || !window->dmabuf)
		return -EPROTO;

	feedback = zwp_linux_dmabuf_v1_get_default_feedback(window->dmabuf);
	zwp_linux_dmabuf_feedback_v1_add_listener(feedback, &feedback_listener, window);
	while (ret >= 0 && !window->feedback_done)
		ret = wl_display_dispatch_queue(window->display, window->queue);
	zwp_linux_dmabuf_feedback_v1_destroy(feedback);
	return ret < 0 ? -EPROTO : 0;
}

/**
 * wayland_open() - see what a compositor takes
 * @window: what to fill in
 * @display: the application's connection
 * @surface: and its surface, which this leaves alone
 *
 * Return: 0, or a negative errno, after which there is nothing to close.
 */
int wayland_open(struct wayland_window *window, struct wl_display *display,
		 struct wl_surface *surface)
{
	int ret = -ENOMEM;

	memset(window, 0, sizeof(*window));
	window->display = display;
	window->queue = wl_display_create_queue(display);
	if (!window->queue)
		return ret;
	window->surface = wl_proxy_create_wrapper(surface);
	if (window->surface) {
		wl_proxy_set_queue((struct wl_proxy *)window->surface, window->queue);
		ret = ask(window);
	}
	if (ret)
		wayland_close(window);
	return ret;
}

/* Whether the compositor renders on the device that has these nodes. */
bool wayland_is_on(const struct wayland_window *window, dev_t render, dev_t primary)
{
	return window->main_device == render || window->main_device == primary;
}

bool wayland_takes(const struct wayland_window *window, uint32_t fourcc)
{
	for (uint32_t i = 0; i < window->format_count; i++) {
		if (window->formats[i] == fourcc)
			return true;
	}
	return false;
}

/**
 * wayland_sync() - from now on what is presented has points
 * @window: the window, whose compositor has linux-drm-syncobj-v1
 * @acquire_fd: a syncobj, whose points say that an image was rendered
 * @release_fd: a syncobj, whose points say that it is no longer looked at
 */
void wayland_sync(struct wayland_window *window, int acquire_fd, int release_fd)
{
	window->timelines[0] =
		wp_linux_drm_syncobj_manager_v1_import_timeline(window->syncobjs, acquire_fd);
	window->timelines[1] =
		wp_linux_drm_syncobj_manager_v1_import_timeline(window->syncobjs, release_fd);
	window->sync = wp_linux_drm_syncobj_manager_v1_get_surface(window->syncobjs,
								   window->surface);
}

static void on_release(void *data, struct wl_buffer *buffer)
{
	*(bool *)data = true;
}

static const struct wl_buffer_listener buffer_listener = {
	.release = on_release,
};

/* @released is set whenever the compositor releases it, which it does not do with points. */
struct wl_buffer *wayland_buffer(struct wayland_window *window, int dmabuf, uint32_t width,
				 uint32_t height, uint32_t offset, uint32_t pitch, uint32_t fourcc,
				 bool *released)
{
	struct zwp_linux_buffer_params_v1 *params =
		zwp_linux_dmabuf_v1_create_params(window->dmabuf);
	struct wl_buffer *buffer;

	zwp_linux_buffer_params_v1_add(params, dmabuf, 0, offset, pitch, 0, LINEAR);
	buffer = zwp_linux_buffer_params_v1_create_immed(params, width, height, fourcc, 0);
	zwp_linux_buffer_params_v1_destroy(params);
	if (buffer)
		wl_buffer_add_listener(buffer, &buffer_listener, released);
	return buffer;
}

static void on_frame(void *data, struct wl_callback *callback, uint32_t time)
{
	struct wayland_window *window = data;

	wl_callback_destroy(window->frame);
	window->frame = NULL;
}

static const struct wl_callback_listener frame_listener = {
	.done = on_frame,
};

/**
 * wayland_present() - hand a buffer over
 * @window: the window
 * @buffer: the buffer
 * @damage: what has changed in it, NULL for all of it
 * @damage_count: how many rectangles
 * @point: of both timelines, if the window has them
 */
int wayland_present(struct wayland_window *window, struct wl_buffer *buffer,
		    const struct wayland_rect *damage, uint32_t damage_count, uint64_t point)
{
	if (window->frame)
		wl_callback_destroy(window->frame);
	window->frame = wl_surface_frame(window->surface);
	wl_callback_add_listener(window->frame, &frame_listener, window);
	wl_surface_attach(window->surface, buffer, 0, 0);
	if (wl_surface_get_version(window->surface) < WL_SURFACE_DAMAGE_BUFFER_SINCE_VERSION)
		damage_count = 0;
	if (!damage_count)
		wl_surface_damage(window->surface, 0, 0, INT32_MAX, INT32_MAX);
	for (uint32_t i = 0; i < damage_count; i++)
		wl_surface_damage_buffer(window->surface, damage[i].x, damage[i].y,
					 damage[i].width, damage[i].height);
	if (window->sync) {
		wp_linux_drm_syncobj_surface_v1_set_acquire_point(window->sync,
			window->timelines[0], point >> 32, point & UINT32_MAX);
		wp_linux_drm_syncobj_surface_v1_set_release_point(window->sync,
			window->timelines[1], point >> 32, point & UINT32_MAX);
	}
	wl_surface_commit(window->surface);
	return wl_display_flush(window->display) < 0 && errno != EAGAIN ? -EPIPE : 0;
}

/**
 * wayland_dispatch() - take the window's events
 * @window: the window
 * @timeout_ms: how long to wait for some
 *
 * Return: 0, or -EPIPE if the connection is gone.
 */
int wayland_dispatch(struct wayland_window *window, int timeout_ms)
{
	struct pollfd fd = { .fd = wl_display_get_fd(window->display), .events = POLLIN };

	if (wl_display_prepare_read_queue(window->display, window->queue)) {
		/* Some are here already. */
		return wl_display_dispatch_queue_pending(window->display, window->queue) < 0 ?
		       -EPIPE : 0;
	}
	wl_display_flush(window->display);
	if (poll(&fd, 1, timeout_ms) <= 0) {
		wl_display_cancel_read(window->display);
		return wl_display_get_error(window->display) ? -EPIPE : 0;
	}
	if (wl_display_read_events(window->display) < 0 ||
	    wl_display_dispatch_queue_pending(window->display, window->queue) < 0)
		return -EPIPE;
	return 0;
}

/* The surface becomes another swapchain's; what was committed stays as it is. */
void wayland_retire(struct wayland_window *window)
{
	if (window->sync)
		wp_linux_drm_syncobj_surface_v1_destroy(window->sync);
	window->sync = NULL;
	if (window->frame)
		wl_callback_destroy(window->frame);
	window->frame = NULL;
}

void wayland_close(struct wayland_window *window)
{
	wayland_retire(window);
	for (int i = 0; i < 2; i++) {
		if (window->timelines[i])
			wp_linux_drm_syncobj_timeline_v1_destroy(window->timelines[i]);
	}
	if (window->syncobjs)
		wp_linux_drm_syncobj_manager_v1_destroy(window->syncobjs);
	if (window->dmabuf)
		zwp_linux_dmabuf_v1_destroy(window->dmabuf);
	if (window->surface)
		wl_proxy_wrapper_destroy(window->surface);
	wl_event_queue_destroy(window->queue);
	wl_display_flush(window->display);
	free(window->formats);
}

/* SPDX-License-Identifier: MIT */
#ifndef FIGMENT_WAYLAND_H
#define FIGMENT_WAYLAND_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <wayland-client.h>

struct wayland_rect {
	int32_t x, y, width, height;
};

struct wp_linux_drm_syncobj_manager_v1;
struct wp_linux_drm_syncobj_surface_v1;
struct wp_linux_drm_syncobj_timeline_v1;
struct zwp_linux_dmabuf_v1;

/**
 * struct wayland_window - a surface, as one swapchain sees it
 * @display: the application's
 * @queue: the swapchain's own, which nobody else dispatches
 * @surface: the application's surface, whose events come to that queue
 * @dmabuf: linux-dmabuf-v1
 * @syncobjs: linux-drm-syncobj-v1, NULL where the compositor has none
 * @sync: what takes the surface's points
 * @timelines: where acquire and release points are
 * @frame: the callback of what was presented last, until it comes
 * @formats: those that the compositor takes with LINEAR
 * @format_count: how many
 */
struct wayland_window {
	struct wl_display *display;
	struct wl_event_queue *queue;
	struct wl_surface *surface;
	struct zwp_linux_dmabuf_v1 *dmabuf;
	struct wp_linux_drm_syncobj_manager_v1 *syncobjs;
	struct wp_linux_drm_syncobj_surface_v1 *sync;
	struct wp_linux_drm_syncobj_timeline_v1 *timelines[2];
	struct wl_callback *frame;
	uint32_t *formats;
	uint32_t format_count;
	/* While it is being opened. */
	dev_t main_device;
	bool feedback_done;
};

int wayland_open(struct wayland_window *window, struct wl_display *display,
		 struct wl_surface *surface);
bool wayland_is_on(const struct wayland_window *window, dev_t render, dev_t primary);
bool wayland_takes(const struct wayland_window *window, uint32_t fourcc);
void wayland_sync(struct wayland_window *window, int acquire_fd, int release_fd);
struct wl_buffer *wayland_buffer(struct wayland_window *window, int dmabuf, uint32_t width,
				 uint32_t height, uint32_t offset, uint32_t pitch, uint32_t fourcc,
				 bool *released);
int wayland_present(struct wayland_window *window, struct wl_buffer *buffer,
		    const struct wayland_rect *damage, uint32_t damage_count, uint64_t point);
int wayland_dispatch(struct wayland_window *window, int timeout_ms);
void wayland_retire(struct wayland_window *window);
void wayland_close(struct wayland_window *window);

#endif

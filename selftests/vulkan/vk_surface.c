// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: surfaces to present to: no server's, an X server's, a Wayland compositor's
 *
 * The servers are this machine's Xvfb and weston, one for each surface, which need
 * neither a display nor anybody's permission, and end with the test.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#if __has_include(<xcb/xcb.h>)
#include <xcb/xcb.h>
#define VK_USE_PLATFORM_XCB_KHR
#endif
#if __has_include(<wayland-client.h>)
#include <wayland-client.h>
#define VK_USE_PLATFORM_WAYLAND_KHR
#endif

#include "kselftest.h"

#include "vk_surface.h"

#define SERVER_MS	60000

/* A server that says little, and ends when this process does. */
static pid_t start_server(const char *const *argv)
{
	pid_t parent = getpid(), pid = must_call(fork());

	if (!pid) {
		int null = open("/dev/null", O_RDWR);

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(1);
		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
		/* The server's own drawing is no part of the test. */
		unsetenv("VK_INSTANCE_LAYERS");
		execvp(argv[0], (char **)argv);
		_exit(127);
	}
	return pid;
}

static bool has_program(const char *name)
{
	char command[128];

	snprintf(command, sizeof(command), "command -v %s >/dev/null 2>&1", name);
	return !system(command);
}

static const char *open_headless(struct vk *vk, struct vk_surface *s)
{
	VkHeadlessSurfaceCreateInfoEXT info = {
		.sType = VK_STRUCTURE_TYPE_HEADLESS_SURFACE_CREATE_INFO_EXT,
	};
	PFN_vkCreateHeadlessSurfaceEXT create = (PFN_vkCreateHeadlessSurfaceEXT)
		vkGetInstanceProcAddr(vk->instance, "vkCreateHeadlessSurfaceEXT");

	VK(create(vk->instance, &info, NULL, &s->surface));
	return NULL;
}

#ifdef VK_USE_PLATFORM_XCB_KHR

/* Xvfb writes the number of the display it has found to be free. */
static void start_x(struct vk_surface *s, char display[16])
{
	int pipe[2], n = 1;

	must_call(pipe2(pipe, 0));
	snprintf(display, 16, "%d", pipe[1]);
	s->server = start_server((const char *[]){ "Xvfb", "-displayfd", display, "-screen", "0",
						   "256x256x24", "-nolisten", "tcp", "-noreset",
						   NULL });
	close(pipe[1]);
	display[0] = ':';
	do {
		must_be(n < 15 && wait_poll(pipe[0], POLLIN, SERVER_MS) & POLLIN);
		must_be(read(pipe[0], display + n, 1) == 1);
	} while (display[n++] != '\n');
	display[n - 1] = 0;
	close(pipe[0]);
}

static const char *open_xcb(struct vk *vk, struct vk_surface *s)
{
	VkXcbSurfaceCreateInfoKHR info = {
		.sType = VK_STRUCTURE_TYPE_XCB_SURFACE_CREATE_INFO_KHR,
	};
	PFN_vkCreateXcbSurfaceKHR create = (PFN_vkCreateXcbSurfaceKHR)
		vkGetInstanceProcAddr(vk->instance, "vkCreateXcbSurfaceKHR");
	xcb_connection_t *connection;
	xcb_screen_t *screen;
	char display[16];

	if (!create)
		return "the driver has no XCB surfaces";
	if (!has_program("Xvfb"))
		return "no Xvfb here";
	start_x(s, display);
	connection = xcb_connect(display, NULL);
	must_be(!xcb_connection_has_error(connection));
	screen = xcb_setup_roots_iterator(xcb_get_setup(connection)).data;
	info.connection = connection;
	info.window = xcb_generate_id(connection);
	xcb_create_window(connection, XCB_COPY_FROM_PARENT, info.window, screen->root, 0, 0,
			  SURFACE_SIZE, SURFACE_SIZE, 0, XCB_WINDOW_CLASS_INPUT_OUTPUT,
			  screen->root_visual, 0, NULL);
	xcb_map_window(connection, info.window);
	xcb_flush(connection);
	VK(create(vk->instance, &info, NULL, &s->surface));
	s->connection = connection;
	s->window = info.window;
	return NULL;
}

static bool read_xcb(struct vk_surface *s, uint32_t *pixel)
{
	xcb_get_image_reply_t *reply =
		xcb_get_image_reply(s->connection,
				    xcb_get_image(s->connection, XCB_IMAGE_FORMAT_Z_PIXMAP,
						  s->window, SURFACE_SIZE / 2, SURFACE_SIZE / 2,
						  1, 1, ~0u), NULL);

	must_be(reply && xcb_get_image_data_length(reply) >= 4);
	memcpy(pixel, xcb_get_image_data(reply), 4);
	*pixel &= 0xffffff;
	free(reply);
	return true;
}

static void close_xcb(struct vk_surface *s)
{
	xcb_disconnect(s->connection);
}

#else

static const char *open_xcb(struct vk *vk, struct vk_surface *s)
{
	return "built without libxcb1-dev";
}

static bool read_xcb(struct vk_surface *s, uint32_t *pixel)
{
	return false;
}

static void close_xcb(struct vk_surface *s)
{
}

#endif

#ifdef VK_USE_PLATFORM_WAYLAND_KHR

static void found(void *data, struct wl_registry *registry, uint32_t name, const char *interface,
		  uint32_t version)
{
	struct wl_compositor **compositor = data;

	if (!strcmp(interface, "wl_compositor"))
		*compositor = wl_registry_bind(registry, name, &wl_compositor_interface, 1);
}

static void gone(void *data, struct wl_registry *registry, uint32_t name)
{
}

static struct wl_display *connect_within(const char *name)
{
	for (uint64_t until = now_ns() + SERVER_MS * 1000000ull; now_ns() < until; moment()) {
		struct wl_display *display = wl_display_connect(name);

		if (display)
			return display;
	}
	must_be(!"a compositor that answers");
	return NULL;
}

/* The surface has no role, so it is not seen; its buffers go to the compositor as any. */
static const char *open_wayland(struct vk *vk, struct vk_surface *s)
{
	static const struct wl_registry_listener listener = { found, gone };
	VkWaylandSurfaceCreateInfoKHR info = {
		.sType = VK_STRUCTURE_TYPE_WAYLAND_SURFACE_CREATE_INFO_KHR,
	};
	PFN_vkCreateWaylandSurfaceKHR create = (PFN_vkCreateWaylandSurfaceKHR)
		vkGetInstanceProcAddr(vk->instance, "vkCreateWaylandSurfaceKHR");
	struct wl_compositor *compositor = NULL;
	char name[32], option[48];

	if (!create)
		return "the driver has no Wayland surfaces";
	if (!has_program("weston"))
		return "no weston here";
	if (!getenv("XDG_RUNTIME_DIR"))
		return "no XDG_RUNTIME_DIR";
	snprintf(name, sizeof(name), "figment-%d", getpid());
	snprintf(option, sizeof(option), "--socket=%s", name);
	s->server = start_server((const char *[]){ "weston", "--backend=headless",
						   "--no-config", "--idle-time=0", option,
						   NULL });
	info.display = connect_within(name);
	wl_registry_add_listener(wl_display_get_registry(info.display), &listener, &compositor);
	must_be(wl_display_roundtrip(info.display) >= 0);
	must_be(compositor);
	info.surface = wl_compositor_create_surface(compositor);
	VK(create(vk->instance, &info, NULL, &s->surface));
	s->connection = info.display;
	return NULL;
}

static void close_wayland(struct vk_surface *s)
{
	wl_display_disconnect(s->connection);
}

#else

static const char *open_wayland(struct vk *vk, struct vk_surface *s)
{
	return "built without libwayland-dev";
}

static void close_wayland(struct vk_surface *s)
{
}

#endif

const char *vk_surface(struct vk *vk, enum surface_kind kind, struct vk_surface *s)
{
	*s = (struct vk_surface){ .kind = kind };
	switch (kind) {
	case SURFACE_XCB:
		return open_xcb(vk, s);
	case SURFACE_WAYLAND:
		return open_wayland(vk, s);
	default:
		return open_headless(vk, s);
	}
}

bool vk_surface_pixel(struct vk_surface *s, uint32_t *pixel)
{
	return s->kind == SURFACE_XCB && read_xcb(s, pixel);
}

void vk_surface_close(struct vk *vk, struct vk_surface *s)
{
	vkDestroySurfaceKHR(vk->instance, s->surface, NULL);
	if (s->kind == SURFACE_XCB)
		close_xcb(s);
	else if (s->kind == SURFACE_WAYLAND)
		close_wayland(s);
	if (s->server) {
		kill(s->server, SIGTERM);
		waitpid(s->server, NULL, 0);
	}
}

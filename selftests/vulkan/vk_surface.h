/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SELFTESTS_VULKAN_VK_SURFACE_H
#define SELFTESTS_VULKAN_VK_SURFACE_H

#include "vk.h"

#define SURFACE_SIZE	64

enum surface_kind { SURFACE_HEADLESS, SURFACE_XCB, SURFACE_WAYLAND };

/**
 * struct vk_surface - something to present to
 * @kind: whose
 * @surface: for Vulkan
 * @server: the server's process, or 0
 * @connection: to the server
 * @window: an X window
 */
struct vk_surface {
	enum surface_kind kind;
	VkSurfaceKHR surface;
	pid_t server;
	void *connection;
	uint32_t window;
};

/** vk_surface() - Return: NULL, or why there can be none */
const char *vk_surface(struct vk *vk, enum surface_kind kind, struct vk_surface *s);
/** vk_surface_pixel() - what the server shows in the middle; false if it cannot be asked */
bool vk_surface_pixel(struct vk_surface *s, uint32_t *pixel);
void vk_surface_close(struct vk *vk, struct vk_surface *s);

#endif

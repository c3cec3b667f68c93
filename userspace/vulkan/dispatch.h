/* SPDX-License-Identifier: MIT */
#ifndef FIGMENT_DISPATCH_H
#define FIGMENT_DISPATCH_H

#include <vulkan/vulkan_core.h>

struct entry {
	const char *name;
	PFN_vkVoidFunction function;
	const char *extension;	/* a device extension that it needs, or NULL */
	enum entry_level {
		ENTRY_GLOBAL,
		ENTRY_INSTANCE,
		ENTRY_PHYSICAL,
		ENTRY_DEVICE,
	} level;
};

/* NULL if the shim does not override it. */
const struct entry *dispatch_find(const char *name);

#endif

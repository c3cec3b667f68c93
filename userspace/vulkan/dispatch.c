// SPDX-License-Identifier: MIT
/**
 * DOC: which functions are the shim's
 *
 * entrypoints.h as a table. It is searched when an application or the loader
 * looks a function up, never when one is called.
 */
#include <string.h>

#include "dispatch.h"
#include "shim.h"

static const struct entry entries[] = {
#define ENTRY(level, name, fn, ext) \
	{ #name, (PFN_vkVoidFunction)figment_##fn, ext, ENTRY_##level },
#include "entrypoints.h"
#undef ENTRY
};

const struct entry *dispatch_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
		if (!strcmp(entries[i].name, name))
			return &entries[i];
	}
	return NULL;
}

PFN_vkVoidFunction figment_vkGetDeviceProcAddr(VkDevice handle, const char *name)
{
	struct device *dev = device_of(handle);
	const struct entry *entry = dispatch_find(name);
	PFN_vkVoidFunction theirs;

	if (!entry)
		return dev->pdev->instance->lvp.GetDeviceProcAddr(handle, name);
	if (entry->level != ENTRY_DEVICE)
		return NULL;
	if (entry->extension) {
		int bit = extension_bit(entry->extension);

		return dev->extensions >> bit & 1 ? entry->function : NULL;
	}
	theirs = dev->pdev->instance->lvp.GetDeviceProcAddr(handle, name);
	return theirs ? entry->function : NULL;
}

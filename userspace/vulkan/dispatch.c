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

/* lavapipe's, of an extension that the shim has it enable: dev->extensions has it or not. */
static bool is_of_synchronization2(const char *name)
{
	static const char *const names[] = {
		"vkCmdPipelineBarrier2KHR", "vkCmdResetEvent2KHR", "vkCmdSetEvent2KHR",
		"vkCmdWaitEvents2KHR", "vkCmdWriteTimestamp2KHR",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (!strcmp(names[i], name))
			return true;
	}
	return false;
}

static bool is_enabled(const struct device *dev, const char *extension)
{
	return dev->extensions >> extension_bit(extension) & 1;
}

PFN_vkVoidFunction figment_vkGetDeviceProcAddr(VkDevice handle, const char *name)
{
	struct device *dev = device_of(handle);
	const struct entry *entry = dispatch_find(name);
	PFN_vkVoidFunction theirs;

	if (!entry && is_of_synchronization2(name) &&
	    !is_enabled(dev, VK_KHR_SYNCHRONIZATION_2_EXTENSION_NAME))
		return NULL;
	if (!entry)
		return dev->pdev->instance->lvp.GetDeviceProcAddr(handle, name);
	if (entry->level != ENTRY_DEVICE)
		return NULL;
	if (entry->extension)
		return is_enabled(dev, entry->extension) ? entry->function : NULL;
	theirs = dev->pdev->instance->lvp.GetDeviceProcAddr(handle, name);
	return theirs ? entry->function : NULL;
}

// SPDX-License-Identifier: MIT
/**
 * DOC: what the loader sees
 *
 * The three functions of the loader's driver interface, which are all that this
 * library exports. The interface's version is lavapipe's, at most 7, the latest
 * that the shim knows.
 *
 * Which functions an application may get depends on the version and extensions
 * it asked for. lavapipe knows, and so is asked about the shim's functions too,
 * but for those of extensions that are the shim's.
 */
#include <string.h>

#include "dispatch.h"
#include "shim.h"

#define EXPORT __attribute__((visibility("default")))

EXPORT VkResult vk_icdNegotiateLoaderICDInterfaceVersion(uint32_t *version)
{
	const struct lavapipe *lvp = lavapipe_get();

	if (*version > 7)
		*version = 7;
	return lvp ? lvp->negotiate(version) : VK_SUCCESS;
}

/* The loader wants these of every driver, even one without devices to call them for. */
static void no_device(void)
{
}

static PFN_vkVoidFunction choose(const struct instance *instance, const struct entry *entry,
				 const char *name, PFN_vkVoidFunction theirs)
{
	bool lavapipe = instance->lvp.DestroyInstance;

	if (entry)
		return theirs || entry->extension || !lavapipe ? entry->function : NULL;
	if (!lavapipe && !strncmp(name, "vkGetPhysicalDevice", strlen("vkGetPhysicalDevice")))
		return no_device;
	return theirs;
}

EXPORT PFN_vkVoidFunction vk_icdGetInstanceProcAddr(VkInstance handle, const char *name)
{
	const struct entry *entry = name ? dispatch_find(name) : NULL;
	struct instance *instance = instance_of(handle);
	PFN_vkVoidFunction theirs = NULL;

	if (!name)
		return NULL;
	if (!strcmp(name, "vk_icdNegotiateLoaderICDInterfaceVersion"))
		return (PFN_vkVoidFunction)vk_icdNegotiateLoaderICDInterfaceVersion;
	if (!strcmp(name, "vk_icdGetPhysicalDeviceProcAddr"))
		return (PFN_vkVoidFunction)vk_icdGetPhysicalDeviceProcAddr;
	if (entry && entry->level == ENTRY_GLOBAL)
		return entry->function;
	if (!instance)
		return NULL;
	if (instance->lvp.DestroyInstance)
		theirs = lavapipe_get()->get_proc(handle, name);
	return choose(instance, entry, name, theirs);
}

EXPORT PFN_vkVoidFunction vk_icdGetPhysicalDeviceProcAddr(VkInstance handle, const char *name)
{
	const struct entry *entry = name ? dispatch_find(name) : NULL;
	struct instance *instance = instance_of(handle);
	PFN_vkVoidFunction theirs = NULL;

	if (!instance || !name || (entry && entry->level != ENTRY_PHYSICAL))
		return NULL;
	if (instance->lvp.DestroyInstance)
		theirs = lavapipe_get()->get_physical_device_proc(handle, name);
	return choose(instance, entry, name, theirs);
}

PFN_vkVoidFunction figment_vkGetInstanceProcAddr(VkInstance instance, const char *name)
{
	return vk_icdGetInstanceProcAddr(instance, name);
}

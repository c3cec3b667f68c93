// SPDX-License-Identifier: MIT
/**
 * DOC: finding lavapipe
 *
 * Its manifest says where its library is, as it says to the loader: so the shim
 * looks where the loader looks, for lvp_icd*.json. FIGMENT_LAVAPIPE names a
 * library instead. It is loaded once and stays: LLVM does not like to be unloaded.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shim.h"

static struct lavapipe lavapipe;
static bool lavapipe_found;

static bool load(const char *path)
{
	void *lib = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);

	if (!lib)
		return false;
	lavapipe.get_proc = (PFN_vk_icdGetInstanceProcAddr)
		dlsym(lib, "vk_icdGetInstanceProcAddr");
	if (lavapipe.get_proc) {
		/* From interface version 7 these need not be exported. */
		lavapipe.negotiate = (PFN_vk_icdNegotiateLoaderICDInterfaceVersion)
			dlsym(lib, "vk_icdNegotiateLoaderICDInterfaceVersion");
		if (!lavapipe.negotiate)
			lavapipe.negotiate = (PFN_vk_icdNegotiateLoaderICDInterfaceVersion)
				lavapipe.get_proc(NULL, "vk_icdNegotiateLoaderICDInterfaceVersion");
		lavapipe.get_physical_device_proc = (PFN_vk_icdGetPhysicalDeviceProcAddr)
			dlsym(lib, "vk_icdGetPhysicalDeviceProcAddr");
		if (!lavapipe.get_physical_device_proc)
			lavapipe.get_physical_device_proc = (PFN_vk_icdGetPhysicalDeviceProcAddr)
				lavapipe.get_proc(NULL, "vk_icdGetPhysicalDeviceProcAddr");
	}
	if (lavapipe.get_proc && lavapipe.negotiate && lavapipe.get_physical_device_proc)
		return true;
	dlclose(lib);
	return false;
}

/* The value of "library_path", the one string a manifest must have. */
static bool library_path(const char *manifest, char *path, size_t size)
{
	char text[4096], *at, *end;
	FILE *file = fopen(manifest, "re");
	size_t n;

	if (!file)
		return false;
	n = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[n] = 0;

	at = strstr(text, "\"library_path\"");
	at = at ? strchr(at + strlen("\"library_path\""), ':') : NULL;
	at = at ? strchr(at, '"') : NULL;
	end = at ? strchr(at + 1, '"') : NULL;
	if (!end)
		return false;
	*end = 0;
	/* One with a slash that is not absolute is relative to the manifest. */
	if (strchr(at + 1, '/') && at[1] != '/')
		n = snprintf(path, size, "%.*s/%s", (int)(strrchr(manifest, '/') - manifest),
			     manifest, at + 1);
	else
		n = snprintf(path, size, "%s", at + 1);
	return n < size;
}

/* Where there are several (of several architectures), the one that loads. */
static bool load_from(const char *dir)
{
	struct dirent **entries;
	int count = scandir(dir, &entries, NULL, alphasort);
	bool found = false;

	for (int i = 0; i < count; i++) {
		char manifest[1024], path[2048];
		size_t n = snprintf(manifest, sizeof(manifest), "%s/%s", dir, entries[i]->d_name);

		if (!found && n < sizeof(manifest) &&
		    !fnmatch("lvp_icd*.json", entries[i]->d_name, 0) &&
		    library_path(manifest, path, sizeof(path)))
			found = load(path);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	return found;
}

/* @dirs is a list as in XDG_DATA_DIRS. */
static bool load_from_all(const char *dirs)
{
	while (dirs && *dirs) {
		size_t len = strcspn(dirs, ":");
		char dir[1024];

		if (len && (size_t)snprintf(dir, sizeof(dir), "%.*s/vulkan/icd.d", (int)len, dirs) <
				   sizeof(dir) && load_from(dir))
			return true;
		dirs += len + (dirs[len] == ':');
	}
	return false;
}

static void find(void)
{
	/* A privileged program does not load what its caller's environment says. */
	const char *forced = secure_getenv("FIGMENT_LAVAPIPE");

	if (forced) {
		lavapipe_found = load(forced);
		if (!lavapipe_found)
			shim_say("FIGMENT_LAVAPIPE=%s is not a Vulkan driver that can be loaded",
				 forced);
		return;
	}
	lavapipe_found = load_from_all(secure_getenv("XDG_DATA_DIRS")) ||
			 load_from_all("/usr/local/share:/usr/share:/usr/local/etc:/etc") ||
			 load("libvulkan_lvp.so");
	if (!lavapipe_found)
		shim_say("no device: it needs lavapipe to render with; install mesa-vulkan-drivers");
}

const struct lavapipe *lavapipe_get(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, find);
	return lavapipe_found ? &lavapipe : NULL;
}

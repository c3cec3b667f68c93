// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: drivers, by their manifests
 */
#include <dirent.h>
#include <dlfcn.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kselftest.h"

#include "vk.h"

bool vk_manifest(const char *pattern, char path[VK_PATH])
{
	static const char *const dirs[] = {
		"/etc/vulkan/icd.d", "/usr/local/share/vulkan/icd.d", "/usr/share/vulkan/icd.d",
	};
	const char *chosen = getenv("VK_DRIVER_FILES");
	bool found = false;

	/* Whoever runs this chose another driver than the system's: a mutant, say. */
	if (chosen && strrchr(chosen, '/') && !strchr(chosen, ':') &&
	    !fnmatch(pattern, strrchr(chosen, '/') + 1, 0)) {
		snprintf(path, VK_PATH, "%s", chosen);
		return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(dirs) && !found; i++) {
		DIR *dir = opendir(dirs[i]);
		struct dirent *entry;

		while (dir && !found && (entry = readdir(dir))) {
			found = !fnmatch(pattern, entry->d_name, 0);
			if (found)
				snprintf(path, VK_PATH, "%s/%s", dirs[i], entry->d_name);
		}
		if (dir)
			closedir(dir);
	}
	return found;
}

void vk_manifest_string(const char *path, const char *name, char value[VK_PATH])
{
	char text[4096] = { 0 }, key[64];
	FILE *file = fopen(path, "re");
	char *at;

	must_be(file);
	must_be(fread(text, 1, sizeof(text) - 1, file) > 0);
	fclose(file);
	snprintf(key, sizeof(key), "\"%s\"", name);
	at = strstr(text, key);
	must_be(at);
	must_be(sscanf(at + strlen(key), " : \"%511[^\"]\"", value) == 1);
}

void vk_driver_files(char env[VK_ENV], const char *name, const char *a, const char *b)
{
	snprintf(env, VK_ENV, "%s=%s%s%s", name, a, b ? ":" : "", b ? b : "");
}

void *vk_icd_open(void)
{
	char path[VK_PATH], library[VK_PATH];
	void *driver;

	must_be(vk_manifest("figment_icd*.json", path));
	vk_manifest_string(path, "library_path", library);
	driver = dlopen(library, RTLD_NOW | RTLD_LOCAL);
	if (!driver)
		fprintf(stderr, "# %s\n", dlerror());
	must_be(driver);
	return driver;
}

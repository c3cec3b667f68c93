// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: between the loader and lavapipe
 *
 * Catches an ICD whose manifest leads nowhere; that exports what it must not, or
 * speaks a version of the interface that it does not know; that cannot be in one
 * process with lavapipe's own; that fails, or says nothing or too much, where
 * lavapipe or a render node is missing; that is listed after the CPU.
 */
#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>
#include <vulkan/vk_icd.h>

#include "fixture.h"

TEST(manifest_leads_to_the_driver)
{
	char path[512], value[512];
	int major, minor;

	ASSERT_TRUE(vk_manifest("figment_icd*.json", path));
	vk_manifest_string(path, "file_format_version", value);
	EXPECT_EQ(0, strncmp(value, "1.", 2));
	vk_manifest_string(path, "api_version", value);
	ASSERT_EQ(2, sscanf(value, "%d.%d", &major, &minor));
	EXPECT_EQ(1, major);
	EXPECT_LE(3, minor);
	EXPECT_NE(NULL, dlsym(vk_icd_open(), "vk_icdGetInstanceProcAddr"));
}

TEST(exports_the_loaders_interface_alone)
{
	static const char *const allowed[] = {
		"vk_icdGetInstanceProcAddr", "vk_icdGetPhysicalDeviceProcAddr",
		"vk_icdNegotiateLoaderICDInterfaceVersion",
	};
	void *driver = vk_icd_open();
	struct link_map *map;
	char command[640], line[512];
	size_t found = 0;
	FILE *nm;

	must_call(dlinfo(driver, RTLD_DI_LINKMAP, &map));
	snprintf(command, sizeof(command), "nm -D --defined-only --format=posix '%s' 2>/dev/null",
		 map->l_name);
	nm = popen(command, "r");
	ASSERT_NE(NULL, nm);
	while (fgets(line, sizeof(line), nm)) {
		bool known = false;

		line[strcspn(line, " @")] = 0;
		for (size_t i = 0; i < ARRAY_SIZE(allowed); i++)
			known |= !strcmp(line, allowed[i]);
		EXPECT_TRUE(known || strncmp(line, "vk", 2)) TH_LOG("exports %s", line);
		found += known;
	}
	if (pclose(nm))
		SKIP(return, "no nm here");
	EXPECT_EQ(ARRAY_SIZE(allowed), found);
}

TEST(negotiates)
{
	void *driver = vk_icd_open();
	PFN_vk_icdNegotiateLoaderICDInterfaceVersion negotiate;
	PFN_vk_icdGetInstanceProcAddr get;
	PFN_vk_icdGetPhysicalDeviceProcAddr physical;
	uint32_t version = 5;

	get = (PFN_vk_icdGetInstanceProcAddr)dlsym(driver, "vk_icdGetInstanceProcAddr");
	ASSERT_NE(NULL, get);
	/* As an application may load it directly, by that one function. */
	negotiate = (PFN_vk_icdNegotiateLoaderICDInterfaceVersion)
		get(NULL, "vk_icdNegotiateLoaderICDInterfaceVersion");
	physical = (PFN_vk_icdGetPhysicalDeviceProcAddr)
		get(NULL, "vk_icdGetPhysicalDeviceProcAddr");
	ASSERT_NE(NULL, negotiate);
	ASSERT_NE(NULL, physical);
	EXPECT_EQ(VK_SUCCESS, negotiate(&version));
	EXPECT_EQ(5, version);
	version = 1000;
	EXPECT_EQ(VK_SUCCESS, negotiate(&version));
	EXPECT_LE(5, version);
	EXPECT_GE(7, version);
	EXPECT_NE(NULL, get(NULL, "vkCreateInstance"));
	EXPECT_NE(NULL, get(NULL, "vkEnumerateInstanceExtensionProperties"));
	EXPECT_EQ(NULL, get(NULL, "vkCreateDevice"));
	EXPECT_EQ(NULL, get(NULL, "vkNoSuchFunction"));
}

static VkResult make_instance(VkInstance *instance)
{
	VkApplicationInfo app = {
		.sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
		.apiVersion = VK_API_VERSION_1_3,
	};
	VkInstanceCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
		.pApplicationInfo = &app,
	};

	return vkCreateInstance(&info, NULL, instance);
}

/* Uses figment's device and lavapipe's, side by side. */
static void both(int sock)
{
	VkPhysicalDevice devices[VK_MAX_DEVICES];
	struct vk_buffer a, b;
	struct vk ours, theirs;

	vk_open(&ours);
	vk_instance(&theirs);
	must_be(vk_find(theirs.instance, false, devices) >= 1);
	theirs.physical = devices[0];
	vk_plain_device(&theirs);
	vk_buffer(&ours, &a, PAGE, OPAQUE_MEMORY);
	vk_buffer(&theirs, &b, PAGE, 0);
	VK(vk_submit(&ours, VK_NOTHING, vk_fill(&ours, a.buffer, PAGE, 1), VK_NOTHING, 0));
	VK(vk_submit(&theirs, VK_NOTHING, vk_fill(&theirs, b.buffer, PAGE, 2), VK_NOTHING, 0));
	VK(vkQueueWaitIdle(theirs.queue));
	VK(vkQueueWaitIdle(ours.queue));
	must_be(words_are(a.map, PAGE, 1));
	must_be(words_are(b.map, PAGE, 2));
	vk_buffer_free(&ours, &a);
	vk_buffer_free(&theirs, &b);
	must_be(!vk_close(&ours));
	must_be(!vk_close(&theirs));
}

TEST(side_by_side_with_lavapipe)
{
	char figment[512], lavapipe[512], env[1100];
	struct child peer;

	ASSERT_TRUE(vk_manifest("figment_icd*.json", figment));
	ASSERT_TRUE(vk_manifest("lvp_icd*.json", lavapipe));
	vk_driver_files(env, "VK_DRIVER_FILES", lavapipe, figment);
	peer = peer_start_env("both", (char *[]){ env, NULL });
	EXPECT_EQ(0, child_join(&peer));
}

static void alone(int sock)
{
	VkPhysicalDevice devices[VK_MAX_DEVICES];
	VkInstance instance;

	VK(make_instance(&instance));
	must_be(vk_find(instance, true, devices) >= 1);
	must_be(vk_find(instance, false, devices) == 0);
	vkDestroyInstance(instance, NULL);
}

TEST(can_be_the_only_driver)
{
	char figment[512], env[1100];
	struct child peer;

	ASSERT_TRUE(vk_manifest("figment_icd*.json", figment));
	vk_driver_files(env, "VK_DRIVER_FILES", figment, NULL);
	peer = peer_start_env("alone", (char *[]){ env, NULL });
	EXPECT_EQ(0, child_join(&peer));
}

static void first(int sock)
{
	VkPhysicalDevice physical;
	uint32_t one = 1;
	VkInstance instance;
	VkResult result;

	VK(make_instance(&instance));
	result = vkEnumeratePhysicalDevices(instance, &one, &physical);
	must_be(result == VK_SUCCESS || result == VK_INCOMPLETE);
	must_be(vk_is_figment(physical));
	vkDestroyInstance(instance, NULL);
}

TEST(comes_before_the_cpu)
{
	char figment[512], lavapipe[512], env[1100];
	struct child peer;

	ASSERT_TRUE(vk_manifest("figment_icd*.json", figment));
	ASSERT_TRUE(vk_manifest("lvp_icd*.json", lavapipe));
	vk_driver_files(env, "VK_DRIVER_FILES", lavapipe, figment);
	peer = peer_start_env("first", (char *[]){ env, NULL });
	EXPECT_EQ(0, child_join(&peer));
	vk_driver_files(env, "VK_DRIVER_FILES", figment, lavapipe);
	peer = peer_start_env("first", (char *[]){ env, NULL });
	EXPECT_EQ(0, child_join(&peer));
}

/* How many devices the driver has, when asked without the loader between. */
static int ask_the_driver(void)
{
	PFN_vk_icdGetInstanceProcAddr get = (PFN_vk_icdGetInstanceProcAddr)
		dlsym(vk_icd_open(), "vk_icdGetInstanceProcAddr");
	PFN_vk_icdNegotiateLoaderICDInterfaceVersion negotiate =
		(PFN_vk_icdNegotiateLoaderICDInterfaceVersion)
		get(NULL, "vk_icdNegotiateLoaderICDInterfaceVersion");
	PFN_vkCreateInstance create = (PFN_vkCreateInstance)get(NULL, "vkCreateInstance");
	PFN_vkEnumeratePhysicalDevices enumerate;
	PFN_vkDestroyInstance destroy;
	VkInstanceCreateInfo info = { .sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO };
	uint32_t version = 7, count = 1;
	VkPhysicalDevice physical;
	VkInstance instance;

	if (negotiate(&version) || create(&info, NULL, &instance))
		return -1;
	enumerate = (PFN_vkEnumeratePhysicalDevices)get(instance, "vkEnumeratePhysicalDevices");
	destroy = (PFN_vkDestroyInstance)get(instance, "vkDestroyInstance");
	if (enumerate(instance, &count, &physical))
		return -2;
	destroy(instance, NULL);
	return count;
}

/* Covers $SELFTEST_COVER in this process's view of the files, and looks for devices. */
static void bereft(int sock)
{
	const char *cover = getenv("SELFTEST_COVER"), *word = getenv("SELFTEST_WORD");
	int log = must_call(memfd_create("stderr", MFD_CLOEXEC)), old, found[2];
	char text[4096] = { 0 };
	VkInstance instance;
	VkResult result;
	bool is_dir = *cover && cover[strlen(cover) - 1] == '/';

	must_call(unshare(CLONE_NEWNS));
	must_call(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	must_call(is_dir ? mount("none", cover, "tmpfs", 0, NULL)
			 : mount("/dev/null", cover, NULL, MS_BIND, NULL));
	old = must_call(dup(STDERR_FILENO));
	must_call(dup2(log, STDERR_FILENO));
	for (int i = 0; i < 2; i++)
		found[i] = ask_the_driver();
	result = make_instance(&instance);
	if (!result)
		vkDestroyInstance(instance, NULL);
	must_call(dup2(old, STDERR_FILENO));
	must_call(pread(log, text, sizeof(text) - 1, 0));
	fprintf(stderr, "# it said: %s", text);
	must_be(found[0] == 0 && found[1] == 0);
	must_be(result == VK_SUCCESS);
	/* One line, said once, that names what is missing. */
	must_be(!strncmp(text, "figment: ", 9));
	must_be(strstr(text, word));
	must_be(strchr(text, '\n') == text + strlen(text) - 1);
}

static int run_bereft(const char *cover, const char *word)
{
	char figment[512], env[3][1100];
	struct child peer;

	must_be(vk_manifest("figment_icd*.json", figment));
	vk_driver_files(env[0], "VK_DRIVER_FILES", figment, NULL);
	vk_driver_files(env[1], "SELFTEST_COVER", cover, NULL);
	vk_driver_files(env[2], "SELFTEST_WORD", word, NULL);
	peer = peer_start_env("bereft", (char *[]){ env[0], env[1], env[2], NULL });
	return child_join(&peer);
}

TEST(without_lavapipe)
{
	struct link_map *map;
	void *lavapipe = dlopen("libvulkan_lvp.so", RTLD_NOW | RTLD_LOCAL);

	if (!is_root())
		SKIP(return, "hiding files needs root");
	ASSERT_NE(NULL, lavapipe);
	must_call(dlinfo(lavapipe, RTLD_DI_LINKMAP, &map));
	EXPECT_EQ(0, run_bereft(map->l_name, "mesa-vulkan-drivers"));
}

TEST(without_a_render_node)
{
	if (!is_root())
		SKIP(return, "hiding files needs root");
	EXPECT_EQ(0, run_bereft("/dev/dri/", "render node"));
}

VK_HARNESS_MAIN({ "both", both }, { "alone", alone }, { "first", first }, { "bereft", bereft },)

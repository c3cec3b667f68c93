// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: capabilities that are hidden, by the module's hide= and by FIGMENT_HIDE
 *
 * Each is looked at from a process of its own, which sees a device that never had
 * it, and uses what is left.
 *
 * Catches a shim that hides the word but not the deed, or the deed but not the word
 * (an extension, a feature, a version, a query); whose waits without timelines do
 * not work; that takes a typing error for nothing to hide.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fixture.h"

#define SIZE	PAGE

FIXTURE(hidden) {
};

FIXTURE_VARIANT(hidden) {
	bool module;
};

FIXTURE_VARIANT_ADD(hidden, by_the_environment) {
	.module = false,
};

FIXTURE_VARIANT_ADD(hidden, by_the_module) {
	.module = true,
};

FIXTURE_SETUP(hidden)
{
}

FIXTURE_TEARDOWN(hidden)
{
}

/* Run a role where @words are hidden. */
static int run_with(bool module, const char *words, const char *role)
{
	char env[VK_ENV], params[VK_ENV];
	struct child peer;
	int ret;

	snprintf(params, sizeof(params), "hide=%s", words);
	vk_driver_files(env, "FIGMENT_HIDE", words, NULL);
	if (module)
		module_reload(params);
	peer = peer_start_env(role, (char *[]){ module ? "FIGMENT_HIDE=" : env, NULL });
	ret = child_join(&peer);
	if (module)
		module_reload("hide=");
	return ret;
}

static bool has_extension(VkPhysicalDevice physical, const char *name)
{
	static VkExtensionProperties list[512];
	uint32_t count = ARRAY_SIZE(list);

	VK(vkEnumerateDeviceExtensionProperties(physical, NULL, &count, list));
	for (uint32_t i = 0; i < count; i++) {
		if (!strcmp(list[i].extensionName, name))
			return true;
	}
	return false;
}

static VkResult plain_submit(struct vk *vk, VkSemaphore wait, VkCommandBuffer cmd,
			     VkSemaphore signal, VkFence fence)
{
	VkPipelineStageFlags stage = VK_PIPELINE_STAGE_ALL_COMMANDS_BIT;
	VkSubmitInfo info = {
		.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
		.waitSemaphoreCount = !!wait,
		.pWaitSemaphores = &wait,
		.pWaitDstStageMask = &stage,
		.commandBufferCount = !!cmd,
		.pCommandBuffers = &cmd,
		.signalSemaphoreCount = !!signal,
		.pSignalSemaphores = &signal,
	};

	return vkQueueSubmit(vk->queue, 1, &info, fence);
}

static VkExternalSemaphoreProperties ask_semaphore(VkPhysicalDevice physical,
						   VkSemaphoreType kind, uint32_t bit)
{
	VkSemaphoreTypeCreateInfo type = {
		.sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
		.semaphoreType = kind,
	};
	VkPhysicalDeviceExternalSemaphoreInfo info = {
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_SEMAPHORE_INFO,
		.pNext = &type,
		.handleType = bit,
	};
	VkExternalSemaphoreProperties p = {
		.sType = VK_STRUCTURE_TYPE_EXTERNAL_SEMAPHORE_PROPERTIES,
	};

	vkGetPhysicalDeviceExternalSemaphoreProperties(physical, &info, &p);
	return p;
}

static uint32_t ask_fence(VkPhysicalDevice physical, uint32_t bit)
{
	VkPhysicalDeviceExternalFenceInfo info = {
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_FENCE_INFO,
		.handleType = bit,
	};
	VkExternalFenceProperties p = {
		.sType = VK_STRUCTURE_TYPE_EXTERNAL_FENCE_PROPERTIES,
	};

	vkGetPhysicalDeviceExternalFenceProperties(physical, &info, &p);
	return p.externalFenceFeatures;
}

static VkExternalMemoryProperties ask_memory(VkPhysicalDevice physical, uint32_t bit)
{
	VkPhysicalDeviceExternalBufferInfo info = {
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_BUFFER_INFO,
		.usage = VK_BUFFER_USAGE_TRANSFER_DST_BIT,
		.handleType = bit,
	};
	VkExternalBufferProperties p = {
		.sType = VK_STRUCTURE_TYPE_EXTERNAL_BUFFER_PROPERTIES,
	};

	vkGetPhysicalDeviceExternalBufferProperties(physical, &info, &p);
	return p.externalMemoryProperties;
}

/* No timelines to be seen; and everything else works as before there were any. */
static void no_timeline(int sock)
{
	static const char *const extensions[] = {
		VK_KHR_EXTERNAL_FENCE_FD_EXTENSION_NAME,
		VK_KHR_EXTERNAL_SEMAPHORE_FD_EXTENSION_NAME,
		VK_KHR_EXTERNAL_MEMORY_FD_EXTENSION_NAME,
	};
	static const char *const timeline[] = { VK_KHR_TIMELINE_SEMAPHORE_EXTENSION_NAME };
	VkPhysicalDeviceTimelineSemaphoreFeatures feature = {
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_TIMELINE_SEMAPHORE_FEATURES,
		.timelineSemaphore = VK_TRUE,
	};
	VkPhysicalDeviceFeatures2 features = {
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2,
		.pNext = &feature,
	};
	VkPhysicalDeviceProperties p;
	VkSemaphore sem, shared, other;
	struct vk_buffer buf;
	struct held held;
	VkFence fence;
	struct vk vk;
	int file;

	vk_instance(&vk);
	vkGetPhysicalDeviceProperties(vk.physical, &p);
	must_be(VK_API_VERSION_MAJOR(p.apiVersion) == 1 && VK_API_VERSION_MINOR(p.apiVersion) == 1);
	vkGetPhysicalDeviceFeatures2(vk.physical, &features);
	must_be(!feature.timelineSemaphore);
	must_be(!has_extension(vk.physical, timeline[0]));
	must_be(!ask_semaphore(vk.physical, VK_SEMAPHORE_TYPE_TIMELINE, OPAQUE_SEM)
		 .externalSemaphoreFeatures);
	must_be(ask_semaphore(vk.physical, VK_SEMAPHORE_TYPE_BINARY, OPAQUE_SEM)
		.externalSemaphoreFeatures);
	vk.quiet = true;
	must_be(vk_device_with(&vk, NULL, timeline, 1) == VK_ERROR_EXTENSION_NOT_PRESENT);
	vk.quiet = false;

	/* Work that waits for what is held, and whose file is pending until it is done. */
	VK(vk_device_with(&vk, NULL, extensions, ARRAY_SIZE(extensions)));
	fence = vk_fence(&vk, 0, SYNC_FENCE);
	sem = vk_semaphore(&vk, SYNC_SEM);
	vk_buffer(&vk, &buf, SIZE, OPAQUE_MEMORY);
	held_make(&held);
	VK(vk_semaphore_import(&vk, sem, SYNC_SEM, VK_SEMAPHORE_IMPORT_TEMPORARY_BIT, held.file));
	VK(plain_submit(&vk, sem, NULL, sem, fence));
	must_be(vk_fence_pending(&vk, fence));
	file = vk_semaphore_fd(&vk, sem, SYNC_SEM);
	must_be(stays_pending(file));
	held_release(&held, 0);
	must_be(settle(file) == 1);
	VK(vk_fence_wait(&vk, fence));
	close(file);

	/* A binary payload that is shared, waited for before its signal is there. */
	shared = vk_semaphore(&vk, OPAQUE_SEM);
	other = vk_semaphore(&vk, OPAQUE_SEM);
	VK(vk_semaphore_import(&vk, other, OPAQUE_SEM, 0,
			       vk_semaphore_fd(&vk, shared, OPAQUE_SEM)));
	VK(plain_submit(&vk, VK_NULL_HANDLE, NULL, shared, VK_NULL_HANDLE));
	VK(vkResetFences(vk.device, 1, &fence));
	/* The validation layer does not see that both are one. */
	vk.quiet = true;
	VK(plain_submit(&vk, other, NULL, VK_NULL_HANDLE, fence));
	VK(vk_fence_wait(&vk, fence));
	vk.quiet = false;
	VK(vkQueueWaitIdle(vk.queue));
	vkDestroySemaphore(vk.device, sem, NULL);
	vkDestroySemaphore(vk.device, shared, NULL);
	vkDestroySemaphore(vk.device, other, NULL);
	vkDestroyFence(vk.device, fence, NULL);
	vk_buffer_free(&vk, &buf);
	held_close(&held);
	must_be(!vk_close(&vk));
}

TEST_F(hidden, timeline)
{
	if (variant->module && !is_root())
		SKIP(return, "loading modules needs root");
	EXPECT_EQ(0, run_with(variant->module, "timeline", "no_timeline"));
}

static void no_modifiers(int sock)
{
	static const char *const name[] = { VK_EXT_IMAGE_DRM_FORMAT_MODIFIER_EXTENSION_NAME };
	VkDrmFormatModifierPropertiesListEXT list = {
		.sType = VK_STRUCTURE_TYPE_DRM_FORMAT_MODIFIER_PROPERTIES_LIST_EXT,
	};
	VkFormatProperties2 p = {
		.sType = VK_STRUCTURE_TYPE_FORMAT_PROPERTIES_2,
		.pNext = &list,
	};
	VkPhysicalDeviceImageDrmFormatModifierInfoEXT modifier = {
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_IMAGE_DRM_FORMAT_MODIFIER_INFO_EXT,
	};
	VkPhysicalDeviceImageFormatInfo2 info = {
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_IMAGE_FORMAT_INFO_2,
		.pNext = &modifier,
		.format = VK_FORMAT_R8G8B8A8_UNORM,
		.type = VK_IMAGE_TYPE_2D,
		.tiling = VK_IMAGE_TILING_DRM_FORMAT_MODIFIER_EXT,
		.usage = VK_IMAGE_USAGE_TRANSFER_DST_BIT,
	};
	VkImageFormatProperties2 out = {
		.sType = VK_STRUCTURE_TYPE_IMAGE_FORMAT_PROPERTIES_2,
	};
	struct vk vk;

	vk_instance(&vk);
	vk.quiet = true;
	must_be(!has_extension(vk.physical, name[0]));
	must_be(has_extension(vk.physical, VK_EXT_EXTERNAL_MEMORY_DMA_BUF_EXTENSION_NAME));
	must_be(vk_device_with(&vk, NULL, name, 1) == VK_ERROR_EXTENSION_NOT_PRESENT);
	vkGetPhysicalDeviceFormatProperties2(vk.physical, VK_FORMAT_R8G8B8A8_UNORM, &p);
	must_be(!list.drmFormatModifierCount);
	must_be(vkGetPhysicalDeviceImageFormatProperties2(vk.physical, &info, &out) ==
		VK_ERROR_FORMAT_NOT_SUPPORTED);
	vk_close(&vk);
}

TEST_F(hidden, modifiers)
{
	if (variant->module && !is_root())
		SKIP(return, "loading modules needs root");
	EXPECT_EQ(0, run_with(variant->module, "modifiers", "no_modifiers"));
}

static const char *const memory_fd[] = {
	VK_KHR_EXTERNAL_MEMORY_FD_EXTENSION_NAME,
	VK_EXT_EXTERNAL_MEMORY_DMA_BUF_EXTENSION_NAME,
};

static void no_import(int sock)
{
	VkDeviceMemory memory;
	struct vk vk;
	int fd;

	vk_instance(&vk);
	for (uint32_t bit = OPAQUE_MEMORY; bit; bit = bit == OPAQUE_MEMORY ? DMA_BUF_MEMORY : 0)
		must_be(ask_memory(vk.physical, bit).externalMemoryFeatures ==
			VK_EXTERNAL_MEMORY_FEATURE_EXPORTABLE_BIT);
	VK(vk_device_with(&vk, NULL, memory_fd, 2));
	VK(vk_allocate(&vk, SIZE, OPAQUE_MEMORY, 0, -1, &memory));
	fd = vk_memory_fd(&vk, memory, OPAQUE_MEMORY);
	vkFreeMemory(vk.device, memory, NULL);
	vk.quiet = true;
	must_be(vk_allocate(&vk, SIZE, 0, OPAQUE_MEMORY, fd, &memory) ==
		VK_ERROR_INVALID_EXTERNAL_HANDLE);
	must_be(vk_allocate(&vk, SIZE, 0, DMA_BUF_MEMORY, fd, &memory) ==
		VK_ERROR_INVALID_EXTERNAL_HANDLE);
	must_be(fd_is_open(fd));
	close(fd);
	vk_close(&vk);
}

static void no_export(int sock)
{
	VkDeviceMemory memory;
	struct vk vk;

	vk_instance(&vk);
	for (uint32_t bit = OPAQUE_MEMORY; bit; bit = bit == OPAQUE_MEMORY ? DMA_BUF_MEMORY : 0)
		must_be(ask_memory(vk.physical, bit).externalMemoryFeatures ==
			VK_EXTERNAL_MEMORY_FEATURE_IMPORTABLE_BIT);
	VK(vk_device_with(&vk, NULL, memory_fd, 2));
	vk.quiet = true;
	must_be(vk_allocate(&vk, SIZE, OPAQUE_MEMORY, 0, -1, &memory) < 0);
	must_be(vk_allocate(&vk, SIZE, DMA_BUF_MEMORY, 0, -1, &memory) < 0);
	vk_close(&vk);
}

static void no_prime(int sock)
{
	struct vk vk;

	vk_instance(&vk);
	must_be(!ask_memory(vk.physical, OPAQUE_MEMORY).externalMemoryFeatures);
	must_be(!ask_memory(vk.physical, DMA_BUF_MEMORY).externalMemoryFeatures);
	for (size_t i = 0; i < ARRAY_SIZE(memory_fd); i++)
		must_be(!has_extension(vk.physical, memory_fd[i]));
	must_be(has_extension(vk.physical, VK_KHR_EXTERNAL_FENCE_FD_EXTENSION_NAME));
	must_be(!vk_close(&vk));
}

TEST_F(hidden, prime)
{
	if (variant->module && !is_root())
		SKIP(return, "loading modules needs root");
	EXPECT_EQ(0, run_with(variant->module, "prime-import", "no_import"));
	EXPECT_EQ(0, run_with(variant->module, "prime-export", "no_export"));
	EXPECT_EQ(0, run_with(variant->module, "prime-import,prime-export", "no_prime"));
}

/* What has one handle type less: $FIGMENT_HIDE is the type's word. */
static void no_type(int sock)
{
	static const struct {
		const char *word, *extension;
		enum { MEMORY, FENCE, SEMAPHORE } kind;
		uint32_t bit, other;
		bool last;	/* of its extension's */
	} types[] = {
		{ "memory-opaque-fd", "VK_KHR_external_memory_fd", MEMORY, OPAQUE_MEMORY,
		  DMA_BUF_MEMORY, false },
		{ "memory-dma-buf", "VK_EXT_external_memory_dma_buf", MEMORY, DMA_BUF_MEMORY,
		  OPAQUE_MEMORY, true },
		{ "memory-host-allocation", "VK_EXT_external_memory_host", MEMORY,
		  VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT,
		  VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_MAPPED_FOREIGN_MEMORY_BIT_EXT, false },
		{ "memory-host-mapped-foreign", "VK_EXT_external_memory_host", MEMORY,
		  VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_MAPPED_FOREIGN_MEMORY_BIT_EXT,
		  VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT, false },
		{ "fence-opaque-fd", "VK_KHR_external_fence_fd", FENCE, OPAQUE_FENCE, SYNC_FENCE,
		  false },
		{ "fence-sync-fd", "VK_KHR_external_fence_fd", FENCE, SYNC_FENCE, OPAQUE_FENCE,
		  false },
		{ "semaphore-opaque-fd", "VK_KHR_external_semaphore_fd", SEMAPHORE, OPAQUE_SEM,
		  SYNC_SEM, false },
		{ "semaphore-sync-fd", "VK_KHR_external_semaphore_fd", SEMAPHORE, SYNC_SEM,
		  OPAQUE_SEM, false },
	};
	const char *word = getenv("FIGMENT_HIDE");
	size_t i = 0;
	struct vk vk;

	while (strcmp(types[i].word, word))
		must_be(++i < ARRAY_SIZE(types));
	vk_instance(&vk);
	must_be(has_extension(vk.physical, types[i].extension) == !types[i].last);
	if (types[i].kind == MEMORY) {
		VkExternalMemoryProperties p = ask_memory(vk.physical, types[i].other);

		must_be(!ask_memory(vk.physical, types[i].bit).externalMemoryFeatures);
		must_be(p.externalMemoryFeatures);
		must_be(!(p.compatibleHandleTypes & types[i].bit));
		must_be(!(p.exportFromImportedHandleTypes & types[i].bit));
	} else if (types[i].kind == FENCE) {
		must_be(!ask_fence(vk.physical, types[i].bit));
		must_be(ask_fence(vk.physical, types[i].other));
	} else {
		VkExternalSemaphoreProperties p =
			ask_semaphore(vk.physical, VK_SEMAPHORE_TYPE_BINARY, types[i].other);

		must_be(!ask_semaphore(vk.physical, VK_SEMAPHORE_TYPE_BINARY, types[i].bit)
			 .externalSemaphoreFeatures);
		must_be(p.externalSemaphoreFeatures);
		must_be(!(p.compatibleHandleTypes & types[i].bit));
	}

	/* Nor can it be done. */
	if (types[i].kind == MEMORY && (types[i].bit & (OPAQUE_MEMORY | DMA_BUF_MEMORY))) {
		VkDeviceMemory memory;
		int fd = wrong_fd(WRONG_DMA_BUF);

		VK(vk_device_with(&vk, NULL, memory_fd, 1));
		vk.quiet = true;
		must_be(vk_allocate(&vk, SIZE, types[i].bit, 0, -1, &memory) < 0);
		must_be(vk_allocate(&vk, SIZE, 0, types[i].bit, fd, &memory) < 0);
		must_be(fd_is_open(fd));
	} else if (types[i].kind == FENCE) {
		VkFence fence;

		VK(vk_device_with(&vk, NULL, &types[i].extension, 1));
		fence = vk_fence(&vk, 0, types[i].other);
		vk.quiet = true;
		must_be(vk_fence_import(&vk, fence, types[i].bit, VK_FENCE_IMPORT_TEMPORARY_BIT,
					wrong_fd(types[i].bit == OPAQUE_FENCE ? WRONG_SYNCOBJ :
						 WRONG_SYNC_FILE)) < 0);
		vkDestroyFence(vk.device, fence, NULL);
	} else if (types[i].kind == SEMAPHORE) {
		VkSemaphore sem;

		VK(vk_device_with(&vk, NULL, &types[i].extension, 1));
		sem = vk_semaphore(&vk, types[i].other);
		vk.quiet = true;
		must_be(vk_semaphore_import(&vk, sem, types[i].bit,
					    VK_SEMAPHORE_IMPORT_TEMPORARY_BIT,
					    wrong_fd(types[i].bit == OPAQUE_SEM ? WRONG_SYNCOBJ :
						     WRONG_SYNC_FILE)) < 0);
		vkDestroySemaphore(vk.device, sem, NULL);
	}
	vk_close(&vk);
}

TEST(each_handle_type)
{
	static const char *const words[] = {
		"memory-opaque-fd", "memory-dma-buf", "memory-host-allocation",
		"memory-host-mapped-foreign", "fence-opaque-fd", "fence-sync-fd",
		"semaphore-opaque-fd", "semaphore-sync-fd",
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		EXPECT_EQ(0, run_with(false, words[i], "no_type"))
			TH_LOG("%s", words[i]);
	}
}

/*
 * A device with an extension, of the driver itself: the loader refuses what is not in
 * the driver's list, so through it nobody sees whether the driver does.
 */
static VkResult make_directly(const char *extension)
{
	const float priority = 1;
	const VkDeviceQueueCreateInfo queue = {
		.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
		.queueCount = 1,
		.pQueuePriorities = &priority,
	};
	const VkDeviceCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
		.queueCreateInfoCount = 1,
		.pQueueCreateInfos = &queue,
		.enabledExtensionCount = 1,
		.ppEnabledExtensionNames = &extension,
	};
	const VkInstanceCreateInfo none = { .sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO };
	PFN_vkGetInstanceProcAddr get = (PFN_vkGetInstanceProcAddr)
		dlsym(vk_icd_open(), "vk_icdGetInstanceProcAddr");
	VkPhysicalDevice physical;
	VkInstance instance;
	uint32_t count = 1;
	VkDevice device;
	VkResult result;

	VK(((PFN_vkCreateInstance)get(NULL, "vkCreateInstance"))(&none, NULL, &instance));
#define CALL(name) ((PFN_##name)get(instance, #name))
	must_be(CALL(vkEnumeratePhysicalDevices)(instance, &count, &physical) >= 0 && count == 1);
	result = CALL(vkCreateDevice)(physical, &info, NULL, &device);
	if (!result)
		CALL(vkDestroyDevice)(device, NULL);
	CALL(vkDestroyInstance)(instance, NULL);
#undef CALL
	return result;
}

/* Names of extensions, one of them there and one not; and an extension's every type. */
static void no_extensions(int sock)
{
	static const char *const gone[] = {
		VK_EXT_QUEUE_FAMILY_FOREIGN_EXTENSION_NAME,
		VK_KHR_SWAPCHAIN_EXTENSION_NAME,
		VK_KHR_EXTERNAL_FENCE_FD_EXTENSION_NAME,
	};
	struct vk vk;

	vk_instance(&vk);
	vk.quiet = true;
	for (size_t i = 0; i < ARRAY_SIZE(gone); i++) {
		must_be(!has_extension(vk.physical, gone[i]));
		must_be(vk_device_with(&vk, NULL, &gone[i], 1) == VK_ERROR_EXTENSION_NOT_PRESENT);
		must_be(make_directly(gone[i]) == VK_ERROR_EXTENSION_NOT_PRESENT);
	}
	must_be(has_extension(vk.physical, VK_KHR_EXTERNAL_SEMAPHORE_FD_EXTENSION_NAME));
	VK(make_directly(VK_KHR_EXTERNAL_SEMAPHORE_FD_EXTENSION_NAME));
	vk_close(&vk);
}

TEST(extensions_by_name)
{
	EXPECT_EQ(0, run_with(false, "VK_EXT_queue_family_foreign,VK_NOBODY_has_this,"
			      "VK_KHR_swapchain,fence-opaque-fd,fence-sync-fd", "no_extensions"));
}

/* There is no device, and a line that says why. */
static void mistaken(int sock)
{
	int log = must_call(memfd_create("stderr", MFD_CLOEXEC));
	int old = must_call(dup(STDERR_FILENO));
	VkInstanceCreateInfo info = { .sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO };
	uint32_t count = 0, figments = 0;
	VkPhysicalDevice devices[VK_MAX_DEVICES];
	char text[4096] = { 0 };
	VkInstance instance;

	must_call(dup2(log, STDERR_FILENO));
	VK(vkCreateInstance(&info, NULL, &instance));
	count = VK_MAX_DEVICES;
	/* The loader calls it an error if no driver has any. */
	if (vkEnumeratePhysicalDevices(instance, &count, devices))
		count = 0;
	for (uint32_t i = 0; i < count; i++) {
		VkPhysicalDeviceProperties p;

		vkGetPhysicalDeviceProperties(devices[i], &p);
		figments += p.deviceType == VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU;
	}
	vkDestroyInstance(instance, NULL);
	must_call(dup2(old, STDERR_FILENO));
	must_call(pread(log, text, sizeof(text) - 1, 0));
	must_be(!figments);
	must_be(strstr(text, "figment: no device: FIGMENT_"));
	must_be(strstr(text, getenv("SELFTEST_WORD")));
}

TEST(mistakes_are_not_ignored)
{
	static const struct {
		char *env, *word;
	} wrong[] = {
		{ "FIGMENT_HIDE=timelines", "SELFTEST_WORD=timelines" },
		{ "FIGMENT_HIDE=timeline,nonsense", "SELFTEST_WORD=nonsense" },
		{ "FIGMENT_FAULT=delay", "SELFTEST_WORD=delay" },
		{ "FIGMENT_FAULT=delay=20", "SELFTEST_WORD=delay=20" },
		{ "FIGMENT_FAULT=delay=20minutes", "SELFTEST_WORD=20minutes" },
		{ "FIGMENT_FAULT=delay=61s", "SELFTEST_WORD=61s" },
		{ "FIGMENT_FAULT=seed=x", "SELFTEST_WORD=seed=x" },
		{ "FIGMENT_FAULT=fail=0", "SELFTEST_WORD=fail=0" },
		{ "FIGMENT_FAULT=fail=1,error=-5", "SELFTEST_WORD=error=-5" },
		{ "FIGMENT_FAULT=burn=1", "SELFTEST_WORD=burn" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct child peer = peer_start_env("mistaken", (char *[]){ wrong[i].env,
								   wrong[i].word, NULL });

		EXPECT_EQ(0, child_join(&peer))
			TH_LOG("%s", wrong[i].env);
	}
}

int main(int argc, char **argv)
{
	static const struct role roles[] = {
		{ "no_timeline", no_timeline }, { "no_modifiers", no_modifiers },
		{ "no_import", no_import }, { "no_export", no_export }, { "no_prime", no_prime },
		{ "no_type", no_type }, { "no_extensions", no_extensions },
		{ "mistaken", mistaken }, { 0 }
	};

	peer_main(roles, argc, argv);
	require_device();
	if (is_root())
		module_restore_at_exit();
	vk_prepare();
	return test_harness_run(argc, argv);
}

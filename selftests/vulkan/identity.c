// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: what the device says it is and can do
 *
 * Catches a shim that passes for a CPU or for lavapipe; whose UUIDs change from
 * process to process, or are lavapipe's; whose DRM node properties are not the
 * nodes'; that advertises what it cannot enable, or twice; that leaves lavapipe's
 * sparse features on; that claims handle types it has not, or takes them; whose
 * pipeline caches are another device's, as lavapipe's would be.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "fixture.h"

FIXTURE(identity) {
	struct vk vk;
};

FIXTURE_SETUP(identity)
{
	vk_instance(&self->vk);
}

FIXTURE_TEARDOWN(identity)
{
	if (!_metadata->exit_code)
		EXPECT_EQ(0, vk_close(&self->vk));
}

static void properties(VkPhysicalDevice physical, void *chain, VkPhysicalDeviceProperties *p)
{
	VkPhysicalDeviceProperties2 p2 = {
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2,
		.pNext = chain,
	};

	vkGetPhysicalDeviceProperties2(physical, &p2);
	if (p)
		*p = p2.properties;
}

static VkPhysicalDeviceIDProperties ids(VkPhysicalDevice physical)
{
	VkPhysicalDeviceIDProperties id = {
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ID_PROPERTIES,
	};

	properties(physical, &id, NULL);
	return id;
}

static uint64_t half(const uint8_t *uuid, int which)
{
	uint64_t word;

	memcpy(&word, uuid + 8 * which, sizeof(word));
	return word;
}

TEST_F(identity, is_a_virtual_gpu)
{
	VkPhysicalDeviceVulkan12Properties v12 = {
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_PROPERTIES,
	};
	VkPhysicalDeviceDriverProperties driver = {
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRIVER_PROPERTIES,
		.pNext = &v12,
	};
	VkPhysicalDevice physical = self->vk.physical;
	VkPhysicalDeviceProperties p, old;

	properties(physical, &driver, &p);
	EXPECT_EQ(VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU, p.deviceType);
	EXPECT_NE(0, p.deviceID);
	EXPECT_NE(0, p.vendorID);
	EXPECT_EQ(0, strncmp(p.deviceName, "figment", 7));
	EXPECT_STREQ("figment", driver.driverName);
	EXPECT_STREQ("figment", v12.driverName);
	EXPECT_STREQ(driver.driverInfo, v12.driverInfo);
	EXPECT_EQ(driver.driverID, v12.driverID);
	vkGetPhysicalDeviceProperties(physical, &old);
	EXPECT_STREQ(p.deviceName, old.deviceName);
	EXPECT_EQ(p.deviceType, old.deviceType);
	EXPECT_EQ(p.deviceID, old.deviceID);
	EXPECT_EQ(p.apiVersion, old.apiVersion);
	EXPECT_LE(VK_API_VERSION_1_3, p.apiVersion);
}

static void teller(int sock)
{
	VkPhysicalDeviceIDProperties id;
	struct vk vk;

	vk_instance(&vk);
	id = ids(vk.physical);
	for (int i = 0; i < 2; i++) {
		send_word(sock, half(id.deviceUUID, i));
		send_word(sock, half(id.driverUUID, i));
	}
	must_be(!vk_close(&vk));
}

TEST_F(identity, uuids_are_the_same_in_every_process)
{
	struct child peer = peer_start("teller");
	VkPhysicalDeviceIDProperties id = ids(self->vk.physical);
	VkPhysicalDeviceVulkan11Properties v11 = {
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_PROPERTIES,
	};

	for (int i = 0; i < 2; i++) {
		EXPECT_EQ(half(id.deviceUUID, i), recv_word(peer.sock));
		EXPECT_EQ(half(id.driverUUID, i), recv_word(peer.sock));
	}
	EXPECT_EQ(0, child_join(&peer));
	EXPECT_EQ(VK_FALSE, id.deviceLUIDValid);
	properties(self->vk.physical, &v11, NULL);
	EXPECT_EQ(0, memcmp(v11.deviceUUID, id.deviceUUID, VK_UUID_SIZE));
	EXPECT_EQ(0, memcmp(v11.driverUUID, id.driverUUID, VK_UUID_SIZE));
	EXPECT_EQ(VK_FALSE, v11.deviceLUIDValid);
}

/* Sees lavapipe itself, too. */
static void neighbour(int sock)
{
	VkPhysicalDevice others[VK_MAX_DEVICES];
	VkPhysicalDeviceIDProperties id, other;
	uint32_t count;
	struct vk vk;

	vk_instance(&vk);
	id = ids(vk.physical);
	count = vk_find(vk.instance, false, others);
	must_be(count);
	for (uint32_t i = 0; i < count; i++) {
		other = ids(others[i]);
		must_be(memcmp(id.deviceUUID, other.deviceUUID, VK_UUID_SIZE));
		must_be(memcmp(id.driverUUID, other.driverUUID, VK_UUID_SIZE));
	}
	must_be(!vk_close(&vk));
}

TEST_F(identity, uuids_are_nobody_elses)
{
	char figment[VK_PATH], lavapipe[VK_PATH], env[VK_ENV];
	struct child peer;

	ASSERT_TRUE(vk_manifest("figment_icd*.json", figment));
	ASSERT_TRUE(vk_manifest("lvp_icd*.json", lavapipe));
	vk_driver_files(env, "VK_DRIVER_FILES", lavapipe, figment);
	peer = peer_start_env("neighbour", (char *[]){ env, NULL });
	EXPECT_EQ(0, child_join(&peer));
}

TEST_F(identity, nodes_are_the_kernels)
{
	VkPhysicalDeviceDrmPropertiesEXT drm = {
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRM_PROPERTIES_EXT,
	};
	struct figment_node node;
	struct stat st;

	must(figment_enumerate(&node, 1));
	properties(self->vk.physical, &drm, NULL);
	ASSERT_TRUE(drm.hasPrimary);
	ASSERT_TRUE(drm.hasRender);
	must_call(stat(node.render, &st));
	EXPECT_EQ(major(st.st_rdev), drm.renderMajor);
	EXPECT_EQ(minor(st.st_rdev), drm.renderMinor);
	must_call(stat(node.primary, &st));
	EXPECT_EQ(major(st.st_rdev), drm.primaryMajor);
	EXPECT_EQ(minor(st.st_rdev), drm.primaryMinor);
}

static VkResult create_with(VkPhysicalDevice physical, const char *const *names, uint32_t count,
			    const VkPhysicalDeviceFeatures *features, VkDevice *device)
{
	VkDeviceCreateInfo info = {
		.enabledExtensionCount = count,
		.ppEnabledExtensionNames = names,
		.pEnabledFeatures = features,
	};

	return vk_create_device(physical, info, NULL, device);
}

static uint32_t list_extensions(VkPhysicalDevice physical, VkExtensionProperties list[512],
				const char *names[512])
{
	uint32_t count = 512;

	VK(vkEnumerateDeviceExtensionProperties(physical, NULL, &count, list));
	for (uint32_t i = 0; i < count; i++)
		names[i] = list[i].extensionName;
	return count;
}

TEST_F(identity, every_extension_can_be_enabled)
{
	static VkExtensionProperties list[512], some[3];
	static const char *names[512];
	VkPhysicalDevice physical = self->vk.physical;
	uint32_t count = list_extensions(physical, list, names), n = 0;
	const char *unknown = "VK_FIGMENT_no_such_extension";
	VkDevice device;

	for (uint32_t i = 0; i < count; i++) {
		for (uint32_t k = 0; k < i; k++)
			EXPECT_STRNE(names[k], names[i]);
		EXPECT_LT(0, list[i].specVersion);
	}
	VK(vkEnumerateDeviceExtensionProperties(physical, NULL, &n, NULL));
	EXPECT_EQ(count, n);
	n = ARRAY_SIZE(some);
	EXPECT_EQ(VK_INCOMPLETE, vkEnumerateDeviceExtensionProperties(physical, NULL, &n, some));
	EXPECT_EQ(ARRAY_SIZE(some), n);

	self->vk.quiet = true;
	ASSERT_EQ(VK_SUCCESS, create_with(physical, names, count, NULL, &device));
	vkDestroyDevice(device, NULL);
	EXPECT_EQ(VK_ERROR_EXTENSION_NOT_PRESENT,
		  create_with(physical, &unknown, 1, NULL, &device));
}

/* What clients look for by these names, promoted to core or not. */
TEST_F(identity, sharing_extensions_are_there)
{
	static const struct {
		const char *extension, *function;
	} wanted[] = {
		{ "VK_KHR_external_memory_fd", "vkGetMemoryFdKHR" },
		{ "VK_KHR_external_fence_fd", "vkImportFenceFdKHR" },
		{ "VK_KHR_external_semaphore_fd", "vkImportSemaphoreFdKHR" },
		{ "VK_EXT_image_drm_format_modifier", "vkGetImageDrmFormatModifierPropertiesEXT" },
		{ "VK_KHR_timeline_semaphore", "vkGetSemaphoreCounterValueKHR" },
		{ "VK_KHR_synchronization2", "vkQueueSubmit2KHR" },
		{ "VK_EXT_external_memory_host", "vkGetMemoryHostPointerPropertiesEXT" },
		{ "VK_EXT_external_memory_dma_buf", NULL },
		{ "VK_EXT_queue_family_foreign", NULL },
		{ "VK_EXT_physical_device_drm", NULL },
		{ "VK_KHR_image_format_list", NULL },
		{ "VK_KHR_external_memory", NULL },
		{ "VK_KHR_external_fence", NULL },
		{ "VK_KHR_external_semaphore", NULL },
		{ "VK_KHR_bind_memory2", "vkBindBufferMemory2KHR" },
		{ "VK_KHR_get_memory_requirements2", "vkGetImageMemoryRequirements2KHR" },
	};
	/* Of what the shim has lavapipe enable in any case. */
	static const char *const commands[] = {
		"vkCmdPipelineBarrier2KHR", "vkCmdResetEvent2KHR", "vkCmdSetEvent2KHR",
		"vkCmdWaitEvents2KHR", "vkCmdWriteTimestamp2KHR", "vkQueueSubmit2KHR",
	};
	static const char *sync2 = "VK_KHR_synchronization2";
	static VkExtensionProperties list[512];
	static const char *names[512];
	VkPhysicalDevice physical = self->vk.physical;
	const char *chosen[ARRAY_SIZE(wanted)];
	uint32_t count = list_extensions(physical, list, names);
	VkDevice device;

	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		bool found = false;

		chosen[i] = wanted[i].extension;
		for (uint32_t k = 0; k < count; k++)
			found |= !strcmp(names[k], chosen[i]);
		EXPECT_TRUE(found) TH_LOG("no %s", chosen[i]);
	}
	ASSERT_EQ(VK_SUCCESS,
		  create_with(physical, chosen, ARRAY_SIZE(wanted), NULL, &device));
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		EXPECT_TRUE(!wanted[i].function ||
			    vkGetDeviceProcAddr(device, wanted[i].function))
			TH_LOG("no %s", wanted[i].function);
	}
	vkDestroyDevice(device, NULL);
	/* And what was not asked for is not to be had. */
	ASSERT_EQ(VK_SUCCESS, create_with(physical, NULL, 0, NULL, &device));
	EXPECT_EQ(NULL, vkGetDeviceProcAddr(device, "vkGetMemoryFdKHR"));
	EXPECT_EQ(NULL, vkGetDeviceProcAddr(device, "vkGetSemaphoreFdKHR"));
	EXPECT_EQ(NULL, vkGetDeviceProcAddr(device, "vkImportFenceFdKHR"));
	EXPECT_EQ(NULL, vkGetDeviceProcAddr(device,
					    "vkGetImageDrmFormatModifierPropertiesEXT"));
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		EXPECT_EQ(NULL, vkGetDeviceProcAddr(device, commands[i]))
			TH_LOG("%s", commands[i]);
	}
	vkDestroyDevice(device, NULL);
	ASSERT_EQ(VK_SUCCESS, create_with(physical, &sync2, 1, NULL, &device));
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		EXPECT_NE(NULL, vkGetDeviceProcAddr(device, commands[i]))
			TH_LOG("%s", commands[i]);
	}
	vkDestroyDevice(device, NULL);
}

TEST_F(identity, nothing_is_sparse)
{
	VkPhysicalDevice physical = self->vk.physical;
	VkPhysicalDeviceFeatures features, ask = { .sparseBinding = VK_TRUE };
	VkPhysicalDeviceProperties p;
	VkQueueFamilyProperties families[8];
	uint32_t count = ARRAY_SIZE(families);
	VkDevice device;

	vkGetPhysicalDeviceFeatures(physical, &features);
	EXPECT_FALSE(features.sparseBinding);
	EXPECT_FALSE(features.sparseResidencyBuffer);
	EXPECT_FALSE(features.sparseResidencyImage2D);
	EXPECT_FALSE(features.sparseResidencyImage3D);
	EXPECT_FALSE(features.sparseResidencyAliased);
	EXPECT_FALSE(features.shaderResourceResidency);
	vkGetPhysicalDeviceQueueFamilyProperties(physical, &count, families);
	for (uint32_t i = 0; i < count; i++)
		EXPECT_EQ(0, families[i].queueFlags & VK_QUEUE_SPARSE_BINDING_BIT);
	properties(physical, NULL, &p);
	EXPECT_EQ(0, p.limits.sparseAddressSpaceSize);
	count = 0;
	vkGetPhysicalDeviceSparseImageFormatProperties(physical, VK_FORMAT_R8G8B8A8_UNORM,
						       VK_IMAGE_TYPE_2D, VK_SAMPLE_COUNT_1_BIT,
						       VK_IMAGE_USAGE_TRANSFER_DST_BIT,
						       VK_IMAGE_TILING_OPTIMAL, &count, NULL);
	EXPECT_EQ(0, count);
	self->vk.quiet = true;
	EXPECT_EQ(VK_ERROR_FEATURE_NOT_PRESENT, create_with(physical, NULL, 0, &ask, &device));
}

static bool all_are(const uint8_t *at, size_t size, uint8_t byte)
{
	for (size_t i = 0; i < size; i++) {
		if (at[i] != byte)
			return false;
	}
	return true;
}

#define UNTOUCHED 0xa5

static void pipeline_cache(struct __test_metadata *_metadata, struct vk *vk)
{
	static const size_t short_sizes[] = {
		0, 4, 16, sizeof(VkPipelineCacheHeaderVersionOne) - 1,
	};
	VkPipelineCacheCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_PIPELINE_CACHE_CREATE_INFO,
	};
	VkPipelineCacheHeaderVersionOne header;
	VkPhysicalDeviceProperties p;
	VkPipelineCache cache, again;
	static uint8_t data[65536];
	size_t whole, size;

	vkGetPhysicalDeviceProperties(vk->physical, &p);
	VK(vkCreatePipelineCache(vk->device, &info, NULL, &cache));
	ASSERT_EQ(VK_SUCCESS, vkGetPipelineCacheData(vk->device, cache, &whole, NULL));
	ASSERT_LE(sizeof(header), whole);
	ASSERT_GT(sizeof(data), whole);

	/* Of no use: nothing is written. */
	for (size_t i = 0; i < ARRAY_SIZE(short_sizes); i++) {
		memset(data, UNTOUCHED, sizeof(data));
		size = short_sizes[i];
		EXPECT_EQ(VK_INCOMPLETE, vkGetPipelineCacheData(vk->device, cache, &size, data));
		EXPECT_EQ(0, size);
		EXPECT_TRUE(all_are(data, sizeof(data), UNTOUCHED));
	}
	/* Just enough, and more. */
	for (int more = 0; more < 2; more++) {
		memset(data, UNTOUCHED, sizeof(data));
		size = more ? sizeof(data) : whole;
		ASSERT_EQ(VK_SUCCESS, vkGetPipelineCacheData(vk->device, cache, &size, data));
		EXPECT_EQ(whole, size);
		EXPECT_TRUE(all_are(data + whole, sizeof(data) - whole, UNTOUCHED));
		memcpy(&header, data, sizeof(header));
		EXPECT_EQ(sizeof(header), header.headerSize);
		EXPECT_EQ(VK_PIPELINE_CACHE_HEADER_VERSION_ONE, header.headerVersion);
		EXPECT_EQ(p.vendorID, header.vendorID);
		EXPECT_EQ(p.deviceID, header.deviceID);
		EXPECT_EQ(0, memcmp(p.pipelineCacheUUID, header.pipelineCacheUUID, VK_UUID_SIZE));
	}
	info.initialDataSize = whole;
	info.pInitialData = data;
	EXPECT_EQ(VK_SUCCESS, vkCreatePipelineCache(vk->device, &info, NULL, &again));
	vkDestroyPipelineCache(vk->device, again, NULL);
	vkDestroyPipelineCache(vk->device, cache, NULL);
}

TEST_F(identity, pipeline_caches_are_the_devices)
{
	VkPhysicalDevice devices[VK_MAX_DEVICES];
	uint32_t count = vk_find(self->vk.instance, true, devices);

	for (uint32_t i = 0; i < count; i++) {
		self->vk.physical = devices[i];
		vk_plain_device(&self->vk);
		pipeline_cache(_metadata, &self->vk);
		vk_device_close(&self->vk);
	}
}

/* Of every bit there is, and those there may be, the ones that are answered wrongly. */
TEST_F(identity, memory_handle_types_are_true)
{
	const VkExternalMemoryHandleTypeFlags both = OPAQUE_MEMORY | DMA_BUF_MEMORY;
	const VkExternalMemoryHandleTypeFlags import_only =
		VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT |
		VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_MAPPED_FOREIGN_MEMORY_BIT_EXT;
	uint32_t features = 0, itself = 0, again = 0;

	self->vk.quiet = true;
	for (uint32_t bit = 1; bit; bit <<= 1) {
		VkPhysicalDeviceExternalBufferInfo info = {
			.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_BUFFER_INFO,
			.usage = VK_BUFFER_USAGE_TRANSFER_DST_BIT,
			.handleType = bit,
		};
		VkExternalBufferProperties answer = {
			.sType = VK_STRUCTURE_TYPE_EXTERNAL_BUFFER_PROPERTIES,
			.externalMemoryProperties = { ~0u, ~0u, ~0u },
		};
		VkExternalMemoryProperties *p = &answer.externalMemoryProperties;
		VkExternalMemoryFeatureFlags want = 0;

		if (bit & both)
			want = VK_EXTERNAL_MEMORY_FEATURE_EXPORTABLE_BIT |
			       VK_EXTERNAL_MEMORY_FEATURE_IMPORTABLE_BIT;
		else if (bit & import_only)
			want = VK_EXTERNAL_MEMORY_FEATURE_IMPORTABLE_BIT;
		vkGetPhysicalDeviceExternalBufferProperties(self->vk.physical, &info, &answer);
		features |= p->externalMemoryFeatures == want ? 0 : bit;
		/* "compatibleHandleTypes must include at least handleType." */
		itself |= ~p->compatibleHandleTypes & bit;
		again |= p->exportFromImportedHandleTypes & ~(want ? both : 0) ? bit : 0;
	}
	EXPECT_EQ(0, features);
	EXPECT_EQ(0, itself);
	EXPECT_EQ(0, again);
}

#define FENCE_BOTH	(VK_EXTERNAL_FENCE_FEATURE_EXPORTABLE_BIT | \
			 VK_EXTERNAL_FENCE_FEATURE_IMPORTABLE_BIT)

TEST_F(identity, fence_handle_types_are_true)
{
	const VkExternalFenceHandleTypeFlags known = OPAQUE_FENCE | SYNC_FENCE;
	uint32_t features = 0, itself = 0, others = 0;

	self->vk.quiet = true;
	for (uint32_t bit = 1; bit; bit <<= 1) {
		VkPhysicalDeviceExternalFenceInfo info = {
			.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_FENCE_INFO,
			.handleType = bit,
		};
		VkExternalFenceProperties p = {
			.sType = VK_STRUCTURE_TYPE_EXTERNAL_FENCE_PROPERTIES,
			.externalFenceFeatures = ~0u,
			.compatibleHandleTypes = ~0u,
			.exportFromImportedHandleTypes = ~0u,
		};

		vkGetPhysicalDeviceExternalFenceProperties(self->vk.physical, &info, &p);
		features |= p.externalFenceFeatures == (bit & known ? FENCE_BOTH : 0) ? 0 : bit;
		itself |= ~p.compatibleHandleTypes & bit & known;
		others |= (p.compatibleHandleTypes | p.exportFromImportedHandleTypes) &
			  ~(known | bit);
	}
	EXPECT_EQ(0, features);
	EXPECT_EQ(0, itself);
	EXPECT_EQ(0, others);
}

#define SEMAPHORE_BOTH	(VK_EXTERNAL_SEMAPHORE_FEATURE_EXPORTABLE_BIT | \
			 VK_EXTERNAL_SEMAPHORE_FEATURE_IMPORTABLE_BIT)

static void semaphore_types(struct __test_metadata *_metadata, VkPhysicalDevice physical,
			    VkSemaphoreType type, VkExternalSemaphoreHandleTypeFlags known)
{
	VkSemaphoreTypeCreateInfo kind = {
		.sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
		.semaphoreType = type,
	};
	uint32_t features = 0, itself = 0, others = 0;

	for (uint32_t bit = 1; bit; bit <<= 1) {
		VkPhysicalDeviceExternalSemaphoreInfo info = {
			.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_SEMAPHORE_INFO,
			.pNext = &kind,
			.handleType = bit,
		};
		VkExternalSemaphoreProperties p = {
			.sType = VK_STRUCTURE_TYPE_EXTERNAL_SEMAPHORE_PROPERTIES,
			.externalSemaphoreFeatures = ~0u,
			.compatibleHandleTypes = ~0u,
			.exportFromImportedHandleTypes = ~0u,
		};

		vkGetPhysicalDeviceExternalSemaphoreProperties(physical, &info, &p);
		features |= p.externalSemaphoreFeatures == (bit & known ? SEMAPHORE_BOTH : 0) ?
			    0 : bit;
		itself |= ~p.compatibleHandleTypes & bit & known;
		others |= (p.compatibleHandleTypes | p.exportFromImportedHandleTypes) &
			  ~(known | bit);
	}
	EXPECT_EQ(0, features);
	EXPECT_EQ(0, itself);
	EXPECT_EQ(0, others);
}

TEST_F(identity, semaphore_handle_types_are_true)
{
	self->vk.quiet = true;
	semaphore_types(_metadata, self->vk.physical, VK_SEMAPHORE_TYPE_BINARY,
			OPAQUE_SEM | SYNC_SEM);
	semaphore_types(_metadata, self->vk.physical, VK_SEMAPHORE_TYPE_TIMELINE, OPAQUE_SEM);
}

TEST_F(vk, other_handle_types_are_refused)
{
	struct vk *vk = &self->vk;
	VkFence fence = vk_fence(vk, VK_FENCE_CREATE_SIGNALED_BIT, 0);
	VkSemaphore sem = vk_semaphore(vk, 0);
	int before, fd = wrong_fd(WRONG_NULL);

	before = count_fds();
	vk->quiet = true;
	for (uint32_t bit = 1; bit; bit <<= 1) {
		VkDeviceMemory memory;

		/* Where the type is one that there is, the fd is not. */
		EXPECT_EQ(VK_ERROR_INVALID_EXTERNAL_HANDLE,
			  vk_allocate(vk, PAGE, 0, bit, fd, &memory))
			TH_LOG("memory %#x", bit);
		EXPECT_EQ(VK_ERROR_INVALID_EXTERNAL_HANDLE,
			  vk_fence_import(vk, fence, bit, VK_FENCE_IMPORT_TEMPORARY_BIT, fd))
			TH_LOG("fence %#x", bit);
		EXPECT_EQ(VK_ERROR_INVALID_EXTERNAL_HANDLE,
			  vk_semaphore_import(vk, sem, bit, VK_SEMAPHORE_IMPORT_TEMPORARY_BIT, fd))
			TH_LOG("semaphore %#x", bit);
		ASSERT_TRUE(fd_is_open(fd));
	}
	EXPECT_EQ(before, count_fds());
	EXPECT_EQ(VK_SUCCESS, vkGetFenceStatus(vk->device, fence));
	close(fd);
	vkDestroyFence(vk->device, fence, NULL);
	vkDestroySemaphore(vk->device, sem, NULL);
}

VK_HARNESS_MAIN({ "teller", teller }, { "neighbour", neighbour },)

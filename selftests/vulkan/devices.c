// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: two figment devices in one machine
 *
 * Catches a shim that takes them for one, or one's nodes or UUIDs for the
 * other's; that takes an opaque handle of the other device, which is nothing to
 * this one; that does not take what any device's is: a dma-buf, a sync_file; whose
 * one device holds up, or is lost with, the other.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fixture.h"

#define SIZE	(2 * PAGE)

FIXTURE(pair) {
	struct vk a, b;
};

FIXTURE_SETUP(pair)
{
	VkPhysicalDevice devices[VK_MAX_DEVICES];

	vk_open(&self->a);
	must_be(vk_find(self->a.instance, true, devices) == 2);
	self->b = self->a;
	self->b.physical = devices[1];
	vk_device(&self->b);
}

FIXTURE_TEARDOWN(pair)
{
	if (_metadata->exit_code)
		return;
	vk_device_close(&self->b);
	EXPECT_EQ(0, vk_close(&self->a));
}

struct what {
	VkPhysicalDeviceProperties p;
	VkPhysicalDeviceIDProperties id;
	VkPhysicalDeviceDrmPropertiesEXT drm;
};

static struct what ask(VkPhysicalDevice physical)
{
	struct what what = {
		.id.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ID_PROPERTIES,
		.drm.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRM_PROPERTIES_EXT,
	};
	VkPhysicalDeviceProperties2 p = {
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2,
		.pNext = &what.id,
	};

	what.id.pNext = &what.drm;
	vkGetPhysicalDeviceProperties2(physical, &p);
	what.p = p.properties;
	return what;
}

TEST_F(pair, are_two)
{
	struct what a = ask(self->a.physical), b = ask(self->b.physical);
	struct figment_node nodes[2];

	ASSERT_EQ(2, figment_enumerate(nodes, 2));
	EXPECT_STRNE(a.p.deviceName, b.p.deviceName);
	EXPECT_NE(a.p.deviceID, b.p.deviceID);
	EXPECT_NE(0, memcmp(a.id.deviceUUID, b.id.deviceUUID, VK_UUID_SIZE));
	EXPECT_EQ(0, memcmp(a.id.driverUUID, b.id.driverUUID, VK_UUID_SIZE));
	EXPECT_EQ(nodes[0].render_minor, a.drm.renderMinor);
	EXPECT_EQ(nodes[1].render_minor, b.drm.renderMinor);
	EXPECT_EQ(nodes[0].primary_minor, a.drm.primaryMinor);
	EXPECT_EQ(nodes[1].primary_minor, b.drm.primaryMinor);
}

TEST_F(pair, groups_are_of_one)
{
	VkPhysicalDeviceGroupProperties groups[VK_MAX_DEVICES] = { 0 };
	uint32_t count = VK_MAX_DEVICES, ours = 0;

	for (uint32_t i = 0; i < count; i++)
		groups[i].sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_GROUP_PROPERTIES;
	VK(vkEnumeratePhysicalDeviceGroups(self->a.instance, &count, groups));
	for (uint32_t i = 0; i < count; i++) {
		EXPECT_EQ(1, groups[i].physicalDeviceCount);
		ours += vk_is_figment(groups[i].physicalDevices[0]);
	}
	EXPECT_EQ(2, ours);
}

TEST_F(pair, opaque_memory_of_the_other_is_refused)
{
	VkDeviceMemory memory;
	struct vk_buffer buf;
	int fd;

	vk_buffer(&self->a, &buf, SIZE, OPAQUE_MEMORY);
	fd = vk_memory_fd(&self->a, buf.memory, OPAQUE_MEMORY);
	self->a.quiet = true;
	EXPECT_EQ(VK_ERROR_INVALID_EXTERNAL_HANDLE,
		  vk_allocate(&self->b, buf.size, 0, OPAQUE_MEMORY, fd, &memory));
	EXPECT_TRUE(fd_is_open(fd));
	close(fd);
	vk_buffer_free(&self->a, &buf);
}

TEST_F(pair, dma_bufs_of_the_other_are_shared)
{
	struct vk_buffer a, b;

	vk_buffer(&self->a, &a, SIZE, DMA_BUF_MEMORY);
	ASSERT_EQ(VK_SUCCESS, vk_buffer_import(&self->b, &b, SIZE, DMA_BUF_MEMORY,
					       vk_memory_fd(&self->a, a.memory, DMA_BUF_MEMORY)));
	vk_run(&self->a, vk_fill(&self->a, a.buffer, SIZE, 1));
	EXPECT_TRUE(words_are(b.map, SIZE, 1));
	vk_run(&self->b, vk_fill(&self->b, b.buffer, SIZE, 2));
	EXPECT_TRUE(words_are(a.map, SIZE, 2));
	vk_buffer_free(&self->a, &a);
	vk_buffer_free(&self->b, &b);
}

TEST_F(pair, files_of_the_other_are_waited_for)
{
	VkSemaphore signal = vk_semaphore(&self->a, SYNC_SEM), wait = vk_semaphore(&self->b, 0);
	VkFence fence = vk_fence(&self->b, 0, 0), free_fence = vk_fence(&self->b, 0, 0);
	struct held held;
	VkSemaphore gate = vk_held(&self->a, &held);

	/* The one's queue is held up; the other's is not, until it waits for it. */
	ASSERT_EQ(VK_SUCCESS, vk_submit(&self->a, vk_binary(gate), NULL, vk_binary(signal), 0));
	ASSERT_EQ(VK_SUCCESS, vk_submit(&self->b, VK_NOTHING, NULL, VK_NOTHING, free_fence));
	EXPECT_EQ(VK_SUCCESS, vk_fence_wait(&self->b, free_fence));
	ASSERT_EQ(VK_SUCCESS, vk_semaphore_import(&self->b, wait, SYNC_SEM,
						  VK_SEMAPHORE_IMPORT_TEMPORARY_BIT,
						  vk_semaphore_fd(&self->a, signal, SYNC_SEM)));
	ASSERT_EQ(VK_SUCCESS, vk_submit(&self->b, vk_binary(wait), NULL, VK_NOTHING, fence));
	EXPECT_TRUE(vk_fence_pending(&self->b, fence));
	held_release(&held, 0);
	EXPECT_EQ(VK_SUCCESS, vk_fence_wait(&self->b, fence));
	VK(vkQueueWaitIdle(self->a.queue));
	vkDestroySemaphore(self->a.device, signal, NULL);
	vkDestroySemaphore(self->a.device, gate, NULL);
	vkDestroySemaphore(self->b.device, wait, NULL);
	vkDestroyFence(self->b.device, fence, NULL);
	vkDestroyFence(self->b.device, free_fence, NULL);
	held_close(&held);
}

/* The first there is, and what it is. */
static void first(int sock)
{
	VkInstanceCreateInfo info = { .sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO };
	VkPhysicalDeviceProperties p;
	VkPhysicalDevice physical;
	VkInstance instance;
	uint32_t one = 1;
	VkResult result;

	VK(vkCreateInstance(&info, NULL, &instance));
	result = vkEnumeratePhysicalDevices(instance, &one, &physical);
	must_be(result == VK_SUCCESS || result == VK_INCOMPLETE);
	vkGetPhysicalDeviceProperties(physical, &p);
	send_word(sock, p.vendorID);
	send_word(sock, p.deviceID);
	vkDestroyInstance(instance, NULL);
}

TEST_F(pair, the_one_that_is_selected_comes_first)
{
	VkPhysicalDevice devices[VK_MAX_DEVICES];

	ASSERT_EQ(2, vk_find(self->a.instance, true, devices));
	for (int i = 0; i < 2; i++) {
		struct what what = ask(devices[i]);
		struct child peer;
		char env[64];

		snprintf(env, sizeof(env), "VK_LOADER_DEVICE_SELECT=0x%x:0x%x", what.p.vendorID,
			 what.p.deviceID);
		peer = peer_start_env("first", (char *[]){ env, NULL });
		EXPECT_EQ(what.p.vendorID, recv_word(peer.sock));
		EXPECT_EQ(what.p.deviceID, recv_word(peer.sock)) {
			TH_LOG("%s", env);
		}
		EXPECT_EQ(0, child_join(&peer));
	}
}

int main(int argc, char **argv)
{
	static const struct role roles[] = { { "first", first }, { 0 } };

	peer_main(roles, argc, argv);
	require_device();
	if (!is_root())
		ksft_exit_skip("loading modules needs root\n");
	module_restore_at_exit();
	module_reload("devices=2");
	vk_prepare();
	return test_harness_run(argc, argv);
}

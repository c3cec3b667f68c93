// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: a device that is unplugged under a program
 *
 * Catches a shim whose waits outlast the device, or that takes what it left undone
 * for done; that cannot be destroyed after, crashes, or finds no device that has
 * come back.
 */
#include <unistd.h>

#include "fixture.h"

#define SIZE	(2 * PAGE)

/* The sudden end of one device; and a new one, in the same process. */
TEST_F(vk, while_work_is_pending)
{
	struct vk *vk = &self->vk, again;
	VkFence fence = vk_fence(vk, 0, 0), held_up = vk_fence(vk, 0, SYNC_FENCE);
	VkFence late = vk_fence(vk, 0, 0);
	VkSemaphore timeline = vk_timeline(vk, 0, 0), sem = vk_semaphore(vk, SYNC_SEM);
	struct vk_buffer buf;
	struct held held;
	VkSemaphore wait = vk_held(vk, &held);
	int file, held_file;

	vk_buffer(vk, &buf, SIZE, OPAQUE_MEMORY);
	/* One job that the kernel has, one that the shim still holds. */
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, vk_binary(wait),
					vk_fill(vk, buf.buffer, SIZE, 1), vk_binary(sem), fence));
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, vk_point(timeline, 1), NULL, VK_NOTHING, held_up));
	file = vk_semaphore_fd(vk, sem, SYNC_SEM);
	held_file = vk_fence_fd(vk, held_up, SYNC_FENCE);
	EXPECT_TRUE(stays_pending(file));
	ASSERT_EQ(0, driver_tell("unbind", "figment0"));

	EXPECT_EQ(VK_ERROR_DEVICE_LOST, vk_fence_wait(vk, fence));
	EXPECT_GT(0, settle(file));
	EXPECT_GT(0, settle(held_file));
	EXPECT_EQ(VK_ERROR_DEVICE_LOST, vk_submit(vk, VK_NOTHING, NULL, VK_NOTHING, late));
	EXPECT_EQ(VK_ERROR_DEVICE_LOST, vkQueueWaitIdle(vk->queue));
	EXPECT_EQ(VK_ERROR_DEVICE_LOST, vkDeviceWaitIdle(vk->device));
	EXPECT_EQ(VK_ERROR_DEVICE_LOST, vk_wait(vk, timeline, 1, LONG_NS));
	close(file);
	close(held_file);
	vkDestroyFence(vk->device, fence, NULL);
	vkDestroyFence(vk->device, held_up, NULL);
	vkDestroyFence(vk->device, late, NULL);
	vkDestroySemaphore(vk->device, timeline, NULL);
	vkDestroySemaphore(vk->device, sem, NULL);
	vkDestroySemaphore(vk->device, wait, NULL);
	vk_buffer_free(vk, &buf);
	vkDestroyCommandPool(vk->device, vk->pool, NULL);
	vkDestroyDevice(vk->device, NULL);
	vk->device = NULL;
	held_close(&held);

	ASSERT_EQ(0, driver_tell("bind", "figment0"));
	vk_open(&again);
	vk_buffer(&again, &buf, SIZE, OPAQUE_MEMORY);
	vk_run(&again, vk_fill(&again, buf.buffer, SIZE, 2));
	EXPECT_TRUE(words_are(buf.map, SIZE, 2));
	vk_buffer_free(&again, &buf);
	EXPECT_EQ(0, vk_close(&again));
	/* The layer may well complain of the other. */
	vk->messages = 0;
}

int main(int argc, char **argv)
{
	require_device();
	if (!is_root())
		ksft_exit_skip("unplugging needs root\n");
	module_restore_at_exit();
	vk_prepare();
	return test_harness_run(argc, argv);
}

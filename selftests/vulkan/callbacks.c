// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: the application's allocation callbacks
 *
 * Catches a shim that does not hand them on, frees with others than it allocated
 * with, leaks what it has made when one fails, or calls that something else than a
 * lack of memory.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fixture.h"

/* Lavapipe's threads allocate too. */
static atomic_long live, asked, fails_at = -1;

static bool fails(void)
{
	long n = atomic_fetch_add(&asked, 1);

	return fails_at >= 0 && n >= fails_at;
}

static void *allocate(void *user, size_t size, size_t align, VkSystemAllocationScope scope)
{
	void *at;

	if (fails() || posix_memalign(&at, align < sizeof(at) ? sizeof(at) : align, size))
		return NULL;
	live++;
	return at;
}

static void release(void *user, void *at)
{
	live -= !!at;
	free(at);
}

static void *reallocate(void *user, void *at, size_t size, size_t align,
			VkSystemAllocationScope scope)
{
	if (!at)
		return allocate(user, size, align, scope);
	if (!size) {
		release(user, at);
		return NULL;
	}
	return fails() ? NULL : realloc(at, size);
}

static const VkAllocationCallbacks callbacks = {
	.pfnAllocation = allocate,
	.pfnReallocation = reallocate,
	.pfnFree = release,
};

/* The next allocation but @n fails, and all that follow; with -1 none. */
static void fail_at(long n)
{
	asked = 0;
	fails_at = n;
}

static VkResult make_semaphore(struct vk *vk, VkSemaphore *sem)
{
	VkExportSemaphoreCreateInfo exports = {
		.sType = VK_STRUCTURE_TYPE_EXPORT_SEMAPHORE_CREATE_INFO,
		.handleTypes = OPAQUE_SEM,
	};
	VkSemaphoreTypeCreateInfo type = {
		.sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
		.pNext = &exports,
		.semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE,
		.initialValue = 3,
	};
	VkSemaphoreCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO,
		.pNext = &type,
	};

	return vkCreateSemaphore(vk->device, &info, &callbacks, sem);
}

static VkResult make_fence(struct vk *vk, VkFence *fence)
{
	VkFenceCreateInfo info = { .sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO };

	return vkCreateFence(vk->device, &info, &callbacks, fence);
}

static VkResult make_memory(struct vk *vk, int fd, VkDeviceMemory *memory)
{
	VkImportMemoryFdInfoKHR import = {
		.sType = VK_STRUCTURE_TYPE_IMPORT_MEMORY_FD_INFO_KHR,
		.handleType = DMA_BUF_MEMORY,
		.fd = fd,
	};
	VkExportMemoryAllocateInfo exports = {
		.sType = VK_STRUCTURE_TYPE_EXPORT_MEMORY_ALLOCATE_INFO,
		.pNext = fd < 0 ? NULL : &import,
		.handleTypes = DMA_BUF_MEMORY,
	};
	VkMemoryAllocateInfo info = {
		.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
		.pNext = &exports,
		.allocationSize = PAGE,
		.memoryTypeIndex = vk_memory_type(vk, ~0u),
	};

	return vkAllocateMemory(vk->device, &info, &callbacks, memory);
}

TEST_F(vk, objects)
{
	struct vk *vk = &self->vk;
	VkDeviceMemory memory, imported;
	long before = live;
	VkSemaphore sem;
	VkFence fence;
	int fds, fd;

	ASSERT_EQ(VK_SUCCESS, make_memory(vk, -1, &memory));
	fd = vk_memory_fd(vk, memory, DMA_BUF_MEMORY);
	fds = count_fds();
	vk->quiet = true;
	fail_at(0);
	EXPECT_EQ(VK_ERROR_OUT_OF_HOST_MEMORY, make_semaphore(vk, &sem));
	EXPECT_EQ(VK_ERROR_OUT_OF_HOST_MEMORY, make_fence(vk, &fence));
	EXPECT_EQ(VK_ERROR_OUT_OF_HOST_MEMORY, make_memory(vk, -1, &imported));
	EXPECT_EQ(VK_ERROR_OUT_OF_HOST_MEMORY, make_memory(vk, fd, &imported));
	fail_at(-1);
	vk->quiet = false;
	EXPECT_TRUE(fd_is_open(fd));
	EXPECT_EQ(fds, count_fds());

	ASSERT_EQ(VK_SUCCESS, make_semaphore(vk, &sem));
	ASSERT_EQ(VK_SUCCESS, make_fence(vk, &fence));
	ASSERT_EQ(VK_SUCCESS, make_memory(vk, fd, &imported));
	EXPECT_LE(before + 4, live);
	vkDestroySemaphore(vk->device, sem, &callbacks);
	vkDestroyFence(vk->device, fence, &callbacks);
	vkFreeMemory(vk->device, imported, &callbacks);
	vkFreeMemory(vk->device, memory, &callbacks);
	EXPECT_EQ(before, live);
}

/* Each of the allocations that a device takes is the one that fails. */
TEST_F(vk, devices)
{
	VkResult result = VK_ERROR_OUT_OF_HOST_MEMORY;
	int fds = count_fds(), threads = count_threads();
	VkDevice device;
	long n;

	self->vk.quiet = true;
	for (n = 0; result == VK_ERROR_OUT_OF_HOST_MEMORY && n < 1000; n++) {
		fail_at(n);
		result = vk_create_device(self->vk.physical, (VkDeviceCreateInfo){ 0 }, &callbacks,
					  &device);
		fail_at(-1);
		if (!result)
			vkDestroyDevice(device, &callbacks);
		EXPECT_EQ(0, live) TH_LOG("the allocation %ld failed", n);
		EXPECT_EQ(fds, count_fds()) TH_LOG("the allocation %ld failed", n);
	}
	EXPECT_EQ(VK_SUCCESS, result);
	EXPECT_LT(1, n);
	EXPECT_EQ(threads, count_threads());
}

VK_HARNESS_MAIN()

// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: memory imported from OPAQUE_FD
 *
 * Catches a shim that takes the fd though it refuses it, or leaks it though it
 * takes it; that takes what is no memory, or somebody else's, or smaller than
 * asked for, and lets the first access crash; to which a size is a number of pages,
 * or any dma-buf of figment's an opaque handle; that counts one buffer's many
 * imports as one, and frees it with the first; that cannot export again what it
 * imported, or import what it exported.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "fixture.h"
#include "foreign.h"

#define SIZE	(2 * PAGE)

TEST_F(vk, refuses_what_is_not_memory)
{
	struct vk *vk = &self->vk;
	VkDeviceMemory memory;

	vk->quiet = true;
	for (int kind = 0; kind < WRONG_FDS; kind++) {
		int fd = wrong_fd(kind);

		/* A page of figment's is memory; it is too small. */
		EXPECT_EQ(VK_ERROR_INVALID_EXTERNAL_HANDLE,
			  vk_allocate(vk, SIZE, 0, OPAQUE_MEMORY, fd, &memory))
			TH_LOG("imported %s", wrong_name(kind));
		EXPECT_EQ(kind != WRONG_CLOSED, fd_is_open(fd))
			TH_LOG("closed %s", wrong_name(kind));
		close(fd);
	}
	EXPECT_EQ(VK_ERROR_INVALID_EXTERNAL_HANDLE,
		  vk_allocate(vk, SIZE, 0, OPAQUE_MEMORY, -1, &memory));
}

TEST_F(vk, refuses_more_than_there_is)
{
	struct vk *vk = &self->vk;
	VkDeviceMemory memory;
	struct vk_buffer buf;
	int fd;

	vk_buffer(vk, &buf, SIZE, OPAQUE_MEMORY);
	fd = vk_memory_fd(vk, buf.memory, OPAQUE_MEMORY);
	vk->quiet = true;
	EXPECT_EQ(VK_ERROR_INVALID_EXTERNAL_HANDLE,
		  vk_allocate(vk, SIZE + PAGE, 0, OPAQUE_MEMORY, fd, &memory));
	EXPECT_EQ(VK_ERROR_INVALID_EXTERNAL_HANDLE,
		  vk_allocate(vk, 1ull << 40, 0, OPAQUE_MEMORY, fd, &memory));
	EXPECT_TRUE(fd_is_open(fd));
	vk->quiet = false;
	/* It is still good for what it is. */
	ASSERT_EQ(VK_SUCCESS, vk_allocate(vk, buf.size, 0, OPAQUE_MEMORY, fd, &memory));
	vkFreeMemory(vk->device, memory, NULL);
	vk_buffer_free(vk, &buf);
}

/* "The size and the memory type of the original", to the byte. */
TEST_F(vk, refuses_another_size_or_type)
{
	static const struct {
		VkDeviceSize size, import;
	} sizes[] = {
		{ SIZE, SIZE - 1 }, { SIZE, SIZE + 1 }, { SIZE, PAGE }, { SIZE, 0 },
		{ 100, 101 }, { 100, 99 }, { 100, PAGE }, { PAGE + 1, SIZE },
	};
	struct vk *vk = &self->vk;
	VkDeviceMemory memory, import;
	VkPhysicalDeviceMemoryProperties types;

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		int fd;

		ASSERT_EQ(VK_SUCCESS,
			  vk_allocate(vk, sizes[i].size, OPAQUE_MEMORY, 0, -1, &memory));
		fd = vk_memory_fd(vk, memory, OPAQUE_MEMORY);
		vk->quiet = true;
		EXPECT_EQ(VK_ERROR_INVALID_EXTERNAL_HANDLE,
			  vk_allocate(vk, sizes[i].import, 0, OPAQUE_MEMORY, fd, &import))
			TH_LOG("%d of %d bytes", (int)sizes[i].import, (int)sizes[i].size);
		EXPECT_TRUE(fd_is_open(fd));
		vk->quiet = false;
		ASSERT_EQ(VK_SUCCESS,
			  vk_allocate(vk, sizes[i].size, 0, OPAQUE_MEMORY, fd, &import));
		vkFreeMemory(vk->device, import, NULL);
		vkFreeMemory(vk->device, memory, NULL);
	}

	vkGetPhysicalDeviceMemoryProperties(vk->physical, &types);
	ASSERT_EQ(VK_SUCCESS, vk_allocate(vk, SIZE, OPAQUE_MEMORY, 0, -1, &memory));
	for (uint32_t type = 0; type <= types.memoryTypeCount; type++) {
		int fd = vk_memory_fd(vk, memory, OPAQUE_MEMORY);
		VkImportMemoryFdInfoKHR from = {
			.sType = VK_STRUCTURE_TYPE_IMPORT_MEMORY_FD_INFO_KHR,
			.handleType = OPAQUE_MEMORY,
			.fd = fd,
		};
		VkMemoryAllocateInfo info = {
			.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
			.pNext = &from,
			.allocationSize = SIZE,
			.memoryTypeIndex = type,
		};

		if (type == vk_memory_type(vk, ~0u)) {
			close(fd);
			continue;
		}
		vk->quiet = true;
		EXPECT_EQ(VK_ERROR_INVALID_EXTERNAL_HANDLE,
			  vkAllocateMemory(vk->device, &info, NULL, &import))
			TH_LOG("type %u", type);
		vk->quiet = false;
		EXPECT_TRUE(fd_is_open(fd));
		close(fd);
	}
	vkFreeMemory(vk->device, memory, NULL);
}

/* It is figment's, and of the right size, but was never anybody's VkDeviceMemory. */
TEST_F(vk, refuses_a_buffer_that_is_not_vulkans)
{
	struct vk *vk = &self->vk;
	int device = device_open(), fd;
	struct buffer buf = buffer_create(device, SIZE);
	VkDeviceMemory memory;

	fd = buffer_export(device, &buf);
	vk->quiet = true;
	EXPECT_EQ(VK_ERROR_INVALID_EXTERNAL_HANDLE,
		  vk_allocate(vk, SIZE, 0, OPAQUE_MEMORY, fd, &memory));
	EXPECT_TRUE(fd_is_open(fd));
	vk->quiet = false;
	/* As what it is, it is taken. */
	ASSERT_EQ(VK_SUCCESS, vk_allocate(vk, SIZE, 0, DMA_BUF_MEMORY, fd, &memory));
	vkFreeMemory(vk->device, memory, NULL);
	buffer_destroy(device, &buf);
	close(device);
}

TEST_F(vk, refuses_somebody_elses_memory)
{
	struct vk *vk = &self->vk;
	struct foreign foreign;
	VkDeviceMemory memory;

	if (foreign_create(FOREIGN_UDMABUF, SIZE, &foreign) &&
	    foreign_create(FOREIGN_HEAP, SIZE, &foreign))
		SKIP(return, "no udmabuf or dma-heap here");
	vk->quiet = true;
	EXPECT_EQ(VK_ERROR_INVALID_EXTERNAL_HANDLE,
		  vk_allocate(vk, SIZE, 0, OPAQUE_MEMORY, foreign.dmabuf, &memory));
	EXPECT_TRUE(fd_is_open(foreign.dmabuf));
	foreign_destroy(&foreign);
}

TEST_F(vk, takes_the_fd)
{
	struct vk *vk = &self->vk;
	struct vk_buffer buf, other;
	int before, fd;

	vk_buffer(vk, &buf, SIZE, OPAQUE_MEMORY);
	before = count_fds();
	fd = vk_memory_fd(vk, buf.memory, OPAQUE_MEMORY);
	EXPECT_EQ(before + 1, count_fds());
	ASSERT_EQ(VK_SUCCESS, vk_buffer_import(vk, &other, SIZE, OPAQUE_MEMORY, fd));
	vk_buffer_free(vk, &other);
	EXPECT_FALSE(fd_is_open(fd));
	EXPECT_EQ(before, count_fds());
	vk_buffer_free(vk, &buf);
}

TEST_F(vk, imports_are_counted)
{
	struct vk *vk = &self->vk;
	struct vk_buffer buf, imports[3];

	vk_buffer(vk, &buf, SIZE, OPAQUE_MEMORY);
	for (int i = 0; i < 3; i++)
		ASSERT_EQ(VK_SUCCESS,
			  vk_buffer_import(vk, &imports[i], SIZE, OPAQUE_MEMORY,
					   vk_memory_fd(vk, buf.memory, OPAQUE_MEMORY)));
	vk_buffer_free(vk, &imports[1]);
	vk_run(vk, vk_fill(vk, imports[0].buffer, SIZE, 0x1001));
	EXPECT_TRUE(words_are(buf.map, SIZE, 0x1001));
	/* What is left is more than a mapping. */
	ASSERT_EQ(VK_SUCCESS,
		  vk_buffer_import(vk, &imports[1], SIZE, OPAQUE_MEMORY,
				   vk_memory_fd(vk, buf.memory, OPAQUE_MEMORY)));
	EXPECT_TRUE(words_are(imports[1].map, SIZE, 0x1001));
	vk_buffer_free(vk, &imports[1]);
	vk_buffer_free(vk, &buf);
	/* Its handle may not be another buffer's by now. */
	vk_buffer(vk, &buf, SIZE, OPAQUE_MEMORY);
	vk_run(vk, vk_fill(vk, buf.buffer, SIZE, 0x2002));
	EXPECT_TRUE(words_are(imports[2].map, SIZE, 0x1001));
	EXPECT_TRUE(words_are(imports[0].map, SIZE, 0x1001));
	vk_buffer_free(vk, &imports[0]);
	vk_run(vk, vk_fill(vk, imports[2].buffer, SIZE, 0x3003));
	EXPECT_TRUE(words_are(imports[2].map, SIZE, 0x3003));
	EXPECT_TRUE(words_are(buf.map, SIZE, 0x2002));
	vk_buffer_free(vk, &imports[2]);
	vk_buffer_free(vk, &buf);
}

TEST_F(vk, can_be_exported_again)
{
	struct vk *vk = &self->vk;
	VkDeviceMemory memory;
	struct vk_buffer buf, again;
	int fd;

	vk_buffer(vk, &buf, SIZE, OPAQUE_MEMORY);
	vk_run(vk, vk_fill(vk, buf.buffer, SIZE, 0x77));
	fd = vk_memory_fd(vk, buf.memory, OPAQUE_MEMORY);
	ASSERT_EQ(VK_SUCCESS,
		  vk_allocate(vk, buf.size, OPAQUE_MEMORY, OPAQUE_MEMORY, fd, &memory));
	fd = vk_memory_fd(vk, memory, OPAQUE_MEMORY);
	vk_buffer_free(vk, &buf);
	vkFreeMemory(vk->device, memory, NULL);
	ASSERT_EQ(VK_SUCCESS, vk_buffer_import(vk, &again, SIZE, OPAQUE_MEMORY, fd));
	EXPECT_TRUE(words_are(again.map, SIZE, 0x77));
	vk_buffer_free(vk, &again);
}

TEST_F(vk, between_devices_of_one_process)
{
	struct vk *vk = &self->vk, second = *vk;
	struct vk_buffer a, b;

	vk_device(&second);
	vk_buffer(vk, &a, SIZE, OPAQUE_MEMORY);
	ASSERT_EQ(VK_SUCCESS,
		  vk_buffer_import(&second, &b, SIZE, OPAQUE_MEMORY,
				   vk_memory_fd(vk, a.memory, OPAQUE_MEMORY)));
	vk_run(&second, vk_fill(&second, b.buffer, SIZE, 0x99));
	EXPECT_TRUE(words_are(a.map, SIZE, 0x99));
	vk_buffer_free(vk, &a);
	vk_run(&second, vk_fill(&second, b.buffer, SIZE, 0x9a));
	EXPECT_TRUE(words_are(b.map, SIZE, 0x9a));
	vk_buffer_free(&second, &b);
	vk_device_close(&second);
}

/* Of no type it is no import, and its fd is nothing. */
TEST_F(vk, an_import_of_no_type)
{
	struct vk *vk = &self->vk;
	VkImportMemoryFdInfoKHR import = {
		.sType = VK_STRUCTURE_TYPE_IMPORT_MEMORY_FD_INFO_KHR,
		.fd = -1,
	};
	VkMemoryAllocateInfo info = {
		.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
		.pNext = &import,
		.allocationSize = SIZE,
		.memoryTypeIndex = vk_memory_type(vk, ~0u),
	};
	VkDeviceMemory memory;

	ASSERT_EQ(VK_SUCCESS, vkAllocateMemory(vk->device, &info, NULL, &memory));
	vkFreeMemory(vk->device, memory, NULL);
}

TEST_F(vk, maps_in_part)
{
	struct vk *vk = &self->vk;
	struct vk_buffer buf, other;
	void *part;

	vk_buffer(vk, &buf, SIZE, OPAQUE_MEMORY);
	words_set(buf.map, PAGE, 1);
	words_set((char *)buf.map + PAGE, PAGE, 2);
	ASSERT_EQ(VK_SUCCESS,
		  vk_buffer_import(vk, &other, SIZE, OPAQUE_MEMORY,
				   vk_memory_fd(vk, buf.memory, OPAQUE_MEMORY)));
	vkUnmapMemory(vk->device, other.memory);
	ASSERT_EQ(VK_SUCCESS, vkMapMemory(vk->device, other.memory, PAGE, PAGE, 0, &part));
	EXPECT_TRUE(words_are(part, PAGE, 2));
	words_set(part, PAGE, 3);
	EXPECT_TRUE(words_are(buf.map, PAGE, 1));
	EXPECT_TRUE(words_are((char *)buf.map + PAGE, PAGE, 3));
	vk_buffer_free(vk, &other);
	vk_buffer_free(vk, &buf);
}

VK_HARNESS_MAIN()

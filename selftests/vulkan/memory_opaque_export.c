// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: memory exported as OPAQUE_FD
 *
 * Catches a shim whose fd is of a copy, taken at export or at submit; that is of
 * the exporter's object, process or device and dies with it; that is not the
 * same memory when exported twice, or as two types; whose fd is no PRIME fd; that
 * loses what is at odd sizes' ends, or what an optimally tiled image holds.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fixture.h"

/* Neither whole pages nor what llvmpipe aligns to. */
#define SIZE	(3 * PAGE + 100)

/* Says what it finds, and then leaves something itself, by the GPU. */
static void importer(int sock)
{
	uint64_t size = recv_word(sock);
	int fd = recv_fd(sock);
	struct vk_buffer buf;
	struct vk vk;

	vk_open(&vk);
	VK(vk_buffer_import(&vk, &buf, size, OPAQUE_MEMORY, fd));
	must_be(words_are(buf.map, size, recv_word(sock)));
	vk_run(&vk, vk_fill(&vk, buf.buffer, size, recv_word(sock)));
	send_word(sock, 0);

	/* From here on both see what either writes, as it is written. */
	must_be(recv_word(sock) == 0);
	must_be(*(volatile uint32_t *)buf.map == 0xa1);
	*(volatile uint32_t *)buf.map = 0xb2;
	send_word(sock, 0);
	recv_word(sock);
	vk_buffer_free(&vk, &buf);
	must_be(!vk_close(&vk));
}

/* Fills memory, sends it, and is gone. */
static void exporter(int sock)
{
	uint64_t size = recv_word(sock);
	struct vk_buffer buf;
	struct vk vk;

	vk_open(&vk);
	vk_buffer(&vk, &buf, size, OPAQUE_MEMORY);
	vk_run(&vk, vk_fill(&vk, buf.buffer, size, recv_word(sock)));
	give_fd(sock, vk_memory_fd(&vk, buf.memory, OPAQUE_MEMORY));
	if (recv_word(sock))
		pause();
	vk_buffer_free(&vk, &buf);
	must_be(!vk_close(&vk));
}

TEST_F(vk, both_processes_have_one_memory)
{
	struct child peer = peer_start("importer");
	struct vk *vk = &self->vk;
	struct vk_buffer buf;
	int fd;

	vk_buffer(vk, &buf, SIZE, OPAQUE_MEMORY);
	vk_run(vk, vk_fill(vk, buf.buffer, SIZE, 0x11223344));
	fd = vk_memory_fd(vk, buf.memory, OPAQUE_MEMORY);
	send_word(peer.sock, SIZE);
	give_fd(peer.sock, fd);
	send_word(peer.sock, 0x11223344);
	send_word(peer.sock, 0x55667788);
	ASSERT_EQ(0, recv_word(peer.sock));
	EXPECT_TRUE(words_are(buf.map, SIZE, 0x55667788));

	*(volatile uint32_t *)buf.map = 0xa1;
	send_word(peer.sock, 0);
	ASSERT_EQ(0, recv_word(peer.sock));
	EXPECT_EQ(0xb2, *(volatile uint32_t *)buf.map);
	send_word(peer.sock, 0);
	EXPECT_EQ(0, child_join(&peer));
	vk_buffer_free(vk, &buf);
}

/* Whether what a process left is there when it is gone, by itself or by force. */
static void outlive(struct __test_metadata *_metadata, struct vk *vk, bool by_force)
{
	struct child peer = peer_start("exporter");
	struct vk_buffer buf;
	int fd;

	send_word(peer.sock, SIZE);
	send_word(peer.sock, 0x0ddba11);
	fd = recv_fd(peer.sock);
	send_word(peer.sock, by_force);
	if (by_force) {
		child_kill(&peer);
	} else {
		ASSERT_EQ(0, child_join(&peer));
	}
	ASSERT_EQ(VK_SUCCESS, vk_buffer_import(vk, &buf, SIZE, OPAQUE_MEMORY, fd));
	EXPECT_TRUE(words_are(buf.map, SIZE, 0x0ddba11));
	vk_run(vk, vk_fill(vk, buf.buffer, SIZE, 1));
	EXPECT_TRUE(words_are(buf.map, SIZE, 1));
	vk_buffer_free(vk, &buf);
}

TEST_F(vk, outlives_the_exporter)
{
	outlive(_metadata, &self->vk, false);
}

TEST_F(vk, outlives_a_killed_exporter)
{
	outlive(_metadata, &self->vk, true);
}

TEST_F(vk, outlives_the_object_and_the_fds)
{
	struct vk *vk = &self->vk;
	struct vk_buffer buf;
	int fd, second, third;

	vk_buffer(vk, &buf, SIZE, OPAQUE_MEMORY);
	vk_run(vk, vk_fill(vk, buf.buffer, SIZE, 7));
	fd = vk_memory_fd(vk, buf.memory, OPAQUE_MEMORY);
	vk_buffer_free(vk, &buf);
	second = must_call(dup(fd));
	close(fd);
	third = must_call(open("/dev/null", O_RDONLY | O_CLOEXEC));
	ASSERT_EQ(third, dup3(second, third, O_CLOEXEC));
	close(second);
	ASSERT_EQ(VK_SUCCESS, vk_buffer_import(vk, &buf, SIZE, OPAQUE_MEMORY, third));
	EXPECT_TRUE(words_are(buf.map, SIZE, 7));
	vk_buffer_free(vk, &buf);
}

TEST_F(vk, is_a_prime_fd)
{
	struct vk *vk = &self->vk;
	int device = device_open(), fd;
	struct vk_buffer buf;
	uint32_t handle;
	void *map;

	vk_buffer(vk, &buf, SIZE, OPAQUE_MEMORY);
	vk_run(vk, vk_fill(vk, buf.buffer, SIZE, 0xcafe));
	fd = vk_memory_fd(vk, buf.memory, OPAQUE_MEMORY);
	ASSERT_EQ(0, figment_bo_import(device, fd, &handle));
	ASSERT_EQ(0, figment_bo_map(device, handle, NULL, &map));
	EXPECT_TRUE(words_are(map, SIZE, 0xcafe));
	words_set(map, SIZE, 0xbeef);
	EXPECT_TRUE(words_are(buf.map, SIZE, 0xbeef));
	close(fd);
	close(device);
	vk_buffer_free(vk, &buf);
}

TEST_F(vk, exported_twice_is_one_memory)
{
	struct vk *vk = &self->vk;
	struct vk_buffer buf, a, b;
	int fds[2];

	vk_buffer(vk, &buf, SIZE, OPAQUE_MEMORY);
	fds[0] = vk_memory_fd(vk, buf.memory, OPAQUE_MEMORY);
	fds[1] = vk_memory_fd(vk, buf.memory, OPAQUE_MEMORY);
	EXPECT_NE(fds[0], fds[1]);
	EXPECT_EQ(FD_CLOEXEC, fcntl(fds[0], F_GETFD));
	ASSERT_EQ(VK_SUCCESS, vk_buffer_import(vk, &a, SIZE, OPAQUE_MEMORY, fds[0]));
	ASSERT_EQ(VK_SUCCESS, vk_buffer_import(vk, &b, SIZE, OPAQUE_MEMORY, fds[1]));
	vk_run(vk, vk_fill(vk, a.buffer, SIZE, 3));
	EXPECT_TRUE(words_are(b.map, SIZE, 3));
	EXPECT_TRUE(words_are(buf.map, SIZE, 3));
	vk_buffer_free(vk, &buf);
	vk_buffer_free(vk, &a);
	vk_run(vk, vk_fill(vk, b.buffer, SIZE, 4));
	EXPECT_TRUE(words_are(b.map, SIZE, 4));
	vk_buffer_free(vk, &b);
}

TEST_F(vk, opaque_and_dma_buf_at_once)
{
	struct vk *vk = &self->vk;
	struct vk_buffer buf, opaque;
	uint32_t *map;
	int dmabuf;

	vk_buffer(vk, &buf, SIZE, OPAQUE_MEMORY | DMA_BUF_MEMORY);
	dmabuf = vk_memory_fd(vk, buf.memory, DMA_BUF_MEMORY);
	EXPECT_LE(SIZE, figment_dmabuf_size(dmabuf));
	map = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, dmabuf, 0);
	ASSERT_NE(MAP_FAILED, map);
	ASSERT_EQ(VK_SUCCESS,
		  vk_buffer_import(vk, &opaque, SIZE, OPAQUE_MEMORY,
				   vk_memory_fd(vk, buf.memory, OPAQUE_MEMORY)));
	vk_run(vk, vk_fill(vk, opaque.buffer, SIZE, 5));
	EXPECT_TRUE(words_are(map, SIZE, 5));
	EXPECT_TRUE(words_are(buf.map, SIZE, 5));
	munmap(map, SIZE);
	close(dmabuf);
	vk_buffer_free(vk, &opaque);
	vk_buffer_free(vk, &buf);
}

/* An optimally tiled image, on memory that is exported or imported (fd). */
static VkImage tiled_image(struct vk *vk, int fd, VkDeviceMemory *memory)
{
	VkExternalMemoryImageCreateInfo external = {
		.sType = VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_IMAGE_CREATE_INFO,
		.handleTypes = OPAQUE_MEMORY,
	};
	VkImageCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
		.pNext = &external,
		.imageType = VK_IMAGE_TYPE_2D,
		.format = VK_FORMAT_R8G8B8A8_UNORM,
		.extent = { 37, 23, 1 },
		.mipLevels = 1,
		.arrayLayers = 1,
		.samples = VK_SAMPLE_COUNT_1_BIT,
		.usage = VK_IMAGE_USAGE_TRANSFER_SRC_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT,
	};
	VkMemoryRequirements need;
	VkImage image;

	VK(vkCreateImage(vk->device, &info, NULL, &image));
	vkGetImageMemoryRequirements(vk->device, image, &need);
	VK(vk_allocate(vk, need.size, OPAQUE_MEMORY, fd < 0 ? 0 : OPAQUE_MEMORY, fd, memory));
	VK(vkBindImageMemory(vk->device, image, *memory, 0));
	return image;
}

/* Clears the image it makes, sends it, and waits to be told that it was seen. */
static void painter(int sock)
{
	VkClearColorValue color = { .float32 = { 1, 0, 1, 0 } };
	VkImageSubresourceRange all = { VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1 };
	VkDeviceMemory memory;
	VkCommandBuffer cmd;
	VkImage image;
	struct vk vk;

	vk_open(&vk);
	image = tiled_image(&vk, -1, &memory);
	cmd = vk_begin(&vk);
	vk_move(cmd, image, VK_IMAGE_LAYOUT_UNDEFINED, VK_IMAGE_LAYOUT_GENERAL,
		VK_QUEUE_FAMILY_IGNORED, VK_QUEUE_FAMILY_IGNORED);
	vkCmdClearColorImage(cmd, image, VK_IMAGE_LAYOUT_GENERAL, &color, 1, &all);
	vk_run(&vk, vk_end(cmd));
	give_fd(sock, vk_memory_fd(&vk, memory, OPAQUE_MEMORY));
	recv_word(sock);
	vkDestroyImage(vk.device, image, NULL);
	vkFreeMemory(vk.device, memory, NULL);
	must_be(!vk_close(&vk));
}

TEST_F(vk, a_tiled_image_keeps_its_pixels)
{
	VkBufferImageCopy region = {
		.imageSubresource = { VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1 },
		.imageExtent = { 37, 23, 1 },
	};
	struct child peer = peer_start("painter");
	struct vk *vk = &self->vk;
	VkDeviceMemory memory;
	struct vk_buffer buf;
	VkCommandBuffer cmd;
	VkImage image;

	image = tiled_image(vk, recv_fd(peer.sock), &memory);
	vk_buffer(vk, &buf, 37 * 23 * 4, 0);
	cmd = vk_begin(vk);
	/* Had the layout been left undefined, the pixels would be as well. */
	vk_move(cmd, image, VK_IMAGE_LAYOUT_GENERAL, VK_IMAGE_LAYOUT_GENERAL,
		VK_QUEUE_FAMILY_IGNORED, VK_QUEUE_FAMILY_IGNORED);
	vkCmdCopyImageToBuffer(cmd, image, VK_IMAGE_LAYOUT_GENERAL, buf.buffer, 1, &region);
	vk->quiet = true;
	vk_run(vk, vk_end(cmd));
	vk->quiet = false;
	EXPECT_TRUE(words_are(buf.map, 37 * 23 * 4, 0x00ff00ff));
	send_word(peer.sock, 0);
	EXPECT_EQ(0, child_join(&peer));
	vkDestroyImage(vk->device, image, NULL);
	vkFreeMemory(vk->device, memory, NULL);
	vk_buffer_free(vk, &buf);
}

VK_HARNESS_MAIN({ "importer", importer }, { "exporter", exporter }, { "painter", painter },)

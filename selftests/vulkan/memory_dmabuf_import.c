// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: memory imported from DMA_BUF
 *
 * Catches a shim that imports its own buffers only; that has a copy of what it
 * imported; that takes what is no dma-buf, or too small; that writes beyond the
 * end of a foreign buffer, or crashes there; that holds on to the pages or the
 * mapping of what was freed, or leaks the fd.
 */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fixture.h"
#include "foreign.h"

#define SIZE	(4 * PAGE)

FIXTURE(foreign) {
	struct vk vk;
	struct foreign buf;
};

FIXTURE_VARIANT(foreign) {
	enum foreign_kind kind;
};

FIXTURE_VARIANT_ADD(foreign, udmabuf) { FOREIGN_UDMABUF };
FIXTURE_VARIANT_ADD(foreign, heap) { FOREIGN_HEAP };
FIXTURE_VARIANT_ADD(foreign, vgem) { FOREIGN_VGEM };

FIXTURE_SETUP(foreign)
{
	if (foreign_create(variant->kind, SIZE, &self->buf))
		SKIP(return, "this machine has none");
	vk_open(&self->vk);
}

FIXTURE_TEARDOWN(foreign)
{
	if (_metadata->exit_code)
		return;
	foreign_destroy(&self->buf);
	EXPECT_EQ(0, vk_close(&self->vk));
}

TEST_F(foreign, has_a_memory_type)
{
	VkMemoryFdPropertiesKHR p = { .sType = VK_STRUCTURE_TYPE_MEMORY_FD_PROPERTIES_KHR };
	struct vk *vk = &self->vk;

	ASSERT_EQ(VK_SUCCESS, vk->GetMemoryFdPropertiesKHR(vk->device, DMA_BUF_MEMORY,
							   self->buf.dmabuf, &p));
	EXPECT_NE(0, p.memoryTypeBits);
	vk_memory_type(vk, p.memoryTypeBits);
	EXPECT_TRUE(fd_is_open(self->buf.dmabuf));
}

/* The same fd's memory, imported twice and into two devices, is one. */
TEST_F(foreign, imported_often_it_is_one)
{
	struct vk *vk = &self->vk, second = *vk;
	struct vk_buffer a, b, c;

	vk_device(&second);
	ASSERT_EQ(VK_SUCCESS, vk_buffer_import(vk, &a, SIZE, DMA_BUF_MEMORY,
					       must_call(dup(self->buf.dmabuf))));
	ASSERT_EQ(VK_SUCCESS, vk_buffer_import(vk, &b, SIZE, DMA_BUF_MEMORY,
					       must_call(dup(self->buf.dmabuf))));
	ASSERT_EQ(VK_SUCCESS, vk_buffer_import(&second, &c, SIZE, DMA_BUF_MEMORY,
					       must_call(dup(self->buf.dmabuf))));
	vk_run(vk, vk_fill(vk, a.buffer, SIZE, 1));
	EXPECT_TRUE(words_are(b.map, SIZE, 1));
	vk_buffer_free(vk, &a);
	vk_run(&second, vk_fill(&second, c.buffer, SIZE, 2));
	EXPECT_TRUE(words_are(b.map, SIZE, 2));
	vk_run(vk, vk_fill(vk, b.buffer, SIZE, 3));
	EXPECT_TRUE(words_are(c.map, SIZE, 3));
	EXPECT_TRUE(words_are(self->buf.map, SIZE, 3));
	vk_buffer_free(vk, &b);
	vk_buffer_free(&second, &c);
	vk_device_close(&second);
}

TEST_F(foreign, is_the_memory_itself)
{
	struct vk *vk = &self->vk;
	struct vk_buffer buf, copy;

	vk_buffer(vk, &copy, SIZE, 0);
	words_set(self->buf.map, SIZE, 0x1111);
	ASSERT_EQ(VK_SUCCESS, vk_buffer_import(vk, &buf, SIZE, DMA_BUF_MEMORY,
					       must_call(dup(self->buf.dmabuf))));
	vk_run(vk, vk_copy(vk, buf.buffer, copy.buffer, SIZE));
	EXPECT_TRUE(words_are(copy.map, SIZE, 0x1111));
	vk_run(vk, vk_fill(vk, buf.buffer, SIZE, 0x2222));
	EXPECT_TRUE(words_are(self->buf.map, SIZE, 0x2222));
	words_set(self->buf.map, SIZE, 0x3333);
	EXPECT_TRUE(words_are(buf.map, SIZE, 0x3333));
	vk_buffer_free(vk, &buf);
	vk_buffer_free(vk, &copy);
}

TEST_F(foreign, part_of_it)
{
	struct vk *vk = &self->vk;
	struct vk_buffer buf;

	words_set(self->buf.map, SIZE, 5);
	ASSERT_EQ(VK_SUCCESS, vk_buffer_import(vk, &buf, 100, DMA_BUF_MEMORY,
					       must_call(dup(self->buf.dmabuf))));
	vk_run(vk, vk_fill(vk, buf.buffer, 100, 6));
	EXPECT_TRUE(words_are(self->buf.map, 100, 6));
	EXPECT_TRUE(words_are(self->buf.map + 100, SIZE - 100, 5));
	vk_buffer_free(vk, &buf);
}

TEST_F(foreign, refuses_more_than_there_is)
{
	struct vk *vk = &self->vk;
	VkDeviceMemory memory;

	vk->quiet = true;
	EXPECT_EQ(VK_ERROR_INVALID_EXTERNAL_HANDLE,
		  vk_allocate(vk, SIZE + PAGE, 0, DMA_BUF_MEMORY, self->buf.dmabuf, &memory));
	EXPECT_TRUE(fd_is_open(self->buf.dmabuf));
}

TEST_F(foreign, can_be_exported_again)
{
	struct vk *vk = &self->vk;
	struct vk_buffer again;
	VkDeviceMemory memory;
	int fd;

	ASSERT_EQ(VK_SUCCESS, vk_allocate(vk, SIZE, DMA_BUF_MEMORY, DMA_BUF_MEMORY,
					  must_call(dup(self->buf.dmabuf)), &memory));
	fd = vk_memory_fd(vk, memory, DMA_BUF_MEMORY);
	vkFreeMemory(vk->device, memory, NULL);
	ASSERT_EQ(VK_SUCCESS, vk_buffer_import(vk, &again, SIZE, DMA_BUF_MEMORY, fd));
	vk_run(vk, vk_fill(vk, again.buffer, SIZE, 0x44));
	EXPECT_TRUE(words_are(self->buf.map, SIZE, 0x44));
	vk_buffer_free(vk, &again);
}

TEST_F(vk, refuses_what_is_not_a_dma_buf)
{
	struct vk *vk = &self->vk;
	VkDeviceMemory memory;

	vk->quiet = true;
	for (int kind = 0; kind < WRONG_FDS; kind++) {
		int fd = wrong_fd(kind);

		/* The dma-buf is of one page. */
		EXPECT_EQ(VK_ERROR_INVALID_EXTERNAL_HANDLE,
			  vk_allocate(vk, SIZE, 0, DMA_BUF_MEMORY, fd, &memory))
			TH_LOG("imported %s", wrong_name(kind));
		EXPECT_EQ(kind != WRONG_CLOSED, fd_is_open(fd))
			TH_LOG("closed %s", wrong_name(kind));
		close(fd);
	}
}

/* How many mappings of dma-bufs, or of figment's node, this process has. */
static int count_mappings(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[512];
	int n = 0;

	must_be(maps);
	while (fgets(line, sizeof(line), maps))
		n += strstr(line, "dmabuf") || strstr(line, "/dev/dri/");
	fclose(maps);
	return n;
}

TEST_F(vk, a_buffer_of_libfigments)
{
	struct vk *vk = &self->vk;
	int device = device_open(), before, mappings, fd;
	struct buffer own = buffer_create(device, SIZE);
	struct vk_buffer buf;

	before = count_fds();
	mappings = count_mappings();
	fill_random(own.map, SIZE, 42);
	fd = buffer_export(device, &own);
	ASSERT_EQ(VK_SUCCESS, vk_buffer_import(vk, &buf, SIZE, DMA_BUF_MEMORY, fd));
	EXPECT_EQ(0, memcmp(buf.map, own.map, SIZE));
	vk_run(vk, vk_fill(vk, buf.buffer, SIZE, 0x55));
	EXPECT_TRUE(words_are(own.map, SIZE, 0x55));
	vk_buffer_free(vk, &buf);
	EXPECT_FALSE(fd_is_open(fd));
	EXPECT_EQ(before, count_fds());
	EXPECT_EQ(mappings, count_mappings());
	/* What the importer freed is still the owner's. */
	EXPECT_TRUE(words_are(own.map, SIZE, 0x55));
	buffer_destroy(device, &own);
	close(device);
}

TEST_F(vk, memory_is_given_back)
{
	struct vk *vk = &self->vk;
	int device = device_open();
	uint64_t before = device_param(device, DRM_FIGMENT_PARAM_MEMORY_USED);
	struct buffer own = buffer_create(device, 1 << 20);
	struct vk_buffer buf;

	ASSERT_EQ(VK_SUCCESS, vk_buffer_import(vk, &buf, 1 << 20, DMA_BUF_MEMORY,
					       buffer_export(device, &own)));
	buffer_destroy(device, &own);
	EXPECT_EQ(before + (1 << 20), device_param(device, DRM_FIGMENT_PARAM_MEMORY_USED));
	vk_buffer_free(vk, &buf);
	/* The last reference may go a little later. */
	for (uint64_t until = now_ns() + LONG_NS; now_ns() < until; moment()) {
		if (device_param(device, DRM_FIGMENT_PARAM_MEMORY_USED) == before)
			break;
	}
	EXPECT_EQ(before, device_param(device, DRM_FIGMENT_PARAM_MEMORY_USED));
	close(device);
}

static void importer(int sock)
{
	struct vk_buffer buf;
	struct vk vk;

	vk_open(&vk);
	VK(vk_buffer_import(&vk, &buf, SIZE, DMA_BUF_MEMORY, recv_fd(sock)));
	vk_run(&vk, vk_fill(&vk, buf.buffer, SIZE, 0x66));
	send_word(sock, 0);
	pause();
}

TEST_F(vk, survives_the_importers_end)
{
	struct child peer = peer_start("importer");
	struct vk *vk = &self->vk;
	struct vk_buffer buf;

	vk_buffer(vk, &buf, SIZE, DMA_BUF_MEMORY);
	give_fd(peer.sock, vk_memory_fd(vk, buf.memory, DMA_BUF_MEMORY));
	ASSERT_EQ(0, recv_word(peer.sock));
	child_kill(&peer);
	EXPECT_TRUE(words_are(buf.map, SIZE, 0x66));
	vk_run(vk, vk_fill(vk, buf.buffer, SIZE, 0x67));
	EXPECT_TRUE(words_are(buf.map, SIZE, 0x67));
	vk_buffer_free(vk, &buf);
}

VK_HARNESS_MAIN({ "importer", importer },)

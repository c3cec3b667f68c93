// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: memory exported as DMA_BUF
 *
 * Catches a shim whose fd is a memfd or of a copy; that cannot be mapped for
 * writing, says another size, or knows no dma-buf's ioctls; that figment's own
 * engine does not take; that goes away with its exporter; that answers for any fd
 * which memory types it could be.
 */
#include <linux/dma-buf.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fixture.h"

#define SIZE	(3 * PAGE)

/* A process that has no Vulkan at all. */
static void mapper(int sock)
{
	int dmabuf = recv_fd(sock);
	uint64_t size = recv_word(sock);
	void *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, dmabuf, 0);
	struct dma_buf_sync begin = { .flags = DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW };
	struct dma_buf_sync end = { .flags = DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW };

	must_be(map != MAP_FAILED);
	must_call(ioctl(dmabuf, DMA_BUF_IOCTL_SYNC, &begin));
	must_be(words_are(map, size, recv_word(sock)));
	words_set(map, size, recv_word(sock));
	must_call(ioctl(dmabuf, DMA_BUF_IOCTL_SYNC, &end));
	send_word(sock, 0);
}

static void exporter(int sock)
{
	struct vk_buffer buf;
	struct vk vk;
	int fd;

	vk_open(&vk);
	vk_buffer(&vk, &buf, SIZE, DMA_BUF_MEMORY);
	vk_run(&vk, vk_fill(&vk, buf.buffer, SIZE, 0xfeed));
	fd = vk_memory_fd(&vk, buf.memory, DMA_BUF_MEMORY);
	send_fd(sock, fd);
	pause();
}

TEST_F(vk, another_process_maps_it)
{
	struct child peer = peer_start("mapper");
	struct vk *vk = &self->vk;
	struct vk_buffer buf, copy;

	vk_buffer(vk, &buf, SIZE, DMA_BUF_MEMORY);
	vk_buffer(vk, &copy, SIZE, 0);
	vk_run(vk, vk_fill(vk, buf.buffer, SIZE, 0x12345678));
	give_fd(peer.sock, vk_memory_fd(vk, buf.memory, DMA_BUF_MEMORY));
	send_word(peer.sock, SIZE);
	send_word(peer.sock, 0x12345678);
	send_word(peer.sock, 0x9abcdef0);
	ASSERT_EQ(0, recv_word(peer.sock));
	/* As the CPU sees it, and as the GPU does. */
	EXPECT_TRUE(words_are(buf.map, SIZE, 0x9abcdef0));
	vk_run(vk, vk_copy(vk, buf.buffer, copy.buffer, SIZE));
	EXPECT_TRUE(words_are(copy.map, SIZE, 0x9abcdef0));
	EXPECT_EQ(0, child_join(&peer));
	vk_buffer_free(vk, &buf);
	vk_buffer_free(vk, &copy);
}

TEST_F(vk, outlives_a_killed_exporter)
{
	struct child peer = peer_start("exporter");
	struct vk *vk = &self->vk;
	int fd = recv_fd(peer.sock);
	struct vk_buffer buf;
	void *map;

	child_kill(&peer);
	map = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, map);
	EXPECT_TRUE(words_are(map, SIZE, 0xfeed));
	ASSERT_EQ(VK_SUCCESS, vk_buffer_import(vk, &buf, SIZE, DMA_BUF_MEMORY, fd));
	EXPECT_TRUE(words_are(buf.map, SIZE, 0xfeed));
	vk_buffer_free(vk, &buf);
	munmap(map, SIZE);
}

TEST_F(vk, is_a_dma_buf)
{
	struct vk *vk = &self->vk;
	struct vk_buffer buf;
	int fd, file;

	vk_buffer(vk, &buf, SIZE, DMA_BUF_MEMORY);
	fd = vk_memory_fd(vk, buf.memory, DMA_BUF_MEMORY);
	EXPECT_LE((int64_t)buf.size, figment_dmabuf_size(fd));
	EXPECT_EQ(0, figment_dmabuf_size(fd) % PAGE);
	/* Nobody uses it, so its fence is one that has signalled. */
	ASSERT_EQ(0, figment_dmabuf_export_fence(fd, true, &file));
	EXPECT_EQ(1, figment_sync_file_status(file));
	close(file);
	close(fd);
	vk_buffer_free(vk, &buf);
}

TEST_F(vk, figments_engine_writes_it)
{
	struct vk *vk = &self->vk;
	int device = device_open(), fd, file;
	struct job job = { .queue = copy_queue(device) };
	struct vk_buffer buf;
	uint32_t handle;

	vk_buffer(vk, &buf, SIZE, DMA_BUF_MEMORY);
	fd = vk_memory_fd(vk, buf.memory, DMA_BUF_MEMORY);
	ASSERT_EQ(0, figment_bo_import(device, fd, &handle));
	job_does(&job, (struct drm_figment_cmd){
		.op = DRM_FIGMENT_CMD_FILL, .size = SIZE, .value = 0x600df00d, .elem = 4,
	});
	job_uses(&job, handle, DRM_FIGMENT_BO_WRITE);
	file = submit_file(device, &job);
	ASSERT_EQ(1, settle(file));
	EXPECT_TRUE(words_are(buf.map, SIZE, 0x600df00d));
	close(file);
	close(fd);
	close(device);
	vk_buffer_free(vk, &buf);
}

TEST_F(vk, properties_of_fds)
{
	struct vk *vk = &self->vk;
	VkMemoryFdPropertiesKHR p = { .sType = VK_STRUCTURE_TYPE_MEMORY_FD_PROPERTIES_KHR };
	struct vk_buffer buf;
	int fd;

	vk_buffer(vk, &buf, SIZE, DMA_BUF_MEMORY);
	fd = vk_memory_fd(vk, buf.memory, DMA_BUF_MEMORY);
	ASSERT_EQ(VK_SUCCESS,
		  vk->GetMemoryFdPropertiesKHR(vk->device, DMA_BUF_MEMORY, fd, &p));
	EXPECT_NE(0, p.memoryTypeBits & 1u << vk_memory_type(vk, ~0u));
	EXPECT_TRUE(fd_is_open(fd));
	close(fd);

	vk->quiet = true;
	for (int kind = 0; kind < WRONG_FDS; kind++) {
		if (kind == WRONG_DMA_BUF)
			continue;
		fd = wrong_fd(kind);
		EXPECT_EQ(VK_ERROR_INVALID_EXTERNAL_HANDLE,
			  vk->GetMemoryFdPropertiesKHR(vk->device, DMA_BUF_MEMORY, fd, &p))
			TH_LOG("has properties: %s", wrong_name(kind));
		EXPECT_EQ(kind != WRONG_CLOSED, fd_is_open(fd));
		close(fd);
	}
	EXPECT_EQ(VK_ERROR_INVALID_EXTERNAL_HANDLE,
		  vk->GetMemoryFdPropertiesKHR(vk->device, DMA_BUF_MEMORY, -1, &p));
	vk_buffer_free(vk, &buf);
}

VK_HARNESS_MAIN({ "mapper", mapper }, { "exporter", exporter },)

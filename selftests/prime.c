// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: PRIME, between figment's own clients
 *
 * Catches a driver that imports its own buffer as a foreign one (and so gives one
 * memory two handles, or waits for itself), whose dma-buf is other memory than
 * its buffer, frees the memory with the exporter, charges it twice, lets a
 * read-only export be written, or takes something that is no dma-buf.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <xf86drm.h>

#include "kselftest_harness.h"

#include "helpers.h"

#define SIZE	(3 * PAGE)

FIXTURE(prime) {
	int fd;
	struct buffer buf;
	int dmabuf;
};

FIXTURE_SETUP(prime)
{
	self->fd = device_open();
	self->buf = buffer_create(self->fd, SIZE);
	self->dmabuf = buffer_export(self->fd, &self->buf);
}

FIXTURE_TEARDOWN(prime)
{
	close(self->dmabuf);
	close(self->fd);
}

TEST_F(prime, own_buffer_comes_back_as_itself)
{
	uint64_t used = device_param(self->fd, DRM_FIGMENT_PARAM_MEMORY_USED);
	struct drm_figment_gem_info info;
	uint32_t handle;

	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(0, figment_bo_import(self->fd, self->dmabuf, &handle));
		EXPECT_EQ(self->buf.handle, handle);
	}
	must(figment_bo_info(self->fd, handle, &info));
	EXPECT_EQ(0, info.flags);
	EXPECT_EQ(used, device_param(self->fd, DRM_FIGMENT_PARAM_MEMORY_USED));
}

TEST_F(prime, a_buffer_has_one_dma_buf)
{
	int again = buffer_export(self->fd, &self->buf);
	struct stat a, b;

	must_call(fstat(self->dmabuf, &a));
	must_call(fstat(again, &b));
	EXPECT_EQ(a.st_ino, b.st_ino);
	EXPECT_EQ(SIZE, figment_dmabuf_size(self->dmabuf));
	EXPECT_EQ(SIZE, figment_dmabuf_size(again));
}

TEST_F(prime, metadata_is_the_buffers_and_stays)
{
	struct drm_figment_gem_metadata args = { .handle = self->buf.handle, .flags = 2 };
	uint8_t data[DRM_FIGMENT_METADATA_SIZE], read[sizeof(data)];
	int other = device_open();
	uint32_t handle;

	must(figment_bo_import(other, self->dmabuf, &handle));
	must(figment_bo_get_metadata(other, handle, read, sizeof(read)));
	EXPECT_TRUE(all_bytes(read, 0, sizeof(read)));
	EXPECT_EQ(-EINVAL, raw_ioctl(self->fd, DRM_IOCTL_FIGMENT_GEM_METADATA, &args));
	EXPECT_EQ(-ENOENT, figment_bo_get_metadata(self->fd, 4711, read, sizeof(read)));
	fill_random(data, sizeof(data), 1);
	EXPECT_EQ(-ENOENT, figment_bo_set_metadata(self->fd, 4711, data, sizeof(data)));
	EXPECT_EQ(0, figment_bo_set_metadata(self->fd, self->buf.handle, data, sizeof(data)));
	EXPECT_EQ(-EBUSY, figment_bo_set_metadata(other, handle, read, sizeof(read)));
	must(figment_bo_get_metadata(other, handle, read, sizeof(read)));
	EXPECT_EQ(0, memcmp(data, read, sizeof(data)));
	close(other);
}

TEST_F(prime, dma_buf_is_the_buffers_memory)
{
	uint8_t *map = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, self->dmabuf, 0);

	ASSERT_NE(MAP_FAILED, map);
	fill_random(map, SIZE, 1);
	EXPECT_EQ(0, memcmp(map, self->buf.map, SIZE));
	fill_random(self->buf.map, SIZE, 2);
	EXPECT_EQ(0, memcmp(map, self->buf.map, SIZE));
}

TEST_F(prime, mapping_the_dma_buf_stays_inside)
{
	EXPECT_EQ(MAP_FAILED, mmap(NULL, SIZE + PAGE, PROT_READ, MAP_SHARED,
				   self->dmabuf, 0));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, PAGE, PROT_READ, MAP_SHARED, self->dmabuf, SIZE));
}

TEST_F(prime, between_two_files)
{
	uint64_t used = device_param(self->fd, DRM_FIGMENT_PARAM_MEMORY_USED);
	struct job job = { 0 };
	struct drm_figment_gem_info info;
	int other = device_open();
	uint32_t handle, again;
	uint8_t *bytes;
	void *map;

	ASSERT_EQ(0, figment_bo_import(other, self->dmabuf, &handle));
	ASSERT_EQ(0, figment_bo_import(other, self->dmabuf, &again));
	EXPECT_EQ(handle, again);
	must(figment_bo_info(other, handle, &info));
	EXPECT_EQ(0, info.flags);
	EXPECT_EQ(SIZE, info.size);
	EXPECT_EQ(used, device_param(self->fd, DRM_FIGMENT_PARAM_MEMORY_USED));

	must(figment_bo_map(other, handle, NULL, &map));
	bytes = map;
	fill_random(bytes, SIZE, 3);
	EXPECT_EQ(0, memcmp(bytes, self->buf.map, SIZE));

	/* What the other's job writes is there too. */
	job.queue = copy_queue(other);
	job_writes(&job, handle, 0, 0x1122334455667788);
	ASSERT_EQ(1, settle(submit_file(other, &job)));
	EXPECT_EQ(0x1122334455667788, *(uint64_t *)self->buf.map);

	/* It stays when its maker's handle, fd and file go. */
	must(figment_bo_close(self->fd, self->buf.handle));
	close(self->dmabuf);
	close(self->fd);
	self->fd = device_open();
	self->dmabuf = -1;
	EXPECT_EQ(0x1122334455667788, *(uint64_t *)bytes);
	bytes[1] = 5;
	EXPECT_EQ(5, self->buf.map[1]);
}

TEST_F(prime, closing_an_import_once_ends_it)
{
	int other = device_open();
	struct drm_figment_gem_info info;
	uint32_t handle;

	must(figment_bo_import(other, self->dmabuf, &handle));
	must(figment_bo_import(other, self->dmabuf, &handle));
	EXPECT_EQ(0, figment_bo_close(other, handle));
	EXPECT_EQ(-ENOENT, figment_bo_info(other, handle, &info));
	/* And it can come back. */
	ASSERT_EQ(0, figment_bo_import(other, self->dmabuf, &handle));
	EXPECT_EQ(0, figment_bo_info(other, handle, &info));
}

/* Exports a buffer with known bytes, and looks what became of them. */
static void exporter(int sock)
{
	int fd = device_open();
	struct buffer buf = buffer_create(fd, SIZE);
	uint8_t want[SIZE];

	fill_random(buf.map, SIZE, 10);
	send_fd(sock, buffer_export(fd, &buf));
	recv_word(sock);
	fill_random(want, SIZE, 11);
	must_be(!memcmp(want, buf.map, SIZE));
}

TEST_F(prime, between_two_processes)
{
	struct child child = child_start(exporter);
	int dmabuf = recv_fd(child.sock);
	uint8_t want[SIZE];
	uint32_t handle;
	void *map;

	ASSERT_EQ(0, figment_bo_import(self->fd, dmabuf, &handle));
	must(figment_bo_map(self->fd, handle, NULL, &map));
	fill_random(want, SIZE, 10);
	EXPECT_EQ(0, memcmp(want, map, SIZE));
	fill_random(map, SIZE, 11);
	send_word(child.sock, 1);
	EXPECT_EQ(0, child_join(&child));
}

TEST_F(prime, exporter_exits_first)
{
	struct child child = child_start(exporter);
	int dmabuf = recv_fd(child.sock);
	struct job job = { .queue = copy_queue(self->fd) };
	uint8_t want[SIZE];
	uint32_t handle;

	child_kill(&child);
	ASSERT_EQ(0, figment_bo_import(self->fd, dmabuf, &handle));
	close(dmabuf);
	job_copies(&job, handle, self->buf.handle, SIZE);
	ASSERT_EQ(1, settle(submit_file(self->fd, &job)));
	fill_random(want, SIZE, 10);
	EXPECT_EQ(0, memcmp(want, self->buf.map, SIZE));
}

TEST_F(prime, what_is_no_dma_buf_is_refused)
{
	struct host host = host_queue(self->fd);
	uint32_t handle = 77;
	int pipes[2];

	must_call(pipe(pipes));
	EXPECT_EQ(-EBADF, figment_bo_import(self->fd, -1, &handle));
	EXPECT_EQ(-EBADF, figment_bo_import(self->fd, 12345, &handle));
	EXPECT_EQ(-EINVAL, figment_bo_import(self->fd, pipes[0], &handle));
	EXPECT_EQ(-EINVAL, figment_bo_import(self->fd, self->fd, &handle));
	EXPECT_EQ(-EINVAL, figment_bo_import(self->fd, host.fd, &handle));
	EXPECT_EQ(-EINVAL, figment_bo_import(self->fd, memfd_create("m", 0), &handle));
	EXPECT_EQ(-EINVAL, figment_bo_import(self->fd, host_pending(self->fd, &host, NULL),
					     &handle));
	EXPECT_EQ(-EINVAL, figment_bo_import(self->fd, open("/dev/null", O_RDWR), &handle));
	EXPECT_EQ(77, handle);
}

TEST_F(prime, bad_exports_are_refused)
{
	int fds = count_fds();
	int dmabuf = -1;

	EXPECT_EQ(-ENOENT, figment_bo_export(self->fd, 0, &dmabuf));
	EXPECT_EQ(-ENOENT, figment_bo_export(self->fd, 4321, &dmabuf));
	EXPECT_EQ(-1, drmPrimeHandleToFD(self->fd, self->buf.handle, 1u << 31, &dmabuf));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(fds, count_fds());
}

TEST_F(prime, read_only_export_cannot_be_written)
{
	uint8_t *map;
	int dmabuf;

	self->buf.map[3] = 42;
	must(drmPrimeHandleToFD(self->fd, self->buf.handle, DRM_CLOEXEC, &dmabuf));
	/* The dma-buf is one file: the first export decides, so ask a new buffer. */
	close(dmabuf);
	must(figment_bo_create(self->fd, PAGE, &self->buf.handle));
	must(drmPrimeHandleToFD(self->fd, self->buf.handle, DRM_CLOEXEC, &dmabuf));
	map = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, dmabuf, 0);
	EXPECT_EQ(MAP_FAILED, map);
	EXPECT_EQ(EACCES, errno);
	map = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, dmabuf, 0);
	ASSERT_NE(MAP_FAILED, map);
	EXPECT_EQ(0, map[3]);
}

TEST_F(prime, nothing_piles_up)
{
	uint64_t used = device_param(self->fd, DRM_FIGMENT_PARAM_MEMORY_USED);
	int fds = count_fds();
	int other = device_open();

	for (int i = 0; i < 200; i++) {
		struct buffer buf = buffer_create(self->fd, PAGE);
		int dmabuf = buffer_export(self->fd, &buf);
		uint32_t handle;

		must(figment_bo_import(other, dmabuf, &handle));
		buffer_destroy(self->fd, &buf);
		must(figment_bo_close(other, handle));
		close(dmabuf);
	}
	close(other);
	EXPECT_EQ(fds, count_fds());
	EXPECT_EQ(used, device_param(self->fd, DRM_FIGMENT_PARAM_MEMORY_USED));
}

FIGMENT_HARNESS_MAIN

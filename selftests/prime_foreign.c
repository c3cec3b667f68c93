// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: PRIME, with others: udmabuf, dma-heap, vgem
 *
 * Catches a driver that copies a foreign dma-buf rather than sharing it, maps it
 * at the wrong place, uses the exporter's memory after the import was closed, or
 * loses it when only the import is left, counts it as its own, hides its fences
 * from the exporter's side, or exports what others cannot map.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <xf86drm.h>

#include "kselftest_harness.h"

#include "foreign.h"
#include "helpers.h"

#define SIZE	(5 * PAGE)

FIXTURE(foreign) {
	int fd;
	uint32_t queue;
	struct foreign foreign;
	uint32_t handle;
	struct buffer own;
};

FIXTURE_VARIANT(foreign) {
	enum foreign_kind kind;
};

FIXTURE_VARIANT_ADD(foreign, udmabuf) { .kind = FOREIGN_UDMABUF };
FIXTURE_VARIANT_ADD(foreign, heap) { .kind = FOREIGN_HEAP };
FIXTURE_VARIANT_ADD(foreign, vgem) { .kind = FOREIGN_VGEM };

FIXTURE_SETUP(foreign)
{
	int ret = foreign_create(variant->kind, SIZE, &self->foreign);

	if (ret)
		SKIP(return, "this kernel has none: %s", strerror(-ret));
	self->fd = device_open();
	self->queue = copy_queue(self->fd);
	must(figment_bo_import(self->fd, self->foreign.dmabuf, &self->handle));
	self->own = buffer_create(self->fd, SIZE);
}

FIXTURE_TEARDOWN(foreign)
{
	foreign_destroy(&self->foreign);
	close(self->fd);
}

TEST_F(foreign, is_what_it_says)
{
	struct drm_figment_gem_info info;
	uint32_t again;

	ASSERT_EQ(0, figment_bo_info(self->fd, self->handle, &info));
	EXPECT_EQ(DRM_FIGMENT_GEM_IMPORTED, info.flags);
	EXPECT_EQ(SIZE, info.size);
	ASSERT_EQ(0, figment_bo_import(self->fd, self->foreign.dmabuf, &again));
	EXPECT_EQ(self->handle, again);
}

/* What its maker wants to tell is not figment's to keep. */
TEST_F(foreign, has_no_metadata)
{
	uint8_t data[DRM_FIGMENT_METADATA_SIZE] = { 1 };

	EXPECT_EQ(-EPERM, figment_bo_set_metadata(self->fd, self->handle, data, sizeof(data)));
	EXPECT_EQ(0, figment_bo_get_metadata(self->fd, self->handle, data, sizeof(data)));
	EXPECT_TRUE(all_bytes(data, 0, sizeof(data)));
}

TEST_F(foreign, is_not_charged)
{
	uint64_t used = device_param(self->fd, DRM_FIGMENT_PARAM_MEMORY_USED);
	int other = device_open();
	uint32_t handle;

	must(figment_bo_import(other, self->foreign.dmabuf, &handle));
	EXPECT_EQ(used, device_param(self->fd, DRM_FIGMENT_PARAM_MEMORY_USED));
	must(figment_bo_close(other, handle));
	EXPECT_EQ(used, device_param(self->fd, DRM_FIGMENT_PARAM_MEMORY_USED));
}

TEST_F(foreign, is_copied_from)
{
	struct job job = { .queue = self->queue };

	fill_random(self->foreign.map, SIZE, 1);
	job_copies(&job, self->handle, self->own.handle, SIZE);
	ASSERT_EQ(1, settle(submit_file(self->fd, &job)));
	EXPECT_EQ(0, memcmp(self->foreign.map, self->own.map, SIZE));
}

TEST_F(foreign, is_copied_to)
{
	struct job job = { .queue = self->queue };
	uint8_t before[PAGE];

	fill_random(self->foreign.map, SIZE, 2);
	memcpy(before, self->foreign.map, PAGE);
	fill_random(self->own.map, SIZE, 3);
	job_uses(&job, self->own.handle, DRM_FIGMENT_BO_READ);
	job_uses(&job, self->handle, DRM_FIGMENT_BO_WRITE);
	job_does(&job, (struct drm_figment_cmd){
		.op = DRM_FIGMENT_CMD_COPY,
		.src = 0, .src_offset = 17,
		.dst = 1, .dst_offset = PAGE,
		.size = 3 * PAGE - 17,
	});
	job_does(&job, (struct drm_figment_cmd){
		.op = DRM_FIGMENT_CMD_FILL,
		.dst = 1, .dst_offset = 4 * PAGE, .size = PAGE, .elem = 4, .value = 0xabcd0123,
	});
	ASSERT_EQ(1, settle(submit_file(self->fd, &job)));
	EXPECT_EQ(0, memcmp(before, self->foreign.map, PAGE));
	EXPECT_EQ(0, memcmp(self->own.map + 17, self->foreign.map + PAGE, 3 * PAGE - 17));
	for (size_t at = 4 * PAGE; at < SIZE; at += 4)
		ASSERT_EQ(0xabcd0123, *(uint32_t *)(self->foreign.map + at));
}

TEST_F(foreign, ends_where_it_ends)
{
	struct job job = { .queue = self->queue };

	job_copies(&job, self->handle, self->own.handle, SIZE);
	job.cmds[0].src_offset = 1;
	EXPECT_EQ(-ERANGE, submit_job(self->fd, &job));
}

TEST_F(foreign, is_mapped)
{
	uint8_t *bytes;
	void *map;

	ASSERT_EQ(0, figment_bo_map(self->fd, self->handle, NULL, &map));
	bytes = map;
	fill_random(self->foreign.map, SIZE, 4);
	EXPECT_EQ(0, memcmp(bytes, self->foreign.map, SIZE));
	fill_random(bytes, SIZE, 5);
	EXPECT_EQ(0, memcmp(bytes, self->foreign.map, SIZE));
	/* Whatever else goes, the mapping stays. */
	must(figment_bo_close(self->fd, self->handle));
	bytes[SIZE - 1] = 1;
	EXPECT_EQ(1, self->foreign.map[SIZE - 1]);
}

TEST_F(foreign, lives_on_in_the_import)
{
	struct job job = { .queue = self->queue };
	uint8_t want[SIZE];

	fill_random(self->foreign.map, SIZE, 6);
	foreign_destroy(&self->foreign);
	job_copies(&job, self->handle, self->own.handle, SIZE);
	ASSERT_EQ(1, settle(submit_file(self->fd, &job)));
	fill_random(want, SIZE, 6);
	EXPECT_EQ(0, memcmp(want, self->own.map, SIZE));
	must(foreign_create(variant->kind, SIZE, &self->foreign));
}

TEST_F(foreign, outlives_its_handle_in_a_job)
{
	struct host host = host_queue(self->fd);
	struct job job = { .queue = self->queue };
	int gate = host_pending(self->fd, &host, NULL);
	int file;

	fill_random(self->foreign.map, SIZE, 7);
	job_copies(&job, self->handle, self->own.handle, SIZE);
	job_waits_file(&job, gate);
	file = submit_file(self->fd, &job);
	must(figment_bo_close(self->fd, self->handle));
	close(self->foreign.dmabuf);
	EXPECT_TRUE(stays_pending(file));
	host_done(host.fd, 0);
	ASSERT_EQ(1, settle(file));
	EXPECT_EQ(0, memcmp(self->foreign.map, self->own.map, SIZE));
}

TEST_F(foreign, is_reexported_as_itself)
{
	struct stat a, b;
	int dmabuf;

	ASSERT_EQ(0, figment_bo_export(self->fd, self->handle, &dmabuf));
	must_call(fstat(self->foreign.dmabuf, &a));
	must_call(fstat(dmabuf, &b));
	EXPECT_EQ(a.st_ino, b.st_ino);
}

TEST_F(foreign, shows_figments_fences)
{
	struct host host = host_queue(self->fd);
	struct job job = { .queue = host.queue };

	job_uses(&job, self->handle, DRM_FIGMENT_BO_WRITE);
	must(submit_job(self->fd, &job));
	EXPECT_FALSE(dmabuf_idle(self->foreign.dmabuf, false));
	EXPECT_FALSE(dmabuf_idle(self->foreign.dmabuf, true));
	host_done(host.fd, 0);
	EXPECT_TRUE(wait_poll(self->foreign.dmabuf, POLLOUT, LONG_MS) & POLLOUT);
}

FIXTURE(vgem) {
	int fd;
	int vgem;
};

FIXTURE_SETUP(vgem)
{
	self->vgem = vgem_open();
	if (self->vgem < 0)
		SKIP(return, "this kernel has no vgem");
	self->fd = device_open();
}

FIXTURE_TEARDOWN(vgem)
{
	close(self->fd);
	close(self->vgem);
}

TEST_F(vgem, takes_what_figment_exports)
{
	struct buffer buf = buffer_create(self->fd, SIZE);
	int dmabuf = buffer_export(self->fd, &buf);
	uint8_t want[SIZE];
	uint32_t handle;
	uint8_t *map;

	fill_random(buf.map, SIZE, 8);
	ASSERT_EQ(0, drmPrimeFDToHandle(self->vgem, dmabuf, &handle));
	close(dmabuf);
	buffer_destroy(self->fd, &buf);
	close(self->fd);
	self->fd = device_open();

	/* Now vgem alone holds it. */
	ASSERT_EQ(0, drmPrimeHandleToFD(self->vgem, handle, DRM_CLOEXEC | DRM_RDWR, &dmabuf));
	map = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, dmabuf, 0);
	ASSERT_NE(MAP_FAILED, map);
	fill_random(want, SIZE, 8);
	EXPECT_EQ(0, memcmp(map, want, SIZE));
}

TEST_F(vgem, its_fence_on_figments_buffer_is_waited_for)
{
	struct buffer buf = buffer_create(self->fd, SIZE);
	struct job writer = { .queue = copy_queue(self->fd) };
	struct foreign view = { .vgem = self->vgem };
	uint32_t fence;
	int file;

	must(drmPrimeFDToHandle(self->vgem, buffer_export(self->fd, &buf), &view.handle));
	fence = vgem_attach(&view, false);
	job_writes(&writer, buf.handle, 0, 99);
	file = submit_file(self->fd, &writer);
	EXPECT_TRUE(stays_pending(file));
	EXPECT_EQ(0, buf.map[0]);
	vgem_signal(&view, fence);
	ASSERT_EQ(1, settle(file));
	EXPECT_EQ(99, buf.map[0]);
}

TEST_F(vgem, fence_on_its_buffer_is_waited_for)
{
	struct buffer own = buffer_create(self->fd, SIZE);
	struct job reader = { .queue = copy_queue(self->fd) };
	struct foreign foreign;
	uint32_t handle, fence;
	int file;

	must(foreign_create(FOREIGN_VGEM, SIZE, &foreign));
	must(figment_bo_import(self->fd, foreign.dmabuf, &handle));
	fence = vgem_attach(&foreign, true);
	job_copies(&reader, handle, own.handle, SIZE);
	file = submit_file(self->fd, &reader);
	EXPECT_TRUE(stays_pending(file));
	/* What the writer does before its fence is what must arrive. */
	fill_random(foreign.map, SIZE, 12);
	vgem_signal(&foreign, fence);
	ASSERT_EQ(1, settle(file));
	EXPECT_EQ(0, memcmp(foreign.map, own.map, SIZE));
}

FIGMENT_HARNESS_MAIN

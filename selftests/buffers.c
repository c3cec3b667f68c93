// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: buffers and parameters
 *
 * Catches a driver that hands out pages with what somebody else left in them,
 * does not round up or says another size than it gives, takes sizes that wrap or
 * cannot be, does not count its memory, counts what it refuses, or forgets to give
 * it back, lets one client use another's handles, lets a mapping outlast what is
 * mapped, or breaks the dumb buffers of generic clients.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <xf86drm.h>

#include "kselftest_harness.h"

#include "helpers.h"

FIXTURE(buffers) {
	int fd;
};

FIXTURE_SETUP(buffers)
{
	self->fd = device_open();
}

FIXTURE_TEARDOWN(buffers)
{
	close(self->fd);
}

static uint64_t memory_used(int fd)
{
	return device_param(fd, DRM_FIGMENT_PARAM_MEMORY_USED);
}

/* Buffers are freed by a worker that may come after the last close. */
static bool memory_settles(int fd, uint64_t used)
{
	uint64_t until = now_ns() + LONG_MS * 1000000ull;

	while (memory_used(fd) != used && now_ns() < until)
		moment();
	return memory_used(fd) == used;
}

TEST_F(buffers, sizes_are_rounded_up)
{
	static const uint64_t sizes[][2] = {
		{ 1, PAGE }, { PAGE - 1, PAGE }, { PAGE, PAGE }, { PAGE + 1, 2 * PAGE },
		{ 1 << 20, 1 << 20 }, { (1 << 20) + 5, (1 << 20) + PAGE },
	};

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct drm_figment_gem_create args = { .size = sizes[i][0] };
		struct drm_figment_gem_info info;

		ASSERT_EQ(0, raw_ioctl(self->fd, DRM_IOCTL_FIGMENT_GEM_CREATE, &args));
		EXPECT_EQ(sizes[i][1], args.size);
		EXPECT_NE(0, args.handle);
		ASSERT_EQ(0, figment_bo_info(self->fd, args.handle, &info));
		EXPECT_EQ(sizes[i][1], info.size);
		EXPECT_EQ(0, info.flags);
		EXPECT_NE(0, info.mmap_offset);
	}
}

TEST_F(buffers, impossible_sizes_are_refused)
{
	static const uint64_t sizes[] = {
		0, (1ull << 40) + 1, 1ull << 41, 1ull << 63, ~0ull, ~0ull - PAGE + 2,
		~0ull - PAGE,
	};
	uint64_t before = memory_used(self->fd);

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct drm_figment_gem_create args = { .size = sizes[i] };

		EXPECT_EQ(-EINVAL, raw_ioctl(self->fd, DRM_IOCTL_FIGMENT_GEM_CREATE, &args));
		EXPECT_EQ(0, args.handle);
	}
	EXPECT_EQ(before, memory_used(self->fd));
}

TEST_F(buffers, unknown_flags_are_refused)
{
	for (int bit = 0; bit < 32; bit++) {
		struct drm_figment_gem_create args = { .size = PAGE, .flags = 1u << bit };

		EXPECT_EQ(-EINVAL, raw_ioctl(self->fd, DRM_IOCTL_FIGMENT_GEM_CREATE, &args));
	}
}

TEST_F(buffers, pages_are_zeroed)
{
	const size_t size = 1 << 20;

	for (int round = 0; round < 3; round++) {
		struct buffer buf = buffer_create(self->fd, size);

		ASSERT_TRUE(all_bytes(buf.map, 0, size));
		memset(buf.map, 0xa5, size);
		buffer_destroy(self->fd, &buf);
	}
}

TEST_F(buffers, mappings_are_one_memory)
{
	struct buffer buf = buffer_create(self->fd, 5 * PAGE);
	uint8_t *second;
	void *map;

	ASSERT_EQ(0, figment_bo_map(self->fd, buf.handle, NULL, &map));
	second = map;
	ASSERT_NE(second, buf.map);
	fill_random(buf.map, buf.size, 1);
	EXPECT_EQ(0, memcmp(second, buf.map, buf.size));
	second[5 * PAGE - 1] ^= 0xff;
	EXPECT_EQ(0, memcmp(second, buf.map, buf.size));
}

TEST_F(buffers, mapping_outlives_handle)
{
	struct buffer buf = buffer_create(self->fd, PAGE);
	struct buffer other;

	memset(buf.map, 0x11, PAGE);
	must(figment_bo_close(self->fd, buf.handle));
	other = buffer_create(self->fd, PAGE);
	memset(other.map, 0x22, PAGE);
	EXPECT_TRUE(all_bytes(buf.map, 0x11, PAGE));
	close(self->fd);
	EXPECT_TRUE(all_bytes(buf.map, 0x11, PAGE));
	self->fd = device_open();
}

static uint8_t *inherited;

static void write_what_is_inherited(int sock)
{
	inherited[1] = 0x5a;
	send_word(sock, inherited[0]);
}

TEST_F(buffers, a_mapping_is_cut_moved_and_inherited)
{
	uint64_t before = memory_used(self->fd);
	struct buffer buf = buffer_create(self->fd, 4 * PAGE);
	struct drm_figment_gem_info info;
	uint8_t *moved = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct child child;

	must(figment_bo_info(self->fd, buf.handle, &info));
	for (int i = 0; i < 4; i++)
		memset(buf.map + i * PAGE, 0x10 + i, PAGE);
	/* A copy of one's own of a page that is not the kernel's to copy there is not. */
	EXPECT_EQ(MAP_FAILED, mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, self->fd,
				   info.mmap_offset));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(MAP_FAILED, mremap(buf.map, buf.size, 2 * buf.size, MREMAP_MAYMOVE));

	must_call(munmap(buf.map + PAGE, PAGE));
	must_be(mremap(buf.map + 3 * PAGE, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, moved) ==
		moved);
	EXPECT_TRUE(all_bytes(buf.map, 0x10, PAGE));
	EXPECT_TRUE(all_bytes(buf.map + 2 * PAGE, 0x12, PAGE));
	EXPECT_TRUE(all_bytes(moved, 0x13, PAGE));

	inherited = moved;
	child = child_start(write_what_is_inherited);
	EXPECT_EQ(0x13, recv_word(child.sock));
	EXPECT_EQ(0, child_join(&child));
	EXPECT_EQ(0x5a, moved[1]);

	/* The last piece that goes takes it with it, and none before. */
	must(figment_bo_close(self->fd, buf.handle));
	must_call(munmap(buf.map, PAGE));
	must_call(munmap(moved, PAGE));
	EXPECT_EQ(before + 4 * PAGE, memory_used(self->fd));
	EXPECT_TRUE(all_bytes(buf.map + 2 * PAGE, 0x12, PAGE));
	must_call(munmap(buf.map + 2 * PAGE, PAGE));
	EXPECT_TRUE(memory_settles(self->fd, before));
}

TEST_F(buffers, two_buffers_are_two_memories)
{
	struct buffer a = buffer_create(self->fd, PAGE);
	struct buffer b = buffer_create(self->fd, PAGE);

	memset(a.map, 0xff, PAGE);
	EXPECT_TRUE(all_bytes(b.map, 0, PAGE));
}

TEST_F(buffers, mapping_at_a_given_address)
{
	struct buffer buf = buffer_create(self->fd, 2 * PAGE);
	void *room = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void *map;

	ASSERT_NE(MAP_FAILED, room);
	ASSERT_EQ(0, figment_bo_map(self->fd, buf.handle, room, &map));
	EXPECT_EQ(room, map);
	memset(room, 0x77, 4 * PAGE);
	EXPECT_TRUE(all_bytes(buf.map, 0x77, 2 * PAGE));
}

TEST_F(buffers, no_such_handle)
{
	static const uint32_t handles[] = { 0, 1234, ~0u };
	struct drm_figment_gem_info info;
	uint32_t handle;

	for (size_t i = 0; i < ARRAY_SIZE(handles); i++)
		EXPECT_EQ(-ENOENT, figment_bo_info(self->fd, handles[i], &info));
	must(figment_bo_create(self->fd, PAGE, &handle));
	EXPECT_EQ(0, figment_bo_close(self->fd, handle));
	EXPECT_EQ(-ENOENT, figment_bo_info(self->fd, handle, &info));
	EXPECT_EQ(-EINVAL, figment_bo_close(self->fd, handle));
}

TEST_F(buffers, handles_are_the_clients_own)
{
	struct buffer buf = buffer_create(self->fd, PAGE);
	struct drm_figment_gem_info info;
	int other = device_open();

	EXPECT_EQ(-ENOENT, figment_bo_info(other, buf.handle, &info));
	must(figment_bo_info(self->fd, buf.handle, &info));
	/* Nor can the other file be mapped at the offset of it. */
	EXPECT_EQ(MAP_FAILED, mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, other,
				   info.mmap_offset));
	EXPECT_EQ(EACCES, errno);
}

TEST_F(buffers, mmap_beyond_the_buffer_is_refused)
{
	struct drm_figment_gem_info info;
	uint32_t handle;

	must(figment_bo_create(self->fd, PAGE, &handle));
	must(figment_bo_info(self->fd, handle, &info));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, self->fd,
				   info.mmap_offset));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, PAGE, PROT_READ, MAP_SHARED, self->fd,
				   info.mmap_offset + PAGE));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, PAGE, PROT_READ, MAP_SHARED, self->fd, 0));
}

TEST_F(buffers, memory_is_counted)
{
	uint64_t before = memory_used(self->fd);
	struct buffer buf = buffer_create(self->fd, (1 << 20) + 1);
	uint32_t handle;
	int dmabuf;

	EXPECT_EQ(before + (1 << 20) + PAGE, memory_used(self->fd));
	must(figment_bo_create(self->fd, 1, &handle));
	EXPECT_EQ(before + (1 << 20) + 2 * PAGE, memory_used(self->fd));
	must(figment_bo_close(self->fd, handle));

	/* As long as anything holds it, it takes memory. */
	dmabuf = buffer_export(self->fd, &buf);
	must(figment_bo_close(self->fd, buf.handle));
	munmap(buf.map, buf.size);
	EXPECT_EQ(before + (1 << 20) + PAGE, memory_used(self->fd));
	close(dmabuf);
	EXPECT_TRUE(memory_settles(self->fd, before));
}

TEST_F(buffers, closing_the_device_frees)
{
	uint64_t before = memory_used(self->fd);
	int other = device_open();
	uint32_t handle;

	for (int i = 0; i < 10; i++)
		must(figment_bo_create(other, 1 << 20, &handle));
	EXPECT_EQ(before + (10 << 20), memory_used(self->fd));
	close(other);
	EXPECT_TRUE(memory_settles(self->fd, before));
}

TEST_F(buffers, memory_limit)
{
	uint64_t before = memory_used(self->fd);
	uint64_t limit = device_param(self->fd, DRM_FIGMENT_PARAM_MEMORY_LIMIT);
	uint32_t handle, more;

	ASSERT_LT(before, limit);
	limit &= ~(uint64_t)(PAGE - 1);
	EXPECT_EQ(-ENOMEM, figment_bo_create(self->fd, limit - before + PAGE, &handle));
	EXPECT_EQ(before, memory_used(self->fd));
	/* Pages come on first use, so this takes none. */
	ASSERT_EQ(0, figment_bo_create(self->fd, limit - before, &handle));
	EXPECT_EQ(-ENOMEM, figment_bo_create(self->fd, PAGE, &more));
	EXPECT_EQ(limit, memory_used(self->fd));
	ASSERT_EQ(0, figment_bo_close(self->fd, handle));
	EXPECT_EQ(0, figment_bo_create(self->fd, PAGE, &more));
	must(figment_bo_close(self->fd, more));
	EXPECT_TRUE(memory_settles(self->fd, before));
}

/* Asks, all the time, for more than there is. */
static void ask_for_too_much(int sock)
{
	int fd = device_open();
	uint32_t handle;

	send_word(sock, 1);
	for (;;)
		must_be(figment_bo_create(fd, 1ull << 40, &handle) == -ENOMEM);
}

TEST_F(buffers, who_is_refused_is_in_nobodys_way)
{
	uint64_t limit = device_param(self->fd, DRM_FIGMENT_PARAM_MEMORY_LIMIT);
	struct child child;
	uint32_t handle;
	int refused = 0;

	if (!limit || limit >= 1ull << 40)
		SKIP(return, "there is more memory than a buffer can take");
	child = child_start(ask_for_too_much);
	recv_word(child.sock);
	for (int i = 0; i < 5000; i++) {
		int ret = figment_bo_create(self->fd, PAGE, &handle);

		if (ret)
			refused++;
		else
			must(figment_bo_close(self->fd, handle));
	}
	must_call(kill(child.pid, SIGKILL));
	/* Until then it was refused, each time. */
	EXPECT_EQ(SIGKILL, child_join(&child));
	EXPECT_EQ(0, refused);
}

TEST_F(buffers, parameters)
{
	struct drm_figment_get_param args;

	EXPECT_LE(1, device_param(self->fd, DRM_FIGMENT_PARAM_ABI));
	EXPECT_EQ(0, device_param(self->fd, DRM_FIGMENT_PARAM_INDEX));
	EXPECT_LE(1, device_param(self->fd, DRM_FIGMENT_PARAM_COPY_RINGS));
	EXPECT_GE(16, device_param(self->fd, DRM_FIGMENT_PARAM_COPY_RINGS));
	EXPECT_LE(10, device_param(self->fd, DRM_FIGMENT_PARAM_JOB_TIMEOUT_MS));
	EXPECT_EQ(0, device_param(self->fd, DRM_FIGMENT_PARAM_HIDE) & ~0xfull);

	args = (struct drm_figment_get_param){ .param = 7 };
	EXPECT_EQ(-EINVAL, raw_ioctl(self->fd, DRM_IOCTL_FIGMENT_GET_PARAM, &args));
	args.param = ~0u;
	EXPECT_EQ(-EINVAL, raw_ioctl(self->fd, DRM_IOCTL_FIGMENT_GET_PARAM, &args));
	args = (struct drm_figment_get_param){ .pad = 1 };
	EXPECT_EQ(-EINVAL, raw_ioctl(self->fd, DRM_IOCTL_FIGMENT_GET_PARAM, &args));
}

TEST_F(buffers, capabilities)
{
	uint64_t value;

	ASSERT_EQ(0, drmGetCap(self->fd, DRM_CAP_PRIME, &value));
	EXPECT_EQ(DRM_PRIME_CAP_IMPORT | DRM_PRIME_CAP_EXPORT, value);
	ASSERT_EQ(0, drmGetCap(self->fd, DRM_CAP_SYNCOBJ, &value));
	EXPECT_EQ(1, value);
	ASSERT_EQ(0, drmGetCap(self->fd, DRM_CAP_SYNCOBJ_TIMELINE, &value));
	EXPECT_EQ(1, value);
}

TEST_F(buffers, nodes)
{
	struct figment_node node;
	int primary;

	ASSERT_LE(1, figment_enumerate(&node, 1));
	EXPECT_EQ(0, node.index);
	EXPECT_EQ(0, strncmp(node.name, "figment", 7));
	EXPECT_EQ(226, node.render_major);
	EXPECT_LE(128, node.render_minor);
	EXPECT_EQ(226, node.primary_major);
	EXPECT_GT(64, node.primary_minor);
	EXPECT_TRUE(figment_is_figment(self->fd));
	primary = open(node.primary, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, primary);
	EXPECT_TRUE(figment_is_figment(primary));
}

TEST_F(buffers, dumb_buffers)
{
	struct drm_mode_create_dumb create = { .width = 101, .height = 7, .bpp = 32 };
	struct drm_mode_map_dumb map = { 0 };
	struct drm_mode_destroy_dumb destroy = { 0 };
	struct drm_figment_gem_info info;
	struct figment_node node;
	uint8_t *pixels;
	int fd;

	must(figment_enumerate(&node, 1));
	fd = must_call(open(node.primary, O_RDWR | O_CLOEXEC));
	ASSERT_EQ(0, raw_ioctl(fd, DRM_IOCTL_MODE_CREATE_DUMB, &create));
	EXPECT_LE(101 * 4, create.pitch);
	EXPECT_LE((uint64_t)create.pitch * 7, create.size);
	ASSERT_EQ(0, figment_bo_info(fd, create.handle, &info));
	EXPECT_EQ(create.size, info.size);

	map.handle = create.handle;
	ASSERT_EQ(0, raw_ioctl(fd, DRM_IOCTL_MODE_MAP_DUMB, &map));
	pixels = mmap(NULL, create.size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, map.offset);
	ASSERT_NE(MAP_FAILED, pixels);
	EXPECT_TRUE(all_bytes(pixels, 0, create.size));
	memset(pixels, 0x3c, create.size);
	destroy.handle = create.handle;
	EXPECT_EQ(0, raw_ioctl(fd, DRM_IOCTL_MODE_DESTROY_DUMB, &destroy));
	EXPECT_TRUE(all_bytes(pixels, 0x3c, create.size));
}

TEST_F(buffers, impossible_dumb_buffers_are_refused)
{
	struct drm_mode_create_dumb create = { .width = ~0u, .height = ~0u, .bpp = 32 };
	struct figment_node node;
	int fd;

	must(figment_enumerate(&node, 1));
	fd = must_call(open(node.primary, O_RDWR | O_CLOEXEC));
	EXPECT_GT(0, raw_ioctl(fd, DRM_IOCTL_MODE_CREATE_DUMB, &create));
	create = (struct drm_mode_create_dumb){ .width = 0, .height = 1, .bpp = 32 };
	EXPECT_EQ(-EINVAL, raw_ioctl(fd, DRM_IOCTL_MODE_CREATE_DUMB, &create));
}

TEST_F(buffers, dma_buf_outlives_the_device_file)
{
	struct buffer buf = buffer_create(self->fd, PAGE);
	int dmabuf = buffer_export(self->fd, &buf);
	uint8_t *map;

	close(self->fd);
	map = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, dmabuf, 0);
	ASSERT_NE(MAP_FAILED, map);
	map[7] = 9;
	EXPECT_EQ(9, buf.map[7]);
	self->fd = device_open();
}

FIGMENT_HARNESS_MAIN

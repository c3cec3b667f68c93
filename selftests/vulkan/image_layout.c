// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: images with an explicit layout
 *
 * Catches a shim that ignores an explicit layout's offset or pitch, or tells another
 * one; that draws into something else than the dma-buf, over its end or beside the
 * pixels; that has no room for what lavapipe touches behind them; that takes a layout
 * whose size lavapipe cannot compute.
 */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fixture.h"
#include "foreign.h"

#define LINEAR		0ull

#define WIDTH		19
#define HEIGHT		13
#define FORMAT		VK_FORMAT_B8G8R8A8_UNORM
#define USAGE \
	(VK_IMAGE_USAGE_TRANSFER_SRC_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT | \
	 VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT)

struct picture {
	VkImage image;
	VkDeviceMemory memory;
	uint64_t offset, pitch, end;	/* of the pixels; of what llvmpipe wants */
};

/* With an explicit layout, or (pitch 0) of a list of modifiers. */
static VkResult make_image_of(struct vk *vk, VkFormat format, uint32_t width, uint32_t height,
			      uint64_t offset, uint64_t pitch, VkImage *image)
{
	static const uint64_t modifiers[] = { LINEAR };
	VkSubresourceLayout plane = { .offset = offset, .rowPitch = pitch };
	VkImageDrmFormatModifierExplicitCreateInfoEXT explicit = {
		.sType = VK_STRUCTURE_TYPE_IMAGE_DRM_FORMAT_MODIFIER_EXPLICIT_CREATE_INFO_EXT,
		.drmFormatModifier = LINEAR,
		.drmFormatModifierPlaneCount = 1,
		.pPlaneLayouts = &plane,
	};
	VkImageDrmFormatModifierListCreateInfoEXT choice = {
		.sType = VK_STRUCTURE_TYPE_IMAGE_DRM_FORMAT_MODIFIER_LIST_CREATE_INFO_EXT,
		.drmFormatModifierCount = ARRAY_SIZE(modifiers),
		.pDrmFormatModifiers = modifiers,
	};
	VkExternalMemoryImageCreateInfo external = {
		.sType = VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_IMAGE_CREATE_INFO,
		.pNext = pitch ? (void *)&explicit : (void *)&choice,
		.handleTypes = DMA_BUF_MEMORY,
	};
	VkImageCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
		.pNext = &external,
		.imageType = VK_IMAGE_TYPE_2D,
		.format = format,
		.extent = { width, height, 1 },
		.mipLevels = 1,
		.arrayLayers = 1,
		.samples = VK_SAMPLE_COUNT_1_BIT,
		.tiling = VK_IMAGE_TILING_DRM_FORMAT_MODIFIER_EXT,
		.usage = USAGE,
	};

	return vkCreateImage(vk->device, &info, NULL, image);
}

static VkResult make_image(struct vk *vk, uint64_t offset, uint64_t pitch, VkImage *image)
{
	return make_image_of(vk, FORMAT, WIDTH, HEIGHT, offset, pitch, image);
}

#define NO_DMABUF	-1	/* memory that can be exported as one */
#define PLAIN_MEMORY	-2	/* memory that cannot */

/* An image on memory that is made for it, or imported. */
static void make_picture(struct vk *vk, uint64_t offset, uint64_t pitch, int dmabuf,
			 struct picture *pic)
{
	VkImageSubresource plane = { .aspectMask = VK_IMAGE_ASPECT_MEMORY_PLANE_0_BIT_EXT };
	VkSubresourceLayout layout;
	VkMemoryRequirements need;

	VK(make_image(vk, offset, pitch, &pic->image));
	vkGetImageMemoryRequirements(vk->device, pic->image, &need);
	must_be(need.memoryTypeBits & 1u << vk_memory_type(vk, ~0u));
	if (dmabuf < 0)
		VK(vk_allocate(vk, need.size, dmabuf == PLAIN_MEMORY ? 0 : DMA_BUF_MEMORY, 0, -1,
			       &pic->memory));
	else
		VK(vk_allocate(vk, need.size, 0, DMA_BUF_MEMORY, dmabuf, &pic->memory));
	VK(vkBindImageMemory(vk->device, pic->image, pic->memory, 0));
	vkGetImageSubresourceLayout(vk->device, pic->image, &plane, &layout);
	pic->offset = layout.offset;
	pic->pitch = layout.rowPitch;
	pic->end = need.size;
}

static void free_picture(struct vk *vk, struct picture *pic)
{
	vkDestroyImage(vk->device, pic->image, NULL);
	vkFreeMemory(vk->device, pic->memory, NULL);
}

static void give(VkCommandBuffer cmd, VkImage image)
{
	vk_move(cmd, image, VK_IMAGE_LAYOUT_GENERAL, VK_IMAGE_LAYOUT_GENERAL, 0,
		VK_QUEUE_FAMILY_FOREIGN_EXT);
}

static void take(VkCommandBuffer cmd, VkImage image)
{
	vk_move(cmd, image, VK_IMAGE_LAYOUT_GENERAL, VK_IMAGE_LAYOUT_GENERAL,
		VK_QUEUE_FAMILY_FOREIGN_EXT, 0);
}

static const VkClearColorValue red = { .float32 = { 1, 0, 0, 1 } };
#define RED	0xffff0000u

static void clear(struct vk *vk, VkImage image)
{
	VkImageSubresourceRange all = { VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1 };
	VkCommandBuffer cmd = vk_begin(vk);

	vk_move(cmd, image, VK_IMAGE_LAYOUT_UNDEFINED, VK_IMAGE_LAYOUT_GENERAL,
		VK_QUEUE_FAMILY_IGNORED, VK_QUEUE_FAMILY_IGNORED);
	vkCmdClearColorImage(cmd, image, VK_IMAGE_LAYOUT_GENERAL, &red, 1, &all);
	give(cmd, image);
	vk_run(vk, vk_end(cmd));
}

/* Rendered by lavapipe, in its blocks of 4x4 pixels: a clear, like a copy, is exact. */
static void draw(struct vk *vk, VkImage image)
{
	const VkImageSubresourceLayers color = { VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1 };
	/* Mirrored, since without that it would be a copy. */
	const VkImageBlit mirror = {
		.srcSubresource = color,
		.srcOffsets = { { WIDTH, 0, 0 }, { 0, HEIGHT, 1 } },
		.dstSubresource = color,
		.dstOffsets = { { 0, 0, 0 }, { WIDTH, HEIGHT, 1 } },
	};
	struct picture from;
	VkCommandBuffer cmd;

	make_picture(vk, 0, 0, NO_DMABUF, &from);
	clear(vk, from.image);
	cmd = vk_begin(vk);
	take(cmd, from.image);
	vk_move(cmd, image, VK_IMAGE_LAYOUT_UNDEFINED, VK_IMAGE_LAYOUT_GENERAL,
		VK_QUEUE_FAMILY_IGNORED, VK_QUEUE_FAMILY_IGNORED);
	vkCmdBlitImage(cmd, from.image, VK_IMAGE_LAYOUT_GENERAL, image, VK_IMAGE_LAYOUT_GENERAL,
		       1, &mirror, VK_FILTER_NEAREST);
	give(cmd, image);
	vk_run(vk, vk_end(cmd));
	free_picture(vk, &from);
}

/* Whether all pixels are there; whether nothing before or after them is. */
static bool pixels_are(const void *map, const struct picture *pic, uint32_t pixel)
{
	for (int y = 0; y < HEIGHT; y++) {
		if (!words_are((const char *)map + pic->offset + y * pic->pitch, WIDTH * 4, pixel))
			return false;
	}
	return true;
}

static bool around_is(const void *map, const struct picture *pic, size_t size, uint32_t word)
{
	const char *at = map, *end = at + size;
	const char *rest = at + pic->offset + (HEIGHT - 1) * pic->pitch + WIDTH * 4;

	return words_are(at, pic->offset, word) && words_are(rest, end - rest, word);
}

/* Another process, without Vulkan, which is told the layout. */
static void reader(int sock)
{
	int dmabuf = recv_fd(sock);
	struct picture pic = { .offset = recv_word(sock), .pitch = recv_word(sock) };
	size_t size = figment_dmabuf_size(dmabuf);
	void *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, dmabuf, 0);

	must_be(map != MAP_FAILED);
	must_be(pixels_are(map, &pic, recv_word(sock)));
	words_set(map, size, 0x01020304);
	send_word(sock, 0);
}

static void show_reader(struct __test_metadata *_metadata, struct vk *vk, uint64_t offset,
			uint64_t pitch)
{
	struct child peer = peer_start("reader");
	struct picture pic;
	struct vk_buffer buf;
	VkBufferImageCopy region = {
		.imageSubresource = { VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1 },
		.imageExtent = { WIDTH, HEIGHT, 1 },
	};
	VkCommandBuffer cmd;

	make_picture(vk, offset, pitch, NO_DMABUF, &pic);
	if (pitch) {
		EXPECT_EQ(offset, pic.offset);
		EXPECT_EQ(pitch, pic.pitch);
	}
	EXPECT_LE(WIDTH * 4, pic.pitch);
	EXPECT_LE(pic.offset + (HEIGHT - 1) * pic.pitch + WIDTH * 4, pic.end);
	clear(vk, pic.image);
	give_fd(peer.sock, vk_memory_fd(vk, pic.memory, DMA_BUF_MEMORY));
	send_word(peer.sock, pic.offset);
	send_word(peer.sock, pic.pitch);
	send_word(peer.sock, RED);
	ASSERT_EQ(0, recv_word(peer.sock));

	/* And what the other process wrote is what the GPU reads. */
	vk_buffer(vk, &buf, WIDTH * HEIGHT * 4, 0);
	cmd = vk_begin(vk);
	take(cmd, pic.image);
	vkCmdCopyImageToBuffer(cmd, pic.image, VK_IMAGE_LAYOUT_GENERAL, buf.buffer, 1, &region);
	vk_run(vk, vk_end(cmd));
	EXPECT_TRUE(words_are(buf.map, WIDTH * HEIGHT * 4, 0x01020304));
	EXPECT_EQ(0, child_join(&peer));
	vk_buffer_free(vk, &buf);
	free_picture(vk, &pic);
}

TEST_F(vk, another_process_reads_pixels)
{
	show_reader(_metadata, &self->vk, 0, 0);
}

TEST_F(vk, at_an_offset_and_a_pitch)
{
	show_reader(_metadata, &self->vk, 2 * PAGE + 256, 512);
}

TEST_F(vk, list_gives_the_linear_modifier)
{
	VkImageDrmFormatModifierPropertiesEXT p = {
		.sType = VK_STRUCTURE_TYPE_IMAGE_DRM_FORMAT_MODIFIER_PROPERTIES_EXT,
		.drmFormatModifier = ~0ull,
	};
	struct vk *vk = &self->vk;
	VkImage image;

	for (int pitch = 0; pitch <= 256; pitch += 256) {
		ASSERT_EQ(VK_SUCCESS, make_image(vk, 0, pitch, &image));
		ASSERT_EQ(VK_SUCCESS,
			  vk->GetImageDrmFormatModifierPropertiesEXT(vk->device, image, &p));
		EXPECT_EQ(LINEAR, p.drmFormatModifier);
		vkDestroyImage(vk->device, image, NULL);
	}
}

/* Layouts that the device may refuse, but if it takes them it has to keep them. */
TEST_F(vk, odd_layouts_are_kept_or_refused)
{
	static const struct {
		uint64_t offset, pitch;
	} layouts[] = {
		{ 0, WIDTH * 4 }, { 0, WIDTH * 4 + 4 }, { 4, 128 }, { 64, 80 }, { 36, 100 },
	};
	struct vk *vk = &self->vk;

	for (size_t i = 0; i < ARRAY_SIZE(layouts); i++) {
		struct picture pic;
		VkImage image;
		VkResult result = make_image(vk, layouts[i].offset, layouts[i].pitch, &image);
		uint8_t *map;
		int fd;

		if (result) {
			EXPECT_EQ(VK_ERROR_INVALID_DRM_FORMAT_MODIFIER_PLANE_LAYOUT_EXT, result);
			continue;
		}
		vkDestroyImage(vk->device, image, NULL);
		make_picture(vk, layouts[i].offset, layouts[i].pitch, NO_DMABUF, &pic);
		EXPECT_EQ(layouts[i].offset, pic.offset);
		EXPECT_EQ(layouts[i].pitch, pic.pitch);
		draw(vk, pic.image);
		fd = vk_memory_fd(vk, pic.memory, DMA_BUF_MEMORY);
		map = mmap(NULL, pic.end, PROT_READ, MAP_SHARED, fd, 0);
		ASSERT_NE(MAP_FAILED, map);
		EXPECT_TRUE(pixels_are(map, &pic, RED))
			TH_LOG("offset %llu, pitch %llu", (unsigned long long)pic.offset,
			       (unsigned long long)pic.pitch);
		munmap(map, pic.end);
		close(fd);
		free_picture(vk, &pic);
	}
}

TEST_F(vk, impossible_layouts_are_refused)
{
	struct vk *vk = &self->vk;
	VkImage image;

	vk->quiet = true;
	EXPECT_EQ(VK_ERROR_INVALID_DRM_FORMAT_MODIFIER_PLANE_LAYOUT_EXT,
		  make_image(vk, 0, WIDTH * 4 - 4, &image));
	EXPECT_EQ(VK_ERROR_INVALID_DRM_FORMAT_MODIFIER_PLANE_LAYOUT_EXT,
		  make_image(vk, 0, 64, &image));
	EXPECT_EQ(VK_ERROR_INVALID_DRM_FORMAT_MODIFIER_PLANE_LAYOUT_EXT,
		  make_image(vk, 0, 1, &image));
}

/* lavapipe computes sizes in 32 bits: a gigabyte short of these is nothing. */
TEST_F(vk, no_image_is_larger_than_it_seems)
{
	const uint32_t edge = 16384, row = edge * 16;
	struct vk *vk = &self->vk;
	VkImage image;

	vk->quiet = true;
	EXPECT_EQ(VK_ERROR_OUT_OF_DEVICE_MEMORY,
		  make_image_of(vk, VK_FORMAT_R32G32B32A32_SFLOAT, edge, edge, 0, row, &image));
	EXPECT_EQ(VK_ERROR_OUT_OF_DEVICE_MEMORY,
		  make_image_of(vk, VK_FORMAT_R32G32B32A32_SFLOAT, edge, edge / 2 + 1, 0, row,
				&image));
}

/* What is mapped next has no memory behind it, unless it brings its own. */
static void wall_up(void)
{
	char *last = NULL, *page;

	/* Small gaps are taken from the top: once they are full, one wall joins the next. */
	for (int joined = 0; joined < 16; last = page) {
		page = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		must_be(page != MAP_FAILED);
		joined = page + PAGE == last ? joined + 1 : 0;
	}
}

/* Into a foreign buffer whose end is the picture's. */
TEST_F(vk, draws_into_a_short_foreign_buffer)
{
	/* The last of the picture's rows ends where the page does, or nearly. */
	const uint64_t pitch = 256, offset = 896;
	struct vk *vk = &self->vk;
	struct foreign foreign;
	struct picture pic;
	VkMemoryRequirements need;

	if (foreign_create(FOREIGN_UDMABUF, PAGE, &foreign))
		SKIP(return, "no udmabuf here");
	words_set(foreign.map, PAGE, 0x5a5a5a5a);
	VK(make_image(vk, offset, pitch, &pic.image));
	vkGetImageMemoryRequirements(vk->device, pic.image, &need);
	vkDestroyImage(vk->device, pic.image, NULL);
	/* The buffer has what a picture of this layout needs, and so must do. */
	ASSERT_GE(PAGE, need.size);

	wall_up();
	make_picture(vk, offset, pitch, must_call(dup(foreign.dmabuf)), &pic);
	draw(vk, pic.image);
	EXPECT_TRUE(pixels_are(foreign.map, &pic, RED));
	EXPECT_TRUE(around_is(foreign.map, &pic, PAGE, 0x5a5a5a5a));
	free_picture(vk, &pic);
	foreign_destroy(&foreign);
}

/* The same, of memory that nobody else ever has; it is the image that is to be shared. */
TEST_F(vk, draws_to_the_end_of_plain_memory)
{
	struct vk *vk = &self->vk;
	struct picture pic;
	void *map;

	wall_up();
	make_picture(vk, 896, 256, PLAIN_MEMORY, &pic);
	ASSERT_GE(PAGE, pic.end);
	draw(vk, pic.image);
	ASSERT_EQ(VK_SUCCESS, vkMapMemory(vk->device, pic.memory, 0, VK_WHOLE_SIZE, 0, &map));
	EXPECT_TRUE(pixels_are(map, &pic, RED));
	vkUnmapMemory(vk->device, pic.memory);
	free_picture(vk, &pic);
}

VK_HARNESS_MAIN({ "reader", reader },)

// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: images in memory that is shared, of one plane and of several
 *
 * An image is filled in one device, and what another device (with an open file of
 * its own, and the memory imported) reads from an image that is created alike is
 * compared, plane by plane. Of linear images the bytes in memory are, too.
 *
 * Catches a shim whose dedicated or imported memory is not what the image is bound
 * to; that says a format can be shared that comes out otherwise; whose planes lie
 * elsewhere than their layouts say, or have one memory where they are disjoint.
 */
#include <string.h>
#include <unistd.h>

#include "fixture.h"

#define WIDTH	32u
#define HEIGHT	16u
#define ROOM	(64 * 1024)

struct plane {
	VkImageAspectFlagBits aspect;
	uint32_t width, height, texel;
};

struct kind {
	const char *name;
	VkFormat format;
	uint32_t planes;
	struct plane plane[3];
};

static const struct kind kinds[] = {
	{ "RGBA8", VK_FORMAT_R8G8B8A8_UNORM, 1,
	  { { VK_IMAGE_ASPECT_COLOR_BIT, WIDTH, HEIGHT, 4 } } },
	{ "NV12", VK_FORMAT_G8_B8R8_2PLANE_420_UNORM, 2,
	  { { VK_IMAGE_ASPECT_PLANE_0_BIT, WIDTH, HEIGHT, 1 },
	    { VK_IMAGE_ASPECT_PLANE_1_BIT, WIDTH / 2, HEIGHT / 2, 2 } } },
	{ "YUV420", VK_FORMAT_G8_B8_R8_3PLANE_420_UNORM, 3,
	  { { VK_IMAGE_ASPECT_PLANE_0_BIT, WIDTH, HEIGHT, 1 },
	    { VK_IMAGE_ASPECT_PLANE_1_BIT, WIDTH / 2, HEIGHT / 2, 1 },
	    { VK_IMAGE_ASPECT_PLANE_2_BIT, WIDTH / 2, HEIGHT / 2, 1 } } },
	{ "P010", VK_FORMAT_G10X6_B10X6R10X6_2PLANE_420_UNORM_3PACK16, 2,
	  { { VK_IMAGE_ASPECT_PLANE_0_BIT, WIDTH, HEIGHT, 2 },
	    { VK_IMAGE_ASPECT_PLANE_1_BIT, WIDTH / 2, HEIGHT / 2, 4 } } },
	{ "YUV444", VK_FORMAT_G8_B8_R8_3PLANE_444_UNORM, 3,
	  { { VK_IMAGE_ASPECT_PLANE_0_BIT, WIDTH, HEIGHT, 1 },
	    { VK_IMAGE_ASPECT_PLANE_1_BIT, WIDTH, HEIGHT, 1 },
	    { VK_IMAGE_ASPECT_PLANE_2_BIT, WIDTH, HEIGHT, 1 } } },
};

struct way {
	const struct kind *kind;
	VkImageTiling tiling;
	bool disjoint, dedicated;
	VkExternalMemoryHandleTypeFlagBits type;
};

struct image {
	VkImage image;
	VkDeviceMemory memory[3];
	uint32_t memories;
};

FIXTURE(pair) {
	struct vk a, b;
};

FIXTURE_SETUP(pair)
{
	vk_open(&self->a);
	self->b = self->a;
	vk_device(&self->b);
}

FIXTURE_TEARDOWN(pair)
{
	if (_metadata->exit_code)
		return;
	vk_device_close(&self->b);
	EXPECT_EQ(0, vk_close(&self->a));
}

#define USAGE (VK_IMAGE_USAGE_TRANSFER_SRC_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT)

/* Whether the device says that it can be done so. */
static VkResult ask(struct vk *vk, const struct way *way, VkExternalMemoryProperties *memory)
{
	VkPhysicalDeviceExternalImageFormatInfo external = {
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_IMAGE_FORMAT_INFO,
		.handleType = way->type,
	};
	VkPhysicalDeviceImageFormatInfo2 info = {
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_IMAGE_FORMAT_INFO_2,
		.pNext = &external,
		.format = way->kind->format,
		.type = VK_IMAGE_TYPE_2D,
		.tiling = way->tiling,
		.usage = USAGE,
		.flags = way->disjoint ? VK_IMAGE_CREATE_DISJOINT_BIT : 0,
	};
	VkExternalImageFormatProperties answer = {
		.sType = VK_STRUCTURE_TYPE_EXTERNAL_IMAGE_FORMAT_PROPERTIES,
	};
	VkImageFormatProperties2 p = {
		.sType = VK_STRUCTURE_TYPE_IMAGE_FORMAT_PROPERTIES_2,
		.pNext = &answer,
	};
	VkResult result = vkGetPhysicalDeviceImageFormatProperties2(vk->physical, &info, &p);

	*memory = answer.externalMemoryProperties;
	return result;
}

/* Whether both features for it are there. */
static bool has_features(struct vk *vk, const struct way *way)
{
	const VkFormatFeatureFlags want = VK_FORMAT_FEATURE_TRANSFER_SRC_BIT |
					  VK_FORMAT_FEATURE_TRANSFER_DST_BIT |
					  (way->disjoint ? VK_FORMAT_FEATURE_DISJOINT_BIT : 0);
	VkFormatProperties p;

	vkGetPhysicalDeviceFormatProperties(vk->physical, way->kind->format, &p);
	return ((way->tiling == VK_IMAGE_TILING_LINEAR ? p.linearTilingFeatures :
		 p.optimalTilingFeatures) & want) == want;
}

static VkMemoryRequirements need(struct vk *vk, VkImage image, const struct way *way, uint32_t i)
{
	VkImagePlaneMemoryRequirementsInfo plane = {
		.sType = VK_STRUCTURE_TYPE_IMAGE_PLANE_MEMORY_REQUIREMENTS_INFO,
		.planeAspect = way->kind->plane[i].aspect,
	};
	VkImageMemoryRequirementsInfo2 info = {
		.sType = VK_STRUCTURE_TYPE_IMAGE_MEMORY_REQUIREMENTS_INFO_2,
		.pNext = way->disjoint ? &plane : NULL,
		.image = image,
	};
	VkMemoryRequirements2 out = { .sType = VK_STRUCTURE_TYPE_MEMORY_REQUIREMENTS_2 };

	vkGetImageMemoryRequirements2(vk->device, &info, &out);
	return out.memoryRequirements;
}

static VkImage create(struct vk *vk, const struct way *way)
{
	VkExternalMemoryImageCreateInfo external = {
		.sType = VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_IMAGE_CREATE_INFO,
		.handleTypes = way->type,
	};
	VkImageCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
		.pNext = &external,
		.flags = way->disjoint ? VK_IMAGE_CREATE_DISJOINT_BIT : 0,
		.imageType = VK_IMAGE_TYPE_2D,
		.format = way->kind->format,
		.extent = { WIDTH, HEIGHT, 1 },
		.mipLevels = 1,
		.arrayLayers = 1,
		.samples = VK_SAMPLE_COUNT_1_BIT,
		.tiling = way->tiling,
		.usage = USAGE,
	};
	VkImage image;

	VK(vkCreateImage(vk->device, &info, NULL, &image));
	return image;
}

/* With memory of its own that can be exported, or that which @fds stand for. */
static void make(struct vk *vk, const struct way *way, const int *fds, struct image *out)
{
	VkBindImagePlaneMemoryInfo planes[3];
	VkBindImageMemoryInfo binds[3];

	out->image = create(vk, way);
	out->memories = way->disjoint ? way->kind->planes : 1;
	for (uint32_t i = 0; i < out->memories; i++) {
		VkMemoryRequirements r = need(vk, out->image, way, i);
		VkMemoryDedicatedAllocateInfo dedicated = {
			.sType = VK_STRUCTURE_TYPE_MEMORY_DEDICATED_ALLOCATE_INFO,
			.image = out->image,
		};
		VkExportMemoryAllocateInfo export = {
			.sType = VK_STRUCTURE_TYPE_EXPORT_MEMORY_ALLOCATE_INFO,
			.pNext = way->dedicated ? &dedicated : NULL,
			.handleTypes = way->type,
		};
		VkImportMemoryFdInfoKHR import = {
			.sType = VK_STRUCTURE_TYPE_IMPORT_MEMORY_FD_INFO_KHR,
			.pNext = way->dedicated ? &dedicated : NULL,
			.handleType = way->type,
			.fd = fds ? fds[i] : -1,
		};
		VkMemoryAllocateInfo info = {
			.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
			.pNext = fds ? (void *)&import : (void *)&export,
			.allocationSize = r.size,
			.memoryTypeIndex = vk_memory_type(vk, r.memoryTypeBits),
		};

		VK(vkAllocateMemory(vk->device, &info, NULL, &out->memory[i]));
		planes[i] = (VkBindImagePlaneMemoryInfo){
			.sType = VK_STRUCTURE_TYPE_BIND_IMAGE_PLANE_MEMORY_INFO,
			.planeAspect = way->kind->plane[i].aspect,
		};
		binds[i] = (VkBindImageMemoryInfo){
			.sType = VK_STRUCTURE_TYPE_BIND_IMAGE_MEMORY_INFO,
			.pNext = way->disjoint ? &planes[i] : NULL,
			.image = out->image,
			.memory = out->memory[i],
		};
	}
	VK(vkBindImageMemory2(vk->device, out->memories, binds));
}

static void destroy(struct vk *vk, struct image *image)
{
	vkDestroyImage(vk->device, image->image, NULL);
	for (uint32_t i = 0; i < image->memories; i++)
		vkFreeMemory(vk->device, image->memory[i], NULL);
}

static uint32_t plane_size(const struct plane *plane)
{
	return plane->width * plane->height * plane->texel;
}

/* All planes, one behind the other, to or from a buffer. */
static void move(struct vk *vk, const struct way *way, const struct image *image,
		 const struct vk_buffer *buf, bool to_image)
{
	VkCommandBuffer cmd = vk_begin(vk);
	uint32_t at = 0;

	vk_move(cmd, image->image, to_image ? VK_IMAGE_LAYOUT_UNDEFINED : VK_IMAGE_LAYOUT_GENERAL,
		VK_IMAGE_LAYOUT_GENERAL, VK_QUEUE_FAMILY_IGNORED, VK_QUEUE_FAMILY_IGNORED);
	for (uint32_t i = 0; i < way->kind->planes; i++) {
		const struct plane *plane = &way->kind->plane[i];
		VkBufferImageCopy region = {
			.bufferOffset = at,
			.imageSubresource = { plane->aspect, 0, 0, 1 },
			.imageExtent = { plane->width, plane->height, 1 },
		};

		if (to_image)
			vkCmdCopyBufferToImage(cmd, buf->buffer, image->image,
					       VK_IMAGE_LAYOUT_GENERAL, 1, &region);
		else
			vkCmdCopyImageToBuffer(cmd, image->image, VK_IMAGE_LAYOUT_GENERAL,
					       buf->buffer, 1, &region);
		at += plane_size(plane);
	}
	vk_run(vk, vk_end(cmd));
}

/* Of a linear image: whether its planes are where their layouts say. */
static bool bytes_are(struct vk *vk, const struct way *way, const struct image *image,
		      const uint8_t *want)
{
	bool same = true;

	for (uint32_t i = 0; i < way->kind->planes; i++) {
		const struct plane *plane = &way->kind->plane[i];
		VkImageSubresource which = { plane->aspect, 0, 0 };
		uint32_t row = plane->width * plane->texel;
		VkSubresourceLayout layout;
		uint8_t *map;

		vkGetImageSubresourceLayout(vk->device, image->image, &which, &layout);
		VK(vkMapMemory(vk->device, image->memory[way->disjoint ? i : 0], 0, VK_WHOLE_SIZE,
			       0, (void **)&map));
		same &= layout.rowPitch >= row;
		for (uint32_t y = 0; same && y < plane->height; y++)
			same &= !memcmp(map + layout.offset + y * layout.rowPitch, want + y * row,
					row);
		vkUnmapMemory(vk->device, image->memory[way->disjoint ? i : 0]);
		want += plane_size(plane);
	}
	return same;
}

static void share(struct __test_metadata *_metadata, FIXTURE_DATA(pair) *self,
		  const struct way *way)
{
	struct vk_buffer from, to;
	struct image a, b, again;
	uint32_t size = 0;
	int fds[2][3];

	for (uint32_t i = 0; i < way->kind->planes; i++)
		size += plane_size(&way->kind->plane[i]);
	vk_buffer(&self->a, &from, ROOM, 0);
	vk_buffer(&self->b, &to, ROOM, 0);
	fill_random(from.map, size, way->kind->format);
	memset(to.map, 0, size);

	make(&self->a, way, NULL, &a);
	for (uint32_t i = 0; i < a.memories; i++) {
		fds[0][i] = vk_memory_fd(&self->a, a.memory[i], way->type);
		fds[1][i] = must_call(dup(fds[0][i]));
	}
	make(&self->b, way, fds[0], &b);
	make(&self->a, way, fds[1], &again);
	move(&self->a, way, &a, &from, true);
	/* The layout is handed over outside of Vulkan, which the layer cannot see. */
	self->a.quiet = self->b.quiet = true;
	move(&self->b, way, &b, &to, false);
	EXPECT_EQ(0, memcmp(from.map, to.map, size)) {
		TH_LOG("%s, tiling %d, disjoint %d, dedicated %d, type %#x", way->kind->name,
		       way->tiling, way->disjoint, way->dedicated, way->type);
	}
	/* And back: the exporter, and who imported in its device, see the same. */
	fill_random(from.map, size, way->kind->format + 1);
	move(&self->a, way, &again, &from, true);
	memset(to.map, 0, size);
	move(&self->b, way, &b, &to, false);
	EXPECT_EQ(0, memcmp(from.map, to.map, size));
	self->a.quiet = self->b.quiet = false;
	if (way->tiling == VK_IMAGE_TILING_LINEAR) {
		EXPECT_TRUE(bytes_are(&self->a, way, &a, from.map))
			TH_LOG("%s", way->kind->name);
		EXPECT_TRUE(bytes_are(&self->b, way, &b, from.map));
	}
	destroy(&self->a, &a);
	destroy(&self->a, &again);
	destroy(&self->b, &b);
	vk_buffer_free(&self->a, &from);
	vk_buffer_free(&self->b, &to);
}

static void try(struct __test_metadata *_metadata, FIXTURE_DATA(pair) *self,
		const struct way *way, uint32_t *done)
{
	VkExternalMemoryProperties p;
	VkResult result;

	self->a.quiet = true;
	result = ask(&self->a, way, &p);
	self->a.quiet = false;
	if (result) {
		EXPECT_EQ(VK_ERROR_FORMAT_NOT_SUPPORTED, result);
		return;
	}
	/* What the format's features do not have cannot be made either. */
	EXPECT_TRUE(has_features(&self->a, way))
		TH_LOG("%s, tiling %d, disjoint %d", way->kind->name, way->tiling, way->disjoint);
	EXPECT_EQ(VK_EXTERNAL_MEMORY_FEATURE_EXPORTABLE_BIT |
		  VK_EXTERNAL_MEMORY_FEATURE_IMPORTABLE_BIT, p.externalMemoryFeatures);
	share(_metadata, self, way);
	(*done)++;
}

static void try_all(struct __test_metadata *_metadata, FIXTURE_DATA(pair) *self,
		    VkImageTiling tiling, VkExternalMemoryHandleTypeFlagBits type, bool planar)
{
	uint32_t done = 0;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct way way = { .kind = &kinds[i], .tiling = tiling, .type = type };

		if ((kinds[i].planes > 1) != planar)
			continue;
		for (int dedicated = 0; dedicated < 2; dedicated++) {
			way.dedicated = dedicated;
			way.disjoint = false;
			try(_metadata, self, &way, &done);
		}
		way.dedicated = false;
		way.disjoint = planar;
		if (planar)
			try(_metadata, self, &way, &done);
	}
	if (!done)
		SKIP(return, "lavapipe has none");
}

TEST_F(pair, one_plane_opaque)
{
	try_all(_metadata, self, VK_IMAGE_TILING_OPTIMAL, OPAQUE_MEMORY, false);
	try_all(_metadata, self, VK_IMAGE_TILING_LINEAR, OPAQUE_MEMORY, false);
}

TEST_F(pair, one_plane_dma_buf)
{
	try_all(_metadata, self, VK_IMAGE_TILING_OPTIMAL, DMA_BUF_MEMORY, false);
	try_all(_metadata, self, VK_IMAGE_TILING_LINEAR, DMA_BUF_MEMORY, false);
}

TEST_F(pair, planes_opaque)
{
	try_all(_metadata, self, VK_IMAGE_TILING_OPTIMAL, OPAQUE_MEMORY, true);
}

TEST_F(pair, planes_opaque_linear)
{
	try_all(_metadata, self, VK_IMAGE_TILING_LINEAR, OPAQUE_MEMORY, true);
}

TEST_F(pair, planes_dma_buf)
{
	try_all(_metadata, self, VK_IMAGE_TILING_OPTIMAL, DMA_BUF_MEMORY, true);
}

TEST_F(pair, planes_dma_buf_linear)
{
	try_all(_metadata, self, VK_IMAGE_TILING_LINEAR, DMA_BUF_MEMORY, true);
}

/* What is said before there is anything is what is there then. */
TEST_F(pair, planes_are_where_they_will_be)
{
	struct vk *vk = &self->a;
	uint32_t done = 0;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct way way = {
			.kind = &kinds[i], .tiling = VK_IMAGE_TILING_LINEAR, .type = OPAQUE_MEMORY,
		};
		VkSubresourceLayout before[3], after;
		VkExternalMemoryProperties p;
		struct image image;
		VkImage unbound;

		if (kinds[i].planes < 2 || ask(vk, &way, &p))
			continue;
		unbound = create(vk, &way);
		for (uint32_t n = 0; n < kinds[i].planes; n++) {
			VkImageSubresource plane = { .aspectMask = kinds[i].plane[n].aspect };

			vkGetImageSubresourceLayout(vk->device, unbound, &plane, &before[n]);
		}
		vkDestroyImage(vk->device, unbound, NULL);
		make(vk, &way, NULL, &image);
		for (uint32_t n = 0; n < kinds[i].planes; n++) {
			VkImageSubresource plane = { .aspectMask = kinds[i].plane[n].aspect };

			vkGetImageSubresourceLayout(vk->device, image.image, &plane, &after);
			EXPECT_EQ(after.offset, before[n].offset)
				TH_LOG("%s, plane %u", kinds[i].name, n);
			EXPECT_EQ(after.rowPitch, before[n].rowPitch);
			EXPECT_TRUE(!n || after.offset >= before[n - 1].offset + before[n - 1].size);
		}
		destroy(vk, &image);
		done++;
	}
	if (!done)
		SKIP(return, "lavapipe has none");
}

TEST_F(pair, nothing_need_be_dedicated)
{
	VkMemoryDedicatedRequirements dedicated = {
		.sType = VK_STRUCTURE_TYPE_MEMORY_DEDICATED_REQUIREMENTS,
	};
	VkMemoryRequirements2 out = {
		.sType = VK_STRUCTURE_TYPE_MEMORY_REQUIREMENTS_2,
		.pNext = &dedicated,
	};
	const VkImageCreateInfo image = {
		.sType = VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
		.imageType = VK_IMAGE_TYPE_2D,
		.format = VK_FORMAT_R8G8B8A8_UNORM,
		.extent = { 64, 64, 1 },
		.mipLevels = 1,
		.arrayLayers = 1,
		.samples = VK_SAMPLE_COUNT_1_BIT,
		.usage = USAGE,
	};
	const VkBufferCreateInfo buffer = {
		.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
		.size = PAGE,
		.usage = VK_BUFFER_USAGE_TRANSFER_SRC_BIT,
	};
	const VkDeviceImageMemoryRequirements of_image = {
		.sType = VK_STRUCTURE_TYPE_DEVICE_IMAGE_MEMORY_REQUIREMENTS,
		.pCreateInfo = &image,
	};
	const VkDeviceBufferMemoryRequirements of_buffer = {
		.sType = VK_STRUCTURE_TYPE_DEVICE_BUFFER_MEMORY_REQUIREMENTS,
		.pCreateInfo = &buffer,
	};
	struct vk *vk = &self->a;

	for (int i = 0; i < 2; i++) {
		dedicated.prefersDedicatedAllocation = 0xabababab;
		dedicated.requiresDedicatedAllocation = 0xabababab;
		if (i)
			vkGetDeviceBufferMemoryRequirements(vk->device, &of_buffer, &out);
		else
			vkGetDeviceImageMemoryRequirements(vk->device, &of_image, &out);
		EXPECT_EQ(VK_FALSE, dedicated.prefersDedicatedAllocation);
		EXPECT_EQ(VK_FALSE, dedicated.requiresDedicatedAllocation);
		EXPECT_LE(i ? PAGE : 64 * 64 * 4, out.memoryRequirements.size);
	}
}

VK_HARNESS_MAIN()

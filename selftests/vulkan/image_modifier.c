// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: what is said of DRM format modifiers
 *
 * Catches a shim whose two lists of modifiers and image format properties disagree;
 * that lists a modifier for what it cannot make (planar formats), fills more than
 * there is room for, or takes any modifier; that offers images larger than lavapipe
 * can bind.
 */
#include <stdlib.h>
#include <string.h>

#include "fixture.h"

#define LINEAR		0ull
#define X_TILED		0x0100000000000001ull
#define MAX_MODIFIERS	8

#define HOST_MEMORY \
	(VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT | \
	 VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_MAPPED_FOREIGN_MEMORY_BIT_EXT)

/* What there is in both kinds of feature flags. */
#define OLD_FEATURES	0x7fffffffu

#define FORMAT		VK_FORMAT_B8G8R8A8_UNORM
#define USAGE \
	(VK_IMAGE_USAGE_TRANSFER_SRC_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT | \
	 VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT)

static const VkFormat packed_formats[] = {
	VK_FORMAT_R8_UNORM, VK_FORMAT_R8G8_UNORM, VK_FORMAT_R8G8B8A8_UNORM,
	VK_FORMAT_B8G8R8A8_UNORM, VK_FORMAT_B8G8R8A8_SRGB, VK_FORMAT_A2B10G10R10_UNORM_PACK32,
	VK_FORMAT_R16G16B16A16_SFLOAT, VK_FORMAT_R5G6B5_UNORM_PACK16,
};

static const VkFormat planar_formats[] = {
	VK_FORMAT_G8_B8R8_2PLANE_420_UNORM, VK_FORMAT_G8_B8_R8_3PLANE_420_UNORM,
};

static uint32_t list(struct vk *vk, VkFormat format, uint32_t room,
		     VkDrmFormatModifierPropertiesEXT *out)
{
	VkDrmFormatModifierPropertiesListEXT list = {
		.sType = VK_STRUCTURE_TYPE_DRM_FORMAT_MODIFIER_PROPERTIES_LIST_EXT,
		.drmFormatModifierCount = room,
		.pDrmFormatModifierProperties = out,
	};
	VkFormatProperties2 p = { .sType = VK_STRUCTURE_TYPE_FORMAT_PROPERTIES_2, .pNext = &list };

	vkGetPhysicalDeviceFormatProperties2(vk->physical, format, &p);
	return list.drmFormatModifierCount;
}

static uint32_t list2(struct vk *vk, VkFormat format, uint32_t room,
		      VkDrmFormatModifierProperties2EXT *out)
{
	VkDrmFormatModifierPropertiesList2EXT list = {
		.sType = VK_STRUCTURE_TYPE_DRM_FORMAT_MODIFIER_PROPERTIES_LIST_2_EXT,
		.drmFormatModifierCount = room,
		.pDrmFormatModifierProperties = out,
	};
	VkFormatProperties2 p = { .sType = VK_STRUCTURE_TYPE_FORMAT_PROPERTIES_2, .pNext = &list };

	vkGetPhysicalDeviceFormatProperties2(vk->physical, format, &p);
	return list.drmFormatModifierCount;
}

/* What the device says of an image with a modifier; and, if asked, of its memory. */
static VkResult ask(struct vk *vk, VkFormat format, uint64_t modifier, VkImageUsageFlags usage,
		    VkExternalMemoryHandleTypeFlagBits type, VkExternalMemoryProperties *memory)
{
	VkPhysicalDeviceExternalImageFormatInfo external = {
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_IMAGE_FORMAT_INFO,
		.handleType = type,
	};
	VkPhysicalDeviceImageDrmFormatModifierInfoEXT drm = {
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_IMAGE_DRM_FORMAT_MODIFIER_INFO_EXT,
		.pNext = type ? &external : NULL,
		.drmFormatModifier = modifier,
	};
	VkPhysicalDeviceImageFormatInfo2 info = {
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_IMAGE_FORMAT_INFO_2,
		.pNext = &drm,
		.format = format,
		.type = VK_IMAGE_TYPE_2D,
		.tiling = VK_IMAGE_TILING_DRM_FORMAT_MODIFIER_EXT,
		.usage = usage,
	};
	VkExternalImageFormatProperties answer = {
		.sType = VK_STRUCTURE_TYPE_EXTERNAL_IMAGE_FORMAT_PROPERTIES,
	};
	VkImageFormatProperties2 p = {
		.sType = VK_STRUCTURE_TYPE_IMAGE_FORMAT_PROPERTIES_2,
		.pNext = type ? &answer : NULL,
	};
	VkResult result = vkGetPhysicalDeviceImageFormatProperties2(vk->physical, &info, &p);

	if (memory)
		*memory = answer.externalMemoryProperties;
	return result;
}

TEST_F(vk, both_lists_are_one)
{
	struct vk *vk = &self->vk;

	for (size_t i = 0; i < ARRAY_SIZE(packed_formats); i++) {
		VkDrmFormatModifierPropertiesEXT one[MAX_MODIFIERS] = { 0 };
		VkDrmFormatModifierProperties2EXT two[MAX_MODIFIERS] = { 0 };
		VkFormat format = packed_formats[i];

		ASSERT_EQ(1, list(vk, format, 0, NULL)) TH_LOG("format %d", format);
		ASSERT_EQ(1, list2(vk, format, 0, NULL));
		ASSERT_EQ(1, list(vk, format, MAX_MODIFIERS, one));
		ASSERT_EQ(1, list2(vk, format, MAX_MODIFIERS, two));
		EXPECT_EQ(LINEAR, one[0].drmFormatModifier);
		EXPECT_EQ(LINEAR, two[0].drmFormatModifier);
		EXPECT_EQ(1, one[0].drmFormatModifierPlaneCount);
		EXPECT_EQ(1, two[0].drmFormatModifierPlaneCount);
		EXPECT_NE(0, one[0].drmFormatModifierTilingFeatures);
		EXPECT_EQ(one[0].drmFormatModifierTilingFeatures,
			  two[0].drmFormatModifierTilingFeatures & OLD_FEATURES);

		/* There was no room, so nothing may be there. */
		memset(one, 0xee, sizeof(one));
		memset(two, 0xee, sizeof(two));
		EXPECT_EQ(0, list(vk, format, 0, one));
		EXPECT_EQ(0, list2(vk, format, 0, two));
		EXPECT_TRUE(all_bytes(one, 0xee, sizeof(one)));
		EXPECT_TRUE(all_bytes(two, 0xee, sizeof(two)));
	}
}

TEST_F(vk, what_is_listed_can_be_made)
{
	static const struct {
		VkImageUsageFlags usage;
		VkFormatFeatureFlags feature;
	} uses[] = {
		{ VK_IMAGE_USAGE_SAMPLED_BIT, VK_FORMAT_FEATURE_SAMPLED_IMAGE_BIT },
		{ VK_IMAGE_USAGE_STORAGE_BIT, VK_FORMAT_FEATURE_STORAGE_IMAGE_BIT },
		{ VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT, VK_FORMAT_FEATURE_COLOR_ATTACHMENT_BIT },
		{ VK_IMAGE_USAGE_TRANSFER_SRC_BIT, VK_FORMAT_FEATURE_TRANSFER_SRC_BIT },
		{ VK_IMAGE_USAGE_TRANSFER_DST_BIT, VK_FORMAT_FEATURE_TRANSFER_DST_BIT },
	};
	struct vk *vk = &self->vk;

	for (size_t i = 0; i < ARRAY_SIZE(packed_formats); i++) {
		VkDrmFormatModifierPropertiesEXT p;
		VkFormat format = packed_formats[i];

		ASSERT_EQ(1, list(vk, format, 1, &p));
		for (size_t u = 0; u < ARRAY_SIZE(uses); u++) {
			bool listed = p.drmFormatModifierTilingFeatures & uses[u].feature;

			EXPECT_EQ(listed ? VK_SUCCESS : VK_ERROR_FORMAT_NOT_SUPPORTED,
				  ask(vk, format, LINEAR, uses[u].usage, 0, NULL))
				TH_LOG("format %d, usage %#x", format, uses[u].usage);
		}
		EXPECT_EQ(VK_ERROR_FORMAT_NOT_SUPPORTED,
			  ask(vk, format, X_TILED, VK_IMAGE_USAGE_TRANSFER_SRC_BIT, 0, NULL));
		EXPECT_EQ(VK_ERROR_FORMAT_NOT_SUPPORTED,
			  ask(vk, format, (1ull << 56) - 1, VK_IMAGE_USAGE_TRANSFER_SRC_BIT, 0,
			      NULL));
	}
}

/* Of every format: an image can be used for what the list says, and for nothing else. */
TEST_F(vk, usages_are_what_features_say)
{
	static const struct {
		VkImageUsageFlags usage;
		VkFormatFeatureFlags feature;
	} uses[] = {
		{ VK_IMAGE_USAGE_TRANSFER_SRC_BIT, VK_FORMAT_FEATURE_TRANSFER_SRC_BIT },
		{ VK_IMAGE_USAGE_TRANSFER_DST_BIT, VK_FORMAT_FEATURE_TRANSFER_DST_BIT },
		{ VK_IMAGE_USAGE_SAMPLED_BIT, VK_FORMAT_FEATURE_SAMPLED_IMAGE_BIT },
		{ VK_IMAGE_USAGE_STORAGE_BIT, VK_FORMAT_FEATURE_STORAGE_IMAGE_BIT },
		{ VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT, VK_FORMAT_FEATURE_COLOR_ATTACHMENT_BIT },
	};
	struct vk *vk = &self->vk;
	uint32_t usable = 0;

	vk->quiet = true;
	for (int format = 1; format <= VK_FORMAT_ASTC_12x12_SRGB_BLOCK; format++) {
		VkDrmFormatModifierPropertiesEXT one[MAX_MODIFIERS] = { 0 };
		VkDrmFormatModifierProperties2EXT two[MAX_MODIFIERS] = { 0 };
		uint32_t count = list(vk, format, MAX_MODIFIERS, one);

		ASSERT_EQ(count, list2(vk, format, MAX_MODIFIERS, two)) {
			TH_LOG("format %d", format);
		}
		EXPECT_EQ(one[0].drmFormatModifierTilingFeatures,
			  two[0].drmFormatModifierTilingFeatures & OLD_FEATURES);
		for (size_t i = 0; i < ARRAY_SIZE(uses); i++) {
			bool can = count && (one[0].drmFormatModifierTilingFeatures &
					     uses[i].feature);

			EXPECT_EQ(can ? VK_SUCCESS : VK_ERROR_FORMAT_NOT_SUPPORTED,
				  ask(vk, format, LINEAR, uses[i].usage, 0, NULL)) {
				TH_LOG("format %d, usage %#x", format, uses[i].usage);
			}
			usable += can;
		}
	}
	EXPECT_LT(50, usable);
}

TEST_F(vk, planar_formats_have_none)
{
	VkDrmFormatModifierPropertiesEXT p[MAX_MODIFIERS];
	VkDrmFormatModifierProperties2EXT p2[MAX_MODIFIERS];
	struct vk *vk = &self->vk;

	for (size_t i = 0; i < ARRAY_SIZE(planar_formats); i++) {
		EXPECT_EQ(0, list(vk, planar_formats[i], MAX_MODIFIERS, p));
		EXPECT_EQ(0, list2(vk, planar_formats[i], MAX_MODIFIERS, p2));
		EXPECT_EQ(VK_ERROR_FORMAT_NOT_SUPPORTED,
			  ask(vk, planar_formats[i], LINEAR, VK_IMAGE_USAGE_SAMPLED_BIT, 0,
			      NULL));
	}
}

TEST_F(vk, memory_can_be_shared)
{
	const VkExternalMemoryFeatureFlags both = VK_EXTERNAL_MEMORY_FEATURE_EXPORTABLE_BIT |
						  VK_EXTERNAL_MEMORY_FEATURE_IMPORTABLE_BIT;
	struct vk *vk = &self->vk;
	VkExternalMemoryProperties p;

	ASSERT_EQ(VK_SUCCESS, ask(vk, FORMAT, LINEAR, USAGE, DMA_BUF_MEMORY, &p));
	EXPECT_EQ(both, p.externalMemoryFeatures);
	EXPECT_NE(0, p.compatibleHandleTypes & DMA_BUF_MEMORY);
	for (uint32_t bit = 1; bit; bit <<= 1) {
		VkResult result;

		vk->quiet = true;
		result = ask(vk, FORMAT, LINEAR, USAGE, bit, &p);
		EXPECT_TRUE(result == VK_ERROR_FORMAT_NOT_SUPPORTED ||
			    (result == VK_SUCCESS && p.externalMemoryFeatures &&
			     bit & (DMA_BUF_MEMORY | OPAQUE_MEMORY | HOST_MEMORY)))
			TH_LOG("type %#x: %d", bit, result);
	}
}

TEST_F(vk, no_more_than_can_be_bound)
{
	VkImageFormatProperties p;

	ASSERT_EQ(VK_SUCCESS,
		  vkGetPhysicalDeviceImageFormatProperties(self->vk.physical, FORMAT,
							   VK_IMAGE_TYPE_2D,
							   VK_IMAGE_TILING_OPTIMAL, USAGE, 0, &p));
	/* The least that Vulkan allows to say. */
	EXPECT_EQ(2ull << 30, p.maxResourceSize);
}

VK_HARNESS_MAIN()

// SPDX-License-Identifier: MIT
/**
 * DOC: what a device says of itself
 *
 * It is lavapipe's answer, corrected: another identity, which is a virtual GPU's
 * with DRM nodes, so that clients which match devices to nodes and pass over CPUs
 * take it for what it stands in for; and nothing sparse, as lavapipe binds sparse
 * memory by mapping the memory's fd, and memory that was given to it has none.
 *
 * Where the operator hides timelines it is a device of Vulkan 1.1, the latest
 * version that can do without them. driverID stays lavapipe's, because what
 * clients work around by it is in lavapipe.
 */
#include <stdio.h>
#include <string.h>

#include "shim.h"

/*
 * Of no PCI vendor. The device's is its index plus one: so VK_LOADER_DEVICE_SELECT
 * can tell them apart, and the loader, which sorts by the two IDs' exclusive or,
 * leaves them in order as long as the vendor's lowest bits are zero.
 */
#define VENDOR_ID 0xf160

static void mask_sparse_limits(VkPhysicalDeviceProperties *p)
{
	p->limits.sparseAddressSpaceSize = 0;
	memset(&p->sparseProperties, 0, sizeof(p->sparseProperties));
}

static void describe(const struct physical_device *pdev, VkPhysicalDeviceProperties *p)
{
	char behind[VK_MAX_PHYSICAL_DEVICE_NAME_SIZE];
	const char *detail = strchr(p->deviceName, '(');

	/* "llvmpipe (LLVM 19.1.7, 256 bits)" */
	snprintf(behind, sizeof(behind), "%s", detail ? detail + 1 : p->deviceName);
	behind[strcspn(behind, ")")] = 0;
	snprintf(p->deviceName, sizeof(p->deviceName), "figment %u (lavapipe %.200s)",
		 pdev->node.index, behind);
	p->deviceType = VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU;
	p->vendorID = VENDOR_ID;
	p->deviceID = pdev->node.index + 1;
	if ((pdev->hide & DRM_FIGMENT_HIDE_TIMELINE) && p->apiVersion >= VK_API_VERSION_1_2)
		p->apiVersion = VK_MAKE_API_VERSION(0, 1, 1, VK_API_VERSION_PATCH(p->apiVersion));
	mask_sparse_limits(p);
}

static void describe_drm(const struct physical_device *pdev, VkPhysicalDeviceDrmPropertiesEXT *p)
{
	p->hasPrimary = VK_TRUE;
	p->hasRender = VK_TRUE;
	p->primaryMajor = pdev->node.primary_major;
	p->primaryMinor = pdev->node.primary_minor;
	p->renderMajor = pdev->node.render_major;
	p->renderMinor = pdev->node.render_minor;
}

/** physical_device_identify() - find out, once, what says which device and build it is */
void physical_device_identify(struct physical_device *pdev)
{
	VkPhysicalDeviceMemoryProperties2 memory = {
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2,
	};
	struct identity *id = &pdev->identity;
	VkPhysicalDeviceIDProperties uuids = {
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ID_PROPERTIES,
	};
	VkPhysicalDeviceDriverProperties driver = {
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRIVER_PROPERTIES,
		.pNext = &uuids,
	};
	VkPhysicalDeviceProperties2 p = {
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2,
		.pNext = &driver,
	};

	pdev->instance->lvp.GetPhysicalDeviceProperties2(pdev->handle, &p);
	uuid_of_device(pdev, id->device_uuid);
	uuid_of_driver(uuids.driverUUID, driver.driverInfo, id->driver_uuid);
	snprintf(id->driver_info, sizeof(id->driver_info), "figment " FIGMENT_VERSION ", %.220s",
		 driver.driverInfo);
	pdev->instance->lvp.GetPhysicalDeviceMemoryProperties2(pdev->handle, &memory);
	pdev->memory_types = memory.memoryProperties.memoryTypeCount;
}

static void describe_chain(const struct physical_device *pdev, void *chain)
{
	const VkConformanceVersion none = { 0 };
	const struct identity *id = &pdev->identity;

	for_each_struct(s, chain) {
		switch ((int)s->sType) {
		case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRM_PROPERTIES_EXT:
			describe_drm(pdev, (void *)s);
			break;
		case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ID_PROPERTIES: {
			VkPhysicalDeviceIDProperties *p = (void *)s;

			memcpy(p->deviceUUID, id->device_uuid, VK_UUID_SIZE);
			memcpy(p->driverUUID, id->driver_uuid, VK_UUID_SIZE);
			p->deviceLUIDValid = VK_FALSE;
			break;
		}
		case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_PROPERTIES: {
			VkPhysicalDeviceVulkan11Properties *p = (void *)s;

			memcpy(p->deviceUUID, id->device_uuid, VK_UUID_SIZE);
			memcpy(p->driverUUID, id->driver_uuid, VK_UUID_SIZE);
			p->deviceLUIDValid = VK_FALSE;
			break;
		}
		case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRIVER_PROPERTIES: {
			VkPhysicalDeviceDriverProperties *p = (void *)s;

			strcpy(p->driverName, "figment");
			strcpy(p->driverInfo, id->driver_info);
			p->conformanceVersion = none;
			break;
		}
		case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_PROPERTIES: {
			VkPhysicalDeviceVulkan12Properties *p = (void *)s;

			strcpy(p->driverName, "figment");
			strcpy(p->driverInfo, id->driver_info);
			p->conformanceVersion = none;
			break;
		}
		}
	}
}

void figment_vkGetPhysicalDeviceProperties2(VkPhysicalDevice handle, VkPhysicalDeviceProperties2 *p)
{
	struct physical_device *pdev = physical_device_of(handle);

	pdev->instance->lvp.GetPhysicalDeviceProperties2(handle, p);
	describe(pdev, &p->properties);
	describe_chain(pdev, p->pNext);
}

void figment_vkGetPhysicalDeviceProperties(VkPhysicalDevice handle, VkPhysicalDeviceProperties *p)
{
	VkPhysicalDeviceProperties2 p2 = {
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2,
	};

	figment_vkGetPhysicalDeviceProperties2(handle, &p2);
	*p = p2.properties;
}

/* The features that a figment device has not, each as the flag that stands for it. */
static void masked_flags(const struct physical_device *pdev, VkBaseOutStructure *s,
			 VkBool32 *flags[8])
{
	int n = 0;

	switch ((int)s->sType) {
	case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_ATOMIC_FLOAT_FEATURES_EXT: {
		VkPhysicalDeviceShaderAtomicFloatFeaturesEXT *f = (void *)s;

		flags[n++] = &f->sparseImageFloat32Atomics;
		flags[n++] = &f->sparseImageFloat32AtomicAdd;
		break;
	}
	case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_ATOMIC_FLOAT_2_FEATURES_EXT: {
		VkPhysicalDeviceShaderAtomicFloat2FeaturesEXT *f = (void *)s;

		flags[n++] = &f->sparseImageFloat32AtomicMinMax;
		break;
	}
	case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_IMAGE_ATOMIC_INT64_FEATURES_EXT: {
		VkPhysicalDeviceShaderImageAtomicInt64FeaturesEXT *f = (void *)s;

		flags[n++] = &f->sparseImageInt64Atomics;
		break;
	}
	case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_TIMELINE_SEMAPHORE_FEATURES: {
		VkPhysicalDeviceTimelineSemaphoreFeatures *f = (void *)s;

		if (pdev->hide & DRM_FIGMENT_HIDE_TIMELINE)
			flags[n++] = &f->timelineSemaphore;
		break;
	}
	case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES: {
		VkPhysicalDeviceVulkan12Features *f = (void *)s;

		if (pdev->hide & DRM_FIGMENT_HIDE_TIMELINE)
			flags[n++] = &f->timelineSemaphore;
		break;
	}
	}
	flags[n] = NULL;
}

static void masked_core_flags(VkPhysicalDeviceFeatures *f, VkBool32 *flags[16])
{
	VkBool32 *masked[] = {
		&f->sparseBinding, &f->sparseResidencyBuffer, &f->sparseResidencyImage2D,
		&f->sparseResidencyImage3D, &f->sparseResidency2Samples,
		&f->sparseResidency4Samples, &f->sparseResidency8Samples,
		&f->sparseResidency16Samples, &f->sparseResidencyAliased,
		&f->shaderResourceResidency, NULL,
	};

	memcpy(flags, masked, sizeof(masked));
}

static void clear_flags(VkBool32 **flags)
{
	for (; *flags; flags++)
		**flags = VK_FALSE;
}

static bool any_flag(VkBool32 **flags)
{
	for (; *flags; flags++) {
		if (**flags)
			return true;
	}
	return false;
}

void figment_vkGetPhysicalDeviceFeatures2(VkPhysicalDevice handle, VkPhysicalDeviceFeatures2 *f)
{
	struct physical_device *pdev = physical_device_of(handle);
	VkBool32 *flags[16];

	pdev->instance->lvp.GetPhysicalDeviceFeatures2(handle, f);
	masked_core_flags(&f->features, flags);
	clear_flags(flags);
	for_each_struct(s, f->pNext) {
		masked_flags(pdev, s, flags);
		clear_flags(flags);
	}
}

void figment_vkGetPhysicalDeviceFeatures(VkPhysicalDevice handle, VkPhysicalDeviceFeatures *f)
{
	VkPhysicalDeviceFeatures2 f2 = {
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2,
	};

	figment_vkGetPhysicalDeviceFeatures2(handle, &f2);
	*f = f2.features;
}

/* Whether a feature is asked for that lavapipe would grant, but figment has not. */
bool features_refused(const struct physical_device *pdev, const VkDeviceCreateInfo *info)
{
	VkBool32 *flags[16];

	if (info->pEnabledFeatures) {
		masked_core_flags((void *)info->pEnabledFeatures, flags);
		if (any_flag(flags))
			return true;
	}
	for_each_struct(s, info->pNext) {
		if (s->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2)
			masked_core_flags(&((VkPhysicalDeviceFeatures2 *)s)->features, flags);
		else
			masked_flags(pdev, s, flags);
		if (any_flag(flags))
			return true;
	}
	return false;
}

void figment_vkGetPhysicalDeviceQueueFamilyProperties2(VkPhysicalDevice handle, uint32_t *count,
						       VkQueueFamilyProperties2 *out)
{
	struct physical_device *pdev = physical_device_of(handle);

	pdev->instance->lvp.GetPhysicalDeviceQueueFamilyProperties2(handle, count, out);
	for (uint32_t i = 0; out && i < *count; i++)
		out[i].queueFamilyProperties.queueFlags &= ~VK_QUEUE_SPARSE_BINDING_BIT;
}

void figment_vkGetPhysicalDeviceQueueFamilyProperties(VkPhysicalDevice handle, uint32_t *count,
						      VkQueueFamilyProperties *out)
{
	/* lavapipe has one family; a few more would still be told. */
	VkQueueFamilyProperties2 families[4];
	uint32_t n = ARRAY_SIZE(families);

	for (uint32_t i = 0; i < n; i++)
		families[i] = (VkQueueFamilyProperties2){
			.sType = VK_STRUCTURE_TYPE_QUEUE_FAMILY_PROPERTIES_2,
		};
	figment_vkGetPhysicalDeviceQueueFamilyProperties2(handle, &n, families);
	if (out && *count < n)
		n = *count;
	for (uint32_t i = 0; out && i < n; i++)
		out[i] = families[i].queueFamilyProperties;
	*count = n;
}

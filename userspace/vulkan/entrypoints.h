/* SPDX-License-Identifier: MIT */
/*
 * DOC: the entry points that are the shim's own
 *
 * ENTRY(level, name, function, extension), to be included by whoever defines
 * ENTRY. An entry with an extension exists if the application enabled that
 * extension, one without if lavapipe has the entry point too.
 */
ENTRY(GLOBAL, vkGetInstanceProcAddr, vkGetInstanceProcAddr, NULL)
ENTRY(GLOBAL, vkCreateInstance, vkCreateInstance, NULL)
ENTRY(GLOBAL, vkEnumerateInstanceExtensionProperties, vkEnumerateInstanceExtensionProperties, NULL)
ENTRY(GLOBAL, vkEnumerateInstanceVersion, vkEnumerateInstanceVersion, NULL)

ENTRY(INSTANCE, vkDestroyInstance, vkDestroyInstance, NULL)
ENTRY(INSTANCE, vkEnumeratePhysicalDevices, vkEnumeratePhysicalDevices, NULL)
ENTRY(INSTANCE, vkEnumeratePhysicalDeviceGroups, vkEnumeratePhysicalDeviceGroups, NULL)
ENTRY(INSTANCE, vkEnumeratePhysicalDeviceGroupsKHR, vkEnumeratePhysicalDeviceGroups, NULL)

ENTRY(PHYSICAL, vkEnumerateDeviceExtensionProperties, vkEnumerateDeviceExtensionProperties, NULL)
ENTRY(PHYSICAL, vkGetPhysicalDeviceProperties, vkGetPhysicalDeviceProperties, NULL)
ENTRY(PHYSICAL, vkGetPhysicalDeviceProperties2, vkGetPhysicalDeviceProperties2, NULL)
ENTRY(PHYSICAL, vkGetPhysicalDeviceProperties2KHR, vkGetPhysicalDeviceProperties2, NULL)
ENTRY(PHYSICAL, vkGetPhysicalDeviceFeatures, vkGetPhysicalDeviceFeatures, NULL)
ENTRY(PHYSICAL, vkGetPhysicalDeviceFeatures2, vkGetPhysicalDeviceFeatures2, NULL)
ENTRY(PHYSICAL, vkGetPhysicalDeviceFeatures2KHR, vkGetPhysicalDeviceFeatures2, NULL)
ENTRY(PHYSICAL, vkGetPhysicalDeviceQueueFamilyProperties,
      vkGetPhysicalDeviceQueueFamilyProperties, NULL)
ENTRY(PHYSICAL, vkGetPhysicalDeviceQueueFamilyProperties2,
      vkGetPhysicalDeviceQueueFamilyProperties2, NULL)
ENTRY(PHYSICAL, vkGetPhysicalDeviceQueueFamilyProperties2KHR,
      vkGetPhysicalDeviceQueueFamilyProperties2, NULL)
ENTRY(PHYSICAL, vkGetPhysicalDeviceFormatProperties2, vkGetPhysicalDeviceFormatProperties2, NULL)
ENTRY(PHYSICAL, vkGetPhysicalDeviceFormatProperties2KHR, vkGetPhysicalDeviceFormatProperties2, NULL)
ENTRY(PHYSICAL, vkGetPhysicalDeviceImageFormatProperties,
      vkGetPhysicalDeviceImageFormatProperties, NULL)
ENTRY(PHYSICAL, vkGetPhysicalDeviceImageFormatProperties2,
      vkGetPhysicalDeviceImageFormatProperties2, NULL)
ENTRY(PHYSICAL, vkGetPhysicalDeviceImageFormatProperties2KHR,
      vkGetPhysicalDeviceImageFormatProperties2, NULL)
ENTRY(PHYSICAL, vkGetPhysicalDeviceSparseImageFormatProperties,
      vkGetPhysicalDeviceSparseImageFormatProperties, NULL)
ENTRY(PHYSICAL, vkGetPhysicalDeviceSparseImageFormatProperties2,
      vkGetPhysicalDeviceSparseImageFormatProperties2, NULL)
ENTRY(PHYSICAL, vkGetPhysicalDeviceSparseImageFormatProperties2KHR,
      vkGetPhysicalDeviceSparseImageFormatProperties2, NULL)
ENTRY(PHYSICAL, vkGetPhysicalDeviceExternalBufferProperties,
      vkGetPhysicalDeviceExternalBufferProperties, NULL)
ENTRY(PHYSICAL, vkGetPhysicalDeviceExternalBufferPropertiesKHR,
      vkGetPhysicalDeviceExternalBufferProperties, NULL)
ENTRY(PHYSICAL, vkGetPhysicalDeviceExternalFenceProperties,
      vkGetPhysicalDeviceExternalFenceProperties, NULL)
ENTRY(PHYSICAL, vkGetPhysicalDeviceExternalFencePropertiesKHR,
      vkGetPhysicalDeviceExternalFenceProperties, NULL)
ENTRY(PHYSICAL, vkGetPhysicalDeviceExternalSemaphoreProperties,
      vkGetPhysicalDeviceExternalSemaphoreProperties, NULL)
ENTRY(PHYSICAL, vkGetPhysicalDeviceExternalSemaphorePropertiesKHR,
      vkGetPhysicalDeviceExternalSemaphoreProperties, NULL)
ENTRY(PHYSICAL, vkGetPhysicalDeviceSurfaceCapabilities2KHR,
      vkGetPhysicalDeviceSurfaceCapabilities2KHR, NULL)
ENTRY(PHYSICAL, vkCreateDevice, vkCreateDevice, NULL)

ENTRY(DEVICE, vkGetDeviceProcAddr, vkGetDeviceProcAddr, NULL)
ENTRY(DEVICE, vkDestroyDevice, vkDestroyDevice, NULL)
ENTRY(DEVICE, vkDeviceWaitIdle, vkDeviceWaitIdle, NULL)

ENTRY(DEVICE, vkQueueSubmit, vkQueueSubmit, NULL)
ENTRY(DEVICE, vkQueueSubmit2, vkQueueSubmit2, NULL)
ENTRY(DEVICE, vkQueueSubmit2KHR, vkQueueSubmit2, "VK_KHR_synchronization2")
ENTRY(DEVICE, vkQueueWaitIdle, vkQueueWaitIdle, NULL)
ENTRY(DEVICE, vkQueueBindSparse, vkQueueBindSparse, NULL)

ENTRY(DEVICE, vkCreateFence, vkCreateFence, NULL)
ENTRY(DEVICE, vkDestroyFence, vkDestroyFence, NULL)
ENTRY(DEVICE, vkResetFences, vkResetFences, NULL)
ENTRY(DEVICE, vkGetFenceStatus, vkGetFenceStatus, NULL)
ENTRY(DEVICE, vkWaitForFences, vkWaitForFences, NULL)
ENTRY(DEVICE, vkGetFenceFdKHR, vkGetFenceFdKHR, "VK_KHR_external_fence_fd")
ENTRY(DEVICE, vkImportFenceFdKHR, vkImportFenceFdKHR, "VK_KHR_external_fence_fd")

ENTRY(DEVICE, vkCreateSemaphore, vkCreateSemaphore, NULL)
ENTRY(DEVICE, vkDestroySemaphore, vkDestroySemaphore, NULL)
ENTRY(DEVICE, vkGetSemaphoreCounterValue, vkGetSemaphoreCounterValue, NULL)
ENTRY(DEVICE, vkGetSemaphoreCounterValueKHR, vkGetSemaphoreCounterValue,
      "VK_KHR_timeline_semaphore")
ENTRY(DEVICE, vkWaitSemaphores, vkWaitSemaphores, NULL)
ENTRY(DEVICE, vkWaitSemaphoresKHR, vkWaitSemaphores, "VK_KHR_timeline_semaphore")
ENTRY(DEVICE, vkSignalSemaphore, vkSignalSemaphore, NULL)
ENTRY(DEVICE, vkSignalSemaphoreKHR, vkSignalSemaphore, "VK_KHR_timeline_semaphore")
ENTRY(DEVICE, vkGetSemaphoreFdKHR, vkGetSemaphoreFdKHR, "VK_KHR_external_semaphore_fd")
ENTRY(DEVICE, vkImportSemaphoreFdKHR, vkImportSemaphoreFdKHR, "VK_KHR_external_semaphore_fd")

ENTRY(DEVICE, vkAllocateMemory, vkAllocateMemory, NULL)
ENTRY(DEVICE, vkFreeMemory, vkFreeMemory, NULL)
ENTRY(DEVICE, vkGetMemoryFdKHR, vkGetMemoryFdKHR, "VK_KHR_external_memory_fd")
ENTRY(DEVICE, vkGetMemoryFdPropertiesKHR, vkGetMemoryFdPropertiesKHR, "VK_KHR_external_memory_fd")
ENTRY(DEVICE, vkGetMemoryHostPointerPropertiesEXT, vkGetMemoryHostPointerPropertiesEXT,
      "VK_EXT_external_memory_host")

ENTRY(DEVICE, vkCreateBuffer, vkCreateBuffer, NULL)
ENTRY(DEVICE, vkCreateImage, vkCreateImage, NULL)
ENTRY(DEVICE, vkDestroyImage, vkDestroyImage, NULL)
ENTRY(DEVICE, vkGetImageMemoryRequirements, vkGetImageMemoryRequirements, NULL)
ENTRY(DEVICE, vkGetImageMemoryRequirements2, vkGetImageMemoryRequirements2, NULL)
ENTRY(DEVICE, vkGetImageMemoryRequirements2KHR, vkGetImageMemoryRequirements2, NULL)
ENTRY(DEVICE, vkGetDeviceImageMemoryRequirements, vkGetDeviceImageMemoryRequirements, NULL)
ENTRY(DEVICE, vkGetDeviceImageMemoryRequirementsKHR, vkGetDeviceImageMemoryRequirements, NULL)
ENTRY(DEVICE, vkGetDeviceBufferMemoryRequirements, vkGetDeviceBufferMemoryRequirements, NULL)
ENTRY(DEVICE, vkGetDeviceBufferMemoryRequirementsKHR, vkGetDeviceBufferMemoryRequirements, NULL)
ENTRY(DEVICE, vkGetImageSubresourceLayout, vkGetImageSubresourceLayout, NULL)
ENTRY(DEVICE, vkGetImageSubresourceLayout2, vkGetImageSubresourceLayout2, NULL)
ENTRY(DEVICE, vkGetImageSubresourceLayout2KHR, vkGetImageSubresourceLayout2, NULL)
ENTRY(DEVICE, vkGetImageSubresourceLayout2EXT, vkGetImageSubresourceLayout2, NULL)
ENTRY(DEVICE, vkGetDeviceImageSubresourceLayout, vkGetDeviceImageSubresourceLayout, NULL)
ENTRY(DEVICE, vkGetDeviceImageSubresourceLayoutKHR, vkGetDeviceImageSubresourceLayout, NULL)
ENTRY(DEVICE, vkGetImageDrmFormatModifierPropertiesEXT, vkGetImageDrmFormatModifierPropertiesEXT,
      "VK_EXT_image_drm_format_modifier")

ENTRY(DEVICE, vkCreateQueryPool, vkCreateQueryPool, NULL)
ENTRY(DEVICE, vkDestroyQueryPool, vkDestroyQueryPool, NULL)
ENTRY(DEVICE, vkGetQueryPoolResults, vkGetQueryPoolResults, NULL)

ENTRY(DEVICE, vkGetPipelineCacheData, vkGetPipelineCacheData, NULL)

ENTRY(DEVICE, vkBindImageMemory2, vkBindImageMemory2, NULL)
ENTRY(DEVICE, vkBindImageMemory2KHR, vkBindImageMemory2, NULL)
ENTRY(DEVICE, vkCreateSwapchainKHR, vkCreateSwapchainKHR, NULL)
ENTRY(DEVICE, vkDestroySwapchainKHR, vkDestroySwapchainKHR, NULL)
ENTRY(DEVICE, vkGetSwapchainImagesKHR, vkGetSwapchainImagesKHR, NULL)
ENTRY(DEVICE, vkReleaseSwapchainImagesEXT, vkReleaseSwapchainImagesEXT, NULL)
ENTRY(DEVICE, vkReleaseSwapchainImagesKHR, vkReleaseSwapchainImagesEXT, NULL)
ENTRY(DEVICE, vkSetHdrMetadataEXT, vkSetHdrMetadataEXT, NULL)
ENTRY(DEVICE, vkAcquireNextImageKHR, vkAcquireNextImageKHR, NULL)
ENTRY(DEVICE, vkAcquireNextImage2KHR, vkAcquireNextImage2KHR, NULL)
ENTRY(DEVICE, vkQueuePresentKHR, vkQueuePresentKHR, NULL)

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SELFTESTS_VULKAN_VK_H
#define SELFTESTS_VULKAN_VK_H

/**
 * DOC: as much Vulkan as these tests need
 *
 * vk.c finds figment's device and submits to it, vk_memory.c makes buffers and
 * images, vk_sync.c fences and semaphores, and pending fences that are nobody's
 * but the test's. What is not the matter of a test must succeed: a helper that
 * returns no VkResult goes through must() (helpers.h).
 *
 * Work is made to be pending by having it wait for something that the test
 * holds, never by taking long.
 */

#include <vulkan/vulkan.h>

#include "helpers.h"

#define LONG_NS		(LONG_MS * 1000000ull)
#define MOMENT_NS	(MOMENT_MS * 1000000ull)

/** VK() - a call that has to return VK_SUCCESS for the test to make sense */
#define VK(call)	vk_result((call), #call, __FILE__, __LINE__)

void vk_result(VkResult result, const char *what, const char *file, int line);

#define VK_INSTANCE_CALLS(CALL) \
	CALL(CreateDebugUtilsMessengerEXT) \
	CALL(DestroyDebugUtilsMessengerEXT)

#define VK_DEVICE_CALLS(CALL) \
	CALL(GetMemoryFdKHR) \
	CALL(GetMemoryFdPropertiesKHR) \
	CALL(GetFenceFdKHR) \
	CALL(ImportFenceFdKHR) \
	CALL(GetSemaphoreFdKHR) \
	CALL(ImportSemaphoreFdKHR) \
	CALL(GetMemoryHostPointerPropertiesEXT) \
	CALL(GetImageDrmFormatModifierPropertiesEXT) \
	CALL(SetDebugUtilsObjectNameEXT) \
	CALL(SetDebugUtilsObjectTagEXT)

#define VK_MAX_DEVICES	32

struct vk {
	VkInstance instance;
	VkPhysicalDevice physical;
	VkDevice device;
	VkQueue queue;
	VkCommandPool pool;
	VkDebugUtilsMessengerEXT messenger;
	unsigned int messages;	/* from a validation layer, if there is one */
	/* the device has VK_EXT_swapchain_maintenance1, VK_KHR_..., enabled */
	bool swapchain_maintenance, swapchain_maintenance_khr;
	bool quiet;		/* what follows is misuse on purpose */
#define VK_MEMBER(name) PFN_vk##name name;
	VK_INSTANCE_CALLS(VK_MEMBER)
	VK_DEVICE_CALLS(VK_MEMBER)
#undef VK_MEMBER
};

/* vk.c */

/** vk_prepare() - have what is slow done once, before the harness forks */
void vk_prepare(void);
/** vk_is_figment() - whether a physical device is one of figment's */
bool vk_is_figment(VkPhysicalDevice physical);
/** vk_find() - the physical devices that are figment's, or those that are not; how many */
uint32_t vk_find(VkInstance instance, bool figment, VkPhysicalDevice found[VK_MAX_DEVICES]);
/** vk_instance() - make an instance and find figment's first device, which must be there */
void vk_instance(struct vk *vk);
/** vk_device() - make a device with all that can be shared or shown, and one queue */
void vk_device(struct vk *vk);
/** vk_plain_device() - make a device with no extensions, which need not be figment's */
void vk_plain_device(struct vk *vk);
/** vk_create_device() - make a device with one queue, and what else @info says */
VkResult vk_create_device(VkPhysicalDevice physical, VkDeviceCreateInfo info,
			  const VkAllocationCallbacks *callbacks, VkDevice *device);
/** vk_device_with() - make a device with these, one queue, and what functions there are */
VkResult vk_device_with(struct vk *vk, const void *features, const char *const *extensions,
			uint32_t count);
/** vk_device_close() - destroy the device, but not the instance */
void vk_device_close(struct vk *vk);
/** vk_open() - vk_instance() and vk_device() */
void vk_open(struct vk *vk);
/** vk_close() - destroy it all; returns how much a validation layer had to say */
unsigned int vk_close(struct vk *vk);

struct vk_at {
	VkSemaphore semaphore;
	uint64_t value;		/* of a timeline */
};
#define VK_NOTHING	((struct vk_at){ 0 })
#define vk_binary(s)	((struct vk_at){ .semaphore = (s) })
#define vk_point(s, v)	((struct vk_at){ .semaphore = (s), .value = (v) })

VkCommandBuffer vk_begin(struct vk *vk);
/** vk_end() - make what was recorded visible to the CPU, and end it */
VkCommandBuffer vk_end(VkCommandBuffer cmd);
/** vk_fill() - a command buffer that fills a buffer's first @size bytes */
VkCommandBuffer vk_fill(struct vk *vk, VkBuffer buffer, VkDeviceSize size, uint32_t word);
VkCommandBuffer vk_copy(struct vk *vk, VkBuffer from, VkBuffer to, VkDeviceSize size);
/** vk_move() - barrier everything done with an image from everything to be done */
void vk_move(VkCommandBuffer cmd, VkImage image, VkImageLayout from, VkImageLayout to,
	     uint32_t from_family, uint32_t to_family);
/** vk_submit() - one batch: wait, run (nothing, if NULL), signal, and a fence */
VkResult vk_submit(struct vk *vk, struct vk_at wait, VkCommandBuffer cmd,
		   struct vk_at signal, VkFence fence);
/** vk_run() - submit a command buffer and wait for it */
void vk_run(struct vk *vk, VkCommandBuffer cmd);

/* vk_icd.c */

#define VK_PATH		512
#define VK_ENV		1100

/** vk_manifest() - find the first manifest of the system's that matches a pattern */
bool vk_manifest(const char *pattern, char path[VK_PATH]);
/** vk_manifest_string() - the value of a string in a manifest */
void vk_manifest_string(const char *path, const char *name, char value[VK_PATH]);
/** vk_driver_files() - write "NAME=a" or "NAME=a:b" (if there is a @b) */
void vk_driver_files(char env[VK_ENV], const char *name, const char *a, const char *b);
/** vk_icd_open() - dlopen() figment's driver, to call it without the loader between */
void *vk_icd_open(void);

/* vk_memory.c */

#define OPAQUE_MEMORY	VK_EXTERNAL_MEMORY_HANDLE_TYPE_OPAQUE_FD_BIT
#define DMA_BUF_MEMORY	VK_EXTERNAL_MEMORY_HANDLE_TYPE_DMA_BUF_BIT_EXT

struct vk_buffer {
	VkBuffer buffer;
	VkDeviceMemory memory;
	VkDeviceSize size;	/* of the memory */
	void *map;
};

uint32_t vk_memory_type(struct vk *vk, uint32_t bits);
/** vk_buffer() - a mapped buffer whose memory can be exported as @types, if any */
void vk_buffer(struct vk *vk, struct vk_buffer *buf, VkDeviceSize size,
	       VkExternalMemoryHandleTypeFlags types);
/** vk_buffer_import() - the same with the memory that @fd stands for */
VkResult vk_buffer_import(struct vk *vk, struct vk_buffer *buf, VkDeviceSize size,
			  VkExternalMemoryHandleTypeFlagBits type, int fd);
void vk_buffer_free(struct vk *vk, struct vk_buffer *buf);
/** vk_allocate() - allocate, import and export, as the arguments say (fd -1: no import) */
VkResult vk_allocate(struct vk *vk, VkDeviceSize size, VkExternalMemoryHandleTypeFlags exports,
		     VkExternalMemoryHandleTypeFlagBits type, int fd, VkDeviceMemory *memory);
/** vk_host_import() - allocate memory that is the host's */
VkResult vk_host_import(struct vk *vk, VkExternalMemoryHandleTypeFlagBits type, void *at,
			VkDeviceSize size, VkDeviceMemory *memory);
int vk_memory_fd(struct vk *vk, VkDeviceMemory memory, VkExternalMemoryHandleTypeFlagBits type);
/** words_are() - whether memory is @word all over */
bool words_are(const void *at, size_t size, uint32_t word);
void words_set(void *at, size_t size, uint32_t word);

/* vk_sync.c */

#define OPAQUE_FENCE	VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_FD_BIT
#define SYNC_FENCE	VK_EXTERNAL_FENCE_HANDLE_TYPE_SYNC_FD_BIT
#define OPAQUE_SEM	VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_OPAQUE_FD_BIT
#define SYNC_SEM	VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_SYNC_FD_BIT

VkFence vk_fence(struct vk *vk, VkFenceCreateFlags flags, VkExternalFenceHandleTypeFlags types);
int vk_fence_fd(struct vk *vk, VkFence fence, VkExternalFenceHandleTypeFlagBits type);
VkResult vk_fence_import(struct vk *vk, VkFence fence, VkExternalFenceHandleTypeFlagBits type,
			 VkFenceImportFlags flags, int fd);
/** vk_fence_wait() - wait with LONG_MS */
VkResult vk_fence_wait(struct vk *vk, VkFence fence);
/** vk_fence_pending() - whether a fence is unsignalled now and a moment later */
bool vk_fence_pending(struct vk *vk, VkFence fence);
VkSemaphore vk_semaphore(struct vk *vk, VkExternalSemaphoreHandleTypeFlags types);
VkSemaphore vk_timeline(struct vk *vk, uint64_t value, VkExternalSemaphoreHandleTypeFlags types);
int vk_semaphore_fd(struct vk *vk, VkSemaphore sem, VkExternalSemaphoreHandleTypeFlagBits type);
VkResult vk_semaphore_import(struct vk *vk, VkSemaphore sem,
			     VkExternalSemaphoreHandleTypeFlagBits type,
			     VkSemaphoreImportFlags flags, int fd);
uint64_t vk_counter(struct vk *vk, VkSemaphore sem);
/** vk_signal() - the host's signal of a timeline; what opens a gate */
void vk_signal(struct vk *vk, VkSemaphore sem, uint64_t value);
VkResult vk_wait(struct vk *vk, VkSemaphore sem, uint64_t value, uint64_t timeout_ns);

/**
 * struct held - a fence of a figment client that is not Vulkan
 * @device: its own open file of the render node
 * @host: its host queue, with one job, whose executor is the test
 * @file: a sync_file, pending until the test lets go; the caller's to give away
 */
struct held {
	int device;
	struct host host;
	int file;
};

void held_make(struct held *held);
/** held_release() - complete the job with 0 or a negative errno */
void held_release(struct held *held, int status);
/** held_close() - close what is left, but not the file */
void held_close(struct held *held);

/** vk_held() - a semaphore whose next wait is for a fence that is held */
VkSemaphore vk_held(struct vk *vk, struct held *held);

/** syncobj_of() - the syncobj that an fd is; the fd is closed */
uint32_t syncobj_of(int device, int fd);

/* What an fd can be that is not what an import wants. */
enum wrong_fd {
	WRONG_CLOSED,
	WRONG_NULL,
	WRONG_EVENTFD,
	WRONG_MEMFD,
	WRONG_NODE,
	WRONG_DMA_BUF,
	WRONG_SYNC_FILE,
	WRONG_SYNCOBJ,
	WRONG_FDS,
};

/** wrong_fd() - make an fd of a kind */
int wrong_fd(enum wrong_fd kind);
/** wrong_name() - for messages */
const char *wrong_name(enum wrong_fd kind);
/** fd_is_open() - whether an fd is (still) open */
bool fd_is_open(int fd);

#endif

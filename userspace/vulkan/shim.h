/* SPDX-License-Identifier: MIT */
#ifndef FIGMENT_SHIM_H
#define FIGMENT_SHIM_H

/**
 * DOC: the Vulkan shim
 *
 * An ICD that puts itself between the loader and lavapipe. What it overrides is
 * listed in dispatch.c; everything else is lavapipe's own function pointer. It
 * hands lavapipe's handles through, dispatchable or not, and keeps what it knows
 * of them in a side table (table.c), so that entry points it never heard of
 * (debug names, private data, next year's) go on working.
 *
 *	icd.c dispatch.c lavapipe.c	the loader's side, lavapipe's side, what is ours
 *	instance.c physical_device.c	which devices there are and what they say
 *	extensions.c uuid.c environment.c
 *	external.c format.c		what can be shared: one place for each truth
 *	device.c fork.c			a render node's file and its queues
 *	submit.c queue.c hold.c executor.c	from vkQueueSubmit to lavapipe and back
 *	sync.c fence.c semaphore.c relay.c	payloads, all of them drm_syncobjs
 *	memory.c image.c query.c pipeline_cache.c	what lavapipe needs help with
 *	wsi.c swapchain.c wayland.c headless.c	presenting
 *	table.c chain.c log.c		the tools
 *
 * Locking: an object's entry needs no lock, as Vulkan has the application
 * synchronise what would change it. A queue's lock covers its lists of jobs, a
 * device's bo_lock its buffers' counts. None of them is held while lavapipe is
 * called. A queue's icd_lock is: it keeps jobs from lavapipe while it is asked for
 * the results of queries.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <vulkan/vk_icd.h>
#include <vulkan/vulkan_core.h>

#include "../libfigment/figment.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define ALIGN_UP(x, a) (((x) + (a) - 1) / (a) * (a))
#define DRM_FORMAT_MODIFIER_LINEAR 0

#define SPARSE_BUFFER_FLAGS \
	(VK_BUFFER_CREATE_SPARSE_BINDING_BIT | VK_BUFFER_CREATE_SPARSE_RESIDENCY_BIT | \
	 VK_BUFFER_CREATE_SPARSE_ALIASED_BIT)
#define SPARSE_IMAGE_FLAGS \
	(VK_IMAGE_CREATE_SPARSE_BINDING_BIT | VK_IMAGE_CREATE_SPARSE_RESIDENCY_BIT | \
	 VK_IMAGE_CREATE_SPARSE_ALIASED_BIT)

/* The longest row of an image that is given a layout; memory.c leaves room for four. */
#define MEMORY_MAX_PITCH (512 * 1024)

/* environment.c: what FIGMENT_HIDE and FIGMENT_FAULT say */

/* Beside those of the kernel, DRM_FIGMENT_HIDE_*, in &physical_device.hide: */
#define HIDE_MEMORY_OPAQUE_FD		(1ull << 32)
#define HIDE_MEMORY_DMA_BUF		(1ull << 33)
#define HIDE_MEMORY_HOST_ALLOCATION	(1ull << 34)
#define HIDE_MEMORY_HOST_MAPPED		(1ull << 35)
#define HIDE_FENCE_OPAQUE_FD		(1ull << 36)
#define HIDE_FENCE_SYNC_FD		(1ull << 37)
#define HIDE_SEMAPHORE_OPAQUE_FD	(1ull << 38)
#define HIDE_SEMAPHORE_SYNC_FD		(1ull << 39)

struct environment {
	bool wrong;		/* it cannot be understood, and that has been said */
	uint64_t hide;
	struct drm_figment_queue_fault fault;	/* but for the queue */
};

const struct environment *environment_get(void);
bool environment_hides(const char *extension);
bool environment_has_faults(void);

/* chain.c: pNext chains */
#define for_each_struct(s, chain) \
	for (VkBaseOutStructure *s = (void *)(chain); s; s = s->pNext)

void *chain_find(const void *chain, VkStructureType type);

struct chain_known {
	VkStructureType type;
	size_t size;
};
#define CHAIN_MAX_STRUCT 64
#define CHAIN_MAX_KNOWN 8

/* Room for copies of a chain's known structures. */
struct chain_copy {
	_Alignas(8) char structs[CHAIN_MAX_KNOWN][CHAIN_MAX_STRUCT];
};

const void *chain_copy_known(struct chain_copy *copy, const void *chain,
			     const struct chain_known *known, size_t count, const void *tail);

/* log.c */
void shim_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
VkResult shim_result(int err);

/* table.c: what the shim knows of lavapipe's handles */
enum table_kind {
	TABLE_INSTANCE,
	TABLE_PHYSICAL_DEVICE,
	TABLE_DEVICE,
	TABLE_QUEUE,
	TABLE_FENCE,
	TABLE_SEMAPHORE,
	TABLE_MEMORY,
	TABLE_IMAGE,
	TABLE_QUERY_POOL,
	TABLE_SWAPCHAIN,
	TABLE_HEADLESS,		/* lavapipe's, to nowhere */
};

bool table_insert(enum table_kind kind, uint64_t handle, void *object);
void *table_find(enum table_kind kind, uint64_t handle);
void *table_remove(enum table_kind kind, uint64_t handle);
void table_before_fork(void);
void table_after_fork(void);
void table_after_fork_in_child(void);

#define HANDLE(h) ((uint64_t)(uintptr_t)(h))

/* fork.c */
uint32_t fork_generation(void);

/* lavapipe.c */
struct lavapipe {
	PFN_vk_icdGetInstanceProcAddr get_proc;
	PFN_vk_icdGetPhysicalDeviceProcAddr get_physical_device_proc;
	PFN_vk_icdNegotiateLoaderICDInterfaceVersion negotiate;
};

/* NULL, having said why on stderr, if there is none. */
const struct lavapipe *lavapipe_get(void);

/* lavapipe's functions that the shim calls, the second name where the first is missing */
#define LVP_INSTANCE_CALLS(CALL) \
	CALL(DestroyInstance, DestroyInstance) \
	CALL(EnumeratePhysicalDevices, EnumeratePhysicalDevices) \
	CALL(EnumerateDeviceExtensionProperties, EnumerateDeviceExtensionProperties) \
	CALL(GetPhysicalDeviceProperties2, GetPhysicalDeviceProperties2KHR) \
	CALL(GetPhysicalDeviceFeatures2, GetPhysicalDeviceFeatures2KHR) \
	CALL(GetPhysicalDeviceMemoryProperties2, GetPhysicalDeviceMemoryProperties2KHR) \
	CALL(GetPhysicalDeviceQueueFamilyProperties2, GetPhysicalDeviceQueueFamilyProperties2KHR) \
	CALL(GetPhysicalDeviceFormatProperties2, GetPhysicalDeviceFormatProperties2KHR) \
	CALL(GetPhysicalDeviceImageFormatProperties2, GetPhysicalDeviceImageFormatProperties2KHR) \
	CALL(CreateDevice, CreateDevice) \
	CALL(GetDeviceProcAddr, GetDeviceProcAddr)

/* May be missing: what an application did not enable. */
#define LVP_OPTIONAL_INSTANCE_CALLS(CALL) \
	CALL(GetPhysicalDeviceSurfaceCapabilities2KHR, GetPhysicalDeviceSurfaceCapabilities2KHR)

#define LVP_DEVICE_CALLS(CALL) \
	CALL(DestroyDevice, DestroyDevice) \
	CALL(DeviceWaitIdle, DeviceWaitIdle) \
	CALL(GetDeviceQueue, GetDeviceQueue) \
	CALL(QueueSubmit2, QueueSubmit2KHR) \
	CALL(WaitSemaphores, WaitSemaphoresKHR) \
	CALL(CreateFence, CreateFence) \
	CALL(DestroyFence, DestroyFence) \
	CALL(CreateSemaphore, CreateSemaphore) \
	CALL(DestroySemaphore, DestroySemaphore) \
	CALL(AllocateMemory, AllocateMemory) \
	CALL(FreeMemory, FreeMemory) \
	CALL(CreateImage, CreateImage) \
	CALL(DestroyImage, DestroyImage) \
	CALL(CreateBuffer, CreateBuffer) \
	CALL(BindImageMemory, BindImageMemory) \
	CALL(GetImageMemoryRequirements, GetImageMemoryRequirements) \
	CALL(GetImageSubresourceLayout, GetImageSubresourceLayout) \
	CALL(CreateQueryPool, CreateQueryPool) \
	CALL(DestroyQueryPool, DestroyQueryPool) \
	CALL(GetQueryPoolResults, GetQueryPoolResults) \
	CALL(GetPipelineCacheData, GetPipelineCacheData)

/* Likewise, or what a newer version has. */
#define LVP_OPTIONAL_DEVICE_CALLS(CALL) \
	CALL(GetDeviceQueue2, GetDeviceQueue2) \
	CALL(GetImageMemoryRequirements2, GetImageMemoryRequirements2KHR) \
	CALL(GetDeviceImageMemoryRequirements, GetDeviceImageMemoryRequirementsKHR) \
	CALL(GetDeviceBufferMemoryRequirements, GetDeviceBufferMemoryRequirementsKHR) \
	CALL(GetImageSubresourceLayout2, GetImageSubresourceLayout2KHR) \
	CALL(GetImageSubresourceLayout2EXT, GetImageSubresourceLayout2EXT) \
	CALL(GetDeviceImageSubresourceLayout, GetDeviceImageSubresourceLayoutKHR) \
	CALL(BindImageMemory2, BindImageMemory2KHR) \
	CALL(CreateSwapchainKHR, CreateSwapchainKHR) \
	CALL(DestroySwapchainKHR, DestroySwapchainKHR) \
	CALL(GetSwapchainImagesKHR, GetSwapchainImagesKHR) \
	CALL(ReleaseSwapchainImagesEXT, ReleaseSwapchainImagesKHR) \
	CALL(SetHdrMetadataEXT, SetHdrMetadataEXT) \
	CALL(AcquireNextImageKHR, AcquireNextImageKHR) \
	CALL(AcquireNextImage2KHR, AcquireNextImage2KHR) \
	CALL(QueuePresentKHR, QueuePresentKHR)

#define LVP_MEMBER(name, other) PFN_vk##name name;

/* instance.c, physical_device.c */
struct instance;

struct identity {
	uint8_t device_uuid[VK_UUID_SIZE], driver_uuid[VK_UUID_SIZE];
	char driver_info[VK_MAX_DRIVER_INFO_SIZE];
};

struct physical_device {
	struct instance *instance;
	VkPhysicalDevice handle;
	/* Its own lavapipe instance, as lavapipe has one physical device in each. */
	VkInstance lvp_instance;
	struct figment_node node;
	uint64_t hide;
	struct identity identity;
	uint32_t memory_types;
};

struct instance {
	/* The first word must be the loader's where there is no lavapipe to make one. */
	VK_LOADER_DATA loader;
	VkInstance handle;
	struct {
		LVP_INSTANCE_CALLS(LVP_MEMBER)
		LVP_OPTIONAL_INSTANCE_CALLS(LVP_MEMBER)
	} lvp;
	uint32_t generation;	/* of the process that made it: fork.c */
	pthread_mutex_t lock;	/* finding the handles of the devices */
	uint32_t device_count;
	struct physical_device devices[FIGMENT_MAX_DEVICES];
};

static inline struct instance *instance_of(VkInstance handle)
{
	return table_find(TABLE_INSTANCE, HANDLE(handle));
}

static inline struct physical_device *physical_device_of(VkPhysicalDevice handle)
{
	return table_find(TABLE_PHYSICAL_DEVICE, HANDLE(handle));
}

/* extensions.c */
bool extension_is_ours(const char *name);
bool extension_is_hidden(const struct physical_device *pdev, const char *name);
int extension_bit(const char *name);
bool extension_in(const VkExtensionProperties *list, uint32_t count, const char *name);
VkExtensionProperties *extensions_of_lavapipe(const struct physical_device *pdev,
					      uint32_t *count, uint32_t spare);

/* physical_device.c */
void physical_device_identify(struct physical_device *pdev);
bool features_refused(const struct physical_device *pdev, const VkDeviceCreateInfo *info);

/* uuid.c */
void uuid_of_device(const struct physical_device *pdev, uint8_t uuid[VK_UUID_SIZE]);
void uuid_of_driver(const uint8_t lavapipe[VK_UUID_SIZE], const char *lavapipe_info,
		    uint8_t uuid[VK_UUID_SIZE]);

/* external.c */
VkExternalMemoryProperties external_memory(const struct physical_device *pdev,
					   VkExternalMemoryHandleTypeFlagBits type);
bool external_memory_refused(const struct physical_device *pdev,
			     VkExternalMemoryHandleTypeFlags types);
VkExternalFenceHandleTypeFlags external_fences(const struct physical_device *pdev);
VkExternalSemaphoreHandleTypeFlags external_semaphores(const struct physical_device *pdev,
						       bool timeline);
#define EXTERNAL_FD_MEMORY \
	(VK_EXTERNAL_MEMORY_HANDLE_TYPE_OPAQUE_FD_BIT | \
	 VK_EXTERNAL_MEMORY_HANDLE_TYPE_DMA_BUF_BIT_EXT)
#define EXTERNAL_HOST_MEMORY \
	(VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT | \
	 VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_MAPPED_FOREIGN_MEMORY_BIT_EXT)

/* format.c */
uint32_t format_texel_size(VkFormat format);
/* What lavapipe binds an image to at most, and promises of memory. */
#define LVP_MAX_RESOURCE (2ull << 30)

/* device.c */
struct queue;
struct relay;

struct device {
	VkDevice handle;
	struct physical_device *pdev;
	int fd;
	uint32_t generation;	/* of the process that made it: fork.c */
	bool timeline;		/* the kernel has timeline syncobjs */
	int64_t job_timeout_ns;
	uint64_t extensions;	/* those enabled, as extension_bit() has them */
	atomic_bool lost, stopped;
	_Atomic int64_t stop_deadline;	/* of what a lost device still does */
	struct {
		LVP_DEVICE_CALLS(LVP_MEMBER)
		LVP_OPTIONAL_DEVICE_CALLS(LVP_MEMBER)
	} lvp;

	/* How many memory objects use each GEM handle, by handle: memory.c */
	pthread_mutex_t bo_lock;
	uint32_t *bo_uses;
	uint32_t bo_count;

	pthread_mutex_t relay_lock;
	struct relay *relays;	/* relay.c */

	uint32_t queue_count;
	struct queue *queues[];
};

static inline struct device *device_of(VkDevice handle)
{
	return table_find(TABLE_DEVICE, HANDLE(handle));
}

/* Whether this process is a fork's child, to which the device is lost. */
static inline bool device_is_parents(const struct device *dev)
{
	return dev->generation != fork_generation();
}

/* Whether it is known to be lost. */
static inline bool device_is_lost(const struct device *dev)
{
	return atomic_load_explicit(&dev->lost, memory_order_relaxed) || device_is_parents(dev);
}

bool device_check_lost(struct device *dev);
void device_mark_lost(struct device *dev);
void device_lose(struct device *dev);
VkResult device_lost(struct device *dev);

/* submit.c: jobs */
struct semaphore;

struct job_origin {
	struct semaphore *semaphore;
	uint32_t temporary;	/* a temporary payload, which the wait ended, or 0 */
	enum {
		WAIT_BORROWED,		/* a timeline, which its semaphore keeps */
		WAIT_TAKEN,		/* a payload that was the semaphore's alone */
		WAIT_MOVED,		/* a syncobj of the job's, of what a shared payload was */
		WAIT_UNSUBMITTED,	/* a shared payload that has no fence yet */
	} kind;
};

struct job {
	struct job *next;
	uint64_t seqno;
	uint32_t wait_count, signal_count, command_count;
	struct drm_figment_sync *waits;
	struct job_origin *origins;	/* of the waits */
	struct drm_figment_sync *signals;
	uint32_t *owned;	/* of the signals, those that nobody else has: relay.c */
	VkCommandBufferSubmitInfo *commands;
	VkSubmitFlags flags;
};

void job_release_waits(struct device *dev, struct job *job);
void job_free(struct device *dev, struct job *job);
VkResult queue_submit_empty(struct queue *queue, uint32_t wait_count, const VkSemaphore *waits,
			    uint32_t syncobj);

/* queue.c */
struct job_list {
	struct job *first, *last;
};

struct queue {
	struct device *dev;
	VkQueue handle;
	uint32_t id;		/* the kernel's, */
	int fd;			/* and the executor's fd of it */
	uint64_t fails;		/* the job that the kernel fails by order, or 0 */
	VkSemaphore done;	/* lavapipe's timeline: the latest job it has done */
	pthread_mutex_t icd_lock;	/* over giving lavapipe jobs: query.c */

	pthread_mutex_t lock;	/* over all that follows */
	struct job_list held;		/* wait for what nobody has submitted yet */
	struct job_list submitted;	/* with the kernel, not runnable yet */
	struct job_list running;	/* with lavapipe */
	uint64_t outstanding;	/* jobs that are not complete, on any list or none */
	uint64_t finished;
	uint64_t latest;	/* the kernel's number of the latest job it was given */
	bool stop;		/* lost, or being destroyed */
	pthread_cond_t changed;		/* outstanding, finished, running or stop has */
	pthread_cond_t run_more;	/* running has, for the done thread */
	pthread_cond_t hold_more;	/* held has, for the hold thread */

	pthread_t run_thread, done_thread, hold_thread;
	bool has_hold_thread;
	uint32_t kick;		/* a syncobj that ends the hold thread's waiting */
};

static inline struct queue *queue_of(VkQueue handle)
{
	return table_find(TABLE_QUEUE, HANDLE(handle));
}

VkResult queue_create(struct device *dev, VkQueue handle, uint32_t priority, struct queue **out);
void queue_lose(struct queue *queue);
void queue_join(struct queue *queue);
void queue_free(struct queue *queue);
int queue_add(struct queue *queue, struct job *job);
int queue_submit_locked(struct queue *queue, struct job *job);
void queue_forget_locked(struct queue *queue, struct job *job);
void queue_wait_idle(struct queue *queue);
void queue_wait_stopped(struct queue *queue, int64_t deadline);
void job_list_add(struct job_list *list, struct job *job);
struct job *job_list_pop(struct job_list *list);

/* executor.c */
int thread_start(pthread_t *thread, const char *name, void *(*fn)(void *), void *arg);
int executor_start(struct queue *queue);

/* hold.c */
bool hold_is_needed(struct device *dev, const struct job *job);
bool hold_is_needed_after_all(const struct job *job, int ret);
int hold_locked(struct queue *queue, struct job *job);

bool hold_redirect(struct device *dev, uint32_t syncobj, uint32_t instead);

/* relay.c */
int relay_start(struct device *dev, uint32_t syncobj, bool shared, int *file);
void relay_end_all(struct device *dev);

/* sync.c: a payload, and the temporary one that may hide it */
struct payload {
	uint32_t permanent;
	uint32_t temporary;	/* 0 if there is none */
	/* Whether somebody else may have them too, by an opaque handle. */
	bool shared, temporary_shared;
};

enum payload_kind { PAYLOAD_FILE, PAYLOAD_BINARY, PAYLOAD_TIMELINE };

static inline uint32_t payload_now(const struct payload *payload)
{
	return payload->temporary ? payload->temporary : payload->permanent;
}

static inline bool payload_is_shared(const struct payload *payload)
{
	return payload->temporary ? payload->temporary_shared : payload->shared;
}

/* For how long anybody waits before looking whether the device is still there. */
#define SYNC_SLICE_NS 500000000ll

int64_t clock_now(void);
int syncobj_copy(struct device *dev, uint32_t to, uint32_t from);
int syncobj_move(struct device *dev, uint32_t from, uint32_t *own);
void payload_destroy(struct device *dev, struct payload *payload);
void payload_restore(struct device *dev, struct payload *payload);
VkResult payload_import(struct device *dev, struct payload *payload, int fd,
			enum payload_kind kind, bool temporary);
VkResult payload_export(struct device *dev, struct payload *payload, int *fd);
VkResult payload_export_file(struct device *dev, struct payload *payload, int *fd);
VkResult sync_wait(struct device *dev, const uint32_t *syncobjs, const uint64_t *points,
		   uint32_t count, bool all, uint64_t timeout_ns);

/* fence.c, semaphore.c */
struct fence {
	struct payload payload;
};

struct semaphore {
	struct payload payload;
	bool timeline;
	_Atomic uint64_t reached;	/* by vkSignalSemaphore, though the syncobj is not there yet */
};

static inline struct fence *fence_of(VkFence handle)
{
	return table_find(TABLE_FENCE, HANDLE(handle));
}

static inline struct semaphore *semaphore_of(VkSemaphore handle)
{
	return table_find(TABLE_SEMAPHORE, HANDLE(handle));
}

/* wsi.c */
const VkImageCreateInfo *wsi_image_info(const VkImageCreateInfo *info);

/* headless.c */
bool headless_created(struct device *dev, VkSurfaceKHR surface, VkSwapchainKHR handle);
void headless_destroyed(VkSwapchainKHR handle);
bool headless_release(const VkReleaseSwapchainImagesInfoEXT *info, VkResult *result);

/* lavapipe may have what the headers it meets here are too old for. */
#ifndef VK_KHR_swapchain_maintenance1
typedef PFN_vkReleaseSwapchainImagesEXT PFN_vkReleaseSwapchainImagesKHR;
#endif

/* The entry points themselves. */
#define ENTRY(level, name, fn, ext) __typeof__(*(PFN_##name)0) figment_##fn;
#include "entrypoints.h"
#undef ENTRY

#endif

// SPDX-License-Identifier: MIT
/**
 * DOC: query results
 *
 * lavapipe first waits for all it was given, which is only what can run (queue.c),
 * and then says of each query whether it is available. It does not know of jobs
 * that it has not been given: whoever wants to wait has to be kept waiting here,
 * until a job more is complete, and to ask again.
 *
 * Of queries of acceleration structures it says that they are available without
 * looking. They are once no job is outstanding. Only their pools are in the table.
 */
#include <string.h>

#include "shim.h"

static bool says_available_anyway(VkQueryType type)
{
	switch (type) {
	case VK_QUERY_TYPE_ACCELERATION_STRUCTURE_COMPACTED_SIZE_KHR:
	case VK_QUERY_TYPE_ACCELERATION_STRUCTURE_SERIALIZATION_SIZE_KHR:
	case VK_QUERY_TYPE_ACCELERATION_STRUCTURE_SIZE_KHR:
	case VK_QUERY_TYPE_ACCELERATION_STRUCTURE_SERIALIZATION_BOTTOM_LEVEL_POINTERS_KHR:
		return true;
	default:
		return false;
	}
}

VkResult figment_vkCreateQueryPool(VkDevice handle, const VkQueryPoolCreateInfo *info,
				   const VkAllocationCallbacks *alloc, VkQueryPool *out)
{
	struct device *dev = device_of(handle);
	VkResult result = dev->lvp.CreateQueryPool(handle, info, alloc, out);

	if (!result && says_available_anyway(info->queryType) &&
	    !table_insert(TABLE_QUERY_POOL, HANDLE(*out), dev)) {
		dev->lvp.DestroyQueryPool(handle, *out, alloc);
		result = VK_ERROR_OUT_OF_HOST_MEMORY;
	}
	return result;
}

void figment_vkDestroyQueryPool(VkDevice handle, VkQueryPool pool,
				const VkAllocationCallbacks *alloc)
{
	table_remove(TABLE_QUERY_POOL, HANDLE(pool));
	device_of(handle)->lvp.DestroyQueryPool(handle, pool, alloc);
}

/* How far the queues are, to see later whether they got any further. */
struct progress {
	uint64_t finished;
	bool busy;
};

static struct progress progress_of(struct device *dev)
{
	struct progress p = { 0 };

	for (uint32_t i = 0; i < dev->queue_count; i++) {
		struct queue *queue = dev->queues[i];

		pthread_mutex_lock(&queue->lock);
		p.finished += queue->finished;
		p.busy |= queue->outstanding;
		pthread_mutex_unlock(&queue->lock);
	}
	return p;
}

/* lavapipe has one queue; if it gets more, another's job is noticed with the next here. */
static void wait_for_progress(struct device *dev, const struct progress *since)
{
	for (uint32_t i = 0; i < dev->queue_count; i++) {
		struct queue *queue = dev->queues[i];

		pthread_mutex_lock(&queue->lock);
		if (queue->outstanding && !queue->stop && queue->finished == since->finished)
			pthread_cond_wait(&queue->changed, &queue->lock);
		pthread_mutex_unlock(&queue->lock);
	}
}

struct results {
	VkQueryPool pool;
	uint32_t first, count;
	size_t size;
	void *data;
	VkDeviceSize stride;
};

/* lavapipe uses its queue to wait for it. */
static VkResult ask_lavapipe(struct device *dev, const struct results *r, VkQueryResultFlags flags)
{
	VkResult result;

	for (uint32_t i = 0; i < dev->queue_count; i++)
		pthread_mutex_lock(&dev->queues[i]->icd_lock);
	result = dev->lvp.GetQueryPoolResults(dev->handle, r->pool, r->first, r->count, r->size,
					      r->data, r->stride, flags);
	for (uint32_t i = 0; i < dev->queue_count; i++)
		pthread_mutex_unlock(&dev->queues[i]->icd_lock);
	return result;
}

/* What lavapipe would write of queries with one value, none of which is available. */
static VkResult none_available(const struct results *r, VkQueryResultFlags flags)
{
	size_t word = flags & VK_QUERY_RESULT_64_BIT ? 8 : 4;

	for (uint32_t i = 0; i < r->count; i++) {
		char *query = (char *)r->data + i * r->stride;

		if (flags & VK_QUERY_RESULT_PARTIAL_BIT)
			memset(query, 0, word);
		if (flags & VK_QUERY_RESULT_WITH_AVAILABILITY_BIT)
			memset(query + word, 0, word);
	}
	return flags & VK_QUERY_RESULT_PARTIAL_BIT ? VK_SUCCESS : VK_NOT_READY;
}

VkResult figment_vkGetQueryPoolResults(VkDevice handle, VkQueryPool pool, uint32_t first,
				       uint32_t count, size_t size, void *data,
				       VkDeviceSize stride, VkQueryResultFlags flags)
{
	const VkQueryResultFlags look = flags & ~(VK_QUERY_RESULT_WAIT_BIT |
						  VK_QUERY_RESULT_PARTIAL_BIT);
	const struct results r = { pool, first, count, size, data, stride };
	bool untold = table_find(TABLE_QUERY_POOL, HANDLE(pool));
	bool wait = flags & VK_QUERY_RESULT_WAIT_BIT;
	struct device *dev = device_of(handle);

	for (;;) {
		struct progress p;
		VkResult result;

		if (device_is_lost(dev))
			return device_lost(dev);
		p = progress_of(dev);
		if (!p.busy)
			return ask_lavapipe(dev, &r, flags);
		if (untold && !wait)
			return none_available(&r, flags);
		if (!wait)
			return ask_lavapipe(dev, &r, flags);
		if (!untold) {
			result = ask_lavapipe(dev, &r, look);
			if (result != VK_NOT_READY)
				return result;
		}
		wait_for_progress(dev, &p);
	}
}

// SPDX-License-Identifier: MIT
/**
 * DOC: payloads and waiting
 *
 * Every fence and semaphore has a drm_syncobj for its payload, whether it is ever
 * shared or not: lavapipe's own payloads play no part, and there is one way in
 * which anything is waited for, signalled or reset. A temporarily imported payload
 * is a second syncobj, which hides the first until it is waited for (a semaphore)
 * or reset (a fence).
 *
 * A wait is cut into slices, between which a lost device is noticed: what it waits
 * for might be signalled by nobody then.
 */
#include <drm.h>
#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "shim.h"

#define NS_PER_SEC 1000000000ll

int64_t clock_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NS_PER_SEC + now.tv_nsec;
}

/**
 * syncobj_copy() - make a binary syncobj what another one is
 * @dev: the device
 * @to: which is to have the fence
 * @from: which has it, -EINVAL if it has none
 *
 * It takes no fd, as the process may have none left, where the kernel has timelines.
 */
int syncobj_copy(struct device *dev, uint32_t to, uint32_t from)
{
	int file, ret = figment_syncobj_transfer(dev->fd, to, 0, from, 0);

	if (ret != -EOPNOTSUPP)
		return ret;
	ret = figment_syncobj_export_file(dev->fd, from, &file);
	if (ret)
		return ret;
	ret = figment_syncobj_import_file(dev->fd, to, file);
	close(file);
	return ret;
}

/**
 * syncobj_move() - take the fence that a payload of several has, and reset that
 * @dev: the device
 * @from: the payload, -EINVAL if it has none yet
 * @own: out, a new syncobj that has it
 */
int syncobj_move(struct device *dev, uint32_t from, uint32_t *own)
{
	int ret = figment_syncobj_create(dev->fd, false, own);

	if (ret)
		return ret;
	ret = syncobj_copy(dev, *own, from);
	if (ret)
		figment_syncobj_destroy(dev->fd, *own);
	else
		figment_syncobj_reset(dev->fd, from);
	return ret;
}

/* Far away is for ever; and zero, which means to look only, is not the year 1970. */
static int64_t deadline_after(uint64_t timeout_ns)
{
	int64_t now;

	if (!timeout_ns)
		return 0;
	now = clock_now();
	return timeout_ns > (uint64_t)(INT64_MAX - now) ? INT64_MAX : now + (int64_t)timeout_ns;
}

/**
 * sync_wait() - what vkWaitForFences and vkWaitSemaphores do
 * @dev: the device
 * @syncobjs: what to wait for
 * @points: their points, NULL if none is a timeline
 * @count: how many
 * @all: whether for all of them
 * @timeout_ns: for how long
 *
 * What nobody has submitted yet counts as pending.
 */
VkResult sync_wait(struct device *dev, const uint32_t *syncobjs, const uint64_t *points,
		   uint32_t count, bool all, uint64_t timeout_ns)
{
	uint32_t flags = DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT |
			 (all ? DRM_SYNCOBJ_WAIT_FLAGS_WAIT_ALL : 0);
	int64_t deadline = deadline_after(timeout_ns);
	int ret;

	if (!count)
		return VK_SUCCESS;
	do {
		int64_t slice = deadline ? clock_now() + SYNC_SLICE_NS : 0;

		if (slice > deadline)
			slice = deadline;
		if (device_is_lost(dev))
			return device_lost(dev);
		ret = figment_syncobj_wait(dev->fd, syncobjs, points, count, slice, flags, NULL);
	} while (ret == -ETIME && deadline && clock_now() < deadline);
	/* A fence that was signalled with an error is signalled all the same. */
	if (ret != -ETIME && device_check_lost(dev))
		return device_lost(dev);
	return shim_result(ret);
}

void payload_restore(struct device *dev, struct payload *payload)
{
	if (payload->temporary)
		figment_syncobj_destroy(dev->fd, payload->temporary);
	payload->temporary = 0;
	payload->temporary_shared = false;
}

void payload_destroy(struct device *dev, struct payload *payload)
{
	if (device_is_parents(dev))
		return;
	payload_restore(dev, payload);
	figment_syncobj_destroy(dev->fd, payload->permanent);
}

static int import_file(struct device *dev, int fd, uint32_t *syncobj)
{
	int ret;

	if (fd != -1 && !figment_is_sync_file(fd))
		return -EINVAL;
	ret = figment_syncobj_create(dev->fd, fd == -1, syncobj);
	if (ret || fd == -1)
		return ret;
	ret = figment_syncobj_import_file(dev->fd, *syncobj, fd);
	if (ret)
		figment_syncobj_destroy(dev->fd, *syncobj);
	return ret;
}

/*
 * A syncobj is of no kind until it has a fence: then those of a timeline have
 * points, and others have none.
 */
static bool is_other_kind(struct device *dev, uint32_t syncobj, bool timeline)
{
	uint64_t point = 0;

	if (!dev->timeline || figment_syncobj_query_submitted(dev->fd, syncobj, &point))
		return false;
	if (!timeline)
		return point;
	return !point && figment_syncobj_wait(dev->fd, &syncobj, NULL, 1, 0, 0, NULL) != -EINVAL;
}

static int import_opaque(struct device *dev, int fd, bool timeline, uint32_t *syncobj)
{
	int ret = figment_syncobj_import(dev->fd, fd, syncobj);

	if (!ret && is_other_kind(dev, *syncobj, timeline)) {
		figment_syncobj_destroy(dev->fd, *syncobj);
		ret = -EINVAL;
	}
	return ret;
}

/**
 * payload_import() - take a payload from an fd, and the fd if that succeeds
 * @dev: the device
 * @payload: whose
 * @fd: a drm_syncobj's, or a sync_file's or -1
 * @kind: which of these, and of what; a sync_file can only be imported temporarily
 * @temporary: whether the one that it has is to come back
 */
VkResult payload_import(struct device *dev, struct payload *payload, int fd,
			enum payload_kind kind, bool temporary)
{
	uint32_t syncobj;
	int ret;

	if (device_is_parents(dev))
		return VK_ERROR_OUT_OF_HOST_MEMORY;
	ret = kind == PAYLOAD_FILE ? import_file(dev, fd, &syncobj) :
		     import_opaque(dev, fd, kind == PAYLOAD_TIMELINE, &syncobj);
	if (ret)
		return ret == -ENOMEM ? VK_ERROR_OUT_OF_HOST_MEMORY :
					VK_ERROR_INVALID_EXTERNAL_HANDLE;
	payload_restore(dev, payload);
	if (kind == PAYLOAD_FILE || temporary) {
		payload->temporary = syncobj;
		payload->temporary_shared = kind != PAYLOAD_FILE;
	} else {
		figment_syncobj_destroy(dev->fd, payload->permanent);
		payload->permanent = syncobj;
		payload->shared = true;
	}
	if (fd >= 0)
		close(fd);
	return VK_SUCCESS;
}

VkResult payload_export(struct device *dev, struct payload *payload, int *fd)
{
	VkResult result;

	if (device_is_parents(dev))
		return VK_ERROR_OUT_OF_HOST_MEMORY;
	result = shim_result(figment_syncobj_export(dev->fd, payload_now(payload), fd));
	if (!result && payload->temporary)
		payload->temporary_shared = true;
	else if (!result)
		payload->shared = true;
	return result;
}

/* Another handle of a syncobj, which may go before what is to be signalled is. */
static int duplicate(struct device *dev, uint32_t syncobj, uint32_t *copy)
{
	int fd, ret = figment_syncobj_export(dev->fd, syncobj, &fd);

	if (ret)
		return ret;
	ret = figment_syncobj_import(dev->fd, fd, copy);
	close(fd);
	return ret;
}

/*
 * Relay a held job's signal of a payload: it signals a syncobj of its own instead,
 * which is the relay's by another handle, as either may go first.
 */
static int export_held(struct device *dev, uint32_t syncobj, int *fd)
{
	uint32_t own, copy;
	int ret = figment_syncobj_create(dev->fd, false, &own);

	if (ret)
		return ret;
	ret = duplicate(dev, own, &copy);
	if (!ret)
		ret = relay_start(dev, copy, false, fd);
	if (!ret && hold_redirect(dev, syncobj, own))
		return 0;
	/* It has ceased to be held just now: then there is a fence to relay. */
	if (!ret && !syncobj_copy(dev, own, syncobj))
		figment_syncobj_reset(dev->fd, syncobj);
	figment_syncobj_destroy(dev->fd, own);
	return ret;
}

/* It has no fence: its signaller may be held, here or by whom it is shared with. */
static int export_late(struct device *dev, struct payload *payload, int *fd)
{
	uint32_t syncobj = payload_now(payload), copy;
	int ret;

	if (hold_redirect(dev, syncobj, 0))
		return export_held(dev, syncobj, fd);
	/* It may have ceased to be held just now. */
	ret = figment_syncobj_export_file(dev->fd, syncobj, fd);
	if (!ret) {
		figment_syncobj_reset(dev->fd, syncobj);
		return 0;
	}
	if (!payload_is_shared(payload))
		return ret;
	ret = duplicate(dev, syncobj, &copy);
	return ret ? ret : relay_start(dev, copy, true, fd);
}

/**
 * payload_export_file() - make a sync_file of what a payload will be signalled by
 * @dev: the device
 * @payload: whose
 * @fd: the sync_file, which is pending if its signaller is
 *
 * The payload is reset, and, if it was a temporary one, the permanent one restored.
 * Where nothing is to signal it, the application is wrong.
 */
VkResult payload_export_file(struct device *dev, struct payload *payload, int *fd)
{
	uint32_t syncobj = payload_now(payload);
	int ret = -EINVAL;

	if (device_is_parents(dev))
		return VK_ERROR_OUT_OF_HOST_MEMORY;
	/* A shared one may still have what comes before a signal that is held. */
	if (!payload_is_shared(payload) || !hold_redirect(dev, syncobj, 0)) {
		ret = figment_syncobj_export_file(dev->fd, syncobj, fd);
		if (!ret)
			figment_syncobj_reset(dev->fd, syncobj);
	}
	if (ret == -EINVAL)
		ret = export_late(dev, payload, fd);
	if (ret)
		return shim_result(ret);
	payload_restore(dev, payload);
	return VK_SUCCESS;
}

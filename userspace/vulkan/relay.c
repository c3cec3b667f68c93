// SPDX-License-Identifier: MIT
/**
 * DOC: sync_files of what is not with the kernel yet
 *
 * A fence may be exported as SYNC_FD while its submit is held (hold.c), for want of
 * somebody's signal of a timeline. There is no fence in the kernel then to make the
 * file of, and to wait for one would hang a program that gives that signal next.
 * So the file is of a job made for it, on a queue of its own, which a thread
 * completes when the held one has, with what that ended with. It is pending from
 * the start, as it should be; and as everything that waits for a program it is
 * bounded by the watchdog, which gives it the error ETIMEDOUT.
 *
 * The held job is made to signal a syncobj of the relay's, rather than the exported
 * payload, which is thereby reset as copy transference demands. What another
 * process is to signal cannot be redirected: there the relay takes the fence from
 * the shared payload as soon as there is one.
 */
#include <drm.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "shim.h"

/* The watchdog does not wait longer than a job may take; its end comes first. */
#define SLACK_NS 5000000000ll

struct relay {
	struct relay *next;
	struct device *dev;
	uint32_t syncobj;	/* what is relayed, the relay's own handle */
	bool shared;		/* its payload is others' too: take it when it is there */
	uint32_t kick;		/* ends the wait */
	uint32_t queue;
	int fd;
	pthread_t thread;
	/* Both under relay_lock: */
	bool ending;		/* the device ends */
	bool over;		/* it has nothing any more */
};

static bool is_ending(struct relay *relay)
{
	bool ending;

	pthread_mutex_lock(&relay->dev->relay_lock);
	ending = relay->ending;
	pthread_mutex_unlock(&relay->dev->relay_lock);
	return ending;
}

/* Until the syncobj has a fence, or that has signalled, or it is to end. */
static void wait_for(struct relay *relay, uint32_t flags)
{
	const uint32_t syncobjs[2] = { relay->syncobj, relay->kick };
	struct device *dev = relay->dev;
	int64_t deadline = clock_now() + dev->job_timeout_ns + SLACK_NS;
	int ret;

	do {
		ret = figment_syncobj_wait(dev->fd, syncobjs, NULL, 2,
					   clock_now() + SYNC_SLICE_NS,
					   flags | DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT, NULL);
	} while (ret == -ETIME && clock_now() < deadline && !is_ending(relay));
}

/* Make what a shared payload has now the relay's alone. */
static int take(struct relay *relay)
{
	uint32_t own;
	int ret = syncobj_move(relay->dev, relay->syncobj, &own);

	if (ret)
		return ret;
	figment_syncobj_destroy(relay->dev->fd, relay->syncobj);
	relay->syncobj = own;
	return 0;
}

/* What it ended with; -ECANCELED if it has not. */
static int status_of(const struct relay *relay)
{
	int fd = relay->dev->fd, file, status;
	int ret = figment_syncobj_export_file(fd, relay->syncobj, &file);

	/* Without a fd to spare nobody tells what it ended with, only that it has. */
	if (ret == -EMFILE || ret == -ENFILE)
		return figment_syncobj_wait(fd, &relay->syncobj, NULL, 1, 0, 0, NULL) ||
		       device_is_lost(relay->dev) ? -ECANCELED : 0;
	if (ret)
		return -ECANCELED;
	status = figment_sync_file_status(file);
	close(file);
	if (status > 0)
		return device_is_lost(relay->dev) ? -ECANCELED : 0;
	return status ? status : -ECANCELED;
}

/* All but the memory, as far as there is any. */
static void release(struct relay *relay)
{
	int fd = relay->dev->fd;

	if (relay->fd >= 0) {
		figment_queue_destroy(fd, relay->queue);
		close(relay->fd);
	}
	if (relay->kick)
		figment_syncobj_destroy(fd, relay->kick);
	figment_syncobj_destroy(fd, relay->syncobj);
}

static void *run(void *arg)
{
	struct drm_figment_host_job job;
	struct relay *relay = arg;

	if (figment_host_read(relay->fd, &job, 1) == 1) {
		if (relay->shared) {
			wait_for(relay, relay->dev->timeline ?
				 DRM_SYNCOBJ_WAIT_FLAGS_WAIT_AVAILABLE : 0);
			take(relay);
		}
		wait_for(relay, 0);
		figment_host_complete(relay->fd, job.seqno, status_of(relay));
	}
	pthread_mutex_lock(&relay->dev->relay_lock);
	release(relay);
	relay->over = true;
	pthread_mutex_unlock(&relay->dev->relay_lock);
	return NULL;
}

/* Wait for the threads of those relays that are over, or of all, having told them. */
static void end(struct device *dev, bool all)
{
	struct relay **at = &dev->relays, *gone = NULL, *relay;

	pthread_mutex_lock(&dev->relay_lock);
	while ((relay = *at)) {
		if (!all && !relay->over) {
			at = &relay->next;
			continue;
		}
		if (!relay->over) {
			relay->ending = true;
			figment_syncobj_signal(dev->fd, relay->kick, 0);
		}
		*at = relay->next;
		relay->next = gone;
		gone = relay;
	}
	pthread_mutex_unlock(&dev->relay_lock);
	while ((relay = gone)) {
		gone = relay->next;
		pthread_join(relay->thread, NULL);
		free(relay);
	}
}

static int submit(struct relay *relay, int *file)
{
	struct drm_figment_sync signal = { .type = DRM_FIGMENT_SYNC_FILE, .fd = -1 };
	struct drm_figment_job job = { .signals = FIGMENT_ARRAY(&signal, 1) };
	int ret = figment_syncobj_create(relay->dev->fd, false, &relay->kick);

	if (!ret)
		ret = figment_queue_create(relay->dev->fd, DRM_FIGMENT_ENGINE_HOST,
					   DRM_FIGMENT_PRIORITY_NORMAL, 0, &relay->queue,
					   &relay->fd);
	/* There are as many queues as a client may have: too many objects. */
	if (ret == -ENOSPC)
		ret = -EMFILE;
	if (ret)
		return ret;
	job.queue = relay->queue;
	ret = figment_submit(relay->dev->fd, &job, 1);
	if (!ret)
		*file = signal.fd;
	return ret;
}

/**
 * relay_start() - make a sync_file of what a syncobj will be signalled by
 * @dev: the device
 * @syncobj: it, the relay's from here on, whether this succeeds or not
 * @shared: others have its payload too
 * @file: the sync_file
 */
int relay_start(struct device *dev, uint32_t syncobj, bool shared, int *file)
{
	struct relay *relay = calloc(1, sizeof(*relay));
	int ret;

	end(dev, false);
	if (!relay) {
		figment_syncobj_destroy(dev->fd, syncobj);
		return -ENOMEM;
	}
	relay->dev = dev;
	relay->syncobj = syncobj;
	relay->shared = shared;
	relay->fd = -1;

	pthread_mutex_lock(&dev->relay_lock);
	ret = submit(relay, file);
	if (!ret) {
		ret = thread_start(&relay->thread, "figment:relay", run, relay);
		if (ret)
			close(*file);
	}
	if (ret) {
		release(relay);
		free(relay);
	} else {
		relay->next = dev->relays;
		dev->relays = relay;
	}
	pthread_mutex_unlock(&dev->relay_lock);
	return ret;
}

/** relay_end_all() - when the device ends: what is not done by now never will be */
void relay_end_all(struct device *dev)
{
	end(dev, true);
}

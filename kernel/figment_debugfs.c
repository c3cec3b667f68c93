// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: debugfs
 *
 * Who has what on a device, for root: its clients, its queues with the state of
 * each, and its buffers with what they count in its memory and who holds them. A
 * buffer is held by handles, which are listed here, or else by its dma-buf, by
 * mappings and jobs; whoever has a dma-buf's fd has its inode in an fdinfo.
 *
 * A line is a record. What programs call themselves is therefore escaped.
 *
 * There can be a million buffers, whose list nobody may hold for as long as it takes to
 * print it: others make buffers meanwhile.
 */
#include <linux/delay.h>
#include <linux/seq_file.h>

#include <drm/drm_debugfs.h>

#include "figment_drv.h"

#define FIGMENT_COMM_ESCAPE	" ,:\t\n\\"

/* How many buffers are printed in one go. */
#define FIGMENT_PORTION		256

static struct figment_device *figment_debugfs_device(struct seq_file *m)
{
	struct drm_info_node *node = m->private;

	return to_figment_device(node->minor->dev);
}

static int figment_debugfs_queues(struct seq_file *m, void *unused)
{
	struct figment_device *fdev = figment_debugfs_device(m);
	struct figment_queue *queue;

	seq_puts(m, "client pid queue engine state error completed running\n");
	mutex_lock(&fdev->lock);
	list_for_each_entry(queue, &fdev->queues, link) {
		spin_lock(&queue->lock);
		seq_printf(m, "%llu %d %u %s %s %d %llu %u\n",
			   queue->client->id, queue->client->pid, queue->id,
			   queue->engine == FIGMENT_HOST ? "host" : "copy",
			   !queue->error ? "alive" : queue->guilty ? "guilty" : "lost",
			   queue->error, queue->completed, queue->num_running);
		spin_unlock(&queue->lock);
	}
	mutex_unlock(&fdev->lock);
	return 0;
}

static int figment_debugfs_clients(struct seq_file *m, void *unused)
{
	struct figment_device *fdev = figment_debugfs_device(m);
	struct drm_file *file;

	seq_puts(m, "client pid buffers bytes jobs comm\n");
	mutex_lock(&fdev->drm.filelist_mutex);
	list_for_each_entry(file, &fdev->drm.filelist, lhead) {
		struct figment_client *client = file->driver_priv;

		mutex_lock(&fdev->lock);
		seq_printf(m, "%llu %d %u %llu %d ", client->id, client->pid,
			   client->num_bos, client->bo_bytes, atomic_read(&client->jobs));
		mutex_unlock(&fdev->lock);
		seq_escape(m, client->comm, FIGMENT_COMM_ESCAPE);
		seq_putc(m, '\n');
	}
	mutex_unlock(&fdev->drm.filelist_mutex);
	return 0;
}

/* client:pid:comm,... or - */
static void figment_debugfs_holders(struct seq_file *m, const struct figment_bo *bo)
{
	const struct figment_holder *holder;
	const char *separator = "";

	list_for_each_entry(holder, &bo->holders, link) {
		seq_printf(m, "%s%llu:%d:", separator, holder->client->id, holder->client->pid);
		seq_escape(m, holder->client->comm, FIGMENT_COMM_ESCAPE);
		separator = ",";
	}
	if (list_empty(&bo->holders))
		seq_putc(m, '-');
}

/*
 * Lets others have the lock. The buffer stays in the list meanwhile, unless it is about
 * to leave; and is put later, without the lock, which its end takes. Return: it.
 */
static struct drm_gem_object *figment_debugfs_pause(struct figment_device *fdev,
						    struct figment_bo *bo,
						    struct drm_gem_object *before)
{
	struct drm_gem_object *obj = &bo->base.base;

	if (!kref_get_unless_zero(&obj->refcount))
		return before;
	mutex_unlock(&fdev->lock);
	if (before)
		drm_gem_object_put(before);
	/* Who spins for a lock that is free for no moment does so for long. */
	usleep_range(50, 100);
	mutex_lock(&fdev->lock);
	return obj;
}

static int figment_debugfs_memory(struct seq_file *m, void *unused)
{
	struct figment_device *fdev = figment_debugfs_device(m);
	struct drm_gem_object *held = NULL;
	unsigned int portion = 0;
	struct figment_bo *bo;

	seq_printf(m, "limit %llu used %lld\n", fdev->memory_limit,
		   atomic64_read(&fdev->memory_used));
	seq_puts(m, "size charged handles kind mapped dmabuf holders label\n");
	mutex_lock(&fdev->lock);
	list_for_each_entry(bo, &fdev->bos, link) {
		seq_printf(m, "%zu %llu %u %s %s %lu ", bo->base.base.size, bo->charged,
			   READ_ONCE(bo->base.base.handle_count),
			   bo->base.base.import_attach ? "imported" :
			   bo->num_user_pages ? "userptr" : "own",
			   iosys_map_is_null(&bo->map) ? "no" : "yes",
			   READ_ONCE(bo->dmabuf));
		figment_debugfs_holders(m, bo);
		seq_printf(m, " %s\n", bo->label);
		/* Then all of it is printed again, into a larger buffer. */
		if (seq_has_overflowed(m))
			break;
		if (++portion % FIGMENT_PORTION == 0)
			held = figment_debugfs_pause(fdev, bo, held);
	}
	mutex_unlock(&fdev->lock);
	if (held)
		drm_gem_object_put(held);
	return 0;
}

static const struct drm_info_list figment_debugfs_files[] = {
	{ "figment_clients", figment_debugfs_clients, 0 },
	{ "figment_queues", figment_debugfs_queues, 0 },
	{ "figment_memory", figment_debugfs_memory, 0 },
};

void figment_debugfs_init(struct drm_minor *minor)
{
	/* Kernels before 6.7 call this for each of the device's nodes. */
	if (minor->type != DRM_MINOR_PRIMARY)
		return;
	figment_fault_debugfs(to_figment_device(minor->dev), minor->debugfs_root);
	drm_debugfs_create_files(figment_debugfs_files, ARRAY_SIZE(figment_debugfs_files),
				 minor->debugfs_root, minor);
}

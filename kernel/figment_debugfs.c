// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: debugfs
 *
 * Who has what on a device, for root: its queues with the state of each, and its
 * buffers with what they count in its memory.
 */
#include <linux/seq_file.h>

#include <drm/drm_debugfs.h>

#include "figment_drv.h"

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
		struct figment_job *job;
		unsigned int running = 0;

		spin_lock(&queue->lock);
		list_for_each_entry(job, &queue->running, link)
			running++;
		seq_printf(m, "%llu %d %u %s %s %d %llu %u\n",
			   queue->client->id, queue->client->pid, queue->id,
			   queue->engine == FIGMENT_HOST ? "host" : "copy",
			   !queue->error ? "alive" : queue->guilty ? "guilty" : "lost",
			   queue->error, queue->completed, running);
		spin_unlock(&queue->lock);
	}
	mutex_unlock(&fdev->lock);
	return 0;
}

static int figment_debugfs_memory(struct seq_file *m, void *unused)
{
	struct figment_device *fdev = figment_debugfs_device(m);
	struct figment_bo *bo;

	seq_printf(m, "limit %llu used %lld\n", fdev->memory_limit,
		   atomic64_read(&fdev->memory_used));
	seq_puts(m, "size charged handles kind mapped label\n");
	mutex_lock(&fdev->lock);
	list_for_each_entry(bo, &fdev->bos, link)
		seq_printf(m, "%zu %llu %u %s %s %s\n", bo->base.base.size, bo->charged,
			   READ_ONCE(bo->base.base.handle_count),
			   bo->base.base.import_attach ? "imported" :
			   bo->num_user_pages ? "userptr" : "own",
			   iosys_map_is_null(&bo->map) ? "no" : "yes", bo->label);
	mutex_unlock(&fdev->lock);
	return 0;
}

static const struct drm_info_list figment_debugfs_files[] = {
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

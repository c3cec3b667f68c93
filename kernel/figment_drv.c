// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: the module and its devices
 *
 * figment makes platform devices for itself and drives them. Platform, and not
 * the faux bus made for such devices, because libdrm before 2.4.126 does not see
 * that one, and because a driver that is bound can be unbound, through sysfs,
 * which is how hot-unplug gets tested. Each has a name of its own: libdrm takes
 * platform devices of one name for one device.
 *
 * What a device has ends in two steps. Unbinding unplugs it: ioctls fail, fences
 * signal, mappings fault. Memory and threads go with the last reference to the
 * DRM device, since open files, queues and exported buffers outlive unbinding.
 */
#include <linux/dma-mapping.h>
#include <linux/mod_devicetable.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/swap.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_ioctl.h>
#include <drm/drm_managed.h>

#include "figment_compat.h"
#include "figment_drv.h"

static unsigned int devices = 1;
module_param(devices, uint, 0444);
MODULE_PARM_DESC(devices, "Number of devices, 1 to 8 (default 1)");

static unsigned int copy_rings;
module_param(copy_rings, uint, 0444);
MODULE_PARM_DESC(copy_rings, "Copy-engine rings of a device, 1 to 16 (default 0: one per CPU)");

static unsigned int memory_mb;
module_param(memory_mb, uint, 0444);
MODULE_PARM_DESC(memory_mb, "Memory that buffers of a device may take, MiB (default 0: half of the machine's, divided by devices)");

static unsigned int job_timeout_ms = 10000;
module_param(job_timeout_ms, uint, 0444);
MODULE_PARM_DESC(job_timeout_ms, "How long a job may run, ms, 10 to 600000 (default 10000)");

static char *hide;
module_param(hide, charp, 0444);
MODULE_PARM_DESC(hide, "Capabilities to hide, with commas: timeline, prime-import, prime-export, modifiers");

static u32 figment_hidden;

struct workqueue_struct *figment_wq;
struct workqueue_struct *figment_watchdog_wq;
struct workqueue_struct *figment_sched_wq;

static struct platform_device *figment_devices[FIGMENT_MAX_DEVICES];

unsigned int figment_job_timeout_ms(void)
{
	return job_timeout_ms;
}

/* Clients */

static void figment_client_release(struct kref *ref)
{
	struct figment_client *client = container_of(ref, struct figment_client, ref);

	xa_destroy(&client->queues);
	mutex_destroy(&client->submit_lock);
	kfree(client);
}

struct figment_client *figment_client_get(struct figment_client *client)
{
	kref_get(&client->ref);
	return client;
}

void figment_client_put(struct figment_client *client)
{
	kref_put(&client->ref, figment_client_release);
}

static int figment_open(struct drm_device *drm, struct drm_file *file)
{
	struct figment_client *client = kzalloc(sizeof(*client), GFP_KERNEL_ACCOUNT);

	if (!client)
		return -ENOMEM;
	kref_init(&client->ref);
	client->id = figment_client_id(file);
	client->pid = task_tgid_nr(current);
	get_task_comm(client->comm, current->group_leader);
	xa_init_flags(&client->queues, XA_FLAGS_ALLOC1);
	mutex_init(&client->submit_lock);
	file->driver_priv = client;
	return 0;
}

static void figment_postclose(struct drm_device *drm, struct drm_file *file)
{
	struct figment_client *client = file->driver_priv;

	figment_queue_close_all(client);
	figment_client_put(client);
}

static void figment_show_fdinfo(struct drm_printer *p, struct drm_file *file)
{
	struct figment_client *client = file->driver_priv;

	drm_printf(p, "drm-engine-copy:\t%lld ns\n",
		   atomic64_read(&client->busy_ns[FIGMENT_COPY]));
	drm_printf(p, "drm-engine-capacity-copy:\t%u\n",
		   to_figment_device(file->minor->dev)->num_rings);
	drm_printf(p, "drm-engine-host:\t%lld ns\n",
		   atomic64_read(&client->busy_ns[FIGMENT_HOST]));
	/* Each queue has an executor of its own. */
	drm_printf(p, "drm-engine-capacity-host:\t%u\n", FIGMENT_MAX_QUEUES);
	figment_show_memory(p, file);
	figment_gem_show(p, file);
}

FIGMENT_DEFINE_FDINFO(figment_show_fdinfo)

/* Ioctls */

static int figment_ioctl_get_param(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct figment_device *fdev = to_figment_device(drm);
	struct drm_figment_get_param *args = data;

	if (args->pad)
		return -EINVAL;
	switch (args->param) {
	case DRM_FIGMENT_PARAM_ABI:
		args->value = 2;
		break;
	case DRM_FIGMENT_PARAM_INDEX:
		args->value = fdev->index;
		break;
	case DRM_FIGMENT_PARAM_COPY_RINGS:
		args->value = fdev->num_rings;
		break;
	case DRM_FIGMENT_PARAM_JOB_TIMEOUT_MS:
		args->value = job_timeout_ms;
		break;
	case DRM_FIGMENT_PARAM_MEMORY_LIMIT:
		args->value = fdev->memory_limit;
		break;
	case DRM_FIGMENT_PARAM_MEMORY_USED:
		args->value = atomic64_read(&fdev->memory_used);
		break;
	case DRM_FIGMENT_PARAM_HIDE:
		args->value = fdev->hide;
		break;
	default:
		return -EINVAL;
	}
	return 0;
}

static const struct drm_ioctl_desc figment_ioctls[] = {
	DRM_IOCTL_DEF_DRV(FIGMENT_GET_PARAM, figment_ioctl_get_param, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(FIGMENT_GEM_CREATE, figment_ioctl_gem_create, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(FIGMENT_GEM_INFO, figment_ioctl_gem_info, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(FIGMENT_QUEUE_CREATE, figment_ioctl_queue_create, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(FIGMENT_QUEUE_DESTROY, figment_ioctl_queue_destroy, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(FIGMENT_QUEUE_QUERY, figment_ioctl_queue_query, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(FIGMENT_SUBMIT, figment_ioctl_submit, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(FIGMENT_GEM_LABEL, figment_ioctl_gem_label, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(FIGMENT_GEM_USERPTR, figment_ioctl_gem_userptr, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(FIGMENT_GEM_METADATA, figment_ioctl_gem_metadata, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(FIGMENT_QUEUE_FAULT, figment_ioctl_queue_fault, DRM_RENDER_ALLOW),
};

static struct file_operations figment_fops __ro_after_init = {
	.owner = THIS_MODULE,
	DRM_GEM_FOPS,
	FIGMENT_FOPS_FDINFO
};

static const struct drm_driver figment_driver = {
	.driver_features = DRIVER_GEM | DRIVER_RENDER | DRIVER_SYNCOBJ |
			   DRIVER_SYNCOBJ_TIMELINE,
	.open = figment_open,
	.postclose = figment_postclose,
	.ioctls = figment_ioctls,
	.num_ioctls = ARRAY_SIZE(figment_ioctls),
	.fops = &figment_fops,
	.gem_create_object = figment_gem_create_object,
	.gem_prime_import = figment_import,
	.dumb_create = figment_gem_dumb_create,
	.debugfs_init = figment_debugfs_init,
	.prime_handle_to_fd = figment_hide_handle_to_fd,
	.prime_fd_to_handle = figment_hide_fd_to_handle,
	FIGMENT_DRIVER_PRIME_MMAP
	FIGMENT_DRIVER_FDINFO(figment_show_fdinfo)
	FIGMENT_DRIVER_DATE
	.name = "figment",
	.desc = "virtual GPU",
	.major = 0,
	.minor = 1,
};

/* Devices */

/* The last reference is gone: no files, no queues, no buffers, no jobs. */
static void figment_device_release(struct drm_device *drm, void *unused)
{
	struct figment_device *fdev = to_figment_device(drm);

	figment_ring_fini(fdev);
	if (!list_empty(&fdev->queues) || !list_empty(&fdev->bos) ||
	    atomic64_read(&fdev->memory_used))
		drm_err(drm, "leaked: %zu queues, %zu buffers, %lld bytes\n",
			list_count_nodes(&fdev->queues), list_count_nodes(&fdev->bos),
			atomic64_read(&fdev->memory_used));
	mutex_destroy(&fdev->lock);
}

static u64 figment_memory_limit(void)
{
	u64 half = ((u64)totalram_pages() << PAGE_SHIFT) / 2;

	return memory_mb ? (u64)memory_mb << 20 : div_u64(half, devices);
}

static int figment_probe(struct platform_device *pdev)
{
	const struct platform_device_id *id = platform_get_device_id(pdev);
	struct figment_device *fdev;
	unsigned int i;
	int ret;

	/* What driver_override brings here is not figment's. */
	if (!id)
		return -ENODEV;
	ret = dma_coerce_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (ret)
		return ret;
	fdev = devm_drm_dev_alloc(&pdev->dev, &figment_driver, struct figment_device, drm);
	if (IS_ERR(fdev))
		return PTR_ERR(fdev);
	fdev->index = id->driver_data;
	fdev->memory_limit = figment_memory_limit();
	fdev->hide = figment_hidden;
	figment_hide_apply(fdev);
	mutex_init(&fdev->lock);
	INIT_LIST_HEAD(&fdev->queues);
	INIT_LIST_HEAD(&fdev->bos);
	init_waitqueue_head(&fdev->ring_wait);
	spin_lock_init(&fdev->ring_lock);
	for (i = 0; i < FIGMENT_NUM_PRIORITIES; i++)
		INIT_LIST_HEAD(&fdev->ring_ready[i]);
	ret = drmm_add_action_or_reset(&fdev->drm, figment_device_release, NULL);
	if (ret)
		return ret;
	ret = figment_ring_init(fdev, copy_rings ?: clamp(num_online_cpus(), 1u,
							  (unsigned int)FIGMENT_MAX_RINGS));
	if (ret)
		return ret;
	platform_set_drvdata(pdev, fdev);
	return drm_dev_register(&fdev->drm, 0);
}

static void figment_remove(struct platform_device *pdev)
{
	struct figment_device *fdev = platform_get_drvdata(pdev);

	drm_dev_unplug(&fdev->drm);
	figment_queue_unplug_all(fdev);
}

static const struct platform_device_id figment_ids[] = {
	{ "figment0", 0 }, { "figment1", 1 }, { "figment2", 2 }, { "figment3", 3 },
	{ "figment4", 4 }, { "figment5", 5 }, { "figment6", 6 }, { "figment7", 7 },
	{ }
};
MODULE_DEVICE_TABLE(platform, figment_ids);

static struct platform_driver figment_platform_driver = {
	.probe = figment_probe,
	FIGMENT_PLATFORM_REMOVE(figment_remove),
	.id_table = figment_ids,
	.driver = {
		.name = "figment",
	},
};

/* The module */

static bool __init figment_param_ok(const char *name, unsigned int value,
				    unsigned int min, unsigned int max)
{
	if (value >= min && value <= max)
		return true;
	pr_err("figment: %s=%u is refused: it must be %u to %u\n", name, value, min, max);
	return false;
}

static void figment_unregister_devices(void)
{
	unsigned int i;

	for (i = 0; i < FIGMENT_MAX_DEVICES; i++)
		platform_device_unregister(figment_devices[i]);
}

static int __init figment_register_devices(void)
{
	unsigned int i;

	for (i = 0; i < devices; i++) {
		struct platform_device *pdev;

		pdev = platform_device_register_simple(figment_ids[i].name,
						       PLATFORM_DEVID_NONE, NULL, 0);
		if (IS_ERR(pdev)) {
			figment_unregister_devices();
			return PTR_ERR(pdev);
		}
		figment_devices[i] = pdev;
	}
	return 0;
}

/* The first frees the last queues, and with them devices, which end the others' work. */
static void figment_destroy_workqueues(void)
{
	struct workqueue_struct *wqs[] = { figment_wq, figment_watchdog_wq, figment_sched_wq };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(wqs); i++) {
		if (wqs[i])
			destroy_workqueue(wqs[i]);
	}
}

static int __init figment_create_workqueues(void)
{
	const unsigned int flags = WQ_UNBOUND | WQ_MEM_RECLAIM;

	figment_wq = alloc_workqueue("figment", flags, 0);
	figment_watchdog_wq = alloc_workqueue("figment-watchdog", flags, 0);
	figment_sched_wq = alloc_workqueue("figment-sched", flags, 0);
	if (figment_wq && figment_watchdog_wq && figment_sched_wq)
		return 0;
	figment_destroy_workqueues();
	return -ENOMEM;
}

static int __init figment_init(void)
{
	int ret;

	if (!figment_param_ok("devices", devices, 1, FIGMENT_MAX_DEVICES) ||
	    !figment_param_ok("copy_rings", copy_rings, 0, FIGMENT_MAX_RINGS) ||
	    !figment_param_ok("memory_mb", memory_mb, 0, 1 << 24) ||
	    !figment_param_ok("job_timeout_ms", job_timeout_ms, 10, 600000))
		return -EINVAL;
	ret = figment_hide_parse(hide, &figment_hidden);
	if (ret)
		return ret;

	figment_hide_init(&figment_fops);

	ret = figment_create_workqueues();
	if (ret)
		return ret;
	ret = platform_driver_register(&figment_platform_driver);
	if (ret)
		goto err_wq;
	ret = figment_register_devices();
	if (ret)
		goto err_driver;
	return 0;

err_driver:
	platform_driver_unregister(&figment_platform_driver);
err_wq:
	figment_destroy_workqueues();
	return ret;
}

static void __exit figment_exit(void)
{
	figment_unregister_devices();
	platform_driver_unregister(&figment_platform_driver);
	figment_queue_wait_for_all();
	figment_destroy_workqueues();
	/* Hardware fences are freed, and let go of this code, after a grace period. */
	rcu_barrier();
}

module_init(figment_init);
module_exit(figment_exit);

MODULE_AUTHOR("The figment authors");
MODULE_DESCRIPTION("figment, a virtual GPU for machines that have none");
MODULE_LICENSE("GPL");
FIGMENT_IMPORT_NS_DMA_BUF;

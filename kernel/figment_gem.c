// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: buffers
 *
 * Buffers are GEM shmem objects, cached by the CPU, since the CPU is the only
 * one that ever touches them; they can be mapped, exported and swapped like any.
 *
 * The kernel's own mapping of a buffer, of whatever kind, is made in the first
 * submit whose commands use it and kept until its end, because the engine that
 * needs it may take no reservation lock.
 */
#include <linux/ctype.h>
#include <linux/dma-buf.h>
#include <linux/fs.h>
#include <linux/slab.h>

#include <drm/drm_mode.h>
#include <drm/drm_prime.h>

#include "figment_compat.h"
#include "figment_drv.h"

#define FIGMENT_MAX_BO_SIZE	BIT_ULL(40)

static void figment_gem_uncharge(struct figment_device *fdev, u64 size)
{
	atomic64_sub(size, &fdev->memory_used);
}

/* What is refused is never counted: nobody else is to be refused for it. */
static int figment_gem_charge(struct figment_device *fdev, u64 size)
{
	s64 used = atomic64_read(&fdev->memory_used);

	do {
		if (fdev->memory_limit && used + size > fdev->memory_limit)
			return -ENOMEM;
	} while (!atomic64_try_cmpxchg(&fdev->memory_used, &used, used + size));
	return 0;
}

/**
 * figment_gem_publish - a buffer is whole
 * @obj: the buffer, which from here on ends in its funcs->free
 */
void figment_gem_publish(struct drm_gem_object *obj)
{
	struct figment_device *fdev = to_figment_device(obj->dev);

	mutex_lock(&fdev->lock);
	list_add_tail(&to_figment_bo(obj)->link, &fdev->bos);
	mutex_unlock(&fdev->lock);
}

/**
 * figment_gem_end - undo figment_gem_publish(), and what was done since
 * @bo: the buffer, which nobody uses any more
 */
void figment_gem_end(struct figment_bo *bo)
{
	struct drm_gem_object *obj = &bo->base.base;
	struct figment_device *fdev = to_figment_device(obj->dev);

	mutex_lock(&fdev->lock);
	list_del(&bo->link);
	mutex_unlock(&fdev->lock);

	if (!iosys_map_is_null(&bo->map))
		figment_gem_vunmap(obj, &bo->map);
	figment_gem_uncharge(fdev, bo->charged);
	mutex_destroy(&bo->vmap_lock);
}

static struct figment_holder *figment_gem_holder(struct figment_bo *bo,
						 struct figment_client *client)
{
	struct figment_holder *holder;

	list_for_each_entry(holder, &bo->holders, link)
		if (holder->client == client)
			return holder;
	return NULL;
}

static struct figment_holder *figment_gem_add_holder(struct figment_bo *bo,
						     struct figment_client *client)
{
	struct figment_holder *holder = &bo->holder;

	if (holder->client)
		holder = kzalloc(sizeof(*holder), GFP_KERNEL_ACCOUNT);
	if (!holder)
		return NULL;
	holder->client = client;
	list_add_tail(&holder->link, &bo->holders);
	client->num_bos++;
	client->bo_bytes += bo->base.base.size;
	return holder;
}

static void figment_gem_del_holder(struct figment_bo *bo, struct figment_holder *holder)
{
	holder->client->num_bos--;
	holder->client->bo_bytes -= bo->base.base.size;
	list_del(&holder->link);
	if (holder == &bo->holder)
		holder->client = NULL;
	else
		kfree(holder);
}

/* A client gets a handle: kept book of so that debugfs can say who holds what. */
int figment_gem_open(struct drm_gem_object *obj, struct drm_file *file)
{
	struct figment_device *fdev = to_figment_device(obj->dev);
	struct figment_client *client = file->driver_priv;
	struct figment_bo *bo = to_figment_bo(obj);
	struct figment_holder *holder;

	mutex_lock(&fdev->lock);
	holder = figment_gem_holder(bo, client) ?: figment_gem_add_holder(bo, client);
	if (holder)
		holder->handles++;
	mutex_unlock(&fdev->lock);
	return holder ? 0 : -ENOMEM;
}

void figment_gem_close(struct drm_gem_object *obj, struct drm_file *file)
{
	struct figment_device *fdev = to_figment_device(obj->dev);
	struct figment_bo *bo = to_figment_bo(obj);
	struct figment_holder *holder;

	mutex_lock(&fdev->lock);
	holder = figment_gem_holder(bo, file->driver_priv);
	if (!--holder->handles)
		figment_gem_del_holder(bo, holder);
	mutex_unlock(&fdev->lock);
}

/* Whether it takes memory yet; under spinlocks, and so as of a moment ago. */
enum drm_gem_object_status figment_gem_status(struct drm_gem_object *obj)
{
	struct figment_bo *bo = to_figment_bo(obj);

	return obj->import_attach || bo->num_user_pages || READ_ONCE(bo->base.pages) ?
	       DRM_GEM_OBJECT_RESIDENT : 0;
}

void figment_gem_free(struct drm_gem_object *obj)
{
	struct figment_bo *bo = to_figment_bo(obj);

	figment_gem_end(bo);
	drm_gem_shmem_free(&bo->base);
}

static struct dma_buf *figment_gem_export(struct drm_gem_object *obj, int flags)
{
	struct dma_buf *buf = drm_gem_prime_export(obj, flags);

	if (!IS_ERR(buf))
		WRITE_ONCE(to_figment_bo(obj)->dmabuf, file_inode(buf->file)->i_ino);
	return buf;
}

static const struct drm_gem_object_funcs figment_gem_funcs = {
	.free = figment_gem_free,
	.open = figment_gem_open,
	.close = figment_gem_close,
	.export = figment_gem_export,
	FIGMENT_GEM_STATUS(figment_gem_status)
	.print_info = drm_gem_shmem_object_print_info,
	.pin = drm_gem_shmem_object_pin,
	.unpin = drm_gem_shmem_object_unpin,
	.get_sg_table = drm_gem_shmem_object_get_sg_table,
	.vmap = drm_gem_shmem_object_vmap,
	.vunmap = drm_gem_shmem_object_vunmap,
	.mmap = drm_gem_shmem_object_mmap,
	.vm_ops = &drm_gem_shmem_vm_ops,
};

struct drm_gem_object *figment_gem_create_object(struct drm_device *drm, size_t size)
{
	struct figment_bo *bo = kzalloc(sizeof(*bo), GFP_KERNEL_ACCOUNT);

	if (!bo)
		return ERR_PTR(-ENOMEM);
	/* The helpers' error paths only kfree() this: there is nothing to undo. */
	mutex_init(&bo->vmap_lock);
	INIT_LIST_HEAD(&bo->holders);
	bo->base.base.funcs = &figment_gem_funcs;
	return &bo->base.base;
}

static struct drm_gem_object *figment_gem_create(struct figment_device *fdev, u64 size)
{
	struct drm_gem_shmem_object *shmem;
	int ret;

	if (!size || size > FIGMENT_MAX_BO_SIZE)
		return ERR_PTR(-EINVAL);
	size = PAGE_ALIGN(size);
	ret = figment_gem_charge(fdev, size);
	if (ret)
		return ERR_PTR(ret);
	shmem = drm_gem_shmem_create(&fdev->drm, size);
	if (IS_ERR(shmem)) {
		figment_gem_uncharge(fdev, size);
		return ERR_CAST(shmem);
	}
	to_figment_bo(&shmem->base)->charged = size;
	figment_gem_publish(&shmem->base);
	return &shmem->base;
}

static int figment_gem_create_with_handle(struct drm_file *file, struct figment_device *fdev,
					  u64 *size, u32 *handle)
{
	struct drm_gem_object *obj = figment_gem_create(fdev, *size);
	int ret;

	if (IS_ERR(obj))
		return PTR_ERR(obj);
	*size = obj->size;
	ret = drm_gem_handle_create(file, obj, handle);
	drm_gem_object_put(obj);
	return ret;
}

/* What generic clients ask of the primary node: a linear picture. */
int figment_gem_dumb_create(struct drm_file *file, struct drm_device *drm,
			    struct drm_mode_create_dumb *args)
{
	u64 pitch = ALIGN(DIV_ROUND_UP_ULL((u64)args->width * args->bpp, 8), 64);

	if (pitch > U32_MAX)
		return -EINVAL;
	args->pitch = pitch;
	args->size = pitch * args->height;
	return figment_gem_create_with_handle(file, to_figment_device(drm), &args->size,
					      &args->handle);
}

/**
 * figment_gem_vmap_bo - have a buffer mapped by the kernel, if it is not yet
 * @bo: the buffer, whose reservation lock the caller does not hold
 *
 * Return: 0, -EOPNOTSUPP if the CPU cannot reach it as memory, or what the
 * exporter said.
 */
int figment_gem_vmap_bo(struct figment_bo *bo)
{
	struct iosys_map map;
	int ret = 0;

	mutex_lock(&bo->vmap_lock);
	if (iosys_map_is_null(&bo->map)) {
		ret = figment_gem_vmap(&bo->base.base, &map);
		if (!ret)
			bo->map = map;
	}
	mutex_unlock(&bo->vmap_lock);
	return ret;
}

int figment_ioctl_gem_create(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_figment_gem_create *args = data;

	if (args->flags)
		return -EINVAL;
	return figment_gem_create_with_handle(file, to_figment_device(drm), &args->size,
					      &args->handle);
}

int figment_ioctl_gem_info(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_figment_gem_info *args = data;
	struct drm_gem_object *obj;
	int ret;

	obj = drm_gem_object_lookup(file, args->handle);
	if (!obj)
		return -ENOENT;
	args->flags = 0;
	args->size = obj->size;
	args->mmap_offset = 0;
	if (obj->import_attach)
		args->flags |= DRM_FIGMENT_GEM_IMPORTED;
	if (to_figment_bo(obj)->num_user_pages) {
		args->flags |= DRM_FIGMENT_GEM_USER;
		ret = 0;
	} else {
		ret = drm_gem_create_mmap_offset(obj);
		if (!ret)
			args->mmap_offset = drm_vma_node_offset_addr(&obj->vma_node);
	}
	drm_gem_object_put(obj);
	return ret;
}

int figment_ioctl_gem_label(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct figment_device *fdev = to_figment_device(drm);
	struct drm_figment_gem_label *args = data;
	struct drm_gem_object *obj;
	size_t length = strnlen(args->label, sizeof(args->label));
	size_t i;

	if (args->flags || length == sizeof(args->label))
		return -EINVAL;
	/* It is printed, among others, where a line is a record. */
	for (i = 0; i < length; i++)
		if (!isprint(args->label[i]) || !isascii(args->label[i]))
			return -EINVAL;

	obj = drm_gem_object_lookup(file, args->handle);
	if (!obj)
		return -ENOENT;
	mutex_lock(&fdev->lock);
	strscpy_pad(to_figment_bo(obj)->label, args->label, sizeof(args->label));
	mutex_unlock(&fdev->lock);
	drm_gem_object_put(obj);
	return 0;
}

int figment_ioctl_gem_metadata(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct figment_device *fdev = to_figment_device(drm);
	struct drm_figment_gem_metadata *args = data;
	struct drm_gem_object *obj;
	struct figment_bo *bo;
	int ret = 0;

	if (args->flags & ~DRM_FIGMENT_METADATA_SET)
		return -EINVAL;
	obj = drm_gem_object_lookup(file, args->handle);
	if (!obj)
		return -ENOENT;
	bo = to_figment_bo(obj);
	mutex_lock(&fdev->lock);
	if (!(args->flags & DRM_FIGMENT_METADATA_SET)) {
		memcpy(args->data, bo->metadata, sizeof(args->data));
	} else if (obj->import_attach) {
		ret = -EPERM;
	} else if (bo->has_metadata) {
		ret = -EBUSY;
	} else {
		memcpy(bo->metadata, args->data, sizeof(args->data));
		bo->has_metadata = true;
	}
	mutex_unlock(&fdev->lock);
	drm_gem_object_put(obj);
	return ret;
}

/**
 * figment_gem_show - print a client's labelled buffers, for fdinfo
 * @p: where to
 * @file: the client's open file
 */
void figment_gem_show(struct drm_printer *p, struct drm_file *file)
{
	struct drm_gem_object *obj;
	int handle;

	spin_lock(&file->table_lock);
	idr_for_each_entry(&file->object_idr, obj, handle) {
		const struct figment_bo *bo = to_figment_bo(obj);

		/* A label being changed may be seen half, but it ends in the array. */
		if (bo->label[0])
			drm_printf(p, "figment-buffer-%d:\t%zu KiB %.*s\n", handle,
				   obj->size >> 10, (int)sizeof(bo->label) - 1, bo->label);
	}
	spin_unlock(&file->table_lock);
}

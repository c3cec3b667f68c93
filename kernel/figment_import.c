// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: foreign dma-bufs
 *
 * One is imported without being mapped for DMA, which a device without DMA has no
 * use for. The kernel and programs map it as its exporter does, and the attachment
 * says who that is: the GEM object's own pointer to the dma-buf goes with the last
 * handle, which another thread may close at any time.
 *
 * Not all of them are memory that the CPU can reach. The shmem helpers warn of
 * those in some kernels, as though that were the driver's mistake; here it is an
 * answer.
 */
#include <linux/dma-buf.h>
#include <linux/fs.h>

#include <drm/drm_prime.h>

#include "figment_compat.h"
#include "figment_drv.h"

static int figment_import_vmap(struct drm_gem_object *obj, struct iosys_map *map)
{
	struct dma_buf *buf = obj->import_attach->dmabuf;
	int ret;

	if (!buf->ops->vmap)
		return -EOPNOTSUPP;
	ret = dma_buf_vmap(buf, map);
	if (!ret && map->is_iomem) {
		dma_buf_vunmap(buf, map);
		ret = -EOPNOTSUPP;
	}
	return ret;
}

static void figment_import_vunmap(struct drm_gem_object *obj, struct iosys_map *map)
{
	dma_buf_vunmap(obj->import_attach->dmabuf, map);
}

static int figment_import_mmap(struct drm_gem_object *obj, struct vm_area_struct *vma)
{
	int ret;

	/* What is set is the exporter's, whose dma-buf keeps its buffer. */
	vma->vm_private_data = NULL;
	/* Of those that map for it DRM wants this, and not all exporters think of it. */
	figment_vma_dont_expand(vma);
	ret = dma_buf_mmap(obj->import_attach->dmabuf, vma, 0);
	if (!ret)
		drm_gem_object_put(obj);
	return ret;
}

static const struct drm_gem_object_funcs figment_import_funcs = {
	.free = figment_gem_free,
	.open = figment_gem_open,
	.close = figment_gem_close,
	FIGMENT_GEM_STATUS(figment_gem_status)
	.vmap = figment_import_vmap,
	.vunmap = figment_import_vunmap,
	.mmap = figment_import_mmap,
};

/**
 * figment_import - take a dma-buf in
 * @drm: the device
 * @buf: one of its own, which is the buffer it was made of, or any other
 */
struct drm_gem_object *figment_import(struct drm_device *drm, struct dma_buf *buf)
{
	struct dma_buf_attachment *attach;
	struct drm_gem_object *obj;

	/*
	 * The helper recognises this device's buffers. With others it gives
	 * -EINVAL, as figment has no gem_prime_import_sg_table.
	 */
	obj = drm_gem_prime_import(drm, buf);
	if (obj != ERR_PTR(-EINVAL))
		return obj;

	attach = dma_buf_attach(buf, drm->dev);
	if (IS_ERR(attach))
		return ERR_CAST(attach);
	get_dma_buf(buf);
	obj = drm_gem_shmem_prime_import_sg_table(drm, attach, NULL);
	if (IS_ERR(obj)) {
		dma_buf_detach(buf, attach);
		dma_buf_put(buf);
		return obj;
	}
	obj->funcs = &figment_import_funcs;
	obj->import_attach = attach;
	obj->resv = buf->resv;
	to_figment_bo(obj)->dmabuf = file_inode(buf->file)->i_ino;
	figment_gem_publish(obj);
	return obj;
}

// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: KUnit: foreign dma-bufs that the CPU can and cannot reach
 *
 * The exporters are made here, since those that a virtual machine has are all
 * memory.
 */
#include <kunit/test.h>

#include "../figment_import.c"

static u8 memory[64];
static int unmapped;

static struct sg_table *exporter_map(struct dma_buf_attachment *attach,
				     enum dma_data_direction dir)
{
	return ERR_PTR(-ENXIO);
}

static void exporter_unmap(struct dma_buf_attachment *attach, struct sg_table *table,
			   enum dma_data_direction dir)
{
}

static void exporter_release(struct dma_buf *buf)
{
}

static int memory_vmap(struct dma_buf *buf, struct iosys_map *map)
{
	iosys_map_set_vaddr(map, memory);
	return 0;
}

static int device_vmap(struct dma_buf *buf, struct iosys_map *map)
{
	iosys_map_set_vaddr_iomem(map, (void __force __iomem *)memory);
	return 0;
}

static void exporter_vunmap(struct dma_buf *buf, struct iosys_map *map)
{
	unmapped++;
}

#define EXPORTER(fn) { \
	.map_dma_buf = exporter_map, .unmap_dma_buf = exporter_unmap, \
	.release = exporter_release, .vmap = (fn), .vunmap = exporter_vunmap \
}

static const struct dma_buf_ops memory_ops = EXPORTER(memory_vmap);
static const struct dma_buf_ops device_ops = EXPORTER(device_vmap);
static const struct dma_buf_ops secret_ops = EXPORTER(NULL);

static struct drm_gem_object *imported(struct kunit *test, const struct dma_buf_ops *ops)
{
	struct drm_gem_object *obj = kunit_kzalloc(test, sizeof(*obj), GFP_KERNEL);
	DEFINE_DMA_BUF_EXPORT_INFO(info);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, obj);
	obj->import_attach = kunit_kzalloc(test, sizeof(*obj->import_attach), GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, obj->import_attach);
	info.ops = ops;
	info.size = PAGE_SIZE;
	info.priv = memory;
	obj->import_attach->dmabuf = dma_buf_export(&info);
	KUNIT_ASSERT_FALSE(test, IS_ERR(obj->import_attach->dmabuf));
	obj->resv = obj->import_attach->dmabuf->resv;
	unmapped = 0;
	return obj;
}

static void import_maps_memory(struct kunit *test)
{
	struct drm_gem_object *obj = imported(test, &memory_ops);
	struct iosys_map map;

	dma_resv_lock(obj->resv, NULL);
	KUNIT_EXPECT_EQ(test, 0, figment_import_vmap(obj, &map));
	KUNIT_EXPECT_PTR_EQ(test, (void *)memory, map.vaddr);
	KUNIT_EXPECT_EQ(test, 0, unmapped);
	figment_import_vunmap(obj, &map);
	KUNIT_EXPECT_EQ(test, 1, unmapped);
	dma_resv_unlock(obj->resv);
	dma_buf_put(obj->import_attach->dmabuf);
}

static void import_refuses_a_devices_memory(struct kunit *test)
{
	struct drm_gem_object *obj = imported(test, &device_ops);
	struct iosys_map map;

	dma_resv_lock(obj->resv, NULL);
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, figment_import_vmap(obj, &map));
	/* And does not keep it mapped. */
	KUNIT_EXPECT_EQ(test, 1, unmapped);
	dma_resv_unlock(obj->resv);
	dma_buf_put(obj->import_attach->dmabuf);
}

static void import_refuses_what_is_not_mapped(struct kunit *test)
{
	struct drm_gem_object *obj = imported(test, &secret_ops);
	struct iosys_map map;

	dma_resv_lock(obj->resv, NULL);
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, figment_import_vmap(obj, &map));
	KUNIT_EXPECT_EQ(test, 0, unmapped);
	dma_resv_unlock(obj->resv);
	dma_buf_put(obj->import_attach->dmabuf);
}

static struct kunit_case import_suite_cases[] = {
	KUNIT_CASE(import_maps_memory),
	KUNIT_CASE(import_refuses_a_devices_memory),
	KUNIT_CASE(import_refuses_what_is_not_mapped),
	{ }
};

static struct kunit_suite import_suite = {
	.name = "figment_import",
	.test_cases = import_suite_cases,
};

kunit_test_suite(import_suite);

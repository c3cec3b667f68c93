// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: buffers made of a program's own memory
 *
 * The pages are pinned, for as long as the buffer lives, and count against the
 * program's RLIMIT_MEMLOCK, as pinned memory (VmPin): what is locked is counted under
 * mmap_lock, which the program can hold for as long as it likes, and a buffer's end
 * must not wait for that. Pinning, and not following the address space with a
 * notifier, because the engine could not wait for pages, and because a program
 * that imports its memory expects the two to stay the same.
 *
 * A file's pages are not taken: whoever serves the file may keep one locked for ever,
 * and unpinning them wants that lock. Memory that is only called a file (a memfd's,
 * shared memory) is.
 *
 * Such a buffer cannot be exported or mapped again: others would then have a
 * say in how long somebody's memory stays pinned.
 */
#include <linux/capability.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include <drm/drm_gem.h>

#include "figment_compat.h"
#include "figment_drv.h"

#define FIGMENT_MAX_USERPTR_SIZE	BIT_ULL(36)

static int figment_userptr_charge(struct mm_struct *mm, unsigned long pages)
{
	u64 limit = rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT;

	if (atomic64_add_return(pages, &mm->pinned_vm) <= limit || capable(CAP_IPC_LOCK))
		return 0;
	atomic64_sub(pages, &mm->pinned_vm);
	return -ENOMEM;
}

static void figment_userptr_unpin(struct figment_bo *bo)
{
	unpin_user_pages_dirty_lock(bo->user_pages, bo->num_user_pages, true);
	atomic64_sub(bo->num_user_pages, &bo->user_mm->pinned_vm);
	mmdrop(bo->user_mm);
	kvfree(bo->user_pages);
}

/* Newer kernels know such mappings beforehand, and answer likewise. */
static bool figment_userptr_is_file(struct page *page)
{
	struct folio *folio = page_folio(page);

	return !folio_test_anon(folio) && !folio_test_swapbacked(folio) &&
	       !folio_test_hugetlb(folio) && folio_mapping(folio);
}

static bool figment_userptr_has_file(struct page **pages, unsigned long count)
{
	unsigned long i;

	for (i = 0; i < count; i++) {
		if (figment_userptr_is_file(pages[i]))
			return true;
	}
	return false;
}

static int figment_userptr_pin(struct figment_bo *bo, u64 addr, unsigned long pages)
{
	unsigned long done = 0;
	int ret;

	/* First, so that nobody gets a list of more pages than they may pin. */
	ret = figment_userptr_charge(current->mm, pages);
	if (ret)
		return ret;
	bo->user_pages = kvcalloc(pages, sizeof(*bo->user_pages), GFP_KERNEL_ACCOUNT);
	if (!bo->user_pages) {
		ret = -ENOMEM;
		goto err_account;
	}

	while (done < pages) {
		int batch = min_t(unsigned long, pages - done, SZ_64K);

		ret = pin_user_pages_fast(addr + (done << PAGE_SHIFT), batch,
					  FOLL_WRITE | FOLL_LONGTERM, bo->user_pages + done);
		if (ret <= 0)
			goto err_unpin;
		done += ret;
		if (figment_userptr_has_file(bo->user_pages + done - ret, ret)) {
			ret = -EFAULT;
			goto err_unpin;
		}
		if (fatal_signal_pending(current)) {
			ret = -EINTR;
			goto err_unpin;
		}
		cond_resched();
	}
	mmgrab(current->mm);
	bo->user_mm = current->mm;
	bo->num_user_pages = pages;
	return 0;

err_unpin:
	unpin_user_pages(bo->user_pages, done);
	kvfree(bo->user_pages);
	ret = ret ?: -EFAULT;
err_account:
	atomic64_sub(pages, &current->mm->pinned_vm);
	return ret;
}

static void figment_userptr_free(struct drm_gem_object *obj)
{
	struct figment_bo *bo = to_figment_bo(obj);

	figment_gem_end(bo);
	figment_userptr_unpin(bo);
	drm_gem_object_release(obj);
	kfree(bo);
}

/* The client that made it may give it a name, which is no way to export it either. */
static int figment_userptr_open(struct drm_gem_object *obj, struct drm_file *file)
{
	struct figment_client *client = file->driver_priv;

	return client->id == to_figment_bo(obj)->user_client ? figment_gem_open(obj, file) : -EPERM;
}

static struct dma_buf *figment_userptr_export(struct drm_gem_object *obj, int flags)
{
	return ERR_PTR(-EPERM);
}

static int figment_userptr_vmap(struct drm_gem_object *obj, struct iosys_map *map)
{
	struct figment_bo *bo = to_figment_bo(obj);
	void *addr = vmap(bo->user_pages, bo->num_user_pages, VM_MAP, PAGE_KERNEL);

	if (!addr)
		return -ENOMEM;
	iosys_map_set_vaddr(map, addr);
	return 0;
}

static void figment_userptr_vunmap(struct drm_gem_object *obj, struct iosys_map *map)
{
	vunmap(map->vaddr);
}

static const struct drm_gem_object_funcs figment_userptr_funcs = {
	.free = figment_userptr_free,
	.open = figment_userptr_open,
	.close = figment_gem_close,
	FIGMENT_GEM_STATUS(figment_gem_status)
	.export = figment_userptr_export,
	.vmap = figment_userptr_vmap,
	.vunmap = figment_userptr_vunmap,
};

int figment_ioctl_gem_userptr(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct figment_client *client = file->driver_priv;
	struct drm_figment_gem_userptr *args = data;
	struct drm_gem_object *obj;
	struct figment_bo *bo;
	u64 end;
	int ret;

	if (args->flags || !args->size || !PAGE_ALIGNED(args->addr | args->size))
		return -EINVAL;
	if (args->size > FIGMENT_MAX_USERPTR_SIZE ||
	    check_add_overflow(args->addr, args->size, &end) || end > TASK_SIZE_MAX)
		return -EINVAL;

	obj = figment_gem_create_object(drm, args->size);
	if (IS_ERR(obj))
		return PTR_ERR(obj);
	bo = to_figment_bo(obj);
	bo->user_client = client->id;
	ret = figment_userptr_pin(bo, args->addr, args->size >> PAGE_SHIFT);
	if (ret) {
		kfree(bo);
		return ret;
	}
	obj->funcs = &figment_userptr_funcs;
	drm_gem_private_object_init(drm, obj, args->size);
	figment_gem_publish(obj);

	ret = drm_gem_handle_create(file, obj, &args->handle);
	drm_gem_object_put(obj);
	return ret;
}

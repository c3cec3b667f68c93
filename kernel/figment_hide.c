// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: hidden capabilities
 *
 * hide= takes away what a device could do, so that what clients fall back to can
 * be tested. Each is hidden as a driver without it would look: DRM_CAP_* says no,
 * and the ioctls fail as they do there.
 *
 * The DRM core tells of timelines by a feature flag that each device has a copy
 * of. PRIME it takes for granted since 6.6, so that capability's answer is
 * changed on its way to userspace.
 */
#include <linux/compat.h>
#include <linux/fs.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include <drm/drm.h>
#include <drm/drm_ioctl.h>
#include <drm/drm_prime.h>

#include "figment_drv.h"

static const struct {
	const char *name;
	u32 flag;
} figment_hide_words[] = {
	{ "timeline", DRM_FIGMENT_HIDE_TIMELINE },
	{ "prime-import", DRM_FIGMENT_HIDE_PRIME_IMPORT },
	{ "prime-export", DRM_FIGMENT_HIDE_PRIME_EXPORT },
	{ "modifiers", DRM_FIGMENT_HIDE_MODIFIERS },
};

/**
 * figment_hide_parse - read a list of words
 * @text: words with commas between them; may be empty or NULL
 * @hide: DRM_FIGMENT_HIDE_*
 *
 * Return: 0, or -EINVAL having said in the log what is wrong.
 */
int figment_hide_parse(const char *text, u32 *hide)
{
	unsigned int i;

	*hide = 0;
	while (text && *text) {
		size_t length = strcspn(text, ",");

		for (i = 0; i < ARRAY_SIZE(figment_hide_words); i++) {
			if (strlen(figment_hide_words[i].name) == length &&
			    !strncmp(text, figment_hide_words[i].name, length))
				break;
		}
		if (i == ARRAY_SIZE(figment_hide_words)) {
			pr_err("figment: hide=%.*s is refused: there are timeline, prime-import, prime-export, modifiers\n",
			       (int)length, text);
			return -EINVAL;
		}
		*hide |= figment_hide_words[i].flag;
		text += length;
		text += *text == ',';
	}
	return 0;
}

/* Before the device is registered. */
void figment_hide_apply(struct figment_device *fdev)
{
	if (fdev->hide & DRM_FIGMENT_HIDE_TIMELINE)
		fdev->drm.driver_features &= ~DRIVER_SYNCOBJ_TIMELINE;
}

int figment_hide_handle_to_fd(struct drm_device *drm, struct drm_file *file, u32 handle,
			      u32 flags, int *fd)
{
	if (to_figment_device(drm)->hide & DRM_FIGMENT_HIDE_PRIME_EXPORT)
		return -ENOSYS;
	return drm_gem_prime_handle_to_fd(drm, file, handle, flags, fd);
}

int figment_hide_fd_to_handle(struct drm_device *drm, struct drm_file *file, int fd,
			      u32 *handle)
{
	if (to_figment_device(drm)->hide & DRM_FIGMENT_HIDE_PRIME_IMPORT)
		return -ENOSYS;
	return drm_gem_prime_fd_to_handle(drm, file, fd, handle);
}

static long figment_hide_prime_cap(struct file *filp, unsigned int cmd, void __user *arg,
				   long ret)
{
	struct drm_file *file = filp->private_data;
	u32 hide = to_figment_device(file->minor->dev)->hide;
	struct drm_get_cap __user *user = arg;
	struct drm_get_cap cap;

	if (ret || cmd != DRM_IOCTL_GET_CAP ||
	    !(hide & (DRM_FIGMENT_HIDE_PRIME_IMPORT | DRM_FIGMENT_HIDE_PRIME_EXPORT)))
		return ret;
	if (copy_from_user(&cap, user, sizeof(cap)))
		return -EFAULT;
	if (cap.capability != DRM_CAP_PRIME)
		return 0;
	if (hide & DRM_FIGMENT_HIDE_PRIME_IMPORT)
		cap.value &= ~DRM_PRIME_CAP_IMPORT;
	if (hide & DRM_FIGMENT_HIDE_PRIME_EXPORT)
		cap.value &= ~DRM_PRIME_CAP_EXPORT;
	return put_user(cap.value, &user->value);
}

static long figment_hide_ioctl(struct file *filp, unsigned int cmd, unsigned long arg)
{
	return figment_hide_prime_cap(filp, cmd, (void __user *)arg, drm_ioctl(filp, cmd, arg));
}

#ifdef CONFIG_COMPAT
static long figment_hide_compat_ioctl(struct file *filp, unsigned int cmd, unsigned long arg)
{
	return figment_hide_prime_cap(filp, cmd, compat_ptr(arg),
				      drm_compat_ioctl(filp, cmd, arg));
}
#endif

/**
 * figment_hide_init - put this between the DRM core's answers and userspace
 * @fops: the devices' file operations, which nobody uses yet
 */
void __init figment_hide_init(struct file_operations *fops)
{
	fops->unlocked_ioctl = figment_hide_ioctl;
#ifdef CONFIG_COMPAT
	fops->compat_ioctl = figment_hide_compat_ioctl;
#endif
}

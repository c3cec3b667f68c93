/* SPDX-License-Identifier: MIT */
#ifndef FIGMENT_PRIVATE_H
#define FIGMENT_PRIVATE_H

#include <errno.h>
#include <xf86drm.h>

#include "figment.h"

/* drmIoctl() restarts after EINTR and EAGAIN; this turns errno into a result. */
static inline int figment_ioctl(int fd, unsigned long request, void *arg)
{
	return drmIoctl(fd, request, arg) ? -errno : 0;
}

/* libdrm's calls return 0, -1 with errno, or a negative errno. */
static inline int figment_result(int ret)
{
	return ret == -1 ? -errno : ret;
}

#endif

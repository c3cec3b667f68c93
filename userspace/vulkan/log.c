// SPDX-License-Identifier: MIT
/**
 * DOC: what the shim says, and how errors become results
 *
 * A driver has no business on stderr but for what the person at the keyboard can
 * mend: that a package or a module is missing. Such a line is said once by its
 * caller and goes out in one write, so that it stays one line.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "shim.h"

void shim_say(const char *fmt, ...)
{
	char line[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	fprintf(stderr, "figment: %s\n", line);
}

VkResult shim_result(int err)
{
	switch (-err) {
	case 0:
		return VK_SUCCESS;
	case ETIME:
		return VK_TIMEOUT;
	case ENOMEM:
	case EAGAIN:	/* of a thread */
		return VK_ERROR_OUT_OF_HOST_MEMORY;
	case ENOSPC:
	case EBUSY:
	case E2BIG:
		return VK_ERROR_OUT_OF_DEVICE_MEMORY;
	case EMFILE:
	case ENFILE:
		return VK_ERROR_TOO_MANY_OBJECTS;
	case EACCES:
	case EPERM:
		return VK_ERROR_NOT_PERMITTED_KHR;
	case ENODEV:
	case ECANCELED:
	case EIO:
		return VK_ERROR_DEVICE_LOST;
	default:
		return VK_ERROR_UNKNOWN;
	}
}

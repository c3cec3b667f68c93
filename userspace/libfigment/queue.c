// SPDX-License-Identifier: MIT
/**
 * DOC: queues, submits and host jobs
 */
#include <unistd.h>

#include "private.h"

int figment_queue_create(int fd, uint32_t engine, uint32_t priority, uint32_t flags,
			 uint32_t *queue, int *queue_fd)
{
	struct drm_figment_queue_create args = {
		.engine = engine,
		.priority = priority,
		.flags = flags,
	};
	int ret = figment_ioctl(fd, DRM_IOCTL_FIGMENT_QUEUE_CREATE, &args);

	if (ret)
		return ret;
	*queue = args.queue;
	if (queue_fd)
		*queue_fd = args.fd;
	else if (args.fd >= 0)
		close(args.fd);
	return 0;
}

int figment_queue_destroy(int fd, uint32_t queue)
{
	struct drm_figment_queue_destroy args = { .queue = queue };

	return figment_ioctl(fd, DRM_IOCTL_FIGMENT_QUEUE_DESTROY, &args);
}

int figment_queue_query(int fd, uint32_t queue, struct drm_figment_queue_query *query)
{
	*query = (struct drm_figment_queue_query){ .queue = queue };
	return figment_ioctl(fd, DRM_IOCTL_FIGMENT_QUEUE_QUERY, query);
}

int figment_queue_fault(int fd, const struct drm_figment_queue_fault *fault)
{
	struct drm_figment_queue_fault args = *fault;

	return figment_ioctl(fd, DRM_IOCTL_FIGMENT_QUEUE_FAULT, &args);
}

int figment_submit(int fd, struct drm_figment_job *jobs, uint32_t count)
{
	struct drm_figment_submit args = { .jobs = FIGMENT_ARRAY(jobs, count) };

	return figment_ioctl(fd, DRM_IOCTL_FIGMENT_SUBMIT, &args);
}

int figment_host_read(int queue_fd, struct drm_figment_host_job *jobs, uint32_t max)
{
	ssize_t n;

	do {
		n = read(queue_fd, jobs, max * sizeof(*jobs));
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : (int)(n / (ssize_t)sizeof(*jobs));
}

int figment_host_complete(int queue_fd, uint64_t seqno, int status)
{
	struct drm_figment_host_done done = { .seqno = seqno, .status = status };
	ssize_t n;

	do {
		n = write(queue_fd, &done, sizeof(done));
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

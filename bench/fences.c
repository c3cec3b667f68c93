// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: a pending fence's life
 *
 * Make one, have it as a sync_file, see that it is pending, signal it, see that it
 * is signalled, close it. figment's is a job of a host queue, which its submitter
 * then completes; it comes as a sync_file at once. vgem's is attached to a buffer,
 * and exported from that.
 */
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>
#include <xf86drm.h>
#include <drm/vgem_drm.h>

#include "bench.h"

struct fences {
	int device;
	struct host host;
	uint32_t vgem_handle;
	int vgem_dmabuf;
};

static void expect(int sync_file, bool signalled)
{
	struct pollfd p = { .fd = sync_file, .events = POLLIN };

	must_be(must_call(poll(&p, 1, signalled ? LONG_MS : 0)) == signalled);
}

static uint64_t figment_fences(void *ctx, uint64_t n)
{
	struct fences *f = ctx;
	struct drm_figment_sync signal = { .type = DRM_FIGMENT_SYNC_FILE };
	struct drm_figment_job job = {
		.queue = f->host.queue,
		.signals = FIGMENT_ARRAY(&signal, 1),
	};
	struct drm_figment_host_job event;
	uint64_t start = now_ns();

	while (n--) {
		signal.fd = -1;
		must(figment_submit(f->device, &job, 1));
		expect(signal.fd, false);
		must_be(must(figment_host_read(f->host.fd, &event, 1)) == 1);
		must(figment_host_complete(f->host.fd, event.seqno, 0));
		expect(signal.fd, true);
		must_call(close(signal.fd));
	}
	return now_ns() - start;
}

static uint64_t vgem_fences(void *ctx, uint64_t n)
{
	struct fences *f = ctx;
	uint64_t start = now_ns();

	while (n--) {
		struct drm_vgem_fence_attach attach = {
			.handle = f->vgem_handle,
			.flags = VGEM_FENCE_WRITE,
		};
		struct drm_vgem_fence_signal signal = { 0 };
		int file;

		must_call(drmIoctl(peer_vgem(), DRM_IOCTL_VGEM_FENCE_ATTACH, &attach));
		must(figment_dmabuf_export_fence(f->vgem_dmabuf, false, &file));
		expect(file, false);
		signal.fence = attach.out_fence;
		must_call(drmIoctl(peer_vgem(), DRM_IOCTL_VGEM_FENCE_SIGNAL, &signal));
		expect(file, true);
		must_call(close(file));
	}
	return now_ns() - start;
}

void bench_fences(void)
{
	struct fences f = { .device = device_open(), .vgem_handle = peer_vgem_create(4096) };

	must(figment_queue_create(f.device, DRM_FIGMENT_ENGINE_HOST,
				  DRM_FIGMENT_PRIORITY_NORMAL, 0, &f.host.queue, &f.host.fd));
	must(drmPrimeHandleToFD(peer_vgem(), f.vgem_handle, DRM_CLOEXEC | DRM_RDWR,
				&f.vgem_dmabuf));
	bench_compare(&(struct bench_row){
		.name = "pending fence: make, export, signal, poll / vgem",
		.target = 1.0,
		.figment = figment_fences,
		.peer = vgem_fences,
		.ctx = &f,
	});
	close(f.vgem_dmabuf);
	peer_vgem_close(f.vgem_handle);
	close(f.host.fd);
	close(f.device);
}

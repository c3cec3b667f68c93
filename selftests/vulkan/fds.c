// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: what is done to an fd between export and import
 *
 * Every kind of handle, duplicated in every way, sent through a socket, its original
 * closed, imported twice: what counts is what the fd stands for.
 *
 * Catches a shim that knows its fds by their numbers; whose fds are inherited by
 * programs that are executed; that loses a payload with an fd, or its owner.
 */
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fixture.h"

#define SIZE	PAGE

/* A payload of each kind: exported while pending (or zero), then brought about. */
enum kind {
	OPAQUE_FD_MEMORY, DMA_BUF_FD_MEMORY, OPAQUE_FD_FENCE, SYNC_FD_FENCE,
	OPAQUE_FD_SEMAPHORE, SYNC_FD_SEMAPHORE, OPAQUE_FD_TIMELINE,
};

FIXTURE(fds) {
	struct vk vk, peer;	/* two devices */
	struct held held;
	VkSemaphore gate, sem, timeline;
	VkFence fence;
	struct vk_buffer buf;
};

FIXTURE_VARIANT(fds) {
	enum kind kind;
};

#define VARIANT(name, k) FIXTURE_VARIANT_ADD(fds, name) { .kind = k }
VARIANT(opaque_memory, OPAQUE_FD_MEMORY);
VARIANT(dma_buf, DMA_BUF_FD_MEMORY);
VARIANT(opaque_fence, OPAQUE_FD_FENCE);
VARIANT(sync_fence, SYNC_FD_FENCE);
VARIANT(opaque_semaphore, OPAQUE_FD_SEMAPHORE);
VARIANT(sync_semaphore, SYNC_FD_SEMAPHORE);
VARIANT(timeline, OPAQUE_FD_TIMELINE);

FIXTURE_SETUP(fds)
{
	struct vk *vk = &self->vk;

	vk_open(vk);
	self->peer = *vk;
	vk_device(&self->peer);
	self->gate = vk_held(vk, &self->held);
	self->sem = vk_semaphore(vk, OPAQUE_SEM | SYNC_SEM);
	self->timeline = vk_timeline(vk, 0, OPAQUE_SEM);
	self->fence = vk_fence(vk, 0, OPAQUE_FENCE | SYNC_FENCE);
	vk_buffer(vk, &self->buf, SIZE, OPAQUE_MEMORY | DMA_BUF_MEMORY);
	words_set(self->buf.map, SIZE, 0);
	/* What there is waits until it is let go. */
	VK(vk_submit(vk, vk_binary(self->gate), vk_fill(vk, self->buf.buffer, SIZE, 0x5151),
		     vk_binary(self->sem), self->fence));
	VK(vk_submit(vk, VK_NOTHING, NULL, vk_point(self->timeline, 1), VK_NULL_HANDLE));
}

FIXTURE_TEARDOWN(fds)
{
	struct vk *vk = &self->vk;

	if (_metadata->exit_code)
		return;
	VK(vkDeviceWaitIdle(vk->device));
	vk_device_close(&self->peer);
	vkDestroySemaphore(vk->device, self->gate, NULL);
	vkDestroySemaphore(vk->device, self->sem, NULL);
	vkDestroySemaphore(vk->device, self->timeline, NULL);
	vkDestroyFence(vk->device, self->fence, NULL);
	vk_buffer_free(vk, &self->buf);
	held_close(&self->held);
	EXPECT_EQ(0, vk_close(vk));
}

static int export(FIXTURE_DATA(fds) *self, enum kind kind)
{
	struct vk *vk = &self->vk;

	switch (kind) {
	case OPAQUE_FD_MEMORY:
		return vk_memory_fd(vk, self->buf.memory, OPAQUE_MEMORY);
	case DMA_BUF_FD_MEMORY:
		return vk_memory_fd(vk, self->buf.memory, DMA_BUF_MEMORY);
	case OPAQUE_FD_FENCE:
		return vk_fence_fd(vk, self->fence, OPAQUE_FENCE);
	case SYNC_FD_FENCE:
		return vk_fence_fd(vk, self->fence, SYNC_FENCE);
	case OPAQUE_FD_SEMAPHORE:
		return vk_semaphore_fd(vk, self->sem, OPAQUE_SEM);
	case SYNC_FD_SEMAPHORE:
		return vk_semaphore_fd(vk, self->sem, SYNC_SEM);
	default:
		return vk_semaphore_fd(vk, self->timeline, OPAQUE_SEM);
	}
}

struct import {
	struct vk_buffer buf;
	VkFence fence;
	VkSemaphore sem;
};

/* Have the other device import it; what comes of it is seen by done(). */
static void import(struct vk *vk, enum kind kind, int fd, struct import *in)
{
	*in = (struct import){ 0 };
	switch (kind) {
	case OPAQUE_FD_MEMORY:
	case DMA_BUF_FD_MEMORY:
		VK(vk_buffer_import(vk, &in->buf, SIZE, kind == OPAQUE_FD_MEMORY ?
				    OPAQUE_MEMORY : DMA_BUF_MEMORY, fd));
		break;
	case OPAQUE_FD_FENCE:
	case SYNC_FD_FENCE:
		in->fence = vk_fence(vk, 0, 0);
		VK(vk_fence_import(vk, in->fence, kind == OPAQUE_FD_FENCE ? OPAQUE_FENCE :
				   SYNC_FENCE, VK_FENCE_IMPORT_TEMPORARY_BIT, fd));
		break;
	case OPAQUE_FD_SEMAPHORE:
	case SYNC_FD_SEMAPHORE:
		in->sem = vk_semaphore(vk, 0);
		in->fence = vk_fence(vk, 0, 0);
		VK(vk_semaphore_import(vk, in->sem, kind == OPAQUE_FD_SEMAPHORE ? OPAQUE_SEM :
				       SYNC_SEM, VK_SEMAPHORE_IMPORT_TEMPORARY_BIT, fd));
		VK(vk_submit(vk, vk_binary(in->sem), NULL, VK_NOTHING, in->fence));
		break;
	default:
		in->sem = vk_timeline(vk, 0, 0);
		VK(vk_semaphore_import(vk, in->sem, OPAQUE_SEM, 0, fd));
	}
}

static bool done(struct vk *vk, const struct import *in, uint64_t timeout)
{
	if (in->buf.memory)
		return words_are(in->buf.map, SIZE, 0x5151);
	if (in->fence)
		return vkWaitForFences(vk->device, 1, &in->fence, VK_TRUE, timeout) == VK_SUCCESS;
	return vk_wait(vk, in->sem, 1, timeout) == VK_SUCCESS;
}

static void let_go(FIXTURE_DATA(fds) *self)
{
	held_release(&self->held, 0);
	VK(vkQueueWaitIdle(self->vk.queue));
}

static void destroy(struct vk *vk, struct import *in)
{
	if (in->buf.memory)
		vk_buffer_free(vk, &in->buf);
	VK(vkQueueWaitIdle(vk->queue));
	vkDestroyFence(vk->device, in->fence, NULL);
	vkDestroySemaphore(vk->device, in->sem, NULL);
}

static int through_a_socket(int fd)
{
	int pair[2], received;

	must_call(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair));
	send_fd(pair[0], fd);
	close(fd);
	received = recv_fd(pair[1]);
	close(pair[0]);
	close(pair[1]);
	return received;
}

/* Another number for the same, the old one closed. */
static int moved(int fd, int way)
{
	int to = must_call(open("/dev/null", O_RDONLY | O_CLOEXEC)), copy;

	switch (way) {
	case 0:
		copy = must_call(dup(fd));
		close(to);
		break;
	case 1:
		copy = must_call(dup2(fd, to));
		break;
	case 2:
		copy = must_call(dup3(fd, to, O_CLOEXEC));
		break;
	case 3:
		copy = must_call(fcntl(fd, F_DUPFD_CLOEXEC, 500));
		close(to);
		break;
	default:
		close(to);
		return through_a_socket(fd);
	}
	close(fd);
	return copy;
}

TEST_F(fds, are_closed_on_exec)
{
	int fd = export(self, variant->kind);

	EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
	close(fd);
	let_go(self);
}

static void move_and_import(struct __test_metadata *_metadata, FIXTURE_DATA(fds) *self,
			    enum kind kind, int way)
{
	int before = count_fds(), fd = moved(export(self, kind), way);
	struct import in;

	import(&self->peer, kind, fd, &in);
	EXPECT_FALSE(fd_is_open(fd));
	EXPECT_EQ(before, count_fds());
	EXPECT_FALSE(done(&self->peer, &in, MOMENT_NS));
	let_go(self);
	EXPECT_TRUE(done(&self->peer, &in, LONG_NS));
	destroy(&self->peer, &in);
}

TEST_F(fds, dup)
{
	move_and_import(_metadata, self, variant->kind, 0);
}

TEST_F(fds, dup2)
{
	move_and_import(_metadata, self, variant->kind, 1);
}

TEST_F(fds, dup3)
{
	move_and_import(_metadata, self, variant->kind, 2);
}

TEST_F(fds, fcntl_dupfd)
{
	move_and_import(_metadata, self, variant->kind, 3);
}

TEST_F(fds, scm_rights)
{
	move_and_import(_metadata, self, variant->kind, 4);
}

/* Of two imports of duplicates, the one goes before, the other sees the end. */
TEST_F(fds, imported_twice)
{
	int fd = export(self, variant->kind), twin = must_call(fcntl(fd, F_DUPFD_CLOEXEC, 0));
	struct import a, b;

	import(&self->peer, variant->kind, twin, &b);
	EXPECT_FALSE(done(&self->peer, &b, MOMENT_NS));
	if (variant->kind == OPAQUE_FD_SEMAPHORE) {
		/* Its signal is for one wait: the other does not wait. */
		a = (struct import){ .sem = vk_semaphore(&self->peer, 0) };
		VK(vk_semaphore_import(&self->peer, a.sem, OPAQUE_SEM, 0, fd));
		vkDestroySemaphore(self->peer.device, a.sem, NULL);
	} else {
		import(&self->peer, variant->kind, fd, &a);
	}
	let_go(self);
	EXPECT_TRUE(done(&self->peer, &b, LONG_NS));
	if (variant->kind != OPAQUE_FD_SEMAPHORE) {
		EXPECT_TRUE(done(&self->peer, &a, LONG_NS));
		destroy(&self->peer, &a);
	}
	EXPECT_TRUE(done(&self->peer, &b, LONG_NS));
	destroy(&self->peer, &b);
}

VK_HARNESS_MAIN()

// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: binary semaphores imported from SYNC_FD
 *
 * Catches a shim that runs work before the sync_file it waits for signals, be it
 * figment's, vgem's or merged of several; that has vkQueueSubmit wait for it; that
 * does not know -1; that uses the payload twice, or never restores the one that
 * was there; that takes what is no sync_file, and the fd with it.
 */
#include <unistd.h>

#include "fixture.h"
#include "foreign.h"

#define SIZE		(4 * PAGE)
#define TEMPORARY	VK_SEMAPHORE_IMPORT_TEMPORARY_BIT

FIXTURE(import) {
	struct vk vk;
	VkFence fence;
	VkSemaphore sem;
	struct vk_buffer buf;	/* all zero */
};

FIXTURE_SETUP(import)
{
	struct vk *vk = &self->vk;

	vk_open(vk);
	self->fence = vk_fence(vk, 0, 0);
	self->sem = vk_semaphore(vk, 0);
	vk_buffer(vk, &self->buf, SIZE, 0);
	words_set(self->buf.map, SIZE, 0);
}

FIXTURE_TEARDOWN(import)
{
	struct vk *vk = &self->vk;

	if (_metadata->exit_code)
		return;
	vkDestroyFence(vk->device, self->fence, NULL);
	vkDestroySemaphore(vk->device, self->sem, NULL);
	vk_buffer_free(vk, &self->buf);
	EXPECT_EQ(0, vk_close(vk));
}

static VkResult import(FIXTURE_DATA(import) *self, int file)
{
	return vk_semaphore_import(&self->vk, self->sem, SYNC_SEM, TEMPORARY, file);
}

/* Submit a fill that waits for the semaphore. */
static VkResult fill(FIXTURE_DATA(import) *self, uint32_t word)
{
	struct vk *vk = &self->vk;

	return vk_submit(vk, vk_binary(self->sem), vk_fill(vk, self->buf.buffer, SIZE, word),
			 VK_NOTHING, self->fence);
}

static bool is_held_up(FIXTURE_DATA(import) *self)
{
	return vk_fence_pending(&self->vk, self->fence) && words_are(self->buf.map, SIZE, 0);
}

static bool is_done(FIXTURE_DATA(import) *self, uint32_t word)
{
	return vk_fence_wait(&self->vk, self->fence) == VK_SUCCESS &&
	       words_are(self->buf.map, SIZE, word) &&
	       vkResetFences(self->vk.device, 1, &self->fence) == VK_SUCCESS;
}

TEST_F(import, work_waits_for_a_foreign_fence)
{
	struct held held;

	held_make(&held);
	ASSERT_EQ(VK_SUCCESS, import(self, held.file));
	ASSERT_EQ(VK_SUCCESS, fill(self, 1));
	EXPECT_TRUE(is_held_up(self));
	held_release(&held, 0);
	EXPECT_TRUE(is_done(self, 1));
	held_close(&held);
}

TEST_F(import, work_waits_for_vgems_fence)
{
	struct foreign foreign;
	uint32_t number;
	int file;

	if (foreign_create(FOREIGN_VGEM, PAGE, &foreign))
		SKIP(return, "no vgem here");
	number = vgem_attach(&foreign, true);
	must(figment_dmabuf_export_fence(foreign.dmabuf, true, &file));
	ASSERT_EQ(VK_SUCCESS, import(self, file));
	ASSERT_EQ(VK_SUCCESS, fill(self, 2));
	EXPECT_TRUE(is_held_up(self));
	vgem_signal(&foreign, number);
	EXPECT_TRUE(is_done(self, 2));
	foreign_destroy(&foreign);
}

TEST_F(import, work_waits_for_all_of_a_merged_file)
{
	struct held a, b;
	int merged;

	held_make(&a);
	held_make(&b);
	must(figment_sync_file_merge(a.file, b.file, &merged));
	close(a.file);
	close(b.file);
	ASSERT_EQ(VK_SUCCESS, import(self, merged));
	ASSERT_EQ(VK_SUCCESS, fill(self, 3));
	held_release(&b, 0);
	EXPECT_TRUE(is_held_up(self));
	held_release(&a, 0);
	EXPECT_TRUE(is_done(self, 3));
	held_close(&a);
	held_close(&b);
}

TEST_F(import, work_waits_for_sw_syncs_fence)
{
	int timeline = sw_sync_open(), file;

	if (timeline < 0)
		SKIP(return, "no sw_sync in this kernel");
	file = sw_sync_fence(timeline, 1);
	ASSERT_EQ(VK_SUCCESS, import(self, file));
	ASSERT_EQ(VK_SUCCESS, fill(self, 21));
	EXPECT_TRUE(is_held_up(self));
	sw_sync_advance(timeline, 1);
	EXPECT_TRUE(is_done(self, 21));
	close(timeline);
}

/* Its owner is gone, which is an error, and for who waits an end like another. */
TEST_F(import, a_file_that_fails_frees_the_work)
{
	struct held held;

	held_make(&held);
	ASSERT_EQ(VK_SUCCESS, import(self, held.file));
	ASSERT_EQ(VK_SUCCESS, fill(self, 22));
	EXPECT_TRUE(is_held_up(self));
	held_release(&held, -EIO);
	EXPECT_TRUE(is_done(self, 22));
	held_close(&held);
	/* And one that has failed before it is imported. */
	held_make(&held);
	held_release(&held, -ENODATA);
	EXPECT_EQ(-ENODATA, settle(held.file));
	ASSERT_EQ(VK_SUCCESS, import(self, held.file));
	ASSERT_EQ(VK_SUCCESS, fill(self, 23));
	EXPECT_TRUE(is_done(self, 23));
	held_close(&held);
	/* Nobody's device was lost by that. */
	EXPECT_EQ(VK_SUCCESS, vkDeviceWaitIdle(self->vk.device));
}

/* A file is imported, and exported again by another's type: a chain of owners. */
TEST_F(import, goes_out_as_it_came)
{
	struct vk *vk = &self->vk;
	struct held held;
	int file;

	held_make(&held);
	ASSERT_EQ(VK_SUCCESS, import(self, held.file));
	/* The validation layer does not count a signal that was imported. */
	vk->quiet = true;
	file = vk_semaphore_fd(vk, self->sem, SYNC_SEM);
	vk->quiet = false;
	EXPECT_TRUE(stays_pending(file));
	ASSERT_EQ(VK_SUCCESS, import(self, file));
	ASSERT_EQ(VK_SUCCESS, fill(self, 24));
	EXPECT_TRUE(is_held_up(self));
	held_release(&held, 0);
	EXPECT_TRUE(is_done(self, 24));
	held_close(&held);
}

TEST_F(import, minus_one_has_signalled)
{
	ASSERT_EQ(VK_SUCCESS, import(self, -1));
	ASSERT_EQ(VK_SUCCESS, fill(self, 4));
	EXPECT_TRUE(is_done(self, 4));
}

TEST_F(import, a_file_that_has_signalled)
{
	ASSERT_EQ(VK_SUCCESS, import(self, wrong_fd(WRONG_SYNC_FILE)));
	ASSERT_EQ(VK_SUCCESS, fill(self, 5));
	EXPECT_TRUE(is_done(self, 5));
}

TEST_F(import, is_for_one_wait)
{
	struct vk *vk = &self->vk;
	struct held held;

	held_make(&held);
	ASSERT_EQ(VK_SUCCESS, import(self, -1));
	ASSERT_EQ(VK_SUCCESS, fill(self, 6));
	EXPECT_TRUE(is_done(self, 6));
	/* The permanent payload can be signalled now, and is what is waited for. */
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, VK_NOTHING, NULL, vk_binary(self->sem), 0));
	ASSERT_EQ(VK_SUCCESS, fill(self, 7));
	EXPECT_TRUE(is_done(self, 7));
	/* And it can be covered again, as often as one likes before the wait. */
	words_set(self->buf.map, SIZE, 0);
	ASSERT_EQ(VK_SUCCESS, import(self, -1));
	ASSERT_EQ(VK_SUCCESS, import(self, held.file));
	ASSERT_EQ(VK_SUCCESS, fill(self, 8));
	EXPECT_TRUE(is_held_up(self));
	held_release(&held, 0);
	EXPECT_TRUE(is_done(self, 8));
	held_close(&held);
}

/* Who else has it sees it as it is: signalled by what signals it, and by nothing else. */
TEST_F(import, leaves_the_permanent_payload_alone)
{
	struct vk *vk = &self->vk;
	VkSemaphore sem = vk_semaphore(vk, OPAQUE_SEM);
	int device = device_open();
	uint32_t permanent = syncobj_of(device, vk_semaphore_fd(vk, sem, OPAQUE_SEM));

	ASSERT_EQ(VK_SUCCESS, vk_semaphore_import(vk, sem, SYNC_SEM, TEMPORARY,
						  wrong_fd(WRONG_SYNC_FILE)));
	EXPECT_EQ(-EINVAL, syncobj_state(device, permanent, 0));
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, vk_binary(sem), NULL, VK_NOTHING, self->fence));
	EXPECT_EQ(VK_SUCCESS, vk_fence_wait(vk, self->fence));
	EXPECT_EQ(-EINVAL, syncobj_state(device, permanent, 0));
	VK(vkResetFences(vk->device, 1, &self->fence));

	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, VK_NOTHING, NULL, vk_binary(sem), 0));
	EXPECT_EQ(0, syncobj_settle(device, permanent, 0));
	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, vk_binary(sem), NULL, VK_NOTHING, self->fence));
	EXPECT_EQ(VK_SUCCESS, vk_fence_wait(vk, self->fence));
	EXPECT_NE(0, syncobj_state(device, permanent, 0));
	close(device);
	VK(vkQueueWaitIdle(vk->queue));
	vkDestroySemaphore(vk->device, sem, NULL);
}

TEST_F(import, of_its_own_export)
{
	struct vk *vk = &self->vk;
	VkSemaphore signal = vk_semaphore(vk, SYNC_SEM);
	struct held held;
	VkSemaphore wait = vk_held(vk, &held);

	ASSERT_EQ(VK_SUCCESS, vk_submit(vk, vk_binary(wait), NULL, vk_binary(signal), 0));
	ASSERT_EQ(VK_SUCCESS, import(self, vk_semaphore_fd(vk, signal, SYNC_SEM)));
	ASSERT_EQ(VK_SUCCESS, fill(self, 9));
	EXPECT_TRUE(is_held_up(self));
	held_release(&held, 0);
	EXPECT_TRUE(is_done(self, 9));
	vkDestroySemaphore(vk->device, signal, NULL);
	vkDestroySemaphore(vk->device, wait, NULL);
	held_close(&held);
}

TEST_F(import, takes_the_fd)
{
	int before = count_fds();

	ASSERT_EQ(VK_SUCCESS, import(self, wrong_fd(WRONG_SYNC_FILE)));
	ASSERT_EQ(VK_SUCCESS, import(self, wrong_fd(WRONG_SYNC_FILE)));
	ASSERT_EQ(VK_SUCCESS, fill(self, 11));
	EXPECT_TRUE(is_done(self, 11));
	ASSERT_EQ(VK_SUCCESS, vkQueueWaitIdle(self->vk.queue));
	EXPECT_EQ(before, count_fds());
}

TEST_F(import, refuses_what_is_not_a_sync_file)
{
	self->vk.quiet = true;
	for (int kind = 0; kind < WRONG_FDS; kind++) {
		int fd = wrong_fd(kind);

		if (kind == WRONG_SYNC_FILE)
			continue;
		EXPECT_EQ(VK_ERROR_INVALID_EXTERNAL_HANDLE, import(self, fd))
			TH_LOG("imported %s", wrong_name(kind));
		EXPECT_EQ(kind != WRONG_CLOSED, fd_is_open(fd))
			TH_LOG("closed %s", wrong_name(kind));
		close(fd);
	}
	EXPECT_EQ(VK_ERROR_INVALID_EXTERNAL_HANDLE, import(self, -2));
}

VK_HARNESS_MAIN()

// SPDX-License-Identifier: MIT
/**
 * DOC: the producer
 *
 *	figment-producer SOCKET DIR		renders into shared buffers
 *	figment-producer --reference DIR	renders into private memory
 *
 * Sharing, it submits each frame as soon as both peers have said when its buffer
 * will be free, which they say in the form of SYNC_FDs and before they have even
 * begun. So within a moment all frames are queued, and the kernel starts each
 * piece of work when what it needs is done. Nothing here waits for rendering
 * before the last frame is sent.
 *
 * Each frame has a command buffer, a fence and semaphores of its own: reusing
 * them would need a wait for their last use, and there must not be any.
 */
#include <drm_fourcc.h>
#include <string.h>
#include <unistd.h>

#include "common.h"
#include "picture.h"
#include "scene.h"
#include "share.h"
#include "vk.h"

#define COLOUR	VK_IMAGE_ASPECT_COLOR_BIT
#define USAGE	VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT

struct producer {
	struct vk vk;
	struct scene scene;
	struct vk_image images[BUFFERS];
	int dmabufs[BUFFERS];
	int socks[PEERS];
	struct message setup;
	VkSemaphore rendered[FRAMES];
	VkSemaphore released[FRAMES][PEERS];
	VkFence fences[FRAMES];
	unsigned int next_release[PEERS];
	int kept[FRAMES][PEERS];	/* the releases */
	unsigned int releases, releases_pending;
	unsigned int not_ready, fds_pending;
	uint64_t longest_submit;
};

static const struct vk_side rendering = {
	VK_PIPELINE_STAGE_2_COLOR_ATTACHMENT_OUTPUT_BIT,
	VK_ACCESS_2_COLOR_ATTACHMENT_WRITE_BIT,
	VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL, 0,
};

static void upload_and_warm_up(struct vk *vk, struct scene *scene)
{
	VkCommandBuffer cmd = vk_begin(vk);
	VkFence fence = vk_fence(vk);
	struct vk_image img;

	/*
	 * A frame drawn to nowhere: drivers compile shaders at their first use,
	 * and the film should show the rendering.
	 */
	vk_image(vk, &img, FRAME_FORMAT, FRAME_WIDTH, FRAME_HEIGHT, USAGE, COLOUR);
	scene_upload(scene, cmd);
	vk_barrier(cmd, img.image, COLOUR, (struct vk_side){ 0 }, rendering);
	scene_draw(scene, cmd, img.view, 0);
	vk_submit(vk, cmd, NULL, 0, 0, VK_NULL_HANDLE, fence);
	vk_wait(vk, fence);
	vkDestroyFence(vk->device, fence, NULL);
	vk_image_destroy(vk, &img);
}

static void reference(const char *dir)
{
	const struct vk_side reading = {
		VK_PIPELINE_STAGE_2_COPY_BIT, VK_ACCESS_2_TRANSFER_READ_BIT,
		VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL, 0,
	};
	const VkBufferImageCopy copy = {
		.imageSubresource = { COLOUR, 0, 0, 1 },
		.imageExtent = { FRAME_WIDTH, FRAME_HEIGHT, 1 },
	};
	struct picture sheet;
	struct scene scene;
	struct vk_image img;
	struct vk_buffer buf;
	struct vk vk;

	vk_open(&vk, false);
	scene_create(&scene, &vk);
	upload_and_warm_up(&vk, &scene);
	vk_image(&vk, &img, FRAME_FORMAT, FRAME_WIDTH, FRAME_HEIGHT,
		 USAGE | VK_IMAGE_USAGE_TRANSFER_SRC_BIT, COLOUR);
	vk_buffer(&vk, &buf, FRAME_WIDTH * FRAME_HEIGHT * 4, VK_BUFFER_USAGE_TRANSFER_DST_BIT, NULL);
	picture_create(&sheet, SHEET_WIDTH, SHEET_HEIGHT);
	picture_fill(&sheet, (struct rect){ 0, 0, SHEET_WIDTH, SHEET_HEIGHT }, SHEET_COLOUR);
	for (unsigned int i = 0; i < FRAMES; i++) {
		VkCommandBuffer cmd = vk_begin(&vk);
		VkFence fence = vk_fence(&vk);
		const VkMemoryBarrier2 to_host = {
			.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER_2,
			.srcStageMask = VK_PIPELINE_STAGE_2_COPY_BIT,
			.srcAccessMask = VK_ACCESS_2_TRANSFER_WRITE_BIT,
			.dstStageMask = VK_PIPELINE_STAGE_2_HOST_BIT,
			.dstAccessMask = VK_ACCESS_2_HOST_READ_BIT,
		};
		const VkDependencyInfo dependency = {
			.sType = VK_STRUCTURE_TYPE_DEPENDENCY_INFO,
			.memoryBarrierCount = 1,
			.pMemoryBarriers = &to_host,
		};

		vk_barrier(cmd, img.image, COLOUR, (struct vk_side){ 0 }, rendering);
		scene_draw(&scene, cmd, img.view, i);
		vk_barrier(cmd, img.image, COLOUR, rendering, reading);
		vkCmdCopyImageToBuffer(cmd, img.image, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL,
				       buf.buffer, 1, &copy);
		vkCmdPipelineBarrier2(cmd, &dependency);
		vk_submit(&vk, cmd, NULL, 0, 0, VK_NULL_HANDLE, fence);
		vk_wait(&vk, fence);
		vkDestroyFence(vk.device, fence, NULL);
		picture_put(&sheet, sheet_cell(i), buf.map, FRAME_WIDTH * 4);
	}
	picture_save(&sheet, dir, "reference.png");
	picture_destroy(&sheet);
	vk_buffer_destroy(&vk, &buf);
	vk_image_destroy(&vk, &img);
	scene_destroy(&scene);
	vk_close(&vk);

	report_open(dir);
	report("messages", vk.messages);
	report_close();
}

static void create_buffers(struct producer *p)
{
	p->setup = (struct message){
		.type = SETUP,
		.width = FRAME_WIDTH, .height = FRAME_HEIGHT,
		.frames = FRAMES, .buffers = BUFFERS,
		.fourcc = FRAME_FOURCC,
	};
	vk_share_check(&p->vk, USAGE, VK_EXTERNAL_MEMORY_FEATURE_EXPORTABLE_BIT,
		       VK_EXTERNAL_SEMAPHORE_FEATURE_EXPORTABLE_BIT |
		       VK_EXTERNAL_SEMAPHORE_FEATURE_IMPORTABLE_BIT);
	for (int i = 0; i < BUFFERS; i++) {
		p->dmabufs[i] = vk_export_image(&p->vk, &p->images[i], USAGE,
						&p->setup.layout[i], &p->setup.modifier);
		vk_image_view(&p->vk, &p->images[i], FRAME_FORMAT, COLOUR);
	}
	for (int i = 0; i < FRAMES; i++) {
		p->rendered[i] = vk_semaphore(&p->vk, true);
		p->fences[i] = vk_fence(&p->vk);
		for (int j = 0; j < PEERS; j++)
			p->released[i][j] = vk_semaphore(&p->vk, false);
	}
}

/* Tells the peers about the buffers, and has them prove that they have them. */
static uint64_t set_up_peers(struct producer *p)
{
	void *maps[BUFFERS];
	uint64_t pages = 0;

	for (int i = 0; i < BUFFERS; i++)
		VK(vkMapMemory(p->vk.device, p->images[i].memory, 0, VK_WHOLE_SIZE, 0, &maps[i]));
	for (int j = 0; j < PEERS; j++) {
		share_send(p->socks[j], &p->setup, p->dmabufs, BUFFERS);
		pages += probe_producer(p->socks[j], &p->setup, maps);
	}
	for (int i = 0; i < BUFFERS; i++)
		vkUnmapMemory(p->vk.device, p->images[i].memory);
	return pages;
}

/* Takes a peer's next release; @semaphore is what is to wait for it, if anything. */
static void take_release(struct producer *p, int peer, VkSemaphore semaphore)
{
	const unsigned int frame = p->next_release[peer]++;
	struct message msg;
	int fd;

	share_receive(p->socks[peer], RELEASE, 0, &msg, &fd, 1);
	if (msg.frame != frame || msg.buffer != frame % BUFFERS)
		die("%s released frame %u in buffer %u, and not frame %u", peer_names[peer],
		    msg.frame, msg.buffer, frame);
	p->releases++;
	p->releases_pending += fd_pending(fd);
	p->kept[frame][peer] = fence_keep(fd);
	if (semaphore)
		vk_import_semaphore(&p->vk, semaphore, fd);
	else
		close_fd(fd);
}

static void render(struct producer *p, unsigned int frame)
{
	const unsigned int b = frame % BUFFERS;
	const struct vk_image *img = &p->images[b];
	VkCommandBuffer cmd = vk_begin(&p->vk);
	/* Chained to the semaphores' wait, which is at the same stage. */
	struct vk_side from = { .stage = rendering.stage }, to = rendering;
	struct vk_side ours = rendering, theirs = { 0 };
	struct message msg = { .type = FRAME, .frame = frame, .buffer = b };
	uint32_t waits = 0;
	uint64_t start;
	int fd;

	ours.family = p->vk.family;
	theirs.family = VK_QUEUE_FAMILY_FOREIGN_EXT;
	theirs.layout = VK_IMAGE_LAYOUT_GENERAL;
	if (frame >= BUFFERS) {
		for (int j = 0; j < PEERS; j++)
			take_release(p, j, p->released[frame][j]);
		waits = PEERS;
		from.layout = VK_IMAGE_LAYOUT_GENERAL;
		from.family = VK_QUEUE_FAMILY_FOREIGN_EXT;
		to.family = p->vk.family;
	}
	vk_barrier(cmd, img->image, COLOUR, from, to);
	scene_draw(&p->scene, cmd, img->view, frame);
	vk_barrier(cmd, img->image, COLOUR, ours, theirs);

	start = now_ns();
	vk_submit(&p->vk, cmd, p->released[frame], waits, rendering.stage, p->rendered[frame],
		  p->fences[frame]);
	p->not_ready += vkGetFenceStatus(p->vk.device, p->fences[frame]) == VK_NOT_READY;
	start = now_ns() - start;
	if (start > p->longest_submit)
		p->longest_submit = start;

	fd = vk_export_semaphore(&p->vk, p->rendered[frame]);
	p->fds_pending += fd_pending(fd);
	for (int j = 0; j < PEERS; j++)
		share_send(p->socks[j], &msg, &fd, fd >= 0);
	close_fd(fd);
}

static void finish(struct producer *p)
{
	const struct message end = { .type = END };

	for (int j = 0; j < PEERS; j++) {
		share_send(p->socks[j], &end, NULL, 0);
		while (p->next_release[j] < FRAMES)
			take_release(p, j, VK_NULL_HANDLE);
	}
	for (int i = 0; i < FRAMES; i++) {
		vk_wait(&p->vk, p->fences[i]);
		for (int j = 0; j < PEERS; j++)
			fence_check(p->kept[i][j], peer_names[j], i);
	}
	/*
	 * The buffers must outlive the peers' use of them only as dma-bufs, which
	 * they do; our own objects may go as soon as our own work is done.
	 */
	for (int i = 0; i < FRAMES; i++) {
		vkDestroyFence(p->vk.device, p->fences[i], NULL);
		vkDestroySemaphore(p->vk.device, p->rendered[i], NULL);
		for (int j = 0; j < PEERS; j++)
			vkDestroySemaphore(p->vk.device, p->released[i][j], NULL);
	}
	for (int i = 0; i < BUFFERS; i++) {
		vk_image_destroy(&p->vk, &p->images[i]);
		close_fd(p->dmabufs[i]);
	}
	for (int j = 0; j < PEERS; j++)
		close_fd(p->socks[j]);
}

static void produce(const char *path, const char *dir)
{
	struct producer p = { 0 };
	int listener = share_listen(path);
	uint64_t pages, bytes = 0;

	vk_open(&p.vk, true);
	scene_create(&p.scene, &p.vk);
	upload_and_warm_up(&p.vk, &p.scene);
	create_buffers(&p);
	for (int i = 0; i < BUFFERS; i++)
		bytes += p.setup.layout[i].size;
	share_accept(listener, p.socks);
	close_fd(listener);
	pages = set_up_peers(&p);
	for (unsigned int i = 0; i < FRAMES; i++)
		render(&p, i);
	finish(&p);
	scene_destroy(&p.scene);
	vk_close(&p.vk);

	report_open(dir);
	report("frames", FRAMES);
	report("buffers", BUFFERS);
	report("width", FRAME_WIDTH);
	report("height", FRAME_HEIGHT);
	report("bytes", bytes);
	report("row_pitch", p.setup.layout[0].row_pitch);
	report("pages", pages);
	report("not_ready", p.not_ready);
	report("fds_pending", p.fds_pending);
	report("releases", p.releases);
	report("releases_pending", p.releases_pending);
	report("longest_submit_us", p.longest_submit / 1000);
	report("messages", p.vk.messages);
	report_close();
}

int main(int argc, char **argv)
{
	bool sharing = argc == 3 && strcmp(argv[1], "--reference");

	demo_start(sharing ? "producer" : "reference");
	if (argc != 3)
		die("usage: %s SOCKET DIR | --reference DIR", argv[0]);
	if (sharing)
		produce(argv[1], argv[2]);
	else
		reference(argv[2]);
	return 0;
}

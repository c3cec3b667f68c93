// SPDX-License-Identifier: MIT
/**
 * DOC: the consumer
 *
 *	figment-consumer SOCKET DIR
 *
 * What a compositor does: another process, with an instance and a device of its
 * own, takes the producer's buffers in and, for each frame, queues a blit to the
 * contact sheet that waits for the frame's SYNC_FD, then hands the buffer back
 * with a SYNC_FD of the blit's. It does not look at a pixel before everything is
 * queued. At the end it reads the sheet back, and the last frame through an mmap
 * of the dma-buf itself, which no Vulkan had a hand in.
 */
#include <linux/dma-buf.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common.h"
#include "picture.h"
#include "share.h"
#include "vk.h"

#define COLOUR	VK_IMAGE_ASPECT_COLOR_BIT
#define USAGE	VK_IMAGE_USAGE_TRANSFER_SRC_BIT

struct consumer {
	struct vk vk;
	struct vk_image images[BUFFERS];
	struct vk_image sheet;
	struct vk_buffer readback;
	int dmabufs[BUFFERS];
	struct message setup;
	VkSemaphore rendered[FRAMES], composed[FRAMES];
	int kept[FRAMES];	/* the frames' SYNC_FDs */
	unsigned int frames, pending;
};

static const struct vk_side blit_source = {
	VK_PIPELINE_STAGE_2_BLIT_BIT, VK_ACCESS_2_TRANSFER_READ_BIT,
	VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL, 0,
};

static const struct vk_side blit_target = {
	VK_PIPELINE_STAGE_2_BLIT_BIT, VK_ACCESS_2_TRANSFER_WRITE_BIT,
	VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL, 0,
};

static VkOffset3D corner(struct rect r, bool last)
{
	return (VkOffset3D){ r.x + (last ? r.width : 0), r.y + (last ? r.height : 0), last };
}

static void blit(VkCommandBuffer cmd, VkImage from, VkImage to, struct rect where)
{
	const struct rect whole = { 0, 0, FRAME_WIDTH, FRAME_HEIGHT };
	const VkImageBlit region = {
		.srcSubresource = { COLOUR, 0, 0, 1 },
		.srcOffsets = { corner(whole, false), corner(whole, true) },
		.dstSubresource = { COLOUR, 0, 0, 1 },
		.dstOffsets = { corner(where, false), corner(where, true) },
	};

	vkCmdBlitImage(cmd, from, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL,
		       to, VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL, 1, &region, VK_FILTER_NEAREST);
}

static void clear(VkCommandBuffer cmd, VkImage image, uint32_t colour)
{
	const VkImageSubresourceRange range = { COLOUR, 0, 1, 0, 1 };
	const VkClearColorValue value = {
		.float32 = {
			(colour >> 16 & 0xff) / 255.0f, (colour >> 8 & 0xff) / 255.0f,
			(colour & 0xff) / 255.0f, (colour >> 24) / 255.0f,
		},
	};

	vkCmdClearColorImage(cmd, image, VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL, &value, 1, &range);
}

/*
 * Makes the sheet. A cell is blitted to once before the film starts, so that
 * whatever a driver does at its first blit is done then.
 */
static void create_sheet(struct consumer *c)
{
	const struct vk_side cleared = {
		VK_PIPELINE_STAGE_2_CLEAR_BIT, VK_ACCESS_2_TRANSFER_WRITE_BIT,
		VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL, 0,
	};
	VkCommandBuffer cmd = vk_begin(&c->vk);
	VkFence fence = vk_fence(&c->vk);
	struct vk_image blank;

	vk_image(&c->vk, &c->sheet, FRAME_FORMAT, SHEET_WIDTH, SHEET_HEIGHT,
		 VK_IMAGE_USAGE_TRANSFER_SRC_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT, COLOUR);
	vk_buffer(&c->vk, &c->readback, SHEET_WIDTH * SHEET_HEIGHT * 4,
		  VK_BUFFER_USAGE_TRANSFER_DST_BIT, NULL);
	vk_image(&c->vk, &blank, FRAME_FORMAT, FRAME_WIDTH, FRAME_HEIGHT,
		 VK_IMAGE_USAGE_TRANSFER_SRC_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT, COLOUR);

	vk_barrier(cmd, c->sheet.image, COLOUR, (struct vk_side){ 0 }, cleared);
	vk_barrier(cmd, blank.image, COLOUR, (struct vk_side){ 0 }, cleared);
	clear(cmd, c->sheet.image, SHEET_COLOUR);
	clear(cmd, blank.image, SHEET_COLOUR);
	vk_barrier(cmd, c->sheet.image, COLOUR, cleared, blit_target);
	vk_barrier(cmd, blank.image, COLOUR, cleared, blit_source);
	blit(cmd, blank.image, c->sheet.image, sheet_cell(0));
	vk_barrier(cmd, c->sheet.image, COLOUR, blit_target, blit_target);
	vk_submit(&c->vk, cmd, NULL, 0, 0, VK_NULL_HANDLE, fence);
	vk_wait(&c->vk, fence);
	vkDestroyFence(c->vk.device, fence, NULL);
	vk_image_destroy(&c->vk, &blank);
}

/* Returns how many pages were found to be the producer's own. */
static uint64_t import_buffers(struct consumer *c, int sock)
{
	void *maps[BUFFERS];
	uint64_t pages;

	share_receive_setup(sock, &c->setup, c->dmabufs);
	vk_share_check(&c->vk, USAGE, VK_EXTERNAL_MEMORY_FEATURE_IMPORTABLE_BIT,
		       VK_EXTERNAL_SEMAPHORE_FEATURE_EXPORTABLE_BIT |
		       VK_EXTERNAL_SEMAPHORE_FEATURE_IMPORTABLE_BIT);
	for (int i = 0; i < BUFFERS; i++) {
		vk_import_image(&c->vk, &c->images[i], USAGE, &c->setup, i, c->dmabufs[i]);
		VK(vkMapMemory(c->vk.device, c->images[i].memory, 0, VK_WHOLE_SIZE, 0, &maps[i]));
	}
	pages = probe_peer(sock, &c->setup, maps);
	for (int i = 0; i < BUFFERS; i++)
		vkUnmapMemory(c->vk.device, c->images[i].memory);
	return pages;
}

static void compose(struct consumer *c, int sock, const struct message *frame, int fd)
{
	const VkImage image = c->images[frame->buffer].image;
	struct message release = {
		.type = RELEASE, .frame = frame->frame, .buffer = frame->buffer,
	};
	const struct vk_side theirs = {
		.layout = VK_IMAGE_LAYOUT_GENERAL, .family = VK_QUEUE_FAMILY_FOREIGN_EXT,
	};
	/* Chained to the semaphore's wait, which is at the same stage. */
	struct vk_side from = theirs, ours = blit_source;
	VkSemaphore wait = c->rendered[frame->frame], done = c->composed[frame->frame];
	VkCommandBuffer cmd = vk_begin(&c->vk);

	c->frames++;
	c->pending += fd_pending(fd);
	c->kept[frame->frame] = fence_keep(fd);
	from.stage = blit_source.stage;
	ours.family = c->vk.family;
	vk_import_semaphore(&c->vk, wait, fd);
	vk_barrier(cmd, image, COLOUR, from, ours);
	blit(cmd, image, c->sheet.image, sheet_cell(frame->frame));
	vk_barrier(cmd, image, COLOUR, ours, theirs);
	vk_submit(&c->vk, cmd, &wait, 1, blit_source.stage, done, VK_NULL_HANDLE);

	fd = vk_export_semaphore(&c->vk, done);
	share_send(sock, &release, &fd, fd >= 0);
	close_fd(fd);
}

static void read_sheet(struct consumer *c)
{
	const struct vk_side reading = {
		VK_PIPELINE_STAGE_2_COPY_BIT, VK_ACCESS_2_TRANSFER_READ_BIT,
		VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL, 0,
	};
	const VkBufferImageCopy copy = {
		.imageSubresource = { COLOUR, 0, 0, 1 },
		.imageExtent = { SHEET_WIDTH, SHEET_HEIGHT, 1 },
	};
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
	VkCommandBuffer cmd = vk_begin(&c->vk);
	VkFence fence = vk_fence(&c->vk);

	vk_barrier(cmd, c->sheet.image, COLOUR, blit_target, reading);
	vkCmdCopyImageToBuffer(cmd, c->sheet.image, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL,
			       c->readback.buffer, 1, &copy);
	vkCmdPipelineBarrier2(cmd, &dependency);
	vk_submit(&c->vk, cmd, NULL, 0, 0, VK_NULL_HANDLE, fence);
	vk_wait(&c->vk, fence);
	vkDestroyFence(c->vk.device, fence, NULL);
}

/* The last frame as it lies in the shared buffer, seen by the CPU. */
static uint32_t crc_of_dmabuf(const struct consumer *c, unsigned int buffer)
{
	const struct buffer_layout *layout = &c->setup.layout[buffer];
	struct dma_buf_sync sync = { .flags = DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ };
	int fd = c->dmabufs[buffer];
	uint32_t crc;
	char *map;

	map = mmap(NULL, layout->size, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		die("mmap of a dma-buf: %m");
	OK(ioctl(fd, DMA_BUF_IOCTL_SYNC, &sync));
	crc = rows_crc(map + layout->offset, layout->row_pitch, FRAME_WIDTH, FRAME_HEIGHT);
	sync.flags = DMA_BUF_SYNC_END | DMA_BUF_SYNC_READ;
	OK(ioctl(fd, DMA_BUF_IOCTL_SYNC, &sync));
	OK(munmap(map, layout->size));
	return crc;
}

int main(int argc, char **argv)
{
	struct consumer c = { 0 };
	struct picture picture = { SHEET_WIDTH, SHEET_HEIGHT, NULL };
	unsigned int same = 0;
	struct message msg;
	uint64_t pages;
	uint32_t crc;
	int sock, fd;

	demo_start("consumer");
	if (argc != 3)
		die("usage: %s SOCKET DIR", argv[0]);
	vk_open(&c.vk, true);
	create_sheet(&c);
	for (int i = 0; i < FRAMES; i++) {
		c.rendered[i] = vk_semaphore(&c.vk, false);
		c.composed[i] = vk_semaphore(&c.vk, true);
	}
	sock = share_connect(argv[1], CONSUMER);
	pages = import_buffers(&c, sock);
	for (int i = 0; i < BUFFERS; i++)
		same += dmabuf_inode(c.dmabufs[i]) == c.setup.layout[i].inode;

	for (;;) {
		share_receive(sock, FRAME, END, &msg, &fd, 1);
		if (msg.type == END)
			break;
		if (msg.frame != c.frames || c.frames >= FRAMES || msg.buffer >= BUFFERS)
			die("got frame %u in buffer %u when frame %u was due", msg.frame,
			    msg.buffer, c.frames);
		compose(&c, sock, &msg, fd);
	}
	if (c.frames != FRAMES)
		die("the film ended after %u frames", c.frames);

	read_sheet(&c);
	for (int i = 0; i < FRAMES; i++)
		fence_check(c.kept[i], "producer", i);
	crc = crc_of_dmabuf(&c, (FRAMES - 1) % BUFFERS);
	picture.pixels = c.readback.map;
	picture_save(&picture, argv[2], "sheet.png");

	for (int i = 0; i < FRAMES; i++) {
		vkDestroySemaphore(c.vk.device, c.rendered[i], NULL);
		vkDestroySemaphore(c.vk.device, c.composed[i], NULL);
	}
	for (int i = 0; i < BUFFERS; i++) {
		vk_image_destroy(&c.vk, &c.images[i]);
		close_fd(c.dmabufs[i]);
	}
	vk_buffer_destroy(&c.vk, &c.readback);
	vk_image_destroy(&c.vk, &c.sheet);
	vk_close(&c.vk);
	close_fd(sock);

	report_open(argv[2]);
	report("frames", c.frames);
	report("pending", c.pending);
	report("pages", pages);
	report("same_dmabuf", same);
	report("crc_last", crc);
	report("messages", c.vk.messages);
	report_close();
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: frames from one process to another
 *
 * A producer draws frames, a consumer composites each into a picture of its own.
 * Three ways:
 *
 *	figment		dma-bufs and SYNC_FDs, both ways
 *	udmabuf		the same calls on lavapipe alone, whose memory is a udmabuf
 *			and whose export of a SYNC_FD waits for the work
 *	shm		lavapipe, and a copy into and one out of shared memory
 *
 * A frame is over when the consumer has given its buffer back; there are three, so
 * the producer can be ahead. For each way there is a pair of processes, which sleep
 * while others are measured. Whether what arrives is what was drawn is looked at
 * before anything is measured.
 */
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "picture.h"

#define BUFFERS	3

enum way { FIGMENT, UDMABUF, SHM, WAYS };

struct frame_size {
	uint32_t width, height;
};

static const struct frame_size sizes[] = { { 320, 240 }, { 1280, 720 } };
#define SIZES	(sizeof(sizes) / sizeof(sizes[0]))

/* What the processes of a pair are born with. */
static enum way way;
static struct frame_size size;
static uint8_t *shm;

struct slot {
	VkImage image;
	VkDeviceMemory memory;
	VkCommandBuffer cmd;
	VkSemaphore wait, signal;
	VkFence fence;
	void *map;		/* where the CPU copies */
	VkDeviceSize bytes;
	bool waits;
};

struct process {
	struct vk vk;
	struct slot slots[BUFFERS];
};

/* The colour of the tile, which the first corner has. */
static bool is_drawn(const uint8_t *pixel)
{
	return pixel[0] > 40 && pixel[0] < 60 && pixel[2] > 220 && pixel[2] < 240;
}

static void map_slot(struct process *p, struct slot *slot)
{
	VkMemoryRequirements reqs;

	vkGetImageMemoryRequirements(p->vk.device, slot->image, &reqs);
	slot->bytes = reqs.size;
	VK(vkMapMemory(p->vk.device, slot->memory, 0, VK_WHOLE_SIZE, 0, &slot->map));
}

static void slot_open(struct process *p, struct slot *slot, int fd)
{
	if (way == SHM) {
		slot->image = vulkan_image(&p->vk, size.width, size.height,
					   VK_IMAGE_TILING_LINEAR, &slot->memory);
		map_slot(p, slot);
	} else {
		slot->image = vulkan_shared_image(&p->vk, size.width, size.height, fd,
						  &slot->memory);
		slot->wait = vk_semaphore(&p->vk, 0);
		slot->signal = vk_semaphore(&p->vk, SYNC_SEM);
	}
	slot->fence = vk_fence(&p->vk, 0, 0);
}

static uint8_t *shm_of(const struct process *p, const struct slot *slot)
{
	return shm + (slot - p->slots) * slot->bytes;
}

static void wait_fence(struct process *p, struct slot *slot)
{
	VK(vk_fence_wait(&p->vk, slot->fence));
	VK(vkResetFences(p->vk.device, 1, &slot->fence));
}

/* A SYNC_FD, or -1 in its place, as Vulkan has it for what is over. */
static void send_sync(struct process *p, struct slot *slot, int sock)
{
	int fd = vk_semaphore_fd(&p->vk, slot->signal, SYNC_SEM);

	send_word(sock, fd >= 0);
	if (fd >= 0) {
		send_fd(sock, fd);
		close(fd);
	}
}

static void recv_sync(struct process *p, struct slot *slot, int sock)
{
	int fd = recv_word(sock) ? recv_fd(sock) : -1;

	slot->waits = true;
	VK(vk_semaphore_import(&p->vk, slot->wait, SYNC_SEM, VK_SEMAPHORE_IMPORT_TEMPORARY_BIT,
			       fd));
}

static void submit(struct process *p, struct slot *slot)
{
	if (way == SHM)
		VK(vk_submit(&p->vk, VK_NOTHING, slot->cmd, VK_NOTHING, slot->fence));
	else
		VK(vk_submit(&p->vk, slot->waits ? vk_binary(slot->wait) : VK_NOTHING, slot->cmd,
			     vk_binary(slot->signal), VK_NULL_HANDLE));
}

static void consume(struct process *p, struct slot *slot, int sock)
{
	if (way == SHM) {
		must_be(!recv_word(sock));
		memcpy(slot->map, shm_of(p, slot), slot->bytes);
		submit(p, slot);
		wait_fence(p, slot);
		send_word(sock, 0);
	} else {
		recv_sync(p, slot, sock);
		submit(p, slot);
		send_sync(p, slot, sock);
	}
}

/* Its first frame it looks at: the picture must be there. */
static void check(struct process *p, VkDeviceMemory memory)
{
	void *map;

	VK(vkDeviceWaitIdle(p->vk.device));
	VK(vkMapMemory(p->vk.device, memory, 0, VK_WHOLE_SIZE, 0, &map));
	must_be(is_drawn(map));
	vkUnmapMemory(p->vk.device, memory);
}

static void consumer(int sock)
{
	struct process p = { 0 };
	VkDeviceMemory memory;
	VkImage screen;
	uint64_t n = 0;
	char byte;

	vulkan_open(&p.vk, way == FIGMENT, way != SHM);
	screen = vulkan_image(&p.vk, size.width, size.height, VK_IMAGE_TILING_LINEAR, &memory);
	for (int i = 0; i < BUFFERS; i++) {
		struct slot *slot = &p.slots[i];
		VkExtent2D extent = { size.width, size.height };

		slot_open(&p, slot, way == SHM ? -1 : recv_fd(sock));
		slot->cmd = vk_begin(&p.vk);
		vulkan_blit(slot->cmd, slot->image, extent, screen, (VkOffset2D){ 0, 0 }, extent);
		vk_end(slot->cmd);
	}
	/* Until the producer is gone. */
	for (; recv(sock, &byte, 1, MSG_PEEK) > 0; n++) {
		consume(&p, &p.slots[n % BUFFERS], sock);
		if (!n)
			check(&p, memory);
	}
	_exit(0);
}

static void produce(struct process *p, struct slot *slot, int sock)
{
	submit(p, slot);
	if (way == SHM) {
		wait_fence(p, slot);
		memcpy(shm_of(p, slot), slot->map, slot->bytes);
		send_word(sock, 0);
	} else {
		send_sync(p, slot, sock);
	}
}

static void reclaim(struct process *p, struct slot *slot, int sock)
{
	if (way == SHM)
		must_be(!recv_word(sock));
	else
		recv_sync(p, slot, sock);
}

/* @n frames, and their buffers back; what has come back is also done with. */
static uint64_t produce_frames(struct process *p, int sock, uint64_t n)
{
	static uint64_t next;
	uint64_t start = now_ns();
	uint64_t first = next, back = next;

	for (; next < first + n; next++) {
		if (next - back == BUFFERS)
			reclaim(p, &p->slots[back++ % BUFFERS], sock);
		produce(p, &p->slots[next % BUFFERS], sock);
	}
	while (back < next)
		reclaim(p, &p->slots[back++ % BUFFERS], sock);
	if (way != SHM)
		VK(vk_submit(&p->vk, vk_binary(p->slots[(next - 1) % BUFFERS].wait), NULL,
			     VK_NOTHING, p->slots[0].fence));
	if (way != SHM)
		wait_fence(p, &p->slots[0]);
	p->slots[(next - 1) % BUFFERS].waits = false;
	return now_ns() - start;
}

static void producer(int sock)
{
	struct child child = child_start(consumer);
	struct process p = { 0 };
	VkImage tile;

	vulkan_open(&p.vk, way == FIGMENT, way != SHM);
	tile = vulkan_tile(&p.vk);
	for (int i = 0; i < BUFFERS; i++) {
		struct slot *slot = &p.slots[i];

		slot_open(&p, slot, -1);
		slot->cmd = vk_begin(&p.vk);
		vulkan_draw(slot->cmd, slot->image, size.width, size.height, tile, 3);
		vk_end(slot->cmd);
		if (way != SHM) {
			int fd = vk_memory_fd(&p.vk, slot->memory, DMA_BUF_MEMORY);

			send_fd(child.sock, fd);
			close(fd);
		}
	}
	produce_frames(&p, child.sock, BUFFERS);
	send_word(sock, 0);
	for (;;)
		send_word(sock, produce_frames(&p, child.sock, recv_word(sock)));
}

static struct child pairs[SIZES][WAYS];

struct comparison {
	struct child *figment, *peer;
};

static uint64_t ask(struct child *pair, uint64_t n)
{
	send_word(pair->sock, n);
	return recv_word(pair->sock);
}

static uint64_t hand_off_figment(void *ctx, uint64_t n)
{
	return ask(((struct comparison *)ctx)->figment, n);
}

static uint64_t hand_off_peer(void *ctx, uint64_t n)
{
	return ask(((struct comparison *)ctx)->peer, n);
}

static void open_pair(size_t i, enum way which)
{
	way = which;
	size = sizes[i];
	shm = mmap(NULL, 64 << 20, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must_be(shm != MAP_FAILED);
	pairs[i][which] = child_start(producer);
	must_call(munmap(shm, 64 << 20));
	must_be(!recv_word(pairs[i][which].sock));
}

void bench_handoff(void)
{
	static const char *const peers[WAYS] = {
		[UDMABUF] = "lavapipe, udmabuf, blocking SYNC_FD",
		[SHM] = "lavapipe, memcpy through shm",
	};

	for (size_t i = 0; i < (bench_quick() ? 1 : SIZES); i++) {
		for (int w = 0; w < WAYS; w++)
			open_pair(i, w);
		for (int w = UDMABUF; w < WAYS; w++) {
			struct comparison c = { &pairs[i][FIGMENT], &pairs[i][w] };

			bench_compare(&(struct bench_row){
				.name = bench_name("frame hand-off, %ux%u / %s", sizes[i].width,
						   sizes[i].height, peers[w]),
				.target = 1 / 1.3,
				.figment = hand_off_figment,
				.peer = hand_off_peer,
				.ctx = &c,
				.rate = true,
			});
		}
		for (int w = 0; w < WAYS; w++)
			child_kill(&pairs[i][w]);
	}
}

// SPDX-License-Identifier: MIT
/**
 * DOC: the strip
 *
 *	figment-strip SOCKET DIR
 *
 * A client without any Vulkan, as a video encoder or a display controller would
 * be one: it knows dma-bufs, sync_files and the kernel's copy engine. A
 * COPY_2D of rows that are one pixel long and three pixels apart makes a row of
 * a thumbnail, so a frame is one job with a command for each of its rows; FILLs
 * make the film with its perforation first.
 *
 * The buffers are listed as explicitly synchronised: the sync_file that came
 * with a frame says all there is to wait for.
 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common.h"
#include "figment.h"
#include "picture.h"
#include "share.h"

#define MAX_COMMANDS	(1 + HOLES * 8)

enum { SOURCE, FILM };	/* a job's buffers, by index */

struct strip {
	int fd;
	uint32_t queue, film;
	uint32_t sources[BUFFERS];
	int dmabufs[BUFFERS];
	struct message setup;
	unsigned int frames, pending;
	int kept[FRAMES];	/* the frames' SYNC_FDs */
	int last;		/* a sync_file of the latest job */
	struct drm_figment_cmd cmds[MAX_COMMANDS];
};

/* Submits @count commands, on two buffers if there is a source; returns a sync_file. */
static int submit(struct strip *s, uint32_t count, const uint32_t *source, int wait)
{
	struct drm_figment_bo bos[] = {
		[SOURCE] = { source ? *source : 0, DRM_FIGMENT_BO_READ | DRM_FIGMENT_BO_EXPLICIT },
		[FILM] = { s->film, DRM_FIGMENT_BO_WRITE | DRM_FIGMENT_BO_EXPLICIT },
	};
	struct drm_figment_sync waits = { .type = DRM_FIGMENT_SYNC_FILE, .fd = wait };
	struct drm_figment_sync signal = { .type = DRM_FIGMENT_SYNC_FILE, .fd = -1 };
	struct drm_figment_job job = {
		.queue = s->queue,
		.bos = source ? FIGMENT_ARRAY(bos, 2) : FIGMENT_ARRAY(&bos[FILM], 1),
		.waits = FIGMENT_ARRAY(&waits, wait >= 0 ? 1 : 0),
		.signals = FIGMENT_ARRAY(&signal, 1),
		.cmds = FIGMENT_ARRAY(s->cmds, count),
	};

	OK(figment_submit(s->fd, &job, 1));
	return signal.fd;
}

/* The film is the only buffer of its job, hence index 0 and not FILM. */
static uint32_t fill(struct strip *s, uint32_t n, struct rect r, uint32_t colour)
{
	for (unsigned int y = r.y; y < r.y + r.height; y++) {
		s->cmds[n++] = (struct drm_figment_cmd){
			.op = DRM_FIGMENT_CMD_FILL,
			.dst_offset = y * STRIP_PITCH + r.x * 4,
			.size = r.width * 4,
			.value = colour,
			.elem = 4,
		};
	}
	return n;
}

static void make_film(struct strip *s)
{
	/* All of it is one long row. */
	const struct rect whole = { 0, 0, STRIP_WIDTH * STRIP_HEIGHT, 1 };
	uint32_t n = fill(s, 0, whole, FILM_COLOUR);

	for (unsigned int i = 0; i < HOLES; i++)
		n = fill(s, n, strip_hole(i), HOLE_COLOUR);
	OK(figment_bo_create(s->fd, STRIP_PITCH * STRIP_HEIGHT, &s->film));
	s->last = submit(s, n, NULL, -1);
}

static int thumbnail(struct strip *s, unsigned int frame, unsigned int buffer, int wait)
{
	const struct buffer_layout *from = &s->setup.layout[buffer];
	const struct rect cell = strip_cell(frame);

	for (unsigned int y = 0; y < THUMB_HEIGHT; y++) {
		s->cmds[y] = (struct drm_figment_cmd){
			.op = DRM_FIGMENT_CMD_COPY_2D,
			.src = SOURCE,
			.dst = FILM,
			.src_offset = from->offset + y * STRIP_STEP * from->row_pitch,
			.dst_offset = (cell.y + y) * STRIP_PITCH + cell.x * 4,
			.size = 4,
			.rows = THUMB_WIDTH,
			.src_pitch = STRIP_STEP * 4,
			.dst_pitch = 4,
		};
	}
	return submit(s, THUMB_HEIGHT, &s->sources[buffer], wait);
}

/* Returns how many pages were found to be the producer's own. */
static uint64_t import_buffers(struct strip *s, int sock)
{
	struct drm_figment_gem_info info[BUFFERS];
	void *maps[BUFFERS];
	uint64_t pages;

	share_receive_setup(sock, &s->setup, s->dmabufs);
	for (int i = 0; i < BUFFERS; i++) {
		OK(figment_bo_import(s->fd, s->dmabufs[i], &s->sources[i]));
		OK(figment_bo_info(s->fd, s->sources[i], &info[i]));
		if (info[i].size < s->setup.layout[i].size)
			die("buffer %d has %llu bytes and not %llu", i,
			    (unsigned long long)info[i].size,
			    (unsigned long long)s->setup.layout[i].size);
		OK(figment_bo_map(s->fd, s->sources[i], NULL, &maps[i]));
	}
	pages = probe_peer(sock, &s->setup, maps);
	for (int i = 0; i < BUFFERS; i++)
		OK(munmap(maps[i], info[i].size));
	return pages;
}

static void take_frame(struct strip *s, int sock, const struct message *frame, int fd)
{
	struct message release = {
		.type = RELEASE, .frame = frame->frame, .buffer = frame->buffer,
	};

	s->frames++;
	s->pending += fd_pending(fd);
	s->kept[frame->frame] = fence_keep(fd);
	close_fd(s->last);
	s->last = thumbnail(s, frame->frame, frame->buffer, fd);
	share_send(sock, &release, &s->last, 1);
	close_fd(fd);
}

/* Jobs of a queue complete in order, so the last one's sync_file is enough. */
static void save(struct strip *s, const char *dir)
{
	struct picture picture = { STRIP_WIDTH, STRIP_HEIGHT, NULL };
	struct drm_figment_gem_info info;
	void *map;

	OK(figment_sync_file_wait(s->last, DEMO_PATIENCE_MS));
	if (figment_sync_file_status(s->last) != 1)
		die("the last job failed: %s",
		    strerror(-figment_sync_file_status(s->last)));
	for (int i = 0; i < FRAMES; i++)
		fence_check(s->kept[i], "producer", i);
	OK(figment_bo_info(s->fd, s->film, &info));
	OK(figment_bo_map(s->fd, s->film, NULL, &map));
	picture.pixels = map;
	picture_save(&picture, dir, "strip.png");
	OK(munmap(map, info.size));
}

int main(int argc, char **argv)
{
	struct strip s = { 0 };
	unsigned int same = 0;
	struct message msg;
	uint64_t pages;
	int sock, fd;

	demo_start("strip");
	if (argc != 3)
		die("usage: %s SOCKET DIR", argv[0]);
	s.fd = OK(figment_open(demo_device()));
	OK(figment_queue_create(s.fd, DRM_FIGMENT_ENGINE_COPY, DRM_FIGMENT_PRIORITY_NORMAL, 0,
				&s.queue, NULL));
	make_film(&s);
	sock = share_connect(argv[1], STRIP);
	pages = import_buffers(&s, sock);
	for (int i = 0; i < BUFFERS; i++)
		same += dmabuf_inode(s.dmabufs[i]) == s.setup.layout[i].inode;

	for (;;) {
		share_receive(sock, FRAME, END, &msg, &fd, 1);
		if (msg.type == END)
			break;
		if (msg.frame != s.frames || s.frames >= FRAMES || msg.buffer >= BUFFERS)
			die("got frame %u in buffer %u when frame %u was due", msg.frame,
			    msg.buffer, s.frames);
		take_frame(&s, sock, &msg, fd);
	}
	if (s.frames != FRAMES)
		die("the film ended after %u frames", s.frames);
	save(&s, argv[2]);

	for (int i = 0; i < BUFFERS; i++) {
		OK(figment_bo_close(s.fd, s.sources[i]));
		close_fd(s.dmabufs[i]);
	}
	OK(figment_bo_close(s.fd, s.film));
	OK(figment_queue_destroy(s.fd, s.queue));
	close_fd(s.last);
	close_fd(sock);
	close_fd(s.fd);

	report_open(argv[2]);
	report("frames", s.frames);
	report("pending", s.pending);
	report("pages", pages);
	report("same_dmabuf", same);
	report_close();
	return 0;
}

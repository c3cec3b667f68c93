/* SPDX-License-Identifier: MIT */
#ifndef DEMO_SHARE_H
#define DEMO_SHARE_H

/**
 * DOC: the protocol between the producer and those who read its frames
 *
 * One SOCK_SEQPACKET connection each, so that a message and its fds stay
 * together. Every message is one &struct message:
 *
 *	peer      HELLO    who it is
 *	producer  SETUP    the picture's format and the buffers' layout; their dma-bufs
 *	peer      PROBE    has written a token to every page, through its own mapping
 *	producer  PROBE    how many of them it saw through its own; has answered in place
 *	peer      PROBE    has seen the answers: the buffers are free
 *	producer  FRAME    number and buffer; a SYNC_FD: readable when it signals
 *	peer      RELEASE  number and buffer; a SYNC_FD: writable when it signals
 *	producer  END      there are no more frames
 *
 * Nobody ever waits for a SYNC_FD before passing the buffer on, which is the
 * point of having them. When all is done, each looks at what became of those it
 * waited for: a fence also signals when who had to signal it died, with an error,
 * and its picture is no picture then. A SYNC_FD may be missing, as Vulkan gives -1 for what
 * has signalled already. Whoever waits for a message gives up after
 * DEMO_PATIENCE_MS, or at once when the other end is closed.
 */

#include <stddef.h>
#include <stdint.h>

#include "layout.h"

enum message_type { HELLO = 1, SETUP, PROBE, FRAME, RELEASE, END };
enum peer { CONSUMER, STRIP, PEERS };

extern const char *const peer_names[PEERS];

struct buffer_layout {
	uint64_t size;		/* of the dma-buf */
	uint64_t offset;	/* of the first pixel */
	uint64_t row_pitch;	/* bytes from row to row */
	uint64_t inode;		/* fstat()'s of the dma-buf, the same in every process */
};

struct message {
	uint32_t type;
	uint32_t peer;			/* HELLO */
	uint32_t frame, buffer;		/* FRAME, RELEASE */
	uint32_t width, height;		/* SETUP */
	uint32_t frames, buffers;
	uint32_t fourcc;		/* DRM_FORMAT_* */
	uint32_t pad;
	uint64_t modifier;
	uint64_t token;			/* PROBE */
	uint64_t pages;
	struct buffer_layout layout[BUFFERS];
};

/** share_listen() - make the socket at @path; connections are taken by share_accept() */
int share_listen(const char *path);
/** share_accept() - wait for the peers; fills @socks by who said HELLO */
void share_accept(int listener, int socks[PEERS]);
/** share_connect() - connect to the producer, once it listens, and say HELLO */
int share_connect(const char *path, enum peer self);

/** share_send() - send a message with up to BUFFERS fds, which stay the caller's */
void share_send(int sock, const struct message *msg, const int *fds, unsigned int count);

/**
 * share_receive() - wait for a message
 * @sock: from where
 * @type: the type it must have
 * @other: another type it may have, or 0
 * @msg: filled
 * @fds: where the fds go, which are the caller's to close; -1 for a missing one
 * @count: how many may come
 *
 * Return: how many fds came.
 */
unsigned int share_receive(int sock, enum message_type type, enum message_type other,
			   struct message *msg, int *fds, unsigned int count);

/** share_receive_setup() - wait for SETUP, and check that it makes sense */
void share_receive_setup(int sock, struct message *msg, int dmabufs[BUFFERS]);

/** fence_keep() - a copy of a SYNC_FD, for fence_check() later; -1 of -1 */
int fence_keep(int fd);
/** fence_check() - wait for a kept SYNC_FD, die if its work failed, and close it */
void fence_check(int fd, const char *who, unsigned int frame);

/** layout_bytes() - how much of a buffer the picture reaches into */
uint64_t layout_bytes(const struct buffer_layout *layout);

/** dmabuf_inode() - a dma-buf's identity, one for all processes */
uint64_t dmabuf_inode(int dmabuf);

/**
 * probe_peer() - the peer's part of the probe: is what I mapped the producer's memory?
 * @sock: the producer
 * @setup: the buffers' layouts
 * @maps: the peer's mappings of the buffers
 *
 * Return: the number of pages that both found to be shared. Dies if one is not.
 */
uint64_t probe_peer(int sock, const struct message *setup, void *const maps[BUFFERS]);
/** probe_producer() - the producer's part, with one peer */
uint64_t probe_producer(int sock, const struct message *setup, void *const maps[BUFFERS]);

#endif

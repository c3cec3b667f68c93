// SPDX-License-Identifier: MIT
/**
 * DOC: messages and fds over a Unix socket
 *
 * The probe answers "is it really the same memory?" by trying: the peer writes
 * a token to the head of every page through whatever mapping its API gave it,
 * and the producer looks for it through its own; then the other way around. No
 * job runs in between, so a copy that somebody keeps up to date behind our
 * backs at submit time would be found out.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common.h"
#include "figment.h"
#include "share.h"

#define PROBE_PAGE	4096u

const char *const peer_names[PEERS] = { "consumer", "strip" };

static const char *type_name(uint32_t type)
{
	static const char *const names[] = {
		[HELLO] = "HELLO", [SETUP] = "SETUP", [PROBE] = "PROBE",
		[FRAME] = "FRAME", [RELEASE] = "RELEASE", [END] = "END",
	};

	return type >= HELLO && type <= END ? names[type] : "an unknown message";
}

static void make_address(struct sockaddr_un *addr, const char *path)
{
	*addr = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(addr->sun_path))
		die("the socket's path is too long: %s", path);
	strcpy(addr->sun_path, path);
}

int share_listen(const char *path)
{
	struct sockaddr_un addr;
	int sock;

	make_address(&addr, path);
	sock = OK(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
	OK(bind(sock, (struct sockaddr *)&addr, sizeof(addr)));
	OK(listen(sock, PEERS));
	return sock;
}

static void wait_readable(int fd, const char *what)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int ret;

	do {
		ret = poll(&p, 1, DEMO_PATIENCE_MS);
	} while (ret < 0 && errno == EINTR);
	if (ret < 0)
		die("poll: %s", strerror(errno));
	if (!ret)
		die("gave up waiting for %s after %d s", what, DEMO_PATIENCE_MS / 1000);
}

void share_accept(int listener, int socks[PEERS])
{
	struct message msg;

	for (int i = 0; i < PEERS; i++)
		socks[i] = -1;
	for (int i = 0; i < PEERS; i++) {
		int sock;

		wait_readable(listener, "a peer to connect");
		sock = OK(accept4(listener, NULL, NULL, SOCK_CLOEXEC));
		share_receive(sock, HELLO, 0, &msg, NULL, 0);
		if (msg.peer >= PEERS || socks[msg.peer] >= 0)
			die("an unexpected peer (%u) said HELLO", msg.peer);
		socks[msg.peer] = sock;
	}
}

int share_connect(const char *path, enum peer self)
{
	uint64_t deadline = now_ns() + DEMO_PATIENCE_MS * 1000000ull;
	struct message hello = { .type = HELLO, .peer = self };
	struct sockaddr_un addr;
	int sock;

	make_address(&addr, path);
	sock = OK(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
	/* The producer may not listen yet: the programs start in no order. */
	while (connect(sock, (struct sockaddr *)&addr, sizeof(addr))) {
		if ((errno != ENOENT && errno != ECONNREFUSED) || now_ns() > deadline)
			die("connect(%s): %s", path, strerror(errno));
		usleep(20000);
	}
	share_send(sock, &hello, NULL, 0);
	return sock;
}

union fd_control {
	struct cmsghdr align;
	char space[CMSG_SPACE(sizeof(int) * BUFFERS)];
};

void share_send(int sock, const struct message *msg, const int *fds, unsigned int count)
{
	struct iovec iov = { .iov_base = (void *)msg, .iov_len = sizeof(*msg) };
	struct msghdr header = { .msg_iov = &iov, .msg_iovlen = 1 };
	union fd_control control = { 0 };
	ssize_t sent;

	if (count) {
		struct cmsghdr *cmsg;

		header.msg_control = control.space;
		header.msg_controllen = CMSG_SPACE(sizeof(int) * count);
		cmsg = CMSG_FIRSTHDR(&header);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(int) * count);
		memcpy(CMSG_DATA(cmsg), fds, sizeof(int) * count);
	}
	do {
		sent = sendmsg(sock, &header, MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	if (sent != sizeof(*msg))
		die("sendmsg(%s): %s", type_name(msg->type),
		    sent < 0 ? strerror(errno) : "a short message");
}

unsigned int share_receive(int sock, enum message_type type, enum message_type other,
			   struct message *msg, int *fds, unsigned int count)
{
	struct iovec iov = { .iov_base = msg, .iov_len = sizeof(*msg) };
	union fd_control control;
	struct msghdr header = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control.space, .msg_controllen = sizeof(control),
	};
	unsigned int got = 0;
	struct cmsghdr *cmsg;
	ssize_t size;

	wait_readable(sock, type_name(type));
	do {
		size = recvmsg(sock, &header, MSG_CMSG_CLOEXEC);
	} while (size < 0 && errno == EINTR);
	if (size < 0)
		die("recvmsg, waiting for %s: %s", type_name(type), strerror(errno));
	if (!size)
		die("the other end closed its socket instead of sending %s", type_name(type));
	if (size != sizeof(*msg) || (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)))
		die("a message of the wrong size instead of %s", type_name(type));

	for (cmsg = CMSG_FIRSTHDR(&header); cmsg; cmsg = CMSG_NXTHDR(&header, cmsg)) {
		unsigned int n = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS)
			continue;
		if (got + n > count)
			die("%s came with more than %u fds", type_name(msg->type), count);
		memcpy(fds + got, CMSG_DATA(cmsg), n * sizeof(int));
		got += n;
	}
	for (unsigned int i = got; i < count; i++)
		fds[i] = -1;
	if (msg->type != type && (!other || msg->type != other))
		die("expected %s and got %s", type_name(type), type_name(msg->type));
	return got;
}

int fence_keep(int fd)
{
	return fd < 0 ? -1 : OK(dup(fd));
}

void fence_check(int fd, const char *who, unsigned int frame)
{
	int status;

	if (fd < 0)
		return;
	OK(figment_sync_file_wait(fd, DEMO_PATIENCE_MS));
	status = figment_sync_file_status(fd);
	if (status < 0)
		die("what the %s did with frame %u failed: %s", who, frame, strerror(-status));
	close_fd(fd);
}

uint64_t dmabuf_inode(int dmabuf)
{
	struct stat st;

	OK(fstat(dmabuf, &st));
	return st.st_ino;
}

uint64_t layout_bytes(const struct buffer_layout *layout)
{
	return layout->offset + layout->row_pitch * (FRAME_HEIGHT - 1) + FRAME_WIDTH * 4;
}

void share_receive_setup(int sock, struct message *msg, int dmabufs[BUFFERS])
{
	unsigned int got = share_receive(sock, SETUP, 0, msg, dmabufs, BUFFERS);

	if (got != BUFFERS || msg->buffers != BUFFERS || msg->frames != FRAMES ||
	    msg->width != FRAME_WIDTH || msg->height != FRAME_HEIGHT)
		die("SETUP: %u buffers (%u fds), %u frames of %ux%u", msg->buffers, got,
		    msg->frames, msg->width, msg->height);
	for (int i = 0; i < BUFFERS; i++) {
		const struct buffer_layout *l = &msg->layout[i];

		if (l->row_pitch < msg->width * 4 ||
		    layout_bytes(l) > l->size)
			die("SETUP: buffer %d's layout does not fit into it", i);
	}
}

static uint64_t page_token(uint64_t token, uint64_t page)
{
	return token ^ (page + 1) * 0x9e3779b97f4a7c15ull;
}

/* Of a last, partial page, the head is looked at if it is there. */
static uint64_t page_count(uint64_t size)
{
	return (size + PROBE_PAGE - sizeof(uint64_t)) / PROBE_PAGE;
}

static uint64_t probe_write(void *map, uint64_t size, uint64_t token)
{
	uint64_t pages = page_count(size);

	for (uint64_t i = 0; i < pages; i++)
		*(volatile uint64_t *)((char *)map + i * PROBE_PAGE) = page_token(token, i);
	return pages;
}

static uint64_t probe_count(const void *map, uint64_t size, uint64_t token)
{
	uint64_t found = 0;

	for (uint64_t i = 0; i < page_count(size); i++)
		found += *(const volatile uint64_t *)((const char *)map + i * PROBE_PAGE) ==
			 page_token(token, i);
	return found;
}

/* Buffers must not be taken for each other either, so each has its token. */
static uint64_t buffer_token(uint64_t token, int buffer)
{
	return token + (uint64_t)buffer * 0xd1b54a32d192ed03ull;
}

uint64_t probe_peer(int sock, const struct message *setup, void *const maps[BUFFERS])
{
	struct message msg = { .type = PROBE, .token = now_ns() ^ (uint64_t)getpid() << 40 };
	uint64_t token = msg.token, pages = 0, found = 0;

	for (int i = 0; i < BUFFERS; i++)
		pages += probe_write(maps[i], layout_bytes(&setup->layout[i]),
				     buffer_token(token, i));
	share_send(sock, &msg, NULL, 0);
	share_receive(sock, PROBE, 0, &msg, NULL, 0);
	if (msg.pages != pages)
		die("the producer saw %llu of the %llu pages written here: not the same memory",
		    (unsigned long long)msg.pages, (unsigned long long)pages);
	for (int i = 0; i < BUFFERS; i++)
		found += probe_count(maps[i], layout_bytes(&setup->layout[i]),
				     ~buffer_token(token, i));
	if (found != pages)
		die("of %llu pages the producer wrote, %llu are seen here: not the same memory",
		    (unsigned long long)pages, (unsigned long long)found);
	/* Now the next peer may write to them. */
	share_send(sock, &msg, NULL, 0);
	return found;
}

uint64_t probe_producer(int sock, const struct message *setup, void *const maps[BUFFERS])
{
	struct message msg;
	uint64_t token;

	share_receive(sock, PROBE, 0, &msg, NULL, 0);
	token = msg.token;
	msg.pages = 0;
	for (int i = 0; i < BUFFERS; i++) {
		uint64_t size = layout_bytes(&setup->layout[i]);

		msg.pages += probe_count(maps[i], size, buffer_token(token, i));
		probe_write(maps[i], size, ~buffer_token(token, i));
	}
	share_send(sock, &msg, NULL, 0);
	share_receive(sock, PROBE, 0, &msg, NULL, 0);
	return msg.pages;
}

// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: buffers of a program's own memory, and labels
 *
 * Catches a driver that copies such memory rather than using it, that lets it be
 * exported, or opened by a name, that pins more than a program may, or even makes a
 * list of it, or keeps pages after the buffer; one that holds its pages without
 * pinning them, or pins a file's; and one that uses a buffer after its last job has
 * put it.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "kselftest_harness.h"

#include "helpers.h"

FIXTURE(userptr) {
	int fd;
	uint32_t copy;
	uint8_t *mem;
};

#define SIZE	(16 * PAGE)

FIXTURE_SETUP(userptr)
{
	self->fd = device_open();
	self->copy = copy_queue(self->fd);
	self->mem = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must_be(self->mem != MAP_FAILED);
}

FIXTURE_TEARDOWN(userptr)
{
	munmap(self->mem, SIZE);
	close(self->fd);
}

static uint64_t pinned_kb(void)
{
	char line[128];
	unsigned long long kb = 0;
	FILE *status = fopen("/proc/self/status", "r");

	while (fgets(line, sizeof(line), status))
		sscanf(line, "VmPin: %llu", &kb);
	fclose(status);
	return kb;
}

TEST_F(userptr, bytes_both_ways)
{
	struct buffer buf = buffer_create(self->fd, SIZE);
	struct drm_figment_gem_info info;
	struct job job = { .queue = self->copy };
	struct job back = { .queue = self->copy };
	uint32_t handle;

	fill_random(self->mem, SIZE, 1);
	must(figment_bo_userptr(self->fd, self->mem, SIZE, &handle));
	must(figment_bo_info(self->fd, handle, &info));
	EXPECT_EQ(DRM_FIGMENT_GEM_USER, info.flags);
	EXPECT_EQ(SIZE, info.size);
	EXPECT_EQ(0, info.mmap_offset);

	job_copies(&job, handle, buf.handle, SIZE);
	EXPECT_EQ(1, settle(submit_file(self->fd, &job)));
	EXPECT_EQ(0, memcmp(buf.map, self->mem, SIZE));

	/* What the program writes later is seen: it is the memory, not a copy. */
	fill_random(buf.map, SIZE, 2);
	job_copies(&back, buf.handle, handle, SIZE);
	EXPECT_EQ(1, settle(submit_file(self->fd, &back)));
	EXPECT_EQ(0, memcmp(buf.map, self->mem, SIZE));
	must(figment_bo_close(self->fd, handle));
}

TEST_F(userptr, is_nobody_elses)
{
	uint32_t handle;
	int dmabuf;

	must(figment_bo_userptr(self->fd, self->mem, SIZE, &handle));
	EXPECT_EQ(-EPERM, figment_bo_export(self->fd, handle, &dmabuf));
}

/* On the primary node a name is enough to open a buffer, for whoever is authenticated. */
TEST_F(userptr, has_no_name_for_others)
{
	struct drm_gem_open open_own = { 0 }, open_name = { 0 };
	struct drm_gem_flink flink = { 0 };
	struct drm_auth auth;
	struct figment_node node;
	uint32_t plain;
	int fd, other;

	must(figment_enumerate(&node, 1));
	fd = must_call(open(node.primary, O_RDWR | O_CLOEXEC));
	other = must_call(open(node.primary, O_RDWR | O_CLOEXEC));
	must(raw_ioctl(other, DRM_IOCTL_GET_MAGIC, &auth));
	if (raw_ioctl(fd, DRM_IOCTL_AUTH_MAGIC, &auth))
		SKIP(close(fd); close(other); return, "somebody else is the device's master");

	must(figment_bo_create(fd, SIZE, &plain));
	flink.handle = plain;
	must(raw_ioctl(fd, DRM_IOCTL_GEM_FLINK, &flink));
	open_name.name = flink.name;
	EXPECT_EQ(0, raw_ioctl(other, DRM_IOCTL_GEM_OPEN, &open_name));

	must(figment_bo_userptr(fd, self->mem, SIZE, &flink.handle));
	must(raw_ioctl(fd, DRM_IOCTL_GEM_FLINK, &flink));
	open_name.name = open_own.name = flink.name;
	EXPECT_EQ(-EPERM, raw_ioctl(other, DRM_IOCTL_GEM_OPEN, &open_name));
	EXPECT_EQ(0, raw_ioctl(fd, DRM_IOCTL_GEM_OPEN, &open_own));
	EXPECT_EQ(SIZE, open_own.size);
	close(other);
	close(fd);
}

/* Copy a buffer to one of the device's and look whether it is what a seed makes. */
static bool is_random(FIXTURE_DATA(userptr) *self, uint32_t handle, uint64_t seed)
{
	struct buffer buf = buffer_create(self->fd, SIZE);
	struct job job = { .queue = self->copy };
	static uint8_t want[SIZE];
	bool same;

	fill_random(want, SIZE, seed);
	job_copies(&job, handle, buf.handle, SIZE);
	must_be(settle(submit_file(self->fd, &job)) == 1);
	same = !memcmp(buf.map, want, SIZE);
	buffer_destroy(self->fd, &buf);
	return same;
}

/* Whoever unmaps it gives the pages back, to be used for something else; but not these. */
TEST_F(userptr, its_pages_outlive_the_mapping)
{
	const size_t size = 64 << 20;
	uint32_t handle;
	uint8_t *other;

	fill_random(self->mem, SIZE, 3);
	must(figment_bo_userptr(self->fd, self->mem, SIZE, &handle));
	must_call(munmap(self->mem, SIZE));
	other = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must_be(other != MAP_FAILED);
	memset(other, 0xa5, size);
	EXPECT_TRUE(is_random(self, handle, 3));
	munmap(other, size);
}

/* After a fork they are still the parent's: the child is who gets copies. */
TEST_F(userptr, its_pages_stay_the_parents)
{
	uint32_t handle;
	pid_t child;

	fill_random(self->mem, SIZE, 4);
	must(figment_bo_userptr(self->fd, self->mem, SIZE, &handle));
	child = must_call(fork());
	if (!child) {
		pause();
		_exit(0);
	}
	fill_random(self->mem, SIZE, 5);
	EXPECT_TRUE(is_random(self, handle, 5));
	kill(child, SIGKILL);
	must_call(waitpid(child, NULL, 0));
}

/*
 * Unpinning wants a page's lock, which a file system that does not answer keeps. A
 * memfd has nobody behind it, and what is written to a private mapping is no file's.
 */
TEST_F(userptr, files_are_refused)
{
	char dir[] = "/tmp/figment-userptr.XXXXXX", path[64];
	int memory = must_call(memfd_create("figment", MFD_CLOEXEC)), file;
	uint64_t pinned = pinned_kb();
	uint32_t handle;
	uint8_t *map;

	must_call(ftruncate(memory, SIZE));
	map = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
	fill_random(map, SIZE, 6);
	must(figment_bo_userptr(self->fd, map, SIZE, &handle));
	EXPECT_TRUE(is_random(self, handle, 6));
	must(figment_bo_close(self->fd, handle));
	munmap(map, SIZE);

	if (!is_root())
		SKIP(return, "only root can mount a file system");
	must_be(mkdtemp(dir));
	must_call(mount("figment", dir, "ramfs", 0, NULL));
	snprintf(path, sizeof(path), "%s/file", dir);
	file = must_call(open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600));
	must_call(umount2(dir, MNT_DETACH));
	must_call(rmdir(dir));
	must_call(ftruncate(file, SIZE));

	map = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	fill_random(map, SIZE, 7);
	EXPECT_EQ(-EFAULT, figment_bo_userptr(self->fd, map, SIZE, &handle));
	/* A page of its own among them. */
	must_be(mmap(map, PAGE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == map);
	EXPECT_EQ(-EFAULT, figment_bo_userptr(self->fd, map, SIZE, &handle));
	munmap(map, SIZE);
	EXPECT_EQ(pinned, pinned_kb());

	map = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
	EXPECT_EQ(0, figment_bo_userptr(self->fd, map, SIZE, &handle));
	munmap(map, SIZE);
}

/* Generic clients' way to map a buffer does not know what it is made of. */
TEST_F(userptr, is_not_mapped_again)
{
	struct drm_mode_map_dumb dumb = { 0 };
	struct figment_node node;
	int fd;

	must(figment_enumerate(&node, 1));
	fd = must_call(open(node.primary, O_RDWR | O_CLOEXEC));
	must(figment_bo_userptr(fd, self->mem, SIZE, &dumb.handle));
	if (!raw_ioctl(fd, DRM_IOCTL_MODE_MAP_DUMB, &dumb))
		EXPECT_EQ(MAP_FAILED, mmap(NULL, SIZE, PROT_READ, MAP_SHARED, fd, dumb.offset));
	close(fd);
}

TEST_F(userptr, bad_arguments)
{
	uint8_t *readonly = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint8_t *hole = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t pinned = pinned_kb();
	const struct {
		struct drm_figment_gem_userptr args;
		int error;
	} bad[] = {
		{ { .addr = (uintptr_t)self->mem, .size = 0 }, -EINVAL },
		{ { .addr = (uintptr_t)self->mem, .size = PAGE / 2 }, -EINVAL },
		{ { .addr = (uintptr_t)self->mem + 8, .size = PAGE }, -EINVAL },
		{ { .addr = (uintptr_t)self->mem, .size = PAGE, .flags = 1 }, -EINVAL },
		{ { .addr = -(uint64_t)PAGE, .size = 2 * PAGE }, -EINVAL },
		{ { .addr = 0xffff800000000000, .size = PAGE }, -EINVAL },
		{ { .addr = (uintptr_t)self->mem, .size = 1ull << 40 }, -EINVAL },
		{ { .addr = 0, .size = PAGE }, -EFAULT },
		{ { .addr = (uintptr_t)readonly, .size = PAGE }, -EFAULT },
		/* The first page is there, and the second is not. */
		{ { .addr = (uintptr_t)hole, .size = 2 * PAGE }, -EFAULT },
		{ { .addr = (uintptr_t)self->mem, .size = (1ull << 36) + PAGE }, -EINVAL },
	};

	must_call(munmap(hole + PAGE, 3 * PAGE));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct drm_figment_gem_userptr args = bad[i].args;

		EXPECT_EQ(bad[i].error,
			  raw_ioctl(self->fd, DRM_IOCTL_FIGMENT_GEM_USERPTR, &args));
		EXPECT_EQ(0, args.handle);
	}
	/* Nothing was pinned on the way. */
	EXPECT_EQ(pinned, pinned_kb());
	munmap(readonly, PAGE);
	munmap(hole, PAGE);
}

TEST_F(userptr, counts_as_pinned)
{
	uint64_t before = pinned_kb();
	uint32_t handle;

	must(figment_bo_userptr(self->fd, self->mem, SIZE, &handle));
	EXPECT_EQ(before + SIZE / 1024, pinned_kb());
	must(figment_bo_close(self->fd, handle));
	EXPECT_EQ(before, pinned_kb());
}

/* root is above the limit: somebody else tries. */
static void pin_too_much(int sock)
{
	const struct rlimit limit = { 8 * PAGE, 8 * PAGE };
	int fd = recv_fd(sock);
	void *mem = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint32_t handle;

	must_call(setrlimit(RLIMIT_MEMLOCK, &limit));
	must_call(setresuid(65534, 65534, 65534));
	must_be(figment_bo_userptr(fd, mem, SIZE, &handle) == -ENOMEM);
	must(figment_bo_userptr(fd, mem, 4 * PAGE, &handle));
}

TEST_F(userptr, no_more_than_one_may)
{
	struct child child = child_start(pin_too_much);

	send_fd(child.sock, self->fd);
	EXPECT_EQ(0, child_join(&child));
}

#define GROUP	"/sys/fs/cgroup/figment-selftest"

static bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool done = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return done;
}

/* In a group of its own, where the kernel's memory counts as well. */
static void pin_far_too_much(int sock)
{
	const struct rlimit limit = { 8 * PAGE, 8 * PAGE };
	int fd = recv_fd(sock);
	/* Far from the end of the address space, beyond which the size would lead. */
	void *mem = mmap((void *)(1ul << 28), SIZE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct drm_figment_gem_userptr args = { .addr = (uintptr_t)mem, .size = 1ull << 36 };

	must_be(write_file(GROUP "/cgroup.procs", "0"));
	must_call(setrlimit(RLIMIT_MEMLOCK, &limit));
	must_call(setresuid(65534, 65534, 65534));
	must_be(raw_ioctl(fd, DRM_IOCTL_FIGMENT_GEM_USERPTR, &args) == -ENOMEM);
}

/* What lists 2^36 bytes of pages takes 128 MiB itself. */
TEST_F(userptr, what_may_not_be_pinned_is_not_listed)
{
	struct child child;
	long long peak = -1;
	FILE *from;

	write_file("/sys/fs/cgroup/cgroup.subtree_control", "+memory");
	if (!is_root() || (mkdir(GROUP, 0755) && errno != EEXIST) ||
	    access(GROUP "/memory.peak", R_OK))
		SKIP(return, "needs root and cgroup2's memory.peak");
	child = child_start(pin_far_too_much);
	send_fd(child.sock, self->fd);
	EXPECT_EQ(0, child_join(&child));
	from = fopen(GROUP "/memory.peak", "r");
	must_be(from && fscanf(from, "%lld", &peak) == 1);
	fclose(from);
	EXPECT_LT(0, peak);
	EXPECT_GT(32 << 20, peak);
	rmdir(GROUP);
}

static bool fdinfo_has(int fd, const char *text)
{
	char path[64], line[256];
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fopen(path, "r");
	while (fgets(line, sizeof(line), file))
		found |= strstr(line, text) != NULL;
	fclose(file);
	return found;
}

TEST_F(userptr, labels)
{
	struct buffer buf = buffer_create(self->fd, PAGE);
	struct drm_figment_gem_label args = { .handle = buf.handle };

	must(figment_bo_label(self->fd, buf.handle, "a scanout buffer"));
	EXPECT_TRUE(fdinfo_has(self->fd, "a scanout buffer"));
	must(figment_bo_label(self->fd, buf.handle, ""));
	EXPECT_FALSE(fdinfo_has(self->fd, "a scanout buffer"));

	memset(args.label, 'x', sizeof(args.label));
	EXPECT_EQ(-EINVAL, raw_ioctl(self->fd, DRM_IOCTL_FIGMENT_GEM_LABEL, &args));
	EXPECT_EQ(-EINVAL, figment_bo_label(self->fd, buf.handle, "two\nlines"));
	EXPECT_EQ(-ENOENT, figment_bo_label(self->fd, 4711, "nobody"));
	EXPECT_FALSE(fdinfo_has(self->fd, "xxxx"));
}

struct closer {
	int fd;
	uint32_t handle;
	bool go;
	unsigned int after;
};

static void *close_it(void *arg)
{
	struct closer *closer = arg;

	while (!__atomic_load_n(&closer->go, __ATOMIC_ACQUIRE))
		continue;
	for (volatile unsigned int i = 0; i < closer->after; i++)
		continue;
	must(figment_bo_close(closer->fd, closer->handle));
	return NULL;
}

/*
 * A job that is done before the rest of its SUBMIT has begun has the last reference to
 * a buffer whose reservation object that SUBMIT has locked.
 */
TEST_F(userptr, a_buffer_ends_before_its_submit)
{
	enum { JOBS = 1024, TIMES = 60 };
	struct drm_figment_job *jobs = calloc(JOBS, sizeof(*jobs));
	struct drm_figment_bo bo = { .flags = DRM_FIGMENT_BO_READ };
	unsigned int taken = 0;

	must_be(jobs);
	for (int i = 0; i < JOBS; i++)
		jobs[i].queue = self->copy;
	jobs[0].bos = FIGMENT_ARRAY(&bo, 1);
	for (unsigned int i = 0; i < TIMES; i++) {
		struct closer closer = { .fd = self->fd, .after = i * 2000 };
		pthread_t thread;
		int ret;

		must(figment_bo_userptr(self->fd, self->mem, PAGE, &closer.handle));
		bo.handle = closer.handle;
		must_be(!pthread_create(&thread, NULL, close_it, &closer));
		__atomic_store_n(&closer.go, true, __ATOMIC_RELEASE);
		do {
			ret = figment_submit(self->fd, jobs, JOBS);
		} while (ret == -EBUSY);
		EXPECT_TRUE(!ret || ret == -ENOENT) TH_LOG("%d", ret);
		taken += !ret;
		pthread_join(thread, NULL);
	}
	EXPECT_LT(0, taken);
	free(jobs);
}

FIGMENT_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: the same device, another build of the driver
 *
 * Its images may be laid out otherwise, so its opaque handles are refused, whereas
 * a dma-buf says how it is laid out and is taken. The other build is this one with
 * a bit of its build id changed.
 *
 * Catches a shim that does not look where an opaque handle is from; whose UUIDs do
 * not tell, or tell two copies of one build apart; that refuses dma-bufs as well.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"

#define SIZE	(2 * PAGE)

static char dir[] = "/tmp/figment-builds.XXXXXX";

static uint8_t *read_driver(const char *path, size_t *size)
{
	int fd = must_call(open(path, O_RDONLY | O_CLOEXEC));
	uint8_t *bytes;
	struct stat st;

	must_call(fstat(fd, &st));
	bytes = malloc(st.st_size);
	must_be(bytes);
	for (*size = 0; *size < (size_t)st.st_size;)
		*size += must_call(read(fd, bytes + *size, st.st_size - *size));
	close(fd);
	return bytes;
}

static void write_file(const char *path, const void *bytes, size_t size)
{
	int fd = must_call(open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700));

	must_be(write(fd, bytes, size) == (ssize_t)size);
	close(fd);
}

/* Change the note's last byte but leave its form. */
static void change_build_id(uint8_t *bytes, size_t size)
{
	static const uint8_t head[] = { 4, 0, 0, 0, 20, 0, 0, 0, 3, 0, 0, 0, 'G', 'N', 'U', 0 };
	uint8_t *note = memmem(bytes, size, head, sizeof(head));

	must_be(note);
	note[sizeof(head) + 19] ^= 1;
}

/* A copy of the driver with a manifest; the variable that has the loader take it. */
static void make_build(const char *name, bool other, char env[VK_ENV])
{
	char path[VK_PATH], library[VK_PATH], manifest[VK_PATH], text[2 * VK_PATH];
	uint8_t *bytes;
	size_t size;

	must_be(vk_manifest("figment_icd*.json", manifest));
	vk_manifest_string(manifest, "library_path", library);
	bytes = read_driver(library, &size);
	if (other)
		change_build_id(bytes, size);
	snprintf(path, sizeof(path), "%s/libfigment_%s.so", dir, name);
	write_file(path, bytes, size);
	free(bytes);
	snprintf(text, sizeof(text), "{ \"file_format_version\": \"1.0.1\", \"ICD\": { "
		 "\"library_path\": \"%s\", \"api_version\": \"1.4.0\" } }", path);
	snprintf(path, sizeof(path), "%s/figment_%s.json", dir, name);
	write_file(path, text, strlen(text));
	vk_driver_files(env, "VK_DRIVER_FILES", path, NULL);
}

static VkPhysicalDeviceIDProperties ids(struct vk *vk)
{
	VkPhysicalDeviceIDProperties id = {
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ID_PROPERTIES,
	};
	VkPhysicalDeviceProperties2 p = {
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2,
		.pNext = &id,
	};

	vkGetPhysicalDeviceProperties2(vk->physical, &p);
	return id;
}

static void send_uuid(int sock, const uint8_t *uuid)
{
	uint64_t words[2];

	memcpy(words, uuid, sizeof(words));
	send_word(sock, words[0]);
	send_word(sock, words[1]);
}

static bool is_uuid(int sock, const uint8_t *uuid)
{
	uint64_t words[2];

	words[0] = recv_word(sock);
	words[1] = recv_word(sock);
	return !memcmp(words, uuid, sizeof(words));
}

/* Gives away memory of its own, as both types, and tries to take what it is given. */
static void other(int sock)
{
	struct vk_buffer mine, taken;
	VkDeviceMemory memory;
	VkResult result;
	struct vk vk;
	int fd;

	vk_open(&vk);
	send_uuid(sock, ids(&vk).deviceUUID);
	send_uuid(sock, ids(&vk).driverUUID);
	vk_buffer(&vk, &mine, SIZE, OPAQUE_MEMORY | DMA_BUF_MEMORY);
	words_set(mine.map, SIZE, 0x1111);
	give_fd(sock, vk_memory_fd(&vk, mine.memory, OPAQUE_MEMORY));
	give_fd(sock, vk_memory_fd(&vk, mine.memory, DMA_BUF_MEMORY));

	vk.quiet = true;
	fd = recv_fd(sock);
	result = vk_allocate(&vk, SIZE, 0, OPAQUE_MEMORY, fd, &memory);
	must_be(fd_is_open(fd) == (result != VK_SUCCESS));
	send_word(sock, -result);
	if (result)
		close(fd);
	else
		vkFreeMemory(vk.device, memory, NULL);
	VK(vk_buffer_import(&vk, &taken, SIZE, DMA_BUF_MEMORY, recv_fd(sock)));
	send_word(sock, *(uint32_t *)taken.map);
	vk_buffer_free(&vk, &taken);
	recv_word(sock);
	vk_buffer_free(&vk, &mine);
	vk_close(&vk);
}

static void exchange(struct __test_metadata *_metadata, struct vk *vk, bool is_other)
{
	VkResult want = is_other ? VK_ERROR_INVALID_EXTERNAL_HANDLE : VK_SUCCESS;
	struct vk_buffer mine, theirs;
	VkDeviceMemory memory;
	struct child peer;
	char env[VK_ENV];
	VkResult result;
	int fd;

	make_build(is_other ? "other" : "same", is_other, env);
	peer = peer_start_env("other", (char *[]){ env, NULL });
	EXPECT_TRUE(is_uuid(peer.sock, ids(vk).deviceUUID));
	EXPECT_EQ(!is_other, is_uuid(peer.sock, ids(vk).driverUUID));

	vk->quiet = true;
	fd = recv_fd(peer.sock);
	result = vk_allocate(vk, SIZE, 0, OPAQUE_MEMORY, fd, &memory);
	EXPECT_EQ(want, result);
	EXPECT_EQ(result != VK_SUCCESS, fd_is_open(fd));
	if (result)
		close(fd);
	else
		vkFreeMemory(vk->device, memory, NULL);
	vk->quiet = false;
	ASSERT_EQ(VK_SUCCESS, vk_buffer_import(vk, &theirs, SIZE, DMA_BUF_MEMORY,
					       recv_fd(peer.sock)));
	EXPECT_TRUE(words_are(theirs.map, SIZE, 0x1111));

	vk_buffer(vk, &mine, SIZE, OPAQUE_MEMORY | DMA_BUF_MEMORY);
	words_set(mine.map, SIZE, 0x2222);
	give_fd(peer.sock, vk_memory_fd(vk, mine.memory, OPAQUE_MEMORY));
	give_fd(peer.sock, vk_memory_fd(vk, mine.memory, DMA_BUF_MEMORY));
	EXPECT_EQ(-want, recv_word(peer.sock));
	EXPECT_EQ(0x2222, recv_word(peer.sock));
	send_word(peer.sock, 0);
	EXPECT_EQ(0, child_join(&peer));
	vk_buffer_free(vk, &mine);
	vk_buffer_free(vk, &theirs);
}

TEST_F(vk, another_builds_opaque_memory_is_refused)
{
	exchange(_metadata, &self->vk, true);
}

TEST_F(vk, the_same_builds_is_taken_wherever_it_is_installed)
{
	exchange(_metadata, &self->vk, false);
}

static void remove_dir(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf %s", dir);
	if (system(command))
		fprintf(stderr, "# %s failed\n", command);
}

int main(int argc, char **argv)
{
	static const struct role roles[] = { { "other", other }, { 0 } };
	int ret;

	peer_main(roles, argc, argv);
	require_device();
	vk_prepare();
	must_be(mkdtemp(dir));
	ret = test_harness_run(argc, argv);
	remove_dir();
	return ret;
}

// SPDX-License-Identifier: MIT
/**
 * DOC: UUIDs
 *
 * An application compares them to learn whether an opaque handle from elsewhere
 * means the same here. The device's are the same in every process and differ
 * between devices. The driver's names this build of the shim, by its build id, and
 * the lavapipe behind it, whose image layouts are part of what is shared.
 */
#include <elf.h>
#include <link.h>
#include <string.h>

#include "shim.h"

/* FNV-1a, once for each half. Nobody needs to be kept from making another. */
static void mix(uint64_t state[2], const void *data, size_t size)
{
	const unsigned char *bytes = data;

	for (size_t i = 0; i < size; i++) {
		state[0] = (state[0] ^ bytes[i]) * 0x100000001b3ull;
		state[1] = (state[1] ^ bytes[i] ^ (state[0] >> 56)) * 0x100000001b3ull;
	}
}

static void begin(uint64_t state[2], const char *what)
{
	state[0] = 0xcbf29ce484222325ull;
	state[1] = 0x84222325cbf29ce4ull;
	mix(state, what, strlen(what));
}

/* Mix in the build id of the library that contains this very function. */
static int mix_build_id(struct dl_phdr_info *info, size_t size, void *state)
{
	uintptr_t here = (uintptr_t)mix_build_id;
	bool ours = false;

	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *ph = &info->dlpi_phdr[i];
		uintptr_t start = info->dlpi_addr + ph->p_vaddr;

		ours |= ph->p_type == PT_LOAD && here >= start && here < start + ph->p_memsz;
	}
	for (int i = 0; ours && i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *ph = &info->dlpi_phdr[i];

		/* Build id, and whatever other notes a linker leaves: all of the build. */
		if (ph->p_type == PT_NOTE)
			mix(state, (void *)(info->dlpi_addr + ph->p_vaddr), ph->p_memsz);
	}
	return ours;
}

void uuid_of_device(const struct physical_device *pdev, uint8_t uuid[VK_UUID_SIZE])
{
	uint64_t state[2];

	begin(state, "figment device");
	mix(state, &pdev->node.index, sizeof(pdev->node.index));
	memcpy(uuid, state, VK_UUID_SIZE);
}

void uuid_of_driver(const uint8_t lavapipe[VK_UUID_SIZE], const char *lavapipe_info,
		    uint8_t uuid[VK_UUID_SIZE])
{
	uint64_t state[2];

	begin(state, "figment driver");
	dl_iterate_phdr(mix_build_id, state);
	mix(state, lavapipe, VK_UUID_SIZE);
	mix(state, lavapipe_info, strlen(lavapipe_info));
	memcpy(uuid, state, VK_UUID_SIZE);
}

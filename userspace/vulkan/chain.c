// SPDX-License-Identifier: MIT
/**
 * DOC: pNext chains
 *
 * An application's chain may not be changed, and may be shared between its
 * threads. So what has to be kept from lavapipe is kept by building it another
 * chain, of copies of the structures that the shim knows to be safe there. A
 * structure that is not known is left out, as a driver must ignore it.
 */
#include <string.h>

#include "shim.h"

void *chain_find(const void *chain, VkStructureType type)
{
	for_each_struct(s, chain) {
		if (s->sType == type)
			return s;
	}
	return NULL;
}

/**
 * chain_copy_known() - copy what is known of a chain, in reverse order
 * @copy: the memory the copies are in
 * @chain: the application's
 * @known: what to copy, each at most once
 * @count: how many those are, at most CHAIN_MAX_KNOWN
 * @tail: what to put after the copies
 *
 * Return: the new chain
 */
const void *chain_copy_known(struct chain_copy *copy, const void *chain,
			     const struct chain_known *known, size_t count, const void *tail)
{
	for (size_t i = 0; i < count; i++) {
		const void *from = chain_find(chain, known[i].type);
		VkBaseInStructure *to = (void *)copy->structs[i];

		if (!from)
			continue;
		memcpy(to, from, known[i].size);
		to->pNext = tail;
		tail = to;
	}
	return tail;
}

// SPDX-License-Identifier: MIT
/**
 * DOC: fork
 *
 * A fork's child has none of its parent's threads, so nothing would ever execute
 * or complete what it submitted; and it shares the parent's open file, so closing
 * a handle there would close the parent's. To the child, therefore, a device made
 * before the fork is lost, and the shim does nothing to it any more. Nor can it
 * make another from an instance that it inherited, as the threads of lavapipe's
 * rasterizer belong to that. An instance of its own is as good as any.
 *
 * Nothing has to be looked up for that: instances and devices remember the
 * generation of the process that made them, and a fork's child is the next one.
 */
#include "shim.h"

static atomic_uint generation;

static void in_child(void)
{
	atomic_fetch_add(&generation, 1);
	table_after_fork_in_child();
}

__attribute__((constructor)) static void watch_forks(void)
{
	pthread_atfork(table_before_fork, table_after_fork, in_child);
}

uint32_t fork_generation(void)
{
	return atomic_load_explicit(&generation, memory_order_relaxed);
}

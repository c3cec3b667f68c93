// SPDX-License-Identifier: MIT
/**
 * DOC: the side table
 *
 * From a handle of lavapipe's to what the shim knows of it. Lookups are by far
 * the most frequent, from any thread, and hold a shard's lock for a few
 * instructions; what they find stays, because an application must not destroy an
 * object while another of its threads uses it.
 *
 * Shards are open hash tables with linear probing, of which a deletion closes
 * the gap, so that they hold nothing but what is alive.
 */
#include <stdlib.h>

#include "shim.h"

#define SHARDS 16

struct slot {
	uint64_t handle;	/* 0 if free: no object has the null handle */
	enum table_kind kind;
	void *object;
};

static struct shard {
	pthread_rwlock_t lock;
	struct slot *slots;
	size_t size;	/* a power of two */
	size_t used;
} shards[SHARDS] = {
	[0 ... SHARDS - 1] = { .lock = PTHREAD_RWLOCK_INITIALIZER },
};

/* Handles are addresses, so their low bits say little: spread them. */
static uint64_t hash(enum table_kind kind, uint64_t handle)
{
	uint64_t h = (handle ^ ((uint64_t)kind << 56)) * 0x9e3779b97f4a7c15ull;

	return h ^ (h >> 32);
}

static struct shard *shard_of(uint64_t h)
{
	return &shards[h % SHARDS];
}

/* Where the handle is, or the free slot where it would be. */
static struct slot *probe(struct slot *slots, size_t size, enum table_kind kind, uint64_t handle)
{
	size_t i = hash(kind, handle) / SHARDS & (size - 1);

	while (slots[i].handle && (slots[i].handle != handle || slots[i].kind != kind))
		i = (i + 1) & (size - 1);
	return &slots[i];
}

/* At most three quarters full, so that a probe always ends. */
static bool grow(struct shard *shard)
{
	size_t size = shard->size ? 2 * shard->size : 64;
	struct slot *slots;

	if (shard->size && (shard->used + 1) * 4 <= shard->size * 3)
		return true;
	slots = calloc(size, sizeof(*slots));
	if (!slots)
		return false;
	for (size_t i = 0; i < shard->size; i++) {
		struct slot *old = &shard->slots[i];

		if (old->handle)
			*probe(slots, size, old->kind, old->handle) = *old;
	}
	free(shard->slots);
	shard->slots = slots;
	shard->size = size;
	return true;
}

bool table_insert(enum table_kind kind, uint64_t handle, void *object)
{
	struct shard *shard = shard_of(hash(kind, handle));
	bool ok;

	pthread_rwlock_wrlock(&shard->lock);
	ok = grow(shard);
	if (ok) {
		struct slot *slot = probe(shard->slots, shard->size, kind, handle);

		shard->used += !slot->handle;
		*slot = (struct slot){ handle, kind, object };
	}
	pthread_rwlock_unlock(&shard->lock);
	return ok;
}

void *table_find(enum table_kind kind, uint64_t handle)
{
	struct shard *shard = shard_of(hash(kind, handle));
	void *object = NULL;

	if (!handle)
		return NULL;
	pthread_rwlock_rdlock(&shard->lock);
	if (shard->size)
		object = probe(shard->slots, shard->size, kind, handle)->object;
	pthread_rwlock_unlock(&shard->lock);
	return object;
}

/* Take out the slot and put back those behind it that had to give way to it. */
static void delete(struct shard *shard, struct slot *slot)
{
	size_t i = slot - shard->slots;

	shard->slots[i] = (struct slot){ 0 };
	shard->used--;
	for (;;) {
		struct slot moved;

		i = (i + 1) & (shard->size - 1);
		moved = shard->slots[i];
		if (!moved.handle)
			return;
		shard->slots[i] = (struct slot){ 0 };
		*probe(shard->slots, shard->size, moved.kind, moved.handle) = moved;
	}
}

void *table_remove(enum table_kind kind, uint64_t handle)
{
	struct shard *shard = shard_of(hash(kind, handle));
	void *object = NULL;

	if (!handle)
		return NULL;
	pthread_rwlock_wrlock(&shard->lock);
	if (shard->size) {
		struct slot *slot = probe(shard->slots, shard->size, kind, handle);

		object = slot->object;
		if (slot->handle)
			delete(shard, slot);
	}
	pthread_rwlock_unlock(&shard->lock);
	return object;
}

/* Around a fork, so that the child gets no table in the middle of a change. */
void table_before_fork(void)
{
	for (int i = 0; i < SHARDS; i++)
		pthread_rwlock_wrlock(&shards[i].lock);
}

void table_after_fork(void)
{
	for (int i = 0; i < SHARDS; i++)
		pthread_rwlock_unlock(&shards[i].lock);
}

/* Only the thread that took a lock may release it, and in the child it is another. */
void table_after_fork_in_child(void)
{
	for (int i = 0; i < SHARDS; i++)
		pthread_rwlock_init(&shards[i].lock, NULL);
}

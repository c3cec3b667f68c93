// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: coverage
 *
 * KCOV gives the instructions of figment.ko that a thread's system call ran
 * through, at the start of each basic block. An edge is two in a row. What a
 * program reached is a set of 64-bit features: edges (both addresses, whose upper
 * half all code shares), single instructions, and outcomes (a call and an errno).
 *
 * All programs' features are in one set that the workers share, which grows by
 * compare-and-exchange: a worker that is killed leaves it whole. It is keyed by
 * the features themselves, so nothing collides.
 *
 * Only what runs in the caller's own context is seen: not the schedulers' workers,
 * the copy rings' threads, or timers.
 */
#include <fcntl.h>
#include <linux/kcov.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"

#define KCOV_WORDS	(16 << 10)

/* What stands where an edge has its first address. */
#define FEATURE_OUTCOME	1ull
#define FEATURE_PC	2ull

bool kcov_open(struct kcov *kcov)
{
	void *area;

	kcov->fd = open("/sys/kernel/debug/kcov", O_RDWR | O_CLOEXEC);
	if (kcov->fd < 0)
		return false;
	if (ioctl(kcov->fd, KCOV_INIT_TRACE, KCOV_WORDS))
		return false;
	area = mmap(NULL, KCOV_WORDS * sizeof(long), PROT_READ | PROT_WRITE, MAP_SHARED,
		    kcov->fd, 0);
	if (area == MAP_FAILED)
		return false;
	kcov->area = area;
	return !ioctl(kcov->fd, KCOV_ENABLE, KCOV_TRACE_PC);
}

void kcov_start(struct kcov *kcov)
{
	__atomic_store_n(kcov->area, 0, __ATOMIC_RELAXED);
}

void kcov_stop(struct kcov *kcov, struct trace *trace)
{
	unsigned long n = __atomic_load_n(kcov->area, __ATOMIC_RELAXED);
	uint64_t last = 0;

	/* What the reading of it runs through is not of interest. */
	for (unsigned long i = 0; i < n; i++) {
		uint64_t pc = kcov->area[i + 1] & 0xffffffff;

		trace_add(trace, last << 32 | pc);
		trace_add(trace, FEATURE_PC << 32 | pc);
		last = pc;
	}
}

static unsigned int hash(uint64_t feature, unsigned int bits)
{
	return feature * 0x9e3779b97f4a7c15 >> (64 - bits);
}

void trace_clear(struct trace *trace)
{
	trace->num = 0;
	trace->full = false;
	memset(trace->table, 0, sizeof(trace->table));
}

/* Where a feature is in the table, or would be: entries are 1 + index in the list. */
static uint16_t *trace_find(const struct trace *trace, uint64_t feature)
{
	unsigned int at = hash(feature, TRACE_BITS);

	while (trace->table[at] && trace->list[trace->table[at] - 1] != feature)
		at = (at + 1) % (1 << TRACE_BITS);
	return (uint16_t *)&trace->table[at];
}

void trace_add(struct trace *trace, uint64_t feature)
{
	uint16_t *at = trace_find(trace, feature);

	if (*at)
		return;
	if (trace->num == ARRAY_SIZE(trace->list)) {
		trace->full = true;
		return;
	}
	trace->list[trace->num++] = feature;
	*at = trace->num;
}

bool trace_has(const struct trace *trace, uint64_t feature)
{
	return *trace_find(trace, feature);
}

void trace_outcome(struct trace *trace, unsigned int op, unsigned int error)
{
	trace_add(trace, FEATURE_OUTCOME << 32 | op << 12 | error);
}

void trace_merge(struct trace *to, const struct trace *from)
{
	for (uint32_t i = 0; i < from->num; i++)
		trace_add(to, from->list[i]);
}

bool feature_is_pc(uint64_t feature)
{
	return feature >> 32 == FEATURE_PC;
}

/* Whether it is new. A set that is full takes nothing more. */
static bool coverage_insert(struct coverage *all, uint64_t feature)
{
	unsigned int at = hash(feature, SET_BITS);

	for (unsigned int tries = 0; tries < 1 << SET_BITS; tries++) {
		unsigned long long there = atomic_load(&all->set[at]);

		if (!there && atomic_compare_exchange_strong(&all->set[at], &there, feature))
			return true;
		if (there == feature)
			return false;
		at = (at + 1) % (1 << SET_BITS);
	}
	return false;
}

unsigned int coverage_add(struct coverage *all, const struct trace *trace, bool outcomes,
			  uint64_t *fresh, unsigned int max)
{
	unsigned int n = 0;

	for (uint32_t i = 0; i < trace->num; i++) {
		uint64_t feature = trace->list[i];

		if (!coverage_insert(all, feature))
			continue;
		if (feature >> 32 == FEATURE_OUTCOME) {
			atomic_fetch_add(&all->outcomes, 1);
			if (!outcomes)
				continue;
		} else if (feature_is_pc(feature)) {
			atomic_fetch_add(&all->pcs, 1);
		} else {
			atomic_fetch_add(&all->edges, 1);
		}
		if (n < max)
			fresh[n] = feature;
		n++;
	}
	return n;
}

// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: what a worker does
 *
 * The programs of the corpus come first, each as it is. Then each number is a
 * program made from one of the corpus, or of nothing, with randomness that the
 * run's seed and the number determine. Now and then it is a sweep instead: one call
 * of a known program, with its first, second, third, ... allocation failing, until
 * it has no more of them. So that a short run has them all fail, too, the first calls
 * of each kind that work in the corpus are swept at once.
 *
 * With @keep, what reaches something new is run again (what is gone by then was
 * chance), loses every call it can do without, and joins the corpus. Without, as in
 * a run that is to be the same each time, the corpus stays what it was.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "execute.h"

#define MAX_FRESH	32
#define MAX_SWEEP	80
/* How many calls of each kind, before it is left to chance. */
#define FIRST_SWEEPS	2

/* Whether a call has something of figment's to fail in. */
static bool is_worth_failing(const struct call *call)
{
	const struct call_desc *desc = &calls[call->op];

	return !(desc->flags & CALL_BUILDS) && desc->args[0].type == ARG_IN;
}

static void run(struct machine *m, struct worker_state *state, const struct program *program)
{
	unsigned int at = (atomic_load(&state->at) + 1) % HISTORY;

	state->history[at] = *program;
	atomic_store(&state->at, at);
	atomic_fetch_add(&state->beats, 1);
	machine_run(m, program, NULL);
}

static bool reaches(const struct machine *m, const uint64_t *features, unsigned int num)
{
	for (unsigned int i = 0; i < num; i++)
		if (!trace_has(&m->threads[0].trace, features[i]))
			return false;
	return true;
}

/* Cut a program down to what it takes to reach these, and keep that. */
static void keep(struct machine *m, struct worker_state *state, const struct program *found,
		 uint64_t *features, unsigned int num)
{
	struct program program = *found, less;

	for (int i = 0; i < 2; i++) {
		unsigned int kept = 0;

		run(m, state, &program);
		for (unsigned int j = 0; j < num; j++)
			if (trace_has(&m->threads[0].trace, features[j]))
				features[kept++] = features[j];
		num = kept;
		if (!num)
			return;
	}
	for (int i = program.num - 1; i >= 0 && !m->shared->stop; i--) {
		less = program;
		program_remove(&less, i, 1);
		run(m, state, &less);
		if (reaches(m, features, num))
			program = less;
	}
	for (uint32_t i = 0; i < program.num && !m->shared->stop; i++) {
		less = program;
		less.calls[i].async = 0;
		less.calls[i].nth = 0;
		less.calls[i].interrupt_us = 0;
		if (!memcmp(&less.calls[i], &program.calls[i], sizeof(less.calls[i])))
			continue;
		run(m, state, &less);
		if (reaches(m, features, num))
			program = less;
	}
	corpus_add(&m->shared->corpus, &program);
}

/* Returns whether a failure was injected. */
static bool run_and_judge(struct machine *m, struct worker_state *state,
			  const struct program *program, bool known)
{
	struct shared *shared = m->shared;
	uint64_t fresh[MAX_FRESH];
	unsigned int num;
	bool injected;

	run(m, state, program);
	injected = m->injected;
	num = coverage_add(&shared->coverage, &m->threads[0].trace, !shared->guided, fresh,
			   MAX_FRESH);
	if (!num || known)
		return injected;
	atomic_fetch_add(&shared->stats.finds, 1);
	if (shared->keep)
		keep(m, state, program, fresh, num < MAX_FRESH ? num : MAX_FRESH);
	return injected;
}

static void sweep(struct machine *m, struct worker_state *state, const struct program *base,
		  unsigned int at)
{
	struct program program = *base;
	struct call *call = &program.calls[at];
	bool injected;

	if (!is_worth_failing(call))
		return;
	/* Only this one is to fail. */
	for (uint32_t i = 0; i < program.num; i++)
		program.calls[i].nth = 0;
	call->async = 0;
	call->interrupt_us = 0;
	for (unsigned int nth = 1; nth <= MAX_SWEEP && !m->shared->stop; nth++) {
		call->nth = nth;
		injected = run_and_judge(m, state, &program, false);
		/* Then it has fewer of them than that. */
		if (!injected)
			break;
	}
}

/* A known program of the corpus has just been run as it is. */
static void first_sweeps(struct machine *m, struct worker_state *state,
			 const struct program *program)
{
	uint64_t worked = m->worked;

	for (uint32_t i = 0; i < program->num; i++) {
		const struct call *call = &program->calls[i];

		if (worked >> i & 1 && is_worth_failing(call) &&
		    atomic_fetch_add(&m->shared->swept[call->op], 1) < FIRST_SWEEPS)
			sweep(m, state, program, i);
	}
}

static const struct program *choose(const struct shared *shared, uint64_t *seed)
{
	unsigned int size = shared->keep ? corpus_size(&shared->corpus) : shared->corpus.loaded;

	if (!size)
		return NULL;
	/* What came last has been worked on least. */
	if (size > 8 && !random_below(seed, 3))
		return corpus_get(&shared->corpus, size - 1 - random_below(seed, size / 4));
	return corpus_get(&shared->corpus, random_below(seed, size));
}

static void step(struct machine *m, struct worker_state *state, uint64_t number)
{
	struct shared *shared = m->shared;
	uint64_t seed = (shared->seed + 1) * 0xd1342543de82ef95 + number;
	const struct program *base, *other;
	struct program program;

	if (number < shared->corpus.loaded) {
		base = corpus_get(&shared->corpus, number);
		run_and_judge(m, state, base, true);
		if (shared->injects)
			first_sweeps(m, state, base);
		return;
	}
	base = choose(shared, &seed);
	other = choose(shared, &seed);
	if (!base || !base->num || !random_below(&seed, 12)) {
		program_generate(&program, &seed);
		run_and_judge(m, state, &program, false);
	} else if (shared->injects && !random_below(&seed, 12)) {
		sweep(m, state, base, random_below(&seed, base->num));
	} else {
		program = *base;
		program_mutate(&program, other, &seed);
		run_and_judge(m, state, &program, false);
	}
}

static struct machine *machine_create(struct shared *shared)
{
	struct machine *m = mmap(NULL, sizeof(*m), PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (m == MAP_FAILED)
		_exit(2);
	machine_init(m, shared);
	return m;
}

void worker_run(struct shared *shared, unsigned int index)
{
	struct worker_state *state = &shared->workers[index];
	struct machine *m;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	m = machine_create(shared);
	while (!shared->stop) {
		uint64_t number = atomic_fetch_add(&shared->next, 1);

		if (shared->limit && number >= shared->limit)
			break;
		step(m, state, number);
	}
	_exit(0);
}

void replay_verbosely(struct shared *shared)
{
	struct machine *m = machine_create(shared);

	for (unsigned int i = 0; i < corpus_size(&shared->corpus); i++) {
		machine_run(m, corpus_get(&shared->corpus, i), stdout);
		coverage_add(&shared->coverage, &m->threads[0].trace, true, NULL, 0);
		printf("\n");
		fflush(stdout);
	}
}

void corpus_minimise(struct shared *shared)
{
	struct machine *m = machine_create(shared);
	struct corpus *corpus = &shared->corpus;
	struct trace *first = calloc(1, sizeof(*first)), *both = calloc(1, sizeof(*both));

	/* The shortest first; of what they reach only what they do each time. */
	for (unsigned int length = 1; length <= MAX_CALLS; length++)
		for (unsigned int i = 0; i < corpus_size(corpus); i++) {
			if (corpus->programs[i].num != length)
				continue;
			machine_run(m, &corpus->programs[i], NULL);
			*first = m->threads[0].trace;
			machine_run(m, &corpus->programs[i], NULL);
			trace_clear(both);
			for (uint32_t j = 0; j < first->num; j++)
				if (trace_has(&m->threads[0].trace, first->list[j]))
					trace_add(both, first->list[j]);
			if (!coverage_add(&shared->coverage, both, !shared->guided, NULL, 0))
				corpus->ready[i] = false;
		}
	free(first);
	free(both);
}

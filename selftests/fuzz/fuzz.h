/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef FIGMENT_FUZZ_H
#define FIGMENT_FUZZ_H

/**
 * DOC: the fuzzer
 *
 * A program is a short list of calls, each a line of text with named arguments.
 * Calls refer to what others made by slot (b3 is the fourth buffer, whichever
 * call made it last), so that a program stays one whatever is cut out of it or
 * put in. A submit is made of several calls, which add to a submit in the making:
 * that way jobs, waits and commands are mutated as calls are.
 *
 * Workers, each a process with threads, take programs from the corpus, change
 * them (mutate.c), run them (execute.c), and keep those that reach an edge of
 * figment.ko no program reached before (cover.c, from KCOV), cut down to the calls
 * that it takes (fuzz.c). On a kernel without KCOV what is left of guidance is
 * that a call ended with an errno it never had.
 */

#include <semaphore.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "figment.h"

#ifndef ARRAY_SIZE
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#endif

#define MAX_CALLS	40
#define MAX_ARGS	12
#define MAX_OPS		96
#define MAX_ERRNO	200
#define MAX_CORPUS	2048
#define MAX_WORKERS	8
#define SLOTS		8
#define HELPERS		2

/* What a call's @nth may be besides a number: fail some, at random. */
#define NTH_STORM	255

enum kind {
	NO_KIND, DEVICE, BUFFER, QUEUE, HOST, SYNCOBJ, SYNCOBJ_FD, SYNC_FILE, DMABUF, EVENT,
	MAPPING, NUM_KINDS
};

/* A reference to a slot; 0 is none. */
#define REF(kind, slot)		((kind) << 8 | (slot))
#define REF_KIND(ref)		((ref) >> 8)
#define REF_SLOT(ref)		((ref) & 0xff)

static inline bool kind_is_fd(unsigned int kind)
{
	return kind == DEVICE || kind == HOST || (kind >= SYNCOBJ_FD && kind <= EVENT);
}

/**
 * struct call - one call of a program
 * @op: which, an index of the table in calls.c
 * @async: a helper thread makes it, beside the calls that follow
 * @nth: the allocation (or copy) in it that fails, counted from 1; 0 for none
 * @interrupt_us: a signal interrupts it after so long; 0 for none
 * @args: its arguments: references and integers
 */
struct call {
	uint8_t op;
	uint8_t async;
	uint8_t nth;
	uint16_t interrupt_us;
	uint64_t args[MAX_ARGS];
};

struct program {
	uint32_t num;
	struct call calls[MAX_CALLS];
};

/* calls.c: the table */

enum arg_type { ARG_INT, ARG_FLAGS, ARG_ZERO, ARG_IN, ARG_OUT, ARG_FD };

/**
 * struct arg_desc - an argument
 * @name: in text
 * @type: an integer out of @values; some of them or-ed together; one that has to be
 *	zero; a reference to a slot that is read, or filled, or that has any fd
 * @kind: of a reference
 * @values: what an integer may well be
 * @num_values: how many
 */
struct arg_desc {
	const char *name;
	enum arg_type type;
	enum kind kind;
	const uint64_t *values;
	unsigned int num_values;
};

struct thread;

#define CALL_BUILDS	1	/* adds to the submit in the making: no system call */
#define CALL_BLOCKS	2	/* may block, and has to be interrupted */

/**
 * struct call_desc - a call
 * @name: in text
 * @run: makes it, with references to what is read resolved; 0 or a negative errno
 * @weight: how often it is chosen
 * @flags: CALL_*
 * @args: its arguments, up to one without a name
 */
struct call_desc {
	const char *name;
	long (*run)(struct thread *t, const uint64_t *a);
	unsigned int weight;
	unsigned int flags;
	struct arg_desc args[MAX_ARGS];
};

extern const struct call_desc calls[];
extern const unsigned int num_calls;
extern const char kind_letters[];

/* program.c */
void program_print(FILE *to, const struct program *program);
/** program_read() - the next one of a file; false at its end */
bool program_read(FILE *from, struct program *program, const char *name, int *line);
void call_print(FILE *to, const struct call *call);

/* mutate.c */
uint64_t random_below(uint64_t *seed, uint64_t limit);
/** program_mutate() - change a program; @other is one to take calls from, or NULL */
void program_mutate(struct program *program, const struct program *other, uint64_t *seed);
void program_generate(struct program *program, uint64_t *seed);
void program_remove(struct program *program, unsigned int at, unsigned int count);

/* cover.c */

#define TRACE_BITS	13
#define SET_BITS	17

/**
 * struct trace - what one program reached, each once
 * @num: how many
 * @list: they
 * @table: an index of them
 * @full: there was more
 */
struct trace {
	uint32_t num;
	bool full;
	uint64_t list[1 << (TRACE_BITS - 1)];
	uint16_t table[1 << TRACE_BITS];
};

/**
 * struct coverage - what all programs reached; shared by the workers
 * @pcs: instructions of figment.ko
 * @edges: pairs of them, one after the other in one call
 * @outcomes: pairs of a call and an errno
 * @set: all of these
 */
struct coverage {
	atomic_uint pcs, edges, outcomes;
	atomic_ullong set[1 << SET_BITS];
};

struct kcov {
	int fd;
	unsigned long *area;
};

bool kcov_open(struct kcov *kcov);
void kcov_start(struct kcov *kcov);
void kcov_stop(struct kcov *kcov, struct trace *trace);
void trace_clear(struct trace *trace);
void trace_add(struct trace *trace, uint64_t feature);
bool trace_has(const struct trace *trace, uint64_t feature);
void trace_outcome(struct trace *trace, unsigned int op, unsigned int error);
void trace_merge(struct trace *to, const struct trace *from);
/**
 * coverage_add() - add what is new
 * @all: the set
 * @trace: what a program reached
 * @outcomes: whether an outcome that is new makes a program worth something
 * @fresh: gets the first @max that do
 *
 * Return: how many do.
 */
unsigned int coverage_add(struct coverage *all, const struct trace *trace, bool outcomes,
			  uint64_t *fresh, unsigned int max);
/** feature_is_pc() - whether it is an instruction, whose address is its lower half */
bool feature_is_pc(uint64_t feature);

/* inject.c */

/** inject_setup() - have the kernel fail what it is told to; what of it, in words */
const char *inject_setup(void);

struct inject {
	int nth_fd, storm_fd;
};
void inject_open(struct inject *inject);
void inject_arm(const struct inject *inject, unsigned int nth);
/** inject_disarm() - Return: whether the failure happened */
bool inject_disarm(const struct inject *inject, unsigned int nth);

/* corpus.c */

/**
 * struct corpus - programs worth keeping; shared by the workers
 * @num: how many slots are taken
 * @loaded: how many of them were there at the beginning
 * @ready: that a slot is filled
 * @programs: they
 */
struct corpus {
	atomic_uint num;
	uint32_t loaded;
	atomic_bool ready[MAX_CORPUS];
	struct program programs[MAX_CORPUS];
};

bool corpus_load(struct corpus *corpus, const char *path);
void corpus_add(struct corpus *corpus, const struct program *program);
/** corpus_get() - one of them, from @from on; NULL if that is not there */
const struct program *corpus_get(const struct corpus *corpus, unsigned int index);
unsigned int corpus_size(const struct corpus *corpus);
/** corpus_save() - write those from @from on */
bool corpus_save(const struct corpus *corpus, unsigned int from, const char *path);

/* watch.c: the kernel's log, and what is left when all is over */

bool watch_start(const char *patterns);
/** watch_log() - Return: whether the kernel has said what it must not */
bool watch_log(FILE *to);
/** watch_leaks() - what figment still has, though nobody uses it; NULL for nothing */
const char *watch_leaks(void);
void watch_stacks(FILE *to, pid_t pid);

/* fuzz.c: what a worker does */

/**
 * struct stats - counted by all workers
 * @calls: system calls, or steps that take a few
 * @programs: how many were run
 * @injected: calls that had their failure
 * @deaths: workers that were killed
 * @finds: programs that reached something new
 * @ns: what each call took, all told
 * @errors: how it ended how often
 */
struct stats {
	atomic_ullong calls, programs, injected, deaths, finds;
	atomic_ullong ns[MAX_OPS];
	atomic_uint errors[MAX_OPS][MAX_ERRNO];
};

#define HISTORY	4

/**
 * struct worker_state - what others get to see of a worker
 * @history: what it ran of late, so that a kernel's complaint has an origin
 * @at: the latest of them
 * @beats: grows with each program
 */
struct worker_state {
	struct program history[HISTORY];
	atomic_uint at;
	atomic_ulong beats;
};

/**
 * struct shared - what workers share with each other and the main process
 * @seed: of everything
 * @limit: number of programs to run, 0 for no limit
 * @keep: programs that reach something new join the corpus
 * @next: number of the next program
 * @stop: an end to it
 * @swept: calls of each kind that worked in the corpus, for the first sweeps
 * @guided: there is KCOV
 * @injects: there is fault injection
 * @pool: a socket through which processes give each other fds
 */
struct shared {
	uint64_t seed;
	uint64_t limit;
	bool keep;
	atomic_ullong next;
	atomic_bool stop;
	atomic_uint swept[MAX_OPS];
	bool guided, injects;
	int pool[2];
	struct stats stats;
	struct coverage coverage;
	struct corpus corpus;
	struct worker_state workers[MAX_WORKERS];
};

/** worker_run() - run programs until there is an end to it; does not return */
void worker_run(struct shared *shared, unsigned int index);
/** replay_verbosely() - run the corpus's programs once, and print what they got */
void replay_verbosely(struct shared *shared);
/** corpus_minimise() - keep those that together reach what all do */
void corpus_minimise(struct shared *shared);

/* report.c */

/** report_sites() - how many instrumented places figment.ko has; 0 if unknown */
unsigned int report_sites(void);
void report_status(FILE *to, const struct shared *shared, double seconds, unsigned int sites);
void report_errors(FILE *to, const struct shared *shared);
/** report_functions() - name figment.ko's functions that no program reached */
void report_functions(FILE *to, const struct shared *shared);

#endif

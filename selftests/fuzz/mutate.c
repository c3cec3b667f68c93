// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: making and changing programs
 *
 * What a call refers to is mostly what an earlier call of the program made; where
 * there is none, its maker is put in front. A few references are wrong on purpose.
 * All randomness comes from the caller's seed, so that a program's number and the
 * run's seed determine it.
 */
#include <string.h>

#include "fuzz.h"
#include "helpers.h"

uint64_t random_below(uint64_t *seed, uint64_t limit)
{
	return next_random(seed) % limit;
}

static bool one_in(uint64_t *seed, unsigned int n)
{
	return !random_below(seed, n);
}

/* The slots that the calls before @at fill, of a kind. */
static unsigned int made(const struct program *program, unsigned int at, enum kind kind,
			 uint64_t *refs)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < at; i++) {
		const struct call *call = &program->calls[i];
		const struct call_desc *desc = &calls[call->op];

		for (int j = 0; j < MAX_ARGS && desc->args[j].name; j++)
			if (desc->args[j].type == ARG_OUT && call->args[j] &&
			    (kind == NO_KIND ? kind_is_fd(desc->args[j].kind) :
			     REF_KIND(call->args[j]) == kind))
				refs[n++] = call->args[j];
	}
	return n;
}

static uint64_t random_ref(const struct program *program, unsigned int at, enum kind kind,
			   uint64_t *seed)
{
	uint64_t refs[MAX_CALLS * MAX_ARGS];
	unsigned int n;

	/* Something of another kind, or nothing. */
	if (kind != NO_KIND && one_in(seed, 40)) {
		if (one_in(seed, 3))
			return 0;
		kind = kind_is_fd(kind) ? NO_KIND : 1 + random_below(seed, NUM_KINDS - 1);
	}
	n = made(program, at, kind, refs);
	if (n && !one_in(seed, kind == DEVICE ? 200 : 25))
		/* What was made last is the most likely to be of use. */
		return refs[one_in(seed, 2) ? n - 1 : random_below(seed, n)];
	if (kind == NO_KIND)
		do {
			kind = 1 + random_below(seed, NUM_KINDS - 1);
		} while (!kind_is_fd(kind));
	return REF(kind, random_below(seed, SLOTS / 2));
}

static uint64_t random_int(const struct arg_desc *arg, uint64_t *seed)
{
	uint64_t value = arg->values[random_below(seed, arg->num_values)];

	if (arg->type == ARG_ZERO)
		return one_in(seed, 60) ? value : 0;
	if (arg->type == ARG_FLAGS)
		while (one_in(seed, 3))
			value |= arg->values[random_below(seed, arg->num_values)];
	if (one_in(seed, 60)) {
		switch (random_below(seed, 4)) {
		case 0:
			return value + 1;
		case 1:
			return value - 1;
		case 2:
			return value ^ (1ull << random_below(seed, 64));
		default:
			return next_random(seed) >> random_below(seed, 64);
		}
	}
	return value;
}

static uint64_t random_arg(const struct program *program, unsigned int at,
			   const struct arg_desc *arg, uint64_t *seed)
{
	switch (arg->type) {
	case ARG_IN:
		return random_ref(program, at, arg->kind, seed);
	case ARG_FD:
		return random_ref(program, at, NO_KIND, seed);
	case ARG_OUT:
		/* Few slots, so that calls meet. */
		return REF(arg->kind, one_in(seed, 8) ? random_below(seed, SLOTS) :
			   random_below(seed, 3));
	default:
		return random_int(arg, seed);
	}
}

static void random_oddities(struct call *call, uint64_t *seed)
{
	const struct call_desc *desc = &calls[call->op];

	if (desc->flags & CALL_BUILDS)
		return;
	call->async = one_in(seed, 8);
	call->nth = 0;
	call->interrupt_us = 0;
	if (one_in(seed, 12))
		call->nth = one_in(seed, 6) ? NTH_STORM : 1 + random_below(seed, 40);
	if (one_in(seed, 40))
		call->interrupt_us = 1 + random_below(seed, 2000);
}

static void insert(struct program *program, unsigned int at, const struct call *call)
{
	if (program->num == MAX_CALLS)
		return;
	memmove(&program->calls[at + 1], &program->calls[at],
		(program->num - at) * sizeof(*call));
	program->calls[at] = *call;
	program->num++;
}

void program_remove(struct program *program, unsigned int at, unsigned int count)
{
	memmove(&program->calls[at], &program->calls[at + count],
		(program->num - at - count) * sizeof(program->calls[0]));
	program->num -= count;
}

static unsigned int random_op(uint64_t *seed)
{
	static unsigned int total;
	unsigned int pick;

	if (!total)
		for (unsigned int i = 0; i < num_calls; i++)
			total += calls[i].weight;
	pick = random_below(seed, total);
	for (unsigned int i = 0;; i++) {
		if (pick < calls[i].weight)
			return i;
		pick -= calls[i].weight;
	}
}

/* A call that makes something of a kind; -1 if none does. */
static int random_maker(enum kind kind, uint64_t *seed)
{
	int ops[MAX_OPS], n = 0;

	for (unsigned int op = 0; op < num_calls; op++)
		for (int i = 0; i < MAX_ARGS && calls[op].args[i].name; i++) {
			const struct arg_desc *arg = &calls[op].args[i];

			if (arg->type != ARG_OUT || arg->kind != kind)
				continue;
			for (unsigned int w = 0; w < calls[op].weight && n < MAX_OPS; w += 4)
				ops[n++] = op;
		}
	return n ? ops[random_below(seed, n)] : -1;
}

static void fill_args(const struct program *program, unsigned int at, struct call *call,
		      uint64_t *seed)
{
	const struct call_desc *desc = &calls[call->op];

	for (int i = 0; i < MAX_ARGS && desc->args[i].name; i++)
		call->args[i] = random_arg(program, at, &desc->args[i], seed);
	random_oddities(call, seed);
}

static unsigned int find_op(const char *name)
{
	unsigned int op = 0;

	while (strcmp(calls[op].name, name))
		op++;
	return op;
}

static unsigned int insert_call(struct program *program, unsigned int at, unsigned int op,
				unsigned int depth, uint64_t *seed);

/* What a submit is made of, for it to have some; most often what belongs together. */
static unsigned int insert_parts(struct program *program, unsigned int at, unsigned int depth,
				 uint64_t *seed)
{
	static const struct {
		const char *name;
		unsigned int max;
	} parts[] = { { "use", 3 }, { "wait", 2 }, { "signal", 2 }, { "cmd", 3 } };
	unsigned int before = program->num;
	unsigned int jobs = 1 + random_below(seed, 2);

	while (jobs--) {
		at += insert_call(program, at, find_op("job"), depth, seed);
		for (int i = 0; i < 4; i++)
			for (unsigned int n = random_below(seed, parts[i].max + 1); n; n--)
				at += insert_call(program, at, find_op(parts[i].name), depth, seed);
		if (one_in(seed, 12))
			at += insert_call(program, at, find_op("shape"), 0, seed);
	}
	return program->num - before;
}

/* Put a call in, after those that make what it needs. Returns how many came. */
static unsigned int insert_call(struct program *program, unsigned int at, unsigned int op,
				unsigned int depth, uint64_t *seed)
{
	const struct call_desc *desc = &calls[op];
	struct call call = { .op = op };
	unsigned int before = program->num;

	if (depth && op == find_op("submit") && !one_in(seed, 4))
		at += insert_parts(program, at, depth - 1, seed);
	for (int i = 0; depth && i < MAX_ARGS && desc->args[i].name; i++) {
		uint64_t refs[MAX_CALLS * MAX_ARGS];
		int maker;

		if (desc->args[i].type != ARG_IN ||
		    made(program, at, desc->args[i].kind, refs) || one_in(seed, 10))
			continue;
		maker = random_maker(desc->args[i].kind, seed);
		if (maker >= 0)
			at += insert_call(program, at, maker, depth - 1, seed);
	}
	fill_args(program, at, &call, seed);
	insert(program, at, &call);
	return program->num - before;
}

static void mutate_arg(struct program *program, uint64_t *seed)
{
	unsigned int at = random_below(seed, program->num), n = 0;
	struct call *call = &program->calls[at];
	const struct call_desc *desc = &calls[call->op];

	while (n < MAX_ARGS && desc->args[n].name)
		n++;
	n = random_below(seed, n);
	call->args[n] = random_arg(program, at, &desc->args[n], seed);
}

static void splice(struct program *program, const struct program *other, uint64_t *seed)
{
	unsigned int from = random_below(seed, other->num);
	unsigned int count = 1 + random_below(seed, other->num - from);
	unsigned int at = random_below(seed, program->num + 1);

	while (count-- && program->num < MAX_CALLS)
		insert(program, at++, &other->calls[from++]);
}

static void mutate_once(struct program *program, const struct program *other, uint64_t *seed)
{
	unsigned int at = random_below(seed, program->num);
	struct call call = program->calls[at];

	switch (random_below(seed, 16)) {
	case 0 ... 4:
		at = random_below(seed, program->num + 1);
		insert_call(program, at, random_op(seed), 2, seed);
		break;
	case 5 ... 9:
		mutate_arg(program, seed);
		break;
	case 10:
		random_oddities(&program->calls[at], seed);
		break;
	case 11:
		if (!(calls[call.op].flags & CALL_BUILDS))
			program->calls[at].nth = 1 + random_below(seed, 40);
		break;
	case 12:
		if (program->num > 2)
			program_remove(program, at, 1);
		break;
	case 13:
		insert(program, random_below(seed, program->num + 1), &call);
		break;
	default:
		if (other && other->num)
			splice(program, other, seed);
		break;
	}
}

/*
 * What a call refers to may have been cut out, or come from another program: most
 * often it gets something of the kind that is there, and a device there is.
 */
static void repair(struct program *program, uint64_t *seed)
{
	const struct call open = { .op = find_op("open"), .args[0] = REF(DEVICE, 0) };

	for (uint32_t i = 0; i < program->num; i++) {
		struct call *call = &program->calls[i];
		const struct call_desc *desc = &calls[call->op];

		for (int j = 0; j < MAX_ARGS && desc->args[j].name; j++) {
			uint64_t refs[MAX_CALLS * MAX_ARGS];
			enum kind kind = desc->args[j].kind;
			unsigned int n = 0;
			bool there = false;

			if (desc->args[j].type == ARG_IN && !one_in(seed, 16))
				n = made(program, i, kind, refs);
			for (unsigned int k = 0; k < n; k++)
				there = there || refs[k] == call->args[j];
			if (n && !there)
				call->args[j] = refs[random_below(seed, n)];
			else if (!n && kind == DEVICE && desc->args[j].type == ARG_IN)
				call->args[j] = open.args[0];
		}
	}
	if (!made(program, program->num < 2 ? program->num : 2, DEVICE,
		  (uint64_t[2 * MAX_ARGS]){ 0 }) && !one_in(seed, 16))
		insert(program, 0, &open);
}

void program_mutate(struct program *program, const struct program *other, uint64_t *seed)
{
	do {
		/* There must be room for what comes, and what comes should matter. */
		if (program->num > MAX_CALLS - 6)
			program_remove(program, random_below(seed, program->num / 2),
				       program->num / 4);
		mutate_once(program, other, seed);
	} while (!one_in(seed, 3));
	repair(program, seed);
}

void program_generate(struct program *program, uint64_t *seed)
{
	unsigned int want = 3 + random_below(seed, 24);

	program->num = 0;
	while (program->num < want)
		insert_call(program, program->num, random_op(seed), 3, seed);
}

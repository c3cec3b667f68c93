// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: running a program
 *
 * Calls are made one after the other, those marked so by a helper thread beside
 * those that follow. All that a program leaves is ended before the next one: fds
 * are closed, windows unmapped; handles and queues went with their device's fd.
 *
 * Nothing may take for ever: what can block is interrupted by a timer, and a helper
 * that is not done at the end gets signals until it is.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <ucontext.h>
#include <unistd.h>

#include "execute.h"
#include "helpers.h"

#define BLOCK_US	20000
#define PATIENCE_US	20000

static __thread struct thread *self;

/* Slots */

static atomic_llong *slot_of(struct machine *m, uint64_t ref)
{
	return &m->slots[REF_KIND(ref) % NUM_KINDS][REF_SLOT(ref) % SLOTS];
}

uint8_t *window(struct machine *m, unsigned int slot)
{
	return m->windows + slot % SLOTS * WINDOW_SIZE;
}

void slot_put(struct thread *t, uint64_t ref, int64_t value)
{
	long long old = atomic_exchange(slot_of(t->machine, ref), value);

	if (kind_is_fd(REF_KIND(ref)) && old >= 0)
		close(old);
}

int64_t slot_take(struct thread *t, uint64_t ref)
{
	return atomic_exchange(slot_of(t->machine, ref), -1);
}

int slot_fd(struct thread *t, uint64_t ref)
{
	return kind_is_fd(REF_KIND(ref)) ? atomic_load(slot_of(t->machine, ref)) : -1;
}

/* What a call is given for a reference to something it reads. */
static uint64_t resolve(struct machine *m, const struct arg_desc *arg, uint64_t ref)
{
	bool fd = arg->type == ARG_FD || kind_is_fd(arg->kind);
	int64_t value;

	if (arg->kind == MAPPING)
		return (uintptr_t)window(m, REF_SLOT(ref));
	/* A handle is no fd: it would be one of the fuzzer's own. */
	if (!ref || (fd && !kind_is_fd(REF_KIND(ref))))
		return fd ? -1 : 0;
	value = atomic_load(slot_of(m, ref));
	return !fd && value < 0 ? 0 : value;
}

/* Calls */

static void arm_timer(unsigned int us)
{
	struct itimerval timer = {
		.it_value.tv_usec = us,
		/* Again and again, as it may come before there is something to interrupt. */
		.it_interval.tv_usec = us ? BLOCK_US : 0,
	};

	setitimer(ITIMER_REAL, &timer, NULL);
}

static long call_make(struct thread *t, const struct call *call)
{
	const struct call_desc *desc = &calls[call->op];
	struct stats *stats = &t->machine->shared->stats;
	bool first = t == &t->machine->threads[0];
	uint64_t args[MAX_ARGS] = { 0 };
	unsigned int timer, error, nth = call->nth;
	bool injected = false;
	uint64_t start;
	long ret;

	for (int i = 0; i < MAX_ARGS && desc->args[i].name; i++)
		args[i] = desc->args[i].type == ARG_IN ?
			resolve(t->machine, &desc->args[i], call->args[i]) : call->args[i];
	if (desc->flags & CALL_BUILDS)
		return desc->run(t, args);

	timer = call->interrupt_us ?: desc->flags & CALL_BLOCKS ? BLOCK_US : 0;
	if (!first)
		timer = 0;
	/* A signal whose frame fails twice is death. */
	if (nth == NTH_STORM && (timer || !first))
		nth = 0;
	if (timer)
		arm_timer(timer);
	if (t->guided)
		kcov_start(&t->kcov);
	start = now_ns();
	if (nth)
		inject_arm(&t->inject, nth);
	ret = desc->run(t, args);
	if (nth)
		injected = inject_disarm(&t->inject, nth);
	atomic_fetch_add(&stats->ns[call->op], now_ns() - start);
	if (t->guided)
		kcov_stop(&t->kcov, &t->trace);
	if (timer)
		arm_timer(0);

	if (first && injected)
		t->machine->injected = true;
	error = ret >= 0 ? 0 : -ret < MAX_ERRNO ? -ret : MAX_ERRNO - 1;
	trace_outcome(&t->trace, call->op, error);
	atomic_fetch_add(&stats->calls, 1);
	atomic_fetch_add(&stats->injected, injected);
	atomic_fetch_add(&stats->errors[call->op][error], 1);
	return ret;
}

/* Threads */

/* What the C library has interrupts return through. */
static bool has_failed_to_return(const greg_t *regs)
{
	static const uint8_t code[] = { 0x48, 0xc7, 0xc0, SYS_rt_sigreturn, 0, 0, 0, 0x0f, 0x05 };

	return !memcmp((const uint8_t *)regs[REG_RIP] - sizeof(code), code, sizeof(code));
}

static void on_fault(int signal, siginfo_t *info, void *context)
{
	greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;

	if (self && self->touching)
		siglongjmp(self->jump, 1);
	/* An interrupt's frame could not be written or read, because that was made to fail. */
	if (signal == SIGSEGV && info->si_code == SI_KERNEL && !info->si_addr) {
		/* It is still there, and nothing fails twice. */
		if (has_failed_to_return(regs)) {
			regs[REG_RIP] -= 2;
			regs[REG_RAX] = SYS_rt_sigreturn;
		}
		return;
	}
	dprintf(STDOUT_FILENO, "# the fuzzer itself: signal %d, code %d, at %p, of %#llx\n", signal,
		info->si_code, info->si_addr, regs[REG_RIP]);
	_exit(3);
}

static void on_interrupt(int signal)
{
}

static void thread_init(struct thread *t)
{
	size_t size = (sizeof(struct pending) + 4095) & ~4095ul;
	int memory = memfd_create("fuzz", MFD_CLOEXEC);
	uint8_t *base = mmap(NULL, 2 * size + 8192, PROT_NONE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	/* Memory, a page that is none, and the same memory to be read only. */
	if (memory < 0 || base == MAP_FAILED || ftruncate(memory, size) ||
	    mmap(base, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, memory,
		 0) == MAP_FAILED ||
	    mmap(base + size + 4096, size, PROT_READ, MAP_SHARED | MAP_FIXED, memory,
		 0) == MAP_FAILED) {
		perror("# memory");
		_exit(2);
	}
	close(memory);
	t->pending = (void *)(base + size - sizeof(struct pending));
	t->read_only = size + 4096;
	t->guided = t->machine->shared->guided && kcov_open(&t->kcov);
	inject_open(&t->inject);
	self = t;
}

static void *helper_main(void *data)
{
	struct thread *t = data;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	thread_init(t);
	sem_post(&t->done);
	for (;;) {
		while (sem_wait(&t->go))
			continue;
		t->result = call_make(t, &t->call);
		sem_post(&t->done);
	}
	return NULL;
}

void machine_init(struct machine *m, struct shared *shared)
{
	struct sigaction fault = { .sa_sigaction = on_fault,
				   .sa_flags = SA_SIGINFO | SA_NODEFER };
	struct sigaction interrupt = { .sa_handler = on_interrupt };

	sigaction(SIGSEGV, &fault, NULL);
	sigaction(SIGBUS, &fault, NULL);
	sigaction(SIGALRM, &interrupt, NULL);
	sigaction(SIGUSR1, &interrupt, NULL);
	signal(SIGPIPE, SIG_IGN);

	m->shared = shared;
	m->windows = mmap(NULL, SLOTS * WINDOW_SIZE, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (m->windows == MAP_FAILED)
		_exit(2);
	for (int i = 0; i <= HELPERS; i++)
		m->threads[i].machine = m;
	thread_init(&m->threads[0]);
	for (int i = 1; i <= HELPERS; i++) {
		struct thread *t = &m->threads[i];

		sem_init(&t->go, 0, 0);
		sem_init(&t->done, 0, 0);
		if (pthread_create(&t->id, NULL, helper_main, t))
			_exit(2);
		while (sem_wait(&t->done))
			continue;
	}
	m->first_fd = dup(STDIN_FILENO);
	close(m->first_fd);
}

static void helper_join(struct thread *t, FILE *log)
{
	struct timespec until;

	if (!t->busy)
		return;
	for (;;) {
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += PATIENCE_US * 1000;
		if (until.tv_nsec >= 1000000000) {
			until.tv_nsec -= 1000000000;
			until.tv_sec++;
		}
		if (!sem_timedwait(&t->done, &until))
			break;
		if (errno == ETIMEDOUT)
			pthread_kill(t->id, SIGUSR1);
	}
	t->busy = false;
	if (log) {
		fprintf(log, "%6ld  ", t->result);
		call_print(log, &t->call);
	}
}

/* A submit takes what was made with it. */
static void helper_start(struct thread *t, const struct call *call, struct thread *from)
{
	if (calls[call->op].run == call_submit) {
		memcpy(t->pending, from->pending, offsetof(struct pending, wide));
		memset(from->pending, 0, offsetof(struct pending, wide));
	}
	t->call = *call;
	t->busy = true;
	sem_post(&t->go);
}

/* Programs */

static void machine_clear(struct machine *m)
{
	close_range(m->first_fd, ~0u, 0);
	for (int kind = 0; kind < NUM_KINDS; kind++)
		for (int i = 0; i < SLOTS; i++) {
			if (kind == MAPPING && m->slots[kind][i] >= 0)
				mmap(window(m, i), WINDOW_SIZE, PROT_NONE, MAP_PRIVATE |
				     MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
			m->slots[kind][i] = -1;
		}
	device_restore(m);
}

void machine_run(struct machine *m, const struct program *program, FILE *log)
{
	struct thread *main = &m->threads[0];
	unsigned int next = 0;

	m->injected = false;
	m->worked = 0;
	for (int kind = 0; kind < NUM_KINDS; kind++)
		for (int i = 0; i < SLOTS; i++)
			m->slots[kind][i] = -1;
	for (int i = 0; i <= HELPERS; i++) {
		trace_clear(&m->threads[i].trace);
		memset(m->threads[i].pending, 0, offsetof(struct pending, wide));
	}
	for (uint32_t i = 0; i < program->num; i++) {
		const struct call *call = &program->calls[i];
		long ret;

		if (call->async && !(calls[call->op].flags & CALL_BUILDS)) {
			struct thread *helper = &m->threads[1 + next++ % HELPERS];

			helper_join(helper, log);
			helper_start(helper, call, main);
			continue;
		}
		ret = call_make(main, call);
		m->worked |= (uint64_t)(ret >= 0) << i;
		if (log) {
			fprintf(log, "%6ld  ", ret);
			call_print(log, call);
		}
	}
	for (int i = 1; i <= HELPERS; i++) {
		helper_join(&m->threads[i], log);
		trace_merge(&main->trace, &m->threads[i].trace);
	}
	machine_clear(m);
	atomic_fetch_add(&m->shared->stats.programs, 1);
}

// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: fuzz figment
 *
 *	fuzz [-d SECONDS | -n PROGRAMS] [-s SEED] [-w WORKERS] [-c CORPUS] [-o DIRECTORY]
 *	fuzz -p FILE		run the programs of a file, and print what each call got
 *	fuzz -m FILE -o DIR	keep those of its programs that reach what all do
 *
 * Without -d a run is the same each time: so many programs, made by seed and
 * number from the corpus that is there. With -d, programs that reach something new
 * join it, and workers are killed now and then. DIRECTORY gets the corpus as it is
 * in the end (corpus.txt), what came to it (new.txt), and how calls ended (calls.txt).
 *
 * It is a kselftest: it passes if every program ended, the kernel said nothing of
 * what vm/trouble lists, and at the end nothing is left and the module can go.
 * What the kernel complains of, or hangs in, is printed with the programs that ran
 * just then, which -p runs again.
 *
 * The module is loaded with its own parameters, two devices and short time-outs,
 * and put back in the end. So this wants root, and figment for itself.
 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kselftest.h"

#include "fuzz.h"
#include "helpers.h"
#include "system.h"

#define MODULE_PARAMETERS	"devices=2 copy_rings=2 memory_mb=16 job_timeout_ms=300"
#define MAX_UNLUCKY		5
#define STUCK_SECONDS		120
#define DEFAULT_PROGRAMS	1000

struct options {
	unsigned int seconds, workers;
	uint64_t programs, seed;
	const char *corpus, *directory, *play, *minimise;
};

static struct shared *shared;
static pid_t workers[MAX_WORKERS];
static char here[PATH_MAX / 2];
static bool failed, troubled;

static const char *path_in(const char *directory, const char *file)
{
	static char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/%s", directory, file) >= (int)sizeof(path))
		ksft_exit_fail_msg("%s is too long\n", directory);
	return path;
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static void start_worker(unsigned int index)
{
	fflush(NULL);
	workers[index] = fork();
	if (workers[index] == 0)
		worker_run(shared, index);
}

/* What the workers are just running, for somebody to run again. */
static void show_programs(const char *directory)
{
	FILE *to = directory ? fopen(path_in(directory, "trouble.txt"), "w") : NULL;

	for (unsigned int i = 0; i < MAX_WORKERS; i++) {
		const struct worker_state *state = &shared->workers[i];

		for (unsigned int j = HISTORY; j-- && state->beats;) {
			const struct program *program =
				&state->history[(state->at + HISTORY - j) % HISTORY];

			if (!program->num)
				continue;
			printf("# worker %u, %u before:\n", i, j);
			program_print(stdout, program);
			if (to)
				program_print(to, program);
		}
	}
	if (to)
		fclose(to);
	fflush(stdout);
}

/*
 * Where page allocations are made to fail, page faults of a worker's own may, its
 * stack's for one. That is no fault of the driver's, if it stays rare.
 */
static bool is_unlucky(int status)
{
	static unsigned int count;

	if (!shared->injects || !WIFSIGNALED(status) ||
	    (WTERMSIG(status) != SIGSEGV && WTERMSIG(status) != SIGBUS) || count == MAX_UNLUCKY)
		return false;
	printf("# a worker died of signal %d, which may be an injected failure's\n",
	       WTERMSIG(status));
	count++;
	return true;
}

static bool is_killed(int status)
{
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

/* Returns whether any worker is left. */
static bool reap_workers(unsigned int count)
{
	bool any = false;
	int status;

	for (unsigned int i = 0; i < count; i++) {
		if (workers[i] > 0 && waitpid(workers[i], &status, WNOHANG) == workers[i]) {
			workers[i] = 0;
			/* Some are killed on purpose, the last of them just before the end. */
			if (is_killed(status) || is_unlucky(status)) {
				if (!shared->stop)
					start_worker(i);
			} else if (status) {
				failed = true;
				printf("# worker %u ended with status %#x\n", i, status);
			}
		}
		any = any || workers[i] > 0;
	}
	return any;
}

static bool find_stuck(unsigned int count)
{
	static unsigned long beats[MAX_WORKERS];
	static double since[MAX_WORKERS];

	for (unsigned int i = 0; i < count; i++) {
		unsigned long beat = shared->workers[i].beats;

		if (beat != beats[i] || !since[i] || workers[i] <= 0) {
			beats[i] = beat;
			since[i] = now();
		} else if (now() - since[i] > STUCK_SECONDS) {
			printf("# worker %u is stuck:\n", i);
			watch_stacks(stdout, workers[i]);
			return true;
		}
	}
	return false;
}

static void kill_workers(unsigned int count)
{
	shared->stop = true;
	for (unsigned int i = 0; i < count; i++)
		if (workers[i] > 0)
			kill(workers[i], SIGKILL);
	for (int tries = 0; tries < 100 && reap_workers(count); tries++)
		usleep(100000);
}

static void fuzz(const struct options *o, unsigned int sites)
{
	double start = now(), shown = start, killed = start;
	uint64_t seed = shared->seed;

	for (unsigned int i = 0; i < o->workers; i++)
		start_worker(i);
	while (reap_workers(o->workers) && !failed) {
		usleep(50000);
		if (watch_log(stdout)) {
			troubled = true;
			break;
		}
		if (find_stuck(o->workers)) {
			failed = true;
			break;
		}
		if (o->seconds && now() - start > o->seconds)
			shared->stop = true;
		if (o->seconds && !shared->stop && now() - killed > 5) {
			pid_t pid = workers[random_below(&seed, o->workers)];

			killed = now();
			if (pid > 0 && !kill(pid, SIGKILL))
				atomic_fetch_add(&shared->stats.deaths, 1);
		}
		if (now() - shown > 20) {
			shown = now();
			report_status(stdout, shared, shown - start, sites);
		}
	}
	if (failed || troubled)
		show_programs(o->directory);
	kill_workers(o->workers);
	report_status(stdout, shared, now() - start, sites);
}

static void save(const struct options *o)
{
	FILE *to;

	if (!o->directory)
		return;
	if (!corpus_save(&shared->corpus, 0, path_in(o->directory, "corpus.txt")))
		printf("# cannot write to %s\n", o->directory);
	corpus_save(&shared->corpus, shared->corpus.loaded, path_in(o->directory, "new.txt"));
	to = fopen(path_in(o->directory, "calls.txt"), "w");
	if (to) {
		report_errors(to, shared);
		fclose(to);
	}
}

/*
 * A kernel that complains has to go on, so that what it complains of can be named:
 * until the end of the run it does not panic.
 */
static void keep_going(bool going)
{
	static const char *const files[] = {
		"/proc/sys/kernel/panic_on_oops", "/proc/sys/kernel/hung_task_panic",
	};
	static char before[ARRAY_SIZE(files)][16];

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		FILE *from = going ? fopen(files[i], "r") : NULL;

		if (from && !fgets(before[i], sizeof(before[i]), from))
			before[i][0] = '\0';
		if (from)
			fclose(from);
		file_write(files[i], going ? "0" : before[i]);
	}
}

/* In a child, since it stays enabled for who tried. */
static bool has_kcov(void)
{
	struct kcov kcov;
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(!kcov_open(&kcov));
	return waitpid(pid, &status, 0) == pid && !status;
}

static void setup(const struct options *o)
{
	ssize_t n = readlink("/proc/self/exe", here, sizeof(here) - 1);
	const char *injects;

	if (n > 0) {
		here[n] = '\0';
		*strrchr(here, '/') = '\0';
	}
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	if (shared == MAP_FAILED ||
	    socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, shared->pool))
		ksft_exit_fail_msg("no memory: %s\n", strerror(errno));
	shared->seed = o->seed;
	shared->limit = o->programs;
	shared->keep = o->seconds;
	if (!corpus_load(&shared->corpus, o->corpus ?: path_in(here, "corpus.txt")))
		ksft_print_msg("there is no corpus\n");
	if (!watch_start(path_in(here, "trouble")))
		ksft_exit_fail_msg("cannot watch the kernel's log\n");
	keep_going(true);
	if (system("modprobe -aq vgem; udevadm settle --timeout=20 2>/dev/null"))
		ksft_print_msg("there is no udev\n");
	module_restore_at_exit();
	module_reload(MODULE_PARAMETERS);

	shared->guided = has_kcov();
	injects = inject_setup();
	shared->injects = *injects;
	ksft_print_msg("%s; %s%s\n", shared->guided ? "guided by KCOV" :
		       "unguided: this kernel has no KCOV", *injects ? "failing " :
		       "this kernel cannot be made to fail allocations", injects);
}

/* In a child, which may end as it likes. */
static int play(const struct options *o)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (!pid) {
		if (o->play)
			replay_verbosely(shared);
		else
			corpus_minimise(shared);
		fflush(stdout);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	if (watch_log(stdout))
		printf("# the kernel has complained\n");
	if (o->minimise)
		save(o);
	report_status(stdout, shared, 0, report_sites());
	return 0;
}

static struct options options_read(int argc, char **argv)
{
	struct options o = { .workers = 3, .seed = 1 };
	int option;

	while ((option = getopt(argc, argv, "d:n:s:w:c:o:p:m:")) >= 0) {
		switch (option) {
		case 'd':
			o.seconds = strtoul(optarg, NULL, 0);
			break;
		case 'n':
			o.programs = strtoull(optarg, NULL, 0);
			break;
		case 's':
			o.seed = strtoull(optarg, NULL, 0);
			break;
		case 'w':
			o.workers = strtoul(optarg, NULL, 0);
			break;
		case 'c':
			o.corpus = optarg;
			break;
		case 'o':
			o.directory = optarg;
			break;
		case 'p':
			o.play = optarg;
			o.corpus = optarg;
			break;
		case 'm':
			o.minimise = optarg;
			o.corpus = optarg;
			break;
		default:
			exit(KSFT_FAIL);
		}
	}
	if (!o.seconds && !o.programs)
		o.programs = DEFAULT_PROGRAMS;
	if (!o.workers || o.workers > MAX_WORKERS)
		o.workers = MAX_WORKERS;
	return o;
}

int main(int argc, char **argv)
{
	struct options o = options_read(argc, argv);
	unsigned int sites;
	const char *left;

	require_device();
	ksft_print_header();
	if (!is_root())
		ksft_exit_skip("loading modules needs root\n");
	setup(&o);
	if (o.play || o.minimise)
		return play(&o);

	ksft_set_plan(4);
	sites = shared->guided ? report_sites() : 0;
	fuzz(&o, sites);
	/* What waits to be taken is nobody's now. */
	close(shared->pool[0]);
	close(shared->pool[1]);
	left = troubled ? "not looked at" : watch_leaks();
	troubled = troubled || watch_log(stdout);
	report_errors(stdout, shared);
	if (shared->guided)
		report_functions(stdout, shared);
	save(&o);

	ksft_test_result(!failed, "every program ended\n");
	ksft_test_result(!troubled, "the kernel does not complain\n");
	if (left)
		ksft_print_msg("left: %s\n", left);
	ksft_test_result(!left, "nothing is left\n");
	ksft_test_result(!troubled && module_unloads(), "the module unloads\n");
	keep_going(false);
	ksft_finished();
}

// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: many clients that share everything, and get killed
 *
 *	stress [-d SECONDS] [-s SEED] [-c CLIENTS]
 *
 * Client processes submit copies and host jobs that wait for one another's through
 * syncobjs, sync_files and dma-bufs, give each other all of these and executors'
 * fds through a socket, have their jobs fail, hang and be late, and are killed (-9)
 * at random, in whatever they are doing, and replaced. Each has a thread that
 * waits, for what may be anybody's.
 *
 * Catches a wait that never returns though its fence has signalled (a lost
 * wake-up), a fence that never signals, a copy with wrong bytes, and whatever is
 * left when all are gone: queues and buffers (debugfs), fences (each holds the
 * module), pages (shmem, pins). Run on the debug kernel it has kmemleak, KASAN and
 * lockdep look on.
 *
 * What each client decides comes from the seed; when it is killed depends on time.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest.h"

#include "helpers.h"
#include "stress.h"

/* Jobs that hang do so for this long, so it is short; innocents may suffer, too. */
#define PARAMETERS	"job_timeout_ms=1000 copy_rings=2 memory_mb=512"
#define DRI		"/sys/kernel/debug/dri"
#define DEFAULT_SECONDS	8
#define DEFAULT_CLIENTS	6
#define MAX_CLIENTS	32

struct stress *all;

static pid_t client_start(uint64_t *seed)
{
	uint64_t own = next_random(seed);
	pid_t pid;

	fflush(NULL);
	pid = must_call(fork());
	if (!pid)
		client_run(own);
	return pid;
}

/* Returns whether all clients that were not killed ended well. */
static bool run(unsigned int seconds, unsigned int count, uint64_t seed)
{
	uint64_t end = now_ns() + seconds * 1000000000ull;
	pid_t pids[MAX_CLIENTS];
	bool well = true;
	int status;

	for (unsigned int i = 0; i < count; i++)
		pids[i] = client_start(&seed);
	while (now_ns() < end && well) {
		unsigned int i = next_random(&seed) % count;

		usleep(1000 * (50 + next_random(&seed) % 400));
		/* Some die together. */
		do {
			must_call(kill(pids[i], SIGKILL));
			must_call(waitpid(pids[i], &status, 0));
			/* One that ended before it was killed has something to tell. */
			well = well && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
			atomic_fetch_add(&all->kills, 1);
			pids[i] = client_start(&seed);
			i = (i + 1) % count;
		} while (!(next_random(&seed) % 3));
	}
	all->stop = true;
	for (unsigned int i = 0; i < count; i++) {
		must_call(waitpid(pids[i], &status, 0));
		well = well && !status;
	}
	return well;
}

/* What is left */

static long file_number(const char *path, const char *format)
{
	FILE *from = fopen(path, "r");
	char line[160];
	long value = -1;

	while (from && value < 0 && fgets(line, sizeof(line), from))
		sscanf(line, format, &value);
	if (from)
		fclose(from);
	return value;
}

/* How much a file of the device's debugfs lists, after so many lines of heading. */
static int listed(const char *file, int heading)
{
	char command[160];
	FILE *from;
	int n = -1;

	snprintf(command, sizeof(command),
		 "awk 'FNR > %d { n++ } END { if (NR) print n + 0 }' " DRI "/*/%s", heading, file);
	from = popen(command, "r");
	if (!from || fscanf(from, "%d", &n) != 1)
		n = -1;
	if (from)
		pclose(from);
	return n;
}

static long shmem_kb(void)
{
	return file_number("/proc/meminfo", "Shmem: %ld");
}

static long pinned(void)
{
	return file_number("/proc/vmstat", "nr_foll_pin_acquired %ld") -
	       file_number("/proc/vmstat", "nr_foll_pin_released %ld");
}

/* What a worker or a grace period still holds goes by itself. */
#define GOES(condition) ({ \
	int tries = 0; \
	while (!(condition) && ++tries < 200) \
		usleep(40000); \
	tries < 200; \
})

int main(int argc, char **argv)
{
	unsigned int seconds = DEFAULT_SECONDS, count = DEFAULT_CLIENTS;
	uint64_t seed = 1;
	long shmem, pins;
	int option;
	bool well;

	while ((option = getopt(argc, argv, "d:s:c:")) >= 0) {
		if (option == 'd')
			seconds = strtoul(optarg, NULL, 0);
		else if (option == 's')
			seed = strtoull(optarg, NULL, 0);
		else if (option == 'c')
			count = strtoul(optarg, NULL, 0);
		else
			return KSFT_FAIL;
	}
	if (!count || count > MAX_CLIENTS)
		count = MAX_CLIENTS;
	require_device();
	ksft_print_header();
	if (!is_root())
		ksft_exit_skip("loading modules needs root\n");
	ksft_set_plan(7);
	module_restore_at_exit();
	module_reload(PARAMETERS);
	all = mmap(NULL, sizeof(*all), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must_be(all != MAP_FAILED);
	must_call(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, all->pool));
	shmem = shmem_kb();
	pins = pinned();

	well = run(seconds, count, seed);
	close(all->pool[0]);
	close(all->pool[1]);

	ksft_print_msg("%u s, seed %llu: %lu jobs, %lu refused, %lu executed, %lu copies checked\n",
		       seconds, (unsigned long long)seed, all->jobs, all->refused, all->executed,
		       all->checked);
	ksft_print_msg("%lu waits, %lu fds given, %lu taken, %lu clients killed\n",
		       all->waits, all->given, all->taken, all->kills);
	if (all->odd)
		ksft_print_msg("%lu submits failed, the last with %d\n", all->odd, all->odd_error);
	ksft_test_result(well && !all->odd && all->jobs && all->executed && all->waits &&
			 all->taken && all->kills && all->checked,
			 "clients that live are served\n");
	if (all->lost || all->hung)
		ksft_print_msg("%lu waits slept through their fence, %lu fences did not signal\n",
			       all->lost, all->hung);
	ksft_test_result(!all->lost && !all->hung, "every wait returns\n");
	ksft_test_result(!all->wrong, "copies are what they say\n");
	ksft_test_result(GOES(!listed("figment_queues", 1)), "no queue is left\n");
	/* The limit has a line of its own. */
	ksft_test_result(GOES(!listed("figment_memory", 2)), "no buffer is left\n");
	ksft_test_result(GOES(file_number("/sys/module/figment/refcnt", "%ld") == 0),
			 "no fence keeps the module\n");
	ksft_test_result(GOES(shmem_kb() <= shmem + 256 && pinned() <= pins),
			 "no page is left\n");
	ksft_finished();
}

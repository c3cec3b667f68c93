// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: what a run has come to
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

unsigned int report_sites(void)
{
	/* Calls into KCOV that can be reached once the module is loaded. */
	static const char command[] =
		"{ t=$(mktemp); xz -dcf \"$(modinfo -n figment)\" >$t; readelf -rW $t | awk '"
		"/^Relocation section/ { text = $3 ~ /rela\\.text/ } "
		"text && /__sanitizer_cov_trace_pc/ { n++ } "
		"END { print n + 0 }'; rm $t; } 2>/dev/null";
	FILE *from = popen(command, "r");
	unsigned int sites = 0;

	if (!from || fscanf(from, "%u", &sites) != 1)
		sites = 0;
	if (from)
		pclose(from);
	return sites;
}

void report_status(FILE *to, const struct shared *shared, double seconds, unsigned int sites)
{
	const struct stats *stats = &shared->stats;
	char of[24] = "";

	if (shared->guided) {
		if (sites)
			snprintf(of, sizeof(of), " of %u", sites);
		fprintf(to, "# %.0f s: %u%s PCs, %u edges, ", seconds, shared->coverage.pcs, of,
			shared->coverage.edges);
	} else {
		fprintf(to, "# %.0f s: unguided (no KCOV), ", seconds);
	}
	fprintf(to, "%u outcomes; %llu programs, %llu calls, %.0f calls/s; ",
		shared->coverage.outcomes, stats->programs, stats->calls,
		stats->calls / (seconds > 0 ? seconds : 1));
	fprintf(to, "%llu failures injected, %llu processes killed; ", stats->injected,
		stats->deaths);
	fprintf(to, "%llu programs reached something new, %u joined the corpus of %u\n",
		stats->finds, corpus_size(&shared->corpus) - shared->corpus.loaded,
		shared->corpus.loaded);
	fflush(to);
}

/* What of the calls, or of one, ended how. */
static void show_errors(FILE *to, const unsigned long long *counts)
{
	for (;;) {
		int most = -1;

		for (int e = 0; e < MAX_ERRNO; e++)
			if (counts[e] && (most < 0 || counts[e] > counts[most]))
				most = e;
		if (most < 0)
			break;
		fprintf(to, " %s %llu", most ? strerrorname_np(most) ?: "others" : "ok",
			counts[most]);
		((unsigned long long *)counts)[most] = 0;
	}
	fputc('\n', to);
}

void report_errors(FILE *to, const struct shared *shared)
{
	unsigned long long all[MAX_ERRNO] = { 0 }, one[MAX_ERRNO];

	for (unsigned int op = 0; op < num_calls; op++)
		for (int e = 0; e < MAX_ERRNO; e++)
			all[e] += shared->stats.errors[op][e];
	fputs("# errnos:", to);
	show_errors(to, all);
	for (unsigned int op = 0; op < num_calls; op++) {
		unsigned long long count = 0;

		for (int e = 0; e < MAX_ERRNO; e++) {
			one[e] = shared->stats.errors[op][e];
			count += one[e];
		}
		if (!count)
			continue;
		fprintf(to, "#   %s (%llu us):", calls[op].name,
			shared->stats.ns[op] / count / 1000);
		show_errors(to, one);
	}
}

struct symbol {
	uint64_t at;
	unsigned int hits;
	char name[64];
};

static int by_address(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;

	return x->at < y->at ? -1 : x->at > y->at;
}

static unsigned int read_symbols(struct symbol *symbols, unsigned int max)
{
	FILE *from = fopen("/proc/kallsyms", "r");
	char line[256], type, module[32];
	unsigned int n = 0;

	while (from && n < max && fgets(line, sizeof(line), from)) {
		unsigned long long at;

		if (sscanf(line, "%llx %c %63s [%31[^]]", &at, &type, symbols[n].name,
			   module) != 4 || strcmp(module, "figment") || tolower(type) != 't' ||
		    !strncmp(symbols[n].name, "__pfx_", 6))
			continue;
		symbols[n].at = at & 0xffffffff;
		symbols[n++].hits = 0;
	}
	if (from)
		fclose(from);
	qsort(symbols, n, sizeof(*symbols), by_address);
	return n;
}

void report_functions(FILE *to, const struct shared *shared)
{
	struct symbol *symbols = calloc(4096, sizeof(*symbols));
	unsigned int n = symbols ? read_symbols(symbols, 4096) : 0;

	for (unsigned int i = 0; n && i < 1 << SET_BITS; i++) {
		uint64_t pc = shared->coverage.set[i];
		unsigned int j = n;

		if (!feature_is_pc(pc))
			continue;
		pc &= 0xffffffff;
		while (j && symbols[j - 1].at > pc)
			j--;
		if (j)
			symbols[j - 1].hits++;
	}
	/* Compilers make several symbols of one function; any of them will do. */
	fputs("# never reached by a call of its own:", to);
	for (unsigned int i = 0; i < n; i++)
		if (!symbols[i].hits && !strncmp(symbols[i].name, "figment_", 8) &&
		    !strchr(symbols[i].name, '.'))
			fprintf(to, " %s", symbols[i].name);
	fputc('\n', to);
	free(symbols);
}

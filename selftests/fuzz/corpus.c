// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: the corpus
 *
 * Programs worth keeping, in memory that the workers share. It only grows, and a
 * slot is not looked at before it is filled, so that no lock can be left behind by
 * a worker that was killed.
 */
#include "fuzz.h"

bool corpus_load(struct corpus *corpus, const char *path)
{
	FILE *from = fopen(path, "r");
	struct program program;
	int line = 0;

	if (!from)
		return false;
	while (program_read(from, &program, path, &line))
		corpus_add(corpus, &program);
	fclose(from);
	corpus->loaded = corpus_size(corpus);
	return true;
}

void corpus_add(struct corpus *corpus, const struct program *program)
{
	unsigned int at = atomic_fetch_add(&corpus->num, 1);

	if (at >= MAX_CORPUS)
		return;
	corpus->programs[at] = *program;
	atomic_store(&corpus->ready[at], true);
}

unsigned int corpus_size(const struct corpus *corpus)
{
	unsigned int num = atomic_load(&corpus->num);

	return num < MAX_CORPUS ? num : MAX_CORPUS;
}

const struct program *corpus_get(const struct corpus *corpus, unsigned int index)
{
	if (index >= MAX_CORPUS || !atomic_load(&corpus->ready[index]))
		return NULL;
	return &corpus->programs[index];
}

bool corpus_save(const struct corpus *corpus, unsigned int from, const char *path)
{
	FILE *to = fopen(path, "w");

	if (!to)
		return false;
	fputs("# SPDX-License-Identifier: GPL-2.0-only\n"
	      "# Programs of the fuzzer; see program.c and calls.c.\n\n", to);
	for (unsigned int i = from; i < corpus_size(corpus); i++)
		if (corpus_get(corpus, i))
			program_print(to, corpus_get(corpus, i));
	return !fclose(to);
}

// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: programs as text
 *
 * A call is a line: what is odd about the making of it, its name, and its
 * arguments by name, those that are zero left out. Programs are separated by
 * empty lines. By name, so that a corpus survives when calls grow arguments.
 *
 *	queue_create dev=d0 queue=q0 host=h0 engine=1 priority=1
 *	& host_read host=h0 size=0x10
 *	!3 submit dev=d0
 *
 * "&" is made by a helper thread, beside what follows; "!3" has the third
 * allocation or copy in it fail, "!*" some; "~50" is interrupted after 50 us.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

static bool is_reference(const struct arg_desc *arg)
{
	return arg->type == ARG_IN || arg->type == ARG_OUT || arg->type == ARG_FD;
}

void call_print(FILE *to, const struct call *call)
{
	const struct call_desc *desc = &calls[call->op];

	if (call->async)
		fputs("& ", to);
	if (call->nth == NTH_STORM)
		fputs("!* ", to);
	else if (call->nth)
		fprintf(to, "!%u ", call->nth);
	if (call->interrupt_us)
		fprintf(to, "~%u ", call->interrupt_us);
	fputs(desc->name, to);
	for (int i = 0; i < MAX_ARGS && desc->args[i].name; i++) {
		uint64_t value = call->args[i];

		if (!value)
			continue;
		if (is_reference(&desc->args[i]))
			fprintf(to, " %s=%c%u", desc->args[i].name,
				kind_letters[REF_KIND(value)], (unsigned int)REF_SLOT(value));
		else if (value < 10)
			fprintf(to, " %s=%u", desc->args[i].name, (unsigned int)value);
		else
			fprintf(to, " %s=%#llx", desc->args[i].name, (unsigned long long)value);
	}
	fputc('\n', to);
}

void program_print(FILE *to, const struct program *program)
{
	for (uint32_t i = 0; i < program->num; i++)
		call_print(to, &program->calls[i]);
	fputc('\n', to);
}

static bool read_value(const struct arg_desc *arg, const char *text, uint64_t *value)
{
	const char *letter;
	char *end;

	if (!is_reference(arg)) {
		*value = strtoull(text, &end, 0);
		return *text && !*end;
	}
	letter = *text ? strchr(kind_letters + 1, *text) : NULL;
	if (!letter)
		return false;
	*value = REF(letter - kind_letters, strtoul(text + 1, &end, 10));
	return end > text + 1 && !*end && REF_SLOT(*value) < SLOTS;
}

static bool read_arg(struct call *call, char *word)
{
	const struct call_desc *desc = &calls[call->op];
	char *text = strchr(word, '=');

	if (!text)
		return false;
	*text++ = '\0';
	for (int i = 0; i < MAX_ARGS && desc->args[i].name; i++)
		if (!strcmp(word, desc->args[i].name))
			return read_value(&desc->args[i], text, &call->args[i]);
	return false;
}

static bool read_oddity(struct call *call, const char *word)
{
	if (!strcmp(word, "&"))
		call->async = 1;
	else if (!strcmp(word, "!*"))
		call->nth = NTH_STORM;
	else if (*word == '!')
		call->nth = strtoul(word + 1, NULL, 10);
	else if (*word == '~')
		call->interrupt_us = strtoul(word + 1, NULL, 10);
	else
		return false;
	return true;
}

static bool read_call(struct call *call, char *text)
{
	char *word, *save;
	unsigned int op;

	memset(call, 0, sizeof(*call));
	for (word = strtok_r(text, " \n", &save); word; word = strtok_r(NULL, " \n", &save))
		if (!read_oddity(call, word))
			break;
	for (op = 0; word && op < num_calls; op++)
		if (!strcmp(calls[op].name, word))
			break;
	if (!word || op == num_calls)
		return false;
	call->op = op;
	while ((word = strtok_r(NULL, " \n", &save)))
		if (!read_arg(call, word))
			return false;
	return true;
}

bool program_read(FILE *from, struct program *program, const char *name, int *line)
{
	char text[1024];

	program->num = 0;
	while (fgets(text, sizeof(text), from)) {
		++*line;
		if (text[0] == '#')
			continue;
		if (text[0] == '\n') {
			if (program->num)
				return true;
			continue;
		}
		/* One that nobody understands any more is worth a word, not the run. */
		if (program->num == MAX_CALLS ||
		    !read_call(&program->calls[program->num], text))
			fprintf(stderr, "# %s:%d: no such call\n", name, *line);
		else
			program->num++;
	}
	return program->num;
}

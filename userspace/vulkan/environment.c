// SPDX-License-Identifier: MIT
/**
 * DOC: what the environment says
 *
 * Any Vulkan program can be made to meet a poorer device or a failing one, by two
 * variables that it need not know of:
 *
 *	FIGMENT_HIDE=word,...		take capabilities, handle types, extensions away
 *	FIGMENT_FAULT=name=value,...	have the jobs of each queue be late, hang, fail
 *
 * What is hidden is hidden as though the device had never had it; faults are the
 * kernel's own (struct drm_figment_queue_fault), set for each VkQueue when it is
 * made. They are read once. What cannot be understood would test nothing unnoticed,
 * so then there is no device, and a line says why. A privileged program does not
 * listen to its caller's environment.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "shim.h"

#define NS_PER_MS 1000000ull
/* The kernel's bound for each. */
#define MAX_DELAY_NS (60000 * NS_PER_MS)

static struct environment environment;
static const char *hidden_words = "";

static const struct {
	const char *word;
	uint64_t hide;
} hideable[] = {
	/* What the module's hide= has too, */
	{ "timeline", DRM_FIGMENT_HIDE_TIMELINE },
	{ "prime-import", DRM_FIGMENT_HIDE_PRIME_IMPORT },
	{ "prime-export", DRM_FIGMENT_HIDE_PRIME_EXPORT },
	{ "modifiers", DRM_FIGMENT_HIDE_MODIFIERS },
	/* and each handle type. */
	{ "memory-opaque-fd", HIDE_MEMORY_OPAQUE_FD },
	{ "memory-dma-buf", HIDE_MEMORY_DMA_BUF },
	{ "memory-host-allocation", HIDE_MEMORY_HOST_ALLOCATION },
	{ "memory-host-mapped-foreign", HIDE_MEMORY_HOST_MAPPED },
	{ "fence-opaque-fd", HIDE_FENCE_OPAQUE_FD },
	{ "fence-sync-fd", HIDE_FENCE_SYNC_FD },
	{ "semaphore-opaque-fd", HIDE_SEMAPHORE_OPAQUE_FD },
	{ "semaphore-sync-fd", HIDE_SEMAPHORE_SYNC_FD },
};

static bool is_word(const char *word, size_t length, const char *other)
{
	return strlen(other) == length && !strncmp(word, other, length);
}

static bool hide_word(const char *word, size_t length)
{
	for (size_t i = 0; i < ARRAY_SIZE(hideable); i++) {
		if (is_word(word, length, hideable[i].word)) {
			environment.hide |= hideable[i].hide;
			return true;
		}
	}
	/* An extension may be one that this lavapipe has not. */
	return !strncmp(word, "VK_", 3);
}

/* "20ms", of ns, us, ms and s */
static bool read_time(const char *value, __u64 *ns)
{
	static const struct {
		const char *name;
		uint64_t ns;
	} units[] = {
		{ "ns", 1 }, { "us", 1000 }, { "ms", NS_PER_MS }, { "s", 1000 * NS_PER_MS },
	};
	__u64 number;
	char *end;

	if (*value < '0' || *value > '9')
		return false;
	number = strtoull(value, &end, 10);
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		size_t length = strlen(units[i].name);

		if (!strncmp(end, units[i].name, length) && (!end[length] || end[length] == ',')) {
			*ns = number * units[i].ns;
			return number <= MAX_DELAY_NS / units[i].ns;
		}
	}
	return false;
}

static bool read_number(const char *value, uint64_t max, __u64 *number)
{
	char *end;

	if (*value < '0' || *value > '9')
		return false;
	errno = 0;
	*number = strtoull(value, &end, 0);
	return !errno && (!*end || *end == ',') && *number <= max;
}

static bool fault_word(const char *word, size_t length)
{
	struct drm_figment_queue_fault *fault = &environment.fault;
	const char *value = memchr(word, '=', length);
	size_t name = value ? (size_t)(value++ - word) : length;
	__u64 number;

	if (!value)
		return false;
	if (is_word(word, name, "delay"))
		return read_time(value, &fault->delay_signal_ns);
	if (is_word(word, name, "delay-run"))
		return read_time(value, &fault->delay_run_ns);
	if (is_word(word, name, "jitter"))
		return read_time(value, &fault->jitter_ns);
	if (is_word(word, name, "seed"))
		return read_number(value, UINT64_MAX, &fault->seed);
	if (is_word(word, name, "hang"))
		return read_number(value, UINT64_MAX, &number) && (fault->hang_nth = number);
	if (is_word(word, name, "fail"))
		return read_number(value, UINT64_MAX, &number) && (fault->fail_nth = number);
	if (is_word(word, name, "error")) {
		if (!read_number(value, 4095, &number) || !number)
			return false;
		fault->error = -(int32_t)number;
		return true;
	}
	return false;
}

static void read_list(const char *name, bool (*take)(const char *word, size_t length))
{
	const char *word = secure_getenv(name);

	while (word && *word) {
		size_t length = strcspn(word, ",");

		if (length && !take(word, length)) {
			shim_say("no device: %s: what is \"%.*s\"? (docs/vulkan.md has what there is)",
				 name, (int)length, word);
			environment.wrong = true;
		}
		word += length + (word[length] == ',');
	}
}

static void read_all(void)
{
	const char *hide = secure_getenv("FIGMENT_HIDE");

	hidden_words = hide ? hide : "";
	read_list("FIGMENT_HIDE", hide_word);
	read_list("FIGMENT_FAULT", fault_word);
	if (environment.fault.fail_nth && !environment.fault.error)
		environment.fault.error = -EIO;
	if (!environment.fault.fail_nth)
		environment.fault.error = 0;
}

const struct environment *environment_get(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, read_all);
	return &environment;
}

/** environment_hides() - whether an extension is to be hidden by its name */
bool environment_hides(const char *extension)
{
	environment_get();
	for (const char *word = hidden_words; *word;) {
		size_t length = strcspn(word, ",");

		if (is_word(word, length, extension))
			return true;
		word += length + (word[length] == ',');
	}
	return false;
}

/** environment_has_faults() - whether queues' jobs are to suffer */
bool environment_has_faults(void)
{
	const struct drm_figment_queue_fault *fault = &environment_get()->fault;

	return fault->delay_signal_ns || fault->delay_run_ns || fault->jitter_ns ||
	       fault->hang_nth || fault->fail_nth;
}

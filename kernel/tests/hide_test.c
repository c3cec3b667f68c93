// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: KUnit: words of hide=
 */
#include <kunit/test.h>

#include "../figment_hide.c"

#define TIMELINE	DRM_FIGMENT_HIDE_TIMELINE
#define IMPORT		DRM_FIGMENT_HIDE_PRIME_IMPORT
#define EXPORT		DRM_FIGMENT_HIDE_PRIME_EXPORT
#define MODIFIERS	DRM_FIGMENT_HIDE_MODIFIERS

static const struct hide_case {
	const char *name;
	const char *text;
	int ret;
	u32 hide;
} hide_cases[] = {
	{ "none", NULL, 0, 0 },
	{ "empty", "", 0, 0 },
	{ "timeline", "timeline", 0, TIMELINE },
	{ "import", "prime-import", 0, IMPORT },
	{ "export", "prime-export", 0, EXPORT },
	{ "modifiers", "modifiers", 0, MODIFIERS },
	{ "all", "timeline,prime-import,prime-export,modifiers", 0,
	  TIMELINE | IMPORT | EXPORT | MODIFIERS },
	{ "any order, twice", "modifiers,timeline,modifiers", 0, TIMELINE | MODIFIERS },
	{ "a comma at the end", "timeline,", 0, TIMELINE },
	{ "a comma", ",", -EINVAL },
	{ "a comma in front", ",timeline", -EINVAL },
	{ "two commas", "timeline,,modifiers", -EINVAL },
	{ "a blank", "timeline, modifiers", -EINVAL },
	{ "a prefix", "time", -EINVAL },
	{ "longer", "timelines", -EINVAL },
	{ "upper case", "Timeline", -EINVAL },
	{ "the last is wrong", "timeline,prime", -EINVAL },
};

static void hide_case_name(const struct hide_case *c, char *name)
{
	strscpy(name, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(hide, hide_cases, hide_case_name);

static void hide_parse(struct kunit *test)
{
	const struct hide_case *c = test->param_value;
	u32 hide = ~0u;

	KUNIT_EXPECT_EQ(test, c->ret, figment_hide_parse(c->text, &hide));
	if (!c->ret)
		KUNIT_EXPECT_EQ(test, c->hide, hide);
}

static struct kunit_case hide_suite_cases[] = {
	KUNIT_CASE_PARAM(hide_parse, hide_gen_params),
	{ }
};

static struct kunit_suite hide_suite = {
	.name = "figment_hide",
	.test_cases = hide_suite_cases,
};

kunit_test_suite(hide_suite);

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SELFTESTS_VULKAN_FIXTURE_H
#define SELFTESTS_VULKAN_FIXTURE_H

/**
 * DOC: what each test of these programs starts with
 *
 * A Vulkan device of figment's, made in the test's own process. A test that
 * failed may have left work behind a closed gate, for which no destructor may be
 * called: the process's end cleans up after it.
 */

#include "kselftest_harness.h"
#include "peer.h"
#include "vk.h"

FIXTURE(vk) {
	struct vk vk;
};

FIXTURE_SETUP(vk)
{
	vk_open(&self->vk);
}

FIXTURE_TEARDOWN(vk)
{
	if (!_metadata->exit_code)
		EXPECT_EQ(0, vk_close(&self->vk));
}

/** VK_HARNESS_MAIN() - main() of a program whose peers have these roles */
#define VK_HARNESS_MAIN(...) \
	int main(int argc, char **argv) \
	{ \
		static const struct role roles[] = { __VA_ARGS__ { 0 } }; \
	\
		peer_main(roles, argc, argv); \
		require_device(); \
		vk_preload(); \
		return test_harness_run(argc, argv); \
	}

#endif

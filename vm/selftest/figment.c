// SPDX-License-Identifier: GPL-2.0
/*
 * DOC: a module called figment that misbehaves on request
 *
 * It stands in for the real one in vm/selftest.sh. What is written to its
 * parameter "provoke", it does.
 */
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/smp.h>

static void *lost;

static void spin(void *unused)
{
	preempt_disable();
	for (;;)
		cpu_relax();
}

static int provoke(const char *val, const struct kernel_param *kp)
{
	if (sysfs_streq(val, "warn"))
		WARN(1, "told to warn\n");
	else if (sysfs_streq(val, "oops"))
		WRITE_ONCE(*(int *)NULL, 1);
	else if (sysfs_streq(val, "report"))
		pr_info("figment: 3 objects leaked\n");
	else if (sysfs_streq(val, "leak"))
		lost = kmalloc(1234, GFP_KERNEL);
	else if (sysfs_streq(val, "pin"))
		__module_get(THIS_MODULE);
	else if (sysfs_streq(val, "lockup"))
		spin(NULL);
	else if (sysfs_streq(val, "hang"))
		on_each_cpu(spin, NULL, 1);
	else
		return -EINVAL;
	return 0;
}

static const struct kernel_param_ops provoke_ops = { .set = provoke };
module_param_cb(provoke, &provoke_ops, NULL, 0200);

static int __init stand_in_init(void)
{
	return 0;
}
module_init(stand_in_init);

static void __exit stand_in_exit(void)
{
}
module_exit(stand_in_exit);

MODULE_DESCRIPTION("figment's stand-in for the runner's own tests");
MODULE_LICENSE("GPL");

// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: injected faults
 *
 * A queue's owner can have its jobs delayed, hung and failed on purpose, so that
 * clients' mistakes about late or broken fences can be provoked. What happens to
 * a job is drawn when it is submitted, in the queue's order and from the queue's
 * own seed, so that the same program gets the same faults again.
 *
 * A delay before running is a timer between what the job waits for and its being
 * ready, so that the watchdog's time starts after it, as it should. A delay before
 * signalling holds a job that is done back, and with it all that follow in its
 * queue. A hung job is one that is never done; what bounds it is what bounds every
 * job.
 *
 * Root can have the same for every queue that is made from then on, in debugfs.
 */
#include <linux/debugfs.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <drm/drm_debugfs.h>

#include "figment_drv.h"

#define FIGMENT_MAX_FAULT_DELAY_NS	(60ull * NSEC_PER_SEC)

static u64 figment_fault_jittered(struct figment_fault *fault, u64 ns)
{
	u64 random, jitter;

	if (!fault->args.jitter_ns)
		return ns;
	random = (u64)prandom_u32_state(&fault->random) << 32 |
		 prandom_u32_state(&fault->random);
	div64_u64_rem(random, fault->args.jitter_ns + 1, &jitter);
	return ns + jitter;
}

/**
 * figment_fault_draw - decide what is to happen to a job; cannot fail
 * @job: the job, which is about to be armed, under its client's submit_lock
 */
void figment_fault_draw(struct figment_job *job)
{
	struct figment_fault *fault = &job->queue->fault;

	if (!fault->active)
		return;
	job->fault.run_ns = figment_fault_jittered(fault, fault->args.delay_run_ns);
	job->fault.signal_ns = figment_fault_jittered(fault, fault->args.delay_signal_ns);
	fault->count++;
	job->fault.hang = fault->count == fault->args.hang_nth;
	if (fault->count == fault->args.fail_nth)
		job->fault.error = fault->args.error;
}

static int figment_fault_check(const struct figment_fault_args *args)
{
	if (args->delay_run_ns > FIGMENT_MAX_FAULT_DELAY_NS ||
	    args->delay_signal_ns > FIGMENT_MAX_FAULT_DELAY_NS ||
	    args->jitter_ns > FIGMENT_MAX_FAULT_DELAY_NS)
		return -ERANGE;
	if (args->fail_nth ? args->error >= 0 || args->error < -MAX_ERRNO : args->error)
		return -EINVAL;
	return 0;
}

/**
 * figment_fault_set - have a queue's next jobs suffer
 * @fault: the queue's
 * @args: what from
 */
void figment_fault_set(struct figment_fault *fault, const struct figment_fault_args *args)
{
	fault->args = *args;
	fault->count = 0;
	prandom_seed_state(&fault->random, args->seed);
	fault->active = args->delay_run_ns || args->delay_signal_ns || args->jitter_ns ||
			args->hang_nth || args->fail_nth;
}

int figment_ioctl_queue_fault(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct figment_client *client = file->driver_priv;
	struct drm_figment_queue_fault *uapi = data;
	struct figment_fault_args args = {
		.delay_run_ns = uapi->delay_run_ns,
		.delay_signal_ns = uapi->delay_signal_ns,
		.jitter_ns = uapi->jitter_ns,
		.seed = uapi->seed,
		.hang_nth = uapi->hang_nth,
		.fail_nth = uapi->fail_nth,
		.error = uapi->error,
	};
	struct figment_queue *queue;
	int ret;

	if (uapi->flags || uapi->pad)
		return -EINVAL;
	ret = figment_fault_check(&args);
	if (ret)
		return ret;
	queue = figment_queue_find(client, uapi->queue);
	if (!queue)
		return -ENOENT;
	ret = mutex_lock_interruptible(&client->submit_lock);
	if (!ret) {
		figment_fault_set(&queue->fault, &args);
		mutex_unlock(&client->submit_lock);
	}
	figment_queue_put(queue);
	return ret;
}

/* debugfs: the device's default, as words "name=value", all others being zero */

static int figment_fault_show(struct seq_file *m, void *unused)
{
	struct figment_device *fdev = m->private;
	struct figment_fault_args args;

	mutex_lock(&fdev->lock);
	args = fdev->fault;
	mutex_unlock(&fdev->lock);
	seq_printf(m, "run=%llu signal=%llu jitter=%llu seed=%llu hang=%llu fail=%llu error=%d\n",
		   args.delay_run_ns, args.delay_signal_ns, args.jitter_ns, args.seed,
		   args.hang_nth, args.fail_nth, args.error);
	return 0;
}

static int figment_fault_word(struct figment_fault_args *args, const char *name,
			      const char *value)
{
	if (!strcmp(name, "run"))
		return kstrtoull(value, 0, &args->delay_run_ns);
	if (!strcmp(name, "signal"))
		return kstrtoull(value, 0, &args->delay_signal_ns);
	if (!strcmp(name, "jitter"))
		return kstrtoull(value, 0, &args->jitter_ns);
	if (!strcmp(name, "seed"))
		return kstrtoull(value, 0, &args->seed);
	if (!strcmp(name, "hang"))
		return kstrtoull(value, 0, &args->hang_nth);
	if (!strcmp(name, "fail"))
		return kstrtoull(value, 0, &args->fail_nth);
	if (!strcmp(name, "error"))
		return kstrtoint(value, 0, &args->error);
	return -EINVAL;
}

static int figment_fault_parse(char *text, struct figment_fault_args *args)
{
	char *word;
	int ret;

	while ((word = strsep(&text, " \t\n"))) {
		char *value = strchr(word, '=');

		if (!*word)
			continue;
		if (!value)
			return -EINVAL;
		*value++ = '\0';
		ret = figment_fault_word(args, word, value);
		if (ret)
			return ret;
	}
	return figment_fault_check(args);
}

static ssize_t figment_fault_write(struct file *file, const char __user *buf, size_t size,
				   loff_t *pos)
{
	struct figment_device *fdev = ((struct seq_file *)file->private_data)->private;
	struct figment_fault_args args = { };
	char *text;
	int ret;

	if (size > 512)
		return -EINVAL;
	text = memdup_user_nul(buf, size);
	if (IS_ERR(text))
		return PTR_ERR(text);
	ret = figment_fault_parse(text, &args);
	kfree(text);
	if (ret)
		return ret;
	mutex_lock(&fdev->lock);
	fdev->fault = args;
	mutex_unlock(&fdev->lock);
	return size;
}

static int figment_fault_open(struct inode *inode, struct file *file)
{
	return single_open(file, figment_fault_show, inode->i_private);
}

static const struct file_operations figment_fault_fops = {
	.owner = THIS_MODULE,
	.open = figment_fault_open,
	.read = seq_read,
	.write = figment_fault_write,
	.llseek = seq_lseek,
	.release = single_release,
};

void figment_fault_debugfs(struct figment_device *fdev, struct dentry *root)
{
	debugfs_create_file("figment_fault", 0600, root, fdev, &figment_fault_fops);
}

// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: the copy engine
 *
 * What a copy job's commands are, and how they are executed. They are checked in
 * the submit, against the buffers the job holds, and buffers are mapped then: all
 * that is left to a ring is to move bytes. It does so in chunks and keeps in the
 * job how far it got, so that figment_ring.c can look, between any two, whether
 * the job is still wanted, has had its time, or should let others go first.
 *
 * It makes no dma_buf_begin_cpu_access() calls on foreign buffers: those may
 * wait for fences and take reservation locks, which nothing on the way to
 * signalling a fence may do. figment runs where the CPU's caches are coherent
 * with all that shares memory with it.
 */
#include <linux/nospec.h>
#include <linux/overflow.h>
#include <linux/slab.h>

#include "figment_ring.h"

#define FIGMENT_MAX_DELAY_NS	(60ull * NSEC_PER_SEC)

/* Checking */

/* @bytes from @offset of buffer @index, which is used as @flag says */
static int figment_copy_check_range(struct figment_job *job, u32 index, u32 flag,
				    u64 offset, u64 bytes)
{
	u64 end;

	if (index >= job->num_refs)
		return -ERANGE;
	index = array_index_nospec(index, job->num_refs);
	if (!(job->refs[index].flags & flag))
		return -EACCES;
	if (check_add_overflow(offset, bytes, &end) ||
	    end > job->refs[index].bo->base.base.size)
		return -ERANGE;
	return 0;
}

/* From the first byte of the first row to the last of the last. */
static int figment_copy_extent(const struct drm_figment_cmd *cmd, u32 pitch, u64 *bytes)
{
	return check_add_overflow((u64)(cmd->rows - 1) * pitch, cmd->size, bytes) ? -ERANGE : 0;
}

static int figment_copy_check_2d(struct figment_job *job, const struct drm_figment_cmd *cmd)
{
	u64 src, dst;
	int ret;

	if (!cmd->rows || !cmd->size || cmd->value || cmd->elem)
		return -EINVAL;
	if (cmd->rows > 1 && cmd->dst_pitch < cmd->size)
		return -EINVAL;
	ret = figment_copy_extent(cmd, cmd->src_pitch, &src);
	if (!ret)
		ret = figment_copy_extent(cmd, cmd->dst_pitch, &dst);
	if (!ret)
		ret = figment_copy_check_range(job, cmd->src, DRM_FIGMENT_BO_READ,
					       cmd->src_offset, src);
	if (!ret)
		ret = figment_copy_check_range(job, cmd->dst, DRM_FIGMENT_BO_WRITE,
					       cmd->dst_offset, dst);
	return ret;
}

static int figment_copy_check_fill(struct figment_job *job, const struct drm_figment_cmd *cmd)
{
	if (cmd->elem != 1 && cmd->elem != 2 && cmd->elem != 4 && cmd->elem != 8)
		return -EINVAL;
	if (!cmd->size || (cmd->size | cmd->dst_offset) & (cmd->elem - 1))
		return -EINVAL;
	if (cmd->elem < 8 && cmd->value >> (8 * cmd->elem))
		return -EINVAL;
	return figment_copy_check_range(job, cmd->dst, DRM_FIGMENT_BO_WRITE,
					cmd->dst_offset, cmd->size);
}

static int figment_copy_check_store(struct figment_job *job, const struct drm_figment_cmd *cmd)
{
	if (cmd->size || cmd->elem || cmd->dst_offset & 7)
		return -EINVAL;
	return figment_copy_check_range(job, cmd->dst, DRM_FIGMENT_BO_WRITE,
					cmd->dst_offset, sizeof(u64));
}

static int figment_copy_check_cmd(struct figment_job *job, const struct drm_figment_cmd *cmd)
{
	bool src = cmd->src || cmd->src_offset;
	bool dst = cmd->dst || cmd->dst_offset;
	bool two = cmd->rows || cmd->src_pitch || cmd->dst_pitch;
	int ret;

	if (cmd->flags)
		return -EINVAL;
	switch (cmd->op) {
	case DRM_FIGMENT_CMD_NOP:
		return src || dst || two || cmd->size || cmd->value || cmd->elem ? -EINVAL : 0;
	case DRM_FIGMENT_CMD_COPY:
		if (two || !cmd->size || cmd->value || cmd->elem)
			return -EINVAL;
		ret = figment_copy_check_range(job, cmd->src, DRM_FIGMENT_BO_READ,
					       cmd->src_offset, cmd->size);
		return ret ?: figment_copy_check_range(job, cmd->dst, DRM_FIGMENT_BO_WRITE,
						       cmd->dst_offset, cmd->size);
	case DRM_FIGMENT_CMD_COPY_2D:
		return figment_copy_check_2d(job, cmd);
	case DRM_FIGMENT_CMD_FILL:
		return src || two ? -EINVAL : figment_copy_check_fill(job, cmd);
	case DRM_FIGMENT_CMD_WRITE64:
		return src || two ? -EINVAL : figment_copy_check_store(job, cmd);
	case DRM_FIGMENT_CMD_TIMESTAMP:
		return src || two || cmd->value ? -EINVAL : figment_copy_check_store(job, cmd);
	case DRM_FIGMENT_CMD_DELAY:
		if (src || dst || two || cmd->size || cmd->elem ||
		    cmd->value > FIGMENT_MAX_DELAY_NS)
			return -EINVAL;
		return 0;
	default:
		return -EINVAL;
	}
}

/*
 * Its bytes, where a command, or a row, counts as at least 64. It has been checked:
 * its rows do not overlap and are in a buffer, so this cannot overflow.
 */
static u64 figment_copy_weight(const struct drm_figment_cmd *cmd)
{
	return max_t(u64, cmd->size, 64) * max(cmd->rows, 1u);
}

/**
 * figment_copy_check - check a job's commands and map the buffers they use
 * @job: the job, with its buffers
 */
int figment_copy_check(struct figment_job *job)
{
	u32 i;
	int ret;

	for (i = 0; i < job->num_cmds; i++) {
		ret = figment_copy_check_cmd(job, &job->cmds[i]);
		if (ret)
			return ret;
		job->weight += figment_copy_weight(&job->cmds[i]);
		cond_resched();
	}
	for (i = 0; job->num_cmds && i < job->num_refs; i++) {
		ret = figment_gem_vmap_bo(job->refs[i].bo);
		if (ret)
			return ret;
	}
	return 0;
}

/* Executing */

static void *figment_copy_addr(struct figment_job *job, u32 index, u64 offset)
{
	return job->refs[index].bo->map.vaddr + offset;
}

static void *figment_copy_dst(struct figment_job *job, const struct drm_figment_cmd *cmd)
{
	return figment_copy_addr(job, cmd->dst, cmd->dst_offset);
}

/* Whole rows: no more than moving their bytes is done for each. */
static void figment_copy_whole_rows(void *dst, const void *src,
				    const struct drm_figment_cmd *cmd, u32 rows)
{
	size_t size = cmd->size;

	/* What most decimation is made of: single pixels. */
	if (size == sizeof(u32)) {
		for (; rows; rows--, dst += cmd->dst_pitch, src += cmd->src_pitch)
			memcpy(dst, src, sizeof(u32));
		return;
	}
	for (; rows; rows--, dst += cmd->dst_pitch, src += cmd->src_pitch)
		memmove(dst, src, size);
}

/*
 * Of one command, as much as the turn has left until its next look. What a row
 * costs besides its bytes counts as 64 of them. Return: whether it is complete.
 */
static bool figment_copy_rows(struct figment_job *job, const struct drm_figment_cmd *cmd,
			      struct figment_turn *turn)
{
	const void *src = figment_copy_addr(job, cmd->src, cmd->src_offset);
	void *dst = figment_copy_dst(job, cmd);
	u64 weight = max_t(u64, cmd->size, 64);
	u32 rows = max(cmd->rows, 1u);

	src += (u64)job->at.row * cmd->src_pitch;
	dst += (u64)job->at.row * cmd->dst_pitch;
	while (job->at.row < rows && turn->left) {
		u32 whole = 1;
		size_t n;

		if (!job->at.byte && turn->left >= weight) {
			/* At most what is left of the turn: a division that 32-bit kernels have. */
			whole = min_t(size_t, rows - job->at.row, turn->left / (size_t)weight);
			figment_copy_whole_rows(dst, src, cmd, whole);
			turn->left -= whole * weight;
		} else {
			n = min_t(u64, cmd->size - job->at.byte, turn->left);
			memmove(dst + job->at.byte, src + job->at.byte, n);
			turn->left -= min_t(size_t, turn->left, max_t(size_t, n, 64));
			job->at.byte += n;
			if (job->at.byte < cmd->size)
				continue;
			job->at.byte = 0;
		}
		job->at.row += whole;
		src += (u64)whole * cmd->src_pitch;
		dst += (u64)whole * cmd->dst_pitch;
	}
	return job->at.row == rows;
}

static bool figment_copy_fill(struct figment_job *job, const struct drm_figment_cmd *cmd,
			      struct figment_turn *turn)
{
	void *dst = figment_copy_dst(job, cmd) + job->at.byte;
	size_t n = min_t(u64, cmd->size - job->at.byte, FIGMENT_CHUNK);

	switch (cmd->elem) {
	case 1:
		memset(dst, cmd->value, n);
		break;
	case 2:
		memset16(dst, cmd->value, n / 2);
		break;
	case 4:
		memset32(dst, cmd->value, n / 4);
		break;
	case 8:
		memset64(dst, cmd->value, n / 8);
		break;
	}
	turn->left -= min_t(size_t, turn->left, max_t(size_t, n, 64));
	job->at.byte += n;
	return job->at.byte == cmd->size;
}

static bool figment_copy_step(struct figment_job *job, const struct drm_figment_cmd *cmd,
			      struct figment_turn *turn)
{
	switch (cmd->op) {
	case DRM_FIGMENT_CMD_COPY:
	case DRM_FIGMENT_CMD_COPY_2D:
		return figment_copy_rows(job, cmd, turn);
	case DRM_FIGMENT_CMD_FILL:
		return figment_copy_fill(job, cmd, turn);
	case DRM_FIGMENT_CMD_WRITE64:
		WRITE_ONCE(*(u64 *)figment_copy_dst(job, cmd), cmd->value);
		break;
	case DRM_FIGMENT_CMD_TIMESTAMP:
		WRITE_ONCE(*(u64 *)figment_copy_dst(job, cmd), ktime_get_ns());
		break;
	}
	turn->left -= min_t(size_t, turn->left, 64);
	return true;
}

/* First FIGMENT_PAUSE, and 0 when that much later the job is executed again. */
static int figment_copy_pause(struct figment_job *job, u64 ns)
{
	job->pausing = !job->pausing && ns;
	job->pause_ns = ns;
	return job->pausing ? FIGMENT_PAUSE : 0;
}

static int figment_copy_cmds(struct figment_job *job, struct figment_turn *turn)
{
	int ret = 0;

	while (job->at.cmd < job->num_cmds) {
		const struct drm_figment_cmd *cmd = &job->cmds[job->at.cmd];
		bool complete = true;

		if (!turn->left)
			ret = figment_ring_look(turn, job);
		if (!ret && cmd->op == DRM_FIGMENT_CMD_DELAY)
			ret = figment_copy_pause(job, cmd->value);
		else if (!ret)
			complete = figment_copy_step(job, cmd, turn);
		if (ret)
			return ret;
		if (complete) {
			job->at.cmd++;
			job->at.row = 0;
			job->at.byte = 0;
		}
	}
	return 0;
}

/**
 * figment_copy_execute - execute a job, or some of it
 * @job: the job
 * @turn: the turn that it is executed in
 *
 * Return: 0 if it is complete, FIGMENT_YIELD or FIGMENT_PAUSE if it is to be
 * executed again, in another turn or after its pause_ns, or the negative errno it
 * fails with.
 */
int figment_copy_execute(struct figment_job *job, struct figment_turn *turn)
{
	int ret = job->fault.error;

	if (!ret)
		ret = figment_copy_cmds(job, turn);
	/* One pause after the last command is for its faults. */
	if (!ret && (job->fault.signal_ns || job->fault.hang))
		ret = figment_copy_pause(job, job->fault.hang ? U64_MAX : job->fault.signal_ns);
	return ret;
}

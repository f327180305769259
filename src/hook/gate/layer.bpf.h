/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Files behind stacked ones. Who writes to an overlay's layer directly leaves no trace on the merged file, so a verdict of a merged file
 * names the file behind it and its generation at that time. Where that file cannot be found (an unknown kernel) it names none.
 */
#pragma once

#include "gate.bpf.h"

/* a stacked file system opens this one for a file of its own */
static __always_inline void note_layer(struct inode *inode)
{
	struct ima_gate_live *l;

	if (!is_regular(inode))
		return;
	l = live_of(inode, true);
	if (l)
		l->layer = 1;
}

static __always_inline bool is_backing(const struct file *file)
{
	return BPF_CORE_READ(file, f_mode) & FMODE_NOACCOUNT &&
	       (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) == S_IFREG;
}

/* what overlay keeps with its open file: since 6.13 a structure that begins with the file behind it, before the file itself */
static __always_inline const struct file *backing_of(const void *kept)
{
	const struct file *file = 0;

	if (bpf_probe_read_kernel(&file, sizeof(file), kept) == 0 && is_backing(file))
		return file;
	file = kept;
	return is_backing(file) ? file : 0;
}

/* two overlays may be stacked: what counts is the last; NULL: not known */
static __always_inline const struct inode *inode_behind(struct file *file)
{
	const struct file *back = backing_of(file->private_data);
	const struct inode *inode;

	if (!back)
		return 0;
	inode = BPF_CORE_READ(back, f_inode);
	if (BPF_CORE_READ(inode, i_sb, s_magic) != OVERLAY_MAGIC)
		return inode;
	back = backing_of(BPF_CORE_READ(back, private_data));
	return back ? BPF_CORE_READ(back, f_inode) : 0;
}

static __always_inline __u64 layer_gen(__u64 key)
{
	__u64 *gen = bpf_map_lookup_elem(&layer_map, &key), now = bpf_ktime_get_ns();

	if (gen)
		return *gen;
	bpf_map_update_elem(&layer_map, &key, &now, BPF_NOEXIST);
	gen = bpf_map_lookup_elem(&layer_map, &key);
	return gen ? *gen : 0;
}

/* the worker asks, by a mapping that allows nothing, before it looks at a merged file */
static __always_inline void look_behind(struct file *file, struct inode *inode)
{
	const struct inode *back;
	struct ima_gate_live *l;
	__u64 gen;

	if (inode->i_sb->s_magic != OVERLAY_MAGIC || !is_regular(inode) || !is_own())
		return;
	back = inode_behind(file);
	l = live_of(inode, true);
	if (!l)
		return;
	gen = back ? layer_gen((__u64)back) : 0;
	/* asked last: who opened it since then has moved the generation */
	if (back && BPF_CORE_READ(back, i_writecount.counter) > 0)
		gen = 0;
	/* at once: another thread of the worker may read it for a file that it looks at */
	l->behind.inode = (__u64)back;
	l->behind.gen = gen;
}

/* a writer's claim is looked at before the generation that it moves */
static __always_inline bool is_layer_same(struct file *file, const struct ima_gate_behind *was)
{
	const struct inode *back = inode_behind(file);
	const __u64 key = (__u64)back;
	__u64 *gen;

	if (key != was->inode || BPF_CORE_READ(back, i_writecount.counter) > 0)
		return false;
	gen = bpf_map_lookup_elem(&layer_map, &key);
	return gen && *gen == was->gen;
}

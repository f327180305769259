/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * EVM's rules where metadata changes, by what is known of the file: the worker's finding while nothing changed since, else what the last
 * change that was allowed left. What is not known is told to the worker, and allowed or refused by the fail mode: nothing waits here.
 */
#pragma once

#include "core/evm/change.h"

#include "gate.bpf.h"

#define TMPFS_MAGIC 0x01021994
#define SYSFS_MAGIC 0x62656572
#define OVERLAYFS_MAGIC 0x794c7630
#define FUSE_MAGIC 0x65735546
#define EVM_OWN_NEW 609 /* from here on only mknod(2) makes what EVM takes for new; before, every open that makes a file */
#define ADMIN_BIT 21 /* CAP_SYS_ADMIN */

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, struct ima_gate_name);
	__type(value, __u32);
} covered_map __weak SEC(".maps");

static __always_inline void fill_change(struct ima_evm_change *ch, struct inode *inode,
					struct ima_gate_config *cfg)
{
	const unsigned long magic = inode->i_sb->s_magic;
	__u64 caps = 0;

	bpf_core_read(&caps, sizeof(caps), &bpf_get_current_task_btf()->cred->cap_effective);
	ch->mode = cfg->evm_mode;
	ch->version = cfg->evm_version;
	ch->fix = (cfg->evm & IMA_GATE_EVM_FIX) != 0;
	ch->scratch = magic == TMPFS_MAGIC || magic == SYSFS_MAGIC;
	ch->overlay = magic == OVERLAYFS_MAGIC;
	ch->admin = caps >> ADMIN_BIT & 1;
}

static __always_inline void fill_status(struct ima_evm_change *ch, struct inode *inode,
					struct ima_gate_live *l, struct ima_gate_config *cfg)
{
	struct ima_gate_verdict *v = verdict_of(inode);
	__u32 evm = 0;

	if (v && v->evm && v->evm_epoch == cfg->epoch && v->meta == l->meta)
		evm = v->evm;
	else if (l->evm_epoch == cfg->epoch)
		evm = l->evm;
	ch->judged = evm != 0;
	ch->status = evm ? evm - 1 : IMA_INTEGRITY_UNKNOWN;
	ch->new_file = l->made && (cfg->evm_version >= EVM_OWN_NEW || inode->i_writecount.counter > 0);
}

/* a file that was made just now: nobody could have given it an attribute yet */
static __always_inline void note_made(struct inode *inode, struct ima_gate_config *cfg, bool made)
{
	struct ima_gate_live *l;

	if (!(cfg->evm & IMA_GATE_EVM_ON))
		return;
	l = live_of(inode, true);
	if (!l)
		return;
	if (cfg->evm & IMA_GATE_EVM_BARE) {
		l->evm = IMA_GATE_EVM(IMA_INTEGRITY_NOXATTRS);
		l->evm_epoch = cfg->epoch;
	}
	l->made = made;
}

static __always_inline void tell_metadata(struct dentry *dentry, struct inode *inode, __u32 evm, __u32 change)
{
	struct ima_gate_record *r = bpf_ringbuf_reserve(&ring_map, sizeof(*r), 0);

	if (!r) {
		count_drop();
		return;
	}
	__builtin_memset(&r->c, 0, sizeof(r->c));
	fill_inode(&r->c, inode);
	fill_task(&r->c);
	r->type = IMA_GATE_METADATA;
	r->func = evm;
	r->data_len = 0;
	r->fd = -1;
	r->change = change | IMA_GATE_CHANGE_REVERSED;
	r->path_len = tell_names(r, dentry);
	bpf_ringbuf_submit(r, 0);
}

/* the HMAC follows a change that was allowed; a file without attributes has none until it gets its first */
static __always_inline bool follows(const struct ima_evm_change *ch, const struct ima_evm_answer *a)
{
	const bool first = ch->op == IMA_EVM_OP_SETXATTR && ch->class == IMA_EVM_CLASS_COVERED;

	return !a->error && ima_evm_updates(ch) &&
	       (first || !ch->judged || ch->status != IMA_INTEGRITY_NOXATTRS);
}

static __always_inline __u32 describe(const struct ima_evm_change *ch, const struct ima_evm_answer *a, bool refused)
{
	__u32 change = 0;

	if (refused)
		change |= IMA_GATE_CHANGE_REFUSED;
	if (a->unjudged)
		change |= IMA_GATE_CHANGE_UNJUDGED;
	if (ch->op == IMA_EVM_OP_SETATTR)
		change |= IMA_GATE_CHANGE_IS_ATTR;
	if (a->update_metadata)
		change |= IMA_GATE_CHANGE_AUDIT_UPDATE;
	if (a->appraise_metadata)
		change |= IMA_GATE_CHANGE_AUDIT_APPRAISE;
	if (follows(ch, a))
		change |= IMA_GATE_CHANGE_FOLLOW;
	return change;
}

/* is there something for the worker: to follow, to write down, or to look at, since the next change will ask? */
static __always_inline bool is_news(const struct ima_evm_change *ch, __u32 change)
{
	const bool asked = ch->class == IMA_EVM_CLASS_EVM ||
			   (ch->judged && ch->status == IMA_INTEGRITY_FAIL_IMMUTABLE);

	return (change & ~IMA_GATE_CHANGE_IS_ATTR) || (asked && ima_evm_status_matters(ch));
}

/* @ch: op, class and what the new value says. Fails open where there is no memory for the file's storage; 0, or the kernel's error */
static __always_inline int check_metadata(struct dentry *dentry, struct inode *inode, struct ima_evm_change *ch)
{
	struct ima_gate_config *cfg = config();
	struct ima_evm_answer a;
	struct ima_gate_live *l;
	_Bool judged = 0;
	bool refused;
	__u32 change, evm, next;

	if (!cfg || !(cfg->evm & IMA_GATE_EVM_ON) || inode->i_sb->s_magic == FUSE_MAGIC || !watched_for_us(inode))
		return 0;
	l = live_of(inode, true);
	if (!l)
		return 0;
	fill_change(ch, inode, cfg);
	fill_status(ch, inode, l, cfg);
	a = ima_evm_answer(ch);
	if (a.unjudged && (cfg->evm & IMA_GATE_EVM_CLOSED))
		a.error = -EPERM;
	refused = a.error && (cfg->evm & IMA_GATE_EVM_REFUSE);
	evm = ch->judged ? IMA_GATE_EVM(ch->status) : 0;
	change = describe(ch, &a, refused);
	if (!refused) {
		next = ima_evm_expect(ch, &judged);
		l->evm = judged ? IMA_GATE_EVM(next) : 0;
		l->evm_epoch = cfg->epoch;
		__sync_fetch_and_add(&l->meta, 1);
	}
	if (is_news(ch, change))
		tell_metadata(dentry, inode, evm, change);
	return refused ? a.error : 0;
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What is worked out from values alone. These are functions of their own in the loaded object: the kernel's verifier walks through each of
 * them once, not once for every way that leads to it, which is most of the time that loading the gate takes. They may be given numbers
 * (an address of the kernel's is one) and pointers to memory of known size.
 */
#pragma once

#include "core/evm/change.h"

#include "gate.bpf.h"

#define LABEL_DIGEST 1
#define LABEL_SIGNATURE 3
#define LABEL_DIGEST_NG 4
#define LABEL_VERITY 6
#define LABEL_LAST 7
#define HASH_MD5 1
#define HASH_SHA1 2
#define HASH_LAST 23
#define SIGNATURE_HEADER 9
#define LABEL_HEAD 21 /* bytes that are looked at */

#define ACL_USER_OBJ 0x01
#define ACL_GROUP_OBJ 0x04
#define ACL_MASK 0x10
#define ACL_OTHER 0x20
#define ACL_MAX 32  /* entries that are looked at; a list with more counts as a change */
#define ACL_ENTRY 8 /* bytes, in the kernel's memory as in an attribute's value */

#define MAX_DEPTH 24 /* names that are told of a path */
#define NAME_ROOM 256

/* the algorithm that a label of @size bytes at @at names, else @otherwise: docs/FORMATS.md "Labels"; -1: no label */
__noinline int gate_label_algo(__u64 at, __u64 size, __u32 otherwise)
{
	__u8 v[LABEL_HEAD] = { 0 };
	/* each byte by itself: an index that is chosen later is arithmetic on the stack's address, which is not allowed */
	volatile const __u8 *b = v;
	const __u32 len = size < sizeof(v) ? (__u32)size : sizeof(v);
	__u32 algo = HASH_LAST;
	__u8 type, second, third;

	if (!size || bpf_probe_read_kernel(v, len, (const void *)at) < 0)
		return -1;
	type = b[0];
	second = b[1];
	third = b[2];
	if (type >= LABEL_LAST)
		return -1;
	if (type == LABEL_DIGEST && size == 17)
		algo = HASH_MD5;
	else if (type == LABEL_DIGEST && size == 21)
		algo = b[17] | b[18] | b[19] | b[20] ? HASH_SHA1 : HASH_MD5;
	else if (type == LABEL_DIGEST_NG)
		algo = second;
	else if (((type == LABEL_SIGNATURE && second == 2) || (type == LABEL_VERITY && second == 3)) &&
		 size > SIGNATURE_HEADER)
		algo = third;
	return (int)(algo < HASH_LAST ? algo : otherwise);
}

/* does @mode stay as it is under this list of @n access rights? */
__noinline int gate_keeps_mode(__u64 entries, __u32 n, __u32 mode)
{
	__u32 now = mode & 0777, group = now >> 3 & 7;
	bool masked = false;

	if (!n || n > ACL_MAX)
		return 0;
	for (__u32 i = 0; i < ACL_MAX && i < n; i++) {
		__u16 e[2] = { 0 }; /* tag, permissions */

		bpf_probe_read_kernel(e, sizeof(e), (const void *)(entries + i * ACL_ENTRY));
		if (e[0] == ACL_USER_OBJ)
			now = (now & 077) | (__u32)(e[1] & 7) << 6;
		else if (e[0] == ACL_OTHER)
			now = (now & 0770) | (e[1] & 7);
		else if (e[0] == ACL_MASK || (e[0] == ACL_GROUP_OBJ && !masked))
			group = e[1] & 7;
		masked |= e[0] == ACL_MASK;
	}
	return ((now & 0707) | group << 3) == (mode & 0777U);
}

/* where a file is, where no path can be asked for: names from @dentry up to the root of its file system; the length of them all */
__noinline int gate_tell_names(struct ima_gate_record *r, __u64 dentry)
{
	struct dentry *d = (struct dentry *)dentry;
	__u32 at = 0;

	if (!r)
		return 0;
	for (int i = 0; i < MAX_DEPTH; i++) {
		struct dentry *parent = BPF_CORE_READ(d, d_parent);
		long n;

		if (parent == d || at > IMA_GATE_PATH_MAX - NAME_ROOM)
			break;
		n = bpf_probe_read_kernel_str(r->path + at, NAME_ROOM, BPF_CORE_READ(d, d_name.name));
		if (n <= 0 || n > NAME_ROOM)
			break;
		at += (__u32)n;
		d = parent;
	}
	return (int)at;
}

/* a change of metadata with all that counts; what comes of it below */
struct decision {
	struct ima_evm_change ch;
	__u32 evm;    /* struct ima_gate_config.evm */
	int error;    /* 0 allowed */
	__u32 change; /* for the worker: IMA_GATE_CHANGE_* */
	__u32 next;   /* what the metadata is worth afterwards: IMA_GATE_EVM(), 0: not known */
	__u32 news;   /* the worker is to hear of it */
};

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

__noinline int gate_decide(struct decision *d)
{
	struct ima_evm_answer a;
	_Bool judged = 0;
	__u32 next;

	if (!d)
		return 0;
	a = ima_evm_answer(&d->ch);
	if (a.unjudged && (d->evm & IMA_GATE_EVM_CLOSED))
		a.error = -EPERM;
	d->error = d->evm & IMA_GATE_EVM_REFUSE ? a.error : 0;
	d->change = describe(&d->ch, &a, d->error != 0);
	next = ima_evm_expect(&d->ch, &judged);
	d->next = judged ? IMA_GATE_EVM(next) : 0;
	d->news = is_news(&d->ch, d->change);
	return 0;
}

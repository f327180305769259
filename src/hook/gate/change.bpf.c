// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Changes that come without a writer's open: by name, of attributes, of labels. */
#include "gate.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("lsm/file_truncate")
int BPF_PROG(gate_file_truncate, struct file *file, int ret)
{
	if (!ret && is_regular(file->f_inode))
		changed(file->f_inode);
	return ret;
}

/* a change that no event tells of: the worker drops its marks */
static __always_inline void changed_quietly(struct inode *inode)
{
	struct ima_gate_verdict *v = verdict_of(inode);
	struct ima_gate_record *r;

	if (v && (v->flags & IMA_GATE_CACHED)) {
		r = bpf_ringbuf_reserve(&ring_map, sizeof(*r), 0);
		if (r) {
			__builtin_memset(&r->c, 0, sizeof(r->c));
			fill_inode(&r->c, inode);
			fill_task(&r->c);
			r->type = IMA_GATE_CHANGED;
			r->func = r->data_len = r->path_len = 0;
			r->path[0] = 0;
			r->fd = -1;
			bpf_ringbuf_submit(r, 0);
		} else {
			count_drop();
		}
	}
	changed(inode);
}

static __always_inline void set_attributes(struct inode *inode, unsigned int valid)
{
	if (!inode || !is_regular(inode))
		return;
	if (valid & ATTR_SIZE)
		changed(inode);
	if (valid & (ATTR_MODE | ATTR_UID | ATTR_GID))
		changed_quietly(inode);
}

/* two argument lists: before 6.3 there was no mount idmap in front */
SEC("lsm/inode_setattr")
int BPF_PROG(gate_setattr_old, struct dentry *dentry, struct iattr *attr, int ret)
{
	if (!ret)
		set_attributes(dentry->d_inode, attr->ia_valid);
	return ret;
}

SEC("lsm/inode_setattr")
int BPF_PROG(gate_setattr_new, void *idmap, struct dentry *dentry, struct iattr *attr, int ret)
{
	if (!ret)
		set_attributes(dentry->d_inode, attr->ia_valid);
	return ret;
}

static __always_inline bool begins_with(const char *text, const char *head, __u32 n)
{
	for (__u32 i = 0; i < n; i++)
		if (text[i] != head[i])
			return false;
	return true;
}

/* labels, and lists of access rights */
static __always_inline bool is_protected_name(const char *name)
{
	char text[17] = "";

	if (bpf_probe_read_kernel_str(text, sizeof(text), name) < 0)
		return false;
	return begins_with(text, "security.", 9) || begins_with(text, "system.posix_acl", 16);
}

#define SETXATTR_VALUE 3 /* place among the hook's arguments */
#define LABEL_DIGEST 1
#define LABEL_SIGNATURE 3
#define LABEL_DIGEST_NG 4
#define LABEL_VERITY 6
#define LABEL_LAST 7
#define HASH_MD5 1
#define HASH_SHA1 2
#define HASH_LAST 23
#define SIGNATURE_HEADER 9

static __always_inline bool is_label_name(const char *name)
{
	char text[14] = "";

	return bpf_probe_read_kernel_str(text, sizeof(text), name) == 13 &&
	       begins_with(text, "security.ima", 12);
}

/* the algorithm that a label names: docs/FORMATS.md "Labels" */
static __always_inline __u32 label_algo(const __u8 *v, unsigned long size, __u32 otherwise)
{
	/* each byte by itself: an index that is chosen later is arithmetic on the stack's address, which is not allowed */
	volatile const __u8 *b = v;
	const __u8 type = b[0], second = b[1], third = b[2];
	__u32 algo = HASH_LAST;

	if (type == LABEL_DIGEST && size == 17)
		algo = HASH_MD5;
	else if (type == LABEL_DIGEST && size == 21)
		algo = b[17] | b[18] | b[19] | b[20] ? HASH_SHA1 : HASH_MD5;
	else if (type == LABEL_DIGEST_NG)
		algo = second;
	else if (((type == LABEL_SIGNATURE && second == 2) || (type == LABEL_VERITY && second == 3)) &&
		 size > SIGNATURE_HEADER)
		algo = third;
	return algo < HASH_LAST ? algo : otherwise;
}

static __always_inline void tell_label(struct dentry *dentry, struct inode *inode)
{
	struct ima_gate_record *r = bpf_ringbuf_reserve(&ring_map, sizeof(*r), 0);
	long n;

	if (!r) {
		count_drop();
		return;
	}
	__builtin_memset(&r->c, 0, sizeof(r->c));
	fill_inode(&r->c, inode);
	fill_task(&r->c);
	r->type = IMA_GATE_LABEL;
	r->func = 0;
	r->data_len = 0;
	r->fd = -1;
	n = bpf_probe_read_kernel_str(r->path, sizeof(r->path), BPF_CORE_READ(dentry, d_name.name));
	r->path_len = n > 0 ? (__u32)n - 1 : 0;
	bpf_ringbuf_submit(r, 0);
}

/* 0, or the error that the kernel's IMA gives */
static __always_inline int check_label(struct dentry *dentry, struct inode *inode, const void *value,
				       unsigned long size)
{
	struct ima_gate_config *cfg = config();
	__u8 v[21] = { 0 };
	__u32 len = size < sizeof(v) ? (__u32)size : sizeof(v), algo;

	if (!cfg || !cfg->label_algos)
		return 0;
	if (!size || bpf_probe_read_kernel(v, len, value) < 0 || v[0] >= LABEL_LAST)
		return -EINVAL;
	algo = label_algo(v, size, cfg->label_default);
	if (cfg->label_algos >> (algo & 31) & 1)
		return 0;
	tell_label(dentry, inode);
	return -EACCES;
}

SEC("lsm/inode_setxattr")
int BPF_PROG(gate_setxattr, void *idmap, struct dentry *dentry, const char *name, const void *value,
	     unsigned long size, int flags, int ret)
{
	struct inode *inode = dentry->d_inode;

	__u64 at = 0;
	int refused = 0;

	if (ret)
		return ret;
	if (!inode)
		return 0;
	if (!is_regular(inode) || !is_protected_name(name) || is_own())
		return 0;
	/* an untyped pointer cannot be taken from the context itself */
	if (is_label_name(name) && bpf_get_func_arg(ctx, SETXATTR_VALUE, &at) == 0)
		refused = check_label(dentry, inode, (const void *)at, size);
	if (!refused)
		changed_quietly(inode);
	return refused;
}

SEC("lsm/inode_removexattr")
int BPF_PROG(gate_removexattr, void *idmap, struct dentry *dentry, const char *name, int ret)
{
	struct inode *inode = dentry->d_inode;

	if (!ret && inode && is_regular(inode) && is_protected_name(name) && !is_own())
		changed_quietly(inode);
	return ret;
}

/* since 6.2 lists of access rights have hooks of their own; before, they come as attributes by name */
SEC("lsm/inode_set_acl")
int BPF_PROG(gate_set_acl, void *idmap, struct dentry *dentry, const char *name, void *acl, int ret)
{
	struct inode *inode = dentry->d_inode;

	if (!ret && inode && is_regular(inode))
		changed_quietly(inode);
	return ret;
}

SEC("lsm/inode_remove_acl")
int BPF_PROG(gate_remove_acl, void *idmap, struct dentry *dentry, const char *name, int ret)
{
	struct inode *inode = dentry->d_inode;

	if (!ret && inode && is_regular(inode))
		changed_quietly(inode);
	return ret;
}

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Changes that come without a writer's open: by name, of attributes, of labels. */
#include "gate.bpf.h"
#include "metadata.bpf.h"

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
			r->change = 0;
			bpf_ringbuf_submit(r, 0);
		} else {
			count_drop();
		}
	}
	changed(inode);
}

/* the same owner and mode again are no change */
static __always_inline bool is_same(const struct inode *inode, const struct iattr *attr)
{
	const unsigned int valid = attr->ia_valid;

	return !((valid & ATTR_MODE && attr->ia_mode != inode->i_mode) ||
		 (valid & ATTR_UID && attr->ia_uid.val != inode->i_uid.val) ||
		 (valid & ATTR_GID && attr->ia_gid.val != inode->i_gid.val));
}

static __always_inline int set_attributes(struct dentry *dentry, const struct iattr *attr)
{
	struct ima_evm_change ch = { .op = IMA_EVM_OP_SETATTR };
	struct inode *inode = dentry->d_inode;
	const unsigned int valid = attr->ia_valid;
	int refused = 0;

	if (!inode || !is_regular(inode))
		return 0;
	if (valid & (ATTR_MODE | ATTR_UID | ATTR_GID)) {
		ch.same = is_same(inode, attr);
		refused = check_metadata(dentry, inode, &ch);
		if (!refused)
			changed_quietly(inode);
	}
	if (!refused && (valid & ATTR_SIZE))
		changed(inode);
	return refused;
}

/* two argument lists: before 6.3 there was no mount idmap in front */
SEC("lsm/inode_setattr")
int BPF_PROG(gate_setattr_old, struct dentry *dentry, struct iattr *attr, int ret)
{
	return ret ? ret : set_attributes(dentry, attr);
}

SEC("lsm/inode_setattr")
int BPF_PROG(gate_setattr_new, void *idmap, struct dentry *dentry, struct iattr *attr, int ret)
{
	return ret ? ret : set_attributes(dentry, attr);
}

static __always_inline bool begins_with(const char *text, const char *head, __u32 n)
{
	for (__u32 i = 0; i < n; i++)
		if (text[i] != head[i])
			return false;
	return true;
}

/* labels, and lists of access rights */
static __always_inline bool is_protected_name(const struct ima_gate_name *n)
{
	return begins_with(n->text, "security.", 9) || begins_with(n->text, "system.posix_acl", 16);
}

static __always_inline __u32 class_of(const struct ima_gate_name *n)
{
	if (begins_with(n->text, "security.evm", 13))
		return IMA_EVM_CLASS_EVM;
	if (begins_with(n->text, "system.posix_acl_access", 24) || begins_with(n->text, "system.posix_acl_default", 25))
		return IMA_EVM_CLASS_ACL;
	return bpf_map_lookup_elem(&covered_map, n) ? IMA_EVM_CLASS_COVERED : IMA_EVM_CLASS_OTHER;
}

static __always_inline bool read_name(struct ima_gate_name *n, const char *name)
{
	return bpf_probe_read_kernel_str(n->text, sizeof(n->text), name) > 0;
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

static __always_inline bool is_label_name(const struct ima_gate_name *n)
{
	return begins_with(n->text, "security.ima", 13);
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
	r->change = IMA_GATE_CHANGE_REVERSED;
	r->path_len = tell_names(r, dentry);
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

#define ACL_USER_OBJ 0x01
#define ACL_GROUP_OBJ 0x04
#define ACL_MASK 0x10
#define ACL_OTHER 0x20
#define ACL_MAX 32   /* entries that are looked at; a list with more counts as a change */
#define ACL_ENTRY 8  /* bytes, in the kernel's memory as in an attribute's value */
#define ACL_HEADER 4 /* bytes of an attribute's value before the first */

/* does the mode stay as it is under this list? */
static __always_inline bool keeps_mode(const struct inode *inode, __u64 entries, __u32 n)
{
	__u32 mode = inode->i_mode & 0777, group = mode >> 3 & 7;
	bool masked = false;

	if (!n || n > ACL_MAX)
		return false;
	for (__u32 i = 0; i < ACL_MAX && i < n; i++) {
		__u16 e[2] = { 0 }; /* tag, permissions */

		bpf_probe_read_kernel(e, sizeof(e), (const void *)(entries + i * ACL_ENTRY));
		if (e[0] == ACL_USER_OBJ)
			mode = (mode & 077) | (__u32)(e[1] & 7) << 6;
		else if (e[0] == ACL_OTHER)
			mode = (mode & 0770) | (e[1] & 7);
		else if (e[0] == ACL_MASK || (e[0] == ACL_GROUP_OBJ && !masked))
			group = e[1] & 7;
		masked |= e[0] == ACL_MASK;
	}
	mode = (mode & 0707) | group << 3;
	return mode == (inode->i_mode & 0777U);
}

/* an attribute that is in the way of nothing is not looked at further */
static __always_inline int check_xattr(struct dentry *dentry, struct inode *inode, const struct ima_gate_name *n,
				       struct ima_evm_change *ch)
{
	ch->class = class_of(n);
	return ch->class == IMA_EVM_CLASS_OTHER ? 0 : check_metadata(dentry, inode, ch);
}

SEC("lsm/inode_setxattr")
int BPF_PROG(gate_setxattr, void *idmap, struct dentry *dentry, const char *name, const void *value,
	     unsigned long size, int flags, int ret)
{
	struct ima_evm_change ch = { .op = IMA_EVM_OP_SETXATTR, .empty = !size };
	struct inode *inode = dentry->d_inode;
	struct ima_gate_name n = { 0 };
	__u8 first = 0;
	__u64 at = 0;
	int refused = 0;

	if (ret)
		return ret;
	if (!inode)
		return 0;
	if (!is_regular(inode) || !read_name(&n, name) || !is_protected_name(&n) || is_own())
		return 0;
	/* an untyped pointer cannot be taken from the context itself */
	if (bpf_get_func_arg(ctx, SETXATTR_VALUE, &at) == 0 && is_label_name(&n))
		refused = check_label(dentry, inode, (const void *)at, size);
	if (size)
		bpf_probe_read_kernel(&first, sizeof(first), (const void *)at);
	ch.type = first;
	if (size > ACL_HEADER && class_of(&n) == IMA_EVM_CLASS_ACL)
		ch.same = keeps_mode(inode, at + ACL_HEADER, (__u32)((size - ACL_HEADER) / ACL_ENTRY));
	if (!refused)
		refused = check_xattr(dentry, inode, &n, &ch);
	if (!refused)
		changed_quietly(inode);
	return refused;
}

SEC("lsm/inode_removexattr")
int BPF_PROG(gate_removexattr, void *idmap, struct dentry *dentry, const char *name, int ret)
{
	struct ima_evm_change ch = { .op = IMA_EVM_OP_REMOVEXATTR };
	struct inode *inode = dentry->d_inode;
	struct ima_gate_name n = { 0 };
	int refused;

	if (ret || !inode || !is_regular(inode) || !read_name(&n, name) || !is_protected_name(&n) || is_own())
		return ret;
	refused = check_xattr(dentry, inode, &n, &ch);
	if (!refused)
		changed_quietly(inode);
	return refused;
}

/* @acl: NULL: it goes, which counts as a change */
static __always_inline int change_acl(struct dentry *dentry, struct posix_acl *acl)
{
	struct ima_evm_change ch = { .op = IMA_EVM_OP_ACL };
	struct inode *inode = dentry->d_inode;
	int refused;

	if (!inode || !is_regular(inode))
		return 0;
	if (acl)
		ch.same = keeps_mode(inode, (__u64)acl + bpf_core_field_offset(struct posix_acl, a_entries),
				     BPF_CORE_READ(acl, a_count));
	refused = check_metadata(dentry, inode, &ch);
	if (!refused)
		changed_quietly(inode);
	return refused;
}

/* since 6.2 lists of access rights have hooks of their own; before, they come as attributes by name */
SEC("lsm/inode_set_acl")
int BPF_PROG(gate_set_acl, void *idmap, struct dentry *dentry, const char *name, struct posix_acl *acl, int ret)
{
	return ret ? ret : change_acl(dentry, acl);
}

SEC("lsm/inode_remove_acl")
int BPF_PROG(gate_remove_acl, void *idmap, struct dentry *dentry, const char *name, int ret)
{
	return ret ? ret : change_acl(dentry, 0);
}

/* since 6.9 only what mknod(2) made counts as new for EVM */
SEC("lsm/path_post_mknod")
int BPF_PROG(gate_post_mknod, void *idmap, struct dentry *dentry)
{
	struct inode *inode = dentry->d_inode;
	struct ima_gate_config *cfg = config();

	if (inode && is_regular(inode) && cfg)
		note_made(inode, cfg, true);
	return 0;
}

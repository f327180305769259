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

SEC("lsm/inode_setxattr")
int BPF_PROG(gate_setxattr, void *idmap, struct dentry *dentry, const char *name, const void *value,
	     unsigned long size, int flags, int ret)
{
	struct inode *inode = dentry->d_inode;

	if (!ret && inode && is_regular(inode) && is_protected_name(name) && !is_own())
		changed_quietly(inode);
	return ret;
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

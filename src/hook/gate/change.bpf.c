// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Changes that come without a writer's open: by name, of attributes, of labels.
 *
 * EVM's rules where metadata changes, by what is known of the file: the worker's finding while nothing changed since, else what the last
 * change that was allowed left. What is not known is told to the worker, and allowed or refused by the fail mode: nothing waits here.
 */
#include "decide.bpf.h"
#include "gate.bpf.h"
#include "metadata.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define TMPFS_MAGIC 0x01021994
#define SYSFS_MAGIC 0x62656572
#define FUSE_MAGIC 0x65735546
#define ADMIN_BIT 21 /* CAP_SYS_ADMIN */

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, struct ima_gate_name);
	__type(value, __u32);
} covered_map SEC(".maps");

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
	ch->overlay = magic == OVERLAY_MAGIC;
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
	ch->new_file = l->made && (cfg->evm_version >= EVM_OWN_NEW ||
				   (inode->i_writecount.counter > 0 && v && (v->flags & IMA_GATE_NEW)));
}

/* of a change by name: @func and @change say what it is of that @type */
static __always_inline void tell_change(struct dentry *dentry, struct inode *inode, __u32 type, __u32 func, __u32 change)
{
	struct ima_gate_record *r = bpf_ringbuf_reserve(&ring_map, sizeof(*r), 0);

	if (!r) {
		count_drop();
		return;
	}
	__builtin_memset(&r->c, 0, sizeof(r->c));
	fill_inode(&r->c, inode);
	fill_task(&r->c);
	r->type = type;
	r->func = func;
	r->data_len = 0;
	r->fd = -1;
	r->change = change | IMA_GATE_CHANGE_REVERSED;
	r->path_len = (__u32)gate_tell_names(r, as_number(dentry));
	bpf_ringbuf_submit(r, 0);
}

/* @d: op, class and what the new value says. Fails open where there is no memory for the file's storage; 0, or the kernel's error */
static __always_inline int check_metadata(struct dentry *dentry, struct inode *inode, struct decision *d)
{
	struct ima_gate_config *cfg = config();
	struct ima_gate_live *l;
	__u32 evm;

	if (!cfg || !(cfg->evm & IMA_GATE_EVM_ON) || inode->i_sb->s_magic == FUSE_MAGIC || !watched_for_us(inode))
		return 0;
	l = live_of(inode, true);
	if (!l)
		return 0;
	fill_change(&d->ch, inode, cfg);
	fill_status(&d->ch, inode, l, cfg);
	d->evm = cfg->evm;
	gate_decide(d);
	evm = d->ch.judged ? IMA_GATE_EVM(d->ch.status) : 0;
	if (!d->error) {
		l->evm = d->next;
		l->evm_epoch = cfg->epoch;
		__sync_fetch_and_add(&l->meta, 1);
	}
	if (d->news)
		tell_change(dentry, inode, IMA_GATE_METADATA, evm, d->change);
	/* the verifier takes no number from memory as an answer */
	if (!d->error)
		return 0;
	return d->error == -EINVAL ? -EINVAL : -EPERM;
}

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
		r = bpf_ringbuf_reserve(&changed_map, sizeof(*r), 0);
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

/* what rules have asked of the file is forgotten then */
static __always_inline void note_attributes(struct inode *inode)
{
	struct ima_gate_live *l = live_of(inode, false);

	if (l)
		__sync_fetch_and_add(&l->attrs, 1);
}

static __always_inline int set_attributes(struct dentry *dentry, const struct iattr *attr)
{
	struct decision d = { .ch.op = IMA_EVM_OP_SETATTR };
	struct inode *inode = dentry->d_inode;
	const unsigned int valid = attr->ia_valid;
	int refused = 0;

	if (!inode || !is_regular(inode))
		return 0;
	if (valid & (ATTR_MODE | ATTR_UID | ATTR_GID)) {
		d.ch.same = is_same(inode, attr);
		refused = check_metadata(dentry, inode, &d);
		if (!refused)
			changed_quietly(inode);
	}
	if (!refused)
		note_attributes(inode);
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
static __always_inline bool is_label_name(const struct ima_gate_name *n)
{
	return begins_with(n->text, "security.ima", 13);
}

/* 0, or the error that the kernel's IMA gives */
static __always_inline int check_label(struct dentry *dentry, struct inode *inode, __u64 at, unsigned long size)
{
	struct ima_gate_config *cfg = config();
	int algo;

	if (!cfg || !cfg->label_algos)
		return 0;
	algo = gate_label_algo(at, size, cfg->label_default);
	if (algo < 0)
		return -EINVAL;
	if (cfg->label_algos >> (algo & 31) & 1)
		return 0;
	tell_change(dentry, inode, IMA_GATE_LABEL, 0, 0);
	return -EACCES;
}

#define ACL_HEADER 4 /* bytes of an attribute's value before the first */

/* an attribute that is in the way of nothing is not looked at further */
static __always_inline int check_xattr(struct dentry *dentry, struct inode *inode, const struct ima_gate_name *n,
				       struct decision *d)
{
	d->ch.class = class_of(n);
	return d->ch.class == IMA_EVM_CLASS_OTHER ? 0 : check_metadata(dentry, inode, d);
}

SEC("lsm/inode_setxattr")
int BPF_PROG(gate_setxattr, void *idmap, struct dentry *dentry, const char *name, const void *value,
	     unsigned long size, int flags, int ret)
{
	struct decision d = { .ch = { .op = IMA_EVM_OP_SETXATTR, .empty = !size } };
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
		refused = check_label(dentry, inode, at, size);
	if (size)
		bpf_probe_read_kernel(&first, sizeof(first), (const void *)at);
	d.ch.type = first;
	if (size > ACL_HEADER && class_of(&n) == IMA_EVM_CLASS_ACL)
		d.ch.same = gate_keeps_mode(at + ACL_HEADER, (__u32)((size - ACL_HEADER) / ACL_ENTRY), inode->i_mode);
	if (!refused)
		refused = check_xattr(dentry, inode, &n, &d);
	if (!refused)
		changed_quietly(inode);
	return refused;
}

SEC("lsm/inode_removexattr")
int BPF_PROG(gate_removexattr, void *idmap, struct dentry *dentry, const char *name, int ret)
{
	struct decision d = { .ch.op = IMA_EVM_OP_REMOVEXATTR };
	struct inode *inode = dentry->d_inode;
	struct ima_gate_name n = { 0 };
	int refused;

	if (ret || !inode || !is_regular(inode) || !read_name(&n, name) || !is_protected_name(&n) || is_own())
		return ret;
	refused = check_xattr(dentry, inode, &n, &d);
	if (!refused)
		changed_quietly(inode);
	return refused;
}

/* @acl: NULL: it goes, which counts as a change */
static __always_inline int change_acl(struct dentry *dentry, struct posix_acl *acl)
{
	struct decision d = { .ch.op = IMA_EVM_OP_ACL };
	struct inode *inode = dentry->d_inode;
	int refused;

	if (!inode || !is_regular(inode))
		return 0;
	if (acl)
		d.ch.same = gate_keeps_mode(as_number(acl) + bpf_core_field_offset(struct posix_acl, a_entries),
					      BPF_CORE_READ(acl, a_count), inode->i_mode);
	refused = check_metadata(dentry, inode, &d);
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

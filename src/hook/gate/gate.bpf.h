/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What every part of the gate's kernel half uses: its maps, the facts of a task and of a file, records into the ring. The parts are
 * compiled one by one and linked to one object, so that maps of the same name are one map.
 *
 * The gate never waits: opens wait in fanotify, which comes after file_open in the same task.
 */
#pragma once

#include "kernel_types.h"

#include <bpf/bpf_helpers.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#include "record.h"

#if defined(__TARGET_ARCH_x86)
#define ARG1(r) ((r)->di)
#define ARG2(r) ((r)->si)
#define ARG4(r) ((r)->cx)
#define ARG5(r) ((r)->r8)
#define RESULT(r) ((r)->ax)
#elif defined(__TARGET_ARCH_arm64)
#define ARG1(r) ((r)->regs[0])
#define ARG2(r) ((r)->regs[1])
#define ARG4(r) ((r)->regs[3])
#define ARG5(r) ((r)->regs[4])
#define RESULT(r) ((r)->regs[0])
#endif

#define EPERM 1
#define EACCES 13
#define EINVAL 22
#define S_IFMT 0170000
#define S_IFREG 0100000
#define FMODE_READ 1U
#define FMODE_WRITE 2U
#define FMODE_CREATED 0x100000U
#define FMODE_NOACCOUNT 0x20000000U /* opened by the kernel behind another file */
#define F_FLAG_EXEC 0x20U /* __FMODE_EXEC among the open flags */
#define PROT_EXEC 4U
#define MAP_TYPE 0xfU
#define MAP_SHARED 1U
#define MAP_SHARED_VALIDATE 3U
#define VM_EXEC 4U
#define OVERLAY_MAGIC 0x794c7630UL
#define ATTR_MODE 1U
#define ATTR_UID 2U
#define ATTR_GID 4U
#define ATTR_SIZE 8U
#define MAX_PIECES 8192 /* of IMA_GATE_DATA_MAX bytes */
#define LOADER_SLOTS 65536
#define KEXEC_FILE_LOAD_NR 320 /* x86-64 */

/* enum ima_func; checked against the library's own numbers when the object is opened */
enum func {
	FUNC_FILE_CHECK = 1,
	FUNC_MMAP_CHECK,
	FUNC_MMAP_CHECK_REQPROT,
	FUNC_BPRM_CHECK,
	FUNC_CREDS_CHECK,
	FUNC_POST_SETATTR,
	FUNC_MODULE_CHECK,
	FUNC_FIRMWARE_CHECK,
	FUNC_KEXEC_KERNEL_CHECK,
	FUNC_KEXEC_INITRAMFS_CHECK,
	FUNC_POLICY_CHECK,
	FUNC_CRITICAL_DATA = 14,
};

/* enum kernel_read_file_id */
enum read_id {
	READ_FIRMWARE = 1,
	READ_MODULE,
	READ_KEXEC_IMAGE,
	READ_KEXEC_INITRAMFS,
	READ_POLICY,
	READ_X509,
};

struct {
	__uint(type, BPF_MAP_TYPE_INODE_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct ima_gate_live);
} live_map __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_INODE_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct ima_gate_verdict);
} verdict_map __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, __u32);
	__type(value, struct ima_gate_fs);
} fs_map __weak SEC(".maps");

/* imad's own processes, bits of IMA_GATE_OWN_*: hangs on the first thread and goes with it, so that no later process of the same number has it */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, __u32);
} own_map __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ima_gate_config);
} config_map __weak SEC(".maps");

/* generations of files behind stacked ones, by address. One that had to go comes back with another number: then the worker is asked again */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, __u64);
} layer_map __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 * 1024 * 1024);
} ring_map __weak SEC(".maps");

/* IMA_GATE_CHANGED only: until the worker took the mark away, opens of the file make no event. It is not to wait for what is hashed */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 2 * 1024 * 1024);
} changed_map __weak SEC(".maps");

/*
 * Whose execve searched for an ELF program last: the thread id, at its remainder. Two that share a slot can only make a loader count as a
 * program, which is measured by more rules.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, LOADER_SLOTS);
	__type(key, __u32);
	__type(value, __u32);
} loader_map __weak SEC(".maps");

static __always_inline __u32 *loader_slot(__u32 tid)
{
	const __u32 at = tid % LOADER_SLOTS;

	return bpf_map_lookup_elem(&loader_map, &at);
}

static __always_inline struct ima_gate_config *config(void)
{
	const __u32 zero = 0;

	return bpf_map_lookup_elem(&config_map, &zero);
}

static __always_inline bool is_regular(const struct inode *inode)
{
	return (inode->i_mode & S_IFMT) == S_IFREG;
}

static __always_inline __u32 ownership(struct task_struct *t)
{
	__u32 *own = bpf_task_storage_get(&own_map, t->group_leader, 0, 0);

	return own ? *own : 0;
}

static __always_inline bool is_own(void)
{
	return ownership(bpf_get_current_task_btf()) & IMA_GATE_OWN_PROCESS;
}

enum fs_state { FS_LEFT_OUT, FS_WATCHED, FS_NEW };

static __always_inline enum fs_state fs_state(const struct inode *inode)
{
	__u32 dev = inode->i_sb->s_dev;
	struct ima_gate_fs *fs = bpf_map_lookup_elem(&fs_map, &dev);

	if (!fs)
		return FS_NEW;
	return fs->flags & IMA_GATE_FS_WATCHED ? FS_WATCHED : FS_LEFT_OUT;
}

static __always_inline struct ima_gate_live *live_of(struct inode *inode, bool create)
{
	return bpf_inode_storage_get(&live_map, inode, 0,
				     create ? BPF_LOCAL_STORAGE_GET_F_CREATE : 0);
}

static __always_inline struct ima_gate_verdict *verdict_of(struct inode *inode)
{
	return bpf_inode_storage_get(&verdict_map, inode, 0, 0);
}

static __always_inline void layer_changed(struct inode *inode)
{
	const __u64 key = (__u64)inode;
	__u64 *gen = bpf_map_lookup_elem(&layer_map, &key);

	if (gen)
		__sync_fetch_and_add(gen, 1);
}

/* the content may differ from now on */
static __always_inline void changed(struct inode *inode)
{
	struct ima_gate_live *l = live_of(inode, false);
	struct ima_gate_verdict *v;

	if (!l)
		return; /* never verified: nothing to take back */
	__sync_fetch_and_add(&l->gen, 1);
	if (l->layer)
		layer_changed(inode);
	v = verdict_of(inode);
	if (v)
		v->flags &= ~IMA_GATE_CACHED;
}

/* an address of the kernel's as a number */
static __always_inline __u64 as_number(const void *p)
{
	__u64 n = 0;

	bpf_probe_read_kernel(&n, sizeof(n), &p);
	return n;
}

/*
 * The facts are read in functions of their own, which the kernel's verifier walks through once in each program, not once for every way that leads
 * to them; and those of an inode by its address: for each read through a typed pointer 6.12's verifier searches all the kernel's types by name.
 */
__weak __noinline int gate_fill_inode(struct ima_gate_context *c, __u64 address)
{
	const struct inode *inode = (const struct inode *)address;
	const struct super_block *sb = BPF_CORE_READ(inode, i_sb);

	if (!c)
		return 0;
	c->ino = BPF_CORE_READ(inode, i_ino);
	c->generation = BPF_CORE_READ(inode, i_generation);
	c->mode = BPF_CORE_READ(inode, i_mode);
	c->fowner = BPF_CORE_READ(inode, i_uid.val);
	c->fgroup = BPF_CORE_READ(inode, i_gid.val);
	c->writers = BPF_CORE_READ(inode, i_writecount.counter);
	c->readers = bpf_core_field_exists(inode->i_readcount) ? BPF_CORE_READ(inode, i_readcount.counter) : 0;
	c->mapped = BPF_CORE_READ(inode, i_mapping, i_mmap_writable.counter) > 0;
	c->dev = BPF_CORE_READ(sb, s_dev);
	c->fsmagic = BPF_CORE_READ(sb, s_magic);
	bpf_core_read(c->fsuuid, sizeof(c->fsuuid), &sb->s_uuid);
	return 0;
}

__weak __noinline int gate_fill_task(struct ima_gate_context *c)
{
	struct task_struct *t = bpf_get_current_task_btf();
	const struct cred *cred = t->cred;
	struct pt_regs *regs;

	if (!c)
		return 0;
	c->tid = (__u32)t->pid;
	c->tgid = (__u32)t->tgid;
	c->uid = cred->uid.val;
	c->euid = cred->euid.val;
	c->suid = cred->suid.val;
	c->gid = cred->gid.val;
	c->egid = cred->egid.val;
	c->sgid = cred->sgid.val;
	bpf_core_read(&c->caps, sizeof(c->caps), &cred->cap_effective);
	if (!t->mm) {
		c->kind |= IMA_GATE_KIND_KTHREAD;
		return 0;
	}
	regs = (struct pt_regs *)bpf_task_pt_regs(t);
#if defined(__TARGET_ARCH_x86)
	c->ip = regs->ip;
#elif defined(__TARGET_ARCH_arm64)
	c->ip = regs->pc;
#endif
	return 0;
}

static __always_inline void fill_inode(struct ima_gate_context *c, const struct inode *inode)
{
	gate_fill_inode(c, as_number(inode));
}

static __always_inline void fill_task(struct ima_gate_context *c)
{
	gate_fill_task(c);
}

static __always_inline void fill(struct ima_gate_context *c, struct file *file, struct inode *inode)
{
	fill_inode(c, inode);
	fill_task(c);
	c->f_flags = file->f_flags;
	c->f_mode = file->f_mode;
}

static __always_inline void count_drop(void)
{
	struct ima_gate_config *cfg = config();

	if (cfg)
		__sync_fetch_and_add(&cfg->dropped, 1);
}

/* @named: the path can be asked for in this hook; else the last name must do */
static __always_inline bool tell_as(__u32 kind, __u32 type, __u32 func, struct file *file,
				    struct inode *inode, bool named)
{
	struct ima_gate_record *r;
	struct ima_gate_live *l;
	long n = 0;

	if (type == IMA_GATE_CHANGED)
		r = bpf_ringbuf_reserve(&changed_map, sizeof(*r), 0);
	else
		r = bpf_ringbuf_reserve(&ring_map, sizeof(*r), 0);
	if (!r) {
		count_drop();
		return false;
	}
	r->type = type;
	r->func = func;
	r->data_len = 0;
	r->fd = -1;
	r->change = 0;
	r->path[0] = 0;
	__builtin_memset(&r->c, 0, sizeof(r->c));
	fill(&r->c, file, inode);
	r->c.kind |= kind;
	l = live_of(inode, false);
	r->c.gen = l ? l->gen : 0;
	r->c.closes = l ? l->closes : 0;
	if (named)
		n = bpf_d_path(&file->f_path, r->path, sizeof(r->path));
	else
		n = bpf_probe_read_kernel_str(r->path, sizeof(r->path),
					      BPF_CORE_READ(file, f_path.dentry, d_name.name));
	r->path_len = n > 0 ? (__u32)n - 1 : 0;
	bpf_ringbuf_submit(r, 0);
	return true;
}

static __always_inline bool tell(__u32 type, __u32 func, struct file *file, struct inode *inode,
				 bool named)
{
	return tell_as(0, type, func, file, inode, named);
}

static __always_inline bool watched_for_us(struct inode *inode)
{
	return fs_state(inode) != FS_LEFT_OUT && !is_own();
}

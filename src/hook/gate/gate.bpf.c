// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The gate's kernel half: who opens what and how, exactly; whether a file changed since it was verified; and at each use (exec, map,
 * mprotect, kernel read) whether the worker has seen this content. It never waits: opens wait in fanotify, which comes after
 * file_open in the same task.
 */
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

#define EACCES 13
#define S_IFMT 0170000
#define S_IFREG 0100000
#define FMODE_READ 1U
#define FMODE_WRITE 2U
#define FMODE_NOACCOUNT 0x20000000U /* opened by the kernel behind another file */
#define F_FLAG_EXEC 0x20U /* __FMODE_EXEC among the open flags */
#define PROT_EXEC 4U
#define MAP_TYPE 0xfU
#define MAP_SHARED 1U
#define MAP_SHARED_VALIDATE 3U
#define VM_EXEC 4U
#define ATTR_MODE 1U
#define ATTR_UID 2U
#define ATTR_GID 4U
#define ATTR_SIZE 8U
#define MAX_PIECES 8192 /* of IMA_GATE_DATA_MAX bytes */
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

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct {
	__uint(type, BPF_MAP_TYPE_INODE_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct ima_gate_live);
} live_map SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_INODE_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct ima_gate_verdict);
} verdict_map SEC(".maps");

/* the access that a task is about to make, by thread id */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, struct ima_gate_context);
} context_map SEC(".maps");

/* how far the task's execve is: 1 when the last program searched for was ELF */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, __u32);
} exec_map SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, __u32);
	__type(value, struct ima_gate_fs);
} fs_map SEC(".maps");

/* imad's own processes */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 512);
	__type(key, __u32);
	__type(value, __u32);
} own_map SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ima_gate_config);
} config_map SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 * 1024 * 1024);
} ring_map SEC(".maps");

static __always_inline struct ima_gate_config *config(void)
{
	const __u32 zero = 0;

	return bpf_map_lookup_elem(&config_map, &zero);
}

static __always_inline bool is_regular(const struct inode *inode)
{
	return (inode->i_mode & S_IFMT) == S_IFREG;
}

static __always_inline bool is_own(void)
{
	__u32 tgid = (__u32)(bpf_get_current_pid_tgid() >> 32);

	return bpf_map_lookup_elem(&own_map, &tgid) != 0;
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

/* the content may differ from now on */
static __always_inline void changed(struct inode *inode)
{
	struct ima_gate_live *l = live_of(inode, false);
	struct ima_gate_verdict *v;

	if (!l)
		return; /* never verified: nothing to take back */
	__sync_fetch_and_add(&l->gen, 1);
	v = verdict_of(inode);
	if (v)
		v->flags &= ~IMA_GATE_CACHED;
}

static __always_inline void fill_inode(struct ima_gate_context *c, struct inode *inode)
{
	struct super_block *sb = inode->i_sb;

	c->ino = inode->i_ino;
	c->mode = inode->i_mode;
	c->fowner = inode->i_uid.val;
	c->fgroup = inode->i_gid.val;
	c->writers = inode->i_writecount.counter;
	c->readers = bpf_core_field_exists(inode->i_readcount) ? inode->i_readcount.counter : 0;
	c->dev = sb->s_dev;
	c->fsmagic = sb->s_magic;
	bpf_core_read(c->fsuuid, sizeof(c->fsuuid), &sb->s_uuid);
}

static __always_inline void fill_task(struct ima_gate_context *c)
{
	struct task_struct *t = bpf_get_current_task_btf();
	const struct cred *cred = t->cred;
	struct pt_regs *regs;

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
		return;
	}
	regs = (struct pt_regs *)bpf_task_pt_regs(t);
#if defined(__TARGET_ARCH_x86)
	c->ip = regs->ip;
#elif defined(__TARGET_ARCH_arm64)
	c->ip = regs->pc;
#endif
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

/* @named: the path can be asked for in this hook */
static __always_inline bool tell(__u32 type, __u32 func, struct file *file, struct inode *inode,
				 bool named)
{
	struct ima_gate_record *r = bpf_ringbuf_reserve(&ring_map, sizeof(*r), 0);
	struct ima_gate_live *l;
	long n = 0;

	if (!r) {
		count_drop();
		return false;
	}
	r->type = type;
	r->func = func;
	r->data_len = 0;
	r->fd = -1;
	r->path[0] = 0;
	__builtin_memset(&r->c, 0, sizeof(r->c));
	fill(&r->c, file, inode);
	l = live_of(inode, false);
	r->c.gen = l ? l->gen : 0;
	r->c.closes = l ? l->closes : 0;
	if (named)
		n = bpf_d_path(&file->f_path, r->path, sizeof(r->path));
	r->path_len = n > 0 ? (__u32)n - 1 : 0;
	bpf_ringbuf_submit(r, 0);
	return true;
}

static __always_inline __u32 exec_kind(void)
{
	__u32 *elf = bpf_task_storage_get(&exec_map, bpf_get_current_task_btf(), 0, 0);

	return elf && *elf ? IMA_GATE_KIND_EXEC | IMA_GATE_KIND_LOADER : IMA_GATE_KIND_EXEC;
}

/* for the fanotify event that follows in this task */
static __always_inline void stash(struct file *file, struct inode *inode, __u32 kind)
{
	struct ima_gate_context c = { .kind = kind };
	struct ima_gate_live *l = live_of(inode, true);
	__u32 tid = (__u32)bpf_get_current_pid_tgid();

	fill(&c, file, inode);
	c.gen = l ? l->gen : 0;
	bpf_map_update_elem(&context_map, &tid, &c, BPF_ANY);
}

static __always_inline bool watched_for_us(struct inode *inode)
{
	return fs_state(inode) != FS_LEFT_OUT && !is_own();
}

static __always_inline void open_for_write(struct file *file, struct inode *inode,
					   struct ima_gate_verdict *v, struct ima_gate_config *cfg)
{
	__u32 kind = 0;

	if (v && (v->flags & IMA_GATE_CACHED))
		tell(IMA_GATE_CHANGED, 0, file, inode, true);
	changed(inode);
	if (!watched_for_us(inode))
		return;
	if (v && (v->flags & IMA_GATE_MEASURED) && cfg->measures &&
	    bpf_core_field_exists(inode->i_readcount) && inode->i_readcount.counter > 0) {
		if (cfg->tomtou_once)
			v->flags &= ~IMA_GATE_MEASURED;
		if (tell(IMA_GATE_READERS, FUNC_FILE_CHECK, file, inode, true))
			kind |= IMA_GATE_KIND_TOLD;
	}
	stash(file, inode, kind);
}

static __always_inline void open_for_read(struct file *file, struct inode *inode,
					  struct ima_gate_config *cfg)
{
	__u32 kind = file->f_flags & F_FLAG_EXEC ? exec_kind() : 0;
	const enum fs_state fs = fs_state(inode);

	if (fs == FS_LEFT_OUT || is_own())
		return;
	if (file->f_mode & FMODE_NOACCOUNT) {
		stash(file, inode, IMA_GATE_KIND_BACKING);
		return;
	}
	if (fs == FS_NEW && cfg->active)
		tell(IMA_GATE_OPENED, FUNC_FILE_CHECK, file, inode, true);
	if (inode->i_writecount.counter > 0 && cfg->measures &&
	    (cfg->active & (1U << FUNC_FILE_CHECK)) &&
	    tell(IMA_GATE_WRITERS, FUNC_FILE_CHECK, file, inode, true))
		kind |= IMA_GATE_KIND_TOLD;
	stash(file, inode, kind);
}

SEC("lsm/file_open")
int BPF_PROG(gate_file_open, struct file *file, int ret)
{
	struct inode *inode = file->f_inode;
	struct ima_gate_verdict *v;
	struct ima_gate_config *cfg;

	if (ret || !is_regular(inode))
		return ret;
	v = verdict_of(inode);
	if (!(file->f_mode & FMODE_WRITE) && v && (v->flags & IMA_GATE_CACHED) &&
	    inode->i_writecount.counter <= 0)
		return 0;
	cfg = config();
	if (!cfg)
		return 0;
	if (file->f_mode & FMODE_WRITE)
		open_for_write(file, inode, v, cfg);
	else
		open_for_read(file, inode, cfg);
	return 0;
}

/* the worker looks for it in the mount tables at once, not at its next look around */
SEC("lsm/sb_kern_mount")
int BPF_PROG(gate_sb_kern_mount, struct super_block *sb, int ret)
{
	struct ima_gate_record *r;
	struct ima_gate_config *cfg = config();

	if (ret || !cfg || !cfg->active)
		return ret;
	r = bpf_ringbuf_reserve(&ring_map, sizeof(*r), 0);
	if (!r) {
		count_drop();
		return 0;
	}
	__builtin_memset(&r->c, 0, sizeof(r->c));
	fill_task(&r->c);
	r->type = IMA_GATE_MOUNTED;
	r->func = 0;
	r->data_len = 0;
	r->path_len = 0;
	r->path[0] = 0;
	r->fd = -1;
	r->c.dev = sb->s_dev;
	bpf_ringbuf_submit(r, 0);
	return 0;
}

/* the last moment before the writer's claim on the inode goes */
SEC("lsm/file_release")
int BPF_PROG(gate_file_release, struct file *file)
{
	struct inode *inode = file->f_inode;

	struct ima_gate_live *l;

	if (!(file->f_mode & FMODE_WRITE) || !is_regular(inode))
		return 0;
	changed(inode);
	l = live_of(inode, false);
	if (l && inode->i_writecount.counter == 1)
		__sync_fetch_and_add(&l->closes, 1);
	return 0;
}

/* may this content be used so? Without a verdict the worker is told; refused only where rules enforce */
static __always_inline int use(struct file *file, struct inode *inode, __u32 func, bool named)
{
	struct ima_gate_config *cfg = config();
	struct ima_gate_verdict *v;
	struct ima_gate_live *l;
	const __u32 bit = 1U << func;
	bool valid, refused;

	if (!cfg || !(cfg->active & bit) || !is_regular(inode))
		return 0;
	v = verdict_of(inode);
	l = live_of(inode, false);
	valid = v && l && v->epoch == cfg->epoch && inode->i_writecount.counter <= 0 &&
		v->gen == l->gen;
	refused = (cfg->enforced & bit) && !(valid && (v->allowed & bit));
	if (valid && (v->seen & bit) && !refused)
		return 0;
	if (!watched_for_us(inode))
		return 0;
	if (!(valid && (v->seen & bit)))
		tell(IMA_GATE_LATE, func, file, inode, named);
	return refused ? -EACCES : 0;
}

SEC("lsm/bprm_check_security")
int BPF_PROG(gate_bprm_check, struct linux_binprm *bprm, int ret)
{
	__u32 *elf;
	__u32 is_elf;

	if (ret)
		return ret;
	is_elf = bprm->buf[0] == 0x7f && bprm->buf[1] == 'E' && bprm->buf[2] == 'L' &&
		 bprm->buf[3] == 'F';
	elf = bpf_task_storage_get(&exec_map, bpf_get_current_task_btf(), 0,
				   BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (elf)
		*elf = is_elf;
	return use(bprm->file, bprm->file->f_inode, FUNC_BPRM_CHECK, true);
}

/* the new image is in place and its loader is open: what this task opens next belongs to another execve */
SEC("lsm/bprm_committed_creds")
int BPF_PROG(gate_bprm_committed, struct linux_binprm *bprm)
{
	__u32 *elf = bpf_task_storage_get(&exec_map, bpf_get_current_task_btf(), 0, 0);

	if (elf)
		*elf = 0;
	return 0;
}

static __always_inline void tell_mapped_writers(struct file *file, struct inode *inode, __u32 func)
{
	struct ima_gate_config *cfg = config();

	if (!cfg || !cfg->measures || !(cfg->active & (1U << func)) ||
	    inode->i_writecount.counter <= 0 || (file->f_mode & FMODE_WRITE) ||
	    !watched_for_us(inode))
		return;
	tell(IMA_GATE_WRITERS, func, file, inode, true);
}

SEC("lsm/mmap_file")
int BPF_PROG(gate_mmap_file, struct file *file, unsigned long reqprot, unsigned long prot,
	     unsigned long flags, int ret)
{
	const unsigned long type = flags & MAP_TYPE;
	struct ima_gate_live *l;
	struct inode *inode;
	int r = 0;

	if (ret || !file)
		return ret;
	inode = file->f_inode;
	if (!is_regular(inode))
		return 0;
	if ((type == MAP_SHARED || type == MAP_SHARED_VALIDATE) && (file->f_mode & FMODE_WRITE)) {
		l = live_of(inode, true);
		if (l)
			__sync_fetch_and_add(&l->shared_writable, 1);
		changed(inode);
	}
	if (reqprot & PROT_EXEC) {
		tell_mapped_writers(file, inode, FUNC_MMAP_CHECK_REQPROT);
		r = use(file, inode, FUNC_MMAP_CHECK_REQPROT, true);
	}
	if (!r && (prot & PROT_EXEC)) {
		tell_mapped_writers(file, inode, FUNC_MMAP_CHECK);
		r = use(file, inode, FUNC_MMAP_CHECK, true);
	}
	return r;
}

/* nothing is measured here, as in the kernel; a rule that enforces refuses what has no verdict */
SEC("lsm/file_mprotect")
int BPF_PROG(gate_file_mprotect, struct vm_area_struct *vma, unsigned long reqprot,
	     unsigned long prot, int ret)
{
	struct ima_gate_config *cfg;
	struct file *file;

	if (ret || !(prot & PROT_EXEC) || (vma->vm_flags & VM_EXEC))
		return ret;
	file = vma->vm_file;
	cfg = config();
	if (!file || !cfg || !(cfg->enforced & (1U << FUNC_MMAP_CHECK)))
		return 0;
	return use(file, file->f_inode, FUNC_MMAP_CHECK, false);
}

static __always_inline __u32 func_of_read(int id)
{
	switch (id) {
	case READ_FIRMWARE:
		return FUNC_FIRMWARE_CHECK;
	case READ_MODULE:
		return FUNC_MODULE_CHECK;
	case READ_KEXEC_IMAGE:
		return FUNC_KEXEC_KERNEL_CHECK;
	case READ_KEXEC_INITRAMFS:
		return FUNC_KEXEC_INITRAMFS_CHECK;
	case READ_POLICY:
		return FUNC_POLICY_CHECK;
	default:
		return FUNC_FILE_CHECK;
	}
}

/* the command line is still in the caller's memory only */
static __always_inline void tell_cmdline(struct file *file, struct inode *inode)
{
#if defined(__TARGET_ARCH_x86)
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
	struct ima_gate_data_record *r;
	__u64 len = regs->dx;
	const void *from = (const void *)regs->r10;

	if (regs->orig_ax != KEXEC_FILE_LOAD_NR || len < 1)
		return;
	r = bpf_ringbuf_reserve(&ring_map, sizeof(*r), 0);
	if (!r) {
		count_drop();
		return;
	}
	__builtin_memset(&r->r.c, 0, sizeof(r->r.c));
	fill(&r->r.c, file, inode);
	r->r.type = IMA_GATE_CMDLINE;
	r->r.func = FUNC_KEXEC_KERNEL_CHECK;
	r->r.fd = -1;
	r->r.path_len = 0;
	len--;
	r->r.data_len = len > IMA_GATE_DATA_MAX - 1 ? IMA_GATE_DATA_MAX + 1 : (__u32)len;
	if (len > IMA_GATE_DATA_MAX - 1)
		len = IMA_GATE_DATA_MAX - 1;
	if (bpf_probe_read_user(r->data, (__u32)len & (IMA_GATE_DATA_MAX - 1), from) < 0)
		r->r.data_len = IMA_GATE_DATA_MAX + 1;
	bpf_ringbuf_submit(r, 0);
#endif
}

SEC("lsm/kernel_read_file")
int BPF_PROG(gate_kernel_read_file, struct file *file, int id, bool contents, int ret)
{
	struct inode *inode;
	int r;

	if (ret || !file)
		return ret;
	inode = file->f_inode;
	if (!is_regular(inode))
		return 0;
	r = use(file, inode, func_of_read(id), true);
	if (!r && id == READ_KEXEC_IMAGE && watched_for_us(inode))
		tell_cmdline(file, inode);
	return r;
}

struct pieces {
	const char *from;
	__u64 len, at;
	struct ima_gate_context c;
};

/* one piece into the ring; 1 ends the loop */
static long tell_piece(__u32 index, struct pieces *p)
{
	struct ima_gate_data_record *r;
	__u64 n = p->len - p->at;

	if (p->at >= p->len)
		return 1;
	r = bpf_ringbuf_reserve(&ring_map, sizeof(*r), 0);
	if (!r) {
		count_drop();
		return 1;
	}
	if (n > IMA_GATE_DATA_MAX)
		n = IMA_GATE_DATA_MAX;
	r->r.type = IMA_GATE_MODULE;
	r->r.func = 0;
	r->r.fd = -1;
	r->r.path_len = 0;
	r->r.path[0] = 0;
	r->r.data_len = (__u32)n;
	r->r.c = p->c;
	r->r.c.ino = p->at;
	r->r.c.gen = p->len;
	if (bpf_probe_read_kernel(r->data, (__u32)n, p->from + p->at) < 0)
		r->r.data_len = IMA_GATE_DATA_MAX + 1;
	p->at += IMA_GATE_DATA_MAX;
	bpf_ringbuf_submit(r, 0);
	return 0;
}

SEC("lsm/kernel_post_load_data")
int BPF_PROG(gate_kernel_post_load_data, char *buf, __s64 size, int id, char *description, int ret)
{
	struct ima_gate_config *cfg = config();
	struct pieces p = { .from = buf, .len = (__u64)size };

	if (ret || !cfg || !cfg->module_data || id != READ_MODULE || size <= 0 ||
	    !(cfg->active & (1U << FUNC_CRITICAL_DATA)))
		return ret;
	fill_task(&p.c);
	bpf_loop(MAX_PIECES, tell_piece, &p, 0);
	return 0;
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

static __always_inline bool is_security_name(const char *name)
{
	char head[9] = "";

	if (bpf_probe_read_kernel(head, sizeof(head), name) < 0)
		return false;
	return head[0] == 's' && head[1] == 'e' && head[2] == 'c' && head[3] == 'u' &&
	       head[4] == 'r' && head[5] == 'i' && head[6] == 't' && head[7] == 'y' &&
	       head[8] == '.';
}

SEC("lsm/inode_setxattr")
int BPF_PROG(gate_setxattr, void *idmap, struct dentry *dentry, const char *name, const void *value,
	     unsigned long size, int flags, int ret)
{
	struct inode *inode = dentry->d_inode;

	if (!ret && inode && is_regular(inode) && is_security_name(name))
		changed_quietly(inode);
	return ret;
}

SEC("lsm/inode_removexattr")
int BPF_PROG(gate_removexattr, void *idmap, struct dentry *dentry, const char *name, int ret)
{
	struct inode *inode = dentry->d_inode;

	if (!ret && inode && is_regular(inode) && is_security_name(name))
		changed_quietly(inode);
	return ret;
}

static __always_inline bool is_asymmetric(const char *type_name)
{
	char text[11] = "";

	if (bpf_probe_read_kernel_str(text, sizeof(text), type_name) < 0)
		return false;
	return text[0] == 'a' && text[1] == 's' && text[2] == 'y' && text[3] == 'm' &&
	       text[4] == 'm' && text[5] == 'e' && text[6] == 't';
}

/*
 * No hook of the security modules shows a key's payload on every kernel, and the function that adds keys has too many arguments for the
 * tracing of older ones: it is probed at its begin and its end.
 */
struct key_call {
	__u64 keyring, payload, len;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 256);
	__type(key, __u32);
	__type(value, struct key_call);
} key_map SEC(".maps");

/* (keyring, type, description, payload, length, ...) */
SEC("kprobe/key_create_or_update")
int gate_key_begin(struct pt_regs *ctx)
{
	const struct key_call c = { .keyring = ARG1(ctx), .payload = ARG4(ctx), .len = ARG5(ctx) };
	__u32 tid = (__u32)bpf_get_current_pid_tgid();

	if (c.payload && c.len && is_asymmetric((const char *)ARG2(ctx)))
		bpf_map_update_elem(&key_map, &tid, &c, BPF_ANY);
	return 0;
}

static __always_inline void tell_key(const struct key_call *c)
{
	struct ima_gate_data_record *r = bpf_ringbuf_reserve(&ring_map, sizeof(*r), 0);
	/* the lowest bit says that the caller possesses the keyring */
	const struct key *k = (const struct key *)(c->keyring & ~1ULL);
	__u32 len = (__u32)c->len;
	long n;

	if (!r) {
		count_drop();
		return;
	}
	__builtin_memset(&r->r.c, 0, sizeof(r->r.c));
	fill_task(&r->r.c);
	r->r.type = IMA_GATE_KEY;
	r->r.func = 0;
	r->r.fd = -1;
	n = bpf_probe_read_kernel_str(r->r.path, sizeof(r->r.path), BPF_CORE_READ(k, description));
	r->r.path_len = n > 0 ? (__u32)n - 1 : 0;
	r->r.data_len = c->len > IMA_GATE_DATA_MAX - 1 ? IMA_GATE_DATA_MAX + 1 : len;
	if (len > IMA_GATE_DATA_MAX - 1)
		len = IMA_GATE_DATA_MAX - 1;
	if (bpf_probe_read_kernel(r->data, len & (IMA_GATE_DATA_MAX - 1),
				  (const void *)c->payload) < 0)
		r->r.data_len = IMA_GATE_DATA_MAX + 1;
	bpf_ringbuf_submit(r, 0);
}

SEC("kretprobe/key_create_or_update")
int gate_key_end(struct pt_regs *ctx)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	const struct key_call *c = bpf_map_lookup_elem(&key_map, &tid);

	if (!c)
		return 0;
	if ((__u64)RESULT(ctx) < (__u64)-4095LL)
		tell_key(c);
	bpf_map_delete_elem(&key_map, &tid);
	return 0;
}

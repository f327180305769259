// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The gate guards itself: its pins, its maps and imad's processes are out of reach for everybody but imad and process 1. The kernel's own
 * signals (out of memory) do not ask here.
 */
#include "gate.bpf.h"

#define FMODE_MAP_WRITE 2U
#define PTRACE_MODE_ATTACH 2U
#define SIGHUP 1
#define SIGINT 2
#define SIGTERM 15
#define SIGCONT 18

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* numbers of the gate's own maps */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 32);
	__type(key, __u32);
	__type(value, __u32);
} guarded_map SEC(".maps");

/* NULL: no guard, or this task may */
static __always_inline struct ima_gate_config *guard_against_current(void)
{
	struct ima_gate_config *cfg = config();
	__u32 own;

	if (!cfg || cfg->guard == IMA_GATE_GUARD_OFF)
		return 0;
	own = ownership(bpf_get_current_task_btf());
	if (own & IMA_GATE_OWN_PROCESS || (own & IMA_GATE_OWN_PROGRAM && !cfg->supervised))
		return 0;
	return cfg;
}

static __always_inline int pin(struct inode *dir, struct dentry *dentry)
{
	struct ima_gate_config *cfg = guard_against_current();
	struct inode *inode;

	if (!cfg || !cfg->pins_dev || dir->i_sb->s_dev != cfg->pins_dev)
		return 0;
	inode = dentry->d_inode;
	return dir->i_ino == cfg->pins_ino || (inode && inode->i_ino == cfg->pins_ino) ? -EPERM : 0;
}

SEC("lsm/inode_unlink")
int BPF_PROG(gate_guard_unlink, struct inode *dir, struct dentry *dentry)
{
	return pin(dir, dentry);
}

SEC("lsm/inode_rmdir")
int BPF_PROG(gate_guard_rmdir, struct inode *dir, struct dentry *dentry)
{
	return pin(dir, dentry);
}

SEC("lsm/inode_rename")
int BPF_PROG(gate_guard_rename, struct inode *old_dir, struct dentry *old, struct inode *new_dir,
	     struct dentry *new)
{
	int r = pin(old_dir, old);

	return r ? r : pin(new_dir, new);
}

SEC("lsm/sb_umount")
int BPF_PROG(gate_guard_umount, struct vfsmount *mnt, int flags)
{
	struct ima_gate_config *cfg = guard_against_current();

	return cfg && cfg->pins_dev && mnt->mnt_sb->s_dev == cfg->pins_dev ? -EPERM : 0;
}

SEC("lsm/bpf_map")
int BPF_PROG(gate_guard_map, struct bpf_map *map, unsigned int fmode)
{
	struct ima_gate_config *cfg;
	__u32 id = map->id;

	if (!(fmode & FMODE_MAP_WRITE) || !bpf_map_lookup_elem(&guarded_map, &id))
		return 0;
	cfg = guard_against_current();
	return cfg ? -EPERM : 0;
}

static __always_inline bool may_be_asked(struct ima_gate_config *cfg, __u32 own, int sig)
{
	if (sig == 0 || sig == SIGCONT)
		return true;
	return cfg->guard == IMA_GATE_GUARD_ON && own & IMA_GATE_OWN_SUPERVISOR &&
	       (sig == SIGTERM || sig == SIGINT || sig == SIGHUP);
}

SEC("lsm/task_kill")
int BPF_PROG(gate_guard_kill, struct task_struct *p, void *info, int sig)
{
	const __u32 own = ownership(p);
	struct ima_gate_config *cfg;

	if (!(own & IMA_GATE_OWN_PROCESS))
		return 0;
	cfg = guard_against_current();
	if (!cfg || (__u32)(bpf_get_current_pid_tgid() >> 32) == 1)
		return 0;
	return may_be_asked(cfg, own, sig) ? 0 : -EPERM;
}

SEC("lsm/ptrace_access_check")
int BPF_PROG(gate_guard_ptrace, struct task_struct *child, unsigned int mode)
{
	struct ima_gate_config *cfg;

	if (!(mode & PTRACE_MODE_ATTACH) || !(ownership(child) & IMA_GATE_OWN_PROCESS))
		return 0;
	cfg = guard_against_current();
	return cfg ? -EPERM : 0;
}

static __always_inline bool is_program(struct inode *inode)
{
	struct ima_gate_verdict *v = verdict_of(inode);
	struct ima_gate_live *l;

	if (!v || !(v->flags & IMA_GATE_PROGRAM))
		return false;
	l = live_of(inode, false);
	return l && l->gen == v->gen;
}

/* which program a task runs: imad's own makes it a possible heir, any other ends what it was */
static __always_inline void runs(struct inode *inode)
{
	const bool program = is_program(inode);
	__u32 *own = bpf_task_storage_get(&own_map, bpf_get_current_task_btf(), 0,
					  program ? BPF_LOCAL_STORAGE_GET_F_CREATE : 0);

	if (!own)
		return;
	if (program)
		*own |= IMA_GATE_OWN_PROGRAM;
	else
		*own = 0;
}

/* the new image is in place and its loader is open: what this task opens next belongs to another execve */
SEC("lsm/bprm_committed_creds")
int BPF_PROG(gate_committed, struct linux_binprm *bprm)
{
	struct inode *inode = bprm->file->f_inode;
	__u32 *slot = loader_slot((__u32)bpf_get_current_pid_tgid());

	if (slot)
		*slot = 0;
	if (is_regular(inode))
		runs(inode);
	return 0;
}

/* attached where there is a guard */
SEC("tp_btf/sched_process_exit")
int BPF_PROG(gate_guard_exit, struct task_struct *t)
{
	__u32 *own = bpf_task_storage_get(&own_map, t, 0, 0);
	struct ima_gate_config *cfg = config();

	if (own && cfg && *own & IMA_GATE_OWN_SUPERVISOR)
		cfg->supervised = 0;
	return 0;
}

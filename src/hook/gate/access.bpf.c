// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Who opens what and how, exactly; and at each use (exec, map, mprotect, kernel read) whether the worker has seen this content. */
#include "gate.bpf.h"
#include "metadata.bpf.h"

#include "layer.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* the access that a task is about to make, by thread id */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, struct ima_gate_context);
} context_map SEC(".maps");

static __always_inline __u32 exec_kind(void)
{
	const __u32 tid = (__u32)bpf_get_current_pid_tgid();
	__u32 *slot = loader_slot(tid);

	return slot && *slot == tid ? IMA_GATE_KIND_EXEC | IMA_GATE_KIND_LOADER : IMA_GATE_KIND_EXEC;
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

/* the verdict is about what the file holds now */
static __always_inline bool is_current(struct inode *inode, const struct ima_gate_verdict *v)
{
	struct ima_gate_live *l = live_of(inode, false);

	return l && l->gen == v->gen;
}

static __always_inline void note_writer(struct file *file, struct inode *inode, struct ima_gate_config *cfg)
{
	struct ima_gate_live *l;

	if (file->f_mode & FMODE_CREATED) {
		note_made(inode, cfg, cfg->evm_version < EVM_OWN_NEW);
		return;
	}
	/* the first writer since the one that made it */
	l = inode->i_writecount.counter <= 1 && cfg->evm_version < EVM_OWN_NEW ? live_of(inode, false) : 0;
	if (l)
		l->made = 0;
}

/* true: refused */
static __always_inline bool open_for_write(struct file *file, struct inode *inode,
					   struct ima_gate_verdict *v, struct ima_gate_config *cfg)
{
	__u32 kind = file->f_mode & FMODE_CREATED ? IMA_GATE_KIND_CREATED : 0;

	if (v && (v->flags & IMA_GATE_SIGNED) && v->epoch == cfg->epoch && is_current(inode, v) &&
	    !is_own())
		return true;
	if (v && (v->flags & IMA_GATE_CACHED))
		tell(IMA_GATE_CHANGED, FUNC_FILE_CHECK, file, inode, true);
	changed(inode);
	if (!watched_for_us(inode))
		return false;
	note_writer(file, inode, cfg);
	if (v && (v->flags & IMA_GATE_MEASURED) && cfg->measures &&
	    bpf_core_field_exists(inode->i_readcount) && inode->i_readcount.counter > 0) {
		if (cfg->tomtou_once)
			v->flags &= ~IMA_GATE_MEASURED;
		if (tell(IMA_GATE_READERS, FUNC_FILE_CHECK, file, inode, true))
			kind |= IMA_GATE_KIND_TOLD;
	}
	stash(file, inode, kind);
	return false;
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
		tell_as(kind, IMA_GATE_OPENED, FUNC_FILE_CHECK, file, inode, true);
	if (inode->i_writecount.counter > 0 && cfg->measures &&
	    (cfg->active & (1U << FUNC_FILE_CHECK)) &&
	    tell_as(kind, IMA_GATE_WRITERS, FUNC_FILE_CHECK, file, inode, true))
		kind |= IMA_GATE_KIND_TOLD;
	stash(file, inode, kind);
}

SEC("lsm/file_open")
int BPF_PROG(gate_file_open, struct file *file, int ret)
{
	struct inode *inode = file->f_inode;
	struct ima_gate_verdict *v;
	struct ima_gate_config *cfg;

	if (ret)
		return ret;
	if (file->f_mode & FMODE_NOACCOUNT)
		note_layer(inode);
	v = verdict_of(inode); /* regular files only have one */
	if (v && (v->flags & IMA_GATE_CACHED) && !(file->f_mode & FMODE_WRITE) &&
	    inode->i_writecount.counter <= 0)
		return 0;
	if (!is_regular(inode))
		return 0;
	cfg = config();
	if (!cfg)
		return 0;
	if (file->f_mode & FMODE_WRITE)
		return open_for_write(file, inode, v, cfg) ? -EACCES : 0;
	open_for_read(file, inode, cfg);
	return 0;
}

/* the worker looks for it in the mount tables at once, not at its next look around; an earlier one may have had its number */
SEC("lsm/sb_kern_mount")
int BPF_PROG(gate_sb_kern_mount, struct super_block *sb, int ret)
{
	struct ima_gate_record *r;
	struct ima_gate_config *cfg = config();
	__u32 dev = sb->s_dev;

	if (ret || !cfg || !cfg->active)
		return ret;
	bpf_map_delete_elem(&fs_map, &dev);
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
	r->c.dev = dev;
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
	if (l && inode->i_writecount.counter == 1) {
		__sync_fetch_and_add(&l->closes, 1);
		l->made = 0;
	}
	return 0;
}

/* what the worker found of the content as it is now; NULL: nothing. A writer's claim is looked at before the generation that it moves */
static __always_inline struct ima_gate_verdict *standing(struct file *file, struct inode *inode,
							 struct ima_gate_config *cfg)
{
	struct ima_gate_verdict *v;
	struct ima_gate_live *l;

	if (inode->i_writecount.counter > 0)
		return 0;
	v = verdict_of(inode);
	if (!v || v->epoch != cfg->epoch || (v->behind.inode && !is_layer_same(file, &v->behind)))
		return 0;
	l = live_of(inode, false);
	return l && l->gen == v->gen ? v : 0;
}

/* may this content be used so? Without a verdict the worker is told; refused only where rules enforce */
static __always_inline int use(struct file *file, struct inode *inode, __u32 func, bool named)
{
	struct ima_gate_config *cfg = config();
	struct ima_gate_verdict *v;
	const __u32 bit = 1U << func;
	bool refused;

	if (!cfg || !(cfg->active & bit) || !is_regular(inode))
		return 0;
	v = standing(file, inode, cfg);
	refused = (cfg->enforced & bit) && !(v && (v->allowed & bit));
	if (v && (v->seen & bit) && !refused)
		return 0;
	if (!watched_for_us(inode))
		return 0;
	if (!(v && (v->seen & bit)))
		tell(IMA_GATE_LATE, func, file, inode, named);
	return refused ? -EACCES : 0;
}

SEC("lsm/bprm_check_security")
int BPF_PROG(gate_bprm_check, struct linux_binprm *bprm, int ret)
{
	const __u32 tid = (__u32)bpf_get_current_pid_tgid();
	__u32 *slot = loader_slot(tid);

	if (ret)
		return ret;
	if (slot)
		*slot = bprm->buf[0] == 0x7f && bprm->buf[1] == 'E' && bprm->buf[2] == 'L' &&
					bprm->buf[3] == 'F' ?
				tid :
				0;
	return use(bprm->file, bprm->file->f_inode, FUNC_BPRM_CHECK, true);
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

static __always_inline void map_shared(struct file *file, struct inode *inode)
{
	struct ima_gate_live *l;

	if (!(file->f_mode & FMODE_WRITE) || !is_regular(inode))
		return;
	l = live_of(inode, true);
	if (l)
		__sync_fetch_and_add(&l->shared_writable, 1);
	changed(inode);
}

static __always_inline int map_executable(struct file *file, struct inode *inode, __u32 bits)
{
	struct ima_gate_config *cfg = config();
	struct ima_gate_verdict *v;
	int r = 0;

	if (!cfg || !(bits &= cfg->active) || !is_regular(inode))
		return 0;
	/* both funcs at one look: a library is mapped by each program */
	v = standing(file, inode, cfg);
	if (v && (v->seen & bits) == bits && (v->allowed & cfg->enforced & bits) == (cfg->enforced & bits))
		return 0;
	if (bits & 1U << FUNC_MMAP_CHECK_REQPROT) {
		tell_mapped_writers(file, inode, FUNC_MMAP_CHECK_REQPROT);
		r = use(file, inode, FUNC_MMAP_CHECK_REQPROT, true);
	}
	if (!r && (bits & 1U << FUNC_MMAP_CHECK)) {
		tell_mapped_writers(file, inode, FUNC_MMAP_CHECK);
		r = use(file, inode, FUNC_MMAP_CHECK, true);
	}
	return r;
}

SEC("lsm/mmap_file")
int BPF_PROG(gate_mmap_file, struct file *file, unsigned long reqprot, unsigned long prot,
	     unsigned long flags, int ret)
{
	const unsigned long type = flags & MAP_TYPE;
	__u32 bits = 0;

	if (ret || !file)
		return ret;
	if (!reqprot && !prot)
		look_behind(file, file->f_inode);
	if (type == MAP_SHARED || type == MAP_SHARED_VALIDATE)
		map_shared(file, file->f_inode);
	if (reqprot & PROT_EXEC)
		bits |= 1U << FUNC_MMAP_CHECK_REQPROT;
	if (prot & PROT_EXEC)
		bits |= 1U << FUNC_MMAP_CHECK;
	return bits ? map_executable(file, file->f_inode, bits) : 0;
}

/*
 * The kernel refuses whatever the content is, from a file whose mapping is appraised. Whether a rule appraises this one is the worker's to
 * say: a verdict of the present content that knows of no such rule lets it pass.
 */
static __always_inline int mprotect_of(struct file *file, struct inode *inode,
				       struct ima_gate_config *cfg, __u32 bits)
{
	struct ima_gate_verdict *v = verdict_of(inode);
	struct ima_gate_live *l = live_of(inode, false);
	bool free_of_rules;

	free_of_rules = v && l && v->epoch == cfg->epoch && v->gen == l->gen && (v->unasked & bits) == bits;
	if (free_of_rules)
		return 0;
	tell(IMA_GATE_MPROTECT, FUNC_MMAP_CHECK, file, inode, false);
	return -EPERM;
}

/* nothing is measured here, as in the kernel: where a rule appraises mappings, mprotect is no way around it */
SEC("lsm/file_mprotect")
int BPF_PROG(gate_file_mprotect, struct vm_area_struct *vma, unsigned long reqprot,
	     unsigned long prot, int ret)
{
	__u32 bits = 1U << FUNC_MMAP_CHECK | 1U << FUNC_MMAP_CHECK_REQPROT;
	struct ima_gate_config *cfg;
	struct inode *inode;
	struct file *file;

	if (ret || !(prot & PROT_EXEC) || (vma->vm_flags & VM_EXEC))
		return ret;
	file = vma->vm_file;
	cfg = config();
	if (!file || !cfg || !(cfg->appraised & bits))
		return 0;
	bits &= cfg->appraised;
	inode = file->f_inode;
	if (!is_regular(inode) || !watched_for_us(inode))
		return 0;
	return mprotect_of(file, inode, cfg, bits);
}

/* what fanotify found wrong with this open; before 6.9 fanotify has to refuse it by itself */
SEC("lsm/file_post_open")
int BPF_PROG(gate_file_post_open, struct file *file, int mask, int ret)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	struct ima_gate_config *cfg = config();
	struct ima_gate_context *c;

	if (ret || !cfg || !(cfg->appraised & 1U << FUNC_FILE_CHECK) || !is_regular(file->f_inode))
		return ret;
	c = bpf_map_lookup_elem(&context_map, &tid);
	if (!c || c->ino != file->f_inode->i_ino || !(c->kind & IMA_GATE_KIND_REFUSED))
		return 0;
	c->kind &= ~IMA_GATE_KIND_REFUSED; /* said once: the next open may be another's to judge */
	return -EACCES;
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

SEC("lsm/kernel_read_file")
int BPF_PROG(gate_kernel_read_file, struct file *file, int id, bool contents, int ret)
{
	if (ret || !file)
		return ret;
	return use(file, file->f_inode, func_of_read(id), true);
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The kernel's types as far as the gate reads them. Offsets are not taken from here: each access is relocated against the running
 * kernel's BTF.
 */
#pragma once

typedef unsigned char __u8;
typedef unsigned short __u16;
typedef int __s32;
typedef unsigned int __u32;
typedef long long __s64;
typedef unsigned long long __u64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;
typedef _Bool bool;

#define true 1
#define false 0

enum bpf_map_type {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_LRU_HASH = 9,
	BPF_MAP_TYPE_RINGBUF = 27,
	BPF_MAP_TYPE_INODE_STORAGE = 28,
	BPF_MAP_TYPE_TASK_STORAGE = 29,
};

#define BPF_F_NO_PREALLOC 1U
#define BPF_ANY 0
#define BPF_NOEXIST 1
#define BPF_LOCAL_STORAGE_GET_F_CREATE 1U

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct {
	int counter;
} atomic_t;

typedef struct {
	__u32 val;
} kuid_t;

typedef struct {
	__u32 val;
} kgid_t;

typedef struct {
	__u8 b[16];
} uuid_t;

struct super_block {
	__u32 s_dev;
	unsigned long s_magic;
	uuid_t s_uuid;
};

struct address_space {
	atomic_t i_mmap_writable;
};

struct inode {
	__u16 i_mode;
	kuid_t i_uid;
	kgid_t i_gid;
	struct super_block *i_sb;
	struct address_space *i_mapping;
	unsigned long i_ino;
	atomic_t i_writecount;
	atomic_t i_readcount;
	__u32 i_generation;
};

struct qstr {
	const unsigned char *name;
};

struct dentry {
	struct dentry *d_parent;
	struct inode *d_inode;
	struct qstr d_name;
};

struct path {
	struct dentry *dentry;
};

struct file {
	struct path f_path;
	struct inode *f_inode;
	unsigned int f_flags;
	unsigned int f_mode;
	void *private_data;
};

struct linux_binprm {
	struct file *file;
	char buf[256];
};

struct vm_area_struct {
	unsigned long vm_flags;
	struct file *vm_file;
};

struct iattr {
	unsigned int ia_valid;
	__u16 ia_mode;
	kuid_t ia_uid;
	kgid_t ia_gid;
};

struct posix_acl_entry {
	short e_tag;
	unsigned short e_perm;
};

struct posix_acl {
	unsigned int a_count;
	struct posix_acl_entry a_entries[];
};

/* 64 bits, whose names changed */
struct capabilities {
	__u64 bits;
};

struct cred {
	kuid_t uid, suid, euid;
	kgid_t gid, sgid, egid;
	struct capabilities cap_effective;
};

struct mm_struct;

struct task_struct {
	int pid, tgid;
	struct task_struct *group_leader;
	const struct cred *cred;
	struct mm_struct *mm;
};

struct vfsmount {
	struct super_block *mnt_sb;
};

struct bpf_map {
	__u32 id;
};

struct key_type {
	const char *name;
};

struct key {
	char *description;
};

#pragma clang attribute pop

/* laid out as the machine says: no relocation, the probes' context is this itself */
struct pt_regs {
#if defined(__TARGET_ARCH_x86)
	unsigned long r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, orig_ax, ip, cs,
		flags, sp, ss;
#elif defined(__TARGET_ARCH_arm64)
	unsigned long regs[31], sp, pc, pstate;
#endif
};

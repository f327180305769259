/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Waiting: execve, the opens, mmap of a file with PROT_EXEC, mprotect that adds it, umount2 (a descriptor of ours may be in its way), and what
 * gives a task another identity, root or namespace: until one of these is seen, everybody in the tree is who we are. Refused: io_uring, which would open files without
 * these calls, and opens by handle. Calls of another architecture end the process, unless what cannot be measured may run.
 */
#include "hook/trace/filter.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5) /* since 5.19 */
#endif

/* names that this architecture does not have are left out */
static int add(scmp_filter_ctx ctx, uint32_t action, const char *name)
{
	const int nr = seccomp_syscall_resolve_name(name);

	return nr < 0 ? 0 : seccomp_rule_add(ctx, action, nr, 0);
}

static int add_mappings(scmp_filter_ctx ctx)
{
	static const char *const protects[] = { "mprotect", "pkey_mprotect" };
	int r = seccomp_rule_add(ctx, SCMP_ACT_NOTIFY, SCMP_SYS(mmap), 2,
				 SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC), SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, 0));

	for (size_t i = 0; r == 0 && i < IMA_N_ELEMENTS(protects); i++)
		r = seccomp_rule_add(ctx, SCMP_ACT_NOTIFY, seccomp_syscall_resolve_name(protects[i]), 1,
				     SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC));
	return r;
}

static int add_changes(scmp_filter_ctx ctx)
{
	static const char *const names[] = { "setuid", "setgid", "setreuid", "setregid", "setresuid", "setresgid", "setfsuid", "setfsgid",
					     "setgroups", "capset", "unshare", "setns", "chroot", "pivot_root", "clone3" };
	const scmp_datum_t spaces[] = { CLONE_NEWUSER, CLONE_NEWNS };
	int r = 0;

	for (size_t i = 0; r == 0 && i < IMA_N_ELEMENTS(names); i++)
		r = add(ctx, SCMP_ACT_NOTIFY, names[i]);
	for (size_t i = 0; r == 0 && i < IMA_N_ELEMENTS(spaces); i++)
		r = seccomp_rule_add(ctx, SCMP_ACT_NOTIFY, SCMP_SYS(clone), 1, SCMP_A0(SCMP_CMP_MASKED_EQ, spaces[i], spaces[i]));
	return r;
}

static int add_rules(scmp_filter_ctx ctx, bool best_effort, bool io_uring)
{
	static const char *const waiting[] = { "execve", "execveat", "open", "openat", "openat2", "creat", "uselib", "umount2" };
	int r = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, best_effort ? SCMP_ACT_ALLOW : SCMP_ACT_KILL_PROCESS);

	for (size_t i = 0; r == 0 && i < IMA_N_ELEMENTS(waiting); i++)
		r = add(ctx, SCMP_ACT_NOTIFY, waiting[i]);
	if (r == 0)
		r = add_mappings(ctx);
	if (r == 0)
		r = add_changes(ctx);
	if (r == 0 && !io_uring)
		r = add(ctx, SCMP_ACT_ERRNO(ENOSYS), "io_uring_setup");
	if (r == 0 && !best_effort)
		r = add(ctx, SCMP_ACT_ERRNO(EPERM), "open_by_handle_at");
	return r;
}

static int export(scmp_filter_ctx ctx, struct sock_fprog *ret)
{
	ima_cleanup(ima_closep) int fd = memfd_create("filter", MFD_CLOEXEC);
	ima_cleanup(ima_freep) struct sock_filter *code = NULL;
	off_t size;
	int r;

	if (fd < 0)
		return -errno;
	r = seccomp_export_bpf(ctx, fd);
	if (r < 0)
		return r;
	size = lseek(fd, 0, SEEK_END);
	if (size <= 0 || size % (off_t)sizeof(*code) || size / (off_t)sizeof(*code) > BPF_MAXINSNS)
		return -EINVAL;
	code = malloc((size_t)size);
	if (!code)
		return -ENOMEM;
	if (pread(fd, code, (size_t)size, 0) != size)
		return -EIO;
	*ret = (struct sock_fprog){ .len = (unsigned short)((size_t)size / sizeof(*code)), .filter = ima_take(code) };
	return 0;
}

int ima_trace_filter_build(bool best_effort, bool io_uring, struct sock_fprog *ret)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	int r;

	if (!ctx)
		return -ENOMEM;
	r = add_rules(ctx, best_effort, io_uring);
	if (r == 0)
		r = export(ctx, ret);
	seccomp_release(ctx);
	return r;
}

void ima_trace_filter_done(struct sock_fprog *p)
{
	free(p->filter);
	*p = (struct sock_fprog){ 0 };
}

/* with WAIT_KILLABLE a call that we began to carry out is not begun again after a signal */
int ima_trace_filter_install(const struct sock_fprog *p)
{
	const unsigned long flags = SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
	long fd;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, p);
	return fd < 0 ? -errno : (int)fd;
}

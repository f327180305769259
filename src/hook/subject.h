/* SPDX-License-Identifier: BSD-2-Clause */
/* The acting task, as /proc tells while the task waits: credentials, the system call, whether the dynamic loader calls. */
#pragma once

#include "core/monitor/monitor.h"

enum ima_call {
	IMA_CALL_UNKNOWN = 0, /* not an open that we can read: taken as a read, nothing goes unmeasured */
	IMA_CALL_OPEN,
	IMA_CALL_EXEC,
	IMA_CALL_KERNEL,      /* a kernel thread */
	IMA_CALL_MOUNT,       /* a file system opens files of another one while it is mounted */
};

struct ima_subject {
	uint32_t uid, euid, suid, fsuid, gid, egid, sgid, fsgid;
	int tgid, ppid; /* 0: not known */
	bool cap_setuid, cap_setgid;
	bool kernel_thread;
	bool exec_check; /* execveat(2) asks only */
	struct ima_audit_subject audit;
	enum ima_call call;
	unsigned int open_flags; /* of IMA_CALL_OPEN */
	uint64_t ip;             /* user instruction pointer, 0 unknown */
};

/**
 * ima_subject_read() - read the task's state
 * @proc_fd: descriptor of a proc mount
 * Return: 0, -ESRCH the task is gone, errno
 */
ima_must_check int ima_subject_read(int proc_fd, int tid, struct ima_subject *ret);

/** ima_subject_parse_status() - credentials and name from the text of /proc/TID/status */
void ima_subject_parse_status(const char *text, struct ima_subject *s);

/** ima_subject_in_loader() - is the instruction pointer inside a dynamic loader? True when it cannot be told */
bool ima_subject_in_loader(int proc_fd, int tid, const struct ima_subject *s);

/** ima_subject_label() - the task's label as the security module writes it; the length, 0: none or not readable */
size_t ima_subject_label(int proc_fd, int tid, char *ret, size_t size);

/** ima_subject_tty() - number of the controlling terminal; 0: none, or the task is gone */
unsigned int ima_subject_tty(int proc_fd, int tid);

/** ima_subject_program() - path of the program that the task runs; "": none, or the task is gone */
void ima_subject_program(int proc_fd, int tid, char *ret, size_t size);

/** ima_subject_mask() - the kernel's access mask of an open with these flags */
unsigned int ima_subject_mask(unsigned int open_flags);

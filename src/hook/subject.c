/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading /proc about a task that waits in open(2) or execve(2). Nothing here opens a file outside procfs. */
#include "hook/subject.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/cleanup.h"

#define STATUS_MAX 4096
#define CAP_BIT_SETGID 6
#define CAP_BIT_SETUID 7
#define ID_UNKNOWN UINT32_MAX
#define EXECVEAT_CHECK 0x10000U /* AT_EXECVE_CHECK, since 6.14 */
#define ASLEEP_TRIES 50
#define ASLEEP_WAIT_US 40

static int read_proc(int proc_fd, int tid, const char *file, char *buf, size_t size)
{
	ima_cleanup(ima_closep) int fd = -EBADF;
	size_t len = 0;
	char path[64];

	snprintf(path, sizeof(path), "%d/%s", tid, file);
	fd = openat(proc_fd, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	while (len + 1 < size) {
		ssize_t n = read(fd, buf + len, size - 1 - len);

		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	buf[len] = 0;
	return (int)len;
}

size_t ima_subject_label(int proc_fd, int tid, char *ret, size_t size)
{
	const int n = read_proc(proc_fd, tid, "attr/current", ret, size);

	return n < 0 ? 0 : (size_t)n;
}

static const char *find_line(const char *text, const char *key)
{
	const char *p = strstr(text, key);

	return p ? p + strlen(key) : NULL;
}

static void parse_ids(const char *text, const char *key, uint32_t *real, uint32_t *effective,
		      uint32_t *saved, uint32_t *fs)
{
	const char *p = find_line(text, key);

	if (!p || sscanf(p, "%" SCNu32 " %" SCNu32 " %" SCNu32 " %" SCNu32, real, effective, saved, fs) != 4)
		*real = *effective = *saved = *fs = 0; /* cannot be told: the rules about root see root */
}

static int parse_pid(const char *text, const char *key)
{
	const char *p = find_line(text, key);

	return p ? (int)strtol(p, NULL, 10) : 0;
}

void ima_subject_parse_status(const char *text, struct ima_subject *s)
{
	const char *p = find_line(text, "\nCapEff:");
	const uint64_t caps = p ? strtoull(p, NULL, 16) : 0;

	parse_ids(text, "\nUid:", &s->uid, &s->euid, &s->suid, &s->fsuid);
	parse_ids(text, "\nGid:", &s->gid, &s->egid, &s->sgid, &s->fsgid);
	s->tgid = parse_pid(text, "\nTgid:");
	s->ppid = parse_pid(text, "\nPPid:");
	s->cap_setuid = caps >> CAP_BIT_SETUID & 1;
	s->cap_setgid = caps >> CAP_BIT_SETGID & 1;
	s->kernel_thread = !strstr(text, "\nVmSize:");
	if (sscanf(text, "Name:\t%15[^\n]", s->audit.comm) != 1)
		s->audit.comm[0] = 0;
}

static int read_status(int proc_fd, int tid, struct ima_subject *s)
{
	char text[STATUS_MAX];
	int r = read_proc(proc_fd, tid, "status", text, sizeof(text));

	if (r >= 0)
		ima_subject_parse_status(text, s);
	return r < 0 ? r : 0;
}

static uint32_t read_number(int proc_fd, int tid, const char *file)
{
	char text[32];

	if (read_proc(proc_fd, tid, file, text, sizeof(text)) <= 0)
		return ID_UNKNOWN;
	return (uint32_t)strtoul(text, NULL, 10);
}

/* openat2 keeps its flags in the caller's memory */
static int read_how_flags(int tid, uint64_t address, unsigned int *ret)
{
	uint64_t flags;
	struct iovec local = { &flags, sizeof(flags) };
	struct iovec remote = { (void *)(uintptr_t)address, sizeof(flags) };

	if (process_vm_readv(tid, &local, 1, &remote, 1, 0) != (ssize_t)sizeof(flags))
		return -EFAULT;
	*ret = (unsigned int)flags;
	return 0;
}

static enum ima_call classify(int tid, long nr, const uint64_t arg[6], unsigned int *flags)
{
	switch (nr) {
#ifdef SYS_open
	case SYS_open:
		*flags = (unsigned int)arg[1];
		return IMA_CALL_OPEN;
#endif
#ifdef SYS_creat
	case SYS_creat:
		*flags = O_WRONLY | O_CREAT | O_TRUNC;
		return IMA_CALL_OPEN;
#endif
	case SYS_openat:
	case SYS_open_by_handle_at:
		*flags = (unsigned int)arg[2];
		return IMA_CALL_OPEN;
	case SYS_openat2:
		return read_how_flags(tid, arg[2], flags) < 0 ? IMA_CALL_UNKNOWN : IMA_CALL_OPEN;
	case SYS_execve:
	case SYS_execveat:
		return IMA_CALL_EXEC;
	case SYS_mount:
	case SYS_fsconfig:
		return IMA_CALL_MOUNT;
	default:
		return IMA_CALL_UNKNOWN;
	}
}

/* the event may be read before its task has gone to sleep: then procfs has nothing to show yet */
static int read_syscall_text(int proc_fd, int tid, char *text, size_t size)
{
	int n = 0;

	for (int i = 0; i < ASLEEP_TRIES; i++) {
		n = read_proc(proc_fd, tid, "syscall", text, size);
		if (n <= 0 || strncmp(text, "running", 7))
			return n;
		usleep(ASLEEP_WAIT_US);
	}
	return n;
}

static void read_syscall(int proc_fd, int tid, struct ima_subject *s)
{
	uint64_t arg[6], sp, ip;
	char text[256];
	long nr;

	if (s->kernel_thread) {
		s->call = IMA_CALL_KERNEL;
		return;
	}
	if (read_syscall_text(proc_fd, tid, text, sizeof(text)) <= 0)
		return;
	if (sscanf(text,
		   "%ld %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64
		   " %" SCNx64 " %" SCNx64,
		   &nr, &arg[0], &arg[1], &arg[2], &arg[3], &arg[4], &arg[5], &sp, &ip) != 9)
		return;
	s->ip = ip;
	s->call = classify(tid, nr, arg, &s->open_flags);
	s->exec_check = nr == SYS_execveat && (arg[4] & EXECVEAT_CHECK);
}

int ima_subject_read(int proc_fd, int tid, struct ima_subject *ret)
{
	int r;

	*ret = (struct ima_subject){ .audit.pid = tid };
	r = read_status(proc_fd, tid, ret);
	if (r < 0)
		return r;
	read_syscall(proc_fd, tid, ret);
	ret->audit.uid = ret->uid;
	ret->audit.auid = read_number(proc_fd, tid, "loginuid");
	ret->audit.ses = read_number(proc_fd, tid, "sessionid");
	return 0;
}

/* "tid (name) state ppid pgrp session tty ...": the name may hold anything */
unsigned int ima_subject_tty(int proc_fd, int tid)
{
	char text[1024];
	const char *p = read_proc(proc_fd, tid, "stat", text, sizeof(text)) > 0 ? strrchr(text, ')') : NULL;
	unsigned int tty = 0;

	return p && sscanf(p, ") %*c %*d %*d %*d %u", &tty) == 1 ? tty : 0;
}

void ima_subject_program(int proc_fd, int tid, char *ret, size_t size)
{
	char path[64];
	ssize_t n;

	snprintf(path, sizeof(path), "%d/exe", tid);
	n = readlinkat(proc_fd, path, ret, size - 1);
	ret[n > 0 ? n : 0] = 0;
}

static bool is_loader_path(const char *path)
{
	static const char *const prefixes[] = { "ld-linux", "ld-musl", "ld.so", "ld64.so", "ld-2." };
	const char *base = strrchr(path, '/');

	if (!base)
		return false;
	for (size_t i = 0; i < IMA_N_ELEMENTS(prefixes); i++)
		if (!strncmp(base + 1, prefixes[i], strlen(prefixes[i])))
			return true;
	return false;
}

bool ima_subject_in_loader(int proc_fd, int tid, const struct ima_subject *s)
{
	ima_cleanup(ima_fclosep) FILE *maps = NULL;
	char path[64], line[4352];
	int fd;

	if (!s->ip)
		return true;
	snprintf(path, sizeof(path), "%d/maps", tid);
	fd = openat(proc_fd, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return true;
	maps = fdopen(fd, "r");
	if (!maps) {
		close(fd);
		return true;
	}
	while (fgets(line, sizeof(line), maps)) {
		uint64_t from, to;
		int at = 0;

		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*s %*s %*s %*s %n", &from, &to, &at) < 2)
			continue;
		if (s->ip < from || s->ip >= to)
			continue;
		line[strcspn(line, "\n")] = 0;
		return at > 0 && is_loader_path(line + at);
	}
	return true;
}

unsigned int ima_subject_mask(unsigned int open_flags)
{
	static const unsigned int by_mode[] = {
		[O_RDONLY] = IMA_MAY_READ,
		[O_WRONLY] = IMA_MAY_WRITE,
		[O_RDWR] = IMA_MAY_READ | IMA_MAY_WRITE,
		[O_ACCMODE] = IMA_MAY_READ | IMA_MAY_WRITE,
	};
	unsigned int mask = by_mode[open_flags & O_ACCMODE];

	if (open_flags & O_TRUNC)
		mask |= IMA_MAY_WRITE;
	if (open_flags & O_APPEND)
		mask |= IMA_MAY_APPEND;
	return mask;
}

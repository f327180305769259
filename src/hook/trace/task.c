/* SPDX-License-Identifier: BSD-2-Clause */
/* The task behind a call: its memory, its credentials, and taking them on for a moment (system calls, so that only this thread does). */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "hook/trace/call.h"

#define STATUS_MAX 8192
#define MAX_GROUPS 256

int ima_trace_read_memory(const struct ima_trace_call *c, uint64_t address, void *ret, size_t size)
{
	struct iovec local = { ret, size };
	struct iovec remote = { (void *)(uintptr_t)address, size };
	const ssize_t n = process_vm_readv(c->task.tid, &local, 1, &remote, 1, 0);

	if (n < 0)
		return errno == EFAULT ? -EFAULT : errno == ESRCH ? -ESRCH : -EPERM;
	return (size_t)n == size ? 0 : -EFAULT;
}

/* page by page: the text may end at the last byte of a mapping */
int ima_trace_read_text(struct ima_trace_call *c, uint64_t address)
{
	const uint64_t page = 4096;
	size_t len = 0;

	while (len < sizeof(c->text)) {
		size_t n = (size_t)(page - (address + len) % page);
		const char *end;
		int r;

		if (n > sizeof(c->text) - len)
			n = sizeof(c->text) - len;
		r = ima_trace_read_memory(c, address + len, c->text + len, n);
		if (r < 0)
			return r;
		end = memchr(c->text + len, 0, n);
		if (end)
			return 0;
		len += n;
	}
	return -ENAMETOOLONG;
}

static const char *line_of(const char *text, const char *key)
{
	const char *p = strstr(text, key);

	return p ? p + strlen(key) : NULL;
}

static void parse_status(struct ima_trace_task *t, const char *text)
{
	const char *p = line_of(text, "\nUmask:");

	t->umask = p ? (mode_t)strtoul(p, NULL, 8) & 0777 : 022;
	p = line_of(text, "\nGroups:");
	snprintf(t->groups, sizeof(t->groups), "%.*s", p ? (int)strcspn(p, "\n") : 0, p ? p : "");
	p = line_of(text, "\nCapEff:");
	t->caps = p ? strtoull(p, NULL, 16) : 0;
}

/* capabilities of another user namespace say nothing about ours */
static bool has_our_namespace(const struct ima_trace_call *c)
{
	struct stat ours, its;
	char name[64];

	snprintf(name, sizeof(name), "%d/ns/user", c->task.tid);
	return fstatat(c->t->proc_fd, "self/ns/user", &ours, 0) == 0 && fstatat(c->t->proc_fd, name, &its, 0) == 0 &&
	       ours.st_ino == its.st_ino && ours.st_dev == its.st_dev;
}

int ima_trace_status(int proc_fd, struct ima_trace_task *t)
{
	ima_cleanup(ima_closep) int fd = -EBADF;
	char name[64], text[STATUS_MAX];
	ssize_t n;

	snprintf(name, sizeof(name), "%d/status", t->tid);
	fd = openat(proc_fd, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	n = read(fd, text, sizeof(text) - 1);
	if (n < 0)
		return -errno;
	text[n] = 0;
	ima_subject_parse_status(text, &t->subject);
	parse_status(t, text);
	t->subject.audit.pid = t->tid;
	t->subject.audit.uid = t->subject.uid;
	t->known = true;
	return 0;
}

int ima_trace_task_read(struct ima_trace_call *c)
{
	struct ima_trace_task *t = &c->task;
	int r = t->known ? 0 : ima_trace_status(c->t->proc_fd, t);

	if (r < 0)
		return r;
	if (!has_our_namespace(c))
		t->caps = 0;
	t->subject.cap_setuid = t->caps >> CAP_SETUID & 1;
	t->subject.cap_setgid = t->caps >> CAP_SETGID & 1;
	return 0;
}

static int set_effective(uint64_t wanted)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &head, data) < 0)
		return -errno;
	for (int i = 0; i < 2; i++)
		data[i].effective = data[i].permitted & (uint32_t)(wanted >> 32 * i);
	return syscall(SYS_capset, &head, data) < 0 ? -errno : 0;
}

static int set_groups(const char *text)
{
	gid_t list[MAX_GROUPS];
	size_t n = 0;
	char *end;

	for (; n < MAX_GROUPS; text = end) {
		const unsigned long g = strtoul(text, &end, 10);

		if (end == text)
			break;
		list[n++] = (gid_t)g;
	}
	return syscall(SYS_setgroups, n, list) < 0 ? -errno : 0;
}

/* the ids last, capabilities after them: setfsuid(2) itself takes away those that are about files */
static int take_on(const struct ima_trace_task *t)
{
	int r = set_groups(t->groups);

	if (r < 0)
		return r;
	ima_ignore(syscall(SYS_setfsgid, t->subject.fsgid));
	ima_ignore(syscall(SYS_setfsuid, t->subject.fsuid));
	if (syscall(SYS_setfsuid, (uid_t)-1) != (long)t->subject.fsuid || syscall(SYS_setfsgid, (gid_t)-1) != (long)t->subject.fsgid)
		return -EPERM;
	return set_effective(t->caps);
}

static bool acts_like_us(const struct ima_trace_task *t, const struct ima_trace_task *self)
{
	return t->subject.fsuid == self->subject.fsuid && t->subject.fsgid == self->subject.fsgid && t->caps == self->caps && !strcmp(t->groups, self->groups);
}

/* an ordinary user's tree can do no more than we can; one of root's can do less */
int ima_trace_act_as(struct ima_trace_call *c)
{
	int r;

	if (!c->t->self.caps || !atomic_load(&c->t->changed))
		return 0;
	r = ima_trace_task_read(c);
	if (r < 0 || acts_like_us(&c->task, &c->t->self))
		return r;
	c->task.acts = true;
	r = take_on(&c->task);
	if (r < 0)
		ima_trace_act_self(c);
	return r;
}

void ima_trace_act_self(struct ima_trace_call *c)
{
	const struct ima_trace_task *self = &c->t->self;

	if (!c->task.acts)
		return;
	c->task.acts = false;
	/* ids and groups can only be set with their capabilities; coming back to fsuid 0 brings those about files */
	ima_ignore(set_effective(self->caps));
	ima_ignore(set_groups(self->groups));
	ima_ignore(syscall(SYS_setfsgid, self->subject.fsgid));
	ima_ignore(syscall(SYS_setfsuid, self->subject.fsuid));
	ima_ignore(set_effective(self->caps));
}

/* noted before it happens: from now on everybody is looked at */
void ima_trace_change(struct ima_trace_call *c)
{
	const uint64_t spaces = CLONE_NEWUSER | CLONE_NEWNS;
	uint64_t flags = spaces;

	/* clone3 keeps its flags in memory, in front of all else; mostly it makes a thread */
	if (c->req->data.nr == SYS_clone3 && ima_trace_read_memory(c, c->req->data.args[0], &flags, sizeof(flags)) < 0)
		flags = spaces;
	if (flags & spaces)
		atomic_store(&c->t->changed, true);
	ima_trace_go_on(c);
}

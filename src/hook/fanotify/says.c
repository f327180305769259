/* SPDX-License-Identifier: BSD-2-Clause */
/* procfs and sysfs for audit records. Nothing here opens a file outside procfs: links are read, not followed. */
#include "hook/fanotify/says.h"

#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "hook/fanotify/job.h"

#define PTS_MAJOR 136 /* and the seven after it */
#define PTS_PER_MAJOR 256

/* last part of what a link points to; false: no link */
static bool link_name(const char *path, char *ret, size_t size)
{
	char to[PATH_MAX];
	const ssize_t n = readlink(path, to, sizeof(to) - 1);
	const char *slash;

	if (n <= 0)
		return false;
	to[n] = 0;
	slash = strrchr(to, '/');
	snprintf(ret, size, "%s", slash ? slash + 1 : to);
	return true;
}

void ima_says_tty(const char *sys, unsigned int number, char *ret, size_t size)
{
	const unsigned int dev_major = number >> 8 & 0xfff;
	const unsigned int dev_minor = (number & 0xff) | (number >> 12 & 0xfff00);
	char path[PATH_MAX];

	ret[0] = 0;
	if (!number)
		return;
	if (dev_major >= PTS_MAJOR && dev_major < PTS_MAJOR + 8) {
		snprintf(ret, size, "pts%u", (dev_major - PTS_MAJOR) * PTS_PER_MAJOR + dev_minor);
		return;
	}
	snprintf(path, sizeof(path), "%s/dev/char/%u:%u", sys, dev_major, dev_minor);
	if (!link_name(path, ret, size))
		ret[0] = 0;
}

void ima_says_dev(const char *sys, unsigned int major, unsigned int minor, const char *fstype, char *ret, size_t size)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/dev/block/%u:%u", sys, major, minor);
	if (major && link_name(path, ret, size))
		return;
	/* file systems of a network go by their number in the kernel as well */
	if (fstype[0] && strncmp(fstype, "nfs", 3) != 0)
		snprintf(ret, size, "%s", fstype);
	else
		snprintf(ret, size, "%u:%u", major, minor);
}

static const struct ima_fan_job *job_of(const struct ima_file_event *ev)
{
	return (const struct ima_fan_job *)((const char *)ev - offsetof(struct ima_fan_job, ev));
}

static void say_dev(const struct ima_file_event *ev, char ret[static IMA_EVENT_DEV_MAX])
{
	const struct ima_fan_job *j = job_of(ev);

	if (j->file.fd >= 0)
		ima_says_dev("/sys", major(j->file.st.st_dev), minor(j->file.st.st_dev), j->mount.fstype, ret,
			     IMA_EVENT_DEV_MAX);
	else
		ima_says_dev("/sys", j->context.dev >> 20, j->context.dev & 0xfffff, "", ret, IMA_EVENT_DEV_MAX);
}

static void say_task(const struct ima_file_event *ev, struct ima_audit_task *ret)
{
	const struct ima_fan_job *j = job_of(ev);
	const struct ima_subject *s = &j->subject;

	if (s->tgid) {
		ret->tgid = s->tgid;
		ret->ppid = s->ppid;
		ret->fsuid = s->fsuid;
		ret->fsgid = s->fsgid;
	}
	ima_says_tty("/sys", ima_subject_tty(j->w->proc_fd, j->tid), ret->tty, sizeof(ret->tty));
	ima_subject_program(j->w->proc_fd, j->tid, ret->exe, sizeof(ret->exe));
}

const struct ima_event_ops ima_fan_says = { .task = say_task, .dev = say_dev };

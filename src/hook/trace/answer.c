/* SPDX-License-Identifier: BSD-2-Clause */
/* The answers to a call: it goes on, fails, or gets a descriptor; each call has one. */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "hook/trace/call.h"

#define ENDING_TRIES 1000
#define ENDING_WAIT_US 100

#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS /* since 6.6 */
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif

bool ima_trace_still_waits(const struct ima_trace_call *c)
{
	return ioctl(c->t->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &c->req->id) == 0;
}

void ima_trace_wake_here(struct ima_trace *t, bool here)
{
	if (t->wakes_here && ioctl(t->listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, here ? SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP : 0) < 0)
		t->wakes_here = false;
}

/* from now on the task may unmount a file system that a descriptor of ours is still on: ima_trace_unmount() waits for the end of handle() */
static void begin_answer(struct ima_trace_call *c)
{
	if (!c->answered)
		atomic_fetch_add(&c->t->ending, 1);
	c->answered = true;
}

/*
 * A task that was killed meanwhile needs no answer. The task goes on where a processor is free: this one is ours until there is no further
 * call. Whoever calls next does nothing but wait, so the thread that takes the call has that one's processor.
 */
static void send(struct ima_trace_call *c, struct seccomp_notif_resp *resp)
{
	begin_answer(c);
	resp->id = c->req->id;
	ima_trace_wake_here(c->t, false);
	ima_ignore(ioctl(c->t->listener, SECCOMP_IOCTL_NOTIF_SEND, resp));
	ima_trace_wake_here(c->t, true);
}

void ima_trace_go_on(struct ima_trace_call *c)
{
	struct seccomp_notif_resp resp = { .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE };

	send(c, &resp);
}

void ima_trace_fail(struct ima_trace_call *c, int error)
{
	struct seccomp_notif_resp resp = { .error = error };

	send(c, &resp);
}

/* its number in the task, or -errno; with SECCOMP_ADDFD_FLAG_SEND the task goes on with it */
static int give(struct ima_trace_call *c, int fd, uint64_t flags, uint32_t how)
{
	struct seccomp_notif_addfd add = {
		.id = c->req->id,
		.flags = how,
		.srcfd = (uint32_t)fd,
		.newfd_flags = flags & O_CLOEXEC ? O_CLOEXEC : 0,
	};
	const int its = ioctl(c->t->listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add);

	return its < 0 ? -errno : its;
}

static void give_at_once(struct ima_trace_call *c, int *fd, uint64_t flags)
{
	int its;

	begin_answer(c);
	ima_trace_wake_here(c->t, false);
	its = give(c, *fd, flags, SECCOMP_ADDFD_FLAG_SEND);
	ima_trace_wake_here(c->t, true);
	*fd = ima_close(*fd);
	if (its < 0)
		ima_trace_fail(c, its);
	else
		atomic_fetch_add(&c->t->n.opens, 1);
}

/* what can be written to is closed here before the task goes on: it may run the file next */
void ima_trace_hand_over(struct ima_trace_call *c, int *fd, uint64_t flags)
{
	struct seccomp_notif_resp resp = { 0 };
	int its;

	if ((flags & O_ACCMODE) == O_RDONLY) {
		give_at_once(c, fd, flags);
		return;
	}
	its = give(c, *fd, flags, 0);
	if (its < 0) {
		ima_trace_fail(c, its);
		return;
	}
	*fd = ima_close(*fd);
	atomic_fetch_add(&c->t->n.opens, 1);
	resp.val = its;
	send(c, &resp);
}

void ima_trace_unmount(struct ima_trace_call *c)
{
	for (int i = 0; i < ENDING_TRIES && atomic_load(&c->t->ending); i++)
		usleep(ENDING_WAIT_US);
	ima_trace_go_on(c);
}

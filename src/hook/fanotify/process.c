/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One event from slot to answer: who, which file, which kernel hooks it stands for; ignore mark before hashing; monitor; answer.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "hook/fanotify/job.h"

#define HASH_FLOOR_BYTES_PER_MS 20000 /* slowest storage that a deadline allows for */

static void set_deadline(struct ima_fan_job *j)
{
	const uint64_t hash_ms = (uint64_t)j->file.st.st_size / HASH_FLOOR_BYTES_PER_MS;
	const uint64_t ms = j->w->fan->opts.deadline_ms + hash_ms;

	atomic_store(&j->slot->deadline_ns, ima_fan_now_ns() + ms * 1000000U);
}

/* the kernel half noted the open before this event came; the violation records of it go first */
static void read_context(struct ima_fan_job *j)
{
	struct ima_gate *g = j->w->fan->gate;

	if (!g)
		return;
	j->has_context = ima_gate_context(g, j->tid, j->file.st.st_ino, &j->context);
	if (j->has_context && (j->context.kind & IMA_GATE_KIND_TOLD))
		ima_gate_ring_drain(g);
}

static int prepare(struct ima_fan_job *j)
{
	int r = ima_subject_read(j->w->proc_fd, j->tid, &j->subject);

	/* a task that was killed while it waited uses nothing; any other failure must not hide the file */
	if (r == -ESRCH)
		return r;
	if (j->subject.call == IMA_CALL_MOUNT)
		return -EALREADY; /* the kernel's own open: no file reaches a program */
	read_context(j);
	if (j->has_context)
		ima_fan_job_take_context(j);
	if (j->has_context && (j->context.kind & IMA_GATE_KIND_BACKING)) {
		/* the file in front of it had its own event; or was told of, and is found while its task is held here */
		ima_gate_ring_drain(j->w->fan->gate);
		return -EALREADY;
	}
	if (j->exec == false && j->subject.call == IMA_CALL_EXEC)
		return -EALREADY; /* its OPEN_EXEC_PERM event came first */
	ima_fan_job_facts(j);
	j->ev.number = atomic_load(&j->slot->number);
	j->ev.ops = &ima_fd_file_ops;
	j->ev.user = &j->file;
	ima_fan_job_checks(j);
	return 0;
}

/* nobody waits: the last of those that could write may be gone */
static void closed(struct ima_fan_job *j)
{
	struct ima_gate *g = j->w->fan->gate;
	int status;

	if (!ima_monitor_appraises_any(j->w->env.monitor))
		return;
	/* its open may be noted there, when that brought no event */
	if (g)
		ima_gate_ring_drain(g);
	ima_ignore(ima_subject_read(j->w->proc_fd, j->tid, &j->subject));
	ima_fan_job_facts(j);
	j->ev.ops = &ima_fd_file_ops;
	j->ev.user = &j->file;
	j->has_point = g && ima_gate_point(g, j->file.fd, &j->point) == 0;
	status = ima_monitor_closed(j->w->env.monitor, j->h, &j->ev);
	if (j->has_point && status >= 0)
		ima_ignore(ima_gate_publish_metadata(g, j->file.fd, &j->point, IMA_GATE_EVM(status)));
}

void ima_fan_process(struct ima_fan_worker *w, enum ima_fan_class c, struct ima_fan_slot *s,
		     struct ima_hasher *h)
{
	struct ima_fan_job j = { .w = w, .class = c, .slot = s, .h = h, .tid = s->ev.pid,
				 .file.fd = s->ev.fd,
				 .exec = s->ev.mask & FAN_OPEN_EXEC_PERM };

	if (!w->env.monitor) {
		atomic_fetch_add(&w->fan->shared->lost, 1); /* stopped before it was started */
	} else if (fstat(j.file.fd, &j.file.st) < 0) {
		ima_fan_job_count_lost(&j, "fstat", -errno);
	} else if (S_ISREG(j.file.st.st_mode) && !ima_fan_job_is_own_list(&j)) {
		set_deadline(&j);
		if (s->ev.mask & FAN_CLOSE_WRITE)
			closed(&j);
		else if (prepare(&j) == 0)
			ima_fan_job_run(&j);
	}
	ima_fan_finish(w->fan, c, s);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A change is told before it is made, by a task that holds the inode's lock: whoever takes that lock after being told finds it made.
 */
#include "hook/fanotify/metadata.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "hook/fanotify/find.h"
#include "hook/fanotify/job.h"

/* an attribute that no file has: removing it does nothing but wait for the inode's lock */
static void wait_for_change(int fd)
{
	ima_ignore(fremovexattr(fd, "security.imad.none"));
}

static struct ima_metadata_change change_of(const struct ima_gate_record *r)
{
	return (struct ima_metadata_change){
		.status = r->func ? (enum ima_integrity)(r->func - 1) : IMA_INTEGRITY_UNKNOWN,
		.judged = r->func != 0,
		.unjudged = r->change & IMA_GATE_CHANGE_UNJUDGED,
		.refused = r->change & IMA_GATE_CHANGE_REFUSED,
		.is_attr = r->change & IMA_GATE_CHANGE_IS_ATTR,
		.follow = r->change & IMA_GATE_CHANGE_FOLLOW,
		.audit_update = r->change & IMA_GATE_CHANGE_AUDIT_UPDATE,
		.audit_appraise = r->change & IMA_GATE_CHANGE_AUDIT_APPRAISE,
		.uid = r->c.fowner,
		.gid = r->c.fgroup,
		.mode = (uint16_t)r->c.mode,
	};
}

static void run(struct ima_fan_job *j, const struct ima_gate_record *r)
{
	const struct ima_metadata_change change = change_of(r);
	struct ima_gate *g = j->w->fan->gate;
	enum ima_integrity status;

	wait_for_change(j->file.fd);
	j->has_point = ima_gate_point(g, j->file.fd, &j->point) == 0;
	if (fstat(j->file.fd, &j->file.st) < 0)
		return;
	ima_fan_job_facts(j);
	j->ev.ops = &ima_fd_file_ops;
	j->ev.user = &j->file;
	status = ima_monitor_metadata(j->w->env.monitor, j->h, &j->ev, &change);
	if (j->has_point)
		ima_ignore(ima_gate_publish_metadata(g, j->file.fd, &j->point, IMA_GATE_EVM(status)));
}

void ima_fan_metadata_told(struct ima_fan_worker *w, struct ima_hasher *h, const struct ima_gate_record *r)
{
	struct ima_fan_job *j = calloc(1, sizeof(*j));

	if (!j)
		return;
	ima_fan_job_begin_told(j, w, h, r);
	j->file.fd = ima_fan_find_inode(w->marks, r, O_RDONLY | O_NOATIME, &j->file.st);
	if (j->file.fd < 0)
		ima_fan_job_count_lost(j, r->path, j->file.fd);
	else
		run(j, r);
	ima_close(j->file.fd);
	free(j);
}

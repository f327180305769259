/* SPDX-License-Identifier: BSD-2-Clause */
/* One access on its way through the worker: from a fanotify event, or told by the gate. On the stack of the thread that handles it. */
#pragma once

#include <limits.h>

#include "hook/file.h"
#include "hook/subject.h"
#include "hook/fanotify/worker.h"

struct ima_fan_job {
	struct ima_fan_worker *w;
	enum ima_fan_class class;
	struct ima_fan_slot *slot; /* NULL: told by the gate */
	struct ima_hasher *h;
	int tid;
	struct ima_fd_file file;
	struct ima_subject subject;
	struct ima_gate_context context; /* when has_context */
	bool has_context;
	struct ima_mount_facts mount;
	struct ima_file_event ev;
	bool exec;
	bool marked;
	bool unsure;       /* a page of the file may still be written by somebody: no use is allowed */
	bool has_point;    /* @point was taken before anything of the file was looked at */
	struct ima_gate_point point;
	char path[PATH_MAX + 16];
	char subject_label[512], object_label[512];
};

/** ima_fan_job_add() - the event stands for this kernel hook */
void ima_fan_job_add(struct ima_fan_job *j, enum ima_func func, unsigned int mask);
void ima_fan_job_add_mmap(struct ima_fan_job *j);

/** ima_fan_job_take_context() - who acts, as the gate saw it, in place of what /proc says */
void ima_fan_job_take_context(struct ima_fan_job *j);

/** ima_fan_job_begin_told() - what the gate told: who acts; the file is still to be found */
void ima_fan_job_begin_told(struct ima_fan_job *j, struct ima_fan_worker *w, struct ima_hasher *h,
			    const struct ima_gate_record *r);

/** ima_fan_job_facts() - file, file system, labels and path, from the descriptor; the subject is known */
void ima_fan_job_facts(struct ima_fan_job *j);

/** ima_fan_job_checks() - the kernel hooks that this open stands for; facts and subject are known */
void ima_fan_job_checks(struct ima_fan_job *j);

/** ima_fan_job_is_own_list() - imad's own journal, read and not run */
bool ima_fan_job_is_own_list(const struct ima_fan_job *j);

/** ima_fan_job_count_lost() - the access went unmeasured: counted and said */
void ima_fan_job_count_lost(struct ima_fan_job *j, const char *why, int error);

/** ima_fan_job_run() - when some rule wants it: cache if it can be, monitor; the verdict in any case */
void ima_fan_job_run(struct ima_fan_job *j);

/* SPDX-License-Identifier: BSD-2-Clause */
/* Which kernel hooks one open stands for: an execve's, or an ordinary one, the loader's among them. */
#include <fcntl.h>
#include <string.h>

#include "hook/elf.h"
#include "hook/fanotify/job.h"

/* was the program of this task's running execve one that names a loader? Read once: the loader follows its program */
static bool take_loader_note(struct ima_fan_worker *w, int tid)
{
	struct ima_fan_exec *e = &w->exec[(unsigned int)tid % IMA_FAN_EXEC_STASH];
	bool expected;

	pthread_mutex_lock(&w->exec_lock);
	expected = e->tid == tid && e->expects_loader;
	if (expected)
		*e = (struct ima_fan_exec){ 0 };
	pthread_mutex_unlock(&w->exec_lock);
	return expected;
}

static void leave_loader_note(struct ima_fan_worker *w, int tid)
{
	pthread_mutex_lock(&w->exec_lock);
	w->exec[(unsigned int)tid % IMA_FAN_EXEC_STASH] =
		(struct ima_fan_exec){ .tid = tid, .expects_loader = true };
	pthread_mutex_unlock(&w->exec_lock);
}

/* the open of execve: FILE_CHECK for the open, then BPRM_CHECK; the program and its loader are mapped executable */
static void exec_checks(struct ima_fan_job *j)
{
	const int tid = j->tid;
	struct ima_elf elf;
	bool loader;

	ima_elf_probe(j->file.fd, &elf);
	loader = elf.elf && elf.shared && !elf.has_interp &&
		 (j->has_context ? (j->context.kind & IMA_GATE_KIND_LOADER) != 0 :
				   take_loader_note(j->w, tid));
	ima_fan_job_add(j, IMA_FUNC_FILE_CHECK, IMA_MAY_EXEC);
	if (!loader) {
		ima_fan_job_add(j, IMA_FUNC_BPRM_CHECK, IMA_MAY_EXEC);
		ima_fan_job_add(j, IMA_FUNC_CREDS_CHECK, IMA_MAY_EXEC);
	}
	if (elf.elf)
		ima_fan_job_add_mmap(j);
	if (elf.elf && elf.has_interp)
		leave_loader_note(j->w, tid);
}

static bool is_firmware(const struct ima_fan_job *j)
{
	return j->subject.call == IMA_CALL_KERNEL && strstr(j->path, "/firmware/");
}

/* without the gate: an empty file that is opened for writing passes for one that was just made */
static bool is_new(const struct ima_fan_job *j)
{
	if (j->has_context)
		return j->context.kind & IMA_GATE_KIND_CREATED;
	return j->ev.opened_for_write && j->file.st.st_size == 0;
}

static void open_checks(struct ima_fan_job *j)
{
	unsigned int mask = IMA_MAY_READ;
	struct ima_elf elf;

	if (j->subject.call == IMA_CALL_OPEN) {
		mask = ima_subject_mask(j->subject.open_flags);
		j->ev.opened_for_write = (j->subject.open_flags & O_ACCMODE) != O_RDONLY;
		j->ev.direct_io = j->subject.open_flags & O_DIRECT;
		j->ev.new_file = is_new(j);
	}
	ima_fan_job_add(j, IMA_FUNC_FILE_CHECK, mask);
	if (is_firmware(j))
		ima_fan_job_add(j, IMA_FUNC_FIRMWARE_CHECK, IMA_MAY_READ);
	if (mask != IMA_MAY_READ)
		return;
	ima_elf_probe(j->file.fd, &elf);
	if (elf.elf && elf.has_exec &&
	    ima_subject_in_loader(j->w->proc_fd, j->tid, &j->subject))
		ima_fan_job_add_mmap(j);
}

void ima_fan_job_checks(struct ima_fan_job *j)
{
	if (j->exec)
		exec_checks(j);
	else
		open_checks(j);
}

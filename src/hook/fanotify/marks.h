/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which file systems are hooked: file-system marks, so that every mount and every mount namespace that shows the file system is
 * covered. A thread follows mounts while running: our own namespace at once, others by a scan twice a second and whenever an
 * event comes from a mount that is not known yet.
 */
#pragma once

#include "hook/fanotify/namespaces.h"
#include "hook/fanotify/shared.h"

struct ima_marks;

/** struct ima_mount_facts - what an event needs to know of its mount */
struct ima_mount_facts {
	char fstype[32];
	char subtype[32]; /* "": none */
	bool detached;    /* no mount table has it: the layer behind an overlay file, or a mount attached nowhere */
};

/** ima_marks_new() - first scan and marks done on return. errno with @diag when nothing could be marked */
ima_must_check int ima_marks_new(struct ima_fan *f, const struct ima_hook_worker *w,
				 struct ima_marks **ret, struct ima_diag *diag);

/** ima_marks_watch() - the thread that follows mounts; 0 or -errno */
ima_must_check int ima_marks_watch(struct ima_marks *m);

/** ima_marks_rescan() - decide anew for every file system (the policy changed) */
int ima_marks_rescan(struct ima_marks *m);

/** ima_marks_facts() - of mount @mnt_id; an unknown one makes the namespace of task @tid known first */
void ima_marks_facts(struct ima_marks *m, uint64_t mnt_id, int tid, struct ima_mount_facts *ret);

/** ima_marks_meet() - a file system that shows in @ns: looked for in its table, and marked, unless it is known */
void ima_marks_meet(struct ima_marks *m, const struct ima_held_ns *ns, unsigned int major,
		    unsigned int minor);

/** ima_marks_forget() - a file system came up under these numbers: what is known of an earlier one does not count */
void ima_marks_forget(struct ima_marks *m, unsigned int major, unsigned int minor);

/** ima_marks_know() - it was decided on; not when none of its mounts could be reached */
bool ima_marks_know(struct ima_marks *m, unsigned int major, unsigned int minor);

/** struct ima_mount_place - one mount of a file system: where it is, and which of its folders it shows */
struct ima_mount_place {
	char point[128], root[256];
};

/** ima_marks_place() - false: none is known */
bool ima_marks_place(struct ima_marks *m, unsigned int major, unsigned int minor, struct ima_mount_place *ret);

void ima_marks_each(struct ima_marks *m, void (*fn)(void *user, const struct ima_hook_fs *fs),
		    void *user);

/** ima_marks_stop() - ends the thread: no mark is set from now on; who asks still gets an answer. NULL is fine */
void ima_marks_stop(struct ima_marks *m);

/** ima_marks_free() - ends the thread, and nobody may ask any more; marks stay until the groups flush them */
struct ima_marks *ima_marks_free(struct ima_marks *m);

/* SPDX-License-Identifier: BSD-2-Clause */
/* Where audit records can go. Each is used by the audit queue's thread alone: any call may hang, and nobody waits for it. */
#pragma once

#include "core/audit/audit.h"

/** struct imad_audit_target - @self: what open() made */
struct imad_audit_target {
	const char *name; /* of the setting */
	/* -errno when records cannot go there; @path: for a file */
	int (*open)(const char *path, void **ret_self);
	/* one record, whole or not at all; -errno: not written */
	int (*write)(void *self, enum ima_audit_type type, const char *text);
	void (*close)(void *self);
};

/** the kernel's audit system, as records of a user-space type; -EPERM without CAP_AUDIT_WRITE, -EPROTONOSUPPORT without audit */
extern const struct imad_audit_target imad_audit_kernel;

/** the journal, with a field for each key */
extern const struct imad_audit_target imad_audit_journal;

/** a file of auditd's form */
extern const struct imad_audit_target imad_audit_file;

/** imad_audit_is_heard() - does a daemon take what the kernel's audit system gets? */
bool imad_audit_is_heard(void);

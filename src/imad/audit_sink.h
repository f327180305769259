/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Audit records on their way out: a bounded queue in front of one target, the log behind it. No decision waits for a record: what the target
 * does not take in time is dropped, counted and said.
 */
#pragma once

#include "imad/audit_target.h"

struct imad_audit;

#define IMAD_AUDIT_WAITING 1024 /* records */

/**
 * struct imad_audit_opts - borrowed while the sink lives
 * @to: "auto" (the kernel's audit system when a daemon takes what it gets, else the log), "kernel", "journal", "log", or a path
 * @rate: records a second, as many more at once; 0: any number
 * @say: the log; must not block
 * @begin: run first by the thread that writes; may be NULL
 */
struct imad_audit_opts {
	const char *to;
	unsigned int rate;
	void (*say)(void *user, int level, const char *text);
	void (*begin)(void *user);
	void *user;
};

/** imad_audit_new() - NULL without memory or threads. A target that cannot be used is said, and records go to the log */
struct imad_audit *imad_audit_new(const struct imad_audit_opts *opts);

/** imad_audit_free() - writes what waits, for a second at most. False: a target hangs, and goes on using @say */
bool imad_audit_free(struct imad_audit *a);

/** imad_audit_emit() - for struct ima_audit_sink; @a is a struct imad_audit */
void imad_audit_emit(void *a, enum ima_audit_type type, const char *text);

/** imad_audit_where() - name of the target in use: "kernel", "journal", "file", "log" */
const char *imad_audit_where(const struct imad_audit *a);

/** imad_audit_dropped() - records that went nowhere */
uint64_t imad_audit_dropped(struct imad_audit *a);

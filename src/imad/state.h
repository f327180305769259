/* SPDX-License-Identifier: BSD-2-Clause */
/* What the supervisor hands to a worker, and the worker's own state. */
#pragma once

#include "core/pcr/tpm.h"
#include "hook/hook.h"
#include "imad/audit_sink.h"
#include "imad/config.h"
#include "imad/journal_file.h"
#include "imad/keys.h"
#include "imad/log.h"
#include "imad/shared.h"

#define IMAD_POLICY_MAX (16U << 20) /* bytes of a rule file */

/** struct imad_setup - what the supervisor made before the fork; the worker borrows it */
struct imad_setup {
	const struct imad_config *config;
	struct imad_shared *shared;
	struct ima_monitor_memory *memory; /* of inodes, shared as well */
	struct ima_hook *hook;
	char tier_reason[400];
	int journal_fd;
	char *journal_path;
	uint8_t boot_id[16];
	char *program;       /* path that imad was started from */
	int control_fd;      /* listening */
	char *policy_copy;   /* RUN/policy: custom rules in force, for the next worker */
	uint64_t started;    /* CLOCK_REALTIME, seconds */
	uint64_t instance;   /* CLOCK_BOOTTIME, nanoseconds: another one is another imad */
	bool kernel_ima;     /* the kernel's own IMA is active */
	bool gate_was_left;  /* by an imad whose place this one takes: its programs went on telling */
};

/** struct imad_worker - the worker's own state */
struct imad_worker {
	const struct imad_setup *setup;
	struct imad_log *log;
	struct ima_hasher *hasher; /* of the main thread */
	struct ima_policy *policy;
	struct imad_keys keys;
	struct ima_tpm *tpm;
	bool tpm_is_lent; /* a control connection has it (tpm_pass.c) */
	struct ima_template *own_template; /* a custom format; else NULL */
	const struct ima_template *templ;
	struct imad_journal journal;
	struct ima_mlist *mlist;
	struct imad_audit *audit_out;
	struct ima_audit_sink audit;
	struct ima_monitor *monitor;
	struct ima_journal_head head;
	struct ima_digest boot_aggregate;
	bool fresh;           /* the journal was empty */
	bool custom_policy;
	struct ima_buffer *warnings;
};

/** imad_say() - one line of the log, as syslog(3) has levels; never blocks */
void imad_say(struct imad_worker *w, int level, const char *fmt, ...) ima_printf(3, 4);

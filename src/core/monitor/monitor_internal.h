/* SPDX-License-Identifier: BSD-2-Clause */
/* What the monitor's parts share. */
#pragma once

#include <pthread.h>

#include "core/monitor/asked.h"
#include "core/monitor/collect.h"
#include "core/monitor/inodes.h"
#include "core/monitor/monitor.h"
#include "core/monitor/rewrite.h"

#define EMITTED_SLOTS 4096 /* files whose writers were reported; a collision can only report once more */

struct ima_emitted {
	uint64_t dev, ino;
};

struct ima_monitor_memory {
	struct ima_rewrite_table rewrites;
	struct ima_asked_slot asked[IMA_ASKED_SLOTS];
};

struct ima_monitor {
	struct ima_monitor_opts opts;
	pthread_rwlock_t policy_lock;
	struct ima_inodes *inodes;
	struct ima_monitor_memory *own_memory; /* NULL: the caller's is used */
	struct ima_rewrites rewrites;
	struct ima_asked asked;
	pthread_mutex_t rewrite_lock; /* of a label that is written, and of the note that it is to be */
	pthread_mutex_t emitted_lock;
	struct ima_emitted emitted[EMITTED_SLOTS];
};

/* audit.c */

/** ima_monitor_audit() - one record about @ev's file; @result as ima_audit_record.result */
void ima_monitor_audit(struct ima_monitor *m, const struct ima_file_event *ev, enum ima_audit_type type,
		       const char *op, const char *cause, int result, bool info);

/** ima_monitor_audit_collect() - the content has no digest; said once an event */
void ima_monitor_audit_collect(struct ima_monitor *m, const struct ima_file_event *ev, struct ima_collected *c,
			       bool verity, int error);

/** ima_collect_cause() - the audit word of a content that has no digest */
const char *ima_collect_cause(const struct ima_file_event *ev, bool verity, int error);

/** ima_monitor_audit_store() - what became of a record with template @t: @r of ima_mlist_add(), then the TPM's answer */
void ima_monitor_audit_store(struct ima_monitor *m, const struct ima_file_event *ev, const struct ima_template *t,
			     int r, enum ima_mlist_result res, int tpm_error);

/** ima_monitor_audit_buffer() - the same for a record without a file; @subject NULL: imad itself */
void ima_monitor_audit_buffer(struct ima_monitor *m, const struct ima_audit_subject *subject, struct ima_bytes name,
			      enum ima_mlist_result res, int tpm_error);

/** ima_monitor_audit_buffer_failed() - a buffer that is not in the list */
void ima_monitor_audit_buffer_failed(struct ima_monitor *m, const struct ima_buffer_event *ev, const char *cause,
				     int error);

/** ima_monitor_audit_self() - a record about imad's own doing */
void ima_monitor_audit_self(struct ima_monitor *m, enum ima_audit_type type, const char *op, const char *cause,
			    struct ima_bytes name, int result);

/** ima_audit_text_of() - a buffer as the kernel names it: up to its first NUL */
struct ima_bytes ima_audit_text_of(struct ima_bytes buffer);

/** ima_monitor_audit_rule() - an audit rule names the file: its record, once for each content */
void ima_monitor_audit_rule(struct ima_monitor *m, struct ima_hasher *h, const struct ima_file_event *ev,
			    struct ima_collected *c, struct ima_outcome *out);

/** ima_monitor_file_algo() - algorithm that an appraised file is hashed with */
enum ima_hash_algo ima_monitor_file_algo(struct ima_monitor *m, const struct ima_file_event *ev,
					 struct ima_collected *c);

/** ima_monitor_list_revoked() - the record of a content that is revoked: the digest of its appended signature, else nothing */
void ima_monitor_list_revoked(struct ima_monitor *m, struct ima_hasher *h, struct ima_collected *c,
			      const struct ima_policy_result *res);

/* judge.c; all under the policy's read lock */

/** ima_judge_access() - carry out the appraise rule that @res holds for @func */
void ima_judge_access(struct ima_monitor *m, struct ima_hasher *h, const struct ima_file_event *ev,
		      const struct ima_check *check, const struct ima_policy_result *res,
		      struct ima_collected *c, struct ima_outcome *out);

/** ima_judge_asked() - options of the rules that @action is the answer of, with all that was asked of the file before */
uint32_t ima_judge_asked(struct ima_monitor *m, const struct ima_file_event *ev, uint32_t action);

/**
 * ima_judge_good_uses() - funcs, as bits, that this content may be used with by anybody, after what was asked of the file so far
 * @ret_lasting: whatever else is asked of it from now on
 */
uint32_t ima_judge_good_uses(struct ima_monitor *m, struct ima_hasher *h, const struct ima_file_event *ev,
			     struct ima_collected *c, uint32_t *ret_lasting);

/** ima_judge_appraised_uses() - funcs, as bits, that some rule appraises for somebody */
uint32_t ima_judge_appraised_uses(struct ima_monitor *m, const struct ima_policy_event *file);

/** ima_judge_is_signed() - the label is a signature, or made as good as one by EVM: writers are refused */
bool ima_judge_is_signed(const struct ima_collected *c);

/** ima_judge_put_off() - the label is good now and follows the content when the last writer is gone */
void ima_judge_put_off(struct ima_monitor *m, const struct ima_file_event *ev);

/** ima_judge_evm_file() - the event's file as EVM sees it; borrows @ev */
struct ima_evm_file ima_judge_evm_file(const struct ima_file_event *ev);

/** ima_judge_metadata() - what EVM says of the file, asked once for each event */
enum ima_integrity ima_judge_metadata(struct ima_monitor *m, struct ima_hasher *h,
				      const struct ima_file_event *ev, struct ima_collected *c);

/** ima_judge_settle() - the file has no writer any more: write its label if that was put off till now; true: it was */
bool ima_judge_settle(struct ima_monitor *m, struct ima_hasher *h, const struct ima_file_event *ev,
		      struct ima_collected *c);

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Audit records with the kernel's key=value text. The sink decides where they go; formatting never blocks and never fails
 * half-way: a record that cannot be formatted is counted by the caller's error return.
 */
#pragma once

#include <ima/types.h>

enum ima_audit_type {
	IMA_AUDIT_DATA = 1800,
	IMA_AUDIT_METADATA = 1801,
	IMA_AUDIT_STATUS = 1802,
	IMA_AUDIT_PCR = 1804,
	IMA_AUDIT_RULE = 1805,
	IMA_AUDIT_EVM_XATTR = 1806,
	IMA_AUDIT_POLICY_RULE = 1807,
	IMA_AUDIT_USERSPACE = 1808,
};

/** struct ima_audit_sink - where records go; @emit may be called from any thread and must not block */
struct ima_audit_sink {
	void (*emit)(void *user, enum ima_audit_type type, const char *text);
	void *user;
	bool info; /* informational records too (integrity_audit=1) */
};

/** struct ima_audit_subject - the acting task */
struct ima_audit_subject {
	int pid; /* thread id */
	uint32_t uid;
	uint32_t auid;
	uint32_t ses;
	char comm[16]; /* NUL terminated */
};

/** struct ima_audit_record - the common layout; borrowed views */
struct ima_audit_record {
	enum ima_audit_type type;
	const struct ima_audit_subject *subject;
	const char *op;
	const char *cause;
	struct ima_bytes name; /* empty: none */
	const char *dev;       /* NULL: no inode */
	uint64_t ino;
	int result;            /* 0 success (res=1) */
	int error;             /* errno=, 0 or negative */
	bool info;
};

struct ima_buffer;

/** ima_audit_quote() - append a value that users control: quoted, or uppercase hex when it has odd bytes. -ENOMEM */
ima_must_check int ima_audit_quote(struct ima_buffer *out, struct ima_bytes value);

/** ima_audit_format() - append the record's text without newline. -ENOMEM */
ima_must_check int ima_audit_format(struct ima_buffer *out, const struct ima_audit_record *rec);

/** ima_audit_emit() - format and hand to @sink; informational records only when the sink wants them. NULL sink: dropped */
void ima_audit_emit(const struct ima_audit_sink *sink, const struct ima_audit_record *rec);

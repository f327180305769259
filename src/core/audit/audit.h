/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Audit records with the kernel's key=value text. The sink decides where they go; formatting never blocks and never fails
 * half-way: a record that cannot be formatted is counted by the caller's error return.
 */
#pragma once

#include <ima/digest.h>
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
	struct ima_bytes label; /* as the security module writes it, borrowed; empty: no module labels tasks */
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

#define IMA_AUDIT_TTY_MAX 64
#define IMA_AUDIT_EXE_MAX 4096

/** struct ima_audit_task - what only the record of an audit rule says of the task */
struct ima_audit_task {
	int ppid, tgid;
	uint32_t fsuid, fsgid;
	char tty[IMA_AUDIT_TTY_MAX]; /* "": none */
	char exe[IMA_AUDIT_EXE_MAX]; /* "": none */
};

/** struct ima_audit_rule - the record of a file that an audit rule names; borrowed views */
struct ima_audit_rule {
	const struct ima_audit_subject *subject;
	const struct ima_audit_task *task;
	struct ima_bytes file;
	const struct ima_digest *digest;
	uint32_t uid, euid, suid, gid, egid, sgid;
};

struct ima_buffer;

/** ima_audit_type_name() - as auditd's tools print it: "INTEGRITY_DATA"; NULL: no such type */
const char *ima_audit_type_name(enum ima_audit_type type);

/** ima_audit_quote() - append a value that users control: quoted, or uppercase hex when it has odd bytes. -ENOMEM */
ima_must_check int ima_audit_quote(struct ima_buffer *out, struct ima_bytes value);

/** ima_audit_format() - append the record's text without newline. -ENOMEM */
ima_must_check int ima_audit_format(struct ima_buffer *out, const struct ima_audit_record *rec);

/** ima_audit_format_rule() - append the text of a record of type IMA_AUDIT_RULE. -ENOMEM */
ima_must_check int ima_audit_format_rule(struct ima_buffer *out, const struct ima_audit_rule *rec);

/** ima_audit_format_xattr() - append the text of a record of type IMA_AUDIT_EVM_XATTR; @result 0 or -errno. -ENOMEM */
ima_must_check int ima_audit_format_xattr(struct ima_buffer *out, struct ima_bytes name, int result);

/** ima_audit_emit() - format and hand to @sink; informational records only when the sink wants them. NULL sink: dropped */
void ima_audit_emit(const struct ima_audit_sink *sink, const struct ima_audit_record *rec);

/** struct ima_audit_field - one key=value of a record's text; @raw: views of the text; @hex: an unquoted value that users control */
struct ima_audit_field {
	struct ima_bytes key;
	struct ima_bytes raw; /* without quotes */
	bool hex;
};

/**
 * ima_audit_field_next() - take a record's text apart
 * @at: start of the rest, moved on; values may hold spaces (cause=signed policy required)
 * Return: 1 field, 0 end
 */
ima_must_check int ima_audit_field_next(const char **at, struct ima_audit_field *ret);

/** ima_audit_unapostrophe() - append @text, its quoted values that hold an apostrophe as hex: it may stand in '...' then. -ENOMEM */
ima_must_check int ima_audit_unapostrophe(struct ima_buffer *out, const char *text);

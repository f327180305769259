/* SPDX-License-Identifier: BSD-2-Clause */
/* What came of the checks: their names, and setting the result of one. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/attest/verify.h"

static const char *const check_names[IMA_CHECK__LAST] = {
	[IMA_CHECK_ARCHIVE] = "archive", [IMA_CHECK_AK] = "ak", [IMA_CHECK_QUOTE] = "quote",
	[IMA_CHECK_SIGNATURE] = "signature", [IMA_CHECK_NONCE] = "nonce", [IMA_CHECK_PCR_SELECTION] = "pcr-selection",
	[IMA_CHECK_PCR_DIGEST] = "pcr-digest", [IMA_CHECK_CLOCK] = "clock", [IMA_CHECK_LIST] = "list",
	[IMA_CHECK_REPLAY] = "replay", [IMA_CHECK_TAIL] = "tail", [IMA_CHECK_EVENT_LOG] = "event-log",
	[IMA_CHECK_BOOT_AGGREGATE] = "boot-aggregate", [IMA_CHECK_FILES] = "files",
	[IMA_CHECK_FILE_SIGNATURES] = "file-signatures", [IMA_CHECK_KEYS] = "keys", [IMA_CHECK_BUFFERS] = "buffers",
	[IMA_CHECK_POLICY] = "policy", [IMA_CHECK_VIOLATIONS] = "violations", [IMA_CHECK_GAPS] = "gaps",
};

const char *ima_check_name(enum ima_check c)
{
	return (unsigned int)c < IMA_CHECK__LAST ? check_names[c] : NULL;
}

int ima_check_by_name(const char *name, enum ima_check *ret)
{
	for (unsigned int i = 0; i < IMA_CHECK__LAST; i++) {
		if (strcmp(name, check_names[i]))
			continue;
		*ret = (enum ima_check)i;
		return 0;
	}
	return -ENOENT;
}

const char *ima_check_status_name(enum ima_check_status s)
{
	static const char *const names[IMA_CHECK_STATUS__LAST] = {
		[IMA_CHECK_UNABLE] = "unable", [IMA_CHECK_PASS] = "pass", [IMA_CHECK_FAIL] = "fail", [IMA_CHECK_SKIPPED] = "skipped",
	};

	return (unsigned int)s < IMA_CHECK_STATUS__LAST ? names[s] : NULL;
}

const char *ima_entry_verdict_name(enum ima_entry_verdict v)
{
	static const char *const names[IMA_ENTRY__LAST] = {
		[IMA_ENTRY_UNCHECKED] = "unchecked", [IMA_ENTRY_KNOWN] = "known", [IMA_ENTRY_SIGNED] = "signed",
		[IMA_ENTRY_EXCLUDED] = "excluded", [IMA_ENTRY_BOOT_AGGREGATE] = "boot-aggregate", [IMA_ENTRY_ALLOWED] = "allowed",
		[IMA_ENTRY_VIOLATION] = "violation", [IMA_ENTRY_GAP] = "gap", [IMA_ENTRY_UNKNOWN] = "unknown",
		[IMA_ENTRY_CHANGED] = "changed", [IMA_ENTRY_MOVED] = "moved", [IMA_ENTRY_EXPIRED] = "expired",
		[IMA_ENTRY_UNSIGNED] = "unsigned", [IMA_ENTRY_BAD_SIGNATURE] = "bad-signature", [IMA_ENTRY_WEAK] = "weak",
		[IMA_ENTRY_UNKNOWN_KEY] = "unknown-key", [IMA_ENTRY_UNKNOWN_BUFFER] = "unknown-buffer",
		[IMA_ENTRY_UNKNOWN_POLICY] = "unknown-policy", [IMA_ENTRY_BAD_BUFFER] = "bad-buffer",
		[IMA_ENTRY_BAD_DIGEST] = "bad-digest", [IMA_ENTRY_FOREIGN_PCR] = "foreign-pcr", [IMA_ENTRY_MALFORMED] = "malformed",
	};

	return (unsigned int)v < IMA_ENTRY__LAST ? names[v] : NULL;
}

bool ima_entry_is_good(enum ima_entry_verdict v)
{
	return v >= IMA_ENTRY_KNOWN && v <= IMA_ENTRY_ALLOWED;
}

void ima_checked(struct ima_checking *c, enum ima_check check, enum ima_check_status status, const char *fmt, ...)
{
	struct ima_check_result *r = &c->result->checks[check];
	va_list ap;

	if (c->v->rules.skip[check])
		return;
	r->status = status;
	va_start(ap, fmt);
	vsnprintf(r->text, sizeof(r->text), fmt, ap);
	va_end(ap);
}

void ima_attestation_done(struct ima_attestation *a)
{
	for (size_t i = 0; i < a->n_findings; i++)
		free(a->findings[i].name);
	free(a->findings);
	a->findings = NULL;
	a->n_findings = 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The records of one evidence, as the verifier found them: collected while it checks, in the list's order. */
#pragma once

#include <ima/attest.h>

/** struct report_entry - one record; views are into the collection */
struct report_entry {
	uint64_t number;
	uint32_t pcr;
	enum ima_entry_verdict verdict;
	char templ[33];
	struct ima_bytes name;
	struct ima_digest digest;
	bool has_label; /* it carries a signature, looked at or not */
	enum ima_sig_verdict signature;
	uint32_t keyid;
	bool has_reference;
	uint32_t reference;
};

struct report_entries {
	struct report_entry *items;
	size_t n;
};

/** report_entries_add() - *@e is made by the first call. -ENOMEM */
ima_must_check int report_entries_add(struct report_entries **e, const struct ima_attest_entry *entry);
struct report_entries *report_entries_free(struct report_entries *e);

/** enum report_class - what a reader tells apart at a glance */
enum report_class { REPORT_KNOWN = 0, REPORT_SIGNED, REPORT_OTHER, REPORT_WARNED, REPORT_REFUSED, REPORT_CLASS__LAST };
enum report_class report_class_of(enum ima_entry_verdict v);
extern const char *const report_class_names[REPORT_CLASS__LAST]; /* for people */
extern const char *const report_class_ids[REPORT_CLASS__LAST];   /* of the style sheet */

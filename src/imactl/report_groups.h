/* SPDX-License-Identifier: BSD-2-Clause */
/* Records counted by what they have in common: the package they came from, or the folder; the key that signed them. */
#pragma once

#include <ima/reference.h>

#include "imactl/report_entries.h"

/** struct report_group - @first to @first + @n - 1 of the groups' order are its records */
struct report_group {
	const char *package, *version, *repository; /* NULL: not known */
	struct ima_bytes folder;                    /* when no package is known: of the first record */
	enum ima_entry_verdict verdict;             /* of records without a reference value: they are told apart by it */
	bool has_reference;
	size_t first, n;
};

struct report_groups {
	struct report_group *items; /* the most records first */
	size_t n;
	uint32_t *order;            /* numbers of records */
	bool has_packages;
};

/** report_groups_make() - by package; by folder where the reference values name none. -ENOMEM */
ima_must_check int report_groups_make(const struct report_entries *e, const struct ima_reference *ref, struct report_groups *ret);
void report_groups_done(struct report_groups *g);

/** struct report_key - of signatures that records carry */
struct report_key {
	uint32_t keyid;
	uint64_t n[IMA_SIG__LAST]; /* by verdict; UNCHECKED: a reference value decided before */
};

/** report_keys_make() - @ret: malloc'd, in the order of ids. -ENOMEM */
ima_must_check int report_keys_make(const struct report_entries *e, struct report_key **ret, size_t *ret_n);

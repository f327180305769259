/* SPDX-License-Identifier: BSD-2-Clause */
/* The page: one file that fetches nothing. A reader without scripts, and one on paper, sees all of it. */
#pragma once

#include <stdio.h>

#include "imactl/evidence_batch.h"

/** struct report_totals - over all evidences */
struct report_totals {
	size_t n, n_trusted, n_refused, n_unable;
};

/** report_page_head() - up to the first evidence. @when: seconds since 1970. EXIT_GOOD, or EXIT_UNABLE and said why */
int report_page_head(FILE *f, const struct report_totals *t, int64_t when);
void report_page_tail(FILE *f);

/** report_page_line() - one evidence as a row of the table of all; @number from 1 */
void report_page_line(FILE *f, const struct evidence_item *it, size_t number);

/** report_page_section() - everything of one evidence. @max_rows: of each table. EXIT_GOOD, or EXIT_UNABLE and said why */
int report_page_section(FILE *f, const struct evidence_item *it, const struct evidence_sources *src, size_t number, size_t max_rows);

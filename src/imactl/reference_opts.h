/* SPDX-License-Identifier: BSD-2-Clause */
/* What the commands of reference values have in common: dates, files of values in any form, the database that they write. */
#pragma once

#include <ima/reference.h>
#include <ima/sig.h>

#include "imactl/command.h"

/** imactl_reference_date() - "2026-12-31" (to its end), "2026-12-31T12:00:00Z", "+30d"; EXIT_GOOD, or EXIT_USAGE and said why */
int imactl_reference_date(const char *option, const char *text, int64_t *ret);

/** imactl_date_text() - "2026-12-31T23:59:59Z"; "" for 0 */
const char *imactl_date_text(int64_t seconds, char ret[24]);

/** imactl_reference_path() - what is to be opened for a file that may be "-", standard input */
const char *imactl_reference_path(const char *path);

/**
 * imactl_reference_add_file() - every value of a file in any form that is read: a database, sums, ...
 * @keys: of signed envelopes; NULL: none is believed
 * An EXIT_ value, said why
 */
int imactl_reference_add_file(struct ima_reference_builder *b, const char *path, const struct ima_keyring *keys);

/** imactl_reference_open() - one file as a set; as imactl_reference_add_file() */
int imactl_reference_open(const char *path, const struct ima_keyring *keys, struct ima_reference **ret);

/** imactl_reference_may_write() - is there nothing yet at @path, or does @force allow it to go? EXIT_ value, said why; before the work */
int imactl_reference_may_write(const char *path, bool force);

/** imactl_reference_write() - what @b has, as a database at @path; @b is emptied. EXIT_ value, said why */
int imactl_reference_write(struct ima_reference_builder *b, const char *path, bool force, bool quiet);

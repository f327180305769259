/* SPDX-License-Identifier: BSD-2-Clause */
/* A list that is anchored in a TPM keeps one template digest for each of its banks: which slots that makes, and extending them. */
#pragma once

#include "core/mlist/journal.h"
#include "core/pcr/tpm.h"

/** ima_journal_find_slot() - by algorithm, or by bank where IMA maps none (IMA_HASH__LAST); SIZE_MAX: none */
size_t ima_journal_find_slot(const struct ima_journal_head *h, uint16_t tpm_alg, enum ima_hash_algo algo);

/** ima_tpm_slots() - default algorithm and slots: sha1 first, then the banks, then the default when no bank has it; no boot id */
struct ima_journal_head ima_tpm_slots(const struct ima_tpm *t, enum ima_hash_algo default_algo);

/** ima_tpm_extend_slots() - one record's digests into all banks. -EINVAL a bank has no slot, errors of ima_tpm_extend() */
ima_must_check int ima_tpm_extend_slots(struct ima_tpm *t, const struct ima_journal_head *h, uint32_t pcr, const struct ima_digest *slots);

/* SPDX-License-Identifier: BSD-2-Clause */
/* The verifier's inside: one record is judged by itself (entry.c), what depends on the list's order is told by listing.c, the quote by check_quote.c. */
#pragma once

#include <assert.h>
#include <stdio.h>

#include <ima/attest.h>

#include "base/cleanup.h"
#include "core/attest/ak.h"
#include "core/attest/cache.h"
#include "core/attest/known_aks.h"
#include "core/mlist/replay_step.h"

struct ima_verifier {
	struct ima_verifier_opts opts;
	struct ima_attest_rules rules; /* defaults filled in */
	struct ima_cache *records;     /* NULL: none */
	struct ima_cache *signatures;
	struct ima_known_aks *aks;     /* the trusted ones, and those that came with evidence */
};

/** ima_verifier_fingerprint() - of the attestation key in evidence, made once for it and the check; any thread. As ima_ak_parse() */
ima_must_check int ima_verifier_fingerprint(struct ima_verifier *v, struct ima_bytes ak, char ret[65]);

/** struct ima_entry - what is found of a record alone; goes through a replay as its mark */
struct ima_entry {
	uint8_t verdict;   /* enum ima_entry_verdict */
	uint8_t signature; /* enum ima_sig_verdict */
	bool has_reference, is_policy;
	uint32_t reference;
	uint32_t keyid;
	uint32_t unused;
};
static_assert(sizeof(struct ima_entry) == sizeof(struct ima_replay_mark), "an entry travels as a mark");

/** ima_entry_judge() - any thread. 0, -EIO, -ENOMEM */
ima_must_check int ima_entry_judge(struct ima_verifier *v, struct ima_hasher *h, const struct ima_record *rec,
				   const struct ima_template *t, const struct ima_replay_step *step, struct ima_entry *ret);

/** ima_entry_fields() - name without its NUL and digest of a record, as far as its template has them. -EBADMSG */
ima_must_check int ima_entry_fields(const struct ima_template *t, struct ima_bytes data, struct ima_bytes *ret_name,
				    struct ima_digest *ret_digest, struct ima_bytes fields[IMA_TEMPLATE_MAX_FIELDS]);

/** ima_entry_is_boot_aggregate() - by name */
bool ima_entry_is_boot_aggregate(struct ima_bytes name);

/** struct ima_checking - one evidence under check */
struct ima_checking {
	struct ima_verifier *v;
	const struct ima_evidence *evidence;
	const struct ima_attest_question *question;
	struct ima_attestation *result;
	struct ima_hasher *h;
	struct ima_quote quote;
	struct ima_pcrs values;  /* as sent; those of the quote when the check of the digest passed */
	bool ak_is_trusted;      /* it is one of the trusted keys */
	bool values_hold;        /* signature and digest are good */
	bool goes_on;            /* the state is of this boot: the list need not begin at the beginning */
	uint64_t first_bad[IMA_CHECK__LAST]; /* number of the first record that failed a check, 0: none */
	uint64_t n_bad[IMA_CHECK__LAST];
	uint64_t n_policies, n_unmatched_aggregates;
};

/** ima_checked() - set the result of one check; one that the rules leave out stays skipped */
void ima_checked(struct ima_checking *c, enum ima_check check, enum ima_check_status status, const char *fmt, ...)
	ima_printf(4, 5);

ima_must_check int ima_check_quote(struct ima_checking *c);    /* ak to clock */
ima_must_check int ima_check_list(struct ima_checking *c);     /* list to tail, and all that records say */
ima_must_check int ima_check_boot(struct ima_checking *c);     /* event log and boot aggregate */

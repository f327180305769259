/* SPDX-License-Identifier: BSD-2-Clause */
/* What evidence is checked against, as a command line gives it: shared by evidence verify and report. */
#pragma once

#include <ima/attest.h>

#include "base/buffer.h"
#include "core/attest/rules_json.h"
#include "imactl/command.h"
#include "imactl/nonces.h"

/** struct evidence_sources - zeroed: nothing; everything a verifier borrows */
struct evidence_sources {
	struct ima_rules_file rules;
	bool skip[IMA_CHECK__LAST];
	struct ima_reference_builder *builder;
	struct ima_reference *reference;
	struct ima_keyring *keys;
	struct ima_ak **aks;
	size_t n_aks;
	struct ima_ak_chain *chain;
	struct imactl_nonces nonces;
	bool has_nonces, has_hex, has_text; /* --nonces, --nonce, --nonce-text */
	uint8_t nonce[IMA_QUOTE_NONCE_MAX];
	size_t nonce_len;
	const char *state; /* folder; NULL: none */
	char rules_id[128]; /* names the rules: a URN with their digest */
	unsigned int n_threads; /* 0: one a processor */
};

#define EVIDENCE_SOURCE_OPTIONS                                                                                 \
	{ "nonce", required_argument, NULL, 'n' }, { "nonce-text", required_argument, NULL, 'N' },              \
	{ "nonces", required_argument, NULL, 'M' }, { "ak", required_argument, NULL, 'a' },                     \
	{ "ak-ca", required_argument, NULL, 'A' }, { "reference", required_argument, NULL, 'r' },               \
	{ "keys", required_argument, NULL, 'k' }, { "rules", required_argument, NULL, 'R' },                    \
	{ "state", required_argument, NULL, 's' }, { "skip", required_argument, NULL, 'S' },                    \
	{ "threads", required_argument, NULL, 'T' }

/** evidence_sources_option() - one of the above, from optarg. EXIT_GOOD; -1 none of them; or an EXIT_ value and said why */
int evidence_sources_option(struct evidence_sources *s, int opt);

/** evidence_sources_finish() - after the last option. EXIT_GOOD, or said why */
int evidence_sources_finish(struct evidence_sources *s);
void evidence_sources_done(struct evidence_sources *s);

/** evidence_sources_nonce() - of the evidence in a file, by its name; length, 0 none */
size_t evidence_sources_nonce(const struct evidence_sources *s, const char *path, uint8_t ret[static IMA_QUOTE_NONCE_MAX]);

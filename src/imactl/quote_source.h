/* SPDX-License-Identifier: BSD-2-Clause */
/* A quote as a command line asks for it: shared by quote and evidence create. */
#pragma once

#include "core/attest/keylime.h"
#include "core/attest/tpm_ak.h"
#include "imactl/command.h"

struct imactl_quote_opts {
	const char *tpm, *control, *folder;
	uint8_t nonce[IMA_QUOTE_NONCE_MAX];
	size_t nonce_len;
	bool has_hex, has_text;          /* --nonce, --nonce-text */
	bool has_bank, has_pcrs, failed; /* failed: an option's value was refused and said so */
	enum ima_hash_algo bank;         /* default sha256 */
	uint32_t mask;                   /* default 0 to 10 */
};

#define IMACTL_QUOTE_OPTIONS                                                                       \
	{ "tpm", required_argument, NULL, 't' }, { "control", required_argument, NULL, 'c' },      \
	{ "ak", required_argument, NULL, 'k' }, { "nonce", required_argument, NULL, 'n' },         \
	{ "nonce-text", required_argument, NULL, 'N' }, { "bank", required_argument, NULL, 'b' },  \
	{ "pcrs", required_argument, NULL, 'p' }

/** imactl_quote_option() - one of the above, from optarg; false: none of them */
bool imactl_quote_option(struct imactl_quote_opts *o, int opt);

/** imactl_quote_folder() - of the attestation key */
const char *imactl_quote_folder(const struct imactl_quote_opts *o);

/** imactl_quote() - EXIT_GOOD, or EXIT_UNABLE and said why */
int imactl_quote(const struct imactl_quote_opts *o, const struct ima_ak_blobs *ak, struct ima_quote_parts *ret);

/** imactl_nonce() - hexadecimal text to bytes; EXIT_GOOD, or EXIT_USAGE and said why */
int imactl_nonce(const char *hex, uint8_t ret[static IMA_QUOTE_NONCE_MAX], size_t *ret_len);

/** imactl_nonce_text() - the same of text as it is */
int imactl_nonce_text(const char *text, uint8_t ret[static IMA_QUOTE_NONCE_MAX], size_t *ret_len);

/* SPDX-License-Identifier: BSD-2-Clause */
/* Nonce, bank and PCRs from the command line, then the quote. */
#include "imactl/quote_source.h"

#include <errno.h>
#include <string.h>

#include "base/hex.h"
#include "imactl/ak_files.h"
#include "imactl/tpm_source.h"

#define DEFAULT_MASK 0x7ffU /* what the boot aggregate is about, and the list's own */

int imactl_nonce(const char *hex, uint8_t ret[static IMA_QUOTE_NONCE_MAX], size_t *ret_len)
{
	const size_t n = strlen(hex);

	if (!n || n > 2 * IMA_QUOTE_NONCE_MAX || ima_hex_decode(hex, n, ret) < 0)
		return imactl_fail(EXIT_USAGE, "nonce \"%s\": not 1 to %d bytes in hexadecimal", hex, IMA_QUOTE_NONCE_MAX);
	*ret_len = n / 2;
	return EXIT_GOOD;
}

/* "0,1,10" and "0-7,10" */
static int parse_pcrs(const char *text, uint32_t *ret)
{
	uint32_t mask = 0;

	for (const char *at = text;; at++) {
		char *end;
		const unsigned long from = strtoul(at, &end, 10);
		unsigned long to = from;

		if (end == at || *at == '-' || *at == '+' || *at == ' ')
			break;
		if (*end == '-') {
			at = end + 1;
			to = strtoul(at, &end, 10);
			if (end == at || *at == '-' || *at == '+' || *at == ' ')
				break;
		}
		if (to >= IMA_PCR_COUNT || from > to)
			break;
		for (unsigned long i = from; i <= to; i++)
			mask |= UINT32_C(1) << i;
		at = end;
		if (!*at) {
			*ret = mask;
			return EXIT_GOOD;
		}
		if (*at != ',')
			break;
	}
	return imactl_fail(EXIT_USAGE, "--pcrs %s: numbers from 0 to 23 and ranges, with commas between them", text);
}

int imactl_nonce_text(const char *text, uint8_t ret[static IMA_QUOTE_NONCE_MAX], size_t *ret_len)
{
	const size_t n = strlen(text);

	if (!n || n > IMA_QUOTE_NONCE_MAX)
		return imactl_fail(EXIT_USAGE, "--nonce-text: not 1 to %d bytes", IMA_QUOTE_NONCE_MAX);
	memcpy(ret, text, n);
	*ret_len = n;
	return EXIT_GOOD;
}

static bool is_ambiguous(const struct imactl_quote_opts *o)
{
	return o->has_hex && o->has_text && imactl_fail(EXIT_USAGE, "--nonce and --nonce-text: one of the two");
}

bool imactl_quote_option(struct imactl_quote_opts *o, int opt)
{
	switch (opt) {
	case 't':
		o->tpm = optarg;
		return true;
	case 'c':
		o->control = optarg;
		return true;
	case 'k':
		o->folder = optarg;
		return true;
	case 'n':
		o->has_hex = true;
		o->failed = imactl_nonce(optarg, o->nonce, &o->nonce_len) != EXIT_GOOD || is_ambiguous(o);
		return true;
	case 'N':
		o->has_text = true;
		o->failed = imactl_nonce_text(optarg, o->nonce, &o->nonce_len) != EXIT_GOOD || is_ambiguous(o);
		return true;
	case 'p':
		o->failed = parse_pcrs(optarg, &o->mask) != EXIT_GOOD;
		o->has_pcrs = true;
		return true;
	case 'b':
		o->has_bank = ima_hash_by_name(optarg, strlen(optarg), &o->bank) == 0 && ima_hash_tpm_alg(o->bank);
		o->failed = !o->has_bank;
		if (o->failed)
			imactl_fail(EXIT_USAGE, "--bank %s: not a hash algorithm of TPM banks", optarg);
		return true;
	default:
		return false;
	}
}

const char *imactl_quote_folder(const struct imactl_quote_opts *o)
{
	return o->folder ? o->folder : IMACTL_AK_FOLDER;
}

int imactl_quote(const struct imactl_quote_opts *o, const struct ima_ak_blobs *ak, struct ima_quote_parts *ret)
{
	const struct ima_quote_want want = {
		.nonce = { o->nonce, o->nonce_len },
		.bank = o->has_bank ? o->bank : IMA_HASH_SHA256,
		.mask = o->has_pcrs ? o->mask : DEFAULT_MASK,
	};
	struct ima_diag diag = { 0 };
	struct ima_hasher *h = NULL;
	struct ima_tpm *tpm = NULL;
	int r;

	if (!o->nonce_len)
		return imactl_fail(EXIT_USAGE, "a quote without the verifier's nonce proves nothing: --nonce HEX");
	r = imactl_tpm_open(o->tpm, o->control, &tpm, &diag);
	if (r == 0)
		r = ima_hasher_new(&h);
	if (r == 0)
		r = ima_tpm_quote(tpm, h, ak, &want, ret, &diag);
	ima_tpm_free(tpm);
	ima_hasher_free(h);
	return r < 0 ? imactl_fail_diag(EXIT_UNABLE, o->tpm ? o->tpm : "TPM", &diag, r) : EXIT_GOOD;
}

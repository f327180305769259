/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Evidence of hosts that do not exist: lists, PCRs and quotes made with plain libcrypto calls, by a key in software in the place of a TPM's. For tests
 * and benchmarks; nothing of the library's hashing or writing is used but the archive.
 */
#pragma once

#include <openssl/evp.h>

#include <ima/pcr.h>

#include "base/buffer.h"

struct maker {
	EVP_PKEY *key;           /* the attestation key */
	struct ima_buffer pub;   /* it as a TPM2B_PUBLIC */
	struct ima_buffer list, log;
	uint8_t sha1[24][20], sha256[24][32]; /* PCRs */
	uint64_t n;
	/* of the quote */
	uint8_t nonce[32];
	size_t nonce_len;
	uint64_t clock;
	uint32_t resets, restarts, mask;
	uint16_t bank;           /* TPM algorithm */
	struct ima_buffer attest, signature, pcrs;
};

/* TPMA_OBJECT of a proper attestation key */
#define MAKER_AK 0x00050072U

void maker_init(struct maker *m, bool rsa);           /* aborts when libcrypto fails */
void maker_init_key(struct maker *m, EVP_PKEY *key, uint32_t attributes); /* @key is taken */
void maker_done(struct maker *m);
void maker_boot(struct maker *m);                     /* a firmware log of ten events, PCR 0 to 9; then the boot aggregate as first record */

/* one record, appended and extended; @fields: u32 length | bytes each */
void maker_record(struct maker *m, uint32_t pcr, const char *templ, const void *data, size_t len);
void maker_violation(struct maker *m, const char *name);
void maker_file(struct maker *m, const char *name, const char *content); /* ima-ng, sha256 of @content */
void maker_signed(struct maker *m, const char *name, const uint8_t digest[32], const uint8_t *sig, size_t sig_len); /* ima-sig */
void maker_buffer(struct maker *m, const char *name, const void *data, size_t len); /* ima-buf */
void maker_extend(struct maker *m, unsigned int pcr, const uint8_t sha1[20], const uint8_t sha256[32]);

void maker_quote(struct maker *m);                    /* attest, signature and pcrs anew, from what stands above */
void maker_sign(struct maker *m);                     /* the signature anew, of whatever attest holds */
void maker_archive(const struct maker *m, uint64_t first_entry, struct ima_buffer *out); /* needs the edge library */

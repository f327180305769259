/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Verification of ECDSA on P-256 (FIPS 186-5, 6.4.2) for lists with a hundred thousand signatures by one key: multiples of the key are computed once, as the
 * crypto library has them of the curve's base point, and a signature costs half. Everything that it does not do is the crypto library's.
 */
#pragma once

#include <ima/sig.h>

struct evp_pkey_st;
struct ima_ecdsa_key;
struct ima_ecdsa;

#define IMA_ECDSA_KEY_PAYS 1000 /* signatures by one key: making it costs as much as it saves in 760 */

/**
 * ima_ecdsa_key_new() - what is known of one key: 150 KiB, 26 ms; for any number of threads at once
 * Return: 0, -EOPNOTSUPP another kind of key, curve or implementation, -ENOMEM
 */
ima_must_check int ima_ecdsa_key_new(const struct evp_pkey_st *key, struct ima_ecdsa_key **ret);
struct ima_ecdsa_key *ima_ecdsa_key_free(struct ima_ecdsa_key *k);

/** ima_ecdsa_new() - numbers to work with, for one thread at a time; @k is borrowed. -ENOMEM */
ima_must_check int ima_ecdsa_new(const struct ima_ecdsa_key *k, struct ima_ecdsa **ret);
struct ima_ecdsa *ima_ecdsa_free(struct ima_ecdsa *e);

/** ima_ecdsa_verify() - @sig in DER. IMA_SIG_GOOD, IMA_SIG_BAD, IMA_SIG_UNCHECKED no memory */
enum ima_sig_verdict ima_ecdsa_verify(struct ima_ecdsa *e, struct ima_bytes sig, const struct ima_digest *digest);

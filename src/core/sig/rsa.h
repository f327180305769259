/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * RSASSA-PKCS1-v1_5 with the exponent 65537 (RFC 8017, 8.2.2), for lists with a hundred thousand signatures: sixteen squarings and one product, with
 * nothing allocated for a signature. Everything that it does not do is the crypto library's.
 */
#pragma once

#include <ima/sig.h>

struct evp_pkey_st;
struct ima_rsa;

/**
 * ima_rsa_new() - @key's numbers are copied; the result is for one thread at a time
 * Return: 0, -EOPNOTSUPP another kind of key, exponent, hash algorithm or implementation of RSA, -ENOMEM
 */
ima_must_check int ima_rsa_new(const struct evp_pkey_st *key, enum ima_hash_algo algo, struct ima_rsa **ret);
struct ima_rsa *ima_rsa_free(struct ima_rsa *r);

/** ima_rsa_verify() - @digest is of the algorithm that the object was made for. IMA_SIG_GOOD, IMA_SIG_BAD, IMA_SIG_UNCHECKED no memory */
enum ima_sig_verdict ima_rsa_verify(struct ima_rsa *r, struct ima_bytes sig, const struct ima_digest *digest);

/* SPDX-License-Identifier: BSD-2-Clause */
/* PKCS#7 messages over content that is not in them. */
#pragma once

#include <ima/sig.h>

struct ima_pkcs7;

/** ima_pkcs7_parse() - -EBADMSG not signed data in DER, content inside, no signer, more than 8 signers or 32 certificates; -ENOMEM */
ima_must_check int ima_pkcs7_parse(struct ima_bytes der, struct ima_pkcs7 **ret);
struct ima_pkcs7 *ima_pkcs7_free(struct ima_pkcs7 *p);

/** ima_pkcs7_algo() - of the only signer. -EBADMSG several, -ENOPKG unknown */
ima_must_check int ima_pkcs7_algo(const struct ima_pkcs7 *p, enum ima_hash_algo *ret);

typedef int (*ima_pkcs7_digest_fn)(void *user, enum ima_hash_algo algo, struct ima_digest *ret);

/** ima_pkcs7_verify() - as ima_modsig_verify(); @digest of the content, called for each signer */
enum ima_sig_verdict ima_pkcs7_verify(const struct ima_pkcs7 *p, const struct ima_keyring *ring, unsigned int version,
				      ima_pkcs7_digest_fn digest, void *user);

/* SPDX-License-Identifier: BSD-2-Clause */
/* For the files that own libcrypto: the certificate behind a key, and what the library calls hash algorithms. */
#pragma once

#include <openssl/x509.h>

#include <ima/sig.h>

/** ima_hash_by_nid() - -ENOPKG none of the kernel's */
ima_must_check int ima_hash_by_nid(int nid, enum ima_hash_algo *ret);

/**
 * ima_x509_is_signed_by() - by the issuer's key, as the kernel of profile @version verifies certificates: an SM2 signer has the identity
 * that the standard gives to who has none
 */
bool ima_x509_is_signed_by(X509 *cert, X509 *issuer, unsigned int version);

/** ima_x509_from_der() - the whole of @cert, owned by the caller; NULL: it is none, or something stands behind it */
X509 *ima_x509_from_der(struct ima_bytes cert);

/* borrowed */
X509 *ima_key_x509(const struct ima_key *k);

/* SPDX-License-Identifier: BSD-2-Clause */
/* For the files that own libcrypto: the certificate behind a key, and what the library calls hash algorithms. */
#pragma once

#include <openssl/x509.h>

#include <ima/sig.h>

/** ima_hash_by_nid() - -ENOPKG none of the kernel's */
ima_must_check int ima_hash_by_nid(int nid, enum ima_hash_algo *ret);

/* borrowed */
X509 *ima_key_x509(const struct ima_key *k);

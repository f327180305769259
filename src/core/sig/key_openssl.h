/* SPDX-License-Identifier: BSD-2-Clause */
/* For the files that own libcrypto: the certificate behind a key. */
#pragma once

#include <openssl/x509.h>

#include <ima/sig.h>

/* borrowed */
X509 *ima_key_x509(const struct ima_key *k);

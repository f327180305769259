/* SPDX-License-Identifier: BSD-2-Clause */
/* Which of its implementations the crypto library uses for a key. */
#pragma once

#include <ima/signer.h>

/**
 * imactl_crypto_code_choose() - begin this program again, once, where the crypto library would take the slower code for this key
 * libcrypto chooses by the processor's features, when it is loaded: ADX before AVX2. On AMD's processors signing with RSA-2048 is faster by
 * AVX2 (`openssl speed rsa2048` with and without OPENSSL_ia32cap=:~0x80000), larger keys and verifying are not. The choice can only be
 * told by that variable; one that the user has set is left alone.
 *
 * To be called before anything was read that cannot be read again. Returns when there is nothing to gain, or nothing can be done.
 */
void imactl_crypto_code_choose(const struct ima_signer *s);

/* SPDX-License-Identifier: BSD-2-Clause */
/* What keyrings and keys know of each other, and imad of both, besides the public calls. */
#pragma once

#include <ima/sig.h>

/**
 * ima_keyring_add_kernel() - verify with the keys of a kernel keyring too, when no certificate of @ring answers to a key id
 * @serial: looked into at each verification: keys that come later count. -E2BIG more keyrings than IMA_KEYRING_KERNEL_MAX
 */
#define IMA_KEYRING_KERNEL_MAX 4
ima_must_check int ima_keyring_add_kernel(struct ima_keyring *ring, int32_t serial);

/** ima_key_is_of_use() - does the kernel of profile @version verify anything with such a key? */
#define IMA_NO_SM2_SINCE 612 /* the first profile whose kernel has lost SM2 */
bool ima_key_is_of_use(const struct ima_key *k, unsigned int version);

/**
 * ima_keyring_verify_as() - ima_keyring_verify() with what the kernel of a behaviour profile can verify
 * @version: of the profile; a key that is of no use to it verifies nothing: IMA_SIG_NO_ALGORITHM (what the kernel itself says of keys that it has, it says)
 */
enum ima_sig_verdict ima_keyring_verify_as(const struct ima_keyring *ring, unsigned int version,
					   const struct ima_signature *s, const struct ima_digest *digest);

/** ima_keyring_has_revoked() - by the last four bytes of an identifier */
bool ima_keyring_has_revoked(const struct ima_keyring *ring, const uint8_t end[static 4]);

/**
 * ima_keyring_verify_named() - by a key of the ring's kernel keyrings alone, whose whole identifier ends with @parts
 * Return: IMA_SIG_NO_KEY when there is none
 */
enum ima_sig_verdict ima_keyring_verify_named(const struct ima_keyring *ring, const struct ima_bytes *parts,
					      size_t n_parts, struct ima_bytes sig,
					      const struct ima_digest *digest);

bool ima_key_is_same(const struct ima_key *a, const struct ima_key *b);

/* SPDX-License-Identifier: BSD-2-Clause */
/* A private key that makes signatures for security.ima and security.evm: parsed once, used by many threads. */
#pragma once

#include <ima/sig.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ima_signer;

/**
 * ima_signer_parse() - a private key in PEM (PKCS#8, encrypted or not, or the older forms) or DER
 * @key: its bytes; a certificate in the same PEM text gives the key id, else the digest of the public key does
 * @password: NULL none
 *
 * Return: 0, -EBADMSG no private key, -EKEYREJECTED wrong or missing password, -ENOPKG a kind that the kernel does not verify (Ed25519, ...),
 * -ENOMEM. Each with one sentence in @diag
 */
ima_must_check int ima_signer_parse(struct ima_bytes key, const char *password, struct ima_signer **ret,
				    struct ima_diag *diag);
struct ima_signer *ima_signer_free(struct ima_signer *s);

/** ima_signer_set_cert() - take the key id from a certificate. -EINVAL another key's, -ENOENT it has none; errors of ima_key_parse() */
ima_must_check int ima_signer_set_cert(struct ima_signer *s, struct ima_bytes cert,
				       struct ima_diag *diag);
void ima_signer_set_keyid(struct ima_signer *s, uint32_t keyid);
uint32_t ima_signer_keyid(const struct ima_signer *s);

#define IMA_SIGNER_MAX_VALUE (IMA_SIGNATURE_HEADER + 2048) /* bytes */

/**
 * ima_signer_sign() - a whole attribute value
 * @type: IMA_XATTR_SIGNATURE, IMA_XATTR_PORTABLE or IMA_XATTR_VERITY; @version: 2 or 3
 * @digest: what is signed: for version 3 the digest of the file id (ima_signature_file_id())
 * @ret: IMA_SIGNER_MAX_VALUE bytes
 * Return: 0, -ENOPKG key and algorithm do not go together, -EIO the library failed
 */
ima_must_check int ima_signer_sign(const struct ima_signer *s, enum ima_xattr_type type, uint8_t version,
				   const struct ima_digest *digest, uint8_t *ret, size_t *ret_len);

#ifdef __cplusplus
}
#endif

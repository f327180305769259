/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * New keys with certificates as the kernel wants them: a CA that may sign others, and a signing key that may only sign code. Each carries the
 * identifiers that signatures and restricted keyrings look for.
 */
#pragma once

#include <ima/types.h>

#include "base/buffer.h"

struct ima_keypair;

/** ima_keypair_kinds() - "rsa2048", ...; ends in NULL */
const char *const *ima_keypair_kinds(void);

/** ima_keypair_new() - a key of this kind, without certificate. -ENOPKG no such kind, -EIO, -ENOMEM */
ima_must_check int ima_keypair_new(const char *kind, struct ima_keypair **ret);
struct ima_keypair *ima_keypair_free(struct ima_keypair *k);

/**
 * ima_keypair_load() - an existing CA
 * Return: 0, -EBADMSG no key or no certificate, -EKEYREJECTED wrong or missing password, -EINVAL the certificate is another key's, -EPERM it
 * may not sign others; with a sentence in @diag
 */
ima_must_check int ima_keypair_load(struct ima_bytes key, const char *password, struct ima_bytes cert,
				    struct ima_keypair **ret, struct ima_diag *diag);

/** enum ima_keypair_use - which extensions the certificate gets */
enum ima_keypair_use {
	IMA_KEYPAIR_CA = 0,  /* CA:TRUE, keyCertSign, cRLSign */
	IMA_KEYPAIR_SIGNING, /* CA:FALSE, digitalSignature, codeSigning */
};

/**
 * ima_keypair_certify() - @issuer NULL: signed by the key itself
 * @name: subject, one common name; @days: from now
 * Return: 0, -EINVAL a name that a certificate cannot have, -EIO, -ENOMEM
 */
ima_must_check int ima_keypair_certify(struct ima_keypair *k, enum ima_keypair_use use, const struct ima_keypair *issuer,
				       const char *name, unsigned int days);

/** ima_keypair_cert() - DER, or PEM. -EIO, -ENOMEM */
ima_must_check int ima_keypair_cert(const struct ima_keypair *k, bool pem, struct ima_buffer *out);

/**
 * ima_keypair_private() - PKCS#8 in PEM; with @password encrypted (AES-256-CBC, PBKDF2). The caller wipes @out
 * @out: has to be empty; is made large enough at once, so that no copy is left behind
 */
ima_must_check int ima_keypair_private(const struct ima_keypair *k, const char *password, struct ima_buffer *out);

/** ima_cert_der() - a certificate in PEM or DER as DER, which is what a kernel takes. -EBADMSG, -ENOMEM */
ima_must_check int ima_cert_der(struct ima_bytes cert, struct ima_buffer *out);

/** ima_public_key_id() - of a bare public key in PEM or DER, last four bytes of the SHA-1 of its bits. -EBADMSG */
ima_must_check int ima_public_key_id(struct ima_bytes key, uint32_t *ret);

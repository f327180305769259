/* SPDX-License-Identifier: BSD-2-Clause */
/* JSON Web Tokens (RFC 7519) in the compact form of RFC 7515, signed with ES256. */
#pragma once

#include <ima/digest.h>

#include "base/buffer.h"

/** ima_base64url() - append without padding (RFC 4648, section 5). -ENOMEM */
ima_must_check int ima_base64url(struct ima_bytes in, struct ima_buffer *out);

/**
 * ima_jwt_write() - append header.payload.signature
 * @payload: JSON text
 * @sign: append an ECDSA signature over P-256 of @d, in DER
 * Return: 0, -EINVAL the signature is none of P-256, -ENOMEM, -EIO, errors of @sign
 */
ima_must_check int ima_jwt_write(struct ima_bytes payload, struct ima_hasher *h,
				 int (*sign)(void *user, const struct ima_digest *d, struct ima_buffer *ret), void *user, struct ima_buffer *out);

/** ima_ecdsa_p256_raw() - Ecdsa-Sig-Value in DER to r | s, 32 bytes each. -EBADMSG */
ima_must_check int ima_ecdsa_p256_raw(struct ima_bytes der, uint8_t ret[static 64]);

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's encrypted keys as user space may keep them: what `keyctl pipe` prints of a key of type "encrypted" whose master key is a user key.
 *
 * Shape: [FORMAT] "user:"NAME DECIMAL HEX, the hex: iv[16] | 0 | AES-256-CBC of the key, padded with zeros | HMAC-SHA256.
 * Keys: SHA-256 of a word ("ENC_KEY", "AUTH_KEY"), NUL, master key, filled up with zeros to 9 + its length, at least 32 bytes. Seen on Linux 6.1 and 6.12.
 */
#pragma once

#include <ima/types.h>

/** ima_evm_is_blob() - printable text that begins as such a key does */
bool ima_evm_is_blob(struct ima_bytes text);

/**
 * ima_evm_open_blob() - decrypt
 * @ret: room for the key, @size bytes; @ret_len: its length
 * Return: 0, -EBADMSG not of this shape, -EKEYREJECTED another master key or changed, -EOPNOTSUPP a trusted master key, -E2BIG, -EIO
 */
ima_must_check int ima_evm_open_blob(struct ima_bytes text, struct ima_bytes master, uint8_t *ret,
				     size_t size, size_t *ret_len);

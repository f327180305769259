/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A growing set of short byte strings, each with a 32-bit tag: open addressing over an arena, exact comparison, no removal.
 * Not thread-safe.
 */
#pragma once

#include <ima/types.h>

struct ima_byteset;

ima_must_check int ima_byteset_new(struct ima_byteset **ret); /* -ENOMEM */
struct ima_byteset *ima_byteset_free(struct ima_byteset *s);

/** ima_byteset_has() - @key at most 255 bytes */
bool ima_byteset_has(const struct ima_byteset *s, uint32_t tag, struct ima_bytes key);

/** ima_byteset_add() - 0 added or already there, -ENOMEM, -E2BIG key longer than 255 bytes */
ima_must_check int ima_byteset_add(struct ima_byteset *s, uint32_t tag, struct ima_bytes key);

size_t ima_byteset_size(const struct ima_byteset *s);

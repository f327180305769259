/* SPDX-License-Identifier: BSD-2-Clause */
/* What the keyring asks of a key besides the public calls. */
#pragma once

#include <ima/sig.h>

bool ima_key_is_same(const struct ima_key *a, const struct ima_key *b);

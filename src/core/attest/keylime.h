/* SPDX-License-Identifier: BSD-2-Clause */
/* Keylime's forms of a quote and of what its verifier takes in one piece. */
#pragma once

#include "core/attest/tpm_ak.h"

/** ima_keylime_quote() - append "r" and the three parts in base64, colons between them. -ENOMEM */
ima_must_check int ima_keylime_quote(const struct ima_quote_parts *q, struct ima_buffer *out);

/** ima_base64() - append with padding, without line breaks. -ENOMEM */
ima_must_check int ima_base64(struct ima_bytes in, struct ima_buffer *out);

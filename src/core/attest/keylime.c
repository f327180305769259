/* SPDX-License-Identifier: BSD-2-Clause */
/* r<TPMS_ATTEST>:<TPMT_SIGNATURE>:<PCR values>, each in base64: what Keylime's agents send as "quote". */
#include "core/attest/keylime.h"

int ima_base64(struct ima_bytes in, struct ima_buffer *out)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	int r = ima_buffer_reserve(out, (in.len + 2) / 3 * 4);

	for (size_t i = 0; i < in.len && r == 0; i += 3) {
		const size_t n = in.len - i < 3 ? in.len - i : 3;
		const uint32_t v = (uint32_t)in.data[i] << 16 | (n > 1 ? (uint32_t)in.data[i + 1] << 8 : 0) |
				   (n > 2 ? in.data[i + 2] : 0);
		const char four[4] = { digits[v >> 18], digits[v >> 12 & 63], n > 1 ? digits[v >> 6 & 63] : '=',
				       n > 2 ? digits[v & 63] : '=' };

		r = ima_buffer_append(out, four, sizeof(four));
	}
	return r;
}

int ima_keylime_quote(const struct ima_quote_parts *q, struct ima_buffer *out)
{
	struct ima_buffer pcrs = { 0 };
	int r = ima_quote_pcrs_write(&pcrs, &q->pcrs);

	if (r == 0)
		r = ima_buffer_append_u8(out, 'r');
	if (r == 0)
		r = ima_base64(ima_buffer_bytes(&q->attest), out);
	if (r == 0)
		r = ima_buffer_append_u8(out, ':');
	if (r == 0)
		r = ima_base64(ima_buffer_bytes(&q->signature), out);
	if (r == 0)
		r = ima_buffer_append_u8(out, ':');
	if (r == 0)
		r = ima_base64(ima_buffer_bytes(&pcrs), out);
	ima_buffer_done(&pcrs);
	return r;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* What is signed is base64url(header) "." base64url(payload); the signature is r | s, not DER (RFC 7518, section 3.4). */
#include "core/attest/jwt.h"

#include <errno.h>
#include <string.h>

#include "core/attest/keylime.h"

#define HEADER "{\"alg\":\"ES256\",\"typ\":\"JWT\"}"
#define PART 32

int ima_base64url(struct ima_bytes in, struct ima_buffer *out)
{
	const size_t start = out->len;
	int r = ima_base64(in, out);

	if (r < 0)
		return r;
	while (out->len > start && out->data[out->len - 1] == '=')
		out->data[--out->len] = 0;
	for (size_t i = start; i < out->len; i++)
		out->data[i] = out->data[i] == '+' ? '-' : out->data[i] == '/' ? '_' : out->data[i];
	return 0;
}

/* INTEGER, positive, 32 bytes at most once its leading zero is gone */
static int read_integer(struct ima_bytes *in, uint8_t ret[static PART])
{
	const uint8_t *p = in->data;
	size_t len;

	if (in->len < 3 || p[0] != 0x02 || !p[1] || p[1] > PART + 1 || (size_t)p[1] + 2 > in->len || p[2] & 0x80)
		return -EBADMSG;
	len = p[1];
	*in = (struct ima_bytes){ p + 2 + len, in->len - 2 - len };
	p += 2;
	if (!p[0]) {
		p++;
		len--;
	}
	if (len > PART)
		return -EBADMSG;
	memset(ret, 0, PART);
	memcpy(ret + PART - len, p, len);
	return 0;
}

int ima_ecdsa_p256_raw(struct ima_bytes der, uint8_t ret[static 64])
{
	uint8_t raw[2 * PART];
	struct ima_bytes in;

	/* two integers of 33 bytes are less than 128: the length has one byte */
	if (der.len < 2 || der.data[0] != 0x30 || der.data[1] & 0x80 || (size_t)der.data[1] + 2 != der.len)
		return -EBADMSG;
	in = (struct ima_bytes){ der.data + 2, der.len - 2 };
	if (read_integer(&in, raw) < 0 || read_integer(&in, raw + PART) < 0 || in.len)
		return -EBADMSG;
	memcpy(ret, raw, sizeof(raw));
	return 0;
}

int ima_jwt_write(struct ima_bytes payload, struct ima_hasher *h, int (*sign)(void *user, const struct ima_digest *d, struct ima_buffer *ret),
		  void *user, struct ima_buffer *out)
{
	ima_cleanup(ima_buffer_done) struct ima_buffer der = { 0 };
	const size_t start = out->len;
	uint8_t raw[2 * PART];
	struct ima_digest d;
	int r = ima_base64url((struct ima_bytes){ (const uint8_t *)HEADER, sizeof(HEADER) - 1 }, out);

	if (r == 0)
		r = ima_buffer_append_u8(out, '.');
	if (r == 0)
		r = ima_base64url(payload, out);
	if (r == 0)
		r = ima_hash_bytes(h, IMA_HASH_SHA256, (struct ima_bytes){ out->data + start, out->len - start }, &d);
	if (r == 0)
		r = sign(user, &d, &der);
	if (r == 0 && ima_ecdsa_p256_raw(ima_buffer_bytes(&der), raw) < 0)
		r = -EINVAL;
	if (r == 0)
		r = ima_buffer_append_u8(out, '.');
	return r < 0 ? r : ima_base64url((struct ima_bytes){ raw, sizeof(raw) }, out);
}

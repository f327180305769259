/* SPDX-License-Identifier: BSD-2-Clause */
/* The header of a signature: nothing is taken from a value whose length does not match. */
#include <ima/sig.h>

#include <errno.h>

#include "base/reader.h"

static int check_version(uint8_t version)
{
	if (version == 2 || version == 3)
		return 0;
	return version == 1 ? -EINVAL : -EOPNOTSUPP;
}

int ima_signature_parse(struct ima_bytes value, struct ima_signature *ret)
{
	struct ima_reader in = ima_reader_init(value, IMA_ORDER_BIG);
	struct ima_signature s = { 0 };
	uint16_t len;
	uint8_t algo;
	int r;

	if (ima_read_u8(&in, &s.type) < 0 || ima_read_u8(&in, &s.version) < 0)
		return -EINVAL;
	r = check_version(s.version);
	if (r < 0)
		return r;
	if (ima_read_u8(&in, &algo) < 0 || ima_read_u32(&in, &s.keyid) < 0 ||
	    ima_read_u16(&in, &len) < 0 || !len || ima_reader_left(&in) != len)
		return -EBADMSG;
	if (algo >= IMA_HASH__LAST)
		return -ENOPKG;
	s.algo = (enum ima_hash_algo)algo;
	s.sig = (struct ima_bytes){ in.pos, len };
	*ret = s;
	return 0;
}

int ima_signature_head(const struct ima_signature *s, uint8_t ret[IMA_SIGNATURE_HEADER])
{
	if (!s->sig.len || s->sig.len > UINT16_MAX)
		return -EINVAL;
	ret[0] = s->type;
	ret[1] = s->version;
	ret[2] = (uint8_t)s->algo;
	for (int i = 0; i < 4; i++)
		ret[3 + i] = (uint8_t)(s->keyid >> (24 - 8 * i));
	ret[7] = (uint8_t)(s->sig.len >> 8);
	ret[8] = (uint8_t)s->sig.len;
	return 0;
}

int ima_signature_file_id(struct ima_hasher *h, uint8_t type, const struct ima_digest *content,
			  struct ima_digest *ret)
{
	const uint8_t head[2] = { type, (uint8_t)content->algo };
	const struct ima_bytes parts[2] = { { head, sizeof(head) },
					    { content->data, content->len } };

	return ima_hash_parts(h, content->algo, parts, 2, ret);
}

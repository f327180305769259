/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TPMT_PUBLIC: be16 type | be16 name algorithm | be32 attributes | policy | parameters | unique. Policy and unique values: be16 length, bytes.
 *
 *   RSA   symmetric | scheme | be16 bits | be32 exponent | modulus
 *   ECC   symmetric | scheme | be16 curve | kdf | x | y
 *   symmetric: be16 algorithm, unless none: be16 bits, be16 mode; scheme and kdf: be16 algorithm, unless none: be16 hash (ECDAA: and a count)
 *
 * Source: TPM 2.0 Library Specification, part 2, "Public Area Structures"
 */
#include "core/attest/public.h"

#include <errno.h>

#include "base/reader.h"

#define ALG_NULL 0x0010
#define ALG_RSAES 0x0015
#define ALG_ECDAA 0x001a

static int read_sized(struct ima_reader *in, struct ima_bytes *ret)
{
	uint16_t len;

	return ima_read_u16(in, &len) < 0 ? -EBADMSG : ima_read_bytes(in, len, ret);
}

static int read_symmetric(struct ima_reader *in, struct ima_tpm_public *p)
{
	uint16_t mode;

	if (ima_read_u16(in, &p->symmetric) < 0)
		return -EBADMSG;
	if (p->symmetric == ALG_NULL)
		return 0;
	return ima_read_u16(in, &p->symmetric_bits) < 0 || ima_read_u16(in, &mode) < 0 ? -EBADMSG : 0;
}

static int read_scheme(struct ima_reader *in)
{
	uint16_t alg, hash, count;

	if (ima_read_u16(in, &alg) < 0)
		return -EBADMSG;
	if (alg == ALG_NULL || alg == ALG_RSAES)
		return 0;
	if (ima_read_u16(in, &hash) < 0)
		return -EBADMSG;
	return alg == ALG_ECDAA && ima_read_u16(in, &count) < 0 ? -EBADMSG : 0;
}

static int read_rsa(struct ima_reader *in, struct ima_tpm_public *p)
{
	if (ima_read_u16(in, &p->key_bits) < 0 || ima_read_u32(in, &p->exponent) < 0 || read_sized(in, &p->x) < 0)
		return -EBADMSG;
	if (!p->exponent)
		p->exponent = 65537;
	return p->x.len * 8 == p->key_bits ? 0 : -EBADMSG;
}

static int read_ecc(struct ima_reader *in, struct ima_tpm_public *p)
{
	if (ima_read_u16(in, &p->curve) < 0 || read_scheme(in) < 0 || read_sized(in, &p->x) < 0 || read_sized(in, &p->y) < 0)
		return -EBADMSG;
	return p->x.len && p->y.len && p->x.len <= 66 && p->y.len <= 66 ? 0 : -EBADMSG;
}

static int parse_area(struct ima_bytes area, struct ima_tpm_public *ret)
{
	struct ima_reader in = ima_reader_init(area, IMA_ORDER_BIG);
	struct ima_tpm_public p = { .area = area };
	struct ima_bytes policy;
	int r;

	if (ima_read_u16(&in, &p.type) < 0 || ima_read_u16(&in, &p.name_alg) < 0 || ima_read_u32(&in, &p.attributes) < 0 ||
	    read_sized(&in, &policy) < 0)
		return -EBADMSG;
	if (p.type != IMA_TPM_ALG_RSA && p.type != IMA_TPM_ALG_ECC)
		return -ENOPKG;
	if (read_symmetric(&in, &p) < 0 || read_scheme(&in) < 0)
		return -EBADMSG;
	r = p.type == IMA_TPM_ALG_RSA ? read_rsa(&in, &p) : read_ecc(&in, &p);
	if (r < 0 || ima_reader_left(&in))
		return -EBADMSG;
	*ret = p;
	return 0;
}

int ima_tpm_public_parse(struct ima_bytes in, struct ima_tpm_public *ret)
{
	if (in.len > IMA_QUOTE_MAX || in.len < 4)
		return -EBADMSG;
	/* a type is at most 0x23 where the length of a TPM2B_PUBLIC stands */
	if ((size_t)(in.data[0] << 8 | in.data[1]) == in.len - 2)
		return parse_area((struct ima_bytes){ in.data + 2, in.len - 2 }, ret);
	return parse_area(in, ret);
}

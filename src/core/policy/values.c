/* SPDX-License-Identifier: BSD-2-Clause */
/* Values of rule tokens, read as strictly as the kernel's converters read them. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/hex.h"
#include "core/policy/rule.h"

/* digits only, at least one; -ERANGE past 64 bits */
static int parse_unsigned(const char *v, unsigned int base, uint64_t *ret)
{
	uint64_t n = 0;
	int result = 0;

	if (!*v)
		return -EINVAL;
	for (; *v; v++) {
		const int digit = ima_hex_value(*v);
		const uint64_t d = (uint64_t)digit;

		if (digit < 0 || (unsigned int)digit >= base)
			return -EINVAL;
		if (n > (UINT64_MAX - d) / base)
			result = -ERANGE;
		n = n * base + d;
	}
	if (result == 0)
		*ret = n;
	return result;
}

int ima_value_id(const char *v, uint32_t *ret)
{
	uint64_t n;
	int r = parse_unsigned(*v == '+' ? v + 1 : v, 10, &n);

	if (r < 0)
		return r;
	if (n >= UINT32_MAX)
		return -EINVAL;
	*ret = (uint32_t)n;
	return 0;
}

int ima_value_magic(const char *v, uint64_t *ret)
{
	if (*v == '+')
		v++;
	if (v[0] == '0' && (v[1] == 'x' || v[1] == 'X'))
		v += 2;
	return parse_unsigned(v, 16, ret);
}

int ima_value_pcr(const char *v, int *ret)
{
	const bool negative = *v == '-';
	uint64_t n;
	int r = parse_unsigned(*v == '+' || negative ? v + 1 : v, 10, &n);

	if (r < 0)
		return r;
	if (n > (uint64_t)INT_MAX + negative)
		return -ERANGE;
	if ((negative && n) || n >= 64)
		return -EINVAL;
	*ret = (int)n;
	return 0;
}

/* 8-4-4-4-12; whatever follows the 36th character is ignored, as in the kernel */
int ima_value_uuid(const char *v, uint8_t ret[static 16])
{
	static const uint8_t dashes[] = { 8, 13, 18, 23 };
	char plain[32];
	size_t n = 0;

	if (strlen(v) < 36)
		return -EINVAL;
	for (size_t i = 0; i < IMA_N_ELEMENTS(dashes); i++)
		if (v[dashes[i]] != '-')
			return -EINVAL;
	for (size_t i = 0; i < 36; i++) {
		if (i == 8 || i == 13 || i == 18 || i == 23)
			continue;
		plain[n++] = v[i];
	}
	return ima_hex_decode(plain, sizeof(plain), ret);
}

int ima_value_algos(const struct ima_policy_opts *opts, const char *v, uint32_t *ret)
{
	const unsigned int last =
		ima_profile_number(opts->profile) < 612 ? IMA_HASH_SHA3_256 : IMA_HASH__LAST;
	uint32_t algos = 0;

	for (;;) {
		const size_t len = strcspn(v, ",");
		enum ima_hash_algo a;

		if (ima_hash_by_name(v, len, &a) < 0 || (unsigned int)a >= last)
			return -EINVAL;
		if (opts->available_algos && !(opts->available_algos >> a & 1))
			return -EINVAL;
		algos |= UINT32_C(1) << a;
		if (!v[len])
			break;
		v += len + 1;
	}
	*ret = algos;
	return 0;
}

/* "a|b": no item may be empty */
int ima_value_items(const char *v)
{
	for (;;) {
		const size_t len = strcspn(v, "|");

		if (!len)
			return -EINVAL;
		if (!v[len])
			return 0;
		v += len + 1;
	}
}

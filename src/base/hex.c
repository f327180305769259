/* SPDX-License-Identifier: BSD-2-Clause */
/* Hexadecimal text, both ways. */
#include "base/hex.h"

#include <errno.h>

void ima_hex_encode(const void *data, size_t len, char *ret)
{
	static const char digits[16] = "0123456789abcdef";
	const uint8_t *in = data;

	for (size_t i = 0; i < len; i++) {
		ret[2 * i] = digits[in[i] >> 4];
		ret[2 * i + 1] = digits[in[i] & 15];
	}
}

int ima_hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int ima_hex_decode(const char *text, size_t n_chars, uint8_t *ret)
{
	if (n_chars % 2)
		return -EINVAL;
	for (size_t i = 0; i < n_chars; i += 2) {
		int hi = ima_hex_value(text[i]), lo = ima_hex_value(text[i + 1]);

		if (hi < 0 || lo < 0)
			return -EINVAL;
		ret[i / 2] = (uint8_t)(hi << 4 | lo);
	}
	return 0;
}

int ima_hex_uuid(const char *text, uint8_t ret[static 16])
{
	char plain[32];
	size_t n = 0;

	for (; *text; text++) {
		if (*text == '-')
			continue;
		if (n == sizeof(plain))
			return -EINVAL;
		plain[n++] = *text;
	}
	return n == sizeof(plain) ? ima_hex_decode(plain, n, ret) : -EINVAL;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writes a binary ima-ng list of N entries to standard output and the sha1 and sha256 values of its PCR 10 to FILE, made with
 * plain libcrypto calls.
 *
 * usage: make_list N FILE > list
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/sha.h>

static void put32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}

int main(int argc, char **argv)
{
	uint8_t pcr1[SHA_DIGEST_LENGTH + SHA_DIGEST_LENGTH] = { 0 };
	uint8_t pcr256[SHA256_DIGEST_LENGTH + SHA256_DIGEST_LENGTH] = { 0 };
	FILE *out = argc == 3 ? fopen(argv[2], "we") : NULL;
	unsigned long n = argc == 3 ? strtoul(argv[1], NULL, 10) : 0;

	if (!out || !n) {
		fprintf(stderr, "usage: make_list N FILE > list\n");
		return 2;
	}
	for (unsigned long i = 0; i < n; i++) {
		uint8_t rec[256], *data = rec + 4 + 20 + 4 + 6 + 4, digest[32];
		char name[64];
		const size_t name_len = (size_t)snprintf(name, sizeof(name),
							 "/usr/lib/x86_64-linux-gnu/package-%lu.so", i) + 1;
		const size_t data_len = 4 + 40 + 4 + name_len;

		SHA256((const uint8_t *)name, name_len, digest);
		put32(data, 40);
		memcpy(data + 4, "sha256:", 8);
		memcpy(data + 12, digest, 32);
		put32(data + 44, (uint32_t)name_len);
		memcpy(data + 48, name, name_len);
		put32(rec, 10);
		SHA1(data, data_len, rec + 4);
		put32(rec + 24, 6);
		memcpy(rec + 28, "ima-ng", 6);
		put32(rec + 34, (uint32_t)data_len);
		memcpy(pcr1 + 20, rec + 4, 20);
		SHA1(pcr1, 40, pcr1);
		SHA256(data, data_len, pcr256 + 32);
		SHA256(pcr256, 64, pcr256);
		if (fwrite(rec, 1, 38 + data_len, stdout) != 38 + data_len)
			return 1;
	}
	fprintf(out, "sha256 10 ");
	for (int i = 0; i < 32; i++)
		fprintf(out, "%02x", pcr256[i]);
	fprintf(out, "\n");
	return fclose(out) ? 1 : 0;
}

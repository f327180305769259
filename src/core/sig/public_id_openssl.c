/* SPDX-License-Identifier: BSD-2-Clause */
/* As a certificate's subject key identifier is made most often. */
#include "core/sig/public_id.h"

#include <errno.h>

#include <openssl/sha.h>
#include <openssl/x509.h>

int ima_public_id(struct evp_pkey_st *key, uint32_t *ret)
{
	const unsigned char *bits = NULL;
	uint8_t sha[SHA_DIGEST_LENGTH];
	X509_PUBKEY *pub = NULL;
	int len = 0, r = -EIO;

	if (X509_PUBKEY_set(&pub, key) == 1 && X509_PUBKEY_get0_param(NULL, &bits, &len, NULL, pub) == 1 &&
	    SHA1(bits, (size_t)len, sha)) {
		*ret = (uint32_t)sha[16] << 24 | (uint32_t)sha[17] << 16 | (uint32_t)sha[18] << 8 | sha[19];
		r = 0;
	}
	X509_PUBKEY_free(pub);
	return r;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The library's own implementations are those of its provider "default". */
#include "core/sig/provider.h"

#include <string.h>

#include <openssl/evp.h>
#include <openssl/provider.h>

bool ima_is_librarys_own(const EVP_PKEY *key, const char *kind)
{
	const OSSL_PROVIDER *p = EVP_PKEY_get0_provider(key);

	return EVP_PKEY_is_a(key, kind) && p && !strcmp(OSSL_PROVIDER_get0_name(p), "default");
}

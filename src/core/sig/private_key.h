/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a private key comes from: bytes, or a place that an engine or a provider of the crypto library knows. */
#pragma once

#include <ima/signer.h>

struct evp_pkey_st;

/** struct ima_private_key - the key and what must stay loaded while it is used */
struct ima_private_key {
	struct evp_pkey_st *pkey;
	struct ossl_lib_ctx_st *lib; /* NULL: the default one */
	char *properties; /* owned: a device signs for itself; NULL: anyone */
	struct ossl_provider_st *providers[2];
	struct engine_st *engine;
	bool in_device;
};

/** ima_private_key_parse() - see ima_signer_parse() */
ima_must_check int ima_private_key_parse(struct ima_bytes key, const char *password,
					 struct ima_private_key *ret, struct ima_diag *diag);

/** ima_private_key_open() - see ima_signer_open() */
ima_must_check int ima_private_key_open(const char *uri, const struct ima_signer_opts *opts,
					struct ima_private_key *ret, struct ima_diag *diag);
void ima_private_key_done(struct ima_private_key *k);

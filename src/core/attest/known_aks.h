/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Attestation keys, and their certificates, by the bytes that they were made of: one that comes with many evidences is made once, and once compared with
 * those that are trusted.
 * Any number of threads.
 */
#pragma once

#include <ima/quote.h>

struct ima_known_aks;

#define IMA_KNOWN_AKS_MAX 4096      /* beside the trusted ones; those that come later are made each time */
#define IMA_KNOWN_AK_LEN_MAX 2048   /* bytes of one that is kept */

/** ima_known_aks_new() - @trusted is borrowed. -ENOMEM, -EIO no random seed */
ima_must_check int ima_known_aks_new(const struct ima_ak *const *trusted, size_t n_trusted, struct ima_known_aks **ret);
struct ima_known_aks *ima_known_aks_free(struct ima_known_aks *k);

/** struct ima_known_ak - one key; freed with ima_known_ak_done() */
struct ima_known_ak {
	const struct ima_ak *ak; /* lives as long as the table, or as this */
	bool is_trusted;         /* it is one of the trusted keys; where both have a TPM's name, of that name */
	struct ima_ak *own;      /* there was no room for it */
};
void ima_known_ak_done(struct ima_known_ak *a);

/** ima_known_aks_get() - 0, or as ima_ak_parse() */
ima_must_check int ima_known_aks_get(struct ima_known_aks *k, struct ima_bytes source, struct ima_known_ak *ret, struct ima_diag *diag);

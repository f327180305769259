/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether a key may be believed: who signed its certificate, and what that one may sign. By libcrypto. */
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "core/sig/key.h"
#include "core/sig/key_openssl.h"

static bool is_sm2(const EVP_PKEY *key)
{
	char group[32];

	return EVP_PKEY_is_a(key, "SM2") ||
	       (EVP_PKEY_is_a(key, "EC") && EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) == 1 && !strcmp(group, "SM2"));
}

bool ima_x509_is_signed_by(X509 *cert, X509 *issuer, unsigned int version)
{
	static const char identity[] = "1234567812345678";
	EVP_PKEY *key = X509_get0_pubkey(issuer);
	ASN1_OCTET_STRING *id;

	if (!key)
		return false;
	if (is_sm2(key)) {
		if (version >= IMA_NO_SM2_SINCE)
			return false;
		id = ASN1_OCTET_STRING_new();
		if (!id || ASN1_OCTET_STRING_set(id, (const unsigned char *)identity, sizeof(identity) - 1) != 1) {
			ASN1_OCTET_STRING_free(id);
			return false;
		}
		X509_set0_distinguishing_id(cert, id);
	}
	return X509_verify(cert, key) == 1;
}

static bool may_sign_certificates(const struct ima_key *ca)
{
	return X509_check_ca(ima_key_x509(ca)) == 1;
}

/*
 * Did a key that only the kernel has sign the certificate? It is found by the authority key identifier. What it may sign is not known: who
 * names a keyring as trusted says that its keys may.
 */
static bool kernel_signed(const struct ima_key *k, const struct ima_keyring *cas)
{
	const ASN1_OCTET_STRING *akid = X509_get0_authority_key_id(ima_key_x509(k));
	struct ima_digest d = { 0 };
	const ASN1_BIT_STRING *sig;
	unsigned char *tbs = NULL;
	unsigned int len = 0;
	struct ima_bytes id;
	int hash, n;

	if (!akid || X509_get_signature_info(ima_key_x509(k), &hash, NULL, NULL, NULL) != 1 ||
	    ima_hash_by_nid(hash, &d.algo) < 0)
		return false;
	n = i2d_re_X509_tbs(ima_key_x509(k), &tbs);
	if (n <= 0 || EVP_Digest(tbs, (size_t)n, d.data, &len, EVP_get_digestbynid(hash), NULL) != 1)
		len = 0;
	OPENSSL_free(tbs);
	d.len = len;
	X509_get0_signature(&sig, NULL, ima_key_x509(k));
	id = (struct ima_bytes){ ASN1_STRING_get0_data(akid), (size_t)ASN1_STRING_length(akid) };
	return len && ima_keyring_verify_named(cas, &id, 1,
					       (struct ima_bytes){ ASN1_STRING_get0_data(sig), (size_t)ASN1_STRING_length(sig) },
					       &d) == IMA_SIG_GOOD;
}

enum ima_key_trust ima_key_judge(const struct ima_key *k, const struct ima_keyring *cas,
				 bool needs_usage)
{
	enum ima_key_trust trust = IMA_KEY_UNSIGNED;

	ERR_set_mark();
	for (size_t i = 0; i < ima_keyring_n_keys(cas) && trust != IMA_KEY_TRUSTED; i++) {
		const struct ima_key *ca = ima_keyring_key(cas, i);

		if (X509_NAME_cmp(X509_get_issuer_name(ima_key_x509(k)), X509_get_subject_name(ima_key_x509(ca))) ||
		    !ima_x509_is_signed_by(ima_key_x509(k), ima_key_x509(ca), 0))
			continue;
		trust = may_sign_certificates(ca) ? IMA_KEY_TRUSTED : IMA_KEY_NO_CA;
	}
	if (trust != IMA_KEY_TRUSTED && kernel_signed(k, cas))
		trust = IMA_KEY_TRUSTED;
	ERR_pop_to_mark();
	if (trust == IMA_KEY_TRUSTED && needs_usage &&
	    (!(X509_get_extension_flags(ima_key_x509(k)) & EXFLAG_KUSAGE) ||
	     !(X509_get_key_usage(ima_key_x509(k)) & KU_DIGITAL_SIGNATURE)))
		trust = IMA_KEY_WRONG_USE;
	return trust;
}

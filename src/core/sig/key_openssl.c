/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Certificates and verification by libcrypto, in the default library context: imad makes its keys before it waits for
 * files, so that what the library loads is loaded by then.
 */
#include "core/sig/key.h"
#include "core/sig/key_openssl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "core/sig/pem_openssl.h"
#include "core/sig/pool.h"

#define NAME_MAX_LEN 256

struct ima_key {
	X509 *cert;
	EVP_PKEY *pkey; /* borrowed from cert */
	struct ima_pool *pool;
	bool rsa;
	uint8_t issuer_end[4], skid_end[4];
	bool has_skid;
	char name[NAME_MAX_LEN];
	char algorithm[32];
};

struct ima_key *ima_key_free(struct ima_key *k)
{
	if (k) {
		ima_pool_free(k->pool);
		X509_free(k->cert);
		free(k);
	}
	return NULL;
}

X509 *ima_x509_from_der(struct ima_bytes cert)
{
	const unsigned char *at = cert.data;
	X509 *x = d2i_X509(NULL, &at, (long)cert.len);

	if (x && at != cert.data + cert.len) {
		X509_free(x);
		return NULL;
	}
	return x;
}

static X509 *parse_pem(struct ima_bytes cert)
{
	BIO *b = BIO_new_mem_buf(cert.data, (int)cert.len);
	X509 *x = b ? PEM_read_bio_X509(b, NULL, ima_pem_no_password, NULL) : NULL;

	BIO_free(b);
	return x;
}

static int name_rsa(struct ima_key *k)
{
	k->rsa = true;
	snprintf(k->algorithm, sizeof(k->algorithm), "rsa%d", EVP_PKEY_get_bits(k->pkey));
	return 0;
}

static int name_ec(struct ima_key *k)
{
	static const char *const curves[] = { "prime256v1", "secp384r1", "secp521r1", "SM2" };
	char group[32];

	if (EVP_PKEY_get_group_name(k->pkey, group, sizeof(group), NULL) != 1)
		return -ENOPKG;
	for (size_t i = 0; i < IMA_N_ELEMENTS(curves); i++) {
		if (strcmp(group, curves[i]))
			continue;
		snprintf(k->algorithm, sizeof(k->algorithm), "%s", group);
		return 0;
	}
	return -ENOPKG;
}

static int take_pkey(struct ima_key *k)
{
	k->pkey = X509_get0_pubkey(k->cert);
	if (!k->pkey)
		return -ENOPKG;
	if (EVP_PKEY_is_a(k->pkey, "RSA"))
		return name_rsa(k);
	if (EVP_PKEY_is_a(k->pkey, "EC") || EVP_PKEY_is_a(k->pkey, "SM2"))
		return name_ec(k);
	return -ENOPKG;
}

static int take_ids(struct ima_key *k)
{
	const ASN1_OCTET_STRING *skid = X509_get0_subject_key_id(k->cert);
	unsigned char *issuer = NULL;
	const int len = i2d_X509_NAME(X509_get_issuer_name(k->cert), &issuer);

	if (len < 4) {
		OPENSSL_free(issuer);
		return -EBADMSG;
	}
	memcpy(k->issuer_end, issuer + len - 4, 4);
	OPENSSL_free(issuer);
	if (skid && ASN1_STRING_length(skid) >= 4) {
		k->has_skid = true;
		memcpy(k->skid_end, ASN1_STRING_get0_data(skid) + ASN1_STRING_length(skid) - 4, 4);
	}
	X509_NAME_oneline(X509_get_subject_name(k->cert), k->name, sizeof(k->name));
	return 0;
}

int ima_key_parse(struct ima_bytes cert, struct ima_key **ret, struct ima_diag *diag)
{
	struct ima_key *k;
	int r;

	if (!cert.len || cert.len > 1U << 20)
		return ima_diag_text(diag, -EBADMSG, "not a certificate");
	k = calloc(1, sizeof(*k));
	if (!k)
		return -ENOMEM;
	ERR_set_mark();
	k->cert = cert.data[0] == 0x30 ? ima_x509_from_der(cert) : parse_pem(cert);
	r = k->cert ? take_pkey(k) : -EBADMSG;
	if (r == 0)
		r = take_ids(k);
	if (r == 0)
		r = ima_pool_new(k->pkey, NULL, NULL, 0, &k->pool);
	ERR_pop_to_mark();
	if (r == -EBADMSG)
		r = ima_diag_text(diag, r, "not an X.509 certificate in DER or PEM");
	else if (r == -ENOPKG)
		r = ima_diag_text(diag, r, "the certificate's kind of key is none that signatures are verified with (RSA, ECDSA P-256, P-384, P-521, SM2)");
	if (r < 0) {
		ima_key_free(k);
		return r;
	}
	*ret = k;
	return 0;
}

static uint32_t be32(const uint8_t b[static 4])
{
	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

int ima_key_id(const struct ima_key *k, uint32_t *ret)
{
	if (!k->has_skid)
		return -ENOENT;
	*ret = be32(k->skid_end);
	return 0;
}

int ima_key_public_id(const struct ima_key *k, uint32_t *ret)
{
	const ASN1_BIT_STRING *bits = X509_get0_pubkey_bitstr(k->cert);
	uint8_t sha[SHA_DIGEST_LENGTH];

	if (!bits || !SHA1(ASN1_STRING_get0_data(bits), (size_t)ASN1_STRING_length(bits), sha))
		return -EIO;
	*ret = be32(sha + SHA_DIGEST_LENGTH - 4);
	return 0;
}

bool ima_key_answers_to(const struct ima_key *k, uint32_t keyid)
{
	return be32(k->issuer_end) == keyid || (k->has_skid && be32(k->skid_end) == keyid);
}

X509 *ima_key_x509(const struct ima_key *k)
{
	return k->cert;
}

bool ima_key_is_same(const struct ima_key *a, const struct ima_key *b)
{
	return X509_cmp(a->cert, b->cert) == 0;
}

const char *ima_key_name(const struct ima_key *k)
{
	return k->name;
}

const char *ima_key_algorithm(const struct ima_key *k)
{
	return k->algorithm;
}

bool ima_key_is_expired(const struct ima_key *k)
{
	return X509_cmp_current_time(X509_get0_notAfter(k->cert)) < 0;
}

int ima_hash_by_nid(int nid, enum ima_hash_algo *ret)
{
	static const struct {
		int nid;
		enum ima_hash_algo algo;
	} known[] = {
		{ NID_sha1, IMA_HASH_SHA1 },	     { NID_sha224, IMA_HASH_SHA224 },
		{ NID_sha256, IMA_HASH_SHA256 },     { NID_sha384, IMA_HASH_SHA384 },
		{ NID_sha512, IMA_HASH_SHA512 },     { NID_sm3, IMA_HASH_SM3 },
		{ NID_sha3_256, IMA_HASH_SHA3_256 }, { NID_sha3_384, IMA_HASH_SHA3_384 },
		{ NID_sha3_512, IMA_HASH_SHA3_512 },
	};

	for (size_t i = 0; i < IMA_N_ELEMENTS(known); i++) {
		if (known[i].nid != nid)
			continue;
		*ret = known[i].algo;
		return 0;
	}
	return -ENOPKG;
}

/* what the kernel verifies ECDSA over */
static bool is_ecdsa_hash(enum ima_hash_algo algo)
{
	switch (algo) {
	case IMA_HASH_SHA1:
	case IMA_HASH_SHA224:
	case IMA_HASH_SHA256:
	case IMA_HASH_SHA384:
	case IMA_HASH_SHA512:
	case IMA_HASH_SHA3_256:
	case IMA_HASH_SHA3_384:
	case IMA_HASH_SHA3_512:
		return true;
	default:
		return false;
	}
}

enum ima_sig_verdict ima_key_verify(const struct ima_key *k, struct ima_bytes sig,
				    const struct ima_digest *digest)
{
	if (!k->rsa && !is_ecdsa_hash(digest->algo) && digest->algo != IMA_HASH_SM3)
		return IMA_SIG_NO_ALGORITHM;
	return ima_pool_verify(k->pool, sig, digest);
}

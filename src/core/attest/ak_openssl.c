/* SPDX-License-Identifier: BSD-2-Clause */
/* Attestation keys and their signatures by libcrypto: RSASSA, RSAPSS and ECDSA, over the quote's bytes as they are. */
#include "core/attest/ak.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

#include "base/buffer.h"
#include "base/diag.h"
#include "base/hex.h"
#include "base/reader.h"
#include "core/attest/public.h"
#include "core/sig/key_openssl.h"
#include "core/sig/pem_openssl.h"

#define ALG_RSASSA 0x0014
#define ALG_RSAPSS 0x0016
#define ALG_ECDSA 0x0018
#define CERT_MAX (64U << 10)

struct ima_ak {
	EVP_PKEY *pkey;
	X509 *cert; /* when it came in one */
	bool rsa, from_tpm;
	uint32_t attributes;
	uint8_t name[2 + IMA_DIGEST_MAX];
	size_t name_len;
	char algorithm[32];
	char fingerprint[65];
	uint8_t *source;
	size_t source_len;
};

struct ima_ak *ima_ak_free(struct ima_ak *k)
{
	if (k) {
		free(k->source);
		EVP_PKEY_free(k->pkey);
		X509_free(k->cert);
		free(k);
	}
	return NULL;
}

static EVP_PKEY *build(const char *type, OSSL_PARAM_BLD *b)
{
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(b);
	EVP_PKEY_CTX *ctx = params ? EVP_PKEY_CTX_new_from_name(NULL, type, NULL) : NULL;
	EVP_PKEY *pkey = NULL;

	if (!ctx || EVP_PKEY_fromdata_init(ctx) != 1 || EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
		pkey = NULL;
	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_free(params);
	return pkey;
}

static EVP_PKEY *rsa_key(const struct ima_tpm_public *p)
{
	OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
	BIGNUM *n = BN_bin2bn(p->x.data, (int)p->x.len, NULL);
	EVP_PKEY *pkey = NULL;

	if (b && n && OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
	    OSSL_PARAM_BLD_push_ulong(b, OSSL_PKEY_PARAM_RSA_E, p->exponent) == 1)
		pkey = build("RSA", b);
	BN_free(n);
	OSSL_PARAM_BLD_free(b);
	return pkey;
}

static const char *curve_name(uint16_t curve, size_t *ret_len)
{
	switch (curve) {
	case 3:
		*ret_len = 32;
		return "prime256v1";
	case 4:
		*ret_len = 48;
		return "secp384r1";
	case 5:
		*ret_len = 66;
		return "secp521r1";
	default:
		return NULL;
	}
}

static EVP_PKEY *ecc_key(const struct ima_tpm_public *p)
{
	uint8_t point[1 + 2 * 66] = { 4 };
	OSSL_PARAM_BLD *b;
	EVP_PKEY *pkey = NULL;
	size_t len = 0;
	const char *name = curve_name(p->curve, &len);

	if (!name || p->x.len > len || p->y.len > len)
		return NULL;
	memcpy(point + 1 + len - p->x.len, p->x.data, p->x.len);
	memcpy(point + 1 + 2 * len - p->y.len, p->y.data, p->y.len);
	b = OSSL_PARAM_BLD_new();
	if (b && OSSL_PARAM_BLD_push_utf8_string(b, OSSL_PKEY_PARAM_GROUP_NAME, name, 0) == 1 &&
	    OSSL_PARAM_BLD_push_octet_string(b, OSSL_PKEY_PARAM_PUB_KEY, point, 1 + 2 * len) == 1)
		pkey = build("EC", b);
	OSSL_PARAM_BLD_free(b);
	return pkey;
}

static int set_name(struct ima_ak *k, const struct ima_tpm_public *p)
{
	enum ima_hash_algo algo;
	unsigned int len = 0;
	EVP_MD *md;

	if (ima_hash_by_tpm_alg(p->name_alg, &algo) < 0)
		return -ENOPKG;
	md = EVP_MD_fetch(NULL, ima_hash_name(algo), NULL);
	k->name[0] = (uint8_t)(p->name_alg >> 8);
	k->name[1] = (uint8_t)p->name_alg;
	if (md && EVP_Digest(p->area.data, p->area.len, k->name + 2, &len, md, NULL) == 1)
		k->name_len = 2 + len;
	EVP_MD_free(md);
	return len ? 0 : -ENOPKG;
}

static int from_public(struct ima_ak *k, const struct ima_tpm_public *p)
{
	k->pkey = p->type == IMA_TPM_ALG_RSA ? rsa_key(p) : ecc_key(p);
	k->from_tpm = true;
	k->attributes = p->attributes;
	return k->pkey ? set_name(k, p) : -ENOPKG;
}

/* what remains after a whole DER object is no part of it */
static EVP_PKEY *from_der(struct ima_ak *k, struct ima_bytes in)
{
	const unsigned char *at = in.data;
	EVP_PKEY *pkey = d2i_PUBKEY(NULL, &at, (long)in.len);

	if (pkey && at == in.data + in.len)
		return pkey;
	EVP_PKEY_free(pkey);
	k->cert = ima_x509_from_der(in);
	return k->cert ? X509_get_pubkey(k->cert) : NULL;
}

static EVP_PKEY *from_pem(struct ima_ak *k, struct ima_bytes in)
{
	BIO *b = BIO_new_mem_buf(in.data, (int)in.len);
	EVP_PKEY *pkey = b ? PEM_read_bio_PUBKEY(b, NULL, ima_pem_no_password, NULL) : NULL;

	if (b && !pkey && BIO_reset(b) == 1) {
		k->cert = PEM_read_bio_X509(b, NULL, ima_pem_no_password, NULL);
		pkey = k->cert ? X509_get_pubkey(k->cert) : NULL;
	}
	BIO_free(b);
	return pkey;
}

static int set_algorithm(struct ima_ak *k)
{
	static const char *const curves[] = { "prime256v1", "secp384r1", "secp521r1" };
	char group[32] = "";

	k->rsa = EVP_PKEY_is_a(k->pkey, "RSA");
	if (k->rsa) {
		snprintf(k->algorithm, sizeof(k->algorithm), "rsa%d", EVP_PKEY_get_bits(k->pkey));
		return 0;
	}
	if (EVP_PKEY_is_a(k->pkey, "EC") && EVP_PKEY_get_group_name(k->pkey, group, sizeof(group), NULL) == 1)
		for (size_t i = 0; i < IMA_N_ELEMENTS(curves); i++)
			if (!strcmp(group, curves[i])) {
				snprintf(k->algorithm, sizeof(k->algorithm), "%s", group);
				return 0;
			}
	return -ENOPKG;
}

static int parse(struct ima_ak *k, struct ima_bytes in)
{
	struct ima_tpm_public p;
	int r = ima_tpm_public_parse(in, &p);

	if (r == 0)
		r = from_public(k, &p);
	if (r == -EBADMSG) {
		k->pkey = in.data[0] == 0x30 ? from_der(k, in) : from_pem(k, in);
		r = k->pkey ? 0 : -EBADMSG;
	}
	return r < 0 ? r : set_algorithm(k);
}

static void set_fingerprint(struct ima_ak *k)
{
	unsigned char *der = NULL;
	uint8_t sha[32] = { 0 };
	const int len = i2d_PUBKEY(k->pkey, &der);

	if (len > 0)
		ima_ignore(EVP_Digest(der, (size_t)len, sha, NULL, EVP_sha256(), NULL));
	OPENSSL_free(der);
	ima_hex_encode(sha, sizeof(sha), k->fingerprint);
	k->fingerprint[64] = 0;
}

static int keep_source(struct ima_ak *k, struct ima_bytes in)
{
	k->source = malloc(in.len);
	if (!k->source)
		return -ENOMEM;
	memcpy(k->source, in.data, in.len);
	k->source_len = in.len;
	return 0;
}

int ima_ak_parse(struct ima_bytes in, struct ima_ak **ret, struct ima_diag *diag)
{
	struct ima_ak *k;
	int r;

	if (!in.len || in.len > CERT_MAX)
		return ima_diag_text(diag, -EBADMSG, "not an attestation key");
	k = calloc(1, sizeof(*k));
	if (!k)
		return -ENOMEM;
	ERR_set_mark();
	r = parse(k, in);
	if (r == 0)
		r = keep_source(k, in);
	if (r == 0)
		set_fingerprint(k);
	ERR_pop_to_mark();
	if (r == -ENOMEM) {
		ima_ak_free(k);
		return r;
	}
	if (r < 0) {
		ima_ak_free(k);
		return ima_diag_text(diag, r, r == -ENOPKG ? "the attestation key is of a kind that is not supported" :
							     "not an attestation key: neither a TPM's public area nor a public key nor a certificate");
	}
	*ret = k;
	return 0;
}

struct ima_bytes ima_ak_name(const struct ima_ak *k)
{
	return (struct ima_bytes){ k->name, k->name_len };
}

bool ima_ak_is_same_key(const struct ima_ak *a, const struct ima_ak *b)
{
	return EVP_PKEY_eq(a->pkey, b->pkey) == 1;
}

bool ima_ak_is_restricted(const struct ima_ak *k)
{
	const uint32_t must = IMA_TPMA_FIXED_TPM | IMA_TPMA_FIXED_PARENT | IMA_TPMA_SENSITIVE_ORIGIN | IMA_TPMA_RESTRICTED |
			      IMA_TPMA_SIGN;

	return k->from_tpm && (k->attributes & must) == must && !(k->attributes & IMA_TPMA_DECRYPT);
}

const char *ima_ak_algorithm(const struct ima_ak *k)
{
	return k->algorithm;
}

unsigned int ima_ak_bits(const struct ima_ak *k)
{
	return (unsigned int)EVP_PKEY_get_bits(k->pkey);
}

bool ima_ak_is_rsa(const struct ima_ak *k)
{
	return k->rsa;
}

void ima_ak_fingerprint(const struct ima_ak *k, char ret[65])
{
	memcpy(ret, k->fingerprint, sizeof(k->fingerprint));
}

struct ima_bytes ima_ak_source(const struct ima_ak *k)
{
	return (struct ima_bytes){ k->source, k->source_len };
}

/* a signature taken apart; ECDSA in the DER that libcrypto takes */
struct tpm_signature {
	uint16_t scheme;
	enum ima_hash_algo algo;
	uint8_t der[IMA_QUOTE_MAX];
	size_t len;
};

static int read_rs(struct ima_reader *in, struct tpm_signature *s)
{
	struct ima_bytes part[2];
	unsigned char *at = s->der;
	ECDSA_SIG *sig = ECDSA_SIG_new();
	BIGNUM *r, *v;
	int len = -1;

	for (size_t i = 0; i < 2; i++) {
		uint16_t n;

		if (ima_read_u16(in, &n) < 0 || n > 66 || ima_read_bytes(in, n, &part[i]) < 0) {
			ECDSA_SIG_free(sig);
			return -EBADMSG;
		}
	}
	r = BN_bin2bn(part[0].data, (int)part[0].len, NULL);
	v = BN_bin2bn(part[1].data, (int)part[1].len, NULL);
	if (sig && r && v && ECDSA_SIG_set0(sig, r, v) == 1) {
		r = v = NULL;
		len = i2d_ECDSA_SIG(sig, &at);
	}
	BN_free(r);
	BN_free(v);
	ECDSA_SIG_free(sig);
	s->len = len > 0 ? (size_t)len : 0;
	return len > 0 ? 0 : -ENOMEM;
}

static int read_rsa(struct ima_reader *in, struct tpm_signature *s)
{
	struct ima_bytes sig;
	uint16_t n;

	if (ima_read_u16(in, &n) < 0 || n > sizeof(s->der) || ima_read_bytes(in, n, &sig) < 0)
		return -EBADMSG;
	memcpy(s->der, sig.data, sig.len);
	s->len = sig.len;
	return 0;
}

static int read_signature(struct ima_bytes in, struct tpm_signature *s)
{
	struct ima_reader r = ima_reader_init(in, IMA_ORDER_BIG);
	uint16_t hash;
	int e;

	if (in.len > IMA_QUOTE_MAX || ima_read_u16(&r, &s->scheme) < 0 || ima_read_u16(&r, &hash) < 0)
		return -EBADMSG;
	if (ima_hash_by_tpm_alg(hash, &s->algo) < 0)
		return -ENOPKG;
	if (s->scheme == ALG_ECDSA)
		e = read_rs(&r, s);
	else if (s->scheme == ALG_RSASSA || s->scheme == ALG_RSAPSS)
		e = read_rsa(&r, s);
	else
		return -ENOPKG;
	return e == 0 && ima_reader_left(&r) ? -EBADMSG : e;
}

static int set_padding(EVP_PKEY_CTX *ctx, uint16_t scheme)
{
	if (scheme == ALG_RSASSA)
		return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING);
	if (scheme != ALG_RSAPSS)
		return 1;
	/* TPMs differ in the length of the salt */
	return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
	       EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_AUTO) == 1;
}

static enum ima_quote_verdict verify(const struct ima_ak *k, struct ima_bytes attest, const struct tpm_signature *s)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pctx = NULL;
	enum ima_quote_verdict v = IMA_QUOTE_UNCHECKED;

	if (ctx && EVP_DigestVerifyInit_ex(ctx, &pctx, ima_hash_name(s->algo), NULL, NULL, k->pkey, NULL) == 1 &&
	    set_padding(pctx, s->scheme) == 1)
		v = EVP_DigestVerify(ctx, s->der, s->len, attest.data, attest.len) == 1 ? IMA_QUOTE_GOOD : IMA_QUOTE_BAD;
	EVP_MD_CTX_free(ctx);
	return v;
}

enum ima_quote_verdict ima_ak_verify(const struct ima_ak *k, struct ima_bytes attest, struct ima_bytes signature,
				     enum ima_hash_algo *ret_algo, struct ima_diag *diag)
{
	struct tpm_signature s = { 0 };
	enum ima_quote_verdict v;
	const int r = read_signature(signature, &s);

	if (r < 0 || k->rsa == (s.scheme == ALG_ECDSA)) {
		ima_ignore(ima_diag_text(diag, r, r == -ENOPKG ? "the signature's scheme or hash is not supported" :
						  r < 0	     ? "the signature is damaged" :
							       "the signature's scheme is not that of the key"));
		return r == -ENOMEM ? IMA_QUOTE_UNCHECKED : IMA_QUOTE_BAD;
	}
	ERR_set_mark();
	v = verify(k, attest, &s);
	ERR_pop_to_mark();
	if (v != IMA_QUOTE_GOOD)
		ima_ignore(ima_diag_text(diag, -EBADMSG, "the key did not sign this"));
	if (ret_algo)
		*ret_algo = s.algo;
	return v;
}

struct ima_ak_chain {
	X509_STORE *store;
	size_t n;
};

int ima_ak_chain_new(struct ima_ak_chain **ret)
{
	struct ima_ak_chain *c = calloc(1, sizeof(*c));

	if (c)
		c->store = X509_STORE_new();
	if (!c || !c->store) {
		free(c);
		return -ENOMEM;
	}
	*ret = c;
	return 0;
}

struct ima_ak_chain *ima_ak_chain_free(struct ima_ak_chain *c)
{
	if (c) {
		X509_STORE_free(c->store);
		free(c);
	}
	return NULL;
}

size_t ima_ak_chain_n(const struct ima_ak_chain *c)
{
	return c ? c->n : 0;
}

/* takes @cert; NULL: there is none */
static int add_cert(struct ima_ak_chain *c, X509 *cert)
{
	const int r = !cert ? -EBADMSG : X509_STORE_add_cert(c->store, cert) == 1 ? 0 : -ENOMEM;

	X509_free(cert);
	c->n += r == 0;
	return r;
}

/* every certificate of a bundle, whatever stands between them */
static int add_pem(struct ima_ak_chain *c, struct ima_bytes in)
{
	BIO *b = BIO_new_mem_buf(in.data, (int)in.len);
	int r = b ? add_cert(c, PEM_read_bio_X509(b, NULL, ima_pem_no_password, NULL)) : -ENOMEM;

	while (r == 0) {
		X509 *x = PEM_read_bio_X509(b, NULL, ima_pem_no_password, NULL);

		if (!x) {
			r = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE ? 0 : -EBADMSG;
			break;
		}
		r = add_cert(c, x);
	}
	BIO_free(b);
	return r;
}

int ima_ak_chain_add(struct ima_ak_chain *c, struct ima_bytes certs, struct ima_diag *diag)
{
	int r;

	if (!certs.len || certs.len > CERT_MAX)
		return ima_diag_text(diag, -EBADMSG, "not a certificate");
	ERR_set_mark();
	r = certs.data[0] == 0x30 ? add_cert(c, ima_x509_from_der(certs)) : add_pem(c, certs);
	ERR_pop_to_mark();
	return r == -EBADMSG ? ima_diag_text(diag, r, "not a certificate in DER, or certificates in PEM") : r;
}

enum ima_quote_verdict ima_ak_chain_verify(const struct ima_ak_chain *c, const struct ima_ak *k, struct ima_diag *diag)
{
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	enum ima_quote_verdict v = IMA_QUOTE_UNCHECKED;

	ERR_set_mark();
	if (!k->cert) {
		ima_ignore(ima_diag_text(diag, -EBADMSG, "there is no certificate"));
	} else if (ctx && X509_STORE_CTX_init(ctx, c->store, k->cert, NULL) == 1) {
		/* makers of TPMs put a key's purposes and critical extensions as they please: only the chain counts */
		X509_STORE_CTX_set_flags(ctx, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_IGNORE_CRITICAL);
		v = X509_verify_cert(ctx) == 1 ? IMA_QUOTE_GOOD : IMA_QUOTE_BAD;
		if (v == IMA_QUOTE_BAD)
			ima_ignore(ima_diag_text(diag, -EBADMSG, "%s",
						 X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx))));
	}
	ERR_pop_to_mark();
	X509_STORE_CTX_free(ctx);
	return v;
}

int ima_ak_pem(const struct ima_ak *k, struct ima_buffer *out)
{
	BIO *b = BIO_new(BIO_s_mem());
	char *text = NULL;
	long len = b && PEM_write_bio_PUBKEY(b, k->pkey) == 1 ? BIO_get_mem_data(b, &text) : 0;
	const int r = len > 0 ? ima_buffer_append(out, text, (size_t)len) : -ENOMEM;

	BIO_free(b);
	return r;
}

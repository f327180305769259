/* SPDX-License-Identifier: BSD-2-Clause */
/* Signing by libcrypto. A key is refused before anything is written when the kernel could not verify what it signs. */
#include <ima/signer.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/decoder.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include "base/diag.h"
#include "core/sig/names.h"

struct ima_signer {
	EVP_PKEY *pkey;
	bool rsa;
	uint32_t keyid;
};

struct ima_signer *ima_signer_free(struct ima_signer *s)
{
	if (s) {
		EVP_PKEY_free(s->pkey);
		free(s);
	}
	return NULL;
}

struct password {
	const char *text;
	bool asked;
};

/* without a password nothing is asked at a terminal */
static int give_password(char *buf, int size, int writing, void *user)
{
	struct password *p = user;
	const size_t len = p->text ? strlen(p->text) : 0;

	p->asked = true;
	if (!p->text || len > (size_t)size)
		return -1;
	memcpy(buf, p->text, len);
	return (int)len;
}

static EVP_PKEY *parse_key(struct ima_bytes key, struct password *p)
{
	BIO *b = BIO_new_mem_buf(key.data, (int)key.len);
	EVP_PKEY *pkey = NULL;

	if (b && key.data[0] == 0x30)
		pkey = d2i_PrivateKey_bio(b, NULL);
	else if (b)
		pkey = PEM_read_bio_PrivateKey(b, NULL, give_password, p);
	BIO_free(b);
	return pkey;
}

static int check_kind(struct ima_signer *s)
{
	char group[32];

	if (EVP_PKEY_is_a(s->pkey, "RSA")) {
		s->rsa = true;
		return 0;
	}
	if (!EVP_PKEY_is_a(s->pkey, "EC") ||
	    EVP_PKEY_get_group_name(s->pkey, group, sizeof(group), NULL) != 1)
		return -ENOPKG;
	return !strcmp(group, "prime256v1") || !strcmp(group, "secp384r1") || !strcmp(group, "secp521r1") ?
		       0 :
		       -ENOPKG;
}

/* as a certificate's subject key identifier is made most often: SHA-1 of the public key's bits, its last four bytes */
static int keyid_of_public(struct ima_signer *s)
{
	X509_PUBKEY *pub = NULL;
	const unsigned char *bits = NULL;
	uint8_t sha[SHA_DIGEST_LENGTH];
	int len = 0, r = -EIO;

	if (X509_PUBKEY_set(&pub, s->pkey) == 1 && X509_PUBKEY_get0_param(NULL, &bits, &len, NULL, pub) == 1 &&
	    SHA1(bits, (size_t)len, sha)) {
		s->keyid = (uint32_t)sha[16] << 24 | (uint32_t)sha[17] << 16 | (uint32_t)sha[18] << 8 | sha[19];
		r = 0;
	}
	X509_PUBKEY_free(pub);
	return r;
}

static int explain(struct ima_diag *diag, int error)
{
	switch (error) {
	case -EBADMSG:
		return ima_diag_text(diag, error, "not a private key in PEM or DER");
	case -EKEYREJECTED:
		return ima_diag_text(diag, error, "the private key is encrypted, and the password is missing or wrong");
	case -ENOPKG:
		return ima_diag_text(diag, error, "the kernel verifies RSA and ECDSA (P-256, P-384, P-521) signatures; this key makes neither");
	default:
		return ima_diag_text(diag, error, "%s", strerror(-error));
	}
}

int ima_signer_parse(struct ima_bytes key, const char *password, struct ima_signer **ret,
		     struct ima_diag *diag)
{
	static const char begin_cert[] = "-----BEGIN CERTIFICATE";
	struct password p = { .text = password };
	struct ima_signer *s;
	int r = 0;

	if (!key.len || key.len > 1U << 20)
		return explain(diag, -EBADMSG);
	s = calloc(1, sizeof(*s));
	if (!s)
		return explain(diag, -ENOMEM);
	ERR_set_mark();
	s->pkey = parse_key(key, &p);
	if (!s->pkey)
		r = p.asked ? -EKEYREJECTED : -EBADMSG;
	if (r == 0)
		r = check_kind(s);
	if (r == 0)
		r = keyid_of_public(s);
	ERR_pop_to_mark();
	if (r < 0) {
		ima_signer_free(s);
		return explain(diag, r);
	}
	if (key.data[0] != 0x30 && memmem(key.data, key.len, begin_cert, sizeof(begin_cert) - 1)) {
		r = ima_signer_set_cert(s, key, diag);
		if (r < 0) {
			ima_signer_free(s);
			return r;
		}
	}
	*ret = s;
	return 0;
}

static X509 *parse_cert(struct ima_bytes cert)
{
	BIO *b = BIO_new_mem_buf(cert.data, (int)cert.len);
	X509 *x = NULL;

	if (b && cert.len && cert.data[0] == 0x30)
		x = d2i_X509_bio(b, NULL);
	else if (b)
		x = PEM_read_bio_X509(b, NULL, NULL, NULL);
	BIO_free(b);
	return x;
}

int ima_signer_set_cert(struct ima_signer *s, struct ima_bytes cert, struct ima_diag *diag)
{
	struct ima_key *key = NULL;
	X509 *x;
	uint32_t id = 0;
	bool same;
	int r;

	ERR_set_mark();
	x = parse_cert(cert);
	same = x && EVP_PKEY_eq(X509_get0_pubkey(x), s->pkey) == 1;
	ERR_pop_to_mark();
	r = !x ? ima_diag_text(diag, -EBADMSG, "not an X.509 certificate in DER or PEM") :
	    !same ? ima_diag_text(diag, -EINVAL, "the certificate is another key's") :
		    ima_key_parse(cert, &key, diag);
	if (r == 0 && ima_key_id(key, &id) < 0)
		r = ima_diag_text(diag, -ENOENT, "the certificate has no subject key identifier");
	if (r == 0)
		s->keyid = id;
	ima_key_free(key);
	X509_free(x);
	return r;
}

void ima_signer_set_keyid(struct ima_signer *s, uint32_t keyid)
{
	s->keyid = keyid;
}

uint32_t ima_signer_keyid(const struct ima_signer *s)
{
	return s->keyid;
}

static int sign(const struct ima_signer *s, EVP_PKEY_CTX *ctx, const struct ima_digest *digest, uint8_t *ret,
		size_t *len)
{
	EVP_MD *md = EVP_MD_fetch(NULL, ima_library_hash_name(digest->algo), NULL);
	int r = -ENOPKG;

	if (md && EVP_PKEY_sign_init(ctx) == 1 &&
	    (!s->rsa || EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1) &&
	    EVP_PKEY_CTX_set_signature_md(ctx, md) == 1)
		r = EVP_PKEY_sign(ctx, ret, len, digest->data, digest->len) == 1 ? 0 : -EIO;
	EVP_MD_free(md);
	return r;
}

int ima_signer_sign(const struct ima_signer *s, enum ima_xattr_type type, uint8_t version,
		    const struct ima_digest *digest, uint8_t *ret, size_t *ret_len)
{
	struct ima_signature head = { .type = (uint8_t)type, .version = version, .algo = digest->algo,
				      .keyid = s->keyid };
	size_t len = IMA_SIGNER_MAX_VALUE - IMA_SIGNATURE_HEADER;
	EVP_PKEY_CTX *ctx;
	int r = -EIO;

	if ((size_t)EVP_PKEY_get_size(s->pkey) > len)
		return -ENOPKG;
	ERR_set_mark();
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, s->pkey, NULL);
	if (ctx)
		r = sign(s, ctx, digest, ret + IMA_SIGNATURE_HEADER, &len);
	EVP_PKEY_CTX_free(ctx);
	ERR_pop_to_mark();
	head.sig = (struct ima_bytes){ ret + IMA_SIGNATURE_HEADER, len };
	if (r == 0)
		r = ima_signature_head(&head, ret);
	if (r == 0)
		*ret_len = IMA_SIGNATURE_HEADER + len;
	return r;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Signing by libcrypto. A key is refused before anything is written when the kernel could not verify what it signs. */
#include <ima/signer.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/diag.h"
#include "core/sig/pem_openssl.h"
#include "core/sig/pool.h"
#include "core/sig/private_key.h"
#include "core/sig/public_id.h"

struct ima_signer {
	struct ima_private_key key;
	struct ima_pool *sign, *verify;
	uint32_t keyid;
	bool has_cert;
};

struct ima_signer *ima_signer_free(struct ima_signer *s)
{
	if (s) {
		ima_pool_free(s->sign);
		ima_pool_free(s->verify);
		ima_private_key_done(&s->key);
		free(s);
	}
	return NULL;
}

static int check_kind(EVP_PKEY *pkey)
{
	char group[32];

	if (EVP_PKEY_is_a(pkey, "RSA"))
		return 0;
	if (!EVP_PKEY_is_a(pkey, "EC") || EVP_PKEY_get_group_name(pkey, group, sizeof(group), NULL) != 1)
		return -ENOPKG;
	return !strcmp(group, "prime256v1") || !strcmp(group, "secp384r1") || !strcmp(group, "secp521r1") ?
		       0 :
		       -ENOPKG;
}

/* @key is the signer's from here on, whatever comes of it */
static int signer_new(struct ima_private_key *key, struct ima_signer **ret, struct ima_diag *diag)
{
	const unsigned int device = key->in_device ? IMA_POOL_DEVICE : 0;
	struct ima_signer *s = calloc(1, sizeof(*s));
	int r;

	if (!s) {
		ima_private_key_done(key);
		return ima_diag_text(diag, -ENOMEM, "out of memory");
	}
	s->key = *key;
	ERR_set_mark();
	r = check_kind(s->key.pkey);
	if (r == 0)
		r = ima_public_id(s->key.pkey, &s->keyid);
	if (r == 0)
		r = ima_pool_new(s->key.pkey, s->key.lib, s->key.properties, IMA_POOL_SIGN | device, &s->sign);
	if (r == 0)
		r = ima_pool_new(s->key.pkey, s->key.lib, NULL, device, &s->verify);
	ERR_pop_to_mark();
	if (r < 0) {
		ima_signer_free(s);
		return ima_diag_text(diag, r, "%s",
				     r == -ENOPKG ? "the kernel verifies RSA and ECDSA (P-256, P-384, P-521) signatures; this key makes neither" :
						    strerror(-r));
	}
	*ret = s;
	return 0;
}

int ima_signer_parse(struct ima_bytes key, const char *password, struct ima_signer **ret,
		     struct ima_diag *diag)
{
	static const char begin_cert[] = "-----BEGIN CERTIFICATE";
	struct ima_private_key k;
	struct ima_signer *s;
	int r = ima_private_key_parse(key, password, &k, diag);

	if (r == 0)
		r = signer_new(&k, &s, diag);
	if (r == 0 && key.data[0] != 0x30 && memmem(key.data, key.len, begin_cert, sizeof(begin_cert) - 1)) {
		r = ima_signer_set_cert(s, key, diag);
		if (r < 0)
			ima_signer_free(s);
	}
	if (r == 0)
		*ret = s;
	return r;
}

int ima_signer_open(const char *uri, const struct ima_signer_opts *opts, struct ima_signer **ret,
		    struct ima_diag *diag)
{
	static const struct ima_signer_opts zero;
	struct ima_private_key k;
	int r;

	opts = opts ? opts : &zero;
	if (memcmp(opts->reserved, zero.reserved, sizeof(zero.reserved)))
		return ima_diag_text(diag, -EINVAL, "reserved fields must be zero");
	r = ima_private_key_open(uri, opts, &k, diag);
	return r < 0 ? r : signer_new(&k, ret, diag);
}

static X509 *parse_cert(struct ima_bytes cert)
{
	BIO *b = BIO_new_mem_buf(cert.data, (int)cert.len);
	X509 *x = NULL;

	if (b && cert.len && cert.data[0] == 0x30)
		x = d2i_X509_bio(b, NULL);
	else if (b)
		x = PEM_read_bio_X509(b, NULL, ima_pem_no_password, NULL);
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
	same = x && EVP_PKEY_eq(X509_get0_pubkey(x), s->key.pkey) == 1;
	ERR_pop_to_mark();
	r = !x ? ima_diag_text(diag, -EBADMSG, "not an X.509 certificate in DER or PEM") :
	    !same ? ima_diag_text(diag, -EINVAL, "the certificate is another key's") :
		    ima_key_parse(cert, &key, diag);
	if (r == 0 && ima_key_id(key, &id) < 0)
		r = ima_diag_text(diag, -ENOENT, "the certificate has no subject key identifier");
	if (r == 0)
		s->keyid = id;
	s->has_cert |= r == 0;
	ima_key_free(key);
	X509_free(x);
	return r;
}

void ima_signer_set_keyid(struct ima_signer *s, uint32_t keyid)
{
	s->keyid = keyid;
}

bool ima_signer_has_cert(const struct ima_signer *s)
{
	return s->has_cert;
}

bool ima_signer_is_p256(const struct ima_signer *s)
{
	char group[32] = "";

	return EVP_PKEY_get_group_name(s->key.pkey, group, sizeof(group), NULL) == 1 && OBJ_txt2nid(group) == NID_X9_62_prime256v1;
}

size_t ima_signer_max_signature(const struct ima_signer *s)
{
	const int n = EVP_PKEY_get_size(s->key.pkey);

	return n > 0 ? (size_t)n : 0;
}

uint32_t ima_signer_keyid(const struct ima_signer *s)
{
	return s->keyid;
}

int ima_signer_sign(const struct ima_signer *s, enum ima_xattr_type type, uint8_t version,
		    const struct ima_digest *digest, uint8_t *ret, size_t *ret_len)
{
	struct ima_signature head = { .type = (uint8_t)type, .version = version, .algo = digest->algo,
				      .keyid = s->keyid };
	size_t len = IMA_SIGNER_MAX_VALUE - IMA_SIGNATURE_HEADER;
	int r;

	if ((size_t)EVP_PKEY_get_size(s->key.pkey) > len)
		return -ENOPKG;
	r = ima_pool_sign(s->sign, digest, ret + IMA_SIGNATURE_HEADER, &len);
	head.sig = (struct ima_bytes){ ret + IMA_SIGNATURE_HEADER, len };
	if (r == 0)
		r = ima_signature_head(&head, ret);
	if (r == 0)
		*ret_len = IMA_SIGNATURE_HEADER + len;
	return r;
}

enum ima_sig_verdict ima_signer_verify(const struct ima_signer *s, const struct ima_signature *sig,
				       const struct ima_digest *digest)
{
	if (sig->keyid != s->keyid)
		return IMA_SIG_NO_KEY;
	if (digest->algo != sig->algo)
		return IMA_SIG_BAD;
	return ima_pool_verify(s->verify, sig->sig, digest);
}

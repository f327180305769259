/* SPDX-License-Identifier: BSD-2-Clause */
/* Keys and certificates by libcrypto. Text of a private key is in memory that is wiped when it is given back. */
#include "core/sig/keypair.h"

#include <errno.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "core/sig/public_id.h"

#define ROUNDS 210000 /* of PBKDF2: a fifth of a second here */
#define SERIAL_BITS 159 /* RFC 5280: at most 20 bytes, positive */
#define MAX_PRIVATE (64U << 10)

struct ima_keypair {
	EVP_PKEY *key;
	X509 *cert; /* NULL: none yet */
};

static const char *const kinds[] = { "rsa2048", "rsa3072", "rsa4096", "p256", "p384", NULL };

const char *const *ima_keypair_kinds(void)
{
	return kinds;
}

static EVP_PKEY *generate(const char *kind)
{
	if (!strcmp(kind, "rsa2048"))
		return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
	if (!strcmp(kind, "rsa3072"))
		return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)3072);
	if (!strcmp(kind, "rsa4096"))
		return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)4096);
	return EVP_PKEY_Q_keygen(NULL, NULL, "EC", strcmp(kind, "p256") ? "P-384" : "P-256");
}

int ima_keypair_new(const char *kind, struct ima_keypair **ret)
{
	struct ima_keypair *k;
	size_t i = 0;

	while (kinds[i] && strcmp(kinds[i], kind))
		i++;
	if (!kinds[i])
		return -ENOPKG;
	k = calloc(1, sizeof(*k));
	if (!k)
		return -ENOMEM;
	ERR_set_mark();
	k->key = generate(kind);
	ERR_pop_to_mark();
	if (!k->key) {
		ima_keypair_free(k);
		return -EIO;
	}
	*ret = k;
	return 0;
}

struct ima_keypair *ima_keypair_free(struct ima_keypair *k)
{
	if (k) {
		EVP_PKEY_free(k->key);
		X509_free(k->cert);
		free(k);
	}
	return NULL;
}

/* without a password nothing is asked at a terminal */
static int give_password(char *buf, int size, int writing, void *user)
{
	const char *password = user;
	const size_t len = password ? strlen(password) : 0;

	if (!password || len > (size_t)size)
		return -1;
	memcpy(buf, password, len);
	return (int)len;
}

static X509 *read_cert(struct ima_bytes cert)
{
	BIO *b = cert.len ? BIO_new_mem_buf(cert.data, (int)cert.len) : NULL;
	X509 *x = NULL;

	if (b)
		x = cert.data[0] == 0x30 ? d2i_X509_bio(b, NULL) : PEM_read_bio_X509(b, NULL, give_password, NULL);
	BIO_free(b);
	return x;
}

static EVP_PKEY *read_key(struct ima_bytes key, const char *password)
{
	BIO *b = key.len ? BIO_new_mem_buf(key.data, (int)key.len) : NULL;
	EVP_PKEY *k = NULL;

	if (b)
		k = key.data[0] == 0x30 ? d2i_PrivateKey_bio(b, NULL) : PEM_read_bio_PrivateKey(b, NULL, give_password, ima_unconst(password));
	BIO_free(b);
	return k;
}

static int load(struct ima_keypair *k, struct ima_bytes key, const char *password, struct ima_bytes cert, struct ima_diag *diag)
{
	static const char encrypted[] = "ENCRYPTED";

	k->cert = read_cert(cert);
	if (!k->cert)
		return ima_diag_text(diag, -EBADMSG, "not an X.509 certificate in DER or PEM");
	k->key = read_key(key, password);
	if (!k->key && memmem(key.data, key.len, encrypted, sizeof(encrypted) - 1))
		return ima_diag_text(diag, -EKEYREJECTED, "the private key is encrypted, and the password is missing or wrong");
	if (!k->key)
		return ima_diag_text(diag, -EBADMSG, "not a private key in PEM or DER");
	if (EVP_PKEY_eq(X509_get0_pubkey(k->cert), k->key) != 1)
		return ima_diag_text(diag, -EINVAL, "the certificate is another key's");
	if (X509_check_ca(k->cert) != 1 || !X509_get0_subject_key_id(k->cert))
		return ima_diag_text(diag, -EPERM, "the certificate is no CA's, or has no subject key identifier");
	return 0;
}

int ima_keypair_load(struct ima_bytes key, const char *password, struct ima_bytes cert, struct ima_keypair **ret,
		     struct ima_diag *diag)
{
	struct ima_keypair *k = calloc(1, sizeof(*k));
	int r;

	if (!k)
		return -ENOMEM;
	ERR_set_mark();
	r = load(k, key, password, cert, diag);
	ERR_pop_to_mark();
	if (r < 0) {
		ima_keypair_free(k);
		return r;
	}
	*ret = k;
	return 0;
}

static bool set_serial(X509 *x)
{
	BIGNUM *n = BN_new();
	const bool ok = n && BN_rand(n, SERIAL_BITS, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
			BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x));

	BN_free(n);
	return ok;
}

static bool add_extension(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *e;
	bool ok;

	X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
	e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	ok = e && X509_add_ext(x, e, -1) == 1;
	X509_EXTENSION_free(e);
	return ok;
}

/* the identifiers first: the issuer's is copied from the subject's */
static bool add_extensions(X509 *x, X509 *issuer, enum ima_keypair_use use)
{
	const bool ca = use == IMA_KEYPAIR_CA;

	return add_extension(x, issuer, NID_subject_key_identifier, "hash") &&
	       add_extension(x, issuer, NID_authority_key_identifier, "keyid:always") &&
	       add_extension(x, issuer, NID_basic_constraints, ca ? "critical,CA:TRUE" : "critical,CA:FALSE") &&
	       add_extension(x, issuer, NID_key_usage, ca ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature") &&
	       (ca || add_extension(x, issuer, NID_ext_key_usage, "codeSigning"));
}

static bool fill(X509 *x, struct ima_keypair *k, enum ima_keypair_use use, const struct ima_keypair *issuer, const char *name,
		 unsigned int days)
{
	X509_NAME *subject = X509_get_subject_name(x);
	X509 *const above = issuer ? issuer->cert : x;

	return X509_set_version(x, X509_VERSION_3) == 1 && set_serial(x) &&
	       X509_gmtime_adj(X509_getm_notBefore(x), 0) && X509_time_adj_ex(X509_getm_notAfter(x), (int)days, 0, NULL) &&
	       X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8, (const unsigned char *)name, -1, -1, 0) == 1 &&
	       X509_set_issuer_name(x, X509_get_subject_name(above)) == 1 && X509_set_pubkey(x, k->key) == 1 &&
	       add_extensions(x, above, use);
}

int ima_keypair_certify(struct ima_keypair *k, enum ima_keypair_use use, const struct ima_keypair *issuer, const char *name,
			unsigned int days)
{
	const struct ima_keypair *by = issuer ? issuer : k;
	X509 *x;
	int r = 0;

	if (!*name || strlen(name) > 64) /* RFC 5280, ub-common-name */
		return -EINVAL;
	ERR_set_mark();
	x = X509_new();
	if (!x)
		r = -ENOMEM;
	else if (!fill(x, k, use, issuer, name, days) ||
		 X509_sign(x, by->key, EVP_PKEY_get_bits(by->key) == 384 ? EVP_sha384() : EVP_sha256()) <= 0)
		r = -EIO;
	ERR_pop_to_mark();
	if (r < 0) {
		X509_free(x);
		return r;
	}
	X509_free(k->cert);
	k->cert = x;
	return 0;
}

static int take_text(BIO *b, bool ok, struct ima_buffer *out)
{
	char *data = NULL;
	const long len = ok ? BIO_get_mem_data(b, &data) : 0;

	return len > 0 ? ima_buffer_append(out, data, (size_t)len) : -EIO;
}

int ima_keypair_cert(const struct ima_keypair *k, bool pem, struct ima_buffer *out)
{
	BIO *b = BIO_new(BIO_s_mem());
	const bool ok = b && (pem ? PEM_write_bio_X509(b, k->cert) : i2d_X509_bio(b, k->cert)) == 1;
	const int r = b ? take_text(b, ok, out) : -ENOMEM;

	BIO_free(b);
	return r;
}

static bool write_encrypted(BIO *b, PKCS8_PRIV_KEY_INFO *info, const char *password)
{
	X509_SIG *sig = PKCS8_encrypt(-1, EVP_aes_256_cbc(), password, (int)strlen(password), NULL, 0, ROUNDS, info);
	const bool ok = sig && PEM_write_bio_PKCS8(b, sig) == 1;

	X509_SIG_free(sig);
	return ok;
}

int ima_keypair_private(const struct ima_keypair *k, const char *password, struct ima_buffer *out)
{
	BIO *b = BIO_new(BIO_s_secmem());
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(k->key);
	int r = b && info ? ima_buffer_reserve(out, MAX_PRIVATE) : -ENOMEM;

	ERR_set_mark();
	if (r == 0)
		r = take_text(b, password ? write_encrypted(b, info, password) : PEM_write_bio_PKCS8_PRIV_KEY_INFO(b, info) == 1, out);
	ERR_pop_to_mark();
	PKCS8_PRIV_KEY_INFO_free(info);
	BIO_free(b);
	return r;
}

int ima_cert_der(struct ima_bytes cert, struct ima_buffer *out)
{
	struct ima_keypair k = { 0 };
	int r;

	ERR_set_mark();
	k.cert = read_cert(cert);
	r = k.cert ? ima_keypair_cert(&k, false, out) : -EBADMSG;
	ERR_pop_to_mark();
	X509_free(k.cert);
	return r;
}

int ima_public_key_id(struct ima_bytes key, uint32_t *ret)
{
	BIO *b = key.len ? BIO_new_mem_buf(key.data, (int)key.len) : NULL;
	EVP_PKEY *k = NULL;
	int r;

	ERR_set_mark();
	if (b)
		k = key.data[0] == 0x30 ? d2i_PUBKEY_bio(b, NULL) : PEM_read_bio_PUBKEY(b, NULL, give_password, NULL);
	r = k ? ima_public_id(k, ret) : -EBADMSG;
	ERR_pop_to_mark();
	EVP_PKEY_free(k);
	BIO_free(b);
	return r;
}

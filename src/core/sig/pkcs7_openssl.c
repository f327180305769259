/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Parsing by libcrypto's CMS reader; the decision is the kernel's, not CMS_verify()'s: no dates, no purposes, trust is "a key of the
 * ring", and what a signer's certificate says of itself does not matter. Source: docs/FORMATS.md "Appended signatures".
 */
#include "core/sig/pkcs7.h"

#include <errno.h>
#include <stdlib.h>

#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>

#include "base/cleanup.h"
#include "core/sig/key.h"
#include "core/sig/key_openssl.h"

/* each certificate may have been signed by each: what is looked at has an end */
#define MAX_SIGNERS 8
#define MAX_CERTS 32

struct ima_pkcs7 {
	CMS_ContentInfo *cms;
	STACK_OF(CMS_SignerInfo) *signers; /* borrowed from cms */
	STACK_OF(X509) *certs;             /* owned; NULL: none */
};

struct ima_pkcs7 *ima_pkcs7_free(struct ima_pkcs7 *p)
{
	if (p) {
		sk_X509_pop_free(p->certs, X509_free);
		CMS_ContentInfo_free(p->cms);
		free(p);
	}
	return NULL;
}

static int parse(struct ima_bytes der, struct ima_pkcs7 *p)
{
	const unsigned char *at = der.data;

	p->cms = d2i_CMS_ContentInfo(NULL, &at, (long)der.len);
	if (!p->cms || at != der.data + der.len ||
	    OBJ_obj2nid(CMS_get0_type(p->cms)) != NID_pkcs7_signed ||
	    OBJ_obj2nid(CMS_get0_eContentType(p->cms)) != NID_pkcs7_data || CMS_is_detached(p->cms) != 1)
		return -EBADMSG;
	p->signers = CMS_get0_SignerInfos(p->cms);
	p->certs = CMS_get1_certs(p->cms);
	if (!p->signers || sk_CMS_SignerInfo_num(p->signers) < 1 ||
	    sk_CMS_SignerInfo_num(p->signers) > MAX_SIGNERS || sk_X509_num(p->certs) > MAX_CERTS)
		return -EBADMSG;
	return 0;
}

int ima_pkcs7_parse(struct ima_bytes der, struct ima_pkcs7 **ret)
{
	struct ima_pkcs7 *p = calloc(1, sizeof(*p));
	int r;

	if (!p)
		return -ENOMEM;
	ERR_set_mark();
	r = parse(der, p);
	ERR_pop_to_mark();
	if (r < 0) {
		ima_pkcs7_free(p);
		return r;
	}
	*ret = p;
	return 0;
}

/* the kernel's names for signatures: RSA with PKCS#1 v1.5, which it knows by the key's OID only, ECDSA and SM2 */
static bool is_known_signature(int nid)
{
	switch (nid) {
	case NID_rsaEncryption:
	case NID_ecdsa_with_SHA1:
	case NID_ecdsa_with_SHA224:
	case NID_ecdsa_with_SHA256:
	case NID_ecdsa_with_SHA384:
	case NID_ecdsa_with_SHA512:
	case NID_SM2_with_SM3:
		return true;
	default:
		return false;
	}
}

static int algo_of(CMS_SignerInfo *si, enum ima_hash_algo *ret)
{
	X509_ALGOR *digest = NULL, *signature = NULL;
	const ASN1_OBJECT *oid;

	CMS_SignerInfo_get0_algs(si, NULL, NULL, &digest, &signature);
	X509_ALGOR_get0(&oid, NULL, NULL, signature);
	if (!is_known_signature(OBJ_obj2nid(oid)))
		return -ENOPKG;
	X509_ALGOR_get0(&oid, NULL, NULL, digest);
	return ima_hash_by_nid(OBJ_obj2nid(oid), ret);
}

int ima_pkcs7_algo(const struct ima_pkcs7 *p, enum ima_hash_algo *ret)
{
	return sk_CMS_SignerInfo_num(p->signers) == 1 ? algo_of(sk_CMS_SignerInfo_value(p->signers, 0), ret) :
							-EBADMSG;
}

/* a signer with the digest of the content by its algorithm */
struct signer {
	CMS_SignerInfo *si;
	struct ima_digest digest;
	struct ima_bytes sig;
	unsigned int version; /* of the profile */
};

static enum ima_sig_verdict verify_by(const struct signer *s, const struct ima_key *key)
{
	return ima_key_is_of_use(key, s->version) ? ima_key_verify(key, s->sig, &s->digest) : IMA_SIG_NO_ALGORITHM;
}

static enum ima_sig_verdict verify_by_certificate(const struct signer *s, X509 *cert)
{
	ima_cleanup(ima_freep) unsigned char *der = NULL;
	const int len = i2d_X509(cert, &der);
	struct ima_key *key = NULL;
	enum ima_sig_verdict v = IMA_SIG_NO_ALGORITHM;

	if (len > 0 && ima_key_parse((struct ima_bytes){ der, (size_t)len }, &key, NULL) == 0)
		v = verify_by(s, key);
	ima_key_free(key);
	return v;
}

static X509 *signer_certificate(const struct ima_pkcs7 *p, CMS_SignerInfo *si)
{
	for (int i = 0; i < sk_X509_num(p->certs); i++)
		if (CMS_SignerInfo_cert_cmp(si, sk_X509_value(p->certs, i)) == 0)
			return sk_X509_value(p->certs, i);
	return NULL;
}

/* the key of the ring that the signer's name stands for */
static const struct ima_key *signer_key(const struct ima_keyring *ring, CMS_SignerInfo *si)
{
	for (size_t i = 0; i < ima_keyring_n_keys(ring); i++)
		if (CMS_SignerInfo_cert_cmp(si, ima_key_x509(ima_keyring_key(ring, i))) == 0)
			return ima_keyring_key(ring, i);
	return NULL;
}

static bool is_same_name(X509 *a, X509 *b)
{
	return X509_NAME_cmp(X509_get_issuer_name(a), X509_get_issuer_name(b)) == 0 &&
	       ASN1_INTEGER_cmp(X509_get0_serialNumber(a), X509_get0_serialNumber(b)) == 0;
}

static const struct ima_key *key_of(const struct ima_keyring *ring, X509 *cert)
{
	for (size_t i = 0; i < ima_keyring_n_keys(ring); i++)
		if (is_same_name(ima_key_x509(ima_keyring_key(ring, i)), cert))
			return ima_keyring_key(ring, i);
	return NULL;
}

/* X509_check_issued() looks at key usage and extensions, too, which the kernel does not */
static bool is_issued_by(const struct signer *s, X509 *cert, X509 *issuer)
{
	const ASN1_OCTET_STRING *want = X509_get0_authority_key_id(cert);
	const ASN1_OCTET_STRING *have = X509_get0_subject_key_id(issuer);

	if (want && have && ASN1_OCTET_STRING_cmp(want, have))
		return false;
	return X509_NAME_cmp(X509_get_issuer_name(cert), X509_get_subject_name(issuer)) == 0 &&
	       ima_x509_is_signed_by(cert, issuer, s->version);
}

static X509 *issuer_in(const struct ima_pkcs7 *p, const struct signer *s, X509 *cert)
{
	for (int i = 0; i < sk_X509_num(p->certs); i++)
		if (is_issued_by(s, cert, sk_X509_value(p->certs, i)))
			return sk_X509_value(p->certs, i);
	return NULL;
}

static const struct ima_key *issuer_of(const struct ima_keyring *ring, const struct signer *s, X509 *cert)
{
	for (size_t i = 0; i < ima_keyring_n_keys(ring); i++)
		if (is_issued_by(s, cert, ima_key_x509(ima_keyring_key(ring, i))))
			return ima_keyring_key(ring, i);
	return NULL;
}

static bool is_revoked(const struct ima_keyring *ring, X509 *cert)
{
	const ASN1_OCTET_STRING *skid = X509_get0_subject_key_id(cert);
	const int len = skid ? ASN1_STRING_length(skid) : 0;

	return len >= 4 && ima_keyring_has_revoked(ring, ASN1_STRING_get0_data(skid) + len - 4);
}

/*
 * From the signer's certificate up, as far as the message goes; no certificate is looked at twice. One that is called like a key of the
 * ring is not that key yet: the ring's own must have signed what is below, the content or the last certificate.
 */
static enum ima_sig_verdict follow(const struct ima_pkcs7 *p, const struct ima_keyring *ring,
				   const struct signer *s, X509 *cert)
{
	X509 *below = NULL;

	for (int n = 0; cert && n < sk_X509_num(p->certs); n++) {
		const struct ima_key *key = key_of(ring, cert);

		if (is_revoked(ring, cert))
			return IMA_SIG_REVOKED;
		if (key && !below)
			return verify_by(s, key);
		if (key)
			return ima_x509_is_signed_by(below, ima_key_x509(key), s->version) ? IMA_SIG_GOOD : IMA_SIG_BAD;
		key = issuer_of(ring, s, cert);
		if (key)
			return is_revoked(ring, ima_key_x509(key)) ? IMA_SIG_REVOKED : IMA_SIG_GOOD;
		below = cert;
		cert = issuer_in(p, s, cert);
		if (cert == below)
			break;
	}
	return IMA_SIG_NO_KEY;
}

/* a name without the tag and length in front, as the kernel keeps it */
static struct ima_bytes content_of(const X509_NAME *name)
{
	const unsigned char *der;
	size_t der_len;
	long len;
	int tag, class;

	if (X509_NAME_get0_der(name, &der, &der_len) != 1 ||
	    ASN1_get_object(&der, &len, &tag, &class, (long)der_len) & 0x80)
		return (struct ima_bytes){ 0 };
	return (struct ima_bytes){ der, (size_t)len };
}

/* the signer by a key that only the kernel has: named by serial number and issuer, or by its identifier */
static enum ima_sig_verdict verify_in_kernel(const struct signer *s, const struct ima_keyring *ring)
{
	ASN1_OCTET_STRING *skid = NULL;
	ASN1_INTEGER *serial = NULL;
	X509_NAME *name = NULL;
	struct ima_bytes parts[2] = { 0 };

	if (CMS_SignerInfo_get0_signer_id(s->si, &skid, &name, &serial) != 1)
		return IMA_SIG_NO_KEY;
	if (skid) {
		parts[0] = (struct ima_bytes){ ASN1_STRING_get0_data(skid), (size_t)ASN1_STRING_length(skid) };
	} else {
		parts[0] = (struct ima_bytes){ ASN1_STRING_get0_data(serial), (size_t)ASN1_STRING_length(serial) };
		parts[1] = content_of(name);
	}
	return ima_keyring_verify_named(ring, parts, 2, s->sig, &s->digest);
}

static enum ima_sig_verdict verify_signer(const struct ima_pkcs7 *p, const struct ima_keyring *ring,
					  const struct signer *s)
{
	X509 *cert = signer_certificate(p, s->si);
	const struct ima_key *key = signer_key(ring, s->si);
	enum ima_sig_verdict v;

	if (cert) {
		v = verify_by_certificate(s, cert);
		if (v == IMA_SIG_GOOD)
			v = follow(p, ring, s, cert);
		if (v != IMA_SIG_NO_KEY)
			return v;
	}
	if (key && is_revoked(ring, ima_key_x509(key)))
		return IMA_SIG_REVOKED;
	return key ? verify_by(s, key) : verify_in_kernel(s, ring);
}

static enum ima_sig_verdict judge_signer(const struct ima_pkcs7 *p, const struct ima_keyring *ring,
					 unsigned int version, CMS_SignerInfo *si, ima_pkcs7_digest_fn digest, void *user)
{
	ASN1_OCTET_STRING *sig = CMS_SignerInfo_get0_signature(si);
	struct signer s = { .si = si, .version = version };
	enum ima_hash_algo algo;

	if (CMS_signed_get_attr_count(si) > 0)
		return IMA_SIG_BAD;
	if (algo_of(si, &algo) < 0)
		return IMA_SIG_NO_ALGORITHM;
	if (digest(user, algo, &s.digest) < 0)
		return IMA_SIG_UNCHECKED;
	s.sig = (struct ima_bytes){ ASN1_STRING_get0_data(sig), (size_t)ASN1_STRING_length(sig) };
	return verify_signer(p, ring, &s);
}

enum ima_sig_verdict ima_pkcs7_verify(const struct ima_pkcs7 *p, const struct ima_keyring *ring, unsigned int version,
				      ima_pkcs7_digest_fn digest, void *user)
{
	enum ima_sig_verdict all = IMA_SIG_NO_KEY;

	ERR_set_mark();
	for (int i = 0; i < sk_CMS_SignerInfo_num(p->signers); i++) {
		const enum ima_sig_verdict v =
			judge_signer(p, ring, version, sk_CMS_SignerInfo_value(p->signers, i), digest, user);

		if (v == IMA_SIG_GOOD || (v == IMA_SIG_NO_ALGORITHM && all == IMA_SIG_NO_KEY)) {
			all = v;
		} else if (v != IMA_SIG_NO_KEY && v != IMA_SIG_NO_ALGORITHM) {
			all = v;
			break;
		}
	}
	ERR_pop_to_mark();
	return all;
}

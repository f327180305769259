/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Endorsement key by the standard RSA template (TCG EK Credential Profile, L-1): the persistent one when it is there, else made anew from the
 * TPM's seed, which gives the same key. It may be used only under the policy "knows the endorsement hierarchy's secret", which is empty.
 */
#include "core/attest/tpm_ak.h"

#include <errno.h>
#include <string.h>

#include <tss2/tss2_mu.h>

#include "base/diag.h"
#include "base/reader.h"
#include "core/pcr/tpm_tss2.h"

#define EK_HANDLE 0x81010001U
#define EK_CERT_NV 0x01c00002U
#define NV_BLOCK 1024
#define CERT_MAX 8192
#define TRIES 50

struct session {
	ESYS_CONTEXT *esys;
	ESYS_TR ek, policy, ak;
	bool ek_is_persistent;
};

static int fail(struct ima_tpm *t, TSS2_RC rc, struct ima_diag *diag, const char *what)
{
	return ima_tpm_tss2_fail(t, rc, diag, what);
}

static void drop(ESYS_CONTEXT *esys, ESYS_TR *handle)
{
	if (*handle != ESYS_TR_NONE)
		ima_ignore(Esys_FlushContext(esys, *handle));
	*handle = ESYS_TR_NONE;
}

static void session_end(struct session *s)
{
	drop(s->esys, &s->ak);
	drop(s->esys, &s->policy);
	if (s->ek_is_persistent && s->ek != ESYS_TR_NONE)
		ima_ignore(Esys_TR_Close(s->esys, &s->ek));
	else
		drop(s->esys, &s->ek);
}

static const TPM2B_PUBLIC ek_template = {
	.publicArea = {
		.type = TPM2_ALG_RSA,
		.nameAlg = TPM2_ALG_SHA256,
		.objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN |
				    TPMA_OBJECT_ADMINWITHPOLICY | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT,
		/* PolicySecret(TPM_RH_ENDORSEMENT) */
		.authPolicy = { .size = 32,
				.buffer = { 0x83, 0x71, 0x97, 0x67, 0x44, 0x84, 0xb3, 0xf8, 0x1a, 0x90, 0xcc,
					    0x8d, 0x46, 0xa5, 0xd7, 0x24, 0xfd, 0x52, 0xd7, 0x6e, 0x06, 0x52,
					    0x0b, 0x64, 0xf2, 0xa1, 0xda, 0x1b, 0x33, 0x14, 0x69, 0xaa } },
		.parameters.rsaDetail = { .symmetric = { .algorithm = TPM2_ALG_AES, .keyBits.aes = 128, .mode.aes = TPM2_ALG_CFB },
					  .scheme.scheme = TPM2_ALG_NULL, .keyBits = 2048 },
		.unique.rsa.size = 256,
	},
};

static const TPM2B_PUBLIC ak_templates[IMA_AK__LAST] = {
	[IMA_AK_RSA2048] = { .publicArea = {
		.type = TPM2_ALG_RSA,
		.nameAlg = TPM2_ALG_SHA256,
		.objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN |
				    TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_SIGN_ENCRYPT,
		.parameters.rsaDetail = { .symmetric.algorithm = TPM2_ALG_NULL,
					  .scheme = { .scheme = TPM2_ALG_RSASSA, .details.rsassa.hashAlg = TPM2_ALG_SHA256 },
					  .keyBits = 2048 },
	} },
	[IMA_AK_P256] = { .publicArea = {
		.type = TPM2_ALG_ECC,
		.nameAlg = TPM2_ALG_SHA256,
		.objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN |
				    TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_SIGN_ENCRYPT,
		.parameters.eccDetail = { .symmetric.algorithm = TPM2_ALG_NULL,
					  .scheme = { .scheme = TPM2_ALG_ECDSA, .details.ecdsa.hashAlg = TPM2_ALG_SHA256 },
					  .curveID = TPM2_ECC_NIST_P256, .kdf.scheme = TPM2_ALG_NULL },
	} },
};

/* another object at that handle (a key of another template) is left alone */
static bool is_ek(const TPM2B_PUBLIC *p)
{
	return p->publicArea.type == TPM2_ALG_RSA && p->publicArea.nameAlg == TPM2_ALG_SHA256 &&
	       p->publicArea.objectAttributes == ek_template.publicArea.objectAttributes &&
	       p->publicArea.authPolicy.size == 32 &&
	       !memcmp(p->publicArea.authPolicy.buffer, ek_template.publicArea.authPolicy.buffer, 32);
}

/* does the TPM have an object there? Asking for one that is not there is an error that the TSS logs */
static bool has_handle(ESYS_CONTEXT *esys, uint32_t handle)
{
	TPMS_CAPABILITY_DATA *cap = NULL;
	TPMI_YES_NO more;
	bool found = false;

	if (Esys_GetCapability(esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, TPM2_CAP_HANDLES, handle, 1, &more, &cap) ==
	    TSS2_RC_SUCCESS)
		found = cap->data.handles.count && cap->data.handles.handle[0] == handle;
	Esys_Free(cap);
	return found;
}

static void find_ek(struct session *s)
{
	TPM2B_PUBLIC *p = NULL;

	if (!has_handle(s->esys, EK_HANDLE) ||
	    Esys_TR_FromTPMPublic(s->esys, EK_HANDLE, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &s->ek))
		return;
	s->ek_is_persistent = true;
	if (Esys_ReadPublic(s->esys, s->ek, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &p, NULL, NULL) || !is_ek(p)) {
		ima_ignore(Esys_TR_Close(s->esys, &s->ek));
		s->ek = ESYS_TR_NONE;
		s->ek_is_persistent = false;
	}
	Esys_Free(p);
}

static int open_ek(struct ima_tpm *t, struct session *s, struct ima_diag *diag)
{
	static const TPM2B_SENSITIVE_CREATE no_sensitive;
	static const TPM2B_DATA no_data;
	static const TPML_PCR_SELECTION no_pcrs;
	TSS2_RC rc;

	*s = (struct session){ .esys = ima_tpm_esys(t), .ek = ESYS_TR_NONE, .policy = ESYS_TR_NONE, .ak = ESYS_TR_NONE };
	if (!s->esys)
		return ima_diag_text(diag, -ENODEV, "there is no TPM");
	find_ek(s);
	if (s->ek != ESYS_TR_NONE)
		return 0;
	rc = Esys_CreatePrimary(s->esys, ESYS_TR_RH_ENDORSEMENT, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &no_sensitive,
				&ek_template, &no_data, &no_pcrs, &s->ek, NULL, NULL, NULL, NULL);
	return rc ? fail(t, rc, diag, "the endorsement key cannot be made") : 0;
}

/* so that it need not be made for every quote; a TPM whose owner keeps that to himself refuses, and that is no error */
static void keep_ek(struct session *s)
{
	ESYS_TR kept = ESYS_TR_NONE;

	if (s->ek_is_persistent || has_handle(s->esys, EK_HANDLE))
		return;
	if (Esys_EvictControl(s->esys, ESYS_TR_RH_OWNER, s->ek, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, EK_HANDLE,
			      &kept) == TSS2_RC_SUCCESS)
		ima_ignore(Esys_TR_Close(s->esys, &kept));
}

/* a policy session serves one use of the endorsement key */
static int open_policy(struct ima_tpm *t, struct session *s, struct ima_diag *diag)
{
	static const TPMT_SYM_DEF no_encryption = { .algorithm = TPM2_ALG_NULL };
	TSS2_RC rc;

	drop(s->esys, &s->policy);
	rc = Esys_StartAuthSession(s->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, NULL,
				   TPM2_SE_POLICY, &no_encryption, TPM2_ALG_SHA256, &s->policy);
	if (rc == TSS2_RC_SUCCESS)
		rc = Esys_PolicySecret(s->esys, ESYS_TR_RH_ENDORSEMENT, s->policy, ESYS_TR_PASSWORD, ESYS_TR_NONE,
				       ESYS_TR_NONE, NULL, NULL, NULL, 0, NULL, NULL);
	return rc ? fail(t, rc, diag, "the endorsement hierarchy is not open") : 0;
}

static int put_public(const TPM2B_PUBLIC *p, struct ima_buffer *out)
{
	uint8_t bytes[sizeof(*p)];
	size_t at = 0;

	if (Tss2_MU_TPM2B_PUBLIC_Marshal(p, bytes, sizeof(bytes), &at))
		return -EIO;
	return ima_buffer_append(out, bytes, at);
}

void ima_ak_blobs_done(struct ima_ak_blobs *b)
{
	ima_buffer_done(&b->pub);
	ima_buffer_done(&b->priv);
}

static int read_nv(struct session *s, ESYS_TR nv, size_t size, struct ima_buffer *out)
{
	for (size_t at = 0; at < size;) {
		const uint16_t want = (uint16_t)(size - at < NV_BLOCK ? size - at : NV_BLOCK);
		TPM2B_MAX_NV_BUFFER *data = NULL;
		int r;

		if (Esys_NV_Read(s->esys, nv, nv, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, want, (uint16_t)at, &data))
			return -EIO;
		r = data->size ? ima_buffer_append(out, data->buffer, data->size) : -EIO;
		at += data->size;
		Esys_Free(data);
		if (r < 0)
			return r;
	}
	return 0;
}

/* what stands behind the certificate in its NV index is padding */
static void cut_to_der(struct ima_buffer *b)
{
	struct ima_reader in = ima_reader_init(ima_buffer_bytes(b), IMA_ORDER_BIG);
	uint8_t tag, form;
	uint16_t len;

	if (ima_read_u8(&in, &tag) < 0 || ima_read_u8(&in, &form) < 0 || ima_read_u16(&in, &len) < 0 || tag != 0x30 ||
	    form != 0x82 || (size_t)len + 4 > b->len)
		b->len = 0;
	else
		b->len = (size_t)len + 4;
}

static void read_ek_cert(struct session *s, struct ima_buffer *out)
{
	TPM2B_NV_PUBLIC *info = NULL;
	ESYS_TR nv;

	if (!has_handle(s->esys, EK_CERT_NV) ||
	    Esys_TR_FromTPMPublic(s->esys, EK_CERT_NV, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &nv))
		return;
	if (Esys_NV_ReadPublic(s->esys, nv, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &info, NULL) == TSS2_RC_SUCCESS &&
	    info->nvPublic.dataSize <= CERT_MAX && read_nv(s, nv, info->nvPublic.dataSize, out) == 0)
		cut_to_der(out);
	else
		out->len = 0;
	Esys_Free(info);
	ima_ignore(Esys_TR_Close(s->esys, &nv));
}

int ima_tpm_ek(struct ima_tpm *t, struct ima_buffer *ret_public, struct ima_buffer *ret_cert, struct ima_diag *diag)
{
	TPM2B_PUBLIC *p = NULL;
	struct session s;
	TSS2_RC rc;
	int r = open_ek(t, &s, diag);

	if (r < 0)
		return r;
	rc = Esys_ReadPublic(s.esys, s.ek, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &p, NULL, NULL);
	r = rc ? fail(t, rc, diag, "the endorsement key cannot be read") : put_public(p, ret_public);
	if (r == 0)
		read_ek_cert(&s, ret_cert);
	Esys_Free(p);
	session_end(&s);
	return r;
}

static int take_blobs(const TPM2B_PUBLIC *pub, const TPM2B_PRIVATE *priv, struct ima_ak_blobs *ret)
{
	uint8_t bytes[sizeof(*priv)];
	size_t at = 0;
	int r = put_public(pub, &ret->pub);

	if (r == 0 && Tss2_MU_TPM2B_PRIVATE_Marshal(priv, bytes, sizeof(bytes), &at))
		r = -EIO;
	return r < 0 ? r : ima_buffer_append(&ret->priv, bytes, at);
}

int ima_tpm_ak_create(struct ima_tpm *t, enum ima_ak_kind kind, struct ima_ak_blobs *ret, struct ima_diag *diag)
{
	static const TPM2B_SENSITIVE_CREATE no_sensitive;
	static const TPM2B_DATA no_data;
	static const TPML_PCR_SELECTION no_pcrs;
	struct ima_ak_blobs blobs = { 0 };
	TPM2B_PRIVATE *priv = NULL;
	TPM2B_PUBLIC *pub = NULL;
	struct session s;
	TSS2_RC rc;
	int r = open_ek(t, &s, diag);

	if (r == 0)
		r = open_policy(t, &s, diag);
	if (r == 0) {
		rc = Esys_Create(s.esys, s.ek, s.policy, ESYS_TR_NONE, ESYS_TR_NONE, &no_sensitive, &ak_templates[kind], &no_data,
				 &no_pcrs, &priv, &pub, NULL, NULL, NULL);
		r = rc ? fail(t, rc, diag, "the attestation key cannot be made") : take_blobs(pub, priv, &blobs);
	}
	if (r == 0) {
		keep_ek(&s);
		*ret = blobs;
	} else {
		ima_ak_blobs_done(&blobs);
	}
	Esys_Free(priv);
	Esys_Free(pub);
	if (s.esys)
		session_end(&s);
	return r;
}

static int load_ak(struct ima_tpm *t, struct session *s, const struct ima_ak_blobs *ak, struct ima_diag *diag)
{
	TPM2B_PRIVATE priv = { 0 };
	TPM2B_PUBLIC pub = { 0 };
	size_t at = 0, used = 0;
	TSS2_RC rc;
	int r;

	if (Tss2_MU_TPM2B_PUBLIC_Unmarshal(ak->pub.data, ak->pub.len, &at, &pub) || at != ak->pub.len ||
	    Tss2_MU_TPM2B_PRIVATE_Unmarshal(ak->priv.data, ak->priv.len, &used, &priv) || used != ak->priv.len)
		return ima_diag_text(diag, -EBADMSG, "the attestation key's files are damaged");
	r = open_policy(t, s, diag);
	if (r < 0)
		return r;
	rc = Esys_Load(s->esys, s->ek, s->policy, ESYS_TR_NONE, ESYS_TR_NONE, &priv, &pub, &s->ak);
	if (rc == TSS2_RC_SUCCESS)
		return 0;
	r = fail(t, rc, diag, "the attestation key is not of this TPM, or damaged");
	return rc & TSS2_RC_LAYER_MASK ? r : -EKEYREJECTED; /* the TPM's own word, or the way to it */
}

/* be32 magic | be32 version | TPM2B_ID_OBJECT | TPM2B_ENCRYPTED_SECRET */
static int read_challenge(struct ima_bytes in, TPM2B_ID_OBJECT *id, TPM2B_ENCRYPTED_SECRET *secret)
{
	struct ima_reader r = ima_reader_init(in, IMA_ORDER_BIG);
	uint32_t magic, version;
	size_t at = 8;

	if (ima_read_u32(&r, &magic) < 0 || ima_read_u32(&r, &version) < 0 || magic != 0xbadcc0de || version != 1)
		return -EBADMSG;
	if (Tss2_MU_TPM2B_ID_OBJECT_Unmarshal(in.data, in.len, &at, id) ||
	    Tss2_MU_TPM2B_ENCRYPTED_SECRET_Unmarshal(in.data, in.len, &at, secret) || at != in.len)
		return -EBADMSG;
	return 0;
}

int ima_tpm_ak_activate(struct ima_tpm *t, const struct ima_ak_blobs *ak, struct ima_bytes challenge,
			struct ima_buffer *ret_secret, struct ima_diag *diag)
{
	TPM2B_ENCRYPTED_SECRET secret = { 0 };
	TPM2B_ID_OBJECT id = { 0 };
	TPM2B_DIGEST *info = NULL;
	struct session s = { 0 };
	TSS2_RC rc;
	int r = read_challenge(challenge, &id, &secret);

	if (r < 0)
		return ima_diag_text(diag, r, "not a challenge, or a damaged one");
	r = open_ek(t, &s, diag);
	if (r == 0)
		r = load_ak(t, &s, ak, diag);
	if (r == 0)
		r = open_policy(t, &s, diag);
	if (r == 0) {
		rc = Esys_ActivateCredential(s.esys, s.ak, s.ek, ESYS_TR_PASSWORD, s.policy, ESYS_TR_NONE, &id, &secret, &info);
		if (rc) {
			ima_ignore(fail(t, rc, diag, "the challenge was not made for this TPM and key"));
			r = -EKEYREJECTED;
		}
	}
	if (r == 0)
		r = ima_buffer_append(ret_secret, info->buffer, info->size);
	Esys_Free(info);
	if (s.esys)
		session_end(&s);
	return r;
}

void ima_quote_parts_done(struct ima_quote_parts *p)
{
	ima_buffer_done(&p->attest);
	ima_buffer_done(&p->signature);
}

static int quote_once(struct ima_tpm *t, struct session *s, const struct ima_quote_want *want, struct ima_quote_parts *ret,
		      struct ima_diag *diag)
{
	static const TPMT_SIG_SCHEME key_scheme = { .scheme = TPM2_ALG_NULL };
	TPML_PCR_SELECTION sel = { .count = 1, .pcrSelections[0] = { .hash = ima_hash_tpm_alg(want->bank), .sizeofSelect = 3 } };
	TPM2B_DATA nonce = { .size = (uint16_t)want->nonce.len };
	uint8_t bytes[IMA_QUOTE_MAX];
	TPMT_SIGNATURE *sig = NULL;
	TPM2B_ATTEST *attest = NULL;
	size_t len = 0;
	TSS2_RC rc;
	int r;

	for (int i = 0; i < 3; i++)
		sel.pcrSelections[0].pcrSelect[i] = (uint8_t)(want->mask >> (8 * i));
	memcpy(nonce.buffer, want->nonce.data, want->nonce.len);
	rc = Esys_Quote(s->esys, s->ak, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &nonce, &key_scheme, &sel, &attest, &sig);
	if (rc)
		return fail(t, rc, diag, "TPM2_Quote");
	ret->attest.len = ret->signature.len = 0;
	r = ima_buffer_append(&ret->attest, attest->attestationData, attest->size);
	if (r == 0 && Tss2_MU_TPMT_SIGNATURE_Marshal(sig, bytes, sizeof(bytes), &len))
		r = -EIO;
	if (r == 0)
		r = ima_buffer_append(&ret->signature, bytes, len);
	Esys_Free(attest);
	Esys_Free(sig);
	return r;
}

static int read_values(struct ima_tpm *t, const struct ima_quote_want *want, struct ima_pcrs *ret, struct ima_diag *diag)
{
	const struct ima_pcr_bank *bank;
	struct ima_pcrs all, p = { .n_banks = 1 };
	const int r = ima_tpm_read(t, want->mask, &all);

	if (r < 0)
		return ima_diag_text(diag, r, "the PCRs cannot be read (0x%x)", t->last_rc);
	bank = ima_pcrs_bank_const(&all, want->bank);
	if (!bank || (bank->known & want->mask) != want->mask)
		return ima_diag_text(diag, -ENODEV, "the TPM has no %s bank with these PCRs", ima_hash_name(want->bank));
	p.banks[0] = *bank;
	*ret = p;
	return 0;
}

/* is the quote about these values? The signature's hash is the digest's */
static int is_about(struct ima_hasher *h, const struct ima_quote_parts *p)
{
	struct ima_digest d;
	struct ima_quote q;
	int r = ima_quote_parse(ima_buffer_bytes(&p->attest), &q, NULL);

	if (r == 0)
		r = ima_quote_digest(h, &q, &p->pcrs, IMA_HASH_SHA256, &d);
	return r < 0 ? r : d.len == q.pcr_digest.len && !memcmp(d.data, q.pcr_digest.data, d.len);
}

int ima_tpm_quote(struct ima_tpm *t, struct ima_hasher *h, const struct ima_ak_blobs *ak, const struct ima_quote_want *want,
		  struct ima_quote_parts *ret, struct ima_diag *diag)
{
	struct ima_quote_parts parts = { 0 };
	struct session s = { 0 };
	int r, tries = 0;

	if (want->nonce.len > IMA_QUOTE_NONCE_MAX || !want->mask)
		return ima_diag_text(diag, -EINVAL, "a nonce of at most %d bytes and a PCR are needed", IMA_QUOTE_NONCE_MAX);
	r = open_ek(t, &s, diag);
	if (r == 0)
		r = load_ak(t, &s, ak, diag);
	while (r == 0 && tries++ < TRIES) {
		r = quote_once(t, &s, want, &parts, diag);
		if (r == 0)
			r = read_values(t, want, &parts.pcrs, diag);
		if (r == 0)
			r = is_about(h, &parts);
	}
	if (s.esys)
		session_end(&s);
	if (r == 1) {
		*ret = parts;
		return 0;
	}
	ima_quote_parts_done(&parts);
	return r < 0 ? r : ima_diag_text(diag, -EAGAIN, "the PCRs change faster than they can be quoted");
}

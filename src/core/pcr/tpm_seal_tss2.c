/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sealing by TPM2_Create under a storage primary (ECC P-256, made anew each time from the owner's seed), unsealing by TPM2_Load and TPM2_Unseal.
 * Sessions are salted with the primary, so that the secret is never in the clear between here and the TPM. Every handle is flushed.
 */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "core/pcr/sealed.h"
#include "core/pcr/tpm_tss2.h"

#include <tss2/tss2_mu.h>

static const TPMT_SYM_DEF_OBJECT aes = { .algorithm = TPM2_ALG_AES, .keyBits.aes = 128, .mode.aes = TPM2_ALG_CFB };

/* what one operation has open in the TPM */
struct sealing {
	struct ima_tpm *t;
	ESYS_CONTEXT *esys;
	ESYS_TR primary, object, session;
};

static int fail(struct sealing *s, TSS2_RC rc, struct ima_diag *diag, const char *what)
{
	/* the TPM's own words for the two that a user can meet */
	switch (rc & ~(TSS2_RC)(TPM2_RC_P | TPM2_RC_N_MASK)) {
	case TPM2_RC_POLICY_FAIL:
		return ima_diag_text(diag, -EACCES, "the PCRs that it was sealed to have other values now");
	case TPM2_RC_INTEGRITY:
	case TPM2_RC_SIZE:
		return ima_diag_text(diag, -EKEYREJECTED, "sealed by another TPM, or damaged");
	default:
		return ima_tpm_tss2_fail(s->t, rc, diag, what);
	}
}

static void flush(struct sealing *s, ESYS_TR handle)
{
	if (handle != ESYS_TR_NONE)
		ima_ignore(Esys_FlushContext(s->esys, handle));
}

static void end(struct sealing *s)
{
	flush(s, s->session);
	flush(s, s->object);
	flush(s, s->primary);
}

static int make_primary(struct sealing *s, struct ima_diag *diag)
{
	const TPM2B_SENSITIVE_CREATE sensitive = { 0 };
	const TPM2B_DATA outside = { 0 };
	const TPML_PCR_SELECTION none = { 0 };
	const TPM2B_PUBLIC template = { .publicArea = {
		.type = TPM2_ALG_ECC,
		.nameAlg = TPM2_ALG_SHA256,
		.objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN |
				    TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_NODA | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT,
		.parameters.eccDetail = { .symmetric = aes, .scheme.scheme = TPM2_ALG_NULL, .curveID = TPM2_ECC_NIST_P256,
					  .kdf.scheme = TPM2_ALG_NULL },
	} };
	const TSS2_RC rc = Esys_CreatePrimary(s->esys, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &sensitive,
					      &template, &outside, &none, &s->primary, NULL, NULL, NULL, NULL);

	return rc ? fail(s, rc, diag, "TPM2_CreatePrimary under the owner hierarchy") : 0;
}

static int begin(struct sealing *s, struct ima_tpm *t, struct ima_diag *diag)
{
	*s = (struct sealing){ .t = t, .primary = ESYS_TR_NONE, .object = ESYS_TR_NONE, .session = ESYS_TR_NONE };
	s->esys = ima_tpm_esys(t);
	if (!s->esys || !strcmp(t->ops->name, "embedded"))
		return ima_diag_text(diag, -EOPNOTSUPP, "sealing needs a TPM of the machine's: the one in use is %s", t->ops->name);
	return make_primary(s, diag);
}

static int start_session(struct sealing *s, TPM2_SE type, TPMA_SESSION attributes, struct ima_diag *diag)
{
	const TPMT_SYM_DEF sym = { .algorithm = TPM2_ALG_AES, .keyBits.aes = 128, .mode.aes = TPM2_ALG_CFB };
	TSS2_RC rc = Esys_StartAuthSession(s->esys, s->primary, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, NULL, type,
					   &sym, TPM2_ALG_SHA256, &s->session);

	if (rc == 0 && attributes)
		rc = Esys_TRSess_SetAttributes(s->esys, s->session, attributes | TPMA_SESSION_CONTINUESESSION, 0xff);
	return rc ? fail(s, rc, diag, "TPM2_StartAuthSession") : 0;
}

/* the values that the PCRs have now */
static int bind_pcrs(struct sealing *s, const struct ima_sealed *sealed, struct ima_diag *diag)
{
	const TPM2B_DIGEST now = { 0 };
	TPML_PCR_SELECTION sel = { .count = 1 };
	TSS2_RC rc;

	sel.pcrSelections[0].hash = ima_hash_tpm_alg(sealed->bank);
	sel.pcrSelections[0].sizeofSelect = IMA_PCR_COUNT / 8;
	for (size_t i = 0; i < IMA_PCR_COUNT / 8; i++)
		sel.pcrSelections[0].pcrSelect[i] = (uint8_t)(sealed->pcrs >> (8 * i));
	rc = Esys_PolicyPCR(s->esys, s->session, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &now, &sel);
	return rc ? fail(s, rc, diag, "TPM2_PolicyPCR") : 0;
}

/* a trial run says which digest the policy comes to */
static int policy_digest(struct sealing *s, const struct ima_sealed *sealed, TPM2B_DIGEST *ret, struct ima_diag *diag)
{
	TPM2B_DIGEST *digest = NULL;
	TSS2_RC rc = 0;
	int r = start_session(s, TPM2_SE_TRIAL, 0, diag);

	if (r == 0)
		r = bind_pcrs(s, sealed, diag);
	if (r == 0)
		rc = Esys_PolicyGetDigest(s->esys, s->session, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &digest);
	if (rc)
		r = fail(s, rc, diag, "TPM2_PolicyGetDigest");
	if (r == 0)
		*ret = *digest;
	Esys_Free(digest);
	flush(s, s->session);
	s->session = ESYS_TR_NONE;
	return r;
}

static int keep_parts(const TPM2B_PUBLIC *public, const TPM2B_PRIVATE *private, struct ima_sealed *ret)
{
	ret->public_len = ret->private_len = 0;
	if (Tss2_MU_TPM2B_PUBLIC_Marshal(public, ret->public_part, sizeof(ret->public_part), &ret->public_len) ||
	    Tss2_MU_TPM2B_PRIVATE_Marshal(private, ret->private_part, sizeof(ret->private_part), &ret->private_len))
		return -EIO;
	return 0;
}

static int create(struct sealing *s, struct ima_bytes secret, const TPM2B_DIGEST *policy, struct ima_sealed *ret,
		  struct ima_diag *diag)
{
	TPM2B_SENSITIVE_CREATE sensitive = { .sensitive.data.size = (uint16_t)secret.len };
	const TPM2B_DATA outside = { 0 };
	const TPML_PCR_SELECTION none = { 0 };
	const TPM2B_PUBLIC template = { .publicArea = {
		.type = TPM2_ALG_KEYEDHASH,
		.nameAlg = TPM2_ALG_SHA256,
		.objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_NODA |
				    (policy->size ? 0 : TPMA_OBJECT_USERWITHAUTH),
		.authPolicy = *policy,
		.parameters.keyedHashDetail.scheme.scheme = TPM2_ALG_NULL,
	} };
	TPM2B_PRIVATE *private = NULL;
	TPM2B_PUBLIC *public = NULL;
	TSS2_RC rc;
	int r;

	memcpy(sensitive.sensitive.data.buffer, secret.data, secret.len);
	rc = Esys_Create(s->esys, s->primary, s->session, ESYS_TR_NONE, ESYS_TR_NONE, &sensitive, &template, &outside, &none,
			 &private, &public, NULL, NULL, NULL);
	explicit_bzero(&sensitive, sizeof(sensitive));
	r = rc ? fail(s, rc, diag, "TPM2_Create") : keep_parts(public, private, ret);
	Esys_Free(private);
	Esys_Free(public);
	return r;
}

int ima_tpm_seal(struct ima_tpm *t, struct ima_bytes secret, struct ima_sealed *sealed, struct ima_diag *diag)
{
	TPM2B_DIGEST policy = { 0 };
	struct sealing s;
	int r;

	if (!secret.len || secret.len > IMA_SEALED_MAX_SECRET)
		return ima_diag_text(diag, -EINVAL, "1 to %d bytes can be sealed", IMA_SEALED_MAX_SECRET);
	r = begin(&s, t, diag);
	if (r == 0 && sealed->pcrs)
		r = policy_digest(&s, sealed, &policy, diag);
	if (r == 0)
		r = start_session(&s, TPM2_SE_HMAC, TPMA_SESSION_DECRYPT, diag);
	if (r == 0)
		r = create(&s, secret, &policy, sealed, diag);
	end(&s);
	return r;
}

static int load(struct sealing *s, const struct ima_sealed *sealed, struct ima_diag *diag)
{
	TPM2B_PRIVATE private = { 0 };
	TPM2B_PUBLIC public = { 0 };
	size_t at = 0;
	TSS2_RC rc;

	if (Tss2_MU_TPM2B_PUBLIC_Unmarshal(sealed->public_part, sealed->public_len, &at, &public) || at != sealed->public_len)
		return ima_diag_text(diag, -EKEYREJECTED, "the public part is damaged");
	at = 0;
	if (Tss2_MU_TPM2B_PRIVATE_Unmarshal(sealed->private_part, sealed->private_len, &at, &private) ||
	    at != sealed->private_len)
		return ima_diag_text(diag, -EKEYREJECTED, "the private part is damaged");
	rc = Esys_Load(s->esys, s->primary, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &private, &public, &s->object);
	/* whatever the TPM dislikes of it: it made something else */
	if (rc && (rc & TSS2_RC_LAYER_MASK) == TSS2_TPM_RC_LAYER)
		return ima_diag_text(diag, -EKEYREJECTED, "sealed by another TPM, or damaged");
	return rc ? fail(s, rc, diag, "TPM2_Load") : 0;
}

static int unseal(struct sealing *s, uint8_t *ret, size_t *ret_len, struct ima_diag *diag)
{
	TPM2B_SENSITIVE_DATA *data = NULL;
	const TSS2_RC rc = Esys_Unseal(s->esys, s->object, s->session, ESYS_TR_NONE, ESYS_TR_NONE, &data);

	if (rc)
		return fail(s, rc, diag, "TPM2_Unseal");
	if (data->size > IMA_SEALED_MAX_SECRET) {
		Esys_Free(data);
		return ima_diag_text(diag, -EKEYREJECTED, "what is sealed is too long for a key");
	}
	memcpy(ret, data->buffer, data->size);
	*ret_len = data->size;
	explicit_bzero(data, sizeof(*data));
	Esys_Free(data);
	return 0;
}

int ima_tpm_unseal(struct ima_tpm *t, const struct ima_sealed *sealed, uint8_t ret[static IMA_SEALED_MAX_SECRET],
		   size_t *ret_len, struct ima_diag *diag)
{
	struct sealing s;
	int r = begin(&s, t, diag);

	if (r == 0)
		r = load(&s, sealed, diag);
	if (r == 0)
		r = start_session(&s, sealed->pcrs ? TPM2_SE_POLICY : TPM2_SE_HMAC, TPMA_SESSION_ENCRYPT, diag);
	if (r == 0 && sealed->pcrs)
		r = bind_pcrs(&s, sealed, diag);
	if (r == 0)
		r = unseal(&s, ret, ret_len, diag);
	end(&s);
	return r;
}

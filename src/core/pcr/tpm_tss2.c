/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A TPM over the TSS: one ESYS context, password sessions with empty authorization, no object left in the TPM.
 *
 * Promise: extend is one TPM2_PCR_Extend with a digest for every active bank; a TPM that has an active bank we cannot
 * name in that command is refused when it is opened, never half extended.
 */
#include "core/pcr/tpm_tss2.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tss2/tss2_rc.h>
#include <tss2/tss2_tctildr.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "core/pcr/tpm_internal.h"

/* the TPM_PT_VENDOR_STRING properties are four words of four characters */
#define VENDOR_WORDS 4

void ima_tpm_rc_text(uint32_t rc, char *ret, size_t size)
{
	snprintf(ret, size, "%s", Tss2_RC_Decode(rc));
}

int ima_tpm_tss2_fail(struct ima_tpm *t, TSS2_RC rc, struct ima_diag *diag, const char *what)
{
	char words[96];

	t->last_rc = rc;
	ima_tpm_rc_text(rc, words, sizeof(words));
	return ima_diag_text(diag, -EIO, "%s: %s (0x%x)", what, words, rc);
}

int ima_tpm_tss2_start(struct ima_tpm_tss2 *t, struct ima_diag *diag)
{
	TSS2_RC rc = Esys_Initialize(&t->esys, t->tcti, NULL);

	if (rc == TSS2_ESYS_RC_MEMORY)
		return -ENOMEM;
	if (rc)
		return ima_tpm_tss2_fail(&t->head, rc, diag, "TSS does not start");
	return 0;
}

void ima_tpm_tss2_stop(struct ima_tpm_tss2 *t)
{
	if (t->esys)
		Esys_Finalize(&t->esys);
}

static int get_capability(struct ima_tpm_tss2 *t, TPM2_CAP cap, uint32_t property, uint32_t n,
			  TPMS_CAPABILITY_DATA **ret, struct ima_diag *diag, const char *what)
{
	TPMI_YES_NO more;
	TSS2_RC rc = Esys_GetCapability(t->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, cap,
					property, n, &more, ret);

	if (rc == TPM2_RC_INITIALIZE)
		what = "TPM was not started by its firmware";
	if (rc)
		return ima_tpm_tss2_fail(&t->head, rc, diag, what);
	return 0;
}

/* bitmap of the PCRs that a selection names; PCRs past ours do not count */
static uint32_t selection_mask(const TPMS_PCR_SELECTION *s)
{
	uint32_t mask = 0;

	for (size_t i = 0; i < s->sizeofSelect && i < IMA_PCR_COUNT / 8; i++)
		mask |= (uint32_t)s->pcrSelect[i] << (8 * i);
	return mask;
}

static int add_bank(struct ima_tpm *t, const TPMS_PCR_SELECTION *s, struct ima_diag *diag)
{
	uint32_t mask = selection_mask(s);
	enum ima_hash_algo algo;

	if (!mask)
		return 0;
	if (t->n_banks == IMA_PCR_MAX_BANKS)
		return ima_diag_text(diag, -EIO, "TPM has more than %d active banks",
				     IMA_PCR_MAX_BANKS);
	switch (s->hash) {
	case TPM2_ALG_SHA1:
	case TPM2_ALG_SHA256:
	case TPM2_ALG_SHA384:
	case TPM2_ALG_SHA512:
	case TPM2_ALG_SM3_256:
		break;
	default:
		return ima_diag_text(diag, -EIO, "TPM bank 0x%04x is active and cannot be extended",
				     s->hash);
	}
	if (ima_hash_by_tpm_alg(s->hash, &algo) < 0)
		return ima_diag_text(diag, -EIO, "TPM bank 0x%04x is active and unknown", s->hash);
	t->bank_alg[t->n_banks] = s->hash;
	t->bank_hash[t->n_banks] = algo;
	t->bank_pcrs[t->n_banks] = mask;
	t->n_banks++;
	return 0;
}

/* appends " (vendor words)" to t->where; a TPM that does not tell is no error */
static void add_vendor(struct ima_tpm_tss2 *t)
{
	TPMS_CAPABILITY_DATA *cap = NULL;
	char words[4 * VENDOR_WORDS + 1] = "";
	size_t n = 0, used = strlen(t->head.where);

	if (get_capability(t, TPM2_CAP_TPM_PROPERTIES, TPM2_PT_VENDOR_STRING_1, VENDOR_WORDS, &cap,
			   NULL, "vendor") < 0)
		return;
	for (size_t i = 0; i < cap->data.tpmProperties.count && i < VENDOR_WORDS; i++) {
		uint32_t v = cap->data.tpmProperties.tpmProperty[i].value;

		for (int shift = 24; shift >= 0; shift -= 8) {
			char c = (char)(v >> shift & 0xff);

			if (c > 0x20 && c < 0x7f)
				words[n++] = c;
		}
	}
	Esys_Free(cap);
	if (n)
		snprintf(t->head.where + used, sizeof(t->head.where) - used, " (%s)", words);
}

int ima_tpm_tss2_banks(struct ima_tpm_tss2 *t, struct ima_diag *diag)
{
	TPMS_CAPABILITY_DATA *cap = NULL;
	int r;

	t->head.n_banks = 0;
	r = get_capability(t, TPM2_CAP_PCRS, 0, TPM2_MAX_CAP_HANDLES, &cap, diag,
			   "TPM does not tell its banks");
	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < cap->data.assignedPCR.count; i++)
		r = add_bank(&t->head, &cap->data.assignedPCR.pcrSelections[i], diag);
	Esys_Free(cap);
	if (r < 0)
		return r;
	if (t->head.n_banks == 0)
		return ima_diag_text(diag, -EIO, "TPM has no active PCR bank");
	add_vendor(t);
	t->head.last_rc = 0;
	return 0;
}

static struct ima_tpm_tss2 *of(struct ima_tpm *t)
{
	return (struct ima_tpm_tss2 *)t; /* head is the first member */
}

int ima_tpm_tss2_extend(struct ima_tpm *t, unsigned int pcr, const struct ima_tpm_digests *d)
{
	TPML_DIGEST_VALUES values = { 0 };
	TSS2_RC rc;

	/* a bank without this PCR would be passed over by the TPM without a word */
	for (size_t i = 0; i < t->n_banks; i++) {
		if (!(t->bank_pcrs[i] & 1U << pcr))
			continue;
		values.digests[values.count].hashAlg = t->bank_alg[i];
		memcpy(&values.digests[values.count].digest, d->d[i].data, d->d[i].len);
		values.count++;
	}
	if (values.count == 0)
		return ima_tpm_tss2_fail(t, TPM2_RC_PCR, NULL, "no bank has the PCR");

	rc = Esys_PCR_Extend(of(t)->esys, ESYS_TR_PCR0 + pcr, ESYS_TR_PASSWORD, ESYS_TR_NONE,
			     ESYS_TR_NONE, &values);
	if (rc)
		return ima_tpm_tss2_fail(t, rc, NULL, "TPM2_PCR_Extend");
	return 0;
}

/* takes over the digests of one answer; returns the bitmap of the PCRs that came, 0 when the answer makes no sense */
static uint32_t take_digests(const TPML_PCR_SELECTION *sel, const TPML_DIGEST *values,
			     uint32_t wanted, struct ima_pcr_bank *bank)
{
	uint32_t mask;
	size_t n = 0;

	if (sel->count != 1 || sel->pcrSelections[0].hash != ima_hash_tpm_alg(bank->algo))
		return 0;
	mask = selection_mask(&sel->pcrSelections[0]);
	if (mask & ~wanted || (size_t)__builtin_popcount(mask) != values->count)
		return 0;
	for (unsigned int i = 0; i < IMA_PCR_COUNT; i++) {
		if (!(mask & 1U << i))
			continue;
		if (values->digests[n].size != ima_hash_len(bank->algo))
			return 0;
		memcpy(bank->value[i], values->digests[n].buffer, values->digests[n].size);
		n++;
	}
	return mask;
}

/* the TPM answers with as many PCRs as fit (8): ask again for the rest */
int ima_tpm_tss2_read(struct ima_tpm *t, uint32_t mask, struct ima_pcr_bank *bank)
{
	while (mask) {
		TPML_PCR_SELECTION ask = { .count = 1 }, *got = NULL;
		TPML_DIGEST *values = NULL;
		uint32_t counter, came;
		TSS2_RC rc;

		ask.pcrSelections[0].hash = ima_hash_tpm_alg(bank->algo);
		ask.pcrSelections[0].sizeofSelect = IMA_PCR_COUNT / 8;
		for (size_t i = 0; i < IMA_PCR_COUNT / 8; i++)
			ask.pcrSelections[0].pcrSelect[i] = (uint8_t)(mask >> (8 * i));
		rc = Esys_PCR_Read(of(t)->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &ask,
				   &counter, &got, &values);
		if (rc)
			return ima_tpm_tss2_fail(t, rc, NULL, "TPM2_PCR_Read");
		came = take_digests(got, values, mask, bank);
		Esys_Free(got);
		Esys_Free(values);
		if (!came)
			return ima_tpm_tss2_fail(t, TSS2_ESYS_RC_MALFORMED_RESPONSE, NULL,
						 "TPM2_PCR_Read");
		bank->known |= came;
		mask &= ~came;
	}
	return 0;
}

int ima_tpm_tss2_command(struct ima_tpm *t, struct ima_bytes command, uint8_t *response, size_t *ret_len)
{
	TSS2_TCTI_CONTEXT *tcti = of(t)->tcti;
	size_t len = IMA_TPM_COMMAND_MAX;
	TSS2_RC rc = Tss2_Tcti_Transmit(tcti, command.len, command.data);

	if (rc == TSS2_RC_SUCCESS)
		rc = Tss2_Tcti_Receive(tcti, &len, response, TSS2_TCTI_TIMEOUT_BLOCK);
	if (rc)
		return ima_tpm_tss2_fail(t, rc, NULL, "TPM command");
	*ret_len = len;
	return 0;
}

/* TPM2_FlushContext as bytes: the handles are another program's, ESYS knows nothing of them */
static void flush_handle(struct ima_tpm *t, uint32_t handle)
{
	const uint8_t command[14] = { 0x80, 0x01, 0, 0, 0, 14, 0, 0, 0x01, 0x65, (uint8_t)(handle >> 24),
				      (uint8_t)(handle >> 16), (uint8_t)(handle >> 8), (uint8_t)handle };
	uint8_t response[IMA_TPM_COMMAND_MAX];
	size_t len;

	ima_ignore(ima_tpm_tss2_command(t, (struct ima_bytes){ command, sizeof(command) }, response, &len));
}

static void flush_handles(struct ima_tpm_tss2 *t, uint32_t first)
{
	TPMS_CAPABILITY_DATA *cap = NULL;

	if (get_capability(t, TPM2_CAP_HANDLES, first, TPM2_MAX_CAP_HANDLES, &cap, NULL, "handles") < 0)
		return;
	for (size_t i = 0; i < cap->data.handles.count; i++)
		flush_handle(&t->head, cap->data.handles.handle[i]);
	Esys_Free(cap);
}

void ima_tpm_flush(struct ima_tpm *t)
{
	if (!strcmp(t->ops->name, "none"))
		return;
	pthread_mutex_lock(&t->lock);
	flush_handles(of(t), TPM2_TRANSIENT_FIRST);
	flush_handles(of(t), TPM2_LOADED_SESSION_FIRST);
	pthread_mutex_unlock(&t->lock);
}

static void tss2_free(struct ima_tpm *t)
{
	ima_tpm_tss2_stop(of(t));
	Tss2_TctiLdr_Finalize(&of(t)->tcti);
	free(t);
}

static const struct ima_tpm_ops tss2_ops = {
	.name = "tss2",
	.extend = ima_tpm_tss2_extend,
	.read = ima_tpm_tss2_read,
	.command = ima_tpm_tss2_command,
	.free = tss2_free,
};

static void tss2_freep(struct ima_tpm_tss2 **t)
{
	if (*t)
		tss2_free(&(*t)->head);
}

/* the loader tells a spec that it cannot use from a TPM that is not there */
static int tcti_failed(struct ima_tpm *t, TSS2_RC rc, const char *tcti, struct ima_diag *diag)
{
	char what[96];

	snprintf(what, sizeof(what), "no TPM at %.60s", tcti);
	ima_tpm_tss2_fail(t, rc, diag, what);
	switch (rc & 0xffff) {
	case TSS2_BASE_RC_BAD_VALUE:
	case TSS2_BASE_RC_BAD_REFERENCE:
	case TSS2_BASE_RC_NOT_SUPPORTED:
		return -EINVAL;
	case TSS2_BASE_RC_MEMORY:
		return -ENOMEM;
	default:
		return -ENODEV;
	}
}

int ima_tpm_open_tss2(const char *tcti, struct ima_tpm **ret, struct ima_diag *diag)
{
	ima_cleanup(tss2_freep) struct ima_tpm_tss2 *t = calloc(1, sizeof(*t));
	const char *name = tcti ? tcti : "tss2 default";
	TSS2_RC rc;
	int r;

	if (!t)
		return -ENOMEM;
	t->head.ops = &tss2_ops;
	snprintf(t->head.where, sizeof(t->head.where), "%.90s", name);
	rc = Tss2_TctiLdr_Initialize(tcti, &t->tcti);
	if (rc)
		return tcti_failed(&t->head, rc, name, diag);
	r = ima_tpm_tss2_start(t, diag);
	if (r < 0)
		return r;
	r = ima_tpm_tss2_banks(t, diag);
	if (r < 0)
		return r;
	*ret = &ima_take(t)->head;
	return 0;
}

static void adopted_free(struct ima_tpm *t)
{
	ima_tpm_tss2_stop(of(t));
	if (of(t)->tcti)
		Tss2_Tcti_Finalize(of(t)->tcti);
	free(of(t)->tcti);
	free(t);
}

static const struct ima_tpm_ops adopted_ops = {
	.name = "tss2",
	.extend = ima_tpm_tss2_extend,
	.read = ima_tpm_tss2_read,
	.command = ima_tpm_tss2_command,
	.free = adopted_free,
};

int ima_tpm_adopt_tss2(TSS2_TCTI_CONTEXT *tcti, const char *where, struct ima_tpm **ret, struct ima_diag *diag)
{
	struct ima_tpm_tss2 *t = calloc(1, sizeof(*t));
	int r;

	if (!t)
		return -ENOMEM;
	t->head.ops = &adopted_ops;
	snprintf(t->head.where, sizeof(t->head.where), "%.90s", where);
	t->tcti = tcti;
	r = ima_tpm_tss2_start(t, diag);
	if (r == 0)
		r = ima_tpm_tss2_banks(t, diag);
	if (r < 0) {
		t->tcti = NULL; /* still the caller's */
		adopted_free(&t->head);
		return r;
	}
	*ret = &t->head;
	return 0;
}

ESYS_CONTEXT *ima_tpm_esys(struct ima_tpm *t)
{
	return strcmp(t->ops->name, "none") ? of(t)->esys : NULL;
}

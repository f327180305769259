/* SPDX-License-Identifier: BSD-2-Clause */
/* Each claim of the vector is said of some of the checks; a check that was not made never makes a claim better. */
#include "imactl/evidence_ear.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "core/attest/jwt.h"

#ifndef IMA_VERSION
#define IMA_VERSION "unknown"
#endif

/* AR4SI's values */
enum {
	VERIFIER_MALFUNCTION = -1, NO_CLAIM = 0,
	TRUSTWORTHY = 2,      /* instance, configuration, executables during and after boot, file system: approved */
	UNSAFE = 32,          /* recognised, with a weakness */
	UNRECOGNIZED = 33,    /* executables that nobody knows */
	CONTRAINDICATED = 96,
	UNRECOGNIZED_INSTANCE = 97,
	CRYPTO_FAILED = 99,
};

#define NONCE_MIN 8 /* of EAT */

struct evidence_ear {
	struct ima_signer *signer;
	json_t *submods, *nonce;
	size_t n_checked;
	bool nonces_differ;
	bool failed; /* out of memory */
};

int evidence_ear_new(const struct imactl_key_opts *key, struct evidence_ear **ret)
{
	struct evidence_ear *e = calloc(1, sizeof(*e));
	int r = e ? imactl_key_open(key, &e->signer) : imactl_fail(EXIT_UNABLE, "out of memory");

	if (!r && !ima_signer_is_p256(e->signer))
		r = imactl_fail(EXIT_UNABLE, "%s: ES256 wants an EC key on P-256", key->key);
	if (r) {
		evidence_ear_free(e);
		return r;
	}
	e->submods = json_object();
	*ret = e;
	return EXIT_GOOD;
}

struct evidence_ear *evidence_ear_free(struct evidence_ear *e)
{
	if (e) {
		ima_signer_free(e->signer);
		json_decref(e->submods);
		json_decref(e->nonce);
	}
	free(e);
	return NULL;
}

static bool failed(const struct ima_attestation *a, enum ima_check c)
{
	return a->checks[c].status == IMA_CHECK_FAIL;
}

/* every one of @n passed, or was left out; the first has to have passed */
static bool passed(const struct ima_attestation *a, const enum ima_check *c, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (a->checks[c[i]].status != IMA_CHECK_PASS && (!i || a->checks[c[i]].status != IMA_CHECK_SKIPPED))
			return false;
	return true;
}

static int instance(const struct ima_attestation *a)
{
	static const enum ima_check good[] = { IMA_CHECK_AK, IMA_CHECK_QUOTE, IMA_CHECK_SIGNATURE, IMA_CHECK_NONCE, IMA_CHECK_ARCHIVE, IMA_CHECK_CLOCK };

	if (failed(a, IMA_CHECK_ARCHIVE) || failed(a, IMA_CHECK_QUOTE) || failed(a, IMA_CHECK_SIGNATURE) || failed(a, IMA_CHECK_NONCE))
		return CRYPTO_FAILED;
	if (failed(a, IMA_CHECK_AK))
		return UNRECOGNIZED_INSTANCE;
	if (failed(a, IMA_CHECK_CLOCK))
		return CONTRAINDICATED;
	/* these two are never taken on trust: not even when the rules leave them out */
	if (a->checks[IMA_CHECK_SIGNATURE].status != IMA_CHECK_PASS || a->checks[IMA_CHECK_NONCE].status != IMA_CHECK_PASS)
		return NO_CLAIM;
	return passed(a, good, IMA_N_ELEMENTS(good)) ? TRUSTWORTHY : NO_CLAIM;
}

static int configuration(const struct ima_attestation *a)
{
	static const enum ima_check good[] = { IMA_CHECK_BOOT_AGGREGATE, IMA_CHECK_EVENT_LOG, IMA_CHECK_POLICY, IMA_CHECK_KEYS, IMA_CHECK_BUFFERS };

	for (size_t i = 0; i < IMA_N_ELEMENTS(good); i++)
		if (failed(a, good[i]))
			return CONTRAINDICATED;
	return passed(a, good, IMA_N_ELEMENTS(good)) ? TRUSTWORTHY : NO_CLAIM;
}

static int executables(const struct ima_attestation *a)
{
	static const enum ima_check good[] = { IMA_CHECK_REPLAY, IMA_CHECK_PCR_DIGEST, IMA_CHECK_PCR_SELECTION, IMA_CHECK_LIST, IMA_CHECK_TAIL,
		IMA_CHECK_FILES, IMA_CHECK_FILE_SIGNATURES, IMA_CHECK_VIOLATIONS, IMA_CHECK_GAPS };

	if (failed(a, IMA_CHECK_REPLAY) || failed(a, IMA_CHECK_PCR_DIGEST) || failed(a, IMA_CHECK_PCR_SELECTION) || failed(a, IMA_CHECK_LIST))
		return CRYPTO_FAILED;
	if (failed(a, IMA_CHECK_FILE_SIGNATURES))
		return CONTRAINDICATED;
	if (failed(a, IMA_CHECK_FILES) && a->n[IMA_ENTRY_UNKNOWN] + a->n[IMA_ENTRY_CHANGED] + a->n[IMA_ENTRY_MOVED])
		return UNRECOGNIZED;
	if (failed(a, IMA_CHECK_VIOLATIONS) || failed(a, IMA_CHECK_GAPS) || failed(a, IMA_CHECK_TAIL))
		return UNRECOGNIZED;
	if (failed(a, IMA_CHECK_FILES))
		return UNSAFE;
	/* without a look at the files nothing is known of them */
	if (a->checks[IMA_CHECK_FILES].status != IMA_CHECK_PASS || a->checks[IMA_CHECK_PCR_DIGEST].status != IMA_CHECK_PASS)
		return NO_CLAIM;
	return passed(a, good, IMA_N_ELEMENTS(good)) ? TRUSTWORTHY : NO_CLAIM;
}

static int file_system(const struct ima_attestation *a)
{
	if (failed(a, IMA_CHECK_FILE_SIGNATURES))
		return CONTRAINDICATED;
	if (failed(a, IMA_CHECK_FILES) && a->n[IMA_ENTRY_MOVED] + a->n[IMA_ENTRY_CHANGED])
		return UNSAFE;
	return a->checks[IMA_CHECK_FILE_SIGNATURES].status == IMA_CHECK_PASS && a->checks[IMA_CHECK_REPLAY].status == IMA_CHECK_PASS ? TRUSTWORTHY : NO_CLAIM;
}

static json_t *vector(const struct ima_attestation *a)
{
	return json_pack("{s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i}", "instance-identity", a ? instance(a) : VERIFIER_MALFUNCTION, "configuration",
			 a ? configuration(a) : VERIFIER_MALFUNCTION, "executables", a ? executables(a) : VERIFIER_MALFUNCTION, "file-system",
			 a ? file_system(a) : VERIFIER_MALFUNCTION, "hardware", NO_CLAIM, "runtime-opaque", NO_CLAIM, "storage-opaque", NO_CLAIM, "sourced-data",
			 NO_CLAIM);
}

static const char *tier(const struct ima_attestation *a)
{
	if (!a || a->verdict == IMA_ATTEST_UNABLE)
		return "none";
	if (a->verdict == IMA_ATTEST_REFUSED)
		return "contraindicated";
	/* trusted by rules that leave out what the claims need: no better than they are */
	return instance(a) == TRUSTWORTHY && executables(a) == TRUSTWORTHY ? "affirming" : "warning";
}

static json_t *checks(const struct ima_attestation *a)
{
	json_t *o = json_object();

	for (unsigned int i = 0; i < IMA_CHECK__LAST; i++)
		json_object_set_new(o, ima_check_name((enum ima_check)i), json_string(ima_check_status_name(a->checks[i].status)));
	return o;
}

/* NULL: there is none that EAT takes, or no memory */
static json_t *nonce_of(struct evidence_ear *e, const struct evidence_item *it)
{
	ima_cleanup(ima_buffer_done) struct ima_buffer text = { 0 };
	json_t *nonce = NULL;

	if (it->nonce_len < NONCE_MIN)
		return NULL;
	if (ima_base64url((struct ima_bytes){ it->nonce, it->nonce_len }, &text) == 0)
		nonce = json_string((const char *)text.data);
	e->failed |= !nonce;
	return nonce;
}

/* what an evidence was made for stands with it; the token has what all were asked with, as it has no place for several */
static void add_nonce(struct evidence_ear *e, const struct evidence_item *it, json_t *submod)
{
	json_t *nonce = nonce_of(e, it);

	if (!e->n_checked++)
		e->nonce = json_incref(nonce);
	else if (!nonce || !e->nonce || !json_equal(nonce, e->nonce))
		e->nonces_differ = true;
	if (nonce && it->result->checks[IMA_CHECK_NONCE].status == IMA_CHECK_PASS && json_object_set(submod, "eat_nonce", nonce) < 0)
		e->failed = true;
	json_decref(nonce);
}

/* JSON wants UTF-8; a file's name may be anything */
static json_t *name_of(const char *path)
{
	json_t *s = json_string(path);
	struct ima_buffer hex = { 0 };

	if (s)
		return s;
	if (ima_buffer_append_str(&hex, "hex:") == 0 && ima_buffer_append_hex(&hex, path, strlen(path)) == 0)
		s = json_string((const char *)hex.data);
	ima_buffer_done(&hex);
	return s;
}

void evidence_ear_add(struct evidence_ear *e, const struct evidence_item *it)
{
	const struct ima_attestation *a = it->error[0] ? NULL : it->result;
	json_t *name = name_of(it->path), *o = json_pack("{s:s, s:o}", "ear.status", tier(a), "ear.trustworthiness-vector", vector(a));

	if (o && a) {
		json_object_set_new(o, "ear.imad.checks", checks(a));
		if (a->ak[0])
			json_object_set_new(o, "ear.imad.ak-sha256", json_string(a->ak));
		add_nonce(e, it, o);
	}
	if (!o || !name || json_object_set_new(e->submods, json_string_value(name), o) < 0)
		e->failed = true;
	json_decref(name);
}

static int sign(void *user, const struct ima_digest *d, struct ima_buffer *ret)
{
	uint8_t value[IMA_SIGNER_MAX_VALUE];
	size_t len = 0;
	int r = ima_signer_sign(user, IMA_XATTR_SIGNATURE, 2, d, value, &len);

	if (r == 0 && len <= IMA_SIGNATURE_HEADER)
		r = -EIO;
	return r < 0 ? r : ima_buffer_append(ret, value + IMA_SIGNATURE_HEADER, len - IMA_SIGNATURE_HEADER);
}

static json_t *claims(const struct evidence_ear *e, const struct evidence_sources *src)
{
	const char *epoch = getenv("SOURCE_DATE_EPOCH");
	const json_int_t now = epoch && *epoch ? (json_int_t)strtoll(epoch, NULL, 10) : (json_int_t)time(NULL);
	json_t *o = json_pack("{s:s, s:I, s:{s:s, s:s}, s:O}", "eat_profile", "tag:github.com,2023:veraison/ear", "iat", now, "ear.verifier-id", "developer",
			      "imad", "build", "imactl " IMA_VERSION, "submods", e->submods);
	const char *key;
	json_t *submod;

	if (o && e->nonce && !e->nonces_differ)
		json_object_set(o, "eat_nonce", e->nonce);
	json_object_foreach(e->submods, key, submod)
		json_object_set_new(submod, "ear.appraisal-policy-id", json_string(src->rules_id));
	return o;
}

int evidence_ear_print(struct evidence_ear *e, const struct evidence_sources *src, int status)
{
	ima_cleanup(ima_buffer_done) struct ima_buffer token = { 0 };
	json_t *o = e->failed ? NULL : claims(e, src);
	ima_cleanup(ima_freep) char *text = o ? json_dumps(o, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
	struct ima_hasher *h = NULL;
	int r = text ? ima_hasher_new(&h) : -ENOMEM;

	json_decref(o);
	if (r == 0)
		r = ima_jwt_write((struct ima_bytes){ (const uint8_t *)text, strlen(text) }, h, sign, e->signer, &token);
	ima_hasher_free(h);
	if (r < 0)
		return imactl_fail(EXIT_UNABLE, "the token cannot be signed: %s", strerror(-r));
	puts((const char *)token.data);
	return status;
}

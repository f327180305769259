/* SPDX-License-Identifier: BSD-2-Clause */
/* Checks that passed take a line, those that did not come first; of the records the first ones are shown, all are counted. */
#include "imactl/evidence_print.h"

#include <inttypes.h>
#include <string.h>

#include "base/hex.h"

#define SHOWN 20

const char *imactl_attestation_word(const struct ima_attestation *a)
{
	return a->verdict == IMA_ATTEST_TRUSTED ? "trusted" : a->verdict == IMA_ATTEST_REFUSED ? "refused" : "not checked";
}

int imactl_attestation_status(const struct ima_attestation *a)
{
	return a->verdict == IMA_ATTEST_TRUSTED ? EXIT_GOOD : a->verdict == IMA_ATTEST_REFUSED ? EXIT_BAD : EXIT_UNABLE;
}

static void digest_text(const struct ima_digest *d, char ret[2 * IMA_DIGEST_MAX + 24])
{
	const int n = d->len ? snprintf(ret, 24, "%s:", ima_hash_name(d->algo)) : 0;

	ima_hex_encode(d->data, d->len, ret + n);
	ret[(size_t)n + 2 * d->len] = 0;
}

static void finding_text(const struct ima_attest_finding *f, const struct ima_attestation *a, const struct ima_reference *ref)
{
	char digest[2 * IMA_DIGEST_MAX + 24];
	struct ima_reference_value v;

	digest_text(&f->digest, digest);
	printf("  entry %" PRIu64 "  %s%s  %s  %s", f->number, ima_entry_verdict_name(f->verdict), f->tolerated ? " (tolerated)" : "",
	       f->name, digest);
	if (f->signature != IMA_SIG_UNCHECKED)
		printf("  signature %08x: %s", f->keyid, ima_sig_verdict_text(f->signature));
	if (f->has_reference && ref && ima_reference_get(ref, f->reference, &v) == 0) {
		if (f->verdict == IMA_ENTRY_MOVED)
			printf("  known as %.*s", (int)v.path.len, (const char *)v.path.data);
		if (v.package)
			printf("  of %s %s", v.package, v.version ? v.version : "");
	}
	if (f->number > a->first_entry + a->n_quoted)
		printf("  (not quoted)");
	putchar('\n');
}

void imactl_attestation_text(const char *name, const struct ima_attestation *a, const struct ima_reference *ref, bool quiet)
{
	static const enum ima_check_status order[] = { IMA_CHECK_FAIL, IMA_CHECK_UNABLE, IMA_CHECK_PASS, IMA_CHECK_SKIPPED };

	imactl_print_path(stdout, name);
	printf(": %s", imactl_attestation_word(a));
	if (quiet) {
		for (unsigned int i = 0; i < IMA_CHECK__LAST; i++)
			if (a->checks[i].status == IMA_CHECK_FAIL)
				printf(" %s", ima_check_name((enum ima_check)i));
		putchar('\n');
		return;
	}
	printf("; %" PRIu64 " entries", a->n_entries);
	if (a->first_entry)
		printf(" after %" PRIu64, a->first_entry);
	printf(", %" PRIu64 " of them quoted\n", a->n_quoted);
	for (size_t o = 0; o < IMA_N_ELEMENTS(order); o++)
		for (unsigned int i = 0; i < IMA_CHECK__LAST; i++)
			if (a->checks[i].status == order[o])
				printf("  %-8s %-16s %s\n", ima_check_status_name(order[o]), ima_check_name((enum ima_check)i), a->checks[i].text);
	for (size_t i = 0; i < a->n_findings && i < SHOWN; i++)
		finding_text(&a->findings[i], a, ref);
	if (a->n_findings_all > SHOWN)
		printf("  and %" PRIu64 " more entries\n", a->n_findings_all - SHOWN);
}

static json_t *reference_json(uint32_t index, const struct ima_reference *ref)
{
	struct ima_reference_value v;

	if (!ref || ima_reference_get(ref, index, &v) < 0)
		return json_null();
	return json_pack("{s:s?, s:s?, s:s?}", "package", v.package, "version", v.version, "repository", v.repository);
}

static json_t *finding_json(const struct ima_attest_finding *f, const struct ima_attestation *a, const struct ima_reference *ref)
{
	char digest[2 * IMA_DIGEST_MAX + 24];
	json_t *o;

	digest_text(&f->digest, digest);
	o = json_pack("{s:I, s:I, s:i, s:s, s:b, s:b, s:s, s:s}", "entry", (json_int_t)f->number, "position", (json_int_t)f->position, "pcr",
		      (int)f->pcr, "verdict", ima_entry_verdict_name(f->verdict), "tolerated", (int)f->tolerated, "quoted",
		      (int)(f->number <= a->first_entry + a->n_quoted), "name", f->name, "digest", digest);
	if (o && f->signature != IMA_SIG_UNCHECKED)
		json_object_set_new(o, "signature", json_pack("{s:s, s:I}", "verdict", ima_sig_verdict_text(f->signature), "keyid", (json_int_t)f->keyid));
	if (o && f->has_reference)
		json_object_set_new(o, "reference", reference_json(f->reference, ref));
	return o;
}

static json_t *checks_json(const struct ima_attestation *a)
{
	json_t *o = json_object();

	for (unsigned int i = 0; o && i < IMA_CHECK__LAST; i++)
		json_object_set_new(o, ima_check_name((enum ima_check)i),
				    json_pack("{s:s, s:s}", "status", ima_check_status_name(a->checks[i].status), "text", a->checks[i].text));
	return o;
}

static json_t *counts_json(const struct ima_attestation *a)
{
	json_t *o = json_object();

	for (unsigned int i = 0; o && i < IMA_ENTRY__LAST; i++)
		if (a->n[i])
			json_object_set_new(o, ima_entry_verdict_name((enum ima_entry_verdict)i), json_integer((json_int_t)a->n[i]));
	return o;
}

json_t *imactl_unable_json(const char *name, const char *error)
{
	return imactl_json_named("evidence", name, json_pack("{s:s, s:s}", "verdict", "not checked", "error", error));
}

json_t *imactl_attestation_json(const char *name, const struct ima_attestation *a, const struct ima_reference *ref)
{
	json_t *findings = json_array();

	for (size_t i = 0; findings && i < a->n_findings; i++)
		json_array_append_new(findings, finding_json(&a->findings[i], a, ref));
	return imactl_json_named("evidence", name, json_pack("{s:s, s:o, s:s, s:s, s:I, s:I, s:I, s:o, s:o, s:I, s:{s:I, s:I, s:I}}", "verdict",
				     imactl_attestation_word(a), "checks", checks_json(a), "ak_sha256", a->ak, "ak_algorithm", a->ak_algorithm, "first_entry",
				     (json_int_t)a->first_entry, "entries", (json_int_t)a->n_entries, "quoted", (json_int_t)a->n_quoted, "counts",
				     counts_json(a), "findings", findings, "findings_all", (json_int_t)a->n_findings_all, "tpm", "clock",
				     (json_int_t)a->clock, "resets", (json_int_t)a->reset_count, "restarts", (json_int_t)a->restart_count));
}

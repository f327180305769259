/* SPDX-License-Identifier: BSD-2-Clause */
/* A rule is a check, or what a record can be found to be; a record's place is the evidence and its number in the list. */
#include "imactl/evidence_sarif.h"

#include <inttypes.h>
#include <string.h>

#include "base/hex.h"

#ifndef IMA_VERSION
#define IMA_VERSION "unknown"
#endif

static const char *const check_texts[IMA_CHECK__LAST] = {
	[IMA_CHECK_ARCHIVE] = "the archive is whole and says nothing twice",
	[IMA_CHECK_AK] = "the attestation key is one that is trusted",
	[IMA_CHECK_QUOTE] = "it is a quote, by a TPM",
	[IMA_CHECK_SIGNATURE] = "the quote is signed by the attestation key",
	[IMA_CHECK_NONCE] = "the quote was made for this question, and for no earlier one",
	[IMA_CHECK_PCR_SELECTION] = "the quote covers every PCR that the list uses, in an accepted bank",
	[IMA_CHECK_PCR_DIGEST] = "the values that came along are those of the quote",
	[IMA_CHECK_CLOCK] = "resets, restarts and time go on from the last time",
	[IMA_CHECK_LIST] = "the list can be read, and each digest is that of its data",
	[IMA_CHECK_REPLAY] = "the list leads to the quoted values",
	[IMA_CHECK_TAIL] = "no more records follow the quoted ones than allowed",
	[IMA_CHECK_EVENT_LOG] = "the firmware's log leads to the quoted boot PCRs",
	[IMA_CHECK_BOOT_AGGREGATE] = "the list's first record is of the quoted boot PCRs",
	[IMA_CHECK_FILES] = "each file has a reference value or a good signature, or is excluded",
	[IMA_CHECK_FILE_SIGNATURES] = "no file has a bad signature, where they are asked for",
	[IMA_CHECK_KEYS] = "each key that was added to a keyring is allowed",
	[IMA_CHECK_BUFFERS] = "each other buffer is allowed",
	[IMA_CHECK_POLICY] = "each policy that was loaded is allowed",
	[IMA_CHECK_VIOLATIONS] = "no more files were open for writing while they were measured than allowed",
	[IMA_CHECK_GAPS] = "there was no time without measurement",
};

static json_t *rule(const char *id, const char *text)
{
	return json_pack("{s:s, s:{s:s}, s:{s:s}}", "id", id, "shortDescription", "text", text, "defaultConfiguration", "level", "error");
}

static json_t *rules(void)
{
	json_t *all = json_array();
	char id[48], text[96];

	for (unsigned int i = 0; i < IMA_CHECK__LAST; i++) {
		snprintf(id, sizeof(id), "check/%s", ima_check_name((enum ima_check)i));
		json_array_append_new(all, rule(id, check_texts[i]));
	}
	for (unsigned int i = IMA_ENTRY_VIOLATION; i < IMA_ENTRY__LAST; i++) {
		snprintf(id, sizeof(id), "entry/%s", ima_entry_verdict_name((enum ima_entry_verdict)i));
		snprintf(text, sizeof(text), "a record of the list is found to be: %s", ima_entry_verdict_name((enum ima_entry_verdict)i));
		json_array_append_new(all, rule(id, text));
	}
	return all;
}

json_t *evidence_sarif_new(void)
{
	return json_pack("{s:s, s:s, s:[{s:{s:{s:s, s:s, s:o}}, s:[], s:[{s:b, s:[]}]}]}", "version", "2.1.0", "$schema",
			 "https://json.schemastore.org/sarif-2.1.0.json", "runs", "tool", "driver", "name", "imactl", "version", IMA_VERSION, "rules", rules(),
			 "results", "invocations", "executionSuccessful", 1, "toolExecutionNotifications");
}

/* RFC 3986: what is unreserved and "/" stay; an absolute path is of scheme file */
static json_t *uri_of(const char *path)
{
	struct ima_buffer b = { 0 };
	int r = *path == '/' ? ima_buffer_append_str(&b, "file://") : 0;
	json_t *s;

	for (const char *c = path; *c && r == 0; c++) {
		if (strchr("/-._~", *c) || (*c >= '0' && *c <= '9') || ((*c | 0x20) >= 'a' && (*c | 0x20) <= 'z'))
			r = ima_buffer_append_u8(&b, (uint8_t)*c);
		else
			r = ima_buffer_printf(&b, "%%%02X", (uint8_t)*c);
	}
	s = r == 0 && b.data ? json_string((const char *)b.data) : json_string("");
	ima_buffer_done(&b);
	return s;
}

/* @entry: number in the list, 0: the evidence as a whole */
static json_t *location(const char *path, uint64_t entry)
{
	json_t *physical = json_pack("{s:{s:o}}", "artifactLocation", "uri", uri_of(path));

	if (physical && entry)
		json_object_set_new(physical, "region", json_pack("{s:I}", "startLine", (json_int_t)entry));
	return json_pack("{s:o}", "physicalLocation", physical);
}

static json_t *result(const char *prefix, const char *id, const char *level, const char *text, json_t *place)
{
	char full[64];

	snprintf(full, sizeof(full), "%s/%s", prefix, id);
	return json_pack("{s:s, s:s, s:{s:s}, s:[o]}", "ruleId", full, "level", level, "message", "text", text, "locations", place);
}

static void add_checks(json_t *results, const struct evidence_item *it)
{
	for (unsigned int i = 0; i < IMA_CHECK__LAST; i++) {
		const struct ima_check_result *c = &it->result->checks[i];

		if (c->status == IMA_CHECK_FAIL || c->status == IMA_CHECK_UNABLE)
			json_array_append_new(results, result("check", ima_check_name((enum ima_check)i), c->status == IMA_CHECK_FAIL ? "error" : "warning", c->text,
							      location(it->path, 0)));
	}
}

static void provenance(json_t *properties, const struct ima_attest_finding *f, const struct ima_reference *ref)
{
	struct ima_reference_value v;

	if (!f->has_reference || !ref || ima_reference_get(ref, f->reference, &v) < 0)
		return;
	json_object_set_new(properties, "reference", json_pack("{s:s?, s:s?, s:s?}", "package", v.package, "version", v.version, "repository", v.repository));
}

static void add_finding(json_t *results, const struct evidence_item *it, const struct ima_attest_finding *f, const struct ima_reference *ref)
{
	char digest[2 * IMA_DIGEST_MAX + 24] = "";
	int n = f->digest.len ? snprintf(digest, 24, "%s:", ima_hash_name(f->digest.algo)) : 0;
	ima_cleanup(ima_freep) char *text = NULL, *print = NULL;
	json_t *r, *properties;

	ima_hex_encode(f->digest.data, f->digest.len, digest + n);
	digest[(size_t)n + 2 * f->digest.len] = 0;
	if (asprintf(&text, "entry %" PRIu64 " is %s: %s", f->number, ima_entry_verdict_name(f->verdict), f->name) < 0 ||
	    asprintf(&print, "%s %s %s", ima_entry_verdict_name(f->verdict), digest, f->name) < 0)
		return;
	r = result("entry", ima_entry_verdict_name(f->verdict), f->tolerated ? "note" : "error", text, location(it->path, f->number));
	properties = json_pack("{s:s, s:s, s:i, s:b}", "name", f->name, "digest", digest, "pcr", (int)f->pcr, "quoted",
			       (int)(f->number <= it->result->first_entry + it->result->n_quoted));
	provenance(properties, f, ref);
	json_object_set_new(r, "properties", properties);
	json_object_set_new(r, "partialFingerprints", json_pack("{s:s}", "verdictDigestName/v1", print));
	json_array_append_new(results, r);
}

static json_t *run_of(json_t *log)
{
	return json_array_get(json_object_get(log, "runs"), 0);
}

static json_t *invocation_of(json_t *log)
{
	return json_array_get(json_object_get(run_of(log), "invocations"), 0);
}

void evidence_sarif_add(json_t *log, const struct evidence_item *it, const struct ima_reference *ref)
{
	json_t *results = json_object_get(run_of(log), "results");

	if (it->error[0]) {
		json_array_append_new(json_object_get(invocation_of(log), "toolExecutionNotifications"),
				      json_pack("{s:s, s:{s:s}, s:[o]}", "level", "error", "message", "text", it->error, "locations", location(it->path, 0)));
		return;
	}
	add_checks(results, it);
	for (size_t i = 0; i < it->result->n_findings; i++)
		add_finding(results, it, &it->result->findings[i], ref);
}

void evidence_sarif_finish(json_t *log, int status)
{
	json_t *invocation = invocation_of(log);

	if (json_array_size(json_object_get(invocation, "toolExecutionNotifications")))
		json_object_set_new(invocation, "executionSuccessful", json_false());
	json_object_set_new(invocation, "exitCode", json_integer(status));
}

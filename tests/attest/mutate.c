/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Changes single bytes of good evidence, one at a time, and verifies each. Of the archive every one has to be refused. Then of each part, as if its liar
 * had made the manifest anew: every one has to be refused but those of the firmware log that no digest of the quote covers and no verdict looks at: the
 * kind and the data of an event, its digests of banks that were not quoted, and the first event, which extends nothing; and of a violation's name.
 *
 * usage: mutate CHANGES [ARCHIVE-TO-WRITE]     CHANGES of the archive, and as many of the parts
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ima/attest.h>

#include "attest/maker.h"
#include "core/attest/evidence.h"

#define FILES 40

struct world {
	struct maker m;
	struct ima_buffer archive;
	struct ima_reference *known;
	struct ima_ak *ak;
	struct ima_verifier *verifier;
	struct ima_hasher *h;
	size_t by_check[IMA_CHECK__LAST];
};

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "%s\n", what);
	exit(3);
}

static void add_file(struct world *w, struct ima_reference_builder *b, int i)
{
	struct ima_reference_value v = { 0 };
	char path[64], content[16];

	snprintf(path, sizeof(path), "/usr/bin/program-%d", i);
	snprintf(content, sizeof(content), "%d", i);
	maker_file(&w->m, path, content);
	v.path = (struct ima_bytes){ (const uint8_t *)path, strlen(path) };
	must(ima_hash_bytes(w->h, IMA_HASH_SHA256, (struct ima_bytes){ (const uint8_t *)content, strlen(content) }, &v.digest) == 0 &&
	     ima_reference_add(b, &v) == 0, "reference");
}

/* quoted records, then some that are not */
static void make_world(struct world *w)
{
	static const struct ima_attest_rules rules = { .max_violations = 1, .any_buffer = true };
	struct ima_reference_builder *b;
	struct ima_verifier_opts opts = { .rules = &rules, .n_aks = 1, .n_threads = 1, .now = 1 };

	must(ima_hasher_new(&w->h) == 0 && ima_reference_builder_new(&b) == 0, "memory");
	maker_init(&w->m, false);
	maker_boot(&w->m);
	for (int i = 0; i < FILES; i++)
		add_file(w, b, i);
	maker_violation(&w->m, "/var/log/journal");
	maker_buffer(&w->m, "kernel_version", "6.1.0", 5);
	maker_quote(&w->m);
	for (int i = FILES; i < FILES + 4; i++)
		add_file(w, b, i);
	maker_archive(&w->m, 0, &w->archive);
	must(ima_reference_finish(b, &w->known) == 0 && ima_ak_parse(ima_buffer_bytes(&w->m.pub), &w->ak, NULL) == 0, "world");
	ima_reference_builder_free(b);
	opts.reference = w->known;
	opts.aks = (const struct ima_ak *const *)&w->ak;
	must(ima_verifier_new(&opts, &w->verifier) == 0, "verifier");
}

static enum ima_attest_verdict judge(struct world *w, const struct ima_evidence *e)
{
	const struct ima_attest_question q = { .nonce = { w->m.nonce, w->m.nonce_len }, .h = w->h };
	enum ima_attest_verdict verdict;
	struct ima_attestation a;

	must(ima_verifier_check(w->verifier, e, &q, &a, NULL) == 0, "check");
	for (unsigned int i = 0; i < IMA_CHECK__LAST; i++)
		w->by_check[i] += a.checks[i].status == IMA_CHECK_FAIL;
	verdict = a.verdict;
	ima_attestation_done(&a);
	return verdict;
}

static enum ima_attest_verdict verdict_of(struct world *w)
{
	struct ima_evidence e;
	struct ima_diag diag = { 0 };
	int r = ima_evidence_read(ima_buffer_bytes(&w->archive), w->h, &e, &diag);

	if (r == 0)
		return judge(w, &e);
	must(r == -EBADMSG && diag.text[0], "refused without a reason");
	w->by_check[IMA_CHECK_ARCHIVE]++;
	return IMA_ATTEST_REFUSED;
}

static bool is_in(const struct ima_bytes log, size_t at, struct ima_bytes b)
{
	return log.data + at >= b.data && log.data + at < b.data + b.len;
}

/* is the place in an event's kind, in what it says, in its digest of a bank that was not quoted, or in the first event, which extends nothing? */
static bool is_unbound(const struct ima_bytes log, size_t at)
{
	struct ima_eventlog *l;
	struct ima_tcg_event e;
	bool found = false;
	int n = 0;

	must(ima_eventlog_open(log, &l, NULL) == 0, "log");
	while (!found && ima_eventlog_next(l, &e, NULL) == 1) {
		const size_t end = (size_t)(e.data.data + e.data.len - log.data);

		found = is_in(log, at, e.data) || (at >= e.offset + 4 && at < e.offset + 8) || (!n && at < end);
		for (size_t i = 0; i < e.n_digests; i++)
			found |= e.digests[i].tpm_alg != 0x000b && is_in(log, at, e.digests[i].digest);
		n++;
	}
	ima_eventlog_free(l);
	return found;
}

/* a violation's name: the kernel extends ones for it, whatever its data say */
static bool is_violation_name(const struct ima_bytes list, size_t at)
{
	const struct ima_list_reader_opts opts = { .format = IMA_LIST_BINARY };
	struct ima_bytes f[IMA_TEMPLATE_MAX_FIELDS];
	struct ima_list_reader *in;
	const struct ima_template *t;
	struct ima_record rec;
	bool found = false;

	must(ima_list_reader_new_bytes(list, &opts, &in) == 0, "list");
	while (!found && ima_list_reader_next(in, &rec, &t, NULL) == 1)
		found = ima_record_is_violation(&rec) && ima_template_split(t, rec.data, f) == 0 && is_in(list, at, f[1]);
	ima_list_reader_free(in);
	return found;
}

static size_t change_parts(struct world *w, size_t changes, size_t *ret_free)
{
	struct ima_buffer *const parts[] = { &w->m.attest, &w->m.signature, &w->m.pcrs, &w->m.pub, &w->m.list, &w->m.log };
	static const char *const names[] = { "quote.msg", "quote.sig", "quote.pcrs", "ak.pub", "list", "eventlog" };
	size_t accepted = 0, part = 0, at = 0;
	uint64_t seed = 2;

	for (size_t i = 0; i < changes; i++, at++) {
		uint8_t old;

		if (at == parts[part]->len) {
			at = 0;
			part = (part + 1) % IMA_N_ELEMENTS(parts);
		}
		old = parts[part]->data[at];
		seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		parts[part]->data[at] ^= (uint8_t)(1 + (seed >> 33) % 255);
		if (judge(w, &(struct ima_evidence){
				    .attest = ima_buffer_bytes(&w->m.attest), .signature = ima_buffer_bytes(&w->m.signature),
				    .pcrs = ima_buffer_bytes(&w->m.pcrs), .ak = ima_buffer_bytes(&w->m.pub), .list = ima_buffer_bytes(&w->m.list),
				    .event_log = ima_buffer_bytes(&w->m.log), .archive_checked = true,
				    .list_opts = { .format = IMA_LIST_BINARY, .has_digest_algo = true, .digest_algo = IMA_HASH_SHA1 } }) !=
		    IMA_ATTEST_REFUSED) {
			parts[part]->data[at] = old;
			if ((part == 5 && is_unbound(ima_buffer_bytes(&w->m.log), at)) ||
			    (part == 4 && is_violation_name(ima_buffer_bytes(&w->m.list), at))) {
				++*ret_free;
			} else {
				printf("not refused: %s, byte %zu\n", names[part], at);
				accepted++;
			}
		}
		parts[part]->data[at] = old;
	}
	return accepted;
}

static void show(const struct world *w)
{
	printf("; by check:");
	for (unsigned int i = 0; i < IMA_CHECK__LAST; i++)
		if (w->by_check[i])
			printf(" %s %zu", ima_check_name((enum ima_check)i), w->by_check[i]);
	putchar('\n');
}

static size_t change_all(struct world *w, size_t changes)
{
	size_t accepted = 0;
	uint64_t seed = 1;

	for (size_t i = 0; i < changes; i++) {
		const size_t at = i % w->archive.len;
		const uint8_t old = w->archive.data[at];

		/* every place in turn, another value each time round */
		seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		w->archive.data[at] ^= (uint8_t)(1 + (seed >> 33) % 255);
		if (verdict_of(w) != IMA_ATTEST_REFUSED) {
			printf("without meaning: byte %zu, %02x to %02x\n", at, old, w->archive.data[at]);
			accepted++;
		}
		w->archive.data[at] = old;
	}
	return accepted;
}

int main(int argc, char **argv)
{
	const size_t changes = argc > 1 ? strtoul(argv[1], NULL, 10) : 5000;
	struct world w = { 0 };
	size_t accepted, again, no_meaning = 0;

	make_world(&w);
	must(verdict_of(&w) == IMA_ATTEST_TRUSTED, "the unchanged evidence is not trusted");
	if (argc > 2) {
		FILE *f = fopen(argv[2], "we");

		must(f && fwrite(w.archive.data, 1, w.archive.len, f) == w.archive.len && fclose(f) == 0, argv[2]);
	}
	memset(w.by_check, 0, sizeof(w.by_check));
	accepted = change_all(&w, changes);
	printf("%zu changes over %zu bytes of the archive: %zu refused, %zu not", changes, w.archive.len, changes - accepted, accepted);
	show(&w);
	memset(w.by_check, 0, sizeof(w.by_check));
	again = change_parts(&w, changes, &no_meaning);
	printf("%zu changes of parts under a manifest of their own: %zu refused, %zu without meaning (firmware events' kind, data, digests of banks not quoted; a violation's name), %zu not", changes,
	       changes - again - no_meaning, no_meaning, again);
	show(&w);
	ima_verifier_free(w.verifier);
	ima_reference_free(w.known);
	ima_ak_free(w.ak);
	ima_hasher_free(w.h);
	ima_buffer_done(&w.archive);
	maker_done(&w.m);
	return accepted || again ? 1 : 0;
}

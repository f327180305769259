/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whatever came from a host goes through html.c. Beside that the page's own policy lets no script run but the one whose digest it names, and fetches
 * nothing from anywhere.
 */
#include "imactl/report_page.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "core/attest/keylime.h"
#include "imactl/evidence_print.h"
#include "imactl/html.h"
#include "imactl/report_plot.h"

#ifndef IMA_VERSION
#define IMA_VERSION "unknown"
#endif

static const char style[] =
#include "report_css.h"
;
static const char script[] =
#include "report_js.h"
;

static int script_hash(struct ima_buffer *ret)
{
	struct ima_hasher *h = NULL;
	struct ima_digest d;
	int r = ima_hasher_new(&h);

	if (r == 0)
		r = ima_hash_bytes(h, IMA_HASH_SHA256, (struct ima_bytes){ (const uint8_t *)script, sizeof(script) - 1 }, &d);
	ima_hasher_free(h);
	return r == 0 ? ima_base64((struct ima_bytes){ d.data, d.len }, ret) : r;
}

static void find_bar(FILE *f)
{
	fputs("<div id=\"find\" hidden><input id=\"q\" type=\"search\" placeholder=\"Search entries: path, digest, package, number\" aria-label=\"search\">"
	      "<select id=\"v\" aria-label=\"verdict\"><option value=\"\">every verdict</option></select><span id=\"shown\" class=\"note\"></span></div>\n", f);
}

int report_page_head(FILE *f, const struct report_totals *t, int64_t when)
{
	struct ima_buffer hash = { 0 };
	const time_t at = (time_t)when;
	struct tm tm;
	char date[40] = "";

	if (script_hash(&hash) < 0) {
		ima_buffer_done(&hash);
		return imactl_fail(EXIT_UNABLE, "the report's script cannot be hashed");
	}
	if (gmtime_r(&at, &tm))
		strftime(date, sizeof(date), "%Y-%m-%d %H:%M UTC", &tm);
	fprintf(f, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		"style-src 'unsafe-inline'; script-src 'sha256-%s'; base-uri 'none'; form-action 'none'\">\n"
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>Attestation report</title>\n<style>\n%s</style>\n</head>\n<body>\n",
		(const char *)hash.data, style);
	ima_buffer_done(&hash);
	fprintf(f, "<header><h1>Attestation report</h1><p>%zu %s: %zu trusted, %zu refused, %zu not checked &#183; made %s by imactl %s</p></header>\n<main>\n",
		t->n, t->n == 1 ? "evidence" : "evidences", t->n_trusted, t->n_refused, t->n_unable, date, IMA_VERSION);
	find_bar(f);
	return EXIT_GOOD;
}

void report_page_tail(FILE *f)
{
	fprintf(f, "</main>\n<footer><p>A measurement list carries no times: plots are over the order of its entries. "
		"Only the TPM's clock and counters, at the moment of the quote, are signed.</p></footer>\n<script>%s</script>\n</body>\n</html>\n", script);
}

static void badge(FILE *f, const char *style_name, const char *text)
{
	fprintf(f, "<span class=\"badge %s\">%s</span>", style_name, text);
}

static void verdict_badge(FILE *f, const struct evidence_item *it)
{
	if (it->error[0] || !it->result || it->result->verdict == IMA_ATTEST_UNABLE)
		badge(f, "unable", "not checked");
	else
		badge(f, it->result->verdict == IMA_ATTEST_TRUSTED ? "trusted" : "refused", imactl_attestation_word(it->result));
}

void report_page_line(FILE *f, const struct evidence_item *it, size_t number)
{
	const struct ima_attestation *a = it->result;

	fputs("<tr><td>", f);
	verdict_badge(f, it);
	fprintf(f, "</td><td class=\"name\"><a href=\"#evidence-%zu\">", number);
	html_text(f, it->path);
	fprintf(f, "</a></td><td class=\"n\">%" PRIu64 "</td><td>", a && !it->error[0] ? a->n_entries : 0);
	for (unsigned int i = 0; a && !it->error[0] && i < IMA_CHECK__LAST; i++)
		if (a->checks[i].status == IMA_CHECK_FAIL)
			fprintf(f, "%s ", ima_check_name((enum ima_check)i));
	if (it->error[0])
		html_text(f, it->error);
	fputs("</td></tr>\n", f);
}

static void fact(FILE *f, const char *name, const char *fmt, ...) ima_printf(3, 4);

static void fact(FILE *f, const char *name, const char *fmt, ...)
{
	char text[300];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fprintf(f, "<div><dt>%s</dt><dd>", name);
	html_text(f, text);
	fputs("</dd></div>", f);
}

static void digest_text(const struct ima_digest *d, char ret[2 * IMA_DIGEST_MAX + 24])
{
	int n = d->len ? snprintf(ret, 24, "%s:", ima_hash_name(d->algo)) : 0;

	for (size_t i = 0; i < d->len; i++)
		n += snprintf(ret + n, 3, "%02x", d->data[i]);
	ret[n] = 0;
}

static void nonce_text(const struct evidence_item *it, char ret[2 * IMA_QUOTE_NONCE_MAX + 8])
{
	for (size_t i = 0; i < it->nonce_len; i++)
		snprintf(ret + 2 * i, 3, "%02x", it->nonce[i]);
	if (!it->nonce_len)
		strcpy(ret, "none given");
}

static void facts(FILE *f, const struct evidence_item *it)
{
	const struct ima_attestation *a = it->result;
	char text[2 * IMA_DIGEST_MAX + 24], nonce[2 * IMA_QUOTE_NONCE_MAX + 16];

	fputs("<dl>", f);
	fact(f, "Entries", "%" PRIu64 ", %" PRIu64 " of them quoted", a->n_entries, a->n_quoted);
	if (a->first_entry)
		fact(f, "Begins after", "entry %" PRIu64, a->first_entry);
	if (a->has_quote) {
		const uint64_t s = a->clock / 1000;

		fact(f, "TPM clock at the quote", "%" PRIu64 " d %02u:%02u:%02u", s / 86400, (unsigned int)(s / 3600 % 24), (unsigned int)(s / 60 % 60), (unsigned int)(s % 60));
		fact(f, "Resets, restarts", "%u, %u", a->reset_count, a->restart_count);
	}
	if (a->bank < IMA_HASH__LAST)
		fact(f, "PCR bank", "%s", ima_hash_name(a->bank));
	digest_text(&a->boot_aggregate, text);
	if (text[0])
		fact(f, "Boot aggregate", "%s", text);
	if (a->ak[0])
		fact(f, "Attestation key", "%s, %s", a->ak_algorithm, a->ak);
	nonce_text(it, nonce);
	fact(f, "Nonce", "%s", nonce);
	fputs("</dl>\n", f);
}

static void checks(FILE *f, const struct ima_attestation *a)
{
	static const enum ima_check_status order[] = { IMA_CHECK_FAIL, IMA_CHECK_UNABLE, IMA_CHECK_PASS, IMA_CHECK_SKIPPED };

	fputs("<h3>Checks</h3>\n<table class=\"checks\"><thead><tr><th>Result</th><th>Check</th><th>What was found</th></tr></thead><tbody>\n", f);
	for (size_t o = 0; o < IMA_N_ELEMENTS(order); o++) {
		for (unsigned int i = 0; i < IMA_CHECK__LAST; i++) {
			if (a->checks[i].status != order[o])
				continue;
			fputs("<tr><td>", f);
			badge(f, ima_check_status_name(order[o]), ima_check_status_name(order[o]));
			fprintf(f, "</td><td>%s</td><td>", ima_check_name((enum ima_check)i));
			html_text(f, a->checks[i].text);
			fputs("</td></tr>\n", f);
		}
	}
	fputs("</tbody></table>\n", f);
}

static void package_words(FILE *f, const struct report_entry *e, const struct ima_reference *ref)
{
	struct ima_reference_value v = { 0 };

	if (!e->has_reference || !ref || ima_reference_get(ref, e->reference, &v) < 0)
		return;
	if (e->verdict == IMA_ENTRY_MOVED) {
		fputs("known as ", f);
		html_bytes(f, v.path);
		fputc(' ', f);
	}
	html_text(f, v.package);
	if (v.package && *v.package && v.version && *v.version) {
		fputc(' ', f);
		html_text(f, v.version);
	}
}

static void entry_row(FILE *f, const struct report_entry *e, const struct ima_reference *ref, uint64_t last_quoted)
{
	char digest[2 * IMA_DIGEST_MAX + 24];

	digest_text(&e->digest, digest);
	fprintf(f, "<tr data-v=\"%s\"><td class=\"n\">%" PRIu64 "</td><td class=\"v v-%s\">%s%s</td><td class=\"name\"><code>", ima_entry_verdict_name(e->verdict), e->number,
		report_class_ids[report_class_of(e->verdict)], ima_entry_verdict_name(e->verdict), e->number > last_quoted ? ", not quoted" : "");
	html_bytes(f, e->name);
	fprintf(f, "</code><br><code class=\"digest\">%s</code></td><td>", digest);
	package_words(f, e, ref);
	fputs("</td><td>", f);
	html_text(f, e->templ);
	fputs("</td></tr>\n", f);
}

struct section {
	FILE *f;
	const struct report_entries *entries;
	const struct evidence_sources *src;
	uint64_t last_quoted;
	size_t max_rows;
};

/* the records that @want likes; -1 every class */
static size_t entry_table(const struct section *s, const char *title, const char *id, int want)
{
	size_t n = 0, all = 0;

	for (size_t i = 0; i < s->entries->n; i++)
		all += want < 0 || (int)report_class_of(s->entries->items[i].verdict) == want;
	fprintf(s->f, "<h3>%s (%zu)</h3>\n", title, all);
	if (!all || !s->max_rows)
		return all;
	fprintf(s->f, "<table class=\"%s\"><thead><tr><th class=\"n\" data-sort=\"n\">Entry</th><th data-sort=\"t\">Verdict</th><th data-sort=\"t\">Name and digest</th>"
		"<th data-sort=\"t\">Package</th><th data-sort=\"t\">Template</th></tr></thead><tbody>\n", id);
	for (size_t i = 0; i < s->entries->n && n < s->max_rows; i++) {
		if (want >= 0 && (int)report_class_of(s->entries->items[i].verdict) != want)
			continue;
		entry_row(s->f, &s->entries->items[i], s->src->reference, s->last_quoted);
		n++;
	}
	fputs("</tbody></table>\n", s->f);
	if (n < all)
		fprintf(s->f, "<p class=\"note\">The first %zu of %zu.</p>\n", n, all);
	return all;
}

static void group_name(FILE *f, const struct report_group *g)
{
	if (!g->has_reference)
		fprintf(f, "<span class=\"v v-%s\">%s</span> ", report_class_ids[report_class_of(g->verdict)], ima_entry_verdict_name(g->verdict));
	if (g->package)
		html_text(f, g->package);
	else if (g->folder.len)
		html_bytes(f, g->folder);
	else
		fputs("(no folder)", f);
}

static void group_table(const struct section *s, const struct report_groups *g)
{
	fprintf(s->f, "<h3>Entries by %s (%zu)</h3>\n<table class=\"groups\"><thead><tr><th data-sort=\"t\">%s</th><th data-sort=\"t\">Version</th><th data-sort=\"t\">Repository</th>"
		"<th class=\"n\" data-sort=\"n\">Entries</th><th></th></tr></thead><tbody>\n", g->has_packages ? "package" : "folder", g->n, g->has_packages ? "Package, or folder where none is known" : "Folder");
	for (size_t i = 0; i < g->n && i < s->max_rows; i++) {
		const struct report_group *at = &g->items[i];

		fputs("<tr><td class=\"name\">", s->f);
		group_name(s->f, at);
		fputs("</td><td>", s->f);
		html_text(s->f, at->version);
		fputs("</td><td class=\"name\">", s->f);
		html_text(s->f, at->repository);
		fprintf(s->f, "</td><td class=\"n\">%zu</td><td width=\"25%%\"><svg width=\"100%%\" height=\"10\"><rect class=\"c-%s\" width=\"%.1f%%\" height=\"10\" rx=\"2\"/></svg></td></tr>\n",
			at->n, report_class_ids[report_class_of(s->entries->items[g->order[at->first]].verdict)], 100.0 * (double)at->n / (double)g->items[0].n);
	}
	fputs("</tbody></table>\n", s->f);
	if (g->n > s->max_rows)
		fprintf(s->f, "<p class=\"note\">The first %zu of %zu.</p>\n", s->max_rows, g->n);
}

static void key_row(FILE *f, const struct report_key *k, const struct ima_keyring *ring)
{
	const struct ima_key *key = ring ? ima_keyring_find(ring, k->keyid) : NULL;
	uint64_t other = 0;

	for (unsigned int v = IMA_SIG_BAD; v < IMA_SIG__LAST; v++)
		other += k->n[v];
	fprintf(f, "<tr><td><code>%08x</code></td><td class=\"name\">", k->keyid);
	html_text(f, key ? ima_key_name(key) : "not among the keys given");
	fprintf(f, "</td><td>%s</td><td class=\"n\">%" PRIu64 "</td><td class=\"n\">%" PRIu64 "</td><td class=\"n\">%" PRIu64 "</td><td>", key ? ima_key_algorithm(key) : "", k->n[IMA_SIG_GOOD],
		other, k->n[IMA_SIG_UNCHECKED]);
	for (unsigned int v = IMA_SIG_BAD; v < IMA_SIG__LAST; v++)
		if (k->n[v])
			fprintf(f, "%" PRIu64 " %s; ", k->n[v], ima_sig_verdict_text((enum ima_sig_verdict)v));
	fputs("</td></tr>\n", f);
}

static int key_table(const struct section *s)
{
	struct report_key *keys = NULL;
	size_t n = 0;

	if (report_keys_make(s->entries, &keys, &n) < 0)
		return imactl_fail(EXIT_UNABLE, "out of memory");
	fprintf(s->f, "<h3>Signatures by key (%zu)</h3>\n", n);
	if (n)
		fputs("<table class=\"keys\"><thead><tr><th>Key</th><th>Subject</th><th>Algorithm</th><th class=\"n\">Good</th><th class=\"n\">Not good</th>"
		      "<th class=\"n\">Not needed</th><th>Why not</th></tr></thead><tbody>\n", s->f);
	for (size_t i = 0; i < n && i < s->max_rows; i++)
		key_row(s->f, &keys[i], s->src->keys);
	fputs(n ? "</tbody></table>\n<p class=\"note\">Not needed: a reference value decided first.</p>\n" : "<p class=\"note\">No entry carries a signature.</p>\n", s->f);
	free(keys);
	return EXIT_GOOD;
}

static int plots(const struct section *s)
{
	struct report_groups g = { 0 };

	if (report_groups_make(s->entries, s->src->reference, &g) < 0)
		return imactl_fail(EXIT_UNABLE, "out of memory");
	fputs("<h3>What ran, in the order of the list</h3>\n", s->f);
	report_plot_course(s->f, s->entries, s->last_quoted);
	fprintf(s->f, "<h3>Where in the list each %s was used</h3>\n", g.has_packages ? "package" : "folder");
	report_plot_groups(s->f, s->entries, &g);
	entry_table(s, "Unknown and refused", "bad", REPORT_REFUSED);
	entry_table(s, "Violations and gaps", "warned", REPORT_WARNED);
	group_table(s, &g);
	report_groups_done(&g);
	return key_table(s);
}

int report_page_section(FILE *f, const struct evidence_item *it, const struct evidence_sources *src, size_t number, size_t max_rows)
{
	struct section s = { .f = f, .entries = it->seen, .src = src, .max_rows = max_rows };
	int r = EXIT_GOOD;

	fprintf(f, "<section id=\"evidence-%zu\"><div class=\"title\">", number);
	verdict_badge(f, it);
	fputs("<h2>", f);
	html_text(f, it->path);
	fputs("</h2></div>\n", f);
	if (it->error[0] || !it->result) {
		fputs("<p>", f);
		html_text(f, it->error);
		fputs("</p></section>\n", f);
		return EXIT_GOOD;
	}
	s.last_quoted = it->result->first_entry + it->result->n_quoted;
	facts(f, it);
	checks(f, it->result);
	if (s.entries) {
		r = plots(&s);
		entry_table(&s, "All entries", "entries", -1);
	} else {
		fputs("<p class=\"note\">No entry could be looked at.</p>\n", f);
	}
	fputs("</section>\n", f);
	return r;
}

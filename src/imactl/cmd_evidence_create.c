/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * imactl evidence create: the quote first, then the list, so that the list may be ahead of the quote and never behind; then everything in one
 * archive, or in the JSON that Keylime's verifier takes in one piece.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include <ima/mlist.h>

#include "core/attest/ak.h"
#include "core/attest/evidence.h"
#include "imactl/ak_files.h"
#include "imactl/outfile.h"
#include "imactl/quote_source.h"
#include "imactl/sources.h"

#define EVENT_LOG "/sys/kernel/security/tpm0/binary_bios_measurements"
#define EVENT_LOG_MAX (64U << 20)
#define LIST_MAX (UINT64_C(3) << 30)

struct create {
	struct imactl_quote_opts quote;
	const char *out, *list, *event_log, *ak_cert, *runtime_policy;
	uint64_t from;
	bool keylime, no_event_log;
	struct ima_quote_parts parts;
	struct ima_ak_blobs ak;
	struct ima_buffer pcrs, records, text, log, cert, ek, ek_cert;
	uint64_t n;
};

static int take_number(const char *text, uint64_t *ret)
{
	char *end;

	errno = 0;
	*ret = strtoull(text, &end, 10);
	return *end || end == text || *text == '-' || errno ? imactl_fail(EXIT_USAGE, "--from %s: not a number of entries", text) : 0;
}

static int take_option(struct create *c, int opt)
{
	switch (opt) {
	case 'o':
		c->out = optarg;
		return 0;
	case 'l':
		c->list = optarg;
		return 0;
	case 'F':
		return take_number(optarg, &c->from);
	case 'e':
		c->event_log = optarg;
		return 0;
	case 'E':
		c->no_event_log = true;
		return 0;
	case 'C':
		c->ak_cert = optarg;
		return 0;
	case 'r':
		c->runtime_policy = optarg;
		return 0;
	case 'f':
		c->keylime = !strcmp(optarg, "keylime");
		return c->keylime || !strcmp(optarg, "archive") ? 0 : imactl_fail(EXIT_USAGE, "--format %s: archive or keylime", optarg);
	default:
		return imactl_quote_option(&c->quote, opt) ? c->quote.failed ? EXIT_USAGE : 0 : imactl_usage("evidence create");
	}
}

static int parse_args(int argc, char **argv, struct create *c)
{
	static const struct option options[] = {
		IMACTL_QUOTE_OPTIONS, { "out", required_argument, NULL, 'o' }, { "list", required_argument, NULL, 'l' },
		{ "from", required_argument, NULL, 'F' }, { "eventlog", required_argument, NULL, 'e' },
		{ "no-eventlog", no_argument, NULL, 'E' }, { "ak-cert", required_argument, NULL, 'C' },
		{ "format", required_argument, NULL, 'f' }, { "runtime-policy", required_argument, NULL, 'r' }, { 0 },
	};
	int opt, r = 0;

	while (!r && (opt = getopt_long(argc, argv, "", options, NULL)) != -1)
		r = take_option(c, opt);
	if (!r && optind != argc)
		r = imactl_misuse("evidence create", "%s: nothing stands without an option", argv[optind]);
	if (!r && !c->out)
		r = imactl_misuse("evidence create", "--out FILE is missing");
	if (!r && c->keylime && c->from)
		r = imactl_fail(EXIT_USAGE, "Keylime's verifier wants the whole list: no --from");
	if (!r && c->keylime && c->ak_cert)
		r = imactl_misuse("evidence create", "Keylime's verifier takes no --ak-cert");
	if (!r && !c->keylime && c->runtime_policy)
		r = imactl_misuse("evidence create", "--runtime-policy goes with --format keylime");
	if (!r && c->event_log && c->no_event_log)
		r = imactl_misuse("evidence create", "--eventlog and --no-eventlog: one of the two");
	return r;
}

/* EXIT_GOOD also when there is none and none was named */
static int read_optional(const char *named, const char *folder, const char *name, size_t max, struct ima_buffer *ret)
{
	ima_cleanup(ima_freep) char *path = NULL;

	if (named)
		return imactl_read_named(NULL, named, max, ret);
	if (asprintf(&path, "%s%s%s", folder ? folder : "", folder ? "/" : "", name) < 0)
		return imactl_fail(EXIT_UNABLE, "out of memory");
	return access(path, R_OK) == 0 ? imactl_read_named(NULL, path, max, ret) : EXIT_GOOD;
}

static int add_record(struct create *c, const struct ima_record *rec, const struct ima_template *t)
{
	int r;

	if (++c->n <= c->from)
		return 0;
	if (c->keylime)
		r = ima_record_print(&c->text, rec, t);
	else
		r = ima_record_write(&c->records, rec);
	return r;
}

static int read_list(struct create *c)
{
	ima_cleanup(ima_freep) char *name = NULL;
	ima_cleanup(ima_closep) int fd = -EBADF;
	struct ima_list_reader *in = NULL;
	const struct ima_template *t;
	struct ima_diag diag = { 0 };
	struct ima_record rec;
	int r;

	fd = imactl_open_list(c->list, c->quote.control, &name, &diag);
	if (fd < 0)
		return imactl_fail_diag(EXIT_UNABLE, name ? name : "the live list", &diag, fd);
	c->records.limit = c->text.limit = LIST_MAX;
	r = ima_list_reader_new(fd, NULL, &in);
	while (r == 0 && (r = ima_list_reader_next(in, &rec, &t, &diag)) == 1) {
		/* records that were trimmed off count: numbers are those since the list began */
		if (!c->n)
			c->n = ima_list_reader_deleted(in);
		r = ima_list_reader_digest_algo(in) == IMA_HASH_SHA1 ? add_record(c, &rec, t) : -EPROTONOSUPPORT;
	}
	if (r == 0 && ima_list_reader_deleted(in) > c->from)
		r = imactl_fail(EXIT_UNABLE, "%s: the first %llu records were taken off the list: give the exported ones with these behind them as --list",
				name, (unsigned long long)ima_list_reader_deleted(in));
	else if (r == -EPROTONOSUPPORT)
		r = imactl_fail(EXIT_UNABLE, "%s: the list of one bank; the one with sha1 digests is needed", name);
	else if (r < 0)
		r = imactl_fail_diag(EXIT_UNABLE, name, &diag, r);
	else if (c->n < c->from)
		r = imactl_fail(EXIT_UNABLE, "%s: only %llu entries, --from %llu", name, (unsigned long long)c->n, (unsigned long long)c->from);
	ima_list_reader_free(in);
	return r;
}

/* a verifier would refuse the whole evidence for another one */
static int check_cert(const struct create *c, const char *name)
{
	struct ima_ak *ak = NULL, *of_cert = NULL;
	struct ima_diag diag = { 0 };
	int r = EXIT_GOOD, e;

	e = ima_ak_parse(ima_buffer_bytes(&c->ak.pub), &ak, &diag);
	if (e == 0)
		e = ima_ak_parse(ima_buffer_bytes(&c->cert), &of_cert, &diag);
	if (e < 0)
		r = imactl_fail_diag(EXIT_UNABLE, name, &diag, e);
	else if (!ima_ak_is_same_key(ak, of_cert))
		r = imactl_fail(EXIT_UNABLE, "%s: the certificate is of another key", name);
	ima_ak_free(ak);
	ima_ak_free(of_cert);
	return r;
}

static int gather(struct create *c)
{
	const char *folder = imactl_quote_folder(&c->quote);
	int r = imactl_ak_read(folder, &c->ak);

	if (!r)
		r = imactl_quote(&c->quote, &c->ak, &c->parts);
	if (!r)
		r = read_list(c);
	if (!r && !c->no_event_log)
		r = read_optional(c->event_log, NULL, EVENT_LOG, EVENT_LOG_MAX, &c->log);
	if (!r)
		r = read_optional(c->ak_cert, folder, "ak.crt", 64U << 10, &c->cert);
	if (!r && (c->ak_cert || c->cert.len))
		r = check_cert(c, c->ak_cert ? c->ak_cert : "ak.crt");
	if (!r)
		r = read_optional(NULL, folder, "ek.crt", 64U << 10, &c->ek_cert);
	if (!r)
		r = read_optional(NULL, folder, "ek.pub", 64U << 10, &c->ek);
	if (!r && ima_quote_pcrs_write(&c->pcrs, &c->parts.pcrs) < 0)
		r = imactl_fail(EXIT_UNABLE, "out of memory");
	return r;
}

static int write_archive(struct create *c)
{
	const struct ima_evidence_parts p = {
		.first_entry = c->from,
		.part = {
			[IMA_PART_QUOTE] = ima_buffer_bytes(&c->parts.attest),
			[IMA_PART_SIGNATURE] = ima_buffer_bytes(&c->parts.signature),
			[IMA_PART_PCRS] = ima_buffer_bytes(&c->pcrs),
			[IMA_PART_AK] = ima_buffer_bytes(&c->ak.pub),
			[IMA_PART_AK_CERT] = ima_buffer_bytes(&c->cert),
			[IMA_PART_EK_CERT] = ima_buffer_bytes(&c->ek_cert),
			[IMA_PART_LIST] = ima_buffer_bytes(&c->records),
			[IMA_PART_EVENT_LOG] = ima_buffer_bytes(&c->log),
		},
	};
	struct ima_buffer out = { 0 };
	struct ima_hasher *h = NULL;
	struct ima_diag diag = { 0 };
	int r = ima_hasher_new(&h);

	if (r == 0)
		r = ima_evidence_write(&p, h, &out, &diag);
	r = r < 0 ? imactl_fail_diag(EXIT_UNABLE, c->out, &diag, r) : imactl_outfile_write(c->out, ima_buffer_bytes(&out), 0644);
	ima_buffer_done(&out);
	ima_hasher_free(h);
	return r;
}

static json_t *base64_json(struct ima_bytes in)
{
	struct ima_buffer b = { 0 };
	json_t *o = ima_base64(in, &b) == 0 ? json_stringn(b.data ? (char *)b.data : "", b.len) : NULL;

	ima_buffer_done(&b);
	return o;
}

static json_t *keylime_json(const struct create *c, const char *quote, const struct ima_buffer *policy)
{
	char mask[48];
	char nonce[IMA_QUOTE_NONCE_MAX + 1] = "";

	memcpy(nonce, c->quote.nonce, c->quote.nonce_len);
	snprintf(mask, sizeof(mask), "{\"mask\": \"0x%x\"}", c->parts.pcrs.banks[0].known);
	return json_pack("{s:s, s:{s:s, s:s, s:s, s:o, s:o, s:s, s:s, s:s, s:s%, s:o}}", "type", "tpm", "data", "nonce", nonce, "quote", quote,
			 "hash_alg", ima_hash_name(c->parts.pcrs.banks[0].algo), "tpm_ak", base64_json(ima_buffer_bytes(&c->ak.pub)), "tpm_ek",
			 base64_json(ima_buffer_bytes(&c->ek)), "tpm_policy", mask, "runtime_policy",
			 policy->data ? (char *)policy->data : "", "mb_policy", "", "ima_measurement_list",
			 c->text.data ? (char *)c->text.data : "", c->text.len, "mb_log", base64_json(ima_buffer_bytes(&c->log)));
}

static int write_keylime(struct create *c)
{
	struct ima_buffer quote = { 0 }, policy = { 0 }, out = { 0 };
	char *text = NULL;
	json_t *o = NULL;
	int r = c->runtime_policy ? imactl_read_named(NULL, c->runtime_policy, 1U << 30, &policy) : EXIT_GOOD;

	for (size_t i = 0; !r && i < c->quote.nonce_len; i++)
		if (c->quote.nonce[i] < 0x21 || c->quote.nonce[i] > 0x7e)
			r = imactl_fail(EXIT_USAGE, "Keylime's nonces are printable: --nonce-text");
	if (!r && ima_keylime_quote(&c->parts, &quote) < 0)
		r = imactl_fail(EXIT_UNABLE, "out of memory");
	if (!r)
		o = keylime_json(c, (char *)quote.data, &policy);
	if (!r && !o)
		r = imactl_fail(EXIT_UNABLE, "the list has a name that is not UTF-8: Keylime cannot take it");
	text = o ? json_dumps(o, JSON_COMPACT) : NULL;
	if (!r && (!text || ima_buffer_append_str(&out, text) < 0))
		r = imactl_fail(EXIT_UNABLE, "out of memory");
	if (!r)
		r = imactl_outfile_write(c->out, ima_buffer_bytes(&out), 0644);
	free(text);
	json_decref(o);
	ima_buffer_done(&quote);
	ima_buffer_done(&policy);
	ima_buffer_done(&out);
	return r;
}

int cmd_evidence_create(int argc, char **argv)
{
	struct create c = { 0 };
	int r = parse_args(argc, argv, &c);

	if (!r)
		r = gather(&c);
	if (!r)
		r = c.keylime ? write_keylime(&c) : write_archive(&c);
	ima_quote_parts_done(&c.parts);
	ima_ak_blobs_done(&c.ak);
	ima_buffer_done(&c.pcrs);
	ima_buffer_done(&c.records);
	ima_buffer_done(&c.text);
	ima_buffer_done(&c.log);
	ima_buffer_done(&c.cert);
	ima_buffer_done(&c.ek);
	ima_buffer_done(&c.ek_cert);
	return r;
}

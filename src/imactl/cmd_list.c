/* SPDX-License-Identifier: BSD-2-Clause */
/* imactl list: the list as text, binary or JSON lines, once or as it grows. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ima/mlist.h>

#include "base/buffer.h"
#include "base/diag.h"
#include "base/file.h"
#include "core/attest/cel.h"
#include "core/template/fields.h"
#include "imactl/sources.h"

#define FOLLOW_US 200000

enum form { FORM_TEXT = 0, FORM_BINARY, FORM_JSON, FORM_KEXEC, FORM_CEL_JSON, FORM_CEL_CBOR };

#define CEL_MAX (UINT64_C(3) << 30) /* bytes of an event log, which is read whole */

struct list_args {
	const char *file, *control;
	enum form form;
	enum ima_list_format from;
	bool follow;
	size_t tail; /* 0: everything */
	enum ima_hash_algo bank;
	bool has_bank;
	bool from_cel;
	enum ima_cel_form cel;
};

/* what waits for the end: the last N records of --tail, or a whole kexec blob or CBOR array, whose head counts it */
struct ring {
	struct ima_cel_writer cel;
	struct ima_buffer *lines;
	size_t n, at;
	bool whole;
	struct ima_buffer blob;
	uint64_t n_blob;
};

static void fields_json(json_t *o, const struct ima_record *rec, const struct ima_template *t)
{
	static const char *const names[IMA_FIELD__LAST] = {
		"d", "n", "d-ng", "d-ngv2", "n-ng", "sig", "buf", "d-modsig", "modsig", "evmsig",
		"iuid", "igid", "imode", "xattrnames", "xattrlengths", "xattrvalues",
	};
	struct ima_bytes f[IMA_TEMPLATE_MAX_FIELDS];

	if (ima_template_split(t, rec->data, f) < 0)
		return;
	for (size_t i = 0; i < t->n_fields; i++) {
		struct ima_buffer b = { 0 };
		json_t *value = NULL;

		if (ima_field_print(t->fields[i], f[i], &b) == 0)
			value = json_stringn(b.data ? (char *)b.data : "", b.len);
		/* a name that is not UTF-8 cannot be a JSON string: its bytes in hexadecimal, marked as such */
		if (!value && b.len) {
			struct ima_buffer hex = { 0 };

			if (ima_buffer_append_str(&hex, "hex:") == 0 &&
			    ima_buffer_append_hex(&hex, b.data, b.len) == 0)
				value = json_stringn((char *)hex.data, hex.len);
			ima_buffer_done(&hex);
		}
		json_object_set_new(o, names[t->fields[i]], value ? value : json_null());
		ima_buffer_done(&b);
	}
}

static int put_json(struct ima_buffer *out, const struct ima_record *rec,
		    const struct ima_template *t, uint64_t number)
{
	struct ima_buffer hex = { 0 };
	json_t *fields = json_object();
	char *text;
	json_t *o;
	int r = ima_buffer_append_hex(&hex, rec->digest.data, rec->digest.len);

	if (r < 0 || !fields)
		return -ENOMEM;
	fields_json(fields, rec, t);
	o = json_pack("{s:I, s:I, s:s, s:s%, s:b, s:o}", "number", (json_int_t)number, "pcr",
		      (json_int_t)rec->pcr, "template_digest", (char *)hex.data, "template",
		      (const char *)rec->name.data, rec->name.len, "violation",
		      (int)ima_record_is_violation(rec), "fields", fields);
	ima_buffer_done(&hex);
	text = o ? json_dumps(o, JSON_COMPACT) : NULL;
	json_decref(o);
	if (!text)
		return -ENOMEM;
	r = ima_buffer_append_str(out, text);
	free(text);
	return r < 0 ? r : ima_buffer_append_u8(out, '\n');
}

static int rehash(struct ima_hasher *h, const struct list_args *a, struct ima_record *rec,
		  const struct ima_template *t, struct ima_digest *d)
{
	int r;

	if (!a->has_bank || ima_hash_len(a->bank) == rec->digest.len)
		return 0;
	*d = (struct ima_digest){ .algo = a->bank, .len = ima_hash_len(a->bank) };
	if (!ima_record_is_violation(rec)) {
		r = ima_template_digest(h, t, a->bank, rec->data, d);
		if (r < 0)
			return r;
	}
	rec->digest = (struct ima_bytes){ d->data, d->len };
	return 0;
}

static bool is_cel(const struct list_args *a)
{
	return a->form == FORM_CEL_JSON || a->form == FORM_CEL_CBOR;
}

/* the list's own digest, and that of --bank beside it */
static int put_cel(struct ima_hasher *h, const struct list_args *a, struct ima_cel_writer *w, const struct ima_record *rec, const struct ima_template *t,
		   enum ima_hash_algo own, struct ima_buffer *out, struct ima_diag *diag)
{
	struct ima_digest d[2] = { { .algo = own, .len = rec->digest.len }, { .algo = a->bank, .len = ima_hash_len(a->bank) } };
	const size_t n = a->has_bank && a->bank != own ? 2 : 1;
	int r = 0;

	memcpy(d[0].data, rec->digest.data, rec->digest.len < IMA_DIGEST_MAX ? rec->digest.len : IMA_DIGEST_MAX);
	if (n == 2 && !ima_record_is_violation(rec))
		r = ima_template_digest(h, t, a->bank, rec->data, &d[1]);
	if (r == 0 && w->n)
		r = ima_cel_between(w->form, out);
	return r < 0 ? r : ima_cel_write(w, rec, t, d, n, out, diag);
}

static int format(struct ima_hasher *h, const struct list_args *a, struct ima_record rec,
		  const struct ima_template *t, uint64_t number, struct ima_buffer *out)
{
	struct ima_digest d;
	int r = rehash(h, a, &rec, t, &d);

	out->len = 0;
	if (r < 0)
		return r;
	switch (a->form) {
	case FORM_KEXEC:
		if (!ima_kexec_can_carry(&rec))
			return -EPROTOTYPE;
		return ima_record_write(out, &rec);
	case FORM_BINARY:
		return ima_record_write(out, &rec);
	case FORM_JSON:
		return put_json(out, &rec, t, number);
	default:
		return ima_record_print(out, &rec, t);
	}
}

static int put_out(const struct ima_buffer *b)
{
	return fwrite(b->data, 1, b->len, stdout) == b->len ? 0 : -EIO;
}

static int keep_or_put(struct ring *ring, struct ima_buffer *b)
{
	if (ring->whole) {
		ring->n_blob++;
		return ima_buffer_append(&ring->blob, b->data, b->len);
	}
	if (!ring->n)
		return put_out(b);
	struct ima_buffer *slot = &ring->lines[ring->at++ % ring->n];

	slot->len = 0;
	return ima_buffer_append(slot, b->data, b->len);
}

static int flush_ring(struct ring *ring)
{
	const size_t have = ring->at < ring->n ? ring->at : ring->n;
	int r = 0;

	for (size_t i = 0; i < have && r == 0; i++)
		r = put_out(&ring->lines[(ring->at - have + i) % ring->n]);
	for (size_t i = 0; i < ring->n; i++)
		ima_buffer_done(&ring->lines[i]);
	free(ring->lines);
	*ring = (struct ring){ 0 };
	return r;
}

static int put_blob(const struct list_args *a, struct ring *ring)
{
	struct ima_buffer head = { 0 };
	int r = is_cel(a) ? ima_cel_head(ring->cel.form, ring->n_blob, &head) : ima_kexec_head_write(&head, ring->blob.len, ring->n_blob);

	if (r == 0)
		r = put_out(&head);
	if (r == 0 && ring->blob.len)
		r = put_out(&ring->blob);
	head.len = 0;
	if (r == 0 && is_cel(a))
		r = ima_cel_tail(ring->cel.form, &head);
	if (r == 0 && head.len)
		r = put_out(&head);
	ima_buffer_done(&head);
	return r;
}

static int copy_all(const struct list_args *a, struct ima_list_reader *in, struct ima_hasher *h,
		    struct ring *ring, struct ima_diag *diag)
{
	struct ima_buffer one = { 0 };
	const struct ima_template *t;
	struct ima_record rec;
	uint64_t number = 0;
	int r;

	for (;;) {
		r = ima_list_reader_next(in, &rec, &t, diag);
		if (r == 1) {
			one.len = 0;
			number++;
			r = is_cel(a) ? put_cel(h, a, &ring->cel, &rec, t, ima_list_reader_digest_algo(in), &one, diag) : format(h, a, rec, t, number, &one);
			if (r == -EPROTOTYPE)
				r = ima_diag_text(diag, r, "entry %llu (template %.*s) cannot go into a kexec blob",
						  (unsigned long long)number, (int)rec.name.len,
						  (const char *)rec.name.data);
			if (r == 0)
				r = keep_or_put(ring, &one);
		} else if (r == 0) {
			if (ring->n)
				r = flush_ring(ring);
			if (r == 0 && ring->whole)
				r = put_blob(a, ring);
			if (r < 0 || !a->follow)
				break;
			fflush(stdout);
			usleep(FOLLOW_US);
		}
		if (r < 0)
			break;
	}
	ima_buffer_done(&one);
	return r;
}

static int parse_form(const char *text, struct list_args *a)
{
	static const char *const names[] = { "text", "binary", "json", "kexec", "cel-json", "cel-cbor" };

	for (size_t i = 0; i < IMA_N_ELEMENTS(names); i++) {
		if (strcmp(text, names[i]))
			continue;
		a->form = (enum form)i;
		return 0;
	}
	return imactl_fail(EXIT_USAGE, "--format %s: not one of text, binary, json, kexec, cel-json, cel-cbor", text);
}

static int parse_tail(const char *text, struct list_args *a)
{
	char *end;
	const unsigned long n = strtoul(text, &end, 10);

	if (!n || *end || *text == '-' || n > 1000000)
		return imactl_fail(EXIT_USAGE, "--tail %s: not a number from 1 to 1000000", text);
	a->tail = n;
	return 0;
}

static int parse_bank(const char *text, struct list_args *a)
{
	if (ima_hash_by_name(text, strlen(text), &a->bank) < 0)
		return imactl_fail(EXIT_USAGE, "--bank %s: not a hash algorithm", text);
	a->has_bank = true;
	return 0;
}

static int parse_from(struct list_args *a, const char *text)
{
	a->from_cel = !strcmp(text, "cel-json") || !strcmp(text, "cel-cbor");
	a->cel = !strcmp(text, "cel-json") ? IMA_CEL_JSON : IMA_CEL_CBOR;
	if (!a->from_cel && strcmp(text, "text") && strcmp(text, "binary") && strcmp(text, "kexec") && strcmp(text, "journal"))
		return imactl_fail(EXIT_USAGE, "--from %s: not one of text, binary, kexec, journal, cel-json, cel-cbor", text);
	return a->from_cel ? 0 : imactl_list_format(text, &a->from);
}

static int parse_args(int argc, char **argv, struct list_args *a)
{
	static const struct option options[] = {
		{ "follow", no_argument, NULL, 'f' },	{ "json", no_argument, NULL, 'j' },
		{ "format", required_argument, NULL, 'F' }, { "tail", required_argument, NULL, 't' },
		{ "bank", required_argument, NULL, 'b' }, { "control", required_argument, NULL, 'c' },
		{ "from", required_argument, NULL, 'r' }, { 0 },
	};
	int opt, r = 0;

	while (r == 0 && (opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (opt) {
		case 'f':
			a->follow = true;
			break;
		case 'j':
			a->form = FORM_JSON;
			break;
		case 'F':
			r = parse_form(optarg, a);
			break;
		case 't':
			r = parse_tail(optarg, a);
			break;
		case 'b':
			r = parse_bank(optarg, a);
			break;
		case 'r':
			r = parse_from(a, optarg);
			break;
		case 'c':
			a->control = optarg;
			break;
		default:
			return imactl_usage("list");
		}
	}
	if (r == 0 && optind < argc)
		a->file = argv[optind++];
	if (r == 0 && a->form == FORM_KEXEC && (a->follow || a->tail || a->has_bank))
		r = imactl_fail(EXIT_USAGE, "--format kexec: a blob is a whole list with sha1 template digests");
	if (r == 0 && is_cel(a) && (a->follow || a->tail))
		r = imactl_fail(EXIT_USAGE, "--format cel-json, cel-cbor: a log is a whole list");
	if (r == 0 && a->from_cel && (!a->file || a->follow))
		r = imactl_fail(EXIT_USAGE, "--from cel-json, cel-cbor: needs a file, which does not grow");
	return r == 0 && optind != argc ? imactl_usage("list") : r;
}

/* an event log becomes a binary list in memory: one that was asked for, or a file that begins as one */
static int read_cel(const struct list_args *a, int fd, struct ima_buffer *list, enum ima_hash_algo *ret_algo, struct ima_diag *diag)
{
	ima_cleanup(ima_freep) uint8_t *text = NULL;
	uint8_t first;
	enum ima_cel_form form = a->cel;
	size_t len = 0;
	int r;

	/* what cannot be looked at without reading it is taken for what --from says */
	if (!a->from_cel && (!a->file || a->follow || a->from != IMA_LIST_AUTO || pread(fd, &first, 1, 0) != 1 || !ima_cel_is_one((struct ima_bytes){ &first, 1 }, &form)))
		return 0;
	r = ima_file_read_fd(fd, CEL_MAX, &text, &len);
	if (r == 0)
		r = ima_cel_read((struct ima_bytes){ text, len }, form, list, ret_algo, diag);
	return r < 0 ? r : 1;
}

static int open_reader(const struct list_args *a, int fd, struct ima_buffer *list, struct ima_list_reader **ret, struct ima_diag *diag)
{
	struct ima_list_reader_opts opts = { .format = a->from };
	int r = read_cel(a, fd, list, &opts.digest_algo, diag);

	if (r <= 0)
		return r < 0 ? r : ima_list_reader_new(fd, &opts, ret);
	opts.format = IMA_LIST_BINARY;
	opts.has_digest_algo = true;
	return ima_list_reader_new_bytes(ima_buffer_bytes(list), &opts, ret);
}

static int run(const struct list_args *a, int fd, const char *name)
{
	struct ring ring = { .n = a->tail, .whole = a->form == FORM_KEXEC || is_cel(a), .cel.form = a->form == FORM_CEL_JSON ? IMA_CEL_JSON : IMA_CEL_CBOR };
	ima_cleanup(ima_buffer_done) struct ima_buffer list = { 0 };
	struct ima_list_reader *in = NULL;
	struct ima_hasher *h = NULL;
	struct ima_diag diag = { 0 };
	int r;

	if (ring.n)
		ring.lines = calloc(ring.n, sizeof(*ring.lines));
	r = ring.n && !ring.lines ? -ENOMEM : ima_hasher_new(&h);
	if (r == 0)
		r = open_reader(a, fd, &list, &in, &diag);
	if (r == 0)
		r = copy_all(a, in, h, &ring, &diag);
	ima_buffer_done(&ring.blob);
	ima_cel_writer_done(&ring.cel);
	ima_ignore(flush_ring(&ring));
	ima_list_reader_free(in);
	ima_hasher_free(h);
	if (imactl_output_failed())
		return EXIT_UNABLE;
	return r < 0 ? imactl_fail_diag(EXIT_UNABLE, name, &diag, r) : EXIT_GOOD;
}

int cmd_list(int argc, char **argv)
{
	ima_cleanup(ima_freep) char *name = NULL;
	ima_cleanup(ima_closep) int fd = -EBADF;
	struct list_args a = { 0 };
	struct ima_diag diag = { 0 };
	int r = parse_args(argc, argv, &a);

	if (r)
		return r;
	fd = imactl_open_list(a.file, a.control, &name, &diag);
	if (fd < 0)
		return imactl_fail_diag(EXIT_UNABLE, name ? name : "the live list", &diag, fd);
	return run(&a, fd, name);
}

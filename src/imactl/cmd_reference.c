/* SPDX-License-Identifier: BSD-2-Clause */
/* imactl reference merge, diff and query. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "base/hex.h"
#include "core/attest/reference.h"
#include "imactl/files.h"
#include "imactl/keyring_source.h"
#include "imactl/reference_opts.h"

struct args {
	const char *output;
	int64_t expires_old; /* 0: not given */
	bool force, json, quiet;
	struct ima_keyring *keys; /* owned; NULL: -k was not given */
	char **rest;
	int n_rest;
};

static int add_keys(struct args *a, const char *path)
{
	if (!a->keys && ima_keyring_new(&a->keys) < 0)
		return imactl_fail(EXIT_UNABLE, "out of memory");
	return imactl_keyring_add(a->keys, path);
}

static const char *name_of(const struct option *o, int val)
{
	while (o->val != val)
		o++;
	return o->name;
}

/* @letters: of those that the command takes */
static int parse_args(int argc, char **argv, const char *command, const char *letters, struct args *a)
{
	static const struct option options[] = {
		{ "output", required_argument, NULL, 'o' }, { "force", no_argument, NULL, 'f' },
		{ "expires-old", required_argument, NULL, 'e' }, { "json", no_argument, NULL, 'j' },
		{ "quiet", no_argument, NULL, 'q' }, { "keys", required_argument, NULL, 'k' }, { 0 },
	};
	int opt, r = EXIT_GOOD;

	while (r == EXIT_GOOD && (opt = getopt_long(argc, argv, "o:k:q", options, NULL)) != -1) {
		if (opt == '?')
			return imactl_usage(command);
		if (!strchr(letters, opt))
			return imactl_misuse(command, "it has no option --%s", name_of(options, opt));
		switch (opt) {
		case 'o': a->output = optarg; break;
		case 'f': a->force = true; break;
		case 'e': r = imactl_reference_date("--expires-old", optarg, &a->expires_old); break;
		case 'j': a->json = true; break;
		case 'k': r = add_keys(a, optarg); break;
		default: a->quiet = true; break;
		}
	}
	a->rest = argv + optind;
	a->n_rest = argc - optind;
	return r;
}

/* merge */

static int add_old(struct ima_reference_builder *b, const struct ima_reference *old, const struct ima_reference *fresh, int64_t expiry)
{
	struct ima_reference_value v;
	int r = 0;

	for (uint32_t i = 0; i < ima_reference_size(old) && r == 0; i++) {
		r = ima_reference_get(old, i, &v);
		if (r == 0 && expiry && !ima_reference_is_match(fresh, v.path, &v.digest, 0, NULL) && (!v.expiry || v.expiry > expiry))
			v.expiry = expiry;
		if (r == 0)
			r = ima_reference_add(b, &v);
	}
	return r;
}

static int add_all(struct ima_reference_builder *b, const struct ima_reference *set)
{
	struct ima_reference_value v;
	int r = 0;

	for (uint32_t i = 0; i < ima_reference_size(set) && r == 0; i++) {
		r = ima_reference_get(set, i, &v);
		if (r == 0)
			r = ima_reference_add(b, &v);
	}
	return r;
}

static int open_fresh(const struct args *a, struct ima_reference **ret)
{
	struct ima_reference_builder *b = NULL;
	int r = ima_reference_builder_new(&b) < 0 ? imactl_fail(EXIT_UNABLE, "out of memory") : EXIT_GOOD;

	for (int i = 1; i < a->n_rest && r == EXIT_GOOD; i++)
		r = imactl_reference_add_file(b, a->rest[i], a->keys);
	if (r == EXIT_GOOD && ima_reference_finish(b, ret) < 0)
		r = imactl_fail(EXIT_UNABLE, "out of memory");
	ima_reference_builder_free(b);
	return r;
}

static int merge(const struct args *a)
{
	struct ima_reference *old = NULL, *fresh = NULL;
	struct ima_reference_builder *b = NULL;
	int r = imactl_reference_may_write(a->output, a->force), e = 0;

	if (r == EXIT_GOOD)
		r = imactl_reference_open(a->rest[0], a->keys, &old);
	if (r == EXIT_GOOD)
		r = open_fresh(a, &fresh);
	if (r == EXIT_GOOD) {
		e = ima_reference_builder_new(&b);
		if (e == 0)
			e = add_all(b, fresh);
		if (e == 0)
			e = add_old(b, old, fresh, a->expires_old);
		r = e < 0 ? imactl_fail(EXIT_UNABLE, "%s", strerror(-e)) : imactl_reference_write(b, a->output, a->force, a->quiet);
	}
	ima_reference_builder_free(b);
	ima_reference_free(old);
	ima_reference_free(fresh);
	return r;
}

int cmd_reference_merge(int argc, char **argv)
{
	struct args a = { 0 };
	int r = parse_args(argc, argv, "reference merge", "ofekq", &a);

	if (r == EXIT_GOOD)
		r = !a.output ? imactl_misuse("reference merge", "-o FILE is missing") :
		    a.n_rest < 2 ? imactl_misuse("reference merge", "the old set, and the new ones: two files at least") : merge(&a);
	ima_keyring_free(a.keys);
	return r;
}

/* diff */

/* a set, sorted, and the values of the path at hand: order[at] to order[end - 1], without doubles */
struct side {
	struct ima_reference *set;
	uint32_t *order;
	size_t at, end;
	struct ima_bytes path;
	struct ima_buffer digests; /* "sha256:..., sha256:..." */
	uint64_t n; /* paths that only this side has */
};

static bool same_path(struct ima_bytes a, struct ima_bytes b)
{
	return a.len == b.len && !memcmp(a.data, b.data, a.len);
}

static int compare_paths(struct ima_bytes a, struct ima_bytes b)
{
	const int c = memcmp(a.data, b.data, a.len < b.len ? a.len : b.len);

	return c ? c : (a.len > b.len) - (a.len < b.len);
}

static int put_digest(struct ima_buffer *out, const struct ima_digest *d)
{
	const int r = ima_buffer_printf(out, "%s%s:", out->len ? ", " : "", ima_hash_name(d->algo));

	return r < 0 ? r : ima_buffer_append_hex(out, d->data, d->len);
}

/* the next path of a side; at the end at is the set's size */
static int next_path(struct side *s)
{
	const size_t size = ima_reference_size(s->set);
	struct ima_digest last = { 0 };
	struct ima_reference_value v;
	int r = 0;

	s->at = s->end;
	s->digests.len = 0;
	for (; r == 0 && s->end < size; s->end++) {
		r = ima_reference_get(s->set, s->order[s->end], &v);
		if (r < 0 || (s->end > s->at && !same_path(s->path, v.path)))
			break;
		s->path = v.path;
		if (!last.len || last.algo != v.digest.algo || memcmp(last.data, v.digest.data, v.digest.len))
			r = put_digest(&s->digests, &v.digest);
		last = v.digest;
	}
	return r;
}

static int open_side(struct side *s, const char *path, const struct ima_keyring *keys)
{
	const int r = imactl_reference_open(path, keys, &s->set);

	if (r)
		return r;
	if (ima_reference_sort(s->set, &s->order) < 0 || next_path(s) < 0)
		return imactl_fail(EXIT_UNABLE, "out of memory");
	return EXIT_GOOD;
}

static void close_side(struct side *s)
{
	ima_reference_free(s->set);
	free(s->order);
	ima_buffer_done(&s->digests);
}

static bool is_over(const struct side *s)
{
	return s->at >= ima_reference_size(s->set);
}

static int show_json(const char *what, struct ima_bytes path, const struct side *old, const struct side *fresh)
{
	ima_cleanup(ima_buffer_done) struct ima_buffer line = { 0 };
	ima_cleanup(ima_freep) char *name = strndup((const char *)path.data, path.len);
	json_t *o = json_pack("{s:s, s:s*, s:s*}", "what", what, "old", old ? (char *)old->digests.data : NULL, "new",
			      fresh ? (char *)fresh->digests.data : NULL);
	const int r = name ? imactl_file_json(&line, name, o) : -ENOMEM;

	if (r == 0)
		fwrite(line.data, 1, line.len, stdout);
	return r;
}

static int show(const struct args *a, const struct side *old, const struct side *fresh)
{
	const struct ima_bytes path = old ? old->path : fresh->path;
	ima_cleanup(ima_freep) char *name = strndup((const char *)path.data, path.len);

	if (a->json)
		return show_json(!old ? "added" : !fresh ? "removed" : "changed", path, old, fresh);
	if (a->quiet)
		return 0;
	if (!name)
		return -ENOMEM;
	fputs(!old ? "+ " : !fresh ? "- " : "~ ", stdout);
	imactl_print_path(stdout, name);
	if (old)
		printf(" %s", (char *)old->digests.data);
	if (old && fresh)
		fputs(" ->", stdout);
	if (fresh)
		printf(" %s", (char *)fresh->digests.data);
	putchar('\n');
	return 0;
}

/* the path that comes first on either side; counts it */
static int step(const struct args *a, struct side *old, struct side *fresh, uint64_t *n_changed)
{
	const int c = is_over(old) ? 1 : is_over(fresh) ? -1 : compare_paths(old->path, fresh->path);
	const bool differ = c || old->digests.len != fresh->digests.len || memcmp(old->digests.data, fresh->digests.data, old->digests.len);
	int r = differ ? show(a, c <= 0 ? old : NULL, c >= 0 ? fresh : NULL) : 0;

	old->n += c < 0;
	fresh->n += c > 0;
	*n_changed += c == 0 && differ;
	if (r == 0 && c <= 0)
		r = next_path(old);
	if (r == 0 && c >= 0)
		r = next_path(fresh);
	return r;
}

static int diff(const struct args *a)
{
	struct side old = { 0 }, fresh = { 0 };
	uint64_t n_changed = 0;
	int r = open_side(&old, a->rest[0], a->keys), e = 0;

	if (r == EXIT_GOOD)
		r = open_side(&fresh, a->rest[1], a->keys);
	while (r == EXIT_GOOD && e == 0 && !(is_over(&old) && is_over(&fresh)))
		e = step(a, &old, &fresh, &n_changed);
	if (e < 0)
		r = imactl_fail(EXIT_UNABLE, "%s", strerror(-e));
	if (r == EXIT_GOOD && !a->quiet && !a->json)
		fprintf(stderr, "imactl: %" PRIu64 " added, %" PRIu64 " removed, %" PRIu64 " changed\n", fresh.n, old.n, n_changed);
	if (r == EXIT_GOOD && old.n + fresh.n + n_changed)
		r = EXIT_BAD;
	close_side(&old);
	close_side(&fresh);
	return r;
}

int cmd_reference_diff(int argc, char **argv)
{
	struct args a = { 0 };
	int r = parse_args(argc, argv, "reference diff", "jkq", &a);

	if (r == EXIT_GOOD)
		r = a.n_rest == 2 ? diff(&a) : imactl_misuse("reference diff", "two files");
	ima_keyring_free(a.keys);
	return r;
}

/* query */

/* "sha256:HEX", or the digits alone; anything else is a path */
static int parse_question(const char *text, struct ima_reference_question *ret)
{
	static const enum ima_hash_algo known[] = { IMA_HASH_SHA1, IMA_HASH_SHA256, IMA_HASH_SHA384, IMA_HASH_SHA512 };
	const char *colon = strchr(text, ':'), *hex = colon ? colon + 1 : text;
	struct ima_digest d = { 0 };
	bool is_known = colon && ima_hash_by_name(text, (size_t)(colon - text), &d.algo) == 0;

	for (size_t i = 0; !colon && i < IMA_N_ELEMENTS(known); i++) {
		if (strlen(hex) != 2 * ima_hash_len(known[i]) || strspn(hex, "0123456789abcdefABCDEF") != strlen(hex))
			continue;
		d.algo = known[i];
		is_known = true;
	}
	*ret = (struct ima_reference_question){ 0 };
	if (!is_known) {
		ret->path = (struct ima_bytes){ (const uint8_t *)text, strlen(text) };
		return EXIT_GOOD;
	}
	d.len = ima_hash_len(d.algo);
	if (strlen(hex) != 2 * d.len || ima_hex_decode(hex, 2 * d.len, d.data) < 0)
		return imactl_fail(EXIT_USAGE, "%s: not a digest of %zu hexadecimal digits", text, 2 * d.len);
	ret->digest = d;
	return EXIT_GOOD;
}

static bool answers(const struct ima_reference_question *q, const struct ima_reference_value *v)
{
	if (q->path.data)
		return same_path(q->path, v->path);
	return q->digest.algo == v->digest.algo && !memcmp(q->digest.data, v->digest.data, v->digest.len);
}

static int value_json(const struct ima_reference_value *v, const char *digest, const char *name)
{
	ima_cleanup(ima_buffer_done) struct ima_buffer line = { 0 };
	char date[24];
	json_t *o = json_pack("{s:s, s:s*, s:s*, s:s*}", "digest", digest, "package", v->package, "version", v->version, "repository", v->repository);
	int r;

	if (o && v->has_size)
		json_object_set_new(o, "size", json_integer((json_int_t)v->size));
	if (o && v->expiry)
		json_object_set_new(o, "expires", json_string(imactl_date_text(v->expiry, date)));
	if (o)
		json_object_set_new(o, "signed", json_boolean(v->signature.len != 0));
	r = imactl_file_json(&line, name, o);
	if (r == 0)
		fwrite(line.data, 1, line.len, stdout);
	return r;
}

static int show_value(const struct args *a, const struct ima_reference_value *v)
{
	ima_cleanup(ima_buffer_done) struct ima_buffer digest = { 0 };
	ima_cleanup(ima_freep) char *name = strndup((const char *)v->path.data, v->path.len);
	char date[24];

	if (!name || put_digest(&digest, &v->digest) < 0)
		return -ENOMEM;
	if (a->json)
		return value_json(v, (char *)digest.data, name);
	printf("%s ", (char *)digest.data);
	imactl_print_path(stdout, *name ? name : "(any path)");
	if (v->package)
		printf(" %s %s", v->package, v->version ? v->version : "-");
	if (v->repository)
		printf(" (%s)", v->repository);
	if (v->expiry)
		printf(" expires %s", imactl_date_text(v->expiry, date));
	putchar('\n');
	return 0;
}

/* a database answers without being read; any other file is read for each question */
static int load_answers(const struct args *a, const struct ima_reference_question *q, struct ima_reference **ret)
{
	ima_cleanup(ima_closep) int fd = open(a->rest[0], O_RDONLY | O_CLOEXEC);
	struct ima_reference_builder *b = NULL;
	struct ima_diag diag = { 0 };
	int r;

	if (fd < 0)
		return imactl_fail(EXIT_UNABLE, "%s: %s", a->rest[0], strerror(errno));
	if (!ima_reference_fd_is_database(fd))
		return imactl_reference_open(a->rest[0], a->keys, ret);
	r = ima_reference_builder_new(&b);
	if (r == 0)
		r = ima_reference_ask(b, a->rest[0], q, &diag);
	if (r == 0)
		r = ima_reference_finish(b, ret);
	ima_reference_builder_free(b);
	return r < 0 ? imactl_fail_diag(EXIT_UNABLE, a->rest[0], &diag, r) : EXIT_GOOD;
}

static int ask(const struct args *a, const char *text)
{
	struct ima_reference_question q;
	struct ima_reference *set = NULL;
	struct ima_reference_value v;
	uint64_t n = 0;
	int r = parse_question(text, &q), e = 0;

	if (r == EXIT_GOOD)
		r = load_answers(a, &q, &set);
	for (uint32_t i = 0; r == EXIT_GOOD && e == 0 && i < ima_reference_size(set); i++) {
		e = ima_reference_get(set, i, &v);
		if (e < 0 || !answers(&q, &v))
			continue;
		n++;
		e = show_value(a, &v);
	}
	if (e < 0)
		r = imactl_fail(EXIT_UNABLE, "%s", strerror(-e));
	ima_reference_free(set);
	if (r == EXIT_GOOD && !n)
		return a->quiet ? EXIT_BAD : imactl_fail(EXIT_BAD, "%s: %s: not known", a->rest[0], text);
	return r;
}

int cmd_reference_query(int argc, char **argv)
{
	struct args a = { 0 };
	int r = parse_args(argc, argv, "reference query", "jkq", &a);

	if (r == EXIT_GOOD && a.n_rest < 2)
		r = imactl_misuse("reference query", "a set, and a path or digest");
	if (r == EXIT_GOOD && !strcmp(a.rest[0], "-"))
		r = imactl_misuse("reference query", "-: the set is read for each question, from a file");
	for (int i = 1; i < a.n_rest && r == EXIT_GOOD; i++)
		if (!*a.rest[i])
			r = imactl_fail(EXIT_USAGE, "an empty path");
	for (int i = 1; i < a.n_rest && r < EXIT_USAGE; i++) {
		const int one = ask(&a, a.rest[i]);

		r = one > r ? one : r;
	}
	ima_keyring_free(a.keys);
	return r;
}

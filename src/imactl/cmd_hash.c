/* SPDX-License-Identifier: BSD-2-Clause */
/* imactl hash: digest labels, or only the digests. */
#include <errno.h>
#include <string.h>

#include "core/appraise/label.h"
#include "imactl/label_file.h"

struct hash_args {
	struct imactl_files_opts files;
	enum ima_hash_algo algo;
	struct ima_verity_opts verity;
	bool by_verity, dry_run, user_names, changed_only, json;
};

static int parse_block(const char *text, struct hash_args *a)
{
	char *end;
	const unsigned long n = strtoul(text, &end, 10);

	if (*end || n < 1024 || n > 65536 || (n & (n - 1)))
		return imactl_fail(EXIT_USAGE, "--block-size %s: a power of two from 1024 to 65536", text);
	a->verity.block_size = (uint32_t)n;
	return 0;
}

static int parse_args(int argc, char **argv, struct hash_args *a)
{
	static const struct option options[] = {
		{ "recursive", no_argument, NULL, 'r' }, { "one-file-system", no_argument, NULL, 'x' },
		{ "algo", required_argument, NULL, 'a' }, { "dry-run", no_argument, NULL, 'n' },
		{ "user", no_argument, NULL, 'u' }, { "changed-only", no_argument, NULL, 'c' },
		{ "verity", no_argument, NULL, 'v' }, { "block-size", required_argument, NULL, 'b' },
		{ "json", no_argument, NULL, 'j' }, { 0 },
	};
	int opt, r = 0;

	while (r == 0 && (opt = getopt_long(argc, argv, "rxa:n", options, NULL)) != -1) {
		switch (opt) {
		case 'r': a->files.recursive = true; break;
		case 'x': a->files.one_fs = true; break;
		case 'a':
			if (ima_hash_by_name(optarg, strlen(optarg), &a->algo) < 0)
				r = imactl_fail(EXIT_USAGE, "%s: not a hash algorithm", optarg);
			break;
		case 'n': a->dry_run = true; break;
		case 'u': a->user_names = true; break;
		case 'c': a->changed_only = true; break;
		case 'v': a->by_verity = true; break;
		case 'b': r = parse_block(optarg, a); break;
		case 'j': a->json = true; break;
		default: r = imactl_usage("hash");
		}
	}
	if (r == 0 && (optind == argc || (a->by_verity && !a->dry_run)))
		r = imactl_usage("hash");
	a->verity.algo = a->algo;
	return r;
}

static bool has_label(const struct imactl_label_file *f, struct ima_bytes want)
{
	uint8_t *have = NULL;
	size_t len = 0;
	const bool same = imactl_label_get(f, "ima", &have, &len) == 0 && len == want.len &&
			  !memcmp(have, want.data, len);

	free(have);
	return same;
}

static void show(const struct hash_args *a, const char *path, const struct ima_digest *d,
		 struct imactl_file_result *res)
{
	int r;

	if (a->json) {
		char hex[2 * IMA_DIGEST_MAX + 1] = "", *text;
		json_t *o;

		for (size_t i = 0; i < d->len; i++)
			snprintf(hex + 2 * i, 3, "%02x", d->data[i]);
		o = json_pack("{s:s, s:s, s:s}", "path", path, "algo", ima_hash_name(d->algo), "digest", hex);
		text = o ? json_dumps(o, JSON_COMPACT) : NULL;
		r = text ? ima_buffer_printf(&res->out, "%s\n", text) : -EILSEQ;
		free(text);
		json_decref(o);
	} else {
		r = ima_buffer_printf(&res->out, "%s:", ima_hash_name(d->algo));
		if (r == 0)
			r = ima_buffer_append_hex(&res->out, d->data, d->len);
		if (r == 0)
			r = ima_buffer_printf(&res->out, " %s\n", path);
	}
	if (r < 0)
		imactl_file_fail(res, IMACTL_FILE_UNABLE, path, "%s", strerror(-r));
}

static void hash_one(void *user, struct ima_hasher *h, const char *path, struct imactl_file_result *res)
{
	const struct hash_args *a = user;
	uint8_t label[2 + IMA_DIGEST_MAX];
	struct imactl_label_file f;
	struct ima_bytes value;
	struct ima_digest d;
	int r = imactl_label_open(path, a->user_names, &f);

	if (r < 0) {
		imactl_file_fail(res, IMACTL_FILE_UNABLE, path, "%s", r == -EINVAL ? "not a regular file" : strerror(-r));
		return;
	}
	r = a->by_verity ? ima_verity_digest_fd(h, &a->verity, f.fd, &d) : ima_hash_fd(h, a->algo, f.fd, &d, NULL);
	value = (struct ima_bytes){ label, r == 0 ? ima_label_of_digest(&d, label) : 0 };
	if (r == 0 && a->changed_only && has_label(&f, value))
		res->status = IMACTL_FILE_SKIPPED;
	else if (r == 0 && !a->dry_run)
		r = imactl_label_set(&f, "ima", value);
	imactl_label_close(&f);
	if (r < 0)
		imactl_file_fail(res, IMACTL_FILE_UNABLE, path, "%s", strerror(-r));
	else if (res->status == IMACTL_FILE_DONE)
		show(a, path, &d, res);
}

int cmd_hash(int argc, char **argv)
{
	struct hash_args a = { .algo = IMA_HASH_SHA256 };
	struct imactl_files_counts counts;
	int r = parse_args(argc, argv, &a);

	return r ? r : imactl_files_run(argv + optind, argc - optind, &a.files, hash_one, &a, &counts);
}

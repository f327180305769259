/* SPDX-License-Identifier: BSD-2-Clause */
/* imactl hash: digest labels, or only the digests. */
#include <errno.h>
#include <string.h>

#include "core/appraise/label.h"
#include "imactl/label_file.h"
#include "imactl/label_opts.h"

static bool has_label(const struct imactl_label_file *f, struct ima_bytes want)
{
	uint8_t *have = NULL;
	size_t len = 0;
	const bool same = imactl_label_get(f, "ima", &have, &len) == 0 && len == want.len &&
			  !memcmp(have, want.data, len);

	free(have);
	return same;
}

static void show(const struct imactl_label_opts *a, const char *path, const struct ima_digest *d,
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
	const struct imactl_label_opts *a = user;
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

/* labels that go into an archive or a manifest in place of the files */
static int hash_elsewhere(const struct imactl_label_opts *o)
{
	const struct imactl_archive_label job = { .from = &o->from, .algo = o->algo, .opts = { .kind = IMA_LABEL_DIGEST }, .json = o->json };

	return o->from.archive ? imactl_archive_label(&job) : imactl_tree_manifest(&job, o->paths[0], &o->files);
}

int cmd_hash(int argc, char **argv)
{
	struct imactl_label_opts o;
	struct imactl_files_counts counts;
	int r = imactl_label_opts_parse(argc, argv, IMACTL_HASH, &o);

	if (r == EXIT_GOOD && (o.from.archive || o.from.manifest))
		r = hash_elsewhere(&o);
	else if (r == EXIT_GOOD)
		r = imactl_files_run(o.paths, o.n_paths, &o.files, hash_one, &o, &counts);
	imactl_label_opts_done(&o);
	return r;
}

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

static int show(const struct imactl_label_opts *o, const char *path, const struct ima_digest *d,
		struct imactl_file_result *res)
{
	ima_cleanup(ima_buffer_done) struct ima_buffer hex = { 0 };
	int r = ima_buffer_append_hex(&hex, d->data, d->len);

	if (r < 0)
		return r;
	if (o->files.json)
		return imactl_file_json(&res->out, path,
					json_pack("{s:s, s:s, s:s}", "status", "done", "algo", ima_hash_name(d->algo),
						  "digest", (char *)hex.data));
	r = ima_buffer_printf(&res->out, "%s:%s ", ima_hash_name(d->algo), (char *)hex.data);
	return r < 0 ? r : imactl_file_line(&res->out, path, "");
}

static int hash_open(const struct imactl_label_opts *o, struct ima_hasher *h, const char *path,
		     struct imactl_label_file *f, struct imactl_file_result *res)
{
	uint8_t label[2 + IMA_DIGEST_MAX];
	struct ima_bytes value = { .data = label };
	struct ima_digest d;
	int r = imactl_label_hash(f, h, o->algo, o->by_verity ? &o->verity : NULL, &d);

	if (r < 0)
		return r;
	value.len = ima_label_of_digest(&d, label);
	res->bytes = (uint64_t)f->st.st_size;
	if (o->changed_only && has_label(f, value)) {
		res->status = IMACTL_FILE_SKIPPED;
		return 0;
	}
	if (!o->dry_run)
		r = imactl_label_set(f, "ima", value);
	return r < 0 || o->files.quiet ? r : show(o, path, &d, res);
}

static void hash_one(void *user, struct ima_hasher *h, const struct imactl_file *file, struct imactl_file_result *res)
{
	const struct imactl_label_opts *o = user;
	struct imactl_label_file f;
	int r = imactl_label_open_file(file, o->user_names, &f);

	if (r == 0) {
		r = hash_open(o, h, file->path, &f, res);
		imactl_label_close(&f);
	}
	if (r == -ENOPKG)
		imactl_file_fail(res, IMACTL_FILE_UNABLE, file->path, "the crypto library has no %s", ima_hash_name(o->algo));
	else if (r < 0)
		imactl_file_errno(res, file->path, r);
}

/* labels that go into an archive or a manifest in place of the files */
static int hash_elsewhere(const struct imactl_label_opts *o)
{
	const struct imactl_archive_label job = { .from = &o->from, .algo = o->algo, .opts = { .kind = IMA_LABEL_DIGEST }, .files = &o->files };

	return o->from.archive ? imactl_archive_label(&job) : imactl_tree_manifest(&job, o->paths[0]);
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

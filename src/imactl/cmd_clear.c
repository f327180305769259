/* SPDX-License-Identifier: BSD-2-Clause */
/* imactl clear: labels away. */
#include <errno.h>
#include <string.h>

#include "imactl/label_file.h"
#include "imactl/label_opts.h"

/* the metadata's label first: without it the other one's removal breaks no promise */
static int remove_labels(const struct imactl_label_opts *o, const struct imactl_label_file *f)
{
	int r = o->evm ? imactl_label_remove(f, "evm") : 0;

	return r == 0 && o->ima ? imactl_label_remove(f, "ima") : r;
}

static int show(const struct imactl_label_opts *o, const char *path, struct imactl_file_result *res)
{
	if (o->files.quiet)
		return 0;
	if (o->files.json)
		return imactl_file_json(&res->out, path, json_pack("{s:s}", "status", "done"));
	return imactl_file_line(&res->out, path, "");
}

static void clear_one(void *user, struct ima_hasher *h, const struct imactl_file *file, struct imactl_file_result *res)
{
	const struct imactl_label_opts *o = user;
	struct imactl_label_file f;
	int r = imactl_label_open_file(file, o->user_names, &f);

	if (r == 0) {
		if (!o->dry_run)
			r = remove_labels(o, &f);
		imactl_label_close(&f);
	}
	if (r == 0)
		r = show(o, file->path, res);
	if (r < 0)
		imactl_file_errno(res, file->path, r);
}

int cmd_clear(int argc, char **argv)
{
	struct imactl_label_opts o;
	struct imactl_files_counts counts;
	int r = imactl_label_opts_parse(argc, argv, IMACTL_CLEAR, &o);

	if (r == EXIT_GOOD)
		r = imactl_files_run(o.paths, o.n_paths, &o.files, clear_one, &o, &counts);
	imactl_label_opts_done(&o);
	return r;
}

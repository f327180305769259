/* SPDX-License-Identifier: BSD-2-Clause */
/* imactl clear: labels away. */
#include <errno.h>
#include <string.h>

#include "imactl/label_file.h"
#include "imactl/label_opts.h"

static void clear_one(void *user, struct ima_hasher *h, const char *path, struct imactl_file_result *res)
{
	const struct imactl_label_opts *a = user;
	struct imactl_label_file f;
	int r = imactl_label_open(path, a->user_names, &f);

	if (r < 0) {
		imactl_file_fail(res, IMACTL_FILE_UNABLE, path, "%s", r == -EINVAL ? "not a regular file" : strerror(-r));
		return;
	}
	if (a->evm && !a->dry_run)
		r = imactl_label_remove(&f, "evm");
	if (r == 0 && a->ima && !a->dry_run)
		r = imactl_label_remove(&f, "ima");
	imactl_label_close(&f);
	if (r < 0 || ima_buffer_printf(&res->out, "%s\n", path) < 0)
		imactl_file_fail(res, IMACTL_FILE_UNABLE, path, "%s", strerror(r < 0 ? -r : ENOMEM));
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

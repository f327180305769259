/* SPDX-License-Identifier: BSD-2-Clause */
/* imactl clear: labels away. */
#include <errno.h>
#include <string.h>

#include "imactl/label_file.h"

struct clear_args {
	struct imactl_files_opts files;
	bool ima, evm, user_names, dry_run;
};

static int parse_args(int argc, char **argv, struct clear_args *a)
{
	static const struct option options[] = {
		{ "recursive", no_argument, NULL, 'r' }, { "one-file-system", no_argument, NULL, 'x' },
		{ "ima", no_argument, NULL, 'i' }, { "evm", no_argument, NULL, 'e' },
		{ "user", no_argument, NULL, 'u' }, { "dry-run", no_argument, NULL, 'n' }, { 0 },
	};
	int opt;

	while ((opt = getopt_long(argc, argv, "rxn", options, NULL)) != -1) {
		switch (opt) {
		case 'r': a->files.recursive = true; break;
		case 'x': a->files.one_fs = true; break;
		case 'i': a->ima = true; break;
		case 'e': a->evm = true; break;
		case 'u': a->user_names = true; break;
		case 'n': a->dry_run = true; break;
		default: return imactl_usage("clear");
		}
	}
	if (!a->ima && !a->evm)
		a->ima = a->evm = true;
	return optind == argc ? imactl_usage("clear") : 0;
}

static void clear_one(void *user, struct ima_hasher *h, const char *path, struct imactl_file_result *res)
{
	const struct clear_args *a = user;
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
	struct clear_args a = { 0 };
	struct imactl_files_counts counts;
	int r = parse_args(argc, argv, &a);

	return r ? r : imactl_files_run(argv + optind, argc - optind, &a.files, clear_one, &a, &counts);
}

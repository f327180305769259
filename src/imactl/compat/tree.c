/* SPDX-License-Identifier: BSD-2-Clause */
/* ima_fix and ima_clear: a name a line, on stderr. */
#include "imactl/compat/evmctl.h"

#include <errno.h>
#include <fcntl.h>

/* opening is all: a kernel in fix mode writes the labels */
static void fix_one(void *user, struct ima_hasher *h, const struct imactl_file *file, struct imactl_file_result *res)
{
	ima_cleanup(ima_closep) int fd = -EBADF;

	evmctl_say(res, "%s\n", file->path);
	fd = openat(file->at, file->name,
		    O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | (file->is_walked ? O_NOFOLLOW : 0));
	if (fd < 0)
		evmctl_file_fail(res, -errno, "Failed to open file: %s", file->path);
}

static void clear_one(void *user, struct ima_hasher *h, const struct imactl_file *file, struct imactl_file_result *res)
{
	const struct evmctl *e = user;
	struct imactl_label_file f;
	int r;

	evmctl_say(res, "%s\n", file->path);
	if (evmctl_open(e, file, &f, res) < 0)
		return;
	r = imactl_label_remove(&f, "ima");
	if (r == 0)
		r = imactl_label_remove(&f, "evm");
	imactl_label_close(&f);
	if (r < 0)
		evmctl_file_fail(res, r, "removexattr failed: %s", file->path);
}

/* a folder without -r is named and left alone, as scripts expect */
static int run(struct evmctl *e, int argc, char **argv, imactl_file_fn fn)
{
	int worst = 0;

	if (!argc)
		return evmctl_usage(e);
	for (int i = 0; i < argc; i++) {
		struct stat st;
		int r = 0;

		if (!e->recursive && stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode))
			evmctl_say(NULL, "%s\n", argv[i]);
		else
			r = evmctl_files(e, 1, argv + i, true, fn, e);
		worst = r > worst ? r : worst;
	}
	return worst;
}

int evmctl_ima_fix(struct evmctl *e, int argc, char **argv)
{
	return run(e, argc, argv, fix_one);
}

int evmctl_ima_clear(struct evmctl *e, int argc, char **argv)
{
	return run(e, argc, argv, clear_one);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The words behind a command: what is no file is named in evmctl's words; the rest is imactl's. */
#include "imactl/compat/evmctl.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

struct job {
	const struct evmctl *e;
	imactl_file_fn fn;
	void *user;
};

static bool has(const struct imactl_file *file, const struct evmctl *e, const char *which)
{
	struct imactl_label_file f;
	uint8_t *value = NULL;
	size_t len;
	bool is;

	if (imactl_label_open_file(file, e->user_names, &f) < 0)
		return false;
	is = imactl_label_get(&f, which, &value, &len) == 0;
	free(value);
	imactl_label_close(&f);
	return is;
}

static void one(void *user, struct ima_hasher *h, const struct imactl_file *file, struct imactl_file_result *res)
{
	const struct job *j = user;

	if (j->e->skip_labelled && has(file, j->e, "ima") && has(file, j->e, "evm"))
		res->status = IMACTL_FILE_SKIPPED;
	else
		j->fn(j->user, h, file, res);
}

static int run(char *const *paths, int n, const struct imactl_files_opts *opts, struct job *j)
{
	struct imactl_files_counts counts;
	const int status = imactl_files_run(paths, n, opts, one, j, &counts);

	if (status == EXIT_UNABLE || counts.unable || counts.left)
		return EVMCTL_UNABLE;
	return counts.bad ? EVMCTL_BAD : 0;
}

static int tree(const struct evmctl *e, char *path, struct job *j)
{
	const struct imactl_files_opts opts = { .recursive = true, .one_fs = e->one_fs, .whole_lines = true, .quiet = true };
	const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return evmctl_fail(-errno, "Failed to open directory %s", path);
	close(fd);
	return run(&path, 1, &opts, j);
}

/* those before one that is no file, together */
static int flush(char **paths, int n, struct job *j)
{
	const struct imactl_files_opts opts = { .threads = n == 1, .whole_lines = true, .quiet = true };

	return n ? run(paths, n, &opts, j) : 0;
}

static int refuse(const char *path, int error, mode_t mode)
{
	if (error < 0)
		return evmctl_fail(error, "Failed to stat: %s", path);
	return evmctl_fail(0, "Unsupported file type (0x%x): %s", mode & S_IFMT, path);
}

static int worse(int a, int b)
{
	return a > b ? a : b;
}

static int single(int argc, char **argv, bool follow, struct job *j)
{
	int worst = 0, from = 0;

	for (int i = 0; i < argc; i++) {
		struct stat st = { 0 };
		const int r = (follow ? stat(argv[i], &st) : lstat(argv[i], &st)) < 0 ? -errno : 0;

		if (r == 0 && S_ISREG(st.st_mode))
			continue;
		worst = worse(worst, flush(argv + from, i - from, j));
		worst = worse(worst, refuse(argv[i], r, st.st_mode));
		from = i + 1;
	}
	return worse(worst, flush(argv + from, argc - from, j));
}

int evmctl_files(const struct evmctl *e, int argc, char **argv, bool follow, imactl_file_fn fn, void *user)
{
	struct job j = { .e = e, .fn = fn, .user = user };
	int worst = 0;

	if (!e->recursive)
		return single(argc, argv, follow, &j);
	for (int i = 0; i < argc; i++)
		worst = worse(worst, tree(e, argv[i], &j));
	return worst;
}

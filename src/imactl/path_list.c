/* SPDX-License-Identifier: BSD-2-Clause */
/* A list of lines that holds a NUL is one that ends its paths in NUL: guessing would label the wrong files. */
#include "imactl/path_list.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"

struct imactl_path_list {
	FILE *f;
	bool is_stdin;
	char end;
	char *line;
	size_t cap;
};

int imactl_path_list_open(const char *file, bool by_nul, struct imactl_path_list **ret)
{
	struct imactl_path_list *l = calloc(1, sizeof(*l));

	if (!l)
		return -ENOMEM;
	l->is_stdin = !strcmp(file, "-");
	l->f = l->is_stdin ? stdin : fopen(file, "re");
	l->end = by_nul ? 0 : '\n';
	if (!l->f) {
		const int r = -errno;

		free(l);
		return r;
	}
	*ret = l;
	return 0;
}

struct imactl_path_list *imactl_path_list_free(struct imactl_path_list *l)
{
	if (l) {
		if (!l->is_stdin)
			fclose(l->f);
		free(l->line);
		free(l);
	}
	return NULL;
}

int imactl_path_list_next(struct imactl_path_list *l, const char **ret)
{
	ssize_t n;

	while (errno = 0, (n = getdelim(&l->line, &l->cap, l->end, l->f)) > 0) {
		if (l->line[n - 1] == l->end)
			l->line[--n] = 0;
		if (!n)
			continue;
		if (memchr(l->line, 0, (size_t)n))
			return -EBADMSG;
		*ret = l->line;
		return 1;
	}
	return ferror(l->f) ? (errno ? -errno : -EIO) : 0;
}

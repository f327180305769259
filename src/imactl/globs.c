/* SPDX-License-Identifier: BSD-2-Clause */
/* Segments are compared by fnmatch(3). */
#include "imactl/globs.h"

#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

int imactl_globs_add(struct imactl_globs *g, const char *pattern, bool exclude)
{
	struct imactl_glob *more;

	while (*pattern == '/' && pattern[1])
		pattern++;
	if (!*pattern)
		return -EINVAL;
	more = reallocarray(g->globs, g->n + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	g->globs = more;
	g->globs[g->n++] = (struct imactl_glob){ pattern, exclude };
	g->has_include |= !exclude;
	return 0;
}

void imactl_globs_done(struct imactl_globs *g)
{
	free(g->globs);
	*g = (struct imactl_globs){ 0 };
}

/* the first segment of @path; returns what follows, "" at the end. A longer name than any file has matches nothing */
static const char *cut(const char *path, char ret[NAME_MAX + 1])
{
	const size_t len = strcspn(path, "/");

	ret[0] = 0;
	if (len <= NAME_MAX) {
		memcpy(ret, path, len);
		ret[len] = 0;
	}
	path += len;
	while (*path == '/')
		path++;
	return path;
}

static bool match_from_start(const char *pattern, const char *path)
{
	char want[NAME_MAX + 1], have[NAME_MAX + 1];
	const char *next;

	while (*pattern) {
		pattern = cut(pattern, want);
		if (!strcmp(want, "**")) {
			for (; *path; path = cut(path, have))
				if (match_from_start(pattern, path))
					return true;
			return !*pattern;
		}
		if (!*path)
			return false;
		next = cut(path, have);
		if (!have[0] || fnmatch(want, have, 0))
			return false;
		path = next;
	}
	return true;
}

static bool match_any_name(const char *pattern, const char *path)
{
	char have[NAME_MAX + 1];

	while (*path) {
		path = cut(path, have);
		if (have[0] && !fnmatch(pattern, have, 0))
			return true;
	}
	return false;
}

static bool match(const struct imactl_globs *g, bool exclude, const char *path)
{
	for (size_t i = 0; i < g->n; i++) {
		const char *p = g->globs[i].pattern;

		if (g->globs[i].exclude == exclude && (strchr(p, '/') ? match_from_start(p, path) : match_any_name(p, path)))
			return true;
	}
	return false;
}

bool imactl_globs_take_folder(const struct imactl_globs *g, const char *path)
{
	return !match(g, true, path);
}

bool imactl_globs_take_file(const struct imactl_globs *g, const char *path)
{
	return !match(g, true, path) && (!g->has_include || match(g, false, path));
}

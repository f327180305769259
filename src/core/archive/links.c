/* SPDX-License-Identifier: BSD-2-Clause */
/* Few files have several names, so a list does. */
#include "core/archive/links.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"

static int add(struct ima_links *l, const struct ima_entry *e, const char *path, int state)
{
	struct ima_link *more;
	char *copy;

	if (l->n == IMA_ARCHIVE_MAX_LINKED)
		return -EFBIG;
	more = reallocarray(l->items, l->n + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	l->items = more;
	copy = strdup(path);
	if (!copy)
		return -ENOMEM;
	l->items[l->n++] = (struct ima_link){ .path = copy, .dev = e->dev, .ino = e->ino, .mode = e->mode,
					      .uid = e->uid, .gid = e->gid, .state = state };
	return 0;
}

static const struct ima_link *content_of(const struct ima_links *l, uint64_t dev, uint64_t ino)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->items[i].state == IMA_LINK_CONTENT && l->items[i].dev == dev && l->items[i].ino == ino)
			return &l->items[i];
	return NULL;
}

int ima_links_see(struct ima_links *l, const struct ima_entry *e, const char *path, const char **ret_target)
{
	const struct ima_link *content;
	int r;

	if (!e->size) {
		content = content_of(l, e->dev, e->ino);
		if (!content)
			return add(l, e, path, IMA_LINK_WAITS);
		*ret_target = content->path;
		return 2;
	}
	r = add(l, e, path, IMA_LINK_CONTENT);
	if (r < 0)
		return r;
	l->content = l->n;
	l->cursor = 0;
	return 1;
}

const struct ima_link *ima_links_next(struct ima_links *l, const char **ret_target)
{
	const struct ima_link *content = l->content ? &l->items[l->content - 1] : NULL;

	while (content && l->cursor < l->n) {
		struct ima_link *i = &l->items[l->cursor++];

		if (i->state == IMA_LINK_WAITS && i->dev == content->dev && i->ino == content->ino) {
			i->state = IMA_LINK_TOLD;
			*ret_target = content->path;
			return i;
		}
	}
	l->content = 0;
	return NULL;
}

const struct ima_link *ima_links_rest(struct ima_links *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->items[i].state == IMA_LINK_WAITS) {
			l->items[i].state = IMA_LINK_TOLD;
			return &l->items[i];
		}
	return NULL;
}

void ima_links_done(struct ima_links *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->items[i].path);
	free(l->items);
	*l = (struct ima_links){ 0 };
}

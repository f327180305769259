/* SPDX-License-Identifier: BSD-2-Clause */
/* A folder's files are opened below it only; in a tar, links between files of the layout are followed a few times. */
#include "core/archive/layout.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/file.h"

#define MAX_HOPS 4
#define HEX_LEN 64

static int open_below(int dir, const char *name)
{
	struct open_how how = { .flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
				.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS };
	const long fd = syscall(SYS_openat2, dir, name, &how, sizeof(how));

	return fd < 0 ? -errno : (int)fd;
}

bool ima_layout_may_be(const char *first_name)
{
	static const char *const names[] = { "oci-layout", "index.json", "manifest.json", "repositories", "blobs" };

	first_name += !strncmp(first_name, "./", 2) ? 2 : 0;
	for (size_t i = 0; i < IMA_N_ELEMENTS(names); i++) {
		const size_t len = strlen(names[i]);

		if (!strncmp(first_name, names[i], len) && (!first_name[len] || first_name[len] == '/'))
			return true;
	}
	return strspn(first_name, "0123456789abcdef") == HEX_LEN;
}

static bool is_named(const struct ima_entry *e, const char *name)
{
	const char *n = e->name;

	n += !strncmp(n, "./", 2) ? 2 : 0;
	return !strcmp(n, name);
}

/* a link's target, seen from the top of the layout: "A/layer.tar" to "../B/layer.tar" is "B/layer.tar" */
static char *target_of(const struct ima_entry *e, const char *name)
{
	const char *to = e->hardlink ? e->hardlink : e->symlink, *slash = strrchr(name, '/');
	char *ret = NULL;

	to += !strncmp(to, "./", 2) ? 2 : 0;
	if (e->hardlink || !slash || !strncmp(to, "../", 3))
		return strdup(!e->hardlink && slash ? to + 3 : to);
	return asprintf(&ret, "%.*s/%s", (int)(slash - name), name, to) < 0 ? NULL : ret;
}

/* @ret stands at the member; -ENOENT */
static int seek_member(int fd, const char *name, struct ima_stream **ret, struct ima_diag *diag)
{
	ima_cleanup(ima_freep) char *wanted = strdup(name);
	const struct ima_entry *e;
	struct ima_stream *s;
	int r = wanted ? 0 : -ENOMEM;

	for (int hop = 0; r == 0 && hop < MAX_HOPS; hop++) {
		r = ima_stream_open(fd, 0, IMA_STREAM_TAR, &s, diag);
		if (r < 0)
			return r;
		while ((r = ima_stream_next(s, &e, diag)) > 0 && !is_named(e, wanted))
			;
		if (r > 0 && !e->symlink && (!e->hardlink || e->size)) {
			*ret = s;
			return 0;
		}
		if (r > 0) {
			char *next = target_of(e, wanted);

			free(wanted);
			wanted = next;
			r = wanted ? 0 : -ENOMEM;
		} else if (r == 0) {
			r = -ENOENT;
		}
		ima_stream_free(s);
	}
	return r < 0 ? r : -ENOENT;
}

static int fetch_file(int dir, const char *name, size_t max, struct ima_buffer *ret)
{
	ima_cleanup(ima_closep) int fd = open_below(dir, name);
	int r = fd < 0 ? fd : ima_file_read_fd(fd, max, &ret->data, &ret->len);

	if (r == 0)
		ret->cap = ret->len + 1;
	return r;
}

int ima_layout_fetch(void *user, const char *name, size_t max, struct ima_buffer *ret, struct ima_diag *diag)
{
	const struct ima_layout *l = user;
	struct ima_stream *s;
	int r;

	if (l->is_folder) {
		r = fetch_file(l->fd, name, max, ret);
		return r < 0 && r != -ENOENT ? ima_diag_text(diag, r, "%.100s: %s", name, strerror(-r)) : r;
	}
	r = seek_member(l->fd, name, &s, diag);
	if (r < 0)
		return r;
	r = ima_stream_slurp(s, max, ret, diag);
	ima_stream_free(s);
	return r;
}

int ima_layout_open_layer(const struct ima_layout *l, const char *name, struct ima_layer *ret, struct ima_diag *diag)
{
	struct ima_layer layer = { .fd = -EBADF };
	int r;

	if (l->is_folder) {
		layer.fd = open_below(l->fd, name);
		r = layer.fd < 0 ? layer.fd : ima_stream_open(layer.fd, 0, IMA_STREAM_TAR, &layer.stream, diag);
	} else {
		r = seek_member(l->fd, name, &layer.outer, diag);
		if (r == 0)
			r = ima_stream_open_member(layer.outer, IMA_STREAM_TAR, &layer.stream, diag);
	}
	if (r < 0) {
		ima_layer_done(&layer);
		if (r == -ENOENT)
			return ima_diag_text(diag, -EBADMSG, "the layer %.150s is missing", name);
		return diag && !diag->text[0] ? ima_diag_text(diag, r, "%.150s: %s", name, strerror(-r)) : r;
	}
	*ret = layer;
	return 0;
}

void ima_layer_done(struct ima_layer *l)
{
	l->stream = ima_stream_free(l->stream);
	l->outer = ima_stream_free(l->outer);
	l->fd = ima_close(l->fd);
}

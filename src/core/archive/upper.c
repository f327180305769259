/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From the highest layer down, so that one pass over each does: a name that was seen, or taken away, hides the same name below; a folder
 * that was taken away, closed or replaced by a file hides all that is in it. Names are kept as digests.
 */
#include "core/archive/image.h"

#include <errno.h>
#include <string.h>

#include "base/byteset.h"
#include "base/cleanup.h"

#define KEY_LEN 32

enum { TAKEN = 1, CLOSED = 2 };

struct key {
	uint8_t tag;
	uint8_t digest[KEY_LEN];
};

struct ima_upper {
	struct ima_byteset *above;
	struct ima_buffer now; /* struct key: of the layer at hand */
	struct ima_hasher *h;
};

struct ima_upper *ima_upper_free(struct ima_upper *u)
{
	if (u) {
		ima_byteset_free(u->above);
		ima_buffer_done(&u->now);
		ima_hasher_free(u->h);
		free(u);
	}
	return NULL;
}

int ima_upper_new(struct ima_upper **ret)
{
	struct ima_upper *u = calloc(1, sizeof(*u));
	int r = u ? ima_byteset_new(&u->above) : -ENOMEM;

	if (r == 0)
		r = ima_hasher_new(&u->h);
	if (r < 0) {
		ima_upper_free(u);
		return r;
	}
	*ret = u;
	return 0;
}

static int digest_of(struct ima_upper *u, const char *path, size_t len, uint8_t ret[static KEY_LEN])
{
	struct ima_digest d;
	int r = ima_hash_bytes(u->h, IMA_HASH_SHA256, (struct ima_bytes){ (const uint8_t *)path, len }, &d);

	if (r == 0)
		memcpy(ret, d.data, KEY_LEN);
	return r;
}

static int note(struct ima_upper *u, uint8_t tag, const char *path, size_t len)
{
	struct key k = { .tag = tag };
	int r = digest_of(u, path, len, k.digest);

	return r < 0 ? r : ima_buffer_append(&u->now, &k, sizeof(k));
}

static int has(struct ima_upper *u, uint8_t tag, const char *path, size_t len)
{
	uint8_t digest[KEY_LEN];
	int r = digest_of(u, path, len, digest);

	return r < 0 ? r : ima_byteset_has(u->above, tag, (struct ima_bytes){ digest, KEY_LEN });
}

/* 1 hidden by what is above */
static int is_hidden(struct ima_upper *u, const char *path)
{
	int r = has(u, TAKEN, path, strlen(path));

	if (r == 0)
		r = has(u, CLOSED, "/", 1);
	for (const char *slash = strchr(path + 1, '/'); slash && r == 0; slash = strchr(slash + 1, '/'))
		r = has(u, CLOSED, path, (size_t)(slash - path));
	return r;
}

/* "/a/.wh.b" takes "/a/b" away; "/a/.wh..wh..opq" what is below "/a"; other names of the kind are the storage driver's */
static int take_away(struct ima_upper *u, const char *path, const char *name)
{
	struct ima_buffer gone = { 0 };
	const size_t dir = (size_t)(name - path);
	int r;

	if (!strcmp(name, ".wh..wh..opq"))
		return note(u, CLOSED, path, dir > 1 ? dir - 1 : 1);
	if (!strncmp(name, ".wh..wh.", 8))
		return 0;
	r = ima_buffer_append(&gone, path, dir);
	if (r == 0)
		r = ima_buffer_append_str(&gone, name + 4);
	if (r == 0)
		r = note(u, TAKEN, (const char *)gone.data, gone.len);
	if (r == 0)
		r = note(u, CLOSED, (const char *)gone.data, gone.len);
	ima_buffer_done(&gone);
	return r;
}

int ima_upper_see(struct ima_upper *u, const char *path, bool is_directory)
{
	const char *name = strrchr(path, '/') + 1;
	int r;

	if (!strncmp(name, ".wh.", 4) && name[4])
		return take_away(u, path, name);
	r = is_hidden(u, path);
	if (r)
		return r < 0 ? r : 0;
	r = note(u, TAKEN, path, strlen(path));
	if (r == 0 && !is_directory)
		r = note(u, CLOSED, path, strlen(path));
	return r < 0 ? r : 1;
}

int ima_upper_layer_done(struct ima_upper *u)
{
	const struct key *k = (const struct key *)u->now.data;
	int r = 0;

	for (size_t i = 0; i < u->now.len / sizeof(*k) && r == 0; i++)
		r = ima_byteset_add(u->above, k[i].tag, (struct ima_bytes){ k[i].digest, KEY_LEN });
	if (r == 0)
		u->now.len = 0;
	return r;
}

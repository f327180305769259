/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The fs-verity digest: a tree of hashes over blocks, then the hash of a descriptor that names its root. One pass over the file, one
 * block of memory a level.
 */
#include <ima/digest.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

#define MAX_LEVELS 64
#define READ_LEN (256U << 10)
#define READ_ALIGN 4096 /* as in digest_openssl.c */
#define DESCRIPTOR_LEN 256
#define SALT_MAX 32

struct level {
	uint8_t *block;
	size_t len; /* bytes of it in use */
};

struct tree {
	struct ima_hasher *h;
	enum ima_hash_algo algo;
	uint32_t block_size;
	uint8_t salt[128]; /* filled up with zeros to the hash's own block */
	size_t salt_len;
	struct level levels[MAX_LEVELS];
};

static int check(const struct ima_verity_opts *o, struct tree *t)
{
	static const uint8_t zeros[sizeof(o->reserved)];

	t->algo = o->algo ? o->algo : IMA_HASH_SHA256;
	t->block_size = o->block_size ? o->block_size : 4096;
	if (t->algo != IMA_HASH_SHA256 && t->algo != IMA_HASH_SHA512)
		return -EINVAL;
	if (t->block_size < 1024 || t->block_size > 65536 || (t->block_size & (t->block_size - 1)) ||
	    o->salt_len > SALT_MAX || memcmp(o->reserved, zeros, sizeof(zeros)))
		return -EINVAL;
	memcpy(t->salt, o->salt, o->salt_len);
	t->salt_len = !o->salt_len ? 0 : t->algo == IMA_HASH_SHA256 ? 64 : 128;
	return 0;
}

static int add(struct tree *t, unsigned int level, const uint8_t *data, size_t len);

/* a full block, or the last one filled up with zeros, goes up as its hash */
static int close_block(struct tree *t, unsigned int level)
{
	struct level *l = &t->levels[level];
	const struct ima_bytes parts[2] = { { t->salt, t->salt_len }, { l->block, t->block_size } };
	struct ima_digest d;
	int r;

	memset(l->block + l->len, 0, t->block_size - l->len);
	r = ima_hash_parts(t->h, t->algo, parts, 2, &d);
	l->len = 0;
	return r < 0 ? r : add(t, level + 1, d.data, d.len);
}

static int add(struct tree *t, unsigned int level, const uint8_t *data, size_t len)
{
	struct level *l = &t->levels[level];
	int r = 0;

	if (level >= MAX_LEVELS)
		return -EINVAL;
	if (!l->block)
		l->block = malloc(t->block_size);
	if (!l->block)
		return -ENOMEM;
	while (len && r == 0) {
		const size_t room = t->block_size - l->len, n = len < room ? len : room;

		/* only when more is to come: the last block of a level may be its only one */
		if (!room) {
			r = close_block(t, level);
			continue;
		}
		memcpy(l->block + l->len, data, n);
		l->len += n;
		data += n;
		len -= n;
	}
	return r;
}

/* the root is the first level above the file that holds one hash alone */
static int finish(struct tree *t, size_t hash_len, uint8_t *ret)
{
	int r;

	for (unsigned int i = 0; i + 1 < MAX_LEVELS; i++) {
		r = t->levels[i].len ? close_block(t, i) : 0;
		if (r < 0)
			return r;
		if (t->levels[i + 1].len == hash_len && (i + 2 >= MAX_LEVELS || !t->levels[i + 2].block)) {
			memcpy(ret, t->levels[i + 1].block, hash_len);
			return 0;
		}
	}
	return -EINVAL;
}

static int read_file(struct tree *t, int fd, uint64_t size)
{
	ima_cleanup(ima_freep) uint8_t *buf = aligned_alloc(READ_ALIGN, READ_LEN);
	uint64_t at = 0;
	int r = 0;

	if (!buf)
		return -ENOMEM;
	while (at < size && r == 0) {
		const size_t want = size - at < READ_LEN ? (size_t)(size - at) : READ_LEN;
		const ssize_t n = pread(fd, buf, want, (off_t)at);

		if (ima_hasher_is_stopped(t->h))
			return -ECANCELED;
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EINVAL;
		r = add(t, 0, buf, (size_t)n);
		at += (uint64_t)n;
	}
	return r;
}

static uint8_t log2_of(uint32_t v)
{
	uint8_t n = 0;

	while (v >>= 1)
		n++;
	return n;
}

/* u8 version, u8 hash, u8 log2 block, u8 salt length, u32 zero, u64 size, root[64], salt[32], zeros */
static int describe(struct tree *t, const struct ima_verity_opts *o, uint64_t size, const uint8_t *root,
		    struct ima_digest *ret)
{
	uint8_t d[DESCRIPTOR_LEN] = { 1, t->algo == IMA_HASH_SHA256 ? 1 : 2, log2_of(t->block_size),
				      o->salt_len };

	for (int i = 0; i < 8; i++)
		d[8 + i] = (uint8_t)(size >> 8 * i);
	memcpy(d + 16, root, IMA_DIGEST_MAX);
	memcpy(d + 80, o->salt, o->salt_len);
	return ima_hash_bytes(t->h, t->algo, (struct ima_bytes){ d, sizeof(d) }, ret);
}

int ima_verity_digest_fd(struct ima_hasher *h, const struct ima_verity_opts *opts, int fd,
			 struct ima_digest *ret)
{
	static const struct ima_verity_opts none;
	struct tree t = { .h = h };
	uint8_t root[IMA_DIGEST_MAX] = { 0 };
	struct stat st;
	int r;

	if (!opts)
		opts = &none;
	r = check(opts, &t);
	if (r == 0 && fstat(fd, &st) < 0)
		r = -errno;
	if (r == 0 && !S_ISREG(st.st_mode))
		r = -EINVAL;
	if (r == 0 && st.st_size)
		r = read_file(&t, fd, (uint64_t)st.st_size);
	/* an empty file has no tree: its root is zeros */
	if (r == 0 && st.st_size)
		r = finish(&t, ima_hash_len(t.algo), root);
	if (r == 0)
		r = describe(&t, opts, (uint64_t)st.st_size, root, ret);
	for (unsigned int i = 0; i < MAX_LEVELS; i++)
		free(t.levels[i].block);
	return r;
}

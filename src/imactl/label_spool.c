/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory holds a digest of each path and where its record is: 24 bytes a file, twice as much for room, whatever its labels. */
#include "imactl/label_spool.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define KEY_LEN 16

struct slot {
	uint8_t key[KEY_LEN];
	uint64_t record; /* 1 + offset; 0: free */
};

/* a record: this, then security.ima, then security.evm */
struct head {
	uint64_t position;
	uint32_t mode, uid, gid, ima_len, evm_len;
	struct ima_digest content;
};

struct imactl_spool {
	struct ima_hasher *h;
	int fd;
	struct slot *slots;
	size_t n_slots; /* a power of two */
	size_t n;
	uint64_t end, next; /* offsets */
	struct imactl_spooled current;
};

struct imactl_spool *imactl_spool_free(struct imactl_spool *s)
{
	if (s) {
		ima_close(s->fd);
		free(s->slots);
		free(s);
	}
	return NULL;
}

int imactl_spool_new(struct ima_hasher *h, struct imactl_spool **ret)
{
	const char *dir = getenv("TMPDIR");
	struct imactl_spool *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->h = h;
	s->n_slots = 1024;
	s->slots = calloc(s->n_slots, sizeof(*s->slots));
	s->fd = open(dir && *dir ? dir : "/var/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (!s->slots || s->fd < 0) {
		const int r = s->slots ? -errno : -ENOMEM;

		imactl_spool_free(s);
		return r;
	}
	*ret = s;
	return 0;
}

static int key_of(struct imactl_spool *s, const char *path, uint8_t ret[static KEY_LEN])
{
	struct ima_digest d;
	int r = ima_hash_bytes(s->h, IMA_HASH_SHA256, (struct ima_bytes){ (const uint8_t *)path, strlen(path) }, &d);

	if (r == 0)
		memcpy(ret, d.data, KEY_LEN);
	return r;
}

static struct slot *slot_of(struct slot *slots, size_t n, const uint8_t key[static KEY_LEN])
{
	size_t i;

	memcpy(&i, key, sizeof(i));
	for (i &= n - 1; slots[i].record && memcmp(slots[i].key, key, KEY_LEN); i = (i + 1) & (n - 1))
		;
	return &slots[i];
}

static int grow(struct imactl_spool *s)
{
	const size_t n = s->n_slots * 2;
	struct slot *more = calloc(n, sizeof(*more));

	if (!more)
		return -ENOMEM;
	for (size_t i = 0; i < s->n_slots; i++)
		if (s->slots[i].record)
			*slot_of(more, n, s->slots[i].key) = s->slots[i];
	free(s->slots);
	s->slots = more;
	s->n_slots = n;
	return 0;
}

int imactl_spool_add(struct imactl_spool *s, const char *path, const struct imactl_spooled *file)
{
	const struct head head = { .position = file->position, .mode = file->mode, .uid = file->uid, .gid = file->gid,
				   .content = file->content, .ima_len = (uint32_t)file->label.ima_len,
				   .evm_len = (uint32_t)file->label.evm_len };
	const struct iovec parts[] = { { ima_unconst(&head), sizeof(head) },
				       { ima_unconst(file->label.ima), head.ima_len },
				       { ima_unconst(file->label.evm), head.evm_len } };
	const size_t len = sizeof(head) + head.ima_len + head.evm_len;
	uint8_t key[KEY_LEN];
	struct slot *slot;
	ssize_t n;
	int r = key_of(s, path, key);

	if (r == 0 && s->n >= s->n_slots / 2)
		r = grow(s);
	if (r < 0)
		return r;
	n = pwritev(s->fd, parts, IMA_N_ELEMENTS(parts), (off_t)s->end);
	if (n != (ssize_t)len)
		return n < 0 ? -errno : -ENOSPC;
	slot = slot_of(s->slots, s->n_slots, key);
	s->n += !slot->record;
	memcpy(slot->key, key, KEY_LEN);
	slot->record = s->end + 1;
	s->end += len;
	return 0;
}

static int read_at(struct imactl_spool *s, uint64_t at, void *ret, size_t len)
{
	const ssize_t n = pread(s->fd, ret, len, (off_t)at);

	if (n < 0)
		return -errno;
	return n == (ssize_t)len ? 0 : -EIO;
}

static int read_record(struct imactl_spool *s, uint64_t at, struct imactl_spooled *ret, uint64_t *ret_next)
{
	struct head h;
	int r = read_at(s, at, &h, sizeof(h));

	if (r == 0)
		r = read_at(s, at + sizeof(h), ret->label.ima, h.ima_len);
	if (r == 0)
		r = read_at(s, at + sizeof(h) + h.ima_len, ret->label.evm, h.evm_len);
	if (r < 0)
		return r;
	ret->position = h.position;
	ret->mode = h.mode;
	ret->uid = h.uid;
	ret->gid = h.gid;
	ret->content = h.content;
	ret->label.ima_len = h.ima_len;
	ret->label.evm_len = h.evm_len;
	*ret_next = at + sizeof(h) + h.ima_len + h.evm_len;
	return 0;
}

int imactl_spool_find(struct imactl_spool *s, const char *path, struct imactl_spooled *ret)
{
	uint8_t key[KEY_LEN];
	struct slot *slot;
	uint64_t ignored;
	int r = key_of(s, path, key);

	if (r < 0)
		return r;
	slot = slot_of(s->slots, s->n_slots, key);
	return slot->record ? read_record(s, slot->record - 1, ret, &ignored) : -ENOENT;
}

int imactl_spool_label(void *user, struct ima_tar_label *ret)
{
	struct imactl_spool *s = user;
	const struct ima_label *l = &s->current.label;
	int r;

	if (s->next == s->end)
		return 0;
	r = read_record(s, s->next, &s->current, &s->next);
	if (r < 0)
		return r;
	*ret = (struct ima_tar_label){ .position = s->current.position };
	if (l->ima_len)
		ret->xattrs[ret->n_xattrs++] = (struct ima_xattr){ "security.ima", { l->ima, l->ima_len } };
	if (l->evm_len)
		ret->xattrs[ret->n_xattrs++] = (struct ima_xattr){ "security.evm", { l->evm, l->evm_len } };
	return 1;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The set of (device, inode, birth, content, what). */
#include "core/monitor/inodes.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/byteset.h"
#include "base/cleanup.h"

struct ima_inodes {
	pthread_mutex_t lock;
	struct ima_byteset *set;
};

struct key {
	uint8_t bytes[3 * sizeof(uint64_t) + IMA_DIGEST_MAX];
	size_t len;
};

int ima_inodes_new(struct ima_inodes **ret)
{
	struct ima_inodes *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	if (ima_byteset_new(&s->set) < 0) {
		free(s);
		return -ENOMEM;
	}
	pthread_mutex_init(&s->lock, NULL);
	*ret = s;
	return 0;
}

struct ima_inodes *ima_inodes_free(struct ima_inodes *s)
{
	if (s) {
		ima_byteset_free(s->set);
		pthread_mutex_destroy(&s->lock);
		free(s);
	}
	return NULL;
}

static struct key key_of(const struct ima_file_event *ev, const struct ima_digest *content)
{
	const uint64_t ids[3] = { ev->dev_number, ev->ino, ev->birth_ns };
	struct key k;

	memcpy(k.bytes, ids, sizeof(ids));
	memcpy(k.bytes + sizeof(ids), content->data, content->len);
	k.len = sizeof(ids) + content->len;
	return k;
}

bool ima_inodes_has(struct ima_inodes *s, const struct ima_file_event *ev,
		    const struct ima_digest *content, uint32_t what)
{
	const struct key k = key_of(ev, content);
	bool has;

	if (!ev->birth_ns)
		return false;
	pthread_mutex_lock(&s->lock);
	has = s->set && ima_byteset_has(s->set, what, (struct ima_bytes){ k.bytes, k.len });
	pthread_mutex_unlock(&s->lock);
	return has;
}

void ima_inodes_add(struct ima_inodes *s, const struct ima_file_event *ev,
		    const struct ima_digest *content, uint32_t what)
{
	const struct key k = key_of(ev, content);

	if (!ev->birth_ns)
		return;
	pthread_mutex_lock(&s->lock);
	if (s->set)
		ima_ignore(ima_byteset_add(s->set, what, (struct ima_bytes){ k.bytes, k.len }));
	pthread_mutex_unlock(&s->lock);
}

void ima_inodes_forget(struct ima_inodes *s)
{
	struct ima_byteset *empty;

	pthread_mutex_lock(&s->lock);
	/* without memory for a new set nothing is known from now on */
	if (ima_byteset_new(&empty) < 0)
		empty = NULL;
	ima_byteset_free(s->set);
	s->set = empty;
	pthread_mutex_unlock(&s->lock);
}

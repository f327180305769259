/* SPDX-License-Identifier: BSD-2-Clause */
/* A small table by mount id, filled from the mountinfo of the task that came to a mount first. */
#include "hook/trace/mount_types.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mounts.h"

#define MAX_KNOWN 4096

struct known {
	uint64_t id;
	char fstype[32], subtype[32];
};

struct ima_mount_types {
	pthread_mutex_t lock;
	struct known *items;
	size_t n;
};

int ima_mount_types_new(struct ima_mount_types **ret)
{
	struct ima_mount_types *m = calloc(1, sizeof(*m));

	if (!m)
		return -ENOMEM;
	m->items = calloc(MAX_KNOWN, sizeof(*m->items));
	if (!m->items) {
		free(m);
		return -ENOMEM;
	}
	pthread_mutex_init(&m->lock, NULL);
	*ret = m;
	return 0;
}

struct ima_mount_types *ima_mount_types_free(struct ima_mount_types *m)
{
	if (m) {
		pthread_mutex_destroy(&m->lock);
		free(m->items);
		free(m);
	}
	return NULL;
}

static const struct known *find(const struct ima_mount_types *m, uint64_t id)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->items[i].id == id)
			return &m->items[i];
	return NULL;
}

/* a mount id comes again when its mount is gone: the table is small, and begins again when it is full */
static const struct known *learn(struct ima_mount_types *m, int proc_fd, int tid, uint64_t id)
{
	ima_cleanup(ima_closep) int fd = -EBADF;
	struct ima_mounts mounts;
	char name[64];

	snprintf(name, sizeof(name), "%d/mountinfo", tid);
	fd = openat(proc_fd, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || ima_mounts_read(fd, &mounts) < 0)
		return NULL;
	m->n = 0;
	for (size_t i = 0; i < mounts.n && m->n < MAX_KNOWN; i++) {
		struct known *k = &m->items[m->n++];

		*k = (struct known){ .id = mounts.items[i].id };
		snprintf(k->fstype, sizeof(k->fstype), "%s", mounts.items[i].fstype);
		snprintf(k->subtype, sizeof(k->subtype), "%s", mounts.items[i].subtype ? mounts.items[i].subtype : "");
	}
	ima_mounts_done(&mounts);
	return find(m, id);
}

void ima_mount_types_find(struct ima_mount_types *m, int proc_fd, int tid, uint64_t id, char fstype[static 32], char subtype[static 32])
{
	const struct known *k;

	fstype[0] = subtype[0] = 0;
	if (!id)
		return;
	pthread_mutex_lock(&m->lock);
	k = find(m, id);
	if (!k)
		k = learn(m, proc_fd, tid, id);
	if (k) {
		memcpy(fstype, k->fstype, sizeof(k->fstype));
		memcpy(subtype, k->subtype, sizeof(k->subtype));
	}
	pthread_mutex_unlock(&m->lock);
}

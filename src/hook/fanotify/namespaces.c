/* SPDX-License-Identifier: BSD-2-Clause */
/* Through procfs: one task stands for its namespace. */
#include "hook/fanotify/namespaces.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

#define MAX_NAMESPACES 4096

int ima_ns_table(int pid)
{
	char path[64];

	if (pid)
		snprintf(path, sizeof(path), "/proc/%d/mountinfo", pid);
	else
		snprintf(path, sizeof(path), "/proc/self/mountinfo");
	return open(path, O_RDONLY | O_CLOEXEC);
}

int ima_ns_read(int pid, struct ima_mounts *ret)
{
	ima_cleanup(ima_closep) int fd = ima_ns_table(pid);

	return fd < 0 ? -errno : ima_mounts_read(fd, ret);
}

static ino_t namespace_of(const char *pid)
{
	char path[300];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%s/ns/mnt", pid);
	return stat(path, &st) < 0 ? 0 : st.st_ino;
}

static bool add_namespace(struct ima_namespace *list, size_t *n, ino_t ino, int pid)
{
	for (size_t i = 0; i < *n; i++)
		if (list[i].ino == ino)
			return false;
	if (*n >= MAX_NAMESPACES)
		return false;
	list[(*n)++] = (struct ima_namespace){ .ino = ino, .pid = pid };
	return true;
}

/* one task for each mount namespace; ours first */
int ima_ns_list(struct ima_namespace **ret, size_t *ret_n)
{
	struct ima_namespace *list = calloc(MAX_NAMESPACES, sizeof(*list));
	DIR *proc = opendir("/proc");
	size_t n = 0;

	if (!list || !proc) {
		free(list);
		if (proc)
			closedir(proc);
		return -ENOMEM;
	}
	add_namespace(list, &n, namespace_of("self"), 0);
	for (struct dirent *d; (d = readdir(proc));) {
		ino_t ino;

		if (d->d_name[0] < '1' || d->d_name[0] > '9')
			continue;
		ino = namespace_of(d->d_name);
		if (ino)
			add_namespace(list, &n, ino, atoi(d->d_name));
	}
	closedir(proc);
	*ret = list;
	*ret_n = n;
	return 0;
}

bool ima_ns_hold(int tid, struct ima_held_ns *ret)
{
	char path[64];

	ret->table = ima_ns_table(tid);
	snprintf(path, sizeof(path), "/proc/%d/root", tid);
	ret->root = ret->table < 0 ? -EBADF : open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (ret->root >= 0)
		return true;
	ret->table = ima_close(ret->table);
	return false;
}

void ima_ns_release(struct ima_held_ns *ns)
{
	ns->table = ima_close(ns->table);
	ns->root = ima_close(ns->root);
}

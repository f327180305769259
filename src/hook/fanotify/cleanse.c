/* SPDX-License-Identifier: BSD-2-Clause */
/* Dropping a file's pages, and looking whether one stayed. */
#include "hook/fanotify/cleanse.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"

#define CHUNK_PAGES 65536
#define TRIES 10
#define WAIT_US 10000

/* 1 a page of this piece is resident */
static int piece_resident(int fd, off_t at, size_t len, unsigned char *vec)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *p = mmap(NULL, len, PROT_READ, MAP_SHARED, fd, at);
	int r = 0;

	if (p == MAP_FAILED)
		return -errno;
	if (mincore(p, len, vec) < 0)
		r = -errno;
	for (size_t i = 0; r == 0 && i < (len + page - 1) / page; i++)
		r = vec[i] & 1;
	munmap(p, len);
	return r;
}

/* 0, -EBUSY: a page stayed */
static int drop_pages(int fd, off_t size, unsigned char *vec)
{
	const off_t chunk = (off_t)CHUNK_PAGES * sysconf(_SC_PAGESIZE);
	int r = fsync(fd) < 0 ? -errno : -posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);

	for (off_t at = 0; r == 0 && at < size; at += chunk)
		r = piece_resident(fd, at, (size_t)(size - at < chunk ? size - at : chunk), vec);
	return r == 1 ? -EBUSY : r;
}

int ima_cleanse(int fd)
{
	ima_cleanup(ima_freep) unsigned char *vec = malloc(CHUNK_PAGES);
	struct statfs sf;
	struct stat st;
	int r = -EBUSY;

	if (!vec)
		return -ENOMEM;
	if (fstat(fd, &st) < 0 || fstatfs(fd, &sf) < 0)
		return -errno;
	if (sf.f_type == TMPFS_MAGIC)
		return -EOPNOTSUPP;
	/* the file system's own work on a page (its journal's, say) holds it for a moment */
	for (int i = 0; r == -EBUSY && i < TRIES; i++) {
		if (i)
			usleep(WAIT_US);
		r = drop_pages(fd, st.st_size, vec);
	}
	return r;
}

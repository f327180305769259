/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as an archive: members have sane names and no more content than they say, and labelling a tar keeps to its blocks. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "core/archive/tar_label.h"

#define MAX_POSITIONS 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct positions {
	uint64_t at[MAX_POSITIONS];
	size_t n, next;
};

static int next_label(void *user, struct ima_tar_label *ret)
{
	static const uint8_t value[] = "\003\002\004value";
	struct positions *p = user;

	if (p->next == p->n)
		return 0;
	*ret = (struct ima_tar_label){ .position = p->at[p->next++], .n_xattrs = 1,
				       .xattrs = { { "security.ima", { value, sizeof(value) } } } };
	return 1;
}

static void label(int fd, uint64_t end, struct positions *p)
{
	ima_cleanup(ima_closep) int out = memfd_create("out", MFD_CLOEXEC);
	struct ima_diag diag = { 0 };

	if (out >= 0 && ima_tar_label(fd, end, out, next_label, p, &diag) < 0 && !diag.text[0])
		abort();
}

static void read_content(struct ima_archive *a, const struct ima_member *m)
{
	struct ima_diag diag = { 0 };
	struct ima_bytes piece;
	uint64_t n = 0;
	int r;

	while ((r = ima_archive_read(a, &piece, &diag)) > 0)
		n += piece.len;
	if (r < 0 ? !diag.text[0] : n > m->size)
		abort();
}

static void read_members(int fd, struct ima_archive *a)
{
	const struct ima_member *m;
	struct positions p = { .n = 0 };
	struct ima_diag diag = { 0 };
	int r;

	while ((r = ima_archive_next(a, &m, &diag)) > 0) {
		if (m->path[0] != '/' || strstr(m->path, "//") || strlen(m->path) > IMA_ARCHIVE_MAX_PATH)
			abort();
		if (m->type == IMA_MEMBER_FILE && p.n < MAX_POSITIONS)
			p.at[p.n++] = m->position;
		if (m->type == IMA_MEMBER_FILE)
			read_content(a, m);
	}
	if (r < 0 && !diag.text[0])
		abort();
	if (r == 0 && ima_archive_format(a) == IMA_ARCHIVE_TAR)
		label(fd, ima_archive_end(a), &p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct ima_archive_opts opts = { .max_members = 1000, .max_bytes = 1U << 24, .merge_usr = true };
	ima_cleanup(ima_closep) int fd = memfd_create("archive", MFD_CLOEXEC);
	struct ima_archive *a = NULL;
	struct ima_diag diag = { 0 };

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		return 0;
	if (ima_archive_open(fd, &opts, &a, &diag) == 0)
		read_members(fd, a);
	else if (!diag.text[0])
		abort();
	ima_archive_free(a);
	return 0;
}

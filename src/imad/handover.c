/* SPDX-License-Identifier: BSD-2-Clause */
/* A descriptor and its number in the environment go through execve(2), a file waits in the run folder; a head says whose memory it is. */
#include "imad/handover.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"

#define VARIABLE "IMAD_HANDOVER"
#define FILE_NAME "known" /* in the run folder */
#define MAGIC "imadmem"
#define SEALS (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

struct head {
	char magic[8];
	uint32_t layout;
	uint32_t gate; /* 1: the gate's programs stay in force, and tell the next one of what happens meanwhile */
	uint64_t size; /* of what follows */
	uint8_t boot_id[16];
};

static struct head own_head(const struct imad_setup *s)
{
	struct head h = { .magic = MAGIC, .layout = IMA_MONITOR_MEMORY_LAYOUT, .size = ima_monitor_memory_size() };

	memcpy(h.boot_id, s->boot_id, sizeof(h.boot_id));
	return h;
}

static bool is_known(const struct imad_setup *s, const struct head *h)
{
	return !memcmp(h->boot_id, s->boot_id, sizeof(h->boot_id)) &&
	       !memcmp(h->magic, MAGIC, sizeof(MAGIC)) && h->layout == IMA_MONITOR_MEMORY_LAYOUT &&
	       h->size == ima_monitor_memory_size();
}

static int read_all(int fd, void *ret, size_t len, off_t at)
{
	uint8_t *p = ret;

	while (len) {
		const ssize_t n = pread(fd, p, len, at);

		if (n <= 0)
			return n < 0 ? -errno : -EBADMSG;
		p += n;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

static int name_it(int fd)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", fd);
	return setenv(VARIABLE, number, 1) < 0 ? -errno : 0;
}

static int write_memory(int fd, const struct imad_setup *s, bool gate)
{
	struct head h = own_head(s);
	int r;

	h.gate = gate;
	r = ima_file_write(fd, &h, sizeof(h));
	return r < 0 ? r : ima_file_write(fd, s->memory, h.size);
}

static char *path_of(const struct imad_setup *s)
{
	char *path;

	return asprintf(&path, "%s/%s", s->config->run_dir, FILE_NAME) < 0 ? NULL : path;
}

int imad_handover_keep(const struct imad_setup *s)
{
	ima_cleanup(ima_freep) char *path = path_of(s);
	ima_cleanup(ima_closep) int fd = -EBADF;
	int r;

	if (!path)
		return -ENOMEM;
	if (unlink(path) < 0 && errno != ENOENT)
		return -errno;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	r = write_memory(fd, s, false);
	if (r < 0)
		ima_ignore(unlink(path));
	return r;
}

int imad_handover_leave(const struct imad_setup *s)
{
	const int fd = memfd_create("imad", MFD_ALLOW_SEALING);
	int r;

	if (fd < 0)
		return -errno;
	r = write_memory(fd, s, s->hook->ops == &ima_hook_gate);
	if (r == 0 && fcntl(fd, F_ADD_SEALS, SEALS) < 0)
		r = -errno;
	if (r == 0)
		r = name_it(fd);
	if (r < 0)
		close(fd);
	return r;
}

static int number_of(const char *text, int *ret)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(text, &end, 10);
	if (errno || end == text || *end || n <= STDERR_FILENO || n > INT_MAX)
		return -EBADMSG;
	*ret = (int)n;
	return 0;
}

static int read_memory(int fd, struct imad_setup *s)
{
	struct head h;
	int r = read_all(fd, &h, sizeof(h), 0);

	if (r == 0 && !is_known(s, &h))
		r = -EBADMSG;
	if (r == 0)
		r = read_all(fd, s->memory, h.size, sizeof(h));
	if (r < 0)
		memset(s->memory, 0, ima_monitor_memory_size());
	else
		ima_monitor_memory_renew(s->memory);
	s->gate_was_left = r == 0 && h.gate;
	return r;
}

static int take_file(struct imad_setup *s)
{
	ima_cleanup(ima_freep) char *path = path_of(s);
	ima_cleanup(ima_closep) int fd = -EBADF;
	struct stat st;
	int r = 0;

	if (!path)
		return -ENOMEM;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 077))
		r = -EBADMSG;
	if (r == 0)
		r = read_memory(fd, s);
	if (unlink(path) < 0 && r == 0)
		r = -errno;
	return r < 0 ? r : 1;
}

static int take_descriptor(struct imad_setup *s, const char *text)
{
	int fd = -EBADF;
	int r = number_of(text, &fd);

	unsetenv(VARIABLE);
	/* a descriptor of something else is not ours to close, or to read */
	if (r == 0 && fcntl(fd, F_GET_SEALS) != SEALS)
		r = -EBADMSG;
	if (r < 0)
		return r;
	r = read_memory(fd, s);
	close(fd);
	return r < 0 ? r : 1;
}

int imad_handover_take(struct imad_setup *s)
{
	const char *text = getenv(VARIABLE);

	return text ? take_descriptor(s, text) : take_file(s);
}

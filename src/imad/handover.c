/* SPDX-License-Identifier: BSD-2-Clause */
/* A descriptor and its number in the environment go through execve(2); a head says whose memory it is. */
#include "imad/handover.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"

#define VARIABLE "IMAD_HANDOVER"
#define MAGIC "imadmem"
#define SEALS (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

struct head {
	char magic[8];
	uint32_t layout;
	uint32_t pad;
	uint64_t size; /* of what follows */
};

static struct head own_head(void)
{
	struct head h = { .magic = MAGIC, .layout = IMA_MONITOR_MEMORY_LAYOUT, .size = ima_monitor_memory_size() };

	return h;
}

static int write_all(int fd, const void *data, size_t len)
{
	const uint8_t *p = data;

	while (len) {
		const ssize_t n = write(fd, p, len);

		if (n < 0)
			return -errno;
		p += n;
		len -= (size_t)n;
	}
	return 0;
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

int imad_handover_leave(const struct imad_setup *s)
{
	const struct head h = own_head();
	const int fd = memfd_create("imad", MFD_ALLOW_SEALING);
	int r;

	if (fd < 0)
		return -errno;
	r = write_all(fd, &h, sizeof(h));
	if (r == 0)
		r = write_all(fd, s->memory, h.size);
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
	const struct head want = own_head();
	struct head have;
	int r;

	/* a descriptor of something else is not ours to close, or to read */
	if (fcntl(fd, F_GET_SEALS) != SEALS)
		return -EBADMSG;
	r = read_all(fd, &have, sizeof(have), 0);
	if (r == 0 && memcmp(&have, &want, sizeof(have)))
		r = -EBADMSG;
	if (r == 0)
		r = read_all(fd, s->memory, want.size, sizeof(have));
	if (r < 0)
		memset(s->memory, 0, want.size);
	close(fd);
	return r;
}

int imad_handover_take(struct imad_setup *s)
{
	const char *text = getenv(VARIABLE);
	int fd = -EBADF, r;

	if (!text)
		return 0;
	r = number_of(text, &fd);
	unsetenv(VARIABLE);
	if (r == 0)
		r = read_memory(fd, s);
	return r < 0 ? r : 1;
}

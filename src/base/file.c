/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading to the end, never past the limit; writing all. */
#include "base/file.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"

int ima_file_read_fd(int fd, size_t max, uint8_t **ret, size_t *ret_len)
{
	struct ima_buffer b = { .limit = max };
	uint8_t block[65536];
	ssize_t n;
	int r = ima_buffer_append(&b, "", 0);

	while (r == 0 && (n = read(fd, block, sizeof(block))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		r = n < 0 ? -errno : ima_buffer_append(&b, block, (size_t)n);
	}
	if (r < 0) {
		ima_buffer_done(&b);
		return r;
	}
	*ret = b.data;
	*ret_len = b.len;
	return 0;
}

bool ima_file_is_certificate_name(const char *name)
{
	static const char *const ends[] = { ".der", ".x509", ".pem", ".crt" };
	const char *dot = strrchr(name, '.');

	for (size_t i = 0; dot && dot != name && name[0] != '.' && i < IMA_N_ELEMENTS(ends); i++)
		if (!strcmp(dot, ends[i]))
			return true;
	return false;
}

int ima_file_pread(int fd, uint64_t at, uint8_t *ret, size_t len)
{
	while (len) {
		const ssize_t n = pread(fd, ret, len, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EINVAL;
		ret += n;
		at += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

int ima_file_write(int fd, const void *data, size_t len)
{
	const uint8_t *p = data;

	while (len) {
		const ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

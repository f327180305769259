/* SPDX-License-Identifier: BSD-2-Clause */
/* Bytes that nobody else may see: locked in memory as far as the system lets us, in no core dump, wiped when done. */
#pragma once

#include <ima/types.h>

struct imactl_secret {
	uint8_t *data; /* one mapping; followed by a NUL that len does not count */
	size_t len;
};

/** imactl_secret_read() - a whole file, "-" is standard input. -EFBIG past 64 KiB, -ENOMEM, errno */
ima_must_check int imactl_secret_read(const char *path, struct imactl_secret *ret);

/** imactl_secret_read_fd() - from the descriptor's position to the end; it stays open */
ima_must_check int imactl_secret_read_fd(int fd, struct imactl_secret *ret);

/** imactl_secret_copy() - text that came from elsewhere. -EFBIG, -ENOMEM */
ima_must_check int imactl_secret_copy(const char *text, struct imactl_secret *ret);

/** imactl_secret_ask() - a line from the terminal, without echo. -ENXIO no terminal, -ECANCELED the user gave up, errno */
ima_must_check int imactl_secret_ask(const char *prompt, struct imactl_secret *ret);

/** imactl_secret_first_line() - cut there */
void imactl_secret_first_line(struct imactl_secret *s);
void imactl_secret_done(struct imactl_secret *s);

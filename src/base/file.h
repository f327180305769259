/* SPDX-License-Identifier: BSD-2-Clause */
/* Files into memory, whole or a part, never past the limit; and all of something into a file. */
#pragma once

#include <ima/types.h>

/** ima_file_is_certificate_name() - ends in .der, .x509, .pem or .crt, and is not hidden */
bool ima_file_is_certificate_name(const char *name);

/**
 * ima_file_read_fd() - from the descriptor's position to the end; works on pipes
 * @max: bytes at most
 * @ret: malloc'd, followed by one NUL that @ret_len does not count
 * Return: 0, -EFBIG longer than @max, -ENOMEM, errno of read(2)
 */
ima_must_check int ima_file_read_fd(int fd, size_t max, uint8_t **ret, size_t *ret_len);

/** ima_file_pread() - exactly @len bytes from @at, file position untouched. -EINVAL the file is shorter, errno of pread(2) */
ima_must_check int ima_file_pread(int fd, uint64_t at, uint8_t *ret, size_t len);

/** ima_file_write() - all @len bytes, from where @fd stands; errno: some may have been written */
ima_must_check int ima_file_write(int fd, const void *data, size_t len);

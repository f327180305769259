/* SPDX-License-Identifier: BSD-2-Clause */
/* The files of an attestation key: FOLDER/ak.pub, FOLDER/ak.priv; and writing files whole. */
#pragma once

#include "core/attest/tpm_ak.h"
#include "imactl/command.h"

#define IMACTL_AK_FOLDER "/var/lib/imad/ak"

/** imactl_ak_read() - both halves from @folder. EXIT_GOOD, or EXIT_UNABLE and said why */
int imactl_ak_read(const char *folder, struct ima_ak_blobs *ret);

/** imactl_write_file() - @name in @folder (NULL: @name is the path), by a file that takes its place: whole or not at all. EXIT_GOOD, EXIT_UNABLE and said why */
int imactl_write_file(const char *folder, const char *name, struct ima_bytes data, unsigned int mode);

/** imactl_read_named() - @name in @folder (NULL: @name is the path), at most @max bytes. EXIT_GOOD, EXIT_UNABLE and said why */
int imactl_read_named(const char *folder, const char *name, size_t max, struct ima_buffer *ret);

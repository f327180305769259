/* SPDX-License-Identifier: BSD-2-Clause */
/* Certificates that a command verifies with: files, folders of them, keyrings of the kernel. */
#pragma once

#include <ima/sig.h>

#include "imactl/command.h"

/** imactl_keyring_add() - every certificate at @path, or the kernel keyring that "keyring:NAME" names; EXIT_GOOD, or EXIT_UNABLE and said why */
int imactl_keyring_add(struct ima_keyring *ring, const char *path);

/** imactl_keyring_defaults() - the kernel's and imad's places, as far as they are there */
int imactl_keyring_defaults(struct ima_keyring *ring);

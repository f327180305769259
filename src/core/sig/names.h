/* SPDX-License-Identifier: BSD-2-Clause */
/* Hash algorithms as the crypto library calls them. */
#pragma once

#include <ima/digest.h>

/** ima_library_hash_name() - NULL for an id out of range */
const char *ima_library_hash_name(enum ima_hash_algo algo);

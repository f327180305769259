/* SPDX-License-Identifier: BSD-2-Clause */
/* The id of a bare public key. */
#pragma once

#include <ima/types.h>

struct evp_pkey_st;

/** ima_public_id() - last four bytes of the SHA-1 of the public key's bits, which most certificates carry as their identifier. -EIO */
ima_must_check int ima_public_id(struct evp_pkey_st *key, uint32_t *ret);

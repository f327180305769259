/* SPDX-License-Identifier: BSD-2-Clause */
/* Which implementation a key of the crypto library belongs to. */
#pragma once

#include <ima/types.h>

struct evp_pkey_st;

/** ima_is_librarys_own() - an implementation that somebody configured instead of the library's own is asked, not passed by. @kind: "RSA", "EC" */
bool ima_is_librarys_own(const struct evp_pkey_st *key, const char *kind);

/* SPDX-License-Identifier: BSD-2-Clause */
/* Contents that nobody may use, whoever signed them: a set of digests, whatever their algorithm. */
#pragma once

#include <ima/digest.h>
#include <ima/types.h>

struct ima_revoked;

ima_must_check int ima_revoked_new(struct ima_revoked **ret); /* -ENOMEM */
struct ima_revoked *ima_revoked_free(struct ima_revoked *s);

/**
 * ima_revoked_load() - add what a text lists: a line is "HEX" or "bin:HEX", then anything after a space; # begins a comment line
 * Return: 0, -EINVAL with line and reason in @diag, and nothing added; -ENOMEM
 */
ima_must_check int ima_revoked_load(struct ima_revoked *s, struct ima_bytes text, struct ima_diag *diag);

/** ima_revoked_add() - one entry as the kernel's keyring .blacklist describes it, "bin:HEX". -EINVAL another kind, -ENOMEM */
ima_must_check int ima_revoked_add(struct ima_revoked *s, const char *description);

/** ima_revoked_has() - NULL set: nothing is revoked */
bool ima_revoked_has(const struct ima_revoked *s, const struct ima_digest *d);
size_t ima_revoked_size(const struct ima_revoked *s);

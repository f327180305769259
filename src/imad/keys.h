/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The keys that files are verified with, from certificates on disk. The places are the kernel's and dracut's; a certificate that cannot be
 * used is said and left out, as at boot: what it signed is refused later, and nothing else is.
 */
#pragma once

#include <ima/sig.h>

#include "core/evm/evm.h"
#include "core/sig/revoked.h"
#include "imad/config.h"

struct imad_keys {
	struct ima_keyring *ima, *platform;
	struct ima_evm *evm;
	struct ima_revoked *revoked;
};

/**
 * imad_keys_load() - @say is called for each certificate taken or left out
 * Return: 0, -ENOMEM, with @diag: a place that was named does not exist, or revoked digests cannot be read
 */
ima_must_check int imad_keys_load(const struct imad_config *c,
				  void (*say)(void *user, int level, const char *text), void *user,
				  struct imad_keys *ret, struct ima_diag *diag);
void imad_keys_done(struct imad_keys *k);

/* SPDX-License-Identifier: BSD-2-Clause */
/* No TPM: no bank, so nothing to extend and nothing to read; a list without a TPM behind it. */
#include <errno.h>
#include <stdlib.h>

#include "core/pcr/tpm_internal.h"

static int none_extend(struct ima_tpm *t, unsigned int pcr, const struct ima_tpm_digests *d)
{
	return 0;
}

static int none_read(struct ima_tpm *t, uint32_t mask, struct ima_pcr_bank *bank)
{
	return -ENODEV;
}

static void none_free(struct ima_tpm *t)
{
	free(t);
}

static const struct ima_tpm_ops none_ops = {
	.name = "none",
	.extend = none_extend,
	.read = none_read,
	.free = none_free,
};

int ima_tpm_open_none(struct ima_tpm **ret)
{
	struct ima_tpm *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->ops = &none_ops;
	t->where[0] = '-';
	*ret = t;
	return 0;
}

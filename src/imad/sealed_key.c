/* SPDX-License-Identifier: BSD-2-Clause */
/* A connection of its own, closed again before the list opens the TPM for good: some TPMs take one at a time. */
#include "imad/sealed_key.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "core/pcr/sealed.h"
#include "core/pcr/tpm.h"

static const char *spec_of(const struct imad_config *c)
{
	if (strcmp(c->tpm, "auto"))
		return c->tpm;
	return access("/dev/tpmrm0", F_OK) == 0 ? "device:/dev/tpmrm0" : "device:/dev/tpm0";
}

static bool is_users_fault(int error)
{
	return error == -EACCES || error == -EKEYREJECTED || error == -EBADMSG || error == -EOPNOTSUPP;
}

int imad_sealed_key_open(const struct imad_config *c, struct ima_bytes text, uint8_t **ret, size_t *ret_len,
			 struct ima_diag *diag)
{
	ima_cleanup(ima_freep) uint8_t *key = malloc(IMA_SEALED_MAX_SECRET);
	const struct ima_tpm_opts opts = { .spec = spec_of(c) };
	struct ima_tpm *t = NULL;
	struct ima_sealed s;
	size_t len = 0;
	int r = key ? ima_sealed_parse(text, &s, diag) : -ENOMEM;

	if (r == 0 && strcmp(c->tpm, "embedded"))
		r = ima_tpm_open(&opts, &t, diag);
	else if (r == 0)
		r = ima_diag_text(diag, -EOPNOTSUPP, "sealed keys need a TPM of the machine's: tpm = embedded is none");
	if (r == 0)
		r = ima_tpm_unseal(t, &s, key, &len, diag);
	ima_tpm_free(t);
	if (r < 0)
		return is_users_fault(r) ? -EINVAL : r;
	*ret = ima_take(key);
	*ret_len = len;
	return 0;
}

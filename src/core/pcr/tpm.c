/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The TPM's front: chooses the owner and checks every call before an owner sees it, so that no owner can be asked to
 * extend one bank and forget another.
 */
#include "core/pcr/tpm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/diag.h"
#include "core/pcr/tpm_internal.h"

void ima_tpm_quiet(void)
{
	setenv("TSS2_LOG", "all+none", 0);
}

static int open_auto(const struct ima_tpm_opts *opts, struct ima_tpm **ret, struct ima_diag *diag)
{
	if (access("/dev/tpmrm0", F_OK) == 0)
		return ima_tpm_open_tss2("device:/dev/tpmrm0", ret, diag);
	if (access("/dev/tpm0", F_OK) == 0)
		return ima_tpm_open_tss2("device:/dev/tpm0", ret, diag);
	return ima_tpm_open_embedded(opts->state_dir, ret, diag);
}

int ima_tpm_open(const struct ima_tpm_opts *opts, struct ima_tpm **ret, struct ima_diag *diag)
{
	const char *spec = opts->spec ? opts->spec : "auto";

	if (!*spec)
		return ima_diag_text(diag, -EINVAL, "the TPM's name is empty");
	if (!strcmp(spec, "auto"))
		return open_auto(opts, ret, diag);
	if (!strcmp(spec, "none"))
		return ima_tpm_open_none(ret);
	if (!strcmp(spec, "embedded"))
		return ima_tpm_open_embedded(opts->state_dir, ret, diag);
	if (!strcmp(spec, "tss2"))
		return ima_tpm_open_tss2(getenv("TPM2TOOLS_TCTI"), ret, diag);
	return ima_tpm_open_tss2(spec, ret, diag);
}

struct ima_tpm *ima_tpm_free(struct ima_tpm *t)
{
	if (t)
		t->ops->free(t);
	return NULL;
}

int ima_tpm_extend(struct ima_tpm *t, unsigned int pcr, const struct ima_tpm_digests *d)
{
	int r;

	if (pcr >= IMA_PCR_COUNT)
		return -ERANGE;
	if (d->n != t->n_banks)
		return -EINVAL;
	for (size_t i = 0; i < d->n; i++)
		if (d->d[i].algo != t->bank_hash[i] || d->d[i].len != ima_hash_len(d->d[i].algo))
			return -EINVAL;
	pthread_mutex_lock(&t->lock);
	r = t->ops->extend(t, pcr, d);
	pthread_mutex_unlock(&t->lock);
	return r;
}

int ima_tpm_command(struct ima_tpm *t, struct ima_bytes command, uint8_t *response, size_t *ret_len)
{
	int r;

	if (!t->ops->command)
		return -EOPNOTSUPP;
	if (command.len < 10 || command.len > IMA_TPM_COMMAND_MAX)
		return -EMSGSIZE;
	pthread_mutex_lock(&t->lock);
	r = t->ops->command(t, command, response, ret_len);
	pthread_mutex_unlock(&t->lock);
	return r;
}

int ima_tpm_read(struct ima_tpm *t, uint32_t mask, struct ima_pcrs *ret)
{
	struct ima_pcrs out = { 0 };

	for (size_t i = 0; i < t->n_banks; i++) {
		struct ima_pcr_bank *bank = &out.banks[out.n_banks];
		int r;

		if (t->bank_hash[i] == IMA_HASH__LAST)
			continue;
		bank->algo = t->bank_hash[i];
		pthread_mutex_lock(&t->lock);
		r = t->ops->read(t, mask & t->bank_pcrs[i], bank);
		pthread_mutex_unlock(&t->lock);
		if (r < 0)
			return r;
		out.n_banks++;
	}
	*ret = out;
	return 0;
}

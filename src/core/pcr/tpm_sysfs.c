/* SPDX-License-Identifier: BSD-2-Clause */
/* PCR values as the kernel shows them in sysfs: one folder a bank, one file of hexadecimal text a PCR. Reads only. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/hex.h"
#include "core/pcr/tpm.h"

#define SYSFS_TPM "/sys/class/tpm/tpm0"

/* 1 read, 0 there is no such PCR */
static int read_value(int dir_fd, unsigned int index, size_t len, uint8_t *ret)
{
	ima_cleanup(ima_closep) int fd = -EBADF;
	char name[8], text[2 * IMA_DIGEST_MAX + 2];
	ssize_t n;

	snprintf(name, sizeof(name), "%u", index);
	fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	n = read(fd, text, sizeof(text));
	if (n < 0)
		return -errno;
	if (n > 0 && text[n - 1] == '\n')
		n--;
	if ((size_t)n != 2 * len || ima_hex_decode(text, (size_t)n, ret) < 0)
		return -EBADMSG;
	return 1;
}

static int read_bank(int dir_fd, struct ima_pcr_bank *bank)
{
	for (unsigned int i = 0; i < IMA_PCR_COUNT; i++) {
		int r = read_value(dir_fd, i, ima_hash_len(bank->algo), bank->value[i]);

		if (r < 0)
			return r;
		if (r)
			bank->known |= 1U << i;
	}
	return 0;
}

int ima_tpm_read_sysfs(const char *root, struct ima_pcrs *ret)
{
	struct ima_pcrs out = { 0 };

	for (int a = 0; a < IMA_HASH__LAST && out.n_banks < IMA_PCR_MAX_BANKS; a++) {
		ima_cleanup(ima_closep) int fd = -EBADF;
		struct ima_pcr_bank *bank = &out.banks[out.n_banks];
		char path[256];
		int r;

		if (!ima_hash_tpm_alg(a))
			continue;
		snprintf(path, sizeof(path), "%s/pcr-%s", root ? root : SYSFS_TPM,
			 ima_hash_name(a));
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0)
			continue;
		bank->algo = a;
		r = read_bank(fd, bank);
		if (r < 0)
			return r;
		if (bank->known)
			out.n_banks++;
	}
	if (!out.n_banks)
		return -ENODEV;
	*ret = out;
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The file "evm": which keys are in use, and that nothing more is to come. */
#include "core/evm/evm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* C notation, one trailing newline */
static int parse_number(struct ima_bytes text, uint32_t *ret)
{
	char copy[32], *end;
	unsigned long v;

	if (!text.len || text.len >= sizeof(copy))
		return -EINVAL;
	memcpy(copy, text.data, text.len);
	copy[text.len] = 0;
	if (copy[text.len - 1] == '\n')
		copy[text.len - 1] = 0;
	if (!copy[0] || copy[0] == '-' || copy[0] == ' ')
		return -EINVAL;
	errno = 0;
	v = strtoul(copy, &end, 0);
	if (errno || *end || v > UINT32_MAX)
		return -EINVAL;
	*ret = (uint32_t)v;
	return 0;
}

int ima_evm_mode_write(struct ima_evm *e, struct ima_bytes text)
{
	uint32_t known = IMA_EVM_INIT_HMAC | IMA_EVM_INIT_X509 | IMA_EVM_ALLOW_METADATA_WRITES |
			 IMA_EVM_SETUP_COMPLETE;
	uint32_t v;

	if (e->mode & IMA_EVM_SETUP_COMPLETE)
		return -EPERM;
	if (e->version >= 701)
		known |= IMA_EVM_SIGV3_REQUIRED;
	if (parse_number(text, &v) < 0 || !v || (v & ~known))
		return -EINVAL;
	if ((v & IMA_EVM_ALLOW_METADATA_WRITES) && (e->mode & IMA_EVM_INIT_HMAC))
		return -EPERM;
	if (v & IMA_EVM_INIT_HMAC) {
		if (!(e->mode & IMA_EVM_INIT_HMAC))
			return -ENOENT;
		v |= IMA_EVM_SETUP_COMPLETE;
	}
	e->mode |= v;
	return 0;
}

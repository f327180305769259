/* SPDX-License-Identifier: BSD-2-Clause */
/* The library takes the kernel's names for most. */
#include "core/sig/names.h"

const char *ima_library_hash_name(enum ima_hash_algo algo)
{
	switch (algo) {
	case IMA_HASH_RMD160:
		return "RIPEMD160";
	case IMA_HASH_STREEBOG256:
		return "md_gost12_256";
	case IMA_HASH_STREEBOG512:
		return "md_gost12_512";
	default:
		return ima_hash_name(algo);
	}
}

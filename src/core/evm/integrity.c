/* SPDX-License-Identifier: BSD-2-Clause */
/* Words of the status numbers. */
#include "core/evm/integrity.h"

#include <stddef.h>

const char *ima_integrity_name(enum ima_integrity s)
{
	static const char *const names[IMA_INTEGRITY__LAST] = {
		[IMA_INTEGRITY_PASS] = "pass",
		[IMA_INTEGRITY_PASS_IMMUTABLE] = "pass_immutable",
		[IMA_INTEGRITY_FAIL] = "fail",
		[IMA_INTEGRITY_FAIL_IMMUTABLE] = "fail_immutable",
		[IMA_INTEGRITY_NOLABEL] = "no_label",
		[IMA_INTEGRITY_NOXATTRS] = "no_xattrs",
		[IMA_INTEGRITY_UNKNOWN] = "unknown",
	};

	return (unsigned int)s < IMA_INTEGRITY__LAST ? names[s] : NULL;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel's integrity status, shared by the content's and the metadata's check. */
#pragma once

/** enum ima_integrity - the kernel's status numbers; only PASS and PASS_IMMUTABLE are good */
enum ima_integrity {
	IMA_INTEGRITY_PASS = 0,
	IMA_INTEGRITY_PASS_IMMUTABLE,
	IMA_INTEGRITY_FAIL,
	IMA_INTEGRITY_FAIL_IMMUTABLE,
	IMA_INTEGRITY_NOLABEL,
	IMA_INTEGRITY_NOXATTRS,
	IMA_INTEGRITY_UNKNOWN,
	IMA_INTEGRITY__LAST
};

/** ima_integrity_name() - the word in audit records ("no_label") */
const char *ima_integrity_name(enum ima_integrity s);

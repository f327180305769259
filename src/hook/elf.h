/* SPDX-License-Identifier: BSD-2-Clause */
/* What kind of program file a descriptor holds, from its first bytes. */
#pragma once

#include <ima/types.h>

struct ima_elf {
	bool elf;        /* an ELF file with a readable program header table */
	bool has_interp; /* names a dynamic loader */
	bool has_exec;   /* has an executable segment */
	bool shared;     /* ET_DYN */
	bool script;     /* begins with #! */
	bool is64;       /* of the 64-bit class */
	uint64_t interp_offset, interp_len; /* where the loader's path stands, its NUL counted */
};

/** ima_elf_probe() - anything that cannot be read is "none of these" */
void ima_elf_probe(int fd, struct ima_elf *ret);

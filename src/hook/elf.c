/* SPDX-License-Identifier: BSD-2-Clause */
/* ELF class, type and program headers of both word sizes and byte orders; bounded reads only. */
#include "hook/elf.h"

#include <elf.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/reader.h"

#define MAX_PHDRS 64

static int read_word(struct ima_reader *in, bool is64, uint64_t *ret)
{
	uint32_t word;
	int r;

	if (is64)
		return ima_read_u64(in, ret);
	r = ima_read_u32(in, &word);
	if (r == 0)
		*ret = word;
	return r;
}

static void note_interp(struct ima_reader *ph, const uint8_t *start, bool is64, struct ima_elf *ret)
{
	ret->has_interp = true;
	ph->pos = start + (is64 ? 8 : 4);
	if (read_word(ph, is64, &ret->interp_offset) < 0)
		return;
	ph->pos = start + (is64 ? 32 : 16);
	ima_ignore(read_word(ph, is64, &ret->interp_len));
}

static void scan_headers(struct ima_reader *in, bool is64, unsigned int n, size_t entsize,
			 struct ima_elf *ret)
{
	for (unsigned int i = 0; i < n; i++) {
		struct ima_bytes one;
		struct ima_reader ph;
		uint32_t type, flags;

		if (ima_read_bytes(in, entsize, &one) < 0)
			return;
		ph = ima_reader_init(one, in->order);
		if (ima_read_u32(&ph, &type) < 0)
			return;
		ph.pos = one.data + (is64 ? 4 : 24);
		if (ima_read_u32(&ph, &flags) < 0)
			return;
		if (type == PT_INTERP)
			note_interp(&ph, one.data, is64, ret);
		ret->has_exec |= type == PT_LOAD && (flags & PF_X);
	}
}

static void probe_elf(int fd, const uint8_t *head, size_t len, struct ima_elf *ret)
{
	const bool is64 = head[EI_CLASS] == ELFCLASS64;
	const enum ima_order order =
		head[EI_DATA] == ELFDATA2MSB ? IMA_ORDER_BIG : IMA_ORDER_LITTLE;
	struct ima_reader in = ima_reader_init((struct ima_bytes){ head, len }, order);
	uint8_t table[MAX_PHDRS * sizeof(Elf64_Phdr)];
	uint16_t type, entsize, n;
	uint64_t off;
	ssize_t got;

	in.pos = head + EI_NIDENT;
	if (ima_read_u16(&in, &type) < 0)
		return;
	in.pos = head + (is64 ? 32 : 28);
	if (read_word(&in, is64, &off) < 0 || off > INT64_MAX)
		return;
	in.pos = head + (is64 ? 54 : 42);
	if (ima_read_u16(&in, &entsize) < 0 || ima_read_u16(&in, &n) < 0)
		return;
	if (entsize != (is64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr)))
		return;
	if (n > MAX_PHDRS)
		n = MAX_PHDRS;
	got = pread(fd, table, (size_t)n * entsize, (off_t)off);
	if (got < 0)
		return;
	ret->elf = true;
	ret->is64 = is64;
	ret->shared = type == ET_DYN;
	in = ima_reader_init((struct ima_bytes){ table, (size_t)got }, order);
	scan_headers(&in, is64, n, entsize, ret);
}

void ima_elf_probe(int fd, struct ima_elf *ret)
{
	uint8_t head[64] = { 0 };
	ssize_t n = pread(fd, head, sizeof(head), 0);

	*ret = (struct ima_elf){ 0 };
	if (n < 2)
		return;
	ret->script = head[0] == '#' && head[1] == '!';
	if (n >= (ssize_t)sizeof(Elf32_Ehdr) && !memcmp(head, ELFMAG, SELFMAG) &&
	    (head[EI_CLASS] != ELFCLASS64 || n >= (ssize_t)sizeof(Elf64_Ehdr)))
		probe_elf(fd, head, (size_t)n, ret);
}

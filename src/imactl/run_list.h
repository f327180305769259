/* SPDX-License-Identifier: BSD-2-Clause */
/* The list of one command's run: the kernel's binary form in a file, anchored in a TPM that lives as long as the run. */
#pragma once

#include "core/mlist/mlist.h"
#include "core/pcr/tpm.h"

/** struct run_list - owned by the command; zeroed but for the descriptor: nothing open */
struct run_list {
	struct ima_mlist *list;
	struct ima_journal_head head;
	struct ima_tpm *tpm;
	int fd;            /* of the list */
	size_t head_len;   /* of a journal record before the kernel's */
	uint64_t size;     /* bytes of whole records */
	int error;         /* why the last record could not be written, 0: it was */
	char state_dir[64]; /* of the embedded TPM, removed at the end; empty: none */
};

/**
 * run_list_open() - @path NULL: a list that nobody else sees; else the file is emptied
 * @tpm: "embedded", "none" or a TCTI; the PCR is extended there as records are written
 * Return: 0, or an EXIT_ value after a message
 */
int run_list_open(struct run_list *l, const char *path, const char *tpm, enum ima_hash_algo hash);
void run_list_close(struct run_list *l);

/** run_list_pcrs() - what the TPM says now. -EIO */
ima_must_check int run_list_pcrs(struct run_list *l, uint32_t mask, struct ima_pcrs *ret);

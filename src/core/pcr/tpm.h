/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The TPM as imad needs it: which banks are active, extend, read. One vtable, three owners: tpm_tss2.c (ESYS over any TCTI),
 * tpm_embedded.c (libtpms in this process behind a TCTI of our own, then the same ESYS code), tpm_none.c.
 *
 * Promise: "success" means that every active bank was extended. A TPM without an active bank is an error at open.
 * Extend, read and command may come from several threads: one lock around each command. Everything else belongs to one thread.
 */
#pragma once

#include <pthread.h>

#include <ima/pcr.h>

struct ima_tpm;

/** struct ima_tpm_digests - one digest for each active bank, in the order of ima_tpm_banks() */
struct ima_tpm_digests {
	size_t n;
	struct ima_digest d[IMA_PCR_MAX_BANKS];
};

struct ima_tpm_ops {
	const char *name; /* "tss2", "embedded", "none" */
	/* extend one PCR in all active banks with one command; -EIO and ima_tpm_last_rc() on a TPM error */
	int (*extend)(struct ima_tpm *t, unsigned int pcr, const struct ima_tpm_digests *d);
	/* read PCRs of @mask in one bank; sets bank->known for those read */
	int (*read)(struct ima_tpm *t, uint32_t mask, struct ima_pcr_bank *bank);
	/* one command as bytes, its response to @response: -EIO, -EMSGSIZE, -EOPNOTSUPP */
	int (*command)(struct ima_tpm *t, struct ima_bytes command, uint8_t *response, size_t *response_len);
	void (*free)(struct ima_tpm *t);
};

/** struct ima_tpm - the common head of every implementation */
struct ima_tpm {
	const struct ima_tpm_ops *ops;
	pthread_mutex_t lock; /* one command at a time; zeros are an initialized one */
	size_t n_banks;
	uint16_t bank_alg[IMA_PCR_MAX_BANKS];           /* TPM_ALG_ID, in TPM order */
	enum ima_hash_algo bank_hash[IMA_PCR_MAX_BANKS]; /* IMA_HASH__LAST: unmapped bank */
	uint32_t bank_pcrs[IMA_PCR_MAX_BANKS];           /* bitmap: PCRs that the bank has */
	uint32_t last_rc;                                /* TPM or TSS return code of the last failure */
	char where[128];                                 /* human words: TCTI, vendor */
};

struct ima_tpm_opts {
	/*
	 * NULL or "auto", "none", "embedded", "tss2" ($TPM2TOOLS_TCTI, else the TSS's own default), or a TCTI as
	 * Tss2_TctiLdr_Initialize(3) takes it ("device:/dev/tpmrm0", "swtpm:host=127.0.0.1,port=2321")
	 */
	const char *spec;
	const char *state_dir; /* embedded: folder of the permanent state, created 0700 */
};

/**
 * ima_tpm_quiet() - keep the TSS from logging to stderr: TSS2_LOG=all+none unless the user has set TSS2_LOG
 *
 * Call it first in main(), while the process has one thread: the environment belongs to the program, so
 * ima_tpm_open() does not do it.
 */
void ima_tpm_quiet(void);

/**
 * ima_tpm_open() - "auto": /dev/tpmrm0, else /dev/tpm0, else embedded
 * The embedded TPM starts with TPM2_Startup(CLEAR): all PCRs are zero (one owner a process).
 * Everything is loaded here (the TCTI's dlopen, the embedded TPM's state): later calls open no library. The embedded TPM
 * writes its state folder when its permanent state changes, which extending and reading PCRs do not do.
 *
 * Return: 0, -ENODEV nothing there, -EIO no active bank or TPM failure, -EINVAL bad spec; embedded also: -EBUSY open in
 * this process already or the folder is in use by another, errno of the folder, -EBADMSG damaged state; @diag says why
 */
ima_must_check int ima_tpm_open(const struct ima_tpm_opts *opts, struct ima_tpm **ret,
				struct ima_diag *diag);
struct ima_tpm *ima_tpm_free(struct ima_tpm *t);

/**
 * ima_tpm_extend() - extend @pcr in all active banks with one command
 * Return: 0, -ERANGE bad index, -EINVAL the digests are not those of the banks, -EIO with ima_tpm_last_rc()
 *
 * May wait for as long as the TPM takes; the kernel bounds that for a device. No TPM ("none", no banks): 0.
 */
ima_must_check int ima_tpm_extend(struct ima_tpm *t, unsigned int pcr,
				  const struct ima_tpm_digests *d);

/** ima_tpm_read() - PCRs of @mask in every active mapped bank; @ret is overwritten. -EIO with ima_tpm_last_rc() */
ima_must_check int ima_tpm_read(struct ima_tpm *t, uint32_t mask, struct ima_pcrs *ret);

#define IMA_TPM_COMMAND_MAX 4096 /* bytes, of a command and of a response */

/**
 * ima_tpm_command() - hand a command through as it is, for programs that speak to the TPM of this process
 * @response: room for IMA_TPM_COMMAND_MAX bytes
 * Return: 0 the TPM answered, whatever it said; -EMSGSIZE, -EOPNOTSUPP no TPM, -EIO
 */
ima_must_check int ima_tpm_command(struct ima_tpm *t, struct ima_bytes command, uint8_t *response,
				   size_t *ret_len);

/** ima_tpm_flush() - remove every transient object and loaded session: what a program that went away left behind */
void ima_tpm_flush(struct ima_tpm *t);

/** ima_tpm_last_rc() - return code of the last failure, 0 when none: for the audit cause TPM_error(rc) */
static inline uint32_t ima_tpm_last_rc(const struct ima_tpm *t)
{
	return t->last_rc;
}

/** ima_tpm_rc_text() - the return code in words ("tcti:IO failure"), cut to @size */
void ima_tpm_rc_text(uint32_t rc, char *ret, size_t size);

/**
 * ima_tpm_read_sysfs() - the values that ROOT/pcr-ALG/N shows (Linux 5.12 and later)
 * @root: NULL: /sys/class/tpm/tpm0
 * Return: 0, -ENODEV no bank there, -EBADMSG a file that is no digest, errno
 */
ima_must_check int ima_tpm_read_sysfs(const char *root, struct ima_pcrs *ret);

/* SPDX-License-Identifier: BSD-2-Clause */
/* Evidences checked on several threads, told in the order of their names. */
#pragma once

#include <pthread.h>

#include "imactl/evidence_sources.h"

/** struct evidence_item - one evidence; result and its entries live until it was told */
struct evidence_item {
	char *path;
	struct ima_attestation *result;
	uint8_t nonce[IMA_QUOTE_NONCE_MAX]; /* that was asked with */
	size_t nonce_len;
	void *seen;      /* of the batch's see() */
	int status;      /* an EXIT_ value once it is done, else -1 */
	char error[300]; /* could not be checked at all */
	bool is_found;   /* in a folder, where hosts may put what they like: a pipe must not hold up the others */
};

/** struct evidence_batch - zero but for @src, @show and @user */
struct evidence_batch {
	const struct evidence_sources *src;
	void (*show)(void *user, const struct evidence_item *it); /* one at a time, in order; @it is freed after it */
	/* every record, on the item's own thread, in the list's order; -errno ends the check. May be NULL */
	int (*see)(struct evidence_item *it, const struct ima_attest_entry *e);
	void (*forget)(void *seen); /* frees what see() kept */
	void *user;

	struct ima_verifier *verifier;
	struct evidence_item *items;
	size_t n, next, printed;
	pthread_mutex_t lock;
	int status;
};

/** evidence_batch_add() - files, and every file of folders; @paths ends with NULL. EXIT_GOOD, or said why: nothing is there, too */
int evidence_batch_add(struct evidence_batch *b, char *const *paths);

/** evidence_batch_has() - is the file at @path, by whatever name, one of the evidences? */
bool evidence_batch_has(const struct evidence_batch *b, const char *path);

/** evidence_batch_run() - check and show all; the worst status: EXIT_GOOD, EXIT_BAD, EXIT_UNABLE */
int evidence_batch_run(struct evidence_batch *b);
void evidence_batch_done(struct evidence_batch *b);

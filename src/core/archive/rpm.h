/* SPDX-License-Identifier: BSD-2-Clause */
/* The header of an RPM package: names, digests and signatures of its files, and where the payload begins. */
#pragma once

#include <ima/digest.h>
#include <ima/types.h>

#define IMA_RPM_MAX_HEADER (256U << 20) /* bytes, as rpm itself limits it */

#define IMA_RPM_GHOST (1U << 6) /* of flags: named, and not in the payload */

/** struct ima_rpm_file - one file of the header; @dir and @base borrow from the text; @mode 0: not stated */
struct ima_rpm_file {
	const char *dir, *base;
	struct ima_bytes digest, signature; /* hex text; empty: none */
	uint32_t mode, flags;
	uint64_t size;
};

struct ima_rpm;

/**
 * ima_rpm_parse() - a package up to its payload
 * @head: at least the lead and both headers; may hold more. Borrowed as long as the result lives
 * @ret_need: bytes that @head must have, when it is too short (-EAGAIN)
 * Return: 0, -EAGAIN, -EBADMSG with a sentence in @diag, -ENOMEM
 */
ima_must_check int ima_rpm_parse(struct ima_bytes head, struct ima_rpm **ret, uint64_t *ret_need,
				 struct ima_diag *diag);
struct ima_rpm *ima_rpm_free(struct ima_rpm *r);
uint64_t ima_rpm_payload(const struct ima_rpm *r); /* offset */
size_t ima_rpm_n_files(const struct ima_rpm *r);

/** ima_rpm_name(), ima_rpm_version() - "" when the header has none; @ret: without epoch when there is none */
const char *ima_rpm_name(const struct ima_rpm *r);
ima_must_check int ima_rpm_version(const struct ima_rpm *r, char *ret, size_t size); /* -EBADMSG too long */

/** ima_rpm_file() - @i below ima_rpm_n_files() */
struct ima_rpm_file ima_rpm_file(const struct ima_rpm *r, size_t i);

/** ima_rpm_find() - the file named @path ("/usr/bin/x"), n_files when there is none */
size_t ima_rpm_find(const struct ima_rpm *r, const char *path);

/** ima_rpm_digest_algo() - -ENOPKG one that is not known */
ima_must_check int ima_rpm_digest_algo(const struct ima_rpm *r, enum ima_hash_algo *ret);

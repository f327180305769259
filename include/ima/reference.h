/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reference values: which digests a file may have, and where each came from.
 *
 * A set is built once and never changes afterwards, so that any number of threads may ask it at once without a lock. It lives in memory, about
 * 170 bytes and the path for each value.
 */
#pragma once

#include <ima/digest.h>
#include <ima/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * struct ima_reference_value - one digest that a file may have
 * @path: as a measurement list names it, but for blanks: they become underscores here as they do there; empty: a digest for any path
 * @package, @version, @repository: where it came from, for reports; NULL: not known
 * @expiry: seconds since 1970, the last second that it is good; 0: for ever
 * @size: of the file in bytes, when @has_size
 * @signature: the value for security.ima that came with it, at most 65535 bytes; empty: none
 */
struct ima_reference_value {
	struct ima_bytes path;
	struct ima_digest digest;
	const char *package, *version, *repository;
	int64_t expiry;
	uint64_t size;
	bool has_size;
	struct ima_bytes signature;
};

#define IMA_REFERENCE_PATH_MAX 65535 /* bytes */

/** struct ima_reference_builder - a set that is being made; one thread */
struct ima_reference_builder;

ima_must_check int ima_reference_builder_new(struct ima_reference_builder **ret); /* -ENOMEM */
struct ima_reference_builder *ima_reference_builder_free(struct ima_reference_builder *b);

/**
 * ima_reference_add() - @value is copied
 * The same path and digest may come from several sources: it is good as long as one of them is.
 * Return: 0, -EINVAL digest of a wrong size, -ENAMETOOLONG (path or signature), -E2BIG more than 2^32 - 2 values or sources, -ENOMEM
 */
ima_must_check int ima_reference_add(struct ima_reference_builder *b, const struct ima_reference_value *value);

/**
 * ima_reference_add_sums() - every line of a list as sha1sum(1) to sha512sum(1) write them: HEX, blank, blank or asterisk, path
 * The number of digits names the algorithm. A line that begins with a backslash has \\, \n and \r in its path. Empty lines and lines with # are nothing.
 * Return: 0, -EBADMSG with @diag (line), errors of ima_reference_add()
 */
ima_must_check int ima_reference_add_sums(struct ima_reference_builder *b, struct ima_bytes text,
					  struct ima_diag *diag);

/** struct ima_reference - the finished set; immutable */
struct ima_reference;

/** ima_reference_finish() - @b is left empty, to be freed. -ENOMEM */
ima_must_check int ima_reference_finish(struct ima_reference_builder *b, struct ima_reference **ret);
struct ima_reference *ima_reference_free(struct ima_reference *r);

/** enum ima_reference_answer - zero is never good */
enum ima_reference_answer {
	IMA_REFERENCE_UNKNOWN = 0, /* neither the path nor the digest is known */
	IMA_REFERENCE_MATCH,       /* the path may have this digest, or any path may */
	IMA_REFERENCE_EXPIRED,     /* it might, until its expiry */
	IMA_REFERENCE_CHANGED,     /* the path is known, with other digests of whatever algorithm */
	IMA_REFERENCE_MOVED,       /* the digest is known, of another path */
	IMA_REFERENCE__LAST
};

/** ima_reference_answer_text() - "matches", "expired", ... ; NULL out of range */
const char *ima_reference_answer_text(enum ima_reference_answer a);

/**
 * ima_reference_find() - may @path have @digest?
 * @now: seconds since 1970, for expiries
 * @ret_index: the value that the answer is about, for ima_reference_get(); untouched for UNKNOWN. May be NULL
 */
enum ima_reference_answer ima_reference_find(const struct ima_reference *r, struct ima_bytes path,
					     const struct ima_digest *digest, int64_t now, uint32_t *ret_index);

/** ima_reference_is_match() - only whether ima_reference_find() would say MATCH: sooner told when it would not */
bool ima_reference_is_match(const struct ima_reference *r, struct ima_bytes path, const struct ima_digest *digest,
			    int64_t now, uint32_t *ret_index);

size_t ima_reference_size(const struct ima_reference *r); /* values */

/** ima_reference_get() - value @index, from 0, in the order they were added; views into the set. -ERANGE */
ima_must_check int ima_reference_get(const struct ima_reference *r, uint32_t index,
				     struct ima_reference_value *ret);

/** ima_reference_next_of_path(), ima_reference_next_of_digest() - 1 and the next value of a path, or of a digest; 0 no more. *@at starts at 0 */
ima_must_check int ima_reference_next_of_path(const struct ima_reference *r, struct ima_bytes path, uint64_t *at,
					      uint32_t *ret_index);
ima_must_check int ima_reference_next_of_digest(const struct ima_reference *r, const struct ima_digest *digest,
						uint64_t *at, uint32_t *ret_index);

#ifdef __cplusplus
}
#endif

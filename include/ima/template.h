/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Templates: which fields a record has, how each is filled, printed and hashed.
 *
 * Template data is, for every field in order, u32 length | bytes, integers little-endian (host order on every supported
 * machine). The template literally named "ima" differs on the wire; the functions here hide that.
 */
#pragma once

#include <ima/digest.h>
#include <ima/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define IMA_TEMPLATE_MAX_FIELDS 15
#define IMA_TEMPLATE_FIELD_NAME_MAX 16
#define IMA_TEMPLATE_LEGACY_NAME_LEN 256 /* bytes of the name hashed by template "ima" */

enum ima_field {
	IMA_FIELD_D = 0,
	IMA_FIELD_N,
	IMA_FIELD_D_NG,
	IMA_FIELD_D_NGV2,
	IMA_FIELD_N_NG,
	IMA_FIELD_SIG,
	IMA_FIELD_BUF,
	IMA_FIELD_D_MODSIG,
	IMA_FIELD_MODSIG,
	IMA_FIELD_EVMSIG,
	IMA_FIELD_IUID,
	IMA_FIELD_IGID,
	IMA_FIELD_IMODE,
	IMA_FIELD_XATTRNAMES,
	IMA_FIELD_XATTRLENGTHS,
	IMA_FIELD_XATTRVALUES,
	IMA_FIELD__LAST
};

/** struct ima_template - a descriptor; open and immutable once made */
struct ima_template {
	char name[32];  /* "" for a custom format */
	char *fmt;      /* "d-ng|n-ng"; owned by the object for custom ones */
	size_t n_fields;
	enum ima_field fields[IMA_TEMPLATE_MAX_FIELDS];
};

/** ima_template_builtin() - descriptor by name or by the format string of a named one; NULL when there is none. Static storage. */
const struct ima_template *ima_template_builtin(const char *name_or_fmt, size_t len);

/** ima_template_parse() - custom format "f1|f2|..."; -EINVAL unknown field or more than 15 fields. Freed with ima_template_free() */
ima_must_check int ima_template_parse(const char *fmt, size_t len, struct ima_template **ret);
struct ima_template *ima_template_free(struct ima_template *t);

/** ima_template_display_name() - what lists show: the name, or the format when the name is empty */
const char *ima_template_display_name(const struct ima_template *t);

bool ima_template_has(const struct ima_template *t, enum ima_field field);
bool ima_template_is_legacy(const struct ima_template *t); /* literally "ima" */

/**
 * struct ima_template_in - everything that a field may need; absent things are zero
 * @digest: the collected digest; ignored for a violation
 * @legacy_digest: for field "d" when @digest is neither sha1 nor md5: the same file by sha1 (or md5); len 0: not available
 * @violation: digest fields are zeros of the @default_algo
 * @verity: @digest is an fs-verity digest (d-ngv2 says "verity")
 * @name: path or event name as found: no NUL needed, spaces become underscores here
 * @name_last: last component of @name for field "n" of names over 255 bytes; empty: cut @name
 * @ima_xattr: whole security.ima value; used by "sig" only when its type is 3 or 6
 * @evm_xattr: whole security.evm value; used by "evmsig" (and "sig") only when its type is 5
 * @buf: raw buffer of a buffer measurement
 * @has_inode: @uid, @gid, @mode, xattr fields are present
 * @xattr_names: "a|b" already joined, without NUL; @xattr_lengths: u32 each; @xattr_values: concatenated
 */
struct ima_template_in {
	struct ima_digest digest;
	struct ima_digest legacy_digest;
	enum ima_hash_algo default_algo;
	bool violation;
	bool verity;
	struct ima_bytes name;
	struct ima_bytes name_last;
	struct ima_bytes ima_xattr;
	struct ima_bytes evm_xattr;
	struct ima_bytes buf;
	struct ima_bytes modsig;
	struct ima_digest modsig_digest; /* len 0: none */
	bool has_inode;
	uint32_t uid, gid;
	uint16_t mode;
	struct ima_bytes xattr_names, xattr_lengths, xattr_values;
};

/**
 * ima_template_fill() - make template data
 * @ret: malloc'd bytes, u32 length | bytes a field, also for template "ima"; the caller frees
 * Return: 0, -EINVAL when a field cannot be made (K 4.2), -ENOMEM
 */
ima_must_check int ima_template_fill(const struct ima_template *t, const struct ima_template_in *in,
				     uint8_t **ret, size_t *ret_len);

/** ima_template_split() - views of each field in @data; -EBADMSG when the data is not exactly the template's fields */
ima_must_check int ima_template_split(const struct ima_template *t, struct ima_bytes data,
				      struct ima_bytes ret_fields[IMA_TEMPLATE_MAX_FIELDS]);

/** ima_template_digest() - the template digest of @data (length-prefixed form) in one algorithm; errors as ima_hash_parts(), -EBADMSG */
ima_must_check int ima_template_digest(struct ima_hasher *h, const struct ima_template *t,
				       enum ima_hash_algo algo, struct ima_bytes data,
				       struct ima_digest *ret);

#ifdef __cplusplus
}
#endif

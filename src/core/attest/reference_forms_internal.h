/* SPDX-License-Identifier: BSD-2-Clause */
/* What the forms of reference values share. */
#pragma once

#include <jansson.h>

#include "core/attest/reference_forms.h"

/** struct ima_form_walk - the values of a set that have not expired, each path and digest once when @by_source is false, sorted by path */
struct ima_form_walk {
	const struct ima_reference *r;
	struct ima_form_opts *opts;
	bool by_source; /* all of one source, then those of the next */
	uint32_t *order; /* owned */
	size_t at;
	struct ima_reference_value last;
	uint32_t source; /* of the value at hand */
};

ima_must_check int ima_form_walk_new(struct ima_form_walk *w, const struct ima_reference *r, struct ima_form_opts *opts, bool by_source);
void ima_form_walk_done(struct ima_form_walk *w);

/** ima_form_walk_next() - false: no more */
bool ima_form_walk_next(struct ima_form_walk *w, struct ima_reference_value *ret);

/** ima_form_lose() - @v cannot be carried */
void ima_form_lose(const struct ima_form_opts *opts, const struct ima_reference_value *v, const char *why);

bool ima_form_same_path(struct ima_bytes a, struct ima_bytes b);

/** ima_form_put_json() - append bytes as a JSON string; -EILSEQ not UTF-8 (nothing appended), -ENOMEM */
ima_must_check int ima_form_put_json(struct ima_buffer *out, struct ima_bytes text);

/** ima_form_is_utf8() - and without NUL */
bool ima_form_is_utf8(struct ima_bytes text);

/** ima_form_digest() - lower or upper case hexadecimal digits of a digest by @algo. -EBADMSG */
ima_must_check int ima_form_digest(enum ima_hash_algo algo, const char *hex, size_t len, struct ima_digest *ret);

/** ima_form_algo_by_len() - sha1 to sha512 by the number of hexadecimal digits. -EBADMSG */
ima_must_check int ima_form_algo_by_len(size_t n_digits, enum ima_hash_algo *ret);

/** ima_form_parse() - a JSON document without double keys; -EBADMSG with @diag (line, column) */
ima_must_check int ima_form_parse(struct ima_bytes text, json_t **ret, struct ima_diag *diag);

/** ima_form_date() - "2026-12-31T23:59:59Z" */
const char *ima_form_date(int64_t seconds, char ret[24]);

/** ima_form_name_is_file() - has a slash, or is the boot aggregate; else it is a measured buffer's or key's name */
bool ima_form_name_is_file(struct ima_bytes name);

/* the forms */
ima_must_check int ima_sums_write(const struct ima_reference *r, struct ima_form_opts *opts, struct ima_buffer *out);
ima_must_check int ima_fapolicyd_write(const struct ima_reference *r, struct ima_form_opts *opts, struct ima_buffer *out);
ima_must_check int ima_fapolicyd_read(struct ima_reference_builder *b, struct ima_bytes text, struct ima_diag *diag);
ima_must_check int ima_keylime_policy_write(const struct ima_reference *r, struct ima_form_opts *opts, struct ima_buffer *out);
ima_must_check int ima_keylime_policy_read(struct ima_reference_builder *b, const json_t *root, struct ima_diag *diag);
ima_must_check int ima_dsse_write(const struct ima_reference *r, struct ima_form_opts *opts, struct ima_buffer *out);
/** ima_dsse_open() - the payload of an envelope that one of @keys signed. -EBADMSG, -EKEYREJECTED, -ENOMEM with @diag */
ima_must_check int ima_dsse_open(const json_t *root, const struct ima_keyring *keys, struct ima_buffer *ret, struct ima_diag *diag);
ima_must_check int ima_cyclonedx_write(const struct ima_reference *r, struct ima_form_opts *opts, struct ima_buffer *out);
ima_must_check int ima_cyclonedx_read(struct ima_reference_builder *b, const json_t *root, struct ima_diag *diag);
ima_must_check int ima_spdx_write(const struct ima_reference *r, struct ima_form_opts *opts, struct ima_buffer *out);
ima_must_check int ima_spdx_read(struct ima_reference_builder *b, const json_t *root, struct ima_diag *diag);
ima_must_check int ima_coswid_write(const struct ima_reference *r, struct ima_form_opts *opts, struct ima_buffer *out);
ima_must_check int ima_corim_write(const struct ima_reference *r, struct ima_form_opts *opts, struct ima_buffer *out);
ima_must_check int ima_coswid_read(struct ima_reference_builder *b, struct ima_bytes text, struct ima_diag *diag); /* both */

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reference values in the forms of other tools. What a form cannot carry is handed to a callback with the reason, never dropped in silence. docs/FORMATS.md
 * "Reference values" says what each carries.
 */
#pragma once

#include <ima/reference.h>
#include <ima/sig.h>

#include "base/buffer.h"

enum ima_reference_form {
	IMA_FORM_AUTO = 0, /* reading: decided from the first bytes */
	IMA_FORM_SUMS,
	IMA_FORM_FAPOLICYD,
	IMA_FORM_KEYLIME,
	IMA_FORM_DSSE, /* the Keylime policy in a signed envelope */
	IMA_FORM_CYCLONEDX,
	IMA_FORM_SPDX,
	IMA_FORM_COSWID,
	IMA_FORM_CORIM,
	IMA_FORM__LAST
};

const char *ima_reference_form_name(enum ima_reference_form f);
ima_must_check int ima_reference_form_by_name(const char *name, enum ima_reference_form *ret); /* -ENOENT */

/**
 * struct ima_form_opts - how a set is written
 * @now: seconds since 1970: what has expired is left out and counted; the document's date where there is one
 * @lost: a value that the form cannot carry
 * @sign: of IMA_FORM_DSSE: the bare signature of a sha256 digest; @keyid goes into the envelope
 */
struct ima_form_opts {
	int64_t now;
	void (*lost)(void *user, const struct ima_reference_value *v, const char *why);
	int (*sign)(void *user, const struct ima_digest *d, struct ima_buffer *ret);
	void *user;
	const char *keyid;
	struct ima_hasher *h; /* of IMA_FORM_DSSE and IMA_FORM_SPDX */
	uint64_t n_expired; /* counted */
};

/** ima_reference_write() - append the whole document. -ENOMEM, what @sign said */
ima_must_check int ima_reference_write(const struct ima_reference *r, enum ima_reference_form form, struct ima_form_opts *opts,
				       struct ima_buffer *out);

#define IMA_FORM_MAX (512U << 20) /* bytes of JSON and CBOR that are read */

/**
 * ima_reference_read() - add every value of a document
 * @keys: that an envelope may be signed by; NULL: no envelope is believed
 * Return: 0, -EBADMSG damaged, -EKEYREJECTED an envelope without a good signature, -EFBIG, -ENOMEM; with a sentence in @diag
 */
ima_must_check int ima_reference_read(struct ima_reference_builder *b, struct ima_bytes text, enum ima_reference_form form,
				      const struct ima_keyring *keys, struct ima_diag *diag);

/** ima_reference_load_form() - ima_reference_load() for a file in any form */
ima_must_check int ima_reference_load_form(struct ima_reference_builder *b, const char *path, enum ima_reference_form form,
					   const struct ima_keyring *keys, struct ima_diag *diag);


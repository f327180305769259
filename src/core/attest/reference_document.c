/* SPDX-License-Identifier: BSD-2-Clause */
/* One table of forms: a document is read by the one that it has, or is asked to have, and written by it. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/diag.h"
#include "base/file.h"
#include "core/attest/reference.h"
#include "core/attest/reference_forms_internal.h"

#define SUMS_MAX (UINT64_C(4) << 30)

static const struct form {
	const char *name;
	int (*write)(const struct ima_reference *r, struct ima_form_opts *opts, struct ima_buffer *out);
	int (*read_bytes)(struct ima_reference_builder *b, struct ima_bytes text, struct ima_diag *diag);
	int (*read_json)(struct ima_reference_builder *b, const json_t *root, struct ima_diag *diag);
} forms[IMA_FORM__LAST] = {
	[IMA_FORM_SUMS] = { "sums", ima_sums_write, ima_reference_add_sums },
	[IMA_FORM_FAPOLICYD] = { "fapolicyd", ima_fapolicyd_write, ima_fapolicyd_read },
	[IMA_FORM_KEYLIME] = { "keylime", ima_keylime_policy_write, NULL, ima_keylime_policy_read },
	[IMA_FORM_DSSE] = { "dsse", ima_dsse_write },
	[IMA_FORM_CYCLONEDX] = { "cyclonedx", ima_cyclonedx_write, NULL, ima_cyclonedx_read },
	[IMA_FORM_SPDX] = { "spdx", ima_spdx_write, NULL, ima_spdx_read },
	[IMA_FORM_COSWID] = { "coswid", ima_coswid_write, ima_coswid_read },
	[IMA_FORM_CORIM] = { "corim", ima_corim_write, ima_coswid_read },
};

const char *ima_reference_form_name(enum ima_reference_form f)
{
	return (unsigned int)f < IMA_FORM__LAST ? forms[f].name : NULL;
}

int ima_reference_form_by_name(const char *name, enum ima_reference_form *ret)
{
	for (unsigned int i = 0; i < IMA_FORM__LAST; i++) {
		if (!forms[i].name || strcmp(forms[i].name, name))
			continue;
		*ret = (enum ima_reference_form)i;
		return 0;
	}
	return -ENOENT;
}

/* -EBADMSG: a document of nothing that is known */
static int guess_json(const json_t *root, enum ima_reference_form *ret)
{
	if (json_object_get(root, "payloadType"))
		*ret = IMA_FORM_DSSE;
	else if (json_object_get(root, "bomFormat"))
		*ret = IMA_FORM_CYCLONEDX;
	else if (json_object_get(root, "spdxVersion"))
		*ret = IMA_FORM_SPDX;
	else if (json_object_get(root, "digests") || json_object_get(root, "meta"))
		*ret = IMA_FORM_KEYLIME;
	else
		return -EBADMSG;
	return 0;
}

static enum ima_reference_form guess(struct ima_bytes t)
{
	size_t i = 0;

	if (t.len >= 3 && t.data[0] == 0xd9 && t.data[1] == 0x01 && (t.data[2] == 0xf5 || t.data[2] == 0xf9))
		return IMA_FORM_COSWID;
	while (i < t.len && strchr(" \t\r\n", t.data[i]) && t.data[i])
		i++;
	if (i < t.len && t.data[i] == '{')
		return IMA_FORM_AUTO; /* JSON: what is in it tells */
	return i < t.len && t.data[i] == '/' ? IMA_FORM_FAPOLICYD : IMA_FORM_SUMS;
}

static int read_json(struct ima_reference_builder *b, const json_t *root, enum ima_reference_form form, const struct ima_keyring *keys,
		     struct ima_diag *diag);

static int read_envelope(struct ima_reference_builder *b, const json_t *root, const struct ima_keyring *keys, struct ima_diag *diag)
{
	ima_cleanup(ima_buffer_done) struct ima_buffer payload = { 0 };
	json_t *inner = NULL;
	int r = ima_dsse_open(root, keys, &payload, diag);

	if (r == 0)
		r = ima_form_parse(ima_buffer_bytes(&payload), &inner, diag);
	if (r == 0)
		r = read_json(b, inner, IMA_FORM_KEYLIME, keys, diag);
	json_decref(inner);
	return r;
}

static int read_json(struct ima_reference_builder *b, const json_t *root, enum ima_reference_form form, const struct ima_keyring *keys,
		     struct ima_diag *diag)
{
	if (form == IMA_FORM_AUTO && guess_json(root, &form) < 0)
		return ima_diag_text(diag, -EBADMSG, "JSON, but none of: a Keylime policy, an envelope, CycloneDX, SPDX");
	if (form == IMA_FORM_DSSE)
		return read_envelope(b, root, keys, diag);
	return forms[form].read_json(b, root, diag);
}

int ima_reference_read(struct ima_reference_builder *b, struct ima_bytes text, enum ima_reference_form form,
		       const struct ima_keyring *keys, struct ima_diag *diag)
{
	json_t *root = NULL;
	int r;

	if (form == IMA_FORM_AUTO)
		form = guess(text);
	if (forms[form].read_bytes)
		return forms[form].read_bytes(b, text, diag);
	r = ima_form_parse(text, &root, diag);
	if (r == 0)
		r = read_json(b, root, form, keys, diag);
	json_decref(root);
	return r;
}

int ima_reference_load_form(struct ima_reference_builder *b, const char *path, enum ima_reference_form form, const struct ima_keyring *keys,
			    struct ima_diag *diag)
{
	ima_cleanup(ima_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	ima_cleanup(ima_freep) uint8_t *text = NULL;
	size_t len = 0;
	int r;

	if (fd < 0)
		return ima_diag_text(diag, -errno, "%s", strerror(errno));
	if (form == IMA_FORM_AUTO && ima_reference_fd_is_database(fd))
		return ima_reference_ask(b, path, NULL, diag);
	r = ima_file_read_fd(fd, SUMS_MAX, &text, &len);
	if (r < 0)
		return ima_diag_text(diag, r, "%s", strerror(-r));
	return ima_reference_read(b, (struct ima_bytes){ text, len }, form, keys, diag);
}

int ima_reference_load(struct ima_reference_builder *b, const char *path, struct ima_diag *diag)
{
	return ima_reference_load_form(b, path, IMA_FORM_AUTO, NULL, diag);
}

int ima_reference_write(const struct ima_reference *r, enum ima_reference_form form, struct ima_form_opts *opts, struct ima_buffer *out)
{
	if ((unsigned int)form >= IMA_FORM__LAST || !forms[form].write)
		return -EINVAL;
	return forms[form].write(r, opts, out);
}

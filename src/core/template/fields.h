/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of fields: how each is filled and printed. */
#pragma once

#include <ima/template.h>

struct ima_buffer;

enum ima_show {
	IMA_SHOW_HEX = 0, /* all bytes */
	IMA_SHOW_STRING,  /* up to the NUL */
	IMA_SHOW_DIGEST,  /* prefix with its last colon, then the digest in hex */
	IMA_SHOW_NUMBER,  /* unsigned decimal, by width */
};

struct ima_field_ops {
	/* append the field's bytes, without length; -EINVAL it cannot be made, -ENOMEM */
	int (*put)(const struct ima_template_in *in, struct ima_buffer *out);
	enum ima_show show;
};

extern const struct ima_field_ops ima_field_ops[IMA_FIELD__LAST];

/** ima_field_print() - append the text of one field's bytes; nothing for an empty one. -EBADMSG, -ENOMEM */
ima_must_check int ima_field_print(enum ima_field field, struct ima_bytes value,
				   struct ima_buffer *out);

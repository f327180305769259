/* SPDX-License-Identifier: BSD-2-Clause */
/* What a Debian package, or an index of packages, says in fields: "Name: value", a stanza for each package. */
#pragma once

#include "core/archive/stream.h"

/** ima_deb_word() - a value as a name or version: visible ASCII without blanks, cut of blanks around it. -EBADMSG, also longer than @size - 1 */
ima_must_check int ima_deb_word(struct ima_bytes value, char *ret, size_t size);

/**
 * ima_deb_field() - the next field of a stanza
 * @text: moves past it, and past a folded value's lines
 * Return: 1 @name and @value, the first line of it; 0 the stanza's end, @text behind the empty line; -EBADMSG a line that is none
 */
ima_must_check int ima_deb_field(struct ima_bytes *text, struct ima_bytes *ret_name, struct ima_bytes *ret_value);

/** ima_deb_field_is() - field names are compared without case */
bool ima_deb_field_is(struct ima_bytes name, const char *want);

/** ima_deb_control() - name and version from control.tar, the current member of @outer. -EBADMSG, -EFBIG with @diag */
ima_must_check int ima_deb_control(struct ima_stream *outer, struct ima_package *ret, struct ima_diag *diag);

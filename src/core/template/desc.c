/* SPDX-License-Identifier: BSD-2-Clause */
/* Template descriptors: the named ones, and custom formats. */
#include <ima/template.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

static const char *const field_names[IMA_FIELD__LAST] = {
	[IMA_FIELD_D] = "d",
	[IMA_FIELD_N] = "n",
	[IMA_FIELD_D_NG] = "d-ng",
	[IMA_FIELD_D_NGV2] = "d-ngv2",
	[IMA_FIELD_N_NG] = "n-ng",
	[IMA_FIELD_SIG] = "sig",
	[IMA_FIELD_BUF] = "buf",
	[IMA_FIELD_D_MODSIG] = "d-modsig",
	[IMA_FIELD_MODSIG] = "modsig",
	[IMA_FIELD_EVMSIG] = "evmsig",
	[IMA_FIELD_IUID] = "iuid",
	[IMA_FIELD_IGID] = "igid",
	[IMA_FIELD_IMODE] = "imode",
	[IMA_FIELD_XATTRNAMES] = "xattrnames",
	[IMA_FIELD_XATTRLENGTHS] = "xattrlengths",
	[IMA_FIELD_XATTRVALUES] = "xattrvalues",
};

#define TEMPLATE(n, f, ...)                                                                        \
	{                                                                                          \
		.name = (n), .fmt = (char *)(uintptr_t)(f),                                        \
		.n_fields = sizeof((enum ima_field[]){ __VA_ARGS__ }) / sizeof(enum ima_field),    \
		.fields = { __VA_ARGS__ },                                                         \
	}

static const struct ima_template builtin[] = {
	TEMPLATE("ima", "d|n", IMA_FIELD_D, IMA_FIELD_N),
	TEMPLATE("ima-ng", "d-ng|n-ng", IMA_FIELD_D_NG, IMA_FIELD_N_NG),
	TEMPLATE("ima-sig", "d-ng|n-ng|sig", IMA_FIELD_D_NG, IMA_FIELD_N_NG, IMA_FIELD_SIG),
	TEMPLATE("ima-ngv2", "d-ngv2|n-ng", IMA_FIELD_D_NGV2, IMA_FIELD_N_NG),
	TEMPLATE("ima-sigv2", "d-ngv2|n-ng|sig", IMA_FIELD_D_NGV2, IMA_FIELD_N_NG, IMA_FIELD_SIG),
	TEMPLATE("ima-buf", "d-ng|n-ng|buf", IMA_FIELD_D_NG, IMA_FIELD_N_NG, IMA_FIELD_BUF),
	TEMPLATE("ima-modsig", "d-ng|n-ng|sig|d-modsig|modsig", IMA_FIELD_D_NG, IMA_FIELD_N_NG,
		 IMA_FIELD_SIG, IMA_FIELD_D_MODSIG, IMA_FIELD_MODSIG),
	TEMPLATE("evm-sig",
		 "d-ng|n-ng|evmsig|xattrnames|xattrlengths|xattrvalues|iuid|igid|imode",
		 IMA_FIELD_D_NG, IMA_FIELD_N_NG, IMA_FIELD_EVMSIG, IMA_FIELD_XATTRNAMES,
		 IMA_FIELD_XATTRLENGTHS, IMA_FIELD_XATTRVALUES, IMA_FIELD_IUID, IMA_FIELD_IGID,
		 IMA_FIELD_IMODE),
};

static bool is_text(const char *s, size_t len, const char *want)
{
	return strlen(want) == len && !memcmp(s, want, len);
}

const struct ima_template *ima_template_builtin(const char *name_or_fmt, size_t len)
{
	for (size_t i = 0; i < IMA_N_ELEMENTS(builtin); i++)
		if (is_text(name_or_fmt, len, builtin[i].name) ||
		    is_text(name_or_fmt, len, builtin[i].fmt))
			return &builtin[i];
	return NULL;
}

static int find_field(const char *name, size_t len, enum ima_field *ret)
{
	for (unsigned int f = 0; f < IMA_FIELD__LAST; f++) {
		if (!is_text(name, len, field_names[f]))
			continue;
		*ret = (enum ima_field)f;
		return 0;
	}
	return -EINVAL;
}

static int parse_fields(const char *fmt, struct ima_template *t)
{
	for (;;) {
		const size_t len = strcspn(fmt, "|");

		if (t->n_fields == IMA_TEMPLATE_MAX_FIELDS || len > IMA_TEMPLATE_FIELD_NAME_MAX ||
		    find_field(fmt, len, &t->fields[t->n_fields]) < 0)
			return -EINVAL;
		t->n_fields++;
		if (!fmt[len])
			return 0;
		fmt += len + 1;
	}
}

int ima_template_parse(const char *fmt, size_t len, struct ima_template **ret)
{
	struct ima_template *t;
	int r;

	if (!len || memchr(fmt, 0, len))
		return -EINVAL;
	t = calloc(1, sizeof(*t));
	if (!t)
		return -ENOMEM;
	t->fmt = strndup(fmt, len);
	r = t->fmt ? parse_fields(t->fmt, t) : -ENOMEM;
	if (r < 0) {
		ima_template_free(t);
		return r;
	}
	*ret = t;
	return 0;
}

struct ima_template *ima_template_free(struct ima_template *t)
{
	if (t) {
		free(t->fmt);
		free(t);
	}
	return NULL;
}

const char *ima_template_display_name(const struct ima_template *t)
{
	return t->name[0] ? t->name : t->fmt;
}

bool ima_template_has(const struct ima_template *t, enum ima_field field)
{
	for (size_t i = 0; i < t->n_fields; i++)
		if (t->fields[i] == field)
			return true;
	return false;
}

bool ima_template_is_legacy(const struct ima_template *t)
{
	return !strcmp(t->name, "ima");
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* A name is copied: the verifier's views end with its call. */
#include "imactl/report_entries.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"

const char *const report_class_names[REPORT_CLASS__LAST] = {
	[REPORT_KNOWN] = "known", [REPORT_SIGNED] = "signed", [REPORT_OTHER] = "excluded or allowed",
	[REPORT_WARNED] = "violation or gap", [REPORT_REFUSED] = "refused",
};
const char *const report_class_ids[REPORT_CLASS__LAST] = {
	[REPORT_KNOWN] = "known", [REPORT_SIGNED] = "signed", [REPORT_OTHER] = "other", [REPORT_WARNED] = "warned", [REPORT_REFUSED] = "refused",
};

enum report_class report_class_of(enum ima_entry_verdict v)
{
	switch (v) {
	case IMA_ENTRY_KNOWN:
		return REPORT_KNOWN;
	case IMA_ENTRY_SIGNED:
		return REPORT_SIGNED;
	case IMA_ENTRY_VIOLATION:
	case IMA_ENTRY_GAP:
		return REPORT_WARNED;
	default:
		return ima_entry_is_good(v) ? REPORT_OTHER : REPORT_REFUSED;
	}
}

static int reserve(struct report_entries *e)
{
	struct report_entry *more;

	if (e->n & (e->n - 1))
		return 0;
	more = reallocarray(e->items, e->n ? 2 * e->n : 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	e->items = more;
	return 0;
}

/* type 3, version, algorithm, key id big-endian: the verifier parses it, here only a hint for what it had no need to look at */
static uint32_t keyid_of(const struct ima_attest_entry *entry)
{
	const struct ima_bytes l = entry->label;

	if (entry->keyid || l.len < 7)
		return entry->keyid;
	return (uint32_t)l.data[3] << 24 | (uint32_t)l.data[4] << 16 | (uint32_t)l.data[5] << 8 | l.data[6];
}

int report_entries_add(struct report_entries **e, const struct ima_attest_entry *entry)
{
	struct report_entry new = {
		.number = entry->number, .pcr = entry->pcr, .verdict = entry->verdict, .digest = entry->digest, .has_label = entry->label.len > 0,
		.signature = entry->signature, .keyid = keyid_of(entry), .has_reference = entry->has_reference, .reference = entry->reference,
	};
	uint8_t *name;

	if (!*e)
		*e = calloc(1, sizeof(**e));
	if (!*e || reserve(*e) < 0)
		return -ENOMEM;
	name = malloc(entry->name.len + 1);
	if (!name)
		return -ENOMEM;
	if (entry->name.len)
		memcpy(name, entry->name.data, entry->name.len);
	new.name = (struct ima_bytes){ name, entry->name.len };
	snprintf(new.templ, sizeof(new.templ), "%s", ima_template_display_name(entry->templ));
	(*e)->items[(*e)->n++] = new;
	return 0;
}

struct report_entries *report_entries_free(struct report_entries *e)
{
	for (size_t i = 0; e && i < e->n; i++)
		free((void *)(uintptr_t)e->items[i].name.data);
	if (e)
		free(e->items);
	free(e);
	return NULL;
}

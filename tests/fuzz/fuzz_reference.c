/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as reference values in any form, and as an index of packages; what was read can be written again and read to as many values. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "core/archive/deb.h"
#include "core/attest/reference_forms.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct ima_reference *read_set(struct ima_bytes in, enum ima_reference_form form, const struct ima_keyring *keys)
{
	struct ima_reference_builder *b = NULL;
	struct ima_reference *set = NULL;
	struct ima_diag diag = { 0 };
	int r = ima_reference_builder_new(&b);

	if (r == 0)
		r = ima_reference_read(b, in, form, keys, &diag);
	if (r < 0 && r != -ENOMEM && !diag.text[0])
		abort(); /* a refusal says why */
	if (r == 0)
		r = ima_reference_finish(b, &set);
	ima_reference_builder_free(b);
	return r == 0 ? set : NULL;
}

static void again(const struct ima_reference *set, enum ima_reference_form form)
{
	struct ima_form_opts opts = { .now = 1 };
	struct ima_buffer first = { 0 }, second = { 0 };
	struct ima_reference *back = NULL;

	if (ima_reference_write(set, form, &opts, &first) == 0 && first.len) {
		back = read_set(ima_buffer_bytes(&first), form, NULL);
		if (!back)
			abort(); /* what we write we read */
		if (ima_reference_write(back, form, &opts, &second) < 0)
			abort();
	}
	ima_reference_free(back);
	ima_buffer_done(&first);
	ima_buffer_done(&second);
}

static void take_index(struct ima_bytes text)
{
	struct ima_bytes name, value;
	char word[16];

	for (size_t before = text.len + 1; text.len < before && ima_deb_field(&text, &name, &value) >= 0;) {
		before = text.len + 1;
		if (!text.len)
			break;
		ima_ignore(ima_deb_word(value, word, sizeof(word)));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum ima_reference_form forms[] = { IMA_FORM_SUMS, IMA_FORM_FAPOLICYD, IMA_FORM_KEYLIME, IMA_FORM_CYCLONEDX, IMA_FORM_COSWID, IMA_FORM_CORIM };
	const struct ima_bytes in = { data, size };
	struct ima_reference *set = read_set(in, IMA_FORM_AUTO, NULL);
	struct ima_keyring *none = NULL;

	for (size_t i = 0; set && i < IMA_N_ELEMENTS(forms); i++)
		again(set, forms[i]);
	ima_reference_free(set);
	if (ima_keyring_new(&none) == 0 && (set = read_set(in, IMA_FORM_DSSE, none)))
		abort(); /* nobody signed it */
	ima_keyring_free(none);
	take_index(in);
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as an event log in both forms; what was read is a list, which can be written as a log and read to the same list. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/attest/cel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int write_log(struct ima_bytes list, enum ima_hash_algo algo, enum ima_cel_form form, struct ima_buffer *out)
{
	const struct ima_list_reader_opts opts = { .format = IMA_LIST_BINARY, .digest_algo = algo, .has_digest_algo = true };
	struct ima_cel_writer w = { .form = form };
	struct ima_list_reader *in = NULL;
	const struct ima_template *t;
	struct ima_record rec;
	struct ima_diag diag = { 0 };
	int r = ima_list_reader_new_bytes(list, &opts, &in);

	while (r == 0 && (r = ima_list_reader_next(in, &rec, &t, &diag)) == 1) {
		struct ima_digest d = { .algo = algo, .len = rec.digest.len };

		memcpy(d.data, rec.digest.data, d.len);
		r = ima_cel_write(&w, &rec, t, &d, 1, out, &diag);
	}
	ima_list_reader_free(in);
	ima_cel_writer_done(&w);
	return r;
}

static void again(const struct ima_buffer *list, enum ima_hash_algo algo, enum ima_cel_form form)
{
	struct ima_buffer log = { 0 }, back = { 0 };
	enum ima_hash_algo back_algo = algo;
	int r;

	/* an algorithm that TPMs have no number for goes into JSON alone */
	if (form == IMA_CEL_CBOR && !ima_hash_tpm_alg(algo))
		return;
	r = write_log(ima_buffer_bytes(list), algo, form, &log);
	if (r < 0)
		abort(); /* what was read is a list, and can be said */
	r = ima_cel_read(ima_buffer_bytes(&log), form, &back, &back_algo, NULL);
	if (r < 0 || back_algo != algo || back.len != list->len || (back.len && memcmp(back.data, list->data, back.len)))
		abort();
	ima_buffer_done(&log);
	ima_buffer_done(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (unsigned int form = 0; form < IMA_CEL__LAST; form++) {
		struct ima_buffer list = { 0 };
		struct ima_diag diag = { 0 };
		enum ima_hash_algo algo;
		int r = ima_cel_read((struct ima_bytes){ data, size }, (enum ima_cel_form)form, &list, &algo, &diag);

		if (r == -EBADMSG && !diag.has_offset)
			abort(); /* a refusal says where */
		for (unsigned int to = 0; r == 0 && to < IMA_CEL__LAST; to++)
			again(&list, algo, (enum ima_cel_form)to);
		ima_buffer_done(&list);
	}
	return 0;
}

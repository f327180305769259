/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as a list, of the form that FUZZ_FORMAT says or of any: read, printed, written and replayed. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <ima/replay.h>

#include "base/buffer.h"

#ifndef FUZZ_FORMAT
#define FUZZ_FORMAT IMA_LIST_AUTO
#endif

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_list(int fd, struct ima_hasher *h)
{
	const struct ima_list_reader_opts opts = { .format = FUZZ_FORMAT };
	struct ima_list_reader *in = NULL;
	struct ima_replay *replay = NULL;
	struct ima_diag diag = { 0 };
	struct ima_buffer out = { 0 };
	const struct ima_template *t;
	struct ima_record rec;
	int r;

	if (ima_list_reader_new(fd, &opts, &in) < 0 || ima_replay_new(h, NULL, &replay) < 0)
		abort();

	while ((r = ima_list_reader_next(in, &rec, &t, &diag)) == 1) {
		out.len = 0;
		ima_ignore(ima_record_print(&out, &rec, t));
		if (ima_record_write(&out, &rec) < 0 &&
		    ima_list_reader_format(in) == IMA_LIST_BINARY)
			abort(); /* a binary record that was read can be written */
		ima_ignore(ima_replay_add(replay, &rec, t, ima_list_reader_digest_algo(in),
					  ima_list_reader_position(in)));
	}
	if (r == -EBADMSG && !diag.text[0])
		abort(); /* a refusal says why */
	ima_buffer_done(&out);
	ima_replay_free(replay);
	ima_list_reader_free(in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct ima_hasher *h;
	int fd = memfd_create("list", MFD_CLOEXEC);

	if (!h && ima_hasher_new(&h) < 0)
		abort();
	if (fd < 0 || write(fd, data, size) != (ssize_t)size || lseek(fd, 0, SEEK_SET) < 0)
		abort();
	read_list(fd, h);
	close(fd);
	return 0;
}

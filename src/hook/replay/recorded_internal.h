/* SPDX-License-Identifier: BSD-2-Clause */
/* One recorded event, as reading its line and being its file both need it. */
#pragma once

#include <jansson.h>

#include "hook/replay/recorded.h"

#define IMA_RECORDED_DIGESTS 4

struct ima_recorded_bytes {
	uint8_t *data;
	size_t len;
};

struct ima_recorded {
	enum ima_recorded_kind kind;
	json_t *json; /* strings of the event point into it */
	struct ima_file_event file;
	struct ima_buffer_event buffer;
	struct ima_digest digests[IMA_RECORDED_DIGESTS];
	size_t n_digests;
	struct ima_recorded_bytes path, data, content;
	bool has_content;
	int error; /* what reading the file gives */
	bool writers, readers;
};

/** ima_recorded_hex() - malloc'd bytes of a text. -EINVAL not hexadecimal, -ENOMEM */
ima_must_check int ima_recorded_hex(const char *text, struct ima_recorded_bytes *ret);

/* what the monitor asks about the file, with the event as @user */
extern const struct ima_file_ops ima_recorded_ops;

/* SPDX-License-Identifier: BSD-2-Clause */
/* The files of an image layout, in a folder or in a tar that is read again for each of them. */
#pragma once

#include "core/archive/stream.h"

/** struct ima_layout - @fd: borrowed, a folder or a tar */
struct ima_layout {
	int fd;
	bool is_folder;
};

/** ima_layout_may_be() - does a tar that begins with this member look like an image? */
bool ima_layout_may_be(const char *first_name);

/** ima_layout_fetch() - an ima_image_fetch; @user: struct ima_layout */
ima_must_check int ima_layout_fetch(void *user, const char *name, size_t max, struct ima_buffer *ret, struct ima_diag *diag);

/** struct ima_layer - an open layer; what belongs to what: @stream reads @outer, which reads @fd */
struct ima_layer {
	struct ima_stream *stream, *outer;
	int fd;
};

/** ima_layout_open_layer() - -EBADMSG also when it is missing */
ima_must_check int ima_layout_open_layer(const struct ima_layout *l, const char *name, struct ima_layer *ret,
					 struct ima_diag *diag);
void ima_layer_done(struct ima_layer *l);

/* SPDX-License-Identifier: BSD-2-Clause */
/* Which blobs of an OCI layout or a docker-archive are the layers of an image, and what of them is seen in the end. */
#pragma once

#include "core/archive/archive.h"

#define IMA_IMAGE_MAX_JSON (4U << 20) /* bytes of an index, a manifest */

/** ima_image_fetch - a file of the layout by its name; -ENOENT there is none */
typedef int (*ima_image_fetch)(void *user, const char *name, size_t max, struct ima_buffer *ret, struct ima_diag *diag);

/** struct ima_image_layers - names in the layout, the lowest layer first */
struct ima_image_layers {
	char *names[IMA_ARCHIVE_MAX_LAYERS]; /* owned */
	size_t n;
};

/**
 * ima_image_layers() - from index.json (OCI) or manifest.json (docker-archive)
 * @image: as in struct ima_archive_opts
 * Return: 0, -ENOENT neither is there, -EBADMSG, -EFBIG, -ENOMEM; with a sentence in @diag but for -ENOENT
 */
ima_must_check int ima_image_layers(ima_image_fetch fetch, void *user, const char *image, struct ima_image_layers *ret,
				    struct ima_diag *diag);
void ima_image_layers_done(struct ima_image_layers *l);

/** struct ima_upper - names that layers above have taken or taken away */
struct ima_upper;

ima_must_check int ima_upper_new(struct ima_upper **ret); /* -ENOMEM, -ELIBACC */
struct ima_upper *ima_upper_free(struct ima_upper *u);

/**
 * ima_upper_see() - one member of the layer at hand; layers come from the highest down
 * @path: of struct ima_member
 * Return: 1 it is seen in the image, 0 it is hidden, or only says what to hide; -ENOMEM
 */
ima_must_check int ima_upper_see(struct ima_upper *u, const char *path, bool is_directory);

/** ima_upper_layer_done() - what the layer had hides what the next ones have. -ENOMEM */
ima_must_check int ima_upper_layer_done(struct ima_upper *u);

/* SPDX-License-Identifier: BSD-2-Clause */
/* The certificates of one file: in PEM as many as there are, each for itself. */
#pragma once

#include <ima/types.h>

#include "imactl/command.h"

/** struct imactl_certs - begins with @rest: the file's bytes, borrowed */
struct imactl_certs {
	struct ima_bytes rest;
	bool any;
};

/** imactl_certs_next() - true: @ret is one, or, of a file that has none in PEM, the whole of it, once */
bool imactl_certs_next(struct imactl_certs *c, struct ima_bytes *ret);

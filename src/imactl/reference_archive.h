/* SPDX-License-Identifier: BSD-2-Clause */
/* What reference_source.c and reference_archive.c share. */
#pragma once

#include "imactl/reference_source.h"

/** imactl_reference_put() - a value with the maker's provenance and expiry; by any thread. Errors of ima_reference_add() */
ima_must_check int imactl_reference_put(struct imactl_reference_maker *m, struct ima_reference_value *v);

/** imactl_reference_leave_out() - one file of a source: named, counted; by any thread */
void imactl_reference_leave_out(struct imactl_reference_maker *m, const char *where, const char *path, const char *why);

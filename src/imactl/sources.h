/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a command finds what it works on: the daemon, the live list, PCR values. */
#pragma once

#include <ima/mlist.h>
#include <ima/pcr.h>

#include "imactl/command.h"

/** imactl_ask() - one request without arguments to the daemon; @ret freed with json_decref(). -errno, no message */
ima_must_check int imactl_ask(const char *control, const char *op, json_t **ret,
			      struct ima_diag *diag);

/** imactl_open_list() - @file, or the live list: $IMAD_JOURNAL, the daemon's journal, the kernel's or the view's binary file
 * @ret_name: malloc'd, for messages. Returns a descriptor, or -errno with @diag
 */
ima_must_check int imactl_open_list(const char *file, const char *control, char **ret_name,
				    struct ima_diag *diag);

/** imactl_list_format() - "text", "binary", "kexec", "journal"; else says so and returns EXIT_USAGE */
int imactl_list_format(const char *name, enum ima_list_format *ret);

/** struct imactl_pcr_opts - what the command line says about PCR values */
struct imactl_pcr_opts {
	const char *pcrs_file;
	const char *tpm;
	const char *control;
	bool hardware; /* only the machine's own TPM: no daemon is asked */
};

/** imactl_pcrs() - values from a file, a TPM, the daemon, sysfs or the device, in this order
 * @ret_source: malloc'd words for messages. -errno with @diag when no source answers
 */
ima_must_check int imactl_pcrs(const struct imactl_pcr_opts *o, uint32_t mask, struct ima_pcrs *ret,
			       char **ret_source, struct ima_diag *diag);

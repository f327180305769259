/* SPDX-License-Identifier: BSD-2-Clause */
/* Which TPM: a daemon that runs owns the one that its list is anchored in, so it is asked first. */
#include "imactl/tpm_source.h"

#include <errno.h>
#include <string.h>

#include "base/diag.h"

int imactl_tpm_open(const char *spec, const char *control, struct ima_tpm **ret, struct ima_diag *diag)
{
	struct ima_tpm_opts opts = { .spec = spec };
	int r;

	if (spec && (!strcmp(spec, "embedded") || !strcmp(spec, "auto") || !strcmp(spec, "none")))
		return ima_diag_text(diag, -EINVAL, "an embedded TPM lives in the daemon: leave --tpm out to ask the daemon, or name a TCTI");
	if (spec)
		return ima_tpm_open(&opts, ret, diag);
	r = imactl_tpm_control(control, ret, diag);
	if (r != -ENOENT && r != -ECONNREFUSED)
		return r;
	opts.spec = "device:/dev/tpmrm0";
	if (access("/dev/tpmrm0", F_OK) < 0)
		return ima_diag_text(diag, -ENODEV, "no daemon runs and there is no /dev/tpmrm0: start imad, or give --tpm");
	return ima_tpm_open(&opts, ret, diag);
}

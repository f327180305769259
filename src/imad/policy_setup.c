/* SPDX-License-Identifier: BSD-2-Clause */
/* The policy at start: builtin sets, then a rule file: the settings' one when it is checked, the rules in force for a later worker. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/file.h"
#include "imad/worker.h"

static int load_file(struct ima_policy *p, const char *path, struct ima_diag *diag)
{
	ima_cleanup(ima_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	ima_cleanup(ima_freep) uint8_t *text = NULL;
	size_t len = 0;
	int r = fd < 0 ? -errno : ima_file_read_fd(fd, IMAD_POLICY_MAX, &text, &len);

	if (r < 0)
		return ima_diag_text(diag, r, "%s", strerror(-r));
	return ima_policy_load(p, (struct ima_bytes){ text, len }, diag);
}

static int add_builtin(struct ima_policy *p, const char *names)
{
	struct ima_diag diag;
	int r = names ? ima_policy_builtin(p, names, &diag) : 0;

	return r == -ENOENT ? 0 : r; /* an unknown word was reported when the settings were read */
}

int imad_policy_setup(const struct imad_config *c, const char *file, bool required,
		      struct ima_policy **ret, bool *ret_custom, struct ima_diag *diag)
{
	const struct ima_policy_opts opts = { .profile = c->profile,
					       .lsm_available = c->lsm != IMA_LSM_NONE,
					       .lsm_slots = ima_lsm_slots(c->lsm) };
	struct ima_policy *p = NULL;
	int r = ima_policy_new(&opts, &p);

	*ret_custom = false;
	if (r == 0)
		r = add_builtin(p, c->policy_names);
	if (r == 0 && file) {
		r = load_file(p, file, diag);
		*ret_custom = r == 0;
		if (r == -ENOENT && !required)
			r = 0;
	}
	if (r < 0) {
		ima_policy_free(p);
		return r;
	}
	*ret = p;
	return 0;
}

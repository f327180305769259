/* SPDX-License-Identifier: BSD-2-Clause */
/* The policy at start: builtin sets, then the rule file (first worker) or the rules that were in force (later workers). */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "imad/worker.h"

#define POLICY_FILE_MAX (16U << 20)

static int read_file(const char *path, uint8_t **ret, size_t *ret_len)
{
	ima_cleanup(ima_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	ima_cleanup(ima_freep) uint8_t *data = NULL;
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	if (st.st_size > (off_t)POLICY_FILE_MAX)
		return -EFBIG;
	data = malloc((size_t)st.st_size + 1);
	if (!data)
		return -ENOMEM;
	n = pread(fd, data, (size_t)st.st_size, 0);
	if (n < 0)
		return -errno;
	*ret_len = (size_t)n;
	*ret = ima_take(data);
	return 0;
}

static int load_file(struct ima_policy *p, const char *path, struct ima_diag *diag)
{
	ima_cleanup(ima_freep) uint8_t *text = NULL;
	size_t len = 0;
	int r = read_file(path, &text, &len);

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

int imad_policy_setup(const struct imad_config *c, const char *copy, bool first,
		      struct ima_policy **ret, bool *ret_custom, char **ret_file,
		      struct ima_diag *diag)
{
	const struct ima_policy_opts opts = { .profile = c->profile };
	const char *file = first ? c->policy_file : copy;
	struct ima_policy *p = NULL;
	int r = ima_policy_new(&opts, &p);

	if (r == 0)
		r = add_builtin(p, c->policy_names);
	*ret_custom = false;
	if (r == 0 && file) {
		r = load_file(p, file, diag);
		*ret_custom = r == 0;
		if (r == -ENOENT && !(first && c->policy_file_given))
			r = 0;
		else if (r < 0 && ret_file)
			*ret_file = strdup(file);
	}
	if (r < 0) {
		ima_policy_free(p);
		return r;
	}
	*ret = p;
	return 0;
}

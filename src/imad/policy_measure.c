/* SPDX-License-Identifier: BSD-2-Clause */
/* The POLICY_CHECK hook of imad's own policy loading. */
#include "imad/policy_measure.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "base/cleanup.h"

#define POLICY_FILE_MAX (16U << 20)

static int digest_of(void *user, struct ima_hasher *h, enum ima_hash_algo algo,
		     struct ima_digest *ret)
{
	return ima_hash_bytes(h, algo, *(const struct ima_bytes *)user, ret);
}

static void measure(struct imad_worker *w, const char *path, const struct stat *st,
		    uint64_t magic, struct ima_bytes data)
{
	static const struct ima_file_ops ops = { .digest = digest_of };
	const char *slash = strrchr(path, '/');
	struct ima_file_event ev = {
		.facts = { .has_inode = true, .fowner = st->st_uid, .fgroup = st->st_gid,
			   .fsmagic = magic, .fsname = "" },
		.checks = { { IMA_FUNC_POLICY_CHECK, IMA_MAY_READ } },
		.n_checks = 1,
		.path = { (const uint8_t *)path, strlen(path) },
		.last = { (const uint8_t *)slash + 1, strlen(slash + 1) },
		.ino = st->st_ino,
		.mode = (uint16_t)st->st_mode,
		.subject = { .pid = getpid(), .auid = UINT32_MAX, .ses = UINT32_MAX, .comm = "imad" },
		.ops = &ops,
		.user = &data,
	};
	struct ima_outcome out;

	ima_monitor_file(w->monitor, w->hasher, &ev, &out);
}

int imad_policy_read(struct imad_worker *w, const char *path, uint8_t **ret, size_t *ret_len)
{
	ima_cleanup(ima_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	ima_cleanup(ima_freep) uint8_t *data = NULL;
	struct statfs sf = { 0 };
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
	ima_ignore(fstatfs(fd, &sf));
	measure(w, path, &st, (uint64_t)sf.f_type, (struct ima_bytes){ data, (size_t)n });
	*ret_len = (size_t)n;
	*ret = ima_take(data);
	return 0;
}

static int ask(struct ima_policy *p, void *arg)
{
	const struct ima_policy_event ev = { .func = IMA_FUNC_POLICY_CHECK, .mask = IMA_MAY_READ,
					     .has_inode = true, .fsname = "" };
	struct ima_policy_result res;

	ima_policy_match(p, &ev, IMA_ACTION_APPRAISE | IMA_ACTION_DONT_APPRAISE, &res);
	return (res.action & IMA_ACTION_APPRAISE) != 0;
}

bool imad_policy_needs_signature(struct imad_worker *w)
{
	return ima_monitor_policy_call(w->monitor, ask, NULL) == 1;
}

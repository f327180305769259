/* SPDX-License-Identifier: BSD-2-Clause */
/* Credentials of the socket, the rest from procfs. */
#include "imad/who.h"

#include <fcntl.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "hook/subject.h"

void imad_who_read(const struct imad_worker *w, int tid, struct imad_who *ret)
{
	ima_cleanup(ima_closep) int proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct ima_subject s = { 0 };
	size_t n;

	*ret = (struct imad_who){ .subject = { .pid = tid, .auid = UINT32_MAX, .ses = UINT32_MAX } };
	if (proc_fd < 0 || !tid || ima_subject_read(proc_fd, tid, &s) < 0)
		return;
	ret->subject = s.audit;
	if (w->setup->config->lsm == IMA_LSM_NONE)
		return;
	n = ima_subject_label(proc_fd, tid, ret->label_text, sizeof(ret->label_text));
	ret->subject.label = ima_lsm_trim((struct ima_bytes){ (const uint8_t *)ret->label_text, n });
}

int imad_who_peer(int fd)
{
	struct ucred c;
	socklen_t n = sizeof(c);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &c, &n) < 0 ? 0 : c.pid;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Records to the kernel's audit system. The kernel keeps types 1800 to 1899 for itself; user space has 1100 to 1199 and 2100 to 2999. Taken is
 * TRUSTED_APP, which is for programs with words of their own: no tool makes a login, an anomaly or a changed account of it. The type that the
 * kernel's IMA would have used is the first word, ima_type=.
 */
#include <errno.h>
#include <libaudit.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>

#include "base/buffer.h"
#include "imad/audit_target.h"

#define MESSAGE_MAX 8000 /* bytes; libaudit cuts what does not fit with its own words behind */
#define ANSWER_MS 500

static int open_kernel(const char *path, void **ret_self)
{
	int fd;

	set_aumessage_mode(MSG_QUIET, DBG_NO);
	fd = audit_open();
	if (fd < 0)
		return errno ? -errno : -EIO;
	*ret_self = (void *)(intptr_t)(fd + 1);
	return 0;
}

static int fd_of(void *self)
{
	return (int)(intptr_t)self - 1;
}

static void close_kernel(void *self)
{
	audit_close(fd_of(self));
}

/* the whole text stands in '...' there */
static int make_message(enum ima_audit_type type, const char *text, struct ima_buffer *out)
{
	int r = ima_buffer_printf(out, "ima_type=%s ", ima_audit_type_name(type));

	if (r == 0)
		r = ima_audit_unapostrophe(out, text);
	return r == 0 && out->len > MESSAGE_MAX ? -EMSGSIZE : r;
}

static int write_kernel(void *self, enum ima_audit_type type, const char *text)
{
	const bool good = !strstr(text, " res=0");
	struct ima_buffer message = { 0 };
	int r = make_message(type, text, &message);

	if (r == 0)
		r = audit_log_user_message(fd_of(self), AUDIT_TRUSTED_APP, (const char *)message.data, NULL, NULL,
					   NULL, good);
	ima_buffer_done(&message);
	return r > 0 ? 0 : r == 0 ? -EIO : r;
}

/* the answer to a status request; others that come first are of no interest */
static bool read_status(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct audit_reply rep;

	while (poll(&p, 1, ANSWER_MS) == 1 && audit_get_reply(fd, &rep, GET_REPLY_NONBLOCKING, 0) > 0) {
		if (rep.type == AUDIT_GET)
			return rep.status->enabled && rep.status->pid;
		if (rep.type == NLMSG_ERROR && rep.error->error)
			return false;
	}
	return false;
}

bool imad_audit_is_heard(void)
{
	bool heard = false;
	int fd;

	set_aumessage_mode(MSG_QUIET, DBG_NO);
	fd = audit_open();
	if (fd < 0)
		return false;
	if (audit_request_status(fd) > 0)
		heard = read_status(fd);
	audit_close(fd);
	return heard;
}

const struct imad_audit_target imad_audit_kernel = {
	.name = "kernel", .open = open_kernel, .write = write_kernel, .close = close_kernel
};

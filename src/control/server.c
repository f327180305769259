/* SPDX-License-Identifier: BSD-2-Clause */
/* The answering side of the control socket. Nothing here blocks; a peer that does not read is dropped at a limit. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buffer.h"
#include "control/control.h"

#define REPLY_QUEUE_MAX (256U << 20)
#define BACKLOG 64

struct ima_control_peer {
	int fd;
	struct ima_buffer in, out;
	size_t sent; /* bytes of @out already written */
};

/* a socket file that nobody answers on is left from a daemon that was killed */
static int remove_dead(const struct sockaddr_un *sa)
{
	ima_cleanup(ima_closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)sa, sizeof(*sa)) == 0)
		return -EADDRINUSE;
	if (errno == ENOENT)
		return 0;
	if (errno != ECONNREFUSED)
		return -errno;
	return unlink(sa->sun_path) < 0 ? -errno : 0;
}

int ima_control_listen(const char *path, int *ret_fd)
{
	ima_cleanup(ima_closep) int fd = -EBADF;
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	mode_t old;
	int r;

	if (strlen(path) >= sizeof(sa.sun_path))
		return -ENAMETOOLONG;
	strcpy(sa.sun_path, path);
	r = remove_dead(&sa);
	if (r < 0)
		return r;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	old = umask(0177);
	r = bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0 ? -errno : 0;
	umask(old);
	if (r < 0)
		return r;
	if (listen(fd, BACKLOG) < 0)
		return -errno;
	*ret_fd = ima_take_fd(fd);
	return 0;
}

int ima_control_peer_new(int fd, struct ima_control_peer **ret)
{
	struct ima_control_peer *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->fd = fd;
	p->in.limit = IMA_CONTROL_MAX + 65536;
	p->out.limit = REPLY_QUEUE_MAX;
	*ret = p;
	return 0;
}

struct ima_control_peer *ima_control_peer_free(struct ima_control_peer *p)
{
	if (p) {
		ima_close(p->fd);
		ima_buffer_done(&p->in);
		ima_buffer_done(&p->out);
		free(p);
	}
	return NULL;
}

int ima_control_peer_fd(const struct ima_control_peer *p)
{
	return p->fd;
}

bool ima_control_peer_wants_write(const struct ima_control_peer *p)
{
	return p->sent < p->out.len;
}

/* 1 took a line, 0 none whole yet */
static int take_line(struct ima_control_peer *p, json_t **ret)
{
	uint8_t *nl = p->in.len ? memchr(p->in.data, '\n', p->in.len) : NULL;
	size_t len;

	if (!nl)
		return p->in.len > IMA_CONTROL_MAX ? -EMSGSIZE : 0;
	len = (size_t)(nl - p->in.data);
	if (len > IMA_CONTROL_MAX)
		return -EMSGSIZE;
	*ret = json_loadb((const char *)p->in.data, len, JSON_ALLOW_NUL, NULL);
	memmove(p->in.data, nl + 1, p->in.len - len - 1);
	p->in.len -= len + 1;
	if (json_is_object(*ret))
		return 1;
	json_decref(*ret);
	*ret = NULL;
	return -EPROTO;
}

int ima_control_peer_read(struct ima_control_peer *p, json_t **ret)
{
	int r = take_line(p, ret);
	ssize_t n;

	while (r == 0) {
		r = ima_buffer_reserve(&p->in, 65536);
		if (r < 0)
			return r == -EFBIG ? -EMSGSIZE : r;
		n = recv(p->fd, p->in.data + p->in.len, 65536, MSG_DONTWAIT);
		if (n == 0)
			return -EPIPE;
		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -errno;
		p->in.len += (size_t)n;
		r = take_line(p, ret);
	}
	return r;
}

int ima_control_peer_flush(struct ima_control_peer *p)
{
	while (p->sent < p->out.len) {
		ssize_t n = send(p->fd, p->out.data + p->sent, p->out.len - p->sent,
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -errno;
		p->sent += (size_t)n;
	}
	p->out.len = 0;
	p->sent = 0;
	return 0;
}

int ima_control_peer_reply(struct ima_control_peer *p, json_t *reply)
{
	ima_cleanup(ima_freep) char *text = json_dumps(reply, JSON_COMPACT);
	int r;

	if (!text)
		return -ENOMEM;
	r = ima_buffer_append_str(&p->out, text);
	if (r == 0)
		r = ima_buffer_append_u8(&p->out, '\n');
	return r < 0 ? r : ima_control_peer_flush(p);
}

static json_t *diag_json(const struct ima_diag *d)
{
	json_t *o = json_pack("{s:i, s:i}", "line", (int)d->line, "column", (int)d->column);

	/* tokens are cut at a byte: keep the reply valid JSON whatever they hold */
	if (o && json_object_set_new(o, "token", json_string(d->token)))
		json_object_set_new(o, "token", json_string("?"));
	if (o)
		json_object_set_new(o, "text", json_string(d->text));
	return o;
}

json_t *ima_control_error(int error, const struct ima_diag *diag, const char *fmt, ...)
{
	char text[256];
	json_t *o;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	o = json_pack("{s:b, s:i}", "ok", 0, "errno", -error);
	if (!o)
		return NULL;
	if (json_object_set_new(o, "error", json_string(text)))
		json_object_set_new(o, "error", json_string(strerror(-error)));
	if (diag && diag->text[0])
		json_object_set_new(o, "diag", diag_json(diag));
	return o;
}

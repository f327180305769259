/* SPDX-License-Identifier: BSD-2-Clause */
/* The asking side of the control socket: one request, one reply, one deadline for both. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/diag.h"
#include "control/control.h"

#define REPLY_MAX (256U << 20) /* a read-back policy may be long */

struct ima_control {
	int fd;
	struct ima_buffer in;
};

static int fill_address(const char *path, struct sockaddr_un *ret)
{
	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(ret->sun_path))
		return -ENAMETOOLONG;
	strcpy(ret->sun_path, path);
	return 0;
}

int ima_control_open(const char *path, struct ima_control **ret)
{
	ima_cleanup(ima_closep) int fd = -EBADF;
	struct ima_control *c;
	struct sockaddr_un sa;
	int r;

	if (!path)
		path = getenv("IMAD_CONTROL");
	r = fill_address(path ? path : IMA_CONTROL_SOCKET, &sa);
	if (r < 0)
		return r;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0)
		return -errno;
	c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->fd = ima_take_fd(fd);
	c->in.limit = REPLY_MAX;
	*ret = c;
	return 0;
}

struct ima_control *ima_control_free(struct ima_control *c)
{
	if (c) {
		ima_close(c->fd);
		ima_buffer_done(&c->in);
		free(c);
	}
	return NULL;
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int wait_for(struct ima_control *c, short events, int64_t end_ms)
{
	struct pollfd p = { .fd = c->fd, .events = events };
	int64_t left;
	int n;

	do {
		left = end_ms - now_ms();
		n = left > 0 ? poll(&p, 1, (int)left) : 0;
	} while (n < 0 && errno == EINTR);
	if (n == 0)
		return -ETIMEDOUT;
	return n < 0 ? -errno : 0;
}

static int send_all(struct ima_control *c, const char *data, size_t len, int64_t end_ms)
{
	while (len) {
		ssize_t n = send(c->fd, data, len, MSG_NOSIGNAL);
		int r;

		if (n >= 0) {
			data += n;
			len -= (size_t)n;
			continue;
		}
		if (errno == EPIPE)
			return -ECONNRESET;
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
		r = wait_for(c, POLLOUT, end_ms);
		if (r < 0)
			return r;
	}
	return 0;
}

/* 1 a whole line is in the buffer */
static int receive_some(struct ima_control *c, int64_t end_ms)
{
	const size_t before = c->in.len;
	ssize_t n;
	int r = ima_buffer_reserve(&c->in, 65536);

	if (r < 0)
		return r == -EFBIG ? -EPROTO : r;
	n = recv(c->fd, c->in.data + before, 65536, 0);
	if (n == 0)
		return -ECONNRESET;
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? wait_for(c, POLLIN, end_ms) : -errno;
	c->in.len += (size_t)n;
	return memchr(c->in.data + before, '\n', (size_t)n) != NULL;
}

static int receive_line(struct ima_control *c, int64_t end_ms, json_t **ret)
{
	const char *nl;
	int r;

	c->in.len = 0;
	do {
		r = receive_some(c, end_ms);
	} while (r == 0);
	if (r < 0)
		return r;
	nl = memchr(c->in.data, '\n', c->in.len);
	*ret = json_loadb((const char *)c->in.data, (size_t)(nl - (const char *)c->in.data),
			  JSON_ALLOW_NUL, NULL);
	return *ret ? 0 : -EPROTO;
}

static void read_diag(const json_t *reply, int error, struct ima_diag *diag)
{
	const json_t *d = json_object_get(reply, "diag");
	const char *text = json_string_value(json_object_get(reply, "error"));
	const char *token = json_string_value(json_object_get(d, "token"));
	const char *why = json_string_value(json_object_get(d, "text"));

	if (!text)
		text = strerror(-error);
	if (!why) {
		ima_ignore(ima_diag_text(diag, error, "%s", text));
		return;
	}
	ima_ignore(ima_diag_set(
		diag, error, (unsigned int)json_integer_value(json_object_get(d, "line")),
		(unsigned int)json_integer_value(json_object_get(d, "column")),
		(struct ima_bytes){ (const uint8_t *)(token ? token : ""), strlen(token ? token : "") },
		"%s", why));
}

static int judge(const json_t *reply, struct ima_diag *diag)
{
	json_int_t error;

	if (json_is_true(json_object_get(reply, "ok")))
		return 0;
	error = json_integer_value(json_object_get(reply, "errno"));
	if (error <= 0 || error > 4095)
		error = EPROTO;
	read_diag(reply, (int)-error, diag);
	return (int)-error;
}

int ima_control_call(struct ima_control *c, json_t *request, int timeout_ms, json_t **ret,
		     struct ima_diag *diag)
{
	const int64_t end_ms = now_ms() + timeout_ms;
	ima_cleanup(ima_freep) char *text = json_dumps(request, JSON_COMPACT);
	const size_t len = text ? strlen(text) : 0;
	json_t *reply = NULL;
	int r;

	if (!text)
		return -ENOMEM;
	text[len] = '\n'; /* in place of its end: one send, after which the other side may answer and go */
	r = send_all(c, text, len + 1, end_ms);
	if (r == 0)
		r = receive_line(c, end_ms, &reply);
	if (r < 0)
		return ima_diag_text(diag, r, "no answer from the daemon: %s", strerror(-r));
	r = judge(reply, diag);
	*ret = reply;
	return r;
}

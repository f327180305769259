/* SPDX-License-Identifier: BSD-2-Clause */
/* The control wire over a socket pair: broken peers first. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "control/control.h"

struct pair {
	int other;
	struct ima_control_peer *peer;
};

static int setup(void **state)
{
	struct pair *p = calloc(1, sizeof(*p));
	int fds[2];

	assert_non_null(p);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	assert_int_equal(ima_control_peer_new(fds[0], &p->peer), 0);
	p->other = fds[1];
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct pair *p = *state;

	ima_control_peer_free(p->peer);
	ima_close(p->other);
	free(p);
	return 0;
}

static void put(struct pair *p, const char *text)
{
	assert_int_equal(write(p->other, text, strlen(text)), (ssize_t)strlen(text));
}

static void partial_lines_wait(void **state)
{
	struct pair *p = *state;
	json_t *req = NULL;

	put(p, "{\"op\":");
	assert_int_equal(ima_control_peer_read(p->peer, &req), 0);
	put(p, "\"status\"}\n{\"op\":\"second\"}\n");
	assert_int_equal(ima_control_peer_read(p->peer, &req), 1);
	assert_string_equal(json_string_value(json_object_get(req, "op")), "status");
	json_decref(req);
	assert_int_equal(ima_control_peer_read(p->peer, &req), 1);
	assert_string_equal(json_string_value(json_object_get(req, "op")), "second");
	json_decref(req);
	assert_int_equal(ima_control_peer_read(p->peer, &req), 0);
}

static void what_is_not_an_object_is_refused(void **state)
{
	static const char *const bad[] = { "hello\n", "[1]\n", "{\"a\":\n", "\n", "{}}\n" };
	struct pair *p = *state;
	json_t *req = NULL;

	for (size_t i = 0; i < IMA_N_ELEMENTS(bad); i++) {
		put(p, bad[i]);
		assert_int_equal(ima_control_peer_read(p->peer, &req), -EPROTO);
		assert_null(req);
	}
}

static void an_endless_line_is_refused(void **state)
{
	struct pair *p = *state;
	json_t *req = NULL;
	char block[4096];
	int r = 0;

	memset(block, 'x', sizeof(block));
	for (int i = 0; i < 400 && r == 0; i++) {
		assert_int_equal(write(p->other, block, sizeof(block)), sizeof(block));
		r = ima_control_peer_read(p->peer, &req);
	}
	assert_int_equal(r, -EMSGSIZE);
}

static void a_peer_that_is_gone_is_told(void **state)
{
	struct pair *p = *state;
	json_t *req = NULL;

	p->other = ima_close(p->other);
	assert_int_equal(ima_control_peer_read(p->peer, &req), -EPIPE);
}

static void a_reply_waits_for_a_slow_reader(void **state)
{
	struct pair *p = *state;
	const size_t size = 1U << 20;
	char *big = malloc(size + 1);
	json_t *o;
	size_t got = 0;

	assert_non_null(big);
	memset(big, 'a', size);
	big[size] = 0;
	o = json_pack("{s:s}", "text", big);
	assert_int_equal(ima_control_peer_reply(p->peer, o), 0);
	assert_true(ima_control_peer_wants_write(p->peer));
	assert_int_equal(fcntl(p->other, F_SETFL, O_NONBLOCK), 0);
	while (ima_control_peer_wants_write(p->peer) || got < size) {
		ssize_t n = read(p->other, big, size);

		if (n > 0)
			got += (size_t)n;
		else if (!ima_control_peer_wants_write(p->peer))
			break;
		assert_int_equal(ima_control_peer_flush(p->peer), 0);
	}
	assert_int_equal(got, size + strlen("{\"text\":\"\"}\n"));
	json_decref(o);
	free(big);
}

struct server {
	int listen_fd;
	const char *reply; /* NULL: never answers */
};

static void *serve(void *arg)
{
	struct server *s = arg;
	char buf[4096];
	int fd = accept(s->listen_fd, NULL, NULL);

	if (fd >= 0 && read(fd, buf, sizeof(buf)) > 0 && s->reply)
		ima_ignore(write(fd, s->reply, strlen(s->reply)));
	if (fd >= 0 && !s->reply)
		ima_ignore(read(fd, buf, sizeof(buf)));
	ima_close(fd);
	return NULL;
}

static int ask(const char *reply, int timeout_ms, json_t **ret, struct ima_diag *diag)
{
	char path[] = "/tmp/ima-control-XXXXXX", sock[64];
	struct server s = { .reply = reply };
	struct ima_control *c = NULL;
	json_t *req = json_pack("{s:s}", "op", "status");
	pthread_t t;
	int r;

	assert_non_null(mkdtemp(path));
	snprintf(sock, sizeof(sock), "%s/s", path);
	assert_int_equal(ima_control_listen(sock, &s.listen_fd), 0);
	assert_int_equal(fcntl(s.listen_fd, F_SETFL, 0), 0);
	assert_int_equal(pthread_create(&t, NULL, serve, &s), 0);
	assert_int_equal(ima_control_open(sock, &c), 0);
	r = ima_control_call(c, req, timeout_ms, ret, diag);
	ima_control_free(c);
	pthread_join(t, NULL);
	close(s.listen_fd);
	unlink(sock);
	rmdir(path);
	json_decref(req);
	return r;
}

static void a_refusal_brings_its_reason(void **state)
{
	struct ima_diag d = { 0 };
	json_t *reply = NULL;
	int r = ask("{\"ok\":false,\"errno\":22,\"error\":\"no\",\"diag\":{\"line\":3,\"column\":9,"
		    "\"token\":\"x=\",\"text\":\"unknown keyword\"}}\n",
		    5000, &reply, &d);

	assert_int_equal(r, -EINVAL);
	assert_int_equal(d.line, 3);
	assert_int_equal(d.column, 9);
	assert_string_equal(d.token, "x=");
	assert_string_equal(d.text, "unknown keyword");
	json_decref(reply);
}

static void a_silent_daemon_times_out(void **state)
{
	struct ima_diag d = { 0 };
	json_t *reply = NULL;

	assert_int_equal(ask(NULL, 100, &reply, &d), -ETIMEDOUT);
	assert_null(reply);
}

static void nonsense_is_a_protocol_error(void **state)
{
	struct ima_diag d = { 0 };
	json_t *reply = NULL;

	assert_int_equal(ask("nonsense\n", 5000, &reply, &d), -EPROTO);
	assert_int_equal(ask("{\"ok\":tr", 5000, &reply, &d), -ECONNRESET);
}

static void nobody_there(void **state)
{
	struct ima_control *c = NULL;

	assert_int_equal(ima_control_open("/nonexistent/control", &c), -ENOENT);
}

static void a_second_listener_is_refused(void **state)
{
	char path[] = "/tmp/ima-control-XXXXXX", sock[64];
	int a, b;

	assert_non_null(mkdtemp(path));
	snprintf(sock, sizeof(sock), "%s/s", path);
	assert_int_equal(ima_control_listen(sock, &a), 0);
	assert_int_equal(ima_control_listen(sock, &b), -EADDRINUSE);
	close(a);
	assert_int_equal(ima_control_listen(sock, &b), 0); /* the file of a dead daemon is replaced */
	close(b);
	unlink(sock);
	rmdir(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(partial_lines_wait, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_not_an_object_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(an_endless_line_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(a_peer_that_is_gone_is_told, setup, teardown),
		cmocka_unit_test_setup_teardown(a_reply_waits_for_a_slow_reader, setup, teardown),
		cmocka_unit_test(a_refusal_brings_its_reason),
		cmocka_unit_test(a_silent_daemon_times_out),
		cmocka_unit_test(nonsense_is_a_protocol_error),
		cmocka_unit_test(nobody_there),
		cmocka_unit_test(a_second_listener_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The worker's main loop: signals, heartbeat, control connections. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <syslog.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "control/control.h"
#include "imad/grace.h"
#include "imad/requests.h"
#include "imad/tpm_pass.h"
#include "imad/worker.h"

#define MAX_PEERS 64
#define HEARTBEAT_MS 100

struct peer {
	struct ima_control_peer *wire;
	struct imad_upload upload;
};

struct loop {
	struct imad_worker *w;
	struct peer peers[MAX_PEERS];
	size_t n_peers;
	int signal_fd;
};

static void drop_peer(struct loop *l, size_t i)
{
	imad_upload_abort(l->w, &l->peers[i].upload);
	imad_tpm_release(l->w, &l->peers[i].upload.has_tpm);
	ima_control_peer_free(l->peers[i].wire);
	l->peers[i] = l->peers[--l->n_peers];
}

static void accept_peer(struct loop *l)
{
	int fd = accept4(l->w->setup->control_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct ima_control_peer *wire;

	if (fd < 0)
		return;
	if (l->n_peers == MAX_PEERS || ima_control_peer_new(fd, &wire) < 0) {
		imad_say(l->w, LOG_WARNING, "too many control connections");
		close(fd);
		return;
	}
	l->peers[l->n_peers++] = (struct peer){ .wire = wire, .upload.peer = imad_who_peer(fd) };
}

static int answer(struct loop *l, struct peer *p, json_t *request)
{
	json_t *reply = imad_request(l->w, &p->upload, request);
	int r = reply ? ima_control_peer_reply(p->wire, reply) : -ENOMEM;

	json_decref(reply);
	return r;
}

/* negative: the connection is over */
static int serve_peer(struct loop *l, struct peer *p, short events)
{
	json_t *request = NULL;
	int r = 0;

	if (events & POLLOUT)
		r = ima_control_peer_flush(p->wire);
	if (r < 0 || !(events & (POLLIN | POLLHUP | POLLERR)))
		return r;
	while ((r = ima_control_peer_read(p->wire, &request)) == 1) {
		r = answer(l, p, request);
		json_decref(request);
		if (r < 0)
			return r;
	}
	return r;
}

static void serve_all(struct loop *l, const struct pollfd *p)
{
	for (size_t i = l->n_peers; i-- > 0;)
		if (p[i].revents && serve_peer(l, &l->peers[i], p[i].revents) < 0)
			drop_peer(l, i);
}

/* 1 go on, 0 told to stop */
static int turn(struct loop *l)
{
	struct pollfd p[MAX_PEERS + 2];
	size_t n = l->n_peers;

	for (size_t i = 0; i < n; i++)
		p[i] = (struct pollfd){
			.fd = ima_control_peer_fd(l->peers[i].wire),
			.events = (short)(POLLIN |
					  (ima_control_peer_wants_write(l->peers[i].wire) ? POLLOUT
											  : 0)),
		};
	p[n] = (struct pollfd){ .fd = l->w->setup->control_fd, .events = POLLIN };
	p[n + 1] = (struct pollfd){ .fd = l->signal_fd, .events = POLLIN };
	atomic_fetch_add(&l->w->setup->shared->heartbeat, 1);
	imad_grace_turn(l->w);
	if (poll(p, n + 2, HEARTBEAT_MS) <= 0)
		return 1;
	if (p[n + 1].revents)
		return 0;
	serve_all(l, p);
	if (p[n].revents)
		accept_peer(l);
	return 1;
}

int imad_control_run(struct imad_worker *w)
{
	struct loop l = { .w = w };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	l.signal_fd = signalfd(-1, &set, SFD_CLOEXEC);
	if (l.signal_fd < 0)
		return -errno;
	while (turn(&l) == 1)
		;
	while (l.n_peers)
		drop_peer(&l, l.n_peers - 1);
	close(l.signal_fd);
	return 0;
}

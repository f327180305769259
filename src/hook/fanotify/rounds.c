/* SPDX-License-Identifier: BSD-2-Clause */
/* When to look, and when to look at everything. */
#include "hook/fanotify/rounds.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <syslog.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "hook/fanotify/namespaces.h"
#include "hook/fanotify/shared.h"

#define INTERVAL_MS 500
#define UNSURE_MAX_NS UINT64_C(4000000000) /* then everything is looked at again in any case */

struct ima_fan_rounds {
	struct ima_fan_rounds_opts opts;
	pthread_t thread;
	int stop_fd;
};

/* everything is looked at again once the tables have come to rest: an unmount finds nothing busy. Tables that never rest do not put it off */
static bool is_time(bool at_rest, uint64_t unsure_since)
{
	return unsure_since && (at_rest || ima_fan_now_ns() - unsure_since >= UNSURE_MAX_NS);
}

static void *run(void *arg)
{
	struct ima_fan_rounds *all = arg;
	const struct ima_fan_rounds_opts *o = &all->opts;
	ima_cleanup(ima_closep) int fd = ima_ns_table(0);
	struct pollfd p[2] = { { .fd = all->stop_fd, .events = POLLIN },
			       { .fd = fd, .events = POLLPRI } };
	uint64_t unsure_since = 0; /* on the clock of ima_fan_now_ns(); 0: sure */

	o->hook->ops->exempt(o->hook, (int)syscall(SYS_gettid));
	for (;;) {
		const int n = poll(p, 2, INTERVAL_MS);
		bool again, sure;
		int r;

		if (p[0].revents)
			return NULL;
		if (n < 0 && errno != EINTR)
			o->say(o->user, LOG_ERR, "watching mounts failed");
		again = is_time(!n, unsure_since);
		r = o->look(o->user, again);
		if (r < 0)
			o->say(o->user, LOG_ERR, "reading the mount table failed: new mounts are not covered");
		sure = r >= 0 && n <= 0 && (again || r == 0);
		unsure_since = sure ? 0 : unsure_since && !(again && r >= 0) ? unsure_since : ima_fan_now_ns();
	}
}

int ima_fan_rounds_start(const struct ima_fan_rounds_opts *opts, struct ima_fan_rounds **ret)
{
	struct ima_fan_rounds *all = calloc(1, sizeof(*all));
	int r;

	if (!all)
		return -ENOMEM;
	all->opts = *opts;
	all->stop_fd = eventfd(0, EFD_CLOEXEC);
	r = all->stop_fd < 0 ? -errno : -pthread_create(&all->thread, NULL, run, all);
	if (r < 0) {
		ima_close(all->stop_fd);
		free(all);
		return r;
	}
	*ret = all;
	return 0;
}

struct ima_fan_rounds *ima_fan_rounds_stop(struct ima_fan_rounds *all)
{
	const uint64_t one = 1;

	if (!all)
		return NULL;
	ima_ignore(write(all->stop_fd, &one, sizeof(one)));
	pthread_join(all->thread, NULL);
	ima_close(all->stop_fd);
	free(all);
	return NULL;
}

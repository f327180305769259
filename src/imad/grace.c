/* SPDX-License-Identifier: BSD-2-Clause */
/* The end of the trial is kept in shared memory: a new worker goes on with it. */
#include "imad/grace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/hex.h"

#define FILE_NAME "confirmed"
#define HEX_LEN 64

static uint64_t now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec;
}

static int show(struct ima_policy *p, void *arg)
{
	return ima_policy_show(p, arg);
}

/* hex digest of the rules in force */
static int fingerprint(struct imad_worker *w, char ret[static HEX_LEN + 1])
{
	struct ima_buffer text = { 0 };
	struct ima_digest d;
	int r = ima_monitor_policy_call(w->monitor, show, &text);

	if (r == 0)
		r = ima_hash_bytes(w->hasher, IMA_HASH_SHA256, ima_buffer_bytes(&text), &d);
	ima_buffer_done(&text);
	if (r == 0) {
		ima_hex_encode(d.data, d.len, ret);
		ret[HEX_LEN] = 0;
	}
	return r;
}

static int path_of(const struct imad_worker *w, const char *suffix, char **ret)
{
	return asprintf(ret, "%s/%s%s", w->setup->config->state_dir, FILE_NAME, suffix) < 0 ? -ENOMEM : 0;
}

static bool was_confirmed(struct imad_worker *w, const char *print)
{
	ima_cleanup(ima_freep) char *path = NULL;
	char have[HEX_LEN + 1] = "";
	ima_cleanup(ima_closep) int fd = -EBADF;

	if (path_of(w, "", &path) < 0)
		return false;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	return fd >= 0 && read(fd, have, HEX_LEN) == HEX_LEN && !strcmp(have, print);
}

static int keep(struct imad_worker *w, const char *print)
{
	ima_cleanup(ima_freep) char *path = NULL, *tmp = NULL;
	ima_cleanup(ima_closep) int fd = -EBADF;
	int r = path_of(w, "", &path);

	if (r == 0)
		r = path_of(w, ".new", &tmp);
	if (r < 0)
		return r;
	fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	if (write(fd, print, HEX_LEN) != HEX_LEN)
		return -EIO;
	return fsync(fd) < 0 || rename(tmp, path) < 0 ? -errno : 0;
}

int imad_grace_begin(struct imad_worker *w)
{
	struct imad_shared *sh = w->setup->shared;
	const struct imad_config *c = w->setup->config;
	char print[HEX_LEN + 1];
	int r;

	if (!imad_config_enforces(c) || !c->grace_s || atomic_load(&sh->reverted) || !ima_monitor_appraises_rules(w->monitor))
		return 0;
	r = fingerprint(w, print);
	if (r < 0 || was_confirmed(w, print))
		return r;
	atomic_store(&sh->grace_end_s, now_s() + c->grace_s);
	imad_say(w, LOG_WARNING, "appraisal is enforced on trial: without `imactl appraise confirm` it ends in %u seconds",
		 c->grace_s);
	return 0;
}

unsigned int imad_grace_left(const struct imad_worker *w)
{
	const uint64_t end = atomic_load(&w->setup->shared->grace_end_s), now = now_s();

	return end > now ? (unsigned int)(end - now) : 0;
}

void imad_grace_turn(struct imad_worker *w)
{
	struct imad_shared *sh = w->setup->shared;
	const uint64_t end = atomic_load(&sh->grace_end_s);

	if (!end || atomic_load(&sh->reverted) || now_s() < end)
		return;
	atomic_store(&sh->reverted, 1);
	atomic_store(&sh->grace_end_s, 0);
	ima_monitor_stop_enforcing(w->monitor);
	if (w->setup->hook->ops->refresh(w->setup->hook) < 0)
		imad_say(w, LOG_ERR, "the hooks did not follow the end of enforcing");
	imad_say(w, LOG_WARNING, "nobody confirmed: appraisal only audits from now on");
}

int imad_grace_confirm(struct imad_worker *w)
{
	struct imad_shared *sh = w->setup->shared;
	char print[HEX_LEN + 1];
	int r;

	if (atomic_load(&sh->reverted))
		return -ETIME;
	if (!atomic_load(&sh->grace_end_s))
		return 0;
	r = fingerprint(w, print);
	if (r == 0)
		r = keep(w, print);
	if (r < 0)
		return r;
	atomic_store(&sh->grace_end_s, 0);
	imad_say(w, LOG_NOTICE, "appraisal stays enforced: confirmed");
	return 1;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* A thread that looks at the mount tables again and again, at once when imad's own changes. */
#pragma once

#include <stdbool.h>

#include "hook/hook.h"

struct ima_fan_rounds;

struct ima_fan_rounds_opts {
	struct ima_hook *hook; /* that the thread is exempt from */
	/** look() - 1 something was looked at, 0 no table changed, -errno; @everything: also what did not change */
	int (*look)(void *user, bool everything);
	void (*say)(void *user, int level, const char *text);
	void *user;
};

/** ima_fan_rounds_start() - 0 or -errno */
ima_must_check int ima_fan_rounds_start(const struct ima_fan_rounds_opts *opts, struct ima_fan_rounds **ret);

/** ima_fan_rounds_stop() - ends the thread; @r may be NULL. Returns NULL */
struct ima_fan_rounds *ima_fan_rounds_stop(struct ima_fan_rounds *r);

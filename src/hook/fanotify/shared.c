/* SPDX-License-Identifier: BSD-2-Clause */
/* Answering exactly once, from whichever process comes first. */
#include "hook/fanotify/shared.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"

uint64_t ima_fan_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

bool ima_fan_is_own(const struct ima_fan *f, int tid)
{
	for (size_t i = 0; i < IMA_FAN_MAX_OWN; i++)
		if (atomic_load_explicit(&f->shared->own[i], memory_order_relaxed) == tid)
			return true;
	return false;
}

bool ima_fan_slot_pending(const struct ima_fan_slot *s)
{
	return __atomic_load_n(&s->ev.event_len, __ATOMIC_ACQUIRE) != 0;
}

static void write_answer(int group, int fd, bool refuse)
{
	const struct fanotify_response resp = { .fd = fd,
						.response = refuse ? FAN_DENY : FAN_ALLOW };
	ssize_t n;

	/* ENOENT: answered before a worker died, or the opener was killed while it waited */
	do {
		n = write(group, &resp, sizeof(resp));
	} while (n < 0 && errno == EINTR);
	ima_ignore(n);
}

bool ima_fan_answer(struct ima_fan *f, enum ima_fan_class c, struct ima_fan_slot *s)
{
	uint32_t expected = 0;

	if (!atomic_compare_exchange_strong(&s->answered, &expected, 1))
		return false;
	if (s->ev.mask & (FAN_OPEN_PERM | FAN_OPEN_EXEC_PERM))
		write_answer(f->group[c], s->ev.fd, atomic_load(&s->refuse));
	return true;
}

void ima_fan_finish(struct ima_fan *f, enum ima_fan_class c, struct ima_fan_slot *s)
{
	const int fd = s->ev.fd;

	ima_fan_answer(f, c, s);
	__atomic_store_n(&s->ev.event_len, 0, __ATOMIC_RELEASE);
	if (fd >= 0)
		close(fd);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Which system calls wait for us, as a seccomp program. */
#pragma once

#include <linux/filter.h>

#include <ima/types.h>

/** ima_trace_filter_build() - @ret: freed with ima_trace_filter_done(). -ENOMEM, -EINVAL the library refused a rule */
ima_must_check int ima_trace_filter_build(bool best_effort, bool io_uring, struct sock_fprog *ret);
void ima_trace_filter_done(struct sock_fprog *p);

/**
 * ima_trace_filter_install() - put the calling thread, and what it starts from now on, under the filter; it cannot be taken off
 * Async-signal-safe. Return: the listener, -EBUSY there is one above this process, -ENOSYS, errno
 */
ima_must_check int ima_trace_filter_install(const struct sock_fprog *p);

/* SPDX-License-Identifier: BSD-2-Clause */
/* What could not be measured: said, refused, or marked in the list where the command runs on all the same. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "hook/trace/call.h"

void ima_trace_say(struct ima_trace_call *c, int level, const char *fmt, ...)
{
	char text[PATH_MAX + 256];
	va_list args;

	if (!c->t->opts.log)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	c->t->opts.log(c->t->opts.user, level, text);
}

/* the list says that something ran which it does not have */
static void mark_list(struct ima_trace_call *c, const char *what)
{
	char name[PATH_MAX + 32];

	snprintf(name, sizeof(name), "imactl_run_unmeasured:%s", what);
	if (ima_monitor_gap(c->t->opts.monitor, c->h, name) < 0)
		atomic_store(&c->t->owes_mark, true);
}

void ima_trace_pay_mark(struct ima_trace_call *c)
{
	if (atomic_load(&c->t->owes_mark) && atomic_exchange(&c->t->owes_mark, false))
		mark_list(c, "(while the list could not be written)");
}

bool ima_trace_unmeasured(struct ima_trace_call *c, const char *what, int why)
{
	const bool runs = c->t->opts.best_effort;

	atomic_fetch_add(&c->t->n.unmeasured, 1);
	ima_trace_say(c, LOG_WARNING, "%s: cannot be measured (%s): %s", what,
		      why == -EXDEV ? "only its own process can follow the path" : strerror(-why), runs ? "allowed, and the list says so" : "refused");
	if (runs)
		mark_list(c, what);
	return runs;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The threads that answer waiting calls. */
#pragma once

#include "hook/trace/call.h"

/** ima_trace_serve() - start them; the listener is there. -ENOMEM, errno; ima_trace_serve_end() in any case */
ima_must_check int ima_trace_serve(struct ima_trace *t);

/** ima_trace_serve_end() - no task is under the filter any more: they end */
void ima_trace_serve_end(struct ima_trace *t);

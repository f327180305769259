/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How many threads wait for calls. The kernel wakes everybody who waits at a listener for each call, and all but one find nothing: so
 * one waits as long as it keeps up, the others rest. One more is called when calls queue up, when a thread is about to be long (it
 * hashes), or when the one that waits does not come back: a file system that the command itself serves may need another call first.
 */
#pragma once

#include <ima/types.h>

struct ima_trace_crew;

/** ima_trace_crew_new() - @n: threads that there are; @n_useful: more than so many do not help when calls queue up. -ENOMEM */
ima_must_check int ima_trace_crew_new(unsigned int n, unsigned int n_useful, struct ima_trace_crew **ret);
struct ima_trace_crew *ima_trace_crew_free(struct ima_trace_crew *c);

/** ima_trace_crew_join() - a thread is ready; returns when it is needed. False: it is to end */
bool ima_trace_crew_join(struct ima_trace_crew *c);

/** ima_trace_crew_may_rest() - a call was handled and @pending ones wait: false: go on; true: others will do, ima_trace_crew_join() again */
bool ima_trace_crew_may_rest(struct ima_trace_crew *c, bool pending);

/** ima_trace_crew_lend() - the thread does something long: somebody else waits meanwhile, if there is anybody. Until _back() */
void ima_trace_crew_lend(struct ima_trace_crew *c);
void ima_trace_crew_back(struct ima_trace_crew *c);

/** ima_trace_crew_help() - nobody came back for the calls that wait: one more */
void ima_trace_crew_help(struct ima_trace_crew *c);

/** ima_trace_crew_end() - all are to end: no join waits any more */
void ima_trace_crew_end(struct ima_trace_crew *c);

/** ima_trace_crew_wanted() - threads that are not to rest now */
unsigned int ima_trace_crew_wanted(struct ima_trace_crew *c);

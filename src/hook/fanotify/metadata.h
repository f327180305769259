/* SPDX-License-Identifier: BSD-2-Clause */
/* EVM's rules for changing metadata: what the kernel half needs for them, and what it tells. */
#pragma once

#include "hook/fanotify/worker.h"

/** ima_fan_metadata_told() - a change that was allowed or refused, to its end: audit, HMAC, what the file is worth now */
void ima_fan_metadata_told(struct ima_fan_worker *w, struct ima_hasher *h, const struct ima_gate_record *r);

/* SPDX-License-Identifier: BSD-2-Clause */
/* What the gate is to know of EVM. */
#pragma once

#include "hook/fanotify/worker.h"

/** ima_fan_metadata_rules() - mode and covered names for the gate. 0 or -errno */
ima_must_check int ima_fan_metadata_rules(struct ima_fan *f, struct ima_monitor *m, struct ima_gate_rules *rules);

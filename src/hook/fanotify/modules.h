/* SPDX-License-Identifier: BSD-2-Clause */
/* What init_module(2) is given comes through the gate's ring in pieces: put together here, and measured as the kernel does. */
#pragma once

#include "core/monitor/monitor.h"
#include "hook/gate/gate.h"

#define IMA_FAN_MAX_MODULES 16 /* being loaded at the same time */

/** struct ima_fan_modules - zeroed at first; ima_fan_modules_drop() frees what is in it. Not locked */
struct ima_fan_modules {
	struct ima_fan_module {
		uint32_t tid; /* 0: free */
		uint8_t *data;
		uint64_t len, at; /* bytes of the module, and how many are there */
	} modules[IMA_FAN_MAX_MODULES];
};

/**
 * ima_fan_modules_piece() - one record of @size bytes; the module is measured when it is whole
 * Return: 0, -ENOENT no rule asks for it, -EIO a piece that does not fit (its module is dropped), -errno
 */
ima_must_check int ima_fan_modules_piece(struct ima_fan_modules *all, struct ima_monitor *monitor, struct ima_hasher *h,
					 const struct ima_gate_record *r, size_t size);
void ima_fan_modules_drop(struct ima_fan_modules *all);

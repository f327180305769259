/* SPDX-License-Identifier: BSD-2-Clause */
/* What "imactl run" measures when nobody says. */
#pragma once

#include <ima/policy.h>

/** run_policy_default() - load the builtin tcb without its user conditions: every program, mapping and file that is read. -ENOMEM */
ima_must_check int run_policy_default(struct ima_policy *p);

/* SPDX-License-Identifier: BSD-2-Clause */
/* One setting of imad: its name and how a value goes into the configuration. */
#pragma once

#include "imad/config.h"

/**
 * struct imad_setting
 * @set: 0, -EINVAL with @diag what the value should be, -ENOMEM
 * @kernel: a kernel parameter: its values are the kernel's, and a wrong one is told and left out
 */
struct imad_setting {
	const char *name;
	int (*set)(struct imad_config *c, enum imad_source source, const char *value, struct ima_diag *diag);
	bool kernel;
};

/** imad_setting_find() - by the first @len characters of @name; NULL: there is none */
const struct imad_setting *imad_setting_find(const char *name, size_t len);

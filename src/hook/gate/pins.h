/* SPDX-License-Identifier: BSD-2-Clause */
/* The folder of a bpf file system where programs and maps stay when the process that made them is killed. */
#pragma once

#include <ima/types.h>

#include "base/diag.h"

struct bpf_link;
struct bpf_object;

#define IMA_GATE_PIN_DIR "/sys/fs/bpf/imad"

/** ima_pins_open() - made when missing, mode 0700. @ret: malloc'd. errno with @diag */
ima_must_check int ima_pins_open(const char *dir, char **ret, struct ima_diag *diag);

/** ima_pins_maps() - before loading: maps that are there are used again, others will be pinned. 0 or -errno */
ima_must_check int ima_pins_maps(const char *dir, struct bpf_object *o);

/** ima_pins_link() - in place of the one of that name, which ends. 0 or -errno */
ima_must_check int ima_pins_link(const char *dir, struct bpf_link *link, const char *name);

/** ima_pins_clear() - everything in the folder, and the folder; returns how many pins went */
int ima_pins_clear(const char *dir);

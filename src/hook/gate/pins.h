/* SPDX-License-Identifier: BSD-2-Clause */
/* The folder of a bpf file system where programs and maps stay when the process that made them is killed. */
#pragma once

#include <ima/types.h>

#include "base/diag.h"

struct bpf_link;
struct bpf_map;
struct bpf_object;

#define IMA_GATE_PIN_DIR "/sys/fs/bpf/imad"

/** ima_pins_open() - made when missing, mode 0700. errno with @diag */
ima_must_check int ima_pins_open(const char *dir, struct ima_diag *diag);
bool ima_pins_exist(const char *dir);

/** ima_pins_reuse() - before loading: maps that are there are used again. 0 or -errno */
ima_must_check int ima_pins_reuse(const char *dir, struct bpf_object *o);

/** ima_pins_map() - in place of the one of that name. 0 or -errno */
ima_must_check int ima_pins_map(const char *dir, struct bpf_map *map);

/** ima_pins_link() - in place of the one of that name, which ends. 0 or -errno */
ima_must_check int ima_pins_link(const char *dir, struct bpf_link *link, const char *name);

/** ima_pins_sweep() - what an other imad pinned under names that @o does not have */
void ima_pins_sweep(const char *dir, const struct bpf_object *o);

/** ima_pins_clear() - everything in the folder, and the folder; returns how many pins went */
int ima_pins_clear(const char *dir);

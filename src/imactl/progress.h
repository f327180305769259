/* SPDX-License-Identifier: BSD-2-Clause */
/* One line on a terminal that says how far the work is, and what remains. Drawn by one thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct imactl_progress {
	bool on; /* stderr is a terminal */
	bool shown;
	uint64_t begin_ns, drawn_ns;
};

/** struct imactl_amount - files and their bytes */
struct imactl_amount {
	uint64_t files, bytes;
};

void imactl_progress_begin(struct imactl_progress *p);

/** imactl_progress_draw() - five times a second at most; @all: NULL not known (yet) */
void imactl_progress_draw(struct imactl_progress *p, const struct imactl_amount *done, const struct imactl_amount *all);

/** imactl_progress_hide() - before something else is written */
void imactl_progress_hide(struct imactl_progress *p);
double imactl_progress_seconds(const struct imactl_progress *p);

/** imactl_bytes_text() - "1.9 GB" */
const char *imactl_bytes_text(uint64_t bytes, char ret[16]);

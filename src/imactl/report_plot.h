/* SPDX-License-Identifier: BSD-2-Clause */
/* Plots as SVG. A list carries no times: what is drawn is drawn over the order of its entries. */
#pragma once

#include <stdio.h>

#include "imactl/report_groups.h"

/** report_plot_course() - how many entries of each class came where in the list; everything refused or warned about has a mark of its own */
void report_plot_course(FILE *f, const struct report_entries *e, uint64_t last_quoted);

/** report_plot_groups() - a lane for each of the biggest groups: where in the list its entries are */
void report_plot_groups(FILE *f, const struct report_entries *e, const struct report_groups *g);

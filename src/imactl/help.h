/* SPDX-License-Identifier: BSD-2-Clause */
/* What imactl says of its commands: all of them, a group's ("ak"), one's. */
#pragma once

#include "imactl/command.h"

/** imactl_help_all() - a line for each command */
void imactl_help_all(FILE *f);

/** imactl_help_group() - the commands that begin with @word; false: none does */
bool imactl_help_group(FILE *f, const char *word);

/** imactl_help_usage() - how @c is called, every way on lines of its own */
void imactl_help_usage(FILE *f, const struct imactl_command *c);

/** imactl_help_one() - the same, and what it is for */
void imactl_help_one(FILE *f, const struct imactl_command *c);

/* SPDX-License-Identifier: BSD-2-Clause */
/* What only audit records say of an access: the task's terminal and program, the file system's name. Read when a record is made. */
#pragma once

#include "core/monitor/monitor.h"

/** ima_fan_says - for struct ima_file_event.event_ops of an event inside a struct ima_fan_job */
extern const struct ima_event_ops ima_fan_says;

/** ima_says_tty() - name of the terminal with this number of /proc/PID/stat: "pts0", "tty1"; "" when there is none; @sys: "/sys" */
void ima_says_tty(const char *sys, unsigned int number, char *ret, size_t size);

/** ima_says_dev() - the kernel's name of a file system: its block device's ("vda1"), else its type; @sys: "/sys" */
void ima_says_dev(const char *sys, unsigned int major, unsigned int minor, const char *fstype, char *ret, size_t size);

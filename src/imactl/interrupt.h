/* SPDX-License-Identifier: BSD-2-Clause */
/* Ctrl-C and SIGTERM end long work between two files; a second one ends the program at once. */
#pragma once

/** imactl_interrupt_catch() - from now on; SIGINT where it was ignored (nohup) stays ignored */
void imactl_interrupt_catch(void);

/** imactl_interrupt_signal() - the signal that came, 0 none */
int imactl_interrupt_signal(void);

/** imactl_interrupt_flag() - the same for those who look often */
const volatile int *imactl_interrupt_flag(void);

/* SPDX-License-Identifier: BSD-2-Clause */
/* The handler notes the signal and is gone. */
#include "imactl/interrupt.h"

#include <signal.h>
#include <stddef.h>

static volatile int came;

static void on_signal(int sig)
{
	came = sig;
}

void imactl_interrupt_catch(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	const struct sigaction new = { .sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND };
	struct sigaction old;

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			sigaction(signals[i], &new, NULL);
}

int imactl_interrupt_signal(void)
{
	return came;
}

const volatile int *imactl_interrupt_flag(void)
{
	return &came;
}

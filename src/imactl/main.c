/* SPDX-License-Identifier: BSD-2-Clause */
/* imactl: the command table. */
#include <stdio.h>

int main(void)
{
	fprintf(stderr, "usage: imactl COMMAND\n");
	return 2;
}

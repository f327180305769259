/* SPDX-License-Identifier: BSD-2-Clause */
/* imad: the daemon's entry. */
#include <stdio.h>

int main(void)
{
	fprintf(stderr, "imad: this build has no hook yet\n");
	return 3;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as a settings file, and as a kernel command line. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "imad/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void as_file(const uint8_t *data, size_t size)
{
	struct ima_diag diag = { 0 };
	struct imad_config c;
	char path[64];
	int fd = memfd_create("config", MFD_CLOEXEC), r;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	imad_config_init(&c);
	r = imad_config_file(&c, path, true, &diag);
	if (r < 0 && !diag.text[0])
		abort(); /* a refusal says why */
	imad_config_done(&c);
	close(fd);
}

static void as_command_line(const uint8_t *data, size_t size)
{
	struct imad_config c;
	char *text = strndup((const char *)data, size);

	if (!text)
		abort();
	imad_config_init(&c);
	if (imad_config_kernel(&c, text) < 0)
		abort(); /* wrong parameters are ignored, as the kernel does */
	imad_config_done(&c);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	as_file(data, size);
	as_command_line(data, size);
	return 0;
}

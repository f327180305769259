/* SPDX-License-Identifier: BSD-2-Clause */
/* Small files: read with a limit, written beside their place and then moved there. */
#include "imactl/ak_files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"

static int path_of(const char *folder, const char *name, char **ret)
{
	const int n = folder ? asprintf(ret, "%s/%s", folder, name) : asprintf(ret, "%s", name);

	return n < 0 ? imactl_fail(EXIT_UNABLE, "out of memory") : EXIT_GOOD;
}

int imactl_read_named(const char *folder, const char *name, size_t max, struct ima_buffer *ret)
{
	ima_cleanup(ima_freep) char *path = NULL;
	int r = path_of(folder, name, &path);

	if (r)
		return r;
	r = imactl_read_file(path, max, &ret->data, &ret->len);
	if (r < 0)
		return imactl_fail(EXIT_UNABLE, "%s: %s", path, strerror(-r));
	return EXIT_GOOD;
}

int imactl_ak_read(const char *folder, struct ima_ak_blobs *ret)
{
	ima_cleanup(ima_freep) char *path = NULL;
	int r = path_of(folder, "ak.pub", &path);

	if (!r && access(path, F_OK) < 0 && errno == ENOENT)
		return imactl_fail(EXIT_UNABLE, "%s: there is no attestation key: imactl ak create makes one", path);
	if (!r)
		r = imactl_read_named(NULL, path, IMA_QUOTE_MAX, &ret->pub);
	return r ? r : imactl_read_named(folder, "ak.priv", IMA_QUOTE_MAX, &ret->priv);
}

int imactl_write_file(const char *folder, const char *name, struct ima_bytes data, unsigned int mode)
{
	ima_cleanup(ima_freep) char *path = NULL, *part = NULL;
	ima_cleanup(ima_closep) int fd = -EBADF;
	int r = path_of(folder, name, &path);

	if (r || asprintf(&part, "%s.XXXXXX", path) < 0)
		return r ? r : imactl_fail(EXIT_UNABLE, "out of memory");
	fd = mkostemp(part, O_CLOEXEC);
	if (fd < 0)
		return imactl_fail(EXIT_UNABLE, "%s: %s", path, strerror(errno));
	r = ima_file_write(fd, data.data, data.len);
	if (r == 0 && (fchmod(fd, mode) < 0 || fsync(fd) < 0 || rename(part, path) < 0))
		r = -errno;
	if (r < 0) {
		unlink(part);
		return imactl_fail(EXIT_UNABLE, "%s: %s", path, strerror(-r));
	}
	return EXIT_GOOD;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Pins by name: map_NAME, link_NAME. */
#include "hook/gate/pins.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"

int ima_pins_open(const char *dir, char **ret, struct ima_diag *diag)
{
	if (mkdir(dir, 0700) < 0 && errno != EEXIST)
		return ima_diag_text(diag, -errno, "%s: %s (a bpf file system must be mounted there)", dir,
				     strerror(errno));
	*ret = strdup(dir);
	return *ret ? 0 : -ENOMEM;
}

int ima_pins_maps(const char *dir, struct bpf_object *o)
{
	struct bpf_map *m;
	char path[PATH_MAX];

	bpf_object__for_each_map(m, o) {
		int r;

		if (bpf_map__is_internal(m))
			continue;
		snprintf(path, sizeof(path), "%s/map_%s", dir, bpf_map__name(m));
		r = bpf_map__set_pin_path(m, path);
		if (r < 0)
			return r;
	}
	return 0;
}

int ima_pins_link(const char *dir, struct bpf_link *link, const char *name)
{
	char path[PATH_MAX];
	int r;

	snprintf(path, sizeof(path), "%s/link_%s", dir, name);
	if (unlink(path) < 0 && errno != ENOENT)
		return -errno;
	r = bpf_link__pin(link, path);
	return r == -EINVAL || r == -EOPNOTSUPP ? 0 : r; /* a probe without a link object ends with us */
}

int ima_pins_clear(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	int n = 0;

	while (d && (e = readdir(d)))
		if ((!strncmp(e->d_name, "map_", 4) || !strncmp(e->d_name, "link_", 5)) &&
		    unlinkat(dirfd(d), e->d_name, 0) == 0)
			n++;
	if (d)
		closedir(d);
	ima_ignore(rmdir(dir));
	return n;
}

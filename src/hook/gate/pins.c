/* SPDX-License-Identifier: BSD-2-Clause */
/* Pins by name: map_NAME, link_NAME. */
#include "hook/gate/pins.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"

int ima_pins_open(const char *dir, struct ima_diag *diag)
{
	if (mkdir(dir, 0700) < 0 && errno != EEXIST)
		return ima_diag_text(diag, -errno, "%s: %s (a bpf file system must be mounted there)", dir,
				     strerror(errno));
	return 0;
}

bool ima_pins_exist(const char *dir)
{
	return access(dir, F_OK) == 0;
}

/* a map that does not fit its definition is refused by the load: -EINVAL */
int ima_pins_reuse(const char *dir, struct bpf_object *o)
{
	struct bpf_map *m;
	char path[PATH_MAX];

	bpf_object__for_each_map(m, o) {
		int r;

		if (bpf_map__is_internal(m))
			continue;
		snprintf(path, sizeof(path), "%s/map_%s", dir, bpf_map__name(m));
		if (access(path, F_OK) < 0)
			continue;
		r = bpf_map__set_pin_path(m, path);
		if (r < 0)
			return r;
	}
	return 0;
}

int ima_pins_map(const char *dir, struct bpf_map *map)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/map_%s", dir, bpf_map__name(map));
	if (unlink(path) < 0 && errno != ENOENT)
		return -errno;
	return bpf_obj_pin(bpf_map__fd(map), path);
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

static bool is_pin(const char *name)
{
	return !strncmp(name, "map_", 4) || !strncmp(name, "link_", 5);
}

static bool has_pin(const struct bpf_object *o, const char *name)
{
	return strncmp(name, "map_", 4) ?
		       bpf_object__find_program_by_name(o, name + strlen("link_")) != NULL :
		       bpf_object__find_map_by_name(o, name + strlen("map_")) != NULL;
}

/* @o: its pins stay */
static int remove_pins(const char *dir, const struct bpf_object *o)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	int n = 0;

	while (d && (e = readdir(d)))
		if (is_pin(e->d_name) && !(o && has_pin(o, e->d_name)) &&
		    unlinkat(dirfd(d), e->d_name, 0) == 0)
			n++;
	if (d)
		closedir(d);
	return n;
}

void ima_pins_sweep(const char *dir, const struct bpf_object *o)
{
	ima_ignore(remove_pins(dir, o));
}

int ima_pins_clear(const char *dir)
{
	const int n = remove_pins(dir, NULL);

	ima_ignore(rmdir(dir));
	return n;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* What the worker found of a file, kept with its inode for the kernel half. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/vfs.h>

#include <linux/magic.h>

#include "base/cleanup.h"
#include "hook/gate/state.h"

static int live_of(struct ima_gate *g, int fd, struct ima_gate_live *ret)
{
	return bpf_map_lookup_elem(bpf_map__fd(g->skel->maps.live_map), &fd, ret);
}

/* a merged file: by this mapping the kernel half notes the file behind it as it is now. 0, or -EIO: it may not have */
static int look_behind(int fd)
{
	struct statfs fs;
	void *p;

	if (fstatfs(fd, &fs) == 0 && fs.f_type != OVERLAYFS_SUPER_MAGIC)
		return 0;
	p = mmap(NULL, 1, PROT_NONE, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return -EIO;
	munmap(p, 1);
	return 0;
}

int ima_gate_point(struct ima_gate *g, int fd, struct ima_gate_point *ret)
{
	struct ima_gate_verdict v = { 0 };
	struct ima_gate_config c;
	struct ima_gate_live l;
	bool known;
	int r = ima_gate_read_config(g, &c);

	if (r == 0)
		r = look_behind(fd);
	if (r == 0)
		r = live_of(g, fd, &l);
	if (r < 0)
		return r;
	known = bpf_map_lookup_elem(bpf_map__fd(g->skel->maps.verdict_map), &fd, &v) == 0;
	*ret = (struct ima_gate_point){ .gen = l.gen, .epoch = c.epoch, .meta = l.meta, .attrs = l.attrs, .shared = l.shared_writable,
					.changed = known && v.gen != l.gen,
					.tainted = l.shared_writable != v.cleansed,
					.behind = l.behind };
	return 0;
}

static bool is_same_content(const struct ima_gate_verdict *a, const struct ima_gate_verdict *b)
{
	return a->gen == b->gen && a->behind.inode == b->behind.inode &&
	       a->behind.gen == b->behind.gen;
}

/* what another thread found of the same content after its pages were gone stands */
static bool is_surer(const struct ima_gate_verdict *old, const struct ima_gate_verdict *v, uint32_t shared)
{
	return old->epoch == v->epoch && is_same_content(old, v) && old->cleansed == shared;
}

/* of later content, or by later rules: what a slow thread found before does not replace it */
static bool is_newer(const struct ima_gate_verdict *old, const struct ima_gate_verdict *v)
{
	return old->epoch > v->epoch || (old->epoch == v->epoch && old->gen > v->gen);
}

/* under the lock: two threads may verify the same file */
static int merge(struct ima_gate *g, int fd, const struct ima_gate_verdict *v, uint32_t keep)
{
	const int map = bpf_map__fd(g->skel->maps.verdict_map);
	struct ima_gate_verdict now = *v, old;

	if (bpf_map_lookup_elem(map, &fd, &old) == 0) {
		if (is_newer(&old, v))
			return 0;
		now.flags |= old.flags & (IMA_GATE_MEASURED | IMA_GATE_NEW);
		now.reported = old.reported;
		now.evm = old.evm;
		now.evm_epoch = old.evm_epoch;
		now.meta = old.meta;
		if (!now.cleansed)
			now.cleansed = old.cleansed;
		if (is_same_content(&old, v))
			now.flags |= old.flags & IMA_GATE_PROGRAM;
		if (is_same_content(&old, v) && old.epoch == v->epoch) {
			now.seen |= old.seen;
			now.flags |= old.flags & keep;
		}
	}
	return bpf_map_update_elem(map, &fd, &now, BPF_ANY);
}

static uint32_t allowed_by_others(struct ima_gate *g, int fd, const struct ima_gate_verdict *v, uint32_t shared)
{
	struct ima_gate_verdict old;

	return bpf_map_lookup_elem(bpf_map__fd(g->skel->maps.verdict_map), &fd, &old) == 0 && is_surer(&old, v, shared) ?
		       old.allowed :
		       0;
}

int ima_gate_publish(struct ima_gate *g, int fd, const struct ima_gate_point *at,
		     const struct ima_gate_finding *found)
{
	struct ima_gate_verdict v = { .gen = at->gen, .epoch = at->epoch, .flags = found->flags,
				      .seen = found->seen, .allowed = found->allowed,
				      .unasked = found->unasked, .behind = at->behind,
				      .cleansed = at->tainted ? 0 : at->shared };
	struct ima_gate_live l;
	int r;

	pthread_mutex_lock(&g->verdict_lock);
	if (found->unsure)
		v.allowed = allowed_by_others(g, fd, &v, at->shared);
	r = merge(g, fd, &v, found->keep);
	/* changed meanwhile: the kernel half took the flag away before it was there */
	if (r == 0 && (v.flags & IMA_GATE_CACHED) && (live_of(g, fd, &l) < 0 || l.gen != at->gen)) {
		v.flags &= ~IMA_GATE_CACHED;
		r = merge(g, fd, &v, 0);
	}
	pthread_mutex_unlock(&g->verdict_lock);
	return r;
}

int ima_gate_publish_metadata(struct ima_gate *g, int fd, const struct ima_gate_point *at, uint32_t evm)
{
	const int map = bpf_map__fd(g->skel->maps.verdict_map);
	struct ima_gate_verdict v = { 0 };
	int r;

	pthread_mutex_lock(&g->verdict_lock);
	/* a verdict made here says nothing of the content: no use is seen or allowed by it */
	ima_ignore(bpf_map_lookup_elem(map, &fd, &v));
	v.evm = evm;
	v.evm_epoch = at->epoch;
	v.meta = at->meta;
	r = bpf_map_update_elem(map, &fd, &v, BPF_ANY);
	pthread_mutex_unlock(&g->verdict_lock);
	return r;
}

static int trust(struct ima_gate *g, const char *path, uint32_t flags)
{
	const struct ima_gate_finding found = { .allowed = UINT32_MAX, .unasked = UINT32_MAX,
						.flags = flags, .keep = IMA_GATE_CACHED };
	ima_cleanup(ima_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	const struct ima_gate_live fresh = { 0 };
	struct ima_gate_point at;

	if (fd < 0)
		return -errno;
	/* opened before the gate began, perhaps: then its life begins here */
	if (ima_gate_point(g, fd, &at) == -ENOENT)
		ima_ignore(bpf_map_update_elem(bpf_map__fd(g->skel->maps.live_map), &fd, &fresh,
					       BPF_NOEXIST));
	if (ima_gate_point(g, fd, &at) < 0)
		return -EIO;
	return ima_gate_publish(g, fd, &at, &found);
}

int ima_gate_trust_self(struct ima_gate *g)
{
	ima_cleanup(ima_fclosep) FILE *maps = fopen("/proc/self/maps", "re");
	char line[4352];
	int r;

	if (!maps)
		return -errno;
	r = trust(g, "/proc/self/exe", IMA_GATE_PROGRAM);
	while (fgets(line, sizeof(line), maps)) {
		const char *path = strchr(line, '/');
		int one;

		if (!path || !strstr(line, " r-xp "))
			continue;
		line[strcspn(line, "\n")] = 0;
		one = trust(g, path, 0);
		if (one < 0 && r == 0)
			r = one;
	}
	return r;
}

int ima_gate_trust_program(struct ima_gate *g, const char *path)
{
	return trust(g, path, IMA_GATE_PROGRAM);
}

int ima_gate_report(struct ima_gate *g, int fd, const struct ima_gate_context *c)
{
	const int map = bpf_map__fd(g->skel->maps.verdict_map);
	struct ima_gate_verdict v = { 0 };
	int r = 1;

	if (!g->skel->links.gate_file_release)
		return -ENOSYS;
	pthread_mutex_lock(&g->verdict_lock);
	ima_ignore(bpf_map_lookup_elem(map, &fd, &v));
	if (v.reported == c->closes + 1)
		r = 0;
	v.reported = c->closes + 1;
	if (r)
		ima_ignore(bpf_map_update_elem(map, &fd, &v, BPF_ANY));
	pthread_mutex_unlock(&g->verdict_lock);
	return r;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Loading, attaching, maps. Which programs fit this kernel is read from its BTF; whether it allows them is known by loading. */
#include "hook/gate/gate.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "hook/gate/pins.h"
/* generated */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wcast-qual"
#include "gate.skel.h"
#pragma GCC diagnostic pop

#define SETATTR_ARGS_NEW 3
#define LOG_SIZE (1U << 20)

struct ima_gate {
	struct gate_bpf *skel;
	char *pins; /* folder; NULL: nothing outlives us */
	char *log;  /* the verifier's, while loading */
	struct ring_buffer *ring;
	bool sees_keys;
	pthread_mutex_t ring_lock;
	pthread_mutex_t verdict_lock;
	void (*fn)(void *user, const struct ima_gate_record *r, size_t size);
	void *user;
};

_Static_assert((int)IMA_FUNC_FILE_CHECK == 1 && (int)IMA_FUNC_MMAP_CHECK == 2 &&
		       (int)IMA_FUNC_MMAP_CHECK_REQPROT == 3 && (int)IMA_FUNC_BPRM_CHECK == 4 &&
		       (int)IMA_FUNC_MODULE_CHECK == 7 && (int)IMA_FUNC_FIRMWARE_CHECK == 8 &&
		       (int)IMA_FUNC_KEXEC_KERNEL_CHECK == 9 &&
		       (int)IMA_FUNC_KEXEC_INITRAMFS_CHECK == 10 && (int)IMA_FUNC_POLICY_CHECK == 11 &&
		       (int)IMA_FUNC_CRITICAL_DATA == 14,
	       "the kernel half has its own list of funcs");

/* the library would print to stderr; what matters comes back as an error number */
static int keep_quiet(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	return 0;
}

/* how many arguments the kernel's hook takes; -1: it has no such hook */
static int hook_args(const struct btf *btf, const char *name)
{
	const int id = btf__find_by_name_kind(btf, name, BTF_KIND_FUNC);
	const struct btf_type *t = id > 0 ? btf__type_by_id(btf, (__u32)id) : NULL;

	t = t ? btf__type_by_id(btf, t->type) : NULL;
	return t ? (int)btf_vlen(t) : -1;
}

static void choose_programs(struct gate_bpf *s, const struct btf *btf)
{
	const int setattr = hook_args(btf, "bpf_lsm_inode_setattr");

	bpf_program__set_autoload(s->progs.gate_file_release,
				  hook_args(btf, "bpf_lsm_file_release") >= 0);
	bpf_program__set_autoload(s->progs.gate_file_truncate,
				  hook_args(btf, "bpf_lsm_file_truncate") >= 0);
	bpf_program__set_autoload(s->progs.gate_setattr_new, setattr >= SETATTR_ARGS_NEW);
	bpf_program__set_autoload(s->progs.gate_setattr_old,
				  setattr >= 0 && setattr < SETATTR_ARGS_NEW);
	/* the machine may have no probes: then keys alone are not seen */
	bpf_program__set_autoattach(s->progs.gate_key_begin, false);
	bpf_program__set_autoattach(s->progs.gate_key_end, false);
}

static int no_btf(struct ima_diag *diag)
{
	return ima_diag_text(diag, -ENOSYS,
			     "the kernel has no BTF (/sys/kernel/btf/vmlinux: CONFIG_DEBUG_INFO_BTF)");
}

/* the verifier's last words come before its statistics */
static int say_refused(struct ima_gate *g, int error, struct ima_diag *diag)
{
	const char *last = "";

	for (char *p = g->log, *line; (line = strsep(&p, "\n"));)
		if (*line && *line != '\t' && *line != '[' && strncmp(line, "processed ", 10))
			last = line;
	return ima_diag_text(diag, error, "loading the programs: %s%s%.200s", strerror(-error),
			     *last ? ": " : "", last);
}

static void attach_keys(struct ima_gate *g)
{
	struct gate_bpf *s = g->skel;

	s->links.gate_key_end = bpf_program__attach(s->progs.gate_key_end);
	if (s->links.gate_key_end)
		s->links.gate_key_begin = bpf_program__attach(s->progs.gate_key_begin);
	g->sees_keys = s->links.gate_key_begin != NULL;
}

static int load(struct ima_gate *g, struct ima_diag *diag)
{
	struct btf *btf = btf__load_vmlinux_btf();
	int r;

	if (!btf || libbpf_get_error(btf))
		return no_btf(diag);
	r = hook_args(btf, "bpf_lsm_file_open");
	if (r >= 0)
		choose_programs(g->skel, btf);
	btf__free(btf);
	if (r < 0)
		return ima_diag_text(diag, -ENOSYS, "the kernel lacks CONFIG_BPF_LSM");
	r = gate_bpf__load(g->skel);
	if (r < 0)
		return say_refused(g, r, diag);
	r = gate_bpf__attach(g->skel);
	if (r < 0)
		return ima_diag_text(diag, r, "attaching the programs: %s", strerror(-r));
	attach_keys(g);
	return 0;
}

/* without "bpf" among the active security modules the programs load, attach, and are never called */
static int check_active(struct ima_diag *diag)
{
	char text[512] = "";
	FILE *f = fopen("/sys/kernel/security/lsm", "re");
	size_t n;

	if (!f)
		return 0; /* cannot be read: the probe by an own open tells */
	n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = 0;
	for (char *save = NULL, *w = strtok_r(text, ",\n", &save); w; w = strtok_r(NULL, ",\n", &save))
		if (!strcmp(w, "bpf"))
			return 0;
	return ima_diag_text(diag, -ENOSYS, "bpf is not among the active security modules (lsm= on the kernel command line)");
}

static int open_object(struct ima_gate *g, struct ima_diag *diag)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .kernel_log_size = LOG_SIZE, .kernel_log_level = 1);

	memset(g->log, 0, LOG_SIZE);
	opts.kernel_log_buf = g->log;
	g->skel = gate_bpf__open_opts(&opts);
	return g->skel ? 0 : ima_diag_text(diag, -errno, "%s", strerror(errno));
}

static int begin(struct ima_gate *g, struct ima_diag *diag)
{
	int r;

	g->log = calloc(1, LOG_SIZE);
	if (!g->log)
		return -ENOMEM;
	r = open_object(g, diag);
	if (r == 0 && g->pins)
		r = ima_pins_maps(g->pins, g->skel->obj);
	if (r == 0)
		r = load(g, diag);
	if (r == -EINVAL && g->pins && ima_pins_clear(g->pins) > 0) {
		/* what an older imad left does not fit: begin anew */
		gate_bpf__destroy(g->skel);
		r = open_object(g, diag);
		if (r == 0)
			r = ima_pins_maps(g->pins, g->skel->obj);
		if (r == 0)
			r = load(g, diag);
	}
	free(g->log);
	g->log = NULL;
	return r;
}

static int pin_links(struct ima_gate *g, struct ima_diag *diag)
{
	const struct bpf_object_skeleton *s = g->skel->skeleton;
	int r = 0;

	/* the new programs are attached: those of before go one by one, and both hold meanwhile */
	for (int i = 0; r == 0 && i < s->prog_cnt; i++)
		if (*s->progs[i].link)
			r = ima_pins_link(g->pins, *s->progs[i].link, s->progs[i].name);
	return r < 0 ? ima_diag_text(diag, r, "pinning: %s", strerror(-r)) : 0;
}

int ima_gate_open(const char *pin_dir, struct ima_gate **ret, struct ima_diag *diag)
{
	struct ima_gate *g;
	int r;

	libbpf_set_print(keep_quiet);
	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	r = check_active(diag);
	if (r < 0)
		return r;
	g = calloc(1, sizeof(*g));
	if (!g)
		return -ENOMEM;
	pthread_mutex_init(&g->ring_lock, NULL);
	pthread_mutex_init(&g->verdict_lock, NULL);
	if (pin_dir)
		r = ima_pins_open(pin_dir, &g->pins, diag);
	else
		ima_pins_clear(IMA_GATE_PIN_DIR);
	if (r == 0)
		r = begin(g, diag);
	if (r == 0) {
		ima_gate_disown(g, 0);
		r = ima_gate_own(g, getpid());
	}
	if (r == 0)
		r = ima_gate_void(g);
	if (r == 0 && g->pins)
		r = pin_links(g, diag);
	if (r < 0) {
		ima_gate_free(g);
		return r;
	}
	*ret = g;
	return 0;
}

struct ima_gate *ima_gate_free(struct ima_gate *g)
{
	if (g) {
		ima_gate_ring_close(g);
		if (g->pins)
			ima_pins_clear(g->pins);
		free(g->pins);
		gate_bpf__destroy(g->skel);
		pthread_mutex_destroy(&g->ring_lock);
		pthread_mutex_destroy(&g->verdict_lock);
		free(g);
	}
	return NULL;
}

void ima_gate_keep(struct ima_gate *g, void (*keep)(void *user, int fd), void *user)
{
	const struct bpf_object_skeleton *s = g->skel->skeleton;

	for (int i = 0; i < s->map_cnt; i++)
		keep(user, bpf_map__fd(*s->maps[i].map));
	for (int i = 0; i < s->prog_cnt; i++) {
		keep(user, bpf_program__fd(*s->progs[i].prog));
		if (*s->progs[i].link)
			keep(user, bpf_link__fd(*s->progs[i].link));
	}
	/* the programs themselves stay with their links; the object's own BTF descriptor is one of ours */
	keep(user, bpf_object__btf_fd(g->skel->obj));
}

int ima_gate_own(struct ima_gate *g, int tgid)
{
	const __u32 key = (__u32)tgid, one = 1;

	return bpf_map_update_elem(bpf_map__fd(g->skel->maps.own_map), &key, &one, BPF_ANY);
}

void ima_gate_disown(struct ima_gate *g, int tgid)
{
	const int fd = bpf_map__fd(g->skel->maps.own_map);
	__u32 key, next;
	bool more = bpf_map_get_next_key(fd, NULL, &next) == 0;

	while (more) {
		key = next;
		more = bpf_map_get_next_key(fd, &key, &next) == 0;
		if ((int)key != tgid)
			ima_ignore(bpf_map_delete_elem(fd, &key));
	}
}

static int read_config(struct ima_gate *g, struct ima_gate_config *c)
{
	const __u32 zero = 0;

	return bpf_map_lookup_elem(bpf_map__fd(g->skel->maps.config_map), &zero, c);
}

static int write_config(struct ima_gate *g, const struct ima_gate_config *c)
{
	const __u32 zero = 0;

	return bpf_map_update_elem(bpf_map__fd(g->skel->maps.config_map), &zero, c, BPF_ANY);
}

int ima_gate_void(struct ima_gate *g)
{
	struct ima_gate_config c;
	int r = read_config(g, &c);

	c.epoch++;
	return r < 0 ? r : write_config(g, &c);
}

int ima_gate_set_rules(struct ima_gate *g, const struct ima_gate_rules *rules)
{
	struct ima_gate_config c;
	int r = read_config(g, &c);

	if (r < 0)
		return r;
	c.active = rules->active;
	c.enforced = rules->enforced;
	c.measures = rules->measures;
	c.tomtou_once = rules->tomtou_once;
	c.module_data = rules->module_data;
	return write_config(g, &c);
}

int ima_gate_watch(struct ima_gate *g, unsigned int major, unsigned int minor, bool on)
{
	const int fd = bpf_map__fd(g->skel->maps.fs_map);
	const __u32 dev = major << 20 | minor;
	const struct ima_gate_fs fs = { .flags = on ? IMA_GATE_FS_WATCHED : 0 };

	return bpf_map_update_elem(fd, &dev, &fs, BPF_ANY);
}

bool ima_gate_context(struct ima_gate *g, int tid, uint64_t ino, struct ima_gate_context *ret)
{
	const __u32 key = (__u32)tid;

	return bpf_map_lookup_elem(bpf_map__fd(g->skel->maps.context_map), &key, ret) == 0 &&
	       ret->ino == ino;
}

void ima_gate_forget_context(struct ima_gate *g, int tid)
{
	const __u32 key = (__u32)tid;

	ima_ignore(bpf_map_delete_elem(bpf_map__fd(g->skel->maps.context_map), &key));
}

static int live_of(struct ima_gate *g, int fd, struct ima_gate_live *ret)
{
	return bpf_map_lookup_elem(bpf_map__fd(g->skel->maps.live_map), &fd, ret);
}

int ima_gate_point(struct ima_gate *g, int fd, struct ima_gate_point *ret)
{
	struct ima_gate_verdict v = { 0 };
	struct ima_gate_config c;
	struct ima_gate_live l;
	int r = read_config(g, &c);

	if (r == 0)
		r = live_of(g, fd, &l);
	if (r < 0)
		return r;
	ima_ignore(bpf_map_lookup_elem(bpf_map__fd(g->skel->maps.verdict_map), &fd, &v));
	*ret = (struct ima_gate_point){ .gen = l.gen, .epoch = c.epoch, .shared = l.shared_writable,
					.tainted = l.shared_writable != v.cleansed };
	return 0;
}

/* under the lock: two threads may verify the same file */
static int merge(struct ima_gate *g, int fd, const struct ima_gate_verdict *v, uint32_t keep)
{
	const int map = bpf_map__fd(g->skel->maps.verdict_map);
	struct ima_gate_verdict now = *v, old;

	if (bpf_map_lookup_elem(map, &fd, &old) == 0) {
		now.flags |= old.flags & IMA_GATE_MEASURED;
		now.reported = old.reported;
		if (!now.cleansed)
			now.cleansed = old.cleansed;
		if (old.gen == v->gen && old.epoch == v->epoch) {
			now.seen |= old.seen;
			now.flags |= old.flags & keep;
		}
	}
	return bpf_map_update_elem(map, &fd, &now, BPF_ANY);
}

int ima_gate_publish(struct ima_gate *g, int fd, const struct ima_gate_point *at, uint32_t seen,
		     uint32_t allowed, uint32_t flags, uint32_t keep)
{
	struct ima_gate_verdict v = { .gen = at->gen, .epoch = at->epoch, .flags = flags,
				      .seen = seen, .allowed = allowed,
				      .cleansed = at->tainted ? 0 : at->shared };
	struct ima_gate_live l;
	int r;

	pthread_mutex_lock(&g->verdict_lock);
	r = merge(g, fd, &v, keep);
	/* changed meanwhile: the kernel half took the flag away before it was there */
	if (r == 0 && (flags & IMA_GATE_CACHED) && (live_of(g, fd, &l) < 0 || l.gen != at->gen)) {
		v.flags &= ~IMA_GATE_CACHED;
		r = merge(g, fd, &v, 0);
	}
	pthread_mutex_unlock(&g->verdict_lock);
	return r;
}

static int trust(struct ima_gate *g, const char *path)
{
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
	return ima_gate_publish(g, fd, &at, 0, UINT32_MAX, 0, IMA_GATE_CACHED);
}

int ima_gate_trust_self(struct ima_gate *g)
{
	ima_cleanup(ima_fclosep) FILE *maps = fopen("/proc/self/maps", "re");
	char line[4352];
	int r = 0;

	if (!maps)
		return -errno;
	while (fgets(line, sizeof(line), maps)) {
		const char *path = strchr(line, '/');
		int one;

		if (!path || !strstr(line, " r-xp "))
			continue;
		line[strcspn(line, "\n")] = 0;
		one = trust(g, path);
		if (one < 0 && r == 0)
			r = one;
	}
	return r;
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

static int on_record(void *user, void *data, size_t size)
{
	struct ima_gate *g = user;

	if (size >= sizeof(struct ima_gate_record))
		g->fn(g->user, data, size);
	return 0;
}

int ima_gate_ring_open(struct ima_gate *g,
		       void (*fn)(void *user, const struct ima_gate_record *r, size_t size),
		       void *user)
{
	g->fn = fn;
	g->user = user;
	g->ring = ring_buffer__new(bpf_map__fd(g->skel->maps.ring_map), on_record, g, NULL);
	return g->ring ? 0 : -errno;
}

void ima_gate_ring_close(struct ima_gate *g)
{
	pthread_mutex_lock(&g->ring_lock);
	if (g->ring)
		ring_buffer__free(g->ring);
	g->ring = NULL;
	pthread_mutex_unlock(&g->ring_lock);
}

void ima_gate_ring_wait(struct ima_gate *g, int timeout_ms)
{
	struct epoll_event e;

	ima_ignore(epoll_wait(ring_buffer__epoll_fd(g->ring), &e, 1, timeout_ms));
}

void ima_gate_ring_drain(struct ima_gate *g)
{
	pthread_mutex_lock(&g->ring_lock);
	if (g->ring)
		ima_ignore(ring_buffer__consume(g->ring));
	pthread_mutex_unlock(&g->ring_lock);
}

bool ima_gate_sees_keys(const struct ima_gate *g)
{
	return g->sees_keys;
}

uint64_t ima_gate_dropped(struct ima_gate *g)
{
	struct ima_gate_config c;

	return read_config(g, &c) < 0 ? 0 : c.dropped;
}

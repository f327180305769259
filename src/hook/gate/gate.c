/* SPDX-License-Identifier: BSD-2-Clause */
/* Loading, attaching, maps. Which programs fit this kernel is read from its BTF; whether it allows them is known by loading. */
#include "hook/gate/gate.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <bpf/btf.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "hook/gate/pins.h"
#include "hook/gate/state.h"
#define SETATTR_ARGS_NEW 3
#define LOG_SIZE (1U << 20)

_Static_assert((int)IMA_FUNC_FILE_CHECK == 1 && (int)IMA_FUNC_MMAP_CHECK == 2 &&
		       (int)IMA_FUNC_MMAP_CHECK_REQPROT == 3 && (int)IMA_FUNC_BPRM_CHECK == 4 &&
		       (int)IMA_FUNC_MODULE_CHECK == 7 && (int)IMA_FUNC_FIRMWARE_CHECK == 8 &&
		       (int)IMA_FUNC_KEXEC_KERNEL_CHECK == 9 &&
		       (int)IMA_FUNC_KEXEC_INITRAMFS_CHECK == 10 && (int)IMA_FUNC_POLICY_CHECK == 11 &&
		       (int)IMA_FUNC_CRITICAL_DATA == 14,
	       "the kernel half has its own list of funcs");

int ima_gate_read_config(struct ima_gate *g, struct ima_gate_config *c)
{
	const __u32 zero = 0;

	return bpf_map_lookup_elem(bpf_map__fd(g->skel->maps.config_map), &zero, c);
}

static int write_config(struct ima_gate *g, const struct ima_gate_config *c)
{
	const __u32 zero = 0;

	return bpf_map_update_elem(bpf_map__fd(g->skel->maps.config_map), &zero, c, BPF_ANY);
}

/* the library would print to stderr; what matters comes back as an error number */
static int keep_quiet(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	return 0;
}

/* hooks that some kernels lack or give other arguments */
enum hook {
	HOOK_FILE_OPEN,
	HOOK_FILE_RELEASE,
	HOOK_FILE_TRUNCATE,
	HOOK_FILE_POST_OPEN,
	HOOK_SETATTR,
	HOOK_SET_ACL,
	HOOK_REMOVE_ACL,
	HOOK_POST_MKNOD,
	HOOK__LAST,
};

#define HOOK_PREFIX "bpf_lsm_"
static const char *const hook_names[HOOK__LAST] = {
	[HOOK_FILE_OPEN] = "file_open",		  [HOOK_FILE_RELEASE] = "file_release",
	[HOOK_FILE_TRUNCATE] = "file_truncate",	  [HOOK_FILE_POST_OPEN] = "file_post_open",
	[HOOK_SETATTR] = "inode_setattr",	  [HOOK_SET_ACL] = "inode_set_acl",
	[HOOK_REMOVE_ACL] = "inode_remove_acl",	  [HOOK_POST_MKNOD] = "path_post_mknod",
};

struct hooks {
	int args[HOOK__LAST]; /* -1: the kernel has no such hook */
};

static void count_args(const struct btf *btf, const struct btf_type *func, const char *name,
		       struct hooks *hooks)
{
	const struct btf_type *type = btf__type_by_id(btf, func->type);

	for (int h = 0; type && h < HOOK__LAST; h++)
		if (!strcmp(name, hook_names[h]))
			hooks->args[h] = (int)btf_vlen(type);
}

/* one walk for all of them: a kernel has more than a hundred thousand types */
static void find_hooks(const struct btf *btf, struct hooks *ret)
{
	const size_t prefix_len = strlen(HOOK_PREFIX);
	const __u32 n = btf__type_cnt(btf);

	for (int h = 0; h < HOOK__LAST; h++)
		ret->args[h] = -1;
	for (__u32 id = 1; id < n; id++) {
		const struct btf_type *t = btf__type_by_id(btf, id);
		const char *name = btf_is_func(t) ? btf__name_by_offset(btf, t->name_off) : NULL;

		if (name && !strncmp(name, HOOK_PREFIX, prefix_len))
			count_args(btf, t, name + prefix_len, ret);
	}
}

static bool has(const struct hooks *hooks, enum hook h)
{
	return hooks->args[h] >= 0;
}

static void choose_programs(struct gate_bpf *s, const struct ima_gate_opts *opts,
			    const struct hooks *hooks)
{
	const int setattr = hooks->args[HOOK_SETATTR];

	bpf_program__set_autoload(s->progs.gate_file_release, has(hooks, HOOK_FILE_RELEASE));
	bpf_program__set_autoload(s->progs.gate_file_truncate, has(hooks, HOOK_FILE_TRUNCATE));
	bpf_program__set_autoload(s->progs.gate_file_post_open,
				  (opts->refuses || opts->outlives) && has(hooks, HOOK_FILE_POST_OPEN));
	bpf_program__set_autoload(s->progs.gate_set_acl, has(hooks, HOOK_SET_ACL));
	bpf_program__set_autoload(s->progs.gate_remove_acl, has(hooks, HOOK_REMOVE_ACL));
	bpf_program__set_autoload(s->progs.gate_post_mknod, has(hooks, HOOK_POST_MKNOD));
	bpf_program__set_autoload(s->progs.gate_setattr_new, setattr >= SETATTR_ARGS_NEW);
	bpf_program__set_autoload(s->progs.gate_setattr_old,
				  setattr >= 0 && setattr < SETATTR_ARGS_NEW);
	/* only a guard asks whether the supervisor lives */
	bpf_program__set_autoload(s->progs.gate_guard_exit, opts->guard != IMA_GATE_GUARD_OFF);
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

static int load(struct ima_gate *g, const struct ima_gate_opts *opts, struct ima_diag *diag)
{
	struct btf *btf = btf__load_vmlinux_btf();
	struct hooks hooks;
	int r;

	if (!btf || libbpf_get_error(btf))
		return no_btf(diag);
	find_hooks(btf, &hooks);
	btf__free(btf);
	if (!has(&hooks, HOOK_FILE_OPEN))
		return ima_diag_text(diag, -ENOSYS, "the kernel lacks CONFIG_BPF_LSM");
	choose_programs(g->skel, opts, &hooks);
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
	LIBBPF_OPTS(bpf_object_open_opts, opts, .kernel_log_size = LOG_SIZE);

	memset(g->log, 0, LOG_SIZE);
	opts.kernel_log_buf = g->log;
	g->skel = gate_bpf__open_opts(&opts);
	return g->skel ? 0 : ima_diag_text(diag, -errno, "%s", strerror(errno));
}

/* @takes_over: with the maps that an earlier imad left pinned, and so with its verdicts and records */
static int try_begin(struct ima_gate *g, const struct ima_gate_opts *opts, bool takes_over,
		     struct ima_diag *diag)
{
	int r = open_object(g, diag);

	if (r == 0 && takes_over)
		r = ima_pins_reuse(IMA_GATE_PIN_DIR, g->skel->obj);
	return r < 0 ? r : load(g, opts, diag);
}

static int begin(struct ima_gate *g, const struct ima_gate_opts *opts, struct ima_diag *diag)
{
	int r;

	g->log = calloc(1, LOG_SIZE);
	if (!g->log)
		return -ENOMEM;
	r = try_begin(g, opts, true, diag);
	if (r == -EINVAL && ima_pins_exist(IMA_GATE_PIN_DIR)) {
		/* what an older imad left does not fit: both hold until this one is attached */
		gate_bpf__destroy(g->skel);
		*diag = (struct ima_diag){ 0 };
		r = try_begin(g, opts, false, diag);
	}
	free(g->log);
	g->log = NULL;
	return r;
}

/* the new programs are attached: those of before go one by one, and both hold meanwhile */
static int pin_all(struct ima_gate *g)
{
	const struct bpf_object_skeleton *s = g->skel->skeleton;
	struct bpf_map *m;
	int r = 0;

	for (int i = 0; r == 0 && i < s->prog_cnt; i++)
		if (*s->progs[i].link)
			r = ima_pins_link(IMA_GATE_PIN_DIR, *s->progs[i].link, s->progs[i].name);
	bpf_object__for_each_map(m, g->skel->obj) {
		if (r == 0 && !bpf_map__is_internal(m))
			r = ima_pins_map(IMA_GATE_PIN_DIR, m);
	}
	if (r == 0)
		ima_pins_sweep(IMA_GATE_PIN_DIR, g->skel->obj);
	g->pinned = r == 0;
	return r;
}

static int pin(struct ima_gate *g, const struct ima_gate_opts *opts, struct ima_diag *diag)
{
	int r;

	if (!opts->outlives) {
		ima_pins_clear(IMA_GATE_PIN_DIR);
		return 0;
	}
	r = pin_all(g);
	return r < 0 ? ima_diag_text(diag, r, "pinning: %s", strerror(-r)) : 0;
}

static int name_guarded(struct ima_gate *g)
{
	const int map = bpf_map__fd(g->skel->maps.guarded_map);
	const __u32 one = 1;
	struct bpf_map *m;

	bpf_object__for_each_map(m, g->skel->obj) {
		struct bpf_map_info info = { 0 };
		__u32 size = sizeof(info);
		int r;

		if (bpf_map__is_internal(m))
			continue; /* constants; new with each load */
		r = bpf_obj_get_info_by_fd(bpf_map__fd(m), &info, &size);
		if (r == 0)
			r = bpf_map_update_elem(map, &info.id, &one, BPF_ANY);
		if (r < 0)
			return r;
	}
	return 0;
}

/* last: nothing of this start is in its own way */
static int raise_guard(struct ima_gate *g, const struct ima_gate_opts *opts)
{
	struct ima_gate_config c;
	struct stat st;
	int r = name_guarded(g);

	if (r == 0)
		r = ima_gate_read_config(g, &c);
	if (r < 0)
		return r;
	c.guard = opts->guard;
	c.supervised = 1;
	c.pins_dev = 0;
	c.pins_ino = 0;
	if (opts->outlives && stat(IMA_GATE_PIN_DIR, &st) == 0) {
		c.pins_dev = major(st.st_dev) << 20 | minor(st.st_dev);
		c.pins_ino = st.st_ino;
	}
	return write_config(g, &c);
}

static int own(struct ima_gate *g, int tid, uint32_t bits)
{
	const int map = bpf_map__fd(g->skel->maps.own_map);
	ima_cleanup(ima_closep) int pidfd = (int)syscall(SYS_pidfd_open, tid, 0);
	__u32 value = 0;

	if (pidfd < 0)
		return errno == EINVAL || errno == ENOENT ? 0 : -errno; /* a thread: its first one is known */
	ima_ignore(bpf_map_lookup_elem(map, &pidfd, &value));
	value |= bits;
	return bpf_map_update_elem(map, &pidfd, &value, BPF_ANY);
}

int ima_gate_own(struct ima_gate *g, int tid)
{
	return own(g, tid, IMA_GATE_OWN_PROCESS);
}

int ima_gate_open(const struct ima_gate_opts *opts, struct ima_gate **ret, struct ima_diag *diag)
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
	ima_gate_ring_init(g);
	pthread_mutex_init(&g->verdict_lock, NULL);
	if (opts->outlives)
		r = ima_pins_open(IMA_GATE_PIN_DIR, diag);
	if (r == 0)
		r = begin(g, opts, diag);
	if (r == 0)
		r = own(g, getpid(), IMA_GATE_OWN_PROCESS | IMA_GATE_OWN_SUPERVISOR);
	if (r == 0)
		r = pin(g, opts, diag);
	if (r == 0)
		r = raise_guard(g, opts);
	if (r < 0 && !diag->text[0])
		ima_ignore(ima_diag_text(diag, r, "filling the maps: %s", strerror(-r)));
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
		ima_gate_ring_destroy(g);
		if (!g->left)
			ima_pins_clear(IMA_GATE_PIN_DIR);
		gate_bpf__destroy(g->skel);
		pthread_mutex_destroy(&g->verdict_lock);
		free(g);
	}
	return NULL;
}

/* opens on a file system without an entry are told, and so are listed later */
static int forget_file_systems(struct ima_gate *g)
{
	const int map = bpf_map__fd(g->skel->maps.fs_map);
	__u32 key;

	while (bpf_map_get_next_key(map, NULL, &key) == 0)
		if (bpf_map_delete_elem(map, &key) < 0)
			return -errno;
	return 0;
}

int ima_gate_leave(struct ima_gate *g, struct ima_diag *diag)
{
	int r = g->pinned ? 0 : ima_pins_open(IMA_GATE_PIN_DIR, diag);

	if (r == 0 && !g->pinned)
		r = pin_all(g);
	if (r == 0)
		r = forget_file_systems(g);
	g->left = r == 0;
	return r;
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

int ima_gate_void(struct ima_gate *g)
{
	struct ima_gate_config c;
	int r = ima_gate_read_config(g, &c);

	c.epoch++;
	return r < 0 ? r : write_config(g, &c);
}

int ima_gate_set_rules(struct ima_gate *g, const struct ima_gate_rules *rules)
{
	struct ima_gate_config c;
	int r = ima_gate_read_config(g, &c);

	if (r < 0)
		return r;
	c.active = rules->active;
	c.enforced = rules->enforced;
	c.appraised = rules->appraised;
	c.label_algos = rules->label_algos;
	c.label_default = rules->label_default;
	c.evm = rules->evm;
	c.evm_mode = rules->evm_mode;
	c.evm_version = rules->evm_version;
	c.measures = rules->measures;
	c.tomtou_once = rules->tomtou_once;
	c.module_data = rules->module_data;
	return write_config(g, &c);
}

static bool has_name(const struct ima_gate_name *names, size_t n, const struct ima_gate_name *name)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(names[i].text, name->text))
			return true;
	return false;
}

int ima_gate_cover(struct ima_gate *g, const struct ima_gate_name *names, size_t n)
{
	const int map = bpf_map__fd(g->skel->maps.covered_map);
	const __u32 one = 1;
	struct ima_gate_name key;
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = bpf_map_update_elem(map, &names[i], &one, BPF_ANY);
	/* an earlier imad's that are not ours; what is deleted begins the walk anew */
	for (void *at = NULL; r == 0 && bpf_map_get_next_key(map, at, &key) == 0;) {
		at = &key;
		if (!has_name(names, n, &key)) {
			r = bpf_map_delete_elem(map, &key);
			at = NULL;
		}
	}
	return r;
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

bool ima_gate_refuse_open(struct ima_gate *g, int tid, const struct ima_gate_context *c)
{
	struct ima_gate_context refused = *c;
	const __u32 key = (__u32)tid;

	refused.kind |= IMA_GATE_KIND_REFUSED;
	return g->skel->links.gate_file_post_open &&
	       bpf_map_update_elem(bpf_map__fd(g->skel->maps.context_map), &key, &refused, BPF_ANY) == 0;
}

bool ima_gate_sees_keys(const struct ima_gate *g)
{
	return g->sees_keys;
}

uint64_t ima_gate_dropped(struct ima_gate *g)
{
	struct ima_gate_config c;

	return ima_gate_read_config(g, &c) < 0 ? 0 : c.dropped;
}

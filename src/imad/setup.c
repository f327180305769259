/* SPDX-License-Identifier: BSD-2-Clause */
/* Opening everything once, before any mark is set. */
#include "imad/setup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "control/control.h"
#include "imad/handover.h"

#define LOCK_TRIES 250
#define LOCK_WAIT_US 20000

static int join(char **ret, const char *dir, const char *name)
{
	return asprintf(ret, "%s/%s", dir, name) < 0 ? -ENOMEM : 0;
}

static int make_run_dir(const char *path, struct ima_diag *diag)
{
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return ima_diag_text(diag, -errno, "%s: %s", path, strerror(errno));
	return 0;
}

/* the supervisor was killed and its worker is on its way out: it lets go within two seconds */
static bool holder_is_gone(int fd)
{
	char text[32] = "";
	const ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
	const long pid = n > 0 ? strtol(text, NULL, 10) : 0;

	return pid > 0 && kill((pid_t)pid, 0) < 0 && errno == ESRCH;
}

static bool lock_file(int fd)
{
	for (int i = 0; i < LOCK_TRIES; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return true;
		if (errno != EWOULDBLOCK || !holder_is_gone(fd))
			return false;
		usleep(LOCK_WAIT_US);
	}
	return false;
}

static int held_by(int fd, const char *path, struct ima_diag *diag)
{
	char pid[32] = "";
	ssize_t n = pread(fd, pid, sizeof(pid) - 1, 0);

	if (n > 0)
		pid[strcspn(pid, "\n")] = 0;
	return ima_diag_text(diag, -EBUSY, "another imad runs: process %s holds %s",
			     pid[0] ? pid : "(unknown)", path);
}

static int take_lock(struct imad_host *h, const char *run_dir, struct ima_diag *diag)
{
	ima_cleanup(ima_freep) char *path = NULL;
	char pid[32];
	int r = join(&path, run_dir, "lock");

	if (r < 0)
		return r;
	h->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (h->lock_fd < 0)
		return ima_diag_text(diag, -errno, "%s: %s", path, strerror(errno));
	if (!lock_file(h->lock_fd))
		return errno == EWOULDBLOCK || errno == ESRCH ? held_by(h->lock_fd, path, diag) : -errno;
	snprintf(pid, sizeof(pid), "%d\n", getpid());
	if (ftruncate(h->lock_fd, 0) < 0 ||
	    pwrite(h->lock_fd, pid, strlen(pid), 0) != (ssize_t)strlen(pid))
		return ima_diag_text(diag, -EIO, "%s cannot be written", path);
	return 0;
}

static int open_journal(struct imad_host *h, const char *state_dir, struct ima_diag *diag)
{
	struct imad_setup *s = &h->setup;
	int r = imad_journal_path(state_dir, &s->journal_path, s->boot_id, diag);

	if (r < 0)
		return r;
	s->journal_fd = open(s->journal_path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (s->journal_fd < 0)
		return ima_diag_text(diag, -errno, "%s: %s", s->journal_path, strerror(errno));
	return 0;
}

/* the kernel's securityfs, not a view of ours */
static bool kernel_ima_active(void)
{
	struct statfs sf;

	return statfs("/sys/kernel/security/integrity/ima", &sf) == 0 &&
	       sf.f_type == SECURITYFS_MAGIC;
}

static int check_kernel_ima(struct imad_host *h, const struct imad_config *c,
			    struct ima_diag *diag)
{
	h->setup.kernel_ima = kernel_ima_active();
	if (!h->setup.kernel_ima || c->allow_kernel_ima || c->pcr_given ||
	    !strcmp(c->tpm, "embedded") || !strcmp(c->tpm, "none"))
		return 0;
	return ima_diag_text(diag, -EBUSY,
			     "the kernel's own IMA is active and extends PCR 10: choose another PCR with --pcr, another TPM "
			     "with --tpm, or allow both with --allow-kernel-ima 1");
}

/* every waiting access holds a descriptor: as many as may be had */
static void raise_limits(void)
{
	struct rlimit want = { .rlim_cur = 65536, .rlim_max = 65536 };
	struct rlimit have;

	if (getrlimit(RLIMIT_NOFILE, &have) < 0 || have.rlim_cur >= want.rlim_cur)
		return;
	if (have.rlim_max > want.rlim_max)
		want.rlim_max = have.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &want) == 0)
		return;
	have.rlim_cur = have.rlim_max;
	ima_ignore(setrlimit(RLIMIT_NOFILE, &have));
}

/* the gate where the kernel allows it; else, unless it was asked for, fanotify alone with the kernel's reason */
static int open_tier(struct imad_host *h, const struct imad_config *c, struct ima_diag *diag)
{
	struct ima_diag why = { 0 };
	int r = -ENOTSUP;

	if (strcmp(c->tier, "fanotify")) {
		r = ima_hook_gate.open(&h->hook_opts, &h->setup.hook, &why);
		if (r == 0) {
			snprintf(h->setup.tier_reason, sizeof(h->setup.tier_reason),
				 "BPF LSM programs and fanotify permission events work");
			return 0;
		}
		if (!strcmp(c->tier, "gate"))
			return ima_diag_text(diag, r, "tier gate: %s", why.text);
	}
	r = ima_hook_fanotify.open(&h->hook_opts, &h->setup.hook, diag);
	if (r < 0)
		return r;
	snprintf(h->setup.tier_reason, sizeof(h->setup.tier_reason),
		 "fanotify permission events work; no gate: %s",
		 why.text[0] ? why.text : "not asked for (tier = fanotify)");
	return 0;
}

static int open_hook(struct imad_host *h, const struct imad_config *c, struct ima_diag *diag)
{
	const char *const *scopes = (const char *const *)c->scopes;
	int r;

	h->hook_opts = (struct ima_hook_opts){
		.scope_mounts = c->n_scopes ? scopes : NULL,
		.view_mount = strcmp(c->mount_point, "none") ? c->mount_point : NULL,
		.list_fd = h->setup.journal_fd,
		.deadline_ms = c->deadline_ms,
		.settle_ms = c->settle_ms,
		.n_threads = c->threads,
		.violations_once = imad_config_violations_once(c),
		.fail_closed = c->fail_closed,
		.outlives = c->fail_closed,
		.guard = c->guard,
		.appraises = imad_config_appraises(c),
		.init_module_data = c->profile != IMA_PROFILE_6_1,
		.lsm = c->lsm,
	};
	r = open_tier(h, c, diag);
	h->no_hook = r < 0;
	if (r < 0)
		return r;
	h->setup.hook->ops->exempt(h->setup.hook, getpid());
	return 0;
}

static int share(size_t size, void **ret)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return -errno;
	*ret = p;
	return 0;
}

static int open_shared(struct imad_host *h)
{
	void *shared = NULL, *memory = NULL;
	int r = share(sizeof(*h->setup.shared), &shared);

	if (r == 0)
		r = share(ima_monitor_memory_size(), &memory);
	h->setup.shared = shared;
	h->setup.memory = memory;
	if (r == 0 && imad_handover_take(&h->setup) < 0)
		fprintf(stderr, "imad: what the imad before knew of files cannot be read: labels do not follow what was being written\n");
	return r;
}

static int find_program(struct imad_host *h)
{
	char path[PATH_MAX];
	const ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (n < 0)
		return -errno;
	path[n] = 0;
	h->setup.program = strdup(path);
	return h->setup.program ? 0 : -ENOMEM;
}

/* the rules of an earlier imad are not ours: this one begins with its own settings */
static int open_policy_copy(struct imad_host *h, const char *run_dir)
{
	int r = join(&h->setup.policy_copy, run_dir, "policy");

	if (r == 0 && unlink(h->setup.policy_copy) < 0 && errno != ENOENT)
		r = -errno;
	return r;
}

int imad_host_open(struct imad_config *c, struct imad_host *ret, struct ima_diag *diag)
{
	struct imad_host *h = ret;
	struct timespec now;
	int r;

	*h = (struct imad_host){ .lock_fd = -EBADF };
	h->setup = (struct imad_setup){ .config = c, .journal_fd = -EBADF, .control_fd = -EBADF,
					.started = (uint64_t)time(NULL) };
	clock_gettime(CLOCK_BOOTTIME, &now);
	h->setup.instance = (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
	r = make_run_dir(c->run_dir, diag);
	if (r == 0)
		r = take_lock(h, c->run_dir, diag);
	if (r == 0)
		r = check_kernel_ima(h, c, diag);
	if (r == 0)
		r = open_journal(h, c->state_dir, diag);
	if (r == 0)
		r = open_policy_copy(h, c->run_dir);
	if (r == 0)
		r = join(&h->control_path, c->run_dir, "control");
	if (r == 0)
		r = ima_control_listen(h->control_path, &h->setup.control_fd);
	raise_limits();
	if (r == 0)
		r = ima_hasher_new(&h->hasher);
	if (r == 0)
		r = find_program(h);
	if (r == 0)
		r = open_shared(h);
	if (r == 0)
		r = open_hook(h, c, diag);
	if (r < 0 && !diag->text[0])
		ima_ignore(ima_diag_text(diag, r, "%s", strerror(-r)));
	return r;
}

void imad_host_close(struct imad_host *h)
{
	ima_hasher_free(h->hasher);
	if (h->setup.hook)
		h->setup.hook->ops->free(h->setup.hook);
	if (h->setup.shared)
		munmap(h->setup.shared, sizeof(*h->setup.shared));
	if (h->setup.memory)
		munmap(h->setup.memory, ima_monitor_memory_size());
	if (h->setup.control_fd >= 0)
		unlink(h->control_path);
	ima_close(h->setup.control_fd);
	ima_close(h->setup.journal_fd);
	if (h->setup.policy_copy && h->lock_fd >= 0)
		unlink(h->setup.policy_copy);
	ima_close(h->lock_fd);
	free(h->setup.journal_path);
	free(h->setup.program);
	free(h->setup.policy_copy);
	free(h->control_path);
}

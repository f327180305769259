/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * execve and execveat: the program, the interpreter of each script level, the loader that an ELF file names. All are measured before
 * the call goes on; it then goes on with the task's own arguments. binfmt_misc's interpreters are not known here.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <syslog.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "hook/elf.h"
#include "hook/trace/call.h"

#define MAX_LEVELS 5 /* scripts that name scripts: as the kernel */
#define SCRIPT_HEAD 256

/* what the program file names next: another path to look at, 0 nothing, -errno refuses the call */
struct next {
	char path[PATH_MAX];
	bool loader; /* an ELF file's: mapped, not run as a program */
};

/* "#! interpreter argument": the first word of the line */
static void read_script(int fd, struct next *ret)
{
	char head[SCRIPT_HEAD + 1];
	const ssize_t n = pread(fd, head, SCRIPT_HEAD, 0);
	const char *p = head + 2;

	if (n < 2)
		return;
	head[n] = 0;
	head[strcspn(head, "\n")] = 0;
	p += strspn(p, " \t");
	snprintf(ret->path, sizeof(ret->path), "%.*s", (int)strcspn(p, " \t"), p);
}

static void read_loader(int fd, const struct ima_elf *elf, struct next *ret)
{
	const size_t len = elf->interp_len < sizeof(ret->path) ? (size_t)elf->interp_len : 0;

	if (len < 2 || pread(fd, ret->path, len, (off_t)elf->interp_offset) != (ssize_t)len)
		return;
	ret->path[len - 1] = 0;
	ret->loader = true;
}

/* its system calls have other numbers, and would end it */
static bool is_foreign(const struct ima_trace_call *c, const struct ima_elf *elf)
{
	return elf->elf && sizeof(void *) == 8 && !elf->is64 && !c->t->opts.best_effort;
}

static void add_checks(struct ima_trace_call *c, const struct ima_elf *elf, bool loader)
{
	ima_trace_add_check(c, IMA_FUNC_FILE_CHECK, IMA_MAY_EXEC);
	if (!loader) {
		ima_trace_add_check(c, IMA_FUNC_BPRM_CHECK, IMA_MAY_EXEC);
		ima_trace_add_check(c, IMA_FUNC_CREDS_CHECK, IMA_MAY_EXEC);
	}
	if (elf->elf)
		ima_trace_add_mmap(c);
}

static int measure_program(struct ima_trace_call *c, int path_fd, const struct ima_trace_stat *st, bool loader, struct next *ret)
{
	ima_cleanup(ima_closep) int fd = ima_trace_reopen(c, path_fd, O_RDONLY | O_NONBLOCK);
	struct ima_elf elf;

	if (fd < 0)
		return ima_trace_unmeasured(c, c->text, fd) ? 0 : -EPERM;
	ima_elf_probe(fd, &elf);
	if (is_foreign(c, &elf)) {
		ima_trace_say(c, LOG_ERR, "%s: a 32-bit program cannot be measured, and is not run", c->text);
		return -EPERM;
	}
	if (elf.script)
		read_script(fd, ret);
	else if (elf.has_interp && !loader)
		read_loader(fd, &elf, ret);
	ima_trace_begin_file(c, st);
	add_checks(c, &elf, loader);
	return ima_trace_use(c, fd);
}

static bool may_run(const struct stat *st)
{
	return S_ISREG(st->st_mode) && (st->st_mode & 0111);
}

/* one file of the chain; 1: @ret names the next */
static int look_at(struct ima_trace_call *c, int dirfd, int at_flags, bool loader, struct next *ret)
{
	const uint64_t nofollow = at_flags & AT_SYMLINK_NOFOLLOW ? O_NOFOLLOW : 0;
	ima_cleanup(ima_closep) int path_fd = ima_trace_open_as(c, dirfd, c->text, at_flags, O_PATH | nofollow, 0);
	struct ima_trace_stat st;
	int r;

	if (path_fd == -EXDEV)
		return ima_trace_unmeasured(c, c->text, path_fd) ? 0 : -EPERM;
	/* the kernel has the better word for what is missing or cannot be run */
	if (path_fd < 0 || ima_trace_stat(path_fd, "", &st) < 0 || !may_run(&st.st))
		return 0;
	r = measure_program(c, path_fd, &st, loader, ret);
	return r < 0 ? r : ret->path[0] != 0;
}

static int look_at_all(struct ima_trace_call *c, int dirfd, int at_flags)
{
	struct next next = { 0 };
	int r = look_at(c, dirfd, at_flags, false, &next);

	for (int level = 0; r == 1 && level < MAX_LEVELS; level++) {
		const bool loader = next.loader;

		snprintf(c->text, sizeof(c->text), "%s", next.path);
		next = (struct next){ 0 };
		r = look_at(c, AT_FDCWD, 0, loader, &next);
	}
	return r < 0 ? r : 0;
}

void ima_trace_exec(struct ima_trace_call *c)
{
	const uint64_t *arg = (const uint64_t *)c->req->data.args;
	const bool at = c->req->data.nr == SYS_execveat;
	int r = ima_trace_read_text(c, at ? arg[1] : arg[0]);

	if (r == 0)
		r = look_at_all(c, at ? (int)arg[0] : AT_FDCWD, at ? (int)arg[4] : 0);
	else if (r == -EPERM)
		r = ima_trace_unmeasured(c, "a program", r) ? 0 : -EPERM;
	else
		r = 0; /* no readable path: the kernel says what is wrong with it */
	if (r < 0) {
		ima_trace_fail(c, r);
		return;
	}
	atomic_fetch_add(&c->t->n.programs, 1);
	ima_trace_go_on(c);
}

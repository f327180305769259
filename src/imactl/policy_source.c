/* SPDX-License-Identifier: BSD-2-Clause */
/* The rules and the event that a question is about. */
#include "imactl/policy_source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "base/buffer.h"
#include "base/fsuuid.h"
#include "base/hex.h"
#include "base/mounts.h"
#include "imactl/sources.h"

#define POLICY_MAX (16U << 20)

static int load_file(struct ima_policy *p, const char *file)
{
	ima_cleanup(ima_freep) uint8_t *text = NULL;
	struct ima_diag diag = { 0 };
	size_t len = 0;
	int r = imactl_read_file(file, POLICY_MAX, &text, &len);

	if (r < 0)
		return imactl_fail(EXIT_UNABLE, "%s: %s", file, strerror(-r));
	r = ima_policy_load(p, (struct ima_bytes){ text, len }, &diag);
	return r < 0 ? imactl_fail_diag(r == -ENOMEM ? EXIT_UNABLE : EXIT_BAD, file, &diag, r) : 0;
}

static int load_builtin(struct ima_policy *p, const char *words)
{
	struct ima_diag diag = { 0 };
	int r = ima_policy_builtin(p, words, &diag);

	if (r == -ENOENT)
		return imactl_fail(EXIT_USAGE, "%s", diag.text);
	return r < 0 ? imactl_fail(EXIT_UNABLE, "out of memory") : 0;
}

static int load_live(struct ima_policy *p, const char *control)
{
	struct ima_diag diag = { 0 };
	json_t *reply = NULL;
	const char *text;
	int r = imactl_ask(control, "policy_show", &reply, &diag);

	text = json_string_value(json_object_get(reply, "text"));
	if (r == 0 && text && *text)
		r = ima_policy_load(p, (struct ima_bytes){ (const uint8_t *)text, strlen(text) }, &diag);
	json_decref(reply);
	return r < 0 ? imactl_fail(EXIT_UNABLE, "%s; name the rules with --policy or --builtin",
				   diag.text)
		     : 0;
}

int imactl_policy_open(const struct policy_source *s, struct ima_policy **ret)
{
	const struct ima_policy_opts opts = { .profile = s->profile, .lsm_available = true };
	struct ima_policy *p = NULL;
	int r;

	if (ima_policy_new(&opts, &p) < 0)
		return imactl_fail(EXIT_UNABLE, "out of memory");
	r = s->file ? load_file(p, s->file)
	    : s->builtin ? load_builtin(p, s->builtin)
			 : load_live(p, s->control);
	if (r) {
		ima_policy_free(p);
		return r;
	}
	*ret = p;
	return 0;
}

static int number(const char *option, const char *text, uint32_t *ret)
{
	char *end;
	unsigned long long n;

	errno = 0;
	n = strtoull(text, &end, 10);
	if (errno || *end || *text < '0' || *text > '9' || n >= UINT32_MAX)
		return imactl_fail(EXIT_USAGE, "--%s %s: not a number below 4294967295", option, text);
	*ret = (uint32_t)n;
	return 0;
}

static int mask(struct event_facts *f, const char *text)
{
	f->has_mask = true;
	return ima_mask_parse(text, &f->ev.mask) < 0
		       ? imactl_fail(EXIT_USAGE, "--mask %s: not MAY_EXEC, MAY_WRITE, MAY_READ, MAY_APPEND joined by |",
				     text)
		       : 0;
}

static int magic(struct event_facts *f, const char *text)
{
	char *end;

	errno = 0;
	f->ev.fsmagic = strtoull(text, &end, 16);
	f->has_fsmagic = true;
	return errno || *end || !*text ? imactl_fail(EXIT_USAGE, "--fsmagic %s: not a hexadecimal number", text)
				       : 0;
}

static int uuid(struct event_facts *f, const char *text)
{
	f->has_fsuuid = true;
	return ima_hex_uuid(text, f->ev.fsuuid) < 0 ? imactl_fail(EXIT_USAGE, "--fsuuid %s: not a UUID", text)
						    : 0;
}

static int identity(struct event_facts *f, int which, const char *text)
{
	static const char *const names[] = { "uid", "euid", "suid", "gid", "egid", "sgid" };
	uint32_t *const ids[] = { &f->ev.uid, &f->ev.euid, &f->ev.suid,
				  &f->ev.gid, &f->ev.egid, &f->ev.sgid };

	f->has[which] = true;
	return number(names[which], text, ids[which]);
}

static int func(struct event_facts *f, const char *text)
{
	f->has_func = true;
	return ima_func_by_name(text, strlen(text), &f->ev.func) < 0
		       ? imactl_fail(EXIT_USAGE, "--func %s: no such func", text)
		       : 0;
}

int imactl_facts_option(struct event_facts *f, int val, const char *text)
{
	switch (val) {
	case FACT_FUNC:
		return func(f, text);
	case FACT_MASK:
		return mask(f, text);
	case FACT_FOWNER:
		f->has_fowner = true;
		return number("fowner", text, &f->ev.fowner);
	case FACT_FGROUP:
		f->has_fgroup = true;
		return number("fgroup", text, &f->ev.fgroup);
	case FACT_FSMAGIC:
		return magic(f, text);
	case FACT_FSNAME:
		snprintf(f->fsname, sizeof(f->fsname), "%s", text);
		return 0;
	case FACT_FS_SUBTYPE:
		snprintf(f->fs_subtype, sizeof(f->fs_subtype), "%s", text);
		return 0;
	case FACT_FSUUID:
		return uuid(f, text);
	case FACT_DATA:
		f->ev.func_data = (struct ima_bytes){ (const uint8_t *)text, strlen(text) };
		return 0;
	case FACT_NO_CAPS:
		f->has_caps = true;
		return 0;
	default:
		return identity(f, val - FACT_UID, text);
	}
}

void imactl_facts_subject(struct event_facts *f)
{
	struct ima_policy_event *e = &f->ev;

	if (!f->has[1])
		e->euid = e->uid;
	if (!f->has[2])
		e->suid = e->euid;
	if (!f->has[4])
		e->egid = e->gid;
	if (!f->has[5])
		e->sgid = e->egid;
	if (!f->has_caps)
		e->cap_setuid = e->cap_setgid = e->euid == 0;
}

static void read_mount(struct event_facts *f, const struct stat *st)
{
	ima_cleanup(ima_closep) int fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	struct ima_mounts m = { 0 };

	if (fd < 0 || ima_mounts_read(fd, &m) < 0)
		return;
	for (size_t i = 0; i < m.n; i++) {
		if (makedev(m.items[i].major, m.items[i].minor) != st->st_dev)
			continue;
		snprintf(f->fsname, sizeof(f->fsname), "%s", m.items[i].fstype);
		if (m.items[i].subtype && !f->fs_subtype[0])
			snprintf(f->fs_subtype, sizeof(f->fs_subtype), "%s", m.items[i].subtype);
		break;
	}
	ima_mounts_done(&m);
}

int imactl_facts_file(struct event_facts *f, int fd)
{
	struct statfs sf;
	struct stat st;

	if (fstat(fd, &st) < 0 || fstatfs(fd, &sf) < 0)
		return -errno;
	f->ev.has_inode = true;
	if (!f->has_fowner)
		f->ev.fowner = st.st_uid;
	if (!f->has_fgroup)
		f->ev.fgroup = st.st_gid;
	if (!f->has_fsmagic)
		f->ev.fsmagic = (uint64_t)sf.f_type;
	if (!f->fsname[0])
		read_mount(f, &st);
	f->ev.fsname = f->fsname;
	f->ev.fs_subtype = f->fs_subtype[0] ? f->fs_subtype : NULL;
	if (!f->has_fsuuid)
		ima_fs_uuid(fd, f->ev.fsuuid);
	return 0;
}

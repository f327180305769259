/* SPDX-License-Identifier: BSD-2-Clause */
/* One rule against one event, and against what is known of a file system only. */
#include <string.h>

#include "core/policy/rule.h"

static bool holds(const struct ima_id_cond *c, uint32_t id)
{
	switch (c->op) {
	case '<':
		return id < c->value;
	case '>':
		return id > c->value;
	default:
		return id == c->value;
	}
}

static bool is_item(const char *items, struct ima_bytes name)
{
	for (;;) {
		const size_t len = strcspn(items, "|");

		if (len == name.len && !memcmp(items, name.data, len))
			return true;
		if (!items[len])
			return false;
		items += len + 1;
	}
}

static bool has_data_func(enum ima_func f)
{
	return f == IMA_FUNC_KEY_CHECK || f == IMA_FUNC_CRITICAL_DATA;
}

/* keys and critical data: func, uid and the list of names; nothing else is looked at */
static uint32_t data_mismatch(const struct ima_rule *r, const struct ima_policy_event *ev)
{
	if (!(r->given & RULE_FUNC) || r->func != ev->func)
		return RULE_FUNC;
	if ((r->given & RULE_UID) && !holds(&r->uid, ev->uid))
		return RULE_UID;
	if (!r->items || (ev->func_data.len && is_item(r->items, ev->func_data)))
		return 0;
	return r->given & (RULE_KEYRINGS | RULE_LABEL);
}

static bool same_name(const char *want, const char *have)
{
	return have && !strcmp(want, have);
}

static uint32_t fs_mismatch(const struct ima_rule *r, const struct ima_policy_event *ev)
{
	if ((r->given & RULE_FSMAGIC) && r->fsmagic != ev->fsmagic)
		return RULE_FSMAGIC;
	if ((r->given & RULE_FSNAME) && !same_name(r->fsname, ev->fsname))
		return RULE_FSNAME;
	if ((r->given & RULE_FS_SUBTYPE) && !same_name(r->fs_subtype, ev->fs_subtype))
		return RULE_FS_SUBTYPE;
	return 0;
}

static bool other_uuid(const struct ima_rule *r, const struct ima_policy_event *ev)
{
	return (r->given & RULE_FSUUID) && memcmp(r->fsuuid, ev->fsuuid, sizeof(r->fsuuid));
}

static uint32_t subject_mismatch(const struct ima_rule *r, const struct ima_policy_event *ev)
{
	if ((r->given & RULE_UID) && !holds(&r->uid, ev->uid))
		return RULE_UID;
	if ((r->given & RULE_EUID) && !holds(&r->uid, ev->euid) &&
	    !(ev->cap_setuid && (holds(&r->uid, ev->suid) || holds(&r->uid, ev->uid))))
		return RULE_EUID;
	if ((r->given & RULE_GID) && !holds(&r->gid, ev->gid))
		return RULE_GID;
	if ((r->given & RULE_EGID) && !holds(&r->gid, ev->egid) &&
	    !(ev->cap_setgid && (holds(&r->gid, ev->sgid) || holds(&r->gid, ev->gid))))
		return RULE_EGID;
	return 0;
}

static uint32_t owner_mismatch(const struct ima_rule *r, const struct ima_policy_event *ev)
{
	if ((r->given & RULE_FOWNER) && !holds(&r->fowner, ev->fowner))
		return RULE_FOWNER;
	return (r->given & RULE_FGROUP) && !holds(&r->fgroup, ev->fgroup) ? RULE_FGROUP : 0;
}

static uint32_t label_mismatch(const struct ima_rule *r, const struct ima_policy_event *ev)
{
	if (r->label_dead)
		return RULE_LSM;
	for (int i = 0; i < LABEL__LAST; i++) {
		const struct ima_bytes *have = &ev->labels[i];

		if (!r->label[i])
			continue;
		if (have->len != strlen(r->label[i]) ||
		    memcmp(have->data, r->label[i], have->len))
			return RULE_LSM;
	}
	return 0;
}

static uint32_t access_mismatch(const struct ima_rule *r, const struct ima_policy_event *ev)
{
	if (ev->func == IMA_FUNC_POST_SETATTR)
		return 0;
	if ((r->given & RULE_FUNC) && r->func != ev->func)
		return RULE_FUNC;
	if ((r->given & RULE_MASK) && r->mask != (ev->mask & 0xf))
		return RULE_MASK;
	return (r->given & RULE_INMASK) && !(r->mask & ev->mask) ? RULE_INMASK : 0;
}

uint32_t ima_rule_mismatch(const struct ima_rule *r, const struct ima_policy_event *ev)
{
	uint32_t m;

	if (has_data_func(ev->func))
		return data_mismatch(r, ev);
	m = access_mismatch(r, ev);
	if (!m)
		m = fs_mismatch(r, ev);
	if (!m && other_uuid(r, ev))
		m = RULE_FSUUID;
	if (!m)
		m = subject_mismatch(r, ev);
	if (!m)
		m = owner_mismatch(r, ev);
	return m ? m : label_mismatch(r, ev);
}

bool ima_rule_matches(const struct ima_rule *r, const struct ima_policy_event *ev)
{
	return !ima_rule_mismatch(r, ev);
}

enum ima_maybe ima_rule_could_match(const struct ima_rule *r, enum ima_func f,
				    const struct ima_policy_event *ev, bool uuid_known)
{
	uint32_t open = RULE_MASK | RULE_INMASK | RULE_UID | RULE_EUID | RULE_GID | RULE_EGID |
			RULE_LSM | RULE_KEYRINGS | RULE_LABEL;

	if ((r->given & RULE_FUNC) && r->func != f)
		return IMA_NEVER;
	if (has_data_func(f) && !(r->given & RULE_FUNC))
		return IMA_NEVER;
	if (fs_mismatch(r, ev) || (ev->has_inode && owner_mismatch(r, ev)) || r->label_dead)
		return IMA_NEVER;
	if (uuid_known && other_uuid(r, ev))
		return IMA_NEVER;
	if (!uuid_known)
		open |= RULE_FSUUID;
	if (!ev->has_inode)
		open |= RULE_FOWNER | RULE_FGROUP;
	return r->given & open ? IMA_MAYBE : IMA_SURELY;
}

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
static bool matches_data(const struct ima_rule *r, const struct ima_policy_event *ev)
{
	if (!(r->given & RULE_FUNC) || r->func != ev->func)
		return false;
	if ((r->given & RULE_UID) && !holds(&r->uid, ev->uid))
		return false;
	return !r->items || (ev->func_data.len && is_item(r->items, ev->func_data));
}

static bool same_name(const char *want, const char *have)
{
	return have && !strcmp(want, have);
}

static bool matches_fs(const struct ima_rule *r, const struct ima_policy_event *ev)
{
	if ((r->given & RULE_FSMAGIC) && r->fsmagic != ev->fsmagic)
		return false;
	if ((r->given & RULE_FSNAME) && !same_name(r->fsname, ev->fsname))
		return false;
	return !(r->given & RULE_FS_SUBTYPE) || same_name(r->fs_subtype, ev->fs_subtype);
}

static bool matches_subject(const struct ima_rule *r, const struct ima_policy_event *ev)
{
	if ((r->given & RULE_UID) && !holds(&r->uid, ev->uid))
		return false;
	if ((r->given & RULE_EUID) && !holds(&r->uid, ev->euid) &&
	    !(ev->cap_setuid && (holds(&r->uid, ev->suid) || holds(&r->uid, ev->uid))))
		return false;
	if ((r->given & RULE_GID) && !holds(&r->gid, ev->gid))
		return false;
	return !(r->given & RULE_EGID) || holds(&r->gid, ev->egid) ||
	       (ev->cap_setgid && (holds(&r->gid, ev->sgid) || holds(&r->gid, ev->gid)));
}

static bool matches_owner(const struct ima_rule *r, const struct ima_policy_event *ev)
{
	if ((r->given & RULE_FOWNER) && !holds(&r->fowner, ev->fowner))
		return false;
	return !(r->given & RULE_FGROUP) || holds(&r->fgroup, ev->fgroup);
}

static bool matches_labels(const struct ima_rule *r, const struct ima_policy_event *ev)
{
	if (r->label_dead)
		return false;
	for (int i = 0; i < LABEL__LAST; i++) {
		const struct ima_bytes *have = &ev->labels[i];

		if (!r->label[i])
			continue;
		if (have->len != strlen(r->label[i]) ||
		    memcmp(have->data, r->label[i], have->len))
			return false;
	}
	return true;
}

static bool matches_access(const struct ima_rule *r, const struct ima_policy_event *ev)
{
	if (ev->func == IMA_FUNC_POST_SETATTR)
		return true;
	if ((r->given & RULE_FUNC) && r->func != ev->func)
		return false;
	if ((r->given & RULE_MASK) && r->mask != (ev->mask & 0xf))
		return false;
	return !(r->given & RULE_INMASK) || (r->mask & ev->mask);
}

bool ima_rule_matches(const struct ima_rule *r, const struct ima_policy_event *ev)
{
	if (has_data_func(ev->func))
		return matches_data(r, ev);
	if (!matches_access(r, ev) || !matches_fs(r, ev) || !matches_subject(r, ev) ||
	    !matches_owner(r, ev) || !matches_labels(r, ev))
		return false;
	return !(r->given & RULE_FSUUID) || !memcmp(r->fsuuid, ev->fsuuid, sizeof(r->fsuuid));
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
	if (!matches_fs(r, ev) || (ev->has_inode && !matches_owner(r, ev)) || r->label_dead)
		return IMA_NEVER;
	if (uuid_known && (r->given & RULE_FSUUID) &&
	    memcmp(r->fsuuid, ev->fsuuid, sizeof(r->fsuuid)))
		return IMA_NEVER;
	if (!uuid_known)
		open |= RULE_FSUUID;
	if (!ev->has_inode)
		open |= RULE_FOWNER | RULE_FGROUP;
	return r->given & open ? IMA_MAYBE : IMA_SURELY;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Why a rule decides or does not, in one sentence. */
#include <inttypes.h>
#include <string.h>

#include "base/buffer.h"
#include "core/policy/rule.h"

static int say_mask(unsigned int mask, struct ima_buffer *out)
{
	char text[48];

	ima_mask_text(mask, text);
	return ima_buffer_append_str(out, text[0] ? text : "empty");
}

static int say_uuid(const uint8_t u[static 16], struct ima_buffer *out)
{
	static const uint8_t nil[16];
	int e = 0;

	if (!memcmp(u, nil, sizeof(nil)))
		return ima_buffer_append_str(out, "without UUID");
	for (size_t i = 0; i < 16 && e == 0; i++)
		e = ima_buffer_printf(out, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
				      u[i]);
	return e;
}

static int say_name(const char *name, struct ima_buffer *out)
{
	return ima_buffer_append_str(out, name ? name : "without one");
}

/* what the event has where the rule has the condition @bit */
static int say_have(uint32_t bit, const struct ima_policy_event *ev, struct ima_buffer *out)
{
	switch (bit) {
	case RULE_FUNC:
		return ima_buffer_append_str(out, ima_func_name(ev->func));
	case RULE_MASK:
	case RULE_INMASK:
		return say_mask(ev->mask, out);
	case RULE_FSMAGIC:
		return ima_buffer_printf(out, "on 0x%" PRIx64, ev->fsmagic);
	case RULE_FSNAME:
		return say_name(ev->fsname, out);
	case RULE_FS_SUBTYPE:
		return say_name(ev->fs_subtype, out);
	case RULE_FSUUID:
		return say_uuid(ev->fsuuid, out);
	case RULE_UID:
		return ima_buffer_printf(out, "by uid %" PRIu32, ev->uid);
	case RULE_EUID:
		return ima_buffer_printf(out, "by euid %" PRIu32, ev->euid);
	case RULE_GID:
		return ima_buffer_printf(out, "by gid %" PRIu32, ev->gid);
	case RULE_EGID:
		return ima_buffer_printf(out, "by egid %" PRIu32, ev->egid);
	case RULE_FOWNER:
		return ima_buffer_printf(out, "of owner %" PRIu32, ev->fowner);
	case RULE_FGROUP:
		return ima_buffer_printf(out, "of group %" PRIu32, ev->fgroup);
	case RULE_LSM:
		return ima_buffer_append_str(out, "labelled differently");
	default:
		return ev->func_data.len ? ima_buffer_append(out, ev->func_data.data, ev->func_data.len)
					 : ima_buffer_append_str(out, "unnamed");
	}
}

static int say_mismatch(const struct ima_rule *r, uint32_t bit, const struct ima_policy_event *ev,
			struct ima_buffer *why)
{
	int e;

	if (bit == RULE_FUNC && !(r->given & RULE_FUNC))
		return ima_buffer_printf(why, "a rule without func never matches %s",
					 ima_func_name(ev->func));
	if (bit == RULE_LSM && r->label_dead)
		return ima_buffer_append_str(why, "no security module here knows its label");
	e = ima_rule_show_condition(r, bit, why);
	if (e == 0)
		e = ima_buffer_append_str(why, ", the event is ");
	return e < 0 ? e : say_have(bit, ev, why);
}

static const char *class_word(uint32_t action)
{
	const uint32_t dos = IMA_ACTION_MEASURE | IMA_ACTION_APPRAISE | IMA_ACTION_AUDIT |
			     IMA_ACTION_HASH;

	return ima_action_name(ima_action_class(action) & dos);
}

int ima_policy_step_text(const struct ima_policy *p, const struct ima_policy_step *step,
			 const struct ima_policy_event *ev, struct ima_buffer *rule,
			 struct ima_buffer *why)
{
	const struct ima_rule *r = step->rule;
	int e = r->label_dead ? ima_buffer_printf(rule, "%s (with a label)", ima_action_name(r->action))
			      : ima_rule_show(r, ima_policy_opts(p)->profile, rule);

	while (e == 0 && rule->len && strchr(" \n", rule->data[rule->len - 1]))
		rule->data[--rule->len] = 0;
	if (e < 0)
		return e;
	switch (step->outcome) {
	case IMA_STEP_DECIDES:
		return ima_buffer_printf(why, "decides %s", class_word(r->action));
	case IMA_STEP_DECIDED:
		return ima_buffer_printf(why, "%s is decided already", class_word(r->action));
	case IMA_STEP_IDLE:
		return ima_buffer_printf(why, "no rule asks for %s at all", class_word(r->action));
	default:
		return say_mismatch(r, step->mismatch, ev, why);
	}
}

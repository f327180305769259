/* SPDX-License-Identifier: BSD-2-Clause */
/* Each change is made under the policy's write lock, kept for the next worker, and told to the hooks. */
#include "imad/evm_state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/hex.h"
#include "control/control.h"
#include "imad/state.h"

struct evm_call {
	struct ima_evm *evm;
	struct ima_bytes text;
	struct ima_buffer *out;
};

void imad_evm_restore(const struct imad_evm_state *s, struct ima_evm *evm)
{
	if (!s->written)
		return;
	evm->mode |= s->mode & ~IMA_EVM_INIT_HMAC;
	if (evm->mode & IMA_EVM_INIT_HMAC)
		evm->mode &= ~IMA_EVM_ALLOW_METADATA_WRITES;
	memcpy(evm->names, s->names, sizeof(evm->names));
	evm->n_names = s->n_names;
	evm->names_locked = s->names_locked;
}

static void keep(struct imad_shared *sh, const struct ima_evm *evm)
{
	struct imad_evm_state *s = &sh->evm;

	memcpy(s->names, evm->names, sizeof(s->names));
	s->n_names = evm->n_names;
	s->names_locked = evm->names_locked;
	s->mode = evm->mode;
	s->written = true;
	atomic_store(&sh->evm_names_locked, evm->names_locked);
}

static json_t *answer(struct imad_worker *w, int r, const char *file)
{
	if (r == 0) {
		keep(w->setup->shared, w->keys.evm);
		r = w->setup->hook->ops->refresh(w->setup->hook);
	}
	return r < 0 ? ima_control_error(r, NULL, "%s: %s", file, strerror(-r)) : json_pack("{s:b}", "ok", 1);
}

static int write_mode(struct ima_policy *p, void *arg)
{
	struct evm_call *c = arg;

	return ima_evm_mode_write(c->evm, c->text);
}

json_t *imad_evm_mode_write(struct imad_worker *w, const json_t *req)
{
	const json_t *text = json_object_get(req, "text");
	struct evm_call call = { .evm = w->keys.evm,
				 .text = { (const uint8_t *)json_string_value(text), json_string_length(text) } };

	if (!call.evm || !json_is_string(text))
		return ima_control_error(-EPERM, NULL, "evm: appraisal is off");
	return answer(w, ima_monitor_policy_call(w->monitor, write_mode, &call), "evm");
}

static int write_name(struct ima_policy *p, void *arg)
{
	struct evm_call *c = arg;

	return ima_evm_names_write(c->evm, c->text);
}

/* what the kernel's record holds: the name without its newline. A write that is not looked at has none */
static void audit_name(struct imad_worker *w, struct ima_bytes name, int result)
{
	struct ima_buffer text = { 0 };
	const uint8_t *nul = memchr(name.data, 0, name.len);

	if (nul)
		name.len = (size_t)(nul - name.data);
	if (name.len && name.data[name.len - 1] == '\n')
		name.len--;
	if (ima_audit_format_xattr(&text, name, result) == 0 && w->audit.emit)
		w->audit.emit(w->audit.user, IMA_AUDIT_EVM_XATTR, (const char *)text.data);
	ima_buffer_done(&text);
}

json_t *imad_evm_name_add(struct imad_worker *w, const json_t *req)
{
	const json_t *hex = json_object_get(req, "name");
	const size_t len = json_string_length(hex);
	ima_cleanup(ima_freep) uint8_t *name = malloc(len / 2 + 1);
	struct evm_call call = { .evm = w->keys.evm, .text = { name, len / 2 } };
	int r;

	if (!name)
		return ima_control_error(-ENOMEM, NULL, "evm_xattrs: out of memory");
	if (!json_is_string(hex) || ima_hex_decode(json_string_value(hex), len, name) < 0)
		return ima_control_error(-EINVAL, NULL, "evm_xattrs: the name is not hexadecimal");
	if (!call.evm)
		return ima_control_error(-EPERM, NULL, "evm_xattrs: appraisal is off");
	r = ima_monitor_policy_call(w->monitor, write_name, &call);
	if (r != -EPERM && r != -E2BIG)
		audit_name(w, call.text, r);
	return answer(w, r, "evm_xattrs");
}

static int show_names(struct ima_policy *p, void *arg)
{
	struct evm_call *c = arg;

	return ima_evm_names_show(c->evm, c->out);
}

json_t *imad_evm_names(struct imad_worker *w)
{
	struct ima_buffer text = { 0 };
	struct evm_call call = { .evm = w->keys.evm, .out = &text };
	int r = call.evm ? ima_monitor_policy_call(w->monitor, show_names, &call) : 0;
	json_t *reply = r < 0 ? ima_control_error(r, NULL, "evm_xattrs: %s", strerror(-r)) :
				json_pack("{s:b, s:s%}", "ok", 1, "text", text.data ? (char *)text.data : "", text.len);

	ima_buffer_done(&text);
	return reply;
}

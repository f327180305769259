/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading a file for the monitor: digest, labels, metadata, each at most once an event. */
#include "core/monitor/collect.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void ima_collected_done(struct ima_collected *c)
{
	ima_modsig_free(c->modsig);
	free(c->ima_xattr);
	free(c->evm_xattr);
	ima_buffer_done(&c->xattr_names);
	ima_buffer_done(&c->xattr_lengths);
	ima_buffer_done(&c->xattr_values);
	*c = (struct ima_collected){ 0 };
}

int ima_collect_digest(struct ima_collected *c, struct ima_hasher *h,
		       const struct ima_file_event *ev, enum ima_hash_algo algo)
{
	if (c->has_digest)
		return c->error;
	c->has_digest = true;
	c->error = ev->direct_io ? -EINVAL : ev->ops->digest(ev->user, h, algo, &c->digest);
	if (c->error < 0)
		c->digest = (struct ima_digest){ .algo = algo, .len = ima_hash_len(algo) };
	return c->error;
}

int ima_collect_anew(struct ima_collected *c, struct ima_hasher *h, const struct ima_file_event *ev,
		     enum ima_hash_algo algo)
{
	struct ima_digest d;
	int r;

	if (c->has_digest && c->error == 0 && c->digest.algo == algo)
		return 0;
	r = ev->direct_io ? -EINVAL : ev->ops->digest(ev->user, h, algo, &d);
	if (r < 0)
		return r;
	c->digest = d;
	c->error = 0;
	c->has_digest = true;
	return 0;
}

int ima_collect_verity(struct ima_collected *c, const struct ima_file_event *ev)
{
	if (c->has_verity)
		return c->verity_error;
	c->has_verity = true;
	c->verity_error = ev->ops->verity ? ev->ops->verity(ev->user, &c->verity) : -EOPNOTSUPP;
	return c->verity_error;
}

struct ima_modsig *ima_collect_modsig(struct ima_collected *c, const struct ima_file_event *ev)
{
	const struct ima_modsig_file file = { .size = ev->size, .read = ev->ops->read,
					      .digest = ev->ops->digest_head, .user = ev->user };

	if (!c->has_modsig && file.read && file.digest && ima_modsig_open(&file, &c->modsig) < 0)
		c->modsig = NULL;
	c->has_modsig = true;
	return c->modsig;
}

static bool is_legacy_algo(enum ima_hash_algo a)
{
	return a == IMA_HASH_SHA1 || a == IMA_HASH_MD5;
}

static void collect_legacy(struct ima_collected *c, struct ima_hasher *h,
			   const struct ima_file_event *ev)
{
	if (c->legacy.len || c->error < 0 || is_legacy_algo(c->digest.algo))
		return;
	if (ev->ops->digest(ev->user, h, IMA_HASH_SHA1, &c->legacy) < 0)
		c->legacy = (struct ima_digest){ 0 };
}

/* an attribute that cannot be read counts as absent, as in the kernel */
static int collect_xattr(const struct ima_file_event *ev, const char *name, uint8_t **value,
			 size_t *len)
{
	int r = ev->ops->xattr ? ev->ops->xattr(ev->user, name, value, len) : -EOPNOTSUPP;

	if (r < 0) {
		*value = NULL;
		*len = 0;
	}
	return r;
}

void ima_collect_label_changed(struct ima_collected *c)
{
	free(ima_take(c->ima_xattr));
	c->ima_xattr_len = 0;
	c->has_ima_xattr = false;
	c->has_evm = false;
	c->n_verdicts = 0;
}

struct ima_bytes ima_collect_label(struct ima_collected *c, const struct ima_file_event *ev)
{
	if (!c->has_ima_xattr)
		c->ima_xattr_error =
			collect_xattr(ev, "security.ima", &c->ima_xattr, &c->ima_xattr_len);
	c->has_ima_xattr = true;
	return (struct ima_bytes){ c->ima_xattr, c->ima_xattr_len };
}

static int collect_evm_field(struct ima_collected *c, const struct ima_file_event *ev,
			     const char *name)
{
	ima_cleanup(ima_freep) uint8_t *value = NULL;
	size_t len = 0;
	int r;

	if (!ev->ops->xattr || ev->ops->xattr(ev->user, name, &value, &len) < 0)
		return 0;
	r = c->xattr_names.len ? ima_buffer_append_u8(&c->xattr_names, '|') : 0;
	if (r == 0)
		r = ima_buffer_append_str(&c->xattr_names, name);
	if (r == 0)
		r = ima_buffer_append_u32(&c->xattr_lengths, (uint32_t)len);
	return r < 0 ? r : ima_buffer_append(&c->xattr_values, value, len);
}

static int collect_evm_fields(struct ima_collected *c, const struct ima_file_event *ev)
{
	const char *name;
	int r = 0;

	if (c->has_evm_fields)
		return 0;
	c->has_evm_fields = true;
	for (size_t i = 0; r == 0 && (name = ima_evm_name_at(c->covered, i)); i++)
		r = collect_evm_field(c, ev, name);
	return r;
}

static bool wants_evm_fields(const struct ima_template *t)
{
	return ima_template_has(t, IMA_FIELD_XATTRNAMES) ||
	       ima_template_has(t, IMA_FIELD_XATTRLENGTHS) ||
	       ima_template_has(t, IMA_FIELD_XATTRVALUES);
}

bool ima_collect_wants_modsig(const struct ima_template *t)
{
	return ima_template_has(t, IMA_FIELD_D_MODSIG) || ima_template_has(t, IMA_FIELD_MODSIG);
}

static int collect_modsig_fields(struct ima_collected *c, struct ima_hasher *h,
				 const struct ima_file_event *ev, struct ima_template_in *ret)
{
	struct ima_modsig *modsig = ima_collect_modsig(c, ev);

	if (!modsig)
		return 0;
	ret->modsig = ima_modsig_der(modsig);
	/* without the digest there is no record: a verifier could not tell it from one without signature */
	return ima_modsig_digest(modsig, h, &ret->modsig_digest) < 0 ? -EINVAL : 0;
}

int ima_collect_template(struct ima_collected *c, struct ima_hasher *h,
			 const struct ima_file_event *ev, const struct ima_template *t,
			 uint32_t action, struct ima_template_in *ret)
{
	const bool sig = ima_template_has(t, IMA_FIELD_SIG);
	const bool verity = action & IMA_OPT_VERITY_REQUIRED;
	int r;

	if (ima_template_has(t, IMA_FIELD_D))
		collect_legacy(c, h, ev);
	if (sig)
		ima_ignore(ima_collect_label(c, ev).len);
	if (!c->has_evm_xattr && (sig || ima_template_has(t, IMA_FIELD_EVMSIG))) {
		c->has_evm_xattr = true;
		ima_ignore(collect_xattr(ev, "security.evm", &c->evm_xattr, &c->evm_xattr_len));
	}
	if (wants_evm_fields(t)) {
		r = collect_evm_fields(c, ev);
		if (r < 0)
			return r;
	}
	*ret = (struct ima_template_in){
		.digest = verity ? c->verity : c->digest,
		.legacy_digest = c->legacy,
		.default_algo = verity ? c->verity.algo : c->digest.algo,
		.verity = verity,
		.name = ev->path,
		.name_last = ev->last,
		.ima_xattr = { c->ima_xattr, c->ima_xattr_len },
		.evm_xattr = { c->evm_xattr, c->evm_xattr_len },
		.has_inode = true,
		.uid = ev->facts.fowner,
		.gid = ev->facts.fgroup,
		.mode = ev->mode,
		.xattr_names = ima_buffer_bytes(&c->xattr_names),
		.xattr_lengths = ima_buffer_bytes(&c->xattr_lengths),
		.xattr_values = ima_buffer_bytes(&c->xattr_values),
	};
	return ima_collect_wants_modsig(t) && (action & IMA_OPT_MODSIG_ALLOWED) ? collect_modsig_fields(c, h, ev, ret) : 0;
}

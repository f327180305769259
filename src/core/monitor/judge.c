/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Appraisal of one event: what the rules ask, what the file shows, what is refused, repaired or written again later.
 *
 * What earlier rules asked of a file is asked of later accesses, too (asked.h), so that the answer depends on their order as in the kernel.
 * Differs: which digest was compared first, of the content or of fs-verity, is not kept, and each access is judged by what it asks for.
 */
#include <errno.h>
#include <string.h>

#include "core/monitor/monitor_internal.h"

#define FUSE_MAGIC 0x65735546
#define OVERLAY_MAGIC 0x794c7630

#define ASKED_OPTS (JUDGED_OPTS | IMA_OPT_PERMIT_DIRECTIO)
#define USES                                                                                       \
	(IMA_ACTION_FILE_APPRAISE | IMA_ACTION_MMAP_APPRAISE | IMA_ACTION_BPRM_APPRAISE |          \
	 IMA_ACTION_READ_APPRAISE | IMA_ACTION_CREDS_APPRAISE)

#define JUDGED_OPTS                                                                                \
	(IMA_OPT_DIGSIG_REQUIRED | IMA_OPT_VERITY_REQUIRED | IMA_OPT_SIGV3_REQUIRED |              \
	 IMA_OPT_FAIL_UNVERIFIABLE_SIGS | IMA_OPT_MODSIG_ALLOWED | IMA_OPT_CHECK_BLACKLIST)

static int evm_xattr(void *user, const char *name, uint8_t **ret, size_t *ret_len)
{
	const struct ima_file_event *ev = user;

	return ev->ops->xattr ? ev->ops->xattr(ev->user, name, ret, ret_len) : -EOPNOTSUPP;
}

struct ima_evm_file ima_judge_evm_file(const struct ima_file_event *ev)
{
	struct ima_evm_file f = {
		.ino = ev->ino,
		.uid = ev->facts.fowner,
		.gid = ev->facts.fgroup,
		.mode = ev->mode,
		.is_overlay = ev->facts.fsmagic == OVERLAY_MAGIC,
		.xattr = evm_xattr,
		.user = ima_unconst(ev),
	};

	memcpy(f.fsuuid, ev->facts.fsuuid, sizeof(f.fsuuid));
	if (ev->ops->generation && ev->ops->generation(ev->user, &f.generation) < 0)
		f.generation = 0;
	return f;
}

static int write_hmac(struct ima_monitor *m, struct ima_hasher *h, const struct ima_file_event *ev)
{
	const struct ima_evm_file f = ima_judge_evm_file(ev);
	uint8_t mac[1 + IMA_EVM_HMAC_LEN];
	int r;

	if (!m->opts.evm || !(m->opts.evm->mode & IMA_EVM_INIT_HMAC))
		return 0;
	r = ima_evm_hmac(m->opts.evm, h, &f, mac);
	return r < 0 ? r : ev->ops->set_xattr(ev->user, "security.evm",
					      (struct ima_bytes){ mac, sizeof(mac) });
}

enum ima_integrity ima_judge_metadata(struct ima_monitor *m, struct ima_hasher *h,
					 const struct ima_file_event *ev, struct ima_collected *c)
{
	struct ima_evm_file f;

	if (!m->opts.evm)
		return IMA_INTEGRITY_UNKNOWN;
	if (!c->has_evm) {
		f = ima_judge_evm_file(ev);
		ima_evm_judge(m->opts.evm, h, &f, &c->evm);
		c->has_evm = true;
		if (c->evm.rewrite && ev->ops->set_xattr)
			ima_ignore(write_hmac(m, h, ev));
	}
	return c->evm.status;
}

/* the digest that the rule wants compared; -errno: none */
static int collect(struct ima_monitor *m, struct ima_hasher *h, const struct ima_file_event *ev,
		   uint32_t opts, struct ima_collected *c, const struct ima_digest **ret)
{
	int r;

	if (opts & IMA_OPT_VERITY_REQUIRED) {
		r = ima_collect_verity(c, ev);
		*ret = &c->verity;
		return r;
	}
	r = ima_collect_digest(c, h, ev, ima_monitor_file_algo(m, ev, c));
	*ret = &c->digest;
	return r;
}

struct modsig_call {
	struct ima_modsig *modsig;
	struct ima_hasher *h;
	unsigned int version;
};

static enum ima_sig_verdict judge_modsig(void *user, const struct ima_keyring *ring)
{
	struct modsig_call *call = user;

	return ima_modsig_verify(call->modsig, call->h, ring, call->version);
}

/* the content's digest: that of an appended signature where there is one; from 6.6 on that of the file for any other signature rule */
static bool is_revoked(struct ima_monitor *m, struct ima_modsig *modsig, struct ima_hasher *h, uint32_t opts,
		       const struct ima_digest *content)
{
	struct ima_digest d;

	if (!(opts & IMA_OPT_CHECK_BLACKLIST))
		return false;
	if (modsig)
		return ima_modsig_digest(modsig, h, &d) == 0 && ima_revoked_has(m->opts.revoked, &d);
	return (opts & IMA_OPT_DIGSIG_REQUIRED) && m->opts.version >= 606 &&
	       ima_revoked_has(m->opts.revoked, content);
}

static void judge_anew(struct ima_monitor *m, struct ima_hasher *h, const struct ima_file_event *ev,
		       struct ima_collected *c, struct ima_collected_verdict *v)
{
	struct ima_appraise_in in = {
		.opts = v->opts,
		.version = m->opts.version,
		.func = v->kexec ? IMA_FUNC_KEXEC_KERNEL_CHECK : IMA_FUNC_NONE,
		.size = ev->size,
		.new_file = ev->new_file || (ima_rewrites_find(&m->rewrites, ev) == IMA_REWRITE_NEW),
		.unverifiable = ev->facts.fsmagic == FUSE_MAGIC,
		.keys = m->opts.keys,
		.platform = m->opts.platform,
		.h = h,
	};

	struct modsig_call call = { .h = h, .version = m->opts.version };

	v->found = (struct ima_appraisal){ .status = IMA_INTEGRITY_UNKNOWN };
	v->revoked = false;
	v->error = collect(m, h, ev, v->opts, c, &in.content);
	if (v->error < 0)
		return;
	if (v->opts & IMA_OPT_MODSIG_ALLOWED)
		call.modsig = ima_collect_modsig(c, ev);
	v->revoked = is_revoked(m, call.modsig, h, v->opts, in.content);
	if (v->revoked) {
		v->found = (struct ima_appraisal){ .status = IMA_INTEGRITY_FAIL, .cause = "blacklisted-hash" };
		return;
	}
	if (call.modsig) {
		in.modsig = judge_modsig;
		in.modsig_user = &call;
	}
	in.label = ima_collect_label(c, ev);
	in.label_error = c->ima_xattr_error;
	in.evm = ima_judge_metadata(m, h, ev, c);
	ima_appraise(&in, &v->found);
}

uint32_t ima_judge_asked(struct ima_monitor *m, const struct ima_file_event *ev, uint32_t action)
{
	if (!m->opts.appraise || !action)
		return 0;
	return ima_asked_add(&m->asked, ev, action & ASKED_OPTS);
}

/* what a use that passed depends on: the content, the label, the metadata; false: it cannot be told */
static bool state_of(struct ima_monitor *m, struct ima_hasher *h, const struct ima_file_event *ev,
		     struct ima_collected *c, struct ima_digest *ret)
{
	const uint8_t evm = (uint8_t)ima_judge_metadata(m, h, ev, c);
	const struct ima_bytes label = ima_collect_label(c, ev);
	struct ima_bytes parts[3] = { { &evm, 1 }, { NULL, 0 }, label };

	if (ima_collect_digest(c, h, ev, ima_monitor_file_algo(m, ev, c)) < 0)
		return false;
	parts[1] = (struct ima_bytes){ c->digest.data, c->digest.len };
	return ima_hash_parts(h, IMA_HASH_SHA256, parts, label.len ? 3 : 2, ret) == 0;
}

/* uses that passed before more was asked */
static uint32_t kept_passes(struct ima_monitor *m, struct ima_hasher *h, const struct ima_file_event *ev,
			    struct ima_collected *c)
{
	struct ima_digest state = { 0 };

	return state_of(m, h, ev, c, &state) ? ima_asked_passed(&m->asked, ev, &state) : 0;
}

static void keep_pass(struct ima_monitor *m, struct ima_hasher *h, const struct ima_file_event *ev,
		      struct ima_collected *c, uint32_t use)
{
	struct ima_digest state = { 0 };

	if (state_of(m, h, ev, c, &state))
		ima_asked_pass(&m->asked, ev, &state, use);
}

/* more may be asked of this access than by its own rule, or of the next ones; elsewhere nothing is looked at or kept */
static bool does_order_count(struct ima_monitor *m, const struct ima_file_event *ev, uint32_t asked)
{
	return (asked & ASKED_OPTS) || ima_policy_asks(m->opts.policy, &ev->facts);
}

static const struct ima_collected_verdict *judge(struct ima_monitor *m, struct ima_hasher *h,
						 const struct ima_file_event *ev, enum ima_func func,
						 uint32_t opts, struct ima_collected *c)
{
	const bool kexec = func == IMA_FUNC_KEXEC_KERNEL_CHECK;
	struct ima_collected_verdict *v;

	opts &= JUDGED_OPTS;
	for (size_t i = 0; i < c->n_verdicts; i++)
		if (c->verdicts[i].opts == opts && c->verdicts[i].kexec == kexec)
			return &c->verdicts[i];
	/* more kinds of rules than places: the last place is used again */
	if (c->n_verdicts < IMA_COLLECTED_VERDICTS)
		c->n_verdicts++;
	v = &c->verdicts[c->n_verdicts - 1];
	v->opts = opts;
	v->kexec = kexec;
	judge_anew(m, h, ev, c, v);
	return v;
}

static bool is_allowed_algo(struct ima_monitor *m, const struct ima_file_event *ev, uint32_t algos,
			    struct ima_collected *c)
{
	return !algos || (algos >> ima_monitor_file_algo(m, ev, c) & 1);
}

bool ima_judge_is_signed(const struct ima_collected *c)
{
	for (size_t i = 0; i < c->n_verdicts; i++)
		if (c->verdicts[i].found.is_signed)
			return true;
	return false;
}

uint32_t ima_judge_appraised_uses(struct ima_monitor *m, const struct ima_policy_event *file)
{
	uint32_t funcs = 0;

	for (unsigned int f = IMA_FUNC_FILE_CHECK; m->opts.appraise && f < IMA_FUNC__LAST; f++)
		if (ima_policy_may_appraise(m->opts.policy, file, (enum ima_func)f))
			funcs |= UINT32_C(1) << f;
	return funcs;
}

/* @asked: what is asked beside the wishes; @kept: uses that passed */
static bool is_good(struct ima_monitor *m, struct ima_hasher *h, const struct ima_file_event *ev,
		    enum ima_func f, struct ima_collected *c, uint32_t asked, uint32_t kept)
{
	struct ima_policy_wish wishes[IMA_POLICY_MAX_WISHES];
	const size_t n = ima_policy_wishes(m->opts.policy, &ev->facts, f, wishes);

	if (n > IMA_POLICY_MAX_WISHES)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!(kept & wishes[i].use) &&
		    (judge(m, h, ev, f, wishes[i].opts | asked, c)->found.status != IMA_INTEGRITY_PASS ||
		     !is_allowed_algo(m, ev, wishes[i].algos, c)))
			return false;
	return true;
}

uint32_t ima_judge_good_uses(struct ima_monitor *m, struct ima_hasher *h, const struct ima_file_event *ev,
			     struct ima_collected *c, uint32_t *ret_lasting)
{
	const uint32_t ever = m->opts.enforce ? ima_policy_asks(m->opts.policy, &ev->facts) : 0;
	const uint32_t asked = m->opts.enforce ? ima_asked_add(&m->asked, ev, 0) : 0;
	const uint32_t kept = ever | asked ? kept_passes(m, h, ev, c) : 0;
	uint32_t good = 0, lasting = 0;

	for (unsigned int f = IMA_FUNC_FILE_CHECK; f < IMA_FUNC__LAST; f++) {
		const uint32_t bit = UINT32_C(1) << f;

		if (!m->opts.enforce || is_good(m, h, ev, (enum ima_func)f, c, asked, kept))
			good |= bit;
		if ((good & bit) && (!m->opts.enforce || asked == (asked | ever) ||
				     is_good(m, h, ev, (enum ima_func)f, c, asked | ever, 0)))
			lasting |= bit;
	}
	*ret_lasting = lasting;
	return good;
}

static int write_label(struct ima_monitor *m, struct ima_hasher *h, const struct ima_file_event *ev,
		       const struct ima_digest *content)
{
	uint8_t label[2 + IMA_DIGEST_MAX];
	const size_t len = ima_label_of_digest(content, label);
	int r = ev->ops->set_xattr ? 0 : -EROFS;

	if (r == 0)
		r = ev->ops->set_xattr(ev->user, "security.ima", (struct ima_bytes){ label, len });
	return r < 0 ? r : write_hmac(m, h, ev);
}

/* since 7.1 a file that lacks nothing but its HMAC gets one, where EVM is in mode fix as well */
static bool repair_hmac(struct ima_monitor *m, struct ima_hasher *h, const struct ima_file_event *ev,
			const struct ima_collected *c)
{
	const struct ima_evm *evm = m->opts.evm;

	return m->opts.version >= 701 && evm && evm->fix && (evm->mode & IMA_EVM_INIT_HMAC) && c->has_evm &&
	       c->evm.status == IMA_INTEGRITY_NOLABEL && ev->ops->set_xattr && write_hmac(m, h, ev) == 0;
}

/* mode fix: a digest is written where there is none or a wrong one; never in place of a signature */
static bool repair(struct ima_monitor *m, struct ima_hasher *h, const struct ima_file_event *ev,
		   struct ima_collected *c, const struct ima_collected_verdict *v)
{
	const struct ima_bytes label = ima_collect_label(c, ev);

	if (!m->opts.fix || v->revoked)
		return false;
	if ((label.len && label.data[0] == IMA_XATTR_SIGNATURE) || ((v->opts & IMA_OPT_MODSIG_ALLOWED) && c->modsig))
		return repair_hmac(m, h, ev, c);
	return c->error == 0 && c->has_digest && write_label(m, h, ev, &c->digest) == 0;
}

static const char *cause_of(const struct ima_file_event *ev, const struct ima_collected_verdict *v)
{
	return v->error < 0 ? ima_collect_cause(ev, v->opts & IMA_OPT_VERITY_REQUIRED, v->error) : v->found.cause;
}

static void note_failure(struct ima_monitor *m, const struct ima_file_event *ev, struct ima_collected *c,
			 const struct ima_collected_verdict *v, int result, struct ima_outcome *out)
{
	const enum ima_audit_type type = ev->exec_check ? IMA_AUDIT_USERSPACE : IMA_AUDIT_DATA;
	const char *cause = cause_of(ev, v);

	if (!cause)
		cause = "no-attributes"; /* the kernel says nothing */
	else if (v->error < 0)
		ima_monitor_audit_collect(m, ev, c, v->opts & IMA_OPT_VERITY_REQUIRED, v->error);
	else
		ima_monitor_audit(m, ev, type, "appraise_data", cause, result, false);
	if (!out->cause)
		out->cause = cause;
}

/* a writer whose open is judged here cannot write yet: a label that is being written belongs to the content before it */
void ima_judge_put_off(struct ima_monitor *m, const struct ima_file_event *ev)
{
	int r;

	pthread_mutex_lock(&m->rewrite_lock);
	r = ima_rewrites_note(&m->rewrites, ev, ev->new_file ? IMA_REWRITE_NEW : IMA_REWRITE_LABEL);
	pthread_mutex_unlock(&m->rewrite_lock);
	if (r < 0)
		ima_monitor_audit(m, ev, IMA_AUDIT_DATA, "appraise_data", "rewrite-not-noted", r, false);
}

/* opened while others write, or again before its label followed: as good as it was found when the first of them opened it */
static bool is_being_written(struct ima_monitor *m, const struct ima_file_event *ev, enum ima_func func,
			     struct ima_collected *c)
{
	return func == IMA_FUNC_FILE_CHECK && ima_rewrites_find(&m->rewrites, ev) != IMA_REWRITE_NONE &&
	       !ima_label_is_signature(ima_collect_label(c, ev));
}

/* good as it was read just now, but whoever has it mapped may write while it runs; a rule without func does not ask */
static bool is_mapped_by_writers(const struct ima_file_event *ev, enum ima_func func,
				 const struct ima_policy_result *res)
{
	return (func == IMA_FUNC_MMAP_CHECK || func == IMA_FUNC_MMAP_CHECK_REQPROT) && ev->mapped_writers &&
	       !(res->action & IMA_ACTION_FILE_APPRAISE);
}

/* refused for another reason than what was found of the file; the first cause stays */
static bool deny(struct ima_monitor *m, const struct ima_file_event *ev, const char *op, const char *cause, struct ima_outcome *out)
{
	out->cause = out->cause ? out->cause : cause;
	ima_monitor_audit(m, ev, IMA_AUDIT_DATA, op, cause, -EACCES, false);
	return false;
}

/* as its label says; @ret_kept: it passed before, and only the order of the rules could tell otherwise */
static bool passes(struct ima_monitor *m, struct ima_hasher *h, const struct ima_file_event *ev, const struct ima_check *check,
		   const struct ima_policy_result *res, struct ima_collected *c, struct ima_outcome *out, bool *ret_kept)
{
	const struct ima_collected_verdict *v = judge(m, h, ev, check->func, res->action, c);
	const bool order = does_order_count(m, ev, res->action);
	const bool kept = order && (kept_passes(m, h, ev, c) & res->action & USES);
	bool pass = kept || (v->error == 0 && v->found.status == IMA_INTEGRITY_PASS);

	*ret_kept = kept;
	if (pass && order && !kept)
		keep_pass(m, h, ev, c, res->action & USES);
	pass = pass ||
	       (!v->revoked && !(res->action & IMA_OPT_DIGSIG_REQUIRED) && is_being_written(m, ev, check->func, c));
	if (!kept && v->revoked && (res->action & IMA_ACTION_MEASURE))
		ima_monitor_list_revoked(m, h, c, res);
	if (pass)
		return true;
	pass = repair(m, h, ev, c, v);
	note_failure(m, ev, c, v, pass ? 0 : -EACCES, out);
	if (pass)
		ima_collect_label_changed(c);
	return pass;
}

/* what is signed is not written to, but for a new file that is still being made */
static bool writes_to_signed(struct ima_monitor *m, const struct ima_file_event *ev, const struct ima_check *check,
			     struct ima_collected *c)
{
	return (check->mask & IMA_MAY_WRITE) && ima_judge_is_signed(c) && !ev->new_file &&
	       ima_rewrites_find(&m->rewrites, ev) != IMA_REWRITE_NEW;
}

void ima_judge_access(struct ima_monitor *m, struct ima_hasher *h, const struct ima_file_event *ev,
		      const struct ima_check *check, const struct ima_policy_result *res,
		      struct ima_collected *c, struct ima_outcome *out)
{
	bool pass, kept;

	if ((res->action & IMA_ACTION_HASH) && m->opts.appraise && ev->opened_for_write &&
	    !ima_label_is_signature(ima_collect_label(c, ev)))
		ima_judge_put_off(m, ev);
	if (!m->opts.appraise || !(res->action & IMA_ACTION_APPRAISE))
		return;
	pass = passes(m, h, ev, check, res, c, out, &kept);
	if (pass && is_mapped_by_writers(ev, check->func, res))
		pass = deny(m, ev, "mmap_file", "mmapped_writers", out);
	if (ev->direct_io && (res->action & IMA_OPT_PERMIT_DIRECTIO))
		pass = true;
	if (pass && !kept && !is_allowed_algo(m, ev, res->allowed_algos, c))
		pass = deny(m, ev, "collect_data", "denied-hash-algorithm", out);
	if (writes_to_signed(m, ev, check, c))
		pass = false;
	if (pass && ev->opened_for_write && !ima_judge_is_signed(c))
		ima_judge_put_off(m, ev);
	out->refused |= m->opts.enforce && !pass;
}

static bool is_to_settle(struct ima_monitor *m, const struct ima_file_event *ev)
{
	return ima_rewrites_find(&m->rewrites, ev) != IMA_REWRITE_NONE && ev->ops->has_writers(ev->user) == 0;
}

/* under the lock; false: nothing was to be written */
static bool rewrite(struct ima_monitor *m, struct ima_hasher *h, const struct ima_file_event *ev,
		    struct ima_collected *c)
{
	/* somebody else was first; perhaps the next writer noted itself since, and has not written yet */
	if (!is_to_settle(m, ev))
		return false;
	if (!ima_label_is_signature(ima_collect_label(c, ev))) {
		if (ima_collect_anew(c, h, ev, m->opts.hash) < 0)
			return false;
		if (write_label(m, h, ev, &c->digest) < 0)
			ima_monitor_audit(m, ev, IMA_AUDIT_DATA, "appraise_data", "rewrite-failed", -EIO, false);
	}
	/* only now: who finds no note finds the new label */
	ima_ignore(ima_rewrites_take(&m->rewrites, ev));
	ima_collect_label_changed(c);
	return true;
}

bool ima_judge_settle(struct ima_monitor *m, struct ima_hasher *h, const struct ima_file_event *ev,
		      struct ima_collected *c)
{
	bool written;

	if (!m->opts.appraise || ev->opened_for_write || !ev->ops->has_writers || !is_to_settle(m, ev))
		return false;
	pthread_mutex_lock(&m->rewrite_lock);
	written = rewrite(m, h, ev, c);
	pthread_mutex_unlock(&m->rewrite_lock);
	return written;
}

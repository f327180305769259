/* SPDX-License-Identifier: BSD-2-Clause */
/* The monitor: the order of steps is the kernel's (docs/FORMATS.md "One event"). */
#include "core/monitor/monitor.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "core/monitor/monitor_internal.h"

#define ALL_FUNCS ((UINT32_C(1) << IMA_FUNC__LAST) - (UINT32_C(1) << IMA_FUNC_FILE_CHECK))

size_t ima_monitor_memory_size(void)
{
	return sizeof(struct ima_monitor_memory);
}

void ima_monitor_memory_renew(struct ima_monitor_memory *memory)
{
	for (size_t i = 0; i < IMA_ASKED_SLOTS; i++)
		memory->asked[i].passed = 0;
}

int ima_monitor_new(const struct ima_monitor_opts *opts, struct ima_monitor **ret)
{
	struct ima_monitor *m = calloc(1, sizeof(*m));

	if (!m)
		return -ENOMEM;
	m->opts = *opts;
	if (!opts->memory)
		m->own_memory = calloc(1, sizeof(*m->own_memory));
	if ((!opts->memory && !m->own_memory) || ima_inodes_new(&m->inodes) < 0) {
		free(m->own_memory);
		free(m);
		return -ENOMEM;
	}
	if (m->own_memory)
		m->opts.memory = m->own_memory;
	ima_rewrites_init(&m->rewrites, &m->opts.memory->rewrites);
	ima_asked_init(&m->asked, m->opts.memory->asked);
	pthread_rwlock_init(&m->policy_lock, NULL);
	pthread_mutex_init(&m->emitted_lock, NULL);
	pthread_mutex_init(&m->rewrite_lock, NULL);
	*ret = m;
	return 0;
}

struct ima_monitor *ima_monitor_free(struct ima_monitor *m)
{
	if (m) {
		pthread_rwlock_destroy(&m->policy_lock);
		pthread_mutex_destroy(&m->emitted_lock);
		pthread_mutex_destroy(&m->rewrite_lock);
		ima_inodes_free(m->inodes);
		ima_rewrites_done(&m->rewrites);
		ima_asked_done(&m->asked);
		free(m->own_memory);
		free(m);
	}
	return NULL;
}

static void match_check(struct ima_monitor *m, const struct ima_file_event *ev, size_t i,
			struct ima_policy_result *ret)
{
	struct ima_policy_event pe = ev->facts;

	pe.func = ev->checks[i].func;
	pe.mask = ev->checks[i].mask;
	ima_policy_match(m->opts.policy, &pe, 0, ret);
	if (!m->opts.appraise)
		ret->action &= ~IMA_OPT_MODSIG_ALLOWED;
}

/* a label names the algorithm, whether or not anything appraises; template ima does not look at labels */
static enum ima_hash_algo file_algo(struct ima_monitor *m, const struct ima_file_event *ev,
				    const struct ima_policy_result *res, struct ima_collected *c)
{
	const struct ima_template *t = res->templ ? res->templ : m->opts.templ;

	if (ima_template_is_legacy(t) && !(res->action & IMA_ACTION_APPRAISE))
		return m->opts.hash;
	return ima_monitor_file_algo(m, ev, c);
}

enum ima_hash_algo ima_monitor_file_algo(struct ima_monitor *m, const struct ima_file_event *ev,
					 struct ima_collected *c)
{
	return ima_label_algo(ima_collect_label(c, ev), m->opts.hash, m->opts.version);
}

bool ima_monitor_wants(struct ima_monitor *m, const struct ima_file_event *ev)
{
	bool wants = false;

	pthread_rwlock_rdlock(&m->policy_lock);
	for (size_t i = 0; i < ev->n_checks && !wants; i++) {
		struct ima_policy_result res;

		match_check(m, ev, i, &res);
		wants = (res.action & (IMA_ACTION_MEASURE | IMA_ACTION_AUDIT)) ||
			(m->opts.appraise && (res.action & IMA_ACTION_APPRAISE));
	}
	wants = wants || (m->opts.enforce && ima_judge_appraised_uses(m, &ev->facts));
	pthread_rwlock_unlock(&m->policy_lock);
	return wants;
}

/* a violation goes to the default template and PCR, whatever the rule says */
static void add_violation(struct ima_monitor *m, struct ima_hasher *h,
			  const struct ima_file_event *ev, const char *cause,
			  struct ima_outcome *out)
{
	/* metadata is that of the file; its content and its signature are not looked at */
	struct ima_collected c = { .covered = m->opts.evm, .has_digest = true, .error = -ENODATA, .has_ima_xattr = true };
	struct ima_template_in in;
	const struct ima_mlist_entry e = {
		.templ = m->opts.templ, .in = &in, .pcr = m->opts.pcr, .event = ev->number };
	enum ima_mlist_result res = IMA_MLIST_NONE;
	int tpm_error = 0, r = ima_collect_template(&c, h, ev, m->opts.templ, 0, &in);

	in.violation = true;
	in.default_algo = m->opts.hash;
	if (r == 0)
		r = ima_mlist_add(m->opts.mlist, h, &e, &res, &tpm_error);
	ima_collected_done(&c);
	if (r < 0 && !out->error)
		out->error = r;
	out->n_added += res == IMA_MLIST_ADDED;
	ima_monitor_audit_store(m, ev, m->opts.templ, r, res, tpm_error);
	ima_monitor_audit(m, ev, IMA_AUDIT_PCR, "invalid_pcr", cause, 0, false);
}

static bool checks_readers(enum ima_func f)
{
	return f == IMA_FUNC_FILE_CHECK || f == IMA_FUNC_MMAP_CHECK ||
	       f == IMA_FUNC_MMAP_CHECK_REQPROT;
}

/* note that the file has writers or has none; true when they were reported before and never gone since */
static bool writers_known(struct ima_monitor *m, const struct ima_file_event *ev, bool has_writers)
{
	struct ima_emitted *e = &m->emitted[(ev->ino ^ ev->dev_number * 31) % EMITTED_SLOTS];
	bool known;

	pthread_mutex_lock(&m->emitted_lock);
	known = e->ino == ev->ino && e->dev == ev->dev_number;
	if (has_writers)
		*e = (struct ima_emitted){ .dev = ev->dev_number, .ino = ev->ino };
	else if (known)
		*e = (struct ima_emitted){ 0 };
	pthread_mutex_unlock(&m->emitted_lock);
	return known && !m->opts.violation_each_time;
}

/* the hook knows best; else what we remember */
static bool writers_reported(struct ima_monitor *m, const struct ima_file_event *ev)
{
	int r = -ENOSYS;

	if (m->opts.violation_each_time)
		return false;
	if (ev->ops->writers_reported)
		r = ev->ops->writers_reported(ev->user);
	return r < 0 ? writers_known(m, ev, true) : r;
}

static void check_writers(struct ima_monitor *m, struct ima_hasher *h,
			  const struct ima_file_event *ev, struct ima_outcome *out)
{
	if (ev->opened_for_write || out->has_writers || !ev->ops->has_writers)
		return;
	if (ev->violations_told) {
		out->has_writers = ev->has_writers;
		if (!ev->has_writers)
			writers_known(m, ev, false);
		return;
	}
	out->has_writers = ev->ops->has_writers(ev->user) == 1;
	if (!writers_known(m, ev, out->has_writers) && out->has_writers)
		add_violation(m, h, ev, "open_writers", out);
}

/* needs no rule for the writer: that some reader was measured is enough */
static void check_being_read(struct ima_monitor *m, struct ima_hasher *h,
			     const struct ima_file_event *ev, struct ima_outcome *out)
{
	if (!ev->opened_for_write || !ev->ops->has_readers ||
	    !(ima_policy_flags(m->opts.policy) & IMA_ACTION_MEASURE))
		return;
	if (ev->ops->has_readers(ev->user) == 1)
		add_violation(m, h, ev, "ToMToU", out);
}

static void note_measured(const struct ima_file_event *ev, uint32_t pcr, struct ima_outcome *out)
{
	if (ev->direct_io || pcr >= 64)
		return;
	out->done |= IMA_ACTION_MEASURE;
	out->measured_pcrs |= UINT64_C(1) << pcr;
}

static void note_store(const struct ima_file_event *ev, int r, enum ima_mlist_result res, uint32_t pcr,
		       struct ima_outcome *out)
{
	if (r < 0) {
		if (!out->error)
			out->error = r;
		return;
	}
	out->n_added += res == IMA_MLIST_ADDED;
	note_measured(ev, pcr, out);
}

static void store(struct ima_monitor *m, struct ima_hasher *h, const struct ima_file_event *ev,
		  const struct ima_policy_result *res, struct ima_collected *c,
		  struct ima_outcome *out)
{
	const uint32_t pcr = res->pcr >= 0 ? (uint32_t)res->pcr : m->opts.pcr;
	const struct ima_template *t = res->templ ? res->templ : m->opts.templ;
	enum ima_mlist_result added = IMA_MLIST_NONE;
	struct ima_template_in in;
	int r, tpm_error = 0;

	/* with an appended signature the list itself tells whether it has that record */
	const bool again = (res->action & IMA_OPT_MODSIG_ALLOWED) && ima_collect_wants_modsig(t) &&
			   ima_collect_modsig(c, ev);

	if (!again && pcr < 64 && out->measured_pcrs >> pcr & 1)
		return;
	if (!again && c->error == 0 && ima_inodes_has(m->inodes, ev, &c->digest, pcr)) {
		note_measured(ev, pcr, out);
		return;
	}
	r = ima_collect_template(c, h, ev, t, res->action, &in);
	if (r == 0) {
		const struct ima_mlist_entry e = {
			.templ = t, .in = &in, .pcr = pcr, .event = ev->number };

		r = ima_mlist_add(m->opts.mlist, h, &e, &added, &tpm_error);
	}
	ima_monitor_audit_store(m, ev, t, r, added, tpm_error);
	note_store(ev, r, added, pcr, out);
	if (r == 0 && c->error == 0 && !ev->direct_io)
		ima_inodes_add(m->inodes, ev, &c->digest, pcr);
}

static void measure(struct ima_monitor *m, struct ima_hasher *h, const struct ima_file_event *ev,
		    const struct ima_policy_result *res, struct ima_collected *c,
		    struct ima_outcome *out)
{
	const bool verity = res->action & IMA_OPT_VERITY_REQUIRED;
	int r = verity ? ima_collect_verity(c, ev) :
			 ima_collect_digest(c, h, ev, file_algo(m, ev, res, c));

	if (r < 0)
		ima_monitor_audit_collect(m, ev, c, verity, r);
	/* a file without an fs-verity digest is neither listed nor kept from anybody */
	if (verity && (r == -ENODATA || r == -EOPNOTSUPP))
		return;
	/* a file that cannot be read as a whole is listed with zeros; any other failure lists nothing */
	if (r < 0 && r != -EINVAL && r != -EBADF) {
		if (!out->error)
			out->error = r;
		return;
	}
	if (ev->unnamed_copy && ima_mlist_knows_content(m->opts.mlist, &c->digest)) {
		out->done |= IMA_ACTION_MEASURE;
		return;
	}
	store(m, h, ev, res, c, out);
}

/*
 * Who opens it for writing next is asked about: a signed file is refused then, another one's label must follow what is written.
 * A hook that brings violations tells of writers too, and refuses them by itself where every one is to be refused.
 */
static bool is_watched_for_writers(struct ima_monitor *m, const struct ima_file_event *ev,
				   const struct ima_outcome *out, const struct ima_collected *c)
{
	if (!ima_policy_may_appraise(m->opts.policy, &ev->facts, IMA_FUNC_FILE_CHECK))
		return false;
	return !ev->violations_told || (ima_judge_is_signed(c) && !out->writers_refused);
}

void ima_monitor_file(struct ima_monitor *m, struct ima_hasher *h, const struct ima_file_event *ev,
		      struct ima_outcome *ret)
{
	struct ima_collected c = { .covered = m->opts.evm };
	uint32_t lasting;

	*ret = (struct ima_outcome){ 0 };
	pthread_rwlock_rdlock(&m->policy_lock);
	ima_ignore(ima_judge_settle(m, h, ev, &c));
	for (size_t i = 0; i < ev->n_checks; i++) {
		struct ima_policy_result res;

		match_check(m, ev, i, &res);
		res.action |= ima_judge_asked(m, ev, res.action);
		ret->action |= res.action;
		if (res.action & IMA_ACTION_MEASURE)
			ret->matched |= UINT32_C(1) << i;
		if (checks_readers(ev->checks[i].func))
			check_being_read(m, h, ev, ret);
		if (res.action & IMA_ACTION_MEASURE) {
			if (checks_readers(ev->checks[i].func))
				check_writers(m, h, ev, ret);
			measure(m, h, ev, &res, &c, ret);
		}
		ima_judge_access(m, h, ev, &ev->checks[i], &res, &c, ret);
		if (res.action & IMA_ACTION_AUDIT)
			ima_monitor_audit_rule(m, h, ev, &c, ret);
	}
	ret->good = ima_judge_good_uses(m, h, ev, &c, &lasting);
	ret->unasked = ~ima_judge_appraised_uses(m, &ev->facts);
	ret->metadata = c.has_evm ? (uint32_t)ima_judge_metadata(m, h, ev, &c) + 1 : 0;
	ret->writers_refused = m->opts.enforce && ima_judge_is_signed(&c) &&
			       ima_policy_surely_appraises(m->opts.policy, &ev->facts, IMA_FUNC_FILE_CHECK);
	if (!m->opts.appraise || (lasting == ALL_FUNCS && !is_watched_for_writers(m, ev, ret, &c)))
		ret->done |= IMA_ACTION_APPRAISE; /* nobody is to be refused: nothing is left to judge */
	pthread_rwlock_unlock(&m->policy_lock);
	ima_collected_done(&c);
}

static bool must_measure(struct ima_monitor *m, const struct ima_file_event *ev)
{
	struct ima_policy_result res;

	for (size_t i = 0; i < ev->n_checks; i++) {
		match_check(m, ev, i, &res);
		if (res.action & IMA_ACTION_MEASURE)
			return true;
	}
	return false;
}

void ima_monitor_violation(struct ima_monitor *m, struct ima_hasher *h,
			   const struct ima_file_event *ev, bool readers, struct ima_outcome *ret)
{
	*ret = (struct ima_outcome){ 0 };
	pthread_rwlock_rdlock(&m->policy_lock);
	if (readers && (ima_policy_flags(m->opts.policy) & IMA_ACTION_MEASURE))
		add_violation(m, h, ev, "ToMToU", ret);
	else if (!readers && must_measure(m, ev) && !writers_reported(m, ev))
		add_violation(m, h, ev, "open_writers", ret);
	pthread_rwlock_unlock(&m->policy_lock);
}

void ima_monitor_opened_good(struct ima_monitor *m, const struct ima_file_event *ev)
{
	struct ima_policy_result res;

	pthread_rwlock_rdlock(&m->policy_lock);
	for (size_t i = 0; i < ev->n_checks; i++) {
		match_check(m, ev, i, &res);
		if (res.action & (IMA_ACTION_APPRAISE | IMA_ACTION_HASH))
			ima_judge_put_off(m, ev);
	}
	pthread_rwlock_unlock(&m->policy_lock);
}

int ima_monitor_closed(struct ima_monitor *m, struct ima_hasher *h, const struct ima_file_event *ev)
{
	struct ima_collected c = { .covered = m->opts.evm };
	int status = -1;

	pthread_rwlock_rdlock(&m->policy_lock);
	if (ima_judge_settle(m, h, ev, &c))
		status = (int)ima_judge_metadata(m, h, ev, &c);
	pthread_rwlock_unlock(&m->policy_lock);
	ima_collected_done(&c);
	return status;
}

uint32_t ima_monitor_appraises(struct ima_monitor *m, const struct ima_policy_event *fs)
{
	uint32_t funcs = 0;

	pthread_rwlock_rdlock(&m->policy_lock);
	funcs = ima_judge_appraised_uses(m, fs);
	pthread_rwlock_unlock(&m->policy_lock);
	return funcs;
}

bool ima_monitor_is_enforcing(struct ima_monitor *m)
{
	bool yes;

	pthread_rwlock_rdlock(&m->policy_lock);
	yes = m->opts.enforce;
	pthread_rwlock_unlock(&m->policy_lock);
	return yes;
}

bool ima_monitor_appraises_any(struct ima_monitor *m)
{
	return m->opts.appraise;
}

uint32_t ima_monitor_label_algos(struct ima_monitor *m)
{
	uint32_t algos = 0;

	pthread_rwlock_rdlock(&m->policy_lock);
	if (m->opts.appraise) {
		algos = ima_policy_label_algos(m->opts.policy);
		if (!algos)
			algos = m->opts.available_algos;
	}
	pthread_rwlock_unlock(&m->policy_lock);
	return algos;
}

enum ima_hash_algo ima_monitor_default_algo(struct ima_monitor *m)
{
	return m->opts.hash;
}

bool ima_monitor_appraises_rules(struct ima_monitor *m)
{
	bool yes;

	pthread_rwlock_rdlock(&m->policy_lock);
	yes = m->opts.appraise && (ima_policy_flags(m->opts.policy) & IMA_ACTION_APPRAISE);
	pthread_rwlock_unlock(&m->policy_lock);
	return yes;
}

bool ima_monitor_names_labels(struct ima_monitor *m)
{
	bool yes;

	pthread_rwlock_rdlock(&m->policy_lock);
	yes = ima_policy_names_labels(m->opts.policy);
	pthread_rwlock_unlock(&m->policy_lock);
	return yes;
}

void ima_monitor_stop_enforcing(struct ima_monitor *m)
{
	pthread_rwlock_wrlock(&m->policy_lock);
	m->opts.enforce = false;
	pthread_rwlock_unlock(&m->policy_lock);
}

bool ima_monitor_measures(struct ima_monitor *m)
{
	bool yes;

	pthread_rwlock_rdlock(&m->policy_lock);
	yes = ima_policy_flags(m->opts.policy) & IMA_ACTION_MEASURE;
	pthread_rwlock_unlock(&m->policy_lock);
	return yes;
}

static int hash_buffer(struct ima_monitor *m, struct ima_hasher *h, const struct ima_buffer_event *ev,
		       struct ima_template_in *in, struct ima_digest *by_hash)
{
	int r = ima_hash_bytes(h, m->opts.hash, ev->data, &in->digest);

	if (r < 0 || !ev->by_hash)
		return r;
	*by_hash = in->digest;
	in->buf = (struct ima_bytes){ by_hash->data, by_hash->len };
	return ima_hash_bytes(h, m->opts.hash, in->buf, &in->digest);
}

static int add_buffer(struct ima_monitor *m, struct ima_hasher *h,
		      const struct ima_buffer_event *ev, const struct ima_policy_result *res)
{
	struct ima_template_in in = {
		.default_algo = m->opts.hash,
		.name = { (const uint8_t *)ev->name, strlen(ev->name) },
		.buf = ev->data,
	};
	struct ima_mlist_entry e = {
		.templ = res->templ ? res->templ : ima_template_builtin("ima-buf", 7),
		.in = &in,
		.pcr = res->pcr >= 0 ? (uint32_t)res->pcr : m->opts.pcr,
	};
	enum ima_mlist_result added = IMA_MLIST_NONE;
	struct ima_digest by_hash;
	int tpm_error = 0, r = hash_buffer(m, h, ev, &in, &by_hash);

	if (r < 0) {
		ima_monitor_audit_buffer_failed(m, ev, "hashing_error", r);
		return r;
	}
	r = ima_mlist_add(m->opts.mlist, h, &e, &added, &tpm_error);
	if (r < 0)
		ima_monitor_audit_buffer_failed(m, ev, r == -ENOMEM ? "alloc_entry" : "store_entry", r);
	else
		ima_monitor_audit_buffer(m, ev->subject, ima_audit_text_of(in.buf), added, tpm_error);
	return r;
}

int ima_monitor_buffer(struct ima_monitor *m, struct ima_hasher *h,
		       const struct ima_buffer_event *ev)
{
	struct ima_policy_result res;
	int r = -ENOENT;

	pthread_rwlock_rdlock(&m->policy_lock);
	ima_policy_match(m->opts.policy, &ev->facts, 0, &res);
	if (res.action & IMA_ACTION_MEASURE)
		r = add_buffer(m, h, ev, &res);
	pthread_rwlock_unlock(&m->policy_lock);
	return r;
}

void ima_monitor_list_revoked(struct ima_monitor *m, struct ima_hasher *h, struct ima_collected *c,
			      const struct ima_policy_result *res)
{
	/* the template of the rule is that of files, not of buffers */
	const struct ima_policy_result where = { .pcr = res->pcr };
	struct ima_buffer_event ev = { .name = "blacklisted-hash" };
	struct ima_digest d = { 0 };

	if ((res->action & IMA_OPT_MODSIG_ALLOWED) && c->modsig && ima_modsig_digest(c->modsig, h, &d) == 0)
		ev.data = (struct ima_bytes){ d.data, d.len };
	ima_ignore(add_buffer(m, h, &ev, &where));
}

int ima_monitor_boot_aggregate(struct ima_monitor *m, struct ima_hasher *h,
			       const struct ima_digest *aggregate, const struct ima_digest *legacy)
{
	static const char name[] = "boot_aggregate";
	const struct ima_template_in in = {
		.digest = *aggregate,
		.legacy_digest = *legacy,
		.default_algo = m->opts.hash,
		.name = { (const uint8_t *)name, sizeof(name) - 1 },
	};
	const struct ima_mlist_entry e = { .templ = m->opts.templ, .in = &in, .pcr = m->opts.pcr };
	enum ima_mlist_result added = IMA_MLIST_NONE;
	int tpm_error = 0, r = ima_mlist_add(m->opts.mlist, h, &e, &added, &tpm_error);

	if (r < 0)
		ima_monitor_audit_self(m, IMA_AUDIT_PCR, "add_boot_aggregate",
				       r == -ENOMEM ? "alloc_entry" : "store_entry", in.name, r);
	else
		ima_monitor_audit_buffer(m, NULL, in.name, added, tpm_error);
	return r;
}

int ima_monitor_gap(struct ima_monitor *m, struct ima_hasher *h, const char *name)
{
	const struct ima_template_in in = {
		.violation = true,
		.default_algo = m->opts.hash,
		.name = { (const uint8_t *)name, strlen(name) },
	};
	const struct ima_mlist_entry e = {
		.templ = m->opts.templ, .in = &in, .pcr = m->opts.pcr, .flags = IMA_JOURNAL_GAP };
	enum ima_mlist_result added;

	return ima_mlist_add(m->opts.mlist, h, &e, &added, NULL);
}

uint32_t ima_monitor_scope(struct ima_monitor *m, const struct ima_policy_event *fs)
{
	uint32_t scope;

	pthread_rwlock_rdlock(&m->policy_lock);
	scope = ima_policy_scope(m->opts.policy, fs);
	pthread_rwlock_unlock(&m->policy_lock);
	return scope;
}

bool ima_monitor_pending(struct ima_monitor *m, const struct ima_policy_event *facts, uint32_t done,
			 uint64_t pcrs)
{
	bool pending;

	pthread_rwlock_rdlock(&m->policy_lock);
	pending = ima_policy_pending(m->opts.policy, facts, done, pcrs, (int)m->opts.pcr);
	pthread_rwlock_unlock(&m->policy_lock);
	return pending;
}

int ima_monitor_policy_call(struct ima_monitor *m, int (*fn)(struct ima_policy *p, void *arg),
			    void *arg)
{
	int r;

	pthread_rwlock_wrlock(&m->policy_lock);
	r = fn(m->opts.policy, arg);
	pthread_rwlock_unlock(&m->policy_lock);
	return r;
}

void ima_monitor_forget_files(struct ima_monitor *m, ima_device_fn *is_there, void *user)
{
	ima_inodes_forget(m->inodes);
	ima_rewrites_forget(&m->rewrites, is_there, user);
	ima_asked_forget(&m->asked, is_there, user);
}

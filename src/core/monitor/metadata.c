/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What follows a change of metadata: the kernel's audit records, the HMAC, and what the file is worth afterwards. An HMAC is made anew only where
 * the one before was found good, or where the rules say that there is none to begin with: nobody gets one by changing a file.
 */
#include <errno.h>
#include <string.h>

#include "core/monitor/monitor_internal.h"

static void audit(struct ima_monitor *m, const struct ima_file_event *ev, const struct ima_metadata_change *ch)
{
	const char *word = ima_integrity_name(ch->judged ? ch->status : IMA_INTEGRITY_UNKNOWN);

	if (ch->audit_update)
		ima_monitor_audit(m, ev, IMA_AUDIT_METADATA, "update_metadata", "no_xattrs", -EPERM, false);
	if (ch->audit_appraise || (ch->refused && ch->unjudged))
		ima_monitor_audit(m, ev, IMA_AUDIT_METADATA, "appraise_metadata", word, -EPERM, false);
}

/* nobody knew when it was changed: the owner and the mode that it had tell it now; an attribute's old value is gone */
static bool was_good(struct ima_monitor *m, struct ima_hasher *h, const struct ima_file_event *ev,
		     const struct ima_metadata_change *ch)
{
	struct ima_evm_file before = ima_judge_evm_file(ev);
	struct ima_evm_result res;

	if (!ch->is_attr)
		return false;
	before.uid = ch->uid;
	before.gid = ch->gid;
	before.mode = ch->mode;
	ima_evm_judge(m->opts.evm, h, &before, &res);
	return res.status == IMA_INTEGRITY_PASS;
}

static int put_hmac(const struct ima_file_event *ev, struct ima_bytes have, int have_error, struct ima_bytes mac)
{
	if (have_error == 0 && have.len == mac.len && !memcmp(have.data, mac.data, mac.len))
		return 0;
	return ev->ops->set_xattr(ev->user, "security.evm", mac);
}

/* nothing left that it covers: security.evm goes as well; a portable signature stays whatever happens */
static int follow(struct ima_monitor *m, struct ima_hasher *h, const struct ima_file_event *ev)
{
	const struct ima_evm_file f = ima_judge_evm_file(ev);
	ima_cleanup(ima_freep) uint8_t *have = NULL;
	uint8_t mac[1 + IMA_EVM_HMAC_LEN];
	size_t have_len = 0;
	int had = ev->ops->xattr(ev->user, "security.evm", &have, &have_len), r;

	if (!ev->ops->set_xattr || (had == 0 && have_len && have[0] == IMA_XATTR_PORTABLE))
		return 0;
	r = ima_evm_hmac(m->opts.evm, h, &f, mac);
	if (r == -ENODATA)
		return had == 0 ? ev->ops->set_xattr(ev->user, "security.evm", (struct ima_bytes){ 0 }) : 0;
	return r < 0 ? r :
		       put_hmac(ev, (struct ima_bytes){ have, have_len }, had, (struct ima_bytes){ mac, sizeof(mac) });
}

static bool is_to_follow(struct ima_monitor *m, struct ima_hasher *h, const struct ima_file_event *ev,
			 const struct ima_metadata_change *ch)
{
	return ch->follow && (m->opts.evm->mode & IMA_EVM_INIT_HMAC) && (!ch->unjudged || was_good(m, h, ev, ch));
}

enum ima_integrity ima_monitor_metadata(struct ima_monitor *m, struct ima_hasher *h,
					const struct ima_file_event *ev,
					const struct ima_metadata_change *change)
{
	struct ima_evm_result res = { .status = IMA_INTEGRITY_UNKNOWN };
	struct ima_evm_file f;

	pthread_rwlock_rdlock(&m->policy_lock);
	audit(m, ev, change);
	if (m->opts.evm) {
		if (is_to_follow(m, h, ev, change) && follow(m, h, ev) < 0)
			ima_monitor_audit(m, ev, IMA_AUDIT_METADATA, "update_metadata", "hmac-not-written", -EIO, false);
		f = ima_judge_evm_file(ev);
		ima_evm_judge(m->opts.evm, h, &f, &res);
	}
	pthread_rwlock_unlock(&m->policy_lock);
	return res.status;
}

void ima_monitor_new_file(struct ima_monitor *m, struct ima_hasher *h, const struct ima_file_event *ev)
{
	ima_cleanup(ima_freep) uint8_t *have = NULL;
	size_t len = 0;

	pthread_rwlock_rdlock(&m->policy_lock);
	if (m->opts.evm && (m->opts.evm->mode & IMA_EVM_INIT_HMAC) &&
	    ev->ops->xattr(ev->user, "security.evm", &have, &len) == -ENODATA && follow(m, h, ev) < 0)
		ima_monitor_audit(m, ev, IMA_AUDIT_METADATA, "update_metadata", "hmac-not-written", -EIO, false);
	pthread_rwlock_unlock(&m->policy_lock);
}

int ima_monitor_evm_call(struct ima_monitor *m, int (*fn)(const struct ima_evm *evm, void *arg), void *arg)
{
	int r = 0;

	pthread_rwlock_rdlock(&m->policy_lock);
	if (m->opts.evm)
		r = fn(m->opts.evm, arg);
	pthread_rwlock_unlock(&m->policy_lock);
	return r;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * EVM's rules for changing metadata: may an attribute, an owner, a mode or a list of access rights be changed, and what is security.evm worth
 * afterwards. One text for both halves of the gate and for the tests: it is compiled for the kernel's BPF machine as well, so it needs no
 * other library, calls nothing and loops over nothing.
 *
 * Source: docs/FORMATS.md "EVM, changes".
 */
#pragma once

#include "core/evm/integrity.h"
#include "core/evm/mode.h"

/** enum ima_evm_op - what is about to happen */
enum ima_evm_op {
	IMA_EVM_OP_SETXATTR = 0,
	IMA_EVM_OP_REMOVEXATTR,
	IMA_EVM_OP_SETATTR, /* mode, owner or group */
	IMA_EVM_OP_ACL,     /* set or removed, by a hook of its own (since 6.2) */
	IMA_EVM_OP__LAST
};

/** enum ima_evm_class - what kind of attribute it is */
enum ima_evm_class {
	IMA_EVM_CLASS_OTHER = 0,
	IMA_EVM_CLASS_COVERED, /* one that HMACs cover */
	IMA_EVM_CLASS_EVM,     /* security.evm itself */
	IMA_EVM_CLASS_ACL,     /* system.posix_acl_access or _default */
};

#define IMA_EVM_TYPE_SIGNATURE 3U
#define IMA_EVM_TYPE_PORTABLE 5U

/**
 * struct ima_evm_change - the change and all that the answer depends on
 * @op: enum ima_evm_op; @class: enum ima_evm_class, for attributes
 * @status: enum ima_integrity of the metadata as it is; @judged: it is known
 * @mode: IMA_EVM_*; @version: of the behaviour profile; @fix: evm=fix
 * @type: first byte of the new value of security.evm; @empty: it has none
 * @same: the new value, mode and owner are those of now
 * @new_file: made by the open that still has it; @scratch: tmpfs or sysfs; @overlay; @admin: CAP_SYS_ADMIN
 */
struct ima_evm_change {
	unsigned int op, class, status, mode, version, type;
	_Bool judged, fix, empty, same, new_file, scratch, overlay, admin;
};

/* enum of errors, as numbers: no errno.h in the kernel half */
#define IMA_EVM_EPERM 1
#define IMA_EVM_EINVAL 22

/**
 * struct ima_evm_answer - @error: 0 allowed, or the negative number that the kernel gives
 * @unjudged: the answer would need a status that is not known; @error is 0, and the fail mode decides
 * @update_metadata, @appraise_metadata: audit records of these operations, in this order; their cause is the status word
 */
struct ima_evm_answer {
	int error;
	_Bool unjudged, update_metadata, appraise_metadata;
};

static inline _Bool ima_evm_has_key(unsigned int mode)
{
	return (mode & (IMA_EVM_INIT_HMAC | IMA_EVM_INIT_X509)) != 0;
}

/* signatures only, and nothing more is to come */
static inline _Bool ima_evm_hmac_is_off(unsigned int mode)
{
	return !(mode & IMA_EVM_INIT_HMAC) && (mode & IMA_EVM_SETUP_COMPLETE);
}

/* since 6.8 an overlay has no metadata of its own to protect */
static inline _Bool ima_evm_is_exempt(const struct ima_evm_change *c)
{
	return c->overlay && c->version >= 608;
}

static inline _Bool ima_evm_status_matters(const struct ima_evm_change *c)
{
	return ima_evm_has_key(c->mode) && !c->fix;
}

static inline unsigned int ima_evm_status_now(const struct ima_evm_change *c)
{
	return ima_evm_status_matters(c) ? c->status : IMA_INTEGRITY_PASS;
}

static inline int ima_evm_check_new_label(const struct ima_evm_change *c)
{
	if (c->op == IMA_EVM_OP_SETXATTR && c->empty)
		return -IMA_EVM_EINVAL;
	if (c->op == IMA_EVM_OP_SETXATTR && c->type != IMA_EVM_TYPE_SIGNATURE &&
	    c->type != IMA_EVM_TYPE_PORTABLE)
		return -IMA_EVM_EPERM; /* nobody writes an HMAC */
	return c->admin && !ima_evm_is_exempt(c) ? 0 : -IMA_EVM_EPERM;
}

/* what all kinds have in common; @status is known */
static inline struct ima_evm_answer ima_evm_common(const struct ima_evm_change *c, unsigned int status,
						   struct ima_evm_answer a)
{
	if (ima_evm_hmac_is_off(c->mode) &&
	    (status == IMA_INTEGRITY_NOLABEL || status == IMA_INTEGRITY_UNKNOWN))
		return a;
	if (status == IMA_INTEGRITY_PASS || status == IMA_INTEGRITY_FAIL_IMMUTABLE ||
	    (status == IMA_INTEGRITY_PASS_IMMUTABLE && c->same))
		return a;
	/* an owner or a mode is audited whatever the status, an attribute is not where it is good */
	a.appraise_metadata = status != IMA_INTEGRITY_PASS_IMMUTABLE || c->op == IMA_EVM_OP_SETATTR;
	a.error = -IMA_EVM_EPERM;
	return a;
}

static inline struct ima_evm_answer ima_evm_answer_xattr(const struct ima_evm_change *c,
							 struct ima_evm_answer a)
{
	const unsigned int status = ima_evm_status_now(c);

	if (status == IMA_INTEGRITY_NOXATTRS) {
		if (c->class == IMA_EVM_CLASS_ACL || ima_evm_hmac_is_off(c->mode) || c->new_file || c->scratch)
			return a;
		a.update_metadata = 1;
	}
	return ima_evm_common(c, status, a);
}

/** ima_evm_answer() - may it be done? */
static inline struct ima_evm_answer ima_evm_answer(const struct ima_evm_change *c)
{
	const _Bool is_xattr = c->op == IMA_EVM_OP_SETXATTR || c->op == IMA_EVM_OP_REMOVEXATTR;
	struct ima_evm_answer a = { 0, 0, 0, 0 };

	if (c->mode & IMA_EVM_ALLOW_METADATA_WRITES)
		return a;
	if (is_xattr && c->class == IMA_EVM_CLASS_EVM) {
		a.error = ima_evm_check_new_label(c);
		if (a.error)
			return a;
	}
	if (ima_evm_is_exempt(c) || (is_xattr && c->class == IMA_EVM_CLASS_OTHER))
		return a;
	if (ima_evm_status_matters(c) && !c->judged) {
		a.unjudged = 1;
		return a;
	}
	if (is_xattr)
		return ima_evm_answer_xattr(c, a);
	if (ima_evm_status_now(c) == IMA_INTEGRITY_NOXATTRS)
		return a;
	return ima_evm_common(c, ima_evm_status_now(c), a);
}

/** ima_evm_updates() - after this change, which was allowed, the HMAC is computed anew (docs/FORMATS.md "EVM, changes") */
static inline _Bool ima_evm_updates(const struct ima_evm_change *c)
{
	const _Bool is_xattr = c->op == IMA_EVM_OP_SETXATTR || c->op == IMA_EVM_OP_REMOVEXATTR;

	if (!(c->mode & IMA_EVM_INIT_HMAC) || ima_evm_is_exempt(c))
		return 0;
	return !is_xattr || c->class == IMA_EVM_CLASS_COVERED || c->class == IMA_EVM_CLASS_ACL;
}

/**
 * ima_evm_expect() - the status that the file has after this change was allowed, as far as it can be said without looking
 * @ret_judged: false: it must be looked at
 */
static inline unsigned int ima_evm_expect(const struct ima_evm_change *c, _Bool *ret_judged)
{
	const _Bool evm = (c->op == IMA_EVM_OP_SETXATTR || c->op == IMA_EVM_OP_REMOVEXATTR) &&
			  c->class == IMA_EVM_CLASS_EVM;
	unsigned int status = c->status;

	*ret_judged = c->judged;
	if (evm && c->op == IMA_EVM_OP_SETXATTR && c->type == IMA_EVM_TYPE_PORTABLE) {
		/* who unpacks a file sets the rest next; a wrong one is found where it is used */
		*ret_judged = 1;
		status = IMA_INTEGRITY_FAIL_IMMUTABLE;
	} else if (evm) {
		*ret_judged = 0;
	} else if (status == IMA_INTEGRITY_NOXATTRS && c->op == IMA_EVM_OP_SETXATTR &&
		   c->class == IMA_EVM_CLASS_COVERED) {
		/* its first HMAC is on the way */
		status = ima_evm_updates(c) ? IMA_INTEGRITY_PASS : IMA_INTEGRITY_NOLABEL;
	} else if (c->fix && ima_evm_updates(c)) {
		*ret_judged = 0;
	}
	return status;
}

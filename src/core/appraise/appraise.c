/* SPDX-License-Identifier: BSD-2-Clause */
/* The decision procedure, in the kernel's order. Only an exact match or a verified signature passes. */
#include "core/appraise/appraise.h"

#include <errno.h>
#include <string.h>

#include "core/sig/key.h"

static void say(struct ima_appraisal *a, enum ima_integrity status, const char *cause)
{
	a->status = status;
	a->cause = cause;
}

static const char *required(const struct ima_appraise_in *in, const char *otherwise)
{
	if (!(in->opts & IMA_OPT_DIGSIG_REQUIRED))
		return otherwise;
	return in->opts & IMA_OPT_VERITY_REQUIRED ? "verity-signature-required" :
						    "IMA-signature-required";
}

static void judge_missing(const struct ima_appraise_in *in, struct ima_appraisal *a)
{
	if (in->label_error && in->label_error != -ENODATA) {
		say(a, IMA_INTEGRITY_UNKNOWN, "unknown");
		return;
	}
	say(a, IMA_INTEGRITY_NOLABEL, required(in, "missing-hash"));
	if (in->new_file && (!(in->opts & IMA_OPT_DIGSIG_REQUIRED) || !in->size))
		say(a, IMA_INTEGRITY_PASS, NULL);
}

/* the metadata's verdict; true: go on with the label */
static bool judge_metadata(const struct ima_appraise_in *in, struct ima_appraisal *a)
{
	switch (in->evm) {
	case IMA_INTEGRITY_PASS:
	case IMA_INTEGRITY_PASS_IMMUTABLE:
	case IMA_INTEGRITY_UNKNOWN:
		return true;
	case IMA_INTEGRITY_NOXATTRS:
		if (in->modsig)
			return true;
		say(a, in->evm, "missing-HMAC");
		return false;
	case IMA_INTEGRITY_NOLABEL:
		say(a, in->evm, "missing-HMAC");
		return false;
	case IMA_INTEGRITY_FAIL_IMMUTABLE:
		a->is_signed = true;
		say(a, in->evm, "invalid-fail-immutable");
		return false;
	default:
		say(a, IMA_INTEGRITY_FAIL, "invalid-HMAC");
		return false;
	}
}

static void judge_digest(const struct ima_appraise_in *in, size_t head, struct ima_appraisal *a)
{
	const struct ima_digest *d = in->content;

	if (in->evm == IMA_INTEGRITY_PASS_IMMUTABLE) {
		a->is_signed = true;
	} else if (in->opts & IMA_OPT_DIGSIG_REQUIRED) {
		say(a, IMA_INTEGRITY_FAIL, required(in, NULL));
		return;
	}
	if (d->len && in->label.len >= head + d->len &&
	    !memcmp(in->label.data + head, d->data, d->len))
		say(a, IMA_INTEGRITY_PASS, NULL);
	else
		say(a, IMA_INTEGRITY_FAIL, "invalid-hash");
}

static enum ima_sig_verdict verdict_of_parse(int error)
{
	switch (error) {
	case -EOPNOTSUPP:
		return IMA_SIG_UNSUPPORTED;
	case -ENOPKG:
		return IMA_SIG_NO_ALGORITHM;
	default:
		return IMA_SIG_MALFORMED;
	}
}

/* @direct: the signature is over the digest itself, else over the file id */
static enum ima_sig_verdict verify(const struct ima_appraise_in *in, bool direct)
{
	struct ima_digest over = *in->content;
	struct ima_signature s;
	enum ima_sig_verdict v;
	int r = ima_signature_parse(in->label, &s);

	if (r < 0)
		return verdict_of_parse(r);
	if (!direct && ima_signature_file_id(in->h, s.type, in->content, &over) < 0)
		return IMA_SIG_UNCHECKED;
	v = ima_keyring_verify_as(in->keys, in->version, &s, &over);
	if (v != IMA_SIG_GOOD && in->platform && in->func == IMA_FUNC_KEXEC_KERNEL_CHECK)
		v = ima_keyring_verify_as(in->platform, in->version, &s, &over);
	return v;
}

static void take_verdict(struct ima_appraisal *a, enum ima_sig_verdict v, const char *cause)
{
	a->sig = v;
	if (v == IMA_SIG_GOOD)
		say(a, IMA_INTEGRITY_PASS, NULL);
	else if (v == IMA_SIG_UNSUPPORTED)
		say(a, IMA_INTEGRITY_UNKNOWN, "unknown");
	else
		say(a, IMA_INTEGRITY_FAIL, cause);
}

static void judge_signature(const struct ima_appraise_in *in, struct ima_appraisal *a)
{
	const uint32_t verity = IMA_OPT_DIGSIG_REQUIRED | IMA_OPT_VERITY_REQUIRED;
	const unsigned int newest_header = in->version >= 701 ? 3 : 2;
	const uint8_t version = in->label.len > 1 ? in->label.data[1] : 0;

	a->is_signed = true;
	if ((in->opts & verity) == verity)
		say(a, IMA_INTEGRITY_FAIL, "verity-signature-required");
	else if (version > newest_header)
		say(a, IMA_INTEGRITY_FAIL, "invalid-signature-version");
	else if ((in->opts & IMA_OPT_SIGV3_REQUIRED) && version != 3)
		say(a, IMA_INTEGRITY_FAIL, "IMA-sigv3-required");
	else
		take_verdict(a, verify(in, version != 3), "invalid-signature");
}

static void judge_verity(const struct ima_appraise_in *in, struct ima_appraisal *a)
{
	a->is_signed = true;
	if ((in->opts & IMA_OPT_DIGSIG_REQUIRED) && !(in->opts & IMA_OPT_VERITY_REQUIRED))
		say(a, IMA_INTEGRITY_FAIL, "IMA-signature-required");
	else if (in->label.len < 2 || in->label.data[1] != 3)
		say(a, IMA_INTEGRITY_FAIL, "invalid-signature-version");
	else
		take_verdict(a, verify(in, false), "invalid-verity-signature");
}

static void judge_label(const struct ima_appraise_in *in, struct ima_appraisal *a)
{
	switch (in->label.data[0]) {
	case IMA_XATTR_DIGEST:
		judge_digest(in, 1, a);
		break;
	case IMA_XATTR_DIGEST_NG:
		judge_digest(in, 2, a);
		break;
	case IMA_XATTR_SIGNATURE:
		judge_signature(in, a);
		break;
	case IMA_XATTR_VERITY:
		judge_verity(in, a);
		break;
	default:
		say(a, IMA_INTEGRITY_UNKNOWN, "unknown-ima-data");
		break;
	}
}

/* the label is not enough by itself, or is by a key that nobody knows: a label of the oldest kind decides alone */
static bool needs_modsig(const struct ima_appraise_in *in, const struct ima_appraisal *a)
{
	return in->modsig && (!in->label.len || in->label.data[0] == IMA_XATTR_DIGEST_NG ||
			      a->sig == IMA_SIG_NO_KEY);
}

static void judge_modsig(const struct ima_appraise_in *in, struct ima_appraisal *a)
{
	enum ima_sig_verdict v = in->modsig(in->modsig_user, in->keys);

	if (v != IMA_SIG_GOOD && in->platform && in->func == IMA_FUNC_KEXEC_KERNEL_CHECK)
		v = in->modsig(in->modsig_user, in->platform);
	a->sig = v;
	if (v == IMA_SIG_GOOD)
		say(a, IMA_INTEGRITY_PASS, NULL);
	else
		say(a, IMA_INTEGRITY_FAIL, "invalid-signature");
}

void ima_appraise(const struct ima_appraise_in *in, struct ima_appraisal *ret)
{
	struct ima_appraisal a = { .status = IMA_INTEGRITY_UNKNOWN, .cause = "unknown" };

	if (in->label_error == -EOPNOTSUPP && !in->modsig) {
		*ret = (struct ima_appraisal){ .status = IMA_INTEGRITY_UNKNOWN };
		return;
	}
	if (!in->label.len && !in->modsig) {
		judge_missing(in, &a);
	} else if (judge_metadata(in, &a)) {
		if (in->label.len)
			judge_label(in, &a);
		if (needs_modsig(in, &a))
			judge_modsig(in, &a);
	}
	if (in->unverifiable &&
	    (in->untrusted_mounter || (in->opts & IMA_OPT_FAIL_UNVERIFIABLE_SIGS)))
		say(&a, IMA_INTEGRITY_FAIL, "unverifiable-signature");
	else if (a.status != IMA_INTEGRITY_PASS && !in->size && in->new_file && a.is_signed)
		say(&a, IMA_INTEGRITY_PASS, NULL);
	*ret = a;
}

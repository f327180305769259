/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ima_measurement: a list of any form against PCR values. The whole list is read, whatever matched on the way; the last line says what
 * was found, and "matched" is said only when every PCR of every bank that has values was reached.
 */
#include "imactl/compat/evmctl.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include <ima/replay.h>

struct job {
	const struct evmctl *e;
	struct evmctl_keys keys;
	struct ima_pcrs targets;
	bool has_targets;
	struct ima_replay *replay;
	uint64_t n, first_violation[IMA_PCR_COUNT], last[IMA_PCR_COUNT]; /* numbers of records, from 1 */
	uint64_t n_bad_signatures, n_bad_before;
	struct ima_replay_result *result; /* large */
};

static const uint8_t *target_of(const struct job *j, const struct ima_replay_pcr *p)
{
	const struct ima_pcr_bank *b = ima_pcrs_bank_const(&j->targets, p->algo);

	return b && (b->known >> p->pcr & 1) ? b->value[p->pcr] : NULL;
}

static void say_pcr(const struct job *j, const struct ima_replay_pcr *p)
{
	const char *bank = ima_hash_name(p->algo);
	const uint8_t *target = target_of(j, p);
	char hex[EVMCTL_HEX];

	evmctl_say(NULL, "%s: PCRAgg  %u: %s\n", bank, p->pcr, evmctl_hex(p->value.data, p->value.len, hex));
	if (target)
		evmctl_say(NULL, "%s: TPM PCR-%u: %s\n", bank, p->pcr, evmctl_hex(target, p->value.len, hex));
}

/* -vv: where each bank stands after this record */
static void say_step(struct job *j, uint32_t pcr)
{
	ima_replay_finish(j->replay, j->result);
	for (size_t i = 0; i < j->result->n_pcrs; i++) {
		const struct ima_replay_pcr *p = &j->result->pcrs[i];

		if (p->pcr != pcr || (j->has_targets && !target_of(j, p)))
			continue;
		say_pcr(j, p);
		if (p->has_target && !(p->matched && p->matched_at == j->n))
			evmctl_say(NULL, "%s: PCRAgg %u does not match TPM PCR-%u\n", ima_hash_name(p->algo), pcr, pcr);
	}
}

static void say_record(const struct ima_record *rec, const struct ima_template *t)
{
	struct ima_buffer line = { 0 };

	if (ima_record_print(&line, rec, t) == 0)
		fwrite(line.data, 1, line.len, stderr);
	ima_buffer_done(&line);
}

/* "ALG:" or "TYPE:ALG:", a NUL, the digest */
static int digest_field(struct ima_bytes field, struct ima_digest *ret)
{
	const uint8_t *nul = memchr(field.data, 0, field.len);
	const char *text = (const char *)field.data, *end, *name;
	size_t len;

	if (!nul || nul == field.data || nul[-1] != ':')
		return -EBADMSG;
	end = (const char *)nul - 1;
	name = memrchr(text, ':', (size_t)(end - text));
	name = name ? name + 1 : text;
	len = field.len - (size_t)(nul + 1 - field.data);
	if (ima_hash_by_name(name, (size_t)(end - name), &ret->algo) < 0 || len != ima_hash_len(ret->algo))
		return -EBADMSG;
	ret->len = len;
	memcpy(ret->data, nul + 1, len);
	return 0;
}

static const struct ima_bytes *find_field(const struct ima_template *t, const struct ima_bytes *f, enum ima_field a,
					  enum ima_field b)
{
	for (size_t i = 0; i < t->n_fields; i++)
		if (t->fields[i] == a || t->fields[i] == b)
			return &f[i];
	return NULL;
}

static bool check_signature(const struct job *j, struct ima_hasher *h, const char *path, struct ima_bytes value,
			    const struct ima_bytes *digest)
{
	struct ima_signature s;
	struct ima_digest d;

	if (ima_signature_parse(value, &s) < 0 || (s.type == IMA_XATTR_VERITY && s.version != 3)) {
		evmctl_say(NULL, "%s: Invalid signature\n", path);
		return false;
	}
	if (!digest || digest_field(*digest, &d) < 0) {
		evmctl_say(NULL, "%s: the entry has no digest that its signature could be about\n", path);
		return false;
	}
	if (j->e->verbose)
		evmctl_say_digest(j->e, NULL, &d);
	d.algo = s.algo;
	if (d.len != ima_hash_len(s.algo) || (s.version == 3 && ima_signature_file_id(h, s.type, &d, &d) < 0)) {
		evmctl_say(NULL, "%s: verification failed: 0 (bad signature)\n", path);
		return false;
	}
	if (evmctl_keys_check(j->e, &j->keys, path, &s, &d, NULL) != IMA_SIG_GOOD)
		return false;
	if (j->e->verbose)
		evmctl_say(NULL, "%s: verification is OK\n", path);
	return true;
}

/* a metadata signature in the field covers what no list holds */
static int check_signatures(struct job *j, struct ima_hasher *h, const struct ima_record *rec, const struct ima_template *t)
{
	struct ima_bytes f[IMA_TEMPLATE_MAX_FIELDS];
	const struct ima_bytes *sig, *name;
	char path[4096] = "";
	int r = ima_template_split(t, rec->data, f);

	if (r < 0)
		return 0; /* counted by the replay */
	sig = find_field(t, f, IMA_FIELD_SIG, IMA_FIELD_SIG);
	name = find_field(t, f, IMA_FIELD_N_NG, IMA_FIELD_N);
	if (!sig || !sig->len || sig->data[0] == IMA_XATTR_PORTABLE)
		return 0;
	if (name)
		snprintf(path, sizeof(path), "%.*s", (int)name->len, (const char *)name->data);
	j->n_bad_signatures += !check_signature(j, h, path, *sig, find_field(t, f, IMA_FIELD_D_NG, IMA_FIELD_D_NGV2));
	return 0;
}

static int take_record(struct job *j, struct ima_hasher *h, const struct ima_record *rec, const struct ima_template *t,
		       enum ima_hash_algo algo, uint64_t position)
{
	int r = ima_replay_add(j->replay, rec, t, algo, position);

	if (r < 0)
		return r;
	j->n++;
	if (rec->pcr < IMA_PCR_COUNT)
		j->last[rec->pcr] = j->n;
	if (ima_record_is_violation(rec) && rec->pcr < IMA_PCR_COUNT && !j->first_violation[rec->pcr])
		j->first_violation[rec->pcr] = j->n;
	if (j->e->verbose) {
		ima_replay_finish(j->replay, j->result);
		if (j->result->n_bad_digests > j->n_bad_before)
			evmctl_say(NULL, "Failed to verify template data digest(line %" PRIu64 ").\n", j->n);
		j->n_bad_before = j->result->n_bad_digests;
		say_record(rec, t);
	}
	if (j->e->verify_sig)
		r = check_signatures(j, h, rec, t);
	if (j->e->verbose > 1)
		say_step(j, rec->pcr);
	return r;
}

static int read_list(struct job *j, struct ima_hasher *h, int fd, const char *path)
{
	struct ima_list_reader *in = NULL;
	const struct ima_template *t;
	struct ima_diag diag = { 0 };
	struct ima_record rec;
	int r = ima_list_reader_new(fd, NULL, &in);

	while (r == 0 && (r = ima_list_reader_next(in, &rec, &t, &diag)) == 1)
		r = take_record(j, h, &rec, t, ima_list_reader_digest_algo(in), ima_list_reader_position(in));
	ima_list_reader_free(in);
	if (r == 0)
		return 0;
	if (diag.has_offset)
		evmctl_fail(0, "Unable to read template\n%s: offset %" PRIu64 ": %s", path, diag.offset, diag.text);
	else
		evmctl_fail(r, "Unable to read template\n%s:%u: %s", path, diag.line, diag.text);
	return r == -EBADMSG ? EVMCTL_BAD : EVMCTL_UNABLE;
}

struct verdict {
	unsigned int matched, padded, wrong;
};

/* a PCR that was never extended is no match; nor, without --ignore-violations, is a prefix with a violation */
static bool is_match(const struct job *j, const struct ima_replay_pcr *p)
{
	const uint64_t at = j->first_violation[p->pcr];

	return p->has_target && p->matched && (p->matched_at || !j->n) &&
	       (j->e->ignore_violations || !at || p->matched_at < at);
}

/* an empty list says of PCR 10 that it was not extended */
static bool counts(const struct job *j, const struct ima_replay_pcr *p)
{
	return p->used || (!j->n && p->pcr == IMA_PCR_DEFAULT);
}

/* the entry at which all of them are reached: a PCR keeps its value while others are extended */
static uint64_t reached_at(const struct job *j)
{
	uint64_t at = 0;

	for (size_t i = 0; i < j->result->n_pcrs; i++) {
		const struct ima_replay_pcr *p = &j->result->pcrs[i];

		if (counts(j, p) && is_match(j, p) && p->matched_at > at)
			at = p->matched_at;
	}
	return at;
}

static void say_match(const struct job *j, const struct ima_replay_pcr *p)
{
	const bool newer = j->last[p->pcr] > p->matched_at;

	if (j->e->verbose) {
		say_pcr(j, p);
		evmctl_say(NULL, "%s PCR-%u: succeed at entry %" PRIu64 "\n", ima_hash_name(p->algo), p->pcr,
			   newer ? p->matched_at : reached_at(j));
	}
	if (newer)
		evmctl_say(NULL, "%s PCR-%u: entries after entry %" PRIu64 " are newer than its value\n",
			   ima_hash_name(p->algo), p->pcr, p->matched_at);
}

static struct verdict judge(const struct job *j)
{
	struct verdict v = { 0 };

	for (size_t i = 0; i < j->result->n_pcrs; i++) {
		const struct ima_replay_pcr *p = &j->result->pcrs[i];

		if (!counts(j, p))
			continue;
		if (!is_match(j, p)) {
			v.wrong++;
			continue;
		}
		v.matched++;
		v.padded += p->padded;
		say_match(j, p);
	}
	return v;
}

static int say_verdict(const struct job *j, const struct verdict *v)
{
	for (unsigned int i = 0; i < IMA_HASH__LAST; i++)
		if (j->result->uncomputable >> i & 1)
			return evmctl_fail(0, "The crypto library has no %s: its bank cannot be checked",
					   ima_hash_name((enum ima_hash_algo)i));
	if (v->wrong || !v->matched) {
		evmctl_say(NULL, "Failed to match per TPM bank or SHA1 padded TPM digest(s).\n");
		return EVMCTL_BAD;
	}
	evmctl_say(NULL, v->padded ? "Matched SHA1 padded TPM digest(s).\n" : "Matched per TPM bank calculated digest(s).\n");
	return 0;
}

/* what is wrong with the list itself; the last word, whatever the PCRs say */
static int say_damage(const struct job *j)
{
	const struct ima_replay_result *res = j->result;

	if (j->n_bad_signatures)
		evmctl_say(NULL, "Failed to verify %" PRIu64 " file signature(s).\n", j->n_bad_signatures);
	if (res->n_foreign_pcr)
		evmctl_say(NULL, "%" PRIu64 " entries name a PCR that no TPM has.\n", res->n_foreign_pcr);
	if (res->n_bad_digests)
		evmctl_say(NULL, "Failed to verify template data digest.\n");
	return j->n_bad_signatures || res->n_foreign_pcr || res->n_bad_digests ? EVMCTL_BAD : 0;
}

static int report(struct job *j)
{
	struct verdict v;
	int r = EVMCTL_UNABLE, damage;

	ima_replay_finish(j->replay, j->result);
	if (j->has_targets) {
		v = judge(j);
		r = say_verdict(j, &v);
	} else {
		evmctl_say(NULL, "Failed to read any TPM PCRs\n");
	}
	damage = say_damage(j);
	return damage ? damage : r;
}

/* values are taken before the list is read: a live list may be ahead of them, never behind */
static int take_targets(const struct evmctl *e, struct job *j)
{
	const struct ima_pcr_bank *b;
	enum ima_hash_algo bank;
	struct ima_pcrs one = { 0 };

	if (e->verify_bank && ima_hash_by_name(e->verify_bank, strlen(e->verify_bank), &bank) < 0)
		return evmctl_fail(0, "Unknown algorithm '%s'", e->verify_bank);
	if (e->n_pcrs) {
		const int r = evmctl_pcrs(e, &j->targets);

		if (r)
			return r;
		j->has_targets = true;
	} else {
		j->has_targets = evmctl_pcrs_found(e, &j->targets);
	}
	if (!e->verify_bank || !j->has_targets)
		return 0;
	b = ima_pcrs_bank_const(&j->targets, bank);
	if (!b)
		return evmctl_fail(0, "There are no PCR values of bank %s\nFailed to read any TPM PCRs", e->verify_bank);
	one.n_banks = 1;
	one.banks[0] = *b;
	j->targets = one;
	return 0;
}

static int check(struct job *j, struct ima_hasher *h, const char *path)
{
	ima_cleanup(ima_closep) int fd = -EBADF;
	int r;

	/* a file that is not there is named first */
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return evmctl_fail(-errno, "Failed to open measurement file: %s", path);
	evmctl_keys_load(j->e, &j->keys);
	r = take_targets(j->e, j);
	if (r)
		return r;
	if (ima_replay_new(h, j->has_targets ? &j->targets : NULL, &j->replay) < 0)
		return evmctl_fail(-ENOMEM, "%s", path);
	ima_replay_accept_padded(j->replay);
	r = read_list(j, h, fd, path);
	return r ? r : report(j);
}

int evmctl_ima_measurement(struct evmctl *e, int argc, char **argv)
{
	struct job j = { .e = e, .result = calloc(1, sizeof(*j.result)) };
	struct ima_hasher *h = NULL;
	int r;

	if (argc != 1) {
		free(j.result);
		return evmctl_usage(e);
	}
	if (!j.result || ima_hasher_new(&h) < 0)
		r = evmctl_fail(0, "the crypto library cannot be used");
	else
		r = check(&j, h, argv[0]);
	evmctl_keys_free(&j.keys);
	ima_replay_free(j.replay);
	ima_hasher_free(h);
	free(j.result);
	return r;
}

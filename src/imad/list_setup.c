/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bringing list and PCR together at start. The journal is the truth of what was measured; a PCR that stands at an earlier point
 * of it is extended with the rest, and one that the journal never led to is a loud error.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <syslog.h>
#include <unistd.h>

#include <ima/eventlog.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "core/mlist/journal_base.h"
#include "core/mlist/tpm_slots.h"
#include "imad/list_restore.h"
#include "imad/list_trim.h"
#include "imad/worker.h"

#define PCR_BITS 24

/* where each PCR of the TPM stands in the journal */
struct sync {
	struct ima_pcrs have;               /* of the TPM */
	struct ima_pcrs run;                /* replayed so far */
	uint64_t n;                         /* records replayed */
	uint64_t matched[PCR_BITS];         /* records after which all banks agree */
	bool found[PCR_BITS];
	uint32_t used;                      /* bitmap of PCRs */
};

static int extend_op(void *user, uint32_t pcr, const struct ima_digest *slots, size_t n_slots)
{
	struct imad_worker *w = user;
	int r = w->tpm->n_banks ? ima_tpm_extend_slots(w->tpm, &w->head, pcr, slots) : 0;

	if (r < 0)
		imad_say(w, LOG_ERR, "TPM: extending PCR %u failed: %s (0x%x); the record is kept", pcr,
			 strerror(-r), w->tpm->last_rc);
	return r;
}

/* the digests that a record extends; a violation extends 0xff */
static void record_slots(const struct ima_journal_head *h, const struct ima_journal_record *rec,
			 struct ima_digest *ret)
{
	for (size_t i = 0; i < h->n_slots; i++) {
		const struct ima_journal_slot *s = &h->slots[i];

		ret[i] = (struct ima_digest){ .algo = s->algo, .len = s->digest_len };
		if (!(rec->flags & IMA_JOURNAL_VIOLATION))
			memcpy(ret[i].data, rec->slot[i].data, s->digest_len);
		else
			memset(ret[i].data, 0xff, s->algo == IMA_HASH__LAST ? 20 : s->digest_len);
	}
}

static bool banks_agree(const struct sync *s, unsigned int pcr)
{
	for (size_t i = 0; i < s->have.n_banks; i++) {
		const struct ima_pcr_bank *a = &s->have.banks[i];
		const struct ima_pcr_bank *b = ima_pcrs_bank_const(&s->run, a->algo);

		if (!b || memcmp(a->value[pcr], b->value[pcr], ima_hash_len(a->algo)))
			return false;
	}
	return true;
}

static void note_match(struct sync *s, unsigned int pcr)
{
	if (banks_agree(s, pcr)) {
		s->found[pcr] = true;
		s->matched[pcr] = s->n;
	}
}

static int begin_sync(struct imad_worker *w, struct sync *s, struct ima_diag *diag)
{
	int r;

	if (!w->tpm->n_banks)
		return 0;
	r = ima_tpm_read(w->tpm, 0xffff00, &s->have);
	if (r < 0)
		return ima_diag_text(diag, r, "the TPM's PCRs cannot be read: %s (0x%x)",
				     strerror(-r), w->tpm->last_rc);
	for (size_t i = 0; i < s->have.n_banks; i++) {
		struct ima_pcr_bank *b;

		r = ima_pcrs_add_bank(&s->run, s->have.banks[i].algo, &b);
		if (r < 0)
			return r;
		b->known = 0xffffff;
	}
	for (unsigned int pcr = 0; pcr < PCR_BITS; pcr++)
		note_match(s, pcr);
	return 0;
}

static int replay_record(struct imad_worker *w, struct sync *s,
			 const struct ima_journal_record *rec)
{
	struct ima_digest slots[IMA_JOURNAL_MAX_SLOTS];
	const uint32_t pcr = rec->rec.pcr;
	int r;

	s->n++;
	if (pcr >= PCR_BITS)
		return 0;
	s->used |= 1U << pcr;
	record_slots(&w->head, rec, slots);
	for (size_t i = 0; i < s->run.n_banks; i++) {
		size_t k = ima_journal_find_slot(&w->head, 0, s->run.banks[i].algo);

		if (k == SIZE_MAX)
			continue;
		r = ima_pcr_extend(w->hasher, &s->run.banks[i], pcr,
				   (struct ima_bytes){ slots[k].data, slots[k].len });
		if (r < 0)
			return r;
	}
	note_match(s, pcr);
	return 0;
}

static int check_head(struct imad_worker *w, const struct ima_journal_head *have,
		      struct ima_diag *diag)
{
	if (memcmp(have->boot_id, w->head.boot_id, sizeof(have->boot_id)))
		return ima_diag_text(diag, -EBADMSG, "the journal belongs to another boot");
	if (have->default_algo != w->head.default_algo)
		return ima_diag_text(diag, -EEXIST,
				     "this boot's list was begun with ima_hash=%s",
				     ima_hash_name(have->default_algo));
	if (have->n_slots == w->head.n_slots &&
	    !memcmp(have->slots, w->head.slots, have->n_slots * sizeof(have->slots[0])))
		return 0;
	return ima_diag_text(diag, -EEXIST,
			     "this boot's list was begun with other TPM banks than the TPM has now");
}

/* a record that was cut is not part of the list: what is whole stays, the rest is reported and dropped */
static int cut_tail(struct imad_worker *w, uint64_t whole, struct ima_diag *diag)
{
	struct stat st;

	w->journal.size = whole;
	if (fstat(w->journal.fd, &st) < 0)
		return -errno;
	if ((uint64_t)st.st_size == whole)
		return 0;
	imad_say(w, LOG_WARNING,
		 "%s: the last record is cut: %llu bytes from offset %llu are dropped, the %llu whole records before are kept",
		 w->setup->journal_path, (unsigned long long)((uint64_t)st.st_size - whole),
		 (unsigned long long)whole, (unsigned long long)ima_mlist_stats(w->mlist).entries);
	if (ftruncate(w->journal.fd, (off_t)whole) < 0)
		return ima_diag_text(diag, -errno, "cutting the journal: %s", strerror(errno));
	return 0;
}

/* what stands for deleted records: their digests keep duplicates out, and are part of what the PCRs hold */
static int load_base(struct imad_worker *w, const struct ima_journal_base *b, struct sync *s)
{
	const size_t slot = ima_journal_find_slot(&w->head, 0, w->head.default_algo);
	int r = 0;

	ima_mlist_load_deleted(w->mlist, b->deleted, b->violations, b->last_event);
	for (uint64_t i = 0; i < b->deleted && r == 0; i++) {
		struct ima_journal_record rec;

		ima_journal_base_stub(&w->head, b, i, &rec);
		if (!w->setup->config->flush_htable &&
		    !(rec.flags & (IMA_JOURNAL_VIOLATION | IMA_JOURNAL_RESTORED)))
			r = ima_mlist_load_key(w->mlist, rec.rec.pcr, rec.slot[slot]);
		if (r == 0)
			r = replay_record(w, s, &rec);
		if (i % 4096 == 0)
			atomic_fetch_add(&w->setup->shared->heartbeat, 1);
	}
	return r;
}

static int load_records(struct imad_worker *w, struct ima_journal_reader *rd, struct sync *s,
			struct ima_diag *diag)
{
	struct ima_journal_record rec;
	int r;

	while ((r = ima_journal_reader_next(rd, &rec, diag)) == 1) {
		r = ima_mlist_load(w->mlist, &rec);
		if (r == 0)
			r = replay_record(w, s, &rec);
		atomic_fetch_add(&w->setup->shared->heartbeat, 1);
		if (r < 0)
			return r;
	}
	return r;
}

static int check_found(struct imad_worker *w, struct sync *s, struct ima_diag *diag)
{
	const uint32_t needed = s->used | 1U << w->setup->config->pcr;

	if (!w->tpm->n_banks)
		return 0;
	for (unsigned int pcr = 0; pcr < PCR_BITS; pcr++) {
		if (!(needed >> pcr & 1) || s->found[pcr])
			continue;
		return ima_diag_text(diag, -EEXIST,
				     "PCR %u of the TPM holds a value that this boot's list (%llu records) never led to: "
				     "somebody else extended it, or the journal was lost; --pcr chooses another PCR",
				     pcr, (unsigned long long)s->n);
	}
	return 0;
}

struct missing {
	const struct sync *s;
	uint64_t n, extended;
};

static int extend_if_missing(struct imad_worker *w, struct missing *m, const struct ima_journal_record *rec)
{
	struct ima_digest slots[IMA_JOURNAL_MAX_SLOTS];

	m->n++;
	if (rec->rec.pcr >= PCR_BITS || m->n <= m->s->matched[rec->rec.pcr])
		return 0;
	record_slots(&w->head, rec, slots);
	m->extended++;
	atomic_fetch_add(&w->setup->shared->heartbeat, 1);
	return ima_tpm_extend_slots(w->tpm, &w->head, rec->rec.pcr, slots);
}

static int extend_all(struct imad_worker *w, struct missing *m, struct ima_journal_reader *rd,
		      struct ima_diag *diag)
{
	const struct ima_journal_base *b = ima_journal_reader_base(rd);
	struct ima_journal_record rec;
	int r = 0;

	for (uint64_t i = 0; b && i < b->deleted && r == 0; i++) {
		ima_journal_base_stub(&w->head, b, i, &rec);
		r = extend_if_missing(w, m, &rec);
	}
	while (r == 0 && m->n < m->s->n && (r = ima_journal_reader_next(rd, &rec, diag)) == 1)
		r = extend_if_missing(w, m, &rec);
	return r;
}

/* second pass: extend what the TPM does not have yet */
static int extend_missing(struct imad_worker *w, const struct sync *s, struct ima_diag *diag)
{
	struct ima_journal_reader *rd = NULL;
	struct missing m = { .s = s };
	int r = w->tpm->n_banks ? ima_journal_reader_new(w->journal.fd, &rd, diag) : 0;

	if (rd)
		r = extend_all(w, &m, rd, diag);
	ima_journal_reader_free(rd);
	if (r < 0)
		return ima_diag_text(diag, r, "extending the missing records failed: %s (0x%x)",
				     strerror(-r), w->tpm->last_rc);
	if (m.extended)
		imad_say(w, LOG_INFO, "%llu of %llu records were extended into the TPM again",
			 (unsigned long long)m.extended, (unsigned long long)s->n);
	return 0;
}

static int write_op(void *user, struct ima_bytes record)
{
	struct imad_worker *w = user;

	return imad_journal_write(&w->journal, record);
}

static int new_mlist(struct imad_worker *w)
{
	const struct ima_mlist_opts opts = {
		.head = w->head,
		.ops = { .write = write_op, .extend = extend_op, .user = w },
	};

	return ima_mlist_new(&opts, &w->mlist);
}

static int load_journal(struct imad_worker *w, struct sync *s, struct ima_diag *diag)
{
	struct ima_journal_reader *rd = NULL;
	int r = ima_journal_reader_new(w->journal.fd, &rd, diag);

	if (r == 0)
		r = check_head(w, ima_journal_reader_head(rd), diag);
	if (r == 0 && ima_journal_reader_base(rd))
		r = load_base(w, ima_journal_reader_base(rd), s);
	if (r == 0)
		r = load_records(w, rd, s, diag);
	if (r == 0)
		r = cut_tail(w, ima_journal_reader_offset(rd), diag);
	ima_journal_reader_free(rd);
	return r;
}

static int open_tpm(struct imad_worker *w, struct ima_diag *diag)
{
	ima_cleanup(ima_freep) char *dir = NULL;
	struct ima_tpm_opts opts = { .spec = w->setup->config->tpm };

	if (asprintf(&dir, "%s/tpm", w->setup->config->state_dir) < 0)
		return -ENOMEM;
	opts.state_dir = dir;
	return ima_tpm_open(&opts, &w->tpm, diag);
}

int imad_list_open(struct imad_worker *w, struct ima_diag *diag)
{
	struct sync s = { 0 };
	struct stat st;
	int r = open_tpm(w, diag);

	if (r < 0)
		return r;
	w->head = ima_tpm_slots(w->tpm, w->setup->config->hash);
	memcpy(w->head.boot_id, w->setup->boot_id, sizeof(w->head.boot_id));
	w->journal = (struct imad_journal){ .fd = w->setup->journal_fd };
	if (fstat(w->journal.fd, &st) < 0)
		return -errno;
	w->fresh = st.st_size == 0;
	if (w->fresh) {
		r = ima_journal_create(w->journal.fd, &w->head);
		if (r < 0)
			return ima_diag_text(diag, r, "%s: %s", w->setup->journal_path, strerror(-r));
	}
	r = imad_trim_resume(w, diag);
	if (r == 0)
		r = new_mlist(w);
	if (r == 0)
		r = imad_list_restore(w, diag);
	if (r == 0)
		r = begin_sync(w, &s, diag);
	if (r == 0)
		r = load_journal(w, &s, diag);
	if (r == 0)
		r = check_found(w, &s, diag);
	if (r == 0)
		r = extend_missing(w, &s, diag);
	return r;
}

static int add_boot_aggregate(struct imad_worker *w, struct ima_diag *diag)
{
	struct ima_pcrs pcrs = { 0 };
	struct ima_digest legacy = { 0 };
	int r = 0;

	if (w->tpm->n_banks)
		r = ima_tpm_read(w->tpm, 0x3ff, &pcrs);
	if (r < 0)
		return ima_diag_text(diag, r, "reading the boot PCRs: %s", strerror(-r));
	r = ima_boot_aggregate_choose(w->hasher, &pcrs, w->setup->config->hash, &w->boot_aggregate);
	if (r < 0)
		return r;
	if (ima_boot_aggregate(w->hasher, &pcrs, IMA_HASH_SHA1, &legacy) < 0)
		legacy = (struct ima_digest){ .algo = IMA_HASH_SHA1,
					      .len = ima_hash_len(IMA_HASH_SHA1) };
	return ima_monitor_boot_aggregate(w->monitor, w->hasher, &w->boot_aggregate, &legacy);
}

static int add_kernel_version(struct imad_worker *w)
{
	static const char label[] = "kernel_info";
	struct ima_buffer_event ev = {
		.facts = { .func = IMA_FUNC_CRITICAL_DATA,
			   .func_data = { (const uint8_t *)label, sizeof(label) - 1 } },
		.name = "kernel_version",
	};
	struct utsname u;
	int r;

	if (uname(&u) < 0)
		return -errno;
	ev.data = (struct ima_bytes){ (const uint8_t *)u.release, strlen(u.release) };
	r = ima_monitor_buffer(w->monitor, w->hasher, &ev);
	return r == -ENOENT ? 0 : r;
}

/* what happened since the last imad's end was told to the gate's ring: no time went by unmeasured */
static bool took_over_the_gate(const struct imad_setup *s)
{
	return s->gate_was_left && s->hook->ops == &ima_hook_gate;
}

int imad_list_first_records(struct imad_worker *w, struct ima_diag *diag)
{
	const bool first_worker = !atomic_load(&w->setup->shared->begun);
	const struct ima_mlist_stats stats = ima_mlist_stats(w->mlist);
	int r = 0;

	/* nothing of this boot behind a header: an earlier worker died before its first record */
	if (stats.entries + stats.deleted == stats.restored)
		r = add_boot_aggregate(w, diag);
	else if (first_worker && !took_over_the_gate(w->setup))
		r = ima_monitor_gap(w->monitor, w->hasher, "imad_measurement_gap");
	if (r == 0 && first_worker)
		r = add_kernel_version(w);
	if (r < 0 && !diag->text[0])
		ima_ignore(ima_diag_text(diag, r, "the first record cannot be written: %s",
					 strerror(-r)));
	return r;
}

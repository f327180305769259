/* SPDX-License-Identifier: BSD-2-Clause */
/* The live list: digests are made outside the lock; test, write, remember and extend happen inside it, in this order. */
#include "core/mlist/mlist.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buffer.h"
#include "base/byteset.h"

struct ima_mlist {
	struct ima_mlist_opts opts;
	size_t default_slot;
	pthread_mutex_t lock;
	struct ima_byteset *entries;   /* tag: pcr; key: template digest of the default slot */
	struct ima_byteset *contents;  /* tag: algorithm; key: file digest */
	struct ima_byteset *violators; /* key: event number that has a violation record */
	struct ima_buffer scratch;
	struct ima_mlist_stats stats;
};

static size_t find_default_slot(const struct ima_journal_head *head)
{
	for (size_t i = 0; i < head->n_slots; i++)
		if (head->slots[i].algo == head->default_algo)
			return i;
	return SIZE_MAX;
}

int ima_mlist_new(const struct ima_mlist_opts *opts, struct ima_mlist **ret)
{
	struct ima_mlist *l;

	if (!opts->head.n_slots || opts->head.n_slots > IMA_JOURNAL_MAX_SLOTS ||
	    opts->head.slots[0].algo != IMA_HASH_SHA1 ||
	    find_default_slot(&opts->head) == SIZE_MAX)
		return -EINVAL;
	l = calloc(1, sizeof(*l));
	if (!l)
		return -ENOMEM;
	l->opts = *opts;
	l->default_slot = find_default_slot(&opts->head);
	pthread_mutex_init(&l->lock, NULL);
	if (ima_byteset_new(&l->entries) < 0 || ima_byteset_new(&l->contents) < 0 ||
	    ima_byteset_new(&l->violators) < 0) {
		ima_mlist_free(l);
		return -ENOMEM;
	}
	*ret = l;
	return 0;
}

struct ima_mlist *ima_mlist_free(struct ima_mlist *l)
{
	if (l) {
		ima_byteset_free(l->entries);
		ima_byteset_free(l->contents);
		ima_byteset_free(l->violators);
		ima_buffer_done(&l->scratch);
		pthread_mutex_destroy(&l->lock);
		free(l);
	}
	return NULL;
}

static struct ima_bytes number_key(const uint64_t *number)
{
	return (struct ima_bytes){ (const uint8_t *)number, sizeof(*number) };
}

/* the digest field of a record is its first: "algo:" NUL digest, "type:algo:" NUL digest, or the bare digest */
static int remember_content(struct ima_mlist *l, struct ima_bytes data)
{
	struct ima_bytes field;
	const uint8_t *nul;
	uint32_t len;

	if (data.len < 4)
		return 0;
	memcpy(&len, data.data, 4);
	if (len > data.len - 4)
		return 0;
	field = (struct ima_bytes){ data.data + 4, len };
	nul = memchr(field.data, 0, field.len);
	if (nul && nul > field.data && nul[-1] == ':') {
		field.len -= (size_t)(nul + 1 - field.data);
		field.data = nul + 1;
	}
	if (field.len > IMA_DIGEST_MAX)
		return 0;
	return ima_byteset_add(l->contents, 0, field);
}

/* under the lock: a record is in the journal, keep what later decisions need */
static int remember(struct ima_mlist *l, bool violation, uint32_t flags, uint64_t event,
		    uint32_t pcr, struct ima_bytes key, struct ima_bytes data)
{
	int r = 0;

	l->stats.entries++;
	if (flags & IMA_JOURNAL_RESTORED) {
		l->stats.restored++;
		return 0;
	}
	if (event > l->stats.last_event)
		l->stats.last_event = event;
	if (violation) {
		l->stats.violations++;
		l->stats.gaps += (flags & IMA_JOURNAL_GAP) != 0;
		return event ? ima_byteset_add(l->violators, 0, number_key(&event)) : 0;
	}
	if (!l->opts.no_dedup)
		r = ima_byteset_add(l->entries, pcr, key);
	return r < 0 ? r : remember_content(l, data);
}

int ima_mlist_load(struct ima_mlist *l, const struct ima_journal_record *rec)
{
	int r;

	pthread_mutex_lock(&l->lock);
	r = remember(l, rec->flags & IMA_JOURNAL_VIOLATION, rec->flags, rec->event, rec->rec.pcr,
		     rec->slot[l->default_slot], rec->rec.data);
	pthread_mutex_unlock(&l->lock);
	return r;
}

static int make_slots(const struct ima_mlist *l, struct ima_hasher *h,
		      const struct ima_template *t, bool violation, struct ima_bytes data,
		      struct ima_digest *slots)
{
	for (size_t i = 0; i < l->opts.head.n_slots; i++) {
		const struct ima_journal_slot *s = &l->opts.head.slots[i];
		int r;

		slots[i] = (struct ima_digest){ .algo = s->algo, .len = s->digest_len };
		if (violation)
			continue;
		if (s->algo != IMA_HASH__LAST && ima_hasher_has(h, s->algo)) {
			r = ima_template_digest(h, t, s->algo, data, &slots[i]);
			if (r < 0)
				return r;
			continue;
		}
		/* a bank that cannot be computed carries the sha1 digest, padded with zeros */
		memcpy(slots[i].data, slots[0].data, slots[0].len);
	}
	return 0;
}

/* what a violation extends: 0xff over the whole bank; unmapped banks get 20 of them, then zeros */
static void make_violation_digests(const struct ima_mlist *l, struct ima_digest *slots)
{
	for (size_t i = 0; i < l->opts.head.n_slots; i++) {
		const struct ima_journal_slot *s = &l->opts.head.slots[i];

		memset(slots[i].data, 0xff,
		       s->algo == IMA_HASH__LAST ? ima_hash_len(IMA_HASH_SHA1) : s->digest_len);
	}
}

static bool already_listed(const struct ima_mlist *l, const struct ima_mlist_entry *e,
			   struct ima_bytes key)
{
	if (e->in->violation)
		return e->event && ima_byteset_has(l->violators, 0, number_key(&e->event));
	return !l->opts.no_dedup && ima_byteset_has(l->entries, e->pcr, key);
}

static int write_record(struct ima_mlist *l, const struct ima_mlist_entry *e,
			const struct ima_digest *slots, struct ima_bytes data)
{
	const char *name = ima_template_display_name(e->templ);
	struct ima_record rec = {
		.pcr = e->pcr,
		.digest = { slots[0].data, slots[0].len },
		.name = { (const uint8_t *)name, strlen(name) },
		.data = data,
	};
	struct timespec now;
	int r;

	clock_gettime(CLOCK_REALTIME, &now);
	l->scratch.len = 0;
	r = ima_journal_format(&l->scratch, &l->opts.head,
			       e->flags | (e->in->violation ? IMA_JOURNAL_VIOLATION : 0), e->event,
			       (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec, slots,
			       &rec);
	if (r < 0)
		return r;
	return l->opts.ops.write(l->opts.ops.user, ima_buffer_bytes(&l->scratch));
}

static int add_locked(struct ima_mlist *l, const struct ima_mlist_entry *e,
		      struct ima_digest *slots, struct ima_bytes data, enum ima_mlist_result *ret,
		      int *ret_tpm_error)
{
	struct ima_bytes key = { slots[l->default_slot].data, slots[l->default_slot].len };
	int r;

	if (already_listed(l, e, key)) {
		*ret = IMA_MLIST_EXISTS;
		return 0;
	}
	r = write_record(l, e, slots, data);
	if (r < 0)
		return r;
	/* it is in the journal now: a lack of memory to remember it can only cost a duplicate */
	ima_ignore(remember(l, e->in->violation, e->flags, e->event, e->pcr, key, data));
	if (e->in->violation)
		make_violation_digests(l, slots);
	r = l->opts.ops.extend(l->opts.ops.user, e->pcr, slots, l->opts.head.n_slots);
	l->stats.tpm_errors += r < 0;
	*ret_tpm_error = r;
	*ret = IMA_MLIST_ADDED;
	return 0;
}

int ima_mlist_add(struct ima_mlist *l, struct ima_hasher *h, const struct ima_mlist_entry *e,
		  enum ima_mlist_result *ret, int *ret_tpm_error)
{
	struct ima_digest slots[IMA_JOURNAL_MAX_SLOTS];
	ima_cleanup(ima_freep) uint8_t *data = NULL;
	struct ima_bytes view;
	int tpm_error = 0;
	size_t len;
	int r;

	r = ima_template_fill(e->templ, e->in, &data, &len);
	if (r < 0)
		return r;
	view = (struct ima_bytes){ data, len };
	r = make_slots(l, h, e->templ, e->in->violation, view, slots);
	if (r < 0)
		return r;
	pthread_mutex_lock(&l->lock);
	r = add_locked(l, e, slots, view, ret, &tpm_error);
	pthread_mutex_unlock(&l->lock);
	if (r == 0 && ret_tpm_error)
		*ret_tpm_error = tpm_error;
	return r;
}

bool ima_mlist_knows_content(struct ima_mlist *l, const struct ima_digest *d)
{
	bool known;

	pthread_mutex_lock(&l->lock);
	known = ima_byteset_has(l->contents, 0, (struct ima_bytes){ d->data, d->len });
	pthread_mutex_unlock(&l->lock);
	return known;
}

int ima_mlist_restore_record(const struct ima_mlist *l, struct ima_hasher *h,
			     const struct ima_record *rec, const struct ima_template *t,
			     struct ima_buffer *out)
{
	const bool violation = ima_record_is_violation(rec);
	struct ima_digest slots[IMA_JOURNAL_MAX_SLOTS];
	struct timespec now;
	int r;

	if (!ima_kexec_can_carry(rec))
		return -EPROTONOSUPPORT;
	r = make_slots(l, h, t, violation, rec->data, slots);
	if (r < 0)
		return r;
	if (!violation && memcmp(slots[0].data, rec->digest.data, rec->digest.len))
		return -EBADMSG;
	clock_gettime(CLOCK_REALTIME, &now);
	return ima_journal_format(out, &l->opts.head,
				  IMA_JOURNAL_RESTORED | (violation ? IMA_JOURNAL_VIOLATION : 0), 0,
				  (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec, slots, rec);
}

int ima_mlist_load_key(struct ima_mlist *l, uint32_t pcr, struct ima_bytes key)
{
	int r;

	pthread_mutex_lock(&l->lock);
	r = ima_byteset_add(l->entries, pcr, key);
	pthread_mutex_unlock(&l->lock);
	return r;
}

void ima_mlist_load_deleted(struct ima_mlist *l, uint64_t n, uint64_t violations, uint64_t last_event)
{
	pthread_mutex_lock(&l->lock);
	l->stats.deleted += n;
	l->stats.violations += violations;
	if (last_event > l->stats.last_event)
		l->stats.last_event = last_event;
	pthread_mutex_unlock(&l->lock);
}

int ima_mlist_forget(struct ima_mlist *l)
{
	struct ima_byteset *empty;
	int r = ima_byteset_new(&empty);

	if (r < 0)
		return r;
	pthread_mutex_lock(&l->lock);
	ima_byteset_free(l->entries);
	l->entries = empty;
	pthread_mutex_unlock(&l->lock);
	return 0;
}

void ima_mlist_deleted(struct ima_mlist *l, uint64_t n)
{
	pthread_mutex_lock(&l->lock);
	l->stats.entries -= n;
	l->stats.deleted += n;
	pthread_mutex_unlock(&l->lock);
}

struct ima_mlist_stats ima_mlist_stats(struct ima_mlist *l)
{
	struct ima_mlist_stats s;

	pthread_mutex_lock(&l->lock);
	s = l->stats;
	pthread_mutex_unlock(&l->lock);
	return s;
}

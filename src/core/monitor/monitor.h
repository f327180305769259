/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one place that says: match -> violation checks -> collect -> measure -> appraise -> audit. Hooks bring events, the list keeps records.
 *
 * Thread-safe: events run in parallel under a read lock of the policy; a policy change takes the write lock.
 */
#pragma once

#include <ima/policy.h>
#include <ima/template.h>

#include "core/audit/audit.h"
#include "core/evm/evm.h"
#include "core/mlist/mlist.h"
#include "core/sig/revoked.h"

struct ima_monitor;

struct ima_monitor_opts {
	struct ima_policy *policy;            /* borrowed; touched only under the monitor's lock from now on */
	struct ima_mlist *mlist;              /* borrowed */
	const struct ima_template *templ;     /* default template; borrowed */
	enum ima_hash_algo hash;              /* default algorithm */
	uint32_t pcr;                         /* default PCR */
	const struct ima_audit_sink *audit;   /* borrowed; NULL: none */
	bool appraise;                        /* appraise rules are carried out: failures are audited ... */
	bool enforce;                         /* ... and refused */
	bool fix;                             /* ... and repaired, where a digest will do */
	uint32_t available_algos;             /* what the crypto library offers, as bits */
	unsigned int version;                 /* of the behaviour profile: 601, 612, 701, 702 */
	const struct ima_keyring *keys;       /* of .ima; borrowed; NULL: none */
	const struct ima_keyring *platform;   /* of .platform */
	const struct ima_evm *evm;            /* borrowed; NULL: none */
	const struct ima_revoked *revoked;    /* contents that are refused; borrowed; NULL: none */
	struct ima_monitor_memory *memory;    /* what is known of inodes; borrowed; NULL: the monitor's own */
	bool violation_each_time;             /* as before 6.15; else one open_writers until the last writer is gone */
};

/** ima_monitor_memory_size() - bytes of it; zeroed it is empty. In memory that outlives a worker the next one goes on with what is there */
size_t ima_monitor_memory_size(void);

/** ima_monitor_memory_renew() - of another imad, with other keys perhaps: what passed there is judged again. Nobody uses it yet */
void ima_monitor_memory_renew(struct ima_monitor_memory *memory);

/* raised when what is in it, or how it is laid out, changes: another imad's is not read then */
#define IMA_MONITOR_MEMORY_LAYOUT 1

ima_must_check int ima_monitor_new(const struct ima_monitor_opts *opts, struct ima_monitor **ret);
struct ima_monitor *ima_monitor_free(struct ima_monitor *m);

/** struct ima_file_ops - how the monitor learns about a file's content; any thread that handles the event calls them */
struct ima_file_ops {
	/* 1 somebody has it open for writing, 0 nobody, -errno cannot be told */
	int (*has_writers)(void *user);
	/* opened for writing: 1 somebody reads it through a descriptor that was measured; NULL: cannot be told */
	int (*has_readers)(void *user);
	/* the writers are about to be reported: 1 they were before, 0 not since the last writer went, -ENOSYS or NULL: cannot be told */
	int (*writers_reported)(void *user);
	/* digest of the content; errors as ima_hash_fd() */
	int (*digest)(void *user, struct ima_hasher *h, enum ima_hash_algo algo,
		      struct ima_digest *ret);
	/* exactly @len bytes of content from @at: -EINVAL the file is shorter, errno; NULL: appended signatures are not looked for */
	int (*read)(void *user, uint64_t at, uint8_t *ret, size_t len);
	/* digest of the first @len bytes; goes with read */
	int (*digest_head)(void *user, struct ima_hasher *h, enum ima_hash_algo algo, uint64_t len,
			   struct ima_digest *ret);
	/* value of an extended attribute, @ret malloc'd; -ENODATA none, -EOPNOTSUPP, errno */
	int (*xattr)(void *user, const char *name, uint8_t **ret, size_t *ret_len);
	/* write an extended attribute, empty @value: remove it. errno; NULL: the file cannot be written to */
	int (*set_xattr)(void *user, const char *name, struct ima_bytes value);
	/* digest of the fs-verity descriptor. -ENODATA the file has none; NULL: cannot be told */
	int (*verity)(void *user, struct ima_digest *ret);
	/* inode generation for EVM; NULL: 0 */
	int (*generation)(void *user, uint32_t *ret);
};

/** struct ima_check - one kernel hook that the event stands for */
struct ima_check {
	enum ima_func func;
	unsigned int mask;
};

#define IMA_EVENT_MAX_CHECKS 6
#define IMA_EVENT_DEV_MAX 64

struct ima_file_event;

/** struct ima_event_ops - what only audit records say of an event, asked for when there is one; NULL: cannot be told */
struct ima_event_ops {
	/* @ret comes filled with what is known anyway */
	void (*task)(const struct ima_file_event *ev, struct ima_audit_task *ret);
	/* the file system's name as the kernel has it: "vda", "tmpfs" */
	void (*dev)(const struct ima_file_event *ev, char ret[static IMA_EVENT_DEV_MAX]);
};

/**
 * struct ima_file_event - one access to one regular file; borrowed for the call
 * @facts: credentials and file facts; func and mask are taken from @checks
 * @path: absolute path as the kernel names it; @last: its last component
 * @violations_told: the hook brings read-writer violations by itself, with ima_monitor_violation()
 * @has_writers: known already; otherwise ops->has_writers is asked
 * @exec_check: execveat(2) asks whether the file might be executed
 * @mapped_writers: somebody has it mapped shared and may write through that, descriptor or not; false also when it cannot be told
 * @attrs: another one after owner, mode or times were set; 0: the hook does not tell, then owner and mode do
 * @unnamed_copy: the file is the layer behind another file that has its own event: list it only if its content is not listed yet
 */
struct ima_file_event {
	struct ima_policy_event facts;
	struct ima_check checks[IMA_EVENT_MAX_CHECKS];
	size_t n_checks;
	struct ima_bytes path;
	struct ima_bytes last;
	const char *dev; /* for audit records; NULL: @event_ops knows */
	uint64_t dev_number;
	uint64_t ino;
	uint64_t birth_ns; /* of the file, CLOCK_REALTIME; with dev_number and ino it names the file; 0: not known */
	uint16_t mode;
	uint64_t size; /* bytes */
	uint64_t attrs;
	bool new_file; /* made by this open */
	bool opened_for_write;
	bool direct_io;
	bool exec_check;
	bool unnamed_copy;
	bool violations_told;
	bool has_writers;
	bool mapped_writers;
	uint64_t number; /* unique in the boot, 0: none */
	struct ima_audit_subject subject;
	const struct ima_event_ops *event_ops; /* NULL: nothing more is known */
	const struct ima_file_ops *ops;
	void *user;
};

/** struct ima_outcome - what was done */
struct ima_outcome {
	uint32_t action;         /* union of the rules' answers */
	uint32_t done;           /* IMA_ACTION_* carried out, with success */
	uint32_t good;           /* funcs (bits by enum ima_func) whose use of this content nobody is to be refused */
	uint32_t unasked;        /* funcs that no rule appraises for this file, whoever uses it and whatever is in it */
	bool writers_refused;    /* signed, and every open for writing is appraised: nobody may */
	bool refused;            /* a rule appraises this access and the content is not the good one; only where enforced */
	uint32_t metadata;       /* what the metadata is worth: enum ima_integrity + 1, 0: not looked at */
	const char *cause;       /* why a check failed first: the kernel's audit word, NULL: none failed */
	uint32_t matched;        /* bitmap of @checks that some rule wanted measured */
	uint64_t measured_pcrs;  /* bitmap of PCRs that have the file now */
	unsigned int n_added;    /* records added to the list, violations included */
	bool has_writers;        /* the probe said so */
	int error;               /* first failure that kept something from being measured; 0: none */
};

/** ima_monitor_wants() - would any check of the event lead to an action? Cheap: no file access */
bool ima_monitor_wants(struct ima_monitor *m, const struct ima_file_event *ev);

/** ima_monitor_file() - handle the event; failures are in @ret->error: the caller's fail mode decides about the access */
void ima_monitor_file(struct ima_monitor *m, struct ima_hasher *h, const struct ima_file_event *ev,
		      struct ima_outcome *ret);

/**
 * ima_monitor_violation() - a hook saw a file read and written at once
 * @readers: @ev opens for writing what measured readers have open (ToMToU, whatever the rules say of the writer); else @ev reads
 *	what others have open for writing (open_writers, when a rule wants @ev measured)
 */
void ima_monitor_violation(struct ima_monitor *m, struct ima_hasher *h,
			   const struct ima_file_event *ev, bool readers, struct ima_outcome *ret);

/** struct ima_buffer_event - a buffer measurement */
struct ima_buffer_event {
	struct ima_policy_event facts; /* func, credentials, func_data */
	const char *name;
	struct ima_bytes data;
	bool by_hash; /* list H(data) instead of the data */
	const struct ima_audit_subject *subject; /* NULL: imad itself */
};

/** ima_monitor_buffer() - 0 listed or already there, -ENOENT no rule wants it, else -errno */
ima_must_check int ima_monitor_buffer(struct ima_monitor *m, struct ima_hasher *h,
				      const struct ima_buffer_event *ev);

/** ima_monitor_boot_aggregate() - the first record of a list */
ima_must_check int ima_monitor_boot_aggregate(struct ima_monitor *m, struct ima_hasher *h,
					      const struct ima_digest *aggregate,
					      const struct ima_digest *legacy);

/** ima_monitor_gap() - a violation record that stands for a time without measurement */
ima_must_check int ima_monitor_gap(struct ima_monitor *m, struct ima_hasher *h, const char *name);

/** ima_monitor_opened_good() - a file whose label was found good is opened for writing, and nobody asked: its label follows */
void ima_monitor_opened_good(struct ima_monitor *m, const struct ima_file_event *ev);

/**
 * ima_monitor_closed() - a descriptor that could write is gone: a label that is to follow the content is written again
 * Return: what the metadata is worth now, enum ima_integrity; -1 nothing was written
 */
int ima_monitor_closed(struct ima_monitor *m, struct ima_hasher *h, const struct ima_file_event *ev);

/**
 * struct ima_metadata_change - owner, mode, an attribute or access rights were changed, or were to be
 * @status: what the metadata was worth, where @judged; @refused: nothing was changed
 * @unjudged: nobody knew what it was worth, so the fail mode decided
 * @is_attr: owner or mode, which were @uid, @gid and @mode before
 * @follow: allowed by EVM's rules: the HMAC is to be computed anew; unjudged: only when it was good before
 * @audit_update, @audit_appraise: the records that the kernel writes
 */
struct ima_metadata_change {
	enum ima_integrity status;
	bool judged, unjudged, refused, is_attr, follow, audit_update, audit_appraise;
	uint32_t uid, gid;
	uint16_t mode;
};

/** ima_monitor_metadata() - follow a change of @ev's file, whose facts are those of now. Return: what its metadata is worth, enum ima_integrity */
enum ima_integrity ima_monitor_metadata(struct ima_monitor *m, struct ima_hasher *h,
					const struct ima_file_event *ev,
					const struct ima_metadata_change *change);

/** ima_monitor_new_file() - @ev's file was made by this open: an attribute that came with it gets its HMAC */
void ima_monitor_new_file(struct ima_monitor *m, struct ima_hasher *h, const struct ima_file_event *ev);

/** ima_monitor_evm_call() - run @fn with EVM's mode and names under the policy's lock; not when there are none: 0, else what @fn returns */
int ima_monitor_evm_call(struct ima_monitor *m, int (*fn)(const struct ima_evm *evm, void *arg), void *arg);

/** ima_monitor_refused() - a hook refused @ev by itself: the audit record */
void ima_monitor_refused(struct ima_monitor *m, const struct ima_file_event *ev, const char *op,
			 const char *cause);

/** ima_monitor_metadata_refused() - a hook refused a change of attributes by itself: the audit record; @status: of the metadata */
void ima_monitor_metadata_refused(struct ima_monitor *m, const struct ima_file_event *ev, const char *op,
				  enum ima_integrity status);

/** ima_monitor_policy_said() - a policy was given: the audit record; @subject: who gave it */
void ima_monitor_policy_said(struct ima_monitor *m, const struct ima_audit_subject *subject, const char *op,
			     const char *cause, int result);

/* the policy behind its lock */
bool ima_monitor_measures(struct ima_monitor *m);
bool ima_monitor_is_enforcing(struct ima_monitor *m);
bool ima_monitor_appraises_any(struct ima_monitor *m);
/** ima_monitor_label_algos() - hash algorithms, as bits, that a label may name: a SETXATTR_CHECK rule's, else those the library has; 0: no appraisal */
uint32_t ima_monitor_label_algos(struct ima_monitor *m);
enum ima_hash_algo ima_monitor_default_algo(struct ima_monitor *m);

/** ima_monitor_label_refused() - a hook refused to set a label on @ev's file: the audit record */
void ima_monitor_label_refused(struct ima_monitor *m, const struct ima_file_event *ev);
bool ima_monitor_appraises_rules(struct ima_monitor *m); /* some rule in force appraises */
bool ima_monitor_names_labels(struct ima_monitor *m);    /* some rule in force asks for a security module's label */

/** ima_monitor_stop_enforcing() - from now on appraisal only audits */
void ima_monitor_stop_enforcing(struct ima_monitor *m);
/** ima_monitor_appraises() - funcs that some appraise rule names for files of this file system, bits by enum ima_func; 0: appraisal is off */
uint32_t ima_monitor_appraises(struct ima_monitor *m, const struct ima_policy_event *fs);
uint32_t ima_monitor_scope(struct ima_monitor *m, const struct ima_policy_event *fs);
bool ima_monitor_pending(struct ima_monitor *m, const struct ima_policy_event *facts, uint32_t done,
			 uint64_t pcrs);

/** ima_device_fn() - is the file system of this st_dev the one that it was? Takes no lock of the monitor's */
typedef bool ima_device_fn(void *user, uint64_t dev);

/**
 * ima_monitor_forget_files() - a file system is gone: its device number and inodes may come again as other files
 * Files of the others keep what is known of them, but that they were measured already.
 */
void ima_monitor_forget_files(struct ima_monitor *m, ima_device_fn *is_there, void *user);

/** ima_monitor_policy_call() - run @fn with the policy under the write lock; returns what @fn returns */
int ima_monitor_policy_call(struct ima_monitor *m, int (*fn)(struct ima_policy *p, void *arg),
			    void *arg);

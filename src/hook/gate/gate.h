/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The gate: programs in the kernel that tell exactly who uses which file how, and that know whether a file changed since the worker
 * verified it. Beside the fanotify groups, which make opens wait, it makes the tier "gate".
 *
 * The supervisor loads it; descriptors and maps outlive every worker. Thread-safe.
 */
#pragma once

#include <linux/types.h>

#include <ima/policy.h>

#include "hook/gate/record.h"

struct ima_gate;

/** struct ima_gate_rules - what the policy wants, bits by enum ima_func */
struct ima_gate_rules {
	uint32_t active;
	uint32_t enforced;
	uint32_t appraised; /* some rule appraises it, enforced or not */
	uint32_t label_algos;   /* hash algorithms that a label may name; 0: labels are not looked at */
	uint32_t label_default; /* enum ima_hash_algo */
	uint32_t evm;           /* IMA_GATE_EVM_*; without IMA_GATE_EVM_ON nothing of it counts */
	uint32_t evm_mode;      /* IMA_EVM_* */
	uint32_t evm_version;   /* of the behaviour profile */
	bool measures;
	bool tomtou_once;
	bool module_data;
};

/** struct ima_gate_opts - for the life of the gate */
struct ima_gate_opts {
	bool outlives;  /* programs and verdicts stay in force when the supervisor is killed */
	uint32_t guard; /* IMA_GATE_GUARD_* */
	bool refuses;   /* opens may have to be refused: one more program on each of them */
};

/**
 * ima_gate_open() - load and attach. errno with @diag in the kernel's own words: -EPERM, -ENOSYS, -ENOPKG not in this build
 *
 * What an earlier imad left pinned under IMA_GATE_PIN_DIR is taken over without a gap, with the records that nobody read; without
 * @opts->outlives the pins then go.
 */
ima_must_check int ima_gate_open(const struct ima_gate_opts *opts, struct ima_gate **ret,
				 struct ima_diag *diag);

/**
 * ima_gate_leave() - what is in force stays so after ima_gate_free(), and what happens until the next ima_gate_open() is told to it
 * 0 or -errno: then ima_gate_free() ends it as ever
 */
ima_must_check int ima_gate_leave(struct ima_gate *g, struct ima_diag *diag);

/** ima_gate_free() - the end of enforcement: pins go as well */
struct ima_gate *ima_gate_free(struct ima_gate *g);

/** ima_gate_keep() - calls @keep for every descriptor */
void ima_gate_keep(struct ima_gate *g, void (*keep)(void *user, int fd), void *user);

/** ima_gate_own() - a process of imad, by its first thread: neither stashed nor told, as long as it lives. 0 or -errno */
int ima_gate_own(struct ima_gate *g, int tid);

/** ima_gate_void() - every verdict so far is void: the policy changed. 0 or -errno */
ima_must_check int ima_gate_void(struct ima_gate *g);

/** ima_gate_set_rules() - 0 or -errno */
ima_must_check int ima_gate_set_rules(struct ima_gate *g, const struct ima_gate_rules *rules);

/** ima_gate_cover() - the attributes that EVM's HMACs cover: these @n and no others. 0 or -errno */
ima_must_check int ima_gate_cover(struct ima_gate *g, const struct ima_gate_name *names, size_t n);

/** ima_gate_watch() - a file system by its device number, as in the mount table: watched or left out. 0 or -errno */
ima_must_check int ima_gate_watch(struct ima_gate *g, unsigned int major, unsigned int minor, bool on);

/** ima_gate_context() - how task @tid opens inode @ino; false: not known. The note stays until the task's next open */
bool ima_gate_context(struct ima_gate *g, int tid, uint64_t ino, struct ima_gate_context *ret);
void ima_gate_forget_context(struct ima_gate *g, int tid);

/** struct ima_gate_point - a moment in the life of a file's content */
struct ima_gate_point {
	uint64_t gen;
	uint32_t epoch;
	uint32_t meta;   /* how often its metadata changed */
	uint32_t attrs;  /* how often owner, mode, size or times were set */
	uint32_t shared; /* how often it was mapped shared and writable */
	bool tainted;    /* so mapped since its pages were last seen out of memory */
	bool changed;    /* since it was verified last */
	struct ima_gate_behind behind;
};

/** ima_gate_point() - of the file behind @fd, now. -ENOENT: never opened since the gate began */
ima_must_check int ima_gate_point(struct ima_gate *g, int fd, struct ima_gate_point *ret);

/** struct ima_gate_finding - funcs are bits by enum ima_func */
struct ima_gate_finding {
	uint32_t seen;    /* what is to be measured at such a use was */
	uint32_t allowed; /* uses that nobody is to be refused */
	uint32_t unasked; /* uses that no rule appraises, whatever the content */
	uint32_t flags;   /* IMA_GATE_CACHED ... */
	uint32_t keep;    /* flags that stay as they are while the content is the same */
	bool unsure;      /* writers are about, or its pages could not be dropped: nothing is allowed but what another thread found without them */
};

/**
 * ima_gate_publish() - what was found for the file behind @fd; seen bits of the same generation are added to
 * @at: taken before anything of the file was looked at
 */
ima_must_check int ima_gate_publish(struct ima_gate *g, int fd, const struct ima_gate_point *at,
				    const struct ima_gate_finding *found);

/** ima_gate_publish_metadata() - what the metadata of the file behind @fd is worth: IMA_GATE_EVM(); it counts until that changes */
ima_must_check int ima_gate_publish_metadata(struct ima_gate *g, int fd, const struct ima_gate_point *at,
					     uint32_t evm);

/** ima_gate_trust_program() - an imad that is about to replace this one. 0 or -errno */
ima_must_check int ima_gate_trust_program(struct ima_gate *g, const char *path);

/** ima_gate_trust_self() - what this process is made of may be used again: a restart must not need a verdict. 0 or -errno */
ima_must_check int ima_gate_trust_self(struct ima_gate *g);

/**
 * ima_gate_report() - the writers of the file behind @fd are about to be reported; @fd may be an O_PATH one
 * Return: 1 go on, 0 they were reported since the last writer went, -ENOSYS this kernel does not tell when that is
 */
ima_must_check int ima_gate_report(struct ima_gate *g, int fd, const struct ima_gate_context *c);

enum ima_gate_ring_kind {
	IMA_GATE_RING_TOLD,
	IMA_GATE_RING_CHANGED, /* IMA_GATE_CHANGED only: never behind what is hashed */
	IMA_GATE_RING__LAST,
};

/** ima_gate_ring_open() - in the worker; @fn is called under the lock of the record's ring. 0 or -errno */
ima_must_check int ima_gate_ring_open(struct ima_gate *g,
				      void (*fn)(void *user, const struct ima_gate_record *r,
						 size_t size), void *user);
void ima_gate_ring_close(struct ima_gate *g);

/** ima_gate_ring_follow() - wait until something is there or @timeout_ms passed, and handle it */
void ima_gate_ring_follow(struct ima_gate *g, enum ima_gate_ring_kind which, int timeout_ms);

/** ima_gate_ring_drain() - handle what is there in either; any thread */
void ima_gate_ring_drain(struct ima_gate *g);

/** ima_gate_refuse_open() - the open that task @tid waits in is to fail, with the kernel's own error number; false: it cannot be done here */
bool ima_gate_refuse_open(struct ima_gate *g, int tid, const struct ima_gate_context *c);

/** ima_gate_sees_keys() - false: the kernel has no probes, KEY_CHECK never fires */
bool ima_gate_sees_keys(const struct ima_gate *g);

/** ima_gate_dropped() - records that found no room so far */
uint64_t ima_gate_dropped(struct ima_gate *g);

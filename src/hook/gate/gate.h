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
	bool measures;
	bool tomtou_once;
	bool module_data;
};

/**
 * ima_gate_open() - load and attach. errno with @diag in the kernel's own words: -EPERM, -ENOSYS, -ENOPKG not in this build
 * @pin_dir: a folder of a bpf file system: programs and verdicts outlive this process there until ima_gate_free(), and those of a process
 *	that was killed are taken over without a gap; NULL: they end with the last process that holds them, and what an earlier
 *	one left pinned ends too
 */
ima_must_check int ima_gate_open(const char *pin_dir, struct ima_gate **ret, struct ima_diag *diag);

/** ima_gate_free() - the end of enforcement: pins go as well */
struct ima_gate *ima_gate_free(struct ima_gate *g);

/** ima_gate_keep() - calls @keep for every descriptor */
void ima_gate_keep(struct ima_gate *g, void (*keep)(void *user, int fd), void *user);

/** ima_gate_own() - a process of imad: neither stashed nor told. 0 or -errno */
int ima_gate_own(struct ima_gate *g, int tgid);

/** ima_gate_disown() - forget all of them but @tgid */
void ima_gate_disown(struct ima_gate *g, int tgid);

/** ima_gate_void() - every verdict so far is void: the policy changed. 0 or -errno */
ima_must_check int ima_gate_void(struct ima_gate *g);

/** ima_gate_set_rules() - 0 or -errno */
ima_must_check int ima_gate_set_rules(struct ima_gate *g, const struct ima_gate_rules *rules);

/** ima_gate_watch() - a file system by its device number, as in the mount table: watched or left out. 0 or -errno */
ima_must_check int ima_gate_watch(struct ima_gate *g, unsigned int major, unsigned int minor, bool on);

/** ima_gate_context() - how task @tid opens inode @ino; false: not known. The note stays until the task's next open */
bool ima_gate_context(struct ima_gate *g, int tid, uint64_t ino, struct ima_gate_context *ret);
void ima_gate_forget_context(struct ima_gate *g, int tid);

/** struct ima_gate_point - a moment in the life of a file's content */
struct ima_gate_point {
	uint64_t gen;
	uint32_t epoch;
	uint32_t shared; /* how often it was mapped shared and writable */
	bool tainted;    /* so mapped since its pages were last seen out of memory */
};

/** ima_gate_point() - of the file behind @fd, now. -ENOENT: never opened since the gate began */
ima_must_check int ima_gate_point(struct ima_gate *g, int fd, struct ima_gate_point *ret);

/**
 * ima_gate_publish() - what was found for the file behind @fd; seen bits of the same generation are added to
 * @keep: flags that stay as they are while the content is the same
 * @at: taken before anything of the file was looked at
 */
ima_must_check int ima_gate_publish(struct ima_gate *g, int fd, const struct ima_gate_point *at,
				    uint32_t seen, uint32_t allowed, uint32_t flags,
				    uint32_t keep);

/** ima_gate_trust_self() - what this process is made of may be used again: a restart must not need a verdict. 0 or -errno */
ima_must_check int ima_gate_trust_self(struct ima_gate *g);

/**
 * ima_gate_report() - the writers of the file behind @fd are about to be reported; @fd may be an O_PATH one
 * Return: 1 go on, 0 they were reported since the last writer went, -ENOSYS this kernel does not tell when that is
 */
ima_must_check int ima_gate_report(struct ima_gate *g, int fd, const struct ima_gate_context *c);

/** ima_gate_ring_open() - in the worker; @fn is called under the ring's lock. 0 or -errno */
ima_must_check int ima_gate_ring_open(struct ima_gate *g,
				      void (*fn)(void *user, const struct ima_gate_record *r,
						 size_t size), void *user);
void ima_gate_ring_close(struct ima_gate *g);

/** ima_gate_ring_wait() - until something is there or @timeout_ms passed */
void ima_gate_ring_wait(struct ima_gate *g, int timeout_ms);

/** ima_gate_ring_drain() - handle what is there; any thread */
void ima_gate_ring_drain(struct ima_gate *g);

/** ima_gate_sees_keys() - false: the kernel has no probes, KEY_CHECK never fires */
bool ima_gate_sees_keys(const struct ima_gate *g);

/** ima_gate_dropped() - records that found no room so far */
uint64_t ima_gate_dropped(struct ima_gate *g);

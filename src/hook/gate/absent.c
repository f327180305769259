/* SPDX-License-Identifier: BSD-2-Clause */
/* The gate of a build without clang, bpftool and libbpf: it says so, and the tier below is taken. */
#include <errno.h>

#include "base/diag.h"
#include "hook/gate/gate.h"

int ima_gate_open(const struct ima_gate_opts *opts, struct ima_gate **ret, struct ima_diag *diag)
{
	return ima_diag_text(diag, -ENOPKG, "this build has no gate (clang, bpftool and libbpf make it)");
}

struct ima_gate *ima_gate_free(struct ima_gate *g)
{
	return NULL;
}

void ima_gate_keep(struct ima_gate *g, void (*keep)(void *user, int fd), void *user)
{
}

int ima_gate_own(struct ima_gate *g, int tid)
{
	return -ENOPKG;
}

int ima_gate_leave(struct ima_gate *g, struct ima_diag *diag)
{
	return -ENOPKG;
}

bool ima_gate_refuse_open(struct ima_gate *g, int tid, const struct ima_gate_context *c)
{
	return false;
}

int ima_gate_set_rules(struct ima_gate *g, const struct ima_gate_rules *rules)
{
	return -ENOPKG;
}

int ima_gate_watch(struct ima_gate *g, unsigned int major, unsigned int minor, bool on)
{
	return -ENOPKG;
}

int ima_gate_cover(struct ima_gate *g, const struct ima_gate_name *names, size_t n)
{
	return -ENOPKG;
}

int ima_gate_publish_metadata(struct ima_gate *g, int fd, const struct ima_gate_point *at, uint32_t evm)
{
	return -ENOPKG;
}

bool ima_gate_context(struct ima_gate *g, int tid, uint64_t ino, struct ima_gate_context *ret)
{
	return false;
}

void ima_gate_forget_context(struct ima_gate *g, int tid)
{
}

int ima_gate_void(struct ima_gate *g)
{
	return -ENOPKG;
}

int ima_gate_point(struct ima_gate *g, int fd, struct ima_gate_point *ret)
{
	return -ENOPKG;
}

int ima_gate_publish(struct ima_gate *g, int fd, const struct ima_gate_point *at,
		     const struct ima_gate_finding *found)
{
	return -ENOPKG;
}

int ima_gate_trust_program(struct ima_gate *g, const char *path)
{
	return -ENOPKG;
}

int ima_gate_trust_self(struct ima_gate *g)
{
	return -ENOPKG;
}

int ima_gate_report(struct ima_gate *g, int fd, const struct ima_gate_context *c)
{
	return -ENOPKG;
}

int ima_gate_ring_open(struct ima_gate *g,
		       void (*fn)(void *user, const struct ima_gate_record *r, size_t size),
		       void *user)
{
	return -ENOPKG;
}

void ima_gate_ring_close(struct ima_gate *g)
{
}

void ima_gate_ring_follow(struct ima_gate *g, enum ima_gate_ring_kind which, int timeout_ms)
{
}

void ima_gate_ring_drain(struct ima_gate *g)
{
}

bool ima_gate_sees_keys(const struct ima_gate *g)
{
	return false;
}

uint64_t ima_gate_dropped(struct ima_gate *g)
{
	return 0;
}

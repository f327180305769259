/* SPDX-License-Identifier: BSD-2-Clause */
/* Modules from memory: one task's pieces come in order, between another's. */
#include "hook/fanotify/modules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void drop(struct ima_fan_module *m)
{
	free(m->data);
	*m = (struct ima_fan_module){ 0 };
}

void ima_fan_modules_drop(struct ima_fan_modules *all)
{
	for (size_t i = 0; i < IMA_FAN_MAX_MODULES; i++)
		drop(&all->modules[i]);
}

/* as the kernel does: the digest is listed in place of the buffer */
static int measure(struct ima_monitor *monitor, struct ima_hasher *h, const struct ima_fan_module *m)
{
	static const char label[] = "modules";
	const struct ima_buffer_event ev = {
		.facts = { .func = IMA_FUNC_CRITICAL_DATA,
			   .func_data = { (const uint8_t *)label, sizeof(label) - 1 } },
		.name = "init_module",
		.data = { m->data, m->len },
		.by_hash = true,
	};

	return ima_monitor_buffer(monitor, h, &ev);
}

/* the one that the task has begun; at a first piece a free one will do */
static struct ima_fan_module *find(struct ima_fan_modules *all, uint32_t tid, bool begins)
{
	struct ima_fan_module *free_one = NULL;

	for (size_t i = 0; i < IMA_FAN_MAX_MODULES; i++) {
		if (all->modules[i].tid == tid)
			return &all->modules[i];
		if (!all->modules[i].tid && !free_one)
			free_one = &all->modules[i];
	}
	return begins ? free_one : NULL;
}

int ima_fan_modules_piece(struct ima_fan_modules *all, struct ima_monitor *monitor, struct ima_hasher *h,
			  const struct ima_gate_record *r, size_t size)
{
	const struct ima_gate_data_record *d = (const struct ima_gate_data_record *)r;
	const uint64_t at = r->c.ino, len = r->c.gen;
	struct ima_fan_module *m = find(all, r->c.tid, at == 0);
	int e;

	if (!m)
		return -EIO;
	if (at == 0) {
		free(m->data);
		*m = (struct ima_fan_module){ .tid = r->c.tid, .data = malloc(len), .len = len };
	}
	if (!m->data || size < sizeof(*d) || r->data_len > sizeof(d->data) || at != m->at || len != m->len ||
	    r->data_len > len - at) {
		drop(m);
		return -EIO;
	}
	memcpy(m->data + at, d->data, r->data_len);
	m->at += r->data_len;
	if (m->at < m->len)
		return 0;
	e = measure(monitor, h, m);
	drop(m);
	return e;
}

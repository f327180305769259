/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The replay tier: events from a text instead of from a kernel. One JSON object a line (docs/FORMATS.md "Recorded events");
 * each is handed to the same monitor that a live hook feeds. Nothing is opened, nothing is hooked: what the event says of a
 * file is all that is known of it.
 */
#pragma once

#include "core/monitor/monitor.h"

struct ima_recorded;

enum ima_recorded_kind {
	IMA_RECORDED_FILE = 0,       /* an access to a file */
	IMA_RECORDED_BUFFER,         /* a key, critical data, a kexec command line */
	IMA_RECORDED_BOOT_AGGREGATE,
};

/**
 * ima_recorded_parse() - one line
 * @ret: freed with ima_recorded_free()
 * Return: 1 an event, 0 an empty line or a comment ('#'), -EINVAL with @diag, -ENOMEM
 */
ima_must_check int ima_recorded_parse(struct ima_bytes line, struct ima_recorded **ret,
				      struct ima_diag *diag);
struct ima_recorded *ima_recorded_free(struct ima_recorded *r);

enum ima_recorded_kind ima_recorded_kind(const struct ima_recorded *r);

/** ima_recorded_file() - the event as hooks give it; borrowed; NULL unless it is one of a file */
const struct ima_file_event *ima_recorded_file(const struct ima_recorded *r);
const struct ima_buffer_event *ima_recorded_buffer(const struct ima_recorded *r);

/**
 * ima_recorded_run() - give the event to the monitor
 * @ret: as from ima_monitor_file(); for other kinds only action and error are set
 */
void ima_recorded_run(const struct ima_recorded *r, struct ima_monitor *m, struct ima_hasher *h,
		      struct ima_outcome *ret);

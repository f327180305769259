/* SPDX-License-Identifier: BSD-2-Clause */
/* Who asks: the task at the other end of a control connection, or the one that it asks for. Read at once: it may be gone when its request is carried out. */
#pragma once

#include "imad/state.h"

/** struct imad_who - what audit records say of it; the label is a view of @label_text: not to be copied */
struct imad_who {
	struct ima_audit_subject subject;
	char label_text[512];
};

/** imad_who_read() - @tid 0, or a task that is gone: only its number is known */
void imad_who_read(const struct imad_worker *w, int tid, struct imad_who *ret);

/** imad_who_peer() - process at the other end of a connected socket; 0: cannot be told */
int imad_who_peer(int fd);

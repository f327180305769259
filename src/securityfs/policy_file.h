/* SPDX-License-Identifier: BSD-2-Clause */
/* The policy file: reading shows the rules in force, one upload at a time writes new ones. */
#pragma once

#include "base/buffer.h"
#include "control/control.h"

/** struct ima_policy_handle - one open policy file */
struct ima_policy_handle {
	struct ima_control *control; /* writing: carries the upload */
	struct ima_buffer text;      /* reading: taken at open */
};

/** ima_policy_file_read() - take the text. errno of the daemon, -EIO when it does not answer */
ima_must_check int ima_policy_file_read(const char *control_path, struct ima_policy_handle *h);

/** ima_policy_file_begin() - @pid: who opens the file, 0: not known. -EBUSY while another upload is under way */
ima_must_check int ima_policy_file_begin(const char *control_path, int pid, struct ima_policy_handle *h);

/**
 * ima_policy_file_write() - one write(2)
 * Return: bytes consumed: the first line with its newline, or everything when the data is a path; -errno
 */
ima_must_check ssize_t ima_policy_file_write(struct ima_policy_handle *h, struct ima_bytes data);

/** ima_policy_file_close() - a finished upload takes effect; the result is the daemon's to report */
void ima_policy_file_close(struct ima_policy_handle *h);

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files to work on, from one thread to many, and their results back in the order in which the files came. As many are under way as the ring
 * holds, whatever their number.
 */
#pragma once

#include "imactl/files.h"
#include "imactl/walk.h"

/** struct imactl_jobs_ops - called by the thread that owns the jobs, but for @work */
struct imactl_jobs_ops {
	imactl_file_fn work;
	void *work_user;
	void (*done)(void *user, const char *path, void *item, struct imactl_file_result *res); /* @res is emptied afterwards */
	void (*idle)(void *user); /* from time to time, while there is nothing to do but wait */
	void *user;
	const volatile int *stop; /* not 0: what has not begun ends as IMACTL_FILE_LEFT */
};

struct imactl_jobs;

/** imactl_jobs_new() - @threads 0: one a processor, and one more. -ENOMEM, -EAGAIN no thread can be made, errors of ima_hasher_new() */
ima_must_check int imactl_jobs_new(unsigned int threads, const struct imactl_jobs_ops *ops, struct imactl_jobs **ret);

/** imactl_jobs_push() - @dir NULL: @path as it is, else the last part of @path in it; a reference is taken. -ENOMEM */
ima_must_check int imactl_jobs_push(struct imactl_jobs *j, struct imactl_dir *dir, const char *path, dev_t dev);

/** imactl_jobs_push_item() - what is told of @path is in @item, malloc'd, taken on success. -ENOMEM */
ima_must_check int imactl_jobs_push_item(struct imactl_jobs *j, const char *path, void *item);

/** imactl_jobs_drain() - everything that was pushed is done and handed over */
void imactl_jobs_drain(struct imactl_jobs *j);

/** imactl_jobs_free() - after imactl_jobs_drain() */
struct imactl_jobs *imactl_jobs_free(struct imactl_jobs *j);

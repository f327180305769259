/* SPDX-License-Identifier: BSD-2-Clause */
/* Ownership helpers: scope-bound cleanup, moving a value out, descriptors that close themselves. */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <ima/types.h>

#define ima_cleanup(f) __attribute__((cleanup(f)))

/* hand ownership on: yields the value and leaves NULL behind */
#define ima_take(p)                                                                                \
	__extension__({                                                                            \
		__typeof__(p) ima_taken_ = (p);                                                    \
		(p) = NULL;                                                                        \
		ima_taken_;                                                                        \
	})

/* hand a descriptor on: yields it and leaves -EBADF (-9) behind */
#define ima_take_fd(fd)                                                                            \
	__extension__({                                                                            \
		int ima_taken_ = (fd);                                                             \
		(fd) = -9;                                                                         \
		ima_taken_;                                                                        \
	})

/* a callback's user pointer that only ever reads through it */
static inline void *ima_unconst(const void *p)
{
	return (void *)(uintptr_t)p;
}

/* drop a result on purpose */
#define ima_ignore(x)                                                                              \
	do {                                                                                       \
		__typeof__(x) ima_ignored_ __attribute__((unused)) = (x);                          \
	} while (0)

#define IMA_N_ELEMENTS(a) (sizeof(a) / sizeof((a)[0]))

static inline void ima_freep(void *p)
{
	free(*(void **)p);
}

static inline int ima_close(int fd)
{
	if (fd >= 0)
		close(fd);
	return -9;
}

static inline void ima_closep(int *fd)
{
	*fd = ima_close(*fd);
}

static inline void ima_fclosep(FILE **f)
{
	if (*f)
		fclose(*f);
}

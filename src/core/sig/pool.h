/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The crypto library's contexts of one key, kept between calls. Each is used by one thread at a time and has a copy of the key of its own: a
 * shared one costs a lock and a reference count a call. A key inside a device has one context, and its users wait for each other.
 */
#pragma once

#include <ima/sig.h>

struct evp_pkey_st;
struct ossl_lib_ctx_st;

enum ima_pool_flags {
	IMA_POOL_SIGN = 1U << 0,   /* else verify */
	IMA_POOL_DEVICE = 1U << 1, /* the key cannot be copied */
};

struct ima_pool;

/**
 * ima_pool_new() - @pkey, @lib and @properties are borrowed until ima_pool_free()
 * @lib: NULL is the default library context; @properties: which implementation goes first, NULL any. -ENOMEM
 */
ima_must_check int ima_pool_new(struct evp_pkey_st *pkey, struct ossl_lib_ctx_st *lib, const char *properties,
				unsigned int flags, struct ima_pool **ret);
struct ima_pool *ima_pool_free(struct ima_pool *p);

/** ima_pool_sign() - @len: room in, length out. -ENOPKG key and algorithm do not go together, -ENOMEM, -EIO */
ima_must_check int ima_pool_sign(struct ima_pool *p, const struct ima_digest *digest, uint8_t *ret,
				 size_t *len);

enum ima_sig_verdict ima_pool_verify(struct ima_pool *p, struct ima_bytes sig,
				     const struct ima_digest *digest);

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Labels of a file that the caller knows: its digest, its metadata, its other attributes. Nothing is read from or written to a file system.
 *
 * Source: docs/FORMATS.md "Labels", "EVM", "Appraisal".
 */
#pragma once

#include <ima/sig.h>
#include <ima/signer.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * struct ima_label_file - borrowed for the call
 * @content: digest of the content; for IMA_LABEL_VERITY and labels of that type the fs-verity digest
 * @mode: all of st_mode; @uid, @gid: of the initial user namespace
 * @ino, @generation, @fsuuid: what only IMA_LABEL_IMMUTABLE covers
 * @xattrs: the file's attributes. Making labels looks at those that security.evm covers (security.capability, security.selinux, ...) and
 *          passes over security.ima and security.evm; checking looks at those, too
 */
struct ima_label_file {
	const struct ima_digest *content;
	uint64_t size; /* bytes */
	uint32_t mode, uid, gid;
	uint32_t generation;
	uint64_t ino;
	uint8_t fsuuid[16];
	const struct ima_xattr *xattrs;
	size_t n_xattrs;
	uint64_t reserved[4];
};

enum ima_label_kind {
	IMA_LABEL_SIGNATURE = 0, /* of the content */
	IMA_LABEL_DIGEST,        /* the digest itself */
	IMA_LABEL_VERITY,        /* signature of the fs-verity digest */
};

enum ima_label_evm {
	IMA_LABEL_NO_EVM = 0,
	IMA_LABEL_PORTABLE,  /* signature of the metadata that holds wherever the file goes */
	IMA_LABEL_IMMUTABLE, /* ... that names inode and file system */
};

/** struct ima_label_opts - zero: a version 2 signature, no security.evm */
struct ima_label_opts {
	enum ima_label_kind kind;
	enum ima_label_evm evm;
	bool v3; /* signatures for kernels from 7.1 on; fs-verity always */
	uint64_t reserved[4];
};

/** struct ima_label - the values of security.ima and security.evm */
struct ima_label {
	uint8_t ima[IMA_SIGNER_MAX_VALUE], evm[IMA_SIGNER_MAX_VALUE];
	size_t ima_len, evm_len; /* 0: none */
};

/**
 * ima_label_make() - @s: may be NULL when nothing is signed
 * Return: 0, -EINVAL no signer, or options that do not go together, -ENOPKG key and algorithm do not go together, -ENOMEM, -EIO
 */
ima_must_check int ima_label_make(const struct ima_signer *s, struct ima_hasher *h, const struct ima_label_opts *opts,
				  const struct ima_label_file *file, struct ima_label *ret);

/** ima_label_content_algo() - what a content is to be hashed with before a check; sha256 when @security_ima names nothing */
enum ima_hash_algo ima_label_content_algo(struct ima_bytes security_ima);

/** enum ima_label_verdict - 0 is never good */
enum ima_label_verdict {
	IMA_LABEL_UNCHECKED = 0,
	IMA_LABEL_GOOD,
	IMA_LABEL_BAD,
};

/** struct ima_label_wish - zero: any good label of the content */
struct ima_label_wish {
	bool signature; /* a digest alone is not enough, unless a portable signature covers it */
	bool evm;       /* security.evm is checked first */
	uint64_t reserved[4];
};

/** struct ima_label_answer - @cause: the kernel's audit word, NULL when good */
struct ima_label_answer {
	enum ima_label_verdict verdict;
	const char *cause;
	enum ima_sig_verdict sig; /* of security.ima; IMA_SIG_UNCHECKED: no signature was looked at */
	bool is_signed;
};

/**
 * ima_label_check() - what a kernel with these keys would say of the file
 * Return: 0 and the answer, -ENOMEM
 */
ima_must_check int ima_label_check(const struct ima_keyring *keys, struct ima_hasher *h, const struct ima_label_wish *wish,
				   const struct ima_label_file *file, struct ima_label_answer *ret);

#ifdef __cplusplus
}
#endif

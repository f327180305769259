/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * EVM: what security.evm covers, and whether it is right. Pure but for the getter that reads attributes.
 * Source: docs/FORMATS.md "EVM".
 */
#pragma once

#include <ima/digest.h>
#include <ima/sig.h>

#include "base/buffer.h"
#include "core/evm/integrity.h"
#include "core/evm/mode.h"

#define IMA_EVM_KEY_LEN 128 /* bytes, always: shorter keys are followed by zeros */
#define IMA_EVM_MAX_NAMES 64
#define IMA_EVM_HMAC_LEN 20

/** struct ima_evm_name - an attribute that is covered; a disabled one only by portable signatures */
struct ima_evm_name {
	char name[256];
	bool enabled;
};

/** struct ima_evm - keys, mode and names. Readers in parallel; changes need the caller's lock */
struct ima_evm {
	uint32_t mode; /* IMA_EVM_* */
	uint8_t key[IMA_EVM_KEY_LEN];
	bool no_fsuuid; /* kernels without CONFIG_EVM_ATTR_FSUUID */
	bool names_locked;
	bool fix;
	unsigned int version; /* of the behaviour profile */
	struct ima_keyring *keys; /* owned; may be NULL */
	struct ima_evm_name names[IMA_EVM_MAX_NAMES];
	size_t n_names;
};

ima_must_check int ima_evm_new(unsigned int version, struct ima_evm **ret); /* -ENOMEM */
struct ima_evm *ima_evm_free(struct ima_evm *e); /* the key is wiped */

/** ima_evm_set_key() - the HMAC key. -EINVAL empty or longer than IMA_EVM_KEY_LEN, -EBUSY there is one */
ima_must_check int ima_evm_set_key(struct ima_evm *e, struct ima_bytes key);

/** ima_evm_add_name() - cover one more attribute. -EINVAL not "security.", -EEXIST, -ENOSPC, -E2BIG */
ima_must_check int ima_evm_add_name(struct ima_evm *e, const char *name);

/**
 * ima_evm_names_write() - what is written to the file "evm_xattrs": one name, or "." to lock the list for good
 * Return: 0, -EPERM locked, -E2BIG more than 255 bytes, and errors of ima_evm_add_name()
 */
ima_must_check int ima_evm_names_write(struct ima_evm *e, struct ima_bytes text);

/** ima_evm_names_show() - append the names that HMACs cover, a line each. -ENOMEM */
ima_must_check int ima_evm_names_show(const struct ima_evm *e, struct ima_buffer *out);

/** ima_evm_default_names() - fill the list of a new object */
void ima_evm_default_names(struct ima_evm *e);

/** ima_evm_name_at() - name number @i, covered or only by portable signatures; NULL behind the last. @e NULL: the names of a new object */
const char *ima_evm_name_at(const struct ima_evm *e, size_t i);

/** ima_evm_covers() - is the attribute one that EVM protects? */
bool ima_evm_covers(const struct ima_evm *e, const char *name);

/** enum ima_evm_layout - how the inode's numbers are laid out; all but the first only for evmctl's command line */
enum ima_evm_layout {
	IMA_EVM_LAYOUT_64 = 0, /* u64 inode number: 24 bytes */
	IMA_EVM_LAYOUT_32,     /* of a 32-bit kernel, u32 inode number: 20 bytes */
	IMA_EVM_LAYOUT_OWNER,  /* owner and mode only, and no UUID: 12 bytes; no kernel checks it */
};

/** struct ima_evm_file - the inode's facts and its attributes; borrowed */
struct ima_evm_file {
	uint64_t ino;
	uint32_t generation, uid, gid; /* ids of the initial user namespace */
	uint16_t mode;
	uint8_t fsuuid[16];
	bool is_overlay;
	enum ima_evm_layout layout;
	bool any; /* also what no kernel takes: without a covered attribute */
	/* value of an attribute, @ret malloc'd; -ENODATA none, -EOPNOTSUPP, errno */
	int (*xattr)(void *user, const char *name, uint8_t **ret, size_t *ret_len);
	void *user;
};

/**
 * ima_evm_data() - append the bytes that a value of @type covers
 * Return: 0, -ENODATA no covered attribute, -EPERM portable without security.ima, -EOPNOTSUPP, -ENOMEM, errno
 */
ima_must_check int ima_evm_data(const struct ima_evm *e, enum ima_xattr_type type,
				const struct ima_evm_file *file, struct ima_buffer *out);

/** ima_evm_hmac() - the whole value, type byte first. -ENOKEY, and errors of ima_evm_data() */
ima_must_check int ima_evm_hmac(const struct ima_evm *e, struct ima_hasher *h,
				const struct ima_evm_file *file,
				uint8_t ret[static 1 + IMA_EVM_HMAC_LEN]);

/** ima_evm_digest() - what a signature of @type and header version @header covers, under @algo */
ima_must_check int ima_evm_digest(const struct ima_evm *e, struct ima_hasher *h,
				  enum ima_xattr_type type, unsigned int header,
				  enum ima_hash_algo algo, const struct ima_evm_file *file,
				  struct ima_digest *ret);

/** struct ima_evm_result - the verdict; @rewrite: a good signature that the kernel replaces by an HMAC */
struct ima_evm_result {
	enum ima_integrity status;
	bool rewrite;
	enum ima_sig_verdict sig;
};

/** ima_evm_judge() - is security.evm right? UNKNOWN when no key is loaded */
void ima_evm_judge(const struct ima_evm *e, struct ima_hasher *h, const struct ima_evm_file *file,
		   struct ima_evm_result *ret);

/** ima_evm_mode_write() - what is written to the file "evm"; -EPERM, -EINVAL, -ENOENT the HMAC is asked for and there is no key */
ima_must_check int ima_evm_mode_write(struct ima_evm *e, struct ima_bytes text);

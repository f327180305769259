/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The members of an archive, a package or an image, one after another, as an unpacked tree would have them. Nothing is ever unpacked:
 * names are only names, and links are not followed.
 *
 * Known: tar and cpio (newc, odc, binary), compressed or not; .deb (its data.tar); .rpm (its payload, with digests and signatures of the
 * header); OCI layouts and docker-archives, as a folder or a tar, their layers put together. Source: docs/FORMATS.md "Archives".
 */
#pragma once

#include <ima/digest.h>
#include <ima/types.h>

#include "base/buffer.h"

/* limits, all of them over the whole archive */
#define IMA_ARCHIVE_MAX_MEMBERS (4U << 20)
#define IMA_ARCHIVE_MAX_BYTES (64ULL << 30) /* of content, as members state it; layers that are hidden count, too */
#define IMA_ARCHIVE_MAX_PATH 4095
#define IMA_ARCHIVE_MAX_XATTRS 64          /* of one member */
#define IMA_ARCHIVE_MAX_XATTR (64U << 10)  /* bytes of one value */
#define IMA_ARCHIVE_MAX_LAYERS 512
#define IMA_ARCHIVE_MAX_LINKED 16384       /* names of cpio members whose content has not come yet */

enum ima_archive_format {
	IMA_ARCHIVE_TAR = 0,
	IMA_ARCHIVE_CPIO,
	IMA_ARCHIVE_DEB,
	IMA_ARCHIVE_RPM,
	IMA_ARCHIVE_IMAGE, /* OCI layout, docker-archive */
	IMA_ARCHIVE__LAST
};

const char *ima_archive_format_name(enum ima_archive_format f);

enum ima_member_type {
	IMA_MEMBER_FILE = 0,
	IMA_MEMBER_DIRECTORY,
	IMA_MEMBER_SYMLINK,
	IMA_MEMBER_HARDLINK, /* another name of the file at target, which came before it */
	IMA_MEMBER_OTHER,    /* device, fifo, socket */
};

/**
 * struct ima_member - borrowed until the next call with the archive
 * @path: as the kernel names it once unpacked at /: begins with a slash, no "." and no empty component
 * @leaves_root: @path has ".." components, which are left as they are
 * @mode: all of st_mode
 * @target: of a symbolic link as stored; of a hard link in the form of @path; else NULL
 * @digest: of the content, as the package's header states it; NULL none
 * @signature: value for security.ima, as the package's header states it; empty: none
 * @position: where the member's blocks begin in the decompressed tar
 */
struct ima_member {
	const char *path;
	bool leaves_root;
	enum ima_member_type type;
	uint32_t mode, uid, gid;
	uint64_t size; /* bytes */
	const char *target;
	const struct ima_xattr *xattrs;
	size_t n_xattrs;
	const struct ima_digest *digest;
	struct ima_bytes signature;
	uint64_t position;
};

/**
 * struct ima_archive_opts - zeros: the limits above
 * @image: of an archive with several images the one to read: a tag, a manifest's digest, or OS/ARCHITECTURE; NULL: there must be only one
 * @merge_usr: names below /bin, /sbin and /lib* are those below /usr, as on a merged system
 */
struct ima_archive_opts {
	const char *image;
	bool merge_usr;
	uint64_t max_members, max_bytes;
};

struct ima_archive;

/** struct ima_package - what a package calls itself; RPM: version is [EPOCH:]VERSION-RELEASE */
struct ima_package {
	char name[256], version[256];
};

/**
 * ima_archive_open() - @fd: a regular file, whatever its position, or the folder of an OCI layout. Borrowed
 *
 * Errors of all calls: -EBADMSG damaged or truncated, -ENOTSUP a format or compression that is not known, -EFBIG past a limit, -ENOMEM,
 * errno of reading. Each with the member and one sentence in @diag.
 */
ima_must_check int ima_archive_open(int fd, const struct ima_archive_opts *opts, struct ima_archive **ret,
				    struct ima_diag *diag);
struct ima_archive *ima_archive_free(struct ima_archive *a);
enum ima_archive_format ima_archive_format(const struct ima_archive *a);

/**
 * ima_archive_next() - 1 and the next member, 0 at the end
 * Within one tar a name may come twice; the last one counts. Hard links of cpio come after the member that holds the content.
 */
ima_must_check int ima_archive_next(struct ima_archive *a, const struct ima_member **ret,
				    struct ima_diag *diag);

/** ima_archive_end() - of a tar that was read to its end: where in the decompressed bytes its end mark ends */
uint64_t ima_archive_end(const struct ima_archive *a);

/** ima_archive_read() - 1 and the next piece of the current member's content (holes as zeros), 0 at its end */
ima_must_check int ima_archive_read(struct ima_archive *a, struct ima_bytes *ret, struct ima_diag *diag);

/** ima_archive_hash() - digest of the current member's content, all of it */
ima_must_check int ima_archive_hash(struct ima_archive *a, struct ima_hasher *h, enum ima_hash_algo algo,
				    struct ima_digest *ret, struct ima_diag *diag);

/** ima_archive_package() - of .deb and .rpm; NULL: it is no package */
const struct ima_package *ima_archive_package(const struct ima_archive *a);

/** ima_archive_states() - does a package's header state digests by @algo of all the regular files that it brings? (.rpm) */
bool ima_archive_states(const struct ima_archive *a, enum ima_hash_algo algo);

/**
 * ima_archive_next_stated() - the regular files as the header states them, without a look at the content
 * @at: starts at 0
 * Return: 1 a member without owner, attributes and content; 0 the end; -EBADMSG, -EFBIG, -ENOMEM with @diag
 */
ima_must_check int ima_archive_next_stated(struct ima_archive *a, size_t *at, const struct ima_member **ret,
					   struct ima_diag *diag);

/** ima_member_xattr() - NULL: the member has none of this name */
const struct ima_xattr *ima_member_xattr(const struct ima_member *m, const char *name);

/** ima_archive_path() - @name in the form of struct ima_member's path, in place of @ret. -EFBIG, -ENOMEM */
ima_must_check int ima_archive_path(const char *name, bool merge_usr, struct ima_buffer *ret, bool *ret_leaves_root);

/* SPDX-License-Identifier: BSD-2-Clause */
/* Reference values from a file: the SQLite form, or one of reference_forms.h. The SQLite side is reference_sqlite.c alone; docs/FORMATS.md "Reference values" has the schema. */
#pragma once

#include <ima/reference.h>

#define IMA_REFERENCE_APPLICATION_ID 0x494d4152 /* "IMAR", in the database's header */
#define IMA_REFERENCE_SCHEMA_VERSION 3

/* the whole schema; reference_sqlite.c creates and reads exactly this */
#define IMA_REFERENCE_SCHEMA                                                                       \
	"CREATE TABLE source(id INTEGER PRIMARY KEY, package TEXT NOT NULL DEFAULT '', "           \
	"version TEXT NOT NULL DEFAULT '', repository TEXT NOT NULL DEFAULT '', "                  \
	"UNIQUE(package, version, repository));"                                                   \
	"CREATE TABLE value(path TEXT NOT NULL, algo TEXT NOT NULL, digest BLOB NOT NULL, "        \
	"source INTEGER NOT NULL REFERENCES source(id), expiry INTEGER NOT NULL DEFAULT 0, "       \
	"size INTEGER NOT NULL DEFAULT -1, signature BLOB NOT NULL DEFAULT x'', "                  \
	"PRIMARY KEY(path, algo, digest, source)) WITHOUT ROWID;"                                  \
	"CREATE TABLE seal(sha256 BLOB NOT NULL);"
#define IMA_REFERENCE_SCHEMA_INDEX "CREATE INDEX value_digest ON value(digest);"

/**
 * ima_reference_load() - add every value of a file to @b, whatever its form; signed envelopes are not believed without a key
 * Return: 0, -EBADMSG damaged or another schema, -EKEYREJECTED an envelope, -EFBIG a list over 4 GiB, -ENOMEM, errno; @diag says why
 */
ima_must_check int ima_reference_load(struct ima_reference_builder *b, const char *path, struct ima_diag *diag);

/** struct ima_reference_question - the values of a path, or of a digest. @path.data NULL: of @digest */
struct ima_reference_question {
	struct ima_bytes path;
	struct ima_digest digest;
};

/** ima_reference_fd_is_database() - by its first bytes */
bool ima_reference_fd_is_database(int fd);

/** ima_reference_ask() - add what a database says to one question, without reading the rest of it. As ima_reference_load() */
ima_must_check int ima_reference_ask(struct ima_reference_builder *b, const char *path,
				     const struct ima_reference_question *q, struct ima_diag *diag);

/**
 * ima_reference_store() - write every value of @r to a database, whole or not at all, in an order that depends on nothing but the values
 * @replace: one that is there goes; else -EEXIST
 * Return: 0, -EEXIST, -EIO, -ENOMEM, errno; @diag says why
 */
ima_must_check int ima_reference_store(const struct ima_reference *r, const char *path, bool replace, struct ima_diag *diag);

/** ima_reference_builder_size() - values that were added */
size_t ima_reference_builder_size(const struct ima_reference_builder *b);

/** ima_reference_sort() - numbers of all values by path, algorithm, digest and source. @ret: malloc'd. -ENOMEM */
ima_must_check int ima_reference_sort(const struct ima_reference *r, uint32_t **ret);

/** ima_reference_source() - values with the same number have package, version, repository and expiry in common; below ima_reference_n_sources() */
uint32_t ima_reference_source(const struct ima_reference *r, uint32_t index);
size_t ima_reference_n_sources(const struct ima_reference *r);

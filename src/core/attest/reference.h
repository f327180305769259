/* SPDX-License-Identifier: BSD-2-Clause */
/* Reference values from a file: the SQLite form or a list of sums. The SQLite side is reference_sqlite.c alone; docs/FORMATS.md "Reference values" has the schema. */
#pragma once

#include <ima/reference.h>

#define IMA_REFERENCE_APPLICATION_ID 0x494d4152 /* "IMAR", in the database's header */
#define IMA_REFERENCE_SCHEMA_VERSION 1

/* the whole schema; reference_sqlite.c creates and reads exactly this */
#define IMA_REFERENCE_SCHEMA                                                                       \
	"CREATE TABLE source(id INTEGER PRIMARY KEY, package TEXT NOT NULL DEFAULT '', "           \
	"version TEXT NOT NULL DEFAULT '', repository TEXT NOT NULL DEFAULT '', "                  \
	"UNIQUE(package, version, repository));"                                                   \
	"CREATE TABLE value(path TEXT NOT NULL, algo TEXT NOT NULL, digest BLOB NOT NULL, "        \
	"source INTEGER NOT NULL REFERENCES source(id), expiry INTEGER NOT NULL DEFAULT 0, "       \
	"PRIMARY KEY(path, algo, digest, source)) WITHOUT ROWID;"                                  \
	"CREATE INDEX value_digest ON value(digest);"

/**
 * ima_reference_load() - add every value of a file to @b: a database (by its first bytes), else a list of sums
 * Return: 0, -EBADMSG damaged or another schema, -EFBIG a list over 4 GiB, -ENOMEM, errno; @diag says why
 */
ima_must_check int ima_reference_load(struct ima_reference_builder *b, const char *path, struct ima_diag *diag);

/** ima_reference_store() - write every value of @r to a new database, whole or not at all. -EEXIST, -EIO, errno; @diag says why */
ima_must_check int ima_reference_store(const struct ima_reference *r, const char *path, struct ima_diag *diag);

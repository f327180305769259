/* SPDX-License-Identifier: BSD-2-Clause */
/* Reference values in SQLite. A database of another application or schema is refused; a new one appears whole, by rename, or not at all. */
#include "core/attest/reference.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include <sqlite3.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/file.h"

#define SUMS_MAX (UINT64_C(4) << 30)

static void closep(sqlite3 **db)
{
	sqlite3_close(*db);
}

static void finalizep(sqlite3_stmt **s)
{
	sqlite3_finalize(*s);
}

static int failed(sqlite3 *db, int rc, struct ima_diag *diag)
{
	const int error = rc == SQLITE_NOMEM ? -ENOMEM
			  : rc == SQLITE_CORRUPT || rc == SQLITE_NOTADB ? -EBADMSG
									: -EIO;

	return ima_diag_text(diag, error, "%s", db ? sqlite3_errmsg(db) : sqlite3_errstr(rc));
}

static int pragma_number(sqlite3 *db, const char *sql, int *ret, struct ima_diag *diag)
{
	ima_cleanup(finalizep) sqlite3_stmt *s = NULL;
	int rc = sqlite3_prepare_v2(db, sql, -1, &s, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(s);
	if (rc != SQLITE_ROW)
		return failed(db, rc, diag);
	*ret = sqlite3_column_int(s, 0);
	return 0;
}

static int check_schema(sqlite3 *db, struct ima_diag *diag)
{
	int id = 0, version = 0;
	int r = pragma_number(db, "PRAGMA application_id", &id, diag);

	if (r == 0)
		r = pragma_number(db, "PRAGMA user_version", &version, diag);
	if (r < 0)
		return r;
	if (id != IMA_REFERENCE_APPLICATION_ID)
		return ima_diag_text(diag, -EBADMSG, "a database, but not of reference values");
	if (version != IMA_REFERENCE_SCHEMA_VERSION)
		return ima_diag_text(diag, -EBADMSG, "reference values of schema %d; this program reads %d", version,
				     IMA_REFERENCE_SCHEMA_VERSION);
	return 0;
}

static const char *text_of(sqlite3_stmt *s, int column)
{
	return (const char *)sqlite3_column_text(s, column);
}

static int take_row(struct ima_reference_builder *b, sqlite3_stmt *s, uint64_t row, struct ima_diag *diag)
{
	struct ima_reference_value v = {
		.package = text_of(s, 3), .version = text_of(s, 4), .repository = text_of(s, 5),
		.expiry = sqlite3_column_int64(s, 6),
	};
	const char *algo = text_of(s, 1);
	const void *digest = sqlite3_column_blob(s, 2);
	const int len = sqlite3_column_bytes(s, 2);
	int r;

	v.path.data = (const uint8_t *)text_of(s, 0);
	v.path.len = (size_t)sqlite3_column_bytes(s, 0);
	if (!v.path.data || !algo || ima_hash_by_name(algo, strlen(algo), &v.digest.algo) < 0)
		return ima_diag_text(diag, -EBADMSG, "value %llu: unknown algorithm", (unsigned long long)row);
	v.digest.len = ima_hash_len(v.digest.algo);
	if (!digest || (size_t)len != v.digest.len || v.expiry < 0)
		return ima_diag_text(diag, -EBADMSG, "value %llu: its digest or expiry is damaged", (unsigned long long)row);
	memcpy(v.digest.data, digest, v.digest.len);
	r = ima_reference_add(b, &v);
	return r < 0 ? ima_diag_text(diag, r, "value %llu: %s", (unsigned long long)row, strerror(-r)) : 0;
}

static int take_rows(struct ima_reference_builder *b, sqlite3 *db, struct ima_diag *diag)
{
	static const char sql[] = "SELECT path, algo, digest, package, version, repository, expiry "
				  "FROM value JOIN source ON source.id = value.source";
	static const char orphans[] = "SELECT count(*) FROM value WHERE source NOT IN (SELECT id FROM source)";
	ima_cleanup(finalizep) sqlite3_stmt *s = NULL;
	int rc = sqlite3_prepare_v2(db, sql, -1, &s, NULL), r = 0, n = 0;
	uint64_t row = 0;

	if (rc == SQLITE_OK)
		while (r == 0 && (rc = sqlite3_step(s)) == SQLITE_ROW)
			r = take_row(b, s, ++row, diag);
	if (r == 0 && rc != SQLITE_DONE)
		return failed(db, rc, diag);
	if (r == 0)
		r = pragma_number(db, orphans, &n, diag);
	return r == 0 && n ? ima_diag_text(diag, -EBADMSG, "%d values name a source that is not there", n) : r;
}

static int load_database(struct ima_reference_builder *b, const char *path, struct ima_diag *diag)
{
	ima_cleanup(closep) sqlite3 *db = NULL;
	const int rc = sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
	int r;

	if (rc != SQLITE_OK)
		return failed(db, rc, diag);
	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	r = check_schema(db, diag);
	return r < 0 ? r : take_rows(b, db, diag);
}

int ima_reference_load(struct ima_reference_builder *b, const char *path, struct ima_diag *diag)
{
	ima_cleanup(ima_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	ima_cleanup(ima_freep) uint8_t *text = NULL;
	char magic[16] = "";
	size_t len = 0;
	int r;

	if (fd < 0)
		return ima_diag_text(diag, -errno, "%s", strerror(errno));
	if (pread(fd, magic, sizeof(magic), 0) == sizeof(magic) && !memcmp(magic, "SQLite format 3", 16))
		return load_database(b, path, diag);
	r = ima_file_read_fd(fd, SUMS_MAX, &text, &len);
	if (r < 0)
		return ima_diag_text(diag, r, "%s", strerror(-r));
	return ima_reference_add_sums(b, (struct ima_bytes){ text, len }, diag);
}

static int run_sql(sqlite3 *db, const char *sql, struct ima_diag *diag)
{
	const int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? 0 : failed(db, rc, diag);
}

static void bind_word(sqlite3_stmt *s, int i, const char *word)
{
	sqlite3_bind_text(s, i, word ? word : "", -1, SQLITE_STATIC);
}

/* one statement run to its end, ready for the next */
static int run_row(sqlite3 *db, sqlite3_stmt *s, struct ima_diag *diag)
{
	int rc = sqlite3_step(s);

	while (rc == SQLITE_ROW)
		rc = sqlite3_step(s);
	sqlite3_reset(s);
	return rc == SQLITE_DONE ? 0 : failed(db, rc, diag);
}

static int store_value(sqlite3 *db, sqlite3_stmt *source, sqlite3_stmt *value, const struct ima_reference_value *v,
		       struct ima_diag *diag)
{
	int r;

	bind_word(source, 1, v->package);
	bind_word(source, 2, v->version);
	bind_word(source, 3, v->repository);
	r = run_row(db, source, diag);
	if (r < 0)
		return r;
	sqlite3_bind_text(value, 1, (const char *)v->path.data, (int)v->path.len, SQLITE_STATIC);
	sqlite3_bind_text(value, 2, ima_hash_name(v->digest.algo), -1, SQLITE_STATIC);
	sqlite3_bind_blob(value, 3, v->digest.data, (int)v->digest.len, SQLITE_STATIC);
	bind_word(value, 4, v->package);
	bind_word(value, 5, v->version);
	bind_word(value, 6, v->repository);
	sqlite3_bind_int64(value, 7, v->expiry);
	return run_row(db, value, diag);
}

static int store_values(const struct ima_reference *ref, sqlite3 *db, struct ima_diag *diag)
{
	static const char source_sql[] = "INSERT OR IGNORE INTO source(package, version, repository) VALUES(?1, ?2, ?3)";
	static const char value_sql[] =
		"INSERT INTO value(path, algo, digest, source, expiry) SELECT ?1, ?2, ?3, id, ?7 FROM source "
		"WHERE package = ?4 AND version = ?5 AND repository = ?6 "
		"ON CONFLICT DO UPDATE SET expiry = iif(expiry = 0 OR excluded.expiry = 0, 0, max(expiry, excluded.expiry))";
	ima_cleanup(finalizep) sqlite3_stmt *source = NULL, *value = NULL;
	int rc = sqlite3_prepare_v2(db, source_sql, -1, &source, NULL), r = 0;

	if (rc == SQLITE_OK)
		rc = sqlite3_prepare_v2(db, value_sql, -1, &value, NULL);
	if (rc != SQLITE_OK)
		return failed(db, rc, diag);
	for (uint32_t i = 0; i < ima_reference_size(ref) && r == 0; i++) {
		struct ima_reference_value v;

		r = ima_reference_get(ref, i, &v);
		if (r == 0)
			r = store_value(db, source, value, &v, diag);
	}
	return r;
}

static int fill_database(const struct ima_reference *ref, const char *path, struct ima_diag *diag)
{
	ima_cleanup(closep) sqlite3 *db = NULL;
	const int rc = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
	char head[96];
	int r;

	if (rc != SQLITE_OK)
		return failed(db, rc, diag);
	snprintf(head, sizeof(head), "PRAGMA journal_mode = off; PRAGMA application_id = %d; PRAGMA user_version = %d",
		 IMA_REFERENCE_APPLICATION_ID, IMA_REFERENCE_SCHEMA_VERSION);
	r = run_sql(db, head, diag);
	if (r == 0)
		r = run_sql(db, "BEGIN;" IMA_REFERENCE_SCHEMA, diag);
	if (r == 0)
		r = store_values(ref, db, diag);
	return r < 0 ? r : run_sql(db, "COMMIT", diag);
}

int ima_reference_store(const struct ima_reference *r, const char *path, struct ima_diag *diag)
{
	ima_cleanup(ima_freep) char *part = NULL;
	int e;

	if (asprintf(&part, "%s.part", path) < 0)
		return -ENOMEM;
	if (access(path, F_OK) == 0)
		return ima_diag_text(diag, -EEXIST, "%s", strerror(EEXIST));
	if (unlink(part) < 0 && errno != ENOENT)
		return ima_diag_text(diag, -errno, "%s: %s", part, strerror(errno));
	e = fill_database(r, part, diag);
	if (e == 0 && rename(part, path) < 0)
		e = ima_diag_text(diag, -errno, "%s", strerror(errno));
	if (e < 0)
		unlink(part);
	return e;
}

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
	v.has_size = sqlite3_column_int64(s, 7) >= 0;
	v.size = v.has_size ? (uint64_t)sqlite3_column_int64(s, 7) : 0;
	v.signature = (struct ima_bytes){ sqlite3_column_blob(s, 8), (size_t)sqlite3_column_bytes(s, 8) };
	if (!digest || (size_t)len != v.digest.len || v.expiry < 0)
		return ima_diag_text(diag, -EBADMSG, "value %llu: its digest or expiry is damaged", (unsigned long long)row);
	memcpy(v.digest.data, digest, v.digest.len);
	r = ima_reference_add(b, &v);
	return r < 0 ? ima_diag_text(diag, r, "value %llu: %s", (unsigned long long)row, strerror(-r)) : 0;
}

#define SELECT \
	"SELECT path, algo, digest, package, version, repository, expiry, size, signature FROM value JOIN source ON source.id = value.source"

#define SEALED SELECT " ORDER BY value.path, value.algo, value.digest, value.source" /* the order of the key: nothing is sorted */

/* the path is a parameter of its own kind: text, so that it compares with the text that is stored */
static int prepare(sqlite3 *db, const struct ima_reference_question *q, sqlite3_stmt **ret)
{
	int rc;

	if (!q)
		return sqlite3_prepare_v2(db, SEALED, -1, ret, NULL);
	if (q->path.data) {
		rc = sqlite3_prepare_v2(db, SELECT " WHERE path = ?1", -1, ret, NULL);
		return rc == SQLITE_OK ? sqlite3_bind_text(*ret, 1, (const char *)q->path.data, (int)q->path.len, SQLITE_STATIC) : rc;
	}
	rc = sqlite3_prepare_v2(db, SELECT " WHERE digest = ?1 AND algo = ?2", -1, ret, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_blob(*ret, 1, q->digest.data, (int)q->digest.len, SQLITE_STATIC);
	return rc == SQLITE_OK ? sqlite3_bind_text(*ret, 2, ima_hash_name(q->digest.algo), -1, SQLITE_STATIC) : rc;
}

/* what a row says, each column with its length in front: text that lost a bit is good text, and no check of SQLite's finds it */
static int hash_row(struct ima_hasher *h, sqlite3_stmt *s)
{
	int r = 0;

	for (int i = 0; i < sqlite3_column_count(s) && r == 0; i++) {
		const void *data = sqlite3_column_blob(s, i);
		uint64_t len = (uint64_t)sqlite3_column_bytes(s, i);

		r = ima_hash_add(h, IMA_HASH_SHA256, (struct ima_bytes){ (const uint8_t *)&len, sizeof(len) });
		if (r == 0 && len)
			r = ima_hash_add(h, IMA_HASH_SHA256, (struct ima_bytes){ data, (size_t)len });
	}
	return r;
}

static int hash_rows(sqlite3 *db, struct ima_digest *ret, struct ima_diag *diag)
{
	ima_cleanup(finalizep) sqlite3_stmt *s = NULL;
	struct ima_hasher *h = NULL;
	int rc = sqlite3_prepare_v2(db, SEALED, -1, &s, NULL), r = ima_hasher_new(&h);

	if (r == 0)
		r = ima_hash_begin(h, IMA_HASH_SHA256);
	while (r == 0 && rc == SQLITE_OK && (rc = sqlite3_step(s)) == SQLITE_ROW) {
		r = hash_row(h, s);
		rc = SQLITE_OK;
	}
	if (r == 0)
		r = ima_hash_end(h, IMA_HASH_SHA256, ret);
	ima_hasher_free(h);
	return r == 0 && rc != SQLITE_DONE ? failed(db, rc, diag) : r;
}

/* @found: of the rows as they were taken. A file that another program made has no seal, and is taken as it is */
static int check_seal(sqlite3 *db, const struct ima_digest *found, struct ima_diag *diag)
{
	ima_cleanup(finalizep) sqlite3_stmt *s = NULL;
	int rc = sqlite3_prepare_v2(db, "SELECT sha256 FROM seal", -1, &s, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(s);
	if (rc == SQLITE_DONE)
		return 0;
	if (rc != SQLITE_ROW)
		return failed(db, rc, diag);
	if ((size_t)sqlite3_column_bytes(s, 0) != found->len || memcmp(sqlite3_column_blob(s, 0), found->data, found->len))
		return ima_diag_text(diag, -EBADMSG, "damaged: the values are not those that were stored");
	return 0;
}

static int put_seal(sqlite3 *db, struct ima_diag *diag)
{
	ima_cleanup(finalizep) sqlite3_stmt *s = NULL;
	struct ima_digest d;
	int r = hash_rows(db, &d, diag), rc;

	if (r < 0)
		return r;
	rc = sqlite3_prepare_v2(db, "INSERT INTO seal(sha256) VALUES(?1)", -1, &s, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_blob(s, 1, d.data, (int)d.len, SQLITE_STATIC);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(s);
	return rc == SQLITE_DONE ? 0 : failed(db, rc, diag);
}

/* the very rows that are taken are those that are hashed: SQLite may find what they say in a table or in an index */
static int take_rows(struct ima_reference_builder *b, sqlite3 *db, const struct ima_reference_question *q, struct ima_hasher *h,
		     struct ima_diag *diag)
{
	static const char orphans[] = "SELECT count(*) FROM value WHERE source NOT IN (SELECT id FROM source)";
	ima_cleanup(finalizep) sqlite3_stmt *s = NULL;
	int rc = prepare(db, q, &s), r = ima_hash_begin(h, IMA_HASH_SHA256), n = 0;
	struct ima_digest found;
	uint64_t row = 0;

	while (r == 0 && rc == SQLITE_OK && (rc = sqlite3_step(s)) == SQLITE_ROW) {
		rc = SQLITE_OK;
		if (!q)
			r = hash_row(h, s);
		if (r == 0)
			r = take_row(b, s, ++row, diag);
	}
	if (r == 0 && rc != SQLITE_DONE)
		return failed(db, rc, diag);
	if (r == 0)
		r = ima_hash_end(h, IMA_HASH_SHA256, &found);
	if (r < 0 || q)
		return r;
	r = pragma_number(db, orphans, &n, diag);
	if (r == 0 && n)
		return ima_diag_text(diag, -EBADMSG, "%d values name a source that is not there", n);
	return r < 0 ? r : check_seal(db, &found, diag);
}

int ima_reference_ask(struct ima_reference_builder *b, const char *path, const struct ima_reference_question *q,
		      struct ima_diag *diag)
{
	ima_cleanup(closep) sqlite3 *db = NULL;
	const int rc = sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
	struct ima_hasher *h = NULL;
	int r;

	if (rc != SQLITE_OK)
		return failed(db, rc, diag);
	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	r = check_schema(db, diag);
	if (r == 0)
		r = ima_hasher_new(&h);
	if (r == 0)
		r = take_rows(b, db, q, h, diag);
	ima_hasher_free(h);
	return r;
}

bool ima_reference_fd_is_database(int fd)
{
	char magic[16] = "";

	return pread(fd, magic, sizeof(magic), 0) == sizeof(magic) && !memcmp(magic, "SQLite format 3", 16);
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

/* a database that is being made; ids[n]: of source n, 0 not stored yet */
struct store {
	const struct ima_reference *ref;
	sqlite3 *db;
	sqlite3_stmt *put_source, *get_source, *put_value;
	sqlite3_int64 *ids;
};

static void store_done(struct store *s)
{
	sqlite3_finalize(s->put_source);
	sqlite3_finalize(s->get_source);
	sqlite3_finalize(s->put_value);
	sqlite3_close(s->db);
	free(s->ids);
}

static int find_source(struct store *s, const struct ima_reference_value *v, sqlite3_int64 *id, struct ima_diag *diag)
{
	sqlite3_stmt *const both[] = { s->put_source, s->get_source };
	int r;

	if (*id)
		return 0;
	for (size_t i = 0; i < IMA_N_ELEMENTS(both); i++) {
		bind_word(both[i], 1, v->package);
		bind_word(both[i], 2, v->version);
		bind_word(both[i], 3, v->repository);
	}
	r = run_row(s->db, s->put_source, diag);
	if (r < 0)
		return r;
	if (sqlite3_step(s->get_source) != SQLITE_ROW)
		return failed(s->db, SQLITE_ERROR, diag);
	*id = sqlite3_column_int64(s->get_source, 0);
	sqlite3_reset(s->get_source);
	return 0;
}

static int store_value(struct store *s, uint32_t index, struct ima_diag *diag)
{
	sqlite3_int64 *id = &s->ids[ima_reference_source(s->ref, index)];
	struct ima_reference_value v;
	int r = ima_reference_get(s->ref, index, &v);

	if (r == 0)
		r = find_source(s, &v, id, diag);
	if (r < 0)
		return r;
	sqlite3_bind_text(s->put_value, 1, (const char *)v.path.data, (int)v.path.len, SQLITE_STATIC);
	sqlite3_bind_text(s->put_value, 2, ima_hash_name(v.digest.algo), -1, SQLITE_STATIC);
	sqlite3_bind_blob(s->put_value, 3, v.digest.data, (int)v.digest.len, SQLITE_STATIC);
	sqlite3_bind_int64(s->put_value, 4, *id);
	sqlite3_bind_int64(s->put_value, 5, v.expiry);
	sqlite3_bind_int64(s->put_value, 6, v.has_size && v.size <= INT64_MAX ? (sqlite3_int64)v.size : -1);
	sqlite3_bind_blob(s->put_value, 7, v.signature.len ? (const void *)v.signature.data : "", (int)v.signature.len,
			  SQLITE_STATIC);
	return run_row(s->db, s->put_value, diag);
}

static int store_values(struct store *s, struct ima_diag *diag)
{
	static const char put_source[] = "INSERT OR IGNORE INTO source(package, version, repository) VALUES(?1, ?2, ?3)";
	static const char get_source[] = "SELECT id FROM source WHERE package = ?1 AND version = ?2 AND repository = ?3";
	static const char put_value[] =
		"INSERT INTO value(path, algo, digest, source, expiry, size, signature) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7) "
		"ON CONFLICT DO UPDATE SET expiry = iif(expiry = 0 OR excluded.expiry = 0, 0, max(expiry, excluded.expiry)), "
		"size = max(size, excluded.size), signature = max(signature, excluded.signature)";
	ima_cleanup(ima_freep) uint32_t *order = NULL;
	int rc = sqlite3_prepare_v2(s->db, put_source, -1, &s->put_source, NULL);
	int r;

	if (rc == SQLITE_OK)
		rc = sqlite3_prepare_v2(s->db, get_source, -1, &s->get_source, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_prepare_v2(s->db, put_value, -1, &s->put_value, NULL);
	if (rc != SQLITE_OK)
		return failed(s->db, rc, diag);
	s->ids = calloc(ima_reference_n_sources(s->ref), sizeof(*s->ids));
	r = s->ids ? ima_reference_sort(s->ref, &order) : -ENOMEM;
	for (size_t i = 0; i < ima_reference_size(s->ref) && r == 0; i++)
		r = store_value(s, order[i], diag);
	return r;
}

/* the file is renamed when it is whole: no journal, and one fsync at the end */
static int fill_database(struct store *s, const char *path, struct ima_diag *diag)
{
	const int rc = sqlite3_open_v2(path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
	char head[128];
	int r;

	if (rc != SQLITE_OK)
		return failed(s->db, rc, diag);
	snprintf(head, sizeof(head),
		 "PRAGMA journal_mode = off; PRAGMA synchronous = off; PRAGMA application_id = %d; PRAGMA user_version = %d",
		 IMA_REFERENCE_APPLICATION_ID, IMA_REFERENCE_SCHEMA_VERSION);
	r = run_sql(s->db, head, diag);
	if (r == 0)
		r = run_sql(s->db, "BEGIN;" IMA_REFERENCE_SCHEMA, diag);
	if (r == 0)
		r = store_values(s, diag);
	if (r == 0)
		r = put_seal(s->db, diag);
	return r < 0 ? r : run_sql(s->db, IMA_REFERENCE_SCHEMA_INDEX "COMMIT", diag);
}

static int put_in_place(const char *part, const char *path, bool replace)
{
	ima_cleanup(ima_closep) int fd = open(part, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fsync(fd) < 0)
		return -errno;
	return renameat2(AT_FDCWD, part, AT_FDCWD, path, replace ? 0 : RENAME_NOREPLACE) < 0 ? -errno : 0;
}

int ima_reference_store(const struct ima_reference *r, const char *path, bool replace, struct ima_diag *diag)
{
	ima_cleanup(ima_freep) char *part = NULL;
	struct store s = { .ref = r };
	int e;

	if (asprintf(&part, "%s.part", path) < 0)
		return -ENOMEM;
	if (!replace && access(path, F_OK) == 0)
		return ima_diag_text(diag, -EEXIST, "%s", strerror(EEXIST));
	if (unlink(part) < 0 && errno != ENOENT)
		return ima_diag_text(diag, -errno, "%s: %s", part, strerror(errno));
	e = fill_database(&s, part, diag);
	store_done(&s);
	if (e == 0) {
		e = put_in_place(part, path, replace);
		if (e < 0)
			ima_ignore(ima_diag_text(diag, e, "%s", strerror(-e)));
	}
	if (e < 0)
		unlink(part);
	return e;
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "cdr/cdr_db.h"
#include "cdr/cdr_row.h"
#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>

#define BUSY_MS 5000

struct cdr_db {
	sqlite3 *sql;
	sqlite3_stmt *insert;
};

static const char *const sql_types[] = {[CDR_TEXT] = "TEXT", [CDR_NUMBER] = "INTEGER", [CDR_REAL] = "REAL"};

static int sql_errno(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_OK:
	case SQLITE_DONE:
	case SQLITE_ROW:
		return 0;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_NOTADB:
	case SQLITE_ERROR:
		return -EINVAL;
	case SQLITE_FULL:
		return -ENOSPC;
	default:
		return -EIO;
	}
}

static int run(sqlite3 *sql, const char *text)
{
	return sql_errno(sqlite3_exec(sql, text, NULL, NULL, NULL));
}

/* "id TEXT, source TEXT, ..." with types, or "id, source, ..." without, or "?, ?, ..." */
static void column_list(struct buf *out, const char *const *types, bool marks)
{
	for (unsigned i = 0; i < cdr_n_columns; i++) {
		buf_str(out, i ? ", " : "");
		buf_str(out, marks ? "?" : cdr_columns[i].name);
		if (types)
			buf_printf(out, " %s NOT NULL", types[cdr_columns[i].type]);
	}
}

static int make_table(sqlite3 *sql)
{
	char text[4096];
	struct buf b = buf_fixed(text, sizeof(text));
	buf_str(&b, "CREATE TABLE IF NOT EXISTS cdr (");
	column_list(&b, sql_types, false);
	/* Ids are random: with the time before them new rows come last, into few pages, and the newest are found at once. A record's
	 * set-up time never changes, so that the same record is still the same key. */
	buf_str(&b, ", PRIMARY KEY (setup, id)) WITHOUT ROWID;");
	const char *z = buf_z(&b);
	return b.err ? b.err : run(sql, z);
}

/* A file of an older version has not all columns: they are added. */
static int add_columns(sqlite3 *sql)
{
	for (unsigned i = 0; i < cdr_n_columns; i++) {
		const struct cdr_column *col = &cdr_columns[i];
		char text[160];
		struct buf b = buf_fixed(text, sizeof(text));
		buf_printf(&b, "SELECT %s FROM cdr LIMIT 0", col->name);
		if (!run(sql, buf_z(&b)))
			continue;
		b = buf_fixed(text, sizeof(text));
		buf_printf(&b, "ALTER TABLE cdr ADD COLUMN %s %s NOT NULL DEFAULT %s", col->name, sql_types[col->type], col->type == CDR_TEXT ? "''" : "0");
		int err = run(sql, buf_z(&b));
		if (err)
			return err;
	}
	return 0;
}

static int prepare_insert(struct cdr_db *db)
{
	char text[4096];
	struct buf b = buf_fixed(text, sizeof(text));
	buf_str(&b, "INSERT OR IGNORE INTO cdr (");
	column_list(&b, NULL, false);
	buf_str(&b, ") VALUES (");
	column_list(&b, NULL, true);
	buf_str(&b, ")");
	const char *z = buf_z(&b);
	return b.err ? b.err : sql_errno(sqlite3_prepare_v2(db->sql, z, -1, &db->insert, NULL));
}

int cdr_db_open(struct cdr_db **ret, const char *path, bool create, const char **why)
{
	static const char no_memory[] = "out of memory";
	struct cdr_db *db = calloc(1, sizeof(*db));
	if (!db) {
		*why = no_memory;
		return -ENOMEM;
	}
	int flags = SQLITE_OPEN_NOMUTEX | (create ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY);
	int err = sql_errno(sqlite3_open_v2(path, &db->sql, flags, NULL));
	if (err)
		goto out;
	sqlite3_busy_timeout(db->sql, BUSY_MS);
	/* Rows survive the death of the process either way; FULL would cost an fsync a batch, which the journal makes up for. */
	if (create) {
		err = run(db->sql, "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;");
		err = err ? err : make_table(db->sql);
		err = err ? err : add_columns(db->sql);
		err = err ? err : prepare_insert(db);
	}
out:
	if (err) {
		static char text[160];
		struct buf b = buf_fixed(text, sizeof(text));
		buf_str(&b, db->sql ? sqlite3_errmsg(db->sql) : "cannot be opened");
		*why = buf_z(&b);
		cdr_db_close(db);
		return err;
	}
	*ret = db;
	return 0;
}

void cdr_db_close(struct cdr_db *db)
{
	if (!db)
		return;
	sqlite3_finalize(db->insert);
	sqlite3_close(db->sql);
	free(db);
}

const char *cdr_db_why(struct cdr_db *db)
{
	return sqlite3_errmsg(db->sql);
}

int cdr_db_begin(struct cdr_db *db)
{
	return run(db->sql, "BEGIN IMMEDIATE");
}

int cdr_db_commit(struct cdr_db *db)
{
	return run(db->sql, "COMMIT");
}

void cdr_db_rollback(struct cdr_db *db)
{
	run(db->sql, "ROLLBACK");
}

static int bind_column(sqlite3_stmt *st, int at, const struct cdr *c, const struct cdr_column *col)
{
	const void *f = cdr_field(c, col);
	switch (col->type) {
	case CDR_TEXT:
		return sqlite3_bind_text(st, at, f, -1, SQLITE_STATIC);
	case CDR_NUMBER:
		return sqlite3_bind_int64(st, at, *(const int64_t *)f);
	default:
		return sqlite3_bind_double(st, at, *(const double *)f);
	}
}

int cdr_db_insert(struct cdr_db *db, const struct cdr *c)
{
	int err = 0;
	for (unsigned i = 0; i < cdr_n_columns && !err; i++)
		err = sql_errno(bind_column(db->insert, (int)i + 1, c, &cdr_columns[i]));
	if (!err)
		err = sql_errno(sqlite3_step(db->insert));
	sqlite3_reset(db->insert);
	sqlite3_clear_bindings(db->insert);
	return err;
}

static void read_column(struct cdr *c, const struct cdr_column *col, sqlite3_stmt *st, int at)
{
	void *f = cdr_field(c, col);
	switch (col->type) {
	case CDR_TEXT:
		cdr_text(f, col->size, slice_str((const char *)sqlite3_column_text(st, at)));
		break;
	case CDR_NUMBER:
		*(int64_t *)f = sqlite3_column_int64(st, at);
		break;
	default:
		*(double *)f = sqlite3_column_double(st, at);
	}
}

int cdr_db_read(struct cdr_db *db, unsigned limit, void (*fn)(const struct cdr *c, void *arg), void *arg)
{
	char text[4096];
	struct buf b = buf_fixed(text, sizeof(text));
	buf_str(&b, "SELECT ");
	column_list(&b, NULL, false);
	buf_printf(&b, " FROM cdr ORDER BY setup DESC, id DESC LIMIT %u", limit);
	const char *z = buf_z(&b);
	sqlite3_stmt *st = NULL;
	int err = b.err ? b.err : sql_errno(sqlite3_prepare_v2(db->sql, z, -1, &st, NULL));
	if (err)
		return err;
	int rc;
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		struct cdr c = {0};
		for (unsigned i = 0; i < cdr_n_columns; i++)
			read_column(&c, &cdr_columns[i], st, (int)i);
		fn(&c, arg);
	}
	sqlite3_finalize(st);
	return sql_errno(rc);
}

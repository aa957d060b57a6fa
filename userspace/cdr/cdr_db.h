/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The SQLite file of call detail records. A handle is used by one thread at a time; nothing here touches base/mem.h, so that the
 * writing thread may call it. */
#pragma once
#include "cdr/cdr.h"

struct cdr_db;

/* Opens `path` and makes the table when it is not there. -EINVAL when it is no such database, -ENOMEM, -EIO; *why is a
 * static or handle-owned text valid until the next call. `create`: may make the file. */
int cdr_db_open(struct cdr_db **ret, const char *path, bool create, const char **why);
void cdr_db_close(struct cdr_db *db);
int cdr_db_begin(struct cdr_db *db);
/* A row whose id is there already is left as it is. */
int cdr_db_insert(struct cdr_db *db, const struct cdr *c);
int cdr_db_commit(struct cdr_db *db);
void cdr_db_rollback(struct cdr_db *db);
const char *cdr_db_why(struct cdr_db *db);
/* Calls `fn` for the newest `limit` rows, newest first. */
int cdr_db_read(struct cdr_db *db, unsigned limit, void (*fn)(const struct cdr *c, void *arg), void *arg);

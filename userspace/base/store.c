// SPDX-License-Identifier: GPL-2.0-or-later
/* The queue holds the last word for each key: a second put of a key replaces the first, and what was put and deleted within
 * a second changes no page of the tree. What is queued is in the journal, which outlives this process; the queue points there. Each second,
 * or when the journal is full, the whole queue is committed in one LMDB transaction without fsync, a thread of the store's own calls mdb_env_sync(), and
 * the journal starts again. The map is not written through (no MDB_WRITEMAP), so that a stray pointer of ours cannot reach
 * the database. */
#include "base/store.h"
#include "base/counter.h"
#include "base/hash.h"
#include "base/journal.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/timer.h"
#include <errno.h>
#include <limits.h>
#include <lmdb.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_TABLES    16
#define COMMIT_MS     1000
#define JOURNAL_BYTES (16 << 20) /* what a thousand calls write from set-up to end; when more come within a second, it is committed earlier */

struct op {
	struct link link;
	struct hash_link by_key;
	unsigned table;
	bool del;
	struct slice key, value; /* in the journal, or in `own` */
	char *own;               /* what found no room in the journal */
};

struct store {
	MDB_env *env;
	MDB_dbi dbi[MAX_TABLES];
	unsigned n_tables;
	struct list queue;
	struct hash keys;
	struct journal *journal;
	struct timer commit;
	bool complained;
	struct counter_group counters; /* records of each table */
	struct counter_def names[MAX_TABLES];
	uint64_t counts[MAX_TABLES];

	bool damaged; /* found so while opening */
	MDB_cursor *walking; /* through a table that is being checked */

	pthread_t syncer;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool syncing;
	bool dirty, ending; /* under the lock */
};

/* --- the queue ----------------------------------------------------------------------------------------------------- */

static uint32_t key_hash(unsigned table, struct slice key)
{
	return slice_hash(key, false) * 31 + table;
}

static void op_free(struct store *s, struct op *op)
{
	list_remove(&op->link);
	hash_remove(&s->keys, &op->by_key);
	mem_free(op->own);
	mem_free(op);
}

static struct op *find(struct store *s, unsigned table, struct slice key, uint32_t h)
{
	struct op *op;
	hash_foreach_match(op, &s->keys, h, by_key)
		if (op->table == table && slice_eq(op->key, key))
			return op;
	return NULL;
}

/* The operation of a key, the earlier one if there is one; it goes to the end of the queue. */
static struct op *op_of(struct store *s, unsigned table, struct slice key)
{
	uint32_t h = key_hash(table, key);
	struct op *op = find(s, table, key, h);
	if (op) {
		list_remove(&op->link);
	} else {
		op = mem_raw(sizeof *op);
		if (!op)
			return NULL;
		*op = (struct op){.table = table, .key = key};
		hash_insert(&s->keys, &op->by_key, h);
	}
	list_append(&s->queue, &op->link);
	return op;
}

static bool is_valid(const struct store *s, unsigned table, struct slice key)
{
	return table < s->n_tables && key.len && key.len <= (size_t)mdb_env_get_maxkeysize(s->env);
}

/* What the journal holds is queued; the text stays there. */
static int queue(void *arg, unsigned table, bool del, struct slice key, struct slice value)
{
	struct store *s = arg;
	struct op *op = is_valid(s, table, key) ? op_of(s, table, key) : NULL;
	if (!op)
		return is_valid(s, table, key) ? -ENOMEM : -EINVAL;
	mem_free(op->own);
	op->own = NULL;
	op->del = del;
	op->key = key;
	op->value = value;
	return 0;
}

static void on_commit(void *arg)
{
	store_flush(arg);
}

/* The journal has no room even when it is empty, or cannot be emptied because nothing can be written. */
static int queue_own(struct store *s, unsigned table, bool del, struct slice key, struct slice value)
{
	char *own = mem_raw(key.len + value.len);
	if (!own)
		return -ENOMEM;
	memcpy(own, key.p, key.len);
	if (value.len)
		memcpy(own + key.len, value.p, value.len);
	int err = queue(s, table, del, slice_of(own, key.len), slice_of(own + key.len, value.len));
	if (err)
		mem_free(own);
	else
		find(s, table, key, key_hash(table, key))->own = own;
	return err;
}

static int say(struct store *s, unsigned table, bool del, struct slice key, struct slice value)
{
	struct slice kept_key, kept_value;
	if (!is_valid(s, table, key))
		return -EINVAL;
	int err = journal_append(s->journal, table, del, key, value, &kept_key, &kept_value);
	if (err && !store_flush(s))
		err = journal_append(s->journal, table, del, key, value, &kept_key, &kept_value);
	err = err ? queue_own(s, table, del, key, value) : queue(s, table, del, kept_key, kept_value);
	if (!err && !timer_running(&s->commit))
		timer_start(&s->commit, COMMIT_MS, on_commit, s);
	return err;
}

int store_put(struct store *s, unsigned table, struct slice key, struct slice value)
{
	return say(s, table, false, key, value);
}

int store_del(struct store *s, unsigned table, struct slice key)
{
	return say(s, table, true, key, SLICE_NONE);
}

/* --- committing ---------------------------------------------------------------------------------------------------- */

static bool is_damage(int mdb)
{
	return mdb == MDB_INVALID || mdb == MDB_VERSION_MISMATCH || mdb == MDB_CORRUPTED || mdb == MDB_PAGE_NOTFOUND;
}

static int to_errno(int mdb)
{
	switch (mdb) {
	case 0:
		return 0;
	case MDB_MAP_FULL:
		return -ENOSPC;
	case MDB_INVALID:
	case MDB_VERSION_MISMATCH:
	case MDB_CORRUPTED:
	case MDB_PAGE_NOTFOUND:
	case MDB_PANIC:
		return -EINVAL;
	default:
		return mdb > 0 ? -mdb : -EIO;
	}
}

static int write_op(struct store *s, MDB_txn *txn, struct op *op)
{
	MDB_val key = {op->key.len, (char *)(uintptr_t)op->key.p}, value = {op->value.len, (char *)(uintptr_t)op->value.p};
	if (!op->del)
		return mdb_put(txn, s->dbi[op->table], &key, &value, 0);
	int rc = mdb_del(txn, s->dbi[op->table], &key, NULL);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

static int commit(struct store *s)
{
	MDB_txn *txn = NULL;
	struct op *op;
	int rc = mdb_txn_begin(s->env, NULL, 0, &txn);
	if (rc)
		return rc;
	list_foreach(op, &s->queue, link) {
		rc = write_op(s, txn, op);
		if (rc) {
			mdb_txn_abort(txn);
			return rc;
		}
	}
	return mdb_txn_commit(txn);
}

static void ask_for_sync(struct store *s)
{
	pthread_mutex_lock(&s->lock);
	s->dirty = true;
	pthread_cond_signal(&s->wake);
	pthread_mutex_unlock(&s->lock);
}

int store_flush(struct store *s)
{
	timer_stop(&s->commit);
	if (list_empty(&s->queue))
		return 0;
	int rc = commit(s);
	if (rc) {
		if (!s->complained)
			log_error("store", "not written, retried each second: %s", mdb_strerror(rc));
		s->complained = true;
		timer_start(&s->commit, COMMIT_MS, on_commit, s);
		return to_errno(rc);
	}
	if (s->complained)
		log_info("store", "written again");
	s->complained = false;
	while (list_first(&s->queue))
		op_free(s, container_of(list_first(&s->queue), struct op, link));
	journal_reset(s->journal);
	ask_for_sync(s);
	return 0;
}

/* --- the thread that syncs ----------------------------------------------------------------------------------------- */

static void *sync_when_asked(void *arg)
{
	struct store *s = arg;
	pthread_mutex_lock(&s->lock);
	while (!s->ending) {
		if (!s->dirty) {
			pthread_cond_wait(&s->wake, &s->lock);
			continue;
		}
		s->dirty = false;
		pthread_mutex_unlock(&s->lock);
		mdb_env_sync(s->env, 1);
		pthread_mutex_lock(&s->lock);
	}
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

static int start_syncer(struct store *s)
{
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->wake, NULL);
	int rc = pthread_create(&s->syncer, NULL, sync_when_asked, s);
	s->syncing = !rc;
	return -rc;
}

static void stop_syncer(struct store *s)
{
	if (!s->syncing)
		return;
	pthread_mutex_lock(&s->lock);
	s->ending = true;
	pthread_cond_signal(&s->wake);
	pthread_mutex_unlock(&s->lock);
	pthread_join(s->syncer, NULL);
	pthread_cond_destroy(&s->wake);
	pthread_mutex_destroy(&s->lock);
}

/* --- opening and reading ------------------------------------------------------------------------------------------- */

static void store_destroy(void *obj)
{
	struct store *s = obj;
	if (link_in_list(&s->counters.link))
		counter_unregister(&s->counters);
	if (s->syncing)
		store_flush(s);
	timer_stop(&s->commit);
	while (list_first(&s->queue))
		op_free(s, container_of(list_first(&s->queue), struct op, link));
	stop_syncer(s);
	if (s->env)
		mdb_env_close(s->env);
	mem_deref(s->journal);
	hash_free(&s->keys);
}

static int open_tables(struct store *s, const char *const *tables)
{
	MDB_txn *txn;
	int rc = mdb_txn_begin(s->env, NULL, 0, &txn);
	if (rc)
		return rc;
	for (; tables[s->n_tables] && s->n_tables < MAX_TABLES; s->n_tables++) {
		rc = mdb_dbi_open(txn, tables[s->n_tables], MDB_CREATE, &s->dbi[s->n_tables]);
		if (rc) {
			mdb_txn_abort(txn);
			return rc;
		}
	}
	return mdb_txn_commit(txn);
}

/* A file that a power cut left shorter than its pages would end us by SIGBUS when one of them is read. Lengthened it reads as zeroes, which
 * are no pages; not every short file is damaged, for LMDB writes no free ones. */
static int fill_up(struct store *s)
{
	MDB_stat page;
	MDB_envinfo info;
	struct stat file;
	int fd, rc = mdb_env_stat(s->env, &page);
	if (!rc)
		rc = mdb_env_info(s->env, &info);
	if (!rc)
		rc = mdb_env_get_fd(s->env, &fd);
	if (!rc && fstat(fd, &file))
		rc = errno;
	if (rc)
		return rc;
	off_t want = (off_t)(info.me_last_pgno + 1) * page.ms_psize;
	return file.st_size < want && ftruncate(fd, want) ? errno : 0;
}

static int open_env(struct store *s, const char *path, const char *const *tables, size_t map_bytes)
{
	int rc = mdb_env_create(&s->env);
	if (!rc)
		rc = mdb_env_set_mapsize(s->env, map_bytes);
	if (!rc)
		rc = mdb_env_set_maxdbs(s->env, MAX_TABLES);
	if (!rc)
		rc = mdb_env_open(s->env, path, MDB_NOSYNC, 0600);
	if (!rc)
		rc = fill_up(s);
	if (!rc)
		rc = open_tables(s, tables);
	s->damaged = is_damage(rc);
	return to_errno(rc);
}

/* What an earlier process said last is committed before anything is read. */
static int open_journal(struct store *s, const char *dir)
{
	char path[PATH_MAX];
	if (snprintf(path, sizeof path, "%s/journal", dir) >= (int)sizeof path)
		return -ENAMETOOLONG;
	int err = journal_open(&s->journal, path, JOURNAL_BYTES);
	if (!err)
		err = journal_replay(s->journal, queue, s);
	if (err != -EINVAL)
		return err;
	log_error("store", "%s: cannot be read to its end: what was said last is lost", path);
	return 0;
}

static void end_walk(struct store *s)
{
	if (s->walking)
		mdb_cursor_close(s->walking);
	s->walking = NULL;
}

static int walk(struct store *s, MDB_txn *txn, MDB_dbi dbi)
{
	MDB_val key, value;
	int rc = mdb_cursor_open(txn, dbi, &s->walking);
	if (rc)
		return rc;
	while (!(rc = mdb_cursor_get(s->walking, &key, &value, MDB_NEXT)))
		;
	end_walk(s);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

static int walk_all(struct store *s, MDB_txn *txn)
{
	int rc = 0;
	for (unsigned i = 0; !rc && i < s->n_tables; i++)
		rc = walk(s, txn, s->dbi[i]);
	return rc;
}

static void on_assertion(MDB_env *env, const char *what)
{
	longjmp(*(jmp_buf *)mdb_env_get_userctx(env), 1);
}

/* Pages that a power cut left unwritten are met here, not in the middle of a start. LMDB ends the process at some of them, unless it
 * never gets back to where it noticed. */
static int check_tables(struct store *s)
{
	jmp_buf broken;
	MDB_txn *txn;
	int rc = mdb_txn_begin(s->env, NULL, MDB_RDONLY, &txn);
	if (rc)
		return to_errno(rc);
	mdb_env_set_userctx(s->env, &broken);
	mdb_env_set_assert(s->env, on_assertion);
	rc = setjmp(broken) ? MDB_CORRUPTED : walk_all(s, txn);
	mdb_env_set_assert(s->env, NULL);
	end_walk(s);
	mdb_txn_abort(txn);
	s->damaged |= is_damage(rc);
	return to_errno(rc);
}

static int open_once(struct store **ret, const char *path, const char *const *tables, size_t map_bytes, bool *damaged)
{
	struct store *s = mem_alloc(sizeof *s, store_destroy);
	int err = s ? hash_init(&s->keys, 256) : -ENOMEM;
	if (!err && mkdir(path, 0700) && errno != EEXIST)
		err = -errno;
	if (!err)
		err = open_env(s, path, tables, map_bytes);
	if (!err)
		err = check_tables(s);
	if (!err)
		err = open_journal(s, path);
	if (!err)
		err = start_syncer(s);
	if (!err)
		store_flush(s); /* what cannot be written now stays queued */
	*damaged = s && s->damaged;
	if (err)
		mem_deref(s);
	else
		*ret = s;
	return err;
}

static void count_records(struct counter_group *g)
{
	struct store *s = container_of(g, struct store, counters);
	for (unsigned i = 0; i < s->n_tables; i++)
		s->counts[i] = store_count(s, i);
}

/* The names of tables are the caller's, who has them as long as the store. */
static void show_records(struct store *s, const char *const *tables)
{
	for (unsigned i = 0; i < s->n_tables; i++)
		s->names[i] = (struct counter_def){tables[i], "records in the store"};
	s->counters = (struct counter_group){.name = "store", .defs = s->names, .values = s->counts, .count = s->n_tables, .refresh = count_records};
	counter_register(&s->counters);
}

/* The last damaged one is kept for who wants to look at it. */
static int move_aside(const char *path)
{
	static const char *const files[] = {"data.mdb", "lock.mdb", "journal"};
	char aside[PATH_MAX], file[PATH_MAX + 16];
	if (snprintf(aside, sizeof aside, "%s.damaged", path) >= (int)sizeof aside)
		return -ENAMETOOLONG;
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		snprintf(file, sizeof file, "%s/%s", aside, files[i]);
		unlink(file);
	}
	rmdir(aside);
	if (rename(path, aside))
		return -errno;
	log_error("store", "%s is damaged: moved to %s, starting with an empty one", path, aside);
	return 0;
}

int store_open(struct store **ret, const char *path, const char *const *tables, size_t map_bytes)
{
	bool damaged;
	int err = open_once(ret, path, tables, map_bytes, &damaged);
	if (err && damaged && !move_aside(path))
		err = open_once(ret, path, tables, map_bytes, &damaged);
	if (!err)
		show_records(*ret, tables);
	return err;
}

size_t store_count(struct store *s, unsigned table)
{
	MDB_txn *txn;
	MDB_stat stat = {0};
	if (table >= s->n_tables || mdb_txn_begin(s->env, NULL, MDB_RDONLY, &txn))
		return 0;
	(void)mdb_stat(txn, s->dbi[table], &stat);
	mdb_txn_abort(txn);
	return stat.ms_entries;
}

int store_load(struct store *s, unsigned table, int (*fn)(struct slice key, struct slice value, void *arg), void *arg)
{
	MDB_txn *txn;
	MDB_cursor *cursor;
	MDB_val key, value;
	if (table >= s->n_tables)
		return -EINVAL;
	int result = 0, rc = mdb_txn_begin(s->env, NULL, MDB_RDONLY, &txn);
	if (rc)
		return to_errno(rc);
	rc = mdb_cursor_open(txn, s->dbi[table], &cursor);
	if (rc) {
		mdb_txn_abort(txn);
		return to_errno(rc);
	}
	while (!result && !(rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)))
		result = fn(slice_of(key.mv_data, key.mv_size), slice_of(value.mv_data, value.mv_size), arg);
	mdb_cursor_close(cursor);
	mdb_txn_abort(txn);
	return result ? result : rc == MDB_NOTFOUND ? 0 : to_errno(rc);
}

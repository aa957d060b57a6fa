// SPDX-License-Identifier: GPL-3.0-or-later
/* Two threads: the loop's makes rows and forgets them once written, the writer's only talks to SQLite. A row is handed
 * over through `queue` and comes back through `written`, both under the lock; memory is allocated and freed by the loop alone. */
#include "cdr/cdr.h"
#include "base/alarm.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/timer.h"
#include "cdr/cdr_db.h"
#include "cdr/cdr_row.h"
#include <errno.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define BATCH_MS   200
#define RETRY_MS   1000
#define QUEUE_MAX  20000 /* beyond that rows wait in the journal, for the next start */
#define BATCH_ROWS 1000

struct row {
	struct link link;
	struct cdr cdr;
};

struct cdr_log {
	struct store *journal;
	unsigned table;
	unsigned batch_ms;
	char *file;
	struct cdr_db *db; /* the writer's */
	struct loop_watch *watch;
	int wake; /* eventfd: rows have been written, or refused */
	pthread_t thread;
	bool thread_started;
	pthread_mutex_t lock;
	pthread_cond_t more, idle;
	/* under the lock */
	struct list queue, written;
	size_t queued;     /* not committed yet, those in the writer's hands too */
	bool stop, hurry;
	int failing;       /* the last batch's error */
	char why[128];
};

static const struct alarm_def alarm_cdr = {
	.name = "cdr",
	.severity = ALARM_MAJOR,
	.help = "Call detail records cannot be written. They are kept in the journal meanwhile; make room on the disk or repair the file.",
};

/* --- the writer's thread ------------------------------------------------------------------------------------------ */

static void sleep_until(struct cdr_log *l, unsigned ms)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	uint64_t ns = (uint64_t)t.tv_nsec + (uint64_t)ms * 1000000;
	t.tv_sec += (time_t)(ns / 1000000000);
	t.tv_nsec = (long)(ns % 1000000000);
	while (!l->stop && !l->hurry)
		if (pthread_cond_timedwait(&l->more, &l->lock, &t))
			break;
}

static void move_rows(struct list *to, struct list *from, unsigned max)
{
	while (max-- && !list_empty(from)) {
		struct link *k = list_first(from);
		list_remove(k);
		list_append(to, k);
	}
}

static int write_batch(struct cdr_db *db, const struct list *batch)
{
	int err = cdr_db_begin(db);
	if (err)
		return err;
	struct row *r;
	list_foreach(r, batch, link) {
		err = cdr_db_insert(db, &r->cdr);
		if (err)
			break;
	}
	if (!err)
		err = cdr_db_commit(db);
	return err;
}

/* Takes a batch, writes it unlocked, and gives it back: as written, or to the head of the queue. */
static void one_batch(struct cdr_log *l)
{
	struct list batch = {0};
	list_init(&batch);
	move_rows(&batch, &l->queue, BATCH_ROWS);
	pthread_mutex_unlock(&l->lock);
	int err = write_batch(l->db, &batch);
	char why[sizeof(l->why)] = "";
	if (err) {
		CDR_SET(why, slice_str(cdr_db_why(l->db)));
		cdr_db_rollback(l->db);
	}
	pthread_mutex_lock(&l->lock);
	l->failing = err;
	memcpy(l->why, why, sizeof(why));
	if (err) {
		move_rows(&batch, &l->queue, UINT32_MAX);
		l->queue = (struct list){0};
		list_init(&l->queue);
		move_rows(&l->queue, &batch, UINT32_MAX);
	} else {
		l->queued -= list_count(&batch);
		move_rows(&l->written, &batch, UINT32_MAX);
	}
	uint64_t one = 1;
	if (write(l->wake, &one, sizeof(one)) < 0)
		l->failing = l->failing ? l->failing : -errno;
}

static void *writer(void *arg)
{
	struct cdr_log *l = arg;
	pthread_mutex_lock(&l->lock);
	for (;;) {
		while (list_empty(&l->queue) && !l->stop)
			pthread_cond_wait(&l->more, &l->lock);
		if (list_empty(&l->queue))
			break;
		sleep_until(l, l->batch_ms);
		one_batch(l);
		if (l->failing && l->stop)
			break; /* the journal has them */
		if (list_empty(&l->queue) || l->failing) {
			l->hurry = false;
			pthread_cond_broadcast(&l->idle);
		}
		if (l->failing)
			sleep_until(l, RETRY_MS);
	}
	pthread_cond_broadcast(&l->idle);
	pthread_mutex_unlock(&l->lock);
	return NULL;
}

/* --- the loop's side ---------------------------------------------------------------------------------------------- */

static void journal_del(struct cdr_log *l, const struct cdr *c)
{
	if (l->journal && store_del(l->journal, l->table, slice_str(c->id)))
		log_warn(c->id, "the journal keeps a written record: out of memory");
}

static int journal_put(struct cdr_log *l, const struct cdr *c)
{
	if (!l->journal)
		return 0;
	struct buf b = buf_growing();
	cdr_row_write(&b, c);
	int err = b.err ? b.err : store_put(l->journal, l->table, slice_str(c->id), buf_text(&b));
	buf_reset(&b);
	return err;
}

static void free_rows(struct list *rows)
{
	struct row *r;
	list_foreach_safe(r, rows, link) {
		list_remove(&r->link);
		mem_deref(r);
	}
}

/* What SQLite has committed leaves the journal. */
static void collect_written(struct cdr_log *l)
{
	struct list done = {0};
	list_init(&done);
	char why[sizeof(l->why)];
	pthread_mutex_lock(&l->lock);
	move_rows(&done, &l->written, UINT32_MAX);
	int failing = l->failing;
	memcpy(why, l->why, sizeof(why));
	pthread_mutex_unlock(&l->lock);
	struct row *r;
	list_foreach(r, &done, link)
		journal_del(l, &r->cdr);
	free_rows(&done);
	if (failing)
		alarm_raise(&alarm_cdr, l->file, why);
	else
		alarm_clear(&alarm_cdr, l->file);
}

static void on_wake(void *arg, int events)
{
	struct cdr_log *l = arg;
	uint64_t n;
	if (read(l->wake, &n, sizeof(n)) < 0 && errno != EAGAIN)
		log_warn(l->file, "the writer's signal cannot be read: %s", strerror(errno));
	collect_written(l);
}

static int enqueue(struct cdr_log *l, const struct cdr *c)
{
	struct row *r = mem_alloc(sizeof(*r), NULL);
	if (!r)
		return -ENOMEM;
	r->cdr = *c;
	pthread_mutex_lock(&l->lock);
	bool full = l->queued >= QUEUE_MAX;
	if (!full) {
		list_append(&l->queue, &r->link);
		if (!l->queued++)
			pthread_cond_signal(&l->more);
	}
	pthread_mutex_unlock(&l->lock);
	if (full)
		mem_deref(r);
	return full ? -ENOSPC : 0;
}

int cdr_begin(struct cdr_log *l, const struct cdr *c)
{
	return l ? journal_put(l, c) : 0;
}

int cdr_end(struct cdr_log *l, const struct cdr *c)
{
	if (!l)
		return 0;
	int err = journal_put(l, c);
	int err2 = enqueue(l, c);
	return err ? err : err2;
}

int cdr_flush(struct cdr_log *l)
{
	pthread_mutex_lock(&l->lock);
	l->hurry = l->queued > 0;
	pthread_cond_broadcast(&l->more);
	while (l->queued && l->hurry)
		pthread_cond_wait(&l->idle, &l->lock);
	int err = l->queued ? -EIO : 0;
	pthread_mutex_unlock(&l->lock);
	collect_written(l);
	return err;
}

size_t cdr_pending(struct cdr_log *l)
{
	pthread_mutex_lock(&l->lock);
	size_t n = l->queued;
	pthread_mutex_unlock(&l->lock);
	return n;
}

struct recovery {
	struct cdr_log *l;
	bool (*alive)(void *arg, struct slice id);
	void *arg;
};

/* A record left by an earlier process: final ones are written as they are, open ones end now. */
static int recover(struct slice key, struct slice value, void *arg)
{
	const struct recovery *r = arg;
	struct cdr_log *l = r->l;
	struct cdr c;
	if (r->alive && r->alive(r->arg, key))
		return 0;
	if (cdr_row_read(&c, value)) {
		log_warn(l->file, "journal record " SLICE_FMT " cannot be read and is left out", SLICE_ARG(key));
		return 0;
	}
	if (!c.end) {
		c.end = (int64_t)clock_utc_ms();
		CDR_SET(c.released_by, SLICE("restart"));
		CDR_SET(c.why, SLICE("the call agent was restarted"));
		c.cause = c.cause ? c.cause : 41;
		c.status = c.status ? c.status : 500;
	}
	int err = enqueue(l, &c);
	return err == -ENOSPC ? 0 : err;
}

int cdr_log_recover(struct cdr_log *l, bool (*alive)(void *arg, struct slice id), void *arg)
{
	struct recovery r = {.l = l, .alive = alive, .arg = arg};
	return l && l->journal ? store_load(l->journal, l->table, recover, &r) : 0;
}

/* The columns, and what a list of calls wants to show of them. */
static void add_row(const struct cdr *c, void *arg)
{
	const struct cdr_quality *a = &c->leg[CDR_A].quality, *b = &c->leg[CDR_B].quality;
	json_t *row = cdr_row_json(c);
	if (!row)
		return;
	json_object_set_new(row, "from", json_string(c->caller));
	json_object_set_new(row, "to", json_string(c->called));
	json_object_set_new(row, "duration_ms", json_integer(c->answer ? c->end - c->answer : 0));
	json_object_set_new(row, "mos", json_real(b->mos != 0 && b->mos < a->mos ? b->mos : a->mos));
	json_array_append_new(arg, row);
}

json_t *cdr_json(struct cdr_log *l, unsigned limit)
{
	struct cdr_db *db;
	const char *why;
	json_t *rows = json_array();
	if (!rows || !l)
		return rows;
	if (cdr_flush(l))
		log_warn(l->file, "some records are not written yet");
	if (cdr_db_open(&db, l->file, false, &why)) {
		log_warn(l->file, "%s", why);
		json_decref(rows);
		return NULL;
	}
	if (cdr_db_read(db, limit, add_row, rows)) {
		json_decref(rows);
		rows = NULL;
	}
	cdr_db_close(db);
	return rows;
}

static void destroy(void *obj)
{
	struct cdr_log *l = obj;
	if (l->thread_started) {
		pthread_mutex_lock(&l->lock);
		l->stop = true;
		pthread_cond_broadcast(&l->more);
		pthread_mutex_unlock(&l->lock);
		pthread_join(l->thread, NULL);
		collect_written(l);
	}
	free_rows(&l->queue);
	free_rows(&l->written);
	mem_deref(l->watch);
	if (l->wake >= 0)
		close(l->wake);
	cdr_db_close(l->db);
	pthread_cond_destroy(&l->more);
	pthread_cond_destroy(&l->idle);
	pthread_mutex_destroy(&l->lock);
	mem_deref(l->journal);
	mem_free(l->file);
}

static int start_thread(struct cdr_log *l)
{
	l->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (l->wake < 0)
		return -errno;
	int err = loop_watch(&l->watch, l->wake, UV_READABLE, on_wake, l);
	if (err)
		return err;
	/* Signals are the loop's. */
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = -pthread_create(&l->thread, NULL, writer, l);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	l->thread_started = !err;
	return err;
}

int cdr_log_open(struct cdr_log **ret, const struct cdr_log_params *p)
{
	const char *why = "out of memory";
	struct cdr_log *l = mem_alloc(sizeof(*l), destroy);
	if (!l)
		return -ENOMEM;
	l->wake = -1;
	l->batch_ms = p->batch_ms ? p->batch_ms : BATCH_MS;
	l->journal = mem_ref(p->journal);
	l->table = p->table;
	list_init(&l->queue);
	list_init(&l->written);
	pthread_mutex_init(&l->lock, NULL);
	pthread_cond_init(&l->more, NULL);
	pthread_cond_init(&l->idle, NULL);
	l->file = mem_strdup(p->file);
	int err = l->file ? cdr_db_open(&l->db, p->file, true, &why) : -ENOMEM;
	if (!err)
		err = start_thread(l);
	if (err) {
		log_error(p->file, "call records cannot be written: %s", err == -EINVAL || err == -EIO ? why : strerror(-err));
		mem_deref(l);
		return err;
	}
	*ret = l;
	return 0;
}

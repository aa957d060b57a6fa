// SPDX-License-Identifier: GPL-3.0-or-later
/* Records are written exactly once, whenever the process is killed. */
#include "unit.h"
#include "base/loop.h"
#include "cdr/cdr.h"
#include "cdr/cdr_row.h"
#include <errno.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const tables[] = {"cdr", NULL};
static char dir[64], file[96], store_path[96];

static int setup(void **state)
{
	snprintf(dir, sizeof(dir), "/tmp/tandem-cdr-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(file, sizeof(file), "%s/cdr.sqlite", dir);
	snprintf(store_path, sizeof(store_path), "%s/store", dir);
	return 0;
}

static int teardown(void **state)
{
	char command[128];
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	return system(command);
}

static struct cdr sample(const char *id)
{
	struct cdr c = {.setup = 1000, .status = 200, .cause = 16};
	CDR_SET(c.id, slice_str(id));
	CDR_SET(c.caller, SLICE("1001"));
	CDR_SET(c.called, SLICE("+49%\n30"));
	/* What %0D in a called number stands for: not the end of a line of the journal, nor the begin of a field. */
	CDR_SET(c.called_sent, SLICE("+49\rreleased_by=me\r"));
	c.leg[CDR_A].quality = (struct cdr_quality){.packets = 500, .octets = 80000, .lost = 2, .jitter_ms = 3, .mos = 4.25};
	return c;
}

static void open_all(struct store **store, struct cdr_log **log, unsigned batch_ms)
{
	assert_int_equal(store_open(store, store_path, tables, 8 << 20), 0);
	assert_int_equal(cdr_log_open(log, &(struct cdr_log_params){.file = file, .journal = *store, .batch_ms = batch_ms}), 0);
	assert_int_equal(cdr_log_recover(*log, NULL, NULL), 0);
}

static int count_key(struct slice key, struct slice value, void *arg)
{
	++*(unsigned *)arg;
	return 0;
}

static unsigned journal_size(struct store *s)
{
	unsigned n = 0;
	store_flush(s);
	store_load(s, 0, count_key, &n);
	return n;
}

static void a_record_keeps_every_field(void **state)
{
	struct cdr c = sample("00ff"), back;
	struct buf b = buf_growing();
	c.end = 5000;
	cdr_row_write(&b, &c);
	assert_int_equal(b.err, 0);
	assert_int_equal(cdr_row_read(&back, buf_text(&b)), 0);
	assert_memory_equal(&c, &back, sizeof(c));
	buf_reset(&b);
	assert_int_equal(cdr_row_read(&back, SLICE("no record")), -EBADMSG);
	assert_int_equal(cdr_row_read(&back, SLICE("\x01\x05x")), -EBADMSG);
	assert_int_equal(cdr_row_read(&back, SLICE("")), -EBADMSG);
}

static void a_record_of_an_earlier_version_is_read(void **state)
{
	struct cdr c;
	assert_int_equal(cdr_row_read(&c, SLICE("id=00ff\ncalled=+4930\ncalled_sent=+49%0areleased_by=me%0d\nlater=1\nsetup=1700000000000\n"
						"a_packets=500\nb_mos=4.250\n")), 0);
	assert_string_equal(c.id, "00ff");
	assert_string_equal(c.called, "+4930");
	assert_string_equal(c.called_sent, "+49\nreleased_by=me\r");
	assert_true(c.setup == 1700000000000 && c.leg[CDR_A].quality.packets == 500 && c.leg[CDR_B].quality.mos == 4.25);
	assert_int_equal(cdr_row_read(&c, SLICE("id=%zz\n")), -EBADMSG);
	assert_int_equal(cdr_row_read(&c, SLICE("called=+4930\n")), -EBADMSG);
}

static void a_final_record_becomes_a_row(void **state)
{
	struct store *s;
	struct cdr_log *l;
	struct cdr c = sample("0001");
	open_all(&s, &l, 1);
	assert_int_equal(cdr_begin(l, &c), 0);
	assert_int_equal(journal_size(s), 1);
	c.end = 3000;
	assert_int_equal(cdr_end(l, &c), 0);
	assert_int_equal(cdr_flush(l), 0);
	assert_int_equal(cdr_pending(l), 0);
	assert_int_equal(journal_size(s), 0);
	json_t *rows = cdr_json(l, 10);
	assert_int_equal(json_array_size(rows), 1);
	json_t *row = json_array_get(rows, 0);
	assert_string_equal(json_string_value(json_object_get(row, "called")), "+49%\n30");
	assert_int_equal(json_integer_value(json_object_get(row, "ended")), 3000);
	assert_true(json_real_value(json_object_get(row, "a_mos")) == 4.25);
	json_decref(rows);
	mem_deref(l);
	mem_deref(s);
}

/* A child gets as far as `phase` and is killed; the next process must find or make exactly one row. */
enum phase { AT_SETUP, AT_ANSWER, ENDED_NOT_WRITTEN, WRITTEN_NOT_FORGOTTEN, FORGOTTEN, PHASES };

static void child(enum phase phase)
{
	struct store *s;
	struct cdr_log *l;
	struct cdr c = sample("0002");
	loop_init();
	open_all(&s, &l, phase == ENDED_NOT_WRITTEN ? 60000 : 1);
	cdr_begin(l, &c);
	store_flush(s);
	if (phase >= AT_ANSWER) {
		c.answer = 2000;
		cdr_begin(l, &c);
		store_flush(s);
	}
	if (phase >= ENDED_NOT_WRITTEN) {
		c.end = 3000;
		CDR_SET(c.released_by, SLICE("caller"));
		cdr_end(l, &c);
		store_flush(s);
	}
	if (phase >= WRITTEN_NOT_FORGOTTEN)
		cdr_flush(l); /* the deletion from the journal is only queued */
	if (phase >= FORGOTTEN)
		store_flush(s);
	raise(SIGKILL);
}

static void exactly_once_across_a_kill(void **state)
{
	for (enum phase p = 0; p < PHASES; p++) {
		struct store *s;
		struct cdr_log *l;
		setup(NULL);
		fflush(NULL);
		pid_t pid = fork();
		if (!pid) {
			child(p);
			_exit(1);
		}
		int status;
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		for (int again = 0; again < 2; again++) {
			open_all(&s, &l, 1);
			json_t *rows = cdr_json(l, 10);
			assert_int_equal(json_array_size(rows), 1);
			const char *by = json_string_value(json_object_get(json_array_get(rows, 0), "released_by"));
			assert_string_equal(by, p < ENDED_NOT_WRITTEN ? "restart" : "caller");
			assert_int_equal(journal_size(s), 0);
			json_decref(rows);
			mem_deref(l);
			mem_deref(s);
		}
		teardown(NULL);
	}
	setup(NULL);
}

static bool is_0004(void *arg, struct slice id)
{
	return slice_eq(id, SLICE("0004"));
}

/* A call that outlives a process gets its row when it ends. */
static void a_call_that_goes_on_has_no_row_yet(void **state)
{
	struct store *s;
	struct cdr_log *l;
	struct cdr c = sample("0004"), other = sample("0005");
	open_all(&s, &l, 1);
	assert_int_equal(cdr_begin(l, &c), 0);
	assert_int_equal(cdr_begin(l, &other), 0);
	mem_deref(l);
	store_flush(s);
	assert_int_equal(cdr_log_open(&l, &(struct cdr_log_params){.file = file, .journal = s, .batch_ms = 1}), 0);
	assert_int_equal(cdr_log_recover(l, is_0004, NULL), 0);
	json_t *rows = cdr_json(l, 10);
	assert_int_equal(json_array_size(rows), 1);
	assert_string_equal(json_string_value(json_object_get(json_array_get(rows, 0), "id")), "0005");
	json_decref(rows);
	CDR_SET(c.released_by, SLICE("caller"));
	c.end = 3000;
	assert_int_equal(cdr_end(l, &c), 0);
	rows = cdr_json(l, 10);
	assert_int_equal(json_array_size(rows), 2);
	json_decref(rows);
	mem_deref(l);
	mem_deref(s);
}

/* The schema of the first version, with a call of its time. */
static const char first_version[] =
	"PRAGMA journal_mode=WAL; CREATE TABLE cdr (id TEXT NOT NULL, source TEXT NOT NULL, target TEXT NOT NULL, caller TEXT NOT NULL, called TEXT NOT NULL, "
	"caller_sent TEXT NOT NULL, called_sent TEXT NOT NULL, setup INTEGER NOT NULL, progress INTEGER NOT NULL, answer INTEGER NOT NULL, ended INTEGER NOT NULL, "
	"released_by TEXT NOT NULL, sip_code INTEGER NOT NULL, cause INTEGER NOT NULL, why TEXT NOT NULL, codec TEXT NOT NULL, "
	"a_call_id TEXT NOT NULL, a_peer TEXT NOT NULL, a_number TEXT NOT NULL, a_media TEXT NOT NULL, a_packets INTEGER NOT NULL, a_octets INTEGER NOT NULL, "
	"a_lost INTEGER NOT NULL, a_jitter_ms INTEGER NOT NULL, a_mos REAL NOT NULL, b_call_id TEXT NOT NULL, b_peer TEXT NOT NULL, b_number TEXT NOT NULL, "
	"b_media TEXT NOT NULL, b_packets INTEGER NOT NULL, b_octets INTEGER NOT NULL, b_lost INTEGER NOT NULL, b_jitter_ms INTEGER NOT NULL, b_mos REAL NOT NULL, "
	"PRIMARY KEY (setup, id)) WITHOUT ROWID;"
	"INSERT INTO cdr VALUES ('0a', 'alice', 'carrier', '1001', '0301', '1001', '0301', 500, 600, 700, 800, 'caller', 200, 16, '', 'PCMU', "
	"'i', 'p', '1001', 'm', 1, 2, 3, 4, 4.5, 'j', 'q', '0301', 'n', 5, 6, 7, 8, 3.5);";

static void an_older_database_gets_the_columns_it_lacks(void **state)
{
	struct store *s;
	struct cdr_log *l;
	struct cdr c = sample("0b");
	sqlite3 *sql;
	assert_int_equal(sqlite3_open(file, &sql), SQLITE_OK);
	assert_int_equal(sqlite3_exec(sql, first_version, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(sql);
	open_all(&s, &l, 1);
	c.emergency = 1;
	c.end = 3000;
	assert_int_equal(cdr_end(l, &c), 0);
	assert_int_equal(cdr_flush(l), 0);
	for (unsigned again = 0; again < 2; again++) {
		json_t *rows = cdr_json(l, 10);
		assert_int_equal(json_array_size(rows), 2);
		json_t *fresh = json_array_get(rows, 0), *old = json_array_get(rows, 1);
		assert_int_equal(json_integer_value(json_object_get(fresh, "emergency")), 1);
		assert_int_equal(json_integer_value(json_object_get(old, "emergency")), 0);
		assert_string_equal(json_string_value(json_object_get(old, "codec")), "PCMU");
		assert_string_equal(json_string_value(json_object_get(old, "b_media")), "n");
		assert_true(json_real_value(json_object_get(old, "b_mos")) == 3.5);
		json_decref(rows);
		mem_deref(l);
		mem_deref(s);
		open_all(&s, &l, 1); /* it lacks nothing any more */
	}
	mem_deref(l);
	mem_deref(s);
}

static void what_is_no_database_is_refused(void **state)
{
	struct cdr_log *l = NULL;
	FILE *f = fopen(file, "w");
	fputs("This is not a database, and long enough to be seen as such. ................................................", f);
	fclose(f);
	assert_int_not_equal(cdr_log_open(&l, &(struct cdr_log_params){.file = file}), 0);
	assert_null(l);
}

static void body(void *arg)
{
	struct cdr_log *l = NULL;
	struct cdr c = sample("0003");
	int err = cdr_log_open(&l, &(struct cdr_log_params){.file = file, .batch_ms = 1});
	if (!err) {
		err = cdr_end(l, &c);
		assert_int_equal(cdr_flush(l), 0);
	}
	assert_true(err == 0 || err == -ENOMEM);
	mem_deref(l);
	uv_run(loop_uv(), UV_RUN_NOWAIT);
}

static void memory_runs_out(void **state)
{
	uv_run(loop_uv(), UV_RUN_NOWAIT); /* what earlier tests closed */
	each_allocation_fails(body, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_keeps_every_field),
		cmocka_unit_test(a_record_of_an_earlier_version_is_read),
		cmocka_unit_test_setup_teardown(a_final_record_becomes_a_row, setup, teardown),
		cmocka_unit_test_setup_teardown(a_call_that_goes_on_has_no_row_yet, setup, teardown),
		cmocka_unit_test_setup_teardown(an_older_database_gets_the_columns_it_lacks, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_no_database_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(memory_runs_out, setup, teardown),
		cmocka_unit_test_teardown(exactly_once_across_a_kill, teardown),
	};
	loop_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

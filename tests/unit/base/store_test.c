// SPDX-License-Identifier: GPL-3.0-or-later
#include "unit.h"
#include "base/buf.h"
#include "base/counter.h"
#include "base/loop.h"
#include "base/store.h"
#include "base/timer.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const tables[] = {"calls", "bindings", NULL};
static char dir[64];

static int make_dir(void **state)
{
	snprintf(dir, sizeof dir, "/tmp/base-store-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_files(const char *of)
{
	static const char *const files[] = {"data.mdb", "lock.mdb", "journal"};
	for (int i = 0; i < 3; i++) {
		char path[128];
		snprintf(path, sizeof path, "%s/%s", of, files[i]);
		unlink(path);
	}
	return rmdir(of);
}

static int remove_dir(void **state)
{
	char aside[128];
	snprintf(aside, sizeof aside, "%s.damaged", dir);
	remove_files(aside);
	return remove_files(dir);
}

static struct store *open_store(void)
{
	struct store *s = NULL;
	assert_int_equal(store_open(&s, dir, tables, 1 << 20), 0);
	return s;
}

static int add_pair(struct slice key, struct slice value, void *arg)
{
	buf_printf(arg, SLICE_FMT "=" SLICE_FMT " ", SLICE_ARG(key), SLICE_ARG(value));
	return 0;
}

/* The whole table as "key=value key=value ". */
static void assert_table(struct store *s, unsigned table, const char *want)
{
	struct buf got = buf_growing();
	assert_int_equal(store_load(s, table, add_pair, &got), 0);
	assert_string_equal(buf_z(&got), want);
	buf_reset(&got);
}

static void the_last_word_for_a_key_counts(void **state)
{
	struct store *s = open_store();
	assert_table(s, 0, "");
	store_put(s, 0, SLICE("b"), SLICE("1"));
	store_put(s, 0, SLICE("a"), SLICE("2"));
	store_put(s, 0, SLICE("b"), SLICE("3"));
	store_put(s, 1, SLICE("b"), SLICE("other table"));
	store_put(s, 0, SLICE("c"), SLICE("4"));
	store_del(s, 0, SLICE("c"));
	store_del(s, 0, SLICE("never there"));
	store_put(s, 0, SLICE("empty"), SLICE(""));
	assert_table(s, 0, ""); /* queued only */
	assert_int_equal(store_flush(s), 0);
	assert_table(s, 0, "a=2 b=3 empty= ");
	assert_table(s, 1, "b=other table ");
	store_del(s, 0, SLICE("a"));
	store_put(s, 0, SLICE("a"), SLICE("back"));
	mem_deref(s); /* flushes */
	s = open_store();
	assert_table(s, 0, "a=back b=3 empty= ");
	mem_deref(s);
}

/* The value of a counter of the group "store", -1 when there is none. */
static int counted(const char *name)
{
	json_t *all = counter_json(), *one;
	size_t i;
	int value = -1;
	json_array_foreach(all, i, one)
		if (!strcmp(json_string_value(json_object_get(one, "group")), "store") && !strcmp(json_string_value(json_object_get(one, "name")), name))
			value = (int)json_integer_value(json_object_get(one, "value"));
	json_decref(all);
	return value;
}

static void records_are_counted(void **state)
{
	struct store *s = open_store();
	assert_int_equal(counted("calls"), 0);
	store_put(s, 0, SLICE("a"), SLICE("1"));
	store_put(s, 0, SLICE("b"), SLICE("2"));
	store_put(s, 1, SLICE("c"), SLICE("3"));
	store_flush(s);
	assert_int_equal(counted("calls"), 2);
	assert_int_equal(counted("bindings"), 1);
	mem_deref(s);
	assert_int_equal(counted("calls"), -1);
}

static void bad_arguments_are_refused(void **state)
{
	char key[600] = {0};
	struct store *s = open_store();
	assert_int_equal(store_put(s, 2, SLICE("k"), SLICE("v")), -EINVAL);
	assert_int_equal(store_put(s, 0, SLICE(""), SLICE("v")), -EINVAL);
	assert_int_equal(store_put(s, 0, slice_of(key, sizeof key), SLICE("v")), -EINVAL);
	assert_int_equal(store_load(s, 2, add_pair, NULL), -EINVAL);
	mem_deref(s);
}

static void assert_moved_aside(void)
{
	char path[128];
	snprintf(path, sizeof path, "%s.damaged/data.mdb", dir);
	struct store *s = open_store();
	assert_table(s, 0, "");
	assert_int_equal(access(path, F_OK), 0);
	store_put(s, 0, SLICE("k"), SLICE("v"));
	assert_int_equal(store_flush(s), 0);
	mem_deref(s);
}

static void what_is_no_store_is_moved_aside(void **state)
{
	char path[128];
	snprintf(path, sizeof path, "%s/data.mdb", dir);
	FILE *f = fopen(path, "w");
	for (int i = 0; i < 10000; i++)
		fputs("this is no database ", f);
	fclose(f);
	assert_moved_aside();
}

/* A store of many pages, of which a power cut left only the first `keep` bytes. */
static void damage(off_t keep)
{
	char path[128], key[32];
	struct store *s = open_store();
	for (int i = 0; i < 2000; i++) {
		snprintf(key, sizeof key, "key %d", i);
		store_put(s, 0, slice_str(key), SLICE("some value that fills pages"));
	}
	assert_int_equal(store_flush(s), 0);
	mem_deref(s);
	snprintf(path, sizeof path, "%s/data.mdb", dir);
	assert_int_equal(truncate(path, keep), 0);
}

static void a_store_without_its_last_pages_is_moved_aside(void **state)
{
	damage(5 * 4096);
	assert_moved_aside();
}

static void a_store_without_a_leaf_is_moved_aside(void **state)
{
	char path[128];
	static const char zeroes[4096];
	damage(1 << 20);
	snprintf(path, sizeof path, "%s/data.mdb", dir);
	FILE *f = fopen(path, "r+");
	fseek(f, 6 * 4096, SEEK_SET);
	fwrite(zeroes, 1, sizeof zeroes, f);
	fclose(f);
	assert_moved_aside();
}

static void what_was_put_survives_kill_9(void **state)
{
	int told[2];
	char byte;
	assert_int_equal(pipe(told), 0);
	pid_t pid = fork();
	if (!pid) {
		struct store *s = NULL;
		if (store_open(&s, dir, tables, 1 << 20))
			_exit(1);
		for (int i = 0; i < 1000; i++) {
			char key[16];
			snprintf(key, sizeof key, "%04d", i);
			store_put(s, 0, slice_str(key), SLICE("v"));
			if (i == 499 && store_flush(s))
				_exit(1);
		}
		store_del(s, 0, SLICE("0000"));
		store_del(s, 0, SLICE("0500"));
		if (write(told[1], "x", 1) != 1)
			_exit(1);
		pause();
	}
	assert_int_equal(read(told[0], &byte, 1), 1);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(told[0]);
	close(told[1]);
	struct store *s = open_store();
	struct buf got = buf_growing();
	store_load(s, 0, add_pair, &got);
	assert_int_equal(got.len, 998 * strlen("0000=v "));
	assert_non_null(strstr(buf_z(&got), "0999=v "));
	assert_null(strstr(buf_z(&got), "0000=v "));
	assert_null(strstr(buf_z(&got), "0500=v "));
	buf_reset(&got);
	mem_deref(s);
}

static void a_full_store_keeps_what_is_queued(void **state)
{
	static char big[4000];
	struct store *s = open_store();
	char key[16];
	int err = 0, n = 0;
	FILE *was = stderr;
	stderr = fopen("/dev/null", "w"); /* it complains in the log */
	while (!err && n < 1000) {
		snprintf(key, sizeof key, "%d", n++);
		assert_int_equal(store_put(s, 0, slice_str(key), slice_of(big, sizeof big)), 0);
		err = store_flush(s);
	}
	assert_int_equal(err, -ENOSPC);
	for (int i = 0; i < n - 1; i++) { /* making room lets the queued one through */
		snprintf(key, sizeof key, "%d", i);
		store_del(s, 0, slice_str(key));
	}
	store_del(s, 0, SLICE("0"));
	err = store_flush(s);
	fclose(stderr);
	stderr = was;
	mem_deref(s);
	assert_true(err == 0 || err == -ENOSPC);
}

static void a_second_later_it_is_committed(void **state)
{
	struct store *s = open_store();
	store_put(s, 0, SLICE("k"), SLICE("v"));
	clock_test_advance(500);
	store_put(s, 0, SLICE("l"), SLICE("w"));
	assert_table(s, 0, "");
	clock_test_advance(500);
	assert_table(s, 0, "k=v l=w ");
	store_put(s, 0, SLICE("m"), SLICE("x"));
	clock_test_advance(1000);
	assert_table(s, 0, "k=v l=w m=x ");
	mem_deref(s);
}

static int count(struct slice key, struct slice value, void *arg)
{
	++*(int *)arg;
	return 0;
}

static int count_all(struct store *s)
{
	int n = 0;
	assert_int_equal(store_load(s, 0, count, &n), 0);
	return n;
}

static void a_full_journal_is_committed_at_once(void **state)
{
	static char big[60000];
	struct store *s = NULL;
	char key[16];
	assert_int_equal(store_open(&s, dir, tables, 32 << 20), 0);
	for (int i = 0; i < 300; i++) {
		snprintf(key, sizeof key, "%03d", i);
		assert_int_equal(store_put(s, 0, slice_str(key), slice_of(big, sizeof big)), 0);
	}
	assert_in_range(count_all(s), 200, 299);
	assert_int_equal(store_flush(s), 0);
	assert_int_equal(count_all(s), 300);
	mem_deref(s);
}

static void open_put_and_close(void *arg)
{
	struct store *s = NULL;
	int err = store_open(&s, dir, tables, 1 << 20);
	assert_true(err == 0 || err == -ENOMEM);
	if (err)
		return;
	err = store_put(s, 0, SLICE("k"), SLICE("v"));
	assert_true(err == 0 || err == -ENOMEM);
	assert_int_equal(store_flush(s), 0);
	assert_table(s, 0, "k=v "); /* from an earlier run at the latest */
	mem_deref(s);
}

static void open_and_put(void *arg)
{
	struct store *s = NULL;
	int err = store_open(&s, dir, tables, 1 << 20);
	assert_true(err == 0 || err == -ENOMEM);
	if (!err) {
		err = store_put(s, 0, SLICE("k"), SLICE("v"));
		assert_true(err == 0 || err == -ENOMEM);
		assert_int_equal(store_flush(s), 0);
	}
	mem_deref(s);
}

static void memory_running_out(void **state)
{
	open_put_and_close(NULL);
	each_allocation_fails(open_and_put, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_last_word_for_a_key_counts, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(records_are_counted, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(bad_arguments_are_refused, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(what_is_no_store_is_moved_aside, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(a_store_without_its_last_pages_is_moved_aside, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(a_store_without_a_leaf_is_moved_aside, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(what_was_put_survives_kill_9, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(a_full_store_keeps_what_is_queued, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(a_second_later_it_is_committed, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(a_full_journal_is_committed_at_once, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(memory_running_out, make_dir, remove_dir),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "unit.h"
#include "base/buf.h"
#include "base/journal.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* Appends, and sees that what was kept is the same. */
static int append(struct journal *j, unsigned table, bool del, struct slice key, struct slice value)
{
	struct slice k, v;
	int err = journal_append(j, table, del, key, value, &k, &v);
	if (!err) {
		assert_true(slice_eq(k, key));
		assert_true(slice_eq(v, value));
	}
	return err;
}

#define BYTES 4096

static char path[64];

static int make_file(void **state)
{
	snprintf(path, sizeof path, "/tmp/base-journal-XXXXXX");
	int fd = mkstemp(path);
	return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
	return unlink(path);
}

static struct journal *open_journal(void)
{
	struct journal *j = NULL;
	assert_int_equal(journal_open(&j, path, BYTES), 0);
	return j;
}

static int note(void *arg, unsigned table, bool del, struct slice key, struct slice value)
{
	buf_printf(arg, "%u%c" SLICE_FMT "=" SLICE_FMT " ", table, del ? '-' : '+', SLICE_ARG(key), SLICE_ARG(value));
	return 0;
}

static void assert_holds(const char *want)
{
	struct journal *j = open_journal();
	struct buf got = buf_growing();
	assert_int_equal(journal_replay(j, note, &got), 0);
	assert_string_equal(buf_z(&got), want);
	buf_reset(&got);
	mem_deref(j);
}

static void overwrite(off_t offset, const void *bytes, size_t len)
{
	int fd = open(path, O_WRONLY);
	assert_int_equal(pwrite(fd, bytes, len, offset), len);
	close(fd);
}

static void what_was_appended_is_replayed_in_order(void **state)
{
	struct journal *j = open_journal();
	append(j, 0, false, SLICE("a"), SLICE("1"));
	append(j, 15, true, SLICE("a long key, longer than a record's head"), SLICE_NONE);
	append(j, 1, false, SLICE("c"), SLICE(""));
	mem_deref(j);
	assert_holds("0+a=1 15-a long key, longer than a record's head= 1+c= ");
	j = open_journal();
	struct buf got = buf_growing();
	journal_replay(j, note, &got); /* what comes next follows it */
	append(j, 2, false, SLICE("d"), SLICE("2"));
	buf_reset(&got);
	mem_deref(j);
	assert_holds("0+a=1 15-a long key, longer than a record's head= 1+c= 2+d=2 ");
}

static void a_reset_forgets_what_is_still_in_the_file(void **state)
{
	struct journal *j = open_journal();
	for (int i = 0; i < 8; i++)
		append(j, 0, false, SLICE("old"), SLICE("1"));
	journal_reset(j);
	append(j, 0, false, SLICE("new"), SLICE("2"));
	mem_deref(j);
	assert_holds("0+new=2 ");
}

static void a_full_one_says_so_and_keeps_what_it_has(void **state)
{
	static char big[BYTES];
	struct journal *j = open_journal();
	assert_int_equal(append(j, 0, false, SLICE("a"), SLICE("1")), 0);
	assert_int_equal(append(j, 0, false, SLICE("b"), slice_of(big, sizeof big)), -ENOSPC);
	int n = 0;
	while (!append(j, 0, true, SLICE("c"), SLICE_NONE))
		n++;
	assert_in_range(n, BYTES / 48, BYTES / 32);
	mem_deref(j);
	j = open_journal();
	struct buf got = buf_growing();
	assert_int_equal(journal_replay(j, note, &got), 0);
	assert_int_equal(got.len, strlen("0+a=1 ") + (size_t)n * strlen("0-c= "));
	assert_int_equal(append(j, 0, true, SLICE("c"), SLICE_NONE), -ENOSPC);
	buf_reset(&got);
	mem_deref(j);
}

static void another_boot_believes_nothing(void **state)
{
	struct journal *j = open_journal();
	append(j, 0, false, SLICE("a"), SLICE("1"));
	mem_deref(j);
	overwrite(8, "another-boot", 12);
	assert_holds("");
}

static void a_damaged_record_ends_the_walk(void **state)
{
	struct journal *j = open_journal();
	struct buf got = buf_growing();
	append(j, 0, false, SLICE("a"), SLICE("1"));
	append(j, 0, false, SLICE("b"), SLICE("2"));
	mem_deref(j);
	for (uint32_t len = 1; len; len = len == 1 ? 16 : len == 16 ? 0xfffffff0 : 0) {
		overwrite(48 + 32, &len, sizeof len);
		j = open_journal();
		assert_int_equal(journal_replay(j, note, &got), -EINVAL);
		mem_deref(j);
	}
	assert_string_equal(buf_z(&got), "0+a=1 0+a=1 0+a=1 ");
	buf_reset(&got);
}

static void a_writer_killed_at_any_moment_leaves_whole_records(void **state)
{
	for (int round = 0; round < 20; round++) {
		int told[2];
		char byte;
		assert_int_equal(pipe(told), 0);
		pid_t pid = fork();
		if (!pid) {
			struct journal *j = NULL;
			if (journal_open(&j, path, BYTES) || write(told[1], "x", 1) != 1)
				_exit(1);
			for (;;)
				if (append(j, 7, false, SLICE("key"), SLICE("a value of some length")))
					journal_reset(j);
		}
		assert_int_equal(read(told[0], &byte, 1), 1);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		close(told[0]);
		close(told[1]);
		struct journal *j = open_journal();
		struct buf got = buf_growing();
		assert_int_equal(journal_replay(j, note, &got), 0);
		assert_int_equal(got.len % strlen("7+key=a value of some length "), 0);
		buf_reset(&got);
		mem_deref(j);
	}
}

static void open_and_append(void *arg)
{
	struct journal *j = NULL;
	int err = journal_open(&j, path, BYTES);
	assert_true(err == 0 || err == -ENOMEM);
	if (!err)
		assert_int_equal(append(j, 0, false, SLICE("a"), SLICE("1")), 0);
	mem_deref(j);
}

static void memory_running_out(void **state)
{
	each_allocation_fails(open_and_append, NULL);
}

static void a_file_that_cannot_be_is_an_error(void **state)
{
	struct journal *j = NULL;
	assert_int_equal(journal_open(&j, "/tmp/no-such-folder/journal", BYTES), -ENOENT);
	assert_null(j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_was_appended_is_replayed_in_order, make_file, remove_file),
		cmocka_unit_test_setup_teardown(a_reset_forgets_what_is_still_in_the_file, make_file, remove_file),
		cmocka_unit_test_setup_teardown(a_full_one_says_so_and_keeps_what_it_has, make_file, remove_file),
		cmocka_unit_test_setup_teardown(another_boot_believes_nothing, make_file, remove_file),
		cmocka_unit_test_setup_teardown(a_damaged_record_ends_the_walk, make_file, remove_file),
		cmocka_unit_test_setup_teardown(a_writer_killed_at_any_moment_leaves_whole_records, make_file, remove_file),
		cmocka_unit_test_setup_teardown(memory_running_out, make_file, remove_file),
		cmocka_unit_test(a_file_that_cannot_be_is_an_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-3.0-or-later
/* Who may be called back after an emergency call: for half an hour, also across a restart. */
#include "unit.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/timer.h"
#include "callagent/callbacks.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define HALF_AN_HOUR (30 * 60 * 1000)

static const char *const tables[] = {"callbacks", NULL};
static char dir[] = "/tmp/tandem-callbacks-XXXXXX";
static struct store *store;
static struct callbacks *cb;

static int setup(void **state)
{
	memcpy(dir + sizeof(dir) - 7, "XXXXXX", 6);
	if (!mkdtemp(dir) || store_open(&store, dir, tables, 8 << 20))
		return -1;
	return callbacks_new(&cb, store, 0);
}

static int teardown(void **state)
{
	char command[128];
	mem_deref(cb);
	mem_deref(store);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static void restart(void)
{
	mem_deref(cb);
	store_flush(store);
	assert_int_equal(callbacks_new(&cb, store, 0), 0);
}

static int count(struct slice key, struct slice value, void *arg)
{
	++*(unsigned *)arg;
	return 0;
}

static unsigned kept(void)
{
	unsigned n = 0;
	store_flush(store);
	store_load(store, 0, count, &n);
	return n;
}

static void the_answerer_may_call_the_caller_back(void **state)
{
	callbacks_expect(cb, "alice", "psap");
	assert_true(callbacks_expected(cb, "alice", "psap"));
	assert_false(callbacks_expected(cb, "alice", "carrier"));
	assert_false(callbacks_expected(cb, "bob", "psap"));
}

static void for_half_an_hour_after_the_last_call(void **state)
{
	callbacks_expect(cb, "alice", "psap");
	clock_test_advance(HALF_AN_HOUR - 1);
	assert_true(callbacks_expected(cb, "alice", "psap"));
	callbacks_expect(cb, "alice", "psap");
	clock_test_advance(HALF_AN_HOUR - 1);
	assert_true(callbacks_expected(cb, "alice", "psap"));
	clock_test_advance(1);
	assert_false(callbacks_expected(cb, "alice", "psap"));
}

static void a_restart_forgets_nobody(void **state)
{
	callbacks_expect(cb, "alice", "psap");
	callbacks_expect(cb, "bob", "psap");
	restart();
	assert_true(callbacks_expected(cb, "alice", "psap"));
	assert_true(callbacks_expected(cb, "bob", "psap"));
	clock_test_advance(HALF_AN_HOUR + 1);
	assert_false(callbacks_expected(cb, "alice", "psap"));
}

static void the_store_holds_no_more_than_is_due(void **state)
{
	char user[16];
	callbacks_expect(cb, "alice", "psap");
	callbacks_expect(cb, "alice", "psap");
	assert_int_equal(kept(), 1);
	clock_test_advance(HALF_AN_HOUR + 1);
	callbacks_expect(cb, "bob", "psap");
	assert_int_equal(kept(), 1);
	for (unsigned i = 0; i < 300; i++) {
		snprintf(user, sizeof(user), "%u", i);
		callbacks_expect(cb, user, "psap");
	}
	assert_int_equal(kept(), 256);
	assert_true(callbacks_expected(cb, "299", "psap"));
	assert_false(callbacks_expected(cb, "1", "psap"));
	restart();
	assert_true(callbacks_expected(cb, "299", "psap"));
}

static void what_is_no_record_is_dropped(void **state)
{
	store_put(store, 0, SLICE("x/y"), SLICE("\x01\xff\xff\xff"));
	restart();
	assert_int_equal(kept(), 0);
	assert_false(callbacks_expected(cb, "", ""));
}

static void open_and_expect(void *arg)
{
	struct callbacks *other = NULL;
	int err = callbacks_new(&other, arg, 0);
	assert_true(!err || err == -ENOMEM);
	if (!err && arg)
		assert_true(callbacks_expected(other, "alice", "psap"));
	else if (!err)
		callbacks_expect(other, "bob", "psap");
	mem_deref(other);
}

static void memory_that_is_out_is_an_error(void **state)
{
	callbacks_expect(cb, "alice", "psap");
	store_flush(store);
	each_allocation_fails(open_and_expect, store);
	each_allocation_fails(open_and_expect, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_answerer_may_call_the_caller_back, setup, teardown),
		cmocka_unit_test_setup_teardown(for_half_an_hour_after_the_last_call, setup, teardown),
		cmocka_unit_test_setup_teardown(a_restart_forgets_nobody, setup, teardown),
		cmocka_unit_test_setup_teardown(the_store_holds_no_more_than_is_due, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_no_record_is_dropped, setup, teardown),
		cmocka_unit_test_setup_teardown(memory_that_is_out_is_an_error, setup, teardown),
	};
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

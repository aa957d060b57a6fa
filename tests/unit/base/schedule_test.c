// SPDX-License-Identifier: GPL-3.0-or-later
/* Times of the week in zones with summer time, and patterns. */
#include "unit.h"
#include "base/pattern.h"
#include "base/schedule.h"
#include <errno.h>

static void zones_know_summer_time(void **state)
{
	static const struct {
		const char *zone;
		int64_t utc;
		int32_t offset;
	} rows[] = {
		{"Europe/Berlin", 1767609000, 3600},      /* January 2026 */
		{"Europe/Berlin", 1783247400, 7200},      /* July 2026 */
		{"Europe/Berlin", 1774745999, 3600},      /* the last second of winter, 29 March 2026 */
		{"Europe/Berlin", 1774746000, 7200},
		{"Europe/Berlin", 1792889999, 7200},      /* and of summer, 25 October 2026 */
		{"Europe/Berlin", 1792890000, 3600},
		{"America/New_York", 1783247400, -14400},
		{"Australia/Sydney", 1767609000, 39600},  /* summer in January */
		{"Asia/Kolkata", 1767609000, 19800},
		{"Europe/Berlin", 4100000000 + 86400 * 20, 3600}, /* 2099: by the rule alone */
		{"Europe/Berlin", 4087400000, 7200},
		{"UTC", 0, 0},
	};
	struct tz *tz = NULL;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(tz_load(&tz, rows[i].zone), 0);
		assert_int_equal(tz_offset(tz, rows[i].utc), rows[i].offset);
		mem_deref(tz);
	}
	assert_int_equal(tz_load(&tz, "Europe/Atlantis"), -ENOENT);
	assert_int_equal(tz_load(&tz, "../../../etc/passwd"), -ENOENT);
}

static void spans_are_read(void **state)
{
	static const char *const good[] = {"mon-fri 08:00-17:30", "sat,sun", "22:00-06:00", "fri-mon", "mon 00:00-24:00"};
	static const char *const bad[] = {"", "monday", "mon-fri 8", "25:00-26:00", "mon 08:00", "08:00-17:00 mon", "mon-fri 08:60-09:00"};
	struct schedule_span s;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_null(schedule_parse(&s, good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_non_null(schedule_parse(&s, bad[i]));
}

static void spans_may_pass_midnight(void **state)
{
	struct schedule s = {.n = 1};
	int64_t monday = 1767571200; /* 5 January 2026, 0:00 UTC */
	assert_int_equal(tz_load(&s.tz, "UTC"), 0);
	schedule_parse(&s.span[0], "mon 22:00-06:00");
	assert_false(schedule_has(&s, monday + 3 * 3600));
	assert_true(schedule_has(&s, monday + 22 * 3600));
	assert_true(schedule_has(&s, monday + 29 * 3600));
	assert_false(schedule_has(&s, monday + 30 * 3600));
	assert_false(schedule_has(&s, monday + 46 * 3600));
	schedule_free(&s);
	assert_true(schedule_has(&(struct schedule){0}, 0));
}

static int match(const char *pattern, const char *value)
{
	struct pattern *p;
	assert_int_equal(pattern_new(&p, pattern, NULL, NULL), 0);
	int n = pattern_match(p, slice_str(value));
	mem_deref(p);
	return n;
}

static void patterns_match_as_they_are_written(void **state)
{
	struct pattern *p = NULL;
	assert_int_equal(match("112", "112"), 4);
	assert_int_equal(match("112", "1122"), -1);
	assert_int_equal(match("11*", "1122"), 2);
	assert_int_equal(match("*", ""), 0);
	assert_int_equal(match("/^0[1-9]+$/", "0123"), 0);
	assert_int_equal(match("/^0[1-9]+$/", "00"), -1);
	/* What would take for ever finds nothing. */
	assert_int_equal(match("/^(a+)+$/", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"), -1);
	assert_int_equal(pattern_new(&p, "/(/", NULL, NULL), -EINVAL);
	assert_int_equal(pattern_new(&p, "@nobody", NULL, NULL), -EINVAL);
	struct buf b = buf_growing();
	assert_int_equal(pattern_new(&p, "/^00(.*)$/", NULL, NULL), 0);
	pattern_replace(p, SLICE("0049"), "+$1", &b);
	pattern_replace(p, SLICE("|030"), "+$1", &b);
	assert_string_equal(buf_z(&b), "+49|030");
	buf_reset(&b);
	mem_deref(p);
}

static void body(void *arg)
{
	struct pattern *p = NULL;
	struct tz *tz = NULL;
	int err = pattern_new(&p, "/^0/", NULL, NULL);
	assert_true(!err || err == -ENOMEM);
	mem_deref(p);
	err = tz_load(&tz, "Europe/Berlin");
	assert_true(!err || err == -ENOMEM);
	mem_deref(tz);
}

static void memory_runs_out(void **state)
{
	each_allocation_fails(body, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zones_know_summer_time),  cmocka_unit_test(spans_are_read),
		cmocka_unit_test(spans_may_pass_midnight), cmocka_unit_test(patterns_match_as_they_are_written),
		cmocka_unit_test(memory_runs_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

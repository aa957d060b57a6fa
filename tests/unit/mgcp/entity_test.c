// SPDX-License-Identifier: GPL-3.0-or-later
/* Whom an endpoint talks to, and whom when nobody answers (RFC 3435 2.1.4, 4.1, 4.3). */
#include "unit.h"
#include "mgcp/entity.h"
#include <string.h>

static struct addr ip(const char *text, uint16_t port)
{
	struct addr a;
	assert_int_equal(addr_parse(&a, slice_str(text), port), 0);
	return a;
}

static void assert_addr(const struct mgcp_entities *e, const char *want)
{
	char text[ADDR_STR_LEN];
	const struct addr *a = mgcp_entities_addr(e);
	assert_string_equal(a ? addr_str(a, text) : "nowhere", want);
}

static void literals_need_no_resolving(void **state)
{
	static const struct {
		const char *value, *addr;
	} rows[] = {{"ca@192.0.2.1", "192.0.2.1:2727"},
		    {"ca@[192.0.2.1]:2728", "192.0.2.1:2728"},
		    {"ca@[2001:db8::1]", "[2001:db8::1]:2727"},
		    {"[2001:db8::1]:9", "[2001:db8::1]:9"},
		    {" 192.0.2.7:2427 ", "192.0.2.7:2427"}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct mgcp_entities e = {0};
		assert_int_equal(mgcp_entities_set(&e, slice_str(rows[i].value)), 0);
		assert_addr(&e, rows[i].addr);
	}
}

static void what_cannot_be_read_changes_nothing(void **state)
{
	static const char *const bad[] = {"@host", "ca@", "ca@[192.0.2.1", "ca@[host]", "ca@[192.0.2.1]x", "ca@host:0", "ca@host:65536", "ca@host:", "a,b,c,d,e", "a,,b", "ca @host"};
	struct mgcp_entities e = {0};
	char text[600];
	mgcp_entities_set(&e, SLICE("ca@192.0.2.1"));
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (mgcp_entities_set(&e, slice_str(bad[i])) != 510)
			fail_msg("%s", bad[i]);
	memset(text, 'a', sizeof text);
	assert_int_equal(mgcp_entities_set(&e, slice_of(text, sizeof text)), 510);
	assert_addr(&e, "192.0.2.1:2727");
	assert_true(slice_eq(mgcp_entities_text(&e), SLICE("ca@192.0.2.1")));
}

static void all_addresses_of_all_are_tried(void **state)
{
	struct mgcp_entities e = {0};
	struct addr two[] = {ip("192.0.2.1", 0), ip("2001:db8::1", 0)}, one[] = {ip("198.51.100.9", 0)};
	assert_int_equal(mgcp_entities_set(&e, SLICE("ca@first.example:2700, ca@second.example")), 0);
	assert_addr(&e, "nowhere");
	assert_false(mgcp_entities_fail_over(&e));
	mgcp_entities_resolved(&e, SLICE("FIRST.example"), two, 2);
	mgcp_entities_resolved(&e, SLICE("second.example"), one, 1);
	assert_addr(&e, "192.0.2.1:2700");
	assert_true(mgcp_entities_fail_over(&e));
	assert_addr(&e, "[2001:db8::1]:2700");
	assert_true(mgcp_entities_fail_over(&e));
	assert_addr(&e, "198.51.100.9:2727");
	/* All were tried: disconnected, and from the first again. */
	assert_false(mgcp_entities_fail_over(&e));
	assert_addr(&e, "192.0.2.1:2700");
	/* An answer makes it the one to stay with, and all others are there to be tried. */
	assert_true(mgcp_entities_fail_over(&e));
	mgcp_entities_answered(&e);
	assert_true(mgcp_entities_fail_over(&e));
	assert_true(mgcp_entities_fail_over(&e));
	assert_false(mgcp_entities_fail_over(&e));
	assert_addr(&e, "[2001:db8::1]:2700");
}

static void the_backup_is_used_while_the_first_has_no_address(void **state)
{
	struct mgcp_entities e = {0};
	struct addr one[] = {ip("192.0.2.1", 0)};
	mgcp_entities_set(&e, SLICE("ca@first.example,ca@192.0.2.2"));
	mgcp_entities_resolved(&e, SLICE("first.example"), NULL, 0);
	assert_addr(&e, "192.0.2.2:2727");
	/* Whoever is in use stays so. */
	mgcp_entities_resolved(&e, SLICE("first.example"), one, 1);
	assert_addr(&e, "192.0.2.2:2727");
	mgcp_entities_fail_over(&e);
	assert_addr(&e, "192.0.2.1:2727");
}

static void the_address_that_commands_come_from_is_preferred(void **state)
{
	struct mgcp_entities e = {0};
	struct addr two[] = {ip("192.0.2.1", 0), ip("192.0.2.2", 0)}, more[] = {ip("192.0.2.3", 0), ip("192.0.2.2", 0)};
	struct addr other = ip("192.0.2.9", 2727), second = ip("192.0.2.2", 2727);
	mgcp_entities_set(&e, SLICE("ca.example"));
	mgcp_entities_resolved(&e, SLICE("ca.example"), two, 2);
	mgcp_entities_heard(&e, &other);
	assert_addr(&e, "192.0.2.1:2727");
	mgcp_entities_heard(&e, &second);
	assert_addr(&e, "192.0.2.2:2727");
	mgcp_entities_resolved(&e, SLICE("ca.example"), more, 2);
	assert_addr(&e, "192.0.2.2:2727");
	mgcp_entities_resolved(&e, SLICE("ca.example"), more, 1);
	assert_addr(&e, "192.0.2.3:2727");
}

static void without_any_it_is_who_commands(void **state)
{
	struct mgcp_entities e = {0};
	struct addr src = ip("192.0.2.9", 2729);
	assert_addr(&e, "nowhere");
	mgcp_entities_heard(&e, &src);
	assert_addr(&e, "192.0.2.9:2729");
	assert_int_equal(mgcp_entities_set(&e, SLICE("ca@192.0.2.1")), 0);
	assert_addr(&e, "192.0.2.1:2727");
	assert_int_equal(mgcp_entities_set(&e, SLICE("")), 0);
	assert_addr(&e, "192.0.2.9:2729");
	assert_false(mgcp_entities_fail_over(&e));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(literals_need_no_resolving),
		cmocka_unit_test(what_cannot_be_read_changes_nothing),
		cmocka_unit_test(all_addresses_of_all_are_tried),
		cmocka_unit_test(the_backup_is_used_while_the_first_has_no_address),
		cmocka_unit_test(the_address_that_commands_come_from_is_preferred),
		cmocka_unit_test(without_any_it_is_who_commands),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

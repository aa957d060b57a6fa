// SPDX-License-Identifier: GPL-3.0-or-later
/* Digit maps: the examples of RFC 3435 2.1.5 and RFC 3660 2.2 and 2.7, digit by digit; what is refused and with which code. */
#include "unit.h"
#include "mgcp/digitmap.h"
#include <stdio.h>
#include <stdlib.h>

static struct mgcp_digitmap *compile(const char *text)
{
	struct mgcp_digitmap *m = NULL;
	const char *why = NULL;
	unsigned code = mgcp_digitmap_new(&m, slice_str(text), &why);
	if (code)
		fail_msg("%s: %u %s", text, code, why);
	return m;
}

/* Dials and compares what each digit leads to: '.' partial, 't' T is all that lacks, '=' match, '!' never. */
static void dial(const char *map, const char *digits, const char *want)
{
	struct mgcp_digitmap *m = compile(map);
	struct mgcp_dial d;
	char got[32] = "";
	mgcp_dial_start(&d, m);
	for (size_t i = 0; digits[i]; i++) {
		assert_true(i + 1 < sizeof got);
		got[i] = ".t=!"[mgcp_dial_add(&d, digits[i])];
	}
	if (strcmp(got, want))
		fail_msg("%s dialled in %s: %s instead of %s", digits, map, got, want);
	mem_deref(m);
}

#define DESK "(0T|00T|[1-7]xxx|8xxxxxxx|#xxxxxxx|*xx|91xxxxxxxxxx|9011x.T)"

static void a_dial_plan_tells_its_numbers_apart(void **state)
{
	dial(DESK, "0T", "t=");
	dial(DESK, "00T", "tt=");
	dial(DESK, "000", "tt!");
	dial(DESK, "2345", "...=");
	dial(DESK, "81234567", ".......=");
	dial(DESK, "#1234567", ".......=");
	dial(DESK, "*70", "..=");
	dial(DESK, "912125551212", "...........=");
	dial(DESK, "9011T", "...t=");
	dial(DESK, "901144T", "...ttt=");
	dial(DESK, "92", ".!");
	dial(DESK, "A", "!");
	/* A timer nobody waits for is an impossible match. */
	dial(DESK, "23T", "..!");
}

static void the_shortest_match_wins(void **state)
{
	dial("(xxxxxxx|x11)", "411", "..=");
	dial("(xxxxxxx|x11)", "4123456", "......=");
	dial("(0[12].|00|1[12].1|2x.#)", "0", "=");
	dial("(0[12].|00|1[12].1|2x.#)", "11", ".=");
	dial("(0[12].|00|1[12].1|2x.#)", "121", "..=");
	dial("(0[12].|00|1[12].1|2x.#)", "12#", "..!");
	dial("(0[12].|00|1[12].1|2x.#)", "2345#", "....=");
	dial("(0[12].|00|1[12].1|2x.#)", "2#", ".=");
}

static void the_timer_is_critical_when_it_is_all_that_lacks(void **state)
{
	dial("(xxxxxxx|x11T)", "411T", "..t=");
	dial("(xxxxxxx|x11T)", "41T", "..!");
	dial("(1[2-3T].)", "1", "=");
	dial("(1[2-3].T)", "1", "t");
	dial("(1[2-3].T)", "123T", "ttt=");
	dial("(1[2-3]T.)", "12", ".=");
	dial("(xxxxxxx | x.[T#])", "12T", "tt=");
	dial("(xxxxxxx | x.[T#])", "12#", "tt=");
}

static void an_entry_may_wait_for_others(void **state)
{
	const char *map = "([3-7]11|123xxxxxxx|[1-7]xxxxxxP|8xxxP)";
	dial(map, "1234567", "......t");
	dial(map, "1234567890", "......t..=");
	dial(map, "411", "..=");
	dial(map, "8234", "...=");
	dial(map, "2345678", "......=");
	/* The timer then reports what was dialled. */
	dial(map, "1234567T", "......t!");
}

static void letters_and_case_do_not_matter(void **state)
{
	dial("(a|[b-d]X|Xt)", "A", "=");
	dial("(a|[b-d]X|Xt)", "c7", ".=");
	dial("(a|[b-d]X|Xt)", "7t", "t=");
	dial("x.#", "12#", "..=");
	dial("[*#]", "*", "=");
	dial("[x#]5", "#5", ".=");
	dial("x", "?", "!");
}

static unsigned refusal(const char *text)
{
	struct mgcp_digitmap *m = NULL;
	const char *why = NULL;
	unsigned code = mgcp_digitmap_new(&m, slice_str(text), &why);
	assert_null(m);
	assert_non_null(why);
	return code;
}

static void what_is_no_map_is_refused(void **state)
{
	static const char *const bad[] = {"", " ", "()", "(1", "1)", "(1|)", "(|1)", "1|2", ".", "(.1)", "1..", "[]", "[1", "1]", "[3-1]", "[1-]", "[-1]",
					  "[A-T]", "[1-A]", "[*-#]", "1-2", "((1))", "(1)|(2)", "[[1]]", "(1 2)", "1\t2"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (refusal(bad[i]) != 510)
			fail_msg("%s: %u", bad[i], refusal(bad[i]));
	assert_int_equal(refusal("(1E)"), 537);
	assert_int_equal(refusal("(1P2)"), 537);
	assert_int_equal(refusal("[1z]"), 537);
	assert_int_equal(refusal("P"), 537);
}

static void long_maps_are_taken_up_to_the_length_of_the_standard(void **state)
{
	char text[2060];
	memset(text, 'x', sizeof text);
	text[0] = '(';
	text[2047] = ')';
	text[2048] = 0;
	struct mgcp_digitmap *m = compile(text);
	assert_int_equal(mgcp_digitmap_text(m).len, 2048);
	struct mgcp_dial d;
	mgcp_dial_start(&d, m);
	for (int i = 0; i < 2045; i++)
		assert_int_equal(mgcp_dial_add(&d, '7'), MGCP_DIALLED_PARTIAL);
	assert_int_equal(mgcp_dial_add(&d, '7'), MGCP_DIALLED_MATCH);
	mem_deref(m);
	for (int i = 1; i < 2047; i++)
		text[i] = i & 1 ? '1' : i % 4 ? '.' : '|';
	m = compile(text);
	mem_deref(m);
	/* Without parentheses there is a position more than the set holds. */
	memset(text, 'x', 2048);
	assert_int_equal(refusal(text), 502);
	memset(text, 'x', 2049);
	text[2049] = 0;
	assert_int_equal(refusal(text), 502);
}

static void try(void *arg)
{
	struct mgcp_digitmap *m = NULL;
	const char *why;
	unsigned code = mgcp_digitmap_new(&m, SLICE("(0T|1x)"), &why);
	assert_true(!code || code == 403);
	mem_deref(m);
}

static void without_memory_there_is_no_map(void **state)
{
	each_allocation_fails(try, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_dial_plan_tells_its_numbers_apart),
		cmocka_unit_test(the_shortest_match_wins),
		cmocka_unit_test(the_timer_is_critical_when_it_is_all_that_lacks),
		cmocka_unit_test(an_entry_may_wait_for_others),
		cmocka_unit_test(letters_and_case_do_not_matter),
		cmocka_unit_test(what_is_no_map_is_refused),
		cmocka_unit_test(long_maps_are_taken_up_to_the_length_of_the_standard),
		cmocka_unit_test(without_memory_there_is_no_map),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

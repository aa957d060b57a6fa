// SPDX-License-Identifier: GPL-3.0-or-later
/* Requests: the examples of RFC 3435 are read and written back, combinations of actions are taken and refused as its table says, and
 * each mistake has its code. */
#include "unit.h"
#include "mgcp/gateway.h"
#include "mgcp/request.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct mgcp_package *const line[] = {&mgcp_package_l, &mgcp_package_d, &mgcp_package_g, &mgcp_package_r, &mgcp_package_b, NULL};

static unsigned read_lines(struct mgcp_rqnt **ret, const char *lines, struct slice current)
{
	char text[2048];
	struct mgcp_msg m;
	unsigned code;
	const char *why = NULL;
	snprintf(text, sizeof text, "RQNT 1200 aaln/1@rgw.example.net MGCP 1.0\r\nX: 0123456789AC\r\n%s", lines);
	struct slice s = slice_str(text);
	if (mgcp_parse(&m, &s, &code))
		fail_msg("%s", lines);
	code = mgcp_rqnt_parse(ret, &m, line, current, &why);
	assert_true(!code || why);
	/* Nothing of the message is needed any more. */
	memset(text, '#', sizeof text);
	return code;
}

static struct mgcp_rqnt *request(const char *lines)
{
	struct mgcp_rqnt *r = NULL;
	unsigned code = read_lines(&r, lines, SLICE_NONE);
	if (code)
		fail_msg("%u: %s", code, lines);
	return r;
}

static unsigned refusal(const char *lines)
{
	struct mgcp_rqnt *r = NULL;
	unsigned code = read_lines(&r, lines, SLICE_NONE);
	assert_null(r);
	return code;
}

static void assert_events(const char *value, const char *want)
{
	char lines[512], text[512];
	struct buf out = buf_fixed(text, sizeof text);
	snprintf(lines, sizeof lines, "R: %s\r\n", value);
	struct mgcp_rqnt *r = request(lines);
	mgcp_requested_write(&out, r->script->events, r->script->n_events, true);
	assert_string_equal(buf_z(&out), want);
	mem_deref(r);
}

static void assert_signals(const char *value, const char *want)
{
	char lines[512], text[512];
	struct buf out = buf_fixed(text, sizeof text);
	snprintf(lines, sizeof lines, "S: %s\r\n", value);
	struct mgcp_rqnt *r = request(lines);
	mgcp_signals_write(&out, r->script->signals, r->script->n_signals);
	assert_string_equal(buf_z(&out), want);
	mem_deref(r);
}

static void events_are_read_and_written_back(void **state)
{
	assert_events("L/hu(N), L/hf(S,N)", "L/hu(N),L/hf(N,S)");
	assert_events("L/hu(N), D/[0-9#T](D)", "L/hu(N),D/[0-9#T](D)");
	assert_events("hu", "L/hu(N)");
	assert_events("l/HU ( n )", "L/HU(N)");
	assert_events("D/x(d,k)", "D/x(D,K)");
	assert_events("R/rto@364823(N)(120,st=im)", "R/rto@364823(N)(120,st=im)");
	assert_events("R/qa@*,L/all(A),*/all@*(I),*/oc", "R/qa@*(N),L/all(A),*/all@*(I),*/oc(N)");
	assert_events("L/hd(E(R(D/[0-9#T](D),L/hu(N)),S(L/dl),D([0-9].[#T])))", "L/hd(E(R(D/[0-9#T](D),L/hu(N)),S(L/dl),D([0-9].[#T])))");
	assert_events("L/hd(A,E(S(L/dl),R(L/hu)))", "L/hd(A,E(R(L/hu(N)),S(L/dl)))");
	assert_events("L/hd(E(D((0T|1x))))", "L/hd(E(D((0T|1x))))");
	assert_events("", "");
}

static void signals_are_read_and_written_back(void **state)
{
	assert_signals("L/adsi(\"123456 Francois Gerard\")", "L/adsi(\"123456 Francois Gerard\")");
	assert_signals("L/adsi(\"1,(2\"), L/rg", "L/adsi(\"1,(2\"),L/rg");
	assert_signals("l/ci(09/14/17/26, \"555 1212\", \"John Doe\")", "L/ci(09/14/17/26, \"555 1212\", \"John Doe\")");
	assert_signals("G/rt@0A3F58(to=3000)", "G/rt@0A3F58(to=3000)");
	assert_signals("", "");
}

static void signals_have_the_time_out_and_state_that_is_asked_for(void **state)
{
	struct mgcp_rqnt *r = request("S: L/dl,L/rg(to=6000),L/r3(to(0)),L/r4(rep=6,to=12000),L/vmwi(-),L/ht,L/aw(+)\r\n");
	const struct mgcp_signal *s = r->script->signals;
	assert_int_equal(r->script->n_signals, 7);
	assert_int_equal(s[0].timeout_ms, 16000);
	assert_int_equal(s[1].timeout_ms, 6000);
	assert_int_equal(s[2].timeout_ms, 0);
	assert_int_equal(s[3].timeout_ms, 0);
	assert_true(s[4].off);
	assert_false(s[5].off);
	assert_false(s[6].off);
	mem_deref(r);
}

static void actions_go_together_as_the_table_says(void **state)
{
	static const char letters[] = "NSADKEI";
	static const char table[7][8] = {"NYNNYYN", "YNYNNNY", "NYNNYYN", "NNNNYNN", "YNYYNYY", "YNYNYNN", "NYNNYNN"};
	for (int a = 0; a < 7; a++)
		for (int b = 0; b < 7; b++) {
			char lines[64];
			snprintf(lines, sizeof lines, "Q: loop\r\nR: L/hf(%c%s,%c%s)\r\n", letters[a], letters[a] == 'E' ? "(R(L/hu))" : "", letters[b],
				 letters[b] == 'E' ? "(R(L/hu))" : "");
			struct mgcp_rqnt *r = NULL;
			unsigned code = read_lines(&r, lines, SLICE_NONE);
			mem_deref(r);
			if (code != (table[a][b] == 'Y' ? 0 : 523))
				fail_msg("%c with %c: %u", letters[a], letters[b], code);
		}
	/* The note of the table. */
	assert_int_equal(refusal("R: L/hf(N,E(R(L/hu)))\r\n"), 523);
	assert_int_equal(refusal("R: L/hf(Z)\r\n"), 523);
	assert_int_equal(refusal("R: L/hf()\r\n"), 523);
	assert_int_equal(refusal("R: L/hf(E)\r\n"), 523);
	assert_int_equal(refusal("R: L/hf(N(L/hu))\r\n"), 523);
	assert_int_equal(refusal("R: L/hd(E(R(L/hf(E(R(L/hu))))))\r\n"), 523);
}

static void each_mistake_has_its_code(void **state)
{
	static const struct {
		unsigned code;
		const char *lines;
	} rows[] = {
		{518, "R: MS/sup\r\n"},
		{518, "S: ABC/hu\r\n"},
		{522, "R: L/xyz\r\n"},
		{522, "R: ft\r\n"},
		{522, "R: L/[0-9]\r\n"},
		{522, "R: */\r\n"},
		{522, "S: G/nothing\r\n"},
		{512, "R: L/dl\r\n"},
		{512, "R: L/hu@1f\r\n"},
		{513, "S: L/hd\r\n"},
		{513, "S: L/rg@1f\r\n"},
		{515, "S: G/rt@$\r\n"},
		{515, "S: G/rt@\r\n"},
		{515, "S: G/rt@1)\r\n"},
		{522, "R: */xyz\r\n"},
		{515, "R: R/rto@012345678901234567890123456789012\r\n"},
		{538, "S: L/rg(to=soon)\r\n"},
		{538, "S: L/rg(1,2)\r\n"},
		{538, "S: L/adsi\r\n"},
		{538, "S: L/ht(to=1000)\r\n"},
		{538, "S: L/rg(+)\r\n"},
		{538, "R: L/hu(N)(1)\r\n"},
		{538, "R: R/pl(N)\r\n"},
		{537, "D: (1E)\r\n"},
		{510, "D: (1\r\n"},
		{508, "Q: perhaps\r\n"},
		{508, "Q: \r\n"},
		{510, "R: L/hu,L/hu(A)\r\n"},
		{510, "R: D/[0-9],D/[5T]\r\n"},
		{510, "S: L/rg,L/rg\r\n"},
		{510, "R: L/hu(N\r\n"},
		{510, "R: L/hu,,L/hd\r\n"},
		{510, "R: D/[9-0]\r\n"},
		{510, "R: L/hd(E(X(L/hu)))\r\n"},
		{510, "R: L/hd(E(R(L/hu),R(L/hf)))\r\n"},
		{510, "R: L/hd(E())\r\n"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		unsigned code = refusal(rows[i].lines);
		if (code != rows[i].code)
			fail_msg("%u instead of %u: %s", code, rows[i].code, rows[i].lines);
	}
	char many[700] = "R: ";
	for (int i = 0; i < 65; i++)
		strncat(many, "L/hu,", sizeof many - strlen(many) - 1);
	strncat(many, "L/hu\r\n", sizeof many - strlen(many) - 1);
	assert_int_equal(refusal(many), 502);
}

static void identifiers_are_checked(void **state)
{
	static const struct {
		const char *id;
		unsigned code;
	} rows[] = {{"0", 0}, {"0123456789abcdef0123456789ABCDEF", 0}, {"0123456789abcdef0123456789ABCDEF0", 510}, {"", 510}, {"1 2", 510}, {"1/2", 510}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char text[256];
		struct mgcp_msg m;
		struct mgcp_rqnt *r = NULL;
		const char *why;
		unsigned code;
		snprintf(text, sizeof text, "RQNT 1 aaln/1@mg MGCP 1.0\r\nX: %s\r\n", rows[i].id);
		struct slice s = slice_str(text);
		assert_int_equal(mgcp_parse(&m, &s, &code), 0);
		assert_int_equal(mgcp_rqnt_parse(&r, &m, line, SLICE_NONE, &why), rows[i].code);
		mem_deref(r);
	}
}

static void the_current_connection_stays_that_one(void **state)
{
	char text[128];
	struct buf out = buf_fixed(text, sizeof text);
	struct mgcp_rqnt *r = NULL;
	assert_int_equal(read_lines(&r, "R: R/rto@$(N)(30)\r\nS: G/rt@$\r\n", SLICE("1f2e")), 0);
	mgcp_requested_write(&out, r->script->events, r->script->n_events, true);
	buf_char(&out, ' ');
	mgcp_signals_write(&out, r->script->signals, r->script->n_signals);
	assert_string_equal(buf_z(&out), "R/rto@1f2e(N)(30) G/rt@1f2e");
	mem_deref(r);
}

static void quarantine_handling_has_its_defaults(void **state)
{
	static const struct {
		const char *lines, *want;
	} rows[] = {{"", "step,process"}, {"Q: loop\r\n", "loop,process"}, {"Q: process\r\n", "step,process"}, {"Q: loop, Discard\r\n", "loop,discard"}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char text[32];
		struct buf out = buf_fixed(text, sizeof text);
		struct mgcp_rqnt *r = request(rows[i].lines);
		mgcp_quarantine_write(&out, r);
		assert_string_equal(buf_z(&out), rows[i].want);
		assert_false(r->detects);
		mem_deref(r);
	}
}

static void events_to_be_quarantined_are_read(void **state)
{
	char text[64];
	struct buf out = buf_fixed(text, sizeof text);
	struct mgcp_rqnt *r = request("T: L/hu, D/[0-9*]\r\n");
	assert_true(r->detects);
	mgcp_requested_write(&out, r->detect, r->n_detect, false);
	assert_string_equal(buf_z(&out), "L/hu,D/[0-9*]");
	mem_deref(r);
	r = request("T: \r\n");
	assert_true(r->detects);
	assert_int_equal(r->n_detect, 0);
	mem_deref(r);
}

static bool matches(const char *requested, const char *event, struct slice connection)
{
	char lines[64];
	snprintf(lines, sizeof lines, "R: %s\r\n", requested);
	struct mgcp_rqnt *r = request(lines);
	const struct mgcp_package *p = NULL;
	const struct mgcp_event_type *t = NULL;
	assert_int_equal(mgcp_event_lookup(line, slice_str(event), &p, &t), 0);
	bool yes = mgcp_requested_matches(&r->script->events[0], p, t, connection);
	mem_deref(r);
	return yes;
}

static void groups_stand_for_their_events(void **state)
{
	assert_true(matches("D/[0-9#T]", "D/5", SLICE_NONE));
	assert_true(matches("D/[0-9#T]", "D/t", SLICE_NONE));
	assert_false(matches("D/[0-9#T]", "D/*", SLICE_NONE));
	assert_true(matches("D/x", "D/0", SLICE_NONE));
	assert_false(matches("D/x", "D/dd", SLICE_NONE));
	assert_true(matches("*/oc", "L/oc", SLICE_NONE));
	assert_true(matches("*/oc", "G/oc", SLICE_NONE));
	assert_false(matches("L/oc", "G/oc", SLICE_NONE));
	assert_true(matches("L/all", "L/hf", SLICE_NONE));
	assert_false(matches("L/all", "D/1", SLICE_NONE));
	assert_true(matches("*/all", "D/1", SLICE_NONE));
	assert_true(matches("R/qa@*", "R/qa", SLICE("1f")));
	assert_true(matches("R/qa", "R/qa", SLICE("1f")));
	assert_true(matches("R/qa@1F", "R/qa", SLICE("1f")));
	assert_false(matches("R/qa@2f", "R/qa", SLICE("1f")));
	assert_false(matches("R/qa@*", "R/qa", SLICE_NONE));
}

/* What a call agent makes of O:, one event after the other. */
static void assert_observed(const char *list, const char *want)
{
	char text[256];
	struct buf out = buf_fixed(text, sizeof text);
	struct mgcp_observed o;
	int err;
	mgcp_observed_start(&o, line, slice_str(list));
	while ((err = mgcp_observed_next(&o)) && err != -EBADMSG) {
		if (err == 1)
			mgcp_event_write(&out, o.package, o.type, o.connection, o.params);
		buf_str(&out, err == 1 ? " " : "? ");
	}
	buf_str(&out, err ? "!" : "");
	assert_string_equal(buf_z(&out), want);
}

static void observed_events_are_read_one_by_one(void **state)
{
	assert_observed("L/hu", "L/hu ");
	assert_observed("D/8295T", "D/8 D/2 D/9 D/5 D/T ");
	assert_observed("D/8,D/2,L/hf,D/T", "D/8 D/2 L/hf D/T ");
	assert_observed("L/hf, hf, L/hu", "L/hf L/hf L/hu ");
	assert_observed("R/rto@364823(120),L/oc(L/rg)", "R/rto@364823(120) L/oc(L/rg) ");
	assert_observed("L/hu,V/other,L/nothing,L/12,L/hd", "L/hu ? ? ? ? L/hd ");
	assert_observed("", "");
	assert_observed("L/hu(", "!");
	assert_observed("R/qa@1)", "!");
}

static void packages_are_listed_with_the_default_first(void **state)
{
	char text[64];
	struct buf out = buf_fixed(text, sizeof text);
	mgcp_packages_write(&out, line);
	assert_string_equal(buf_z(&out), "L:1,D:1,G:1,R:1,B:0");
}

static void try(void *arg)
{
	struct mgcp_rqnt *r = NULL;
	unsigned code = read_lines(&r, "R: L/hd(E(R(D/[0-9](D)),S(L/dl),D(x.T)))\r\nS: L/rg\r\nT: L/hu\r\nD: (1|2)\r\n", SLICE("1f"));
	assert_true(!code || code == 403);
	mem_deref(r);
	mem_deref(mgcp_rqnt_none());
}

static void without_memory_nothing_is_kept(void **state)
{
	each_allocation_fails(try, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_are_read_and_written_back),
		cmocka_unit_test(signals_are_read_and_written_back),
		cmocka_unit_test(signals_have_the_time_out_and_state_that_is_asked_for),
		cmocka_unit_test(actions_go_together_as_the_table_says),
		cmocka_unit_test(each_mistake_has_its_code),
		cmocka_unit_test(identifiers_are_checked),
		cmocka_unit_test(the_current_connection_stays_that_one),
		cmocka_unit_test(quarantine_handling_has_its_defaults),
		cmocka_unit_test(events_to_be_quarantined_are_read),
		cmocka_unit_test(groups_stand_for_their_events),
		cmocka_unit_test(observed_events_are_read_one_by_one),
		cmocka_unit_test(packages_are_listed_with_the_default_first),
		cmocka_unit_test(without_memory_nothing_is_kept),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

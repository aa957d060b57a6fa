// SPDX-License-Identifier: GPL-3.0-or-later
/* Lines to exchanges and E&M trunks driven by MGCP: RFC 3064 5, what endpoints are asked for and what the other party is told, in order. Each request is read
 * by a gateway's parser. */
#include "mgcp_lines.h"

static const char text[] =
	"address inside {\n local = {\"127.0.0.1\"}\n}\n"
	"line office {\n endpoint = \"aaln/1\"\n kind = fxo\n hotline = \"2001\"\n}\n"
	"line city {\n endpoint = \"aaln/2\"\n kind = fxo\n answer = after\n answer-after = 3s\n digit-map = \"xxx\"\n}\n"
	"line other {\n endpoint = \"aaln/4\"\n kind = fxo\n answer = dialled\n}\n"
	"line tie {\n endpoint = \"ds/1\"\n kind = em-mf\n}\n"
	"line dtmf {\n endpoint = \"ds/2\"\n kind = em\n dial-tone = yes\n}\n"
	"line feature {\n endpoint = \"ds/3\"\n kind = fgd\n}\n"
	"line help {\n endpoint = \"ds/4\"\n kind = operator\n}\n"
	"line desk {\n endpoint = \"aaln/3\"\n}\n"
	"route desk {\n called = \"2001\"\n to = \"desk\"\n}\n";

static int setup(void **state)
{
	static const char *const names[] = {"aaln/1", "aaln/2", "ds/1", "ds/2", "ds/3", "ds/4", "aaln/3", "aaln/4"};
	lines_open(text);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		serve(names[i], MGCP_SERVICE_IN, true);
		all_answered(names[i]);
	}
	assert_non_null(strstr(said, "aaln/1: R DO/ci(A),DO/rg(N)\naaln/2: R DO/ci(A),DO/rg(N)\nds/1: R MS/sup(N)\nds/2: R DT/sup(N)\nds/3: R MD/sup(N)\nds/4: R MO/rlc(N)\n"));
	said[0] = '\0';
	return 0;
}

static int teardown(void **state)
{
	return lines_close();
}

/* A call to a line, up to the number on its way. */
static void out(const char *line, const char *number, const char *asked)
{
	call_line(line, number);
	assert_non_null(strstr(said, asked));
	said[0] = '\0';
}

/* Who is called has hung up, or the caller has: the line is free again. */
static void gone(const char *endpoint, const char *release, const char *freed)
{
	char want[64];
	snprintf(want, sizeof(want), " S %s\n", release);
	news(call_on_closed, a, 0, SLICE_NONE);
	gateway_answers();
	assert_non_null(strstr(said, want));
	happens(endpoint, freed);
	assert_over();
}

static void each_signalling_sets_a_call_up(void **state)
{
	static const struct {
		const char *line, *endpoint, *asked, *done, *answer, *release, *freed;
	} rows[] = {
		{"office", "aaln/1", "aaln/1: R DO/oc(N),DO/of(N),DO/rel(N),H/lsa(N) S DO/sup(addr(1,2,3))\n", "DO/oc(DO/sup)", "H/lsa(+)", "DO/hu", "DO/rlc"},
		{"tie", "ds/1", "ds/1: R MS/oc(N),MS/of(N),MS/rel(N),MS/ans(N),MS/sus(N) S MS/sup(addr(k0,1,2,3,s0))\n", "MS/oc(MS/sup)", "MS/ans", "MS/rel", "MS/rlc"},
		{"dtmf", "ds/2", "ds/2: R DT/oc(N),DT/of(N),DT/rel(N),DT/ans(N),DT/sus(N) S DT/sup(addr(1,2,3))\n", "DT/oc(DT/sup)", "DT/ans", "DT/rel", "DT/rlc"},
		{"feature", "ds/3", "S MD/sup(ct(nda),id(k0,0,0,5,5,5,s0),addr(k0,1,2,3,s0))\n", "MD/oc(MD/sup)", "MD/ans", "MD/rel", "MD/rlc"},
		{"help", "ds/4", "S MO/sup(addr(k0,1,2,3,s0),id(k0,0,0,5,5,5,s0))\n", "MO/oc(MO/sup)", "MO/ans", "MO/rel", "MO/rlc"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		out(rows[i].line, "123", rows[i].asked);
		happens(rows[i].endpoint, rows[i].done);
		gateway_answers();
		assert_non_null(strstr(said, "a: progress 183"));
		said[0] = '\0';
		happens(rows[i].endpoint, rows[i].answer);
		clock_test_advance(1);
		gateway_answers();
		assert_non_null(strstr(said, "a: answer 200"));
		news(call_on_confirmed, a, 0, SLICE_NONE);
		said[0] = '\0';
		gone(rows[i].endpoint, rows[i].release, rows[i].freed);
	}
}

static void an_answer_by_the_clock(void **state)
{
	out("city", "123", "aaln/2: R DO/oc(N),DO/of(N),DO/rel(N) S DO/sup(addr(1,2,3))\n");
	happens("aaln/2", "DO/oc(DO/sup)");
	gateway_answers();
	clock_test_advance(2999);
	assert_null(strstr(said, "answer"));
	clock_test_advance(1);
	gateway_answers();
	clock_test_advance(1);
	gateway_answers();
	assert_non_null(strstr(said, "a: answer 200"));
	gone("aaln/2", "DO/hu", "DO/rlc");
}

static void an_answer_when_it_is_dialled(void **state)
{
	out("other", "123", "aaln/4: R DO/oc(N),DO/of(N),DO/rel(N) S DO/sup(addr(1,2,3))\n");
	happens("aaln/4", "DO/oc(DO/sup)");
	gateway_answers();
	clock_test_advance(1);
	gateway_answers();
	assert_non_null(strstr(said, "a: answer 200"));
	gone("aaln/4", "DO/hu", "DO/rlc");
}

static void why_it_failed_is_waited_for(void **state)
{
	static const struct {
		const char *why;
		unsigned status;
	} rows[] = {{"DO/rel(17)", 486}, {"DO/rel(0)", 480}, {"DO/rel(44)", 500}, {NULL, 503}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char want[32];
		out("office", "123", "DO/sup");
		happens("aaln/1", "DO/of(DO/sup)");
		assert_null(strstr(said, "release"));
		if (rows[i].why)
			happens("aaln/1", rows[i].why);
		else
			clock_test_advance(500);
		snprintf(want, sizeof(want), "a: release %u", rows[i].status);
		assert_non_null(strstr(said, want));
		gone("aaln/1", "DO/hu", "DO/rlc");
	}
	/* A request that the gateway does not take. */
	all_answered("aaln/1");
	call_line("office", "123");
	answered("aaln/1", 518);
	assert_non_null(strstr(said, "a: release 503"));
	gone("aaln/1", "DO/hu", "DO/rlc");
}

/* It is seized from there while the gateway makes the connection of a call to there. */
static void a_line_seized_meanwhile(void **state)
{
	gateway_slow_from = conns_made + 3;
	call_line("tie", "123");
	happens("ds/1", "MS/sup");
	gateway_slow_from = 0;
	gateway_answers();
	assert_non_null(strstr(said, "a: release 503\n"));
	news(call_on_closed, a, 0, SLICE_NONE);
	happens("ds/1", "MS/rel(0)");
	happens("ds/1", "MS/rlc");
	assert_over();
}

static void a_line_in_use_is_no_line(void **state)
{
	struct call *first;
	struct leg *who;
	out("office", "123", "DO/sup");
	first = call;
	who = a;
	call_line("office", "124");
	clock_test_advance(1);
	assert_non_null(strstr(said, "a: release 503"));
	news(call_on_closed, a, 0, SLICE_NONE);
	call = first;
	a = who;
	gone("aaln/1", "DO/hu", "DO/rlc");
	/* An endpoint that never says that it is free is taken for that in the end. */
	out("office", "123", "DO/sup");
	news(call_on_closed, a, 487, SLICE_NONE);
	gateway_answers();
	said[0] = '\0';
	clock_test_advance(10000);
	assert_said("aaln/1: R DO/ci(A),DO/rg(N)\n");
	assert_over();
}

/* The telephone at aaln/3 answers. */
static void desk_answers(void)
{
	gateway_answers();
	all_answered("aaln/3");
	happens("aaln/3", "L/hd");
	gateway_answers();
	clock_test_advance(1);
	gateway_answers();
	clock_test_advance(1);
}

static void it_rings_and_is_answered_when_somebody_answers(void **state)
{
	happens("aaln/1", "DO/ci(09/14/17/26,\"5551212\",\"John Doe\"),DO/rg");
	assert_said("aaln/1: R DO/rel(N)\ngw: crcx 1 at aaln/1 recvonly\n");
	gateway_answers();
	assert_non_null(strstr(said, ",\"5551212\",\"John Doe\")"));
	said[0] = '\0';
	desk_answers();
	assert_non_null(strstr(said, "aaln/1: R DO/rel(N) S DO/hd\n"));
	said[0] = '\0';
	happens("aaln/1", "DO/rel(0)");
	assert_non_null(strstr(said, "aaln/1: R DO/rlc(N) S DO/hu\n"));
	happens("aaln/1", "DO/rlc");
	happens("aaln/3", "L/hu");
	assert_over();
	/* What cannot be made rings on, unanswered, until they give up. */
	happens("aaln/3", "L/hd");
	gateway_answers();
	happens("aaln/1", "DO/rg");
	said[0] = '\0';
	gateway_answers();
	all_answered("aaln/1");
	assert_null(strstr(said, "DO/hd"));
	happens("aaln/1", "DO/rel(0)");
	happens("aaln/1", "DO/rlc");
	happens("aaln/3", "L/hu");
	assert_over();
}

static void two_stages(void **state)
{
	happens("aaln/2", "DO/rg");
	assert_said("aaln/2: R D/[0-9*#T](D),DO/rel(N) S DO/hd,H/dl D xxx\n");
	happens("aaln/2", "D/9,D/9,D/9");
	gateway_answers();
	assert_non_null(strstr(said, "S H/ro\n"));
	said[0] = '\0';
	/* They do not hang up: we do. */
	clock_test_advance(30000);
	assert_said("aaln/2: R DO/rlc(N) S DO/hu\n");
	happens("aaln/2", "DO/rlc");
	happens("aaln/2", "DO/rg");
	said[0] = '\0';
	happens("aaln/2", "D/T");
	assert_said("aaln/2: R DO/rel(N) S H/ro\n");
	happens("aaln/2", "DO/rel(0)");
	happens("aaln/2", "DO/rlc");
	assert_over();
}

static void digits_by_mf_and_by_tones(void **state)
{
	happens("ds/1", "MS/sup");
	assert_said("ds/1: R MS/inf(N),MS/rel(N)\n");
	happens("ds/1", "MS/inf(k0,9,9,9,s0)");
	gateway_answers();
	assert_non_null(strstr(said, "S MS/ro\n"));
	happens("ds/1", "MS/rel(0)");
	assert_non_null(strstr(said, "S MS/rlc\n"));
	happens("ds/1", "MS/rlc");
	said[0] = '\0';
	happens("ds/2", "DT/sup");
	assert_said("ds/2: R D/[0-9*#T](D),DT/rel(N) S DT/dl D [0-9*#].T\n");
	happens("ds/2", "DT/rel(0)");
	happens("ds/2", "DT/rlc");
	/* Who calls, then who is called. */
	happens("ds/3", "MD/sup");
	happens("ds/3", "MD/inf(k0,0,0,5,5,5,s0)");
	said[0] = '\0';
	happens("ds/3", "MD/inf(k0,2,0,0,1,s0)");
	gateway_answers();
	assert_non_null(strstr(said, "aaln/3: R L/hd(N) S L/rg,L/ci("));
	assert_non_null(strstr(said, ",\"555\",\"O\")"));
	said[0] = '\0';
	desk_answers();
	assert_non_null(strstr(said, "S MD/ans\n"));
	happens("ds/3", "MD/rel(0)");
	happens("ds/3", "MD/rlc");
	happens("aaln/3", "L/hu");
	assert_over();
}

/* RFC 3960 3.2, towards a trunk: who calls over it hears that it rings, unless nobody is there to hear, or the gateway has no such tone. */
static void who_calls_hears_that_it_rings(void **state)
{
	for (int refused = 0; refused < 2; refused++) {
		happens("ds/1", "MS/sup");
		happens("ds/1", "MS/inf(k0,2,0,0,1,s0)");
		gateway_answers();
		all_answered("ds/1");
		said[0] = '\0';
		all_answered("aaln/3"); /* the telephone rings */
		assert_said("ds/1: R MS/rel(N),MS/sus(N),MS/res(N) S MS/rt\n");
		if (refused) {
			answered("ds/1", 513);
			assert_said("ds/1: R MS/rel(N),MS/sus(N),MS/res(N)\n");
		}
		desk_answers();
		assert_non_null(strstr(said, "ds/1: R MS/rel(N),MS/sus(N),MS/res(N) S MS/ans\n"));
		happens("ds/1", "MS/rel(0)");
		happens("ds/1", "MS/rlc");
		happens("aaln/3", "L/hu");
		assert_over();
	}
	/* By an exchange's line who calls hears the exchange until we answer, as when the number is dialled in two stages. */
	happens("aaln/1", "DO/rg");
	gateway_answers();
	all_answered("aaln/1");
	said[0] = '\0';
	all_answered("aaln/3");
	assert_said("");
	happens("aaln/1", "DO/rel(0)");
	happens("aaln/1", "DO/rlc");
	assert_over();
	happens("aaln/2", "DO/rg");
	happens("aaln/2", "D/2,D/0,D/0,D/1");
	gateway_answers();
	all_answered("aaln/2");
	said[0] = '\0';
	all_answered("aaln/3");
	assert_said("aaln/2: R DO/rel(N) S G/rt\n");
	happens("aaln/2", "DO/rel(0)");
	happens("aaln/2", "DO/rlc");
	assert_over();
}

static void who_was_called_may_come_back(void **state)
{
	for (int comes_back = 0; comes_back < 2; comes_back++) {
		out("tie", "123", "MS/sup");
		happens("ds/1", "MS/oc(MS/sup)");
		happens("ds/1", "MS/ans");
		clock_test_advance(1);
		gateway_answers();
		news(call_on_confirmed, a, 0, SLICE_NONE);
		happens("ds/1", "MS/sus");
		said[0] = '\0';
		if (comes_back)
			happens("ds/1", "MS/res");
		clock_test_advance(10000);
		assert_int_equal(strstr(said, "a: release") != NULL, !comes_back);
		gone("ds/1", "MS/rel", "MS/rlc");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(each_signalling_sets_a_call_up),
		T(an_answer_by_the_clock),
		T(an_answer_when_it_is_dialled),
		T(why_it_failed_is_waited_for),
		T(a_line_seized_meanwhile),
		T(a_line_in_use_is_no_line),
		T(it_rings_and_is_answered_when_somebody_answers),
		T(two_stages),
		T(digits_by_mf_and_by_tones),
		T(who_calls_hears_that_it_rings),
		T(who_was_called_may_come_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

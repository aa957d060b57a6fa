// SPDX-License-Identifier: GPL-3.0-or-later
/* A telephone, by package L (RFC 3660 2.4) and D (2.2), and a telephone system by BL (RFC 3064 2.3). */
#include "circuit_bench.h"

static void a_number_is_dialled(void **state)
{
	(void)state;
	assert_int_equal(bench_open(TDM_FXOKS, NULL, false), 0);
	assert_string_equal(event_states(), "L/hu");
	assert_int_equal(ask("R: L/hd(N,E(S(L/dl),R(L/hu(N),D/[0-9#T](D)),D(1xx)))"), 200);
	line(TDM_EV_OFFHOOK);
	expect("off hook; used from there; plays 350+440; NTFY L/hd");
	assert_int_equal(bench.listening, LISTEN_DTMF);
	assert_string_equal(event_states(), "L/hd");
	digits("1");
	expect("plays no more");
	digits("23");
	expect("NTFY D/1,D/2,D/3");
	line(TDM_EV_ONHOOK);
	expect("on hook; free; NTFY L/hu");
	assert_int_equal(bench.listening, 0);
	bench_close();
}

static void pulses_are_digits(void **state)
{
	(void)state;
	assert_int_equal(bench_open(TDM_FXOLS, NULL, true), 0);
	expect("off hook; used from there");
	assert_int_equal(ask("S: L/dl\r\nR: L/hu(N),D/[0-9](D)\r\nD: 4x"), 200);
	pulse('4');
	pulse('7');
	expect("plays 350+440; plays no more; NTFY D/4,D/7");
	bench_close();
}

static void a_call_rings_and_says_who_calls(void **state)
{
	(void)state;
	assert_int_equal(bench_open(TDM_FXOKS, NULL, false), 0);
	assert_int_equal(ask("S: L/rg,L/ci(09/14/17/26,\"555 1212\",\"John Doe\")\r\nR: L/hd(N),L/oc(N)"), 200);
	expect("used from here; cadence 2000/4000; ring");
	line(TDM_EV_RINGER_OFF);
	after(599);
	expect("");
	after(1);
	expect("tells bell 5551212 John Doe");
	played();
	line(TDM_EV_RINGER_ON);
	line(TDM_EV_RINGER_OFF); /* it is told once */
	after(1000);
	expect("");
	line(TDM_EV_OFFHOOK);
	expect("off hook; NTFY L/hd");
	bench_close();
}

static void a_caller_is_told_by_v23(void **state)
{
	(void)state;
	struct circuit_settings s = circuit_defaults;
	s.caller_id = TELLS_V23;
	assert_int_equal(bench_open(TDM_FXOKS, &s, false), 0);
	assert_int_equal(ask("S: L/rg,L/ci(09/14/17/26,2079460000,Doe)\r\nR: L/hd(N)"), 200);
	bench.did.len = 0;
	line(TDM_EV_RINGER_OFF);
	after(600);
	expect("tells v23 2079460000 Doe");
	bench_close();
}

static void a_caller_who_withholds_the_number(void **state)
{
	(void)state;
	assert_int_equal(bench_open(TDM_FXOKS, NULL, false), 0);
	assert_int_equal(ask("S: L/rg,L/ci(09/14/17/26,P,O)\r\nR: L/hd(N)"), 200);
	bench.did.len = 0;
	line(TDM_EV_RINGER_OFF);
	after(600);
	expect("tells bell private");
	bench_close();
}

/* As in Denmark or Brazil: before the first ring. */
static void a_caller_is_told_in_dtmf(void **state)
{
	(void)state;
	struct circuit_settings s = circuit_defaults;
	s.caller_id = TELLS_DTMF;
	assert_int_equal(bench_open(TDM_FXOKS, &s, false), 0);
	assert_int_equal(ask("S: L/ci(09/14/17/26,5551212,Doe),L/rg\r\nR: L/hd(N)"), 200);
	expect("used from here; cadence 2000/4000; reversed");
	after(250);
	expect("DTMF A5551212C");
	assert_true(bench.voice_on_hook);
	played();
	expect("normal; ring");
	/* Who is faster than that has a line as any. */
	assert_int_equal(ask("R: L/hd(N)"), 200);
	assert_int_equal(ask("S: L/ci(09/14/17/26,5551212,Doe),L/rg\r\nR: L/hd(N)"), 200);
	bench.did.len = 0;
	line(TDM_EV_OFFHOOK);
	expect("normal; off hook; NTFY L/hd");
	bench_close();
}

static void rings_are_counted(void **state)
{
	(void)state;
	assert_int_equal(bench_open(TDM_FXOKS, NULL, false), 0);
	assert_int_equal(ask("S: L/rg(rep=0)"), 538);
	assert_int_equal(ask("S: L/r3(rep=2)\r\nR: L/oc(N)"), 200);
	expect("used from here; cadence 400/200/400/200/800/4000; ring");
	for (int i = 0; i < 5; i++)
		line(TDM_EV_RINGER_OFF);
	expect("");
	line(TDM_EV_RINGER_OFF);
	expect("ring off; free; NTFY L/oc(L/r3)");
	bench_close();
}

/* GR-506 14. */
static void each_distinctive_ring_has_its_cadence(void **state)
{
	(void)state;
	static const struct {
		const char *signal, *cadence;
	} rows[] = {{"r0", "2000/4000"}, {"r1", "2000/4000"}, {"r2", "800/400/800/4000"}, {"r3", "400/200/400/200/800/4000"}, {"r4", "300/200/1000/200/300/4000"},
		    {"r5", "500/60000"}, {"r6", "2000/4000"}, {"r7", "2000/4000"}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char lines[64], want[128];
		assert_int_equal(bench_open(TDM_FXOKS, NULL, false), 0);
		snprintf(lines, sizeof lines, "S: L/%s\r\nR: L/hd(N)", rows[i].signal);
		snprintf(want, sizeof want, "used from here; cadence %s; ring", rows[i].cadence);
		assert_int_equal(ask(lines), 200);
		expect(want);
		bench_close();
	}
}

static void ringing_ends_when_it_is_not_asked_for_any_more(void **state)
{
	(void)state;
	struct circuit_settings s = circuit_defaults;
	memcpy(s.country, "gb", 3);
	assert_int_equal(bench_open(TDM_FXOKS, &s, false), 0);
	assert_int_equal(ask("S: L/rg(to=5000)\r\nR: L/hd(N)"), 200);
	expect("used from here; cadence 400/200/400/2000; ring");
	assert_int_equal(ask("R: L/hd(N)"), 200);
	expect("ring off; free");
	assert_int_equal(ask("S: L/rs\r\nR: L/hd(N)"), 200);
	expect("used from here; cadence 500/60000; ring");
	line(TDM_EV_RINGER_OFF);
	expect("ring off; free");
	bench_close();
}

static void what_the_hook_forbids(void **state)
{
	(void)state;
	assert_int_equal(bench_open(TDM_FXOKS, NULL, false), 0);
	assert_int_equal(ask("S: L/dl"), 402);
	assert_int_equal(ask("R: L/hu(N)"), 402);
	assert_int_equal(ask("S: D/5"), 402);
	line(TDM_EV_OFFHOOK);
	assert_int_equal(ask("S: L/rg"), 401);
	assert_int_equal(ask("R: L/hd(N)"), 401);
	assert_int_equal(ask("S: L/adsi(x)"), 513);
	assert_int_equal(ask("R: L/aw(N)"), 512);
	assert_int_equal(ask("S: DO/hd"), 518);
	assert_int_equal(ask("S: L/sit(9)"), 538);
	bench_close();
}

static void flashes_are_told_or_carried(void **state)
{
	(void)state;
	assert_int_equal(bench_open(TDM_FXOKS, NULL, true), 0);
	assert_int_equal(ask("R: L/hf(N),L/hu(N)"), 200);
	bench.did.len = 0;
	line(TDM_EV_WINK_FLASH);
	expect("NTFY L/hf");
	assert_int_equal(ask("R: L/hu(N)"), 200);
	line(TDM_EV_WINK_FLASH);
	expect("flash to the peer");
	bench_close();
}

static void tones_in_a_call(void **state)
{
	(void)state;
	static const struct {
		const char *signal, *heard;
	} rows[] = {
		{"L/bz", "plays 480+620"}, {"L/ro", "plays 480+620"}, {"L/ot", "plays 1400+2060+2450+2600"}, {"G/rt", "plays 440+480"}, {"G/cg", "plays 480+620"},
		{"L/sl(del=1500)", "plays 350+440"}, {"L/mwi", "plays 350+440"}, {"L/sit(5)", "plays 914"}, {"L/wt", "plays 440 beside"},
		{"L/wt3", "plays 440 beside"}, {"SST/nu", "plays 480+620"}, {"L/p", "plays 400"},
	};
	assert_int_equal(bench_open(TDM_FXOKS, NULL, true), 0);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char lines[64];
		assert_int_equal(ask("R: L/hu(N)"), 200);
		bench.playing = false;
		bench.did.len = 0;
		snprintf(lines, sizeof lines, "S: %s\r\nR: L/hu(N)", rows[i].signal);
		assert_int_equal(ask(lines), 200);
		expect(rows[i].heard);
	}
	bench_close();
}

static void digits_as_signals(void **state)
{
	(void)state;
	assert_int_equal(bench_open(TDM_FXOKS, NULL, true), 0);
	bench.did.len = 0;
	assert_int_equal(ask("S: D/5,D/#\r\nR: L/hu(N)"), 200);
	expect("DTMF 5");
	played();
	expect("DTMF #");
	played();
	expect("");
	/* For as long as they are on. */
	assert_int_equal(ask("S: D/dd(dg=5,to=2500)\r\nR: D/oc(N)"), 200);
	expect("plays 770+1336");
	after(2500);
	expect("plays no more; NTFY D/oc(D/dd)");
	assert_int_equal(ask("S: D/do(dg=#,+)\r\nR: D/oc(N)"), 200);
	assert_int_equal(ask("S: D/do(dg=#,-)\r\nR: D/oc(N)"), 200);
	expect("plays 941+1477; plays no more");
	assert_int_equal(ask("S: D/do(+)"), 538);
	bench_close();
}

static void how_long_a_digit_lasts(void **state)
{
	(void)state;
	assert_int_equal(bench_open(TDM_FXOKS, NULL, true), 0);
	assert_int_equal(ask("R: D/[0-9](N),D/l(N),D/dd(N)(dg=7,to=500)"), 200);
	bench.did.len = 0;
	circuit_heard(bench.circuit, &(struct heard){.kind = HEARD_DIGIT, .digit = '7'});
	settle();
	expect("NTFY D/7");
	after(500);
	expect("NTFY D/dd(dg=7,to=500)");
	after(1500);
	expect("NTFY D/l");
	assert_int_equal(ask("R: D/dd(N)"), 200);
	circuit_heard(bench.circuit, &(struct heard){.kind = HEARD_DIGIT});
	settle();
	expect("NTFY D/dd(dg=7,to=2000)");
	bench_close();
}

/* GR-30: call waiting tone, an alerting signal, the telephone's answer, the number. */
static void who_waits_is_told_in_the_call(void **state)
{
	(void)state;
	assert_int_equal(bench_open(TDM_FXOKS, NULL, true), 0);
	bench.did.len = 0;
	assert_int_equal(ask("S: L/wt,L/ci(09/14/17/26,5551212,Doe)\r\nR: L/hf(N),D/x(N)"), 200);
	expect("plays 440 beside");
	after(500);
	expect("plays 2130+2750");
	played();
	digits("D");
	expect("tells bell 5551212 Doe in the call");
	played();
	expect("");
	/* One that does not answer is left alone. */
	assert_int_equal(ask("S: L/ci(09/14/17/26,5551212,Doe)\r\nR: L/hf(N)"), 200);
	after(500);
	bench.did.len = 0;
	played();
	after(300);
	digits("D");
	expect("");
	bench_close();
}

static void what_the_exchange_does_to_the_loop(void **state)
{
	(void)state;
	assert_int_equal(bench_open(TDM_FXOKS, NULL, true), 0);
	bench.did.len = 0;
	assert_int_equal(ask("S: L/lsa(+)\r\nR: L/hu(N)"), 200);
	assert_int_equal(ask("S: L/osi\r\nR: L/hu(N)"), 200);
	expect("reversed; on hook");
	after(900);
	expect("off hook");
	assert_int_equal(ask("S: L/lsa(-)\r\nR: L/hu(N)"), 200);
	expect("normal");
	bench_close();
}

/* RFC 3660 2.4: while the line is busy the lamp waits. */
static void the_lamp_waits_for_the_line(void **state)
{
	(void)state;
	assert_int_equal(bench_open(TDM_FXOKS, NULL, false), 0);
	assert_int_equal(ask("S: L/vmwi(+)"), 200);
	expect("lamp 1; tells bell of messages");
	played();
	line(TDM_EV_OFFHOOK);
	assert_int_equal(ask("S: L/vmwi(-)"), 200);
	expect("off hook; used from there");
	line(TDM_EV_ONHOOK);
	expect("on hook; free");
	after(1000);
	expect("lamp 0; tells bell of no messages");
	/* A call does not wait for it: it is told again when that is over. */
	assert_int_equal(ask("S: L/rg,L/ci(09/14/17/26,5551212,Doe)\r\nR: L/hd(N)"), 200);
	expect("used from here; cadence 2000/4000; ring");
	line(TDM_EV_RINGER_OFF);
	after(600);
	expect("tells bell 5551212 Doe");
	played();
	line(TDM_EV_OFFHOOK);
	line(TDM_EV_ONHOOK);
	bench.did.len = 0;
	after(1000);
	expect("lamp 0; tells bell of no messages");
	played();
	bench_close();
}

static void a_line_that_is_locked_is_dead(void **state)
{
	(void)state;
	assert_int_equal(bench_open(TDM_FXOKS, NULL, false), 0);
	bench.refuses = true;
	assert_int_equal(ask("R: L/hd(N),L/of(N)\r\nS: L/rg"), 200);
	expect("NTFY L/of(L/rg)");
	line(TDM_EV_OFFHOOK);
	line(TDM_EV_WINK_FLASH);
	line(TDM_EV_ONHOOK);
	expect("off hook; on hook");
	bench_close();
}

/* Its events are persistent: nobody has to ask for them. */
static void a_telephone_system(void **state)
{
	(void)state;
	struct circuit_settings s = circuit_defaults;
	s.pbx = true;
	assert_int_equal(bench_open(TDM_FXOLS, &s, false), 0);
	assert_int_equal(ask("R: BL/oc(N)"), 200);
	line(TDM_EV_OFFHOOK);
	line(TDM_EV_WINK_FLASH);
	line(TDM_EV_ONHOOK);
	expect("off hook; used from there; NTFY BL/hd; NTFY BL/hf; on hook; free; NTFY BL/hu");
	assert_int_equal(ask("S: BL/rg\r\nR: BL/oc(N)"), 200);
	expect("used from here; cadence 2000/4000; ring");
	assert_int_equal(ask("S: BL/rel"), 200);
	expect("ring off; free; on hook");
	bench_close();
}

/* RFC 3435 2.1.7: brief signals follow one another. One that is cut off does not keep those behind it waiting. */
static void what_was_cut_off_keeps_nothing_waiting(void **state)
{
	(void)state;
	assert_int_equal(bench_open(TDM_FXOKS, NULL, true), 0);
	assert_int_equal(ask("S: L/ci(09/14/17/26,5551212,Doe)\r\nR: L/hu(N)"), 200);
	line(TDM_EV_ONHOOK);
	after(1);
	assert_int_equal(ask("S: L/rs"), 200);
	bench.did.len = 0;
	line(TDM_EV_OFFHOOK); /* before the splash is over */
	after(1);
	assert_int_equal(ask("S: D/5"), 200);
	expect("off hook; DTMF 5");
	assert_int_equal(ask("S: L/dl"), 200);
	after(1);
	assert_int_equal(ask("S: D/6"), 200);
	expect("plays 350+440; plays no more; DTMF 6");
	line(TDM_EV_ONHOOK);
	line(TDM_EV_OFFHOOK);
	after(1);
	bench.did.len = 0;
	assert_int_equal(ask("S: D/7"), 200);
	expect("DTMF 7");
	bench_close();
}

static void a_telephone_that_cannot_be_rung_is_free(void **state)
{
	(void)state;
	assert_int_equal(bench_open(TDM_FXOKS, NULL, false), 0);
	bench.hook_err = -EBUSY;
	assert_int_equal(ask("S: L/rg\r\nR: L/of(N)"), 200);
	expect("used from here; cadence 2000/4000; ring; free; NTFY L/of(L/rg)");
	assert_string_equal(circuit_state(bench.circuit), "");
	bench_close();
}

static void a_call_goes_on_after_a_kill(void **state)
{
	(void)state;
	assert_int_equal(bench_open(TDM_FXOKS, NULL, true), 0);
	circuit_restore(bench.circuit, SLICE("off-hook"));
	bench.did.len = 0;
	assert_int_equal(ask("R: L/hu(N)"), 200);
	line(TDM_EV_ONHOOK);
	expect("on hook; free; NTFY L/hu");
	bench_close();
	/* Hung up meanwhile. */
	assert_int_equal(bench_open(TDM_FXOKS, NULL, false), 0);
	circuit_restore(bench.circuit, SLICE("off-hook"));
	assert_string_equal(circuit_state(bench.circuit), "");
	expect("used from here; free");
	bench_close();
}

/* Its caller may have been about to be told. */
static void nothing_is_left_reversed_after_a_kill(void **state)
{
	(void)state;
	struct circuit_settings s = circuit_defaults;
	s.caller_id = TELLS_DTMF;
	assert_int_equal(bench_open(TDM_FXOKS, &s, false), 0);
	circuit_restore(bench.circuit, SLICE("ringing"));
	assert_string_equal(circuit_state(bench.circuit), "");
	expect("used from here; ring off; normal; free");
	bench_close();
}

static void lifecycle(void *arg)
{
	(void)arg;
	if (!bench_open(TDM_FXOKS, NULL, false)) {
		ask("R: L/hd(N,E(S(L/dl),R(L/hu(N),D/[0-9#T](D)),D(1xx)))");
		line(TDM_EV_OFFHOOK);
		digits("123");
		line(TDM_EV_ONHOOK);
	}
	bench_close();
}

static void without_memory(void **state)
{
	(void)state;
	each_allocation_fails(lifecycle, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_number_is_dialled),
		cmocka_unit_test(pulses_are_digits),
		cmocka_unit_test(a_call_rings_and_says_who_calls),
		cmocka_unit_test(a_caller_is_told_by_v23),
		cmocka_unit_test(a_caller_who_withholds_the_number),
		cmocka_unit_test(a_caller_is_told_in_dtmf),
		cmocka_unit_test(rings_are_counted),
		cmocka_unit_test(each_distinctive_ring_has_its_cadence),
		cmocka_unit_test(ringing_ends_when_it_is_not_asked_for_any_more),
		cmocka_unit_test(what_the_hook_forbids),
		cmocka_unit_test(flashes_are_told_or_carried),
		cmocka_unit_test(tones_in_a_call),
		cmocka_unit_test(digits_as_signals),
		cmocka_unit_test(how_long_a_digit_lasts),
		cmocka_unit_test(who_waits_is_told_in_the_call),
		cmocka_unit_test(what_the_exchange_does_to_the_loop),
		cmocka_unit_test(the_lamp_waits_for_the_line),
		cmocka_unit_test(a_line_that_is_locked_is_dead),
		cmocka_unit_test(a_telephone_system),
		cmocka_unit_test(what_was_cut_off_keeps_nothing_waiting),
		cmocka_unit_test(a_telephone_that_cannot_be_rung_is_free),
		cmocka_unit_test(a_call_goes_on_after_a_kill),
		cmocka_unit_test(nothing_is_left_reversed_after_a_kill),
		cmocka_unit_test(without_memory),
	};
	return cmocka_run_group_tests(tests, quiet_logs, NULL);
}

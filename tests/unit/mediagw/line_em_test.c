// SPDX-License-Identifier: GPL-3.0-or-later
/* E&M trunks, by the packages of RFC 3064: MS (2.1), DT (2.2), MD (2.5), MO (2.6). */
#include "circuit_bench.h"

static void opened(enum circuit_address address, bool immediate)
{
	struct circuit_settings s = circuit_defaults;
	s.address = address;
	s.immediate = immediate;
	assert_int_equal(bench_open(TDM_EM, &s, false), 0);
}

/* Table 14, wink start; 5.1.1 for the names. */
static void a_call_from_here_with_mf(void **state)
{
	(void)state;
	opened(ADDRESS_MF, false);
	assert_string_equal(event_states(), "MS/rlc");
	assert_int_equal(ask("S: MS/sup(addr(k0,5,5,5,1,2,3,4,s0))\r\nR: MS/oc(N),MS/of(N)"), 200);
	expect("used from here; off hook");
	line(TDM_EV_WINK_FLASH);
	expect("");
	after(100);
	expect("MF *5551234#");
	played();
	expect("NTFY MS/oc(MS/sup)");
	bench.on_hook = true; /* an event that is none */
	line(TDM_EV_OFFHOOK);
	expect("");
	bench.on_hook = false;
	line(TDM_EV_OFFHOOK);
	expect("NTFY MS/ans");
	line(TDM_EV_ONHOOK);
	expect("NTFY MS/sus");
	line(TDM_EV_OFFHOOK);
	expect("NTFY MS/res");
	assert_int_equal(ask("S: MS/rel"), 200);
	expect("on hook");
	line(TDM_EV_ONHOOK);
	after(500);
	expect("free; NTFY MS/rlc");
	bench_close();
}

/* The gateway winks by itself; who called hangs up. */
static void a_call_from_there_with_mf(void **state)
{
	(void)state;
	opened(ADDRESS_MF, false);
	assert_int_equal(ask("R: MS/inf(N)"), 200);
	line(TDM_EV_OFFHOOK);
	expect("used from there; NTFY MS/sup; wink");
	assert_string_equal(event_states(), "MS/sup");
	assert_int_equal(bench.listening, LISTEN_MF);
	digits("*5551234#");
	expect("NTFY MS/inf(k0,5,5,5,1,2,3,4,s0)");
	assert_int_equal(ask("S: MS/ans"), 200);
	expect("off hook");
	line(TDM_EV_ONHOOK);
	expect("NTFY MS/rel(0)");
	assert_int_equal(ask("S: MS/rlc"), 200);
	expect("on hook");
	after(500);
	expect("free; NTFY MS/rlc");
	bench_close();
}

/* RFC 3064 2.7: what came before the digits stopped. */
static void digits_that_stop(void **state)
{
	(void)state;
	opened(ADDRESS_MF, true);
	assert_int_equal(ask("R: MS/inf(N)"), 200);
	line(TDM_EV_OFFHOOK);
	expect("used from there; NTFY MS/sup");
	digits("*555");
	after(5000);
	expect("NTFY MS/inf(k0,5,5,5)");
	bench_close();
}

/* Who stays off hook after that blocks the trunk, until it is on hook again. */
static void blocked_from_there(void **state)
{
	(void)state;
	opened(ADDRESS_MF, false);
	assert_int_equal(ask("R: MS/inf(N),MS/rel(N)"), 200);
	line(TDM_EV_OFFHOOK);
	expect("used from there; NTFY MS/sup; wink");
	assert_int_equal(ask("S: MS/rel"), 200);
	expect("on hook");
	after(9900);
	expect("");
	after(200);
	expect("blocked there");
	line(TDM_EV_ONHOOK);
	expect("not blocked there");
	after(500);
	expect("free; NTFY MS/rlc");
	bench_close();
}

static void no_wink(void **state)
{
	(void)state;
	opened(ADDRESS_MF, false);
	assert_int_equal(ask("S: MS/sup(addr(k0,1,s0))\r\nR: MS/of(N)"), 200);
	after(5000);
	expect("used from here; off hook; on hook; NTFY MS/of(MS/sup); NTFY MS/rel(111)");
	after(500);
	expect("free; NTFY MS/rlc");
	bench_close();
}

/* RFC 3064 4.1. */
static void glare(void **state)
{
	(void)state;
	opened(ADDRESS_MF, false);
	assert_int_equal(ask("S: MS/sup(addr(k0,1,s0))\r\nR: MS/of(N)"), 200);
	line(TDM_EV_OFFHOOK);
	after(3000);
	expect("used from here; off hook");
	line(TDM_EV_ONHOOK); /* it gives way */
	expect("MF *1#");
	bench_close();
	opened(ADDRESS_MF, false);
	assert_int_equal(ask("S: MS/sup(addr(k0,1,s0))\r\nR: MS/of(N)"), 200);
	line(TDM_EV_OFFHOOK);
	bench.did.len = 0;
	after(4000);
	expect("NTFY MS/of(MS/sup); NTFY MS/rel(44)");
	after(15999);
	expect("");
	after(1);
	expect("on hook");
	line(TDM_EV_ONHOOK);
	after(500);
	expect("free; NTFY MS/rlc");
	bench_close();
	/* A call that is there already. */
	opened(ADDRESS_MF, false);
	line(TDM_EV_OFFHOOK);
	bench.did.len = 0;
	assert_int_equal(ask("S: MS/sup(addr(k0,1,s0))\r\nR: MS/of(N)"), 200);
	expect("NTFY MS/of(MS/sup); NTFY MS/rel(44)");
	bench_close();
}

static void tones_and_immediate_start(void **state)
{
	(void)state;
	opened(ADDRESS_TONES, true);
	assert_int_equal(ask("S: DT/sup(addr(1,2,3))\r\nR: DT/oc(N)"), 200);
	after(150);
	expect("used from here; off hook; DTMF 123");
	played();
	expect("NTFY DT/oc(DT/sup)");
	bench_close();
	opened(ADDRESS_TONES, true);
	assert_int_equal(ask("R: D/[0-9](D)\r\nD: 1xx"), 200);
	line(TDM_EV_OFFHOOK);
	expect("used from there; NTFY DT/sup");
	assert_int_equal(ask("S: DT/dl\r\nR: D/[0-9](D)\r\nD: 1xx"), 200);
	digits("123");
	expect("plays 350+440; plays no more; NTFY D/1,D/2,D/3");
	bench_close();
}

static void pulses(void **state)
{
	(void)state;
	opened(ADDRESS_PULSES, false);
	assert_int_equal(ask("S: DT/sup(addr(1,2,3))\r\nR: DT/oc(N)"), 200);
	line(TDM_EV_WINK_FLASH);
	after(100);
	expect("used from here; off hook; pulses 123");
	line(TDM_EV_DIALLED);
	expect("NTFY DT/oc(DT/sup)");
	bench_close();
	opened(ADDRESS_PULSES, false);
	assert_int_equal(ask("R: D/[0-9](D)\r\nD: 1x"), 200);
	line(TDM_EV_OFFHOOK);
	bench.did.len = 0;
	pulse('1');
	pulse('9');
	expect("NTFY D/1,D/9");
	bench_close();
}

/* Table 15: both numbers at one wink, then the acknowledgement. */
static void feature_group_d_to_an_end_office(void **state)
{
	(void)state;
	opened(ADDRESS_FEATURE_D, false);
	assert_int_equal(ask("S: MD/sup(ct(nda),addr(k0,5,5,5,1,2,3,4,s0),id(k0,0,0,9,s0))\r\nR: MD/swk(N),MD/oc(N)"), 200);
	line(TDM_EV_WINK_FLASH);
	expect("used from here; off hook; NTFY MD/swk");
	after(100);
	expect("MF *009#*5551234#");
	played();
	line(TDM_EV_WINK_FLASH);
	expect("NTFY MD/oc(MD/sup); NTFY MD/awk");
	line(TDM_EV_OFFHOOK);
	expect("NTFY MD/ans");
	bench_close();
}

/* With the country's address first, and the number called in a part of its own. */
static void feature_group_d_to_a_tandem(void **state)
{
	(void)state;
	opened(ADDRESS_FEATURE_D, false);
	assert_int_equal(ask("S: MD/sup(ct(nta),ca(k0,1,3,8,s0),id(k0,0,5,s0))\r\nR: MD/oc(N)"), 200);
	line(TDM_EV_WINK_FLASH);
	after(100);
	expect("used from here; off hook; MF *138#");
	played();
	line(TDM_EV_WINK_FLASH);
	after(100);
	expect("MF *05#");
	played();
	expect("NTFY MD/oc(MD/sup)");
	assert_int_equal(ask("S: MD/inf(k0,5,5,5,s0)\r\nR: MD/oc(N)"), 200);
	expect("MF *555#");
	played();
	expect("NTFY MD/oc(MD/inf)");
	bench_close();
	/* Without a second wink. */
	opened(ADDRESS_FEATURE_D, false);
	assert_int_equal(ask("S: MD/sup(ct(nta),ca(k0,1,3,8,s0),id(k0,0,5,s0))\r\nR: MD/oc(N)"), 200);
	line(TDM_EV_WINK_FLASH);
	after(100);
	played();
	bench.did.len = 0;
	after(5000);
	expect("on hook; NTFY MD/rel(111)");
	bench_close();
}

static void feature_group_d_from_there(void **state)
{
	(void)state;
	opened(ADDRESS_FEATURE_D, false);
	assert_int_equal(ask("R: MD/inf(N)"), 200);
	line(TDM_EV_OFFHOOK);
	expect("used from there; NTFY MD/sup; wink");
	digits("*009#*5551234#");
	expect("NTFY MD/inf(k0,0,0,9,s0); NTFY MD/inf(k0,5,5,5,1,2,3,4,s0)");
	assert_int_equal(ask("S: MD/awk"), 200);
	expect("wink");
	bench_close();
}

/* Table 16: the operator is the one who ends the call. */
static void operator_services(void **state)
{
	(void)state;
	opened(ADDRESS_OPERATOR, false);
	assert_int_equal(ask("S: MO/sup(addr(k0,9,1,1,s0),id(k0,0,5,5,5,s0))\r\nR: MO/oc(N),MO/orbk(N)"), 200);
	line(TDM_EV_WINK_FLASH);
	after(100);
	expect("used from here; off hook; MF *911#");
	line(TDM_EV_OFFHOOK);
	expect("NTFY MO/ans");
	played();
	expect("MF *0555#");
	played();
	expect("NTFY MO/oc(MO/sup)");
	assert_int_equal(ask("S: MO/sus"), 200);
	assert_int_equal(ask("S: MO/res"), 200);
	assert_int_equal(ask("S: MO/rcl"), 200);
	expect("on hook; off hook; flash");
	line(TDM_EV_ONHOOK);
	expect("NTFY MO/rel(0)");
	bench_close();
	/* It makes itself busy. */
	opened(ADDRESS_OPERATOR, false);
	line(TDM_EV_OFFHOOK);
	expect("NTFY MO/rbz");
	bench_close();
}

static void blocking(void **state)
{
	(void)state;
	opened(ADDRESS_MF, false);
	assert_int_equal(ask("S: MS/bl"), 200);
	expect("used from here; off hook");
	assert_int_equal(ask("S: MS/rel"), 200);
	expect("on hook");
	after(500);
	expect("free; NTFY MS/rlc");
	/* The other side's, when it is asked for. */
	assert_int_equal(ask("R: MS/bl(N)"), 200);
	line(TDM_EV_OFFHOOK);
	expect("NTFY MS/bl");
	bench_close();
	/* The driver does not do it: it is free. */
	opened(ADDRESS_MF, false);
	bench.hook_err = -EBUSY;
	assert_int_equal(ask("S: MS/bl"), 200);
	expect("used from here; off hook; free");
	bench_close();
}

static void a_wink_ends_with_its_call(void **state)
{
	(void)state;
	opened(ADDRESS_FEATURE_D, false);
	line(TDM_EV_OFFHOOK);
	assert_int_equal(ask("S: MD/awk"), 200);
	line(TDM_EV_ONHOOK);
	after(30000);
	after(500);
	assert_string_equal(circuit_state(bench.circuit), "");
	bench.did.len = 0;
	assert_int_equal(ask("S: MD/bl"), 200);
	expect("used from here; off hook");
	bench_close();
}

static void what_makes_no_sense(void **state)
{
	(void)state;
	opened(ADDRESS_MF, false);
	assert_int_equal(ask("S: MS/sup(addr(k1,1,s0))"), 538);
	assert_int_equal(ask("S: MS/sup(id(1))"), 538);
	assert_int_equal(ask("S: DT/sup(addr(1))"), 518);
	assert_int_equal(ask("S: MS/bl(+)"), 538);
	bench_close();
	opened(ADDRESS_FEATURE_D, false);
	assert_int_equal(ask("S: MD/sup(ct(nda),addr(k0,1,s0))"), 538);
	bench_close();
}

static void a_call_that_nobody_releases(void **state)
{
	(void)state;
	opened(ADDRESS_TONES, false);
	line(TDM_EV_OFFHOOK);
	line(TDM_EV_ONHOOK);
	bench.did.len = 0;
	after(30000);
	after(500);
	expect("on hook; free");
	assert_string_equal(circuit_state(bench.circuit), "");
	bench_close();
}

static void calls_after_a_kill(void **state)
{
	(void)state;
	opened(ADDRESS_MF, false);
	circuit_heard(bench.circuit, &(struct heard){.kind = HEARD_EVENT, .event = {.kind = TDM_EV_OFFHOOK}});
	assert_int_equal(ask("S: MS/ans"), 200);
	assert_string_equal(circuit_state(bench.circuit), "answered");
	bench_close();
	struct circuit_settings s = circuit_defaults;
	s.address = ADDRESS_MF;
	assert_int_equal(bench_open(TDM_EM, &s, true), 0);
	circuit_restore(bench.circuit, SLICE("answered"));
	after(10000);
	expect("used from here");
	line(TDM_EV_ONHOOK);
	expect("NTFY MS/rel(0)");
	bench_close();
	/* Who was called has hung up meanwhile. */
	assert_int_equal(bench_open(TDM_EM, &s, false), 0);
	circuit_restore(bench.circuit, SLICE("up"));
	expect("used from here; NTFY MS/sus");
	bench_close();
	/* A call that came meanwhile, or before the process was there. */
	assert_int_equal(bench_open(TDM_EM, &s, true), 0);
	after(500);
	expect("used from there; NTFY MS/sup; wink");
	bench_close();
	/* None: the other side has only just come up. */
	assert_int_equal(bench_open(TDM_EM, &s, true), 0);
	line(TDM_EV_ONHOOK);
	after(1000);
	expect("");
	bench_close();
}

static void lifecycle(void *arg)
{
	struct circuit_settings s = circuit_defaults;
	(void)arg;
	s.address = ADDRESS_MF;
	if (!bench_open(TDM_EM, &s, false)) {
		ask("R: MS/inf(N)");
		line(TDM_EV_OFFHOOK);
		digits("*5#");
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
		cmocka_unit_test(a_call_from_here_with_mf),
		cmocka_unit_test(a_call_from_there_with_mf),
		cmocka_unit_test(digits_that_stop),
		cmocka_unit_test(no_wink),
		cmocka_unit_test(blocked_from_there),
		cmocka_unit_test(glare),
		cmocka_unit_test(tones_and_immediate_start),
		cmocka_unit_test(pulses),
		cmocka_unit_test(feature_group_d_to_an_end_office),
		cmocka_unit_test(feature_group_d_to_a_tandem),
		cmocka_unit_test(feature_group_d_from_there),
		cmocka_unit_test(operator_services),
		cmocka_unit_test(blocking),
		cmocka_unit_test(a_wink_ends_with_its_call),
		cmocka_unit_test(what_makes_no_sense),
		cmocka_unit_test(a_call_that_nobody_releases),
		cmocka_unit_test(calls_after_a_kill),
		cmocka_unit_test(without_memory),
	};
	return cmocka_run_group_tests(tests, quiet_logs, NULL);
}

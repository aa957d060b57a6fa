// SPDX-License-Identifier: GPL-3.0-or-later
/* A line of an exchange, by packages DO (RFC 3064 2.4) and H (RFC 3660 2.5). */
#include "circuit_bench.h"

#define ANSWERS "R: H/lsa(N),DO/oc(N),DO/of(N),H/bz(N)\r\n"
#define CALL    "S: DO/sup(addr(5,5,5,1,2,1,2))\r\n" ANSWERS

static struct circuit_settings set;

static void fresh(void)
{
	set = circuit_defaults;
}

static void opened(void)
{
	assert_int_equal(bench_open(TDM_FXSKS, &set, false), 0);
}

/* Up to where the number is out. */
static void dials(void)
{
	opened();
	assert_int_equal(ask(CALL), 200);
	expect("used from here; off hook");
	tone(TONE_DIAL);
	expect("DTMF 5551212");
	played();
	bench.did.len = 0;
}

static void dial_tone_is_waited_for(void **state)
{
	(void)state;
	fresh();
	opened();
	assert_string_equal(event_states(), "DO/rlc,H/hu");
	assert_int_equal(ask(CALL), 200);
	expect("used from here; off hook");
	assert_int_equal(bench.listening, LISTEN_PROGRESS);
	after(2000);
	tone(TONE_DIAL);
	expect("DTMF 5551212");
	played();
	expect("NTFY DO/oc(DO/sup)");
	assert_string_equal(event_states(), "H/hd");
	bench_close();
}

static void without_dial_tone_nothing_is_dialled(void **state)
{
	(void)state;
	fresh();
	opened();
	assert_int_equal(ask(CALL), 200);
	expect("used from here; off hook");
	after(3000);
	expect("on hook; NTFY DO/of(DO/sup); NTFY DO/rel(111)");
	after(1000);
	expect("free; NTFY DO/rlc");
	bench_close();
}

static void dial_tone_need_not_be_checked(void **state)
{
	(void)state;
	fresh();
	set.dial_tone_ms = 0;
	set.address = ADDRESS_PULSES;
	opened();
	assert_int_equal(ask(CALL), 200);
	after(500);
	expect("used from here; off hook; pulses 5551212");
	line(TDM_EV_DIALLED);
	expect("NTFY DO/oc(DO/sup)");
	bench_close();
}

/* RFC 3064 4.2, 2.7: 44 says that a call from there was first. */
static void a_line_that_rings_is_not_seized(void **state)
{
	(void)state;
	fresh();
	opened();
	line(TDM_EV_RING_BEGIN);
	expect("used from there");
	assert_int_equal(ask(CALL), 200);
	expect("NTFY DO/of(DO/sup); NTFY DO/rel(44)");
	bench_close();
}

static void ground_start(void **state)
{
	(void)state;
	fresh();
	assert_int_equal(bench_open(TDM_FXSGS, &set, false), 0);
	assert_int_equal(ask(CALL), 200);
	expect("used from here; start");
	bench_close();
}

static void answered_by_reversal(void **state)
{
	(void)state;
	fresh();
	dials();
	after(60000);
	expect("");
	line(TDM_EV_POLARITY);
	expect("NTFY H/lsa(+)");
	line(TDM_EV_POLARITY);
	expect("NTFY H/lsa(-); NTFY DO/rel(0)");
	assert_int_equal(ask("S: DO/hu\r\n" ANSWERS), 200);
	expect("on hook");
	after(1000);
	expect("free; NTFY DO/rlc");
	bench_close();
}

static void answered_by_rule(void **state)
{
	(void)state;
	fresh();
	set.answer = ANSWER_DIALLED;
	opened();
	assert_int_equal(ask(CALL), 200);
	tone(TONE_DIAL);
	bench.did.len = 0;
	played();
	expect("NTFY DO/oc(DO/sup); NTFY H/lsa(+)");
	bench_close();
	set.answer = ANSWER_AFTER;
	set.answer_ms = 7000;
	dials();
	after(6999);
	expect("");
	after(1);
	expect("NTFY H/lsa(+)");
	bench_close();
	set.answer = ANSWER_VOICE;
	dials();
	assert_int_equal(bench.listening, LISTEN_PROGRESS | LISTEN_VOICE);
	line(TDM_EV_POLARITY);
	expect("");
	voice(true);
	expect("NTFY H/lsa(+)");
	bench_close();
}

/* Until the call agent hangs up, or after a while. */
static void ended_by_the_exchange(void **state)
{
	(void)state;
	fresh();
	set.answer = ANSWER_DIALLED;
	dials();
	line(TDM_EV_ONHOOK);
	expect("NTFY DO/rel(0)");
	after(5000);
	expect("on hook");
	after(1000);
	expect("free; NTFY DO/rlc");
	bench_close();
	dials();
	tone(TONE_BUSY);
	expect("NTFY H/bz; NTFY DO/rel(0)");
	bench_close();
	dials();
	tone(TONE_REORDER);
	expect("NTFY DO/rel(0)");
	bench_close();
	set.busy_tone = false;
	dials();
	tone(TONE_BUSY);
	expect("NTFY H/bz");
	bench_close();
}

/* An exchange that tells by polarity does so of calls from there, too; that it goes back to what it was before it rang is no end. */
static void a_call_from_there_ends_by_polarity(void **state)
{
	(void)state;
	fresh();
	opened();
	assert_int_equal(ask("R: DO/rg(N)"), 200);
	line(TDM_EV_RING_BEGIN);
	line(TDM_EV_RING_BEGIN);
	assert_int_equal(ask("S: DO/hd"), 200);
	bench.did.len = 0;
	line(TDM_EV_POLARITY);
	expect("");
	after(600);
	line(TDM_EV_POLARITY);
	expect("NTFY DO/rel(0)");
	bench_close();
	set.answer = ANSWER_DIALLED; /* it says nothing by it */
	opened();
	line(TDM_EV_RING_BEGIN);
	assert_int_equal(ask("S: DO/hd"), 200);
	after(600);
	bench.did.len = 0;
	line(TDM_EV_POLARITY);
	expect("");
	bench_close();
}

static void ended_as_a_last_resort(void **state)
{
	(void)state;
	fresh();
	set.answer = ANSWER_DIALLED;
	set.silence_ms = 30000;
	dials();
	after(29999);
	expect("");
	after(1);
	expect("NTFY DO/rel(0)"); /* nobody ever spoke */
	bench_close();
	fresh();
	set.answer = ANSWER_VOICE;
	set.silence_ms = 30000;
	dials();
	voice(true);
	bench.did.len = 0;
	after(60000);
	expect("");
	voice(false);
	after(30000);
	expect("NTFY DO/rel(0)");
	bench_close();
	fresh();
	set.answer = ANSWER_DIALLED;
	set.silence_ms = 30000;
	dials();
	voice(true);
	voice(false);
	after(29000);
	voice(true);
	after(60000);
	voice(false);
	after(29999);
	expect("");
	after(1);
	expect("NTFY DO/rel(0)");
	bench_close();
	fresh();
	set.answer = ANSWER_DIALLED;
	set.longest_ms = 3600000;
	dials();
	after(3599999);
	expect("");
	after(1);
	expect("NTFY DO/rel(0)");
	bench_close();
}

static void caller(const char *number, const char *name)
{
	struct heard h = {.kind = HEARD_CALLER_ID, .caller = {.time = "09141726"}};
	snprintf(h.caller.number, sizeof h.caller.number, "%s", number);
	snprintf(h.caller.name, sizeof h.caller.name, "%s", name);
	circuit_heard(bench.circuit, &h);
	settle();
}

static void a_ring_is_told_with_its_caller(void **state)
{
	(void)state;
	fresh();
	opened();
	assert_int_equal(ask("R: DO/ci(A),DO/rg(N)"), 200);
	line(TDM_EV_RING_BEGIN);
	expect("used from there");
	assert_int_equal(bench.listening, LISTEN_CALLER_ID);
	caller("5551212", "John Doe");
	expect("NTFY DO/ci(09/14/17/26,\"5551212\",\"John Doe\"),DO/rg");
	assert_string_equal(event_states(), "DO/rg,H/hu");
	line(TDM_EV_RING_BEGIN);
	expect("");
	assert_int_equal(ask("S: DO/hd"), 200);
	expect("off hook");
	assert_int_equal(bench.listening, LISTEN_DTMF | LISTEN_PROGRESS);
	bench_close();
}

/* By V.23, as in Great Britain. */
static void a_caller_by_v23_is_listened_for(void **state)
{
	(void)state;
	fresh();
	set.caller_id = TELLS_V23;
	opened();
	assert_int_equal(ask("R: DO/ci(A),DO/rg(N)"), 200);
	line(TDM_EV_RING_BEGIN);
	assert_int_equal(bench.listening, LISTEN_CALLER_ID);
	caller("2079460000", "Doe");
	expect("used from there; NTFY DO/ci(09/14/17/26,\"2079460000\",\"Doe\"),DO/rg");
	bench_close();
}

/* The guard after a call is over when the exchange rings: its first ring is the one that a caller's number follows. */
static void a_ring_that_follows_on_a_call_is_told_with_its_caller(void **state)
{
	(void)state;
	fresh();
	dials();
	assert_int_equal(ask("S: DO/hu\r\nR: DO/rlc(N)"), 200);
	expect("on hook");
	after(300);
	line(TDM_EV_RING_BEGIN);
	expect("free; NTFY DO/rlc; used from there");
	assert_int_equal(ask("R: DO/ci(A),DO/rg(N)"), 200);
	assert_int_equal(bench.listening, LISTEN_CALLER_ID);
	caller("5551212", "John Doe");
	expect("NTFY DO/ci(09/14/17/26,\"5551212\",\"John Doe\"),DO/rg");
	bench_close();
}

/* The caller chooses the name: it must not end the quoted string, nor be too long to be told. */
static void a_callers_name_is_told_whatever_it_is(void **state)
{
	(void)state;
	static const char longest[] = "Verein zur Pflege des Gedankens an das Telegraphenamt e.V. 1849";
	char told[256];
	opened();
	assert_int_equal(ask("R: DO/ci(N)"), 200);
	line(TDM_EV_RING_BEGIN);
	bench.did.len = 0;
	caller("5551212", "Jo \"X\", Doe");
	expect("NTFY DO/ci(09/14/17/26,\"5551212\",\"Jo 'X', Doe\"); NTFY DO/rg");
	bench_close();
	opened();
	assert_int_equal(ask("R: DO/ci(N)"), 200);
	line(TDM_EV_RING_BEGIN);
	bench.did.len = 0;
	caller("01234567890123456789012345678901", longest);
	snprintf(told, sizeof told, "NTFY DO/ci(09/14/17/26,\"01234567890123456789012345678901\",\"%s\"); NTFY DO/rg", longest);
	expect(told);
	bench_close();
}

static void without_a_caller_at_the_second_ring(void **state)
{
	(void)state;
	fresh();
	opened();
	line(TDM_EV_RING_BEGIN);
	after(6000);
	expect("used from there");
	line(TDM_EV_RING_BEGIN);
	expect("NTFY DO/rg");
	assert_int_equal(ask("R: DO/oc(N)"), 200);
	after(8000);
	expect("free; NTFY DO/rel(0); NTFY DO/rlc");
	bench_close();
	set.caller_id = TELLS_NOBODY;
	opened();
	line(TDM_EV_RING_BEGIN);
	expect("used from there; NTFY DO/rg");
	bench_close();
}

static void a_caller_in_dtmf_comes_before_the_ring(void **state)
{
	(void)state;
	fresh();
	set.caller_id = TELLS_DTMF;
	opened();
	assert_int_equal(ask("R: DO/ci(A),DO/rg(N)"), 200);
	line(TDM_EV_POLARITY);
	assert_int_equal(bench.listening, LISTEN_DTMF);
	digits("A5551212C");
	expect("");
	line(TDM_EV_RING_BEGIN);
	expect("used from there; NTFY DO/ci(,\"5551212\",O),DO/rg");
	bench_close();
	/* Unannounced; and between the rings. */
	opened();
	assert_int_equal(bench.listening, LISTEN_DTMF);
	assert_int_equal(ask("R: DO/ci(A),DO/rg(N)"), 200);
	digits("A5551212C");
	line(TDM_EV_RING_BEGIN);
	expect("used from there; NTFY DO/ci(,\"5551212\",O),DO/rg");
	bench_close();
	opened();
	assert_int_equal(ask("R: DO/ci(A),DO/rg(N)"), 200);
	line(TDM_EV_RING_BEGIN);
	expect("used from there");
	digits("D1C");
	expect("NTFY DO/ci(,P,O),DO/rg");
	bench_close();
	/* And none comes at all. */
	opened();
	line(TDM_EV_POLARITY);
	after(5000);
	assert_string_equal(circuit_state(bench.circuit), "");
	bench_close();
}

/* RFC 3660 2.5: a number of rings may be asked for. */
static void rings_are_counted(void **state)
{
	(void)state;
	fresh();
	set.caller_id = TELLS_NOBODY;
	opened();
	assert_int_equal(ask("R: H/rg(N)(rep=3),DO/rg(I)"), 200);
	line(TDM_EV_RING_BEGIN);
	line(TDM_EV_RING_BEGIN);
	expect("used from there");
	line(TDM_EV_RING_BEGIN);
	expect("NTFY H/rg(rep=3)");
	bench_close();
}

/* Two stages, or a hotline: the call agent answers, plays a tone, hears digits. */
static void who_calls_dials_on(void **state)
{
	(void)state;
	fresh();
	set.caller_id = TELLS_NOBODY;
	opened();
	line(TDM_EV_RING_BEGIN);
	assert_int_equal(ask("S: DO/hd,H/dl\r\nR: D/[0-9T](D)\r\nD: (1xx)"), 200);
	expect("used from there; NTFY DO/rg; off hook; plays 350+440");
	digits("123");
	expect("plays no more; NTFY D/1,D/2,D/3");
	bench_close();
}

static void flashes(void **state)
{
	(void)state;
	fresh();
	set.answer = ANSWER_DIALLED;
	dials();
	assert_int_equal(ask("S: DO/hf\r\n" ANSWERS), 200);
	expect("flash");
	line(TDM_EV_HOOK_DONE);
	circuit_heard(bench.circuit, &(struct heard){.kind = HEARD_FLASH});
	expect("flash");
	/* Nobody waits for the end of one that was forgotten. */
	assert_int_equal(ask("S: DO/hf\r\n" ANSWERS), 200);
	assert_int_equal(mgcp_notifier_reset(bench.notifier), 0);
	line(TDM_EV_HOOK_DONE);
	expect("flash");
	bench_close();
}

/* Nor does it keep the next one waiting. */
static void a_flash_ends_with_its_call(void **state)
{
	(void)state;
	assert_int_equal(bench_open(TDM_FXSKS, NULL, false), 0);
	assert_int_equal(ask("S: DO/hd"), 200);
	assert_int_equal(ask("S: DO/hf"), 200);
	line(TDM_EV_ONHOOK);
	after(1);
	bench.did.len = 0;
	assert_int_equal(ask("S: DO/hu"), 200);
	expect("on hook");
	bench_close();
}

static void a_line_that_cannot_be_seized_is_free(void **state)
{
	(void)state;
	assert_int_equal(bench_open(TDM_FXSKS, NULL, false), 0);
	bench.hook_err = -EBUSY;
	assert_int_equal(ask("S: DO/hd"), 200);
	expect("used from here; off hook; free");
	bench_close();
}

/* H/vmwi: by voltage, as the driver sees it, or by modem. */
static void that_messages_wait_is_told(void **state)
{
	(void)state;
	fresh();
	opened();
	assert_int_equal(ask("R: H/vmwi(N)"), 200);
	line(TDM_EV_MESSAGES);
	expect("NTFY H/vmwi(+)");
	assert_int_equal(ask("R: H/vmwi(N)"), 200);
	line(TDM_EV_NO_MESSAGES);
	expect("NTFY H/vmwi(-)");
	assert_int_equal(ask("R: H/vmwi(N)"), 200);
	circuit_heard(bench.circuit, &(struct heard){.kind = HEARD_CALLER_ID, .caller = {.waiting = CALLER_ID_MESSAGES}});
	settle();
	expect("NTFY H/vmwi(+)");
	bench_close();
}

static void what_makes_no_sense(void **state)
{
	(void)state;
	fresh();
	opened();
	assert_int_equal(ask("S: DO/sup(id(1))"), 538);
	assert_int_equal(ask("S: DO/sup(addr(k0,1,s0))"), 538);
	assert_int_equal(ask("S: DO/sup(addr())"), 538);
	assert_int_equal(ask("R: H/adsi(N)"), 512);
	bench_close();
}

static void calls_after_a_kill(void **state)
{
	(void)state;
	fresh();
	opened();
	circuit_restore(bench.circuit, SLICE("up"));
	bench.did.len = 0;
	line(TDM_EV_ONHOOK);
	expect("NTFY DO/rel(0)");
	bench_close();
	opened();
	circuit_restore(bench.circuit, SLICE("dialling"));
	expect("used from here; on hook");
	after(1000);
	expect("free; NTFY DO/rlc");
	bench_close();
}

static void lifecycle(void *arg)
{
	(void)arg;
	fresh();
	if (!bench_open(TDM_FXSKS, &set, false)) {
		ask(CALL);
		tone(TONE_DIAL);
		played();
		line(TDM_EV_POLARITY);
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
		cmocka_unit_test(dial_tone_is_waited_for),
		cmocka_unit_test(without_dial_tone_nothing_is_dialled),
		cmocka_unit_test(dial_tone_need_not_be_checked),
		cmocka_unit_test(a_line_that_rings_is_not_seized),
		cmocka_unit_test(ground_start),
		cmocka_unit_test(answered_by_reversal),
		cmocka_unit_test(answered_by_rule),
		cmocka_unit_test(ended_by_the_exchange),
		cmocka_unit_test(a_call_from_there_ends_by_polarity),
		cmocka_unit_test(ended_as_a_last_resort),
		cmocka_unit_test(a_ring_is_told_with_its_caller),
		cmocka_unit_test(a_caller_by_v23_is_listened_for),
		cmocka_unit_test(a_ring_that_follows_on_a_call_is_told_with_its_caller),
		cmocka_unit_test(a_callers_name_is_told_whatever_it_is),
		cmocka_unit_test(without_a_caller_at_the_second_ring),
		cmocka_unit_test(a_caller_in_dtmf_comes_before_the_ring),
		cmocka_unit_test(rings_are_counted),
		cmocka_unit_test(who_calls_dials_on),
		cmocka_unit_test(flashes),
		cmocka_unit_test(a_flash_ends_with_its_call),
		cmocka_unit_test(a_line_that_cannot_be_seized_is_free),
		cmocka_unit_test(that_messages_wait_is_told),
		cmocka_unit_test(what_makes_no_sense),
		cmocka_unit_test(calls_after_a_kill),
		cmocka_unit_test(without_memory),
	};
	return cmocka_run_group_tests(tests, quiet_logs, NULL);
}

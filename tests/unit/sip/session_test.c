// SPDX-License-Identifier: GPL-3.0-or-later
/* Sessions (RFC 3261 12 to 15, RFC 3264): two stacks on a wire in memory with delay and loss, on the test clock. */
#include "unit.h"
#include "sip/session_priv.h"
#include "sip/stack_priv.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define DELAY_MS 5

struct user {
	struct sip_stack *stack;
	struct addr addr;
	struct sip_session *ss;
	struct sip_strans *st;
	/* what to do */
	bool answers_at_once, rings, refuses_offers, answers_offers;
	/* what was seen */
	unsigned progress, answered, offers, offers_done, offer_status, acked, closed, status, requests;
	bool by_bye, by_cancel, early_sdp;
};

static struct user a, b;
static uint32_t probe_ms;
static unsigned loss_percent, drops, flights;
static uint32_t dice;
static const char *drop_start; /* messages that begin so are lost ... */
static unsigned drop_count;    /* ... so many times */
static char journal[64][40];   /* first words of what arrived */
static unsigned n_journal;

struct flight {
	struct timer timer;
	struct user *to;
	struct addr src;
	size_t len;
	char text[];
};

static void land(void *arg)
{
	struct flight *f = arg;
	struct sip_place *p = f->to->stack ? container_of(list_first(&f->to->stack->places), struct sip_place, link) : NULL;
	if (n_journal < 64)
		snprintf(journal[n_journal++], sizeof journal[0], "%.30s", f->text);
	if (p)
		sip_stack_input(p, &f->src, &f->to->addr, f->text, f->len);
	flights--;
	free(f);
}

static int fly(void *arg, const struct addr *from, const struct addr *to, struct slice text)
{
	if (drop_start && drop_count && slice_starts(text, slice_str(drop_start))) {
		drop_count--;
		return 0;
	}
	dice = dice * 1664525 + 1013904223;
	if ((dice >> 8) % 100 < loss_percent) {
		drops++;
		return 0;
	}
	struct user *u = addr_eq(to, &a.addr) ? &a : addr_eq(to, &b.addr) ? &b : NULL;
	if (!u)
		return 0;
	struct flight *f = calloc(1, sizeof *f + text.len + 1);
	f->to = u;
	f->src = *from;
	f->len = text.len;
	memcpy(f->text, text.p, text.len);
	flights++;
	timer_start(&f->timer, DELAY_MS, land, f);
	return 0;
}

static unsigned journal_count(const char *start)
{
	unsigned n = 0;
	for (unsigned i = 0; i < n_journal; i++)
		n += !strncmp(journal[i], start, strlen(start));
	return n;
}

/* --- the users -------------------------------------------------------------------------------------------------------- */

#define OFFER  SLICE("v=0 offer")
#define ANSWER SLICE("v=0 answer")

static void on_progress(void *arg, const struct sip_msg *rsp)
{
	struct user *u = arg;
	u->progress++;
	u->early_sdp |= rsp->body.len > 0;
}

static void on_answered(void *arg, const struct sip_msg *rsp)
{
	struct user *u = arg;
	u->answered++;
	if (!slice_eq(rsp->body, ANSWER))
		sip_session_ack(u->ss, ANSWER);
}

static void on_offer(void *arg, const struct sip_msg *req)
{
	struct user *u = arg;
	u->offers++;
	if (u->refuses_offers)
		sip_session_reply_offer(u->ss, 488, NULL, SLICE_NONE, SLICE_NONE);
	else if (u->answers_offers)
		sip_session_reply_offer(u->ss, 200, NULL, SLICE_NONE, req->body.len ? ANSWER : OFFER);
}

static void on_offer_done(void *arg, unsigned status, const struct sip_msg *msg)
{
	struct user *u = arg;
	u->offers_done++;
	u->offer_status = status;
}

static void on_acked(void *arg, const struct sip_msg *ack)
{
	((struct user *)arg)->acked++;
}

static void on_closed(void *arg, unsigned status, const struct sip_msg *msg)
{
	struct user *u = arg;
	u->closed++;
	u->status = status;
	u->by_bye = msg && msg->request && msg->method == SIP_BYE;
	u->by_cancel = msg && msg->request && msg->method == SIP_CANCEL;
}

static const struct sip_session_handlers handlers = {
	.progress = on_progress, .answered = on_answered, .offer = on_offer, .offer_done = on_offer_done, .acked = on_acked, .closed = on_closed,
};

static void on_request(void *arg, struct sip_strans *st, const struct sip_msg *req)
{
	struct user *u = arg;
	u->requests++;
	if (req->method != SIP_INVITE || u->ss) {
		sip_reply(st, 486, NULL, SLICE_NONE, SLICE_NONE, SLICE_NONE);
		return;
	}
	if (sip_session_accept(&u->ss, st, SLICE("bob"), &handlers, u)) {
		sip_reply(st, 500, NULL, SLICE_NONE, SLICE_NONE, SLICE_NONE);
		return;
	}
	if (u->rings)
		sip_session_progress(u->ss, 180, NULL, SLICE_NONE, SLICE_NONE);
	if (u->answers_at_once)
		sip_session_answer(u->ss, SLICE_NONE, req->body.len ? ANSWER : OFFER);
}

static int open_user(struct user *u, const char *addr)
{
	memset(u, 0, sizeof *u);
	addr_parse(&u->addr, slice_str(addr), 5060);
	struct sip_stack_params p = {.timers = {500, 4000, 5000}, .probe_ms = probe_ms, .on_request = on_request, .arg = u};
	struct sip_listener l = {.name = "x", .local = u->addr, .fd = -1};
	u->rings = u->answers_offers = true;
	int err = sip_stack_open(&u->stack, &p);
	if (err)
		return err;
	sip_stack_wire(u->stack, fly, u);
	return sip_stack_listen(u->stack, &l);
}

static int open_both(void)
{
	loss_percent = drops = n_journal = drop_count = 0;
	drop_start = NULL;
	int err = open_user(&a, "192.0.2.1");
	int err2 = open_user(&b, "192.0.2.2");
	return err ? err : err2;
}

static int call(struct slice sdp, uint32_t ring_ms)
{
	return sip_session_connect(&a.ss, a.stack,
				   &(struct sip_session_params){.ruri = SLICE("sip:bob@192.0.2.2"), .dst = b.addr,
								.from_display = SLICE("Al \"x\""), .from_uri = SLICE("sip:al@192.0.2.1"),
								.to_uri = SLICE("sip:bob@192.0.2.2"), .contact_user = SLICE("al"),
								.sdp = sdp, .ring_ms = ring_ms},
				   &handlers, &a);
}

/* Nothing may be left when every timer has run. */
static void finish(void)
{
	clock_test_advance(200000);
	assert_int_equal(sip_stack_sessions(a.stack), 0);
	assert_int_equal(sip_stack_sessions(b.stack), 0);
	assert_int_equal(sip_stack_transactions(a.stack), 0);
	assert_int_equal(sip_stack_transactions(b.stack), 0);
	a.ss = mem_deref(a.ss);
	b.ss = mem_deref(b.ss);
	assert_int_equal(timer_count(), 0);
	a.stack = mem_deref(a.stack);
	b.stack = mem_deref(b.stack);
	assert_int_equal(mem_blocks(), 0);
}

static void establish(struct slice sdp)
{
	assert_int_equal(open_both(), 0);
	b.answers_at_once = true;
	assert_int_equal(call(sdp, 0), 0);
	clock_test_advance(100);
	assert_int_equal(a.answered, 1);
	assert_int_equal(b.acked, 1);
	n_journal = 0;
}

/* --- calls ------------------------------------------------------------------------------------------------------------ */

static void a_call_rings_is_answered_and_hung_up(void **state)
{
	open_both();
	call(OFFER, 0);
	clock_test_advance(50);
	assert_int_equal(a.progress, 1);
	assert_true(slice_eq(sip_session_call_id(a.ss), sip_session_call_id(b.ss)));
	sip_session_answer(b.ss, SLICE_NONE, ANSWER);
	clock_test_advance(50);
	assert_int_equal(a.answered, 1);
	assert_int_equal(b.acked, 1);
	clock_test_advance(40000);
	assert_int_equal(a.closed + b.closed, 0);
	sip_session_bye(a.ss, 0, SLICE_NONE);
	clock_test_advance(50);
	assert_true(b.by_bye);
	assert_int_equal(a.closed, 1);
	assert_int_equal(b.closed, 1);
	finish();
	assert_int_equal(a.closed, 1);
	assert_int_equal(b.closed, 1);
}

static void the_offer_may_come_in_the_200(void **state)
{
	establish(SLICE_NONE);
	sip_session_bye(b.ss, 0, SLICE_NONE);
	clock_test_advance(50);
	assert_true(a.by_bye);
	finish();
}

static void calls_survive_loss(void **state)
{
	for (unsigned seed = 1; seed <= 40; seed++) {
		open_both();
		dice = seed;
		loss_percent = 20;
		b.answers_at_once = true;
		call(OFFER, 0);
		clock_test_advance(20000);
		assert_int_equal(a.answered, 1);
		assert_int_equal(b.acked, 1);
		sip_session_bye(seed & 1 ? a.ss : b.ss, 0, SLICE_NONE);
		clock_test_advance(40000);
		assert_int_equal(a.closed, 1);
		assert_int_equal(b.closed, 1);
		finish();
	}
}

static void a_2xx_is_sent_again_until_its_ack(void **state)
{
	open_both();
	b.answers_at_once = true;
	drop_start = "ACK";
	drop_count = 3;
	call(OFFER, 0);
	clock_test_advance(3600);
	assert_int_equal(journal_count("SIP/2.0 200"), 4); /* 0, 0.5, 1.5, 3.5 s */
	assert_int_equal(b.acked, 1);
	clock_test_advance(20000);
	assert_int_equal(journal_count("SIP/2.0 200"), 4);
	sip_session_bye(a.ss, 0, SLICE_NONE);
	finish();
}

static void without_ack_the_callee_hangs_up(void **state)
{
	open_both();
	b.answers_at_once = true;
	drop_start = "ACK";
	drop_count = 1000;
	call(OFFER, 0);
	clock_test_advance(33000);
	assert_int_equal(b.closed, 1);
	assert_int_equal(b.status, 408);
	assert_true(a.by_bye);
	finish();
}

static void bye_waits_for_the_ack(void **state)
{
	open_both();
	b.answers_at_once = true;
	drop_start = "ACK";
	drop_count = 1;
	call(OFFER, 0);
	clock_test_advance(50);
	sip_session_bye(b.ss, 0, SLICE_NONE);
	clock_test_advance(300);
	assert_int_equal(journal_count("BYE"), 0);
	clock_test_advance(300);
	assert_int_equal(journal_count("BYE"), 1);
	assert_true(a.by_bye);
	finish();
}

/* --- giving up ---------------------------------------------------------------------------------------------------------- */

static void the_end_of_an_early_dialog_is_no_progress(void **state)
{
	assert_int_equal(open_both(), 0);
	call(OFFER, 0);
	clock_test_advance(50);
	assert_int_equal(a.progress, 1);
	assert_int_equal(a.ss->n_early, 1);
	sip_session_progress(b.ss, 199, NULL, SLICE_NONE, SLICE_NONE);
	clock_test_advance(50);
	assert_int_equal(a.progress, 1);
	assert_int_equal(a.ss->n_early, 0);
	sip_session_answer(b.ss, SLICE_NONE, ANSWER);
	clock_test_advance(50);
	assert_int_equal(a.answered, 1);
	sip_session_bye(a.ss, 0, SLICE_NONE);
	finish();
}

static void say_180(const char *from_tag, const char *call_id, uint32_t cseq)
{
	char text[600];
	int n = snprintf(text, sizeof text,
			 "SIP/2.0 180 X\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=%s\r\nFrom: <sip:al@192.0.2.1>;tag=%s\r\n"
			 "To: <sip:bob@192.0.2.2>;tag=t\r\nCall-ID: %s\r\nCSeq: %u INVITE\r\nContact: <sip:bob@192.0.2.2>\r\n\r\n",
			 a.ss->invite->branch, from_tag, call_id, cseq);
	sip_stack_input(container_of(list_first(&a.stack->places), struct sip_place, link), &b.addr, &a.addr, text, (size_t)n);
}

static void a_peer_cannot_name_our_half_of_a_dialog(void **state)
{
	assert_int_equal(open_both(), 0);
	b.rings = false;
	call(OFFER, 0);
	say_180("another", a.ss->call_id, a.ss->cseq);
	say_180(a.ss->tag, "another", a.ss->cseq);
	say_180(a.ss->tag, a.ss->call_id, a.ss->cseq + 1);
	assert_int_equal(a.ss->n_early, 0);
	say_180(a.ss->tag, a.ss->call_id, a.ss->cseq);
	assert_int_equal(a.ss->n_early, 1);
	sip_session_bye(a.ss, 0, SLICE_NONE);
	finish();
}

static void the_caller_gives_up(void **state)
{
	open_both();
	call(OFFER, 0);
	clock_test_advance(50);
	sip_session_bye(a.ss, 0, SLICE_NONE);
	clock_test_advance(50);
	assert_true(b.by_cancel);
	assert_int_equal(a.closed, 1);
	assert_int_equal(a.status, 487);
	finish();
}

static void a_200_that_crosses_cancel_is_acked_and_ended(void **state)
{
	open_both();
	call(OFFER, 0);
	clock_test_advance(50);
	sip_session_answer(b.ss, SLICE_NONE, ANSWER);
	sip_session_bye(a.ss, 0, SLICE_NONE);
	clock_test_advance(100);
	assert_int_equal(a.answered, 0);
	assert_int_equal(a.closed, 1);
	assert_int_equal(b.acked, 1);
	assert_true(b.by_bye);
	finish();
}

static void nobody_answers_within_the_ring_time(void **state)
{
	open_both();
	call(OFFER, 3000);
	clock_test_advance(3100);
	assert_int_equal(a.status, 408);
	assert_true(b.by_cancel);
	finish();
}

static void nobody_is_there(void **state)
{
	open_both();
	loss_percent = 100;
	call(OFFER, 0);
	clock_test_advance(32000);
	assert_int_equal(a.closed, 1);
	assert_int_equal(a.status, 408);
	finish();
}

static void a_dead_port_fails_at_once(void **state)
{
	open_both();
	loss_percent = 100;
	call(OFFER, 0);
	sip_stack_undelivered(a.stack, &b.addr, -ECONNREFUSED, SLICE_NONE);
	assert_int_equal(a.closed, 1);
	assert_int_equal(a.status, 503);
	finish();
}

static void the_callee_refuses(void **state)
{
	open_both();
	call(OFFER, 0);
	clock_test_advance(50);
	assert_int_equal(sip_session_reject(b.ss, 486, NULL, SLICE("Reason: Q.850;cause=17\r\n")), 0);
	clock_test_advance(50);
	assert_int_equal(a.status, 486);
	assert_int_equal(b.closed, 0);
	finish();
}

static void the_callees_user_leaves_while_it_rings(void **state)
{
	open_both();
	call(OFFER, 0);
	clock_test_advance(50);
	sip_session_bye(b.ss, 0, SLICE_NONE);
	clock_test_advance(50);
	assert_int_equal(a.status, 480);
	assert_int_equal(b.closed, 1);
	finish();
}

static void both_hang_up_at_once(void **state)
{
	establish(OFFER);
	sip_session_bye(a.ss, 0, SLICE_NONE);
	sip_session_bye(b.ss, 0, SLICE_NONE);
	clock_test_advance(50);
	assert_int_equal(a.closed, 1);
	assert_int_equal(b.closed, 1);
	finish();
	assert_int_equal(a.closed + b.closed, 2);
}

static void a_bye_nobody_hears_ends_it_all_the_same(void **state)
{
	establish(OFFER);
	drop_start = "BYE";
	drop_count = 1000;
	sip_session_bye(a.ss, 0, SLICE_NONE);
	clock_test_advance(32000);
	assert_int_equal(a.closed, 1);
	assert_int_equal(a.status, 0);
	drop_count = 0;
	sip_session_bye(b.ss, 0, SLICE_NONE); /* answered 481 */
	clock_test_advance(100);
	assert_int_equal(b.closed, 1);
	finish();
}

/* --- offers ------------------------------------------------------------------------------------------------------------- */

static void offers_go_both_ways_again_and_again(void **state)
{
	establish(OFFER);
	for (unsigned i = 1; i <= 3; i++) {
		assert_int_equal(sip_session_offer(a.ss, SLICE_NONE, OFFER), 0);
		assert_int_equal(sip_session_offer(a.ss, SLICE_NONE, OFFER), -EINPROGRESS);
		clock_test_advance(100);
		assert_int_equal(a.offers_done, i);
		assert_int_equal(a.offer_status, 200);
		assert_int_equal(sip_session_offer(b.ss, SLICE_NONE, OFFER), 0);
		clock_test_advance(100);
		assert_int_equal(b.offers_done, i);
	}
	assert_int_equal(b.acked, 4);
	b.refuses_offers = true;
	sip_session_offer(a.ss, SLICE_NONE, OFFER);
	clock_test_advance(100);
	assert_int_equal(a.offer_status, 488);
	assert_int_equal(a.closed, 0);
	sip_session_bye(a.ss, 0, SLICE_NONE);
	finish();
}

static void offers_that_cross_are_both_made_in_the_end(void **state)
{
	establish(OFFER);
	assert_int_equal(sip_session_offer(a.ss, SLICE_NONE, OFFER), 0);
	assert_int_equal(sip_session_offer(b.ss, SLICE_NONE, OFFER), 0);
	clock_test_advance(2 * DELAY_MS); /* the callee may draw a pause of nothing */
	assert_int_equal(journal_count("SIP/2.0 491"), 2);
	assert_int_equal(a.offers_done + b.offers_done, 0);
	clock_test_advance(2040); /* the callee's turn comes within 2 s */
	assert_int_equal(b.offers_done, 1);
	assert_int_equal(a.offers_done, 0);
	clock_test_advance(2000); /* the caller's within 4 */
	assert_int_equal(a.offers_done, 1);
	assert_int_equal(a.offer_status, 200);
	assert_int_equal(b.offer_status, 200);
	sip_session_bye(a.ss, 0, SLICE_NONE);
	finish();
}

static void an_offer_to_a_lost_dialog_ends_the_call(void **state)
{
	establish(OFFER);
	b.ss = mem_deref(b.ss); /* as after a restart without its store */
	sip_session_offer(a.ss, SLICE_NONE, OFFER);
	clock_test_advance(100);
	assert_int_equal(a.offer_status, 481);
	assert_int_equal(a.closed, 1);
	assert_int_equal(a.status, 481);
	finish();
}

/* --- signs of life ------------------------------------------------------------------------------------------------------- */

#define PROBE_MS 300000

static void establish_probed(void)
{
	probe_ms = PROBE_MS;
	establish(OFFER);
	probe_ms = 0;
}

static void a_peer_that_answers_goes_on(void **state)
{
	establish_probed();
	clock_test_advance(PROBE_MS / 10 + 100);
	assert_int_equal(journal_count("OPTIONS"), 2); /* each asks the other */
	clock_test_advance(3 * PROBE_MS);
	assert_int_equal(journal_count("OPTIONS"), 8);
	assert_int_equal(a.closed + b.closed, 0);
	sip_session_bye(a.ss, 0, SLICE_NONE);
	finish();
}

static void a_peer_that_has_lost_the_dialog_ends_the_call(void **state)
{
	establish_probed();
	b.ss = mem_deref(b.ss);
	clock_test_advance(PROBE_MS / 10 + 100);
	assert_int_equal(a.closed, 1);
	assert_int_equal(a.status, 481);
	finish();
}

static void a_peer_that_falls_silent_ends_the_call(void **state)
{
	establish_probed();
	clock_test_advance(PROBE_MS / 10 + 100);
	loss_percent = 100;
	clock_test_advance(PROBE_MS);
	assert_int_equal(a.closed, 0);
	clock_test_advance(2 * 64 * 500); /* OPTIONS and BYE run out */
	assert_int_equal(a.closed, 1);
	assert_int_equal(a.status, 408);
	finish();
}

static void a_peer_that_never_answers_is_left_alone(void **state)
{
	establish_probed();
	loss_percent = 100;
	clock_test_advance(5 * PROBE_MS);
	assert_int_equal(a.closed + b.closed, 0);
	loss_percent = 0;
	sip_session_bye(a.ss, 0, SLICE_NONE);
	finish();
}

static void a_bye_during_an_offer_ends_it(void **state)
{
	establish(OFFER);
	b.answers_offers = false;
	sip_session_offer(a.ss, SLICE_NONE, OFFER);
	clock_test_advance(50);
	sip_session_bye(a.ss, 0, SLICE_NONE);
	clock_test_advance(50);
	assert_true(b.by_bye);
	assert_int_equal(journal_count("SIP/2.0 487"), 1);
	assert_int_equal(a.offers_done, 0);
	finish();
}

/* The peer takes its re-INVITE back before we have answered: the next one is as good as the first. */
static void a_cancelled_offer_makes_room_for_the_next(void **state)
{
	establish(OFFER);
	b.answers_offers = false;
	sip_session_offer(a.ss, SLICE_NONE, OFFER);
	clock_test_advance(50);
	assert_int_equal(sip_cancel(a.ss->invite, SLICE_NONE), 0);
	clock_test_advance(50);
	assert_int_equal(a.offer_status, 487);
	assert_int_not_equal(sip_session_reply_offer(b.ss, 200, NULL, SLICE_NONE, ANSWER), 0);
	b.answers_offers = true;
	assert_int_equal(sip_session_offer(a.ss, SLICE_NONE, OFFER), 0);
	clock_test_advance(50);
	assert_int_equal(b.offers, 2);
	assert_int_equal(a.offer_status, 200);
	assert_int_equal(sip_session_offer(b.ss, SLICE_NONE, OFFER), 0);
	clock_test_advance(50);
	assert_int_equal(b.offer_status, 200);
	sip_session_bye(a.ss, 0, SLICE_NONE);
	finish();
}

/* A provisional answer stops Timer B: Timer C takes over, also within a call. */
static void an_offer_that_is_never_answered_is_given_up(void **state)
{
	establish(OFFER);
	b.answers_offers = false;
	sip_session_offer(a.ss, SLICE_NONE, OFFER);
	clock_test_advance(170000);
	assert_int_equal(a.offers_done, 0);
	clock_test_advance(11000);
	assert_int_equal(journal_count("CANCEL"), 1);
	assert_int_equal(a.offers_done, 1);
	assert_int_equal(a.offer_status, 487);
	assert_int_equal(a.closed, 0);
	sip_session_bye(a.ss, 0, SLICE_NONE);
	finish();
}

/* --- without memory ------------------------------------------------------------------------------------------------------ */

static void whole_call(void *arg)
{
	if (!open_both()) {
		b.answers_at_once = true;
		if (!call(OFFER, 0)) {
			clock_test_advance(100);
			sip_session_offer(a.ss, SLICE_NONE, OFFER);
			clock_test_advance(5000);
			sip_session_bye(a.ss, 0, SLICE_NONE);
		}
		clock_test_advance(100000);
		if (a.ss)
			assert_int_equal(a.closed, 1);
	}
	a.ss = mem_deref(a.ss);
	b.ss = mem_deref(b.ss);
	clock_test_advance(100000);
	a.stack = mem_deref(a.stack);
	b.stack = mem_deref(b.stack);
	assert_int_equal(flights, 0);
}

static void survives_any_failed_allocation(void **state)
{
	each_allocation_fails(whole_call, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_rings_is_answered_and_hung_up),
		cmocka_unit_test(the_offer_may_come_in_the_200),
		cmocka_unit_test(calls_survive_loss),
		cmocka_unit_test(a_2xx_is_sent_again_until_its_ack),
		cmocka_unit_test(without_ack_the_callee_hangs_up),
		cmocka_unit_test(bye_waits_for_the_ack),
		cmocka_unit_test(the_end_of_an_early_dialog_is_no_progress),
		cmocka_unit_test(a_peer_cannot_name_our_half_of_a_dialog),
		cmocka_unit_test(the_caller_gives_up),
		cmocka_unit_test(a_200_that_crosses_cancel_is_acked_and_ended),
		cmocka_unit_test(nobody_answers_within_the_ring_time),
		cmocka_unit_test(nobody_is_there),
		cmocka_unit_test(a_dead_port_fails_at_once),
		cmocka_unit_test(the_callee_refuses),
		cmocka_unit_test(the_callees_user_leaves_while_it_rings),
		cmocka_unit_test(both_hang_up_at_once),
		cmocka_unit_test(a_bye_nobody_hears_ends_it_all_the_same),
		cmocka_unit_test(offers_go_both_ways_again_and_again),
		cmocka_unit_test(offers_that_cross_are_both_made_in_the_end),
		cmocka_unit_test(an_offer_to_a_lost_dialog_ends_the_call),
		cmocka_unit_test(a_peer_that_answers_goes_on),
		cmocka_unit_test(a_peer_that_has_lost_the_dialog_ends_the_call),
		cmocka_unit_test(a_peer_that_falls_silent_ends_the_call),
		cmocka_unit_test(a_peer_that_never_answers_is_left_alone),
		cmocka_unit_test(a_bye_during_an_offer_ends_it),
		cmocka_unit_test(a_cancelled_offer_makes_room_for_the_next),
		cmocka_unit_test(an_offer_that_is_never_answered_is_given_up),
		cmocka_unit_test(survives_any_failed_allocation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

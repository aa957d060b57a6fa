// SPDX-License-Identifier: GPL-3.0-or-later
/* Either end of a SUBSCRIBE dialog (RFC 6665), with the peer played by text. */
#include "wire.h"
#include "sip/subscription.h"
#include <errno.h>

static struct wire w;
static struct sip_subscription *sub;
static enum sip_method method = SIP_SUBSCRIBE;
static unsigned opened, opened_status, requests, answer;
static int opened_err;

static void on_opened(void *arg, int err, const struct sip_msg *rsp)
{
	opened++;
	opened_err = err;
	opened_status = rsp ? rsp->status : 0;
}

static void on_request(void *arg, struct sip_strans *st, const struct sip_msg *req)
{
	requests++;
	sip_subscription_reply(sub, st, answer, SLICE("Expires: 60\r\n"));
}

static const struct sip_subscription_handlers handlers = {.opened = on_opened, .request = on_request};

static void begin(void)
{
	wire_open(&w);
	opened = opened_status = requests = 0;
	answer = 200;
}

static void finish(void)
{
	sub = mem_deref(sub);
	clock_test_advance(100000);
	wire_close(&w);
	assert_int_equal(timer_count(), 0);
	assert_int_equal(mem_blocks(), 0);
}

static int subscribe(void)
{
	return sip_subscription_open(&sub, w.stack,
				     &(struct sip_subscription_params){.method = method, .ruri = SLICE("sip:bob@192.0.2.9:5070"), .dst = w.peer,
								       .from = SLICE("\"Al\" <sip:al@192.0.2.1>"), .to = SLICE("<sip:bob@192.0.2.9>"),
								       .contact_user = SLICE("al"), .headers = SLICE("Event: dialog\r\nExpires: 100\r\n"),
								       .max_forwards = 69, .login = {.user = SLICE("u"), .password = SLICE("p")}},
				     &handlers, NULL);
}

static char first[3000]; /* our SUBSCRIBE */

static void keep_first(void)
{
	snprintf(first, sizeof first, "%s", wire_last(&w));
}

static void notify(unsigned cseq, const char *their_tag)
{
	wire_say(&w, "NOTIFY sip:al@192.0.2.1 SIP/2.0|Via: SIP/2.0/UDP 192.0.2.9:5070;branch=z9hG4bKn%u|From: %s;tag=%s|To: %s|Call-ID: %s|CSeq: %u NOTIFY|"
		 "Contact: <sip:there@192.0.2.9:5070>|Max-Forwards: 70|Event: dialog|Subscription-State: active",
		 cseq, wire_hdr(first, "To"), their_tag, wire_hdr(first, "From"), wire_hdr(first, "Call-ID"), cseq);
}

static void the_answer_makes_the_dialog(void **state)
{
	begin();
	assert_int_equal(subscribe(), 0);
	keep_first();
	assert_string_equal(wire_hdr(first, "Event"), "dialog");
	assert_string_equal(wire_hdr(first, "Max-Forwards"), "69");
	assert_string_equal(wire_hdr(first, "Contact"), "<sip:al@192.0.2.1:5060>");
	assert_int_equal(sip_subscription_request(sub, SIP_SUBSCRIBE, SLICE_NONE, SLICE_NONE, SLICE_NONE, NULL, NULL), -ENOTCONN);
	wire_answer(&w, first, 200, "theirs", "|Contact: <sip:there@192.0.2.9:5070>|Expires: 90");
	assert_int_equal(opened_status, 200);
	notify(1, "theirs");
	assert_int_equal(requests, 1);
	assert_int_equal(wire_status(&w), 200);
	notify(0, "theirs");
	assert_int_equal(wire_status(&w), 500); /* out of order */
	assert_int_equal(sip_subscription_request(sub, SIP_SUBSCRIBE, SLICE("Expires: 0\r\n"), SLICE_NONE, SLICE_NONE, NULL, NULL), 0);
	assert_true(!strncmp(wire_last(&w), "SUBSCRIBE sip:there@192.0.2.9:5070 ", 35));
	assert_string_equal(wire_hdr(wire_last(&w), "Expires"), "0");
	assert_true(strtoul(wire_hdr(wire_last(&w), "CSeq"), NULL, 10) > strtoul(wire_hdr(first, "CSeq"), NULL, 10));
	finish();
}

/* RFC 3515 2.4.4; a challenge is answered for its method. */
static void a_refer_makes_one_too(void **state)
{
	begin();
	method = SIP_REFER;
	assert_int_equal(subscribe(), 0);
	keep_first();
	assert_true(!strncmp(first, "REFER sip:bob@192.0.2.9:5070 ", 29) && strstr(wire_hdr(first, "CSeq"), " REFER"));
	wire_answer(&w, first, 401, "theirs", "|WWW-Authenticate: Digest realm=\"r\", nonce=\"n\"");
	keep_first();
	assert_non_null(strstr(wire_hdr(first, "Authorization"), "username=\"u\""));
	wire_answer(&w, first, 202, "theirs", "|Contact: <sip:there@192.0.2.9:5070>");
	assert_int_equal(opened_status, 202);
	notify(1, "theirs");
	assert_int_equal(requests, 1);
	method = SIP_SUBSCRIBE;
	finish();
}

static void a_notify_may_overtake_it(void **state)
{
	begin();
	subscribe();
	keep_first();
	notify(1, "theirs");
	assert_int_equal(requests, 1);
	assert_int_equal(wire_status(&w), 200);
	assert_int_equal(opened, 0);
	wire_answer(&w, first, 202, "theirs", "|Contact: <sip:there@192.0.2.9:5070>");
	assert_int_equal(opened_status, 202);
	notify(2, "theirs");
	assert_int_equal(requests, 2);
	notify(3, "somebody");
	assert_int_equal(wire_status(&w), 481);
	finish();
}

static void a_challenge_is_answered_once(void **state)
{
	begin();
	subscribe();
	keep_first();
	wire_answer(&w, first, 407, "x", "|Proxy-Authenticate: Digest realm=\"r\", nonce=\"n\"");
	assert_int_equal(opened, 0);
	keep_first();
	assert_true(strlen(wire_hdr(first, "Proxy-Authorization")) > 0);
	wire_answer(&w, first, 407, "x", "|Proxy-Authenticate: Digest realm=\"r\", nonce=\"m\"");
	assert_int_equal(opened_status, 407);
	finish();
}

static void nobody_answers(void **state)
{
	begin();
	subscribe();
	clock_test_advance(40000);
	assert_int_equal(opened, 1);
	assert_int_equal(opened_err, -ETIMEDOUT);
	finish();
}

#define SUBSCRIBER "Max-Forwards: 70|From: <sip:al@x>;tag=ft|Call-ID: in|Event: dialog|Contact: <sip:al@192.0.2.9:5070>"

static void accept_one(void)
{
	wire_say(&w, "SUBSCRIBE sip:bob@192.0.2.1 SIP/2.0|Via: SIP/2.0/UDP 192.0.2.9:5070;branch=z9hG4bKs|To: <sip:bob@x>|CSeq: 5 SUBSCRIBE|" SUBSCRIBER);
	if (!w.st)
		return;
	if (!sip_subscription_accept(&sub, w.st, SLICE("bob"), &handlers, NULL))
		sip_subscription_reply(sub, w.st, 202, SLICE("Expires: 60\r\n"));
	w.st = mem_deref(w.st);
}

/* The other end: a notifier, which goes on in another process. */
static void a_notifier_goes_on_after_a_restart(void **state)
{
	struct buf record = buf_growing();
	char to[300];
	begin();
	accept_one();
	assert_int_equal(wire_status(&w), 202);
	snprintf(to, sizeof to, "%s", wire_hdr(wire_last(&w), "To"));
	assert_int_equal(sip_subscription_request(sub, SIP_NOTIFY, SLICE("Event: dialog\r\n"), SLICE("a/b"), SLICE("c"), NULL, NULL), 0);
	unsigned long cseq = strtoul(wire_hdr(wire_last(&w), "CSeq"), NULL, 10);
	sip_subscription_save(sub, &record);
	sub = mem_deref(sub);
	wire_close(&w);
	wire_open(&w);
	assert_int_equal(sip_subscription_restore(&sub, w.stack, buf_text(&record), &handlers, NULL), 0);
	wire_say(&w, "SUBSCRIBE sip:bob@192.0.2.1 SIP/2.0|Via: SIP/2.0/UDP 192.0.2.9:5070;branch=z9hG4bKt|To: %s|CSeq: 6 SUBSCRIBE|" SUBSCRIBER, to);
	assert_int_equal(requests, 1);
	assert_int_equal(wire_status(&w), 200);
	assert_string_equal(wire_hdr(wire_last(&w), "Expires"), "60");
	sip_subscription_request(sub, SIP_NOTIFY, SLICE_NONE, SLICE_NONE, SLICE_NONE, NULL, NULL);
	assert_true(strtoul(wire_hdr(wire_last(&w), "CSeq"), NULL, 10) > cseq);
	assert_int_equal(sip_subscription_restore(&sub, w.stack, slice_from(buf_text(&record), 3), &handlers, NULL), -EBADMSG);
	wire_say(&w, "INFO sip:bob@192.0.2.1 SIP/2.0|Via: SIP/2.0/UDP 192.0.2.9:5070;branch=z9hG4bKu|To: %s|CSeq: 7 INFO|" SUBSCRIBER, to);
	assert_int_equal(wire_status(&w), 405);
	buf_reset(&record);
	finish();
}

static void both_ends(void *arg)
{
	struct buf record = buf_growing();
	if (!wire_try_open(&w, 500)) {
		answer = 200;
		accept_one();
		if (sub)
			sip_subscription_save(sub, &record);
		sub = mem_deref(sub);
		if (!record.err && record.len && sip_subscription_restore(&sub, w.stack, buf_text(&record), &handlers, NULL))
			sub = NULL;
		sub = mem_deref(sub);
		if (!subscribe() && w.n) {
			keep_first();
			if (!strncmp(first, "SUBSCRIBE", 9)) {
				notify(1, "theirs");
				wire_answer(&w, first, 200, "theirs", "|Contact: <sip:there@192.0.2.9:5070>");
			}
			sip_subscription_request(sub, SIP_SUBSCRIBE, SLICE_NONE, SLICE_NONE, SLICE_NONE, NULL, NULL);
		}
		sub = mem_deref(sub);
		clock_test_advance(100000);
		wire_close(&w);
	}
	buf_reset(&record);
}

static void survives_any_failed_allocation(void **state)
{
	sub = NULL;
	each_allocation_fails(both_ends, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_answer_makes_the_dialog),
		cmocka_unit_test(a_refer_makes_one_too),
		cmocka_unit_test(a_notify_may_overtake_it),
		cmocka_unit_test(a_challenge_is_answered_once),
		cmocka_unit_test(nobody_answers),
		cmocka_unit_test(a_notifier_goes_on_after_a_restart),
		cmocka_unit_test(survives_any_failed_allocation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

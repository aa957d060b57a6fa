// SPDX-License-Identifier: GPL-3.0-or-later
/* Sessions across a restart, each left at some step; the peer, played by text, sees one user agent throughout. */
#include "wire.h"
#include "hex.h"
#include "old_records.h"
#include "sip/session_priv.h"
#include <errno.h>

#define SDP "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"
#define CALLER "From: <sip:a@x>;tag=far|Call-ID: in1|Contact: <sip:a@192.0.2.9:5070>|Record-Route: <sip:192.0.2.9:5070;lr>"

static struct wire w;
static struct sip_session *ss;
static unsigned closed, status, offers, acked, answered, changes;
static struct buf record;

static void on_closed(void *arg, unsigned s, const struct sip_msg *msg)
{
	closed++;
	status = msg ? 1000 + (unsigned)msg->method : s;
}

static void on_offer(void *arg, const struct sip_msg *req) { offers++; }
static void on_acked(void *arg, const struct sip_msg *ack) { acked++; }
static void on_answered(void *arg, const struct sip_msg *rsp) { answered++; }
static void on_changed(void *arg) { changes++; }

static const struct sip_session_handlers handlers = {
	.closed = on_closed, .offer = on_offer, .acked = on_acked, .answered = on_answered, .changed = on_changed,
};

static void open_wire(void)
{
	struct addr peer = w.peer;
	wire_open(&w);
	if (addr_is_set(&peer))
		w.peer = peer;
	w.stack->params.probe_ms = 60000;
	closed = status = offers = acked = answered = changes = 0;
}

static int setup(void **state)
{
	w.peer.family = AF_UNSPEC;
	open_wire();
	return 0;
}

static int teardown(void **state)
{
	if (ss)
		sip_session_detach(ss);
	ss = mem_deref(ss);
	wire_close(&w);
	buf_reset(&record);
	return timer_count() ? -1 : 0;
}

static void save(void)
{
	record.len = 0;
	sip_session_save(ss, &record);
	assert_int_equal(record.err, 0);
}

/* The process dies without a word; the next one has what was saved. */
static void restart(void)
{
	save();
	sip_session_detach(ss);
	mem_deref(ss);
	ss = NULL;
	wire_close(&w);
	open_wire();
	assert_int_equal(sip_session_restore(&ss, w.stack, buf_text(&record), &(struct digest_login){.user = SLICE("user"), .password = SLICE("secret")}, &handlers, NULL), 0);
}

static void invite_comes(void)
{
	wire_say(&w, "INVITE sip:b@192.0.2.1 SIP/2.0|Via: SIP/2.0/UDP 192.0.2.9:5070;branch=z9hG4bKin|To: <sip:b@x>|CSeq: 7 INVITE|" CALLER);
	assert_non_null(w.st);
	assert_int_equal(sip_session_accept(&ss, w.st, SLICE("b"), &handlers, NULL), 0);
	w.st = mem_deref(w.st);
}

static char to[200];

static void answer_it(void)
{
	assert_int_equal(sip_session_answer(ss, SLICE_NONE, SLICE(SDP)), 0);
	snprintf(to, sizeof to, "%s", wire_hdr(wire_last(&w), "To"));
}

static void they_say(const char *method, unsigned cseq)
{
	wire_say(&w, "%s sip:b@192.0.2.1 SIP/2.0|Via: SIP/2.0/UDP 192.0.2.9:5070;branch=z9hG4bK%s%u|To: %s|CSeq: %u %s|" CALLER, method, method, cseq,
		 to, cseq, method);
}

static unsigned cseq_of(const char *message)
{
	return (unsigned)strtoul(wire_hdr(message, "CSeq"), NULL, 10);
}

static void answered_by_us_and_ended_by_us(void **state)
{
	invite_comes();
	answer_it();
	they_say("ACK", 7);
	assert_int_equal(sip_session_offer(ss, SLICE_NONE, SLICE(SDP)), 0);
	unsigned before = cseq_of(wire_last(&w));
	char contact[200];
	snprintf(contact, sizeof contact, "%s", wire_hdr(wire_last(&w), "Contact"));
	wire_answer(&w, wire_last(&w), 200, NULL, "|Contact: <sip:moved@192.0.2.9:5070>");
	restart();
	assert_int_equal(w.n, 0); /* its peer hears nothing of it */
	assert_true(slice_eq(sip_session_call_id(ss), SLICE("in1")));
	assert_int_equal(sip_session_offer(ss, SLICE_NONE, SLICE(SDP)), 0);
	const char *m = wire_last(&w);
	assert_true(slice_starts(slice_str(m), SLICE("INVITE sip:moved@192.0.2.9:5070 SIP/2.0")));
	assert_true(cseq_of(m) > before);
	assert_string_equal(wire_hdr(m, "From"), to);
	assert_string_equal(wire_hdr(m, "To"), "<sip:a@x>;tag=far");
	assert_string_equal(wire_hdr(m, "Route"), "<sip:192.0.2.9:5070;lr>");
	assert_string_equal(wire_hdr(m, "Contact"), contact);
	wire_answer(&w, m, 200, NULL, "|Contact: <sip:moved@192.0.2.9:5070>");
	sip_session_bye(ss, 0, SLICE("Reason: Q.850;cause=16\r\n"), SLICE_NONE);
	restart(); /* the BYE has no answer yet: another one goes out with what it said */
	m = wire_last(&w);
	assert_true(slice_starts(slice_str(m), SLICE("BYE sip:moved@192.0.2.9:5070")));
	assert_string_equal(wire_hdr(m, "Reason"), "Q.850;cause=16");
	wire_answer(&w, m, 481, NULL, NULL);
	assert_true(closed == 1 && status == 0);
}

static void answered_by_us_and_ended_by_them(void **state)
{
	invite_comes();
	answer_it();
	they_say("ACK", 7);
	restart();
	they_say("OPTIONS", 6); /* older than what there was */
	assert_int_equal(wire_status(&w), 500);
	they_say("INVITE", 8);
	assert_int_equal(offers, 1);
	assert_int_equal(sip_session_reply_offer(ss, 200, NULL, SLICE_NONE, SLICE(SDP)), 0);
	they_say("ACK", 8);
	they_say("BYE", 9);
	assert_int_equal(wire_status(&w), 200);
	assert_true(closed == 1 && status == 1000 + SIP_BYE);
}

/* Our 2xx is repeated until its ACK comes, and the INVITE is no new one. */
static void the_ack_comes_later(void **state)
{
	invite_comes();
	answer_it();
	restart();
	clock_test_advance(500);
	assert_int_equal(wire_status(&w), 200);
	assert_string_equal(wire_hdr(wire_last(&w), "To"), to);
	wire_say(&w, "INVITE sip:b@192.0.2.1 SIP/2.0|Via: SIP/2.0/UDP 192.0.2.9:5070;branch=z9hG4bKin|To: <sip:b@x>|CSeq: 7 INVITE|" CALLER);
	assert_int_equal(w.requests, 0);
	they_say("ACK", 7);
	assert_int_equal(acked, 1);
	unsigned n = w.n;
	clock_test_advance(5000);
	assert_int_equal(w.n, n);
	they_say("BYE", 8);
	assert_int_equal(closed, 1);
}

static void it_rings(void **state)
{
	invite_comes();
	sip_session_progress(ss, 180, NULL, SLICE_NONE, SLICE_NONE);
	snprintf(to, sizeof to, "%s", wire_hdr(wire_last(&w), "To"));
	restart();
	sip_session_bye(ss, 503, SLICE_NONE, SLICE_NONE);
	assert_int_equal(wire_status(&w), 503);
	assert_string_equal(wire_hdr(wire_last(&w), "To"), to);
	assert_string_equal(wire_hdr(wire_last(&w), "Via"), "SIP/2.0/UDP 192.0.2.9:5070;branch=z9hG4bKin");
	save();
	assert_int_equal(record.len, 0); /* that was all */
	wire_say(&w, "ACK sip:b@192.0.2.1 SIP/2.0|Via: SIP/2.0/UDP 192.0.2.9:5070;branch=z9hG4bKin|To: %s|CSeq: 7 ACK|" CALLER, to);
	clock_test_advance(10000);
	assert_int_equal(closed, 1);
	assert_int_equal(sip_stack_transactions(w.stack), 0);
}

/* A CANCEL that crosses the restart finds its INVITE. */
static void it_rings_and_is_given_up(void **state)
{
	invite_comes();
	sip_session_progress(ss, 180, NULL, SLICE_NONE, SLICE_NONE);
	restart();
	wire_say(&w, "CANCEL sip:b@192.0.2.1 SIP/2.0|Via: SIP/2.0/UDP 192.0.2.9:5070;branch=z9hG4bKin|To: <sip:b@x>|CSeq: 7 CANCEL|" CALLER);
	assert_int_equal(wire_status(&w), 487);
	assert_true(closed == 1 && status == 1000 + SIP_CANCEL);
}

static void call_them(void)
{
	struct sip_session_params p = {.ruri = SLICE("sip:c@192.0.2.9:5070"), .dst = w.peer, .from_uri = SLICE("sip:b@192.0.2.1"),
				       .to_uri = SLICE("sip:c@192.0.2.9"), .contact_user = SLICE("b"), .sdp = SLICE(SDP)};
	assert_int_equal(sip_session_connect(&ss, w.stack, &p, &handlers, NULL), 0);
}

static void we_wait_for_an_answer(void **state)
{
	call_them();
	char invite[3000];
	snprintf(invite, sizeof invite, "%s", wire_last(&w));
	restart();
	assert_string_equal(wire_last(&w), invite); /* nothing had come: again, to the letter */
	sip_session_bye(ss, 0, SLICE_NONE, SLICE_NONE);
	wire_answer(&w, invite, 180, "far", NULL);
	assert_true(slice_starts(slice_str(wire_last(&w)), SLICE("CANCEL sip:c@192.0.2.9:5070 SIP/2.0")));
	assert_string_equal(wire_hdr(wire_last(&w), "Via"), wire_hdr(invite, "Via"));
	/* It answers all the same. */
	unsigned n = w.n;
	wire_answer(&w, invite, 200, "far", "|Contact: <sip:c@192.0.2.9:5070>");
	assert_true(slice_starts(slice_str(w.sent[n].text), SLICE("ACK ")) && slice_starts(slice_str(w.sent[n + 1].text), SLICE("BYE ")));
	assert_int_equal(closed, 1);
}

static void it_rings_there(void **state)
{
	call_them();
	char invite[3000];
	snprintf(invite, sizeof invite, "%s", wire_last(&w));
	wire_answer(&w, invite, 180, "far", NULL);
	restart();
	assert_int_equal(w.n, 0);
	sip_session_bye(ss, 0, SLICE("Reason: Q.850;cause=41\r\n"), SLICE_NONE);
	assert_true(slice_starts(slice_str(wire_last(&w)), SLICE("CANCEL ")));
	restart(); /* killed again: again */
	assert_true(slice_starts(slice_str(wire_last(&w)), SLICE("CANCEL ")));
	wire_answer(&w, invite, 487, "far", NULL);
	assert_true(slice_starts(slice_str(wire_last(&w)), SLICE("ACK ")));
	assert_true(closed == 1 && status == 1000 + SIP_INVITE);
}

static void they_have_answered(void **state)
{
	call_them();
	char invite[3000];
	snprintf(invite, sizeof invite, "%s", wire_last(&w));
	wire_answer(&w, invite, 200, "far", "|Contact: <sip:c@192.0.2.9:5070>|Record-Route: <sip:192.0.2.9:5070>");
	restart();
	/* The ACK was lost with the process: the repeated 2xx gets another one. */
	wire_answer(&w, invite, 200, "far", "|Contact: <sip:c@192.0.2.9:5070>");
	assert_true(slice_starts(slice_str(wire_last(&w)), SLICE("ACK sip:192.0.2.9:5070 SIP/2.0")));
	assert_string_equal(wire_hdr(wire_last(&w), "Route"), "<sip:c@192.0.2.9:5070>");
	assert_int_equal(cseq_of(wire_last(&w)), cseq_of(invite));
	/* That of another fork is none of ours any more. */
	unsigned n = w.n;
	wire_answer(&w, invite, 200, "other", "|Contact: <sip:c@192.0.2.9:5070>");
	assert_int_equal(w.n, n);
	/* A challenge is answered with the credentials given now. */
	sip_session_bye(ss, 0, SLICE_NONE, SLICE_NONE);
	wire_answer(&w, wire_last(&w), 401, NULL, "|WWW-Authenticate: Digest realm=\"r\", nonce=\"n\"");
	assert_non_null(strstr(wire_last(&w), "username=\"user\""));
	wire_answer(&w, wire_last(&w), 200, NULL, NULL);
	assert_true(closed == 1 && status == 0);
}

/* Their re-INVITE began in a process that is gone: they try again. */
static void a_changed_description_is_under_way(void **state)
{
	invite_comes();
	answer_it();
	they_say("ACK", 7);
	they_say("INVITE", 8);
	assert_int_equal(offers, 1);
	restart();
	assert_int_equal(wire_status(&w), 500);
	assert_string_equal(wire_hdr(wire_last(&w), "Retry-After"), "1");
	they_say("INVITE", 9);
	assert_int_equal(offers, 1);
	assert_int_equal(sip_session_reply_offer(ss, 200, NULL, SLICE_NONE, SLICE(SDP)), 0);
	restart(); /* its 2xx has no ACK yet */
	clock_test_advance(500);
	assert_int_equal(wire_status(&w), 200);
	they_say("ACK", 9);
	assert_int_equal(acked, 1);
	they_say("BYE", 10);
}

static void everything_saved_is_told(void **state)
{
	invite_comes();
	answer_it();
	unsigned n = changes;
	they_say("ACK", 7);
	assert_true(changes > n);
	n = changes;
	they_say("OPTIONS", 8);
	assert_true(changes > n);
	n = changes;
	clock_test_advance(6000); /* the first OPTIONS of ours takes a number */
	assert_true(changes > n);
	they_say("BYE", 9);
}

static void damaged_records(void **state)
{
	struct sip_session *again;
	invite_comes();
	answer_it();
	save();
	assert_int_equal(sip_session_restore(&again, w.stack, SLICE_NONE, &(struct digest_login){0}, &handlers, NULL), -EBADMSG);
	for (size_t n = 0; n < record.len; n++) {
		if (!sip_session_restore(&again, w.stack, slice_of(record.p, n), &(struct digest_login){0}, &handlers, NULL))
			mem_deref(again);
		record.p[n] ^= 0x81;
		if (!sip_session_restore(&again, w.stack, buf_text(&record), &(struct digest_login){0}, &handlers, NULL))
			mem_deref(again);
		record.p[n] ^= 0x81;
	}
	they_say("ACK", 7);
	they_say("BYE", 8);
	clock_test_advance(40000);
}

/* What was written before sessions had a transport, timers and more is a session all the same. */
static void a_record_of_an_earlier_program(void **state)
{
	add_hex(&record, session_record_1);
	assert_int_equal(sip_session_restore(&ss, w.stack, buf_text(&record), &(struct digest_login){0}, &handlers, NULL), 0);
	assert_int_equal(sip_session_offer(ss, SLICE_NONE, SLICE(SDP)), 0);
	const char *m = wire_last(&w);
	assert_true(slice_starts(slice_str(m), SLICE("INVITE sip:a@192.0.2.9:5070 SIP/2.0")));
	assert_string_equal(wire_hdr(m, "Route"), "<sip:192.0.2.9:5070;lr>");
	assert_string_equal(wire_hdr(m, "To"), "<sip:a@x>;tag=far");
	snprintf(to, sizeof to, "%s", wire_hdr(m, "From"));
	wire_answer(&w, m, 200, NULL, "|Contact: <sip:a@192.0.2.9:5070>");
	they_say("BYE", 8);
	assert_int_equal(wire_status(&w), 200);
	assert_true(closed == 1 && status == 1000 + SIP_BYE);
}

static void body(void *arg)
{
	struct wire other;
	struct sip_session *again = NULL;
	if (wire_try_open(&other, 500))
		return;
	int err = sip_session_restore(&again, other.stack, buf_text(&record), &(struct digest_login){.user = SLICE("u"), .password = SLICE("p")}, &handlers, NULL);
	assert_true(err == 0 || err == -ENOMEM);
	if (again)
		sip_session_detach(again);
	mem_deref(again);
	wire_close(&other);
}

static void memory_runs_out(void **state)
{
	invite_comes();
	answer_it();
	save();
	each_allocation_fails(body, NULL);
	they_say("ACK", 7);
	they_say("BYE", 8);
	mem_deref(ss);
	call_them();
	save();
	each_allocation_fails(body, NULL);
}

#define SAVE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SAVE_TEST(answered_by_us_and_ended_by_us), SAVE_TEST(answered_by_us_and_ended_by_them), SAVE_TEST(the_ack_comes_later),
		SAVE_TEST(it_rings),                       SAVE_TEST(it_rings_and_is_given_up),         SAVE_TEST(we_wait_for_an_answer),
		SAVE_TEST(it_rings_there),                 SAVE_TEST(they_have_answered),
		SAVE_TEST(a_changed_description_is_under_way), SAVE_TEST(everything_saved_is_told),
		SAVE_TEST(a_record_of_an_earlier_program), SAVE_TEST(damaged_records),                  SAVE_TEST(memory_runs_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

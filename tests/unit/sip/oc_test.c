// SPDX-License-Identifier: GPL-3.0-or-later
/* RFC 7339, loss-based: as a server, what a client is told; as a client, what is held back. */
#include "wire.h"
#include <errno.h>
#include <string.h>

static void nothing(void *arg, int err, const struct sip_msg *rsp)
{
	int *last = arg;
	*last = err ? err : (int)rsp->status;
}

static void server(void **state)
{
	struct wire w;
	wire_open(&w);
	w.answer = 200;
	sip_stack_set_loss(w.stack, 30);
	wire_say(&w, "OPTIONS sip:a@192.0.2.1 SIP/2.0|Via: SIP/2.0/UDP 192.0.2.9:5070;branch=z9hG4bK1;oc;oc-algo=\"rate, loss\";rport|From: <sip:b@c>;tag=1|"
		     "To: <sip:a@192.0.2.1>|Call-ID: 1|CSeq: 1 OPTIONS");
	const char *via = wire_hdr(wire_last(&w), "Via");
	assert_non_null(strstr(via, ";oc=30;oc-algo=\"loss\";oc-validity=500;oc-seq="));
	assert_null(strstr(via, ";oc;"));
	assert_null(strstr(via, "rate"));
	sip_stack_set_loss(w.stack, 0);
	wire_say(&w, "OPTIONS sip:a@192.0.2.1 SIP/2.0|Via: SIP/2.0/UDP 192.0.2.9:5070;branch=z9hG4bK2;oc;oc-algo=\"loss\"|From: <sip:b@c>;tag=1|"
		     "To: <sip:a@192.0.2.1>|Call-ID: 2|CSeq: 1 OPTIONS");
	assert_non_null(strstr(wire_hdr(wire_last(&w), "Via"), ";oc=0;oc-algo=\"loss\";oc-validity=0;"));
	/* Not asked, or by another algorithm only. */
	wire_say(&w, "OPTIONS sip:a@192.0.2.1 SIP/2.0|Via: SIP/2.0/UDP 192.0.2.9:5070;branch=z9hG4bK3|From: <sip:b@c>;tag=1|"
		     "To: <sip:a@192.0.2.1>|Call-ID: 3|CSeq: 1 OPTIONS");
	assert_null(strstr(wire_hdr(wire_last(&w), "Via"), "oc"));
	wire_say(&w, "OPTIONS sip:a@192.0.2.1 SIP/2.0|Via: SIP/2.0/UDP 192.0.2.9:5070;branch=z9hG4bK4;oc;oc-algo=\"rate\"|From: <sip:b@c>;tag=1|"
		     "To: <sip:a@192.0.2.1>|Call-ID: 4|CSeq: 1 OPTIONS");
	assert_null(strstr(wire_hdr(wire_last(&w), "Via"), "oc="));
	wire_close(&w);
}

/* Sends a request of ours: 0 when it went out, -EBUSY when it was held back. */
static int ask(struct wire *w, struct slice to, bool emergency)
{
	int last = 1;
	struct buf headers = buf_growing();
	buf_str(&headers, "From: <sip:a@b>;tag=1\r\nTo: ");
	buf_slice(&headers, to);
	buf_str(&headers, "\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\n");
	struct sip_ctrans *ct;
	struct sip_request_params p = {.method = SIP_OPTIONS, .ruri = SLICE("sip:x@192.0.2.9"), .dst = w->peer, .headers = buf_text(&headers), .emergency = emergency};
	w->n = 0;
	assert_int_equal(sip_request(&ct, w->stack, &p, nothing, &last), 0);
	unsigned sent = w->n;
	clock_test_advance(1);
	assert_int_equal(sent, last == 1);
	if (sent) {
		sip_ctrans_detach(ct);
		last = 0;
	}
	mem_deref(ct);
	buf_reset(&headers);
	return last;
}

static void answer_with(struct wire *w, const char *oc)
{
	char request[3000], via[400], text[3000];
	snprintf(request, sizeof request, "%s", w->sent[0].text);
	snprintf(via, sizeof via, "%s", wire_hdr(request, "Via"));
	char *at = strstr(via, ";oc;oc-algo=\"loss\"");
	assert_non_null(at);
	*at = '\0';
	snprintf(text, sizeof text, "SIP/2.0 200 OK|Via: %s%s|From: <sip:a@b>;tag=1|To: <sip:x@192.0.2.9>;tag=2|Call-ID: 1|CSeq: 1 OPTIONS", via, oc);
	wire_say(w, "%s", text);
}

static unsigned held_of_100(struct wire *w)
{
	unsigned held = 0;
	for (int i = 0; i < 100; i++)
		held += ask(w, SLICE("<sip:x@192.0.2.9>"), false) == -EBUSY;
	return held;
}

static void client(void **state)
{
	struct wire w;
	wire_open(&w);
	sip_stack_ask_loss(w.stack, true);
	assert_int_equal(ask(&w, SLICE("<sip:x@192.0.2.9>"), false), 0);
	answer_with(&w, ";oc=20;oc-algo=\"loss\";oc-validity=60000;oc-seq=1000.5");
	assert_int_equal(held_of_100(&w), 20);
	/* Not within dialogs, not emergency calls. */
	for (int i = 0; i < 20; i++) {
		assert_int_equal(ask(&w, SLICE("<sip:x@192.0.2.9>;tag=7"), false), 0);
		assert_int_equal(ask(&w, SLICE("<sip:x@192.0.2.9>"), true), 0);
	}
	/* What is older changes nothing; what is newer does. */
	answer_with(&w, ";oc=90;oc-algo=\"loss\";oc-validity=60000;oc-seq=1000.4");
	assert_int_equal(held_of_100(&w), 20);
	while (ask(&w, SLICE("<sip:x@192.0.2.9>"), false))
		;
	answer_with(&w, ";oc=50;oc-validity=1000;oc-seq=1000.6");
	assert_int_equal(held_of_100(&w), 50);
	clock_test_advance(1001);
	assert_int_equal(held_of_100(&w), 0);
	answer_with(&w, ";oc=100;oc-seq=1001.0");
	assert_int_equal(ask(&w, SLICE("<sip:x@192.0.2.9>"), false), -EBUSY);
	assert_int_equal(ask(&w, SLICE("<sip:x@192.0.2.9>"), true), 0);
	answer_with(&w, ";oc=0;oc-seq=1002.0");
	assert_int_equal(held_of_100(&w), 0);
	/* Nonsense is none. */
	answer_with(&w, ";oc=101;oc-seq=1003.0");
	answer_with(&w, ";oc=50;oc-algo=\"rate\";oc-seq=1004.0");
	assert_int_equal(held_of_100(&w), 0);
	wire_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(server), cmocka_unit_test(client)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

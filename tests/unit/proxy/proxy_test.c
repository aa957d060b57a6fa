// SPDX-License-Identifier: GPL-3.0-or-later
/* A proxy that keeps transactions: RFC 3261 16.3 to 16.10, RFC 4320, 5393, 5658, 6026. */
#include "proxied.h"

#define INVITE(branch) x_ask("INVITE", "sip:b@example.com", branch, "")

static void one_target(const char *uri, const char *addr)
{
	x.target[0].uri = uri;
	x.target[0].addr = addr;
}

/* --- 16.6: what is forwarded -------------------------------------------------------------------------------------- */

static void a_request_passes_with_a_proxys_edits_and_no_others(void **state)
{
	x_open();
	one_target("sip:b@192.0.2.20", "192.0.2.20:5060");
	x_from(CALLER, "INVITE sip:b@example.com SIP/2.0|v: SIP/2.0/UDP 10.0.0.9:5070;branch=z9hG4bKa;rport|Max-Forwards: 12|f: <sip:a@example.com>;tag=f|"
	       "To:   \"B;b\"  <sip:b@example.com>;x=y|i: c1|CSeq: 3 INVITE|m: <sip:a@192.0.2.9:5070>|X-Odd:a,,b|Subject: one\r\n two|Max-Breadth: 7|"
	       "Content-Length: 4||v=0x");
	assert_int_equal(x.w.n, 2);
	const char *m = x_sent(0);
	char want[3000];
	/* The branch and the route are ours to choose; the rest is byte for byte. */
	char branch[64] = "", route[200] = "";
	sscanf(strstr(m, "branch=") + 7, "%63[^;]", branch);
	snprintf(route, sizeof route, "%s", wire_hdr(m, "Record-Route"));
	snprintf(want, sizeof want,
		 "INVITE sip:b@192.0.2.20 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=%s;rport\r\n"
		 "Via: SIP/2.0/UDP 10.0.0.9:5070;branch=z9hG4bKa;received=192.0.2.9;rport=5070\r\nMax-Forwards: 11\r\nMax-Breadth: 7\r\n"
		 "Record-Route: %s\r\nFrom: <sip:a@example.com>;tag=f\r\nTo: \"B;b\"  <sip:b@example.com>;x=y\r\nCall-ID: c1\r\nCSeq: 3 INVITE\r\n"
		 "Contact: <sip:a@192.0.2.9:5070>\r\nX-Odd: a,,b\r\nSubject: one   two\r\nContent-Length: 4\r\n\r\nv=0x",
		 branch, route);
	assert_string_equal(m, want);
	assert_true(!strncmp(branch, "z9hG4bK", 7) && strlen(branch) > 20);
	assert_true(strstr(route, "@192.0.2.1:5060;lr>") != NULL);
	x_to(0, "192.0.2.20:5060");
	assert_true(x_is(1, "SIP/2.0 100"));
	/* A copy is absorbed. */
	x_from(CALLER, "INVITE sip:b@example.com SIP/2.0|v: SIP/2.0/UDP 10.0.0.9:5070;branch=z9hG4bKa;rport|Max-Forwards: 12|f: <sip:a@example.com>;tag=f|"
	       "To:   \"B;b\"  <sip:b@example.com>;x=y|i: c1|CSeq: 3 INVITE|m: <sip:a@192.0.2.9:5070>");
	assert_true(x_is(2, "SIP/2.0 100") && x.w.n == 3);
	x_answer(0, 486, "t", "");
	x_close();
}

static void a_dialog_follows_its_route(void **state)
{
	x_open();
	one_target("sip:b@192.0.2.20:5062", "192.0.2.20:5062");
	INVITE("1");
	char route[300];
	snprintf(route, sizeof route, "%s", wire_hdr(x_sent(0), "Record-Route"));
	x_answer(0, 180, "t", "|Contact: <sip:b@192.0.2.20:5062>");
	assert_true(x_is(2, "SIP/2.0 180"));
	assert_string_equal(x_all(x_sent(2), "Via"), "SIP/2.0/UDP 192.0.2.9:5070;branch=z9hG4bK1");
	assert_string_equal(wire_hdr(x_sent(2), "Record-Route"), route);
	x_to(2, CALLER);
	x_answer(0, 200, "t", "|Contact: <sip:b@192.0.2.20:5062>");
	assert_true(x_is(3, "SIP/2.0 200"));
	/* repeated until acknowledged */
	x_answer(0, 200, "t", "|Contact: <sip:b@192.0.2.20:5062>");
	assert_true(x_is(4, "SIP/2.0 200"));
	x_from(CALLER, "ACK sip:b@192.0.2.20:5062 SIP/2.0|Via: SIP/2.0/UDP 192.0.2.9:5070;branch=z9hG4bK2|Route: %s|From: <sip:a@example.com>;tag=f|"
	       "To: <sip:b@example.com>;tag=t|Call-ID: c1|CSeq: 3 ACK|Max-Forwards: 70", route);
	assert_true(x_is(5, "ACK sip:b@192.0.2.20:5062 SIP/2.0"));
	assert_string_equal(x_all(x_sent(5), "Route"), "");
	assert_string_equal(x_all(x_sent(5), "Max-Breadth"), "");
	assert_int_equal(x.along, 1);
	x_from("192.0.2.20:5062", "BYE sip:a@192.0.2.9:5070 SIP/2.0|Via: SIP/2.0/UDP 192.0.2.20:5062;branch=z9hG4bK3|Route: %s, <sip:other.example.net;lr>|"
	       "From: <sip:b@example.com>;tag=t|To: <sip:a@example.com>;tag=f|Call-ID: c1|CSeq: 1 BYE|Max-Forwards: 70", route);
	assert_int_equal(x.along, 2);
	assert_int_equal(x.w.n, 7); /* the other proxy's name has no address here */
	assert_true(x_is(6, "SIP/2.0 500"));
	x_from("192.0.2.20:5062", "BYE sip:a@192.0.2.9:5070 SIP/2.0|Via: SIP/2.0/UDP 192.0.2.20:5062;branch=z9hG4bK4|Route: %s, <sip:192.0.2.44;lr>|"
	       "From: <sip:b@example.com>;tag=t|To: <sip:a@example.com>;tag=f|Call-ID: c1|CSeq: 2 BYE|Max-Forwards: 70", route);
	assert_true(x_is(7, "BYE sip:a@192.0.2.9:5070"));
	x_to(7, "192.0.2.44:5060");
	assert_string_equal(x_all(x_sent(7), "Route"), "<sip:192.0.2.44;lr>");
	x_answer(7, 200, NULL, "");
	assert_true(x_is(8, "SIP/2.0 200"));
	/* a route made up, or of another dialog, proves nothing */
	x_from("192.0.2.66:5060", "BYE sip:a@192.0.2.9:5070 SIP/2.0|Via: SIP/2.0/UDP 192.0.2.66;branch=z9hG4bK5|Route: %s|"
	       "From: <sip:b@example.com>;tag=t|To: <sip:a@example.com>;tag=f|Call-ID: c2|CSeq: 1 BYE|Max-Forwards: 70", route);
	assert_int_equal(x.along, 3);
	assert_int_equal(x.admitted, 5);
	x_answer(9, 200, NULL, "");
	x_close();
}

static void sides_that_differ_get_a_route_each(void **state)
{
	x_open();
	one_target("sip:b@[2001:db8::20]", "[2001:db8::20]:5060");
	INVITE("1");
	const char *routes = x_all(x_sent(0), "Record-Route");
	assert_non_null(strstr(routes, "@[2001:db8::1]:5060;lr> | <sip:"));
	assert_non_null(strstr(strstr(routes, " | "), "@192.0.2.1:5060;lr>"));
	assert_string_equal(wire_hdr(x_sent(0), "Via") + 12, strstr(wire_hdr(x_sent(0), "Via"), "[2001:db8::1]:5060"));
	char first[300], second[300];
	assert_int_equal(sscanf(routes, "%299s | %299s", first, second), 2);
	x_answer(0, 200, "t", "|Contact: <sip:b@[2001:db8::20]>");
	/* either way both are taken off, and it leaves by the other side */
	x_from(CALLER, "ACK sip:b@[2001:db8::20] SIP/2.0|Via: SIP/2.0/UDP 192.0.2.9:5070;branch=z9hG4bK2|Route: %s, %s|From: <sip:a@example.com>;tag=f|"
	       "To: <sip:b@example.com>;tag=t|Call-ID: c1|CSeq: 3 ACK|Max-Forwards: 70", second, first);
	assert_true(x_is(3, "ACK sip:b@[2001:db8::20]"));
	x_to(3, "[2001:db8::20]:5060");
	x_from("[2001:db8::20]:5060", "BYE sip:a@192.0.2.9:5070 SIP/2.0|Via: SIP/2.0/UDP [2001:db8::20];branch=z9hG4bK3|Route: %s|Route: %s|"
	       "From: <sip:b@example.com>;tag=t|To: <sip:a@example.com>;tag=f|Call-ID: c1|CSeq: 1 BYE|Max-Forwards: 70", first, second);
	assert_true(x_is(4, "BYE sip:a@192.0.2.9:5070"));
	x_to(4, CALLER);
	assert_int_equal(x.w.sent[4].from.family, AF_INET);
	assert_string_equal(x_all(x_sent(4), "Route"), "");
	x_answer(4, 200, NULL, "");
	x_close();
}

/* Both behind NATs: their Contacts lead nowhere, the flows their messages came on do. */
static void those_behind_a_nat_are_reached_on_their_flows(void **state)
{
	x_open();
	one_target("sip:b@10.0.0.20", "192.0.2.20:7777");
	x_from("192.0.2.9:9999", "INVITE sip:b@example.com SIP/2.0|Via: SIP/2.0/UDP 10.0.0.9;rport;branch=z9hG4bK1|Max-Forwards: 70|From: <sip:a@example.com>;tag=f|"
	       "To: <sip:b@example.com>|Call-ID: c1|CSeq: 3 INVITE|Contact: <sip:a@10.0.0.9>");
	x_to(0, "192.0.2.20:7777");
	char first[300], second[300];
	assert_int_equal(sscanf(x_all(x_sent(0), "Record-Route"), "%299s | %299s", first, second), 2);
	x_answer(0, 200, "t", "|Contact: <sip:b@10.0.0.20>");
	x_to(2, "192.0.2.9:9999");
	x_from("192.0.2.9:9999", "ACK sip:b@10.0.0.20 SIP/2.0|Via: SIP/2.0/UDP 10.0.0.9;rport;branch=z9hG4bK2|Route: %s, %s|From: <sip:a@example.com>;tag=f|"
	       "To: <sip:b@example.com>;tag=t|Call-ID: c1|CSeq: 3 ACK|Max-Forwards: 70", second, first);
	x_to(3, "192.0.2.20:7777");
	x_from("192.0.2.20:7777", "BYE sip:a@10.0.0.9 SIP/2.0|Via: SIP/2.0/UDP 10.0.0.20;rport;branch=z9hG4bK3|Route: %s, %s|From: <sip:b@example.com>;tag=t|"
	       "To: <sip:a@example.com>;tag=f|Call-ID: c1|CSeq: 1 BYE|Max-Forwards: 70", first, second);
	assert_true(x_is(4, "BYE sip:a@10.0.0.9 "));
	x_to(4, "192.0.2.9:9999");
	x_answer(4, 200, NULL, "");
	x_to(5, "192.0.2.20:7777");
	x_close();
}

/* A browser's Contact is no place at all (RFC 7118 5.3). */
static void those_whose_name_leads_nowhere_too(void **state)
{
	x_open();
	one_target("sip:b@192.0.2.20", "192.0.2.20:5060");
	x_from(CALLER, "INVITE sip:b@example.com SIP/2.0|Via: SIP/2.0/UDP df7jal23ls0d.invalid;rport;branch=z9hG4bK1|Max-Forwards: 70|From: <sip:a@example.com>;tag=f|"
	       "To: <sip:b@example.com>|Call-ID: c1|CSeq: 3 INVITE|Contact: <sip:a@df7jal23ls0d.invalid;transport=ws>");
	char first[300], second[300];
	assert_int_equal(sscanf(x_all(x_sent(0), "Record-Route"), "%299s | %299s", first, second), 2);
	x_answer(0, 200, "t", "|Contact: <sip:b@192.0.2.20>");
	x_to(2, CALLER);
	x_from("192.0.2.20:5060", "BYE sip:a@df7jal23ls0d.invalid;transport=ws SIP/2.0|Via: SIP/2.0/UDP 192.0.2.20;branch=z9hG4bK3|Route: %s, %s|From: <sip:b@example.com>;tag=t|"
	       "To: <sip:a@example.com>;tag=f|Call-ID: c1|CSeq: 1 BYE|Max-Forwards: 70", first, second);
	x_to(3, CALLER);
	x_answer(3, 200, NULL, "");
	x_close();
}

static void strict_routers_before_and_behind_are_served(void **state)
{
	x_open();
	one_target("sip:b@192.0.2.20", "192.0.2.20:5060");
	INVITE("1");
	char ours[300] = "";
	sscanf(wire_hdr(x_sent(0), "Record-Route"), "<%299[^>]>", ours);
	x_answer(0, 200, "t", "|Contact: <sip:b@192.0.2.20>");
	/* before: our URI is the Request-URI, the target the last Route */
	x_from("192.0.2.50:5060", "BYE %s SIP/2.0|Via: SIP/2.0/UDP 192.0.2.50;branch=z9hG4bK2|Route: <sip:192.0.2.60;lr>, <sip:b@192.0.2.20>|"
	       "From: <sip:a@example.com>;tag=f|To: <sip:b@example.com>;tag=t|Call-ID: c1|CSeq: 4 BYE|Max-Forwards: 70", ours);
	assert_true(x_is(3, "BYE sip:b@192.0.2.20 SIP/2.0"));
	assert_string_equal(x_all(x_sent(3), "Route"), "<sip:192.0.2.60;lr>");
	x_to(3, "192.0.2.60:5060");
	x_answer(3, 200, NULL, "");
	/* behind: its URI is the Request-URI, the target goes to the end */
	x_from(CALLER, "INFO sip:b@192.0.2.20 SIP/2.0|Via: SIP/2.0/UDP 192.0.2.9:5070;branch=z9hG4bK3|Route: <%s>, <sip:192.0.2.70>, <sip:192.0.2.80;lr>|"
	       "From: <sip:a@example.com>;tag=f|To: <sip:b@example.com>;tag=t|Call-ID: c1|CSeq: 5 INFO|Max-Forwards: 70", ours);
	assert_true(x_is(5, "INFO sip:192.0.2.70 SIP/2.0"));
	assert_string_equal(x_all(x_sent(5), "Route"), "<sip:192.0.2.80;lr>, <sip:b@192.0.2.20>");
	x_to(5, "192.0.2.70:5060");
	x_answer(5, 200, NULL, "");
	x_close();
}

/* 16.4: what a strict router makes of a route that we did not write (Service-Route, a phone's own). */
static void a_strict_router_with_our_bare_address_is_served(void **state)
{
	x_open();
	x_from("192.0.2.50:5060", "MESSAGE sip:192.0.2.1;lr SIP/2.0|Via: SIP/2.0/UDP 192.0.2.50;branch=z9hG4bK2|Route: <sip:192.0.2.60;lr>, <sip:b@192.0.2.20>|"
	       "From: <sip:a@example.com>;tag=f|To: <sip:b@example.com>|Call-ID: c1|CSeq: 4 MESSAGE|Max-Forwards: 70");
	assert_true(x_is(0, "MESSAGE sip:b@192.0.2.20 SIP/2.0"));
	assert_string_equal(x_all(x_sent(0), "Route"), "<sip:192.0.2.60;lr>");
	x_to(0, "192.0.2.60:5060");
	x_answer(0, 200, NULL, "");
	x_close();
}

/* 16.4, 16.5. */
static void maddr_that_is_ours_has_done_its_work(void **state)
{
	static const struct {
		const char *uri, *sent, *to;
	} rows[] = {
		/* ours, and here by the port and transport it says: the domain is looked up, or gone to, without them */
		{"sip:b@example.com:5060;maddr=192.0.2.1;transport=udp;x=y", "sip:b@192.0.2.20", "192.0.2.20:5060"},
		{"sip:c@192.0.2.44:5060;user=phone;maddr=192.0.2.1", "sip:c@192.0.2.44;user=phone", "192.0.2.44:5060"},
		/* another port, another host: it is the target */
		{"sip:c@192.0.2.44;maddr=192.0.2.77", "sip:c@192.0.2.44;maddr=192.0.2.77", "192.0.2.77:5060"},
	};
	for (unsigned i = 0; i < 3; i++) {
		char want[200];
		x_open();
		one_target("sip:b@192.0.2.20", "192.0.2.20:5060");
		x_ask("MESSAGE", rows[i].uri, "1", "");
		snprintf(want, sizeof want, "MESSAGE %s SIP/2.0", rows[i].sent);
		assert_true(x_is(0, want));
		x_to(0, rows[i].to);
		x_answer(0, 200, NULL, "");
		x_close();
	}
}

/* No open relay: who may not send through us to elsewhere gets to what is ours only, and along what we have made. */
static void who_is_not_relayed_for_reaches_only_what_is_ours(void **state)
{
	x_open();
	one_target("sip:b@192.0.2.20", "192.0.2.20:5060");
	x.no_relay = true;
	INVITE("1");
	assert_true(x_is(0, "INVITE sip:b@192.0.2.20"));
	char route[300];
	snprintf(route, sizeof route, "%s", wire_hdr(x_sent(0), "Record-Route"));
	x_answer(0, 200, "t", "|Contact: <sip:b@192.0.2.99>");
	x_from(CALLER, "BYE sip:b@192.0.2.99 SIP/2.0|Via: SIP/2.0/UDP 192.0.2.9:5070;branch=z9hG4bK2|Route: %s|From: <sip:a@example.com>;tag=f|"
	       "To: <sip:b@example.com>;tag=t|Call-ID: c1|CSeq: 4 BYE|Max-Forwards: 70", route);
	unsigned n = x.w.n;
	assert_true(x_is(n - 1, "BYE sip:b@192.0.2.99"));
	x_answer(n - 1, 200, NULL, "");
	static const char *const away[] = {"sip:c@192.0.2.44", "sip:c@example.com;maddr=192.0.2.44", "sip:c@example.com"};
	for (unsigned i = 0; i < 3; i++) {
		char branch[8];
		snprintf(branch, sizeof branch, "x%u", i);
		x_ask("MESSAGE", away[i], branch, i == 2 ? "|Route: <sip:192.0.2.1;lr>, <sip:192.0.2.44;lr>" : "");
		assert_int_equal(wire_status(&x.w), 403);
	}
	assert_int_equal(x.w.n, n + 4);
	x_close();
}

/* --- 16.3 ----------------------------------------------------------------------------------------------------------- */

static void what_is_not_valid_is_refused(void **state)
{
	static const struct {
		const char *uri, *more;
		unsigned status;
		const char *name, *value;
	} rows[] = {
		{"pigeon:b@example.com", "", 416, NULL, NULL},
		{"sip:b@example.com", "|Proxy-Require: foo, bar", 420, "Unsupported", "foo, bar"},
		{"sip:b@elsewhere.example", "", 500, NULL, NULL}, /* no address */
	};
	x_open();
	for (unsigned i = 0; i < 3; i++) {
		char branch[8];
		snprintf(branch, sizeof branch, "b%u", i);
		x_ask("MESSAGE", rows[i].uri, branch, rows[i].more);
		assert_int_equal(x.w.n, i + 1);
		assert_int_equal(wire_status(&x.w), rows[i].status);
		if (rows[i].name)
			assert_string_equal(wire_hdr(wire_last(&x.w), rows[i].name), rows[i].value);
	}
	x_from(CALLER, "MESSAGE sip:b@192.0.2.20 SIP/2.0|Via: SIP/2.0/UDP 192.0.2.9:5070;branch=z9hG4bKh|Max-Forwards: 0|From: <sip:a@example.com>;tag=f|"
	       "To: <sip:b@example.com>|Call-ID: c1|CSeq: 3 MESSAGE");
	assert_int_equal(wire_status(&x.w), 483);
	x.refuse = true;
	x_ask("INVITE", "sip:b@192.0.2.20", "r", "");
	assert_int_equal(wire_status(&x.w), 407);
	/* its ACK is for us alone */
	x.refuse = false;
	unsigned n = x.w.n;
	x_from(CALLER, "ACK sip:b@192.0.2.20 SIP/2.0|Via: SIP/2.0/UDP 192.0.2.9:5070;branch=z9hG4bKr|Max-Forwards: 70|From: <sip:a@example.com>;tag=f|To: %s|"
	       "Call-ID: c1|CSeq: 3 ACK", wire_hdr(wire_last(&x.w), "To"));
	assert_int_equal(x.w.n, n);
	x_close();
}

/* RFC 5393: what comes back for the same target is a loop; for another one it is a spiral. */
static void loops_end_and_spirals_go_on(void **state)
{
	x_open();
	one_target("sip:b@192.0.2.20", "192.0.2.20:5060");
	x_ask("MESSAGE", "sip:b@example.com", "1", "");
	char via[500];
	snprintf(via, sizeof via, "%s", wire_hdr(x_sent(0), "Via"));
	x_from("192.0.2.20:5060", "MESSAGE sip:b@example.com SIP/2.0|Via: SIP/2.0/UDP 192.0.2.20;branch=z9hG4bKo, %s|Max-Forwards: 60|From: <sip:a@example.com>;tag=f|"
	       "To: <sip:b@example.com>|Call-ID: c1|CSeq: 3 MESSAGE", via);
	assert_int_equal(wire_status(&x.w), 482);
	x.target[0].uri = "sip:c@192.0.2.30";
	x.target[0].addr = "192.0.2.30:5060";
	x_from("192.0.2.20:5060", "MESSAGE sip:c@example.com SIP/2.0|Via: SIP/2.0/UDP 192.0.2.20;branch=z9hG4bKp, %s|Max-Forwards: 60|From: <sip:a@example.com>;tag=f|"
	       "To: <sip:b@example.com>|Call-ID: c1|CSeq: 3 MESSAGE", via);
	assert_true(x_is(2, "MESSAGE sip:c@192.0.2.30"));
	x_answer(2, 200, "t", "");
	x_answer(0, 200, "t", "");
	x_close();
}

/* --- forking -------------------------------------------------------------------------------------------------------- */

static void two_targets(unsigned q1, unsigned q2)
{
	x.target[0].uri = "sip:b1@192.0.2.21";
	x.target[0].addr = "192.0.2.21:5060";
	x.target[0].q = q1;
	x.target[1].uri = "sip:b2@198.51.100.22";
	x.target[1].addr = "198.51.100.22:5060";
	x.target[1].q = q2;
}

static void equal_targets_are_tried_at_once_and_a_2xx_ends_the_others(void **state)
{
	x_open();
	two_targets(1000, 1000);
	INVITE("1");
	assert_true(x_is(0, "INVITE sip:b1@") && x_is(1, "INVITE sip:b2@") && x_is(2, "SIP/2.0 100"));
	assert_string_equal(wire_hdr(x_sent(0), "Max-Breadth"), "30");
	assert_string_not_equal(wire_hdr(x_sent(0), "Via"), wire_hdr(x_sent(1), "Via"));
	x_answer(0, 180, "t1", "");
	x_answer(1, 100, NULL, "");
	assert_int_equal(x.w.n, 4);
	x_answer(1, 200, "t2", "|Contact: <sip:b2@198.51.100.22>");
	assert_true(x_is(4, "SIP/2.0 200") && x_is(5, "CANCEL sip:b1@192.0.2.21"));
	assert_string_equal(wire_hdr(x_sent(5), "Via"), wire_hdr(x_sent(0), "Via"));
	/* it was answered as well before the CANCEL came: a 2xx of each fork goes up */
	x_answer(0, 200, "t1", "|Contact: <sip:b1@192.0.2.21>");
	assert_true(x_is(6, "SIP/2.0 200"));
	assert_non_null(strstr(wire_hdr(x_sent(6), "To"), "tag=t1"));
	x_answer(5, 200, NULL, "");
	assert_int_equal(x.w.n, 7);
	assert_int_equal(x.done, 1);
	assert_int_equal(x.outcome.status, 200);
	x_close();
}

static void lower_q_waits_until_higher_has_failed(void **state)
{
	x_open();
	two_targets(100, 900);
	INVITE("1");
	assert_true(x_is(0, "INVITE sip:b2@") && x.w.n == 2);
	assert_string_equal(wire_hdr(x_sent(0), "Max-Breadth"), "60");
	x_answer(0, 486, "t", "");
	assert_true(x_is(2, "ACK sip:b2@") && x_is(3, "INVITE sip:b1@") && x.w.n == 4);
	x_answer(3, 404, "t", "");
	/* both failed: a 4xx of the lower class each, the first stays */
	assert_true(x_is(5, "SIP/2.0 486"));
	assert_int_equal(x.outcome.status, 486);
	x_close();
}

static void who_waits_is_tried_when_the_first_rings_too_long(void **state)
{
	x_open();
	struct proxy_params p = x_params();
	p.next_ms = 10000;
	proxy_reconfigure(x.proxy, &p);
	two_targets(900, 100);
	INVITE("1");
	x_answer(0, 180, "t", "");
	clock_test_advance(9000);
	x_answer(0, 180, "t", "");
	assert_int_equal(x.w.n, 4);
	clock_test_advance(1001);
	assert_true(x_is(4, "CANCEL sip:b1@"));
	x_answer(4, 200, NULL, "");
	x_answer(0, 487, "t", "");
	assert_true(x_is(5, "ACK") && x_is(6, "INVITE sip:b2@"));
	x_answer(6, 200, "t", "|Contact: <sip:b2@198.51.100.22>");
	assert_true(x_is(7, "SIP/2.0 200"));
	x_close();
}

/* What says nothing at all, not even 100, is not waited for until Timer B. */
static void who_waits_is_tried_when_nothing_comes_from_the_first(void **state)
{
	x_open();
	two_targets(900, 100);
	x.target[0].first_ms = x.target[1].first_ms = 4000;
	INVITE("1");
	clock_test_advance(3999);
	assert_false(x_is(x.w.n - 1, "INVITE sip:b2@"));
	clock_test_advance(2);
	unsigned second = x.w.n - 1;
	assert_true(x_is(second, "INVITE sip:b2@"));
	/* too late: it is cancelled, and nobody hears that it rings */
	x_answer(0, 180, "t", "");
	assert_true(x_is(second + 1, "CANCEL sip:b1@") && x.w.n == second + 2);
	x_answer(0, 487, "t", "");
	/* nobody waits behind this one: Timer B is what ends it */
	clock_test_advance(20000);
	x_answer(second, 200, "u", "|Contact: <sip:b2@198.51.100.22>");
	assert_int_equal(x.outcome.status, 200);
	x_close();
}

/* A caller who gives up ends that waiting, too: what the target then answers to the CANCEL is its answer. */
static void whom_the_caller_has_cancelled_is_not_called_silent(void **state)
{
	x_open();
	two_targets(900, 100);
	x.counted = true;
	x.target[0].name = "A";
	x.target[0].first_ms = 4000;
	uint64_t silent = proxy_counts[PROXY_CNT_SILENT];
	INVITE("1");
	x_ask("CANCEL", "sip:b@example.com", "1", "");
	clock_test_advance(4001);
	assert_int_equal(proxy_counts[PROXY_CNT_SILENT], silent);
	x_answer(0, 180, "t", "");
	assert_true(x_is(x.w.n - 1, "CANCEL sip:b1@"));
	x_answer(0, 487, "t", "");
	assert_string_equal(x.failed, "A487 ");
	assert_int_equal(x.outcome.status, 487);
	x_close();
}

static void an_early_sign_of_life_is_enough(void **state)
{
	x_open();
	two_targets(900, 100);
	x.target[0].first_ms = 4000;
	INVITE("1");
	x_answer(0, 100, NULL, "");
	clock_test_advance(60000);
	for (unsigned i = 0; i < x.w.n; i++)
		assert_false(x_is(i, "INVITE sip:b2@"));
	x_answer(0, 486, "t", "");
	assert_true(x_is(x.w.n - 1, "INVITE sip:b2@"));
	x_answer(x.w.n - 1, 486, "u", "");
	x_close();
}

/* A time of its own goes before that of those who wait; what we have cancelled counts as 408. */
static void a_target_has_a_time_to_answer(void **state)
{
	x_open();
	struct proxy_params p = x_params();
	p.next_ms = 60000;
	proxy_reconfigure(x.proxy, &p);
	two_targets(900, 100);
	x.target[0].answer_ms = 5000;
	x.target[1].answer_ms = 7000;
	INVITE("1");
	x_answer(0, 180, "t", "");
	clock_test_advance(5001);
	assert_true(x_is(3, "CANCEL sip:b1@"));
	x_answer(3, 200, NULL, "");
	x_answer(0, 487, "t", "");
	assert_true(x_is(5, "INVITE sip:b2@"));
	x_answer(5, 180, "u", "");
	clock_test_advance(7001);
	assert_true(x_is(7, "CANCEL sip:b2@"));
	x_answer(7, 200, NULL, "");
	x_answer(5, 487, "u", "");
	assert_int_equal(wire_status(&x.w), 408);
	assert_int_equal(x.outcome.status, 408);
	x_close();
}

/* --- who counts calls ------------------------------------------------------------------------------------------------ */

static void who_counts_calls_may_not_want_one(void **state)
{
	x_open();
	two_targets(900, 100);
	x.counted = x.full = true;
	INVITE("1");
	assert_int_equal(x.w.n, 1);
	assert_true(x_is(0, "SIP/2.0 503 Full"));
	x.full = false;
	x.target[0].name = "one";
	x.target[1].name = "two";
	x.unwanted = "one";
	INVITE("2");
	assert_true(x_is(1, "INVITE sip:b2@"));
	assert_string_equal(x.tried, "onetwo");
	x_answer(1, 486, "t", "");
	assert_int_equal(wire_status(&x.w), 403);
	assert_int_equal(x.done, 1);
	assert_string_equal(x.failed, "two486 ");
	x_close();
}

static void a_failure_may_be_the_last(void **state)
{
	x_open();
	two_targets(900, 100);
	x.counted = true;
	x.target[0].name = x.last = "one";
	x.target[1].name = "two";
	INVITE("1");
	x_answer(0, 404, "t", "");
	assert_int_equal(wire_status(&x.w), 404);
	assert_string_equal(x.tried, "one");
	x.last = NULL;
	INVITE("2");
	clock_test_advance(33000); /* nothing comes */
	assert_string_equal(x.failed, "one404 one408- ");
	assert_true(x_is(x.w.n - 1, "INVITE sip:b2@"));
	x_answer(x.w.n - 1, 200, "t", "|Contact: <sip:b2@198.51.100.22>");
	assert_int_equal(x.done, 2);
	x_close();
}

static void what_ends_a_dialog_is_told(void **state)
{
	x_open();
	one_target("sip:b@192.0.2.20", "192.0.2.20:5060");
	INVITE("1");
	x_answer(0, 200, "t", "|Contact: <sip:b@192.0.2.20>");
	char route[300];
	snprintf(route, sizeof route, "%s", wire_hdr(x_sent(0), "Record-Route"));
	assert_int_equal(x.within, 0);
	x_from("192.0.2.20:5060", "BYE sip:a@192.0.2.9:5070 SIP/2.0|Via: SIP/2.0/UDP 192.0.2.20;branch=z9hG4bK3|Route: %s|"
	       "From: <sip:b@example.com>;tag=t|To: <sip:a@example.com>;tag=f|Call-ID: c1|CSeq: 1 BYE|Max-Forwards: 70", route);
	x_answer(x.w.n - 1, 481, NULL, "");
	assert_int_equal(x.within, 481);
	/* nobody answers: its sender is not told (RFC 4320), who counts is */
	x_from("192.0.2.20:5060", "BYE sip:a@192.0.2.9:5070 SIP/2.0|Via: SIP/2.0/UDP 192.0.2.20;branch=z9hG4bK4|Route: %s|"
	       "From: <sip:b@example.com>;tag=t|To: <sip:a@example.com>;tag=f|Call-ID: c1|CSeq: 2 BYE|Max-Forwards: 70", route);
	clock_test_advance(33000);
	assert_int_equal(x.within, 408);
	/* the route proves a dialog, and nothing of what begins another */
	unsigned along = x.along;
	x_from("192.0.2.20:5060", "INVITE sip:b@example.com SIP/2.0|Via: SIP/2.0/UDP 192.0.2.20;branch=z9hG4bK5|Route: %s|"
	       "From: <sip:b@example.com>;tag=t|To: <sip:a@example.com>|Call-ID: c1|CSeq: 3 INVITE|Max-Forwards: 70", route);
	assert_int_equal(x.along, along);
	x_answer(x.w.n - 2, 486, "v", "");
	x_close();
}

/* As the sides themselves would send it: along their route sets from here on (12.2.1.1). */
static void end_a_dialog(const struct proxy_dialog *d)
{
	for (int to_caller = 0; to_caller < 2; to_caller++)
		proxy_bye(x.proxy, d, to_caller, SLICE("Reason: Q.850;cause=16\r\n"));
}

static void a_dialog_can_be_ended_from_here(void **state)
{
	x_open();
	one_target("sip:b@192.0.2.20", "192.0.2.20:5060");
	x_ask("INVITE", "sip:b@example.com", "1", "|Record-Route: <sip:192.0.2.33;lr>");
	char routes[600];
	snprintf(routes, sizeof routes, "<sip:192.0.2.44;lr>, %s", x_all(x_sent(0), "Record-Route"));
	for (char *bar; (bar = strchr(routes, '|'));)
		*bar = ',';
	x_answer(0, 200, "t", "|Contact: <sip:b@192.0.2.20>");
	struct proxy_dialog d = {.call_id = SLICE("c1"), .from = SLICE("<sip:a@example.com>;tag=f"), .to = SLICE("<sip:b@example.com>;tag=t"),
				 .contact = {SLICE("sip:a@192.0.2.9:5070"), SLICE("sip:b@192.0.2.20")}, .routes = slice_str(routes), .cseq = {7, 0}};
	unsigned n = x.w.n;
	end_a_dialog(&d);
	assert_int_equal(x.w.n, n + 2);
	static const char *const want[2][6] = {
		{"BYE sip:b@192.0.2.20 SIP/2.0", "192.0.2.44:5060", "<sip:192.0.2.44;lr>", "<sip:a@example.com>;tag=f", "<sip:b@example.com>;tag=t", "8 BYE"},
		{"BYE sip:a@192.0.2.9:5070 SIP/2.0", "192.0.2.33:5060", "<sip:192.0.2.33;lr>", "<sip:b@example.com>;tag=t", "<sip:a@example.com>;tag=f", "1 BYE"},
	};
	for (unsigned i = 0; i < 2; i++) {
		assert_true(x_is(n + i, want[i][0]));
		x_to(n + i, want[i][1]);
		assert_string_equal(x_all(x_sent(n + i), "Route"), want[i][2]);
		assert_string_equal(x_all(x_sent(n + i), "From"), want[i][3]);
		assert_string_equal(x_all(x_sent(n + i), "To"), want[i][4]);
		assert_string_equal(x_all(x_sent(n + i), "CSeq"), want[i][5]);
		assert_string_equal(x_all(x_sent(n + i), "Reason"), "Q.850;cause=16");
		x_answer(n + i, 200, NULL, "");
	}
	assert_int_equal(x.w.n, n + 2); /* the answers are nobody else's */
	x_close();
}

/* RFC 5626 7: of two flows to one instance the second is for when the first has failed; another instance is tried meanwhile. */
static void flows_of_an_instance_are_tried_one_after_the_other(void **state)
{
	for (int answered = 0; answered < 2; answered++) {
		x_open();
		two_targets(1000, 1000);
		x.target[2].uri = "sip:b3@192.0.2.23";
		x.target[2].addr = "192.0.2.23:5060";
		x.target[0].instance = x.target[1].instance = "<urn:uuid:1>";
		x.target[2].instance = "<urn:uuid:2>";
		INVITE("1");
		assert_true(x_is(0, "INVITE sip:b1@") && x_is(1, "INVITE sip:b3@") && x.w.n == 3);
		assert_string_equal(wire_hdr(x_sent(0), "Max-Breadth"), "30");
		x_answer(0, answered ? 486 : 430, "t", "");
		assert_true(x_is(3, "ACK sip:b1@"));
		if (answered) {
			assert_int_equal(x.w.n, 4);
			x_answer(1, 480, "u", "");
			assert_int_equal(wire_status(&x.w), 486);
		} else {
			assert_true(x_is(4, "INVITE sip:b2@"));
			x_answer(1, 480, "u", "");
			x_answer(4, 200, "v", "|Contact: <sip:b2@198.51.100.22>");
			assert_int_equal(wire_status(&x.w), 200);
		}
		x_close();
	}
	/* none is left */
	x_open();
	one_target("sip:b@192.0.2.20", "192.0.2.20:5060");
	x.target[0].instance = "<urn:uuid:1>";
	INVITE("1");
	x_answer(0, 430, "t", "");
	assert_int_equal(wire_status(&x.w), 480);
	x_close();
}

static void targets_behind_proxies_are_reached_through_their_path(void **state)
{
	x_open();
	x.target[0].uri = "sip:b@10.0.0.20";
	x.target[0].path = "<sip:p1@192.0.2.41;lr>, <sip:192.0.2.42;lr;ob>";
	x_ask("INVITE", "sip:b@example.com", "1", "|Route: <sip:192.0.2.1;lr>");
	assert_true(x_is(0, "INVITE sip:b@10.0.0.20 "));
	assert_string_equal(x_all(x_sent(0), "Route"), "<sip:p1@192.0.2.41;lr>, <sip:192.0.2.42;lr;ob>");
	x_to(0, "192.0.2.41:5060");
	x_answer(0, 486, "t", "");
	x_close();
}

/* RFC 3327 5.1, RFC 5626 5.1: a registration that goes elsewhere comes back here, on the flow it came on. */
static void a_registration_elsewhere_carries_our_path(void **state)
{
	x_open();
	x_from("192.0.2.9:9999", "REGISTER sip:192.0.2.77 SIP/2.0|Via: SIP/2.0/UDP 10.0.0.9;rport;branch=z9hG4bK1|Max-Forwards: 70|From: <sip:a@example.net>;tag=f|"
	       "To: <sip:a@example.net>|Call-ID: c1|CSeq: 3 REGISTER|Contact: <sip:a@10.0.0.9>|Supported: path, outbound|Path: <sip:192.0.2.8;lr>");
	x_to(0, "192.0.2.77:5060");
	char path[300] = "";
	sscanf(x_all(x_sent(0), "Path"), "%299s", path);
	assert_non_null(strstr(path, "@192.0.2.1:5060;lr;ob>"));
	assert_non_null(strstr(x_all(x_sent(0), "Path"), "> | <sip:192.0.2.8;lr>"));
	x_answer(0, 200, "t", "");
	x_from("192.0.2.77:5060", "INVITE sip:a@10.0.0.9 SIP/2.0|Via: SIP/2.0/UDP 192.0.2.77;branch=z9hG4bK2|Route: %s|Max-Forwards: 70|From: <sip:q@example.net>;tag=f|"
	       "To: <sip:a@example.net>|Call-ID: c2|CSeq: 3 INVITE|Contact: <sip:q@192.0.2.77>", path);
	assert_true(x_is(2, "INVITE sip:a@10.0.0.9 "));
	x_to(2, "192.0.2.9:9999");
	assert_int_equal(x.along, 0); /* whoever sends it is asked all the same */
	x_answer(2, 486, "t", "");
	/* a registrar on the other side: it has an address of its own to come back to */
	x_from("192.0.2.9:9999", "REGISTER sip:[2001:db8::77] SIP/2.0|Via: SIP/2.0/UDP 10.0.0.9;rport;branch=z9hG4bK4|Max-Forwards: 70|From: <sip:a@example.net>;tag=f|"
	       "To: <sip:a@example.net>|Call-ID: c1|CSeq: 4 REGISTER|Contact: <sip:a@10.0.0.9>|Supported: path");
	char first[300], second[300];
	assert_int_equal(sscanf(x_all(wire_last(&x.w), "Path"), "%299s | %299s", first, second), 2);
	assert_non_null(strstr(second, "@192.0.2.1:5060;lr>"));
	x_answer(x.w.n - 1, 200, "t", "");
	/* without Supported: path there is none */
	x_ask("REGISTER", "sip:192.0.2.77", "3", "");
	assert_string_equal(x_all(wire_last(&x.w), "Path"), "");
	x_answer(x.w.n - 1, 200, "t", "");
	x_close();
}

/* 16.7 step 6, driven by what two branches answer; 0: nothing at all. */
static void the_best_answer_goes_up(void **state)
{
	static const unsigned rows[][3] = {
		{486, 404, 486}, {404, 486, 404}, {480, 401, 401}, {407, 480, 407}, {503, 486, 486}, {503, 503, 500}, {500, 404, 404},
		{302, 486, 302}, {486, 603, 603}, {603, 486, 603}, {500, 0, 500},   {0, 486, 486},   {0, 0, 408},     {503, 0, 408},
	};
	for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		x_open();
		two_targets(1000, 1000);
		INVITE("1");
		for (unsigned k = 0; k < 2; k++)
			if (rows[i][k])
				x_answer(k, rows[i][k], "t", rows[i][k] == 407 ? "|Proxy-Authenticate: Digest realm=\"x\"" : "");
		/* with 6xx the other is cancelled, and stays silent */
		clock_test_advance(33000);
		unsigned up = 0;
		for (unsigned k = 3; k < x.w.n && !up; k++)
			if (x_is(k, "SIP/2.0 ") && !x_is(k, "SIP/2.0 1"))
				sscanf(x_sent(k), "SIP/2.0 %u", &up);
		if (up != rows[i][2])
			fail_msg("%u and %u gave %u", rows[i][0], rows[i][1], up);
		x_close();
	}
}

static void challenges_of_all_branches_go_up_together(void **state)
{
	x_open();
	two_targets(1000, 1000);
	x_ask("MESSAGE", "sip:b@example.com", "1", "");
	x_answer(0, 401, "t1", "|WWW-Authenticate: Digest realm=\"one\"");
	x_answer(1, 407, "t2", "|Proxy-Authenticate: Digest realm=\"two\"|Proxy-Authenticate: Digest realm=\"three\"");
	assert_true(x_is(2, "SIP/2.0 401"));
	assert_string_equal(x_all(x_sent(2), "WWW-Authenticate"), "Digest realm=\"one\"");
	assert_string_equal(x_all(x_sent(2), "Proxy-Authenticate"), "Digest realm=\"two\" | Digest realm=\"three\"");
	x_close();
}

static void breadth_that_is_used_up_is_refused(void **state)
{
	x_open();
	two_targets(1000, 1000);
	x_ask("INVITE", "sip:b@example.com", "1", "|Max-Breadth: 1");
	assert_true(x_is(0, "SIP/2.0 440"));
	two_targets(900, 800);
	x_ask("INVITE", "sip:b@example.com", "2", "|Max-Breadth: 1");
	assert_true(x_is(1, "INVITE sip:b1@"));
	assert_string_equal(wire_hdr(x_sent(1), "Max-Breadth"), "1");
	x_answer(1, 603, "t", "");
	assert_int_equal(wire_status(&x.w), 603);
	x_close();
}

static void redirections_are_followed_when_so_configured(void **state)
{
	x_open();
	one_target("sip:b@192.0.2.20", "192.0.2.20:5060");
	INVITE("1");
	x_answer(0, 302, "t", "|Contact: <sip:b@192.0.2.31>");
	assert_int_equal(wire_status(&x.w), 302);
	struct proxy_params p = x_params();
	p.recurse = true;
	proxy_reconfigure(x.proxy, &p);
	INVITE("2");
	unsigned n = x.w.n;
	x_answer(n - 2, 302, "t", "|Contact: <sip:b@192.0.2.31>;q=0.2, <sip:b@192.0.2.32>;q=0.7, <mailto:b@example.com>, <sip:b@192.0.2.20>;q=0.1");
	assert_true(x_is(n + 1, "INVITE sip:b@192.0.2.32"));
	assert_string_not_equal(wire_hdr(x_sent(n + 1), "Via"), wire_hdr(x_sent(n - 2), "Via"));
	x_answer(n + 1, 404, "t", "");
	assert_true(x_is(n + 3, "INVITE sip:b@192.0.2.31"));
	x_answer(n + 3, 200, "t", "|Contact: <sip:b@192.0.2.31>");
	assert_int_equal(wire_status(&x.w), 200);
	x_close();
}

/* --- 16.8 to 16.10 ---------------------------------------------------------------------------------------------------- */

static void what_rings_too_long_is_cancelled(void **state)
{
	x_open();
	one_target("sip:b@192.0.2.20", "192.0.2.20:5060");
	INVITE("1");
	x_answer(0, 180, "t", "");
	clock_test_advance(179000);
	x_answer(0, 183, "t", "");
	clock_test_advance(179000);
	assert_int_equal(x.w.n, 4);
	clock_test_advance(1001);
	assert_true(x_is(4, "CANCEL sip:b@192.0.2.20"));
	x_answer(4, 200, NULL, "");
	/* and does not even answer that */
	clock_test_advance(33000);
	assert_int_equal(x.outcome.status, 408);
	x_close();
}

static void cancel_reaches_every_branch(void **state)
{
	x_open();
	two_targets(1000, 1000);
	INVITE("1");
	x_answer(0, 180, "t", "");
	x_ask("CANCEL", "sip:b@example.com", "1", "|Reason: SIP;cause=200;text=\"Call completed elsewhere\"");
	assert_true(x_is(4, "SIP/2.0 200"));
	assert_true(x_is(5, "CANCEL sip:b1@") && x.w.n == 6); /* the other has not answered yet: its CANCEL waits (9.1) */
	assert_string_equal(wire_hdr(x_sent(5), "Reason"), "SIP;cause=200;text=\"Call completed elsewhere\"");
	x_answer(1, 180, "u", "");
	assert_true(x_is(6, "CANCEL sip:b2@") && x.w.n == 7); /* nor is its ringing told any more */
	x_answer(0, 487, "t", "");
	x_answer(1, 487, "u", "");
	assert_int_equal(wire_status(&x.w), 487);
	assert_true(x.outcome.cancelled);
	x_ask("ACK", "sip:b@example.com", "1", "");
	x_close();
}

static void a_lost_peer_counts_as_503_and_the_next_is_tried(void **state)
{
	x_open();
	two_targets(900, 100);
	INVITE("1");
	struct addr dead = test_addr("192.0.2.21:5060");
	sip_stack_undelivered(x.w.stack, &dead, -ECONNREFUSED, slice_str(x_sent(0)));
	assert_true(x_is(2, "INVITE sip:b2@"));
	x_answer(2, 503, "t", "|Retry-After: 60");
	assert_int_equal(wire_status(&x.w), 500);
	assert_string_equal(wire_hdr(wire_last(&x.w), "Retry-After"), "");
	x_close();
}

/* RFC 4320. */
static void nobody_hears_408_of_what_was_no_invite(void **state)
{
	x_open();
	one_target("sip:b@192.0.2.20", "192.0.2.20:5060");
	x_ask("MESSAGE", "sip:b@example.com", "1", "");
	clock_test_advance(40000);
	for (unsigned i = 0; i < x.w.n; i++)
		assert_true(x_is(i, "MESSAGE "));
	x_ask("MESSAGE", "sip:b@example.com", "2", "");
	x_answer(x.w.n - 1, 408, "t", "");
	assert_true(x_is(x.w.n - 1, "MESSAGE "));
	x_close();
}

static void nobody_there(void **state)
{
	x_open();
	INVITE("1");
	assert_int_equal(wire_status(&x.w), 480);
	x.status = 404;
	INVITE("2");
	assert_int_equal(wire_status(&x.w), 404);
	assert_int_equal(x.done, 2);
	x_close();
}

/* A dialog goes on, and what was under way, in another process with the same key: answers and CANCELs find their way. */
static void another_process_goes_on(void **state)
{
	x_open();
	one_target("sip:b@192.0.2.20", "192.0.2.20:5060");
	INVITE("1");
	static struct proxied was;
	was = x;
	clock_test_advance(0);
	x_close();
	x_open();
	one_target("sip:b@192.0.2.20", "192.0.2.20:5060");
	x.w.n = 1;
	x.w.sent[0] = was.w.sent[0];
	x_ask("CANCEL", "sip:b@example.com", "1", "");
	assert_true(x_is(1, "CANCEL sip:b@192.0.2.20"));
	assert_string_equal(x_all(x_sent(1), "Via"), x_all(x_sent(0), "Via"));
	x_answer(1, 200, NULL, "");
	assert_true(x_is(2, "SIP/2.0 200"));
	x_answer(0, 200, "t", "|Contact: <sip:b@192.0.2.20>");
	assert_true(x_is(3, "SIP/2.0 200"));
	x_to(3, CALLER);
	/* a stranger's answer to nothing goes nowhere */
	x_from("192.0.2.66:5060", "SIP/2.0 200 OK|Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK00%026d|Via: SIP/2.0/UDP 203.0.113.1;branch=z9hG4bKx|From: <sip:a@example.com>;tag=f|"
	       "To: <sip:b@example.com>;tag=q|Call-ID: c9|CSeq: 3 INVITE", 0);
	assert_int_equal(x.w.n, 4);
	x_close();
}

/* --- memory --------------------------------------------------------------------------------------------------------- */

static void a_forked_call(void *arg)
{
	if (x_try_open())
		return;
	two_targets(1000, 500);
	INVITE("1");
	for (unsigned i = 0; i < x.w.n && i < 20; i++)
		if (x_is(i, "INVITE sip:b1"))
			x_answer(i, 401, "t", "|WWW-Authenticate: Digest realm=\"one\"");
		else if (x_is(i, "INVITE sip:b2"))
			x_answer(i, 200, "t", "|Contact: <sip:b2@198.51.100.22>");
	INVITE("2");
	x_ask("CANCEL", "sip:b@example.com", "2", "|Reason: SIP;cause=200");
	end_a_dialog(&(struct proxy_dialog){.call_id = SLICE("c1"), .from = SLICE("<sip:a@example.com>;tag=f"), .to = SLICE("<sip:b@example.com>;tag=t"),
					    .contact = {SLICE("sip:a@192.0.2.9:5070"), SLICE("sip:b2@198.51.100.22")}});
	x_close();
}

/* Memory that was out for one is there for the next. */
static void two_maddrs(void *arg)
{
	if (x_try_open())
		return;
	one_target("sip:b@192.0.2.20", "192.0.2.20:5060");
	x_ask("MESSAGE", "sip:b@example.com;maddr=192.0.2.1", "1", "");
	unsigned second = x.w.n;
	bool failed = mem_failed();
	x_ask("MESSAGE", "sip:b@example.com;maddr=192.0.2.1", "2", "");
	assert_true(!failed || x_is(second, "MESSAGE sip:b@192.0.2.20 SIP/2.0"));
	for (unsigned i = 0; i <= second; i++)
		if (x_is(i, "MESSAGE"))
			x_answer(i, 200, NULL, "");
	x_close();
}

static void survives_any_failed_allocation(void **state)
{
	each_allocation_fails(a_forked_call, NULL);
	each_allocation_fails(two_maddrs, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_passes_with_a_proxys_edits_and_no_others),
		cmocka_unit_test(a_dialog_follows_its_route),
		cmocka_unit_test(sides_that_differ_get_a_route_each),
		cmocka_unit_test(those_behind_a_nat_are_reached_on_their_flows),
		cmocka_unit_test(those_whose_name_leads_nowhere_too),
		cmocka_unit_test(strict_routers_before_and_behind_are_served),
		cmocka_unit_test(a_strict_router_with_our_bare_address_is_served),
		cmocka_unit_test(maddr_that_is_ours_has_done_its_work),
		cmocka_unit_test(who_is_not_relayed_for_reaches_only_what_is_ours),
		cmocka_unit_test(what_is_not_valid_is_refused),
		cmocka_unit_test(loops_end_and_spirals_go_on),
		cmocka_unit_test(equal_targets_are_tried_at_once_and_a_2xx_ends_the_others),
		cmocka_unit_test(lower_q_waits_until_higher_has_failed),
		cmocka_unit_test(who_waits_is_tried_when_the_first_rings_too_long),
		cmocka_unit_test(who_waits_is_tried_when_nothing_comes_from_the_first),
		cmocka_unit_test(whom_the_caller_has_cancelled_is_not_called_silent),
		cmocka_unit_test(an_early_sign_of_life_is_enough),
		cmocka_unit_test(a_target_has_a_time_to_answer),
		cmocka_unit_test(who_counts_calls_may_not_want_one),
		cmocka_unit_test(a_failure_may_be_the_last),
		cmocka_unit_test(what_ends_a_dialog_is_told),
		cmocka_unit_test(a_dialog_can_be_ended_from_here),
		cmocka_unit_test(flows_of_an_instance_are_tried_one_after_the_other),
		cmocka_unit_test(targets_behind_proxies_are_reached_through_their_path),
		cmocka_unit_test(a_registration_elsewhere_carries_our_path),
		cmocka_unit_test(the_best_answer_goes_up),
		cmocka_unit_test(challenges_of_all_branches_go_up_together),
		cmocka_unit_test(breadth_that_is_used_up_is_refused),
		cmocka_unit_test(redirections_are_followed_when_so_configured),
		cmocka_unit_test(what_rings_too_long_is_cancelled),
		cmocka_unit_test(cancel_reaches_every_branch),
		cmocka_unit_test(a_lost_peer_counts_as_503_and_the_next_is_tried),
		cmocka_unit_test(nobody_hears_408_of_what_was_no_invite),
		cmocka_unit_test(nobody_there),
		cmocka_unit_test(another_process_goes_on),
		cmocka_unit_test(survives_any_failed_allocation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

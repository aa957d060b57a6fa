// SPDX-License-Identifier: GPL-3.0-or-later
/* Requests whose next hop is a name (RFC 3263 4.3): they wait for DNS, go from place to place, and dialogs follow names. */
#include "wire.h"
#include "net/dns_zone.h"
#include "sip/dialog.h"
#include "sip/session.h"

static const char *const lines[] = {
	"_sip._udp.example.com 600 SRV 1 0 5070 a.example.com", "_sip._udp.example.com 600 SRV 2 0 5080 b.example.com",
	"a.example.com 600 A 192.0.2.11", "b.example.com 600 A 192.0.2.12", "peer.example 600 A 192.0.2.33", NULL};

static struct wire w;
static struct zone z;
static struct sip_locator *locator;

static int try_open(void)
{
	int err = zone_try_open(&z, lines);
	if (err)
		return err;
	err = sip_locator_new(&locator, &(struct sip_locator_params){.dns = z.dns, .dead_ms = 60000});
	if (!err)
		err = wire_try_open(&w, 500);
	if (!err)
		w.stack->params.locator = mem_ref(locator);
	return err;
}

static void open_all(void)
{
	assert_int_equal(try_open(), 0);
}

static void close_all(void)
{
	wire_close(&w);
	locator = mem_deref(locator);
	zone_close(&z);
}

struct outcome {
	unsigned told, provisional;
	int err;
	unsigned status;
};

static void on_response(void *arg, int err, const struct sip_msg *rsp)
{
	struct outcome *o = arg;
	if (rsp && rsp->status < 200) {
		o->provisional++;
		return;
	}
	o->told++;
	o->err = err;
	o->status = rsp ? rsp->status : 0;
}

static int ask(struct sip_ctrans **ct, enum sip_method method, const char *next, const char *dst, struct outcome *o)
{
	char headers[200];
	snprintf(headers, sizeof headers, "From: <sip:a@h>;tag=1\r\nTo: <sip:b@h>\r\nCall-ID: c\r\nCSeq: 1 %s\r\n", sip_method_name(method));
	struct sip_request_params p = {.method = method, .ruri = SLICE("sip:bob@example.com"), .next = slice_str(next), .dst = test_addr(dst),
				       .headers = slice_str(headers)};
	*o = (struct outcome){0};
	return sip_request(ct, w.stack, &p, on_response, o);
}

static bool went_to(unsigned i, const char *addr)
{
	char text[ADDR_STR_LEN];
	return i < w.n && !strcmp(addr_str(&w.sent[i].to, text), addr);
}

static void a_request_waits_and_goes_where_the_name_leads(void **state)
{
	struct outcome o;
	open_all();
	assert_int_equal(ask(NULL, SIP_OPTIONS, "sip:example.com", "192.0.2.99", &o), 0);
	assert_int_equal(w.n, 0);
	clock_test_advance(50);
	assert_int_equal(w.n, 1);
	assert_true(went_to(0, "192.0.2.11:5070"));
	wire_answer(&w, w.sent[0].text, 200, "x", NULL);
	assert_int_equal(o.status, 200);
	/* It is known now: at once. */
	assert_int_equal(ask(NULL, SIP_OPTIONS, "sip:example.com", "192.0.2.99", &o), 0);
	assert_int_equal(w.n, 2);
	assert_true(went_to(1, "192.0.2.11:5070"));
	wire_answer(&w, w.sent[1].text, 200, "x", NULL);
	close_all();
}

static void a_place_that_is_silent_is_followed_by_the_next(void **state)
{
	struct outcome o;
	char branch[200];
	open_all();
	assert_int_equal(ask(NULL, SIP_OPTIONS, "sip:example.com", "192.0.2.99", &o), 0);
	clock_test_advance(50);
	snprintf(branch, sizeof branch, "%s", wire_hdr(w.sent[0].text, "Via"));
	clock_test_advance(32000);
	assert_int_equal(o.told, 0);
	assert_true(went_to(w.n - 1, "192.0.2.12:5080"));
	assert_string_not_equal(branch, wire_hdr(wire_last(&w), "Via"));
	assert_string_equal(wire_hdr(w.sent[0].text, "CSeq"), wire_hdr(wire_last(&w), "CSeq"));
	wire_answer(&w, wire_last(&w), 200, "x", NULL);
	assert_int_equal(o.status, 200);
	/* The dead one is remembered: the next request begins with the other. */
	assert_int_equal(ask(NULL, SIP_OPTIONS, "sip:example.com", "192.0.2.99", &o), 0);
	assert_true(went_to(w.n - 1, "192.0.2.12:5080"));
	wire_answer(&w, wire_last(&w), 200, "x", NULL);
	close_all();
}

static void a_503_and_an_icmp_error_are_followed_by_the_next(void **state)
{
	struct outcome o;
	open_all();
	assert_int_equal(ask(NULL, SIP_OPTIONS, "sip:example.com", "192.0.2.99", &o), 0);
	clock_test_advance(50);
	wire_answer(&w, wire_last(&w), 503, "x", "|Retry-After: 5 (soon)");
	assert_int_equal(o.told, 0);
	assert_true(went_to(w.n - 1, "192.0.2.12:5080"));
	struct addr there = w.sent[w.n - 1].to;
	sip_stack_undelivered(w.stack, &there, -ECONNREFUSED, slice_str(wire_last(&w)));
	assert_int_equal(o.told, 1);
	assert_int_equal(o.err, -ECONNREFUSED);
	/* Both are dead; the one whose Retry-After is over first comes first again. */
	clock_test_advance(6000);
	assert_int_equal(ask(NULL, SIP_OPTIONS, "sip:example.com", "192.0.2.99", &o), 0);
	clock_test_advance(50);
	assert_true(went_to(w.n - 1, "192.0.2.11:5070"));
	wire_answer(&w, wire_last(&w), 404, "x", NULL);
	assert_int_equal(o.status, 404);
	close_all();
}

static void an_invite_that_gets_503_is_acked_and_goes_on(void **state)
{
	struct outcome o;
	open_all();
	assert_int_equal(ask(NULL, SIP_INVITE, "sip:example.com", "192.0.2.99", &o), 0);
	clock_test_advance(50);
	wire_answer(&w, w.sent[0].text, 100, NULL, NULL);
	wire_answer(&w, w.sent[0].text, 503, "x", NULL);
	assert_int_equal(strncmp(w.sent[1].text, "ACK ", 4), 0);
	assert_true(went_to(1, "192.0.2.11:5070"));
	assert_int_equal(strncmp(w.sent[2].text, "INVITE ", 7), 0);
	assert_true(went_to(2, "192.0.2.12:5080"));
	wire_answer(&w, w.sent[2].text, 486, "y", NULL);
	assert_int_equal(o.status, 486);
	assert_true(went_to(3, "192.0.2.12:5080"));
	close_all();
}

static void where_no_name_leads_the_known_address_serves(void **state)
{
	struct outcome o;
	open_all();
	z.no_name = true;
	assert_int_equal(ask(NULL, SIP_OPTIONS, "sip:nothing.example", "192.0.2.99", &o), 0);
	clock_test_advance(100);
	assert_true(went_to(0, "192.0.2.99:5060"));
	wire_answer(&w, wire_last(&w), 200, "x", NULL);
	assert_int_equal(o.status, 200);
	close_all();
}

static void what_is_given_up_while_it_waits_is_never_sent(void **state)
{
	struct outcome o;
	struct sip_ctrans *ct;
	open_all();
	assert_int_equal(ask(&ct, SIP_INVITE, "sip:example.com", "192.0.2.99", &o), 0);
	assert_int_equal(sip_cancel(ct, SLICE_NONE), 0);
	clock_test_advance(100);
	assert_int_equal(w.n, 0);
	assert_int_equal(o.told, 1);
	assert_int_equal(sip_stack_transactions(w.stack), 0);
	mem_deref(ct);
	/* The stack ends meanwhile. */
	assert_int_equal(ask(NULL, SIP_OPTIONS, "sip:other.example", "192.0.2.99", &o), 0);
	close_all();
}

/* --- dialogs ---------------------------------------------------------------------------------------------------------- */

static unsigned closed;

static void on_closed(void *arg, unsigned status, const struct sip_msg *msg)
{
	closed++;
}

static void on_answered(void *arg, const struct sip_msg *rsp)
{
}

static const struct sip_session_handlers handlers = {.answered = on_answered, .closed = on_closed};

static struct sip_session *call(const char *more)
{
	struct sip_session *ss;
	struct sip_session_params p = {.ruri = SLICE("sip:bob@192.0.2.9:5070"), .dst = w.peer, .from_uri = SLICE("sip:a@h"), .to_uri = SLICE("sip:b@h"),
				       .sdp = SLICE("v=0\r\n"), .login = {.user = SLICE("a"), .password = SLICE("secret")}};
	assert_int_equal(sip_session_connect(&ss, w.stack, &p, &handlers, NULL), 0);
	char invite[3000];
	snprintf(invite, sizeof invite, "%s", w.sent[0].text);
	wire_answer(&w, invite, 200, "b", more);
	return ss;
}

static unsigned count_of(const char *method)
{
	unsigned n = 0;
	for (unsigned i = 0; i < w.n; i++)
		n += !strncmp(w.sent[i].text, method, strlen(method));
	return n;
}

static void ack_and_bye_follow_a_contact_with_a_name(void **state)
{
	open_all();
	closed = 0;
	struct sip_session *ss = call("|Contact: <sip:bob@peer.example:5099>");
	assert_int_equal(count_of("ACK"), 0);
	/* The 2xx comes again before DNS has answered. */
	char invite[3000];
	snprintf(invite, sizeof invite, "%s", w.sent[0].text);
	wire_answer(&w, invite, 200, "b", "|Contact: <sip:bob@peer.example:5099>");
	clock_test_advance(50);
	assert_int_equal(count_of("ACK sip:bob@peer.example:5099 "), 1);
	assert_true(went_to(w.n - 1, "192.0.2.33:5099"));
	wire_answer(&w, invite, 200, "b", "|Contact: <sip:bob@peer.example:5099>");
	assert_true(went_to(w.n - 1, "192.0.2.33:5099"));
	assert_int_equal(count_of("ACK"), 2);
	sip_session_bye(ss, 0, SLICE_NONE, SLICE_NONE);
	assert_int_equal(count_of("BYE"), 1);
	assert_true(went_to(w.n - 1, "192.0.2.33:5099"));
	wire_answer(&w, wire_last(&w), 200, NULL, NULL);
	clock_test_advance(100);
	assert_int_equal(closed, 1);
	mem_deref(ss);
	close_all();
}

static void a_route_with_a_name_is_followed_to_its_next_place(void **state)
{
	open_all();
	closed = 0;
	struct sip_session *ss = call("|Contact: <sip:bob@192.0.2.9:5070>|Record-Route: <sip:example.com;lr>");
	clock_test_advance(50);
	assert_int_equal(count_of("ACK sip:bob@192.0.2.9:5070 "), 1);
	assert_true(went_to(w.n - 1, "192.0.2.11:5070"));
	assert_string_equal(wire_hdr(wire_last(&w), "Route"), "<sip:example.com;lr>");
	sip_session_bye(ss, 0, SLICE_NONE, SLICE_NONE);
	clock_test_advance(32000);
	assert_true(went_to(w.n - 1, "192.0.2.12:5080"));
	wire_answer(&w, wire_last(&w), 200, NULL, NULL);
	clock_test_advance(100);
	assert_int_equal(closed, 1);
	mem_deref(ss);
	close_all();
}

/* What may be challenged is kept until its answer, and not longer. */
static void a_request_that_is_kept_goes_to_the_next_place(void **state)
{
	struct outcome o = {0};
	size_t before = mem_blocks();
	open_all();
	struct sip_session *ss = call("|Contact: <sip:bob@192.0.2.9:5070>|Record-Route: <sip:example.com;lr>");
	clock_test_advance(50);
	assert_int_equal(sip_session_request(ss, SIP_INFO, SLICE_NONE, SLICE_NONE, SLICE_NONE, on_response, &o), 0);
	assert_true(went_to(w.n - 1, "192.0.2.11:5070"));
	clock_test_advance(32000);
	assert_true(went_to(w.n - 1, "192.0.2.12:5080"));
	wire_answer(&w, wire_last(&w), 200, NULL, NULL);
	assert_int_equal(o.status, 200);
	sip_session_bye(ss, 0, SLICE_NONE, SLICE_NONE);
	wire_answer(&w, wire_last(&w), 200, NULL, NULL);
	clock_test_advance(100);
	mem_deref(ss);
	close_all();
	assert_int_equal(mem_blocks(), before);
}

static void a_contact_that_is_invalid_means_the_peers_address(void **state)
{
	open_all();
	struct sip_session *ss = call("|Contact: <sip:bob@7sdf8.invalid;transport=udp>");
	assert_int_equal(count_of("ACK"), 1);
	assert_true(went_to(w.n - 1, "192.0.2.9:5070"));
	assert_int_equal(z.asked, 0);
	sip_session_bye(ss, 0, SLICE_NONE, SLICE_NONE);
	assert_true(went_to(w.n - 1, "192.0.2.9:5070"));
	wire_answer(&w, wire_last(&w), 200, NULL, NULL);
	clock_test_advance(100);
	mem_deref(ss);
	close_all();
}

static void the_stack_may_end_before_the_ack_has_left(void **state)
{
	open_all();
	struct sip_session *ss = call("|Contact: <sip:bob@peer.example:5099>");
	wire_close(&w);
	clock_test_advance(100);
	mem_deref(ss);
	close_all();
}

static void oom_body(void *arg)
{
	struct outcome o;
	locator = NULL;
	w.stack = NULL;
	w.st = NULL;
	if (!try_open() && !ask(NULL, SIP_OPTIONS, "sip:example.com", "192.0.2.99", &o)) {
		clock_test_advance(100);
		clock_test_advance(70000);
		assert_int_equal(o.told, 1);
	}
	close_all();
}

static void memory_may_run_out(void **state)
{
	each_allocation_fails(oom_body, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_waits_and_goes_where_the_name_leads),
		cmocka_unit_test(a_place_that_is_silent_is_followed_by_the_next),
		cmocka_unit_test(a_503_and_an_icmp_error_are_followed_by_the_next),
		cmocka_unit_test(an_invite_that_gets_503_is_acked_and_goes_on),
		cmocka_unit_test(where_no_name_leads_the_known_address_serves),
		cmocka_unit_test(what_is_given_up_while_it_waits_is_never_sent),
		cmocka_unit_test(ack_and_bye_follow_a_contact_with_a_name),
		cmocka_unit_test(a_route_with_a_name_is_followed_to_its_next_place),
		cmocka_unit_test(a_request_that_is_kept_goes_to_the_next_place),
		cmocka_unit_test(a_contact_that_is_invalid_means_the_peers_address),
		cmocka_unit_test(the_stack_may_end_before_the_ack_has_left),
		cmocka_unit_test(memory_may_run_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

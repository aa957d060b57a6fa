// SPDX-License-Identifier: GPL-3.0-or-later
/* RFC 3261 18.1.1: what goes by UDP and what by TCP, as the path is. */
#include "wire.h"
#include "sip/path.h"
#include <errno.h>

static unsigned known, asked;

static unsigned mtu(const struct addr *from, const struct addr *to)
{
	asked++;
	return known;
}

static void a_request_is_within_200_bytes_of_the_mtu(void **state)
{
	static const struct { const char *to; unsigned mtu; size_t len; bool narrow; unsigned asked; } cases[] = {
		{"192.0.2.9", 1500, 1300, false, 1}, {"192.0.2.9", 1500, 1301, true, 0},
		{"192.0.2.9", 9000, 1301, true, 0},  /* that is the first link's */
		{"192.0.2.9", 0, 1300, false, 1},    {"192.0.2.9", 1400, 1200, false, 1}, {"192.0.2.9", 1400, 1201, true, 1},
		{"192.0.2.9", 576, 376, false, 1},   {"192.0.2.9", 576, 377, true, 1},    {"192.0.2.9", 552, 352, false, 0},
		{"2001:db8::9", 1280, 1080, false, 0}, {"2001:db8::9", 1280, 1081, true, 1},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct sip_paths *ps;
		struct addr to = test_addr(cases[i].to);
		assert_int_equal(sip_paths_new(&ps, mtu), 0);
		known = cases[i].mtu;
		asked = 0;
		assert_int_equal(sip_path_is_narrow(ps, &to, &to, cases[i].len), cases[i].narrow);
		assert_int_equal(asked, cases[i].asked);
		mem_deref(ps);
	}
}

static void what_is_known_is_remembered_for_a_while(void **state)
{
	struct addr a = test_addr("192.0.2.9:5060"), b = test_addr("192.0.2.9:5070"), c = test_addr("192.0.2.10:5060");
	struct sip_paths *ps;
	assert_int_equal(sip_paths_new(&ps, mtu), 0);
	known = 1500;
	asked = 0;
	for (unsigned i = 0; i < 10; i++) {
		assert_false(sip_path_is_narrow(ps, &a, &a, 1000));
		assert_false(sip_path_is_narrow(ps, &a, &b, 1000));
	}
	assert_int_equal(asked, 1);
	assert_false(sip_path_is_narrow(ps, &a, &c, 1000));
	assert_int_equal(asked, 2);
	known = 1100;
	assert_false(sip_path_is_narrow(ps, &a, &a, 1000));
	sip_path_forget(ps, &b);
	assert_true(sip_path_is_narrow(ps, &a, &a, 1000));
	clock_test_advance(60000);
	known = 1500;
	assert_false(sip_path_is_narrow(ps, &a, &a, 1000));
	mem_deref(ps);
}

static void on_response(void *arg, int err, const struct sip_msg *rsp)
{
	*(int *)arg = rsp ? (int)rsp->status : err;
}

/* A router tells that the way is narrower than what went out: the request goes by TCP, once, and is answered there. */
static void a_request_that_a_router_returns_goes_by_tcp(void **state)
{
	static struct wire w;
	char headers[1100];
	int result = 0;
	struct sip_ctrans *ct;
	wire_open(&w);
	wire_listen(&w, SIP_TCP);
	mem_deref(w.stack->paths);
	assert_int_equal(sip_paths_new(&w.stack->paths, mtu), 0);
	known = 1500;
	snprintf(headers, sizeof headers, "From: <sip:a@x>;tag=f\r\nTo: <sip:b@x>\r\nCall-ID: c\r\nCSeq: 7 INVITE\r\nSubject: %0900d\r\n", 0);
	struct sip_request_params p = {.method = SIP_INVITE, .ruri = SLICE("sip:b@192.0.2.9"), .dst = w.peer, .listener = &wire_place(&w)->l,
				       .headers = slice_str(headers)};
	assert_int_equal(sip_request(&ct, w.stack, &p, on_response, &result), 0);
	assert_non_null(strstr(wire_last(&w), "Via: SIP/2.0/UDP "));
	/* Not enough of it to tell which: nothing happens, and the kernel fragments what is sent again. */
	sip_stack_undelivered(w.stack, &w.peer, -EMSGSIZE, SLICE("INVITE"));
	assert_int_equal(w.n, 1);
	known = 1100;
	sip_stack_undelivered(w.stack, &w.peer, -EMSGSIZE, slice_of(w.sent[0].text, 400));
	assert_int_equal(w.n, 2);
	assert_non_null(strstr(wire_last(&w), "Via: SIP/2.0/TCP "));
	sip_stack_undelivered(w.stack, &w.peer, -EMSGSIZE, slice_of(w.sent[0].text, 400));
	clock_test_advance(1500);
	assert_int_equal(w.n, 2);
	w.over = SIP_TCP;
	wire_answer(&w, w.sent[1].text, 486, "t", NULL);
	assert_int_equal(result, 486);
	mem_deref(ct);
	clock_test_advance(64000);
	assert_int_equal(sip_stack_transactions(w.stack), 0);
	wire_close(&w);
	assert_int_equal(timer_count(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_is_within_200_bytes_of_the_mtu),
		cmocka_unit_test(what_is_known_is_remembered_for_a_while),
		cmocka_unit_test(a_request_that_a_router_returns_goes_by_tcp),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-3.0-or-later
/* RFC 3435 3.5: what a peer sees of retransmission, at-most-once, provisional responses, confirmations and piggybacking. */
#include "wire.h"
#include <errno.h>

#define GW "192.0.2.9:2427"

struct result {
	int calls, err;
	unsigned code;
};

static void on_response(void *arg, int err, const struct mgcp_msg *rsp)
{
	struct result *r = arg;
	r->calls++;
	r->err = err;
	r->code = rsp ? rsp->code : 0;
}

static int send_command(struct wire *w, uint32_t tid, struct result *r)
{
	struct addr dst = wire_addr(GW);
	char text[128];
	snprintf(text, sizeof text, "AUEP %u rtpbridge/1@mg MGCP 1.0\r\n", tid);
	return mgcp_command(w->peer, &dst, tid, slice_str(text), on_response, r);
}

struct server {
	struct wire wire;
	unsigned commands;
	struct mgcp_incoming *kept; /* answered later */
	bool keep;
};

static void on_command(void *arg, struct mgcp_incoming *in, const struct mgcp_msg *cmd, const struct addr *src)
{
	struct server *s = arg;
	s->commands++;
	if (s->keep)
		s->kept = mem_ref(in);
	else
		mgcp_reply_code(in, 200, "done");
}

static void server_open(struct server *s)
{
	assert_int_equal(wire_open(&s->wire, (struct mgcp_peer_params){.on_command = on_command, .arg = s}), 0);
}

static void server_close(struct server *s)
{
	s->kept = mem_deref(s->kept);
	s->wire.peer = mem_deref(s->wire.peer);
	assert_int_equal(timer_count(), 0);
}

static void a_command_is_repeated_with_back_off_until_answered(void **state)
{
	struct wire w = {0};
	struct result r = {0};
	assert_int_equal(wire_open(&w, (struct mgcp_peer_params){0}), 0);
	assert_int_equal(send_command(&w, 5, &r), 0);
	assert_string_equal(wire_take(&w), "AUEP 5 rtpbridge/1@mg MGCP 1.0\r\n--\n");
	clock_test_advance(399);
	assert_string_equal(wire_take(&w), "");
	clock_test_advance(1);
	assert_string_equal(wire_take(&w), "AUEP 5 rtpbridge/1@mg MGCP 1.0\r\n--\n");
	/* T-DELAY is now 800: the next comes after 400 to 800. */
	clock_test_advance(399);
	assert_string_equal(wire_take(&w), "");
	clock_test_advance(402);
	assert_string_equal(wire_take(&w), "AUEP 5 rtpbridge/1@mg MGCP 1.0\r\n--\n");
	wire_receive(&w, GW, "200 5 OK\r\n");
	assert_int_equal(r.calls, 1);
	assert_int_equal(r.code, 200);
	clock_test_advance(60000);
	assert_string_equal(wire_take(&w), "");
	assert_int_equal(r.calls, 1);
	mem_deref(w.peer);
	assert_int_equal(timer_count(), 0);
}

static void it_is_given_up_after_t_max(void **state)
{
	struct wire w = {0};
	struct result r = {0};
	assert_int_equal(wire_open(&w, (struct mgcp_peer_params){0}), 0);
	assert_int_equal(send_command(&w, 5, &r), 0);
	for (int i = 0; i < 19999; i++) {
		clock_test_advance(1);
		bundle_flush(w.peer);
	}
	assert_int_equal(r.calls, 0);
	assert_int_equal(mgcp_peer_pending(w.peer), 1);
	/* With RTO-MAX of 4 s and doubling from 0.4 s. */
	assert_in_range(w.datagrams, 7, 14);
	clock_test_advance(1);
	assert_int_equal(r.calls, 1);
	assert_int_equal(r.err, -ETIMEDOUT);
	assert_int_equal(mgcp_peer_pending(w.peer), 0);
	mem_deref(w.peer);
}

static void after_loss_the_next_command_starts_with_the_rto_that_worked(void **state)
{
	struct wire w = {0};
	struct result r = {0};
	assert_int_equal(wire_open(&w, (struct mgcp_peer_params){0}), 0);
	assert_int_equal(send_command(&w, 5, &r), 0);
	wire_take(&w);
	/* Up to the second repetition: its RTO is between 0.8 and 1.6 s. */
	clock_test_advance(1201);
	wire_take(&w);
	wire_receive(&w, GW, "200 5 OK\r\n");
	assert_int_equal(send_command(&w, 6, &r), 0);
	wire_take(&w);
	clock_test_advance(400);
	assert_string_equal(wire_take(&w), "");
	clock_test_advance(1201);
	assert_true(strlen(wire_take(&w)) > 0);
	wire_receive(&w, GW, "200 6 OK\r\n");
	mem_deref(w.peer);
}

static void a_slow_gateway_is_measured(void **state)
{
	struct wire w = {0};
	struct result r = {0};
	assert_int_equal(wire_open(&w, (struct mgcp_peer_params){.timers = {.rto_ms = 50, .rto_max_ms = 4000, .t_max_ms = 20000, .t_hist_ms = 30000, .longtran_ms = 5000}}), 0);
	/* Each is answered after 40 ms: round trip 40 plus four deviations, which become small. */
	char answer[32];
	for (uint32_t tid = 1; tid <= 20; tid++) {
		assert_int_equal(send_command(&w, tid, &r), 0);
		clock_test_advance(40);
		snprintf(answer, sizeof answer, "200 %u OK\r\n", tid);
		wire_receive(&w, GW, answer);
	}
	wire_take(&w);
	const struct addr gw = wire_addr(GW);
	assert_in_range(remote_first_rto(remote_find(w.peer, &gw), &w.peer->p.timers), 50, 60);
	mem_deref(w.peer);
}

static void a_provisional_response_slows_repetition_down(void **state)
{
	struct wire w = {0};
	struct result r = {0};
	assert_int_equal(wire_open(&w, (struct mgcp_peer_params){0}), 0);
	assert_int_equal(send_command(&w, 5, &r), 0);
	wire_take(&w);
	wire_receive(&w, GW, "100 5 Pending\r\n");
	assert_int_equal(r.calls, 0);
	clock_test_advance(4999);
	assert_string_equal(wire_take(&w), "");
	clock_test_advance(1);
	assert_string_equal(wire_take(&w), "AUEP 5 rtpbridge/1@mg MGCP 1.0\r\n--\n");
	/* Repetition ends at T-MAX, waiting only at 2*T-HIST (3.5.6). */
	clock_test_advance(15000);
	wire_take(&w);
	clock_test_advance(39000);
	assert_string_equal(wire_take(&w), "");
	assert_int_equal(r.calls, 0);
	/* The final answer asks for an acknowledgement by an empty K:, each time it comes. */
	wire_receive(&w, GW, "200 5 OK\r\nK:\r\n");
	assert_int_equal(r.calls, 1);
	assert_string_equal(wire_take(&w), "000 5\r\n--\n");
	wire_receive(&w, GW, "200 5 OK\r\nK:\r\n");
	assert_string_equal(wire_take(&w), "000 5\r\n--\n");
	assert_int_equal(r.calls, 1);
	mem_deref(w.peer);
}

static void a_provisional_response_does_not_last_for_ever(void **state)
{
	struct wire w = {0};
	struct result r = {0};
	assert_int_equal(wire_open(&w, (struct mgcp_peer_params){0}), 0);
	assert_int_equal(send_command(&w, 5, &r), 0);
	wire_receive(&w, GW, "100 5 Pending\r\n");
	clock_test_advance(59999);
	assert_int_equal(r.calls, 0);
	clock_test_advance(1);
	assert_int_equal(r.err, -ETIMEDOUT);
	mem_deref(w.peer);
}

static void only_the_host_that_was_asked_is_believed(void **state)
{
	struct wire w = {0};
	struct result r = {0};
	assert_int_equal(wire_open(&w, (struct mgcp_peer_params){0}), 0);
	assert_int_equal(send_command(&w, 5, &r), 0);
	wire_receive(&w, "198.51.100.1:2427", "200 5 OK\r\n");
	assert_int_equal(r.calls, 0);
	wire_receive(&w, "192.0.2.9:40000", "200 5 OK\r\n");
	assert_int_equal(r.calls, 1);
	mem_deref(w.peer);
}

struct moving {
	struct result r;
	struct addr other;
	unsigned asked;
};

static const struct addr *on_silence(void *arg, const struct addr *silent)
{
	struct moving *m = arg;
	m->asked++;
	return addr_eq(silent, &m->other) ? NULL : &m->other;
}

/* 4.3: after Max1 repetitions another address is tried, T-MAX goes on; who was asked before may still answer. */
static void a_silent_address_is_followed_by_another(void **state)
{
	struct wire w = {0};
	struct moving m = {.other = wire_addr("198.51.100.1:2427")};
	struct addr first = wire_addr(GW);
	unsigned there = 0;
	assert_int_equal(wire_open(&w, (struct mgcp_peer_params){0}), 0);
	assert_int_equal(mgcp_command(w.peer, &first, 5, SLICE("AUEP 5 rtpbridge/1@mg MGCP 1.0\r\n"), on_response, &m), 0);
	mgcp_elsewhere(w.peer, 5, on_silence);
	for (unsigned i = 0; i < 19999 && !there; i++) {
		clock_test_advance(1);
		bundle_flush(w.peer);
		there = addr_eq(&w.last_dst, &m.other) ? w.datagrams : 0;
	}
	assert_int_equal(there, 7); /* once, five repetitions, and then elsewhere */
	assert_int_equal(m.asked, 1);
	wire_receive(&w, GW, "200 5 OK\r\n");
	assert_int_equal(m.r.calls, 1);
	assert_int_equal(m.r.code, 200);
	mem_deref(w.peer);
	assert_int_equal(timer_count(), 0);
}

static void a_command_follows_its_receiver(void **state)
{
	struct wire w = {0};
	struct result r = {0};
	struct addr other = wire_addr("198.51.100.1:2427"), third = wire_addr("198.51.100.7:2727");
	assert_int_equal(wire_open(&w, (struct mgcp_peer_params){0}), 0);
	assert_int_equal(send_command(&w, 5, &r), 0);
	bundle_flush(w.peer);
	mgcp_readdress(w.peer, 5, &other);
	clock_test_advance(1);
	bundle_flush(w.peer);
	assert_int_equal(w.datagrams, 2);
	assert_true(addr_eq(&w.last_dst, &other));
	mgcp_copy(w.peer, 5, &third);
	bundle_flush(w.peer);
	assert_int_equal(w.datagrams, 3);
	assert_true(addr_eq(&w.last_dst, &third));
	wire_receive(&w, "198.51.100.7:2727", "200 5 OK\r\n"); /* a copy is no question */
	assert_int_equal(r.calls, 0);
	wire_receive(&w, "198.51.100.1:2427", "200 5 OK\r\n");
	assert_int_equal(r.calls, 1);
	mem_deref(w.peer);
}

static void who_goes_away_is_not_called(void **state)
{
	struct wire w = {0};
	struct result r = {0}, other = {0};
	assert_int_equal(wire_open(&w, (struct mgcp_peer_params){0}), 0);
	assert_int_equal(send_command(&w, 5, &r), 0);
	assert_int_equal(send_command(&w, 6, &other), 0);
	mgcp_forget(w.peer, &r);
	wire_receive(&w, GW, "200 5 OK\r\n.\r\n200 6 OK\r\n");
	assert_int_equal(r.calls, 0);
	assert_int_equal(other.calls, 1);
	mem_deref(w.peer);
}

static void a_command_is_executed_once_and_answered_as_often_as_it_comes(void **state)
{
	struct server s = {0};
	server_open(&s);
	for (int i = 0; i < 3; i++) {
		wire_receive(&s.wire, GW, "NTFY 9 rtpbridge/1@mg MGCP 1.0\r\n");
		assert_string_equal(wire_take(&s.wire), "200 9 done\r\n--\n");
	}
	assert_int_equal(s.commands, 1);
	/* The same number from somebody else is another command. */
	wire_receive(&s.wire, "192.0.2.10:2427", "NTFY 9 rtpbridge/1@mg MGCP 1.0\r\n");
	assert_int_equal(s.commands, 2);
	/* T-HIST later it may be used again. */
	clock_test_advance(29999);
	wire_receive(&s.wire, GW, "NTFY 9 rtpbridge/1@mg MGCP 1.0\r\n");
	assert_int_equal(s.commands, 2);
	clock_test_advance(1);
	wire_receive(&s.wire, GW, "NTFY 9 rtpbridge/1@mg MGCP 1.0\r\n");
	assert_int_equal(s.commands, 3);
	server_close(&s);
}

static void a_repetition_while_executing_gets_100_and_the_answer_asks_for_acknowledgement(void **state)
{
	struct server s = {.keep = true};
	server_open(&s);
	wire_receive(&s.wire, GW, "CRCX 9 rtpbridge/$@mg MGCP 1.0\r\n");
	assert_string_equal(wire_take(&s.wire), "");
	wire_receive(&s.wire, GW, "CRCX 9 rtpbridge/$@mg MGCP 1.0\r\n");
	assert_string_equal(wire_take(&s.wire), "100 9 Being executed\r\n--\n");
	assert_int_equal(s.commands, 1);
	assert_int_equal(mgcp_reply(s.kept, SLICE("200 9 OK\r\nI: 7\r\n")), 0);
	assert_string_equal(wire_take(&s.wire), "200 9 OK\r\nK:\r\nI: 7\r\n--\n");
	assert_int_equal(mgcp_peer_pending(s.wire.peer), 1);
	/* Not acknowledged: sent again. */
	clock_test_advance(400);
	assert_string_equal(wire_take(&s.wire), "200 9 OK\r\nK:\r\nI: 7\r\n--\n");
	wire_receive(&s.wire, GW, "000 9\r\n");
	assert_int_equal(mgcp_peer_pending(s.wire.peer), 0);
	clock_test_advance(20000);
	assert_string_equal(wire_take(&s.wire), "");
	/* Confirmed, so a late copy of the command is dropped in silence. */
	wire_receive(&s.wire, GW, "CRCX 9 rtpbridge/$@mg MGCP 1.0\r\n");
	assert_string_equal(wire_take(&s.wire), "");
	assert_int_equal(mgcp_reply(s.kept, SLICE("200 9 OK\r\n")), -ESTALE);
	server_close(&s);
}

static void an_announced_long_execution_works_the_same(void **state)
{
	struct server s = {.keep = true};
	server_open(&s);
	wire_receive(&s.wire, GW, "CRCX 9 rtpbridge/$@mg MGCP 1.0\r\n");
	assert_int_equal(mgcp_reply_code(s.kept, 100, NULL), 0);
	assert_string_equal(wire_take(&s.wire), "100 9 Being executed\r\n--\n");
	assert_int_equal(mgcp_reply_code(s.kept, 403, NULL), 0);
	assert_string_equal(wire_take(&s.wire), "403 9 No resources now\r\nK:\r\n--\n");
	/* Whoever never acknowledges does not keep it for ever. */
	clock_test_advance(30000);
	assert_int_equal(mgcp_peer_pending(s.wire.peer), 0);
	server_close(&s);
}

static void what_is_never_answered_gets_406(void **state)
{
	struct server s = {.keep = true};
	server_open(&s);
	wire_receive(&s.wire, GW, "CRCX 9 rtpbridge/$@mg MGCP 1.0\r\n");
	clock_test_advance(9999);
	assert_string_equal(wire_take(&s.wire), "");
	clock_test_advance(1);
	assert_string_equal(wire_take(&s.wire), "406 9 Transaction timed out\r\n--\n");
	assert_int_equal(mgcp_reply_code(s.kept, 200, NULL), -ESTALE);
	server_close(&s);
}

static void answers_are_confirmed_in_the_next_command(void **state)
{
	struct wire w = {0};
	struct result r = {0};
	assert_int_equal(wire_open(&w, (struct mgcp_peer_params){0}), 0);
	for (uint32_t tid = 10; tid <= 14; tid++)
		send_command(&w, tid, &r);
	wire_take(&w);
	wire_receive(&w, GW, "200 10 OK\r\n.\r\n200 11 OK\r\n.\r\n100 12 wait\r\n.\r\n200 13 OK\r\n");
	send_command(&w, 20, &r);
	assert_string_equal(wire_take(&w), "AUEP 20 rtpbridge/1@mg MGCP 1.0\r\nK: 10-11, 13\r\n--\n");
	send_command(&w, 21, &r);
	assert_string_equal(wire_take(&w), "AUEP 21 rtpbridge/1@mg MGCP 1.0\r\n--\n");
	wire_receive(&w, GW, "200 20 OK\r\n");
	/* Older than T-HIST: not confirmed any more. */
	clock_test_advance(30000);
	wire_take(&w);
	send_command(&w, 22, &r);
	assert_string_equal(wire_take(&w), "AUEP 22 rtpbridge/1@mg MGCP 1.0\r\n--\n");
	mem_deref(w.peer);
}

static void a_confirmed_answer_is_not_repeated(void **state)
{
	struct server s = {0};
	server_open(&s);
	wire_receive(&s.wire, GW, "NTFY 9 a/1@mg MGCP 1.0\r\n.\r\nNTFY 10 a/1@mg MGCP 1.0\r\n.\r\nNTFY 12 a/1@mg MGCP 1.0\r\n");
	wire_take(&s.wire);
	/* Somebody else cannot confirm for them. */
	wire_receive(&s.wire, "192.0.2.66:2427", "NTFY 1 a/1@mg MGCP 1.0\r\nK: 9-12\r\n");
	wire_receive(&s.wire, GW, "NTFY 13 a/1@mg MGCP 1.0\r\nK: 1-9, 12\r\n");
	wire_take(&s.wire);
	wire_receive(&s.wire, GW, "NTFY 9 a/1@mg MGCP 1.0\r\n.\r\nNTFY 10 a/1@mg MGCP 1.0\r\n.\r\nNTFY 12 a/1@mg MGCP 1.0\r\n");
	assert_string_equal(wire_take(&s.wire), "200 10 done\r\n--\n");
	assert_int_equal(s.commands, 5);
	/* Nonsense in K: harms nobody. */
	wire_receive(&s.wire, GW, "NTFY 14 a/1@mg MGCP 1.0\r\nK: 9-1, x, 1-999999999\r\n");
	assert_string_equal(wire_take(&s.wire), "200 14 done\r\n--\n");
	server_close(&s);
}

static void one_turn_makes_one_datagram_a_destination(void **state)
{
	struct wire w = {0};
	struct result r = {0};
	struct addr other = wire_addr("192.0.2.10:2427");
	assert_int_equal(wire_open(&w, (struct mgcp_peer_params){0}), 0);
	send_command(&w, 1, &r);
	mgcp_command(w.peer, &other, 2, SLICE("AUEP 2 a/1@b MGCP 1.0\r\n"), on_response, &r);
	send_command(&w, 3, &r);
	assert_string_equal(wire_take(&w), "AUEP 1 rtpbridge/1@mg MGCP 1.0\r\n.\r\nAUEP 3 rtpbridge/1@mg MGCP 1.0\r\n--\nAUEP 2 a/1@b MGCP 1.0\r\n--\n");
	/* Not beyond 1400 bytes, and in order. */
	unsigned before = w.datagrams;
	for (uint32_t tid = 100; tid < 200; tid++)
		send_command(&w, tid, &r);
	const char *sent = wire_take(&w);
	assert_in_range(w.datagrams - before, 3, 4);
	size_t longest = 0;
	for (const char *p = sent, *end; (end = strstr(p, "--\n")); p = end + 3)
		longest = (size_t)(end - p) > longest ? (size_t)(end - p) : longest;
	assert_in_range(longest, 1300, 1400);
	assert_true(strstr(sent, "AUEP 100") < strstr(sent, "AUEP 199"));
	mem_deref(w.peer);
}

static void who_takes_no_piggybacking_gets_single_messages(void **state)
{
	struct wire w = {0};
	struct result r = {0};
	struct addr gw = wire_addr(GW);
	assert_int_equal(wire_open(&w, (struct mgcp_peer_params){0}), 0);
	assert_int_equal(mgcp_peer_habits(w.peer, &gw, 0), 0);
	send_command(&w, 1, &r);
	send_command(&w, 3, &r);
	assert_string_equal(wire_take(&w), "AUEP 1 rtpbridge/1@mg MGCP 1.0\r\n--\nAUEP 3 rtpbridge/1@mg MGCP 1.0\r\n--\n");
	wire_receive(&w, GW, "200 1 OK\r\n");
	send_command(&w, 4, &r);
	/* Nor is anything confirmed to it. */
	assert_string_equal(wire_take(&w), "AUEP 4 rtpbridge/1@mg MGCP 1.0\r\n--\n");
	mem_deref(w.peer);
}

static void broken_commands_get_an_error_and_broken_responses_nothing(void **state)
{
	struct server s = {0};
	server_open(&s);
	wire_receive(&s.wire, GW, "CRCX 9 MGCP 1.0\r\n");
	assert_string_equal(wire_take(&s.wire), "510 9 Protocol error\r\n--\n");
	wire_receive(&s.wire, GW, "CRCX 9 a/1@b MGCP 1.0\r\nX+Odd: 1\r\n.\r\nNTFY 10 a/1@b MGCP 1.0\r\n");
	assert_string_equal(wire_take(&s.wire), "511 9 Unrecognized extension\r\n.\r\n200 10 done\r\n--\n");
	wire_receive(&s.wire, GW, "999 x\r\n");
	wire_receive(&s.wire, GW, "200 12\r\nbroken\r\n");
	wire_receive(&s.wire, GW, "200 77 OK\r\n");
	wire_receive(&s.wire, GW, "\r\n\r\n");
	wire_receive(&s.wire, GW, ".");
	assert_string_equal(wire_take(&s.wire), "");
	assert_int_equal(s.commands, 1);
	server_close(&s);
}

static bool nobody(void *arg, const struct addr *src)
{
	return false;
}

static void who_is_not_allowed_is_not_heard(void **state)
{
	struct server s = {0};
	assert_int_equal(wire_open(&s.wire, (struct mgcp_peer_params){.on_command = on_command, .allowed = nobody, .arg = &s}), 0);
	uint64_t before = mgcp_counts[CNT_RX_REFUSED];
	wire_receive(&s.wire, GW, "NTFY 9 a/1@mg MGCP 1.0\r\n");
	assert_string_equal(wire_take(&s.wire), "");
	assert_int_equal(s.commands, 0);
	assert_int_equal(mgcp_counts[CNT_RX_REFUSED], before + 1);
	server_close(&s);
}

static void identifiers_stay_in_their_range(void **state)
{
	struct wire w = {0};
	assert_int_equal(wire_open(&w, (struct mgcp_peer_params){0}), 0);
	uint32_t first = mgcp_next_tid(w.peer);
	assert_in_range(first, 1, 999999999);
	assert_int_equal(mgcp_next_tid(w.peer), first == 999999999 ? 1 : first + 1);
	w.peer->next_tid = 999999999;
	assert_int_equal(mgcp_next_tid(w.peer), 999999999);
	assert_int_equal(mgcp_next_tid(w.peer), 1);
	mem_deref(w.peer);
}

static void an_answer_may_outlive_the_peer(void **state)
{
	struct server s = {.keep = true};
	server_open(&s);
	wire_receive(&s.wire, GW, "CRCX 9 rtpbridge/$@mg MGCP 1.0\r\n");
	s.wire.peer = mem_deref(s.wire.peer);
	assert_int_equal(mgcp_reply_code(s.kept, 200, NULL), -ESTALE);
	server_close(&s);
}

static void exchange(void *arg)
{
	struct server s = {0};
	struct result r = {0};
	if (wire_open(&s.wire, (struct mgcp_peer_params){.on_command = on_command, .arg = &s}))
		return;
	int err = send_command(&s.wire, 5, &r);
	assert_true(err == 0 || err == -ENOMEM);
	wire_take(&s.wire);
	wire_receive(&s.wire, GW, "100 5 wait\r\n.\r\n200 5 OK\r\nK:\r\n.\r\nNTFY 9 a/1@mg MGCP 1.0\r\nK: 4\r\n");
	wire_receive(&s.wire, GW, "NTFY 9 a/1@mg MGCP 1.0\r\n");
	assert_int_equal(r.calls, err ? 0 : 1);
	send_command(&s.wire, 6, &r);
	wire_take(&s.wire);
	clock_test_advance(60000);
	mem_deref(s.wire.peer);
	assert_int_equal(timer_count(), 0);
}

static void out_of_memory_is_clean(void **state)
{
	each_allocation_fails(exchange, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_command_is_repeated_with_back_off_until_answered),
		cmocka_unit_test(it_is_given_up_after_t_max),
		cmocka_unit_test(after_loss_the_next_command_starts_with_the_rto_that_worked),
		cmocka_unit_test(a_slow_gateway_is_measured),
		cmocka_unit_test(a_provisional_response_slows_repetition_down),
		cmocka_unit_test(a_provisional_response_does_not_last_for_ever),
		cmocka_unit_test(only_the_host_that_was_asked_is_believed),
		cmocka_unit_test(a_silent_address_is_followed_by_another),
		cmocka_unit_test(a_command_follows_its_receiver),
		cmocka_unit_test(who_goes_away_is_not_called),
		cmocka_unit_test(a_command_is_executed_once_and_answered_as_often_as_it_comes),
		cmocka_unit_test(a_repetition_while_executing_gets_100_and_the_answer_asks_for_acknowledgement),
		cmocka_unit_test(an_announced_long_execution_works_the_same),
		cmocka_unit_test(what_is_never_answered_gets_406),
		cmocka_unit_test(answers_are_confirmed_in_the_next_command),
		cmocka_unit_test(a_confirmed_answer_is_not_repeated),
		cmocka_unit_test(one_turn_makes_one_datagram_a_destination),
		cmocka_unit_test(who_takes_no_piggybacking_gets_single_messages),
		cmocka_unit_test(broken_commands_get_an_error_and_broken_responses_nothing),
		cmocka_unit_test(who_is_not_allowed_is_not_heard),
		cmocka_unit_test(identifiers_stay_in_their_range),
		cmocka_unit_test(an_answer_may_outlive_the_peer),
		cmocka_unit_test(out_of_memory_is_clean),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

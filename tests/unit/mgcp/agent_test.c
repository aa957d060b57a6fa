// SPDX-License-Identifier: GPL-3.0-or-later
/* The call agent's side against a scripted gateway: what it sends, in which order, and what its user hears. Transaction
 * identifiers begin at 1000. */
#include "wire.h"
#include "mgcp/agent.h"
#include <errno.h>

#define GW "192.0.2.9:2427"

struct owner {
	int done, lost, deleted, err;
	enum mgcp_loss loss;
	unsigned code;
	char sdp[256], params[128], quality[64], why[128];
	struct mgcp_conn *drop; /* let go of in `done` */
};

struct bench {
	struct wire wire;
	struct mgcp_gw *gw;
	int states;
	enum mgcp_gw_state state;
	struct owner a, b;
	struct mgcp_conn *ca, *cb;
};

static void on_done(void *arg, struct mgcp_conn *c, int err, unsigned code, struct slice sdp)
{
	struct owner *o = arg;
	o->done++;
	o->err = err;
	o->code = code;
	slice_copy(sdp, o->sdp, sizeof o->sdp);
	o->drop = mem_deref(o->drop);
}

static void on_lost(void *arg, struct mgcp_conn *c, enum mgcp_loss what, const char *why)
{
	struct owner *o = arg;
	o->lost++;
	o->loss = what;
	snprintf(o->why, sizeof o->why, "%s", why);
}

static void on_deleted(void *arg, struct mgcp_conn *c, struct slice params, struct slice quality)
{
	struct owner *o = arg;
	o->deleted++;
	slice_copy(params, o->params, sizeof o->params);
	slice_copy(quality, o->quality, sizeof o->quality);
}

static const struct mgcp_conn_handlers handlers = {on_done, on_lost, on_deleted};

static void on_state(void *arg, struct mgcp_gw *gw, enum mgcp_gw_state state, const char *why)
{
	struct bench *b = arg;
	b->states++;
	b->state = state;
}

static void on_command(void *arg, struct mgcp_incoming *in, const struct mgcp_msg *cmd, const struct addr *src)
{
	struct bench *b = arg;
	if (!mgcp_gw_command(b->gw, in, cmd, src))
		mgcp_reply_code(in, 500, NULL);
}

static int bench_try(struct bench *b, const char *profile)
{
	int err = wire_open(&b->wire, (struct mgcp_peer_params){.on_command = on_command, .arg = b});
	if (err)
		return err;
	b->wire.peer->next_tid = 1000;
	struct mgcp_gw_params p = {
		.name = "one", .addr = wire_addr(GW), .domain = "mg", .profile = mgcp_profile_find(profile), .on_state = on_state, .arg = b};
	return mgcp_gw_new(&b->gw, b->wire.peer, &p);
}

static void bench_open(struct bench *b, const char *profile)
{
	assert_int_equal(bench_try(b, profile), 0);
}

static void bench_close(struct bench *b)
{
	mem_deref(b->ca);
	mem_deref(b->cb);
	mem_deref(b->gw);
	mem_deref(b->wire.peer);
	assert_int_equal(timer_count(), 0);
}

#define SDP_A "v=0\r\nc=IN IP4 198.51.100.1\r\nm=audio 4000 RTP/AVP 0\r\n"
#define SDP_G "v=0\r\nc=IN IP4 192.0.2.9\r\nm=audio 16384 RTP/AVP 0\r\n"

static int create(struct bench *b, struct mgcp_conn **c, struct mgcp_conn *with, struct owner *o)
{
	struct mgcp_conn_setup s = {.call_id = "C0FFEE", .with = with, .mode = "recvonly"};
	return mgcp_conn_create(c, b->gw, &s, &handlers, o);
}

/* Both connections of a relayed call, up. */
static void two_up(struct bench *b)
{
	assert_int_equal(create(b, &b->ca, NULL, &b->a), 0);
	assert_int_equal(create(b, &b->cb, b->ca, &b->b), 0);
	wire_receive(&b->wire, GW, "200 1000 OK\r\nI: A1\r\nZ: rtpbridge/7@mg\r\n\r\n" SDP_G);
	wire_receive(&b->wire, GW, "200 1001 OK\r\nI: B2\r\n\r\n" SDP_G);
	assert_int_equal(b->a.done + b->b.done, 2);
	wire_take(&b->wire);
}

static void a_creation_carries_all_that_was_given(void **state)
{
	struct bench b = {0};
	bench_open(&b, "tandem");
	struct mgcp_conn_setup s = {
		.call_id = "C0FFEE", .mode = "sendrecv", .options = "p:20, a:PCMU", .sdp = SLICE(SDP_A), .address = "inside",
		.signalling = wire_addr("198.51.100.1:5060"), .arm = 3, .silence_s = 30, .dscp = 46,
	};
	assert_int_equal(mgcp_conn_create(&b.ca, b.gw, &s, &handlers, &b.a), 0);
	assert_string_equal(wire_take(&b.wire),
			    "CRCX 1000 rtpbridge/$@mg MGCP 1.0\r\nC: C0FFEE\r\nL: p:20, a:PCMU, t:b8\r\nM: sendrecv\r\nX-Address: inside\r\n"
			    "X-Signalling: 198.51.100.1:5060\r\nX-Latch: nat\r\nX-Arm: 3\r\nX-Silence: 30\r\n\r\n" SDP_A "--\n");
	assert_string_equal(mgcp_conn_endpoint(b.ca), "");
	wire_receive(&b.wire, GW, "200 1000 OK\r\nI: A1\r\nZ: rtpbridge/7@mg\r\n\r\n" SDP_G);
	assert_int_equal(b.a.done, 1);
	assert_int_equal(b.a.code, 200);
	assert_string_equal(b.a.sdp, SDP_G);
	assert_string_equal(mgcp_conn_endpoint(b.ca), "rtpbridge/7@mg");
	assert_string_equal(mgcp_conn_id(b.ca), "A1");
	assert_int_equal(b.state, MGCP_GW_UP);
	bench_close(&b);
}

static void a_gateway_without_our_extensions_gets_none(void **state)
{
	struct bench b = {0};
	bench_open(&b, "osmo-mgw");
	struct mgcp_conn_setup s = {.call_id = "1", .mode = "recvonly", .address = "inside", .signalling = wire_addr("198.51.100.1:5060"), .silence_s = 9};
	assert_int_equal(mgcp_conn_create(&b.ca, b.gw, &s, &handlers, &b.a), 0);
	assert_string_equal(wire_take(&b.wire), "CRCX 1000 rtpbridge/*@mg MGCP 1.0\r\nC: 1\r\nL: nt:IN\r\nM: recvonly\r\n--\n");
	bench_close(&b);
}

static void the_second_connection_waits_for_the_first_ones_endpoint(void **state)
{
	struct bench b = {0};
	bench_open(&b, "rfc3435");
	assert_int_equal(create(&b, &b.ca, NULL, &b.a), 0);
	assert_int_equal(create(&b, &b.cb, b.ca, &b.b), 0);
	assert_string_equal(wire_take(&b.wire), "CRCX 1000 rtpbridge/$@mg MGCP 1.0\r\nC: C0FFEE\r\nL: nt:IN\r\nM: recvonly\r\n--\n");
	wire_receive(&b.wire, GW, "200 1000 OK\r\nI: A1\r\nZ: rtpbridge/7@mg\r\n\r\n" SDP_G);
	assert_string_equal(wire_take(&b.wire), "CRCX 1001 rtpbridge/7@mg MGCP 1.0\r\nK: 1000\r\nC: C0FFEE\r\nL: nt:IN\r\nM: recvonly\r\n--\n");
	wire_receive(&b.wire, GW, "200 1001 OK\r\nI: B2\r\n\r\n" SDP_G);
	assert_string_equal(mgcp_conn_endpoint(b.cb), "rtpbridge/7@mg");
	bench_close(&b);
}

#define BOTH_ASKED                                                                                                                    \
	"CRCX 1000 rtpbridge/$@mg MGCP 1.0\r\nC: C0FFEE\r\nL: nt:IN\r\nM: recvonly\r\n"                                                   \
	".\r\nCRCX 1001 rtpbridge/$@mg MGCP 1.0\r\nC: C0FFEE\r\nX-With: 1000\r\nL: nt:IN\r\nM: recvonly\r\n--\n"

static void a_gateway_of_ours_is_asked_for_both_at_once(void **state)
{
	struct bench b = {0};
	bench_open(&b, "tandem");
	create(&b, &b.ca, NULL, &b.a);
	create(&b, &b.cb, b.ca, &b.b);
	assert_string_equal(wire_take(&b.wire), BOTH_ASKED);
	wire_receive(&b.wire, GW, "200 1000 OK\r\nI: A1\r\nZ: rtpbridge/7@mg\r\n\r\n" SDP_G ".\r\n200 1001 OK\r\nI: B2\r\nZ: rtpbridge/7@mg\r\n\r\n" SDP_G);
	assert_int_equal(b.a.done + b.b.done, 2);
	assert_int_equal(b.b.err, 0);
	assert_string_equal(mgcp_conn_endpoint(b.cb), "rtpbridge/7@mg");
	assert_string_equal(wire_take(&b.wire), "");
	bench_close(&b);
}

static void a_second_connection_asked_for_too_early_is_asked_for_again(void **state)
{
	struct bench b = {0};
	bench_open(&b, "tandem");
	create(&b, &b.ca, NULL, &b.a);
	create(&b, &b.cb, b.ca, &b.b);
	wire_take(&b.wire);
	wire_receive(&b.wire, GW, "500 1001 unknown endpoint\r\n");
	assert_int_equal(b.b.done, 0);
	assert_string_equal(wire_take(&b.wire), "");
	wire_receive(&b.wire, GW, "200 1000 OK\r\nI: A1\r\nZ: rtpbridge/7@mg\r\n\r\n" SDP_G);
	assert_string_equal(wire_take(&b.wire), "CRCX 1002 rtpbridge/7@mg MGCP 1.0\r\nK: 1000-1001\r\nC: C0FFEE\r\nL: nt:IN\r\nM: recvonly\r\n--\n");
	wire_receive(&b.wire, GW, "200 1002 OK\r\nI: B2\r\n\r\n" SDP_G);
	assert_int_equal(b.b.done, 1);
	assert_string_equal(mgcp_conn_endpoint(b.cb), "rtpbridge/7@mg");
	bench_close(&b);
}

static void when_the_first_fails_so_does_the_second(void **state)
{
	struct bench b = {0};
	bench_open(&b, "tandem");
	create(&b, &b.ca, NULL, &b.a);
	create(&b, &b.cb, b.ca, &b.b);
	wire_receive(&b.wire, GW, "403 1000 no ports\r\n.\r\n500 1001 unknown endpoint\r\n");
	assert_int_equal(b.a.err, -EBUSY);
	assert_int_equal(b.a.code, 403);
	assert_int_equal(b.b.done, 1);
	assert_int_equal(b.b.err, -EINVAL);
	wire_take(&b.wire);
	clock_test_advance(60000);
	assert_string_equal(wire_take(&b.wire), "");
	bench_close(&b);
}

static void modifications_go_one_at_a_time_and_only_with_what_changed(void **state)
{
	struct bench b = {0};
	bench_open(&b, "tandem");
	two_up(&b);
	b.a.done = 0;
	assert_int_equal(mgcp_conn_modify(b.ca, &(struct mgcp_conn_setup){.mode = "inactive"}), 0);
	assert_int_equal(mgcp_conn_modify(b.ca, &(struct mgcp_conn_setup){.sdp = SLICE(SDP_A), .arm = 2}), 0);
	assert_string_equal(wire_take(&b.wire), "MDCX 1002 rtpbridge/7@mg MGCP 1.0\r\nK: 1000-1001\r\nC: C0FFEE\r\nI: A1\r\nM: inactive\r\n--\n");
	wire_receive(&b.wire, GW, "200 1002 OK\r\n");
	assert_int_equal(b.a.done, 1);
	assert_string_equal(wire_take(&b.wire), "MDCX 1003 rtpbridge/7@mg MGCP 1.0\r\nK: 1002\r\nC: C0FFEE\r\nI: A1\r\nX-Arm: 2\r\n\r\n" SDP_A "--\n");
	wire_receive(&b.wire, GW, "534 1003 no codec\r\n");
	assert_int_equal(b.a.done, 2);
	assert_int_equal(b.a.err, -EINVAL);
	assert_int_equal(b.a.lost, 0);
	bench_close(&b);
}

static void deletion_waits_for_what_is_under_way_and_brings_statistics(void **state)
{
	struct bench b = {0};
	bench_open(&b, "tandem");
	two_up(&b);
	b.a.done = 0;
	mgcp_conn_modify(b.ca, &(struct mgcp_conn_setup){.mode = "inactive"});
	mgcp_conn_modify(b.ca, &(struct mgcp_conn_setup){.mode = "sendrecv"});
	mgcp_conn_delete(b.ca);
	mgcp_conn_delete(b.ca);
	assert_int_equal(mgcp_conn_modify(b.ca, &(struct mgcp_conn_setup){.mode = "inactive"}), -ENOTCONN);
	wire_take(&b.wire);
	wire_receive(&b.wire, GW, "200 1002 OK\r\n");
	assert_string_equal(wire_take(&b.wire), "DLCX 1003 rtpbridge/7@mg MGCP 1.0\r\nK: 1002\r\nC: C0FFEE\r\nI: A1\r\n--\n");
	wire_receive(&b.wire, GW, "250 1003 OK\r\nP: PS=10, OS=1600, PR=12, OR=1920, PL=1, JI=2, LA=0\r\nX-Quality: MOS=4.3\r\n");
	assert_int_equal(b.a.done, 0);
	assert_int_equal(b.a.deleted, 1);
	assert_string_equal(b.a.params, "PS=10, OS=1600, PR=12, OR=1920, PL=1, JI=2, LA=0");
	assert_string_equal(b.a.quality, "MOS=4.3");
	bench_close(&b);
}

static void a_connection_dropped_while_it_is_created_is_deleted_then(void **state)
{
	struct bench b = {0};
	bench_open(&b, "tandem");
	create(&b, &b.ca, NULL, &b.a);
	wire_take(&b.wire);
	b.ca = mem_deref(b.ca);
	assert_string_equal(wire_take(&b.wire), "");
	wire_receive(&b.wire, GW, "200 1000 OK\r\nI: A1\r\nZ: rtpbridge/7@mg\r\n\r\n" SDP_G);
	assert_string_equal(wire_take(&b.wire), "DLCX 1001 rtpbridge/7@mg MGCP 1.0\r\nK: 1000\r\nC: C0FFEE\r\nI: A1\r\n--\n");
	wire_receive(&b.wire, GW, "250 1001 OK\r\n");
	assert_int_equal(b.a.done + b.a.deleted, 0);
	bench_close(&b);
}

static void it_may_be_dropped_from_inside_its_own_callback(void **state)
{
	struct bench b = {0};
	bench_open(&b, "tandem");
	create(&b, &b.ca, NULL, &b.a);
	wire_take(&b.wire);
	b.a.drop = b.ca;
	b.ca = NULL;
	wire_receive(&b.wire, GW, "200 1000 OK\r\nI: A1\r\nZ: rtpbridge/7@mg\r\n\r\n" SDP_G);
	assert_non_null(strstr(wire_take(&b.wire), "DLCX 1001 rtpbridge/7@mg"));
	bench_close(&b);
}

static void deleting_before_the_endpoint_is_known_sends_nothing(void **state)
{
	struct bench b = {0};
	bench_open(&b, "rfc3435");
	create(&b, &b.ca, NULL, &b.a);
	create(&b, &b.cb, b.ca, &b.b);
	wire_take(&b.wire);
	mgcp_conn_delete(b.cb);
	assert_int_equal(b.b.deleted, 0);
	clock_test_advance(1);
	assert_int_equal(b.b.deleted, 1);
	wire_receive(&b.wire, GW, "200 1000 OK\r\nI: A1\r\nZ: rtpbridge/7@mg\r\n\r\n" SDP_G);
	assert_string_equal(wire_take(&b.wire), "");
	bench_close(&b);
}

static void answers_that_say_too_little_are_failures(void **state)
{
	struct bench b = {0};
	bench_open(&b, "tandem");
	create(&b, &b.ca, NULL, &b.a);
	create(&b, &b.cb, NULL, &b.b);
	wire_receive(&b.wire, GW, "200 1000 OK\r\nZ: rtpbridge/7@mg\r\n\r\n" SDP_G);
	wire_receive(&b.wire, GW, "200 1001 OK\r\nI: B2\r\n\r\n" SDP_G);
	assert_int_equal(b.a.err, -EINVAL);
	assert_int_equal(b.b.err, -EINVAL);
	bench_close(&b);
}

static void codes_become_errors(void **state)
{
	static const struct {
		unsigned code;
		int err;
	} cases[] = {{400, -EBUSY}, {403, -EBUSY}, {409, -EBUSY}, {410, -EBUSY}, {499, -EBUSY}, {500, -EINVAL},
		     {501, -EBUSY}, {509, -EINVAL}, {510, -EINVAL}, {520, -EBUSY},
		     {521, -EINVAL}, {524, -EINVAL}, {526, -EBUSY}, {528, -EINVAL}, {529, -EBUSY}, {530, -EINVAL}, {531, -EBUSY},
		     {533, -EINVAL}, {540, -EBUSY}, {599, -EINVAL}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct bench b = {0};
		char text[32];
		bench_open(&b, "tandem");
		create(&b, &b.ca, NULL, &b.a);
		snprintf(text, sizeof text, "%u 1000 no\r\n", cases[i].code);
		wire_receive(&b.wire, GW, text);
		assert_int_equal(b.a.err, cases[i].err);
		assert_int_equal(b.a.code, cases[i].code);
		bench_close(&b);
	}
}

static void refused(struct bench *b, const char *profile, unsigned code)
{
	char text[32];
	bench_open(b, profile);
	two_up(b);
	mgcp_conn_modify(b->ca, &(struct mgcp_conn_setup){.mode = "inactive"});
	wire_take(&b->wire);
	snprintf(text, sizeof text, "%u 1002 no\r\n", code);
	wire_receive(&b->wire, GW, text);
	assert_true(b->a.err);
}

/* RFC 3435 2.4; osmo-mgw says 400 where an endpoint has no connection. */
static void a_connection_the_gateway_does_not_know_is_lost(void **state)
{
	static const struct {
		const char *profile;
		unsigned code;
	} cases[] = {{"tandem", 500}, {"tandem", 515}, {"rfc3435", 516}, {"osmo-mgw", 515}, {"osmo-mgw", 400}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct bench b = {0};
		refused(&b, cases[i].profile, cases[i].code);
		assert_int_equal(b.a.lost, 1);
		assert_int_equal(b.b.lost, 0);
		/* Its owner deletes it as any other, and hears the end. */
		mgcp_conn_delete(b.ca);
		clock_test_advance(1);
		assert_int_equal(b.a.deleted, 1);
		bench_close(&b);
	}
}

static void a_connection_whose_modification_fails_stands(void **state)
{
	static const unsigned codes[] = {403, 405, 409, 501, 505, 517, 520, 529, 534, 599};
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
		struct bench b = {0};
		refused(&b, "tandem", codes[i]);
		assert_int_equal(b.a.lost, 0);
		assert_string_equal(wire_take(&b.wire), "");
		bench_close(&b);
	}
}

static void a_gateway_that_does_not_say_what_is_wrong_is_asked(void **state)
{
	static const unsigned codes[] = {400, 499};
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
		struct bench b = {0};
		refused(&b, "rfc3435", codes[i]);
		assert_int_equal(b.a.lost, 0);
		assert_non_null(strstr(wire_take(&b.wire), "AUEP 1003 rtpbridge/*@mg"));
		bench_close(&b);
	}
}

/* The gateway is asked for the two kinds of lines, which it does not have; `tid` is the first question's. */
static void has_no_lines(struct bench *b, unsigned tid)
{
	static const char *const kinds[] = {"ds/*@mg", "aaln/*@mg"};
	for (unsigned i = 0; i < 2; i++) {
		char text[64];
		snprintf(text, sizeof text, "AUEP %u %s", tid + i, kinds[i]);
		assert_non_null(strstr(wire_take(&b->wire), text));
		snprintf(text, sizeof text, "500 %u no such endpoint\r\n", tid + i);
		wire_receive(&b->wire, GW, text);
	}
}

static void a_silent_gateway_is_down_until_it_answers_a_probe(void **state)
{
	struct bench b = {0};
	bench_open(&b, "tandem");
	two_up(&b);
	mgcp_conn_modify(b.ca, &(struct mgcp_conn_setup){.mode = "inactive"});
	clock_test_advance(20000);
	wire_take(&b.wire);
	assert_int_equal(b.a.err, -ETIMEDOUT);
	assert_int_equal(b.state, MGCP_GW_DOWN);
	assert_int_equal(mgcp_gw_state(b.gw), MGCP_GW_DOWN);
	struct mgcp_conn *c = NULL;
	assert_int_equal(create(&b, &c, NULL, &b.a), -EHOSTUNREACH);
	clock_test_advance(2000);
	assert_string_equal(wire_take(&b.wire), "AUEP 1003 rtpbridge/1@mg MGCP 1.0\r\n--\n");
	/* Any answer will do; then it is asked what it has. */
	wire_receive(&b.wire, GW, "500 1003 no such endpoint\r\n");
	assert_int_equal(b.state, MGCP_GW_UP);
	assert_string_equal(wire_take(&b.wire), "AUEP 1004 rtpbridge/*@mg MGCP 1.0\r\nK: 1003\r\nZM: 50\r\n--\n");
	assert_int_equal(b.a.lost, 0);
	bench_close(&b);
}

static void resynchronisation_deletes_what_is_not_ours_and_reports_what_is_gone(void **state)
{
	struct bench b = {0};
	bench_open(&b, "tandem");
	two_up(&b);
	clock_test_advance(1);
	mgcp_gw_resync(b.gw);
	assert_string_equal(wire_take(&b.wire), "AUEP 1002 rtpbridge/*@mg MGCP 1.0\r\nK: 1000-1001\r\nZM: 50\r\n--\n");
	wire_receive(&b.wire, GW, "200 1002 OK\r\nZ: rtpbridge/7@mg\r\nZ: rtpbridge/9@mg\r\nZN: 2\r\n");
	assert_string_equal(wire_take(&b.wire), "AUEP 1003 rtpbridge/7@mg MGCP 1.0\r\nK: 1002\r\nF: I\r\n--\n");
	wire_receive(&b.wire, GW, "200 1003 OK\r\nI: A1, DEAD\r\n");
	assert_string_equal(wire_take(&b.wire), "AUEP 1004 rtpbridge/9@mg MGCP 1.0\r\nK: 1003\r\nF: I\r\n--\n");
	wire_receive(&b.wire, GW, "200 1004 OK\r\nI: 5\r\n");
	has_no_lines(&b, 1005);
	assert_int_equal(b.a.lost, 0);
	assert_int_equal(b.b.lost, 1);
	assert_string_equal(wire_take(&b.wire), "DLCX 1007 rtpbridge/7@mg MGCP 1.0\r\nK: 1006\r\nI: DEAD\r\n.\r\nDLCX 1008 rtpbridge/9@mg MGCP 1.0\r\nI: 5\r\n--\n");
	bench_close(&b);
}

static void a_connection_the_list_missed_is_found_by_name(void **state)
{
	struct bench b = {0};
	bench_open(&b, "tandem");
	two_up(&b);
	clock_test_advance(1);
	mgcp_gw_resync(b.gw);
	wire_take(&b.wire);
	wire_receive(&b.wire, GW, "200 1002 OK\r\nZN: 1\r\n");
	has_no_lines(&b, 1003);
	assert_non_null(strstr(wire_take(&b.wire), "AUEP 1005 rtpbridge/7@mg"));
	wire_receive(&b.wire, GW, "200 1005 OK\r\nI: B2, a1\r\n");
	assert_int_equal(b.a.lost + b.b.lost, 0);
	assert_string_equal(wire_take(&b.wire), "");
	bench_close(&b);
}

static void resynchronisation_spares_a_connection_whose_answer_is_on_its_way(void **state)
{
	struct bench b = {0};
	bench_open(&b, "tandem");
	create(&b, &b.ca, NULL, &b.a);
	clock_test_advance(1);
	mgcp_gw_resync(b.gw);
	wire_take(&b.wire);
	wire_receive(&b.wire, GW, "200 1001 OK\r\nZ: rtpbridge/7@mg\r\n");
	wire_receive(&b.wire, GW, "200 1002 OK\r\nI: A1\r\n");
	has_no_lines(&b, 1003);
	assert_string_equal(strstr(wire_take(&b.wire), "DLCX") ? "deleted" : "spared", "spared");
	wire_receive(&b.wire, GW, "200 1000 OK\r\nI: A1\r\nZ: rtpbridge/7@mg\r\n\r\n" SDP_G);
	clock_test_advance(300);
	assert_string_equal(wire_take(&b.wire), "");
	assert_int_equal(b.a.done, 1);
	assert_int_equal(b.a.lost, 0);
	bench_close(&b);
}

static void long_lists_come_in_pages(void **state)
{
	struct bench b = {0};
	bench_open(&b, "tandem");
	mgcp_gw_resync(b.gw);
	wire_take(&b.wire);
	struct buf page = buf_growing();
	buf_str(&page, "200 1000 OK\r\n");
	for (int i = 1; i <= 50; i++)
		buf_printf(&page, "Z: rtpbridge/%d@mg\r\n", i);
	wire_receive(&b.wire, GW, buf_z(&page));
	assert_string_equal(wire_take(&b.wire), "AUEP 1001 rtpbridge/*@mg MGCP 1.0\r\nK: 1000\r\nZM: 50\r\nZ: rtpbridge/50@mg\r\n--\n");
	wire_receive(&b.wire, GW, "200 1001 OK\r\nZ: rtpbridge/51@mg\r\n");
	assert_non_null(strstr(wire_take(&b.wire), "AUEP 1002 rtpbridge/1@mg"));
	buf_reset(&page);
	bench_close(&b);
}

static void a_gateway_without_audits_is_swept_when_nothing_is_ours(void **state)
{
	struct bench b = {0};
	bench_open(&b, "osmo-mgw");
	mgcp_gw_resync(b.gw);
	assert_string_equal(wire_take(&b.wire), "DLCX 1000 rtpbridge/*@mg MGCP 1.0\r\n--\n");
	wire_receive(&b.wire, GW, "200 1000 OK\r\n");
	assert_int_equal(create(&b, &b.ca, NULL, &b.a), 0);
	wire_take(&b.wire);
	mgcp_gw_resync(b.gw);
	assert_string_equal(wire_take(&b.wire), "");
	bench_close(&b);
}

static void a_restart_loses_every_connection_where_nothing_can_be_asked(void **state)
{
	struct bench b = {0};
	bench_open(&b, "osmo-mgw");
	two_up(&b);
	b.states = 0;
	wire_receive(&b.wire, GW, "RSIP 5 *@mg MGCP 1.0\r\nRM: restart\r\n");
	assert_string_equal(wire_take(&b.wire), "200 5 OK\r\n--\n");
	assert_int_equal(b.a.lost + b.b.lost, 2);
	assert_int_equal(b.states, 1);
	bench_close(&b);
}

static void after_a_restart_what_the_gateway_does_not_know_is_lost(void **state)
{
	struct bench b = {0};
	bench_open(&b, "tandem");
	two_up(&b);
	clock_test_advance(1);
	wire_receive(&b.wire, GW, "RSIP 5 *@mg MGCP 1.0\r\nRM: restart\r\n");
	assert_non_null(strstr(wire_take(&b.wire), "AUEP 1002 rtpbridge/*@mg"));
	wire_receive(&b.wire, GW, "200 1002 OK\r\nZN: 0\r\n");
	assert_int_equal(b.a.lost + b.b.lost, 0);
	has_no_lines(&b, 1003);
	wire_take(&b.wire);
	wire_receive(&b.wire, GW, "500 1005 no such endpoint\r\n");
	assert_int_equal(b.a.lost + b.b.lost, 2);
	bench_close(&b);
}

static void a_late_restart_announcement_loses_nothing(void **state)
{
	struct bench b = {0};
	bench_open(&b, "tandem");
	two_up(&b);
	clock_test_advance(1);
	wire_receive(&b.wire, GW, "RSIP 5 *@mg MGCP 1.0\r\nRM: restart\r\n");
	wire_receive(&b.wire, GW, "200 1002 OK\r\nZ: rtpbridge/7@mg\r\nZN: 1\r\n");
	wire_receive(&b.wire, GW, "200 1003 OK\r\nI: A1, B2\r\n");
	assert_int_equal(b.a.lost + b.b.lost, 0);
	assert_null(strstr(wire_take(&b.wire), "DLCX"));
	bench_close(&b);
}

static void a_forced_endpoint_loses_its_own(void **state)
{
	struct bench b = {0};
	bench_open(&b, "tandem");
	two_up(&b);
	wire_receive(&b.wire, GW, "RSIP 5 rtpbridge/8@mg MGCP 1.0\r\nRM: forced\r\n");
	assert_int_equal(b.a.lost + b.b.lost, 0);
	wire_receive(&b.wire, GW, "RSIP 6 rtpbridge/7@mg MGCP 1.0\r\nRM: forced\r\nE: 904 manual\r\n");
	assert_int_equal(b.a.lost + b.b.lost, 2);
	bench_close(&b);
}

static void a_connection_that_the_gateway_ended_is_lost(void **state)
{
	struct bench b = {0};
	bench_open(&b, "tandem");
	two_up(&b);
	wire_receive(&b.wire, GW, "DLCX 5 rtpbridge/7@mg MGCP 1.0\r\nC: 1\r\nI: ffff\r\nE: 902 loss of lower layer connectivity\r\n");
	assert_string_equal(wire_take(&b.wire), "515 5 Incorrect connection-id\r\n--\n");
	wire_receive(&b.wire, GW, "DLCX 6 rtpbridge/7@mg MGCP 1.0\r\nC: 1\r\nI: B2\r\nE: 902 loss of lower layer connectivity\r\n");
	assert_string_equal(wire_take(&b.wire), "250 6 Connection deleted\r\n--\n");
	assert_int_equal(b.a.lost, 0);
	assert_int_equal(b.b.lost, 1);
	assert_int_equal(b.b.loss, MGCP_LOSS_LINE);
	wire_receive(&b.wire, GW, "DLCX 7 rtpbridge/7@mg MGCP 1.0\r\nC: 1\r\nI: A1\r\nE: 901 endpoint taken out of service\r\n");
	assert_int_equal(b.a.loss, MGCP_LOSS_CONNECTION);
	bench_close(&b);
}

static void graceful_means_nothing_new(void **state)
{
	struct bench b = {0};
	bench_open(&b, "tandem");
	two_up(&b);
	wire_receive(&b.wire, GW, "RSIP 5 *@mg MGCP 1.0\r\nRM: graceful\r\nRD: 300\r\n");
	struct mgcp_conn *c = NULL;
	assert_int_equal(create(&b, &c, NULL, &b.a), -EBUSY);
	assert_int_equal(b.a.lost, 0);
	wire_receive(&b.wire, GW, "RSIP 6 *@mg MGCP 1.0\r\nRM: cancel-graceful\r\n");
	assert_int_equal(create(&b, &c, NULL, &b.a), 0);
	mem_deref(c);
	bench_close(&b);
}

static void disconnected_resynchronises(void **state)
{
	struct bench b = {0};
	bench_open(&b, "tandem");
	wire_receive(&b.wire, GW, "RSIP 5 *@mg MGCP 1.0\r\nRM: disconnected\r\n");
	assert_string_equal(wire_take(&b.wire), "200 5 OK\r\n.\r\nAUEP 1000 rtpbridge/*@mg MGCP 1.0\r\nZM: 50\r\n--\n");
	assert_int_equal(b.state, MGCP_GW_UP);
	wire_receive(&b.wire, GW, "RSIP 6 *@mg MGCP 1.0\r\nRM: strange\r\n");
	assert_string_equal(wire_take(&b.wire), "536 6 Unknown restart method\r\n--\n");
	/* Somebody else's gateway is none of ours. */
	wire_receive(&b.wire, "192.0.2.77:2427", "RSIP 7 *@mg MGCP 1.0\r\nRM: restart\r\n");
	assert_string_equal(wire_take(&b.wire), "500 7 Unknown endpoint\r\n--\n");
	bench_close(&b);
}

static void silence_is_reported_for_the_connection_it_is_about(void **state)
{
	struct bench b = {0};
	bench_open(&b, "tandem");
	two_up(&b);
	wire_receive(&b.wire, GW, "NTFY 5 rtpbridge/7@mg MGCP 1.0\r\nX: 0\r\nO: r/rto@b2(30)\r\n");
	assert_string_equal(wire_take(&b.wire), "200 5 OK\r\n--\n");
	assert_int_equal(b.a.lost, 0);
	assert_int_equal(b.b.lost, 1);
	/* It still exists: its owner ends it by DLCX. */
	mgcp_conn_delete(b.cb);
	assert_non_null(strstr(wire_take(&b.wire), "I: B2"));
	wire_receive(&b.wire, GW, "NTFY 6 rtpbridge/7@mg MGCP 1.0\r\nX: 0\r\nO: L/hd, r/rto@nobody(30)\r\n");
	wire_receive(&b.wire, GW, "NTFY 7 rtpbridge/7@mg MGCP 1.0\r\n");
	assert_string_equal(wire_take(&b.wire), "200 6 OK\r\n.\r\n510 7 no observed events\r\n--\n");
	bench_close(&b);
}

static void an_adopted_connection_is_used_like_any_other(void **state)
{
	struct bench b = {0};
	bench_open(&b, "tandem");
	assert_int_equal(mgcp_conn_adopt(&b.ca, b.gw, "C0FFEE", "rtpbridge/3@mg", "AA", &handlers, &b.a), 0);
	assert_string_equal(wire_take(&b.wire), "");
	mgcp_conn_delete(b.ca);
	assert_string_equal(wire_take(&b.wire), "DLCX 1000 rtpbridge/3@mg MGCP 1.0\r\nC: C0FFEE\r\nI: AA\r\n--\n");
	bench_close(&b);
}

static void a_connection_on_a_line_names_its_endpoint(void **state)
{
	struct bench b = {0};
	bench_open(&b, "tandem");
	struct mgcp_conn_setup s = {.call_id = "1", .endpoint = "ds/e1-1/7", .mode = "recvonly"};
	assert_int_equal(mgcp_conn_create(&b.ca, b.gw, &s, &handlers, &b.a), 0);
	assert_string_equal(wire_take(&b.wire), "CRCX 1000 ds/e1-1/7@mg MGCP 1.0\r\nC: 1\r\nL: nt:IN\r\nM: recvonly\r\n--\n");
	assert_string_equal(mgcp_conn_endpoint(b.ca), "ds/e1-1/7@mg");
	wire_receive(&b.wire, GW, "200 1000 OK\r\nI: A1\r\n\r\n" SDP_G);
	assert_int_equal(b.a.done, 1);
	assert_string_equal(b.a.sdp, SDP_G);
	/* A second one there does not wait for the first, nor has it to say which. */
	s = (struct mgcp_conn_setup){.call_id = "1", .with = b.ca, .mode = "recvonly"};
	assert_int_equal(mgcp_conn_create(&b.cb, b.gw, &s, &handlers, &b.b), 0);
	assert_non_null(strstr(wire_take(&b.wire), "CRCX 1001 ds/e1-1/7@mg"));
	bench_close(&b);
}

static void one_of_a_kind_of_lines_is_known_when_it_is_made(void **state)
{
	struct bench b = {0};
	bench_open(&b, "rfc3435");
	struct mgcp_conn_setup s = {.call_id = "1", .endpoint = "aaln/$@phones", .mode = "recvonly"};
	assert_int_equal(mgcp_conn_create(&b.ca, b.gw, &s, &handlers, &b.a), 0);
	assert_non_null(strstr(wire_take(&b.wire), "CRCX 1000 aaln/$@phones MGCP"));
	assert_string_equal(mgcp_conn_endpoint(b.ca), "");
	wire_receive(&b.wire, GW, "200 1000 OK\r\nI: A1\r\nZ: aaln/2@phones\r\n\r\n" SDP_G);
	assert_string_equal(mgcp_conn_endpoint(b.ca), "aaln/2@phones");
	bench_close(&b);
}

/* After our own restart: what is adopted on a line stays, if the gateway has it, and what nobody knows goes. */
static void lines_are_resynchronised_as_well(void **state)
{
	struct bench b = {0};
	bench_open(&b, "tandem");
	assert_int_equal(mgcp_conn_adopt(&b.ca, b.gw, "C0FFEE", "ds/e1-1/7@mg", "AA", &handlers, &b.a), 0);
	assert_int_equal(mgcp_conn_adopt(&b.cb, b.gw, "C0FFEE", "aaln/2@mg", "BB", &handlers, &b.b), 0);
	clock_test_advance(1);
	mgcp_gw_resync(b.gw);
	wire_receive(&b.wire, GW, "200 1000 OK\r\nZN: 0\r\n");
	wire_receive(&b.wire, GW, "200 1001 OK\r\nZ: ds/e1-1/7@mg\r\nZ: ds/e1-1/8@mg\r\n");
	wire_receive(&b.wire, GW, "200 1002 OK\r\nI: AA\r\n");
	wire_receive(&b.wire, GW, "200 1003 OK\r\nI: CC\r\n");
	wire_receive(&b.wire, GW, "200 1004 OK\r\nZ: aaln/2@mg\r\n");
	wire_take(&b.wire);
	wire_receive(&b.wire, GW, "200 1005 OK\r\nI:\r\n");
	assert_int_equal(b.a.lost, 0);
	assert_int_equal(b.b.lost, 1);
	assert_non_null(strstr(wire_take(&b.wire), "DLCX 1006 ds/e1-1/8@mg MGCP 1.0\r\nK: 1005\r\nI: CC\r\n"));
	bench_close(&b);
}

static void dropping_the_gateway_first_is_safe(void **state)
{
	struct bench b = {0};
	bench_open(&b, "tandem");
	two_up(&b);
	b.ca = mem_deref(b.ca);
	wire_take(&b.wire);
	b.gw = mem_deref(b.gw);
	bench_close(&b);
}

/* A gateway that answers everything, at the moment the datagram is sent. */
static int answering_gateway(void *arg, const struct addr *dst, struct slice datagram)
{
	struct bench *b = arg;
	while (!slice_empty(datagram)) {
		struct mgcp_msg m;
		unsigned code;
		char text[256];
		assert_int_equal(mgcp_parse(&m, &datagram, &code), 0);
		snprintf(text, sizeof text, "%u %u OK\r\nI: %u\r\nZ: rtpbridge/7@mg\r\nP: PS=1\r\n\r\n" SDP_G, m.verb == MGCP_DLCX ? 250 : 200, m.tid, m.tid);
		if (m.command)
			wire_receive(&b->wire, GW, text);
	}
	return 0;
}

static void whole_life(void *arg)
{
	struct bench b = {0};
	int err = bench_try(&b, "tandem");
	b.wire.on_sent = answering_gateway;
	b.wire.arg = &b;
	if (!err)
		err = create(&b, &b.ca, NULL, &b.a);
	if (!err)
		err = create(&b, &b.cb, b.ca, &b.b);
	if (!err)
		err = mgcp_conn_modify(b.ca, &(struct mgcp_conn_setup){.mode = "sendrecv", .sdp = SLICE(SDP_A)});
	assert_true(!err || err == -ENOMEM || err == -ENOTCONN || err == -EBUSY);
	for (int i = 0; i < 100 && b.wire.peer; i++) {
		bundle_flush(b.wire.peer);
		clock_test_advance(500);
		if (i == 50 && b.ca)
			mgcp_conn_delete(b.ca);
		if (i == 50 && b.gw)
			mgcp_gw_resync(b.gw);
	}
	/* Whoever asked was told. */
	if (b.ca) {
		assert_true(b.a.done >= 1);
		assert_int_equal(b.a.deleted, 1);
	}
	if (b.cb)
		assert_true(b.b.done == 1);
	bench_close(&b);
}

static void out_of_memory_is_clean(void **state)
{
	each_allocation_fails(whole_life, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_creation_carries_all_that_was_given),
		cmocka_unit_test(a_gateway_without_our_extensions_gets_none),
		cmocka_unit_test(the_second_connection_waits_for_the_first_ones_endpoint),
		cmocka_unit_test(a_gateway_of_ours_is_asked_for_both_at_once),
		cmocka_unit_test(a_second_connection_asked_for_too_early_is_asked_for_again),
		cmocka_unit_test(when_the_first_fails_so_does_the_second),
		cmocka_unit_test(modifications_go_one_at_a_time_and_only_with_what_changed),
		cmocka_unit_test(deletion_waits_for_what_is_under_way_and_brings_statistics),
		cmocka_unit_test(a_connection_dropped_while_it_is_created_is_deleted_then),
		cmocka_unit_test(it_may_be_dropped_from_inside_its_own_callback),
		cmocka_unit_test(deleting_before_the_endpoint_is_known_sends_nothing),
		cmocka_unit_test(answers_that_say_too_little_are_failures),
		cmocka_unit_test(codes_become_errors),
		cmocka_unit_test(a_connection_the_gateway_does_not_know_is_lost),
		cmocka_unit_test(a_connection_whose_modification_fails_stands),
		cmocka_unit_test(a_gateway_that_does_not_say_what_is_wrong_is_asked),
		cmocka_unit_test(a_silent_gateway_is_down_until_it_answers_a_probe),
		cmocka_unit_test(resynchronisation_deletes_what_is_not_ours_and_reports_what_is_gone),
		cmocka_unit_test(a_connection_the_list_missed_is_found_by_name),
		cmocka_unit_test(resynchronisation_spares_a_connection_whose_answer_is_on_its_way),
		cmocka_unit_test(long_lists_come_in_pages),
		cmocka_unit_test(a_gateway_without_audits_is_swept_when_nothing_is_ours),
		cmocka_unit_test(a_restart_loses_every_connection_where_nothing_can_be_asked),
		cmocka_unit_test(after_a_restart_what_the_gateway_does_not_know_is_lost),
		cmocka_unit_test(a_late_restart_announcement_loses_nothing),
		cmocka_unit_test(a_forced_endpoint_loses_its_own),
		cmocka_unit_test(a_connection_that_the_gateway_ended_is_lost),
		cmocka_unit_test(graceful_means_nothing_new),
		cmocka_unit_test(disconnected_resynchronises),
		cmocka_unit_test(silence_is_reported_for_the_connection_it_is_about),
		cmocka_unit_test(a_connection_on_a_line_names_its_endpoint),
		cmocka_unit_test(one_of_a_kind_of_lines_is_known_when_it_is_made),
		cmocka_unit_test(lines_are_resynchronised_as_well),
		cmocka_unit_test(an_adopted_connection_is_used_like_any_other),
		cmocka_unit_test(dropping_the_gateway_first_is_safe),
		cmocka_unit_test(out_of_memory_is_clean),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

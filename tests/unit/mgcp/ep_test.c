// SPDX-License-Identifier: GPL-3.0-or-later
/* Endpoints with events as the call agent sees them, against a scripted gateway. Request identifiers are read from what is sent. */
#include "wire.h"
#include "mgcp/agent_internal.h"
#include <errno.h>

#define GW "192.0.2.9:2427"

struct bench {
	struct wire wire;
	struct mgcp_gw *gw;
	struct mgcp_ep *ep;
	struct buf heard; /* what the owner was told, a word each */
	char memory[4096];
	const struct mgcp_ask *ask_again; /* in `notified` */
	bool drop;                        /* in `event` */
};

static mgcp_packages packages = (const struct mgcp_package *const[]){&mgcp_package_l, &mgcp_package_d, &mgcp_package_g, NULL};

static void on_event(void *arg, const struct mgcp_observed *o, bool asked)
{
	struct bench *b = arg;
	buf_printf(&b->heard, "%s%s/%s ", asked ? "" : "old:", o->package->name, o->type->name);
	if (b->drop)
		b->ep = mgcp_ep_end(b->ep);
}

static void on_notified(void *arg, bool asked)
{
	struct bench *b = arg;
	buf_str(&b->heard, "| ");
	if (b->ask_again)
		assert_int_equal(mgcp_ep_request(b->ep, b->ask_again), 0);
}

static void on_answered(void *arg, unsigned tag, int err, unsigned code)
{
	buf_printf(&((struct bench *)arg)->heard, "answered%s:%d/%u ", tag ? "#" : "", err, code);
}

static void on_service(void *arg, enum mgcp_service s, bool fresh)
{
	buf_printf(&((struct bench *)arg)->heard, "%s%s ", mgcp_service_name(s), fresh ? ",fresh" : "");
}

static void on_audited(void *arg, int err, enum mgcp_hook hook)
{
	buf_printf(&((struct bench *)arg)->heard, "hook:%d/%s ", err, hook == MGCP_OFF_HOOK ? "off" : hook == MGCP_ON_HOOK ? "on" : "?");
}

static const struct mgcp_ep_handlers handlers = {on_event, on_notified, on_answered, on_service, on_audited};

static void on_command(void *arg, struct mgcp_incoming *in, const struct mgcp_msg *cmd, const struct addr *src)
{
	struct bench *b = arg;
	if (!mgcp_gw_command(b->gw, in, cmd, src))
		mgcp_reply_code(in, 500, NULL);
}

static bool in_the_net(void *arg, const struct mgcp_gw *gw, const struct addr *src)
{
	struct addr a = wire_addr("192.0.2.10");
	return addr_ip_eq(src, &a);
}

static int bench_try(struct bench *b, const char *addr, const char *entity)
{
	b->heard = buf_fixed(b->memory, sizeof b->memory);
	int err = wire_open(&b->wire, (struct mgcp_peer_params){.on_command = on_command, .arg = b});
	if (err)
		return err;
	b->wire.peer->next_tid = 1000;
	struct mgcp_gw_params p = {.name = "one", .domain = "gw", .profile = mgcp_profile_find("lines"), .entity = entity, .arg = b};
	if (addr)
		p.addr = wire_addr(addr);
	else
		p.may_be_at = in_the_net;
	err = mgcp_gw_new(&b->gw, b->wire.peer, &p);
	return err ? err : mgcp_ep_new(&b->ep, b->gw, "aaln/1", packages, &handlers, b);
}

static void bench_open(struct bench *b)
{
	assert_int_equal(bench_try(b, GW, NULL), 0);
}

static void bench_close(struct bench *b)
{
	mgcp_ep_end(b->ep);
	mem_deref(b->gw);
	mem_deref(b->wire.peer);
	assert_int_equal(timer_count(), 0);
}

static const char *heard(struct bench *b)
{
	static char text[4096];
	snprintf(text, sizeof text, "%s", b->heard.len ? buf_z(&b->heard) : "");
	b->heard.len = 0;
	return text;
}

/* The X: of what was just sent. */
static const char *id_of(const char *sent)
{
	static char id[16];
	const char *x = strstr(sent, "X: ");
	assert_non_null(x);
	snprintf(id, sizeof id, "%.*s", (int)strcspn(x + 3, "\r"), x + 3);
	return id;
}

static void notify(struct bench *b, unsigned tid, const char *id, const char *events)
{
	char text[256];
	snprintf(text, sizeof text, "NTFY %u aaln/1@gw MGCP 1.0\r\nX: %s\r\nO: %s\r\n", tid, id, events);
	wire_receive(&b->wire, GW, text);
}

static const struct mgcp_ask idle = {.events = "L/hd(N)"};
static const struct mgcp_ask dial = {.events = "L/hu(N),D/[0-9#*T](D)", .signals = "L/dl", .digitmap = "(xx)", .quarantine = "process,loop", .tag = 7};

static void a_request_says_all_of_it(void **state)
{
	struct bench b = {0};
	assert_int_equal(bench_try(&b, GW, "ca@agents.example.net:2727"), 0);
	assert_int_equal(mgcp_ep_request(b.ep, &dial), 0);
	const char *sent = wire_take(&b.wire);
	char all[512];
	snprintf(all, sizeof all,
		 "RQNT 1000 aaln/1@gw MGCP 1.0\r\nX: %s\r\nN: ca@agents.example.net:2727\r\nR: L/hu(N),D/[0-9#*T](D)\r\nS: L/dl\r\nD: (xx)\r\nQ: process,loop\r\n--\n",
		 id_of(sent));
	assert_string_equal(sent, all);
	wire_receive(&b.wire, GW, "200 1000 OK\r\n");
	assert_string_equal(heard(&b), "answered#:0/200 ");
	assert_int_equal(mgcp_ep_service(b.ep), MGCP_SERVICE_IN);
	bench_close(&b);
}

static void requests_go_one_at_a_time(void **state)
{
	struct bench b = {0};
	bench_open(&b);
	mgcp_ep_request(b.ep, &idle);
	mgcp_ep_request(b.ep, &dial);
	assert_null(strstr(wire_take(&b.wire), "L/dl"));
	wire_receive(&b.wire, GW, "401 1000 phone off hook\r\n");
	assert_string_equal(heard(&b), "answered:-16/401 ");
	assert_non_null(strstr(wire_take(&b.wire), "RQNT 1001 aaln/1@gw"));
	wire_receive(&b.wire, GW, "200 1001 OK\r\n");
	for (int i = 0; i < 32; i++)
		assert_int_equal(mgcp_ep_request(b.ep, &idle), 0);
	assert_int_equal(mgcp_ep_request(b.ep, &idle), -EBUSY);
	bench_close(&b);
}

/* In one datagram the response and what is asked for next (3.5.5). */
static void a_notification_is_answered_read_and_followed(void **state)
{
	struct bench b = {0};
	char id[16];
	bench_open(&b);
	mgcp_ep_request(b.ep, &dial);
	snprintf(id, sizeof id, "%s", id_of(wire_take(&b.wire)));
	wire_receive(&b.wire, GW, "200 1000 OK\r\n");
	heard(&b);
	b.ask_again = &idle;
	notify(&b, 7, id, "D/4,D/2");
	assert_string_equal(heard(&b), "D/4 D/2 | ");
	const char *sent = wire_take(&b.wire);
	assert_ptr_equal(strstr(sent, "200 7 OK\r\n.\r\nRQNT 1001 aaln/1@gw"), sent);
	assert_string_not_equal(id_of(sent), id);
	bench_close(&b);
}

/* Ours was on its way when the gateway notified of what was asked before. */
static void what_crossed_a_request_is_old(void **state)
{
	struct bench b = {0};
	char id[16];
	bench_open(&b);
	mgcp_ep_request(b.ep, &idle);
	snprintf(id, sizeof id, "%s", id_of(wire_take(&b.wire)));
	wire_receive(&b.wire, GW, "200 1000 OK\r\n");
	mgcp_ep_request(b.ep, &dial);
	wire_take(&b.wire);
	heard(&b);
	notify(&b, 7, id, "L/hd");
	assert_string_equal(heard(&b), "L/hd | "); /* it has not taken ours, and may refuse it */
	wire_receive(&b.wire, GW, "200 1001 OK\r\n");
	heard(&b);
	notify(&b, 9, id, "L/hd");
	assert_string_equal(heard(&b), "old:L/hd | ");
	/* What nobody knows does not hide the rest. */
	notify(&b, 8, "0", "X/yz,L/hu,L/hf");
	assert_string_equal(heard(&b), "old:L/hu old:L/hf | ");
	bench_close(&b);
}

static void each_restart_method_is_told(void **state)
{
	static const struct {
		const char *text, *told;
	} rows[] = {
		{"*@gw MGCP 1.0\r\nRM: restart\r\n", "in service,fresh "},
		{"aaln/2@gw MGCP 1.0\r\nRM: forced\r\n", ""},
		{"aaln/*@gw MGCP 1.0\r\nRM: graceful\r\nRD: 60\r\n", "leaving service "},
		{"aaln/1@gw MGCP 1.0\r\nRM: cancel-graceful\r\n", "in service "},
		{"aaln/1@gw MGCP 1.0\r\nRM: disconnected\r\n", "in service "},
		{"AALN/1@GW MGCP 1.0\r\nRM: forced\r\nE: 900\r\n", "out of service,fresh "},
	};
	struct bench b = {0};
	bench_open(&b);
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		char text[128];
		snprintf(text, sizeof text, "RSIP %u %s", 10 + i, rows[i].text);
		wire_receive(&b.wire, GW, text);
		assert_string_equal(heard(&b), rows[i].told);
	}
	bench_close(&b);
}

/* A card that is not there yet, or is out of service: nobody is told to call there, and it is looked for. */
static void an_endpoint_that_is_not_there_is_out_of_service(void **state)
{
	struct bench b = {0};
	bench_open(&b);
	mgcp_ep_request(b.ep, &idle);
	wire_receive(&b.wire, GW, "500 1000 unknown endpoint\r\n");
	assert_string_equal(heard(&b), "answered:-22/500 out of service ");
	wire_take(&b.wire);
	clock_test_advance(30000);
	assert_non_null(strstr(wire_take(&b.wire), "AUEP 1001 aaln/1@gw"));
	wire_receive(&b.wire, GW, "500 1001 unknown endpoint\r\n");
	assert_string_equal(heard(&b), "hook:-22/? ");
	clock_test_advance(30000);
	wire_receive(&b.wire, GW, "200 1002 OK\r\nES:\r\n");
	assert_string_equal(heard(&b), "in service hook:-61/? ");
	assert_int_equal(mgcp_ep_request(b.ep, &idle), 0);
	wire_receive(&b.wire, GW, "501 1003 out of service\r\n");
	assert_string_equal(heard(&b), "answered:-16/501 out of service ");
	wire_take(&b.wire);
	clock_test_advance(100000);
	assert_string_equal(wire_take(&b.wire), "");
	wire_receive(&b.wire, GW, "RSIP 5 aaln/1@gw MGCP 1.0\r\nRM: restart\r\n");
	assert_string_equal(heard(&b), "in service,fresh ");
	bench_close(&b);
}

static void a_gateway_that_is_silent_has_no_endpoint_in_service(void **state)
{
	struct bench b = {0};
	bench_open(&b);
	mgcp_ep_request(b.ep, &idle);
	mgcp_ep_request(b.ep, &dial);
	clock_test_advance(20000);
	assert_string_equal(heard(&b), "answered:-110/0 out of service ");
	assert_int_equal(mgcp_ep_request(b.ep, &idle), -EHOSTUNREACH);
	wire_take(&b.wire);
	/* One endpoint's RSIP shows that the gateway can be reached: so can the others'. */
	wire_receive(&b.wire, GW, "RSIP 5 aaln/9@gw MGCP 1.0\r\nRM: restart\r\n");
	assert_string_equal(heard(&b), "in service ");
	assert_int_equal(mgcp_ep_request(b.ep, &idle), 0);
	bench_close(&b);
}

static void the_hook_is_found_by_an_audit(void **state)
{
	static const struct {
		const char *answer, *told;
	} rows[] = {
		{"200 %u OK\r\nES: L/hd\r\n", "hook:0/off "},
		{"200 %u OK\r\nES: L/hu\r\n", "hook:0/on "},
		{"200 %u OK\r\nES: \r\n", "hook:-61/? "},
		{"500 %u unknown endpoint\r\n", "hook:-22/? "},
	};
	struct bench b = {0};
	bench_open(&b);
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		char text[128];
		assert_int_equal(mgcp_ep_audit(b.ep), 0);
		snprintf(text, sizeof text, rows[i].answer, 1000 + i);
		assert_non_null(strstr(wire_take(&b.wire), "F: ES\r\n"));
		wire_receive(&b.wire, GW, text);
		assert_string_equal(heard(&b), rows[i].told);
	}
	bench_close(&b);
}

/* Not that address: refused. Its own: taken, and another one when it has moved. */
static void a_gateway_is_found_by_its_restart(void **state)
{
	struct bench b = {0};
	assert_int_equal(bench_try(&b, NULL, NULL), 0);
	assert_int_equal(mgcp_ep_request(b.ep, &idle), -EHOSTUNREACH);
	wire_receive(&b.wire, GW, "RSIP 5 *@gw MGCP 1.0\r\nRM: restart\r\n");
	wire_receive(&b.wire, "192.0.2.10:2427", "RSIP 6 *@another MGCP 1.0\r\nRM: restart\r\n");
	wire_receive(&b.wire, "192.0.2.10:2427", "NTFY 7 aaln/1@gw MGCP 1.0\r\nX: 0\r\nO: L/hd\r\n");
	assert_string_equal(heard(&b), "");
	wire_take(&b.wire);
	wire_receive(&b.wire, "192.0.2.10:2427", "RSIP 8 *@gw MGCP 1.0\r\nRM: restart\r\n");
	assert_string_equal(heard(&b), "in service in service,fresh ");
	assert_int_equal(mgcp_ep_request(b.ep, &idle), 0);
	wire_take(&b.wire);
	assert_int_equal(b.wire.last_dst.port, 2427);
	wire_receive(&b.wire, "192.0.2.10:3000", "RSIP 9 *@gw MGCP 1.0\r\nRM: restart\r\n");
	assert_string_equal(heard(&b), "in service,fresh ");
	bench_close(&b);
}

/* What was asked where it is not says nothing of where it is. */
static void a_gateway_that_was_found_elsewhere_is_up(void **state)
{
	struct bench b = {0};
	assert_int_equal(bench_try(&b, NULL, NULL), 0);
	mgcp_gw_resync(b.gw);
	assert_string_equal(wire_take(&b.wire), "");
	wire_receive(&b.wire, "192.0.2.10:2427", "RSIP 8 *@gw MGCP 1.0\r\nRM: restart\r\n");
	assert_non_null(strstr(wire_take(&b.wire), "AUEP 1000 "));
	wire_receive(&b.wire, "192.0.2.10:3000", "RSIP 9 *@gw MGCP 1.0\r\nRM: restart\r\n");
	assert_non_null(strstr(wire_take(&b.wire), "AUEP 1001 "));
	wire_receive(&b.wire, "192.0.2.10:3000", "200 1001 OK\r\n"); /* on the way when it restarted: it is asked once more */
	wire_receive(&b.wire, "192.0.2.10:3000", "200 1002 OK\r\n");
	clock_test_advance(60000);
	assert_int_equal(mgcp_gw_state(b.gw), MGCP_GW_UP);
	bench_close(&b);
}

/* It may be dropped wherever it is told of something. */
static void dropped_inside_its_own_callback(void **state)
{
	struct bench b = {0};
	bench_open(&b);
	mgcp_ep_request(b.ep, &idle);
	b.drop = true;
	notify(&b, 7, "0", "L/hd,L/hu");
	assert_string_equal(heard(&b), "old:L/hd ");
	bench_close(&b);
}

static void names_are_one_endpoint_of_one_owner(void **state)
{
	struct bench b = {0};
	struct mgcp_ep *e = NULL;
	bench_open(&b);
	assert_int_equal(mgcp_ep_new(&e, b.gw, "AALN/1@gw", packages, &handlers, &b), -EEXIST);
	assert_int_equal(mgcp_ep_new(&e, b.gw, "aaln/*", packages, &handlers, &b), -EINVAL);
	assert_int_equal(mgcp_ep_new(&e, b.gw, "", packages, &handlers, &b), -EINVAL);
	assert_int_equal(mgcp_ep_new(&e, b.gw, "aaln/2", packages, &handlers, &b), 0);
	mgcp_ep_end(e);
	bench_close(&b);
}

static void leftover_connections_of_our_endpoints_are_deleted(void **state)
{
	struct bench b = {0};
	bench_open(&b);
	mgcp_gw_resync(b.gw);
	assert_string_equal(wire_take(&b.wire), "AUEP 1000 aaln/1@gw MGCP 1.0\r\nF: I\r\n--\n");
	wire_receive(&b.wire, GW, "200 1000 OK\r\nI: 77\r\n");
	assert_non_null(strstr(wire_take(&b.wire), "DLCX 1001 aaln/1@gw MGCP 1.0\r\nK: 1000\r\nI: 77\r\n"));
	bench_close(&b);
}

static void whole_life(void *arg)
{
	struct bench b = {0};
	if (!bench_try(&b, GW, "ca@x")) {
		mgcp_ep_request(b.ep, &idle);
		mgcp_ep_request(b.ep, &dial);
		bundle_flush(b.wire.peer);
		wire_receive(&b.wire, GW, "200 1000 OK\r\n");
		notify(&b, 7, "0", "L/hd,D/12");
		mgcp_ep_audit(b.ep);
		wire_receive(&b.wire, GW, "RSIP 8 *@gw MGCP 1.0\r\nRM: restart\r\n");
		clock_test_advance(60000);
	}
	bench_close(&b);
}

static void out_of_memory_is_clean(void **state)
{
	each_allocation_fails(whole_life, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_says_all_of_it),
		cmocka_unit_test(requests_go_one_at_a_time),
		cmocka_unit_test(a_notification_is_answered_read_and_followed),
		cmocka_unit_test(what_crossed_a_request_is_old),
		cmocka_unit_test(each_restart_method_is_told),
		cmocka_unit_test(an_endpoint_that_is_not_there_is_out_of_service), cmocka_unit_test(a_gateway_that_is_silent_has_no_endpoint_in_service),
		cmocka_unit_test(the_hook_is_found_by_an_audit),
		cmocka_unit_test(a_gateway_is_found_by_its_restart),
		cmocka_unit_test(a_gateway_that_was_found_elsewhere_is_up),
		cmocka_unit_test(dropped_inside_its_own_callback),
		cmocka_unit_test(names_are_one_endpoint_of_one_owner),
		cmocka_unit_test(leftover_connections_of_our_endpoints_are_deleted),
		cmocka_unit_test(out_of_memory_is_clean),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

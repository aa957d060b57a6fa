/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the tests of ISDN legs have in common: the agent with its lines, the gateway, and calls out and in. */
#pragma once
#include "fakes.h"
#include "fake_isdn.h"
#include "base/alarm.h"
#include "base/log.h"
#include "callagent/call_priv.h"
#include "callagent/emergency_call.h"
#include "callagent/leg_isdn_priv.h"
#include "callagent/line_call.h"
#include "callagent/message_waiting.h"
#include "config/schema.h"

static const char text[] =
	"sip {\n country = \"49\"\n}\n"
	"address inside {\n local = {\"127.0.0.1\"}\n}\n"
	"isdn pri {\n area = \"30\"\n cause-status = {\"3=410\"}\n announcement-time = 5s\n}\n"
	"isdn tie {\n number-type = unknown\n numbers-out = national\n numbers-in = national\n status-cause = {\"486=34\"}\n}\n"
	"route out {\n prefix = \"+49\"\n to = pri\n}\n"
	"route tie {\n prefix = \"7\"\n to = tie\n}\n"
	"site here {\n emergency = {\"112\"}\n emergency-to = \"tie\"\n}\n"
	"isdn far {\n overlap-send = yes\n number-type = unknown\n}\n"
	"route far {\n prefix = \"55\"\n to = far\n}\n"
	"route city {\n prefix = \"+49301\"\n to = far\n}\n"
	"route exact {\n called = {\"611\", \"6123\", \"11\"}\n to = tie\n}\n";

/* --- what leg_isdn needs of the agent ------------------------------------------------------------------------------- */

static struct agent agent;
static struct mgcp_gw *gw;

struct mgcp_ep {
	int unused;
};

int mgcp_ep_new(struct mgcp_ep **ret, struct mgcp_gw *g, const char *name, mgcp_packages packages, const struct mgcp_ep_handlers *h, void *arg)
{
	*ret = mem_alloc(sizeof(**ret), NULL);
	return *ret ? 0 : -ENOMEM;
}

struct mgcp_ep *mgcp_ep_end(struct mgcp_ep *e)
{
	return mem_deref(e);
}

int mgcp_ep_request(struct mgcp_ep *e, const struct mgcp_ask *ask)
{
	say("gw: signal '%s'\n", ask->signals);
	return 0;
}

/* Lines of the other kind are none of this test's. */
int leg_mgcp_outgoing(struct leg **ret, struct agent *a, const struct leg_call *how)
{
	return -EOPNOTSUPP;
}

bool message_waiting_is(const struct sip_msg *notify)
{
	return false;
}

void message_waiting_told(struct agent *a, struct sip_strans *st, const struct sip_msg *notify)
{
}

bool mgcp_gw_relays(const struct mgcp_gw *g)
{
	return true;
}

struct mgcp_gw *gateways_find(const struct gateways *g, struct slice name)
{
	return gw;
}

struct mgcp_gw *gateways_own(const struct gateways *g)
{
	return gateways_find(g, SLICE(GATEWAY_OWN));
}

struct mgcp_gw *gateways_pick(struct gateways *g)
{
	return gw;
}

static inline int setup(void **state)
{
	struct conf *conf;
	struct buf why = buf_growing();
	if (config_load(&conf, "t", text, &why))
		fail_msg("%s", buf_z(&why));
	agent = (struct agent){.conf = conf};
	calls_init(&agent.calls);
	agent.calls.most = 100;
	agent.calls.longest_ms = 3600000;
	agent.calls.ring_ms = 60000;
	list_init(&conns);
	conns_made = 0;
	gateway_err = 0;
	gateway_err_from = 0;
	gw = mem_alloc(sizeof(*gw), NULL);
	config_addresses(conf, &agent.addresses, &agent.n_addresses, false, &why);
	said[0] = '\0';
	assert_int_equal(trunks_load(&agent.trunks, conf, NULL) ?: tel_lines_load(&agent.tel_lines, conf, NULL) ?: routing_new(&agent.routing, conf) ?: registrar_new(&agent.registrar, &(struct registrar_params){.conf = conf})
			 ?: fraud_new(&agent.fraud, &(struct fraud_params){.conf = conf}) ?: leg_isdn_open(&agent), 0);
	isdn_up();
	return 0;
}

static inline int teardown(void **state)
{
	calls_fini(&agent.calls);
	agent.isdn = mem_deref(agent.isdn);
	tel_lines_free(&agent.tel_lines);
	trunks_free(&agent.trunks);
	mem_deref(agent.routing);
	mem_deref(agent.registrar);
	mem_deref(agent.fraud);
	mem_free(agent.addresses);
	mem_deref(agent.conf);
	mem_deref(gw);
	alarm_reset();
	return list_empty(&conns) ? 0 : -1;
}

static inline void assert_over(void)
{
	gateway_answers();
	clock_test_advance(1);
	gateway_answers();
	assert_int_equal(calls_count(&agent.calls), 0);
	assert_true(list_empty(&conns));
	said[0] = '\0';
}

/* --- a call out ----------------------------------------------------------------------------------------------------- */

static struct call *call;
static struct leg *a, *b;
static bool callers_conditions; /* the caller knows preconditions */

static inline void make_out(const char *line, const char *called, const struct shown *caller, const struct diversions *diversions)
{
	static const struct diversions none;
	struct target t = {.kind = TARGET_LINE, .line = tel_lines_find(&agent.tel_lines, slice_str(line))};
	const struct leg_call how = {.target = &t, .caller = caller, .diversions = diversions ? diversions : &none, .ring_ms = 60000};
	snprintf(t.called, sizeof(t.called), "%s", called);
	assert_int_equal(call_new(&call, &agent.calls, gw), 0);
	a = party_new("a", SIDE_A, AF_INET);
	a->origin.conditions = callers_conditions;
	assert_int_equal(call_add_leg(call, a), 0);
	assert_int_equal(leg_isdn_outgoing(&b, &agent, &how), 0);
	assert_int_equal(call_add_leg(call, b), 0);
}

static inline void offer(const char *media)
{
	call_start(call, &(struct leg_news){.sdp = sdp("192.0.2.1", media)});
	gateway_answers();
}

static char our_id[64];

/* An event of the call out. */
static inline void out_says(const char *event, const char *more)
{
	char line[400];
	snprintf(line, sizeof(line), "{'event':'%s','call':'%s','group':'pri','endpoint':'ds/e1-1/7'%s%s}", event, our_id, *more ? "," : "", more);
	isdn_says("calls", line);
}

static inline void offered(void)
{
	static const struct shown caller = {.number = "+4930555", .display = "Anna"};
	make_out("pri", "+4989123", &caller, NULL);
	offer(AUDIO(4000));
	snprintf(our_id, sizeof(our_id), "%s", isdn_leg_of(b)->call.id);
	said[0] = '\0';
}

/* --- a call in ------------------------------------------------------------------------------------------------------ */

#define SETUP_IN(called, more)                                                                                                                        \
	"{'event':'setup','call':'in-1','group':'tie','endpoint':'ds/ds1-2/3','bearer':'speech','called':" called ",'calling':{'number':'0305551','presentation':'allowed'," \
	"'name':'Bert'}" more "}"

static inline void in_says(const char *event, const char *more)
{
	char line[400];
	snprintf(line, sizeof(line), "{'event':'%s','call':'in-1','group':'tie','endpoint':'ds/ds1-2/3'%s%s}", event, *more ? "," : "", more);
	isdn_says("calls", line);
}

static inline struct call *the_call(void)
{
	return container_of(list_first(&agent.calls.all), struct call, link);
}

static inline void comes_in(void)
{
	isdn_says("calls", SETUP_IN("{'number':'089123456'}", ""));
	gateway_answers();
	call = the_call();
	struct leg *l;
	list_foreach(l, &call->legs, link)
		b = l;
	snprintf(our_id, sizeof(our_id), "%s", isdn_leg_of(b)->call.id);
}

#define ISDN_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lines driven by MGCP on a bench: their endpoints are the test's, which says what happens there; what is asked of them goes into the transcript, and must
 * be what RFC 3435 lets a call agent ask. */
#pragma once
#include "fakes.h"
#include "base/alarm.h"
#include "callagent/agent.h"
#include "callagent/leg_isdn.h"
#include "callagent/mgcp_line.h"
#include "config/schema.h"

static struct agent agent;
static struct mgcp_gw *gw;

/* --- endpoints ------------------------------------------------------------------------------------------------------ */

struct mgcp_ep {
	struct link link;
	char name[32];
	mgcp_packages packages;
	const struct mgcp_ep_handlers *h;
	void *arg;
	enum mgcp_service service;
	unsigned tags[64], n_tags; /* of requests that are still to be answered */
	bool waits;
};
static struct list eps;

static struct mgcp_ep *ep(const char *name)
{
	struct mgcp_ep *e;
	list_foreach(e, &eps, link)
		if (!strcmp(e->name, name))
			return e;
	fail_msg("no endpoint %s", name);
	return NULL;
}

static void ep_destroy(void *obj)
{
	list_remove(&((struct mgcp_ep *)obj)->link);
}

int mgcp_ep_new(struct mgcp_ep **ret, struct mgcp_gw *g, const char *name, mgcp_packages packages, const struct mgcp_ep_handlers *h, void *arg)
{
	struct mgcp_ep *e = mem_alloc(sizeof(*e), ep_destroy);
	if (!e)
		return -ENOMEM;
	snprintf(e->name, sizeof(e->name), "%s", name);
	e->packages = packages;
	e->h = h;
	e->arg = arg;
	list_append(&eps, &e->link);
	*ret = e;
	return 0;
}

struct mgcp_ep *mgcp_ep_end(struct mgcp_ep *e)
{
	return mem_deref(e);
}

/* It reads as a gateway would read it. */
static void assert_valid(const struct mgcp_ep *e, const struct mgcp_ask *ask)
{
	char text[4096];
	struct mgcp_msg m;
	struct mgcp_rqnt *r;
	const char *why = "";
	unsigned code = 0;
	int n = snprintf(text, sizeof(text), "RQNT 1 %s@gw MGCP 1.0\r\nX: 1\r\n", e->name);
	const char *const lines[][2] = {{"R", ask->events}, {"S", ask->signals}, {"D", ask->digitmap}, {"Q", ask->quarantine}};
	for (size_t i = 0; i < 4; i++)
		if (lines[i][1] && *lines[i][1])
			n += snprintf(text + n, sizeof(text) - (size_t)n, "%s: %s\r\n", lines[i][0], lines[i][1]);
	struct slice all = slice_of(text, (size_t)n);
	assert_int_equal(mgcp_parse(&m, &all, &code), 0);
	code = mgcp_rqnt_parse(&r, &m, e->packages, SLICE_NONE, &why);
	if (code == 403)
		return; /* memory is out */
	if (code)
		fail_msg("%u %s: %s", code, why, text);
	mem_deref(r);
}

int mgcp_ep_request(struct mgcp_ep *e, const struct mgcp_ask *ask)
{
	assert_valid(e, ask);
	say("%s: R %s", e->name, ask->events);
	if (ask->signals && *ask->signals)
		say(" S %s", ask->signals);
	if (ask->digitmap)
		say(" D %s", ask->digitmap);
	say("\n");
	assert_true(e->n_tags < 64);
	e->tags[e->n_tags++] = ask->tag;
	e->waits = false;
	return 0;
}

int mgcp_ep_audit(struct mgcp_ep *e)
{
	say("%s: audit\n", e->name);
	return 0;
}

bool mgcp_ep_waits(const struct mgcp_ep *e)
{
	return e->waits;
}

enum mgcp_service mgcp_ep_service(const struct mgcp_ep *e)
{
	return e->service;
}

const char *mgcp_ep_name(const struct mgcp_ep *e)
{
	return e->name;
}

struct mgcp_gw *mgcp_ep_gw(const struct mgcp_ep *e)
{
	return gw;
}

const char *mgcp_service_name(enum mgcp_service s)
{
	return s == MGCP_SERVICE_LEAVING ? "leaving service" : "out of service";
}

enum mgcp_gw_state mgcp_gw_state(const struct mgcp_gw *g)
{
	return MGCP_GW_UP;
}

const struct addr *mgcp_gw_addr(const struct mgcp_gw *g)
{
	static struct addr a;
	assert_int_equal(addr_parse(&a, SLICE("192.0.2.9:2427"), 0), 0);
	return &a;
}

bool mgcp_gw_relays(const struct mgcp_gw *g)
{
	return true;
}

/* Lines of the other kind are none of these tests'. */
int leg_isdn_outgoing(struct leg **ret, struct agent *ag, const struct leg_call *how)
{
	return -EOPNOTSUPP;
}

struct mgcp_gw *gateways_find(const struct gateways *g, struct slice name)
{
	return gw;
}

struct mgcp_gw *gateways_own(const struct gateways *g)
{
	return gw;
}

struct mgcp_gw *gateways_pick(struct gateways *g)
{
	return gw;
}

/* --- what happens there --------------------------------------------------------------------------------------------- */

/* The oldest request is answered: 0, or the code it is refused with. */
static inline void answered(const char *name, unsigned code)
{
	struct mgcp_ep *e = ep(name);
	assert_true(e->n_tags > 0);
	unsigned tag = e->tags[0];
	memmove(e->tags, e->tags + 1, --e->n_tags * sizeof(e->tags[0]));
	e->h->answered(e->arg, tag, code ? -EINVAL : 0, code ? code : 200);
}

static inline void all_answered(const char *name)
{
	while (ep(name)->n_tags)
		answered(name, 0);
}

static inline void happens_to(const char *name, const char *events, bool asked)
{
	struct mgcp_ep *e = ep(name);
	struct mgcp_observed o;
	int more;
	e->waits = true;
	mgcp_observed_start(&o, e->packages, slice_str(events));
	while ((more = mgcp_observed_next(&o)) > 0)
		e->h->event(e->arg, &o, asked);
	assert_int_equal(more, 0);
	e->h->notified(e->arg, asked);
	assert_false(e->waits); /* it is not left in lockstep */
}

/* NTFY: all that was asked before has been answered. */
static inline void happens(const char *name, const char *events)
{
	all_answered(name);
	happens_to(name, events, true);
}

static inline void serve(const char *name, enum mgcp_service s, bool fresh)
{
	ep(name)->service = s;
	ep(name)->h->service(ep(name)->arg, s, fresh);
}

/* --- the bench ------------------------------------------------------------------------------------------------------ */

static inline int lines_open(const char *text)
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
	list_init(&eps);
	conns_made = 0;
	gateway_err = 0;
	gateway_err_from = gateway_err_to = 0;
	gw = mem_alloc(sizeof(*gw), NULL);
	config_addresses(conf, &agent.addresses, &agent.n_addresses, false, &why);
	assert_int_equal(trunks_load(&agent.trunks, conf, NULL) ?: tel_lines_load(&agent.tel_lines, conf, NULL) ?: routing_new(&agent.routing, conf) ?:
			 registrar_new(&agent.registrar, &(struct registrar_params){.conf = conf}) ?: fraud_new(&agent.fraud, &(struct fraud_params){.conf = conf}), 0);
	mgcp_lines_open(&agent.mgcp_lines, &agent);
	said[0] = '\0';
	return 0;
}

static inline int lines_close(void)
{
	calls_fini(&agent.calls);
	mgcp_lines_close(&agent.mgcp_lines);
	tel_lines_free(&agent.tel_lines);
	trunks_free(&agent.trunks);
	mem_deref(agent.routing);
	mem_deref(agent.registrar);
	mem_deref(agent.fraud);
	mem_free(agent.addresses);
	mem_deref(agent.conf);
	mem_deref(gw);
	alarm_reset();
	return list_empty(&conns) && list_empty(&eps) ? 0 : -1;
}

/* --- calls to a line ------------------------------------------------------------------------------------------------ */

static struct call *call;
static struct leg *a, *b;

static inline void call_line_from(const char *line, const char *number, const struct shown *caller)
{
	static const struct diversions none;
	struct target t = {.kind = TARGET_LINE, .line = tel_lines_find(&agent.tel_lines, slice_str(line))};
	const struct leg_call how = {.target = &t, .caller = caller, .diversions = &none, .ring_ms = 60000};
	snprintf(t.name, sizeof(t.name), "%s", line);
	snprintf(t.number, sizeof(t.number), "%s", number);
	assert_int_equal(call_new(&call, &agent.calls, gw), 0);
	a = party_new("a", SIDE_A, AF_INET);
	assert_int_equal(call_add_leg(call, a), 0);
	assert_int_equal(leg_mgcp_outgoing(&b, &agent, &how), 0);
	assert_int_equal(call_add_leg(call, b), 0);
	call_start(call, &(struct leg_news){.sdp = sdp("192.0.2.1", AUDIO(4000))});
	gateway_answers();
}

static inline void call_line(const char *line, const char *number)
{
	static const struct shown caller = {.number = "555", .display = "Anna"};
	call_line_from(line, number, &caller);
}

/* Everything is over, and said. */
static inline void assert_over(void)
{
	for (int i = 0; i < 3; i++) {
		gateway_answers();
		clock_test_advance(1);
	}
	assert_int_equal(calls_count(&agent.calls), 0);
	assert_true(list_empty(&conns));
	said[0] = '\0';
}

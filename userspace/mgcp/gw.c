// SPDX-License-Identifier: GPL-3.0-or-later
/* One media gateway, as the call agent sees it: up, down or not heard of, and what it reports by itself (RSIP, NTFY). */
#include "base/log.h"
#include "base/mem.h"
#include "mgcp/agent_internal.h"
#include "mgcp/gateway.h"
#include <errno.h>
#include <stdio.h>

/* Between the end of one probe of a gateway that is down and the next; a probe itself repeats with back-off for T-MAX. */
#define PROBE_MS 2000

static const char *const state_names[] = {[MGCP_GW_UNKNOWN] = "unknown", [MGCP_GW_UP] = "up", [MGCP_GW_DOWN] = "down"};

static void probe(void *arg);

static void gw_destroy(void *obj)
{
	struct mgcp_gw *gw = obj;
	timer_stop(&gw->probe);
	mem_deref(gw->audit);
	while (!list_empty(&gw->cxs))
		cx_orphan(container_of(list_first(&gw->cxs), struct cx, link));
	if (gw->peer)
		mgcp_forget(gw->peer, gw);
	mem_deref(gw->peer);
	hash_free(&gw->ids);
	hash_free(&gw->endpoints);
	hash_free(&gw->eps_by_name);
	mem_free(gw->entity);
	mem_free(gw->name);
	mem_free(gw->domain);
}

int mgcp_gw_new(struct mgcp_gw **ret, struct mgcp_peer *peer, const struct mgcp_gw_params *params)
{
	struct mgcp_gw *gw = mem_alloc(sizeof *gw, gw_destroy);
	int err = -ENOMEM;
	if (!gw)
		return err;
	gw->p = *params;
	list_init(&gw->cxs);
	list_init(&gw->creating);
	list_init(&gw->eps);
	gw->peer = mem_ref(peer);
	gw->name = mem_strdup(params->name);
	gw->domain = mem_strdup(params->domain && *params->domain ? params->domain : "mg.tandem");
	if (params->entity && *params->entity)
		gw->entity = mem_strdup(params->entity);
	if (!gw->name || !gw->domain || (params->entity && *params->entity && !gw->entity) || hash_init(&gw->ids, 64) || hash_init(&gw->endpoints, 64) ||
	    hash_init(&gw->eps_by_name, 16))
		goto out;
	snprintf(gw->object, sizeof gw->object, "gateway %s", gw->name);
	err = addr_is_set(&gw->p.addr) ? mgcp_peer_habits(peer, &gw->p.addr, params->profile->habits) : 0;
	if (!addr_is_set(&gw->p.addr))
		gw->state = MGCP_GW_DOWN;
out:
	if (err)
		mem_deref(gw);
	else
		*ret = gw;
	return err;
}

enum mgcp_gw_state mgcp_gw_state(const struct mgcp_gw *gw)
{
	return gw->state;
}

const char *mgcp_gw_name(const struct mgcp_gw *gw)
{
	return gw->name;
}

const struct addr *mgcp_gw_addr(const struct mgcp_gw *gw)
{
	return &gw->p.addr;
}

bool mgcp_gw_relays(const struct mgcp_gw *gw)
{
	return gw->p.profile->relay_any;
}

char *gw_endpoint(const struct mgcp_gw *gw, const char *local)
{
	if (strchr(local, '@'))
		return mem_strdup(local);
	struct buf b = buf_growing();
	buf_str(&b, local);
	buf_char(&b, '@');
	buf_str(&b, gw->domain);
	char *text = b.err ? NULL : mem_strndup(b.p, b.len);
	buf_reset(&b);
	return text;
}

int gw_send(struct mgcp_gw *gw, uint32_t tid, const struct buf *text, mgcp_response_fn fn, void *arg)
{
	return text->err ? text->err : mgcp_command(gw->peer, &gw->p.addr, tid, buf_text(text), fn, arg);
}

/* All those, or those that `which` (unless it is absent) stands for; their owners may make and drop others meanwhile. */
static void serve_eps(struct mgcp_gw *gw, struct slice which, enum mgcp_service s, bool fresh, const char *why)
{
	for (size_t n = list_count(&gw->eps); n && !list_empty(&gw->eps); n--) {
		struct mgcp_ep *e = container_of(list_first(&gw->eps), struct mgcp_ep, link);
		list_remove(&e->link);
		list_append(&gw->eps, &e->link);
		if (!slice_is_set(which) || mgcp_name_matches(which, slice_str(e->name)))
			ep_service(e, s, fresh, why);
	}
}

/* The one place where the state changes. */
static void set_state(struct mgcp_gw *gw, enum mgcp_gw_state state, const char *why)
{
	enum mgcp_gw_state old = gw->state;
	gw->state = state;
	if (old != state)
		log_info(gw->object, "%s -> %s: %s", state_names[old], state_names[state], why);
	if (gw->p.on_state)
		gw->p.on_state(gw->p.arg, gw, state, why);
	if (old != state && state == MGCP_GW_DOWN)
		serve_eps(gw, SLICE_NONE, MGCP_SERVICE_OUT, false, why);
}

void gw_answered(struct mgcp_gw *gw)
{
	enum mgcp_gw_state old = gw->state;
	if (old == MGCP_GW_UP)
		return;
	timer_stop(&gw->probe);
	set_state(gw, MGCP_GW_UP, "it answers");
	/* Commands that timed out may have been executed. */
	if (old == MGCP_GW_DOWN) {
		mgcp_gw_resync(gw);
		serve_eps(gw, SLICE_NONE, MGCP_SERVICE_IN, false, "the gateway answers");
	}
}

void gw_timed_out(struct mgcp_gw *gw)
{
	if (gw->state != MGCP_GW_DOWN)
		set_state(gw, MGCP_GW_DOWN, "it does not answer");
	if (!timer_running(&gw->probe))
		timer_start(&gw->probe, PROBE_MS, probe, gw);
}

static void on_probe(void *arg, int err, const struct mgcp_msg *rsp)
{
	struct mgcp_gw *gw = arg;
	if (err)
		gw_timed_out(gw);
	else
		gw_answered(gw);
}

static void probe(void *arg)
{
	struct mgcp_gw *gw = arg;
	char *endpoint = gw_endpoint(gw, gw->p.profile->probe);
	struct buf text = buf_growing();
	uint32_t tid = mgcp_next_tid(gw->peer);
	int err = -ENOMEM;
	if (endpoint) {
		mgcp_write_command(&text, MGCP_AUEP, tid, endpoint);
		err = gw_send(gw, tid, &text, on_probe, gw);
	}
	if (err)
		timer_start(&gw->probe, PROBE_MS, probe, gw);
	buf_reset(&text);
	mem_free(endpoint);
}

void mgcp_gw_move(struct mgcp_gw *gw, const struct addr *addr)
{
	char text[ADDR_STR_LEN];
	if (addr_eq(addr, &gw->p.addr))
		return;
	log_info(gw->object, "is at %s", addr_str(addr, text));
	gw->p.addr = *addr;
	if (gw->p.on_moved)
		gw->p.on_moved(gw->p.arg, gw);
	if (mgcp_peer_habits(gw->peer, addr, gw->p.profile->habits))
		log_warn(gw->object, "is taken for one that can do all: out of memory");
	/* That nobody answers at the old address says nothing of the new one. */
	mgcp_forget(gw->peer, gw);
	bool again = gw->audit;
	gw->audit = mem_deref(gw->audit);
	if (again)
		mgcp_gw_resync(gw);
	if (gw->state == MGCP_GW_DOWN)
		timer_start(&gw->probe, 0, probe, gw);
}

void mgcp_gw_resync(struct mgcp_gw *gw)
{
	int err = audit_start(gw);
	if (err)
		log_warn(gw->object, "no resynchronisation: %s", strerror(-err));
}

/* --- what the gateway reports ------------------------------------------------------------------------------------- */

static bool is_on(const struct cx *c, const void *pattern)
{
	return c->endpoint_known && c->state != CX_GONE && mgcp_name_matches(*(const struct slice *)pattern, slice_str(c->endpoint));
}

/* What it says of one endpoint tells of the others that it can be reached again. */
static void came_up(struct mgcp_gw *gw, const char *why)
{
	bool was_down = gw->state == MGCP_GW_DOWN;
	timer_stop(&gw->probe);
	set_state(gw, MGCP_GW_UP, why);
	if (was_down)
		serve_eps(gw, SLICE_NONE, MGCP_SERVICE_IN, false, why);
}

/* RFC 3435 2.3.12: what each restart method means to us. */
static void restarted(struct mgcp_gw *gw, struct slice which)
{
	gw->draining = false;
	came_up(gw, "it restarted");
	/* The announcement may be older than connections made since, when its first copies were lost: what is gone is found out by asking,
	 * where that can be done. */
	if (gw->p.profile->audits)
		mgcp_gw_resync(gw);
	else
		cx_lose_all(gw, is_on, &which, "the gateway restarted");
	serve_eps(gw, which, MGCP_SERVICE_IN, true, "restart");
}

static void forced(struct mgcp_gw *gw, struct slice which)
{
	cx_lose_all(gw, is_on, &which, "the gateway takes the endpoint out of service");
	serve_eps(gw, which, MGCP_SERVICE_OUT, true, "forced");
	if (mgcp_name_is_all(which)) {
		set_state(gw, MGCP_GW_DOWN, "it goes out of service");
		if (!timer_running(&gw->probe))
			timer_start(&gw->probe, PROBE_MS, probe, gw);
	}
}

static void graceful(struct mgcp_gw *gw, struct slice which)
{
	gw->draining |= mgcp_name_is_all(which);
	serve_eps(gw, which, MGCP_SERVICE_LEAVING, false, "graceful");
}

static void cancel_graceful(struct mgcp_gw *gw, struct slice which)
{
	gw->draining = false;
	serve_eps(gw, which, MGCP_SERVICE_IN, false, "cancel-graceful");
}

static void disconnected(struct mgcp_gw *gw, struct slice which)
{
	if (gw->state != MGCP_GW_UP)
		came_up(gw, "it is back");
	mgcp_gw_resync(gw);
	serve_eps(gw, which, MGCP_SERVICE_IN, false, "disconnected");
}

static const struct {
	struct slice name;
	void (*fn)(struct mgcp_gw *gw, struct slice which);
} restart_methods[] = {
	{SLICE("restart"), restarted},           {SLICE("forced"), forced},
	{SLICE("graceful"), graceful},           {SLICE("cancel-graceful"), cancel_graceful},
	{SLICE("disconnected"), disconnected},
};

static void on_rsip(struct mgcp_gw *gw, struct mgcp_incoming *in, const struct mgcp_msg *cmd)
{
	struct slice method = mgcp_param(cmd, MGCP_P_RESTART_METHOD);
	log_info(gw->object, "RSIP " SLICE_FMT " for " SLICE_FMT, SLICE_ARG(method), SLICE_ARG(cmd->endpoint));
	for (size_t i = 0; i < sizeof restart_methods / sizeof *restart_methods; i++) {
		if (!slice_caseeq(restart_methods[i].name, method))
			continue;
		mgcp_reply_code(in, 200, NULL);
		restart_methods[i].fn(gw, cmd->endpoint);
		return;
	}
	mgcp_reply_code(in, slice_empty(method) ? 510 : 536, NULL);
}

/* O: "r/rto@1f2e(60)": RFC 3660 2.10. */
static void on_ntfy(struct mgcp_gw *gw, struct mgcp_incoming *in, const struct mgcp_msg *cmd)
{
	struct slice events = mgcp_param(cmd, MGCP_P_OBSERVED_EVENTS);
	if (slice_empty(events)) {
		mgcp_reply_code(in, 510, "no observed events");
		return;
	}
	mgcp_reply_code(in, 200, NULL);
	struct mgcp_ep *ep = gw_ep_find(gw, cmd->endpoint);
	if (ep)
		ep_notified(ep, cmd);
	while (slice_is_set(events)) {
		struct mgcp_event e;
		if (mgcp_event_parse(&e, slice_trim(slice_cut(&events, ','))) || !slice_caseeq(e.name, SLICE(MGCP_EVENT_SILENCE)))
			continue;
		struct cx *c = cx_find(gw, cmd->endpoint, e.connection);
		if (c)
			cx_silent(c, "no media came for the time allowed");
	}
}

/* The gateway has ended a connection by itself (2.3.8): its endpoint failed, or was taken out of service. E: says why. */
static void on_dlcx(struct mgcp_gw *gw, struct mgcp_incoming *in, const struct mgcp_msg *cmd)
{
	struct slice reason = slice_trim(mgcp_param(cmd, MGCP_P_REASON_CODE));
	struct cx *c = cx_find(gw, cmd->endpoint, slice_trim(mgcp_param(cmd, MGCP_P_CONNECTION_ID)));
	char mem[128];
	struct buf why = buf_fixed(mem, sizeof mem - 1);
	if (!c) {
		mgcp_reply_code(in, 515, NULL);
		return;
	}
	mgcp_reply_code(in, 250, NULL);
	buf_printf(&why, "the gateway ended the connection: %.*s", slice_empty(reason) ? 9 : (int)(reason.len < 64 ? reason.len : 64),
		   slice_empty(reason) ? "no reason" : reason.p);
	cx_lost(c, slice_starts(reason, SLICE("902")) ? MGCP_LOSS_LINE : MGCP_LOSS_CONNECTION, buf_z(&why));
}

/* One without a fixed address is where its RSIP comes from (2.3.12), if it may be there. */
static void note_address(struct mgcp_gw *gw, const struct mgcp_msg *cmd, const struct addr *src)
{
	if (gw->p.may_be_at && cmd->verb == MGCP_RSIP && slice_caseeq(cmd->ep_host, slice_str(gw->domain)) && gw->p.may_be_at(gw->p.arg, gw, src))
		mgcp_gw_move(gw, src);
}

static const struct {
	enum mgcp_verb verb;
	void (*fn)(struct mgcp_gw *gw, struct mgcp_incoming *in, const struct mgcp_msg *cmd);
} commands[] = {{MGCP_RSIP, on_rsip}, {MGCP_NTFY, on_ntfy}, {MGCP_DLCX, on_dlcx}};

bool mgcp_gw_command(struct mgcp_gw *gw, struct mgcp_incoming *in, const struct mgcp_msg *cmd, const struct addr *src)
{
	note_address(gw, cmd, src);
	/* Several gateways may share a host: then the port or the domain tells them apart. */
	if (!addr_ip_eq(src, &gw->p.addr) || (src->port != gw->p.addr.port && !slice_caseeq(cmd->ep_host, slice_str(gw->domain))))
		return false;
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
		if (commands[i].verb != cmd->verb)
			continue;
		mem_ref(gw);
		commands[i].fn(gw, in, cmd);
		mem_deref(gw);
		return true;
	}
	return false;
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "mediagw/rsip.h"
#include "base/log.h"
#include "base/mem.h"
#include "mediagw/counters.h"
#include "mediagw/events.h"
#include "mediagw/line_service.h"
#include "mediagw/service.h"
#include <errno.h>

#define OUT_OF_SERVICE 901 /* reason code, 2.5: endpoint taken out of service */

struct rsip {
	struct notified *n; /* which owns it */
	struct mgcp_restart *restart;
	unsigned awaited; /* answers to what was sent last */
	unsigned sent;    /* times that all was told */
	unsigned reason;
	/* The worst of the answers. */
	int err;
	unsigned code;
	bool redirected;
};

static void destroy(void *obj)
{
	struct rsip *r = obj;
	notified_forget(r->n, r);
	mem_deref(r->restart);
}

static bool is_awaited(const struct gateway *gw)
{
	const struct notified *n;
	list_foreach(n, &gw->notifieds, link)
		if (n->rsip && n->rsip->awaited)
			return true;
	return false;
}

static void finish(struct gateway *gw)
{
	void (*done)(void *) = gw->leaving.done;
	gw->leaving.done = NULL;
	timer_stop(&gw->leaving.timer);
	if (done)
		done(gw->leaving.arg);
}

/* --- telling ------------------------------------------------------------------------------------------------------ */

/* 2.3.12: the response may name another notified entity: of a refusal only 521 does so. */
static void take_redirection(struct rsip *r, const struct mgcp_msg *rsp)
{
	struct slice entity = mgcp_param(rsp, MGCP_P_NOTIFIED_ENTITY);
	if (slice_empty(slice_trim(entity)) || (rsp->code >= 300 && rsp->code != 521))
		return;
	r->redirected |= !notified_redirect(r->n, entity);
}

static void on_response(void *arg, int err, const struct mgcp_msg *rsp)
{
	struct rsip *r = arg;
	struct notified *n = mem_ref(r->n);
	if (err) {
		r->err = err;
	} else {
		take_redirection(r, rsp);
		r->code = rsp->code > r->code ? rsp->code : r->code;
	}
	if (!--r->awaited)
		mgcp_restart_answered(r->restart, r->err, r->code, r->redirected);
	if (n->gw->leaving.done && !is_awaited(n->gw))
		finish(n->gw);
	mem_deref(n);
}

static int send_one(struct rsip *r, const char *local, enum mgcp_restart_method m, uint32_t delay_s, unsigned reason)
{
	struct gateway *gw = r->n->gw;
	char mem[512], name[300];
	struct buf out = buf_fixed(mem, sizeof mem), full = buf_fixed(name, sizeof name);
	if (!gw->p.peer)
		return -EHOSTUNREACH;
	uint32_t tid = mgcp_next_tid(gw->p.peer);
	buf_printf(&full, "%s@%s", local, gw->p.domain);
	mgcp_write_command(&out, MGCP_RSIP, tid, buf_z(&full));
	mgcp_write_text(&out, MGCP_P_RESTART_METHOD, slice_str(mgcp_restart_method_name(m)));
	if (delay_s)
		mgcp_write_param(&out, MGCP_P_RESTART_DELAY, "%u", delay_s);
	if (reason)
		mgcp_write_param(&out, MGCP_P_REASON_CODE, "%u", reason);
	mgcp_write_end(&out, SLICE_NONE);
	int err = out.err ? out.err : notified_command(r->n, tid, buf_text(&out), on_response, r);
	if (err)
		return err;
	mg_count[MG_RSIP_SENT]++;
	r->awaited++;
	return 0;
}

/* 4.4.7: one command for all, as long as nobody else is told of some of them. */
static int tell(void *arg, enum mgcp_restart_method m, uint32_t delay_s, unsigned reason)
{
	struct rsip *r = arg;
	struct gateway *gw = r->n->gw;
	struct endpoint *e;
	notified_forget(r->n, r);
	r->awaited = 0;
	r->err = 0;
	r->code = 0;
	r->redirected = false;
	r->reason = reason;
	r->sent++;
	if (r->n == gw->notified && list_count(&gw->notifieds) == 1)
		return send_one(r, "*", m, delay_s, reason);
	list_foreach(e, &gw->endpoints, link)
		if (e->notified == r->n)
			send_one(r, e->name, m, delay_s, reason);
	return r->awaited ? 0 : -EHOSTUNREACH;
}

static void out(void *arg)
{
	struct rsip *r = arg;
	service_ended(r->n->gw);
}

static void connected(void *arg)
{
	struct rsip *r = arg;
	events_reconnected(r->n->gw, r->n);
	line_service_fresh(r->n->gw, r->n);
}

int rsip_new(struct rsip **ret, struct notified *n)
{
	struct rsip *r = mem_alloc(sizeof *r, destroy);
	struct mgcp_restart_handlers h = {.send = tell, .connected = connected, .out = out, .arg = r};
	if (!r)
		return -ENOMEM;
	r->n = n;
	int err = mgcp_restart_new(&r->restart, "service", &n->gw->p.restart, &h);
	if (err)
		mem_deref(r);
	else
		*ret = r;
	return err;
}

bool rsip_is_connected(const struct notified *n)
{
	return mgcp_restart_is_connected(n->rsip->restart);
}

void rsip_lost(struct rsip *r)
{
	mgcp_restart_lost(r->restart);
}

bool rsip_ready(struct rsip *r)
{
	mgcp_restart_activity(r->restart);
	return mgcp_restart_is_connected(r->restart);
}

/* --- the gateway -------------------------------------------------------------------------------------------------- */

void rsip_begin(struct gateway *gw, enum mgcp_restart_method m)
{
	struct notified *n;
	list_foreach(n, &gw->notifieds, link)
		mgcp_restart_begin(n->rsip->restart, m);
}

unsigned rsip_command(struct gateway *gw, const struct endpoint *e, const struct addr *src, bool audit)
{
	struct rsip *r = (e ? e->notified : gw->notified)->rsip;
	unsigned code = mgcp_restart_gate(r->restart, audit), before = r->sent;
	if (audit || mgcp_restart_is_connected(r->restart))
		return code;
	mgcp_restart_command(r->restart);
	/* Whoever commands hears of it before the answer, in the same datagram. */
	const struct addr *to = mgcp_entities_addr(&r->n->entities);
	if (r->sent == before || !to || !addr_eq(to, src))
		notified_copy(r->n, r, src);
	return code;
}

void rsip_repeated(struct gateway *gw, const struct addr *src)
{
	struct notified *n;
	list_foreach(n, &gw->notifieds, link)
		if (n->rsip->awaited)
			notified_copy(n, n->rsip, src);
}

void rsip_tell(struct gateway *gw, enum mgcp_restart_method m, uint32_t delay_s)
{
	struct notified *n;
	list_foreach(n, &gw->notifieds, link) {
		struct mgcp_restart *r = n->rsip->restart;
		if (m == MGCP_RESTART)
			mgcp_restart_in_service(r, delay_s);
		else if (m == MGCP_GRACEFUL)
			mgcp_restart_graceful(r, delay_s, OUT_OF_SERVICE);
		else if (m == MGCP_CANCEL_GRACEFUL)
			mgcp_restart_cancel_graceful(r);
		else
			mgcp_restart_forced(r, OUT_OF_SERVICE);
	}
}

static void gave_up(void *arg)
{
	finish(arg);
}

void rsip_shutdown(struct gateway *gw, uint32_t wait_ms, void (*done)(void *arg), void *arg)
{
	gw->graceful = false;
	rsip_tell(gw, MGCP_FORCED, 0);
	gw->leaving.done = done;
	gw->leaving.arg = arg;
	if (is_awaited(gw))
		timer_start(&gw->leaving.timer, wait_ms, gave_up, gw);
	else
		finish(gw);
}

enum mgcp_restart_method rsip_audit(const struct gateway *gw, const struct endpoint *e, uint32_t *delay_s, unsigned *reason)
{
	const struct rsip *r = (e ? e->notified : gw->notified)->rsip;
	if (e && e->line && line_service_audit(e->line, reason) != MGCP_RESTART) {
		*delay_s = 0;
		return line_service_audit(e->line, reason);
	}
	*reason = r->reason;
	return mgcp_restart_audit(r->restart, delay_s);
}

json_t *rsip_json(const struct gateway *gw)
{
	json_t *rows = json_array();
	const struct notified *n;
	const struct endpoint *e;
	list_foreach(n, &gw->notifieds, link) {
		const struct addr *to = mgcp_entities_addr(&n->entities);
		struct slice name = notified_text(n);
		char text[ADDR_STR_LEN];
		uint32_t delay_s;
		json_int_t endpoints = 0;
		list_foreach(e, &gw->endpoints, link)
			endpoints += e->notified == n;
		const char *method = mgcp_restart_method_name(mgcp_restart_audit(n->rsip->restart, &delay_s));
		json_array_append_new(rows, json_pack("{s:s%, s:s, s:s, s:s, s:I, s:I, s:I}", "agent", name.p, name.len, "address", to ? addr_str(to, text) : "",
						      "state", mgcp_restart_is_connected(n->rsip->restart) ? "connected" : "not told yet", "service", method,
						      "delay_s", (json_int_t)delay_s, "endpoints", endpoints, "waiting", (json_int_t)list_count(&n->pending)));
	}
	return rows;
}

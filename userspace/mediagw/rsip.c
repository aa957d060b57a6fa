// SPDX-License-Identifier: GPL-3.0-or-later
#include "mediagw/rsip.h"
#include "base/log.h"
#include "base/mem.h"
#include "mediagw/counters.h"
#include "mediagw/events.h"
#include <errno.h>
#include <stdlib.h>

/* 4.4.7: initial and largest wait between attempts while nobody answers. */
#define TD_INIT_MS 1000
#define TD_MAX_MS  60000

enum state { IDLE, WAITING, SENT };

struct rsip {
	struct gateway *gw;
	enum state state;
	enum rsip_method method;
	bool informed;    /* somebody has answered since the last start of a procedure */
	uint32_t wait_ms; /* after the next failure */
	struct timer timer;
	void (*done)(void *arg);
	void *done_arg;
};

static const struct {
	const char *name;
	unsigned reason; /* E:, RFC 3435 2.5; 0: none */
} methods[] = {
	[RSIP_RESTART] = {"restart", 0},
	[RSIP_DISCONNECTED] = {"disconnected", 0},
	[RSIP_FORCED] = {"forced", 901},
	[RSIP_GRACEFUL] = {"graceful", 901},
};

static void send_now(void *arg);

static void destroy(void *obj)
{
	struct rsip *r = obj;
	timer_stop(&r->timer);
	if (r->gw->p.peer)
		mgcp_forget(r->gw->p.peer, r);
}

int rsip_new(struct rsip **ret, struct gateway *gw)
{
	struct rsip *r = mem_alloc(sizeof *r, destroy);
	if (!r)
		return -ENOMEM;
	r->gw = gw;
	r->wait_ms = TD_INIT_MS;
	*ret = r;
	return 0;
}

static void finish(struct rsip *r)
{
	void (*done)(void *) = r->done;
	r->done = NULL;
	if (done)
		done(r->done_arg);
}

void rsip_answered(struct rsip *r)
{
	char text[ADDR_STR_LEN];
	alarm_clear(&alarm_agent, addr_str(&r->gw->p.agent, text));
}

static void unanswered(struct rsip *r)
{
	char text[ADDR_STR_LEN];
	alarm_raise(&alarm_agent, addr_str(&r->gw->p.agent, text), "MGCP commands to it are not answered");
}

/* Waits for another attempt, twice as long as the last time. */
static void again(struct rsip *r)
{
	r->state = WAITING;
	timer_start(&r->timer, 1 + (uint32_t)random() % r->wait_ms, send_now, r);
	r->wait_ms = r->wait_ms * 2 > TD_MAX_MS ? TD_MAX_MS : r->wait_ms * 2;
}

static void on_response(void *arg, int err, const struct mgcp_msg *rsp)
{
	struct rsip *r = arg;
	r->state = IDLE;
	if (err)
		unanswered(r);
	else
		rsip_answered(r);
	if (r->method == RSIP_FORCED) {
		finish(r);
	} else if (err || (rsp->code >= 400 && rsp->code < 500)) {
		again(r); /* 4.4.6: transient errors and silence start the procedure anew */
	} else {
		r->informed = rsp->code < 300;
		r->wait_ms = TD_INIT_MS;
		events_reconnected(r->gw);
		log_info(NULL, "call agent told of \"%s\": %u", methods[r->method].name, rsp->code);
	}
}

static void send_now(void *arg)
{
	struct rsip *r = arg;
	struct gateway *gw = r->gw;
	char mem[512], name[300];
	struct buf out = buf_fixed(mem, sizeof mem), full = buf_fixed(name, sizeof name);
	timer_stop(&r->timer);
	if (!gw->p.peer || !addr_is_set(&gw->p.agent)) {
		r->state = IDLE;
		return;
	}
	uint32_t tid = mgcp_next_tid(gw->p.peer);
	buf_printf(&full, "%s/*@%s", endpoint_relay->type, gw->p.domain);
	mgcp_write_command(&out, MGCP_RSIP, tid, buf_z(&full));
	mgcp_write_text(&out, MGCP_P_RESTART_METHOD, slice_str(methods[r->method].name));
	if (methods[r->method].reason)
		mgcp_write_param(&out, MGCP_P_REASON_CODE, "%u", methods[r->method].reason);
	mgcp_write_end(&out, SLICE_NONE);
	r->state = SENT;
	mg_count[MG_RSIP_SENT]++;
	if (out.err || mgcp_command(gw->p.peer, &gw->p.agent, tid, buf_text(&out), on_response, r))
		again(r);
}

void rsip_start(struct rsip *r, enum rsip_method m, uint32_t max_wait_ms)
{
	r->method = m;
	r->informed = false;
	r->wait_ms = TD_INIT_MS;
	if (r->state == SENT && r->gw->p.peer)
		mgcp_forget(r->gw->p.peer, r);
	r->state = WAITING;
	timer_start(&r->timer, max_wait_ms ? (uint32_t)random() % max_wait_ms : 0, send_now, r);
}

void rsip_command_seen(struct rsip *r)
{
	if (r->state == WAITING)
		send_now(r);
}

void rsip_lost(struct rsip *r)
{
	unanswered(r);
	if (r->state != IDLE)
		return;
	r->method = RSIP_DISCONNECTED;
	r->informed = false;
	again(r);
}

static void gave_up(void *arg)
{
	struct rsip *r = arg;
	if (r->gw->p.peer)
		mgcp_forget(r->gw->p.peer, r);
	r->state = IDLE;
	finish(r);
}

void rsip_forced(struct rsip *r, uint32_t wait_ms, void (*done)(void *arg), void *arg)
{
	if (r->state == SENT && r->gw->p.peer)
		mgcp_forget(r->gw->p.peer, r);
	r->method = RSIP_FORCED;
	r->done = done;
	r->done_arg = arg;
	send_now(r);
	if (r->state == SENT)
		timer_start(&r->timer, wait_ms, gave_up, r);
	else
		finish(r);
}

const char *rsip_method_name(const struct rsip *r)
{
	return methods[r->informed || r->method == RSIP_RESTART ? RSIP_RESTART : r->method].name;
}

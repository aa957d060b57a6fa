// SPDX-License-Identifier: GPL-3.0-or-later
#include "mediagw/line_service.h"
#include "mediagw/counters.h"
#include "mediagw/notified.h"
#include "mediagw/rsip.h"

static enum line_service service_of(const struct line *l)
{
	switch (l->channel->state) {
	case TDM_IN_SERVICE:
	case TDM_IN_USE:
	case TDM_BLOCKED:
		return LINE_IN_SERVICE;
	case TDM_DRAINING:
		return LINE_LEAVING;
	default:
		return LINE_OUT_OF_SERVICE;
	}
}

/* How it is told that a line which was `from` now is what it is. */
static enum mgcp_restart_method method_of(enum line_service from, enum line_service to)
{
	if (to == LINE_OUT_OF_SERVICE)
		return MGCP_FORCED;
	if (to == LINE_LEAVING)
		return MGCP_GRACEFUL;
	return from == LINE_LEAVING ? MGCP_CANCEL_GRACEFUL : MGCP_RESTART;
}

/* The reasons of 2.5 are those of connections that end for it. */
static unsigned reason_of(const struct line *l)
{
	return service_of(l) == LINE_IN_SERVICE ? 0 : 900 + (unsigned)line_end_reason(l->channel);
}

/* --- several in one command --------------------------------------------------------------------------------------- */

static bool is_sibling(const struct line *l, const struct endpoint *e)
{
	return e->line && e->kind == l->ep->kind && e->line->channel->span == l->channel->span;
}

/* Whether what is to be told of `l` is to be told of every line of its span. */
static bool is_whole_span(const struct line *l)
{
	const struct endpoint *e;
	if (l->channel->kind == TDM_SPAN_ANALOG)
		return false; /* their names have no span */
	list_foreach(e, &l->ep->gw->endpoints, link)
		if (is_sibling(l, e) && (e->line->told != l->told || service_of(e->line) != service_of(l) || reason_of(e->line) != reason_of(l) ||
					 e->notified != l->ep->notified))
			return false;
	return true;
}

/* Of all lines of its span, or its own. */
static void name_of(const struct line *l, bool all, struct buf *out)
{
	struct slice name = slice_str(l->ep->name);
	size_t end = name.len;
	while (all && name.p[end - 1] != '/')
		end--;
	buf_slice(out, slice_of(name.p, end));
	buf_str(out, all ? "*@" : "@");
	buf_str(out, l->ep->gw->p.domain);
}

static void told(struct line *l, bool all, enum line_service now)
{
	struct endpoint *e;
	l->told = now;
	if (all)
		list_foreach(e, &l->ep->gw->endpoints, link)
			if (is_sibling(l, e))
				e->line->told = now;
}

static void on_response(void *arg, int err, const struct mgcp_msg *rsp)
{
}

static void tell(struct line *l)
{
	struct gateway *gw = l->ep->gw;
	enum line_service now = service_of(l);
	bool all = is_whole_span(l);
	char mem[512], name[300];
	struct buf out = buf_fixed(mem, sizeof mem), full = buf_fixed(name, sizeof name);
	uint32_t tid = mgcp_next_tid(gw->p.peer);
	name_of(l, all, &full);
	mgcp_write_command(&out, MGCP_RSIP, tid, buf_z(&full));
	mgcp_write_text(&out, MGCP_P_RESTART_METHOD, slice_str(mgcp_restart_method_name(method_of(l->told, now))));
	if (reason_of(l))
		mgcp_write_param(&out, MGCP_P_REASON_CODE, "%u", reason_of(l));
	mgcp_write_end(&out, SLICE_NONE);
	told(l, all, now);
	if (!out.err && !notified_command(l->ep->notified, tid, buf_text(&out), on_response, l->ep))
		mg_count[MG_RSIP_SENT]++;
}

static void tell_all(void *arg)
{
	struct gateway *gw = arg;
	struct endpoint *e;
	if (!gw->p.peer)
		return;
	list_foreach(e, &gw->endpoints, link)
		if (e->line && e->line->told != service_of(e->line) && rsip_is_connected(e->notified))
			tell(e->line);
}

void line_service_changed(struct gateway *gw)
{
	timer_start(&gw->line_service, 0, tell_all, gw);
}

void line_service_fresh(struct gateway *gw, const struct notified *n)
{
	struct endpoint *e;
	list_foreach(e, &gw->endpoints, link)
		if (e->line && e->notified == n)
			e->line->told = LINE_IN_SERVICE;
	line_service_changed(gw);
}

enum mgcp_restart_method line_service_audit(const struct line *l, unsigned *reason)
{
	enum line_service now = service_of(l);
	*reason = reason_of(l);
	return now == LINE_IN_SERVICE ? MGCP_RESTART : method_of(LINE_IN_SERVICE, now);
}

// SPDX-License-Identifier: GPL-3.0-or-later
/* DeleteConnection, from the call agent (RFC 3435 2.3.7, 2.3.9) and to it (2.3.8). */
#include "base/log.h"
#include "mediagw/counters.h"
#include "mediagw/lookup.h"
#include "mediagw/notified.h"
#include "mediagw/quality.h"
#include "mediagw/record.h"
#include "mediagw/rqnt.h"

static void drop(struct conn *c)
{
	mg_count[MG_DLCX]++;
	record_del(c);
	endpoint_remove(c->ep, c);
}

/* Connections of one endpoint, of `call` when it is given. */
static void drop_all(struct endpoint *e, struct slice call)
{
	struct conn *it;
	list_foreach_safe(it, &e->conns, link)
		if (!slice_is_set(call) || call_matches(it, call))
			drop(it);
	endpoint_release_idle(e);
}

static unsigned delete_many(struct gateway *gw, const struct command *cmd, struct answer *a)
{
	struct slice call = mgcp_param(cmd->msg, MGCP_P_CALL_ID);
	struct endpoint *e;
	if (slice_is_set(mgcp_param(cmd->msg, MGCP_P_REQUEST_ID)))
		return refuse(a, 510, "no notification request goes with the deletion of several connections");
	if (cmd->name.kind == NAME_ONE) {
		e = endpoint_find(gw, cmd->name.place);
		if (e)
			drop_all(e, call);
		return 250;
	}
	list_foreach_safe(e, &gw->endpoints, link)
		if (endpoint_is_named(e, &cmd->name))
			drop_all(e, call);
	return 250;
}

unsigned verb_dlcx(struct gateway *gw, const struct command *cmd, struct answer *a)
{
	struct request request;
	const char *why = NULL;
	struct conn *c;
	if (!slice_is_set(mgcp_param(cmd->msg, MGCP_P_CONNECTION_ID)))
		return delete_many(gw, cmd, a);
	if (cmd->name.kind != NAME_ONE)
		return refuse(a, 503, "one connection is on one endpoint");
	unsigned code = lookup_conn(gw, cmd, false, &c, a);
	if (code)
		return code;
	struct endpoint *e = c->ep;
	code = request_parse(&request, e, cmd->msg, NULL, &why);
	if (!code) {
		code = request_apply(e, &request, &why);
		request_drop(&request);
	}
	if (code)
		return refuse(a, code, why);
	quality_write(c, &a->lines);
	drop(c);
	endpoint_release_idle(e);
	return 250;
}

/* --- from us ------------------------------------------------------------------------------------------------------ */

/* 2.5: the reasons of a gateway. */
static const char *const reasons[] = {
	[CONN_MALFUNCTION] = "900 endpoint malfunctioning",
	[CONN_OUT_OF_SERVICE] = "901 endpoint taken out of service",
	[CONN_LOWER_LAYER] = "902 loss of lower layer connectivity",
};

/* notified.c sees to an entity that does not answer. */
static void on_told(void *arg, int err, const struct mgcp_msg *rsp)
{
	if (err)
		mg_count[MG_NOTIFY_LOST]++;
}

static void tell(const struct conn *c, const char *reason)
{
	struct endpoint *e = c->ep;
	char mem[1024], name[300];
	struct buf out = buf_fixed(mem, sizeof mem), full = buf_fixed(name, sizeof name);
	uint32_t tid = c->gw->p.peer ? mgcp_next_tid(c->gw->p.peer) : 0;
	buf_printf(&full, "%s@%s", e->name, c->gw->p.domain);
	mgcp_write_command(&out, MGCP_DLCX, tid, buf_z(&full));
	mgcp_write_text(&out, MGCP_P_CALL_ID, slice_str(c->call));
	mgcp_write_text(&out, MGCP_P_CONNECTION_ID, slice_str(c->id));
	mgcp_write_text(&out, MGCP_P_REASON_CODE, slice_str(reason));
	quality_write(c, &out);
	mgcp_write_end(&out, SLICE_NONE);
	if (!tid || out.err || notified_command(e->notified, tid, buf_text(&out), on_told, e))
		mg_count[MG_NOTIFY_LOST]++;
}

void conn_end(struct conn *c, enum conn_end why)
{
	log_warn(c->ep->name, "call %s connection %s is ended: %s", c->call, c->id, reasons[why]);
	mg_count[MG_ENDED]++;
	tell(c, reasons[why]);
	record_del(c);
	endpoint_remove(c->ep, c);
}

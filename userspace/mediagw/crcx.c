// SPDX-License-Identifier: GPL-3.0-or-later
/* CreateConnection (RFC 3435 2.3.5). */
#include "base/mem.h"
#include "mediagw/counters.h"
#include "mediagw/localsdp.h"
#include "mediagw/notified.h"
#include "mediagw/record.h"
#include "mediagw/rqnt.h"
#include "mediagw/watch.h"
#include <errno.h>

/* The family of the description's first c= line; an old hold's 0.0.0.0 says nothing. */
static bool described_family(struct slice sdp, enum family *ret)
{
	for (struct slice line = slice_line(&sdp); slice_is_set(line); line = slice_line(&sdp)) {
		if (slice_starts(line, SLICE("c=IN IP6 "))) {
			*ret = FAMILY_V6;
			return true;
		}
		if (slice_starts(line, SLICE("c=IN IP4 ")) && !slice_eq(slice_trim(slice_from(line, 9)), SLICE("0.0.0.0"))) {
			*ret = FAMILY_V4;
			return true;
		}
	}
	return false;
}

static enum family choose_family(const struct conn_change *ch, const struct address *a)
{
	enum family f;
	if (described_family(ch->sdp, &f))
		return f;
	if (addr_is_set(&ch->signalling))
		return family_of(&ch->signalling);
	return addr_is_set(&a->local[FAMILY_V4]) ? FAMILY_V4 : FAMILY_V6;
}

/* X-With: the endpoint that the command before this one was given, when that is the one meant and its connection is of the same call. */
static struct endpoint *given_before(const struct gateway *gw, const struct command *cmd)
{
	uint32_t tid;
	if (slice_u32(mgcp_param(cmd->msg, MGCP_P_X_WITH), &tid) || tid != gw->given.tid || !addr_eq(cmd->src, &gw->given.src))
		return NULL;
	struct endpoint *e = endpoint_find(gw, gw->given.place);
	const struct conn *c = e && e->n_conns ? container_of(list_first(&e->conns), struct conn, link) : NULL;
	return c && slice_caseeq(slice_str(c->call), slice_trim(mgcp_param(cmd->msg, MGCP_P_CALL_ID))) ? e : NULL;
}

static void note_given(struct gateway *gw, const struct command *cmd, const struct endpoint *e)
{
	gw->given.src = *cmd->src;
	gw->given.tid = cmd->msg->tid;
	gw->given.place = e->place;
}

/* The endpoint the command means; `code` 0 and *ret, or the refusal. */
static unsigned find_endpoint(struct gateway *gw, const struct command *cmd, struct endpoint **ret, struct answer *a)
{
	int err = 0;
	if (cmd->name.kind == NAME_ONE)
		err = endpoint_get(gw, cmd->name.place, ret);
	else if (!slice_is_set(mgcp_param(cmd->msg, MGCP_P_X_WITH)))
		err = cmd->name.type->any(gw, &cmd->name, ret);
	else if (!(*ret = given_before(gw, cmd)))
		return 500;
	if (err == -EBUSY)
		return refuse(a, 410, cmd->name.type->none_free);
	if (err)
		return 400;
	if ((*ret)->n_conns >= (*ret)->kind->connections)
		return 540;
	const char *why = NULL;
	unsigned code = (*ret)->kind->admit ? (*ret)->kind->admit(*ret, &why) : 0;
	return code ? refuse(a, code, why) : 0;
}

static unsigned open_ports(struct conn *c, const struct command *cmd, const struct conn_change *ch, struct answer *a)
{
	struct slice name = mgcp_param(cmd->msg, MGCP_P_X_ADDRESS);
	struct address *address = address_find(c->gw->p.addresses, name);
	if (!address) {
		buf_printf(&a->comment, "no address is named %.*s", (int)(name.len < 64 ? name.len : 64), name.p ? name.p : "");
		return 502;
	}
	int err = conn_open_ports(c, address, choose_family(ch, address), &a->comment);
	/* What passes with time is 4xx; what only an operator can change is 5xx (2.4). */
	return !err ? 0 : err == -EBUSY ? 403 : err == -ENOMEM ? 400 : 502;
}

/* Everything but the endpoint: a connection that is ready to be put on it. */
static unsigned make(struct endpoint *e, const struct command *cmd, const struct conn_change *ch, struct answer *a, struct conn **ret)
{
	struct conn *c;
	const char *why = NULL;
	if (ch->has_mode && !endpoint_has_mode(e, ch->mode))
		return refuse(a, 517, "this kind of endpoint has no such mode");
	int err = conn_new(&c, e, slice_trim(mgcp_param(cmd->msg, MGCP_P_CALL_ID)));
	if (err)
		return err == -ENOSPC ? refuse(a, 516, "call identifier is too long") : 400;
	unsigned code = open_ports(c, cmd, ch, a);
	if (!code && (code = conn_set(c, ch, &why)))
		refuse(a, code, why);
	if (!code && (conn_apply(c) || localsdp_write(c)))
		code = 400;
	if (code)
		mem_deref(c);
	else
		*ret = c;
	return code;
}

/* Puts the connection on its endpoint, with the request that comes with it. */
static unsigned put_on(struct endpoint *e, struct conn *c, const struct command *cmd, struct answer *a)
{
	struct request r;
	const char *why = NULL;
	unsigned code = request_parse(&r, e, cmd->msg, c, &why);
	if (code) {
		mem_deref(c);
		return refuse(a, code, why);
	}
	if (endpoint_add(e, c)) {
		mem_deref(c);
		code = 400;
	} else if ((code = request_apply(e, &r, &why))) {
		endpoint_remove(e, c);
		refuse(a, code, why);
	}
	request_drop(&r);
	return code;
}

static void respond(struct answer *a, const struct command *cmd, const struct conn *c)
{
	buf_str(&a->lines, "I: ");
	buf_str(&a->lines, c->id);
	buf_str(&a->lines, "\r\n");
	if (cmd->name.kind == NAME_ANY) {
		buf_str(&a->lines, "Z: ");
		buf_str(&a->lines, c->ep->name);
		buf_char(&a->lines, '@');
		buf_slice(&a->lines, cmd->msg->ep_host);
		buf_str(&a->lines, "\r\n");
	}
	buf_slice(&a->sdp, buf_text(&c->local_sdp));
}

unsigned verb_crcx(struct gateway *gw, const struct command *cmd, struct answer *a)
{
	struct conn_change ch;
	struct endpoint *e = NULL;
	struct conn *c = NULL;
	const char *why = NULL;
	if (slice_is_set(mgcp_param(cmd->msg, MGCP_P_SECOND_ENDPOINT)))
		return refuse(a, 507, "connections to a second endpoint are not supported");
	unsigned code = conn_change_parse(&ch, cmd->msg, &why);
	if (code)
		return refuse(a, code, why);
	code = find_endpoint(gw, cmd, &e, a);
	if (!code)
		code = make(e, cmd, &ch, a, &c);
	if (!code)
		code = put_on(e, c, cmd, a);
	if (code) {
		if (e)
			endpoint_release_idle(e);
		return code;
	}
	record_put(c);
	watch_asked(c);
	respond(a, cmd, c);
	if (cmd->name.kind == NAME_ANY) {
		note_given(gw, cmd, e);
		notified_heard(gw, e, cmd->src);
	}
	mg_count[MG_CRCX]++;
	return 200;
}

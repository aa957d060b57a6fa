// SPDX-License-Identifier: GPL-3.0-or-later
#include "mediagw/rqnt.h"
#include "base/log.h"
#include "base/mem.h"
#include "mediagw/counters.h"
#include "mediagw/digits.h"
#include "mediagw/rsip.h"
#include "mediagw/watch.h"
#include "mgcp/gateway.h"
#include <errno.h>

#define RTO_DEFAULT_S 60 /* RFC 3660 2.10 */

/* --- reading ------------------------------------------------------------------------------------------------------ */

struct event {
	struct slice package, name, conn;
	uint32_t rto_s;
	uint32_t digits; /* set of telephone-events */
};

/* The decimal argument among those in parentheses: (N)(120,st=im). Actions are letters. */
static int timeout_of(struct slice args, uint32_t *ret)
{
	*ret = RTO_DEFAULT_S;
	while (slice_find(args, '(') == 0) {
		args = slice_from(args, 1);
		struct slice inside = slice_cut(&args, ')');
		if (!slice_is_set(args))
			return -EINVAL;
		while (slice_is_set(inside)) {
			struct slice one = slice_trim(slice_cut(&inside, ','));
			if (one.len && one.p[0] >= '0' && one.p[0] <= '9' && (slice_u32(one, ret) || !*ret || *ret > 65535))
				return -EINVAL;
		}
	}
	return slice_empty(args) ? 0 : -EINVAL;
}

static unsigned parse_rtp_package(struct event *e, struct slice args, const char **why)
{
	*why = "of package R, only rto can be detected";
	if (!slice_caseeq(e->name, SLICE("rto")))
		return 512;
	*why = "r/rto takes a time-out of 1 to 65535 seconds";
	return timeout_of(args, &e->rto_s) ? 538 : 0;
}

/* RFC 3660 2.2. What is asked for is told as it begins; nothing is collected. */
static unsigned parse_dtmf_package(struct event *e, struct slice args, const char **why)
{
	*why = "of package D, only digits can be detected";
	e->digits = digits_set(e->name);
	if (!e->digits)
		return 512;
	*why = "digits can only be notified, (N)";
	return slice_empty(args) || slice_caseeq(args, SLICE("(N)")) ? 0 : 523;
}

static const struct {
	struct slice name;
	unsigned (*parse)(struct event *e, struct slice args, const char **why);
} packages[] = {
	{SLICE("r"), parse_rtp_package},
	{SLICE("d"), parse_dtmf_package},
};

/* package/name@connection(args), 3.2.2.4 */
static unsigned event_parse(struct slice text, struct event *e, const char **why)
{
	ptrdiff_t paren = slice_find(text, '(');
	struct slice head = paren < 0 ? text : slice_of(text.p, (size_t)paren);
	struct slice args = paren < 0 ? slice_of(slice_end(text), 0) : slice_from(text, (size_t)paren);
	struct slice name = slice_cut(&head, '@');
	e->conn = head;
	e->package = slice_cut(&name, '/');
	e->name = name;
	e->rto_s = e->digits = 0;
	if (!slice_is_set(name)) { /* R is the default package */
		e->name = e->package;
		e->package = SLICE("r");
	}
	for (size_t i = 0; i < sizeof packages / sizeof packages[0]; i++)
		if (slice_caseeq(packages[i].name, e->package))
			return packages[i].parse(e, args, why);
	*why = "the packet relay knows packages R and D only";
	return 518;
}

static unsigned events_check(struct slice list, const char **why)
{
	struct event e;
	while (slice_is_set(list) && !slice_empty(slice_trim(list))) {
		unsigned code = event_parse(mgcp_list_next(&list), &e, why);
		if (code)
			return code;
	}
	return 0;
}

static bool about(const struct event *e, struct slice conn_id)
{
	return !slice_is_set(e->conn) || slice_eq(e->conn, SLICE("*")) || slice_caseeq(e->conn, conn_id);
}

uint32_t request_rto(struct slice events, struct slice conn_id)
{
	struct event e;
	const char *why;
	while (slice_is_set(events) && !slice_empty(slice_trim(events)))
		if (!event_parse(mgcp_list_next(&events), &e, &why) && e.rto_s && about(&e, conn_id))
			return e.rto_s;
	return 0;
}

/* "ca@[192.0.2.1]:2727", "192.0.2.1" (2.1.4); of a host name we know no address. */
static unsigned notified_parse(struct slice text, struct addr *ret, const char **why)
{
	struct slice host = slice_trim(text), user = slice_cut(&host, '@');
	if (!slice_is_set(host))
		host = user;
	/* An IPv4 literal may stand in brackets too (3.2.1.3). */
	struct slice inner = host;
	if (slice_starts(host, SLICE("[")) && slice_find(host, ']') > 0 && slice_find(slice_of(host.p, (size_t)slice_find(host, ']')), ':') < 0) {
		char flat[ADDR_STR_LEN];
		struct buf b = buf_fixed(flat, sizeof flat);
		inner = slice_from(host, 1);
		buf_slice(&b, slice_cut(&inner, ']'));
		buf_slice(&b, inner);
		if (!b.err && !addr_parse(ret, buf_text(&b), 2727))
			return 0;
	}
	*why = "the notified entity must be an address literal";
	return addr_parse(ret, host, 2727) ? 507 : 0;
}

unsigned request_parse(struct request *ret, const struct mgcp_msg *cmd, const char **why)
{
	struct slice signals = mgcp_param(cmd, MGCP_P_SIGNAL_REQUESTS), entity = mgcp_param(cmd, MGCP_P_NOTIFIED_ENTITY);
	struct request r = {.id = slice_trim(mgcp_param(cmd, MGCP_P_REQUEST_ID)), .events = mgcp_param(cmd, MGCP_P_REQUESTED_EVENTS)};
	r.given = slice_is_set(r.id);
	*why = "R: or S: without a request identifier";
	if (!r.given && (slice_is_set(r.events) || slice_is_set(signals)))
		return 510;
	*why = "the request identifier is empty or too long";
	if (r.given && (slice_empty(r.id) || r.id.len > REQUEST_ID_MAX))
		return 510;
	*why = "a packet relay gives no signals";
	if (!slice_empty(slice_trim(signals)))
		return 513;
	*why = "a packet relay collects no digits";
	if (!slice_empty(slice_trim(mgcp_param(cmd, MGCP_P_DIGIT_MAP))))
		return 519;
	unsigned code = events_check(r.events, why);
	if (!code)
		code = events_check(mgcp_param(cmd, MGCP_P_DETECT_EVENTS), why);
	if (!code && slice_is_set(entity)) {
		r.notified_text = slice_trim(entity);
		code = notified_parse(entity, &r.notified, why);
	}
	if (!code)
		*ret = r;
	return code;
}

/* --- executing ---------------------------------------------------------------------------------------------------- */

static int replace(struct buf *b, struct slice text)
{
	struct buf fresh = buf_growing();
	buf_slice(&fresh, text);
	if (fresh.err)
		return fresh.err;
	buf_reset(b);
	*b = fresh;
	return 0;
}

/* "$" is the connection that the command is about (3.2.2.4), and stays that one; without any it is none. */
static int replace_events(struct buf *b, struct slice events, const struct conn *current)
{
	struct buf named = buf_growing();
	for (ptrdiff_t at; current && (at = slice_search(events, SLICE("@$"))) >= 0; events = slice_from(events, (size_t)at + 2)) {
		buf_slice(&named, slice_of(events.p, (size_t)at + 1));
		buf_str(&named, current->id);
	}
	buf_slice(&named, events);
	int err = named.err ? named.err : replace(b, buf_text(&named));
	buf_reset(&named);
	return err;
}

int request_apply(struct endpoint *e, const struct request *r, const struct conn *current)
{
	struct conn *it;
	if (slice_is_set(r->notified_text)) {
		if (replace(&e->notified_text, r->notified_text))
			return -ENOMEM;
		e->notified = r->notified;
	}
	if (!r->given)
		return 0;
	if (replace_events(&e->requested, slice_trim(r->events), current))
		return -ENOMEM;
	slice_copy(r->id, e->request_id, sizeof e->request_id);
	list_foreach(it, &e->conns, link) {
		it->rto_s = request_rto(buf_text(&e->requested), slice_str(it->id));
		watch_update(it);
	}
	return 0;
}

static unsigned apply_one(struct gateway *gw, uint32_t place, const struct request *r)
{
	struct endpoint *e;
	int err = endpoint_get(gw, place, &e);
	if (!err) {
		err = request_apply(e, r, NULL);
		endpoint_release_idle(e);
	}
	return err ? 400 : 200;
}

/* NotificationRequest (2.3.3). */
unsigned verb_rqnt(struct gateway *gw, const struct command *cmd, struct answer *a)
{
	struct request r;
	const char *why = NULL;
	struct endpoint *e;
	unsigned code = request_parse(&r, cmd->msg, &why);
	if (code == 518)
		buf_str(&a->lines, "PL: R:0;D:1\r\n");
	if (code)
		return refuse(a, code, why);
	if (cmd->name.kind == NAME_ONE)
		return apply_one(gw, cmd->name.place, &r);
	code = 200;
	list_foreach_safe(e, &gw->endpoints, link)
		if (endpoint_is_named(e, &cmd->name) && apply_one(gw, e->place, &r) != 200)
			code = 400;
	return code;
}

/* --- telling ------------------------------------------------------------------------------------------------------ */

static void answered(void *arg, int err, const struct mgcp_msg *rsp)
{
	struct gateway *gw = arg;
	if (!err) {
		rsip_answered(gw->rsip);
		return;
	}
	mg_count[MG_NOTIFY_LOST]++;
	rsip_lost(gw->rsip);
}

void notify(struct endpoint *e, const char *observed)
{
	struct gateway *gw = e->gw;
	const struct addr *to = addr_is_set(&e->notified) ? &e->notified : &gw->p.agent;
	char mem[512], name[300];
	struct buf out = buf_fixed(mem, sizeof mem), full = buf_fixed(name, sizeof name);
	if (!gw->p.peer || !addr_is_set(to)) {
		mg_count[MG_NOTIFY_LOST]++;
		return;
	}
	uint32_t tid = mgcp_next_tid(gw->p.peer);
	buf_printf(&full, "%s@%s", e->name, gw->p.domain);
	mgcp_write_command(&out, MGCP_NTFY, tid, buf_z(&full));
	if (e->notified_text.len)
		mgcp_write_text(&out, MGCP_P_NOTIFIED_ENTITY, buf_text(&e->notified_text));
	mgcp_write_text(&out, MGCP_P_REQUEST_ID, slice_str(e->request_id));
	mgcp_write_text(&out, MGCP_P_OBSERVED_EVENTS, slice_str(observed));
	mgcp_write_end(&out, SLICE_NONE);
	if (out.err || mgcp_command(gw->p.peer, to, tid, buf_text(&out), answered, gw))
		mg_count[MG_NOTIFY_LOST]++;
}

void request_digit(const struct conn *c, uint32_t code)
{
	struct slice events = buf_text(&c->ep->requested);
	char observed[64], name = digits_name(code);
	const char *why;
	struct event e;
	while (name && slice_is_set(events) && !slice_empty(slice_trim(events))) {
		if (event_parse(mgcp_list_next(&events), &e, &why) || !(e.digits >> code & 1) || !about(&e, slice_str(c->id)))
			continue;
		struct buf b = buf_fixed(observed, sizeof observed);
		/* The connection is named to whoever asked by connection. */
		buf_printf(&b, slice_is_set(e.conn) ? "D/%c@%s" : "D/%c", name, c->id);
		notify(c->ep, buf_z(&b));
		return;
	}
}

// SPDX-License-Identifier: GPL-3.0-or-later
/* Request forwarding (RFC 3261 16.6): for each target where it goes and what is changed on the way; and which targets are tried now. */
#include "proxy/private.h"
#include "base/mem.h"
#include <errno.h>

/* --- step 7: the next hop ------------------------------------------------------------------------------------------ */

const struct sip_listener *forward_listener(struct proxy *p, const struct sip_listener *like, enum sip_transport t, const struct addr *peer)
{
	const struct sip_listener *l = like;
	if (like && (like->local.family != peer->family || like->transport != t))
		l = sip_stack_listener(p->params.stack, like->name, t, peer);
	return l ? l : sip_stack_listener(p->params.stack, NULL, t, peer);
}

/* The first route, or the Request-URI. */
int forward_next_uri(const struct forward *f, struct sip_uri *ret)
{
	struct slice path = f->path, first = path.len ? sip_values_cut(&path) : f->way->next;
	struct sip_nameaddr n;
	if (!slice_is_set(first))
		return sip_uri_parse(ret, f->uri);
	int err = sip_nameaddr_parse(&n, first);
	if (!err)
		*ret = n.uri;
	return err;
}

/* RFC 3263 4.1, 4.2: where an address, or a maddr, leads. */
static int addr_of(const struct sip_uri *uri, enum sip_transport t, struct addr *ret)
{
	struct slice maddr = sip_uri_param(uri, SLICE("maddr"));
	if (addr_parse_ip(ret, maddr.len ? maddr : uri->host))
		return -EHOSTUNREACH;
	ret->port = uri->port ? uri->port : sip_transports[t].port;
	return 0;
}

int forward_find_hop(struct proxy *p, struct forward *f)
{
	struct sip_uri uri;
	enum sip_transport transport;
	struct addr peer;
	if (f->hop.listener)
		return 0;
	if (forward_next_uri(f, &uri) || sip_uri_transport(&uri, &transport, NULL) || addr_of(&uri, transport, &peer))
		return -EHOSTUNREACH;
	f->hop.listener = forward_listener(p, f->way->out, transport, &peer);
	f->hop.peer = peer;
	return f->hop.listener ? 0 : -ENETUNREACH;
}

/* --- step 4: Record-Route ------------------------------------------------------------------------------------------ */

static bool makes_dialog(const struct sip_msg *req)
{
	return !req->to.tag.len && (req->method == SIP_INVITE || req->method == SIP_SUBSCRIBE || req->method == SIP_REFER);
}

/* Whether requests to `uri` would not reach `peer`, so that only its flow leads there: it sits behind a NAT, dialled in over a connection, or has a
 * name that leads nowhere (RFC 7118 5.3). */
static bool is_elsewhere(const struct sip_uri *uri, const struct addr *peer)
{
	struct addr a;
	return sip_uri_addr(uri, &a) ? !sip_locate_is_name(uri) : !addr_eq(&a, peer);
}

/* Its sender is the user agent itself, and its Contact is not where it sends from. */
static bool needs_flow_back(const struct sip_msg *req)
{
	const struct sip_hdr *via = sip_msg_hdr(req, SIP_HDR_VIA), *contact = sip_msg_hdr(req, SIP_HDR_CONTACT);
	struct sip_nameaddr n;
	return !sip_msg_next(req, via) && slice_find(via->value, ',') < 0 && contact && !sip_nameaddr_parse(&n, contact->value) && !n.star &&
	       is_elsewhere(&n.uri, &req->src);
}

static bool needs_flow_on(const struct forward *f)
{
	struct sip_uri uri;
	return !f->path.len && !slice_is_set(f->way->next) && !sip_uri_parse(&uri, f->uri) && is_elsewhere(&uri, &f->hop.peer);
}

/* A URI of ours on one side, as `peer` there sees it. */
static void put_own_uri(struct proxy *p, const char *name, char kind, const struct sip_listener *l, const struct addr *peer, bool flow,
			const struct forward *f, const char *params)
{
	struct buf *out = &p->lines;
	char token[64];
	buf_str(out, name);
	buf_str(out, slice_casestarts(f->uri, SLICE("sips:")) ? ": <sips:" : ": <sip:");
	buf_slice(out, token_make(p, kind, flow ? peer : NULL, kind == 'p' ? SLICE_NONE : f->req->call_id, token));
	buf_char(out, '@');
	buf_slice(out, sip_listener_text(l, peer));
	buf_str(out, sip_transports[l->transport].param);
	buf_str(out, params);
	buf_str(out, ">\r\n");
}

/* One, or two where the sides differ: each names the address its side can reach (RFC 5658), and its flow. */
static void put_record_route(struct proxy *p, const struct forward *f)
{
	bool back = needs_flow_back(f->req), on = needs_flow_on(f);
	const struct addr *source = &f->req->src;
	if (back || on || f->from != f->hop.listener)
		put_own_uri(p, "Record-Route", 'r', f->hop.listener, &f->hop.peer, on, f, ";lr");
	put_own_uri(p, "Record-Route", 'r', f->from, source, back, f, ";lr");
}

/* RFC 3327 5.1; RFC 5626 5.1 for a user agent that keeps its flow. */
static void put_path(struct proxy *p, const struct forward *f)
{
	const struct sip_hdr *via = sip_msg_hdr(f->req, SIP_HDR_VIA);
	bool direct = !sip_msg_next(f->req, via) && slice_find(via->value, ',') < 0;
	if (!sip_msg_has_token(f->req, SIP_HDR_SUPPORTED, SLICE("path")))
		return;
	bool outbound = direct && sip_msg_has_token(f->req, SIP_HDR_SUPPORTED, SLICE("outbound"));
	/* The registrar comes back to the address that its side can reach. */
	if (f->from != f->hop.listener)
		put_own_uri(p, "Path", 'p', f->hop.listener, &f->hop.peer, false, f, ";lr");
	put_own_uri(p, "Path", 'p', f->from, &f->req->src, direct, f, outbound ? ";lr;ob" : ";lr");
}

/* --- steps 3 and 6: Route ------------------------------------------------------------------------------------------- */

struct routes {
	struct buf *out;
	struct slice strict; /* URI of a first route without lr: it becomes the Request-URI, which goes to the end */
	bool any;
};

static void put_route(struct routes *r, struct slice value, bool first)
{
	struct sip_nameaddr n;
	if (first && !sip_nameaddr_parse(&n, value) && !slice_is_set(sip_uri_param(&n.uri, SLICE("lr")))) {
		r->strict = n.uri.text;
		return;
	}
	buf_str(r->out, r->any ? ", " : "Route: ");
	buf_slice(r->out, value);
	r->any = true;
}

static unsigned count_routes(const struct sip_msg *req)
{
	struct sip_values it = {0};
	struct slice value;
	unsigned n = 0;
	while (sip_msg_each(req, SIP_HDR_ROUTE, &it, &value))
		n++;
	return n;
}

/* Those of the target's path, then those that came and were not ours. Returns the strict router's URI, or an absent slice. */
static struct slice put_routes(struct proxy *p, const struct forward *f)
{
	struct routes r = {.out = &p->lines};
	struct sip_values it = {0};
	struct slice value, path = f->path;
	unsigned i = 0, first = 0, last = count_routes(f->req) - f->way->last_taken;
	while (path.len) {
		value = sip_values_cut(&path);
		put_route(&r, value, !first++);
	}
	for (; sip_msg_each(f->req, SIP_HDR_ROUTE, &it, &value); i++)
		if (i >= f->way->taken && i < last)
			put_route(&r, value, !first++);
	if (slice_is_set(r.strict)) {
		buf_str(r.out, r.any ? ", <" : "Route: <");
		buf_slice(r.out, f->uri);
		buf_char(r.out, '>');
		r.any = true;
	}
	if (r.any)
		buf_add(r.out, "\r\n", 2);
	return r.strict;
}

/* --- the message ---------------------------------------------------------------------------------------------------- */

static bool routes_stay(const struct forward *f)
{
	struct sip_nameaddr n;
	if (f->path.len || f->way->taken || f->way->last_taken)
		return false;
	return !slice_is_set(f->way->next) || sip_nameaddr_parse(&n, f->way->next) || slice_is_set(sip_uri_param(&n.uri, SLICE("lr")));
}

int forward_rewrite(struct proxy *p, const struct forward *f, struct sip_rewrite *how, char branch[SIP_FORWARD_BRANCH])
{
	struct buf *out = &p->lines;
	out->len = 0;
	*how = (struct sip_rewrite){.ruri = f->uri, .max_forwards = hops_left(f->req), .routes = !routes_stay(f)};
	if (p->params.consumed && sip_msg_hdr(f->req, SIP_HDR_PROXY_AUTHORIZATION))
		how->consumed = p->params.consumed(p->params.arg, f->req);
	how->branch = token_branch(p, &f->req->via, f->req->call_id, f->number, f->loop, branch);
	if (f->req->method != SIP_ACK && f->req->method != SIP_CANCEL) {
		buf_str(out, "Max-Breadth: ");
		buf_u64(out, f->breadth);
		buf_add(out, "\r\n", 2);
	}
	if (p->params.record_route && makes_dialog(f->req))
		put_record_route(p, f);
	if (p->params.path && f->req->method == SIP_REGISTER)
		put_path(p, f);
	if (how->routes) {
		struct slice strict = put_routes(p, f);
		how->ruri = slice_is_set(strict) ? strict : f->uri;
	}
	if (out->err) {
		buf_reset(out);
		return -ENOMEM;
	}
	how->headers = buf_text(out);
	return how->branch.len ? 0 : -EIO;
}

/* --- which targets -------------------------------------------------------------------------------------------------- */

static int find_hop(struct branch *b, struct forward *f)
{
	struct proxy_context *c = b->c;
	int err = b->servers ? -EHOSTUNREACH : forward_find_hop(c->proxy, f);
	if (err == -EHOSTUNREACH)
		err = locate_hop(b, f);
	/* RFC 5630 5.3: what is asked for securely goes securely. */
	if (!err && c->way.uri.scheme == SIP_SCHEME_SIPS && !sip_transports[f->hop.listener->transport].secure)
		err = -EPROTONOSUPPORT;
	return err;
}

int forward_start(struct branch *b)
{
	struct proxy_context *c = b->c;
	struct forward f = {.from = sip_strans_listener(c->st), .req = c->req, .way = &c->way, .uri = b->uri, .path = b->path, .hop = b->hop,
			    .number = b->number, .breadth = b->breadth, .loop = c->loop};
	struct sip_rewrite how;
	char branch[SIP_FORWARD_BRANCH];
	if (!f.from)
		return -ESHUTDOWN;
	int err = find_hop(b, &f);
	if (!err && b->instance.len && !sip_flow_is_open(&f.hop))
		err = -ENOTCONN;
	if (err)
		return err;
	err = forward_rewrite(c->proxy, &f, &how, branch);
	b->ct = mem_deref(b->ct);
	if (!err)
		err = sip_forward_request(&b->ct, &f.hop, &how, c->req, response_take, b, c);
	if (err)
		return err;
	proxy_counts[PROXY_CNT_FORWARDED]++;
	b->hop = f.hop;
	b->state = BRANCH_TRYING;
	if (c->invite) {
		timer_c_start(b);
		timer_first_start(b);
	}
	return 0;
}

static bool runs(const struct branch *b)
{
	return b->state == BRANCH_LOCATING || b->state == BRANCH_TRYING || b->state == BRANCH_PROCEEDING;
}

static bool is_running(const struct proxy_context *c)
{
	const struct branch *b;
	list_foreach(b, &c->branches, link)
		if (runs(b))
			return true;
	return false;
}

static bool has_flow_running(const struct branch *b)
{
	const struct branch *other;
	list_foreach(other, &b->c->branches, link)
		if (runs(other) && b->instance.len && slice_eq(other->instance, b->instance))
			return true;
	return false;
}

/* The first of its instance among those that wait with the same q. */
static bool is_first_flow(const struct branch *b)
{
	const struct branch *other;
	list_foreach(other, &b->c->branches, link) {
		if (other == b)
			return true;
		if (other->state == BRANCH_WAITING && other->q == b->q && b->instance.len && slice_eq(other->instance, b->instance))
			return false;
	}
	return true;
}

/* How many can be tried at once with the highest q that waits, and that q. */
static unsigned next_group(const struct proxy_context *c, unsigned *q)
{
	const struct branch *b;
	unsigned n = 0;
	list_foreach(b, &c->branches, link)
		if (b->state == BRANCH_WAITING && (!n || b->q == *q)) {
			*q = b->q;
			n += is_first_flow(b);
		}
	return n;
}

/* Who counts calls may not want it. */
static unsigned is_unwanted(const struct branch *b)
{
	const struct proxy_params *p = &b->c->proxy->params;
	const struct proxy_target t = targets_of(b);
	return b->c->call && p->calls.try ? p->calls.try(p->arg, b->c->call, &t) : 0;
}

/* 0, or the status that stands for its answer. */
static unsigned start(struct branch *b)
{
	if (!b->breadth) {
		proxy_counts[PROXY_CNT_BREADTH]++;
		return 440;
	}
	unsigned status = is_unwanted(b);
	int err = status ? 0 : forward_start(b);
	if (!err || err == -EINPROGRESS)
		return status;
	proxy_counts[PROXY_CNT_NO_HOP]++;
	return err == -ENOTCONN ? 430 : err == -EPROTONOSUPPORT ? 480 : 503;
}

static void try(struct proxy_context *c, struct branch *b, unsigned share)
{
	b->breadth = share;
	unsigned status = start(b);
	if (!status)
		return;
	b->state = BRANCH_DONE;
	response_own(c, status);
}

/* RFC 5393 5.3.3: the breadth that came is divided among those that run at the same time. */
static void start_group(struct proxy_context *c, unsigned n, unsigned q)
{
	struct branch *b;
	unsigned share = c->breadth / n;
	if (n > 1)
		proxy_counts[PROXY_CNT_FORKED]++;
	list_foreach(b, &c->branches, link)
		if (b->state == BRANCH_WAITING && b->q == q && !has_flow_running(b))
			try(c, b, share);
}

void forward_instance(struct branch *b, bool flow_failed)
{
	struct branch *other;
	if (!b->instance.len)
		return;
	list_foreach(other, &b->c->branches, link) {
		if (other->state != BRANCH_WAITING || !slice_eq(other->instance, b->instance))
			continue;
		if (!flow_failed)
			other->state = BRANCH_DONE;
		else if (!b->c->closed && !has_flow_running(other))
			try(b->c, other, 1);
	}
}

void forward_next(struct proxy_context *c)
{
	unsigned n, q = 0;
	while (!is_running(c)) {
		n = c->closed ? 0 : next_group(c, &q);
		if (!n) {
			response_finish(c);
			return;
		}
		start_group(c, n, q);
	}
}

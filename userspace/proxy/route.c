// SPDX-License-Identifier: GPL-3.0-or-later
/* Route information preprocessing (RFC 3261 16.4): what of Route and Request-URI was put there by us, and what that says. */
#include "proxy/private.h"

/* Whether the peer of a flow that is gone is to be waited for: it dialled in over TLS or WebSocket, and its Contact is no other place. */
static bool comes_back(const struct way *w, const struct sip_flow *flow)
{
	struct addr a;
	if (flow->listener->transport < SIP_TLS)
		return false;
	return sip_uri_addr(&w->uri, &a) ? !sip_locate_is_name(&w->uri) : addr_ip_eq(&a, &flow->peer);
}

/* A route that names us. Its token, when it has one, proves the dialog and may name a flow; the last such route is the side the
 * request leaves by (RFC 5658). */
static bool is_ours(struct proxy *p, const struct sip_msg *req, const struct sip_uri *uri, struct way *w)
{
	const struct sip_listener *l = sip_stack_listener_of_uri(p->params.stack, uri);
	struct addr peer = {0};
	if (!l)
		return uri->scheme <= SIP_SCHEME_SIPS && !slice_is_set(uri->user) && p->params.is_ours(p->params.arg, req, uri);
	char kind = token_read(p, uri->user, req->call_id, &peer);
	if (uri->user.len && !kind)
		proxy_counts[PROXY_CNT_FORGED]++;
	w->dialog = w->dialog || (kind == 'r' && req->to.tag.len); /* what begins another dialog has to be admitted itself */
	w->out = kind ? l : NULL; /* a route that somebody was told to use says nothing of the other side */
	/* A connection that is gone leads nowhere: the Contact may (RFC 3665 3.7). */
	struct sip_flow flow = {l, peer, true};
	w->flow = addr_is_set(&peer) && (sip_flow_is_open(&flow) || comes_back(w, &flow)) ? flow : (struct sip_flow){0};
	return true;
}

/* A URI as our Record-Route or Service-Route has it. */
static bool is_own_route(struct proxy *p, const struct sip_msg *req, struct way *w)
{
	struct addr peer;
	const struct sip_uri *uri = &req->ruri;
	bool made = uri->user.len ? token_read(p, uri->user, req->call_id, &peer) == 'r' : slice_is_set(sip_uri_param(uri, SLICE("lr")));
	return made && sip_stack_listener_of_uri(p->params.stack, uri) && is_ours(p, req, uri, w);
}

/* Step 1: a Request-URI that is a route of ours: a strict router sent this, and what it was for is the last Route. */
static bool from_strict_router(struct proxy *p, const struct sip_msg *req, struct way *w)
{
	struct sip_values it = {0};
	struct slice value, last = SLICE_NONE;
	struct sip_nameaddr n;
	if (!is_own_route(p, req, w))
		return false;
	while (sip_msg_each(req, SIP_HDR_ROUTE, &it, &value))
		last = value;
	if (!slice_is_set(last) || sip_nameaddr_parse(&n, last))
		return false;
	w->uri = n.uri;
	w->last_taken = true;
	return true;
}

/* Whether the request came in at the port and transport that a URI says. */
static bool came_by(const struct sip_msg *req, const struct sip_uri *uri)
{
	enum sip_transport t;
	if (!req->listener || sip_uri_transport(uri, &t, NULL) || t != req->listener->transport)
		return false;
	return (uri->port ? uri->port : sip_transports[t].port) == req->listener->local.port;
}

/* Step 2: a maddr that names us has done its work: without it, and what went with it, the URI means what it says. */
static unsigned take_maddr(struct proxy *p, const struct sip_msg *req, struct way *w)
{
	struct sip_uri own = w->uri;
	struct slice params = w->uri.params, param;
	struct buf *out = &p->uri;
	own.host = sip_uri_param(&w->uri, SLICE("maddr"));
	if (!own.host.len || !p->params.is_ours(p->params.arg, req, &own) || !came_by(req, &w->uri))
		return 0;
	out->len = 0;
	struct slice host = slice_of(w->uri.text.p, (size_t)(slice_end(w->uri.host) - w->uri.text.p) + w->uri.host_is_v6);
	buf_slice(out, host);
	while (params.len) {
		param = slice_cut(&params, ';');
		struct slice value = param, name = slice_cut(&value, '=');
		if (slice_caseeq(name, SLICE("maddr")) || slice_caseeq(name, SLICE("transport")))
			continue;
		buf_char(out, ';');
		buf_slice(out, param);
	}
	if (out->err) {
		buf_reset(out);
		return 500;
	}
	return sip_uri_parse(&w->uri, buf_text(out)) ? 500 : 0;
}

static unsigned preprocess(struct proxy *p, const struct sip_msg *req, struct way *w)
{
	struct sip_values it = {0};
	struct slice value;
	struct sip_nameaddr n;
	*w = (struct way){.uri = req->ruri};
	if (!sip_msg_hdr(req, SIP_HDR_ROUTE))
		return take_maddr(p, req, w);
	unsigned routes = 0;
	if (from_strict_router(p, req, w)) {
		while (sip_msg_each(req, SIP_HDR_ROUTE, &it, &value))
			routes++;
		it = (struct sip_values){0};
	}
	for (unsigned i = 1; sip_msg_each(req, SIP_HDR_ROUTE, &it, &value); i++) {
		if (w->last_taken && i == routes)
			break;
		if (sip_nameaddr_parse(&n, value))
			return 400;
		if (!is_ours(p, req, &n.uri, w)) {
			w->next = value;
			break;
		}
		w->taken++;
	}
	return take_maddr(p, req, w);
}

unsigned route_of(struct proxy *p, const struct sip_msg *req, struct way *w)
{
	unsigned status = preprocess(p, req, w);
	proxy_counts[PROXY_CNT_BAD_ROUTE] += status == 400;
	return status;
}

bool proxy_is_on_route(struct proxy *p, const struct sip_msg *req)
{
	struct way w;
	return sip_msg_hdr(req, SIP_HDR_ROUTE) && !preprocess(p, req, &w) && w.dialog;
}

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

/* A Request-URI that is our own Record-Route: a strict router sent this, and what it was for is the last Route. */
static bool from_strict_router(struct proxy *p, const struct sip_msg *req, struct way *w)
{
	struct addr peer;
	struct sip_values it = {0};
	struct slice value, last = SLICE_NONE;
	struct sip_nameaddr n;
	if (!req->ruri.user.len || token_read(p, req->ruri.user, req->call_id, &peer) != 'r' || !is_ours(p, req, &req->ruri, w))
		return false;
	while (sip_msg_each(req, SIP_HDR_ROUTE, &it, &value))
		last = value;
	if (!slice_is_set(last) || sip_nameaddr_parse(&n, last))
		return false;
	w->uri = n.uri;
	w->last_taken = true;
	return true;
}

static unsigned preprocess(struct proxy *p, const struct sip_msg *req, struct way *w)
{
	struct sip_values it = {0};
	struct slice value;
	struct sip_nameaddr n;
	*w = (struct way){.uri = req->ruri};
	if (!sip_msg_hdr(req, SIP_HDR_ROUTE))
		return 0;
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
	return 0;
}

unsigned route_of(struct proxy *p, const struct sip_msg *req, struct way *w)
{
	unsigned status = preprocess(p, req, w);
	proxy_counts[PROXY_CNT_BAD_ROUTE] += status != 0;
	return status;
}

bool proxy_is_on_route(struct proxy *p, const struct sip_msg *req)
{
	struct way w;
	return sip_msg_hdr(req, SIP_HDR_ROUTE) && !preprocess(p, req, &w) && w.dialog;
}

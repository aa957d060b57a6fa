// SPDX-License-Identifier: GPL-3.0-or-later
/* Passing messages on (RFC 3261 16.6, 16.7): whole runs of header lines are copied from what came, broken only where something of ours
 * stands instead or a line was not in its plain form. */
#include "sip/forward.h"
#include "sip/conn.h"
#include "sip/hdr.h"
#include "sip/parse.h"
#include "sip/stack_priv.h"
#include "base/mem.h"
#include <errno.h>

_Static_assert(SIP_FORWARD_BRANCH == SIP_BRANCH_SIZE, "a branch fits its transaction");

/* --- header lines ------------------------------------------------------------------------------------------------- */

/* A run of bytes of the message that passes as it came. */
struct run {
	struct buf *out;
	struct slice bytes;
};

static void flush(struct run *r)
{
	buf_slice(r->out, r->bytes);
	r->bytes = SLICE_NONE;
}

/* "Name: value" and CRLF, the name not abbreviated: what derives requests from this text looks for whole names. The message ends with a NUL. */
static bool is_plain(const struct sip_hdr *h)
{
	const char *colon = slice_end(h->name), *end = slice_end(h->value);
	return h->name.len > 1 && colon[0] == ':' && colon[1] == ' ' && h->value.p == colon + 2 && end[0] == '\r' && end[1] == '\n';
}

static void pass_line(struct run *r, const struct sip_hdr *h)
{
	if (!is_plain(h)) {
		flush(r);
		buf_slice(r->out, h->id == SIP_HDR_OTHER ? h->name : sip_hdr_table[h->id].name);
		buf_add(r->out, ": ", 2);
		buf_slice(r->out, h->value);
		buf_add(r->out, "\r\n", 2);
		return;
	}
	struct slice line = slice_of(h->name.p, (size_t)(slice_end(h->value) + 2 - h->name.p));
	if (slice_is_set(r->bytes) && slice_end(r->bytes) == line.p) {
		r->bytes.len += line.len;
	} else {
		flush(r);
		r->bytes = line;
	}
}

static bool is_one_of(enum sip_hdr_id id, const enum sip_hdr_id *ids)
{
	for (; *ids != SIP_HDR_MAX; ids++)
		if (*ids == id)
			return true;
	return false;
}

/* All header lines from the `from`-th on but those of `without`, a Content-Length if there was none, the blank line and the body. */
static void pass_rest(struct buf *out, const struct sip_msg *m, const struct sip_hdr *skip, const enum sip_hdr_id *without)
{
	struct run r = {.out = out};
	for (const struct sip_hdr *h = m->hdrs; h < m->hdrs + m->n_hdrs; h++)
		if (h != skip && !is_one_of(h->id, without))
			pass_line(&r, h);
	flush(&r);
	if (!sip_msg_hdr(m, SIP_HDR_CONTENT_LENGTH)) {
		buf_str(out, "Content-Length: ");
		buf_u64(out, m->body.len);
		buf_add(out, "\r\n", 2);
	}
	buf_add(out, "\r\n", 2);
	buf_slice(out, m->body);
}

static int written(struct buf *out)
{
	int err = out->err;
	if (err) {
		buf_reset(out);
		sip_counts[SIP_CNT_NOMEM]++;
	}
	return err;
}

/* --- requests ----------------------------------------------------------------------------------------------------- */

static int write_request(struct buf *out, const struct sip_place *p, const struct addr *dst, const struct sip_rewrite *how,
			 const struct sip_msg *req)
{
	static const enum sip_hdr_id ours[] = {SIP_HDR_VIA, SIP_HDR_MAX_FORWARDS, SIP_HDR_MAX_BREADTH, SIP_HDR_MAX},
				     and_routes[] = {SIP_HDR_VIA, SIP_HDR_MAX_FORWARDS, SIP_HDR_MAX_BREADTH, SIP_HDR_ROUTE, SIP_HDR_MAX};
	out->len = 0;
	buf_slice(out, req->method_text);
	buf_char(out, ' ');
	buf_slice(out, how->ruri);
	buf_str(out, " SIP/2.0\r\n");
	sip_put_via(out, p, dst, how->branch);
	sip_put_vias(out, req, NULL);
	buf_str(out, "Max-Forwards: ");
	buf_u64(out, how->max_forwards);
	buf_add(out, "\r\n", 2);
	buf_slice(out, how->headers);
	pass_rest(out, req, how->consumed, how->routes ? and_routes : ours);
	return written(out);
}

int sip_forward_request(struct sip_ctrans **ret, const struct sip_flow *to, const struct sip_rewrite *how, const struct sip_msg *req,
			sip_response_fn fn, void *arg, void *owner)
{
	struct sip_place *p = sip_place_of(to->listener);
	struct buf *out = &p->stack->scratch;
	int err = write_request(out, p, &to->peer, how, req);
	return err ? err : sip_ctrans_pass(ret, p, to, req->method, how->branch, buf_text(out), fn, arg, owner);
}

int sip_forward_request_once(const struct sip_flow *to, const struct sip_rewrite *how, const struct sip_msg *req)
{
	struct sip_place *p = sip_place_of(to->listener);
	struct buf *out = &p->stack->scratch;
	int err = write_request(out, p, &to->peer, how, req);
	if (err)
		return err;
	sip_counts[SIP_CNT_TX_REQUEST]++;
	return sip_send(p, &to->peer, buf_text(out));
}

/* --- responses ---------------------------------------------------------------------------------------------------- */

/* Without the topmost Via value; -EBADMSG when that was the only one: then it was for us, and nobody else. */
static int write_response(struct buf *out, const struct sip_msg *rsp, struct slice extra)
{
	static const enum sip_hdr_id none[] = {SIP_HDR_MAX};
	const struct sip_hdr *top = sip_msg_hdr(rsp, SIP_HDR_VIA);
	struct slice rest = top->value;
	sip_cut(&rest, ',');
	if (!slice_trim(rest).len && !sip_msg_next(rsp, top))
		return -EBADMSG;
	out->len = 0;
	buf_str(out, "SIP/2.0 ");
	buf_u64(out, rsp->status);
	buf_char(out, ' ');
	buf_slice(out, rsp->reason);
	buf_add(out, "\r\n", 2);
	if (slice_trim(rest).len)
		sip_put(out, "Via", slice_trim(rest));
	buf_slice(out, extra);
	pass_rest(out, rsp, top, none);
	return written(out);
}

int sip_forward_response(struct sip_strans *st, const struct sip_msg *rsp, struct slice extra)
{
	if (!st->stack)
		return -ESHUTDOWN;
	struct buf *out = &st->stack->scratch;
	int err = write_response(out, rsp, extra);
	return err ? err : sip_strans_pass(st, rsp->status, buf_text(out));
}

int sip_via_below(struct sip_via *ret, const struct sip_msg *m)
{
	struct sip_values it = {0};
	struct slice value;
	if (!sip_msg_each(m, SIP_HDR_VIA, &it, &value) || !sip_msg_each(m, SIP_HDR_VIA, &it, &value))
		return -EBADMSG;
	return sip_via_parse(ret, value) ? -EBADMSG : 0;
}

/* 18.2.2: where the request came from, as we wrote it into its Via then. */
static int via_addr(struct addr *ret, enum sip_transport *transport, const struct sip_via *v)
{
	int err = addr_parse_ip(ret, v->received.len ? v->received : v->host);
	if (!err)
		err = sip_transport_parse(transport, v->transport);
	if (!err)
		ret->port = v->rport_value ? v->rport_value : v->port ? v->port : sip_transports[*transport].port;
	return err;
}

int sip_forward_response_once(const struct sip_listener *l, const struct sip_msg *rsp)
{
	struct sip_place *p = sip_place_of(l);
	struct sip_via below;
	enum sip_transport transport;
	struct addr dst;
	int err = sip_via_below(&below, rsp);
	if (!err)
		err = via_addr(&dst, &transport, &below);
	if (!err)
		err = write_response(&p->stack->scratch, rsp, SLICE_NONE);
	if (err)
		return err;
	/* The side the request came in on is not known any more. */
	l = sip_stack_listener(p->stack, NULL, transport, &dst);
	if (!l)
		return -ENETUNREACH;
	p = sip_place_of(l);
	sip_counts[SIP_CNT_TX_RESPONSE]++;
	return sip_send(p, &dst, buf_text(&p->stack->scratch));
}

void sip_refuse_once(const struct sip_listener *l, const struct sip_msg *req, unsigned status, struct slice extra)
{
	sip_reply_stateless(sip_place_of(l), req, status, NULL, extra);
}

bool sip_flow_is_open(const struct sip_flow *flow)
{
	struct sip_place *p = sip_place_of(flow->listener);
	return !sip_place_reliable(p) || sip_conn_find(p, &flow->peer);
}

/* --- listeners ---------------------------------------------------------------------------------------------------- */

static bool is_at(const struct addr *a, const struct addr *ip, uint16_t port)
{
	return addr_ip_eq(a, ip) && a->port == port;
}

const struct sip_listener *sip_stack_listener_at(const struct sip_stack *s, enum sip_transport transport, struct slice host, uint16_t port)
{
	const struct sip_place *p;
	struct addr ip;
	if (addr_parse_ip(&ip, host))
		return NULL;
	list_foreach(p, &s->places, link) {
		uint16_t want = port ? port : sip_transports[p->l.transport].port;
		if ((transport == SIP_TRANSPORTS || sip_transport_fits(transport, p->l.transport)) && (is_at(&p->l.local, &ip, want) || is_at(&p->l.advertised, &ip, want)))
			return &p->l;
	}
	return NULL;
}

const struct sip_listener *sip_stack_listener_of_uri(const struct sip_stack *s, const struct sip_uri *uri)
{
	enum sip_transport t;
	return uri->scheme > SIP_SCHEME_SIPS || sip_uri_transport(uri, &t, NULL) ? NULL : sip_stack_listener_at(s, t, uri->host, uri->port);
}

const struct sip_listener *sip_stack_listener_of_via(const struct sip_stack *s, const struct sip_via *via)
{
	enum sip_transport t;
	return sip_transport_parse(&t, via->transport) ? NULL : sip_stack_listener_at(s, t, via->host, via->port);
}

struct slice sip_listener_text(const struct sip_listener *l, const struct addr *peer)
{
	return slice_str(sip_place_seen(sip_place_of(l), peer));
}

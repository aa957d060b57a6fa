// SPDX-License-Identifier: GPL-3.0-or-later
/* Transport (RFC 3261 18): writing responses, where they go, sending, and answers without a transaction. */
#include "sip/conn.h"
#include "sip/parse.h"
#include "base/mem.h"
#include <errno.h>

struct sip_block *sip_block_new(struct slice text)
{
	struct sip_block *b = mem_alloc(sizeof *b + text.len, NULL);
	if (!b)
		return NULL;
	b->len = text.len;
	memcpy(b->text, text.p, text.len);
	return b;
}

bool sip_place_reaches(const struct sip_place *p, const struct addr *dst)
{
	return p->stack->wire || !sip_place_reliable(p) || sip_conn_find(p, dst);
}

int sip_send(struct sip_place *p, const struct addr *dst, struct slice text)
{
	struct sip_stack *s = p->stack;
	int err;
	if (s->wire)
		err = s->wire(s->wire_arg, &p->l.local, dst, text);
	else
		err = sip_place_reliable(p) ? sip_conn_send(p, dst, text) : udp_send(p->udp, dst, text);
	if (err)
		sip_counts[SIP_CNT_TX_FAILED]++;
	else
		sip_transport_tx[p->l.transport]++;
	if (!err && s->trace && s->params.on_trace)
		s->params.on_trace(s->params.arg, true, &p->l, &p->l.local, dst, text);
	return err;
}

void sip_put(struct buf *out, const char *name, struct slice value)
{
	buf_str(out, name);
	buf_add(out, ": ", 2);
	buf_slice(out, value);
	buf_add(out, "\r\n", 2);
}

void sip_put_list(struct buf *out, const char *name, const char *const *list)
{
	buf_str(out, name);
	buf_str(out, ": ");
	for (const char *const *i = list; i && *i; i++) {
		if (i != list)
			buf_str(out, ", ");
		buf_str(out, *i);
	}
	buf_str(out, "\r\n");
}

/* RFC 5923 5.1: what is for us may come back over the connection that this goes over, when it would else be made to where we listen. */
static bool announces_alias(const struct sip_place *p)
{
	return sip_place_reliable(p) && !sip_transport_is_ws(p->l.transport) && (!p->l.tls || tls_can_serve(p->l.tls));
}

void sip_put_via(struct buf *out, const struct sip_place *p, const struct addr *dst, struct slice branch)
{
	buf_str(out, "Via: SIP/2.0/");
	buf_str(out, sip_transports[p->l.transport].via);
	buf_char(out, ' ');
	buf_str(out, sip_place_seen(p, dst));
	buf_str(out, ";branch=");
	buf_slice(out, branch);
	if (announces_alias(p))
		buf_str(out, ";alias");
	sip_oc_put_request(out, &p->stack->oc);
	buf_str(out, ";rport\r\n");
}

/* The topmost Via value with `received` and `rport` as RFC 3261 18.2.1 and RFC 3581 4 want them. */
static void put_top_via(struct buf *out, const struct sip_msg *req, struct slice value, const struct sip_oc *oc)
{
	char ip[ADDR_STR_LEN];
	struct slice rest = req->via.params;
	struct sip_param_item it;
	struct addr by;
	size_t head = slice_is_set(rest) ? (size_t)(rest.p - value.p) : value.len;
	buf_slice(out, slice_trim(slice_of(value.p, slice_is_set(rest) ? head - 1 : head)));
	if (out->len && out->p[out->len - 1] == ';')
		out->len--;
	for (const char *from = rest.p; sip_param_next(&rest, &it, NULL);) {
		const char *end = slice_is_set(rest) ? rest.p : slice_end(req->via.params);
		struct slice text = slice_trim(slice_of(from, (size_t)(end - from)));
		from = end;
		while (text.len && text.p[text.len - 1] == ';')
			text = slice_trim(slice_of(text.p, text.len - 1));
		while (text.len && text.p[0] == ';')
			text = slice_from(text, 1);
		if (!text.len || slice_caseeq(it.name, SLICE("received")) || slice_caseeq(it.name, SLICE("rport")) ||
		    (oc && sip_oc_is_param(it.name)))
			continue;
		buf_char(out, ';');
		buf_slice(out, text);
	}
	if (req->via.rport || addr_parse_ip(&by, req->via.host) || !addr_ip_eq(&by, &req->src)) {
		buf_str(out, ";received=");
		buf_str(out, addr_ip_str(&req->src, ip));
	}
	if (req->via.rport) {
		buf_str(out, ";rport=");
		buf_u64(out, req->src.port);
	}
	if (oc)
		sip_oc_put_response(out, oc, req->via.params);
}

/* All Via values in their order (8.2.6.2), one line each as they came. */
void sip_put_vias(struct buf *out, const struct sip_msg *req, const struct sip_oc *oc)
{
	const struct sip_hdr *h = sip_msg_hdr(req, SIP_HDR_VIA);
	struct slice rest = h ? h->value : SLICE_NONE, top = sip_cut(&rest, ',');
	buf_str(out, "Via: ");
	put_top_via(out, req, top, oc);
	if (slice_is_set(rest)) {
		buf_str(out, ", ");
		buf_slice(out, slice_trim(rest));
	}
	buf_add(out, "\r\n", 2);
	while (h && (h = sip_msg_next(req, h)))
		sip_put(out, "Via", h->value);
}

/* Contacts and routes make a dialog of these only; elsewhere a copy does no harm and is not wanted (12.1.1). */
static bool copies_record_route(const struct sip_msg *req, unsigned status)
{
	return status > 100 && status < 300 &&
	       (req->method == SIP_INVITE || req->method == SIP_SUBSCRIBE || req->method == SIP_REFER || req->method == SIP_NOTIFY);
}

static void put_status_line(struct buf *out, const struct sip_response *r)
{
	buf_str(out, "SIP/2.0 ");
	buf_u64(out, r->status);
	buf_char(out, ' ');
	buf_str(out, r->reason ? r->reason : sip_reason(r->status));
	buf_add(out, "\r\n", 2);
}

/* A malformed request may lack any of these; what it has is copied as it came (8.2.6.2). */
static void put_if_set(struct buf *out, const char *name, struct slice value)
{
	if (value.len)
		sip_put(out, name, value);
}

static void put_to(struct buf *out, const struct sip_msg *req, const struct sip_response *r)
{
	struct slice to = sip_msg_value(req, SIP_HDR_TO);
	if (!to.len)
		return;
	buf_str(out, "To: ");
	buf_slice(out, to);
	if (r->status > 100 && !req->to.tag.len && r->tag.len) {
		buf_str(out, ";tag=");
		buf_slice(out, r->tag);
	}
	buf_add(out, "\r\n", 2);
}

void sip_write_response(struct buf *out, const struct sip_stack *s, const struct sip_msg *req, const struct sip_response *r)
{
	const struct sip_hdr *timestamp;
	put_status_line(out, r);
	sip_put_vias(out, req, &s->oc);
	put_if_set(out, "From", sip_msg_value(req, SIP_HDR_FROM));
	put_to(out, req, r);
	put_if_set(out, "Call-ID", req->call_id);
	put_if_set(out, "CSeq", sip_msg_value(req, SIP_HDR_CSEQ));
	if (r->status == 100 && (timestamp = sip_msg_named(req, SLICE("Timestamp"))))
		sip_put(out, "Timestamp", timestamp->value);
	if (copies_record_route(req, r->status))
		for (const struct sip_hdr *h = sip_msg_hdr(req, SIP_HDR_RECORD_ROUTE); h; h = sip_msg_next(req, h))
			sip_put(out, "Record-Route", h->value);
	if (s->server && !req->stranger)
		sip_put(out, "Server", slice_str(s->server));
	buf_slice(out, r->extra);
	sip_write_body(out, r->body_type, r->body);
}

/* 18.2.2: back on the connection it came on, which its source names; for UDP the port that Via says. `maddr` is not followed: it would let any
 * sender point our answers at a third party. */
struct addr sip_response_addr(const struct sip_msg *req)
{
	struct addr a = req->src;
	if (!req->via.rport && !(req->listener && sip_transports[req->listener->transport].reliable))
		a.port = req->via.port ? req->via.port : 5060;
	return a;
}

/* The same for every copy of the request, and not to be guessed by others. */
static void stateless_tag(const struct sip_stack *s, const struct sip_msg *req, char tag[SIP_TOKEN_LEN])
{
	static const char hex[] = "0123456789abcdef";
	uint32_t h = s->salt;
	uint64_t v;
	h = (h ^ slice_hash(req->via.branch, false)) * 16777619u;
	h = (h ^ slice_hash(req->call_id, false)) * 16777619u;
	v = (uint64_t)h << 32 | ((h ^ req->cseq.number ^ slice_hash(req->from.tag, false)) * 2654435761u);
	for (int i = 0; i < 16; i++)
		tag[i] = hex[v >> (4 * i) & 15];
	tag[16] = '\0';
}

bool sip_acks_stateless(const struct sip_stack *s, const struct sip_msg *ack)
{
	char tag[SIP_TOKEN_LEN];
	stateless_tag(s, ack, tag);
	return slice_eq(ack->to.tag, slice_of(tag, 16));
}

void sip_reply_stateless(struct sip_place *p, const struct sip_msg *req, unsigned status, const char *reason, struct slice extra)
{
	char tag[SIP_TOKEN_LEN];
	struct addr dst = sip_response_addr(req);
	struct buf *out = &p->stack->scratch;
	if (req->method == SIP_ACK)
		return;
	stateless_tag(p->stack, req, tag);
	out->len = 0;
	sip_write_response(out, p->stack, req,
			   &(struct sip_response){.status = status, .reason = reason, .tag = slice_of(tag, 16), .extra = extra});
	if (out->err) {
		buf_reset(out);
		sip_counts[SIP_CNT_NOMEM]++;
		return;
	}
	sip_counts[SIP_CNT_TX_RESPONSE]++;
	sip_send(p, &dst, buf_text(out));
}

struct slice sip_text_hdr(struct slice lines, struct slice name)
{
	while (slice_is_set(lines) && lines.len) {
		struct slice value = slice_line(&lines);
		if (!value.len)
			break;
		struct slice head = slice_cut(&value, ':');
		if (slice_is_set(value) && slice_caseeq(slice_trim(head), name))
			return slice_trim(value);
	}
	return SLICE_NONE;
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "sip/dialog.h"
#include "sip/conn.h"
#include "base/mem.h"
#include "base/pack.h"
#include "sip/locate.h"
#include "sip/malformed.h"
#include "sip/session_priv.h"
#include <errno.h>

#define MAX_ROUTES 16

/* Numbers left out after a restart: a request that went out in the last moment may have used some (12.2.2 allows gaps). */
#define CSEQ_GAP 8

static void dialog_destroy(void *obj)
{
	struct sip_dialog *d = obj;
	if (d->stack)
		hash_remove(&d->stack->dialogs, &d->by_tag);
	list_remove(&d->link);
	mem_free(d->text);
	mem_free(d->target);
}

/* --- the route set (12.1.1, 12.1.2) -------------------------------------------------------------------------------- */

struct routes {
	struct slice value[MAX_ROUTES]; /* in the order requests want them */
	unsigned n;
};

static int gather_routes(struct routes *r, const struct sip_msg *m, bool reversed)
{
	struct sip_values it = {0};
	struct slice v;
	r->n = 0;
	while (sip_msg_each(m, SIP_HDR_RECORD_ROUTE, &it, &v)) {
		if (r->n == MAX_ROUTES)
			return -EBADMSG;
		r->value[r->n++] = v;
	}
	for (unsigned i = 0; reversed && i < r->n / 2; i++) {
		v = r->value[i];
		r->value[i] = r->value[r->n - 1 - i];
		r->value[r->n - 1 - i] = v;
	}
	return 0;
}

/* --- making one ---------------------------------------------------------------------------------------------------- */

struct parts {
	struct slice call_id, local, local_tag, remote, remote_tag;
	bool add_tag; /* local does not carry its tag yet */
	struct routes routes;
};

static size_t text_size(const struct parts *p)
{
	size_t n = p->call_id.len + p->local.len + p->local_tag.len + 5 + p->remote.len + p->remote_tag.len + p->local_tag.len;
	for (unsigned i = 0; i < p->routes.n; i++)
		n += 2 * p->routes.value[i].len + sizeof "Route: \r\n";
	return n;
}

static struct slice since(const struct buf *b, size_t from)
{
	return slice_of(b->p + from, b->len - from);
}

static int keep_routes(struct sip_dialog *d, struct buf *b, const struct routes *r)
{
	struct sip_nameaddr first;
	size_t from;
	if (!r->n)
		return 0;
	for (unsigned i = r->n; i--;) /* the first one last */
		if (sip_nameaddr_parse(&first, r->value[i]) || first.star) {
			sip_malformed(SIP_PART_RECORD_ROUTE);
			return -EBADMSG;
		}
	d->first_route = buf_keep(b, first.uri.text);
	d->strict = !slice_is_set(sip_uri_param(&first.uri, SLICE("lr")));
	from = b->len;
	for (unsigned i = d->strict; i < r->n; i++)
		sip_put(b, "Route", r->value[i]);
	d->routes = since(b, from);
	return 0;
}

/* Copies all that lasts as long as the dialog into one block. */
static int keep_parts(struct sip_dialog *d, const struct parts *p)
{
	size_t size = text_size(p), from;
	d->text = mem_raw(size);
	if (!d->text)
		return -ENOMEM;
	struct buf b = buf_fixed(d->text, size);
	d->call_id = buf_keep(&b, p->call_id);
	d->local_tag = buf_keep(&b, p->local_tag);
	d->remote_tag = buf_keep(&b, p->remote_tag);
	d->remote = buf_keep(&b, p->remote);
	from = b.len;
	buf_slice(&b, p->local);
	if (p->add_tag) {
		buf_str(&b, ";tag=");
		buf_slice(&b, p->local_tag);
	}
	d->local = since(&b, from);
	int err = keep_routes(d, &b, &p->routes);
	return err ? err : b.err;
}

/* The place at the same address of ours for the transport that a URI asks for; without wish or place the one the peer is heard at. */
static struct sip_place *place_asked(struct sip_dialog *d, const struct sip_uri *uri)
{
	enum sip_transport t;
	bool asked;
	if (sip_uri_transport(uri, &t, &asked) || !asked || sip_transport_fits(t, d->heard_at->l.transport))
		return d->heard_at;
	const struct sip_listener *l = sip_stack_listener(d->heard_at->stack, d->heard_at->name, t, &d->peer);
	return l ? sip_place_of(l) : d->heard_at;
}

struct slice sip_dialog_next(const struct sip_dialog *d)
{
	return slice_is_set(d->first_route) ? d->first_route : slice_str(d->target);
}

/* Whether the peer's connection is there. */
static bool keeps_connection(struct sip_dialog *d)
{
	if (!sip_place_reliable(d->heard_at))
		return false;
	const struct sip_conn *c = sip_conn_find(d->heard_at, &d->peer);
	if (c)
		d->dials_in = c->accepted;
	return c || d->stack->wire;
}

/* Requests go to the first route when it is an address; without routes to the remote target, unless its address is not where
 * the peer's messages come from: then the peer is behind a NAT, and its messages' source is used. A connection is used
 * as long as nobody asks for another transport. A name is located for each request; until it is, and when it cannot be, the source is used. */
static void find_hop(struct sip_dialog *d)
{
	struct sip_uri uri;
	struct addr a;
	bool routed = slice_is_set(d->first_route);
	d->hop = d->peer;
	d->place = d->heard_at;
	d->named = false;
	(void)keeps_connection(d);
	if (sip_uri_parse(&uri, sip_dialog_next(d)))
		return;
	d->named = d->heard_at->stack->params.locator && sip_locate_is_name(&uri);
	if (sip_uri_addr(&uri, &a) || a.family != d->peer.family || (!routed && !addr_ip_eq(&a, &d->peer)))
		return;
	d->place = place_asked(d, &uri);
	if (d->place != d->heard_at || !addr_ip_eq(&a, &d->peer) || !keeps_connection(d))
		d->hop = a;
}

/* A caller of RFC 2543 has no tag and need not have a Contact: then it is called back at its From. */
static bool is_rfc2543(const struct sip_msg *m)
{
	return m->request && slice_empty(m->from.tag) && !sip_msg_hdr(m, SIP_HDR_CONTACT);
}

/* 8.1.1.8: a SIP or SIPS URI. */
static bool is_target(const struct sip_uri *uri)
{
	return uri->scheme == SIP_SCHEME_SIP || uri->scheme == SIP_SCHEME_SIPS;
}

static int set_target(struct sip_dialog *d, const struct sip_msg *m)
{
	struct sip_nameaddr contact;
	struct sip_values it = {0};
	struct slice value;
	if (is_rfc2543(m))
		contact = (struct sip_nameaddr){.uri = m->from.uri};
	else if (!sip_msg_each(m, SIP_HDR_CONTACT, &it, &value) || sip_nameaddr_parse(&contact, value) || contact.star || !is_target(&contact.uri)) {
		sip_malformed(SIP_PART_CONTACT);
		return -EBADMSG;
	}
	if (d->target && slice_eq(slice_str(d->target), contact.uri.text))
		return 0;
	char *target = slice_dup(contact.uri.text);
	if (!target)
		return -ENOMEM;
	mem_free(d->target);
	d->target = target;
	return 0;
}

static int dialog_new(struct sip_dialog **ret, struct sip_place *p, struct sip_session *owner, const struct sip_msg *m,
		      const struct parts *parts)
{
	struct sip_dialog *d = mem_alloc(sizeof *d, dialog_destroy);
	if (!d)
		return -ENOMEM;
	d->place = d->heard_at = p;
	d->owner = owner;
	d->peer = m->src;
	int err = keep_parts(d, parts);
	if (!err)
		err = set_target(d, m);
	/* An early dialog may come without a Contact, and so may one that is only made to be ended; requests in it then go to the To URI's owner,
	 * the peer itself. */
	if (err == -EBADMSG && !m->request && (m->status < 200 || (!owner && m->cseq.method == SIP_INVITE))) {
		d->target = slice_dup(m->to.uri.text);
		err = d->target ? 0 : -ENOMEM;
	}
	if (err) {
		mem_deref(d);
		return err;
	}
	d->stack = p->stack;
	find_hop(d);
	if (owner)
		hash_insert(&p->stack->dialogs, &d->by_tag, slice_hash(d->local_tag, false));
	*ret = d;
	return 0;
}

int sip_dialog_uas(struct sip_dialog **ret, struct sip_place *p, struct sip_session *owner, const struct sip_msg *req,
		   struct slice local_tag)
{
	struct parts parts = {.call_id = req->call_id, .local = req->to.text, .local_tag = local_tag, .add_tag = !req->to.tag.len,
			      .remote = req->from.text, .remote_tag = req->from.tag};
	int err = gather_routes(&parts.routes, req, false);
	if (!err)
		err = dialog_new(ret, p, owner, req, &parts);
	if (err)
		return err;
	(*ret)->remote_cseq = req->cseq.number;
	(*ret)->remote_cseq_set = true;
	(*ret)->local_cseq = sip_random(p->stack, 1000);
	return 0;
}

int sip_dialog_uac(struct sip_dialog **ret, struct sip_place *p, struct sip_session *owner, const struct sip_msg *rsp)
{
	struct parts parts = {.call_id = rsp->call_id, .local = rsp->from.text, .local_tag = rsp->from.tag,
			      .remote = rsp->to.text, .remote_tag = rsp->to.tag};
	int err = gather_routes(&parts.routes, rsp, true);
	if (!err)
		err = dialog_new(ret, p, owner, rsp, &parts);
	if (!err)
		(*ret)->local_cseq = rsp->cseq.number;
	return err;
}

void sip_dialog_use(struct sip_dialog *d, struct sip_subscription *sub)
{
	d->subscription = sub;
	hash_insert(&d->stack->dialogs, &d->by_tag, slice_hash(d->local_tag, false));
}

struct sip_dialog *sip_dialog_find(const struct sip_stack *s, const struct sip_msg *req)
{
	struct sip_dialog *d;
	hash_foreach_match(d, &s->dialogs, slice_hash(req->to.tag, false), by_tag)
		if (slice_eq(d->local_tag, req->to.tag) && slice_eq(d->remote_tag, req->from.tag) &&
		    slice_eq(d->call_id, req->call_id))
			return d;
	return NULL;
}

bool sip_dialog_take_cseq(struct sip_dialog *d, const struct sip_msg *req)
{
	if (d->remote_cseq_set && req->cseq.number < d->remote_cseq)
		return false;
	d->remote_cseq = req->cseq.number;
	d->remote_cseq_set = true;
	return true;
}

void sip_dialog_refresh(struct sip_dialog *d, const struct sip_msg *m)
{
	if (sip_msg_hdr(m, SIP_HDR_CONTACT))
		(void)set_target(d, m); /* a bad one leaves the old target, which is known to work */
	sip_dialog_heard(d, m);
}

void sip_dialog_heard(struct sip_dialog *d, const struct sip_msg *m)
{
	const struct addr was = d->peer;
	if (m->listener && sip_place_reliable(d->heard_at) && !sip_place_reaches(d->heard_at, &was))
		sip_stack_moved(d->stack, d->heard_at->l.transport, &was, m->listener, &m->src);
	sip_dialog_moved(d, m->listener ? sip_place_of(m->listener) : d->heard_at, &m->src);
}

void sip_dialog_moved(struct sip_dialog *d, struct sip_place *to, const struct addr *now)
{
	d->peer = *now;
	d->heard_at = to;
	find_hop(d);
}

/* --- in a store ---------------------------------------------------------------------------------------------------- */

struct kept {
	struct slice call_id, local, remote, local_tag, remote_tag, routes, first_route, target;
	struct slice transport; /* of the peer's messages; none: that of the session */
	bool strict, remote_cseq_set, dials_in;
	uint32_t local_cseq, remote_cseq;
	struct addr peer;
};

static const struct pack_field kept_fields[] = {
	PACK_FIELD(1, PACK_SLICE, struct kept, call_id),      PACK_FIELD(2, PACK_SLICE, struct kept, local),
	PACK_FIELD(3, PACK_SLICE, struct kept, remote),       PACK_FIELD(4, PACK_SLICE, struct kept, local_tag),
	PACK_FIELD(5, PACK_SLICE, struct kept, remote_tag),   PACK_FIELD(6, PACK_SLICE, struct kept, routes),
	PACK_FIELD(7, PACK_SLICE, struct kept, first_route),  PACK_FIELD(8, PACK_SLICE, struct kept, target),
	PACK_FIELD(9, PACK_BOOL, struct kept, strict),        PACK_FIELD(10, PACK_NUMBER, struct kept, local_cseq),
	PACK_FIELD(11, PACK_NUMBER, struct kept, remote_cseq), PACK_FIELD(12, PACK_BOOL, struct kept, remote_cseq_set),
	PACK_FIELD(13, PACK_BYTES, struct kept, peer),        PACK_FIELD(14, PACK_SLICE, struct kept, transport),
	PACK_FIELD(15, PACK_BOOL, struct kept, dials_in),
};
#define KEPT_FIELDS (sizeof kept_fields / sizeof kept_fields[0])

void sip_dialog_save(const struct sip_dialog *d, struct buf *out)
{
	struct kept k = {.call_id = d->call_id, .local = d->local, .remote = d->remote, .local_tag = d->local_tag,
			 .remote_tag = d->remote_tag, .routes = d->routes, .first_route = d->first_route,
			 .target = slice_str(d->target), .strict = d->strict, .remote_cseq_set = d->remote_cseq_set,
			 .local_cseq = d->local_cseq, .remote_cseq = d->remote_cseq, .peer = d->peer,
			 .transport = slice_str(sip_transports[d->heard_at->l.transport].name), .dials_in = d->dials_in};
	pack_write(out, kept_fields, KEPT_FIELDS, &k);
}

/* Where the peer was heard, at the same address of ours as the session's place. */
static struct sip_place *place_kept(struct sip_place *p, const struct kept *k)
{
	enum sip_transport t;
	if (!k->transport.len || sip_transport_parse(&t, k->transport))
		return p;
	const struct sip_listener *l = sip_stack_listener(p->stack, p->name, t, &k->peer);
	return l ? sip_place_of(l) : p;
}

static int keep_texts(struct sip_dialog *d, const struct kept *k)
{
	const struct slice from[] = {k->call_id, k->local, k->remote, k->local_tag, k->remote_tag, k->routes, k->first_route};
	struct slice *const to[] = {&d->call_id, &d->local, &d->remote, &d->local_tag, &d->remote_tag, &d->routes, &d->first_route};
	size_t size = 0;
	for (size_t i = 0; i < sizeof from / sizeof from[0]; i++)
		size += from[i].len;
	d->text = mem_raw(size);
	d->target = slice_dup(k->target);
	if (!d->text || !d->target)
		return -ENOMEM;
	struct buf b = buf_fixed(d->text, size);
	for (size_t i = 0; i < sizeof from / sizeof from[0]; i++)
		*to[i] = slice_is_set(from[i]) ? buf_keep(&b, from[i]) : SLICE_NONE;
	return 0;
}

int sip_dialog_restore(struct sip_dialog **ret, struct sip_place *p, struct sip_session *owner, struct slice record)
{
	struct kept k = {0};
	if (pack_read(&k, kept_fields, KEPT_FIELDS, record) || !k.call_id.len || !k.local.len || !k.remote.len || !k.local_tag.len ||
	    !k.target.len || (k.peer.family != AF_INET && k.peer.family != AF_INET6))
		return -EBADMSG;
	struct sip_dialog *d = mem_alloc(sizeof *d, dialog_destroy);
	int err = d ? keep_texts(d, &k) : -ENOMEM;
	if (err) {
		mem_deref(d);
		return err;
	}
	d->place = d->heard_at = place_kept(p, &k);
	d->owner = owner;
	d->peer = k.peer;
	d->strict = k.strict;
	d->local_cseq = k.local_cseq + CSEQ_GAP;
	d->remote_cseq = k.remote_cseq;
	d->remote_cseq_set = k.remote_cseq_set;
	d->stack = p->stack;
	d->dials_in = k.dials_in;
	find_hop(d);
	hash_insert(&p->stack->dialogs, &d->by_tag, slice_hash(d->local_tag, false));
	*ret = d;
	return 0;
}

/* --- requests inside (12.2.1.1) -------------------------------------------------------------------------------------- */

void sip_put_contact(struct buf *out, const struct sip_place *p, const struct addr *peer, struct slice user, bool secure)
{
	buf_str(out, secure ? "Contact: <sips:" : "Contact: <sip:");
	if (user.len) {
		sip_uri_escape_user(out, user);
		buf_char(out, '@');
	}
	buf_str(out, sip_place_seen(p, peer));
	if (!secure || p->l.transport == SIP_WSS)
		buf_str(out, sip_transports[p->l.transport].param);
	buf_str(out, ">\r\n");
}

static void put_headers(struct buf *out, const struct sip_dialog *d, const char *method, uint32_t cseq, struct slice extra)
{
	buf_slice(out, d->routes);
	if (d->strict) {
		buf_str(out, "Route: <");
		buf_str(out, d->target);
		buf_str(out, ">\r\n");
	}
	sip_put(out, "From", d->local);
	sip_put(out, "To", d->remote);
	sip_put(out, "Call-ID", d->call_id);
	buf_str(out, "CSeq: ");
	buf_u64(out, cseq);
	buf_char(out, ' ');
	buf_str(out, method);
	buf_add(out, "\r\n", 2);
	buf_slice(out, extra);
}

static struct slice request_uri(const struct sip_dialog *d)
{
	return d->strict ? d->first_route : slice_str(d->target);
}

int sip_dialog_send(struct sip_dialog *d, const struct sip_dialog_request *r, struct sip_ctrans **ret, sip_response_fn fn, void *arg)
{
	struct buf lines = d->stack->lines;
	int err;
	d->stack->lines = buf_growing();
	lines.len = 0;
	find_hop(d); /* its connection may have ended since */
	put_headers(&lines, d, sip_method_name(r->method), ++d->local_cseq, r->headers);
	if (d->owner)
		session_changed(d->owner);
	err = lines.err;
	if (!err)
		err = sip_request(ret, d->stack,
				  &(struct sip_request_params){.method = r->method, .ruri = request_uri(d), .dst = d->hop,
							       .next = d->named ? sip_dialog_next(d) : SLICE_NONE,
							       .flow = d->dials_in && d->place == d->heard_at ? &d->peer : NULL,
							       .listener = &d->place->l, .headers = buf_text(&lines),
							       .body_type = r->body_type, .body = r->body},
				  fn, arg);
	if (lines.err)
		buf_reset(&lines);
	d->stack->lines = lines;
	return err;
}

/* 13.2.2.4: the ACK of a 2xx is a request of its own with the INVITE's CSeq number. */
int sip_dialog_ack(struct sip_dialog *d, struct sip_ctrans *invite, uint32_t cseq, struct slice headers, struct slice body_type,
		   struct slice body)
{
	const struct sip_ack_text t = {headers, body_type, body};
	return d->named ? sip_dialog_ack_named(d, invite, cseq, &t) : sip_dialog_ack_to(d, d->place, &d->hop, invite, cseq, &t);
}

int sip_dialog_ack_to(struct sip_dialog *d, struct sip_place *p, const struct addr *dst, struct sip_ctrans *invite, uint32_t cseq,
		      const struct sip_ack_text *t)
{
	struct sip_stack *s = d->stack;
	struct buf *out = &s->scratch;
	char branch[sizeof "z9hG4bK" - 1 + SIP_TOKEN_LEN] = "z9hG4bK";
	sip_token(s, branch + 7);
	out->len = 0;
	buf_str(out, "ACK ");
	buf_slice(out, request_uri(d));
	buf_str(out, " SIP/2.0\r\n");
	sip_put_via(out, p, dst, slice_of(branch, sizeof branch - 1));
	buf_str(out, "Max-Forwards: 70\r\n");
	put_headers(out, d, "ACK", cseq, t->headers);
	sip_write_body(out, t->body_type, t->body);
	struct sip_block *b = out->err ? NULL : sip_block_new(buf_text(out));
	if (out->err)
		buf_reset(out);
	if (!b) {
		sip_counts[SIP_CNT_NOMEM]++;
		return -ENOMEM;
	}
	sip_counts[SIP_CNT_TX_REQUEST]++;
	int err = sip_send(p, dst, sip_block_text(b));
	if (invite && !sip_ctrans_keep_ack(invite, d->remote_tag, p, dst, b))
		err = 0;
	mem_deref(b);
	return err;
}

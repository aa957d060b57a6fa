// SPDX-License-Identifier: GPL-3.0-or-later
/* What a REGISTER changes (RFC 3261 10.3, RFC 3327, 5626, 5627). */
#include "base/timer.h"
#include "registrar/bulk.h"
#include "registrar/registrar_priv.h"

/* What a request says once for all of its contacts. */
struct registration {
	const struct sip_msg *req;
	struct binding like; /* what its bindings have in common */
	bool flows;          /* outbound applies: the first hop keeps flows (RFC 5626 6) */
	bool outbound;       /* the phone asks for it */
};

/* delta-seconds. RFC 3261 10.2.1.1: what is malformed means the default; what is too big for anybody means the most. */
static uint32_t seconds(const struct registrar *r, struct slice text)
{
	uint32_t s;
	if (!slice_u32(text, &s))
		return s;
	size_t digits = 0;
	while (digits < text.len && text.p[digits] >= '0' && text.p[digits] <= '9')
		digits++;
	return text.len && digits == text.len ? r->max_s : r->default_s;
}

/* qvalue in thousandths: "0.333", "1", "1.000"; what is malformed means 1. */
static unsigned thousandths(struct slice q)
{
	unsigned v = 0, unit = 1000;
	for (size_t i = 0; i < q.len; i++) {
		if (i == 1 && q.p[i] == '.')
			continue;
		if (q.p[i] < '0' || q.p[i] > '9' || !unit)
			return 1000;
		v += (unsigned)(q.p[i] - '0') * unit;
		unit /= 10;
	}
	return q.len && v <= 1000 ? v : 1000;
}

static struct slice bounded(struct slice s)
{
	return s.len > TEXT_MAX ? slice_of(s.p, TEXT_MAX) : s;
}

/* +sip.instance="<urn:...>" (RFC 5626 4.1): without quotes. A reg-id without it, or where nobody keeps flows, is ignored. */
static void read_outbound(const struct registration *g, struct binding *b, struct slice params)
{
	struct slice instance = sip_param(params, SLICE("+sip.instance")), reg_id = sip_param(params, SLICE("reg-id"));
	if (instance.len && instance.len <= TEXT_MAX)
		b->instance = instance;
	if (!b->instance.len || !g->flows || !reg_id.len || slice_u32(reg_id, &b->reg_id))
		b->reg_id = 0;
	b->outbound = b->reg_id && g->outbound;
}

/* RFC 5627 5.1: numbers of temporary GRUUs stay while the instance registers under one Call-ID. */
static uint64_t gruu_number_for(const struct location_update *u, const struct binding *b)
{
	const struct binding *latest = NULL;
	for (unsigned i = 0; i < u->n; i++) {
		const struct binding *there = location_at(u, i);
		if (there->gruu && slice_eq(there->instance, b->instance) && (!latest || there->received_at > latest->received_at))
			latest = there;
	}
	return latest && slice_eq(latest->call_id, b->call_id) ? latest->gruu : location_new_gruu(u->aor);
}

/* A contact that leads back here would be a loop (RFC 5627 5.1). */
static bool leads_back(const struct registration *g, const struct sip_uri *uri)
{
	return slice_is_set(gruu_of(uri)) ? slice_caseeq(uri->host, g->req->to.uri.host) : sip_uri_eq(uri, &g->req->to.uri);
}

/* RFC 3261 10.3, step 7: within a Call-ID requests must come in the order of their CSeq. */
static bool is_old(const struct binding *there, const struct binding *now)
{
	return slice_eq(there->call_id, now->call_id) && there->cseq >= now->cseq;
}

/* A phone that registers over another connection than before, be it with another Contact: what waits for it follows it there. */
static void tell_moved(const struct registrar *r, const struct location_update *u, int same, const struct registration *g)
{
	const struct binding *now = &g->like;
	for (unsigned i = 0; r->on_moved && sip_transports[now->transport].reliable && i < u->n; i++) {
		const struct binding *was = location_at(u, i);
		bool its_own = (int)i == same || slice_eq(was->call_id, now->call_id);
		if (its_own && was->transport == now->transport && !addr_eq(&was->source, &now->source))
			r->on_moved(r->arg, was, g->req);
	}
}

/* One Contact value made part of the update (RFC 3261 10.3, step 7). */
static bool apply_contact(struct registrar *r, struct location_update *u, const struct registration *g, struct slice value, struct refusal *why)
{
	struct sip_nameaddr c;
	struct binding b = g->like;
	if (sip_nameaddr_parse(&c, value) || c.star || slice_empty(c.uri.text) || c.uri.text.len > URI_MAX)
		return refuse(why, 400, "Malformed Contact", CNT_MALFORMED);
	b.uri = c.uri.text;
	if (bulk_is(&c.uri) && (slice_is_set(c.uri.user) || !sip_msg_has_token(g->req, SIP_HDR_REQUIRE, SLICE("gin"))))
		return refuse(why, 400, "Contact With bnc Needs No User, And gin", CNT_MALFORMED);
	read_outbound(g, &b, c.params);
	struct slice expires = sip_param(c.params, SLICE("expires")), header = sip_msg_value(g->req, SIP_HDR_EXPIRES);
	struct slice q = sip_param(c.params, SLICE("q"));
	b.q = slice_is_set(q) ? thousandths(q) : 1000;
	uint32_t s = slice_is_set(expires) ? seconds(r, expires) : slice_is_set(header) ? seconds(r, header) : r->default_s;
	int at = location_find(u, &b);
	if (at >= 0 && !location_is_new(u, (unsigned)at) && is_old(location_at(u, (unsigned)at), &b))
		return refuse(why, 500, "CSeq Out Of Order", CNT_OLD);
	if (!s) {
		if (at >= 0) {
			location_remove(u, (unsigned)at);
			registrar_counts[CNT_REMOVED]++;
		}
		return true;
	}
	if (leads_back(g, &c.uri))
		return refuse(why, 403, "Contact Leads Back Here", CNT_FORBIDDEN);
	if (s < r->min_s)
		return refuse(why, 423, sip_reason(423), CNT_BRIEF);
	if (s > r->max_s)
		s = r->max_s;
	b.expires_at = clock_ms() + s * UINT64_C(1000);
	if (at < 0 && u->n >= r->max_contacts)
		return refuse(why, 403, "Too Many Contacts", CNT_TOO_MANY);
	tell_moved(r, u, at, g);
	if (gruu_can_name(b.instance) && !bulk_is(&c.uri))
		b.gruu = gruu_number_for(u, &b);
	return location_set(u, at, &b) ? refuse(why, 500, sip_reason(500), CNT_FAILED) : true;
}

/* Contact: * with Expires: 0 ends all (RFC 3261 10.3, step 6). */
static bool apply_star(struct location_update *u, const struct sip_msg *req, const struct binding *like, struct refusal *why)
{
	uint32_t expires;
	if (slice_u32(sip_msg_value(req, SIP_HDR_EXPIRES), &expires) || expires)
		return refuse(why, 400, "Contact * Needs Expires 0", CNT_MALFORMED);
	for (unsigned i = 0; i < u->n; i++)
		if (is_old(location_at(u, i), like))
			return refuse(why, 500, "CSeq Out Of Order", CNT_OLD);
	registrar_counts[CNT_REMOVED] += u->n;
	location_abort(u);
	return true;
}

/* RFC 5626 6: outbound applies when the phone's first hop is this registrar, or a proxy whose Path says "ob". */
static void find_flows(struct registration *g)
{
	const struct sip_msg *req = g->req;
	struct sip_values it = {0};
	struct slice value;
	unsigned vias = 0;
	while (sip_msg_each(req, SIP_HDR_VIA, &it, &value))
		vias++;
	g->outbound = sip_msg_has_token(req, SIP_HDR_SUPPORTED, SLICE("outbound"));
	g->flows = vias == 1;
	it = (struct sip_values){0};
	while (!g->flows && sip_msg_each(req, SIP_HDR_PATH, &it, &value)) {
		struct sip_nameaddr n;
		g->flows = !sip_nameaddr_parse(&n, value) && slice_is_set(sip_uri_param(&n.uri, SLICE("ob")));
	}
}

/* Which contacts want a flow, and whether that can be had; a request sets one flow up at most. */
static bool check_flows(struct registration *g, struct refusal *why)
{
	struct sip_values it = {0};
	struct slice value;
	unsigned live = 0, flows = 0;
	find_flows(g);
	while (sip_msg_each(g->req, SIP_HDR_CONTACT, &it, &value)) {
		struct sip_nameaddr c;
		struct slice expires;
		if (sip_nameaddr_parse(&c, value))
			continue;
		expires = sip_param(c.params, SLICE("expires"));
		live += !slice_eq(expires, SLICE("0"));
		flows += slice_is_set(sip_param(c.params, SLICE("reg-id"))) && slice_is_set(sip_param(c.params, SLICE("+sip.instance")));
	}
	if (flows && g->outbound && !g->flows)
		return refuse(why, 439, sip_reason(439), CNT_NO_OUTBOUND);
	if (flows && live > 1)
		return refuse(why, 400, "One Flow A Registration", CNT_MALFORMED);
	return true;
}

/* The Path values in their order, as one list (RFC 3327 5.3). */
static bool read_path(const struct sip_msg *req, struct buf *path, struct refusal *why)
{
	struct sip_values it = {0};
	struct slice value;
	while (sip_msg_each(req, SIP_HDR_PATH, &it, &value)) {
		struct sip_nameaddr n;
		if (sip_nameaddr_parse(&n, value) || n.uri.scheme > SIP_SCHEME_SIPS)
			return refuse(why, 400, "Malformed Path", CNT_MALFORMED);
		if (path->len)
			buf_str(path, ", ");
		buf_slice(path, value);
	}
	return path->len <= URI_MAX || refuse(why, 400, "Path Too Long", CNT_MALFORMED);
}

static bool apply_all(struct registrar *r, struct location_update *u, const struct registration *g, struct refusal *why)
{
	struct sip_values it = {0};
	struct slice value;
	unsigned n = 0;
	bool star = false;
	while (sip_msg_each(g->req, SIP_HDR_CONTACT, &it, &value)) {
		star |= slice_eq(value, SLICE("*"));
		n++;
	}
	if (star)
		return n == 1 ? apply_star(u, g->req, &g->like, why)
			      : refuse(why, 400, "Contact * Must Be Alone", CNT_MALFORMED);
	it = (struct sip_values){0};
	while (sip_msg_each(g->req, SIP_HDR_CONTACT, &it, &value))
		if (!apply_contact(r, u, g, value, why))
			return false;
	return true;
}

/* Now, but after all that is there: of two within a millisecond the later one is the latest, too. */
static uint64_t received_now(const struct location_update *u)
{
	uint64_t now = clock_utc_ms();
	for (unsigned i = 0; i < u->n; i++)
		if (location_at(u, i)->received_at >= now)
			now = location_at(u, i)->received_at + 1;
	return now;
}

bool registration_apply(struct registrar *r, struct location_update *u, const struct sip_msg *req, const struct sip_listener *l, struct refusal *why)
{
	struct buf path = buf_growing();
	struct registration g = {.req = req};
	g.like = (struct binding){
		.source = req->src,
		.listener = l ? l->name : NULL,
		.transport = l ? l->transport : SIP_UDP,
		.user_agent = bounded(sip_msg_value(req, SIP_HDR_USER_AGENT)),
		.call_id = req->call_id,
		.cseq = req->cseq.number,
		.received_at = received_now(u),
	};
	bool good = req->call_id.len <= URI_MAX ? check_flows(&g, why) && read_path(req, &path, why)
						: refuse(why, 400, "Call-ID Too Long", CNT_MALFORMED);
	if (good && path.err)
		good = refuse(why, 500, sip_reason(500), CNT_FAILED);
	if (good) {
		g.like.path = path.len ? buf_text(&path) : SLICE_NONE;
		good = apply_all(r, u, &g, why);
	}
	buf_reset(&path);
	return good;
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "callagent/registrar.h"
#include "base/counter.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/timer.h"
#include "callagent/location.h"
#include <errno.h>
#include <stdio.h>

enum { CNT_OK, CNT_QUERY, CNT_REMOVED, CNT_FORBIDDEN, CNT_NOT_FOUND, CNT_MALFORMED, CNT_BRIEF, CNT_OLD, CNT_TOO_MANY,
       CNT_EXTENSION, CNT_FAILED, CNT_MAX };
static const struct counter_def counter_defs[CNT_MAX] = {
	[CNT_OK] = {"ok", "registrations made, refreshed or removed"},
	[CNT_QUERY] = {"queries", "requests for the list of contacts"},
	[CNT_REMOVED] = {"removed", "contacts removed by the phone"},
	[CNT_FORBIDDEN] = {"forbidden", "requests for another domain or another user's address (403)"},
	[CNT_NOT_FOUND] = {"not-found", "requests for an address nobody has (404)"},
	[CNT_MALFORMED] = {"malformed", "requests with malformed contacts (400)"},
	[CNT_BRIEF] = {"too-brief", "requests for less than the minimum time (423)"},
	[CNT_OLD] = {"out-of-order", "requests older than what is registered (500)"},
	[CNT_TOO_MANY] = {"too-many", "requests for more contacts than allowed (403)"},
	[CNT_EXTENSION] = {"bad-extension", "requests requiring an extension we lack (420)"},
	[CNT_FAILED] = {"failed", "requests that failed for want of memory (500)"},
};
static uint64_t counts[CNT_MAX];
static struct counter_group counters = COUNTER_GROUP("registrar", counter_defs, counts);

struct registrar {
	struct auth *auth;
	struct location *location;
	uint32_t min_s, default_s, max_s;
	unsigned max_contacts;
};

enum { URI_MAX = 1024, TEXT_MAX = 256, NAME_SIZE = 128 };

static void registrar_destroy(void *obj)
{
	struct registrar *r = obj;
	mem_deref(r->location);
	mem_deref(r->auth);
}

static void take_limits(struct registrar *r, const struct conf *conf)
{
	const struct conf_part *p = conf_section(conf, "registrar");
	r->min_s = (uint32_t)(conf_int(p, "min-expiry") / 1000);
	r->default_s = (uint32_t)(conf_int(p, "default-expiry") / 1000);
	r->max_s = (uint32_t)(conf_int(p, "max-expiry") / 1000);
	r->max_contacts = (unsigned)conf_int(p, "max-contacts");
	if (r->max_contacts > LOCATION_CONTACTS_MAX)
		r->max_contacts = LOCATION_CONTACTS_MAX;
}

static bool is_user(void *arg, const char *aor)
{
	const struct registrar *r = arg;
	const struct user *u = auth_user(r->auth, aor);
	return u && !strcmp(user_name(u), aor);
}

int registrar_new(struct registrar **ret, const struct registrar_params *p)
{
	struct registrar *r = mem_alloc(sizeof *r, registrar_destroy);
	if (!r)
		return -ENOMEM;
	int err = auth_new(&r->auth, p->conf);
	if (!err)
		err = location_new(&r->location, &(struct location_params){p->store, p->bindings_table, p->on_change, p->arg});
	if (err) {
		mem_deref(r);
		return err;
	}
	take_limits(r, p->conf);
	location_retain(r->location, is_user, r);
	counter_register(&counters);
	*ret = r;
	return 0;
}

int registrar_reconfigure(struct registrar *r, const struct conf *conf)
{
	int err = auth_reconfigure(r->auth, conf);
	if (err)
		return err;
	take_limits(r, conf);
	location_retain(r->location, is_user, r);
	return 0;
}

struct auth *registrar_auth(struct registrar *r)
{
	return r->auth;
}

/* --- reading a REGISTER --------------------------------------------------------------------------------------------- */

/* A refusal: what to answer and under which counter. */
struct refusal {
	unsigned status;
	const char *reason;
	unsigned counter;
};

static bool refuse(struct refusal *why, unsigned status, const char *reason, unsigned counter)
{
	*why = (struct refusal){status, reason, counter};
	return false;
}

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

/* +sip.instance="<urn:...>" (RFC 5626 4.1): without quotes. */
static void read_outbound(struct binding *b, struct slice params)
{
	struct slice instance = sip_param(params, SLICE("+sip.instance")), reg_id = sip_param(params, SLICE("reg-id"));
	if (instance.len && instance.len <= TEXT_MAX)
		b->instance = instance;
	if (reg_id.len && slice_u32(reg_id, &b->reg_id))
		b->reg_id = 0;
}

/* RFC 3261 10.3, step 7: within a Call-ID requests must come in the order of their CSeq. */
static bool is_old(const struct binding *there, const struct binding *now)
{
	return slice_eq(there->call_id, now->call_id) && there->cseq >= now->cseq;
}

/* One Contact value made part of the update (RFC 3261 10.3, step 7). */
static bool apply_contact(struct registrar *r, struct location_update *u, const struct sip_msg *req,
			  const struct binding *like, struct slice value, struct refusal *why)
{
	struct sip_nameaddr c;
	struct binding b = *like;
	if (sip_nameaddr_parse(&c, value) || c.star || slice_empty(c.uri.text) || c.uri.text.len > URI_MAX)
		return refuse(why, 400, "Malformed Contact", CNT_MALFORMED);
	b.uri = c.uri.text;
	read_outbound(&b, c.params);
	struct slice expires = sip_param(c.params, SLICE("expires")), header = sip_msg_value(req, SIP_HDR_EXPIRES);
	struct slice q = sip_param(c.params, SLICE("q"));
	b.q = slice_is_set(q) ? thousandths(q) : 1000;
	uint32_t s = slice_is_set(expires) ? seconds(r, expires) : slice_is_set(header) ? seconds(r, header) : r->default_s;
	int at = location_find(u, &b);
	if (at >= 0 && !location_is_new(u, (unsigned)at) && is_old(location_at(u, (unsigned)at), &b))
		return refuse(why, 500, "CSeq Out Of Order", CNT_OLD);
	if (!s) {
		if (at >= 0) {
			location_remove(u, (unsigned)at);
			counts[CNT_REMOVED]++;
		}
		return true;
	}
	if (s < r->min_s)
		return refuse(why, 423, sip_reason(423), CNT_BRIEF);
	if (s > r->max_s)
		s = r->max_s;
	b.expires_at = clock_ms() + s * UINT64_C(1000);
	if (at < 0 && u->n >= r->max_contacts)
		return refuse(why, 403, "Too Many Contacts", CNT_TOO_MANY);
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
	counts[CNT_REMOVED] += u->n;
	location_abort(u);
	return true;
}

static bool apply(struct registrar *r, struct location_update *u, struct sip_strans *st, const struct sip_msg *req,
		  struct refusal *why)
{
	const struct sip_listener *listener = sip_strans_listener(st);
	struct binding like = {
		.source = req->src,
		.listener = listener ? listener->name : NULL,
		.transport = listener ? listener->transport : SIP_UDP,
		.user_agent = bounded(sip_msg_value(req, SIP_HDR_USER_AGENT)),
		.call_id = req->call_id,
		.cseq = req->cseq.number,
		.received_at = clock_utc_ms(),
	};
	struct sip_values it = {0};
	struct slice value;
	unsigned n = 0;
	bool star = false;
	if (like.call_id.len > URI_MAX)
		return refuse(why, 400, "Call-ID Too Long", CNT_MALFORMED);
	while (sip_msg_each(req, SIP_HDR_CONTACT, &it, &value)) {
		star |= slice_eq(value, SLICE("*"));
		n++;
	}
	if (star)
		return n == 1 ? apply_star(u, req, &like, why)
			      : refuse(why, 400, "Contact * Must Be Alone", CNT_MALFORMED);
	it = (struct sip_values){0};
	while (sip_msg_each(req, SIP_HDR_CONTACT, &it, &value))
		if (!apply_contact(r, u, req, &like, value, why))
			return false;
	return true;
}

/* --- answering ------------------------------------------------------------------------------------------------------ */

static void answer(struct registrar *r, struct sip_strans *st, const struct refusal *why)
{
	counts[why->counter]++;
	if (why->status == 423)
		sip_replyf(st, 423, why->reason, "Min-Expires: %u\r\n", r->min_s);
	else
		sip_reply(st, why->status, why->reason, SLICE_NONE, SLICE_NONE, SLICE_NONE);
}

/* Before anybody has shown who he is. */
static void refuse_stranger(struct sip_strans *st, unsigned status, const char *reason, unsigned counter)
{
	counts[counter]++;
	sip_reply_once(st, status, reason, SLICE_NONE);
}

/* 200 with all contacts (RFC 3261 10.3, step 8). What was stored outlives this process from the moment it was put: whoever has
 * this answer is in the store. */
static void answer_contacts(struct registrar *r, struct sip_strans *st, const char *aor)
{
	struct binding b[LOCATION_CONTACTS_MAX];
	unsigned n = location_contacts(r->location, aor, b, LOCATION_CONTACTS_MAX);
	struct buf headers = buf_growing();
	for (unsigned i = 0; i < n; i++) {
		buf_printf(&headers, "Contact: <" SLICE_FMT ">;expires=%llu", SLICE_ARG(b[i].uri),
			   (unsigned long long)((b[i].expires_at - clock_ms() + 999) / 1000));
		if (b[i].q < 1000)
			buf_printf(&headers, ";q=0.%03u", b[i].q);
		if (b[i].instance.len)
			buf_printf(&headers, ";+sip.instance=\"" SLICE_FMT "\"", SLICE_ARG(b[i].instance));
		if (b[i].reg_id)
			buf_printf(&headers, ";reg-id=%u", b[i].reg_id);
		buf_str(&headers, "\r\n");
	}
	if (headers.err)
		answer(r, st, &(struct refusal){500, sip_reason(500), CNT_FAILED});
	else
		sip_reply(st, 200, sip_reason(200), buf_text(&headers), SLICE_NONE, SLICE_NONE);
	buf_reset(&headers);
}

/* RFC 3261 8.2.2.3: no extension can be required of this registrar. */
static bool refuse_extensions(struct sip_strans *st, const struct sip_msg *req)
{
	struct sip_values it = {0};
	struct slice tag;
	struct buf headers = buf_growing();
	while (sip_msg_each(req, SIP_HDR_REQUIRE, &it, &tag))
		sip_write_hdr(&headers, SIP_HDR_UNSUPPORTED, tag);
	bool refused = headers.len || headers.err;
	if (refused) {
		counts[CNT_EXTENSION]++;
		sip_reply(st, 420, sip_reason(420), headers.err ? SLICE_NONE : buf_text(&headers), SLICE_NONE, SLICE_NONE);
	}
	buf_reset(&headers);
	return refused;
}

/* Whether `user` may change the address of record in To (RFC 3261 10.3, steps 4 and 5). */
static bool may_register(const struct registrar *r, const struct sip_msg *req, const struct user *user, struct refusal *why)
{
	char name[NAME_SIZE];
	const struct sip_uri *to = &req->to.uri;
	if (to->scheme > SIP_SCHEME_SIPS)
		return refuse(why, 400, "Not A SIP Address", CNT_MALFORMED);
	/* Others are forbidden before it shows whether there are any. */
	if (sip_uri_user(to, name, sizeof name) || !user_owns(user, name))
		return refuse(why, 403, sip_reason(403), CNT_FORBIDDEN);
	if (!auth_is_our_host(r->auth, req, to))
		return refuse(why, 404, sip_reason(404), CNT_NOT_FOUND);
	return true;
}

static void update(struct registrar *r, struct sip_strans *st, const struct sip_msg *req, const char *aor)
{
	struct location_update u;
	struct refusal why;
	char object[NAME_SIZE + 16], peer[ADDR_STR_LEN];
	if (!sip_msg_hdr(req, SIP_HDR_CONTACT)) {
		counts[CNT_QUERY]++;
		answer_contacts(r, st, aor);
		return;
	}
	location_begin(&u, r->location, aor);
	if (!apply(r, &u, st, req, &why)) {
		location_abort(&u);
		answer(r, st, &why);
		return;
	}
	unsigned n = u.n;
	if (location_commit(&u)) {
		answer(r, st, &(struct refusal){500, sip_reason(500), CNT_FAILED});
		return;
	}
	counts[CNT_OK]++;
	snprintf(object, sizeof object, "registration %s", aor);
	log_info(object, "%u contact%s, from %s", n, n == 1 ? "" : "s", addr_str(&req->src, peer));
	answer_contacts(r, st, aor);
}

void registrar_request(struct registrar *r, struct sip_strans *st, const struct sip_msg *req)
{
	const struct user *user;
	struct refusal why;
	char aor[NAME_SIZE];
	if (req->ruri.scheme > SIP_SCHEME_SIPS)
		refuse_stranger(st, 416, sip_reason(416), CNT_MALFORMED);
	else if (!auth_is_our_host(r->auth, req, &req->ruri))
		refuse_stranger(st, 403, "Not Our Domain", CNT_FORBIDDEN);
	else if (refuse_extensions(st, req) || auth_check(r->auth, st, req, false, &user) != AUTH_OK)
		return;
	else if (!may_register(r, req, user, &why))
		answer(r, st, &why);
	else if (slice_copy(slice_str(user_name(user)), aor, sizeof aor))
		answer(r, st, &(struct refusal){404, sip_reason(404), CNT_NOT_FOUND});
	else
		update(r, st, req, aor);
}

/* --- showing -------------------------------------------------------------------------------------------------------- */

unsigned registrar_contacts(const struct registrar *r, const char *user, struct binding *out, unsigned max)
{
	return location_sip_contacts(r->location, user, out, max);
}

bool registrar_has_source(const struct registrar *r, const struct addr *src)
{
	return location_has_source(r->location, src);
}

size_t registrar_count(const struct registrar *r)
{
	return location_count(r->location);
}

static int add_json(void *arg, const char *aor, const struct binding *b)
{
	char source[ADDR_STR_LEN];
	json_t *row = json_pack("{s:s, s:s%, s:s, s:s, s:I, s:s%, s:I}", "aor", aor, "contact", b->uri.p, b->uri.len, "transport",
				sip_transports[b->transport].name, "source",
				addr_str(&b->source, source), "expires_s",
				(json_int_t)((b->expires_at - clock_ms() + 999) / 1000), "user_agent",
				b->user_agent.p ? b->user_agent.p : "", b->user_agent.len, "received_at",
				(json_int_t)b->received_at);
	/* Text that is not UTF-8 has no place in JSON: then the phone's own name for itself is left out. */
	if (!row && b->user_agent.len) {
		struct binding nameless = *b;
		nameless.user_agent = SLICE_NONE;
		return add_json(arg, aor, &nameless);
	}
	return json_array_append_new(arg, row) ? -ENOMEM : 0;
}

json_t *registrar_json(const struct registrar *r)
{
	json_t *rows = json_array();
	if (rows && location_each(r->location, add_json, rows)) {
		json_decref(rows);
		rows = NULL;
	}
	return rows;
}

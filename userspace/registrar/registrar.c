// SPDX-License-Identifier: GPL-3.0-or-later
#include "registrar/registrar.h"
#include "base/counter.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/timer.h"
#include "registrar/registrar_priv.h"
#include <errno.h>
#include <stdio.h>

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
	[CNT_NO_OUTBOUND] = {"no-outbound", "requests for a flow through a proxy that does not keep flows (439)"},
	[CNT_THIRD] = {"third-party", "registrations made for another user by one who may"},
	[CNT_FAILED] = {"failed", "requests that failed for want of memory (500)"},
};
uint64_t registrar_counts[CNT_MAX];
static struct counter_group counters = COUNTER_GROUP("registrar", counter_defs, registrar_counts);

static void registrar_destroy(void *obj)
{
	struct registrar *r = obj;
	mem_deref(r->location);
	mem_deref(r->auth);
	mem_deref(r->conf);
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
	mem_ref((void *)(uintptr_t)conf);
	mem_deref(r->conf);
	r->conf = (struct conf *)(uintptr_t)conf;
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
	r->on_moved = p->on_moved;
	r->arg = p->arg;
	take_limits(r, p->conf);
	memcpy(r->gruu_key, p->gruu_key, sizeof r->gruu_key);
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

/* --- answering ------------------------------------------------------------------------------------------------------ */

static void answer(struct registrar *r, struct sip_strans *st, const struct refusal *why)
{
	registrar_counts[why->counter]++;
	if (why->status == 423)
		sip_replyf(st, 423, why->reason, "Min-Expires: %u\r\n", r->min_s);
	else
		sip_reply(st, why->status, why->reason, SLICE_NONE, SLICE_NONE, SLICE_NONE);
}

/* Before anybody has shown who he is. */
static void refuse_stranger(struct sip_strans *st, unsigned status, const char *reason, unsigned counter)
{
	registrar_counts[counter]++;
	sip_reply_once(st, status, reason, SLICE_NONE);
}

static void put_contact(const struct registrar *r, struct buf *out, const struct sip_msg *req, const struct binding *b, bool gruu)
{
	buf_printf(out, "Contact: <" SLICE_FMT ">;expires=%llu", SLICE_ARG(b->uri), (unsigned long long)((b->expires_at - clock_ms() + 999) / 1000));
	if (b->q < 1000)
		buf_printf(out, ";q=0.%03u", b->q);
	if (b->instance.len)
		buf_printf(out, ";+sip.instance=\"" SLICE_FMT "\"", SLICE_ARG(b->instance));
	if (b->reg_id)
		buf_printf(out, ";reg-id=%u", b->reg_id);
	if (gruu && b->gruu) {
		gruu_put_public(out, &req->to.uri, b->instance);
		gruu_put_temporary(out, &req->to.uri, b->gruu, r->gruu_key);
	}
	buf_str(out, "\r\n");
}

/* RFC 3327 5.3 (Path as it came), RFC 3608 5, RFC 5626 6. */
static void put_ways(const struct registrar *r, struct buf *out, const struct sip_msg *req, bool outbound)
{
	const struct conf_part *p = conf_section(r->conf, "registrar"), *domain = auth_domain(r->auth, req->to.uri.host);
	const struct conf_part *routes = domain && conf_list_count(domain, "service-route") ? domain : p;
	if (sip_msg_has_token(req, SIP_HDR_SUPPORTED, SLICE("path")))
		for (const struct sip_hdr *h = sip_msg_hdr(req, SIP_HDR_PATH); h; h = sip_msg_next(req, h))
			sip_write_hdr(out, SIP_HDR_PATH, h->value);
	for (unsigned i = 0; i < conf_list_count(routes, "service-route"); i++)
		sip_write_hdrf(out, "Service-Route", "<%s>", conf_list_at(routes, "service-route", i));
	if (!outbound)
		return;
	sip_write_hdr(out, SIP_HDR_REQUIRE, SLICE("outbound"));
	if (conf_int(p, "flow-timer"))
		sip_write_hdrf(out, "Flow-Timer", "%lld", (long long)(conf_int(p, "flow-timer") / 1000));
}

/* RFC 5626 4.4: longer than the phone is told, for what is under way. */
static uint32_t flow_grace(const struct registrar *r)
{
	uint32_t ms = (uint32_t)conf_int(conf_section(r->conf, "registrar"), "flow-timer");
	return ms + ms / 4;
}

/* 200 with all contacts (RFC 3261 10.3, step 8). What was stored outlives this process from the moment it was put: whoever has
 * this answer is in the store. */
static void answer_contacts(struct registrar *r, struct sip_strans *st, const struct sip_msg *req, const char *aor)
{
	struct binding b[LOCATION_CONTACTS_MAX];
	unsigned n = location_contacts(r->location, aor, b, LOCATION_CONTACTS_MAX);
	struct buf headers = buf_growing();
	bool gruu = sip_msg_has_token(req, SIP_HDR_SUPPORTED, SLICE("gruu")) || sip_msg_has_token(req, SIP_HDR_REQUIRE, SLICE("gruu")), outbound = false;
	for (unsigned i = 0; i < n; i++) {
		put_contact(r, &headers, req, &b[i], gruu);
		outbound |= b[i].outbound && slice_eq(b[i].call_id, req->call_id) && b[i].cseq == req->cseq.number;
	}
	put_ways(r, &headers, req, outbound);
	if (outbound)
		sip_msg_expect(req, flow_grace(r));
	if (headers.err)
		answer(r, st, &(struct refusal){500, sip_reason(500), CNT_FAILED});
	else
		sip_reply(st, 200, sip_reason(200), buf_text(&headers), SLICE_NONE, SLICE_NONE);
	buf_reset(&headers);
}

const char *const registrar_extensions[] = {
	"path",     /* RFC 3327 */
	"outbound", /* RFC 5626 */
	"gruu",     /* RFC 5627 */
	"gin",      /* RFC 6140 */
	NULL,
};

static bool is_known(struct slice tag)
{
	for (const char *const *e = registrar_extensions; *e; e++)
		if (slice_caseeq(tag, slice_str(*e)))
			return true;
	return false;
}

static bool refuse_extensions(struct sip_strans *st, const struct sip_msg *req)
{
	struct sip_values it = {0};
	struct slice tag;
	struct buf headers = buf_growing();
	while (sip_msg_each(req, SIP_HDR_REQUIRE, &it, &tag))
		if (!is_known(tag))
			sip_write_hdr(&headers, SIP_HDR_UNSUPPORTED, tag);
	bool refused = headers.len || headers.err;
	if (refused) {
		registrar_counts[CNT_EXTENSION]++;
		sip_reply(st, 420, sip_reason(420), headers.err ? SLICE_NONE : buf_text(&headers), SLICE_NONE, SLICE_NONE);
	}
	buf_reset(&headers);
	return refused;
}

/* Whether `*user` may change the address of record in To (RFC 3261 10.3, steps 4 and 5). A third party that may register anybody stands for
 * the user whose it is from then on. */
static bool may_register(const struct registrar *r, const struct sip_msg *req, const struct user **user, struct refusal *why)
{
	const struct sip_uri *to = &req->to.uri;
	if (to->scheme > SIP_SCHEME_SIPS)
		return refuse(why, 400, "Not A SIP Address", CNT_MALFORMED);
	/* Others are forbidden before it shows whether there are any. */
	bool any = conf_bool(user_conf(*user), "any-register");
	const struct user *whose = auth_user_at(r->auth, to);
	if (whose != *user && !any)
		return refuse(why, 403, sip_reason(403), CNT_FORBIDDEN);
	if (!auth_is_our_host(r->auth, req, to) || !whose)
		return refuse(why, 404, sip_reason(404), CNT_NOT_FOUND);
	registrar_counts[CNT_THIRD] += whose != *user;
	*user = whose;
	return true;
}

static void update(struct registrar *r, struct sip_strans *st, const struct sip_msg *req, const char *aor)
{
	struct location_update u;
	struct refusal why;
	char object[NAME_SIZE + 16], peer[ADDR_STR_LEN];
	if (!sip_msg_hdr(req, SIP_HDR_CONTACT)) {
		registrar_counts[CNT_QUERY]++;
		answer_contacts(r, st, req, aor);
		return;
	}
	location_begin(&u, r->location, aor);
	unsigned had = u.n;
	if (!registration_apply(r, &u, req, sip_strans_listener(st), &why)) {
		location_abort(&u);
		answer(r, st, &why);
		return;
	}
	unsigned n = u.n;
	if (location_commit(&u)) {
		answer(r, st, &(struct refusal){500, sip_reason(500), CNT_FAILED});
		return;
	}
	registrar_counts[CNT_OK]++;
	snprintf(object, sizeof object, "registration %s", aor);
	/* Thousands of phones refresh each second; who came or went is worth a line. */
	log_at(n == had ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO, object, "%u contact%s, from %s", n, n == 1 ? "" : "s", addr_str(&req->src, peer));
	answer_contacts(r, st, req, aor);
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
	else if (!may_register(r, req, &user, &why))
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

/* The instance's contacts of all of the user's. */
static unsigned keep_instance(struct binding *b, unsigned n, struct slice gr)
{
	unsigned kept = 0;
	for (unsigned i = 0; i < n; i++)
		if (gruu_is_instance(gr, b[i].instance))
			b[kept++] = b[i];
	return kept;
}

int registrar_lookup(const struct registrar *r, const struct sip_uri *uri, const struct user **user, struct binding *out, unsigned max)
{
	struct slice gr = gruu_of(uri);
	const char *aor;
	uint64_t number;
	unsigned n;
	if (slice_is_set(gr) && !gr.len) {
		n = gruu_number(uri, r->gruu_key, &number) ? 0 : location_by_gruu(r->location, number, out, max, &aor);
		*user = n ? auth_user(r->auth, aor) : NULL;
		return n && *user ? (int)n : -ENOENT;
	}
	const struct user *u = auth_user_at(r->auth, uri);
	if (!u)
		return -ENOENT;
	n = registrar_contacts(r, user_name(u), out, max);
	if (gr.len)
		n = keep_instance(out, n, gr);
	*user = u;
	return n ? (int)n : -EHOSTUNREACH;
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

// SPDX-License-Identifier: GPL-3.0-or-later
#include "routing/trunk_register.h"
#include "base/random.h"
#include "base/log.h"
#include "base/mem.h"
#include "routing/trunk_request.h"
#include <ctype.h>
#include <errno.h>
#include <sys/random.h>

/* Refreshed when this part of its life is over, so that a failure leaves time to try again. */
#define REFRESH_PERCENT 75
/* A Retry-After may not keep a trunk away for longer. */
#define RETRY_AFTER_MAX_S 3600
/* As long as a Path of a phone's. */
#define ROUTE_MAX 512

enum state { REGISTERING, REGISTERED, WAITING, LEAVING };
static const char *const names[] = {[REGISTERING] = "registering", [REGISTERED] = "registered", [WAITING] = "waiting", [LEAVING] = "leaving"};

struct trunk_register {
	struct sip_stack *stack;
	struct trunk *trunk;
	enum state state;
	struct sip_ctrans *ct;
	struct timer next;      /* the refresh, or the next try */
	char call_id[17], tag[17];
	char aor[256], ruri[256], contact[128];
	struct addr at;         /* where the last request went, and over what */
	enum sip_transport over;
	uint64_t since;         /* clock_ms(): registered, or refreshed */
	char route[ROUTE_MAX + 1], identities[ROUTE_MAX + 1]; /* what the registrar says of us */
	uint32_t cseq, expires_s;
	unsigned attempt;       /* in a row that failed */
	unsigned losses;        /* of connections that did not last, in a row */
	bool authorized;        /* this request carries credentials */
	bool fresh;             /* ... for a nonce that was said to be stale before */
	bool brief;             /* this try has been told a longer time already */
	struct buf credentials;
};

static void send_register(struct trunk_register *r, uint32_t expires_s);

/* What is under way tells us nothing any more. */
static void drop_request(struct trunk_register *r)
{
	if (r->ct)
		sip_ctrans_detach(r->ct);
	r->ct = mem_deref(r->ct);
}

static void destroy(void *obj)
{
	struct trunk_register *r = obj;
	timer_stop(&r->next);
	drop_request(r);
	mem_deref(r->stack);
	buf_reset(&r->credentials);
}

static void set_state(struct trunk_register *r, enum state state, const char *why)
{
	if (r->state != state)
		log_info(r->trunk->name, "registration %s -> %s: %s", names[r->state], names[state], why);
	r->state = state;
	trunk_told(r->trunk, why);
}

static void on_next(void *arg)
{
	struct trunk_register *r = arg;
	drop_request(r);
	r->authorized = r->fresh = r->brief = false;
	buf_reset(&r->credentials);
	send_register(r, r->expires_s);
}

/* Pauses double up to the longest, each shortened by up to a half, so that many do not come back together (RFC 5626 4.5). */
static uint64_t pause_after(const struct trunk_register *r, unsigned times)
{
	uint64_t longest = (uint64_t)conf_int(r->trunk->conf, "register-retry-max"), pause = (uint64_t)conf_int(r->trunk->conf, "register-retry-min");
	uint32_t part = 0;
	for (unsigned i = 0; i < times && pause < longest; i++)
		pause *= 2;
	pause = pause > longest ? longest : pause;
	if (getrandom(&part, sizeof(part), 0) == sizeof(part))
		pause -= part % (pause / 2 + 1);
	return pause;
}

static void try_later(struct trunk_register *r, uint32_t at_least_s, const char *why)
{
	uint64_t pause = pause_after(r, r->attempt);
	if (pause < at_least_s * 1000ULL)
		pause = at_least_s * 1000ULL;
	r->attempt++;
	set_state(r, WAITING, why);
	timer_start(&r->next, pause, on_next, r);
}

/* What the registrar grants: our Contact's own time, else that of all (RFC 3261 10.2.4). Another binding may have the same user: the one that ends
 * first counts. */
static uint32_t granted(const struct trunk_register *r, const struct sip_msg *rsp)
{
	struct sip_values it = {0};
	struct slice value, all = sip_msg_value(rsp, SIP_HDR_EXPIRES);
	struct sip_nameaddr na;
	uint32_t s = r->expires_s;
	if (slice_is_set(all))
		slice_u32(all, &s);
	char user[3 * sizeof(r->contact)];
	struct slice own = slice_str(r->contact);
	struct buf escaped = buf_fixed(user, sizeof(user));
	uint32_t one, least = UINT32_MAX;
	sip_uri_escape_user(&escaped, slice_cut(&own, '@'));
	while (sip_msg_each(rsp, SIP_HDR_CONTACT, &it, &value))
		if (!sip_nameaddr_parse(&na, value) && !na.star && slice_eq(na.uri.user, buf_text(&escaped)) &&
		    !slice_u32(sip_param(na.params, SLICE("expires")), &one) && one < least)
			least = one;
	return least < UINT32_MAX ? least : s;
}

/* The values of a header as one list. What is no list of addresses is none, and said so. */
static void take_list(const struct trunk_register *r, const struct sip_msg *rsp, enum sip_hdr_id id, char *out)
{
	struct sip_values it = {0};
	struct slice value;
	struct sip_nameaddr na;
	struct buf list = buf_fixed(out, ROUTE_MAX + 1);
	bool good = true;
	while (sip_msg_each(rsp, id, &it, &value)) {
		good &= !sip_nameaddr_parse(&na, value) && !na.star && (id != SIP_HDR_SERVICE_ROUTE || na.uri.scheme <= SIP_SCHEME_SIPS);
		buf_str(&list, list.len ? ", " : "");
		buf_slice(&list, value);
	}
	buf_z(&list);
	if (good && !list.err)
		return;
	log_remote(r->trunk->name, "the registrar's %s cannot be used", sip_hdr_name(id));
	out[0] = '\0';
}

static void on_registered(struct trunk_register *r, const struct sip_msg *rsp)
{
	uint32_t s = granted(r, rsp);
	if (!s) {
		try_later(r, 0, "the registrar grants no time");
		return;
	}
	r->attempt = 0;
	r->since = clock_ms();
	take_list(r, rsp, SIP_HDR_SERVICE_ROUTE, r->route);
	take_list(r, rsp, SIP_HDR_P_ASSOCIATED_URI, r->identities);
	set_state(r, REGISTERED, "the registrar has taken it");
	timer_start(&r->next, s * 10ULL * REFRESH_PERCENT, on_next, r);
}

/* A challenge is answered once, and once more when the nonce was only old. */
static bool authorize(struct trunk_register *r, const struct sip_msg *rsp)
{
	const struct sip_hdr *h = sip_msg_hdr(rsp, rsp->status == 401 ? SIP_HDR_WWW_AUTHENTICATE : SIP_HDR_PROXY_AUTHENTICATE);
	bool stale = h && slice_search(h->value, SLICE("stale=true")) >= 0;
	if ((rsp->status != 401 && rsp->status != 407) || (r->authorized && (!stale || r->fresh)))
		return false;
	r->fresh = r->authorized;
	r->authorized = true;
	buf_reset(&r->credentials);
	if (digest_respond(&r->credentials, rsp, SLICE("REGISTER"), slice_str(r->ruri), &r->trunk->login, SLICE_NONE) || r->credentials.err)
		return false;
	send_register(r, r->expires_s);
	return true;
}

/* RFC 3261 10.3 7: asked again with the time that the registrar wants, once a try. */
static bool too_brief(struct trunk_register *r, const struct sip_msg *rsp)
{
	uint32_t least;
	if (rsp->status != 423 || r->brief || slice_u32(sip_msg_value(rsp, SIP_HDR_MIN_EXPIRES), &least) || least <= r->expires_s)
		return false;
	r->brief = true;
	r->expires_s = least;
	send_register(r, r->expires_s);
	return true;
}

/* RFC 3261 20.33: seconds, then maybe a comment and parameters. */
static uint32_t retry_after(const struct sip_msg *rsp)
{
	struct slice value = sip_msg_value(rsp, SIP_HDR_RETRY_AFTER);
	uint32_t s = 0;
	for (size_t i = 0; i < value.len; i++)
		if (!isdigit((unsigned char)value.p[i]))
			value.len = i;
	slice_u32(value, &s);
	return s < RETRY_AFTER_MAX_S ? s : RETRY_AFTER_MAX_S;
}

static void on_response(void *arg, int err, const struct sip_msg *rsp)
{
	struct trunk_register *r = arg;
	if (rsp && rsp->status < 200)
		return;
	drop_request(r);
	if (r->state == LEAVING) {
		if (!rsp || rsp->status < 300 || !authorize(r, rsp))
			trunk_left(r->trunk);
	} else if (!rsp) {
		try_later(r, 0, err == -ETIMEDOUT ? "the registrar does not answer" : "the registrar cannot be reached");
	} else if (rsp->status < 300) {
		on_registered(r, rsp);
	} else if (!authorize(r, rsp) && !too_brief(r, rsp)) {
		try_later(r, retry_after(rsp), rsp->status == 401 || rsp->status == 407 ? "the registrar does not take the password" : sip_reason(rsp->status));
	}
}

/* Each try goes to the next peer. -EHOSTUNREACH: its addresses are not known. */
static int try_register(struct trunk_register *r, uint32_t expires_s)
{
	unsigned order[TRUNK_PEERS], n = trunk_order(r->trunk, order);
	const char *many = conf_int(r->trunk->conf, "register") == TRUNK_REGISTER_MANY ? "Require: gin\r\nProxy-Require: gin\r\n" : "";
	struct buf lines = buf_growing();
	if (!n && r->trunk->n_peers) {
		order[0] = 0;
		n = 1;
	}
	if (!n)
		return -EHOSTUNREACH;
	const struct trunk_peer *peer = &r->trunk->peer[order[r->attempt % n]];
	r->at = peer->addr;
	r->over = peer->transport;
	buf_printf(&lines, "Supported: path\r\n%sExpires: %u\r\n", many, expires_s);
	buf_slice(&lines, buf_text(&r->credentials));
	const struct trunk_request q = {
		.method = SIP_REGISTER, .peer = peer->addr, .transport = peer->transport, .ruri = slice_str(r->ruri), .aor = slice_str(r->aor),
		.call_id = r->call_id, .tag = r->tag, .cseq = ++r->cseq, .contact = slice_str(r->contact), .headers = buf_text(&lines),
	};
	int err = lines.err ? lines.err : trunk_request(&r->ct, r->stack, r->trunk, &q, on_response, r);
	buf_reset(&lines);
	return err;
}

static void send_register(struct trunk_register *r, uint32_t expires_s)
{
	int err = try_register(r, expires_s);
	if (err && r->state == LEAVING)
		trunk_left(r->trunk);
	else if (err)
		try_later(r, 0, err == -EHOSTUNREACH ? "its addresses are not known" : strerror(-err));
}

/* RFC 5626 4.2.1: another flow in the place of the one that has failed. A peer that ends each connection soon is not asked all the time. */
void trunk_register_lost(struct trunk_register *r, enum sip_transport transport, const struct addr *peer)
{
	if (r->state != REGISTERED || r->over != transport || !addr_eq(&r->at, peer))
		return;
	r->losses = clock_ms() - r->since > (uint64_t)conf_int(r->trunk->conf, "register-retry-max") ? 0 : r->losses + 1;
	log_info(r->trunk->name, "the connection that it is registered over has ended");
	timer_start(&r->next, pause_after(r, r->losses), on_next, r);
}

bool trunk_register_leave(struct trunk_register *r)
{
	timer_stop(&r->next);
	drop_request(r);
	if (r->state != REGISTERED)
		return false;
	r->authorized = r->fresh = false;
	r->expires_s = 0;
	if (try_register(r, 0))
		return false;
	r->state = LEAVING;
	return true;
}

const char *trunk_register_route(const struct trunk_register *r)
{
	return r->route;
}

const char *trunk_register_identities(const struct trunk_register *r)
{
	return r->identities;
}

const char *trunk_register_state(const struct trunk_register *r)
{
	return names[r->state];
}

bool trunk_register_good(const struct trunk_register *r)
{
	return r->state != WAITING;
}

/* "sip:account@domain" and "sip:domain": the domain told, else where calls come from, else the peer. */
static int set_names(struct trunk_register *r)
{
	const struct conf_part *p = r->trunk->conf;
	const char *user = conf_string(p, "register-user"), *contact = conf_string(p, "contact-user"), *host = conf_string(p, "domain");
	char peer[ADDR_STR_LEN];
	user = *user ? user : conf_string(p, "auth-user");
	host = *host ? host : conf_string(p, "from-domain");
	if (!*host && r->trunk->n_peers)
		host = addr_str(&r->trunk->peer[0].addr, peer);
	struct buf aor = buf_fixed(r->aor, sizeof(r->aor)), ruri = buf_fixed(r->ruri, sizeof(r->ruri)), at = buf_fixed(r->contact, sizeof(r->contact));
	buf_str(&aor, "sip:");
	sip_uri_escape_user(&aor, slice_str(user));
	buf_printf(&aor, "@%s", host);
	buf_printf(&ruri, "sip:%s", host);
	/* RFC 6140 5.1: no user part, and "bnc". */
	if (conf_int(p, "register") == TRUNK_REGISTER_MANY)
		buf_str(&at, "@;bnc");
	else
		buf_printf(&at, "%s@", *contact ? contact : user);
	buf_z(&aor);
	buf_z(&ruri);
	buf_z(&at);
	return aor.err ? aor.err : ruri.err ? ruri.err : at.err;
}

static bool has_peer(const struct trunk *t, const struct addr *a)
{
	for (unsigned i = 0; i < t->n_peers; i++)
		if (addr_eq(&t->peer[i].addr, a))
			return true;
	return false;
}

/* The same address of record and Contact, at the same peer, from the same address of ours. */
static bool is_same_binding(const struct trunk_register *r, struct trunk *now)
{
	struct trunk_register named = {.trunk = now};
	return !set_names(&named) && !strcmp(named.aor, r->aor) && !strcmp(named.ruri, r->ruri) && !strcmp(named.contact, r->contact) &&
	       now->transport == r->trunk->transport && conf_same_value(now->conf, r->trunk->conf, "address") &&
	       (!addr_is_set(&r->at) || has_peer(now, &r->at));
}

bool trunk_register_continues(struct trunk_register *r, struct trunk *now)
{
	static const char *const told[] = {"auth-user", "auth-realm", "password", "register-expiry"};
	bool changed = false;
	if (!r || conf_int(now->conf, "register") == TRUNK_REGISTER_NOT || !is_same_binding(r, now))
		return false;
	for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++)
		changed |= !conf_same_value(now->conf, r->trunk->conf, told[i]);
	r->trunk = now;
	if (!changed)
		return true;
	drop_request(r);
	r->attempt = 0;
	r->expires_s = (uint32_t)(conf_int(now->conf, "register-expiry") / 1000);
	timer_start(&r->next, 0, on_next, r);
	return true;
}

int trunk_register_new(struct trunk_register **ret, struct sip_stack *stack, struct trunk *trunk, uint32_t later_ms)
{
	*ret = NULL;
	if (conf_int(trunk->conf, "register") == TRUNK_REGISTER_NOT)
		return 0;
	struct trunk_register *r = mem_alloc(sizeof(*r), destroy);
	if (!r)
		return -ENOMEM;
	r->stack = mem_ref(stack);
	r->trunk = trunk;
	r->expires_s = (uint32_t)(conf_int(trunk->conf, "register-expiry") / 1000);
	int err = set_names(r) ?: random_id(r->call_id, sizeof(r->call_id)) ?: random_id(r->tag, sizeof(r->tag));
	if (err) {
		mem_deref(r);
		return err;
	}
	timer_start(&r->next, later_ms, on_next, r);
	*ret = r;
	return 0;
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "registrar/auth.h"
#include "registrar/hosts.h"
#include "registrar/users.h"
#include "base/counter.h"
#include "base/log.h"
#include "base/mem.h"
#include <errno.h>

enum { CNT_OK, CNT_NONE, CNT_STALE, CNT_WRONG, CNT_UNKNOWN, CNT_MALFORMED, CNT_FROM, CNT_MAX };
static const struct counter_def counter_defs[CNT_MAX] = {
	[CNT_OK] = {"ok", "requests authenticated"},
	[CNT_NONE] = {"no-credentials", "requests challenged because they came without credentials"},
	[CNT_STALE] = {"stale", "requests challenged again because their nonce was unknown, old or used up"},
	[CNT_WRONG] = {"wrong-password", "requests challenged again because their password was wrong"},
	[CNT_UNKNOWN] = {"unknown-user", "requests challenged again because there is no such user"},
	[CNT_MALFORMED] = {"malformed", "requests refused because their credentials are malformed"},
	[CNT_FROM] = {"foreign-from", "requests refused because their From is not the authenticated user's"},
};
static uint64_t counts[CNT_MAX];
static struct counter_group counters = COUNTER_GROUP("auth", counter_defs, counts);

enum { NONCES_MAX = 65536, NAME_MAX_LEN = 128 };

struct auth {
	struct users *users;
	struct hosts *hosts;
	struct digest_server **digest; /* one a realm */
	void (*watch)(void *arg, const struct addr *src, bool good, bool here);
	void *watch_arg;
};

/* --- users ---------------------------------------------------------------------------------------------------------- */

const char *user_name(const struct user *u)
{
	return u->id;
}

const struct conf_part *user_conf(const struct user *u)
{
	return u->conf;
}

const char *user_part(const struct user *u)
{
	return u->name;
}

static bool has_number(const struct user *u, const char *number)
{
	for (unsigned i = 0; i < conf_list_count(u->conf, "numbers"); i++)
		if (!strcmp(conf_list_at(u->conf, "numbers", i), number))
			return true;
	return false;
}

bool user_owns(const struct user *u, const struct sip_uri *uri)
{
	char name[NAME_MAX_LEN];
	return !sip_uri_user(uri, name, sizeof name) && (!u->domain.len || slice_caseeq(u->domain, uri->host)) &&
	       (!strcmp(u->name, name) || has_number(u, name));
}

const struct user *auth_user(const struct auth *a, const char *id)
{
	const struct user *u = users_by_id(a->users, id);
	return u ? u : users_by_number(a->users, id, SLICE_NONE);
}

const struct user *auth_user_in(const struct auth *a, struct slice domain, const char *name)
{
	const struct user *u = users_by_name(a->users, name, domain);
	return u ? u : users_by_number(a->users, name, domain);
}

const struct user *auth_user_at(const struct auth *a, const struct sip_uri *uri)
{
	char name[NAME_MAX_LEN];
	return sip_uri_user(uri, name, sizeof name) ? NULL : auth_user_in(a, uri->host, name);
}

/* --- whose domain --------------------------------------------------------------------------------------------------- */

bool auth_is_our_host(const struct auth *a, const struct sip_msg *req, const struct sip_uri *uri)
{
	struct addr ip;
	if (hosts_has_name(a->hosts, uri->host))
		return true;
	if (addr_parse_ip(&ip, uri->host))
		return hosts_any_name(a->hosts);
	/* An IPv4-mapped address is the IPv4 one. */
	uint8_t bytes[16];
	addr_mapped(&ip, bytes);
	addr_from_mapped(&ip, bytes, 0);
	return addr_ip_eq(&ip, &req->dst) || hosts_has_ip(a->hosts, &ip);
}

const struct conf_part *auth_domain(const struct auth *a, struct slice host)
{
	return hosts_domain(a->hosts, host);
}

/* --- construction --------------------------------------------------------------------------------------------------- */

static void free_digests(struct digest_server **digest, unsigned n)
{
	for (unsigned i = 0; digest && i < n; i++)
		mem_deref(digest[i]);
	mem_free(digest);
}

static void auth_destroy(void *obj)
{
	struct auth *a = obj;
	free_digests(a->digest, a->users ? users_realms(a->users) : 0);
	mem_deref(a->users);
	mem_deref(a->hosts);
}

static int64_t nonce_life(const struct users *us)
{
	return conf_int(conf_section(users_conf(us), "registrar"), "nonce-life");
}

/* The one of before knows which nonce counts were used: it stays unless it cannot. */
static struct digest_server *known_digest(const struct auth *a, const struct users *us, const char *realm)
{
	if (!a->users || nonce_life(a->users) != nonce_life(us))
		return NULL;
	for (unsigned i = 0; i < users_realms(a->users); i++)
		if (!strcmp(users_realm(a->users, i), realm))
			return mem_ref(a->digest[i]);
	return NULL;
}

/* The secret that signs nonces is this process's own: one that survived it would let nonces be replayed whose counts it has
 * forgotten. To a phone a restart costs one answer with stale=true. */
static int make_digests(const struct auth *a, const struct users *us, struct digest_server ***ret)
{
	unsigned n = users_realms(us);
	int err = 0;
	struct digest_server **digest = mem_raw(n * sizeof *digest);
	if (!digest)
		return -ENOMEM;
	memset(digest, 0, n * sizeof *digest);
	for (unsigned i = 0; i < n && !err; i++) {
		digest[i] = known_digest(a, us, users_realm(us, i));
		if (!digest[i])
			err = digest_server_new(&digest[i], users_realm(us, i), NULL, (uint32_t)nonce_life(us), NONCES_MAX);
	}
	if (err)
		free_digests(digest, n);
	else
		*ret = digest;
	return err;
}

int auth_reconfigure(struct auth *a, const struct conf *conf)
{
	struct users *us = NULL;
	struct hosts *hosts = NULL;
	struct digest_server **digest = NULL;
	int err = users_new(&us, conf) ?: hosts_new(&hosts, conf);
	if (!err)
		err = make_digests(a, us, &digest);
	if (err) {
		mem_deref(us);
		mem_deref(hosts);
		return err;
	}
	free_digests(a->digest, a->users ? users_realms(a->users) : 0);
	mem_deref(a->users);
	mem_deref(a->hosts);
	a->digest = digest;
	a->users = us;
	a->hosts = hosts;
	return 0;
}

int auth_new(struct auth **ret, const struct conf *conf)
{
	struct auth *a = mem_alloc(sizeof *a, auth_destroy);
	if (!a)
		return -ENOMEM;
	int err = auth_reconfigure(a, conf);
	if (err) {
		mem_deref(a);
		return err;
	}
	counter_register(&counters);
	*ret = a;
	return 0;
}

void auth_watch(struct auth *a, void (*fn)(void *arg, const struct addr *src, bool good, bool here), void *arg)
{
	a->watch = fn;
	a->watch_arg = arg;
}

/* --- checking ------------------------------------------------------------------------------------------------------- */

/* A request whose credentials are looked at: in which realm, and whose they are. */
struct check {
	struct auth *a;
	struct sip_strans *st;
	const struct sip_msg *req;
	bool proxy;
	unsigned realm;
	struct digest_fields found;
	char name[NAME_MAX_LEN];
};

static enum auth_result challenge(const struct check *c, bool stale, unsigned algs)
{
	unsigned status = c->proxy ? 407 : 401;
	struct buf headers = buf_growing();
	digest_challenge(c->a->digest[c->realm], &headers, &c->req->src, c->proxy, stale, algs);
	if (headers.err) {
		sip_reply(c->st, 500, sip_reason(500), SLICE_NONE, SLICE_NONE, SLICE_NONE);
		buf_reset(&headers);
		return AUTH_REFUSED;
	}
	sip_reply_once(c->st, status, sip_reason(status), buf_text(&headers));
	buf_reset(&headers);
	return AUTH_CHALLENGED;
}

static void tell(const struct check *c, bool good)
{
	if (c->a->watch)
		c->a->watch(c->a->watch_arg, &c->req->src, good, digest_is_here(c->a->digest[c->realm], &c->found, &c->req->src));
}

static bool is_realm(const struct auth *a, struct slice realm, unsigned i)
{
	return slice_is_set(realm) && slice_eq(realm, slice_str(users_realm(a->users, i)));
}

/* The realm of ours with that name; false: there is none. */
static bool find_realm(const struct auth *a, struct slice realm, unsigned *ret)
{
	unsigned i = is_realm(a, realm, 0) || !slice_is_set(realm) ? 0 : users_realm_of(a->users, realm);
	*ret = i;
	return is_realm(a, realm, i);
}

/* The realm that the credentials are for: a request has few, where there may be thousands of realms. What cannot be read is judged by the first one. */
static enum digest_result find_credentials(struct check *c)
{
	const struct sip_hdr *h = sip_msg_hdr(c->req, c->proxy ? SIP_HDR_PROXY_AUTHORIZATION : SIP_HDR_AUTHORIZATION);
	enum digest_result res = DIGEST_NONE;
	for (; h && res == DIGEST_NONE; h = sip_msg_next(c->req, h)) {
		struct slice realm = digest_realm(h->value);
		if (find_realm(c->a, realm, &c->realm) || !slice_is_set(realm))
			res = digest_user(c->a->digest[c->realm], c->req, c->proxy, &c->found, c->name, sizeof c->name);
	}
	return res;
}

static const struct user *user_of_realm(const struct check *c)
{
	struct slice domain = c->realm ? slice_str(users_realm(c->a->users, c->realm)) : SLICE_NONE;
	const struct user *u = users_by_name(c->a->users, c->name, domain);
	return u && u->realm == c->realm ? u : NULL;
}

/* Somebody who has not said who it is is asked in the realm, and offered the algorithms, of whose address it uses. */
static enum auth_result ask(struct check *c)
{
	const struct sip_uri *uri = c->proxy ? &c->req->from.uri : &c->req->to.uri;
	const struct user *u = auth_user_at(c->a, uri);
	counts[CNT_NONE]++;
	unsigned decoy = users_decoy_algs(c->a->users, uri->user);
	c->realm = u ? u->realm : users_realm_of(c->a->users, uri->host);
	return challenge(c, false, u ? u->algs : decoy);
}

enum auth_result auth_check(struct auth *a, struct sip_strans *st, const struct sip_msg *req, bool proxy, const struct user **user)
{
	struct check c = {.a = a, .st = st, .req = req, .proxy = proxy};
	const char *ha1[DIGEST_ALGS];
	enum digest_result res = find_credentials(&c);
	if (res == DIGEST_NONE)
		return ask(&c);
	const struct user *known = res == DIGEST_OK ? user_of_realm(&c) : NULL, *u = known ? known : users_decoy(a->users);
	unsigned decoy = users_decoy_algs(a->users, slice_str(res == DIGEST_OK ? c.name : "")), algs = known ? known->algs : decoy;
	if (res == DIGEST_OK) {
		for (unsigned alg = 0; alg < DIGEST_ALGS; alg++)
			ha1[alg] = algs & 1u << alg ? u->ha1[alg] : NULL;
		res = digest_verify(a->digest[c.realm], req, proxy, &c.found, ha1);
	}
	switch (res) {
	case DIGEST_OK:
		if (!known)
			break;
		counts[CNT_OK]++;
		tell(&c, true);
		*user = known;
		return AUTH_OK;
	case DIGEST_MALFORMED:
		counts[CNT_MALFORMED]++;
		sip_reply_once(st, 400, "Malformed Credentials", SLICE_NONE);
		return AUTH_REFUSED;
	case DIGEST_STALE:
		counts[CNT_STALE]++;
		return challenge(&c, true, algs);
	case DIGEST_NONE: /* in an algorithm that this user may not use */
	case DIGEST_WRONG:
		break;
	}
	counts[known ? CNT_WRONG : CNT_UNKNOWN]++;
	char peer[ADDR_STR_LEN];
	tell(&c, false);
	log_remote(NULL, "%s for \"%s\" from %s", known ? "wrong password" : "unknown user", c.name, addr_str(&req->src, peer));
	challenge(&c, false, algs);
	return AUTH_WRONG;
}

const struct sip_hdr *auth_credentials(const struct auth *a, const struct sip_msg *req)
{
	const struct sip_hdr *h = sip_msg_hdr(req, SIP_HDR_PROXY_AUTHORIZATION);
	unsigned realm;
	while (h && !find_realm(a, digest_realm(h->value), &realm))
		h = sip_msg_next(req, h);
	return h;
}

bool auth_name(struct auth *a, struct sip_strans *st, const struct sip_msg *req, char *name, size_t size)
{
	struct check c = {.a = a, .st = st, .req = req, .proxy = true};
	return find_credentials(&c) == DIGEST_OK && !slice_copy(slice_str(c.name), name, size);
}

enum auth_result auth_check_login(struct auth *a, struct sip_strans *st, const struct sip_msg *req, const char *name, const char *password)
{
	struct check c = {.a = a, .st = st, .req = req, .proxy = true};
	char hex[DIGEST_ALGS][DIGEST_HEX_LEN];
	const char *ha1[DIGEST_ALGS];
	unsigned algs = users_decoy(a->users)->algs;
	enum digest_result res = find_credentials(&c);
	if (res == DIGEST_NONE)
		return ask(&c);
	for (unsigned alg = 0; alg < DIGEST_ALGS; alg++)
		ha1[alg] = algs & 1u << alg && !digest_ha1(alg, slice_str(name), slice_str(users_realm(a->users, c.realm)), slice_str(password), hex[alg]) ? hex[alg] : NULL;
	if (res == DIGEST_OK)
		res = strcmp(c.name, name) ? DIGEST_WRONG : digest_verify(a->digest[c.realm], req, true, &c.found, ha1);
	counts[res == DIGEST_OK ? CNT_OK : res == DIGEST_STALE ? CNT_STALE : CNT_WRONG]++;
	if (res == DIGEST_OK || res == DIGEST_WRONG)
		tell(&c, res == DIGEST_OK);
	if (res == DIGEST_OK)
		return AUTH_OK;
	challenge(&c, res == DIGEST_STALE, algs);
	return res == DIGEST_STALE ? AUTH_CHALLENGED : AUTH_WRONG;
}

enum auth_result auth_check_from(struct auth *a, struct sip_strans *st, const struct sip_msg *req, const struct user *user)
{
	const struct sip_uri *from = &req->from.uri;
	if (conf_bool(user->conf, "any-from") || slice_caseeq(from->host, SLICE("anonymous.invalid")) || user_owns(user, from) ||
	    slice_eq(from->user, SLICE("anonymous")))
		return AUTH_OK;
	counts[CNT_FROM]++;
	sip_reply(st, 403, "Not Your Address", SLICE_NONE, SLICE_NONE, SLICE_NONE);
	return AUTH_REFUSED;
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "callagent/auth.h"
#include "base/counter.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>

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

struct user {
	struct hash_link by_name;
	const char *name;
	const struct conf_part *conf;
	unsigned algs; /* bit mask of enum digest_alg */
	char ha1[DIGEST_ALGS][DIGEST_HEX_LEN];
};

struct number {
	struct hash_link by_text;
	const char *text;
	const struct user *user;
};

/* The users of one configuration: immutable. */
struct users {
	struct conf *conf;
	struct hash names, numbers;
	struct user *all, decoy; /* the decoy stands in for users that are not there */
	struct number *number;
	unsigned n, n_numbers, default_algs;
	const char *realm;
	uint32_t nonce_life;
};

struct auth {
	struct users *users;
	struct digest_server *digest;
	void (*watch)(void *arg, const struct addr *src, bool good, bool here);
	void *watch_arg;
};

/* --- users ---------------------------------------------------------------------------------------------------------- */

static void users_destroy(void *obj)
{
	struct users *us = obj;
	hash_free(&us->names);
	hash_free(&us->numbers);
	if (us->all)
		OPENSSL_cleanse(us->all, us->n * sizeof *us->all);
	mem_free(us->all);
	mem_free(us->number);
	mem_deref(us->conf);
}

static unsigned algs_of(const char *choice, unsigned dflt)
{
	static const struct {
		const char *name;
		unsigned algs;
	} rows[] = {{"both", 1 << DIGEST_MD5 | 1 << DIGEST_SHA256}, {"md5", 1 << DIGEST_MD5}, {"sha-256", 1 << DIGEST_SHA256}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (!strcmp(choice, rows[i].name))
			return rows[i].algs;
	return dflt;
}

static uint32_t text_hash(const char *text)
{
	return slice_hash(slice_str(text), false);
}

static int add_user(struct users *us, struct user *u, const struct conf_part *part)
{
	struct slice password = slice_str(conf_string(part, "password"));
	u->name = conf_title(part);
	u->conf = part;
	u->algs = algs_of(conf_string(part, "digest"), us->default_algs);
	for (enum digest_alg alg = 0; alg < DIGEST_ALGS; alg++)
		if (digest_ha1(alg, slice_str(u->name), slice_str(us->realm), password, u->ha1[alg]))
			return -EIO;
	hash_insert(&us->names, &u->by_name, text_hash(u->name));
	for (unsigned i = 0; i < conf_list_count(part, "numbers"); i++) {
		struct number *n = &us->number[us->n_numbers++];
		*n = (struct number){.text = conf_list_at(part, "numbers", i), .user = u};
		hash_insert(&us->numbers, &n->by_text, text_hash(n->text));
	}
	return 0;
}

static int fill(struct users *us)
{
	const struct conf_part *part;
	unsigned n = 0, numbers = 0;
	uint8_t random[16];
	while ((part = conf_titled(us->conf, "user", n))) {
		numbers += conf_list_count(part, "numbers");
		n++;
	}
	us->all = mem_raw(n * sizeof *us->all);
	us->number = mem_raw(numbers * sizeof *us->number);
	if (!us->all || !us->number || hash_init(&us->names, n + 1) || hash_init(&us->numbers, numbers + 1))
		return -ENOMEM;
	memset(us->all, 0, n * sizeof *us->all);
	us->n = n;
	for (unsigned i = 0; i < n; i++) {
		int err = add_user(us, &us->all[i], conf_titled(us->conf, "user", i));
		if (err)
			return err;
	}
	if (RAND_bytes(random, sizeof random) != 1)
		return -EIO;
	us->decoy.algs = us->default_algs;
	for (enum digest_alg alg = 0; alg < DIGEST_ALGS; alg++)
		if (digest_ha1(alg, slice_str("-"), slice_str(us->realm), slice_of((char *)random, sizeof random), us->decoy.ha1[alg]))
			return -EIO;
	return 0;
}

static int users_new(struct users **ret, const struct conf *conf)
{
	struct users *us = mem_alloc(sizeof *us, users_destroy);
	if (!us)
		return -ENOMEM;
	us->conf = mem_ref((struct conf *)(uintptr_t)conf);
	us->realm = conf_string(conf_section(conf, "sip"), "realm");
	us->default_algs = algs_of(conf_string(conf_section(conf, "sip"), "digest"), 1 << DIGEST_MD5 | 1 << DIGEST_SHA256);
	us->nonce_life = (uint32_t)conf_int(conf_section(conf, "registrar"), "nonce-life");
	int err = fill(us);
	if (err)
		mem_deref(us);
	else
		*ret = us;
	return err;
}

const char *user_name(const struct user *u)
{
	return u->name;
}

const struct conf_part *user_conf(const struct user *u)
{
	return u->conf;
}

bool user_owns(const struct user *u, const char *name)
{
	if (!strcmp(u->name, name))
		return true;
	for (unsigned i = 0; i < conf_list_count(u->conf, "numbers"); i++)
		if (!strcmp(conf_list_at(u->conf, "numbers", i), name))
			return true;
	return false;
}

static const struct user *user_by_name(const struct auth *a, const char *name)
{
	struct user *u;
	uint32_t h = text_hash(name);
	hash_foreach_match(u, &a->users->names, h, by_name)
		if (!strcmp(u->name, name))
			return u;
	return NULL;
}

const struct user *auth_user_by_number(const struct auth *a, const char *number)
{
	struct number *n;
	uint32_t h = text_hash(number);
	hash_foreach_match(n, &a->users->numbers, h, by_text)
		if (!strcmp(n->text, number))
			return n->user;
	return NULL;
}

const struct user *auth_user(const struct auth *a, const char *name)
{
	const struct user *u = user_by_name(a, name);
	return u ? u : auth_user_by_number(a, name);
}

/* --- whose domain --------------------------------------------------------------------------------------------------- */

static bool is_our_address(const struct conf *conf, const struct addr *ip)
{
	static const char *const lists[] = {"local", "public"};
	const struct conf_part *part;
	struct addr own;
	for (unsigned i = 0; (part = conf_titled(conf, "address", i)); i++)
		for (unsigned l = 0; l < 2; l++)
			for (unsigned k = 0; k < conf_list_count(part, lists[l]); k++)
				if (!addr_parse_ip(&own, slice_str(conf_list_at(part, lists[l], k))) && addr_ip_eq(&own, ip))
					return true;
	return false;
}

bool auth_is_our_host(const struct auth *a, const struct sip_msg *req, const struct sip_uri *uri)
{
	const struct conf_part *reg = conf_section(a->users->conf, "registrar");
	unsigned domains = conf_list_count(reg, "domains");
	struct addr ip;
	if (slice_caseeq(uri->host, slice_str(a->users->realm)))
		return true;
	for (unsigned i = 0; i < domains; i++)
		if (slice_caseeq(uri->host, slice_str(conf_list_at(reg, "domains", i))))
			return true;
	if (addr_parse_ip(&ip, uri->host))
		return !domains;
	/* An IPv4-mapped address is the IPv4 one. */
	uint8_t bytes[16];
	addr_mapped(&ip, bytes);
	addr_from_mapped(&ip, bytes, 0);
	return addr_ip_eq(&ip, &req->dst) || is_our_address(a->users->conf, &ip);
}

/* --- construction --------------------------------------------------------------------------------------------------- */

static void auth_destroy(void *obj)
{
	struct auth *a = obj;
	mem_deref(a->digest);
	mem_deref(a->users);
}

/* The secret that signs nonces is this process's own: one that survived it would let nonces be replayed whose counts it has
 * forgotten. To a phone a restart costs one answer with stale=true. */
static int new_digest(struct digest_server **ret, const struct users *us)
{
	return digest_server_new(ret, us->realm, NULL, us->nonce_life, NONCES_MAX);
}

int auth_new(struct auth **ret, const struct conf *conf)
{
	struct auth *a = mem_alloc(sizeof *a, auth_destroy);
	if (!a)
		return -ENOMEM;
	int err = users_new(&a->users, conf);
	if (!err)
		err = new_digest(&a->digest, a->users);
	if (err) {
		mem_deref(a);
		return err;
	}
	counter_register(&counters);
	*ret = a;
	return 0;
}

int auth_reconfigure(struct auth *a, const struct conf *conf)
{
	struct users *us = NULL;
	struct digest_server *digest = NULL;
	int err = users_new(&us, conf);
	if (err)
		return err;
	/* The old one knows which nonce counts were used: it stays unless it cannot. */
	if (!strcmp(us->realm, a->users->realm) && us->nonce_life == a->users->nonce_life)
		digest = mem_ref(a->digest);
	else
		err = new_digest(&digest, us);
	if (err) {
		mem_deref(us);
		return err;
	}
	mem_deref(a->digest);
	mem_deref(a->users);
	a->digest = digest;
	a->users = us;
	return 0;
}

void auth_watch(struct auth *a, void (*fn)(void *arg, const struct addr *src, bool good, bool here), void *arg)
{
	a->watch = fn;
	a->watch_arg = arg;
}

/* --- checking ------------------------------------------------------------------------------------------------------- */

static enum auth_result challenge(struct auth *a, struct sip_strans *st, const struct sip_msg *req, bool proxy, bool stale, unsigned algs)
{
	unsigned status = proxy ? 407 : 401;
	struct buf headers = buf_growing();
	digest_challenge(a->digest, &headers, &req->src, proxy, stale, algs);
	if (headers.err) {
		sip_reply(st, 500, sip_reason(500), SLICE_NONE, SLICE_NONE, SLICE_NONE);
		buf_reset(&headers);
		return AUTH_REFUSED;
	}
	sip_reply_once(st, status, sip_reason(status), buf_text(&headers));
	buf_reset(&headers);
	return AUTH_CHALLENGED;
}

static void tell(const struct auth *a, const struct sip_msg *req, bool proxy, bool good)
{
	if (a->watch)
		a->watch(a->watch_arg, &req->src, good, digest_is_here(a->digest, req, proxy));
}

/* What to offer somebody who has not said who it is: what the From user may use. */
static unsigned offered_algs(const struct auth *a, const struct sip_msg *req)
{
	char name[NAME_MAX_LEN];
	const struct user *u = sip_uri_user(&req->from.uri, name, sizeof name) ? NULL : auth_user(a, name);
	return u ? u->algs : a->users->default_algs;
}

enum auth_result auth_check(struct auth *a, struct sip_strans *st, const struct sip_msg *req, bool proxy, const struct user **user)
{
	char name[NAME_MAX_LEN] = "";
	const char *ha1[DIGEST_ALGS];
	enum digest_result res = digest_user(a->digest, req, proxy, name, sizeof name);
	const struct user *known = res == DIGEST_OK ? user_by_name(a, name) : NULL, *u = known ? known : &a->users->decoy;
	if (res == DIGEST_OK) {
		for (unsigned alg = 0; alg < DIGEST_ALGS; alg++)
			ha1[alg] = u->algs & 1u << alg ? u->ha1[alg] : NULL;
		res = digest_verify(a->digest, req, proxy, ha1);
	} else if (res == DIGEST_NONE) {
		counts[CNT_NONE]++;
		return challenge(a, st, req, proxy, false, offered_algs(a, req));
	}
	switch (res) {
	case DIGEST_OK:
		if (!known)
			break;
		counts[CNT_OK]++;
		tell(a, req, proxy, true);
		*user = known;
		return AUTH_OK;
	case DIGEST_MALFORMED:
		counts[CNT_MALFORMED]++;
		sip_reply_once(st, 400, "Malformed Credentials", SLICE_NONE);
		return AUTH_REFUSED;
	case DIGEST_STALE:
		counts[CNT_STALE]++;
		return challenge(a, st, req, proxy, true, u->algs);
	case DIGEST_NONE: /* in an algorithm that this user may not use */
	case DIGEST_WRONG:
		break;
	}
	counts[known ? CNT_WRONG : CNT_UNKNOWN]++;
	char peer[ADDR_STR_LEN];
	tell(a, req, proxy, false);
	log_remote(NULL, "%s for \"%s\" from %s", known ? "wrong password" : "unknown user", name, addr_str(&req->src, peer));
	challenge(a, st, req, proxy, false, u->algs);
	return AUTH_WRONG;
}

enum auth_result auth_check_from(struct auth *a, struct sip_strans *st, const struct sip_msg *req, const struct user *user)
{
	char name[NAME_MAX_LEN];
	if (conf_bool(user->conf, "any-from") || slice_caseeq(req->from.uri.host, SLICE("anonymous.invalid")) ||
	    (!sip_uri_user(&req->from.uri, name, sizeof name) &&
	     (user_owns(user, name) || !strcmp(name, "anonymous"))))
		return AUTH_OK;
	counts[CNT_FROM]++;
	sip_reply(st, 403, "Not Your Address", SLICE_NONE, SLICE_NONE, SLICE_NONE);
	return AUTH_REFUSED;
}

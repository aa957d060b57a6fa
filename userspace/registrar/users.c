// SPDX-License-Identifier: GPL-3.0-or-later
#include "registrar/users.h"
#include "base/mem.h"
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>

struct number {
	struct hash_link by_text;
	const char *text;
	const struct user *user;
};

struct realm {
	struct hash_link by_name;
	const char *name;
};

struct users {
	struct conf *conf;
	struct hash ids, names, numbers, realms;
	struct user *all, decoy;
	struct number *number;
	unsigned n, n_numbers, default_algs;
	bool mixed; /* somebody has other algorithms than those */
	struct realm *realm;
	unsigned n_realms;
};

static void users_destroy(void *obj)
{
	struct users *us = obj;
	hash_free(&us->ids);
	hash_free(&us->names);
	hash_free(&us->numbers);
	hash_free(&us->realms);
	if (us->all)
		OPENSSL_cleanse(us->all, us->n * sizeof *us->all);
	mem_free(us->all);
	mem_free(us->number);
	mem_free(us->realm);
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

unsigned users_realm_of(const struct users *us, struct slice host)
{
	const struct realm *r;
	uint32_t h = slice_hash(host, true);
	hash_foreach_match(r, &us->realms, h, by_name)
		if (slice_caseeq(host, slice_str(r->name)))
			return (unsigned)(r - us->realm);
	return 0;
}

/* The first is everybody's who has none of his own: it is not looked for. */
static unsigned add_realm(struct users *us, const char *name)
{
	unsigned i = us->n_realms++;
	us->realm[i] = (struct realm){.name = name};
	if (i)
		hash_insert(&us->realms, &us->realm[i].by_name, slice_hash(slice_str(name), true));
	return i;
}

static int add_user(struct users *us, struct user *u, const struct conf_part *part)
{
	struct slice password = slice_str(conf_string(part, "password"));
	u->id = conf_title(part);
	u->name = *conf_string(part, "name") ? conf_string(part, "name") : u->id;
	u->domain = slice_str(conf_string(part, "domain"));
	u->conf = part;
	u->algs = algs_of(conf_string(part, "digest"), us->default_algs);
	us->mixed |= u->algs != us->default_algs;
	if (u->domain.len && !(u->realm = users_realm_of(us, u->domain)))
		u->realm = add_realm(us, conf_string(part, "domain"));
	for (enum digest_alg alg = 0; alg < DIGEST_ALGS; alg++)
		if (digest_ha1(alg, slice_str(u->name), slice_str(us->realm[u->realm].name), password, u->ha1[alg]))
			return -EIO;
	hash_insert(&us->ids, &u->by_id, text_hash(u->id));
	hash_insert(&us->names, &u->by_name, text_hash(u->name));
	for (unsigned i = 0; i < conf_list_count(part, "numbers"); i++) {
		struct number *n = &us->number[us->n_numbers++];
		*n = (struct number){.text = conf_list_at(part, "numbers", i), .user = u};
		hash_insert(&us->numbers, &n->by_text, text_hash(n->text));
	}
	return 0;
}

static int make_decoy(struct users *us)
{
	uint8_t random[16];
	if (RAND_bytes(random, sizeof random) != 1)
		return -EIO;
	us->decoy.algs = us->default_algs;
	for (enum digest_alg alg = 0; alg < DIGEST_ALGS; alg++)
		if (digest_ha1(alg, slice_str("-"), slice_str(us->realm[0].name), slice_of((char *)random, sizeof random), us->decoy.ha1[alg]))
			return -EIO;
	return 0;
}

static int fill(struct users *us)
{
	const struct conf_part *part;
	unsigned n = 0, numbers = 0;
	int err = 0;
	while ((part = conf_titled(us->conf, "user", n))) {
		numbers += conf_list_count(part, "numbers");
		n++;
	}
	us->all = mem_raw(n * sizeof *us->all);
	us->number = mem_raw(numbers * sizeof *us->number);
	us->realm = mem_raw((n + 1) * sizeof *us->realm);
	if (!us->all || !us->number || !us->realm || hash_init(&us->ids, n + 1) || hash_init(&us->names, n + 1) || hash_init(&us->numbers, numbers + 1) ||
	    hash_init(&us->realms, 16))
		return -ENOMEM;
	memset(us->all, 0, n * sizeof *us->all);
	us->n = n;
	add_realm(us, conf_string(conf_section(us->conf, "sip"), "realm"));
	for (unsigned i = 0; i < n && !err; i++)
		err = add_user(us, &us->all[i], conf_titled(us->conf, "user", i));
	return err ? err : make_decoy(us);
}

int users_new(struct users **ret, const struct conf *conf)
{
	struct users *us = mem_alloc(sizeof *us, users_destroy);
	if (!us)
		return -ENOMEM;
	us->conf = mem_ref((struct conf *)(uintptr_t)conf);
	us->default_algs = algs_of(conf_string(conf_section(conf, "sip"), "digest"), 1 << DIGEST_MD5 | 1 << DIGEST_SHA256);
	int err = fill(us);
	if (err)
		mem_deref(us);
	else
		*ret = us;
	return err;
}

const struct conf *users_conf(const struct users *us)
{
	return us->conf;
}

unsigned users_realms(const struct users *us)
{
	return us->n_realms;
}

const char *users_realm(const struct users *us, unsigned i)
{
	return us->realm[i].name;
}

const struct user *users_by_id(const struct users *us, const char *id)
{
	struct user *u;
	uint32_t h = text_hash(id);
	hash_foreach_match(u, &us->ids, h, by_id)
		if (!strcmp(u->id, id))
			return u;
	return NULL;
}

/* One of the domain itself goes before one of none. */
static bool is_better(const struct user *u, const struct user *than, struct slice domain)
{
	return u->domain.len ? slice_caseeq(u->domain, domain) : !than;
}

const struct user *users_by_name(const struct users *us, const char *name, struct slice domain)
{
	struct user *u, *best = NULL;
	uint32_t h = text_hash(name);
	hash_foreach_match(u, &us->names, h, by_name)
		if (!strcmp(u->name, name) && is_better(u, best, domain))
			best = u;
	return best;
}

const struct user *users_by_number(const struct users *us, const char *number, struct slice domain)
{
	struct number *n;
	const struct user *best = NULL;
	uint32_t h = text_hash(number);
	hash_foreach_match(n, &us->numbers, h, by_text)
		if (!strcmp(n->text, number) && is_better(n->user, best, domain))
			best = n->user;
	return best;
}

const struct user *users_decoy(const struct users *us)
{
	return &us->decoy;
}

/* By a secret that stays as long as the users do: the password of one of them. */
unsigned users_decoy_algs(const struct users *us, struct slice name)
{
	char hex[DIGEST_HEX_LEN];
	uint32_t draw;
	if (!us->mixed || digest_ha1(DIGEST_MD5, name, slice_str("-"), slice_str(us->all[0].ha1[DIGEST_MD5]), hex) || slice_hex32(slice_of(hex, 8), &draw))
		return us->decoy.algs;
	return us->all[draw % us->n].algs;
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "registrar/hosts.h"
#include "base/hash.h"
#include "base/mem.h"
#include <errno.h>

/* A name, or an address as 16 bytes. */
struct host {
	struct hash_link link;
	struct slice name;
	const struct conf_part *domain; /* NULL: no section of its own */
	uint8_t ip[16];
};

struct hosts {
	struct conf *conf; /* the names are its */
	struct hash names, ips;
	struct host *all;
	unsigned n, n_domains;
};

static void destroy(void *obj)
{
	struct hosts *h = obj;
	hash_free(&h->names);
	hash_free(&h->ips);
	mem_free(h->all);
	mem_deref(h->conf);
}

static const struct host *find_name(const struct hosts *h, struct slice name)
{
	const struct host *k;
	uint32_t hash = slice_hash(name, true);
	hash_foreach_match(k, &h->names, hash, link)
		if (slice_caseeq(k->name, name))
			return k;
	return NULL;
}

static void add_name(struct hosts *h, const char *name, const struct conf_part *domain)
{
	struct host *k = &h->all[h->n++];
	*k = (struct host){.name = slice_str(name), .domain = domain};
	hash_insert(&h->names, &k->link, slice_hash(k->name, true));
}

static uint32_t ip_hash(const uint8_t ip[16])
{
	return slice_hash(slice_of((const char *)ip, 16), false);
}

static void add_ip(struct hosts *h, const char *text)
{
	struct host *k = &h->all[h->n];
	struct addr ip;
	*k = (struct host){0};
	if (addr_parse_ip(&ip, slice_str(text)))
		return;
	addr_mapped(&ip, k->ip);
	hash_insert(&h->ips, &k->link, ip_hash(k->ip));
	h->n++;
}

static const char *const ip_lists[] = {"local", "public"};

static unsigned count(const struct conf *conf)
{
	const struct conf_part *p;
	unsigned n = 1 + conf_list_count(conf_section(conf, "registrar"), "domains");
	for (unsigned i = 0; conf_titled(conf, "domain", i); i++)
		n++;
	for (unsigned i = 0; (p = conf_titled(conf, "address", i)); i++)
		n += conf_list_count(p, "local") + conf_list_count(p, "public");
	return n;
}

static void fill(struct hosts *h)
{
	const struct conf_part *p, *registrar = conf_section(h->conf, "registrar");
	for (unsigned i = 0; (p = conf_titled(h->conf, "address", i)); i++)
		for (unsigned l = 0; l < 2; l++)
			for (unsigned k = 0; k < conf_list_count(p, ip_lists[l]); k++)
				add_ip(h, conf_list_at(p, ip_lists[l], k));
	for (unsigned i = 0; i < conf_list_count(registrar, "domains"); i++, h->n_domains++)
		add_name(h, conf_list_at(registrar, "domains", i), NULL);
	add_name(h, conf_string(conf_section(h->conf, "sip"), "realm"), NULL);
	for (unsigned i = 0; (p = conf_titled(h->conf, "domain", i)); i++, h->n_domains++)
		add_name(h, conf_title(p), p);
}

int hosts_new(struct hosts **ret, const struct conf *conf)
{
	unsigned n = count(conf);
	struct hosts *h = mem_alloc(sizeof *h, destroy);
	if (!h)
		return -ENOMEM;
	h->conf = mem_ref((void *)(uintptr_t)conf);
	h->all = mem_raw(n * sizeof *h->all);
	if (!h->all || hash_init(&h->names, n) || hash_init(&h->ips, n)) {
		mem_deref(h);
		return -ENOMEM;
	}
	fill(h);
	*ret = h;
	return 0;
}

bool hosts_has_name(const struct hosts *h, struct slice name)
{
	return find_name(h, name) != NULL;
}

bool hosts_any_name(const struct hosts *h)
{
	return !h->n_domains;
}

const struct conf_part *hosts_domain(const struct hosts *h, struct slice name)
{
	const struct host *k;
	uint32_t hash = slice_hash(name, true);
	hash_foreach_match(k, &h->names, hash, link)
		if (k->domain && slice_caseeq(k->name, name))
			return k->domain;
	return NULL;
}

bool hosts_has_ip(const struct hosts *h, const struct addr *ip)
{
	const struct host *k;
	uint8_t bytes[16];
	addr_mapped(ip, bytes);
	uint32_t hash = ip_hash(bytes);
	hash_foreach_match(k, &h->ips, hash, link)
		if (!memcmp(k->ip, bytes, sizeof bytes))
			return true;
	return false;
}

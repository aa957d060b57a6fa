// SPDX-License-Identifier: GPL-3.0-or-later
#include "callagent/route.h"
#include "base/mem.h"
#include "callagent/cdr.h"
#include <errno.h>

struct trunk {
	const struct conf_part *conf;
	struct addr peer;
	enum sip_transport transport;
};

struct rule {
	struct slice prefix, source, to, prepend;
	size_t strip;
};

struct routing {
	struct conf *conf; /* the strings are its */
	struct trunk *trunks;
	struct rule *rules;
	unsigned n_trunks, n_rules;
};

#define SET(field, z) cdr_text((field), sizeof(field), slice_str(z))

static void destroy(void *obj)
{
	struct routing *r = obj;
	mem_free(r->trunks);
	mem_free(r->rules);
	mem_deref(r->conf);
}

static unsigned count(const struct conf *conf, const char *section)
{
	unsigned n = 0;
	while (conf_titled(conf, section, n))
		n++;
	return n;
}

static int load_trunks(struct routing *r)
{
	unsigned n = count(r->conf, "trunk");
	r->trunks = n ? mem_raw(n * sizeof(*r->trunks)) : NULL;
	if (n && !r->trunks)
		return -ENOMEM;
	for (unsigned i = 0; i < n; i++) {
		struct trunk *t = &r->trunks[i];
		t->conf = conf_titled(r->conf, "trunk", i);
		int err = sip_transport_parse(&t->transport, slice_str(conf_string(t->conf, "transport")));
		if (!err)
			err = addr_parse(&t->peer, slice_str(conf_string(t->conf, "peer")), sip_transports[t->transport].port);
		if (err)
			return err;
	}
	r->n_trunks = n;
	return 0;
}

static int load_rules(struct routing *r)
{
	unsigned n = count(r->conf, "route");
	r->rules = n ? mem_raw(n * sizeof(*r->rules)) : NULL;
	if (n && !r->rules)
		return -ENOMEM;
	for (unsigned i = 0; i < n; i++) {
		const struct conf_part *p = conf_titled(r->conf, "route", i);
		r->rules[i] = (struct rule){
			.prefix = slice_str(conf_string(p, "prefix")),
			.source = slice_str(conf_string(p, "source")),
			.to = slice_str(conf_string(p, "to")),
			.prepend = slice_str(conf_string(p, "prepend")),
			.strip = (size_t)conf_int(p, "strip"),
		};
	}
	r->n_rules = n;
	return 0;
}

int routing_new(struct routing **ret, const struct conf *conf)
{
	struct routing *r = mem_alloc(sizeof(*r), destroy);
	if (!r)
		return -ENOMEM;
	r->conf = mem_ref((void *)(uintptr_t)conf);
	int err = load_trunks(r);
	err = err ? err : load_rules(r);
	if (err) {
		mem_deref(r);
		return err;
	}
	*ret = r;
	return 0;
}

static const struct trunk *trunk_named(const struct routing *r, struct slice name)
{
	for (unsigned i = 0; i < r->n_trunks; i++)
		if (slice_eq(name, slice_str(conf_title(r->trunks[i].conf))))
			return &r->trunks[i];
	return NULL;
}

int route_trunk(const struct routing *r, const struct addr *src, struct source *ret)
{
	const struct trunk *best = NULL;
	for (unsigned i = 0; i < r->n_trunks; i++) {
		const struct trunk *t = &r->trunks[i];
		if (addr_ip_eq(&t->peer, src) && (!best || (t->peer.port == src->port && best->peer.port != src->port)))
			best = t;
	}
	if (!best)
		return -ENOENT;
	ret->kind = TARGET_TRUNK;
	ret->exact = best->peer.port == src->port;
	SET(ret->name, conf_title(best->conf));
	SET(ret->address, conf_string(best->conf, "address"));
	ret->latch = conf_bool(best->conf, "latch");
	ret->max_calls = (unsigned)conf_int(best->conf, "max-calls");
	return 0;
}

void route_user(const struct user *u, struct source *ret)
{
	const struct conf_part *p = user_conf(u);
	ret->kind = TARGET_USER;
	SET(ret->name, user_name(u));
	SET(ret->display, conf_string(p, "display"));
	SET(ret->address, conf_string(p, "address"));
	ret->latch = conf_bool(p, "latch");
	ret->max_calls = 0;
}

unsigned route_trunk_limit(const struct routing *r, const char *trunk)
{
	const struct trunk *t = trunk_named(r, slice_str(trunk));
	return t ? (unsigned)conf_int(t->conf, "max-calls") : 0;
}

void route_login(const struct routing *r, const char *trunk, struct slice *user, struct slice *password)
{
	const struct trunk *t = trunk_named(r, slice_str(trunk));
	*user = slice_str(t ? conf_string(t->conf, "auth-user") : "");
	*password = slice_str(t ? conf_string(t->conf, "password") : "");
}

static int to_user(const struct registrar *reg, const struct user *u, const char *number, struct target *out, unsigned max)
{
	struct binding b[ROUTE_TARGETS];
	unsigned n = registrar_contacts(reg, user_name(u), b, max < ROUTE_TARGETS ? max : ROUTE_TARGETS), kept = 0;
	for (unsigned i = 0; i < n; i++) {
		struct target *t = &out[kept];
		*t = (struct target){.kind = TARGET_USER, .dst = b[i].source, .transport = b[i].transport,
				     .latch = conf_bool(user_conf(u), "latch")};
		if (slice_copy(b[i].uri, t->uri, sizeof(t->uri)))
			continue;
		SET(t->name, user_name(u));
		SET(t->number, number);
		SET(t->address, b[i].listener ? b[i].listener : conf_string(user_conf(u), "address"));
		kept++;
	}
	return kept ? (int)kept : -EHOSTUNREACH;
}

static int to_trunk(const struct trunk *t, const char *number, struct target *out)
{
	char peer[ADDR_STR_LEN];
	*out = (struct target){.kind = TARGET_TRUNK, .dst = t->peer, .transport = t->transport, .latch = conf_bool(t->conf, "latch")};
	struct buf uri = buf_fixed(out->uri, sizeof(out->uri));
	buf_str(&uri, "sip:");
	sip_uri_escape_user(&uri, slice_str(number));
	buf_printf(&uri, "@%s%s", addr_str(&t->peer, peer), sip_transports[t->transport].param);
	buf_z(&uri);
	if (uri.err)
		return uri.err;
	SET(out->name, conf_title(t->conf));
	SET(out->number, number);
	SET(out->address, conf_string(t->conf, "address"));
	SET(out->domain, conf_string(t->conf, "from-domain"));
	SET(out->auth_user, conf_string(t->conf, "auth-user"));
	SET(out->password, conf_string(t->conf, "password"));
	return 1;
}

static const struct rule *longest_match(const struct routing *r, struct slice called, const struct source *from)
{
	const struct rule *best = NULL;
	for (unsigned i = 0; i < r->n_rules; i++) {
		const struct rule *k = &r->rules[i];
		if (!slice_starts(called, k->prefix) || (!slice_empty(k->source) && !slice_eq(k->source, slice_str(from->name))))
			continue;
		if (!best || k->prefix.len > best->prefix.len)
			best = k;
	}
	return best;
}

int route_number(const struct routing *r, const struct registrar *reg, const char *called, bool ours, const struct source *from,
		 struct target *out, unsigned max)
{
	const struct auth *a = registrar_auth((struct registrar *)(uintptr_t)reg);
	const struct user *u = ours ? auth_user(a, called) : NULL;
	if (!u && ours)
		u = auth_user_by_number(a, called);
	if (u)
		return to_user(reg, u, called, out, max);
	const struct rule *k = longest_match(r, slice_str(called), from);
	if (!k)
		return -ENOENT;
	char number[sizeof(out->number)];
	struct buf b = buf_fixed(number, sizeof(number));
	buf_slice(&b, k->prepend);
	buf_slice(&b, slice_from(slice_str(called), k->strip));
	buf_z(&b);
	if (b.err)
		return -ENOSPC;
	const struct trunk *t = trunk_named(r, k->to);
	if (t)
		return max ? to_trunk(t, number, out) : -ENOSPC;
	char name[sizeof(out->name)];
	u = slice_copy(k->to, name, sizeof(name)) ? NULL : auth_user(a, name);
	return u ? to_user(reg, u, number, out, max) : -ENOENT;
}

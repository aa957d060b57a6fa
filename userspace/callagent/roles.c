// SPDX-License-Identifier: GPL-3.0-or-later
#include "callagent/roles.h"
#include "base/log.h"
#include "base/mem.h"
#include "callagent/agent.h"
#include "callagent/core.h"
#include "callagent/forwarding.h"
#include "callagent/keys.h"
#include "routing/emergency.h"
#include <errno.h>

/* --- the table ------------------------------------------------------------------------------------------------------ */

struct role_row {
	struct hash_link by_name;
	struct slice name; /* of a domain, or of an address section */
	enum role role;
};

struct role_table {
	struct conf *conf; /* the names are its */
	struct hash domains;
	unsigned n_domains, n_addresses;
	struct role_row row[]; /* domains, then addresses */
};

static void table_destroy(void *obj)
{
	struct role_table *t = obj;
	hash_free(&t->domains);
	mem_deref(t->conf);
}

static unsigned count(const struct conf *conf, const char *section)
{
	unsigned n = 0;
	while (conf_titled(conf, section, n))
		n++;
	return n;
}

int role_table_new(struct role_table **ret, const struct conf *conf)
{
	unsigned domains = count(conf, "domain"), addresses = count(conf, "address"), n = 0;
	struct role_table *t = mem_alloc(sizeof(*t) + (domains + addresses) * sizeof(t->row[0]), table_destroy);
	const struct conf_part *p;
	if (!t)
		return -ENOMEM;
	t->conf = mem_ref((void *)(uintptr_t)conf);
	if (hash_init(&t->domains, domains + 1)) {
		mem_deref(t);
		return -ENOMEM;
	}
	/* The first choice of domain.role is the address's: the row is not there. */
	for (unsigned i = 0; (p = conf_titled(conf, "domain", i)); i++)
		if (conf_int(p, "role"))
			t->row[n++] = (struct role_row){.name = slice_str(conf_title(p)), .role = (enum role)(conf_int(p, "role") - 1)};
	t->n_domains = n;
	for (unsigned i = 0; i < n; i++)
		hash_insert(&t->domains, &t->row[i].by_name, slice_hash(t->row[i].name, true));
	for (unsigned i = 0; (p = conf_titled(conf, "address", i)); i++)
		t->row[n++] = (struct role_row){.name = slice_str(conf_title(p)), .role = (enum role)conf_int(p, "role")};
	t->n_addresses = addresses;
	*ret = t;
	return 0;
}

static enum role role_of(const struct role_table *t, const struct sip_listener *l, const struct sip_msg *req)
{
	const struct role_row *row;
	uint32_t h = t->n_domains ? slice_hash(req->ruri.host, true) : 0;
	if (t->n_domains)
		hash_foreach_match(row, &t->domains, h, by_name)
			if (slice_caseeq(row->name, req->ruri.host))
				return row->role;
	row = t->row + t->n_domains;
	for (unsigned i = 0; i < t->n_addresses; i++, row++)
		if (slice_eq(row->name, slice_str(l->name)))
			return row->role;
	return ROLE_B2BUA;
}

/* --- which core ----------------------------------------------------------------------------------------------------- */

/* What is for this machine itself, whatever it does with the rest: registrations of our domains, and OPTIONS without a user. */
static bool is_for_us(const struct agent *a, const struct sip_msg *req)
{
	if (req->method != SIP_REGISTER && (req->method != SIP_OPTIONS || slice_is_set(req->ruri.user)))
		return false;
	return forwarding_is_ours((void *)(uintptr_t)a, req, &req->ruri);
}

/* Emergency calls are the back-to-back user agent's wherever they come in: it has their trunks, call back and records (RFC 6881). */
static bool is_emergency(const struct agent *a, const struct sip_msg *req)
{
	return (req->method == SIP_INVITE || req->method == SIP_ACK || req->method == SIP_CANCEL) && emergency_maybe(a->conf, &req->ruri);
}

/* A dialog that a proxy made goes on through it, wherever its requests come in. */
static enum sip_core core_of_role(const struct agent *a, enum role role, const struct sip_msg *req)
{
	switch (role) {
	case ROLE_PROXY:
		return SIP_CORE_PROXY;
	case ROLE_STATELESS:
		return SIP_CORE_STATELESS;
	case ROLE_REDIRECT:
		if (!req->to.tag.len && req->method != SIP_ACK && req->method != SIP_CANCEL)
			return SIP_CORE_PROXY;
		break;
	default:
		break;
	}
	return proxy_is_on_route(a->roles.proxy, req) ? SIP_CORE_PROXY : SIP_CORE_UA;
}

enum sip_core roles_core(void *arg, const struct sip_listener *l, const struct sip_msg *req)
{
	const struct agent *a = arg;
	enum role role = role_of(a->roles.table, l, req);
	if (is_for_us(a, req) || (role != ROLE_B2BUA && is_emergency(a, req)))
		return SIP_CORE_UA;
	return core_of_role(a, role, req);
}

void roles_on_proxy(void *arg, struct sip_strans *st, const struct sip_msg *req)
{
	struct agent *a = arg;
	/* What is inside a dialog is here because it follows a route of ours, whatever the role of the place it came to. */
	bool outside = !req->to.tag.len;
	if (a->stopping && outside)
		sip_reply_once(st, 503, NULL, SLICE_NONE);
	else if (outside && role_of(a->roles.table, sip_strans_listener(st), req) == ROLE_REDIRECT)
		proxy_redirect(a->roles.proxy, st, req);
	else
		proxy_request(a->roles.proxy, st, req);
}

bool roles_on_stateless(void *arg, const struct sip_listener *l, const struct sip_msg *m)
{
	struct agent *a = arg;
	if (m->request && roles_core(a, l, m) == SIP_CORE_UA)
		return false;
	return proxy_once(a->roles.proxy, l, m);
}

/* --- opening -------------------------------------------------------------------------------------------------------- */

int roles_open(struct agent *a, struct buf *why)
{
	struct proxy_params p;
	forwarding_params(a, &p);
	/* It signs routes: the dialogs that follow them live longer than this process. */
	int err = keys_get(a->store, AGENT_STORE_KEYS, "proxy", p.key);
	if (!err)
		err = role_table_new(&a->roles.table, a->conf);
	if (!err)
		err = proxy_new(&a->roles.proxy, &p);
	if (err)
		buf_printf(why, "proxy: %s", strerror(-err));
	return err;
}

void roles_reload(struct agent *a, struct role_table *table)
{
	struct proxy_params p;
	forwarding_params(a, &p);
	proxy_reconfigure(a->roles.proxy, &p);
	mem_deref(a->roles.table);
	a->roles.table = table;
}

void roles_close(struct agent *a)
{
	a->roles.proxy = mem_deref(a->roles.proxy);
	a->roles.table = mem_deref(a->roles.table);
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "mediagw/notified.h"
#include "base/log.h"
#include "base/mem.h"
#include "mediagw/counters.h"
#include "mediagw/rsip.h"
#include <errno.h>

#define RECENTLY_MS 5000 /* names are not asked for again so soon (4.3) */
#define REFRESH_MAX_MS 3600000

/* One command on the way. */
struct pending {
	struct link link;
	struct notified *n;
	uint32_t tid;
	bool sent;
	struct buf text; /* until it is sent */
	mgcp_response_fn fn;
	void *arg;
};

static void pending_destroy(void *obj)
{
	struct pending *p = obj;
	if (p->sent && p->n->gw->p.peer)
		mgcp_forget(p->n->gw->p.peer, p);
	list_remove(&p->link);
	buf_reset(&p->text);
}

/* It answers, or that is nobody's concern any more. */
static void no_alarm(const struct notified *n)
{
	struct buf text = buf_growing();
	buf_slice(&text, notified_text(n));
	alarm_clear(&alarm_agent, buf_z(&text));
	buf_reset(&text);
}

static void destroy(void *obj)
{
	struct notified *n = obj;
	struct pending *p;
	no_alarm(n);
	n->rsip = mem_deref(n->rsip);
	list_foreach_safe(p, &n->pending, link)
		mem_deref(p);
	timer_stop(&n->expiry);
	if (n->names.dns)
		dns_search_fini(&n->names);
	list_remove(&n->link);
}

static void look_up(struct notified *n);

static int notified_new(struct notified **ret, struct gateway *gw, struct slice value)
{
	struct notified *n = mem_alloc(sizeof *n, destroy);
	if (!n)
		return -ENOMEM;
	n->gw = gw;
	list_init(&n->pending);
	list_append(&gw->notifieds, &n->link);
	int err = mgcp_entities_set(&n->entities, value) ? -EINVAL : rsip_new(&n->rsip, n);
	if (err) {
		mem_deref(n);
		return err;
	}
	look_up(n);
	*ret = n;
	return 0;
}

unsigned notified_check(struct slice value)
{
	struct mgcp_entities scratch = {0};
	return mgcp_entities_set(&scratch, value);
}

int notified_get(struct notified **ret, struct gateway *gw, struct slice value)
{
	struct notified *n;
	list_foreach(n, &gw->notifieds, link)
		if (slice_caseeq(mgcp_entities_text(&n->entities), slice_trim(value))) {
			*ret = mem_ref(n);
			return 0;
		}
	return notified_new(ret, gw, value);
}

struct slice notified_text(const struct notified *n)
{
	return n->entities.n ? mgcp_entities_text(&n->entities) : SLICE("(whoever commands)");
}

/* --- addresses ---------------------------------------------------------------------------------------------------- */

static void flush(struct notified *n);

/* All addresses of one name, of both families. Whether all is known; *expires: the first of them to become old. */
static bool resolve(struct notified *n, struct slice host, uint64_t *expires)
{
	static const enum dns_type types[] = {DNS_AAAA, DNS_A};
	struct addr addrs[MGCP_ENTITY_ADDRS_MAX];
	const struct dns_answer *a[2];
	unsigned found = 0;
	for (unsigned t = 0; t < 2; t++)
		a[t] = dns_search_get(&n->names, host, types[t]);
	if (!a[0] || !a[1])
		return false;
	for (unsigned t = 0; t < 2; t++) {
		for (unsigned i = 0; !a[t]->err && i < a[t]->n && found < MGCP_ENTITY_ADDRS_MAX; i++)
			addrs[found++] = a[t]->record[i].addr;
		if (a[t]->expires && a[t]->expires < *expires)
			*expires = a[t]->expires;
	}
	mgcp_entities_resolved(&n->entities, host, addrs, found);
	return true;
}

static void expired(void *arg)
{
	look_up(arg);
}

static void resolve_all(void *arg)
{
	struct notified *n = arg;
	uint64_t now = clock_ms(), expires = now + REFRESH_MAX_MS;
	struct addr literal;
	bool known = true, names = false;
	for (unsigned i = 0; i < n->entities.n; i++) {
		struct slice host = n->entities.at[i].host;
		if (!addr_parse_ip(&literal, host))
			continue;
		names = true;
		known &= resolve(n, host, &expires);
	}
	if (!known)
		return;
	if (names)
		timer_start(&n->expiry, expires > now + RECENTLY_MS ? expires - now : RECENTLY_MS, expired, n);
	flush(n);
}

/* Asks DNS for the names; what is known from before serves meanwhile. */
static void look_up(struct notified *n)
{
	if (!n->gw->p.dns)
		return;
	if (n->names.dns)
		dns_search_fini(&n->names);
	dns_search_init(&n->names, n->gw->p.dns, resolve_all, n);
	n->looked_up = clock_ms();
	resolve_all(n);
}

int notified_redirect(struct notified *n, struct slice value)
{
	if (notified_check(value))
		return -EINVAL;
	no_alarm(n);
	mgcp_entities_set(&n->entities, value);
	log_info(NULL, "notified entity: " SLICE_FMT, SLICE_ARG(notified_text(n)));
	timer_stop(&n->expiry);
	look_up(n);
	return 0;
}

bool notified_is_at(const struct gateway *gw, const struct addr *src)
{
	const struct notified *n;
	list_foreach(n, &gw->notifieds, link)
		for (unsigned i = 0; i < n->entities.n; i++)
			for (unsigned k = 0; k < n->entities.at[i].n_addrs; k++)
				if (addr_ip_eq(src, &n->entities.at[i].addrs[k]))
					return true;
	return false;
}

/* --- commands to it ----------------------------------------------------------------------------------------------- */

static void silent(const struct notified *n)
{
	struct buf text = buf_growing();
	buf_slice(&text, notified_text(n));
	alarm_raise(&alarm_agent, buf_z(&text), "MGCP commands to it are not answered");
	buf_reset(&text);
}

static void answers(struct notified *n)
{
	mgcp_entities_answered(&n->entities);
	no_alarm(n);
}

static void on_response(void *arg, int err, const struct mgcp_msg *rsp)
{
	struct pending *p = arg;
	struct notified *n = mem_ref(p->n);
	mgcp_response_fn fn = p->fn;
	void *whose = p->arg;
	p->sent = false;
	mem_deref(p);
	if (err)
		silent(n);
	else
		answers(n);
	if (fn)
		fn(whose, err, rsp);
	if (err && n->rsip)
		rsip_lost(n->rsip);
	mem_deref(n);
}

/* Max1 repetitions were in vain. */
static const struct addr *elsewhere(void *arg, const struct addr *tried)
{
	struct notified *n = ((struct pending *)arg)->n;
	const struct addr *now = mgcp_entities_addr(&n->entities);
	if (clock_ms() - n->looked_up >= RECENTLY_MS)
		look_up(n);
	if (now && addr_eq(now, tried)) {
		char text[2][ADDR_STR_LEN];
		mgcp_entities_fail_over(&n->entities);
		now = mgcp_entities_addr(&n->entities);
		if (now && !addr_eq(now, tried))
			log_warn(NULL, "call agent at %s is silent: %s is tried", addr_str(tried, text[0]), addr_str(now, text[1]));
	}
	return now;
}

static int submit(struct pending *p, const struct addr *to)
{
	int err = mgcp_command(p->n->gw->p.peer, to, p->tid, buf_text(&p->text), on_response, p);
	if (err)
		return err;
	mgcp_elsewhere(p->n->gw->p.peer, p->tid, elsewhere);
	p->sent = true;
	buf_reset(&p->text);
	return 0;
}

/* What waited for an address goes, or fails when there is none. */
static void flush(struct notified *n)
{
	const struct addr *to = mgcp_entities_addr(&n->entities);
	struct pending *p;
	list_foreach_safe(p, &n->pending, link)
		if (!p->sent && (!to || submit(p, to)))
			on_response(p, -EHOSTUNREACH, NULL);
}

int notified_command(struct notified *n, uint32_t tid, struct slice text, mgcp_response_fn fn, void *arg)
{
	const struct addr *to = mgcp_entities_addr(&n->entities);
	bool asking = n->names.dns && !dns_search_done(&n->names);
	if (!n->gw->p.peer || (!to && !asking))
		return -EHOSTUNREACH;
	struct pending *p = mem_alloc(sizeof *p, pending_destroy);
	if (!p)
		return -ENOMEM;
	p->n = n;
	p->tid = tid;
	p->fn = fn;
	p->arg = arg;
	p->text = buf_growing();
	buf_slice(&p->text, text);
	list_append(&n->pending, &p->link);
	int err = p->text.err ? p->text.err : to ? submit(p, to) : 0;
	if (err)
		mem_deref(p);
	return err;
}

void notified_forget(struct notified *n, const void *arg)
{
	struct pending *p;
	list_foreach(p, &n->pending, link)
		if (p->arg == arg)
			p->fn = NULL;
}

void notified_copy(struct notified *n, const void *arg, const struct addr *dst)
{
	struct pending *p;
	list_foreach(p, &n->pending, link)
		if (p->sent && p->fn && p->arg == arg)
			mgcp_copy(n->gw->p.peer, p->tid, dst);
}

/* --- whose it is -------------------------------------------------------------------------------------------------- */

/* "If a new Call Agent is detected, the gateway MUST start retransmitting outstanding commands to that new Call Agent" (4.3). */
static void follow(struct notified *from, struct notified *n, const void *arg)
{
	const struct addr *to = mgcp_entities_addr(&n->entities);
	struct pending *p;
	list_foreach_safe(p, &from->pending, link) {
		if (p->arg != arg)
			continue;
		list_remove(&p->link);
		list_append(&n->pending, &p->link);
		p->n = n;
		if (p->sent && to)
			mgcp_readdress(n->gw->p.peer, p->tid, to);
	}
}

static void become(struct endpoint *e, struct notified *n)
{
	if (n != e->notified)
		follow(e->notified, n, e);
	mem_ref(n);
	mem_deref(e->notified);
	e->notified = n;
}

void endpoint_notify(struct endpoint *e, struct notified *n)
{
	e->notify_source = !n;
	if (n)
		become(e, n);
}

struct slice endpoint_notified_text(const struct endpoint *e)
{
	return e->notify_source || e->notified == e->gw->notified ? SLICE("") : mgcp_entities_text(&e->notified->entities);
}

/* 2.1.4: without a name, it is the source of the last command. */
static void become_source(struct endpoint *e, const struct addr *src)
{
	char text[ADDR_STR_LEN], name[ADDR_STR_LEN + 4];
	const struct addr *now = mgcp_entities_addr(&e->notified->entities);
	struct buf b = buf_fixed(name, sizeof name);
	struct notified *n;
	if (!addr_is_set(src) || (now && addr_eq(now, src)))
		return;
	buf_printf(&b, "[%s]:%u", addr_ip_str(src, text), src->port);
	if (notified_get(&n, e->gw, buf_text(&b))) {
		log_warn(e->name, "who commands it cannot be told what happens: out of memory");
		return;
	}
	become(e, n);
	mem_deref(n);
}

void notified_heard(struct gateway *gw, struct endpoint *e, const struct addr *src)
{
	struct notified *n;
	if (e && e->notify_source)
		become_source(e, src);
	list_foreach(n, &gw->notifieds, link)
		mgcp_entities_heard(&n->entities, src);
}
